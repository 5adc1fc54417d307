//! The report of one file: the counts, and every rejected row with its place.
//!
//! Rejected rows are written as they are found, so that a file of nothing but mistakes does not fill the memory. So
//! they stand first in the report, and the counts, known at the end, behind them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use model::{Code, Notice, RawBatch, RejectedRow, RowTally};
use serde::Serialize;

use super::output::Pending;
use crate::{NoticeReport, RefusalReport, RunError};

/// What became of one file. `rows_in` = `rows_loaded` + `rows_rejected` + `rows_skipped`, if it was read to its end.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ReadReport {
    /// The file.
    pub file: String,
    /// The source that it was read by, if it was one.
    pub source: Option<String>,
    /// Why it was refused, if it was: then nothing that was written of it may be used.
    pub refused: Option<RefusalReport>,
    /// Records in the file, header and footer included.
    pub rows_in: u64,
    /// Records that were written.
    pub rows_loaded: u64,
    /// Records that could not be loaded.
    pub rows_rejected: u64,
    /// Records that a rule left out.
    pub rows_skipped: u64,
    /// The same by the rule's name.
    pub skipped: BTreeMap<String, u64>,
    /// Rejected rows by code.
    pub rejected_by_code: BTreeMap<String, u64>,
    /// What is worth knowing about the others.
    pub notices: Vec<NoticeReport>,
    /// The first rejected rows, for messages; the report file has them all.
    #[serde(skip)]
    pub first_rejects: Vec<RejectedRow>,
}

/// Rejected rows that are kept for messages.
const FIRST: usize = 10;

/// A rejected row in a report.
#[derive(Serialize)]
struct Reject<'a> {
    line: u64,
    lines: u64,
    record: u64,
    column: Option<&'a str>,
    code: String,
    name: &'static str,
    reason: &'a str,
}

impl ReadReport {
    /// Counts rejected rows, and keeps the first.
    pub(super) fn reject(&mut self, rows: &[RejectedRow]) {
        self.rows_rejected += rows.len() as u64;
        for row in rows {
            *self.rejected_by_code.entry(row.code.to_string()).or_insert(0) += 1;
        }
        let room = FIRST.saturating_sub(self.first_rejects.len());
        self.first_rejects.extend(rows.iter().take(room).cloned());
    }

    /// Closes the account of a file that was read to its end.
    pub(super) fn close(&mut self, tally: &RowTally, notices: &[Notice]) -> Result<(), RunError> {
        tally.balance().map_err(|error| RunError::Internal(format!("{}: {error}", self.file)))?;
        self.rows_in = tally.read;
        self.rows_loaded = tally.accepted;
        self.rows_skipped = tally.skipped_total();
        self.skipped = tally.skipped.clone();
        self.notices = notices.iter().map(NoticeReport::from).collect();
        Ok(())
    }
}

/// The file that a report is written to.
pub struct ReportFile {
    pending: Pending,
    out: BufWriter<File>,
    empty: bool,
}

impl std::fmt::Debug for ReportFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportFile").field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl ReportFile {
    /// Begins a report; what cannot be written is said before the file is read, not after it.
    pub fn begin(path: &Path) -> Result<Self, RunError> {
        let (pending, file) = Pending::begin(path)?;
        let mut report = Self { pending, out: BufWriter::new(file), empty: true };
        report.put(b"{\"rejects\":[")?;
        Ok(report)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        self.out.write_all(bytes).map_err(RunError::file("the report"))
    }

    /// Adds rejected rows of this batch.
    pub(super) fn add(&mut self, rows: &[RejectedRow], batch: &RawBatch) -> Result<(), RunError> {
        for row in rows {
            let line = Reject {
                line: row.line,
                lines: batch.lines_of(row.record).unwrap_or(1),
                record: row.record,
                column: row.column.as_deref(),
                code: row.code.to_string(),
                name: Code::name(row.code),
                reason: &row.reason,
            };
            let json = serde_json::to_vec(&line).map_err(|error| RunError::Internal(error.to_string()))?;
            self.put(if self.empty { b"\n" } else { b",\n" })?;
            self.put(&json)?;
            self.empty = false;
        }
        Ok(())
    }

    /// Ends the report, and gives the file its name.
    pub(super) fn finish(mut self, report: &ReadReport) -> Result<(), RunError> {
        let json = serde_json::to_string_pretty(report).map_err(|error| RunError::Internal(error.to_string()))?;
        // The object goes on where the list of rejects ends.
        let rest = json.strip_prefix('{').unwrap_or(&json);
        self.put(if self.empty { b"]," } else { b"\n]," })?;
        self.put(rest.as_bytes())?;
        self.put(b"\n")?;
        self.out.flush().map_err(RunError::file("the report"))?;
        self.pending.keep()
    }
}
