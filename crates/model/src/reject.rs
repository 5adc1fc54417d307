//! What could not be loaded: rows, and whole deliveries.

use std::borrow::Cow;

use crate::{Code, redact};

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
///
/// Its texts go into the store, reports and logs, and may quote headings, names of files and what a server said. So
/// they are masked when the refusal is made, and not by everybody who shows it.
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
        Self { code, message: masked(message.into()), line: None, column: None, help: None }
    }

    /// Says something else.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = masked(message.into());
        self
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
        self.column = Some(masked(column.into()));
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(masked(help.into()));
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

fn masked(text: String) -> String {
    match redact(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_quotes_no_number_of_a_person() {
        let text = "`610101-1234` is no heading";
        let refusal = Refusal::new(Code::COLUMN_MISSING, text).in_column("6101011234").with_help(text);
        let masked = "`[redacted]` is no heading";
        assert_eq!((refusal.message.as_str(), refusal.help.as_deref()), (masked, Some(masked)));
        assert_eq!(refusal.column.as_deref(), Some("[redacted]"));
        assert_eq!(refusal.with_message("610101 1234").message, "[redacted]");
    }
}
