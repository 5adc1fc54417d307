//! Text: decoded, trimmed, in normal form C, matched against its pattern, and masked where it is free.

use std::borrow::Cow;

use model::{Code, DecodeError, Encoding, Field, Refusal, TextData, redact};
use regex::{Regex, RegexBuilder};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::fault::Fault;

/// The compiled size of a pattern; larger ones are refused.
const PATTERN_BYTES: usize = 1 << 20;

/// Reads the texts of one field.
#[derive(Debug, Clone)]
pub(crate) struct TextCaster {
    encoding: Encoding,
    pattern: Option<Pattern>,
    masked: bool,
}

/// A pattern that the whole text must match. Fixed numbers of digits are so common that they skip the regex engine.
#[derive(Debug, Clone)]
enum Pattern {
    Digits(usize),
    Regex(Regex),
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, Refusal> {
        let fixed = pattern.strip_prefix("[0-9]{").and_then(|rest| rest.strip_suffix('}'));
        if let Some(length) = fixed.and_then(|length| length.parse().ok()) {
            return Ok(Self::Digits(length));
        }
        let whole = format!(r"\A(?:{pattern})\z");
        let regex = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES).nest_limit(50).build();
        regex.map(Self::Regex).map_err(|_| {
            Refusal::new(Code::INVALID_PATTERN, format!("`{pattern}` is no regular expression, or too large a one"))
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Digits(length) => text.len() == *length && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl TextCaster {
    /// Compiles the field's pattern.
    pub(crate) fn new(field: &Field, encoding: Encoding) -> Result<Self, Refusal> {
        let pattern = field.pattern.as_deref().map(Pattern::new).transpose()?;
        Ok(Self { encoding, pattern, masked: field.masked })
    }

    /// Appends the text of the cell; says whether something in it was masked. On a fault nothing is appended.
    pub(crate) fn cast(&self, cell: &[u8], out: &mut TextData) -> Result<bool, Fault> {
        let start = out.buffered();
        let buffer = out.open();
        decode(self.encoding, cell, buffer).map_err(undecodable)?;
        let text = &buffer[start..];
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.matches(text)) {
            out.cut(start);
            return Err(Fault::new(Code::PATTERN_MISMATCH, "does not match the field's pattern"));
        }
        let masked = match if self.masked { redact(text) } else { Cow::Borrowed(text) } {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        };
        if let Some(masked) = &masked {
            buffer.truncate(start);
            buffer.push_str(masked);
        }
        out.close();
        Ok(masked.is_some())
    }
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
        let mut out = TextData::default();
        out.push("before");
        let outcome = caster.cast(cell, &mut out).map_err(|fault| fault.code.to_string());
        assert_eq!(out.get(0), "before");
        outcome.map(|masked| (out.get(1).to_owned(), masked)).inspect_err(|_| assert_eq!(out.buffered(), 6))
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
