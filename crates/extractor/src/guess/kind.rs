//! Files that are no text: named by their first bytes.

use super::profile::{Confidence, Finding};
use crate::format::markup_kind;

/// What files of other kinds begin with.
const KINDS: &[(&[u8], &str)] = &[
    (b"\x1F\x8B", "a gzip archive"),
    (b"\x28\xB5\x2F\xFD", "a Zstandard archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xFD7zXZ\0", "an xz archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office document, perhaps a spreadsheet (.xls)"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7FELF", "a program"),
    (b"\xFF\xFE\0\0", "text in UTF-32"),
    (b"\0\0\xFE\xFF", "text in UTF-32"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer in place of the file"),
];

/// The kind of the file: `text`, or what else it seems to be.
pub(super) fn kind(head: &[u8]) -> Finding<String> {
    let found = |kind: &str, evidence: &str| Finding::new(kind.to_owned(), Confidence::Certain, evidence);
    if head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii().is_empty() {
        return found("empty", "there is nothing but blanks");
    }
    if let Some((_, kind)) = KINDS.iter().find(|(magic, _)| head.starts_with(magic)) {
        let workbook = memchr::memmem::find(head, b"xl/").is_some()
            || memchr::memmem::find(head, b"[Content_Types].xml").is_some();
        let kind = if *kind == "a zip archive" && workbook {
            "an Office document, perhaps a spreadsheet (.xlsx)"
        } else {
            kind
        };
        return found(kind, "by its first bytes");
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
