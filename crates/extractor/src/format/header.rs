//! Everything before the first row: preamble, control record, and the column names.

use std::io::Read;

use model::{Code, Format, Header, Layout, RawBatch, Refusal};

use super::books::Always;
use super::record::{Found, Step};
use super::rules::Verdict;
use super::{Reader, control, sniff};
use crate::error::Stop;

impl<R: Read> Reader<R> {
    /// Reads up to the first row, and binds the rules to the columns.
    pub(super) fn read_head(&mut self, layout: &Layout, block: &mut RawBatch) -> Result<(), Stop> {
        let (declared, preamble_lines, header_rows) = match &layout.format {
            Format::Delimited(format) => (format.columns.clone(), format.preamble_lines, format.header_rows),
            Format::Fixed(format) => (Some(format.columns.iter().map(|column| column.name.clone()).collect()), 0, 0),
        };
        for _ in 0..preamble_lines {
            self.skip_preamble_line(block)?;
        }
        if self.control.header.is_some() {
            let record = self.before_the_rows(block)?;
            self.take_control_header(block, record)?;
        }
        let mut header_cells = Vec::new();
        match declared {
            Some(names) => self.header = Header { names, line: 0 },
            None if header_rows == 0 => self.number_columns(block)?,
            None => header_cells = self.read_header_rows(header_rows, block)?,
        }
        if self.header.names.len() > self.limits.columns {
            return Err(self.too_many_columns(self.header.names.len()).into());
        }
        Ok(self.rules.bind(layout, &self.header, header_cells)?)
    }

    fn skip_preamble_line(&mut self, block: &mut RawBatch) -> Result<(), Stop> {
        loop {
            match self.feed.next_line(block) {
                Step::Record(found) => {
                    self.books.skip(Always::Preamble);
                    self.take(&found);
                    return Ok(());
                }
                Step::End => return Ok(()),
                Step::Incomplete => {
                    self.feed.read_on(block, self.head)?;
                }
                step @ (Step::LoneLineEnd | Step::TooBig | Step::Torn) => {
                    return Err(self.unreadable(block, step).into());
                }
            }
        }
    }

    /// The first record that is neither blank nor left out by a rule about lines; `None` at the end of the file.
    fn before_the_rows(&mut self, block: &mut RawBatch) -> Result<Option<(Verdict, Found)>, Stop> {
        while let Some(found) = self.find(block)? {
            let verdict = self.rules.verdict(block, self.feed.at, 0, &found, None);
            match verdict {
                Verdict::Blank => self.books.skip(Always::Blank),
                Verdict::Rule(rule) => self.books.skip_by_rule(rule),
                _ => return Ok(Some((verdict, found))),
            }
            self.take(&found);
        }
        Ok(None)
    }

    fn take_control_header(&mut self, block: &RawBatch, record: Option<(Verdict, Found)>) -> Result<(), Stop> {
        match (record, &self.control.header) {
            (None, _) => Err(sniff::empty(false).into()),
            (Some((Verdict::ControlHeader, found)), _) => {
                self.enter_control(Verdict::ControlHeader, block, 0, &found)?;
                self.take(&found);
                Ok(())
            }
            (_, Some(declared)) => Err(control::missing("first", declared).at_line(self.line).into()),
            (_, None) => Ok(()),
        }
    }

    /// Names the columns by their numbers, as many as the first record has cells. The record is not taken.
    fn number_columns(&mut self, block: &mut RawBatch) -> Result<(), Stop> {
        let found = self.first_record(block, "record")?;
        let names = (1..=found.cells).map(|column| format!("column_{column}")).collect();
        self.header = Header { names, line: 0 };
        Ok(())
    }

    /// Reads the column names, and gives the bytes of each row for the comparison with repeated headers. Of the rows
    /// behind the first a blank one counts, too: it has no name to add.
    fn read_header_rows(&mut self, rows: u32, block: &mut RawBatch) -> Result<Vec<Vec<Vec<u8>>>, Stop> {
        let mut found = self.first_record(block, "header row")?;
        self.header.line = self.line;
        self.header.names = vec![String::new(); found.cells];
        let mut header_cells = Vec::new();
        for row in 1..=rows {
            if row > 1 {
                found = self.find(block)?.ok_or_else(ends_before_header)?;
                self.whole_record(&found, "header row")?;
            }
            self.same_width(row, &found)?;
            let cells: Vec<Vec<u8>> = block.cells.iter().map(|cell| block.slice(*cell).trim_ascii().to_vec()).collect();
            self.add_names(&cells)?;
            // A row without names looks like a blank line, wherever it stands.
            if cells.iter().any(|cell| !cell.is_empty()) {
                header_cells.push(cells);
            }
            self.books.skip(Always::Header);
            self.take(&found);
        }
        Ok(header_cells)
    }

    /// The first record that is neither blank nor left out, if it can be split into cells.
    fn first_record(&mut self, block: &mut RawBatch, what: &str) -> Result<Found, Stop> {
        let (_, found) = self.before_the_rows(block)?.ok_or_else(ends_before_header)?;
        self.whole_record(&found, what)?;
        Ok(found)
    }

    fn whole_record(&self, found: &Found, what: &str) -> Result<(), Refusal> {
        let refused = |code, message: String| Err(Refusal::new(code, message).at_line(self.line));
        if let Some(fault) = found.fault {
            return refused(fault.code(), format!("the {what} cannot be read: {}", fault.reason()));
        }
        if found.nul {
            return refused(Code::NUL_BYTE, format!("the {what} holds a NUL byte"));
        }
        if found.cells > self.limits.columns {
            return Err(self.too_many_columns(found.cells));
        }
        Ok(())
    }

    fn same_width(&self, row: u32, found: &Found) -> Result<(), Refusal> {
        let (cells, first) = (found.cells, self.header.names.len());
        if cells == first {
            return Ok(());
        }
        let code = if cells < first { Code::ROW_SHORT } else { Code::ROW_LONG };
        let message = format!("header row {row} has {cells} cells, the first has {first}");
        Err(Refusal::new(code, message).at_line(self.line).with_help("Check how many header rows the export has"))
    }

    /// Adds a header row to the names, with a space between.
    fn add_names(&mut self, cells: &[Vec<u8>]) -> Result<(), Refusal> {
        for (column, (bytes, name)) in cells.iter().zip(&mut self.header.names).enumerate() {
            let mut part = String::new();
            if let Err(error) = self.encoding.decode_into(bytes, &mut part) {
                let message = format!("the name of column {}: {error}", column + 1);
                return Err(Refusal::new(Code::ENC_INVALID, message).at_line(self.line));
            }
            let part = part.trim();
            if !name.is_empty() && !part.is_empty() {
                name.push(' ');
            }
            name.push_str(part);
        }
        Ok(())
    }

    fn too_many_columns(&self, columns: usize) -> Refusal {
        let message = format!("the header has {columns} columns, and the limit is {}", self.limits.columns);
        Refusal::new(Code::TOO_MANY_COLUMNS, message).at_line(self.line)
    }
}

fn ends_before_header() -> Refusal {
    Refusal::new(Code::FILE_EMPTY, "the file ends before its header row").with_help("Ask for the delivery again")
}
