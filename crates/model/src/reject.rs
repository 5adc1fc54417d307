//! What could not be loaded: rows, and whole deliveries.

use crate::Code;

/// A row that was read, but is no canonical row. It is kept, with its place and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The physical line, from 1.
    pub line: u64,
    /// The record number, from 1.
    pub record: u64,
    /// The vendor's column, where one cell is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub code: Code,
    /// What is wrong, in a sentence; values that look like personal identification numbers are masked.
    pub reason: String,
    /// The line as delivered, decoded and masked; `None` where the dataset is about persons.
    pub raw: Option<String>,
}

/// A delivery that is refused as a whole: nothing of it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub code: Code,
    /// What is wrong, in a sentence; masked.
    pub message: String,
    /// The physical line, where one is to blame.
    pub line: Option<u64>,
    /// The vendor's column, where one is to blame.
    pub column: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    /// A refusal without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: None, column: None, help: None }
    }

    /// Sets the line.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// Sets the column.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Something about a delivery that was loaded all the same, and is worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is.
    pub code: Code,
    /// What it is, in a sentence; masked.
    pub message: String,
    /// How many rows it concerns.
    pub rows: u64,
    /// The first of them, by its line.
    pub first_line: Option<u64>,
}
