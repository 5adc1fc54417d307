//! The arithmetic over measures, with its unit.

use model::{Code, Formula, MeasureIndex, Ratio, Unit, UnitError};
use sqlparser::ast::{BinaryOperator, Expr as Sql, Spanned, UnaryOperator, Value};

use super::aggregate::is_aggregate;
use super::sql::Places;
use crate::decimal::Decimal;
use crate::yaml::{Report, Span};

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

struct Compiler<'c, 'f> {
    measures: &'c [NamedUnit<'c>],
    places: &'c Places,
    report: &'c mut Report<'f>,
}

/// Compiles a formula. `None` if it has mistakes, or names a broken measure.
pub(crate) fn compile(
    sql: &Sql,
    measures: &[NamedUnit<'_>],
    places: &Places,
    report: &mut Report<'_>,
) -> Option<Typed> {
    Compiler { measures, places, report }.typed(sql)
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
            .help("there are the names of measures, numbers, `+`, `-`, `*`, `/` and parentheses");
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

    fn constant(&mut self, value: &Value, sql: &Sql) -> Option<Typed> {
        let Value::Number(text, false) = value else {
            self.error(Code::TYPE_MISMATCH, sql, "a number or the name of a measure belongs here");
            return None;
        };
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
