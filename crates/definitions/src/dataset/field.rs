//! Fields of a dataset: type, unit, pattern, range.

use model::{Code, CodeList, CodeListId, Date, Field, FieldType, Period, RangeRule, Text};

use super::pattern;
use crate::canonical::Canonical;
use crate::decimal::{self, Decimal, Misfit};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{self, every, unit};
use crate::yaml::{Broken, Cursor, Keys, Maybe, Report, Written};

/// The most digits of a decimal: what a 64-bit integer holds whatever the digits are.
const MOST_DIGITS: i64 = 18;
/// How many fields a dataset may have.
const MOST_FIELDS: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TypeWord {
    Text,
    Code,
    Integer,
    Decimal,
    Boolean,
    Date,
    Month,
    Week,
    Year,
    SchoolYear,
    Person,
}

const TYPES: [(&str, TypeWord); 11] = [
    ("text", TypeWord::Text),
    ("code", TypeWord::Code),
    ("integer", TypeWord::Integer),
    ("decimal", TypeWord::Decimal),
    ("boolean", TypeWord::Boolean),
    ("date", TypeWord::Date),
    ("month", TypeWord::Month),
    ("week", TypeWord::Week),
    ("year", TypeWord::Year),
    ("school_year", TypeWord::SchoolYear),
    ("person", TypeWord::Person),
];

enum TypeDoc {
    Plain(FieldType),
    Code(Written<String>),
}

/// A field as written.
pub(super) struct FieldDoc {
    /// Its name.
    pub(super) name: Written<String>,
    ty: Option<TypeDoc>,
    title: Option<Text>,
    unit: Option<Written<String>>,
    required: bool,
    pattern: Option<Written<String>>,
    range: Option<[BoundDoc; 2]>,
}

/// A bound as written; `None` if it is open.
type BoundDoc = Option<Written<String>>;

/// Reads the fields of a dataset, in their order.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<FieldDoc>> {
    let entries = cursor.entries(report)?;
    if entries.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.at, "a dataset has at least one field");
    }
    if entries.len() > MOST_FIELDS {
        report.error(Code::YAML_LIMIT, cursor.at, format!("a dataset has at most {MOST_FIELDS} fields"));
        return None;
    }
    Some(entries.into_iter().map(|(name, field)| read_field(name, field, report)).collect())
}

fn read_field(name: Written<&str>, cursor: Cursor<'_>, report: &mut Report<'_>) -> FieldDoc {
    let name = Written { value: name.value.to_owned(), span: name.span };
    // A field that cannot be read keeps its name, so that nobody who refers to it complains too.
    let Some(mut keys) = cursor.keys(&vocabulary::FIELD, report) else {
        return FieldDoc { name, ty: None, title: None, unit: None, required: false, pattern: None, range: None };
    };
    let word = keys.need("type", report).and_then(|cursor| cursor.choice(report, &TYPES));
    let title = keys.need("title", report).and_then(|cursor| cursor.bilingual(report));
    let unit = keys.take("unit").and_then(|cursor| cursor.text(report));
    let required = keys.take("required").and_then(|cursor| cursor.boolean(report)).unwrap_or(false);
    let ty = read_type(word, &mut keys, report);
    let pattern = match word {
        Some(TypeWord::Text) | None => keys.take("pattern").and_then(|cursor| cursor.some_text(report)),
        Some(_) => refused("pattern", word, &mut keys, report),
    };
    let range = match word {
        Some(TypeWord::Text | TypeWord::Code | TypeWord::Boolean | TypeWord::Person) => {
            refused("range", word, &mut keys, report)
        }
        _ => keys.take("range").and_then(|cursor| read_range(cursor, report)),
    };
    keys.finish(report);
    FieldDoc { name, ty, title, unit, required, pattern, range }
}

fn refused<T>(key: &'static str, word: Option<TypeWord>, keys: &mut Keys<'_>, report: &mut Report<'_>) -> Option<T> {
    let name = TYPES.iter().find(|(_, known)| Some(*known) == word).map_or("", |(name, _)| *name);
    keys.refuse(key, &format!("a field of type `{name}`"), report);
    None
}

fn read_type(word: Option<TypeWord>, keys: &mut Keys<'_>, report: &mut Report<'_>) -> Option<TypeDoc> {
    let list = match word {
        Some(TypeWord::Code) => keys.need("codelist", report).and_then(|cursor| cursor.text(report)),
        None => keys.take("codelist").and_then(|cursor| cursor.text(report)),
        Some(_) => refused("codelist", word, keys, report),
    };
    let digits = match word {
        Some(TypeWord::Decimal) => {
            let precision = keys.need("precision", report);
            let precision = precision.and_then(|cursor| cursor.integer(report, 1..=MOST_DIGITS));
            let most = precision.map_or(MOST_DIGITS, i64::from);
            let scale = keys.need("scale", report).and_then(|cursor| cursor.integer(report, 0..=most));
            precision.zip(scale)
        }
        None => {
            keys.take("precision");
            keys.take("scale");
            None
        }
        Some(_) => {
            let precision = refused("precision", word, keys, report);
            precision.zip(refused("scale", word, keys, report))
        }
    };
    Some(match word? {
        TypeWord::Code => TypeDoc::Code(list?),
        TypeWord::Decimal => {
            let (precision, scale) = digits?;
            TypeDoc::Plain(FieldType::Decimal { precision, scale })
        }
        TypeWord::Text => TypeDoc::Plain(FieldType::Text),
        TypeWord::Integer => TypeDoc::Plain(FieldType::Integer),
        TypeWord::Boolean => TypeDoc::Plain(FieldType::Boolean),
        TypeWord::Date => TypeDoc::Plain(FieldType::Date),
        TypeWord::Month => TypeDoc::Plain(FieldType::Month),
        TypeWord::Week => TypeDoc::Plain(FieldType::Week),
        TypeWord::Year => TypeDoc::Plain(FieldType::Year),
        TypeWord::SchoolYear => TypeDoc::Plain(FieldType::SchoolYear),
        TypeWord::Person => TypeDoc::Plain(FieldType::Person),
    })
}

/// Two bounds, each a quoted number or date, or `null`.
fn read_range(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<[BoundDoc; 2]> {
    let items = cursor.items(report)?;
    let [low, high] = items.as_slice() else {
        report
            .error(Code::WRONG_TYPE, cursor.span(), "`range` takes two bounds")
            .help("write ['0', '100'], with null for a bound that is open");
        return None;
    };
    let mut bound = |cursor: &Cursor<'_>| -> Maybe<_> {
        if cursor.is_null() { Ok(None) } else { cursor.text(report).map(Some).ok_or(Broken) }
    };
    let (low, high) = (bound(low), bound(high));
    let (low, high) = (low.ok()?, high.ok()?);
    if low.is_none() && high.is_none() {
        report
            .error(Code::INVALID_VALUE, cursor.span(), "both bounds are open, so everything lies within")
            .help("leave out `range`");
        return None;
    }
    Some([low, high])
}

/// Resolves all fields. `None` if any of them is wrong, or has a broken code list.
pub(super) fn resolve(docs: &[FieldDoc], lists: &Shelf<CodeList>, report: &mut Report<'_>) -> Option<Vec<Field>> {
    for doc in docs {
        check_class_column(doc, docs, report);
    }
    every(docs.iter().map(|doc| resolve_field(doc, lists, report)))
}

/// A person field brings a column of its own along, which no field may be named like.
fn check_class_column(doc: &FieldDoc, docs: &[FieldDoc], report: &mut Report<'_>) {
    let Some(base) = doc.name.value.strip_suffix("_class") else { return };
    let is_person =
        |other: &&FieldDoc| other.name.value == base && matches!(other.ty, Some(TypeDoc::Plain(FieldType::Person)));
    if let Some(person) = docs.iter().find(is_person) {
        let message = format!("`{}` is the name of the column that says what numbers `{base}` has", doc.name.value);
        report.error(Code::INVALID_VALUE, doc.name.span, message).related(person.name.span, "the person field");
    }
}

fn resolve_field(doc: &FieldDoc, lists: &Shelf<CodeList>, report: &mut Report<'_>) -> Option<Field> {
    let name = words::name(&doc.name.value, doc.name.span, report);
    let unit = doc.unit.as_ref().map(|written| unit(written, report).ok_or(Broken)).transpose();
    let pattern = doc.pattern.as_ref().map(|written| pattern::check(written, report).ok_or(Broken)).transpose();
    let ty = match doc.ty.as_ref()? {
        TypeDoc::Plain(ty) => Some(ty.clone()),
        TypeDoc::Code(list) => {
            lists.find(list, report).and_then(|_| CodeListId::new(&list.value).ok()).map(FieldType::Code)
        }
    }?;
    let range = doc.range.as_ref().map(|bounds| range(bounds, &ty, report).ok_or(Broken)).transpose();
    let (unit, pattern) = (unit.ok()?, pattern.ok()?);
    Some(Field {
        name: name?,
        title: doc.title.clone()?,
        masked: ty == FieldType::Text && pattern.is_none(),
        unit,
        required: doc.required,
        pattern,
        range: range.ok()?,
        ty,
    })
}

fn range(bounds: &[BoundDoc; 2], ty: &FieldType, report: &mut Report<'_>) -> Option<RangeRule> {
    let [low, high] = bounds;
    let mut read = |doc: &BoundDoc| doc.as_ref().map(|written| bound(written, ty, report).ok_or(Broken)).transpose();
    let (min, max) = (read(low), read(high));
    let rule = RangeRule { min: min.ok()?, max: max.ok()? };
    if let (Some(min), Some(max), Some(written)) = (rule.min, rule.max, high) {
        if max < min {
            report.error(Code::INVALID_VALUE, written.span, "the upper bound is smaller than the lower one");
            return None;
        }
    }
    Some(rule)
}

fn bound(written: &Written<String>, ty: &FieldType, report: &mut Report<'_>) -> Option<i64> {
    let text = written.value.as_str();
    if !ty.is_temporal() && decimal::is_ambiguous(text, written.span, report) {
        return None;
    }
    let found = match ty {
        FieldType::Integer => number(text, 0, 19),
        FieldType::Decimal { precision, scale } => number(text, *scale, *precision),
        _ => Ok(day(text, ty)),
    };
    match found {
        Ok(Some(value)) => return Some(value),
        Ok(None) => {
            let message = format!("`{text}` is no bound for a field of type `{}`", ty.word());
            let help = if ty.is_temporal() { "write a day: '2024-05-31'" } else { "write a number: '0.5'" };
            report.error(Code::INVALID_VALUE, written.span, message).help(help);
        }
        Err(_) => {
            let message = format!("`{text}` has more digits or decimals than the field");
            report.error(Code::LITERAL_RANGE, written.span, message);
        }
    }
    None
}

fn number(text: &str, scale: u8, precision: u8) -> Result<Option<i64>, Misfit> {
    let Some(decimal) = Decimal::parse(text) else { return Ok(None) };
    let minor = decimal.at_scale(scale)?;
    let limit = model::pow10(precision).map_err(|_| Misfit::Digits)?;
    if i128::from(minor).abs() < limit { Ok(Some(minor)) } else { Err(Misfit::Digits) }
}

fn day(text: &str, ty: &FieldType) -> Option<i64> {
    let period = || text.parse::<Period>().ok().filter(|period| Some(period.kind()) == ty.period_kind());
    let day = Date::parse_iso(text).or_else(|| period().map(Period::start))?;
    Some(i64::from(day.days()))
}

/// The canonical form of a field.
pub(super) fn canonical(field: &Field) -> Canonical {
    let ty = match &field.ty {
        FieldType::Code(list) => format!("code({list})"),
        FieldType::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        other => other.word().to_owned(),
    };
    let bound = |bound: Option<i64>| bound.map(Canonical::word);
    let range = field.range.map(|range| Canonical::map([("min", bound(range.min)), ("max", bound(range.max))]));
    Canonical::map([
        ("name", Some(Canonical::word(&field.name))),
        ("type", Some(Canonical::word(ty))),
        ("unit", field.unit.as_ref().map(Canonical::text)),
        ("required", Some(Canonical::word(field.required))),
        ("pattern", field.pattern.as_ref().map(Canonical::text)),
        ("range", range),
        ("masked", Some(Canonical::word(field.masked))),
    ])
}
