//! UTF-16 and EBCDIC made into an encoding in which separators and line ends are ASCII, one character for one, so that
//! lines and records keep their numbers.
//!
//! What is no text becomes bytes that are no text in the new encoding either. So it is found where all such damage is
//! found, when its cell is read, and costs its own row and no other.

use std::io::{self, Read};

use model::{ByteOrder, Code, FileEncoding, Refusal};

use super::bytes::Bytes;
use crate::ExtractError;
use crate::error::{Stop, refused};
use crate::format::binary_kind;

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
/// How much of a file shows in which of these encodings it is.
const SAMPLE: usize = 4096;

/// The text in the encoding of the cells.
pub(super) fn open(encoding: FileEncoding, mut input: Bytes) -> Result<Box<dyn Read + Send>, Stop> {
    let head = input.peek(SAMPLE).map_err(ExtractError::input)?;
    if head.is_empty() {
        return Ok(Box::new(input));
    }
    if let Some(kind) = binary_kind(head) {
        return Err(Refusal::new(Code::FILE_KIND, format!("the file is {kind}")).into());
    }
    if head.starts_with(UTF8_MARK) {
        return Err(unexpected(encoding, "begins with the byte order mark of UTF-8").into());
    }
    match encoding {
        FileEncoding::Ascii(_) => Ok(Box::new(input)),
        FileEncoding::Utf16(declared) => {
            let (order, mark) = byte_order(head, declared)?;
            let mut skipped = [0; 2];
            input.read_exact(&mut skipped[..mark]).map_err(ExtractError::input)?;
            Ok(Box::new(Utf16::new(input, order)))
        }
        FileEncoding::Ebcdic(page) => {
            if looks_like_ascii(head) {
                return Err(unexpected(encoding, "looks like ASCII").into());
            }
            Ok(Box::new(Ebcdic { input, table: page.to_windows_1252() }))
        }
    }
}

fn unexpected(encoding: FileEncoding, what: &str) -> Refusal {
    let declared = encoding.label();
    Refusal::new(Code::ENC_UNEXPECTED, format!("the file {what}, and the source declares `{declared}`"))
        .with_help(format!("Ask for the file in `{declared}`, or declare the encoding that it has"))
}

/// The byte order, and the length of its mark.
fn byte_order(head: &[u8], declared: Option<ByteOrder>) -> Result<(ByteOrder, usize), Refusal> {
    let encoding = FileEncoding::Utf16(declared);
    if head.starts_with(b"\xFF\xFE\0\0") || head.starts_with(b"\0\0\xFE\xFF") {
        return Err(unexpected(encoding, "begins with the byte order mark of UTF-32"));
    }
    let marked = match head {
        [0xFF, 0xFE, ..] => Some(ByteOrder::Little),
        [0xFE, 0xFF, ..] => Some(ByteOrder::Big),
        _ => None,
    };
    match (marked, declared) {
        (Some(marked), None) => Ok((marked, 2)),
        (Some(marked), Some(declared)) if marked == declared => Ok((marked, 2)),
        (Some(_), Some(_)) => Err(unexpected(encoding, "begins with the byte order mark of the other order")),
        (None, Some(declared)) if looks_like_utf16(head, declared) => Ok((declared, 0)),
        (None, Some(_)) => Err(unexpected(encoding, "does not look like it")),
        (None, None) => Err(unexpected(encoding, "has no byte order mark")
            .with_help("Declare `utf-16le` or `utf-16be` if the export never has one")),
    }
}

/// Whether some upper byte is 0: separators, digits and line ends all have it so, and in a file of another encoding,
/// or of the other order, hardly any byte of these is.
fn looks_like_utf16(head: &[u8], order: ByteOrder) -> bool {
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    match order {
        ByteOrder::Little => zeros(1) > zeros(0),
        ByteOrder::Big => zeros(0) > zeros(1),
    }
}

/// Whether the digits are those of ASCII, which are control characters in EBCDIC, or, without any, no byte is above
/// ASCII, as all letters of EBCDIC are. Lines of blanks and signs alone are below, but have no line end of ASCII.
fn looks_like_ascii(head: &[u8]) -> bool {
    let count = |digits: std::ops::RangeInclusive<u8>| head.iter().filter(|byte| digits.contains(byte)).count();
    count(b'0'..=b'9') > count(0xF0..=0xF9) || (head.is_ascii() && head.contains(&b'\n'))
}

/// EBCDIC to Windows-1252, byte for byte and in the reader's own buffer.
struct Ebcdic {
    input: Bytes,
    table: &'static [u8; 256],
}

impl Read for Ebcdic {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        for byte in &mut buffer[..read] {
            *byte = self.table[usize::from(*byte)];
        }
        Ok(read)
    }
}

/// UTF-16 to UTF-8.
struct Utf16 {
    input: Bytes,
    order: ByteOrder,
    /// Bytes of the file that are not yet text; a unit or a pair may be cut at its end.
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of the text was handed on.
    at: usize,
    ended: bool,
    shifted: Shifted,
}

/// How many units in a row look as if they were put together of two others.
///
/// Where a byte is lost, or one too many, all units behind it are halves of two neighbours, up to the next such place
/// or the end of the file: U+0031 becomes U+3100, a line feed U+0A00, and no line ends there. These are characters,
/// some of them of Chinese; but no text has several in a row whose lower byte is 0 and whose upper byte is one of ASCII
/// text.
#[derive(Debug, Default)]
struct Shifted(u32);

/// So many of them are no accident.
const SHIFTED: u32 = 4;

impl Shifted {
    /// Looks at the next unit, and says whether it is no text.
    fn is_next(&mut self, unit: u16) -> bool {
        match unit.to_be_bytes() {
            // The blank of Chinese is set in rows, too; a shifted zero is not told apart from it.
            [0x30, 0] => {}
            [0x09 | 0x0A | 0x0D | 0x20..=0x7E, 0] => self.0 += 1,
            _ => self.0 = 0,
        }
        self.0 >= SHIFTED
    }
}

const BLOCK: usize = 64 * 1024;

impl Utf16 {
    fn new(input: Bytes, order: ByteOrder) -> Self {
        Self { input, order, raw: Vec::new(), text: Vec::new(), at: 0, ended: false, shifted: Shifted::default() }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        let read = self.input.by_ref().take(BLOCK as u64).read_to_end(&mut self.raw)?;
        self.ended = read < BLOCK;
        let used = to_utf8(&self.raw, self.order, self.ended, &mut self.shifted, &mut self.text);
        self.raw.drain(..used);
        if self.ended && !self.raw.is_empty() {
            let message = format!("the file ends in half a character of UTF-16, at byte {}", self.input.taken() - 1);
            let refusal = Refusal::new(Code::FILE_CUT, message);
            return Err(refused(refusal.with_help("Ask for the delivery again")));
        }
        Ok(())
    }
}

impl Read for Utf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.text.len() && !self.ended && !buffer.is_empty() {
            self.fill()?;
        }
        let length = buffer.len().min(self.text.len() - self.at);
        buffer[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// Appends the text of the bytes, and says how many were used: all but an odd last one and, unless the file ends
/// here, the first half of a surrogate pair.
fn to_utf8(raw: &[u8], order: ByteOrder, ended: bool, shifted: &mut Shifted, text: &mut Vec<u8>) -> usize {
    let unit = |pair: [u8; 2]| match order {
        ByteOrder::Little => u16::from_le_bytes(pair),
        ByteOrder::Big => u16::from_be_bytes(pair),
    };
    let (pairs, _) = raw.as_chunks::<2>();
    let mut at = 0;
    while at < pairs.len() {
        // Nearly all of an export is ASCII; eight units are looked at together.
        if let Some(eight) = pairs[at..].first_chunk::<8>() {
            let units = eight.map(unit);
            if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
                text.extend(units.map(|unit| unit.to_le_bytes()[0]));
                *shifted = Shifted::default();
                at += 8;
                continue;
            }
        }
        let first = unit(pairs[at]);
        let second = pairs.get(at + 1).map(|pair| unit(*pair));
        if second.is_none() && !ended && (0xD800..0xDC00).contains(&first) {
            break;
        }
        if shifted.is_next(first) {
            text.extend(NO_TEXT);
            at += 1;
        } else if let Some(Ok(c)) = char::decode_utf16(std::iter::once(first).chain(second)).next() {
            text.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += c.len_utf16();
        } else {
            text.extend(lone_surrogate(first));
            at += 1;
        }
    }
    at * 2
}

/// What stands for a unit that is a character by accident.
const NO_TEXT: [u8; 3] = lone_surrogate(0xDC00);

/// What UTF-8 would write for half a pair if it were a character, which it is not: no decoder takes it.
const fn lone_surrogate(unit: u16) -> [u8; 3] {
    let [high, low] = unit.to_be_bytes();
    [0xE0 | high >> 4, 0x80 | (high & 0x0F) << 2 | low >> 6, 0x80 | low & 0x3F]
}
