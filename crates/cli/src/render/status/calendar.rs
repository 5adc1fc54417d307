//! Who owes what by when, on one screen: counts by source and period, or a letter for every unit of a source.

use std::collections::{BTreeMap, BTreeSet};

use model::Period;
use pipeline::{Status, UnitLine, UnitState};

use super::super::{grouped, table};

/// How wide a screen is taken to be.
const WIDTH: usize = 120;
/// How much of it the name of a municipality has, its code included.
const NAME: usize = 24;

/// How many units of a source stand how, periods with the same numbers behind each other in one row.
pub(super) fn counts(status: &Status) -> String {
    let mut counted: BTreeMap<(&str, Period), [u64; UnitState::ALL.len()]> = BTreeMap::new();
    for unit in &status.units {
        counted.entry((&unit.source, unit.period)).or_default()[place(unit.state)] += 1;
    }
    if counted.is_empty() {
        return "nothing is owed, and nothing has come\n".to_owned();
    }
    let mut rows: Vec<(&str, Period, Period, [u64; UnitState::ALL.len()])> = Vec::new();
    for ((source, period), numbers) in counted {
        match rows.last_mut() {
            Some((of, _, last, same)) if *of == source && last.next() == Some(period) && *same == numbers => {
                *last = period;
            }
            _ => rows.push((source, period, period, numbers)),
        }
    }
    let occurring = |state: &UnitState| *state == UnitState::Done || rows.iter().any(|row| row.3[place(*state)] > 0);
    let states: Vec<UnitState> = UnitState::ALL.into_iter().filter(occurring).collect();
    let cells = rows.iter().map(|(source, first, last, numbers)| {
        let periods = if first == last { first.to_string() } else { format!("{first} to {last}") };
        let number = |state: &UnitState| match numbers[place(*state)] {
            0 => String::new(),
            number => grouped(number),
        };
        [(*source).to_owned(), periods].into_iter().chain(states.iter().map(number)).collect()
    });
    let words: Vec<String> = states.iter().map(|state| state.as_str().replace('_', " ")).collect();
    let header: Vec<&str> = ["source", "period"].into_iter().chain(words.iter().map(String::as_str)).collect();
    let numbers: Vec<usize> = (2..header.len()).collect();
    table(&header, cells.collect(), &numbers)
}

fn place(state: UnitState) -> usize {
    UnitState::ALL.iter().position(|one| *one == state).unwrap_or_default()
}

/// The letter of a state: small where nobody has to do anything.
fn letter(state: UnitState) -> char {
    match state {
        UnitState::Done => '.',
        UnitState::NothingToReport => '0',
        UnitState::Stale => 's',
        UnitState::Withheld => 'W',
        UnitState::Failed => 'F',
        UnitState::Due => 'd',
        UnitState::Late => 'L',
        UnitState::Missing => 'M',
    }
}

/// Periods that stand below one heading: the months of a year, or a year alone.
struct Block {
    heading: String,
    periods: Vec<Period>,
}

impl Block {
    fn width(&self) -> usize {
        self.heading.chars().count().max(self.periods.len())
    }

    /// The second line: the last digit of the month, quarter or week.
    fn digits(&self) -> String {
        let digit = |period: &Period| {
            let text = period.to_string();
            if text == self.heading { ' ' } else { text.chars().next_back().unwrap_or(' ') }
        };
        self.periods.iter().map(digit).collect()
    }
}

/// A letter for every unit, a row for every municipality.
pub(super) fn letters(status: &Status) -> String {
    let mut sources: BTreeMap<&str, Vec<&UnitLine>> = BTreeMap::new();
    for unit in &status.units {
        sources.entry(&unit.source).or_default().push(unit);
    }
    if sources.is_empty() {
        return "nothing is owed, and nothing has come\n\n".to_owned();
    }
    let text = sources.into_iter().map(|(source, units)| {
        let states: BTreeMap<(&str, Period), UnitState> =
            units.iter().map(|unit| ((unit.municipality.as_str(), unit.period), unit.state)).collect();
        let mut text = format!("{source}\n");
        for blocks in lines(&blocks(&units)) {
            text += &matrix(status, blocks, &states);
            text.push('\n');
        }
        let seen: BTreeSet<UnitState> = states.values().copied().collect();
        let legend: Vec<String> =
            seen.iter().map(|state| format!("{} {}", letter(*state), state.as_str().replace('_', " "))).collect();
        text + &format!("{}; blank: not owed\n\n", legend.join(", "))
    });
    text.collect()
}

/// The periods by their years, without those of which there is no unit.
fn blocks(units: &[&UnitLine]) -> Vec<Block> {
    let periods: BTreeSet<Period> = units.iter().map(|unit| unit.period).collect();
    let mut blocks: Vec<Block> = Vec::new();
    for period in periods {
        let text = period.to_string();
        let heading = text.split_once('-').map_or(text.as_str(), |(year, _)| year);
        match blocks.last_mut() {
            Some(block) if block.heading == heading => block.periods.push(period),
            _ => blocks.push(Block { heading: heading.to_owned(), periods: vec![period] }),
        }
    }
    blocks
}

/// As many years beside each other as a screen has room for.
fn lines(blocks: &[Block]) -> Vec<&[Block]> {
    let mut lines = Vec::new();
    let (mut first, mut width) = (0, NAME);
    for (at, block) in blocks.iter().enumerate() {
        if width + block.width() + 1 > WIDTH && at > first {
            lines.push(&blocks[first..at]);
            (first, width) = (at, NAME);
        }
        width += block.width() + 1;
    }
    lines.push(&blocks[first..]);
    lines
}

fn matrix(status: &Status, blocks: &[Block], states: &BTreeMap<(&str, Period), UnitState>) -> String {
    let line = |name: &str, cells: &dyn Fn(&Block) -> String| {
        let cells: Vec<String> =
            blocks.iter().map(|block| format!("{:width$}", cells(block), width = block.width())).collect();
        format!("{name:NAME$} {}", cells.join(" ")).trim_end().to_owned() + "\n"
    };
    let mut text = line("", &|block| block.heading.clone());
    if blocks.iter().any(|block| !block.digits().trim().is_empty()) {
        text += &line("", &Block::digits);
    }
    let municipalities: BTreeSet<&str> = states.keys().map(|(municipality, _)| *municipality).collect();
    for code in municipalities {
        let title = status.municipalities.get(code).map_or("", String::as_str);
        let name: String = format!("{code} {title}").chars().take(NAME).collect();
        text += &line(&name, &|block| {
            let cell = |period: &Period| states.get(&(code, *period)).map_or(' ', |state| letter(*state));
            block.periods.iter().map(cell).collect()
        });
    }
    text
}
