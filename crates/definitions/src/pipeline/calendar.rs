//! When deliveries are due, and whose figures are held until somebody approves them.

use std::collections::BTreeSet;

use model::{ApprovalRule, Code, DueRule, FieldName, IndicatorId, Period};

use super::Shelves;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Written};

/// The longest time that a delivery may take, ten years, as for a source.
const MOST_DAYS: i64 = 3660;

/// Reads `due`.
pub(super) fn due(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<DueRule> {
    let mut keys = cursor.keys(&vocabulary::DUE, report)?;
    let days = keys.need("days", report).and_then(|cursor| cursor.integer(report, 0..=MOST_DAYS));
    let grace = keys.maybe("grace", |cursor| cursor.integer(report, 0..=MOST_DAYS));
    keys.finish(report);
    Some(DueRule { days: days?, grace: grace.ok()?.unwrap_or(0) })
}

/// An approval before its area is known to exist.
pub(super) struct ApprovalDoc {
    area: Option<Written<String>>,
    from: Option<Written<Period>>,
}

/// Reads `approvals`.
pub(super) fn approvals(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<ApprovalDoc>> {
    let items = cursor.items(report)?;
    if items.is_empty() {
        report
            .error(Code::INVALID_VALUE, cursor.span(), "`approvals` is an empty list, so that no figure would be held")
            .help("write for example [{area: school, from: 2025}], or remove the key");
        return None;
    }
    Some(items.into_iter().filter_map(|item| approval(item, report)).collect())
}

fn approval(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<ApprovalDoc> {
    let mut keys = cursor.keys(&vocabulary::APPROVAL, report)?;
    let area = keys.need("area", report).and_then(|cursor| cursor.text(report));
    let from = keys.need("from", report).and_then(|cursor| cursor.period(report));
    keys.finish(report);
    Some(ApprovalDoc { area, from })
}

/// The approvals, each of another area of which the pipeline has figures.
pub(super) fn resolve(
    docs: &[ApprovalDoc],
    shelves: &Shelves<'_>,
    indicators: Option<&[IndicatorId]>,
    report: &mut Report<'_>,
) -> Option<Vec<ApprovalRule>> {
    let published = indicators.map(|ids| areas_of(ids, shelves));
    let mut known: Vec<&Written<String>> = Vec::new();
    let rules = docs.iter().map(|doc| {
        let area = doc.area.as_ref()?;
        if let Some(first) = known.iter().find(|first| first.value == area.value) {
            report
                .error(Code::INVALID_VALUE, area.span, format!("figures of `{}` are held twice", area.value))
                .related(first.span, "first written here")
                .help("keep the one with the earlier `from`: an approval is for all periods from there on");
            return None;
        }
        known.push(area);
        if !shelves.areas.contains(&area.value) {
            report
                .error(
                    Code::UNKNOWN_REFERENCE,
                    area.span,
                    format!("there is no indicator of the area `{}`", area.value),
                )
                .did_you_mean_one_of(&area.value, shelves.areas.iter().map(String::as_str));
            return None;
        }
        if published.as_ref().is_some_and(|published| !published.contains(area.value.as_str())) {
            let message =
                format!("this pipeline computes no indicator of the area `{}`, so that nothing is held", area.value);
            report
                .error(Code::INVALID_VALUE, area.span, message)
                .help("add one to `indicators`, or remove the approval");
            return None;
        }
        Some(ApprovalRule { area: FieldName::new(&area.value).ok()?, from: doc.from.as_ref()?.value })
    });
    let mut rules = every(rules)?;
    rules.sort();
    Some(rules)
}

/// The areas of these indicators.
fn areas_of<'s>(ids: &[IndicatorId], shelves: &Shelves<'s>) -> BTreeSet<&'s str> {
    let found = ids.iter().filter_map(|id| shelves.indicators.get(id.as_str()));
    found.map(|indicator| indicator.area.as_str()).collect()
}
