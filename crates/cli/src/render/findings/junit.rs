//! Findings as a report of `JUnit`, which nearly every build server reads: a sound file is a case that passed, and every
//! error a case of its own that failed, because several servers show but the first failure of a case.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Finding, Findings};

/// What belongs to no file.
const NO_FILE: &str = "project";

/// Cases that belong together.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

/// A case.
#[derive(Debug)]
pub(crate) struct Case {
    /// What it belongs to.
    pub(crate) class: String,
    pub(crate) name: String,
    /// The file, below the project.
    pub(crate) file: String,
    /// The line; 0 for the file as a whole.
    pub(crate) line: u32,
    pub(crate) ended: Ended,
}

/// How a case ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Well; what was said all the same.
    Passed(String),
    /// Something else was found than was expected.
    Failed(Trouble),
    /// It could not be carried out.
    Broken(Trouble),
}

/// What was wrong with a case.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) rule: String,
    /// In a line.
    pub(crate) message: String,
    /// All of it.
    pub(crate) detail: String,
}

pub(super) fn report(findings: &Findings<'_>) -> String {
    let of_files;
    let suites = if let Some(suites) = &findings.suites {
        suites
    } else {
        of_files = vec![by_file(findings)];
        &of_files
    };
    let all = counts(suites.iter().flat_map(|suite| &suite.cases));
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {all}>\n");
    for suite in suites {
        text += &format!("  <testsuite name=\"{}\" {}>\n", attribute(&suite.name), counts(suite.cases.iter()));
        text.extend(suite.cases.iter().map(|case| written(findings, case)));
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let [mut tests, mut failures, mut errors] = [0; 3];
    for case in cases {
        tests += 1;
        match case.ended {
            Ended::Passed(_) => {}
            Ended::Failed(_) => failures += 1,
            Ended::Broken(_) => errors += 1,
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"")
}

/// A file without errors is a case that passed, and each error one that failed.
fn by_file(findings: &Findings<'_>) -> Suite {
    let mut by_file: BTreeMap<&str, Vec<&Finding>> =
        findings.files.keys().map(|file| (file.as_str(), Vec::new())).collect();
    for finding in &findings.found {
        by_file.entry(finding.place.as_ref().map_or(NO_FILE, |place| place.file.as_str())).or_default().push(finding);
    }
    let mut cases = Vec::new();
    let case = |file: &str, name: String, ended| {
        let class = format!("{}{file}", findings.prefix);
        Case { class, name, file: file.to_owned(), line: 0, ended }
    };
    for (file, found) in &by_file {
        let (errors, others): (Vec<&Finding>, Vec<&Finding>) = found.iter().partition(|one| one.is_error());
        for error in &errors {
            let detail = format!("{}\n{}", at(findings, error), error.said());
            let (rule, message) = (error.rule.id.clone(), error.message.clone());
            let name = format!("{} {}", error.rule.id, at(findings, error));
            cases.push(case(file, name, Ended::Failed(Trouble { rule, message, detail })));
        }
        if errors.is_empty() {
            let said = |one: &&Finding| format!("{} {}: {}\n", one.rule.id, at(findings, one), one.said());
            cases.push(case(file, "sound".to_owned(), Ended::Passed(others.iter().map(said).collect())));
        }
    }
    Suite { name: format!("musketer {}", findings.command), cases }
}

/// `file` and `line` are not in every description of the form, and are what GitLab links to.
fn written(findings: &Findings<'_>, case: &Case) -> String {
    let (class, name) = (attribute(&case.class), attribute(&case.name));
    let file = attribute(&format!("{}{}", findings.prefix, case.file));
    let line = if case.line > 0 { format!(" line=\"{}\"", case.line) } else { String::new() };
    let trouble = |element: &str, trouble: &Trouble| {
        let Trouble { rule, message, detail } = trouble;
        let (message, detail) = (attribute(message), content(detail));
        format!("<{element} message=\"{message}\" type=\"{rule}\">{detail}</{element}>")
    };
    let content = match &case.ended {
        Ended::Passed(said) if said.is_empty() => String::new(),
        Ended::Passed(said) => format!("<system-out>{}</system-out>", content(said)),
        Ended::Failed(failure) => trouble("failure", failure),
        Ended::Broken(error) => trouble("error", error),
    };
    let open = format!("    <testcase classname=\"{class}\" name=\"{name}\" file=\"{file}\"{line} time=\"0\"");
    if content.is_empty() { format!("{open}/>\n") } else { format!("{open}>{content}</testcase>\n") }
}

fn at(findings: &Findings<'_>, finding: &Finding) -> String {
    let mut at = finding.place.as_ref().map_or_else(|| NO_FILE.to_owned(), |place| findings.path(place));
    for number in finding.place.iter().flat_map(|place| [place.line, place.column]).take_while(|number| *number > 0) {
        // Writing to a text cannot fail.
        write!(at, ":{number}").unwrap_or_default();
    }
    at
}

/// Text between tags. Characters that XML cannot hold, escaped or not, are shown as escapes of our own.
fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{FFFE}' | '\u{FFFF}' => escaped.extend(c.escape_unicode()),
            _ if c.is_control() => escaped.extend(c.escape_unicode()),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A value between quotation marks, where a bare line end would become a blank.
fn attribute(text: &str) -> String {
    content(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
