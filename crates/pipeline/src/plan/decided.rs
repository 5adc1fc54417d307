//! What is decided about deliveries and series, in the words of a plan.

use std::collections::{BTreeMap, BTreeSet};

use loader::DeliveryState;
use model::{AsDefined, DatasetId, DeliveryId, Series};
use serde::Serialize;

use super::Past;
use super::cause::Cause;
use super::size::Scale;
use crate::books::{Known, Slot};
use crate::holding::Standing;
use crate::reading::Job;
use crate::work::Work;
use crate::{RefusalReport, RunOptions};

/// What is done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new, and read.
    New,
    /// It is new, and takes the place of another one.
    Correction,
    /// It was replaced and has come again: the vendor took back what had replaced it.
    Returned,
    /// It was replaced or taken back, and holds again.
    Restored,
    /// It is read again because of a definition or the program.
    Definition,
    /// It is read again because somebody wants it.
    Again,
    /// It is read again because its rows are not there any more.
    Lost,
    /// It is read at last: what kept it from being read is over.
    Unblocked,
    /// It is read to be compared with: the budget of its source asks how many rows it has.
    Compared,
    /// It is refused unread.
    Refused,
    /// It is written down as known, and not read: another one holds, or somebody took it back.
    Passed,
}

impl Action {
    /// The word used in plans.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Correction => "correction",
            Self::Returned => "returned",
            Self::Restored => "restored",
            Self::Definition => "definition",
            Self::Again => "again",
            Self::Lost => "lost",
            Self::Unblocked => "unblocked",
            Self::Compared => "compared",
            Self::Refused => "refused",
            Self::Passed => "passed",
        }
    }

    /// Whether it is read.
    pub fn is_read(self) -> bool {
        !matches!(self, Self::Refused | Self::Passed)
    }
}

/// A delivery with which something is done.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedDelivery {
    /// What.
    pub action: Action,
    /// Its identifier; empty for a file that cannot be taken in.
    pub delivery: String,
    /// Its name.
    pub name: String,
    /// Its source; empty if none is known.
    pub source: String,
    /// The municipality that its name states.
    pub municipality: Option<String>,
    /// The period that its name states.
    pub period: Option<String>,
    /// Its bytes.
    pub bytes: u64,
    /// Its rows, if something can be said of them.
    pub rows: Option<u64>,
    /// Whether that is an estimate.
    pub rows_estimated: bool,
    /// The units that it covers, if something can be said of them.
    pub units: Option<u64>,
    /// Whether that is an estimate.
    pub units_estimated: bool,
    /// The name of the delivery whose place it takes.
    pub replaces: Option<String>,
    /// Why it is read again.
    pub because: Vec<Cause>,
    /// Why it is refused.
    pub refusal: Option<RefusalReport>,
}

/// What is done with a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedSeries {
    /// All of its figures are computed.
    All,
    /// Its figures that depend on the deliveries that are read.
    Touched,
    /// Nothing is computed: its texts are written anew.
    Texts,
    /// Its figures are withdrawn: the pipeline asks for it no more.
    Withdrawn,
}

impl PlannedSeries {
    /// The word used in plans.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Touched => "touched",
            Self::Texts => "texts",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A series with which something is done.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedIndicator {
    /// What.
    pub action: PlannedSeries,
    /// The series: the indicator's id, of an older version `id@1`, of figures as defined now `id@now`.
    pub series: String,
    /// Whether its texts are written anew.
    pub texts: bool,
    /// Why its figures are computed.
    pub because: Vec<Cause>,
}

/// What is done with deliveries, by what it is, source and name.
pub(super) fn deliveries(work: &Work<'_>, jobs: &[Job], options: &RunOptions<'_>, past: &Past) -> Vec<PlannedDelivery> {
    let scale = Scale::new(work);
    let describe = |known: &Known, action| described(&scale, known, action);
    let mut planned = Vec::new();
    let slots = work.slots();
    let places: BTreeMap<&DeliveryId, &Slot> =
        slots.iter().flat_map(|(slot, all)| all.iter().map(move |known| (&known.delivery.id, slot))).collect();
    let replaced = |known: &Known| {
        let id = &known.delivery.id;
        let others = places.get(id).and_then(|slot| slots.get(*slot)).into_iter().flatten();
        let mut held = others.filter(|other| other.delivery.id != *id && work.is_accepted(&other.delivery.id));
        held.next().map(|other| other.delivery.name.clone())
    };
    let mut read: BTreeSet<DeliveryId> = BTreeSet::new();
    for job in jobs {
        let Some(known) = work.ledger.known.get(&job.delivery.id) else { continue };
        let replaces = replaced(known);
        let action = action(work, known, replaces.is_some());
        let because = match action {
            Action::Definition => past.of_reading(work, &job.source, options.engine_version),
            _ => Vec::new(),
        };
        planned.push(PlannedDelivery { replaces, because, ..describe(known, action) });
        read.insert(job.delivery.id.clone());
    }
    for (id, refusal) in work.new_refusals() {
        let Some(known) = work.ledger.known.get(id) else { continue };
        planned.push(PlannedDelivery { refusal: Some(refusal.into()), ..describe(known, Action::Refused) });
        read.insert(id.clone());
    }
    let known = work.arrived.iter().chain(&work.returned).filter(|id| !read.contains(*id));
    let known = known.filter_map(|id| work.ledger.known.get(id));
    planned.extend(known.map(|known| describe(known, Action::Passed)));
    // What cannot be taken in stands in the report from the beginning.
    let unusable = work.report.deliveries.iter().filter(|one| one.delivery.is_empty());
    planned.extend(unusable.map(|one| PlannedDelivery {
        action: Action::Refused,
        delivery: String::new(),
        name: one.name.clone(),
        source: one.source.clone(),
        municipality: None,
        period: None,
        bytes: 0,
        rows: None,
        rows_estimated: false,
        units: None,
        units_estimated: false,
        replaces: None,
        because: Vec::new(),
        refusal: one.refusal.clone(),
    }));
    planned
        .sort_by(|a, b| (a.action, &a.source, &a.name, &a.delivery).cmp(&(b.action, &b.source, &b.name, &b.delivery)));
    planned
}

fn described(scale: &Scale<'_>, known: &Known, action: Action) -> PlannedDelivery {
    let delivery = &known.delivery;
    let ((rows, rows_estimated), (units, units_estimated)) = (scale.rows(known), scale.units(known));
    PlannedDelivery {
        action,
        delivery: delivery.id.to_string(),
        name: delivery.name.clone(),
        source: delivery.scope.source.to_string(),
        municipality: delivery.scope.municipality.map(|code| code.to_string()),
        period: delivery.scope.period.map(|period| period.to_string()),
        bytes: delivery.bytes,
        rows,
        rows_estimated,
        units,
        units_estimated,
        replaces: None,
        because: Vec::new(),
        refusal: None,
    }
}

/// Why a delivery is read, by what is known of it.
fn action(work: &Work<'_>, known: &Known, replaces: bool) -> Action {
    let id = &known.delivery.id;
    let Some(record) = work.ledger.records.get(id) else {
        return if replaces { Action::Correction } else { Action::New };
    };
    if work.returned.contains(id) {
        return Action::Returned;
    }
    match (&record.state, &record.reading) {
        (DeliveryState::Superseded, _) if work.to_compare.contains(id) => Action::Compared,
        (DeliveryState::Superseded | DeliveryState::Retracted, _) => Action::Restored,
        (_, None) => Action::Unblocked,
        (_, Some(reading)) if *reading != work.reading(&known.delivery) => Action::Definition,
        (_, Some(_)) if known.reading.is_none() => Action::Again,
        (_, Some(_)) => Action::Lost,
    }
}

/// What is done with series, by what it is and name.
pub(super) fn indicators(work: &Work<'_>, (jobs, standing): (&[Job], &Standing), past: &Past) -> Vec<PlannedIndicator> {
    let mut changed: BTreeSet<&DatasetId> = standing.misplaced.iter().map(|held| &held.dataset).collect();
    changed.extend(jobs.iter().map(|job| &job.source.dataset));
    let mut planned = Vec::new();
    for asked in &work.asked {
        let touching: Vec<&DatasetId> = asked.datasets().into_iter().filter(|id| changed.contains(*id)).collect();
        let is_touched = !touching.is_empty();
        let (all, texts) = (work.is_made_anew(asked, is_touched), work.is_retold(asked, is_touched));
        let action = match (all, is_touched, texts) {
            (true, ..) => PlannedSeries::All,
            (false, true, _) => PlannedSeries::Touched,
            (false, false, true) => PlannedSeries::Texts,
            (false, false, false) => continue,
        };
        let mut because = if all { past.of_series(work, asked) } else { Vec::new() };
        because.extend(touching.into_iter().map(|id| Cause::new("deliveries", id.as_str())));
        planned.push(PlannedIndicator { action, series: asked.name(), texts, because });
    }
    planned.extend(work.asked_no_more().map(|series| PlannedIndicator {
        action: PlannedSeries::Withdrawn,
        series: name(series),
        texts: false,
        because: Vec::new(),
    }));
    planned.sort_by(|a, b| (a.action, &a.series).cmp(&(b.action, &b.series)));
    planned
}

/// What a series is called that the pipeline has no more.
fn name(series: &Series) -> String {
    match series.as_defined {
        AsDefined::Now => format!("{}@now", series.indicator),
        AsDefined::Then => format!("{}@{}", series.indicator, series.version),
    }
}
