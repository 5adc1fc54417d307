//! What a file is, by its first bytes: whether it can be the text that the source declares, before a row is read.
//!
//! Nothing is guessed into being readable: a file of another kind is refused, with the name of what it seems to be.

use model::{Code, Encoding, Refusal};

/// How much of a file is looked at.
pub(super) const HEAD: usize = 64 * 1024;

/// What binary files begin with.
const BINARY: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG picture"),
    (b"\xFF\xD8\xFF", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office document, perhaps a spreadsheet (.xls)"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"\x28\xB5\x2F\xFD", "a Zstandard archive"),
    (b"\xFD7zXZ\0", "an xz archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7FELF", "a program"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer in place of the file"),
];

const ZIP: &[u8] = b"PK\x03\x04";
const EMPTY_ZIP: &[u8] = b"PK\x05\x06";
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The marks of other encodings, the longer ones first.
const OTHER_MARKS: &[(&[u8], &str)] = &[
    (b"\xFF\xFE\0\0", "UTF-32"),
    (b"\0\0\xFE\xFF", "UTF-32"),
    (b"\xFF\xFE", "UTF-16"),
    (b"\xFE\xFF", "UTF-16"),
    (b"\x2B\x2F\x76\x38", "UTF-7"),
];

/// Looks at the head of a file, and gives the length of its byte order mark. `whole` says that this is all of it.
pub(super) fn sniff(head: &[u8], whole: bool, encoding: Encoding) -> Result<usize, Refusal> {
    if whole && head.strip_prefix(UTF8_MARK).unwrap_or(head).trim_ascii().is_empty() {
        return Err(empty(head.is_empty()));
    }
    if let Some(kind) = binary_kind(head) {
        return Err(other_kind(head, kind));
    }
    let mark = byte_order_mark(head, encoding)?;
    if looks_like_utf16(head) {
        return Err(unexpected(encoding, "looks like UTF-16 without a byte order mark"));
    }
    if looks_like_ebcdic(head) {
        return Err(unexpected(encoding, "looks like EBCDIC, the code of mainframes"));
    }
    match markup_kind(&head[mark..]) {
        Some(kind) => Err(Refusal::new(Code::FILE_KIND, format!("the file is {kind}"))
            .with_help("Look at the file: it is often a vendor's log-in page or error message")),
        None => Ok(mark),
    }
}

/// The refusal of a file without content.
pub(super) fn empty(no_bytes: bool) -> Refusal {
    Refusal::new(Code::FILE_EMPTY, if no_bytes { "the file is empty" } else { "the file holds nothing but blanks" })
}

/// The kind of a binary file, by its first bytes.
pub(crate) fn binary_kind(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(EMPTY_ZIP) {
        return Some("an empty zip archive");
    }
    // The fourth byte says how hard it tried; three letters alone could begin a heading.
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY".as_slice()) {
        return Some("a bzip2 archive");
    }
    if head.starts_with(ZIP) {
        let holds = |part: &[u8]| memchr::memmem::find(head, part).is_some();
        let workbook = holds(b"xl/") || holds(b"[Content_Types].xml");
        return Some(if workbook { "an Office document, perhaps a spreadsheet (.xlsx)" } else { "a zip archive" });
    }
    BINARY.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind)
}

/// The `compression` under which a source can declare such a file.
pub(crate) fn archive_kind(head: &[u8]) -> Option<&'static str> {
    let magics = [(b"\x1F\x8B".as_slice(), "gzip"), (b"\x28\xB5\x2F\xFD", "zstd"), (ZIP, "zip"), (EMPTY_ZIP, "zip")];
    magics.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| kind)
}

fn other_kind(head: &[u8], kind: &str) -> Refusal {
    let refusal = Refusal::new(Code::FILE_KIND, format!("the file is {kind}"));
    match archive_kind(head) {
        Some("zip") => refusal.with_help(
            "If the source's files come so, declare `compression: zip` and its `member` in the source's `delivery`; \
             an archive within an archive is not unpacked",
        ),
        Some(archive) => refusal.with_help(format!(
            "If the source's files come so, declare `compression: {archive}` in the source's `delivery`; \
             an archive within an archive is not unpacked"
        )),
        None => refusal,
    }
}

fn unexpected(encoding: Encoding, what: &str) -> Refusal {
    let declared = encoding.label();
    Refusal::new(Code::ENC_UNEXPECTED, format!("the file {what}, and the source declares `{declared}`"))
        .with_help(format!("Ask for the file in `{declared}`, or declare the encoding that it has"))
}

/// The encoding whose byte order mark the file begins with; UTF-8 is not among them.
pub(crate) fn marked_encoding(head: &[u8]) -> Option<&'static str> {
    OTHER_MARKS.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, name)| *name)
}

fn byte_order_mark(head: &[u8], encoding: Encoding) -> Result<usize, Refusal> {
    if head.starts_with(UTF8_MARK) {
        if encoding == Encoding::Utf8 {
            return Ok(UTF8_MARK.len());
        }
        return Err(unexpected(encoding, "begins with the byte order mark of UTF-8"));
    }
    match marked_encoding(head) {
        Some(name) => Err(unexpected(encoding, &format!("begins with the byte order mark of {name}"))),
        None => Ok(0),
    }
}

/// Every other byte NUL, as Latin letters are in UTF-16. A damaged file has its NULs in a row.
fn looks_like_utf16(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(256) & !1];
    let nuls = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let enough = sample.len() / 4;
    sample.len() >= 8 && even.max(odd) >= enough && even.min(odd) * 8 <= even.max(odd)
}

/// Blanks and digits as EBCDIC writes them, and none of the blanks, digits and line ends of ASCII.
fn looks_like_ebcdic(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(256)];
    let ascii = sample.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'0'..=b'9'));
    let ebcdic = sample.iter().filter(|byte| matches!(byte, 0x15 | 0x25 | 0x40 | 0x81..=0xA9 | 0xC0..=0xF9)).count();
    sample.len() >= 16 && !ascii && ebcdic * 4 >= sample.len() * 3
}

/// The kind of a text that is markup, if it is.
pub(crate) fn markup_kind(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    let begins = |word: &str| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word.as_bytes());
    if begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body") {
        return Some("a web page");
    }
    if begins("<?xml") {
        return Some("an XML document");
    }
    let after = |open: u8| text.strip_prefix(&[open]).map(<[u8]>::trim_ascii_start);
    let object = after(b'{').is_some_and(|rest| matches!(rest.first(), Some(b'"' | b'}')));
    let array = after(b'[').is_some_and(|rest| matches!(rest.first(), Some(b'{' | b'"' | b'[' | b']')));
    (object || array).then_some("a JSON document")
}

#[cfg(test)]
mod tests {
    use model::{Ebcdic, FileEncoding};

    use super::*;

    fn refused(head: &[u8], encoding: Encoding) -> Option<Code> {
        sniff(head, true, encoding).err().map(|refusal| refusal.code)
    }

    #[test]
    fn other_kinds_of_files_are_refused() {
        let files: [&[u8]; 12] = [
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            b"\xFF\xD8\xFF\xE0rest",
            b"%PDF-1.7\n",
            b"PK\x03\x04\x14\0[Content_Types].xml",
            b"PK\x03\x04\x14\0data.csv",
            b"\x1F\x8B\x08\0",
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0",
            b"\r\n <!DOCTYPE html><title>Log ind</title>",
            b"\xEF\xBB\xBF<HTML>",
            b"{\"error\": \"unauthorised\"}",
            b"[ {\"a\": 1} ]",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        ];
        for file in files {
            assert_eq!(refused(file, Encoding::Utf8), Some(Code::FILE_KIND), "{file:?}");
        }
    }

    #[test]
    fn a_spreadsheet_is_named() {
        let refusal = sniff(b"PK\x03\x04\x14\0xl/workbook.xml", true, Encoding::Utf8).expect_err("a workbook");
        assert!(refusal.message.contains(".xlsx"), "{}", refusal.message);
    }

    #[test]
    fn the_byte_order_mark_must_fit_the_declaration() {
        assert_eq!(sniff(b"\xEF\xBB\xBFa;b", true, Encoding::Utf8), Ok(3));
        assert_eq!(refused(b"\xEF\xBB\xBFa;b", Encoding::Windows1252), Some(Code::ENC_UNEXPECTED));
        assert_eq!(refused(b"\xFF\xFEa\0;\0b\0", Encoding::Utf8), Some(Code::ENC_UNEXPECTED));
        assert_eq!(refused(b"\xFE\xFF\0a\0;", Encoding::Windows1252), Some(Code::ENC_UNEXPECTED));
        assert_eq!(refused(b"K\0o\0m\0m\0u\0n\0e\0;\0", Encoding::Utf8), Some(Code::ENC_UNEXPECTED));
    }

    #[test]
    fn ordinary_text_is_let_through() {
        for text in ["a;b\n1;2\n", "[Kommune];Beløb\n", "{a};b\n", "1\n", "<5;>5\n", "PKomm;x\n"] {
            assert_eq!(sniff(text.as_bytes(), true, Encoding::Utf8), Ok(0), "{text}");
        }
        assert_eq!(sniff(b"0101;\0\0\0\0\0\0\0\0;12\n", true, Encoding::Utf8), Ok(0), "a damaged row, not UTF-16");
    }

    #[test]
    fn ebcdic_is_named() {
        let text = FileEncoding::Ebcdic(Ebcdic::Cp277).encode("0101202401 Løn til lærere 000012345").expect("EBCDIC");
        assert_eq!(refused(&text, Encoding::Windows1252), Some(Code::ENC_UNEXPECTED));
        assert_eq!(refused(b"\xC6\xD8\xC5\xE6\xF8\xE5;\xC6\xD8\xC5\xE6\xF8\xE5;x;y", Encoding::Windows1252), None);
    }

    #[test]
    fn an_archive_says_how_to_declare_it() {
        let refusal = sniff(b"\x1F\x8B\x08\0", true, Encoding::Utf8).expect_err("an archive");
        assert!(refusal.help.is_some_and(|help| help.contains("compression: gzip")));
    }

    #[test]
    fn blanks_alone_are_an_empty_file() {
        for blank in ["", "\u{FEFF}", " \r\n\t\n", "\u{FEFF}\n"] {
            assert_eq!(refused(blank.as_bytes(), Encoding::Utf8), Some(Code::FILE_EMPTY), "{blank:?}");
        }
        assert_eq!(sniff(b"  \n", false, Encoding::Utf8), Ok(0), "more follows");
    }
}
