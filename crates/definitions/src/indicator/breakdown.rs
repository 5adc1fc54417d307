//! Breakdowns: by which dimensions figures are broken down together, and what each measure is in their parts.

use std::collections::BTreeSet;

use model::{
    Breakdown, CategoryValues, Code, CodeList, Comparison, Dataset, Dimension, Expr, Field, FieldIndex, FieldType,
    Indicator, MOST_CELLS, Measure, Slicing,
};

use super::additive;
use super::dimension::{DimensionDoc, Used};
use super::measure::MeasureDoc;
use crate::canonical::{self, Canonical};
use crate::shelf::Shelf;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// `dimensions` and `breakdowns` as written.
#[derive(Default)]
pub(super) struct BreakdownsDoc<'n> {
    pub(super) dimensions: Vec<DimensionDoc<'n>>,
    pub(super) breakdowns: Vec<Names>,
}

/// The dimensions of one breakdown, and where it stands.
pub(super) struct Names {
    span: Span,
    names: Vec<Written<String>>,
}

/// Reads `breakdowns`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<Names>> {
    let mut breakdowns: Vec<Names> = Vec::new();
    for item in cursor.items(report)? {
        let Names { span, names } = Names { span: item.at, names: item.text_or_texts(report)? };
        for (at, name) in names.iter().enumerate() {
            if let Some(first) = names[..at].iter().find(|first| first.value == name.value) {
                let message = format!("`{}` stands twice", name.value);
                report.error(Code::INVALID_VALUE, name.span, message).related(first.span, "first written here");
            }
        }
        if names.is_empty() {
            report
                .error(Code::INVALID_VALUE, span, "a breakdown has at least one dimension")
                .help("the total is there by itself");
        }
        let sorted = |names: &[Written<String>]| names.iter().map(|name| name.value.clone()).collect::<BTreeSet<_>>();
        if let Some(first) = breakdowns.iter().find(|first| sorted(&first.names) == sorted(&names)) {
            report
                .error(Code::INVALID_VALUE, span, "these dimensions are broken down by already")
                .related(first.span, "first written here");
        }
        breakdowns.push(Names { span, names });
    }
    Some(breakdowns)
}

/// What a measure says of breakdowns: `total`, or for each dimension `total` or another field.
#[derive(Default)]
pub(super) struct ChoiceDoc {
    /// Where it says `total`.
    all: Option<Span>,
    each: Vec<(Written<String>, Written<String>)>,
}

const TOTAL: &str = "total";

impl ChoiceDoc {
    /// Reads a measure's `breakdown`.
    pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        if !cursor.is_mapping() {
            cursor.choice(report, &[(TOTAL, ())])?;
            return Some(Self { all: Some(cursor.span()), each: Vec::new() });
        }
        let entries = cursor.entries(report)?;
        let entry = |(name, cursor): (Written<&str>, Cursor<'_>)| {
            let name = Written { value: name.value.to_owned(), span: name.span };
            Some((name, cursor.text(report)?))
        };
        Some(Self { all: None, each: every(entries.into_iter().map(entry))? })
    }

    /// What it says, wherever it says it: whether `total`, and what of which dimension.
    pub(super) fn said(&self) -> (bool, BTreeSet<(String, String)>) {
        let each = self.each.iter().map(|(name, value)| (name.value.clone(), value.value.clone()));
        (self.all.is_some(), each.collect())
    }

    fn place(&self) -> Option<Span> {
        self.all.or_else(|| self.each.first().map(|(name, _)| name.span))
    }

    /// What it says of a dimension.
    fn of(&self, dimension: &str) -> Said<'_> {
        if self.all.is_some() {
            return Said::Same;
        }
        match self.each.iter().find(|(name, _)| name.value == dimension) {
            Some((_, value)) if value.value == TOTAL => Said::Same,
            Some((_, value)) => Said::Field(value),
            None => Said::Nothing,
        }
    }
}

/// What a measure says of a dimension.
enum Said<'d> {
    /// It has the field that the dimension is about.
    Nothing,
    /// It is the same for every category.
    Same,
    /// It has another field.
    Field(&'d Written<String>),
}

/// What breakdowns are resolved against.
pub(super) struct Scope<'a> {
    pub(super) datasets: &'a Shelf<Dataset>,
    pub(super) lists: &'a Shelf<CodeList>,
    /// The indicator's own measures, which come first among all.
    pub(super) measures: &'a [MeasureDoc<'a>],
}

/// The fields that a measure can be broken down by: behind a first grouping, those of the groups.
pub(super) fn fields_of<'m>(measure: &'m Measure, dataset: &'m Dataset) -> &'m [Field] {
    measure.per.as_ref().map_or_else(|| measure.fields(dataset), |per| &per.fields)
}

/// A dimension with the field that each measure has it in; `None` where the measure is the same for every category.
struct Found<'d> {
    used: Used<'d>,
    dimension: Dimension,
    fields: Vec<Option<FieldIndex>>,
}

/// Gives an indicator its breakdowns, and its measures what they are in their parts.
pub(super) fn resolve(
    doc: &BreakdownsDoc<'_>,
    indicator: &mut Indicator,
    scope: &Scope<'_>,
    report: &mut Report<'_>,
) -> Option<()> {
    let mut used: Vec<Used<'_>> = Vec::new();
    for name in doc.breakdowns.iter().flat_map(|breakdown| &breakdown.names) {
        if used.iter().all(|known| known.name.value != name.value) {
            used.push(Used::find(name, &doc.dimensions));
        }
    }
    check_names(doc, &used, scope, report);
    if used.iter().any(Used::is_broken) {
        return None;
    }
    let found = every(used.iter().map(|used| find(*used, indicator, scope, report)))?;
    for names in &doc.breakdowns {
        let dimensions: Vec<usize> = names
            .names
            .iter()
            .filter_map(|name| found.iter().position(|one| one.used.name.value == name.value))
            .collect();
        let cells = dimensions.iter().map(|at| found[*at].dimension.categories.len()).try_fold(1, usize::checked_mul);
        if cells.is_none_or(|cells| cells > MOST_CELLS) {
            let many = cells.map_or("too many".to_owned(), |cells| cells.to_string());
            let message = format!("the breakdown has {many} parts, and may have {MOST_CELLS}");
            report
                .error(Code::BREAKDOWN_MISMATCH, names.span, message)
                .help("take fewer dimensions together, a `group` of the codes, or `groups` and `bands` that are wider");
            return None;
        }
        indicator.breakdowns.push(Breakdown { dimensions, additive: false });
    }
    for at in 0..indicator.measures.len() {
        let breakdowns = indicator.breakdowns.iter();
        indicator.measures[at].slicings =
            breakdowns.map(|breakdown| slicing(&indicator.measures[at], at, &breakdown.dimensions, &found)).collect();
        let totals: Vec<Expr> =
            (0..found.len()).filter_map(|dimension| total(at, &found[dimension], &indicator.measures[at])).collect();
        let measure = &mut indicator.measures[at];
        measure.filter = with(measure.filter.take(), totals);
    }
    indicator.dimensions = found.iter().map(|one| one.dimension.clone()).collect();
    check_reach(indicator, &found, scope, report)?;
    let partial: Vec<bool> = found.iter().map(|one| one.used.total().is_some()).collect();
    for at in 0..indicator.breakdowns.len() {
        indicator.breakdowns[at].additive = additive::is_proven(indicator, at, scope)
            && indicator.breakdowns[at].dimensions.iter().all(|dimension| !partial[*dimension]);
    }
    Some(())
}

/// Reports dimensions that no breakdown names, and what measures say of dimensions that there are not.
fn check_names(doc: &BreakdownsDoc<'_>, used: &[Used<'_>], scope: &Scope<'_>, report: &mut Report<'_>) {
    let is_used = |name: &str| used.iter().any(|used| used.name.value == name);
    for dimension in doc.dimensions.iter().filter(|dimension| !is_used(dimension.name.value)) {
        let message = format!("no breakdown uses the dimension `{}`", dimension.name.value);
        report
            .error(Code::INVALID_VALUE, dimension.name.span, message)
            .help(format!("write it in `breakdowns: [[{}]]`, or remove it", dimension.name.value));
    }
    let known = || used.iter().map(|used| used.name.value.as_str());
    for measure in scope.measures {
        let Some(choice) = &measure.breakdown else { continue };
        if let (true, Some(span)) = (used.is_empty(), choice.place()) {
            let message = "the indicator has no breakdowns that this could be about";
            report.error(Code::INVALID_VALUE, span, message).help("add `breakdowns:`, or remove it");
            continue;
        }
        for (name, _) in choice.each.iter().filter(|(name, _)| !is_used(&name.value)) {
            let message = format!("no breakdown has a dimension `{}`", name.value);
            report.error(Code::UNKNOWN_FIELD, name.span, message).did_you_mean_one_of(&name.value, known());
        }
    }
}

/// Finds the field of a dimension in every measure.
fn find<'d>(used: Used<'d>, indicator: &Indicator, scope: &Scope<'_>, report: &mut Report<'_>) -> Option<Found<'d>> {
    let mut fields: Vec<Option<FieldIndex>> = Vec::new();
    let mut first: Option<(&Field, &Measure)> = None;
    for (at, measure) in indicator.measures.iter().enumerate() {
        let dataset = scope.datasets.get(measure.dataset.as_str())?;
        let known = fields_of(measure, dataset);
        let own = scope.measures.get(at);
        let choice = own.and_then(|own| own.breakdown.as_ref());
        let wanted = match choice.map_or(Said::Nothing, |choice| choice.of(&used.name.value)) {
            Said::Same => {
                fields.push(None);
                continue;
            }
            Said::Field(field) => field,
            Said::Nothing => used.field(),
        };
        let Some(position) = known.iter().position(|field| field.name.as_str() == wanted.value) else {
            lacks(used, wanted, (measure, dataset), own, report);
            return None;
        };
        let field = &known[position];
        match first {
            Some((known, _)) if known.ty == field.ty => {}
            Some((known, other)) => {
                let message = format!(
                    "`{}` is {} in `{}`, but `{}` is {} in `{}`",
                    known.name,
                    described(&known.ty),
                    other.name,
                    field.name,
                    described(&field.ty),
                    measure.name
                );
                report.error(Code::TYPE_MISMATCH, wanted.span, message).help(
                    "name a field of the same type, or write `breakdown: total` where the measure is the same for all",
                );
                return None;
            }
            None => first = Some((field, measure)),
        }
        fields.push(Some(FieldIndex(position)));
    }
    let Some((field, _)) = first else {
        let message = format!("every measure is the same for all categories of `{}`", used.name.value);
        report
            .error(Code::BREAKDOWN_MISMATCH, used.name.span, message)
            .help("remove `breakdown` where it can be broken down");
        return None;
    };
    Some(Found { used, dimension: used.resolve(field, scope.lists, report)?, fields })
}

fn described(ty: &FieldType) -> String {
    match ty {
        FieldType::Code(list) => format!("a code of `{list}`"),
        other => format!("of the type {}", other.word()),
    }
}

/// Reports that a measure has no such field.
fn lacks(
    used: Used<'_>,
    wanted: &Written<String>,
    (measure, dataset): (&Measure, &Dataset),
    own: Option<&MeasureDoc<'_>>,
    report: &mut Report<'_>,
) {
    let known = fields_of(measure, dataset);
    let of_rows = measure.fields(dataset).iter().any(|field| field.name.as_str() == wanted.value);
    let grouped = measure.per.is_some() && of_rows;
    let whose = if measure.per.is_some() { "the groups of " } else { "" };
    let message = match own {
        Some(_) => format!(
            "{whose}`{}` cannot be broken down by `{}`: `{}` has no field `{}`",
            measure.name,
            used.name.value,
            if measure.per.is_some() { "per" } else { dataset.id.as_str() },
            wanted.value
        ),
        None => format!("`{}` is made of `{}`, and that has no field `{}`", measure.name, dataset.id, wanted.value),
    };
    let similar = known.iter().map(|field| field.name.as_str());
    let finding = report.error(Code::BREAKDOWN_MISMATCH, wanted.span, message);
    let finding = match own {
        Some(own) => finding.related(own.name.span, "the measure"),
        None => finding,
    };
    let help = match own {
        Some(_) if grouped => format!(
            "add `{}` to `per` (a group whose rows differ in it is then several), or write `breakdown: total` in `{}`",
            wanted.value, measure.name
        ),
        Some(_) => format!(
            "write `breakdown: total` in `{}` where it is the same for every category, or `breakdown: {{{}: <field>}}`",
            measure.name, used.name.value
        ),
        None => {
            "write its measures here, with `breakdown: total` where they are the same for every category".to_owned()
        }
    };
    finding.help(help).did_you_mean(&wanted.value, similar);
}

/// A condition, and others.
fn with(filter: Option<Expr>, others: Vec<Expr>) -> Option<Expr> {
    if others.is_empty() {
        return filter;
    }
    Some(Expr::And(filter.into_iter().chain(others).collect()))
}

/// The rows of a dimension that are totals themselves; behind a grouping the groups' field is one of the rows'.
fn total(measure_at: usize, found: &Found<'_>, measure: &Measure) -> Option<Expr> {
    let (total, field) = found.used.total().zip(found.fields[measure_at])?;
    let field = measure.per.as_ref().map_or(Some(field), |per| per.by.get(field.0).copied())?;
    Some(Expr::In(field, BTreeSet::from([total.value.clone()])))
}

fn slicing(measure: &Measure, at: usize, dimensions: &[usize], found: &[Found<'_>]) -> Slicing {
    let others = (0..found.len()).filter(|dimension| !dimensions.contains(dimension));
    let totals = others.filter_map(|dimension| total(at, &found[dimension], measure)).collect();
    Slicing {
        fields: dimensions.iter().map(|dimension| found[*dimension].fields[at]).collect(),
        filter: with(measure.filter.clone(), totals),
    }
}

/// The codes of a field that a condition leaves, where it says so in as many words.
pub(super) fn codes_left(filter: Option<&Expr>, field: FieldIndex) -> Option<BTreeSet<&str>> {
    match filter? {
        Expr::In(of, codes) if *of == field => Some(codes.iter().map(String::as_str).collect()),
        Expr::Compare(Comparison::Equal, left, right) => match (left.as_ref(), right.as_ref()) {
            (Expr::Field(of), Expr::Text(code)) | (Expr::Text(code), Expr::Field(of)) if *of == field => {
                Some(BTreeSet::from([code.as_str()]))
            }
            _ => None,
        },
        Expr::And(parts) => {
            let left = parts.iter().filter_map(|part| codes_left(Some(part), field));
            left.reduce(|one, other| one.intersection(&other).copied().collect())
        }
        _ => None,
    }
}

/// The field of the rows that a dimension's field is; a value that is computed of a group is none.
pub(super) fn row_field(measure: &Measure, field: FieldIndex) -> Option<FieldIndex> {
    measure.per.as_ref().map_or(Some(field), |per| per.by.get(field.0).copied())
}

/// Reports measures none of whose rows lies in any category.
fn check_reach(indicator: &Indicator, found: &[Found<'_>], scope: &Scope<'_>, report: &mut Report<'_>) -> Option<()> {
    for (at, measure) in indicator.measures.iter().enumerate() {
        for (breakdown, slicing) in indicator.breakdowns.iter().zip(&measure.slicings) {
            for (dimension, field) in breakdown.dimensions.iter().zip(&slicing.fields) {
                let row = field.and_then(|field| row_field(measure, field));
                let Some(left) = row.and_then(|row| codes_left(slicing.filter.as_ref(), row)) else { continue };
                let reaches = |category: &model::Category| match &category.values {
                    CategoryValues::Codes(codes) => codes.iter().any(|code| left.contains(code.as_str())),
                    _ => left.contains(category.code.as_str()),
                };
                if !found[*dimension].dimension.categories.iter().any(reaches) {
                    let used = found[*dimension].used;
                    let message = format!("no row of `{}` lies in a category of `{}`", measure.name, used.name.value);
                    let finding = report.error(Code::BREAKDOWN_MISMATCH, used.name.span, message);
                    let finding = match scope.measures.get(at) {
                        Some(own) => finding.related(own.name.span, "its condition leaves other codes"),
                        None => finding,
                    };
                    finding.help("rows that are totals are declared in the dimension (`total: TOT`), not in `where`");
                    return None;
                }
            }
        }
    }
    Some(())
}

/// The canonical forms of dimensions, breakdowns, and of what measures are in their parts.
pub(super) fn canonical(indicator: &Indicator, datasets: &Shelf<Dataset>) -> Option<[Canonical; 3]> {
    let category = |category: &model::Category| {
        let bound = |bound: Option<i64>| bound.map_or(Canonical::word("open"), Canonical::word);
        let values = match &category.values {
            CategoryValues::Code(validities) => Canonical::list(validities.iter().map(|validity| {
                Canonical::map([("from", validity.from.map(Canonical::word)), ("to", validity.to.map(Canonical::word))])
            })),
            CategoryValues::Codes(codes) => Canonical::texts(codes),
            CategoryValues::Boolean(truth) => Canonical::word(truth),
            CategoryValues::Band(least, most) => Canonical::list([bound(*least), bound(*most)]),
        };
        (category.code.clone(), values)
    };
    let dimensions = indicator.dimensions.iter();
    let dimensions = Canonical::named(
        dimensions.map(|dimension| (&dimension.name, Canonical::named(dimension.categories.iter().map(category)))),
    );
    let texts: Vec<String> = indicator.breakdowns.iter().map(|one| indicator.breakdown_text(one)).collect();
    let additive = texts.iter().zip(&indicator.breakdowns).map(|(text, one)| (text, Canonical::word(one.additive)));
    let breakdowns = Canonical::named(additive);
    let slicings = indicator.measures.iter().map(|measure| {
        let dataset = datasets.get(measure.dataset.as_str())?;
        let fields = fields_of(measure, dataset);
        let name =
            |field: &Option<FieldIndex>| Canonical::word(field.map_or(TOTAL, |field| fields[field.0].name.as_str()));
        let slicing = |slicing: &Slicing| {
            let filter = slicing.filter.as_ref().map(|filter| canonical::expression(filter, measure.fields(dataset)));
            Canonical::map([
                ("fields", Some(Canonical::list(slicing.fields.iter().map(name)))),
                ("filter", filter.map(Canonical::word)),
            ])
        };
        Some((&measure.name, Canonical::named(texts.iter().zip(measure.slicings.iter().map(slicing)))))
    });
    let slicings = Canonical::named(every(slicings)?);
    Some([dimensions, breakdowns, slicings])
}
