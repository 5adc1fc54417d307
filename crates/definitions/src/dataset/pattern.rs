//! Patterns of identifiers: well-formed, of bounded size, and too narrow for a personal identification number.

use model::Code;
use regex::{Regex, RegexBuilder};

use crate::yaml::{Report, Written};

/// The memory that a compiled pattern may take.
const MOST_BYTES: usize = 1 << 18;
/// The longest pattern, in bytes.
const LONGEST: usize = 1000;

/// Checks a pattern, and that it keeps personal identification numbers out.
pub(super) fn check(written: &Written<String>, report: &mut Report<'_>) -> Option<String> {
    let regex = match compile(&written.value) {
        Ok(regex) => regex,
        Err(message) => {
            report.error(Code::INVALID_PATTERN, written.span, message);
            return None;
        }
    };
    if person_numbers().any(|number| regex.is_match(&number)) {
        let message = "the pattern lets personal identification numbers through";
        report
            .error(Code::PERSON_EXPOSED, written.span, message)
            .help("make it narrower, or leave it out: then the field is a free text, which is masked");
        return None;
    }
    Some(written.value.clone())
}

fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("the pattern has more than {LONGEST} bytes"));
    }
    // The pattern alone first: `a)(b` is only well-formed once it stands in parentheses.
    let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(MOST_BYTES).nest_limit(50).build();
    compile(pattern).and_then(|_| compile(&format!("^(?:{pattern})$"))).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large when it is compiled".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("the pattern is not well-formed: {last}")
        }
    })
}

/// Numbers of every kind: real and replacement, early and late days, with hyphen, blank and lost zero.
fn person_numbers() -> impl Iterator<Item = String> {
    let days = ["01", "09", "10", "24", "31", "61", "69", "70", "84", "91"];
    let months = ["01", "06", "10", "12"];
    let rest = [("00", "0000"), ("45", "1234"), ("70", "4567"), ("99", "9999")];
    days.into_iter().flat_map(move |day| {
        months.into_iter().flat_map(move |month| {
            rest.into_iter().flat_map(move |(year, serial)| {
                let full = format!("{day}{month}{year}");
                let short = full.strip_prefix('0').map(str::to_owned);
                std::iter::once(full)
                    .chain(short)
                    .flat_map(move |date| ["", "-", " "].map(|separator| format!("{date}{separator}{serial}")))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_person_numbers() {
        for number in person_numbers() {
            assert!(model::looks_like_person_number(number.as_bytes()), "{number}");
        }
    }

    #[test]
    fn patterns_that_admit_person_numbers_are_found() {
        let admits = |pattern: &str| {
            let regex = compile(pattern).expect(pattern);
            person_numbers().any(|number| regex.is_match(&number))
        };
        for pattern in ["[0-9]{10}", "[0-9]{9,}", ".*", r"\d{6}-\d{4}", "[67][0-9]{9}", "[A-Z0-9]{9}", "0[0-9]+"] {
            assert!(admits(pattern), "{pattern}");
        }
        for pattern in ["[0-9]{8}", "[0-9]{1,2}[A-Z]", "[A-Z].*", "[0-9]{6}", "9[0-9]{9}X"] {
            assert!(!admits(pattern), "{pattern}");
        }
    }

    #[test]
    fn patterns_are_bounded() {
        for pattern in ["(", "a)(b", "(a{1000}){1000}", &"x".repeat(LONGEST + 1), &"(".repeat(60)] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }
}
