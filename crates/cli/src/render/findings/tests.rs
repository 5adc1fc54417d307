//! Reports held against the schemas that their readers publish, or against what their readers say that they read.

use std::collections::BTreeMap;
use std::path::Path;

use model::{Code, Diagnostic, Place, Severity};
use quick_xml::events::Event;
use serde_json::Value;

use super::{Finding, Findings, github, gitlab, json, junit, prefix, sarif, text};

fn place(file: &str, line: u32, column: u32, length: u32) -> Place {
    Place { file: file.to_owned(), line, column, length }
}

/// Everything that is awkward: places without column, line or file, a path with blanks, text that means something to
/// some form, two findings that are alike, and one of each severity.
fn awkward() -> Vec<Diagnostic> {
    let file = "definitions/datasets/løn og, så: 100%.yaml";
    let nasty = "`<b>&\"'` 100%, [a](1) {0}\n::error ::x \u{1b}[31m \u{FFFF} ]]>";
    let mut fatal = Diagnostic::error(Code::UNREADABLE, "cannot be read").at(Place::file(file));
    fatal.severity = Severity::Fatal;
    let mut info = Diagnostic::warning(Code::UNKNOWN_UNIT, "worth knowing").at(place(file, 4, 0, 0));
    info.severity = Severity::Info;
    vec![
        fatal,
        Diagnostic::error(Code::UNKNOWN_GROUP, nasty).at(place(file, 2, 3, 4)).with_help(nasty),
        Diagnostic::error(Code::DUPLICATE_KEY, "twice")
            .at(place(file, 9, 1, 2))
            .with_related(place("a.yaml", 1, 1, 1), nasty),
        Diagnostic::error(Code::DUPLICATE_KEY, "twice").at(place(file, 30, 1, 2)),
        Diagnostic::warning(Code::UNKNOWN_UNIT, "hardly").at(place("warned.yaml", 1, 1, 1)),
        info,
        Diagnostic::error(Code::UNKNOWN_REFERENCE, "nowhere"),
    ]
}

fn with<T>(found: &[Diagnostic], test: impl Fn(&Findings<'_>) -> T) -> T {
    let files = ["definitions/datasets/løn og, så: 100%.yaml", "sound.yaml", "warned.yaml"];
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|file| ((*file).to_owned(), b"one\ntwo three\n".to_vec())).collect();
    let summary = "so many".to_owned();
    let found: Vec<Finding> = found.iter().map(Finding::from).collect();
    test(&Findings { prefix: "data/".to_owned(), summary, ..Findings::new("check", found, &files) })
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn sarif_follows_the_published_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/schemas/sarif-2.1.0.json");
    let schema: Value = parsed(&std::fs::read_to_string(schema).expect("the schema"));
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("sarif.json", schema).expect("a resource");
    let schema = compiler.compile("sarif.json", &mut schemas).expect("a schema");
    for found in [awkward(), Vec::new()] {
        let log = with(&found, |findings| parsed(&sarif::log(findings).expect("a log")));
        schemas.validate(&log, schema).unwrap_or_else(|error| panic!("{error:#}"));
        let mut broken = log.clone();
        broken["runs"][0]["resluts"] = Value::Null;
        assert!(schemas.validate(&broken, schema).is_err(), "the schema is in force");
    }
    let log = with(&awkward(), |findings| parsed(&sarif::log(findings).expect("a log")));
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    for result in results {
        let number = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("a small one");
        let rule = &run["tool"]["driver"]["rules"][number];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["markdown"].as_str().expect("help").is_empty() && rule.get("helpUri").is_none());
    }
    let at = &results[1]["locations"][0]["physicalLocation"];
    let uri = "data/definitions/datasets/l%C3%B8n%20og%2C%20s%C3%A5%3A%20100%25.yaml";
    assert_eq!(at["artifactLocation"]["uri"], uri);
    assert_eq!((&at["region"]["startColumn"], &at["region"]["endColumn"]), (&Value::from(3), &Value::from(7)));
    assert_eq!(results[0]["locations"][0]["physicalLocation"].get("region"), None);
    assert_eq!(results[5]["locations"][0]["physicalLocation"]["region"], parsed("{\"startLine\": 4}"));
    assert_eq!(results[6].get("locations"), None);
    assert!(results[1]["message"]["text"].as_str().expect("a text").contains("\\[a\\](1)"), "no link");
    assert_eq!(results[2]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "data/a.yaml");
}

/// By GitLab's documentation of the Code Quality report: these keys are needed, paths are relative without `./`,
/// severities are five words, and fingerprints are unique within a report.
#[test]
fn gitlab_finds_all_that_it_needs() {
    let report = with(&awkward(), |findings| parsed(&gitlab::report(findings).expect("a report")));
    let issues = report.as_array().expect("a list");
    assert_eq!(issues.len(), awkward().len());
    let mut fingerprints: Vec<&str> = Vec::new();
    for issue in issues {
        assert!(issue["description"].is_string() && issue["check_name"].is_string());
        let severity = issue["severity"].as_str().expect("a severity");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        assert!(issue["location"]["lines"]["begin"].as_u64() >= Some(1));
        let path = issue["location"]["path"].as_str().expect("a path");
        assert!(path.starts_with("data/"), "{path}");
        fingerprints.push(issue["fingerprint"].as_str().expect("a fingerprint"));
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), issues.len());
    assert_eq!(with(&[], |findings| parsed(&gitlab::report(findings).expect("a report"))), Value::Array(Vec::new()));
}

fn fingerprints(found: &[Diagnostic]) -> Vec<String> {
    with(found, |findings| {
        findings.rendered(crate::arguments::FindingsFormat::Gitlab).map(|_| findings.fingerprints()).expect("a report")
    })
}

#[test]
fn fingerprints_do_not_move_with_the_lines() {
    let mut moved = awkward();
    for place in moved.iter_mut().filter_map(|finding| finding.place.as_mut()) {
        (place.line, place.column) = (place.line + 7, place.column + 1);
    }
    let before = fingerprints(&awkward());
    assert_eq!(fingerprints(&moved), before);
    moved[1].message = "something else".to_owned();
    let after = fingerprints(&moved);
    assert_ne!(after[1], before[1]);
    assert_eq!((&after[0], &after[2..]), (&before[0], &before[2..]));
}

#[test]
fn annotations_are_one_line_each_and_cannot_be_forged() {
    let said = with(&awkward(), github::annotations);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), awkward().len());
    let expected = "::error file=data/definitions/datasets/løn og%2C så%3A 100%25.yaml,line=2,col=3,endColumn=7,title=M2005 \
                    UNKNOWN_GROUP::`<b>&\"'` 100%25, [a](1) {0}%0A::error ::x ";
    assert!(lines[1].starts_with(expected), "{}", lines[1]);
    assert!(lines[0].contains(".yaml,title=M1015 UNREADABLE::cannot be read"), "{}", lines[0]);
    assert!(lines[4].starts_with("::warning file=data/warned.yaml,line=1,col=1,endColumn=2,"), "{}", lines[4]);
    assert!(lines[5].starts_with("::notice ") && lines[6].starts_with("::error title="), "{}", lines[6]);
}

/// The elements and attributes that Jenkins and GitLab read, in well-formed XML, and counts that are true.
#[test]
fn junit_reports_are_well_formed_and_count_right() {
    let report = with(&awkward(), junit::report);
    let mut reader = quick_xml::Reader::from_str(&report);
    reader.config_mut().check_end_names = true;
    let (mut cases, mut failures, mut open, mut failing) = (0, 0, Vec::new(), String::new());
    let mut counted = BTreeMap::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::Start(tag) => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                let attributes: BTreeMap<String, String> = tag
                    .attributes()
                    .map(|attribute| {
                        let attribute = attribute.expect("an attribute");
                        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
                        (key, String::from_utf8_lossy(&attribute.value).into_owned())
                    })
                    .collect();
                match name.as_str() {
                    "testcase" => {
                        assert!(attributes.contains_key("classname") && attributes.contains_key("name"));
                        cases += 1;
                    }
                    "failure" => {
                        failures += 1;
                        failing += &attributes["message"];
                    }
                    "testsuite" => counted = attributes,
                    _ => {}
                }
                open.push(name);
            }
            Event::Empty(_) => cases += 1,
            Event::End(_) => _ = open.pop(),
            _ => {}
        }
    }
    assert!(open.is_empty());
    assert_eq!(
        (counted["tests"].as_str(), counted["failures"].as_str()),
        (&*cases.to_string(), &*failures.to_string())
    );
    // Five errors, and the two files without any.
    assert_eq!((cases, failures), (7, 5), "{report}");
    assert!(failing.contains("&lt;b&gt;&amp;&quot;") && failing.contains("&#10;"), "{failing}");
    assert!(report.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{FFFF}')), "what XML cannot hold");
    assert!(report.contains("<system-out>M3003 data/warned.yaml:1:1: hardly"), "{report}");
}

#[test]
fn json_keeps_its_keys() {
    let list = with(&awkward(), |findings| parsed(&json::json(findings).expect("a list")));
    let keys: Vec<&str> = list[2].as_object().expect("a finding").keys().map(String::as_str).collect();
    assert_eq!(keys, ["code", "fingerprint", "help", "message", "name", "place", "related", "severity"]);
    assert_eq!(list[2]["place"]["file"], "definitions/datasets/løn og, så: 100%.yaml");
    assert_eq!(list[6]["place"], Value::Null);
}

#[test]
fn text_for_a_file_has_no_colour_and_ends_with_the_summary() {
    let said = with(&awkward(), text::plain);
    assert!(!said.contains('\u{1b}') && said.ends_with("so many"), "{said}");
    assert!(said.contains("error[M2005]") && said.contains("2 | two three"), "{said}");
}

#[test]
fn paths_count_from_where_the_program_was_started() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates");
    assert_eq!(prefix(crates, &crates.join("cli/src")), "cli/src/");
    assert_eq!(prefix(crates, crates), "");
    assert_eq!(prefix(&crates.join("cli"), crates), "");
    assert_eq!(prefix(crates, Path::new("/nowhere/at/all")), "");
}
