//! What a run did: for people as a table, for machines as JSON.

use std::collections::BTreeMap;

use model::{Notice, Refusal, RowTally, redact};
use serde::Serialize;

use crate::{LockHolder, UnitState};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was new: no delivery was read and no figure computed.
    NothingNew,
    /// Everything that was new was published.
    Complete,
    /// Some deliveries were refused; everything else was published.
    Partial,
    /// Nothing was done: the command line, the configuration or the definitions are wrong.
    Invalid,
    /// Nothing was done: another run works on the store.
    Busy,
    /// Nothing was published: it was told to stop.
    Interrupted,
    /// Nothing was published: the store, a disk or the network failed, or the program made a mistake.
    Failed,
}

impl Outcome {
    /// The exit code that the outcome stands for. A run that was told to stop ends with that of the signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NothingNew | Self::Complete => 0,
            Self::Invalid => 2,
            Self::Partial => 3,
            Self::Busy => 4,
            Self::Interrupted => 130,
            Self::Failed => 70,
        }
    }

    /// The word used in tables and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingNew => "nothing_new",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Invalid => "invalid",
            Self::Busy => "busy",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What became of a delivery in this run.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryReport {
    /// Its identifier; empty for a file that was never taken into the archive.
    pub delivery: String,
    /// Its name.
    pub name: String,
    /// The source; empty if none is known.
    pub source: String,
    /// `accepted`, `refused` or `withheld`.
    pub state: &'static str,
    /// Records read.
    pub rows_read: u64,
    /// Records accepted.
    pub rows_accepted: u64,
    /// Records rejected.
    pub rows_rejected: u64,
    /// Records skipped, by rule.
    pub rows_skipped: BTreeMap<String, u64>,
    /// What became of the rows that an earlier reading had rejected; `None` where there was none.
    pub read_again: Option<ReadAgain>,
    /// Why it was refused or withheld.
    pub refusal: Option<RefusalReport>,
    /// What is worth knowing.
    pub notices: Vec<NoticeReport>,
}

/// What became of a delivery's rejected rows when it was read again. All count records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ReadAgain {
    /// Those that are not rejected any more: they are loaded, or left out by a named rule.
    pub passed: u64,
    /// Those that are rejected as before, for whatever reason.
    pub still_rejected: u64,
    /// Those that were not rejected before.
    pub newly_rejected: u64,
}

/// Why a delivery was refused, or the one file that was to be read. What looks like a personal identification number
/// is masked, also in a refusal that an earlier version of the program stored.
#[derive(Debug, Clone, Serialize)]
pub struct RefusalReport {
    /// The code.
    pub code: String,
    /// The code's short name.
    pub name: &'static str,
    /// What is wrong.
    pub message: String,
    /// The line, where one is to blame.
    pub line: Option<u64>,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// The way out.
    pub help: String,
}

impl From<&Refusal> for RefusalReport {
    fn from(refusal: &Refusal) -> Self {
        let info = refusal.code.info();
        Self {
            code: refusal.code.to_string(),
            name: info.name,
            message: redact(&refusal.message).into_owned(),
            line: refusal.line,
            column: refusal.column.as_deref().map(|column| redact(column).into_owned()),
            help: refusal.help.as_deref().map_or_else(|| info.remedy.to_owned(), |help| redact(help).into_owned()),
        }
    }
}

/// Something worth knowing about a delivery that was accepted.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeReport {
    /// The code.
    pub code: String,
    /// What it is.
    pub message: String,
    /// How many rows it concerns.
    pub rows: u64,
    /// The line of the first.
    pub first_line: Option<u64>,
}

impl From<&Notice> for NoticeReport {
    fn from(notice: &Notice) -> Self {
        Self {
            code: notice.code.to_string(),
            message: redact(&notice.message).into_owned(),
            rows: notice.rows,
            first_line: notice.first_line,
        }
    }
}

/// The sums of a source's deliveries in this run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceReport {
    /// Deliveries accepted.
    pub accepted: u64,
    /// Deliveries refused.
    pub refused: u64,
    /// Deliveries withheld.
    pub withheld: u64,
    /// Records read.
    pub rows_read: u64,
    /// Records accepted.
    pub rows_accepted: u64,
    /// Records rejected.
    pub rows_rejected: u64,
    /// Records skipped.
    pub rows_skipped: u64,
    /// Units of work (municipality and period) that were published.
    pub units: u64,
}

impl SourceReport {
    /// Adds the sums of another run.
    fn add_all(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.withheld += other.withheld;
        self.rows_read += other.rows_read;
        self.rows_accepted += other.rows_accepted;
        self.rows_rejected += other.rows_rejected;
        self.rows_skipped += other.rows_skipped;
        self.units += other.units;
    }

    /// Adds an accepted delivery.
    pub(crate) fn add(&mut self, tally: &RowTally, units: u64) {
        self.accepted += 1;
        self.rows_read += tally.read;
        self.rows_accepted += tally.accepted;
        self.rows_rejected += tally.rejected;
        self.rows_skipped += tally.skipped_total();
        self.units += units;
    }
}

/// What became of an indicator's figures in this run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndicatorReport {
    /// Figures that did not exist before.
    pub new: u64,
    /// Figures that replaced earlier ones, which are kept as revisions.
    pub changed: u64,
    /// Figures that were computed again and came out the same.
    pub unchanged: u64,
}

/// A process that held the store before and ended without releasing it.
#[derive(Debug, Clone, Serialize)]
pub struct UnreleasedReport {
    /// Who that was, if it is known.
    pub holder: Option<LockHolder>,
    /// The runs that it had published before it ended.
    pub published: Vec<i64>,
}

impl std::fmt::Display for UnreleasedReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.holder {
            Some(holder) => write!(f, "{holder}, ended without releasing the store")?,
            None => write!(f, "a process that had not yet said who it is ended without releasing the store")?,
        }
        match self.published.as_slice() {
            [] => write!(f, "; nothing of it was published"),
            [run] => write!(f, "; run {run} had been published before"),
            [first, .., last] => write!(f, "; runs {first} to {last} had been published before"),
        }
    }
}

/// The report of a run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The number of the run; `None` if nothing was new, for then there was no run to record.
    pub run: Option<i64>,
    /// The pipeline.
    pub pipeline: String,
    /// When it started, as the caller writes times.
    pub started_at: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The exit code.
    pub exit_code: u8,
    /// Deliveries known in all, this run's included.
    pub deliveries_known: u64,
    /// What became of each delivery that this run looked at.
    pub deliveries: Vec<DeliveryReport>,
    /// The sums by source.
    pub sources: BTreeMap<String, SourceReport>,
    /// What became of each indicator that was computed.
    pub indicators: BTreeMap<String, IndicatorReport>,
    /// Files in the drop folder that match no source.
    pub unknown_files: Vec<String>,
    /// Deliveries that an earlier run refused and that have not been replaced.
    pub still_refused: u64,
    /// Units that are late or missing on the day on which the run started.
    pub units_missing: u64,
    /// How all units stand on that day, by source and state.
    pub units: BTreeMap<String, BTreeMap<UnitState, u64>>,
    /// Who held the store before and ended without releasing it, if it was so.
    pub unreleased: Option<UnreleasedReport>,
}

impl RunReport {
    /// How many units of all sources are in a state.
    pub fn units_in(&self, state: UnitState) -> u64 {
        self.units.values().filter_map(|states| states.get(&state)).sum()
    }

    /// Adds the next step of a backfill: what came of all of them is told together.
    pub(crate) fn add_step(&mut self, step: Self) {
        let Self { run, outcome, deliveries, sources, indicators, unreleased, .. } = step;
        self.run = run.or(self.run);
        self.outcome = match (self.outcome, outcome) {
            (Outcome::Partial, _) | (_, Outcome::Partial) => Outcome::Partial,
            (Outcome::Complete, _) | (_, Outcome::Complete) => Outcome::Complete,
            (before, _) => before,
        };
        self.exit_code = self.outcome.exit_code();
        self.deliveries.extend(deliveries);
        for (name, of) in sources {
            self.sources.entry(name).or_default().add_all(&of);
        }
        for (name, of) in indicators {
            let sum = self.indicators.entry(name).or_default();
            (sum.new, sum.changed, sum.unchanged) =
                (sum.new + of.new, sum.changed + of.changed, sum.unchanged + of.unchanged);
        }
        self.unreleased = self.unreleased.take().or(unreleased);
        // How everything stands is how it stood at last.
        self.deliveries_known = step.deliveries_known;
        self.still_refused = step.still_refused;
        self.units_missing = step.units_missing;
        self.units = step.units;
    }

    /// The report of a run that did nothing, or of which nothing is left.
    pub fn without_result(pipeline: String, started_at: String, outcome: Outcome) -> Self {
        Self {
            run: None,
            pipeline,
            started_at,
            outcome,
            exit_code: outcome.exit_code(),
            deliveries_known: 0,
            deliveries: Vec::new(),
            sources: BTreeMap::new(),
            indicators: BTreeMap::new(),
            unknown_files: Vec::new(),
            still_refused: 0,
            units_missing: 0,
            units: BTreeMap::new(),
            unreleased: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Code;

    use super::*;

    #[test]
    fn a_report_quotes_no_number_of_a_person() {
        let stored = Refusal {
            code: Code::COLUMN_MISSING,
            message: "found: `610101-1234`".to_owned(),
            line: Some(1),
            column: Some("6101011234".to_owned()),
            help: Some("declare an alias: `610101-1234`".to_owned()),
        };
        let report = RefusalReport::from(&stored);
        assert_eq!(report.message, "found: `[redacted]`");
        assert_eq!(report.column.as_deref(), Some("[redacted]"));
        assert_eq!(report.help, "declare an alias: `[redacted]`");
        let message = "columns: `6101011234`".to_owned();
        let notice = Notice { code: Code::COLUMN_EXTRA, message, rows: 0, first_line: None };
        assert_eq!(NoticeReport::from(&notice).message, "columns: `[redacted]`");
    }
}
