//! The canonical rows of a delivery, sorted into its units.

use std::collections::BTreeMap;
use std::sync::Arc;

use loader::{
    BatchPool, CanonicalPart, CanonicalWriter, Compression, EncodeScratch, EncodedGroup, PartScope, RowGroup,
};
use model::{MunicipalityCode, Period, RecordBatch, RecordSchema, WorkUnit};

use super::{Desk, Job};
use crate::RunError;
use crate::coverage::is_used;

/// Rows that all open parts of a delivery may hold in memory together, before the fullest is ended early.
const ROWS_IN_MEMORY: u64 = 1 << 18;

/// The units of a delivery, each with its canonical rows if it has any.
pub(super) type Units = BTreeMap<WorkUnit, Option<CanonicalPart>>;

/// The parts of a delivery while they are written.
pub(super) struct Parts<'a> {
    desk: &'a Desk<'a>,
    job: &'a Job,
    schema: Arc<RecordSchema>,
    /// Memory of row groups that were encoded, for the next ones.
    pool: BatchPool,
    open: BTreeMap<WorkUnit, CanonicalWriter>,
    /// Rows of municipalities and periods for which the pipeline does not use the source.
    unused: u64,
}

impl<'a> Parts<'a> {
    pub(super) fn new(desk: &'a Desk<'a>, job: &'a Job, schema: Arc<RecordSchema>) -> Self {
        Self { desk, job, schema, pool: BatchPool::default(), open: BTreeMap::new(), unused: 0 }
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
                self.open.insert(unit.clone(), writer);
            }
            if let Some(writer) = self.open.get_mut(&unit) {
                let all = rows.len() == batch.len();
                let groups = writer.append(batch, (!all).then_some(rows.as_slice()));
                full.extend(groups.into_iter().map(|group| (unit.clone(), group)));
            }
        }
        self.bound_memory(&mut full);
        full
    }

    fn begin(&self, unit: &WorkUnit) -> CanonicalWriter {
        let job = self.job;
        let scope = PartScope {
            unit: unit.clone(),
            dataset: job.dataset.id.clone(),
            delivery: job.delivery.id.clone(),
            reading: job.fingerprint,
        };
        CanonicalWriter::create_with(self.desk.store, &scope, &self.schema, Compression::default(), &self.pool)
    }

    /// Ends row groups early when a delivery of the whole country keeps very many parts open.
    fn bound_memory(&mut self, full: &mut Vec<(WorkUnit, RowGroup)>) {
        while self.open.values().map(CanonicalWriter::rows_in_memory).sum::<u64>() > ROWS_IN_MEMORY {
            let fullest = self.open.iter_mut().max_by_key(|(_, writer)| writer.rows_in_memory());
            let Some((unit, writer)) = fullest else { return };
            full.extend(writer.cut().map(|group| (unit.clone(), group)));
        }
    }

    /// Hands an encoded row group to its part.
    pub(super) fn put(&mut self, unit: &WorkUnit, group: EncodedGroup) -> Result<(), RunError> {
        let writer = self.open.get_mut(unit);
        let writer = writer.ok_or_else(|| RunError::Internal("a row group has lost its part".to_owned()))?;
        Ok(writer.put(group)?)
    }

    /// Ends the parts; the second number counts the rows that nobody uses.
    pub(super) fn finish(self, scratch: &mut EncodeScratch) -> Result<(Units, u64), RunError> {
        let mut units = Units::new();
        for (unit, mut writer) in self.open {
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
