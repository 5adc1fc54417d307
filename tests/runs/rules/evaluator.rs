//! The figures of the project, one at a time, by going through all rows. It knows the rules of docs/definitions.md and
//! nothing of the program.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::project::{HOSTS, JOB_GIVERS, Key, Table};
use super::{MONTHS, Month, days_in};

/// Indicator, area, period, value, how many contribute, status.
pub(super) type Figure = (String, String, String, String, usize, String);

/// A dataset, a municipality and a month.
type Place<'a> = (&'a str, &'a str, Month);

/// What was delivered, the highest version of each.
pub(super) struct World<'a> {
    pub(super) rows: BTreeMap<Place<'a>, &'a Table>,
    pub(super) regions: &'a BTreeMap<String, String>,
}

impl<'a> World<'a> {
    pub(super) fn of(lots: &[&'a BTreeMap<Key, Table>], regions: &'a BTreeMap<String, String>) -> Self {
        let mut newest: BTreeMap<Place<'_>, (u32, &Table)> = BTreeMap::new();
        for ((dataset, code, month, version), rows) in lots.iter().flat_map(|lot| lot.iter()) {
            let entry = newest.entry((*dataset, *code, *month)).or_insert((*version, rows));
            if *version > entry.0 {
                *entry = (*version, rows);
            }
        }
        Self { rows: newest.into_iter().map(|(key, (_, rows))| (key, rows)).collect(), regions }
    }

    fn has(&self, dataset: &str, code: &str, month: Month) -> bool {
        self.rows.contains_key(&(dataset, code, month))
    }

    fn uses(dataset: &str, code: &str, month: Month) -> bool {
        let who: &[&str] = if dataset == "jobs" { &JOB_GIVERS } else { &HOSTS };
        who.contains(&code) && MONTHS.contains(&month)
    }

    /// The jobs of a municipality in some months.
    fn jobs(&self, code: &str, months: &[Month]) -> Vec<Job<'_>> {
        let rows = months.iter().filter_map(|month| self.rows.get(&("jobs", code, *month)));
        rows.flat_map(|rows| rows.iter())
            .map(|row| (row[0].as_str(), row[1].as_str(), row[2].replace('.', "").parse().expect("digits")))
            .collect()
    }

    /// Stays of a municipality that began in a month or before: first and last day, as month and day.
    fn stays(&self, code: &str, until: Month) -> Vec<Stay> {
        let rows = self
            .rows
            .iter()
            .filter(|((dataset, whose, month), _)| *dataset == "stays" && *whose == code && *month <= until);
        rows.flat_map(|(_, rows)| rows.iter()).map(|row| (day(&row[0]).expect("a day"), day(&row[1]))).collect()
    }
}

/// A month, and the day in it from 1.
type Day = (Month, i32);
/// The first and the last day of a stay.
type Stay = (Day, Option<Day>);

fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-').map(str::parse::<i32>);
    let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some((year * 12 + month - 1, day))
}

/// An exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    fn over(self, other: Self) -> Option<Self> {
        (other.0 != 0).then(|| Self(self.0 * other.1, self.1 * other.0).positive())
    }

    fn positive(self) -> Self {
        if self.1 < 0 { Self(-self.0, -self.1) } else { self }
    }

    fn plus(self, other: Self) -> Self {
        let (mut a, mut b) = (self.1, other.1);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let factor = other.1 / a;
        Self(self.0 * factor + other.0 * (self.1 / a), self.1 * factor)
    }

    fn times(self, number: i128) -> Self {
        Self(self.0 * number, self.1)
    }

    fn compare(self, other: Self) -> Ordering {
        (self.0 * other.1).cmp(&(other.0 * self.1))
    }

    /// In units of the last decimal, half away from zero.
    fn rounded(self, decimals: u32) -> i128 {
        let n = self.0 * 10i128.pow(decimals);
        let magnitude = (2 * n.abs() + self.1) / (2 * self.1);
        if n < 0 { -magnitude } else { magnitude }
    }
}

fn shown(value: i128, decimals: u32) -> String {
    let (sign, magnitude) = (if value < 0 { "-" } else { "" }, value.abs());
    if decimals == 0 {
        return format!("{sign}{magnitude}");
    }
    let one = 10i128.pow(decimals);
    format!("{sign}{}.{:0width$}", magnitude / one, magnitude % one, width = decimals as usize)
}

/// A measure of a municipality in a month: its value and whether more is to come, or `O` or `L`.
type Known = Result<(Fraction, bool), &'static str>;

/// The value of a measure in a municipality and a month.
type ValueOf<'a> = Box<dyn Fn(&str, Month) -> Fraction + 'a>;
/// The months that a measure reads, seen from that of the figure.
type Needs = fn(Month) -> Vec<Month>;
/// A job: worker, payer, hundredths.
type Job<'a> = (&'a str, &'a str, i128);

struct Measure<'a> {
    dataset: &'static str,
    needs: Needs,
    /// Whether rows of all municipalities count.
    of_all: bool,
    value: ValueOf<'a>,
}

impl Measure<'_> {
    fn known(&self, world: &World<'_>, code: &str, month: Month) -> Known {
        let needs = (self.needs)(month);
        let missing: Vec<Month> =
            needs.iter().copied().filter(|month| !world.has(self.dataset, code, *month)).collect();
        if missing.iter().any(|month| !World::uses(self.dataset, code, *month)) {
            return Err("L");
        }
        if !missing.is_empty() {
            return Err("O");
        }
        let owed = |month: &Month| {
            JOB_GIVERS
                .iter()
                .any(|code| World::uses(self.dataset, code, *month) && !world.has(self.dataset, code, *month))
        };
        Ok(((self.value)(code, month), self.of_all && needs.iter().any(owed)))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Groups {
    Sums,
    Mean,
    Median,
}

struct Rule<'a> {
    id: &'static str,
    decimals: u32,
    measures: Vec<Measure<'a>>,
    formula: Formula,
    groups: Groups,
    exclude: bool,
    /// Least, greatest, change in hundredths, and whether it is taken out.
    plausible: Option<(Option<i128>, Option<i128>, i128, bool)>,
    /// Who is included where, from when to when.
    included: Vec<(&'static str, &'static str, Month, Month)>,
    anew: Option<Month>,
}

const fn at(year: i32, month: i32) -> Month {
    year * 12 + month - 1
}

const THIS: Needs = |month| vec![month];

fn jobs<'a>(world: &'a World<'a>, needs: Needs, of: fn(&[Job<'_>]) -> Fraction) -> Measure<'a> {
    let value = Box::new(move |code: &str, month| of(&world.jobs(code, &needs(month))));
    Measure { dataset: "jobs", needs, of_all: false, value }
}

fn stays<'a>(world: &'a World<'a>, of: fn(&[Stay], Month) -> i128) -> Measure<'a> {
    let value = Box::new(move |code: &str, month| Fraction(of(&world.stays(code, month), month), 1));
    Measure { dataset: "stays", needs: THIS, of_all: false, value }
}

fn total(rows: &[Job<'_>]) -> Fraction {
    Fraction(rows.iter().map(|row| row.2).sum(), 100)
}

fn heads<'a>(world: &'a World<'a>) -> Measure<'a> {
    jobs(world, THIS, |rows| Fraction(distinct(rows.iter().map(|row| row.0)), 1))
}

/// What is paid by a municipality, whoever reports it.
fn paid<'a>(world: &'a World<'a>) -> Measure<'a> {
    let value = Box::new(move |code: &str, month| {
        let all = JOB_GIVERS.iter().flat_map(|giver| world.jobs(giver, &[month]));
        Fraction(all.filter(|row| row.1 == code).map(|row| row.2).sum(), 100)
    });
    Measure { dataset: "jobs", needs: THIS, of_all: true, value }
}

type Formula = fn(&[Fraction]) -> Option<Fraction>;

fn plain<'a>(id: &'static str, decimals: u32, measures: Vec<Measure<'a>>, formula: Formula) -> Rule<'a> {
    let (groups, exclude, plausible, included, anew) = (Groups::Sums, false, None, Vec::new(), None);
    Rule { id, decimals, measures, formula, groups, exclude, plausible, included, anew }
}

const QUOTIENT: Formula = |values| values[0].over(values[1]);
const ITSELF: Formula = |values| Some(values[0]);

fn rules<'a>(world: &'a World<'a>) -> Vec<Rule<'a>> {
    let amount = || jobs(world, THIS, total);
    let per_head = |id, decimals| plain(id, decimals, vec![amount(), heads(world)], QUOTIENT);
    let together = [
        ("0187", "0183", at(2024, 3), at(2024, 11)),
        ("0155", "0185", Month::MIN, Month::MAX),
        ("0147", "0101", at(2025, 2), Month::MAX),
    ];
    let known = vec![jobs(world, THIS, |rows| Fraction(rows.len() as i128, 1)), stays(world, on_the_first)];
    let gap: Formula = |values| Some(values[0].over(values[1])?.plus(values[2].over(values[1])?.times(-1)));
    let mut rules = vec![
        Rule { plausible: Some((Some(-40), Some(300), 60, false)), ..per_head("doubtful", 1) },
        Rule { plausible: Some((None, Some(250), 90, true)), groups: Groups::Median, ..per_head("removed", 2) },
        Rule { groups: Groups::Mean, ..per_head("mean", 3) },
        Rule { included: together.to_vec(), ..per_head("together", 1) },
        Rule { exclude: true, ..plain("known", 0, known, |values| Some(values[0].plus(values[1]))) },
        Rule { anew: Some(at(2024, 6)), ..plain("anew", 2, vec![amount()], ITSELF) },
        plain("paid", 2, vec![paid(world)], ITSELF),
        plain("gap", 1, vec![paid(world), heads(world), amount()], gap),
    ];
    rules.extend(rules_of_time(world));
    rules
}

fn rules_of_time<'a>(world: &'a World<'a>) -> Vec<Rule<'a>> {
    let months = stays(world, |rows, month| lasting(rows, month).iter().sum());
    let many = stays(world, |rows, month| lasting(rows, month).len() as i128);
    let so_far: Needs = |month| (month.div_euclid(12) * 12..=month).collect();
    let change: Formula = |values| Some(values[0].over(values[1])?.plus(Fraction(-1, 1)).times(100));
    let newcomers = Box::new(move |code: &str, month: Month| {
        let workers = |month| -> BTreeSet<&str> { world.jobs(code, &[month]).iter().map(|row| row.0).collect() };
        Fraction(workers(month).difference(&workers(month - 1)).count() as i128, 1)
    });
    let two: Needs = |month| vec![month - 1, month];
    vec![
        plain("nights", 0, vec![stays(world, nights)], ITSELF),
        plain("lasting", 2, vec![months, many], QUOTIENT),
        plain("so_far", 2, vec![jobs(world, so_far, total)], ITSELF),
        plain("quarterly", 2, vec![jobs(world, |month| (month - 2..=month).collect(), total)], ITSELF),
        plain("growth", 1, vec![jobs(world, THIS, total), jobs(world, |month| vec![month - 1], total)], change),
        plain("newcomers", 0, vec![Measure { dataset: "jobs", needs: two, of_all: false, value: newcomers }], ITSELF),
    ]
}

fn on_the_first(rows: &[Stay], month: Month) -> i128 {
    let first = (month, 1);
    rows.iter().filter(|stay| stay.0 <= first && stay.1.is_none_or(|last| last >= first)).count() as i128
}

fn distinct<'r>(values: impl Iterator<Item = &'r str>) -> i128 {
    values.collect::<BTreeSet<_>>().len() as i128
}

fn last_day(month: Month) -> Day {
    (month, i32::try_from(days_in(month)).expect("small"))
}

/// One day after the other.
fn nights(rows: &[Stay], month: Month) -> i128 {
    let days = || (1..=last_day(month).1).map(|day| (month, day));
    let holds = |stay: &Stay, day: Day| stay.0 <= day && stay.1.is_none_or(|last| day <= last);
    rows.iter().map(|stay| days().filter(|day| holds(stay, *day)).count() as i128).sum()
}

/// The whole months of each stay that holds on the month's last day.
fn lasting(rows: &[Stay], month: Month) -> Vec<i128> {
    let seen = last_day(month);
    let holding = rows.iter().filter(|stay| stay.0 <= seen && stay.1.is_none_or(|last| seen <= last));
    holding.map(|(first, _)| i128::from(seen.0 - first.0 - i32::from(seen.1 < first.1))).collect()
}

/// All figures.
pub(super) fn figures(world: &World<'_>) -> BTreeSet<Figure> {
    let mut figures = BTreeSet::new();
    for rule in rules(world) {
        let mut before: Option<(Month, BTreeMap<&str, i128>)> = None;
        for month in MONTHS {
            let anyone = |measure: &Measure<'_>| {
                world
                    .regions
                    .keys()
                    .any(|code| (measure.needs)(month).iter().all(|m| world.has(measure.dataset, code, *m)))
            };
            if rule.measures.iter().all(anyone) {
                let last =
                    before.take().filter(|(of, _)| of + 1 == month).map(|(_, values)| values).unwrap_or_default();
                before = Some((month, one_month(world, &rule, month, &last, &mut figures)));
            }
        }
    }
    figures
}

/// The figures of a month; gives the municipalities' values before any was taken out.
fn one_month<'w>(
    world: &'w World<'_>,
    rule: &Rule<'_>,
    month: Month,
    last: &BTreeMap<&str, i128>,
    figures: &mut BTreeSet<Figure>,
) -> BTreeMap<&'w str, i128> {
    let row =
        |code: &str| -> Vec<Known> { rule.measures.iter().map(|measure| measure.known(world, code, month)).collect() };
    let mut rows: BTreeMap<&str, Vec<Known>> = world.regions.keys().map(|code| (code.as_str(), row(code))).collect();
    if rule.exclude {
        for row in rows.values_mut().filter(|row| row.iter().any(Result::is_ok)) {
            row.iter_mut().filter(|known| known.is_err()).for_each(|known| *known = Ok((Fraction(0, 1), false)));
        }
    }
    let included: Vec<(&str, &str)> = rule
        .included
        .iter()
        .filter(|(_, _, from, to)| (*from..=*to).contains(&month))
        .map(|(one, within, ..)| (*one, *within))
        .collect();
    for (one, within) in &included {
        let own = rows[one].clone();
        for (known, own) in rows.get_mut(within).expect("a municipality").iter_mut().zip(own) {
            if let (Ok((value, more)), Ok((own, own_more))) = (known.as_mut(), own) {
                (*value, *more) = (value.plus(own), *more || own_more);
            }
        }
    }
    let is_included = |code: &str| included.iter().any(|(one, _)| *one == code);
    let period = format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1);
    let mut put = |area: &str, value: Option<i128>, many: usize, status: &str| {
        let status = if status == "A" && rule.anew == Some(month) { "B" } else { status };
        let value = value.map_or_else(String::new, |value| shown(value, rule.decimals));
        figures.insert((rule.id.into(), area.into(), period.clone(), value, many, status.into()));
    };
    let (mut values, mut kept) = (BTreeMap::new(), BTreeMap::new());
    for (code, row) in &rows {
        if is_included(code) {
            put(code, None, 0, "K");
            continue;
        }
        let known: Option<Vec<(Fraction, bool)>> = row.iter().map(|known| known.ok()).collect();
        let Some(known) = known else {
            put(code, None, 0, if row.contains(&Err("L")) { "L" } else { "O" });
            kept.insert(*code, None);
            continue;
        };
        let fractions: Vec<Fraction> = known.iter().map(|(value, _)| *value).collect();
        let more = known.iter().any(|(_, more)| *more);
        let Some(value) = (rule.formula)(&fractions).map(|value| value.rounded(rule.decimals)) else {
            put(code, None, 1, "M");
            kept.insert(*code, Some((fractions, more)));
            continue;
        };
        let (code_key, _) = world.regions.get_key_value(*code).expect("known");
        values.insert(code_key.as_str(), value);
        if is_doubtful(rule, value, last.get(code).copied()) {
            if rule.plausible.is_some_and(|(.., remove)| remove) {
                put(code, None, 0, "U");
                kept.insert(*code, None);
            } else {
                put(code, Some(value), 1, "U");
                kept.insert(*code, Some((fractions, more)));
            }
        } else {
            put(code, Some(value), 1, if more { "P" } else { "A" });
            kept.insert(*code, Some((fractions, more)));
        }
    }
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for code in kept.keys() {
        groups.entry(&world.regions[*code]).or_default().push(code);
        groups.entry("DK").or_default().push(code);
    }
    for (area, members) in groups {
        let known: Vec<&(Vec<Fraction>, bool)> = members.iter().filter_map(|code| kept[code].as_ref()).collect();
        let (value, many) = of_group(rule, &known.iter().map(|(values, _)| values).collect::<Vec<_>>());
        let status = match value {
            None if known.is_empty() => "O",
            None => "M",
            Some(_) if known.len() < members.len() || known.iter().any(|(_, more)| *more) => "P",
            Some(_) => "A",
        };
        put(area, value.map(|value| value.rounded(rule.decimals)), many, status);
    }
    values
}

fn is_doubtful(rule: &Rule<'_>, value: i128, last: Option<i128>) -> bool {
    let Some((least, greatest, change, _)) = rule.plausible else { return false };
    let one = 10i128.pow(rule.decimals);
    least.is_some_and(|least| value < least * one)
        || greatest.is_some_and(|greatest| value > greatest * one)
        || last.is_some_and(|last| last != 0 && (value - last).abs() * 100 > change * last.abs())
}

/// The figure of several municipalities, and how many contribute.
fn of_group(rule: &Rule<'_>, rows: &[&Vec<Fraction>]) -> (Option<Fraction>, usize) {
    if rows.is_empty() {
        return (None, 0);
    }
    if rule.groups == Groups::Sums {
        let sum = |at: usize| rows.iter().map(|row| row[at]).reduce(Fraction::plus).expect("some");
        let sums: Vec<Fraction> = (0..rule.measures.len()).map(sum).collect();
        return ((rule.formula)(&sums), rows.len());
    }
    let mut values: Vec<Fraction> = rows.iter().filter_map(|row| (rule.formula)(row)).collect();
    values.sort_by(|one, other| one.compare(*other));
    let many = values.len();
    let taken =
        if rule.groups == Groups::Median && many > 0 { &values[(many - 1) / 2..=many / 2] } else { &values[..] };
    let sum = taken.iter().copied().reduce(Fraction::plus);
    (sum.map(|sum| Fraction(sum.0, sum.1 * taken.len() as i128)), many)
}
