//! Dates and periods straight from bytes to days, by a fixed pattern.
//!
//! Every token has a fixed width, so a pattern is compiled to positions and a cell is a handful of digit look-ups.
//! Nothing is inferred: `1-5-2024` under `dd-mm-yyyy` is rejected, not repaired.

use model::{Code, Date, DateFormat, FieldType, Period, Refusal};

use super::fault::Fault;

/// Two-digit years are of this century, where a pattern has no other.
const CENTURY: u32 = 2000;

/// Reads the dates of one field.
#[derive(Debug, Clone)]
pub(crate) struct DateCaster {
    ty: FieldType,
    length: usize,
    year: Option<usize>,
    short_year: Option<usize>,
    month: Option<usize>,
    day: Option<usize>,
    quarter: Option<usize>,
    literals: Vec<(usize, u8)>,
    pattern: String,
}

impl DateCaster {
    /// Compiles the pattern for a field of this temporal type.
    pub(crate) fn new(format: &DateFormat, ty: &FieldType) -> Result<Self, Refusal> {
        let mut caster = Self {
            ty: ty.clone(),
            length: 0,
            year: None,
            short_year: None,
            month: None,
            day: None,
            quarter: None,
            literals: Vec::new(),
            pattern: format.0.clone(),
        };
        let unusable = || Refusal::new(Code::INVALID_PATTERN, format!("`{}` is no pattern of a date", format.0));
        let mut rest = format.0.as_bytes();
        while !rest.is_empty() {
            let taken = caster.token(rest).ok_or_else(unusable)?;
            caster.length += taken;
            rest = &rest[taken..];
        }
        let complete = caster.year.is_some() || caster.short_year.is_some();
        if complete { Ok(caster) } else { Err(unusable()) }
    }

    /// Takes the token that the pattern begins with; `None` if it stands there twice.
    fn token(&mut self, pattern: &[u8]) -> Option<usize> {
        let at = self.length;
        let tokens: [(&[u8], &mut Option<usize>); 5] = [
            (b"yyyy", &mut self.year),
            (b"yy", &mut self.short_year),
            (b"mm", &mut self.month),
            (b"dd", &mut self.day),
            (b"q", &mut self.quarter),
        ];
        for (token, place) in tokens {
            if pattern.starts_with(token) {
                return place.replace(at).is_none().then_some(token.len());
            }
        }
        self.literals.push((at, pattern[0]));
        Some(1)
    }

    /// The day, counted from 1970-01-01.
    #[inline]
    pub(crate) fn cast(&self, cell: &[u8]) -> Result<i32, Fault> {
        self.read(cell).map(Date::days).ok_or_else(|| self.fault())
    }

    fn read(&self, cell: &[u8]) -> Option<Date> {
        if cell.len() != self.length || self.literals.iter().any(|(at, byte)| cell[*at] != *byte) {
            return None;
        }
        let part = |at: Option<usize>, length: usize| match at {
            None => Some(None),
            Some(at) => number(&cell[at..at + length]).map(Some),
        };
        let (year, short_year) = (part(self.year, 4)?, part(self.short_year, 2)?);
        let (month, day, quarter) = (part(self.month, 2)?, part(self.day, 2)?, part(self.quarter, 1)?);
        let year = match (year, short_year) {
            (Some(year), None) => year,
            // Two years are a school year: the second is the one that follows.
            (Some(year), Some(next)) => Some(year).filter(|year| (year + 1) % 100 == next)?,
            (None, short_year) => CENTURY + short_year?,
        };
        let of_quarter = match quarter {
            None => None,
            Some(quarter @ 1..=4) => Some(quarter * 3 - 2),
            Some(_) => return None,
        };
        let year = year.cast_signed();
        if self.ty == FieldType::SchoolYear && month.is_none() && of_quarter.is_none() {
            return Date::new(year, 8, 1);
        }
        let date = Date::new(year, month.or(of_quarter).unwrap_or(1), day.unwrap_or(1))?;
        Some(self.ty.period_kind().map_or(date, |kind| Period::containing(kind, date).start()))
    }

    fn fault(&self) -> Fault {
        Fault::new(Code::DATE_INVALID, format!("is no {} written `{}`", self.ty.word().replace('_', " "), self.pattern))
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cast(pattern: &str, ty: &FieldType, cell: &str) -> Option<String> {
        let caster = DateCaster::new(&DateFormat(pattern.to_owned()), ty).expect("a pattern");
        caster.cast(cell.as_bytes()).ok().and_then(Date::from_days).map(|date| date.to_string())
    }

    #[test]
    fn patterns_of_the_exports() {
        use FieldType::{Date, Month, SchoolYear, Year};
        for (pattern, ty, cell, expected) in [
            ("dd-mm-yyyy", Date, "17-05-2024", Some("2024-05-17")),
            ("ddmmyyyy", Date, "29022024", Some("2024-02-29")),
            ("yyyy-mm-dd", Date, "2024-05-17", Some("2024-05-17")),
            ("dd.mm.yy", Date, "17.05.24", Some("2024-05-17")),
            ("yyyyKq", Date, "2024K1", Some("2024-01-01")),
            ("yyyyKq", Date, "2024K4", Some("2024-10-01")),
            ("yyyyKq", Date, "2024K5", None),
            ("yyyyKq", Date, "2024k1", None),
            ("yyyymm", Month, "202405", Some("2024-05-01")),
            ("mm.yyyy", Month, "05.2024", Some("2024-05-01")),
            ("dd-mm-yyyy", Month, "17-05-2024", Some("2024-05-01")),
            ("yyyymm", Month, "202413", None),
            ("yyyymm", Month, "202400", None),
            ("yyyymm", Month, "002605", None),
            ("yyyymm", Month, "999905", None),
            ("yyyy", Year, "2024", Some("2024-01-01")),
            ("yyyy", Year, "24", None),
            ("yyyy/yy", SchoolYear, "2024/25", Some("2024-08-01")),
            ("yyyy/yy", SchoolYear, "1999/00", Some("1999-08-01")),
            ("yyyy/yy", SchoolYear, "2024/26", None),
            ("yyyy", SchoolYear, "2024", Some("2024-08-01")),
            ("yyyy-mm", SchoolYear, "2025-05", Some("2024-08-01")),
            ("dd-mm-yyyy", Date, "30-02-2024", None),
            ("dd-mm-yyyy", Date, "1-5-2024", None),
            ("dd-mm-yyyy", Date, "17/05/2024", None),
            ("dd-mm-yyyy", Date, "2024-05-17", None),
            ("dd-mm-yyyy", Date, "45429", None),
            ("dd-mm-yyyy", Date, "", None),
            ("dd-mm-yyyy", Date, "17-05-20241", None),
            ("dd-mm-yyyy", Date, "+7-05-2024", None),
            ("dd-mm-yyyy", Date, "１7-05-2024", None),
        ] {
            assert_eq!(cast(pattern, &ty, cell), expected.map(str::to_owned), "{pattern} {cell}");
        }
    }

    #[test]
    fn a_pattern_has_a_year_and_no_token_twice() {
        for pattern in ["", "dd-mm", "mm-yyyy-mm", "abc"] {
            assert!(DateCaster::new(&DateFormat(pattern.to_owned()), &FieldType::Date).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_date_or_a_fault(cells in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 1..4)) {
            let caster = DateCaster::new(&DateFormat("dd-mm-yyyy".to_owned()), &FieldType::Date).expect("a pattern");
            for cell in cells {
                if let Err(fault) = caster.cast(&cell) {
                    prop_assert_eq!(fault.code, Code::DATE_INVALID);
                }
            }
        }
    }
}
