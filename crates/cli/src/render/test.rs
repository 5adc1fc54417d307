//! The results of tests: a line each and what differs, cell by cell; or XML as build servers read it.

use std::collections::{BTreeMap, BTreeSet};

use pipeline::Project;
use pipeline::testing::{CaseResult, CoverageReport, Difference, DifferenceKind, TestReport, Verdict};

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

/// The results as XML as build servers read it, a suite for each definition.
pub(crate) fn junit(report: &TestReport) -> String {
    let failures = report.count(Verdict::Failed);
    let errors = report.count(Verdict::Broken);
    let tests = report.cases.len();
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    text += &format!("<testsuites tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">\n");
    for suite in report.cases.chunk_by(|a, b| (a.kind, &a.definition) == (b.kind, &b.definition)) {
        let count = |verdict| suite.iter().filter(|case| case.verdict == verdict).count();
        let name = escaped(&format!("{}.{}", suite[0].kind, suite[0].definition));
        text += &format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\">\n",
            suite.len(),
            count(Verdict::Failed),
            count(Verdict::Broken)
        );
        for case in suite {
            let (own, file) = (escaped(&case.name), escaped(&case.file));
            text +=
                &format!("    <testcase classname=\"{name}\" name=\"{own}\" file=\"{file}\" line=\"{}\"", case.line);
            let detail = detail(case);
            text += &match case.verdict {
                Verdict::Passed | Verdict::Written => "/>\n".to_owned(),
                Verdict::Failed => {
                    format!(">\n      <failure message=\"{}\">{detail}</failure>\n    </testcase>\n", first(case))
                }
                Verdict::Broken => {
                    format!(">\n      <error message=\"{}\">{detail}</error>\n    </testcase>\n", first(case))
                }
            };
        }
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn detail(case: &CaseResult) -> String {
    let findings = case.diagnostics.iter().map(|finding| format!("  {}: {}\n", finding.code, finding.message));
    escaped(&(differences(case) + &findings.collect::<String>()))
}

fn first(case: &CaseResult) -> String {
    let difference = case.differences.first().map(headline);
    let finding = case.diagnostics.first().map(|finding| format!("{}: {}", finding.code, finding.message));
    escaped(&difference.or(finding).unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\t' => escaped.push(c),
            // XML has no way to write the other control characters.
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}
