//! Whether the parts of a breakdown are proven to add up to the total.
//!
//! Only what follows from the definitions counts: a reader adds up without looking. What a delivery would have to keep
//! (that no pupil is in two classes, that men and women make everybody) proves nothing.

use std::collections::BTreeSet;

use model::{
    Aggregate, CategoryValues, Dataset, Dimension, Field, FieldIndex, FieldType, Formula, GroupRule, Indicator,
    Measure, MomentRule, RangeRule, TimeSelection, Validity, Window,
};

use super::breakdown::{Scope, codes_left, fields_of, row_field};

/// Whether the figures of a breakdown add up to the total, apart from rounding.
pub(super) fn is_proven(indicator: &Indicator, breakdown: usize, scope: &Scope<'_>) -> bool {
    let removes = indicator.plausible.is_some_and(|plausible| plausible.remove);
    // Of a mean of figures the parts may be means over other members.
    if indicator.groups != GroupRule::RatioOfSums || removes || degree(&indicator.formula) != Some(1) {
        return false;
    }
    indicator.measures.iter().all(|measure| {
        let Some(dataset) = scope.datasets.get(measure.dataset.as_str()) else { return false };
        let slicing = &measure.slicings[breakdown];
        let dimensions = indicator.breakdowns[breakdown].dimensions.iter().map(|at| &indicator.dimensions[*at]);
        adds_up(measure, dataset)
            && slicing.filter == measure.filter
            && dimensions.zip(&slicing.fields).all(|(dimension, field)| {
                field.is_some_and(|field| is_exhaustive(dimension, field, (measure, dataset), scope))
            })
    })
}

/// Of what degree a formula is in its measures, where it is of one alone: a number is of none, a sum of measures of one.
fn degree(formula: &Formula) -> Option<u8> {
    match formula {
        Formula::Number(_) => Some(0),
        Formula::Measure(_) => Some(1),
        Formula::Negate(inner) => degree(inner),
        Formula::Add(left, right) | Formula::Subtract(left, right) => {
            let (left, right) = (degree(left)?, degree(right)?);
            (left == right).then_some(left)
        }
        Formula::Multiply(left, right) => Some(degree(left)? + degree(right)?).filter(|degree| *degree <= 1),
        Formula::Divide(left, right) => (degree(right)? == 0).then(|| degree(left))?,
    }
}

/// Whether a measure of some rows and of the others make that of all.
fn adds_up(measure: &Measure, dataset: &Dataset) -> bool {
    match &measure.aggregate {
        Aggregate::Sum(_) | Aggregate::Count => true,
        // Where the key says that each stands once, to count them is to count rows.
        Aggregate::CountDistinct(fields) => {
            let once =
                |field: &FieldIndex| *field == dataset.municipality || *field == dataset.time || fields.contains(field);
            let one_day =
                matches!(measure.time, TimeSelection::At { .. } | TimeSelection::AtStart | TimeSelection::Last);
            measure.per.is_none()
                && measure.role.is_none()
                && one_day
                && dataset.moment == MomentRule::Snapshot
                && !dataset.key.is_empty()
                && dataset.key.iter().all(once)
        }
        Aggregate::Min(_) | Aggregate::Max(_) | Aggregate::Mean(_) | Aggregate::Quantile(..) => false,
    }
}

/// Whether every row, or every group, lies in some category.
fn is_exhaustive(
    dimension: &Dimension,
    field: FieldIndex,
    (measure, dataset): (&Measure, &Dataset),
    scope: &Scope<'_>,
) -> bool {
    let of = &fields_of(measure, dataset)[field.0];
    // A group has a value of every field that makes it, and of what is counted or added up in it.
    let always = |aggregate: &Aggregate| !matches!(aggregate, Aggregate::Min(_) | Aggregate::Max(_));
    let in_group = measure.per.as_ref().is_some_and(|per| {
        let value = field.0.checked_sub(per.by.len()).and_then(|at| per.lets.get(at));
        value.is_none_or(|(_, aggregate)| always(aggregate))
    });
    (of.required || in_group)
        && match &of.ty {
            FieldType::Code(list) => {
                let left = row_field(measure, field).and_then(|row| codes_left(measure.filter.as_ref(), row));
                let all = scope.lists.get(list.as_str());
                let all = || all.iter().flat_map(|list| list.codes().iter().map(String::as_str)).collect();
                let left: BTreeSet<&str> = left.unwrap_or_else(all);
                left.iter().all(|code| has(dimension, code, (measure, dataset)))
            }
            FieldType::Boolean => true,
            FieldType::Integer => covers(dimension, of),
            _ => false,
        }
}

/// Whether a row with the code lies in a category of the period, whenever the row counts.
fn has(dimension: &Dimension, code: &str, (measure, dataset): (&Measure, &Dataset)) -> bool {
    // The code of a row is valid on its day. That day lies in the period, unless the measure looks elsewhere.
    let within = measure.window == Window::default() && dataset.moment != MomentRule::Interval;
    dimension.categories.iter().any(|category| match &category.values {
        CategoryValues::Code(validities) => {
            category.code == code && (within || validities.as_slice() == [Validity::default()])
        }
        CategoryValues::Codes(codes) => codes.contains(code),
        CategoryValues::Boolean(_) | CategoryValues::Band(..) => false,
    })
}

/// Whether bands leave out no number that the field can have.
fn covers(dimension: &Dimension, field: &Field) -> bool {
    let RangeRule { min, max } = field.range.unwrap_or_default();
    let mut bands: Vec<(i64, i64)> = Vec::new();
    for category in &dimension.categories {
        let CategoryValues::Band(least, most) = category.values else { return false };
        bands.push((least.unwrap_or(i64::MIN), most.unwrap_or(i64::MAX)));
    }
    bands.sort_unstable();
    let begins = bands.first().is_some_and(|(least, _)| *least <= min.unwrap_or(i64::MIN));
    let ends = bands.last().is_some_and(|(_, most)| *most >= max.unwrap_or(i64::MAX));
    begins && ends && bands.windows(2).all(|pair| pair[0].1.checked_add(1) == Some(pair[1].0))
}
