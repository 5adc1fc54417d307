//! The canonical rows of a delivery, sorted into its units.

use std::collections::BTreeMap;
use std::sync::Arc;

use loader::{BatchPool, CanonicalPart, CanonicalWriter, EncodeScratch, EncodedGroup, PartScope, RowGroup};
use model::{MunicipalityCode, Period, RecordBatch, RecordSchema, WorkUnit};

use super::{Desk, Job};
use crate::RunError;
use crate::coverage::is_used;

/// Bytes of rows that all open parts of a delivery may hold in memory together, before row groups are ended early.
const BYTES_IN_MEMORY: usize = 32 << 20;
/// A part that has had no row among so many records is probably complete: exports are sorted more often than not.
const LONG_AGO: u64 = 1 << 16;

/// The units of a delivery, each with its canonical rows if it has any.
pub(super) type Units = BTreeMap<WorkUnit, Option<CanonicalPart>>;

/// A part that may get more rows.
struct OpenPart {
    writer: CanonicalWriter,
    /// The number of its last record.
    last: u64,
    /// Bytes of rows that it holds.
    held: usize,
}

/// The parts of a delivery while they are written.
pub(super) struct Parts<'a> {
    desk: &'a Desk<'a>,
    job: &'a Job,
    schema: Arc<RecordSchema>,
    /// Memory of row groups that were encoded, for the next ones.
    pool: BatchPool,
    open: BTreeMap<WorkUnit, OpenPart>,
    /// Bytes of rows that the open parts hold.
    held: usize,
    /// Rows of municipalities and periods for which the pipeline does not use the source.
    unused: u64,
}

impl<'a> Parts<'a> {
    pub(super) fn new(desk: &'a Desk<'a>, job: &'a Job, schema: Arc<RecordSchema>) -> Self {
        Self { desk, job, schema, pool: BatchPool::default(), open: BTreeMap::new(), held: 0, unused: 0 }
    }

    /// Appends the rows of a batch to their units, and hands back the row groups that became full.
    pub(super) fn add(
        &mut self,
        batch: &RecordBatch,
        units: Vec<((MunicipalityCode, Period), Vec<u32>)>,
    ) -> Vec<(WorkUnit, RowGroup)> {
        let mut full = Vec::new();
        for ((municipality, period), rows) in units {
            let unit = WorkUnit { source: self.job.source.id.clone(), municipality, period };
            if !self.open.contains_key(&unit) {
                if !is_used(self.desk.pipeline, &unit) {
                    self.unused += rows.len() as u64;
                    continue;
                }
                let writer = self.begin(&unit);
                self.open.insert(unit.clone(), OpenPart { writer, last: 0, held: 0 });
            }
            if let Some(part) = self.open.get_mut(&unit) {
                let all = rows.len() == batch.len();
                part.last = rows.last().map_or(part.last, |row| batch.record[*row as usize]);
                let groups = part.writer.append(batch, (!all).then_some(rows.as_slice()));
                self.held -= std::mem::replace(&mut part.held, part.writer.bytes_in_memory());
                self.held += part.held;
                full.extend(groups.into_iter().map(|group| (unit.clone(), group)));
            }
        }
        let record = batch.record.last().copied().unwrap_or_default();
        self.cut_ends(record, &mut full);
        while self.held > BYTES_IN_MEMORY {
            let Some(group) = self.cut_one(record) else { break };
            full.push(group);
        }
        full
    }

    /// Ends the last row groups of large parts that seem to be complete: their buffers have room for many more rows.
    fn cut_ends(&mut self, record: u64, full: &mut Vec<(WorkUnit, RowGroup)>) {
        let ended = |part: &OpenPart| part.held > 0 && part.writer.is_large() && part.last + LONG_AGO < record;
        for (unit, part) in self.open.iter_mut().filter(|(_, part)| ended(part)) {
            self.held -= std::mem::take(&mut part.held);
            full.extend(part.writer.cut().map(|group| (unit.clone(), group)));
        }
    }

    fn begin(&self, unit: &WorkUnit) -> CanonicalWriter {
        let job = self.job;
        let scope = PartScope {
            unit: unit.clone(),
            dataset: job.dataset.id.clone(),
            delivery: job.delivery.id.clone(),
            reading: job.fingerprint,
        };
        CanonicalWriter::create_with(self.desk.store, &scope, &self.schema, self.desk.compression, &self.pool)
    }

    /// Ends a row group early: of the part that has waited longest, if it seems to be complete, or else of the one
    /// that holds most. One at a time, so that a thread is not left with the rows of many parts.
    fn cut_one(&mut self, record: u64) -> Option<(WorkUnit, RowGroup)> {
        let holding = self.open.iter_mut().filter(|(_, part)| part.held > 0);
        let longest = holding.min_by_key(|(_, part)| part.last)?;
        let (unit, part) = if longest.1.last + LONG_AGO < record {
            longest
        } else {
            self.open.iter_mut().max_by_key(|(_, part)| part.held)?
        };
        self.held -= std::mem::take(&mut part.held);
        Some((unit.clone(), part.writer.cut()?))
    }

    /// Hands an encoded row group to its part.
    pub(super) fn put(&mut self, unit: &WorkUnit, group: EncodedGroup) -> Result<(), RunError> {
        let part = self.open.get_mut(unit);
        let part = part.ok_or_else(|| RunError::Internal("a row group has lost its part".to_owned()))?;
        Ok(part.writer.put(group)?)
    }

    /// Ends the parts; the second number counts the rows that nobody uses.
    pub(super) fn finish(self, scratch: &mut EncodeScratch) -> Result<(Units, u64), RunError> {
        let mut units = Units::new();
        for (unit, OpenPart { mut writer, .. }) in self.open {
            if let Some(group) = writer.cut() {
                writer.put(group.encode(scratch)?)?;
            }
            units.insert(unit, writer.finish()?);
        }
        Ok((units, self.unused))
    }
}

/// Adds the units without rows that a delivery covers all the same: every period up to the last one that has rows. A
/// file of a year that ends in May says nothing about June.
pub(super) fn cover(desk: &Desk<'_>, job: &Job, mut units: Units) -> Units {
    let scope = &job.delivery.scope;
    let (Some(municipality), Some(period)) = (scope.municipality, scope.period) else { return units };
    let parts: Vec<Period> = period.parts(job.dataset.partition).collect();
    let last = units.keys().map(|unit| unit.period).max();
    let reached = |part: &&Period| parts.len() == 1 || last.is_some_and(|last| **part <= last);
    for part in parts.iter().filter(reached) {
        let unit = WorkUnit { source: job.source.id.clone(), municipality, period: *part };
        if is_used(desk.pipeline, &unit) {
            units.entry(unit).or_insert(None);
        }
    }
    units
}
