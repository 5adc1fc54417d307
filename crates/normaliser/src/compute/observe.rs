//! Measures to published figures: one formula in exact fractions, rounded once, with a status where there is no value.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Aggregate, Area, Formula, FormulaError, GroupRule, Indicator, MeasureValue, MissingRule, MunicipalityCode,
    NumberError, ObsStatus, Observation, Period, Ratio, Rounding, TOTAL,
};

use super::ComputeError;
use super::carry::{Carriage, carry};

/// A municipality that belongs to the country's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The municipality.
    pub municipality: MunicipalityCode,
    /// The code of its region.
    pub region: String,
}

/// The regions and the country.
fn groups(members: Vec<Member>) -> BTreeMap<Area, Vec<MunicipalityCode>> {
    let mut groups: BTreeMap<Area, Vec<MunicipalityCode>> = BTreeMap::new();
    for Member { municipality, region } in members {
        groups.entry(Area::Region(region)).or_default().push(municipality);
        groups.entry(Area::Country).or_default().push(municipality);
    }
    groups
}

/// As [`observe_groups`], with the regions and the country as groups; `members` says who belongs to them.
pub fn observe(
    indicator: &Indicator,
    measures: &[MeasureValue],
    members: &dyn Fn(Period) -> Vec<Member>,
) -> Result<Vec<Observation>, ComputeError> {
    figures(indicator, measures, &|period| groups(members(period)), None)
}

/// The figures of an indicator for every municipality that has measures, and for every group of them, sorted by period,
/// area and breakdown, the total first.
///
/// Each cell of a breakdown is an indicator of its own: nothing of the total is made of cells, and no rule sees more than
/// one of them.
///
/// A group's figure is the formula of the members' measures taken together, so that it is a ratio of sums; a member
/// contributes if all its measures have a value. `groups` says which groups there are in a period (regions, the country,
/// comparison groups), and who belongs to each.
pub fn observe_groups(
    indicator: &Indicator,
    measures: &[MeasureValue],
    groups: &dyn Fn(Period) -> BTreeMap<Area, Vec<MunicipalityCode>>,
) -> Result<Vec<Observation>, ComputeError> {
    figures(indicator, measures, groups, None)
}

/// As [`observe`], for the municipalities of another day: `carriage` says for which of them the measures of a
/// municipality count, and `members` who belongs to the groups on that day.
pub fn observe_carried(
    indicator: &Indicator,
    measures: &[MeasureValue],
    members: &dyn Fn(Period) -> Vec<Member>,
    carriage: &Carriage<'_>,
) -> Result<Vec<Observation>, ComputeError> {
    figures(indicator, measures, &|period| groups(members(period)), Some(carriage))
}

fn figures(
    indicator: &Indicator,
    measures: &[MeasureValue],
    groups: &dyn Fn(Period) -> BTreeMap<Area, Vec<MunicipalityCode>>,
    carriage: Option<&Carriage<'_>>,
) -> Result<Vec<Observation>, ComputeError> {
    let mut parts: BTreeMap<&str, Vec<&MeasureValue>> = BTreeMap::new();
    for value in measures {
        parts.entry(&value.breakdown).or_default().push(value);
    }
    let total = parts.remove(TOTAL).map(|values| (TOTAL, values));
    let mut observations = Vec::new();
    for (breakdown, measures) in total.into_iter().chain(parts) {
        observations.extend(observe_part(indicator, (breakdown, &measures), groups, carriage)?);
    }
    observations.sort_by(|one, other| (one.period, &one.area).cmp(&(other.period, &other.area)));
    Ok(observations)
}

/// The figures of one cell, or of the total.
fn observe_part(
    indicator: &Indicator,
    (breakdown, measures): (&str, &[&MeasureValue]),
    groups: &dyn Fn(Period) -> BTreeMap<Area, Vec<MunicipalityCode>>,
    carriage: Option<&Carriage<'_>>,
) -> Result<Vec<Observation>, ComputeError> {
    let mut observations = Vec::new();
    let mut before: Option<(Period, BTreeMap<MunicipalityCode, i128>)> = None;
    for (period, mut rows) in rows_by_period(indicator, measures)? {
        let mut included = merge(indicator, period, &mut rows)?;
        if let Some(carriage) = carriage {
            (rows, included) = carry(indicator, period, (&rows, &included), carriage)?;
        }
        let figures = Figures { indicator, period, breakdown };
        let known = before.filter(|(earlier, _)| earlier.next() == Some(period)).map(|(_, values)| values);
        let mut values = BTreeMap::new();
        let mut removed = BTreeSet::new();
        for (municipality, row) in &rows {
            let mut one = if included.contains(municipality) {
                figures.elsewhere(Area::Municipality(*municipality), 1)
            } else {
                figures.municipality(*municipality, row)?
            };
            values.extend(one.value.map(|value| (*municipality, value)));
            let last = known.as_ref().and_then(|known| known.get(municipality)).copied();
            if figures.doubt(&mut one, last)? && one.value.is_none() {
                removed.insert(*municipality);
            }
            observations.push(one);
        }
        rows.retain(|municipality, _| !removed.contains(municipality));
        for (area, mut group) in groups(period) {
            let all = group.len();
            group.retain(|municipality| !included.contains(municipality));
            // Nobody has a figure of their own: they are all counted elsewhere.
            let nobody = group.is_empty() && all > 0;
            observations.push(if nobody { figures.elsewhere(area, 0) } else { figures.group(area, &group, &rows)? });
        }
        before = Some((period, values));
    }
    Ok(observations)
}

/// A measure's value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    /// In units of `10^-scale`, to be divided by the divisor.
    pub(super) minor: i128,
    pub(super) divisor: i64,
    /// Whether rows of others are still to come.
    pub(super) provisional: bool,
    /// Whether it is a share of what was measured as a whole.
    pub(super) estimated: bool,
}

/// The measures of one municipality in the order of the definition: a value, or why there is none.
pub(super) type Row = Vec<Result<Amount, ObsStatus>>;
pub(super) type Rows = BTreeMap<MunicipalityCode, Row>;

fn rows_by_period(indicator: &Indicator, measures: &[&MeasureValue]) -> Result<BTreeMap<Period, Rows>, ComputeError> {
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
    if indicator.missing == MissingRule::Exclude {
        for row in periods.values_mut().flat_map(BTreeMap::values_mut).filter(|row| row.iter().any(Result::is_ok)) {
            let is_absent = |amount: &&mut Result<Amount, ObsStatus>| {
                matches!(amount, Err(ObsStatus::Missing | ObsStatus::NotCollected))
            };
            row.iter_mut().filter(is_absent).for_each(|amount| *amount = Ok(Amount::ZERO));
        }
    }
    Ok(periods)
}

/// Adds the measures of municipalities that are included in others to those of the others; returns the former.
fn merge(indicator: &Indicator, period: Period, rows: &mut Rows) -> Result<BTreeSet<MunicipalityCode>, ComputeError> {
    let holding = indicator.included_in.iter().filter(|inclusion| inclusion.holds(period));
    let mut included = BTreeSet::new();
    for inclusion in holding {
        included.insert(inclusion.municipality);
        let Some(own) = rows.get(&inclusion.municipality).cloned() else { continue };
        let Some(within) = rows.get_mut(&inclusion.within) else { continue };
        for ((amount, own), measure) in within.iter_mut().zip(own).zip(&indicator.measures) {
            if let (Ok(amount), Ok(own)) = (amount, own) {
                let overflow = || ComputeError::Overflow {
                    indicator: indicator.id.clone(),
                    area: Area::Municipality(inclusion.within),
                    period,
                };
                *amount = amount.with(own, &measure.aggregate).ok_or_else(overflow)?;
            }
        }
    }
    Ok(included)
}

impl Amount {
    const ZERO: Self = Self { minor: 0, divisor: 1, provisional: false, estimated: false };

    /// The value for both of two municipalities; `None` if it is too large.
    pub(super) fn with(self, other: Self, aggregate: &Aggregate) -> Option<Self> {
        let provisional = self.provisional || other.provisional;
        let estimated = self.estimated || other.estimated;
        let (minor, divisor) = match aggregate {
            Aggregate::Min(_) => (self.minor.min(other.minor), 1),
            Aggregate::Max(_) => (self.minor.max(other.minor), 1),
            Aggregate::Mean(_) => (self.minor.checked_add(other.minor)?, self.divisor.checked_add(other.divisor)?),
            // The one who delivers has the rows of both.
            Aggregate::Quantile(..) => (self.minor, self.divisor),
            _ if self.minor == 0 => (other.minor, other.divisor),
            _ if other.minor == 0 || self.divisor == other.divisor => {
                (self.minor.checked_add(other.minor)?, self.divisor)
            }
            _ => {
                let (one, two) = (i128::from(self.divisor), i128::from(other.divisor));
                let sum = self.minor.checked_mul(two)?.checked_add(other.minor.checked_mul(one)?)?;
                (sum, self.divisor.checked_mul(other.divisor)?)
            }
        };
        Some(Self { minor, divisor, provisional, estimated })
    }
}

/// What a measure is worth. Only data that was not delivered can be declared to be zero: a value that does not exist
/// although the data is there stays missing.
fn known(value: &MeasureValue, missing: MissingRule) -> Result<Amount, ObsStatus> {
    match (value.minor, value.status, missing) {
        (Some(minor), status, _) => {
            let provisional = status == ObsStatus::Provisional;
            Ok(Amount { minor: i128::from(minor), divisor: value.divisor, provisional, estimated: false })
        }
        (None, ObsStatus::Missing | ObsStatus::NotCollected, MissingRule::Zero) => Ok(Amount::ZERO),
        (None, status, _) => Err(status),
    }
}

/// Decimals beyond the published ones with which figures enter a mean or a median.
const FINER: u8 = 9;

/// The measures, if all of them have a value.
fn complete(row: &Row) -> Option<Vec<Amount>> {
    row.iter().map(|amount| amount.ok()).collect()
}

/// Makes the figures of one period.
struct Figures<'a> {
    indicator: &'a Indicator,
    period: Period,
    breakdown: &'a str,
}

/// A figure, and the two sides of its quotient.
#[derive(Clone, Copy, Default)]
struct Figure {
    value: Option<i128>,
    /// The value with further decimals, for the mean or median of a group.
    fine: Option<i128>,
    numerator: Option<Ratio>,
    denominator: Option<Ratio>,
}

impl Figures<'_> {
    fn municipality(&self, municipality: MunicipalityCode, row: &Row) -> Result<Observation, ComputeError> {
        let area = Area::Municipality(municipality);
        let Some(amounts) = complete(row) else {
            return Ok(self.observation(area, Figure::default(), (0, 1), reason(row)));
        };
        let figure = self.figure(&area, self.together(&area, std::slice::from_ref(&amounts))?)?;
        let status = match figure.value {
            None => ObsStatus::CannotExist,
            Some(_) if amounts.iter().any(|amount| amount.provisional) => ObsStatus::Provisional,
            Some(_) if amounts.iter().any(|amount| amount.estimated) => ObsStatus::Estimated,
            Some(_) => ObsStatus::Normal,
        };
        Ok(self.observation(area, figure, (1, 1), status))
    }

    /// The figure of a municipality that is included in another one's, or of a group of none but such.
    fn elsewhere(&self, area: Area, members: u32) -> Observation {
        self.observation(area, Figure::default(), (0, members), ObsStatus::IncludedElsewhere)
    }

    /// Flags a value that is not plausible, or takes it out; returns whether it did. `before` is the value of the period
    /// before.
    fn doubt(&self, one: &mut Observation, before: Option<i128>) -> Result<bool, ComputeError> {
        let plausible = self.indicator.plausible.filter(|plausible| plausible.of_parts || self.breakdown == TOTAL);
        let (Some(plausible), Some(value)) = (plausible, one.value) else { return Ok(false) };
        let area = one.area.clone();
        let overflow = |_| self.overflow(&area);
        let scaled = |bound: Ratio| bound.rounded(self.indicator.decimals, Rounding::HalfEven).map_err(overflow);
        let mut doubtful = false;
        if let Some(least) = plausible.least {
            doubtful |= value < scaled(least)?;
        }
        if let Some(greatest) = plausible.greatest {
            doubtful |= value > scaled(greatest)?;
        }
        if let (Some(change), Some(before)) = (plausible.change, before.filter(|before| *before != 0)) {
            let by = Ratio::new(value.abs_diff(before).cast_signed(), before.abs()).map_err(overflow)?;
            doubtful |= by.minus(change).map_err(overflow)?.numerator() > 0;
        }
        if doubtful {
            one.status = ObsStatus::Implausible;
            if plausible.remove {
                (one.value, one.numerator, one.denominator, one.contributing) = (None, None, None, 0);
            }
        }
        Ok(doubtful)
    }

    fn group(&self, area: Area, members: &[MunicipalityCode], rows: &Rows) -> Result<Observation, ComputeError> {
        let complete: Vec<Vec<Amount>> =
            members.iter().filter_map(|member| rows.get(member)).filter_map(complete).collect();
        let (figure, contributing) = match self.indicator.groups {
            _ if complete.is_empty() => (Figure::default(), 0),
            GroupRule::RatioOfSums => (self.figure(&area, self.together(&area, &complete)?)?, complete.len()),
            GroupRule::UnweightedMean | GroupRule::Median => self.of_figures(&area, &complete)?,
        };
        let status = match figure.value {
            None if complete.is_empty() => ObsStatus::Missing,
            None => ObsStatus::CannotExist,
            Some(_) if members.iter().any(|member| is_awaited(rows.get(member))) => ObsStatus::Provisional,
            Some(_) if complete.iter().flatten().any(|amount| amount.provisional) => ObsStatus::Provisional,
            Some(_) if complete.iter().flatten().any(|amount| amount.estimated) => ObsStatus::Estimated,
            Some(_) => ObsStatus::Normal,
        };
        Ok(self.observation(area, figure, (count(contributing), count(members.len())), status))
    }

    /// The mean or the median of the members' figures, and how many have one. Each is taken with [`FINER`] decimals
    /// more than are published: exact fractions with a hundred different denominators have no common one.
    fn of_figures(&self, area: &Area, rows: &[Vec<Amount>]) -> Result<(Figure, usize), ComputeError> {
        let figure = |row: &Vec<Amount>| self.figure(area, self.together(area, std::slice::from_ref(row))?);
        let figures: Vec<Figure> = rows.iter().map(figure).collect::<Result<_, _>>()?;
        let mut fine: Vec<i128> = figures.iter().filter_map(|figure| figure.fine).collect();
        fine.sort_unstable();
        let many = fine.len();
        let taken = match self.indicator.groups {
            GroupRule::Median => fine.get(many.saturating_sub(1) / 2..=many / 2).unwrap_or_default(),
            _ => &fine,
        };
        if taken.is_empty() {
            return Ok((Figure::default(), 0));
        }
        let overflow = |_| self.overflow(area);
        let sum = taken.iter().try_fold(0i128, |sum, value| sum.checked_add(*value));
        let sum = Ratio::decimal(sum.ok_or_else(|| self.overflow(area))?, self.indicator.decimals + FINER);
        let mean = sum.and_then(|sum| sum.divided_by(Ratio::integer(i128::from(count(taken.len())))));
        let value = mean.and_then(|mean| mean.rounded(self.indicator.decimals, self.indicator.rounding));
        Ok((Figure { value: Some(value.map_err(overflow)?), ..Figure::default() }, many))
    }

    /// The measures of several municipalities taken together: sums, the smallest or largest of extremes, and the mean
    /// of all rows of which means were made.
    fn together(&self, area: &Area, rows: &[Vec<Amount>]) -> Result<Vec<Ratio>, ComputeError> {
        let combined = |(at, measure): (usize, &model::Measure)| {
            let amounts = || rows.iter().map(|row| row[at]);
            let minors = || amounts().map(|amount| amount.minor);
            let sum = || minors().try_fold(0i128, i128::checked_add).ok_or(NumberError::Overflow);
            let scaled =
                |minor, divisor: i128| Ratio::decimal(minor, measure.scale)?.divided_by(Ratio::integer(divisor));
            let divisor = amounts().next().map_or(1, |amount| amount.divisor);
            match measure.aggregate {
                Aggregate::Min(_) => scaled(minors().min().unwrap_or_default(), 1),
                Aggregate::Max(_) => scaled(minors().max().unwrap_or_default(), 1),
                Aggregate::Mean(_) => {
                    sum().and_then(|sum| scaled(sum, amounts().map(|amount| i128::from(amount.divisor)).sum()))
                }
                _ if amounts().all(|amount| amount.divisor == divisor) => {
                    sum().and_then(|sum| scaled(sum, i128::from(divisor)))
                }
                _ => amounts().try_fold(Ratio::integer(0), |sum, amount| {
                    sum.plus(scaled(amount.minor, i128::from(amount.divisor))?)
                }),
            }
            .map_err(|_: NumberError| self.overflow(area))
        };
        self.indicator.measures.iter().enumerate().map(combined).collect()
    }

    fn figure(&self, area: &Area, values: Vec<Ratio>) -> Result<Figure, ComputeError> {
        let overflow = |_| self.overflow(area);
        let values: Vec<Option<Ratio>> = values.into_iter().map(Some).collect();
        let side = |formula: &Formula| self.evaluated(area, formula, &values);
        let (numerator, denominator) = match self.indicator.formula.quotient() {
            Some((numerator, denominator)) => (side(numerator)?, side(denominator)?),
            None => (None, None),
        };
        let Some(ratio) = side(&self.indicator.formula)? else {
            return Ok(Figure { numerator, denominator, ..Figure::default() });
        };
        let Indicator { decimals, rounding, groups, .. } = self.indicator;
        let converted = ratio.times(self.indicator.conversion).map_err(overflow)?;
        let value = converted.rounded(*decimals, *rounding).map_err(overflow)?;
        let fine = match groups {
            GroupRule::RatioOfSums => None,
            GroupRule::UnweightedMean | GroupRule::Median => {
                Some(converted.rounded(decimals + FINER, Rounding::HalfEven).map_err(overflow)?)
            }
        };
        Ok(Figure { value: Some(value), fine, numerator, denominator })
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
        let begins = self.indicator.breaks.contains(&self.period);
        let status = if begins && status == ObsStatus::Normal { ObsStatus::Break } else { status };
        Observation {
            indicator: self.indicator.id.clone(),
            version: self.indicator.version,
            area,
            period: self.period,
            breakdown: self.breakdown.to_owned(),
            value: figure.value,
            decimals: self.indicator.decimals,
            numerator: figure.numerator,
            denominator: figure.denominator,
            contributing,
            members,
            status,
            held: false,
        }
    }
}

/// Whether a member's measures are still to come. Where nothing exists that could be measured, there is nothing to wait
/// for.
fn is_awaited(row: Option<&Row>) -> bool {
    row.is_none_or(|row| complete(row).is_none() && reason(row) != ObsStatus::CannotExist)
}

/// Why a municipality has no figure: no source weighs more than an owed delivery, and that more than a value that does
/// not exist.
fn reason(row: &Row) -> ObsStatus {
    let reasons = [ObsStatus::NotCollected, ObsStatus::Missing];
    reasons
        .into_iter()
        .find(|reason| row.iter().any(|amount| amount.err() == Some(*reason)))
        .unwrap_or(ObsStatus::CannotExist)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a country has fewer than 4 billion municipalities")
}
