//! Whether the rows of a unit have the keys that their dataset promises.
//!
//! Keys are compared by 128-bit hashes, so that a unit of a million rows takes 40 MB and no sorting of texts. Two
//! different keys have one hash with a probability below 10^-20 in a unit of a billion rows; a row would only be lost
//! if its content's 64 bits agreed as well.

use model::{Column, ColumnData, ColumnKind, Dataset, RecordBatch};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The place of a row in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowPlace {
    /// The physical line, from 1.
    pub line: u64,
    /// The record number, from 1.
    pub record: u64,
}

/// What was found out about the keys of a unit, in the order of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFindings {
    /// Rows that are equal to an earlier one: they are to be dropped.
    pub duplicates: Vec<RowPlace>,
    /// Rows that share their key with a row of other content, each with the line of that row: all are to be rejected.
    pub conflicts: Vec<(RowPlace, u64)>,
}

/// Collects the keys of one unit.
#[derive(Debug)]
pub struct KeyCheck {
    key: Vec<usize>,
    rows: Vec<Row>,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    key: [u64; 2],
    record: u64,
    line: u64,
    content: u64,
}

impl KeyCheck {
    /// For rows of this dataset. Without a declared key nothing is checked.
    pub fn new(dataset: &Dataset) -> Self {
        Self { key: dataset.key.iter().map(|field| field.0).collect(), rows: Vec::new(), buffer: Vec::new() }
    }

    /// Adds the rows of a batch at these positions.
    pub fn add(&mut self, batch: &RecordBatch, rows: &[u32]) {
        if self.key.is_empty() {
            return;
        }
        self.rows.reserve(rows.len());
        for row in rows.iter().map(|row| *row as usize) {
            self.buffer.clear();
            for &at in &self.key {
                write(&batch.columns[at], &batch.schema.columns[at].1, row, &mut self.buffer);
            }
            let key = xxh3_128(&self.buffer);
            self.buffer.clear();
            for (column, (_, kind)) in batch.columns.iter().zip(&batch.schema.columns) {
                write(column, kind, row, &mut self.buffer);
            }
            let content = xxh3_64(&self.buffer);
            let halves = [halve(key >> 64), halve(key)];
            self.rows.push(Row { key: halves, record: batch.record[row], line: batch.line[row], content });
        }
    }

    /// What was found.
    pub fn finish(mut self) -> KeyFindings {
        self.rows.sort_unstable();
        let mut findings = KeyFindings::default();
        for group in self.rows.chunk_by(|a, b| a.key == b.key).filter(|group| group.len() > 1) {
            let first = group[0];
            match group.iter().find(|row| row.content != first.content) {
                None => findings.duplicates.extend(group[1..].iter().map(Row::place)),
                Some(other) => findings.conflicts.extend(group.iter().map(|row| {
                    let opposite = if row.content == first.content { other } else { &first };
                    (row.place(), opposite.line)
                })),
            }
        }
        findings.duplicates.sort_unstable_by_key(|place| place.record);
        findings.conflicts.sort_unstable_by_key(|(place, _)| place.record);
        findings
    }
}

impl Row {
    fn place(&self) -> RowPlace {
        RowPlace { line: self.line, record: self.record }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn halve(hash: u128) -> u64 {
    hash as u64
}

/// Writes a value so that no two rows of different values are written alike: a gap is marked, a text has its length.
fn write(column: &Column, kind: &ColumnKind, row: usize, out: &mut Vec<u8>) {
    out.push(u8::from(column.valid[row]));
    if !column.valid[row] {
        return;
    }
    match (&column.data, kind) {
        (ColumnData::Number(values), _) => out.extend_from_slice(&values[row].to_le_bytes()),
        (ColumnData::Date(values), _) => out.extend_from_slice(&values[row].to_le_bytes()),
        (ColumnData::Boolean(values), _) => out.push(u8::from(values[row])),
        // Positions in one list stand for codes as well as the codes do.
        (ColumnData::Code(values), _) => out.extend_from_slice(&values[row].to_le_bytes()),
        (ColumnData::Text(values), _) => {
            let text = values.get(row).as_bytes();
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text);
        }
    }
}
