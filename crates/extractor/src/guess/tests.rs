//! Files of known dialects, written by a small generator: the guess must be right where it is certain, and right nearly
//! always where it is likely.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use model::Encoding;

/// How a file was written.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of an export that comes with or without the others")]
struct Written {
    delimiter: char,
    quote: Option<char>,
    escape: bool,
    quote_all: bool,
    encoding: Encoding,
    crlf: bool,
    preamble: u32,
    header_rows: u32,
    footer: u32,
    decimal: char,
    group: Option<char>,
    trailing_minus: bool,
    date: &'static str,
    columns: Vec<Kind>,
    rows: usize,
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Amount,
    Whole,
    Day,
    Code,
    Words,
    Person,
    Month,
}

impl Kind {
    fn ty(self) -> ColumnType {
        match self {
            Self::Amount => ColumnType::Decimal,
            Self::Whole => ColumnType::Integer,
            Self::Day => ColumnType::Date,
            Self::Code => ColumnType::Code,
            Self::Words => ColumnType::Text,
            Self::Person => ColumnType::Person,
            Self::Month => ColumnType::Month,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Amount => ("Beløb", "kr."),
            Self::Whole => ("Antal", "stk."),
            Self::Day => ("Bogføringsdato", "dag"),
            Self::Code => ("Funktion", "kode"),
            Self::Words => ("Posteringstekst", "tekst"),
            Self::Person => ("CPR-nr", "person"),
            Self::Month => ("Regnskabsmåned", "md."),
        }
    }
}

/// Numbers that look random and are the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const WORDS: &[&str] = &[
    "Løn",
    "Køb af ydelser",
    "Tilskud",
    "Mad på plejehjem",
    "Øvrige udgifter",
    "Rengøring, maj",
    "El & vand",
    "Bøger",
];

impl Written {
    fn text(&self) -> String {
        let mut dice = Dice(self.seed);
        let end = if self.crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        for line in 0..self.preamble {
            let words = ["Udtræk fra økonomisystemet", "Kommune: Høje-Taastrup", "", "Dannet af bruger"];
            text += words[line as usize % words.len()];
            text += end;
        }
        for row in 0..self.header_rows {
            let names = self.columns.iter().enumerate().map(|(at, kind)| {
                let (name, unit) = kind.names();
                if row == 0 { format!("{name} {}", at + 1) } else { unit.to_owned() }
            });
            text += &self.row(&names.collect::<Vec<_>>());
            text += end;
        }
        for _ in 0..self.rows {
            let cells: Vec<String> = self.columns.iter().map(|kind| self.value(*kind, &mut dice)).collect();
            text += &self.row(&cells);
            text += end;
        }
        for line in 0..self.footer {
            text += ["I alt", "Udskrevet den 1. maj"][line as usize % 2];
            text += end;
        }
        text
    }

    fn row(&self, cells: &[String]) -> String {
        let quoted = |cell: &String| {
            let needed = cell.contains([self.delimiter, '"', '\'', '\n']);
            match self.quote {
                Some(quote) if needed || self.quote_all => {
                    let inner = if self.escape {
                        cell.replace(quote, &format!("\\{quote}"))
                    } else {
                        cell.replace(quote, &format!("{quote}{quote}"))
                    };
                    format!("{quote}{inner}{quote}")
                }
                Some(_) => cell.clone(),
                None => cell.replace(self.delimiter, " "),
            }
        };
        cells.iter().map(quoted).collect::<Vec<_>>().join(&self.delimiter.to_string())
    }

    fn value(&self, kind: Kind, dice: &mut Dice) -> String {
        match kind {
            Kind::Amount => self.amount(dice),
            Kind::Whole => dice.below(900).to_string(),
            Kind::Day => self.day(dice),
            Kind::Code => format!("{:05}", dice.below(40) * 7),
            Kind::Words => {
                let word = WORDS[usize::try_from(dice.below(8)).expect("small")];
                if self.quote.is_some() && dice.below(20) == 0 {
                    format!("{word} {}x{}", '"', '"')
                } else {
                    word.to_owned()
                }
            }
            Kind::Person => format!(
                "{:02}{:02}{:02}-{:04}",
                61 + dice.below(28),
                1 + dice.below(12),
                dice.below(99),
                dice.below(9999)
            ),
            Kind::Month => format!("{}{:02}", 2019 + dice.below(6), 1 + dice.below(12)),
        }
    }

    fn amount(&self, dice: &mut Dice) -> String {
        let (whole, cents, negative) = (dice.below(2_000_000), dice.below(100), dice.below(4) == 0);
        let mut digits = whole.to_string();
        if let Some(group) = self.group {
            let plain = std::mem::take(&mut digits);
            for (at, digit) in plain.chars().enumerate() {
                if at > 0 && (plain.len() - at).is_multiple_of(3) {
                    digits.push(group);
                }
                digits.push(digit);
            }
        }
        let mut text = String::new();
        if negative && !self.trailing_minus {
            text.push('-');
        }
        write!(text, "{digits}{}{cents:02}", self.decimal).expect("a string");
        if negative && self.trailing_minus {
            text.push('-');
        }
        text
    }

    fn day(&self, dice: &mut Dice) -> String {
        let (year, month, day) = (2018 + dice.below(7), 1 + dice.below(12), 1 + dice.below(28));
        match self.date {
            "yyyy-mm-dd" => format!("{year}-{month:02}-{day:02}"),
            "dd.mm.yyyy" => format!("{day:02}.{month:02}.{year}"),
            "dd/mm/yyyy" => format!("{day:02}/{month:02}/{year}"),
            _ => format!("{day:02}-{month:02}-{year}"),
        }
    }
}

fn written() -> impl Strategy<Value = Written> {
    let kind = prop_oneof![
        3 => Just(Kind::Amount), 2 => Just(Kind::Whole), 2 => Just(Kind::Day), 2 => Just(Kind::Code),
        3 => Just(Kind::Words), 1 => Just(Kind::Person), 1 => Just(Kind::Month),
    ];
    let dialect = (
        prop_oneof![5 => Just(';'), 2 => Just('\t'), 3 => Just(','), 1 => Just('|'), 1 => Just('~')],
        prop_oneof![5 => Just(Some('"')), 2 => Just(None), 1 => Just(Some('\''))],
        any::<(bool, bool, bool)>(),
        prop_oneof![
            Just(Encoding::Utf8),
            Just(Encoding::Windows1252),
            Just(Encoding::Cp850),
            Just(Encoding::Iso8859_1)
        ],
        (0u32..4, 0u32..3, 0u32..3),
    );
    let forms = (
        prop_oneof![3 => Just((',', Some('.'))), 1 => Just((',', None)), 1 => Just(('.', None)), 1 => Just((',', Some(' ')))],
        any::<bool>(),
        prop_oneof![Just("dd-mm-yyyy"), Just("yyyy-mm-dd"), Just("dd.mm.yyyy"), Just("dd/mm/yyyy")],
        proptest::collection::vec(kind, 2..12),
        1usize..40,
        any::<u64>(),
    );
    (dialect, forms).prop_map(
        |(
            (delimiter, quote, (quote_all, escape, crlf), encoding, (preamble, header_rows, footer)),
            ((decimal, group), trailing_minus, date, columns, rows, seed),
        )| Written {
            delimiter,
            quote,
            escape,
            quote_all,
            encoding,
            crlf,
            preamble,
            header_rows,
            footer,
            decimal,
            group,
            trailing_minus,
            date,
            columns,
            rows,
            seed,
        },
    )
}

/// How often a kind of finding was right, by how sure it was.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    right: [u32; 3],
    wrong: [u32; 3],
}

impl Score {
    fn add(&mut self, confidence: Confidence, right: bool) {
        let at = confidence as usize;
        if right { self.right[at] += 1 } else { self.wrong[at] += 1 }
    }

    fn share(self, confidence: Confidence) -> f64 {
        let at = confidence as usize;
        let (right, wrong) = (f64::from(self.right[at]), f64::from(self.wrong[at]));
        if right + wrong == 0.0 { 1.0 } else { right / (right + wrong) }
    }
}

fn check<T: PartialEq>(score: &mut Score, finding: &Finding<T>, truth: &T) -> bool {
    let right = finding.value == *truth;
    score.add(finding.confidence, right);
    right || finding.confidence != Confidence::Certain
}

const QUESTIONS: [&str; 9] =
    ["delimiter", "quote", "encoding", "preamble", "header", "footer", "column type", "number", "date"];

/// Holds a guess against the truth. Where a file does not hold what a question asks about, it is not asked.
fn judge(file: &Written, scores: &mut [Score; 9]) -> Result<(), String> {
    let text = file.text();
    let bytes = file.encoding.encode(&text).expect("Danish");
    let profile = guess(&Samples::of_bytes(&bytes));
    let lied = |question: &str| {
        let head: String = text.lines().take(6).collect::<Vec<_>>().join("\n");
        Err(format!("{question} is wrong and certain: {file:?}\n{:#?}\n{head}", profile.dialect))
    };
    let encoding = profile.encoding.as_ref().expect("text");
    if !text.is_ascii() {
        // Of encodings that give the same text either is right.
        let label = encoding.value.as_str();
        let alike = |label: &str| Encoding::parse(label).is_some_and(|guessed| guessed.decode_lossy(&bytes) == text);
        let right = alike(label);
        scores[2].add(encoding.confidence, right);
        if !right && encoding.confidence == Confidence::Certain {
            return lied("encoding");
        }
    }
    let Some(dialect) = &profile.dialect else {
        scores[0].add(Confidence::Unsure, false);
        return Ok(());
    };
    if !check(&mut scores[0], &dialect.delimiter, &file.delimiter) {
        return lied("delimiter");
    }
    if dialect.delimiter.value != file.delimiter {
        return Ok(());
    }
    let marked = file.quote.is_some_and(|quote| text.contains(quote));
    if marked && !check(&mut scores[1], &dialect.quote, &file.quote) {
        return lied("quote");
    }
    if !check(&mut scores[3], &dialect.preamble_lines, &file.preamble) {
        return lied("preamble");
    }
    if !check(&mut scores[4], &dialect.header_rows, &file.header_rows) {
        return lied("header");
    }
    if !check(&mut scores[5], &dialect.footer_lines, &file.footer) {
        return lied("footer");
    }
    if profile.columns.len() != file.columns.len() || dialect.header_rows.value != file.header_rows {
        return Ok(());
    }
    for (column, kind) in profile.columns.iter().zip(&file.columns) {
        if !check(&mut scores[6], &column.holds, &kind.ty()) {
            return lied("column type");
        }
        if column.holds.value != kind.ty() {
            continue;
        }
        if let (Some(number), Kind::Amount) = (&column.number, kind) {
            let right = number.value.decimal == Some(file.decimal)
                && (number.value.group.is_none() || number.value.group == file.group);
            scores[7].add(number.confidence, right);
            if !right && number.confidence == Confidence::Certain {
                return lied("number");
            }
        }
        if let (Some(format), Kind::Day) = (&column.format, kind) {
            if !check(&mut scores[8], format, &file.date.to_owned()) {
                return lied("date");
            }
        }
    }
    if format!("{profile:?}").contains("CPR") && file.columns.contains(&Kind::Person) {
        let shown = format!("{profile:?}");
        if text.lines().flat_map(|line| line.split(file.delimiter)).any(|cell| {
            let cell = cell.trim_matches(['"', '\'']);
            cell.len() == 11 && model::looks_like_person_number(cell.as_bytes()) && shown.contains(cell)
        }) {
            return lied("a personal number is shown, and so the masking");
        }
    }
    Ok(())
}

#[test]
fn guesses_of_generated_files_are_right_where_they_are_sure() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, b"files of thousands of dialects.."),
    );
    let mut scores = [Score::default(); 9];
    let strategy = written();
    let mut lies = Vec::new();
    for _ in 0..1500 {
        let file = strategy.new_tree(&mut runner).expect("a file").current();
        lies.extend(judge(&file, &mut scores).err());
    }
    assert!(lies.is_empty(), "{} files; the first: {}", lies.len(), lies[0]);
    for (question, score) in QUESTIONS.iter().zip(scores) {
        let likely = score.share(Confidence::Likely);
        assert!(likely >= 0.95, "{question}: of the likely findings only {likely:.3} are right: {score:?}");
    }
}
