//! Findings as JSON: one list, for scripts. Keys are added to it, never taken away.

use model::Place;
use pipeline::RunError;
use serde_json::{Value, json};

use super::{Finding, Findings};

pub(super) fn json(findings: &Findings<'_>) -> Result<String, RunError> {
    if let Some(whole) = &findings.json {
        return crate::render::json(whole);
    }
    let list: Vec<Value> = findings.found.iter().zip(findings.fingerprints()).map(one).collect();
    crate::render::json(&list)
}

fn one((finding, fingerprint): (&Finding, String)) -> Value {
    let place =
        |place: &Place| json!({"file": place.file, "line": place.line, "column": place.column, "length": place.length});
    let related = finding.related.iter().map(|(at, label)| json!({"place": place(at), "label": label}));
    json!({
        "code": finding.rule.id,
        "name": finding.rule.name,
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "place": finding.place.as_ref().map(place),
        "related": related.collect::<Vec<_>>(),
        "help": finding.help,
        "fingerprint": fingerprint,
    })
}
