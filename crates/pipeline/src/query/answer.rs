//! The questions that can be asked of a published store, and the shapes of the answers; all of them are also JSON.

use std::collections::BTreeMap;

use model::{Area, AsDefined, Date, MunicipalityCode, Period, SourceId};
use normaliser::PersonKeys;
use serde::{Serialize, Serializer};

use crate::UnitState;

use super::AsOf;

/// Of which units the state is asked, and on which day.
pub struct StatusFilter<'a> {
    /// The day: what is due and what is late depends on it.
    pub day: Date,
    /// As it was known then; as it is known now without it.
    pub as_of: Option<AsOf>,
    /// Only this source.
    pub source: Option<String>,
    /// Only this municipality.
    pub municipality: Option<MunicipalityCode>,
    /// Only periods that begin with this one or later.
    pub from: Option<Period>,
    /// Only periods that begin before this one.
    pub to: Option<Period>,
    /// The keys for pseudonyms. Without them nobody can tell whether units of persons were read with others.
    pub keys: Option<&'a PersonKeys>,
}

impl std::fmt::Debug for StatusFilter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusFilter").field("day", &self.day).field("source", &self.source).finish_non_exhaustive()
    }
}

impl StatusFilter<'_> {
    pub(super) fn takes(&self, source: &SourceId, municipality: MunicipalityCode, period: Period) -> bool {
        self.source.as_ref().is_none_or(|wanted| wanted == source.as_str())
            && self.municipality.is_none_or(|wanted| wanted == municipality)
            && self.from.is_none_or(|from| from.start() <= period.start())
            && self.to.is_none_or(|to| period.start() < to.start())
    }
}

/// The state of a pipeline.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The pipeline.
    pub pipeline: String,
    /// The day that it is the state of.
    pub day: String,
    /// When this was known, where it is not about what is known now.
    pub as_of: Option<AsOfLine>,
    /// The last run, if there was one.
    pub last_run: Option<RunLine>,
    /// The state of each source.
    pub sources: Vec<SourceStatus>,
    /// Units that are late or missing, by municipality.
    pub missing: Vec<MissingUnits>,
    /// Every unit that is owed or has come.
    pub units: Vec<UnitLine>,
    /// The names of the municipalities that they are of.
    pub municipalities: BTreeMap<String, String>,
    /// Deliveries that are refused or withheld.
    pub refused: Vec<RefusedDelivery>,
    /// Every delivery with its books.
    pub deliveries: Vec<DeliveryLine>,
    /// Figures that are published, by indicator.
    pub indicators: Vec<IndicatorLine>,
}

/// A run, as the ledger has it.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    /// Its number.
    pub run: i64,
    /// When it started.
    pub started_at: String,
    /// How it ended.
    pub outcome: String,
}

/// The state of a source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceStatus {
    /// The source.
    pub source: String,
    /// Units that are owed or have come.
    pub units_owed: u64,
    /// Those of them that have come and hold.
    pub units_done: u64,
    /// Those of them that are late or missing.
    pub units_missing: u64,
    /// All of them by state.
    pub states: BTreeMap<UnitState, u64>,
    /// Deliveries that hold.
    pub deliveries_accepted: u64,
    /// Deliveries that are refused.
    pub deliveries_refused: u64,
    /// Deliveries that later ones have replaced.
    pub deliveries_superseded: u64,
    /// Deliveries that are withheld.
    pub deliveries_withheld: u64,
    /// Records read in the deliveries that hold.
    pub rows_read: u64,
    /// Records accepted.
    pub rows_accepted: u64,
    /// Records rejected.
    pub rows_rejected: u64,
    /// Records skipped by a rule.
    pub rows_skipped: u64,
}

/// Periods that a municipality owes of a source.
#[derive(Debug, Clone, Serialize)]
pub struct MissingUnits {
    /// The source.
    pub source: String,
    /// The municipality.
    pub municipality: String,
    /// `late` or `missing`.
    pub state: UnitState,
    /// The periods.
    pub periods: Vec<String>,
}

/// A unit on the day.
#[derive(Debug, Clone, Serialize)]
pub struct UnitLine {
    /// The source.
    pub source: String,
    /// The municipality.
    pub municipality: String,
    /// The period.
    #[serde(serialize_with = "as_text")]
    pub period: Period,
    /// How it stands.
    pub state: UnitState,
    /// The day on which it is due, if somebody has said so.
    pub due: Option<String>,
    /// The last day on which it is not late.
    pub late_after: Option<String>,
    /// The delivery that holds, or that would if nothing were wrong with it.
    pub delivery: Option<String>,
    /// What is wrong with that one.
    pub code: Option<String>,
}

/// A delivery that is refused or withheld.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedDelivery {
    /// The delivery.
    pub delivery: String,
    /// Its name.
    pub name: String,
    /// The source.
    pub source: String,
    /// `refused` or `withheld`.
    pub state: &'static str,
    /// The code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

/// A delivery with its books.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryLine {
    /// Its identifier.
    pub delivery: String,
    /// Its name.
    pub name: String,
    /// The source.
    pub source: String,
    /// `accepted`, `refused` or `superseded`.
    pub state: String,
    /// The BLAKE3 hash of its bytes, also its name in the raw archive.
    pub content: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Records read.
    pub rows_read: u64,
    /// Records accepted.
    pub rows_accepted: u64,
    /// Records rejected.
    pub rows_rejected: u64,
    /// Records skipped by a rule.
    pub rows_skipped: u64,
}

/// A figure that is held until somebody approves it.
#[derive(Debug, Clone, Serialize)]
pub struct HeldLine {
    /// The municipal area that it belongs to.
    pub area_of_work: String,
    /// The municipality.
    pub municipality: String,
    /// Its name.
    pub title: String,
    /// The period.
    pub period: String,
    /// The indicator, with `@now` where it is the figure as defined now.
    pub indicator: String,
    /// What part of the population; `total` for all.
    pub breakdown: String,
    /// The value, which is published when it is approved.
    pub value: Option<String>,
    /// Its unit.
    pub unit: String,
}

/// How many figures an indicator has.
#[derive(Debug, Clone, Serialize)]
pub struct IndicatorLine {
    /// The indicator.
    pub indicator: String,
    /// The newest version of its definition that made any.
    pub version: u32,
    /// Figures with a value.
    pub values: u64,
    /// Figures without one.
    pub without_value: u64,
    /// The first and the last period.
    pub periods: Option<(String, String)>,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The indicator.
    pub indicator: String,
    /// The version of its definition that made the figure.
    pub version: u32,
    /// `then`: the version that is valid in the period; `now`: the current one.
    pub as_defined: &'static str,
    /// All versions, the oldest first.
    pub versions: Vec<VersionLine>,
    /// The fingerprint of the definition that the figure was made by.
    pub fingerprint: String,
    /// Its title, in Danish and English.
    pub title: (String, String),
    /// What it means, in Danish and English.
    pub description: (String, String),
    /// What a reader must know, in English.
    pub reservations: Vec<String>,
    /// Whom the figure is about: code and name.
    pub area: (String, String),
    /// When.
    pub period: String,
    /// What part of the population: `total`, or a part of a breakdown.
    pub breakdown: String,
    /// The part in words, Danish and English: dimension and category of each; empty for the total.
    pub parts: Vec<(String, String)>,
    /// The value, exactly as published.
    pub value: Option<String>,
    /// Whether the value is held until somebody approves it.
    pub not_approved: bool,
    /// The unit.
    pub unit: String,
    /// The SDMX status code and what it means.
    pub obs_status: (String, String),
    /// The numerator, exact.
    pub numerator: Option<String>,
    /// The denominator, exact.
    pub denominator: Option<String>,
    /// How many municipalities contribute.
    pub contributing: u32,
    /// How many the area has.
    pub members: u32,
    /// Who belongs to the comparison group, if the figure is of one; the nearest first.
    pub comparison: Vec<MemberLine>,
    /// The formula as defined.
    pub formula: String,
    /// The measures.
    pub measures: Vec<MeasureLine>,
    /// The deliveries that the measures were made of.
    pub deliveries: Vec<DeliveryLine>,
    /// All values that the figure has had, newest first.
    pub revisions: Vec<RevisionLine>,
    /// Canonical rows, if they were asked for.
    pub rows: Vec<RowsOfMeasure>,
    /// The day whose municipalities the figure is about; nothing where it is as stored.
    pub municipalities_of: Option<String>,
    /// The municipalities of the period that it was made of, where it is about those of another day.
    pub carried: Vec<CarriedLine>,
    /// When this was known, where it is not about what is known now.
    pub as_of: Option<AsOfLine>,
    /// What of that time is not kept, in words.
    pub not_kept: Vec<String>,
}

/// A municipality that a figure of another day's municipalities was made of.
#[derive(Debug, Clone, Serialize)]
pub struct CarriedLine {
    /// Its code.
    pub municipality: String,
    /// Its name.
    pub title: String,
    /// How much of it went into the figure: `1`, a fraction, or `?` where nobody knows.
    pub share: String,
}

/// A municipality of a comparison group, with its own figure.
#[derive(Debug, Clone, Serialize)]
pub struct MemberLine {
    /// The municipality.
    pub municipality: String,
    /// Its name, in Danish and English.
    pub title: (String, String),
    /// Its place among the nearest.
    pub rank: Option<u32>,
    /// How far away it is.
    pub distance: Option<String>,
    /// Whether the group's figure is made of its measures, among others.
    pub contributes: bool,
    /// Its own value.
    pub value: Option<String>,
    /// Its SDMX status code; empty if it has no figure.
    pub obs_status: String,
}

/// A version of an indicator.
#[derive(Debug, Clone, Serialize)]
pub struct VersionLine {
    /// Its number.
    pub version: u32,
    /// Whether it makes figures as defined then: one that newer versions leave nothing makes none.
    pub makes_figures: bool,
    /// The first period that it makes; empty without a beginning.
    pub from: Option<String>,
    /// The last period that it makes; empty without an end.
    pub to: Option<String>,
}

/// A measure of a figure.
#[derive(Debug, Clone, Serialize)]
pub struct MeasureLine {
    /// Its name in the formula.
    pub measure: String,
    /// Its value over the municipalities that contribute: a sum is exact, a mean has six decimals more than its field.
    pub value: Option<String>,
    /// Its unit.
    pub unit: String,
    /// Canonical rows that it was made of.
    pub rows: u64,
    /// The dataset.
    pub dataset: String,
    /// The aggregate as defined.
    pub aggregate: String,
    /// The condition as defined.
    pub condition: Option<String>,
    /// Its other keys by name, as defined, and in whose prices it is where that depends on what was delivered.
    pub keys: Vec<(String, String)>,
    /// Municipalities' periods that it needs, of its dataset and of those in which rows are looked up.
    pub parts_needed: u64,
    /// How many of those have been delivered.
    pub parts_delivered: u64,
}

/// A moment in the history of what was known.
#[derive(Debug, Clone, Serialize)]
pub struct AsOfLine {
    /// The last run that had published by then.
    pub run: i64,
    /// When that run published.
    pub published_at: String,
}

/// A delivery, as people know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryName {
    /// Its identifier.
    pub delivery: String,
    /// Its name.
    pub name: String,
}

/// Why something was revised or withdrawn.
#[derive(Debug, Clone, Serialize)]
pub struct CauseLine {
    /// Why, as the table `observation` says it.
    pub why: String,
    /// The deliveries that brought it about, if any did.
    pub deliveries: Vec<DeliveryName>,
}

/// A value that a figure had.
#[derive(Debug, Clone, Serialize)]
pub struct RevisionLine {
    /// The version of the definition.
    pub version: u32,
    /// The number of the revision of this version's figure, from 1.
    pub revision: u32,
    /// The value.
    pub value: Option<String>,
    /// Whether the value was held until somebody approved it.
    pub not_approved: bool,
    /// The SDMX status code.
    pub obs_status: String,
    /// Why it came: `delivery`, `correction`, `withdrawal`, `approval`, `groups` or `definition`; empty where nobody wrote
    /// that down.
    pub why: String,
    /// The deliveries that brought it about: those that came, or those that were taken back.
    pub deliveries: Vec<DeliveryName>,
    /// The run that published it.
    pub known_from_run: i64,
    /// When that run published.
    pub known_from: String,
    /// The run that replaced or withdrew it.
    pub known_to_run: Option<i64>,
    /// When that run published.
    pub known_to: Option<String>,
    /// Why nothing took its place, if nothing did.
    pub withdrawn: Option<CauseLine>,
}

/// Canonical rows behind a measure.
#[derive(Debug, Clone, Serialize)]
pub struct RowsOfMeasure {
    /// The measure.
    pub measure: String,
    /// The columns: the dataset's fields, then `_file` and `_line`, where the row stood.
    pub columns: Vec<String>,
    /// The rows, as text.
    pub rows: Vec<Vec<String>>,
    /// How many rows the measure has in all.
    pub total: u64,
}

/// Which observations are exported.
#[derive(Debug, Clone, Default)]
pub struct ExportFilter {
    /// As defined then or now.
    pub as_defined: AsDefined,
    /// These indicators; all if empty.
    pub indicators: Vec<String>,
    /// These periods; all if empty.
    pub periods: Vec<Period>,
    /// These areas, by their codes; all if empty.
    pub areas: Vec<String>,
    /// These levels; all if empty.
    pub levels: Vec<String>,
    /// These parts; the totals alone if empty.
    pub breakdowns: Vec<Parts>,
    /// For the municipalities of this day, made anew of the stored measures; as stored without it.
    pub municipalities_of: Option<Date>,
    /// As they were known then; as they are known now without it.
    pub as_of: Option<AsOf>,
}

/// Which parts of the population are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parts {
    /// The totals, and every part of every breakdown.
    All,
    /// The total (`total`), one part (`sex=1`), or the parts by these dimensions (`sex,age_band`).
    Named(String),
}

impl Parts {
    /// Whether a part, or the total, is among them.
    pub(super) fn include(&self, breakdown: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(name) => name == breakdown || *name == model::dimensions_of(breakdown),
        }
    }
}

impl ExportFilter {
    /// Whether figures of an area and a part are exported.
    pub(super) fn takes(&self, area: &Area, breakdown: &str) -> bool {
        let is_named = |names: &[String], text: &str| names.is_empty() || names.iter().any(|name| name == text);
        let part = match self.breakdowns.as_slice() {
            [] => breakdown == model::TOTAL,
            some => some.iter().any(|parts| parts.include(breakdown)),
        };
        part && is_named(&self.levels, area.level()) && is_named(&self.areas, &area.to_string())
    }
}

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
