//! Patterns of dates and periods: `yyyy`, `mm`, `dd`, `q`, and `yy` for the second year of a school year.

use model::{Code, DateFormat, FieldType};

use crate::yaml::{Report, Written};

/// Which tokens a pattern has.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tokens {
    year: u8,
    next_year: u8,
    month: u8,
    day: u8,
    quarter: u8,
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

    /// Whether the pattern gives what a field of the type needs. A period may be read from something finer.
    fn suffice_for(self, ty: &FieldType) -> bool {
        let shape = (self.year, self.next_year, self.month, self.day, self.quarter);
        let (day, month, year, quarter) =
            (shape == (1, 0, 1, 1, 0), shape == (1, 0, 1, 0, 0), shape == (1, 0, 0, 0, 0), shape == (1, 0, 0, 0, 1));
        match ty {
            FieldType::Date => day || quarter,
            FieldType::Month => day || month,
            FieldType::Year => day || month || year || quarter,
            FieldType::SchoolYear => day || month || year || shape == (1, 1, 0, 0, 0),
            _ => false,
        }
    }
}

fn example(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Month => "`yyyy-mm`, `yyyymm`, `mm.yyyy`",
        FieldType::Year => "`yyyy`",
        FieldType::SchoolYear => "`yyyy/yy`",
        _ => "`dd-mm-yyyy`, `yyyy-mm-dd`, or `yyyyKq` for the first day of a quarter",
    }
}

/// Checks a pattern for a field of a temporal type.
pub(super) fn check(written: &Written<String>, ty: &FieldType, report: &mut Report<'_>) -> Option<DateFormat> {
    let pattern = &written.value;
    if Tokens::of(pattern).suffice_for(ty) {
        return Some(DateFormat(pattern.clone()));
    }
    let message = format!("`{pattern}` does not say how a {} is written", ty.word());
    let finding = report.error(Code::INVALID_VALUE, written.span, message);
    let lower = pattern.to_lowercase();
    if Tokens::of(&lower).suffice_for(ty) {
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
            (FieldType::Date, "dd-mm-yyyy ddmmyyyy yyyy-mm-dd yyyyKq dd.mm.yyyy"),
            (FieldType::Month, "yyyymm mm.yyyy yyyyMmm yyyy-mm-dd"),
            (FieldType::Year, "yyyy yyyymm"),
            (FieldType::SchoolYear, "yyyy/yy yyyy"),
        ];
        for (ty, patterns) in good {
            for pattern in patterns.split(' ') {
                assert!(Tokens::of(pattern).suffice_for(&ty), "{pattern}");
            }
        }
        for (ty, patterns) in
            [(FieldType::Date, "dd-mm-yy yyyymm mm/dd DD-MM-YYYY ddmmyyyyddmm"), (FieldType::Month, "yyyy mm")]
        {
            for pattern in patterns.split(' ') {
                assert!(!Tokens::of(pattern).suffice_for(&ty), "{pattern}");
            }
        }
    }
}
