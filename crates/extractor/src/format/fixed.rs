//! Text in fixed positions: every physical line is a record, every cell the same bytes of it.

use model::{CellSpan, FixedFormat, RawBatch, RowAddress};

use super::record::{Fault, Found, PlainRows, Step};
use super::rules::Rules;
use super::structure::{Specials, Structure, offset};
use crate::Limits;

/// Finds the records of a block of fixed-width text.
pub(super) struct Fixed {
    /// The first byte and the first byte after, of every column.
    columns: Vec<(usize, usize)>,
    record_length: usize,
    /// Whether no column reaches beyond the record.
    fits: bool,
    record_bytes: usize,
    line_end: u8,
    /// The line ends of the block, and the NUL bytes and carriage returns between them; which of them comes next.
    structure: Structure,
    next_place: usize,
}

impl Fixed {
    /// `line_end` is LF, or CR where that alone ends a line.
    pub(super) fn new(format: &FixedFormat, limits: Limits, line_end: u8) -> Self {
        let ends = format.columns.iter().map(|column| (column.start, column.start + column.length));
        let columns: Vec<(usize, usize)> = ends.collect();
        Self {
            fits: columns.iter().all(|(_, end)| *end <= format.record_length),
            columns,
            record_length: format.record_length,
            record_bytes: limits.record_bytes,
            line_end,
            structure: Structure::new(Specials { delimiter: None, quote: None, escape: None, line_end }),
            next_place: 0,
        }
    }

    /// Takes up a block from this position on.
    pub(super) fn take_up(&mut self, data: &[u8], from: usize) {
        self.structure.find(data, from);
        self.next_place = 0;
    }

    /// The byte that ends a line.
    pub(super) fn line_end(&self) -> u8 {
        self.line_end
    }

    /// Takes the ordinary rows: of the right length, and of no interest to any rule.
    pub(super) fn plain_rows(&mut self, batch: &mut RawBatch, end: usize, rules: &Rules, plain: &mut PlainRows) {
        if !self.fits || self.record_length > self.record_bytes {
            return;
        }
        let data = &batch.bytes[..end];
        while let Some(&place) = self.structure.places().get(self.next_place) {
            let (start, line_end) = (plain.at, place as usize);
            let ordinary = data[line_end] == self.line_end
                && self.content_end(data, start, line_end) - start == self.record_length
                && rules
                    .let_pass(&data[start..start + self.record_length], data, |column| start + self.columns[column].0);
            if !ordinary {
                break;
            }
            batch.cells.extend(self.columns.iter().map(|column| span(start, *column)));
            let raw = span(start, (0, self.record_length));
            batch.rows.push(RowAddress { line: plain.line, record: plain.record, raw });
            plain.line += 1;
            plain.record += 1;
            plain.at = line_end + 1;
            self.next_place += 1;
        }
    }

    /// Finds the record that begins at `start`, and appends its cells.
    pub(super) fn next(&mut self, data: &[u8], start: usize, ended: bool, cells: &mut Vec<CellSpan>) -> Step {
        let first_place = self.next_place;
        let mut found = match self.line(data, start, ended) {
            Step::Record(found) => found,
            other => return other,
        };
        let inside = |place: &&u32| (**place as usize) < found.end;
        for &place in self.structure.places()[first_place..].iter().take_while(inside) {
            if data[place as usize] != 0 {
                return Step::LoneLineEnd;
            }
            found.nul = true;
        }
        let length = found.end - start;
        if length == self.record_length && self.fits {
            cells.extend(self.columns.iter().map(|column| span(start, *column)));
            found.cells = self.columns.len();
        } else {
            found.fault = Some(Fault::Length { found: length, expected: self.record_length });
        }
        Step::Record(found)
    }

    /// The physical line at `start`, whatever it holds.
    pub(super) fn line(&mut self, data: &[u8], start: usize, ended: bool) -> Step {
        let mut later = self.structure.places()[self.next_place..].iter();
        let passed = later.position(|place| data[*place as usize] == self.line_end);
        let (end, next, terminated) = match passed {
            Some(passed) => {
                let line_end = self.structure.places()[self.next_place + passed] as usize;
                (self.content_end(data, start, line_end), line_end + 1, true)
            }
            None if !ended => {
                let too_big = data.len() - start > self.record_bytes + 1;
                return if too_big { Step::TooBig } else { Step::Incomplete };
            }
            None if start == data.len() => return Step::End,
            None => (self.content_end(data, start, data.len()), data.len(), false),
        };
        if end - start > self.record_bytes {
            return Step::TooBig;
        }
        self.next_place += passed.map_or_else(|| self.structure.places().len() - self.next_place, |passed| passed + 1);
        Step::Record(Found { end, next, lines: 1, cells: 0, nul: false, terminated, fault: None, tail: 0 })
    }

    /// Where the content of a line ends: before the CR that belongs to its LF, or to half a line end of the file's.
    fn content_end(&self, data: &[u8], start: usize, line_end: usize) -> usize {
        let carriage_return = self.line_end == b'\n' && line_end > start && data[line_end - 1] == b'\r';
        line_end - usize::from(carriage_return)
    }
}

fn span(start: usize, (from, to): (usize, usize)) -> CellSpan {
    CellSpan { start: offset(start + from), end: offset(start + to) }
}
