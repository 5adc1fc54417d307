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

/// What stands for a statement that there is nothing.
pub(super) fn receipt() -> Key {
    ("receipt".to_owned(), String::new())
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
    /// Deliveries that may hold beyond the budget.
    pub(super) released: BTreeSet<Key>,
    pub(super) waived: BTreeSet<(Key, u64)>,
    /// Municipalities and months without jobs, as somebody stated.
    pub(super) receipts: BTreeSet<[&'static str; 2]>,
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
    /// It is beyond the budget: more than one row is rejected that nobody has waived, or there are fewer than half as many
    /// as in the month before.
    Withheld,
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
    /// Of accepted and withheld deliveries: read, accepted, rejected, skipped.
    pub(super) books: BTreeMap<Key, [usize; 4]>,
    /// Of the same, with whether they are waived.
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

    fn rejected(&self, key: &Key) -> impl Iterator<Item = u64> {
        (2..).zip(&self.known[key].rows).filter(|(_, row)| !self.is_right(row)).map(|(record, _)| record)
    }

    /// The deliveries of a source that were not taken back, later ones first: a higher version, or a later arrival.
    fn standing(&self, of: &str) -> Vec<&Key> {
        let ours = self.known.keys().filter(|key| scope(&key.0).0 == of && !self.retracted.contains(*key));
        let mut keys: Vec<&Key> = ours.collect();
        keys.sort_by_key(|key| std::cmp::Reverse((scope(&key.0).2, self.known[*key].sequence)));
        keys
    }

    fn states(&self) -> BTreeMap<Key, State> {
        let mut states: BTreeMap<Key, State> = self.known.keys().map(|key| (key.clone(), State::Retracted)).collect();
        states.extend(self.standing("homes").into_iter().map(|key| (key.clone(), State::Accepted)));
        let jobs = self.standing("jobs");
        for (who, _) in MUNICIPALITIES {
            let mut before = 0;
            for month in MONTHS {
                let mut is_held = false;
                for key in jobs.iter().filter(|key| scope(&key.0).1 == Some((who, month))) {
                    let accepted = self.rows_of(key).count();
                    let open = self.rejected(key).filter(|record| !self.waived.contains(&(Key::clone(key), *record)));
                    let is_beyond = open.count() > 1 || accepted * 2 < before;
                    let state = match () {
                        () if is_held => State::Replaced,
                        () if accepted == 0 => State::Refused,
                        () if is_beyond && !self.released.contains(*key) => State::Withheld,
                        () => State::Accepted,
                    };
                    if state == State::Accepted {
                        (is_held, before) = (true, accepted);
                    }
                    states.insert(Key::clone(key), state);
                }
            }
        }
        states
    }

    pub(super) fn tables(&self) -> Tables {
        let mut tables = Tables { states: self.states(), ..Tables::default() };
        for key in ["jobs", "homes"].into_iter().flat_map(|source| self.standing(source)) {
            let state = tables.states[key];
            if !matches!(state, State::Accepted | State::Withheld) {
                continue;
            }
            let (all, accepted) = (self.known[key].rows.len(), self.rows_of(key).count());
            tables.books.insert(key.clone(), [all + 1, accepted, all - accepted, 1]);
            for record in self.rejected(key) {
                let row = (key.clone(), record);
                let waived = self.waived.contains(&row);
                tables.rejected.insert(row, waived);
            }
            if state == State::Withheld {
                continue;
            }
            let mut covered: BTreeMap<(&str, &str), usize> = BTreeMap::new();
            self.rows_of(key).for_each(|row| *covered.entry((row.municipality, row.month)).or_default() += 1);
            for ((who, when), rows) in covered {
                tables.units.entry([scope(&key.0).0, who, when]).or_insert_with(|| (key.clone(), rows));
            }
        }
        for [who, when] in &self.receipts {
            tables.units.entry(["jobs", who, when]).or_insert_with(|| (receipt(), 0));
        }
        self.compute(&mut tables);
        tables
    }

    fn compute(&self, tables: &mut Tables) {
        let sum = |unit: [&'static str; 3]| {
            let (key, _) = tables.units.get(&unit)?;
            if *key == receipt() {
                return Some((0, 0));
            }
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
                        "mean_pay" if many == 0 => String::new(),
                        "mean_pay" => decimal(rounded(factor * amount, many)),
                        _ => (many + homes).to_string(),
                    };
                    let status = if contributing.len() < members.len() && !is_one { "P" } else { "A" };
                    let (value, status) = match contributing.len() {
                        0 => (String::new(), "O"),
                        _ if value.is_empty() => (value, "M"),
                        _ => (value, status),
                    };
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
    let magnitude = (2 * numerator.abs() + denominator) / (2 * denominator);
    if numerator < 0 { -magnitude } else { magnitude }
}
