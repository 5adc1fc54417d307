//! Whether the keys of a delivery's rows are unique: suspected by hashes, decided by the rows themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use loader::part_path;
use model::{Code, Dataset, Notice, RejectedRow, WorkUnit};
use normaliser::{KeyCheck, KeyFindings, KeyJudge, RowPlace};

use super::parts::Units;
use crate::RunError;

/// Suspect rows that are looked at together.
const ROWS_AT_ONCE: usize = 1 << 18;

/// What was found out about the keys of a delivery.
#[derive(Debug, Default)]
pub(super) struct KeyVerdict {
    /// Rows that were equal to an earlier one and are dropped.
    pub(super) duplicates: u64,
    first_duplicate: Option<u64>,
    /// Rows that share their key with a row of other content.
    pub(super) conflicts: Vec<RejectedRow>,
    /// The units that lost rows.
    pub(super) rewritten: BTreeSet<WorkUnit>,
}

impl KeyVerdict {
    pub(super) fn notice(&self) -> Option<Notice> {
        (self.duplicates > 0).then(|| Notice {
            code: Code::DUPLICATE_ROW,
            message: "rows stand twice with the same key and content; each was counted once".to_owned(),
            rows: self.duplicates,
            first_line: self.first_duplicate,
        })
    }
}

/// Takes the rows whose keys are not unique out of the written parts.
pub(super) fn settle_keys(
    store: &Path,
    dataset: &Dataset,
    keys: KeyCheck,
    units: &mut Units,
) -> Result<KeyVerdict, RunError> {
    let mut verdict = KeyVerdict::default();
    let suspects = keys.finish()?;
    let mut out: BTreeMap<WorkUnit, BTreeSet<u64>> = BTreeMap::new();
    for records in suspects.portions(ROWS_AT_ONCE) {
        let (found, owners) = judge(store, dataset, units, &records)?;
        verdict.duplicates += found.duplicates.len() as u64;
        let first = found.duplicates.iter().map(|place| place.line).min();
        verdict.first_duplicate = verdict.first_duplicate.into_iter().chain(first).min();
        verdict.conflicts.extend(found.conflicts.iter().map(|(place, other)| conflict(place, *other)));
        for place in found.duplicates.iter().chain(found.conflicts.iter().map(|(place, _)| place)) {
            if let Some(unit) = owners.get(&place.record) {
                out.entry(unit.clone()).or_default().insert(place.record);
            }
        }
    }
    for (unit, records) in out {
        if let Some(Some(part)) = units.get(&unit) {
            let rest = loader::remove_records(store, &part.path, &records)?;
            units.insert(unit.clone(), rest);
        }
        verdict.rewritten.insert(unit);
    }
    Ok(verdict)
}

/// Compares the rows with these record numbers, from all parts; and the unit of each of them.
fn judge(
    store: &Path,
    dataset: &Dataset,
    units: &Units,
    records: &BTreeSet<u64>,
) -> Result<(KeyFindings, BTreeMap<u64, WorkUnit>), RunError> {
    let mut judge = KeyJudge::new(dataset);
    let mut owners = BTreeMap::new();
    for (unit, part) in units {
        let Some(part) = part else { continue };
        let rows = loader::rows_with_records(&part_path(store, &part.path), records)?;
        owners.extend(rows.record.iter().map(|record| (*record, unit.clone())));
        judge.add(&rows);
    }
    Ok((judge.finish(), owners))
}

fn conflict(place: &RowPlace, other: u64) -> RejectedRow {
    RejectedRow {
        line: place.line,
        record: place.record,
        column: None,
        code: Code::KEY_CONFLICT,
        reason: format!("line {other} has the same key and other content"),
        raw: None,
    }
}
