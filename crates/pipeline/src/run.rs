//! A run: what is new is taken in and read, what depends on it is computed, everything is published at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use extractor::Archive;
use loader::{
    AreaRecord, DeliveryRecord, DeliveryState, Publication, RunEnd, RunOutcome, RunStart, SeenFile, Store, UnitRecord,
};
use model::{
    Area, Catalogue, DatasetId, Delivery, DeliveryId, Fingerprint, FingerprintBuilder, Indicator, MunicipalityCode,
    Notice, Pipeline, Refusal, RowTally, Source, SourceId, Text, WorkUnit,
};
use normaliser::PersonKeys;

use crate::books::{Known, Step, next_step, slots};
use crate::coverage::{Cell, Coverage, is_used, window};
use crate::figures::{self, Sources, UnitFile};
use crate::intake::{self, Arrival, Intake};
use crate::reading::{Desk, Job, ReadDelivery, Told, read_all};
use crate::{DeliveryReport, IndicatorReport, Lock, LockHolder, Outcome, Project, RunError, RunReport, SourceReport};

/// The version of what the program means by a definition. It changes when the same bytes and definitions would give
/// other rows or figures than before, so that everything is made again.
const SEMANTICS: &str = "1";

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Taking files into the archive; a step is a file.
    Take,
    /// Reading deliveries; a step is a delivery.
    Read,
    /// Computing indicators; a step is an indicator.
    Compute,
}

/// Told how far a run has come.
pub trait Progress {
    /// A phase of so many steps begins, and the one before has ended.
    fn begin(&self, phase: Phase, steps: u64);
    /// So many steps are done.
    fn advance(&self, steps: u64);
    /// The last phase has ended.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// What the caller decides about a run.
pub struct RunOptions<'a> {
    /// Who takes the lock.
    pub holder: LockHolder,
    /// The time at which the run started, RFC 3339.
    pub started_at: String,
    /// Tells the time, RFC 3339.
    pub now: &'a dyn Fn() -> String,
    /// Deliveries that are read side by side.
    pub jobs: usize,
    /// The version of the program.
    pub engine_version: &'a str,
    /// The keys for pseudonyms, if the project has any.
    pub keys: Option<&'a PersonKeys>,
}

/// Carries out a pipeline.
pub fn run(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let root = project.store();
    let _lock = Lock::take(&root, &options.holder)?;
    let mut store = Store::open(&root)?;
    let archive = Archive::open(&root.join("raw"))?;
    let ledger = Ledger::read(&mut store)?;
    let gathered = intake::gather(&project.root, &project.catalogue, pipeline, &archive, &ledger.seen, progress)?;
    let mut work = Work::new(project, pipeline, options, ledger, gathered);
    if !work.has_something_to_do() {
        tracing::info!(pipeline = %pipeline.id, "nothing new");
        return Ok(work.report);
    }
    let start = RunStart {
        pipeline: pipeline.id.clone(),
        started_at: options.started_at.clone(),
        engine_version: options.engine_version.to_owned(),
    };
    let mut publication = store.begin(&start)?;
    work.report.run = Some(publication.run().0);
    work.begin(&mut publication)?;
    let desk = Desk { catalogue: &project.catalogue, pipeline, archive: &archive, store: &root, keys: options.keys };
    work.read(&desk, &mut publication, options.jobs, progress)?;
    work.settle(&mut publication)?;
    work.compute(&mut publication, progress)?;
    let garbage = work.garbage();
    archive.sync()?;
    let report = work.close(publication, (options.now)())?;
    remove_parts(&root, &garbage);
    Ok(report)
}

/// Parts that no unit refers to any more are removed after the commit; one that cannot be removed is only garbage.
fn remove_parts(root: &std::path::Path, garbage: &[String]) {
    for part in garbage {
        if let Err(error) = std::fs::remove_file(root.join(part)) {
            tracing::warn!(part, %error, "a part that is no longer needed could not be removed");
        }
    }
}

/// What the ledger says before the run.
struct Ledger {
    known: BTreeMap<DeliveryId, Known>,
    records: BTreeMap<DeliveryId, DeliveryRecord>,
    units: BTreeMap<WorkUnit, UnitRecord>,
    seen: loader::SeenFiles,
    indicators: BTreeMap<model::IndicatorId, Fingerprint>,
    next_sequence: i64,
}

impl Ledger {
    fn read(store: &mut Store) -> Result<Self, RunError> {
        let reading = store.read()?;
        let (mut known, mut records) = (BTreeMap::new(), BTreeMap::new());
        let mut next_sequence = 1;
        for entry in reading.deliveries()? {
            // The rows of a delivery that was replaced are gone: should it hold again, it is read again.
            let accepted = match entry.record.state {
                DeliveryState::Accepted => Some(true),
                DeliveryState::Refused(_) => Some(false),
                DeliveryState::Superseded => None,
            };
            let reading = entry.record.reading.zip(accepted);
            let delivery = entry.record.delivery.clone();
            next_sequence = next_sequence.max(entry.sequence + 1);
            known.insert(delivery.id.clone(), Known { delivery, sequence: entry.sequence, reading });
            records.insert(entry.record.delivery.id.clone(), entry.record);
        }
        let units = reading.units()?.into_iter().map(|record| (record.unit.clone(), record)).collect();
        let seen = reading.seen_files()?;
        let indicators = reading.indicator_bases()?;
        Ok(Self { known, records, units, seen, indicators, next_sequence })
    }
}

/// A run's work and what has become of it so far.
struct Work<'a> {
    catalogue: &'a Catalogue,
    pipeline: &'a Pipeline,
    municipalities: Vec<MunicipalityCode>,
    fingerprints: BTreeMap<SourceId, Fingerprint>,
    ledger: Ledger,
    /// Files to remember, with the deliveries that they are.
    seen: Vec<SeenFile>,
    /// Deliveries that lie in the drop folder or were fetched.
    present: BTreeSet<DeliveryId>,
    /// Those of them that were not known before, in the order of arrival.
    arrived: Vec<DeliveryId>,
    /// Deliveries that are refused before they are read.
    refused: BTreeMap<DeliveryId, Refusal>,
    /// What was read in this run.
    read: BTreeMap<DeliveryId, ReadDelivery>,
    /// Dataset and cell of every unit that this run changed.
    changed: BTreeSet<(DatasetId, Cell)>,
    store: std::path::PathBuf,
    parts_before: BTreeSet<String>,
    report: RunReport,
}

impl<'a> Work<'a> {
    fn new(
        project: &'a Project,
        pipeline: &'a Pipeline,
        options: &RunOptions<'_>,
        ledger: Ledger,
        gathered: Intake,
    ) -> Self {
        let catalogue = &project.catalogue;
        let used = pipeline.uses.iter().filter_map(|usage| catalogue.sources.get(&usage.source));
        let fingerprint =
            |source: &Arc<Source>| (source.id.clone(), reading_fingerprint(catalogue, source, options.keys));
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
            remarks: Vec::new(),
        };
        let parts_before = ledger.units.values().filter_map(|unit| unit.part.clone()).collect();
        let mut work = Self {
            catalogue,
            pipeline,
            municipalities: catalogue.municipality_codes(),
            fingerprints: used.map(fingerprint).collect(),
            ledger,
            seen: Vec::new(),
            present: BTreeSet::new(),
            arrived: Vec::new(),
            refused: BTreeMap::new(),
            read: BTreeMap::new(),
            changed: BTreeSet::new(),
            store: project.store(),
            parts_before,
            report,
        };
        gathered.arrivals.into_iter().for_each(|arrival| work.arrive(arrival));
        for (name, source, refusal) in gathered.unusable {
            work.report_refusal("", &name, &source, &refusal);
        }
        work.count_missing_and_refused();
        work
    }

    fn arrive(&mut self, arrival: Arrival) {
        let Arrival { delivery, file, refusal } = arrival;
        let id = delivery.id.clone();
        self.present.insert(id.clone());
        if let Some((path, stamp)) = file {
            let unchanged =
                self.ledger.seen.unchanged(&path, stamp.bytes, stamp.modified_nanoseconds, stamp.inode).is_some();
            if !unchanged {
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
            let sequence = self.ledger.next_sequence;
            self.ledger.next_sequence += 1;
            self.ledger.known.insert(id.clone(), Known { delivery, sequence, reading: None });
            self.arrived.push(id.clone());
        }
        if let Some(refusal) = refusal {
            self.refused.insert(id, refusal);
        }
    }

    /// Refusals that the ledger does not have yet.
    fn new_refusals(&self) -> impl Iterator<Item = (&DeliveryId, &Refusal)> {
        self.refused.iter().filter(|(id, refusal)| {
            let recorded = self.ledger.records.get(*id).map(|record| &record.state);
            !matches!(recorded, Some(DeliveryState::Refused(known)) if known == *refusal)
        })
    }

    fn has_something_to_do(&self) -> bool {
        !self.seen.is_empty()
            || !self.arrived.is_empty()
            || self.new_refusals().next().is_some()
            || !self.jobs(&BTreeSet::new()).is_empty()
            || self.indicators().any(|indicator| self.is_redefined(indicator))
            || self.superseded().next().is_some()
    }

    fn source(&self, id: &SourceId) -> Option<&'a Source> {
        self.fingerprints.contains_key(id).then(|| self.catalogue.sources.get(id).map(AsRef::as_ref)).flatten()
    }

    fn slots(&self) -> BTreeMap<crate::books::Slot, Vec<&Known>> {
        slots(self.ledger.known.values(), |id| self.source(id))
    }

    /// Whether a delivery must not be read: it is refused unread now, or was so when it was last seen.
    fn is_refused(&self, id: &DeliveryId) -> bool {
        let unread =
            |record: &DeliveryRecord| matches!(record.state, DeliveryState::Refused(_)) && record.reading.is_none();
        self.refused.contains_key(id) || (!self.present.contains(id) && self.ledger.records.get(id).is_some_and(unread))
    }

    fn next_step<'b>(&self, deliveries: &[&'b Known]) -> Step<'b> {
        next_step(deliveries, &|delivery| self.reading(delivery), &|id| self.is_refused(id))
    }

    /// The fingerprint of all that decides how a delivery becomes units.
    fn reading(&self, delivery: &Delivery) -> Fingerprint {
        let source = &delivery.scope.source;
        let base = self.fingerprints.get(source).copied();
        let dataset =
            self.catalogue.sources.get(source).and_then(|source| self.catalogue.datasets.get(&source.dataset));
        let (Some(base), Some(dataset)) = (base, dataset) else { return Fingerprint::of(b"unused") };
        let window = window(self.pipeline, delivery, dataset.partition);
        FingerprintBuilder::new().add(base.to_string()).add(window).finish()
    }

    /// The deliveries that must be read next; `tried` were read in this run already.
    fn jobs(&self, tried: &BTreeSet<DeliveryId>) -> Vec<Job> {
        let mut jobs = Vec::new();
        for (slot, deliveries) in self.slots() {
            let Step::Read(id) = self.next_step(&deliveries) else { continue };
            let source = self.catalogue.sources.get(&slot.source).filter(|_| !tried.contains(id));
            let dataset = source.and_then(|source| self.catalogue.datasets.get(&source.dataset));
            if let (Some(source), Some(dataset)) = (source, dataset) {
                let delivery = self.ledger.known[id].delivery.clone();
                let fingerprint = self.reading(&delivery);
                let (source, dataset) = (Arc::clone(source), Arc::clone(dataset));
                jobs.push(Job { delivery, source, dataset, fingerprint });
            }
        }
        jobs
    }

    /// Writes down what has arrived and what is refused unread.
    fn begin(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        publication.record_definitions(self.catalogue)?;
        for id in &self.arrived {
            let delivery = self.ledger.known[id].delivery.clone();
            let state = DeliveryState::Superseded;
            let record =
                DeliveryRecord { delivery, state, reading: None, tally: RowTally::default(), notices: Vec::new() };
            publication.record_delivery(&record)?;
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
    fn read(
        &mut self,
        desk: &Desk<'_>,
        publication: &mut Publication<'_>,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        let mut tried = BTreeSet::new();
        loop {
            let jobs = self.jobs(&tried);
            if jobs.is_empty() {
                return Ok(());
            }
            progress.begin(Phase::Read, jobs.len() as u64);
            for job in &jobs {
                publication.clear_delivery(&job.delivery.id)?;
            }
            tried.extend(jobs.iter().map(|job| job.delivery.id.clone()));
            let mut ended = BTreeMap::new();
            read_all(desk, &jobs, threads, |told| match told {
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

    fn take_result(
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
        match result {
            Ok(read) => {
                self.report_accepted(job, &read);
                self.read.insert(id, read);
            }
            Err(refusal) => self.report_refusal(id.as_str(), &delivery.name, job.source.id.as_str(), &refusal),
        }
        publication.record_delivery(&DeliveryRecord {
            delivery,
            state,
            reading: Some(job.fingerprint),
            tally,
            notices,
        })?;
        Ok(())
    }

    /// Accepted deliveries in whose place another one holds.
    fn superseded(&self) -> impl Iterator<Item = DeliveryId> {
        let mut superseded = Vec::new();
        for deliveries in self.slots().into_values() {
            let Step::Holds(holder) = self.next_step(&deliveries) else { continue };
            let others = deliveries.iter().map(|known| &known.delivery.id).filter(|id| *id != holder);
            superseded.extend(others.filter(|id| self.is_accepted(id)).cloned());
        }
        superseded.into_iter()
    }

    fn is_accepted(&self, id: &DeliveryId) -> bool {
        let recorded = self.ledger.records.get(id).map(|record| &record.state);
        self.read.contains_key(id) || matches!(recorded, Some(DeliveryState::Accepted))
    }

    /// Decides which delivery each unit's rows come from.
    fn settle(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        let superseded: BTreeSet<DeliveryId> = self.superseded().collect();
        for id in &superseded {
            publication.supersede_delivery(id)?;
        }
        let mut units = self.ledger.units.clone();
        units.retain(|_, unit| !superseded.contains(&unit.delivery) && !self.read.contains_key(&unit.delivery));
        let precedence = |id: &DeliveryId| self.ledger.known.get(id).map(Known::precedence);
        for (id, read) in &self.read {
            let known = &self.ledger.known[id];
            let Some(source) = self.source(&known.delivery.scope.source) else { continue };
            for (unit, part) in &read.units {
                if units.get(unit).is_some_and(|held| precedence(&held.delivery) > Some(known.precedence())) {
                    continue;
                }
                let record = UnitRecord {
                    unit: unit.clone(),
                    dataset: source.dataset.clone(),
                    delivery: id.clone(),
                    reading: self.reading(&known.delivery),
                    rows: part.as_ref().map_or(0, |part| part.rows),
                    part: part.as_ref().map(|part| part.path.clone()),
                };
                units.insert(unit.clone(), record);
            }
        }
        self.write_units(units, publication)
    }

    fn write_units(
        &mut self,
        units: BTreeMap<WorkUnit, UnitRecord>,
        publication: &mut Publication<'_>,
    ) -> Result<(), RunError> {
        let cell = |unit: &WorkUnit| (unit.municipality, unit.period);
        for (unit, record) in self.ledger.units.iter().filter(|(unit, _)| !units.contains_key(*unit)) {
            publication.remove_unit(unit)?;
            self.changed.insert((record.dataset.clone(), cell(unit)));
        }
        for (unit, record) in &units {
            if self.ledger.units.get(unit) != Some(record) {
                publication.record_unit(record)?;
                self.changed.insert((record.dataset.clone(), cell(unit)));
            }
        }
        self.ledger.units = units;
        Ok(())
    }

    fn indicators(&self) -> impl Iterator<Item = &'a Arc<Indicator>> {
        self.pipeline.indicators.iter().filter_map(|id| self.catalogue.indicators.get(id))
    }

    /// The hash of all that decides an indicator's figures besides the rows: its definition, who owes what, and which
    /// municipality lies in which region.
    fn basis(&self, indicator: &Indicator) -> Fingerprint {
        let lists = self.catalogue.municipalities().map(|list| list.fingerprint.to_string());
        let mut builder = FingerprintBuilder::new();
        builder.add(SEMANTICS).add(indicator.fingerprint.to_string()).add(lists.unwrap_or_default());
        for usage in &self.pipeline.uses {
            let reads = |measure: &model::Measure| {
                self.catalogue.sources.get(&usage.source).is_some_and(|source| source.dataset == measure.dataset)
            };
            if indicator.measures.iter().any(reads) {
                builder.add(usage.source.as_str()).add(usage.from.to_string());
                builder.add(usage.to.map(|to| to.to_string()).unwrap_or_default());
                usage.municipalities.iter().for_each(|code| {
                    builder.add(code.to_string());
                });
            }
        }
        builder.finish()
    }

    fn is_redefined(&self, indicator: &Indicator) -> bool {
        self.ledger.indicators.get(&indicator.id) != Some(&self.basis(indicator))
    }

    /// Computes what depends on the units that changed, and whatever has a new definition.
    fn compute(&mut self, publication: &mut Publication<'_>, progress: &dyn Progress) -> Result<(), RunError> {
        publication.areas(&self.areas())?;
        let coverage = Coverage::of(self.catalogue, self.pipeline, self.ledger.units.keys());
        let used = self.ledger.units.values().filter(|record| is_used(self.pipeline, &record.unit));
        let units: Vec<UnitFile> = used.map(|record| self.unit_file(record)).collect();
        let sources = Sources {
            catalogue: self.catalogue,
            municipalities: &self.municipalities,
            coverage: &coverage,
            units: &units,
        };
        let mut work = Vec::new();
        for indicator in self.indicators() {
            let all = self.is_redefined(indicator);
            let read = |(dataset, _): &(DatasetId, Cell)| indicator.measures.iter().any(|m| m.dataset == *dataset);
            if all || self.changed.iter().any(read) {
                publication.indicator(indicator, &self.basis(indicator))?;
                let wanted = figures::wanted(&sources, indicator, &self.changed, all, publication)?;
                work.push((indicator.as_ref(), wanted));
            }
        }
        progress.begin(Phase::Compute, work.len() as u64);
        let counts = figures::publish(&sources, &work, publication, &|| progress.advance(1))?;
        for ((indicator, _), counts) in work.iter().zip(counts) {
            let report = IndicatorReport { new: counts.new, changed: counts.changed, unchanged: counts.unchanged };
            self.report.indicators.insert(indicator.id.to_string(), report);
        }
        Ok(())
    }

    fn unit_file(&self, record: &UnitRecord) -> UnitFile {
        let path = record.part.as_ref().map(|part| self.store.join(part));
        UnitFile { unit: record.unit.clone(), dataset: record.dataset.clone(), path }
    }

    /// Parts that were in use before the run and are not any more.
    fn garbage(&self) -> Vec<String> {
        let kept: BTreeSet<&String> = self.ledger.units.values().filter_map(|unit| unit.part.as_ref()).collect();
        let mut made: BTreeSet<&String> = self.parts_before.iter().collect();
        let read = self.read.values().flat_map(|read| read.units.values().flatten());
        made.extend(read.map(|part| &part.path));
        made.into_iter().filter(|part| !kept.contains(part)).cloned().collect()
    }

    fn close(mut self, publication: Publication<'_>, ended_at: String) -> Result<RunReport, RunError> {
        self.count_missing_and_refused();
        let refused = self.report.deliveries.iter().any(|delivery| delivery.refusal.is_some());
        let nothing = self.arrived.is_empty() && self.read.is_empty() && self.report.indicators.is_empty();
        self.report.outcome = match (refused, nothing) {
            (true, _) => Outcome::Partial,
            (false, true) => Outcome::NothingNew,
            (false, false) => Outcome::Complete,
        };
        self.report.exit_code = self.report.outcome.exit_code();
        self.report.deliveries_known = self.ledger.known.len() as u64;
        let outcome = if refused { RunOutcome::Partial } else { RunOutcome::Ok };
        publication.finish(&RunEnd { ended_at, outcome, exit_code: self.report.exit_code })?;
        Ok(self.report)
    }

    fn report_refusal(&mut self, id: &str, name: &str, source: &str, refusal: &Refusal) {
        tracing::warn!(delivery = name, code = %refusal.code, "refused: {}", refusal.message);
        if !source.is_empty() {
            self.report.sources.entry(source.to_owned()).or_default().refused += 1;
        }
        self.report.outcome = Outcome::Partial;
        self.report.exit_code = Outcome::Partial.exit_code();
        self.report.deliveries.push(DeliveryReport {
            delivery: id.to_owned(),
            name: name.to_owned(),
            source: source.to_owned(),
            state: "refused",
            rows_read: 0,
            rows_accepted: 0,
            rows_rejected: 0,
            rows_skipped: BTreeMap::new(),
            refusal: Some(refusal.into()),
            notices: Vec::new(),
        });
    }

    fn report_accepted(&mut self, job: &Job, read: &ReadDelivery) {
        let source: &mut SourceReport = self.report.sources.entry(job.source.id.to_string()).or_default();
        source.add(&read.tally, read.units.len() as u64);
        self.report.deliveries.push(DeliveryReport {
            delivery: job.delivery.id.to_string(),
            name: job.delivery.name.clone(),
            source: job.source.id.to_string(),
            state: "accepted",
            rows_read: read.tally.read,
            rows_accepted: read.tally.accepted,
            rows_rejected: read.tally.rejected,
            rows_skipped: read.tally.skipped.clone(),
            refusal: None,
            notices: read.notices.iter().map(|notice: &Notice| notice.into()).collect(),
        });
    }

    fn count_missing_and_refused(&mut self) {
        let coverage = Coverage::of(self.catalogue, self.pipeline, self.ledger.units.keys());
        self.report.units_missing = coverage.missing();
        let reported: BTreeSet<&str> =
            self.report.deliveries.iter().map(|delivery| delivery.delivery.as_str()).collect();
        let refused = |record: &&DeliveryRecord| matches!(record.state, DeliveryState::Refused(_));
        let open = |record: &&DeliveryRecord| !reported.contains(record.delivery.id.as_str());
        let ours = |record: &&DeliveryRecord| self.fingerprints.contains_key(&record.delivery.scope.source);
        let unreplaced = |record: &&DeliveryRecord| !self.is_replaced(&record.delivery.id);
        let still = self.ledger.records.values().filter(refused).filter(open).filter(ours).filter(unreplaced).count();
        self.report.still_refused = still as u64;
    }

    /// Whether a delivery of the same slot holds that came later or has a higher version.
    fn is_replaced(&self, id: &DeliveryId) -> bool {
        let Some(refused) = self.ledger.known.get(id) else { return false };
        self.ledger.known.values().any(|other| {
            let (a, b) = (&other.delivery.scope, &refused.delivery.scope);
            (&a.source, a.municipality, a.period) == (&b.source, b.municipality, b.period)
                && other.precedence() > refused.precedence()
                && matches!(other.reading, Some((_, true)))
        })
    }

    /// The areas that figures can be about, with their names on the first day of the latest delivered period: the
    /// deliveries decide, not the clock.
    fn areas(&self) -> Vec<AreaRecord> {
        let Some(day) = self.ledger.units.keys().map(|unit| unit.period.start()).max() else { return Vec::new() };
        let mut areas = vec![AreaRecord {
            area: Area::Country,
            title: Text { da: "Hele landet".to_owned(), en: "Denmark".to_owned() },
            region: None,
        }];
        if let Some(list) = self.catalogue.regions() {
            areas.extend(list.codes().iter().filter_map(|code| {
                let title = list.title_of(list.index_of(code)?, day).clone();
                Some(AreaRecord { area: Area::Region(code.clone()), title, region: None })
            }));
        }
        if let Some(list) = self.catalogue.municipalities() {
            areas.extend(self.municipalities.iter().filter_map(|code| {
                let index = list.index_of(&code.to_string())?;
                let title = list.title_of(index, day).clone();
                let region = list.attribute(index, "region", day).map(str::to_owned);
                Some(AreaRecord { area: Area::Municipality(*code), title, region })
            }));
        }
        areas
    }
}

/// The fingerprint of all that decides how a source's bytes become rows, the key for pseudonyms included.
fn reading_fingerprint(catalogue: &Catalogue, source: &Source, keys: Option<&PersonKeys>) -> Fingerprint {
    let mut builder = FingerprintBuilder::new();
    builder.add(SEMANTICS).add(catalogue.reading_fingerprint(source).to_string());
    let personal = catalogue.datasets.get(&source.dataset).is_some_and(|dataset| dataset.is_personal());
    if let Some(keys) = keys.filter(|_| personal) {
        builder.add(keys.fingerprint().to_string());
    }
    builder.finish()
}
