//! Rows as JSON lines: an object a row, numbers exactly as they are, `null` for no value.

use model::{RecordBatch, RecordSchema};

use super::text::TextBatch;
use super::value;

/// The keys of every row, ready to be written: `"name":`.
pub(super) fn keys<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let key = |name: &str| {
        let mut key = Vec::new();
        string(name.as_bytes(), &mut key);
        key.push(b':');
        key
    };
    names.map(key).collect()
}

/// Appends text rows.
pub(super) fn texts(batch: &TextBatch<'_>, keys: &[Vec<u8>], out: &mut Vec<u8>) {
    let mut scratch = String::new();
    for row in batch.rows() {
        out.push(b'{');
        for (column, key) in keys.iter().enumerate() {
            out.extend_from_slice(key);
            match batch.cell(row, column, &mut scratch) {
                Some(bytes) => string(bytes, out),
                None => out.extend_from_slice(b"null"),
            }
            out.push(b',');
        }
        end_row(out);
    }
}

/// Appends canonical rows.
pub(super) fn records(batch: &RecordBatch, schema: &RecordSchema, keys: &[Vec<u8>], out: &mut Vec<u8>) {
    let mut scratch = Vec::new();
    for row in 0..batch.len() {
        out.push(b'{');
        for ((column, (_, kind)), key) in batch.columns.iter().zip(&schema.columns).zip(keys) {
            out.extend_from_slice(key);
            if !column.valid[row] {
                out.extend_from_slice(b"null");
            } else if value::is_bare(kind) {
                value::append(column, kind, row, out);
            } else {
                scratch.clear();
                value::append(column, kind, row, &mut scratch);
                string(&scratch, out);
            }
            out.push(b',');
        }
        end_row(out);
    }
}

fn end_row(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(b"}\n");
}

/// A text as a JSON string. The bytes are UTF-8.
fn string(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let special = bytes.iter().fold(false, |found, byte| found | (*byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7F)));
    if !special {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7F => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_json() {
        for text in ["", "a", "æ\u{7f}\"\\", "a\nb\t\u{1}"] {
            let mut out = Vec::new();
            string(text.as_bytes(), &mut out);
            assert!(std::str::from_utf8(&out).is_ok());
            assert!(out.starts_with(b"\"") && out.ends_with(b"\"") && !out.contains(&b'\n'), "{text:?}");
        }
        let mut out = Vec::new();
        string(b"a\"\\\x01\n", &mut out);
        assert_eq!(out, br#""a\"\\\u0001\n""#);
    }
}
