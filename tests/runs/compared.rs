//! `musketer diff`: the definitions compared with a revision or a folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::{Place, copy, example, tree};

const SHARE: &str = "definitions/indicators/population/share_67plus.yaml";

/// Git, as somebody without any configuration of their own would start it.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.dk", "-c", "commit.gpgsign=false"])
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is there");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn commit(folder: &Path) {
    if !folder.join(".git").exists() {
        git(folder, &["init", "--quiet", "--initial-branch", "main"]);
    }
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "A state of the definitions"]);
}

/// The shipped definitions, all of them sound.
fn sound() -> Place {
    Place::with_uses("  - {source: opus_finance, municipalities: ['0101'], from: 2024-01}\n")
}

/// The shipped definitions in a repository of their own, committed.
fn repository() -> Place {
    let place = sound();
    commit(&place.path(""));
    place
}

fn text(place: &Place, file: &str) -> String {
    fs::read_to_string(place.path(file)).expect(file)
}

/// Changes a file; the text must be there.
fn edit(place: &Place, file: &str, from: &str, to: &str) {
    let before = text(place, file);
    assert!(before.contains(from), "{file} has no {from:?}");
    place.write(file, before.replacen(from, to, 1));
}

#[test]
fn a_breaking_change_needs_a_new_version_or_a_reason() {
    let place = repository();
    let out = place.expect(0, &["diff", "--against", "main"]);
    assert!(out.starts_with("compared with main (") && out.ends_with("\nnothing has changed\n"), "{out}");
    let old = text(&place, SHARE);
    edit(&place, SHARE, "age >= 67", "age >= 66");
    edit(&place, SHARE, "kind: indicator", "# A comment.\nkind: indicator");
    let status = git(&place.path(""), &["status", "--porcelain"]);
    let said = place.musketer(&["diff", "--against", "main"]);
    assert_eq!(said.code, 1, "{}", said.err);
    for words in [
        "error[INDICATOR_MEASURE_FILTER_CHANGED]: indicator `share_67plus` measures.elderly.where: `",
        "figures change without a new version: share_67plus",
        "share_67plus.yaml:",
        "before: main:definitions/indicators/population/share_67plus.yaml:",
        "help: raise `version`",
    ] {
        assert!(said.err.contains(words), "`{words}` expected\n{}", said.err);
    }
    assert!(said.out.ends_with("\n1 change: 1 breaking; 1 must not stand as it is\n"), "{}", said.out);
    assert_eq!(git(&place.path(""), &["status", "--porcelain"]), status, "nothing is checked out");

    let lines = place.expect(1, &["diff", "--against", "main", "--exceptions"]);
    assert!(lines.starts_with("exceptions:\n  - rule: INDICATOR_MEASURE_FILTER_CHANGED\n"), "{lines}");
    let project = text(&place, "musketer.yaml");
    place.write("musketer.yaml", format!("{project}{lines}"));
    assert_eq!(place.musketer(&["check"]).code, 1, "a reason is demanded");
    place.write("musketer.yaml", project.clone() + &lines.replace("reason: ''", "reason: nothing was published yet"));
    let out = place.expect(0, &["diff", "--against", "main"]);
    assert!(out.contains("    let pass: nothing was published yet\n"), "{out}");
    place.write("musketer.yaml", &project);

    edit(&place, SHARE, "version: 1", "version: 2");
    place.expect(1, &["diff", "--against", "main"]);
    edit(
        &place,
        SHARE,
        "version: 2\nvalid: {from: 2007}",
        "version: 2\nvalid: {from: 2025}\nsupersedes: share_67plus@1",
    );
    place.write(&SHARE.replace(".yaml", "@1.yaml"), old);
    let out = place.expect(0, &["diff", "--against", "main"]);
    assert!(out.contains("with a new version: share_67plus") && out.contains("INDICATOR_VERSION_RAISED"), "{out}");
    assert_eq!(place.expect(0, &["diff", "--against", "main", "--quiet"]), "");
    let out = place.expect(0, &["explain", "INDICATOR_VERSION_RAISED"]);
    assert!(out.contains("effective dated"), "{out}");
}

#[test]
fn changes_are_written_for_programs() {
    let place = repository();
    edit(&place, SHARE, "age >= 67", "age >= 66");
    edit(&place, "definitions/codelists/sex.yaml", "title: {da: ", "title: {da: Nyt ");
    let target = |format: &str| format!("{format}:{}", place.path(&format!("out.{format}")).display());
    let targets = ["sarif", "gitlab", "junit", "json", "text"].map(target);
    let mut arguments = vec!["diff", "--against", "HEAD", "--format", "github"];
    arguments.extend(targets.iter().flat_map(|target| ["--format", target]));
    let said = place.musketer(&arguments);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    assert!(
        said.out.starts_with("::error file=definitions/indicators/population/share_67plus.yaml,line="),
        "{}",
        said.out
    );
    assert!(said.out.contains(",title=INDICATOR_MEASURE_FILTER_CHANGED::"), "{}", said.out);
    let read = |format: &str| text(&place, &format!("out.{format}"));
    let parsed = |format: &str| serde_json::from_str::<Value>(&read(format)).expect("JSON");
    follows_the_schema(&parsed("sarif"));
    let results = &parsed("sarif")["runs"][0]["results"];
    assert_eq!(results[0]["ruleId"], "INDICATOR_MEASURE_FILTER_CHANGED");
    assert_eq!(parsed("gitlab")[0]["check_name"], "INDICATOR_MEASURE_FILTER_CHANGED");
    assert!(read("junit").contains("type=\"INDICATOR_MEASURE_FILTER_CHANGED\""), "{}", read("junit"));
    assert!(read("text").contains("error[INDICATOR_MEASURE_FILTER_CHANGED]"), "{}", read("text"));
    let json = parsed("json");
    assert_eq!((&json["counts"]["breaking"], &json["counts"]["text_only"]), (&1.into(), &1.into()));
    let change = &json["changes"][0];
    assert_eq!((&change["category"], &change["finding"]), (&"breaking".into(), &true.into()));
    assert_eq!(change["unversioned"], serde_json::json!(["share_67plus"]));
    assert_eq!(change["place"]["line"], change["earlier"]["line"]);
}

#[test]
fn failed_tests_are_written_for_programs_too() {
    let place = Place::with_uses("");
    edit(&place, "definitions/indicators/school/pupils_per_class.yaml", "0751;2025;2.0;4;2;A", "0751;2025;2.5;4;2;A");
    let target = |format: &str| format!("{format}:{}", place.path(&format!("out.{format}")).display());
    let targets = ["sarif", "gitlab"].map(target);
    let said = place.musketer(&["test", "--format", &targets[0], "--format", &targets[1], "--format", "github"]);
    assert_eq!((said.code, said.err.as_str()), (1, ""));
    let expected = "::error file=definitions/indicators/school/pupils_per_class.yaml,line=40,title=TEST_FAILED::test `";
    assert!(said.out.starts_with(expected) && said.out.contains("value  expected 2.5, found 2.0"), "{}", said.out);
    let log: Value = serde_json::from_str(&text(&place, "out.sarif")).expect("JSON");
    follows_the_schema(&log);
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "TEST_FAILED");
    let issues: Value = serde_json::from_str(&text(&place, "out.gitlab")).expect("JSON");
    assert_eq!(issues[0]["location"]["lines"]["begin"], 40);
    assert_eq!(place.musketer(&["test", "--format", "text", "--format", "json"]).code, 2);
}

fn follows_the_schema(log: &Value) {
    let schema = crate::place::shipped().join("tests/schemas/sarif-2.1.0.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(schema).expect("the schema")).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("sarif.json", schema).expect("a resource");
    let schema = compiler.compile("sarif.json", &mut schemas).expect("a schema");
    schemas.validate(log, schema).unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn a_project_in_a_folder_of_the_repository_is_compared_and_so_is_a_folder() {
    let place = sound();
    let whole = tempfile::tempdir().expect("a folder");
    let (data, copied) = (whole.path().join("data"), whole.path().join("copy"));
    copy(&place.path(""), &data);
    commit(whole.path());
    copy(&data, &copied);
    let share = data.join(SHARE);
    let changed = fs::read_to_string(&share).expect("there").replace("age >= 67", "age >= 66");
    fs::write(&share, changed).expect("written");
    let (data, copied) = (data.display().to_string(), copied.display().to_string());
    for against in ["HEAD", "main", &copied] {
        let out = place.expect(1, &["diff", "--project", &data, "--against", against]);
        assert!(out.contains("1 change: 1 breaking"), "{against}: {out}");
    }
    let said = place.musketer(&["diff", "--project", &copied, "--against", "HEAD"]);
    assert_eq!(said.code, 2, "it is not in the revision");
    assert!(said.err.contains("error[M7008]"), "{}", said.err);
}

#[test]
fn what_cannot_be_compared_with_is_said() {
    let place = repository();
    for odd in ["nosuch", "--output=x", "-x", "HEAD:musketer.yaml", "HEAD^{tree}", "", "main..main", "@{-1}", "a\nb"] {
        let said = place.musketer(&["diff", &format!("--against={odd}")]);
        assert_eq!(said.code, 2, "{odd}: {}", said.err);
        assert!(said.err.contains("error[M7008]") || odd.is_empty(), "{odd}: {}", said.err);
    }
    assert!(!place.path("x").exists(), "nothing is taken for an option");
    let said = place.musketer_with(&["diff", "--against", "main"], ("PATH", "/nowhere"));
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("error[M7009]: `git` cannot be started"), "{}", said.err);
    let alone = Place::with_uses("");
    let said = alone.musketer(&["diff", "--against", "main"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("error[M7009]") && said.err.contains("not a git repository"), "{}", said.err);
}

#[test]
fn a_side_with_mistakes_is_said_and_not_compared() {
    let place = repository();
    edit(&place, SHARE, "decimals: 1", "decimls: 1");
    let said = place.musketer(&["diff", "--against", "main"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("error[M1002]") && said.err.contains("definitions of this project"), "{}", said.err);
    commit(&place.path(""));
    edit(&place, SHARE, "decimls: 1", "decimals: 1");
    let said = place.musketer(&["diff", "--against", "main"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("error[M1002]") && said.err.contains("definitions of main ("), "{}", said.err);
    place.expect(0, &["diff", "--against", "main~1"]);
}

/// Population and nothing else, after a run.
fn with_figures() -> Place {
    let place = Place::with_uses("  - {source: statbank_population, municipalities: all, from: 2024, to: 2025}\n");
    for (name, bytes) in tree(&example().join("deliveries")).into_iter().filter(|(name, _)| name.contains("folk1a")) {
        place.write(&format!("drop/{name}"), bytes);
    }
    place.expect(0, &["run"]);
    place
}

/// The published figures, as what `diff` says of one side: indicator, area, period, breakdown, value, status.
fn published(place: &Place) -> Vec<Vec<String>> {
    place.rows(
        "SELECT indicator, area, period, breakdown, coalesce(value_exact, ''), obs_status FROM latest_observation
         ORDER BY 1, 2, 3, 4",
    )
}

#[test]
fn the_figures_that_change_are_those_that_a_run_changes() {
    let place = with_figures();
    let old = tempfile::tempdir().expect("a folder");
    for part in ["definitions", "pipelines"] {
        copy(&place.path(part), &old.path().join(part));
    }
    fs::copy(place.path("musketer.yaml"), old.path().join("musketer.yaml")).expect("copied");
    let before = published(&place);
    edit(&place, SHARE, "age >= 67", "age >= 66");
    let (against, csv) = (old.path().display().to_string(), place.path("changes.csv").display().to_string());
    // Whoever reads the database may leave an empty journal beside it.
    let kept = || {
        let files = tree(&place.path("store")).into_iter();
        files.filter(|(name, _)| !name.ends_with("-wal") && !name.ends_with("-shm")).collect::<Vec<_>>()
    };
    let store = kept();
    let diff = ["diff", "--against", &against, "--values", "--csv", &csv, "--limit", "2"];
    let out = place.expect(1, &diff);
    assert!(kept() == store, "nothing is published");
    assert!(out.contains("figures, of the rows in the store: ") && out.contains("\nand "), "{out}");
    let json: Value =
        serde_json::from_str(&place.expect(1, &[&diff[..4], &["--format", "json"]].concat())).expect("JSON");
    let changes = text(&place, "changes.csv");
    let mut said: Vec<Vec<&str>> = changes.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(json["values"]["figures"].as_array().map(Vec::len), Some(said.len()));
    assert_eq!(json["values"]["indicators"][0]["indicator"], "share_67plus");

    place.expect(0, &["run"]);
    let after = published(&place);
    assert_eq!(before.len(), after.len());
    let mut changed: Vec<Vec<&str>> = Vec::new();
    for (old, new) in before.iter().zip(&after).filter(|(old, new)| old != new) {
        assert_eq!(old[..4], new[..4]);
        let [old_value, new_value] = [old, new].map(|row| row[4].as_str());
        let key = old[..4].iter().map(String::as_str);
        changed.push(key.chain(["1", "1", old_value, new_value, "", &old[5], &new[5]]).collect());
    }
    assert!(changed.len() > 100, "{}", changed.len());
    for row in &mut said {
        // Values have one decimal: the difference is checked in tenths.
        let tenths = |text: &str| text.replace('.', "").parse::<i64>().expect("a number");
        assert_eq!(tenths(row[7]) - tenths(row[6]), tenths(row[8]), "{row:?}");
        row[8] = "";
    }
    // What the store keeps has no zeros behind the last decimal.
    let plain = |value: &str| value.strip_suffix(".0").unwrap_or(value).to_owned();
    let norm = |rows: &[Vec<&str>]| {
        let mut rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
        rows.sort();
        rows
    };
    assert_eq!(norm(&said), norm(&changed));
}

#[test]
fn figures_of_rows_that_would_be_read_again_are_named_and_not_shown() {
    let place = with_figures();
    commit(&place.path(""));
    edit(&place, "definitions/sources/dst/statbank_population.yaml", "min_rows: 1", "min_rows: 2");
    let out = place.expect(1, &["diff", "--against", "HEAD", "--values"]);
    let reason = "not computed: share_67plus: files would be read into other rows by source `statbank_population` \
                  (SOURCE_DELIVERY_CHANGED)";
    assert!(out.contains(reason), "{out}");
    assert!(out.contains("figures, of the rows in the store: 0 of 0 would be another"), "{out}");
    let bare = repository();
    let said = bare.musketer(&["diff", "--against", "main", "--values"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("error[M7007]: there is no store"), "{}", said.err);
    assert_eq!(bare.musketer(&["diff", "--against", "main", "--limit", "3"]).code, 2, "of figures alone");
}
