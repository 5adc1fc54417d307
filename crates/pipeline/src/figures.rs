//! Which figures must be computed again, and their computation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use loader::{FigureCounts, FigureKey, Publication, Why};
use model::{
    Area, Catalogue, Dataset, DatasetId, FieldName, Indicator, Measure, MeasureValue, MunicipalityCode, Observation,
    Period, Reading, Series, Stop, WorkUnit,
};
use normaliser::{CanonicalFile, DatasetRows, Member, Partials, Request};

use crate::RunError;
use crate::approvals::Approvals;
use crate::causes::{Basis, Causes};
use crate::coverage::{Cell, Coverage};
use crate::geography::Geography;
use crate::series::Asked;

/// A unit that holds, with the path of its canonical rows.
#[derive(Debug, Clone)]
pub(crate) struct UnitFile {
    pub(crate) unit: WorkUnit,
    pub(crate) dataset: DatasetId,
    pub(crate) path: Option<std::path::PathBuf>,
    /// What was aggregated of the rows while they were read, if that was in this run.
    pub(crate) partials: Option<Arc<Partials>>,
}

/// Some figures of a series that are computed again, all by one plan.
pub(crate) struct Task<'a> {
    pub(crate) series: &'a Series,
    pub(crate) plan: &'a Indicator,
    pub(crate) wanted: Wanted,
}

/// What is computed again.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The periods whose figures are made again.
    pub(crate) periods: BTreeSet<Period>,
    /// The cells whose measures are made again; the measures of the others are as they were.
    pub(crate) cells: BTreeSet<Cell>,
    /// Why.
    pub(crate) causes: Causes,
}

/// The units that a run changed, by dataset and cell, and why.
pub(crate) type Changed = BTreeMap<(DatasetId, Cell), Why>;

/// Everything that figures are computed from.
pub(crate) struct Sources<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) municipalities: &'a [MunicipalityCode],
    pub(crate) coverage: &'a Coverage,
    pub(crate) units: &'a [UnitFile],
    pub(crate) approvals: &'a Approvals,
}

impl<'a> Sources<'a> {
    /// What a measure reads.
    fn readings<'m>(&self, measure: &'m Measure) -> Vec<Reading<'m>>
    where
        'a: 'm,
    {
        let dataset = |id: &DatasetId| self.catalogue.datasets.get(id).map(AsRef::as_ref);
        measure.readings(dataset).unwrap_or_default()
    }

    /// For whom the rows of a municipality are read.
    fn read_for<'m>(&'m self, reading: &Reading<'_>, municipality: &'m MunicipalityCode) -> &'m [MunicipalityCode] {
        if reading.is_for_all() { self.municipalities } else { std::slice::from_ref(municipality) }
    }

    /// Whether there is such a municipality at the beginning of the period. Who is merged into another one during a period
    /// still has the figures of it, and who begins then has those of the next.
    fn exists(&self, (municipality, period): Cell) -> bool {
        self.municipalities.binary_search(&municipality).is_ok()
            && Geography::of(self.catalogue).has(municipality, period.start())
    }
}

/// What the units that changed lead to, or all that are there.
fn reached(sources: &Sources<'_>, indicator: &Indicator, changed: &Changed, all: bool) -> Wanted {
    let mut wanted = Wanted::default();
    let valid = |period: &Period| indicator.defines(*period);
    for reading in indicator.measures.iter().flat_map(|measure| sources.readings(measure)) {
        let delivered = sources.coverage.delivered.get(&reading.dataset.id);
        let horizon = delivered.into_iter().flatten().map(|(_, part)| part.end()).max();
        let everything = delivered.filter(|_| all);
        let mut touched: BTreeMap<Period, Vec<Period>> = BTreeMap::new();
        let cells = changed.iter().filter(|((dataset, _), _)| *dataset == reading.dataset.id);
        let cells = cells.map(|((_, cell), why)| (cell, Some(*why)));
        for ((municipality, part), why) in cells.chain(everything.into_iter().flatten().map(|cell| (cell, None))) {
            let horizon = horizon.unwrap_or(part.end());
            let touched = touched.entry(*part);
            let touched = touched.or_insert_with(|| reading.touched(*part, indicator.period, horizon));
            for period in touched.iter().copied().filter(valid) {
                wanted.periods.insert(period);
                let whose = sources.read_for(&reading, municipality);
                wanted.cells.extend(whose.iter().map(|municipality| (*municipality, period)));
                if let Some(why) = why {
                    wanted.causes.add(period, whose, why);
                }
            }
        }
    }
    wanted
}

/// All figures of indicators, as a run would make them of the rows that are there. Nothing is written.
pub(crate) fn all_of<'a>(
    sources: &Sources<'a>,
    indicators: &[&'a Indicator],
) -> Result<Vec<Vec<Observation>>, RunError> {
    let nothing = Changed::new();
    let cells_of = |indicator: &Indicator| -> BTreeSet<Cell> {
        let periods = reached(sources, indicator, &nothing, true).periods;
        let published = periods.into_iter().filter(|period| is_published(sources, indicator, *period));
        let everybody = published.flat_map(|period| sources.municipalities.iter().map(move |code| (*code, period)));
        everybody.filter(|cell| sources.exists(*cell)).collect()
    };
    let work: Vec<(&Indicator, BTreeSet<Cell>)> =
        indicators.iter().map(|indicator| (*indicator, cells_of(indicator))).collect();
    let rows = rows_for(sources, &work);
    let requests: Vec<Request<'_>> =
        work.iter().map(|(indicator, cells)| Request { indicator, wanted: cells }).collect();
    let measured = normaliser::measure(&requests, &rows, &Stop::default())?;
    let geography = Geography::of(sources.catalogue);
    let members = |period: Period| geography.members(sources.municipalities, period.start());
    let observed = work.iter().zip(measured);
    observed.map(|((indicator, _), measures)| Ok(normaliser::observe(indicator, &measures, &members)?)).collect()
}

/// What a task has to compute again, given the units that changed; everything if the basis of its series did.
pub(crate) fn wanted(
    sources: &Sources<'_>,
    Task { series, plan: indicator, .. }: &Task<'_>,
    changed: &Changed,
    basis: Basis,
    publication: &Publication<'_>,
) -> Result<Wanted, RunError> {
    let valid = |period: &Period| indicator.defines(*period);
    // Another index is another price of the base, and with it of every period.
    let priced = changed.iter().filter(|((dataset, _), _)| indicator.is_priced_by(dataset)).map(|(_, why)| *why).max();
    let all = basis != Basis::Kept || priced.is_some();
    let mut wanted = reached(sources, indicator, changed, all);
    wanted.causes.basis = basis;
    wanted.causes.add_to_all(priced);
    if all {
        // What is published no more has to be withdrawn, also where nothing is left that would lead to it.
        let observed = publication.read().observed(series)?;
        wanted.periods.extend(observed.into_iter().map(|key| key.period).filter(valid));
        let everybody = wanted.periods.iter().flat_map(|p| sources.municipalities.iter().map(|code| (*code, *p)));
        wanted.cells.extend(everybody);
    }
    if compares(indicator) {
        // Whether a value is plausible depends on the period before.
        let observed = publication.read().observed(series)?;
        let observed: BTreeSet<Period> = observed.into_iter().map(|key| key.period).filter(valid).collect();
        let next: Vec<Period> = wanted.periods.iter().filter_map(|period| period.next()).collect();
        wanted.periods.extend(next.into_iter().filter(|period| observed.contains(period)));
    }
    wanted.cells.retain(|cell| sources.exists(*cell));
    let measured = publication.read().measures_of(series, Some(&wanted.periods))?;
    let stored: BTreeSet<Cell> = measured.iter().map(|value| (value.municipality, value.period)).collect();
    // A period that appears for the first time has a figure, if only a missing one, for everybody.
    for period in &wanted.periods {
        let everybody = sources.municipalities.iter().map(|code| (*code, *period));
        wanted.cells.extend(everybody.filter(|cell| !stored.contains(cell) && sources.exists(*cell)));
    }
    Ok(wanted)
}

/// Adds the periods of which figures were approved in this run, or are so no more.
pub(crate) fn add_decided(
    Task { series, plan, wanted }: &mut Task<'_>,
    decided: &BTreeSet<Cell>,
    publication: &Publication<'_>,
) -> Result<(), RunError> {
    if decided.is_empty() {
        return Ok(());
    }
    let observed = publication.read().observed(series)?.into_iter().map(|key| key.period);
    let observed: BTreeSet<Period> = observed.filter(|period| plan.defines(*period)).collect();
    for (municipality, period) in decided {
        for one in observed.iter().filter(|one| period.covers(**one)) {
            wanted.periods.insert(*one);
            wanted.causes.add(*one, &[*municipality], Why::Approval);
        }
    }
    Ok(())
}

/// Whether a period has figures: for each measure there is somebody who has delivered all that it needs. A year is
/// not published while nobody has delivered its last month.
fn is_published(sources: &Sources<'_>, indicator: &Indicator, period: Period) -> bool {
    indicator.defines(period)
        && indicator
            .measures
            .iter()
            .all(|measure| sources.coverage.anyone_has(&sources.readings(measure), period, sources.municipalities))
}

/// Whether figures are compared with those of the period before.
fn compares(indicator: &Indicator) -> bool {
    indicator.plausible.is_some_and(|plausible| plausible.change.is_some())
}

/// Computes the measures and figures of tasks again and hands them to the publication; `done` is called after each, and
/// `stop` asked before. The counts come in the order of the tasks.
pub(crate) fn publish(
    sources: &Sources<'_>,
    work: &[Task<'_>],
    publication: &mut Publication<'_>,
    stop: &Stop,
    done: &dyn Fn(),
) -> Result<Vec<FigureCounts>, RunError> {
    let published: Vec<BTreeSet<Period>> = work
        .iter()
        .map(|task| {
            let periods = task.wanted.periods.iter().copied();
            periods.filter(|period| is_published(sources, task.plan, *period)).collect()
        })
        .collect();
    let open: Vec<(&Indicator, BTreeSet<Cell>)> = work
        .iter()
        .zip(&published)
        .map(|(task, periods)| {
            let cells = task.wanted.cells.iter().copied();
            (task.plan, cells.filter(|(_, period)| periods.contains(period)).collect())
        })
        .collect();
    let rows = rows_for(sources, &open);
    let requests: Vec<Request<'_>> =
        open.iter().map(|(indicator, cells)| Request { indicator, wanted: cells }).collect();
    let measured = normaliser::measure(&requests, &rows, stop)?;
    let mut counts = Vec::with_capacity(work.len());
    for ((task, periods), fresh) in work.iter().zip(&published).zip(measured) {
        if stop.is_asked() {
            return Err(RunError::stopped());
        }
        counts.push(publish_one(sources, task, fresh, periods, publication)?);
        withdraw(task.series, &task.wanted.periods.difference(periods).copied().collect(), publication)?;
        let Series { indicator, version, as_defined } = task.series;
        tracing::debug!(%indicator, %version, %as_defined, periods = periods.len(), "computed");
        done();
    }
    Ok(counts)
}

fn publish_one(
    sources: &Sources<'_>,
    Task { series, plan: indicator, wanted: Wanted { causes, .. } }: &Task<'_>,
    fresh: Vec<MeasureValue>,
    periods: &BTreeSet<Period>,
    publication: &mut Publication<'_>,
) -> Result<FigureCounts, RunError> {
    publication.measures(&fresh, series.as_defined)?;
    let measures = measures(sources, (series, indicator), periods, fresh, publication)?;
    let geography = Geography::of(sources.catalogue);
    let members = |period: Period| geography.members(sources.municipalities, period.start());
    let mut observations = normaliser::observe(indicator, &measures, &members)?;
    observations.retain(|one| periods.contains(&one.period));
    sources.approvals.mark(indicator, &mut observations);
    if observations.iter().any(|one| one.held) {
        // Groups are made without those that are held, as if these had not delivered.
        observations.retain(|one| matches!(one.area, Area::Municipality(_)));
        let mut of_groups = normaliser::observe(indicator, &sources.approvals.shown(indicator, measures), &members)?;
        of_groups.retain(|one| periods.contains(&one.period) && !matches!(one.area, Area::Municipality(_)));
        observations.extend(of_groups);
    }
    let members_of: BTreeMap<Period, Vec<Member>> = periods.iter().map(|period| (*period, members(*period))).collect();
    let why = |one: &Observation| {
        let members = members_of.get(&one.period).into_iter().flatten();
        let is_in = |member: &&Member| match &one.area {
            Area::Municipality(code) => member.municipality == *code,
            Area::Region(code) => member.region == *code,
            Area::Country | Area::Comparison(_) => true,
        };
        causes.of(&one.area, one.period, members.filter(is_in).map(|member| &member.municipality))
    };
    let counts = publication.figures(&observations, series.as_defined, &why)?;
    // An area or a category that is no more has no figure any more either; who is compared with whom is not known yet.
    let made: BTreeSet<FigureKey> = observations.iter().map(FigureKey::of).collect();
    let observed = publication.read().observed(series)?;
    let is_gone = |key: &FigureKey| periods.contains(&key.period) && !made.contains(key);
    let gone = observed.into_iter().filter(|key| is_gone(key) && !matches!(key.area, Area::Comparison(_))).collect();
    publication.close_observations(series, &gone)?;
    Ok(counts)
}

/// The measures that the figures of some periods are made of: the stored ones, with fresh ones in their places.
pub(crate) fn measures(
    sources: &Sources<'_>,
    (series, indicator): (&Series, &Indicator),
    periods: &BTreeSet<Period>,
    fresh: Vec<MeasureValue>,
    publication: &Publication<'_>,
) -> Result<Vec<MeasureValue>, RunError> {
    let mut read = periods.clone();
    if compares(indicator) {
        // What another version or another plan made is not compared with: the series begins anew.
        let before = periods.iter().filter_map(|period| Period::from_ordinal(period.kind(), period.ordinal() - 1));
        read.extend(before.filter(|period| indicator.defines(*period)));
    }
    let stored = publication.read().measures_of(series, Some(&read))?;
    let mut measures = complete(indicator, stored, fresh);
    measures.retain(|value| sources.exists((value.municipality, value.period)));
    Ok(measures)
}

/// Withdraws the figures of periods that the versions and plans of a series do not make any more.
pub(crate) fn withdraw_undefined(asked: &Asked<'_>, publication: &mut Publication<'_>) -> Result<(), RunError> {
    let observed = publication.read().observed(&asked.series)?.into_iter().map(|key| key.period);
    let is_made = |period: &Period| asked.plans.iter().any(|plan| plan.defines(*period));
    withdraw(&asked.series, &observed.filter(|period| !is_made(period)).collect(), publication)
}

/// Withdraws the figures of periods that are published no more: what they were made of has been taken back.
fn withdraw(series: &Series, periods: &BTreeSet<Period>, publication: &mut Publication<'_>) -> Result<(), RunError> {
    if periods.is_empty() {
        return Ok(());
    }
    let observed = publication.read().observed(series)?;
    let gone = observed.into_iter().filter(|key| periods.contains(&key.period)).collect();
    publication.close_observations(series, &gone)?;
    // The measures go too: should the period be published again, each has to be made of what is there then.
    let measured = publication.read().measures_of(series, Some(periods))?;
    let cells = measured.iter().map(|value| (value.municipality, value.period)).collect();
    publication.remove_measures(series, &cells)?;
    Ok(())
}

/// The stored measures with the fresh ones in their places.
fn complete(indicator: &Indicator, stored: Vec<MeasureValue>, fresh: Vec<MeasureValue>) -> Vec<MeasureValue> {
    let known: BTreeSet<&FieldName> = indicator.measures.iter().map(|measure| &measure.name).collect();
    let mut all: BTreeMap<(Period, MunicipalityCode, String, FieldName), MeasureValue> = BTreeMap::new();
    for value in stored.into_iter().chain(fresh) {
        if known.contains(&value.measure) {
            all.insert((value.period, value.municipality, value.breakdown.clone(), value.measure.clone()), value);
        }
    }
    all.into_values().collect()
}

/// The canonical files that the measures of the cells need, by dataset.
fn rows_for<'a>(
    sources: &Sources<'a>,
    work: &[(&'a Indicator, BTreeSet<Cell>)],
) -> BTreeMap<DatasetId, DatasetRows<'a>> {
    let mut needed: BTreeMap<&DatasetId, BTreeSet<Cell>> = BTreeMap::new();
    for (indicator, cells) in work {
        for price in indicator.measures.iter().filter_map(|measure| measure.price.as_ref()) {
            let delivered = sources.coverage.delivered.get(&price.dataset);
            needed.entry(&price.dataset).or_default().extend(delivered.into_iter().flatten());
        }
        for reading in indicator.measures.iter().flat_map(|measure| sources.readings(measure)) {
            let delivered = sources.coverage.delivered.get(&reading.dataset.id);
            let parts: BTreeSet<Period> = delivered.into_iter().flatten().map(|(_, part)| *part).collect();
            let mut read: BTreeMap<Period, Vec<Period>> = BTreeMap::new();
            let needed = needed.entry(&reading.dataset.id).or_default();
            for (municipality, period) in cells {
                let read = read
                    .entry(*period)
                    .or_insert_with(|| parts.iter().copied().filter(|part| reading.reads(*part, *period)).collect());
                let own = reading.whose(*municipality);
                let all = !reading.dataset.whole_country && reading.is_for_all();
                let whose = if all { sources.municipalities } else { std::slice::from_ref(&own) };
                needed.extend(whose.iter().flat_map(|code| read.iter().map(|part| (*code, *part))));
            }
        }
    }
    let mut rows = BTreeMap::new();
    for (id, parts) in needed {
        let Some(dataset): Option<&Dataset> = sources.catalogue.datasets.get(id).map(AsRef::as_ref) else { continue };
        let of_dataset = sources.units.iter().filter(|file| file.dataset == *id);
        let files = of_dataset.filter(|file| parts.contains(&(file.unit.municipality, file.unit.period)));
        let file = |file: &UnitFile| {
            let (municipality, period) = (file.unit.municipality, file.unit.period);
            let partials = file.partials.clone();
            file.path.clone().map(|path| CanonicalFile { path, municipality, period, partials })
        };
        let cells = |of: &BTreeMap<DatasetId, BTreeSet<Cell>>| of.get(id).cloned().unwrap_or_default();
        let (delivered, used) = (cells(&sources.coverage.delivered), cells(&sources.coverage.used));
        rows.insert(id.clone(), DatasetRows { dataset, files: files.filter_map(file).collect(), delivered, used });
    }
    rows
}
