//! Everything before the first row: preamble, control record, and the column names.

use std::io::Read;

use model::{Code, Format, Header, RawBatch, Refusal, Source};

use super::books::Always;
use super::record::{Found, Step};
use super::rules::{Rules, Verdict};
use super::{Reader, control, sniff};
use crate::error::Stop;

impl<R: Read> Reader<R> {
    /// Reads up to the first row, and binds the rules to the columns.
    pub(super) fn read_head(&mut self, source: &Source, block: &mut RawBatch) -> Result<(), Stop> {
        let (declared, preamble_lines) = match &source.format {
            Format::Delimited(format) => (format.columns.clone(), format.preamble_lines),
            Format::Fixed(format) => (Some(format.columns.iter().map(|column| column.name.clone()).collect()), 0),
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
            None => header_cells = self.read_header_row(block)?,
        }
        if self.header.names.len() > self.limits.columns {
            return Err(self.too_many_columns(self.header.names.len()).into());
        }
        let rules = Rules::of_lines(source, self.feed.delimiter(), self.feed.quote());
        self.rules = rules.with_columns(source, &self.header, header_cells)?;
        Ok(())
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
                step @ (Step::LoneCarriageReturn | Step::TooBig | Step::Torn) => {
                    return Err(self.unreadable(block, step).into());
                }
            }
        }
    }

    /// The first record that is neither blank nor left out by a rule about lines; `None` at the end of the file.
    fn before_the_rows(&mut self, block: &mut RawBatch) -> Result<Option<(Verdict, Found)>, Stop> {
        while let Some(found) = self.find(block)? {
            let verdict = self.rules.verdict(block, self.feed.at, 0, &found);
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

    /// Reads the column names, and gives their bytes for the comparison with repeated headers.
    fn read_header_row(&mut self, block: &mut RawBatch) -> Result<Vec<Vec<u8>>, Stop> {
        let Some((_, found)) = self.before_the_rows(block)? else {
            let message = "the file ends before its header row";
            return Err(Refusal::new(Code::FILE_EMPTY, message).with_help("Ask for the delivery again").into());
        };
        let refused = |code, message: String| Err(Refusal::new(code, message).at_line(self.line).into());
        if let Some(fault) = found.fault {
            return refused(fault.code(), format!("the header row cannot be read: {}", fault.reason()));
        }
        if found.nul {
            return refused(Code::NUL_BYTE, "the header row holds a NUL byte".to_owned());
        }
        if found.cells > self.limits.columns {
            return Err(self.too_many_columns(found.cells).into());
        }
        let cells: Vec<Vec<u8>> = block.cells.iter().map(|cell| block.slice(*cell).trim_ascii().to_vec()).collect();
        let mut names = Vec::with_capacity(cells.len());
        for (column, bytes) in cells.iter().enumerate() {
            let mut name = String::new();
            if let Err(error) = self.encoding.decode_into(bytes, &mut name) {
                return refused(Code::ENC_INVALID, format!("the name of column {}: {error}", column + 1));
            }
            names.push(name.trim().to_owned());
        }
        self.header = Header { names, line: self.line };
        self.books.skip(Always::Header);
        self.take(&found);
        Ok(cells)
    }

    fn too_many_columns(&self, columns: usize) -> Refusal {
        let message = format!("the header has {columns} columns, and the limit is {}", self.limits.columns);
        Refusal::new(Code::TOO_MANY_COLUMNS, message).at_line(self.line)
    }
}
