//! Which units are owed, and which of them have been delivered.

use std::collections::{BTreeMap, BTreeSet};

use model::{Catalogue, DatasetId, Measure, MunicipalityCode, Period, PeriodKind, Pipeline, Usage, WorkUnit};

/// A municipality's period of a dataset, from whatever source.
pub(crate) type Cell = (MunicipalityCode, Period);

/// What the pipeline owes and what has come, by dataset.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Cells for which a municipality has a source.
    pub(crate) used: BTreeMap<DatasetId, BTreeSet<Cell>>,
    /// Cells that have been delivered.
    pub(crate) delivered: BTreeMap<DatasetId, BTreeSet<Cell>>,
}

/// The periods of a use that lie at or before the latest one of interest.
pub(crate) fn owed_periods(usage: &Usage, latest: Period) -> impl Iterator<Item = Period> {
    let end = usage.to.map_or(latest, |to| to.min(latest));
    std::iter::successors(Some(usage.from), |period| period.next()).take_while(move |period| *period <= end)
}

impl Coverage {
    /// The coverage of a pipeline by the units that hold. A use without an end is owed up to the dataset's latest
    /// delivered period: the calendar of due dates is another matter.
    pub(crate) fn of<'a>(
        catalogue: &Catalogue,
        pipeline: &Pipeline,
        units: impl Iterator<Item = &'a WorkUnit>,
    ) -> Self {
        let mut coverage = Self::default();
        for unit in units {
            if let Some(source) = catalogue.sources.get(&unit.source) {
                let cells = coverage.delivered.entry(source.dataset.clone()).or_default();
                cells.insert((unit.municipality, unit.period));
            }
        }
        for usage in &pipeline.uses {
            let Some(source) = catalogue.sources.get(&usage.source) else { continue };
            let latest = coverage.latest(&source.dataset).unwrap_or(usage.from);
            let latest = usage.to.map_or(latest, |to| to.max(latest));
            let cells = coverage.used.entry(source.dataset.clone()).or_default();
            for period in owed_periods(usage, latest) {
                cells.extend(usage.municipalities.iter().map(|municipality| (*municipality, period)));
            }
        }
        coverage
    }

    /// How many cells are owed and have not been delivered.
    pub(crate) fn missing(&self) -> u64 {
        let missing = |(dataset, used): (&DatasetId, &BTreeSet<Cell>)| {
            self.delivered.get(dataset).map_or(used.len(), |delivered| used.difference(delivered).count())
        };
        self.used.iter().map(missing).sum::<usize>() as u64
    }

    fn latest(&self, dataset: &DatasetId) -> Option<Period> {
        self.delivered.get(dataset)?.iter().map(|(_, period)| *period).max()
    }

    /// Whether some municipality has delivered all that a measure needs in a period.
    pub(crate) fn anyone_has(
        &self,
        measure: &Measure,
        partition: PeriodKind,
        period: Period,
        municipalities: &[MunicipalityCode],
    ) -> bool {
        let Some(delivered) = self.delivered.get(&measure.dataset) else { return false };
        let needed = measure.time.partitions(period, partition);
        !needed.is_empty()
            && municipalities.iter().any(|code| needed.iter().all(|part| delivered.contains(&(*code, *part))))
    }
}
