//! The arithmetic over measures, with its unit.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Formula, Indicator, IndicatorId, MeasureIndex, PeriodKind, Ratio, Unit, UnitError};
use sqlparser::ast::{BinaryOperator, Expr as Sql, Function, Spanned, UnaryOperator, Value};

use super::aggregate::{argument_list, is_aggregate};
use super::sql::Places;
use crate::decimal::{self, Decimal};
use crate::shelf::Shelf;
use crate::yaml::{Report, Span, Written};

/// A measure as a formula sees it.
#[derive(Debug)]
pub(crate) struct NamedUnit<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its unit; `None` if the measure is broken, which was reported there.
    pub(crate) unit: Option<&'a Unit>,
}

/// A formula with the unit that it gives.
#[derive(Debug)]
pub(crate) struct Typed {
    /// The formula.
    pub(crate) formula: Formula,
    /// Its unit.
    pub(crate) unit: Unit,
}

/// The argument of `indicator('...')`; `None` if the function is another one.
pub(crate) fn indicator_named(function: &Function) -> Option<&Sql> {
    if !function.name.to_string().eq_ignore_ascii_case("indicator") {
        return None;
    }
    <[&Sql; 1]>::try_from(argument_list(function)?).ok().map(|[id]| id)
}

/// What a formula may name, and the measures that it brings along from other indicators.
#[derive(Debug)]
pub(crate) struct Scope<'c> {
    /// The indicator's own measures.
    pub(crate) measures: &'c [NamedUnit<'c>],
    /// The other indicators, each in its current version.
    pub(crate) indicators: &'c Shelf<Indicator>,
    /// Those of them that stand in the place of the current ones: older versions, where these are the valid ones.
    pub(crate) chosen: &'c BTreeMap<IndicatorId, Arc<Indicator>>,
    /// The periods of the indicator, if they are known.
    pub(crate) period: Option<PeriodKind>,
}

struct Compiler<'c, 'f> {
    scope: &'c Scope<'c>,
    named: Vec<Arc<Indicator>>,
    measures: &'c [NamedUnit<'c>],
    places: &'c Places,
    report: &'c mut Report<'f>,
}

/// Compiles a formula. `None` if it has mistakes, or names a broken measure or indicator. The measures of the indicators
/// that it names are numbered behind its own, in the order of these indicators.
pub(crate) fn compile(
    sql: &Sql,
    scope: &Scope<'_>,
    places: &Places,
    report: &mut Report<'_>,
) -> Option<(Typed, Vec<Arc<Indicator>>)> {
    let mut compiler = Compiler { scope, named: Vec::new(), measures: scope.measures, places, report };
    let typed = compiler.typed(sql)?;
    Some((typed, compiler.named))
}

impl Compiler<'_, '_> {
    fn typed(&mut self, sql: &Sql) -> Option<Typed> {
        match sql {
            Sql::Nested(inner) => self.typed(inner),
            Sql::Identifier(name) => self.measure(&name.value, sql),
            Sql::Value(value) => self.constant(&value.value, sql),
            Sql::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let Typed { formula, unit } = self.typed(expr)?;
                Some(Typed { formula: Formula::Negate(Box::new(formula)), unit })
            }
            Sql::BinaryOp { left, op, right } => self.combined(left, op, right, sql),
            Sql::Function(function) if indicator_named(function).is_some() => {
                self.other(indicator_named(function)?, sql)
            }
            Sql::Function(function) if is_aggregate(&function.name.to_string().to_lowercase()) => {
                self.error(Code::AGGREGATION_LEVEL, sql, "an aggregate stands in the formula")
                    .help("give it a name under `measures`, and use the name here");
                None
            }
            _ => self.unsupported(sql),
        }
    }

    fn span(&self, sql: &Sql) -> Span {
        self.places.span(sql.span())
    }

    fn error(&mut self, code: Code, sql: &Sql, message: impl AsRef<str>) -> crate::yaml::Finding<'_> {
        let span = self.span(sql);
        self.report.error(code, span, message)
    }

    fn unsupported(&mut self, sql: &Sql) -> Option<Typed> {
        self.error(Code::UNSUPPORTED_EXPRESSION, sql, "a formula has no such construct")
            .help("there are the names of measures, indicator('id'), numbers, `+`, `-`, `*`, `/` and parentheses");
        None
    }

    fn measure(&mut self, name: &str, sql: &Sql) -> Option<Typed> {
        let Some(at) = self.measures.iter().position(|measure| measure.name == name) else {
            let known: Vec<&str> = self.measures.iter().map(|measure| measure.name).collect();
            self.error(Code::UNKNOWN_MEASURE, sql, format!("there is no measure `{name}`"))
                .did_you_mean_one_of(name, known);
            return None;
        };
        Some(Typed { formula: Formula::Measure(MeasureIndex(at)), unit: self.measures[at].unit?.clone() })
    }

    /// `indicator('id')`: that indicator's formula, in its unit and before it is rounded.
    fn other(&mut self, id: &Sql, whole: &Sql) -> Option<Typed> {
        let span = self.span(id);
        let Sql::Value(value) = id else { return self.unsupported(whole) };
        let Value::SingleQuotedString(id) = &value.value else {
            self.error(
                Code::TYPE_MISMATCH,
                whole,
                "`indicator` takes the id of an indicator, in single quotation marks",
            );
            return None;
        };
        let other = match self.scope.chosen.get(id.as_str()) {
            Some(chosen) => Arc::clone(chosen),
            None => Arc::clone(self.scope.indicators.find(&Written { value: id.clone(), span }, self.report)?),
        };
        if let Some(period) = self.scope.period.filter(|period| *period != other.period) {
            let message = format!("`{id}` has {}s, and this indicator has {period}s", other.period);
            self.report.error(Code::PERIOD_MISMATCH, span, message);
            return None;
        }
        let known = self.named.iter().position(|named| named.id == other.id);
        let before = &self.named[..known.unwrap_or(self.named.len())];
        let by = self.measures.len() + before.iter().map(|named| named.measures.len()).sum::<usize>();
        let formula = moved(&other.formula, by);
        if known.is_none() {
            self.named.push(Arc::clone(&other));
        }
        let formula = if other.conversion == Ratio::integer(1) {
            formula
        } else {
            Formula::Multiply(Box::new(formula), Box::new(Formula::Number(other.conversion)))
        };
        Some(Typed { formula, unit: other.unit.clone() })
    }

    fn constant(&mut self, value: &Value, sql: &Sql) -> Option<Typed> {
        let Value::Number(text, false) = value else {
            self.error(Code::TYPE_MISMATCH, sql, "a number or the name of a measure belongs here");
            return None;
        };
        let span = self.span(sql);
        if decimal::is_ambiguous(text, span, self.report) {
            return None;
        }
        let ratio = Decimal::parse(text).and_then(|decimal| Ratio::decimal(decimal.minor, decimal.scale).ok());
        if ratio.is_none() {
            self.error(Code::LITERAL_RANGE, sql, format!("`{text}` has too many digits, or an exponent"));
        }
        Some(Typed { formula: Formula::Number(ratio?), unit: Unit::one() })
    }

    fn combined(&mut self, left: &Sql, op: &BinaryOperator, right: &Sql, whole: &Sql) -> Option<Typed> {
        if !matches!(
            op,
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide
        ) {
            return self.unsupported(whole);
        }
        let (l, r) = (self.typed(left), self.typed(right));
        let (l, r) = (l?, r?);
        if *op == BinaryOperator::Divide && matches!(&r.formula, Formula::Number(number) if number.is_zero()) {
            self.error(Code::INVALID_VALUE, right, "the formula divides by zero");
            return None;
        }
        let unit = self.combined_unit(&l.unit, op, &r.unit, whole)?;
        let (l, r) = (Box::new(l.formula), Box::new(r.formula));
        let formula = match op {
            BinaryOperator::Plus => Formula::Add(l, r),
            BinaryOperator::Minus => Formula::Subtract(l, r),
            BinaryOperator::Multiply => Formula::Multiply(l, r),
            _ => Formula::Divide(l, r),
        };
        Some(Typed { formula, unit })
    }

    fn combined_unit(&mut self, left: &Unit, op: &BinaryOperator, right: &Unit, sql: &Sql) -> Option<Unit> {
        let unit = match op {
            BinaryOperator::Multiply => left.times(right),
            BinaryOperator::Divide => left.divided_by(right),
            _ if left.conversion_to(right) == Some(Ratio::integer(1)) => Ok(left.clone()),
            _ => {
                let message = format!("`{left}` and `{right}` cannot be added or subtracted");
                self.error(Code::UNIT_MISMATCH, sql, message);
                return None;
            }
        };
        match unit {
            Ok(unit) => Some(unit),
            Err(UnitError::Overflow | UnitError::Unknown(_) | UnitError::Missing(_)) => {
                self.error(Code::UNIT_MISMATCH, sql, "the factor of the unit grows beyond 128 bits");
                None
            }
        }
    }
}

/// The formula over measures that stand so many places further back.
fn moved(formula: &Formula, by: usize) -> Formula {
    let inner = |part: &Formula| Box::new(moved(part, by));
    match formula {
        Formula::Measure(index) => Formula::Measure(MeasureIndex(index.0 + by)),
        Formula::Number(number) => Formula::Number(*number),
        Formula::Negate(part) => Formula::Negate(inner(part)),
        Formula::Add(left, right) => Formula::Add(inner(left), inner(right)),
        Formula::Subtract(left, right) => Formula::Subtract(inner(left), inner(right)),
        Formula::Multiply(left, right) => Formula::Multiply(inner(left), inner(right)),
        Formula::Divide(left, right) => Formula::Divide(inner(left), inner(right)),
    }
}
