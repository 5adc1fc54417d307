//! Measures: which rows of a dataset count, when, and what is computed of them.

use model::{
    Absence, Aggregate, Code, CodeList, Dataset, Field, FieldIndex, FieldName, FieldType, Grouping, Measure,
    MomentRule, PeriodKind, RangeRule, Text, TimeSelection, Unit,
};

use super::breakdown::ChoiceDoc;
use super::join::JoinDocs;
use super::price::{Amounts, PriceDoc};
use super::time::{self, Length, TimeDoc};
use super::{join, price};
use crate::canonical::{self, Canonical};
use crate::expression::{RowCompiler, RowScope, sql};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{self, every};
use crate::yaml::{Broken, Cursor, Maybe, Report, Span, Written};

/// A measure as written; what has a mistake is `None`.
pub(super) struct MeasureDoc<'n> {
    /// Its name.
    pub(super) name: Written<&'n str>,
    from: Option<Written<String>>,
    pub(super) filter: Option<Cursor<'n>>,
    value: Option<Cursor<'n>>,
    role: Option<Cursor<'n>>,
    join: Maybe<JoinDocs<'n>>,
    price: Maybe<PriceDoc>,
    per: Option<Cursor<'n>>,
    lets: Option<Cursor<'n>>,
    having: Option<Cursor<'n>>,
    absent: Maybe<AbsenceDoc>,
    time: TimeDoc<'n>,
    written: Vec<(String, String)>,
    /// What it says of the indicator's breakdowns.
    pub(super) breakdown: Option<ChoiceDoc>,
}

impl MeasureDoc<'_> {
    /// Whether both say the same of breakdowns.
    pub(super) fn breaks_down_like(&self, other: &Self) -> bool {
        let nothing = ChoiceDoc::default();
        let said = |doc: &Self| doc.breakdown.as_ref().map_or(nothing.said(), ChoiceDoc::said);
        said(self) == said(other)
    }
}

/// What measures are resolved against.
pub(super) struct Scope<'a> {
    /// All datasets.
    pub(super) datasets: &'a Shelf<Dataset>,
    /// All code lists.
    pub(super) lists: &'a Shelf<CodeList>,
    /// The indicator's period, if it is sound.
    pub(super) period: Option<PeriodKind>,
}

/// Reads `measures`.
pub(super) fn read<'n>(cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Vec<MeasureDoc<'n>>> {
    let entries = cursor.entries(report)?;
    Some(entries.into_iter().map(|(name, measure)| read_measure(name, measure, report)).collect())
}

fn read_measure<'n>(name: Written<&'n str>, cursor: Cursor<'n>, report: &mut Report<'_>) -> MeasureDoc<'n> {
    // A measure that cannot be read keeps its name, so that the formula does not complain about it too.
    let Some(mut keys) = cursor.keys(&vocabulary::MEASURE, report) else {
        return MeasureDoc {
            name,
            from: None,
            filter: None,
            value: None,
            role: None,
            join: Ok(None),
            price: Ok(None),
            per: None,
            lets: None,
            having: None,
            absent: Ok(None),
            time: TimeDoc::default(),
            breakdown: None,
            written: Vec::new(),
        };
    };
    let doc = MeasureDoc {
        name,
        from: keys.need("from", report).and_then(|cursor| cursor.text(report)),
        filter: keys.take("where"),
        value: keys.need("value", report),
        role: keys.take("role"),
        join: keys.maybe("join", |cursor| JoinDocs::read(cursor, report)),
        price: keys.maybe("price", |cursor| PriceDoc::read(cursor, report)),
        per: keys.take("per"),
        lets: keys.take("let"),
        having: keys.take("having"),
        absent: keys.maybe("absent", |cursor| AbsenceDoc::read(cursor, report)),
        time: TimeDoc::read(&mut keys, report),
        breakdown: keys.take("breakdown").and_then(|cursor| ChoiceDoc::read(cursor, report)),
        written: further_keys(cursor),
    };
    if let (None, Some(key)) = (doc.per, doc.lets.or(doc.having)) {
        report
            .error(Code::MISSING_KEY, key.at, "`let` and `having` speak of groups, and there are none")
            .help("add `per:` with the fields that make a group");
    }
    keys.finish(report);
    doc
}

/// The keys that are shown beside dataset, condition and value.
fn further_keys(cursor: Cursor<'_>) -> Vec<(String, String)> {
    let shown_apart = |(key, _): &(String, String)| !["from", "where", "value"].contains(&key.as_str());
    cursor.as_written().into_iter().filter(shown_apart).collect()
}

/// Resolves a measure. `None` if it has a mistake, or its dataset is broken.
pub(super) fn resolve(doc: &MeasureDoc<'_>, scope: &Scope<'_>, report: &mut Report<'_>) -> Option<Measure> {
    let name = words::name(doc.name.value, doc.name.span, report);
    let filter_sql = doc.filter.map(|cursor| sql::parse(cursor, report).ok_or(Broken)).transpose();
    let value_sql = doc.value.and_then(|cursor| sql::parse(cursor, report));
    let dataset = doc.from.as_ref().and_then(|from| scope.datasets.find(from, report))?;
    if let Some(from) = doc.from.as_ref().filter(|_| dataset.whole_country) {
        let message = format!("`{}` is of the whole country, so that its rows count for no municipality", dataset.id);
        report
            .error(Code::INVALID_VALUE, from.span, message)
            .help("look its rows up from those of another dataset: `join`");
        return None;
    }
    let from = doc.from.as_ref().map(|from| from.span);
    let time = scope.period.and_then(|period| doc.time.resolve(doc.name.span, from, dataset, period, report));
    let role = doc.role.map(|cursor| role(cursor, dataset, report).ok_or(Broken)).transpose();
    // Without what is looked up every name of it would be wrong, and nothing new would be said.
    let joined = match &doc.join {
        Ok(Some(join)) => Some(join.resolve(dataset, scope, report)?),
        Ok(None) => None,
        Err(Broken) => return None,
    };
    let active = dataset.moment == MomentRule::Interval;
    let fields = joined.as_ref().map_or(&dataset.fields, |joined| &joined.fields);
    let rows = RowScope { dataset: dataset.id.as_str(), fields, lists: scope.lists, active, time: Some(dataset.time) };
    let filter: Maybe<_> = filter_sql.as_ref().map_err(|broken| *broken).and_then(|expression| {
        let condition = |expression: &sql::Expression<'_>| {
            RowCompiler::new(rows, &expression.places, report).condition(&expression.sql).ok_or(Broken)
        };
        expression.as_ref().map(condition).transpose()
    });
    let grouped = doc.per.map(|per| grouping(per, doc, rows, &dataset.row_unit, report).ok_or(Broken)).transpose();
    let computed = match &grouped {
        Err(_) => None,
        Ok(grouping) => value_sql.as_ref().and_then(|expression| {
            let group_unit = grouping.as_ref().map(|grouping| match grouping.by.as_slice() {
                [one] => fields[one.0].unit.clone().unwrap_or_else(Unit::one),
                _ => Unit::one(),
            });
            let scope = grouping.as_ref().map_or(rows, |grouping| RowScope {
                dataset: "the group",
                fields: &grouping.fields,
                lists: scope.lists,
                active: false,
                time: None,
            });
            let unit = group_unit.as_ref().unwrap_or(&dataset.row_unit);
            RowCompiler::new(scope, &expression.places, report).aggregate(&expression.sql, unit)
        }),
    };
    let absent: Maybe<_> = doc.absent.as_ref().map_err(|broken| *broken).and_then(|absent| {
        let resolved = |(absent, period): (&AbsenceDoc, _)| absent.resolve(rows, dataset, period, report).ok_or(Broken);
        absent.as_ref().zip(scope.period).map(resolved).transpose()
    });
    let computed = computed?;
    let (time, window) = time?;
    let adds_up = matches!(computed.aggregate, Aggregate::Sum(_) | Aggregate::Count | Aggregate::CountDistinct(_));
    if let Some(value) = doc.value.filter(|_| time == TimeSelection::Average && !adds_up) {
        report
            .error(Code::AGGREGATION_LEVEL, value.at, "the mean over several days is made of a sum or a count of each")
            .help("write sum(...), count(*) or count(distinct ...), or read one day: `at: last`");
        return None;
    }
    let value = doc.value.map_or(doc.name.span, |value| value.at);
    let amounts = Amounts { value, aggregate: &computed.aggregate, unit: &computed.unit, window };
    let price: Maybe<_> =
        doc.price.as_ref().map_err(|broken| *broken).and_then(|price| {
            price.as_ref().map(|price| price.resolve(&amounts, scope, report).ok_or(Broken)).transpose()
        });
    let filter_text = filter_sql.ok()?.map(|expression| expression.text.to_owned());
    Some(Measure {
        name: name?,
        dataset: dataset.id.clone(),
        role: role.ok()?,
        time,
        window,
        joined,
        absent: absent.ok()?,
        per: grouped.ok()?,
        filter: filter.ok()?,
        aggregate: computed.aggregate,
        scale: computed.scale,
        unit: computed.unit,
        price: price.ok()?,
        slicings: Vec::new(),
        filter_text,
        value_text: value_sql?.text.to_owned(),
        written: doc.written.clone(),
    })
}

/// The field with the municipality that a row counts for.
fn role(cursor: Cursor<'_>, dataset: &Dataset, report: &mut Report<'_>) -> Option<FieldIndex> {
    let word = cursor.word(report)?;
    let found = dataset.roles.iter().find(|(role, _)| role.as_str() == word.value);
    if found.is_none() {
        let known: Vec<&str> = dataset.roles.iter().map(|(role, _)| role.as_str()).collect();
        let message = format!("`{}` has no role `{}`", dataset.id, word.value);
        let finding = report.error(Code::UNKNOWN_FIELD, word.span, message);
        if known.is_empty() {
            finding.help("declare it in the dataset: `roles: {payer: <field with a municipality>}`");
        } else {
            finding.did_you_mean_one_of(word.value, known);
        }
    }
    found.map(|(_, field)| *field)
}

/// What must be absent, as written.
struct AbsenceDoc {
    at: Span,
    shift: Length,
    on: Vec<Written<String>>,
}

impl AbsenceDoc {
    fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::ABSENCE, report)?;
        let shift = keys.need("shift", report).map(|cursor| Length::read(cursor, "-1 month", report));
        let on = keys.need("on", report).and_then(|cursor| cursor.text_or_texts(report));
        keys.finish(report);
        Some(Self { at: cursor.at, shift: shift?, on: on? })
    }

    fn resolve(
        &self,
        rows: RowScope<'_>,
        dataset: &Dataset,
        period: PeriodKind,
        report: &mut Report<'_>,
    ) -> Option<Absence> {
        let shift = self.shift.whole(period, report);
        let on = fields_of(&self.on, rows, report);
        if self.on.is_empty() {
            report.error(Code::INVALID_VALUE, self.at, "`on` names no field that could be absent");
            return None;
        }
        let of_time = |field: &&FieldIndex| **field == dataset.time && dataset.moment != MomentRule::Interval;
        if let Some(field) = on.as_ref().and_then(|on| on.iter().find(of_time).copied()) {
            // Rows of another time never have the time of these: everything would be absent.
            let message = format!("`{}` is never the same at another time", dataset.field(field).name);
            report.error(Code::INVALID_VALUE, self.at, message).help("name what the rows are about: a person, a case");
            return None;
        }
        if on.as_deref() == Some(&[dataset.municipality]) {
            let message = "every row has the municipality, so rows count only where none was delivered before";
            report.error(Code::INVALID_VALUE, self.at, message).help("name what the rows are about: a person, a case");
            return None;
        }
        Some(Absence { shift: shift?, on: on? })
    }
}

/// The fields with these names, each of them once.
fn fields_of(names: &[Written<String>], rows: RowScope<'_>, report: &mut Report<'_>) -> Option<Vec<FieldIndex>> {
    for (at, name) in names.iter().enumerate() {
        if let Some(first) = names[..at].iter().find(|first| first.value == name.value) {
            let message = format!("`{}` stands twice", name.value);
            report.error(Code::INVALID_VALUE, name.span, message).related(first.span, "first written here");
        }
    }
    every(names.iter().map(|name| field_of(name, rows.dataset, rows.fields, report)))
}

/// The field that a name in the file means.
pub(super) fn field_of(
    name: &Written<String>,
    dataset: &str,
    fields: &[Field],
    report: &mut Report<'_>,
) -> Option<FieldIndex> {
    let found = fields.iter().position(|field| field.name.as_str() == name.value);
    if found.is_none() {
        let message = format!("`{dataset}` has no field `{}`", name.value);
        let known = fields.iter().map(|field| field.name.as_str());
        report.error(Code::UNKNOWN_FIELD, name.span, message).did_you_mean_one_of(&name.value, known);
    }
    found.map(FieldIndex)
}

/// The first grouping, with what the groups look like.
fn grouping(
    per: Cursor<'_>,
    doc: &MeasureDoc<'_>,
    rows: RowScope<'_>,
    row_unit: &Unit,
    report: &mut Report<'_>,
) -> Option<Grouping> {
    let by = per.text_or_texts(report)?;
    let by = fields_of(&by, rows, report);
    let mut lets = Vec::new();
    for (name, cursor) in doc.lets.and_then(|lets| lets.entries(report)).unwrap_or_default() {
        lets.push(group_value(name, cursor, rows, row_unit, report));
    }
    let (by, lets) = (by?, every(lets)?);
    let mut fields: Vec<Field> = by.iter().map(|index| rows.fields[index.0].clone()).collect();
    fields.extend(lets.iter().map(|(field, _)| field.clone()));
    let scope = RowScope { dataset: "the group", fields: &fields, lists: rows.lists, active: false, time: None };
    let having = match doc.having {
        Some(cursor) => {
            let expression = sql::parse(cursor, report)?;
            Some(RowCompiler::new(scope, &expression.places, report).condition(&expression.sql)?)
        }
        None => None,
    };
    let lets = lets.into_iter().map(|(field, aggregate)| (field.name, aggregate)).collect();
    Some(Grouping { by, lets, fields, having })
}

fn group_value(
    name: Written<&str>,
    cursor: Cursor<'_>,
    rows: RowScope<'_>,
    row_unit: &Unit,
    report: &mut Report<'_>,
) -> Option<(Field, Aggregate)> {
    let named = words::name(name.value, name.span, report);
    let expression = sql::parse(cursor, report)?;
    let mut compiler = RowCompiler::new(rows, &expression.places, report);
    let computed = compiler.aggregate(&expression.sql, row_unit)?;
    if matches!(computed.aggregate, Aggregate::Mean(_) | Aggregate::Quantile(..)) {
        report
            .error(Code::AGGREGATION_LEVEL, cursor.at, "a group's value is a sum, a count, or an extreme")
            .help("an average or a median can be the measure's `value`");
        return None;
    }
    let ty = match computed.scale {
        0 => FieldType::Integer,
        scale => FieldType::Decimal { precision: 18, scale },
    };
    let title = Text { da: name.value.to_owned(), en: name.value.to_owned() };
    let least = match computed.aggregate {
        // A group has at least the row that made it.
        Aggregate::Count => Some(1),
        Aggregate::CountDistinct(_) => Some(0),
        _ => None,
    };
    let range = least.map(|least| RangeRule { min: Some(least), max: None });
    let (required, pattern, masked) = (false, None, false);
    let field = Field { name: named?, title, ty, unit: Some(computed.unit), required, pattern, range, masked };
    Some((field, computed.aggregate))
}

/// The canonical form of a measure.
pub(super) fn canonical(measure: &Measure, dataset: &Dataset, datasets: &Shelf<Dataset>) -> Canonical {
    let rows = measure.fields(dataset);
    let name = |field: &FieldIndex| Canonical::word(&rows[field.0].name);
    let names = |fields: &[FieldIndex]| Canonical::list(fields.iter().map(name));
    let absent = measure.absent.as_ref().map(|absent| {
        Canonical::map([("shift", Some(Canonical::word(absent.shift))), ("on", Some(names(&absent.on)))])
    });
    let per = measure.per.as_ref().map(|per| {
        let value = |(name, aggregate): &(FieldName, Aggregate)| {
            (name.clone(), Canonical::word(canonical::aggregate(aggregate, rows)))
        };
        let having = per.having.as_ref().map(|having| canonical::expression(having, &per.fields));
        Canonical::map([
            ("by", Some(names(&per.by))),
            ("let", Some(Canonical::named(per.lets.iter().map(value)))),
            ("having", having.map(Canonical::word)),
        ])
    });
    let fields = measure.per.as_ref().map_or(rows, |per| &per.fields);
    let filter = measure.filter.as_ref().map(|filter| canonical::expression(filter, rows));
    let price = measure
        .price
        .as_ref()
        .and_then(|price| datasets.get(price.dataset.as_str()).map(|index| price::canonical(price, index)));
    Canonical::map([
        ("dataset", Some(Canonical::word(&measure.dataset))),
        ("role", measure.role.map(|role| Canonical::word(&dataset.field(role).name))),
        ("time", Some(Canonical::word(time::selection_word(measure.time)))),
        ("window", time::window_word(measure.window).map(Canonical::word)),
        ("join", measure.joined.as_ref().map(|joined| join::canonical(joined, dataset))),
        ("absent", absent),
        ("per", per),
        ("filter", filter.map(Canonical::word)),
        ("aggregate", Some(Canonical::word(canonical::aggregate(&measure.aggregate, fields)))),
        ("scale", Some(Canonical::word(measure.scale))),
        ("unit", Some(Canonical::text(&measure.unit))),
        ("price", price),
    ])
}
