//! What the fuzz targets share: a source for every choice of dialect, and everything that a reader says about a file.

pub mod casting;
pub mod project;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::Arc;

use extractor::{Limits, ReadSummary, Reader};
use model::{Catalogue, Code, Encoding, RawBatch, Refusal, Source};

const CODELIST: &str = "kind: codelist
id: municipality
title: {da: Kommuner, en: Municipalities}
description: {da: Til prøver., en: For tests.}
rows: municipality.csv
attributes: [kind, region]
";
const CODES: &str = "code;title_da;title_en;valid_from;valid_to;aliases;kind;region
0101;København;Copenhagen;;;101|København;municipality;1084
0751;Aarhus;Aarhus;;;Århus;municipality;1082
";
const DATASET: &str = "kind: dataset
id: fuzzed
title: {da: Rækker, en: Rows}
description: {da: Til prøver., en: For tests.}
grain: {da: En række., en: A row.}
row_unit: record
partition: month
municipality: municipality
time: {event: day}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  day: {type: date, required: true, title: {da: Dato, en: Day}}
  amount: {type: decimal, precision: 15, scale: 2, unit: DKK, title: {da: Beløb, en: Amount}}
  text: {type: text, title: {da: Tekst, en: Text}}
  document: {type: text, pattern: '[0-9]{8}', title: {da: Bilag, en: Document}}
  settled: {type: boolean, title: {da: Afsluttet, en: Settled}}
";
const SOURCE: &str = "kind: source
id: fuzzed
title: {da: Prøve, en: Test}
description: {da: Til prøver., en: For tests.}
vendor: Test
system: Test
dataset: fuzzed
delivery: {file: 'fuzzed.csv', municipality: rows, load: full}
";

/// A catalogue with one source, `fuzzed`, whose definition ends in `rest`.
///
/// # Panics
/// If the definition is not sound: a mistake of the target.
pub fn catalogue(rest: &str) -> Catalogue {
    let file = |path: &str, text: String| (format!("definitions/{path}"), text.into_bytes());
    let files = BTreeMap::from([
        file("codelists/municipality.yaml", CODELIST.to_owned()),
        file("codelists/municipality.csv", CODES.to_owned()),
        file("datasets/fuzzed.yaml", DATASET.to_owned()),
        file("sources/test/fuzzed.yaml", format!("{SOURCE}{rest}")),
    ]);
    let (catalogue, diagnostics) = definitions::load(&files);
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{rest}");
    catalogue
}

/// The fields of a source whose file has one column for each field.
pub const FIELDS: &str = "fields:
  municipality: {column: a}
  day: {column: b, date: dd-mm-yyyy}
  amount: {column: c, number: {decimal: ','}}
";

/// A source for the reader, by a number whose bits choose the dialect.
pub fn dialect(choice: u16) -> Arc<Source> {
    let bits = |from: u16, width: u16| usize::from((choice >> from) & ((1 << width) - 1));
    let delimiter = ["';'", "','", "tab", "'|'"][bits(0, 2)];
    let quote = [r#"'"'"#, r#""'""#, "none", r#"'"'"#][bits(2, 2)];
    let encoding = Encoding::ALL[bits(4, 3) % 6].label();
    let mut yaml = format!("format: {{type: delimited, encoding: {encoding}, delimiter: {delimiter}, quote: {quote}");
    match bits(7, 2) {
        1 if quote != "none" => yaml += r", escape: '\'",
        2 if quote != "none" => yaml += ", escape: none",
        _ => {}
    }
    match bits(9, 2) {
        1 => yaml += ", columns: [a, b, c]",
        2 => yaml += ", header_rows: 2",
        _ => {}
    }
    if bits(11, 1) == 1 {
        yaml += ", preamble_lines: 2";
    }
    yaml += ["", ", line_end: cr", ", line_end: lf", ""][bits(12, 2)];
    yaml += "}\n";
    yaml += FIELDS;
    if bits(14, 1) == 1 {
        yaml += "skip:\n  - {id: totals, line_starts_with: [SUM]}\n  - {id: footer, line_matches: '^Side [0-9]+'}\n";
    }
    if bits(15, 1) == 1 {
        write!(yaml, "control: {{trailer: {{starts_with: SLUT, rows: 2}}}}\n").expect("a string takes everything");
    }
    Arc::clone(&catalogue(&yaml).sources["fuzzed"])
}

/// A row: line, record, cells, and the record as it stands in the file.
pub type Row = (u64, u64, Vec<Vec<u8>>, Vec<u8>);

/// All that a reader says about a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// The columns.
    pub names: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// The broken rows: line, record, code.
    pub broken: Vec<(u64, u64, Code)>,
    /// The books.
    pub summary: ReadSummary,
}

/// Reads a file in pieces of `piece` bytes.
///
/// # Errors
/// The file is refused.
///
/// # Panics
/// If the books do not balance, or the rows are not in the order of the file.
pub fn read(source: &Source, bytes: &[u8], limits: Limits, piece: usize) -> Result<Said, Refusal> {
    let mut reader = Reader::open(source, Pieces { bytes, piece }, limits).expect("memory can be read")?;
    let names = reader.header().names.clone();
    let (mut rows, mut broken): (Vec<Row>, Vec<(u64, u64, Code)>) = (Vec::new(), Vec::new());
    let mut batch = RawBatch::default();
    while reader.next_batch(&mut batch).expect("memory can be read")? {
        assert_eq!(batch.cells.len(), batch.len() * batch.width, "every row has its cells");
        for (row, address) in batch.rows.iter().enumerate() {
            let cells = (0..batch.width).map(|column| batch.cell(row, column).to_vec()).collect();
            rows.push((address.line, address.record, cells, batch.slice(address.raw).to_vec()));
        }
        broken.extend(batch.broken.drain(..).map(|row| (row.line, row.record, row.code)));
    }
    let summary = reader.finish();
    let skipped: u64 = summary.skipped.values().sum();
    assert_eq!(summary.read, (rows.len() + broken.len()) as u64 + skipped, "the books balance");
    assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "rows are in order");
    Ok(Said { names, rows, broken, summary })
}

struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.piece.min(buffer.len()).min(self.bytes.len());
        buffer[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes = &self.bytes[size..];
        Ok(size)
    }
}
