//! The municipalities of another day: measures go where their municipality went, before the formula is applied.
//!
//! So a figure of a municipality that was made of three is again a ratio of sums, and not a mean of three ratios. Sums and
//! counts are divided by the shares of a split and added up, exactly. Counts of distinct things are added as for
//! regions: what two municipalities both counted, counts twice. Of an extreme, a mean or a quantile nobody knows which
//! part of a split municipality it is about, and of several quantiles none is that of the whole: then there is no figure.

use std::collections::{BTreeMap, BTreeSet};

use model::{Aggregate, Area, Indicator, MunicipalityCode, ObsStatus, Period, Ratio, Share};

use super::ComputeError;
use super::observe::{Amount, Row, Rows};

/// For which municipalities of another day a municipality's measures of a period count, with what share each.
pub type Carriage<'a> = dyn Fn(MunicipalityCode, Period) -> Vec<(MunicipalityCode, Share)> + 'a;

/// The measures by the municipalities of another day, and those of them that are included in others as a whole.
pub(super) fn carry(
    indicator: &Indicator,
    period: Period,
    (rows, included): (&Rows, &BTreeSet<MunicipalityCode>),
    carriage: &Carriage<'_>,
) -> Result<(Rows, BTreeSet<MunicipalityCode>), ComputeError> {
    let mut parts: BTreeMap<MunicipalityCode, Vec<(&Row, Share)>> = BTreeMap::new();
    let mut elsewhere = BTreeSet::new();
    for (municipality, row) in rows {
        for (target, share) in carriage(*municipality, period) {
            let known = parts.entry(target).or_default();
            if included.contains(municipality) {
                elsewhere.insert(target);
            } else {
                known.push((row, share));
            }
        }
    }
    elsewhere.retain(|target| parts.get(target).is_some_and(Vec::is_empty));
    let mut carried = Rows::new();
    for (target, parts) in parts {
        let overflow =
            || ComputeError::Overflow { indicator: indicator.id.clone(), area: Area::Municipality(target), period };
        let joined = |(at, measure): (usize, &model::Measure)| {
            let of_measure = parts.iter().map(|(row, share)| (row[at], *share));
            joined(of_measure, &measure.aggregate).ok_or_else(overflow)
        };
        let row: Result<Row, ComputeError> = indicator.measures.iter().enumerate().map(joined).collect();
        carried.insert(target, row?);
    }
    Ok((carried, elsewhere))
}

/// A measure of what several municipalities became; `None` if it is too large.
fn joined(
    parts: impl Iterator<Item = (Result<Amount, ObsStatus>, Share)>,
    aggregate: &Aggregate,
) -> Option<Result<Amount, ObsStatus>> {
    let of_rows =
        matches!(aggregate, Aggregate::Min(_) | Aggregate::Max(_) | Aggregate::Mean(_) | Aggregate::Quantile(..));
    let mut whole: Option<Amount> = None;
    let mut without = BTreeSet::new();
    for (amount, share) in parts {
        match amount {
            // Where there are no rows, there are none to compare with those of others.
            Err(ObsStatus::CannotExist) if of_rows => {}
            Err(status) => {
                without.insert(status.code());
            }
            Ok(amount) => {
                let moves_whole = share == Some(Ratio::integer(1));
                let part = match share {
                    Some(_) if moves_whole => amount,
                    Some(share) if !of_rows => amount.part(share)?,
                    _ => {
                        without.insert(ObsStatus::CannotExist.code());
                        continue;
                    }
                };
                whole = match whole {
                    Some(_) if !aggregate.is_combinable() => {
                        without.insert(ObsStatus::CannotExist.code());
                        None
                    }
                    Some(known) => Some(known.with(part, aggregate)?),
                    None => Some(part),
                };
            }
        }
    }
    let reasons = [ObsStatus::NotCollected, ObsStatus::Missing];
    let reason = reasons.into_iter().find(|reason| without.contains(reason.code()));
    Some(match (reason, whole) {
        (Some(reason), _) => Err(reason),
        (None, Some(whole)) if without.is_empty() => Ok(whole),
        _ => Err(ObsStatus::CannotExist),
    })
}

impl Amount {
    /// A share of a sum or count; `None` if its terms are too large.
    fn part(self, share: Ratio) -> Option<Self> {
        let value = Ratio::new(self.minor, i128::from(self.divisor)).and_then(|value| value.times(share)).ok()?;
        let divisor = i64::try_from(value.denominator()).ok()?;
        Some(Self { minor: value.numerator(), divisor, estimated: true, ..self })
    }
}
