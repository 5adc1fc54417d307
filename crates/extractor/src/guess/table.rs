//! What stands around the rows: lines before the header, rows of names, totals and footnotes behind.

use super::column::ColumnCounts;
use super::example::shown;
use super::profile::{Confidence, Finding};
use super::split::{Row, Rows};

/// The most header rows that are looked for.
const MOST_HEADER_ROWS: usize = 4;
/// Words that rows of totals and footnotes begin with.
const TOTAL_WORDS: &[&str] =
    &["i alt", "ialt", "total", "sum", "samlet", "udskrevet", "kilde", "note", "antal rækker", "hovedtotal"];

/// The rows of the beginning, apart.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) preamble_lines: Finding<u32>,
    pub(super) header_rows: Finding<u32>,
    /// Positions of the header rows and the first data row among the split rows.
    pub(super) header: std::ops::Range<usize>,
    pub(super) names: Vec<String>,
}

/// A cell's text.
pub(super) fn text<'a>(source: &'a str, rows: &Rows, row: &Row, column: usize) -> &'a str {
    rows.cells_of(row).get(column).and_then(|cell| source.get(cell.start..cell.end)).unwrap_or_default()
}

/// Finds the preamble and the header in the rows of the beginning of a file.
pub(super) fn beginning(source: &str, rows: &Rows, width: usize) -> Beginning {
    let regular = |at: &usize| rows.list[*at].cells == width && !rows.list[*at].blank;
    // One row of the right width among lines of text is chance; the table begins where two follow each other.
    let mut found = (0..rows.list.len()).filter(regular);
    let first =
        found.clone().find(|at| rows.list.get(at + 1).is_none_or(|_| regular(&(at + 1)) || at + 1 == rows.list.len()));
    let first = first.or_else(|| found.next()).unwrap_or(0);
    let lines = rows.list.get(first).map_or(0, |row| row.line);
    let preamble = preamble(rows, first, lines);
    let body: Vec<usize> = (first..rows.list.len()).filter(regular).take(400).collect();
    let (count, confidence, evidence) = header_rows(source, rows, width, &body);
    let header = first..body.get(count).copied().unwrap_or(first + count).max(first + count);
    let names = (0..width).map(|column| name(source, rows, &body[..count.min(body.len())], column)).collect();
    let header_rows = Finding::new(number(count), confidence, evidence);
    Beginning { preamble_lines: preamble, header_rows, header, names }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn preamble(rows: &Rows, first: usize, lines: usize) -> Finding<u32> {
    if lines == 0 {
        return Finding::new(0, Confidence::Certain, "the first line has the cells of a row");
    }
    let blank = rows.list[..first].iter().filter(|row| row.blank).count();
    let evidence = format!("{lines} lines before the first row, {blank} of them blank");
    let confidence = if rows.list[..first].iter().all(|row| row.blank || row.cells == 1) {
        Confidence::Likely
    } else {
        Confidence::Unsure
    };
    Finding::new(number(lines), confidence, evidence)
}

/// The header is as long as the rows do not fit the columns below them.
fn header_rows(source: &str, rows: &Rows, width: usize, body: &[usize]) -> (usize, Confidence, String) {
    for count in 0..=MOST_HEADER_ROWS.min(body.len().saturating_sub(1)) {
        let columns = counted(source, rows, width, &body[count + 1..]);
        let typed: Vec<usize> = (0..width).filter(|column| columns[*column].is_typed()).collect();
        if typed.is_empty() {
            return untyped(source, rows, width, body, &columns);
        }
        let row = &rows.list[body[count]];
        let cells = typed.iter().map(|column| (column, text(source, rows, row, *column).trim()));
        let full: Vec<(&usize, &str)> = cells.filter(|(_, cell)| !cell.is_empty()).collect();
        let fitting = full.iter().filter(|(column, cell)| columns[**column].fits(cell)).count();
        if fitting * 2 > full.len() || (full.is_empty() && count > 0) {
            let against = if count == 0 {
                format!("the first row fits the columns below it in {fitting} of {} typed cells", full.len())
            } else {
                format!("{} columns hold numbers or dates below, and none above", typed.len())
            };
            let clean = fitting == full.len() && (typed.len() >= 2 || body.len() >= 20);
            let confidence = match (clean, body.len() >= 4, count) {
                (true, true, 0 | 1) => Confidence::Certain,
                (_, _, 0 | 1) => Confidence::Likely,
                _ => Confidence::Unsure,
            };
            // A header whose names are numbers (years) looks like a row.
            let confidence = if count == 0 && years(&full) { Confidence::Unsure } else { confidence };
            return (count, confidence, against);
        }
    }
    (1, Confidence::Unsure, "too few rows to tell names from values".to_owned())
}

fn years(cells: &[(&usize, &str)]) -> bool {
    cells.iter().any(|(_, cell)| cell.len() == 4 && (cell.starts_with("19") || cell.starts_with("20")))
}

/// Where all columns hold text, a header is a row of different words that do not come again.
fn untyped(
    source: &str,
    rows: &Rows,
    width: usize,
    body: &[usize],
    columns: &[ColumnCounts],
) -> (usize, Confidence, String) {
    let Some(first) = body.first().map(|at| &rows.list[*at]) else {
        return (0, Confidence::Unsure, "there are no rows".to_owned());
    };
    let cells: Vec<&str> = (0..width).map(|column| text(source, rows, first, column).trim()).collect();
    let mut unique = cells.clone();
    unique.sort_unstable();
    unique.dedup();
    let named = cells.iter().all(|cell| !cell.is_empty() && !cell.starts_with(|c: char| c.is_ascii_digit()));
    let again = cells.iter().zip(columns).filter(|(cell, column)| column.has(cell)).count();
    let other_length = cells
        .iter()
        .zip(columns)
        .any(|(cell, column)| column.fixed_length().is_some_and(|length| length != cell.chars().count()));
    let header = named && unique.len() == width && again == 0;
    let evidence = format!("every column holds text; {again} cells of the first row come again below");
    let confidence = if header && other_length && body.len() >= 4 { Confidence::Likely } else { Confidence::Unsure };
    (usize::from(header), confidence, evidence)
}

/// Counts the cells of some rows by column.
pub(super) fn counted(source: &str, rows: &Rows, width: usize, which: &[usize]) -> Vec<ColumnCounts> {
    let mut columns = vec![ColumnCounts::default(); width];
    for at in which.iter().take(100) {
        for (column, counts) in columns.iter_mut().enumerate() {
            counts.add(text(source, rows, &rows.list[*at], column));
        }
    }
    columns
}

/// The name of a column: what stands in the header rows, with blanks between.
fn name(source: &str, rows: &Rows, header: &[usize], column: usize) -> String {
    let parts = header.iter().map(|at| text(source, rows, &rows.list[*at], column).trim());
    let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if header.is_empty() { format!("column_{}", column + 1) } else { name }
}

/// What was found behind the last row.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) footer_lines: Finding<u32>,
    pub(super) footers: Vec<String>,
    /// The position behind the last data row.
    pub(super) end: usize,
}

/// Finds totals and footnotes in the last rows of a file. `first` is where data may begin.
pub(super) fn ending(source: &str, rows: &Rows, width: usize, first: usize) -> Ending {
    let mut end = rows.list.len();
    let mut footers = Vec::new();
    let mut totals = 0;
    while end > first {
        let row = &rows.list[end - 1];
        let beginning = (0..row.cells).map(|at| text(source, rows, row, at).trim()).find(|cell| !cell.is_empty());
        let lower = beginning.unwrap_or_default().to_lowercase();
        let total = TOTAL_WORDS.iter().any(|word| lower.starts_with(word));
        if !row.blank && row.cells == width && !total {
            break;
        }
        if let Some(beginning) = beginning {
            footers.push(shown(beginning));
            totals += usize::from(total);
        }
        end -= 1;
    }
    if end == first {
        // Nothing but such rows: then they are the data.
        end = rows.list.len();
        footers.clear();
    }
    footers.reverse();
    let lines: usize = rows.list[end..].iter().map(|row| row.lines).sum();
    let (confidence, evidence) = match footers.len() {
        0 => (Confidence::Likely, "the last row has the cells of a row".to_owned()),
        found if found == totals => (Confidence::Likely, format!("rows of totals or notes at the end: {found}")),
        found => (
            Confidence::Unsure,
            format!("rows at the end that are not like the others: {found}; the last could be cut"),
        ),
    };
    let lines = if footers.is_empty() { 0 } else { lines };
    Ending { footer_lines: Finding::new(number(lines), confidence, evidence), footers, end }
}
