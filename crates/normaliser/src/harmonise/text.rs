//! Text: decoded, trimmed, in normal form C, matched against its pattern, and masked where it is free.
//!
//! Texts of a strip of rows are collected as bytes and become text together, which checks them once and quickly.
//! ASCII is copied as it is; the single-byte code pages have a table. Only UTF-8 beyond ASCII, patterns beyond ASCII,
//! blanks of odd kinds, what may have to be masked and what seems to be in another encoding take the way over [`TextCaster::cast`].

use std::borrow::Cow;

use model::{Code, DecodeError, Encoding, Field, Refusal, TextData, redact};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::digits::Cell;
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

/// Texts on their way: room that is used again for every strip.
#[derive(Default)]
pub(crate) struct TextStrip {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    /// Room for one text.
    text: String,
}

impl TextStrip {
    /// Forgets all texts.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Ends the text of a row; a row without one has an empty text.
    #[inline]
    pub(crate) fn close(&mut self) {
        self.ends.push(u32::try_from(self.bytes.len()).expect("a batch's text stays below 4 GiB"));
    }

    /// Appends the texts to their column.
    pub(crate) fn move_to(&mut self, texts: &mut TextData) {
        let all = std::str::from_utf8(&self.bytes);
        texts.append(all.unwrap_or_else(|_| unreachable!("only texts are appended")), &self.ends);
    }
}

impl TextCaster {
    /// Compiles the field's pattern.
    pub(crate) fn new(field: &Field, encoding: Encoding) -> Result<Self, Refusal> {
        let pattern = field.pattern.as_deref().map(Pattern::new).transpose()?;
        Ok(Self { encoding, table: letters(encoding), pattern, masked: field.masked })
    }

    /// Appends the text of a cell in the usual dress. `false`, with nothing appended, if it wears another one.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>, out: &mut TextStrip) -> bool {
        let bytes = cell.bytes();
        if self.masked && bytes.len() >= FEWEST_DIGITS && digits(bytes) >= FEWEST_DIGITS {
            return false;
        }
        if !cell.is_ascii() {
            return self.pattern.is_none() && self.foreign(bytes, &mut out.bytes);
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.quick(cell)) {
            return false;
        }
        cell.copy_to(&mut out.bytes);
        true
    }

    /// Appends the text of the cell; says what is worth knowing of it. On a fault nothing is appended.
    pub(crate) fn cast(&self, cell: &[u8], out: &mut TextStrip) -> Result<TextFindings, Fault> {
        out.text.clear();
        decode(self.encoding, cell, &mut out.text).map_err(undecodable)?;
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.matches(&out.text)) {
            return Err(Fault::new(Code::PATTERN_MISMATCH, "does not match the field's pattern"));
        }
        let text = if self.masked { redact(&out.text) } else { Cow::Borrowed(out.text.as_str()) };
        out.bytes.extend_from_slice(text.as_bytes());
        let mixed = !cell.is_ascii() && self.encoding.looks_foreign(cell);
        Ok(TextFindings { masked: matches!(text, Cow::Owned(_)), mixed })
    }

    /// Appends the text of a cell that is not ASCII: every such cell that a single-byte code page has a table for.
    fn foreign(&self, cell: &[u8], out: &mut Vec<u8>) -> bool {
        let Some(table) = &self.table else { return false };
        let letter = |byte: &u8| table[usize::from(*byte)];
        if cell.first().is_some_and(|byte| letter(byte).blank) || cell.last().is_some_and(|byte| letter(byte).blank) {
            return false;
        }
        let before = out.len();
        // Each letter is written with room for the longest, and the next one begins where it really ends.
        out.resize(before + 3 * cell.len() + 1, 0);
        let (mut at, mut whole, mut suspect) = (before, true, false);
        for eight in cell.chunks(8) {
            if eight.len() == 8 && eight.is_ascii() {
                out[at..at + 8].copy_from_slice(eight);
                at += 8;
                continue;
            }
            for byte in eight {
                let letter = letter(byte);
                out[at..at + 4].copy_from_slice(&letter.bytes);
                at += usize::from(letter.length);
                whole &= letter.length > 0;
                suspect |= letter.suspect;
            }
        }
        whole &= !suspect || !self.encoding.looks_foreign(cell);
        out.truncate(if whole { at } else { before });
        whole
    }
}

#[inline]
fn digits(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_digit()).count()
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
        strip.bytes.extend_from_slice(b"before");
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
