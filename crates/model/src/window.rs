//! Which stretch of time a measure looks at, seen from the period of its indicator.

use std::ops::Range;

use crate::{Date, Period, PeriodKind};

/// How long the stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// The period itself.
    #[default]
    Period,
    /// So many months up to the end of the period, or weeks, where the period is a week.
    Rolling {
        /// How many.
        steps: u32,
    },
    /// From the beginning of the year, of this kind, that the period lies in.
    Cumulative(PeriodKind),
}

/// The stretch of time of a measure: a period, moved and made longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// How many months later than the period, or weeks, where it is a week; a multiple of the period's length.
    pub shift: i32,
    /// How long.
    pub span: Span,
}

impl Window {
    /// The period of the same kind that this one is moved to; `None` beyond the calendar.
    pub fn moved(self, period: Period) -> Option<Period> {
        Period::from_ordinal(period.kind(), period.ordinal() + self.shift / period.kind().steps())
    }

    /// The same window, moved by so many months or weeks more.
    #[must_use]
    pub fn later(self, steps: i32) -> Self {
        Self { shift: self.shift + steps, ..self }
    }

    /// The first day, and the first day behind the last; `None` beyond the calendar.
    pub fn days(self, period: Period) -> Option<Range<Date>> {
        let base = self.moved(period)?;
        let start = match self.span {
            Span::Period => base.start(),
            Span::Rolling { steps } => {
                let step = period.kind().step();
                let end = Period::containing(step, base.end());
                Period::from_ordinal(step, end.ordinal().checked_sub_unsigned(steps)?)?.start()
            }
            Span::Cumulative(kind) => Period::containing(kind, Date::from_days(base.end().days() - 1)?).start(),
        };
        Some(start..base.end())
    }

    /// How many days may lie between a period of this kind and what its window holds.
    pub(crate) fn reach(self, kind: PeriodKind) -> i32 {
        let span = match self.span {
            Span::Rolling { steps } => steps.cast_signed(),
            Span::Period | Span::Cumulative(_) => 0,
        };
        let longest = if kind.step() == PeriodKind::Week { 7 } else { 31 };
        // A period, and the year that a stretch may have begun with, come on top.
        (self.shift.abs() + span) * longest + 2 * 366
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
        assert_eq!(days(window(0, Span::Rolling { steps: 12 }), "2024-05"), "2023-06-01 2024-06-01");
        assert_eq!(days(window(3, Span::Rolling { steps: 6 }), "2024-Q1"), "2024-01-01 2024-07-01");
        assert_eq!(days(window(0, Span::Cumulative(PeriodKind::Year)), "2024-12"), "2024-01-01 2025-01-01");
        assert_eq!(days(window(-12, Span::Cumulative(PeriodKind::Year)), "2024-03"), "2023-01-01 2023-04-01");
        assert_eq!(days(window(0, Span::Cumulative(PeriodKind::SchoolYear)), "2024-03"), "2023-08-01 2024-04-01");
        assert_eq!(days(window(-1, Span::Period), "2021-W01"), "2020-12-28 2021-01-04");
        assert_eq!(days(window(0, Span::Rolling { steps: 52 }), "2024-W05"), "2023-02-06 2024-02-05");
        assert_eq!(days(window(2, Span::Rolling { steps: 3 }), "2020-W52"), "2020-12-21 2021-01-11");
        assert_eq!(Window { shift: -12, span: Span::Period }.days("1800".parse().expect("a year")), None);
    }
}
