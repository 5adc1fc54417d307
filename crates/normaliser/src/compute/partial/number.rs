//! Numbers of rows: a field as it lies there, or sums and differences in 128 bits.

use model::{ColumnData, Date, DatePart, Expr, RecordBatch};

/// A number of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Field(usize),
    Constant(i64),
    Add(Box<Self>, Box<Self>),
    Subtract(Box<Self>, Box<Self>),
    Negate(Box<Self>),
    Part(DatePart, usize),
}

/// A number of every row.
pub(super) enum NumberColumn<'a> {
    Constant(i64),
    /// A field's values, and where there are any.
    Stored(&'a [i64], &'a [bool]),
    Computed(Vec<Option<i128>>),
}

impl Number {
    /// The definitions have checked that the expression is a number.
    pub(super) fn of(expression: &Expr) -> Self {
        let side = |expression: &Expr| Box::new(Self::of(expression));
        match expression {
            Expr::Field(field) => Self::Field(field.0),
            Expr::Number { minor, .. } => Self::Constant(*minor),
            Expr::Add(left, right) => Self::Add(side(left), side(right)),
            Expr::Subtract(left, right) => Self::Subtract(side(left), side(right)),
            Expr::Negate(inner) => Self::Negate(side(inner)),
            Expr::Part(part, field) => Self::Part(*part, field.0),
            other => unreachable!("{other:?} is no number"),
        }
    }

    pub(super) fn column<'a>(&self, batch: &'a RecordBatch) -> NumberColumn<'a> {
        let pairs = |left: &Self, right: &Self, combine: fn(i128, i128) -> i128| {
            let (left, right) = (left.column(batch), right.column(batch));
            let pair = |row| left.get(row).zip(right.get(row)).map(|(left, right)| combine(left, right));
            NumberColumn::Computed((0..batch.len()).map(pair).collect())
        };
        match self {
            Self::Constant(minor) => NumberColumn::Constant(*minor),
            Self::Field(field) => {
                let column = &batch.columns[*field];
                let ColumnData::Number(values) = &column.data else { unreachable!("a column of numbers") };
                NumberColumn::Stored(values, &column.valid)
            }
            Self::Part(part, field) => {
                let column = &batch.columns[*field];
                let ColumnData::Date(days) = &column.data else { unreachable!("a column of days") };
                let of = |(day, valid): (&i32, &bool)| {
                    Date::from_days(*day).filter(|_| *valid).map(|day| i128::from(part.of(day)))
                };
                NumberColumn::Computed(days.iter().zip(&column.valid).map(of).collect())
            }
            // An expression has far fewer than the 2^63 numbers of 64 bits that would be too much for 128.
            Self::Add(left, right) => pairs(left, right, |left, right| left + right),
            Self::Subtract(left, right) => pairs(left, right, |left, right| left - right),
            Self::Negate(inner) => pairs(&Self::Constant(0), inner, |zero, inner| zero - inner),
        }
    }
}

impl NumberColumn<'_> {
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i128> {
        match self {
            Self::Constant(minor) => Some(i128::from(*minor)),
            Self::Stored(values, valid) => valid[row].then(|| i128::from(values[row])),
            Self::Computed(values) => values[row],
        }
    }
}
