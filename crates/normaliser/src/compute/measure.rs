//! The measures of an indicator: which of them are known, what they are, and why the others are not.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Aggregate, Area, Cell, DatasetId, Indicator, Measure, MeasureValue, MunicipalityCode, ObsStatus, Period,
    PeriodKind, Ratio, Slicing, Stop, TOTAL,
};

use super::category::Sorting;
use super::engine::ChunkLimit;
use super::partial::Partial;
use super::price::Prices;
use super::sharing::Scan;
use super::{Answer, ComputeError, DatasetRows, general};

/// An indicator, and the municipalities and periods for which its measures are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The indicator.
    pub indicator: &'a Indicator,
    /// Municipalities and periods of the indicator.
    pub wanted: &'a BTreeSet<(MunicipalityCode, Period)>,
}

/// Every measure of each requested indicator for every wanted municipality and period, in the order of the requests,
/// each sorted by period, municipality, breakdown (the total first) and the order of the measures in the definition.
///
/// A measure has a value where all the data it reads was delivered: 0 if no row matches, and none at all for a
/// smallest or largest value of no rows. Otherwise its status says whether the data is owed or has no source.
/// A category is known where the total is, also if no row belongs to it. Indicators that read the same dataset by the
/// same kind of period share one scan of it; of what is broken down, each breakdown of a measure is a query of its own,
/// which answers for all categories. Files whose rows were added
/// up when they were read ([`super::CanonicalFile::partials`]) are opened only for what that does not answer.
///
/// Whether somebody wants an early end is asked before each scan and query.
pub fn measure(
    requests: &[Request<'_>],
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    stop: &Stop,
) -> Result<Vec<Vec<MeasureValue>>, ComputeError> {
    measure_in_chunks(requests, rows, ChunkLimit::default(), stop)
}

/// A measure by the position of its request and its own position in the indicator.
type Place = (usize, usize);

/// What was found: of the total, and by breakdown and the categories of the dimensions that the measure is sorted by.
#[derive(Debug, Default)]
struct Answered {
    totals: BTreeMap<(Place, MunicipalityCode, Period), Answer>,
    cells: BTreeMap<(Place, usize), BTreeMap<general::Place, Answer>>,
}

pub(super) fn measure_in_chunks(
    requests: &[Request<'_>],
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    limit: ChunkLimit,
    stop: &Stop,
) -> Result<Vec<Vec<MeasureValue>>, ComputeError> {
    let go_on = || if stop.is_asked() { Err(ComputeError::Stopped) } else { Ok(()) };
    let mut answers = Answered::default();
    for ((dataset, period), places) in shared_scans(requests) {
        go_on()?;
        let known = known(requests, &places, rows);
        let Some(rows) = rows.get(dataset) else { continue };
        let measures = places.iter().map(|(request, at)| &requests[*request].indicator.measures[*at]).collect();
        let found = Scan { measures, period, rows, known }.answers(limit)?;
        answers.totals.extend(found.into_iter().map(|((at, code, period), Partial { value, rows })| {
            ((places[at], code, period), Answer { value, divisor: 1, rows })
        }));
    }
    for place in all(requests) {
        let indicator = requests[place.0].indicator;
        let measure = &indicator.measures[place.1];
        let known = known(requests, &[place], rows);
        let known = known.into_iter().map(|(_, municipality, period)| (municipality, period)).collect();
        if !measure.is_plain() {
            go_on()?;
            let found = general::answer(measure, &[], rows, &known)?;
            let found = found.into_iter().map(|((code, period, _), answer)| ((place, code, period), answer));
            answers.totals.extend(found);
        }
        for (at, slicing) in measure.slicings.iter().enumerate().filter(|(_, slicing)| !is_total(measure, slicing)) {
            let dimensions = indicator.breakdowns[at].dimensions.iter().map(|at| &indicator.dimensions[*at]);
            let sorting = |(dimension, field): (_, &Option<_>)| field.map(|field| Sorting { dimension, field });
            go_on()?;
            let by: Vec<Sorting<'_>> = dimensions.zip(&slicing.fields).filter_map(sorting).collect();
            let found = general::answer(&measure.sliced(slicing), &by, rows, &known)?;
            answers.cells.insert((place, at), found);
        }
    }
    let prices = Prices::of(requests.iter().flat_map(|request| &request.indicator.measures), rows)?;
    let numbered = requests.iter().enumerate();
    numbered.map(|(number, request)| values((number, request), rows, &answers, &prices)).collect()
}

fn all(requests: &[Request<'_>]) -> Vec<Place> {
    let measures = |(number, request): (usize, &Request<'_>)| {
        (0..request.indicator.measures.len()).map(|at| (number, at)).collect::<Vec<_>>()
    };
    requests.iter().enumerate().flat_map(measures).collect()
}

/// Whether a measure is in every cell of a breakdown what it is in the total.
fn is_total(measure: &Measure, slicing: &Slicing) -> bool {
    slicing.fields.iter().all(Option::is_none) && slicing.filter == measure.filter
}

impl Answered {
    fn of_cell(
        &self,
        place: Place,
        measure: &Measure,
        cell: &Cell,
        (code, period): (MunicipalityCode, Period),
    ) -> Answer {
        let slicing = &measure.slicings[cell.breakdown];
        if is_total(measure, slicing) {
            return self.of_total(place, (code, period));
        }
        let sorted = cell.categories.iter().zip(&slicing.fields);
        let categories = sorted.filter_map(|(category, field)| field.map(|_| *category)).collect();
        let found = self.cells.get(&(place, cell.breakdown));
        found.and_then(|found| found.get(&(code, period, categories))).copied().unwrap_or_default()
    }

    fn of_total(&self, place: Place, (code, period): (MunicipalityCode, Period)) -> Answer {
        self.totals.get(&(place, code, period)).copied().unwrap_or_default()
    }
}

/// The plain measures that one scan can answer together.
fn shared_scans<'a>(requests: &[Request<'a>]) -> BTreeMap<(&'a DatasetId, PeriodKind), Vec<Place>> {
    let mut scans: BTreeMap<(&DatasetId, PeriodKind), Vec<Place>> = BTreeMap::new();
    for (number, Request { indicator, .. }) in requests.iter().enumerate() {
        for (at, measure) in indicator.measures.iter().enumerate().filter(|(_, measure)| measure.is_plain()) {
            scans.entry((&measure.dataset, indicator.period)).or_default().push((number, at));
        }
    }
    scans
}

fn known(
    requests: &[Request<'_>],
    places: &[Place],
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
) -> BTreeSet<(usize, MunicipalityCode, Period)> {
    let mut known = BTreeSet::new();
    for (at, (request, measure)) in places.iter().enumerate() {
        let Request { indicator, wanted } = requests[*request];
        let is_known = |(municipality, period): &&(MunicipalityCode, Period)| {
            has_value(status(&indicator.measures[*measure], rows, *municipality, *period))
        };
        known.extend(wanted.iter().filter(is_known).map(|(municipality, period)| (at, *municipality, *period)));
    }
    known
}

fn values(
    (number, request): (usize, &Request<'_>),
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    answers: &Answered,
    prices: &Prices,
) -> Result<Vec<MeasureValue>, ComputeError> {
    let Request { indicator, wanted } = *request;
    let mut values = Vec::with_capacity(wanted.len() * indicator.measures.len());
    for &(municipality, period) in wanted {
        let whose = (municipality, period);
        let known = |measure: &Measure| {
            let factor = prices.factor(measure, period, rows);
            match status(measure, rows, municipality, period) {
                // The amounts are there, but not yet the prices that they are wanted in.
                status if has_value(status) && factor.is_none() => (ObsStatus::Missing, Ratio::integer(1)),
                status => (status, factor.unwrap_or_else(|| Ratio::integer(1))),
            }
        };
        let known: Vec<(ObsStatus, Ratio)> = indicator.measures.iter().map(known).collect();
        let measures = || indicator.measures.iter().zip(&known).enumerate();
        for (at, (measure, known)) in measures() {
            let answer = answers.of_total((number, at), whose);
            values.push(valued(indicator, (measure, TOTAL), whose, answer, *known)?);
        }
        let breakdowns = 0..indicator.breakdowns.len();
        for cell in breakdowns.flat_map(|breakdown| indicator.cells(breakdown, Some(period))) {
            let text = indicator.cell_text(&cell);
            for (at, (measure, known)) in measures() {
                let answer = answers.of_cell((number, at), measure, &cell, whose);
                values.push(valued(indicator, (measure, &text), whose, answer, *known)?);
            }
        }
    }
    values.sort_by_key(|value| (value.period, value.municipality));
    Ok(values)
}

/// Whether the data of a measure is there. A period without source weighs more than one that is owed: waiting for the
/// delivery would not complete the figure. Where rows of others count as well, a value is provisional until all of them
/// have delivered.
fn status(
    measure: &Measure,
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    municipality: MunicipalityCode,
    period: Period,
) -> ObsStatus {
    let readings = measure.readings(|id| rows.get(id).map(|rows| rows.dataset));
    let Some(readings) = readings else { return ObsStatus::NotCollected };
    let mut own = ObsStatus::Normal;
    for reading in readings {
        let Some(rows) = rows.get(&reading.dataset.id) else { return ObsStatus::NotCollected };
        let partitions = reading.partitions(period);
        if partitions.is_empty() {
            // The period has no such day: there is nothing that could be delivered.
            return ObsStatus::CannotExist;
        }
        let whose = reading.whose(municipality);
        for part in partitions.iter().filter(|part| !rows.delivered.contains(&(whose, **part))) {
            let owed = rows.used.contains(&(whose, *part));
            own = if owed && own != ObsStatus::NotCollected { ObsStatus::Missing } else { ObsStatus::NotCollected };
        }
        let owed = |(_, part): &&(MunicipalityCode, Period)| partitions.contains(part);
        let is_owed = || rows.used.iter().filter(owed).any(|cell| !rows.delivered.contains(cell));
        if own == ObsStatus::Normal && measure.role.is_some() && is_owed() {
            own = ObsStatus::Provisional;
        }
    }
    own
}

fn has_value(status: ObsStatus) -> bool {
    matches!(status, ObsStatus::Normal | ObsStatus::Provisional)
}

fn valued(
    indicator: &Indicator,
    (measure, breakdown): (&Measure, &str),
    (municipality, period): (MunicipalityCode, Period),
    answer: Answer,
    (status, factor): (ObsStatus, Ratio),
) -> Result<MeasureValue, ComputeError> {
    let overflow =
        || ComputeError::Overflow { indicator: indicator.id.clone(), area: Area::Municipality(municipality), period };
    let value = match &measure.aggregate {
        _ if !has_value(status) => None,
        Aggregate::Sum(_) | Aggregate::Count | Aggregate::CountDistinct(_) => Some(answer.value.unwrap_or(0)),
        Aggregate::Min(_) | Aggregate::Max(_) | Aggregate::Mean(_) | Aggregate::Quantile(..) => answer.value,
    };
    let priced = |value: i128| value.checked_mul(factor.numerator()).and_then(|value| i64::try_from(value).ok());
    let minor = value.map(|value| priced(value).ok_or_else(overflow)).transpose()?;
    let divisor = i128::from(answer.divisor).checked_mul(factor.denominator());
    let divisor = divisor.and_then(|divisor| i64::try_from(divisor).ok()).ok_or_else(overflow)?;
    Ok(MeasureValue {
        indicator: indicator.id.clone(),
        version: indicator.version,
        measure: measure.name.clone(),
        municipality,
        period,
        breakdown: breakdown.to_owned(),
        // The data is there, but the smallest of nothing does not exist.
        status: if has_value(status) && minor.is_none() { ObsStatus::CannotExist } else { status },
        minor,
        scale: measure.scale,
        divisor,
        rows: if has_value(status) { answer.rows } else { 0 },
    })
}
