//! Which records are no data: blank lines, repeated headers, control records, and what the source's own rules skip.
//!
//! The texts of the rules are encoded once into the file's encoding, so that a record is judged on its bytes.

use model::{CellSpan, Code, ControlRecord, Encoding, Header, Origin, RawBatch, Refusal, SkipMatch, Source};
use unicode_normalization::UnicodeNormalization;

use super::record::{Fault, Found};

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
    /// The header's cells, if the file has a header.
    header: Vec<Vec<u8>>,
    /// Bytes that a record of blanks can begin with.
    delimiter: Option<u8>,
    quote: Option<u8>,
}

struct Rule {
    id: String,
    test: Test,
}

enum Test {
    CellIs { column: usize, texts: Vec<Vec<u8>> },
    CellStartsWith { column: usize, texts: Vec<Vec<u8>> },
    LineStartsWith(Vec<Vec<u8>>),
}

/// A text that the encoding cannot write stands in no file of that encoding.
fn encoded(texts: &[String], encoding: Encoding) -> Vec<Vec<u8>> {
    texts.iter().filter_map(|text| encoding.encode(text)).collect()
}

impl Rules {
    /// The rules that need no header: control records and beginnings of lines.
    pub(super) fn of_lines(source: &Source, delimiter: Option<u8>, quote: Option<u8>) -> Self {
        let encoding = source.format.encoding();
        let prefix = |record: &Option<ControlRecord>| {
            let starts_with = record.as_ref().map(|record| record.starts_with.as_str());
            starts_with.map(|text| encoding.encode(text).unwrap_or_else(|| text.as_bytes().to_vec()))
        };
        let of_line = |test: &SkipMatch| match test {
            SkipMatch::LineStartsWith(texts) => Test::LineStartsWith(encoded(texts, encoding)),
            // Without a header no cell has a name; the rule is completed by `with_columns`.
            SkipMatch::CellIs { .. } | SkipMatch::CellStartsWith { .. } => Test::LineStartsWith(Vec::new()),
        };
        let rules = source.skip.iter().map(|rule| Rule { id: rule.id.to_string(), test: of_line(&rule.rule) });
        Self {
            control_header: prefix(&source.control.header),
            control_trailer: prefix(&source.control.trailer),
            own: rules.collect(),
            header: Vec::new(),
            delimiter,
            quote,
        }
    }

    /// Binds the rules that read cells to the columns, and learns what a repeated header looks like.
    ///
    /// A rule whose column is missing would let totals through as data, so it refuses the delivery.
    pub(super) fn with_columns(
        mut self,
        source: &Source,
        header: &Header,
        header_cells: Vec<Vec<u8>>,
    ) -> Result<Self, Refusal> {
        let encoding = source.format.encoding();
        for (rule, declared) in self.own.iter_mut().zip(&source.skip) {
            let column = |name: &str| column_of(source, header, name, &rule.id);
            rule.test = match &declared.rule {
                SkipMatch::LineStartsWith(_) => continue,
                SkipMatch::CellIs { column: name, texts } => {
                    Test::CellIs { column: column(name)?, texts: encoded(texts, encoding) }
                }
                SkipMatch::CellStartsWith { column: name, texts } => {
                    Test::CellStartsWith { column: column(name)?, texts: encoded(texts, encoding) }
                }
            };
        }
        self.header = header_cells;
        Ok(self)
    }

    /// The name of one of the source's rules, for the books.
    pub(super) fn name(&self, rule: usize) -> &str {
        &self.own[rule].id
    }

    /// What the record is that begins at `start` and whose cells are the last in the batch, from `first_cell` on.
    pub(super) fn verdict(&self, batch: &RawBatch, start: usize, first_cell: usize, found: &Found) -> Verdict {
        let line = &batch.bytes[start..found.end];
        if begins_with(line, self.control_header.as_deref()) {
            return Verdict::ControlHeader;
        }
        if begins_with(line, self.control_trailer.as_deref()) {
            return Verdict::ControlTrailer;
        }
        let cells = &batch.cells[first_cell..];
        if self.is_blank(batch, line, cells, found) {
            return Verdict::Blank;
        }
        if found.fault.is_none() && self.is_header(batch, cells) {
            return Verdict::RepeatedHeader;
        }
        if let Some(rule) = self.own.iter().position(|rule| rule.test.holds(batch, line, cells, found)) {
            return Verdict::Rule(rule);
        }
        match found.fault {
            Some(fault) => Verdict::Fault(fault),
            None if found.nul => Verdict::Nul,
            None => Verdict::Data,
        }
    }

    fn is_blank(&self, batch: &RawBatch, line: &[u8], cells: &[CellSpan], found: &Found) -> bool {
        let Some(&first) = line.first() else { return true };
        let possible = first.is_ascii_whitespace() || Some(first) == self.delimiter || Some(first) == self.quote;
        if !possible {
            return false;
        }
        if found.fault.is_some() || cells.len() < found.cells {
            return line.trim_ascii().is_empty();
        }
        cells.iter().all(|cell| batch.slice(*cell).trim_ascii().is_empty())
    }

    fn is_header(&self, batch: &RawBatch, cells: &[CellSpan]) -> bool {
        let (Some(first), Some(cell)) = (self.header.first(), cells.first()) else { return false };
        let cell = batch.slice(*cell);
        // Of nearly every row this is all that is looked at.
        if cells.len() != self.header.len() || cell.len() < first.len() {
            return false;
        }
        // Joined exports bring the byte order mark of the second file along.
        let cell = cell.trim_ascii();
        if cell.strip_prefix(UTF8_MARK).unwrap_or(cell) != first {
            return false;
        }
        cells.iter().zip(&self.header).skip(1).all(|(cell, name)| batch.slice(*cell).trim_ascii() == name)
    }
}

fn begins_with(line: &[u8], prefix: Option<&[u8]>) -> bool {
    prefix.is_some_and(|prefix| line.starts_with(prefix))
}

impl Test {
    fn holds(&self, batch: &RawBatch, line: &[u8], cells: &[CellSpan], found: &Found) -> bool {
        let cell = |column: usize| {
            let cell = cells.get(column).filter(|_| found.fault.is_none());
            cell.map(|cell| batch.slice(*cell).trim_ascii())
        };
        match self {
            Self::LineStartsWith(texts) => texts.iter().any(|text| line.starts_with(text)),
            Self::CellIs { column, texts } => {
                cell(*column).is_some_and(|cell| texts.iter().any(|text| cell == text.as_slice()))
            }
            Self::CellStartsWith { column, texts } => {
                cell(*column).is_some_and(|cell| texts.iter().any(|text| cell.starts_with(text)))
            }
        }
    }
}

/// The position of the column that a rule reads: by its name, or by an alias that a field's mapping declares for it.
fn column_of(source: &Source, header: &Header, name: &str, rule: &str) -> Result<usize, Refusal> {
    let same = |left: &str, right: &str| left.nfc().eq(right.nfc());
    let aliases = source.fields.iter().filter_map(|field| match &field.origin {
        Origin::Column { names } if names.iter().any(|known| known == name) => Some(names.as_slice()),
        _ => None,
    });
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
