//! Rows as CSV: comma, line feed, quotation marks where a cell needs them (RFC 4180), UTF-8.
//!
//! Cells are written as they are: nothing is put in front of what a spreadsheet would take for a formula, because this
//! output is for programs, and must be exact. No value and an empty text are different: the latter stands in quotation
//! marks, as databases write it.

use model::{RecordBatch, RecordSchema};

use super::text::TextBatch;
use super::value;

/// Appends the names of the columns.
pub(super) fn header<'a>(names: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    let from = out.len();
    for name in names {
        cell(name.as_bytes(), out);
        out.push(b',');
    }
    end_row(from, out);
}

/// Appends text rows. `marked`: empty texts are told apart from missing values.
pub(super) fn texts(batch: &TextBatch<'_>, marked: bool, out: &mut Vec<u8>) {
    let mut scratch = String::new();
    for row in batch.rows() {
        let from = out.len();
        for column in 0..batch.width() {
            match batch.cell(row, column, &mut scratch) {
                Some(b"") if marked => out.extend_from_slice(b"\"\""),
                Some(bytes) => cell(bytes, out),
                None => {}
            }
            out.push(b',');
        }
        end_row(from, out);
    }
}

/// Appends canonical rows.
pub(super) fn records(batch: &RecordBatch, schema: &RecordSchema, out: &mut Vec<u8>) {
    let mut scratch = Vec::new();
    for row in 0..batch.len() {
        let from = out.len();
        for (column, (_, kind)) in batch.columns.iter().zip(&schema.columns) {
            if column.valid[row] {
                if value::is_bare(kind) {
                    value::append(column, kind, row, out);
                } else {
                    scratch.clear();
                    value::append(column, kind, row, &mut scratch);
                    if scratch.is_empty() { out.extend_from_slice(b"\"\"") } else { cell(&scratch, out) }
                }
            }
            out.push(b',');
        }
        end_row(from, out);
    }
}

/// Ends a row that began at `from`. A row of nothing would be a blank line, which readers skip.
fn end_row(from: usize, out: &mut Vec<u8>) {
    out.pop();
    if out.len() == from {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

fn cell(bytes: &[u8], out: &mut Vec<u8>) {
    // Looking at every byte without leaving early is quicker for cells as short as most are.
    let special = bytes.iter().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if !special {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    for part in bytes.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must() {
        for (text, written) in [("a", "a"), ("a,b", "\"a,b\""), ("5\"", "\"5\"\"\""), ("a\nb", "\"a\nb\""), ("", "")] {
            let mut out = Vec::new();
            cell(text.as_bytes(), &mut out);
            assert_eq!(out, written.as_bytes());
        }
        let mut out = Vec::new();
        header(["", "x"].into_iter(), &mut out);
        header([""].into_iter(), &mut out);
        assert_eq!(out, b",x\n\"\"\n");
    }
}
