//! The file of one delivery: lines are written straight into a block of bytes, and the planted faults are worked in as
//! the rows pass by. Knows nothing of what the cells mean.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use model::Encoding;

use super::GenerateError;
use super::dirt::{Damage, Found, Planted};

/// Bytes that are collected before they are written.
const BLOCK: usize = 256 * 1024;

/// The physical form of a file.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The encoding.
    pub encoding: Encoding,
    /// Whether the file begins with a byte order mark.
    pub byte_order_mark: bool,
    /// The separator; `None` for fixed positions.
    pub delimiter: Option<u8>,
    /// The end of a line.
    pub line_end: &'static [u8],
    /// The first line, without its end; `None` if the file has no names of columns.
    pub header: Option<&'static str>,
}

/// What became of a file.
#[derive(Debug)]
pub struct Written {
    /// Data rows, the planted ones included.
    pub rows: u64,
    /// Physical lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
    /// The faults in it, in the order of the lines.
    pub found: Vec<Found>,
}

/// A file that is being written.
#[derive(Debug)]
pub struct DeliveryFile {
    path: PathBuf,
    file: File,
    form: Form,
    header: Vec<u8>,
    buffer: Vec<u8>,
    line_start: usize,
    planted: Vec<Planted>,
    next_fault: u64,
    planned: u64,
    written: Written,
}

impl DeliveryFile {
    /// Creates the file, with its folder, and writes the header. The faults are worked in at the rows they name.
    pub fn create(path: &Path, form: Form, planted: Vec<Planted>) -> Result<Self, GenerateError> {
        let failed = |source| GenerateError::Write { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::create(path).map_err(failed)?;
        let header = form.header.map(|header| encoded(form.encoding, header)).unwrap_or_default();
        let written = Written { rows: 0, lines: 0, bytes: 0, found: Vec::new() };
        let buffer = Vec::with_capacity(BLOCK + 4096);
        let path = path.to_owned();
        let mut created =
            Self { path, file, form, header, buffer, line_start: 0, planted, next_fault: 0, planned: 0, written };
        created.find_next_fault(0);
        if form.byte_order_mark {
            created.buffer.extend_from_slice(b"\xEF\xBB\xBF");
        }
        if form.header.is_some() {
            created.buffer.extend_from_slice(&created.header);
            created.end_line();
        }
        Ok(created)
    }

    /// Where the cells of the line are appended, separators included, the line's end not.
    pub fn line(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// The data rows so far, the planted ones included.
    pub fn rows(&self) -> u64 {
        self.written.rows
    }

    /// Ends a line that is no data row.
    pub fn end_line(&mut self) {
        self.buffer.extend_from_slice(self.form.line_end);
        self.line_start = self.buffer.len();
        self.written.lines += 1;
    }

    /// Ends a data row and says how often it now stands in the file: once, or twice where a copy was planted.
    pub fn end_row(&mut self) -> Result<u64, GenerateError> {
        if self.buffer.len() >= BLOCK {
            self.flush()?;
        }
        let copies = if self.planned == self.next_fault { self.end_damaged_row() } else { self.end_sound_row() };
        self.planned += 1;
        self.written.rows += copies;
        Ok(copies)
    }

    fn end_sound_row(&mut self) -> u64 {
        self.end_line();
        1
    }

    fn end_damaged_row(&mut self) -> u64 {
        let planted = self.planted.iter().find(|planted| planted.row == Some(self.planned)).copied();
        self.find_next_fault(self.planned + 1);
        let Some(planted) = planted else { return self.end_sound_row() };
        let mut row = self.buffer.split_off(self.line_start);
        match planted.damage {
            Damage::Change(change) => {
                change.apply(&mut row, self.form.delimiter);
                self.add_line(&row, Some(&planted));
                1
            }
            Damage::Copy(change) => {
                // Of two rows that contradict each other both are refused; of two equal ones the second is left out.
                self.add_line(&row, change.contradicts().then_some(&planted));
                change.apply(&mut row, self.form.delimiter);
                self.add_line(&row, Some(&planted));
                2
            }
            Damage::LineBefore(line) => {
                self.add_line(line, Some(&planted));
                self.add_line(&row, None);
                1
            }
            Damage::HeaderBefore => {
                let header = self.header.clone();
                self.add_line(&header, Some(&planted));
                self.add_line(&row, None);
                1
            }
            Damage::LineFeedAlone => {
                self.add_line(&row, Some(&planted));
                self.buffer.truncate(self.buffer.len() - self.form.line_end.len());
                self.buffer.push(b'\n');
                self.line_start = self.buffer.len();
                1
            }
            Damage::Footer(_) | Damage::EndMark | Damage::NoLineEnd => {
                unreachable!("damage to the end of a file names no row")
            }
        }
    }

    /// Adds a whole line, and books it as a fault.
    fn add_line(&mut self, line: &[u8], fault: Option<&Planted>) {
        if let Some(planted) = fault {
            self.written.found.push(planted.found(Some(self.written.lines + 1)));
        }
        self.buffer.extend_from_slice(line);
        self.end_line();
        // A line break inside quotation marks makes one record of two physical lines.
        self.written.lines += line.split(|byte| *byte == b'\n').count() as u64 - 1;
    }

    fn find_next_fault(&mut self, from: u64) {
        let rows = self.planted.iter().filter_map(|planted| planted.row);
        self.next_fault = rows.filter(|row| *row >= from).min().unwrap_or(u64::MAX);
    }

    /// Damages the end of the file where that is planned, and writes what is left.
    pub fn finish(mut self) -> Result<Written, GenerateError> {
        for planted in std::mem::take(&mut self.planted) {
            match planted.damage {
                Damage::Footer(line) => self.add_line(line, Some(&planted)),
                Damage::EndMark => {
                    self.written.found.push(planted.found(None));
                    self.buffer.push(0x1A);
                }
                Damage::NoLineEnd => {
                    self.written.found.push(planted.found(Some(self.written.lines)));
                    self.buffer.truncate(self.buffer.len() - self.form.line_end.len());
                }
                _ => {}
            }
        }
        self.line_start = self.buffer.len();
        self.flush()?;
        Ok(self.written)
    }

    /// Writes everything before the line that has been begun; the last line ended may be that one, so that its end can
    /// still be taken away.
    fn flush(&mut self) -> Result<(), GenerateError> {
        let failed = |source| GenerateError::Write { path: self.path.clone(), source };
        self.file.write_all(&self.buffer[..self.line_start]).map_err(failed)?;
        self.written.bytes += self.line_start as u64;
        self.buffer.drain(..self.line_start);
        self.line_start = 0;
        Ok(())
    }
}

/// The text in the encoding.
pub fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
    encoding.encode(text).unwrap_or_else(|| unreachable!("`{text}` is Danish, and every encoding has that"))
}

/// Appends the last `N` decimal digits of the number, with leading zeros.
pub fn push_digits<const N: usize>(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = digit_of(number);
        number /= 10;
    }
    line.extend_from_slice(&digits);
}

/// Appends the number without leading zeros.
pub fn push_number(line: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = digit_of(number);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&digits[first..]);
}

/// Appends the number with a mark between groups of three digits.
pub fn push_grouped(line: &mut Vec<u8>, mut number: u64, mark: u8) {
    let mut text = [0; 27];
    let mut first = text.len();
    let mut written = 0;
    loop {
        if written != 0 && written % 3 == 0 {
            first -= 1;
            text[first] = mark;
        }
        first -= 1;
        text[first] = digit_of(number);
        number /= 10;
        written += 1;
        if number == 0 {
            break;
        }
    }
    line.extend_from_slice(&text[first..]);
}

/// Appends hundredths as a number with two decimals.
pub fn push_hundredths(line: &mut Vec<u8>, hundredths: u64, mark: u8) {
    push_number(line, hundredths / 100);
    line.push(mark);
    push_digits::<2>(line, hundredths % 100);
}

fn digit_of(number: u64) -> u8 {
    b'0' + (number % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_would() {
        let text = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut line = Vec::new();
            write(&mut line);
            String::from_utf8(line).expect("ASCII")
        };
        assert_eq!(text(&|line| push_digits::<4>(line, 51)), "0051");
        assert_eq!(text(&|line| push_number(line, 0)), "0");
        assert_eq!(text(&|line| push_number(line, u64::MAX)), u64::MAX.to_string());
        for (number, grouped) in [(0, "0"), (999, "999"), (1000, "1.000"), (1_234_567, "1.234.567")] {
            assert_eq!(text(&|line| push_grouped(line, number, b'.')), grouped);
        }
        assert_eq!(text(&|line| push_grouped(line, u64::MAX, b'.')), "18.446.744.073.709.551.615");
        assert_eq!(text(&|line| push_hundredths(line, 5, b',')), "0,05");
        assert_eq!(text(&|line| push_hundredths(line, 123_456, b'.')), "1234.56");
    }
}
