//! The state of a pipeline, for people.

mod calendar;

use pipeline::{MissingUnits, Status};

use super::{grouped, table};

/// Missing units and refused deliveries that are shown one by one.
const SHOWN: usize = 20;

/// The whole status; of one source, its units one by one.
pub(crate) fn text(status: &Status, every_delivery: bool, one_source: bool) -> String {
    let mut text = match &status.last_run {
        Some(run) => {
            format!("pipeline {}: last run {} at {}, {}\n", status.pipeline, run.run, run.started_at, run.outcome)
        }
        None => format!("pipeline {}: never run\n", status.pipeline),
    };
    if let Some(of) = &status.as_of {
        text += &format!("as it was known after run {}, which published at {}\n", of.run, of.published_at);
    }
    text += &format!("units on {}\n\n", status.day);
    if one_source {
        text += &calendar::letters(status);
    } else {
        text += &calendar::counts(status);
        text.push('\n');
        text += &missing(&status.missing);
    }
    for refused in status.refused.iter().take(SHOWN) {
        text += &format!("{}[{}]: {}\n", refused.state, refused.code, super::printable(&refused.message));
        text += &format!("  --> {}\n  help: {}\n", super::printable(&refused.name), super::printable(&refused.help));
    }
    if status.refused.len() > SHOWN {
        text += &format!("showing {SHOWN} of {} refused or withheld deliveries\n", status.refused.len());
    }
    text += &sources(status);
    text.push('\n');
    if every_delivery {
        text += &deliveries(status);
        text.push('\n');
    }
    if !status.indicators.is_empty() {
        text += &indicators(status);
    }
    text
}

fn sources(status: &Status) -> String {
    let row = |of: &pipeline::SourceStatus| {
        let numbers = [
            of.deliveries_accepted,
            of.deliveries_refused,
            of.deliveries_withheld,
            of.deliveries_superseded,
            of.rows_read,
            of.rows_accepted,
            of.rows_rejected,
            of.rows_skipped,
        ];
        std::iter::once(of.source.clone()).chain(numbers.map(grouped)).collect()
    };
    let header =
        ["source", "deliveries", "refused", "withheld", "replaced", "rows read", "accepted", "rejected", "skipped"];
    table(&header, status.sources.iter().map(row).collect(), &[1, 2, 3, 4, 5, 6, 7, 8])
}

fn missing(missing: &[MissingUnits]) -> String {
    let mut text = String::new();
    for of in missing.iter().take(SHOWN) {
        let periods = match of.periods.as_slice() {
            [one] => one.clone(),
            [first, .., last] => format!("{} periods, {first} to {last}", of.periods.len()),
            [] => continue,
        };
        text += &format!("{}: {} from {}: {periods}\n", of.state, of.source, of.municipality);
    }
    if missing.len() > SHOWN {
        text += &format!(
            "showing {SHOWN} of {} municipalities with late or missing units; --source ID shows all of a source\n",
            missing.len()
        );
    }
    text
}

fn deliveries(status: &Status) -> String {
    let row = |of: &pipeline::DeliveryLine| {
        let numbers = [of.bytes, of.rows_read, of.rows_accepted, of.rows_rejected, of.rows_skipped];
        let names = [of.delivery.clone(), of.state.clone(), of.name.clone()];
        names.into_iter().chain(numbers.map(grouped)).collect()
    };
    let header = ["delivery", "state", "name", "bytes", "rows read", "accepted", "rejected", "skipped"];
    table(&header, status.deliveries.iter().map(row).collect(), &[3, 4, 5, 6, 7])
}

fn indicators(status: &Status) -> String {
    let row = |of: &pipeline::IndicatorLine| {
        let (from, to) = of.periods.clone().unwrap_or_default();
        vec![of.indicator.clone(), of.version.to_string(), grouped(of.values), grouped(of.without_value), from, to]
    };
    let header = ["indicator", "version", "values", "without", "from", "to"];
    table(&header, status.indicators.iter().map(row).collect(), &[1, 2, 3])
}
