//! Values that several kinds of definitions share: units, paths, spans of validity.

use model::{Code, FieldName, Period, PeriodKind, Ratio, Unit, Validity};

use crate::decimal::Decimal;
use crate::expression::sql;
use crate::vocabulary;
use crate::yaml::{Cursor, Report, Written};

/// The name of something that expressions speak of: a field, a measure, a value of a group.
pub(crate) fn name(text: &str, span: crate::yaml::Span, report: &mut Report<'_>) -> Option<FieldName> {
    match FieldName::new(text) {
        Ok(name) if sql::is_name(text) => Some(name),
        Ok(_) => {
            let message = format!("`{text}` is a word of expressions, so nothing can be called so");
            report
                .error(Code::INVALID_VALUE, span, message)
                .help(format!("write for example `{text}_`, or another word"));
            None
        }
        Err(error) => {
            report.error(Code::INVALID_VALUE, span, error.to_string());
            None
        }
    }
}

/// A unit.
pub(crate) fn unit(written: &Written<String>, report: &mut Report<'_>) -> Option<Unit> {
    match Unit::parse(&written.value) {
        Ok(unit) => Some(unit),
        Err(error) => {
            let word = match &error {
                model::UnitError::Unknown(word) => word.clone(),
                _ => written.value.clone(),
            };
            let known: Vec<&str> = Unit::known().collect();
            report
                .error(Code::UNKNOWN_UNIT, written.span, error.to_string())
                .help(format!("known units: {}", known.join(", ")))
                .did_you_mean(&word, known);
            None
        }
    }
}

/// All items, or none if one is missing. Unlike `collect`, it looks at every item, so that every mistake is found.
pub(crate) fn every<T>(items: impl IntoIterator<Item = Option<T>>) -> Option<Vec<T>> {
    let items: Vec<Option<T>> = items.into_iter().collect();
    items.into_iter().collect()
}

/// A percentage, `25%` or `0.5%`, as a share: 1/4, 1/200. None is negative.
pub(crate) fn per_cent(text: &str) -> Option<Ratio> {
    let number = Decimal::parse(text.strip_suffix('%')?.trim_end()).filter(|number| number.minor >= 0)?;
    Ratio::decimal(number.minor, number.scale).and_then(|ratio| ratio.divided_by(Ratio::integer(100))).ok()
}

/// The kinds of periods, for [`Cursor::choice`].
pub(crate) fn period_kinds() -> [(&'static str, PeriodKind); 5] {
    PeriodKind::ALL.map(|kind| (kind.as_str(), kind))
}

/// A path below the project's folder.
pub(crate) fn path_below(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Written<String>> {
    let path = cursor.some_text(report)?;
    if leads_out(&path.value) {
        report
            .error(Code::PATH_ESCAPE, path.span, format!("the path `{}` leads out of the project", path.value))
            .help("write it with `/`, beginning at the project's folder, without `..`");
        return None;
    }
    Some(path)
}

/// Whether a path is absolute on any system, or climbs. Both separators count, so that no system is surprised.
pub(crate) fn leads_out(path: &str) -> bool {
    path.starts_with(['/', '~'])
        || path.contains(['\\', ':'])
        || path.chars().any(char::is_control)
        || path.split('/').any(|part| part == "..")
}

/// The first and last period of a validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    /// The first period.
    pub(crate) from: Option<Period>,
    /// The last period.
    pub(crate) to: Option<Period>,
}

/// The written bounds of a validity, of any kind of period.
#[derive(Debug, Default)]
pub(crate) struct SpanDoc {
    from: Option<Written<Period>>,
    to: Option<Written<Period>>,
}

impl SpanDoc {
    /// Reads `{from: , to: }`.
    pub(crate) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::VALID, report)?;
        let span = Self::of(keys.take("from"), keys.take("to"), report);
        keys.finish(report);
        Some(span)
    }

    /// Reads the two bounds.
    pub(crate) fn of(from: Option<Cursor<'_>>, to: Option<Cursor<'_>>, report: &mut Report<'_>) -> Self {
        let from = from.and_then(|cursor| cursor.period(report));
        let to = to.and_then(|cursor| cursor.period(report));
        Self { from, to }
    }

    /// The days from the first bound to the last, whatever kinds of periods they are.
    pub(crate) fn days(&self, report: &mut Report<'_>) -> Validity {
        let bounds = (self.from.map(|from| from.value), self.to.map(|to| to.value));
        let days = Validity { from: bounds.0.map(Period::start), to: bounds.1.map(Period::end) };
        if let (Some(from), Some(to), Some(place)) = (bounds.0, bounds.1, &self.to) {
            if days.to <= days.from {
                report.error(Code::VALIDITY_ORDER, place.span, format!("`{to}` comes before `{from}`"));
            }
        }
        days
    }

    /// Brings the bounds to one kind of period: a year is the months that it is made of.
    pub(crate) fn resolve(&self, kind: PeriodKind, report: &mut Report<'_>) -> Span {
        let mut bound = |written: &Option<Written<Period>>, last: bool| {
            let written = written.as_ref()?;
            let period = written.value;
            if period.kind() == kind {
                return Some(period);
            }
            if period.kind().is_made_of(kind) {
                return if last { period.parts(kind).last() } else { period.parts(kind).next() };
            }
            let message = format!("`{period}` is a {}, but a {kind} belongs here", period.kind());
            report.error(Code::PERIOD_MISMATCH, written.span, message);
            None
        };
        let span = Span { from: bound(&self.from, false), to: bound(&self.to, true) };
        if let (Some(from), Some(to), Some(place)) = (span.from, span.to, &self.to) {
            check_order(from, to, place.span, report);
        }
        span
    }
}

/// Reports a last period that comes before the first.
pub(crate) fn check_order(from: Period, to: Period, place: crate::yaml::Span, report: &mut Report<'_>) {
    if to < from {
        report.error(Code::VALIDITY_ORDER, place, format!("`{to}` comes before `{from}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out() {
        for path in ["/etc", "../x", "a/../b", "a/..", "~/x", "C:x", "a\\b", "a\nb"] {
            assert!(leads_out(path), "{path}");
        }
        for path in ["a", "a/b.c", "a..b/...", "fixtures/example"] {
            assert!(!leads_out(path), "{path}");
        }
    }
}
