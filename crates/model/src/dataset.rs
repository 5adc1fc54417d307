//! Datasets: the tables of the common data model, one kind of row each.

use crate::{CodeListId, DatasetId, Expr, FieldName, Fingerprint, PeriodKind, Severity, Text, Unit};

/// The position of a field in its dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldIndex(pub usize);

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// Text, in Unicode normal form C.
    Text,
    /// A code of a list, checked at the row's own date.
    Code(CodeListId),
    /// A whole number that fits 64 bits.
    Integer,
    /// An exact decimal, kept as 64-bit minor units.
    Decimal {
        /// The most digits in all, at most 18.
        precision: u8,
        /// Digits after the decimal mark.
        scale: u8,
    },
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A month, kept as its first day.
    Month,
    /// An ISO week, kept as its Monday.
    Week,
    /// A calendar year, kept as its first day.
    Year,
    /// A school year, kept as its first day, 1 August.
    SchoolYear,
    /// A personal identification number, replaced by a keyed pseudonym while the row is read.
    Person,
}

impl FieldType {
    /// The word used in definitions.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code(_) => "code",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Month => "month",
            Self::Week => "week",
            Self::Year => "year",
            Self::SchoolYear => "school_year",
            Self::Person => "person",
        }
    }

    /// Whether values are kept as days.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Self::Date | Self::Month | Self::Week | Self::Year | Self::SchoolYear)
    }

    /// The period that a value stands for, for the types that are periods.
    pub fn period_kind(&self) -> Option<PeriodKind> {
        match self {
            Self::Month => Some(PeriodKind::Month),
            Self::Week => Some(PeriodKind::Week),
            Self::Year => Some(PeriodKind::Year),
            Self::SchoolYear => Some(PeriodKind::SchoolYear),
            _ => None,
        }
    }
}

/// Bounds of a number (in minor units) or of a day (in days since 1970-01-01), both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RangeRule {
    /// The smallest value that is accepted.
    pub min: Option<i64>,
    /// The largest value that is accepted.
    pub max: Option<i64>,
}

/// A field of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name, also the name of the Parquet column.
    pub name: FieldName,
    /// Its title.
    pub title: Text,
    /// Its type.
    pub ty: FieldType,
    /// The unit of its values, or of one distinct value when they are counted.
    pub unit: Option<Unit>,
    /// Whether a row without a value is rejected.
    pub required: bool,
    /// A regular expression that the whole text must match.
    pub pattern: Option<String>,
    /// Bounds of the value.
    pub range: Option<RangeRule>,
    /// Free text: whatever looks like a personal identification number is masked before the row is kept.
    pub masked: bool,
}

/// How the time field places a row in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentRule {
    /// Something that happened at that time; a period holds its events.
    Event,
    /// A state counted on that day; a period is described by one of its snapshots.
    Snapshot,
    /// Something that held from that day on.
    Interval,
}

/// A rule that every row must fulfil.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its name.
    pub id: FieldName,
    /// What it demands, in words.
    pub title: Text,
    /// The condition; a row for which it is false breaks the rule (unknown does not).
    pub condition: Expr,
    /// `Error` rejects the row, `Warning` and `Info` are counted, `Fatal` stops the delivery.
    pub severity: Severity,
}

/// A resolved dataset.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its identifier.
    pub id: DatasetId,
    /// Its title.
    pub title: Text,
    /// What it holds.
    pub description: Text,
    /// What one row is, in one sentence.
    pub grain: Text,
    /// The unit of one row, for `count(*)`.
    pub row_unit: Unit,
    /// The fields, in the order of the canonical table.
    pub fields: Vec<Field>,
    /// The fields that together identify a row; empty if rows have no identity.
    pub key: Vec<FieldIndex>,
    /// The field with the municipality that the row belongs to.
    pub municipality: FieldIndex,
    /// Whether all rows are of the whole country, which stands in the place of a municipality.
    pub whole_country: bool,
    /// The field that places the row in time.
    pub time: FieldIndex,
    /// How it does so.
    pub moment: MomentRule,
    /// Of intervals, the field with the last day on which the row holds; a row without a value still holds.
    pub until: Option<FieldIndex>,
    /// Fields with other municipalities than the reporting one, by what these are to the row: `payer`, `residence`.
    pub roles: Vec<(FieldName, FieldIndex)>,
    /// The length of the periods that the canonical table is partitioned and delivered by.
    pub partition: PeriodKind,
    /// Rules for every row.
    pub checks: Vec<Check>,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}

impl Dataset {
    /// The field at a position.
    pub fn field(&self, index: FieldIndex) -> &Field {
        &self.fields[index.0]
    }

    /// The position of a field by its name.
    pub fn field_index(&self, name: &str) -> Option<FieldIndex> {
        self.fields.iter().position(|field| field.name.as_str() == name).map(FieldIndex)
    }

    /// Whether the rows are about persons: then no raw line is kept outside the raw archive.
    pub fn is_personal(&self) -> bool {
        self.fields.iter().any(|field| field.ty == FieldType::Person)
    }
}
