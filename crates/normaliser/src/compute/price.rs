//! Fixed prices: the index of each period, and what an amount is multiplied and divided by.
//!
//! An amount of a period in the prices of another one is the amount, times the index of the other, divided by its own. Both
//! are whole numbers of the index's smallest unit, so that a measure keeps an exact fraction.

use std::collections::BTreeMap;

use model::{DatasetId, FieldIndex, Measure, Period, PriceBase, Ratio};
use polars::prelude::{DataType, PolarsResult, col};

use super::engine::scan;
use super::expression::column;
use super::{ComputeError, DatasetRows};

/// The index of each period, in its smallest unit. There is one row for each.
pub fn index_values(rows: &DatasetRows<'_>, value: FieldIndex) -> Result<BTreeMap<Period, i64>, ComputeError> {
    if rows.files.is_empty() {
        return Ok(BTreeMap::new());
    }
    read(rows, value)
        .map_err(|error| ComputeError::Engine { dataset: rows.dataset.id.clone(), message: error.to_string() })
}

fn read(rows: &DatasetRows<'_>, value: FieldIndex) -> PolarsResult<BTreeMap<Period, i64>> {
    let dataset = rows.dataset;
    let kind = dataset.field(dataset.time).ty.period_kind().unwrap_or(dataset.partition);
    let files: Vec<_> = rows.files.iter().collect();
    let frame = scan(&files)?
        .select([
            column(&dataset.fields, dataset.time).cast(DataType::Int32).alias("day"),
            column(&dataset.fields, value).cast(DataType::Int64).alias("value"),
        ])
        .filter(col("value").is_not_null())
        .collect()?;
    let (days, values) = (frame.column("day")?.i32()?, frame.column("value")?.i64()?);
    let period = |day: i32| model::Date::from_days(day).map(|day| Period::containing(kind, day));
    Ok(days.iter().zip(values.iter()).filter_map(|(day, value)| Some((period(day?)?, value?))).collect())
}

/// The index of every dataset that measures are priced by.
#[derive(Default)]
pub(super) struct Prices(BTreeMap<(DatasetId, usize), BTreeMap<Period, i64>>);

impl Prices {
    pub(super) fn of<'m>(
        measures: impl Iterator<Item = &'m Measure>,
        rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    ) -> Result<Self, ComputeError> {
        let mut prices = Self::default();
        for price in measures.filter_map(|measure| measure.price.as_ref()) {
            let key = (price.dataset.clone(), price.value.0);
            if let (Some(rows), false) = (rows.get(&price.dataset), prices.0.contains_key(&key)) {
                prices.0.insert(key, index_values(rows, price.value)?);
            }
        }
        Ok(prices)
    }

    /// What a measure's amounts of a period are multiplied by, in lowest terms; `None` where the index of either period is
    /// not there, or is not positive and thus no index.
    pub(super) fn factor(
        &self,
        measure: &Measure,
        period: Period,
        rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    ) -> Option<Ratio> {
        let Some(price) = &measure.price else { return Some(Ratio::integer(1)) };
        let index = self.0.get(&(price.dataset.clone(), price.value.0))?;
        let own = price.period(measure.window, period, rows.get(&price.dataset)?.dataset)?;
        let base = match price.base {
            PriceBase::Latest => *index.last_key_value()?.0,
            PriceBase::Period(base) => base,
        };
        let (own, base) = (*index.get(&own)?, *index.get(&base)?);
        Ratio::new(i128::from(base), i128::from(own)).ok().filter(|_| own > 0 && base > 0)
    }
}
