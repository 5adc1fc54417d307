//! Columns of polars as columns of ours.

use std::sync::Arc;

use model::{Column, ColumnData, ColumnKind, RecordBatch, RecordSchema, TextData};
use polars::prelude::{Column as Series, DataFrame, DataType, PolarsResult};

use super::{LINE, RECORD};

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
