//! Dates and periods straight from bytes to days, by the declared pattern.
//!
//! Nothing is inferred: `1-5-2024` under `dd-mm-yyyy` is rejected, not repaired, and `45429` is a day only where the
//! file was declared to count days as a spreadsheet does. Patterns of fixed width are read at once, by the positions of
//! their digits; all else, good or bad, goes over the tokens one after the other.

use model::{Code, Date, DateFormat, FieldType, Period, PeriodKind, Refusal};

use super::digits::{Cell, are_digits_at, first};
use super::fault::Fault;

/// Day 0 of the spreadsheets that believe in 29 February 1900, which is why only days after it can be told for sure.
const EXCEL_EPOCH: i32 = -25_569;
/// The first of those days, 1 March 1900.
const EXCEL_FIRST: i32 = 61;

/// Reads the dates of one field.
#[derive(Debug, Clone)]
pub(crate) struct DateCaster {
    ty: FieldType,
    kept: Kept,
    tokens: Vec<Token>,
    quick: Option<Quick>,
    pivot: Option<u32>,
    pattern: String,
}

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Digits(Part, usize),
    /// One digit or two.
    Loose(Part),
    Literal(u8),
    /// A spreadsheet's number of a day.
    Serial,
}

/// What digits stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    Month,
    Day,
    Quarter,
    Week,
}

/// Which day stands for the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Day,
    Month,
    Week,
    Year,
    SchoolYear,
}

/// The numbers of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    year: Option<u32>,
    short_year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    quarter: Option<u32>,
    week: Option<u32>,
}

/// A year of four digits, and perhaps a month and a day, in fixed places of at most 16 bytes.
#[derive(Debug, Clone, Copy)]
struct Quick {
    length: usize,
    digits: u128,
    literals: u128,
    literal_bits: u128,
    year: usize,
    month: Option<usize>,
    day: Option<usize>,
}

impl DateCaster {
    /// Compiles the pattern for a field of this temporal type.
    pub(crate) fn new(format: &DateFormat, ty: &FieldType) -> Result<Self, Refusal> {
        let unusable = || Refusal::new(Code::INVALID_PATTERN, format!("`{}` is no pattern of a date", format.pattern));
        let tokens = tokens(&format.pattern);
        let pivot = format.pivot.map(u32::from);
        if !is_usable(&tokens, pivot) {
            return Err(unusable());
        }
        Ok(Self {
            kept: match ty {
                FieldType::Month => Kept::Month,
                FieldType::Week => Kept::Week,
                FieldType::Year => Kept::Year,
                FieldType::SchoolYear => Kept::SchoolYear,
                _ => Kept::Day,
            },
            ty: ty.clone(),
            quick: Quick::new(&tokens),
            tokens,
            pivot,
            pattern: format.pattern.clone(),
        })
    }

    /// The day, counted from 1970-01-01, if the cell is written in fixed places. Rows often stand in the order of their
    /// days: the last cell that was read is remembered by its bytes.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>, last: &mut Option<(u128, i32)>) -> Option<i32> {
        let quick = self.quick.as_ref()?;
        let word = quick.word(cell)?;
        if let Some((known, day)) = *last
            && known == word
        {
            return Some(day);
        }
        let (year, month, day) = quick.read(word)?;
        let day = self.kept_day(year, month, day)?;
        *last = Some((word, day));
        Some(day)
    }

    /// The day, counted from 1970-01-01.
    pub(crate) fn cast(&self, cell: &[u8]) -> Result<i32, Fault> {
        self.read(cell).ok_or_else(|| self.fault())
    }

    fn read(&self, cell: &[u8]) -> Option<i32> {
        let mut parts = Parts::default();
        let mut rest = cell;
        for token in &self.tokens {
            match *token {
                Token::Digits(part, length) => {
                    let (digits, tail) = rest.split_at_checked(length)?;
                    *parts.place(part) = Some(number(digits)?);
                    rest = tail;
                }
                Token::Loose(part) => {
                    let length = if rest.get(1).is_some_and(u8::is_ascii_digit) { 2 } else { 1 };
                    let (digits, tail) = rest.split_at_checked(length)?;
                    *parts.place(part) = Some(number(digits)?);
                    rest = tail;
                }
                Token::Literal(byte) => rest = rest.strip_prefix(&[byte])?,
                Token::Serial => return self.serial(rest),
            }
        }
        if rest.is_empty() { self.day_of(parts) } else { None }
    }

    fn day_of(&self, parts: Parts) -> Option<i32> {
        let year = match (parts.year, parts.short_year) {
            (Some(year), None) => year,
            // Two years are a school year: the second is the one that follows.
            (Some(year), Some(next)) => Some(year).filter(|year| (year + 1) % 100 == next)?,
            (None, short_year) => {
                let (short_year, pivot) = short_year.zip(self.pivot)?;
                if short_year < pivot { 2000 + short_year } else { 1900 + short_year }
            }
        };
        if let Some(week) = parts.week {
            return Period::week(year.cast_signed(), week.cast_signed()).map(|week| week.start().days());
        }
        let of_quarter = match parts.quarter {
            None => None,
            Some(quarter @ 1..=4) => Some(quarter * 3 - 2),
            Some(_) => return None,
        };
        self.kept_day(year, parts.month.or(of_quarter), parts.day)
    }

    fn serial(&self, cell: &[u8]) -> Option<i32> {
        let days = number(cell).filter(|_| cell.len() <= 6 && cell[0] != b'0')?.cast_signed();
        let date = Date::from_days(days + EXCEL_EPOCH).filter(|_| days >= EXCEL_FIRST)?;
        self.kept_day(date.year().cast_unsigned(), Some(date.month()), Some(date.day()))
    }

    /// The day that is kept of a date, or of as much of it as the pattern has.
    #[inline]
    fn kept_day(&self, year: u32, month: Option<u32>, day: Option<u32>) -> Option<i32> {
        let (year, date) = (year.cast_signed(), |year: i32, month, day| Date::new(year, month, day).map(Date::days));
        let whole = date(year, month.unwrap_or(1), day.unwrap_or(1))?;
        match (self.kept, month) {
            (Kept::Day, _) => Some(whole),
            // The first week of the calendar has days before it.
            (Kept::Week, _) => {
                let week = Period::containing(PeriodKind::Week, Date::from_days(whole)?);
                Period::from_ordinal(PeriodKind::Week, week.ordinal()).map(|week| week.start().days())
            }
            (Kept::Month, month) => date(year, month.unwrap_or(1), 1),
            (Kept::Year, _) => date(year, 1, 1),
            (Kept::SchoolYear, Some(1..=7)) => date(year - 1, 8, 1),
            (Kept::SchoolYear, _) => date(year, 8, 1),
        }
    }

    fn fault(&self) -> Fault {
        Fault::new(Code::DATE_INVALID, format!("is no {} written `{}`", self.ty.word().replace('_', " "), self.pattern))
    }
}

impl Parts {
    fn place(&mut self, part: Part) -> &mut Option<u32> {
        match part {
            Part::Year => &mut self.year,
            Part::ShortYear => &mut self.short_year,
            Part::Month => &mut self.month,
            Part::Day => &mut self.day,
            Part::Quarter => &mut self.quarter,
            Part::Week => &mut self.week,
        }
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    const TOKENS: [(&[u8], Token); 8] = [
        (b"yyyy", Token::Digits(Part::Year, 4)),
        (b"yy", Token::Digits(Part::ShortYear, 2)),
        (b"mm", Token::Digits(Part::Month, 2)),
        (b"m", Token::Loose(Part::Month)),
        (b"dd", Token::Digits(Part::Day, 2)),
        (b"d", Token::Loose(Part::Day)),
        (b"q", Token::Digits(Part::Quarter, 1)),
        (b"ww", Token::Digits(Part::Week, 2)),
    ];
    if pattern == DateFormat::EXCEL {
        return vec![Token::Serial];
    }
    let mut tokens = Vec::new();
    let mut rest = pattern.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let known = TOKENS.iter().find_map(|(word, token)| Some((*token, rest.strip_prefix(*word)?)));
        let (token, after) = known.unwrap_or((Token::Literal(*byte), after));
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Whether the tokens make a date: a year, nothing twice, and a mark after digits of which the number is not known.
fn is_usable(tokens: &[Token], pivot: Option<u32>) -> bool {
    if tokens == [Token::Serial] {
        return true;
    }
    let part = |token: &Token| match token {
        Token::Digits(part, _) | Token::Loose(part) => Some(*part),
        _ => None,
    };
    let parts: Vec<Part> = tokens.iter().filter_map(part).collect();
    let twice = parts.iter().enumerate().any(|(at, part)| parts[..at].contains(part));
    let unmarked = tokens.windows(2).any(|pair| match pair {
        [Token::Loose(_), Token::Literal(mark)] => mark.is_ascii_digit(),
        [Token::Loose(_), _] => true,
        _ => false,
    });
    let has = |part| parts.contains(&part);
    !twice && !unmarked && (has(Part::Year) || (has(Part::ShortYear) && pivot.is_some()))
}

impl Quick {
    /// `None` if the pattern has anything but a year, a month and a day.
    fn new(tokens: &[Token]) -> Option<Self> {
        let mut quick = Self { length: 0, digits: 0, literals: 0, literal_bits: 0, year: 0, month: None, day: None };
        let mut year = None;
        for token in tokens {
            let at = quick.length;
            let byte = |value: u8| u128::from(value) << (8 * at);
            let (place, length) = match *token {
                Token::Literal(value) if at < 16 => {
                    quick.literals |= byte(u8::MAX);
                    quick.literal_bits |= byte(value);
                    quick.length += 1;
                    continue;
                }
                Token::Digits(Part::Year, length) => (&mut year, length),
                Token::Digits(Part::Month, length) => (&mut quick.month, length),
                Token::Digits(Part::Day, length) => (&mut quick.day, length),
                _ => return None,
            };
            *place = Some(at);
            quick.length += length;
            quick.digits |= first(quick.length)? & !first(at)?;
        }
        quick.year = year?;
        Some(quick)
    }

    /// The bytes of a cell of the pattern's length.
    #[inline]
    fn word(&self, cell: Cell<'_>) -> Option<u128> {
        if cell.len() == self.length { cell.head() } else { None }
    }

    #[inline]
    fn read(&self, word: u128) -> Option<(u32, Option<u32>, Option<u32>)> {
        if word & self.literals != self.literal_bits || !are_digits_at(word, self.digits) {
            return None;
        }
        let bytes = word.to_le_bytes();
        let digit = |at: usize| u32::from(bytes[at & 15] & 0x0F);
        let two = |at: usize| digit(at) * 10 + digit(at + 1);
        Some((two(self.year) * 100 + two(self.year + 2), self.month.map(two), self.day.map(two)))
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the quick way and the tokens make of a cell; they agree wherever the quick way reads it.
    fn read(caster: &DateCaster, cell: &[u8]) -> Result<i32, Fault> {
        let slow = caster.cast(cell);
        let buffer = [cell, b"0123456789012345"].concat();
        let mut last = None;
        // The second time it is remembered.
        for _ in 0..2 {
            if let Some(quick) = caster.quick(Cell::new(&buffer, 0, cell.len()), &mut last) {
                assert_eq!(slow, Ok(quick), "{}", cell.escape_ascii());
            }
        }
        slow
    }

    fn cast(pattern: &str, ty: &FieldType, cell: &str) -> Option<String> {
        let pivot = pattern.ends_with("yy").then_some(30).filter(|_| !pattern.contains("yyyy"));
        let caster = DateCaster::new(&DateFormat { pivot, ..DateFormat::new(pattern) }, ty).expect("a pattern");
        read(&caster, cell.as_bytes()).ok().and_then(Date::from_days).map(|date| date.to_string())
    }

    #[test]
    fn patterns_of_the_exports() {
        use FieldType::{Date, Month, SchoolYear, Week, Year};
        for (pattern, ty, cell, expected) in [
            ("dd-mm-yyyy", Date, "17-05-2024", Some("2024-05-17")),
            ("ddmmyyyy", Date, "29022024", Some("2024-02-29")),
            ("yyyy-mm-dd", Date, "2024-05-17", Some("2024-05-17")),
            ("dd.mm.yy", Date, "17.05.24", Some("2024-05-17")),
            ("dd.mm.yy", Date, "17.05.29", Some("2029-05-17")),
            ("dd.mm.yy", Date, "17.05.30", Some("1930-05-17")),
            ("dd.mm.yy", Date, "17.05.2024", None),
            ("d-m-yyyy", Date, "1-5-2024", Some("2024-05-01")),
            ("d-m-yyyy", Date, "17-12-2024", Some("2024-12-17")),
            ("d-m-yyyy", Date, "01-05-2024", Some("2024-05-01")),
            ("d-m-yyyy", Date, "101-5-2024", None),
            ("d-m-yyyy", Date, "-5-2024", None),
            ("d-m-yyyy", Date, "0-5-2024", None),
            ("d-m-yyyy", Date, "1-13-2024", None),
            ("d-m-yyyy", Date, "1-5-24", None),
            ("yyyy-m", Month, "2024-5", Some("2024-05-01")),
            ("yyyy-m", Month, "2024-12", Some("2024-12-01")),
            ("yyyy-m", Month, "2024-123", None),
            ("mm-yyyy", Month, "05-2024", Some("2024-05-01")),
            ("yyyy-q", Year, "2024-3", Some("2024-01-01")),
            ("yyyy-q", Year, "2024-5", None),
            ("excel", Date, "45429", Some("2024-05-17")),
            ("excel", Date, "61", Some("1900-03-01")),
            ("excel", Date, "60", None),
            ("excel", Date, "045429", None),
            ("excel", Date, "45429,5", None),
            ("excel", Date, "", None),
            ("excel", Date, "999999", None),
            ("excel", Month, "45429", Some("2024-05-01")),
            ("dd-mm-yyyy", Month, "31-02-2024", None),
            ("dd-mm-yyyy", SchoolYear, "31-07-2024", Some("2023-08-01")),
            ("dd-mm-yyyy", SchoolYear, "01-08-2024", Some("2024-08-01")),
            ("yyyyKq", Date, "2024K1", Some("2024-01-01")),
            ("yyyyKq", Date, "2024K4", Some("2024-10-01")),
            ("yyyyKq", Date, "2024K5", None),
            ("yyyyKq", Date, "2024k1", None),
            ("yyyyUww", Week, "2004U27", Some("2004-06-28")),
            ("yyyyUww", Week, "2020U53", Some("2020-12-28")),
            ("yyyyUww", Week, "2021U53", None),
            ("yyyyUww", Week, "2021U00", None),
            ("yyyyUww", Week, "2021U1", None),
            ("yyyy-Www", Week, "2021-W01", Some("2021-01-04")),
            ("yyyy-mm-dd", Week, "2021-01-03", Some("2020-12-28")),
            ("yyyy-mm-dd", Week, "1800-01-02", None),
            ("excel", Week, "45429", Some("2024-05-13")),
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
        for pattern in ["", "dd-mm", "mm-yyyy-mm", "abc", "dd.mm.yy", "dmyyyy", "d-mm-yyyy-m", "d1mm-yyyy"] {
            assert!(DateCaster::new(&DateFormat::new(pattern), &FieldType::Date).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_date_or_a_fault(
            cell in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..18),
                "[0-3]?[0-9][-./]?[01]?[0-9][-./]?([12][0-9])?[0-9]{2}".prop_map(String::into_bytes),
            ],
            pattern in prop_oneof![Just("dd-mm-yyyy"), Just("ddmmyyyy"), Just("d.m.yyyy"), Just("yyyymm"), Just("yyyy-mm-dd")],
            ty in prop_oneof![Just(FieldType::Date), Just(FieldType::Month), Just(FieldType::Week), Just(FieldType::Year), Just(FieldType::SchoolYear)],
        ) {
            let caster = DateCaster::new(&DateFormat::new(pattern), &ty).expect("a pattern");
            if let Err(fault) = read(&caster, &cell) {
                prop_assert_eq!(fault.code, Code::DATE_INVALID);
            }
        }
    }
}
