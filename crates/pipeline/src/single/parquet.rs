//! Rows as Parquet, through the loader's plain writer.

use std::io::Write;
use std::sync::Arc;

use loader::TableWriter;
use model::{ColumnData, ColumnKind, DatasetId, RecordBatch, RecordSchema};

use super::text::TextBatch;
use crate::RunError;

/// Columns of text with these names.
pub(super) fn text_schema(names: &[String]) -> Arc<RecordSchema> {
    let dataset = DatasetId::new("file").unwrap_or_else(|_| unreachable!("the name is well-formed"));
    let columns = names.iter().map(|name| (name.clone(), ColumnKind::Text)).collect();
    Arc::new(RecordSchema { dataset, columns })
}

/// Begins a file.
pub(super) fn begin<'a>(
    schema: &Arc<RecordSchema>,
    out: Box<dyn Write + Send + 'a>,
) -> Result<TableWriter<Box<dyn Write + Send + 'a>>, RunError> {
    Ok(TableWriter::create(out, schema)?)
}

/// The text rows as typed ones.
pub(super) fn texts(batch: &TextBatch<'_>, schema: &Arc<RecordSchema>) -> RecordBatch {
    let mut typed = RecordBatch::new(Arc::clone(schema));
    let mut scratch = String::new();
    for (column, into) in typed.columns.iter_mut().enumerate() {
        for row in batch.rows() {
            let cell = batch.cell(row, column, &mut scratch).and_then(|bytes| std::str::from_utf8(bytes).ok());
            match (cell, &mut into.data) {
                (Some(text), ColumnData::Text(texts)) => {
                    texts.push(text);
                    into.valid.push(true);
                }
                _ => into.push_missing(),
            }
        }
    }
    for row in batch.rows() {
        let (line, record) = batch.place(row);
        typed.line.push(line);
        typed.record.push(record);
    }
    typed
}
