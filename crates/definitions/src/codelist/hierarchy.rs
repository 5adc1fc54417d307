//! Which codes lie below which, and when: the column `parent`, which holds as long as the row that it stands on.

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, Date, Place, Validity};

use super::table::{PARENT, TableRow};
use crate::yaml::Report;

/// The parents of a list's codes.
pub(super) struct Hierarchy<'t> {
    rows: BTreeMap<&'t str, Vec<&'t TableRow>>,
    /// The days on which anything begins or ends.
    bounds: BTreeSet<Date>,
}

fn parent(row: &TableRow) -> Option<&str> {
    row.attributes.get(PARENT).map(String::as_str)
}

/// A day of a stretch of time within which nothing changes.
fn day_of(stretch: Validity) -> Option<Date> {
    stretch.from.or_else(|| stretch.to.and_then(|to| Date::from_days(to.days() - 1))).or_else(|| Date::new(2000, 1, 1))
}

impl<'t> Hierarchy<'t> {
    pub(super) fn of(rows: &'t [TableRow]) -> Self {
        let mut by_code: BTreeMap<&str, Vec<&TableRow>> = BTreeMap::new();
        for row in rows {
            by_code.entry(&row.code).or_default().push(row);
        }
        for rows in by_code.values_mut() {
            rows.sort_by_key(|row| row.validity.from);
        }
        // Without parents nothing depends on time, and a long list need not be cut.
        let has_parents = rows.iter().any(|row| parent(row).is_some());
        let bounds = rows.iter().filter(|_| has_parents).flat_map(|row| [row.validity.from, row.validity.to]);
        Self { rows: by_code, bounds: bounds.flatten().collect() }
    }

    /// The codes that others lie below.
    pub(super) fn parents(&self) -> BTreeSet<&'t str> {
        self.rows.values().flatten().filter_map(|row| parent(row)).collect()
    }

    pub(super) fn is_parent(&self, code: &str) -> bool {
        self.rows.values().flatten().any(|row| parent(row) == Some(code))
    }

    fn row(&self, code: &str, day: Date) -> Option<&'t TableRow> {
        self.rows.get(code)?.iter().find(|row| row.validity.contains(day)).copied()
    }

    /// A validity, cut wherever anything begins or ends.
    fn stretches(&self, validity: Validity) -> Vec<Validity> {
        let mut stretches = Vec::new();
        let mut rest = validity;
        for bound in self.bounds.iter().copied().filter(|day| validity.contains(*day) && validity.from != Some(*day)) {
            stretches.push(Validity { from: rest.from, to: Some(bound) });
            rest.from = Some(bound);
        }
        stretches.push(rest);
        stretches
    }

    /// What a code lies below on a day, the nearest first. A code that comes back to itself ends the way.
    fn above(&self, code: &'t str, day: Date) -> Vec<&'t str> {
        let mut way = Vec::new();
        let mut next = self.row(code, day).and_then(parent);
        while let Some(step) = next {
            if way.contains(&step) {
                break;
            }
            way.push(step);
            next = self.row(step, day).and_then(parent);
        }
        way
    }

    /// Whether every parent is listed and holds as long as what lies below it, and nothing lies below itself.
    pub(super) fn check(&self, path: &str, id: &str, report: &mut Report<'_>) -> bool {
        let mut sound = true;
        for row in self.rows.values().flatten() {
            let Some(parent) = parent(row) else { continue };
            let place = Place { file: path.to_owned(), line: row.line, column: 0, length: 0 };
            if !self.rows.contains_key(parent) {
                let message = format!("`{}` lies below `{parent}`, which the code list `{id}` lacks", row.code);
                let codes = self.rows.keys().copied();
                report.error_at(Code::CODE_NOT_LISTED, place, message).did_you_mean_one_of(parent, codes);
                sound = false;
                continue;
            }
            let days = self.stretches(row.validity).into_iter().filter_map(day_of);
            let problem = days.into_iter().find_map(|day| {
                if self.row(parent, day).is_none() {
                    return Some(format!("`{}` lies below `{parent}`, which does not hold on {day}", row.code));
                }
                let way = self.above(&row.code, day);
                let comes_back = way.iter().position(|step| *step == row.code)?;
                let way = way[..=comes_back].join("` -> `");
                Some(format!("`{}` lies below itself: `{}` -> `{way}`", row.code, row.code))
            });
            if let Some(message) = problem {
                report.error_at(Code::CODE_HIERARCHY, place, message);
                sound = false;
            }
        }
        sound
    }

    /// The codes that lie below any of these at some time, and when; `None` for when where it is always.
    pub(super) fn below(&self, tops: &BTreeSet<&str>) -> Vec<(&'t str, Option<Vec<Validity>>)> {
        let mut found = Vec::new();
        for (code, rows) in &self.rows {
            let mut times: Vec<Validity> = Vec::new();
            let mut always = true;
            for stretch in rows.iter().flat_map(|row| self.stretches(row.validity)) {
                let is_below =
                    day_of(stretch).is_some_and(|day| self.above(code, day).iter().any(|step| tops.contains(step)));
                always &= is_below;
                match times.last_mut().filter(|last| last.to.is_some() && last.to == stretch.from) {
                    _ if !is_below => {}
                    Some(last) => last.to = stretch.to,
                    None => times.push(stretch),
                }
            }
            if !times.is_empty() {
                found.push((*code, (!always).then_some(times)));
            }
        }
        found
    }
}
