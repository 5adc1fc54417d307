//! The scalar arithmetic of an indicator over its measures, exact and the same for every engine.
//!
//! Measures are relational (filter, group, aggregate) and belong to the engine; a formula combines a handful of
//! aggregated integers, so it is evaluated here, once, in fractions that cannot round.

use crate::{NumberError, Ratio};

/// The position of a measure in its indicator's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasureIndex(pub usize);

/// A formula over measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// The value of a measure.
    Measure(MeasureIndex),
    /// A constant.
    Number(Ratio),
    /// Minus.
    Negate(Box<Self>),
    /// A sum.
    Add(Box<Self>, Box<Self>),
    /// A difference.
    Subtract(Box<Self>, Box<Self>),
    /// A product.
    Multiply(Box<Self>, Box<Self>),
    /// A quotient.
    Divide(Box<Self>, Box<Self>),
}

/// Why a formula has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// A measure that the formula needs has no value.
    #[error("a measure is missing")]
    Missing(MeasureIndex),
    /// The arithmetic has no result.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl Formula {
    /// The exact value, given the measures in their order.
    pub fn evaluate(&self, measures: &[Option<Ratio>]) -> Result<Ratio, FormulaError> {
        let pair = |left: &Self, right: &Self| Ok((left.evaluate(measures)?, right.evaluate(measures)?));
        match self {
            Self::Measure(index) => measures.get(index.0).copied().flatten().ok_or(FormulaError::Missing(*index)),
            Self::Number(value) => Ok(*value),
            Self::Negate(inner) => Ok(inner.evaluate(measures)?.negated()?),
            Self::Add(left, right) => pair(left, right).and_then(|(l, r)| Ok(l.plus(r)?)),
            Self::Subtract(left, right) => pair(left, right).and_then(|(l, r)| Ok(l.minus(r)?)),
            Self::Multiply(left, right) => pair(left, right).and_then(|(l, r)| Ok(l.times(r)?)),
            Self::Divide(left, right) => pair(left, right).and_then(|(l, r)| Ok(l.divided_by(r)?)),
        }
    }

    /// How many names, numbers and operators it has.
    pub fn size(&self) -> usize {
        match self {
            Self::Measure(_) | Self::Number(_) => 1,
            Self::Negate(inner) => 1 + inner.size(),
            Self::Add(left, right)
            | Self::Subtract(left, right)
            | Self::Multiply(left, right)
            | Self::Divide(left, right) => 1 + left.size() + right.size(),
        }
    }

    /// Numerator and denominator, where the formula as a whole is a quotient.
    pub fn quotient(&self) -> Option<(&Self, &Self)> {
        match self {
            Self::Divide(numerator, denominator) => Some((numerator, denominator)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_of_measures() {
        let measure = |index| Box::new(Formula::Measure(MeasureIndex(index)));
        let formula = Formula::Divide(measure(0), measure(1));
        let value =
            |n: Option<i128>, d: Option<i128>| formula.evaluate(&[n.map(Ratio::integer), d.map(Ratio::integer)]);
        assert_eq!(value(Some(1), Some(3)), Ok(Ratio::new(1, 3).expect("a ratio")));
        assert_eq!(value(Some(1), None), Err(FormulaError::Missing(MeasureIndex(1))));
        assert_eq!(value(Some(1), Some(0)), Err(FormulaError::Number(NumberError::DivisionByZero)));
        assert!(formula.quotient().is_some());
    }
}
