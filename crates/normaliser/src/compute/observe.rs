//! Measures to published figures: one formula in exact fractions, rounded once, with a status where there is no value.

use std::collections::BTreeMap;

use model::{
    Aggregate, Area, Formula, FormulaError, Indicator, MeasureValue, MissingRule, MunicipalityCode, NumberError,
    ObsStatus, Observation, Period, Ratio, TOTAL,
};

use super::ComputeError;

/// A municipality that belongs to the country's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The municipality.
    pub municipality: MunicipalityCode,
    /// The code of its region.
    pub region: String,
}

/// The figures of an indicator for every municipality that has measures, for every region and for the country, sorted
/// by period and area.
///
/// A group's figure is the formula of the members' measures taken together, so that it is a ratio of sums; a member
/// contributes if all its measures have a value. `members` says who belongs to the groups in a period.
pub fn observe(
    indicator: &Indicator,
    measures: &[MeasureValue],
    members: &dyn Fn(Period) -> Vec<Member>,
) -> Result<Vec<Observation>, ComputeError> {
    let mut observations = Vec::new();
    for (period, rows) in rows_by_period(indicator, measures)? {
        let figures = Figures { indicator, period };
        for (municipality, row) in &rows {
            observations.push(figures.municipality(*municipality, row)?);
        }
        for (area, group) in groups(members(period)) {
            observations.push(figures.group(area, &group, &rows)?);
        }
    }
    Ok(observations)
}

/// The measures of one municipality in the order of the definition: a value, or why there is none.
type Row = Vec<Result<i128, ObsStatus>>;
type Rows = BTreeMap<MunicipalityCode, Row>;

fn rows_by_period(indicator: &Indicator, measures: &[MeasureValue]) -> Result<BTreeMap<Period, Rows>, ComputeError> {
    let mut periods: BTreeMap<Period, Rows> = BTreeMap::new();
    for value in measures {
        let at = indicator.measures.iter().position(|measure| measure.name == value.measure);
        let at = at.ok_or_else(|| ComputeError::UnknownMeasure {
            indicator: indicator.id.clone(),
            measure: value.measure.clone(),
        })?;
        let nothing = || vec![Err(ObsStatus::Missing); indicator.measures.len()];
        let row = periods.entry(value.period).or_default().entry(value.municipality).or_insert_with(nothing);
        row[at] = known(value, indicator.missing);
    }
    Ok(periods)
}

/// What a measure is worth. Only data that was not delivered can be declared to be zero: a value that does not exist
/// although the data is there stays missing.
fn known(value: &MeasureValue, missing: MissingRule) -> Result<i128, ObsStatus> {
    match (value.minor, value.status, missing) {
        (Some(minor), ..) => Ok(i128::from(minor)),
        (None, ObsStatus::Missing | ObsStatus::NotCollected, MissingRule::Zero) => Ok(0),
        (None, status, _) => Err(status),
    }
}

fn groups(members: Vec<Member>) -> BTreeMap<Area, Vec<MunicipalityCode>> {
    let mut groups: BTreeMap<Area, Vec<MunicipalityCode>> = BTreeMap::new();
    for Member { municipality, region } in members {
        groups.entry(Area::Region(region)).or_default().push(municipality);
        groups.entry(Area::Country).or_default().push(municipality);
    }
    groups
}

/// Makes the figures of one period.
struct Figures<'a> {
    indicator: &'a Indicator,
    period: Period,
}

/// A figure, and the two sides of its quotient.
#[derive(Clone, Copy, Default)]
struct Figure {
    value: Option<i128>,
    numerator: Option<Ratio>,
    denominator: Option<Ratio>,
}

impl Figures<'_> {
    fn municipality(&self, municipality: MunicipalityCode, row: &Row) -> Result<Observation, ComputeError> {
        let area = Area::Municipality(municipality);
        let values: Result<Vec<i128>, ObsStatus> = row.iter().copied().collect();
        let Ok(values) = values else {
            return Ok(self.observation(area, Figure::default(), (0, 1), reason(row)));
        };
        let figure = self.figure(&area, &values)?;
        let status = if figure.value.is_some() { ObsStatus::Normal } else { ObsStatus::CannotExist };
        Ok(self.observation(area, figure, (1, 1), status))
    }

    fn group(&self, area: Area, members: &[MunicipalityCode], rows: &Rows) -> Result<Observation, ComputeError> {
        let complete = members
            .iter()
            .filter_map(|member| rows.get(member))
            .filter_map(|row| row.iter().copied().collect::<Result<Vec<i128>, ObsStatus>>().ok());
        let complete: Vec<Vec<i128>> = complete.collect();
        let counts = (count(complete.len()), count(members.len()));
        if complete.is_empty() {
            return Ok(self.observation(area, Figure::default(), counts, ObsStatus::Missing));
        }
        let values = self.together(&area, &complete)?;
        let figure = self.figure(&area, &values)?;
        let status = match figure.value {
            None => ObsStatus::CannotExist,
            Some(_) if complete.len() < members.len() => ObsStatus::Provisional,
            Some(_) => ObsStatus::Normal,
        };
        Ok(self.observation(area, figure, counts, status))
    }

    /// The measures of several municipalities taken together: sums, and the smallest or largest of extremes.
    fn together(&self, area: &Area, rows: &[Vec<i128>]) -> Result<Vec<i128>, ComputeError> {
        let combined = |(at, measure): (usize, &model::Measure)| {
            let mut values = rows.iter().map(|row| row[at]);
            match measure.aggregate {
                Aggregate::Min(_) => values.min(),
                Aggregate::Max(_) => values.max(),
                _ => values.try_fold(0i128, i128::checked_add),
            }
            .ok_or_else(|| self.overflow(area))
        };
        self.indicator.measures.iter().enumerate().map(combined).collect()
    }

    fn figure(&self, area: &Area, values: &[i128]) -> Result<Figure, ComputeError> {
        let overflow = |_| self.overflow(area);
        let scaled =
            values.iter().zip(&self.indicator.measures).map(|(value, measure)| Ratio::decimal(*value, measure.scale));
        let scaled: Vec<Option<Ratio>> =
            scaled.map(|ratio| ratio.map(Some)).collect::<Result<_, _>>().map_err(overflow)?;
        let side = |formula: &Formula| self.evaluated(area, formula, &scaled);
        let (numerator, denominator) = match self.indicator.formula.quotient() {
            Some((numerator, denominator)) => (side(numerator)?, side(denominator)?),
            None => (None, None),
        };
        let Some(ratio) = side(&self.indicator.formula)? else {
            return Ok(Figure { value: None, numerator, denominator });
        };
        let converted = ratio.times(self.indicator.conversion).map_err(overflow)?;
        let value = converted.rounded(self.indicator.decimals, self.indicator.rounding).map_err(overflow)?;
        Ok(Figure { value: Some(value), numerator, denominator })
    }

    /// The formula's value; `None` where a denominator is zero.
    fn evaluated(
        &self,
        area: &Area,
        formula: &Formula,
        values: &[Option<Ratio>],
    ) -> Result<Option<Ratio>, ComputeError> {
        match formula.evaluate(values) {
            Ok(ratio) => Ok(Some(ratio)),
            Err(FormulaError::Number(NumberError::DivisionByZero)) => Ok(None),
            Err(FormulaError::Number(NumberError::Overflow)) => Err(self.overflow(area)),
            Err(FormulaError::Missing(index)) => unreachable!("measure {} was checked to be there", index.0),
        }
    }

    fn overflow(&self, area: &Area) -> ComputeError {
        ComputeError::Overflow { indicator: self.indicator.id.clone(), area: area.clone(), period: self.period }
    }

    fn observation(
        &self,
        area: Area,
        figure: Figure,
        (contributing, members): (u32, u32),
        status: ObsStatus,
    ) -> Observation {
        Observation {
            indicator: self.indicator.id.clone(),
            version: self.indicator.version,
            area,
            period: self.period,
            breakdown: TOTAL.to_owned(),
            value: figure.value,
            decimals: self.indicator.decimals,
            numerator: figure.numerator,
            denominator: figure.denominator,
            contributing,
            members,
            status,
        }
    }
}

/// Why a municipality has no figure: no source weighs more than an owed delivery, and that more than a value that does
/// not exist.
fn reason(row: &Row) -> ObsStatus {
    let reasons = [ObsStatus::NotCollected, ObsStatus::Missing];
    reasons.into_iter().find(|reason| row.contains(&Err(*reason))).unwrap_or(ObsStatus::CannotExist)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a country has fewer than 4 billion municipalities")
}
