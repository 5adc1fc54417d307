//! What suspect rows really are: equal rows, rows that contradict each other, or rows with keys of their own.

use std::collections::BTreeMap;

use model::{Column, ColumnData, ColumnKind, Dataset, RecordBatch};

use crate::calendar::Calendar;

/// The place of a row in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowPlace {
    /// The physical line, from 1.
    pub line: u64,
    /// The record number, from 1.
    pub record: u64,
}

/// What was found out about the keys of rows, in the order of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFindings {
    /// Rows that are equal to an earlier one: they are to be dropped.
    pub duplicates: Vec<RowPlace>,
    /// Rows that share their key with a row of other content, each with the line of that row: all are to be rejected.
    pub conflicts: Vec<(RowPlace, u64)>,
}

impl KeyFindings {
    /// Takes in what was found about other rows.
    pub fn extend(&mut self, other: Self) {
        self.duplicates.extend(other.duplicates);
        self.conflicts.extend(other.conflicts);
        self.sort();
    }

    fn sort(&mut self) {
        self.duplicates.sort_unstable_by_key(|place| place.record);
        self.conflicts.sort_unstable_by_key(|(place, _)| place.record);
    }
}

/// Compares the keys of rows, and the contents of those that share one, value by value.
///
/// Rows of different units (municipality and period of the partition) never share a key. Memory holds each different
/// key once, with one content, and the place of every row.
pub struct KeyJudge<'a> {
    dataset: &'a Dataset,
    calendar: Calendar,
    keys: BTreeMap<Vec<u8>, KeyRows>,
    buffer: Vec<u8>,
}

/// The rows of one key.
struct KeyRows {
    /// The content of the first row.
    content: Vec<u8>,
    /// The line of the first row whose content differs.
    other: Option<u64>,
    /// All of them, and whether they have the content.
    rows: Vec<(RowPlace, bool)>,
}

impl<'a> KeyJudge<'a> {
    /// For rows of this dataset. Where it declares no key nothing is ever found.
    pub fn new(dataset: &'a Dataset) -> Self {
        Self { dataset, calendar: Calendar::new(dataset.partition), keys: BTreeMap::new(), buffer: Vec::new() }
    }

    /// Adds rows, as they were parsed or as they were read back, codes being texts: one way for all rows of a judge.
    pub fn add(&mut self, rows: &RecordBatch) {
        if self.dataset.key.is_empty() {
            return;
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| rows.record[*row]);
        for row in order {
            self.add_row(rows, row);
        }
    }

    fn add_row(&mut self, rows: &RecordBatch, row: usize) {
        let place = RowPlace { line: rows.line[row], record: rows.record[row] };
        let column = |at: usize| (&rows.columns[at], &rows.schema.columns[at].1);
        let mut key = Vec::new();
        write(column(self.dataset.municipality.0), row, &mut key);
        if let ColumnData::Date(days) = &rows.columns[self.dataset.time.0].data {
            key.extend_from_slice(&self.calendar.number(days[row]).to_le_bytes());
        }
        self.dataset.key.iter().for_each(|field| write(column(field.0), row, &mut key));
        self.buffer.clear();
        (0..rows.columns.len()).for_each(|at| write(column(at), row, &mut self.buffer));
        let new = || KeyRows { content: self.buffer.clone(), other: None, rows: Vec::new() };
        let known = self.keys.entry(key).or_insert_with(new);
        let equal = known.content == self.buffer;
        if !equal {
            known.other.get_or_insert(place.line);
        }
        known.rows.push((place, equal));
    }

    /// What was found.
    pub fn finish(self) -> KeyFindings {
        let mut findings = KeyFindings::default();
        for KeyRows { mut rows, other, .. } in self.keys.into_values() {
            let first = rows[0].0;
            match other {
                None => {
                    rows.sort_unstable_by_key(|(place, _)| place.record);
                    findings.duplicates.extend(rows[1..].iter().map(|(place, _)| place));
                }
                Some(other) => {
                    let opposite = |equal: bool| if equal { other } else { first.line };
                    findings.conflicts.extend(rows.into_iter().map(|(place, equal)| (place, opposite(equal))));
                }
            }
        }
        findings.sort();
        findings
    }
}

/// Writes a value so that no two rows of different values are written alike: a gap is marked, a text has its length.
fn write((column, kind): (&Column, &ColumnKind), row: usize, out: &mut Vec<u8>) {
    out.push(u8::from(column.valid[row]));
    if !column.valid[row] {
        return;
    }
    let mut text = |text: &str| {
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    };
    match (&column.data, kind) {
        (ColumnData::Code(values), ColumnKind::Code(codes)) => text(&codes[values[row] as usize]),
        (ColumnData::Text(texts), _) => text(texts.get(row)),
        (ColumnData::Number(values), _) => out.extend_from_slice(&values[row].to_le_bytes()),
        (ColumnData::Date(values), _) => out.extend_from_slice(&values[row].to_le_bytes()),
        (ColumnData::Boolean(values), _) => out.push(u8::from(values[row])),
        (ColumnData::Code(_), _) => unreachable!("a column of codes has a list of codes"),
    }
}
