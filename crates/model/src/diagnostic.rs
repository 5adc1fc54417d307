//! What is said about wrong input: a code, a place, and a way out. Rendering belongs to the command line.

use crate::Code;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The delivery is stopped.
    Fatal,
    /// The definition is refused, or the row rejected.
    Error,
    /// Loaded, and said in the report.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word used in definitions, tables and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A place in a text file. Lines and columns are counted from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The path as the user would write it, relative to the project.
    pub file: String,
    /// The line, from 1; 0 if the place is the file as a whole.
    pub line: u32,
    /// The column, from 1; 0 if the place is the line as a whole.
    pub column: u32,
    /// How many characters are meant; at least 1 when there is a column.
    pub length: u32,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, length: 0 }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Other places that matter, each with what it shows ("first declared here").
    pub related: Vec<(Place, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place; add one with [`Diagnostic::at`].
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), place: None, related: Vec::new(), help: None }
    }

    /// A warning without a place; add one with [`Diagnostic::at`].
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds a secondary place.
    #[must_use]
    pub fn with_related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether a definition with this finding must not be used.
    pub fn is_error(&self) -> bool {
        self.severity <= Severity::Error
    }
}
