//! What people have decided, as it holds now.

use std::collections::BTreeSet;

use loader::{Act, ActKind};
use model::{DeliveryId, MunicipalityCode, Period};

/// What people have decided: of all acts about something the latest holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decisions {
    /// Deliveries that were taken back.
    pub(crate) retracted: BTreeSet<DeliveryId>,
    /// Deliveries that may hold beyond the budget of their source.
    pub(crate) released: BTreeSet<DeliveryId>,
    /// Rejected records that need no more work.
    pub(crate) waived: BTreeSet<(DeliveryId, u64)>,
    /// Municipal area, municipality and period of the figures that may be shown.
    pub(crate) approved: BTreeSet<(String, MunicipalityCode, Period)>,
}

impl Decisions {
    /// Adds what was decided next.
    pub(crate) fn add(&mut self, act: &Act) {
        let delivery = act.delivery.clone();
        let row = || delivery.clone().zip(act.record);
        let figures = || Some((act.area_of_work.clone()?, act.municipality?, act.period?));
        match act.kind {
            ActKind::Retract => self.retracted.extend(delivery),
            ActKind::Unretract => self.retracted.retain(|one| Some(one) != delivery.as_ref()),
            ActKind::Release => self.released.extend(delivery),
            ActKind::Unrelease => self.released.retain(|one| Some(one) != delivery.as_ref()),
            ActKind::Waive => self.waived.extend(row()),
            ActKind::Unwaive => self.waived.retain(|one| Some(one) != row().as_ref()),
            ActKind::Approve => self.approved.extend(figures()),
            ActKind::WithdrawApproval => self.approved.retain(|one| Some(one) != figures().as_ref()),
            // The receipt is a delivery, and stands in the books as such.
            ActKind::NothingToReport => {}
        }
    }
}
