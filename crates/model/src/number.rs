//! Exact numbers: fractions of 128-bit integers, and their rounding to a declared number of decimals.
//!
//! Nothing here is a float, and nothing wraps: what does not fit is [`NumberError::Overflow`].

use std::cmp::Ordering;

/// How a value that lies between two last digits is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// 2.5 becomes 3 and -2.5 becomes -3: commercial rounding, the default.
    #[default]
    HalfAwayFromZero,
    /// 2.5 becomes 2 and 3.5 becomes 4.
    HalfEven,
}

/// Why an exact computation has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The result does not fit 128 bits.
    #[error("the exact result does not fit 128 bits")]
    Overflow,
    /// The divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// Ten to the power `exponent`, for exponents up to 38.
pub fn pow10(exponent: u8) -> Result<i128, NumberError> {
    10i128.checked_pow(u32::from(exponent)).ok_or(NumberError::Overflow)
}

/// An exact fraction in lowest terms; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator` in lowest terms.
    pub fn new(numerator: i128, denominator: i128) -> Result<Self, NumberError> {
        if denominator == 0 {
            return Err(NumberError::DivisionByZero);
        }
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let reduce = |part: i128| i128::try_from(part.unsigned_abs() / divisor).map_err(|_| NumberError::Overflow);
        let negative = (numerator < 0) != (denominator < 0);
        let magnitude = reduce(numerator)?;
        Ok(Self { numerator: if negative { -magnitude } else { magnitude }, denominator: reduce(denominator)? })
    }

    /// A whole number.
    pub fn integer(value: i128) -> Self {
        Self { numerator: value, denominator: 1 }
    }

    /// `minor` units of which `10^scale` make one.
    pub fn decimal(minor: i128, scale: u8) -> Result<Self, NumberError> {
        Self::new(minor, pow10(scale)?)
    }

    /// The numerator, in lowest terms; it carries the sign.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// The denominator, in lowest terms; positive.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// Whether the value is zero.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The negated value.
    pub fn negated(self) -> Result<Self, NumberError> {
        let numerator = self.numerator.checked_neg().ok_or(NumberError::Overflow)?;
        Ok(Self { numerator, ..self })
    }

    /// The exact sum.
    pub fn plus(self, other: Self) -> Result<Self, NumberError> {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        let numerator = left.zip(right).and_then(|(left, right)| left.checked_add(right));
        let denominator = self.denominator.checked_mul(other.denominator);
        let (numerator, denominator) = numerator.zip(denominator).ok_or(NumberError::Overflow)?;
        Self::new(numerator, denominator)
    }

    /// The exact difference.
    pub fn minus(self, other: Self) -> Result<Self, NumberError> {
        self.plus(other.negated()?)
    }

    /// The exact product; common factors are taken out first, so that it overflows only if the result does.
    pub fn times(self, other: Self) -> Result<Self, NumberError> {
        let left = Self::new(self.numerator, other.denominator)?;
        let right = Self::new(other.numerator, self.denominator)?;
        let numerator = left.numerator.checked_mul(right.numerator);
        let denominator = left.denominator.checked_mul(right.denominator);
        let (numerator, denominator) = numerator.zip(denominator).ok_or(NumberError::Overflow)?;
        Ok(Self { numerator, denominator })
    }

    /// The exact quotient.
    pub fn divided_by(self, other: Self) -> Result<Self, NumberError> {
        self.times(Self::new(other.denominator, other.numerator)?)
    }

    /// The value in units of `10^-decimals`, rounded as stated: `1/3` with 2 decimals is 33.
    pub fn rounded(self, decimals: u8, rounding: Rounding) -> Result<i128, NumberError> {
        let scaled = self.times(Self::integer(pow10(decimals)?))?;
        let (n, d) = (scaled.numerator.unsigned_abs(), scaled.denominator.unsigned_abs());
        let (quotient, remainder) = (n / d, n % d);
        // Comparing the remainder with what is left of the divisor cannot overflow, doubling it could.
        let up = match remainder.cmp(&(d - remainder)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => rounding == Rounding::HalfAwayFromZero || quotient % 2 == 1,
        };
        let magnitude = i128::try_from(quotient + u128::from(up)).map_err(|_| NumberError::Overflow)?;
        Ok(if scaled.numerator < 0 { -magnitude } else { magnitude })
    }

    /// The value as a float, for tables that know nothing else. The last step of all, never an intermediate one.
    #[expect(clippy::cast_precision_loss, reason = "the contract allows one rounding to a float, here")]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Some(left.cmp(&right))
    }
}

/// Writes `minor` units of `10^-scale` with a decimal point and no grouping: `(-5, 2)` is `-0.05`.
pub fn format_decimal(minor: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0width$}", minor.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if minor < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A share in per cent, with up to three decimals and without the sign: 1/200 is `0.5`.
pub fn format_per_cent(share: Ratio) -> Result<String, NumberError> {
    let hundred = share.times(Ratio::integer(100))?;
    let text = format_decimal(hundred.rounded(3, Rounding::HalfAwayFromZero)?, 3);
    Ok(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(n: i128, d: i128, decimals: u8, rounding: Rounding) -> String {
        let ratio = Ratio::new(n, d).expect("a ratio");
        format_decimal(ratio.rounded(decimals, rounding).expect("fits"), decimals)
    }

    #[test]
    fn shares_are_shown_in_per_cent() {
        for (n, d, expected) in
            [(1, 2, "50"), (1, 200, "0.5"), (0, 1, "0"), (2, 1, "200"), (1, 3, "33.333"), (1, 10, "10")]
        {
            let share = Ratio::new(n, d).and_then(format_per_cent);
            assert_eq!(share.as_deref(), Ok(expected));
        }
    }

    #[test]
    fn rounding_follows_the_declaration() {
        use Rounding::{HalfAwayFromZero, HalfEven};
        for (n, d, away, even) in [(5, 2, "3", "2"), (7, 2, "4", "4"), (-5, 2, "-3", "-2"), (1, 3, "0", "0")] {
            assert_eq!(rounded(n, d, 0, HalfAwayFromZero), away);
            assert_eq!(rounded(n, d, 0, HalfEven), even);
        }
        assert_eq!(rounded(2675, 1000, 2, HalfAwayFromZero), "2.68");
        assert_eq!(rounded(-1, 200, 2, HalfAwayFromZero), "-0.01");
    }

    #[test]
    fn nothing_wraps() {
        let huge = Ratio::integer(i128::MAX);
        assert_eq!(huge.plus(Ratio::integer(1)), Err(NumberError::Overflow));
        assert_eq!(huge.times(huge), Err(NumberError::Overflow));
        assert_eq!(huge.rounded(2, Rounding::default()), Err(NumberError::Overflow));
        assert_eq!(Ratio::new(i128::MIN, 1), Err(NumberError::Overflow));
        assert_eq!(huge.divided_by(Ratio::ZERO), Err(NumberError::DivisionByZero));
        assert_eq!(huge.times(Ratio::new(1, i128::MAX).expect("a ratio")), Ok(Ratio::integer(1)));
    }

    #[test]
    fn minor_units_are_written_plainly() {
        let cases = [(0, 2, "0.00"), (-5, 2, "-0.05"), (123_456, 2, "1234.56"), (7, 0, "7"), (-1, 3, "-0.001")];
        for (minor, scale, text) in cases {
            assert_eq!(format_decimal(minor, scale), text);
        }
    }
}
