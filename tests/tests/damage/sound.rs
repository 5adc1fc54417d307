//! Sound files: known rows, written in a dialect, with the place of every cell.

use std::ops::Range;

use super::Dice;
use super::dialect::{COLUMNS, Dialect, Escaping, Form, Quoting};

/// What a stretch of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Preamble,
    Header,
    Row(usize),
    Totals,
    Footer,
    Trailer,
    /// Put there by the damage.
    Foreign,
}

/// A record of a file, with its line end.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) what: What,
    pub(crate) bytes: Vec<u8>,
    /// Where its cells stand in the bytes, quotation marks included.
    pub(crate) cells: Vec<Range<usize>>,
}

/// A clean row: the canonical cells in the order of [`COLUMNS`].
pub(crate) type Clean = [String; 5];

/// A sound file.
#[derive(Debug, Clone)]
pub(crate) struct Sound {
    pub(crate) dialect: Dialect,
    pub(crate) rows: Vec<Clean>,
    pub(crate) pieces: Vec<Piece>,
}

const MUNICIPALITIES: [&str; 5] = ["0101", "0147", "0751", "0461", "0851"];

impl Dialect {
    /// A sound file of this dialect.
    pub(crate) fn sound_file(&self, dice: &mut Dice) -> Sound {
        let mut pieces = Vec::new();
        for number in 0..self.preamble {
            pieces.push(self.line(What::Preamble, &format!("Udtræk {number} af regnskabet")));
        }
        let header = [self.names(), self.second_names()];
        for names in &header[..self.header_rows] {
            pieces.push(self.record(What::Header, names, false));
        }
        let mut rows = Vec::new();
        let mut sum = 0;
        for number in 1..=8 + dice.below(6) {
            let minor = amount(dice);
            sum += minor;
            let clean = self.clean_row(number, minor, dice);
            pieces.push(self.row(&clean, minor, rows.len()));
            rows.push(clean);
        }
        if self.totals {
            let total = self.number(sum);
            let cells = ["", "I alt", "", total.as_str(), ""];
            let cells: Vec<&str> = self.order.iter().map(|column| cells[*column]).collect();
            pieces.push(self.record(What::Totals, &cells, true));
        }
        if self.footer {
            pieces.push(self.line(What::Footer, "Udskrevet den 21-11-2026"));
        }
        if self.trailer {
            let sum = format!("{}{}.{:02}", if sum < 0 { "-" } else { "" }, sum.abs() / 100, sum.abs() % 100);
            let text = match self.delimiter().map(char::from) {
                Some(delimiter) => format!("SLUT{delimiter}{}{delimiter}{sum}", rows.len()),
                None => format!("SLUT{:06}{sum:>16}{:36}", rows.len(), ""),
            };
            pieces.push(self.line(What::Trailer, &text));
        }
        if let Some(last) = pieces.last_mut().filter(|_| !self.final_line_end) {
            last.bytes.truncate(last.bytes.len() - self.line_end.len());
        }
        Sound { dialect: self.clone(), rows, pieces }
    }

    fn clean_row(&self, number: usize, minor: i64, dice: &mut Dice) -> Clean {
        let (month, day) = (1 + dice.below(12), 1 + dice.below(28));
        let sign = if minor < 0 { "-" } else { "" };
        [
            number.to_string(),
            (*dice.pick(&MUNICIPALITIES)).to_owned(),
            format!("2024-{month:02}-{day:02}"),
            format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100),
            self.text(dice),
        ]
    }

    /// A text; where cells can be quoted, one that may hold everything that quotation marks are for.
    fn text(&self, dice: &mut Dice) -> String {
        const PLAIN: [&str; 7] = ["Køb af varer", "Løn", "", "Tårnby Ærø", "Rådgivning m.m.", "x", "C:\\ny"];
        const QUOTED: [&str; 10] = [
            "foo§ bar",
            "§",
            "han sagde ¤nej¤",
            "to\nlinjer",
            "§§ og ¤",
            "¤",
            "linje\n§ igen§\n",
            "¤§¤",
            "\\¤\\",
            "sti§ C:\\",
        ];
        let (Some(quote), Some(delimiter)) = (self.quote, self.delimiter()) else {
            return (*dice.pick(&PLAIN)).to_owned();
        };
        if dice.chance(2) {
            return (*dice.pick(&PLAIN)).to_owned();
        }
        let text = dice.pick(&QUOTED).replace('§', &char::from(delimiter).to_string());
        // Without a way to write it there is no quotation mark in a text.
        let quote = if self.escape == Escaping::None { b'x' } else { quote };
        let text = text.replace('¤', &char::from(quote).to_string()).replace('\n', self.line_end);
        // Blanks around a text are not kept, and a tab is one.
        text.trim().to_owned()
    }

    /// The number as the files write it.
    pub(crate) fn number(&self, minor: i64) -> String {
        let (decimal, group) = self.marks();
        let digits = (minor.abs() / 100).to_string();
        let mut whole = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                whole.extend(group);
            }
            whole.push(digit);
        }
        format!("{whole}{decimal}{:02}{}", minor.abs() % 100, if minor < 0 { "-" } else { "" })
    }

    fn row(&self, clean: &Clean, minor: i64, at: usize) -> Piece {
        let (year, rest) = clean[2].split_once('-').expect("a date");
        let (month, day) = rest.split_once('-').expect("a date");
        let written =
            [clean[0].clone(), clean[1].clone(), format!("{day}-{month}-{year}"), self.number(minor), clean[4].clone()];
        let cells: Vec<&str> = self.order.iter().map(|column| written[*column].as_str()).collect();
        self.record(What::Row(at), &cells, true)
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        self.encoding.encode(text).unwrap_or_else(|| panic!("`{text}` in {}", self.encoding.label()))
    }

    /// A record of one line that is no row.
    pub(crate) fn line(&self, what: What, text: &str) -> Piece {
        let mut bytes = self.encode(text);
        bytes.extend_from_slice(self.line_end.as_bytes());
        Piece { what, bytes, cells: Vec::new() }
    }

    /// A record of cells.
    pub(crate) fn record(&self, what: What, cells: &[&str], data: bool) -> Piece {
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            let column = self.order[at];
            let text = match self.form {
                Form::Fixed if COLUMNS[column].0 == "Nr" => format!("{cell:0>4}"),
                Form::Fixed => format!("{cell:<width$}", width = COLUMNS[column].1),
                Form::Delimited(_) => self.quoted(cell, COLUMNS[column].0 == "Tekst" && data),
            };
            if at > 0 {
                bytes.extend(self.delimiter());
            }
            let start = bytes.len();
            bytes.extend(self.encode(&text));
            places.push(start..bytes.len());
        }
        if self.closing && data {
            bytes.extend(self.delimiter());
        }
        bytes.extend_from_slice(self.line_end.as_bytes());
        Piece { what, bytes, cells: places }
    }

    fn quoted(&self, cell: &str, text: bool) -> String {
        let (Some(quote), Some(delimiter)) = (self.quote, self.delimiter()) else { return cell.to_owned() };
        let quote = char::from(quote).to_string();
        let needed = cell.contains(['\r', '\n', char::from(delimiter)]) || cell.contains(&quote);
        let wanted = self.quoting == Quoting::All || (self.quoting == Quoting::Texts && text);
        if needed || wanted {
            let escaped = match self.escape {
                Escaping::Doubled => cell.replace(&quote, &quote.repeat(2)),
                Escaping::None => cell.to_owned(),
                Escaping::Mark(mark, all) => {
                    let mut escaped = String::new();
                    let mut before = ' ';
                    for c in cell.chars() {
                        let structure = c == char::from(delimiter) || c == '\r' || (c == '\n' && before != '\r');
                        if c == char::from(mark) || quote.starts_with(c) || (all && structure) {
                            escaped.push(char::from(mark));
                        }
                        escaped.push(c);
                        before = c;
                    }
                    escaped
                }
            };
            return format!("{quote}{escaped}{quote}");
        }
        cell.to_owned()
    }
}

fn amount(dice: &mut Dice) -> i64 {
    let bound = *dice.pick(&[100, 10_000, 10_000_000]);
    let minor = i64::try_from(dice.below(bound)).expect("small");
    if dice.chance(3) { -minor } else { minor }
}
