//! Patterns that a whole text must match.
//!
//! Identifiers mostly are so many characters of this class, then so many of that. Such patterns are compared byte by
//! byte; only what cannot be decided without trying several ways is left to the regex engine.

use model::{Code, Refusal};
use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::digits::{Cell, are_digits_at, first};

/// The compiled size of a pattern; larger ones are refused.
const PATTERN_BYTES: usize = 1 << 20;
/// How deep a pattern may be nested.
const NESTING: u32 = 50;
/// Patterns of more parts are left to the regex engine.
const MOST_RUNS: usize = 64;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The number of digits that the text is made of, if it is made of nothing else.
    digits: Option<usize>,
    /// The same as the regex, if it can be said so.
    runs: Option<Vec<Run>>,
    regex: Regex,
}

/// Characters of one class, as many as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// One bit for each ASCII character.
    class: u128,
    min: usize,
    max: usize,
}

const DIGITS: u128 = 0x03FF << b'0';

impl Pattern {
    /// Compiles a regular expression.
    pub(crate) fn new(pattern: &str) -> Result<Self, Refusal> {
        let whole = format!(r"\A(?:{pattern})\z");
        let regex = RegexBuilder::new(&whole).size_limit(PATTERN_BYTES).nest_limit(NESTING).build();
        let regex = regex.map_err(|_| {
            Refusal::new(Code::INVALID_PATTERN, format!("`{pattern}` is no regular expression, or too large a one"))
        })?;
        let runs = runs(pattern);
        let digits = match runs.as_deref() {
            Some([Run { class: DIGITS, min, max }]) if min == max && *max <= 16 => Some(*min),
            _ => None,
        };
        Ok(Self { digits, runs, regex })
    }

    /// The number of digits that the text is made of, if it is made of nothing else and of at most 16.
    pub(crate) fn digits(&self) -> Option<usize> {
        self.digits
    }

    /// Whether the text of an ASCII cell surely matches.
    #[inline]
    pub(crate) fn quick(&self, cell: Cell<'_>) -> bool {
        if let Some(length) = self.digits {
            let mask = first(length).unwrap_or_default();
            return cell.len() == length && cell.head().is_some_and(|word| are_digits_at(word, mask));
        }
        self.runs.as_ref().is_some_and(|runs| match_runs(runs, cell.bytes()))
    }

    /// Whether the text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.runs {
            Some(runs) => match_runs(runs, text.as_bytes()),
            None => self.regex.is_match(text),
        }
    }
}

fn match_runs(runs: &[Run], text: &[u8]) -> bool {
    let mut rest = text;
    for run in runs {
        let most = rest.len().min(run.max);
        let length = rest[..most].iter().take_while(|byte| byte.is_ascii() && run.class >> **byte & 1 != 0).count();
        if length < run.min {
            return false;
        }
        rest = &rest[length..];
    }
    rest.is_empty()
}

/// The pattern as runs, if each run can take all it can get: no character that ends it could have belonged to it.
fn runs(pattern: &str) -> Option<Vec<Run>> {
    let hir = ParserBuilder::new().nest_limit(NESTING).build().parse(pattern).ok()?;
    let mut runs = Vec::new();
    collect(&hir, &mut runs)?;
    let takes_all = |(at, run): (usize, &Run)| {
        let after = &runs[at + 1..];
        let needed = after.iter().position(|next| next.min > 0).map_or(after.len(), |needed| needed + 1);
        run.min == run.max || after[..needed].iter().all(|next| next.class & run.class == 0)
    };
    runs.iter().enumerate().all(takes_all).then_some(runs)
}

fn collect(hir: &Hir, runs: &mut Vec<Run>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => {
            for byte in &literal.0 {
                runs.push(Run { class: bit(*byte)?, min: 1, max: 1 });
            }
        }
        HirKind::Class(class) => runs.push(Run { class: ascii(class)?, min: 1, max: 1 }),
        HirKind::Repetition(repetition) => {
            let mut inner = Vec::new();
            collect(&repetition.sub, &mut inner)?;
            let [Run { class, min: 1, max: 1 }] = inner.as_slice() else { return None };
            let max = repetition.max.map_or(Some(usize::MAX), |max| usize::try_from(max).ok())?;
            runs.push(Run { class: *class, min: usize::try_from(repetition.min).ok()?, max });
        }
        HirKind::Capture(capture) => collect(&capture.sub, runs)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| collect(part, runs))?,
        HirKind::Look(_) | HirKind::Alternation(_) => return None,
    }
    (runs.len() <= MOST_RUNS).then_some(())
}

fn bit(byte: u8) -> Option<u128> {
    byte.is_ascii().then(|| 1 << byte)
}

/// The class, if all its characters are ASCII.
fn ascii(class: &Class) -> Option<u128> {
    let bits = |start: u32, end: u32| (start..=end).try_fold(0, |bits, c| Some(bits | bit(u8::try_from(c).ok()?)?));
    let all = |bits: u128, more: Option<u128>| Some(bits | more?);
    match class {
        Class::Unicode(class) => {
            let mut ranges = class.ranges().iter().map(|range| bits(range.start().into(), range.end().into()));
            ranges.try_fold(0, all)
        }
        Class::Bytes(class) => {
            let mut ranges = class.ranges().iter().map(|range| bits(range.start().into(), range.end().into()));
            ranges.try_fold(0, all)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn simple_patterns_need_no_engine() {
        for pattern in ["[0-9]{8}", "[0-9]{1,2}[A-Z]", "a|b", "[A-Z]{2}-?[0-9]*", "(ab)c", "K[0-9]{3}", "x?", ""] {
            assert!(Pattern::new(pattern).expect("a pattern").runs.is_some(), "{pattern}");
        }
        // What could be split in several ways, or is no ASCII, is left to the engine.
        for pattern in ["[0-9]*[0-9]", "[a-z]{1,3}[b-z]?x", "(ab)+", "ab|c", r"\d{4}", "[æøå]", "^a", "[^a]"] {
            assert!(Pattern::new(pattern).expect("a pattern").runs.is_none(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn runs_match_what_the_engine_matches(
            parts in proptest::collection::vec(
                (prop_oneof![Just("[0-9]"), Just("[A-Z]"), Just("[A-F0-4]"), Just("-"), Just("x")],
                 prop_oneof![Just(""), Just("?"), Just("*"), Just("+"), Just("{2}"), Just("{1,2}"), Just("{2,}")]),
                0..5,
            ),
            text in "[0-9A-Gx-]{0,6}",
        ) {
            let pattern: String = parts.iter().flat_map(|(class, times)| [*class, *times]).collect();
            let pattern = Pattern::new(&pattern).expect("a pattern");
            let expected = pattern.regex.is_match(&text);
            prop_assert_eq!(pattern.matches(&text), expected);
            let buffer = format!("{text}0123456789abcdef");
            let quick = pattern.quick(Cell::new(buffer.as_bytes(), 0, text.len()));
            prop_assert!(!quick || expected);
            prop_assert_eq!(quick, expected && pattern.runs.is_some());
        }
    }
}
