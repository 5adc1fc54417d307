//! Versions of one indicator: which of them makes which period, and what an indicator that is made of others is made of
//! in which period.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Catalogue, Formula, Indicator, IndicatorId, Measure, Period, Ratio, Superseded};

use super::free_name;
use crate::shelf::Shelf;

/// The first and the last period of a validity.
type Bounds = (Option<Period>, Option<Period>);

/// All indicators, each in all versions that are kept.
#[derive(Debug)]
pub(crate) struct Indicators {
    /// The current versions.
    pub(crate) current: Shelf<Indicator>,
    /// The others, the oldest first.
    older: BTreeMap<IndicatorId, Vec<Arc<Indicator>>>,
}

impl Indicators {
    /// No indicators.
    pub(crate) fn new() -> Self {
        Self { current: Shelf::new("indicator"), older: BTreeMap::new() }
    }

    /// Puts an indicator on the shelf: the current version, `None` if it is broken, and older ones, the oldest first.
    pub(crate) fn put(&mut self, id: &str, current: Option<Indicator>, older: Vec<Indicator>) {
        if let Some(first) = older.first() {
            self.older.insert(first.id.clone(), older.into_iter().map(Arc::new).collect());
        }
        self.current.put(id, current);
    }

    /// Every version of an indicator in every edition. No period lies in two of them.
    fn editions(&self, id: &IndicatorId) -> Vec<Arc<Indicator>> {
        let versions = self.older.get(id).into_iter().flatten().chain(self.current.get(id.as_str()));
        versions.flat_map(|version| std::iter::once(version).chain(&version.history.made_of_older)).cloned().collect()
    }

    /// Hands over those that are sound.
    pub(crate) fn fill(&self, catalogue: &mut Catalogue) {
        catalogue.indicators = self.current.sound().map(|found| (found.id.clone(), found.clone())).collect();
        let known = self.older.iter().filter(|(id, _)| catalogue.indicators.contains_key(*id));
        catalogue.older = known.map(|(id, versions)| (id.clone(), versions.clone())).collect();
    }
}

/// What newer versions leave of the validity of an older one.
///
/// A newer version takes over with its first period, for good: where validities overlap the newer one holds. So a file is
/// added for a new version, and the file of the one before stays as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newer {
    /// What is left.
    pub(super) left: Superseded,
    /// Whether all newer versions are sound, so that no less can be left.
    pub(super) known: bool,
}

impl Newer {
    /// No newer versions.
    pub(crate) const NONE: Self = Self { left: Superseded::No, known: true };

    /// With one more; `None` if it is broken.
    pub(crate) fn and(self, newer: Option<&Indicator>) -> Self {
        let Some(newer) = newer else { return Self { known: false, ..self } };
        let left = match (self.left, newer.history.valid.0) {
            (Superseded::Altogether, _) | (_, None) => Superseded::Altogether,
            (Superseded::No, Some(first)) => Superseded::From(first.start()),
            (Superseded::From(day), Some(first)) => Superseded::From(day.min(first.start())),
        };
        Self { left, ..self }
    }
}

/// What both have in common, if anything.
fn shared(one: Bounds, other: Bounds) -> Option<Bounds> {
    let from = one.0.max(other.0);
    let to = [one.1, other.1].into_iter().flatten().min();
    let empty = from.zip(to).is_some_and(|(from, to)| to.start() < from.start());
    (!empty).then_some((from, to))
}

/// The indicators that stand in the place of the named ones while older versions of these are valid, one choice for
/// each stretch of time. Where all are the current ones, nothing has to be chosen.
pub(super) fn choices(
    named: &[Arc<Indicator>],
    valid: Bounds,
    indicators: &Indicators,
) -> Vec<BTreeMap<IndicatorId, Arc<Indicator>>> {
    let mut choices = vec![(valid, BTreeMap::new())];
    for one in named {
        let editions = indicators.editions(&one.id);
        let with = |(bounds, chosen): (Bounds, BTreeMap<IndicatorId, Arc<Indicator>>)| {
            let narrower = editions.iter().filter_map(|edition| {
                let bounds = shared(bounds, edition.defined()?)?;
                let mut chosen = chosen.clone();
                chosen.insert(edition.id.clone(), Arc::clone(edition));
                Some((bounds, chosen))
            });
            narrower.collect::<Vec<_>>()
        };
        choices = choices.into_iter().flat_map(with).collect();
    }
    let all_current = |chosen: &BTreeMap<IndicatorId, Arc<Indicator>>| {
        named.iter().all(|one| chosen.get(&one.id).is_some_and(|chosen| Arc::ptr_eq(chosen, one)))
    };
    choices.into_iter().map(|(_, chosen)| chosen).filter(|chosen| !all_current(chosen)).collect()
}

/// A version with its formula, and with the measures and breaks of the indicators that this names. A figure is defined
/// where all are that it is made of, and begins anew where one of them does.
pub(super) fn made_of(
    version: &Indicator,
    (formula, conversion): (Formula, Ratio),
    named: &[Arc<Indicator>],
) -> Option<Indicator> {
    let mut made = Indicator { formula, conversion, ..version.clone() };
    for other in named {
        match other.defined().and_then(|bounds| shared((made.valid_from, made.valid_to), bounds)) {
            Some(bounds) => (made.valid_from, made.valid_to) = bounds,
            None => made.history.superseded = Superseded::Altogether,
        }
        for measure in &other.measures {
            let name = free_name(&measure.name, &made.measures)?;
            made.measures.push(Measure { name, ..measure.clone() });
        }
        made.breaks.extend(&other.breaks);
        made.history.declared_breaks.extend(&other.history.declared_breaks);
    }
    for breaks in [&mut made.breaks, &mut made.history.declared_breaks] {
        breaks.sort_unstable();
        breaks.dedup();
    }
    Some(made)
}
