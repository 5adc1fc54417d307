//! What a personal identification number (CPR) looks like, and how it is kept out of every text that leaves.
//!
//! A number is ten digits, `DDMMYYSSSS`, often written `DDMMYY-SSSS`; a replacement number adds 60 to the day. Exports
//! lose the leading zero of days 1 to 9, which leaves nine digits. Modulus 11 says nothing: numbers without it have
//! been issued since 2007 (the CPR office's own rule), so none is required here.

use std::borrow::Cow;

const MASK: &str = "[redacted]";

fn plausible_day_and_month(digits: &[u8]) -> bool {
    let two = |at: usize| (digits[at] - b'0') * 10 + (digits[at + 1] - b'0');
    let (day, month) = (two(0), two(2));
    (matches!(day, 1..=31) || matches!(day, 61..=91)) && matches!(month, 1..=12)
}

/// Whether the text as a whole has the form of a personal identification number, hyphen or not, leading zero or not.
pub fn looks_like_person_number(text: &[u8]) -> bool {
    matches!(candidate(text.trim_ascii()), Some(length) if length == text.trim_ascii().len())
}

/// The length of the number that the bytes begin with, if they begin with one and it is not part of a longer number.
fn candidate(bytes: &[u8]) -> Option<usize> {
    let mut digits = [b'0'; 10];
    let length = match run(bytes) {
        9 => {
            digits[1..].copy_from_slice(&bytes[..9]);
            9
        }
        10 => {
            digits.copy_from_slice(&bytes[..10]);
            10
        }
        _ => {
            let date = date(bytes, &mut digits)?;
            let serial = date + gap(&bytes[date..])?;
            if run(&bytes[serial..]) != 4 {
                return None;
            }
            digits[6..].copy_from_slice(&bytes[serial..serial + 4]);
            serial + 4
        }
    };
    plausible_day_and_month(&digits).then_some(length)
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Reads `DDMMYY`, the day perhaps without its zero, or `DD.MM.YY` with any of the usual marks; gives its length.
fn date(bytes: &[u8], digits: &mut [u8; 10]) -> Option<usize> {
    let first = run(bytes);
    if matches!(first, 5 | 6) {
        digits[6 - first..6].copy_from_slice(&bytes[..first]);
        return Some(first);
    }
    let (month, year) = (first + 1, first + 4);
    let mark = |at: usize| bytes.get(at).is_some_and(|b| matches!(b, b'.' | b'-' | b'/' | b' '));
    let two = |at: usize| bytes.get(at..).is_some_and(|rest| run(rest) == 2);
    if !matches!(first, 1 | 2) || !mark(first) || !two(month) || !mark(first + 3) || !two(year) {
        return None;
    }
    digits[2 - first..2].copy_from_slice(&bytes[..first]);
    digits[2..4].copy_from_slice(&bytes[month..month + 2]);
    digits[4..6].copy_from_slice(&bytes[year..year + 2]);
    Some(year + 2)
}

/// The length of what people write between the date and the serial number: one to three blanks, hyphens, dashes or
/// points, no-break ones among them.
fn gap(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..3 {
        at += match bytes[at..] {
            [b'-' | b' ' | b'.' | b'/', ..] => 1,
            [0xC2, 0xA0 | 0xAD, ..] => 2,
            [0xE2, 0x80, 0x90..=0x95 | 0xAF, ..] | [0xE2, 0x88, 0x92, ..] => 3,
            _ => break,
        };
    }
    (at > 0).then_some(at)
}

/// The text with everything that looks like a personal identification number masked.
///
/// Deliberately generous: a document number of ten digits that could be a date and a serial number is masked as well.
/// It is used on free text and on every value that is quoted in a message, never on declared identifiers.
pub fn redact(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        if let Some(length) = candidate(&bytes[at..]) {
            out.push_str(&text[copied..at]);
            out.push_str(MASK);
            at += length;
            copied = at;
        } else {
            at += bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
    }
    if copied == 0 && out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_masked_in_every_form() {
        let dashes = ["610101\u{2013}1234", "610101\u{a0}1234", "610101 - 1234", "61.01.01-1234", "6.10.01-1234"];
        let plain = ["6101011234", "610101-1234", "710101 1234", "101011234", "10101-1234"];
        for number in plain.into_iter().chain(dashes) {
            assert_eq!(redact(&format!("for {number}, paid")), format!("for {MASK}, paid"), "{number}");
            assert!(looks_like_person_number(number.as_bytes()), "{number}");
        }
        assert_eq!(redact("6101011234;6201011234"), format!("{MASK};{MASK}"));
    }

    #[test]
    fn other_numbers_stay() {
        for text in ["", "12345678", "53026", "9901011234", "6113011234", "12345678901", "2024-05-31", "1.234,56-"] {
            assert_eq!(redact(text), text);
            assert!(!looks_like_person_number(text.as_bytes()), "{text}");
        }
    }
}
