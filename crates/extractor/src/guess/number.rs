//! How numbers are written: which marks the cells of a column agree on.
//!
//! Every cell is held against every style; what all cells accept survives. If two survivors read some cell as different
//! numbers (`1.234` alone), the column is ambiguous, and that is what is said.

use std::fmt::Write;

use super::profile::{Confidence, Finding, NumberStyle, SignPlace};

const DECIMALS: [Option<u8>; 3] = [None, Some(b','), Some(b'.')];
const GROUPS: [Option<u8>; 5] = [None, Some(b'.'), Some(b','), Some(b' '), Some(b'\'')];
const STYLES: usize = DECIMALS.len() * GROUPS.len();

/// What a column's cells say about its numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct NumberCounts {
    /// Cells that are numbers in some style.
    pub(super) numbers: u64,
    accepted: [u64; STYLES],
    /// Cells with each decimal mark or grouping mark in them.
    marks: [u64; 4],
    signs: [u64; 3],
    /// The most digits before and after the mark, by style.
    digits: [(usize, usize); STYLES],
    /// Cells of several digits that begin with a zero.
    pub(super) leading_zeros: u64,
    /// Cells of digits alone.
    pub(super) plain: u64,
    /// Cells without any mark, which every style reads alike, and their most digits.
    unmarked: u64,
    unmarked_digits: usize,
}

/// A number's parts as they stand in a cell.
struct Parts<'a> {
    core: &'a [u8],
    sign: Option<SignPlace>,
}

fn style(at: usize) -> (Option<u8>, Option<u8>) {
    (DECIMALS[at % DECIMALS.len()], GROUPS[at / DECIMALS.len()])
}

impl NumberCounts {
    /// Counts a cell that is not empty; says whether it is a number in any style.
    pub(super) fn add(&mut self, cell: &str) -> bool {
        let mut normal = [0u8; 40];
        let Some(cell) = normalised(cell, &mut normal) else { return false };
        let Some(Parts { core, sign }) = parts(cell) else { return false };
        let unmarked = core.iter().all(u8::is_ascii_digit);
        let mut any = unmarked;
        if unmarked {
            self.unmarked += 1;
            self.unmarked_digits = self.unmarked_digits.max(core.len());
        }
        for at in (0..STYLES).filter(|_| !unmarked) {
            let (decimal, group) = style(at);
            if decimal.is_some() && decimal == group {
                continue;
            }
            if let Some((whole, fraction)) = digits(core, decimal, group) {
                any = true;
                self.accepted[at] += 1;
                let most = &mut self.digits[at];
                *most = (most.0.max(whole), most.1.max(fraction));
            }
        }
        if !any {
            return false;
        }
        self.numbers += 1;
        for (at, mark) in b".,' ".iter().enumerate() {
            self.marks[at] += u64::from(core.contains(mark));
        }
        match sign {
            Some(SignPlace::Leading) => self.signs[0] += 1,
            Some(SignPlace::Trailing) => self.signs[1] += 1,
            Some(_) => self.signs[2] += 1,
            None => {}
        }
        if unmarked {
            self.plain += u64::from(sign.is_none());
            self.leading_zeros += u64::from(core.len() > 1 && core[0] == b'0');
        }
        true
    }

    /// The styles that read all of the numbers, each without the marks that never occur; no two are the same.
    fn survivors(&self) -> Vec<usize> {
        let most = self.accepted.iter().copied().max().unwrap_or(0);
        let occurs = |mark: Option<u8>| {
            mark.is_none_or(|mark| b".,' ".iter().position(|known| *known == mark).is_some_and(|at| self.marks[at] > 0))
        };
        let any = self.unmarked > 0 || most > 0;
        (0..STYLES)
            .filter(|at| any && self.accepted[*at] == most)
            .filter(|at| occurs(style(*at).0) && occurs(style(*at).1))
            .collect()
    }

    /// Cells that the best style reads.
    pub(super) fn best(&self) -> u64 {
        self.unmarked + self.accepted.iter().copied().max().unwrap_or(0)
    }

    /// Whether marks were seen at all: without them there is nothing to be known about them.
    pub(super) fn has_marks(&self) -> bool {
        self.marks.iter().any(|count| *count > 0)
    }

    fn sign_place(&self) -> SignPlace {
        match self.signs.map(|count| count > 0) {
            [false, false, false] => SignPlace::Unseen,
            [true, false, false] => SignPlace::Leading,
            [false, true, false] => SignPlace::Trailing,
            [false, false, true] => SignPlace::Parentheses,
            _ => SignPlace::Mixed,
        }
    }

    fn styled(&self, at: usize) -> NumberStyle {
        let (decimal, group) = style(at);
        NumberStyle { decimal: decimal.map(char::from), group: group.map(char::from), negative: self.sign_place() }
    }

    /// How the numbers are written, and their digits before and after the mark. `elsewhere` is a style that other
    /// columns of the file have for certain.
    pub(super) fn finding(&self, elsewhere: Option<NumberStyle>) -> Option<(Finding<NumberStyle>, (usize, usize))> {
        let survivors = self.survivors();
        let same = |at: &&usize| {
            let (decimal, group) = style(**at);
            elsewhere.is_some_and(|known| {
                let allowed = |mark: Option<u8>, known: Option<char>| mark.is_none() || mark.map(char::from) == known;
                allowed(decimal, known.decimal) && allowed(group, known.group)
            })
        };
        let chosen = *survivors.iter().find(same).or_else(|| survivors.iter().max_by_key(|at| plausibility(**at)))?;
        let resolved = survivors.iter().filter(same).count() == 1;
        let sign = self.sign_place();
        let confidence = match survivors.len() {
            _ if sign == SignPlace::Mixed => Confidence::Unsure,
            1 if self.best() >= 3 && self.best() == self.numbers => Confidence::Certain,
            1 => Confidence::Likely,
            _ if resolved => Confidence::Likely,
            _ => Confidence::Unsure,
        };
        let mut evidence = format!("{} of {} numbers agree", self.unmarked + self.accepted[chosen], self.numbers);
        if survivors.len() > 1 {
            let reason = if resolved { "other columns decide between" } else { "every cell fits" };
            // Writing to a string cannot fail.
            write!(evidence, "; {reason} {} readings", survivors.len()).unwrap_or_default();
        }
        for (count, word) in
            self.signs.iter().zip(["leading", "trailing", "bracketed"]).filter(|(count, _)| **count > 0)
        {
            write!(evidence, "; {count} with a {word} sign").unwrap_or_default();
        }
        let (whole, fraction) = self.digits[chosen];
        let others = survivors.iter().filter(|at| **at != chosen && !resolved).map(|at| self.styled(*at));
        Some((
            Finding::new(self.styled(chosen), confidence, evidence).or(others),
            (whole.max(self.unmarked_digits), fraction),
        ))
    }
}

/// Of readings that fit alike: a mark between groups of three digits is rather grouping in Danish files, and a decimal
/// comma more likely than a decimal point.
fn plausibility(at: usize) -> u8 {
    match style(at) {
        (Some(b','), None) => 5,
        (Some(b','), Some(b'.')) => 4,
        (None, Some(b'.')) => 3,
        (Some(b'.'), None) => 2,
        _ => 1,
    }
}

/// The bytes of a cell with every blank as an ordinary one; `None` if it cannot be a number.
fn normalised<'a>(cell: &str, into: &'a mut [u8; 40]) -> Option<&'a [u8]> {
    let mut length = 0;
    for c in cell.chars() {
        let byte = match c {
            '0'..='9' | '.' | ',' | '\'' | '-' | '+' | '(' | ')' | ' ' => u8::try_from(c).ok()?,
            '\u{a0}' | '\u{202f}' => b' ',
            '\u{2212}' => b'-',
            _ => return None,
        };
        *into.get_mut(length)? = byte;
        length += 1;
    }
    Some(&into[..length])
}

fn parts(cell: &[u8]) -> Option<Parts<'_>> {
    let (core, sign) = match cell {
        [b'-', rest @ ..] => (rest, Some(SignPlace::Leading)),
        [b'+', rest @ ..] => (rest, None),
        [rest @ .., b'-'] => (rest, Some(SignPlace::Trailing)),
        [rest @ .., b'+'] => (rest, None),
        [b'(', rest @ .., b')'] => (rest, Some(SignPlace::Parentheses)),
        _ => (cell, None),
    };
    let core = core.trim_ascii();
    let ends = core.first().is_some_and(u8::is_ascii_digit) && core.last().is_some_and(u8::is_ascii_digit);
    (ends && core.len() <= 30).then_some(Parts { core, sign })
}

/// The digits before and after the mark, if the text is a number in this style.
fn digits(core: &[u8], decimal: Option<u8>, group: Option<u8>) -> Option<(usize, usize)> {
    let (whole, fraction) = match decimal.and_then(|mark| core.iter().position(|byte| *byte == mark)) {
        Some(at) => (&core[..at], &core[at + 1..]),
        None => (core, &[][..]),
    };
    if !fraction.iter().all(u8::is_ascii_digit) || (whole.len() < core.len() && fraction.is_empty()) {
        return None;
    }
    let Some(mark) = group.filter(|mark| whole.contains(mark)) else {
        return (!whole.is_empty() && whole.iter().all(u8::is_ascii_digit)).then_some((whole.len(), fraction.len()));
    };
    let mut groups = whole.split(|byte| *byte == mark);
    let first = groups.next()?;
    let well_formed = (1..=3).contains(&first.len()) && first.iter().all(u8::is_ascii_digit);
    let mut count = first.len();
    for part in groups {
        if part.len() != 3 || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        count += 3;
    }
    well_formed.then_some((count, fraction.len()))
}

/// The style of the whole file: what the columns agree on, those that are sure of themselves first.
pub(super) fn of_file(columns: &[&Finding<NumberStyle>]) -> Option<Finding<NumberStyle>> {
    let sure = || columns.iter().filter(|finding| finding.confidence > Confidence::Unsure);
    let first = columns.first()?;
    let decimals: Vec<char> = unique(sure().filter_map(|finding| finding.value.decimal));
    let groups: Vec<char> = unique(sure().filter_map(|finding| finding.value.group));
    let signs: Vec<SignPlace> =
        unique(columns.iter().map(|finding| finding.value.negative).filter(|sign| *sign != SignPlace::Unseen));
    let total = columns.len();
    if decimals.is_empty() && groups.is_empty() {
        let unsure = columns.iter().find(|finding| finding.confidence == Confidence::Unsure).unwrap_or(first);
        let evidence = format!("none of the columns ({total}) decides between decimal mark and grouping");
        let negative =
            if signs.len() > 1 { SignPlace::Mixed } else { signs.first().copied().unwrap_or(SignPlace::Unseen) };
        return Some(Finding {
            value: NumberStyle { negative, ..unsure.value },
            confidence: Confidence::Unsure,
            evidence,
            alternatives: unsure.alternatives.clone(),
        });
    }
    let value = NumberStyle {
        decimal: decimals.first().copied(),
        group: groups.first().copied().filter(|group| !decimals.contains(group)),
        negative: match signs.as_slice() {
            [] => SignPlace::Unseen,
            [one] => *one,
            _ => SignPlace::Mixed,
        },
    };
    let agree = decimals.len() <= 1
        && groups.len() <= 1
        && value.negative != SignPlace::Mixed
        && !decimals.iter().any(|mark| groups.contains(mark));
    let certain = columns.iter().any(|finding| finding.confidence == Confidence::Certain);
    let confidence = match (agree, certain) {
        (false, _) => Confidence::Unsure,
        (true, true) => Confidence::Certain,
        (true, false) => Confidence::Likely,
    };
    let word = if agree { "agree" } else { "contradict each other" };
    Some(Finding::new(value, confidence, format!("columns with marks or signs: {total}; they {word}")))
}

fn unique<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Option<Finding<NumberStyle>> {
        let mut counts = NumberCounts::default();
        for cell in cells {
            counts.add(cell);
        }
        counts.finding(None).map(|(finding, _)| finding)
    }

    #[test]
    fn marks_are_told_apart_where_the_cells_do() {
        type Case<'a> = (&'a [&'a str], Option<char>, Option<char>, Confidence);
        let cases: [Case<'_>; 8] = [
            (&["1.234,56", "12,5", "3"], Some(','), Some('.'), Confidence::Certain),
            (&["1234.5", "0.25", "7.125"], Some('.'), None, Confidence::Certain),
            (&["1.234", "5.678"], None, Some('.'), Confidence::Unsure),
            (&["1,234", "2,345", "3,456"], Some(','), None, Confidence::Unsure),
            (&["1 234,50", "2\u{a0}345,00", "1,00"], Some(','), Some(' '), Confidence::Certain),
            (&["1.234.567", "2.345", "1"], None, Some('.'), Confidence::Certain),
            (&["12", "13", "14"], None, None, Confidence::Certain),
            (&["1'234.50", "7.00", "8.10"], Some('.'), Some('\''), Confidence::Certain),
        ];
        for (cells, decimal, group, confidence) in cases {
            let finding = of(cells).expect("numbers");
            let found = (finding.value.decimal, finding.value.group, finding.confidence);
            assert_eq!(found, (decimal, group, confidence), "{cells:?}");
        }
    }

    #[test]
    fn signs_are_found_where_they_stand() {
        for (cells, place) in [
            (["12-", "3,50-", "7"], SignPlace::Trailing),
            (["-12", "- 3", "7"], SignPlace::Leading),
            (["(12)", "(3,5)", "7"], SignPlace::Parentheses),
            (["-12", "3-", "7"], SignPlace::Mixed),
        ] {
            assert_eq!(of(&cells).expect("numbers").value.negative, place, "{cells:?}");
        }
        assert_eq!(of(&["abc", "1.2.3", "12a", "1,,2", ""]), None);
    }
}
