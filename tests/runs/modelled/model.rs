//! What the store should say, in memory: plain loops over the rows of the files that came. Nothing of the program is used
//! here but the hash that names a content, so that the two can only agree by being right.

use std::collections::{BTreeMap, BTreeSet};

/// The municipalities, and the regions that they lie in.
pub(super) const MUNICIPALITIES: [(&str, &str); 4] =
    [("0101", "1084"), ("0147", "1084"), ("0751", "1082"), ("0851", "1081")];
pub(super) const MONTHS: [&str; 3] = ["2024-01", "2024-02", "2024-03"];
/// The name of the file of the source `homes`, without its version.
pub(super) const HOMES: &str = "homes/h";

/// A row of a file. In a file of `jobs` the name says whom and when it is about, and all rows agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) municipality: &'static str,
    pub(super) month: &'static str,
    pub(super) kind: char,
    /// In hundredths; a cell that is no number if there is none.
    pub(super) amount: Option<i64>,
}

/// A file as it lies in the drop folder: its name, and its rows.
pub(super) type File = (String, Vec<Row>);

/// A delivery: name and bytes.
pub(super) type Key = (String, String);

/// The bytes of a file.
pub(super) fn bytes((name, rows): &File) -> String {
    let is_homes = name.starts_with(HOMES);
    let mut text = if is_homes { "who;when;kind;amount\n" } else { "kind;amount\n" }.to_owned();
    for row in rows {
        let amount = row.amount.map_or("much".to_owned(), |amount| decimal(amount.into()));
        if is_homes {
            text += &format!("{};{};", row.municipality, row.month);
        }
        text += &format!("{};{amount}\n", row.kind);
    }
    text
}

/// Hundredths as a decimal.
fn decimal(minor: i128) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}

/// What is known of a delivery.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) rows: Vec<Row>,
    sequence: u64,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    /// What lies in the drop folder.
    pub(super) drop: BTreeMap<String, Vec<Row>>,
    /// The bytes of each file when it was looked at last.
    seen: BTreeMap<String, String>,
    pub(super) known: BTreeMap<Key, Known>,
    pub(super) retracted: BTreeSet<Key>,
    pub(super) waived: BTreeSet<(Key, u64)>,
    /// Kinds that are codes, besides `a` and `b`.
    pub(super) kinds: BTreeSet<char>,
    /// Whether the formula of `mean_pay` is the other one.
    pub(super) doubled: bool,
    sequence: u64,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Accepted,
    Refused,
    Retracted,
    /// Another one holds in its place, and whether it would be refused nobody has asked.
    Replaced,
}

/// What the store should say.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) states: BTreeMap<Key, State>,
    /// Source, municipality and month: the delivery, and its rows.
    pub(super) units: BTreeMap<[&'static str; 3], (Key, usize)>,
    /// Of accepted deliveries: read, accepted, rejected, skipped.
    pub(super) books: BTreeMap<Key, [usize; 4]>,
    /// Of accepted deliveries, with whether they are waived.
    pub(super) rejected: BTreeMap<(Key, u64), bool>,
    /// Indicator, area, month, value, status, contributing, members.
    pub(super) figures: BTreeSet<[String; 7]>,
}

/// The source of a delivery, and for `jobs` municipality and month, by its name; and its version.
fn scope(name: &str) -> (&'static str, Option<(&'static str, &'static str)>, u32) {
    let stem = name.strip_suffix(".csv").expect("a name");
    let (stem, version) = stem.split_once("_v").unwrap_or((stem, "1"));
    let version = version.parse().expect("a number");
    let Some(about) = stem.strip_prefix("jobs/") else { return ("homes", None, version) };
    let (who, when) = about.split_once('_').expect("a name");
    let who = MUNICIPALITIES.iter().map(|(code, _)| *code).find(|code| *code == who).expect("a municipality");
    let when = MONTHS.into_iter().find(|month| month.replace('-', "") == when).expect("a month");
    ("jobs", Some((who, when)), version)
}

impl Model {
    /// What a full run takes in.
    pub(super) fn run(&mut self) {
        for (name, rows) in &self.drop {
            let bytes = bytes(&(name.clone(), rows.clone()));
            let key = (name.clone(), bytes.clone());
            let is_another = self.seen.insert(name.clone(), bytes).is_some_and(|before| before != key.1);
            let latest = self.known.iter().filter(|((of, _), _)| of == name).map(|(_, known)| known.sequence).max();
            match self.known.get_mut(&key) {
                None => {
                    self.sequence += 1;
                    self.known.insert(key, Known { rows: rows.clone(), sequence: self.sequence });
                }
                // What had been replaced has been put back.
                Some(known) if is_another && Some(known.sequence) < latest => {
                    self.sequence += 1;
                    known.sequence = self.sequence;
                }
                Some(_) => {}
            }
        }
    }

    fn is_right(&self, row: &Row) -> bool {
        row.amount.is_some() && (matches!(row.kind, 'a' | 'b') || self.kinds.contains(&row.kind))
    }

    fn rows_of(&self, key: &Key) -> impl Iterator<Item = &Row> {
        self.known[key].rows.iter().filter(|row| self.is_right(row))
    }

    pub(super) fn tables(&self) -> Tables {
        let mut tables = Tables::default();
        // Later ones first: a higher version, or a later arrival.
        let mut keys: Vec<&Key> = self.known.keys().collect();
        keys.sort_by_key(|key| std::cmp::Reverse((scope(&key.0).2, self.known[*key].sequence)));
        let mut held: BTreeSet<(&str, &str)> = BTreeSet::new();
        for key in keys {
            let (source, about, _) = scope(&key.0);
            let accepted = self.rows_of(key).count();
            let state = if self.retracted.contains(key) {
                State::Retracted
            } else if about.is_some_and(|about| held.contains(&about)) {
                State::Replaced
            } else if about.is_some() && accepted == 0 {
                State::Refused
            } else {
                State::Accepted
            };
            tables.states.insert(key.clone(), state);
            if state != State::Accepted {
                continue;
            }
            held.extend(about);
            let all = self.known[key].rows.len();
            tables.books.insert(key.clone(), [all + 1, accepted, all - accepted, 1]);
            for (record, row) in (2..).zip(&self.known[key].rows) {
                if !self.is_right(row) {
                    let waived = self.waived.contains(&(key.clone(), record));
                    tables.rejected.insert((key.clone(), record), waived);
                }
            }
            let mut covered: BTreeMap<(&str, &str), usize> = BTreeMap::new();
            self.rows_of(key).for_each(|row| *covered.entry((row.municipality, row.month)).or_default() += 1);
            for ((who, when), rows) in covered {
                tables.units.entry([source, who, when]).or_insert_with(|| (key.clone(), rows));
            }
        }
        self.compute(&mut tables);
        tables
    }

    fn compute(&self, tables: &mut Tables) {
        let sum = |unit: [&'static str; 3]| {
            let (key, _) = tables.units.get(&unit)?;
            let of_unit = self.rows_of(key).filter(|row| [row.municipality, row.month] == unit[1..]);
            let amounts: Vec<i128> = of_unit.map(|row| i128::from(row.amount.unwrap_or_default())).collect();
            Some((amounts.iter().sum::<i128>(), amounts.len() as i128))
        };
        let factor = if self.doubled { 2 } else { 1 };
        let mut figures = BTreeSet::new();
        for month in MONTHS {
            // Amount and number of jobs, number of homes.
            let known: BTreeMap<&str, _> = MUNICIPALITIES
                .iter()
                .map(|(who, _)| (*who, (sum(["jobs", who, month]), sum(["homes", who, month]))))
                .collect();
            let jobs_known = known.values().any(|(jobs, _)| jobs.is_some());
            let homes_known = known.values().any(|(_, homes)| homes.is_some());
            for indicator in ["pay", "mean_pay", "together"] {
                if !jobs_known || (indicator == "together" && !homes_known) {
                    continue;
                }
                let complete = |who: &&str| {
                    let (jobs, homes) = known[*who];
                    jobs.is_some() && (indicator != "together" || homes.is_some())
                };
                let mut put = |area: &'static str, members: &[&'static str], is_one: bool| {
                    let contributing: Vec<&&str> = members.iter().filter(|who| complete(who)).collect();
                    let jobs = || contributing.iter().filter_map(|who| known[**who].0);
                    let (amount, many) = (jobs().map(|(amount, _)| amount).sum(), jobs().map(|(_, many)| many).sum());
                    let homes: i128 = contributing.iter().filter_map(|who| known[**who].1).map(|(_, many)| many).sum();
                    let value = match indicator {
                        "pay" => decimal(amount),
                        "mean_pay" => decimal(rounded(factor * amount, many)),
                        _ => (many + homes).to_string(),
                    };
                    let status = if contributing.len() < members.len() && !is_one { "P" } else { "A" };
                    let (value, status) = if contributing.is_empty() { (String::new(), "O") } else { (value, status) };
                    let numbers = [contributing.len(), members.len()].map(|number| number.to_string());
                    let [contributing, members] = numbers;
                    let texts = [indicator, area, month, value.as_str(), status].map(str::to_owned);
                    let [indicator, area, month, value, status] = texts;
                    figures.insert([indicator, area, month, value, status, contributing, members]);
                };
                let all: Vec<&'static str> = MUNICIPALITIES.iter().map(|(who, _)| *who).collect();
                put("DK", &all, false);
                for (who, region) in MUNICIPALITIES {
                    put(who, &[who], true);
                    let members: Vec<_> =
                        MUNICIPALITIES.iter().filter(|(_, of)| *of == region).map(|(who, _)| *who).collect();
                    put(region, &members, false);
                }
            }
        }
        tables.figures = figures;
    }
}

/// The quotient in whole numbers, half away from zero.
fn rounded(numerator: i128, denominator: i128) -> i128 {
    if denominator == 0 {
        return 0;
    }
    let magnitude = (2 * numerator.abs() + denominator) / (2 * denominator);
    if numerator < 0 { -magnitude } else { magnitude }
}
