//! The results of tests: a line each and what differs, cell by cell; and as findings and cases, for build servers.

use std::collections::{BTreeMap, BTreeSet};

use model::{Diagnostic, Place, Severity};
use pipeline::Project;
use pipeline::testing::{CaseResult, CoverageReport, Difference, DifferenceKind, TestReport, Verdict};

use super::findings::junit::{Case, Ended, Suite, Trouble};
use super::findings::{Finding, Rule};
use super::{counted, printable};

/// The texts that findings may point at: the definitions, and the files that tests name.
pub(crate) fn files(report: &TestReport, project: &Project) -> BTreeMap<String, Vec<u8>> {
    let mut files = project.files.clone();
    let places = report.cases.iter().flat_map(|case| &case.diagnostics).filter_map(|finding| finding.place.as_ref());
    for file in places.map(|place| place.file.clone()).collect::<BTreeSet<_>>() {
        if let Ok(bytes) = std::fs::read(project.root.join(&file)) {
            files.entry(file).or_insert(bytes);
        }
    }
    files
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "ok",
        Verdict::Failed => "FAILED",
        Verdict::Broken => "BROKEN",
        Verdict::Written => "written",
    }
}

/// A line for each test, what differs, and a summary. `quiet` leaves out what went well.
pub(crate) fn text(report: &TestReport, quiet: bool) -> String {
    let mut text = String::new();
    for case in &report.cases {
        if quiet && case.verdict == Verdict::Passed {
            continue;
        }
        text += &printable(&format!("{:7} {} {}: {}\n", word(case.verdict), case.kind, case.definition, case.name));
        if case.verdict.is_bad() {
            let line = if case.line > 0 { format!(":{}", case.line) } else { String::new() };
            text += &format!("  --> {}{line}\n", printable(&case.file));
        }
        text += &differences(case);
        for finding in &case.diagnostics {
            text += &printable(&format!("  {}: {}\n", finding.code, finding.message));
        }
    }
    if let Some(coverage) = &report.coverage {
        text += &covered(coverage);
    }
    if !quiet || report.is_bad() {
        text += &summary(report);
    }
    text
}

fn summary(report: &TestReport) -> String {
    let mut parts = vec![counted(report.count(Verdict::Passed) as u64, "test passed", "tests passed")];
    for (verdict, word) in [(Verdict::Failed, "failed"), (Verdict::Broken, "broken"), (Verdict::Written, "written")] {
        let count = report.count(verdict);
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.join(", ") + "\n"
}

/// What a cell shows: the place of no value is not left blank.
fn shown(cell: &str) -> &str {
    if cell.is_empty() { "(none)" } else { cell }
}

fn headline(difference: &Difference) -> String {
    let what = match (difference.of, difference.kind) {
        ("rows", DifferenceKind::Missing) => "row is missing",
        ("rows", DifferenceKind::Unexpected) => "row was not expected",
        ("rows", DifferenceKind::Different) => "row differs",
        ("rejects", DifferenceKind::Missing) => "row was not rejected",
        ("rejects", _) => "row was rejected",
        ("tally", _) => "books differ",
        _ => "refusal differs",
    };
    let key: Vec<String> = difference.key.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect();
    let line = match difference.line {
        Some(line) => format!(" (line {line} of the expected table)"),
        None => String::new(),
    };
    let key = if key.is_empty() { String::new() } else { format!(": {}", key.join(", ")) };
    format!("{what}{key}{line}")
}

fn lines(difference: &Difference) -> Vec<String> {
    let mut lines = vec![headline(difference)];
    match difference.kind {
        DifferenceKind::Different => {
            let width = difference.cells.iter().map(|cell| cell.column.chars().count()).max().unwrap_or_default();
            for cell in &difference.cells {
                let (expected, found) = (shown(&cell.expected), shown(&cell.found));
                lines.push(format!("  {:width$}  expected {expected}, found {found}", cell.column));
            }
        }
        DifferenceKind::Missing | DifferenceKind::Unexpected => {
            let missing = difference.kind == DifferenceKind::Missing;
            let text = |cell: &pipeline::testing::CellDifference| {
                format!("{} {}", cell.column, shown(if missing { &cell.expected } else { &cell.found }))
            };
            let cells: Vec<String> = difference.cells.iter().map(text).collect();
            if !cells.is_empty() {
                lines.push(format!("  {}", cells.join(", ")));
            }
        }
    }
    lines.extend(difference.note.iter().map(|note| format!("  {note}")));
    lines
}

fn differences(case: &CaseResult) -> String {
    let lines = case.differences.iter().flat_map(lines);
    lines.map(|line| printable(&format!("  {line}\n"))).collect()
}

fn covered(coverage: &CoverageReport) -> String {
    let mut text = String::new();
    for gap in &coverage.gaps {
        text += &format!("not seen: {} {}: {}\n", gap.kind, gap.definition, gap.gap);
    }
    text += &format!(
        "{} of {} have a test\n",
        coverage.tested,
        counted(coverage.definitions as u64, "definition", "definitions")
    );
    text
}

/// A test that failed, as a rule.
fn failed() -> Rule {
    Rule {
        id: "TEST_FAILED".to_owned(),
        name: "TEST_FAILED".to_owned(),
        meaning: "A definition gives something else than its test expects.".to_owned(),
        remedy: "Correct the definition, or what the test expects: `musketer test --write` writes what is found."
            .to_owned(),
        tag: "tests",
    }
}

/// What is wrong, for build servers: a failed test is a finding at its place.
pub(crate) fn found(report: &TestReport) -> Vec<Finding> {
    let mut found: Vec<Finding> = report.errors.iter().map(Finding::from).collect();
    for case in &report.cases {
        if case.verdict == Verdict::Failed {
            let what = format!("test `{}` of {} `{}` failed", case.name, case.kind, case.definition);
            let message = format!("{what}\n{}", differences(case).trim_end());
            let (rule, severity, place) = (failed(), Severity::Error, Some(place(case)));
            let (related, notes, help) = (Vec::new(), Vec::new(), None);
            found.push(Finding { rule, severity, message, place, related, notes, help });
        }
        found.extend(own(report, case).map(Finding::from));
    }
    found
}

/// What is said of a test and of nothing else.
pub(crate) fn own<'r>(report: &'r TestReport, case: &'r CaseResult) -> impl Iterator<Item = &'r Diagnostic> {
    case.diagnostics.iter().filter(|finding| !report.errors.contains(finding))
}

/// Where a test stands: in its definition, or what a folder expects.
fn place(case: &CaseResult) -> Place {
    if case.line > 0 {
        return Place { line: case.line, ..Place::file(&case.file) };
    }
    let line = case.differences.iter().find_map(|difference| difference.line).unwrap_or_default();
    Place { line: u32::try_from(line).unwrap_or_default(), ..Place::file(format!("{}/expected.csv", case.file)) }
}

/// The tests as build servers count them, a suite for each definition.
pub(crate) fn suites(report: &TestReport) -> Vec<Suite> {
    let mut suites = Vec::new();
    if !report.errors.is_empty() {
        let case = |error: &Diagnostic| {
            let file = error.place.as_ref().map(|place| place.file.clone()).unwrap_or_default();
            let line = error.place.as_ref().map_or(0, |place| place.line);
            let (rule, message) = (error.code.to_string(), error.message.clone());
            let ended = Ended::Failed(Trouble { rule, detail: message.clone(), message });
            Case { class: file.clone(), name: format!("{} {file}:{line}", error.code), file, line, ended }
        };
        suites.push(Suite { name: "definitions".to_owned(), cases: report.errors.iter().map(case).collect() });
    }
    for cases in report.cases.chunk_by(|a, b| (a.kind, &a.definition) == (b.kind, &b.definition)) {
        let name = format!("{}.{}", cases[0].kind, cases[0].definition);
        let case = |case: &CaseResult| {
            let trouble = |rule: &str| Trouble { rule: rule.to_owned(), message: first(case), detail: detail(case) };
            let ended = match case.verdict {
                Verdict::Passed | Verdict::Written => Ended::Passed(String::new()),
                Verdict::Failed => Ended::Failed(trouble("TEST_FAILED")),
                Verdict::Broken => Ended::Broken(trouble("TEST_BROKEN")),
            };
            let (own, file) = (case.name.clone(), case.file.clone());
            Case { class: name.clone(), name: own, file, line: case.line, ended }
        };
        suites.push(Suite { cases: cases.iter().map(case).collect(), name: name.clone() });
    }
    suites
}

fn detail(case: &CaseResult) -> String {
    let findings = case.diagnostics.iter().map(|finding| format!("  {}: {}\n", finding.code, finding.message));
    differences(case) + &findings.collect::<String>()
}

fn first(case: &CaseResult) -> String {
    let difference = case.differences.first().map(headline);
    let finding = case.diagnostics.first().map(|finding| format!("{}: {}", finding.code, finding.message));
    difference.or(finding).unwrap_or_default()
}
