//! The logical plan that measures and checks compile to: typed, resolved, and independent of the engine.
//!
//! Truth is three-valued as in SQL: a comparison with a missing value is unknown, and a row is kept only when its
//! condition is true.

use std::collections::BTreeSet;

use crate::{Dataset, Date, FieldIndex, Period, Ratio, Window};

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// An expression over the fields of one canonical row. Both sides of an operator have been checked to have the same
/// type; numbers on both sides have been brought to the same scale.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// The value of a field. Its type is the field's.
    Field(FieldIndex),
    /// A text or a code.
    Text(String),
    /// A number in minor units of the scale of what it is compared or combined with.
    Number {
        /// The value times `10^scale`.
        minor: i64,
        /// Decimals.
        scale: u8,
    },
    /// A day; months, years and school years are their first day.
    Date(Date),
    /// A truth value.
    Boolean(bool),
    /// A comparison.
    Compare(Comparison, Box<Self>, Box<Self>),
    /// All of them.
    And(Vec<Self>),
    /// Any of them.
    Or(Vec<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// Whether the value is missing.
    IsNull(Box<Self>),
    /// Whether a code or text field is one of these; `in (...)`, `between` on codes and `in_group(...)` compile to it.
    In(FieldIndex, BTreeSet<String>),
    /// A sum of numbers of one scale.
    Add(Box<Self>, Box<Self>),
    /// A difference of numbers of one scale.
    Subtract(Box<Self>, Box<Self>),
    /// The negated number.
    Negate(Box<Self>),
    /// A part of a day or period, as a whole number.
    Part(DatePart, FieldIndex),
    /// How long an interval has been active; a number that depends on the measure's window.
    Active(ActiveTime),
}

/// How long an interval has been active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveTime {
    /// How many days of the window it holds.
    Days,
    /// How many whole months have passed from its first day to the day that is looked at, or the window's last.
    Months,
}

impl ActiveTime {
    /// The function's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days_active",
            Self::Months => "months_active",
        }
    }
}

/// A part of a day; of a period, that of its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// The year.
    Year,
    /// The month, 1 to 12.
    Month,
}

impl DatePart {
    /// The part of a day.
    pub fn of(self, date: Date) -> i64 {
        match self {
            Self::Year => i64::from(date.year()),
            Self::Month => i64::from(date.month()),
        }
    }

    /// The function's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
        }
    }
}

impl Expr {
    /// Calls `visit` with every field that the expression reads.
    pub fn for_each_field(&self, visit: &mut impl FnMut(FieldIndex)) {
        match self {
            Self::Field(field) | Self::In(field, _) | Self::Part(_, field) => visit(*field),
            Self::Text(_) | Self::Number { .. } | Self::Date(_) | Self::Boolean(_) | Self::Active(_) => {}
            Self::Compare(_, left, right) | Self::Add(left, right) | Self::Subtract(left, right) => {
                left.for_each_field(visit);
                right.for_each_field(visit);
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each_field(visit)),
            Self::Not(inner) | Self::IsNull(inner) | Self::Negate(inner) => inner.for_each_field(visit),
        }
    }
}

/// What is computed of the rows that a measure keeps.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// The exact sum of a number; missing values add nothing.
    Sum(Expr),
    /// The number of rows.
    Count,
    /// The number of different combinations of these fields; a row in which one is missing does not count.
    CountDistinct(Vec<FieldIndex>),
    /// The smallest value of a number.
    Min(Expr),
    /// The largest value of a number.
    Max(Expr),
    /// The mean of a number; missing values do not count.
    Mean(Expr),
    /// The smallest value that so large a share of the values does not exceed; a half gives the median, which is the mean
    /// of the two values in the middle where their number is even.
    Quantile(Expr, Ratio),
}

impl Aggregate {
    /// The number that is aggregated; `None` where rows are counted.
    pub fn operand(&self) -> Option<&Expr> {
        match self {
            Self::Count | Self::CountDistinct(_) => None,
            Self::Sum(of) | Self::Min(of) | Self::Max(of) | Self::Mean(of) | Self::Quantile(of, _) => Some(of),
        }
    }

    /// Whether the value for several municipalities can be made of each municipality's own.
    pub fn is_combinable(&self) -> bool {
        !matches!(self, Self::Quantile(..))
    }
}

/// Which rows belong to a period of the indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSelection {
    /// Events: the rows that are placed within the period.
    Within,
    /// Snapshots: the rows placed on this day of the (calendar or school) year that the period is.
    At {
        /// Month, 1 to 12.
        month: u32,
        /// Day, 1 to 31.
        day: u32,
    },
    /// Snapshots: the rows placed on the first day of the period.
    AtStart,
    /// Snapshots: the rows of the last one within the window.
    Last,
    /// Snapshots: the mean over all within the window.
    Average,
    /// Intervals: the rows that hold at some time.
    Active(Activity),
}

/// When an interval has to hold to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// On the first day of the window.
    Start,
    /// On the last day of the window.
    End,
    /// On any day of the window; `days` is then how many of its days.
    Any,
}

impl Activity {
    /// The word used in definitions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Any => "any",
        }
    }
}

impl TimeSelection {
    /// The day that a snapshot measure reads for this period; `None` for events, or if the year lacks the day.
    pub fn snapshot_day(self, period: Period) -> Option<Date> {
        match self {
            Self::Within | Self::Last | Self::Average | Self::Active(_) => None,
            Self::AtStart => Some(period.start()),
            Self::At { month, day } => [period.start().year(), period.start().year() + 1]
                .into_iter()
                .filter_map(|year| Date::new(year, month, day))
                .find(|date| period.contains(*date)),
        }
    }

    /// The days whose snapshots are read in a window, in order.
    pub fn snapshot_days(self, window: Window, period: Period, dataset: &Dataset) -> Vec<Date> {
        if let Some(day) = window.moved(period).and_then(|moved| self.snapshot_day(moved)) {
            return vec![day];
        }
        let kind = dataset.field(dataset.time).ty.period_kind().unwrap_or(dataset.partition);
        let Some(days) = window.days(period) else { return Vec::new() };
        let first = Period::containing(kind, days.start);
        let starts = std::iter::successors(Some(first), |part| part.next()).map(Period::start);
        let within: Vec<Date> = starts.skip_while(|day| *day < days.start).take_while(|day| *day < days.end).collect();
        match self {
            Self::Last => within.last().copied().into_iter().collect(),
            Self::Average => within,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().expect(text)
    }

    #[test]
    fn a_snapshot_is_of_a_day_of_the_year() {
        let count = TimeSelection::At { month: 9, day: 5 };
        assert_eq!(count.snapshot_day(period("2024/25")), Date::new(2024, 9, 5));
        let first = TimeSelection::At { month: 1, day: 1 };
        assert_eq!(first.snapshot_day(period("2024/25")), Date::new(2025, 1, 1));
        assert_eq!(TimeSelection::AtStart.snapshot_day(period("2024-Q2")), Date::new(2024, 4, 1));
    }
}
