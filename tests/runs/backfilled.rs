//! Backfills: a part of the deliveries, period by period, stopped and resumed, and the night afterwards.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::place::Place;

const USES: &str = "  - {source: statbank_population, municipalities: all, from: 2018, to: 2025}\n";
const POPULATION: &str = "definitions/indicators/population/population.yaml";

fn deliver(place: &Place, year: u32, persons: u32) {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n".to_owned();
    for (municipality, sex) in [(101, "TOT"), (147, "TOT"), (101, "2")] {
        text += &format!("{municipality};{sex};30;{year}K1;{persons}\r\n");
    }
    place.write(&format!("drop/statbank/folk1a_{year}.csv"), text);
}

fn project(years: std::ops::Range<u32>) -> Place {
    let place = Place::with_uses(USES);
    years.for_each(|year| deliver(&place, year, 100 + year));
    place
}

/// What is published and what the books say, without the numbers of runs, the order of arrival, and the revisions that
/// steps have made one after the other.
fn tables(place: &Place) -> Vec<Vec<Vec<String>>> {
    let queries = [
        "SELECT indicator, version, area, period, breakdown, value_exact, numerator_exact, denominator_exact, contributing,
            members, obs_status, conf_status FROM latest_observation ORDER BY 1, 2, 3, 4, 5",
        "SELECT source, municipality, period, dataset, delivery, reading_fingerprint, rows, part FROM unit ORDER BY 1, 2, 3",
        "SELECT delivery, kind, source, municipality, period, version, name, content, bytes, reading_fingerprint, state,
            refusal_code, rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery ORDER BY 1",
        "SELECT delivery, municipality, period, rows FROM delivery_unit ORDER BY 1, 2, 3",
        "SELECT indicator, version, as_defined, municipality, period, breakdown, measure, minor, scale, divisor, rows,
            obs_status FROM measure ORDER BY 1, 2, 3, 4, 5, 6, 7",
        "SELECT kind, id, version, fingerprint, current FROM definition ORDER BY 1, 2, 3, 4",
        "SELECT indicator, version, as_defined, basis FROM series ORDER BY 1, 2, 3",
        "SELECT file, source, bytes, content, delivery FROM seen_file ORDER BY 1",
        "SELECT area, level, title_da, region FROM area ORDER BY 1",
        "SELECT delivery, record, code, status FROM rejected_row ORDER BY 1, 2, 3",
    ];
    queries.map(|sql| place.rows(sql)).into()
}

fn runs(place: &Place) -> Vec<Vec<String>> {
    place.rows("SELECT command FROM run ORDER BY run")
}

fn mark(place: &Place) -> Vec<Vec<String>> {
    place.rows("SELECT state, steps, steps_done, ended_at IS NOT NULL FROM backfill ORDER BY backfill")
}

#[test]
fn a_night_after_a_backfill_does_what_is_left() {
    let alone = project(2020..2025);
    fs::write(alone.path("drop/statbank/folk1a_2021.csv"), "neither;header\nnor;rows\n").expect("written");
    alone.expect(3, &["run"]);

    let place = project(2020..2025);
    fs::write(place.path("drop/statbank/folk1a_2021.csv"), "neither;header\nnor;rows\n").expect("written");
    fs::write(place.path("drop/other.txt"), "x").expect("written");
    let said = place.musketer(&["backfill", "--from", "2021", "--to", "2024"]);
    assert_eq!(said.code, 3, "a delivery was refused, the others are published: {}{}", said.out, said.err);
    assert!(said.err.contains("step 1 of 3, 2021\n") && said.err.contains("step 3 of 3, 2023, "), "{}", said.err);
    assert_eq!(mark(&place), [["done", "3", "3", "1"]]);
    assert_eq!(runs(&place), [["backfill"], ["backfill"], ["backfill"]]);
    // What lies outside was neither read nor noted.
    assert_eq!(
        place.rows("SELECT period, state FROM delivery ORDER BY sequence"),
        [["2021", "refused"], ["2022", "accepted"], ["2023", "accepted"]]
    );
    assert_eq!(place.number("SELECT count(*) FROM seen_file"), 3);
    assert_eq!(place.number("SELECT count(*) FROM definition WHERE current = 1"), 0);
    fs::remove_file(place.path("drop/other.txt")).expect("removed");
    place.expect(0, &["run"]);
    assert_eq!(tables(&place), tables(&alone));
    place.expect_nothing_new();
    place.expect(0, &["backfill", "--from", "2021", "--to", "2024"]);
    assert_eq!(mark(&place).len(), 1, "where there is nothing to do, nothing is begun");
}

#[test]
fn a_backfill_is_seen_before_it_begins() {
    let place = project(2020..2024);
    let said = place.musketer(&["backfill", "--dry-run", "--from", "2019", "--to", "2023", "--newest-first"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let out = said.out;
    for words in
        ["the backfill writes to", "gap: 98 units of statbank_population", "0101 2019", "about 294", "time: unknown"]
    {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    let at = |words: &str| out.find(words).unwrap_or_else(|| panic!("`{words}` expected\n{out}"));
    assert!(at("│    1   2022") < at("│    3   2020"), "{out}");
    assert!(!place.path("store").exists());

    place.expect(0, &["backfill", "--from", "2020", "--to", "2021"]);
    let said = place.musketer(&["backfill", "--max-units", "3"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("error[M7023]") && said.err.contains("units, more than 3"), "{}", said.err);
    assert_eq!(runs(&place).len(), 1);
    for (arguments, words) in [
        (vec!["--from", "2024", "--to", "2024"], "nothing lies between"),
        (vec!["--source", "opus_finance"], "does not use the source"),
        (vec!["--select", "nothing"], "has no indicator or municipal area"),
        (vec!["--definitions", "current"], "has no figures as defined now"),
        (vec!["--resume"], "M7024"),
    ] {
        let said = place.musketer(&[vec!["backfill"], arguments].concat());
        assert!(said.code == 2 && said.err.contains(words), "`{words}` expected\n{}", said.err);
    }
    let of_area = place.expect(0, &["backfill", "--dry-run", "--select", "population", "--municipality", "0101"]);
    assert!(of_area.contains("2023"), "{of_area}");
}

#[test]
fn what_is_read_again_is_what_was_asked_for() {
    let place = project(2020..2023);
    fs::write(place.path("drop/statbank/folk1a_2022.csv"), "neither;header\nnor;rows\n").expect("written");
    place.expect(3, &["run"]);
    let read = |place: &Place| place.rows("SELECT period, processed_run FROM delivery ORDER BY period");
    assert_eq!(read(&place), [["2020", "1"], ["2021", "1"], ["2022", "1"]]);
    place.expect(0, &["backfill"]);
    assert_eq!(runs(&place).len(), 1, "nothing is missing");
    place.expect(3, &["backfill", "--reprocess", "failed"]);
    assert_eq!(read(&place), [["2020", "1"], ["2021", "1"], ["2022", "2"]]);

    let before = tables(&place);
    place.expect(0, &["backfill", "--reprocess", "all", "--to", "2021"]);
    assert_eq!(read(&place), [["2020", "3"], ["2021", "1"], ["2022", "2"]]);
    assert_eq!(tables(&place), before, "the same rows are the same tables");

    // Another code list: the night has three deliveries to read, the backfill one.
    let path = "definitions/codelists/sex.csv";
    let codes = fs::read_to_string(place.path(path)).expect("the table");
    place.write(path, codes.replace("I alt|Total", "I alt|Total|Alle"));
    place.expect(0, &["backfill", "--from", "2021", "--to", "2022"]);
    assert_eq!(read(&place), [["2020", "3"], ["2021", "1"], ["2022", "2"]]);
    place.expect(0, &["backfill", "--from", "2021", "--to", "2022", "--reprocess", "stale"]);
    assert_eq!(read(&place), [["2020", "3"], ["2021", "4"], ["2022", "2"]]);
    let plan = place.expect(0, &["plan"]);
    assert!(plan.contains("code list sex has changed"), "the night still knows what has changed\n{plan}");
    place.expect(3, &["run"]);
    place.expect_nothing_new();
}

#[test]
fn a_changed_formula_is_left_to_the_night_where_nothing_is_touched() {
    let place = project(2020..2022);
    place.expect(0, &["run"]);
    let text = fs::read_to_string(place.path(POPULATION)).expect("the definition");
    place.write(POPULATION, text.replace("formula: persons", "formula: persons + persons"));
    place.expect(0, &["backfill"]);
    assert_eq!(runs(&place).len(), 1, "nothing is missing, and the formula is no matter of a backfill");
    deliver(&place, 2022, 1);
    place.expect(0, &["backfill"]);
    let values = "SELECT period, value_exact FROM latest_observation
        WHERE indicator = 'population' AND area = '0101' AND breakdown = 'total' ORDER BY 1";
    assert_eq!(
        place.rows(values),
        [["2020", "4240"], ["2021", "4242"], ["2022", "2"]],
        "a series that is touched has one formula throughout"
    );
    place.expect(0, &["run"]);
    place.expect_nothing_new();
}

#[test]
fn a_backfill_that_was_stopped_is_resumed_and_nothing_is_done_twice() {
    let alone = project(2018..2025);
    alone.expect(0, &["run"]);

    let place = project(2018..2025);
    let mut command = place.command(&["backfill", "--newest-first"]);
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let said = BufReader::new(process.stderr.take().expect("a pipe"));
    let mut err = String::new();
    for line in said.lines() {
        let line = line.expect("UTF-8");
        if line.starts_with("step 3 of 7") {
            let id = process.id().to_string();
            assert!(Command::new("kill").args(["-INT", &id]).status().expect("it starts").success());
        }
        err += &(line + "\n");
    }
    assert_eq!(process.wait().expect("it ends").code(), Some(130), "{err}");
    assert!(err.contains("error[M7010]") && err.contains("of 7 steps of the backfill are done and stay"), "{err}");
    let stopped = mark(&place);
    let done: usize = stopped[0][2].parse().expect("a number");
    assert!((2..7).contains(&done), "{stopped:?}");
    assert_eq!((stopped[0][0].as_str(), runs(&place).len()), ("open", done));
    let years = place.rows("SELECT period FROM delivery WHERE state = 'accepted' ORDER BY sequence");
    let newest: Vec<Vec<String>> = (2018..2025).rev().take(done).map(|year| vec![year.to_string()]).collect();
    assert_eq!(years, newest, "what is there is complete");

    let said = place.musketer(&["backfill", "--newest-first"]);
    assert!(said.code == 2 && said.err.contains("error[M7022]") && said.err.contains("--resume"), "{}", said.err);
    let said = place.musketer(&["backfill", "--resume"]);
    assert!(said.code == 2 && said.err.contains("error[M7024]") && said.err.contains("--newest-first"), "{}", said.err);
    // The night may come between.
    let before = place.rows("SELECT period, processed_run FROM delivery ORDER BY period DESC LIMIT 2");
    let said = place.musketer(&["backfill", "--newest-first", "--resume"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains(&format!("step {} of 7", done + 1)) && !said.err.contains("step 1 of 7"), "{}", said.err);
    assert_eq!(place.rows("SELECT period, processed_run FROM delivery ORDER BY period DESC LIMIT 2"), before);
    assert_eq!((mark(&place), runs(&place).len()), (vec![["done", "7", "7", "1"].map(str::to_owned).to_vec()], 7));
    place.expect(0, &["run"]);
    assert_eq!(tables(&place), tables(&alone));
}

#[test]
fn a_backfill_that_was_given_up_begins_anew() {
    let place = project(2020..2023);
    place.expect(0, &["backfill"]);
    // As a backfill leaves it that was killed after two of three steps.
    place
        .database()
        .execute_batch("UPDATE backfill SET state = 'open', ended_at = NULL, steps_done = 2")
        .expect("it is a table");
    assert_eq!(place.musketer(&["backfill"]).code, 2);
    place.expect(0, &["backfill", "--resume"]);
    assert_eq!(mark(&place), [["done", "3", "3", "1"]]);
    assert_eq!(runs(&place).len(), 3, "the step had published already; there was nothing left to do");
    place
        .database()
        .execute_batch("UPDATE backfill SET state = 'open', ended_at = NULL, steps_done = 2")
        .expect("it is a table");
    place.expect(0, &["backfill", "--restart", "--reprocess", "all"]);
    assert_eq!(mark(&place), [["abandoned", "3", "2", "1"], ["done", "3", "3", "1"]]);
    assert_eq!(runs(&place).len(), 6);
}
