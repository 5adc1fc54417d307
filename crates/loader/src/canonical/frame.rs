//! Columns of ours as columns of polars, and back. The one place where the two meet.
//!
//! Codes are written as text. The Parquet writer of polars gives every text column a dictionary where the values
//! repeat, so a code costs a few bits, and any reader sees plain text.

use std::sync::Arc;

use model::{Column, ColumnData, ColumnKind, RecordBatch, RecordSchema, TextData};
use polars::prelude::{
    BooleanChunked, ChunkFull, Column as Series, DataFrame, DataType, Int32Chunked, Int64Chunked, IntoColumn,
    IntoSeries, NewChunkedArray, PlSmallStr, PolarsResult, StringChunked, StringChunkedBuilder,
};

use super::{DELIVERY, LINE, RECORD};

/// The rows as a data frame, with delivery, line and record.
pub(super) fn into_frame(batch: RecordBatch, delivery: &str) -> PolarsResult<DataFrame> {
    let rows = batch.len();
    let schema = Arc::clone(&batch.schema);
    let columns = batch.columns.into_iter().zip(&schema.columns);
    let mut columns = columns
        .map(|(column, (name, kind))| into_series(PlSmallStr::from_str(name), column, kind))
        .collect::<PolarsResult<Vec<Series>>>()?;
    columns.push(StringChunked::full(PlSmallStr::from_static(DELIVERY), delivery, rows).into_column());
    for (name, numbers) in [(LINE, batch.line), (RECORD, batch.record)] {
        let numbers = numbers.into_iter().map(u64::cast_signed).collect();
        columns.push(Int64Chunked::from_vec(PlSmallStr::from_static(name), numbers).into_column());
    }
    DataFrame::new(rows, columns)
}

fn into_series(name: PlSmallStr, column: Column, kind: &ColumnKind) -> PolarsResult<Series> {
    let Column { data, valid } = column;
    let gaps = valid.iter().any(|valid| !valid);
    Ok(match data {
        ColumnData::Number(values) => {
            let validity = gaps.then(|| valid.iter().copied().collect());
            Int64Chunked::from_vec_validity(name, values, validity).into_column()
        }
        ColumnData::Date(values) => {
            let validity = gaps.then(|| valid.iter().copied().collect());
            Int32Chunked::from_vec_validity(name, values, validity).into_series().cast(&DataType::Date)?.into_column()
        }
        ColumnData::Boolean(values) => {
            let options = valid.iter().zip(values).map(|(valid, value)| valid.then_some(value));
            BooleanChunked::from_iter_options(name, options).into_column()
        }
        ColumnData::Code(values) => {
            let ColumnKind::Code(codes) = kind else { unreachable!("a column of codes has a list of codes") };
            texts(name, &valid, |row| &codes[values[row] as usize])
        }
        ColumnData::Text(values) => texts(name, &valid, |row| values.get(row)),
    })
}

fn texts<'a>(name: PlSmallStr, valid: &[bool], text: impl Fn(usize) -> &'a str) -> Series {
    let mut builder = StringChunkedBuilder::new(name, valid.len());
    for (row, valid) in valid.iter().enumerate() {
        builder.append_option(valid.then(|| text(row)));
    }
    builder.finish().into_column()
}

/// The rows of a data frame that was read from a part.
pub(super) fn from_frame(frame: &DataFrame, schema: &Arc<RecordSchema>) -> PolarsResult<RecordBatch> {
    let mut batch = RecordBatch::new(Arc::clone(schema));
    for (into, (name, kind)) in batch.columns.iter_mut().zip(&schema.columns) {
        *into = from_series(frame.column(name)?, kind)?;
    }
    batch.line = numbers(frame.column(LINE)?)?;
    batch.record = numbers(frame.column(RECORD)?)?;
    Ok(batch)
}

fn numbers(series: &Series) -> PolarsResult<Vec<u64>> {
    Ok(series.i64()?.iter().map(|number| number.unwrap_or_default().cast_unsigned()).collect())
}

fn from_series(series: &Series, kind: &ColumnKind) -> PolarsResult<Column> {
    let mut valid = Vec::with_capacity(series.len());
    let data = match kind {
        ColumnKind::Integer | ColumnKind::Decimal { .. } => {
            ColumnData::Number(series.i64()?.iter().map(|value| unwrap(value, &mut valid)).collect())
        }
        ColumnKind::Date => {
            let days = series.cast(&DataType::Int32)?;
            ColumnData::Date(days.i32()?.iter().map(|value| unwrap(value, &mut valid)).collect())
        }
        ColumnKind::Boolean => {
            ColumnData::Boolean(series.bool()?.iter().map(|value| unwrap(value, &mut valid)).collect())
        }
        ColumnKind::Code(_) | ColumnKind::Text => {
            let mut texts = TextData::default();
            series.str()?.iter().for_each(|value| texts.push(unwrap(value, &mut valid)));
            ColumnData::Text(texts)
        }
    };
    Ok(Column { data, valid })
}

fn unwrap<T: Default>(value: Option<T>, valid: &mut Vec<bool>) -> T {
    valid.push(value.is_some());
    value.unwrap_or_default()
}
