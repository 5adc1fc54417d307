//! Days to periods by a table: the way of a row asks for a period millions of times, and calendars divide slowly.

use model::{Date, Period, PeriodKind};

/// The periods of one kind, numbered from the first that holds a day which a [`Date`] can be.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    /// The number of the period for each day from the first.
    numbers: Vec<u16>,
    /// The first day of each period.
    starts: Vec<i32>,
}

impl Calendar {
    pub(crate) fn new(kind: PeriodKind) -> Self {
        if kind == PeriodKind::Week {
            return Self::of_weeks();
        }
        let month = |month: i32| Date::new(month.div_euclid(12), month.rem_euclid(12).cast_unsigned() + 1, 1);
        let months: Vec<Date> = (FIRST_YEAR * 12..).map_while(month).collect();
        let mut calendar = Self { numbers: Vec::new(), starts: Vec::new() };
        let mut last = None;
        // The last month is a December.
        let ends = months.iter().skip(1).map(|start| start.days()).chain(months.last().map(|start| start.days() + 31));
        for (start, end) in months.iter().zip(ends) {
            let period = Period::containing(kind, *start);
            if last != Some(period) {
                last = Some(period);
                calendar.starts.push(start.days());
            }
            let number =
                u16::try_from(calendar.starts.len() - 1).expect("four centuries have fewer than 65,536 months");
            calendar.numbers.resize(usize::try_from(end - calendar.starts[0]).unwrap_or_default(), number);
        }
        calendar
    }

    /// Weeks, of which the first one begins before all days.
    fn of_weeks() -> Self {
        let first = Date::new(FIRST_YEAR, 1, 1).map_or(0, Date::days);
        let last = Date::new(LAST_YEAR, 12, 31).map_or(first, Date::days);
        let mut calendar = Self { numbers: Vec::new(), starts: vec![first] };
        for day in first..=last {
            // 1 January 1970 was a Thursday.
            if (day + 3).rem_euclid(7) == 0 && day > first {
                calendar.starts.push(day);
            }
            let number = u16::try_from(calendar.starts.len() - 1).expect("four centuries have fewer than 65,536 weeks");
            calendar.numbers.push(number);
        }
        calendar
    }

    /// The number of the period that holds the day. Days that no [`Date`] can be, as in the place of a missing value,
    /// have some number or other.
    #[inline]
    pub(crate) fn number(&self, day: i32) -> u16 {
        let at = usize::try_from(day.wrapping_sub(self.starts[0])).unwrap_or_default();
        self.numbers.get(at).copied().unwrap_or_default()
    }

    /// The first day of the period with this number.
    pub(crate) fn first_day(&self, number: usize) -> i32 {
        self.starts[number]
    }

    /// How many numbers there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// The first year of a [`Date`].
const FIRST_YEAR: i32 = 1800;
/// The last one.
const LAST_YEAR: i32 = 2200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_its_period() {
        for kind in PeriodKind::ALL {
            let calendar = Calendar::new(kind);
            let first = Date::new(1800, 1, 1).expect("the first day").days();
            let last = Date::new(2200, 12, 31).expect("the last day").days();
            for day in (first..=last).step_by(3).chain([last]) {
                let date = Date::from_days(day).expect("a day");
                let start = Date::from_days(calendar.first_day(calendar.number(day).into())).expect("a day");
                assert_eq!(Period::containing(kind, start), Period::containing(kind, date), "{date}");
                assert!(start <= date);
            }
            assert!(
                [i32::MIN, first - 1, last + 1, i32::MAX]
                    .map(|day| calendar.number(day))
                    .iter()
                    .all(|number| usize::from(*number) < calendar.len())
            );
        }
    }
}
