//! The read side: one consistent view of the database, and the few words that every query needs.
//!
//! The queries themselves stand beside what they read: runs here, deliveries and units in `ledger`, rejected rows in
//! `rejects`, figures in `latest`. [`Reading`] is the same whether it comes from a store or from a publication that is
//! not committed yet; the latter sees its own writes.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use model::{Code, PipelineId};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, RowIndex, Transaction};

use crate::publication::latest_run;
use crate::{LoadError, RunOutcome};

/// The number of a run, from 1, ascending in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunNumber(pub i64);

impl fmt::Display for RunNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a run published, as its row in `run` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The run.
    pub run: RunNumber,
    /// The pipeline.
    pub pipeline: PipelineId,
    /// When it started.
    pub started_at: String,
    /// When it published.
    pub ended_at: Option<String>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// The exit code of the command.
    pub exit_code: Option<u8>,
    /// The version of the program.
    pub engine_version: String,
    /// The command.
    pub command: String,
    /// How long it took until the commit.
    pub milliseconds: Option<u64>,
    /// Bytes of the deliveries that it read.
    pub bytes_read: u64,
    /// Deliveries that it saw first.
    pub deliveries_new: u64,
    /// Deliveries that it read and accepted.
    pub deliveries_accepted: u64,
    /// Deliveries that it refused.
    pub deliveries_refused: u64,
    /// Records that it read.
    pub rows_read: u64,
    /// Records that became canonical rows.
    pub rows_accepted: u64,
    /// Records that were rejected.
    pub rows_rejected: u64,
    /// Records that a rule left out.
    pub rows_skipped: u64,
    /// Units that it wrote.
    pub units: u64,
    /// Figures that it published for the first time.
    pub figures_new: u64,
    /// Figures that it revised.
    pub figures_changed: u64,
    /// Figures that it withdrew.
    pub figures_closed: u64,
}

/// A view of the database that does not change while it is held.
#[derive(Debug)]
pub struct Reading<'a> {
    source: ReadingSource<'a>,
    path: &'a Path,
}

#[derive(Debug)]
enum ReadingSource<'a> {
    Snapshot(Transaction<'a>),
    Publication(&'a Connection),
}

impl<'a> Reading<'a> {
    pub(crate) fn snapshot(transaction: Transaction<'a>, path: &'a Path) -> Self {
        Self { source: ReadingSource::Snapshot(transaction), path }
    }

    pub(crate) fn within(connection: &'a Connection, path: &'a Path) -> Self {
        Self { source: ReadingSource::Publication(connection), path }
    }

    pub(crate) fn query<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LoadError> {
        let connection = match &self.source {
            ReadingSource::Snapshot(transaction) => transaction,
            ReadingSource::Publication(connection) => *connection,
        };
        work(connection).map_err(|source| LoadError::database(self.path, source))
    }

    /// The latest runs, newest first.
    pub fn runs(&self, limit: u32) -> Result<Vec<Receipt>, LoadError> {
        self.query(|connection| {
            connection
                .prepare_cached("SELECT * FROM run ORDER BY run DESC LIMIT ?1")?
                .query_map([limit], receipt)?
                .collect()
        })
    }

    /// The latest run, if there was one.
    pub fn latest_run(&self) -> Result<Option<RunNumber>, LoadError> {
        self.query(latest_run)
    }

    /// One run.
    pub fn run(&self, run: RunNumber) -> Result<Receipt, LoadError> {
        self.query(|connection| connection.query_row("SELECT * FROM run WHERE run = ?1", [run.0], receipt))
    }
}

fn receipt(row: &Row<'_>) -> rusqlite::Result<Receipt> {
    Ok(Receipt {
        run: RunNumber(row.get("run")?),
        pipeline: parsed(row, "pipeline")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        outcome: optional(row, "outcome")?,
        exit_code: row.get("exit_code")?,
        engine_version: row.get("engine_version")?,
        command: row.get("command")?,
        milliseconds: maybe(row, "milliseconds")?,
        bytes_read: count(row, "bytes_read")?,
        deliveries_new: count(row, "deliveries_new")?,
        deliveries_accepted: count(row, "deliveries_accepted")?,
        deliveries_refused: count(row, "deliveries_refused")?,
        rows_read: count(row, "rows_read")?,
        rows_accepted: count(row, "rows_accepted")?,
        rows_rejected: count(row, "rows_rejected")?,
        rows_skipped: count(row, "rows_skipped")?,
        units: count(row, "units")?,
        figures_new: count(row, "figures_new")?,
        figures_changed: count(row, "figures_changed")?,
        figures_closed: count(row, "figures_closed")?,
    })
}

type Cause = Box<dyn Error + Send + Sync>;

fn unreadable(row: &Row<'_>, column: impl RowIndex, cause: impl Into<Cause>) -> rusqlite::Error {
    let at = column.idx(row.as_ref()).unwrap_or_default();
    rusqlite::Error::FromSqlConversionFailure(at, Type::Text, cause.into())
}

/// A text column as the type that it was written from.
pub(crate) fn parsed<T: FromStr<Err: Into<Cause>>>(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<T> {
    row.get::<_, String>(column)?.parse().map_err(|cause| unreadable(row, column, cause))
}

/// A text column that may be empty, as the type that it was written from.
pub(crate) fn optional<T: FromStr<Err: Into<Cause>>>(
    row: &Row<'_>,
    column: impl RowIndex,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|cause| unreadable(row, column, cause))).transpose()
}

/// A text column as one of a closed list of words.
pub(crate) fn word<T>(
    row: &Row<'_>,
    column: impl RowIndex,
    known: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    known(&text).ok_or_else(|| unreadable(row, column, format!("`{text}` is not known here")))
}

pub(crate) fn code(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Code> {
    word(row, column, Code::parse)
}

/// A column that counts something.
pub(crate) fn count(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|cause| unreadable(row, column, cause))
}

/// A column that counts something, or is empty.
pub(crate) fn maybe(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<u64>> {
    let absent = row.get::<_, Option<i64>>(column)?.is_none();
    if absent { Ok(None) } else { count(row, column).map(Some) }
}

/// The columns of a row in the order in which its query names them. Where a table has a row for every delivery, looking
/// each column up by its name would take longer than everything else.
#[derive(Debug, Default)]
pub(crate) struct InOrder(usize);

impl InOrder {
    /// The next column.
    pub(crate) fn next(&mut self) -> usize {
        self.0 += 1;
        self.0 - 1
    }
}

/// A count as `SQLite` keeps it.
pub(crate) fn whole(count: u64) -> i64 {
    i64::try_from(count).expect("no file has 2^63 bytes or rows")
}

/// The conditions of a query, each with the value that it compares with.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    clauses: Vec<&'static str>,
    values: Vec<String>,
}

impl Conditions {
    /// Adds `column = value`, where there is a value. `clause` ends in the comparison.
    pub(crate) fn equal(&mut self, clause: &'static str, value: Option<&impl ToString>) {
        if let Some(value) = value {
            self.clauses.push(clause);
            self.values.push(value.to_string());
        }
    }

    /// The clauses as a part of a query, with places for [`Conditions::values`].
    pub(crate) fn to_sql(&self) -> String {
        let joined: Vec<String> = self.clauses.iter().map(|clause| format!("{clause} ?")).collect();
        if joined.is_empty() { "1 = 1".to_owned() } else { joined.join(" AND ") }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &String> {
        self.values.iter()
    }
}
