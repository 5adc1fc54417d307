//! What a column holds, by its cells.

use std::collections::BTreeMap;

use model::looks_like_person_number;

use super::date::{DateCounts, Fit};
use super::example::shown;
use super::number::NumberCounts;
use super::profile::{ColumnProfile, ColumnType, Confidence, Finding, NumberStyle};

/// Words for "no value" that exports use.
const NULL_WORDS: &[&str] = &[
    "NULL", "null", "Null", "(null)", "N/A", "n/a", "#N/A", "NA", "NaN", "None", "-", "--", ".", "..", "...", "?", "*",
];
/// Pairs of words that are truth values.
const BOOLEANS: &[[&str; 2]] =
    &[["j", "n"], ["ja", "nej"], ["true", "false"], ["yes", "no"], ["y", "n"], ["sand", "falsk"], ["t", "f"]];
/// Words in the names of columns of dates and periods.
const TIME_WORDS: &[&str] =
    &["dato", "date", "måned", "maaned", "month", "periode", "period", "år", "aar", "year", "tid", "kvartal", "dag"];
/// Different values that are kept.
const MOST_DISTINCT: usize = 2000;
/// Examples that are shown.
const EXAMPLES: usize = 3;

/// What the cells of a column say.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnCounts {
    filled: u64,
    empty: u64,
    nulls: BTreeMap<String, u64>,
    pub(super) numbers: NumberCounts,
    dates: DateCounts,
    persons: u64,
    /// Cells of ASCII letters and digits, and those of letters with blanks between.
    compact: u64,
    worded: u64,
    distinct: BTreeMap<String, u64>,
    crowded: bool,
    shortest: usize,
    longest: usize,
}

impl ColumnCounts {
    pub(super) fn add(&mut self, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() {
            self.empty += 1;
            return;
        }
        if NULL_WORDS.contains(&cell) {
            *self.nulls.entry(cell.to_owned()).or_insert(0) += 1;
            return;
        }
        let length = cell.chars().count();
        self.shortest = if self.filled == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
        self.filled += 1;
        self.numbers.add(cell);
        self.dates.add(cell);
        self.persons += u64::from(looks_like_person_number(cell.as_bytes()));
        self.compact += u64::from(length <= 16 && cell.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        self.worded += u64::from(cell.chars().any(char::is_alphabetic) && cell.contains(' '));
        if let Some(count) = self.distinct.get_mut(cell) {
            *count += 1;
        } else if self.distinct.len() < MOST_DISTINCT {
            self.distinct.insert(cell.to_owned(), 1);
        } else {
            self.crowded = true;
        }
    }

    /// Whether a value of the body is this one.
    pub(super) fn has(&self, cell: &str) -> bool {
        self.distinct.contains_key(cell.trim())
    }

    /// Whether most cells have a form that a column name would not have: a number, date or personal number.
    pub(super) fn is_typed(&self) -> bool {
        let most = |count: u64| self.filled > 0 && count * 10 >= self.filled * 7;
        most(self.numbers.numbers) || most(self.dates.dates) || most(self.persons)
    }

    /// Whether a cell has that form too.
    pub(super) fn fits(&self, cell: &str) -> bool {
        let mut alone = Self::default();
        alone.add(cell);
        let both = |of: fn(&Self) -> u64| of(&alone) > 0 && of(self) * 10 >= self.filled * 7;
        both(|column| column.numbers.numbers) || both(|column| column.dates.dates) || both(|column| column.persons)
    }

    /// The commonest length, if nearly all values have it.
    pub(super) fn fixed_length(&self) -> Option<usize> {
        (self.filled > 0 && self.shortest == self.longest).then_some(self.longest)
    }

    /// Whether all cells are dates of six digits, or the four digits of a serial number: two halves of a personal
    /// number that were taken apart.
    pub(super) fn halves_of_persons(&self, next: &Self) -> bool {
        let all_dates = || self.distinct.keys().all(|cell| looks_like_person_number(format!("{cell}-0000").as_bytes()));
        self.fixed_length() == Some(6)
            && next.fixed_length() == Some(4)
            && next.numbers.plain == next.filled
            && all_dates()
    }

    /// The profile of the column. `elsewhere` is how other columns write numbers.
    pub(super) fn profile(&self, name: &str, position: usize, elsewhere: Option<NumberStyle>) -> ColumnProfile {
        let fits = self.dates.best();
        let holds = self.holds(name, &fits, elsewhere);
        let ty = holds.value;
        let numeric = matches!(ty, ColumnType::Integer | ColumnType::Decimal);
        let number = self.numbers.finding(elsewhere).filter(|_| numeric);
        let null_words = self.nulls.keys().cloned().collect();
        let mut null_count: u64 = self.nulls.values().sum();
        if ty == ColumnType::Text {
            // In text such a word is a word.
            null_count = 0;
        }
        let nulls: u64 = self.nulls.values().sum();
        let hidden = ty == ColumnType::Person || self.persons > 0;
        ColumnProfile {
            name: shown(name),
            position,
            place: None,
            format: format_finding(ty, &fits, self.filled),
            digits: number.as_ref().map(|(_, digits)| *digits),
            number: number.map(|(finding, _)| finding),
            filled: self.filled + nulls - null_count,
            empty: self.empty + null_count,
            null_words: if ty == ColumnType::Text { Vec::new() } else { null_words },
            distinct: self.distinct.len(),
            lengths: (self.shortest, self.longest),
            examples: if hidden { Vec::new() } else { self.examples() },
            holds,
        }
    }

    /// The most frequent values, by their spelling where they are equally frequent, so that values of one row do not
    /// stand side by side.
    fn examples(&self) -> Vec<String> {
        let mut values: Vec<(&String, &u64)> = self.distinct.iter().collect();
        values.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        values.iter().take(EXAMPLES).map(|(value, _)| shown(value)).collect()
    }

    fn holds(&self, name: &str, fits: &[Fit], elsewhere: Option<NumberStyle>) -> Finding<ColumnType> {
        let of = |count: u64, what: &str| format!("{count} of {} values {what}", self.filled);
        let nearly = |count: u64| count * 100 >= self.filled * 95;
        if self.filled == 0 {
            return Finding::new(ColumnType::Empty, Confidence::Unsure, "no value was seen");
        }
        if self.persons * 10 >= self.filled * 9 {
            let all = self.persons == self.filled && self.filled >= 20;
            let confidence = if all { Confidence::Certain } else { Confidence::Likely };
            return Finding::new(ColumnType::Person, confidence, of(self.persons, "look like personal numbers"));
        }
        if let Some(finding) = self.time(name, fits) {
            return finding;
        }
        if nearly(self.numbers.best()) {
            return self.number(elsewhere);
        }
        self.words()
    }

    fn time(&self, name: &str, fits: &[Fit]) -> Option<Finding<ColumnType>> {
        let best = *fits.first()?;
        if best.cells * 100 < self.filled * 95 {
            return None;
        }
        let whole = best.cells == self.filled && self.filled >= 3;
        let evidence = format!("{} of {} values are `{}`", best.cells, self.filled, best.format);
        if !best.is_bare() {
            let confidence = if whole { Confidence::Certain } else { Confidence::Likely };
            return Some(Finding::new(best.ty, confidence, evidence));
        }
        // Digits alone are dates only where all are, and more surely where the name says so.
        let name = name.to_lowercase();
        let named = TIME_WORDS.iter().any(|word| name.contains(word));
        let many = self.filled >= 20 && self.distinct.len() >= 3;
        if best.cells < self.filled || !(named || (many && best.format.len() >= 6)) {
            return None;
        }
        let confidence = if named { Confidence::Likely } else { Confidence::Unsure };
        Some(Finding::new(best.ty, confidence, evidence).or([ColumnType::Integer, ColumnType::Code]))
    }

    fn number(&self, elsewhere: Option<NumberStyle>) -> Finding<ColumnType> {
        let evidence = format!("{} of {} values are numbers", self.numbers.best(), self.filled);
        let all = self.numbers.best() == self.filled;
        if all && self.numbers.plain == self.filled {
            return self.digits(evidence);
        }
        let style = self.numbers.finding(elsewhere).map(|(finding, _)| finding);
        let ambiguous = style.as_ref().is_some_and(|style| style.confidence == Confidence::Unsure);
        let decimal = style.as_ref().is_some_and(|style| style.value.decimal.is_some());
        let (ty, other) = if decimal {
            (ColumnType::Decimal, ColumnType::Integer)
        } else {
            (ColumnType::Integer, ColumnType::Decimal)
        };
        if ambiguous && self.numbers.has_marks() {
            return Finding::new(ty, Confidence::Unsure, evidence).or([other]);
        }
        let confidence = match (all, self.filled >= 3) {
            (true, true) => Confidence::Certain,
            (_, true) => Confidence::Likely,
            _ => Confidence::Unsure,
        };
        Finding::new(ty, confidence, evidence)
    }

    /// Digits alone: a number or a code.
    fn digits(&self, evidence: String) -> Finding<ColumnType> {
        if self.numbers.leading_zeros > 0 {
            let evidence = format!("{evidence}, {} with zeros in front", self.numbers.leading_zeros);
            let confidence = if self.filled >= 5 { Confidence::Likely } else { Confidence::Unsure };
            return Finding::new(ColumnType::Code, confidence, evidence).or([ColumnType::Integer]);
        }
        if self.fixed_length().is_some_and(|length| length >= 3) && self.filled >= 3 {
            let evidence = format!("{evidence}, all of {} digits", self.longest);
            return Finding::new(ColumnType::Code, Confidence::Unsure, evidence).or([ColumnType::Integer]);
        }
        let confidence = if self.distinct.len() > 20 { Confidence::Likely } else { Confidence::Unsure };
        Finding::new(ColumnType::Integer, confidence, evidence).or([ColumnType::Code])
    }

    fn words(&self) -> Finding<ColumnType> {
        let words: Vec<String> = self.distinct.keys().take(3).map(|word| word.to_lowercase()).collect();
        if words.len() == 2
            && BOOLEANS.iter().any(|pair| pair.iter().all(|word| words.iter().any(|known| known == word)))
        {
            let evidence = format!("the {} values are `{}` and `{}`", self.filled, words[0], words[1]);
            return Finding::new(ColumnType::Boolean, Confidence::Likely, evidence).or([ColumnType::Code]);
        }
        let distinct = self.distinct.len() as u64;
        let more = if self.crowded { " or more" } else { "" };
        let evidence = format!("{} values, {distinct}{more} different", self.filled);
        let few = distinct * 10 <= self.filled || self.fixed_length().is_some();
        if self.compact == self.filled && few && self.longest <= 12 {
            return Finding::new(ColumnType::Code, Confidence::Unsure, evidence).or([ColumnType::Text]);
        }
        let confidence = match (self.worded * 2 >= self.filled, self.filled >= 5) {
            (true, true) => Confidence::Certain,
            (_, true) => Confidence::Likely,
            _ => Confidence::Unsure,
        };
        Finding::new(ColumnType::Text, confidence, evidence)
    }
}

fn format_finding(ty: ColumnType, fits: &[Fit], filled: u64) -> Option<Finding<String>> {
    let time = matches!(ty, ColumnType::Date | ColumnType::Month | ColumnType::Quarter | ColumnType::Year);
    let best = fits.first().filter(|_| time)?;
    let others: Vec<String> = fits[1..].iter().map(|fit| fit.format.to_owned()).collect();
    let confidence = match (others.is_empty(), best.cells == filled && filled >= 3) {
        (false, _) => Confidence::Unsure,
        (true, true) if !best.is_bare() => Confidence::Certain,
        _ => Confidence::Likely,
    };
    let reason = if others.is_empty() { "no other format does" } else { "others fit as well" };
    let evidence = format!("fits {} of {filled} values; {reason}", best.cells);
    Some(Finding::new(best.format.to_owned(), confidence, evidence).or(others))
}
