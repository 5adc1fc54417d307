//! What was known when: the run that had published last by some time, and what each delivery held in those days.

use std::collections::BTreeMap;

use model::{DeliveryId, WorkUnit};

use crate::ledger::{delivery_id, unit};
use crate::reading::count;
use crate::{LoadError, Reading, RunNumber};

/// That a delivery held for a unit, from one run to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRevision {
    /// The unit.
    pub unit: WorkUnit,
    /// The delivery.
    pub delivery: DeliveryId,
    /// How many rows of it there were.
    pub rows: u64,
    /// The run that took the rows from this delivery.
    pub known_from: RunNumber,
    /// The run that replaced or removed them.
    pub known_to: Option<RunNumber>,
}

impl UnitRevision {
    /// Whether it was so after a run.
    pub fn holds_at(&self, run: RunNumber) -> bool {
        self.known_from <= run && self.known_to.is_none_or(|to| to > run)
    }
}

impl Reading<'_> {
    /// The latest run that had published at a time, written as the table of runs writes it. Clocks may jump, so numbers
    /// give the order: of all that had published by then it is the highest.
    pub fn run_by(&self, time: &str) -> Result<Option<RunNumber>, LoadError> {
        const SQL: &str = "SELECT max(run) FROM run WHERE ended_at <= ?1";
        self.query(|connection| {
            let run: Option<i64> = connection.query_row(SQL, [time], |row| row.get(0))?;
            Ok(run.map(RunNumber))
        })
    }

    /// Which delivery held for each unit when, sorted by unit and time.
    pub fn unit_revisions(&self) -> Result<Vec<UnitRevision>, LoadError> {
        const SQL: &str = "SELECT * FROM unit_revision ORDER BY source, municipality, period, known_from_run";
        self.query(|connection| {
            let revision = |row: &rusqlite::Row<'_>| {
                Ok(UnitRevision {
                    unit: unit(row)?,
                    delivery: delivery_id(row)?,
                    rows: count(row, "rows")?,
                    known_from: RunNumber(row.get("known_from_run")?),
                    known_to: row.get::<_, Option<i64>>("known_to_run")?.map(RunNumber),
                })
            };
            connection.prepare(SQL)?.query_map([], revision)?.collect()
        })
    }

    /// When each run published, by its number.
    pub fn ends_of_runs(&self) -> Result<BTreeMap<RunNumber, String>, LoadError> {
        const SQL: &str = "SELECT run, coalesce(ended_at, started_at) FROM run";
        self.query(|connection| {
            connection.prepare(SQL)?.query_map([], |row| Ok((RunNumber(row.get(0)?), row.get(1)?)))?.collect()
        })
    }
}
