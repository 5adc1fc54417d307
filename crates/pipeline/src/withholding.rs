//! Withholding deliveries in a run: who is judged, what has to be read for it, and what is written down.

use std::collections::{BTreeMap, BTreeSet};

use loader::{DeliveryState, Publication};
use model::{Delivery, DeliveryId, DeliveryKind, DeliveryScope, MunicipalityCode, Period, Refusal, Source};

use crate::books::Known;
use crate::budget::{Candidate, Rows, weigh};
use crate::work::Work;
use crate::{DeliveryReport, Outcome, RunError};

/// Deliveries that are compared with each other: of one municipality, or each of all.
type Chain<'k> = BTreeMap<Option<Period>, Vec<&'k Known>>;

/// What is known of a delivery that might hold.
enum Seen {
    /// It is refused, or was taken back.
    Out,
    Unread,
    Read(Rows),
}

impl Work<'_> {
    /// Judges all deliveries by the budgets of their sources. Who is withheld counts as read and not accepted, so that the
    /// next one of its unit is read; who is so no more, as not read, because its rows are gone.
    pub(crate) fn weigh(&mut self) {
        let (mut withheld, mut unread) = (BTreeMap::new(), Vec::new());
        for source in self.fingerprints.keys().filter_map(|id| self.source(id)).filter(|one| !one.budget.is_unlimited())
        {
            for chain in self.chains(source).values() {
                let candidates = self.candidates(chain);
                let weighed = weigh(source.id.as_str(), &source.budget, &candidates);
                withheld.extend(weighed.withheld);
                unread.extend(weighed.unread);
            }
        }
        // What is not in the scope of this run stays as it is.
        let is_in_scope = |id: &DeliveryId| self.ledger.known.get(id).is_some_and(|known| self.is_in_scope(known));
        withheld.retain(|id, _| is_in_scope(id));
        let others = self.recorded().filter(|(id, _)| !is_in_scope(id));
        withheld.extend(others.map(|(id, refusal)| (id.clone(), refusal.clone())));
        for id in self.freed(&withheld) {
            // Of what was loaded before the rows are there still, until this run has settled who holds what.
            let has_rows = self.is_loaded(&id);
            if let Some(known) = self.ledger.known.get_mut(&id) {
                known.reading = known.reading.map(|(fingerprint, _)| (fingerprint, true)).filter(|_| has_rows);
            }
        }
        for id in withheld.keys() {
            if let Some(known) = self.ledger.known.get_mut(id) {
                known.reading = known.reading.map(|(fingerprint, _)| (fingerprint, false));
            }
        }
        (self.withheld, self.to_compare) = (withheld, unread);
    }

    /// Deliveries that were withheld, in the books or a moment ago, and are so no more; without those that this run has
    /// refused, which is worse.
    fn freed(&self, withheld: &BTreeMap<DeliveryId, Refusal>) -> BTreeSet<DeliveryId> {
        let recorded = self.recorded().map(|(id, _)| id);
        let is_free = |id: &&DeliveryId| !withheld.contains_key(*id) && !self.turned_down.contains(*id);
        recorded.chain(self.withheld.keys()).filter(is_free).cloned().collect()
    }

    /// Those that the books say are withheld, of the pipeline's sources.
    fn recorded(&self) -> impl Iterator<Item = (&DeliveryId, &Refusal)> {
        self.ledger.records.iter().filter_map(|(id, record)| match &record.state {
            DeliveryState::Withheld(refusal) if self.source(&record.delivery.scope.source).is_some() => {
                Some((id, refusal))
            }
            _ => None,
        })
    }

    /// The deliveries of a source, by whose they are and of which period.
    fn chains(&self, source: &Source) -> BTreeMap<Option<MunicipalityCode>, Chain<'_>> {
        let mut chains: BTreeMap<Option<MunicipalityCode>, Chain<'_>> = BTreeMap::new();
        let files = self.ledger.known.values().filter(|known| known.delivery.kind == DeliveryKind::File);
        for known in files.filter(|known| known.delivery.scope.source == source.id) {
            let DeliveryScope { municipality, period, .. } = known.delivery.scope;
            chains.entry(municipality).or_default().entry(period).or_default().push(known);
        }
        for deliveries in chains.values_mut().flat_map(BTreeMap::values_mut) {
            deliveries.sort_by_key(|known| std::cmp::Reverse(known.precedence(source.load)));
        }
        chains
    }

    /// What is compared with what: period by period, and of deliveries without a period each with the one whose place it
    /// would take.
    fn candidates(&self, chain: &Chain<'_>) -> Vec<Vec<Candidate>> {
        let mut periods = Vec::new();
        for (period, deliveries) in chain {
            let candidate = |known: &&Known| self.candidate(known);
            let candidates = deliveries.iter().filter_map(candidate);
            match period {
                Some(_) => periods.push(candidates.collect()),
                None => periods.extend(candidates.rev().map(|candidate| vec![candidate])),
            }
        }
        periods
    }

    fn candidate(&self, known: &Known) -> Option<Candidate> {
        let rows = match self.seen(known) {
            Seen::Out => return None,
            Seen::Unread => None,
            Seen::Read(rows) => Some(rows),
        };
        let Known { delivery, .. } = known;
        Some(Candidate {
            delivery: delivery.id.clone(),
            of: delivery.scope.period.map_or_else(|| delivery.name.clone(), |period| period.to_string()),
            rows,
            released: self.ledger.decisions.released.contains(&delivery.id),
        })
    }

    fn seen(&self, known: &Known) -> Seen {
        let id = &known.delivery.id;
        if self.is_refused(id) {
            return Seen::Out;
        }
        if let Some(read) = self.read.get(id) {
            return Seen::Read(self.rows(id, read.tally.accepted, read.tally.rejected));
        }
        let today = self.reading(&known.delivery);
        let record = self.ledger.records.get(id).filter(|record| record.reading == Some(today));
        match record.map(|record| (&record.state, &record.tally)) {
            Some((DeliveryState::Refused(_), _)) => Seen::Out,
            Some((DeliveryState::Retracted, _)) => Seen::Unread,
            Some((_, tally)) => Seen::Read(self.rows(id, tally.accepted, tally.rejected)),
            // Refused in this run.
            None if known.reading == Some((today, false)) => Seen::Out,
            None => Seen::Unread,
        }
    }

    fn rows(&self, id: &DeliveryId, accepted: u64, rejected: u64) -> Rows {
        let waived = self.ledger.waived.get(id).copied().unwrap_or_default();
        Rows { accepted, rejected: rejected.saturating_sub(waived) }
    }

    /// Whether somebody is withheld who was not, or the other way round, or for another reason.
    pub(crate) fn is_weighed_anew(&self) -> bool {
        !self.recorded().eq(self.withheld.iter())
    }

    /// Those who are withheld now, and were not, or for another reason.
    pub(crate) fn withheld_anew(&self) -> impl Iterator<Item = (&Delivery, &Refusal)> {
        let recorded = |id: &DeliveryId| self.ledger.records.get(id).map(|record| &record.state);
        let is_new = move |(id, refusal): &(&DeliveryId, &Refusal)| !matches!(recorded(id), Some(DeliveryState::Withheld(known)) if known == *refusal);
        let delivery = |id: &DeliveryId| self.ledger.known.get(id).map(|known| &known.delivery);
        self.withheld.iter().filter(is_new).filter_map(move |(id, refusal)| Some((delivery(id)?, refusal)))
    }

    /// Writes down who is withheld, and who is so no more.
    pub(crate) fn record_withheld(&mut self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        for (id, refusal) in self.withheld.clone() {
            let record = self.ledger.records.get(&id).map(|record| &record.state);
            if self.read.contains_key(&id)
                || !matches!(record, Some(DeliveryState::Withheld(known)) if *known == refusal)
            {
                publication.set_delivery_state(&id, &DeliveryState::Withheld(refusal.clone()))?;
                self.report_withheld(&id, &refusal);
            }
        }
        for (id, _) in self.recorded() {
            // If it holds itself, or is refused, it was read in this run, which has written that down.
            let is_said = self.read.contains_key(id) || self.turned_down.contains(id);
            if !self.withheld.contains_key(id) && !is_said && !self.is_refused(id) {
                publication.set_delivery_state(id, &DeliveryState::Superseded)?;
            }
        }
        Ok(())
    }

    fn report_withheld(&mut self, id: &DeliveryId, refusal: &Refusal) {
        tracing::info!(delivery = %id, code = %refusal.code, "withheld: {}", refusal.message);
        let Some(delivery) = self.ledger.known.get(id).map(|known| &known.delivery) else { return };
        let units = self.read.get(id).map_or(0, |read| read.units.len() as u64);
        let source = self.report.sources.entry(delivery.scope.source.to_string()).or_default();
        source.withheld += 1;
        let reported = self.report.deliveries.iter_mut().find(|report| report.delivery == id.as_str());
        if let Some(report) = reported {
            source.accepted = source.accepted.saturating_sub(1);
            source.units = source.units.saturating_sub(units);
            (report.state, report.refusal) = ("withheld", Some(refusal.into()));
        } else if let Some(record) = self.ledger.records.get(id) {
            self.report.deliveries.push(DeliveryReport {
                delivery: id.to_string(),
                name: delivery.name.clone(),
                source: delivery.scope.source.to_string(),
                state: "withheld",
                rows_read: record.tally.read,
                rows_accepted: record.tally.accepted,
                rows_rejected: record.tally.rejected,
                rows_skipped: record.tally.skipped.clone(),
                read_again: None,
                refusal: Some(refusal.into()),
                notices: Vec::new(),
            });
        }
        self.report.outcome = Outcome::Partial;
        self.report.exit_code = Outcome::Partial.exit_code();
    }
}
