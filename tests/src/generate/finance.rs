//! Finance postings, in the layouts of Opus, Prisme and ØS. The same postings, whatever the layout; nothing of a month
//! is held in memory but what is left to post on each account.

use model::Period;

use super::GenerateError;
use super::accounts::{ACCOUNTS, Account, Budget, budgets};
use super::municipalities::MUNICIPALITIES;
use super::plan::{Delivery, Layout, Parameters};
use super::random::{Purpose, Random, scale};
use super::texts::Texts;
use super::writer::{DeliveryFile, Form, push_digits, push_grouped, push_hundredths, push_number};

/// The physical form of Opus' file.
pub const OPUS_FORM: Form = Form {
    encoding: model::Encoding::Windows1252,
    byte_order_mark: false,
    delimiter: Some(b';'),
    line_end: b"\r\n",
    header: Some("Kommunenr;Regnskabsår;Periode;Bilagsnr;Linje;Bogføringsdato;Kontostreng;Posteringstekst;Beløb"),
};

/// The physical form of Prisme's file.
pub const PRISME_FORM: Form = Form {
    encoding: model::Encoding::Utf8,
    byte_order_mark: true,
    delimiter: Some(b';'),
    line_end: b"\n",
    header: Some(
        "Beloeb;Fortegn;Funktion;Dranst;Ejerforhold;Omkostningssted;Gruppering;Art;Bilag;Bilagslinje;Dato;Maaned;Tekst",
    ),
};

/// The physical form of ØS' file.
pub const OES_FORM: Form = Form {
    encoding: model::Encoding::Iso8859_1,
    byte_order_mark: false,
    delimiter: None,
    line_end: b"\r\n",
    header: None,
};

/// The length of a record of ØS.
const OES_RECORD: usize = 92;
/// The width of its text.
const OES_TEXT: usize = 30;

const GROUPINGS: [&[u8; 3]; 8] = [b"001", b"001", b"001", b"002", b"003", b"092", b"093", b"200"];
const OWNERS: [u8; 8] = [b'1', b'1', b'1', b'1', b'1', b'1', b'2', b'4'];

/// A posting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub(super) account: &'static Account,
    pub(super) document: u64,
    pub(super) line: u64,
    pub(super) day: u64,
    owner: u8,
    pub(super) cost_centre: u64,
    grouping: &'static [u8; 3],
    text: usize,
    pub(super) amount: i64,
}

/// The postings of a municipality in a month, one after the other.
#[derive(Debug)]
pub(super) struct Postings {
    random: Random,
    left: Vec<Budget>,
    rows_left: u64,
    days: u32,
    document: u64,
    line: u64,
    lines: u64,
}

impl Postings {
    pub(super) fn new(parameters: &Parameters, position: usize, month: Period, rows: u64) -> Self {
        let mut random = Random::new(parameters.seed, Purpose::Postings, position, month.ordinal());
        let days = (month.end().days() - month.start().days()).unsigned_abs();
        let document = u64::from(random.between(10_000, 60_000));
        let left = budgets(parameters, position, month, rows);
        Self { random, left, rows_left: rows, days, document, line: 0, lines: 1 }
    }

    /// The account of the next posting: each as likely as it has postings left, so that accounts come mixed as they do
    /// in a ledger.
    fn choose(&mut self, bits: u32) -> usize {
        let mut ticket = (u64::from(bits) * self.rows_left) >> 32;
        let mut chosen = 0;
        while ticket >= self.left[chosen].postings {
            ticket -= self.left[chosen].postings;
            chosen += 1;
        }
        chosen
    }

    /// Takes a part of what is left of an account: about as much as the others will get, sometimes a reversal, and at
    /// the last posting all of it.
    fn take(budget: &mut Budget, bits: u32) -> i64 {
        let parts = i64::try_from(budget.postings).unwrap_or(i64::MAX);
        let part = match (parts, bits % 32) {
            (1, _) => budget.amount,
            (5.., 0) => budget.amount / parts / -2,
            _ => budget.amount / parts * (64 + i64::from(bits >> 24)) / 192 + i64::from(bits >> 8 & 0x3F),
        };
        budget.postings -= 1;
        budget.amount -= part;
        part
    }
}

/// The upper and the lower 32 of 64 bits.
#[expect(clippy::cast_possible_truncation, reason = "the halves are wanted")]
fn halves(bits: u64) -> (u32, u32) {
    ((bits >> 32) as u32, bits as u32)
}

impl Iterator for Postings {
    type Item = Posting;

    fn next(&mut self) -> Option<Posting> {
        if self.rows_left == 0 {
            return None;
        }
        let (which, how_much) = halves(self.random.bits());
        let (when, what) = halves(self.random.bits());
        let chosen = self.choose(which);
        let budget = &mut self.left[chosen];
        let account = budget.account;
        let amount = Self::take(budget, how_much);
        self.rows_left -= 1;
        if self.line == self.lines {
            self.document += 1;
            self.line = 0;
            self.lines = u64::from(1 + (what >> 27) % 4);
        }
        self.line += 1;
        let index = |bits: u32| (bits % 8) as usize;
        Some(Posting {
            account: &ACCOUNTS[account],
            document: self.document,
            line: self.line,
            day: u64::from(1 + scale(when, self.days)),
            owner: OWNERS[index(what)],
            cost_centre: 1000 + account as u64 * 40 + u64::from(what >> 3 & 0x1F),
            grouping: GROUPINGS[index(what >> 8)],
            text: scale(what << 16, Texts::COUNT) as usize,
            amount,
        })
    }
}

/// What the rows of a month have in common.
struct Ledger<'a> {
    municipality: &'a [u8],
    year: u64,
    month: u64,
    texts: Texts,
}

impl Ledger<'_> {
    fn push_year_and_month(&self, line: &mut Vec<u8>) {
        push_digits::<4>(line, self.year);
        push_digits::<2>(line, self.month);
    }
}

/// Writes a delivery. `rows` says how many postings each month has; `plain` leaves out texts that need quoting.
pub fn write(
    file: &mut DeliveryFile,
    parameters: &Parameters,
    delivery: &Delivery,
    plain: bool,
    rows: &dyn Fn(Period) -> u64,
) -> Result<(), GenerateError> {
    let position = delivery.position.unwrap_or(0);
    let municipality = MUNICIPALITIES[position].code.as_bytes();
    if delivery.layout == Layout::OesFinance {
        oes_start(file, municipality, delivery.period);
    }
    let mut sum = 0;
    for month in parameters.months_of(delivery.period) {
        let start = month.start();
        let (year, number) = (u64::from(start.year().unsigned_abs()), u64::from(start.month()));
        let texts = Texts::new(delivery.layout, plain, start.month());
        let ledger = Ledger { municipality, year, month: number, texts };
        for (index, mut posting) in Postings::new(parameters, position, month, rows(month)).enumerate() {
            if delivery.version > 1 && index % 5 == 2 {
                posting.amount += posting.amount / 10;
            }
            match delivery.layout {
                Layout::PrismeFinance => prisme_row(file.line(), &ledger, &posting),
                Layout::OesFinance => oes_row(file.line(), &ledger, &posting),
                _ => opus_row(file.line(), &ledger, &posting),
            }
            sum += posting.amount * i64::try_from(file.end_row()?).unwrap_or(1);
        }
    }
    match delivery.layout {
        Layout::OpusFinance => opus_total(file, sum),
        Layout::OesFinance => oes_end(file, sum),
        _ => {}
    }
    Ok(())
}

fn opus_row(line: &mut Vec<u8>, ledger: &Ledger<'_>, posting: &Posting) {
    line.extend_from_slice(ledger.municipality);
    line.push(b';');
    push_digits::<4>(line, ledger.year);
    line.push(b';');
    ledger.push_year_and_month(line);
    line.push(b';');
    push_digits::<8>(line, posting.document);
    line.push(b';');
    push_number(line, posting.line);
    line.push(b';');
    push_digits::<2>(line, posting.day);
    line.push(b'-');
    push_digits::<2>(line, ledger.month);
    line.push(b'-');
    push_digits::<4>(line, ledger.year);
    line.push(b';');
    push_account(line, posting);
    line.push(b';');
    line.extend_from_slice(ledger.texts.get(posting.text));
    line.push(b';');
    push_opus_amount(line, posting.amount);
}

pub(super) fn push_opus_amount(line: &mut Vec<u8>, amount: i64) {
    let magnitude = amount.unsigned_abs();
    push_grouped(line, magnitude / 100, b'.');
    line.push(b',');
    push_digits::<2>(line, magnitude % 100);
    if amount < 0 {
        line.push(b'-');
    }
}

fn opus_total(file: &mut DeliveryFile, sum: i64) {
    file.line().extend_from_slice(b"I alt;;;;;;;;");
    push_opus_amount(file.line(), sum);
    file.end_line();
}

/// The account string: function 5, dranst 1, ownership 1, cost centre 4, grouping 3, kind 2.
fn push_account(line: &mut Vec<u8>, posting: &Posting) {
    line.extend_from_slice(posting.account.digits.as_bytes());
    line.push(posting.account.dranst);
    line.push(posting.owner);
    push_digits::<4>(line, posting.cost_centre);
    line.extend_from_slice(posting.grouping);
    line.extend_from_slice(posting.account.art.as_bytes());
}

fn prisme_row(line: &mut Vec<u8>, ledger: &Ledger<'_>, posting: &Posting) {
    push_hundredths(line, posting.amount.unsigned_abs(), b',');
    line.extend_from_slice(if posting.amount < 0 { b";-;" } else { b";+;" });
    line.extend_from_slice(posting.account.function.as_bytes());
    line.extend_from_slice(&[b';', posting.account.dranst, b';', posting.owner, b';']);
    push_digits::<4>(line, posting.cost_centre);
    line.push(b';');
    line.extend_from_slice(posting.grouping);
    line.push(b';');
    line.extend_from_slice(posting.account.art.as_bytes());
    line.push(b';');
    push_digits::<8>(line, posting.document);
    line.push(b';');
    push_number(line, posting.line);
    line.push(b';');
    push_digits::<4>(line, ledger.year);
    line.push(b'-');
    push_digits::<2>(line, ledger.month);
    line.push(b'-');
    push_digits::<2>(line, posting.day);
    line.push(b';');
    push_digits::<4>(line, ledger.year);
    line.push(b'-');
    push_digits::<2>(line, ledger.month);
    line.push(b';');
    line.extend_from_slice(ledger.texts.get(posting.text));
}

fn push_sign(line: &mut Vec<u8>, amount: i64) {
    line.push(if amount < 0 { b'-' } else { b' ' });
}

fn oes_row(line: &mut Vec<u8>, ledger: &Ledger<'_>, posting: &Posting) {
    line.extend_from_slice(ledger.municipality);
    ledger.push_year_and_month(line);
    push_account(line, posting);
    push_digits::<8>(line, posting.document);
    push_digits::<5>(line, posting.line);
    push_digits::<2>(line, posting.day);
    push_digits::<2>(line, ledger.month);
    push_digits::<4>(line, ledger.year);
    push_digits::<14>(line, posting.amount.unsigned_abs());
    push_sign(line, posting.amount);
    let text = ledger.texts.get(posting.text);
    line.extend_from_slice(text);
    line.resize(line.len() + OES_TEXT - text.len(), b' ');
}

fn oes_start(file: &mut DeliveryFile, municipality: &[u8], period: Period) {
    let start = period.start();
    let line = file.line();
    let before = line.len();
    line.extend_from_slice(b"Z300");
    line.extend_from_slice(municipality);
    push_digits::<4>(line, u64::from(start.year().unsigned_abs()));
    push_digits::<2>(line, u64::from(start.month()));
    line.resize(before + OES_RECORD, b' ');
    file.end_line();
}

fn oes_end(file: &mut DeliveryFile, sum: i64) {
    let rows = file.rows();
    let line = file.line();
    let before = line.len();
    line.extend_from_slice(b"SLUTD");
    push_digits::<9>(line, rows);
    push_digits::<16>(line, sum.unsigned_abs());
    push_sign(line, sum);
    line.resize(before + OES_RECORD, b' ');
    file.end_line();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn parameters() -> Parameters {
        let first = "2024-05".parse().expect("a month");
        Parameters { seed: 2024, municipalities: 98, first, months: 1, postings: 98, persons: 5, clean: true }
    }

    #[test]
    fn the_postings_of_a_month_use_up_its_budgets() {
        let month = parameters().first;
        for rows in [1, 12, 5000] {
            let budget: i64 = budgets(&parameters(), 3, month, rows).iter().map(|budget| budget.amount).sum();
            let postings: Vec<Posting> = Postings::new(&parameters(), 3, month, rows).collect();
            assert_eq!(postings.len() as u64, rows);
            assert_eq!(postings.iter().map(|posting| posting.amount).sum::<i64>(), budget);
            let keys: BTreeSet<(u64, u64)> = postings.iter().map(|posting| (posting.document, posting.line)).collect();
            assert_eq!(keys.len() as u64, rows, "document and line are a key");
            assert!(postings.iter().all(|posting| (1..=31).contains(&posting.day)));
        }
    }

    #[test]
    fn the_rows_look_as_the_systems_write_them() {
        let texts = Texts::new(Layout::OpusFinance, true, 5);
        let ledger = Ledger { municipality: b"0101", year: 2024, month: 5, texts };
        let account = ACCOUNTS.iter().find(|account| account.function == "5.30.26").expect("an account");
        let posting = Posting {
            account,
            document: 1234,
            line: 1,
            day: 17,
            owner: b'1',
            cost_centre: 1000,
            grouping: b"001",
            text: 0,
            amount: -123_456,
        };
        let mut line = Vec::new();
        opus_row(&mut line, &ledger, &posting);
        assert_eq!(line, b"0101;2024;202405;00001234;1;17-05-2024;5302611100000111;L\xF8n maj;1.234,56-");
        line.clear();
        prisme_row(&mut line, &ledger, &posting);
        assert!(line.starts_with(b"1234,56;-;5.30.26;1;1;1000;001;11;00001234;1;2024-05-17;2024-05;"));
        line.clear();
        oes_row(&mut line, &ledger, &posting);
        assert_eq!(line.len(), OES_RECORD);
        assert!(line.starts_with(b"0101202405530261110000011100001234000011705202400000000123456-L\xF8n maj "));
    }
}
