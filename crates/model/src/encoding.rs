//! Decoding of cells. Every encoding here agrees with ASCII in the lower half, so structure is found in raw bytes and
//! only text with a byte above 0x7F is ever decoded.

use std::sync::OnceLock;

use crate::Encoding;

/// Bytes that are no text in the declared encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the byte 0x{byte:02X} at position {offset} is no {} text", encoding.label())]
pub struct DecodeError {
    /// The first byte that is wrong.
    pub byte: u8,
    /// Its position, from 0.
    pub offset: usize,
    /// The declared encoding.
    pub encoding: Encoding,
}

type UpperHalf = [Option<char>; 128];

/// The byte at a position of the upper half.
fn upper(position: usize) -> u8 {
    0x80 | u8::try_from(position & 0x7F).unwrap_or(0)
}

fn table(encoding: Encoding) -> &'static UpperHalf {
    static WINDOWS_1252: OnceLock<UpperHalf> = OnceLock::new();
    static ISO_8859_1: OnceLock<UpperHalf> = OnceLock::new();
    static ISO_8859_15: OnceLock<UpperHalf> = OnceLock::new();
    static CP850: OnceLock<UpperHalf> = OnceLock::new();
    static CP865: OnceLock<UpperHalf> = OnceLock::new();
    // The WHATWG tables give the five bytes that Windows-1252 leaves open the control characters of the same number;
    // in a municipal export such a byte is damage, so they stay open here.
    let whatwg = |encoding: &'static encoding_rs::Encoding| {
        std::array::from_fn(|at| {
            let byte = [upper(at)];
            let (text, _) = encoding.decode_without_bom_handling(&byte);
            text.chars().next().filter(|c| !c.is_control())
        })
    };
    let oem = |page: u16| {
        let table = oem_cp::code_table::DECODING_TABLE_CP_MAP.get(&page);
        std::array::from_fn(|at| table.and_then(|table| table.decode_char_checked(upper(at))))
    };
    match encoding {
        Encoding::Windows1252 | Encoding::Utf8 => WINDOWS_1252.get_or_init(|| whatwg(encoding_rs::WINDOWS_1252)),
        Encoding::Iso8859_1 => {
            ISO_8859_1.get_or_init(|| std::array::from_fn(|at| Some(char::from(upper(at))).filter(|c| !c.is_control())))
        }
        Encoding::Iso8859_15 => ISO_8859_15.get_or_init(|| whatwg(encoding_rs::ISO_8859_15)),
        Encoding::Cp850 => CP850.get_or_init(|| oem(850)),
        Encoding::Cp865 => CP865.get_or_init(|| oem(865)),
    }
}

/// Whether the bytes begin with a character of UTF-8 as Danish texts have it beside ASCII: a Latin letter or sign of
/// two bytes, or a dash, a quotation mark or the like.
fn is_utf8(bytes: &[u8]) -> bool {
    matches!(bytes, [0xC3, 0x80..=0xBF, ..] | [0xC2, 0xA0..=0xBF, ..] | [0xE2, 0x80, 0x80..=0xBF, ..])
}

/// Whether the UTF-8 text begins with two or three characters whose bytes in Windows-1252, or ISO-8859-1, are such a
/// character.
fn is_twice_utf8(bytes: &[u8]) -> bool {
    if !matches!(bytes, [0xC3, 0x82 | 0x83 | 0xA2, ..]) {
        return false;
    }
    // Two bytes for the first character, and at most three for each of the two behind it.
    let reach = bytes.len().min(8);
    let text = match std::str::from_utf8(&bytes[..reach]) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut once = [0; 3];
    let mut length = 0;
    for (place, c) in once.iter_mut().zip(text.chars()) {
        let Some(byte) = western_byte(c) else { break };
        *place = byte;
        length += 1;
    }
    is_utf8(&once[..length])
}

/// The byte of a character in Windows-1252 or, where that has none, in ISO-8859-1.
fn western_byte(c: char) -> Option<u8> {
    let latin = u8::try_from(u32::from(c)).ok();
    latin.or_else(|| table(Encoding::Windows1252).iter().position(|known| *known == Some(c)).map(upper))
}

/// Where in a word a byte shows that it is the letter of another encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ForeignPlace {
    /// Between a letter and a small one.
    Inside,
    /// Beside any letter.
    Beside,
    /// Behind a letter, unless this other byte, the opening mark, stands in the text.
    Closing(u8),
}

impl Encoding {
    /// Finds the encoding that a label names, in any case.
    pub fn parse(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.label().eq_ignore_ascii_case(label))
    }

    /// Appends the text of the bytes; on an error `out` is as before.
    ///
    /// # Errors
    /// The first byte that is no text in this encoding.
    pub fn decode_into(self, bytes: &[u8], out: &mut String) -> Result<(), DecodeError> {
        if self == Self::Utf8 || bytes.is_ascii() {
            let text = std::str::from_utf8(bytes).map_err(|error| {
                let offset = error.valid_up_to();
                DecodeError { byte: bytes[offset], offset, encoding: self }
            })?;
            out.push_str(text);
            return Ok(());
        }
        let before = out.len();
        let known = table(self);
        // Most of a text is ASCII, which is copied in stretches.
        let mut copied = 0;
        while let Some(length) = bytes[copied..].iter().position(|byte| !byte.is_ascii()) {
            let offset = copied + length;
            let byte = bytes[offset];
            let Some(c) = known[usize::from(byte - 0x80)] else {
                out.truncate(before);
                return Err(DecodeError { byte, offset, encoding: self });
            };
            out.extend(std::str::from_utf8(&bytes[copied..offset]));
            out.push(c);
            copied = offset + 1;
        }
        out.extend(std::str::from_utf8(&bytes[copied..]));
        Ok(())
    }

    /// The text of the bytes, with U+FFFD for what is no text: for messages only, never for data.
    pub fn decode_lossy(self, bytes: &[u8]) -> String {
        let mut text = String::new();
        if self.decode_into(bytes, &mut text).is_ok() {
            return text;
        }
        if self == Self::Utf8 {
            return String::from_utf8_lossy(bytes).into_owned();
        }
        let known = table(self);
        let decode = |&byte: &u8| match byte {
            0..0x80 => char::from(byte),
            _ => known[usize::from(byte - 0x80)].unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        bytes.iter().map(decode).collect()
    }

    /// Whether the bytes look as if their text had been encoded twice, or as if it were UTF-8 in a file of another
    /// encoding: `Ã¸` where `ø` was meant. To be asked of texts that are not ASCII; it looks for what no text in the
    /// languages of the north has, a letter that is a first byte of UTF-8 before what is a second one.
    fn looks_doubly_encoded(self, bytes: &[u8]) -> bool {
        match self {
            // `Ã`, `Â` and `â` all begin with this byte.
            Self::Utf8 => memchr::memchr_iter(0xC3, bytes).any(|at| is_twice_utf8(&bytes[at..])),
            _ => memchr::memchr3_iter(0xC3, 0xC2, 0xE2, bytes).any(|at| is_utf8(&bytes[at..])),
        }
    }

    /// Whether the bytes look as if they were in another encoding than this one: doubly encoded, UTF-8, or between a DOS
    /// code page and a Western one. It looks for what stands inside words where no text has it: `R†dhus`, `L°n`.
    pub fn looks_foreign(self, bytes: &[u8]) -> bool {
        self.looks_doubly_encoded(bytes)
            || (self != Self::Utf8 && (0..bytes.len()).any(|at| self.is_foreign_letter(bytes, at)))
    }

    /// Whether a text with this byte is to be asked whether it [looks foreign](Self::looks_foreign); others never do.
    pub fn is_sign_of_another(self, byte: u8) -> bool {
        matches!(byte, 0xC2 | 0xC3 | 0xE2) || self.foreign_place(byte).is_some()
    }

    /// Whether the byte at this position is a letter of a word, and none in this encoding.
    fn is_foreign_letter(self, bytes: &[u8], at: usize) -> bool {
        let before = at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphabetic());
        let after = bytes.get(at + 1);
        match self.foreign_place(bytes[at]) {
            None => false,
            Some(ForeignPlace::Inside) => before && after.is_some_and(u8::is_ascii_lowercase),
            Some(ForeignPlace::Beside) => before || after.is_some_and(u8::is_ascii_alphabetic),
            // A closing mark stands behind a word if the opening one is there, too.
            Some(ForeignPlace::Closing(opening)) => {
                before && (after.is_some_and(u8::is_ascii_lowercase) || !bytes.contains(&opening))
            }
        }
    }

    /// Where in a word this byte is the letter of another encoding, and never what it is in this one.
    fn foreign_place(self, byte: u8) -> Option<ForeignPlace> {
        match (self, byte) {
            // `æ` and `å` in the DOS code pages, `‘` and `†` here.
            (Self::Windows1252, 0x86 | 0x91) => Some(ForeignPlace::Inside),
            // `ø` there, `›` here.
            (Self::Windows1252, 0x9B) => Some(ForeignPlace::Closing(0x8B)),
            // `å`, `æ` and `ø` of the Western ones, signs and capital letters here.
            (Self::Cp850 | Self::Cp865, 0xE5 | 0xE6 | 0xF8) => Some(ForeignPlace::Inside),
            (Self::Cp850 | Self::Cp865, 0x80..) => {
                let box_drawing = |c: &char| matches!(c, '\u{2500}'..='\u{259F}');
                table(self)[usize::from(byte - 0x80)].as_ref().is_some_and(box_drawing).then_some(ForeignPlace::Beside)
            }
            _ => None,
        }
    }

    /// The bytes of the text in this encoding; `None` if it has a character that the encoding lacks. For generators
    /// and tests: nothing is ever written in these encodings otherwise.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        if self == Self::Utf8 {
            return Some(text.as_bytes().to_vec());
        }
        let known = table(self);
        let encode = |c: char| {
            if c.is_ascii() {
                return Some(c as u8);
            }
            known.iter().position(|known| *known == Some(c)).map(upper)
        };
        text.chars().map(encode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danish_letters_in_every_encoding() {
        for encoding in Encoding::ALL {
            let text = "Ærø, Tårnby, Høje-Taastrup";
            let bytes = encoding.encode(text).expect("Danish can be written in all of them");
            let mut decoded = String::new();
            encoding.decode_into(&bytes, &mut decoded).expect("and read");
            assert_eq!(decoded, text, "{}", encoding.label());
        }
        assert_eq!(Encoding::Cp850.encode("ø"), Some(vec![0x9B]));
        assert_eq!(Encoding::Windows1252.encode("€"), Some(vec![0x80]));
    }

    #[test]
    fn double_encoding_is_noticed() {
        let natural = ["Ærø, Tårnby", "Å\u{A0}12", "Ø-Å", "Café Müller – 12 °C", "«Ä»", "São Tomé", "½ €", "âge", "Ã"];
        for encoding in Encoding::ALL {
            for text in natural {
                if let Some(bytes) = encoding.encode(text) {
                    assert!(!encoding.looks_doubly_encoded(&bytes), "{text} in {}", encoding.label());
                }
            }
        }
        for text in ["Ærø", "Tårnby", "1–2", "“så”", "5\u{A0}kr", "é", "½"] {
            let once = text.as_bytes();
            assert!(Encoding::Windows1252.looks_doubly_encoded(once), "{text}");
            assert!(Encoding::Cp850.looks_doubly_encoded(once), "{text}");
            let windows = table(Encoding::Windows1252);
            let known = |byte: u8| windows.get(usize::from(byte).wrapping_sub(0x80)).copied().flatten();
            let western: String = once.iter().map(|byte| known(*byte).unwrap_or(char::from(*byte))).collect();
            assert!(Encoding::Utf8.looks_doubly_encoded(western.as_bytes()), "{western}");
            let latin: String = once.iter().copied().map(char::from).collect();
            assert!(Encoding::Utf8.looks_doubly_encoded(latin.as_bytes()), "{latin}");
        }
    }

    const NATURAL: &[&str] = &[
        "Ærø, Tårnby, Høje-Taastrup",
        "›Aviser‹ und ‹Bücher›",
        "Müller & Söhne, Straße 5, 12\u{A0}°C",
        "l’Hôpital d’Orléans, naïve façade, N° 5, cœur",
        "Lars’s bog, ‘citat’ og “citat”, „Zitat“",
        "Jensen†, fodnote‡ • 5 ‰ – 3 — 100 €",
        "LEÕES, ÎLE, NAÏVE, Õige, São Tomé",
        "µg, 25°C, 5×3, ½, Å/m², Dž",
        "║ tabel ║ ═ ┼ ╪ ╞",
        "Sønderjysk ›Grænse‹",
        "Año, ¿Qué?, Łódź",
    ];

    #[test]
    fn ordinary_text_looks_like_what_it_is() {
        for encoding in Encoding::ALL {
            for text in NATURAL {
                let words = text.split(' ').filter_map(|word| encoding.encode(word));
                let whole = encoding.encode(text);
                for bytes in words.chain(whole) {
                    let shown = encoding.decode_lossy(&bytes);
                    assert!(!encoding.looks_foreign(&bytes), "{shown} in {}", encoding.label());
                }
            }
        }
    }

    #[test]
    fn words_of_another_code_page_are_noticed() {
        let words = ["Løn", "Rådhus", "Lærer", "Grøn", "Tårnby Ærø", "Høje-Taastrup", "Sø", "Måned", "Hjælpemidler"];
        for (file, other) in [
            (Encoding::Windows1252, Encoding::Cp850),
            (Encoding::Windows1252, Encoding::Cp865),
            (Encoding::Cp850, Encoding::Windows1252),
            (Encoding::Cp865, Encoding::Iso8859_1),
        ] {
            for word in words {
                let bytes = other.encode(word).expect("Danish");
                let seen = file.looks_foreign(&bytes) || file.decode_into(&bytes, &mut String::new()).is_err();
                // One letter at the end of a word could be a sign behind it.
                let short = word == "Sø" && file != Encoding::Windows1252;
                assert_eq!(seen, !short, "{word} of {} in {}", other.label(), file.label());
            }
        }
        let signs = |encoding: Encoding| (0x80..=0xFF).filter(move |byte| encoding.is_sign_of_another(*byte));
        for encoding in Encoding::ALL {
            for byte in (0x80..=0xFF).filter(|byte| !signs(encoding).any(|sign| sign == *byte)) {
                assert!(!encoding.looks_foreign(&[b'a', byte, b'b']), "{byte:02X} in {}", encoding.label());
            }
        }
    }

    #[test]
    fn damage_is_found_where_it_is() {
        let mut out = "kept".to_owned();
        let error = Encoding::Utf8.decode_into(b"H\xF8je", &mut out).expect_err("no UTF-8");
        assert_eq!((error.offset, error.byte, out.as_str()), (1, 0xF8, "kept"));
        let error = Encoding::Windows1252.decode_into(b"a\x81", &mut out).expect_err("an open byte");
        assert_eq!((error.offset, out.as_str()), (1, "kept"));
        assert_eq!(Encoding::Iso8859_1.decode_into(b"\x93quoted\x94", &mut out).map_err(|e| e.offset), Err(0));
    }
}
