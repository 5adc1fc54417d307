//! Which records are no data: blank lines, repeated headers, control records, and what the source's own rules skip.
//!
//! The texts of the rules are encoded once into the file's encoding, so that a record is judged on its bytes. Of nearly
//! every record a glance at a few bytes is enough: [`Rules::let_pass`].

use std::cell::RefCell;

use model::{CellSpan, Code, ControlRecord, Encoding, Format, Header, Layout, RawBatch, Refusal, SkipMatch};
use regex::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization;

use super::record::{Fault, Found};
use crate::ExtractError;

/// How large a compiled pattern may be; a pattern cannot be slow, only large.
const PATTERN_BYTES: usize = 1 << 20;
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Data, as far as its structure says.
    Data,
    /// Nothing but blanks.
    Blank,
    /// The header once more.
    RepeatedHeader,
    /// The control record that opens a file.
    ControlHeader,
    /// The control record that closes a file.
    ControlTrailer,
    /// Left out by the source's rule with this number.
    Rule(usize),
    /// Behind a byte order mark, which joined files bring along.
    Mark,
    /// Not to be split into cells.
    Fault(Fault),
    /// Damaged by NUL bytes.
    Nul,
}

/// The rules of a source, ready to be compared with bytes.
pub(super) struct Rules {
    control_header: Option<Vec<u8>>,
    control_trailer: Option<Vec<u8>>,
    own: Vec<Rule>,
    /// The cells of the header rows, if the file has any.
    header: Vec<Vec<Vec<u8>>>,
    /// The cells of a row, as soon as the header is known.
    width: Option<usize>,
    /// Bytes that a record of blanks can begin with.
    delimiter: Option<u8>,
    quote: Option<u8>,
    encoding: Encoding,
    glance: Glance,
    /// A line as text, for patterns; kept for its memory.
    text: RefCell<String>,
}

/// What of a record decides that no rule is interested in it: its first byte, and the first bytes of some cells.
#[derive(Default)]
struct Glance {
    line: FirstBytes,
    /// Whether some rule is about lines that can begin with a quotation mark.
    marks: bool,
    cells: Vec<(usize, FirstBytes)>,
}

/// The bytes with which something of interest can begin.
struct FirstBytes([bool; 256]);

struct Rule {
    id: String,
    test: Test,
}

enum Test {
    CellIs { column: usize, texts: Vec<Vec<u8>> },
    CellStartsWith { column: usize, texts: Vec<Vec<u8>> },
    LineStartsWith(Vec<Vec<u8>>),
    LineMatches(Regex),
}

/// A text that the encoding cannot write stands in no file of that encoding.
fn encoded(texts: &[String], encoding: Encoding) -> Vec<Vec<u8>> {
    texts.iter().filter_map(|text| encoding.encode(text)).collect()
}

impl Rules {
    /// The rules that need no header: control records and beginnings of lines.
    pub(super) fn of_lines(layout: &Layout) -> Result<Self, ExtractError> {
        let encoding = layout.format.encoding();
        let prefix = |record: &Option<ControlRecord>| {
            let starts_with = record.as_ref().map(|record| record.starts_with.as_str());
            starts_with.map(|text| encoding.encode(text).unwrap_or_else(|| text.as_bytes().to_vec()))
        };
        let mut own = Vec::with_capacity(layout.skip.len());
        for rule in &layout.skip {
            let test = match &rule.rule {
                SkipMatch::LineStartsWith(texts) => Test::LineStartsWith(encoded(texts, encoding)),
                SkipMatch::LineMatches(pattern) => Test::LineMatches(compiled(pattern)?),
                // Without a header no cell has a name; the rule is completed by `with_columns`.
                SkipMatch::CellIs { .. } | SkipMatch::CellStartsWith { .. } => Test::LineStartsWith(Vec::new()),
            };
            own.push(Rule { id: rule.id.to_string(), test });
        }
        let (delimiter, quote) = match &layout.format {
            Format::Delimited(format) => (Some(format.delimiter), format.quote),
            Format::Fixed(_) => (None, None),
        };
        Ok(Self {
            control_header: prefix(&layout.control.header),
            control_trailer: prefix(&layout.control.trailer),
            own,
            header: Vec::new(),
            width: None,
            delimiter,
            quote,
            encoding,
            glance: Glance::default(),
            text: RefCell::default(),
        })
    }

    /// Binds the rules that read cells to the columns, and learns what a repeated header looks like.
    ///
    /// A rule whose column is missing would let totals through as data, so it refuses the delivery.
    pub(super) fn bind(
        &mut self,
        layout: &Layout,
        header: &Header,
        header_cells: Vec<Vec<Vec<u8>>>,
    ) -> Result<(), Refusal> {
        for (rule, declared) in self.own.iter_mut().zip(&layout.skip) {
            let column = |name: &str| column_of(layout, header, name, &rule.id);
            rule.test = match &declared.rule {
                SkipMatch::LineStartsWith(_) | SkipMatch::LineMatches(_) => continue,
                SkipMatch::CellIs { column: name, texts } => {
                    Test::CellIs { column: column(name)?, texts: encoded(texts, self.encoding) }
                }
                SkipMatch::CellStartsWith { column: name, texts } => {
                    Test::CellStartsWith { column: column(name)?, texts: encoded(texts, self.encoding) }
                }
            };
        }
        self.header = header_cells;
        self.width = Some(header.names.len());
        self.glance = self.at_a_glance();
        Ok(())
    }

    /// The first bytes of all that the rules look for. A blank byte is of interest everywhere, since texts are compared
    /// without the blanks around them.
    fn at_a_glance(&self) -> Glance {
        let mut glance = Glance { line: FirstBytes::blanks(), marks: false, cells: Vec::new() };
        let lines = self.own.iter().filter_map(|rule| match &rule.test {
            Test::LineStartsWith(texts) => Some(texts),
            Test::LineMatches(_) | Test::CellIs { .. } | Test::CellStartsWith { .. } => None,
        });
        let mut of_lines = self.control_header.iter().chain(&self.control_trailer).chain(lines.flatten());
        glance.marks = of_lines.any(|text| text.first().is_none_or(|byte| Some(*byte) == self.quote));
        let first_bytes = self.delimiter.iter().chain(&self.quote);
        first_bytes.for_each(|byte| glance.line.add(std::slice::from_ref(byte)));
        self.control_header.iter().chain(&self.control_trailer).for_each(|text| glance.line.add(text));
        glance.line.add(UTF8_MARK);
        // Where the first name is empty, so is the cell, and the record begins with a separator or a blank.
        let names = self.header.iter().filter_map(|row| row.first()).filter(|name| !name.is_empty());
        names.for_each(|name| glance.line.add(name));
        for rule in &self.own {
            match &rule.test {
                Test::LineStartsWith(texts) => texts.iter().for_each(|text| glance.line.add(text)),
                Test::LineMatches(_) => {}
                Test::CellIs { column, texts } | Test::CellStartsWith { column, texts } => {
                    let mut first = FirstBytes::blanks();
                    for text in texts {
                        first.add(text);
                    }
                    if texts.iter().all(|text| !text.is_empty()) {
                        // An empty cell, whose first byte is what ends it, is none of the texts.
                        [self.delimiter, Some(b'\r'), Some(b'\n')]
                            .into_iter()
                            .flatten()
                            .for_each(|byte| first.remove(byte));
                    }
                    glance.cells.push((*column, first));
                }
            }
        }
        glance
    }

    /// Whether a record without quotation marks and NUL bytes, of the right width, is data for sure. Where it is not so
    /// sure, [`Self::verdict`] tells.
    #[inline]
    pub(super) fn let_pass(&self, line: &[u8], data: &[u8], cell_start: impl Fn(usize) -> usize) -> bool {
        line.first().is_some_and(|byte| !self.glance.line.holds(*byte))
            && self.glance.cells.iter().all(|(column, first)| !first.holds(data[cell_start(*column)]))
            && !self
                .own
                .iter()
                .any(|rule| matches!(&rule.test, Test::LineMatches(pattern) if self.is_in(pattern, line)))
    }

    /// The same for a record with quoted cells, whose marks are around their spans. An empty one is looked at by what
    /// closes it, a text that begins with a quotation mark by the mark that was doubled: the same byte.
    #[inline]
    pub(super) fn let_quoted_pass(&self, line: &[u8], data: &[u8], cells: &[CellSpan]) -> bool {
        let first = |cell: &CellSpan| data[cell.start as usize];
        // The separator is missing among the bytes of interest, because it ends empty cells; a quoted text can begin with
        // one.
        let separator = |cell: &CellSpan| cell.start < cell.end && Some(first(cell)) == self.delimiter;
        let none_in = |cell: &CellSpan, bytes: &FirstBytes| !bytes.holds(first(cell)) && !separator(cell);
        !(self.glance.marks && line.first().copied() == self.quote)
            && cells.first().is_some_and(|cell| none_in(cell, &self.glance.line))
            && self.glance.cells.iter().all(|(column, bytes)| none_in(&cells[*column], bytes))
            && !self
                .own
                .iter()
                .any(|rule| matches!(&rule.test, Test::LineMatches(pattern) if self.is_in(pattern, line)))
    }

    /// Whether the pattern is found in the line. What is no text is compared as far as it is.
    fn is_in(&self, pattern: &Regex, line: &[u8]) -> bool {
        if line.is_ascii() || self.encoding == Encoding::Utf8 {
            if let Ok(text) = std::str::from_utf8(line) {
                return pattern.is_match(text);
            }
        }
        let mut text = self.text.borrow_mut();
        text.clear();
        match self.encoding.decode_into(line, &mut text) {
            Ok(()) => pattern.is_match(&text),
            Err(_) => pattern.is_match(&self.encoding.decode_lossy(line)),
        }
    }

    /// The name of one of the source's rules, for the books.
    pub(super) fn name(&self, rule: usize) -> &str {
        &self.own[rule].id
    }

    /// What the record is that begins at `start` and whose cells are the last in the batch, from `first_cell` on.
    /// `surplus` is how many empty cells a row has behind the last column, if that is settled.
    pub(super) fn verdict(
        &self,
        batch: &RawBatch,
        start: usize,
        first_cell: usize,
        found: &Found,
        surplus: Option<usize>,
    ) -> Verdict {
        let line = &batch.bytes[start..found.end];
        if begins_with(line, self.control_header.as_deref()) {
            return Verdict::ControlHeader;
        }
        if begins_with(line, self.control_trailer.as_deref()) {
            return Verdict::ControlTrailer;
        }
        let cells = &batch.cells[first_cell..];
        if self.is_blank(batch, line, cells, found, surplus) {
            return Verdict::Blank;
        }
        if found.fault.is_none() && self.is_header(batch, cells) {
            return Verdict::RepeatedHeader;
        }
        if let Some(rule) = self.own.iter().position(|rule| self.holds(&rule.test, batch, line, cells, found)) {
            return Verdict::Rule(rule);
        }
        match found.fault {
            _ if self.width.is_some() && line.starts_with(UTF8_MARK) => Verdict::Mark,
            Some(fault) => Verdict::Fault(fault),
            None if found.nul => Verdict::Nul,
            None => Verdict::Data,
        }
    }

    /// White space alone, or as many empty cells as a row has: with fewer or more of them it is a row that was cut.
    fn is_blank(
        &self,
        batch: &RawBatch,
        line: &[u8],
        cells: &[CellSpan],
        found: &Found,
        surplus: Option<usize>,
    ) -> bool {
        let Some(&first) = line.first() else { return true };
        let possible = first.is_ascii_whitespace() || Some(first) == self.delimiter || Some(first) == self.quote;
        if !possible {
            return false;
        }
        let white = line.trim_ascii().is_empty();
        if found.fault.is_some() || found.cells == 1 && white {
            return white;
        }
        let fits = match (self.width, surplus) {
            (None, _) => true,
            (Some(width), None) => found.cells >= width,
            (Some(width), Some(surplus)) => found.cells == width + surplus,
        };
        fits && cells.len() == found.cells && cells.iter().all(|cell| batch.slice(*cell).trim_ascii().is_empty())
    }

    fn is_header(&self, batch: &RawBatch, cells: &[CellSpan]) -> bool {
        self.header.iter().any(|row| is_header_row(row, batch, cells))
    }

    fn holds(&self, test: &Test, batch: &RawBatch, line: &[u8], cells: &[CellSpan], found: &Found) -> bool {
        let cell = |column: usize| {
            let cell = cells.get(column).filter(|_| found.fault.is_none());
            cell.map(|cell| batch.slice(*cell).trim_ascii())
        };
        match test {
            Test::LineStartsWith(texts) => texts.iter().any(|text| line.starts_with(text)),
            Test::LineMatches(pattern) => self.is_in(pattern, line),
            Test::CellIs { column, texts } => {
                cell(*column).is_some_and(|cell| texts.iter().any(|text| cell == text.as_slice()))
            }
            Test::CellStartsWith { column, texts } => {
                cell(*column).is_some_and(|cell| texts.iter().any(|text| cell.starts_with(text)))
            }
        }
    }
}

fn is_header_row(row: &[Vec<u8>], batch: &RawBatch, cells: &[CellSpan]) -> bool {
    let (Some(first), Some(cell)) = (row.first(), cells.first()) else { return false };
    let cell = batch.slice(*cell);
    // Of nearly every row this is all that is looked at.
    if cells.len() != row.len() || cell.len() < first.len() {
        return false;
    }
    // Joined exports bring the byte order mark of the second file along.
    let cell = cell.trim_ascii();
    if cell.strip_prefix(UTF8_MARK).unwrap_or(cell) != first {
        return false;
    }
    cells.iter().zip(row).skip(1).all(|(cell, name)| batch.slice(*cell).trim_ascii() == name)
}

fn begins_with(line: &[u8], prefix: Option<&[u8]>) -> bool {
    prefix.is_some_and(|prefix| line.starts_with(prefix))
}

fn compiled(pattern: &str) -> Result<Regex, ExtractError> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).nest_limit(50).build();
    built.map_err(|error| ExtractError::Pattern { pattern: pattern.to_owned(), source: Box::new(error) })
}

impl Default for FirstBytes {
    fn default() -> Self {
        Self([false; 256])
    }
}

impl FirstBytes {
    fn blanks() -> Self {
        Self(std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(|byte| byte.is_ascii_whitespace())))
    }

    /// Adds what the text begins with: anything, if it is empty.
    fn add(&mut self, text: &[u8]) {
        match text.first() {
            Some(byte) => self.0[usize::from(*byte)] = true,
            None => self.0 = [true; 256],
        }
    }

    fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte)] = false;
    }

    #[inline]
    fn holds(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// The position of the column that a rule reads: by its name, or by an alias that a field's mapping declares for it.
fn column_of(layout: &Layout, header: &Header, name: &str, rule: &str) -> Result<usize, Refusal> {
    let same = |left: &str, right: &str| left.nfc().eq(right.nfc());
    let aliases = layout.aliases.iter().filter(|names| names.iter().any(|known| known == name));
    let own = std::iter::once(name);
    for candidate in own.chain(aliases.flatten().map(String::as_str)) {
        let mut places = (0..header.names.len()).filter(|at| same(&header.names[*at], candidate));
        match (places.next(), places.next()) {
            (Some(place), None) => return Ok(place),
            (Some(_), Some(_)) => {
                let message =
                    format!("two columns are named `{candidate}`, and the skip rule `{rule}` reads that column");
                return Err(at_header(Refusal::new(Code::COLUMN_DUPLICATE, message), header).in_column(candidate));
            }
            (None, _) => {}
        }
    }
    let message = format!(
        "the column `{name}`, which the skip rule `{rule}` reads, is not in the header; found: {}",
        listed(&header.names)
    );
    Err(at_header(Refusal::new(Code::COLUMN_MISSING, message), header).in_column(name).with_help(
        "Compare the header with the source's columns and its separator; declare an alias for a renamed column",
    ))
}

fn at_header(refusal: Refusal, header: &Header) -> Refusal {
    if header.line > 0 { refusal.at_line(header.line) } else { refusal }
}

/// The first names of a header, masked and cut to what a message can hold.
fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    let quoted = |name: &String| {
        let short: String = name.chars().take(40).collect();
        format!("`{}`", model::redact(&short))
    };
    let mut list: Vec<String> = names.iter().take(MOST).map(quoted).collect();
    if names.len() > MOST {
        list.push(format!("and {} more", names.len() - MOST));
    }
    list.join(", ")
}
