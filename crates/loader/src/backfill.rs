//! The mark of a backfill: what was asked for, and how many of its steps have published.
//!
//! It is moved on in the transaction in which a step publishes, so that what is marked as done is done, and what is not is
//! as if it had never been begun.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::reading::count;
use crate::{LoadError, Publication, Reading, Store};

/// A backfill that has steps left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBackfill {
    /// Its number.
    pub backfill: i64,
    /// The pipeline.
    pub pipeline: String,
    /// What was asked for, as JSON.
    pub arguments: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// How many steps it has.
    pub steps: u64,
    /// How many of them have published.
    pub steps_done: u64,
}

/// A step of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackfillStep {
    /// The backfill.
    pub backfill: i64,
    /// How many steps have published before it.
    pub before: u64,
}

impl Reading<'_> {
    /// The backfill that has steps left, if there is one.
    pub fn open_backfill(&self) -> Result<Option<OpenBackfill>, LoadError> {
        const SQL: &str = "SELECT * FROM backfill WHERE state = 'open' ORDER BY backfill DESC LIMIT 1";
        self.query(|connection| connection.query_row(SQL, [], open_backfill).optional())
    }
}

fn open_backfill(row: &Row<'_>) -> rusqlite::Result<OpenBackfill> {
    Ok(OpenBackfill {
        backfill: row.get("backfill")?,
        pipeline: row.get("pipeline")?,
        arguments: row.get("arguments")?,
        started_at: row.get("started_at")?,
        steps: count(row, "steps")?,
        steps_done: count(row, "steps_done")?,
    })
}

impl Store {
    /// Marks the beginning of a backfill, and gives its number. Others that have steps left are abandoned.
    pub fn begin_backfill(
        &mut self,
        pipeline: &str,
        arguments: &str,
        steps: u64,
        started_at: &str,
    ) -> Result<i64, LoadError> {
        const ABANDON: &str = "UPDATE backfill SET state = 'abandoned', ended_at = ?1 WHERE state = 'open'";
        const BEGIN: &str = "INSERT INTO backfill (pipeline, arguments, started_at, state, steps, ended_at)
            VALUES (?1, ?2, ?3, CASE WHEN ?4 = 0 THEN 'done' ELSE 'open' END, ?4, CASE WHEN ?4 = 0 THEN ?3 END)
            RETURNING backfill";
        self.write_alone(|connection| {
            connection.execute(ABANDON, [started_at])?;
            let values = (pipeline, arguments, started_at, crate::reading::whole(steps));
            connection.query_row(BEGIN, values, |row| row.get(0))
        })
    }

    /// Marks a step as done that had nothing to publish.
    pub fn pass_backfill_step(&mut self, step: BackfillStep, at: &str) -> Result<(), LoadError> {
        let moved = self.write_alone(|connection| move_on(connection, step, at))?;
        self.assert_moved(moved, step)
    }

    fn assert_moved(&self, moved: bool, step: BackfillStep) -> Result<(), LoadError> {
        if moved {
            return Ok(());
        }
        Err(LoadError::BackfillMoved { path: self.root().join(crate::DATABASE), backfill: step.backfill })
    }
}

impl Publication<'_> {
    /// Marks a step as done that publishes with this transaction.
    pub fn pass_backfill_step(&mut self, step: BackfillStep, at: &str) -> Result<(), LoadError> {
        if self.write(|connection| move_on(connection, step, at))? {
            return Ok(());
        }
        Err(LoadError::BackfillMoved { path: self.path().to_owned(), backfill: step.backfill })
    }
}

/// Moves the mark on by a step, unless somebody else has.
fn move_on(connection: &Connection, step: BackfillStep, at: &str) -> rusqlite::Result<bool> {
    const SQL: &str = "UPDATE backfill SET steps_done = steps_done + 1,
        state = CASE WHEN steps_done + 1 = steps THEN 'done' ELSE state END,
        ended_at = CASE WHEN steps_done + 1 = steps THEN ?3 END
        WHERE backfill = ?1 AND steps_done = ?2 AND state = 'open'";
    let before = crate::reading::whole(step.before);
    connection.execute(SQL, (step.backfill, before, at)).map(|changed| changed == 1)
}
