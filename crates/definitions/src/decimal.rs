//! Decimal numbers as they are written in definitions: `-5000000000`, `0.05`. Exact, and never through a float.

/// A decimal number: `minor` units of `10^-scale`, without needless zeros at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// The digits.
    pub(crate) minor: i128,
    /// How many of them are decimals.
    pub(crate) scale: u8,
}

/// Why a number does not fit a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It has more decimals than the scale.
    Decimals,
    /// It has more digits than 64 bits hold.
    Digits,
}

impl Decimal {
    /// Reads digits with an optional sign and decimal point. At most 36 digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = whole.to_owned() + fraction;
        let shape = !whole.is_empty() && digits.len() <= 36 && digits.bytes().all(|b| b.is_ascii_digit());
        let minor: i128 = shape.then(|| digits.parse().ok()).flatten()?;
        Some(Self { minor: if negative { -minor } else { minor }, scale: u8::try_from(fraction.len()).ok()? })
    }

    /// The number in units of `10^-scale`.
    pub(crate) fn at_scale(self, scale: u8) -> Result<i64, Misfit> {
        let zeros = scale.checked_sub(self.scale).ok_or(Misfit::Decimals)?;
        let factor = model::pow10(zeros).map_err(|_| Misfit::Digits)?;
        self.minor.checked_mul(factor).and_then(|minor| i64::try_from(minor).ok()).ok_or(Misfit::Digits)
    }

    /// The negated number.
    pub(crate) fn negated(self) -> Self {
        Self { minor: -self.minor, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_or_not_at_all() {
        let at = |text: &str, scale| Decimal::parse(text).map(|decimal| decimal.at_scale(scale));
        assert_eq!(at("-5000000000", 2), Some(Ok(-500_000_000_000)));
        assert_eq!(at("0.050", 2), Some(Ok(5)));
        assert_eq!(at("0.005", 2), Some(Err(Misfit::Decimals)));
        assert_eq!(at("99999999999999999999", 0), Some(Err(Misfit::Digits)));
        assert_eq!(at(&"9".repeat(36), 38), Some(Err(Misfit::Digits)));
        for text in ["", "-", "1e3", "1,5", ".5", "1.2.3", "--1", "१"] {
            assert_eq!(at(text, 2), None, "{text}");
        }
        assert_eq!(Decimal::parse("1."), Decimal::parse("1"));
    }
}
