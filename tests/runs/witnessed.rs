//! The program against the slow second evaluator, on all example deliveries, before and after the corrections.

use std::collections::BTreeSet;

use crate::place::{Place, copy, example, shipped};
use crate::witness::{Figure, Rows, World, figures};

/// The published figures, from the program's own export.
fn published(place: &Place) -> BTreeSet<Figure> {
    let csv = place.expect(0, &["export", "--breakdown", "all"]);
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| header.iter().position(|known| *known == name).expect("a column");
    let (indicator, part, area) = (at("indicator"), at("breakdown"), at("area"));
    let (period, value, status) = (at("period"), at("value"), at("obs_status"));
    let figure = |line: &str| {
        let cells = split(line);
        let cell = |at: usize| cells[at].clone();
        (cell(indicator), cell(part), cell(area), cell(period), cell(value), cell(status))
    };
    lines.map(figure).collect()
}

/// The cells of a line of CSV; titles may be quoted.
fn split(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}

fn compare(place: &Place) {
    let world = World::read(&shipped());
    let rows = Rows::read(&world, &place.path("drop"));
    let (expected, found) = (figures(&world, &rows), published(place));
    let only = |one: &BTreeSet<Figure>, other: &BTreeSet<Figure>| -> Vec<Figure> {
        one.difference(other).take(20).cloned().collect()
    };
    assert!(expected.len() > 10_000, "the witness has {} figures", expected.len());
    assert_eq!(
        only(&expected, &found),
        [],
        "the witness says otherwise; the program says {:#?}",
        only(&found, &expected)
    );
    assert_eq!(only(&found, &expected), [], "the witness does not have these");
}

#[test]
fn every_figure_of_the_example_is_what_the_witness_says() {
    let place = Place::after_example();
    compare(&place);
    copy(&example().join("later"), &place.path("drop"));
    place.expect(0, &["run"]);
    compare(&place);
}
