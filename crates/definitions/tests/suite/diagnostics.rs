//! Every code of definitions has a folder in `fixtures/diagnostics` with a small project that provokes it and the
//! expected diagnostics. `BLESS=1` writes the answers; a person reads the difference.

use std::collections::BTreeSet;
use std::fs;

use model::{Code, CodeInfo};
use musketer_definitions::load;

use crate::tree;

/// The codes of syntax, references, types and time: those that definitions can have.
fn codes_of_definitions() -> BTreeSet<String> {
    let codes = CodeInfo::all().iter().map(|info| info.code.to_string());
    codes.filter(|code| matches!(&code[..2], "M1" | "M2" | "M3" | "M4")).collect()
}

fn folders() -> BTreeSet<String> {
    let root = tree::repository().join("fixtures/diagnostics");
    let entries = fs::read_dir(root).expect("the fixtures").map(|entry| entry.expect("an entry").file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn every_code_has_its_fixture() {
    assert_eq!(folders(), codes_of_definitions());
}

#[expect(clippy::disallowed_methods, reason = "BLESS is how a person asks for new answers")]
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// What is wrong with a folder, if anything.
fn disagreement(folder: &str) -> Option<String> {
    let root = tree::repository().join("fixtures/diagnostics").join(folder);
    let (_, findings) = load(&tree::project(&root));
    let code = Code::parse(folder).expect("the folder is named after a code");
    let actual = tree::plainly(&findings);
    if findings.is_empty() || findings.iter().any(|found| found.code != code) {
        return Some(format!("== {folder} shows nothing, or something else\n{actual}"));
    }
    let answer = root.join("expected.txt");
    if blessing() {
        fs::write(&answer, &actual).expect("the answer is written");
    }
    let expected = fs::read_to_string(&answer).unwrap_or_default();
    (actual != expected).then(|| format!("== {folder}\n-- expected\n{expected}-- found\n{actual}"))
}

#[test]
fn fixtures_give_the_expected_diagnostics() {
    let wrong: Vec<String> = folders().iter().filter_map(|folder| disagreement(folder)).collect();
    assert!(wrong.is_empty(), "set BLESS=1 to accept new answers\n{}", wrong.join("\n"));
}
