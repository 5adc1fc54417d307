//! Which separator and quotation mark a text has.
//!
//! Each dialect that could be meant is tried. Right is the one by which the rows have one width and the cells look like
//! values: the share of rows with the commonest width, times the share of cells that are numbers, dates, words or
//! empty. A wrong separator makes rows of all widths, or cells with another separator in them.

use std::fmt::Write;

use super::profile::{Confidence, Finding};
use super::split::{Dialect, Rows, split};

/// Separators that are tried, and how much is to be believed of each: a colon stands in every time of day.
const DELIMITERS: [(u8, f64); 8] =
    [(b';', 1.0), (b'\t', 1.0), (b',', 1.0), (b'|', 1.0), (0x1F, 1.0), (b'~', 0.9), (b'^', 0.9), (b':', 0.6)];
/// As much of the beginning as is tried by every dialect.
const TRIED: usize = 96 << 10;
/// Rows whose cells are judged.
const JUDGED: usize = 1500;

/// A dialect that was tried.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) dialect: Dialect,
    /// The commonest number of cells.
    pub(super) width: usize,
    /// Rows with that many, of all that are not blank.
    pub(super) regular: usize,
    pub(super) rows: usize,
    /// The same between the first and the last regular row.
    pub(super) inner: f64,
    faults: usize,
    quoted: usize,
    escapes: usize,
    pub(super) score: f64,
}

/// The dialects that could be meant, the best first. Empty if nothing separates anything.
pub(super) fn trials(text: &str) -> Vec<Trial> {
    let text = head(text).as_bytes();
    let occurs = |byte: u8| memchr::memchr(byte, text).is_some();
    let mut quotes = vec![(None, None)];
    for quote in [b'"', b'\''] {
        if occurs(quote) {
            quotes.push((Some(quote), None));
            if memchr::memmem::find(text, &[b'\\', quote]).is_some() {
                quotes.push((Some(quote), Some(b'\\')));
            }
        }
    }
    let mut trials = Vec::new();
    for (delimiter, weight) in DELIMITERS.into_iter().filter(|(delimiter, _)| occurs(*delimiter)) {
        for (quote, escape) in &quotes {
            let trial = attempt(text, Dialect { delimiter, quote: *quote, escape: *escape }, weight);
            // An apostrophe is one, unless whole cells stand between them.
            let apostrophes = *quote == Some(b'\'') && (trial.faults > 0 || trial.quoted < 2);
            // A quotation mark that opens no cell is a character like others.
            let pointless = quote.is_some() && trial.quoted == 0;
            if trial.width > 1 && !apostrophes && !pointless {
                trials.push(trial);
            }
        }
    }
    trials.sort_by(|left, right| right.score.total_cmp(&left.score));
    trials
}

/// The beginning of the text, to the end of a line.
fn head(text: &str) -> &str {
    if text.len() <= TRIED {
        return text;
    }
    let cut = &text.as_bytes()[..TRIED];
    memchr::memrchr(b'\n', cut).and_then(|at| text.get(..=at)).unwrap_or(text)
}

fn attempt(text: &[u8], dialect: Dialect, weight: f64) -> Trial {
    let rows = split(text, dialect);
    let full: Vec<usize> = (0..rows.list.len()).filter(|at| !rows.list[*at].blank).collect();
    let width = commonest_width(&rows, &full);
    let regular: Vec<usize> = full.iter().copied().filter(|at| rows.list[*at].cells == width).collect();
    let (first, last) = (regular.first().copied().unwrap_or(0), regular.last().copied().unwrap_or(0));
    let between = full.iter().filter(|at| (first..=last).contains(*at)).count();
    let (inner, outer) = (share(regular.len(), between), share(regular.len(), full.len()));
    let (known, quoted) = known_cells(text, &rows, &regular);
    let faulty = share(rows.faults, full.len()).min(1.0);
    let cells = to_float(width);
    let score = weight * inner * outer.sqrt() * known * ((cells - 1.0) / cells) * (1.0 - faulty);
    Trial {
        dialect,
        width,
        regular: regular.len(),
        rows: full.len(),
        inner,
        faults: rows.faults,
        quoted,
        escapes: rows.escapes,
        score,
    }
}

fn commonest_width(rows: &Rows, full: &[usize]) -> usize {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for at in full {
        let width = rows.list[*at].cells;
        match counts.iter_mut().find(|(known, _)| *known == width) {
            Some((_, count)) => *count += 1,
            None => counts.push((width, 1)),
        }
    }
    let separated = counts.iter().filter(|(width, _)| *width > 1);
    separated.max_by_key(|(width, count)| (*count, *width)).map_or(1, |(width, _)| *width)
}

/// The share of the cells of regular rows that look like values, and how many cells are quoted.
fn known_cells(text: &[u8], rows: &Rows, regular: &[usize]) -> (f64, usize) {
    let (mut known, mut all) = (0, 0);
    for at in regular.iter().take(JUDGED) {
        for cell in rows.cells_of(&rows.list[*at]) {
            all += 1;
            known += usize::from(cell.quoted || looks_like_a_value(text[cell.start..cell.end].trim_ascii()));
        }
    }
    // Quoted cells of the other rows count too: they are about the mark, not about the separator.
    let quoted = rows.cells.iter().filter(|cell| cell.quoted).count();
    (share(known, all), quoted)
}

/// Whether a cell has nothing in it that rather separates cells.
fn looks_like_a_value(cell: &[u8]) -> bool {
    // A mark at either end was meant to open or close a cell, or half of one.
    if matches!((cell.first(), cell.last()), (Some(b'\''), _) | (_, Some(b'\''))) {
        return false;
    }
    let mut comma = false;
    for (at, byte) in cell.iter().enumerate() {
        match byte {
            b';' | b'\t' | b'|' | b'"' | 0x1F => return false,
            // A comma within a number, or before a blank, is no separator.
            b',' => comma |= cell.get(at + 1) != Some(&b' '),
            _ => {}
        }
    }
    !comma || is_numeric(cell)
}

fn is_numeric(cell: &[u8]) -> bool {
    let marks = |byte: &u8| byte.is_ascii_digit() || b".,-+() '".contains(byte) || !byte.is_ascii();
    cell.iter().all(marks) && memchr::memchr_iter(b',', cell).count() <= 2
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { to_float(part) / to_float(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample are far below 2^52, and this is a weight")]
pub(super) fn to_float(count: usize) -> f64 {
    count as f64
}

/// What is said about the separator.
pub(super) fn delimiter_finding(trials: &[Trial]) -> Option<Finding<char>> {
    let best = trials.first()?;
    let rival = trials.iter().find(|trial| trial.dialect.delimiter != best.dialect.delimiter);
    let rival_score = rival.map_or(0.0, |rival| rival.score);
    let whole = best.inner >= 1.0 && best.faults == 0 && best.regular >= 3;
    let confidence = if whole && best.score >= 0.4 && rival_score <= 0.5 * best.score {
        Confidence::Certain
    } else if best.inner >= 0.8 && best.regular >= 2 && best.score >= 0.3 && rival_score <= 0.75 * best.score {
        Confidence::Likely
    } else {
        Confidence::Unsure
    };
    let evidence = format!("{} of {} rows have {} cells", best.regular, best.rows, best.width);
    let near = rival.filter(|rival| rival.score > 0.5 * best.score);
    let near = near.map(|rival| char::from(rival.dialect.delimiter));
    Some(Finding::new(char::from(best.dialect.delimiter), confidence, evidence).or(near))
}

/// What is said about the quotation mark and the escape.
pub(super) fn quote_findings(best: &Trial, text: &str) -> (Finding<Option<char>>, Finding<Option<char>>) {
    let marks = memchr::memchr_iter(b'"', text.as_bytes()).count();
    let quote = match best.dialect.quote {
        None if marks == 0 => {
            let evidence = "there is no quotation mark, so either way the cells are the same";
            Finding::new(Some('"'), Confidence::Unsure, evidence).or([None])
        }
        None => {
            let evidence = format!("{marks} quotation marks, none of which opens and closes a cell");
            let confidence = if marks >= 3 { Confidence::Likely } else { Confidence::Unsure };
            Finding::new(None, confidence, evidence).or([Some('"')])
        }
        Some(quote) => {
            let mut evidence = format!("{} cells stand between the marks", best.quoted);
            if best.faults > 0 {
                // Writing to a string cannot fail.
                write!(evidence, "; {} marks stand where none belongs", best.faults).unwrap_or_default();
            }
            let confidence = match (best.faults, best.quoted) {
                (0, 3..) => Confidence::Certain,
                (0, _) => Confidence::Likely,
                _ => Confidence::Unsure,
            };
            Finding::new(Some(char::from(quote)), confidence, evidence)
        }
    };
    let escape = match (best.dialect.escape, best.escapes) {
        (Some(escape), escapes) => {
            let confidence = if escapes > 0 && best.faults == 0 { Confidence::Likely } else { Confidence::Unsure };
            Finding::new(Some(char::from(escape)), confidence, format!("{escapes} escaped marks inside quotes"))
        }
        (None, 0) => Finding::new(None, Confidence::Unsure, "no mark stands inside quotes; doubling is usual"),
        (None, escapes) => {
            let confidence = if best.faults == 0 { Confidence::Certain } else { Confidence::Unsure };
            Finding::new(None, confidence, format!("{escapes} doubled marks inside quotes"))
        }
    };
    (quote, escape)
}
