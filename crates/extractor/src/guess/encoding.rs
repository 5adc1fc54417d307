//! The character encoding of a sample, and the sample as text.
//!
//! Bytes that are UTF-8 by accident are rare, so what is valid UTF-8 is UTF-8. Single-byte encodings all accept nearly
//! everything; they are told apart by whether the bytes above 0x7F come out as letters where letters belong. Where two
//! encodings give the same text the finding says so and is never certain.

use std::fmt::Write;

use model::{Ebcdic, Encoding};

use super::profile::{Confidence, Finding};

/// The encodings that are tried, the more common first.
const SINGLE: [Encoding; 5] =
    [Encoding::Windows1252, Encoding::Iso8859_1, Encoding::Iso8859_15, Encoding::Cp850, Encoding::Cp865];
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How the bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    Model(Encoding),
    Utf16 { big: bool },
    Ebcdic,
}

/// The encoding of the parts of a file, its label and reason, and how to decode them.
pub(super) fn encoding(parts: &[&[u8]]) -> (Finding<String>, Decoder) {
    let head = parts.first().copied().unwrap_or_default();
    if let Some(found) = utf16(head) {
        return found;
    }
    if let Some(label) = ebcdic(head) {
        let evidence = "blanks and digits stand at the codes of EBCDIC; 277 and 1142 differ in the currency sign alone";
        let finding = Finding::new(label.to_owned(), Confidence::Unsure, evidence).or(["cp277".to_owned()]);
        return (finding, Decoder::Ebcdic);
    }
    let marked = head.starts_with(UTF8_MARK);
    let high: usize = parts.iter().map(|part| part.iter().filter(|byte| !byte.is_ascii()).count()).sum();
    let model = |encoding: Encoding, confidence, evidence: String| {
        (Finding::new(encoding.label().to_owned(), confidence, evidence), Decoder::Model(encoding))
    };
    let (valid, sequences, wrong) = utf8(parts);
    if marked && valid {
        return model(Encoding::Utf8, Confidence::Certain, "begins with the byte order mark of UTF-8".to_owned());
    }
    if high == 0 {
        let evidence = "ASCII alone: every encoding reads it alike, and nothing says what the next file has";
        let (finding, decoder) = model(Encoding::Utf8, Confidence::Unsure, evidence.to_owned());
        return (finding.or(SINGLE.map(|encoding| encoding.label().to_owned())), decoder);
    }
    if valid {
        let confidence = if sequences >= 3 { Confidence::Certain } else { Confidence::Likely };
        let evidence = format!("{sequences} characters beyond ASCII, all of them valid UTF-8");
        return model(Encoding::Utf8, confidence, evidence);
    }
    if sequences >= 10 && wrong * 10 <= sequences {
        let evidence = format!("{sequences} characters are valid UTF-8, but {wrong} bytes are not: mixed or damaged");
        return model(Encoding::Utf8, Confidence::Unsure, evidence);
    }
    single_byte(parts, high)
}

/// Whether all is UTF-8, how many sequences beyond ASCII are, and how many bytes are not.
fn utf8(parts: &[&[u8]]) -> (bool, usize, usize) {
    let (mut sequences, mut wrong) = (0, 0);
    for part in parts {
        for chunk in part.utf8_chunks() {
            sequences += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            wrong += chunk.invalid().len();
        }
    }
    (wrong == 0, sequences, wrong)
}

fn utf16(head: &[u8]) -> Option<(Finding<String>, Decoder)> {
    let found = |big: bool, confidence, evidence: &str| {
        let label = if big { "utf-16be" } else { "utf-16le" };
        Some((Finding::new(label.to_owned(), confidence, evidence), Decoder::Utf16 { big }))
    };
    match head {
        [0xFF, 0xFE, 0, 0, ..] => None,
        [0xFF, 0xFE, ..] => found(false, Confidence::Certain, "begins with the byte order mark of UTF-16"),
        [0xFE, 0xFF, ..] => found(true, Confidence::Certain, "begins with the byte order mark of UTF-16"),
        _ => {
            let sample = &head[..head.len().min(4096) & !1];
            let nuls = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
            let (even, odd) = (nuls(0), nuls(1));
            if sample.len() < 8 || even.max(odd) * 4 < sample.len() || even.min(odd) * 8 > even.max(odd) {
                return None;
            }
            found(even > odd, Confidence::Likely, "every other byte is NUL, as in UTF-16; there is no byte order mark")
        }
    }
}

fn ebcdic(head: &[u8]) -> Option<&'static str> {
    if head.len() < 16 {
        return None;
    }
    let blanks_and_digits = head.iter().filter(|byte| matches!(byte, 0x40 | 0xF0..=0xF9)).count();
    let letters =
        head.iter().filter(|byte| matches!(byte, 0x81..=0x89 | 0x91..=0x99 | 0xA2..=0xA9 | 0xC0..=0xE9)).count();
    // `.`, `;`, `-`, `/`, `,` and the line ends.
    let marks =
        head.iter().filter(|byte| matches!(byte, 0x4B | 0x5E | 0x60 | 0x61 | 0x6B | 0x0D | 0x15 | 0x25)).count();
    let ascii = head.iter().filter(|byte| matches!(byte, b'0'..=b'9' | b' ' | b'\n')).count();
    let most = (blanks_and_digits + letters + marks) * 10 >= head.len() * 7 && blanks_and_digits * 4 >= head.len();
    (most && ascii * 10 < head.len()).then_some("cp1142")
}

fn single_byte(parts: &[&[u8]], high: usize) -> (Finding<String>, Decoder) {
    let mut scored: Vec<(i64, Encoding)> = SINGLE.iter().map(|encoding| (score(parts, *encoding), *encoding)).collect();
    // Stable: of equal ones the more common stays in front.
    scored.sort_by_key(|(score, _)| -score);
    let (best, encoding) = scored[0];
    let equal: Vec<Encoding> =
        scored[1..].iter().filter(|(score, _)| *score == best).map(|(_, encoding)| *encoding).collect();
    let next = scored[1..].iter().map(|(score, _)| *score).find(|score| *score < best).unwrap_or(0);
    let most = i64::try_from(high).unwrap_or(i64::MAX).saturating_mul(LETTER);
    let clear = best * 10 >= most * 7 && next * 10 <= best * 6;
    let confidence = match (clear, best > 0) {
        (true, true) if high >= 3 && equal.is_empty() => Confidence::Likely,
        (true, true) if high >= 3 && !is_dos(encoding) => Confidence::Likely,
        _ => Confidence::Unsure,
    };
    let mut evidence = format!("not UTF-8; {high} bytes above 0x7F read best as {}", encoding.label());
    if !equal.is_empty() {
        let labels: Vec<&str> = equal.iter().map(|encoding| encoding.label()).collect();
        // Writing to a string cannot fail.
        write!(evidence, "; {} would give text of the same kind", labels.join(" and ")).unwrap_or_default();
    }
    let finding = Finding::new(encoding.label().to_owned(), confidence, evidence)
        .or(equal.iter().map(|encoding| encoding.label().to_owned()));
    (finding, Decoder::Model(encoding))
}

fn is_dos(encoding: Encoding) -> bool {
    matches!(encoding, Encoding::Cp850 | Encoding::Cp865)
}

/// What a letter of the Nordic languages is worth.
const LETTER: i64 = 4;

/// How well the bytes above 0x7F read as letters of Danish text in their surroundings.
fn score(parts: &[&[u8]], encoding: Encoding) -> i64 {
    let letter = |byte: u8| encoding.decode_lossy(&[byte]).chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
    let letters: Vec<char> = (0x80..=0xFF).map(letter).collect();
    let mut sum = 0;
    for part in parts {
        for (at, byte) in part.iter().enumerate().filter(|(_, byte)| !byte.is_ascii()) {
            let c = letters[usize::from(byte & 0x7F)];
            let before = at.checked_sub(1).map(|at| part[at]);
            let after = part.get(at + 1).copied();
            sum += worth(c, before, after);
        }
    }
    sum
}

fn worth(c: char, before: Option<u8>, after: Option<u8>) -> i64 {
    let is = |byte: Option<u8>, test: fn(&u8) -> bool| byte.as_ref().is_some_and(test);
    let mark = |byte: Option<u8>| is(byte, u8::is_ascii_digit);
    match c {
        'æ' | 'ø' | 'å' if is(before, u8::is_ascii_digit) && is(after, u8::is_ascii_digit) => 0,
        'æ' | 'ø' | 'å' => LETTER,
        'Æ' | 'Ø' | 'Å' => {
            if is(before, u8::is_ascii_lowercase) {
                -LETTER
            } else {
                LETTER
            }
        }
        'é' | 'ü' | 'ö' | 'ä' | 'É' | 'Ü' | 'Ö' | 'Ä' | 'è' | 'á' => LETTER - 1,
        '\u{a0}' if mark(before) && mark(after) => LETTER,
        '€' | '–' | '’' | '”' | '“' | '§' | '½' | '°' | '\u{a0}' | '´' | '…' => 1,
        char::REPLACEMENT_CHARACTER => -8,
        c if c.is_alphabetic() => 0,
        _ => -2,
    }
}

/// The text of a part. A byte that is none becomes U+FFFD: this is for looking at, never for loading.
pub(super) fn decode(part: &[u8], decoder: Decoder) -> String {
    match decoder {
        Decoder::Model(encoding) => {
            let part = part.strip_prefix(UTF8_MARK).unwrap_or(part);
            encoding.decode_lossy(part)
        }
        Decoder::Utf16 { big } => {
            let (units, _) = part.as_chunks::<2>();
            let units =
                units.iter().map(|pair| if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
            let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned)
        }
        Decoder::Ebcdic => {
            let table = Ebcdic::Cp1142.to_windows_1252();
            let bytes: Vec<u8> = part.iter().map(|byte| table[usize::from(*byte)]).collect();
            Encoding::Windows1252.decode_lossy(&bytes)
        }
    }
}
