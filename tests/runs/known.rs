//! What was known when, and why it became another: `--as-of`, and the reasons of revisions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use crate::place::Place;
use serde_json::Value;

const SOURCE: &str = "definitions/sources/dst/statbank_population.yaml";
const USES: &str = "  - {source: statbank_population, municipalities: all, from: 2023, to: 2025}\n";

/// Files of the whole country, whose names say nothing but a version; figures in both ways, also of groups.
fn project() -> Place {
    let place = Place::with_uses(USES);
    place.keep(&[
        "datasets/population.yaml",
        "sources/dst/statbank_population.yaml",
        "indicators/population/population.yaml",
        "indicators/population/share_women.yaml",
        "comparison_groups/provinces.yaml",
    ]);
    let source = fs::read_to_string(place.path(SOURCE)).expect("the source");
    let source = source.replace("folk1a_{period}.csv", "*_v{version}.csv").replace("  period: year\n", "");
    place.write(SOURCE, source.split("tests:").next().expect("what stands before its tests"));
    let head = "kind: pipeline\nid: test\ntitle: {da: Prøve, en: Test}\ndrop: drop\n";
    let chosen = "indicators: [population, share_women]\ncomparison_groups: [provinces]\ndefinitions: both\nuses:\n";
    place.write("pipelines/test.yaml", format!("{head}{chosen}{USES}"));
    place
}

/// Persons, and half of them women, of municipalities in years.
fn deliver(place: &Place, name: &str, rows: &[(&str, &str, u32)]) {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n".to_owned();
    for (municipality, year, persons) in rows {
        text +=
            &format!("{municipality};TOT;30;{year}K1;{persons}\r\n{municipality};2;30;{year}K1;{}\r\n", persons / 2);
    }
    place.write(&format!("drop/statbank/{name}.csv"), text);
}

fn delivery(place: &Place, name: &str) -> String {
    place.rows(&format!("SELECT delivery FROM delivery WHERE name LIKE '%/{name}.csv'"))[0][0].clone()
}

fn edit(place: &Place, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(place.path(path)).expect("a definition");
    assert!(text.contains(from), "{path}");
    place.write(path, text.replace(from, to));
}

const LIST: &str = "definitions/codelists/municipality.csv";
const POPULATION: &str = "definitions/indicators/population/population.yaml";

type Step = (&'static str, fn(&Place), i32);

/// A history with everything that can befall a figure: a step is a run.
const STEPS: [Step; 9] = [
    ("first", |place| deliver(place, "a_v1", &[("101", "2023", 100), ("751", "2023", 50), ("101", "2024", 110)]), 0),
    ("late", |place| deliver(place, "c_v2", &[("147", "2023", 10), ("147", "2024", 12)]), 0),
    ("correction", |place| deliver(place, "b_v3", &[("101", "2023", 500), ("101", "2025", 130)]), 0),
    ("retracted", |place| drop(place.expect(0, &["retract", &delivery(place, "b_v3"), "--reason", "x"])), -1),
    ("definition", |place| edit(place, POPULATION, "decimals: 0", "decimals: 1"), 0),
    (
        "regions",
        |place| {
            edit(
                place,
                LIST,
                "Aarhus Kommune|Århus|Århus Kommune;municipality;1082;09",
                "Aarhus Kommune|Århus|Århus Kommune;municipality;1081;11",
            );
        },
        0,
    ),
    (
        "let hold again",
        |place| drop(place.expect(0, &["retract", &delivery(place, "b_v3"), "--reason", "y", "--undo"])),
        -1,
    ),
    ("refused", |place| edit(place, SOURCE, "min_rows: 1", "min_rows: 5"), 3),
    ("mended", |place| edit(place, SOURCE, "min_rows: 5", "min_rows: 1"), 0),
];

/// What was exported and said right after each run.
#[derive(Default)]
struct Seen {
    exports: BTreeMap<(i64, Vec<&'static str>), String>,
    parquet: BTreeMap<i64, Vec<u8>>,
    status: BTreeMap<i64, Value>,
}

/// The history, carried out once, with what was seen on the way. Nobody changes anything in it.
fn history() -> &'static (Place, Seen) {
    static HISTORY: OnceLock<(Place, Seen)> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let (place, mut seen) = (project(), Seen::default());
        for ((name, step, code), run) in STEPS.iter().zip(1..) {
            step(&place);
            if *code >= 0 {
                let said = place.musketer(&["run"]);
                assert_eq!(said.code, *code, "{name}: {}", said.err);
            }
            assert_eq!(place.number("SELECT max(run) FROM run"), run, "{name}");
            for arguments in exports() {
                seen.exports.insert((run, arguments.clone()), exported(&place, &arguments));
            }
            seen.parquet.insert(run, parquet(&place, &[]));
            seen.status.insert(run, status(&place, &[]));
        }
        (place, seen)
    })
}

/// The ways to export that `--as-of` goes with.
fn exports() -> Vec<Vec<&'static str>> {
    vec![
        vec![],
        vec!["--breakdown", "all"],
        vec!["--definitions", "now"],
        vec!["--level", "comparison_group", "--delimiter", ";"],
        vec!["--indicator", "share_women", "--period", "2024", "--area", "DK", "--area", "0147"],
    ]
}

fn exported(place: &Place, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = ["export"].iter().chain(arguments).copied().collect();
    place.expect(0, &arguments)
}

fn status(place: &Place, arguments: &[&str]) -> Value {
    let fixed = ["status", "--format", "json", "--day", "2026-03-01"];
    let text = place.expect(0, &fixed.iter().chain(arguments).copied().collect::<Vec<_>>());
    serde_json::from_str(&text).expect("JSON")
}

fn parquet(place: &Place, arguments: &[&str]) -> Vec<u8> {
    let path = place.path("out.parquet");
    let output = ["--output", path.to_str().expect("UTF-8"), "--breakdown", "all"];
    exported(place, &arguments.iter().chain(&output).copied().collect::<Vec<_>>());
    fs::read(path).expect("an export")
}

#[test]
fn an_export_as_of_a_run_is_the_one_that_was_made_after_it() {
    let (place, seen) = history();
    let totals = seen.exports.iter().filter(|((_, arguments), _)| arguments.is_empty());
    let distinct: BTreeSet<&String> = totals.map(|(_, text)| text).collect();
    assert!(distinct.len() > 6, "the history changes what is exported");
    for ((run, arguments), text) in &seen.exports {
        let run = if *run % 2 == 0 { run.to_string() } else { format!("run:{run}") };
        let again: Vec<&str> = arguments.iter().copied().chain(["--as-of", &run]).collect();
        assert_eq!(exported(place, &again), *text, "{again:?}");
    }
    for (run, file) in &seen.parquet {
        assert_eq!(parquet(place, &["--as-of", &run.to_string()]), *file, "run {run}");
    }
}

#[test]
fn a_day_or_a_time_means_the_last_run_by_then_whatever_the_clocks_did() {
    let place = history().0.copied();
    let database = place.database();
    // The third run was carried out on a machine whose clock was a month ahead.
    for (run, ended) in [(1, "2026-01-31T02:00:00Z"), (2, "2026-02-01T23:59:59Z"), (3, "2026-03-02T02:00:00Z")] {
        database.execute("UPDATE run SET ended_at = ?2 WHERE run = ?1", (run, ended)).expect("written");
    }
    for run in 4..=9 {
        let ended = format!("2026-02-{:02}T02:00:00Z", run + 2);
        database.execute("UPDATE run SET ended_at = ?2 WHERE run = ?1", (run, ended)).expect("written");
    }
    let runs = [
        ("2026-01-31", 1),
        ("2026-01-31T02:00:00Z", 1),
        ("2026-01-31T03:00:00+01:00", 1),
        ("2026-02-01", 2),
        ("2026-02-02T00:59:58+01:00", 1),
        ("2026-02-05", 2),
        ("2026-02-06", 4),
        ("2026-03-01", 9),
        ("2030-01-01", 9),
    ];
    for (time, run) in runs {
        let explained = place.expect(
            0,
            &["explain", "population", "--area", "DK", "--period", "2023", "--as-of", time, "--format", "json"],
        );
        let explained: Value = serde_json::from_str(&explained).expect("JSON");
        assert_eq!(explained["as_of"]["run"], run, "{time}");
    }
    let said = place.musketer(&["export", "--as-of", "2026-01-30"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("M7007") && said.err.contains("nothing had been published by 2026-01-30"),
        "{}",
        said.err
    );
    assert!(said.err.contains("2026-01-31T02:00:00Z"), "{}", said.err);
    let said = place.musketer(&["export", "--as-of", "run:10"]);
    assert!(said.code == 2 && said.err.contains("there is no run 10"), "{}", said.err);
    let said = place.musketer(&["export", "--as-of", "yesterday"]);
    assert!(said.code == 2 && said.err.contains("run:57"), "{}", said.err);
    let said = place.musketer(&["export", "--comparison-groups", "--as-of", "1"]);
    assert!(said.code == 2 && said.err.contains("comparison groups at another time"), "{}", said.err);
}

#[test]
fn every_revision_says_why_it_came() {
    let (place, _) = history();
    let of = |area: &str, period: &str| {
        let rows = place.rows(&format!(
            "SELECT known_from_run, why FROM observation WHERE indicator = 'population' AND breakdown = 'total'
             AND as_defined = 'then' AND area = '{area}' AND period = '{period}' ORDER BY revision"
        ));
        rows.into_iter().map(|row| format!("{} {}", row[0], row[1])).collect::<Vec<_>>()
    };
    assert_eq!(
        of("0101", "2023"),
        ["1 delivery", "3 correction", "4 withdrawal", "5 definition", "7 correction", "8 withdrawal", "9 correction"]
    );
    assert_eq!(of("0147", "2023"), ["1 delivery", "2 delivery", "5 definition", "8 withdrawal", "9 delivery"]);
    assert_eq!(of("0751", "2023"), ["1 delivery", "5 definition"]);
    assert_eq!(of("1082", "2023"), ["1 delivery", "5 definition", "6 groups"]);
    assert_eq!(of("1081", "2023"), ["1 delivery", "6 groups"]);
    assert_eq!(of("provinces:09", "2023"), ["1 delivery", "5 definition", "6 groups"]);
    assert_eq!(of("0101", "2025"), ["3 delivery", "7 delivery", "9 delivery"]);
    assert_eq!(place.number("SELECT count(*) FROM observation WHERE why = ''"), 0);
}

fn explained(place: &Place, area: &str, period: &str, arguments: &[&str]) -> Value {
    let fixed = ["explain", "population", "--area", area, "--period", period, "--format", "json"];
    let text = place.expect(0, &fixed.iter().chain(arguments).copied().collect::<Vec<_>>());
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn explain_tells_the_history_with_what_brought_it_about() {
    let (place, _) = history();
    let now = explained(place, "0101", "2023", &[]);
    let line = |of: &Value| {
        let names = of["deliveries"].as_array().expect("a list").iter();
        let names: Vec<&str> = names.map(|of| of["name"].as_str().expect("a name")).collect();
        format!(
            "{} {} {} {}",
            of["known_from_run"],
            of["value"].as_str().unwrap_or("-"),
            of["why"].as_str().expect("a word"),
            names.join("+")
        )
    };
    let lines: Vec<String> = now["revisions"].as_array().expect("a list").iter().map(line).collect();
    let (a, b) = ("statbank/a_v1.csv", "statbank/b_v3.csv");
    assert_eq!(
        lines,
        [
            format!("9 500.0 correction {b}"),
            format!("8 100.0 withdrawal {b}"),
            format!("7 500.0 correction {b}"),
            "5 100.0 definition ".to_owned(),
            format!("4 100 withdrawal {b}"),
            format!("3 500 correction {b}"),
            format!("1 100 delivery {a}"),
        ]
    );
    assert_eq!(now["as_of"], Value::Null);
    // Nobody had delivered 2025 but in the file that was taken back.
    let gone = explained(place, "0101", "2025", &[]);
    let last = gone["revisions"].as_array().expect("a list").last().expect("the first revision");
    assert_eq!((&last["known_to_run"], &last["withdrawn"]["why"]), (&4.into(), &"withdrawal".into()));
    assert_eq!(last["withdrawn"]["deliveries"][0]["name"], b);
    let text = place.expect(0, &["explain", "population", "--area", "0101", "--period", "2025"]);
    assert!(
        text.contains("then withdrawn (withdrawal)") && text.contains(&format!("{} {b}", delivery(place, "b_v3"))),
        "{text}"
    );
}

#[test]
fn explain_shows_a_figure_as_it_was_and_says_what_is_not_kept() {
    let (place, _) = history();
    let then = explained(place, "0101", "2023", &["--as-of", "2", "--rows"]);
    assert_eq!((&then["value"], &then["as_of"]["run"]), (&"100".into(), &2.into()));
    assert_eq!(then["revisions"].as_array().map(Vec::len), Some(1), "what came later was not known");
    assert_eq!(then["revisions"][0]["known_to_run"], Value::Null);
    assert_eq!(then["deliveries"][0]["name"], "statbank/a_v1.csv");
    assert_eq!(then["measures"].as_array().map(Vec::len), Some(0));
    assert_eq!(then["not_kept"].as_array().map(Vec::len), Some(2), "{}", then["not_kept"]);
    let text = place.expect(0, &["explain", "population", "--area", "0101", "--period", "2023", "--as-of", "run:2"]);
    assert!(
        text.contains("as it was known after run 2") && text.contains("are not kept") && text.contains("to then"),
        "{text}"
    );
    // Aarhus has not been revised since the fifth run, and its delivery not been replaced.
    let same = explained(place, "0751", "2023", &["--as-of", "9", "--rows"]);
    assert_eq!((&same["value"], &same["measures"][0]["value"]), (&"50.0".into(), &"50".into()));
    assert_eq!((same["rows"][0]["total"].clone(), same["not_kept"].as_array().map(Vec::len)), (1.into(), Some(0)));
    // The figure is the same, but its rows have been read anew.
    let reread = explained(place, "0751", "2023", &["--as-of", "6", "--rows"]);
    assert_eq!(reread["measures"][0]["value"], "50");
    assert_eq!(
        (reread["rows"].as_array().map(Vec::len), reread["not_kept"].as_array().map(Vec::len)),
        (Some(0), Some(1))
    );
    let said = place.musketer(&["explain", "population", "--area", "0101", "--period", "2025", "--as-of", "2"]);
    assert!(said.code == 2 && said.err.contains("M7007"), "{}", said.err);
}

#[test]
fn municipalities_of_another_day_go_with_what_has_not_been_revised() {
    let place = project();
    deliver(&place, "a_v1", &[("101", "2023", 100), ("751", "2023", 50)]);
    place.expect(0, &["run"]);
    let carried = ["--municipalities-of", "2025-01-01", "--indicator", "population"];
    let then = exported(&place, &carried);
    deliver(&place, "b_v2", &[("101", "2024", 500), ("751", "2024", 60)]);
    place.expect(0, &["run"]);
    let as_of: Vec<&str> = carried.iter().copied().chain(["--as-of", "1"]).collect();
    assert_ne!(exported(&place, &carried), then);
    assert_eq!(exported(&place, &as_of), then);
    deliver(&place, "c_v3", &[("101", "2023", 101)]);
    place.expect(0, &["run"]);
    let said = place.musketer(&["export", carried[0], carried[1], "--as-of", "1"]);
    assert!(said.code == 2 && said.err.contains("in 2023 were revised after run 1"), "{}", said.err);
}

#[test]
fn the_status_is_the_one_of_then() {
    let (place, seen) = history();
    let states = |of: &Value| -> Vec<String> {
        let list = of["deliveries"].as_array().expect("a list");
        list.iter().map(|of| format!("{} {}", of["name"], of["state"])).collect()
    };
    let units = |of: &Value| -> Vec<String> {
        let list = of["units"].as_array().expect("a list");
        list.iter()
            .map(|of| format!("{} {} {} {}", of["municipality"], of["period"], of["state"], of["delivery"]))
            .collect()
    };
    for (run, seen) in &seen.status {
        let then = status(place, &["--as-of", &run.to_string()]);
        assert_eq!(then["last_run"], seen["last_run"]);
        assert_eq!(then["indicators"], seen["indicators"], "after run {run}");
        // Which deliveries were refused for a while is not written down.
        if *run != 8 {
            assert_eq!((states(&then), units(&then)), (states(seen), units(seen)), "after run {run}");
        }
    }
    let text = place.expect(0, &["status", "--as-of", "2"]);
    assert!(text.contains("as it was known after run 2"), "{text}");
}
