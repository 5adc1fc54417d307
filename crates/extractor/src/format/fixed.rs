//! Text in fixed positions: every physical line is a record, every cell the same bytes of it.

use memchr::{memchr, memchr2_iter};
use model::{CellSpan, FixedFormat};

use super::record::{Fault, Found, Step};
use super::structure::offset;
use crate::Limits;

/// Finds the records of a block of fixed-width text.
pub(super) struct Fixed {
    /// The first byte and the first byte after, of every column.
    columns: Vec<(usize, usize)>,
    record_length: usize,
    record_bytes: usize,
}

impl Fixed {
    pub(super) fn new(format: &FixedFormat, limits: Limits) -> Self {
        let columns = format.columns.iter().map(|column| (column.start, column.start + column.length)).collect();
        Self { columns, record_length: format.record_length, record_bytes: limits.record_bytes }
    }

    /// Finds the record that begins at `start`, and appends its cells.
    pub(super) fn next(&self, data: &[u8], start: usize, ended: bool, cells: &mut Vec<CellSpan>) -> Step {
        let mut found = match self.line(data, start, ended) {
            Step::Record(found) => found,
            other => return other,
        };
        let line = &data[start..found.end];
        for at in memchr2_iter(b'\r', 0, line) {
            if line[at] == b'\r' {
                return Step::LoneCarriageReturn;
            }
            found.nul = true;
        }
        if line.len() == self.record_length && self.columns.iter().all(|(_, end)| *end <= line.len()) {
            let span = |(from, to): &(usize, usize)| CellSpan { start: offset(start + from), end: offset(start + to) };
            cells.extend(self.columns.iter().map(span));
            found.cells = self.columns.len();
        } else {
            found.fault = Some(Fault::Length { found: line.len(), expected: self.record_length });
        }
        Step::Record(found)
    }

    /// The physical line at `start`, whatever it holds.
    pub(super) fn line(&self, data: &[u8], start: usize, ended: bool) -> Step {
        let rest = &data[start..];
        let (line, next, terminated) = match memchr(b'\n', rest) {
            Some(at) => (&rest[..at], start + at + 1, true),
            None if !ended => {
                let too_big = rest.len() > self.record_bytes + 1;
                return if too_big { Step::TooBig } else { Step::Incomplete };
            }
            None if rest.is_empty() => return Step::End,
            None => (rest, data.len(), false),
        };
        let content = line.strip_suffix(b"\r").unwrap_or(line);
        if content.len() > self.record_bytes {
            return Step::TooBig;
        }
        let end = start + content.len();
        Step::Record(Found { end, next, lines: 1, cells: 0, nul: false, terminated, fault: None })
    }
}
