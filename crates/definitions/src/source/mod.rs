//! Sources: one vendor system's export, mapped onto a dataset.

mod budget;
mod canonical;
mod compression;
mod control;
mod date_format;
mod delivery;
mod field;
mod file_name;
mod format;
mod number;
mod skip;

use model::{
    Budget, Code, CodeList, Dataset, FieldMapping, FileEncoding, Fingerprint, Format, InputForm, SkipRule, Source,
    SourceId,
};

use self::control::ControlDoc;
use self::delivery::Delivery;
use self::field::MappingDoc;
use self::number::NumberDoc;
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{SpanDoc, every};
use crate::yaml::{Cursor, Maybe, Report, Span, Written};

struct SourceDoc {
    head: Head,
    vendor: Option<String>,
    system: Option<String>,
    interface: Option<String>,
    dataset: Option<Written<String>>,
    valid: SpanDoc,
    delivery: Option<Delivery>,
    budget: Maybe<Budget>,
    format: Option<(Format, FileEncoding)>,
    numbers: Option<NumberDoc>,
    null: Vec<String>,
    fields_at: Span,
    fields: Vec<MappingDoc>,
    skip: Option<Vec<SkipRule>>,
    control: ControlDoc,
}

/// Reads and resolves a source.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    datasets: &Shelf<Dataset>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) -> Option<Source> {
    let doc = read(root, identity, report)?;
    let dataset = doc.dataset.as_ref().and_then(|name| datasets.find(name, report))?;
    let valid = doc.valid.resolve(dataset.partition, report);
    if let Some(delivery) = &doc.delivery {
        delivery.check(dataset, report);
    }
    let context = field::Context {
        dataset,
        lists,
        numbers: doc.numbers.as_ref(),
        null: &doc.null,
        delivery: doc.delivery.as_ref(),
    };
    let fields = mappings(&doc, &context, report);
    let control = control::resolve(&doc.control, dataset, doc.numbers.as_ref(), doc.delivery.as_ref(), report);
    let delivery = doc.delivery?;
    let (format, encoding) = doc.format?;
    let mut source = Source {
        id: SourceId::new(identity.id).ok()?,
        title: doc.head.title?,
        description: doc.head.description?,
        vendor: doc.vendor?,
        system: doc.system?,
        interface: doc.interface,
        dataset: dataset.id.clone(),
        valid_from: valid.from,
        valid_to: valid.to,
        file: delivery.file?,
        scope: delivery.scope?,
        load: delivery.load?,
        due_days: delivery.due_days,
        min_rows: delivery.min_rows,
        budget: doc.budget.ok()?.unwrap_or_default(),
        input: InputForm { compression: delivery.compression?, encoding },
        format,
        fields: fields?,
        skip: doc.skip?,
        control: control?,
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    source.canonical = canonical::of(&source, dataset).render();
    source.fingerprint = Fingerprint::of(source.canonical.as_bytes());
    Some(source)
}

fn read(root: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<SourceDoc> {
    let mut keys = root.keys(&vocabulary::SOURCE, report)?;
    let head = head(&mut keys, identity, report);
    let mut text = |key: &'static str, needed: bool, report: &mut Report<'_>| {
        let cursor = if needed { keys.need(key, report) } else { keys.take(key) };
        cursor.and_then(|cursor| cursor.some_text(report))
    };
    let (vendor, system) = (text("vendor", true, report), text("system", true, report));
    let (interface, dataset) = (text("interface", false, report), text("dataset", true, report));
    let valid = keys.take("valid").and_then(|cursor| SpanDoc::read(cursor, report)).unwrap_or_default();
    let delivery = keys.need("delivery", report).and_then(|cursor| delivery::read(cursor, report));
    let budget = keys.maybe("budget", |cursor| budget::read(cursor, report));
    let format = keys.need("format", report).and_then(|cursor| format::read(cursor, report));
    let numbers = keys.take("numbers").and_then(|cursor| number::read(cursor, report));
    let null = keys.take("null").and_then(|cursor| field::null_words(cursor, report));
    let null = null.unwrap_or_else(|| vec![String::new()]);
    let (mut fields, mut fields_at) = (Vec::new(), keys.at());
    if let Some(cursor) = keys.need("fields", report) {
        fields_at = cursor.at;
        fields = field::read(cursor, report).unwrap_or_default();
    }
    let skip = keys.take("skip").map_or_else(|| Some(Vec::new()), |cursor| skip::read(cursor, report));
    let control = keys.take("control").map(|cursor| control::read(cursor, report)).unwrap_or_default();
    // Tests are read apart: they are no part of what the source means.
    keys.take("tests");
    keys.finish(report);
    let doc = SourceDoc {
        head,
        vendor: vendor.map(|text| text.value),
        system: system.map(|text| text.value),
        interface: interface.map(|text| text.value),
        dataset,
        valid,
        delivery,
        budget,
        format,
        numbers,
        null,
        fields_at,
        fields,
        skip: skip.as_ref().map(|rules| rules.iter().map(|rule| rule.rule.clone()).collect()),
        control,
    };
    let columns = doc.fields.iter().flat_map(MappingDoc::columns);
    let columns = columns.chain(doc.numbers.iter().filter_map(NumberDoc::column));
    let columns = columns.chain(skip.iter().flatten().filter_map(|rule| rule.column.as_ref()));
    if let (Some((Format::Delimited(format), _)), Some(rules)) = (&doc.format, &skip) {
        skip::check_separator(rules, format.delimiter, report);
    }
    check_columns(columns, doc.format.as_ref().map(|(format, _)| format), report);
    Some(doc)
}

/// Where the format itself says which columns there are, every column that is used must be one of them.
fn check_columns<'d>(
    used: impl Iterator<Item = &'d Written<String>>,
    format: Option<&Format>,
    report: &mut Report<'_>,
) {
    let declared: Vec<&str> = match format {
        Some(Format::Fixed(fixed)) => fixed.columns.iter().map(|column| column.name.as_str()).collect(),
        Some(Format::Delimited(delimited)) => match &delimited.columns {
            Some(columns) => columns.iter().map(String::as_str).collect(),
            None => return,
        },
        None => return,
    };
    for column in used.filter(|column| !declared.contains(&column.value.as_str())) {
        report
            .error(Code::UNKNOWN_COLUMN, column.span, format!("the format has no column `{}`", column.value))
            .did_you_mean_one_of(&column.value, declared.iter().copied());
    }
}

fn mappings(doc: &SourceDoc, context: &field::Context<'_>, report: &mut Report<'_>) -> Option<Vec<FieldMapping>> {
    let mappings = every(doc.fields.iter().map(|mapping| field::resolve(mapping, context, report)));
    for field in context.dataset.fields.iter().filter(|field| field.required) {
        if !doc.fields.iter().any(|mapping| mapping.name.value == field.name.as_str()) {
            let message = format!("`{}` is required by `{}`, but not made here", field.name, context.dataset.id);
            report
                .error(Code::FIELD_NOT_MAPPED, doc.fields_at, message)
                .help(format!("add `{}: {{column: ...}}`", field.name));
        }
    }
    let mut mappings = mappings?;
    mappings.sort_by_key(|mapping| mapping.field);
    Some(mappings)
}
