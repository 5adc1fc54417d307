//! What a plain (unquoted) scalar would be to a YAML parser: a text, or something that only looks like one.
//!
//! Definitions want codes as texts. YAML 1.1 reads `0101` as the octal number 65 and `no` as false, YAML 1.2 reads
//! `0101` as 101; both are refused here rather than guessed.

/// The meaning of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// Nothing: empty, `null`, `~`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A word that YAML 1.1 reads as a truth value.
    OldBoolean,
    /// A number, in one of the forms of YAML 1.1 or 1.2.
    Number,
    /// A text in every version.
    Text,
}

impl Plain {
    /// Classifies the text of a plain scalar.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" => Self::Boolean(true),
            "false" => Self::Boolean(false),
            _ if is_old_boolean(text) => Self::OldBoolean,
            _ if is_number(text) => Self::Number,
            _ => Self::Text,
        }
    }
}

fn is_old_boolean(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    let is_upper = |text: &str| !text.contains(|c: char| c.is_ascii_lowercase());
    let all_but_first_lower = |text: &str| !text[1..].contains(|c: char| c.is_ascii_uppercase());
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) && (is_upper(text) || all_but_first_lower(text))
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |prefix: &str, digit: fn(char) -> bool| {
        let rest = unsigned.strip_prefix(prefix);
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| digit(c) || c == '_'))
    };
    matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || radix("0x", |c| c.is_ascii_hexdigit())
        || radix("0o", |c| c.is_digit(8))
        || radix("0b", |c| c.is_digit(2))
        || is_decimal(unsigned)
        || is_sexagesimal(unsigned)
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == '_');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some_digit = mantissa.starts_with(|c: char| c.is_ascii_digit())
        || (whole.is_empty() && fraction.starts_with(|c: char| c.is_ascii_digit()));
    let good_exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && exponent.chars().all(|c| c.is_ascii_digit())
    });
    some_digit && digits(whole) && digits(fraction) && good_exponent
}

/// `12:30:00` was a number of YAML 1.1, in base 60.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let mut more = 0;
    let all = parts.all(|part| {
        more += 1;
        let whole = part.split_once('.').map_or(part, |(whole, _)| whole);
        matches!(whole.len(), 1 | 2) && part.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    more > 0 && all && !first.is_empty() && first.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plain_words_are() {
        let cases = [
            (Plain::Number, "0101 101 1.5 -3 +3 1e3 1_000 0x1F 0o17 0b1 .5 12:30 5.30 .inf 1."),
            (Plain::OldBoolean, "yes No ON off y N True FALSE"),
            (Plain::Null, "~ null"),
            (Plain::Boolean(true), "true"),
            (Plain::Text, "5.30.26 2024-01 2024-01-01 2024/25 a1 1a - . + e5 0x DKK/person 101, _ 01-01 :1 1:"),
        ];
        for (expected, words) in cases {
            for word in words.split(' ') {
                assert_eq!(Plain::of(word), expected, "{word}");
            }
        }
        assert_eq!(Plain::of(""), Plain::Null);
    }
}
