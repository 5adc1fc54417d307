//! Decimal numbers as they are written in definitions: `-5000000000`, `0.05`. Exact, and never through a float.

use model::Code;

use crate::yaml::{Report, Span};

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

/// Reports a number that half of its readers take for a thousand times as much: `1.000`, `250.000`. A decimal number
/// needs no zero behind its third decimal, so nothing is lost.
pub(crate) fn is_ambiguous(text: &str, span: Span, report: &mut Report<'_>) -> bool {
    let unsigned = text.trim_start_matches(['-', '+']);
    let Some((whole, fraction)) = unsigned.split_once('.') else { return false };
    let grouped = (1..=3).contains(&whole.len()) && !whole.starts_with('0') && fraction.len() == 3;
    if !grouped || !fraction.ends_with('0') || !(whole.to_owned() + fraction).bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let less = text.trim_end_matches('0').trim_end_matches('.');
    report
        .error(Code::INVALID_VALUE, span, format!("`{text}` could be {less} or {}", text.replace('.', "")))
        .help("thousands are not grouped, and decimals need no zero at the end");
    true
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
