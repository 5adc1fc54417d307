//! Indicators (key figures, nøgletal): measures of datasets, combined by a formula.

use std::fmt;

use crate::{
    Aggregate, DatasetId, Expr, FieldName, Fingerprint, Formula, IndicatorId, Period, PeriodKind, Ratio, Rounding,
    Text, TimeSelection, Unit,
};

/// The version of an indicator's definition, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndicatorVersion(pub u32);

impl fmt::Display for IndicatorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which direction is better, if any is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither.
    Neutral,
}

impl Direction {
    /// The word used in definitions and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HigherIsBetter => "higher_is_better",
            Self::LowerIsBetter => "lower_is_better",
            Self::Neutral => "neutral",
        }
    }
}

/// What a measure is worth where its data was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRule {
    /// It is missing, and so is the indicator.
    Propagate,
    /// It is zero.
    Zero,
}

/// An aggregate of a dataset's rows.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Its name in the formula.
    pub name: FieldName,
    /// The dataset.
    pub dataset: DatasetId,
    /// Which rows of the period count.
    pub time: TimeSelection,
    /// Which rows count; all if `None`.
    pub filter: Option<Expr>,
    /// What is computed of them.
    pub aggregate: Aggregate,
    /// Decimals of the result: it is kept in units of `10^-scale`.
    pub scale: u8,
    /// The unit of the result.
    pub unit: Unit,
    /// The condition as written.
    pub filter_text: Option<String>,
    /// The aggregate as written.
    pub value_text: String,
}

/// A resolved indicator: the logical plan of a key figure.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// Its identifier.
    pub id: IndicatorId,
    /// The version of its definition.
    pub version: IndicatorVersion,
    /// The first period that this version defines.
    pub valid_from: Option<Period>,
    /// The last period that this version defines.
    pub valid_to: Option<Period>,
    /// The municipal area it belongs to, for example `school`.
    pub area: FieldName,
    /// Its title.
    pub title: Text,
    /// What it means.
    pub description: Text,
    /// The length of its periods.
    pub period: PeriodKind,
    /// The unit of its values.
    pub unit: Unit,
    /// Decimals of its values.
    pub decimals: u8,
    /// How its values are rounded.
    pub rounding: Rounding,
    /// Which direction is better.
    pub direction: Direction,
    /// Its measures.
    pub measures: Vec<Measure>,
    /// How the measures are combined.
    pub formula: Formula,
    /// What the formula's result is multiplied by to be in `unit`.
    pub conversion: Ratio,
    /// The formula as written.
    pub formula_text: String,
    /// What missing data means.
    pub missing: MissingRule,
    /// What a reader must know before using the figures.
    pub reservations: Vec<Text>,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}
