//! Records beyond the limits: each costs its physical line, which is passed over without being kept.
//!
//! Of such a line nothing is read but what tells where the next record begins: its end, its separators and its
//! quotation marks. A delivery is not refused for it, as the other records are what they are; it is if the file ends
//! within the line, since nobody can say what is missing behind it.

use std::io::Read;

use model::{BrokenRow, Code, RawBatch, Refusal};

use super::delimited::{MOST_LINE_ENDS, Marks};
use super::record::Step;
use super::{BROKEN_BYTES, Reader};
use crate::Limits;
use crate::error::Stop;

/// A line that is being passed over.
#[derive(Debug, Default)]
pub(super) struct Oversized {
    /// Its beginning, and one byte more than is kept, to know whether a CR at the end belongs to the line end.
    raw: Vec<u8>,
    marks: Marks,
}

impl Oversized {
    fn see(&mut self, bytes: &[u8], marks: Marks) {
        let kept = bytes.len().min(BROKEN_BYTES + 1 - self.raw.len());
        self.raw.extend_from_slice(&bytes[..kept]);
        self.marks = self.marks.and(marks);
    }

    fn into_raw(mut self, line_end: u8) -> Vec<u8> {
        if line_end == b'\n' && self.raw.last() == Some(&b'\r') {
            self.raw.pop();
        }
        self.raw.truncate(BROKEN_BYTES);
        self.raw
    }
}

impl<R: Read> Reader<R> {
    /// Rejects the line at the current place, with which a record beyond the limits begins.
    pub(super) fn reject_oversized(&mut self, batch: &mut RawBatch) -> Result<(), Stop> {
        if self.ends_in_nul_bytes(batch) {
            return Err(self.unreadable(batch, Step::Torn).into());
        }
        self.oversized = Some(Oversized::default());
        self.pass_over(batch)
    }

    /// Goes on with the line that is being passed over, if there is one. It stays where more of the file is needed and
    /// the batch has rows, whose bytes must not move.
    pub(super) fn pass_over(&mut self, batch: &mut RawBatch) -> Result<(), Stop> {
        while let Some(mut line) = self.oversized.take() {
            let ends = self.feed.pass_over(batch, |bytes, marks| line.see(bytes, marks));
            if ends {
                self.enter_oversized(batch, line);
                return Ok(());
            }
            if self.feed.ended {
                let step = if self.feed.torn { Step::Torn } else { Step::TooBig };
                return Err(self.unreadable(batch, step).into());
            }
            self.oversized = Some(line);
            if !batch.is_empty() {
                return Ok(());
            }
            self.feed.refill(batch, self.limits.batch_bytes)?;
        }
        Ok(())
    }

    fn enter_oversized(&mut self, batch: &mut RawBatch, line: Oversized) {
        let marks = line.marks;
        batch.broken.push(BrokenRow {
            line: self.line,
            lines: 1,
            record: self.books.read + 1,
            code: Code::RECORD_OVERSIZED,
            reason: self.beyond_the_limits(),
            raw: line.into_raw(self.feed.line_end()),
        });
        self.books.broken += 1;
        self.books.read += 1;
        self.line += 1;
        self.vouched = false;
        if self.tail > 0 {
            self.shorten_tail(marks);
        } else if self.feed.may_be_open(marks) {
            // As behind every quoted cell that is left open, the lines that complete a row are no records.
            self.missing = self.header.names.len().saturating_sub(marks.delimiters + 1);
            self.tail = if self.missing > 0 { MOST_LINE_ENDS } else { 0 };
        }
    }

    /// Takes a line off the tail, which ends where all cells of a row are there.
    pub(super) fn shorten_tail(&mut self, marks: Marks) {
        self.tail -= 1;
        if self.missing > 0 {
            self.missing = self.missing.saturating_sub(marks.delimiters);
            if self.missing == 0 {
                self.tail = 0;
            }
        }
        if self.tail == 0 {
            self.missing = 0;
        }
    }

    pub(super) fn beyond_the_limits(&self) -> String {
        let Limits { cell_bytes, record_bytes, .. } = self.limits;
        format!("a cell is larger than {cell_bytes} bytes, or a record larger than {record_bytes}")
    }

    /// The refusal of a file whose header is beyond the limits, or which ends within a record that is.
    pub(super) fn too_big(&self) -> Refusal {
        Refusal::new(Code::RECORD_TOO_BIG, self.beyond_the_limits())
            .at_line(self.line)
            .with_help("Look at the line; if the export does not quote, declare `quote: none`")
    }
}
