//! A run's one transaction: everything that a run publishes, or nothing.
//!
//! Start at [`crate::Store::begin`]. What can be written stands beside what can be read: deliveries and units in
//! `ledger`, files in `seen`, rejected rows in `rejects`, areas, indicators, measures and figures in `figures`, comparison groups in `comparison`. Canonical
//! files are written before, under names that no earlier publication uses, and become part of the store only by the
//! commit that names them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use model::{Catalogue, Fingerprint, PipelineId};
use rusqlite::{Connection, Transaction};

use crate::definition::DefinitionText;
use crate::wide::rebuild_wide_views;
use crate::{DefinitionKind, FigureCounts, LoadError, Reading, Receipt, RunNumber};

/// What is known of a run when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// The pipeline.
    pub pipeline: PipelineId,
    /// When it started, RFC 3339. Given by the caller: this crate reads no clock.
    pub started_at: String,
    /// The version of the program.
    pub engine_version: String,
    /// The command.
    pub command: &'static str,
    /// The latest run that the ledger had when this one decided what to do. Should there be another one now, somebody has
    /// published meanwhile, and what was decided holds no more.
    pub after: Option<RunNumber>,
}

/// What is known of a run when it publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The exit code of the command.
    pub exit_code: u8,
    /// How long it took.
    pub milliseconds: u64,
}

/// How a run ended that published something. One that fails is rolled back, and leaves no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything was published.
    Ok,
    /// Everything was published, and there are findings.
    Findings,
    /// Something was published, something could not be.
    Partial,
}

impl RunOutcome {
    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Findings => "findings",
            Self::Partial => "partial",
        }
    }
}

impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for RunOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Ok, Self::Findings, Self::Partial];
        all.into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no outcome of a run"))
    }
}

/// An open transaction. Dropped without [`Publication::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Publication<'a> {
    transaction: Transaction<'a>,
    path: &'a Path,
    pub(crate) run: RunNumber,
    pub(crate) counts: FigureCounts,
    pub(crate) closed: u64,
}

/// The latest run, if there was one.
pub(crate) fn latest_run(connection: &Connection) -> rusqlite::Result<Option<RunNumber>> {
    connection.query_row("SELECT max(run) FROM run", [], |row| Ok(row.get::<_, Option<i64>>(0)?.map(RunNumber)))
}

impl<'a> Publication<'a> {
    pub(crate) fn begin(transaction: Transaction<'a>, path: &'a Path, start: &RunStart) -> Result<Self, LoadError> {
        const SQL: &str =
            "INSERT INTO run (pipeline, started_at, engine_version, command) VALUES (?1, ?2, ?3, ?4) RETURNING run";
        let failed = |source| LoadError::database(path, source);
        let latest = latest_run(&transaction).map_err(failed)?;
        if latest != start.after {
            return Err(LoadError::Outrun { path: path.to_owned(), decided: start.after, latest });
        }
        let values = (start.pipeline.as_str(), &start.started_at, &start.engine_version, start.command);
        let run = transaction.query_row(SQL, values, |row| row.get(0).map(RunNumber)).map_err(failed)?;
        Ok(Self { transaction, path, run, counts: FigureCounts::default(), closed: 0 })
    }

    pub(crate) fn write<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LoadError> {
        work(&self.transaction).map_err(|source| LoadError::database(self.path, source))
    }

    pub(crate) fn path(&self) -> &Path {
        self.path
    }

    /// The number of this run.
    pub fn run(&self) -> RunNumber {
        self.run
    }

    /// The database as it will be after the commit, as far as it was written.
    pub fn read(&self) -> Reading<'_> {
        Reading::within(&self.transaction, self.path)
    }

    /// Keeps the text of every definition; one that is known already is not written again.
    pub fn record_definitions(&mut self, catalogue: &Catalogue) -> Result<(), LoadError> {
        for known in DefinitionText::all_of(catalogue) {
            self.record_definition(known.kind, known.id, known.version, known.fingerprint, known.canonical)?;
        }
        Ok(())
    }

    /// Keeps the text of every definition, and leaves the marks of the texts that are used: a run over a part of the
    /// deliveries uses new ones for that part alone.
    pub fn keep_definitions(&mut self, catalogue: &Catalogue) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO definition (kind, id, version, fingerprint, canonical, first_run, current)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT DO NOTHING";
        self.write(|connection| {
            let mut insert = connection.prepare_cached(SQL)?;
            for DefinitionText { kind, id, version, fingerprint, canonical } in DefinitionText::all_of(catalogue) {
                insert.execute((kind.as_str(), id, version, fingerprint.to_string(), canonical, self.run.0))?;
            }
            Ok(())
        })
    }

    /// Keeps the text of one definition, if it is not known yet, and marks it as the one that is used. `version` is 0 for
    /// kinds that have none.
    pub fn record_definition(
        &mut self,
        kind: DefinitionKind,
        id: &str,
        version: u32,
        fingerprint: &Fingerprint,
        canonical: &str,
    ) -> Result<(), LoadError> {
        const OTHERS: &str = "UPDATE definition SET current = 0
            WHERE kind = ?1 AND id = ?2 AND version = ?3 AND fingerprint <> ?4 AND current = 1";
        const SQL: &str = "INSERT INTO definition (kind, id, version, fingerprint, canonical, first_run, current)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1) ON CONFLICT DO UPDATE SET current = 1";
        self.write(|connection| {
            let fingerprint = fingerprint.to_string();
            connection.prepare_cached(OTHERS)?.execute((kind.as_str(), id, version, &fingerprint))?;
            let values = (kind.as_str(), id, version, fingerprint, canonical, self.run.0);
            connection.prepare_cached(SQL)?.execute(values).map(drop)
        })
    }

    /// Closes the books of the run, brings the wide views up to date and commits: from here on everybody sees it.
    pub fn finish(self, end: &RunEnd) -> Result<Receipt, LoadError> {
        const SQL: &str = "UPDATE run SET ended_at = ?2, outcome = ?3, exit_code = ?4,
            figures_new = ?5, figures_changed = ?6, figures_closed = ?7, milliseconds = ?8,
            bytes_read = (SELECT coalesce(sum(bytes), 0) FROM delivery WHERE processed_run = ?1),
            (deliveries_accepted, deliveries_refused, rows_read, rows_accepted, rows_rejected, rows_skipped) = (
                SELECT coalesce(sum(state <> 'refused'), 0), coalesce(sum(state = 'refused'), 0),
                    coalesce(sum(rows_read), 0), coalesce(sum(rows_accepted), 0),
                    coalesce(sum(rows_rejected), 0), coalesce(sum(rows_skipped), 0)
                FROM delivery WHERE processed_run = ?1
            ),
            deliveries_new = (SELECT count(*) FROM delivery WHERE received_run = ?1),
            units = (SELECT count(*) FROM unit WHERE unit.run = ?1)
            WHERE run = ?1";
        self.write(|connection| {
            let FigureCounts { new, changed, .. } = self.counts;
            let figures = [new, changed, self.closed].map(super::reading::whole);
            let outcome = (end.outcome.as_str(), end.exit_code);
            let took = super::reading::whole(end.milliseconds);
            let values = (self.run.0, &end.ended_at, outcome.0, outcome.1, figures[0], figures[1], figures[2], took);
            connection.execute(SQL, values)?;
            rebuild_wide_views(connection)
        })?;
        let receipt = self.read().run(self.run)?;
        // The parts that the ledger is about to name must not be lost where the ledger is kept. A first run has
        // thousands of small ones: one call for the file system costs less than one for each of them.
        if let Some(root) = self.path.parent() {
            crate::store::sync_file_system(root)?;
        }
        self.transaction.commit().map_err(|source| LoadError::database(self.path, source))?;
        Ok(receipt)
    }
}
