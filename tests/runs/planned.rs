//! Plans: what is said before a run is what the run does, or nothing is done.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::place::{Place, Said, shipped, tree};

const USES: &str = "  - {source: statbank_population, municipalities: all, from: 2023, to: 2025}\n";
const POPULATION: &str = "definitions/indicators/population/population.yaml";

/// The population of two municipalities on a day.
fn deliver(place: &Place, year: u32, persons: u32) {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n".to_owned();
    for (municipality, sex) in [(101, "TOT"), (147, "TOT"), (101, "2")] {
        text += &format!("{municipality};{sex};30;{year}K1;{persons}\r\n");
    }
    place.write(&format!("drop/statbank/folk1a_{year}.csv"), text);
}

fn project() -> Place {
    let place = Place::with_uses(USES);
    deliver(&place, 2023, 100);
    deliver(&place, 2024, 110);
    place
}

fn after_run() -> Place {
    let place = project();
    place.expect(0, &["run"]);
    place
}

fn change(place: &Place, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(place.path(path)).expect("a definition");
    assert!(text.contains(from), "{path} has no `{from}`");
    place.write(path, text.replace(from, to));
}

/// The plan as JSON, held against its schema.
fn plan(place: &Place) -> Value {
    let value: Value = serde_json::from_str(&place.expect(0, &["plan", "--format", "json"])).expect("JSON");
    let path = shipped().join("schemas/plan.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).expect("the schema")).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("plan.json", schema.clone()).expect("a schema");
    let compiled = compiler.compile("plan.json", &mut schemas).expect("it compiles");
    if let Err(error) = schemas.validate(&value, compiled) {
        panic!("{error:#}\n{value:#}");
    }
    let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&value), keys(&schema["properties"]), "every key stands in the schema");
    value
}

/// What is done with deliveries and series, and why.
fn actions(plan: &Value, list: &str) -> BTreeMap<String, Vec<String>> {
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in plan[list].as_array().expect("a list") {
        let cause = |cause: &Value| {
            format!("{} {}", cause["kind"].as_str().expect("a kind"), cause["id"].as_str().expect("an id"))
        };
        let because: Vec<String> = one["because"].as_array().expect("a list").iter().map(cause).collect();
        let name = one.get("name").or(one.get("series")).and_then(Value::as_str).expect("a name");
        let action = one["action"].as_str().expect("an action");
        actions.entry(action.to_owned()).or_default().push(format!("{name}: {}", because.join(", ")));
    }
    actions
}

/// Every file of the store with its bytes. Reading makes and empties the files of the write-ahead log.
fn store(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(&place.path("store"));
    files.retain(|name, _| !name.ends_with("-wal") && !name.ends_with("-shm"));
    files
}

#[test]
fn a_plan_says_what_a_run_does_and_writes_nothing() {
    let place = Place::with_uses(USES);
    fs::remove_dir_all(place.path("keys")).expect("removed");
    deliver(&place, 2023, 100);
    let said = place.musketer(&["plan", "--detailed-exitcode"]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(
        said.out.lines().next().is_some_and(|line| line.contains("pipeline `test`") && line.contains("/store on "))
    );
    assert!(
        said.out.contains("nothing has been published there yet") && said.out.contains("time: unknown"),
        "{}",
        said.out
    );
    assert!(said.err.contains("the run makes a new one"), "{}", said.err);
    assert!(!place.path("store").exists() && !place.path("keys").exists(), "nothing is made");

    let place = after_run();
    let before = store(&place);
    let said = place.musketer(&["plan", "--detailed-exitcode"]);
    assert_eq!((said.code, said.out.contains("nothing to do")), (0, true), "{}", said.out);
    deliver(&place, 2024, 111);
    deliver(&place, 2025, 120);
    place.write("drop/statbank/folk1a_2022.csv", "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n");
    place.write("drop/other.txt", "x");
    let planned = plan(&place);
    let deliveries = actions(&planned, "deliveries");
    assert_eq!(deliveries["new"], ["statbank/folk1a_2025.csv: "]);
    assert_eq!(deliveries["correction"], ["statbank/folk1a_2024.csv: "]);
    assert_eq!(deliveries["refused"], ["statbank/folk1a_2022.csv: "]);
    assert!(actions(&planned, "indicators")["touched"].contains(&"population: deliveries population".to_owned()));
    assert_eq!((&planned["rows"]["number"], &planned["rows"]["estimated"]), (&8.into(), &true.into()));
    assert!(planned["estimated_milliseconds"].as_u64().is_some_and(|time| time > 0));
    assert_eq!(planned["unknown_files"], serde_json::json!(["other.txt"]));
    let text = place.musketer(&["run", "--dry-run", "--verbose"]).out;
    for words in ["about 8", "will be refused [M8011]", "takes the place of statbank/folk1a_2024.csv", "other.txt"] {
        assert!(text.contains(words), "`{words}` expected\n{text}");
    }
    assert_eq!(store(&place), before, "nothing is written");
}

#[test]
fn what_changed_is_named_and_nothing_else_is_done() {
    let place = after_run();
    // Texts alone.
    change(&place, POPULATION, "Population on 1 January", "Inhabitants on 1 January");
    let planned = plan(&place);
    assert_eq!(
        actions(&planned, "indicators"),
        BTreeMap::from([("texts".to_owned(), vec!["population: ".to_owned()])])
    );
    assert_eq!((&planned["deliveries_read"], &planned["pending"]), (&0.into(), &true.into()));
    let text = place.expect(0, &["plan"]);
    assert!(text.contains("texts only: nothing is computed"), "{text}");
    let report: Value = serde_json::from_str(&place.expect(0, &["run", "--format", "json"])).expect("JSON");
    assert_eq!(report["indicators"], serde_json::json!({}), "nothing was computed");

    // One formula.
    change(&place, POPULATION, "formula: persons", "formula: persons + persons");
    let all = || BTreeMap::from([("all".to_owned(), vec!["population: indicator population".to_owned()])]);
    let planned = plan(&place);
    assert_eq!(actions(&planned, "indicators"), all());
    assert_eq!(planned["definitions"].as_array().map(Vec::len), Some(1));
    let report: Value = serde_json::from_str(&place.expect(0, &["run", "--format", "json"])).expect("JSON");
    let computed: Vec<&String> = report["indicators"].as_object().expect("an object").keys().collect();
    assert_eq!(computed, ["population"]);

    // A code list, and with it all that is read by it.
    change(&place, "definitions/codelists/sex.csv", "I alt|Total", "I alt|Total|Alle");
    let planned = plan(&place);
    assert_eq!(
        actions(&planned, "deliveries")["definition"],
        ["statbank/folk1a_2023.csv: codelist sex", "statbank/folk1a_2024.csv: codelist sex"]
    );
    assert_eq!((&planned["rows"]["number"], &planned["rows"]["estimated"]), (&8.into(), &false.into()));
    let text = place.expect(0, &["plan"]);
    assert!(text.contains("read again: code list sex has changed"), "{text}");
    place.expect(0, &["run"]);

    // Uses.
    change(&place, "pipelines/test.yaml", "to: 2025", "to: 2026");
    let planned = plan(&place);
    assert!(
        actions(&planned, "deliveries")["definition"].iter().all(|one| one.ends_with(": pipeline test")),
        "{planned:#}"
    );
    place.expect(0, &["run"]);
    place.expect_nothing_new();

    change(&place, POPULATION, "formula: persons + persons", "formula: nobody");
    let said = place.musketer(&["plan", "--detailed-exitcode"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("error[M2007]"), "{}", said.err);
}

/// Something that happens to a project.
type Event = fn(&Place);

/// Makes a plan, lets something happen, and applies it.
fn applied_after(happens: impl FnOnce(&Place)) -> (Place, Said) {
    let place = after_run();
    deliver(&place, 2025, 120);
    let plan = place.path("plan.json").display().to_string();
    place.expect(5, &["plan", "--detailed-exitcode", "--output", &plan]);
    happens(&place);
    let said = place.musketer(&["apply", &plan]);
    (place, said)
}

#[test]
fn a_plan_is_carried_out_as_it_was_made() {
    let (place, said) = applied_after(|_| {});
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert_eq!(place.rows("SELECT command FROM run ORDER BY run"), [["run"], ["apply"]]);
    place.expect_nothing_new();
    let other = after_run();
    deliver(&other, 2025, 120);
    other.expect(0, &["run"]);
    let queries = [
        "SELECT source, municipality, period, delivery, reading_fingerprint, rows, part, run FROM unit ORDER BY 1, 2, 3",
        "SELECT indicator, area, period, breakdown, value_exact, obs_status, known_from_run FROM observation ORDER BY 1, 2, 3, 4",
        "SELECT delivery, state, sequence, rows_read FROM delivery ORDER BY sequence",
    ];
    for sql in queries {
        assert_eq!(place.rows(sql), other.rows(sql), "{sql}");
    }
    // Once is enough.
    let plan = place.path("plan.json").display().to_string();
    let said = place.musketer(&["apply", &plan]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("the latest was run 1, now it is run 2"), "{}", said.err);
}

#[test]
fn a_plan_that_has_been_overtaken_is_refused() {
    let cases: [(&str, Event); 6] = [
        ("now it would have to do with statbank/folk1a_2024.csv", |place| deliver(place, 2024, 111)),
        ("it had to do with statbank/folk1a_2025.csv", |place| {
            fs::remove_file(place.path("drop/statbank/folk1a_2025.csv")).expect("removed");
        }),
        ("the latest was run 1, now it is run 2", |place| {
            place.expect(0, &["run"]);
        }),
        ("the definitions have changed", |place| change(place, POPULATION, "on 1 January,", "on New Year's Day,")),
        ("it was made by version 0.0.1", |place| {
            change(place, "plan.json", "\"engine_version\": \"", "\"engine_version\": \"0.0.1\", \"was\": \"");
            change(place, "plan.json", "\"fingerprint\": \"", "\"fingerprint\": \"0");
        }),
        ("it was made for the store", |place| change(place, "musketer.yaml", "store: store", "store: elsewhere")),
    ];
    for (words, happens) in cases {
        let (place, said) = applied_after(happens);
        assert_eq!(said.code, 2, "{words}: {}{}", said.out, said.err);
        assert!(said.err.contains("error[M7020]") && said.err.contains(words), "`{words}` expected\n{}", said.err);
        let runs = if words.contains("run 2") { 2 } else { 1 };
        assert_eq!(place.number("SELECT count(*) FROM run"), runs, "{words}");
    }
}

#[test]
fn what_is_no_plan_is_refused() {
    let place = project();
    let said = place.musketer(&["apply", &place.path("plan.json").display().to_string()]);
    assert!(said.code == 2 && said.err.contains("error[M7021]: there is no file"), "{}", said.err);
    for (text, words) in [
        ("", "is no plan"),
        ("{}", "schema_version"),
        ("{\"schema_version\": 99}", "has the layout 99 of plans"),
        ("{\"schema_version\": 1}", "is no plan"),
    ] {
        place.write("plan.json", text);
        let said = place.musketer(&["apply", &place.path("plan.json").display().to_string()]);
        assert_eq!(said.code, 2, "{text}");
        assert!(said.err.contains("error[M7021]") && said.err.contains(words), "{}", said.err);
    }
    assert!(!place.path("store").exists());
}

#[test]
fn what_is_taken_back_or_comes_back_is_said() {
    let place = after_run();
    deliver(&place, 2024, 111);
    place.expect(0, &["run"]);
    // The vendor puts the first file back: it holds again.
    deliver(&place, 2024, 110);
    assert_eq!(actions(&plan(&place), "deliveries")["returned"], ["statbank/folk1a_2024.csv: "]);
    place.expect(0, &["run"]);
    assert!(plan(&place)["deliveries"].as_array().is_some_and(Vec::is_empty));
    // Rows that are gone are read again.
    place.database().execute_batch("DELETE FROM unit WHERE period = '2023'").expect("deleted");
    assert_eq!(actions(&plan(&place), "deliveries")["lost"], ["statbank/folk1a_2023.csv: "]);
}
