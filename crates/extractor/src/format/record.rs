//! What a physical format says about the next record of a block.

use model::Code;

/// A record that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The first byte after the content.
    pub(super) end: usize,
    /// The first byte of the next record.
    pub(super) next: usize,
    /// How many physical lines it takes.
    pub(super) lines: u64,
    /// How many cells it has. Of a record with absurdly many, not all were kept.
    pub(super) cells: usize,
    /// Whether it holds a NUL byte.
    pub(super) nul: bool,
    /// Whether it has a line end.
    pub(super) terminated: bool,
    /// Why it could not be split.
    pub(super) fault: Option<Fault>,
    /// How many of the lines behind it belong to the same broken record, and are no records whatever they look like.
    pub(super) tail: u64,
}

/// Why a record could not be split. It then is one physical line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A quotation mark inside an unquoted cell, or something after a closing one.
    StrayQuote,
    /// An escape mark that stands before something else than it may.
    StrayEscape,
    /// A quoted cell without an end.
    OpenQuote,
    /// A quoted cell that only the end of the file ends, with no row behind it that would speak for a stray mark.
    OpenToTheEnd,
    /// A record of another length than the layout says.
    Length {
        /// What it has.
        found: usize,
        /// What it should have.
        expected: usize,
    },
}

impl Fault {
    pub(super) fn code(self) -> Code {
        match self {
            Self::StrayQuote | Self::StrayEscape => Code::QUOTE_STRAY,
            Self::OpenQuote | Self::OpenToTheEnd => Code::QUOTE_OPEN,
            Self::Length { .. } => Code::RECORD_LENGTH,
        }
    }

    pub(super) fn reason(self) -> String {
        match self {
            Self::StrayQuote => {
                "a quotation mark stands inside an unquoted cell, or text follows a closing quotation mark".to_owned()
            }
            Self::StrayEscape => {
                "an escape mark stands inside a quoted cell before something that is not to be escaped".to_owned()
            }
            Self::OpenQuote => {
                "a quoted cell begins here and is never closed, or closes in the middle of a later line".to_owned()
            }
            Self::OpenToTheEnd => "a quoted cell begins here, and nothing but the end of the file ends it".to_owned(),
            Self::Length { found, expected } => format!("the record has {found} bytes, the layout {expected}"),
        }
    }
}

/// What the rows that are taken in one go have in common, and how far they were taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainRows {
    /// The cells of a row.
    pub(super) width: usize,
    /// The empty cells behind them, which are none of a row.
    pub(super) surplus: usize,
    /// Where the next record begins.
    pub(super) at: usize,
    /// Its physical line.
    pub(super) line: u64,
    /// Its number.
    pub(super) record: u64,
}

/// The next step through a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A record.
    Record(Found),
    /// The block ends within the record; more of the file is needed.
    Incomplete,
    /// The block is at its end, and so is the file.
    End,
    /// A CR alone where lines end in LF or CRLF, or an LF where they end in CR.
    LoneLineEnd,
    /// A cell or a record beyond the limits.
    TooBig,
    /// The last record, and NUL bytes where the rest of the file should be.
    Torn,
}
