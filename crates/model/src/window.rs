//! Which stretch of time a measure looks at, seen from the period of its indicator.

use std::ops::Range;

use crate::{Date, Period, PeriodKind};

/// How long the stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// The period itself.
    #[default]
    Period,
    /// So many months up to the end of the period.
    Rolling {
        /// How many.
        months: u32,
    },
    /// From the beginning of the year, of this kind, that the period lies in.
    Cumulative(PeriodKind),
}

/// The stretch of time of a measure: a period, moved and made longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// How many months later than the period; a multiple of the period's length.
    pub shift: i32,
    /// How long.
    pub span: Span,
}

impl Window {
    /// The period of the same kind that this one is moved to; `None` beyond the calendar.
    pub fn moved(self, period: Period) -> Option<Period> {
        Period::from_ordinal(period.kind(), period.ordinal() + self.shift / period.kind().months())
    }

    /// The same window, moved by so many months more.
    #[must_use]
    pub fn later(self, months: i32) -> Self {
        Self { shift: self.shift + months, ..self }
    }

    /// The first day, and the first day behind the last; `None` beyond the calendar.
    pub fn days(self, period: Period) -> Option<Range<Date>> {
        let base = self.moved(period)?;
        let start = match self.span {
            Span::Period => base.start(),
            Span::Rolling { months } => {
                let end = Period::containing(PeriodKind::Month, base.end());
                Period::from_ordinal(PeriodKind::Month, end.ordinal().checked_sub_unsigned(months)?)?.start()
            }
            Span::Cumulative(kind) => Period::containing(kind, Date::from_days(base.end().days() - 1)?).start(),
        };
        Some(start..base.end())
    }

    /// How many months may lie between a period and what its window holds.
    pub(crate) fn reach(self) -> i32 {
        let span = match self.span {
            Span::Rolling { months } => months.cast_signed(),
            Span::Period | Span::Cumulative(_) => 0,
        };
        self.shift.abs() + span + 12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(window: Window, period: &str) -> String {
        let days = window.days(period.parse().expect(period)).expect("within the calendar");
        format!("{} {}", days.start, days.end)
    }

    #[test]
    fn windows_are_moved_and_made_longer() {
        let window = |shift, span| Window { shift, span };
        assert_eq!(days(Window::default(), "2024-Q2"), "2024-04-01 2024-07-01");
        assert_eq!(days(window(-12, Span::Period), "2024/25"), "2023-08-01 2024-08-01");
        assert_eq!(days(window(-1, Span::Period), "2024-01"), "2023-12-01 2024-01-01");
        assert_eq!(days(window(0, Span::Rolling { months: 12 }), "2024-05"), "2023-06-01 2024-06-01");
        assert_eq!(days(window(3, Span::Rolling { months: 6 }), "2024-Q1"), "2024-01-01 2024-07-01");
        assert_eq!(days(window(0, Span::Cumulative(PeriodKind::Year)), "2024-12"), "2024-01-01 2025-01-01");
        assert_eq!(days(window(-12, Span::Cumulative(PeriodKind::Year)), "2024-03"), "2023-01-01 2023-04-01");
        assert_eq!(days(window(0, Span::Cumulative(PeriodKind::SchoolYear)), "2024-03"), "2023-08-01 2024-04-01");
        assert_eq!(Window { shift: -12, span: Span::Period }.days("1800".parse().expect("a year")), None);
    }
}
