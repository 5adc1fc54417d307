//! What was delivered, how every unit stands on a day, and whether the books balance.

use std::collections::{BTreeMap, BTreeSet};

use loader::{DeliveryEntry, DeliveryRecord, DeliveryState, Figure, FigureFilter, UnitRecord};
use model::{Catalogue, Code, DeliveryId, DeliveryKind, Load, MunicipalityCode, Pipeline, SourceId, WorkUnit};

use super::as_of::{as_of_line, deliveries_after, known_after, units_after};
use super::{
    DeliveryLine, IndicatorLine, MissingUnits, Queries, RefusedDelivery, RunLine, SourceStatus, Status, StatusFilter,
    UnitLine, names,
};
use crate::books::precedence;
use crate::calendar::{self, Blocked, Books, OwedUnit};
use crate::work::{Readings, reading_of, readings};
use crate::{RefusalReport, RunError, UnitState};

impl Queries<'_> {
    /// What was delivered of a pipeline's sources, how every unit stands, and whether the books balance.
    pub fn status(&mut self, pipeline: &Pipeline, filter: &StatusFilter<'_>) -> Result<Status, RunError> {
        if let Some(source) = &filter.source {
            super::known_source(self.catalogue, source)?;
        }
        let reading = self.store.read()?;
        let asked = known_after(&reading, filter.as_of.as_ref())?;
        let last_run = match asked {
            Some(run) => Some(reading.run(run)?),
            None => reading.runs(1)?.into_iter().next(),
        };
        let last_run = last_run.map(|run| RunLine {
            run: run.run.0,
            started_at: run.started_at,
            outcome: run.outcome.map_or("not ended".to_owned(), |outcome| outcome.to_string()),
        });
        let (units, known) = match asked {
            None => (reading.units()?, reading.deliveries()?),
            Some(run) => {
                let revisions = reading.unit_revisions()?;
                let known = deliveries_after(reading.deliveries()?, &revisions, &reading.acts()?, run);
                (units_after(self.catalogue, &revisions, run), known)
            }
        };
        let wanted = |id: &SourceId| filter.source.as_ref().is_none_or(|source| source == id.as_str());
        let used: BTreeSet<&SourceId> =
            pipeline.uses.iter().map(|usage| &usage.source).filter(|id| wanted(id)).collect();
        let is_ours = |entry: &DeliveryEntry| used.contains(&entry.record.delivery.scope.source);
        let deliveries: Vec<DeliveryEntry> = known.into_iter().filter(is_ours).collect();
        let owed = owed_units(self.catalogue, pipeline, &units, &deliveries, filter);
        let mut sources = source_statuses(&used, &deliveries);
        count_units(&owed, &mut sources);
        let mut indicators = BTreeMap::new();
        // Whoever asks for one source asks for its calendar.
        if filter.source.is_none() {
            for figure in reading.figures(&FigureFilter { as_of: asked, ..FigureFilter::default() })? {
                count_figure(&mut indicators, &figure);
            }
        }
        Ok(Status {
            pipeline: pipeline.id.to_string(),
            day: filter.day.to_string(),
            as_of: asked.map(|run| as_of_line(&reading, run)).transpose()?,
            last_run,
            sources: sources.into_values().collect(),
            missing: missing_units(&owed),
            municipalities: titles(self.catalogue, &owed, filter),
            units: owed.into_iter().map(unit_line).collect(),
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

/// How the units stand that the filter takes.
fn owed_units(
    catalogue: &Catalogue,
    pipeline: &Pipeline,
    units: &[UnitRecord],
    deliveries: &[DeliveryEntry],
    filter: &StatusFilter<'_>,
) -> Vec<OwedUnit> {
    let by_id: BTreeMap<&DeliveryId, &DeliveryEntry> =
        deliveries.iter().map(|entry| (&entry.record.delivery.id, entry)).collect();
    let fingerprint = |usage: &model::Usage| {
        let source = catalogue.sources.get(&usage.source)?;
        Some((source.id.clone(), readings(catalogue, pipeline, source, filter.keys)))
    };
    let today: BTreeMap<SourceId, Readings> = pipeline.uses.iter().filter_map(fingerprint).collect();
    let is_unknown = |source: &SourceId| filter.keys.is_none() && is_personal(catalogue, source);
    let of_entry = |entry: &DeliveryEntry| {
        let delivery = &entry.record.delivery;
        let load = catalogue.sources.get(&delivery.scope.source).map_or(Load::Period, |source| source.load);
        precedence(delivery, entry.sequence, load)
    };
    let of_delivery = |id: &DeliveryId| by_id.get(id).copied().map(of_entry);
    let standing = |unit: &UnitRecord| {
        let delivery = by_id.get(&unit.delivery).map(|entry| &entry.record.delivery);
        let current = |delivery| reading_of(catalogue, pipeline, &today, delivery) == unit.reading;
        if delivery.is_some_and(|delivery| delivery.kind == DeliveryKind::Receipt) {
            return UnitState::NothingToReport;
        }
        let is_current = filter.as_of.is_some() || is_unknown(&unit.unit.source) || delivery.is_none_or(current);
        if is_current { UnitState::Done } else { UnitState::Stale }
    };
    let blocked = deliveries.iter().filter_map(|entry| Blocked::of(&entry.record, of_entry(entry)));
    let books = Books::new(catalogue, units.iter(), blocked, &of_delivery, &standing);
    let mut owed = calendar::units(catalogue, pipeline, &books, filter.day);
    owed.retain(|unit| filter.takes(&unit.source, unit.municipality, unit.period));
    owed
}

/// Whether the rows of a source are made with the key for pseudonyms.
fn is_personal(catalogue: &Catalogue, source: &SourceId) -> bool {
    let dataset = catalogue.sources.get(source).and_then(|source| catalogue.datasets.get(&source.dataset));
    dataset.is_some_and(|dataset| dataset.is_personal())
}

/// The names of the municipalities that there are units of, on the day.
fn titles(catalogue: &Catalogue, owed: &[OwedUnit], filter: &StatusFilter<'_>) -> BTreeMap<String, String> {
    let codes: BTreeSet<MunicipalityCode> = owed.iter().map(|unit| unit.municipality).collect();
    let named = codes.into_iter().filter_map(|code| {
        let (list, code) = (catalogue.municipalities()?, code.to_string());
        let title = list.title_of(list.index_of(&code)?, filter.day).da.clone();
        Some((code, title))
    });
    named.collect()
}

fn unit_line(unit: OwedUnit) -> UnitLine {
    UnitLine {
        source: unit.source.to_string(),
        municipality: unit.municipality.to_string(),
        period: unit.period,
        state: unit.state,
        due: unit.due.map(|day| day.to_string()),
        late_after: unit.last_day.map(|day| day.to_string()),
        delivery: unit.delivery.map(|delivery| delivery.to_string()),
        code: unit.code.map(|code| code.to_string()),
    }
}

impl Queries<'_> {
    /// Whether somebody lets a delivery hold whatever the budget of its source says.
    pub fn is_released(&mut self, delivery: &DeliveryId) -> Result<bool, RunError> {
        Ok(self.decisions()?.released.contains(delivery))
    }

    /// Which deliveries hold these units; nothing of those that nobody holds.
    pub fn holders(&mut self, units: &[WorkUnit]) -> Result<Vec<(WorkUnit, DeliveryLine)>, RunError> {
        let reading = self.store.read()?;
        let held: BTreeMap<WorkUnit, DeliveryId> =
            reading.units()?.into_iter().map(|record| (record.unit, record.delivery)).collect();
        let deliveries = reading.deliveries()?;
        let found = units.iter().filter_map(|unit| {
            let id = held.get(unit)?;
            let entry = deliveries.iter().find(|entry| entry.record.delivery.id == *id)?;
            Some((unit.clone(), delivery_line(entry)))
        });
        Ok(found.collect())
    }
}

fn source_statuses(used: &BTreeSet<&SourceId>, deliveries: &[DeliveryEntry]) -> BTreeMap<String, SourceStatus> {
    let empty = |id: &SourceId| (id.to_string(), SourceStatus { source: id.to_string(), ..SourceStatus::default() });
    let mut sources: BTreeMap<String, SourceStatus> = used.iter().map(|id| empty(id)).collect();
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

/// What is late or missing, by source and municipality.
fn missing_units(owed: &[OwedUnit]) -> Vec<MissingUnits> {
    let mut missing: BTreeMap<(&SourceId, MunicipalityCode, UnitState), Vec<String>> = BTreeMap::new();
    for unit in owed.iter().filter(|unit| unit.state.is_overdue()) {
        let of = (&unit.source, unit.municipality, unit.state);
        missing.entry(of).or_default().push(unit.period.to_string());
    }
    let line = |((source, municipality, state), periods): ((&SourceId, MunicipalityCode, UnitState), Vec<String>)| {
        MissingUnits { source: source.to_string(), municipality: municipality.to_string(), state, periods }
    };
    missing.into_iter().map(line).collect()
}

fn count_units(owed: &[OwedUnit], sources: &mut BTreeMap<String, SourceStatus>) {
    for unit in owed {
        if let Some(status) = sources.get_mut(unit.source.as_str()) {
            status.units_owed += 1;
            status.units_done += u64::from(unit.state.holds());
            status.units_missing += u64::from(unit.state.is_overdue());
            *status.states.entry(unit.state).or_default() += 1;
        }
    }
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
    let (DeliveryState::Refused(refusal) | DeliveryState::Withheld(refusal)) = &entry.record.state else { return None };
    let delivery = &entry.record.delivery;
    let report = RefusalReport::from(refusal);
    Some(RefusedDelivery {
        delivery: delivery.id.to_string(),
        name: delivery.name.clone(),
        source: delivery.scope.source.to_string(),
        state: entry.record.state.as_str(),
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
