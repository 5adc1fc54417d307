//! Why figures are made again: what changed of the units that they are made of, or of the definitions.

use std::collections::BTreeMap;

use loader::Why;
use model::{Area, MunicipalityCode, Period};

use crate::coverage::Cell;

/// Whether a series is computed anew as a whole, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Basis {
    /// It is not.
    #[default]
    Kept,
    /// Nothing was computed of it before.
    New,
    /// The run of another pipeline has changed what it reads.
    Outdated,
    /// The list of municipalities is another one, the definition is as it was.
    Regrouped,
    /// Its definition is another one, or who owes what.
    Redefined,
}

/// Why the figures of a task are made again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Causes {
    pub(crate) basis: Basis,
    /// What became of the units of a municipality's figure.
    cells: BTreeMap<Cell, Why>,
    periods: BTreeMap<Period, Why>,
    /// What became of units that figures of any period are made of.
    all: Option<Why>,
    any: Option<Why>,
}

impl Causes {
    /// Units that figures of some municipalities in a period are made of have changed.
    pub(crate) fn add(&mut self, period: Period, municipalities: &[MunicipalityCode], why: Why) {
        let of_period = self.periods.entry(period).or_insert(why);
        *of_period = why.max(*of_period);
        self.any = self.any.max(Some(why));
        for municipality in municipalities {
            let of_cell = self.cells.entry((*municipality, period)).or_insert(why);
            *of_cell = why.max(*of_cell);
        }
    }

    /// Units that all figures are made of have changed.
    pub(crate) fn add_to_all(&mut self, why: Option<Why>) {
        self.all = self.all.max(why);
        self.any = self.any.max(why);
    }

    /// Why a figure is another one than before; `members` are the municipalities of the area.
    pub(crate) fn of<'m>(
        &self,
        area: &Area,
        period: Period,
        members: impl IntoIterator<Item = &'m MunicipalityCode>,
    ) -> Why {
        let own = members.into_iter().filter_map(|code| self.cells.get(&(*code, period)).copied()).max();
        let own = own.max(self.all);
        let of_period = own.or_else(|| self.periods.get(&period).copied());
        match self.basis {
            Basis::Redefined => Why::Definition,
            Basis::Regrouped if matches!(area, Area::Municipality(_)) => own.unwrap_or(Why::Groups),
            Basis::Regrouped => Why::Groups,
            Basis::New => of_period.unwrap_or(Why::Definition),
            // A figure may be judged by the one of the period before: then whatever changed that is to blame.
            Basis::Kept | Basis::Outdated => of_period.or(self.any).unwrap_or(Why::Delivery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> MunicipalityCode {
        MunicipalityCode::new(text).expect("a code")
    }

    fn period(text: &str) -> Period {
        text.parse().expect("a period")
    }

    fn why(causes: &Causes, who: &str, when: &str) -> Why {
        causes.of(&Area::Municipality(code(who)), period(when), &[code(who)])
    }

    #[test]
    fn of_several_reasons_the_strongest_is_said_and_of_a_municipality_its_own() {
        let mut causes = Causes::default();
        causes.add(period("2024"), &[code("0101")], Why::Delivery);
        causes.add(period("2024"), &[code("0147")], Why::Correction);
        causes.add(period("2024"), &[code("0147")], Why::Delivery);
        assert_eq!(why(&causes, "0101", "2024"), Why::Delivery);
        assert_eq!(why(&causes, "0147", "2024"), Why::Correction);
        let both = [code("0101"), code("0147")];
        assert_eq!(causes.of(&Area::Country, period("2024"), &both), Why::Correction);
        assert_eq!(why(&causes, "0151", "2024"), Why::Correction, "what others delivered made it missing");
        causes.add_to_all(Some(Why::Withdrawal));
        assert_eq!(why(&causes, "0101", "2024"), Why::Withdrawal);
    }

    #[test]
    fn a_new_series_has_what_came_with_it_and_the_rest_by_definition() {
        let mut causes = Causes { basis: Basis::New, ..Causes::default() };
        causes.add(period("2024"), &[code("0101")], Why::Delivery);
        assert_eq!(why(&causes, "0101", "2024"), Why::Delivery);
        assert_eq!(why(&causes, "0101", "2023"), Why::Definition);
        let causes = Causes { basis: Basis::Redefined, ..causes };
        assert_eq!(why(&causes, "0101", "2024"), Why::Definition);
        let causes = Causes { basis: Basis::Regrouped, ..causes };
        assert_eq!(why(&causes, "0101", "2024"), Why::Delivery);
        assert_eq!(causes.of(&Area::Country, period("2024"), &[code("0101")]), Why::Groups);
    }
}
