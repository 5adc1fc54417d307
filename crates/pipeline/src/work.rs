//! The first half of a run: which deliveries must be read, what they became, and which units they give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use loader::{Act, CanonicalPart, DeliveryRecord, DeliveryState, Publication, SeenFile, UnitRecord};
use model::{
    Catalogue, Code, Delivery, DeliveryId, DeliveryKind, DeliveryScope, Fingerprint, FingerprintBuilder, Load,
    MunicipalityCode, Pipeline, Refusal, RowTally, Source, SourceId, Stop, WorkUnit,
};
use normaliser::PersonKeys;

use crate::books::{Known, Slot, Step, next_step, slots};
use crate::coverage::{is_used_wholly, uses_of};
use crate::figures::Changed;
use crate::holding::Standing;
use crate::intake::{Arrival, Intake, unexpected};
use crate::ledger::Ledger;
use crate::reading::{Desk, Job, ReadDelivery, Told, read_all};
use crate::rejects::record_waiver;
use crate::run::{Phase, Progress, RunOptions, SEMANTICS};
use crate::scope::{Reprocess, Scope};
use crate::series::Asked;
use crate::{Outcome, Project, RunError, RunReport};

/// The fingerprints of all that decides how the deliveries of a source become units.
#[derive(Debug)]
pub(crate) struct Readings {
    /// Where everything that a delivery can hold is used.
    whole: Fingerprint,
    /// Where the uses of the source decide which rows count: a change of them has the delivery read again.
    by_uses: Fingerprint,
}

/// A run's work and what has become of it so far.
pub(crate) struct Work<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) municipalities: Vec<MunicipalityCode>,
    pub(crate) fingerprints: BTreeMap<SourceId, Readings>,
    /// The series that the pipeline asks for.
    pub(crate) asked: Vec<Asked<'a>>,
    pub(crate) ledger: Ledger,
    /// Files to remember, with the deliveries that they are.
    pub(crate) seen: Vec<SeenFile>,
    /// Deliveries that lie in the drop folder or were fetched.
    pub(crate) present: BTreeSet<DeliveryId>,
    /// Those of them that were not known before, in the order of arrival.
    pub(crate) arrived: Vec<DeliveryId>,
    /// Those that were known, had been replaced, and have come back.
    pub(crate) returned: Vec<DeliveryId>,
    /// Deliveries that are refused before they are read.
    pub(crate) refused: BTreeMap<DeliveryId, Refusal>,
    /// What may be touched.
    pub(crate) scope: Scope,
    /// What was decided in this run.
    pub(crate) acts: Vec<Act>,
    /// Deliveries that are beyond the budgets of their sources.
    pub(crate) withheld: BTreeMap<DeliveryId, Refusal>,
    /// Deliveries that have to be read because others are compared with them.
    pub(crate) to_compare: Vec<DeliveryId>,
    /// Deliveries that were read in this run and refused.
    pub(crate) turned_down: BTreeSet<DeliveryId>,
    /// What was read in this run.
    pub(crate) read: BTreeMap<DeliveryId, ReadDelivery>,
    /// Dataset and cell of every unit that this run changed, and why.
    pub(crate) changed: Changed,
    pub(crate) store: PathBuf,
    pub(crate) report: RunReport,
    pub(crate) stop: Stop,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        project: &'a Project,
        pipeline: &'a Pipeline,
        options: &RunOptions<'_>,
        ledger: Ledger,
        gathered: Intake,
    ) -> Self {
        let catalogue = &project.catalogue;
        let used = pipeline.uses.iter().filter_map(|usage| catalogue.sources.get(&usage.source));
        let fingerprint =
            |source: &Arc<Source>| (source.id.clone(), readings(catalogue, pipeline, source, options.keys));
        let report = RunReport {
            run: None,
            pipeline: pipeline.id.to_string(),
            started_at: options.started_at.clone(),
            outcome: Outcome::NothingNew,
            exit_code: 0,
            deliveries_known: ledger.known.len() as u64,
            deliveries: Vec::new(),
            sources: BTreeMap::new(),
            indicators: BTreeMap::new(),
            unknown_files: gathered.unknown,
            still_refused: 0,
            units_missing: 0,
            units: BTreeMap::new(),
            unreleased: None,
        };
        let mut work = Self {
            catalogue,
            pipeline,
            municipalities: catalogue.municipality_codes(),
            fingerprints: used.map(fingerprint).collect(),
            asked: Asked::of(catalogue, pipeline),
            ledger,
            seen: Vec::new(),
            present: BTreeSet::new(),
            arrived: Vec::new(),
            returned: Vec::new(),
            refused: BTreeMap::new(),
            scope: Scope::all(),
            acts: options.acts.clone(),
            withheld: BTreeMap::new(),
            to_compare: Vec::new(),
            turned_down: BTreeSet::new(),
            read: BTreeMap::new(),
            changed: Changed::new(),
            store: project.store(),
            report,
            stop: options.patience.stop.clone(),
        };
        let mut latest = None;
        gathered.arrivals.into_iter().for_each(|arrival| work.arrive(arrival, &mut latest));
        for (name, source, refusal) in gathered.unusable {
            work.report_refusal("", &name, &source, &refusal);
        }
        work.scope = work.widened(&options.scope);
        for act in &options.acts {
            work.ledger.decisions.add(act);
        }
        work.read_again();
        work.weigh();
        work.count_missing_and_refused();
        work
    }

    /// Forgets how the deliveries were read that are to be read again whatever came of it.
    fn read_again(&mut self) {
        let wanted = |known: &Known| match (self.scope.reprocess, known.reading) {
            (Reprocess::All, Some(_)) | (Reprocess::Failed, Some((_, false))) => self.is_in_scope(known),
            _ => false,
        };
        let wanted = self.ledger.known.values().filter(|known| wanted(known));
        for id in wanted.map(|known| known.delivery.id.clone()).collect::<Vec<_>>() {
            if let Some(known) = self.ledger.known.get_mut(&id) {
                known.reading = None;
            }
        }
    }

    /// `latest` has the last arrival of each scope and version, as far as was asked for them.
    fn arrive(&mut self, arrival: Arrival, latest: &mut Option<BTreeMap<DeliveryScope, i64>>) {
        let Arrival { delivery, file, refusal } = arrival;
        let id = delivery.id.clone();
        self.present.insert(id.clone());
        let mut fresh = true;
        if let Some((path, stamp)) = file {
            let seen = self.ledger.seen.unchanged(&path, stamp.bytes, stamp.modified_nanoseconds, stamp.inode);
            fresh = seen.is_none();
            if fresh {
                self.seen.push(SeenFile {
                    path,
                    source: delivery.scope.source.clone(),
                    bytes: stamp.bytes,
                    modified_nanoseconds: stamp.modified_nanoseconds,
                    inode: stamp.inode,
                    content: delivery.content,
                    delivery: id.clone(),
                });
            }
        }
        if !self.ledger.known.contains_key(&id) {
            self.ledger.last_sequence += 1;
            let sequence = self.ledger.last_sequence;
            self.ledger.known.insert(id.clone(), Known { delivery, sequence, reading: None });
            self.arrived.push(id.clone());
        } else if fresh && self.was_replaced(&id, latest) {
            // The vendor has taken back what came after it, so it arrives once more.
            if let Some(known) = self.ledger.known.get_mut(&id) {
                self.ledger.last_sequence += 1;
                known.sequence = self.ledger.last_sequence;
                self.returned.push(id.clone());
            }
        }
        if let Some(refusal) = refusal {
            self.refused.insert(id, refusal);
        }
    }

    /// Whether another delivery of the same scope and version came later. Most nights nobody asks.
    fn was_replaced(&self, id: &DeliveryId, latest: &mut Option<BTreeMap<DeliveryScope, i64>>) -> bool {
        let Some(known) = self.ledger.known.get(id) else { return false };
        let latest = latest.get_or_insert_with(|| {
            let mut latest = BTreeMap::new();
            for other in self.ledger.known.values() {
                let last = latest.entry(other.delivery.scope.clone()).or_insert(other.sequence);
                *last = (*last).max(other.sequence);
            }
            latest
        });
        latest.get(&known.delivery.scope).is_some_and(|last| *last > known.sequence)
    }

    /// Refusals that the ledger does not have yet.
    pub(crate) fn new_refusals(&self) -> impl Iterator<Item = (&DeliveryId, &Refusal)> {
        self.refused.iter().filter(|(id, refusal)| {
            let recorded = self.ledger.records.get(*id).map(|record| &record.state);
            !matches!(recorded, Some(DeliveryState::Refused(known)) if known == *refusal)
        })
    }

    pub(crate) fn has_something_to_do(&self) -> bool {
        !self.acts.is_empty()
            || !self.seen.is_empty()
            || !self.arrived.is_empty()
            || !self.returned.is_empty()
            || self.new_refusals().next().is_some()
            || self.asked.iter().any(|asked| self.is_made_anew(asked, false) || self.is_retold(asked, false))
            || self.asked_no_more().next().is_some()
            || self.is_weighed_anew()
            || {
                let standing = self.standing();
                !standing.misplaced.is_empty()
                    || standing.superseded.iter().any(|id| self.is_ours(id))
                    || !self.jobs_of(&standing, &BTreeSet::new()).is_empty()
            }
    }

    pub(crate) fn source(&self, id: &SourceId) -> Option<&'a Source> {
        self.fingerprints.contains_key(id).then(|| self.catalogue.sources.get(id).map(AsRef::as_ref)).flatten()
    }

    /// How a source's deliveries replace one another.
    pub(crate) fn load(&self, source: &SourceId) -> Load {
        self.catalogue.sources.get(source).map_or(Load::Period, |source| source.load)
    }

    pub(crate) fn slots(&self) -> BTreeMap<Slot, Vec<&Known>> {
        slots(self.ledger.known.values(), |id| self.source(id))
    }

    /// Whether a delivery must not be read: somebody took it back, it is refused unread now, or was so when it was last seen
    /// and nothing has changed that.
    pub(crate) fn is_refused(&self, id: &DeliveryId) -> bool {
        let still = |record: &DeliveryRecord| match &record.state {
            DeliveryState::Refused(refusal) if record.reading.is_none() => {
                refusal.code == Code::VERSION_CONFLICT
                    || unexpected(self.catalogue, self.pipeline, &record.delivery.scope).is_some()
            }
            _ => false,
        };
        self.ledger.decisions.retracted.contains(id)
            || self.refused.contains_key(id)
            || (!self.present.contains(id) && self.ledger.records.get(id).is_some_and(still))
    }

    /// Whether nothing of a delivery may count: it is refused, read or unread.
    pub(crate) fn is_out(&self, id: &DeliveryId) -> bool {
        let refused = |known: &Known| matches!(known.reading, Some((_, false)));
        self.is_refused(id) || self.ledger.known.get(id).is_some_and(refused)
    }

    pub(crate) fn next_step<'b>(&self, deliveries: &[&'b Known]) -> Step<'b> {
        next_step(deliveries, &|delivery| self.reading(delivery), &|id| self.is_refused(id))
    }

    /// The fingerprint of all that decides how a delivery becomes units.
    pub(crate) fn reading(&self, delivery: &Delivery) -> Fingerprint {
        reading_of(self.catalogue, self.pipeline, &self.fingerprints, delivery)
    }

    /// The deliveries that must be read next; `tried` were read in this run already.
    pub(crate) fn jobs(&self, tried: &BTreeSet<DeliveryId>) -> Vec<Job> {
        self.jobs_of(&self.standing(), tried)
    }

    pub(crate) fn jobs_of(&self, standing: &Standing, tried: &BTreeSet<DeliveryId>) -> Vec<Job> {
        let planned: BTreeSet<&DeliveryId> = standing.to_read.iter().collect();
        let in_scope = |id: &DeliveryId| self.ledger.known.get(id).is_some_and(|known| self.is_in_scope(known));
        let further = standing.dispossessed.iter().chain(&self.to_compare);
        let further: BTreeSet<&DeliveryId> = further.filter(|id| !planned.contains(id) && in_scope(id)).collect();
        let next = standing.to_read.iter().chain(further).filter(|id| !tried.contains(id));
        next.filter_map(|id| self.job(id)).collect()
    }

    pub(crate) fn reads_stale(&self) -> bool {
        matches!(self.scope.reprocess, Reprocess::Stale | Reprocess::All)
    }

    fn job(&self, id: &DeliveryId) -> Option<Job> {
        let delivery = self.ledger.known.get(id)?.delivery.clone();
        let source = self.catalogue.sources.get(&delivery.scope.source)?;
        let dataset = self.catalogue.datasets.get(&source.dataset)?;
        let fingerprint = self.reading(&delivery);
        Some(Job { delivery, source: Arc::clone(source), dataset: Arc::clone(dataset), fingerprint })
    }

    /// Writes down what has arrived and what is refused unread.
    pub(crate) fn begin(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        self.ledger.definitions = publication.read().used_definitions()?;
        if self.scope.is_all() {
            publication.record_definitions(self.catalogue)?;
        } else {
            publication.keep_definitions(self.catalogue)?;
        }
        for act in &self.acts {
            publication.record_act(act)?;
            record_waiver(act, publication)?;
        }
        for id in &self.arrived {
            let delivery = self.ledger.known[id].delivery.clone();
            let state = DeliveryState::Superseded;
            let record =
                DeliveryRecord { delivery, state, reading: None, tally: RowTally::default(), notices: Vec::new() };
            publication.record_delivery(&record)?;
        }
        for id in &self.returned {
            publication.record_return(id)?;
        }
        for file in &self.seen {
            publication.record_seen_file(file)?;
        }
        let fresh: Vec<(DeliveryId, Refusal)> =
            self.new_refusals().map(|(id, refusal)| (id.clone(), refusal.clone())).collect();
        for (id, refusal) in fresh {
            let delivery = self.ledger.known[&id].delivery.clone();
            self.report_refusal(id.as_str(), &delivery.name, delivery.scope.source.as_str(), &refusal);
            publication.clear_delivery(&id)?;
            // It may have been read when nothing contradicted it yet.
            publication.record_coverage(&id, [])?;
            self.ledger.coverage.remove(&id);
            publication.record_delivery(&DeliveryRecord {
                delivery,
                state: DeliveryState::Refused(refusal),
                reading: None,
                tally: RowTally::default(),
                notices: Vec::new(),
            })?;
        }
        Ok(())
    }

    /// Reads what must be read. Where a delivery is refused, the one that it would have replaced is next.
    pub(crate) fn read(
        &mut self,
        desk: &Desk<'_>,
        publication: &mut Publication<'_>,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        let mut tried = BTreeSet::new();
        loop {
            self.weigh();
            let jobs = self.jobs(&tried);
            if jobs.is_empty() {
                return Ok(());
            }
            progress.begin(Phase::Read, jobs.len() as u64);
            for job in &jobs {
                publication.set_rejects_aside(&job.delivery.id)?;
            }
            tried.extend(jobs.iter().map(|job| job.delivery.id.clone()));
            let mut ended = BTreeMap::new();
            let (receipts, jobs): (Vec<Job>, Vec<Job>) =
                jobs.into_iter().partition(|job| job.delivery.kind == DeliveryKind::Receipt);
            for receipt in &receipts {
                self.take_result(receipt, Ok(nothing_to_report(receipt)), publication)?;
                progress.advance(1);
            }
            read_all(desk, &jobs, |told| match told {
                _ if desk.stop.is_asked() => Err(RunError::stopped()),
                Told::Rejected(id, rows) => Ok(publication.reject(&id, &rows)?),
                Told::Ended(at, result) => {
                    progress.advance(1);
                    ended.insert(at, result?);
                    Ok(())
                }
            })?;
            for (at, result) in ended {
                self.take_result(&jobs[at], result, publication)?;
            }
        }
    }

    pub(crate) fn take_result(
        &mut self,
        job: &Job,
        result: Result<ReadDelivery, Refusal>,
        publication: &mut Publication<'_>,
    ) -> Result<(), RunError> {
        let delivery = job.delivery.clone();
        let id = delivery.id.clone();
        if let Some(known) = self.ledger.known.get_mut(&id) {
            known.reading = Some((job.fingerprint, result.is_ok()));
        }
        let (state, tally, notices) = match &result {
            Ok(read) => (DeliveryState::Accepted, read.tally.clone(), read.notices.clone()),
            Err(refusal) => {
                publication.clear_delivery(&id)?;
                (DeliveryState::Refused(refusal.clone()), RowTally::default(), Vec::new())
            }
        };
        let rows = |part: &Option<CanonicalPart>| part.as_ref().map_or(0, |part| part.rows);
        let covered: BTreeMap<WorkUnit, u64> =
            result.iter().flat_map(|read| &read.units).map(|(unit, part)| (unit.clone(), rows(part))).collect();
        match result {
            Ok(read) => {
                let again = self.settle_rejects(&id, &read.tally, publication)?;
                self.report_accepted(job, &read, again);
                self.read.insert(id.clone(), read);
            }
            Err(refusal) => {
                self.turned_down.insert(id.clone());
                self.report_refusal(id.as_str(), &delivery.name, job.source.id.as_str(), &refusal);
            }
        }
        publication.record_delivery(&DeliveryRecord {
            delivery,
            state,
            reading: Some(job.fingerprint),
            tally,
            notices,
        })?;
        publication.record_coverage(&id, covered.iter().map(|(unit, rows)| (unit, *rows)))?;
        self.ledger.coverage.insert(id, covered);
        Ok(())
    }

    /// Whether a delivery was read and accepted, in this run or, if this one has not read it, before.
    pub(crate) fn is_accepted(&self, id: &DeliveryId) -> bool {
        let is_taken = |known: &Known| matches!(known.reading, Some((_, true)));
        !self.withheld.contains_key(id) && self.ledger.known.get(id).is_some_and(is_taken)
    }

    /// Whether a delivery was read in this run, or held before it.
    pub(crate) fn is_loaded(&self, id: &DeliveryId) -> bool {
        let recorded = self.ledger.records.get(id).map(|record| &record.state);
        self.read.contains_key(id) || matches!(recorded, Some(DeliveryState::Accepted))
    }

    /// Decides which delivery each unit's rows come from.
    pub(crate) fn settle(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        let Standing { superseded, outlived, .. } = self.standing();
        for id in outlived.iter().filter(|id| self.is_ours(id)) {
            publication.set_delivery_state(id, &DeliveryState::Superseded)?;
        }
        for id in superseded.iter().filter(|id| self.is_ours(id)).cloned().collect::<Vec<_>>() {
            publication.set_delivery_state(&id, &DeliveryState::Superseded)?;
            publication.record_coverage(&id, [])?;
            self.ledger.coverage.remove(&id);
        }
        self.record_retractions(publication)?;
        self.record_withheld(publication)?;
        let mut units: BTreeMap<WorkUnit, UnitRecord> = BTreeMap::new();
        for (unit, id) in self.holders(&superseded) {
            let Some(known) = self.ledger.known.get(id) else { continue };
            let held = self.ledger.units.get(unit);
            if let Some(part) = self.read.get(id).and_then(|read| read.units.get(unit)) {
                let Some(source) = self.source(&known.delivery.scope.source) else { continue };
                let record = UnitRecord {
                    unit: unit.clone(),
                    dataset: source.dataset.clone(),
                    delivery: id.clone(),
                    reading: self.reading(&known.delivery),
                    rows: part.as_ref().map_or(0, |part| part.rows),
                    part: part.as_ref().map(|part| part.path.clone()),
                };
                units.insert(unit.clone(), record);
            // What is not in this run's scope stays with whom it was, until a run may read who should have it.
            } else if let Some(held) = held.filter(|held| held.delivery == *id || !self.is_out(&held.delivery)) {
                units.insert(unit.clone(), held.clone());
            }
        }
        let others = self.ledger.units.iter().filter(|(unit, _)| !self.fingerprints.contains_key(&unit.source));
        units.extend(others.map(|(unit, record)| (unit.clone(), record.clone())));
        if !self.scope.is_all() {
            // What lies outside of the scope stays as it is, unless something in it takes its place.
            let is_fresh = |record: &UnitRecord| self.read.contains_key(&record.delivery);
            for (unit, held) in &self.ledger.units {
                if !self.is_ours(&held.delivery) && !units.get(unit).is_some_and(is_fresh) {
                    units.insert(unit.clone(), held.clone());
                }
            }
        }
        self.mark_lost_units(&units, &superseded, publication)?;
        self.write_units(units, publication)
    }

    pub(crate) fn write_units(
        &mut self,
        units: BTreeMap<WorkUnit, UnitRecord>,
        publication: &mut Publication<'_>,
    ) -> Result<(), RunError> {
        let cell = |unit: &WorkUnit| (unit.municipality, unit.period);
        let mut changed = Vec::new();
        for (unit, record) in self.ledger.units.iter().filter(|(unit, _)| !units.contains_key(*unit)) {
            publication.remove_unit(unit)?;
            let why = self.why_changed(unit, None);
            changed.push(((record.dataset.clone(), cell(unit)), why));
        }
        for (unit, record) in &units {
            if self.ledger.units.get(unit) != Some(record) {
                publication.record_unit(record)?;
                let why = self.why_changed(unit, Some(&record.delivery));
                changed.push(((record.dataset.clone(), cell(unit)), why));
            }
        }
        for (unit, why) in changed {
            let known = self.changed.entry(unit).or_insert(why);
            *known = why.max(*known);
        }
        self.ledger.units = units;
        Ok(())
    }
}

/// The fingerprint of all that decides how a delivery becomes units; `sources` has those of their sources.
pub(crate) fn reading_of(
    catalogue: &Catalogue,
    pipeline: &Pipeline,
    sources: &BTreeMap<SourceId, Readings>,
    delivery: &Delivery,
) -> Fingerprint {
    let source = &delivery.scope.source;
    let dataset = catalogue.sources.get(source).and_then(|source| catalogue.datasets.get(&source.dataset));
    let (Some(readings), Some(dataset)) = (sources.get(source), dataset) else { return Fingerprint::of(b"unused") };
    let all = is_used_wholly(pipeline, delivery, dataset.partition);
    if all { readings.whole } else { readings.by_uses }
}

/// What a receipt gives: its unit, without rows.
fn nothing_to_report(receipt: &Job) -> ReadDelivery {
    let scope = &receipt.delivery.scope;
    let unit = scope.municipality.zip(scope.period);
    let unit = unit.map(|(municipality, period)| WorkUnit { source: scope.source.clone(), municipality, period });
    ReadDelivery {
        tally: RowTally::default(),
        notices: Vec::new(),
        units: unit.into_iter().map(|unit| (unit, None)).collect(),
        partials: None,
    }
}

/// The fingerprints of all that decides how a source's bytes become units, the key for pseudonyms included.
pub(crate) fn readings(
    catalogue: &Catalogue,
    pipeline: &Pipeline,
    source: &Source,
    keys: Option<&PersonKeys>,
) -> Readings {
    let mut builder = FingerprintBuilder::new();
    builder.add(SEMANTICS).add(catalogue.reading_fingerprint(source).to_string());
    let personal = catalogue.datasets.get(&source.dataset).is_some_and(|dataset| dataset.is_personal());
    if let Some(keys) = keys.filter(|_| personal) {
        builder.add(keys.fingerprint().to_string());
    }
    let base = builder.finish().to_string();
    let with = |uses: &str| FingerprintBuilder::new().add(&base).add(uses).finish();
    Readings { whole: with(""), by_uses: with(&uses_of(pipeline, &source.id)) }
}
