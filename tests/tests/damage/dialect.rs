//! The forms in which the sound files come, and their definitions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use model::{DeliveryScope, Encoding, Source};

use super::Dice;

/// The columns of every file: name, and its first position and length where the format is fixed.
pub(crate) const COLUMNS: [(&str, usize); 5] = [("Nr", 4), ("Kommune", 4), ("Dato", 10), ("Beløb", 14), ("Tekst", 30)];

/// What separates the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A delimiter.
    Delimited(u8),
    /// Nothing: positions are fixed.
    Fixed,
}

/// Which cells stand in quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quoting {
    /// Those that need them.
    Needed,
    /// The texts.
    Texts,
    /// All.
    All,
}

/// A form of file.
#[expect(clippy::struct_excessive_bools, reason = "what a file has or has not is independent of each other")]
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub(crate) form: Form,
    pub(crate) quote: Option<u8>,
    pub(crate) quoting: Quoting,
    /// The mark before a quotation mark in a quoted cell; `None`: it is doubled.
    pub(crate) escape: Option<u8>,
    pub(crate) line_end: &'static str,
    pub(crate) encoding: Encoding,
    pub(crate) header: bool,
    pub(crate) preamble: usize,
    pub(crate) footer: bool,
    pub(crate) totals: bool,
    /// A trailer that states the number of rows and their sum.
    pub(crate) trailer: bool,
    /// Every row ends in a delimiter.
    pub(crate) closing: bool,
    pub(crate) final_line_end: bool,
    /// The places of [`COLUMNS`] in the file.
    pub(crate) order: [usize; 5],
}

const ORDERS: [[usize; 5]; 4] = [[0, 1, 2, 3, 4], [4, 0, 1, 2, 3], [0, 1, 4, 2, 3], [3, 2, 0, 4, 1]];

impl Dialect {
    /// A dialect: delimiter, quotation mark and line end by the number, so that all of them come together, the rest by
    /// chance.
    pub(crate) fn choose(number: u64, dice: &mut Dice) -> Self {
        let turn = usize::try_from(number).expect("few dialects");
        let delimiter = [b';', b',', b'\t', b'|'][turn % 4];
        let quote = [Some(b'"'), Some(b'\''), None][(turn / 4) % 3];
        let line_end = ["\r\n", "\n"][(turn / 12) % 2];
        let fixed = turn % 12 == 11;
        let header = !fixed && !dice.chance(4);
        let single: Vec<Encoding> = Encoding::ALL.into_iter().filter(|encoding| *encoding != Encoding::Utf8).collect();
        Self {
            form: if fixed { Form::Fixed } else { Form::Delimited(delimiter) },
            quote: quote.filter(|_| !fixed),
            quoting: *dice.pick(&[Quoting::Needed, Quoting::Texts, Quoting::All]),
            escape: quote.filter(|_| !fixed && dice.chance(4)).map(|_| b'\\'),
            line_end,
            encoding: if fixed || dice.chance(2) { *dice.pick(&single) } else { Encoding::Utf8 },
            header,
            preamble: if header && dice.chance(3) { 1 + dice.below(2) } else { 0 },
            footer: dice.chance(3),
            totals: !fixed && dice.chance(3),
            trailer: dice.chance(4),
            closing: !fixed && dice.chance(6),
            final_line_end: !dice.chance(6),
            order: if fixed { ORDERS[0] } else { *dice.pick(&ORDERS) },
        }
    }

    /// The decimal mark and the mark of groups; neither may be the delimiter.
    pub(crate) fn marks(&self) -> (char, Option<char>) {
        if self.form == Form::Delimited(b',') { ('.', None) } else { (',', Some('.')) }
    }

    pub(crate) fn delimiter(&self) -> Option<u8> {
        match self.form {
            Form::Delimited(delimiter) => Some(delimiter),
            Form::Fixed => None,
        }
    }

    /// The names of the columns in the order of the file.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.order.iter().map(|column| COLUMNS[*column].0).collect()
    }

    /// A project with the definition of the dialect; the code list is the shipped one.
    pub(crate) fn definitions(&self, root: &Path) -> BTreeMap<String, Vec<u8>> {
        let shipped = ["codelists/municipality.yaml", "codelists/municipality.csv"];
        let read = |name: &str| fs::read(root.join("definitions").join(name)).expect("a shipped code list");
        let mut files: BTreeMap<String, Vec<u8>> =
            shipped.iter().map(|name| (format!("definitions/{name}"), read(name))).collect();
        files.insert("definitions/datasets/damaged_rows.yaml".to_owned(), DATASET.as_bytes().to_vec());
        files.insert("definitions/sources/test/damaged.yaml".to_owned(), self.source().into_bytes());
        files
    }

    fn source(&self) -> String {
        let mut yaml = SOURCE.to_owned();
        let encoding = self.encoding.label();
        if let Some(delimiter) = self.delimiter() {
            let delimiter = if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() };
            let quote = match self.quote {
                None => "none",
                Some(b'\'') => r#""'""#,
                Some(_) => r#"'"'"#,
            };
            write!(yaml, "format: {{type: delimited, encoding: {encoding}, delimiter: '{delimiter}', quote: {quote}")
                .expect("a string takes everything");
            if self.escape.is_some() {
                yaml += r", escape: '\'";
            }
            if self.preamble > 0 {
                write!(yaml, ", preamble_lines: {}", self.preamble).expect("a string takes everything");
            }
            if !self.header {
                write!(yaml, ", columns: [{}]", self.names().join(", ")).expect("a string takes everything");
            }
            yaml += "}\n";
        } else {
            write!(yaml, "format: {{type: fixed, encoding: {encoding}, record_length: 62, columns: {{")
                .expect("a string takes everything");
            let mut first = 1;
            for (name, length) in COLUMNS {
                write!(yaml, "{name}: [{first}, {length}], ").expect("a string takes everything");
                first += length;
            }
            yaml += "}}\n";
        }
        let (decimal, group) = self.marks();
        let group = group.map(|group| format!(", group: '{group}'")).unwrap_or_default();
        writeln!(yaml, "numbers: {{decimal: '{decimal}'{group}, negative: trailing}}").expect("a string");
        let mut skip = String::new();
        if self.totals {
            skip += "  - {id: totals, column: Kommune, is: [I alt]}\n";
        }
        if self.footer {
            skip += "  - {id: footer, line_starts_with: [Udskrevet]}\n";
        }
        if !skip.is_empty() {
            yaml += "skip:\n";
            yaml += &skip;
        }
        if self.trailer {
            yaml += "control:\n  trailer: {starts_with: SLUT, rows: ";
            let (rows, sum) = if self.form == Form::Fixed { ("[5, 6]", "[11, 16]") } else { ("2", "3") };
            writeln!(yaml, "{rows}, sum: {{field: amount, at: {sum}, number: {{decimal: '.'}}}}}}").expect("a string");
        }
        yaml
    }
}

/// What a delivery of the source is about: the rows say it.
pub(crate) fn scope(source: &Source) -> DeliveryScope {
    DeliveryScope { source: source.id.clone(), municipality: None, period: None, version: 1 }
}

const DATASET: &str = "kind: dataset
id: damaged_rows
title: {da: Rækker, en: Rows}
description: {da: Til prøver., en: For tests.}
grain: {da: En række., en: A row.}
row_unit: record
partition: month
municipality: municipality
time: {event: day}
key: [municipality, day, number]
fields:
  number: {type: integer, required: true, range: ['1', '9999'], title: {da: Nr, en: Number}}
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  day: {type: date, required: true, title: {da: Dato, en: Day}}
  amount: {type: decimal, precision: 15, scale: 2, unit: DKK, required: true, title: {da: Beløb, en: Amount}}
  text: {type: text, title: {da: Tekst, en: Text}}
";

const SOURCE: &str = "kind: source
id: damaged
title: {da: Prøve, en: Test}
description: {da: Til prøver., en: For tests.}
vendor: Test
system: Test
dataset: damaged_rows
delivery: {file: 'damaged.csv', municipality: rows, load: full}
fields:
  number: {column: Nr, number: {negative: never}}
  municipality: {column: Kommune}
  day: {column: Dato, date: dd-mm-yyyy}
  amount: {column: Beløb}
  text: {column: Tekst}
";
