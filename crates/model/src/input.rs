//! The form in which a file arrives: how it is compressed, and how its characters are written as bytes.
//!
//! The splitter works on bytes in which separators and line ends are ASCII ([`Encoding`]). What is written otherwise,
//! UTF-16 and EBCDIC, is brought into such an encoding before it is split: [`FileEncoding`] names what the file has,
//! and [`FileEncoding::cells`] what the cells have then.

use crate::Encoding;

/// The form of a source's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputForm {
    /// What has to be unpacked.
    pub compression: Compression,
    /// The encoding of the text in it.
    pub encoding: FileEncoding,
}

impl InputForm {
    /// Text that is not compressed.
    pub fn plain(encoding: FileEncoding) -> Self {
        Self { compression: Compression::None, encoding }
    }
}

/// How a file is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// One or several gzip members behind each other.
    Gzip,
    /// One or several Zstandard frames behind each other.
    Zstd,
    /// A zip archive, of which exactly one member is read.
    Zip {
        /// The pattern of the member's path in the archive: `*` is any characters but `/`.
        member: String,
    },
}

impl Compression {
    /// The word used in definitions and messages.
    pub fn label(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zip { .. } => "zip",
        }
    }
}

/// How the characters of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileEncoding {
    /// An encoding in which the structure is ASCII; it is read as it stands.
    Ascii(Encoding),
    /// UTF-16; without a byte order only with a byte order mark.
    Utf16(Option<ByteOrder>),
    /// EBCDIC with Danish letters.
    Ebcdic(Ebcdic),
}

/// Which byte of a UTF-16 unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lower one.
    Little,
    /// The higher one.
    Big,
}

impl From<Encoding> for FileEncoding {
    fn from(encoding: Encoding) -> Self {
        Self::Ascii(encoding)
    }
}

impl FileEncoding {
    /// All of them, for messages.
    pub const ALL: [Self; 11] = [
        Self::Ascii(Encoding::Utf8),
        Self::Ascii(Encoding::Windows1252),
        Self::Ascii(Encoding::Iso8859_1),
        Self::Ascii(Encoding::Iso8859_15),
        Self::Ascii(Encoding::Cp850),
        Self::Ascii(Encoding::Cp865),
        Self::Utf16(None),
        Self::Utf16(Some(ByteOrder::Little)),
        Self::Utf16(Some(ByteOrder::Big)),
        Self::Ebcdic(Ebcdic::Cp277),
        Self::Ebcdic(Ebcdic::Cp1142),
    ];

    /// The label used in definitions.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ascii(encoding) => encoding.label(),
            Self::Utf16(None) => "utf-16",
            Self::Utf16(Some(ByteOrder::Little)) => "utf-16le",
            Self::Utf16(Some(ByteOrder::Big)) => "utf-16be",
            Self::Ebcdic(Ebcdic::Cp277) => "cp277",
            Self::Ebcdic(Ebcdic::Cp1142) => "cp1142",
        }
    }

    /// Finds the encoding that a label names, in any case.
    pub fn parse(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.label().eq_ignore_ascii_case(label))
    }

    /// The encoding of the cells that come out of such a file: UTF-8 for UTF-16, and Windows-1252 for EBCDIC, which
    /// has all of its characters in one byte each, so that the positions of fixed-width files stay what they are.
    pub fn cells(self) -> Encoding {
        match self {
            Self::Ascii(encoding) => encoding,
            Self::Utf16(_) => Encoding::Utf8,
            Self::Ebcdic(_) => Encoding::Windows1252,
        }
    }

    /// Whether every character is one byte, as fixed-width files need it.
    pub fn is_single_byte(self) -> bool {
        self.cells() != Encoding::Utf8
    }

    /// The bytes of the text in this encoding, without a byte order mark (UTF-16 without a byte order is written with
    /// the lower byte first); `None` if it has a character that the encoding lacks. For generators and tests.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Ascii(encoding) => encoding.encode(text),
            Self::Utf16(Some(ByteOrder::Big)) => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Self::Utf16(_) => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Ebcdic(page) => {
                let known = page.to_windows_1252();
                let bytes = Encoding::Windows1252.encode(text)?;
                let ebcdic = |byte: &u8| known.iter().position(|known| known == byte);
                bytes.iter().map(|byte| ebcdic(byte).and_then(|at| u8::try_from(at).ok())).collect()
            }
        }
    }
}

/// A code page of Danish and Norwegian mainframes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ebcdic {
    /// Code page 277: the characters of ISO-8859-1.
    Cp277,
    /// Code page 1142: 277 with the euro sign in place of the currency sign.
    Cp1142,
}

/// Where the currency sign stands in 277, and the euro sign in 1142.
const CURRENCY: usize = 0x5A;
/// The euro sign in Windows-1252.
const EURO: u8 = 0x80;
/// A byte that is no character in Windows-1252.
const NO_TEXT: u8 = 0x81;

/// The ISO-8859-1 characters of code page 277, by IBM's table.
const ISO_8859_1_OF_277: [u8; 256] = *b"\
\x00\x01\x02\x03\x9C\x09\x86\x7F\x97\x8D\x8E\x0B\x0C\x0D\x0E\x0F\
\x10\x11\x12\x13\x9D\x85\x08\x87\x18\x19\x92\x8F\x1C\x1D\x1E\x1F\
\x80\x81\x82\x83\x84\x0A\x17\x1B\x88\x89\x8A\x8B\x8C\x05\x06\x07\
\x90\x91\x16\x93\x94\x95\x96\x04\x98\x99\x9A\x9B\x14\x15\x9E\x1A\
\x20\xA0\xE2\xE4\xE0\xE1\xE3\x7D\xE7\xF1\x23\x2E\x3C\x28\x2B\x21\
\x26\xE9\xEA\xEB\xE8\xED\xEE\xEF\xEC\xDF\xA4\xC5\x2A\x29\x3B\x5E\
\x2D\x2F\xC2\xC4\xC0\xC1\xC3\x24\xC7\xD1\xF8\x2C\x25\x5F\x3E\x3F\
\xA6\xC9\xCA\xCB\xC8\xCD\xCE\xCF\xCC\x60\x3A\xC6\xD8\x27\x3D\x22\
\x40\x61\x62\x63\x64\x65\x66\x67\x68\x69\xAB\xBB\xF0\xFD\xFE\xB1\
\xB0\x6A\x6B\x6C\x6D\x6E\x6F\x70\x71\x72\xAA\xBA\x7B\xB8\x5B\x5D\
\xB5\xFC\x73\x74\x75\x76\x77\x78\x79\x7A\xA1\xBF\xD0\xDD\xDE\xAE\
\xA2\xA3\xA5\xB7\xA9\xA7\xB6\xBC\xBD\xBE\xAC\x7C\xAF\xA8\xB4\xD7\
\xE6\x41\x42\x43\x44\x45\x46\x47\x48\x49\xAD\xF4\xF6\xF2\xF3\xF5\
\xE5\x4A\x4B\x4C\x4D\x4E\x4F\x50\x51\x52\xB9\xFB\x7E\xF9\xFA\xFF\
\x5C\xF7\x53\x54\x55\x56\x57\x58\x59\x5A\xB2\xD4\xD6\xD2\xD3\xD5\
\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\xB3\xDB\xDC\xD9\xDA\x9F";

impl Ebcdic {
    /// What each byte of the code page is in Windows-1252.
    ///
    /// Both line ends of mainframes, the new line 0x15 and the line feed 0x25, are a line feed. A control character
    /// that no text has becomes a byte that Windows-1252 leaves open: the cell that holds it is then no text, and its
    /// row is rejected, and no other.
    pub fn to_windows_1252(self) -> &'static [u8; 256] {
        const CP277: [u8; 256] = to_windows_1252(b'\xA4');
        const CP1142: [u8; 256] = to_windows_1252(EURO);
        match self {
            Self::Cp277 => &CP277,
            Self::Cp1142 => &CP1142,
        }
    }
}

const fn to_windows_1252(currency: u8) -> [u8; 256] {
    let mut table = ISO_8859_1_OF_277;
    let mut at = 0;
    while at < table.len() {
        table[at] = match table[at] {
            0x85 => b'\n',
            0x80..=0x9F => NO_TEXT,
            byte => byte,
        };
        at += 1;
    }
    table[CURRENCY] = currency;
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(page: Ebcdic, bytes: &[u8]) -> Result<String, crate::DecodeError> {
        let table = page.to_windows_1252();
        let cells: Vec<u8> = bytes.iter().map(|byte| table[usize::from(*byte)]).collect();
        let mut text = String::new();
        Encoding::Windows1252.decode_into(&cells, &mut text).map(|()| text)
    }

    #[test]
    fn danish_letters_stand_where_the_code_page_has_them() {
        let bytes = b"\xC0\x6A\xD0\x7B\x7C\x5B \xF0\xF1\xF9".map(|byte| if byte == b' ' { 0x40 } else { byte });
        for page in [Ebcdic::Cp277, Ebcdic::Cp1142] {
            assert_eq!(decoded(page, &bytes).as_deref(), Ok("æøåÆØÅ 019"));
            assert_eq!(FileEncoding::Ebcdic(page).encode("æøåÆØÅ 019").as_deref(), Some(bytes.as_slice()));
        }
        assert_eq!(decoded(Ebcdic::Cp277, b"\x5A").as_deref(), Ok("¤"));
        assert_eq!(decoded(Ebcdic::Cp1142, b"\x5A").as_deref(), Ok("€"));
    }

    #[test]
    fn both_line_ends_are_line_feeds_and_other_controls_are_no_text() {
        let table = Ebcdic::Cp277.to_windows_1252();
        assert_eq!([table[0x15], table[0x25], table[0x0D], table[0x05]], *b"\n\n\r\t");
        assert_eq!(decoded(Ebcdic::Cp277, b"\xC1\x04\xC2").map_err(|error| error.offset), Err(1));
    }

    #[test]
    fn every_printable_character_has_a_byte_of_its_own() {
        for page in [Ebcdic::Cp277, Ebcdic::Cp1142] {
            let mut printable: Vec<u8> = page.to_windows_1252().to_vec();
            printable.retain(|byte| *byte >= b' ' && *byte != NO_TEXT);
            let count = printable.len();
            printable.sort_unstable();
            printable.dedup();
            assert_eq!((printable.len(), count), (192, 192), "95 of ASCII, DEL, and 96 above");
        }
    }

    #[test]
    fn labels_are_found_again() {
        for encoding in FileEncoding::ALL {
            assert_eq!(FileEncoding::parse(&encoding.label().to_uppercase()), Some(encoding));
            let text = "Ærø;Tårnby\n";
            assert!(encoding.encode(text).is_some(), "{}", encoding.label());
        }
        assert_eq!(FileEncoding::parse("utf-7"), None);
    }
}
