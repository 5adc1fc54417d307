//! Whether a condition means the same before and after a change of codes.
//!
//! A condition that holds for a code and not for what it became breaks the series on the day of the change: the figures
//! of both sides are right and cannot be compared, and nothing in them says so. So that is an error, unless the
//! indicator does not reach over the day, or says itself that its series begins anew.

use model::{
    Code, CodeChange, CodeList, Dataset, Date, FieldIndex, FieldType, Measure, Period, PeriodKind, TimeSelection,
};

use super::measure::MeasureDoc;
use crate::expression::seen_as;
use crate::shelf::Shelf;
use crate::words::Span;
use crate::yaml::Report;

/// The periods of an indicator.
pub(super) struct Series<'a> {
    /// Their kind.
    pub(super) period: PeriodKind,
    /// The first and the last one.
    pub(super) valid: Span,
    /// Those with which it begins anew.
    pub(super) breaks: &'a [Period],
}

/// Reports the first change over which a measure's condition breaks.
pub(super) fn check(
    series: &Series<'_>,
    measure: &Measure,
    doc: &MeasureDoc<'_>,
    datasets: &Shelf<Dataset>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) {
    let (Some(filter), Some(place)) = (&measure.filter, doc.filter) else { return };
    let Some(dataset) = datasets.get(measure.dataset.as_str()) else { return };
    let mut fields = Vec::new();
    filter.for_each_field(&mut |field| fields.push(field));
    fields.sort_unstable();
    fields.dedup();
    for field in fields {
        let named = &measure.fields(dataset)[field.0];
        let FieldType::Code(id) = &named.ty else { continue };
        let Some(list) = lists.get(id.as_str()) else { continue };
        let mut crossed = list.changes().iter().filter(|change| is_crossed(series, measure, change.date));
        let broken = crossed.find(|change| breaks(change, list, (field, dataset.time), filter));
        let Some(change) = broken else { continue };
        let (from, to) = (list.code(change.from), list.code(change.to));
        let before = Date::from_days(change.date.days() - 1).unwrap_or(change.date);
        let held = seen_as(filter, (field, from), (dataset.time, before)) != model::Expr::Boolean(false);
        let (with, without) = if held { (from, to) } else { (to, from) };
        let message = format!(
            "`{from}` became `{to}` on {} ({}), and the condition is not the same for both: the series would break",
            change.date,
            change.kind.as_str(),
        );
        let help = format!(
            "it holds for `{with}` and not for `{without}`: name both, write as_of({}, '{}'), begin with the change \
             (`valid: {{from: {}}}`), or declare the break under `reservations`",
            named.name,
            change.date,
            Period::containing(series.period, change.date),
        );
        report.error(Code::CODE_BREAK, place.span(), message).help(help);
        return;
    }
}

/// Whether the indicator's figures are made of rows from before a day and from after it, as one series.
fn is_crossed(series: &Series<'_>, measure: &Measure, date: Date) -> bool {
    // Intervals have the code of their first day, which may be any day before.
    let first = series.valid.from.filter(|_| !matches!(measure.time, TimeSelection::Active(_)));
    let days = |period: Period| measure.windows().filter_map(move |window| window.days(period));
    let before = first.is_none_or(|first| days(first).any(|days| days.start < date));
    let after = series.valid.to.is_none_or(|last| days(last).any(|days| date < days.end));
    before && after && !series.breaks.contains(&Period::containing(series.period, date))
}

fn breaks(change: &CodeChange, list: &CodeList, (field, time): (FieldIndex, FieldIndex), filter: &model::Expr) -> bool {
    let before = Date::from_days(change.date.days() - 1).unwrap_or(change.date);
    let then = seen_as(filter, (field, list.code(change.from)), (time, before));
    let now = seen_as(filter, (field, list.code(change.to)), (time, change.date));
    then != now
}
