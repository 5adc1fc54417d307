//! The history of a figure: its revisions, why each came, and the deliveries that were to blame.

use std::collections::BTreeMap;

use loader::{Revision, RunNumber, UnitRevision, Why};
use model::WorkUnit;

use super::{CauseLine, DeliveryLine, DeliveryName, RevisionLine};

/// What is needed to tell why a figure was revised.
pub(super) struct History<'a> {
    /// When each run published.
    pub(super) ends: BTreeMap<RunNumber, String>,
    /// Of the units that the figure is or was made of, who held them when, in the order of units and time.
    pub(super) units: Vec<UnitRevision>,
    /// The deliveries by their identifiers.
    pub(super) names: &'a BTreeMap<String, DeliveryLine>,
    /// The run that received each.
    pub(super) received: BTreeMap<String, RunNumber>,
}

/// What became of a unit in a run: who held it before, who does after.
struct Turn<'a> {
    before: Option<&'a UnitRevision>,
    after: Option<&'a UnitRevision>,
}

impl History<'_> {
    /// The revisions that were known after a run, or all, newest first.
    pub(super) fn lines(&self, revisions: &[Revision], as_of: Option<RunNumber>) -> Vec<RevisionLine> {
        let known = |run: RunNumber| as_of.is_none_or(|as_of| run <= as_of);
        let known: Vec<&Revision> = revisions.iter().filter(|revision| known(revision.known_from)).collect();
        let line = |revision: &&Revision| {
            let to = revision.known_to.filter(|to| as_of.is_none_or(|as_of| *to <= as_of));
            let followed = |to: RunNumber| known.iter().any(|other| other.known_from == to);
            RevisionLine {
                version: revision.version.0,
                revision: revision.revision,
                value: revision.value.clone(),
                not_approved: revision.held,
                obs_status: revision.status.code().to_owned(),
                why: revision.why.map_or(String::new(), |why| why.as_str().to_owned()),
                deliveries: revision.why.map_or(Vec::new(), |why| self.to_blame(why, revision.known_from)),
                known_from_run: revision.known_from.0,
                known_from: self.end(revision.known_from),
                known_to_run: to.map(|run| run.0),
                known_to: to.map(|run| self.end(run)),
                withdrawn: to.filter(|to| !followed(*to)).map(|to| self.withdrawn(to)),
            }
        };
        known.iter().rev().map(line).collect()
    }

    fn end(&self, run: RunNumber) -> String {
        self.ends.get(&run).cloned().unwrap_or_default()
    }

    /// Why nothing took the place of a figure in a run: rows that it was made of were taken back, or it is not defined any
    /// more.
    fn withdrawn(&self, run: RunNumber) -> CauseLine {
        let deliveries = self.to_blame(Why::Withdrawal, run);
        let why = if deliveries.is_empty() { Why::Definition } else { Why::Withdrawal };
        CauseLine { why: why.as_str().to_owned(), deliveries }
    }

    /// The deliveries that brought a revision about: those that came, or those that were taken back.
    fn to_blame(&self, why: Why, run: RunNumber) -> Vec<DeliveryName> {
        let turns = self.turns(run);
        let blamed = turns.values().filter_map(|turn| match (why, turn.before, turn.after) {
            (Why::Delivery, None, Some(after)) => Some(after),
            (Why::Correction, Some(_), Some(after)) => Some(after),
            (Why::Withdrawal, Some(before), None) => Some(before),
            (Why::Withdrawal, Some(before), Some(after)) if self.stood_before(after, run) => Some(before),
            _ => None,
        });
        let mut named: Vec<DeliveryName> = blamed.map(|revision| self.name(revision)).collect();
        named.sort_by(|a, b| (&a.name, &a.delivery).cmp(&(&b.name, &b.delivery)));
        named.dedup();
        named
    }

    fn turns(&self, run: RunNumber) -> BTreeMap<&WorkUnit, Turn<'_>> {
        let mut turns: BTreeMap<&WorkUnit, Turn<'_>> = BTreeMap::new();
        for revision in &self.units {
            let turn = || Turn { before: None, after: None };
            if revision.known_to == Some(run) {
                turns.entry(&revision.unit).or_insert_with(turn).before = Some(revision);
            } else if revision.known_from == run {
                turns.entry(&revision.unit).or_insert_with(turn).after = Some(revision);
            }
        }
        let is_turn = |turn: &Turn<'_>| turn.before.map(|one| &one.delivery) != turn.after.map(|one| &one.delivery);
        turns.retain(|_, turn| is_turn(turn));
        turns
    }

    /// Whether a delivery had come before a run in which it took over.
    fn stood_before(&self, revision: &UnitRevision, run: RunNumber) -> bool {
        self.received.get(revision.delivery.as_str()).is_some_and(|received| *received < run)
    }

    fn name(&self, revision: &UnitRevision) -> DeliveryName {
        let delivery = revision.delivery.as_str().to_owned();
        let name = self.names.get(&delivery).map_or(String::new(), |line| line.name.clone());
        DeliveryName { delivery, name }
    }
}
