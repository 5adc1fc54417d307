//! A test of a source: a few lines of the vendor's bytes in; canonical rows, rejected rows and books out.

use std::collections::BTreeMap;
use std::io::Cursor;

use definitions::cases::{Case, Given, GivenBytes};
use extractor::scope_of_name;
use model::{Catalogue, Code, Column, ColumnKind, Dataset, FieldType, InputForm, Notice, Refusal, RowTally, Source};

use super::compare::{FoundReject, Grid};
use super::delivery;
use super::read::Texts;
use crate::RunError;
use crate::single::cell_text;

/// What a source's test came to.
pub(super) struct Outcome {
    pub(super) rows: Grid,
    pub(super) rejects: Vec<FoundReject>,
    pub(super) tally: RowTally,
    pub(super) notices: Vec<Notice>,
}

/// Carries out a test. A delivery that is refused is no error.
pub(super) fn run(
    case: &Case,
    texts: &Texts,
    source: &Source,
    dataset: &Dataset,
    catalogue: &Catalogue,
) -> Result<Result<Outcome, Refusal>, RunError> {
    let Given::Delivery(given) = &case.given else { return Err(RunError::Internal("no delivery".to_owned())) };
    let scope = match scope_of_name(source, &given.name)? {
        Ok(Some(scope)) => scope,
        Ok(None) => {
            let message = format!("`{}` is no name of `{}`: {}", given.name, source.id, source.file.pattern);
            return Ok(Err(Refusal::new(Code::FILE_UNKNOWN, message)));
        }
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (form, bytes) = match &given.bytes {
        GivenBytes::Text(text) => {
            let Some(bytes) = source.input.encoding.encode(text) else {
                let message = format!("the text has characters that {} lacks", source.input.encoding.label());
                return Ok(Err(Refusal::new(Code::ENC_INVALID, message)));
            };
            (InputForm::plain(source.input.encoding), bytes)
        }
        GivenBytes::Raw(bytes) => (source.input.clone(), bytes.clone()),
        GivenBytes::File(name) => (source.input.clone(), texts.bytes(name)),
    };
    let loaded = delivery::load(source, dataset, catalogue, &scope, &form, Box::new(Cursor::new(bytes)))?;
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let rejects = loaded.rejected.iter().map(|row| FoundReject {
        dataset: None,
        line: row.line,
        record: row.record,
        column: row.column.clone(),
        code: Some(row.code),
        reason: row.reason.clone(),
    });
    let rejects = rejects.collect();
    let rows = canonical(&loaded, dataset);
    Ok(Ok(Outcome { rows, rejects, tally: loaded.tally, notices: loaded.notices }))
}

/// Canonical rows as text, persons numbered in the order of their appearance.
fn canonical(loaded: &delivery::Loaded, dataset: &Dataset) -> Grid {
    let is_person =
        |name: &str| dataset.fields.iter().any(|field| field.name.as_str() == name && field.ty == FieldType::Person);
    let schema = &loaded.rows.schema;
    let mut persons: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows = Vec::with_capacity(loaded.kept.len());
    for row in loaded.kept.iter().map(|row| *row as usize) {
        let mut cells = Vec::with_capacity(schema.columns.len() + 1);
        for ((name, kind), column) in schema.columns.iter().zip(&loaded.rows.columns) {
            let text = text(column, kind, row);
            if is_person(name) && !text.is_empty() {
                let next = persons.len() + 1;
                cells.push(format!("person{}", persons.entry(text).or_insert(next)));
            } else {
                cells.push(text);
            }
        }
        cells.push(loaded.rows.line[row].to_string());
        rows.push(cells);
    }
    let columns = schema.columns.iter().map(|(name, _)| name.clone()).chain(["_line".to_owned()]);
    Grid { columns: columns.collect(), rows }
}

fn text(column: &Column, kind: &ColumnKind, row: usize) -> String {
    if column.valid[row] { cell_text(column, kind, row) } else { String::new() }
}

/// The columns that say which row a row is: its line, or else its key, where the expectation has all of it.
pub(super) fn keys(dataset: &Dataset, expected: &[String]) -> Vec<String> {
    if expected.iter().any(|name| name == "_line") {
        return vec!["_line".to_owned()];
    }
    let key: Vec<String> = dataset.key.iter().map(|field| dataset.field(*field).name.to_string()).collect();
    if key.iter().all(|name| expected.contains(name)) { key } else { Vec::new() }
}
