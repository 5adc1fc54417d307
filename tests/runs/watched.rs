//! What a run leaves for those who watch it: reports, the line for a mail, log lines.

use std::collections::BTreeSet;
use std::fs::{self, File};

use serde_json::Value;

use crate::place::{Place, Said, shipped, tree};

/// The uses of a small project: one municipality's pupils in two school years.
const PUPILS: &str = "  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2025}\n";

/// A small project with one delivery of the example.
fn small() -> Place {
    let place = Place::with_uses(PUPILS);
    for (name, bytes) in tree(&crate::place::example().join("deliveries")) {
        if name.contains("tabulex") && name.contains("0101") {
            place.write(&format!("drop/{name}"), bytes);
        }
    }
    place
}

/// Delivers a correction that is none.
fn correct_badly(place: &Place) {
    let name = tree(&place.path("drop")).into_keys().find(|name| name.contains("elever_")).expect("a delivery");
    place.write(&format!("drop/{}", name.replace(".csv", "_v2.csv")), "neither;header\nnor;rows\n");
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn read(place: &Place, path: &str) -> Value {
    parsed(&fs::read_to_string(place.path(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// Holds a report against the schema that is published.
fn assert_valid(report: &Value) {
    let path = shipped().join("schemas/run-report.json");
    let schema = parsed(&fs::read_to_string(path).expect("the schema"));
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("run-report.json", schema.clone()).expect("a schema");
    let compiled = compiler.compile("run-report.json", &mut schemas).expect("it compiles");
    if let Err(error) = schemas.validate(report, compiled) {
        panic!("{error:#}\n{report:#}");
    }
    // The schema lets unknown keys pass, for readers of later reports; those of today all stand in it.
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(report), keys(&schema["properties"]));
    for (list, name) in [("deliveries", "delivery"), ("sources", "source"), ("indicators", "indicator")] {
        let items: Vec<&Value> = match &report[list] {
            Value::Array(items) => items.iter().collect(),
            Value::Object(items) => items.values().collect(),
            other => panic!("{list}: {other}"),
        };
        for item in items {
            assert_eq!(keys(item), keys(&schema["$defs"][name]["properties"]));
        }
    }
}

/// The last line that was said, and that it is what the report has.
fn assert_line(said: &Said, report: &Value) {
    let line = said.err.lines().last().expect("a line");
    assert_eq!(line, report["summary"], "{}", said.err);
    assert!(line.contains(&format!("(exit {})", said.code)), "{line}");
}

#[test]
fn every_end_of_a_run_leaves_a_report() {
    let place = small();
    let report = place.path("out/report.json").display().to_string();
    let summary = place.path("out/summary.txt").display().to_string();
    let asked = ["run", "--report", &report, "--summary", &summary];
    let mut names = BTreeSet::new();
    let mut ends = |code: i32, outcome: &str, latest: bool| {
        let said = place.musketer(&asked);
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        let found = read(&place, "out/report.json");
        assert_valid(&found);
        assert_line(&said, &found);
        assert_eq!((found["outcome"].as_str(), found["exit_code"].as_i64()), (Some(outcome), Some(i64::from(code))));
        let line = fs::read_to_string(place.path("out/summary.txt")).expect("the line");
        assert_eq!(line, format!("{}\n", found["summary"].as_str().expect("a text")));
        // Beside the store lie the same bytes, one file a run, and the latest.
        let reports = tree(&place.path("store/reports"));
        let fresh: Vec<&String> = reports.keys().filter(|name| !names.contains(*name)).collect();
        let id = found["run_id"].as_str().expect("an id");
        let own = reports.iter().find(|(name, _)| name.ends_with(&format!("-{}.json", &id[id.len() - 12..])));
        assert_eq!(parsed(&String::from_utf8_lossy(own.expect("a report of its own").1)), found, "{fresh:?}");
        assert_eq!(read(&place, "store/reports/latest.json") == found, latest, "{outcome}");
        names.extend(reports.into_keys());
        found
    };
    let first = ends(0, "complete", true);
    assert_eq!((first["run"].as_i64(), first["error"].is_null()), (Some(1), true));
    let nothing = ends(0, "nothing_new", true);
    assert!(nothing["run"].is_null() && nothing["run_id"] != first["run_id"], "{nothing}");

    place.write("drop/notes.txt", "nobody expects this\n");
    correct_badly(&place);
    let partial = ends(3, "partial", true);
    assert!(partial["deliveries"][0]["refusal"]["code"].is_string(), "{partial:#}");

    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    let busy = ends(4, "busy", false);
    assert_eq!(busy["error"]["code"], "M7001");
    drop(lock);

    let database = fs::read(place.path("store/musketer.db")).expect("the database");
    place.write("store/musketer.db", "no database");
    assert_eq!(ends(70, "failed", true)["error"]["code"], "M6002");
    place.write("store/musketer.db", database);

    place.write("definitions/datasets/broken.yaml", "kind: dataset\nid: other\n");
    let invalid = ends(2, "invalid", true);
    let findings = invalid["error"]["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|found| found["place"] == "definitions/datasets/broken.yaml:2:5"), "{invalid:#}");
}

#[test]
fn where_there_is_no_project_the_line_is_said_all_the_same() {
    let empty = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_musketer"))
        .args(["run", "nightly", "--report", "report.json"])
        .current_dir(empty.path())
        .output()
        .expect("it starts");
    let text = fs::read_to_string(empty.path().join("report.json")).expect("a report");
    let report = parsed(&text);
    assert_valid(&report);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().last(), report["summary"].as_str());
    assert!(said.contains("musketer nightly: invalid (exit 2): M"), "{said}");
    assert_eq!(fs::read_dir(empty.path()).expect("a folder").count(), 1, "and nothing else");
}

#[test]
fn reports_can_be_left_out_and_a_broken_configuration_leads_nowhere() {
    let place = small();
    let configuration = fs::read_to_string(place.path("musketer.yaml")).expect("the project");
    place.write("musketer.yaml", format!("{configuration}observability: {{reports: false}}\n"));
    place.expect(0, &["run"]);
    assert!(!place.path("store/reports").exists());
    place.write("musketer.yaml", format!("{configuration}stor: elsewhere\n"));
    assert_eq!(place.musketer(&["run"]).code, 2);
    assert!(!place.path("store/reports").exists());
    place.write("musketer.yaml", &configuration);
    let said = place.musketer(&["run", "--report", "/proc/nowhere/report.json"]);
    assert_eq!(said.code, 70, "what cannot be written is said before: {}", said.err);
    // A report that cannot be kept changes nothing of the run.
    place.write("store/reports", "a file in the way");
    let said = place.musketer(&["run"]);
    assert!(said.code == 0 && said.err.contains("warning: "), "{}", said.err);
    assert!(said.err.lines().last().is_some_and(|line| line.starts_with("musketer test: ")), "{}", said.err);
}

#[test]
fn log_lines_say_which_run_and_which_delivery() {
    let place = small();
    correct_badly(&place);
    let said = place.musketer(&["run", "-vv", "--log-format", "json"]);
    assert_eq!(said.code, 3, "{}", said.err);
    let id = read(&place, "store/reports/latest.json")["run_id"].clone();
    let lines: Vec<Value> = said.err.lines().filter(|line| line.starts_with('{')).map(parsed).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        assert_eq!((&line["spans"][0]["name"], &line["spans"][0]["run_id"]), (&"run".into(), &id), "{line}");
        assert_eq!(line["spans"][0]["pipeline"], "test");
    }
    let read: Vec<&Value> = lines.iter().filter(|line| line["fields"]["message"] == "reading").collect();
    assert_eq!(read.len(), 3, "two deliveries and the correction: {}", said.err.lines().count());
    for line in read {
        let span = &line["span"];
        assert_eq!(span["name"], "delivery");
        assert_eq!((&span["source"], &span["municipality"]), (&"tabulex_pupils".into(), &"0101".into()), "{line}");
        assert!(span["delivery"].is_string() && span["period"].is_string(), "{line}");
    }
    let text = place.musketer(&["run", "-v"]).err;
    assert!(text.contains("run{run_id=") && text.contains("nothing new"), "{text}");
}
