//! The program against the slow second evaluator, on all example deliveries, before and after the corrections.

use std::collections::BTreeSet;

use crate::place::{Place, copy, example, shipped};
use crate::witness::{CHANGED, Figure, Rows, World, changed_figures, figures};

/// The published figures, from the program's own export.
fn published(place: &Place, arguments: &[&str]) -> BTreeSet<Figure> {
    let csv = place.expect(0, &[&["export", "--breakdown", "all"], arguments].concat());
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
    let expected = figures(&world, &rows);
    assert!(expected.len() > 10_000, "the witness has {} figures", expected.len());
    agree(&expected, &published(place, &[]));
}

fn agree(expected: &BTreeSet<Figure>, found: &BTreeSet<Figure>) {
    let only = |one: &BTreeSet<Figure>, other: &BTreeSet<Figure>| -> Vec<Figure> {
        one.difference(other).take(20).cloned().collect()
    };
    assert_eq!(only(expected, found), [], "the witness says otherwise; the program says {:#?}", only(found, expected));
    assert_eq!(only(found, expected), [], "the witness does not have these");
}

#[test]
fn every_figure_of_the_example_is_what_the_witness_says() {
    let place = Place::after_example();
    compare(&place);
    copy(&example().join("later"), &place.path("drop"));
    place.expect(0, &["run"]);
    compare(&place);
}

#[test]
fn two_versions_make_what_the_witness_says_as_defined_then_and_now() {
    let place = Place::after_example();
    for (area, id, begins, from, to) in [
        ("finance", CHANGED[0], "2025-01", "'all_operations'", "'tax_financed_operations'"),
        ("school", CHANGED[1], "2025", "in_group(school_type, 'basic_school')", "school_type in ('1012', '1013')"),
    ] {
        let file = |version: &str| format!("definitions/indicators/{area}/{id}{version}.yaml");
        let older = std::fs::read_to_string(place.path(&file(""))).expect("the definition");
        let (head, valid) = older.split_once("version: 1\nvalid: {").expect("the first version");
        let (_, rest) = valid.split_once('\n').expect("more lines");
        let newer = format!("{head}version: 2\nvalid: {{from: {begins}}}\nsupersedes: {id}@1\n{rest}");
        assert!(newer.contains(from), "{newer}");
        place.write(&file(""), newer.replace(from, to));
        place.write(&file("@1"), older);
    }
    let pipeline = std::fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    let (head, rest) = pipeline.split_once("indicators:\n").expect("indicators");
    let (_, uses) = rest.split_once("uses:\n").expect("uses");
    let named = CHANGED.join(", ");
    place.write("pipelines/test.yaml", format!("{head}indicators: [{named}]\ndefinitions: both\nuses:\n{uses}"));
    place.expect(0, &["run"]);
    let world = World::read(&shipped());
    let rows = Rows::read(&world, &place.path("drop"));
    let [one, other] = CHANGED;
    for (definitions, by_the_newer) in [("then", false), ("now", true)] {
        let found = published(&place, &["--definitions", definitions, "--indicator", one, "--indicator", other]);
        let expected = changed_figures(&world, &rows, by_the_newer);
        assert!(expected.len() > 2_000, "{}", expected.len());
        agree(&expected, &found);
    }
}
