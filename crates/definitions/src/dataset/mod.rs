//! Datasets: fields, how a row is placed in municipality and time, and the rules for rows.

mod field;
mod pattern;

use model::{
    Check, Code, CodeList, Comparison, Dataset, DatasetId, Expr, Field, FieldIndex, FieldName, FieldType, Fingerprint,
    MUNICIPALITY, MomentRule, MunicipalityCode, PeriodKind, Severity, Text,
};

use self::field::FieldDoc;
use crate::canonical::{self, Canonical};
use crate::expression::{RowCompiler, RowScope, sql};
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{every, period_kinds, unit};
use crate::yaml::{Broken, Cursor, Report, Span, Written};

struct DatasetDoc<'n> {
    head: Head,
    grain: Option<Text>,
    row_unit: Option<Written<String>>,
    partition: Option<Written<PeriodKind>>,
    municipality: Option<Written<String>>,
    whole_country: Option<Written<bool>>,
    time: Option<TimeDoc>,
    roles: Vec<(Written<String>, Written<String>)>,
    key: Vec<Written<String>>,
    fields: Vec<FieldDoc>,
    checks: Vec<CheckDoc<'n>>,
}

struct TimeDoc {
    rule: MomentRule,
    field: Written<String>,
    /// Of intervals, the field with the last day.
    until: Option<Written<String>>,
}

struct CheckDoc<'n> {
    id: Option<Written<FieldName>>,
    title: Option<Text>,
    condition: Option<Cursor<'n>>,
    severity: Option<Severity>,
}

/// Reads and resolves a dataset.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) -> Option<Dataset> {
    let doc = read(root, identity, report)?;
    // Without fields every name of one would be wrong, and nothing new would be said.
    if doc.fields.is_empty() && report.is_broken() {
        return None;
    }
    let row_unit = doc.row_unit.as_ref().and_then(|written| {
        let found = unit(written, report)?;
        if written.value.contains(['*', '/', '%']) || written.value.starts_with("per_") {
            let message = format!("rows are counted, and `{}` is nothing to count", written.value);
            report.error(Code::INVALID_VALUE, written.span, message).help("write what one row is: `posting`, `record`");
        }
        Some(found)
    });
    let fields = field::resolve(&doc.fields, lists, report);
    let municipality = place(doc.municipality.as_ref(), identity.id, &doc.fields, report);
    let time = place(doc.time.as_ref().map(|time| &time.field), identity.id, &doc.fields, report);
    let until = doc.time.as_ref().and_then(|time| time.until.as_ref());
    let until = until.map(|name| place(Some(name), identity.id, &doc.fields, report).ok_or(Broken)).transpose();
    let roles: Vec<_> = doc
        .roles
        .iter()
        .map(|(role, name)| Some((role, place(Some(name), identity.id, &doc.fields, report)?)))
        .collect();
    let roles = every(roles);
    let key = key(&doc, identity.id, report);
    // Types and conditions can only be judged when all fields are known.
    let fields = fields?;
    let municipality = municipality.and_then(|field| check_municipality(field, &fields, report));
    let time = time.and_then(|field| check_time(field, &fields, doc.partition.as_ref(), report));
    let until =
        until.and_then(|place| place.map(|place| check_until(place, &fields, report).ok_or(Broken)).transpose());
    let roles =
        roles.and_then(|roles| every(roles.into_iter().map(|(role, place)| check_role(role, place, &fields, report))));
    let scope = RowScope { dataset: identity.id, fields: &fields, lists, active: false, time };
    let mut checks = checks(&doc.checks, scope, report);
    let whole_country = doc.whole_country.as_ref().filter(|written| written.value);
    if let (Some(written), Some(municipality)) = (whole_country, municipality) {
        let check = of_the_country(written.span, municipality, scope, report);
        checks = checks.zip(check).map(|(checks, check)| checks.into_iter().chain([check]).collect());
    }
    let mut dataset = Dataset {
        id: DatasetId::new(identity.id).ok()?,
        title: doc.head.title?,
        description: doc.head.description?,
        grain: doc.grain?,
        row_unit: row_unit?,
        key: key?,
        municipality: municipality?,
        whole_country: whole_country.is_some(),
        time: time?,
        moment: doc.time?.rule,
        until: until.ok()?,
        roles: roles?,
        partition: doc.partition?.value,
        checks: checks?,
        fields,
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    dataset.canonical = canonical(&dataset).render();
    dataset.fingerprint = Fingerprint::of(dataset.canonical.as_bytes());
    Some(dataset)
}

fn read<'n>(root: Cursor<'n>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<DatasetDoc<'n>> {
    let mut keys = root.keys(&vocabulary::DATASET, report)?;
    let doc = DatasetDoc {
        head: head(&mut keys, identity, report),
        grain: keys.need("grain", report).and_then(|cursor| cursor.bilingual(report)),
        row_unit: keys.need("row_unit", report).and_then(|cursor| cursor.text(report)),
        partition: keys.need("partition", report).and_then(|cursor| {
            let value = cursor.choice(report, &period_kinds())?;
            Some(Written { value, span: cursor.span() })
        }),
        municipality: keys.need("municipality", report).and_then(|cursor| cursor.text(report)),
        whole_country: keys.take("whole_country").and_then(|cursor| {
            let value = cursor.boolean(report)?;
            Some(Written { value, span: cursor.span() })
        }),
        time: keys.need("time", report).and_then(|cursor| time(cursor, report)),
        roles: keys.take("roles").and_then(|cursor| roles(cursor, report)).unwrap_or_default(),
        key: keys.take("key").and_then(|cursor| cursor.texts(report)).unwrap_or_default(),
        fields: keys.need("fields", report).and_then(|cursor| field::read(cursor, report)).unwrap_or_default(),
        checks: keys.take("checks").and_then(|cursor| read_checks(cursor, report)).unwrap_or_default(),
    };
    keys.finish(report);
    Some(doc)
}

fn roles(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<(Written<String>, Written<String>)>> {
    let entries = cursor.entries(report)?;
    let entry = |(name, cursor): (Written<&str>, Cursor<'_>)| {
        Some((Written { value: name.value.to_owned(), span: name.span }, cursor.text(report)?))
    };
    Some(entries.into_iter().filter_map(entry).collect())
}

fn time(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<TimeDoc> {
    let mut keys = cursor.keys(&vocabulary::TIME, report)?;
    let (event, snapshot, interval) = (keys.take("event"), keys.take("snapshot"), keys.take("interval"));
    keys.finish(report);
    match (event, snapshot, interval) {
        (Some(field), None, None) => Some(TimeDoc { rule: MomentRule::Event, field: field.text(report)?, until: None }),
        (None, Some(field), None) => {
            Some(TimeDoc { rule: MomentRule::Snapshot, field: field.text(report)?, until: None })
        }
        (None, None, Some(fields)) => {
            let both = fields.texts(report)?;
            let Ok([field, until]) = <[Written<String>; 2]>::try_from(both) else {
                report
                    .error(Code::INVALID_VALUE, fields.at, "an interval has the fields of its first and its last day")
                    .help("write {interval: [start_date, end_date]}");
                return None;
            };
            Some(TimeDoc { rule: MomentRule::Interval, field, until: Some(until) })
        }
        _ => {
            report.error(Code::INVALID_VALUE, cursor.at, "`time` is an `event`, a `snapshot` or an `interval`").help(
                "write {event: <field>} for what happened, {snapshot: <field>} for what was counted on a day, \
                     {interval: [<first day>, <last day>]} for what held for a time",
            );
            None
        }
    }
}

fn read_checks<'n>(cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Vec<CheckDoc<'n>>> {
    const SEVERITIES: [Severity; 4] = [Severity::Fatal, Severity::Error, Severity::Warning, Severity::Info];
    let severities = SEVERITIES.map(|severity| (severity.as_str(), severity));
    let mut checks = Vec::new();
    for item in cursor.items(report)? {
        let Some(mut keys) = item.keys(&vocabulary::CHECK, report) else { continue };
        checks.push(CheckDoc {
            id: keys.need("id", report).and_then(|cursor| cursor.id(report, FieldName::new)),
            title: keys.need("title", report).and_then(|cursor| cursor.bilingual(report)),
            condition: keys.need("when_true", report),
            severity: keys.need("severity", report).and_then(|cursor| cursor.choice(report, &severities)),
        });
        keys.finish(report);
    }
    Some(checks)
}

/// Finds a field by name among the written ones, so that a field with a mistake of its own is still known.
fn find(name: &Written<String>, dataset: &str, fields: &[FieldDoc], report: &mut Report<'_>) -> Option<FieldIndex> {
    let found = fields.iter().position(|field| field.name.value == name.value);
    if found.is_none() {
        report
            .error(Code::UNKNOWN_FIELD, name.span, format!("`{dataset}` has no field `{}`", name.value))
            .did_you_mean_one_of(&name.value, fields.iter().map(|field| field.name.value.as_str()));
    }
    found.map(FieldIndex)
}

fn place(
    name: Option<&Written<String>>,
    dataset: &str,
    fields: &[FieldDoc],
    report: &mut Report<'_>,
) -> Option<(FieldIndex, Span)> {
    name.and_then(|name| find(name, dataset, fields, report).map(|index| (index, name.span)))
}

fn key(doc: &DatasetDoc<'_>, dataset: &str, report: &mut Report<'_>) -> Option<Vec<FieldIndex>> {
    for (at, name) in doc.key.iter().enumerate() {
        if let Some(first) = doc.key[..at].iter().find(|first| first.value == name.value) {
            let message = format!("`{}` stands twice in the key", name.value);
            report.error(Code::INVALID_VALUE, name.span, message).related(first.span, "first written here");
        }
    }
    every(doc.key.iter().map(|name| find(name, dataset, &doc.fields, report)))
}

fn check_municipality(
    (index, span): (FieldIndex, Span),
    fields: &[Field],
    report: &mut Report<'_>,
) -> Option<FieldIndex> {
    let field = &fields[index.0];
    if !matches!(&field.ty, FieldType::Code(list) if list.as_str() == MUNICIPALITY) {
        let message = format!("`{}` must be a code of the list `{MUNICIPALITY}`", field.name);
        report.error(Code::TYPE_MISMATCH, span, message);
        return None;
    }
    check_required(field, span, report)?;
    Some(index)
}

fn check_time(
    (index, span): (FieldIndex, Span),
    fields: &[Field],
    partition: Option<&Written<PeriodKind>>,
    report: &mut Report<'_>,
) -> Option<FieldIndex> {
    let field = &fields[index.0];
    if !field.ty.is_temporal() {
        let message = format!(
            "`{}` is a {}, but a date, month, year or school_year places rows in time",
            field.name,
            field.ty.word()
        );
        report.error(Code::TYPE_MISMATCH, span, message);
        return None;
    }
    check_required(field, span, report)?;
    if let (Some(kind), Some(partition)) = (field.ty.period_kind(), partition) {
        if !partition.value.is_made_of(kind) {
            let message = format!("a {} is not made of the {kind}s of `{}`", partition.value, field.name);
            report.error(Code::PERIOD_MISMATCH, partition.span, message).related(span, "the time field");
            return None;
        }
    }
    Some(index)
}

/// The last day of an interval is a date, as its first one is; it may be missing.
fn check_until((index, span): (FieldIndex, Span), fields: &[Field], report: &mut Report<'_>) -> Option<FieldIndex> {
    let field = &fields[index.0];
    if field.ty != FieldType::Date || field.required {
        let message = format!("`{}` must be a date that may be missing: what still holds has no last day", field.name);
        report.error(Code::TYPE_MISMATCH, span, message).help("write `type: date`, without `required`");
        return None;
    }
    Some(index)
}

/// The rule that makes a dataset one of the whole country: a row of a municipality is rejected like any other that breaks
/// a rule, so that whoever looks rows up finds them all in one place.
fn of_the_country(
    place: Span,
    municipality: FieldIndex,
    scope: RowScope<'_>,
    report: &mut Report<'_>,
) -> Option<Check> {
    let country = MunicipalityCode::COUNTRY.to_string();
    if scope.lists.get(MUNICIPALITY).is_some_and(|list| list.index_of(&country).is_none()) {
        let message = format!("the code list `{MUNICIPALITY}` has no code `{country}` for the whole country");
        report.error(Code::CODE_NOT_LISTED, place, message).help("add it to the list, with a `kind` of its own");
        return None;
    }
    let whose = Box::new(Expr::Field(municipality));
    Some(Check {
        id: FieldName::new("whole_country").ok()?,
        title: Text { da: "Rækken er for hele landet".to_owned(), en: "The row is of the whole country".to_owned() },
        condition: Expr::Compare(Comparison::Equal, whose, Box::new(Expr::Text(country))),
        severity: Severity::Error,
    })
}

fn check_role(
    role: &Written<String>,
    (index, span): (FieldIndex, Span),
    fields: &[Field],
    report: &mut Report<'_>,
) -> Option<(FieldName, FieldIndex)> {
    let field = &fields[index.0];
    if !matches!(&field.ty, FieldType::Code(list) if list.as_str() == MUNICIPALITY) {
        let message = format!("`{}` must be a code of the list `{MUNICIPALITY}`", field.name);
        report.error(Code::TYPE_MISMATCH, span, message);
        return None;
    }
    match FieldName::new(&role.value) {
        Ok(name) => Some((name, index)),
        Err(error) => {
            report.error(Code::INVALID_VALUE, role.span, error.to_string());
            None
        }
    }
}

fn check_required(field: &Field, span: Span, report: &mut Report<'_>) -> Option<()> {
    if !field.required {
        let message = format!("`{}` places every row, so it must be required", field.name);
        report.error(Code::INVALID_VALUE, span, message).help("write `required: true` at the field");
        return None;
    }
    Some(())
}

fn checks(docs: &[CheckDoc<'_>], scope: RowScope<'_>, report: &mut Report<'_>) -> Option<Vec<Check>> {
    for (at, doc) in docs.iter().enumerate() {
        let earlier = docs[..at].iter().filter_map(|doc| doc.id.as_ref());
        if let Some(id) = &doc.id {
            if let Some(first) = earlier.into_iter().find(|first| first.value == id.value) {
                let message = format!("two checks are called `{}`", id.value);
                report.error(Code::INVALID_VALUE, id.span, message).related(first.span, "first written here");
            }
        }
    }
    every(docs.iter().map(|doc| check(doc, scope, report)))
}

fn check(doc: &CheckDoc<'_>, scope: RowScope<'_>, report: &mut Report<'_>) -> Option<Check> {
    let expression = doc.condition.and_then(|cursor| sql::parse(cursor, report))?;
    let condition = RowCompiler::new(scope, &expression.places, report).condition(&expression.sql)?;
    Some(Check { id: doc.id.as_ref()?.value.clone(), title: doc.title.clone()?, condition, severity: doc.severity? })
}

fn canonical(dataset: &Dataset) -> Canonical {
    let name = |index: FieldIndex| Canonical::word(&dataset.field(index).name);
    let moment = match dataset.moment {
        MomentRule::Event => "event",
        MomentRule::Snapshot => "snapshot",
        MomentRule::Interval => "interval",
    };
    let role = |(role, field): &(FieldName, FieldIndex)| (role.clone(), name(*field));
    let roles = Canonical::named(dataset.roles.iter().map(role));
    let check = |check: &Check| {
        Canonical::map([
            ("id", Some(Canonical::word(&check.id))),
            ("condition", Some(Canonical::word(canonical::expression(&check.condition, &dataset.fields)))),
            ("severity", Some(Canonical::word(check.severity.as_str()))),
        ])
    };
    Canonical::map([
        ("kind", Some(Canonical::word("dataset"))),
        ("id", Some(Canonical::word(&dataset.id))),
        ("row_unit", Some(Canonical::text(&dataset.row_unit))),
        ("partition", Some(Canonical::word(dataset.partition))),
        ("municipality", Some(name(dataset.municipality))),
        ("whole_country", dataset.whole_country.then(|| Canonical::word(true))),
        ("time", Some(name(dataset.time))),
        ("moment", Some(Canonical::word(moment))),
        ("until", dataset.until.map(name)),
        ("roles", (!dataset.roles.is_empty()).then_some(roles)),
        ("key", Some(Canonical::list(dataset.key.iter().map(|index| name(*index))))),
        ("fields", Some(Canonical::list(dataset.fields.iter().map(field::canonical)))),
        ("checks", Some(Canonical::list(dataset.checks.iter().map(check)))),
    ])
}
