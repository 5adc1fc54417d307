//! What becomes of rejected rows: some are waived, some pass when their delivery is read again.

use std::collections::BTreeSet;

use loader::{Act, ActKind, DeliveryState, Publication};
use model::{DeliveryId, RowTally};

use crate::work::Work;
use crate::{ReadAgain, RunError};

/// Writes down that a rejected record needs no more work, or that it does, where that is what somebody decided.
pub(crate) fn record_waiver(act: &Act, publication: &mut Publication<'_>) -> Result<(), RunError> {
    let waived = match act.kind {
        ActKind::Waive => true,
        ActKind::Unwaive => false,
        _ => return Ok(()),
    };
    if let Some((delivery, record)) = act.delivery.as_ref().zip(act.record) {
        publication.set_waived(delivery, record, waived)?;
    }
    Ok(())
}

impl Work<'_> {
    /// Closes the list of a delivery's rejected rows when it was read and accepted. What was waived stays waived, whatever
    /// is wrong with it today. Gives what became of the rows that an earlier reading had rejected, if there was one.
    pub(crate) fn settle_rejects(
        &mut self,
        id: &DeliveryId,
        tally: &RowTally,
        publication: &mut Publication<'_>,
    ) -> Result<Option<ReadAgain>, RunError> {
        let passed = publication.settle_rejects(id)?;
        let mut waived = 0;
        for record in self.waived_of(id) {
            waived += u64::from(publication.set_waived(id, record, true)?);
        }
        self.ledger.waived.insert(id.clone(), waived);
        let before = self.ledger.records.get(id).filter(|record| {
            let was_accepted = !matches!(record.state, DeliveryState::Refused(_));
            was_accepted && record.reading.is_some()
        });
        Ok(before.map(|before| {
            let still = before.tally.rejected.saturating_sub(passed);
            ReadAgain { passed, still_rejected: still, newly_rejected: tally.rejected.saturating_sub(still) }
        }))
    }

    /// The records of a delivery that were waived, whether they are rejected today or not.
    fn waived_of(&self, id: &DeliveryId) -> BTreeSet<u64> {
        let from = (id.clone(), 0);
        let of_it = self.ledger.decisions.waived.range(from..).take_while(|(delivery, _)| delivery == id);
        of_it.map(|(_, record)| *record).collect()
    }
}
