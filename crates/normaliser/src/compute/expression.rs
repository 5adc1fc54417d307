//! The typed plan in the engine's words.
//!
//! Everything was checked when the definition was read; what is left is translation. Two things are not left to the
//! engine's defaults: sums and differences are done in 128 bits, and membership keeps a missing value unknown.

use model::{ActiveTime, Comparison, DatePart, Expr, Field, FieldIndex, FieldType};
use polars::prelude::{self as pl, DataType, NamedFrom, Series, col, lit};

/// The column of a field.
pub(super) fn column(fields: &[Field], field: FieldIndex) -> pl::Expr {
    col(fields[field.0].name.as_str())
}

/// A condition over the columns of a canonical file.
pub(super) fn condition(expression: &Expr, fields: &[Field]) -> pl::Expr {
    let every = |parts: &[Expr], neutral: bool, combine: fn(pl::Expr, pl::Expr) -> pl::Expr| {
        parts.iter().map(|part| condition(part, fields)).reduce(combine).unwrap_or_else(|| lit(neutral))
    };
    match expression {
        Expr::Compare(operator, left, right) => {
            let wide = is_computed(left) || is_computed(right);
            compare(*operator, operand(left, fields, wide), operand(right, fields, wide))
        }
        Expr::And(parts) => every(parts, true, pl::Expr::and),
        Expr::Or(parts) => every(parts, false, pl::Expr::or),
        Expr::Not(inner) => condition(inner, fields).not(),
        Expr::IsNull(inner) => operand(inner, fields, is_computed(inner)).is_null(),
        Expr::In(field, texts) => membership(column(fields, *field), texts.iter().map(String::as_str)),
        other => operand(other, fields, false),
    }
}

/// A number in 128 bits: a sum of such numbers cannot overflow before it is checked.
pub(super) fn number(expression: &Expr, fields: &[Field]) -> pl::Expr {
    operand(expression, fields, true)
}

/// `wide` asks for numbers in 128 bits.
fn operand(expression: &Expr, fields: &[Field], wide: bool) -> pl::Expr {
    let widened = |number: pl::Expr| if wide { number.cast(DataType::Int128) } else { number };
    match expression {
        Expr::Field(field) if is_number(&fields[field.0].ty) => widened(column(fields, *field)),
        Expr::Field(field) => column(fields, *field),
        Expr::Text(text) => lit(text.as_str()),
        Expr::Number { minor, .. } => widened(lit(*minor)),
        Expr::Date(date) => lit(date.days()).cast(DataType::Date),
        Expr::Boolean(truth) => lit(*truth),
        Expr::Add(left, right) => operand(left, fields, true) + operand(right, fields, true),
        Expr::Subtract(left, right) => operand(left, fields, true) - operand(right, fields, true),
        Expr::Negate(inner) => lit(0i64).cast(DataType::Int128) - operand(inner, fields, true),
        Expr::Part(part, field) => {
            let day = column(fields, *field).dt();
            let part = match part {
                DatePart::Year => day.year().cast(DataType::Int64),
                DatePart::Month => day.month().cast(DataType::Int64),
            };
            widened(part)
        }
        Expr::Active(time) => widened(col(active_column(*time))),
        truth => condition(truth, fields),
    }
}

/// The column that says how long an interval has been active, which whoever knows the window has to add.
pub(super) fn active_column(time: ActiveTime) -> &'static str {
    match time {
        ActiveTime::Days => "_days_active",
        ActiveTime::Months => "_months_active",
    }
}

fn is_number(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Integer | FieldType::Decimal { .. })
}

fn is_computed(expression: &Expr) -> bool {
    matches!(expression, Expr::Add(..) | Expr::Subtract(..) | Expr::Negate(_))
}

fn compare(operator: Comparison, left: pl::Expr, right: pl::Expr) -> pl::Expr {
    match operator {
        Comparison::Equal => left.eq(right),
        Comparison::NotEqual => left.neq(right),
        Comparison::Less => left.lt(right),
        Comparison::LessOrEqual => left.lt_eq(right),
        Comparison::Greater => left.gt(right),
        Comparison::GreaterOrEqual => left.gt_eq(right),
    }
}

fn membership<'a>(column: pl::Expr, texts: impl ExactSizeIterator<Item = &'a str>) -> pl::Expr {
    if texts.len() == 0 {
        // Nothing is in an empty set, but whether a missing value is stays unknown.
        return column.clone().neq(column);
    }
    let set = Series::new("set".into(), texts.collect::<Vec<_>>());
    column.is_in(lit(set).implode(true), false)
}
