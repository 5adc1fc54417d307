//! The bytes of a file, block by block, and the physical format that finds the records in them.
//!
//! A block is read straight into the batch that will carry it, so that a row's bytes are moved once. What a block
//! holds of a record that it does not end is kept and put in front of the next one.

use std::io::{ErrorKind, Read};

use memchr::memchr;
use model::{CellSpan, Format, RawBatch};

use super::delimited::Delimited;
use super::fixed::Fixed;
use super::record::Step;
use super::structure::offset;
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
    /// Where in the block the next record begins.
    pub(super) at: usize,
    /// How many bytes of the block are the file's; unescaped cells may follow them.
    filled: usize,
    /// Whether the block holds the end of the file.
    pub(super) ended: bool,
    /// Whether the file ended in the DOS end mark.
    pub(super) end_mark: bool,
    /// Whether the file ends in a NUL byte.
    torn: bool,
    /// The beginning of a record that the last block did not end.
    tail: Vec<u8>,
}

impl<R: Read> Feed<R> {
    pub(super) fn new(format: &Format, input: R, limits: Limits) -> Self {
        let physical = match format {
            Format::Delimited(format) => Physical::Delimited(Delimited::new(format, limits)),
            Format::Fixed(format) => Physical::Fixed(Fixed::new(format, limits)),
        };
        Self { input, physical, at: 0, filled: 0, ended: false, end_mark: false, torn: false, tail: Vec::new() }
    }

    pub(super) fn delimiter(&self) -> Option<u8> {
        match &self.physical {
            Physical::Delimited(delimited) => Some(delimited.delimiter()),
            Physical::Fixed(_) => None,
        }
    }

    pub(super) fn quote(&self) -> Option<u8> {
        match &self.physical {
            Physical::Delimited(delimited) => delimited.quote(),
            Physical::Fixed(_) => None,
        }
    }

    /// The file's bytes in the block.
    pub(super) fn data<'a>(&self, block: &'a RawBatch) -> &'a [u8] {
        &block.bytes[..self.filled]
    }

    /// Forgets what was taken from the block, and reads until it holds `target` bytes or the file ends. No row of the
    /// block may be in use: its bytes move.
    pub(super) fn fill(&mut self, block: &mut RawBatch, target: usize) -> Result<(), ExtractError> {
        debug_assert!(block.rows.is_empty(), "rows would lose their bytes");
        block.cells.clear();
        block.bytes.truncate(self.filled);
        block.bytes.drain(..self.at);
        self.at = 0;
        self.filled = block.bytes.len();
        if !self.ended && self.filled < target {
            block.bytes.resize(target, 0);
            while self.filled < target && !self.ended {
                match self.input.read(&mut block.bytes[self.filled..]) {
                    Ok(0) => self.ended = true,
                    Ok(read) => self.filled += read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(ExtractError::input(error)),
                }
            }
            block.bytes.truncate(self.filled);
            if self.ended {
                self.look_at_the_end(block);
            }
        }
        self.take_up(block, self.filled);
        Ok(())
    }

    /// Reads on when the block does not end the record at its beginning. Twice as much each time, so that a large
    /// record costs no more than twice its size.
    pub(super) fn read_on(&mut self, block: &mut RawBatch, at_least: usize) -> Result<(), ExtractError> {
        let rest = self.filled - self.at;
        self.fill(block, at_least.max(2 * rest).max(rest + 1))
    }

    fn look_at_the_end(&mut self, block: &mut RawBatch) {
        if block.bytes.last() == Some(&END_MARK) {
            block.bytes.pop();
            self.filled -= 1;
            self.end_mark = true;
        }
        self.torn = block.bytes.last() == Some(&0);
    }

    /// A file system that lost power leaves NUL bytes in place of what was not yet written.
    fn unless_torn(&self, step: Step) -> Step {
        match step {
            Step::Record(found) if self.torn && !found.terminated => Step::Torn,
            step => step,
        }
    }

    /// Lets the physical format look at the block as far as `until`.
    pub(super) fn take_up(&mut self, block: &RawBatch, until: usize) {
        if let Physical::Delimited(delimited) = &mut self.physical {
            delimited.take_up(&block.bytes[..until], self.at);
        }
    }

    /// Passes over bytes that belong to no record.
    pub(super) fn pass(&mut self, block: &RawBatch, bytes: usize) {
        self.at += bytes;
        self.take_up(block, self.filled);
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
                    if let (Some(quote), Some(span)) = (delimited.quote(), block.cells.get_mut(first_cell + cell)) {
                        *span = unescaped(&mut block.bytes, *span, quote);
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

    /// Gives up the record that was found last: all but its first line are looked at again.
    pub(super) fn give_up_lines(&mut self, block: &RawBatch) -> Step {
        match &mut self.physical {
            Physical::Delimited(delimited) => delimited.give_up_lines(&block.bytes[..self.filled], self.at, self.ended),
            Physical::Fixed(_) => unreachable!("a fixed-width record is one line"),
        }
    }

    /// Begins a new batch with what the last one left over.
    pub(super) fn begin(&mut self, batch: &mut RawBatch, target: usize) -> Result<(), ExtractError> {
        batch.bytes.append(&mut self.tail);
        self.at = 0;
        self.filled = batch.bytes.len();
        self.fill(batch, target)
    }

    /// Ends a batch: keeps what it holds of the next record.
    pub(super) fn leave(&mut self, batch: &RawBatch) {
        self.tail.clear();
        self.tail.extend_from_slice(&batch.bytes[self.at..self.filled]);
    }
}

/// Appends the cell with single quotation marks where it has doubled ones. The original stays, as part of its record.
fn unescaped(bytes: &mut Vec<u8>, span: CellSpan, quote: u8) -> CellSpan {
    let start = bytes.len();
    let (mut from, end) = (span.start as usize, span.end as usize);
    while let Some(mark) = memchr(quote, &bytes[from..end]) {
        bytes.extend_from_within(from..=from + mark);
        from += mark + 2;
    }
    bytes.extend_from_within(from..end);
    CellSpan { start: offset(start), end: offset(bytes.len()) }
}
