//! Canonical rows, column by column.

use std::ops::Range;
use std::sync::Arc;

use crate::{Dataset, DatasetId, FieldType};

/// The physical kind of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Decimals as minor units of `10^-scale`.
    Decimal {
        /// Digits after the decimal mark.
        scale: u8,
    },
    /// Days since 1970-01-01.
    Date,
    /// Truth values.
    Boolean,
    /// Positions in a code list.
    Code(Arc<[String]>),
    /// Text, pseudonyms included.
    Text,
}

/// Texts one after the other, in one buffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextData {
    bytes: String,
    ends: Vec<u32>,
}

impl TextData {
    /// Appends a text.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.close();
    }

    /// Appends texts that stand one after the other; `ends` says where each ends.
    pub fn append(&mut self, texts: &str, ends: &[u32]) {
        let base = end_of(self.bytes.len());
        // Checked once for all of them, so that the sums below cannot wrap.
        end_of(self.bytes.len() + texts.len());
        assert!(ends.last().is_none_or(|end| *end as usize == texts.len()), "the last text ends with the buffer");
        self.bytes.push_str(texts);
        self.ends.extend(ends.iter().map(|end| end + base));
    }

    /// The buffer, to append the next text piece by piece; [`TextData::close`] ends it.
    pub fn open(&mut self) -> &mut String {
        &mut self.bytes
    }

    /// Ends the text that was appended to the buffer.
    pub fn close(&mut self) {
        self.ends.push(end_of(self.bytes.len()));
    }

    /// The length of the buffer, to come back to with [`TextData::cut`].
    pub fn buffered(&self) -> usize {
        self.bytes.len()
    }

    /// Cuts the buffer back to a length that [`TextData::buffered`] gave.
    pub fn cut(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text at a position.
    pub fn get(&self, at: usize) -> &str {
        &self.bytes[self.start(at)..self.ends[at] as usize]
    }

    /// All texts, one after the other without anything between them.
    pub fn joined(&self) -> &str {
        &self.bytes
    }

    /// Where each text ends within [`TextData::joined`].
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Keeps the stretches of texts, which are in order and do not overlap, and drops the others from `from` on.
    fn keep(&mut self, from: usize, stretches: &[Range<usize>]) {
        let tail = self.start(from);
        // What is left of the buffer is copied out and in again; a string gives no way to move it within.
        let kept: usize = stretches.iter().map(|stretch| self.start(stretch.end) - self.start(stretch.start)).sum();
        let mut bytes = String::with_capacity(kept);
        let mut length = from;
        for stretch in stretches {
            let start = self.start(stretch.start);
            let shift = start - tail - bytes.len();
            bytes.push_str(&self.bytes[start..self.start(stretch.end)]);
            for at in stretch.clone() {
                self.ends[length] = self.ends[at] - end_of(shift);
                length += 1;
            }
        }
        self.ends.truncate(length);
        self.bytes.truncate(tail);
        self.bytes.push_str(&bytes);
    }

    /// Where the text at a position begins.
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    /// Appends a stretch of the texts of another column.
    fn append_range(&mut self, other: &Self, range: Range<usize>) {
        let (start, end) = (other.start(range.start), other.start(range.end));
        let (before, base) = (end_of(start), end_of(self.bytes.len()));
        // Checked once for the whole stretch, so that the sums below cannot wrap.
        end_of(self.bytes.len() + (end - start));
        self.bytes.push_str(&other.bytes[start..end]);
        self.ends.extend(other.ends[range].iter().map(|end| end - before + base));
    }

    /// Appends texts of another column in the given order.
    fn append_rows(&mut self, other: &Self, rows: &[u32]) {
        self.ends.reserve(rows.len());
        for row in rows {
            self.push(other.get(*row as usize));
        }
    }

    fn truncate(&mut self, length: usize) {
        self.ends.truncate(length);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

fn end_of(length: usize) -> u32 {
    u32::try_from(length).expect("a batch's text stays below 4 GiB")
}

/// How canonical tables are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageCompression {
    /// Zstandard at level 1: a fifth smaller than `Snappy`.
    #[default]
    Zstd,
    /// Snappy: the least time among those that compress.
    Snappy,
    /// None.
    None,
}

/// The values of a column. Where a value is missing, its place holds a filler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnData {
    /// Whole numbers, or decimals as minor units.
    Number(Vec<i64>),
    /// Days since 1970-01-01.
    Date(Vec<i32>),
    /// Truth values.
    Boolean(Vec<bool>),
    /// Positions in the code list.
    Code(Vec<u32>),
    /// Text.
    Text(TextData),
}

/// A column with its gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The values.
    pub data: ColumnData,
    /// For each row, whether there is a value.
    pub valid: Vec<bool>,
}

impl Column {
    /// An empty column of this kind.
    pub fn new(kind: &ColumnKind) -> Self {
        let data = match kind {
            ColumnKind::Integer | ColumnKind::Decimal { .. } => ColumnData::Number(Vec::new()),
            ColumnKind::Date => ColumnData::Date(Vec::new()),
            ColumnKind::Boolean => ColumnData::Boolean(Vec::new()),
            ColumnKind::Code(_) => ColumnData::Code(Vec::new()),
            ColumnKind::Text => ColumnData::Text(TextData::default()),
        };
        Self { data, valid: Vec::new() }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.valid.is_empty()
    }

    /// The bytes of the content.
    fn bytes(&self) -> usize {
        let values = match &self.data {
            ColumnData::Number(values) => size_of_val(values.as_slice()),
            ColumnData::Date(values) => size_of_val(values.as_slice()),
            ColumnData::Boolean(values) => size_of_val(values.as_slice()),
            ColumnData::Code(values) => size_of_val(values.as_slice()),
            ColumnData::Text(values) => values.buffered() + size_of_val(values.ends()),
        };
        values + self.valid.len()
    }

    /// Appends a gap.
    pub fn push_missing(&mut self) {
        match &mut self.data {
            ColumnData::Number(values) => values.push(0),
            ColumnData::Date(values) => values.push(0),
            ColumnData::Boolean(values) => values.push(false),
            ColumnData::Code(values) => values.push(0),
            ColumnData::Text(values) => values.close(),
        }
        self.valid.push(false);
    }

    /// Drops the rows from `length` on.
    pub fn truncate(&mut self, length: usize) {
        match &mut self.data {
            ColumnData::Number(values) => values.truncate(length),
            ColumnData::Date(values) => values.truncate(length),
            ColumnData::Boolean(values) => values.truncate(length),
            ColumnData::Code(values) => values.truncate(length),
            ColumnData::Text(values) => values.truncate(length),
        }
        self.valid.truncate(length);
    }

    /// Forgets the content and keeps the memory.
    pub fn clear(&mut self) {
        match &mut self.data {
            ColumnData::Number(values) => values.clear(),
            ColumnData::Date(values) => values.clear(),
            ColumnData::Boolean(values) => values.clear(),
            ColumnData::Code(values) => values.clear(),
            ColumnData::Text(values) => values.clear(),
        }
        self.valid.clear();
    }

    /// Keeps the stretches of rows, which are in order and do not overlap, and drops the others from `from` on.
    fn keep(&mut self, from: usize, stretches: &[Range<usize>]) {
        match &mut self.data {
            ColumnData::Number(values) => keep(values, from, stretches),
            ColumnData::Date(values) => keep(values, from, stretches),
            ColumnData::Boolean(values) => keep(values, from, stretches),
            ColumnData::Code(values) => keep(values, from, stretches),
            ColumnData::Text(values) => values.keep(from, stretches),
        }
        keep(&mut self.valid, from, stretches);
    }

    /// Appends the rows of another column of the same kind, in the given order.
    pub fn append_rows(&mut self, other: &Self, rows: &[u32]) {
        fn gather<T: Copy>(into: &mut Vec<T>, from: &[T], rows: &[u32]) {
            into.extend(rows.iter().map(|row| from[*row as usize]));
        }
        match (&mut self.data, &other.data) {
            (ColumnData::Number(into), ColumnData::Number(from)) => gather(into, from, rows),
            (ColumnData::Date(into), ColumnData::Date(from)) => gather(into, from, rows),
            (ColumnData::Boolean(into), ColumnData::Boolean(from)) => gather(into, from, rows),
            (ColumnData::Code(into), ColumnData::Code(from)) => gather(into, from, rows),
            (ColumnData::Text(into), ColumnData::Text(from)) => into.append_rows(from, rows),
            _ => unreachable!("columns of one schema have one kind"),
        }
        gather(&mut self.valid, &other.valid, rows);
    }

    /// Appends a stretch of rows of another column of the same kind.
    pub fn append_range(&mut self, other: &Self, range: Range<usize>) {
        match (&mut self.data, &other.data) {
            (ColumnData::Number(into), ColumnData::Number(from)) => into.extend_from_slice(&from[range.clone()]),
            (ColumnData::Date(into), ColumnData::Date(from)) => into.extend_from_slice(&from[range.clone()]),
            (ColumnData::Boolean(into), ColumnData::Boolean(from)) => into.extend_from_slice(&from[range.clone()]),
            (ColumnData::Code(into), ColumnData::Code(from)) => into.extend_from_slice(&from[range.clone()]),
            (ColumnData::Text(into), ColumnData::Text(from)) => into.append_range(from, range.clone()),
            _ => unreachable!("columns of one schema have one kind"),
        }
        self.valid.extend_from_slice(&other.valid[range]);
    }
}

fn keep<T: Copy>(values: &mut Vec<T>, from: usize, stretches: &[Range<usize>]) {
    let mut length = from;
    for stretch in stretches {
        values.copy_within(stretch.clone(), length);
        length += stretch.len();
    }
    values.truncate(length);
}

/// The columns of a dataset's canonical table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSchema {
    /// The dataset.
    pub dataset: DatasetId,
    /// Name and kind of each column: the dataset's fields in order, then for each `person` field `<field>_class`.
    pub columns: Vec<(String, ColumnKind)>,
}

impl RecordSchema {
    /// The canonical columns of a dataset. `codes` gives the codes of a list.
    ///
    /// For a field of type `person` a further text column `<field>_class` says what kind of number it was: `real`,
    /// `replacement`, `real_repaired` or `replacement_repaired`.
    pub fn of(dataset: &Dataset, codes: impl Fn(&crate::CodeListId) -> Arc<[String]>) -> Self {
        let kind = |ty: &FieldType| match ty {
            FieldType::Text | FieldType::Person => ColumnKind::Text,
            FieldType::Code(list) => ColumnKind::Code(codes(list)),
            FieldType::Integer => ColumnKind::Integer,
            FieldType::Decimal { scale, .. } => ColumnKind::Decimal { scale: *scale },
            FieldType::Boolean => ColumnKind::Boolean,
            FieldType::Date | FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => {
                ColumnKind::Date
            }
        };
        let fields = dataset.fields.iter().map(|field| (field.name.to_string(), kind(&field.ty)));
        let persons = dataset.fields.iter().filter(|field| field.ty == FieldType::Person);
        let classes = persons.map(|field| (format!("{}_class", field.name), ColumnKind::Text));
        Self { dataset: dataset.id.clone(), columns: fields.chain(classes).collect() }
    }
}

/// A batch of canonical rows, with the line and record number of each.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    /// The columns' names and kinds.
    pub schema: Arc<RecordSchema>,
    /// The columns, in the schema's order.
    pub columns: Vec<Column>,
    /// The physical line of each row, from 1.
    pub line: Vec<u64>,
    /// The record number of each row, from 1.
    pub record: Vec<u64>,
}

impl RecordBatch {
    /// An empty batch.
    pub fn new(schema: Arc<RecordSchema>) -> Self {
        let columns = schema.columns.iter().map(|(_, kind)| Column::new(kind)).collect();
        Self { schema, columns, line: Vec::new(), record: Vec::new() }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// The bytes of the content, without the memory that is kept for more.
    pub fn bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::bytes).sum();
        columns + (self.line.len() + self.record.len()) * size_of::<u64>()
    }

    /// Forgets the content and keeps the memory.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.line.clear();
        self.record.clear();
    }

    /// Removes rows; their positions are given in ascending order.
    pub fn remove_rows(&mut self, rows: &[u32]) {
        let Some(first) = rows.first() else { return };
        let from = *first as usize;
        let ends = rows.iter().skip(1).map(|row| *row as usize).chain([self.len()]);
        let gaps = rows.iter().map(|row| *row as usize + 1).zip(ends);
        let stretches: Vec<Range<usize>> =
            gaps.filter(|(start, end)| start < end).map(|(start, end)| start..end).collect();
        for column in &mut self.columns {
            column.keep(from, &stretches);
        }
        keep(&mut self.line, from, &stretches);
        keep(&mut self.record, from, &stretches);
    }

    /// Appends rows of another batch of the same schema, in the given order.
    pub fn append_rows(&mut self, other: &Self, rows: &[u32]) {
        for (into, from) in self.columns.iter_mut().zip(&other.columns) {
            into.append_rows(from, rows);
        }
        self.line.extend(rows.iter().map(|row| other.line[*row as usize]));
        self.record.extend(rows.iter().map(|row| other.record[*row as usize]));
    }

    /// Appends a stretch of rows of another batch of the same schema.
    pub fn append_range(&mut self, other: &Self, range: Range<usize>) {
        for (into, from) in self.columns.iter_mut().zip(&other.columns) {
            into.append_range(from, range.clone());
        }
        self.line.extend_from_slice(&other.line[range.clone()]);
        self.record.extend_from_slice(&other.record[range]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(texts: &[&str]) -> RecordBatch {
        let columns = vec![("text".to_owned(), ColumnKind::Text), ("number".to_owned(), ColumnKind::Integer)];
        let dataset = DatasetId::new("rows").expect("an id");
        let mut batch = RecordBatch::new(Arc::new(RecordSchema { dataset, columns }));
        for (at, text) in (0..).zip(texts) {
            if let ColumnData::Text(data) = &mut batch.columns[0].data {
                data.push(text);
            }
            if let ColumnData::Number(values) = &mut batch.columns[1].data {
                values.push(at);
            }
            batch.columns.iter_mut().for_each(|column| column.valid.push(!text.is_empty()));
            batch.line.push(at.unsigned_abs());
            batch.record.push(at.unsigned_abs());
        }
        batch
    }

    #[test]
    fn a_stretch_is_the_same_as_its_rows() {
        let all = batch(&["a", "", "ccc", "dø", "e", ""]);
        for start in 0..=6u32 {
            for end in start..=6 {
                let (mut by_range, mut by_rows) = (batch(&["x"]), batch(&["x"]));
                by_range.append_range(&all, start as usize..end as usize);
                by_rows.append_rows(&all, &(start..end).collect::<Vec<_>>());
                assert_eq!((by_range.columns, by_range.line), (by_rows.columns, by_rows.line), "{start}..{end}");
            }
        }
    }

    #[test]
    fn removed_rows_leave_the_others_as_they_were() {
        let texts = ["a", "", "ccc", "dd", "e", ""];
        for mask in 0..1u32 << texts.len() {
            let (gone, kept): (Vec<u32>, Vec<u32>) = (0..6).partition(|row| mask & (1 << row) != 0);
            let all = batch(&texts);
            let mut expected = RecordBatch::new(Arc::clone(&all.schema));
            expected.append_rows(&all, &kept);
            let mut found = all.clone();
            found.remove_rows(&gone);
            assert_eq!((found.columns, found.line, found.record), (expected.columns, expected.line, expected.record));
        }
    }

    #[test]
    fn a_stretch_of_rows_is_the_same_as_its_rows() {
        let all = batch(&["a", "", "ccc", "dd", "e", ""]);
        for start in 0..=6_u32 {
            for end in start..=6 {
                let mut found = batch(&["xyz", "v"]);
                let mut expected = found.clone();
                found.append_range(&all, start as usize..end as usize);
                expected.append_rows(&all, &(start..end).collect::<Vec<_>>());
                let expected = (expected.columns, expected.line, expected.record);
                assert_eq!((found.columns, found.line, found.record), expected);
            }
        }
    }
}
