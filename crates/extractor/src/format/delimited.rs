//! Text with separators: the exact state machine, walking along the places that could be structure. Ordinary rows do
//! not come here (`ordinary`).
//!
//! A cell is quoted if its first byte is the quotation mark; inside, two of them are one, and after the closing one
//! the cell must end. Everything else about quotation marks is a fault. A fault costs one physical line, and those
//! that complete its record (see [`Delimited::tail`]): the next one is looked for on the line after, so that a mark that
//! is never closed cannot swallow the rows behind it.

mod ordinary;

use memchr::{memchr, memchr_iter};
use model::{CellSpan, DelimitedFormat, Escape};

use super::record::{Fault, Found, Step};
use super::structure::{Specials, Structure, offset};
use crate::Limits;

/// The most line ends inside one quoted cell, and the most lines behind a broken one that are held for its rest.
pub(super) const MOST_LINE_ENDS: u64 = 99;

/// Finds the records of a block of delimited text.
pub(super) struct Delimited {
    delimiter: u8,
    quote: Option<u8>,
    escape: Escape,
    line_end: u8,
    limits: Limits,
    /// The cells of a row; none, as long as the header is not known.
    width: usize,
    /// Where structure could change in the block, and which of these places and breaks come next.
    structure: Structure,
    next_place: usize,
    next_break: usize,
    /// Which cells of the last record, counted within it, hold quotation marks that stand for text.
    escaped: Vec<usize>,
}

/// How many marks a line has, whatever they mean.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) delimiters: usize,
    pub(super) quotes: usize,
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
    /// It does not, and there the file ends.
    OpenToTheEnd,
    /// An escape mark stands before something that needs none.
    StrayEscape,
    /// That is not to be known here.
    Step(Step),
}

impl Delimited {
    /// `line_end` is LF, or CR where that alone ends a line.
    pub(super) fn new(format: &DelimitedFormat, limits: Limits, line_end: u8) -> Self {
        let escape = match format.escape {
            Escape::Mark(mark) if Some(mark) == format.quote => Escape::Doubled,
            escape => escape,
        };
        let mark = match escape {
            Escape::Mark(mark) => Some(mark).filter(|_| format.quote.is_some()),
            Escape::Doubled | Escape::None => None,
        };
        let delimiter = Some(format.delimiter);
        Self {
            delimiter: format.delimiter,
            quote: format.quote,
            escape,
            line_end,
            limits,
            width: 0,
            structure: Structure::new(Specials { delimiter, quote: format.quote, escape: mark, line_end }),
            next_place: 0,
            next_break: 0,
            escaped: Vec::new(),
        }
    }

    /// Says how many cells a row has.
    pub(super) fn set_width(&mut self, width: usize) {
        self.width = width;
    }

    /// Takes up a block from this position on.
    pub(super) fn take_up(&mut self, data: &[u8], from: usize) {
        self.structure.find(data, from);
        self.next_place = 0;
        self.next_break = 0;
    }

    /// The byte that ends a line.
    pub(super) fn line_end(&self) -> u8 {
        self.line_end
    }

    pub(super) fn marks_in(&self, bytes: &[u8]) -> Marks {
        let quotes = self.quote.map_or(0, |quote| memchr_iter(quote, bytes).count());
        Marks { delimiters: memchr_iter(self.delimiter, bytes).count(), quotes }
    }

    /// Whether a line with these marks may end within a quoted cell. With escape marks their number says nothing.
    pub(super) fn may_be_open(&self, marks: Marks) -> bool {
        match self.escape {
            Escape::Mark(_) => marks.quotes > 0,
            Escape::Doubled | Escape::None => !marks.quotes.is_multiple_of(2),
        }
    }

    /// The cells of the last record, counted within it, in which quotation marks stand for text.
    pub(super) fn escaped(&self) -> &[usize] {
        &self.escaped
    }

    /// The cell with its text alone, without the marks that make quotation marks text.
    pub(super) fn unescape(&self, bytes: &mut Vec<u8>, span: CellSpan) -> CellSpan {
        let mark = match self.escape {
            Escape::Mark(mark) => mark,
            Escape::Doubled | Escape::None => self.quote.unwrap_or_default(),
        };
        let start = bytes.len();
        let (mut from, end) = (span.start as usize, span.end as usize);
        while let Some(at) = memchr(mark, &bytes[from..end]) {
            // The byte behind the mark is text, be it a mark itself.
            bytes.extend_from_within(from..from + at);
            bytes.push(bytes[from + at + 1]);
            from += at + 2;
        }
        bytes.extend_from_within(from..end);
        CellSpan { start: offset(start), end: offset(bytes.len()) }
    }

    /// Where the content of a line ends: before the CR that belongs to its LF.
    #[inline]
    fn content_end(&self, data: &[u8], start: usize, line_end: usize) -> usize {
        let carriage_return = self.line_end == b'\n' && line_end > start && data[line_end - 1] == b'\r';
        line_end - usize::from(carriage_return)
    }

    /// Goes on at this place.
    fn go_on_at(&mut self, place: usize) {
        let breaks = self.structure.breaks();
        if place < self.next_place {
            self.next_break = breaks.partition_point(|at| (*at as usize) < place);
        } else {
            let passed = breaks[self.next_break..].iter().take_while(|at| (**at as usize) < place);
            self.next_break += passed.count();
        }
        self.next_place = place;
    }

    /// Finds the record that begins at `start`, and appends its cells.
    pub(super) fn next(&mut self, data: &[u8], start: usize, ended: bool, cells: &mut Vec<CellSpan>) -> Step {
        self.escaped.clear();
        let first_cell = cells.len();
        let mut walk = Walk { place: self.next_place, ..Walk::new(data, start, ended) };
        let step = self.walk(&mut walk, cells);
        match step {
            Step::Record(found) if found.fault.is_none() => {
                self.go_on_at(walk.place);
                return self.checked(found, &walk, first_cell, cells);
            }
            Step::Record(_) => self.go_on_at(walk.place),
            _ => {}
        }
        self.escaped.clear();
        cells.truncate(first_cell);
        step
    }

    fn walk(&mut self, walk: &mut Walk<'_>, cells: &mut Vec<CellSpan>) -> Step {
        while let Some(&place) = self.structure.places().get(walk.place) {
            let at = place as usize;
            walk.place += 1;
            let byte = walk.data[at];
            if byte == self.delimiter {
                self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                walk.cell = at + 1;
            } else if byte == self.line_end {
                let end = self.content_end(walk.data, walk.cell, at);
                self.push(walk, CellSpan { start: offset(walk.cell), end: offset(end) }, cells);
                return walk.record(end, at + 1);
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
                    Quoted::OpenToTheEnd => return self.first_line(walk, Fault::OpenToTheEnd),
                    Quoted::StrayEscape => return self.first_line(walk, Fault::StrayEscape),
                    Quoted::Step(step) => return step,
                }
            } else if matches!(byte, b'\r' | b'\n') {
                match walk.data.get(at + 1) {
                    // At the very end of the file it is half of a line end, which leaves the record whole.
                    None if byte == b'\r' && walk.ended => {
                        self.push(walk, CellSpan { start: offset(walk.cell), end: place }, cells);
                        return walk.unterminated(at);
                    }
                    None if byte == b'\r' => return self.incomplete(walk),
                    _ => return self.lone_line_end(walk, at),
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
        let line_ends_before = walk.line_ends;
        let mut escaped = false;
        while let Some(&place) = self.structure.places().get(walk.place) {
            let at = place as usize;
            if self.is_beyond(walk, content, at) {
                return Self::too_big(walk);
            }
            walk.place += 1;
            let byte = walk.data[at];
            if Some(byte) == self.quote {
                match walk.data.get(at + 1) {
                    Some(&next) if Some(next) == self.quote && self.escape == Escape::Doubled => {
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
            } else if byte == self.line_end {
                walk.line_ends += 1;
            } else if self.escape == Escape::Mark(byte) {
                match walk.data.get(at + 1) {
                    Some(&next) if self.may_be_escaped(next) => self.pass_escaped(walk, at + 1),
                    Some(_) => return Quoted::StrayEscape,
                    None if walk.ended => return Quoted::OpenToTheEnd,
                    None => return Quoted::Step(self.incomplete(walk)),
                }
                escaped = true;
            } else {
                walk.nul |= byte == 0;
            }
            if walk.line_ends - line_ends_before > MOST_LINE_ENDS {
                return Quoted::Open;
            }
        }
        if self.is_beyond(walk, content, walk.data.len()) {
            return Self::too_big(walk);
        }
        if walk.ended { Quoted::OpenToTheEnd } else { Quoted::Step(Step::Incomplete) }
    }

    /// What an escape mark may stand before. Before anything else it could have a meaning of its own (`\n`, `\t`), so
    /// what the cell says would be a guess.
    fn may_be_escaped(&self, byte: u8) -> bool {
        Some(byte) == self.quote
            || self.escape == Escape::Mark(byte)
            || byte == self.delimiter
            || matches!(byte, b'\r' | b'\n')
    }

    /// Passes over an escaped byte. It is a place like the mark, but for the CR of a CRLF.
    fn pass_escaped(&self, walk: &mut Walk<'_>, at: usize) {
        if self.structure.places().get(walk.place) == Some(&offset(at)) {
            walk.place += 1;
            walk.line_ends += u64::from(walk.data[at] == self.line_end);
        }
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
    fn lone_line_end(&self, walk: &mut Walk<'_>, at: usize) -> Step {
        match (at - walk.start > self.limits.record_bytes, walk.line_ends) {
            (false, _) => Step::LoneLineEnd,
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
            (Some(&byte), _) if byte == self.line_end => {
                walk.place += 1;
                Some(walk.record(after, after + 1))
            }
            (Some(b'\r'), Some(b'\n')) => {
                walk.place += 1;
                Some(walk.record(after, after + 2))
            }
            (Some(b'\r'), None) if walk.ended => {
                walk.place += 1;
                Some(walk.unterminated(after))
            }
            (Some(b'\r'), None) => Some(self.incomplete(walk)),
            (Some(b'\r' | b'\n'), _) => Some(self.lone_line_end(walk, after)),
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

    /// Goes back to the first line of the record last found, and gives up that and as many lines behind it.
    pub(super) fn give_up_lines(&mut self, data: &[u8], start: usize, ended: bool, tail: u64) -> Step {
        let mut walk = Walk::new(data, start, ended);
        let step = match self.line(&mut walk) {
            Step::Record(found) => Step::Record(Found { fault: Some(Fault::OpenQuote), tail, ..found }),
            other => other,
        };
        self.go_on_at(walk.place);
        step
    }

    fn give_up(&mut self, walk: &Walk<'_>, cells: &mut Vec<CellSpan>, first_cell: usize) -> Step {
        cells.truncate(first_cell);
        self.escaped.clear();
        match self.tail(walk) {
            Some(tail) => self.give_up_lines(walk.data, walk.start, walk.ended, tail),
            None => Step::Incomplete,
        }
    }

    /// The physical line on which a record begins, as a record that could not be split.
    fn first_line(&self, walk: &mut Walk<'_>, fault: Fault) -> Step {
        let fault = match fault {
            Fault::OpenToTheEnd if self.row_behind(walk) => Fault::OpenQuote,
            Fault::StrayQuote | Fault::StrayEscape if walk.line_ends > 0 => Fault::OpenQuote,
            fault => fault,
        };
        let open = matches!(fault, Fault::OpenQuote | Fault::OpenToTheEnd);
        let Some(tail) = (if open { self.tail(walk) } else { Some(0) }) else { return Step::Incomplete };
        match self.line(walk) {
            Step::Record(found) => Step::Record(Found { fault: Some(fault), tail, ..found }),
            other => other,
        }
    }

    /// How many of the lines behind the first belong to a record with a quoted cell that is never closed, or closes
    /// badly on a later line; `None` if more of the file is needed.
    ///
    /// If the line has as many cells as a row, the mark was a stray one. If it has fewer, the text probably went on, and
    /// its rest can look like a row: so the lines that complete the cells of a row are no records.
    fn tail(&self, walk: &Walk<'_>) -> Option<u64> {
        let beyond = |at: usize| at - walk.start > self.limits.record_bytes;
        let places = self.structure.places();
        let first = places.partition_point(|place| (*place as usize) < walk.start);
        let (mut cells, mut line, mut line_start) = (1, 0, walk.start);
        for at in places[first..].iter().map(|place| *place as usize).take_while(|at| !beyond(*at)) {
            let byte = walk.data[at];
            cells += usize::from(byte == self.delimiter);
            if byte == self.line_end {
                if cells >= self.width || line >= MOST_LINE_ENDS {
                    return Some(line);
                }
                line += 1;
                line_start = at + 1;
            }
        }
        // The last line is not whole: it counts if the file ends there, and not if it reaches beyond the limits.
        let end = walk.data.len();
        if !walk.ended && end - walk.start <= self.limits.record_bytes + 1 {
            return None;
        }
        let counts = line_start < end && end - walk.start <= self.limits.record_bytes + 1;
        Some(if counts { line } else { line.saturating_sub(1) })
    }

    /// Whether a line behind the first has as many cells as a row.
    fn row_behind(&self, walk: &Walk<'_>) -> bool {
        let mut later = walk.data[walk.start..].split(|byte| *byte == self.line_end).skip(1);
        later.any(|line| !line.trim_ascii().is_empty() && memchr_iter(self.delimiter, line).count() + 1 >= self.width)
    }

    /// The physical line at `walk.start`, whatever it holds.
    fn line(&self, walk: &mut Walk<'_>) -> Step {
        let (places, breaks) = (self.structure.places(), self.structure.breaks());
        let first = places.partition_point(|place| (*place as usize) < walk.start);
        let first_break = breaks.partition_point(|place| (*place as usize) < first);
        let mut later = breaks[first_break..].iter().map(|place| *place as usize);
        let line_end = later.find(|place| walk.data[places[*place] as usize] == self.line_end);
        walk.cell = walk.start;
        walk.count = 0;
        walk.line_ends = 0;
        let Some(line_end) = line_end else {
            walk.place = places.len();
            return match (walk.ended, walk.data.len()) {
                (true, end) if end == walk.start => Step::End,
                (true, end) if end - walk.start > self.limits.record_bytes => Step::TooBig,
                (true, end) => walk.unterminated(end),
                (false, end) if end - walk.start > self.limits.record_bytes + 1 => Step::TooBig,
                (false, _) => Step::Incomplete,
            };
        };
        let at = places[line_end] as usize;
        walk.place = line_end + 1;
        let end = self.content_end(walk.data, walk.start, at);
        if end - walk.start > self.limits.record_bytes {
            return Step::TooBig;
        }
        walk.record(end, at + 1)
    }

    /// The physical line at `start`: for lines before the header that are no records.
    pub(super) fn next_line(&mut self, data: &[u8], start: usize, ended: bool) -> Step {
        let mut walk = Walk::new(data, start, ended);
        let step = self.line(&mut walk);
        if matches!(step, Step::Record(_)) {
            self.go_on_at(walk.place);
        }
        step
    }
}

impl Marks {
    pub(super) fn and(self, other: Self) -> Self {
        Self { delimiters: self.delimiters + other.delimiters, quotes: self.quotes + other.quotes }
    }
}

impl<'a> Walk<'a> {
    fn new(data: &'a [u8], start: usize, ended: bool) -> Self {
        Self { data, start, cell: start, place: 0, count: 0, line_ends: 0, nul: false, ended }
    }

    fn record(&self, end: usize, next: usize) -> Step {
        Step::Record(Found {
            end,
            next,
            lines: 1 + self.line_ends,
            cells: self.count,
            nul: self.nul,
            terminated: true,
            fault: None,
            tail: 0,
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
