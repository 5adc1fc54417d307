//! The rules of a dataset, evaluated on one canonical row with the three values of SQL: true, false, unknown.
//!
//! Measures are evaluated by the engine; a rule must be evaluated before there is anything that the engine could read.

use std::cmp::Ordering;

use model::{ColumnData, ColumnKind, Comparison, Date, Expr, FieldIndex, RecordBatch};

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Missing,
    Number(i128),
    Text(&'a str),
    Day(i32),
    Boolean(bool),
}

/// Whether the condition holds for the row; `None` if that is unknown.
pub(crate) fn holds(condition: &Expr, batch: &RecordBatch, row: usize) -> Option<bool> {
    match condition {
        Expr::Boolean(truth) => Some(*truth),
        Expr::Compare(operator, left, right) => {
            let order = compare(value(left, batch, row), value(right, batch, row))?;
            Some(fulfils(*operator, order))
        }
        Expr::And(parts) => every(parts, batch, row, false),
        Expr::Or(parts) => every(parts, batch, row, true),
        Expr::Not(inner) => holds(inner, batch, row).map(|truth| !truth),
        Expr::IsNull(inner) => Some(matches!(value(inner, batch, row), Value::Missing)),
        Expr::In(field, texts) => match field_value(*field, batch, row) {
            Value::Text(text) => Some(texts.contains(text)),
            _ => None,
        },
        Expr::Field(field) => match field_value(*field, batch, row) {
            Value::Boolean(truth) => Some(truth),
            _ => None,
        },
        // None of these is a truth; how long something has been active is known to measures alone.
        Expr::Text(_)
        | Expr::Number { .. }
        | Expr::Date(_)
        | Expr::Add(..)
        | Expr::Subtract(..)
        | Expr::Negate(_)
        | Expr::Part(..)
        | Expr::Active(_) => None,
    }
}

/// `decides` is the truth that one part alone decides: false for `and`, true for `or`.
fn every(parts: &[Expr], batch: &RecordBatch, row: usize, decides: bool) -> Option<bool> {
    let mut outcome = Some(!decides);
    for part in parts {
        match holds(part, batch, row) {
            Some(truth) if truth == decides => return Some(decides),
            Some(_) => {}
            None => outcome = None,
        }
    }
    outcome
}

fn fulfils(operator: Comparison, order: Ordering) -> bool {
    match operator {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

fn compare(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(&right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Day(left), Value::Day(right)) => Some(left.cmp(&right)),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(&right)),
        _ => None,
    }
}

fn value<'a>(expression: &'a Expr, batch: &'a RecordBatch, row: usize) -> Value<'a> {
    // Two numbers of 64 bits, and a few more, always fit 128.
    let pair = |left: &Expr, right: &Expr, combine: fn(i128, i128) -> i128| match (
        value(left, batch, row),
        value(right, batch, row),
    ) {
        (Value::Number(left), Value::Number(right)) => Value::Number(combine(left, right)),
        _ => Value::Missing,
    };
    match expression {
        Expr::Field(field) => field_value(*field, batch, row),
        Expr::Text(text) => Value::Text(text),
        Expr::Number { minor, .. } => Value::Number(i128::from(*minor)),
        Expr::Date(date) => Value::Day(date.days()),
        Expr::Add(left, right) => pair(left, right, |left, right| left + right),
        Expr::Subtract(left, right) => pair(left, right, |left, right| left - right),
        Expr::Negate(inner) => match value(inner, batch, row) {
            Value::Number(number) => Value::Number(-number),
            _ => Value::Missing,
        },
        Expr::Part(part, field) => match field_value(*field, batch, row) {
            Value::Day(day) => {
                Date::from_days(day).map_or(Value::Missing, |day| Value::Number(i128::from(part.of(day))))
            }
            _ => Value::Missing,
        },
        truth => holds(truth, batch, row).map_or(Value::Missing, Value::Boolean),
    }
}

fn field_value(field: FieldIndex, batch: &RecordBatch, row: usize) -> Value<'_> {
    let column = &batch.columns[field.0];
    if !column.valid[row] {
        return Value::Missing;
    }
    match (&column.data, &batch.schema.columns[field.0].1) {
        (ColumnData::Number(values), _) => Value::Number(i128::from(values[row])),
        (ColumnData::Date(values), _) => Value::Day(values[row]),
        (ColumnData::Boolean(values), _) => Value::Boolean(values[row]),
        (ColumnData::Code(values), ColumnKind::Code(codes)) => Value::Text(&codes[values[row] as usize]),
        (ColumnData::Text(values), _) => Value::Text(values.get(row)),
        (ColumnData::Code(_), _) => Value::Missing,
    }
}
