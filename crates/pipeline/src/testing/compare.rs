//! Expected and found tables side by side: rows by their keys, cells as exact numbers where they are numbers.

use std::collections::BTreeMap;

use definitions::cases::{ExpectedReject, ExpectedTally, Row, Table};
use model::{Ratio, RowTally};

use super::report::{CellDifference, Difference, DifferenceKind};

/// A table that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == name)
    }

    /// The table as text, with the columns in this order.
    pub(super) fn text(&self, columns: &[String]) -> String {
        let at: Vec<Option<usize>> = columns.iter().map(|name| self.column(name)).collect();
        let mut text = columns.join(";") + "\n";
        for row in &self.rows {
            let cells = at.iter().map(|at| at.map_or(String::new(), |at| quoted(&row[at])));
            text += &cells.collect::<Vec<_>>().join(";");
            text.push('\n');
        }
        text
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([';', '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// How rows are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The columns that say which row a row is, as far as the expectation has them.
    pub(super) keys: &'a [String],
    /// Whether rows that are not expected are no difference.
    pub(super) subset: bool,
    pub(super) tolerance: Option<Ratio>,
}

/// Where the found rows differ from the expected ones. Only the columns that are expected are looked at.
pub(super) fn rows(expected: &Table, found: &Grid, rules: Rules<'_>) -> Vec<Difference> {
    let columns: Vec<(String, Option<usize>)> =
        expected.header.iter().map(|cell| (cell.text.clone(), found.column(&cell.text))).collect();
    let cells_of = |row: &[String]| -> Vec<String> {
        columns.iter().map(|(_, at)| at.map_or(String::new(), |at| row[at].clone())).collect()
    };
    let mut open: Vec<Option<Vec<String>>> = found.rows.iter().map(|row| Some(cells_of(row))).collect();
    let keys: Vec<usize> = (0..columns.len()).filter(|at| rules.keys.contains(&columns[*at].0)).collect();
    let same = |expected: &Row, found: &[String]| {
        expected.cells.iter().zip(found).all(|(cell, found)| equal(&cell.text, found, rules.tolerance))
    };
    // Equal rows first: where keys are not unique, a row must not be held against another one's cells.
    let mut left = Vec::new();
    for row in &expected.rows {
        match open.iter_mut().find(|found| found.as_ref().is_some_and(|found| same(row, found))) {
            Some(found) => *found = None,
            None => left.push(row),
        }
    }
    let mut differences = Vec::new();
    for row in left {
        let key_is = |found: &[String]| keys.iter().all(|at| equal(&row.cells[*at].text, &found[*at], None));
        let near = open.iter_mut().find(|found| !keys.is_empty() && found.as_ref().is_some_and(|found| key_is(found)));
        let texts: Vec<&str> = row.cells.iter().map(|cell| cell.text.as_str()).collect();
        let named = |texts: &[&str], at: &[usize]| -> Vec<(String, String)> {
            at.iter().map(|at| (columns[*at].0.clone(), texts[*at].to_owned())).collect()
        };
        let all: Vec<usize> = (0..columns.len()).filter(|at| !keys.contains(at)).collect();
        let (kind, found) = match near.and_then(Option::take) {
            Some(found) => (DifferenceKind::Different, Some(found)),
            None => (DifferenceKind::Missing, None),
        };
        let cells = all.iter().filter_map(|at| {
            let found = found.as_ref().map_or("", |found| found[*at].as_str());
            let differs = kind == DifferenceKind::Missing || !equal(texts[*at], found, rules.tolerance);
            differs.then(|| difference(&columns[*at].0, texts[*at], found))
        });
        let key = named(&texts, &keys);
        differences.push(Difference {
            of: "rows",
            kind,
            line: Some(row.line),
            key,
            cells: cells.collect(),
            note: None,
        });
    }
    if !rules.subset {
        for row in open.into_iter().flatten() {
            let key = keys.iter().map(|at| (columns[*at].0.clone(), row[*at].clone())).collect();
            let others = (0..columns.len()).filter(|at| !keys.contains(at));
            let cells = others.map(|at| difference(&columns[at].0, "", &row[at])).collect();
            let kind = DifferenceKind::Unexpected;
            differences.push(Difference { of: "rows", kind, line: None, key, cells, note: None });
        }
    }
    differences
}

/// The found rows that have the key of an expected one: those that a partial expectation is about.
pub(super) fn near(expected: &Table, found: &Grid, keys: &[String]) -> Grid {
    let keys: Vec<(usize, usize)> =
        keys.iter().filter_map(|name| Some((expected.column(name)?, found.column(name)?))).collect();
    let is_near = |row: &&Vec<String>| {
        let same = |wanted: &Row| keys.iter().all(|(left, right)| equal(&wanted.cells[*left].text, &row[*right], None));
        expected.rows.iter().any(same)
    };
    Grid { columns: found.columns.clone(), rows: found.rows.iter().filter(is_near).cloned().collect() }
}

fn difference(column: &str, expected: &str, found: &str) -> CellDifference {
    CellDifference { column: column.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

/// Whether two cells say the same. `2` and `2.0` do; `1/3` is compared as it stands.
fn equal(expected: &str, found: &str, tolerance: Option<Ratio>) -> bool {
    if expected == found {
        return true;
    }
    // A code such as 0751 is no number, and must not be equal to 751.
    let (Some(left), Some(right)) = (decimal(expected), decimal(found)) else { return false };
    let Ok(distance) = left.minus(right) else { return false };
    let distance = if distance.numerator() < 0 { distance.negated() } else { Ok(distance) };
    let (Ok(distance), tolerance) = (distance, tolerance.unwrap_or(Ratio::ZERO)) else { return false };
    tolerance.minus(distance).is_ok_and(|rest| rest.numerator() >= 0)
}

fn decimal(text: &str) -> Option<Ratio> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    let minor: i128 = format!("{whole}{decimals}").parse().ok()?;
    let minor = if text.starts_with('-') { -minor } else { minor };
    Ratio::decimal(minor, u8::try_from(decimals.len()).ok()?).ok()
}

/// A rejected row that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FoundReject {
    pub(super) dataset: Option<String>,
    pub(super) line: u64,
    pub(super) record: u64,
    pub(super) column: Option<String>,
    pub(super) code: Option<model::Code>,
    pub(super) reason: String,
}

impl FoundReject {
    fn fits(&self, expected: &ExpectedReject) -> bool {
        expected.dataset.as_ref().is_none_or(|dataset| self.dataset.as_ref() == Some(dataset))
            && expected.line.is_none_or(|line| line == self.line)
            && expected.record.is_none_or(|record| record == self.record)
            // An empty column says that no single cell is to blame.
            && expected.column.as_deref().is_none_or(|column| self.column.as_deref().unwrap_or_default() == column)
            && expected.code.is_none_or(|code| Some(code) == self.code)
    }
}

/// Where the rejected rows differ from the expected ones.
pub(super) fn rejects(expected: &[ExpectedReject], found: &[FoundReject], subset: bool) -> Vec<Difference> {
    let mut open: Vec<Option<&FoundReject>> = found.iter().map(Some).collect();
    let mut differences = Vec::new();
    for wanted in expected {
        if let Some(found) = open.iter_mut().find(|found| found.is_some_and(|found| found.fits(wanted))) {
            *found = None;
            continue;
        }
        let texts = [
            ("dataset", wanted.dataset.clone()),
            ("line", wanted.line.map(|line| line.to_string())),
            ("record", wanted.record.map(|record| record.to_string())),
            ("column", wanted.column.clone()),
            ("code", wanted.code.map(|code| code.to_string())),
        ];
        let cells = texts.iter().filter_map(|(name, text)| Some(difference(name, text.as_deref()?, ""))).collect();
        let kind = DifferenceKind::Missing;
        differences.push(Difference { of: "rejects", kind, line: None, key: Vec::new(), cells, note: None });
    }
    for found in open.into_iter().flatten().filter(|_| !subset) {
        let texts = [
            ("dataset", found.dataset.clone()),
            ("line", Some(found.line.to_string())),
            ("column", found.column.clone()),
            ("code", found.code.map(|code| code.to_string())),
        ];
        let cells = texts.iter().filter_map(|(name, text)| Some(difference(name, "", text.as_deref()?))).collect();
        let (kind, note) = (DifferenceKind::Unexpected, Some(found.reason.clone()).filter(|text| !text.is_empty()));
        differences.push(Difference { of: "rejects", kind, line: None, key: Vec::new(), cells, note });
    }
    differences
}

/// Where the books differ from the expected ones.
pub(super) fn tally(expected: &ExpectedTally, found: &RowTally) -> Option<Difference> {
    let mut cells = Vec::new();
    let mut compare = |name: &str, expected: Option<u64>, found: u64| {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            cells.push(difference(name, &expected.to_string(), &found.to_string()));
        }
    };
    compare("read", expected.read, found.read);
    compare("accepted", expected.accepted, found.accepted);
    compare("rejected", expected.rejected, found.rejected);
    if let Some(skipped) = &expected.skipped {
        let wanted: BTreeMap<&str, u64> = skipped.iter().map(|(rule, rows)| (rule.as_str(), *rows)).collect();
        let rules = wanted.keys().copied().chain(found.skipped.keys().map(String::as_str));
        for rule in rules.collect::<std::collections::BTreeSet<_>>() {
            let rows = found.skipped.get(rule).copied().unwrap_or_default();
            compare(&format!("skipped {rule}"), Some(wanted.get(rule).copied().unwrap_or_default()), rows);
        }
    }
    let (kind, key) = (DifferenceKind::Different, Vec::new());
    (!cells.is_empty()).then_some(Difference { of: "tally", kind, line: None, key, cells, note: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &str, found: &str, subset: bool, tolerance: Option<Ratio>) -> Vec<String> {
        let table = |text: &str| Table::of_file("a.csv", text).expect("a table");
        let (expected, found) = (table(expected), table(found));
        let texts = |row: &Row| row.cells.iter().map(|cell| cell.text.clone()).collect();
        let grid = Grid {
            columns: found.header.iter().map(|cell| cell.text.clone()).collect(),
            rows: found.rows.iter().map(texts).collect(),
        };
        let keys = ["area".to_owned(), "period".to_owned()];
        let rules = Rules { keys: &keys, subset, tolerance };
        let shown = |found: &Difference| {
            let key: Vec<&str> = found.key.iter().map(|(_, value)| value.as_str()).collect();
            let cells = found.cells.iter().map(|cell| format!("{}:{}/{}", cell.column, cell.expected, cell.found));
            format!("{:?} {} {}", found.kind, key.join(","), cells.collect::<Vec<_>>().join(" "))
        };
        rows(&expected, &grid, rules).iter().map(shown).collect()
    }

    #[test]
    fn rows_are_found_by_key_and_differ_by_cell() {
        let found = "area;period;value;status\n0751;2024;2.0;A\n0101;2024;;O\nDK;2024;1/3;A\n";
        assert!(
            differences("period;area;value\n2024;DK;1/3\n2024;0751;2\n2024;0101;\n", found, false, None).is_empty()
        );
        let expected = "area;period;value;status\n0751;2024;2.1;A\n0147;2024;1;A\n0101;2024;0;A\n";
        assert_eq!(
            differences(expected, found, false, None),
            [
                "Different 0751,2024 value:2.1/2.0",
                "Missing 0147,2024 value:1/ status:A/",
                "Different 0101,2024 value:0/ status:A/O",
                "Unexpected DK,2024 value:/1/3 status:/A",
            ]
        );
    }

    #[test]
    fn a_subset_and_a_tolerance_forgive() {
        let found = "area;period;value\n0751;2024;2.0\n0101;2024;7\n";
        let tolerance = Ratio::decimal(10, 2).ok();
        assert!(differences("area;period;value\n0751;2024;2.1\n", found, true, tolerance).is_empty());
        assert_eq!(differences("area;period;value\n0751;2024;2.11\n", found, true, tolerance).len(), 1);
        assert_eq!(
            differences("area;period;value\n751;2024;2.0\n", found, true, tolerance).len(),
            1,
            "codes are texts"
        );
    }

    #[test]
    fn rejects_and_books_are_compared_as_far_as_they_are_said() {
        let code = model::Code::parse("M5106");
        let found = [FoundReject { line: 3, record: 3, code, ..FoundReject::default() }];
        let wanted = |line| ExpectedReject { line: Some(line), code, ..ExpectedReject::default() };
        assert!(rejects(&[wanted(3)], &found, false).is_empty());
        assert_eq!(rejects(&[wanted(4)], &found, false).len(), 2);
        assert_eq!(rejects(&[], &found, true).len(), 0);
        let books = RowTally { read: 4, accepted: 2, rejected: 1, skipped: BTreeMap::from([("header".to_owned(), 1)]) };
        let wanted = ExpectedTally { read: Some(4), skipped: Some(Vec::new()), ..ExpectedTally::default() };
        let difference = tally(&wanted, &books).expect("a difference");
        assert_eq!(difference.cells[0].column, "skipped header");
    }
}
