//! Text with separators: the exact state machine, walking along the places that could be structure.
//!
//! A cell is quoted if its first byte is the quotation mark; inside, two of them are one, and after the closing one
//! the cell must end. Everything else about quotation marks is a fault. A fault costs one physical line: the next
//! record is looked for on the line after, so that a mark that is never closed cannot swallow the rows behind it.

use model::{CellSpan, DelimitedFormat};

use super::record::{Fault, Found, Step};
use super::structure::{Specials, offset};
use crate::Limits;

/// The most line ends inside one quoted cell.
const MOST_LINE_ENDS: u64 = 99;

/// Finds the records of a block of delimited text.
pub(super) struct Delimited {
    delimiter: u8,
    quote: Option<u8>,
    limits: Limits,
    specials: Specials,
    /// Where structure could change in the block, and which of these places comes next.
    places: Vec<u32>,
    next_place: usize,
    /// Which cells of the last record, counted within it, hold doubled quotation marks.
    escaped: Vec<usize>,
}

/// A walk through one record.
struct Walk<'a> {
    data: &'a [u8],
    /// Where the record begins.
    start: usize,
    /// Where the cell begins.
    cell: usize,
    /// The next place to look at.
    place: usize,
    /// How many cells were found.
    count: usize,
    /// Line ends inside quotes.
    line_ends: u64,
    nul: bool,
    /// Whether the file ends with the block.
    ended: bool,
}

/// How a quoted cell ends.
enum Quoted {
    /// At this closing mark.
    Closed(usize),
    /// It does not, as far as the limits let us look.
    Open,
    /// That is not to be known here.
    Step(Step),
}

impl Delimited {
    pub(super) fn new(format: &DelimitedFormat, limits: Limits) -> Self {
        Self {
            delimiter: format.delimiter,
            quote: format.quote,
            limits,
            specials: Specials::new(format.delimiter, format.quote),
            places: Vec::new(),
            next_place: 0,
            escaped: Vec::new(),
        }
    }

    /// Takes up a block from this position on.
    pub(super) fn take_up(&mut self, data: &[u8], from: usize) {
        self.places.clear();
        self.next_place = 0;
        self.specials.find(data, from, &mut self.places);
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(super) fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// The cells of the last record, counted within it, in which quotation marks are doubled.
    pub(super) fn escaped(&self) -> &[usize] {
        &self.escaped
    }

    /// Finds the record that begins at `start`, and appends its cells.
    pub(super) fn next(&mut self, data: &[u8], start: usize, ended: bool, cells: &mut Vec<CellSpan>) -> Step {
        self.escaped.clear();
        let first_cell = cells.len();
        let mut walk =
            Walk { data, start, cell: start, place: self.next_place, count: 0, line_ends: 0, nul: false, ended };
        let step = self.walk(&mut walk, cells);
        match step {
            Step::Record(found) if found.fault.is_none() => {
                self.next_place = walk.place;
                return self.checked(found, &walk, first_cell, cells);
            }
            Step::Record(_) => self.next_place = walk.place,
            _ => {}
        }
        self.escaped.clear();
        cells.truncate(first_cell);
        step
    }

    fn walk(&mut self, walk: &mut Walk<'_>, cells: &mut Vec<CellSpan>) -> Step {
        while let Some(&place) = self.places.get(walk.place) {
            let at = place as usize;
            walk.place += 1;
            let byte = walk.data[at];
            if byte == self.delimiter {
                self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                walk.cell = at + 1;
            } else if byte == b'\n' {
                self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                return walk.record(at, at + 1);
            } else if byte == b'\r' {
                match walk.data.get(at + 1) {
                    Some(b'\n') => {
                        walk.place += 1;
                        self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                        return walk.record(at, at + 2);
                    }
                    Some(_) => return self.lone_carriage_return(walk, at),
                    // At the very end of the file it is half of a line end, which leaves the record whole.
                    None if walk.ended => {
                        self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                        return walk.unterminated(at);
                    }
                    None => return self.incomplete(walk),
                }
            } else if Some(byte) == self.quote {
                if at != walk.cell {
                    return self.first_line(walk, Fault::StrayQuote);
                }
                match self.quoted(walk) {
                    Quoted::Closed(end) => {
                        let span = CellSpan { start: offset(walk.cell + 1), end: offset(end) };
                        if let Some(step) = self.end_of_quoted(walk, span, end + 1, cells) {
                            return step;
                        }
                    }
                    Quoted::Open => return self.first_line(walk, Fault::OpenQuote),
                    Quoted::Step(step) => return step,
                }
            } else {
                walk.nul |= byte == 0;
            }
        }
        self.end_of_data(walk, cells)
    }

    /// Keeps a cell. Beyond the limit of columns it only counts them: such a record is never a row.
    fn push(&self, walk: &mut Walk<'_>, span: CellSpan, cells: &mut Vec<CellSpan>) {
        walk.count += 1;
        if walk.count <= self.limits.columns.saturating_add(1) {
            cells.push(span);
        }
    }

    /// Walks from the opening quotation mark to the closing one.
    fn quoted(&mut self, walk: &mut Walk<'_>) -> Quoted {
        let content = walk.cell + 1;
        let mut line_ends = 0;
        let mut escaped = false;
        while let Some(&place) = self.places.get(walk.place) {
            let at = place as usize;
            if self.is_beyond(walk, content, at) {
                return Self::too_big(walk);
            }
            walk.place += 1;
            let byte = walk.data[at];
            if Some(byte) == self.quote {
                match walk.data.get(at + 1) {
                    Some(&next) if Some(next) == self.quote => {
                        walk.place += 1;
                        escaped = true;
                    }
                    None if !walk.ended => return Quoted::Step(self.incomplete(walk)),
                    _ => {
                        if escaped {
                            self.escaped.push(walk.count);
                        }
                        return Quoted::Closed(at);
                    }
                }
            } else if byte == b'\n' {
                line_ends += 1;
                walk.line_ends += 1;
                if line_ends > MOST_LINE_ENDS {
                    return Quoted::Open;
                }
            } else {
                walk.nul |= byte == 0;
            }
        }
        if self.is_beyond(walk, content, walk.data.len()) {
            return Self::too_big(walk);
        }
        if walk.ended { Quoted::Open } else { Quoted::Step(Step::Incomplete) }
    }

    fn is_beyond(&self, walk: &Walk<'_>, content: usize, at: usize) -> bool {
        at.saturating_sub(content) > self.limits.cell_bytes || at - walk.start > self.limits.record_bytes
    }

    /// A quoted cell beyond the limits: in a record of several lines some mark was hardly meant to open a cell, and the
    /// damage is one line; otherwise the line itself is too big.
    fn too_big(walk: &Walk<'_>) -> Quoted {
        if walk.line_ends > 0 { Quoted::Open } else { Quoted::Step(Step::TooBig) }
    }

    /// Beyond the limits nothing is looked at, so that the verdict does not depend on how much of the file is in memory.
    fn lone_carriage_return(&self, walk: &mut Walk<'_>, at: usize) -> Step {
        match (at - walk.start > self.limits.record_bytes, walk.line_ends) {
            (false, _) => Step::LoneCarriageReturn,
            (true, 0) => Step::TooBig,
            (true, _) => self.first_line(walk, Fault::OpenQuote),
        }
    }

    /// Keeps a quoted cell and looks at what follows it; `None` if the record goes on with another cell.
    fn end_of_quoted(
        &self,
        walk: &mut Walk<'_>,
        span: CellSpan,
        after: usize,
        cells: &mut Vec<CellSpan>,
    ) -> Option<Step> {
        self.push(walk, span, cells);
        match (walk.data.get(after), walk.data.get(after + 1)) {
            (Some(&byte), _) if byte == self.delimiter => {
                walk.place += 1;
                walk.cell = after + 1;
                None
            }
            (Some(b'\n'), _) => {
                walk.place += 1;
                Some(walk.record(after, after + 1))
            }
            (Some(b'\r'), Some(b'\n')) => {
                walk.place += 2;
                Some(walk.record(after, after + 2))
            }
            (Some(b'\r'), None) if walk.ended => {
                walk.place += 1;
                Some(walk.unterminated(after))
            }
            (Some(b'\r'), None) => Some(self.incomplete(walk)),
            (Some(b'\r'), Some(_)) => Some(self.lone_carriage_return(walk, after)),
            (Some(_), _) => Some(self.first_line(walk, Fault::StrayQuote)),
            (None, _) => Some(walk.unterminated(after)),
        }
    }

    /// The block ends before the record does.
    fn end_of_data(&self, walk: &mut Walk<'_>, cells: &mut Vec<CellSpan>) -> Step {
        let end = walk.data.len();
        if !walk.ended {
            return self.incomplete(walk);
        }
        if walk.start == end {
            return Step::End;
        }
        self.push(walk, CellSpan { start: offset(walk.cell), end: offset(end) }, cells);
        walk.unterminated(end)
    }

    /// More of the file is needed, unless the record is too big already. The last byte could be half a line end.
    fn incomplete(&self, walk: &mut Walk<'_>) -> Step {
        if walk.data.len() - walk.start <= self.limits.record_bytes + 1 {
            return Step::Incomplete;
        }
        if walk.line_ends > 0 { self.first_line(walk, Fault::OpenQuote) } else { Step::TooBig }
    }

    /// A record that is well-formed may still be too big, or so long that a quotation mark must have been left open.
    fn checked(&mut self, found: Found, walk: &Walk<'_>, first_cell: usize, cells: &mut Vec<CellSpan>) -> Step {
        let bytes = found.end - walk.start;
        if bytes <= self.limits.record_bytes.min(self.limits.cell_bytes) {
            return Step::Record(found);
        }
        let cell_bytes = |cell: &CellSpan| (cell.end - cell.start) as usize;
        if cells[first_cell..].iter().any(|cell| cell_bytes(cell) > self.limits.cell_bytes) {
            return Step::TooBig;
        }
        if bytes <= self.limits.record_bytes {
            return Step::Record(found);
        }
        if found.lines == 1 {
            return Step::TooBig;
        }
        self.give_up(walk, cells, first_cell)
    }

    /// Goes back to the first line of the record last found, and gives that alone up.
    pub(super) fn give_up_lines(&mut self, data: &[u8], start: usize, ended: bool) -> Step {
        let mut walk = Walk { data, start, cell: start, place: 0, count: 0, line_ends: 0, nul: false, ended };
        let step = self.first_line(&mut walk, Fault::OpenQuote);
        self.next_place = walk.place;
        step
    }

    fn give_up(&mut self, walk: &Walk<'_>, cells: &mut Vec<CellSpan>, first_cell: usize) -> Step {
        cells.truncate(first_cell);
        self.escaped.clear();
        self.give_up_lines(walk.data, walk.start, walk.ended)
    }

    /// The physical line on which a record begins, as a record that could not be split.
    fn first_line(&self, walk: &mut Walk<'_>, fault: Fault) -> Step {
        let fault = if walk.line_ends > 0 { Fault::OpenQuote } else { fault };
        match self.line(walk) {
            Step::Record(found) => Step::Record(Found { fault: Some(fault), ..found }),
            other => other,
        }
    }

    /// The physical line at `walk.start`, whatever it holds.
    fn line(&self, walk: &mut Walk<'_>) -> Step {
        let start = offset(walk.start);
        let first = self.places.partition_point(|place| *place < start);
        let line_end = self.places[first..].iter().position(|place| walk.data[*place as usize] == b'\n');
        walk.cell = walk.start;
        walk.count = 0;
        walk.line_ends = 0;
        let Some(line_end) = line_end else {
            walk.place = self.places.len();
            return match (walk.ended, walk.data.len()) {
                (true, end) if end == walk.start => Step::End,
                (true, end) if end - walk.start > self.limits.record_bytes => Step::TooBig,
                (true, end) => walk.unterminated(end),
                (false, end) if end - walk.start > self.limits.record_bytes + 1 => Step::TooBig,
                (false, _) => Step::Incomplete,
            };
        };
        let at = self.places[first + line_end] as usize;
        walk.place = first + line_end + 1;
        let end = if at > walk.start && walk.data[at - 1] == b'\r' { at - 1 } else { at };
        if end - walk.start > self.limits.record_bytes {
            return Step::TooBig;
        }
        walk.record(end, at + 1)
    }

    /// The physical line at `start`: for lines before the header that are no records.
    pub(super) fn next_line(&mut self, data: &[u8], start: usize, ended: bool) -> Step {
        let mut walk = Walk { data, start, cell: start, place: 0, count: 0, line_ends: 0, nul: false, ended };
        let step = self.line(&mut walk);
        if matches!(step, Step::Record(_)) {
            self.next_place = walk.place;
        }
        step
    }
}

impl Walk<'_> {
    fn record(&self, end: usize, next: usize) -> Step {
        Step::Record(Found {
            end,
            next,
            lines: 1 + self.line_ends,
            cells: self.count,
            nul: self.nul,
            terminated: true,
            fault: None,
        })
    }

    /// A record that the end of the file ends; a CR before it belongs to its line end.
    fn unterminated(&self, end: usize) -> Step {
        match self.record(end, self.data.len()) {
            Step::Record(found) => Step::Record(Found { terminated: false, ..found }),
            other => other,
        }
    }
}
