//! How much a plan is: rows and units as far as they are known, otherwise estimated by what came before, and the time.

use std::collections::{BTreeMap, BTreeSet};

use model::{DeliveryId, MunicipalityCode, SourceId};
use serde::Serialize;

use super::Past;
use crate::books::Known;
use crate::geography::Geography;
use crate::work::Work;

/// A number of rows or units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many, as far as it can be said.
    pub number: u64,
    /// Whether some of them are estimated.
    pub estimated: bool,
    /// Deliveries of which it cannot be said: nothing of their source was read before.
    pub unknown_deliveries: u64,
}

impl Amount {
    /// The sum of what is known of deliveries, and whether it is estimated.
    pub fn of(numbers: impl Iterator<Item = (Option<u64>, bool)>) -> Self {
        let mut sum = Self::default();
        for (number, estimated) in numbers {
            sum.number += number.unwrap_or_default();
            sum.estimated |= estimated && number.is_some();
            sum.unknown_deliveries += u64::from(number.is_none());
        }
        sum
    }
}

/// What the deliveries of a source that were read had.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    deliveries: u64,
    bytes: u64,
    rows: u64,
    units: u64,
}

/// Says how large deliveries are.
pub(super) struct Scale<'a> {
    work: &'a Work<'a>,
    seen: BTreeMap<&'a SourceId, Seen>,
}

impl<'a> Scale<'a> {
    pub(super) fn new(work: &'a Work<'a>) -> Self {
        let mut seen: BTreeMap<&SourceId, Seen> = BTreeMap::new();
        for record in work.ledger.records.values().filter(|record| record.tally.read > 0) {
            let of = seen.entry(&record.delivery.scope.source).or_default();
            of.bytes += record.delivery.bytes;
            of.rows += record.tally.read;
        }
        for (id, covered) in &work.ledger.coverage {
            let Some(record) = work.ledger.records.get(id).filter(|record| record.tally.read > 0) else { continue };
            let of = seen.entry(&record.delivery.scope.source).or_default();
            of.deliveries += 1;
            of.units += covered.len() as u64;
        }
        Self { work, seen }
    }

    /// The rows of a delivery, and whether that is an estimate.
    pub(super) fn rows(&self, known: &Known) -> (Option<u64>, bool) {
        let tally = self.work.ledger.records.get(&known.delivery.id).map(|record| record.tally.read);
        if let Some(rows) = tally.filter(|rows| *rows > 0) {
            return (Some(rows), false);
        }
        let of = self.seen.get(&known.delivery.scope.source).filter(|of| of.bytes > 0);
        (of.map(|of| share(known.delivery.bytes, of.rows, of.bytes)), true)
    }

    /// The units that a delivery covers, and whether that is an estimate.
    pub(super) fn units(&self, known: &Known) -> (Option<u64>, bool) {
        if let Some(covered) = self.covered(&known.delivery.id) {
            return (Some(covered), false);
        }
        let scope = &known.delivery.scope;
        let source = self.work.catalogue.sources.get(&scope.source);
        let dataset = source.and_then(|source| self.work.catalogue.datasets.get(&source.dataset));
        if let (Some(_), Some(period), Some(dataset)) = (scope.municipality, scope.period, dataset) {
            let parts = period.parts(dataset.partition).count() as u64;
            // A year that has only begun has fewer.
            return (Some(parts), parts > 1);
        }
        if let Some(of) = self.seen.get(&scope.source).filter(|of| of.deliveries > 0) {
            return (Some(share(1, of.units, of.deliveries)), true);
        }
        // Before the first one: as many as there can be, so that nobody is told too little.
        let (Some(period), Some(dataset)) = (scope.period, dataset) else { return (None, true) };
        let geography = Geography::of(self.work.catalogue);
        let exists = |code: MunicipalityCode| code == MunicipalityCode::COUNTRY || geography.has(code, period.start());
        let uses = self.work.pipeline.uses.iter().filter(|usage| usage.source == scope.source);
        let whose: BTreeSet<_> = uses.flat_map(|usage| &usage.municipalities).filter(|code| exists(**code)).collect();
        (Some(period.parts(dataset.partition).count() as u64 * whose.len() as u64), true)
    }

    fn covered(&self, id: &DeliveryId) -> Option<u64> {
        let covered = self.work.ledger.coverage.get(id)?.len() as u64;
        (covered > 0).then_some(covered)
    }
}

/// `number * many / of`, rounded.
fn share(number: u64, many: u64, of: u64) -> u64 {
    let exact = (u128::from(number) * u128::from(many) + u128::from(of) / 2) / u128::from(of.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

impl Past {
    /// How long it takes to do what is pending and to read so many bytes: as long for each byte as in earlier runs, or as
    /// long as earlier runs that read nothing.
    pub(super) fn milliseconds(&self, pending: bool, bytes: u64) -> Option<u64> {
        if !pending {
            return Some(0);
        }
        let is_alike = |read: u64| (read > 0) == (bytes > 0);
        let alike = self.runs.iter().filter(|run| is_alike(run.bytes_read));
        let (mut number, mut took, mut read) = (0, 0, 0);
        for (run, milliseconds) in alike.filter_map(|run| Some((run, run.milliseconds?))) {
            (number, took, read) = (number + 1, took + milliseconds, read + run.bytes_read);
        }
        if number == 0 {
            return None;
        }
        Some(if bytes > 0 { share(bytes, took, read) } else { took / number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let amount = Amount::of([(Some(3), false), (Some(4), true), (None, true)].into_iter());
        assert_eq!(amount, Amount { number: 7, estimated: true, unknown_deliveries: 1 });
        let known = Amount::of([(Some(3), false), (None, true)].into_iter());
        assert!(!known.estimated && known.unknown_deliveries == 1);
        assert_eq!((share(10, 3, 4), share(1, u64::MAX, 1), share(5, 1, 0)), (8, u64::MAX, 5));
    }

    #[test]
    fn without_earlier_runs_the_time_is_unknown() {
        let past = Past::default();
        assert_eq!((past.milliseconds(true, 5), past.milliseconds(false, 0)), (None, Some(0)));
    }
}
