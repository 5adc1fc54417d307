//! The bytes of a delivery taken apart: into records with their place, and their cells as ranges of bytes.
//!
//! [`Reader`] is the way in. `sniff` looks at what the file is, `feed` brings it block by block, `delimited` and `fixed`
//! find records and cells (`structure` is the inner loop), `oversized` passes over what is too large for that, `rules` says
//! which records are data, `control` reads control records, `books` counts. Cells are not decoded here, and never guessed at: what cannot be split is a broken row.
//!
//! The result depends on the bytes and the limits of cells and records alone: not on how the input hands the bytes
//! over, and not on the size of the batches.

mod books;
mod control;
mod delimited;
mod feed;
mod fixed;
mod header;
mod oversized;
mod record;
mod rules;
mod sniff;
mod structure;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use model::{
    BrokenRow, CellSpan, Code, Control, ControlStatement, Encoding, Header, Layout, Notice, RawBatch, Refusal,
    RowAddress, Source,
};

use self::books::{Always, Books};
use self::control::ControlLine;
use self::feed::Feed;
use self::oversized::Oversized;
use self::record::{Fault, Found, PlainRows, Step};
use self::rules::{Rules, Verdict};
use self::sniff::HEAD;
pub(crate) use self::sniff::{archive_kind, binary_kind, marked_encoding, markup_kind};
use self::structure::offset;
use crate::error::{Stop, settle};
use crate::{ExtractError, Limits};

/// What is kept of a broken row.
const BROKEN_BYTES: usize = 4096;
/// So many broken rows end a batch, whatever its size: each is kept apart, and they must not fill the memory.
const BROKEN_ROWS: usize = 16_384;

/// Reads the records of one delivery.
pub struct Reader<R> {
    feed: Feed<R>,
    limits: Limits,
    head: usize,
    encoding: Encoding,
    control: Control,
    rules: Rules,
    header: Header,
    /// Empty cells that every record has behind the last column; `None` until a record has shown it.
    surplus: Option<usize>,
    /// How many of the next lines are the rest of a broken record.
    tail: u64,
    /// The cells that the rest of an oversized record has to bring, and that end the tail; 0 if its lines are known.
    missing: usize,
    /// The line beyond the limits that is being passed over.
    oversized: Option<Oversized>,
    /// The physical line on which the next record begins.
    line: u64,
    books: Books,
    statements: Vec<ControlStatement>,
    notices: Vec<Notice>,
    /// Whether nothing that counts came after the trailer.
    vouched: bool,
    done: bool,
}

/// What the reader found besides the rows. `read` = rows handed on + broken rows handed on + skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSummary {
    /// Records in the file.
    pub read: u64,
    /// Records that a rule left out, by the rule's name.
    pub skipped: BTreeMap<String, u64>,
    /// What the control records state.
    pub control: Vec<ControlStatement>,
    /// What is worth knowing.
    pub notices: Vec<Notice>,
}

impl<R: Read> Reader<R> {
    /// Looks at what the input is, and reads up to the first row.
    ///
    /// # Errors
    /// The input cannot be read. What it holds is never an error: a file that is not what the source declares is a
    /// refusal.
    pub fn open(source: &Source, input: R, limits: Limits) -> Result<Result<Self, Refusal>, ExtractError> {
        Self::open_layout(&Layout::of(source), input, limits)
    }

    /// The same, for a file whose layout does not come from a source.
    ///
    /// # Errors
    /// The input cannot be read, or a pattern of the layout is no regular expression.
    pub fn open_layout(layout: &Layout, input: R, limits: Limits) -> Result<Result<Self, Refusal>, ExtractError> {
        settle(Self::begin(layout, input, limits.clamped(), HEAD))
    }

    /// `head` is how much of the file is looked at before the first row; tests make it small.
    fn begin(layout: &Layout, input: R, limits: Limits, head: usize) -> Result<Self, Stop> {
        let encoding = layout.format.encoding();
        let mut feed = Feed::new(&layout.format, input, limits);
        let mut block = RawBatch::default();
        feed.fill(&mut block, head)?;
        let mark = sniff::sniff(feed.data(&block), feed.ended, encoding)?;
        feed.settle_line_end(&layout.format, limits, &block);
        feed.pass(&block, mark);
        let mut reader = Self {
            rules: Rules::of_lines(layout)?,
            books: Books::new(layout.skip.len()),
            feed,
            limits,
            head,
            encoding,
            control: layout.control.clone(),
            header: Header { names: Vec::new(), line: 0 },
            surplus: None,
            tail: 0,
            missing: 0,
            oversized: None,
            line: 1,
            statements: Vec::new(),
            notices: Vec::new(),
            vouched: false,
            done: false,
        };
        reader.read_head(layout, &mut block)?;
        reader.feed.set_width(reader.header.names.len());
        reader.agree_on_surplus(&mut block)?;
        reader.feed.leave(&block);
        Ok(reader)
    }

    /// The columns, from the file or, where it has no header row, from the definition.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Clears the batch and fills it with the next rows; `false` at the end of the file, with an empty batch. A batch
    /// may hold nothing but broken rows.
    ///
    /// # Errors
    /// The input cannot be read. After a refusal the reader is of no further use.
    pub fn next_batch(&mut self, batch: &mut RawBatch) -> Result<Result<bool, Refusal>, ExtractError> {
        settle(self.fill_batch(batch))
    }

    /// What was found besides the rows.
    ///
    /// # Panics
    /// If the file was not read to its end, or the books do not balance: both are mistakes of the program.
    pub fn finish(self) -> ReadSummary {
        assert!(self.done, "the reader was asked for its summary before the end of the file");
        self.books.assert_balance();
        ReadSummary {
            read: self.books.read,
            skipped: self.books.skipped(|rule| self.rules.name(rule)),
            control: self.statements,
            notices: self.notices,
        }
    }

    fn fill_batch(&mut self, batch: &mut RawBatch) -> Result<bool, Stop> {
        if self.done {
            batch.clear();
            return Ok(false);
        }
        // The feed writes over the bytes.
        batch.cells.clear();
        batch.rows.clear();
        batch.broken.clear();
        batch.width = self.header.names.len();
        self.feed.begin(batch, self.limits.batch_bytes)?;
        self.pass_over(batch)?;
        while batch.broken.len() < BROKEN_ROWS && self.oversized.is_none() {
            if self.tail == 0 {
                self.enter_plain_rows(batch);
            }
            let first_cell = batch.cells.len();
            let step = if self.tail > 0 { self.feed.next_line(batch) } else { self.feed.next(batch) };
            match step {
                Step::Record(line) if self.tail > 0 => self.enter_tail(batch, &line)?,
                Step::Record(found) => self.enter(batch, first_cell, &found)?,
                // A block of skipped records is no batch.
                Step::Incomplete if batch.is_empty() && batch.broken.is_empty() => {
                    self.feed.read_on(batch, self.limits.batch_bytes)?;
                }
                Step::Incomplete => break,
                Step::End => {
                    self.close()?;
                    break;
                }
                Step::TooBig => {
                    batch.cells.truncate(first_cell);
                    self.reject_oversized(batch)?;
                }
                step @ (Step::LoneLineEnd | Step::Torn) => return Err(self.unreadable(batch, step).into()),
            }
        }
        self.feed.leave(batch);
        Ok(!batch.is_empty() || !batch.broken.is_empty())
    }

    /// The next record before the first row; `None` at the end of the file.
    fn find(&mut self, block: &mut RawBatch) -> Result<Option<Found>, Stop> {
        loop {
            block.cells.clear();
            match self.feed.next(block) {
                Step::Record(found) => return Ok(Some(found)),
                Step::End => return Ok(None),
                Step::Incomplete => {
                    self.feed.read_on(block, self.head)?;
                }
                step @ (Step::LoneLineEnd | Step::TooBig | Step::Torn) => {
                    return Err(self.unreadable(block, step).into());
                }
            }
        }
    }

    /// The refusal of a file in which the next record cannot be found.
    fn unreadable(&self, block: &RawBatch, step: Step) -> Refusal {
        if step == Step::Torn || (step == Step::TooBig && self.ends_in_nul_bytes(block)) {
            return Refusal::new(Code::FILE_TORN, "the file ends in NUL bytes: it was cut while it was written")
                .at_line(self.line)
                .with_help("Ask for the delivery again");
        }
        if step == Step::LoneLineEnd {
            let message = "a line ends in a carriage return alone and others do not, or the other way round";
            return Refusal::new(Code::LINE_ENDS_MIXED, message)
                .at_line(self.line)
                .with_help("Ask for the file with line feeds, with or without carriage returns before them");
        }
        self.too_big()
    }

    /// Whether a record that reaches the limits does so with NUL bytes: whoever wrote them did not write a large cell.
    fn ends_in_nul_bytes(&self, block: &RawBatch) -> bool {
        let certain = self.limits.cell_bytes.min(self.limits.record_bytes);
        let record = self.feed.data(block).get(self.feed.at..self.feed.at + certain).unwrap_or_default();
        record.len() >= BROKEN_BYTES && record[record.len() - BROKEN_BYTES..].iter().all(|byte| *byte == 0)
    }

    /// Takes the rows that need no closer look. Where they are not worth it, [`Self::enter`] finds the same.
    fn enter_plain_rows(&mut self, batch: &mut RawBatch) {
        let Some(surplus) = self.surplus else { return };
        let record = self.books.read + 1;
        let mut plain =
            PlainRows { width: self.header.names.len(), surplus, at: self.feed.at, line: self.line, record };
        self.feed.plain_rows(batch, &self.rules, &mut plain);
        let rows = plain.record - record;
        if rows > 0 {
            self.books.read += rows;
            self.books.rows += rows;
            self.line = plain.line;
            self.feed.at = plain.at;
            self.vouched = false;
        }
    }

    /// Puts a record into the books, and into the batch if it is a row or a broken one.
    fn enter(&mut self, batch: &mut RawBatch, first_cell: usize, found: &Found) -> Result<(), Stop> {
        let verdict = self.rules.verdict(batch, self.feed.at, first_cell, found, self.surplus);
        match verdict {
            Verdict::Data => return self.enter_data(batch, first_cell, found),
            Verdict::Fault(fault) => return self.enter_fault(batch, first_cell, found, fault),
            Verdict::Nul => {
                self.enter_broken(batch, found, Code::NUL_BYTE, "the record holds a NUL byte".to_owned());
            }
            Verdict::Mark => {
                let reason = "a byte order mark stands before the record: files were joined".to_owned();
                self.enter_broken(batch, found, Code::MARK_INSIDE, reason);
            }
            Verdict::Blank => self.books.skip(Always::Blank),
            Verdict::Rule(rule) => self.books.skip_by_rule(rule),
            Verdict::RepeatedHeader => {
                self.books.skip(Always::RepeatedHeader);
                self.vouched = false;
            }
            Verdict::ControlHeader | Verdict::ControlTrailer => {
                self.enter_control(verdict, batch, first_cell, found)?;
            }
        }
        batch.cells.truncate(first_cell);
        self.take(found);
        Ok(())
    }

    /// Moves behind a record.
    fn take(&mut self, found: &Found) {
        self.books.read += 1;
        self.line += found.lines;
        self.feed.at = found.next;
    }

    fn enter_data(&mut self, batch: &mut RawBatch, first_cell: usize, found: &Found) -> Result<(), Stop> {
        let width = self.header.names.len();
        if self.surplus.is_none() {
            // A row of another width decides nothing.
            self.surplus = empty_surplus(batch, first_cell, found, width);
        }
        let surplus = self.surplus.unwrap_or(0);
        let whole =
            found.cells == width + surplus && (surplus == 0 || all_empty(batch, &batch.cells[first_cell + width..]));
        if whole {
            batch.cells.truncate(first_cell + width);
            self.vouched = false;
            let raw = CellSpan { start: offset(self.feed.at), end: offset(found.end) };
            batch.rows.push(RowAddress { line: self.line, record: self.books.read + 1, raw });
            self.books.rows += 1;
            if !found.terminated {
                self.notices.push(no_final_line_end(self.line));
            }
            self.take(found);
            return Ok(());
        }
        batch.cells.truncate(first_cell);
        if found.lines > 1 {
            // Quotation marks joined lines into something that is no row: one of them was hardly meant.
            return match self.feed.give_up_lines(batch, found.lines) {
                Step::Record(line) => self.enter_fault(batch, first_cell, &line, Fault::OpenQuote),
                Step::TooBig => self.reject_oversized(batch),
                step => Err(self.unreadable(batch, step).into()),
            };
        }
        if found.cells < width + surplus && !found.terminated {
            return Err(self.cut(&cells_and_columns(found.cells, width)).into());
        }
        let code = if found.cells < width + surplus { Code::ROW_SHORT } else { Code::ROW_LONG };
        self.enter_broken(batch, found, code, cells_and_columns(found.cells, width));
        self.take(found);
        Ok(())
    }

    fn enter_fault(
        &mut self,
        batch: &mut RawBatch,
        first_cell: usize,
        found: &Found,
        fault: Fault,
    ) -> Result<(), Stop> {
        batch.cells.truncate(first_cell);
        if !found.terminated {
            match fault {
                Fault::OpenQuote | Fault::OpenToTheEnd => {
                    return Err(self.cut("it ends inside a quoted cell").into());
                }
                Fault::Length { found, expected } if found < expected => {
                    return Err(self.cut(&fault.reason()).into());
                }
                Fault::Length { .. } | Fault::StrayQuote | Fault::StrayEscape => {}
            }
        }
        if fault == Fault::OpenToTheEnd {
            let help = "Ask for the delivery again; if the export does not quote at all, declare `quote: none`";
            return Err(Refusal::new(fault.code(), fault.reason()).at_line(self.line).with_help(help).into());
        }
        self.enter_broken(batch, found, fault.code(), fault.reason());
        self.take(found);
        self.tail = found.tail;
        Ok(())
    }

    /// Puts a line that is the rest of a broken record into the books.
    fn enter_tail(&mut self, batch: &mut RawBatch, line: &Found) -> Result<(), Stop> {
        if !line.terminated {
            return Err(self.cut("it is the rest of a record that is broken").into());
        }
        let reason = "the line is the rest of a record that began on an earlier line and is broken";
        self.enter_broken(batch, line, Code::QUOTE_OPEN, reason.to_owned());
        let marks = self.feed.marks_in(&batch.bytes[self.feed.at..line.end]);
        self.take(line);
        self.shorten_tail(marks);
        Ok(())
    }

    fn enter_broken(&mut self, batch: &mut RawBatch, found: &Found, code: Code, reason: String) {
        let start = self.feed.at;
        let raw = batch.bytes[start..found.end.min(start + BROKEN_BYTES)].to_vec();
        let (line, lines, record) = (self.line, found.lines, self.books.read + 1);
        batch.broken.push(BrokenRow { line, lines, record, code, reason, raw });
        self.books.broken += 1;
        self.vouched = false;
    }

    fn enter_control(
        &mut self,
        verdict: Verdict,
        batch: &RawBatch,
        first_cell: usize,
        found: &Found,
    ) -> Result<(), Refusal> {
        let trailer = verdict == Verdict::ControlTrailer;
        let record = if trailer { &self.control.trailer } else { &self.control.header };
        if let Some(record) = record {
            let at = ControlLine { start: self.feed.at, first_cell, line: self.line };
            self.statements.extend(control::statements(record, batch, found, at, self.encoding)?);
        }
        self.books.skip(Always::ControlRecord);
        self.vouched = trailer;
        Ok(())
    }

    fn cut(&self, what: &str) -> Refusal {
        let message = format!("the last record is incomplete and has no line end: {what}");
        Refusal::new(Code::FILE_CUT, message).at_line(self.line).with_help("Ask for the delivery again")
    }

    /// The end of the file: what only it can tell.
    fn close(&mut self) -> Result<(), Refusal> {
        if self.books.nothing_found() {
            return Err(sniff::empty(false));
        }
        if let Some(trailer) = self.control.trailer.as_ref().filter(|_| !self.vouched) {
            return Err(control::missing("last", trailer));
        }
        if self.feed.end_mark {
            let message = "the file ends in the DOS end mark (0x1A), which was ignored".to_owned();
            self.notices.push(Notice { code: Code::END_MARK, message, rows: 0, first_line: None });
        }
        self.done = true;
        Ok(())
    }

    /// Whether the records have empty cells behind the last column, as exports with a closing separator do. Two must
    /// agree, since a single row with such a cell has rather been shifted. Where the beginning of the file does not
    /// hold two that agree, nothing is ignored if some differ; the only one, or the first one that comes, decides.
    fn agree_on_surplus(&mut self, block: &mut RawBatch) -> Result<(), Stop> {
        self.feed.fill(block, self.head)?;
        let until = self.feed.data(block).len().min(self.head);
        self.feed.take_up(block, until);
        let width = self.header.names.len();
        let mut votes = BTreeSet::new();
        while let Step::Record(found) = self.feed.next_until(block, until) {
            let data = self.rules.verdict(block, self.feed.at, 0, &found, None) == Verdict::Data;
            let surplus = empty_surplus(block, 0, &found, width).filter(|_| data);
            if let Some(surplus) = surplus.filter(|surplus| !votes.insert(*surplus)) {
                self.surplus = Some(surplus);
                break;
            }
            self.feed.at = found.next;
            block.cells.clear();
        }
        if self.surplus.is_none() {
            self.surplus = if votes.len() > 1 { Some(0) } else { votes.pop_first() };
        }
        self.feed.at = 0;
        block.cells.clear();
        Ok(())
    }
}

fn all_empty(batch: &RawBatch, cells: &[CellSpan]) -> bool {
    cells.iter().all(|cell| batch.slice(*cell).trim_ascii().is_empty())
}

/// How many cells the record has behind the last column; `None` if they are not empty, or it lacks some.
fn empty_surplus(batch: &RawBatch, first_cell: usize, found: &Found, width: usize) -> Option<usize> {
    let surplus = batch.cells.get(first_cell + width..)?;
    // Of a record with absurdly many cells not all were kept.
    let kept = surplus.len() + width == found.cells;
    (kept && all_empty(batch, surplus)).then_some(found.cells - width)
}

fn cells_and_columns(cells: usize, columns: usize) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!("the row has {}, the header {}", counted(cells, "cell"), counted(columns, "column"))
}

fn no_final_line_end(line: u64) -> Notice {
    let message = "the last line has no line end; it has all its cells, but the last one could be cut".to_owned();
    Notice { code: Code::NO_FINAL_LINE_END, message, rows: 1, first_line: Some(line) }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::source as example_source;
