//! The tests of all definitions, in the definitions and in `fixtures/indicators` and `fixtures/sources`, by the code
//! behind `musketer test`. The slow second evaluator that judges the engine itself is in `tests/runs/witness`.

use pipeline::Project;
use pipeline::testing::{TestOptions, Verdict, test};

use crate::project;

#[test]
fn definitions_give_what_a_person_expects() {
    let project = Project::open(&project::root()).expect("the project");
    let report = test(&project, &TestOptions::default()).expect("no failure");
    let bad: Vec<_> = report.cases.iter().filter(|case| case.verdict != Verdict::Passed).collect();
    assert!(bad.is_empty() && report.errors.is_empty(), "{bad:#?}\n{:#?}", report.errors);
    let folders = report.cases.iter().filter(|case| case.line == 0).count();
    assert!(folders >= 25 && report.cases.len() > folders, "folder cases and those in definitions are found");
}
