//! Tests of definitions: what stands under `tests:` of a source or an indicator, and the tables in it.
//!
//! A test is no part of what a definition means: it is read apart from it, after everything is resolved, so that it
//! never changes a fingerprint. What is wrong with a test is a finding of its file like any other.

mod check;
mod read;
mod table;

use std::sync::Arc;

use model::{Catalogue, Code, Date, Indicator, IndicatorVersion, Place, Ratio};

pub use self::check::{check_delivered, check_expected, check_given, expected_columns};
pub(crate) use self::read::check;
pub use self::read::{cases, is_value_column};
pub use self::table::{Cell, Row, Table};

/// What is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tested {
    /// An indicator.
    Indicator,
    /// A source.
    Source,
}

impl Tested {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::Source => "source",
        }
    }

    /// The folder of its folder cases below `fixtures`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Indicator => "indicators",
            Self::Source => "sources",
        }
    }
}

/// A test.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is tested.
    pub tested: Tested,
    /// Its id.
    pub id: String,
    /// The version that the name of an older indicator's file has.
    pub version: Option<String>,
    /// The test's name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What is given.
    pub given: Given,
    /// What is expected.
    pub expect: Expect,
}

impl Case {
    /// What is tested, as the name of its file says it: the id, of an older version with that.
    pub fn definition(&self) -> String {
        named(&self.id, self.version.as_deref())
    }

    /// The indicator that is tested, in the version that is meant; `None` if it is broken.
    pub fn indicator<'c>(&self, catalogue: &'c Catalogue) -> Option<&'c Arc<Indicator>> {
        indicator_of(&self.id, self.version.as_deref(), catalogue)
    }
}

/// The id, of an older version with its number: `pupils@1`.
pub fn named(id: &str, version: Option<&str>) -> String {
    version.map_or_else(|| id.to_owned(), |version| format!("{id}@{version}"))
}

/// The current version of an indicator, or an older one.
pub(crate) fn indicator_of<'c>(
    id: &str,
    version: Option<&str>,
    catalogue: &'c Catalogue,
) -> Option<&'c Arc<Indicator>> {
    match version {
        None => catalogue.indicators.get(id),
        Some(version) => catalogue.version(id, IndicatorVersion(version.parse().ok()?)),
    }
}

/// What is given.
#[derive(Debug, Clone)]
pub enum Given {
    /// Canonical rows of datasets.
    Tables(Vec<GivenTable>),
    /// A delivery.
    Delivery(GivenDelivery),
}

/// What is given of a dataset.
#[derive(Debug, Clone)]
pub struct GivenTable {
    /// The dataset.
    pub dataset: String,
    /// Its rows.
    pub rows: Option<TableText>,
    /// What was delivered beyond the units that have rows.
    pub delivered: Option<TableText>,
}

/// A delivery that is given.
#[derive(Debug, Clone)]
pub struct GivenDelivery {
    /// Its path below the drop folder.
    pub name: String,
    /// Its bytes.
    pub bytes: GivenBytes,
}

/// The bytes of a delivery.
#[derive(Debug, Clone)]
pub enum GivenBytes {
    /// Text that is still to be encoded as the source is, and is not compressed.
    Text(String),
    /// The bytes as they were delivered.
    Raw(Vec<u8>),
    /// A file with the bytes as they were delivered.
    File(FileName),
}

/// A file below the project that a test names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Its path below the project.
    pub path: String,
    /// Where it is named.
    pub place: Place,
}

/// A table, or where it is.
#[derive(Debug, Clone)]
pub enum TableText {
    /// It stands in the definition.
    Inline(Table),
    /// It is in a file.
    File(FileName),
}

/// What is expected.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Whether rows that are not expected are no mistake.
    pub subset: bool,
    /// How far a number may be from the expected one.
    pub tolerance: Option<Ratio>,
    /// The day whose municipalities the figures are about; those of the period without it.
    pub municipalities_of: Option<Date>,
    /// The rows.
    pub rows: Option<TableText>,
    /// The rejected rows; `None` demands none of an indicator's, and says nothing about a source's.
    pub rejects: Option<Vec<ExpectedReject>>,
    /// The books of a source's delivery.
    pub tally: Option<ExpectedTally>,
    /// The code that the definition or the delivery is refused with.
    pub error: Option<Code>,
    /// Where the expectations stand, to write them anew.
    pub anchors: Anchors,
}

/// A rejected row. What is not said is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedReject {
    /// The dataset; of an indicator's test.
    pub dataset: Option<String>,
    /// The line.
    pub line: Option<u64>,
    /// The record; of a source's test.
    pub record: Option<u64>,
    /// The vendor's column; of a source's test.
    pub column: Option<String>,
    /// The code.
    pub code: Option<Code>,
}

/// The books of a delivery. What is not said is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedTally {
    /// Records read.
    pub read: Option<u64>,
    /// Records accepted.
    pub accepted: Option<u64>,
    /// Records rejected.
    pub rejected: Option<u64>,
    /// Records skipped, by rule.
    pub skipped: Option<Vec<(String, u64)>>,
}

/// A key of the file: its line and column, both from 1, and the bytes of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The line of the key.
    pub line: u32,
    /// The column of the key.
    pub column: u32,
    /// The first byte of the value, in the text without a byte order mark.
    pub start: usize,
    /// The first byte behind the value; the first one itself where a list or mapping stands in lines of its own.
    pub end: usize,
    /// Whether the value is a literal block (`|`).
    pub block: bool,
}

/// Where the parts of an expectation stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The first key of the test.
    pub first: Option<Anchor>,
    /// `given:`.
    pub given: Option<Anchor>,
    /// `expect:`.
    pub expect: Option<Anchor>,
    /// `rows:` below `expect:`.
    pub rows: Option<Anchor>,
    /// `rejects:` below `expect:`.
    pub rejects: Option<Anchor>,
    /// `tally:` below `expect:`.
    pub tally: Option<Anchor>,
    /// Whether the test, or what it expects, stands in brackets, where no line can be added.
    pub in_brackets: bool,
}
