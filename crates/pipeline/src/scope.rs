//! What of a pipeline a run may touch.

use std::collections::BTreeSet;

use model::{Date, DeliveryId, MunicipalityCode, SourceId, WorkUnit};

use crate::books::Known;

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

    /// Whether a delivery may be touched. `covered` are the units that it is known to cover, if it was read.
    pub(crate) fn has<'u>(&self, known: &Known, covered: Option<impl Iterator<Item = &'u WorkUnit>>) -> bool {
        let scope = &known.delivery.scope;
        let asked = self.deliveries.as_ref().is_none_or(|asked| asked.contains(&known.delivery.id));
        let source = self.sources.as_ref().is_none_or(|asked| asked.contains(&scope.source));
        let whose = |code: &MunicipalityCode| self.municipalities.as_ref().is_none_or(|asked| asked.contains(code));
        let when = |period: &model::Period| {
            self.from.is_none_or(|from| period.end() > from) && self.to.is_none_or(|to| period.start() < to)
        };
        let named = scope.municipality.as_ref().is_none_or(whose) && scope.period.as_ref().is_none_or(when);
        let mut covered = covered.into_iter().flatten().peekable();
        let known_to_cover =
            covered.peek().is_none() || covered.any(|unit| whose(&unit.municipality) && when(&unit.period));
        asked && source && named && known_to_cover
    }
}
