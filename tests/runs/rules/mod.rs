//! Rules of figures over whole runs: what comes late or is corrected gives what one run would have given, and each
//! figure is what a slow evaluator says.

mod evaluator;
mod project;

use std::collections::BTreeSet;
use std::ops::Range;

use self::evaluator::{Figure, World, figures};
use crate::place::{Place, shipped};
use crate::witness;

/// A month, counted from the year 0.
type Month = i32;

/// January 2024 to March 2025.
const MONTHS: Range<Month> = 2024 * 12..2025 * 12 + 3;

fn days_in(month: Month) -> usize {
    match month.rem_euclid(12) + 1 {
        2 if month.div_euclid(12) % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn published(place: &Place) -> BTreeSet<Figure> {
    let rows = place.rows(
        "SELECT indicator, area, period, coalesce(value_exact, ''), contributing, obs_status FROM latest_observation",
    );
    let figure = |row: Vec<String>| match <[String; 6]>::try_from(row) {
        Ok([indicator, area, period, value, contributing, status]) => {
            (indicator, area, period, value, contributing.parse().expect("a number"), status)
        }
        Err(row) => panic!("{row:?}"),
    };
    rows.into_iter().map(figure).collect()
}

fn compare(place: &Place, expected: &BTreeSet<Figure>, when: &str) {
    let found = published(place);
    let only = |one: &BTreeSet<Figure>, other: &BTreeSet<Figure>| -> Vec<Figure> {
        one.difference(other).take(12).cloned().collect()
    };
    assert_eq!(
        only(expected, &found),
        [],
        "{when}: the evaluator says otherwise; the program says {:#?}",
        only(&found, expected)
    );
    assert_eq!(only(&found, expected), [], "{when}: the evaluator does not have these");
}

#[test]
fn rules_of_figures_hold_over_corrections_and_late_deliveries() {
    let regions = witness::World::read(&shipped()).regions;
    let [early, late] = project::lots();
    let (first, whole) = (figures(&World::of(&[&early], &regions)), figures(&World::of(&[&early, &late], &regions)));

    let in_turns = project::place();
    project::deliver(&in_turns, &early);
    in_turns.expect(0, &["run"]);
    compare(&in_turns, &first, "before the corrections");
    project::deliver(&in_turns, &late);
    in_turns.expect(0, &["run"]);
    compare(&in_turns, &whole, "after the corrections");

    let at_once = project::place();
    project::deliver(&at_once, &early);
    project::deliver(&at_once, &late);
    at_once.expect(0, &["run"]);
    compare(&at_once, &whole, "in one run");

    let backwards = project::place();
    project::deliver(&backwards, &late);
    backwards.expect(0, &["run"]);
    project::deliver(&backwards, &early);
    backwards.expect(0, &["run"]);
    compare(&backwards, &whole, "the late ones first");

    // The data shows each status and each rule.
    for (indicator, status) in [
        ("doubtful", "U"),
        ("removed", "U"),
        ("together", "K"),
        ("anew", "B"),
        ("paid", "P"),
        ("known", "L"),
        ("mean", "O"),
        ("growth", "M"),
        ("lasting", "M"),
    ] {
        let many = whole.iter().filter(|figure| figure.0 == indicator && figure.5 == status).count();
        assert!(many > 0, "{indicator} never has the status {status}");
    }
}
