//! The first rows of a file as its definition, or a dialect, sees them.

use std::io::Read;
use std::sync::Arc;

use extractor::{Limits, Reader};
use model::{InputForm, Layout, RawBatch, RecordBatch, RejectedRow, redact};
use normaliser::Harmoniser;
use serde::Serialize;

use super::read::{Stop, null_words};
use super::scope::scope;
use super::text::TextBatch;
use super::{Dialect, Input, Reading, SourceReading, value};
use crate::{RefusalReport, RunError};

/// About how many bytes are taken at a time: few rows are wanted.
const BATCH: usize = 64 << 10;

/// The first rows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Preview {
    /// The columns.
    pub columns: Vec<String>,
    /// Which of them hold numbers.
    #[serde(skip)]
    pub numeric: Vec<bool>,
    /// The rows in the order of the file, rejected ones among them.
    pub rows: Vec<PreviewRow>,
    /// How many of these rows are loaded.
    pub rows_loaded: u64,
    /// How many are rejected.
    pub rows_rejected: u64,
    /// Whether these are all rows of the file.
    pub complete: bool,
    /// Why the file is refused, if it is as far as it was read.
    pub refused: Option<RefusalReport>,
}

/// A row.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    /// The physical line, from 1.
    pub line: u64,
    /// The record number, from 1.
    pub record: u64,
    /// The values; `None` if the row is rejected. A missing value is `None` too.
    pub cells: Option<Vec<Option<String>>>,
    /// Why the row is rejected, if it is.
    pub reject: Option<PreviewReject>,
}

/// Why a row is rejected.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewReject {
    /// The code.
    pub code: String,
    /// Its name.
    pub name: &'static str,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// The reason.
    pub reason: String,
}

/// The first rows of a file, at most `most`.
///
/// # Errors
/// The file cannot be read, or what was asked for cannot be done. A refusal is in the answer.
pub fn preview(input: &Input, reading: &Reading<'_>, most: usize) -> Result<Preview, RunError> {
    let mut preview = Preview::default();
    let found = match reading {
        Reading::Dialect(dialect) => texts(input, dialect, most, &mut preview),
        Reading::Source(reading) => records(input, reading, most, &mut preview),
    };
    match found {
        Ok(()) => {}
        Err(Stop::Refused(refusal)) => preview.refused = Some(RefusalReport::from(&refusal)),
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Deaf) => {}
    }
    for row in &preview.rows {
        *(if row.reject.is_some() { &mut preview.rows_rejected } else { &mut preview.rows_loaded }) += 1;
    }
    Ok(preview)
}

fn open(input: &Input, form: &InputForm, layout: &Layout) -> Result<Reader<Box<dyn Read + Send>>, Stop> {
    let limits = Limits { batch_bytes: BATCH, ..Limits::default() };
    Ok(Reader::open_layout(layout, input.open(form)?, limits)??)
}

fn texts(input: &Input, dialect: &Dialect, most: usize, preview: &mut Preview) -> Result<(), Stop> {
    let mut reader = open(input, &dialect.form(), &dialect.layout()?)?;
    let names = reader.header().names.clone();
    preview.columns = names.iter().map(|name| redact(name).into_owned()).collect();
    preview.numeric = vec![false; names.len()];
    let (null, encoding) = (null_words(dialect), dialect.encoding.cells());
    let (mut raw, mut scratch) = (RawBatch::default(), String::new());
    while preview.rows.len() <= most {
        if !reader.next_batch(&mut raw)?? {
            preview.complete = true;
            return Ok(());
        }
        let mut rejected = Vec::new();
        let batch = TextBatch::new(&raw, encoding, &null, &names, &mut rejected);
        let mut rows = Vec::new();
        for row in batch.rows().take(most + 1) {
            let (line, record) = batch.place(row);
            let cell = |column| {
                let bytes = batch.cell(row, column, &mut scratch)?;
                Some(redact(&String::from_utf8_lossy(bytes)).into_owned())
            };
            rows.push(loaded(line, record, (0..batch.width()).map(cell).collect()));
        }
        enter(preview, rows, rejected, most);
    }
    cut(preview, most);
    Ok(())
}

fn records(input: &Input, reading: &SourceReading<'_>, most: usize, preview: &mut Preview) -> Result<(), Stop> {
    let scope = scope(reading.source, input, reading.said)??;
    let mut reader = open(input, &reading.source.input, &Layout::of(reading.source))?;
    let lists = &reading.catalogue.codelists;
    let plan = Harmoniser::new(reading.source, reading.dataset, lists, &scope, reader.header(), reading.keys)?;
    let schema = Arc::clone(plan.schema());
    preview.columns = schema.columns.iter().map(|(name, _)| name.clone()).collect();
    preview.numeric = schema.columns.iter().map(|(_, kind)| value::is_bare(kind)).collect();
    let mut hand = plan.hand();
    let mut raw = RawBatch::default();
    while preview.rows.len() <= most {
        if !reader.next_batch(&mut raw)?? {
            preview.complete = true;
            plan.finish(vec![hand], &reader.finish().control)?;
            return Ok(());
        }
        let mut batch = RecordBatch::new(Arc::clone(&schema));
        let mut rejected = Vec::new();
        plan.harmonise(&mut hand, &raw, &mut batch, &mut rejected)?;
        let cells = |row: usize| {
            let columns = batch.columns.iter().zip(&schema.columns);
            columns.map(move |(column, (_, kind))| {
                let mut text = Vec::new();
                column.valid[row].then(|| {
                    value::append(column, kind, row, &mut text);
                    String::from_utf8_lossy(&text).into_owned()
                })
            })
        };
        let rows = (0..batch.len()).take(most + 1);
        let rows = rows.map(|row| loaded(batch.line[row], batch.record[row], cells(row).collect())).collect();
        enter(preview, rows, rejected, most);
    }
    cut(preview, most);
    Ok(())
}

fn loaded(line: u64, record: u64, cells: Vec<Option<String>>) -> PreviewRow {
    PreviewRow { line, record, cells: Some(cells), reject: None }
}

/// Adds the rows of a batch in the order of the file.
fn enter(preview: &mut Preview, mut rows: Vec<PreviewRow>, rejected: Vec<RejectedRow>, most: usize) {
    let reject = |row: RejectedRow| PreviewRow {
        line: row.line,
        record: row.record,
        cells: None,
        reject: Some(PreviewReject {
            code: row.code.to_string(),
            name: row.code.name(),
            column: row.column,
            reason: row.reason,
        }),
    };
    rows.extend(rejected.into_iter().map(reject));
    rows.sort_by_key(|row| row.record);
    let room = (most + 1).saturating_sub(preview.rows.len());
    preview.rows.extend(rows.into_iter().take(room));
}

/// One row more than wanted was taken, to know whether there are more.
fn cut(preview: &mut Preview, most: usize) {
    preview.rows.truncate(most);
}
