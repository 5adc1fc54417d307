//! Rows of a part as text, for people: the last step of the way from a figure back to what was delivered.

use std::path::Path;

use model::{Column, ColumnData, ColumnKind, Date, RecordBatch, format_decimal};

use super::reader::PartReader;
use super::{DELIVERY, LINE, RECORD};
use crate::LoadError;

/// Which rows are meant; an empty filter stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// The column of days, the first day, and the first day after.
    pub days: Option<(String, Date, Date)>,
    /// Columns and the text that they must have.
    pub equal: Vec<(String, String)>,
}

/// Rows as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CanonicalRows {
    /// The names of the columns; `_delivery`, `_line` and `_record` are the last ones.
    pub columns: Vec<String>,
    /// The rows. A missing value is an empty text.
    pub rows: Vec<Vec<String>>,
    /// Whether there are more rows than were asked for.
    pub more: bool,
}

/// Reads rows of a part, `limit` at most, in the order of the delivery.
pub fn read_rows(path: &Path, filter: &RowFilter, limit: usize) -> Result<CanonicalRows, LoadError> {
    let mut reader = PartReader::open(path)?;
    let names = reader.schema().columns.iter().map(|(name, _)| name.clone());
    let columns = names.chain([DELIVERY, LINE, RECORD].map(str::to_owned)).collect();
    let delivery = reader.metadata().delivery.clone();
    let mut result = CanonicalRows { columns, ..CanonicalRows::default() };
    while let Some(batch) = reader.next_batch()? {
        for row in (0..batch.len()).filter(|row| filter.keeps(&batch, *row)) {
            if result.rows.len() == limit {
                result.more = true;
                return Ok(result);
            }
            result.rows.push(texts(&batch, row, &delivery));
        }
    }
    Ok(result)
}

impl RowFilter {
    fn keeps(&self, batch: &RecordBatch, row: usize) -> bool {
        let cell = |name: &str| {
            let at = batch.schema.columns.iter().position(|(known, _)| known == name)?;
            Some((&batch.columns[at], &batch.schema.columns[at].1))
        };
        let in_days = self.days.as_ref().is_none_or(|(name, from, to)| match cell(name) {
            Some((Column { data: ColumnData::Date(days), valid }, _)) => {
                valid[row] && (from.days()..to.days()).contains(&days[row])
            }
            _ => false,
        });
        let equals = |(name, text): &(String, String)| {
            cell(name).is_some_and(|(column, kind)| cell_text(column, kind, row) == *text)
        };
        in_days && self.equal.iter().all(equals)
    }
}

fn texts(batch: &RecordBatch, row: usize, delivery: &str) -> Vec<String> {
    let columns = batch.columns.iter().zip(&batch.schema.columns);
    let mut texts: Vec<String> = columns.map(|(column, (_, kind))| cell_text(column, kind, row)).collect();
    texts.extend([delivery.to_owned(), batch.line[row].to_string(), batch.record[row].to_string()]);
    texts
}

fn cell_text(column: &Column, kind: &ColumnKind, row: usize) -> String {
    if !column.valid[row] {
        return String::new();
    }
    match (&column.data, kind) {
        (ColumnData::Number(values), ColumnKind::Decimal { scale }) => format_decimal(values[row].into(), *scale),
        (ColumnData::Number(values), _) => values[row].to_string(),
        (ColumnData::Date(values), _) => {
            Date::from_days(values[row]).map_or_else(|| values[row].to_string(), |day| day.to_string())
        }
        (ColumnData::Boolean(values), _) => values[row].to_string(),
        (ColumnData::Code(values), _) => values[row].to_string(),
        (ColumnData::Text(texts), _) => texts.get(row).to_owned(),
    }
}
