//! Rows that need no state machine: of the expected width, in one line, well-formed, of no interest to any rule.
//!
//! Nearly every row is one. What is not certain to be one is left to [`Delimited::next`], which decides everything
//! anew, so nothing here can be a fault and no verdict is given twice.

use model::{CellSpan, Escape, RawBatch, RowAddress};

use super::Delimited;
use crate::format::record::PlainRows;
use crate::format::rules::Rules;
use crate::format::structure::offset;

/// A row whose cells were found, and what comes behind it.
struct Row {
    content_end: usize,
    line_end: usize,
    next_place: usize,
    next_break: usize,
}

impl Delimited {
    /// Takes the ordinary rows that come next. `plain` says where they begin, and then where they end; the first record
    /// that is none of them is left to [`Self::next`].
    pub(in crate::format) fn plain_rows(
        &mut self,
        batch: &mut RawBatch,
        end: usize,
        rules: &Rules,
        plain: &mut PlainRows,
    ) {
        loop {
            self.unquoted_rows(batch, end, rules, plain);
            if !self.quoted_rows(batch, end, rules, plain) {
                return;
            }
        }
    }

    /// Takes the ordinary rows without quotation marks.
    ///
    /// The next break must be a line end as many places away as there are cells. Nothing else is looked at but what the
    /// rules need to see, and the cells are the stretches between the places.
    fn unquoted_rows(&mut self, batch: &mut RawBatch, end: usize, rules: &Rules, plain: &mut PlainRows) {
        let data = &batch.bytes[..end];
        let (places, breaks) = (self.structure.places(), self.structure.breaks());
        let most_bytes = self.limits.record_bytes.min(self.limits.cell_bytes);
        let wanted = plain.width + plain.surplus;
        let (mut place, mut next_break) = (self.next_place, self.next_break);
        while let Some(&last) = breaks.get(next_break) {
            let Some(ends) = places.get(place..=last as usize).filter(|ends| ends.len() == wanted) else { break };
            let line_end = ends[wanted - 1] as usize;
            if data[line_end] != self.line_end || line_end - plain.at > most_bytes {
                break;
            }
            let cell_start = |column: usize| if column == 0 { plain.at } else { ends[column - 1] as usize + 1 };
            let content_end = self.content_end(data, cell_start(wanted - 1), line_end);
            if (plain.surplus > 0 && cell_start(plain.width) + plain.surplus - 1 != content_end)
                || !rules.let_pass(&data[plain.at..content_end], data, cell_start)
            {
                break;
            }
            push_cells(&mut batch.cells, plain.at, &ends[..plain.width]);
            if let (0, Some(cell)) = (plain.surplus, batch.cells.last_mut()) {
                cell.end = offset(content_end);
            }
            let raw = CellSpan { start: offset(plain.at), end: offset(content_end) };
            batch.rows.push(RowAddress { line: plain.line, record: plain.record, raw });
            plain.line += 1;
            plain.record += 1;
            plain.at = line_end + 1;
            place = last as usize + 1;
            next_break += 1;
        }
        self.next_place = place;
        self.next_break = next_break;
    }

    /// Takes the next row, quoted or not, and those behind it that begin with a quotation mark. `false` if there is none.
    fn quoted_rows(&mut self, batch: &mut RawBatch, end: usize, rules: &Rules, plain: &mut PlainRows) -> bool {
        let mut any = false;
        while self.quoted_row(batch, end, rules, plain) {
            any = true;
            if batch.bytes[..end].get(plain.at).copied() != self.quote {
                break;
            }
        }
        any
    }

    fn quoted_row(&mut self, batch: &mut RawBatch, end: usize, rules: &Rules, plain: &mut PlainRows) -> bool {
        let data = &batch.bytes[..end];
        let first_cell = batch.cells.len();
        let found = self.quoted_cells(data, *plain, &mut batch.cells).filter(|row| {
            let (cells, surplus) = batch.cells[first_cell..].split_at(plain.width);
            surplus.iter().all(|cell| cell.start == cell.end)
                && rules.let_quoted_pass(&data[plain.at..row.content_end], data, cells)
        });
        let Some(row) = found else {
            batch.cells.truncate(first_cell);
            return false;
        };
        batch.cells.truncate(first_cell + plain.width);
        for &cell in &self.escaped {
            if let Some(span) = batch.cells.get_mut(first_cell + cell) {
                *span = self.unescape(&mut batch.bytes, *span);
            }
        }
        let raw = CellSpan { start: offset(plain.at), end: offset(row.content_end) };
        batch.rows.push(RowAddress { line: plain.line, record: plain.record, raw });
        plain.line += 1;
        plain.record += 1;
        plain.at = row.line_end + 1;
        self.next_place = row.next_place;
        self.next_break = row.next_break;
        true
    }

    /// Appends the cells of a row of the expected width, some of them quoted; of anything else, some cells and `None`.
    ///
    /// A quoted cell goes from break to break: separators inside are none, so they are not visited, and any break inside
    /// but a doubled mark is a matter for the state machine. Which breaks come next does not depend on where they are,
    /// so that the processor can work on several cells at once.
    fn quoted_cells(&mut self, data: &[u8], plain: PlainRows, cells: &mut Vec<CellSpan>) -> Option<Row> {
        let quote = self.quote?;
        let doubled = self.escape == Escape::Doubled;
        let (places, breaks) = (self.structure.places(), self.structure.breaks());
        let most_bytes = self.limits.record_bytes.min(self.limits.cell_bytes);
        let (mut place, mut next_break, mut start) = (self.next_place, self.next_break, plain.at);
        let wanted = plain.width + plain.surplus;
        self.escaped.clear();
        cells.reserve(wanted);
        for column in 0..wanted {
            let quoted = *data.get(start)? == quote;
            let (from, to, separator) = if quoted {
                // The opening mark is the next break, since it is a place and begins the cell.
                next_break += 1;
                let mut escaped = false;
                let closing = loop {
                    let number = *breaks.get(next_break)? as usize;
                    let at = places[number] as usize;
                    if data[at] != quote {
                        return None;
                    }
                    next_break += 1;
                    if doubled && data.get(at + 1) == Some(&quote) {
                        next_break += 1;
                        escaped = true;
                    } else {
                        place = number + 1;
                        break at;
                    }
                };
                if escaped {
                    self.escaped.push(column);
                }
                let line_end = self.line_end == b'\n' && data[closing + 1..].starts_with(b"\r\n");
                (start + 1, closing, closing + 1 + usize::from(line_end))
            } else {
                let separator = *places.get(place)? as usize;
                (start, separator, separator)
            };
            place += 1;
            let byte = *data.get(separator)?;
            if byte == self.delimiter {
                cells.push(CellSpan { start: offset(from), end: offset(to) });
                start = separator + 1;
            } else if byte == self.line_end {
                if column + 1 < wanted || separator - plain.at > most_bytes {
                    return None;
                }
                let to = if quoted { to } else { self.content_end(data, from, separator) };
                cells.push(CellSpan { start: offset(from), end: offset(to) });
                let content_end = to + usize::from(quoted);
                return Some(Row { content_end, line_end: separator, next_place: place, next_break: next_break + 1 });
            } else {
                return None;
            }
        }
        None
    }
}

/// Appends the cells between the places, the first of which begins at `start`.
#[inline]
fn push_cells(cells: &mut Vec<CellSpan>, start: usize, ends: &[u32]) {
    cells.reserve(ends.len());
    cells.extend(ends.first().map(|&end| CellSpan { start: offset(start), end }));
    cells.extend(ends.array_windows().map(|&[before, end]| CellSpan { start: before + 1, end }));
}
