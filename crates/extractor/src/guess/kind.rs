//! Files that are no text: named by their first bytes, as the reader names them when it refuses them.

use super::profile::{Confidence, Finding};
use crate::format::{binary_kind, marked_encoding, markup_kind};

/// The kind of the file: `text`, or what else it seems to be.
pub(super) fn kind(head: &[u8]) -> Finding<String> {
    let found = |kind: &str, evidence: &str| Finding::new(kind.to_owned(), Confidence::Certain, evidence);
    if head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii().is_empty() {
        return found("empty", "there is nothing but blanks");
    }
    if let Some(kind) = binary_kind(head) {
        return found(kind, "by its first bytes");
    }
    if marked_encoding(head) == Some("UTF-32") {
        return found("text in UTF-32", "by its byte order mark");
    }
    if let Some(kind) = markup(head) {
        return found(kind, "by how it begins");
    }
    let controls = head.iter().filter(|byte| matches!(byte, 1..=8 | 0x0E..=0x1A | 0x1C..=0x1E)).count();
    if controls * 20 > head.len() {
        // EBCDIC and UTF-16 are told apart later: neither has so many of these.
        return Finding::new("binary".to_owned(), Confidence::Likely, format!("{controls} control characters"));
    }
    found("text", "no sign of another kind")
}

fn markup(head: &[u8]) -> Option<&'static str> {
    markup_kind(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_the_reader_names_them() {
        let kinds: [(&[u8], &str); 10] = [
            (b"\x1F\x8B\x08", "a gzip archive"),
            (b"BZh11AY&SY\0", "a bzip2 archive"),
            (b"BZh;Kommune\n1;0101\n", "text"),
            (b"PK\x05\x06\0\0", "an empty zip archive"),
            (b"PK\x03\x04xl/workbook.xml", "an Office document, perhaps a spreadsheet (.xlsx)"),
            (b"GIF89a", "a GIF picture"),
            (b"GIF8;a\n", "text"),
            (b"\xFF\xFE\0\0a\0\0\0", "text in UTF-32"),
            (b"\xFF\xFEa\0;\0b\0\n\0", "text"),
            (b"\xEF\xBB\xBF<html>", "a web page"),
        ];
        for (head, name) in kinds {
            assert_eq!(kind(head).value, name, "{head:?}");
        }
    }
}
