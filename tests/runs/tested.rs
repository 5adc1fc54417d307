//! `musketer test`: the tests of definitions.

use std::fs;

use serde_json::Value;

use crate::place::{Place, many, shipped, tree};

const CLASSES: &str = "definitions/indicators/school/pupils_per_class.yaml";
const SHARE: &str = "definitions/indicators/population/share_67plus.yaml";
const STATBANK: &str = "definitions/sources/dst/statbank_population.yaml";

/// The shipped definitions, of which three alone have tests, so that what is said of them is short.
fn few_tests() -> Place {
    let place = Place::with_uses("");
    for name in tree(&place.path("definitions")).into_keys().map(|name| format!("definitions/{name}")) {
        let whole = text(&place, &name);
        if let Some((before, _)) =
            whole.split_once("\ntests:\n").filter(|_| ![CLASSES, SHARE, STATBANK].contains(&&*name))
        {
            place.write(&name, format!("{before}\n"));
        }
    }
    place
}

fn text(place: &Place, file: &str) -> String {
    fs::read_to_string(place.path(file)).expect(file)
}

/// Changes a definition; the text must be there.
fn edit(place: &Place, file: &str, from: &str, to: &str) {
    let before = text(place, file);
    assert!(before.contains(from), "{file} has no {from:?}");
    place.write(file, before.replace(from, to));
}

/// Adds a test to a definition that has some.
fn add(place: &Place, file: &str, test: &str) {
    let before = text(place, file);
    place.write(file, before + test);
}

#[test]
fn the_tests_that_are_shipped_pass() {
    let place = few_tests();
    let out = place.expect(0, &["test"]);
    assert!(out.starts_with("ok      indicator pupils_per_class: grade 10 and special"), "{out}");
    assert!(out.ends_with("\n5 tests passed\n"), "{out}");
    assert!(!place.path("store").exists(), "tests need no store");
    assert_eq!(place.expect(0, &["test", "--quiet"]), "");
    let project = shipped();
    let out = place.expect(0, &["test", "--project", &project.to_string_lossy(), "--coverage"]);
    assert!(out.contains("ok      source opus_finance: chart_before_2018\n"), "folder cases are carried out: {out}");
    let names = tree(&shipped().join("definitions/indicators")).into_keys();
    let older = names.filter(|name| name.contains('@')).count();
    assert!(older > 0, "the library has an indicator with two versions");
    let all = many("sources") + many("indicators") + older;
    assert!(out.contains(&format!("\n{all} of {all} definitions have a test\n")), "{out}");
}

#[test]
fn a_failure_shows_which_cells_differ() {
    let place = few_tests();
    edit(&place, CLASSES, "0751;2025;2.0;4;2;A\n", "0751;2025;2.5;4;2;A\n        0147;2025;1;;;A\n");
    edit(&place, SHARE, "        0751;2025;;M\n", "        0751;2025;;M\n        1083;2025;1;A\n");
    edit(&place, STATBANK, "        0101;2025-01-01;67;4400\n", "");
    edit(&place, STATBANK, "code: M5101", "code: M5102");
    edit(&place, STATBANK, "read: 5, accepted: 1", "read: 5, accepted: 2");
    let said = place.musketer(&["test"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(
        said.out,
        "\
FAILED  indicator pupils_per_class: grade 10 and special classes are left out
  --> definitions/indicators/school/pupils_per_class.yaml:40
  row differs: municipality 0751, period 2025 (line 2 of the expected table)
    value  expected 2.5, found 2.0
  row differs: municipality 0147, period 2025 (line 3 of the expected table)
    value       expected 1, found (none)
    obs_status  expected A, found O
ok      indicator pupils_per_class: 5A at two schools is two classes
ok      indicator share_67plus: 67 is old, 66 is not
FAILED  indicator share_67plus: a municipality without inhabitants has no share
  --> definitions/indicators/population/share_67plus.yaml:44
  row is missing: area 1083, period 2025 (line 3 of the expected table)
    value 1, obs_status A
FAILED  source statbank_population: totals are skipped, and two dots are no number
  --> definitions/sources/dst/statbank_population.yaml:45
  row was not expected
    municipality 0101, date 2025-01-01, age 67, persons 4400
  row was not rejected
    line 5, column INDHOLD, code M5102
  row was rejected
    line 5, column INDHOLD, code M5101
    the field `persons` is required and has no value
  books differ
    accepted  expected 2, found 1
2 tests passed, 3 failed
"
    );
}

#[test]
fn written_expectations_hold_and_nothing_else_changes() {
    let place = few_tests();
    let before = text(&place, CLASSES);
    edit(&place, CLASSES, "0751;2025;2.0;4;2;A\n", "0751;2025;9;9;9;A\n        0101;2025;;;;A\n");
    let share = text(&place, SHARE);
    edit(&place, SHARE, "        0751;2025;;M\n", "        0751;2025;1;A\n");
    edit(&place, STATBANK, "[{line: 5, column: INDHOLD, code: M5101}]", "[] # none?");
    edit(&place, STATBANK, "read: 5, accepted: 1", "read: 9, accepted: 9");
    let said = place.musketer(&["test", "--write"]);
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    assert!(said.out.contains("written indicator pupils_per_class: grade 10"), "{}", said.out);
    assert!(said.out.ends_with("2 tests passed, 3 written\n"), "{}", said.out);
    let missing = before.replace("0751;2025;2.0;4;2;A\n", "0101;2025;;;;O\n        0751;2025;2.0;4;2;A\n");
    assert_eq!(text(&place, CLASSES), missing);
    assert_eq!(text(&place, SHARE), share, "a partial expectation stays one");
    assert!(text(&place, STATBANK).contains("      rejects: [{line: 5, column: 'INDHOLD', code: M5101}] # none?\n"));
    assert!(
        text(&place, STATBANK).contains("tally: {read: 5, accepted: 1, rejected: 1, skipped: {all_ages: 1, header: 1")
    );
    place.expect(0, &["test"]);
}

#[test]
fn an_expectation_that_is_not_there_is_written() {
    let place = few_tests();
    let given = "  - name: new\n    given:\n      population: |\n        municipality;date;sex;age;persons\n        0101;2025-01-01;TOT;67;5\n        0101;2025-01-01;X;67;5\n\n# the end\n";
    add(&place, SHARE, given);
    let said = place.musketer(&["test", "--select", "share_67plus"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("BROKEN  indicator share_67plus: new\n") && said.out.contains("M1005"), "{}", said.out);
    place.expect(0, &["test", "--write"]);
    let written = text(&place, SHARE);
    let expected = "        0101;2025-01-01;X;67;5\n    expect:\n      rows: |\n        area;period;value;numerator;denominator;contributing;members;obs_status\n        0101;2025;100.0;5;5;1;1;A\n        1084;2025;100.0;5;5;1;1;A\n        DK;2025;100.0;5;5;1;1;A\n      rejects: [{dataset: population, line: 3, code: M5106}]\n\n# the end\n";
    assert!(written.ends_with(expected), "{written}");
    place.expect(0, &["test"]);
}

#[test]
fn an_expectation_is_written_into_what_is_there_or_not_at_all() {
    let place = Place::with_uses("");
    place.write("people.csv", "municipality;date;sex;age;persons\n0101;2025-01-01;TOT;67;5\n");
    let before = text(&place, SHARE);
    let given = "given: {population: {path: people.csv}}";
    add(
        &place,
        SHARE,
        &format!("  - name: how\n    {given}\n    expect:\n      match: subset\n  - name: next\n    {given}\n"),
    );
    place.musketer(&["test", "--select", "share_67plus", "--write"]);
    let rows = "      rows: |\n        area;period;value;numerator;denominator;contributing;members;obs_status\n        \
        0101;2025;100.0;5;5;1;1;A\n        1084;2025;100.0;5;5;1;1;A\n        DK;2025;100.0;5;5;1;1;A\n";
    let how = format!("  - name: how\n    {given}\n    expect:\n      match: subset\n{rows}");
    let next = format!("  - name: next\n    {given}\n    expect:\n{rows}");
    assert_eq!(text(&place, SHARE), format!("{before}{how}{next}"));
    place.expect(0, &["test", "--select", "share_67plus"]);

    for test in ["  - {name: flat, GIVEN}\n", "  - name: flat\n    GIVEN\n    expect: {match: exact}\n"] {
        let whole = before.clone() + &test.replace("GIVEN", given);
        place.write(SHARE, &whole);
        let said = place.musketer(&["test", "--select", "share_67plus", "--write"]);
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(said.out.contains("M1010: lines cannot be added to a test in brackets"), "{}", said.out);
        assert_eq!(text(&place, SHARE), whole, "nothing is broken");
    }
}

#[test]
fn a_folder_case_is_carried_out_and_written() {
    let place = few_tests();
    let folder = "fixtures/indicators/pupils/one";
    let rows = "municipality;count_date;school;school_type\n0751;2025-09-05;751012;1012\n";
    place.write(&format!("{folder}/pupil_enrolment.csv"), rows);
    place.write(&format!("{folder}/expected.csv"), "area;period;value\n0751;2025;1\n");
    let said = place.musketer(&["test", "--select", "pupils"]);
    assert_eq!(said.code, 1, "the region and the country are figures too");
    assert!(said.out.contains("row was not expected: area DK, period 2025\n    value 1\n"), "{}", said.out);
    place.expect(0, &["test", "--select", "pupils", "--write"]);
    assert_eq!(
        text(&place, &format!("{folder}/expected.csv")),
        "area;period;value\n0751;2025;1\n1082;2025;1\nDK;2025;1\n"
    );
    let source = "fixtures/sources/statbank_population/one";
    place.write(&format!("{source}/case.yaml"), "name: statbank/folk1a_2025.csv\n");
    place.write(
        &format!("{source}/input.csv"),
        "OMRÅDE;KØN;ALDER;TID;INDHOLD\n101;TOT;67;2025K1;1\n101;TOT;68;2025K1;x\n",
    );
    place.expect(1, &["test", "--select", "statbank*"]);
    place.expect(0, &["test", "--select", "statbank*", "--write"]);
    assert_eq!(text(&place, &format!("{source}/rejected.csv")), "line;record;column;code\n3;3;INDHOLD;M5102\n");
    assert_eq!(text(&place, &format!("{source}/tally.csv")), "read;accepted;rejected;skipped\n3;1;1;header=1\n");
    place.expect(0, &["test"]);
}

#[test]
fn tests_are_selected_by_id_area_and_pattern() {
    let place = few_tests();
    let names = |arguments: &[&str]| {
        let mut all = vec!["test"];
        all.extend(arguments);
        let out = place.expect(0, &all);
        let lines = out.lines().filter(|line| line.starts_with("ok"));
        lines.map(|line| line.split([' ', ':']).nth(7).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--select", "share_67plus"]), ["share_67plus", "share_67plus"]);
    assert_eq!(names(&["--select", "school", "--select", "dst"]).len(), 3);
    assert_eq!(names(&["--select", "*/pupils*"]).len(), 2);
    let said = place.musketer(&["test", "--select", "schol"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("M2001") && said.err.contains("`schol`"), "{}", said.err);
}

#[test]
fn coverage_says_what_no_test_has_shown() {
    let place = few_tests();
    edit(&place, STATBANK, "        000;TOT;IALT;2025K1;5992734\n", "");
    edit(&place, SHARE, "        0751;2025-01-01;TOT;66;1\n", "");
    let said = place.musketer(&["test", "--coverage", "--select", "population", "--select", "statbank*"]);
    let gaps: Vec<&str> = said.out.lines().filter(|line| line.starts_with("not seen")).collect();
    assert_eq!(
        gaps,
        [
            "not seen: indicator population: has no test",
            "not seen: indicator population_by_sex_and_age: has no test",
            "not seen: indicator share_67plus: the filter of `elderly` was never false",
            "not seen: indicator share_67plus: the filter of `inhabitants` was never false",
            "not seen: indicator share_67plus: no figure had the status O",
            "not seen: indicator share_67plus: no figure had the status P",
            "not seen: indicator share_women: has no test",
            "not seen: source statbank_population: the skip rule `regions_and_country` never left out a record",
        ]
    );
    assert!(said.out.contains("\n2 of 5 definitions have a test\n"), "{}", said.out);
}

#[test]
fn wrong_tests_are_shown_where_they_are() {
    let place = few_tests();
    edit(&place, CLASSES, "0751;2025-09-05;751012;1012;6A;10;6", "0751;2025-09-31;751012;1012;6A;10;6");
    for command in ["check", "test"] {
        let said = place.musketer(&[command]);
        assert_eq!(said.code, 1, "{command}");
        assert!(said.err.contains("error[M1203]") && said.err.contains("pupils_per_class.yaml:48:14"), "{}", said.err);
    }
    let place = few_tests();
    edit(&place, CLASSES, "0751;2025-09-05;751012;1012;6A;10;6", "0751;2025-09-05;751012;1012;6A;11;6");
    let said = place.musketer(&["test", "--select", "school"]);
    assert_eq!(said.code, 1);
    let rejected = "  row was rejected\n    dataset pupil_enrolment, line 5, column class_type, code M5106\n";
    assert!(said.out.contains(rejected), "{}", said.out);
    let place = few_tests();
    add(
        &place,
        SHARE,
        "  - name: file\n    given: {population: {path: tables/people.csv}}\n    expect: {rows: {path: tables/shares.csv}}\n",
    );
    let said = place.musketer(&["test", "--select", "share_67plus"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("M1015") && said.err.contains("share_67plus.yaml:59:32"), "{}", said.err);
    place.write("tables/people.csv", "municipality;date;sex;age;persons\n0101;2025-01-01;TOT;67;x\n");
    place.write("tables/shares.csv", "municipality;period;value\n0101;2025;1\n");
    let said = place.musketer(&["test", "--select", "share_67plus"]);
    assert!(said.err.contains("tables/people.csv:2:24"), "{}", said.err);
    place.write("tables/people.csv", "municipality;date;sex;age;persons\n0101;2025-01-01;TOT;67;1\n");
    place.expect(0, &["test", "--select", "share_67plus", "--write"]);
    assert_eq!(text(&place, "tables/shares.csv"), "municipality;period;value\n0101;2025;100.0\n");
}

#[test]
fn a_refusal_can_be_expected() {
    let place = few_tests();
    add(
        &place,
        STATBANK,
        "  - name: no columns\n    given: {name: statbank/folk1a_2025.csv, base64: YTtiCjE7Mgo=}\n    error: M8004\n",
    );
    add(&place, CLASSES, "  - name: needs a day\n    error: M4002\n");
    let said = place.musketer(&["test"]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("ok      source statbank_population: no columns\n"), "{}", said.out);
    assert!(said.out.contains("  refusal differs\n    code  expected M4002, found (none)\n"), "{}", said.out);
    edit(&place, CLASSES, "    at: '09-05'\n", "");
    let said = place.musketer(&["test", "--select", "pupils_per_class"]);
    assert!(said.out.contains("ok      indicator pupils_per_class: needs a day\n"), "{}", said.out);
}

#[test]
fn results_are_written_for_programs() {
    let place = few_tests();
    edit(&place, CLASSES, "0751;2025;2.0;4;2;A", "0751;2025;<2>;4;2;A");
    let json: Value =
        serde_json::from_str(&place.expect(1, &["test", "--format", "json", "--coverage"])).expect("JSON");
    let case = &json["cases"][0];
    assert_eq!((&case["verdict"], &case["line"], &case["area"]), (&"failed".into(), &40.into(), &"school".into()));
    assert_eq!(case["differences"][0]["cells"][0]["expected"], "<2>");
    assert!(json["coverage"]["gaps"].as_array().is_some_and(|gaps| !gaps.is_empty()));
    let xml = place.expect(1, &["test", "--format", "junit"]);
    assert!(xml.contains("<testsuites tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"0\">"), "{xml}");
    assert!(xml.contains("expected &lt;2&gt;, found 2.0"), "{xml}");
}
