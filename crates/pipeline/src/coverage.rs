//! Which units are owed, and which of them have been delivered.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Catalogue, DatasetId, Delivery, MunicipalityCode, Period, PeriodKind, Pipeline, Reading, SourceId, Usage, WorkUnit,
};

use crate::geography::Geography;

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

/// Whether a use covers a municipality's period.
fn covers(usage: &Usage, municipality: MunicipalityCode, period: Period) -> bool {
    usage.municipalities.binary_search(&municipality).is_ok()
        && usage.from <= period
        && usage.to.is_none_or(|to| period <= to)
}

/// Whether the pipeline says that the unit's rows count: its municipality uses its source in its period. What a
/// delivery holds beyond that (another municipality, a month after the change of systems) is somebody else's to report.
pub(crate) fn is_used(pipeline: &Pipeline, unit: &WorkUnit) -> bool {
    let mut uses = pipeline.uses.iter().filter(|usage| usage.source == unit.source);
    uses.any(|usage| covers(usage, unit.municipality, unit.period))
}

/// Whether everything that a delivery can hold is used: its name says whose it is and of which period.
pub(crate) fn is_used_wholly(pipeline: &Pipeline, delivery: &Delivery, partition: PeriodKind) -> bool {
    let scope = &delivery.scope;
    let (Some(municipality), Some(period)) = (scope.municipality, scope.period) else { return false };
    let unit = |period| WorkUnit { source: scope.source.clone(), municipality, period };
    period.parts(partition).all(|part| is_used(pipeline, &unit(part)))
}

/// A text of the uses of a source, so that a change of them has deliveries read again.
pub(crate) fn uses_of(pipeline: &Pipeline, source: &SourceId) -> String {
    let mut text = String::new();
    for usage in pipeline.uses.iter().filter(|usage| usage.source == *source) {
        let to = usage.to.map_or("open".to_owned(), |to| to.to_string());
        let who: Vec<String> = usage.municipalities.iter().map(ToString::to_string).collect();
        text.extend([usage.from.to_string(), to, who.join(" ")].map(|part| part + ";"));
    }
    text
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
        for unit in units.filter(|unit| is_used(pipeline, unit)) {
            if let Some(source) = catalogue.sources.get(&unit.source) {
                let cells = coverage.delivered.entry(source.dataset.clone()).or_default();
                cells.insert((unit.municipality, unit.period));
            }
        }
        let geography = Geography::of(catalogue);
        for usage in &pipeline.uses {
            let Some(source) = catalogue.sources.get(&usage.source) else { continue };
            let latest = coverage.latest(&source.dataset).unwrap_or(usage.from);
            let latest = usage.to.map_or(latest, |to| to.max(latest));
            let cells = coverage.used.entry(source.dataset.clone()).or_default();
            for period in owed_periods(usage, latest) {
                // Whoever is no municipality any more, or none yet, owes nothing. The whole country always is.
                let owes =
                    |code: MunicipalityCode| code == MunicipalityCode::COUNTRY || geography.has(code, period.start());
                let exist = usage.municipalities.iter().filter(|code| owes(**code));
                cells.extend(exist.map(|municipality| (*municipality, period)));
            }
        }
        coverage
    }

    fn latest(&self, dataset: &DatasetId) -> Option<Period> {
        self.delivered.get(dataset)?.iter().map(|(_, period)| *period).max()
    }

    /// Whether some municipality has all that a measure needs in a period.
    pub(crate) fn anyone_has(
        &self,
        readings: &[Reading<'_>],
        period: Period,
        municipalities: &[MunicipalityCode],
    ) -> bool {
        let needed: Vec<(&Reading<'_>, Vec<Period>)> =
            readings.iter().map(|reading| (reading, reading.partitions(period))).collect();
        let has = |code: &MunicipalityCode, (reading, parts): &(&Reading<'_>, Vec<Period>)| {
            let delivered = self.delivered.get(&reading.dataset.id);
            let whose = reading.whose(*code);
            delivered.is_some_and(|delivered| parts.iter().all(|part| delivered.contains(&(whose, *part))))
        };
        !needed.is_empty()
            && needed.iter().all(|(_, parts)| !parts.is_empty())
            && municipalities.iter().any(|code| needed.iter().all(|need| has(code, need)))
    }
}
