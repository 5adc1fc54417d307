//! What was known at another time: which run is meant by a day, a time or a number, and how the books stood after it.

use std::collections::{BTreeMap, BTreeSet};

use loader::{ActKind, DeliveryEntry, DeliveryState, Reading, RecordedAct, RunNumber, UnitRecord, UnitRevision};
use model::{Catalogue, Code, DatasetId, Date, DeliveryId, Fingerprint, WorkUnit};

use super::{AsOfLine, Queries};
use crate::RunError;
use crate::coverage::is_used;

/// A moment in the history of what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// After this run.
    Run(i64),
    /// At a time: after the last run that had published by then.
    Time {
        /// As somebody wrote it.
        written: String,
        /// The time in UTC, as the table of runs writes it.
        until: String,
    },
}

/// The run after which something is asked; `None` where it is about what is known now.
pub(super) fn known_after(reading: &Reading<'_>, as_of: Option<&AsOf>) -> Result<Option<RunNumber>, RunError> {
    let Some(as_of) = as_of else { return Ok(None) };
    let latest = reading.latest_run()?;
    let Some(latest) = latest else { return Err(unknown("nothing has been published yet".to_owned(), String::new())) };
    match as_of {
        AsOf::Run(run) if (1..=latest.0).contains(run) => Ok(Some(RunNumber(*run))),
        AsOf::Run(run) => {
            let help =
                format!("there are the runs 1 to {latest}; `musketer explain` shows which of them changed a figure");
            Err(unknown(format!("there is no run {run}"), help))
        }
        AsOf::Time { written, until } => {
            let run = reading.run_by(until)?;
            run.map(Some).ok_or_else(|| {
                let first = reading.ends_of_runs().ok().and_then(|ends| ends.into_values().next()).unwrap_or_default();
                unknown(
                    format!("nothing had been published by {written}"),
                    format!("the first run published at {first}"),
                )
            })
        }
    }
}

impl Queries<'_> {
    /// The day of a moment.
    pub fn day_of(&mut self, as_of: &AsOf) -> Result<Date, RunError> {
        let reading = self.store.read()?;
        let run = known_after(&reading, Some(as_of))?;
        let published = run.map(|run| as_of_line(&reading, run)).transpose()?.map(|line| line.published_at);
        let time = match as_of {
            AsOf::Time { until, .. } => Some(until.clone()),
            AsOf::Run(_) => published,
        };
        let day = time.as_deref().and_then(|time| Date::parse_iso(time.get(..10)?));
        day.ok_or_else(|| RunError::Internal(format!("{time:?} is no time of a run")))
    }
}

fn unknown(message: String, help: String) -> RunError {
    RunError::Usage { code: Code::NOTHING_KNOWN, message, help }
}

/// A unit that the figure is, or was, made of.
pub(super) struct Held {
    pub(super) unit: WorkUnit,
    pub(super) dataset: DatasetId,
    pub(super) delivery: DeliveryId,
    /// Its canonical file, if it has rows and they are still there.
    pub(super) part: Option<String>,
    /// Whether it is held as it was at the time that is asked about.
    pub(super) is_kept: bool,
}

/// The units that hold now, or held after a run. Those that no pipeline uses any more are kept, but count nowhere.
pub(super) fn held(
    catalogue: &Catalogue,
    reading: &Reading<'_>,
    then: Option<(RunNumber, &[UnitRevision])>,
) -> Result<Vec<Held>, RunError> {
    let is_used = |unit: &WorkUnit| catalogue.pipelines.values().any(|pipeline| is_used(pipeline, unit));
    let units = reading.units()?.into_iter().filter(|record| is_used(&record.unit));
    let now = |record: UnitRecord| {
        let UnitRecord { unit, dataset, delivery, part, .. } = record;
        Held { unit, dataset, delivery, part, is_kept: true }
    };
    let units = units.map(now);
    let Some((run, revisions)) = then else { return Ok(units.collect()) };
    let mut parts: BTreeMap<WorkUnit, Option<String>> = units.map(|held| (held.unit, held.part)).collect();
    let revisions = revisions.iter().filter(|one| one.holds_at(run) && is_used(&one.unit));
    let held = revisions.filter_map(|one| {
        let dataset = catalogue.sources.get(&one.unit.source)?.dataset.clone();
        let is_kept = one.known_to.is_none();
        let part = parts.remove(&one.unit).flatten().filter(|_| is_kept);
        Some(Held { unit: one.unit.clone(), dataset, delivery: one.delivery.clone(), part, is_kept })
    });
    Ok(held.collect())
}

pub(super) fn as_of_line(reading: &Reading<'_>, run: RunNumber) -> Result<AsOfLine, RunError> {
    let receipt = reading.run(run)?;
    Ok(AsOfLine { run: run.0, published_at: receipt.ended_at.unwrap_or(receipt.started_at) })
}

/// What of the time that is asked about is not there any more.
pub(super) fn not_kept(figure: bool, rows: bool, is_of_group: bool) -> Vec<String> {
    let mut missing = Vec::new();
    if !figure {
        missing.push("the figure has been revised since, and the measures that it was made of are not kept".to_owned());
    }
    if !figure && is_of_group {
        missing.push("who belonged to the comparison group is not kept".to_owned());
    }
    if !rows {
        missing.push("deliveries have been replaced or read anew since, and the rows of then are not kept".to_owned());
    }
    missing
}

/// The units that held after a run. With what they were read is not kept.
pub(super) fn units_after(catalogue: &Catalogue, revisions: &[UnitRevision], run: RunNumber) -> Vec<UnitRecord> {
    let held = revisions.iter().filter(|one| one.holds_at(run));
    let record = |one: &UnitRevision| {
        Some(UnitRecord {
            unit: one.unit.clone(),
            dataset: catalogue.sources.get(&one.unit.source)?.dataset.clone(),
            delivery: one.delivery.clone(),
            reading: Fingerprint::of(b"not kept"),
            rows: one.rows,
            part: None,
        })
    };
    held.filter_map(record).collect()
}

/// The deliveries that had come by a run, in the states that they had after it. What was read of one later than that
/// stands in its books all the same.
pub(super) fn deliveries_after(
    deliveries: Vec<DeliveryEntry>,
    revisions: &[UnitRevision],
    acts: &[RecordedAct],
    run: RunNumber,
) -> Vec<DeliveryEntry> {
    let holding: BTreeSet<&DeliveryId> =
        revisions.iter().filter(|one| one.holds_at(run)).map(|one| &one.delivery).collect();
    let ever: BTreeSet<&DeliveryId> = revisions.iter().map(|one| &one.delivery).collect();
    let mut retracted: BTreeSet<&DeliveryId> = BTreeSet::new();
    for RecordedAct { act, .. } in acts.iter().filter(|recorded| recorded.run <= run) {
        match (act.kind, &act.delivery) {
            (ActKind::Retract, Some(delivery)) => _ = retracted.insert(delivery),
            (ActKind::Unretract, Some(delivery)) => _ = retracted.remove(delivery),
            _ => {}
        }
    }
    let then = |mut entry: DeliveryEntry| {
        let id = &entry.record.delivery.id;
        let was_read = entry.processed_run.is_none_or(|read| read <= run);
        let is_kept = match &entry.record.state {
            DeliveryState::Refused(_) | DeliveryState::Withheld(_) => was_read,
            // It has no rows, so no unit says when it held.
            DeliveryState::Accepted => was_read && !ever.contains(id),
            DeliveryState::Superseded | DeliveryState::Retracted => false,
        };
        if retracted.contains(id) {
            entry.record.state = DeliveryState::Retracted;
        } else if holding.contains(id) {
            entry.record.state = DeliveryState::Accepted;
        } else if !is_kept {
            entry.record.state = DeliveryState::Superseded;
        }
        entry
    };
    deliveries.into_iter().filter(|entry| entry.received_run <= run).map(then).collect()
}
