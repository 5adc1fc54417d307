//! Units of measure: products and quotients of base units with a factor, so that `hour/hour` can be shown in `%`.

use std::collections::BTreeMap;
use std::fmt;

use crate::Ratio;

/// The base units, and derived ones as a factor times a base unit. `%` and `per_mille` are plain numbers with a factor.
const KNOWN: &[(&str, &str, i128, i128)] = &[
    ("DKK", "DKK", 1, 1),
    ("person", "person", 1, 1),
    ("pupil", "pupil", 1, 1),
    ("child", "child", 1, 1),
    ("class", "class", 1, 1),
    ("school", "school", 1, 1),
    ("employee", "employee", 1, 1),
    ("fte", "fte", 1, 1),
    ("hour", "hour", 1, 1),
    ("minute", "hour", 1, 60),
    ("day", "day", 1, 1),
    ("month", "month", 1, 1),
    ("year", "year", 1, 1),
    ("posting", "posting", 1, 1),
    ("record", "record", 1, 1),
    ("%", "", 1, 100),
    ("per_mille", "", 1, 1000),
];

/// A unit of measure. Two units with the same dimension differ by a factor alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    text: String,
    dimension: BTreeMap<&'static str, i32>,
    factor: Ratio,
}

/// Why a text is no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// A word that is no unit.
    #[error("unknown unit `{0}`")]
    Unknown(String),
    /// Nothing where a unit was expected, for example after `/`.
    #[error("a unit is missing in `{0}`")]
    Missing(String),
    /// Factors that no 128-bit number holds.
    #[error("the factor of the unit is too large")]
    Overflow,
}

impl Unit {
    /// The plain number, written `1`.
    pub fn one() -> Self {
        Self { text: "1".to_owned(), dimension: BTreeMap::new(), factor: Ratio::integer(1) }
    }

    /// Reads `DKK/person`, `pupil`, `%`, `1000 * DKK`, `person/1000`. Everything after a `/` divides, term by term.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let mut unit = Self::one();
        let mut operator = '*';
        let mut rest = text.trim();
        loop {
            let end = rest.find(['*', '/']).unwrap_or(rest.len());
            let term = Self::term(rest[..end].trim(), text)?;
            unit = if operator == '*' { unit.times(&term)? } else { unit.divided_by(&term)? };
            match rest[end..].chars().next() {
                Some(next) => {
                    operator = next;
                    rest = &rest[end + 1..];
                }
                None => break,
            }
        }
        text.trim().clone_into(&mut unit.text);
        Ok(unit)
    }

    fn term(word: &str, whole: &str) -> Result<Self, UnitError> {
        if word.is_empty() {
            return Err(UnitError::Missing(whole.to_owned()));
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            let factor = word.parse().map_err(|_| UnitError::Overflow)?;
            if factor == 0 {
                return Err(UnitError::Unknown(word.to_owned()));
            }
            return Ok(Self { factor: Ratio::integer(factor), ..Self::one() });
        }
        let (_, base, n, d) =
            *KNOWN.iter().find(|(name, ..)| *name == word).ok_or_else(|| UnitError::Unknown(word.to_owned()))?;
        let dimension = if base.is_empty() { BTreeMap::new() } else { BTreeMap::from([(base, 1)]) };
        let factor = Ratio::new(n, d).map_err(|_| UnitError::Overflow)?;
        Ok(Self { text: word.to_owned(), dimension, factor })
    }

    /// Whether it is an amount of money, per whatever else.
    pub fn is_of_money(&self) -> bool {
        self.dimension.contains_key("DKK")
    }

    /// The names that [`Unit::parse`] knows, for messages.
    pub fn known() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(name, ..)| *name)
    }

    fn combined(&self, other: &Self, sign: i32, factor: Ratio) -> Self {
        let mut dimension = self.dimension.clone();
        for (base, exponent) in &other.dimension {
            *dimension.entry(base).or_insert(0) += sign * exponent;
        }
        dimension.retain(|_, exponent| *exponent != 0);
        let text = Self::spelled(&dimension, factor);
        Self { text, dimension, factor }
    }

    fn spelled(dimension: &BTreeMap<&str, i32>, factor: Ratio) -> String {
        let side = |sign: i32| {
            let mut names = Vec::new();
            for (base, exponent) in dimension {
                for _ in 0..(sign * exponent).max(0) {
                    names.push((*base).to_owned());
                }
            }
            names
        };
        let (mut over, mut under) = (side(1), side(-1));
        if factor.numerator() != 1 || over.is_empty() {
            over.insert(0, factor.numerator().to_string());
        }
        if factor.denominator() != 1 {
            under.insert(0, factor.denominator().to_string());
        }
        std::iter::once(over.join("*")).chain(under).collect::<Vec<_>>().join("/")
    }

    /// The product.
    pub fn times(&self, other: &Self) -> Result<Self, UnitError> {
        let factor = self.factor.times(other.factor).map_err(|_| UnitError::Overflow)?;
        Ok(self.combined(other, 1, factor))
    }

    /// The quotient.
    pub fn divided_by(&self, other: &Self) -> Result<Self, UnitError> {
        let factor = self.factor.divided_by(other.factor).map_err(|_| UnitError::Overflow)?;
        Ok(self.combined(other, -1, factor))
    }

    /// What a value in this unit is multiplied by to be in the other; `None` if they measure different things.
    pub fn conversion_to(&self, other: &Self) -> Option<Ratio> {
        (self.dimension == other.dimension).then(|| self.factor.divided_by(other.factor).ok()).flatten()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        Unit::parse(text).expect(text)
    }

    #[test]
    fn shares_become_per_cent() {
        let share = unit("hour").divided_by(&unit("hour")).expect("a quotient");
        assert_eq!(share.conversion_to(&unit("%")), Some(Ratio::integer(100)));
        assert_eq!(unit("minute").conversion_to(&unit("hour")), Ratio::new(1, 60).ok());
        assert_eq!(unit("DKK").conversion_to(&unit("person")), None);
        assert_eq!(unit("fte/person").conversion_to(&unit("fte/1000/person")), None.or(Some(Ratio::integer(1000))));
    }

    #[test]
    fn spelling_names_both_sides() {
        let quotient = unit("DKK").divided_by(&unit("person")).expect("a quotient");
        assert_eq!(quotient.to_string(), "DKK/person");
        assert_eq!(quotient.conversion_to(&unit("DKK/person")), Some(Ratio::integer(1)));
        assert_eq!(Unit::parse("DKK/"), Err(UnitError::Missing("DKK/".to_owned())));
        assert_eq!(Unit::parse("kroner"), Err(UnitError::Unknown("kroner".to_owned())));
    }
}
