//! Numbers straight from bytes to 64-bit minor units, by a grammar that refuses what it was not told.
//!
//! A guess that is right for 999 rows is wrong for the thousandth: `3.885` is 3885 in one export and 3.885 in the next.
//! So every mark has to be declared, groups have three digits, and what could be read in two ways is rejected.
//!
//! Cells in the usual dress, a few digits with their marks in the usual places, are read several digits at a time by
//! [`NumberCaster::quick`]. It never says why a cell is no number, or even that it is none: all else, good or bad, is
//! left to the grammar itself, [`NumberCaster::cast`].

use model::{Code, Encoding, Negative, NumberFormat};

use super::digits::{Cell, are_digits, value};
use super::fault::Fault;

/// Spaces that do not break a line, as they group digits and stand before units.
const NO_BREAK: [&str; 2] = ["\u{A0}", "\u{202F}"];

/// Reads the numbers of one field.
#[derive(Debug, Clone)]
pub(crate) struct NumberCaster {
    quick: Option<Quick>,
    decimal: Option<u8>,
    group: Option<u8>,
    /// The no-break spaces of the encoding.
    blanks: Vec<Vec<u8>>,
    signs: Signs,
    prefixes: Vec<Vec<u8>>,
    suffixes: Vec<Vec<u8>>,
    implied: u8,
    scale: u8,
    /// The largest magnitude, in minor units.
    limit: u64,
}

/// Which signs there are and where they may stand.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a place or a sign that is declared or not")]
struct Signs {
    leading: bool,
    trailing: bool,
    parentheses: bool,
    minus: Vec<Vec<u8>>,
    leading_plus: bool,
    trailing_plus: bool,
    padded: bool,
}

/// The usual dress of a field's numbers.
#[derive(Debug, Clone, Copy)]
struct Quick {
    leading: bool,
    trailing: bool,
    /// The decimal mark, before exactly as many digits as the field keeps.
    mark: Option<u8>,
    /// The grouping mark; more than a byte where there is none.
    group: u64,
    scale: usize,
    /// What a unit before the mark is worth.
    factor: u64,
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

impl Signs {
    fn new(format: &NumberFormat, encoding: Encoding) -> Self {
        let may = |place| format.negative.contains(&place);
        let (leading, trailing) = (may(Negative::Leading), may(Negative::Trailing));
        let minus = format.minus.iter().filter_map(|minus| encoding.encode(minus.encode_utf8(&mut [0; 4])));
        Self {
            leading,
            trailing,
            parentheses: may(Negative::Parentheses),
            minus: minus.collect(),
            leading_plus: format.plus && (leading || !trailing),
            trailing_plus: format.plus && trailing,
            padded: format.padded,
        }
    }

    /// Whether the number is negative, if it has a sign, and what is left of it.
    fn split<'a>(&self, cell: &'a [u8]) -> (Option<bool>, &'a [u8]) {
        let (sign, body) = self.strip(cell);
        if sign.is_some() && self.padded { (sign, trim(body)) } else { (sign, body) }
    }

    fn strip<'a>(&self, cell: &'a [u8]) -> (Option<bool>, &'a [u8]) {
        let inner = || cell.strip_prefix(b"(")?.strip_suffix(b")");
        if let Some(body) = inner().filter(|_| self.parentheses) {
            return (Some(true), body);
        }
        let minus =
            |strip: fn(&'a [u8], &[u8]) -> Option<&'a [u8]>| self.minus.iter().find_map(|sign| strip(cell, sign));
        if let Some(body) = minus(strip_front).filter(|_| self.leading) {
            return (Some(true), body);
        }
        if let Some(body) = minus(strip_back).filter(|_| self.trailing) {
            return (Some(true), body);
        }
        if let Some(body) = cell.strip_prefix(b"+").filter(|_| self.leading_plus) {
            return (Some(false), body);
        }
        if let Some(body) = cell.strip_suffix(b"+").filter(|_| self.trailing_plus) {
            return (Some(false), body);
        }
        (None, cell)
    }
}

fn strip_front<'a>(cell: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    cell.strip_prefix(word)
}

fn strip_back<'a>(cell: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    cell.strip_suffix(word)
}

fn trim(cell: &[u8]) -> &[u8] {
    let front = cell.iter().take_while(|byte| **byte == b' ').count();
    let cell = &cell[front..];
    let back = cell.iter().rev().take_while(|byte| **byte == b' ').count();
    &cell[..cell.len() - back]
}

impl Quick {
    /// `None` where the usual dress of the format is not worth a way of its own.
    fn new(format: &NumberFormat, signs: &Signs, scale: u8, limit: u64) -> Option<Self> {
        let hyphen = format.minus.contains(&'-');
        let mark = format.decimal.filter(|_| scale > 0 && format.implied_decimals == 0);
        let missing = if mark.is_some() { scale } else { scale.checked_sub(format.implied_decimals)? };
        let none = 0x100;
        (scale <= 4).then(|| Self {
            leading: signs.leading && hyphen,
            trailing: signs.trailing && hyphen,
            mark,
            group: format.group.map_or(none, u64::from),
            scale: usize::from(scale),
            factor: 10u64.pow(u32::from(missing)),
            limit,
        })
    }

    #[inline]
    fn read(&self, cell: Cell<'_>) -> Option<i64> {
        let front = self.leading & (cell.at(0)? == b'-');
        let back = self.trailing & (cell.last()? == b'-');
        if front & back {
            return None;
        }
        let body = cell.without(usize::from(front), usize::from(back));
        let magnitude = match self.mark {
            None => self.whole(body)?,
            Some(mark) => {
                let at = body.len().checked_sub(self.scale + 1)?;
                let decimals = body.cut(at + 1, body.len())?.tail()?;
                if body.at(at)? != mark || !are_digits(decimals) {
                    return None;
                }
                self.whole(body.cut(0, at)?)? + value(decimals)
            }
        };
        let magnitude = i64::try_from(magnitude).ok().filter(|_| magnitude <= self.limit)?;
        Some(if front | back { -magnitude } else { magnitude })
    }

    /// What stands before the decimal mark, in minor units. At most 11 digits are multiplied, by at most 10,000.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the compiler leaves it outside the loop over the cells")]
    fn whole(&self, body: Cell<'_>) -> Option<u64> {
        let word = body.tail()?;
        match body.len() {
            0 => None,
            1..=4 | 8 => are_digits(word).then(|| value(word) * self.factor),
            5..=7 => {
                let word = if self.is_group(word, 4) { joined(word) } else { word };
                are_digits(word).then(|| value(word) * self.factor)
            }
            _ => self.long(body, word),
        }
    }

    /// Two groups with one before them, or up to 16 digits that are minor units already.
    fn long(&self, body: Cell<'_>, word: u64) -> Option<u64> {
        let high = body.cut(0, body.len() - 8)?;
        let first = high.tail().filter(|word| are_digits(*word))?;
        if high.len() <= 3 && self.is_group(word, 0) && self.is_group(word, 4) {
            let word = joined(word & !0xFF | 0x30);
            return are_digits(word).then(|| (value(first) * 1_000_000 + value(word)) * self.factor);
        }
        let plain = high.len() <= 8 && self.factor == 1 && self.mark.is_none();
        (plain && are_digits(word)).then(|| value(first) * 100_000_000 + value(word))
    }

    #[inline]
    fn is_group(&self, word: u64, place: u32) -> bool {
        word >> (8 * place) & 0xFF == self.group
    }
}

/// Closes the gap that the grouping mark leaves in the fifth of eight bytes.
#[inline]
fn joined(word: u64) -> u64 {
    word & 0xFFFF_FF00_0000_0000 | (word & 0xFFFF_FFFF) << 8 | 0x30
}

impl NumberCaster {
    /// For numbers of `scale` decimals and at most `limit` minor units in either direction.
    pub(crate) fn new(format: &NumberFormat, encoding: Encoding, scale: u8, limit: u64) -> Self {
        let signs = Signs::new(format, encoding);
        let units = |words: &[String]| {
            let mut words: Vec<Vec<u8>> = words.iter().filter_map(|word| encoding.encode(word)).collect();
            // Of two units that a cell could begin with, the longer is meant.
            words.sort_by_key(|word| std::cmp::Reverse(word.len()));
            words
        };
        Self {
            quick: Quick::new(format, &signs, scale, limit),
            // Where decimals are implied, a mark would contradict the declaration.
            decimal: format.decimal.filter(|_| format.implied_decimals == 0),
            group: format.group,
            blanks: NO_BREAK.iter().filter_map(|space| encoding.encode(space)).collect(),
            signs,
            prefixes: units(&format.prefixes),
            suffixes: units(&format.suffixes),
            implied: format.implied_decimals,
            scale,
            limit,
        }
    }

    /// The number in minor units, if it stands there in the usual dress.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>) -> Option<i64> {
        self.quick.as_ref()?.read(cell)
    }

    /// The number in minor units.
    pub(crate) fn cast(&self, cell: &[u8]) -> Result<i64, Fault> {
        let (sign, body) = self.signs.split(cell);
        let (sign, body) = match (sign, self.without_units(body)) {
            (None, Some(body)) => self.signs.split(body),
            (sign, bare) => (sign, bare.unwrap_or(body)),
        };
        let magnitude = self.magnitude(body)?;
        let value = i64::try_from(magnitude).ok().filter(|_| magnitude <= self.limit).ok_or_else(too_large)?;
        Ok(if sign == Some(true) { -value } else { value })
    }

    /// The number without the declared units around it, and the blanks beside them; `None` if it has none.
    fn without_units<'a>(&self, cell: &'a [u8]) -> Option<&'a [u8]> {
        let front = self.prefixes.iter().find_map(|unit| cell.strip_prefix(unit.as_slice()));
        let front = front.map(|rest| self.without_blanks(rest, strip_front));
        let rest = front.unwrap_or(cell);
        let back = self.suffixes.iter().find_map(|unit| rest.strip_suffix(unit.as_slice()));
        back.map(|rest| self.without_blanks(rest, strip_back)).or(front)
    }

    fn without_blanks<'a>(&self, cell: &'a [u8], strip: fn(&'a [u8], &[u8]) -> Option<&'a [u8]>) -> &'a [u8] {
        let blank = |cell| strip(cell, b" ").or_else(|| self.blanks.iter().find_map(|blank| strip(cell, blank)));
        let mut cell = cell;
        while let Some(rest) = blank(cell) {
            cell = rest;
        }
        cell
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
        if group != b' ' {
            return None;
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
        NumberFormat { decimal, group, ..NumberFormat::plain(&[negative]) }
    }

    /// What the quick way and the grammar make of a cell; they agree wherever the quick way reads it.
    fn read(caster: &NumberCaster, cell: &[u8]) -> Result<i64, Fault> {
        let slow = caster.cast(cell);
        let buffer = [b"98765432", cell, b"1234567890123456"].concat();
        if let Some(quick) = caster.quick(Cell::new(&buffer, 8, 8 + cell.len())) {
            assert_eq!(slow, Ok(quick), "{}", cell.escape_ascii());
        }
        slow
    }

    fn money(format: &NumberFormat, cell: &[u8]) -> Result<i64, String> {
        let caster = NumberCaster::new(format, Encoding::Windows1252, 2, 999_999_999_999_999);
        read(&caster, cell).map_err(|fault| fault.code.to_string())
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
        let whole = NumberFormat::plain(&[]);
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
            read(&NumberCaster::new(&spaced, encoding, 2, 1_000_000_000), &cell).map_err(|fault| fault.code)
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
        assert_eq!(read(&caster, b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(read(&caster, b"-9223372036854775807"), Ok(-i64::MAX));
        assert_eq!(read(&caster, b"9223372036854775808").map_err(|f| f.code), Err(Code::NUMBER_RANGE));
    }

    /// The codes of what is refused, and the minor units of what is read, with two decimals.
    fn check(format: &NumberFormat, cases: &[(&str, Result<i64, &str>)]) {
        let caster = NumberCaster::new(format, Encoding::Utf8, 2, 999_999_999_999_999);
        for (cell, expected) in cases {
            let found = read(&caster, cell.as_bytes()).map_err(|fault| fault.code.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{cell}");
        }
    }

    #[test]
    fn signs_stand_in_every_declared_place_and_nowhere_else() {
        let mut danish = format(Some(b','), Some(b'.'), Negative::Leading);
        danish.negative.push(Negative::Trailing);
        let both = [("-1,00", Ok(-100)), ("1,00-", Ok(-100)), ("-1,00-", Err("M5102")), ("(1,00)", Err("M5102"))];
        check(&danish, &both);
        check(
            &danish,
            &[("--1,00", Err("M5102")), ("1,00--", Err("M5102")), ("-", Err("M5102")), ("--", Err("M5102"))],
        );
        check(&danish, &[("+1,00", Err("M5102")), ("1,00+", Err("M5102"))]);
        danish.plus = true;
        check(&danish, &[("+1,00", Ok(100)), ("1,00+", Ok(100)), ("+1,00+", Err("M5102")), ("+-1,00", Err("M5102"))]);
        danish.negative = vec![Negative::Parentheses];
        check(&danish, &[("+1,00", Ok(100)), ("1,00+", Err("M5102")), ("(+1,00)", Err("M5102")), ("(0)", Ok(0))]);
    }

    #[test]
    fn a_minus_is_the_declared_character() {
        let mut danish = format(Some(b','), Some(b'.'), Negative::Leading);
        check(&danish, &[("\u{2212}1,00", Err("M5102")), ("\u{2013}1,00", Err("M5102")), ("-1,00", Ok(-100))]);
        danish.minus = vec!['\u{2212}'];
        check(&danish, &[("\u{2212}1.234,00", Ok(-123_400)), ("-1,00", Err("M5102"))]);
        danish.minus = vec!['-', '\u{2013}'];
        let windows = NumberCaster::new(&danish, Encoding::Windows1252, 2, 1_000_000);
        assert_eq!(windows.cast(b"\x961,00"), Ok(-100));
        assert_eq!(windows.cast(b"-1,00"), Ok(-100));
    }

    #[test]
    fn padding_stands_between_sign_and_digits() {
        let mut padded = format(Some(b','), None, Negative::Leading);
        padded.negative.push(Negative::Trailing);
        check(&padded, &[("-   123,45", Err("M5102")), ("123,45 -", Err("M5102"))]);
        padded.padded = true;
        check(&padded, &[("-   123,45", Ok(-12_345)), ("123,45 -", Ok(-12_345)), ("- 12 3", Err("M5104"))]);
        check(&padded, &[("- ", Err("M5102")), (" 1,00", Err("M5102")), ("- - 1", Err("M5102"))]);
    }

    #[test]
    fn units_are_read_where_they_are_declared() {
        let mut units = format(Some(b','), Some(b'.'), Negative::Leading);
        units.suffixes = vec!["kr".to_owned(), "kr.".to_owned(), "%".to_owned()];
        units.prefixes = vec!["kr.".to_owned()];
        check(&units, &[("1.234,50 kr.", Ok(123_450)), ("1.234,50kr", Ok(123_450)), ("12,5 %", Ok(1_250))]);
        check(
            &units,
            &[("kr. -12", Ok(-1_200)), ("-kr. 12", Ok(-1_200)), ("-12\u{A0}kr.", Ok(-1_200)), ("12", Ok(1_200))],
        );
        check(&units, &[("12 kr. kr.", Err("M5102")), ("12 EUR", Err("M5102")), ("kr.", Err("M5102"))]);
        check(
            &units,
            &[("-kr. -12", Err("M5102")), ("12 KR", Err("M5102")), ("% 12", Err("M5102")), ("1.2 kr.", Err("M5104"))],
        );
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
            implied_decimals: if decimal.is_none() { implied } else { 0 },
            ..NumberFormat::plain(&[negative])
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
        Some(match (minor < 0, format.negative.as_slice()) {
            (false, _) => text,
            (true, [Negative::Trailing, ..]) => format!("{text}-"),
            (true, [Negative::Parentheses, ..]) => format!("({text})"),
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
                prop_assert_eq!(read(&caster, text.as_bytes()), Ok(minor), "{}", text);
            }
        }

        #[test]
        fn the_quick_way_reads_only_what_the_grammar_reads(
            text in "[-(]?[0-9]{0,4}([.,][0-9]{0,3}|[0-9.]{0,12}){0,4}[-)]?",
            format in any_format(),
            scale in 0u8..5,
        ) {
            // `read` compares the two ways.
            let caster = NumberCaster::new(&format, Encoding::Utf8, scale, 99_999_999);
            if let Ok(value) = read(&caster, text.as_bytes()) {
                prop_assert!(value.abs() < 100_000_000);
            }
        }

        #[test]
        fn any_bytes_are_a_number_or_a_fault(cell in proptest::collection::vec(any::<u8>(), 0..40), format in any_format()) {
            let caster = NumberCaster::new(&format, Encoding::Utf8, 2, 999_999);
            if let Ok(value) = read(&caster, &cell) {
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
            if let Ok(value) = read(&caster, text.as_bytes()) {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                let trimmed = |digits: &str| digits.trim_start_matches('0').trim_end_matches('0').to_owned();
                prop_assert_eq!(trimmed(&value.to_string()), trimmed(&digits));
            }
        }
    }
}
