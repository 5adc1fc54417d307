//! The second half of a run: what is computed, and the books.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use loader::{AreaRecord, DeliveryRecord, DeliveryState, Publication, RunEnd, RunOutcome, UnitRecord};
use model::{Area, DatasetId, DeliveryId, Fingerprint, FingerprintBuilder, Indicator, Notice, Refusal, Text};

use crate::coverage::{Cell, Coverage, is_used};
use crate::figures::{self, Sources, UnitFile};
use crate::geography::Geography;
use crate::reading::{Job, ReadDelivery};
use crate::run::{Phase, Progress, SEMANTICS};
use crate::work::Work;
use crate::{DeliveryReport, IndicatorReport, Outcome, RunError, RunReport, SourceReport};

impl<'a> Work<'a> {
    pub(crate) fn indicators(&self) -> impl Iterator<Item = &'a Arc<Indicator>> {
        self.pipeline.indicators.iter().filter_map(|id| self.catalogue.indicators.get(id))
    }

    /// The hash of all that decides an indicator's figures besides the rows: its definition, who owes what, and which
    /// municipality lies in which region.
    pub(crate) fn basis(&self, indicator: &Indicator) -> Fingerprint {
        let lists = self.catalogue.municipalities().map(|list| list.fingerprint.to_string());
        let mut builder = FingerprintBuilder::new();
        builder.add(SEMANTICS).add(indicator.fingerprint.to_string()).add(lists.unwrap_or_default());
        let read = indicator.datasets();
        for usage in &self.pipeline.uses {
            let dataset = self.catalogue.sources.get(&usage.source).map(|source| &source.dataset);
            if dataset.is_some_and(|dataset| read.contains(dataset)) {
                builder.add(usage.source.as_str()).add(usage.from.to_string());
                builder.add(usage.to.map(|to| to.to_string()).unwrap_or_default());
                usage.municipalities.iter().for_each(|code| {
                    builder.add(code.to_string());
                });
            }
        }
        builder.finish()
    }

    pub(crate) fn is_redefined(&self, indicator: &Indicator) -> bool {
        self.ledger.indicators.get(&indicator.id) != Some(&self.basis(indicator))
    }

    /// Computes what depends on the units that changed, and whatever has a new definition.
    pub(crate) fn compute(
        &mut self,
        publication: &mut Publication<'_>,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        publication.areas(&self.areas())?;
        let coverage = Coverage::of(self.catalogue, self.pipeline, self.ledger.units.keys());
        let used = self.ledger.units.values().filter(|record| is_used(self.pipeline, &record.unit));
        let units: Vec<UnitFile> = used.map(|record| self.unit_file(record)).collect();
        let sources = Sources {
            catalogue: self.catalogue,
            municipalities: &self.municipalities,
            coverage: &coverage,
            units: &units,
        };
        self.outdate_others(publication)?;
        let mut work = Vec::new();
        for indicator in self.indicators() {
            let all = self.is_redefined(indicator);
            let read = indicator.datasets();
            let is_read = |(dataset, _): &(DatasetId, Cell)| read.contains(dataset);
            if all || self.changed.iter().any(is_read) {
                publication.indicator(indicator, &self.basis(indicator))?;
                let wanted = figures::wanted(&sources, indicator, &self.changed, all, publication)?;
                work.push((indicator.as_ref(), wanted));
            }
        }
        progress.begin(Phase::Compute, work.len() as u64);
        let counts = figures::publish(&sources, &work, publication, &|| progress.advance(1))?;
        for ((indicator, _), counts) in work.iter().zip(counts) {
            let report = IndicatorReport { new: counts.new, changed: counts.changed, unchanged: counts.unchanged };
            self.report.indicators.insert(indicator.id.to_string(), report);
        }
        Ok(())
    }

    /// Indicators of other pipelines that read what this run changed.
    fn outdate_others(&self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        let changed: BTreeSet<&DatasetId> = self.changed.iter().map(|(dataset, _)| dataset).collect();
        for id in self.ledger.indicators.keys().filter(|id| !self.pipeline.indicators.contains(id)) {
            let indicator = self.catalogue.indicators.get(id);
            let reads = |indicator: &Indicator| indicator.datasets().iter().any(|dataset| changed.contains(*dataset));
            if indicator.is_none_or(|indicator| reads(indicator)) {
                publication.outdate_indicator(id)?;
            }
        }
        Ok(())
    }

    pub(crate) fn unit_file(&self, record: &UnitRecord) -> UnitFile {
        let path = record.part.as_ref().map(|part| self.store.join(part));
        let partials = self.read.get(&record.delivery).map(|read| Arc::clone(&read.partials));
        UnitFile { unit: record.unit.clone(), dataset: record.dataset.clone(), path, partials }
    }

    pub(crate) fn close(mut self, publication: Publication<'_>, ended_at: String) -> Result<RunReport, RunError> {
        self.count_missing_and_refused();
        let refused = self.report.deliveries.iter().any(|delivery| delivery.refusal.is_some());
        let nothing = self.arrived.is_empty() && self.read.is_empty() && self.report.indicators.is_empty();
        self.report.outcome = match (refused, nothing) {
            (true, _) => Outcome::Partial,
            (false, true) => Outcome::NothingNew,
            (false, false) => Outcome::Complete,
        };
        self.report.exit_code = self.report.outcome.exit_code();
        self.report.deliveries_known = self.ledger.known.len() as u64;
        let outcome = if refused { RunOutcome::Partial } else { RunOutcome::Ok };
        publication.finish(&RunEnd { ended_at, outcome, exit_code: self.report.exit_code })?;
        Ok(self.report)
    }

    pub(crate) fn report_refusal(&mut self, id: &str, name: &str, source: &str, refusal: &Refusal) {
        tracing::info!(delivery = name, code = %refusal.code, "refused: {}", refusal.message);
        if !source.is_empty() {
            self.report.sources.entry(source.to_owned()).or_default().refused += 1;
        }
        self.report.outcome = Outcome::Partial;
        self.report.exit_code = Outcome::Partial.exit_code();
        self.report.deliveries.push(DeliveryReport {
            delivery: id.to_owned(),
            name: name.to_owned(),
            source: source.to_owned(),
            state: "refused",
            rows_read: 0,
            rows_accepted: 0,
            rows_rejected: 0,
            rows_skipped: BTreeMap::new(),
            refusal: Some(refusal.into()),
            notices: Vec::new(),
        });
    }

    pub(crate) fn report_accepted(&mut self, job: &Job, read: &ReadDelivery) {
        let source: &mut SourceReport = self.report.sources.entry(job.source.id.to_string()).or_default();
        source.add(&read.tally, read.units.len() as u64);
        self.report.deliveries.push(DeliveryReport {
            delivery: job.delivery.id.to_string(),
            name: job.delivery.name.clone(),
            source: job.source.id.to_string(),
            state: "accepted",
            rows_read: read.tally.read,
            rows_accepted: read.tally.accepted,
            rows_rejected: read.tally.rejected,
            rows_skipped: read.tally.skipped.clone(),
            refusal: None,
            notices: read.notices.iter().map(|notice: &Notice| notice.into()).collect(),
        });
    }

    pub(crate) fn count_missing_and_refused(&mut self) {
        let coverage = Coverage::of(self.catalogue, self.pipeline, self.ledger.units.keys());
        self.report.units_missing = coverage.missing();
        let reported: BTreeSet<&str> =
            self.report.deliveries.iter().map(|delivery| delivery.delivery.as_str()).collect();
        let refused = |record: &&DeliveryRecord| matches!(record.state, DeliveryState::Refused(_));
        let open = |record: &&DeliveryRecord| !reported.contains(record.delivery.id.as_str());
        let ours = |record: &&DeliveryRecord| self.fingerprints.contains_key(&record.delivery.scope.source);
        let unreplaced = |record: &&DeliveryRecord| !self.is_replaced(&record.delivery.id);
        let still = self.ledger.records.values().filter(refused).filter(open).filter(ours).filter(unreplaced).count();
        self.report.still_refused = still as u64;
    }

    /// Whether a delivery of the same slot holds that came later or has a higher version.
    pub(crate) fn is_replaced(&self, id: &DeliveryId) -> bool {
        let Some(refused) = self.ledger.known.get(id) else { return false };
        self.ledger.known.values().any(|other| {
            let (a, b) = (&other.delivery.scope, &refused.delivery.scope);
            (&a.source, a.municipality, a.period) == (&b.source, b.municipality, b.period)
                && other.precedence() > refused.precedence()
                && matches!(other.reading, Some((_, true)))
        })
    }

    /// The areas that figures can be about, with their names on the first day of the latest delivered period: the
    /// deliveries decide, not the clock.
    pub(crate) fn areas(&self) -> Vec<AreaRecord> {
        let Some(day) = self.ledger.units.keys().map(|unit| unit.period.start()).max() else { return Vec::new() };
        let mut areas = vec![AreaRecord {
            area: Area::Country,
            title: Text { da: "Hele landet".to_owned(), en: "Denmark".to_owned() },
            region: None,
        }];
        if let Some(list) = self.catalogue.regions() {
            areas.extend(list.codes().iter().filter_map(|code| {
                let title = list.title_of(list.index_of(code)?, day).clone();
                Some(AreaRecord { area: Area::Region(code.clone()), title, region: None })
            }));
        }
        if let Some(list) = self.catalogue.municipalities() {
            let geography = Geography::of(self.catalogue);
            let days: BTreeSet<_> = self.ledger.units.keys().map(|unit| unit.period.start()).collect();
            let ever = self.municipalities.iter().filter(|code| days.iter().any(|day| geography.has(**code, *day)));
            areas.extend(ever.filter_map(|code| {
                let index = list.index_of(&code.to_string())?;
                let title = list.title_of(index, day).clone();
                let region = list.attribute(index, "region", day).map(str::to_owned);
                Some(AreaRecord { area: Area::Municipality(*code), title, region })
            }));
        }
        areas
    }
}
