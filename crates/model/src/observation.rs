//! Observations: the published figures, each with what it was made of.

use crate::{Area, FieldName, IndicatorId, IndicatorVersion, MunicipalityCode, Period, Ratio};

/// The breakdown of an observation that is about everybody.
pub const TOTAL: &str = "total";

/// The status of an observation, by the SDMX code list `CL_OBS_STATUS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObsStatus {
    /// `A`: a normal value.
    Normal,
    /// `L`: not collected: the municipality has no source for the data.
    NotCollected,
    /// `M`: the value cannot exist: the denominator is zero.
    CannotExist,
    /// `O`: missing: data that is owed has not been delivered.
    Missing,
    /// `P`: provisional: some of the municipalities whose data it is made of are missing.
    Provisional,
    /// `B`: the series begins anew and cannot be compared with what was before.
    Break,
    /// `K`: included in another municipality's figure.
    IncludedElsewhere,
    /// `E`: estimated: made of shares of what was measured as a whole.
    Estimated,
    /// `U`: low reliability: the value is not plausible, or was taken out because it was not.
    Implausible,
}

impl ObsStatus {
    const ALL: [Self; 9] = [
        Self::Normal,
        Self::NotCollected,
        Self::CannotExist,
        Self::Missing,
        Self::Provisional,
        Self::Break,
        Self::IncludedElsewhere,
        Self::Estimated,
        Self::Implausible,
    ];

    /// The SDMX code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "A",
            Self::NotCollected => "L",
            Self::CannotExist => "M",
            Self::Missing => "O",
            Self::Provisional => "P",
            Self::Break => "B",
            Self::IncludedElsewhere => "K",
            Self::Estimated => "E",
            Self::Implausible => "U",
        }
    }

    /// The status that a stored code stands for.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// A measure of one municipality in one period: an exact number, and how many rows it was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureValue {
    /// The indicator that the measure belongs to.
    pub indicator: IndicatorId,
    /// The version of its definition.
    pub version: IndicatorVersion,
    /// The measure.
    pub measure: FieldName,
    /// The municipality.
    pub municipality: MunicipalityCode,
    /// The period of the indicator.
    pub period: Period,
    /// What part of the population; [`TOTAL`] for all.
    pub breakdown: String,
    /// The value in units of `10^-scale`; `None` where it is missing.
    pub minor: Option<i64>,
    /// Decimals.
    pub scale: u8,
    /// What `minor` is divided by to be the value: the number of rows of a mean, of days of an average, otherwise 1.
    pub divisor: i64,
    /// Canonical rows that it was made of.
    pub rows: u64,
    /// Why it is missing, or `Normal`.
    pub status: ObsStatus,
}

impl MeasureValue {
    /// The exact value.
    pub fn value(&self) -> Option<Ratio> {
        let value = self.minor.and_then(|minor| Ratio::decimal(i128::from(minor), self.scale).ok());
        value.and_then(|value| value.divided_by(Ratio::integer(i128::from(self.divisor))).ok())
    }
}

/// A published figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The indicator.
    pub indicator: IndicatorId,
    /// The version of its definition.
    pub version: IndicatorVersion,
    /// Whom it is about.
    pub area: Area,
    /// When.
    pub period: Period,
    /// What part of the population; [`TOTAL`] for all.
    pub breakdown: String,
    /// The value in units of `10^-decimals`, rounded; `None` where there is none.
    pub value: Option<i128>,
    /// Decimals of the value.
    pub decimals: u8,
    /// The exact numerator, where the formula is a quotient.
    pub numerator: Option<Ratio>,
    /// The exact denominator, where the formula is a quotient.
    pub denominator: Option<Ratio>,
    /// How many municipalities contribute.
    pub contributing: u32,
    /// How many municipalities the area has.
    pub members: u32,
    /// The status.
    pub status: ObsStatus,
    /// Whether it is held until somebody approves it.
    pub held: bool,
}

impl Observation {
    /// Its confidentiality by the SDMX code list `CL_CONF_STATUS`: `F` is free for publication, `N` is not approved.
    pub fn confidentiality(&self) -> &'static str {
        if self.held { "N" } else { "F" }
    }
}

/// The figures of one indicator, sorted by period, area and breakdown, with the measures they were made of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndicatorTable {
    /// The figures.
    pub observations: Vec<Observation>,
    /// The measures of municipalities.
    pub measures: Vec<MeasureValue>,
}
