//! Deliveries that are taken back, and books that were lost: what holds follows from the set of deliveries.

use std::fs;

use crate::place::{Place, tree};

const USES: &str = "  - {source: statbank_population, municipalities: all, from: 2023, to: 2025}\n";

/// A file of the whole country about some years, whose name says neither whom nor when it is about.
fn deliver(place: &Place, name: &str, rows: &[(&str, &str, u32)]) {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n".to_owned();
    for (municipality, year, persons) in rows {
        text += &format!("{municipality};TOT;30;{year}K1;{persons}\r\n");
    }
    place.write(&format!("drop/statbank/{name}.csv"), text);
}

fn project() -> Place {
    let place = Place::with_uses(USES);
    let path = "definitions/sources/dst/statbank_population.yaml";
    let source = fs::read_to_string(place.path(path)).expect("the source");
    let source = source.replace("folk1a_{period}.csv", "*_v{version}.csv").replace("  period: year\n", "");
    place.write(path, source.split("tests:").next().expect("what stands before its tests"));
    place
}

/// Figures, units and books, without the numbers of runs.
fn tables(place: &Place) -> Vec<Vec<Vec<String>>> {
    let queries = [
        "SELECT indicator, area, period, breakdown, value_exact, numerator_exact, denominator_exact, contributing, members,
            obs_status FROM latest_observation ORDER BY 1, 2, 3, 4",
        "SELECT source, municipality, period, dataset, delivery, reading_fingerprint, rows, part FROM unit ORDER BY 1, 2, 3",
        "SELECT delivery, state, rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery ORDER BY 1",
        "SELECT delivery, municipality, period, rows FROM delivery_unit ORDER BY 1, 2, 3",
        "SELECT indicator, version, municipality, period, breakdown, measure, minor, rows, obs_status FROM measure
            ORDER BY 1, 2, 3, 4, 5, 6",
    ];
    queries.map(|sql| place.rows(sql)).into()
}

fn population(place: &Place, area: &str, period: &str) -> String {
    let rows = place.rows(&format!(
        "SELECT coalesce(value_exact, obs_status) FROM latest_observation
         WHERE indicator = 'population' AND area = '{area}' AND period = '{period}' AND breakdown = 'total'"
    ));
    rows.first().map(|row| row[0].clone()).unwrap_or_default()
}

fn delivery(place: &Place, name: &str) -> String {
    place.rows(&format!("SELECT delivery FROM delivery WHERE name LIKE '%/{name}.csv'"))[0][0].clone()
}

/// Two years, then a file that corrects the second and has a third.
fn corrected() -> (Place, Vec<Vec<Vec<String>>>) {
    let place = project();
    deliver(&place, "a_v1", &[("101", "2023", 100), ("147", "2023", 10), ("101", "2024", 110), ("147", "2024", 11)]);
    place.expect(0, &["run"]);
    let before = tables(&place);
    deliver(&place, "b_v2", &[("101", "2024", 500), ("147", "2024", 50), ("101", "2025", 120), ("147", "2025", 12)]);
    place.expect(0, &["run"]);
    assert_eq!(population(&place, "0101", "2024"), "500");
    assert_eq!(population(&place, "0101", "2025"), "120");
    (place, before)
}

#[test]
fn what_is_taken_back_leaves_what_stood_before() {
    let (place, before) = corrected();
    let after = tables(&place);
    let id = delivery(&place, "b_v2");
    let said = place.musketer(&["retract", &id[..6], "--reason", "sent by mistake", "--by", "Data office"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let strip = |tables: Vec<Vec<Vec<String>>>| {
        let ours = |row: &Vec<String>| row[0] != id;
        tables.into_iter().map(|rows| rows.into_iter().filter(ours).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(strip(tables(&place)), before);
    assert_eq!(
        place.rows("SELECT kind, delivery, person, reason, run FROM act"),
        [["retract", &id, "Data office", "sent by mistake", "3"]]
    );
    assert_eq!(place.rows(&format!("SELECT state FROM delivery WHERE delivery = '{id}'")), [["retracted"]]);
    // The file still lies there, and changes nothing.
    place.expect_nothing_new();

    let twice = place.musketer(&["retract", &id, "--reason", "again"]);
    assert_eq!(twice.code, 2);
    assert!(twice.err.contains("M7013") && twice.err.contains("already"), "{}", twice.err);
    place.expect(0, &["retract", &id, "--reason", "it was right", "--undo"]);
    assert_eq!(tables(&place), after);
    place.expect_nothing_new();
}

#[test]
fn what_nobody_delivered_cannot_be_taken_back() {
    let (place, _) = corrected();
    let said = place.musketer(&["retract", "ffffffffffff", "--reason", "x"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("M7012") && said.err.contains("status --deliveries"), "{}", said.err);
    let said = place.musketer(&["retract", "", "--reason", "x"]);
    assert!(said.code == 2 && said.err.contains("2 deliveries"), "{}", said.err);
    let said = place.musketer(&["retract", "ff", "--reason", " "]);
    assert!(said.code == 2 && said.err.contains("say why"), "{}", said.err);
    assert_eq!(place.number("SELECT count(*) FROM act"), 0);
}

#[test]
fn a_correction_that_new_definitions_refuse_gives_way() {
    let (place, _) = corrected();
    let path = "definitions/sources/dst/statbank_population.yaml";
    let source = fs::read_to_string(place.path(path)).expect("the source");
    deliver(&place, "b_v2", &[("101", "2024", 501), ("147", "2024", 50)]);
    place.write(path, source.replace("min_rows: 1", "min_rows: 4"));
    place.expect(3, &["run"]);
    assert_eq!(population(&place, "0101", "2024"), "500", "what it would have replaced holds");
    assert_eq!(
        place.number("SELECT count(*) FROM delivery WHERE state = 'refused'"),
        1,
        "and it is known to be refused"
    );
    place.write(path, source);
    place.expect(0, &["run"]);
    assert_eq!(population(&place, "0101", "2024"), "501");
}

#[test]
fn of_two_files_that_contradict_each_other_one_can_be_taken_back() {
    let place = project();
    deliver(&place, "a_v1", &[("101", "2024", 100)]);
    deliver(&place, "b_v1", &[("101", "2024", 200)]);
    place.expect(3, &["run"]);
    assert_eq!(population(&place, "0101", "2024"), "");
    place.expect(0, &["retract", &delivery(&place, "a_v1"), "--reason", "the wrong extract"]);
    place.expect(0, &["run"]);
    assert_eq!(population(&place, "0101", "2024"), "200");
}

#[test]
fn lost_and_older_books_of_units_lead_to_the_same_tables() {
    let (place, _) = corrected();
    let wanted = tables(&place);
    let canonical = tree(&place.path("store/canonical"));
    let older = "SELECT source, municipality, period, known_from_run FROM unit_revision";
    assert!(place.rows(older).len() > 6, "each change is a revision");
    for damage in [
        "DELETE FROM unit",
        "DELETE FROM unit WHERE period = '2024'",
        "UPDATE unit SET delivery = (SELECT delivery FROM delivery ORDER BY sequence LIMIT 1) WHERE period = '2024'",
        "INSERT INTO unit (source, municipality, period, dataset, delivery, reading_fingerprint, rows, run)
            SELECT source, municipality, '2022', dataset, delivery, reading_fingerprint, 0, run FROM unit
            WHERE period = '2023'",
    ] {
        place.database().execute_batch(damage).expect(damage);
        assert_ne!(tables(&place), wanted, "{damage}");
        place.expect(0, &["run"]);
        assert_eq!(tables(&place), wanted, "{damage}");
        assert_eq!(tree(&place.path("store/canonical")), canonical, "{damage}");
        place.expect_nothing_new();
    }
    // Parts that are gone are made again by the next run that has something to do.
    fs::remove_dir_all(place.path("store/canonical")).expect("removed");
    deliver(&place, "c_v3", &[("101", "2025", 130)]);
    place.expect(0, &["run"]);
    assert_eq!(population(&place, "0101", "2025"), "130");
    let parts = place.rows("SELECT part FROM unit WHERE part IS NOT NULL");
    assert!(parts.iter().all(|part| place.path("store").join(&part[0]).is_file()));
}

#[test]
fn what_is_taken_back_while_the_books_of_units_are_lost_leaves_no_figure() {
    let place = project();
    deliver(&place, "a_v1", &[("101", "2024", 100)]);
    place.expect(0, &["run"]);
    place.database().execute_batch("DELETE FROM unit").expect("deleted");
    place.expect(0, &["retract", &delivery(&place, "a_v1"), "--reason", "the wrong year"]);
    assert_eq!(population(&place, "0101", "2024"), "");
    assert_eq!(place.number("SELECT count(*) FROM unit_revision WHERE known_to_run IS NULL"), 0);
    place.expect_nothing_new();
}
