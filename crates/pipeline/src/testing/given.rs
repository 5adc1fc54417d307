//! Given rows of a dataset to canonical rows, by the engine itself: the table is written as a delivery of a source that
//! says of every field exactly how it is written there. So the rules of the dataset (codes, ranges, patterns, checks,
//! keys) are those of a run, and whatever breaks them is a rejected row.

use std::collections::BTreeMap;
use std::io::Cursor;

use definitions::cases::Table;
use model::{
    Catalogue, CodeIndex, Dataset, Date, DateFormat, DelimitedFormat, DeliveryScope, Encoding, Field, FieldIndex,
    FieldMapping, FieldType, FileName, Fingerprint, Format, InputForm, Load, Lookup, MUNICIPALITY, MunicipalityCode,
    Negative, NumberFormat, Origin, Parse, Period, PeriodKind, Scope, Source, SourceId, Text,
};

use super::compare::FoundReject;
use super::delivery::{self, Loaded};
use super::pattern;
use crate::RunError;

/// The persons of a test: each word stands for a number that was never issued.
#[derive(Debug, Default)]
pub(super) struct Persons(BTreeMap<String, usize>);

impl Persons {
    fn number(&mut self, word: &str) -> String {
        let next = self.0.len();
        let number = *self.0.entry(word.to_owned()).or_insert(next);
        // Day plus 60: a replacement number.
        format!("6101{:02}{:04}", number / 10_000 % 100, number % 10_000)
    }
}

/// The canonical rows of a table, and the rows of it that the dataset rejects, by their lines in the table.
pub(super) fn load(
    table: &Table,
    dataset: &Dataset,
    catalogue: &Catalogue,
    persons: &mut Persons,
) -> Result<(Loaded, Vec<FoundReject>), RunError> {
    let bytes = written(table, dataset, catalogue, persons);
    let source = source(dataset)?;
    let scope = DeliveryScope { source: source.id.clone(), municipality: None, period: None, version: 1 };
    let form = InputForm::plain(Encoding::Utf8.into());
    let bytes = Box::new(Cursor::new(bytes.into_bytes()));
    let loaded = delivery::load(&source, dataset, catalogue, &scope, &form, bytes)?;
    let mut loaded = loaded.map_err(|refusal| RunError::usage(refusal.code, refusal.message))?;
    // The first record is the header, and every record is a line.
    let line = |written: u64| {
        let row = usize::try_from(written.saturating_sub(2)).ok();
        row.and_then(|row| table.rows.get(row)).map_or(written, |row| row.line)
    };
    loaded.rows.line.iter_mut().for_each(|at| *at = line(*at));
    let rejects = loaded.rejected.iter().map(|row| FoundReject {
        dataset: Some(dataset.id.to_string()),
        line: line(row.line),
        record: line(row.line),
        column: row.column.clone(),
        code: Some(row.code),
        reason: row.reason.clone(),
    });
    let rejects = rejects.collect();
    Ok((loaded, rejects))
}

/// The table as the source below reads it, with values for the required fields that it leaves out.
fn written(table: &Table, dataset: &Dataset, catalogue: &Catalogue, persons: &mut Persons) -> String {
    let columns: Vec<Option<usize>> = dataset.fields.iter().map(|field| table.column(field.name.as_str())).collect();
    let names: Vec<&str> = dataset.fields.iter().map(|field| field.name.as_str()).collect();
    let mut text = names.join(";") + "\n";
    for (number, row) in table.rows.iter().enumerate() {
        let time = columns[dataset.time.0].map(|at| row.cells[at].text.as_str());
        let day = time.and_then(|time| start(&dataset.field(dataset.time).ty, time));
        for (at, (field, column)) in dataset.fields.iter().zip(&columns).enumerate() {
            let cell = match column {
                Some(column) => value(field, &row.cells[*column].text, persons),
                None if dataset.whole_country && at == dataset.municipality.0 => MunicipalityCode::COUNTRY.to_string(),
                None if field.required => {
                    let varied = if dataset.key.contains(&FieldIndex(at)) { number } else { 0 };
                    left_out(field, varied, day, catalogue, persons)
                }
                None => String::new(),
            };
            text.push_str(if at == 0 { "" } else { ";" });
            // Always quoted, so that a row of nothing is no blank line.
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        }
        text.push('\n');
    }
    text
}

/// A value in the form that the source below reads.
fn value(field: &Field, text: &str, persons: &mut Persons) -> String {
    match &field.ty {
        _ if text.is_empty() => String::new(),
        FieldType::Person => persons.number(text),
        ty => match (ty.period_kind(), start(ty, text)) {
            (Some(kind), Some(day)) => Period::containing(kind, day).to_string(),
            _ => text.to_owned(),
        },
    }
}

/// The first day of what a temporal value says.
fn start(ty: &FieldType, text: &str) -> Option<Date> {
    let day = Date::parse_iso(text);
    if ty.period_kind().is_none() {
        return day;
    }
    text.parse::<Period>().ok().map(Period::start).or(day)
}

/// A value that the field accepts; different ones for different numbers, as far as its type allows.
fn left_out(field: &Field, number: usize, day: Option<Date>, catalogue: &Catalogue, persons: &mut Persons) -> String {
    let bounds = field.range.unwrap_or_default();
    let least = bounds.min.unwrap_or(i64::MIN).max(0).min(bounds.max.unwrap_or(i64::MAX));
    let distinct = least.saturating_add(i64::try_from(number).unwrap_or_default());
    let distinct = distinct.min(bounds.max.unwrap_or(i64::MAX));
    match &field.ty {
        FieldType::Text => match &field.pattern {
            Some(pattern) => pattern::example(pattern, number).unwrap_or_default(),
            None => format!("text {number}"),
        },
        FieldType::Code(list) => {
            let found = catalogue.codelists.get(list).and_then(|list| {
                let valid = |code: &&String| match day {
                    // What is of the whole country says so.
                    _ if **code == MunicipalityCode::COUNTRY.to_string() && list.id.as_str() == MUNICIPALITY => false,
                    Some(day) => matches!(list.lookup(code.as_bytes(), day), Lookup::Known(_)),
                    None => true,
                };
                list.codes().iter().find(valid).cloned().or_else(|| Some(list.code(CodeIndex(0)).to_owned()))
            });
            found.unwrap_or_default()
        }
        FieldType::Integer => distinct.to_string(),
        FieldType::Decimal { scale, .. } => model::format_decimal(distinct.into(), *scale),
        FieldType::Boolean => "false".to_owned(),
        FieldType::Person => persons.number(&format!("left out {number}")),
        FieldType::Date => day.map_or(String::new(), |day| day.to_string()),
        FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => {
            match (day, field.ty.period_kind()) {
                (Some(day), Some(kind)) => Period::containing(kind, day).to_string(),
                _ => String::new(),
            }
        }
    }
}

/// A source that reads the dataset's own form.
fn source(dataset: &Dataset) -> Result<Source, RunError> {
    let fields = dataset.fields.iter().enumerate().map(|(at, field)| FieldMapping {
        field: FieldIndex(at),
        origin: Origin::Column { names: vec![field.name.to_string()] },
        slice: None,
        width: None,
        null: vec![String::new()],
        map: Vec::new(),
        parse: parse(&field.ty),
    });
    Ok(Source {
        id: SourceId::new("given").map_err(|error| RunError::Internal(error.to_string()))?,
        title: Text::default(),
        description: Text::default(),
        vendor: String::new(),
        system: String::new(),
        interface: None,
        dataset: dataset.id.clone(),
        valid_from: None,
        valid_to: None,
        file: FileName { pattern: String::new(), parts: Vec::new() },
        scope: Scope { one_municipality: false, period: None },
        load: Load::Period,
        due_days: None,
        min_rows: Some(0),
        budget: model::Budget::default(),
        input: InputForm::plain(Encoding::Utf8.into()),
        format: Format::Delimited(DelimitedFormat::new(Encoding::Utf8, b';')),
        fields: fields.collect(),
        skip: Vec::new(),
        control: model::Control::default(),
        fingerprint: Fingerprint::of(b"given"),
        canonical: String::new(),
    })
}

fn parse(ty: &FieldType) -> Parse {
    let number = |decimal| Parse::Number(NumberFormat { decimal, ..NumberFormat::plain(&[Negative::Leading]) });
    match ty {
        FieldType::Text => Parse::Text,
        FieldType::Code(list) => Parse::Code(list.clone()),
        FieldType::Integer => number(None),
        FieldType::Decimal { .. } => number(Some(b'.')),
        FieldType::Boolean => Parse::Boolean { yes: vec!["true".to_owned()], no: vec!["false".to_owned()] },
        FieldType::Person => Parse::Person,
        FieldType::Date => Parse::Date(DateFormat::new("yyyy-mm-dd")),
        FieldType::Month => Parse::Date(DateFormat::new("yyyy-mm")),
        FieldType::Week => Parse::Date(DateFormat::new("yyyy-Www")),
        FieldType::Year => Parse::Date(DateFormat::new("yyyy")),
        FieldType::SchoolYear => Parse::Date(DateFormat::new("yyyy/yy")),
    }
}

/// The parts of a dataset that a period is made of.
pub(super) fn parts(period: Period, partition: PeriodKind) -> Vec<Period> {
    if period.kind() == partition { vec![period] } else { period.parts(partition).collect() }
}
