//! Findings as GitLab takes them: a Code Quality report, of which a merge request shows what is new and what is gone.

use model::Severity;
use pipeline::RunError;
use serde_json::{Value, json};

use super::{Finding, Findings};

pub(super) fn report(findings: &Findings<'_>) -> Result<String, RunError> {
    let one = |(finding, fingerprint): (_, String)| issue(findings, finding, &fingerprint);
    let list: Vec<Value> = findings.found.iter().zip(findings.fingerprints()).map(one).collect();
    crate::render::json(&list)
}

fn issue(findings: &Findings<'_>, finding: &Finding, fingerprint: &str) -> Value {
    let severity = match finding.severity {
        Severity::Fatal => "blocker",
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Info => "info",
    };
    // A location is demanded, and a line from 1; what has no place is said of the project's own file.
    let (path, line) = finding.place.as_ref().map_or_else(
        || (format!("{}musketer.yaml", findings.prefix), 1),
        |place| (findings.path(place), place.line.max(1)),
    );
    json!({
        "type": "issue",
        "check_name": finding.rule.title(),
        "description": finding.said(),
        "content": {"body": format!("{}\n\n{}", finding.rule.meaning, finding.rule.remedy)},
        "categories": ["Bug Risk"],
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    })
}
