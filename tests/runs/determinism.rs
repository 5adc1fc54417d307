//! The same deliveries and definitions give the same tables, byte for byte.

use std::fs;

use crate::place::{Place, copy, example, tree};

/// The canonical rows and the published figures, as they lie on disk.
fn tables(place: &Place) -> (std::collections::BTreeMap<String, Vec<u8>>, String) {
    let csv = place.expect(0, &["export"]);
    let parquet = place.path("export.parquet");
    place.expect(0, &["export", "--output", parquet.to_str().expect("UTF-8")]);
    let mut files = tree(&place.path("store/canonical"));
    files.insert("export.parquet".to_owned(), fs::read(parquet).expect("the export"));
    (files, csv)
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (one, two) = (Place::with_part_of_example(), Place::with_part_of_example());
    let said = one.musketer_with(&["run", "--jobs", "1"], ("POLARS_MAX_THREADS", "1"));
    assert_eq!(said.code, 0, "{}", said.err);
    let said = two.musketer_with(&["run", "--jobs", "4"], ("POLARS_MAX_THREADS", "2"));
    assert_eq!(said.code, 0, "{}", said.err);
    let (one, two) = (tables(&one), tables(&two));
    assert!(one.0.len() > 200);
    assert!(one == two, "the tables differ");
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    // All at once; the corrections first; the rest in two halves.
    let at_once = Place::with_part_of_example();
    copy(&example().join("later"), &at_once.path("drop"));
    at_once.expect(0, &["run"]);

    let in_turns = Place::with_part_of_example();
    let all = in_turns.path("all");
    fs::rename(in_turns.path("drop"), &all).expect("moved away");
    copy(&example().join("later"), &in_turns.path("drop"));
    in_turns.expect(0, &["run"]);
    let files = tree(&all);
    for half in [1, 0] {
        for (_, (name, bytes)) in files.iter().enumerate().filter(|(at, _)| at % 2 == half) {
            in_turns.write(&format!("drop/{name}"), bytes);
        }
        in_turns.expect(0, &["run"]);
    }
    let latest = |place: &Place| {
        place.rows(
            "SELECT indicator, version, area, period, breakdown, value_exact, numerator_exact, denominator_exact,
                contributing, members, obs_status FROM latest_observation ORDER BY 1, 2, 3, 4, 5",
        )
    };
    assert!(latest(&at_once) == latest(&in_turns), "the figures differ");
    assert!(tree(&at_once.path("store/canonical")) == tree(&in_turns.path("store/canonical")), "the rows differ");
}
