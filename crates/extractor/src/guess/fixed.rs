//! Text in fixed positions: where columns begin, by what all lines have in common.
//!
//! Columns that stand side by side without a blank show only where digits end and letters begin; two numbers side by
//! side look like one. So the places are never certain.

use super::profile::{Confidence, Finding};

/// Lines that are looked at.
const MOST_LINES: usize = 5000;
/// Lines shorter than this are hardly records.
const SHORTEST: usize = 8;

/// The layout of fixed positions.
#[derive(Debug)]
pub(super) struct FixedGuess {
    pub(super) record_length: Finding<usize>,
    /// First character, from 0, and how many.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) confidence: Confidence,
    pub(super) evidence: String,
}

/// What a position holds in nearly all lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Digit,
    Other,
}

/// The layout, if most lines have one length.
pub(super) fn fixed(text: &str) -> Option<FixedGuess> {
    let lines: Vec<Vec<char>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MOST_LINES)
        .map(|line| line.chars().collect())
        .collect();
    let mut lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let length = *lengths.get(lengths.len() / 2)?;
    let records: Vec<&[char]> = lines.iter().filter(|line| line.len() == length).map(Vec::as_slice).collect();
    if length < SHORTEST || records.len() < 3 || records.len() * 10 < lines.len() * 8 {
        return None;
    }
    let kinds: Vec<Kind> = (0..length).map(|at| kind(&records, at)).collect();
    let places = places(&kinds);
    let gaps = places.windows(2).filter(|pair| pair[0].0 + pair[0].1 < pair[1].0).count();
    let confidence = if places.len() > 1 && gaps + 1 == places.len() { Confidence::Likely } else { Confidence::Unsure };
    let share = format!("{} of {} lines have {length} characters", records.len(), lines.len());
    let same = records.len() == lines.len() && records.len() >= 10;
    let sure = if same { Confidence::Certain } else { Confidence::Likely };
    let evidence = format!("{share}; {gaps} columns end in blanks, the others where digits and letters meet");
    Some(FixedGuess { record_length: Finding::new(length, sure, share), places, confidence, evidence })
}

fn kind(records: &[&[char]], at: usize) -> Kind {
    let count = |test: fn(char) -> bool| records.iter().filter(|record| test(record[at])).count();
    let (blanks, digits) = (count(|c| c == ' '), count(|c| c.is_ascii_digit()));
    if blanks == records.len() {
        Kind::Blank
    } else if (blanks + digits) * 100 >= records.len() * 98 && digits > 0 {
        Kind::Digit
    } else {
        Kind::Other
    }
}

/// Stretches of one kind. A sign, which is one position of another kind behind digits, belongs to them; blanks inside
/// belong to the text before them.
fn places(kinds: &[Kind]) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while at < kinds.len() {
        let kind = kinds[at];
        let length = kinds[at..].iter().take_while(|other| **other == kind).count();
        if kind != Kind::Blank {
            match places.last_mut() {
                Some((start, width)) if length == 1 && kind == Kind::Other && *start + *width == at => *width += 1,
                _ => places.push((at, length)),
            }
        }
        at += length;
    }
    places
}
