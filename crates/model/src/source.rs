//! Sources: one vendor system's export, its physical format, and how its columns become canonical fields.

use crate::{
    Code, CodeListId, DatasetId, FieldIndex, FieldName, Fingerprint, InputForm, Notice, Period, PeriodKind, Ratio,
    SourceId, Text,
};

/// A character encoding in which the structure (separators, digits, line ends) is ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// Windows-1252.
    Windows1252,
    /// ISO-8859-1 proper: the bytes 0x80 to 0x9F are control characters, not quotation marks.
    Iso8859_1,
    /// ISO-8859-15.
    Iso8859_15,
    /// DOS code page 850.
    Cp850,
    /// DOS code page 865 (Nordic).
    Cp865,
}

impl Encoding {
    /// All of them, for messages.
    pub const ALL: [Self; 6] =
        [Self::Utf8, Self::Windows1252, Self::Iso8859_1, Self::Iso8859_15, Self::Cp850, Self::Cp865];

    /// The label used in definitions.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Windows1252 => "windows-1252",
            Self::Iso8859_1 => "iso-8859-1",
            Self::Iso8859_15 => "iso-8859-15",
            Self::Cp850 => "cp850",
            Self::Cp865 => "cp865",
        }
    }
}

/// A part of a file name pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamePart {
    /// These characters.
    Literal(String),
    /// `{municipality}`: four digits.
    Municipality,
    /// `{period}`: a period of the source's kind.
    Period,
    /// `{version}`: the number of a correction; a file without one is version 1.
    Version,
    /// `*`: any characters but `/`.
    Any,
    /// `[...]`: present or not.
    Optional(Vec<Self>),
}

/// The pattern of a delivery's path below the drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// The pattern as written.
    pub pattern: String,
    /// Its parts.
    pub parts: Vec<NamePart>,
}

/// What one delivery covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Whether a delivery is about one municipality, named by the file. Otherwise every row names its own, and the
    /// delivery covers all municipalities that use the source.
    pub one_municipality: bool,
    /// The kind of the period that the file's name gives; `None` if the rows alone say when they are.
    pub period: Option<PeriodKind>,
}

/// What a new delivery does to what was delivered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// It supersedes everything that the source delivered before for the same municipalities.
    Full,
    /// It replaces the periods that it covers.
    Period,
}

/// A fixed-width column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedColumn {
    /// The name that fields refer to.
    pub name: String,
    /// The first character position, from 0.
    pub start: usize,
    /// The number of characters.
    pub length: usize,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
    /// LF or CRLF; CR, if the beginning of the file has that alone.
    #[default]
    Detected,
    /// LF or CRLF.
    LineFeed,
    /// CR.
    CarriageReturn,
}

/// How a quotation mark is written inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escape {
    /// Doubled.
    #[default]
    Doubled,
    /// Behind this mark, an ASCII character. Behind it may also stand the mark itself, a separator or a line end; in an
    /// unquoted cell it is text like any other.
    Mark(u8),
    /// Not at all: the next quotation mark closes the cell.
    None,
}

/// Text with separators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelimitedFormat {
    /// The encoding.
    pub encoding: Encoding,
    /// The separator, an ASCII character.
    pub delimiter: u8,
    /// The quotation mark, an ASCII character. `None`: quotation marks are ordinary.
    pub quote: Option<u8>,
    /// How a quotation mark is written inside quotes.
    pub escape: Escape,
    /// What ends a line.
    pub line_end: LineEnd,
    /// Lines before the header (or the first record) that are no records.
    pub preamble_lines: u32,
    /// Rows with column names. The names in several rows are joined with a space, column by column. Of no meaning
    /// where the columns are given; without either, the columns are called `column_1`, `column_2` and so on.
    pub header_rows: u32,
    /// The column names, where the file has no header row.
    pub columns: Option<Vec<String>>,
}

impl DelimitedFormat {
    /// What most exports are: quotation marks `"`, doubled inside quotes, and one header row.
    pub fn new(encoding: Encoding, delimiter: u8) -> Self {
        Self {
            encoding,
            delimiter,
            quote: Some(b'"'),
            escape: Escape::default(),
            line_end: LineEnd::default(),
            preamble_lines: 0,
            header_rows: 1,
            columns: None,
        }
    }
}

/// Text in fixed positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedFormat {
    /// The encoding; positions are bytes, so it must be a single-byte encoding.
    pub encoding: Encoding,
    /// The columns of a data record.
    pub columns: Vec<FixedColumn>,
    /// The length of a data record; a shorter or longer one is rejected.
    pub record_length: usize,
}

/// A physical format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Text with separators.
    Delimited(DelimitedFormat),
    /// Text in fixed positions.
    Fixed(FixedFormat),
}

impl Format {
    /// The encoding of the text.
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Delimited(format) => format.encoding,
            Self::Fixed(format) => format.encoding,
        }
    }
}

/// Which records a skip rule leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipMatch {
    /// The cell of this column is one of the texts, after trimming.
    CellIs {
        /// The column.
        column: String,
        /// The texts.
        texts: Vec<String>,
    },
    /// The cell of this column begins with one of the texts, after trimming.
    CellStartsWith {
        /// The column.
        column: String,
        /// The texts.
        texts: Vec<String>,
    },
    /// The line begins with one of the texts.
    LineStartsWith(Vec<String>),
    /// The regular expression is found in the line.
    LineMatches(String),
}

/// A named rule for records that are no data: totals, footers. Blank lines and repeated headers are always skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkipRule {
    /// Its name in the books.
    pub id: FieldName,
    /// The records it leaves out.
    pub rule: SkipMatch,
}

/// What a field of a control record states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlField {
    /// The municipality that the delivery is about.
    Municipality,
    /// The period that the delivery is about.
    Period,
    /// The number of data records: neither header, control record nor skipped.
    Rows,
    /// The sum of a field over all data records.
    Sum(FieldIndex),
}

/// A header or trailer record, and what it states at which place. A cell is counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRecord {
    /// What the line begins with.
    pub starts_with: String,
    /// The statements: what, the position (cell number, or first character and length), and how a number is written.
    pub states: Vec<(ControlField, ControlPlace, NumberFormat)>,
}

/// Where in a control record a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlPlace {
    /// The cell with this number, from 0.
    Cell(usize),
    /// These characters of the line, from 0.
    Characters {
        /// The first.
        start: usize,
        /// How many.
        length: usize,
    },
}

/// The control records of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Control {
    /// The first record, if the format has one; its absence refuses the delivery.
    pub header: Option<ControlRecord>,
    /// The last record, if the format has one; its absence refuses the delivery.
    pub trailer: Option<ControlRecord>,
}

/// A statement that was found in a control record; the normaliser compares it with the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlStatement {
    /// What it states.
    pub field: ControlField,
    /// The text of the statement, trimmed.
    pub text: String,
    /// How a number in it is written.
    pub number: NumberFormat,
    /// The physical line of the control record.
    pub line: u64,
}

/// Where a negative number may carry its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Negative {
    /// `-12`.
    Leading,
    /// `12-`, as SAP and mainframe exports write it.
    Trailing,
    /// `(12)`.
    Parentheses,
}

/// A column that holds the sign of an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignColumn {
    /// The column.
    pub column: String,
    /// What it holds for positive amounts.
    pub positive: Vec<String>,
    /// What it holds for negative amounts.
    pub negative: Vec<String>,
}

/// How numbers are written. Strict: what contradicts it is refused, never guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFormat {
    /// The decimal mark, if numbers may have one.
    pub decimal: Option<u8>,
    /// The mark between groups of three digits, if numbers may be grouped; a space stands for the no-break space too.
    pub group: Option<u8>,
    /// Where the sign may stand; nowhere, if a minus is a mistake.
    pub negative: Vec<Negative>,
    /// The characters that are a minus: the hyphen, and others that were declared.
    pub minus: Vec<char>,
    /// Whether a plus may stand where a minus may.
    pub plus: bool,
    /// Whether blanks may stand between the sign and the digits, as mainframes pad them.
    pub padded: bool,
    /// Units that may stand before the number, and say nothing more about it.
    pub prefixes: Vec<String>,
    /// Units that may stand after the number.
    pub suffixes: Vec<String>,
    /// The column with the sign, if it stands apart.
    pub sign: Option<SignColumn>,
    /// How many of the last digits are decimals, where no mark is written.
    pub implied_decimals: u8,
}

impl NumberFormat {
    /// Digits with nothing but a minus, a hyphen, in these places.
    pub fn plain(negative: &[Negative]) -> Self {
        Self {
            decimal: None,
            group: None,
            negative: negative.to_vec(),
            minus: vec!['-'],
            plus: false,
            padded: false,
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            sign: None,
            implied_decimals: 0,
        }
    }
}

/// How dates and periods are written.
///
/// `yyyy`, `mm`, `dd`, `q` stand for so many digits, `m` and `d` for one or two, `yy` for the year of a century or the
/// second year of a school year; everything else stands for itself. The word `excel` alone stands for a day's number in
/// a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat {
    /// The pattern.
    pub pattern: String,
    /// The first year of two digits that belongs to the 20th century; those before it belong to the 21st.
    pub pivot: Option<u8>,
}

impl DateFormat {
    /// The pattern that stands for a day's number in a spreadsheet.
    pub const EXCEL: &str = "excel";

    /// A pattern without years of two digits.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self { pattern: pattern.into(), pivot: None }
    }
}

/// How a cell becomes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parse {
    /// Text, decoded, trimmed.
    Text,
    /// A code of the list.
    Code(CodeListId),
    /// A whole number or a decimal with the field's scale.
    Number(NumberFormat),
    /// A day or a period, kept as its first day.
    Date(DateFormat),
    /// A truth value.
    Boolean {
        /// Words for true.
        yes: Vec<String>,
        /// Words for false.
        no: Vec<String>,
    },
    /// A personal identification number.
    Person,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The cell of this column; the further names are accepted in its stead.
    Column {
        /// The name, and declared aliases.
        names: Vec<String>,
    },
    /// The municipality that the delivery is about.
    DeliveryMunicipality,
    /// The period that the delivery is about.
    DeliveryPeriod,
    /// Always this text.
    Constant(String),
}

/// How one canonical field is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMapping {
    /// The canonical field.
    pub field: FieldIndex,
    /// Where its value comes from.
    pub origin: Origin,
    /// Which bytes of the cell count, after trimming: the first (from 0) and how many.
    pub slice: Option<(usize, usize)>,
    /// Zeros are put in front of digits until the cell is this wide.
    pub width: Option<usize>,
    /// Words for "no value".
    pub null: Vec<String>,
    /// What the vendor's words mean, applied before parsing. A word that is not listed is parsed as it stands.
    pub map: Vec<(String, String)>,
    /// How the cell is read.
    pub parse: Parse,
}

/// All that must be known to take a file apart into rows and cells. What the cells mean is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The physical format.
    pub format: Format,
    /// Records that are no data.
    pub skip: Vec<SkipRule>,
    /// Control records.
    pub control: Control,
    /// Names of which each stands for the others of its list, for skip rules that name a column.
    pub aliases: Vec<Vec<String>>,
}

impl Layout {
    /// A format without rules.
    pub fn plain(format: Format) -> Self {
        Self { format, skip: Vec::new(), control: Control::default(), aliases: Vec::new() }
    }

    /// The layout of a source's files.
    pub fn of(source: &Source) -> Self {
        let names = |mapping: &FieldMapping| match &mapping.origin {
            Origin::Column { names } if names.len() > 1 => Some(names.clone()),
            _ => None,
        };
        Self {
            format: source.format.clone(),
            skip: source.skip.clone(),
            control: source.control.clone(),
            aliases: source.fields.iter().filter_map(names).collect(),
        }
    }
}

/// What a delivery may be like before it is withheld: what goes beyond it is more likely a mistake than news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most rejected rows.
    pub max_rejects: Option<u64>,
    /// The largest share of rejected rows among the records that no rule skips; `1/50` for two per cent.
    pub max_reject_share: Option<Ratio>,
    /// The share by which a delivery may have fewer accepted rows than the one before.
    pub max_drop: Option<Ratio>,
    /// The share by which it may have more.
    pub max_growth: Option<Ratio>,
}

impl Budget {
    /// Whether nothing is beyond it.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a delivery is compared with the one before it.
    pub fn compares(&self) -> bool {
        self.max_drop.is_some() || self.max_growth.is_some()
    }
}

/// A resolved source.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its identifier.
    pub id: SourceId,
    /// Its title.
    pub title: Text,
    /// What the export is and on what knowledge the layout rests.
    pub description: Text,
    /// Who makes the system.
    pub vendor: String,
    /// The system.
    pub system: String,
    /// The vendor's name for the export.
    pub interface: Option<String>,
    /// The dataset that it feeds.
    pub dataset: DatasetId,
    /// The first period for which the layout holds.
    pub valid_from: Option<Period>,
    /// The last period for which the layout holds.
    pub valid_to: Option<Period>,
    /// The path of a delivery below the drop folder.
    pub file: FileName,
    /// What a delivery covers.
    pub scope: Scope,
    /// What it does to earlier ones.
    pub load: Load,
    /// Days after the period's last day until the delivery is due, where a pipeline does not say otherwise.
    pub due_days: Option<u32>,
    /// A delivery with fewer accepted rows is refused. `Some(0)` says that there may be nothing to report; `None` says
    /// nothing, and then a delivery without rows is loaded with a notice.
    pub min_rows: Option<u64>,
    /// What a delivery may be like before it is withheld. No part of the canonical form: it decides which deliveries
    /// hold, and not how one is read.
    pub budget: Budget,
    /// How its files are compressed and encoded. The format speaks of the text that comes out of that.
    pub input: InputForm,
    /// The physical format.
    pub format: Format,
    /// How each canonical field is made, in the order of the fields; a field without a mapping has no value.
    pub fields: Vec<FieldMapping>,
    /// Records that are no data.
    pub skip: Vec<SkipRule>,
    /// Control records.
    pub control: Control,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}

impl Source {
    /// A delivery with fewer accepted rows than this is refused.
    pub fn least_rows(&self) -> u64 {
        self.min_rows.unwrap_or(0)
    }

    /// What is said of a delivery without accepted rows, where the definition says nothing: it may be a municipality
    /// with nothing to report, and it may be an export that found nothing because something was wrong.
    pub fn notice_of_no_rows(&self, accepted: u64) -> Option<Notice> {
        if accepted > 0 || self.min_rows.is_some() {
            return None;
        }
        let message = format!("no row was accepted, and `{}` does not say whether that may be", self.id);
        Some(Notice { code: Code::NO_ROWS, message, rows: 0, first_line: None })
    }
}
