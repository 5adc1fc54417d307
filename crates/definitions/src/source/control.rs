//! Control records: what the first and last record of a file state about it.

use model::{Code, Control, ControlField, ControlPlace, ControlRecord, Dataset, FieldIndex, FieldType, NumberFormat};

use super::delivery::Delivery;
use super::format::place_of;
use super::number::{self, NumberDoc};
use crate::vocabulary;
use crate::yaml::{Broken, Cursor, Maybe, Report, Span, Written};

/// `control` as written.
#[derive(Debug)]
pub(super) struct ControlDoc {
    header: Maybe<RecordDoc>,
    trailer: Maybe<RecordDoc>,
}

impl Default for ControlDoc {
    fn default() -> Self {
        Self { header: Ok(None), trailer: Ok(None) }
    }
}

#[derive(Debug)]
struct RecordDoc {
    starts_with: String,
    municipality: Option<Written<ControlPlace>>,
    period: Option<Written<ControlPlace>>,
    rows: Option<Written<ControlPlace>>,
    sum: Option<SumDoc>,
}

#[derive(Debug)]
struct SumDoc {
    field: Written<String>,
    at: ControlPlace,
    number: Option<NumberDoc>,
    span: Span,
}

/// Reads `control`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> ControlDoc {
    let Some(mut keys) = cursor.keys(&vocabulary::CONTROL, report) else { return ControlDoc::default() };
    let header = keys.maybe("header", |cursor| record(cursor, report));
    let trailer = keys.maybe("trailer", |cursor| record(cursor, report));
    keys.finish(report);
    ControlDoc { header, trailer }
}

fn record(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<RecordDoc> {
    let mut keys = cursor.keys(&vocabulary::CONTROL_RECORD, report)?;
    let starts_with = keys.need("starts_with", report).and_then(|cursor| cursor.some_text(report));
    let mut place =
        |key| keys.maybe(key, |cursor| Some(Written { value: control_place(cursor, report)?, span: cursor.at }));
    let (municipality, period, rows) = (place("municipality"), place("period"), place("rows"));
    let sum = keys.maybe("sum", |cursor| sum(cursor, report));
    keys.finish(report);
    Some(RecordDoc {
        starts_with: starts_with?.value,
        municipality: municipality.ok()?,
        period: period.ok()?,
        rows: rows.ok()?,
        sum: sum.ok()?,
    })
}

/// A cell by its number from 1, or characters as `[first from 1, length]`.
fn control_place(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<ControlPlace> {
    if cursor.is_list() {
        let (start, length) = place_of(cursor, report)?;
        return Some(ControlPlace::Characters { start, length });
    }
    cursor.integer::<usize>(report, 1..=100_000).map(|cell| ControlPlace::Cell(cell - 1))
}

fn sum(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<SumDoc> {
    let mut keys = cursor.keys(&vocabulary::SUM, report)?;
    let field = keys.need("field", report).and_then(|cursor| cursor.text(report));
    let at = keys.need("at", report).and_then(|cursor| control_place(cursor, report));
    let number = keys.maybe("number", |cursor| number::read(cursor, report));
    keys.finish(report);
    Some(SumDoc { field: field?, at: at?, number: number.ok()?, span: cursor.at })
}

/// Resolves the control records against the dataset. `None` if a statement has a mistake.
pub(super) fn resolve(
    doc: &ControlDoc,
    dataset: &Dataset,
    numbers: Option<&NumberDoc>,
    delivery: Option<&Delivery>,
    report: &mut Report<'_>,
) -> Option<Control> {
    let mut one = |record: &Maybe<RecordDoc>| {
        let record = record.as_ref().map_err(|broken| *broken)?.as_ref();
        record.map(|record| resolve_record(record, dataset, numbers, delivery, report).ok_or(Broken)).transpose()
    };
    let (header, trailer) = (one(&doc.header), one(&doc.trailer));
    Some(Control { header: header.ok()?, trailer: trailer.ok()? })
}

fn resolve_record(
    doc: &RecordDoc,
    dataset: &Dataset,
    numbers: Option<&NumberDoc>,
    delivery: Option<&Delivery>,
    report: &mut Report<'_>,
) -> Option<ControlRecord> {
    let scope = delivery.and_then(|delivery| delivery.scope);
    let mut states = Vec::new();
    if let Some(place) = &doc.municipality {
        if scope.is_some_and(|scope| !scope.one_municipality) {
            report.error(
                Code::INVALID_VALUE,
                place.span,
                "the delivery is about many municipalities, so none can be stated",
            );
        }
        states.push((ControlField::Municipality, place.value, number::plain()));
    }
    if let Some(place) = &doc.period {
        if scope.is_some_and(|scope| scope.period.is_none()) {
            report
                .error(Code::INVALID_VALUE, place.span, "the delivery has no period that could be stated")
                .help("name its kind with `delivery: {period: ...}`");
        }
        states.push((ControlField::Period, place.value, number::plain()));
    }
    if let Some(place) = &doc.rows {
        states.push((ControlField::Rows, place.value, number::plain()));
    }
    if let Some(sum) = &doc.sum {
        let (field, format) = resolve_sum(sum, dataset, numbers, report)?;
        states.push((ControlField::Sum(field), sum.at, format));
    }
    Some(ControlRecord { starts_with: doc.starts_with.clone(), states })
}

fn resolve_sum(
    doc: &SumDoc,
    dataset: &Dataset,
    numbers: Option<&NumberDoc>,
    report: &mut Report<'_>,
) -> Option<(FieldIndex, NumberFormat)> {
    let Some(index) = dataset.field_index(&doc.field.value) else {
        let known = dataset.fields.iter().map(|field| field.name.as_str());
        report
            .error(Code::UNKNOWN_FIELD, doc.field.span, format!("`{}` has no field `{}`", dataset.id, doc.field.value))
            .did_you_mean_one_of(&doc.field.value, known);
        return None;
    };
    let field = dataset.field(index);
    if !matches!(field.ty, FieldType::Integer | FieldType::Decimal { .. }) {
        let message = format!("`{}` is a {}, of which there is no sum", field.name, field.ty.word());
        report.error(Code::TYPE_MISMATCH, doc.field.span, message);
        return None;
    }
    let format = doc.number.as_ref().or(numbers).map_or_else(number::plain, |number| number.format.clone());
    if format.sign.is_some() {
        report
            .error(Code::INVALID_VALUE, doc.span, "a control record has no sign column")
            .help("give the sum a `number` of its own");
        return None;
    }
    Some((index, format))
}
