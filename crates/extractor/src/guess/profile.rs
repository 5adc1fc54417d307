//! What was found out about a file: every finding with how sure it is and why.

use serde::Serialize;

/// How much a finding is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Other readings fit as well, or nearly so: a person has to decide.
    Unsure,
    /// The best reading by far, though the sample does not exclude another.
    Likely,
    /// Everything that was looked at fits this reading and no other.
    Certain,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding<T> {
    /// What was found.
    pub value: T,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, with counts; never with a personal identification number.
    pub evidence: String,
    /// What it could be instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<T>,
}

impl<T> Finding<T> {
    pub(super) fn new(value: T, confidence: Confidence, evidence: impl Into<String>) -> Self {
        Self { value, confidence, evidence: evidence.into(), alternatives: Vec::new() }
    }

    pub(super) fn or(mut self, alternatives: impl IntoIterator<Item = T>) -> Self {
        self.alternatives.extend(alternatives);
        self
    }
}

/// Everything that was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The size of the file in bytes; `None` if it came through a pipe and was not read to its end.
    pub bytes: Option<u64>,
    /// How many of them were looked at.
    pub bytes_seen: u64,
    /// What kind of file it is: `text`, or the name of something else, of which nothing more is known.
    pub kind: Finding<String>,
    /// The character encoding, by the label that definitions use.
    pub encoding: Option<Finding<String>>,
    /// How lines end: `crlf`, `lf`, `cr` or `mixed`.
    pub line_end: Option<Finding<String>>,
    /// How the rows are laid out.
    pub layout: Option<Finding<LayoutKind>>,
    /// Of text with separators.
    pub dialect: Option<DialectProfile>,
    /// Of text in fixed positions: the length of a record.
    pub record_length: Option<Finding<usize>>,
    /// The marks of numbers in the whole file, if it has numbers.
    pub numbers: Option<Finding<NumberStyle>>,
    /// The columns in their order.
    pub columns: Vec<ColumnProfile>,
    /// Rows that the columns were judged by.
    pub rows_seen: u64,
}

/// How rows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LayoutKind {
    /// Cells with a separator between them.
    Delimited,
    /// Cells at fixed positions.
    Fixed,
    /// One cell a line, or no table at all.
    Lines,
}

/// The dialect of text with separators, and what stands around the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DialectProfile {
    /// The separator.
    pub delimiter: Finding<char>,
    /// The quotation mark; `None`: quotation marks are ordinary characters.
    pub quote: Finding<Option<char>>,
    /// What stands before a quotation mark inside quotes; `None`: it is doubled.
    pub escape: Finding<Option<char>>,
    /// Physical lines before the header.
    pub preamble_lines: Finding<u32>,
    /// Rows of column names.
    pub header_rows: Finding<u32>,
    /// Physical lines after the last row that are none; the texts that they begin with are in `footers`.
    pub footer_lines: Finding<u32>,
    /// What rows that are no data begin with: totals, footnotes; masked.
    pub footers: Vec<String>,
    /// Cells in a row.
    pub width: Finding<usize>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// No cell holds anything.
    Empty,
    /// A truth value.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Numbers with decimals or grouping.
    Decimal,
    /// Days.
    Date,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
    /// Codes: few, short, of one form, or with zeros in front.
    Code,
    /// Personal identification numbers.
    Person,
    /// Anything else.
    Text,
}

impl ColumnType {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Code => "code",
            Self::Person => "person",
            Self::Text => "text",
        }
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NumberStyle {
    /// The decimal mark; `None`: there are no decimals.
    pub decimal: Option<char>,
    /// The mark between groups of three digits; a blank stands for the no-break space too.
    pub group: Option<char>,
    /// Where the sign of negative numbers stands.
    pub negative: SignPlace,
}

/// Where the sign of negative numbers stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignPlace {
    /// No negative number was seen.
    Unseen,
    /// `-12`.
    Leading,
    /// `12-`.
    Trailing,
    /// `(12)`.
    Parentheses,
    /// In several of these places.
    Mixed,
}

impl SignPlace {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Leading => "leading",
            Self::Trailing => "trailing",
            Self::Parentheses => "parentheses",
            Self::Mixed => "mixed",
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnProfile {
    /// Its name, from the header or `column_` and its number; masked.
    pub name: String,
    /// Its number, from 1.
    pub position: usize,
    /// Of text in fixed positions: the first character, from 1, and how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<(usize, usize)>,
    /// What it holds.
    pub holds: Finding<ColumnType>,
    /// How its numbers are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Finding<NumberStyle>>,
    /// How its dates or periods are written, as definitions say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Finding<String>>,
    /// The most digits before and after the decimal mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<(usize, usize)>,
    /// Cells with a value, and without.
    pub filled: u64,
    /// Cells that are empty or hold one of `null_words`.
    pub empty: u64,
    /// Words that seem to stand for "no value".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub null_words: Vec<String>,
    /// Different values, counted up to a limit.
    pub distinct: usize,
    /// Characters of the shortest and the longest value.
    pub lengths: (usize, usize),
    /// A few frequent values, masked; none of persons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}
