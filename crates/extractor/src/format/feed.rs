//! The bytes of a file, block by block, and the physical format that finds the records in them.
//!
//! A block is read straight into the batch that will carry it, so that a row's bytes are moved once. What a block
//! holds of a record that it does not end is kept and put in front of the next one.

use std::io::{ErrorKind, Read};

use memchr::memchr;
use model::{Format, LineEnd, RawBatch};

use super::delimited::{Delimited, Marks};
use super::fixed::Fixed;
use super::record::{PlainRows, Step};
use super::rules::Rules;
use crate::{ExtractError, Limits};

/// The mark with which DOS programs ended a text.
const END_MARK: u8 = 0x1A;

enum Physical {
    Delimited(Delimited),
    Fixed(Fixed),
}

/// A file as a sequence of records.
pub(super) struct Feed<R> {
    input: R,
    physical: Physical,
    /// What ends a line, CR before it or not.
    line_end: u8,
    /// Where in the block the next record begins.
    pub(super) at: usize,
    /// How many bytes of the block are the file's; unescaped cells may follow them.
    filled: usize,
    /// Whether the block holds the end of the file.
    pub(super) ended: bool,
    /// Whether the file ended in the DOS end mark.
    pub(super) end_mark: bool,
    /// Whether the file ends in a NUL byte.
    pub(super) torn: bool,
    /// The bytes of a record with which it is certain that it is too big.
    enough: usize,
    /// The beginning of a record that the last block did not end.
    tail: Vec<u8>,
}

impl Physical {
    fn new(format: &Format, limits: Limits, line_end: u8) -> Self {
        match format {
            Format::Delimited(format) => Self::Delimited(Delimited::new(format, limits, line_end)),
            Format::Fixed(format) => Self::Fixed(Fixed::new(format, limits, line_end)),
        }
    }
}

impl<R: Read> Feed<R> {
    pub(super) fn new(format: &Format, input: R, limits: Limits) -> Self {
        let physical = Physical::new(format, limits, b'\n');
        let enough = limits.record_bytes + 2;
        Self {
            input,
            physical,
            line_end: b'\n',
            at: 0,
            filled: 0,
            ended: false,
            end_mark: false,
            torn: false,
            enough,
            tail: Vec::new(),
        }
    }

    /// Settles what ends a line, by the first bytes of the file where the format leaves it open.
    pub(super) fn settle_line_end(&mut self, format: &Format, limits: Limits, block: &RawBatch) {
        let declared = match format {
            Format::Delimited(format) => format.line_end,
            Format::Fixed(_) => LineEnd::Detected,
        };
        let alone = match declared {
            LineEnd::LineFeed => false,
            LineEnd::CarriageReturn => true,
            LineEnd::Detected => has_carriage_returns_alone(self.data(block), self.ended),
        };
        if alone {
            self.line_end = b'\r';
            self.physical = Physical::new(format, limits, self.line_end);
        }
    }

    /// The file's bytes in the block.
    pub(super) fn data<'a>(&self, block: &'a RawBatch) -> &'a [u8] {
        &block.bytes[..self.filled]
    }

    /// Forgets what was taken from the block, and reads until it holds `target` bytes or the file ends. No row of the
    /// block may be in use: its bytes move.
    pub(super) fn fill(&mut self, block: &mut RawBatch, target: usize) -> Result<(), ExtractError> {
        self.refill(block, target)?;
        self.take_up(block, self.filled);
        Ok(())
    }

    /// The same without a look at the bytes.
    pub(super) fn refill(&mut self, block: &mut RawBatch, target: usize) -> Result<(), ExtractError> {
        debug_assert!(block.rows.is_empty(), "rows would lose their bytes");
        block.cells.clear();
        block.bytes.copy_within(self.at..self.filled, 0);
        self.filled -= self.at;
        self.at = 0;
        if !self.ended && self.filled < target {
            // What the block has from an earlier use is written over, which is cheaper than filling it with zeros.
            if block.bytes.len() < target {
                block.bytes.resize(target, 0);
            }
            while self.filled < target && !self.ended {
                match self.input.read(&mut block.bytes[self.filled..target]) {
                    Ok(0) => self.ended = true,
                    Ok(read) => self.filled += read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(ExtractError::input(error)),
                }
            }
            if self.ended {
                self.look_at_the_end(block);
            }
        }
        block.bytes.truncate(self.filled);
        Ok(())
    }

    /// Reads on when the block does not end the record at its beginning. Twice as much each time, so that a large
    /// record costs no more than twice its size.
    pub(super) fn read_on(&mut self, block: &mut RawBatch, at_least: usize) -> Result<(), ExtractError> {
        let rest = self.filled - self.at;
        self.fill(block, at_least.max(self.enough.min(2 * rest)).max(rest + 1))
    }

    fn look_at_the_end(&mut self, block: &RawBatch) {
        if self.data(block).last() == Some(&END_MARK) {
            self.filled -= 1;
            self.end_mark = true;
        }
        self.torn = self.data(block).last() == Some(&0);
    }

    /// A file system that lost power leaves NUL bytes in place of what was not yet written.
    fn unless_torn(&self, step: Step) -> Step {
        match step {
            Step::Record(found) if self.torn && !found.terminated => Step::Torn,
            step => step,
        }
    }

    /// Says how many cells a row has.
    pub(super) fn set_width(&mut self, width: usize) {
        if let Physical::Delimited(delimited) = &mut self.physical {
            delimited.set_width(width);
        }
    }

    /// Lets the physical format look at the block as far as `until`.
    pub(super) fn take_up(&mut self, block: &RawBatch, until: usize) {
        let data = &block.bytes[..until];
        match &mut self.physical {
            Physical::Delimited(delimited) => delimited.take_up(data, self.at),
            Physical::Fixed(fixed) => fixed.take_up(data, self.at),
        }
    }

    /// Passes over bytes that belong to no record.
    pub(super) fn pass(&mut self, block: &RawBatch, bytes: usize) {
        self.at += bytes;
        self.take_up(block, self.filled);
    }

    /// Takes the ordinary rows that come next, all in one go.
    pub(super) fn plain_rows(&mut self, block: &mut RawBatch, rules: &Rules, plain: &mut PlainRows) {
        match &mut self.physical {
            Physical::Delimited(delimited) => delimited.plain_rows(block, self.filled, rules, plain),
            Physical::Fixed(fixed) => fixed.plain_rows(block, self.filled, rules, plain),
        }
    }

    /// The next record; its cells are appended to the block's. The record is not taken until `at` moves behind it.
    pub(super) fn next(&mut self, block: &mut RawBatch) -> Step {
        self.next_until(block, self.filled)
    }

    /// The next record of a block of which only a part is looked at.
    pub(super) fn next_until(&mut self, block: &mut RawBatch, until: usize) -> Step {
        let ended = self.ended && until == self.filled;
        let first_cell = block.cells.len();
        let data = &block.bytes[..until];
        let step = match &mut self.physical {
            Physical::Fixed(fixed) => fixed.next(data, self.at, ended, &mut block.cells),
            Physical::Delimited(delimited) => {
                let step = delimited.next(data, self.at, ended, &mut block.cells);
                for &cell in delimited.escaped() {
                    if let Some(span) = block.cells.get_mut(first_cell + cell) {
                        *span = delimited.unescape(&mut block.bytes, *span);
                    }
                }
                step
            }
        };
        self.unless_torn(step)
    }

    /// The physical line at the current place, whatever it holds.
    pub(super) fn next_line(&mut self, block: &RawBatch) -> Step {
        let data = &block.bytes[..self.filled];
        let step = match &mut self.physical {
            Physical::Delimited(delimited) => delimited.next_line(data, self.at, self.ended),
            Physical::Fixed(fixed) => fixed.line(data, self.at, self.ended),
        };
        self.unless_torn(step)
    }

    /// Passes over the physical line at the current place as far as the block holds it, and shows what it passes over.
    /// Whether the line ends there.
    pub(super) fn pass_over(&mut self, block: &RawBatch, see: impl FnOnce(&[u8], Marks)) -> bool {
        let rest = &block.bytes[self.at..self.filled];
        let line_end = memchr(self.line_end(), rest);
        let line = &rest[..line_end.unwrap_or(rest.len())];
        see(line, self.marks_in(line));
        self.at += line.len() + usize::from(line_end.is_some());
        if line_end.is_some() {
            self.take_up(block, self.filled);
        }
        line_end.is_some()
    }

    /// The byte that ends a line.
    pub(super) fn line_end(&self) -> u8 {
        match &self.physical {
            Physical::Delimited(delimited) => delimited.line_end(),
            Physical::Fixed(fixed) => fixed.line_end(),
        }
    }

    /// How many separators and quotation marks there are, whatever they mean.
    pub(super) fn marks_in(&self, bytes: &[u8]) -> Marks {
        match &self.physical {
            Physical::Delimited(delimited) => delimited.marks_in(bytes),
            Physical::Fixed(_) => Marks::default(),
        }
    }

    /// Whether a line with these marks may end within a quoted cell.
    pub(super) fn may_be_open(&self, marks: Marks) -> bool {
        matches!(&self.physical, Physical::Delimited(delimited) if delimited.may_be_open(marks))
    }

    /// Gives up the record that was found last, which takes so many lines: each of them is broken.
    pub(super) fn give_up_lines(&mut self, block: &RawBatch, lines: u64) -> Step {
        let data = &block.bytes[..self.filled];
        match &mut self.physical {
            Physical::Delimited(delimited) => delimited.give_up_lines(data, self.at, self.ended, lines - 1),
            Physical::Fixed(_) => unreachable!("a fixed-width record is one line"),
        }
    }

    /// Begins a new batch with what the last one left over.
    pub(super) fn begin(&mut self, batch: &mut RawBatch, target: usize) -> Result<(), ExtractError> {
        self.at = 0;
        self.filled = self.tail.len();
        batch.line_end = self.line_end;
        if batch.bytes.len() < self.filled {
            batch.bytes.resize(self.filled, 0);
        }
        batch.bytes[..self.filled].copy_from_slice(&self.tail);
        self.fill(batch, target)
    }

    /// Ends a batch: keeps what it holds of the next record.
    pub(super) fn leave(&mut self, batch: &RawBatch) {
        self.tail.clear();
        self.tail.extend_from_slice(&batch.bytes[self.at..self.filled]);
    }
}

/// Whether lines end in CR alone, as far as the first bytes tell: there is one, and no LF at all. The last byte could
/// be half of a CRLF.
fn has_carriage_returns_alone(head: &[u8], ended: bool) -> bool {
    let certain = if ended { head } else { head.split_last().map_or(head, |(_, before)| before) };
    memchr(b'\r', certain).is_some() && memchr(b'\n', head).is_none()
}
