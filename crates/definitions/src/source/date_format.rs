//! Patterns of dates and periods: `yyyy`, `mm`, `dd`, `q`, `ww` for an ISO week, the unpadded `m` and `d`, and `yy` for the second year of a
//! school year, or for a year of the century that a pivot decides.

use model::{Code, DateFormat, FieldType};

use crate::vocabulary;
use crate::yaml::{Cursor, Report, Span, Written};

/// Which tokens a pattern has.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tokens {
    year: u8,
    next_year: u8,
    month: u8,
    day: u8,
    quarter: u8,
    week: u8,
    /// Whether an unpadded number has no mark behind it.
    unmarked: bool,
}

impl Tokens {
    fn of(pattern: &str) -> Self {
        let mut tokens = Self::default();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (count, length) = if rest.starts_with("yyyy") {
                (&mut tokens.year, 4)
            } else if rest.starts_with("yy") {
                (&mut tokens.next_year, 2)
            } else if rest.starts_with("mm") {
                (&mut tokens.month, 2)
            } else if rest.starts_with("dd") {
                (&mut tokens.day, 2)
            } else if rest.starts_with("ww") {
                (&mut tokens.week, 2)
            } else if first == 'm' || first == 'd' {
                // Where the digits of an unpadded number end can only be told by a mark behind them.
                tokens.unmarked |= rest[1..].starts_with(|next: char| next.is_ascii_digit() || "ymdq".contains(next));
                (if first == 'm' { &mut tokens.month } else { &mut tokens.day }, 1)
            } else if first == 'q' {
                (&mut tokens.quarter, 1)
            } else {
                rest = &rest[first.len_utf8()..];
                continue;
            };
            *count = count.saturating_add(1);
            rest = &rest[length..];
        }
        tokens
    }

    /// The same with a year of two digits for a whole one.
    fn with_century(self) -> Self {
        Self { year: self.year + self.next_year, next_year: 0, ..self }
    }

    /// Whether the pattern gives what a field of the type needs. A period may be read from something finer.
    fn suffice_for(self, ty: &FieldType) -> bool {
        if self.unmarked {
            return false;
        }
        if self.week > 0 {
            let alone = Self { year: 1, week: 1, ..Self::default() };
            return *ty == FieldType::Week && self == alone;
        }
        let shape = (self.year, self.next_year, self.month, self.day, self.quarter);
        let (day, month, year, quarter) =
            (shape == (1, 0, 1, 1, 0), shape == (1, 0, 1, 0, 0), shape == (1, 0, 0, 0, 0), shape == (1, 0, 0, 0, 1));
        match ty {
            FieldType::Date => day || quarter,
            FieldType::Week => day,
            FieldType::Month => day || month,
            FieldType::Year => day || month || year || quarter,
            FieldType::SchoolYear => day || month || year || shape == (1, 1, 0, 0, 0),
            _ => false,
        }
    }
}

fn example(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Week => "`yyyyUww`, `yyyy-Www`, or `yyyy-mm-dd` for a day of the week",
        FieldType::Month => "`yyyy-mm`, `yyyymm`, `mm.yyyy`",
        FieldType::Year => "`yyyy`",
        FieldType::SchoolYear => "`yyyy/yy`",
        _ => "`dd-mm-yyyy`, `yyyy-mm-dd`, or `yyyyKq` for the first day of a quarter",
    }
}

/// A pattern as written.
#[derive(Debug, Clone)]
pub(super) struct DateDoc {
    pattern: Written<String>,
    pivot: Option<u8>,
}

impl DateDoc {
    /// Where it stands.
    pub(super) fn span(&self) -> Span {
        self.pattern.span
    }
}

/// Reads `date`: a pattern, or `{pattern: dd-mm-yy, century: {pivot: 30}}`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<DateDoc> {
    if !cursor.is_mapping() {
        return Some(DateDoc { pattern: cursor.text(report)?, pivot: None });
    }
    let mut keys = cursor.keys(&vocabulary::DATE, report)?;
    let pattern = keys.need("pattern", report).and_then(|cursor| cursor.text(report));
    let pivot = keys.maybe("century", |cursor| {
        let mut keys = cursor.keys(&vocabulary::CENTURY, report)?;
        let pivot = keys.need("pivot", report).and_then(|cursor| cursor.integer::<u8>(report, 0..=100));
        keys.finish(report);
        pivot
    });
    keys.finish(report);
    Some(DateDoc { pattern: pattern?, pivot: pivot.ok()? })
}

/// Checks a pattern for a field of a temporal type.
pub(super) fn check(doc: &DateDoc, ty: &FieldType, report: &mut Report<'_>) -> Option<DateFormat> {
    let (pattern, span) = (&doc.pattern.value, doc.pattern.span);
    let tokens = Tokens::of(pattern);
    let short = tokens.year == 0 && tokens.next_year == 1;
    if doc.pivot.is_some() && !short {
        let message = format!("`{pattern}` has no year of two digits alone, so it needs no century");
        report.error(Code::INVALID_VALUE, span, message);
        return None;
    }
    let with_century = if doc.pivot.is_some() { tokens.with_century() } else { tokens };
    if pattern == DateFormat::EXCEL || with_century.suffice_for(ty) {
        return Some(DateFormat { pattern: pattern.clone(), pivot: doc.pivot });
    }
    let message = format!("`{pattern}` does not say how a {} is written", ty.word());
    let finding = report.error(Code::INVALID_VALUE, span, message);
    let lower = pattern.to_lowercase();
    if short && tokens.with_century().suffice_for(ty) {
        finding.help(format!(
            "say which century a year of two digits belongs to: {{pattern: {pattern}, century: {{pivot: 30}}}} reads 29 as 2029 and 30 as 1930"
        ));
    } else if tokens.unmarked {
        finding.help("an unpadded `d` or `m` has a mark behind it, as in `d-m-yyyy`");
    } else if Tokens::of(&lower).suffice_for(ty) {
        finding.help(format!("did you mean `{lower}`?"));
    } else {
        finding.help(format!("write for example {}", example(ty)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_by_type() {
        let good = [
            (FieldType::Date, "dd-mm-yyyy ddmmyyyy yyyy-mm-dd yyyyKq dd.mm.yyyy d-m-yyyy d/m-yyyy"),
            (FieldType::Month, "yyyymm mm.yyyy yyyyMmm yyyy-mm-dd yyyy-m"),
            (FieldType::Week, "yyyyUww yyyy-Www yyyyww yyyy-mm-dd"),
            (FieldType::Year, "yyyy yyyymm"),
            (FieldType::SchoolYear, "yyyy/yy yyyy"),
        ];
        for (ty, patterns) in good {
            for pattern in patterns.split(' ') {
                assert!(Tokens::of(pattern).suffice_for(&ty), "{pattern}");
            }
        }
        for (ty, patterns) in [
            (FieldType::Date, "dd-mm-yy yyyymm mm/dd DD-MM-YYYY ddmmyyyyddmm dmyyyy d1m-yyyy"),
            (FieldType::Week, "ww yyyy yyyy-mm yyyyMmmww wwyyyyww yyyyKq"),
            (FieldType::Date, "yyyyUww"),
            (FieldType::Month, "yyyy mm yyyyUww"),
        ] {
            for pattern in patterns.split(' ') {
                assert!(!Tokens::of(pattern).suffice_for(&ty), "{pattern}");
            }
        }
    }
}
