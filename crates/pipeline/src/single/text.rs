//! A batch of text cells: which rows are text in the declared encoding, and the cells as UTF-8.
//!
//! Nearly every batch is valid as a whole, which one pass over its bytes tells; only the others are looked at cell by
//! cell.

use model::{Code, Encoding, RawBatch, RejectedRow, redact};

/// The cells of the rows that are text, as UTF-8.
pub(super) struct TextBatch<'a> {
    raw: &'a RawBatch,
    encoding: Encoding,
    null: &'a [Vec<u8>],
    /// Whether the bytes are UTF-8 as they stand.
    plain: bool,
    /// Rows that are no text, in order.
    bad: Vec<usize>,
}

impl<'a> TextBatch<'a> {
    /// Looks at a batch; rows that are no text, and records that are no rows, are appended to `rejected`.
    pub(super) fn new(
        raw: &'a RawBatch,
        encoding: Encoding,
        null: &'a [Vec<u8>],
        names: &[String],
        rejected: &mut Vec<RejectedRow>,
    ) -> Self {
        let utf8 = encoding == Encoding::Utf8;
        let plain = raw.bytes.is_ascii() || (utf8 && std::str::from_utf8(&raw.bytes).is_ok());
        let mut batch = Self { raw, encoding, null, plain, bad: Vec::new() };
        let before = rejected.len();
        if !plain {
            batch.find_bad_rows(names, rejected);
            // Without its bad rows a UTF-8 batch is UTF-8 as it stands.
            batch.plain = utf8;
        }
        rejected.extend(raw.broken.iter().map(|broken| RejectedRow {
            line: broken.line,
            record: broken.record,
            column: None,
            code: broken.code,
            reason: redact(&broken.reason).into_owned(),
            raw: None,
        }));
        rejected[before..].sort_by_key(|row| row.record);
        batch
    }

    fn find_bad_rows(&mut self, names: &[String], rejected: &mut Vec<RejectedRow>) {
        let mut text = String::new();
        for row in 0..self.raw.len() {
            let wrong = (0..self.raw.width).find_map(|column| {
                text.clear();
                let error = self.encoding.decode_into(self.raw.cell(row, column), &mut text).err()?;
                Some((column, error))
            });
            let Some((column, error)) = wrong else { continue };
            self.bad.push(row);
            rejected.push(RejectedRow {
                line: self.raw.rows[row].line,
                record: self.raw.rows[row].record,
                column: names.get(column).map(|name| redact(name).into_owned()),
                code: Code::ENC_INVALID,
                reason: error.to_string(),
                raw: None,
            });
        }
    }

    /// Rows that are text.
    pub(super) fn len(&self) -> usize {
        self.raw.len() - self.bad.len()
    }

    /// The columns.
    pub(super) fn width(&self) -> usize {
        self.raw.width
    }

    /// The rows that are text, by their positions.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        let mut bad = self.bad.iter().copied().peekable();
        (0..self.raw.len()).filter(move |row| bad.next_if_eq(row).is_none())
    }

    /// The physical line and the record number of a row.
    pub(super) fn place(&self, row: usize) -> (u64, u64) {
        let address = self.raw.rows[row];
        (address.line, address.record)
    }

    /// A cell as UTF-8, in `scratch` if it had to be decoded; `None` for "no value".
    pub(super) fn cell<'b>(&'b self, row: usize, column: usize, scratch: &'b mut String) -> Option<&'b [u8]> {
        let bytes = self.raw.cell(row, column);
        if !self.null.is_empty() && self.null.iter().any(|word| word == bytes) {
            return None;
        }
        if self.plain || bytes.is_ascii() {
            return Some(bytes);
        }
        scratch.clear();
        // The row was found to be text.
        self.encoding.decode_into(bytes, scratch).unwrap_or_default();
        Some(scratch.as_bytes())
    }
}
