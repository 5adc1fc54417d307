//! The books: every row that was read is accepted, rejected or skipped, wherever one looks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::place::{Place, example};

#[test]
fn the_books_of_every_delivery_balance() {
    let place = Place::after_example();
    let deliveries = place.number("SELECT count(*) FROM delivery");
    assert!(deliveries > 1000, "{deliveries} deliveries");
    let unbalanced = "SELECT count(*) FROM delivery WHERE rows_read <> rows_accepted + rows_rejected + rows_skipped";
    assert_eq!(place.number(unbalanced), 0);
    let kept = "SELECT count(*) FROM delivery_balance WHERE state = 'accepted' AND (rows_rejected <> rejected_rows_kept
        OR rows_skipped <> skipped_rows_by_rule OR rows_accepted <> rows_in_units)";
    assert_eq!(
        place.number(kept),
        0,
        "{:?}",
        place.rows("SELECT * FROM delivery_balance WHERE rows_accepted <> rows_in_units")
    );

    // The same in the status, for people and machines.
    let status = place.expect(0, &["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
    for source in status["sources"].as_array().expect("sources") {
        let number = |name: &str| source[name].as_u64().expect("a number");
        let sum = number("rows_accepted") + number("rows_rejected") + number("rows_skipped");
        assert_eq!(number("rows_read"), sum, "{source}");
        assert!(number("rows_read") > 0, "{source}");
    }

    // Every line of every file is a row that was read, but for line breaks inside quotes.
    let lines: BTreeMap<String, usize> = crate::place::tree(&place.path("drop"))
        .into_iter()
        .map(|(name, bytes)| {
            let ends = bytes.split(|byte| *byte == b'\n').count() - 1;
            let open = usize::from(!bytes.ends_with(b"\n") && !bytes.ends_with(b"\n\x1a"));
            (name, ends + open)
        })
        .collect();
    let read: BTreeMap<String, usize> = place
        .rows("SELECT name, rows_read FROM delivery")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].parse().expect("a number")))
        .collect();
    let differ: Vec<_> = lines.iter().filter(|(name, lines)| read.get(*name) != Some(lines)).collect();
    assert_eq!(differ.len(), 1, "one file has a line break inside quotes: {differ:?}");
}

#[test]
fn every_planted_fault_is_found_where_it_is() {
    let place = Place::after_example();
    let found: BTreeSet<(String, String, String)> = place
        .rows("SELECT d.name, r.line, r.code FROM rejected_row AS r JOIN delivery AS d ON d.delivery = r.delivery")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone(), row[2].clone()))
        .collect();
    let dirt = fs::read_to_string(example().join("dirt.csv")).expect("the planted faults");
    let mut lines = dirt.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(';').collect();
    let at = |name: &str| header.iter().position(|known| *known == name).expect("a column");
    let mut planted = BTreeSet::new();
    for line in lines {
        let cells: Vec<&str> = line.split(';').collect();
        let path = cells[at("path")].trim_start_matches("deliveries/").to_owned();
        if cells[at("outcome")] == "rejected" {
            planted.insert((path, cells[at("line")].to_owned(), cells[at("code")].to_owned()));
        }
    }
    assert!(planted.len() > 40);
    assert_eq!(planted.difference(&found).collect::<Vec<_>>(), Vec::<&_>::new(), "not found");
    assert_eq!(found.difference(&planted).collect::<Vec<_>>(), Vec::<&_>::new(), "not planted");
}
