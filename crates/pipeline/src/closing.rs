//! The second half of a run: what is computed, and the books.

use std::collections::{BTreeMap, BTreeSet};

use loader::{
    AreaRecord, DefinitionKind, DeliveryRecord, DeliveryState, Description, Publication, RunEnd, RunOutcome, UnitRecord,
};
use model::{
    Area, DatasetId, Date, DeliveryId, DeliveryKind, DeliveryScope, Fingerprint, FingerprintBuilder, Indicator,
    IndicatorId, Notice, Refusal, Series, Text, redact,
};

use crate::approvals::{self, Approvals};
use crate::books::Known;
use crate::calendar::{self, Blocked, Books};
use crate::causes::Basis;
use crate::coverage::{Coverage, is_used};
use crate::figures::{self, Sources, Task, UnitFile, Wanted};
use crate::geography::Geography;
use crate::groups;
use crate::reading::{Job, ReadDelivery};
use crate::run::{Phase, Progress, SEMANTICS};
use crate::series::Asked;
use crate::work::Work;
use crate::{DeliveryReport, Outcome, ReadAgain, RunError, RunReport, SourceReport, UnitState};

impl Work<'_> {
    /// The hash of all that decides the figures of a series besides the rows: the definition and the periods that it
    /// holds for, who owes what, which municipality lies in which region, and with whom it is compared.
    pub(crate) fn basis(&self, asked: &Asked<'_>) -> Fingerprint {
        let lists = self.catalogue.municipalities().map(|list| list.fingerprint.to_string());
        let mut builder = FingerprintBuilder::new();
        builder.add(SEMANTICS).add(asked.version.fingerprint.to_string()).add(lists.unwrap_or_default());
        builder.add(asked.series.as_defined.as_str());
        for (from, to) in asked.plans.iter().filter_map(|plan| plan.defined()) {
            let bounds = [from, to].map(|bound| bound.map(|period| period.to_string()).unwrap_or_default());
            builder.add(bounds.join("-"));
        }
        for group in groups::chosen(self.catalogue, self.pipeline).filter(|group| group.concerns(asked.version)) {
            builder.add(group.id.as_str()).add(group.fingerprint.to_string());
        }
        // Left out where nothing is held, so that all other series are as they were.
        if let Some(rule) = self.pipeline.approvals.iter().find(|rule| rule.area == asked.version.area) {
            builder.add("held from").add(rule.from.to_string());
        }
        let read = asked.datasets();
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

    pub(crate) fn is_redefined(&self, asked: &Asked<'_>) -> bool {
        self.ledger.series.get(&asked.series) != Some(&self.basis(asked))
    }

    /// Whether a series has to be computed anew as a whole, and why.
    fn basis_of(&self, asked: &Asked<'_>) -> Basis {
        match self.ledger.series.get(&asked.series) {
            _ if !self.is_redefined(asked) => Basis::Kept,
            None => Basis::New,
            Some(stored) if *stored == loader::outdated() => Basis::Outdated,
            Some(_) => {
                let used = |kind: DefinitionKind, id: &str, version| {
                    self.ledger.definitions.get(&(kind.as_str().to_owned(), id.to_owned(), version))
                };
                let (version, list) = (asked.version, self.catalogue.municipalities());
                let of_version = used(DefinitionKind::Indicator, version.id.as_str(), version.version.0);
                let is_same = of_version == Some(&version.fingerprint);
                let of_list = list.and_then(|list| used(DefinitionKind::CodeList, list.id.as_str(), 0));
                let is_listed = of_list == list.map(|list| &list.fingerprint);
                if is_same && !is_listed { Basis::Regrouped } else { Basis::Redefined }
            }
        }
    }

    /// Whether the texts of a version are others than the tables have.
    pub(crate) fn is_redescribed(&self, asked: &Asked<'_>) -> bool {
        let key = (asked.series.indicator.clone(), asked.series.version);
        self.ledger.descriptions.get(&key) != Some(&Description::of(asked.version, asked.is_current))
    }

    /// Whether this run computes all of a series, because of its definition. A run over a part of the deliveries leaves
    /// that to the next whole one, unless it changes something that the series is made of: half of a series by one
    /// definition and half by another would be visible.
    pub(crate) fn is_made_anew(&self, asked: &Asked<'_>, is_touched: bool) -> bool {
        (self.scope.is_all() || is_touched) && self.is_redefined(asked)
    }

    /// Whether this run writes the texts of a version anew.
    pub(crate) fn is_retold(&self, asked: &Asked<'_>, is_touched: bool) -> bool {
        (self.scope.is_all() || is_touched) && self.is_redescribed(asked)
    }

    /// Series of the pipeline's indicators that it asks for no more: of a version that is not kept or that newer ones
    /// leave nothing, or as it is not defined any more. A run over a part of the deliveries leaves them to the next whole one.
    pub(crate) fn asked_no_more(&self) -> impl Iterator<Item = &Series> {
        let is_ours = |series: &&Series| self.scope.is_all() && self.pipeline.indicators.contains(&series.indicator);
        let ours = self.ledger.series.keys().filter(is_ours);
        ours.filter(|series| self.asked.iter().all(|asked| asked.series != **series))
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
        let approvals = Approvals::of(self.pipeline, &self.ledger.decisions);
        let sources = Sources {
            catalogue: self.catalogue,
            municipalities: &self.municipalities,
            coverage: &coverage,
            units: &units,
            approvals: &approvals,
        };
        self.outdate_others(publication)?;
        for series in self.asked_no_more() {
            publication.withdraw(series)?;
        }
        // Those that have one definition throughout when the run has ended.
        let mut whole = Vec::new();
        let (mut tasks, mut names) = (Vec::new(), Vec::new());
        for asked in &self.asked {
            let read = asked.datasets();
            let decided = approvals::decided(&self.acts, asked.version);
            let touched = !decided.is_empty() || self.changed.keys().any(|(dataset, _)| read.contains(dataset));
            let all = self.is_made_anew(asked, touched);
            if !all && self.is_redefined(asked) {
                continue;
            }
            whole.push(asked);
            let basis = self.basis_of(asked);
            if all || self.is_retold(asked, touched) {
                publication.indicator(asked.version, asked.is_current)?;
            }
            if all {
                publication.series(&asked.series, &self.basis(asked))?;
                figures::withdraw_undefined(asked, publication)?;
            }
            for plan in asked.plans.iter().filter(|_| all || touched) {
                let mut task = Task { series: &asked.series, plan, wanted: Wanted::default() };
                task.wanted = figures::wanted(&sources, &task, &self.changed, basis, publication)?;
                figures::add_decided(&mut task, &decided, publication)?;
                tasks.push(task);
                names.push(asked.name());
            }
        }
        progress.begin(Phase::Compute, tasks.len() as u64);
        let counts = figures::publish(&sources, &tasks, publication, &self.stop, &|| progress.advance(1))?;
        let of_groups = groups::publish(&sources, (self.pipeline, &whole), &tasks, publication)?;
        for id in groups::elsewhere(self.catalogue, self.pipeline, &tasks) {
            publication.outdate_indicator(&id)?;
        }
        for (name, counts) in names.into_iter().zip(counts).chain(of_groups) {
            let report = self.report.indicators.entry(name).or_default();
            report.new += counts.new;
            report.changed += counts.changed;
            report.unchanged += counts.unchanged;
        }
        Ok(())
    }

    /// Indicators of other pipelines that read what this run changed.
    fn outdate_others(&self, publication: &mut Publication<'_>) -> Result<(), RunError> {
        let changed: BTreeSet<&DatasetId> = self.changed.keys().map(|(dataset, _)| dataset).collect();
        let known: BTreeSet<&IndicatorId> = self.ledger.series.keys().map(|series| &series.indicator).collect();
        for id in known.into_iter().filter(|id| !self.pipeline.indicators.contains(id)) {
            let mut editions = self.catalogue.versions(id.as_str()).flat_map(|version| version.editions());
            let reads = |plan: &Indicator| plan.datasets().iter().any(|dataset| changed.contains(*dataset));
            if !self.catalogue.indicators.contains_key(id) || editions.any(reads) {
                publication.outdate_indicator(id)?;
            }
        }
        Ok(())
    }

    pub(crate) fn unit_file(&self, record: &UnitRecord) -> UnitFile {
        let path = record.part.as_ref().map(|part| self.store.join(part));
        let partials = self.read.get(&record.delivery).and_then(|read| read.partials.clone());
        UnitFile { unit: record.unit.clone(), dataset: record.dataset.clone(), path, partials }
    }

    pub(crate) fn close(
        mut self,
        publication: Publication<'_>,
        (ended_at, milliseconds): (String, u64),
    ) -> Result<RunReport, RunError> {
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
        publication.finish(&RunEnd { ended_at, outcome, exit_code: self.report.exit_code, milliseconds })?;
        Ok(self.report)
    }

    pub(crate) fn report_refusal(&mut self, id: &str, name: &str, source: &str, refusal: &Refusal) {
        let message = redact(&refusal.message);
        tracing::info!(delivery = id, source, name = %redact(name), code = %refusal.code, "refused: {message}");
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
            read_again: None,
            refusal: Some(refusal.into()),
            notices: Vec::new(),
        });
    }

    pub(crate) fn report_accepted(&mut self, job: &Job, read: &ReadDelivery, read_again: Option<ReadAgain>) {
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
            read_again,
            refusal: None,
            notices: read.notices.iter().map(|notice: &Notice| notice.into()).collect(),
        });
    }

    pub(crate) fn count_missing_and_refused(&mut self) {
        self.count_units();
        let reported: BTreeSet<&str> =
            self.report.deliveries.iter().map(|delivery| delivery.delivery.as_str()).collect();
        let refused = |record: &&DeliveryRecord| matches!(record.state, DeliveryState::Refused(_));
        let open = |record: &&DeliveryRecord| !reported.contains(record.delivery.id.as_str());
        let ours = |record: &&DeliveryRecord| self.fingerprints.contains_key(&record.delivery.scope.source);
        let refused: Vec<&DeliveryRecord> =
            self.ledger.records.values().filter(refused).filter(open).filter(ours).collect();
        self.report.still_refused = if refused.is_empty() { 0 } else { self.unreplaced(&refused) };
    }

    /// How many of these have no delivery in their place that came later or has a higher version.
    fn unreplaced(&self, refused: &[&DeliveryRecord]) -> u64 {
        let place = |known: &Known| {
            let DeliveryScope { source, municipality, period, .. } = &known.delivery.scope;
            (source.clone(), *municipality, *period)
        };
        let mut highest = BTreeMap::new();
        for known in self.ledger.known.values().filter(|known| matches!(known.reading, Some((_, true)))) {
            let precedence = known.precedence(self.load(&known.delivery.scope.source));
            let highest = highest.entry(place(known)).or_insert(precedence);
            *highest = precedence.max(*highest);
        }
        let is_open = |record: &&&DeliveryRecord| {
            let Some(known) = self.ledger.known.get(&record.delivery.id) else { return true };
            let precedence = known.precedence(self.load(&known.delivery.scope.source));
            highest.get(&place(known)).is_none_or(|highest| *highest < precedence)
        };
        refused.iter().filter(is_open).count() as u64
    }

    /// How the units stand on the day on which the run started. Nothing is stale when a run has ended.
    fn count_units(&mut self) {
        let Some(day) = self.report.started_at.get(..10).and_then(Date::parse_iso) else { return };
        // What was taken back is as if it had never come.
        let retracted = &self.ledger.decisions.retracted;
        let failed = |known: &&Known| self.is_out(&known.delivery.id) && !retracted.contains(&known.delivery.id);
        let out = self.ledger.known.values().filter(failed).map(|known| Blocked {
            delivery: &known.delivery,
            precedence: known.precedence(self.load(&known.delivery.scope.source)),
            state: if self.withheld.contains_key(&known.delivery.id) { UnitState::Withheld } else { UnitState::Failed },
            code: None,
        });
        let precedence = |known: &Known| known.precedence(self.load(&known.delivery.scope.source));
        let of_delivery = |id: &DeliveryId| self.ledger.known.get(id).map(precedence);
        let standing = |unit: &UnitRecord| {
            let delivery = self.ledger.known.get(&unit.delivery).map(|known| &known.delivery);
            let is_receipt = delivery.is_some_and(|delivery| delivery.kind == DeliveryKind::Receipt);
            if is_receipt { UnitState::NothingToReport } else { UnitState::Done }
        };
        let books = Books::new(self.catalogue, self.ledger.units.values(), out, &of_delivery, &standing);
        let mut counted: BTreeMap<String, BTreeMap<UnitState, u64>> = BTreeMap::new();
        for unit in calendar::units(self.catalogue, self.pipeline, &books, day) {
            let states = counted.entry(unit.source.to_string()).or_default();
            *states.entry(unit.state).or_default() += 1;
        }
        let overdue = counted.values().flatten().filter(|(state, _)| state.is_overdue());
        self.report.units_missing = overdue.map(|(_, number)| number).sum();
        self.report.units = counted;
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
        for (group, list) in
            groups::chosen(self.catalogue, self.pipeline).zip(std::iter::repeat(self.catalogue.municipalities()))
        {
            let named = list.map(|list| group.areas_of(list, group.titles(self.catalogue), &self.municipalities, day));
            areas.extend(named.unwrap_or_default().into_iter().map(|(area, title)| AreaRecord {
                area: Area::Comparison(area),
                title,
                region: None,
            }));
        }
        areas
    }
}
