//! Two sources must not take each other's files: one that fits both is refused, whichever was meant.

use model::{Code, Fetch, NamePart, PeriodKind, Source};
use regex::Regex;

use super::overlap::Placed;
use crate::shelf::Shelf;
use crate::yaml::Report;

/// Reports every pair of sources of which the plainest file of the one fits the other, once, at the later use. Patterns
/// that could meet in a file that nobody would name so are let through: the run refuses that file.
pub(super) fn check(uses: &[&Placed], sources: &Shelf<Source>, report: &mut Report<'_>) {
    let mut named: Vec<(&Placed, Names<'_>)> = Vec::new();
    for placed in uses.iter().filter(|placed| placed.usage.fetch == Fetch::Drop) {
        let Some(source) = sources.get(placed.usage.source.as_str()) else { continue };
        if named.iter().any(|(_, known)| known.source.id == source.id) {
            continue;
        }
        let Some(names) = Names::of(source) else { continue };
        let clash = named.iter().find_map(|(first, other)| Some((first, other, names.clash(other)?)));
        if let Some((first, other, name)) = clash {
            let message = format!(
                "a file such as `{name}` fits `{}` and `{}`, so it would be refused",
                other.source.id, source.id
            );
            report
                .error(Code::INVALID_PATTERN, placed.at, message)
                .related(first.at, "the other source")
                .help("give the sources file name patterns that tell their files apart");
        }
        named.push((placed, names));
    }
}

/// What a source's files are called. Made once a source: every pair of sources is compared.
struct Names<'s> {
    source: &'s Source,
    pattern: Regex,
    plain: [String; 2],
}

impl<'s> Names<'s> {
    fn of(source: &'s Source) -> Option<Self> {
        let (parts, period) = (&source.file.parts, source.scope.period);
        let pattern = Regex::new(&format!("^{}$", expression(parts, period))).ok()?;
        Some(Self { source, pattern, plain: ["", "x"].map(|any| plainest(parts, period, any)) })
    }

    /// A plain name of the files of one of the two that fits the other one's pattern.
    fn clash<'n>(&'n self, other: &'n Self) -> Option<&'n str> {
        let theirs = other.plain.iter().find(|name| self.pattern.is_match(name));
        theirs.or_else(|| self.plain.iter().find(|name| other.pattern.is_match(name))).map(String::as_str)
    }
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
