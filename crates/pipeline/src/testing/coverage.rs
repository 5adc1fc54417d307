//! What the tests have seen of the definitions, and what they have not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use definitions::cases::{Case, Given, Table, Tested, named};
use model::{Aggregate, Catalogue, Code, Dataset, Formula, Indicator, MissingRule, Notice, ObsStatus, Source};

use super::compare::FoundReject;
use super::report::{CoverageReport, Gap};
use super::{indicator, source};

/// What was seen of an indicator.
#[derive(Debug, Default)]
struct OfIndicator {
    /// Of each measure: the rows that it could see, and those that it kept.
    rows: Vec<(u64, u64)>,
    statuses: BTreeSet<ObsStatus>,
    /// The dimensions of the parts that were expected.
    parts: BTreeSet<String>,
}

/// What was seen while tests were carried out.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    indicators: BTreeMap<String, OfIndicator>,
    /// The skip rules that left out a record.
    sources: BTreeMap<String, BTreeSet<String>>,
    /// The checks that were broken, by dataset.
    checks: BTreeMap<String, BTreeSet<String>>,
    /// The datasets of which rows were given.
    datasets: BTreeSet<String>,
}

impl Sightings {
    /// Notes what a test of an indicator showed; `expected` is the table of figures that it expects.
    pub(super) fn indicator(
        &mut self,
        indicator: &Indicator,
        outcome: &indicator::Outcome,
        case: &Case,
        expected: Option<&Table>,
    ) {
        let seen = self.indicators.entry(case.definition()).or_default();
        seen.rows.resize(indicator.measures.len(), (0, 0));
        for (known, (all, kept)) in seen.rows.iter_mut().zip(&outcome.seen) {
            *known = (known.0 + all, known.1 + kept);
        }
        seen.statuses.extend(outcome.observations.iter().map(|one| one.status));
        let parts = expected.and_then(|table| Some((table, table.column("breakdown")?)));
        let cells = parts.iter().flat_map(|(table, at)| table.rows.iter().map(|row| &row.cells[*at].text));
        seen.parts.extend(cells.map(|cell| model::dimensions_of(cell)));
        if let Given::Tables(tables) = &case.given {
            self.datasets.extend(tables.iter().map(|table| table.dataset.clone()));
        }
        for reject in &outcome.rejects {
            self.broken(reject.dataset.as_deref().unwrap_or_default(), reject);
        }
        let datasets: Vec<String> = indicator.datasets().into_iter().map(ToString::to_string).collect();
        for dataset in datasets {
            self.warned(&dataset, &outcome.notices);
        }
    }

    pub(super) fn source(&mut self, source: &Source, dataset: &Dataset, outcome: &source::Outcome) {
        let skipped = outcome.tally.skipped.keys().cloned();
        self.sources.entry(source.id.to_string()).or_default().extend(skipped);
        self.datasets.insert(dataset.id.to_string());
        for reject in &outcome.rejects {
            self.broken(dataset.id.as_str(), reject);
        }
        self.warned(dataset.id.as_str(), &outcome.notices);
    }

    pub(super) fn refused(&mut self, source: &Source) {
        self.sources.entry(source.id.to_string()).or_default();
    }

    fn broken(&mut self, dataset: &str, reject: &FoundReject) {
        if reject.code == Some(Code::CHECK_FAILED) {
            self.checks.entry(dataset.to_owned()).or_default().extend(quoted(&reject.reason));
        }
    }

    fn warned(&mut self, dataset: &str, notices: &[Notice]) {
        let rules = notices.iter().filter(|one| one.code == Code::CHECK_WARNING);
        self.checks.entry(dataset.to_owned()).or_default().extend(rules.filter_map(|one| quoted(&one.message)));
    }

    /// What is left to be seen.
    pub(super) fn report<'w>(
        &self,
        catalogue: &Catalogue,
        wanted: impl Iterator<Item = &'w (Tested, String)>,
    ) -> CoverageReport {
        let mut report = CoverageReport::default();
        let mut datasets = BTreeSet::new();
        for (tested, id) in wanted {
            let mut found = Vec::new();
            match tested {
                Tested::Indicator => {
                    for indicator in catalogue.versions(id) {
                        let is_current =
                            catalogue.indicators.get(id.as_str()).is_some_and(|it| Arc::ptr_eq(it, indicator));
                        let version = (!is_current).then(|| indicator.version.to_string());
                        let name = named(id, version.as_deref());
                        datasets.extend(indicator.datasets().into_iter().cloned());
                        let gaps = self.indicators.get(&name).map(|seen| of_indicator(indicator, seen));
                        found.push((name, gaps));
                    }
                }
                Tested::Source => {
                    if let Some(source) = catalogue.sources.get(id.as_str()) {
                        datasets.insert(source.dataset.clone());
                        found.push((id.clone(), self.sources.get(id).map(|seen| of_source(source, seen))));
                    }
                }
            }
            for (name, gaps) in found {
                report.definitions += 1;
                report.tested += usize::from(gaps.is_some());
                let gaps = gaps.unwrap_or_else(|| vec!["has no test".to_owned()]);
                let gap = |gap| Gap { kind: tested.word(), definition: name.clone(), gap };
                report.gaps.extend(gaps.into_iter().map(gap));
            }
        }
        for dataset in datasets.iter().filter_map(|id| catalogue.datasets.get(id)) {
            let broken = self.checks.get(dataset.id.as_str());
            let whole = dataset.checks.iter().map(|check| check.id.as_str());
            for check in whole.filter(|check| !broken.is_some_and(|broken| broken.contains(*check))) {
                let gap = format!("the check `{check}` was never broken");
                report.gaps.push(Gap { kind: "dataset", definition: dataset.id.to_string(), gap });
            }
        }
        report
    }
}

/// The first word in backticks: messages about a rule name it so.
fn quoted(message: &str) -> Option<String> {
    message.split('`').nth(1).map(str::to_owned)
}

fn of_source(source: &Source, seen: &BTreeSet<String>) -> Vec<String> {
    let rules = source.skip.iter().map(|rule| rule.id.as_str()).filter(|rule| !seen.contains(*rule));
    rules.map(|rule| format!("the skip rule `{rule}` never left out a record")).collect()
}

fn of_indicator(indicator: &Indicator, seen: &OfIndicator) -> Vec<String> {
    let mut gaps = Vec::new();
    for (measure, (all, kept)) in indicator.measures.iter().zip(&seen.rows) {
        if measure.filter.is_none() {
            continue;
        }
        if *kept == 0 {
            gaps.push(format!("the filter of `{}` was never true", measure.name));
        }
        if all == kept {
            gaps.push(format!("the filter of `{}` was never false", measure.name));
        }
    }
    let breakdowns = indicator.breakdowns.iter().map(|breakdown| indicator.breakdown_text(breakdown));
    for breakdown in breakdowns.filter(|breakdown| !seen.parts.contains(breakdown)) {
        gaps.push(format!("no figure by `{breakdown}` was expected"));
    }
    for status in statuses(indicator).into_iter().filter(|status| !seen.statuses.contains(status)) {
        gaps.push(format!("no figure had the status {}", status.code()));
    }
    gaps
}

/// The statuses that the figures of an indicator can have in a test, where everybody owes everything.
fn statuses(indicator: &Indicator) -> Vec<ObsStatus> {
    let mut statuses = vec![ObsStatus::Normal];
    let extreme = |one: &model::Measure| matches!(one.aggregate, Aggregate::Min(_) | Aggregate::Max(_));
    if divides(&indicator.formula) || indicator.measures.iter().any(extreme) {
        statuses.push(ObsStatus::CannotExist);
    }
    if indicator.missing == MissingRule::Propagate {
        statuses.extend([ObsStatus::Missing, ObsStatus::Provisional]);
    }
    statuses
}

/// Whether the formula can divide by zero.
fn divides(formula: &Formula) -> bool {
    match formula {
        Formula::Measure(_) | Formula::Number(_) => false,
        Formula::Negate(inner) => divides(inner),
        Formula::Add(left, right) | Formula::Subtract(left, right) | Formula::Multiply(left, right) => {
            divides(left) || divides(right)
        }
        Formula::Divide(left, right) => {
            !matches!(right.as_ref(), Formula::Number(number) if !number.is_zero()) || divides(left) || divides(right)
        }
    }
}
