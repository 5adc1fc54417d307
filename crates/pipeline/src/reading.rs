//! One delivery, from the archive to canonical rows on disk; and several of them side by side.
//!
//! Nothing that happens here is visible to anybody: the parts lie under names that no ledger refers to yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use extractor::{Archive, Limits, Reader};
use loader::{CanonicalPart, CanonicalWriter, PartScope};
use model::{
    Catalogue, Code, Dataset, Delivery, DeliveryId, Fingerprint, Notice, Period, Pipeline, RawBatch, RecordBatch,
    RecordSchema, Refusal, RejectedRow, RowTally, Source, WorkUnit,
};
use normaliser::{Harmoniser, KeyCheck, PersonKeys};

use crate::RunError;
use crate::coverage::is_used;

/// Rejected rows that are handed on together.
const REJECTS_AT_ONCE: usize = 4096;
/// Rows that all open parts of a delivery may hold in memory together, before the largest is written.
const ROWS_IN_MEMORY: u64 = 1 << 20;

/// A delivery that is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) delivery: Delivery,
    pub(crate) source: Arc<Source>,
    pub(crate) dataset: Arc<Dataset>,
    /// The fingerprint of all definitions that decide how it is read.
    pub(crate) fingerprint: Fingerprint,
}

/// A delivery that was read.
#[derive(Debug)]
pub(crate) struct ReadDelivery {
    pub(crate) tally: RowTally,
    pub(crate) notices: Vec<Notice>,
    /// The units that it covers, each with its canonical rows if it has any.
    pub(crate) units: BTreeMap<WorkUnit, Option<CanonicalPart>>,
}

/// What a worker tells while it reads.
#[derive(Debug)]
pub(crate) enum Told {
    /// Some rows of the delivery were rejected.
    Rejected(DeliveryId, Vec<RejectedRow>),
    /// The job with this number has ended.
    Ended(usize, Result<Result<ReadDelivery, Refusal>, RunError>),
}

/// What every job needs.
pub(crate) struct Desk<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) archive: &'a Archive,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) store: &'a Path,
    pub(crate) keys: Option<&'a PersonKeys>,
}

/// Reads the jobs on `threads` threads and calls `listen` with what they tell, on the caller's thread. When `listen`
/// fails, no further job is begun.
pub(crate) fn read_all(
    desk: &Desk<'_>,
    jobs: &[Job],
    threads: usize,
    mut listen: impl FnMut(Told) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(64);
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || work(desk, jobs, next, &sender));
        }
        drop(sender);
        let result = receiver.iter().try_for_each(&mut listen);
        if result.is_err() {
            next.store(jobs.len(), Ordering::Relaxed);
        }
        // Dropping the receiver ends workers that would otherwise wait for room in the channel.
        drop(receiver);
        result
    })
}

fn work(desk: &Desk<'_>, jobs: &[Job], next: &AtomicUsize, sender: &SyncSender<Told>) {
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(job) = jobs.get(at) else { return };
        let tell = |rows: Vec<RejectedRow>| sender.send(Told::Rejected(job.delivery.id.clone(), rows)).is_ok();
        let ended = read_one(desk, job, tell);
        if sender.send(Told::Ended(at, ended)).is_err() {
            return;
        }
    }
}

fn read_one(
    desk: &Desk<'_>,
    job: &Job,
    tell: impl Fn(Vec<RejectedRow>) -> bool,
) -> Result<Result<ReadDelivery, Refusal>, RunError> {
    tracing::debug!(delivery = %job.delivery.id, name = %job.delivery.name, "reading");
    let input = desk.archive.read(&job.delivery.content)?;
    let mut reader = match Reader::open(&job.source, input, Limits::default())? {
        Ok(reader) => reader,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let scope = &job.delivery.scope;
    let lists = &desk.catalogue.codelists;
    let harmoniser = match Harmoniser::new(&job.source, &job.dataset, lists, scope, reader.header(), desk.keys) {
        Ok(harmoniser) => harmoniser,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut parts = Parts::new(desk, job, harmoniser.schema().clone());
    let mut rejected = Vec::new();
    let mut raw = RawBatch::default();
    let mut accepted = RecordBatch::new(harmoniser.schema().clone());
    let mut hand = harmoniser.hand();
    loop {
        match reader.next_batch(&mut raw)? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(false) => break,
            Ok(true) => {}
        }
        accepted.clear();
        if let Err(refusal) = harmoniser.harmonise(&mut hand, &raw, &mut accepted, &mut rejected) {
            return Ok(Err(refusal));
        }
        parts.add(&accepted)?;
        if rejected.len() >= REJECTS_AT_ONCE && !tell(std::mem::take(&mut rejected)) {
            return Ok(Err(Refusal::new(Code::INTERNAL, "the run was given up")));
        }
    }
    let summary = reader.finish();
    let harmonised = match harmoniser.finish(vec![hand], &summary.control) {
        Ok(harmonised) => harmonised,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut tally = RowTally {
        read: summary.read,
        accepted: harmonised.accepted,
        rejected: harmonised.rejected,
        skipped: summary.skipped,
    };
    let (units, findings) = parts.finish(&mut rejected)?;
    tally.accepted -= findings.duplicates + findings.conflicts + findings.unused;
    tally.rejected += findings.conflicts;
    tally.skip_many("duplicate", findings.duplicates);
    tally.skip_many("not_used", findings.unused);
    tally.balance().map_err(|error| RunError::Internal(format!("{}: {error}", job.delivery.name)))?;
    if tally.accepted + findings.unused < job.source.min_rows {
        let message = format!(
            "{} rows were accepted of {} read ({} rejected); a delivery of `{}` has at least {}",
            tally.accepted, tally.read, tally.rejected, job.source.id, job.source.min_rows
        );
        return Ok(Err(Refusal::new(Code::TOO_FEW_ROWS, message)));
    }
    if !rejected.is_empty() {
        tell(rejected);
    }
    let mut notices = summary.notices;
    notices.extend(harmonised.notices);
    notices.extend(findings.notice());
    Ok(Ok(ReadDelivery { tally, notices, units }))
}

/// Rows that were harmonised and are left out all the same.
#[derive(Default)]
struct Findings {
    /// Rows of municipalities and periods for which the pipeline does not use the source.
    unused: u64,
    duplicates: u64,
    conflicts: u64,
    first_duplicate: Option<u64>,
}

impl Findings {
    fn notice(&self) -> Option<Notice> {
        (self.duplicates > 0).then(|| Notice {
            code: Code::DUPLICATE_ROW,
            message: "rows stand twice with the same key and content; each was counted once".to_owned(),
            rows: self.duplicates,
            first_line: self.first_duplicate,
        })
    }
}

/// A unit's canonical rows while they are written.
struct Part {
    writer: CanonicalWriter,
    keys: KeyCheck,
}

/// The canonical rows of a delivery, sorted into its units.
struct Parts<'a> {
    desk: &'a Desk<'a>,
    job: &'a Job,
    schema: Arc<RecordSchema>,
    open: BTreeMap<WorkUnit, Part>,
    unused: u64,
}

impl<'a> Parts<'a> {
    fn new(desk: &'a Desk<'a>, job: &'a Job, schema: Arc<RecordSchema>) -> Self {
        Self { desk, job, schema, open: BTreeMap::new(), unused: 0 }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), RunError> {
        for ((municipality, period), rows) in normaliser::partition(&self.job.dataset, batch) {
            let unit = WorkUnit { source: self.job.source.id.clone(), municipality, period };
            if !is_used(self.desk.pipeline, &unit) {
                self.unused += rows.len() as u64;
                continue;
            }
            if !self.open.contains_key(&unit) {
                let part = self.begin(&unit);
                self.open.insert(unit.clone(), part);
            }
            if let Some(part) = self.open.get_mut(&unit) {
                part.keys.add(batch, &rows);
                part.writer.write(batch, Some(&rows))?;
            }
        }
        self.bound_memory()
    }

    fn begin(&self, unit: &WorkUnit) -> Part {
        let job = self.job;
        let scope = PartScope {
            unit: unit.clone(),
            dataset: job.dataset.id.clone(),
            delivery: job.delivery.id.clone(),
            reading: job.fingerprint,
        };
        let writer = CanonicalWriter::create(self.desk.store, &scope, &self.schema);
        Part { writer, keys: KeyCheck::new(&job.dataset) }
    }

    /// Writes the fullest parts early when a delivery of the whole country keeps very many of them open.
    fn bound_memory(&mut self) -> Result<(), RunError> {
        while self.open.values().map(|part| part.writer.rows_in_memory()).sum::<u64>() > ROWS_IN_MEMORY {
            let fullest = self.open.values_mut().max_by_key(|part| part.writer.rows_in_memory());
            match fullest {
                Some(part) => part.writer.flush()?,
                None => break,
            }
        }
        Ok(())
    }

    /// Ends the parts, and takes out the rows whose keys are not unique.
    fn finish(
        mut self,
        rejected: &mut Vec<RejectedRow>,
    ) -> Result<(BTreeMap<WorkUnit, Option<CanonicalPart>>, Findings), RunError> {
        let mut findings = Findings { unused: self.unused, ..Findings::default() };
        let mut units = BTreeMap::new();
        for (unit, part) in std::mem::take(&mut self.open) {
            let keys = part.keys.finish();
            findings.duplicates += keys.duplicates.len() as u64;
            findings.conflicts += keys.conflicts.len() as u64;
            let first = keys.duplicates.iter().map(|place| place.line).min();
            findings.first_duplicate = findings.first_duplicate.into_iter().chain(first).min();
            let conflicts = keys.conflicts.iter().map(|(place, _)| place.record);
            let out: BTreeSet<u64> = keys.duplicates.iter().map(|place| place.record).chain(conflicts).collect();
            rejected.extend(keys.conflicts.iter().map(|(place, other)| RejectedRow {
                line: place.line,
                record: place.record,
                column: None,
                code: Code::KEY_CONFLICT,
                reason: format!("line {other} has the same key and other content"),
                raw: None,
            }));
            units.insert(unit, part.writer.finish_without(&out)?);
        }
        self.cover(&mut units);
        Ok((units, findings))
    }

    /// Adds the units without rows that the delivery covers all the same: every period up to the last one that has
    /// rows. A file of a year that ends in May says nothing about June.
    fn cover(&self, units: &mut BTreeMap<WorkUnit, Option<CanonicalPart>>) {
        let scope = &self.job.delivery.scope;
        let (Some(municipality), Some(period)) = (scope.municipality, scope.period) else { return };
        let parts: Vec<Period> = period.parts(self.job.dataset.partition).collect();
        let last = units.keys().map(|unit| unit.period).max();
        let reached = |part: &&Period| parts.len() == 1 || last.is_some_and(|last| **part <= last);
        for part in parts.iter().filter(reached) {
            let unit = WorkUnit { source: self.job.source.id.clone(), municipality, period: *part };
            if is_used(self.desk.pipeline, &unit) {
                units.entry(unit).or_insert(None);
            }
        }
    }
}
