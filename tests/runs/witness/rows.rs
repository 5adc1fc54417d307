//! The rows of the four datasets, read from the vendors' bytes by rules written down by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::text::{cells, decimal, is_day, lines, number, person};
use super::{Month, World, deliveries};

/// A posting: municipality, month, function, dranst, amount in øre.
pub(crate) type Posting = (String, Month, String, char, i64);
/// An absence row: municipality, month, function, FTE in ten-thousandths, possible hours and sick hours in hundredths.
pub(crate) type Absence = (String, Month, String, i64, i64, i64);
/// A pupil.
#[derive(Debug, Clone)]
pub(crate) struct Pupil {
    pub(crate) municipality: String,
    pub(crate) year: i32,
    pub(crate) school: String,
    pub(crate) school_type: String,
    pub(crate) class: String,
    pub(crate) class_type: String,
    pub(crate) grade: i32,
    pub(crate) person: String,
}
/// Inhabitants: municipality, year, age, persons.
pub(crate) type Inhabitants = (String, i32, i32, i64);

/// Everything that was delivered.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) postings: Vec<Posting>,
    pub(crate) absences: Vec<Absence>,
    pub(crate) pupils: Vec<Pupil>,
    pub(crate) inhabitants: Vec<Inhabitants>,
    /// Dataset, municipality and month (or 12 times the year) of everything that was delivered.
    pub(crate) delivered: BTreeSet<(&'static str, String, Month)>,
}

/// Rows with a key: rows with the same key and content count once, rows with the same key and other content not at all.
struct Keyed<T> {
    rows: Vec<(String, String, T)>,
}

impl<T: Clone> Keyed<T> {
    fn new() -> Self {
        Self { rows: Vec::new() }
    }

    fn add(&mut self, key: String, content: String, row: T) {
        self.rows.push((key, content, row));
    }

    fn unique(self) -> Vec<T> {
        let mut contents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (key, content, _) in &self.rows {
            contents.entry(key).or_default().insert(content);
        }
        let mut taken = BTreeSet::new();
        let holds = |(key, _, _): &&(String, String, T)| contents[key.as_str()].len() == 1 && taken.insert(key.clone());
        self.rows.iter().filter(holds).map(|(_, _, row)| row.clone()).collect()
    }
}

/// The records of a file: cells of well-formed records of the right width, quoted line breaks joined.
fn records(bytes: &[u8], separator: char, quoting: bool, width: usize) -> Vec<Vec<String>> {
    let lines = lines(bytes);
    let mut records = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let mut joined = lines[at].1.clone();
        let mut used = 1;
        let mut parsed = cells(&joined, separator, quoting);
        while parsed.is_none() && joined.matches('"').count() % 2 == 1 && used < 100 && at + used < lines.len() {
            joined = format!("{joined}\n{}", lines[at + used].1);
            used += 1;
            parsed = cells(&joined, separator, quoting).filter(|cells| cells.len() == width);
        }
        match parsed {
            Some(cells) => {
                if cells.len() == width && !joined.contains('\0') {
                    records.push(cells);
                }
                at += used;
            }
            None => at += 1,
        }
    }
    records
}

fn month(year: Option<i32>, month: Option<i32>) -> Option<Month> {
    let (year, month) = (year?, month?);
    (1..=12).contains(&month).then_some(year * 12 + month - 1)
}

fn utf8(cell: &str) -> bool {
    let bytes: Option<Vec<u8>> = cell.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.is_some_and(|bytes| std::str::from_utf8(&bytes).is_ok())
}

fn is_windows_1252(cell: &str) -> bool {
    !cell.chars().any(|c| matches!(u32::from(c), 0x81 | 0x8D | 0x8F | 0x90 | 0x9D))
}

fn digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn optional_digits(text: &str, length: usize) -> bool {
    text.is_empty() || digits(text, length)
}

impl Rows {
    /// Reads a drop folder. `used` are the first and the last month of the pipeline.
    pub(crate) fn read(world: &World, drop: &Path) -> Self {
        let mut rows = Self::default();
        rows.opus_finance(world, drop);
        rows.prisme_finance(world, drop);
        rows.oes_finance(world, drop);
        rows.population(world, drop);
        rows.opus_absence(world, drop);
        rows.sd_absence(world, drop);
        rows.pupils(world, drop);
        rows
    }

    fn opus_finance(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "opus_finance") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let mut parts = name.split('_');
            let code = parts.next().expect("a municipality").to_owned();
            let period = parts.next().expect("a month").to_owned();
            let this = month(number(&period[..4]), number(&period[4..])).expect("a month");
            let mut keyed = Keyed::new();
            for cells in records(&fs::read(&path).expect("a file"), ';', true, 9) {
                let [municipality, _, period, document, line, posted, account, text, amount] = &cells[..] else {
                    continue;
                };
                let day = |from: usize, to: usize| posted.get(from..to).and_then(number);
                let document = format!("{:0>8}", document.trim());
                let row = || -> Option<Posting> {
                    let when =
                        month(number(period.get(..4)?), number(period.get(4..)?)).filter(|_| period.len() == 6)?;
                    let good_day = posted.len() == 10 && &posted[2..3] == "-" && &posted[5..6] == "-";
                    let holds = world.municipalities.get(municipality.trim()) == Some(&code)
                        && when == this
                        && digits(&document, 8)
                        && number(line).is_some_and(|line| line >= 1)
                        && good_day
                        && is_day(day(6, 10)?, day(3, 5)?, day(0, 2)?)
                        && day(6, 10)? >= 2007
                        && digits(account, 16)
                        && account[6..7].parse::<u8>().is_ok_and(|owner| owner <= 4)
                        && is_windows_1252(text);
                    let function = world.functions.get(account.get(..5)?)?.clone();
                    let amount = decimal(amount, ',', Some('.'), 2).filter(|amount| amount.abs() <= 500_000_000_000)?;
                    holds.then(|| (code.clone(), this, function, char::from(account.as_bytes()[5]), amount))
                };
                if let Some(row) = row() {
                    keyed.add(format!("{document} {}", line.trim()), cells.join("\u{1}"), row);
                }
            }
            self.postings.extend(keyed.unique());
            self.delivered.insert(("finance", code, this));
        }
    }

    fn prisme_finance(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "prisme_finance") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let parts: Vec<&str> = name.split('_').collect();
            let (code, year) = (parts[1].to_owned(), number(parts[2]).expect("a year"));
            let mut keyed = Keyed::new();
            for cells in records(&fs::read(&path).expect("a file"), ';', true, 13) {
                let row = || -> Option<Posting> {
                    let unsigned = decimal(&cells[0], ',', None, 2).filter(|_| !cells[0].contains('-'))?;
                    let amount = match cells[1].trim() {
                        "+" => unsigned,
                        "-" => -unsigned,
                        _ => return None,
                    };
                    let (date, in_month) = (&cells[10], &cells[11]);
                    let day = |from: usize, to: usize| date.get(from..to).and_then(number);
                    let when = month(number(in_month.get(..4)?), number(in_month.get(5..)?))?;
                    let holds = is_day(day(0, 4)?, day(5, 7)?, day(8, 10)?)
                        && date.len() == 10
                        && in_month.len() == 7
                        && when.div_euclid(12) == year
                        && cells[3].len() == 1
                        && cells[3].bytes().all(|byte| byte.is_ascii_digit())
                        && matches!(cells[4].as_str(), "" | "0" | "1" | "2" | "3" | "4")
                        && optional_digits(&cells[5], 4)
                        && optional_digits(&cells[6], 3)
                        && optional_digits(&cells[7], 2)
                        && digits(&cells[8], 8)
                        && number(&cells[9]).is_some_and(|line| line >= 1)
                        && utf8(&cells[12])
                        && amount.abs() <= 500_000_000_000;
                    let function = world.functions.get(cells[2].trim())?.clone();
                    holds.then(|| (code.clone(), when, function, char::from(cells[3].as_bytes()[0]), amount))
                };
                if let Some(row) = row() {
                    keyed.add(format!("{} {} {}", row.1, cells[8], cells[9]), cells.join("\u{1}"), row);
                }
            }
            let rows = keyed.unique();
            let last = rows.iter().map(|row| row.1).max().unwrap_or(year * 12);
            for month in year * 12..=last {
                self.delivered.insert(("finance", code.clone(), month));
            }
            self.postings.extend(rows);
        }
    }

    fn oes_finance(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "oes_finance") {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let code = name[8..12].to_owned();
            let this = month(number(&name[1..5]), number(&name[5..7])).expect("a month");
            let mut keyed = Keyed::new();
            for (_, line) in lines(&fs::read(&path).expect("a file")) {
                let is_record = line.chars().count() == 92 && !line.starts_with("Z300") && !line.starts_with("SLUTD");
                if !is_record {
                    continue;
                }
                let cell = |start: usize, length: usize| -> String {
                    line.chars().skip(start - 1).take(length).collect::<String>().trim().to_owned()
                };
                let row = || -> Option<Posting> {
                    let when = month(number(&cell(5, 4)), number(&cell(9, 2)))?;
                    let date = cell(40, 8);
                    let account = cell(11, 16);
                    let raw: String = line.chars().skip(47).take(15).collect();
                    let amount = number_with_sign(raw.trim())?;
                    let holds = cell(1, 4) == code
                        && when == this
                        && digits(&account, 16)
                        && digits(&cell(27, 8), 8)
                        && number(&cell(35, 5)).is_some_and(|line| line >= 1)
                        && digits(&date, 8)
                        && is_day(number(&date[4..])?, number(&date[2..4])?, number(&date[..2])?)
                        && account[6..7].parse::<u8>().is_ok_and(|owner| owner <= 4);
                    let function = world.functions.get(account.get(..5)?)?.clone();
                    holds.then(|| (code.clone(), this, function, char::from(account.as_bytes()[5]), amount))
                };
                if let Some(row) = row() {
                    keyed.add(format!("{} {}", cell(27, 8), cell(35, 5)), line.clone(), row);
                }
            }
            self.postings.extend(keyed.unique());
            self.delivered.insert(("finance", code, this));
        }
    }

    fn population(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "statbank") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let year = number(&name[7..11]).expect("a year");
            let mut keyed = Keyed::new();
            for cells in records(&fs::read(&path).expect("a file"), ';', true, 5) {
                if cells[0] == "000" || cells[0].starts_with("08") || cells[2] == "IALT" {
                    continue;
                }
                let row = || -> Option<Inhabitants> {
                    let code = world.municipalities.get(cells[0].trim())?.clone();
                    let age = number(&cells[2]).filter(|age| *age <= 125)?;
                    let persons = i64::from(number(&cells[4])?);
                    let quarter = cells[3].get(5..).and_then(number)?;
                    let holds = cells[1] == "TOT"
                        && cells[3].get(..5) == Some(format!("{year}K").as_str())
                        && (1..=4).contains(&quarter);
                    (holds && quarter == 1).then_some((code, year, age, persons))
                };
                if let Some(row) = row() {
                    self.delivered.insert(("population", row.0.clone(), year * 12));
                    keyed.add(format!("{} {} {} {}", row.0, cells[1], cells[2], cells[3]), cells.join("\u{1}"), row);
                }
            }
            self.inhabitants.extend(keyed.unique());
        }
    }

    fn opus_absence(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "opus_absence") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let parts: Vec<&str> = name.split('_').collect();
            let code = parts[1].to_owned();
            let first =
                (number(&parts[2][..4]).expect("a year")) * 12 + (number(&parts[2][5..6]).expect("a quarter") - 1) * 3;
            let cell = |cells: &[String], at: usize| cells[at].clone();
            let rows = records(&fs::read(&path).expect("a file"), ';', true, 7).into_iter().filter_map(|cells| {
                let when = cells[2].split_once('.').and_then(|(m, y)| month(number(y), number(m)))?;
                let numbers = [3, 4, 5, 6].map(|at| cell(&cells, at));
                absence(world, &code, when, &cells[0], &cells[1], &numbers, ',', first..first + 3)
            });
            self.add_absences(&code, first, rows.collect());
        }
    }

    fn sd_absence(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "sd_absence") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let parts: Vec<&str> = name.split('_').collect();
            let (code, first) = (parts[0].to_owned(), number(parts[2]).expect("a year") * 12);
            let rows = records(&fs::read(&path).expect("a file"), '\t', false, 8).into_iter().filter_map(|cells| {
                let when = cells[2].split_once('-').and_then(|(y, m)| month(number(y), number(m)))?;
                let numbers = [4, 5, 6, 7].map(|at| cells[at].clone());
                absence(world, &code, when, &cells[1], &cells[3], &numbers, '.', first..first + 12)
            });
            self.add_absences(&code, first, rows.collect());
        }
    }

    fn add_absences(&mut self, code: &str, first: Month, rows: Vec<(String, String, Absence)>) {
        let mut keyed = Keyed::new();
        for (key, content, row) in rows {
            keyed.add(key, content, row);
        }
        let rows = keyed.unique();
        let last = rows.iter().map(|row| row.1).max().unwrap_or(first);
        for month in first..=last {
            self.delivered.insert(("absence", code.to_owned(), month));
        }
        self.absences.extend(rows);
    }

    fn pupils(&mut self, world: &World, drop: &Path) {
        for path in deliveries(drop, "tabulex_pupils") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let parts: Vec<&str> = name.split('_').collect();
            let (code, year) = (parts[1].to_owned(), number(parts[2]).expect("a year"));
            let mut keyed = Keyed::new();
            for cells in records(&fs::read(&path).expect("a file"), ';', true, 8) {
                let row = || -> Option<Pupil> {
                    let [school, school_type, class, class_type, grade, cpr, residence, date] = &cells[..] else {
                        return None;
                    };
                    let class_number = class.trim_end_matches(|c: char| c.is_ascii_uppercase());
                    let class_is_well_formed = class.len() == class_number.len() + 1
                        && matches!(class_number.len(), 1 | 2)
                        && number(class_number).is_some();
                    let day = |from: usize, to: usize| date.get(from..to).and_then(number);
                    let well_formed_date = date.len() == 10 && &date[2..3] == "-" && &date[5..6] == "-";
                    let holds = digits(school, 6)
                        && ["1010", "1011", "1012", "1013", "1014", "1015", "1016"].contains(&school_type.as_str())
                        && class_is_well_formed
                        && ["10", "20", "29", "54"].contains(&class_type.as_str())
                        && number(grade).is_some_and(|grade| grade <= 10)
                        && world.municipalities.contains_key(residence.trim())
                        && well_formed_date
                        && is_day(day(6, 10)?, day(3, 5)?, day(0, 2)?)
                        && day(6, 10) == Some(year)
                        && &date[..6] == "05-09-";
                    let pupil = Pupil {
                        municipality: code.clone(),
                        year,
                        school: school.clone(),
                        school_type: school_type.clone(),
                        class: class.clone(),
                        class_type: class_type.clone(),
                        grade: number(grade)?,
                        person: person(cpr)?,
                    };
                    holds.then_some(pupil)
                };
                if let Some(row) = row() {
                    keyed.add(row.person.clone(), cells.join("\u{1}"), row);
                }
            }
            self.pupils.extend(keyed.unique());
            self.delivered.insert(("pupils", code, year * 12));
        }
    }
}

/// Digits with two implied decimals and perhaps a trailing minus.
fn number_with_sign(text: &str) -> Option<i64> {
    let (digits, negative) = text.strip_suffix('-').map_or((text, false), |digits| (digits, true));
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value: i64 = all.then(|| digits.parse().ok()).flatten()?;
    Some(if negative { -value } else { value })
}

#[expect(clippy::too_many_arguments, reason = "one row's cells, from two vendors")]
fn absence(
    world: &World,
    code: &str,
    when: Month,
    cpr: &str,
    function: &str,
    numbers: &[String; 4],
    mark: char,
    within: std::ops::Range<Month>,
) -> Option<(String, String, Absence)> {
    let employee = person(cpr)?;
    let function = world.functions.get(function.trim())?.clone();
    let fte = decimal(&numbers[0], mark, None, 4).filter(|fte| (0..=20_000).contains(fte))?;
    let hours = |at: usize| decimal(&numbers[at], mark, None, 2).filter(|hours| (0..=74_400).contains(hours));
    let (possible, sick) = (hours(1)?, hours(2)?);
    if !numbers[3].trim().is_empty() {
        hours(3)?;
    }
    let key = format!("{when} {employee} {function}");
    let content = format!("{key} {} {:?}", cpr.len(), numbers);
    within.contains(&when).then(|| (key, content, (code.to_owned(), when, function, fte, possible, sick)))
}
