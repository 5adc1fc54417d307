//! What the ledger says before a run.

use std::collections::BTreeMap;

use loader::{DefinitionKey, DeliveryRecord, DeliveryState, Description, Reading, RunNumber, SeenFiles, UnitRecord};
use model::{DeliveryId, Fingerprint, IndicatorId, IndicatorVersion, Series, WorkUnit};

use crate::RunError;
use crate::books::Known;
use crate::decisions::Decisions;

/// What the ledger says before the run; nothing, before the first one.
#[derive(Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) known: BTreeMap<DeliveryId, Known>,
    pub(crate) records: BTreeMap<DeliveryId, DeliveryRecord>,
    pub(crate) units: BTreeMap<WorkUnit, UnitRecord>,
    /// What the deliveries cover that were read and accepted, with the number of rows.
    pub(crate) coverage: BTreeMap<DeliveryId, BTreeMap<WorkUnit, u64>>,
    pub(crate) decisions: Decisions,
    /// How many rejected records of each delivery are waived: of what was waived, some may pass today.
    pub(crate) waived: BTreeMap<DeliveryId, u64>,
    /// The latest run. Whatever is decided by this ledger holds as long as there is no other.
    pub(crate) latest_run: Option<RunNumber>,
    pub(crate) seen: SeenFiles,
    /// The series that are computed, with what besides the rows.
    pub(crate) series: BTreeMap<Series, Fingerprint>,
    /// What is said of each version.
    pub(crate) descriptions: BTreeMap<(IndicatorId, IndicatorVersion), Description>,
    /// The definitions that the last run over everything used; read when there is something to do.
    pub(crate) definitions: BTreeMap<DefinitionKey, Fingerprint>,
    /// The place of the latest delivery in the order of arrival.
    pub(crate) last_sequence: i64,
}

impl Ledger {
    pub(crate) fn read(reading: &Reading<'_>) -> Result<Self, RunError> {
        let (mut known, mut records) = (BTreeMap::new(), BTreeMap::new());
        let mut last_sequence = 0;
        for entry in reading.deliveries()? {
            // The rows of a delivery that was replaced are gone: should it hold again, it is read again.
            let accepted = match entry.record.state {
                DeliveryState::Accepted => Some(true),
                DeliveryState::Refused(_) | DeliveryState::Withheld(_) => Some(false),
                DeliveryState::Superseded | DeliveryState::Retracted => None,
            };
            let reading = entry.record.reading.zip(accepted);
            let delivery = entry.record.delivery.clone();
            last_sequence = last_sequence.max(entry.sequence);
            known.insert(delivery.id.clone(), Known { delivery, sequence: entry.sequence, reading });
            records.insert(entry.record.delivery.id.clone(), entry.record);
        }
        let units = reading.units()?.into_iter().map(|record| (record.unit.clone(), record)).collect();
        let seen = reading.seen_files()?;
        let coverage = reading.coverage()?;
        let mut decisions = Decisions::default();
        reading.acts()?.iter().for_each(|recorded| decisions.add(&recorded.act));
        let waived = if decisions.waived.is_empty() { BTreeMap::new() } else { reading.waived_records()? };
        let latest_run = reading.latest_run()?;
        let (series, descriptions) = (reading.series()?, reading.descriptions()?);
        let definitions = BTreeMap::new();
        Ok(Self {
            known,
            records,
            units,
            coverage,
            decisions,
            waived,
            latest_run,
            seen,
            series,
            descriptions,
            definitions,
            last_sequence,
        })
    }
}
