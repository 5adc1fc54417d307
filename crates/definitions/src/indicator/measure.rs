//! Measures: which rows of a dataset count, when, and what is computed of them.

use model::{Code, CodeList, Dataset, Date, FieldName, Measure, MomentRule, Period, PeriodKind, TimeSelection};

use crate::canonical::{self, Canonical};
use crate::expression::{RowCompiler, RowScope, sql};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::yaml::{Broken, Cursor, Maybe, Report, Written};

/// A measure as written; what has a mistake is `None`.
pub(super) struct MeasureDoc<'n> {
    /// Its name.
    pub(super) name: Written<&'n str>,
    from: Option<Written<String>>,
    filter: Option<Cursor<'n>>,
    value: Option<Cursor<'n>>,
    at: Option<Cursor<'n>>,
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
    if entries.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.at, "an indicator has at least one measure");
    }
    Some(entries.into_iter().map(|(name, measure)| read_measure(name, measure, report)).collect())
}

fn read_measure<'n>(name: Written<&'n str>, cursor: Cursor<'n>, report: &mut Report<'_>) -> MeasureDoc<'n> {
    // A measure that cannot be read keeps its name, so that the formula does not complain about it too.
    let Some(mut keys) = cursor.keys(&vocabulary::MEASURE, report) else {
        return MeasureDoc { name, from: None, filter: None, value: None, at: None };
    };
    let doc = MeasureDoc {
        name,
        from: keys.need("from", report).and_then(|cursor| cursor.text(report)),
        filter: keys.take("where"),
        value: keys.need("value", report),
        at: keys.take("at"),
    };
    keys.finish(report);
    doc
}

/// Resolves a measure. `None` if it has a mistake, or its dataset is broken.
pub(super) fn resolve(doc: &MeasureDoc<'_>, scope: &Scope<'_>, report: &mut Report<'_>) -> Option<Measure> {
    let name = match FieldName::new(doc.name.value) {
        Ok(name) => Some(name),
        Err(error) => {
            report.error(Code::INVALID_VALUE, doc.name.span, error.to_string());
            None
        }
    };
    let filter_sql = doc.filter.map(|cursor| sql::parse(cursor, report).ok_or(Broken)).transpose();
    let value_sql = doc.value.and_then(|cursor| sql::parse(cursor, report));
    let dataset = doc.from.as_ref().and_then(|from| scope.datasets.find(from, report))?;
    let rows = RowScope { dataset: dataset.id.as_str(), fields: &dataset.fields, lists: scope.lists };
    let filter: Maybe<_> = filter_sql.as_ref().map_err(|broken| *broken).and_then(|expression| {
        let condition = |expression: &sql::Expression<'_>| {
            RowCompiler::new(rows, &expression.places, report).condition(&expression.sql).ok_or(Broken)
        };
        expression.as_ref().map(condition).transpose()
    });
    let computed = value_sql.as_ref().and_then(|expression| {
        RowCompiler::new(rows, &expression.places, report).aggregate(&expression.sql, &dataset.row_unit)
    });
    let time = scope.period.and_then(|period| time(doc, dataset, period, report));
    let computed = computed?;
    let filter_text = filter_sql.ok()?.map(|expression| expression.text.to_owned());
    Some(Measure {
        name: name?,
        dataset: dataset.id.clone(),
        time: time?,
        filter: filter.ok()?,
        aggregate: computed.aggregate,
        scale: computed.scale,
        unit: computed.unit,
        filter_text,
        value_text: value_sql?.text.to_owned(),
    })
}

fn time(doc: &MeasureDoc<'_>, dataset: &Dataset, period: PeriodKind, report: &mut Report<'_>) -> Option<TimeSelection> {
    match (dataset.moment, doc.at) {
        (MomentRule::Event, None) => {
            if !period.is_made_of(dataset.partition) {
                let place = doc.from.as_ref().map_or(doc.name.span, |from| from.span);
                let message =
                    format!("a {period} is not made of the {}s that `{}` is kept by", dataset.partition, dataset.id);
                report.error(Code::PERIOD_MISMATCH, place, message);
                return None;
            }
            Some(TimeSelection::Within)
        }
        (MomentRule::Event, Some(at)) => {
            let message = format!("`{}` holds events, which belong to a whole period", dataset.id);
            report.error(Code::MOMENT_MISMATCH, at.at, message).help("remove `at`");
            None
        }
        (MomentRule::Snapshot, None) => {
            let message = format!("`{}` holds snapshots, so the measure says which one it reads", dataset.id);
            report
                .error(Code::MOMENT_MISMATCH, doc.name.span, message)
                .help("add `at: '09-05'` (month and day) or `at: start`");
            None
        }
        (MomentRule::Snapshot, Some(at)) => snapshot(at, dataset, period, report),
    }
}

fn snapshot(at: Cursor<'_>, dataset: &Dataset, period: PeriodKind, report: &mut Report<'_>) -> Option<TimeSelection> {
    let word = at.word(report)?;
    let selection = if word.value == "start" { Some(TimeSelection::AtStart) } else { month_and_day(word.value) };
    let Some(selection) = selection else {
        report
            .error(Code::INVALID_VALUE, word.span, format!("`{}` is no day that every year has", word.value))
            .help("write month and day, '09-05', or `start`");
        return None;
    };
    let is_year = matches!(period, PeriodKind::Year | PeriodKind::SchoolYear);
    if !is_year && selection != TimeSelection::AtStart {
        let message = format!("one {period} has no day of the year of its own");
        report.error(Code::MOMENT_MISMATCH, word.span, message).help("write `at: start`");
        return None;
    }
    let example = Period::containing(period, Date::new(2024, 10, 1)?);
    let day = selection.snapshot_day(example)?;
    let field = dataset.field(dataset.time);
    if let Some(kind) = field.ty.period_kind().filter(|kind| Period::containing(*kind, day).start() != day) {
        let message = format!("`{}` is a {kind}, which never begins on that day", field.name);
        report.error(Code::MOMENT_MISMATCH, word.span, message);
        return None;
    }
    Some(selection)
}

fn month_and_day(text: &str) -> Option<TimeSelection> {
    let (month, day) = text.split_once('-').filter(|(month, day)| month.len() == 2 && day.len() == 2)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // 2023 has no leap day.
    Date::new(2023, month, day).map(|_| TimeSelection::At { month, day })
}

/// The canonical form of a measure.
pub(super) fn canonical(measure: &Measure, dataset: &Dataset) -> Canonical {
    let time = match measure.time {
        TimeSelection::Within => "within".to_owned(),
        TimeSelection::AtStart => "start".to_owned(),
        TimeSelection::At { month, day } => format!("{month:02}-{day:02}"),
    };
    let filter = measure.filter.as_ref().map(|filter| canonical::expression(filter, &dataset.fields));
    Canonical::map([
        ("dataset", Some(Canonical::word(&measure.dataset))),
        ("time", Some(Canonical::word(time))),
        ("filter", filter.map(Canonical::word)),
        ("aggregate", Some(Canonical::word(canonical::aggregate(&measure.aggregate, &dataset.fields)))),
        ("scale", Some(Canonical::word(measure.scale))),
        ("unit", Some(Canonical::text(&measure.unit))),
    ])
}
