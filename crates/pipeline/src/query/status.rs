//! What was delivered, what is missing, and whether the books balance.

use std::collections::{BTreeMap, BTreeSet};

use loader::{DeliveryEntry, DeliveryRecord, DeliveryState, Figure, FigureFilter};
use model::{Catalogue, Code, MunicipalityCode, Pipeline, SourceId, WorkUnit};

use super::{
    DeliveryLine, IndicatorLine, MissingUnits, Queries, RefusedDelivery, RunLine, SourceStatus, Status, names,
};
use crate::coverage::Coverage;
use crate::{RefusalReport, RunError};

impl Queries<'_> {
    /// What was delivered of a pipeline's sources, what is missing, and whether the books balance.
    pub fn status(&mut self, pipeline: &Pipeline) -> Result<Status, RunError> {
        let reading = self.store.read()?;
        let last_run = reading.runs(1)?.into_iter().next().map(|run| RunLine {
            run: run.run.0,
            started_at: run.started_at,
            outcome: run.outcome.map_or("not ended".to_owned(), |outcome| outcome.to_string()),
        });
        let units: Vec<WorkUnit> = reading.units()?.into_iter().map(|record| record.unit).collect();
        let used: BTreeSet<&str> = pipeline.uses.iter().map(|usage| usage.source.as_str()).collect();
        let deliveries: Vec<DeliveryEntry> = reading
            .deliveries()?
            .into_iter()
            .filter(|entry| used.contains(entry.record.delivery.scope.source.as_str()))
            .collect();
        let coverage = Coverage::of(self.catalogue, pipeline, units.iter());
        let missing = missing_units(self.catalogue, pipeline, &coverage, &units);
        let mut sources = source_statuses(pipeline, &deliveries);
        count_units(self.catalogue, pipeline, &coverage, &units, &mut sources);
        let mut indicators = BTreeMap::new();
        for figure in reading.figures(&FigureFilter::default())? {
            count_figure(&mut indicators, &figure);
        }
        Ok(Status {
            pipeline: pipeline.id.to_string(),
            last_run,
            sources: sources.into_values().collect(),
            missing,
            refused: deliveries.iter().filter_map(refused_delivery).collect(),
            deliveries: deliveries.iter().map(delivery_line).collect(),
            indicators: indicators.into_values().collect(),
        })
    }
}

impl Queries<'_> {
    /// The one delivery whose identifier begins so.
    pub fn delivery(&mut self, beginning: &str) -> Result<DeliveryLine, RunError> {
        let deliveries = self.store.read()?.deliveries()?;
        let meant = |entry: &&DeliveryEntry| entry.record.delivery.id.as_str().starts_with(beginning);
        let found: Vec<&DeliveryEntry> = deliveries.iter().filter(meant).collect();
        match found.as_slice() {
            [one] => Ok(delivery_line(one)),
            [] => {
                let message = format!("no delivery has the identifier `{}`", model::redact(beginning));
                Err(RunError::usage(Code::DELIVERY_UNKNOWN, message))
            }
            several => Err(RunError::Usage {
                code: Code::DELIVERY_UNKNOWN,
                message: format!("{} deliveries have identifiers that begin with `{beginning}`", several.len()),
                help: format!("write more digits: {}", names(several.iter().map(|one| &one.record.delivery.id))),
            }),
        }
    }
}

fn source_statuses(pipeline: &Pipeline, deliveries: &[DeliveryEntry]) -> BTreeMap<String, SourceStatus> {
    let empty = |id: &SourceId| (id.to_string(), SourceStatus { source: id.to_string(), ..SourceStatus::default() });
    let mut sources: BTreeMap<String, SourceStatus> = pipeline.uses.iter().map(|usage| empty(&usage.source)).collect();
    for entry in deliveries {
        let record = &entry.record;
        let Some(status) = sources.get_mut(record.delivery.scope.source.as_str()) else { continue };
        match record.state {
            DeliveryState::Accepted => {
                status.deliveries_accepted += 1;
                status.rows_read += record.tally.read;
                status.rows_accepted += record.tally.accepted;
                status.rows_rejected += record.tally.rejected;
                status.rows_skipped += record.tally.skipped_total();
            }
            DeliveryState::Refused(_) => status.deliveries_refused += 1,
            DeliveryState::Withheld(_) => status.deliveries_withheld += 1,
            DeliveryState::Superseded | DeliveryState::Retracted => status.deliveries_superseded += 1,
        }
    }
    sources
}

/// Calls `visit` for every unit that the pipeline owes.
fn for_each_owed(catalogue: &Catalogue, pipeline: &Pipeline, coverage: &Coverage, visit: &mut impl FnMut(WorkUnit)) {
    for usage in &pipeline.uses {
        let Some(source) = catalogue.sources.get(&usage.source) else { continue };
        let Some(used) = coverage.used.get(&source.dataset) else { continue };
        let ours = used.iter().filter(|(municipality, period)| {
            usage.municipalities.binary_search(municipality).is_ok()
                && *period >= usage.from
                && usage.to.is_none_or(|to| *period <= to)
        });
        for (municipality, period) in ours {
            visit(WorkUnit { source: source.id.clone(), municipality: *municipality, period: *period });
        }
    }
}

fn missing_units(
    catalogue: &Catalogue,
    pipeline: &Pipeline,
    coverage: &Coverage,
    units: &[WorkUnit],
) -> Vec<MissingUnits> {
    let delivered: BTreeSet<&WorkUnit> = units.iter().collect();
    let mut missing: BTreeMap<(SourceId, MunicipalityCode), Vec<String>> = BTreeMap::new();
    for_each_owed(catalogue, pipeline, coverage, &mut |unit| {
        if !delivered.contains(&unit) {
            missing.entry((unit.source, unit.municipality)).or_default().push(unit.period.to_string());
        }
    });
    let line = |((source, municipality), periods): ((SourceId, MunicipalityCode), Vec<String>)| MissingUnits {
        source: source.to_string(),
        municipality: municipality.to_string(),
        periods,
    };
    missing.into_iter().map(line).collect()
}

fn count_units(
    catalogue: &Catalogue,
    pipeline: &Pipeline,
    coverage: &Coverage,
    units: &[WorkUnit],
    sources: &mut BTreeMap<String, SourceStatus>,
) {
    let delivered: BTreeSet<&WorkUnit> = units.iter().collect();
    for_each_owed(catalogue, pipeline, coverage, &mut |unit| {
        if let Some(status) = sources.get_mut(unit.source.as_str()) {
            let done = u64::from(delivered.contains(&unit));
            status.units_owed += 1;
            status.units_done += done;
            status.units_missing += 1 - done;
        }
    });
}

fn count_figure(indicators: &mut BTreeMap<String, IndicatorLine>, figure: &Figure) {
    let line = indicators.entry(figure.indicator.to_string()).or_insert_with(|| IndicatorLine {
        indicator: figure.indicator.to_string(),
        version: figure.version.0,
        values: 0,
        without_value: 0,
        periods: None,
    });
    line.version = line.version.max(figure.version.0);
    if figure.value.is_some() {
        line.values += 1;
    } else {
        line.without_value += 1;
    }
    let period = figure.period.to_string();
    let (from, to) = line.periods.get_or_insert_with(|| (period.clone(), period.clone()));
    if period < *from {
        from.clone_from(&period);
    }
    if period > *to {
        to.clone_from(&period);
    }
}

fn refused_delivery(entry: &DeliveryEntry) -> Option<RefusedDelivery> {
    let DeliveryState::Refused(refusal) = &entry.record.state else { return None };
    let delivery = &entry.record.delivery;
    let report = RefusalReport::from(refusal);
    Some(RefusedDelivery {
        delivery: delivery.id.to_string(),
        name: delivery.name.clone(),
        source: delivery.scope.source.to_string(),
        code: report.code,
        message: report.message,
        help: report.help,
    })
}

pub(super) fn delivery_line(entry: &DeliveryEntry) -> DeliveryLine {
    let DeliveryRecord { delivery, state, tally, .. } = &entry.record;
    DeliveryLine {
        delivery: delivery.id.to_string(),
        name: delivery.name.clone(),
        source: delivery.scope.source.to_string(),
        state: state.as_str().to_owned(),
        content: delivery.content.to_string(),
        bytes: delivery.bytes,
        rows_read: tally.read,
        rows_accepted: tally.accepted,
        rows_rejected: tally.rejected,
        rows_skipped: tally.skipped_total(),
    }
}
