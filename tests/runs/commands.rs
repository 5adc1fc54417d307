//! The commands as a user types them: what they print, and how they end.

use std::fs::File;

use crate::place::{Place, many};

#[test]
fn the_shipped_definitions_are_sound() {
    let place = Place::with_example();
    let out = place.expect(0, &["check"]);
    let indicators = format!("indicators {},", many("indicators"));
    assert!(out.starts_with("sound: ") && out.contains(&indicators), "{out}");
}

#[test]
fn a_wrong_definition_is_shown_with_its_place_and_nothing_runs() {
    let place = Place::with_example();
    let path = "definitions/indicators/finance/net_operating_expenditure.yaml";
    let text = std::fs::read_to_string(place.path(path)).expect("the definition");
    place.write(path, text.replace("sum(amount)", "sum(amuont)").replace("decimals: 2", "decimls: 2"));
    let said = place.musketer(&["check"]);
    assert_eq!(said.code, 1);
    for words in [
        "error[M2003]",
        "error[M1002]",
        "net_operating_expenditure.yaml:",
        "did you mean `amount`",
        "did you mean `decimals`",
    ] {
        assert!(said.err.contains(words), "`{words}` expected\n{}", said.err);
    }
    let json = place.musketer(&["check", "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert!(findings.as_array().is_some_and(|all| all.iter().any(|one| one["place"]["line"].as_u64() > Some(1))));
    let sarif = place.path("out.sarif");
    let target = format!("sarif:{}", sarif.display());
    let both = place.musketer(&["check", "--format", &target, "--format", "github"]);
    assert_eq!((both.code, both.err.as_str()), (1, ""));
    assert!(both.out.lines().all(|line| line.starts_with("::error file=")), "{}", both.out);
    let log: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&sarif).expect("a file was written")).expect("JSON");
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), findings.as_array().map(Vec::len));
    for wrong in [vec!["--format", "text", "--format", "json"], vec!["--format", "xml"], vec!["--format", "sarif:"]] {
        assert_eq!(place.musketer(&[vec!["check"], wrong].concat()).code, 2);
    }
    let example = place.expect(0, &["explain", "m2003"]);
    assert!(example.contains("What to do: ") && example.contains("error[M2003]: "), "{example}");
    assert_eq!(place.musketer(&["run"]).code, 2);
    assert!(!place.path("store/musketer.db").exists());
}

#[test]
fn a_figure_is_explained_down_to_the_raw_line() {
    let place = Place::after_example();
    let question = ["explain", "net_operating_expenditure", "--municipality", "0101", "--period", "2024-01"];
    let out = place.expect(0, &question);
    for words in [
        "0101 København in 2024-01",
        "formula: expenditure",
        "sum(amount) from finance_postings",
        "opus_finance/0101/0101_202401.csv",
    ] {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    let mut with_rows = question.to_vec();
    with_rows.extend(["--rows", "1000", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&place.expect(0, &with_rows)).expect("JSON");
    let rows = &value["rows"][0];
    let columns: Vec<&str> =
        rows["columns"].as_array().expect("columns").iter().filter_map(|name| name.as_str()).collect();
    let at = |name: &str| columns.iter().position(|known| *known == name).expect("a column");
    let amounts = rows["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row[at("amount")].as_str().expect("an amount").replace('.', "").parse::<i64>().expect("øre"));
    let sum: i64 = amounts.sum();
    let figure = value["value"].as_str().expect("a value").replace('.', "").parse::<i64>().expect("øre");
    assert_eq!(sum, figure, "the rows are those of the figure");
    // The line that is named is the line of the file.
    let first = &rows["rows"][0];
    let (file, line) = (first[at("_file")].as_str().expect("a file"), first[at("_line")].as_str().expect("a line"));
    let bytes = std::fs::read(place.path("drop").join(file)).expect("the file");
    let raw = bytes.split(|byte| *byte == b'\n').nth(line.parse::<usize>().expect("a number") - 1).expect("the line");
    let document = first[at("document")].as_str().expect("a document");
    assert!(String::from_utf8_lossy(raw).contains(document));

    let country = place.expect(0, &["explain", "population", "--municipality", "DK", "--period", "2024"]);
    assert!(country.contains("98 of 98 municipalities"), "{country}");
}

#[test]
fn questions_without_an_answer_say_what_there_is() {
    let place = Place::with_example();
    let said = place.musketer(&["status"]);
    assert!(said.code != 0 && said.err.contains("musketer run"), "{}", said.err);
    let place = Place::after_example();
    for (arguments, words) in [
        (&["explain", "nosuch", "--municipality", "0101", "--period", "2024"][..], "there are `administration"),
        (&["explain", "population", "--municipality", "9999", "--period", "2024"], "0751"),
        (&["explain", "population", "--municipality", "0101", "--period", "2024-01"], "figures by year"),
        (&["explain", "population", "--period", "2024"], "--municipality"),
        (&["run", "nosuch"], "`test`"),
        (&["export", "--format", "parquet"], "--output"),
        (&["rejects", "list", "--source", "nosuch"], "opus_finance"),
    ] {
        let said = place.musketer(arguments);
        assert_eq!(said.code, 2, "{arguments:?}\n{}{}", said.out, said.err);
        assert!(said.err.contains(words), "{arguments:?}: `{words}` expected\n{}", said.err);
    }
    assert_eq!(place.musketer(&["run", "--jobs", "0"]).code, 2);
    assert_eq!(place.musketer(&["frobnicate"]).code, 2);
}

#[test]
fn a_folder_without_a_project_says_what_to_do() {
    let empty = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_musketer"))
        .arg("run")
        .current_dir(empty.path())
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("musketer.yaml"));
}

#[test]
fn a_drop_folder_that_is_not_there_is_said() {
    let place = Place::with_uses("  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2024}\n");
    std::fs::remove_dir(place.path("drop")).expect("an empty folder");
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("drop") && said.err.contains("make the folder"), "{}", said.err);
}

#[test]
fn a_code_is_explained() {
    let place = Place::with_example();
    let out = place.expect(0, &["explain", "M5106"]);
    assert!(out.contains("CODE_UNKNOWN") && out.contains("What to do:"), "{out}");
    let said = place.musketer(&["explain", "M9999"]);
    assert!(said.code == 2 && said.err.contains("no code `M9999`"), "{}", said.err);
}

#[test]
fn one_run_at_a_time() {
    let place = Place::with_uses("  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2024}\n");
    std::fs::create_dir_all(place.path("drop")).expect("made");
    std::fs::create_dir_all(place.path("store")).expect("made");
    let lock = File::create(place.path("store/lock")).expect("a lock");
    lock.lock().expect("taken");
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("M7001"), "{}", said.err);
    drop(lock);
    assert_ne!(place.musketer(&["run", "--jobs", "1"]).code, 4);
}

#[test]
fn a_damaged_or_foreign_database_is_left_alone() {
    let place = Place::with_example();
    place.write("store/musketer.db", "this is no database, but somebody's notes\n".repeat(100));
    let before = std::fs::read(place.path("store/musketer.db")).expect("there");
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 70);
    assert!(said.err.contains("M6002"), "{}", said.err);
    assert_eq!(std::fs::read(place.path("store/musketer.db")).expect("there"), before);
}

#[test]
fn an_analyst_finds_wide_views() {
    let place = Place::after_example();
    let row = place.rows("SELECT area_title, \"2024\", \"2025\" FROM wide_population WHERE area = '0751'");
    assert_eq!(row[0][0], "Aarhus");
    assert!(row[0][1].parse::<f64>().is_ok_and(|value| value > 100_000.0), "{row:?}");
}
