//! Indicators: measures of datasets, and the formula over them.

mod additive;
mod breakdown;
mod dimension;
mod history;
mod join;
mod measure;
mod price;
mod publication;
pub(crate) mod reference;
mod sense;
mod time;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Code, CodeList, Dataset, Direction, FieldName, Fingerprint, GroupRule, History, Indicator, IndicatorId,
    IndicatorVersion, Measure, MissingRule, Period, PeriodKind, Plausible, Ratio, Rounding, Unit,
};

use self::breakdown::BreakdownsDoc;
use self::measure::MeasureDoc;
use self::publication::{InclusionDoc, ReservationDoc};
pub(crate) use self::versions::{Indicators, Newer};
use crate::canonical::{self, Canonical};
use crate::expression::{formula, sql};
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{self, SpanDoc, every, period_kinds};
use crate::yaml::{Broken, Cursor, Report, Written};

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
    groups: Option<GroupRule>,
    plausible: Option<Plausible>,
    included_in: Vec<InclusionDoc>,
    breakdowns: Result<BreakdownsDoc<'n>, Broken>,
    reservations: Vec<ReservationDoc>,
    /// The earlier version that it takes the place of.
    supersedes: Option<IndicatorVersion>,
}

/// Reads and resolves an indicator.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    datasets: &Shelf<Dataset>,
    lists: &Shelf<CodeList>,
    indicators: &Indicators,
    newer: Newer,
    report: &mut Report<'_>,
) -> Option<Indicator> {
    let doc = read(root, identity, lists, report)?;
    if doc.measures.is_empty() && report.is_broken() {
        return None;
    }
    let valid = doc.period.map(|period| doc.valid.resolve(period, report));
    let unit = doc.unit.as_ref().and_then(|written| words::unit(written, report));
    let scope = measure::Scope { datasets, lists, period: doc.period };
    let measures: Vec<Option<Measure>> =
        doc.measures.iter().map(|measure| measure::resolve(measure, &scope, report)).collect();
    let doc_groups = doc.groups;
    let compile = |cursor, chosen: &BTreeMap<IndicatorId, Arc<Indicator>>, report: &mut Report<'_>| {
        let (docs, measures, indicators) = (&doc.measures, &measures, &indicators.current);
        let scope = FormulaScope { docs, measures, indicators, chosen, period: doc.period };
        compile_formula(cursor, &scope, unit.as_ref().zip(doc.unit.as_ref()), report)
    };
    let formula = doc.formula.and_then(|cursor| compile(cursor, &BTreeMap::new(), report));
    for (measure, doc) in measures.iter().zip(&doc.measures).filter_map(|(measure, doc)| Some((measure.as_ref()?, doc)))
    {
        if doc_groups == Some(GroupRule::RatioOfSums) && !measure.aggregate.is_combinable() {
            let message = format!("a region's `{}` cannot be made of its municipalities' own", measure.name);
            report
                .error(Code::AGGREGATION_LEVEL, doc.name.span, message)
                .help("say what the figure of several is: `groups: {rule: unweighted_mean}` or `{rule: median}`");
            return None;
        }
    }
    let (valid, (formula, conversion, formula_text, named)) = (valid?, formula?);
    let period = doc.period?;
    let included_in = publication::inclusions(&doc.included_in, period, valid, report);
    let declared_breaks: Vec<Period> =
        doc.reservations.iter().filter_map(|reservation| reservation.begins(period, valid, report)).collect();
    // With another version a series begins anew.
    let begins = valid.from.filter(|_| doc.supersedes.is_some());
    let breaks: Vec<Period> = declared_breaks.iter().copied().chain(begins).collect();
    let version = Indicator {
        id: IndicatorId::new(identity.id).ok()?,
        version: doc.version?,
        valid_from: valid.from,
        valid_to: valid.to,
        area: doc.area?,
        title: doc.head.title?,
        description: doc.head.description?,
        period: doc.period?,
        unit: unit.clone()?,
        decimals: doc.decimals?,
        rounding: doc.rounding?,
        direction: doc.direction?,
        measures: every(measures.iter().cloned())?,
        formula: formula.clone(),
        conversion,
        formula_text,
        dimensions: Vec::new(),
        breakdowns: Vec::new(),
        missing: doc.missing?,
        groups: doc.groups?,
        plausible: doc.plausible,
        included_in,
        breaks,
        history: History {
            valid: (valid.from, valid.to),
            supersedes: doc.supersedes,
            superseded: newer.left,
            declared_breaks,
            ..History::default()
        },
        reservations: doc.reservations.iter().map(|reservation| reservation.text.clone()).collect(),
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    // While a newer version is broken, where this one ends is not known, unless it says so itself.
    let made = version.defined().filter(|_| newer.known || valid.to.is_some());
    for (measure, doc) in version.measures.iter().zip(&doc.measures) {
        let Some((from, to)) = made else { break };
        let series = history::Series { period, valid: words::Span { from, to }, breaks: &version.breaks };
        history::check(&series, measure, doc, datasets, lists, report);
    }
    let mut indicator = versions::made_of(&version, (formula, conversion), &named)?;
    let breakdowns = doc.breakdowns.as_ref().ok()?;
    let scope = breakdown::Scope { datasets, lists, measures: &doc.measures };
    breakdown::resolve(breakdowns, &mut indicator, &scope, report)?;
    for chosen in versions::choices(&named, version.history.valid, indicators) {
        let mut apart = Report::new(report.path(), report.text());
        if let Some((formula, conversion, _, named)) = compile(doc.formula?, &chosen, &mut apart) {
            let mut edition = versions::made_of(&version, (formula, conversion), &named)?;
            breakdown::resolve(breakdowns, &mut edition, &scope, &mut apart)?;
            indicator.history.made_of_older.push(Arc::new(edition));
        }
        let made: Vec<String> = chosen.values().map(|other| format!("`{}@{}`", other.id, other.version)).collect();
        for mut finding in apart.into_findings() {
            finding.message = format!("{} (where it is made of {})", finding.message, made.join(", "));
            report.add(finding);
        }
    }
    indicator.canonical = canonical(&indicator, datasets)?.render();
    indicator.fingerprint = Fingerprint::of(indicator.canonical.as_bytes());
    Some(indicator)
}

fn read<'n>(
    root: Cursor<'n>,
    identity: Identity<'_>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) -> Option<IndicatorDoc<'n>> {
    const ROUNDING: [(&str, Rounding); 2] =
        [("half_away_from_zero", Rounding::HalfAwayFromZero), ("half_even", Rounding::HalfEven)];
    const MISSING: [(&str, MissingRule); 3] =
        [("propagate", MissingRule::Propagate), ("zero", MissingRule::Zero), ("exclude", MissingRule::Exclude)];
    let directions = [Direction::HigherIsBetter, Direction::LowerIsBetter, Direction::Neutral];
    let directions = directions.map(|direction| (direction.as_str(), direction));
    let mut keys = root.keys(&vocabulary::INDICATOR, report)?;
    let head = head(&mut keys, identity, report);
    let version = keys.need("version", report).and_then(|cursor| version(cursor, identity, report));
    let valid = keys.take("valid").and_then(|cursor| SpanDoc::read(cursor, report)).unwrap_or_default();
    let supersedes = keys.take("supersedes").and_then(|cursor| supersedes(cursor, identity, version, report));
    let area = keys.need("area", report).and_then(|cursor| area(cursor, identity, report));
    let period = keys.need("period", report).and_then(|cursor| cursor.choice(report, &period_kinds()));
    let unit = keys.need("unit", report).and_then(|cursor| cursor.text(report));
    let decimals = keys.need("decimals", report).and_then(|cursor| cursor.integer(report, 0..=9));
    let rounding = keys.take("rounding").map(|cursor| cursor.choice(report, &ROUNDING));
    let direction = keys.need("direction", report).and_then(|cursor| cursor.choice(report, &directions));
    let measures = keys.need("measures", report).and_then(|cursor| measure::read(cursor, report));
    let formula = keys.need("formula", report);
    let missing = keys.take("missing").map(|cursor| cursor.choice(report, &MISSING));
    let dimensions = keys.maybe("dimensions", |cursor| dimension::read(cursor, report));
    let breakdowns = keys.maybe("breakdowns", |cursor| breakdown::read(cursor, report));
    let breakdowns = dimensions.and_then(|dimensions| {
        let (dimensions, breakdowns) = (dimensions.unwrap_or_default(), breakdowns?.unwrap_or_default());
        Ok(BreakdownsDoc { dimensions, breakdowns })
    });
    let groups = keys.maybe("groups", |cursor| groups(cursor, report));
    let plausible = keys.maybe("plausible", |cursor| publication::plausible(cursor, report));
    let included_in = keys.take("included_in").and_then(|cursor| publication::included_in(cursor, lists, report));
    let reservations = keys.take("reservations").and_then(|cursor| publication::reservations(cursor, report));
    // Tests are read apart: they are no part of what the indicator means.
    keys.take("tests");
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
        groups: groups.ok().map(Option::unwrap_or_default),
        plausible: plausible.ok().flatten(),
        included_in: included_in.unwrap_or_default(),
        breakdowns,
        reservations: reservations.unwrap_or_default(),
        supersedes,
    })
}

fn groups(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<GroupRule> {
    let mut keys = cursor.keys(&vocabulary::GROUPS, report)?;
    let rules = GroupRule::ALL.map(|rule| (rule.as_str(), rule));
    let rule = keys.need("rule", report).and_then(|cursor| cursor.choice(report, &rules));
    keys.finish(report);
    rule
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

fn supersedes(
    cursor: Cursor<'_>,
    identity: Identity<'_>,
    version: Option<IndicatorVersion>,
    report: &mut Report<'_>,
) -> Option<IndicatorVersion> {
    let text = cursor.text(report)?;
    let earlier = text.value.strip_prefix(identity.id).and_then(|rest| rest.strip_prefix('@'));
    let earlier = earlier.and_then(|version| version.parse::<u32>().ok()).filter(|earlier| *earlier > 0);
    let earlier = earlier.filter(|earlier| version.is_none_or(|version| *earlier < version.0));
    if earlier.is_none() {
        let message = format!("`{}` is no earlier version of `{}`", text.value, identity.id);
        report
            .error(Code::INVALID_VALUE, text.span, message)
            .help(format!("write `{}@` and the number of the version before", identity.id));
    }
    earlier.map(IndicatorVersion)
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

/// The most names, numbers and operators of a formula with everything that it names: a chain of indicators each of which
/// names the one before twice doubles with every link.
const LARGEST_FORMULA: usize = 2_000;

/// What a formula is compiled against.
struct FormulaScope<'a> {
    docs: &'a [MeasureDoc<'a>],
    measures: &'a [Option<Measure>],
    indicators: &'a Shelf<Indicator>,
    chosen: &'a BTreeMap<IndicatorId, Arc<Indicator>>,
    period: Option<PeriodKind>,
}

/// The name, or if another measure has it, the name with a number.
fn free_name(name: &FieldName, measures: &[Measure]) -> Option<FieldName> {
    let is_free = |name: &FieldName| measures.iter().all(|measure| measure.name != *name);
    if is_free(name) {
        return Some(name.clone());
    }
    let short: String = name.as_str().chars().take(58).collect();
    (2..10_000).filter_map(|number| FieldName::new(&format!("{short}_{number}")).ok()).find(is_free)
}

/// The formula, the factor that brings its result to the indicator's unit, and its text.
fn compile_formula(
    cursor: Cursor<'_>,
    scope: &FormulaScope<'_>,
    declared: Option<(&Unit, &Written<String>)>,
    report: &mut Report<'_>,
) -> Option<(model::Formula, Ratio, String, Vec<Arc<Indicator>>)> {
    let expression = sql::parse(cursor, report)?;
    let named = scope.docs.iter().zip(scope.measures).map(|(doc, measure)| formula::NamedUnit {
        name: doc.name.value,
        unit: measure.as_ref().map(|measure| &measure.unit),
    });
    let named: Vec<_> = named.collect();
    let FormulaScope { indicators, chosen, period, .. } = *scope;
    let names = formula::Scope { measures: &named, indicators, chosen, period };
    let (typed, others) = formula::compile(&expression.sql, &names, &expression.places, report)?;
    if typed.formula.size() > LARGEST_FORMULA {
        let message = format!("the formula, with those that it names, has more than {LARGEST_FORMULA} parts");
        report.error(Code::YAML_LIMIT, cursor.span(), message);
        return None;
    }
    let (unit, written) = declared?;
    if typed.formula.evaluate(&[]).is_ok() {
        let message = "the formula uses no measure, so every figure is the same";
        report.error(Code::INVALID_VALUE, cursor.span(), message);
        return None;
    }
    let Some(conversion) = typed.unit.conversion_to(unit) else {
        let message = format!("the formula gives `{}`, but the declared unit is `{unit}`", typed.unit);
        report.error(Code::UNIT_MISMATCH, written.span, message).related(cursor.span(), "the formula");
        return None;
    };
    let FormulaScope { docs, measures, .. } = *scope;
    // With older versions of what it is made of, the same would be said again.
    if chosen.is_empty() {
        sense::check(&sense::Subject { docs, measures, formula: &typed.formula, conversion, unit }, cursor, report);
    }
    Some((typed.formula, conversion, expression.text.to_owned(), others))
}

fn canonical(indicator: &Indicator, datasets: &Shelf<Dataset>) -> Option<Canonical> {
    let rounding = match indicator.rounding {
        Rounding::HalfAwayFromZero => "half_away_from_zero",
        Rounding::HalfEven => "half_even",
    };
    let missing = match indicator.missing {
        MissingRule::Propagate => "propagate",
        MissingRule::Zero => "zero",
        MissingRule::Exclude => "exclude",
    };
    let measures = indicator.measures.iter().map(|measure| {
        let dataset = datasets.get(measure.dataset.as_str())?;
        Some((&measure.name, measure::canonical(measure, dataset, datasets)))
    });
    let measures: Option<Vec<_>> = measures.collect();
    let declared = &indicator.history.declared_breaks;
    let begins: Vec<Period> = indicator.breaks.iter().filter(|period| !declared.contains(period)).copied().collect();
    let periods =
        |periods: &[Period]| (!periods.is_empty()).then(|| Canonical::list(periods.iter().map(Canonical::word)));
    let older = indicator.history.made_of_older.iter().map(|edition| canonical(edition, datasets));
    let older: Option<Vec<Canonical>> = older.collect();
    let [dimensions, breakdowns, slicings] =
        breakdown::canonical(indicator, datasets)?.map(|form| Some(form).filter(|_| !indicator.breakdowns.is_empty()));
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
        ("dimensions", dimensions),
        ("breakdowns", breakdowns),
        ("slicings", slicings),
        ("missing", Some(Canonical::word(missing))),
        ("plausible", indicator.plausible.map(publication::plausible_form)),
        (
            "included_in",
            (!indicator.included_in.is_empty()).then(|| publication::included_form(&indicator.included_in)),
        ),
        ("breaks", periods(declared)),
        ("version_breaks", periods(&begins)),
        ("groups", (indicator.groups != GroupRule::default()).then(|| Canonical::word(indicator.groups.as_str()))),
        ("made_of_older", older.filter(|older| !older.is_empty()).map(Canonical::list)),
    ]))
}
