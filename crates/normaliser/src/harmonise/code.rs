//! Codes: looked up in their list at the row's own date, by the code itself or by a declared alias.
//!
//! All spellings that fit a slot stand in a small table, packed as numbers, in the file's own encoding; a look-up is
//! one hash and mostly one comparison. Longer spellings, decomposed letters and codes with gaps in their history take
//! the way over the list itself, as do all codes that turn out not to be known or valid: it knows what to say.

use std::sync::Arc;

use model::{Code, CodeIndex, CodeList, Date, Encoding, Lookup};

use super::digits::Cell;
use super::fault::Fault;
use super::text::{decode, undecodable};

/// The longest spelling that fits a slot.
const SHORT: usize = 15;

/// Reads the codes of one field.
pub(crate) struct CodeCaster {
    list: Arc<CodeList>,
    /// A code of the list that the field may not have.
    without: Option<CodeIndex>,
    encoding: Encoding,
    /// A power of two of slots, at most half of them taken.
    slots: Vec<Slot>,
    /// How far a hash is shifted to give a slot.
    shift: u32,
}

/// A spelling, what it stands for, and the days on which it does.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// See [`packed`]; zero in an empty slot.
    key: u128,
    from: i32,
    /// The first day after.
    to: i32,
    code: u32,
}

impl CodeCaster {
    /// For a column of codes of this list but one, in this encoding.
    pub(crate) fn new(list: Arc<CodeList>, without: Option<CodeIndex>, encoding: Encoding) -> Self {
        let spellings = list.spellings().into_iter().filter(|(_, code)| Some(*code) != without);
        let spellings: Vec<Slot> = spellings.filter_map(|(text, code)| slot(&list, text, code, encoding)).collect();
        let bits = (spellings.len() * 2).next_power_of_two().max(2).ilog2();
        let mut caster =
            Self { list, without, encoding, slots: vec![Slot::default(); 1 << bits], shift: u64::BITS - bits };
        for spelling in spellings {
            let mut at = caster.first_slot(spelling.key);
            while caster.slots[at].key != 0 {
                at = (at + 1) & (caster.slots.len() - 1);
            }
            caster.slots[at] = spelling;
        }
        caster
    }

    /// The position of the cell's code in the list, if it stands in the table and is valid on the day.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>, day: i32) -> Option<u32> {
        let slot = self.find(packed(cell.head()?, cell.len())?)?;
        (slot.from..slot.to).contains(&day).then_some(slot.code)
    }

    /// Appends the code of one cell for all days, as long as it is valid on them; says how far it got.
    pub(crate) fn repeat(&self, cell: &[u8], days: &[i32], codes: &mut [u32]) -> usize {
        let mut padded = [0; 16];
        let Some(place) = padded.get_mut(..cell.len()) else { return 0 };
        place.copy_from_slice(cell);
        let Some(slot) = packed(u128::from_le_bytes(padded), cell.len()).and_then(|key| self.find(key)) else {
            return 0;
        };
        let valid = days.iter().take_while(|day| (slot.from..slot.to).contains(*day)).count();
        codes[..valid].fill(slot.code);
        valid
    }

    /// The position of the cell's code in the list. Without a day (the row's own is unreadable, so that it is rejected
    /// anyway) any code of the list will do.
    pub(crate) fn cast(&self, cell: &[u8], day: Option<i32>) -> Result<u32, Fault> {
        let mut text = String::new();
        decode(self.encoding, cell, &mut text).map_err(undecodable)?;
        let date = day.and_then(Date::from_days);
        let at =
            date.or_else(|| Date::from_days(0)).unwrap_or_else(|| unreachable!("1970 is within the type's bounds"));
        let found = match self.list.lookup(text.as_bytes(), at) {
            Lookup::Known(code) | Lookup::NotValid(code) if Some(code) == self.without => Lookup::Unknown,
            found => found,
        };
        match (found, date) {
            (Lookup::Known(CodeIndex(code)), _) | (Lookup::NotValid(CodeIndex(code)), None) => Ok(code),
            (Lookup::NotValid(code), Some(date)) => Err(self.not_valid(code, date)),
            (Lookup::Unknown, _) => {
                Err(Fault::new(Code::CODE_UNKNOWN, format!("is not in the code list `{}`", self.list.id)))
            }
        }
    }

    #[inline]
    fn find(&self, key: u128) -> Option<&Slot> {
        let mask = self.slots.len() - 1;
        let mut at = self.first_slot(key);
        loop {
            let slot = &self.slots[at & mask];
            if slot.key == key {
                return Some(slot);
            }
            if slot.key == 0 {
                return None;
            }
            at += 1;
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a hash may lose bits")]
    fn first_slot(&self, key: u128) -> usize {
        let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
        (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    fn not_valid(&self, code: CodeIndex, date: Date) -> Fault {
        let list = &self.list.id;
        Fault::new(
            Code::CODE_NOT_VALID,
            format!("is `{}` of the code list `{list}`, which is not valid on {date}", self.list.code(code)),
        )
    }
}

/// The slot of a spelling; `None` if it does not fit one, or can stand in no cell of the encoding.
fn slot(list: &CodeList, spelling: &str, code: CodeIndex, encoding: Encoding) -> Option<Slot> {
    let cell = encoding.encode(spelling)?;
    // What is not as a prepared and decoded cell would be is left to the list.
    let mut read = String::new();
    decode(encoding, &cell, &mut read).ok().filter(|()| read == spelling && cell.trim_ascii().len() == cell.len())?;
    if cell.is_empty() {
        return None;
    }
    let (from, to) = first_stretch(list, code)?;
    let mut padded = [0; 16];
    padded.get_mut(..cell.len())?.copy_from_slice(&cell);
    Some(Slot { key: packed(u128::from_le_bytes(padded), cell.len())?, from, to, code: code.0 })
}

/// The days from the first on which the code is valid to the first on which it is not.
fn first_stretch(list: &CodeList, code: CodeIndex) -> Option<(i32, i32)> {
    let day = |date: Option<Date>, open: i32| date.map_or(open, Date::days);
    let mut stretches =
        list.validities(code).map(|validity| (day(validity.from, i32::MIN), day(validity.to, i32::MAX)));
    let (from, mut to) = stretches.next()?;
    for (next_from, next_to) in stretches {
        if next_from == to {
            to = next_to;
        }
    }
    Some((from, to))
}

/// The bytes of a cell of at most 15, with its length in the last one: no cell is zero, and none equals another.
#[inline]
fn packed(head: u128, length: usize) -> Option<u128> {
    (length <= SHORT).then(|| head | (length as u128 + 1) << 120)
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
        CodeCaster::new(Arc::new(list), None, encoding)
    }

    #[test]
    fn codes_and_aliases_at_the_day() {
        let caster = caster(Encoding::Windows1252);
        let today = Some(day("2024-01-01"));
        for _ in 0..2 {
            let cast = |cell: &[u8], day| {
                let buffer = [cell, b"0123456789012345"].concat();
                let slow = caster.cast(cell, day).map_err(|fault| fault.code);
                let quick = day.and_then(|day| caster.quick(Cell::new(&buffer, 0, cell.len()), day));
                assert!(quick.is_none_or(|code| slow == Ok(code)), "{}", cell.escape_ascii());
                let mut codes = [9; 2];
                let repeated = day.map_or(0, |day| caster.repeat(cell, &[day, day], &mut codes));
                assert!(codes[..repeated].iter().all(|code| slow == Ok(*code)) && (repeated == 2) == quick.is_some());
                slow
            };
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
        let caster = caster(Encoding::Utf8);
        assert_eq!(caster.cast("A\u{30A}rhus".as_bytes(), Some(day("2024-01-01"))), Ok(1));
    }
}
