//! What a run leaves for those who watch it: reports, the line for a mail, log lines, metrics, lineage.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, Read};

use serde_json::Value;

use crate::place::{Place, Said, shipped, tree};
use crate::web::{busy, ok, serve};

/// The uses of a small project: one municipality's pupils in two school years.
const PUPILS: &str = "  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2025}\n";

/// A small project with one delivery of the example.
pub(crate) fn small() -> Place {
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

pub(crate) fn parsed(text: &str) -> Value {
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
fn a_run_that_is_stopped_leaves_a_report_too() {
    let place = small();
    place.expect(0, &["run"]);
    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    let report = place.path("report.json").display().to_string();
    let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_musketer"))
        .args(["run", "--wait", "1h", "--report", &report])
        .current_dir(place.path(""))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    // It says that it waits when it listens to signals already.
    let mut said = std::io::BufReader::new(run.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    assert!(line.contains("waiting"), "{line}");
    let killed = std::process::Command::new("kill").args(["-TERM", &run.id().to_string()]).status();
    assert!(killed.expect("kill starts").success());
    assert_eq!(run.wait().expect("it ends").code(), Some(143));
    let found = read(&place, "report.json");
    assert_valid(&found);
    assert_eq!((&found["outcome"], &found["exit_code"]), (&"interrupted".into(), &143.into()));
    assert_eq!(found["error"]["code"], "M7010");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("the rest");
    assert_eq!(rest.lines().last(), found["summary"].as_str());
}

#[test]
fn what_people_decide_is_reported_like_a_run() {
    let place = small();
    let configuration = fs::read_to_string(place.path("musketer.yaml")).expect("the project");
    place.write("musketer.yaml", configuration + "observability: {metrics: musketer.prom}\n");
    place.expect(0, &["run"]);
    let night = fs::read(place.path("musketer.prom")).expect("metrics");
    let delivery = place.rows("SELECT delivery FROM delivery ORDER BY sequence")[0][0].clone();
    place.expect(0, &["retract", &delivery, "--reason", "the wrong year"]);
    let found = read(&place, "store/reports/latest.json");
    assert_valid(&found);
    assert_eq!((&found["command"], &found["run"]), (&"retract".into(), &2.into()));
    assert!(fs::read(place.path("musketer.prom")).expect("metrics") == night, "it says nothing about the nights");
}

#[test]
fn a_quiet_run_says_only_what_somebody_has_to_see_to() {
    let place = small();
    assert_eq!(place.musketer(&["run", "--quiet"]).err, "");
    correct_badly(&place);
    let said = place.musketer(&["run", "--quiet"]);
    assert!(said.err.starts_with("musketer test: partial (exit 3): "), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
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

/// Reads the text format of Prometheus as its specification has it and no looser: families one after the other, each with
/// help and type before its values, names and labels of their form, every value once.
fn metrics(text: &str) -> BTreeMap<String, String> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    assert!(text.ends_with('\n'), "the last line ends too");
    let (mut values, mut families) = (BTreeMap::new(), BTreeSet::new());
    let (mut helped, mut family) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help");
            assert!(is_name(name) && help.ends_with('.') && families.insert(name.to_owned()), "{line}");
            name.clone_into(&mut helped);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!(rest, format!("{helped} gauge"), "the type stands behind the help");
            family.clone_from(&helped);
        } else {
            let (key, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = key.strip_suffix('}').and_then(|key| key.split_once('{')).expect("labels");
            assert_eq!(name, family, "a value stands with its family");
            let mut rest = labels;
            let mut names = BTreeSet::new();
            while !rest.is_empty() {
                let (name, behind) = rest.split_once("=\"").expect("a label");
                assert!(is_name(name) && names.insert(name), "{line}");
                let end = behind.find('"').expect("an end");
                assert!(!behind[..end].contains(['\\', '\n']), "nothing here needs escaping: {line}");
                rest = behind[end + 1..].strip_prefix(',').unwrap_or(&behind[end + 1..]);
            }
            assert!(value.parse::<f64>().expect("a number").is_finite(), "{line}");
            let key = key.replace("pipeline=\"test\"", "").replace("{,", "{").replace("{}", "");
            assert!(values.insert(key, value.to_owned()).is_none(), "{line}");
        }
    }
    values
}

#[test]
fn metrics_say_when_it_last_went_well() {
    let place = small();
    let path = place.path("collector/musketer.prom").display().to_string();
    let found = || metrics(&fs::read_to_string(place.path("collector/musketer.prom")).expect("metrics"));
    place.expect(0, &["run", "--metrics", &path]);
    let first = found();
    assert_eq!(first["musketer_run_outcome{outcome=\"complete\"}"], "1");
    assert_eq!(first["musketer_run_exit_code"], "0");
    assert_eq!(first["musketer_run_last_success_timestamp_seconds"], first["musketer_run_timestamp_seconds"]);
    assert_eq!(first["musketer_units{state=\"done\"}"], "2");
    assert_eq!(first["musketer_run_deliveries{state=\"accepted\"}"], "2");
    let rows = |fate: &str| first[&format!("musketer_run_rows{{source=\"tabulex_pupils\",fate=\"{fate}\"}}")].clone();
    let sum = |fate: &str| place.number(&format!("SELECT rows_{fate} FROM run")).to_string();
    for fate in ["accepted", "rejected", "skipped"] {
        assert_eq!(rows(fate), sum(fate));
    }
    let figures = place.number("SELECT figures_new FROM run").to_string();
    assert_eq!(first["musketer_run_figures{change=\"new\"}"], figures);
    assert!(first["musketer_store_bytes{part=\"raw\"}"] != "0" && first["musketer_rejects_open"] != "0");

    // A refusal and a failure change all but the time of the last success.
    place.write(
        "collector/musketer.prom",
        fs::read_to_string(&path).expect("there").replace(
            &format!(
                "musketer_run_last_success_timestamp_seconds{{pipeline=\"test\"}} {}",
                first["musketer_run_timestamp_seconds"]
            ),
            "musketer_run_last_success_timestamp_seconds{pipeline=\"test\"} 1772330400",
        ),
    );
    correct_badly(&place);
    place.expect(3, &["run", "--metrics", &path]);
    assert_eq!(found()["musketer_run_last_success_timestamp_seconds"], "1772330400");
    assert_eq!(found()["musketer_deliveries{state=\"refused\"}"], "1");
    let before = fs::read(&path).expect("metrics");
    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    place.expect(4, &["run", "--metrics", &path]);
    assert!(fs::read(&path).expect("metrics") == before, "a run that found the store busy has no say");
    drop(lock);
    let configuration = fs::read_to_string(place.path("musketer.yaml")).expect("the project");
    place.write("musketer.yaml", format!("{configuration}observability: {{metrics: collector/musketer.prom}}\n"));
    place.write("definitions/datasets/broken.yaml", "kind: dataset\nid: other\n");
    place.expect(2, &["run"]);
    let failed = found();
    assert_eq!(failed["musketer_run_outcome{outcome=\"invalid\"}"], "1");
    assert_eq!(failed["musketer_run_last_success_timestamp_seconds"], "1772330400");
    assert!(!failed.keys().any(|key| key.starts_with("musketer_run_figures")), "no numbers where nothing was counted");
    assert_eq!(tree(&place.path("collector")).len(), 1, "nothing is left beside it");
}

/// Holds an event against what the specification of `OpenLineage` demands of it.
fn assert_event(event: &Value) {
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    assert!(text(&event["eventTime"]) && text(&event["producer"]) && text(&event["schemaURL"]), "{event:#}");
    assert!(["START", "COMPLETE", "ABORT", "FAIL"].contains(&event["eventType"].as_str().expect("a type")));
    assert_eq!(event["run"]["runId"].as_str().map(str::len), Some(36));
    assert!(text(&event["job"]["namespace"]) && text(&event["job"]["name"]));
    let mut facets = vec![&event["run"]["facets"], &event["job"]["facets"]];
    for (list, own) in [("inputs", "inputFacets"), ("outputs", "outputFacets")] {
        for dataset in event[list].as_array().expect("a list") {
            assert!(text(&dataset["namespace"]) && text(&dataset["name"]), "{dataset}");
            facets.extend(dataset.get(own));
        }
    }
    for facet in facets.into_iter().flat_map(|facets| facets.as_object().expect("facets").values()) {
        assert!(text(&facet["_producer"]) && text(&facet["_schemaURL"]), "{facet}");
    }
}

#[test]
fn lineage_tells_what_a_run_read_and_made() {
    let place = small();
    let path = place.path("lineage.ndjson").display().to_string();
    place.expect(0, &["run", "--lineage", &path]);
    place.write("definitions/datasets/broken.yaml", "kind: dataset\nid: other\n");
    place.expect(2, &["run", "--lineage", &path]);
    fs::remove_file(place.path("definitions/datasets/broken.yaml")).expect("it was there");
    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    place.expect(4, &["run", "--lineage", &path]);
    drop(lock);
    let events: Vec<Value> = fs::read_to_string(&path).expect("events").lines().map(parsed).collect();
    events.iter().for_each(assert_event);
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["eventType"].as_str()).collect();
    assert_eq!(kinds, ["START", "COMPLETE", "START", "FAIL", "START", "ABORT"]);
    for pair in events.chunks(2) {
        assert_eq!(pair[0]["run"]["runId"], pair[1]["run"]["runId"]);
    }
    let complete = &events[1];
    assert_eq!((&complete["job"]["name"], &complete["job"]["namespace"]), (&"test".into(), &"musketer".into()));
    let read = &complete["inputs"][0];
    assert_eq!(read["name"], "source.tabulex_pupils");
    let rows = place.number("SELECT rows_read FROM run");
    assert_eq!(read["inputFacets"]["inputStatistics"]["rowCount"].as_i64(), Some(rows));
    let pupils = complete["outputs"].as_array().expect("outputs").iter().find(|of| of["name"] == "indicator.pupils");
    let figures = place.number("SELECT count(*) FROM observation WHERE indicator = 'pupils'");
    assert_eq!(pupils.expect("pupils")["outputFacets"]["outputStatistics"]["rowCount"].as_i64(), Some(figures));
    assert_eq!(events[3]["outputs"], Value::Array(Vec::new()));
    let message = events[3]["run"]["facets"]["errorMessage"]["message"].as_str().expect("a message");
    assert!(message.starts_with('M'), "{message}");
}

#[test]
fn a_service_for_lineage_that_fails_is_a_warning() {
    let place = small();
    let (url, server) = serve(vec![ok(b""), busy()]);
    let said = place.musketer_with(&["run", "--lineage", &url], ("OPENLINEAGE_API_KEY", "secret-key"));
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("warning: ") && said.err.contains("status 503"), "{}", said.err);
    assert!(!said.err.contains("secret-key"), "{}", said.err);
    let requests = server.join().expect("served");
    for (request, kind) in requests.iter().zip(["START", "COMPLETE"]) {
        assert!(
            request.starts_with("post /v1/data") && request.contains("authorization: bearer secret-key"),
            "{request}"
        );
        let event = parsed(request.split_once("\r\n\r\n").expect("a body").1);
        assert_event(&event);
        assert_eq!(event["eventType"], kind);
    }
    let said = place.musketer(&["run", "--lineage", "http://lineage.example.org/"]);
    assert!(said.code == 0 && said.err.contains("not encrypted"), "{}", said.err);
}

/// Needs the feature: `cargo test --workspace --features musketer-cli/otlp --test runs -- collector`.
#[cfg(feature = "otlp")]
#[test]
fn a_collector_is_told_of_a_run_as_a_trace_and_metrics() {
    let place = small();
    let (url, server) = serve(vec![ok(b"{}"), ok(b"{}")]);
    let endpoint = url.strip_suffix("/v1/data").expect("the server's path").to_owned();
    let said = place.musketer_with(&["run", "--quiet"], ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let requests = server.join().expect("served");
    let body = |at: usize, path: &str| {
        let (head, body) = requests[at].split_once("\r\n\r\n").expect("a body");
        assert!(
            head.starts_with(&format!("post {path} ")) && head.contains("content-type: application/json"),
            "{head}"
        );
        parsed(body)
    };
    let (traces, numbers) = (body(0, "/v1/traces"), body(1, "/v1/metrics"));
    let name = &traces["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!((&name["key"], &name["value"]["stringValue"]), (&"service.name".into(), &"musketer".into()));
    let report = read(&place, "store/reports/latest.json");
    let trace = report["run_id"].as_str().expect("an id").replace('-', "");
    let spans = traces["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans");
    let (roots, below): (Vec<&Value>, Vec<&Value>) = spans.iter().partition(|span| span["parentSpanId"].is_null());
    assert_eq!((roots.len(), &roots[0]["name"]), (1, &"run".into()));
    let has = |span: &Value, key: &str, value: &Value| {
        let attributes = span["attributes"].as_array().expect("attributes");
        assert!(attributes.iter().any(|one| one["key"] == key && &one["value"] == value), "{key}: {span:#}");
    };
    has(roots[0], "musketer.outcome", &serde_json::json!({"stringValue": "complete"}));
    has(roots[0], "musketer.run", &serde_json::json!({"intValue": "1"}));
    let mut ids = BTreeSet::new();
    for span in spans {
        assert_eq!(span["traceId"], trace);
        let id = span["spanId"].as_str().expect("an id");
        assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && ids.insert(id), "{id}");
        let time = |key: &str| span[key].as_str().and_then(|time| time.parse::<u128>().ok()).expect("a time");
        assert!(time("startTimeUnixNano") <= time("endTimeUnixNano"));
    }
    assert!(below.len() >= 2 && below.iter().all(|span| span["parentSpanId"] == roots[0]["spanId"]), "{spans:#?}");
    for span in below {
        assert_eq!(span["name"], "delivery");
        has(span, "musketer.source", &serde_json::json!({"stringValue": "tabulex_pupils"}));
    }
    let numbers = numbers["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().expect("metrics").clone();
    let exit = numbers.iter().find(|metric| metric["name"] == "musketer_run_exit_code").expect("the exit code");
    assert_eq!(exit["gauge"]["dataPoints"][0]["asDouble"].as_f64(), Some(0.0));
    assert!(numbers.iter().any(|metric| metric["name"] == "musketer_units"), "what the store says is among them");

    // Whoever is not told is a warning.
    let (url, server) = serve(vec![busy()]);
    let endpoint = url.strip_suffix("/v1/data").expect("the server's path").to_owned();
    let said = place.musketer_with(&["run"], ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint));
    assert!(said.code == 0 && said.err.contains("warning: ") && said.err.contains("503"), "{}", said.err);
    drop(server.join());
}
