//! The logical plan that measures and checks compile to: typed, resolved, and independent of the engine.
//!
//! Truth is three-valued as in SQL: a comparison with a missing value is unknown, and a row is kept only when its
//! condition is true.

use std::collections::BTreeSet;

use crate::{Date, FieldIndex, Period, PeriodKind};

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
}

impl Expr {
    /// Calls `visit` with every field that the expression reads.
    pub fn for_each_field(&self, visit: &mut impl FnMut(FieldIndex)) {
        match self {
            Self::Field(field) | Self::In(field, _) => visit(*field),
            Self::Text(_) | Self::Number { .. } | Self::Date(_) | Self::Boolean(_) => {}
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
}

impl TimeSelection {
    /// The day that a snapshot measure reads for this period; `None` for events, or if the year lacks the day.
    pub fn snapshot_day(self, period: Period) -> Option<Date> {
        match self {
            Self::Within => None,
            Self::AtStart => Some(period.start()),
            Self::At { month, day } => [period.start().year(), period.start().year() + 1]
                .into_iter()
                .filter_map(|year| Date::new(year, month, day))
                .find(|date| period.contains(*date)),
        }
    }

    /// The partitions of the dataset that must have been delivered for the measure to be known in this period.
    pub fn partitions(self, period: Period, partition: PeriodKind) -> Vec<Period> {
        match self {
            Self::Within => period.parts(partition).collect(),
            Self::AtStart | Self::At { .. } => {
                self.snapshot_day(period).map(|day| Period::containing(partition, day)).into_iter().collect()
            }
        }
    }

    /// The periods of `kind` that a partition of the dataset may contribute to.
    pub fn periods(self, partition: Period, kind: PeriodKind) -> Vec<Period> {
        let first = Period::containing(kind, partition.start());
        let mut periods = Vec::new();
        let mut next = Some(first);
        while let Some(period) = next.filter(|period| period.start() < partition.end()) {
            let contributes = match self {
                Self::Within => true,
                _ => self.snapshot_day(period).is_some_and(|day| partition.contains(day)),
            };
            if contributes {
                periods.push(period);
            }
            next = period.next();
        }
        periods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().expect(text)
    }

    #[test]
    fn a_year_of_events_needs_its_months() {
        let months = TimeSelection::Within.partitions(period("2024"), PeriodKind::Month);
        assert_eq!((months.len(), months[0]), (12, period("2024-01")));
        assert_eq!(TimeSelection::Within.periods(period("2024-05"), PeriodKind::Year), [period("2024")]);
    }

    #[test]
    fn a_snapshot_needs_the_partition_that_holds_its_day() {
        let count = TimeSelection::At { month: 9, day: 5 };
        assert_eq!(count.partitions(period("2024"), PeriodKind::Quarter), [period("2024-Q3")]);
        assert_eq!(count.snapshot_day(period("2024/25")), Date::new(2024, 9, 5));
        assert_eq!(count.periods(period("2024-Q3"), PeriodKind::Year), [period("2024")]);
        assert_eq!(count.periods(period("2024-Q2"), PeriodKind::Year), []);
        let first = TimeSelection::At { month: 1, day: 1 };
        assert_eq!(first.partitions(period("2024"), PeriodKind::Quarter), [period("2024-Q1")]);
        assert_eq!(first.snapshot_day(period("2024/25")), Date::new(2025, 1, 1));
    }
}
