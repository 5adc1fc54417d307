//! Numbers straight from bytes to 64-bit minor units, by a grammar that refuses what it was not told.
//!
//! A guess that is right for 999 rows is wrong for the thousandth: `3.885` is 3885 in one export and 3.885 in the next.
//! So every mark has to be declared, groups have three digits, and what could be read in two ways is rejected.

use model::{Code, Encoding, Negative, NumberFormat};

use super::fault::Fault;

/// Reads the numbers of one field.
#[derive(Debug, Clone)]
pub(crate) struct NumberCaster {
    decimal: Option<u8>,
    group: Option<u8>,
    /// The no-break spaces of the encoding, where a space is the grouping mark.
    blanks: Vec<Vec<u8>>,
    negative: Negative,
    implied: u8,
    scale: u8,
    /// The largest magnitude, in minor units.
    limit: u64,
}

/// A number on its way: digits read so far.
#[derive(Clone, Copy, Default)]
struct Digits {
    value: u64,
    overflow: bool,
}

impl Digits {
    #[inline]
    fn push(&mut self, digit: u8) {
        match self.value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0'))) {
            Some(value) => self.value = value,
            None => self.overflow = true,
        }
    }
}

impl NumberCaster {
    /// For numbers of `scale` decimals and at most `limit` minor units in either direction.
    pub(crate) fn new(format: &NumberFormat, encoding: Encoding, scale: u8, limit: u64) -> Self {
        let spaces = if format.group == Some(b' ') { ["\u{A0}", "\u{202F}"].as_slice() } else { &[] };
        Self {
            // Where decimals are implied, a mark would contradict the declaration.
            decimal: format.decimal.filter(|_| format.implied_decimals == 0),
            group: format.group,
            blanks: spaces.iter().filter_map(|space| encoding.encode(space)).collect(),
            negative: format.negative,
            implied: format.implied_decimals,
            scale,
            limit,
        }
    }

    /// The number in minor units.
    #[inline]
    pub(crate) fn cast(&self, cell: &[u8]) -> Result<i64, Fault> {
        let (negative, body) = self.split_sign(cell);
        let magnitude = self.magnitude(body)?;
        let value = i64::try_from(magnitude).ok().filter(|_| magnitude <= self.limit).ok_or_else(too_large)?;
        Ok(if negative { -value } else { value })
    }

    #[inline]
    fn split_sign<'a>(&self, cell: &'a [u8]) -> (bool, &'a [u8]) {
        let stripped = match self.negative {
            Negative::Leading => cell.strip_prefix(b"-"),
            Negative::Trailing => cell.strip_suffix(b"-"),
            Negative::Parentheses => cell.strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")")),
            Negative::Never => None,
        };
        stripped.map_or((false, cell), |body| (true, body))
    }

    fn magnitude(&self, body: &[u8]) -> Result<u64, Fault> {
        let mut digits = Digits::default();
        let (mut at, mut run, mut grouped) = (0, 0usize, false);
        while let Some(&byte) = body.get(at) {
            if byte.is_ascii_digit() {
                digits.push(byte);
                run += 1;
                at += 1;
            } else if Some(byte) == self.decimal {
                break;
            } else if let Some(length) = self.group_at(&body[at..]) {
                if run == 0 || run > 3 || (grouped && run != 3) {
                    return Err(bad_groups());
                }
                (grouped, run) = (true, 0);
                at += length;
            } else {
                return Err(stray(body, at));
            }
        }
        if grouped && run != 3 {
            return Err(bad_groups());
        }
        if run == 0 {
            return Err(Fault::new(Code::NUMBER_INVALID, "is no number: it has no digits before the decimals"));
        }
        match body.get(at) {
            None => self.scaled(digits, self.implied),
            Some(_) => self.fraction(digits, body, at + 1, !grouped && run <= 3),
        }
    }

    /// Reads the decimals from `start`. `short` says that what stands before them could be a group of thousands.
    fn fraction(&self, mut digits: Digits, body: &[u8], start: usize, short: bool) -> Result<u64, Fault> {
        let decimals = &body[start..];
        if let Some(at) = decimals.iter().position(|byte| !byte.is_ascii_digit()) {
            return Err(stray(body, start + at));
        }
        if decimals.is_empty() {
            return Err(Fault::new(Code::NUMBER_INVALID, "is no number: nothing follows the decimal mark"));
        }
        let (kept, surplus) = decimals.split_at(decimals.len().min(usize::from(self.scale)));
        for digit in kept {
            digits.push(*digit);
        }
        if surplus.iter().all(|digit| *digit == b'0') {
            return self.scaled(digits, u8::try_from(kept.len()).unwrap_or(self.scale));
        }
        if short && decimals.len() == 3 && body[0] != b'0' {
            return Err(Fault::new(Code::NUMBER_AMBIGUOUS, "has three decimals, which could be a group of thousands"));
        }
        Err(Fault::new(Code::NUMBER_INVALID, format!("has more decimals than the {} that the field keeps", self.scale)))
    }

    /// Brings a number of so many decimals to the field's.
    fn scaled(&self, digits: Digits, decimals: u8) -> Result<u64, Fault> {
        if digits.overflow {
            return Err(too_large());
        }
        let value = digits.value;
        if decimals <= self.scale {
            let factor = 10u64.checked_pow(u32::from(self.scale - decimals));
            return factor.and_then(|factor| value.checked_mul(factor)).ok_or_else(too_large);
        }
        let divisor = 10u64.checked_pow(u32::from(decimals - self.scale)).ok_or_else(too_large)?;
        if !value.is_multiple_of(divisor) {
            return Err(Fault::new(
                Code::NUMBER_INVALID,
                format!("has more implied decimals than the {} that the field keeps", self.scale),
            ));
        }
        Ok(value / divisor)
    }

    /// The length of the grouping mark that the bytes begin with.
    #[inline]
    fn group_at(&self, bytes: &[u8]) -> Option<usize> {
        let group = self.group?;
        if bytes[0] == group {
            return Some(1);
        }
        self.blanks.iter().find(|blank| bytes.starts_with(blank)).map(Vec::len)
    }
}

/// What to say about a byte that is neither digit nor declared mark in its place.
fn stray(body: &[u8], at: usize) -> Fault {
    let is_digit = |at: Option<usize>| at.and_then(|at| body.get(at)).is_some_and(u8::is_ascii_digit);
    let between_digits = is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    match body[at] {
        b'.' | b',' | b'\'' | b' ' if between_digits => {
            let mark = char::from(body[at]);
            Fault::new(Code::NUMBER_AMBIGUOUS, format!("can be read in two ways: `{mark}` is not declared there"))
        }
        b'-' | b'(' | b')' | b'+' => {
            Fault::new(Code::NUMBER_INVALID, "is no number: its sign stands elsewhere than declared")
        }
        _ => Fault::new(Code::NUMBER_INVALID, "is no number"),
    }
}

fn bad_groups() -> Fault {
    Fault::new(Code::NUMBER_AMBIGUOUS, "can be read in two ways: its digits are not grouped in threes")
}

fn too_large() -> Fault {
    Fault::new(Code::NUMBER_RANGE, "has more digits than the field holds")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn format(decimal: Option<u8>, group: Option<u8>, negative: Negative) -> NumberFormat {
        NumberFormat { decimal, group, negative, sign: None, implied_decimals: 0 }
    }

    fn money(format: &NumberFormat, cell: &[u8]) -> Result<i64, String> {
        let caster = NumberCaster::new(format, Encoding::Windows1252, 2, 999_999_999_999_999);
        caster.cast(cell).map_err(|fault| fault.code.to_string())
    }

    #[test]
    fn danish_amounts() {
        let danish = format(Some(b','), Some(b'.'), Negative::Trailing);
        let cases: &[(&str, Result<i64, &str>)] = &[
            ("0,00", Ok(0)),
            ("1.234,56-", Ok(-123_456)),
            ("1234,56", Ok(123_456)),
            ("12", Ok(1_200)),
            ("0,5", Ok(50)),
            ("3.885", Ok(388_500)),
            ("1.234.567,89", Ok(123_456_789)),
            ("0001234,5", Ok(123_450)),
            ("1,2300", Ok(123)),
            ("0,00-", Ok(0)),
            ("1.2345", Err("M5104")),
            ("1.23", Err("M5104")),
            ("1234.567,00", Err("M5104")),
            ("1.234.56", Err("M5104")),
            (".234", Err("M5104")),
            ("1..234", Err("M5104")),
            ("1.234,56.7", Err("M5104")),
            ("1,234,567", Err("M5104")),
            ("1 234,56", Err("M5104")),
            ("1'234,56", Err("M5104")),
            ("3,885", Err("M5104")),
            ("0,885", Err("M5102")),
            ("1234,567", Err("M5102")),
            ("1,", Err("M5102")),
            (",5", Err("M5102")),
            ("", Err("M5102")),
            ("-", Err("M5102")),
            ("-12", Err("M5102")),
            ("(12)", Err("M5102")),
            ("+12", Err("M5102")),
            ("12--", Err("M5102")),
            ("12 -", Err("M5102")),
            ("kr. 12", Err("M5102")),
            ("12 %", Err("M5102")),
            ("NaN", Err("M5102")),
            ("inf", Err("M5102")),
            ("1E400", Err("M5102")),
            ("#REF!", Err("M5102")),
            ("1234567890123456789012345678901234567890", Err("M5103")),
            ("9999999999999,99", Ok(999_999_999_999_999)),
            ("10000000000000,00", Err("M5103")),
            ("18446744073709551616", Err("M5103")),
        ];
        for (cell, expected) in cases {
            assert_eq!(money(&danish, cell.as_bytes()), expected.map_err(str::to_owned), "{cell}");
        }
    }

    #[test]
    fn undeclared_marks_are_never_guessed() {
        let ungrouped = format(Some(b','), None, Negative::Leading);
        for (cell, expected) in [
            ("3.885", Err("M5104")),
            ("1.234,56", Err("M5104")),
            ("-12,5", Ok(-1_250)),
            ("12,5-", Err("M5102")),
            ("--12", Err("M5102")),
        ] {
            assert_eq!(money(&ungrouped, cell.as_bytes()), expected.map_err(str::to_owned), "{cell}");
        }
        let whole = format(None, None, Negative::Never);
        assert_eq!(money(&whole, b"12,50"), Err("M5104".to_owned()));
        assert_eq!(money(&whole, b"12"), Ok(1_200));
        assert_eq!(money(&whole, b"-12"), Err("M5102".to_owned()));
        let unicode_minus = "\u{2212}12".as_bytes();
        assert_eq!(money(&ungrouped, unicode_minus), Err("M5102".to_owned()));
        assert_eq!(money(&ungrouped, "１２".as_bytes()), Err("M5102".to_owned()), "digits of other scripts");
    }

    #[test]
    fn signs_in_parentheses() {
        let accounting = format(Some(b'.'), Some(b','), Negative::Parentheses);
        assert_eq!(money(&accounting, b"(1,234.50)"), Ok(-123_450));
        assert_eq!(money(&accounting, b"1,234.50"), Ok(123_450));
        for cell in [b"(12".as_slice(), b"12)", b"()", b"-12", b"((12))", b"("] {
            assert_eq!(money(&accounting, cell), Err("M5102".to_owned()));
        }
    }

    #[test]
    fn no_break_spaces_group_where_a_space_does() {
        let spaced = format(Some(b','), Some(b' '), Negative::Leading);
        let cast = |encoding: Encoding, text: &str| {
            let cell = encoding.encode(text).expect("encodable");
            NumberCaster::new(&spaced, encoding, 2, 1_000_000_000).cast(&cell).map_err(|fault| fault.code)
        };
        for encoding in [Encoding::Utf8, Encoding::Windows1252, Encoding::Iso8859_15, Encoding::Cp850] {
            assert_eq!(cast(encoding, "1\u{A0}234,50"), Ok(123_450), "{}", encoding.label());
            assert_eq!(cast(encoding, "1\u{A0}23,50"), Err(Code::NUMBER_AMBIGUOUS), "{}", encoding.label());
        }
        assert_eq!(cast(Encoding::Utf8, "1\u{202F}234"), Ok(123_400));
        assert_eq!(cast(Encoding::Utf8, "1 234\u{A0}567"), Ok(123_456_700));
        let apostrophe = format(Some(b'.'), Some(b'\''), Negative::Leading);
        assert_eq!(money(&apostrophe, b"1'234.5"), Ok(123_450));
    }

    #[test]
    fn implied_decimals() {
        let mut implied = format(None, None, Negative::Trailing);
        implied.implied_decimals = 2;
        assert_eq!(money(&implied, b"00000000123456-"), Ok(-123_456));
        assert_eq!(money(&implied, b"00000000123456"), Ok(123_456));
        assert_eq!(money(&implied, b"1234,56"), Err("M5104".to_owned()));
        implied.implied_decimals = 3;
        assert_eq!(money(&implied, b"1230"), Ok(123));
        assert_eq!(money(&implied, b"1234"), Err("M5102".to_owned()));
        implied.decimal = Some(b',');
        assert_eq!(money(&implied, b"1,230"), Err("M5104".to_owned()));
    }

    #[test]
    fn whole_numbers_use_all_64_bits() {
        let caster =
            NumberCaster::new(&format(None, None, Negative::Leading), Encoding::Utf8, 0, i64::MAX.unsigned_abs());
        assert_eq!(caster.cast(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(caster.cast(b"-9223372036854775807"), Ok(-i64::MAX));
        assert_eq!(caster.cast(b"9223372036854775808").map_err(|f| f.code), Err(Code::NUMBER_RANGE));
    }

    fn any_format() -> impl Strategy<Value = NumberFormat> {
        let marks = prop_oneof![
            Just((Some(b','), Some(b'.'))),
            Just((Some(b'.'), Some(b','))),
            Just((Some(b','), Some(b' '))),
            Just((Some(b'.'), Some(b'\''))),
            Just((Some(b','), None)),
            Just((None, Some(b'.'))),
            Just((None, None)),
        ];
        let negative = prop_oneof![Just(Negative::Leading), Just(Negative::Trailing), Just(Negative::Parentheses)];
        (marks, negative, 0u8..4).prop_map(|((decimal, group), negative, implied)| NumberFormat {
            decimal,
            group,
            negative,
            sign: None,
            implied_decimals: if decimal.is_none() { implied } else { 0 },
        })
    }

    /// Writes the number as the format says; `None` if it cannot be written so.
    fn written(minor: i64, scale: u8, format: &NumberFormat) -> Option<String> {
        let implied = format.implied_decimals.max(if format.decimal.is_some() { scale } else { 0 });
        let magnitude = u128::from(minor.unsigned_abs()) * 10u128.pow(u32::from(implied.saturating_sub(scale)));
        let surplus = 10u128.pow(u32::from(scale.saturating_sub(implied)));
        if magnitude % surplus != 0 {
            return None;
        }
        let decimals = if format.decimal.is_some() { usize::from(scale) } else { 0 };
        let digits = format!("{:0width$}", magnitude / surplus, width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let mut text = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at) % 3 == 0 {
                text.extend(format.group.map(char::from));
            }
            text.push(digit);
        }
        if let Some(mark) = format.decimal.filter(|_| decimals > 0) {
            text.push(char::from(mark));
            text.push_str(fraction);
        }
        Some(match (minor < 0, format.negative) {
            (false, _) => text,
            (true, Negative::Trailing) => format!("{text}-"),
            (true, Negative::Parentheses) => format!("({text})"),
            (true, _) => format!("-{text}"),
        })
    }

    proptest! {
        #[test]
        fn a_written_number_reads_back_exactly(
            minor in -999_999_999_999_999i64..=999_999_999_999_999,
            scale in 0u8..5,
            format in any_format(),
        ) {
            if let Some(text) = written(minor, scale, &format) {
                let caster = NumberCaster::new(&format, Encoding::Utf8, scale, 999_999_999_999_999);
                prop_assert_eq!(caster.cast(text.as_bytes()), Ok(minor), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_a_number_or_a_fault(cell in proptest::collection::vec(any::<u8>(), 0..40), format in any_format()) {
            let caster = NumberCaster::new(&format, Encoding::Utf8, 2, 999_999);
            if let Ok(value) = caster.cast(&cell) {
                prop_assert!(value.unsigned_abs() <= 999_999);
            }
        }

        #[test]
        fn no_format_reads_a_number_as_another_one_does(
            text in "[0-9]{1,4}([., ][0-9]{1,4}){0,2}",
            format in any_format(),
        ) {
            // Whatever is accepted has the same digits as the text, with at most zeros added or taken at the end.
            let caster = NumberCaster::new(&format, Encoding::Utf8, 2, 999_999_999_999_999);
            if let Ok(value) = caster.cast(text.as_bytes()) {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                let trimmed = |digits: &str| digits.trim_start_matches('0').trim_end_matches('0').to_owned();
                prop_assert_eq!(trimmed(&value.to_string()), trimmed(&digits));
            }
        }
    }
}
