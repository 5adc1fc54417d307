//! The forms in which the sound files come, and their definitions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use model::{ByteOrder, DeliveryScope, Ebcdic, Encoding, FileEncoding, Source};

use super::Dice;

/// The columns of every file: name, and its first position and length where the format is fixed.
pub(crate) const COLUMNS: [(&str, usize); 5] = [("Nr", 4), ("Kommune", 4), ("Dato", 10), ("Beløb", 14), ("Tekst", 30)];

/// The second header row, where there is one; a column may have no name in it.
const SECOND_ROW: [&str; 5] = ["stk.", "kode", "", "kr.", "fri"];

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

/// How a quotation mark is written inside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// Twice.
    Doubled,
    /// Behind this mark, and so is the mark itself; with `true` separators and line ends are, too.
    Mark(u8, bool),
    /// Not at all.
    None,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    None,
    Gzip,
    Zstd,
    Zip,
}

/// A form of file.
#[expect(clippy::struct_excessive_bools, reason = "what a file has or has not is independent of each other")]
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub(crate) form: Form,
    pub(crate) quote: Option<u8>,
    pub(crate) quoting: Quoting,
    pub(crate) escape: Escaping,
    pub(crate) line_end: &'static str,
    /// The encoding of the bytes before they are written as UTF-16 or EBCDIC, if they are.
    pub(crate) encoding: Encoding,
    pub(crate) file: FileEncoding,
    /// The byte order of UTF-16.
    pub(crate) byte_order: ByteOrder,
    /// Whether UTF-16 has its mark.
    pub(crate) byte_order_mark: bool,
    /// The byte that ends a line of EBCDIC.
    pub(crate) new_line: u8,
    pub(crate) packing: Packing,
    /// 0: the definition names the columns.
    pub(crate) header_rows: usize,
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

/// Single bytes for fixed positions; otherwise UTF-8, UTF-16 and the rest, each about as often.
fn file_encoding(fixed: bool, dice: &mut Dice) -> FileEncoding {
    let utf8 = FileEncoding::Ascii(Encoding::Utf8);
    let utf16 = [None, Some(ByteOrder::Little), Some(ByteOrder::Big)].map(FileEncoding::Utf16);
    let ebcdic = [Ebcdic::Cp277, Ebcdic::Cp1142].map(FileEncoding::Ebcdic);
    let single = FileEncoding::ALL
        .into_iter()
        .filter(|encoding| matches!(encoding, FileEncoding::Ascii(encoding) if *encoding != Encoding::Utf8));
    let single: Vec<FileEncoding> = single.collect();
    match dice.below(4) {
        0 | 1 if fixed => *dice.pick(&ebcdic),
        _ if fixed => *dice.pick(&single),
        0 => utf8,
        1 => *dice.pick(&utf16),
        2 => *dice.pick(&single),
        _ => {
            if dice.chance(2) {
                utf8
            } else {
                *dice.pick(&ebcdic)
            }
        }
    }
}

const ORDERS: [[usize; 5]; 4] = [[0, 1, 2, 3, 4], [4, 0, 1, 2, 3], [0, 1, 4, 2, 3], [3, 2, 0, 4, 1]];

impl Dialect {
    /// A dialect: delimiter, quotation mark and line end by the number, so that all of them come together, the rest by
    /// chance.
    pub(crate) fn choose(number: u64, dice: &mut Dice) -> Self {
        let turn = usize::try_from(number).expect("few dialects");
        let delimiter = [b';', b',', b'\t', b'|'][turn % 4];
        let quote = [Some(b'"'), Some(b'\''), None][(turn / 4) % 3];
        let line_end = ["\r\n", "\n", "\r"][(turn / 12) % 3];
        let fixed = turn % 12 == 11;
        let file = file_encoding(fixed, dice);
        let byte_order = match file {
            FileEncoding::Utf16(Some(order)) => order,
            _ => *dice.pick(&[ByteOrder::Little, ByteOrder::Big]),
        };
        let header_rows = if fixed { 0 } else { *dice.pick(&[0, 1, 1, 2]) };
        let escapes = [Escaping::Doubled, Escaping::Mark(b'\\', false), Escaping::Mark(b'\\', true), Escaping::None];
        let escape = *dice.pick(&escapes);
        Self {
            form: if fixed { Form::Fixed } else { Form::Delimited(delimiter) },
            quote: quote.filter(|_| !fixed),
            quoting: *dice.pick(&[Quoting::Needed, Quoting::Texts, Quoting::All]),
            escape: if quote.is_none() || fixed { Escaping::Doubled } else { escape },
            line_end,
            encoding: file.cells(),
            file,
            byte_order,
            byte_order_mark: file == FileEncoding::Utf16(None) || dice.chance(2),
            new_line: *dice.pick(&[0x15, 0x25]),
            packing: *dice.pick(&[Packing::None, Packing::None, Packing::Gzip, Packing::Zstd, Packing::Zip]),
            header_rows,
            preamble: if header_rows > 0 && dice.chance(3) { 1 + dice.below(2) } else { 0 },
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

    /// The names of the columns in the order of the file, as the first header row has them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.order.iter().map(|column| COLUMNS[*column].0).collect()
    }

    /// The second header row.
    pub(crate) fn second_names(&self) -> Vec<&'static str> {
        self.order.iter().map(|column| SECOND_ROW[*column]).collect()
    }

    /// A project with the definition of the dialect; the code list is the shipped one.
    pub(crate) fn definitions(&self, root: &Path) -> BTreeMap<String, Vec<u8>> {
        let shipped =
            ["codelists/municipality.yaml", "codelists/municipality.csv", "codelists/municipality_changes.csv"];
        let read = |name: &str| fs::read(root.join("definitions").join(name)).expect("a shipped code list");
        let mut files: BTreeMap<String, Vec<u8>> =
            shipped.iter().map(|name| (format!("definitions/{name}"), read(name))).collect();
        files.insert("definitions/datasets/damaged_rows.yaml".to_owned(), DATASET.as_bytes().to_vec());
        files.insert("definitions/sources/test/damaged.yaml".to_owned(), self.source().into_bytes());
        files
    }

    fn source(&self) -> String {
        let packing = match self.packing {
            Packing::None => "",
            Packing::Gzip => ", compression: gzip",
            Packing::Zstd => ", compression: zstd",
            Packing::Zip => ", compression: zip, member: '*.csv'",
        };
        let mut yaml = SOURCE.replace("load: full", &format!("load: full{packing}"));
        if self.header_rows == 2 {
            for ((name, _), second) in COLUMNS.iter().zip(SECOND_ROW).filter(|(_, second)| !second.is_empty()) {
                yaml = yaml.replace(&format!("column: {name}"), &format!("column: '{name} {second}'"));
            }
        }
        let encoding = self.file.label();
        if let Some(delimiter) = self.delimiter() {
            let delimiter = if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() };
            let quote = match self.quote {
                None => "none",
                Some(b'\'') => r#""'""#,
                Some(_) => r#"'"'"#,
            };
            write!(yaml, "format: {{type: delimited, encoding: {encoding}, delimiter: '{delimiter}', quote: {quote}")
                .expect("a string takes everything");
            match self.escape {
                Escaping::Doubled => {}
                Escaping::Mark(..) => yaml += r", escape: '\'",
                Escaping::None => yaml += ", escape: none",
            }
            if self.preamble > 0 {
                write!(yaml, ", preamble_lines: {}", self.preamble).expect("a string takes everything");
            }
            if self.header_rows == 0 {
                write!(yaml, ", columns: [{}]", self.names().join(", ")).expect("a string takes everything");
            }
            // Neither need be said where it is the default.
            if self.header_rows == 2 || (self.header_rows == 0 && self.footer) {
                write!(yaml, ", header_rows: {}", self.header_rows).expect("a string takes everything");
            }
            if self.line_end == "\r" && self.closing {
                yaml += ", line_end: cr";
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
            let kommune = if self.header_rows == 2 { "Kommune kode" } else { "Kommune" };
            writeln!(skip, "  - {{id: totals, column: {kommune}, is: [I alt]}}").expect("a string takes everything");
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
