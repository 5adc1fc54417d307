//! Personal identification numbers: read, classified, and replaced by a keyed pseudonym before anything else sees them.
//!
//! The number itself lives in a local array and, keyed by nothing that leaves the process, in a small cache. It is in
//! no reason, no notice, no error and no `Debug` output. Modulus 11 is not required: numbers without it are issued.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use model::{Code, Fingerprint, MunicipalityCode};
use sha2::Sha256;

use super::fault::Fault;

const KEY_PURPOSE: &[u8] = b"musketer person key v1";
const CHECK_PURPOSE: &[u8] = b"musketer key check v1";
const SLOTS: usize = 1 << 14;

/// The master key of all pseudonyms. Every municipality has a key of its own, so that their rows cannot be joined by
/// person.
#[derive(Clone)]
pub struct PersonKeys {
    master: Hmac<Sha256>,
}

impl PersonKeys {
    /// Keeps a key of any length.
    pub fn new(master: &[u8]) -> Self {
        Self { master: keyed(master) }
    }

    /// Tells one key from another without giving it away: a hash that is keyed with it. With another key, rows about
    /// persons have to be read again.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut mac = self.master.clone();
        mac.update(CHECK_PURPOSE);
        Fingerprint::of(&mac.finalize().into_bytes())
    }

    fn of(&self, municipality: MunicipalityCode) -> Hmac<Sha256> {
        let mut mac = self.master.clone();
        mac.update(KEY_PURPOSE);
        mac.update(municipality.to_string().as_bytes());
        keyed(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for PersonKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKeys")
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of every length"))
}

/// What kind of number a person was delivered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PersonClass {
    /// Day plus 60: a person without a registered number.
    pub(crate) replacement: bool,
    /// The leading zero was lost and put back.
    pub(crate) repaired: bool,
}

impl PersonClass {
    /// The word in the class column.
    pub(crate) fn word(self) -> &'static str {
        match (self.replacement, self.repaired) {
            (false, false) => "real",
            (true, false) => "replacement",
            (false, true) => "real_repaired",
            (true, true) => "replacement_repaired",
        }
    }
}

/// The ten digits. Never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Number([u8; 10]);

impl Number {
    /// As a number of 34 bits.
    fn packed(self) -> u64 {
        self.0.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'))
    }
}

/// Reads the persons of one field.
pub(crate) struct PersonCaster {
    keys: PersonKeys,
}

/// What one thread remembers of the persons it has seen. Without `Debug`: it has seen numbers.
pub(crate) struct PersonMemory {
    /// The municipalities seen so far, each with its key.
    known: Vec<(MunicipalityCode, Hmac<Sha256>)>,
    /// The position in `known` of the municipality that was asked for last.
    current: usize,
    cache: Vec<Slot>,
}

/// A pseudonym made before. A person has many rows in one delivery, a keyed hash costs more than the rest of the row.
#[derive(Clone, Copy)]
struct Slot {
    /// The number and the position of the municipality; zero in an empty slot, as no number has day 0.
    key: u64,
    pseudonym: [u8; 32],
}

impl PersonCaster {
    /// Pseudonyms under these keys.
    pub(crate) fn new(keys: &PersonKeys) -> Self {
        Self { keys: keys.clone() }
    }

    /// The pseudonym, 32 hexadecimal digits, and what kind of number it stands for.
    #[inline]
    pub(crate) fn cast<'m>(
        &self,
        cell: &[u8],
        municipality: MunicipalityCode,
        memory: &'m mut PersonMemory,
    ) -> Result<(&'m str, PersonClass), Fault> {
        let (number, class) = parse(cell)
            .ok_or_else(|| Fault::new(Code::PERSON_INVALID, "is no personal identification number; it is not shown"))?;
        if memory.known.get(memory.current).is_none_or(|(known, _)| *known != municipality) {
            memory.change_to(municipality, &self.keys);
        }
        let key = number.packed() | (memory.current as u64) << 34;
        let at = usize::try_from(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50).unwrap_or(0) % SLOTS;
        if memory.cache[at].key != key {
            memory.cache[at] = Slot { key, pseudonym: pseudonym(&memory.known[memory.current].1, number) };
        }
        let text = std::str::from_utf8(&memory.cache[at].pseudonym);
        Ok((text.unwrap_or_else(|_| unreachable!("hexadecimal digits are ASCII")), class))
    }
}

impl PersonMemory {
    /// Nobody seen yet.
    pub(crate) fn new() -> Self {
        Self { known: Vec::new(), current: 0, cache: vec![Slot { key: 0, pseudonym: [0; 32] }; SLOTS] }
    }

    fn change_to(&mut self, municipality: MunicipalityCode, keys: &PersonKeys) {
        self.current = self.known.iter().position(|(known, _)| *known == municipality).unwrap_or(self.known.len());
        if self.current == self.known.len() {
            self.known.push((municipality, keys.of(municipality)));
        }
    }
}

fn pseudonym(key: &Hmac<Sha256>, number: Number) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(&number.0);
    let digest = mac.finalize().into_bytes();
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest) {
        pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
        pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
    }
    text
}

/// Ten digits, or nine that lost the leading zero; a hyphen or a blank may stand before the last four.
fn parse(cell: &[u8]) -> Option<(Number, PersonClass)> {
    let mut digits = [b'0'; 10];
    let (birth, serial) = match cell.len() {
        9 | 10 if cell.iter().all(u8::is_ascii_digit) => cell.split_at(cell.len() - 4),
        10 | 11 if matches!(cell[cell.len() - 5], b'-' | b' ') => (&cell[..cell.len() - 5], &cell[cell.len() - 4..]),
        _ => return None,
    };
    digits[6 - birth.len()..6].copy_from_slice(birth);
    digits[6..].copy_from_slice(serial);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let two = |at: usize| (digits[at] - b'0') * 10 + (digits[at + 1] - b'0');
    let replacement = match two(0) {
        1..=31 => false,
        61..=91 => true,
        _ => return None,
    };
    let class = PersonClass { replacement, repaired: birth.len() == 5 };
    matches!(two(2), 1..=12).then_some((Number(digits), class))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUNICIPALITY: &str = "0751";

    fn municipality(code: &str) -> MunicipalityCode {
        MunicipalityCode::new(code).expect("a code")
    }

    fn cast(cell: &str) -> Result<(String, &'static str), String> {
        let caster = PersonCaster::new(&PersonKeys::new(b"a key for tests"));
        let mut memory = PersonMemory::new();
        let outcome = caster.cast(cell.as_bytes(), municipality(MUNICIPALITY), &mut memory);
        outcome
            .map(|(text, class)| (text.to_owned(), class.word()))
            .map_err(|fault| format!("{} {}", fault.code, fault.what))
    }

    #[test]
    fn every_spelling_is_the_same_person() {
        let (pseudonym, class) = cast("7101901234").expect("a replacement number");
        assert_eq!((pseudonym.len(), class), (32, "replacement"));
        for spelling in ["710190-1234", "710190 1234"] {
            assert_eq!(cast(spelling), Ok((pseudonym.clone(), "replacement")));
        }
        // Day 9, year 99, serial 0000: never issued.
        let whole = cast("0902990000").expect("a number");
        assert_eq!(whole.1, "real");
        for short in ["902990000", "90299-0000", "90299 0000"] {
            assert_eq!(cast(short), Ok((whole.0.clone(), "real_repaired")), "{short}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_shown() {
        for cell in [
            "",
            "1",
            "710190-123",
            "71019012345",
            "7101901O34",
            "710190-A123",
            "9901901234",
            "0001901234",
            "7113901234",
            "7100901234",
            "710190/1234",
            "7101 901234",
            "-101901234",
            "71019-01234",
            "３101901234",
        ] {
            let error = cast(cell).expect_err(cell);
            assert!(error.starts_with("M5111") && (cell.len() < 4 || !error.contains(cell)), "{error}");
        }
    }

    #[test]
    fn pseudonyms_differ_between_municipalities_and_keys() {
        let pseudonym = |key: &[u8], code: &str| {
            let (caster, mut memory) = (PersonCaster::new(&PersonKeys::new(key)), PersonMemory::new());
            caster.cast(b"7101901234", municipality(code), &mut memory).map(|(text, _)| text.to_owned())
        };
        assert_ne!(pseudonym(b"k", "0751"), pseudonym(b"k", "0101"));
        assert_ne!(pseudonym(b"k", "0751"), pseudonym(b"l", "0751"));
        let (caster, mut memory) = (PersonCaster::new(&PersonKeys::new(b"k")), PersonMemory::new());
        for code in ["0751", "0101", "0751"] {
            let text = caster.cast(b"7101901234", municipality(code), &mut memory).map(|(text, _)| text.to_owned());
            assert_eq!(text, pseudonym(b"k", code), "a change of municipality changes the key");
        }
    }

    #[test]
    fn the_pseudonym_is_as_documented() {
        let first = keyed(b"master").chain_update(b"musketer person key v10751").finalize().into_bytes();
        let second = keyed(&first).chain_update(b"7101901234").finalize().into_bytes();
        let expected: String = second[..16].iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let (caster, mut memory) = (PersonCaster::new(&PersonKeys::new(b"master")), PersonMemory::new());
        let found =
            caster.cast(b"710190-1234", municipality(MUNICIPALITY), &mut memory).map(|(text, _)| text.to_owned());
        assert_eq!(found, Ok(expected));
        assert_eq!(format!("{:?}", PersonKeys::new(b"master")), "PersonKeys");
    }
}
