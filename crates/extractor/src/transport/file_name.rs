//! What the name of a file in the drop folder says: its source, municipality, period and version.

use model::{Code, DeliveryScope, FileName, MunicipalityCode, NamePart, Period, PeriodKind, Refusal, Source, SourceId};
use regex::{Captures, Regex, RegexBuilder};

use crate::ExtractError;

/// A source's file name pattern, ready to be compared with paths.
pub(super) struct Pattern {
    source: SourceId,
    regex: Regex,
    period: Option<PeriodKind>,
}

/// What a path is to a source.
pub(super) enum Reading {
    /// Not one of its files.
    Other,
    /// One of its files.
    File(DeliveryScope),
    /// One of its files, by the form of its name, but what it says makes no sense.
    Nonsense(Refusal),
}

impl Pattern {
    pub(super) fn new(source: &Source) -> Result<Self, ExtractError> {
        let period = source.scope.period;
        let expression = expression(&source.file, period);
        let regex = RegexBuilder::new(&expression)
            .build()
            .map_err(|error| ExtractError::Pattern { pattern: source.file.pattern.clone(), source: Box::new(error) })?;
        Ok(Self { source: source.id.clone(), regex, period })
    }

    pub(super) fn source(&self) -> &SourceId {
        &self.source
    }

    /// Whether the path has the form of the source's files, whatever it says.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }

    pub(super) fn read(&self, path: &str) -> Reading {
        let Some(captures) = self.regex.captures(path) else { return Reading::Other };
        match self.scope(&captures) {
            Ok(scope) => Reading::File(scope),
            Err(refusal) => Reading::Nonsense(refusal),
        }
    }

    fn scope(&self, captures: &Captures<'_>) -> Result<DeliveryScope, Refusal> {
        let municipality = the_one(&self.regex, captures, 'm')?.and_then(MunicipalityCode::new);
        let period = match (self.period, the_one(&self.regex, captures, 'p')?) {
            (Some(kind), Some(text)) => Some(period(kind, text)?),
            _ => None,
        };
        let version = the_one(&self.regex, captures, 'v')?.and_then(|digits| digits.parse().ok());
        Ok(DeliveryScope { source: self.source.clone(), municipality, period, version: version.unwrap_or(1) })
    }
}

fn period(kind: PeriodKind, text: &str) -> Result<Period, Refusal> {
    // A school year is written with a slash, which no file name can hold.
    let spelled = if kind == PeriodKind::SchoolYear { text.replace(['-', '_'], "/") } else { text.to_owned() };
    Period::parse_compact(kind, &spelled).ok_or_else(|| {
        Refusal::new(Code::PERIOD_UNKNOWN, format!("`{text}` in the file's name is no {}", words(kind)))
            .with_help("Correct the name of the file")
    })
}

fn words(kind: PeriodKind) -> &'static str {
    match kind {
        PeriodKind::SchoolYear => "school year",
        PeriodKind::Week => "ISO week",
        other => other.as_str(),
    }
}

/// What the groups of one kind captured. A name may say the same thing twice, but not two things.
fn the_one<'a>(regex: &Regex, captures: &Captures<'a>, kind: char) -> Result<Option<&'a str>, Refusal> {
    let groups = regex.capture_names().flatten().filter(|name| name.starts_with(kind));
    let mut texts = groups.filter_map(|name| captures.name(name)).map(|group| group.as_str());
    let first = texts.next();
    match texts.find(|text| Some(*text) != first) {
        Some(other) => {
            let message = format!("the file's name says both `{}` and `{other}`", first.unwrap_or_default());
            Err(Refusal::new(Code::FILE_UNKNOWN, message).with_help("Put the file where it belongs, under one name"))
        }
        None => Ok(first),
    }
}

/// The pattern as an anchored regular expression. A period is taken by its form alone, so that `202413` is a file
/// with an impossible month and not a file that nobody knows.
fn expression(name: &FileName, period: Option<PeriodKind>) -> String {
    let mut expression = String::from("^");
    let mut groups = 0;
    append(&name.parts, period, &mut groups, &mut expression);
    expression.push('$');
    expression
}

fn append(parts: &[NamePart], period: Option<PeriodKind>, groups: &mut u32, expression: &mut String) {
    for part in parts {
        *groups += 1;
        let text = match part {
            NamePart::Literal(text) => regex::escape(text),
            NamePart::Municipality => format!("(?P<m{groups}>[0-9]{{4}})"),
            NamePart::Period => format!("(?P<p{groups}>{})", form(period)),
            NamePart::Version => format!("(?P<v{groups}>[1-9][0-9]{{0,8}})"),
            // As little as possible, so that it does not swallow an optional part behind it.
            NamePart::Any => "[^/]*?".to_owned(),
            NamePart::Optional(parts) => {
                let mut inner = String::new();
                append(parts, period, groups, &mut inner);
                format!("(?:{inner})?")
            }
        };
        expression.push_str(&text);
    }
}

fn form(period: Option<PeriodKind>) -> &'static str {
    match period {
        Some(PeriodKind::Year) => "[0-9]{4}",
        Some(PeriodKind::SchoolYear) => "[0-9]{4}[-_][0-9]{2}",
        Some(PeriodKind::Quarter) => "[0-9]{4}[-_]?[KQ][0-9]",
        Some(PeriodKind::Month) => "[0-9]{4}[-_]?M?[0-9]{2}",
        Some(PeriodKind::Week) => "[0-9]{4}[-_]?[WU][0-9]{2}",
        None => "[0-9A-Za-z_-]+",
    }
}

/// What a path says about a file of the source; `None` if it has another form than the source's names.
///
/// # Errors
/// The source's pattern is larger than the matcher takes. A name that makes no sense is a refusal.
pub fn scope_of_name(source: &Source, path: &str) -> Result<Result<Option<DeliveryScope>, Refusal>, ExtractError> {
    Ok(match Pattern::new(source)?.read(path) {
        Reading::Other => Ok(None),
        Reading::File(scope) => Ok(Some(scope)),
        Reading::Nonsense(refusal) => Err(refusal),
    })
}
