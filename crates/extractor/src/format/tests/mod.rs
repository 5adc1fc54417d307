//! A source to read with, and everything that a reader says about a file in a form that can be compared.

mod cases;
mod control;
mod fixed;
mod limits;
mod properties;
mod quoted;
mod witness;

use std::collections::BTreeMap;
use std::io::{self, Read};

use model::{
    Code, Control, ControlField, ControlPlace, ControlRecord, DatasetId, DelimitedFormat, Encoding, Escape, FieldName,
    FileName, Fingerprint, Format, InputForm, Layout, LineEnd, Load, NamePart, NumberFormat, RawBatch, Refusal, Scope,
    SkipMatch, SkipRule, Source, SourceId, Text,
};

use crate::error::settle;
use crate::{ExtractError, Limits, ReadSummary, Reader};

/// UTF-8, `;`, `"`, a header row, no rules.
pub(crate) fn source() -> Source {
    source_of(Format::Delimited(DelimitedFormat::new(Encoding::Utf8, b';')))
}

pub(super) fn source_of(format: Format) -> Source {
    Source {
        id: SourceId::new("ledger").expect("an identifier"),
        title: Text::default(),
        description: Text::default(),
        vendor: String::new(),
        system: String::new(),
        interface: None,
        dataset: DatasetId::new("postings").expect("an identifier"),
        valid_from: None,
        valid_to: None,
        file: FileName { pattern: "*".to_owned(), parts: vec![NamePart::Any] },
        scope: Scope { one_municipality: false, period: None },
        load: Load::Full,
        due_days: None,
        min_rows: Some(0),
        budget: model::Budget::default(),
        input: InputForm::plain(Encoding::Utf8.into()),
        format,
        fields: Vec::new(),
        skip: Vec::new(),
        control: Control::default(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

pub(super) fn with_format(change: impl FnOnce(&mut DelimitedFormat)) -> Source {
    let mut source = source();
    if let Format::Delimited(format) = &mut source.format {
        change(format);
    }
    source
}

pub(super) fn with_rules(rules: &[(&str, SkipMatch)]) -> Source {
    let rule = |(id, rule): &(&str, SkipMatch)| SkipRule {
        id: FieldName::new(id).expect("an identifier"),
        rule: rule.clone(),
    };
    Source { skip: rules.iter().map(rule).collect(), ..source() }
}

pub(super) fn cell_is(column: &str, text: &str) -> SkipMatch {
    SkipMatch::CellIs { column: column.to_owned(), texts: vec![text.to_owned()] }
}

pub(super) fn plain_number() -> NumberFormat {
    NumberFormat::plain(&[])
}

pub(super) fn control_record(starts_with: &str, states: &[(ControlField, ControlPlace)]) -> ControlRecord {
    let states = states.iter().map(|(field, place)| (field.clone(), *place, plain_number()));
    ControlRecord { starts_with: starts_with.to_owned(), states: states.collect() }
}

/// A row: line, record, cells, and the record as it stands in the file.
pub(super) type Row = (u64, u64, Vec<Vec<u8>>, Vec<u8>);

/// All that a reader said about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) broken: Vec<(u64, u64, Code, Vec<u8>)>,
    pub(super) summary: ReadSummary,
}

impl Said {
    /// The cells as text.
    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let text = |cell: &Vec<u8>| String::from_utf8_lossy(cell).into_owned();
        self.rows.iter().map(|(_, _, cells, _)| cells.iter().map(text).collect()).collect()
    }

    /// Line and code of the broken rows.
    pub(super) fn faults(&self) -> Vec<(u64, Code)> {
        self.broken.iter().map(|(line, _, code, _)| (*line, *code)).collect()
    }

    pub(super) fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, ..)| *line).collect()
    }

    pub(super) fn notices(&self) -> Vec<Code> {
        self.summary.notices.iter().map(|notice| notice.code).collect()
    }
}

pub(super) fn read_from(
    source: &Source,
    input: impl Read,
    limits: Limits,
) -> Result<Result<Said, Refusal>, ExtractError> {
    match Reader::open(source, input, limits)? {
        Ok(reader) => read_all(reader),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Reads with only so many bytes in memory before the first row, so that short files come in several pieces, too.
pub(super) fn read_in_pieces(
    source: &Source,
    input: impl Read,
    limits: Limits,
    head: usize,
) -> Result<Result<Said, Refusal>, ExtractError> {
    match settle(Reader::begin(&Layout::of(source), input, limits.clamped(), head))? {
        Ok(reader) => read_all(reader),
        Err(refusal) => Ok(Err(refusal)),
    }
}

fn read_all(mut reader: Reader<impl Read>) -> Result<Result<Said, Refusal>, ExtractError> {
    let names = reader.header().names.clone();
    let (mut rows, mut broken) = (Vec::new(), Vec::new());
    let mut batch = RawBatch::default();
    loop {
        match reader.next_batch(&mut batch)? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(more) => assert_eq!(more, !batch.is_empty() || !batch.broken.is_empty(), "`false` means the end"),
        }
        if batch.is_empty() && batch.broken.is_empty() {
            break;
        }
        assert_eq!(batch.cells.len(), batch.len() * batch.width, "every row has its cells");
        for (row, address) in batch.rows.iter().enumerate() {
            let cells = (0..batch.width).map(|column| batch.cell(row, column).to_vec()).collect();
            rows.push((address.line, address.record, cells, batch.slice(address.raw).to_vec()));
        }
        broken.extend(batch.broken.drain(..).map(|row| (row.line, row.record, row.code, row.raw)));
    }
    let summary = reader.finish();
    let skipped: u64 = summary.skipped.values().sum();
    assert_eq!(summary.read, (rows.len() + broken.len()) as u64 + skipped, "the books balance");
    Ok(Ok(Said { names, rows, broken, summary }))
}

pub(super) fn read(source: &Source, bytes: impl AsRef<[u8]>) -> Result<Said, Refusal> {
    read_from(source, bytes.as_ref(), Limits::default()).expect("memory can be read")
}

pub(super) fn accepted(source: &Source, bytes: impl AsRef<[u8]>) -> Said {
    read(source, bytes).expect("the file is not refused")
}

pub(super) fn refused(source: &Source, bytes: impl AsRef<[u8]>) -> Refusal {
    read(source, bytes).expect_err("the file is refused")
}

pub(super) fn skipped(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(rule, rows)| ((*rule).to_owned(), *rows)).collect()
}

/// An input that hands its bytes over in pieces of these sizes, again and again.
pub(super) struct Dribble<'a> {
    bytes: &'a [u8],
    sizes: &'a [usize],
    turn: usize,
}

impl<'a> Dribble<'a> {
    pub(super) fn new(bytes: &'a [u8], sizes: &'a [usize]) -> Self {
        Self { bytes, sizes, turn: 0 }
    }
}

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.sizes.get(self.turn % self.sizes.len().max(1)).copied().unwrap_or(1).max(1);
        let size = size.min(buffer.len()).min(self.bytes.len());
        buffer[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes = &self.bytes[size..];
        Ok(size)
    }
}
