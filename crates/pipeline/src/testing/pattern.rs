//! Texts that match a field's pattern, for fields that a test leaves out.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The most characters of an example.
const LONGEST: usize = 200;

/// A text that the pattern matches: for each number another one, as far as the pattern has so many.
pub(super) fn example(pattern: &str, number: usize) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut places = Vec::new();
    collect(&hir, &mut places)?;
    // The number is written in digits whose base is what each place has to offer, the last place first.
    let mut rest = number;
    let mut text: Vec<char> = Vec::with_capacity(places.len());
    for choices in places.iter().rev() {
        let count: usize = choices.iter().map(|(first, last)| *last as usize - *first as usize + 1).sum();
        text.push(nth(choices, rest % count.max(1))?);
        rest /= count.max(1);
    }
    Some(text.into_iter().rev().collect())
}

type Choices = Vec<(char, char)>;

fn nth(choices: &Choices, mut at: usize) -> Option<char> {
    for (first, last) in choices {
        let count = *last as usize - *first as usize + 1;
        if at < count {
            return char::from_u32(u32::try_from(*first as usize + at).ok()?);
        }
        at -= count;
    }
    None
}

/// What may stand at each place of the shortest text that matches.
fn collect(hir: &Hir, places: &mut Vec<Choices>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            places.extend(std::str::from_utf8(&literal.0).ok()?.chars().map(|c| vec![(c, c)]));
        }
        HirKind::Class(Class::Unicode(class)) => {
            // Beyond ASCII there are gaps, and no need.
            let ascii = class.ranges().iter().filter(|range| range.end().is_ascii() && range.start() > ' ');
            let choices: Choices = ascii.map(|range| (range.start(), range.end())).collect();
            let first = class.ranges().first()?;
            places.push(if choices.is_empty() { vec![(first.start(), first.start())] } else { choices });
        }
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Repetition(repetition) => {
            // Something to tell examples apart by, where the least is nothing.
            let times = repetition.min.max(repetition.max.map_or(1, |max| max.min(1)));
            for _ in 0..times {
                collect(&repetition.sub, places)?;
                if places.len() > LONGEST {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => collect(&capture.sub, places)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| collect(part, places))?,
        HirKind::Alternation(ways) => collect(ways.first()?, places)?,
    }
    (places.len() <= LONGEST).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_match_and_differ() {
        for (pattern, number, text) in [
            ("[0-9]{6}", 0, "000000"),
            ("[0-9]{6}", 42, "000042"),
            ("[0-9]{1,2}[A-Z]", 27, "1B"),
            ("(a|b)?x+", 5, "bx"),
            ("D-[0-9a-f]{2}", 255, "D-ff"),
        ] {
            assert_eq!(example(pattern, number).as_deref(), Some(text), "{pattern}");
        }
        assert_eq!(example("x{500}", 0), None);
    }
}
