//! What of a pipeline a run may touch.

use std::collections::BTreeSet;

use model::{Date, DeliveryId, DeliveryScope, MunicipalityCode, Period, SourceId, WorkUnit};

use crate::books::Known;

/// Which deliveries of a scope are read: those that were not read yet, and besides them these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reprocess {
    /// No others.
    Missing,
    /// Those that were refused or withheld, also where nothing has changed since.
    Failed,
    /// Those that were read with other definitions than today's, as a whole run reads them.
    #[default]
    Stale,
    /// All of them.
    All,
}

/// What of a pipeline a run may touch: everything, or deliveries of some periods, municipalities or sources. What is in
/// the scope is decided as in any other run; what is not stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only these deliveries.
    pub deliveries: Option<BTreeSet<DeliveryId>>,
    /// Only deliveries of these sources.
    pub sources: Option<BTreeSet<SourceId>>,
    /// Only deliveries about these municipalities. One whose name states none may be about all.
    pub municipalities: Option<BTreeSet<MunicipalityCode>>,
    /// Only deliveries about days from this one on. One whose name states no period may be about any, unless it was read
    /// and is known to cover others.
    pub from: Option<Date>,
    /// Only deliveries about days before this one.
    pub to: Option<Date>,
    /// Only deliveries whose names state exactly this period, or with `Some(None)` those that state none.
    pub stated: Option<Option<Period>>,
    /// Which of the deliveries are read.
    pub reprocess: Reprocess,
}

impl Scope {
    /// Everything that the pipeline has.
    pub fn all() -> Self {
        Self::default()
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// These deliveries and no others.
    pub fn of_deliveries(deliveries: BTreeSet<DeliveryId>) -> Self {
        Self { deliveries: Some(deliveries), ..Self::default() }
    }

    /// Whether new files are taken in: deliveries that are named are there already.
    pub(crate) fn takes_in(&self) -> bool {
        self.deliveries.is_none()
    }

    /// Whether what a delivery's name says lies in the scope.
    pub(crate) fn names(&self, scope: &DeliveryScope) -> bool {
        let source = self.sources.as_ref().is_none_or(|asked| asked.contains(&scope.source));
        let stated = self.stated.is_none_or(|stated| stated == scope.period);
        let whose = scope.municipality.is_none_or(|code| self.is_about(code));
        source && stated && whose && scope.period.is_none_or(|period| self.is_within(period))
    }

    pub(crate) fn is_about(&self, code: MunicipalityCode) -> bool {
        self.municipalities.as_ref().is_none_or(|asked| asked.contains(&code))
    }

    pub(crate) fn is_within(&self, period: Period) -> bool {
        self.from.is_none_or(|from| period.end() > from) && self.to.is_none_or(|to| period.start() < to)
    }

    /// Whether a delivery may be touched. `covered` are the units that it is known to cover, if it was read.
    pub(crate) fn has<'u>(&self, known: &Known, covered: Option<impl Iterator<Item = &'u WorkUnit>>) -> bool {
        let asked = self.deliveries.as_ref().is_none_or(|asked| asked.contains(&known.delivery.id));
        let mut covered = covered.into_iter().flatten().peekable();
        let known_to_cover = covered.peek().is_none()
            || covered.any(|unit| self.is_about(unit.municipality) && self.is_within(unit.period));
        asked && self.names(&known.delivery.scope) && known_to_cover
    }
}
