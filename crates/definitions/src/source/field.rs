//! How canonical fields are made from columns.

use model::{
    Code, CodeList, Dataset, Date, Field, FieldIndex, FieldMapping, FieldType, Lookup, NumberFormat, Origin, Parse,
};

use regex::Regex;

use super::date_format::{self, DateDoc};
use super::delivery::Delivery;
use super::format::place_of;
use super::number::{self, NumberDoc};
use crate::codelist::not_listed;
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Keys, Maybe, Plain, Report, Scalar, Span, Written};

/// Where a value comes from, as written.
#[derive(Debug)]
enum OriginDoc {
    Delivery(Span),
    Constant(Written<String>),
    Columns(Vec<Written<String>>),
}

/// A mapping as written.
#[derive(Debug)]
pub(super) struct MappingDoc {
    /// The canonical field.
    pub(super) name: Written<String>,
    origin: Option<OriginDoc>,
    slice: Maybe<(usize, usize)>,
    width: Maybe<usize>,
    null: Maybe<Vec<String>>,
    map: Vec<(Written<String>, Written<String>)>,
    number: Maybe<NumberDoc>,
    date: Maybe<DateDoc>,
    boolean: Maybe<Words>,
}

#[derive(Debug, Clone)]
struct Words {
    yes: Vec<String>,
    no: Vec<String>,
    at: Span,
}

impl MappingDoc {
    /// The columns that it names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Written<String>> {
        let own = match &self.origin {
            Some(OriginDoc::Columns(names)) => names.as_slice(),
            _ => &[],
        };
        own.iter().chain(self.number.iter().flatten().filter_map(NumberDoc::column))
    }
}

/// Reads `fields`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<MappingDoc>> {
    let entries = cursor.entries(report)?;
    Some(entries.into_iter().map(|(name, value)| mapping(name, value, report)).collect())
}

/// A mapping that cannot be read keeps its name, so that the field does not count as forgotten too.
fn mapping(name: Written<&str>, cursor: Cursor<'_>, report: &mut Report<'_>) -> MappingDoc {
    let name = Written { value: name.value.to_owned(), span: name.span };
    if !cursor.is_mapping() {
        let origin = shorthand(cursor, report);
        return MappingDoc::new(name, origin);
    }
    let Some(mut keys) = cursor.keys(&vocabulary::MAPPING, report) else { return MappingDoc::new(name, None) };
    let origin = origin(&mut keys, cursor.at, report);
    let doc = MappingDoc {
        slice: keys.maybe("slice", |cursor| place_of(cursor, report)),
        width: keys.maybe("width", |cursor| cursor.integer(report, 1..=64)),
        null: keys.maybe("null", |cursor| null_words(cursor, report)),
        map: keys.take("map").and_then(|cursor| map(cursor, report)).unwrap_or_default(),
        number: keys.maybe("number", |cursor| number::read(cursor, report)),
        date: keys.maybe("date", |cursor| date_format::read(cursor, report)),
        boolean: keys.maybe("boolean", |cursor| boolean(cursor, report)),
        ..MappingDoc::new(name, origin)
    };
    keys.finish(report);
    doc
}

/// `municipality: delivery`.
fn shorthand(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<OriginDoc> {
    let word = cursor.word(report)?;
    if word.value != "delivery" {
        let message = format!("`{}` is not a way to make `{}`", word.value, cursor.name);
        report
            .error(Code::INVALID_VALUE, word.span, message)
            .help("write `delivery`, {column: ...} or {constant: ...}");
        return None;
    }
    Some(OriginDoc::Delivery(word.span))
}

impl MappingDoc {
    fn new(name: Written<String>, origin: Option<OriginDoc>) -> Self {
        Self {
            name,
            origin,
            slice: Ok(None),
            width: Ok(None),
            null: Ok(None),
            map: Vec::new(),
            number: Ok(None),
            date: Ok(None),
            boolean: Ok(None),
        }
    }
}

fn origin(keys: &mut Keys<'_>, at: Span, report: &mut Report<'_>) -> Option<OriginDoc> {
    match (keys.take("column"), keys.take("constant")) {
        (Some(column), None) => {
            let names = column.text_or_texts(report)?;
            if let Some(twice) = names
                .iter()
                .enumerate()
                .find_map(|(at, name)| names[..at].iter().any(|earlier| earlier.value == name.value).then_some(name))
            {
                report.error(Code::INVALID_VALUE, twice.span, format!("`{}` stands twice", twice.value));
            }
            if names.is_empty() || names.iter().any(|name| name.value.trim().is_empty()) {
                report.error(Code::INVALID_VALUE, column.at, "`column` names at least one column");
                return None;
            }
            Some(OriginDoc::Columns(names))
        }
        (None, Some(constant)) => constant.text(report).map(OriginDoc::Constant),
        _ => {
            report
                .error(Code::INVALID_VALUE, at, "a field is made from either a `column` or a `constant`")
                .help("write {column: ...} or {constant: ...}");
            None
        }
    }
}

/// Words for "no value". They are compared with cells from which the blanks around them were removed.
pub(super) fn null_words(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let words = cursor.texts(report)?;
    let is_blank = |c: char| c.is_ascii_whitespace();
    for word in words.iter().filter(|word| word.value.trim_matches(is_blank) != word.value) {
        let message = format!("no cell is `{}`, because blanks around cells are removed", word.value);
        report.error(Code::INVALID_VALUE, word.span, message).help(format!("write '{}'", word.value.trim()));
    }
    Some(words.into_iter().map(|word| word.value).collect())
}

fn map(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<(Written<String>, Written<String>)>> {
    let entries = cursor.entries(report)?;
    let from = |word: Written<&str>| Written { value: word.value.to_owned(), span: word.span };
    Some(entries.into_iter().filter_map(|(word, to)| Some((from(word), to.text(report)?))).collect())
}

fn boolean(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Words> {
    let mut keys = cursor.keys(&vocabulary::BOOLEAN, report)?;
    let mut words = |key| keys.need(key, report).and_then(|cursor| truth_words(cursor, report));
    let (yes, no) = (words("yes"), words("no"));
    keys.finish(report);
    let (yes, no) = (yes?, no?);
    if let Some(both) = yes.iter().find(|word| no.contains(word)) {
        report.error(Code::INVALID_VALUE, cursor.at, format!("`{both}` would be true and false"));
        return None;
    }
    Some(Words { yes, no, at: cursor.at })
}

/// Words for true or false. The single letters `Y` and `N` need no quotation marks here: nobody could mean anything
/// else by them.
fn truth_words(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let is_letter = |scalar: &&Scalar| scalar.text.len() == 1 && scalar.plain() == Some(Plain::OldBoolean);
    let word = |item: Cursor<'_>, report: &mut Report<'_>| match item.as_scalar().filter(is_letter) {
        Some(scalar) => Some(scalar.text.clone()),
        None => item.text(report).map(|word| word.value),
    };
    let items = cursor.items(report)?;
    if items.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.at, format!("`{}` names at least one word", cursor.name));
        return None;
    }
    every(items.into_iter().map(|item| word(item, report)))
}

/// What mappings are resolved against.
pub(super) struct Context<'a> {
    /// The dataset.
    pub(super) dataset: &'a Dataset,
    /// All code lists.
    pub(super) lists: &'a Shelf<CodeList>,
    /// The source's own number format.
    pub(super) numbers: Option<&'a NumberDoc>,
    /// The source's own words for "no value".
    pub(super) null: &'a [String],
    /// The delivery, if it is sound.
    pub(super) delivery: Option<&'a Delivery>,
}

/// Resolves a mapping. `None` if it has a mistake.
pub(super) fn resolve(doc: &MappingDoc, context: &Context<'_>, report: &mut Report<'_>) -> Option<FieldMapping> {
    let dataset = context.dataset;
    let Some(index) = dataset.field_index(&doc.name.value) else {
        let known = dataset.fields.iter().map(|field| field.name.as_str());
        report
            .error(Code::UNKNOWN_FIELD, doc.name.span, format!("`{}` has no field `{}`", dataset.id, doc.name.value))
            .did_you_mean_one_of(&doc.name.value, known);
        return None;
    };
    let field = dataset.field(index);
    let from_delivery = matches!(doc.origin, Some(OriginDoc::Delivery(_)));
    let origin = origin_of(doc, index, context, report);
    check_targets(doc, field, context, report);
    check_words(doc, context, report);
    refuse_foreign_keys(doc, field, report);
    let parse = if from_delivery { Some(delivered(&field.ty)) } else { parse(doc, field, context, report) };
    Some(FieldMapping {
        field: index,
        origin: origin?,
        slice: doc.slice.ok()?,
        width: doc.width.ok()?,
        null: doc.null.clone().ok()?.unwrap_or_else(|| context.null.to_vec()),
        map: doc.map.iter().map(|(word, to)| (word.value.clone(), to.value.clone())).collect(),
        parse: parse?,
    })
}

fn origin_of(doc: &MappingDoc, index: FieldIndex, context: &Context<'_>, report: &mut Report<'_>) -> Option<Origin> {
    match doc.origin.as_ref()? {
        OriginDoc::Columns(names) => {
            Some(Origin::Column { names: names.iter().map(|name| name.value.clone()).collect() })
        }
        OriginDoc::Constant(text) => {
            let field = context.dataset.field(index);
            match &field.ty {
                FieldType::Code(list) => known_code(text, context.lists.get(list.as_str())?, report),
                FieldType::Person => {
                    let message = format!("the person field `{}` cannot be the same person in every row", field.name);
                    report.error(Code::PERSON_EXPOSED, text.span, message).help("write {column: ...}");
                }
                FieldType::Boolean => {
                    let words = doc.boolean.iter().flatten().flat_map(|words| words.yes.iter().chain(&words.no));
                    let mut words = words.peekable();
                    if words.peek().is_some() && !words.any(|word| *word == text.value) {
                        let message = format!("`{}` is none of the declared words for true and false", text.value);
                        report.error(Code::INVALID_VALUE, text.span, message);
                    }
                }
                FieldType::Text => {
                    let pattern =
                        field.pattern.as_ref().and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
                    if pattern.is_some_and(|pattern| !pattern.is_match(&text.value)) {
                        let message = format!("`{}` is no `{}`, by its pattern", text.value, field.name);
                        report.error(Code::INVALID_VALUE, text.span, message);
                    }
                }
                // The rest is read as every cell is, in the declared form; but whatever the form, it has digits.
                ty if !text.value.contains(|c: char| c.is_ascii_digit()) => {
                    let message = format!("`{}` is no {}, so that every row would be rejected", text.value, ty.word());
                    report.error(Code::INVALID_VALUE, text.span, message);
                }
                _ => {}
            }
            Some(Origin::Constant(text.value.clone()))
        }
        OriginDoc::Delivery(span) => from_delivery(*span, index, context, report),
    }
}

fn from_delivery(span: Span, index: FieldIndex, context: &Context<'_>, report: &mut Report<'_>) -> Option<Origin> {
    let dataset = context.dataset;
    let delivery = context.delivery?;
    let scope = delivery.scope?;
    if index == dataset.municipality {
        if !scope.one_municipality {
            report
                .error(Code::INVALID_VALUE, span, "the delivery is about many municipalities, so it gives none")
                .help("write {column: ...}");
            return None;
        }
        return Some(Origin::DeliveryMunicipality);
    }
    if index != dataset.time {
        let message = format!("`{}` is not the dataset's municipality or time field", dataset.field(index).name);
        report.error(Code::INVALID_VALUE, span, message).help("write {column: ...}");
        return None;
    }
    let Some(period) = scope.period else {
        report
            .error(Code::INVALID_VALUE, span, "the delivery has no period")
            .help("name its kind with `delivery: {period: ...}`");
        return None;
    };
    if let Some(kind) = dataset.field(index).ty.period_kind().filter(|kind| *kind != period) {
        let message = format!("the delivery is about a {period}, but the field is a {kind}");
        report.error(Code::PERIOD_MISMATCH, span, message).help("write {column: ..., date: ...}");
        return None;
    }
    Some(Origin::DeliveryPeriod)
}

fn known_code(text: &Written<String>, list: &CodeList, report: &mut Report<'_>) {
    let unknown = |day| list.lookup(text.value.as_bytes(), day) == Lookup::Unknown;
    if Date::new(2000, 1, 1).is_none_or(unknown) {
        not_listed(list, &text.value, text.span, report);
    }
}

/// What a word is mapped to must be a code of the list, or every such row would be rejected.
fn check_targets(doc: &MappingDoc, field: &Field, context: &Context<'_>, report: &mut Report<'_>) {
    let FieldType::Code(list) = &field.ty else { return };
    let Some(list) = context.lists.get(list.as_str()) else { return };
    for (_, to) in &doc.map {
        known_code(to, list, report);
    }
}

/// Words that no cell can be any more when they are looked for: what is cut off, or means "no value" before.
fn check_words(doc: &MappingDoc, context: &Context<'_>, report: &mut Report<'_>) {
    let null = doc.null.as_ref().ok().and_then(Option::as_deref).unwrap_or(context.null);
    let is_blank = |c: char| c.is_ascii_whitespace();
    for (word, _) in &doc.map {
        let length = word.value.chars().count();
        let message = match doc.slice {
            _ if null.contains(&word.value) => format!("`{}` means \"no value\" before `map` is looked at", word.value),
            _ if word.value.trim_matches(is_blank) != word.value => {
                format!("blanks around cells are removed, so that none is `{}`", word.value)
            }
            Ok(Some((_, slice))) if length > slice => {
                format!("`slice` leaves {slice} characters, and `{}` has {length}", word.value)
            }
            _ => continue,
        };
        report.error(Code::INVALID_VALUE, word.span, message).help("no cell is ever mapped so: mend it or remove it");
    }
    if let Some(words) = doc.boolean.iter().flatten().next() {
        for word in words.yes.iter().chain(&words.no).filter(|word| null.contains(word)) {
            let message = format!("`{word}` means \"no value\", so it is neither true nor false");
            report
                .error(Code::INVALID_VALUE, words.at, message)
                .help("give the field its own `null`, or leave the word out");
        }
        let known = || words.yes.iter().chain(&words.no);
        for (_, to) in doc.map.iter().filter(|(_, to)| !known().any(|word| *word == to.value)) {
            let message = format!("`{}` is none of the words for true and false", to.value);
            report.error(Code::INVALID_VALUE, to.span, message);
        }
        // What `map` makes of a cell has no blanks that were not written there.
        for word in known().filter(|word| doc.map.is_empty() && word.trim_matches(is_blank) != word.as_str()) {
            let message = format!("blanks around cells are removed, so that none is `{word}`");
            report.error(Code::INVALID_VALUE, words.at, message);
        }
    }
    let own = match &doc.origin {
        Some(OriginDoc::Columns(names)) => names.as_slice(),
        _ => &[],
    };
    let sign = doc.number.iter().flatten().filter_map(NumberDoc::column);
    for column in sign.filter(|column| own.iter().any(|name| name.value == column.value)) {
        let message = format!("`{}` is the column of the number, and holds no sign alone", column.value);
        report.error(Code::INVALID_VALUE, column.span, message).help("a sign within the number is `negative`");
    }
}

fn refuse_foreign_keys(doc: &MappingDoc, field: &Field, report: &mut Report<'_>) {
    let is_number = matches!(field.ty, FieldType::Integer | FieldType::Decimal { .. });
    let number = doc.number.iter().flatten().map(|number| number.span).next();
    let date = doc.date.iter().flatten().map(DateDoc::span).next();
    let boolean = doc.boolean.iter().flatten().map(|words| words.at).next();
    let cases = [
        ("number", number, is_number),
        ("date", date, field.ty.is_temporal()),
        ("boolean", boolean, field.ty == FieldType::Boolean),
    ];
    for (key, span, belongs) in cases {
        if let (Some(span), false) = (span, belongs) {
            let message = format!("`{}` is a {}, which has no `{key}`", field.name, field.ty.word());
            report.error(Code::UNKNOWN_KEY, span, message);
        }
    }
}

/// What the delivery gives is already typed; the parse only says so.
fn delivered(ty: &FieldType) -> Parse {
    match ty {
        FieldType::Code(list) => Parse::Code(list.clone()),
        _ => Parse::Date(model::DateFormat::new("yyyy-mm-dd")),
    }
}

fn parse(doc: &MappingDoc, field: &Field, context: &Context<'_>, report: &mut Report<'_>) -> Option<Parse> {
    match &field.ty {
        FieldType::Text => Some(Parse::Text),
        FieldType::Code(list) => Some(Parse::Code(list.clone())),
        FieldType::Person => Some(Parse::Person),
        FieldType::Integer | FieldType::Decimal { .. } => {
            match doc.number.as_ref().ok()?.as_ref().or(context.numbers) {
                Some(number) => number_format(number, doc, field, report).map(Parse::Number),
                None if field.ty == FieldType::Integer => Some(Parse::Number(number::plain())),
                None => missing("number", "number: {decimal: ',', negative: leading}", doc, field, report),
            }
        }
        FieldType::Date | FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => {
            match doc.date.as_ref().ok()?.as_ref() {
                Some(date) => date_format::check(date, &field.ty, report).map(Parse::Date),
                None => missing("date", "date: yyyy-mm-dd", doc, field, report),
            }
        }
        FieldType::Boolean => match doc.boolean.as_ref().ok()?.as_ref() {
            Some(words) => Some(Parse::Boolean { yes: words.yes.clone(), no: words.no.clone() }),
            None => missing("boolean", "boolean: {yes: ['1'], no: ['0']}", doc, field, report),
        },
    }
}

fn missing(key: &str, example: &str, doc: &MappingDoc, field: &Field, report: &mut Report<'_>) -> Option<Parse> {
    let message = format!("`{}` is a {}, so its mapping needs `{key}`", field.name, field.ty.word());
    report.error(Code::MISSING_KEY, doc.name.span, message).help(format!("write for example {example}"));
    None
}

fn number_format(number: &NumberDoc, doc: &MappingDoc, field: &Field, report: &mut Report<'_>) -> Option<NumberFormat> {
    let scale = match field.ty {
        FieldType::Decimal { scale, .. } => scale,
        _ => 0,
    };
    if number.format.implied_decimals > scale {
        let message = format!(
            "{} implied decimals do not fit `{}`, which has {scale}",
            number.format.implied_decimals, field.name
        );
        let span = if matches!(doc.number, Ok(Some(_))) { number.span } else { doc.name.span };
        report.error(Code::INVALID_VALUE, span, message);
        return None;
    }
    Some(number.format.clone())
}
