//! Files that would fill the memory of a careless reader: a line of a gigabyte, a million quotation marks. They are
//! generated while they are read, and the memory is counted.
//!
//! A binary of its own with one test, since it counts everything that the process allocates.

mod allocation;
#[path = "../tests/definition_files.rs"]
mod definition_files;

use std::io::Read;

use extractor::{Limits, Reader};
use model::{Code, RawBatch, Refusal, Source};

use self::allocation::{Counting, most_held};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MOST: usize = 256 << 20;
const GIGABYTE: u64 = 1 << 30;
/// Many times what the limits allow.
const MANY: u64 = 64 << 20;
const HEADER: &[u8] = "Nr;Kommune;Dato;Beløb;Tekst\n".as_bytes();
const ROW: &[u8] = b"1;0101;15-01-2024;100,00;x\n";

/// A pattern, again and again.
struct Again {
    /// Many times the pattern, so that whole stretches are copied.
    block: Vec<u8>,
    at: usize,
}

impl Read for Again {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let stretch = &self.block[self.at..];
        let length = stretch.len().min(buffer.len());
        buffer[..length].copy_from_slice(&stretch[..length]);
        self.at = (self.at + length) % self.block.len();
        Ok(length)
    }
}

/// So many bytes of the pattern.
fn again(pattern: &[u8], bytes: u64) -> impl Read + use<> {
    Again { block: pattern.repeat(1 << 14), at: 0 }.take(bytes)
}

/// Rows and rejected rows.
fn read(source: &Source, input: impl Read) -> Result<(u64, u64), Refusal> {
    let mut reader = Reader::open(source, input, Limits::default()).expect("the input can be read")?;
    let (mut rows, mut broken) = (0, 0);
    let mut batch = RawBatch::default();
    while reader.next_batch(&mut batch).expect("the input can be read")? {
        rows += batch.len() as u64;
        broken += batch.broken.len() as u64;
    }
    Ok((rows, broken))
}

#[test]
fn no_file_fills_the_memory() {
    let (catalogue, diagnostics) = definitions::load(&definition_files::with_nasty_sources());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let source = &catalogue.sources["nasty_plain"];
    let reads = |what: &str, input: &mut dyn Read| {
        let (result, most) = most_held(|| read(source, input));
        assert!(most <= MOST, "{what}: {most} bytes");
        result
    };
    let too_long: [(&str, &[u8]); 7] = [
        ("a line of a gigabyte", b"x"),
        ("a line of delimiters", b";"),
        ("a line of cells", b"x;"),
        ("a line of quotation marks", b"\""),
        ("a line of quoted cells", b"\"x\";"),
        ("a line of blanks", b" "),
        ("a quoted text with line ends", b"x\"\""),
    ];
    for (what, pattern) in too_long {
        let start: &[u8] = if pattern == b"x\"\"" { b"1;\"" } else { b"" };
        let long = |bytes| HEADER.chain(ROW).chain(start).chain(again(pattern, bytes));
        // Where the line ends within a quoted cell, the row behind it completes the record.
        let expected = if start.is_empty() { (2, 1) } else { (1, 2) };
        assert_eq!(
            reads(what, &mut long(GIGABYTE).chain(&b"\n"[..]).chain(ROW)).expect("not refused"),
            expected,
            "{what}"
        );
        let refusal = reads(what, &mut long(MANY)).expect_err(what);
        assert_eq!((refusal.code, refusal.line), (Code::RECORD_TOO_BIG, Some(3)), "{what}");
    }
    let line = [b"x".repeat(2 << 20).as_slice(), b"\n"].concat();
    let mut many = HEADER.chain(Again { block: line, at: 0 }.take(MANY)).chain(&b"\n"[..]).chain(ROW);
    let lines = MANY.div_ceil((2 << 20) + 1);
    assert_eq!(reads("lines of two megabytes", &mut many).expect("not refused"), (1, lines));
    let refusal = reads("a header of a gigabyte", &mut again(b"x;", GIGABYTE)).expect_err("a gigabyte");
    assert_eq!((refusal.code, refusal.line), (Code::RECORD_TOO_BIG, Some(1)));
    let mut zeros = HEADER.chain(ROW).chain(again(b"\0", GIGABYTE));
    assert_eq!(reads("zeros", &mut zeros).expect_err("zeros").code, Code::FILE_TORN);
    // A million marks are half a million doubled ones, a text within the limits.
    let mut marks = HEADER.chain(&b"1;0101;15-01-2024;1,00;\""[..]).chain(again(b"\"", 1_000_000)).chain(&b"\"\n"[..]);
    assert_eq!(reads("a million marks in a cell", &mut marks).expect("a row"), (1, 0));
    // Every line opens a cell that nothing closes.
    let mut open = HEADER.chain(again(b"\"x\n", 600_000)).chain(ROW);
    assert_eq!(reads("open marks on every line", &mut open).expect("not refused"), (1, 200_000));
    let mut blank = HEADER.chain(again(b"\n", 4 << 20)).chain(ROW);
    assert_eq!(reads("blank lines", &mut blank).expect("not refused"), (1, 0));
}
