//! A second splitter, as plain and as different as possible: it has the whole file in memory, cuts it into physical
//! lines first, and joins lines as long as a quoted cell is open. What it says is compared with what the reader says.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What the two are compared on.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    names: Vec<String>,
    rows: Vec<Row>,
    broken: Vec<(u64, u64, Code, Vec<u8>)>,
    skipped: BTreeMap<String, u64>,
}

/// The file is refused.
#[derive(Debug, PartialEq, Eq)]
struct Refused;

/// How a stretch of text comes apart.
enum Parsed {
    Cells(Vec<Vec<u8>>),
    Open,
    Stray,
    LoneLineEnd,
}

/// A record as it was found: its cells, or why it has none.
struct Record {
    cells: Result<Vec<Vec<u8>>, Code>,
    raw: Vec<u8>,
    lines: usize,
    terminated: bool,
    /// How many of the lines behind a broken one are broken with it.
    tail: usize,
    /// Whether the end of the file alone ends its last cell.
    to_the_end: bool,
}

struct Witness {
    delimiter: u8,
    quote: Option<u8>,
    escape: Escape,
    line_end: u8,
    /// Physical lines with their ends.
    lines: Vec<Vec<u8>>,
}

impl Witness {
    fn new(format: &DelimitedFormat, bytes: &[u8]) -> Self {
        let alone = bytes.contains(&b'\r') && !bytes.contains(&b'\n');
        let line_end = match format.line_end {
            LineEnd::CarriageReturn => b'\r',
            LineEnd::Detected if alone => b'\r',
            LineEnd::Detected | LineEnd::LineFeed => b'\n',
        };
        let lines = bytes.split_inclusive(|byte| *byte == line_end).map(<[u8]>::to_vec).collect();
        Self { delimiter: format.delimiter, quote: format.quote, escape: format.escape, line_end, lines }
    }

    fn content<'t>(&self, line: &'t [u8]) -> &'t [u8] {
        let content = line.strip_suffix(&[self.line_end]).unwrap_or(line);
        if self.line_end == b'\n' { content.strip_suffix(b"\r").unwrap_or(content) } else { content }
    }

    /// The record that begins on this line.
    fn record(&self, first: usize, width: usize) -> Result<Record, Refused> {
        let mut joined = Vec::new();
        let mut to_the_end = true;
        for last in first..self.lines.len() {
            joined.extend_from_slice(&self.lines[last]);
            match self.parse(self.content(&joined)) {
                Parsed::Cells(cells) => {
                    let terminated = joined.ends_with(&[self.line_end]);
                    let raw = self.content(&joined).to_vec();
                    let lines = last - first + 1;
                    return Ok(Record { cells: Ok(cells), raw, lines, terminated, tail: 0, to_the_end: false });
                }
                Parsed::Open => {}
                Parsed::Stray => {
                    let code = if last == first { Code::QUOTE_STRAY } else { Code::QUOTE_OPEN };
                    let tail = if last == first { 0 } else { self.tail(first, width) };
                    return Ok(Record { tail, ..self.one_line(first, code) });
                }
                Parsed::LoneLineEnd => return Err(Refused),
            }
        }
        for later in &self.lines[first + 1..] {
            to_the_end &= later.trim_ascii().is_empty() || self.cells_at_sight(later) < width;
        }
        let tail = self.tail(first, width);
        Ok(Record { tail, to_the_end, ..self.one_line(first, Code::QUOTE_OPEN) })
    }

    fn one_line(&self, line: usize, code: Code) -> Record {
        let line = &self.lines[line];
        let terminated = line.ends_with(&[self.line_end]);
        let raw = self.content(line).to_vec();
        Record { cells: Err(code), raw, lines: 1, terminated, tail: 0, to_the_end: false }
    }

    /// How many cells the line has if nothing is quoted.
    fn cells_at_sight(&self, line: &[u8]) -> usize {
        line.split(|byte| *byte == self.delimiter).count()
    }

    /// How many lines behind the first it takes to have the cells of a row.
    fn tail(&self, first: usize, width: usize) -> usize {
        let mut tail = 0;
        let mut cells = self.cells_at_sight(&self.lines[first]);
        while cells < width && first + tail + 1 < self.lines.len() {
            tail += 1;
            cells += self.cells_at_sight(&self.lines[first + tail]) - 1;
        }
        tail
    }

    fn parse(&self, text: &[u8]) -> Parsed {
        let mut cells = Vec::new();
        let mut rest = text;
        loop {
            let behind = match self.quote {
                Some(quote) if rest.first() == Some(&quote) => match self.quoted(&rest[1..], quote) {
                    Ok((cell, behind)) => {
                        cells.push(cell);
                        behind
                    }
                    Err(parsed) => return parsed,
                },
                _ => {
                    let length = rest.iter().position(|byte| *byte == self.delimiter).unwrap_or(rest.len());
                    for byte in &rest[..length] {
                        if Some(*byte) == self.quote {
                            return Parsed::Stray;
                        }
                        if matches!(byte, b'\r' | b'\n') {
                            return Parsed::LoneLineEnd;
                        }
                    }
                    cells.push(rest[..length].to_vec());
                    &rest[length..]
                }
            };
            match behind.split_first() {
                None => return Parsed::Cells(cells),
                Some((byte, more)) if *byte == self.delimiter => rest = more,
                Some((b'\r' | b'\n', _)) => return Parsed::LoneLineEnd,
                Some(_) => return Parsed::Stray,
            }
        }
    }

    /// The text of a quoted cell, and what stands behind its closing mark.
    fn quoted<'t>(&self, text: &'t [u8], quote: u8) -> Result<(Vec<u8>, &'t [u8]), Parsed> {
        let mut cell = Vec::new();
        let mut rest = text;
        while let Some((&byte, more)) = rest.split_first() {
            rest = more;
            if byte == quote {
                match rest.split_first() {
                    Some((&next, more)) if next == quote && self.escape == Escape::Doubled => {
                        cell.push(quote);
                        rest = more;
                    }
                    _ => return Ok((cell, rest)),
                }
            } else if self.escape == Escape::Mark(byte) {
                match rest.split_first() {
                    None => return Err(Parsed::Open),
                    Some((&next, more)) if [quote, byte, self.delimiter, b'\r', b'\n'].contains(&next) => {
                        cell.push(next);
                        rest = more;
                    }
                    Some(_) => return Err(Parsed::Stray),
                }
            } else {
                cell.push(byte);
            }
        }
        Err(Parsed::Open)
    }

    /// The empty cells that every record has behind the last column: two records must agree;
    /// `None` if no record tells.
    fn surplus(&self, first: usize, header: &[Vec<u8>]) -> Option<usize> {
        let mut votes: Vec<usize> = Vec::new();
        let mut line = first;
        while line < self.lines.len() {
            let Ok(record) = self.record(line, header.len()) else { break };
            line += record.lines;
            let Ok(cells) = &record.cells else { continue };
            let data = !record.raw.contains(&0) && !is_blank(cells) && !is_header(cells, header);
            if !data || cells.len() < header.len() || !is_blank(&cells[header.len()..]) {
                continue;
            }
            let surplus = cells.len() - header.len();
            if votes.contains(&surplus) {
                return Some(surplus);
            }
            votes.push(surplus);
        }
        if votes.len() > 1 { Some(0) } else { votes.pop() }
    }

    fn tell(&self) -> Result<Told, Refused> {
        let mut told = Told { names: Vec::new(), rows: Vec::new(), broken: Vec::new(), skipped: BTreeMap::new() };
        let mut header: Option<Vec<Vec<u8>>> = None;
        let (mut line, mut number, mut surplus) = (0, 0, None);
        while line < self.lines.len() {
            let width = header.as_ref().map(Vec::len);
            let mut record = self.record(line, width.unwrap_or(0))?;
            let mut skip = |rule: &str| *told.skipped.entry(rule.to_owned()).or_insert(0) += 1;
            number += 1;
            let at = (line as u64 + 1, number);
            let fits = |cells: usize| match (width, surplus) {
                (None, _) => true,
                (Some(width), None) => cells >= width,
                (Some(width), Some(surplus)) => cells == width + surplus,
            };
            let empty_row = |cells: &Vec<Vec<u8>>| {
                is_blank(cells) && (fits(cells.len()) || cells.len() == 1 && record.raw.trim_ascii().is_empty())
            };
            if record.cells.as_ref().is_ok_and(empty_row) {
                skip("blank");
            } else if let Some(names) = &header {
                let wanted = names.len() + surplus.unwrap_or(0);
                match &record.cells {
                    Ok(cells) if is_header(cells, names) => skip("repeated_header"),
                    Ok(_) if record.raw.contains(&0) => {
                        told.broken.push((at.0, at.1, Code::NUL_BYTE, record.raw.clone()));
                    }
                    Ok(cells) if cells.len() == wanted && is_blank(&cells[names.len()..]) => {
                        told.rows.push((at.0, at.1, cells[..names.len()].to_vec(), record.raw.clone()));
                    }
                    Ok(_) if record.lines > 1 => {
                        record = Record { tail: record.lines - 1, ..self.one_line(line, Code::QUOTE_OPEN) };
                        told.broken.push((at.0, at.1, Code::QUOTE_OPEN, record.raw.clone()));
                    }
                    Ok(cells) if cells.len() < wanted && !record.terminated => return Err(Refused),
                    Ok(cells) => {
                        let code = if cells.len() < wanted { Code::ROW_SHORT } else { Code::ROW_LONG };
                        told.broken.push((at.0, at.1, code, record.raw.clone()));
                    }
                    Err(Code::QUOTE_OPEN) if !record.terminated || record.to_the_end => return Err(Refused),
                    Err(code) => told.broken.push((at.0, at.1, *code, record.raw.clone())),
                }
            } else {
                let names = record.cells.map_err(|_| Refused)?;
                if record.raw.contains(&0) {
                    return Err(Refused);
                }
                let names: Vec<Vec<u8>> = names.iter().map(|name| name.trim_ascii().to_vec()).collect();
                for name in &names {
                    told.names.push(String::from_utf8(name.clone()).map_err(|_| Refused)?.trim().to_owned());
                }
                surplus = self.surplus(line + record.lines, &names);
                header = Some(names);
                skip("header");
                record.cells = Ok(Vec::new());
            }
            line += record.lines;
            for _ in 0..record.tail {
                let rest = self.one_line(line, Code::QUOTE_OPEN);
                if !rest.terminated {
                    return Err(Refused);
                }
                number += 1;
                told.broken.push((line as u64 + 1, number, Code::QUOTE_OPEN, rest.raw));
                line += 1;
            }
        }
        if header.is_some() { Ok(told) } else { Err(Refused) }
    }
}

fn is_blank(cells: &[Vec<u8>]) -> bool {
    cells.iter().all(|cell| cell.trim_ascii().is_empty())
}

fn is_header(cells: &[Vec<u8>], header: &[Vec<u8>]) -> bool {
    let without_mark = |cell: &[u8]| cell.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(cell).to_vec();
    let cells: Vec<&[u8]> = cells.iter().map(|cell| cell.trim_ascii()).collect();
    cells.len() == header.len() && without_mark(cells[0]) == header[0] && cells[1..] == header[1..]
}

fn dialects() -> impl Strategy<Value = DelimitedFormat> {
    let escapes = prop_oneof![
        3 => Just(Escape::Doubled),
        2 => Just(Escape::Mark(b'\\')),
        1 => Just(Escape::None),
    ];
    let quotes = prop_oneof![5 => Just(Some(b'"')), 1 => Just(Some(b'\'')), 1 => Just(None)];
    let delimiters = prop_oneof![Just(b';'), Just(b'\t'), Just(b',')];
    let line_ends = prop_oneof![
        4 => Just(LineEnd::Detected),
        1 => Just(LineEnd::LineFeed),
        1 => Just(LineEnd::CarriageReturn)
    ];
    (delimiters, quotes, escapes, line_ends).prop_map(|(delimiter, quote, escape, line_end)| DelimitedFormat {
        quote,
        escape,
        line_end,
        ..DelimitedFormat::new(Encoding::Utf8, delimiter)
    })
}

/// Pieces in the marks of a dialect: `"` is the quotation mark, `;` the separator, `|` the line end.
fn in_marks(pieces: &[&str], format: &DelimitedFormat, line_end: &str) -> Vec<u8> {
    let (quote, delimiter) = (char::from(format.quote.unwrap_or(b'"')), char::from(format.delimiter));
    let mark = |c: char| match c {
        '"' => quote.to_string(),
        ';' => delimiter.to_string(),
        '|' => line_end.to_owned(),
        other => other.to_string(),
    };
    pieces.concat().chars().map(mark).collect::<String>().into_bytes()
}

/// Rows with quoted cells, whole ones and such as are nearly so.
fn quoted_pieces() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => Just("\"1\";\"2\"|"),
        4 => Just("\"x;y\";\";\"|"),
        4 => Just("\"a\"\"b\";\"\"\"\"\"\"|"),
        2 => Just("\"\";\"\"\"a\"|"),
        2 => Just("a;\"b\"|"),
        2 => Just("\"a\";b|"),
        2 => Just("\"a\";|"),
        2 => Just("\"a\";\"b\";|"),
        2 => Just("\"a|b\";\"c|\"|"),
        1 => Just("\"a\rb\";\"c\"|"),
        1 => Just("\"a\r\nb\";\"c\"|"),
        1 => Just("\"a\nb\";\"c\"|"),
        1 => Just("\"a\0b\";\"c\"|"),
        1 => Just("\"a\";\"b\"\r;|"),
        1 => Just("\"a\" ;\"b\"|"),
        1 => Just("\"a\"; \"b\"|"),
        1 => Just("\"a\";\"b|"),
        1 => Just("\"a\";\"b\"\"|"),
        1 => Just("\"a;\"b\"|"),
        1 => Just("\"a\"x;\"b\"|"),
        1 => Just("\"a\"|"),
        1 => Just("\"a\";\"b\";\"c\"|"),
        1 => Just("\" \";\"\"|"),
    ]
}

/// Rows, mostly whole, and damage.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let whole = || {
        prop_oneof![
            8 => Just("a;b|"),
            8 => Just("12;xyz|"),
            4 => Just("\"1\";\"2\"|"),
            2 => Just("\"x;y\";z|"),
            2 => Just("\"x|y\";z|"),
            2 => Just("\"a\"\"b\";\"\"|"),
            2 => Just("\"a\\\"b\";\"\\\\\"|"),
            1 => Just("\"a\\|b\";\"\\;\"|"),
            1 => Just("\"a\\nb\";c|"),
            1 => Just("|"),
            1 => Just(";|"),
            1 => Just("1;2;|"),
        ]
    };
    let damage = || {
        prop_oneof![
            4 => Just("\""),
            4 => Just(";"),
            4 => Just("|"),
            2 => Just("\\"),
            2 => Just("a"),
            1 => Just(" "),
            1 => Just("\0"),
            1 => Just("\r"),
            1 => Just("\n"),
            1 => Just("\r\n"),
        ]
    };
    let some = |damaged: u32| prop_oneof![12 => whole(), 12 => quoted_pieces(), damaged => damage()];
    prop_oneof![vec(some(4), 0..40), vec(some(1), 0..40)]
}

/// What the reader says, in the same terms; `None` for a refusal that is not about the structure.
fn told_by_the_reader(format: &DelimitedFormat, bytes: &[u8], limits: Limits) -> Option<Result<Told, Refused>> {
    let source = source_of(Format::Delimited(format.clone()));
    match read_from(&source, bytes, limits).expect("memory can be read") {
        Ok(said) => {
            Some(Ok(Told { names: said.names, rows: said.rows, broken: said.broken, skipped: said.summary.skipped }))
        }
        Err(refusal) if [Code::ENC_UNEXPECTED, Code::FILE_KIND, Code::FILE_TORN].contains(&refusal.code) => None,
        Err(_) => Some(Err(Refused)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn the_reader_says_what_a_plain_splitter_says(
        format in dialects(),
        pieces in pieces(),
        line_end in prop_oneof![3 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")],
        headed in prop_oneof![9 => Just(true), 1 => Just(false)],
        batch_bytes in 1usize..200,
    ) {
        let head = if headed { in_marks(&["a;b|"], &format, line_end) } else { Vec::new() };
        let bytes = [head, in_marks(&pieces, &format, line_end)].concat();
        let limits = Limits { batch_bytes, ..Limits::default() };
        if let Some(told) = told_by_the_reader(&format, &bytes, limits) {
            prop_assert_eq!(told, Witness::new(&format, &bytes).tell(), "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
