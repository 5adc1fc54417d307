//! The commands on definitions: laid out, described for editors, and shown to people.

use std::os::unix::fs::PermissionsExt;

use crate::place::{Place, shipped, tree};

#[test]
fn the_shipped_files_are_laid_out() {
    let place = Place::with_example();
    let shipped = shipped();
    let named = ["definitions", "pipelines", "musketer.yaml"].map(|name| shipped.join(name).display().to_string());
    assert_eq!(place.expect(0, &["fmt", "--check", &named[0], &named[1], &named[2]]), "");
}

#[test]
fn files_are_laid_out_once_and_for_all() {
    let place = Place::with_example();
    let path = "definitions/indicators/school/pupils.yaml";
    let before = std::fs::read_to_string(place.path(path)).expect("the definition");
    let untidy =
        before.replace("area: school\n", "").replace("period: year", "area:  school   # where\r\n\n\n\nperiod: year");
    place.write(path, &untidy);
    place.close(path);
    let table = "definitions/codelists/sex.csv";
    let codes = std::fs::read_to_string(place.path(table)).expect("the table");
    place.write(table, codes.replace('\n', "  \r\n"));

    let said = place.musketer(&["fmt", "--check"]);
    assert_eq!((said.code, said.out.as_str()), (1, &*format!("{table}\n{path}\n")), "{}", said.err);
    let difference = place.expect(0, &["fmt", "--diff"]);
    assert!(difference.contains("+area: school   # where\n") && difference.contains("-area:  school"), "{difference}");
    assert_eq!(place.musketer(&["fmt", "--check", "--diff"]).code, 1);
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), untidy, "nothing was written");

    assert_eq!(place.expect(0, &["fmt"]), "");
    let after = before.replace("area: school\n", "area: school   # where\n").replace("period: year", "\nperiod: year");
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), after);
    assert_eq!(std::fs::read_to_string(place.path(table)).expect("there"), codes);
    let mode = std::fs::metadata(place.path(path)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "who may read it stays");
    assert_eq!(place.expect(0, &["fmt", "--check"]), "");
    let names = std::fs::read_dir(place.path("definitions/indicators/school")).expect("a folder");
    assert!(names.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with('.')), "nothing is left over");
}

#[test]
fn a_broken_file_is_said_and_left_alone() {
    let place = Place::with_example();
    let path = "definitions/indicators/school/pupils.yaml";
    let broken = "kind: indicator\nid:   [1\n";
    place.write(path, broken);
    place.write("definitions/codelists/sex.yaml", "id:   sex\nkind: codelist\n");
    let said = place.musketer(&["fmt"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("error[M1001]") && said.err.contains("pupils.yaml:2:"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("there"), broken);
    let other = std::fs::read_to_string(place.path("definitions/codelists/sex.yaml")).expect("there");
    assert_eq!(other, "kind: codelist\nid: sex\n", "the others are laid out");
    let named = place.path("definitions/codelists");
    place.expect(0, &["fmt", "--check", named.to_str().expect("a plain path")]);
    let said = place.musketer(&["fmt", "README.md"]);
    assert_eq!(said.code, 2, "{}", said.err);
}

#[test]
fn the_schemas_are_those_that_are_published() {
    let place = Place::with_example();
    let published = tree(&shipped().join("schemas"));
    assert_eq!(published.len(), 6);
    let folder = place.path("editor/schemas");
    place.expect(0, &["schema", "--output", folder.to_str().expect("a plain path")]);
    assert_eq!(tree(&folder), published);
    let one = place.expect(0, &["schema", "indicator"]);
    assert_eq!(one.as_bytes(), published["indicator.json"]);
    let schema: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(schema["properties"]["measures"]["description"], "What is computed of datasets.");
    for arguments in [&["schema"][..], &["schema", "nosuch"]] {
        let said = place.musketer(arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{}", said.err);
    }
}
