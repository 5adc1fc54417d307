//! The measures of an indicator: which of them are known, what the engine says of those, and why the others are not.

use std::collections::{BTreeMap, BTreeSet};

use model::{Aggregate, Area, DatasetId, Indicator, Measure, MeasureValue, MunicipalityCode, ObsStatus, Period};

use super::engine::{Answer, Answers, ChunkLimit, Question, answer};
use super::{ComputeError, DatasetRows};

/// Every measure of the indicator for every wanted municipality and period, sorted by period, municipality and the
/// order of the measures in the definition.
///
/// A measure has a value where all the data it reads was delivered: 0 if no row matches, and none at all for a
/// smallest or largest value of no rows. Otherwise its status says whether the data is owed or has no source.
pub fn measure(
    indicator: &Indicator,
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    wanted: &BTreeSet<(MunicipalityCode, Period)>,
) -> Result<Vec<MeasureValue>, ComputeError> {
    measure_in_chunks(indicator, rows, wanted, ChunkLimit::default())
}

pub(super) fn measure_in_chunks(
    indicator: &Indicator,
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    wanted: &BTreeSet<(MunicipalityCode, Period)>,
    limit: ChunkLimit,
) -> Result<Vec<MeasureValue>, ComputeError> {
    let mut answers = Answers::new();
    for (dataset, measures) in measures_by_dataset(indicator) {
        if let Some(rows) = rows.get(dataset) {
            let known = known(indicator, &measures, rows, wanted);
            answers.extend(answer(&Question { indicator, measures, rows, known }, limit)?);
        }
    }
    let mut values = Vec::with_capacity(wanted.len() * indicator.measures.len());
    for &(municipality, period) in wanted {
        for (at, measure) in indicator.measures.iter().enumerate() {
            let status = rows
                .get(&measure.dataset)
                .map_or(ObsStatus::NotCollected, |rows| status(measure, rows, municipality, period));
            let answer = answers.get(&(at, municipality, period)).copied().unwrap_or_default();
            values.push(valued(indicator, measure, (municipality, period), answer, status)?);
        }
    }
    values.sort_by_key(|value| (value.period, value.municipality));
    Ok(values)
}

fn measures_by_dataset(indicator: &Indicator) -> BTreeMap<&DatasetId, Vec<usize>> {
    let mut by_dataset: BTreeMap<&DatasetId, Vec<usize>> = BTreeMap::new();
    for (at, measure) in indicator.measures.iter().enumerate() {
        by_dataset.entry(&measure.dataset).or_default().push(at);
    }
    by_dataset
}

fn known(
    indicator: &Indicator,
    measures: &[usize],
    rows: &DatasetRows<'_>,
    wanted: &BTreeSet<(MunicipalityCode, Period)>,
) -> BTreeSet<(usize, MunicipalityCode, Period)> {
    let all = measures.iter().flat_map(|at| wanted.iter().map(|(municipality, period)| (*at, *municipality, *period)));
    let is_known = |(at, municipality, period): &(usize, MunicipalityCode, Period)| {
        status(&indicator.measures[*at], rows, *municipality, *period) == ObsStatus::Normal
    };
    all.filter(is_known).collect()
}

/// Whether the data of a measure is there. A period without source weighs more than one that is owed: waiting for the
/// delivery would not complete the figure.
fn status(measure: &Measure, rows: &DatasetRows<'_>, municipality: MunicipalityCode, period: Period) -> ObsStatus {
    let partitions = measure.time.partitions(period, rows.dataset.partition);
    if partitions.is_empty() {
        // The period has no such day: there is nothing that could be delivered.
        return ObsStatus::CannotExist;
    }
    let missing = partitions.iter().filter(|part| !rows.delivered.contains(&(municipality, **part)));
    let statuses = missing.map(|part| {
        if rows.used.contains(&(municipality, *part)) { ObsStatus::Missing } else { ObsStatus::NotCollected }
    });
    statuses.fold(ObsStatus::Normal, |found, next| match (found, next) {
        (ObsStatus::NotCollected, _) | (_, ObsStatus::NotCollected) => ObsStatus::NotCollected,
        _ => next,
    })
}

fn valued(
    indicator: &Indicator,
    measure: &Measure,
    (municipality, period): (MunicipalityCode, Period),
    answer: Answer,
    status: ObsStatus,
) -> Result<MeasureValue, ComputeError> {
    let overflow =
        || ComputeError::Overflow { indicator: indicator.id.clone(), area: Area::Municipality(municipality), period };
    let value = match &measure.aggregate {
        _ if status != ObsStatus::Normal => None,
        Aggregate::Sum(_) | Aggregate::Count | Aggregate::CountDistinct(_) => Some(answer.value.unwrap_or(0)),
        Aggregate::Min(_) | Aggregate::Max(_) => answer.value,
    };
    let minor = value.map(|value| i64::try_from(value).map_err(|_| overflow())).transpose()?;
    Ok(MeasureValue {
        indicator: indicator.id.clone(),
        version: indicator.version,
        measure: measure.name.clone(),
        municipality,
        period,
        // The data is there, but the smallest of nothing does not exist.
        status: if status == ObsStatus::Normal && minor.is_none() { ObsStatus::CannotExist } else { status },
        minor,
        scale: measure.scale,
        rows: if status == ObsStatus::Normal { answer.rows } else { 0 },
    })
}
