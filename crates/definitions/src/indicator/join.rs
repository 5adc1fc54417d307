//! Look-ups: one row of another dataset for each row of a measure.
//!
//! It is a look-up and no join of SQL: what is found is one row or none, so that no row of the measure counts twice. That
//! is decided here, without data: the fields that are compared, the municipality and the time must contain the key of what
//! is looked up.

use model::{
    Code, Dataset, Field, FieldIndex, FieldName, FieldType, Join, JoinMoment, Joined, MomentRule, Text, TimeSelection,
};

use super::measure::{Scope, field_of};
use super::time;
use crate::canonical::Canonical;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// What is looked up, as written.
pub(super) struct JoinDocs<'n>(Vec<Option<JoinDoc<'n>>>);

/// A look-up as written; what has a mistake is `None`.
struct JoinDoc<'n> {
    name: Option<FieldName>,
    place: Span,
    dataset: Option<Written<String>>,
    on: Option<Vec<(Written<String>, Written<String>)>>,
    on_at: Span,
    at: Option<Cursor<'n>>,
}

impl<'n> JoinDoc<'n> {
    fn read(name: Written<&str>, cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::JOIN, report)?;
        let known = FieldName::new(name.value);
        if let Err(error) = &known {
            report.error(Code::INVALID_VALUE, name.span, error.to_string());
        }
        let dataset = keys.need("dataset", report).and_then(|cursor| cursor.text(report));
        let on = keys.need("on", report);
        let at = keys.need("at", report);
        keys.finish(report);
        let pairs = on.and_then(|on| pairs(on, report));
        Some(Self {
            name: known.ok(),
            place: name.span,
            dataset,
            on: pairs,
            on_at: on.map_or(cursor.at, |on| on.at),
            at,
        })
    }
}

/// `{field of the row: field of what is looked up}`.
fn pairs(on: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<(Written<String>, Written<String>)>> {
    let entries = on.entries(report)?;
    if entries.is_empty() {
        report
            .error(Code::INVALID_VALUE, on.at, "a look-up compares at least one field")
            .help("write `on: {<field of the row>: <field of what is looked up>}`");
        return None;
    }
    every(
        entries
            .into_iter()
            .map(|(own, theirs)| Some((Written { value: own.value.to_owned(), span: own.span }, theirs.text(report)?))),
    )
}

impl<'n> JoinDocs<'n> {
    /// Reads `join`.
    pub(super) fn read(cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Self> {
        let entries = cursor.entries(report)?;
        if entries.is_empty() {
            report.error(Code::INVALID_VALUE, cursor.at, "`join` looks nothing up").help("remove the key");
            return None;
        }
        Some(Self(entries.into_iter().map(|(name, cursor)| JoinDoc::read(name, cursor, report)).collect()))
    }

    /// Resolves what is looked up for the rows of a dataset.
    pub(super) fn resolve(&self, own: &Dataset, scope: &Scope<'_>, report: &mut Report<'_>) -> Option<Joined> {
        let (mut joins, mut fields, mut sound) = (Vec::new(), own.fields.clone(), true);
        for doc in &self.0 {
            match doc.as_ref().and_then(|doc| one(doc, own, scope, report)) {
                Some((join, dataset)) => {
                    fields.extend(dataset.fields.iter().map(|field| looked_up(field, &join.name, dataset)));
                    joins.push(join);
                }
                None => sound = false,
            }
        }
        sound.then_some(Joined { joins, fields })
    }
}

/// A field of what is looked up, as a field of the row that looks it up: it may be missing.
fn looked_up(field: &Field, name: &FieldName, dataset: &Dataset) -> Field {
    let title = Text {
        da: format!("{} ({})", field.title.da, dataset.title.da),
        en: format!("{} ({})", field.title.en, dataset.title.en),
    };
    Field { name: field.name.within(name), title, required: false, ..field.clone() }
}

fn one<'a>(
    doc: &JoinDoc<'_>,
    own: &Dataset,
    scope: &Scope<'a>,
    report: &mut Report<'_>,
) -> Option<(Join, &'a Dataset)> {
    let dataset = doc.dataset.as_ref().and_then(|name| scope.datasets.find(name, report))?;
    let on = every(doc.on.iter().flatten().map(|(one, other)| compared(one, other, own, dataset, report)));
    let on = doc.on.as_ref().and(on);
    let moment = doc.at.and_then(|at| moment(at, doc.place, own, dataset, scope, report));
    let on = on?;
    unique(doc.on_at, &on, own, dataset, report)?;
    Some((Join { name: doc.name.clone()?, dataset: dataset.id.clone(), on, moment: moment? }, dataset))
}

/// Two fields that must be equal: of one type, and in one unit.
fn compared(
    one: &Written<String>,
    other: &Written<String>,
    own: &Dataset,
    dataset: &Dataset,
    report: &mut Report<'_>,
) -> Option<(FieldIndex, FieldIndex)> {
    let left = field_of(one, own.id.as_str(), &own.fields, report);
    let right = field_of(other, dataset.id.as_str(), &dataset.fields, report);
    let (left, right) = (left?, right?);
    let (a, b) = (own.field(left), dataset.field(right));
    let alike = match (&a.ty, &b.ty) {
        (FieldType::Decimal { scale: a, .. }, FieldType::Decimal { scale: b, .. }) => a == b,
        (a, b) => a == b,
    };
    if !alike {
        let list = |ty: &FieldType| match ty {
            FieldType::Code(list) => format!("a code of `{list}`"),
            FieldType::Decimal { scale, .. } => format!("a decimal with {scale} decimals"),
            FieldType::Integer => "an integer".to_owned(),
            ty => format!("a {}", ty.word()),
        };
        let message = format!("`{}` is {}, but `{}` is {}", a.name, list(&a.ty), b.name, list(&b.ty));
        report.error(Code::TYPE_MISMATCH, other.span, message).related(one.span, "compared with this");
        return None;
    }
    if let (Some(unit), Some(theirs)) = (&a.unit, &b.unit) {
        if unit.conversion_to(theirs) != Some(model::Ratio::integer(1)) {
            let message = format!("`{unit}` and `{theirs}` cannot be compared");
            report.error(Code::UNIT_MISMATCH, other.span, message).related(one.span, "compared with this");
            return None;
        }
    }
    Some((left, right))
}

/// Which row in time.
fn moment(
    at: Cursor<'_>,
    place: Span,
    own: &Dataset,
    dataset: &Dataset,
    scope: &Scope<'_>,
    report: &mut Report<'_>,
) -> Option<JoinMoment> {
    if dataset.moment == MomentRule::Interval {
        let message = format!("`{}` holds intervals, of which several may hold at once", dataset.id);
        report
            .error(Code::MOMENT_MISMATCH, place, message)
            .help("look up in a dataset of snapshots, or of events that are placed by a period");
        return None;
    }
    let word = at.word(report)?;
    let (mine, theirs) = (own.field(own.time).ty.period_kind(), dataset.field(dataset.time).ty.period_kind());
    if word.value == "row" {
        if own.moment == MomentRule::Interval {
            report
                .error(Code::MOMENT_MISMATCH, word.span, "an interval is not of one time, at which something was so")
                .help("write a day: `at: start`, `at: last` or '09-05'");
            return None;
        }
        let lies_in = match (mine, theirs) {
            (None, _) => true,
            (Some(mine), Some(theirs)) => theirs.is_made_of(mine),
            (Some(_), None) => false,
        };
        if !lies_in {
            let word_of = |kind: Option<model::PeriodKind>| kind.map_or("day", model::PeriodKind::as_str);
            let message =
                format!("a {} of `{}` lies in no {} of `{}`", word_of(mine), own.id, word_of(theirs), dataset.id);
            report.error(Code::PERIOD_MISMATCH, word.span, message);
            return None;
        }
        return Some(JoinMoment::Row);
    }
    let period = scope.period?;
    if dataset.moment == MomentRule::Snapshot {
        if word.value == "average" {
            report
                .error(Code::INVALID_VALUE, word.span, "one row is looked up, not several")
                .help("write a day: `at: start`, `at: last` or '09-05', or `at: row` for the row's own time");
            return None;
        }
        return time::snapshot(at, dataset, period, report).map(JoinMoment::Day);
    }
    let selection = time::day_word(&word, report)?;
    if theirs.is_none() {
        let message = format!("`{}` holds events of single days, of which a day has any number", dataset.id);
        report
            .error(Code::MOMENT_MISMATCH, word.span, message)
            .help("look up in events that are placed by a period, or in snapshots");
        return None;
    }
    if matches!(selection, TimeSelection::At { .. }) && !time::is_year(period) {
        let message = format!("one {period} has no day of the year of its own");
        report.error(Code::MOMENT_MISMATCH, word.span, message).help("write `at: start`, `at: last` or `at: row`");
        return None;
    }
    Some(JoinMoment::Day(selection))
}

/// What is compared, the municipality and the time identify a row: they contain the key.
fn unique(
    place: Span,
    on: &[(FieldIndex, FieldIndex)],
    own: &Dataset,
    dataset: &Dataset,
    report: &mut Report<'_>,
) -> Option<()> {
    let given = |field: &FieldIndex| {
        *field == dataset.municipality || *field == dataset.time || on.iter().any(|(_, theirs)| theirs == field)
    };
    let missing: Vec<&str> =
        dataset.key.iter().filter(|field| !given(field)).map(|field| dataset.field(*field).name.as_str()).collect();
    if dataset.key.is_empty() {
        let message = format!("`{}` has no key, so that several of its rows could be found", dataset.id);
        report
            .error(Code::AMBIGUOUS_JOIN, place, message)
            .help("declare in the dataset what identifies a row: `key: [...]`");
        return None;
    }
    if !missing.is_empty() {
        let message =
            format!("several rows of `{}` could be found: its key has `{}` too", dataset.id, missing.join("`, `"));
        report
            .error(Code::AMBIGUOUS_JOIN, place, message)
            .help(format!("add it to `on`: `<field of {}>: {}`", own.id, missing[0]));
        return None;
    }
    Some(())
}

/// The canonical form of what is looked up.
pub(super) fn canonical(joined: &Joined, own: &Dataset) -> Canonical {
    let mut at = own.fields.len();
    let joins = joined.joins.iter().map(|join| {
        // Theirs are named as they are in expressions, so that their dataset is not needed here.
        let on = join
            .on
            .iter()
            .map(|(one, other)| (own.field(*one).name.clone(), Canonical::word(&joined.fields[at + other.0].name)));
        let on = Canonical::named(on.collect::<Vec<_>>());
        at += joined.fields[at..].iter().take_while(|field| is_of(field, &join.name)).count();
        let moment = match join.moment {
            JoinMoment::Row => "row".to_owned(),
            JoinMoment::Day(selection) => time::selection_word(selection),
        };
        let form = Canonical::map([
            ("dataset", Some(Canonical::word(&join.dataset))),
            ("on", Some(on)),
            ("at", Some(Canonical::word(moment))),
        ]);
        (join.name.clone(), form)
    });
    Canonical::named(joins.collect::<Vec<_>>())
}

fn is_of(field: &Field, join: &FieldName) -> bool {
    field.name.as_str().split_once('.').is_some_and(|(name, _)| name == join.as_str())
}
