//! What is asked of a value once it can be read: its sign beside it, its range, the words for true and false.

use std::ops::RangeInclusive;

use model::{Code, RangeRule};

use super::fault::Fault;
use super::rows::Rows;

/// The column that holds the sign of an amount.
pub(super) struct Sign {
    pub(super) column: usize,
    pub(super) positive: Vec<Vec<u8>>,
    pub(super) negative: Vec<Vec<u8>>,
}

/// The value with the sign of its column; `None` if there is none of the declared ones.
#[inline]
pub(super) fn signed(value: i64, sign: Option<&Sign>, rows: &Rows<'_>, row: usize) -> Option<i64> {
    let Some(sign) = sign else { return Some(value) };
    let cell = rows.raw.cell(rows.from + row, sign.column).trim_ascii();
    if sign.positive.iter().any(|word| word == cell) {
        return Some(value);
    }
    sign.negative.iter().any(|word| word == cell).then_some(-value)
}

pub(super) fn no_sign(sign: Option<&Sign>) -> Fault {
    let fault = Fault::new(Code::SIGN_INVALID, "stands beside a sign that is neither of the declared ones");
    sign.map_or_else(|| unreachable!("only a sign column has no sign"), |sign| fault.in_column(sign.column))
}

/// The values that the range allows.
pub(super) fn bounds(range: RangeRule) -> RangeInclusive<i64> {
    range.min.unwrap_or(i64::MIN)..=range.max.unwrap_or(i64::MAX)
}

pub(super) fn within(value: i64, range: RangeRule, shown: impl Fn(i64) -> String) -> Result<i64, Fault> {
    let RangeRule { min, max } = range;
    if let Some(min) = min.filter(|min| value < *min) {
        return Err(Fault::new(
            Code::OUT_OF_RANGE,
            format!("is less than {}, the smallest value of the field", shown(min)),
        ));
    }
    if let Some(max) = max.filter(|max| value > *max) {
        return Err(Fault::new(
            Code::OUT_OF_RANGE,
            format!("is more than {}, the largest value of the field", shown(max)),
        ));
    }
    Ok(value)
}

pub(super) fn shown_day(days: i64) -> String {
    let date = i32::try_from(days).ok().and_then(model::Date::from_days);
    date.map_or_else(|| format!("day {days}"), |date| date.to_string())
}

#[inline]
pub(super) fn boolean(cell: &[u8], yes: &[Vec<u8>], no: &[Vec<u8>]) -> Option<bool> {
    if yes.iter().any(|word| word == cell) {
        return Some(true);
    }
    no.iter().any(|word| word == cell).then_some(false)
}

pub(super) fn no_boolean() -> Fault {
    Fault::new(Code::BOOLEAN_INVALID, "is none of the declared words for true and false")
}
