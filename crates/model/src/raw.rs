//! What a reader hands on: a buffer of the file's bytes and the cells in it as offsets, with the place of every record.
//!
//! There is no string per cell. Bytes are still in the file's encoding; only the normaliser decodes, and only text.

use crate::Code;

/// A range of the batch's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellSpan {
    /// The first byte.
    pub start: u32,
    /// The first byte after.
    pub end: u32,
}

/// The place of a record in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowAddress {
    /// The physical line on which the record begins, from 1.
    pub line: u64,
    /// The number of the record, from 1, header and control records included.
    pub record: u64,
    /// The record as it stands in the file, without its line end.
    pub raw: CellSpan,
}

/// A record that could not be split into its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRow {
    /// The physical line on which it begins, from 1.
    pub line: u64,
    /// How many physical lines it takes.
    pub lines: u64,
    /// The number of the record, from 1.
    pub record: u64,
    /// What is wrong.
    pub code: Code,
    /// What is wrong, in a sentence that quotes nothing of the record.
    pub reason: String,
    /// The record's first bytes, at most 4 KiB.
    pub raw: Vec<u8>,
}

/// The column names of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The names, decoded and trimmed, in the order of the cells.
    pub names: Vec<String>,
    /// The line they stand on; 0 if they come from the definition.
    pub line: u64,
}

impl Header {
    /// The position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

/// A batch of records, all of the same width. It is made to be filled again and again.
#[derive(Debug)]
pub struct RawBatch {
    /// The bytes that the cells point into.
    pub bytes: Vec<u8>,
    /// The cells, row by row.
    pub cells: Vec<CellSpan>,
    /// Cells in a row.
    pub width: usize,
    /// The place of each row.
    pub rows: Vec<RowAddress>,
    /// Records that are no rows, in the order of the file.
    pub broken: Vec<BrokenRow>,
    /// The byte that ends a line: LF, or CR where that stands alone.
    pub line_end: u8,
}

impl Default for RawBatch {
    fn default() -> Self {
        let (bytes, cells, rows, broken) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { bytes, cells, width: 0, rows, broken, line_end: b'\n' }
    }
}

impl RawBatch {
    /// The number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The bytes of a cell.
    #[inline]
    pub fn cell(&self, row: usize, column: usize) -> &[u8] {
        self.slice(self.cells[row * self.width + column])
    }

    /// The bytes of a range.
    #[inline]
    pub fn slice(&self, span: CellSpan) -> &[u8] {
        &self.bytes[span.start as usize..span.end as usize]
    }

    /// How many physical lines a record of the batch takes, by its number: a row or a broken one. They are counted when
    /// somebody asks, which is seldom.
    pub fn lines_of(&self, record: u64) -> Option<u64> {
        if let Ok(at) = self.rows.binary_search_by_key(&record, |row| row.record) {
            let raw = self.slice(self.rows[at].raw);
            return Some(1 + memchr::memchr_iter(self.line_end, raw).count() as u64);
        }
        let at = self.broken.binary_search_by_key(&record, |row| row.record).ok()?;
        Some(self.broken[at].lines)
    }

    /// Forgets the content and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.rows.clear();
        self.broken.clear();
    }
}
