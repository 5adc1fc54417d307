//! The way back: the canonical rows that a measure was made of, as text, with their delivery and line.

use std::collections::{BTreeMap, BTreeSet};

use model::{Dataset, DatasetId, Expr, Field, FieldType, Measure, MunicipalityCode, Period, format_decimal};
use polars::prelude::{self as pl, DataFrame, DataType, Expr as PlanExpr, LazyFrame, PolarsResult, col, len};

use super::general::counted;
use super::{ComputeError, DatasetRows};

/// The rows of a measure, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeasureRows {
    /// The dataset's fields, those of what is looked up, then the classes of the dataset's persons.
    pub columns: Vec<String>,
    /// The first rows, in the order of the files and of their lines.
    pub rows: Vec<MeasureRow>,
    /// How many there are in all.
    pub total: u64,
}

/// A row of a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureRow {
    /// The values in the order of the columns; a missing one is an empty text.
    pub cells: Vec<String>,
    /// The delivery that it came in.
    pub delivery: String,
    /// The physical line on which it stood.
    pub line: u64,
}

/// The rows that a measure counts in a period for some municipalities, `limit` of them at most, each with what is looked up
/// for it. `rows` has the files of all datasets that the measure reads; nothing else of it is asked. Of a cell of a
/// breakdown, measure and `part` are what [`model::Indicator::within`] says.
pub fn rows_of(
    (measure, part): (&Measure, Option<&Expr>),
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    (period, municipalities): (Period, &BTreeSet<MunicipalityCode>),
    limit: usize,
) -> Result<MeasureRows, ComputeError> {
    let Some(dataset) = rows.get(&measure.dataset).map(|rows| rows.dataset) else { return Ok(MeasureRows::default()) };
    let seen = Seen { fields: measure.fields(dataset), dataset };
    let columns: Vec<String> = seen.fields.iter().map(|field| field.name.to_string()).chain(classes(dataset)).collect();
    let failed = |error: pl::PolarsError| ComputeError::Unanswered { message: error.to_string() };
    let Some(kept) = counted(measure, part, rows, period, municipalities).map_err(failed)? else {
        return Ok(MeasureRows { columns, ..MeasureRows::default() });
    };
    let total = kept.clone().select([len().cast(DataType::Int64).alias("rows")]).collect().map_err(failed)?;
    let total = total.column("rows").and_then(|rows| rows.i64().map(|rows| rows.get(0))).map_err(failed)?;
    let rows = first(kept, seen, limit).and_then(|frame| texts(&frame, seen)).map_err(failed)?;
    Ok(MeasureRows { columns, rows, total: total.unwrap_or_default().unsigned_abs() })
}

/// What is shown of a row.
#[derive(Clone, Copy)]
struct Seen<'a> {
    /// The fields of its dataset, and of what is looked up.
    fields: &'a [Field],
    dataset: &'a Dataset,
}

/// The columns that say what kind of number a person was delivered with.
fn classes(dataset: &Dataset) -> impl Iterator<Item = String> {
    let persons = dataset.fields.iter().filter(|field| field.ty == FieldType::Person);
    persons.map(|field| format!("{}_class", field.name))
}

fn first(kept: LazyFrame, seen: Seen<'_>, limit: usize) -> PolarsResult<DataFrame> {
    let field = |field: &Field| {
        let values = col(field.name.as_str());
        if field.ty.is_temporal() || matches!(field.ty, FieldType::Code(_)) {
            values.cast(DataType::String)
        } else {
            values
        }
    };
    let mut wanted: Vec<PlanExpr> = seen.fields.iter().map(field).collect();
    wanted.extend(classes(seen.dataset).map(|name| col(name.as_str())));
    wanted.extend([col("_delivery").cast(DataType::String), col("_line").cast(DataType::Int64)]);
    let limit = pl::IdxSize::try_from(limit).unwrap_or(pl::IdxSize::MAX);
    kept.select(wanted).limit(limit).collect()
}

fn texts(frame: &DataFrame, seen: Seen<'_>) -> PolarsResult<Vec<MeasureRow>> {
    let mut rows: Vec<MeasureRow> = Vec::with_capacity(frame.height());
    let deliveries = frame.column("_delivery")?.str()?.clone();
    let lines = frame.column("_line")?.i64()?.clone();
    for row in 0..frame.height() {
        rows.push(MeasureRow {
            cells: Vec::with_capacity(seen.fields.len()),
            delivery: deliveries.get(row).unwrap_or_default().to_owned(),
            line: lines.get(row).unwrap_or_default().unsigned_abs(),
        });
    }
    for field in seen.fields {
        let values = frame.column(field.name.as_str())?;
        let text: Box<dyn Fn(usize) -> Option<String>> = match &field.ty {
            FieldType::Integer => {
                let numbers = values.i64()?.clone();
                Box::new(move |row| numbers.get(row).map(|number| number.to_string()))
            }
            FieldType::Decimal { scale, .. } => {
                let (numbers, scale) = (values.i64()?.clone(), *scale);
                Box::new(move |row| numbers.get(row).map(|minor| format_decimal(i128::from(minor), scale)))
            }
            FieldType::Boolean => {
                let truths = values.bool()?.clone();
                Box::new(move |row| truths.get(row).map(|truth| truth.to_string()))
            }
            _ => {
                let texts = values.str()?.clone();
                Box::new(move |row| texts.get(row).map(str::to_owned))
            }
        };
        for (at, row) in rows.iter_mut().enumerate() {
            row.cells.push(text(at).unwrap_or_default());
        }
    }
    for class in classes(seen.dataset) {
        let texts = frame.column(&class)?.str()?.clone();
        for (at, row) in rows.iter_mut().enumerate() {
            row.cells.push(texts.get(at).unwrap_or_default().to_owned());
        }
    }
    Ok(rows)
}
