//! Who holds a unit: of all that cover it and may hold, the delivery with the highest precedence.
//!
//! What holds is found out anew from what each delivery covers, never carried on from the run before. So a delivery that is
//! taken back gives way to the one that stood there before, whenever that came; and books that were lost or restored lead
//! to the same units as those that were kept.

use std::collections::{BTreeMap, BTreeSet};

use loader::{DeliveryRecord, DeliveryState, Publication, UnitRecord, Why};
use model::{DeliveryId, WorkUnit};

use crate::RunError;
use crate::books::{Known, Step};
use crate::scope::Scope;
use crate::work::Work;

/// What follows for each delivery from the others.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Deliveries that must be read next, as far as the scope goes.
    pub(crate) to_read: Vec<DeliveryId>,
    /// Accepted deliveries in whose place another one holds.
    pub(crate) superseded: BTreeSet<DeliveryId>,
    /// Deliveries that an earlier run read and refused, and below which another one holds now. Had they come after it,
    /// nobody would have read them.
    pub(crate) outlived: BTreeSet<DeliveryId>,
    /// Deliveries that should hold a unit and have no rows for it: others had taken it, or the books are older.
    pub(crate) dispossessed: BTreeSet<DeliveryId>,
    /// Units that are held and that nobody should hold, as far as the scope goes.
    pub(crate) misplaced: Vec<UnitRecord>,
}

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

    /// Whether the delivery with this identifier may be touched in this run.
    pub(crate) fn is_ours(&self, id: &DeliveryId) -> bool {
        self.scope.is_all() || self.ledger.known.get(id).is_some_and(|known| self.is_in_scope(known))
    }

    /// What follows for each delivery from the others, by what is known now.
    pub(crate) fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        for deliveries in self.slots().into_values() {
            match self.next_step(&deliveries) {
                Step::Nothing => {}
                Step::Read(id) => {
                    // How it was read is old; in a run that leaves such deliveries alone they stand as they are.
                    let is_stale = self.ledger.known.get(id).is_some_and(|known| known.reading.is_some());
                    let is_left = is_stale && !self.reads_stale();
                    if !is_left && deliveries.iter().any(|known| self.is_in_scope(known)) {
                        standing.to_read.push(id.clone());
                    }
                }
                Step::Holds(holder) => {
                    let others = deliveries.iter().map(|known| &known.delivery.id).filter(|id| *id != holder);
                    standing.superseded.extend(others.filter(|id| self.is_accepted(id)).cloned());
                    let below = deliveries.iter().map(|known| &known.delivery.id).skip_while(|id| *id != holder);
                    standing.outlived.extend(below.filter(|id| self.was_read_and_refused(id)).cloned());
                }
            }
        }
        if !self.everybody_has_theirs(&standing.superseded) {
            let holders = self.holders(&standing.superseded);
            let has_none = |(unit, id): &(&&WorkUnit, &&DeliveryId)| !self.has_rows(unit, id);
            standing.dispossessed = holders.iter().filter(has_none).map(|(_, id)| (*id).clone()).collect();
            let ours = self.ledger.units.iter().filter(|(unit, _)| self.fingerprints.contains_key(&unit.source));
            let is_misplaced =
                |(unit, held): &(&WorkUnit, &UnitRecord)| !holders.contains_key(unit) && self.is_ours(&held.delivery);
            standing.misplaced = ours.filter(is_misplaced).map(|(_, held)| held.clone()).collect();
        }
        standing
    }

    fn was_read_and_refused(&self, id: &DeliveryId) -> bool {
        let is_refused = |record: &DeliveryRecord| matches!(record.state, DeliveryState::Refused(_));
        let recorded = self.ledger.records.get(id).filter(|record| is_refused(record) && record.reading.is_some());
        recorded.is_some() && !self.read.contains_key(id) && !self.refused.contains_key(id)
    }

    /// The deliveries that may hold, with what they cover.
    fn claims<'b>(
        &'b self,
        superseded: &'b BTreeSet<DeliveryId>,
    ) -> impl Iterator<Item = (&'b Known, &'b BTreeMap<WorkUnit, u64>)> {
        let may_hold = |id: &DeliveryId| self.is_accepted(id) && !self.is_out(id) && !superseded.contains(id);
        self.ledger.coverage.iter().filter_map(move |(id, covered)| {
            let known = self.ledger.known.get(id)?;
            (self.fingerprints.contains_key(&known.delivery.scope.source) && may_hold(id)).then_some((known, covered))
        })
    }

    /// Whether each claim to a unit is that of its holder, and each unit has one: then nobody contends with anybody, and
    /// nothing has to be compared. So it is most nights.
    fn everybody_has_theirs(&self, superseded: &BTreeSet<DeliveryId>) -> bool {
        let mut claims = 0_usize;
        for (known, covered) in self.claims(superseded) {
            let id = &known.delivery.id;
            if !covered.keys().all(|unit| self.ledger.units.get(unit).is_some_and(|held| held.delivery == *id)) {
                return false;
            }
            claims += covered.len();
        }
        claims == self.ledger.units.keys().filter(|unit| self.fingerprints.contains_key(&unit.source)).count()
    }

    /// Who should hold each unit of the pipeline's sources: of the deliveries that cover it and may hold, the one with the
    /// highest precedence.
    pub(crate) fn holders<'b>(
        &'b self,
        superseded: &'b BTreeSet<DeliveryId>,
    ) -> BTreeMap<&'b WorkUnit, &'b DeliveryId> {
        let mut holders: BTreeMap<&WorkUnit, &Known> = BTreeMap::new();
        for (known, covered) in self.claims(superseded) {
            let load = self.load(&known.delivery.scope.source);
            for unit in covered.keys() {
                let holder = holders.entry(unit).or_insert(known);
                if holder.precedence(load) < known.precedence(load) {
                    *holder = known;
                }
            }
        }
        holders.into_iter().map(|(unit, known)| (unit, &known.delivery.id)).collect()
    }

    /// Whether a delivery's rows of a unit are there, from this run or an earlier one.
    fn has_rows(&self, unit: &WorkUnit, id: &DeliveryId) -> bool {
        self.read.contains_key(id) || self.ledger.units.get(unit).is_some_and(|held| held.delivery == *id)
    }

    /// Why another delivery holds a unit than before, or the same one with other rows. `now` is who holds it.
    pub(crate) fn why_changed(&self, unit: &WorkUnit, now: Option<&DeliveryId>) -> Why {
        let Some(before) = self.ledger.units.get(unit).map(|record| &record.delivery) else { return Why::Delivery };
        let load = self.load(&unit.source);
        let precedence = |id: &DeliveryId| self.ledger.known.get(id).map(|known| known.precedence(load));
        if now == Some(before) || now.is_none() && self.read.contains_key(before) {
            return Why::Definition;
        }
        // What replaces a delivery that is out at the same time would have replaced it anyway.
        let gives_way = now.is_none_or(|now| precedence(now) < precedence(before));
        if self.is_out(before) && gives_way { Why::Withdrawal } else { Why::Correction }
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

    /// Marks units as changed that figures were made of, and that the books of units do not have so any more: they were
    /// lost, or are older. From these books alone nothing would seem to have changed when such a unit is taken back.
    pub(crate) fn mark_lost_units(
        &mut self,
        units: &BTreeMap<WorkUnit, UnitRecord>,
        superseded: &BTreeSet<DeliveryId>,
        publication: &mut Publication<'_>,
    ) -> Result<(), RunError> {
        let lost = publication.read().held_otherwise()?;
        if lost.is_empty() {
            return Ok(());
        }
        let mut changed = Vec::new();
        let holders = self.holders(superseded);
        for (unit, was) in lost {
            let Some(source) = self.source(&unit.source) else { continue };
            match (units.get(&unit), holders.get(&unit)) {
                _ if !self.is_ours(&was) => continue,
                (None, None) => publication.remove_unit(&unit)?,
                (Some(record), Some(holder)) if record.delivery == **holder => publication.record_unit(record)?,
                // Who should have it is not in this run's scope: the figures stay until a run may read it.
                _ => continue,
            }
            let why = if self.is_out(&was) { Why::Withdrawal } else { Why::Correction };
            changed.push(((source.dataset.clone(), (unit.municipality, unit.period)), why));
        }
        self.changed.extend(changed);
        Ok(())
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
