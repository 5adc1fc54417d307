//! A plain Parquet file of rows, for whoever asked for one file in that format.
//!
//! Unlike a canonical part it has no place in the store and no columns of its own. Decimals are exact texts: a number
//! of minor units would mislead every reader that does not know the scale, and money is never a float.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use model::{Column, ColumnData, ColumnKind, RecordBatch, RecordSchema, format_decimal};
use polars::io::parquet::write::{BatchedWriter, ParquetWriter};
use polars::prelude::{
    BooleanChunked, Column as Series, DataFrame, DataType, Int32Chunked, Int64Chunked, IntoColumn, IntoSeries,
    NewChunkedArray, PlSmallStr, PolarsError, PolarsResult, StringChunked,
};

use crate::LoadError;

/// Rows of a row group.
const ROW_GROUP: usize = 122_880;
/// Bytes of text that end a row group early, so that long texts do not fill the memory.
const ROW_GROUP_TEXT: usize = 64 << 20;

/// Writes rows as Parquet to anything that takes bytes.
pub struct TableWriter<W: Write> {
    parquet: BatchedWriter<W>,
    buffer: RecordBatch,
}

impl<W: Write> std::fmt::Debug for TableWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("rows", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl<W: Write> TableWriter<W> {
    /// Begins a file with these columns.
    pub fn create(out: W, schema: &Arc<RecordSchema>) -> Result<Self, LoadError> {
        let buffer = RecordBatch::new(Arc::clone(schema));
        let empty = frame(&buffer).map_err(unwritable)?;
        let parquet = ParquetWriter::new(out).batched(empty.schema()).map_err(unwritable)?;
        Ok(Self { parquet, buffer })
    }

    /// Appends rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LoadError> {
        let rows: Vec<u32> = (0..u32::try_from(batch.len()).expect("a batch has fewer than 2^32 rows")).collect();
        for part in rows.chunks(ROW_GROUP) {
            self.buffer.append_rows(batch, part);
            if self.buffer.len() >= ROW_GROUP || text_bytes(&self.buffer) >= ROW_GROUP_TEXT {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what is gathered as a row group.
    fn flush(&mut self) -> Result<(), LoadError> {
        let frame = frame(&self.buffer).map_err(unwritable)?;
        self.buffer.clear();
        self.parquet.write_batch(&frame).map_err(unwritable)
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<(), LoadError> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        self.parquet.finish().map(|_| ()).map_err(unwritable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn unwritable(error: PolarsError) -> LoadError {
    LoadError::PartUnwritable { path: PathBuf::from("the output"), reason: error.to_string() }
}

fn text_bytes(batch: &RecordBatch) -> usize {
    let bytes = |column: &Column| match &column.data {
        ColumnData::Text(texts) => texts.buffered(),
        _ => 0,
    };
    batch.columns.iter().map(bytes).sum()
}

fn frame(batch: &RecordBatch) -> PolarsResult<DataFrame> {
    let columns = batch.columns.iter().zip(&batch.schema.columns);
    let columns: PolarsResult<Vec<Series>> =
        columns.map(|(column, (name, kind))| series(PlSmallStr::from_str(name), column, kind)).collect();
    DataFrame::new(batch.len(), columns?)
}

fn series(name: PlSmallStr, column: &Column, kind: &ColumnKind) -> PolarsResult<Series> {
    let valid = &column.valid;
    Ok(match (&column.data, kind) {
        (ColumnData::Number(values), ColumnKind::Decimal { scale }) => {
            let texts = values.iter().map(|value| format_decimal((*value).into(), *scale));
            let texts = texts.zip(valid).map(|(text, valid)| valid.then_some(text));
            StringChunked::from_iter_options(name, texts).into_column()
        }
        (ColumnData::Number(values), _) => Int64Chunked::from_iter_options(
            name,
            values.iter().zip(valid).map(|(value, valid)| valid.then_some(*value)),
        )
        .into_column(),
        (ColumnData::Date(values), _) => {
            let days = values.iter().zip(valid).map(|(value, valid)| valid.then_some(*value));
            Int32Chunked::from_iter_options(name, days).into_series().cast(&DataType::Date)?.into_column()
        }
        (ColumnData::Boolean(values), _) => {
            let values = values.iter().zip(valid).map(|(value, valid)| valid.then_some(*value));
            BooleanChunked::from_iter_options(name, values).into_column()
        }
        (ColumnData::Code(values), ColumnKind::Code(codes)) => {
            let texts = values.iter().zip(valid).map(|(at, valid)| valid.then(|| codes[*at as usize].as_str()));
            StringChunked::from_iter_options(name, texts).into_column()
        }
        (ColumnData::Code(_), _) => unreachable!("a column of codes has a list of codes"),
        (ColumnData::Text(texts), _) => {
            let texts = (0..texts.len()).zip(valid).map(|(row, valid)| valid.then(|| texts.get(row)));
            StringChunked::from_iter_options(name, texts).into_column()
        }
    })
}
