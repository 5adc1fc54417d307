//! The table of changes beside a code list: a row for every edge from a code to what became of it.
//!
//! Edges lead forward in time, from a code that ends on the date to one that holds from it, so there can be no cycle:
//! whatever would close one contradicts a validity and is reported as that.

use std::collections::{BTreeMap, BTreeSet};

use model::{ChangeKind, Code, CodeListBuilder, Date, Place, Ratio};

use crate::canonical::{self, Canonical};
use crate::cases::{Cell, Row, Table};
use crate::decimal::Decimal;
use crate::words::every;
use crate::yaml::{Broken, Maybe, Report, listed, text_of};

/// The largest table, in bytes.
const MOST_BYTES: usize = 16 << 20;
const COLUMNS: [&str; 5] = ["from", "to", "date", "kind", "share"];

/// An edge, with the places of its cells.
pub(super) struct Edge {
    from: Cell,
    to: Cell,
    date: Date,
    kind: ChangeKind,
    /// How much of `from`; `None` if nobody knows.
    share: Option<Ratio>,
    places: [Place; COLUMNS.len()],
}

impl Edge {
    fn at(&self, column: &str) -> Place {
        let at = COLUMNS.iter().position(|name| *name == column).unwrap_or_default();
        self.places[at].clone()
    }
}

/// Reads the table and checks it against the codes. `None` if anything is wrong; then the report names everything.
pub(super) fn read(
    path: &str,
    bytes: &[u8],
    id: &str,
    list: &CodeListBuilder,
    report: &mut Report<'_>,
) -> Option<Vec<Edge>> {
    let text = match text_of(path, bytes) {
        Ok(text) => text,
        Err(found) => {
            let place = found.place.unwrap_or_else(|| Place::file(path));
            report.error_at(Code::UNREADABLE, place, found.message).help("save the table as UTF-8");
            return None;
        }
    };
    if text.len() > MOST_BYTES {
        let message = format!("the table has {} bytes, at most {MOST_BYTES} are read", text.len());
        report.error_at(Code::YAML_LIMIT, Place::file(path), message);
        return None;
    }
    let table = match Table::of_file(path, text) {
        Ok(table) => table,
        Err(findings) => {
            for finding in findings {
                let place = finding.place.unwrap_or_else(|| Place::file(path));
                let help = format!("the columns are {}", listed(&COLUMNS));
                report.error_at(Code::TABLE_SYNTAX, place, finding.message).help(help);
            }
            return None;
        }
    };
    let columns = columns(&table, path, report)?;
    let edges = every(table.rows.iter().map(|row| edge(row, columns, id, list, report)))?;
    check(&edges, list, report).then_some(edges)
}

fn columns(table: &Table, path: &str, report: &mut Report<'_>) -> Option<[usize; COLUMNS.len()]> {
    let mut sound = true;
    for (at, cell) in table.header.iter().enumerate() {
        let problem = if !COLUMNS.contains(&cell.text.as_str()) {
            format!("a table of changes has no column `{}`", cell.text)
        } else if table.column(&cell.text) != Some(at) {
            format!("the table has two columns `{}`", cell.text)
        } else {
            continue;
        };
        report.error_at(Code::TABLE_SYNTAX, cell.place.clone(), problem).did_you_mean_one_of(&cell.text, COLUMNS);
        sound = false;
    }
    let place = || table.header.first().map_or_else(|| Place::file(path), |cell| cell.place.clone());
    let found = COLUMNS.map(|name| {
        let found = table.column(name);
        if found.is_none() {
            report
                .error_at(Code::TABLE_SYNTAX, place(), format!("the table has no column `{name}`"))
                .help(format!("the columns are {}", listed(&COLUMNS)));
        }
        found
    });
    let found = found.into_iter().collect::<Option<Vec<_>>>()?;
    found.try_into().ok().filter(|_| sound)
}

fn edge(
    row: &Row,
    columns: [usize; COLUMNS.len()],
    id: &str,
    list: &CodeListBuilder,
    report: &mut Report<'_>,
) -> Option<Edge> {
    let cells = columns.map(|at| &row.cells[at]);
    let [from, to, date, kind, share] = cells;
    let mut listed = |cell: &Cell| {
        let is_listed = list.contains(&cell.text);
        if !is_listed {
            let message = format!("the code list `{id}` has no code `{}`", cell.text);
            report
                .error_at(Code::CODE_NOT_LISTED, cell.place.clone(), message)
                .did_you_mean_one_of(&cell.text, list.codes());
        }
        is_listed
    };
    let known = [listed(from), listed(to)] == [true, true];
    let day = Date::parse_iso(&date.text);
    if day.is_none() {
        let message = format!("`{}` in `date` is no date such as 2007-01-01", date.text);
        report.error_at(Code::TABLE_SYNTAX, date.place.clone(), message);
    }
    let what = ChangeKind::ALL.into_iter().find(|known| known.as_str() == kind.text);
    if what.is_none() {
        let words = ChangeKind::ALL.map(ChangeKind::as_str);
        let message = format!("`{}` is no kind of change", kind.text);
        report.error_at(Code::TABLE_SYNTAX, kind.place.clone(), message).did_you_mean_one_of(&kind.text, words);
    }
    let part = read_share(share, what, report);
    let places = cells.map(|cell| cell.place.clone());
    let edge = Edge { from: from.clone(), to: to.clone(), date: day?, kind: what?, share: part.ok()?, places };
    known.then_some(edge)
}

/// A decimal or a fraction, more than 0 and at most 1. Empty it is 1 for what moves as a whole, and unknown in a split.
fn read_share(cell: &Cell, kind: Option<ChangeKind>, report: &mut Report<'_>) -> Maybe<Ratio> {
    let one = Ratio::integer(1);
    let is_split = kind == Some(ChangeKind::Split);
    if cell.text.is_empty() {
        return Ok((!is_split).then_some(one));
    }
    let number = |text: &str| Decimal::parse(text).and_then(|it| Ratio::decimal(it.minor, it.scale).ok());
    let share = match cell.text.split_once('/') {
        Some((above, below)) => {
            number(above).zip(number(below)).and_then(|(above, below)| above.divided_by(below).ok())
        }
        None => number(&cell.text),
    };
    let share = share.filter(|share| share.numerator() > 0 && *share <= one);
    let (message, help) = match share {
        Some(share) if kind.is_none() || is_split || share == one => return Ok(Some(share)),
        Some(_) => (
            "what is merged or renamed moves as a whole: its share is 1".to_owned(),
            "write 1, or make it a split with a row for each part",
        ),
        None => (
            format!("`{}` is no share: a decimal or a fraction, more than 0 and at most 1", cell.text),
            "write 1/3 or 0.25; in a split that nobody has measured, leave all its shares empty",
        ),
    };
    report.error_at(Code::CODE_CHANGE, cell.place.clone(), message).help(help);
    Err(Broken)
}

/// Whether the edges agree with the validities of the codes and with each other.
fn check(edges: &[Edge], list: &CodeListBuilder, report: &mut Report<'_>) -> bool {
    let mut sound = true;
    let mut changes: BTreeMap<(&str, Date), Vec<&Edge>> = BTreeMap::new();
    let mut arrivals: BTreeMap<(&str, Date), usize> = BTreeMap::new();
    for edge in edges {
        changes.entry((&edge.from.text, edge.date)).or_default().push(edge);
        *arrivals.entry((&edge.to.text, edge.date)).or_default() += 1;
    }
    let mut refuse = |place: Place, message: String, help: &str| {
        report.error_at(Code::CODE_CHANGE, place, message).help(help);
        sound = false;
    };
    for ((from, date), parts) in &changes {
        let first = parts[0];
        if let Some(other) = parts.iter().find(|edge| edge.kind != first.kind) {
            let (one, two) = (first.kind.as_str(), other.kind.as_str());
            let message = format!("`{from}` has a {one} and a {two} on {date}");
            refuse(other.at("kind"), message, "what becomes several codes is a split, in all its rows");
            continue;
        }
        let goes_on = parts.iter().any(|edge| edge.to.text == *from);
        if goes_on && first.kind != ChangeKind::Split {
            let message = format!("`{from}` would become itself");
            let help = "only a split can leave a part with the code; one that goes on as it was needs no row";
            refuse(first.at("to"), message, help);
            continue;
        }
        departure(from, *date, first, goes_on, &changes, list, &mut refuse);
        let mut targets = BTreeSet::new();
        for edge in parts {
            if !targets.insert(edge.to.text.as_str()) {
                refuse(edge.at("to"), format!("`{from}` becomes `{}` twice on {date}", edge.to.text), "remove one row");
            } else if !list.holds(&edge.to.text, *date) {
                let message = format!("`{}` does not hold on {date}, when `{from}` becomes it", edge.to.text);
                refuse(edge.at("to"), message, "correct the date, or the validity of the code");
            }
        }
        match first.kind {
            ChangeKind::Split => split(from, *date, parts, &mut refuse),
            ChangeKind::Merge | ChangeKind::Rename => {
                if let Some(second) = parts.get(1) {
                    let message = format!("`{from}` becomes several codes on {date}");
                    refuse(second.at("to"), message, "then it is a split, with a share for each");
                }
                let existed = list.holds(&first.to.text, before(*date));
                let alone = arrivals[&(first.to.text.as_str(), *date)] == 1 && !existed;
                if first.kind == ChangeKind::Rename && !alone {
                    let message = format!("`{}` is made of more than `{from}`", first.to.text);
                    let help = "what is joined to another code is a merge";
                    refuse(first.at("kind"), message, help);
                } else if first.kind == ChangeKind::Merge && alone {
                    let message = format!("nothing but `{from}` becomes `{}` on {date}", first.to.text);
                    refuse(first.at("kind"), message, "then it is a rename, or other rows are missing");
                }
            }
        }
    }
    sound
}

/// Whether the code was there until the date, and is gone after it.
fn departure(
    from: &str,
    date: Date,
    edge: &Edge,
    goes_on: bool,
    changes: &BTreeMap<(&str, Date), Vec<&Edge>>,
    list: &CodeListBuilder,
    refuse: &mut impl FnMut(Place, String, &str),
) {
    let earlier = changes.keys().rev().find(|(code, day)| *code == from && *day < date);
    if !list.holds(from, before(date)) {
        let (message, help) = match earlier {
            Some((_, day)) => (
                format!("`{from}` was changed on {day} already and is no more, so it cannot change on {date}"),
                "write what became of it in the rows of the code that it is since",
            ),
            None => (
                format!("`{from}` does not hold on the day before {date}"),
                "correct the date, or the validity of the code",
            ),
        };
        refuse(edge.at("from"), message, help);
    } else if list.holds(from, date) != goes_on {
        let (message, help) = if goes_on {
            (
                format!("a part of `{from}` keeps the code on {date}, but the code ends"),
                "let the code hold from that day on, or take the row out",
            )
        } else {
            (
                format!("`{from}` goes on after {date}, when it is said to become another code"),
                "end its validity on that day, or, if a part keeps the code, split it with a row for that part",
            )
        };
        refuse(edge.at("from"), message, help);
    }
}

fn split(from: &str, date: Date, parts: &[&Edge], refuse: &mut impl FnMut(Place, String, &str)) {
    if let [only] = parts {
        let message = format!("`{from}` is split into one code on {date}");
        refuse(only.at("kind"), message, "a split has a row for each part");
        return;
    }
    let known: Vec<Ratio> = parts.iter().filter_map(|edge| edge.share).collect();
    if known.is_empty() {
        return;
    }
    if let Some(unknown) = parts.iter().find(|edge| edge.share.is_none()) {
        let message = format!("`{from}` is split with some shares and without others on {date}");
        refuse(unknown.at("share"), message, "write all of them, or none if nobody knows them");
        return;
    }
    let sum = known.into_iter().try_fold(Ratio::integer(0), Ratio::plus);
    if sum.ok() != Some(Ratio::integer(1)) {
        let sum = sum.map_or_else(|_| "more than can be added".to_owned(), canonical::ratio);
        let message = format!("the shares of `{from}` on {date} sum to {sum}, not to 1");
        refuse(parts[0].at("share"), message, "a third is 1/3, which no decimal is");
    }
}

fn before(date: Date) -> Date {
    Date::from_days(date.days() - 1).unwrap_or(date)
}

/// Gives the edges to the list.
pub(super) fn add(edges: &[Edge], list: &mut CodeListBuilder) {
    for edge in edges {
        list.change(&edge.from.text, &edge.to.text, edge.date, edge.kind, edge.share);
    }
}

/// The canonical form, whatever the order of the rows; `None` without any.
pub(super) fn form(edges: &[Edge]) -> Option<Canonical> {
    let mut sorted: Vec<&Edge> = edges.iter().collect();
    sorted.sort_by_key(|edge| (edge.date, &edge.from.text, &edge.to.text));
    let item = |edge: &Edge| {
        Canonical::map([
            ("date", Some(Canonical::word(edge.date))),
            ("from", Some(Canonical::text(&edge.from.text))),
            ("to", Some(Canonical::text(&edge.to.text))),
            ("kind", Some(Canonical::word(edge.kind.as_str()))),
            ("share", edge.share.map(|share| Canonical::word(canonical::ratio(share)))),
        ])
    };
    (!sorted.is_empty()).then(|| Canonical::list(sorted.into_iter().map(item)))
}
