//! Codes: looked up in their list at the row's own date, by the code itself or by a declared alias.

use std::sync::Arc;

use model::{Code, CodeIndex, CodeList, Date, Encoding, Lookup};

use super::fault::Fault;
use super::text::{decode, undecodable};

/// Slots of the cache of one field; a column of codes rarely has more than some hundred different ones.
const SLOTS: usize = 1024;

/// Reads the codes of one field.
pub(crate) struct CodeCaster {
    list: Arc<CodeList>,
    encoding: Encoding,
    /// Recent answers. The list hashes every spelling and searches the code's history; a slot is one comparison.
    cache: Vec<Slot>,
    text: String,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    /// The cell, with its length in the last byte; zero in an empty slot.
    cell: u128,
    day: i32,
    code: u32,
}

impl CodeCaster {
    /// For a column of codes of this list, in this encoding.
    pub(crate) fn new(list: Arc<CodeList>, encoding: Encoding) -> Self {
        Self { list, encoding, cache: vec![Slot::default(); SLOTS], text: String::new() }
    }

    /// The position of the cell's code in the list. Without a day (the row's own is unreadable, so that it is rejected
    /// anyway) any code of the list will do.
    #[inline]
    pub(crate) fn cast(&mut self, cell: &[u8], day: Option<i32>) -> Result<u32, Fault> {
        let Some((key, day)) = packed(cell).zip(day) else { return self.look_up(cell, day) };
        let at = slot(key, day);
        let known = self.cache[at];
        if known.cell == key && known.day == day {
            return Ok(known.code);
        }
        let code = self.look_up(cell, Some(day))?;
        self.cache[at] = Slot { cell: key, day, code };
        Ok(code)
    }

    fn look_up(&mut self, cell: &[u8], day: Option<i32>) -> Result<u32, Fault> {
        self.text.clear();
        decode(self.encoding, cell, &mut self.text).map_err(undecodable)?;
        let date = day.and_then(Date::from_days);
        let at =
            date.or_else(|| Date::from_days(0)).unwrap_or_else(|| unreachable!("1970 is within the type's bounds"));
        match (self.list.lookup(self.text.as_bytes(), at), date) {
            (Lookup::Known(CodeIndex(code)), _) | (Lookup::NotValid(CodeIndex(code)), None) => Ok(code),
            (Lookup::NotValid(code), Some(date)) => Err(self.not_valid(code, date)),
            (Lookup::Unknown, _) => {
                Err(Fault::new(Code::CODE_UNKNOWN, format!("is not in the code list `{}`", self.list.id)))
            }
        }
    }

    fn not_valid(&self, code: CodeIndex, date: Date) -> Fault {
        let list = &self.list.id;
        Fault::new(
            Code::CODE_NOT_VALID,
            format!("is `{}` of the code list `{list}`, which is not valid on {date}", self.list.code(code)),
        )
    }
}

/// A cell of at most 15 bytes as one number.
#[inline]
fn packed(cell: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..cell.len()).filter(|_| cell.len() < 16)?.copy_from_slice(cell);
    bytes[15] = u8::try_from(cell.len()).ok()? + 1;
    Some(u128::from_le_bytes(bytes))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a hash may lose bits")]
fn slot(key: u128, day: i32) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29) ^ u64::from(day.cast_unsigned());
    (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{CodeListBuilder, CodeListId, Text, Validity};

    use super::*;

    fn day(text: &str) -> i32 {
        Date::parse_iso(text).expect(text).days()
    }

    fn caster(encoding: Encoding) -> CodeCaster {
        let mut builder = CodeListBuilder::new();
        let from_2007 = Validity { from: Date::parse_iso("2007-01-01"), to: None };
        for (code, validity) in [("0101", Validity::default()), ("0751", from_2007)] {
            builder.row(code, Text::default(), validity, BTreeMap::new()).expect("a row");
        }
        for (alias, code) in [("101", "0101"), ("Århus", "0751"), ("En meget lang stavemåde", "0751")] {
            builder.alias(alias, code).expect("an alias");
        }
        let id = CodeListId::new("municipality").expect("an id");
        let list = builder.build(id, Text::default(), Text::default(), BTreeMap::new(), String::new()).expect("a list");
        CodeCaster::new(Arc::new(list), encoding)
    }

    #[test]
    fn codes_and_aliases_at_the_day() {
        let mut caster = caster(Encoding::Windows1252);
        let today = Some(day("2024-01-01"));
        for _ in 0..2 {
            let mut cast = |cell: &[u8], day| caster.cast(cell, day).map_err(|fault| fault.code);
            assert_eq!(cast(b"0101", today), Ok(0));
            assert_eq!(cast(b"101", today), Ok(0));
            assert_eq!(cast(b"\xC5rhus", today), Ok(1));
            assert_eq!(cast(b"En meget lang stavem\xE5de", today), Ok(1));
            assert_eq!(cast(b"0751", Some(day("2006-12-31"))), Err(Code::CODE_NOT_VALID));
            assert_eq!(cast(b"0751", None), Ok(1));
            assert_eq!(cast(b"1", None), Err(Code::CODE_UNKNOWN));
            assert_eq!(cast(b"", today), Err(Code::CODE_UNKNOWN));
            assert_eq!(cast(b"0101\0", today), Err(Code::CODE_UNKNOWN));
            assert_eq!(cast(b"\x81rhus", today), Err(Code::ENC_INVALID));
        }
    }

    #[test]
    fn decomposed_letters_are_the_same_code() {
        let mut caster = caster(Encoding::Utf8);
        assert_eq!(caster.cast("A\u{30A}rhus".as_bytes(), Some(day("2024-01-01"))), Ok(1));
    }
}
