//! Indicators: measures of datasets, and the formula over them.

mod measure;

use model::{
    Code, CodeList, Dataset, Direction, FieldName, Fingerprint, Indicator, IndicatorId, IndicatorVersion, Measure,
    MissingRule, PeriodKind, Ratio, Rounding, Text, Unit,
};

use self::measure::MeasureDoc;
use crate::canonical::{self, Canonical};
use crate::expression::{formula, sql};
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{self, SpanDoc, every, period_kinds};
use crate::yaml::{Cursor, Report, Written};

struct IndicatorDoc<'n> {
    head: Head,
    version: Option<IndicatorVersion>,
    valid: SpanDoc,
    area: Option<FieldName>,
    period: Option<PeriodKind>,
    unit: Option<Written<String>>,
    decimals: Option<u8>,
    rounding: Option<Rounding>,
    direction: Option<Direction>,
    measures: Vec<MeasureDoc<'n>>,
    formula: Option<Cursor<'n>>,
    missing: Option<MissingRule>,
    reservations: Vec<Text>,
}

/// Reads and resolves an indicator.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    datasets: &Shelf<Dataset>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) -> Option<Indicator> {
    let doc = read(root, identity, report)?;
    let valid = doc.period.map(|period| doc.valid.resolve(period, report));
    let unit = doc.unit.as_ref().and_then(|written| words::unit(written, report));
    let scope = measure::Scope { datasets, lists, period: doc.period };
    let measures: Vec<Option<Measure>> =
        doc.measures.iter().map(|measure| measure::resolve(measure, &scope, report)).collect();
    let formula = doc.formula.and_then(|cursor| {
        compile_formula(cursor, &doc.measures, &measures, unit.as_ref().zip(doc.unit.as_ref()), report)
    });
    let (valid, (formula, conversion, formula_text)) = (valid?, formula?);
    let mut indicator = Indicator {
        id: IndicatorId::new(identity.id).ok()?,
        version: doc.version?,
        valid_from: valid.from,
        valid_to: valid.to,
        area: doc.area?,
        title: doc.head.title?,
        description: doc.head.description?,
        period: doc.period?,
        unit: unit?,
        decimals: doc.decimals?,
        rounding: doc.rounding?,
        direction: doc.direction?,
        measures: every(measures)?,
        formula,
        conversion,
        formula_text,
        missing: doc.missing?,
        reservations: doc.reservations,
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    indicator.canonical = canonical(&indicator, datasets)?.render();
    indicator.fingerprint = Fingerprint::of(indicator.canonical.as_bytes());
    Some(indicator)
}

fn read<'n>(root: Cursor<'n>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<IndicatorDoc<'n>> {
    const ROUNDING: [(&str, Rounding); 2] =
        [("half_away_from_zero", Rounding::HalfAwayFromZero), ("half_even", Rounding::HalfEven)];
    const MISSING: [(&str, MissingRule); 2] = [("propagate", MissingRule::Propagate), ("zero", MissingRule::Zero)];
    let directions = [Direction::HigherIsBetter, Direction::LowerIsBetter, Direction::Neutral];
    let directions = directions.map(|direction| (direction.as_str(), direction));
    let mut keys = root.keys(&vocabulary::INDICATOR, report)?;
    let head = head(&mut keys, identity, report);
    let version = keys.need("version", report).and_then(|cursor| version(cursor, identity, report));
    let valid = keys.take("valid").and_then(|cursor| SpanDoc::read(cursor, report)).unwrap_or_default();
    if let Some(cursor) = keys.take("supersedes") {
        check_supersedes(cursor, identity, version, report);
    }
    let area = keys.need("area", report).and_then(|cursor| area(cursor, identity, report));
    let period = keys.need("period", report).and_then(|cursor| cursor.choice(report, &period_kinds()));
    let unit = keys.need("unit", report).and_then(|cursor| cursor.text(report));
    let decimals = keys.need("decimals", report).and_then(|cursor| cursor.integer(report, 0..=9));
    let rounding = keys.take("rounding").map(|cursor| cursor.choice(report, &ROUNDING));
    let direction = keys.need("direction", report).and_then(|cursor| cursor.choice(report, &directions));
    let measures = keys.need("measures", report).and_then(|cursor| measure::read(cursor, report));
    let formula = keys.need("formula", report);
    let missing = keys.take("missing").map(|cursor| cursor.choice(report, &MISSING));
    let reservations = keys.take("reservations").and_then(|cursor| reservations(cursor, report));
    keys.finish(report);
    Some(IndicatorDoc {
        head,
        version,
        valid,
        area,
        period,
        unit,
        decimals,
        rounding: rounding.unwrap_or(Some(Rounding::default())),
        direction,
        measures: measures.unwrap_or_default(),
        formula,
        missing: missing.unwrap_or(Some(MissingRule::Propagate)),
        reservations: reservations.unwrap_or_default(),
    })
}

/// The version must be the one that the name of an older version's file has.
fn version(cursor: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<IndicatorVersion> {
    let version: u32 = cursor.integer(report, 1..=i64::from(u32::MAX))?;
    if let Some(named) = identity.version.filter(|named| *named != version.to_string()) {
        let message = format!("the version is {version}, but the file is named `{}@{named}`", identity.id);
        report.error(Code::ID_NOT_STEM, cursor.span(), message);
    }
    Some(IndicatorVersion(version))
}

fn check_supersedes(
    cursor: Cursor<'_>,
    identity: Identity<'_>,
    version: Option<IndicatorVersion>,
    report: &mut Report<'_>,
) {
    let Some(text) = cursor.text(report) else { return };
    let earlier = text.value.strip_prefix(identity.id).and_then(|rest| rest.strip_prefix('@'));
    let earlier = earlier.and_then(|version| version.parse::<u32>().ok()).filter(|earlier| *earlier > 0);
    let in_order = match (earlier, version) {
        (Some(earlier), Some(version)) => earlier < version.0,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if !in_order {
        let message = format!("`{}` is no earlier version of `{}`", text.value, identity.id);
        report
            .error(Code::INVALID_VALUE, text.span, message)
            .help(format!("write `{}@` and the number of the version before", identity.id));
    }
}

fn area(cursor: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<FieldName> {
    let area = cursor.id(report, FieldName::new)?;
    if let Some(folder) = identity.folder.filter(|folder| *folder != area.value.as_str()) {
        let message = format!("the area is `{}`, but the file stands in the folder `{folder}`", area.value);
        report
            .error(Code::INVALID_VALUE, area.span, message)
            .help(format!("move the file into the folder `{}`, or correct the area", area.value));
    }
    Some(area.value)
}

fn reservations(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<Text>> {
    Some(cursor.items(report)?.into_iter().filter_map(|item| item.bilingual(report)).collect())
}

/// The formula, the factor that brings its result to the indicator's unit, and its text.
fn compile_formula(
    cursor: Cursor<'_>,
    docs: &[MeasureDoc<'_>],
    measures: &[Option<Measure>],
    declared: Option<(&Unit, &Written<String>)>,
    report: &mut Report<'_>,
) -> Option<(model::Formula, Ratio, String)> {
    let expression = sql::parse(cursor, report)?;
    let named = docs.iter().zip(measures).map(|(doc, measure)| formula::NamedUnit {
        name: doc.name.value,
        unit: measure.as_ref().map(|measure| &measure.unit),
    });
    let named: Vec<_> = named.collect();
    let typed = formula::compile(&expression.sql, &named, &expression.places, report)?;
    let (unit, written) = declared?;
    let Some(conversion) = typed.unit.conversion_to(unit) else {
        let message = format!("the formula gives `{}`, but the declared unit is `{unit}`", typed.unit);
        report.error(Code::UNIT_MISMATCH, written.span, message).related(cursor.span(), "the formula");
        return None;
    };
    Some((typed.formula, conversion, expression.text.to_owned()))
}

fn canonical(indicator: &Indicator, datasets: &Shelf<Dataset>) -> Option<Canonical> {
    let rounding = match indicator.rounding {
        Rounding::HalfAwayFromZero => "half_away_from_zero",
        Rounding::HalfEven => "half_even",
    };
    let missing = match indicator.missing {
        MissingRule::Propagate => "propagate",
        MissingRule::Zero => "zero",
    };
    let measures = indicator.measures.iter().map(|measure| {
        let dataset = datasets.get(measure.dataset.as_str())?;
        Some((&measure.name, measure::canonical(measure, dataset)))
    });
    let measures: Option<Vec<_>> = measures.collect();
    Some(Canonical::map([
        ("kind", Some(Canonical::word("indicator"))),
        ("id", Some(Canonical::word(&indicator.id))),
        ("version", Some(Canonical::word(indicator.version))),
        ("valid_from", indicator.valid_from.map(Canonical::word)),
        ("valid_to", indicator.valid_to.map(Canonical::word)),
        ("area", Some(Canonical::word(&indicator.area))),
        ("period", Some(Canonical::word(indicator.period))),
        ("unit", Some(Canonical::text(&indicator.unit))),
        ("decimals", Some(Canonical::word(indicator.decimals))),
        ("rounding", Some(Canonical::word(rounding))),
        ("measures", Some(Canonical::named(measures?))),
        ("formula", Some(Canonical::word(canonical::formula(&indicator.formula, &indicator.measures)))),
        ("conversion", Some(Canonical::word(canonical::ratio(indicator.conversion)))),
        ("missing", Some(Canonical::word(missing))),
    ]))
}
