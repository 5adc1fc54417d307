//! The last run in the text format of Prometheus, for a collector of text files.
//!
//! A file and no server: a run ends, and somebody has to ask later. All values are gauges, since a process that ends
//! counts nothing on. The format is three kinds of lines, which is less than any library for it.

use std::collections::BTreeMap;
use std::path::Path;

use pipeline::{Outcome, Standing, UnitState};

use super::Report;

const SUCCESS: &str = "musketer_run_last_success_timestamp_seconds";
const OUTCOMES: [Outcome; 7] = [
    Outcome::NothingNew,
    Outcome::Complete,
    Outcome::Partial,
    Outcome::Invalid,
    Outcome::Busy,
    Outcome::Interrupted,
    Outcome::Failed,
];

/// A metric with its values, each with labels.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) values: Vec<(Vec<(&'static str, String)>, f64)>,
}

/// All metrics, one after the other.
struct Families<'a> {
    all: Vec<Family>,
    pipeline: &'a str,
}

impl Families<'_> {
    /// A metric: its name, what it means, and its values, each with labels besides the pipeline.
    fn add<'l>(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (Vec<(&'static str, &'l str)>, f64)>,
    ) {
        let labelled = |(labels, value): (Vec<(&'static str, &'l str)>, f64)| {
            let labels = std::iter::once(("pipeline", self.pipeline)).chain(labels);
            (labels.map(|(name, value)| (name, value.to_owned())).collect(), value)
        };
        let values: Vec<_> = values.into_iter().map(labelled).collect();
        if !values.is_empty() {
            self.all.push(Family { name, help, values });
        }
    }

    fn one(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.add(name, help, [(Vec::new(), value)]);
    }
}

/// The file: every family with its help and its type, then its values.
pub(super) fn text(families: &[Family]) -> String {
    let mut lines = Vec::new();
    for Family { name, help, values } in families {
        lines.push(format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in values {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            lines.push(format!("{name}{{{}}} {value}\n", labels.join(",")));
        }
    }
    lines.concat()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[expect(clippy::cast_precision_loss, reason = "values of this format are floats, and no count comes near 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

/// What is known after a run. `before` is the file that is there already: only it knows when a run was last a success.
pub(super) fn families(report: &Report, standing: Option<&Standing>, before: Option<&str>) -> Vec<Family> {
    let result = &report.result;
    let mut all = Families { all: Vec::new(), pipeline: &result.pipeline };
    let ended = seconds_since_1970(&report.ended_at);
    all.one("musketer_run_timestamp_seconds", "When the last run ended.", ended);
    all.one(
        "musketer_run_start_timestamp_seconds",
        "When the last run started.",
        seconds_since_1970(&result.started_at),
    );
    let success = (result.exit_code == 0).then_some(ended).or_else(|| last_success(&result.pipeline, before?));
    let success = success.map(|at| (Vec::new(), at));
    all.add(SUCCESS, "When a run last ended with exit code 0.", success);
    all.one("musketer_run_duration_seconds", "How long the last run took.", report.seconds);
    all.one("musketer_run_exit_code", "The exit code of the last run.", f64::from(result.exit_code));
    all.add(
        "musketer_run_outcome",
        "How the last run ended: 1 for the one outcome that it had.",
        OUTCOMES.map(|outcome| (vec![("outcome", outcome.as_str())], f64::from(u8::from(outcome == result.outcome)))),
    );
    let memory = report.peak_memory_bytes.map(|bytes| (Vec::new(), number(bytes)));
    all.add("musketer_run_peak_memory_bytes", "The most memory that the last run held.", memory);
    let version = ("version", report.engine_version);
    all.add("musketer_build_info", "The program that ran.", [(vec![version], 1.0)]);
    if report.error.is_none() {
        of_run(&mut all, report);
    }
    if let Some(standing) = standing.filter(|_| report.error.is_none()) {
        of_store(&mut all, report, standing);
    }
    all.all
}

/// What the run did. One that published nothing has no numbers of its own, which is not the same as zero.
fn of_run(all: &mut Families<'_>, report: &Report) {
    let result = &report.result;
    let mut states: BTreeMap<&str, u64> = BTreeMap::from([("accepted", 0), ("refused", 0)]);
    for delivery in &result.deliveries {
        *states.entry(delivery.state).or_default() += 1;
    }
    all.add(
        "musketer_run_deliveries",
        "Deliveries of the last run by what became of them.",
        states.into_iter().map(|(state, count)| (vec![("state", state)], number(count))),
    );
    let rows = result.sources.iter().flat_map(|(source, of)| {
        let fates = [("accepted", of.rows_accepted), ("rejected", of.rows_rejected), ("skipped", of.rows_skipped)];
        fates.map(|(fate, rows)| (vec![("source", source.as_str()), ("fate", fate)], number(rows)))
    });
    all.add("musketer_run_rows", "Records that the last run read, by source and what became of them.", rows);
    let sum = |of: fn(&pipeline::IndicatorReport) -> u64| number(result.indicators.values().map(of).sum());
    let figures = [("new", sum(|of| of.new)), ("changed", sum(|of| of.changed)), ("unchanged", sum(|of| of.unchanged))];
    all.add(
        "musketer_run_figures",
        "Figures that the last run computed.",
        figures.map(|(change, figures)| (vec![("change", change)], figures)),
    );
    all.one(
        "musketer_unknown_files",
        "Files in the drop folder that match no source.",
        number(result.unknown_files.len() as u64),
    );
}

/// Where the store stands after it.
fn of_store(all: &mut Families<'_>, report: &Report, standing: &Standing) {
    let others = UnitState::ALL.into_iter().filter(|state| *state != UnitState::Done);
    let others = others.map(|state| (state.as_str(), report.result.units_in(state)));
    let units = std::iter::once(("done", standing.units_done)).chain(others);
    all.add(
        "musketer_units",
        "Units (source, municipality, period) by state.",
        units.map(|(state, units)| (vec![("state", state)], number(units))),
    );
    all.add(
        "musketer_deliveries",
        "Deliveries that the store knows, by state.",
        standing.deliveries.iter().map(|(state, count)| (vec![("state", state.as_str())], number(*count))),
    );
    all.one("musketer_rejects_open", "Rejected rows that are still to be seen to.", number(standing.rejects_open));
    all.add(
        "musketer_store_bytes",
        "Bytes in the store by what they are.",
        standing.bytes.iter().map(|(part, bytes)| (vec![("part", *part)], number(*bytes))),
    );
}

/// When a run of the pipeline was last a success, as an earlier file says.
fn last_success(pipeline: &str, before: &str) -> Option<f64> {
    let head = format!("{SUCCESS}{{pipeline=\"{}\"}} ", escaped(pipeline));
    before.lines().find_map(|line| line.strip_prefix(&head)?.parse().ok())
}

#[expect(clippy::cast_precision_loss, reason = "seconds are exact for millions of years")]
fn seconds_since_1970(time: &str) -> f64 {
    chrono::DateTime::parse_from_rfc3339(time).map_or(f64::NAN, |time| time.timestamp() as f64)
}

/// The file that is there already, if it can be read.
pub(super) fn before(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
