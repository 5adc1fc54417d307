//! What the reader costs beside the pass that only finds separators: `cargo bench -p musketer-extractor`.
//!
//! The pass alone is the floor: nothing that knows where the cells are can be cheaper. What the reader adds is what
//! makes cells of the places: quoting, rules, widths, addresses, and the copy of the bytes into its blocks.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{DelimitedFormat, Encoding, FieldName, FixedColumn, FixedFormat, Format, Layout, RawBatch};
use model::{SkipMatch, SkipRule};
use musketer_extractor::{Limits, Reader};

use self::structure::{Specials, Structure, offset};

/// The module itself: it is no part of the crate's surface.
#[cfg_attr(test, expect(dead_code, reason = "its own tests are run elsewhere"))]
#[path = "../src/format/structure/mod.rs"]
mod structure;

const BYTES: usize = 16 << 20;

struct Case {
    name: &'static str,
    layout: Layout,
    specials: Specials,
    data: Vec<u8>,
}

fn delimited(name: &'static str, quote: bool, row: impl Fn(usize) -> String) -> Case {
    let mut layout = Layout::plain(Format::Delimited(DelimitedFormat::new(Encoding::Windows1252, b';')));
    layout.skip.push(SkipRule {
        id: FieldName::new("totals").expect("a name"),
        rule: SkipMatch::CellStartsWith { column: "kommune".to_owned(), texts: vec!["I alt".to_owned()] },
    });
    let mut names = "kommune;aar;periode;konto;omraade;funktion;grp;dranst;art;beloeb;bilag;tekst".to_owned();
    if quote {
        names = format!("\"{}\"", names.replace(';', "\";\""));
    }
    let specials = Specials { delimiter: Some(b';'), quote: Some(b'"'), escape: None, line_end: b'\n' };
    Case { name, layout, specials, data: rows(format!("{names}\r\n"), row) }
}

fn rows(head: String, row: impl Fn(usize) -> String) -> Vec<u8> {
    let mut data = head.into_bytes();
    for number in 0.. {
        data.extend(row(number).into_bytes());
        if data.len() > BYTES {
            break;
        }
    }
    data
}

/// A ledger as most systems write it; a twentieth of the texts are quoted.
fn ledger() -> Case {
    delimited("ledger", false, |number| {
        let text = if number % 20 == 7 { "\"Faktura; bilag 17\"" } else { "Faktura fra leverand\u{f8}r" };
        let amount = number * 7919 % 1_000_000;
        format!(
            "{:04};2025;{:02}-03-2025;{:08};{};3.22.01;{:03};1;4.0;1.{:03},{:02}-;{number:010};{text}\r\n",
            101 + number % 98,
            1 + number % 28,
            amount * 31 % 90_000_000,
            number % 7,
            number % 999,
            amount % 1000,
            amount % 100,
        )
    })
}

/// Every cell quoted, some with doubled marks.
fn quoted() -> Case {
    delimited("quoted", true, |number| {
        let text = if number % 50 == 7 { "kaldet \"\"hjemmet\"\"" } else { "Faktura; fra en leverand\u{f8}r" };
        let cells =
            format!("{:04};2025;03;{number:08};5;3.22.01;{:03};1;4.0;1.234,56-;{number:010}", 101, number % 999);
        format!("\"{}\";\"{text}\"\r\n", cells.replace(';', "\";\""))
    })
}

fn fixed() -> Case {
    let columns = [4, 4, 2, 8, 1, 6, 3, 1, 2, 15, 10, 30];
    let mut start = 0;
    let column = |(number, length): (usize, &usize)| {
        start += length;
        FixedColumn { name: format!("k{number}"), start: start - length, length: *length }
    };
    let columns: Vec<FixedColumn> = columns.iter().enumerate().map(column).collect();
    let format = FixedFormat { encoding: Encoding::Windows1252, columns, record_length: start };
    let data = rows(String::new(), |number| {
        format!(
            "01012025{:02}{number:08}5322010123140{:014}-{number:010}{:<30}\r\n",
            number % 12,
            number * 13,
            "Faktura"
        )
    });
    let specials = Specials { delimiter: None, quote: None, escape: None, line_end: b'\n' };
    Case { name: "fixed", layout: Layout::plain(Format::Fixed(format)), specials, data }
}

/// Finds the places, block by block.
fn find_places(structure: &mut Structure, data: &[u8], block: usize) -> usize {
    data.chunks(block)
        .map(|block| {
            structure.find(block, 0);
            structure.places().len() + offset(structure.breaks().len()) as usize
        })
        .sum()
}

/// Reads all rows.
fn read(case: &Case, batch: &mut RawBatch, limits: Limits) -> usize {
    let reader = Reader::open_layout(&case.layout, case.data.as_slice(), limits).expect("memory can be read");
    let mut reader = reader.expect("a file that is not refused");
    let mut cells = 0;
    while reader.next_batch(batch).expect("memory can be read").expect("a file that is not refused") {
        cells += batch.cells.len();
    }
    cells
}

fn reader(criterion: &mut Criterion) {
    let limits = Limits::default();
    for case in [ledger(), quoted(), fixed()] {
        let mut group = criterion.benchmark_group(case.name);
        group.throughput(Throughput::Bytes(case.data.len() as u64));
        let mut structure = Structure::new(case.specials);
        group.bench_function("separators", |bencher| {
            bencher.iter(|| find_places(&mut structure, &case.data, limits.batch_bytes));
        });
        let mut batch = RawBatch::default();
        group.bench_function("reader", |bencher| bencher.iter(|| read(&case, &mut batch, limits)));
        group.finish();
    }
}

criterion_group!(benches, reader);
criterion_main!(benches);
