//! A test of an indicator: given rows as canonical Parquet in a folder of its own, measured and observed as in a run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use definitions::cases::{Case, Given, Table, is_value_column};
use loader::{CanonicalWriter, PartScope};
use model::{
    Area, Catalogue, ComparisonArea, Dataset, DatasetId, DeliveryId, Fingerprint, Indicator, IndicatorId,
    MunicipalityCode, Observation, Period, PeriodKind, Ratio, Reading, RecordBatch, SourceId, Stop, TOTAL, WorkUnit,
    format_decimal, pow10,
};
use normaliser::{CanonicalFile, DatasetRows, Request, measure, observe, observe_carried, observe_groups, partition};

use super::compare::{FoundReject, Grid};
use super::delivery::Loaded;
use super::given::{self, Persons};
use super::read::Texts;
use crate::RunError;
use crate::coverage::Cell;
use crate::geography::Geography;
use crate::groups::{Groups, Values};

/// What an indicator's test came to.
pub(super) struct Outcome {
    pub(super) figures: Grid,
    pub(super) observations: Vec<Observation>,
    pub(super) rejects: Vec<FoundReject>,
    /// What broke rules that only warn.
    pub(super) notices: Vec<model::Notice>,
    /// Of each measure: the rows that it could see, and those that it kept.
    pub(super) seen: Vec<(u64, u64)>,
}

struct World<'a> {
    rows: BTreeMap<DatasetId, DatasetRows<'a>>,
    municipalities: BTreeSet<MunicipalityCode>,
    rejects: Vec<FoundReject>,
    notices: Vec<model::Notice>,
}

/// Carries out a test; `probe` asks too how many rows every measure sees.
pub(super) fn run(
    case: &Case,
    texts: &Texts,
    indicator: &Indicator,
    catalogue: &Catalogue,
    probe: bool,
) -> Result<Outcome, RunError> {
    let store = tempfile::tempdir().map_err(RunError::file("a temporary folder"))?;
    let world = world(case, texts, store.path(), catalogue, indicator)?;
    let geography = Geography::of(catalogue);
    let members = |period: Period| geography.members(&world.municipalities, period.start());
    let groups = groups(case, texts, indicator, catalogue, &world)?;
    let (mut observations, mut seen) = (Vec::new(), None);
    // Every edition makes the periods that are its own. What an older one sees is shown by the older version's tests.
    for edition in indicator.editions() {
        let periods = published(edition, &world);
        let everybody = world.municipalities.iter().flat_map(|code| periods.iter().map(|period| (*code, *period)));
        let wanted: BTreeSet<Cell> = everybody.filter(|(code, period)| geography.has(*code, period.start())).collect();
        let measures =
            measure(&[Request { indicator: edition, wanted: &wanted }], &world.rows, &Stop::default())?.remove(0);
        observations.extend(match case.expect.municipalities_of {
            None => {
                let mut figures = observe_groups(edition, &measures, &|period| groups.on(edition, period.start()))?;
                figures.retain(|one| matches!(one.area, Area::Comparison(_)));
                figures.extend(observe(edition, &measures, &members)?);
                figures
            }
            Some(day) => {
                let members = |_| geography.members(&world.municipalities, day);
                observe_carried(edition, &measures, &members, &|code, period| geography.carried(code, period, day))?
            }
        });
        if probe && seen.is_none() {
            seen = Some(self::seen(edition, &wanted, &world)?);
        }
    }
    observations.sort_by_cached_key(|one| (one.period, one.area.to_string(), one.breakdown.clone()));
    let seen = seen.unwrap_or_default();
    let figures = grid(&observations);
    Ok(Outcome { figures, observations, rejects: world.rejects, notices: world.notices, seen })
}

/// Every municipality in every period.
fn cells(world: &World<'_>, periods: &BTreeSet<Period>) -> BTreeSet<Cell> {
    world.municipalities.iter().flat_map(|code| periods.iter().map(|period| (*code, *period))).collect()
}

/// The comparison groups that the expectation names. The others are left out: a definition's tests are not to change
/// with every group that somebody adds.
fn groups<'a>(
    case: &Case,
    texts: &Texts,
    indicator: &Indicator,
    catalogue: &'a Catalogue,
    world: &World<'_>,
) -> Result<Groups<'a>, RunError> {
    let table = case.expect.rows.as_ref().and_then(|table| texts.table(table));
    let at = table.as_ref().and_then(|table| table.column("area"));
    let cells = table.iter().flat_map(|table| &table.rows).filter_map(|row| row.cells.get(at?));
    let named: BTreeSet<_> =
        cells.filter_map(|cell| cell.text.parse::<ComparisonArea>().ok()).map(|area| area.group).collect();
    let chosen = catalogue.comparison_groups_of(indicator).filter(|group| named.contains(&group.id));
    let municipalities: Vec<MunicipalityCode> = world.municipalities.iter().copied().collect();
    let mut values = |id: &IndicatorId| deciding(id, catalogue, world);
    Groups::decide(
        chosen.map(AsRef::as_ref),
        catalogue.municipalities().map(AsRef::as_ref),
        &municipalities,
        &mut values,
    )
}

/// The figures of municipalities of an indicator that decides who is nearest.
fn deciding(id: &IndicatorId, catalogue: &Catalogue, world: &World<'_>) -> Result<Values, RunError> {
    let mut values = Values::new();
    let Some(indicator) = catalogue.indicators.get(id) else { return Ok(values) };
    for edition in indicator.editions() {
        let wanted = cells(world, &published(edition, world));
        let mut measures =
            measure(&[Request { indicator: edition, wanted: &wanted }], &world.rows, &Stop::default())?.remove(0);
        measures.retain(|value| value.breakdown == TOTAL);
        for figure in observe(edition, &measures, &|_| Vec::new())? {
            if let (Area::Municipality(code), Some(value)) = (figure.area, figure.value) {
                values.entry(figure.period).or_default().insert(code, value);
            }
        }
    }
    Ok(values)
}

/// The rows that each measure could see and those that it kept, counted by the engine.
fn seen(indicator: &Indicator, wanted: &BTreeSet<Cell>, world: &World<'_>) -> Result<Vec<(u64, u64)>, RunError> {
    let counted = |filtered: bool| -> Result<BTreeMap<String, u64>, RunError> {
        let mut probe = indicator.clone();
        // Parts have the rows of the total, and would count them again.
        probe.breakdowns.clear();
        for measure in &mut probe.measures {
            (measure.aggregate, measure.scale) = (model::Aggregate::Count, 0);
            measure.slicings.clear();
            measure.filter = measure.filter.take().filter(|_| filtered);
            measure.price = None;
        }
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for value in measure(&[Request { indicator: &probe, wanted }], &world.rows, &Stop::default())?.remove(0) {
            let count = value.minor.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
            *rows.entry(value.measure.to_string()).or_default() += count;
        }
        Ok(rows)
    };
    let (all, kept) = (counted(false)?, counted(true)?);
    let names = indicator.measures.iter().map(|measure| measure.name.to_string());
    let of = |rows: &BTreeMap<String, u64>, name: &str| rows.get(name).copied().unwrap_or_default();
    Ok(names.map(|name| (of(&all, &name), of(&kept, &name))).collect())
}

fn world<'a>(
    case: &Case,
    texts: &Texts,
    store: &Path,
    catalogue: &'a Catalogue,
    indicator: &Indicator,
) -> Result<World<'a>, RunError> {
    let (mut persons, mut rejects, mut notices) = (Persons::default(), Vec::new(), Vec::new());
    let mut rows: BTreeMap<DatasetId, DatasetRows<'a>> = BTreeMap::new();
    let Given::Tables(tables) = &case.given else { return Err(RunError::Internal("no tables".to_owned())) };
    // Who is nearest can be decided by figures that are made of other datasets.
    let compared = catalogue.comparison_groups_of(indicator).flat_map(|group| catalogue.deciding(group));
    let read = std::iter::once(indicator).chain(compared.map(AsRef::as_ref)).flat_map(Indicator::datasets);
    for id in read.collect::<BTreeSet<_>>() {
        let Some(dataset) = catalogue.datasets.get(id) else { continue };
        let of = tables.iter().find(|table| table.dataset == id.as_str());
        let (mut files, mut delivered) = (Vec::new(), BTreeSet::new());
        if let Some(table) = of.and_then(|of| of.rows.as_ref()).and_then(|table| texts.table(table)) {
            let (loaded, found) = given::load(table, dataset, catalogue, &mut persons)?;
            rejects.extend(found);
            notices.extend(loaded.notices.iter().cloned());
            for (cell, rows) in units(dataset, &loaded) {
                delivered.insert(cell);
                files.push(write(store, dataset, cell, &loaded.rows, &rows)?);
            }
        }
        if let Some(table) = of.and_then(|of| of.delivered.as_ref()).and_then(|table| texts.table(table)) {
            delivered.extend(deliveries(table, dataset));
        }
        rows.insert(id.clone(), DatasetRows { dataset, files, delivered, used: BTreeSet::new() });
    }
    let mut municipalities: BTreeSet<MunicipalityCode> =
        rows.values().flat_map(|of| of.delivered.iter().map(|(code, _)| *code)).collect();
    let expected = case.expect.rows.as_ref().and_then(|table| texts.table(table));
    municipalities.extend(expected.iter().flat_map(|table| expected_municipalities(table, catalogue)));
    if let Some(day) = case.expect.municipalities_of {
        let geography = Geography::of(catalogue);
        let periods = rows.values().flat_map(|of| &of.delivered);
        let carried = periods.flat_map(|(code, period)| geography.carried(*code, *period, day));
        municipalities.extend(carried.map(|(code, _)| code).collect::<Vec<_>>());
    }
    municipalities.remove(&MunicipalityCode::COUNTRY);
    // In a test everybody owes everything.
    let periods: BTreeSet<Period> =
        rows.values().flat_map(|of| of.delivered.iter().map(|(_, period)| *period)).collect();
    for of in rows.values_mut() {
        let owed = periods
            .iter()
            .flat_map(|period| [period.start(), period.end()].map(|day| Period::containing(PeriodKind::Year, day)));
        let owed: BTreeSet<Period> = owed.flat_map(|year| parts_of_year(year, of.dataset.partition)).collect();
        let country = BTreeSet::from([MunicipalityCode::COUNTRY]);
        let whose = if of.dataset.whole_country { &country } else { &municipalities };
        of.used = whose.iter().flat_map(|code| owed.iter().map(|part| (*code, *part))).collect();
    }
    Ok(World { rows, municipalities, rejects, notices })
}

fn parts_of_year(year: Period, partition: PeriodKind) -> Vec<Period> {
    if PeriodKind::Year.is_made_of(partition) {
        return year.parts(partition).collect();
    }
    // A school year lies in two calendar years, and so may a week.
    let first = Period::containing(partition, year.start());
    std::iter::successors(Some(first), |part| part.next()).take_while(|part| part.start() <= year.end()).collect()
}

fn units(dataset: &Dataset, loaded: &Loaded) -> Vec<(Cell, Vec<u32>)> {
    let kept: BTreeSet<u32> = loaded.kept.iter().copied().collect();
    let units = partition(dataset, &loaded.rows).into_iter();
    let units = units.map(|(cell, rows)| (cell, rows.into_iter().filter(|row| kept.contains(row)).collect::<Vec<_>>()));
    units.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn write(
    store: &Path,
    dataset: &Dataset,
    cell: Cell,
    batch: &RecordBatch,
    rows: &[u32],
) -> Result<CanonicalFile, RunError> {
    let source = SourceId::new("given").map_err(|error| RunError::Internal(error.to_string()))?;
    let scope = PartScope {
        unit: WorkUnit { source, municipality: cell.0, period: cell.1 },
        dataset: dataset.id.clone(),
        delivery: DeliveryId::stored("0123456789abcdef"),
        reading: Fingerprint::of(b"given"),
    };
    let mut writer = CanonicalWriter::create(store, &scope, &batch.schema);
    writer.write(batch, Some(rows))?;
    let part = writer.finish()?.ok_or_else(|| RunError::Internal("a part without rows".to_owned()))?;
    Ok(CanonicalFile { path: store.join(part.path), municipality: cell.0, period: cell.1, partials: None })
}

fn deliveries(table: &Table, dataset: &Dataset) -> Vec<Cell> {
    let (municipality, period) = (table.column("municipality"), table.column("period"));
    let cells = table.rows.iter().flat_map(|row| {
        let code = municipality.and_then(|at| MunicipalityCode::new(&row.cells[at].text));
        let period = period.and_then(|at| row.cells[at].text.parse::<Period>().ok());
        let parts = period.map_or_else(Vec::new, |period| given::parts(period, dataset.partition));
        parts.into_iter().filter_map(move |part| Some((code?, part)))
    });
    cells.collect()
}

/// The municipalities that the expected rows are about: they exist, even if nothing is given of them.
fn expected_municipalities(table: &Table, catalogue: &Catalogue) -> Vec<MunicipalityCode> {
    let known = catalogue.municipality_codes();
    let at = table.column("municipality").or_else(|| table.column("area"));
    let codes = table.rows.iter().filter_map(|row| MunicipalityCode::new(&row.cells[at?].text));
    codes.filter(|code| known.binary_search(code).is_ok()).collect()
}

/// The periods for which somebody has delivered everything.
fn published(indicator: &Indicator, world: &World<'_>) -> BTreeSet<Period> {
    let find = |id: &DatasetId| world.rows.get(id).map(|rows| rows.dataset);
    let readings: Vec<Vec<Reading<'_>>> =
        indicator.measures.iter().map(|measure| measure.readings(find).unwrap_or_default()).collect();
    let delivered = |reading: &Reading<'_>| world.rows.get(&reading.dataset.id).map(|rows| &rows.delivered);
    let mut touched: BTreeSet<Period> = BTreeSet::new();
    for reading in readings.iter().flatten() {
        let delivered = delivered(reading).into_iter().flatten();
        let horizon = delivered.clone().map(|(_, part)| part.end()).max();
        for (_, part) in delivered {
            touched.extend(reading.touched(*part, indicator.period, horizon.unwrap_or(part.end())));
        }
    }
    let has = |code: &MunicipalityCode, reading: &Reading<'_>, period: Period| {
        let cells = delivered(reading);
        let mut needed = reading.partitions(period).into_iter();
        cells.is_some_and(|cells| needed.all(|part| cells.contains(&(reading.whose(*code), part))))
    };
    let complete = |period: &Period| {
        readings.iter().all(|readings| {
            let all = |code: &MunicipalityCode| readings.iter().all(|reading| has(code, reading, *period));
            !readings.is_empty() && world.municipalities.iter().any(all)
        })
    };
    touched.into_iter().filter(|period| indicator.defines(*period) && complete(period)).collect()
}

/// A fraction: a decimal where a finite one holds it, otherwise `n/d`.
fn exact(ratio: Option<Ratio>) -> String {
    let Some(ratio) = ratio else { return String::new() };
    let scaled = |scale: u8| pow10(scale).ok().and_then(|unit| ratio.times(Ratio::integer(unit)).ok());
    let finite = (0..=18).find_map(|scale| scaled(scale).filter(|r| r.denominator() == 1).map(|r| (scale, r)));
    match finite {
        Some((scale, whole)) => format_decimal(whole.numerator(), scale),
        None => format!("{}/{}", ratio.numerator(), ratio.denominator()),
    }
}

/// All that can be expected of figures.
fn grid(observations: &[Observation]) -> Grid {
    let columns = [
        "area",
        "municipality",
        "period",
        "breakdown",
        "value",
        "numerator",
        "denominator",
        "contributing",
        "members",
        "obs_status",
    ];
    let row = |one: &Observation| {
        vec![
            one.area.to_string(),
            if matches!(one.area, Area::Municipality(_)) { one.area.to_string() } else { String::new() },
            one.period.to_string(),
            one.breakdown.clone(),
            one.value.map(|value| format_decimal(value, one.decimals)).unwrap_or_default(),
            exact(one.numerator),
            exact(one.denominator),
            one.contributing.to_string(),
            one.members.to_string(),
            one.status.code().to_owned(),
        ]
    };
    Grid { columns: columns.map(str::to_owned).to_vec(), rows: observations.iter().map(row).collect() }
}

/// The figures that an expectation with these columns is about: `municipality` leaves the groups out, and without
/// `breakdown` it is about the totals.
pub(super) fn about(figures: &Grid, columns: &[String]) -> Grid {
    let has = |wanted: &str| columns.iter().any(|name| name == wanted);
    let municipality = figures.column("municipality").filter(|_| has("municipality") && !has("area"));
    let breakdown = figures.column("breakdown").filter(|_| !has("breakdown") && !columns.is_empty());
    let is_meant = |row: &&Vec<String>| {
        municipality.is_none_or(|at| !row[at].is_empty()) && breakdown.is_none_or(|at| row[at] == TOTAL)
    };
    let rows = figures.rows.iter().filter(is_meant).cloned();
    Grid { columns: figures.columns.clone(), rows: rows.collect() }
}

/// The columns that say whom and when a figure is about.
pub(super) fn keys(figures: &Grid) -> Vec<String> {
    figures.columns.iter().filter(|name| !is_value_column(name)).cloned().collect()
}

/// The columns of an expectation that is written for the first time.
pub(super) fn usual_columns(figures: &Grid) -> Vec<String> {
    let broken_down = figures.column("breakdown").is_some_and(|at| figures.rows.iter().any(|row| row[at] != TOTAL));
    let left_out = |name: &&String| name.as_str() == "municipality" || (name.as_str() == "breakdown" && !broken_down);
    figures.columns.iter().filter(|name| !left_out(name)).cloned().collect()
}
