//! Files that are too large in one way or another: never in memory; what is refused, and what costs a record.

use std::cell::Cell;
use std::rc::Rc;

use model::{FixedColumn, FixedFormat};

use super::*;

fn small() -> Limits {
    Limits { cell_bytes: 20, record_bytes: 40, columns: 5, batch_bytes: 16 }
}

fn read_small(text: &str) -> Result<Said, Refusal> {
    let whole = read_from(&source(), text.as_bytes(), small()).expect("memory can be read");
    let pieces = read_in_pieces(&source(), text.as_bytes(), small(), 8).expect("memory can be read");
    assert_eq!(whole, pieces, "it does not matter how much is in memory");
    whole
}

/// The code of the refusal, or of the first broken row.
fn code_of(text: &str) -> Option<Code> {
    match read_small(text) {
        Ok(said) => said.broken.first().map(|(_, _, code, _)| *code),
        Err(refusal) => Some(refusal.code),
    }
}

#[test]
fn the_limits_are_exact() {
    let cell = |bytes: usize| "x".repeat(bytes);
    for ends in ["\n", "\r\n", ""] {
        let too_big = if ends.is_empty() { Code::RECORD_TOO_BIG } else { Code::RECORD_OVERSIZED };
        assert_eq!(code_of(&format!("a;b\n1;{}{ends}", cell(20))), None);
        assert_eq!(code_of(&format!("a;b\n1;{}{ends}", cell(21))), Some(too_big));
        assert_eq!(code_of(&format!("a;b\n1;\"{}\"{ends}", cell(20))), None);
        assert_eq!(code_of(&format!("a;b\n1;\"{}\"{ends}", cell(21))), Some(too_big));
        let three = |last| format!("a;b;c\n{};{};{}{ends}", cell(19), cell(16), cell(last));
        assert_eq!(code_of(&three(3)), None);
        assert_eq!(code_of(&three(4)), Some(too_big));
    }
    let refusal = read_small(&format!("a;b\n1;2\n3;{}", cell(21))).expect_err("too big");
    assert_eq!(refusal.line, Some(3));
}

#[test]
fn a_record_beyond_the_limits_costs_its_line() {
    for ends in ["\n", "\r\n"] {
        for long in ["x".repeat(21), "x".repeat(5000), format!("\"{}\"", "x;".repeat(30)), ";".repeat(41)] {
            let text = format!("a;b{ends}1;2{ends}3;{long}{ends}4;5{ends}{ends}3;{long}{ends}3;{long}{ends}6;7{ends}");
            let said = read_small(&text).expect("not refused");
            assert_eq!(said.lines(), [2, 4, 8], "{long}");
            assert_eq!(said.faults(), [3, 6, 7].map(|line| (line, Code::RECORD_OVERSIZED)));
            let raw = format!("3;{long}").into_bytes();
            assert_eq!(said.broken[0].3, raw[..raw.len().min(4096)]);
            assert_eq!((said.broken[1].1, said.summary.read), (6, 8), "every one is a record");
        }
    }
}

/// The line that is kept must not depend on where a block ends, nor on the CR behind it.
#[test]
fn the_beginning_of_an_oversized_line_is_kept_exactly() {
    for length in 4090..4100 {
        let line = format!("1;{}", "x".repeat(length - 2));
        for ends in ["\n", "\r\n"] {
            let said = read_small(&format!("a;b\n{line}{ends}1;2\n")).expect("not refused");
            assert_eq!(said.broken[0].3, line.as_bytes()[..length.min(4096)]);
            assert_eq!(said.lines(), [3]);
        }
    }
}

#[test]
fn the_rest_of_an_oversized_record_is_no_record() {
    let long = "x".repeat(30);
    let faults = |text: &str, source: &Source| {
        let said = read_from(source, text.as_bytes(), small()).expect("memory can be read").expect("not refused");
        let pieces = read_in_pieces(source, text.as_bytes(), small(), 8).expect("memory can be read");
        assert_eq!(Ok(&said), pieces.as_ref());
        (said.faults(), said.lines())
    };
    let oversized = (2, Code::RECORD_OVERSIZED);
    let open = |line| (line, Code::QUOTE_OPEN);
    // The cell goes on behind the line end: what completes its record could look like a row.
    let text = format!("a;b;c\n1;\"{long}\n2;3;4\n5;6;7\n");
    assert_eq!(faults(&text, &source()), (vec![oversized, open(3)], vec![4]));
    let text = format!("a;b;c\n\"{long}\nmore\n2;3\n4\";5\n5;6;7\n");
    assert_eq!(faults(&text, &source()), (vec![oversized, open(3), open(4), open(5)], vec![6]));
    // With all cells of a row the mark was a stray one; closed cells have no rest.
    let text = format!("a;b;c\n1;2;\"{long}\n2;3;4\n5;6;7\n");
    assert_eq!(faults(&text, &source()), (vec![oversized], vec![3, 4]));
    let text = format!("a;b;c\n1;\"{long}\"\n2;3;4\n5;6;7\n");
    assert_eq!(faults(&text, &source()), (vec![oversized], vec![3, 4]));
    // Behind an escape mark a quotation mark closes nothing.
    let escaped = with_format(|format| format.escape = Escape::Mark(b'\\'));
    let text = format!("a;b;c\n1;\"{long}\\\"\n2;3;4\n5;6;7\n");
    assert_eq!(faults(&text, &escaped), (vec![oversized, open(3)], vec![4]));
    // The rest is too long as well.
    let text = format!("a;b;c\n1;\"{long}\n{};{long}\n2;3;4\n", "y".repeat(30));
    assert_eq!(faults(&text, &source()), (vec![oversized, (3, Code::RECORD_OVERSIZED)], vec![4]));
    // A rest that never comes ends after as many lines as a quoted cell may have.
    let lines = "z\n".repeat(110);
    let (found, _) = faults(&format!("a;b;c\n1;\"{long}\n{lines}2;3;4\n"), &source());
    assert_eq!(found.iter().filter(|(_, code)| *code == Code::QUOTE_OPEN).count(), 99);
}

#[test]
fn an_oversized_fixed_record_costs_its_line() {
    let columns = vec![FixedColumn { name: "a".into(), start: 0, length: 2 }];
    let fixed = source_of(Format::Fixed(FixedFormat { encoding: Encoding::Utf8, columns, record_length: 2 }));
    let text = format!("12\n{}\n34\n", "5".repeat(50));
    let said = read_from(&fixed, text.as_bytes(), small()).expect("memory can be read").expect("not refused");
    assert_eq!((said.lines(), said.faults()), (vec![1, 3], vec![(2, Code::RECORD_OVERSIZED)]));
}

#[test]
fn an_open_quote_beyond_the_limits_costs_one_line() {
    let said = read_small("a;b\n1;\"open\n2;seven chars\n3;seven chars\n4;seven chars\n").expect("not refused");
    assert_eq!(said.faults(), [(2, Code::QUOTE_OPEN)]);
    assert_eq!(said.lines(), [3, 4, 5]);
}

#[test]
fn lines_joined_beyond_the_limits_are_read_one_by_one() {
    let said = read_small("a;b\n\"xxxxxxxx\ny\";seven chars;seven chars;seven chars\n2;z\n").expect("not refused");
    assert_eq!(said.faults(), [(2, Code::QUOTE_OPEN), (3, Code::QUOTE_STRAY)]);
    assert_eq!(said.lines(), [4]);
    let endless = format!("a;b\n\"xxxxxxxx\ny\";{}\n", "seven chars;".repeat(6));
    let said = read_small(&endless).expect("not refused");
    let faults = [(2, Code::QUOTE_OPEN), (3, Code::RECORD_OVERSIZED)];
    assert_eq!(said.faults(), faults, "the second line is too big on its own");
}

#[test]
fn too_many_columns() {
    assert_eq!(code_of("a;b;c;d;e\n"), None);
    let refusal = read_small("a;b;c;d;e;f\n").expect_err("six columns");
    assert_eq!((refusal.code, refusal.line), (Code::TOO_MANY_COLUMNS, Some(1)));
    let said = read_small("a;b\n1;2;3;4;5;6;7;8;9;10\n1;2\n;;;;;;;;;;\n").expect("not refused");
    assert_eq!((said.faults(), said.lines()), (vec![(2, Code::ROW_LONG), (4, Code::ROW_LONG)], vec![3]));
    let said = read_small("a;b\n1;2;;;;;;;;x\n1;2;;;;;;;;x\n").expect("not refused");
    assert_eq!(said.faults(), [(2, Code::ROW_LONG), (3, Code::ROW_LONG)], "what was not kept was not seen to be empty");
}

#[test]
fn batches_are_small_and_reused() {
    let text = format!("a;b\n{}", "0101;1.234,56-\n".repeat(20_000));
    let mut reader = Reader::open(&source(), text.as_bytes(), Limits { batch_bytes: 4096, ..Limits::default() })
        .expect("memory can be read")
        .expect("not refused");
    let mut batch = RawBatch::default();
    let mut capacities = Vec::new();
    while reader.next_batch(&mut batch).expect("memory can be read").expect("not refused") {
        capacities.push((batch.bytes.capacity(), batch.cells.capacity()));
    }
    assert!(capacities.len() > 30, "{} batches", capacities.len());
    assert_eq!(capacities.last(), capacities.get(20), "memory does not grow");
}

/// An endless input; it counts what was taken from it.
struct Endless {
    pattern: &'static [u8],
    taken: Rc<Cell<usize>>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for (at, byte) in buffer.iter_mut().enumerate() {
            *byte = self.pattern[(self.taken.get() + at) % self.pattern.len()];
        }
        self.taken.set(self.taken.get() + buffer.len());
        Ok(buffer.len())
    }
}

#[test]
fn a_line_that_the_file_ends_in_is_refused() {
    let limits = Limits { cell_bytes: 1 << 16, record_bytes: 1 << 18, columns: 64, batch_bytes: 1 << 14 };
    for pattern in [b"x".as_slice(), b"\"", b";", b"\"x\";", b"x\"\"", b" ", b"x\r"] {
        let taken = Rc::new(Cell::new(0));
        let endless = Endless { pattern, taken: Rc::clone(&taken) };
        let started = b"a;b\n1;2\n".chain(endless.take(3 << 20));
        let refusal = read_from(&source(), started, limits).expect("memory can be read").expect_err("an endless line");
        let (expected, most) = match pattern {
            b"x\r" => (Code::LINE_ENDS_MIXED, 1 << 20),
            _ => (Code::RECORD_TOO_BIG, 3 << 20),
        };
        assert_eq!((refusal.code, refusal.line), (expected, Some(3)), "{pattern:?}");
        assert!(taken.get() <= most, "{pattern:?} took {} bytes", taken.get());
    }
    let zeros = Endless { pattern: b"\0", taken: Rc::default() };
    let refusal = read_from(&source(), b"a;b\n1;2\n".chain(zeros), limits).expect("readable").expect_err("zeros");
    assert_eq!(refusal.code, Code::FILE_TORN);
}

#[test]
fn an_endless_header_is_refused() {
    let endless = Endless { pattern: b"x;", taken: Rc::default() };
    let refusal = read_from(&source(), endless, Limits::default()).expect("readable").expect_err("endless");
    assert_eq!(refusal.code, Code::RECORD_TOO_BIG);
}

#[test]
fn a_file_of_broken_rows_comes_in_several_batches() {
    let text = format!("a;b\n{}", "x\n".repeat(40_000));
    let mut reader = Reader::open(&source(), text.as_bytes(), Limits::default()).expect("readable").expect("a table");
    let mut batch = RawBatch::default();
    let mut batches = Vec::new();
    while reader.next_batch(&mut batch).expect("readable").expect("not refused") {
        batches.push(batch.broken.len());
    }
    assert_eq!(batches.iter().sum::<usize>(), 40_000);
    assert!(batches.iter().all(|rows| *rows <= 16_384), "{batches:?}");
}

#[test]
fn of_a_broken_row_the_beginning_is_kept() {
    let said = accepted(&source(), format!("a;b\n{}\n", "x".repeat(10_000)));
    assert_eq!(said.broken[0].3.len(), 4096);
}
