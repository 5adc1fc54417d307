//! Which figures change with the definitions: both sides computed of the rows in the store, which stays as it is.
//!
//! The rows are those that were read when they arrived. Where the other definitions would read files into other rows, no
//! figure is shown: the indicators are named with the reason, and a run on a copy of the store tells the rest.

use std::collections::{BTreeMap, BTreeSet};

use definitions::{Category, Change};
use loader::Store;
use model::{Area, Catalogue, Code, DatasetId, FieldType, Indicator, Observation, Period};
use serde::Serialize;

use crate::approvals::Approvals;
use crate::coverage::{Coverage, is_used};
use crate::figures::{self, Sources, UnitFile};
use crate::{Project, RunError};

/// One side of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureSide {
    /// The version of the definition.
    pub version: u32,
    /// The value, as an exact decimal; none if there is none.
    pub value: Option<String>,
    /// The status.
    pub obs_status: &'static str,
}

/// A figure that is another with the other definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureChange {
    /// The indicator.
    pub indicator: String,
    /// Whom it is about.
    pub area: String,
    /// When.
    pub period: String,
    /// What part of the population.
    pub breakdown: String,
    /// What it was; nothing if there was no such figure.
    pub before: Option<FigureSide>,
    /// What it is; nothing if there is no such figure.
    pub after: Option<FigureSide>,
    /// By how much the value is greater, exactly, if there are both.
    pub difference: Option<String>,
    #[serde(skip)]
    size: u128,
}

/// What becomes of the figures of an indicator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IndicatorChange {
    /// The indicator.
    pub indicator: String,
    /// Figures of both sides together.
    pub figures: u64,
    /// How many have another value or status.
    pub changed: u64,
    /// How many are new.
    pub new: u64,
    /// How many are gone.
    pub gone: u64,
}

/// An indicator whose figures cannot be computed of the rows that are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// The indicator.
    pub indicator: String,
    /// Why: the changes that have files read into other rows.
    pub because: Vec<String>,
}

/// What changes in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ValueChanges {
    /// The indicators that were computed on both sides.
    pub indicators: Vec<IndicatorChange>,
    /// Those that could not be.
    pub not_compared: Vec<NotCompared>,
    /// Every figure that is another: by indicator, the greatest differences first.
    pub figures: Vec<FigureChange>,
}

/// Computes the figures that changes of definitions reach, on both sides, and compares them.
pub fn value_changes(before: &Project, after: &Project, changes: &[Change]) -> Result<ValueChanges, RunError> {
    let reached: BTreeSet<&str> = changes
        .iter()
        .filter(|change| change.rule.category != Category::TextOnly && !change.rule.id.ends_with("_TESTS_CHANGED"))
        .flat_map(|change| &change.affects)
        .map(|name| name.split('@').next().unwrap_or_default())
        .collect();
    let mut found = ValueChanges::default();
    let mut compared = BTreeSet::new();
    for id in reached {
        let datasets: BTreeSet<DatasetId> = [before, after]
            .iter()
            .flat_map(|side| side.catalogue.versions(id))
            .flat_map(|indicator| indicator.datasets())
            .cloned()
            .collect();
        let because: BTreeSet<String> = changes
            .iter()
            .filter(|change| change.rule.rereads && reads(change, &datasets, [&before.catalogue, &after.catalogue]))
            .map(|change| format!("{} `{}` ({})", change.rule.kind(), change.definition, change.rule.id))
            .collect();
        if because.is_empty() {
            compared.insert(id);
        } else {
            let because = because.into_iter().collect();
            found.not_compared.push(NotCompared { indicator: id.to_owned(), because });
        }
    }
    let mut store = Store::open_read_only(&after.store()).map_err(|error| match error {
        loader::LoadError::Missing { .. } => RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: "there is no store, so no figure can be computed".to_owned(),
            help: "`musketer run` reads the deliveries; without `--values` the definitions alone are compared"
                .to_owned(),
        },
        error => error.into(),
    })?;
    let units: Vec<loader::UnitRecord> = store.read()?.units()?;
    let root = store.root().to_owned();
    let side = |project: &Project| figures_of(project, &compared, &units, &root);
    let (old, new) = (side(before)?, side(after)?);
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    let mut indicators: BTreeMap<&str, IndicatorChange> = BTreeMap::new();
    for key in keys {
        let (old, new) = (old.get(key), new.get(key));
        let summary = indicators.entry(&key.0).or_default();
        summary.indicator.clone_from(&key.0);
        summary.figures += 1;
        let Some(change) = change(key, old, new) else { continue };
        match (&change.before, &change.after) {
            (Some(_), Some(_)) => summary.changed += 1,
            (None, _) => summary.new += 1,
            (_, None) => summary.gone += 1,
        }
        found.figures.push(change);
    }
    found.indicators = indicators.into_values().collect();
    found.figures.sort_by(|a, b| {
        let key = |one: &FigureChange| (one.indicator.clone(), std::cmp::Reverse(one.size));
        (key(a), &a.period, &a.area, &a.breakdown).cmp(&(key(b), &b.period, &b.area, &b.breakdown))
    });
    Ok(found)
}

/// Whether a change has files of one of these datasets read into other rows.
fn reads(change: &Change, datasets: &BTreeSet<DatasetId>, sides: [&Catalogue; 2]) -> bool {
    let id = change.definition.as_str();
    sides.iter().any(|side| match change.rule.kind() {
        "dataset" => datasets.contains(id),
        "source" => side.sources.get(id).is_some_and(|source| datasets.contains(&source.dataset)),
        "codelist" => datasets.iter().filter_map(|dataset| side.datasets.get(dataset)).any(|dataset| {
            dataset.fields.iter().any(|field| matches!(&field.ty, FieldType::Code(list) if list.as_str() == id))
        }),
        _ => false,
    })
}

type Key = (String, Period, Area, String);

/// The figures of one side, of the indicators that its pipeline publishes.
fn figures_of(
    project: &Project,
    wanted: &BTreeSet<&str>,
    records: &[loader::UnitRecord],
    root: &std::path::Path,
) -> Result<BTreeMap<Key, Observation>, RunError> {
    let (catalogue, pipeline) = (&project.catalogue, project.pipeline(None)?);
    let municipalities = catalogue.municipality_codes();
    let coverage = Coverage::of(catalogue, pipeline, records.iter().map(|record| &record.unit));
    let file = |record: &loader::UnitRecord| {
        let path = record.part.as_ref().map(|part| root.join(part));
        UnitFile { unit: record.unit.clone(), dataset: record.dataset.clone(), path, partials: None }
    };
    let units: Vec<UnitFile> = records.iter().filter(|record| is_used(pipeline, &record.unit)).map(file).collect();
    let approvals = Approvals::default();
    let sources = Sources {
        catalogue,
        municipalities: &municipalities,
        coverage: &coverage,
        units: &units,
        approvals: &approvals,
    };
    let published = pipeline.indicators.iter().filter(|id| wanted.contains(id.as_str()));
    let versions: Vec<&Indicator> =
        published.flat_map(|id| catalogue.versions(id.as_str())).flat_map(|indicator| indicator.editions()).collect();
    let observed = figures::all_of(&sources, &versions)?;
    let key = |one: &Observation| (one.indicator.to_string(), one.period, one.area.clone(), one.breakdown.clone());
    Ok(observed.into_iter().flatten().map(|one| (key(&one), one)).collect())
}

fn side_of(observation: &Observation) -> FigureSide {
    let value = observation.value.map(|value| model::format_decimal(value, observation.decimals));
    FigureSide { version: observation.version.0, value, obs_status: observation.status.code() }
}

/// The change of a figure; `None` if value and status are the same.
fn change(key: &Key, before: Option<&Observation>, after: Option<&Observation>) -> Option<FigureChange> {
    let (old, new) = (before.map(side_of), after.map(side_of));
    let same = |one: &FigureSide, other: &FigureSide| (&one.value, one.obs_status) == (&other.value, other.obs_status);
    if old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| same(old, new)) {
        return None;
    }
    let decimals = before.into_iter().chain(after).map(|one| one.decimals).max().unwrap_or_default();
    // Both in units of the finer of the two.
    let scaled = |one: &Observation| one.value?.checked_mul(10_i128.checked_pow(u32::from(decimals - one.decimals))?);
    let values = before.and_then(scaled).zip(after.and_then(scaled));
    let difference = values.and_then(|(old, new)| new.checked_sub(old));
    let (indicator, period, area, breakdown) = key;
    Some(FigureChange {
        indicator: indicator.clone(),
        area: area.to_string(),
        period: period.to_string(),
        breakdown: breakdown.clone(),
        before: old,
        after: new,
        difference: difference.map(|difference| model::format_decimal(difference, decimals)),
        size: difference.unwrap_or_default().unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use model::{IndicatorId, IndicatorVersion, ObsStatus, TOTAL};

    use super::*;

    fn figure(value: Option<i128>, decimals: u8, status: ObsStatus) -> Observation {
        Observation {
            indicator: IndicatorId::new("share").expect("an id"),
            version: IndicatorVersion(1),
            area: Area::Country,
            period: "2024".parse().expect("a period"),
            breakdown: TOTAL.to_owned(),
            value,
            decimals,
            numerator: None,
            denominator: None,
            contributing: 1,
            members: 1,
            status,
            held: false,
        }
    }

    #[test]
    fn differences_are_exact_whatever_the_decimals() {
        let key = ("share".to_owned(), "2024".parse().expect("a period"), Area::Country, TOTAL.to_owned());
        let difference = |before: &Observation, after: &Observation| {
            change(&key, Some(before), Some(after)).map(|change| change.difference)
        };
        let normal = |value, decimals| figure(Some(value), decimals, ObsStatus::Normal);
        assert_eq!(difference(&normal(125, 1), &normal(125, 1)), None);
        assert_eq!(difference(&normal(125, 1), &normal(1_251, 2)), Some(Some("0.01".to_owned())));
        assert_eq!(difference(&normal(7, 0), &normal(-3, 0)), Some(Some("-10".to_owned())));
        let provisional = figure(Some(125), 1, ObsStatus::Provisional);
        assert_eq!(difference(&normal(125, 1), &provisional), Some(Some("0.0".to_owned())), "the status is another");
        assert_eq!(difference(&normal(125, 1), &figure(None, 1, ObsStatus::Missing)), Some(None));
        assert_eq!(difference(&normal(i128::MAX, 0), &normal(1, 9)), Some(None), "beyond what can be counted");
        assert_eq!(change(&key, None, Some(&normal(1, 0))).map(|change| change.before), Some(None));
    }
}
