//! Well-formed indicators that cannot be meant: measures that are not used or stand twice, a division by nothing, a
//! factor that counts twice.

use model::{Code, Formula, Measure, MeasureIndex, Ratio, Unit};

use super::measure::MeasureDoc;
use crate::yaml::{Cursor, Report};

/// What is judged: the indicator's own measures, and its formula with the factor that brings it to the declared unit.
pub(super) struct Subject<'a> {
    pub(super) docs: &'a [MeasureDoc<'a>],
    pub(super) measures: &'a [Option<Measure>],
    pub(super) formula: &'a Formula,
    pub(super) conversion: Ratio,
    pub(super) unit: &'a Unit,
}

/// Reports what cannot be meant. `cursor` is the formula.
pub(super) fn check(subject: &Subject<'_>, cursor: Cursor<'_>, report: &mut Report<'_>) {
    let Subject { docs, measures, formula, conversion, unit } = *subject;
    for (at, doc) in docs.iter().enumerate() {
        if !names(formula, MeasureIndex(at)) {
            // It would still have to be delivered before there is a figure.
            report
                .error(Code::INVALID_VALUE, doc.name.span, format!("the formula does not use `{}`", doc.name.value))
                .help("use it in the formula, or remove the measure");
        }
        let twin = |(_, earlier): &(&MeasureDoc<'_>, &Option<Measure>)| {
            earlier.as_ref().zip(measures[at].as_ref()).is_some_and(|(earlier, measure)| is_same(earlier, measure))
        };
        // What is the same in the total may differ in the parts.
        let twin = |pair: &(&MeasureDoc<'_>, &Option<Measure>)| twin(pair) && pair.0.breaks_down_like(doc);
        if let Some((first, _)) = docs.iter().zip(measures).take(at).find(twin) {
            let message = format!("`{}` is the same measure as `{}`", doc.name.value, first.name.value);
            report
                .error(Code::INVALID_VALUE, doc.name.span, message)
                .related(first.name.span, "the other measure")
                .help("mend the one that differs, or use one name twice in the formula");
        }
    }
    if is_zero(formula) {
        report.error(Code::INVALID_VALUE, cursor.span(), "the formula is always zero");
    } else if divides_by_zero(formula) {
        report.error(Code::INVALID_VALUE, cursor.span(), "the formula divides by something that is always zero");
    }
    if conversion != Ratio::integer(1) && factors(formula).contains(&conversion) {
        let message = format!("the result is shown in `{unit}` by itself, so a factor of the formula counts twice");
        report.error(Code::UNIT_MISMATCH, cursor.span(), message).help("leave out the factor");
    }
}

fn names(formula: &Formula, measure: MeasureIndex) -> bool {
    match formula {
        Formula::Measure(named) => *named == measure,
        Formula::Number(_) => false,
        Formula::Negate(inner) => names(inner, measure),
        Formula::Add(left, right)
        | Formula::Subtract(left, right)
        | Formula::Multiply(left, right)
        | Formula::Divide(left, right) => names(left, measure) || names(right, measure),
    }
}

/// Whether two measures differ in nothing but name and spelling.
fn is_same(one: &Measure, other: &Measure) -> bool {
    let Measure { name, filter_text, value_text, .. } = other.clone();
    Measure { name, filter_text, value_text, ..one.clone() } == *other
}

fn divides_by_zero(formula: &Formula) -> bool {
    match formula {
        Formula::Measure(_) | Formula::Number(_) => false,
        Formula::Negate(inner) => divides_by_zero(inner),
        Formula::Divide(_, right) if is_zero(right) => true,
        Formula::Add(left, right)
        | Formula::Subtract(left, right)
        | Formula::Multiply(left, right)
        | Formula::Divide(left, right) => divides_by_zero(left) || divides_by_zero(right),
    }
}

/// Whether a formula is zero whatever its measures are.
fn is_zero(formula: &Formula) -> bool {
    let constant = formula.evaluate(&[]).is_ok_and(Ratio::is_zero);
    constant
        || match formula {
            Formula::Measure(_) | Formula::Number(_) => false,
            Formula::Negate(inner) => is_zero(inner),
            Formula::Add(left, right) => is_zero(left) && is_zero(right),
            Formula::Subtract(left, right) => left == right || (is_zero(left) && is_zero(right)),
            Formula::Multiply(left, right) => is_zero(left) || is_zero(right),
            Formula::Divide(left, _) => is_zero(left),
        }
}

/// The numbers that the whole result is multiplied by.
fn factors(formula: &Formula) -> Vec<Ratio> {
    match formula {
        Formula::Number(number) => vec![*number],
        Formula::Negate(inner) => factors(inner),
        Formula::Multiply(left, right) => [factors(left), factors(right)].concat(),
        Formula::Divide(left, right) => {
            let inverse = |number: Ratio| Ratio::integer(1).divided_by(number).ok();
            factors(left).into_iter().chain(factors(right).into_iter().filter_map(inverse)).collect()
        }
        Formula::Measure(_) | Formula::Add(..) | Formula::Subtract(..) => Vec::new(),
    }
}
