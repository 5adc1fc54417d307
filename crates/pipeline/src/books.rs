//! Which delivery holds for which unit: precedence, without regard to the order of arrival where one is declared.

use std::collections::BTreeMap;

use model::{
    Date, Delivery, DeliveryId, DeliveryKind, DeliveryScope, Fingerprint, Load, MunicipalityCode, Period, Source,
    SourceId,
};

/// What the ledger knows of a delivery.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) delivery: Delivery,
    /// The order of arrival, from 1.
    pub(crate) sequence: i64,
    /// How it was read last, and with what result; `None` if it was not read yet.
    pub(crate) reading: Option<(Fingerprint, bool)>,
}

impl Known {
    /// Higher wins: the declared number of the correction first, the order of arrival where that is the same. Of deliveries
    /// that each hold everything so far, the one of the latest period wins before that.
    pub(crate) fn precedence(&self, load: Load) -> Precedence {
        precedence(&self.delivery, self.sequence, load)
    }
}

/// What decides which of two deliveries wins.
pub(crate) type Precedence = (Option<Date>, u32, i64);

/// As [`Known::precedence`], of a delivery with this place in the order of arrival.
pub(crate) fn precedence(delivery: &Delivery, sequence: i64, load: Load) -> Precedence {
    let scope = &delivery.scope;
    let until = scope.period.filter(|_| load == Load::Full).map(Period::end);
    (until, scope.version, sequence)
}

/// Deliveries that supersede one another as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    pub(crate) source: SourceId,
    pub(crate) municipality: Option<MunicipalityCode>,
    pub(crate) period: Option<Period>,
    /// Where only the rows say what a delivery covers, each delivery has a slot of its own; so has every receipt.
    alone: Option<DeliveryId>,
}

impl Slot {
    fn of(source: &Source, delivery: &Delivery) -> Self {
        let DeliveryScope { municipality, period, .. } = delivery.scope;
        let period = if source.load == Load::Full { None } else { period };
        let open = source.load == Load::Period && period.is_none() || delivery.kind == DeliveryKind::Receipt;
        Self { source: source.id.clone(), municipality, period, alone: open.then(|| delivery.id.clone()) }
    }
}

/// Sorts the deliveries into slots, each slot's in falling precedence.
pub(crate) fn slots<'a>(
    known: impl Iterator<Item = &'a Known>,
    source_of: impl Fn(&SourceId) -> Option<&'a Source>,
) -> BTreeMap<Slot, Vec<&'a Known>> {
    let mut slots: BTreeMap<Slot, Vec<&Known>> = BTreeMap::new();
    for delivery in known {
        if let Some(source) = source_of(&delivery.delivery.scope.source) {
            slots.entry(Slot::of(source, &delivery.delivery)).or_default().push(delivery);
        }
    }
    for (slot, deliveries) in &mut slots {
        let load = source_of(&slot.source).map_or(Load::Period, |source| source.load);
        deliveries.sort_by_key(|known| std::cmp::Reverse(known.precedence(load)));
    }
    slots
}

/// What to do about a slot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// This delivery must be read.
    Read(&'a DeliveryId),
    /// This delivery was read with the definitions of today and holds.
    Holds(&'a DeliveryId),
    /// None of the slot's deliveries can be used.
    Nothing,
}

/// The next step for a slot: the delivery of the highest precedence that is not refused, read if it was not yet.
///
/// `fingerprint` gives the definitions that a delivery would be read with today.
pub(crate) fn next_step<'a>(
    deliveries: &[&'a Known],
    fingerprint: &impl Fn(&Delivery) -> Fingerprint,
    refused: &impl Fn(&DeliveryId) -> bool,
) -> Step<'a> {
    for known in deliveries {
        let id = &known.delivery.id;
        if refused(id) {
            continue;
        }
        match &known.reading {
            Some((reading, accepted)) if *reading == fingerprint(&known.delivery) => {
                if *accepted {
                    return Step::Holds(id);
                }
            }
            _ => return Step::Read(id),
        }
    }
    Step::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(version: u32, sequence: i64, reading: Option<bool>) -> Known {
        let scope = DeliveryScope {
            source: SourceId::new("s").expect("an id"),
            municipality: MunicipalityCode::new("0751"),
            period: "2024-05".parse().ok(),
            version,
        };
        let content = Fingerprint::of(&sequence.to_le_bytes());
        let id = DeliveryId::of(&scope, &content);
        let delivery = Delivery { kind: DeliveryKind::File, id, scope, name: String::new(), content, bytes: 1 };
        Known { delivery, sequence, reading: reading.map(|ok| (Fingerprint::of(b"now"), ok)) }
    }

    #[test]
    fn the_correction_wins_in_whatever_order_it_arrives() {
        let now = |_: &Delivery| Fingerprint::of(b"now");
        let none = |_: &DeliveryId| false;
        let (first, second) = (known(1, 2, None), known(2, 1, None));
        assert!(second.precedence(Load::Period) > first.precedence(Load::Period));
        assert_eq!(next_step(&[&second, &first], &now, &none), Step::Read(&second.delivery.id));
        let refused = |id: &DeliveryId| *id == second.delivery.id;
        assert_eq!(next_step(&[&second, &first], &now, &refused), Step::Read(&first.delivery.id));
    }

    #[test]
    fn what_was_read_with_the_same_definitions_holds() {
        let now = |_: &Delivery| Fingerprint::of(b"now");
        let later = |_: &Delivery| Fingerprint::of(b"later");
        let none = |_: &DeliveryId| false;
        let (good, bad) = (known(1, 1, Some(true)), known(2, 2, Some(false)));
        assert_eq!(next_step(&[&bad, &good], &now, &none), Step::Holds(&good.delivery.id));
        assert_eq!(next_step(&[&bad, &good], &later, &none), Step::Read(&bad.delivery.id));
        assert_eq!(next_step(&[&bad], &now, &none), Step::Nothing);
    }
}
