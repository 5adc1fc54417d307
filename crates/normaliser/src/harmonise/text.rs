//! Text: decoded, trimmed, in normal form C, matched against its pattern, and masked where it is free.
//!
//! Texts of a strip of rows are collected as bytes and become text together, which checks them once and quickly.
//! ASCII is copied eight bytes at a time; the single-byte code pages have a table for what stands between. Only UTF-8
//! beyond ASCII, patterns beyond ASCII, blanks of odd kinds, what may have to be masked and what seems to be in another
//! encoding take the way over [`TextCaster::cast`].

use std::borrow::Cow;

use model::{Code, DecodeError, Encoding, Field, Refusal, TextData, redact};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::digits::{Cell, are_eight_digits_at, count_digits, first_of_eight};
use super::fault::Fault;
use super::notice::{RemarkIndex, Remarks};
use super::pattern::Pattern;

/// The fewest digits that a personal identification number is written with.
const FEWEST_DIGITS: usize = 9;

/// Reads the texts of one field.
#[derive(Debug, Clone)]
pub(crate) struct TextCaster {
    encoding: Encoding,
    /// What each byte stands for; none in UTF-8, where a byte alone stands for nothing.
    table: Option<Box<[Letter; 256]>>,
    pattern: Option<Pattern>,
    masked: bool,
}

/// The character of one byte.
#[derive(Debug, Clone, Copy, Default)]
struct Letter {
    /// In UTF-8.
    bytes: [u8; 4],
    /// How many of them; none, if the byte is no character.
    length: u8,
    /// Whether it is a blank, which is not kept at either end.
    blank: bool,
    /// Whether it can be a sign of another encoding.
    suspect: bool,
}

/// What is worth knowing of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TextFindings {
    /// Something in it was masked.
    pub(crate) masked: bool,
    /// It looks as if it were in another encoding than the file, or had been encoded twice.
    pub(crate) mixed: bool,
}

/// What can be said about the texts of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRemarks {
    pub(crate) masked: RemarkIndex,
    pub(crate) mixed: RemarkIndex,
}

impl TextRemarks {
    /// Remarks what was found in a row of the current strip.
    #[inline]
    pub(crate) fn note(self, found: TextFindings, row: usize, remarks: &mut Remarks) {
        if found.masked {
            remarks.note(self.masked, row);
        }
        if found.mixed {
            remarks.note(self.mixed, row);
        }
    }
}

/// Texts of so many digits and nothing else, as most identifiers are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FewDigits {
    length: usize,
    mask: u64,
}

/// Texts on their way: room that is used again for every strip.
#[derive(Default)]
pub(crate) struct TextStrip {
    /// The texts, and room behind them that is never cleared.
    bytes: Vec<u8>,
    /// Where the texts end and the room begins.
    used: usize,
    ends: Vec<u32>,
    /// Room for one text.
    text: String,
}

impl TextStrip {
    /// Forgets all texts.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.ends.clear();
    }

    /// Ends the text of a row; a row without one has an empty text.
    #[inline]
    pub(crate) fn close(&mut self) {
        self.ends.push(u32::try_from(self.used).expect("a batch's text stays below 4 GiB"));
    }

    /// Appends the texts to their column.
    pub(crate) fn move_to(&mut self, texts: &mut TextData) {
        let all = simdutf8::basic::from_utf8(&self.bytes[..self.used]);
        texts.append(all.unwrap_or_else(|_| unreachable!("only texts are appended")), &self.ends);
    }

    /// So many bytes behind the texts, with any content.
    #[inline]
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.bytes.len() - self.used < length {
            self.grow(length);
        }
        &mut self.bytes[self.used..]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        self.bytes.resize((self.used + length).next_power_of_two(), 0);
    }

    fn push(&mut self, text: &[u8]) {
        self.room(text.len())[..text.len()].copy_from_slice(text);
        self.used += text.len();
    }
}

impl FewDigits {
    /// Appends the cell if it is such a text.
    #[inline]
    pub(crate) fn quick(self, cell: Cell<'_>, out: &mut TextStrip) -> bool {
        let Some(word) = cell.eight() else { return false };
        if cell.len() != self.length || !are_eight_digits_at(word, self.mask) {
            return false;
        }
        out.room(8)[..8].copy_from_slice(&word.to_le_bytes());
        out.used += self.length;
        true
    }
}

impl TextCaster {
    /// Compiles the field's pattern.
    pub(crate) fn new(field: &Field, encoding: Encoding) -> Result<Self, Refusal> {
        let pattern = field.pattern.as_deref().map(Pattern::new).transpose()?;
        Ok(Self { encoding, table: letters(encoding), pattern, masked: field.masked })
    }

    /// The texts of few digits that are all that the pattern allows.
    pub(crate) fn few_digits(&self) -> Option<FewDigits> {
        let length = self.pattern.as_ref()?.digits().filter(|length| (1..=8).contains(length))?;
        Some(FewDigits { length, mask: first_of_eight(length) })
    }

    /// Whether there is no pattern.
    pub(crate) fn is_free(&self) -> bool {
        self.pattern.is_none()
    }

    /// Appends the text of a cell in the usual dress. `false`, with nothing appended, if it wears another one.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>, out: &mut TextStrip) -> bool {
        match &self.pattern {
            Some(pattern) if !cell.is_ascii() || !pattern.quick(cell) => false,
            _ => self.quick_free(cell, out),
        }
    }

    /// The same without a look at the pattern.
    ///
    /// Eight bytes are written at once; where a foreign letter is among them, it is written over by what the table has
    /// for it, and the next eight begin behind it.
    #[inline]
    pub(crate) fn quick_free(&self, cell: Cell<'_>, out: &mut TextStrip) -> bool {
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let length = cell.len();
        // Each letter has room for the longest, and a word and a letter behind the last one do no harm.
        let room = out.room(3 * length + 8);
        let (mut from, mut to, mut digits) = (0, 0, 0);
        let (mut foreign, mut suspect) = (false, false);
        while from < length {
            let eight = (length - from).min(8);
            let word = cell.eight_from(from);
            room[to..to + 8].copy_from_slice(&word.to_le_bytes());
            let high = word & HIGH;
            let plain = if high == 0 { eight } else { high.trailing_zeros() as usize / 8 };
            digits += count_digits(word & first_of_eight(plain));
            (from, to) = (from + plain, to + plain);
            if high != 0 {
                let Some(table) = &self.table else { return false };
                let letter = &table[(word >> (8 * plain) & 0xFF) as usize];
                if letter.length == 0 {
                    return false;
                }
                room[to..to + 4].copy_from_slice(&letter.bytes);
                (from, to) = (from + 1, to + usize::from(letter.length));
                foreign = true;
                suspect |= letter.suspect;
            }
        }
        if (foreign && self.has_blank_ends(cell)) || (self.masked && digits >= FEWEST_DIGITS) || length == 0 {
            return false;
        }
        if suspect && self.encoding.looks_foreign(cell.bytes()) {
            return false;
        }
        out.used += to;
        true
    }

    /// Whether a text of a code page begins or ends with a blank, whichever blank it is.
    fn has_blank_ends(&self, cell: Cell<'_>) -> bool {
        let blank = |byte: u8| self.table.as_ref().is_some_and(|table| table[usize::from(byte)].blank);
        cell.at(0).is_some_and(blank) || cell.last().is_some_and(blank)
    }

    /// Appends the text of the cell; says what is worth knowing of it. On a fault nothing is appended.
    pub(crate) fn cast(&self, cell: &[u8], out: &mut TextStrip) -> Result<TextFindings, Fault> {
        let mut decoded = std::mem::take(&mut out.text);
        decoded.clear();
        let found = self.append(cell, &mut decoded, out);
        out.text = decoded;
        found
    }

    /// The same; `decoded` is room for the text.
    fn append(&self, cell: &[u8], decoded: &mut String, out: &mut TextStrip) -> Result<TextFindings, Fault> {
        decode(self.encoding, cell, decoded).map_err(undecodable)?;
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.matches(decoded)) {
            return Err(Fault::new(Code::PATTERN_MISMATCH, "does not match the field's pattern"));
        }
        let text = if self.masked { redact(decoded) } else { Cow::Borrowed(decoded.as_str()) };
        out.push(text.as_bytes());
        let mixed = !cell.is_ascii() && self.encoding.looks_foreign(cell);
        Ok(TextFindings { masked: matches!(text, Cow::Owned(_)), mixed })
    }
}

/// The table of a single-byte code page.
fn letters(encoding: Encoding) -> Option<Box<[Letter; 256]>> {
    if encoding == Encoding::Utf8 {
        return None;
    }
    let letter = |byte: u8| {
        let mut text = String::new();
        let known = encoding.decode_into(&[byte], &mut text);
        let c = text.chars().next().filter(|c| known.is_ok() && c.len_utf8() == text.len())?;
        let length = u8::try_from(c.len_utf8()).ok()?;
        let suspect = encoding.is_sign_of_another(byte);
        let mut letter = Letter { length, blank: c.is_whitespace(), bytes: [0; 4], suspect };
        c.encode_utf8(&mut letter.bytes);
        // A fourth byte would have no room; no code page needs one.
        (letter.length < 4).then_some(letter)
    };
    let mut table = Box::new([Letter::default(); 256]);
    for (byte, place) in (0..=u8::MAX).zip(table.iter_mut()) {
        *place = letter(byte).unwrap_or_default();
    }
    Some(table)
}

/// Appends the text of the bytes, without blanks around it and in normal form C; `out` is as before on an error.
pub(crate) fn decode(encoding: Encoding, bytes: &[u8], out: &mut String) -> Result<(), DecodeError> {
    let start = out.len();
    encoding.decode_into(bytes, out)?;
    if !bytes.is_ascii() {
        let text = out[start..].trim();
        // A single-byte code page has no combining marks, so that its text is in normal form already.
        let normal = encoding != Encoding::Utf8 || is_nfc(text);
        if text.len() != out.len() - start || !normal {
            let normal: String = text.nfc().collect();
            out.truncate(start);
            out.push_str(&normal);
        }
    }
    Ok(())
}

/// What to say about bytes that are no text.
pub(crate) fn undecodable(error: DecodeError) -> Fault {
    Fault::new(Code::ENC_INVALID, format!("cannot be decoded: {error}"))
}

#[cfg(test)]
mod tests {
    use model::{FieldName, FieldType, Text};
    use proptest::prelude::*;

    use super::*;

    fn field(pattern: Option<&str>) -> Field {
        Field {
            name: FieldName::new("text").expect("a name"),
            title: Text::default(),
            ty: FieldType::Text,
            unit: None,
            required: false,
            pattern: pattern.map(str::to_owned),
            range: None,
            masked: pattern.is_none(),
        }
    }

    fn cast(pattern: Option<&str>, encoding: Encoding, cell: &[u8]) -> Result<(String, bool), String> {
        let caster = TextCaster::new(&field(pattern), encoding).expect("a pattern");
        let mut strip = TextStrip::default();
        strip.push(b"before");
        strip.close();
        let outcome = caster.cast(cell, &mut strip).map_err(|fault| fault.code.to_string());
        strip.close();
        let buffer = [cell, b"01234567890123456"].concat();
        let quick = caster.quick(Cell::new(&buffer, 0, cell.len()), &mut strip);
        strip.close();
        let mut out = TextData::default();
        strip.move_to(&mut out);
        assert_eq!(out.get(0), "before");
        if quick {
            assert_eq!(outcome, Ok(TextFindings::default()), "the quick way reads nothing that is worth a remark");
            assert_eq!(out.get(1), out.get(2));
        } else {
            assert_eq!(out.get(2), "");
        }
        outcome.map(|findings| (out.get(1).to_owned(), findings.masked)).inspect_err(|_| assert_eq!(out.get(1), ""))
    }

    proptest! {
        #[test]
        fn both_ways_make_the_same_text(
            cell in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "[a-zæøå 0-9.-]{0,40}".prop_map(|text| Encoding::Windows1252.encode(&text).unwrap_or_default()),
                "[a-z ]{0,6}[0-9]{5,11}[ -]?[0-9]{0,5}[a-z ]{0,6}".prop_map(String::into_bytes),
            ],
            pattern in prop_oneof![Just(None), Just(Some("[0-9]{8}")), Just(Some("[a-z]{1,9}[0-9]*"))],
            encoding in prop_oneof![Just(Encoding::Utf8), Just(Encoding::Windows1252), Just(Encoding::Iso8859_1), Just(Encoding::Cp865)],
        ) {
            // `cast` compares the two.
            if let Ok((text, _)) = cast(pattern, encoding, cell.trim_ascii()) {
                prop_assert!(is_nfc(&text));
            }
        }
    }

    #[test]
    fn texts_are_decoded_and_normalised() {
        let plain = |text: &str| Ok((text.to_owned(), false));
        assert_eq!(cast(None, Encoding::Windows1252, b"L\xF8n"), plain("Løn"));
        assert_eq!(cast(None, Encoding::Utf8, "A\u{30A}rhus".as_bytes()), plain("Århus"));
        assert_eq!(cast(None, Encoding::Utf8, "\u{A0}Ærø\u{A0}".as_bytes()), plain("Ærø"));
        assert_eq!(cast(None, Encoding::Utf8, b"=1+1; DROP TABLE"), plain("=1+1; DROP TABLE"));
        let combining = format!("a{}", "\u{301}".repeat(10_000));
        assert!(cast(None, Encoding::Utf8, combining.as_bytes()).is_ok());
        assert_eq!(cast(None, Encoding::Utf8, b"L\xF8n"), Err("M5006".to_owned()));
        assert_eq!(cast(None, Encoding::Windows1252, b"L\x81n"), Err("M5006".to_owned()));
        assert_eq!(cast(None, Encoding::Iso8859_1, b"\x93L\x94"), Err("M5006".to_owned()));
    }

    #[test]
    fn the_whole_text_matches_the_pattern() {
        for (pattern, good, bad) in [
            ("[0-9]{8}", "00001234", ["0000123", "000012345", "0000123x"]),
            ("[0-9]{1,2}[A-Z]", "5A", ["5", "5AA", "x5A"]),
            ("a|b", "b", ["ab", "xb", "b\n"]),
        ] {
            assert_eq!(cast(Some(pattern), Encoding::Utf8, good.as_bytes()), Ok((good.to_owned(), false)));
            for text in bad {
                assert_eq!(cast(Some(pattern), Encoding::Utf8, text.as_bytes()), Err("M5109".to_owned()), "{text}");
            }
        }
        for pattern in ["(", "((a{1000}){1000}){1000}"] {
            let refusal = TextCaster::new(&field(Some(pattern)), Encoding::Utf8).map(|_| ()).map_err(|r| r.code);
            assert_eq!(refusal, Err(Code::INVALID_PATTERN));
        }
    }

    #[test]
    fn free_text_is_masked() {
        let cell = "Refusion 710190-1234 Åse".as_bytes();
        assert_eq!(cast(None, Encoding::Utf8, cell), Ok(("Refusion [redacted] Åse".to_owned(), true)));
    }
}
