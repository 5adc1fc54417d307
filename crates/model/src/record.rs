//! Canonical rows, column by column.

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

    /// The buffer, to append the next text piece by piece; [`TextData::close`] ends it.
    pub fn open(&mut self) -> &mut String {
        &mut self.bytes
    }

    /// Ends the text that was appended to the buffer.
    pub fn close(&mut self) {
        self.ends.push(u32::try_from(self.bytes.len()).expect("a batch's text stays below 4 GiB"));
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
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
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
            (ColumnData::Text(into), ColumnData::Text(from)) => {
                for row in rows {
                    into.push(from.get(*row as usize));
                }
            }
            _ => unreachable!("columns of one schema have one kind"),
        }
        gather(&mut self.valid, &other.valid, rows);
    }
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
            FieldType::Date | FieldType::Month | FieldType::Year | FieldType::SchoolYear => ColumnKind::Date,
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

    /// Forgets the content and keeps the memory.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        self.line.clear();
        self.record.clear();
    }

    /// Appends rows of another batch of the same schema, in the given order.
    pub fn append_rows(&mut self, other: &Self, rows: &[u32]) {
        for (into, from) in self.columns.iter_mut().zip(&other.columns) {
            into.append_rows(from, rows);
        }
        self.line.extend(rows.iter().map(|row| other.line[*row as usize]));
        self.record.extend(rows.iter().map(|row| other.record[*row as usize]));
    }
}
