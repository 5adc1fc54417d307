//! Findings as a report of `JUnit`, which nearly every build server reads: a sound file is a case that passed, and every
//! error a case of its own that failed, because several servers show but the first failure of a case.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::Diagnostic;

use super::Findings;

/// What belongs to no file.
const NO_FILE: &str = "project";

pub(super) fn report(findings: &Findings<'_>) -> String {
    let mut by_file: BTreeMap<&str, Vec<&Diagnostic>> =
        findings.files.keys().map(|file| (file.as_str(), Vec::new())).collect();
    for finding in findings.found {
        by_file.entry(finding.place.as_ref().map_or(NO_FILE, |place| place.file.as_str())).or_default().push(finding);
    }
    let (mut cases, mut tests) = (String::new(), 0);
    for (file, found) in &by_file {
        let (errors, others): (Vec<&&Diagnostic>, Vec<&&Diagnostic>) = found.iter().partition(|one| one.is_error());
        for error in &errors {
            tests += 1;
            let message = attribute(&error.message);
            let body = content(&format!("{}\n{}", at(findings, error), super::said(error)));
            let failure = format!("<failure message=\"{message}\" type=\"{}\">{body}</failure>", error.code);
            cases += &case(findings, file, &format!("{} {}", error.code, at(findings, error)), &failure);
        }
        if errors.is_empty() {
            tests += 1;
            let said = |one: &&&Diagnostic| format!("{} {}: {}\n", one.code, at(findings, one), super::said(one));
            let said: String = others.iter().map(said).collect();
            let out = if said.is_empty() { said } else { format!("<system-out>{}</system-out>", content(&said)) };
            cases += &case(findings, file, "sound", &out);
        }
    }
    let counts = format!("tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"0\"", findings.errors());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"musketer {}\" \
         {counts}>\n{cases}  </testsuite>\n</testsuites>\n",
        attribute(findings.command)
    )
}

/// `file` is not in every description of the form, and is what GitLab links to.
fn case(findings: &Findings<'_>, file: &str, name: &str, content: &str) -> String {
    let path = attribute(&format!("{}{file}", findings.prefix));
    let open = format!("    <testcase classname=\"{path}\" name=\"{}\" file=\"{path}\" time=\"0\"", attribute(name));
    if content.is_empty() { format!("{open}/>\n") } else { format!("{open}>{content}</testcase>\n") }
}

fn at(findings: &Findings<'_>, finding: &Diagnostic) -> String {
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
