//! A forgiving splitter: it takes any text apart by a supposed dialect and counts what speaks against it.
//!
//! The reader's own splitter is strict, because it must not be wrong; this one must go on, because most dialects that
//! are tried are wrong.

use memchr::memchr;

/// The most line ends inside one quoted cell before the mark is taken for a stray one.
const MOST_LINE_ENDS: usize = 99;

/// A supposed dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
    /// `None`: quotation marks are doubled.
    pub(super) escape: Option<u8>,
}

/// A cell by its place in the text, without its quotation marks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
}

/// A row by its cells and lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) first_cell: usize,
    pub(super) cells: usize,
    /// The line it begins on, from 0.
    pub(super) line: usize,
    pub(super) lines: usize,
    pub(super) blank: bool,
}

/// A text taken apart.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) list: Vec<Row>,
    pub(super) cells: Vec<Cell>,
    /// Quotation marks where the dialect has none.
    pub(super) faults: usize,
    /// Quotation marks inside quoted cells that are doubled, or escaped.
    pub(super) escapes: usize,
}

impl Rows {
    pub(super) fn cells_of(&self, row: &Row) -> &[Cell] {
        &self.cells[row.first_cell..row.first_cell + row.cells]
    }
}

/// How a quoted cell went.
enum Quoted {
    Closed { end: usize, line_ends: usize },
    Faulty,
}

/// Takes a text apart; its lines end in LF.
pub(super) fn split(text: &[u8], dialect: Dialect) -> Rows {
    let mut rows = Rows::default();
    let (mut at, mut line) = (0, 0);
    while at < text.len() {
        let first_cell = rows.cells.len();
        let (next, lines) = split_row(text, at, dialect, &mut rows);
        let blank = rows.cells[first_cell..].iter().all(|cell| text[cell.start..cell.end].trim_ascii().is_empty());
        rows.list.push(Row { first_cell, cells: rows.cells.len() - first_cell, line, lines, blank });
        line += lines;
        at = next;
    }
    rows
}

fn split_row(text: &[u8], start: usize, dialect: Dialect, rows: &mut Rows) -> (usize, usize) {
    let (mut at, mut lines) = (start, 1);
    loop {
        let quoted = dialect.quote.is_some() && text.get(at).copied() == dialect.quote;
        let mut after = at;
        if quoted {
            match quoted_cell(text, at, dialect, &mut rows.escapes) {
                Quoted::Closed { end, line_ends } => {
                    rows.cells.push(Cell { start: at + 1, end, quoted: true });
                    lines += line_ends;
                    after = end + 1;
                }
                Quoted::Faulty => rows.faults += 1,
            }
        }
        let closed = after > at;
        let end = memchr::memchr2(dialect.delimiter, b'\n', &text[after..]).map_or(text.len(), |found| after + found);
        if closed {
            // A carriage return was taken away with the line ends, so nothing may stand here.
            rows.faults += usize::from(end > after);
        } else {
            rows.cells.push(Cell { start: at, end, quoted: false });
            let stray = dialect.quote.and_then(|quote| memchr(quote, &text[at..end]));
            rows.faults += usize::from(stray.is_some() && !quoted);
        }
        if end >= text.len() {
            return (text.len(), lines);
        }
        if text[end] == b'\n' {
            return (end + 1, lines);
        }
        at = end + 1;
    }
}

fn quoted_cell(text: &[u8], open: usize, dialect: Dialect, escapes: &mut usize) -> Quoted {
    let Some(quote) = dialect.quote else { return Quoted::Faulty };
    let (mut at, mut line_ends, mut escaped) = (open + 1, 0, 0);
    while let Some(&byte) = text.get(at) {
        if Some(byte) == dialect.escape && at + 1 < text.len() {
            escaped += usize::from(text[at + 1] == quote);
            at += 2;
            continue;
        }
        if byte == quote {
            if dialect.escape.is_none() && text.get(at + 1) == Some(&quote) {
                escaped += 1;
                at += 2;
                continue;
            }
            let closes = text.get(at + 1).is_none_or(|next| *next == dialect.delimiter || *next == b'\n');
            if !closes && line_ends > 0 {
                return Quoted::Faulty;
            }
            *escapes += escaped;
            return Quoted::Closed { end: at, line_ends };
        }
        if byte == b'\n' {
            line_ends += 1;
            if line_ends > MOST_LINE_ENDS {
                return Quoted::Faulty;
            }
        }
        at += 1;
    }
    Quoted::Faulty
}
