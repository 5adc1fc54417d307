//! What one thread carries from batch to batch: caches, room for intermediate results, and its part of the totals.

use std::fmt;

use super::ambiguity::Ambiguities;
use super::control::ControlTotals;
use super::fault::Failures;
use super::field::{FieldMemory, Findings};
use super::notice::Remarks;
use super::rules::Tenancy;

/// The state of one thread that reads a delivery. Made by [`Harmoniser::hand`](super::Harmoniser::hand), given back to
/// [`Harmoniser::finish`](super::Harmoniser::finish).
pub struct Hand {
    /// One for each field of the plan, in its order.
    pub(super) memories: Vec<FieldMemory>,
    pub(super) findings: Findings,
    pub(super) control: ControlTotals,
    pub(super) tenancy: Tenancy,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    /// Room for the positions of rejected rows.
    pub(super) gone: Vec<u32>,
}

impl fmt::Debug for Hand {
    /// Counts only: the caches have seen persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Hand");
        shown.field("accepted", &self.accepted).field("rejected", &self.rejected).finish_non_exhaustive()
    }
}

impl Hand {
    pub(super) fn new(memories: Vec<FieldMemory>, remarks: Remarks, control: ControlTotals) -> Self {
        let ambiguities = Ambiguities::none(memories.len());
        Self {
            memories,
            findings: Findings { failures: Failures::default(), remarks, ambiguities },
            control,
            tenancy: Tenancy::default(),
            accepted: 0,
            rejected: 0,
            gone: Vec::new(),
        }
    }

    /// Adds what another thread did. All totals are sums and smallest lines, so the order does not matter.
    pub(super) fn merge(&mut self, other: Self) {
        let Self { findings, control, tenancy, accepted, rejected, .. } = other;
        self.findings.remarks.merge(&findings.remarks);
        self.findings.ambiguities.merge(&findings.ambiguities);
        self.control.merge(&control);
        self.tenancy.merge(tenancy);
        self.accepted += accepted;
        self.rejected += rejected;
    }
}
