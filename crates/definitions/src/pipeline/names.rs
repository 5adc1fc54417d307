//! Two sources must not take each other's files: one that fits both is refused, whichever was meant.

use model::{Code, Fetch, NamePart, PeriodKind, Source};
use regex::Regex;

use super::overlap::Placed;
use crate::shelf::Shelf;
use crate::yaml::Report;

/// Reports every pair of sources of which the plainest file of the one fits the other, once, at the later use. Patterns
/// that could meet in a file that nobody would name so are let through: the run refuses that file.
pub(super) fn check(uses: &[&Placed], sources: &Shelf<Source>, report: &mut Report<'_>) {
    let mut named: Vec<(&Placed, &Source)> = Vec::new();
    for placed in uses.iter().filter(|placed| placed.usage.fetch == Fetch::Drop) {
        let Some(source) = sources.get(placed.usage.source.as_str()) else { continue };
        if named.iter().any(|(_, known)| known.id == source.id) {
            continue;
        }
        let clash = |(_, other): &&(&Placed, &Source)| fits(other, source).or_else(|| fits(source, other)).is_some();
        if let Some((first, other)) = named.iter().find(clash) {
            let name = fits(other, source).or_else(|| fits(source, other)).unwrap_or_default();
            let message =
                format!("a file such as `{name}` fits `{}` and `{}`, so it would be refused", other.id, source.id);
            report
                .error(Code::INVALID_PATTERN, placed.at, message)
                .related(first.at, "the other source")
                .help("give the sources file name patterns that tell their files apart");
        }
        named.push((placed, source));
    }
}

/// A plain name of one source's files, if it fits the other one's pattern.
fn fits(one: &Source, other: &Source) -> Option<String> {
    let pattern = Regex::new(&format!("^{}$", expression(&other.file.parts, other.scope.period))).ok()?;
    let names = ["", "x"].map(|any| plainest(&one.file.parts, one.scope.period, any));
    names.into_iter().find(|name| pattern.is_match(name))
}

/// A name with nothing that may be missing, and this for `*`.
fn plainest(parts: &[NamePart], period: Option<PeriodKind>, any: &str) -> String {
    let part = |part: &NamePart| match part {
        NamePart::Literal(text) => text.clone(),
        NamePart::Municipality => "0101".to_owned(),
        NamePart::Period => match period {
            Some(PeriodKind::Month) => "202405".to_owned(),
            Some(PeriodKind::Week) => "2024W05".to_owned(),
            Some(PeriodKind::Quarter) => "2024Q2".to_owned(),
            Some(PeriodKind::SchoolYear) => "2024-25".to_owned(),
            Some(PeriodKind::Year) | None => "2024".to_owned(),
        },
        NamePart::Version => "2".to_owned(),
        NamePart::Any => any.to_owned(),
        NamePart::Optional(_) => String::new(),
    };
    parts.iter().map(part).collect()
}

fn expression(parts: &[NamePart], period: Option<PeriodKind>) -> String {
    let part = |part: &NamePart| match part {
        NamePart::Literal(text) => regex::escape(text),
        NamePart::Municipality => "[0-9]{4}".to_owned(),
        NamePart::Period => match period {
            Some(PeriodKind::Month) => "[0-9]{4}[-_]?M?(0[1-9]|1[0-2])".to_owned(),
            Some(PeriodKind::Week) => "[0-9]{4}[-_]?[WU](0[1-9]|[1-4][0-9]|5[0-3])".to_owned(),
            Some(PeriodKind::Quarter) => "[0-9]{4}[-_]?[QK][1-4]".to_owned(),
            Some(PeriodKind::SchoolYear) => "[0-9]{4}[-_][0-9]{2}".to_owned(),
            Some(PeriodKind::Year) | None => "[0-9]{4}".to_owned(),
        },
        NamePart::Version => "[0-9]+".to_owned(),
        NamePart::Any => "[^/]*".to_owned(),
        NamePart::Optional(inner) => format!("(?:{})?", expression(inner, period)),
    };
    parts.iter().map(part).collect()
}
