//! Who holds a unit: of all that cover it and may hold, the delivery with the highest precedence.
//!
//! What holds is found out anew from what each delivery covers, never carried on from the run before. So a delivery that is
//! taken back gives way to the one that stood there before, whenever that came; and books that were lost or restored lead
//! to the same units as those that were kept.

use std::collections::{BTreeMap, BTreeSet};

use loader::{DeliveryState, Publication};
use model::{DeliveryId, WorkUnit};

use crate::RunError;
use crate::books::Known;
use crate::scope::Scope;
use crate::work::Work;

impl Work<'_> {
    /// The scope with the deliveries that may take the place of the named ones, or lose theirs to them: those that cover a
    /// unit of theirs, and statements of this run.
    pub(crate) fn widened(&self, scope: &Scope) -> Scope {
        let mut scope = scope.clone();
        if let Some(named) = &mut scope.deliveries {
            named.extend(self.arrived.iter().cloned());
            let covers = |id: &DeliveryId| self.ledger.coverage.get(id).into_iter().flat_map(BTreeMap::keys);
            let units: BTreeSet<&WorkUnit> = named.iter().flat_map(covers).collect();
            let others = self.ledger.coverage.keys().filter(|id| covers(id).any(|unit| units.contains(unit)));
            named.extend(others.cloned().collect::<Vec<_>>());
        }
        scope
    }

    /// Whether a delivery may be touched in this run.
    pub(crate) fn is_in_scope(&self, known: &Known) -> bool {
        let covered = self.ledger.coverage.get(&known.delivery.id);
        self.scope.is_all() || self.scope.has(known, covered.map(BTreeMap::keys))
    }

    /// Who should hold each unit of the pipeline's sources: of the deliveries that cover it and may hold, the one with the
    /// highest precedence.
    pub(crate) fn holders(&self) -> BTreeMap<&WorkUnit, &DeliveryId> {
        let superseded: BTreeSet<DeliveryId> = self.superseded().collect();
        let may_hold = |id: &DeliveryId| self.is_accepted(id) && !self.is_out(id) && !superseded.contains(id);
        let mut holders: BTreeMap<&WorkUnit, (&Known, &DeliveryId)> = BTreeMap::new();
        for (id, covered) in &self.ledger.coverage {
            let Some(known) = self.ledger.known.get(id) else { continue };
            if !self.fingerprints.contains_key(&known.delivery.scope.source) || !may_hold(id) {
                continue;
            }
            for unit in covered.keys() {
                let holder = holders.entry(unit).or_insert((known, id));
                let load = self.load(&unit.source);
                if holder.0.precedence(load) < known.precedence(load) {
                    *holder = (known, id);
                }
            }
        }
        holders.into_iter().map(|(unit, (_, id))| (unit, id)).collect()
    }

    /// Whether a delivery's rows of a unit are there, from this run or an earlier one.
    fn has_rows(&self, unit: &WorkUnit, id: &DeliveryId) -> bool {
        self.read.contains_key(id) || self.ledger.units.get(unit).is_some_and(|held| held.delivery == *id)
    }

    /// Deliveries that should hold a unit and have no rows for it.
    pub(crate) fn dispossessed(&self) -> BTreeSet<DeliveryId> {
        let holders = self.holders().into_iter();
        holders.filter(|(unit, id)| !self.has_rows(unit, id)).map(|(_, id)| id.clone()).collect()
    }

    /// Whether a unit of the pipeline's sources is held that nobody should hold.
    pub(crate) fn is_misplaced(&self) -> bool {
        let holders = self.holders();
        let ours = self.ledger.units.keys().filter(|unit| self.fingerprints.contains_key(&unit.source));
        ours.into_iter().any(|unit| !holders.contains_key(unit))
    }

    /// Forgets units whose rows are not on the disk any more, so that they are read again.
    pub(crate) fn forget_lost_parts(&mut self) {
        let store = self.store.clone();
        let is_there = |part: &String| store.join(part).is_file();
        self.ledger.units.retain(|unit, record| {
            let kept = record.part.as_ref().is_none_or(is_there);
            if !kept {
                tracing::warn!(%unit, "its canonical file is not there; its delivery is read again");
            }
            kept
        });
    }

    /// Writes down which deliveries are taken back, and which are so no more.
    pub(crate) fn record_retractions(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        for (id, record) in &self.ledger.records {
            let retracted = self.ledger.decisions.retracted.contains(id);
            let recorded = record.state == DeliveryState::Retracted;
            if retracted && !recorded {
                publication.set_delivery_state(id, &DeliveryState::Retracted)?;
                publication.record_coverage(id, [])?;
                self.ledger.coverage.remove(id);
            } else if recorded && !retracted && !self.read.contains_key(id) {
                // Others hold in its place. If it holds itself it was read in this run, which has written that down.
                publication.set_delivery_state(id, &DeliveryState::Superseded)?;
            }
        }
        Ok(())
    }
}
