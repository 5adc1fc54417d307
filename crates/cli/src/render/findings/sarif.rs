//! Findings as SARIF 2.1.0, the form of OASIS for what tools find in files. GitHub's code scanning and most editors
//! take it.

use std::collections::BTreeMap;

use model::{Place, Severity};
use pipeline::RunError;
use serde_json::{Map, Value, json};

use super::{Finding, Findings, Rule};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The folder that the paths count from; whoever reads the log says where that is.
const ROOT: &str = "%SRCROOT%";
/// The name of our fingerprint; another way to make it is another name.
const FINGERPRINT: &str = "musketerFinding/v1";

pub(super) fn log(findings: &Findings<'_>) -> Result<String, RunError> {
    let rules: BTreeMap<&str, &Rule> =
        findings.found.iter().map(|finding| (finding.rule.id.as_str(), &finding.rule)).collect();
    let numbers: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let results = findings.found.iter().zip(findings.fingerprints());
    let results: Vec<Value> = results
        .map(|(finding, fingerprint)| result(findings, finding, numbers[finding.rule.id.as_str()], &fingerprint))
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let driver = json!({
        "name": "musketer",
        "version": version,
        "semanticVersion": version,
        "rules": rules.into_values().map(rule).collect::<Vec<_>>(),
    });
    crate::render::json(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "automationDetails": {"id": format!("musketer/{}/", findings.command)},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(rule: &Rule) -> Value {
    let Rule { id, name, meaning, remedy, tag } = rule;
    // What has a code has an example.
    let example = if id == name { String::new() } else { format!("\n\n`musketer explain {id}` has an example.") };
    json!({
        "id": id,
        "name": name,
        "shortDescription": {"text": first_sentence(meaning)},
        "fullDescription": {"text": meaning},
        "help": {
            "text": format!("{meaning}\n\nWhat to do: {remedy}"),
            "markdown": format!("{meaning}\n\n**What to do:** {remedy}{example}"),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": [tag], "precision": "very-high"},
    })
}

fn first_sentence(text: &str) -> String {
    text.split_inclusive(". ").next().unwrap_or(text).trim().to_owned()
}

fn result(findings: &Findings<'_>, finding: &Finding, rule: usize, fingerprint: &str) -> Value {
    let level = match finding.severity {
        Severity::Fatal | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": message(&finding.said())},
        "partialFingerprints": {FINGERPRINT: fingerprint},
    });
    if let Some(place) = &finding.place {
        result["locations"] = json!([{"physicalLocation": physical(findings, place)}]);
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate().map(|(at, (place, label))| {
            json!({"id": at + 1, "physicalLocation": physical(findings, place), "message": {"text": message(label)}})
        });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn physical(findings: &Findings<'_>, place: &Place) -> Value {
    let mut physical = Map::new();
    physical.insert("artifactLocation".to_owned(), json!({"uri": uri(&findings.path(place)), "uriBaseId": ROOT}));
    if let Some(region) = region(place) {
        physical.insert("region".to_owned(), region);
    }
    Value::Object(physical)
}

/// The file as a whole has no region; a line as a whole has no columns.
fn region(place: &Place) -> Option<Value> {
    match (place.line, place.column) {
        (0, _) => None,
        (line, 0) => Some(json!({"startLine": line})),
        (line, column) => {
            let end = column + place.length.max(1);
            Some(json!({"startLine": line, "startColumn": column, "endLine": line, "endColumn": end}))
        }
    }
}

/// `[text](1)` is a link in a message. A mark of ours before the bracket keeps what was pasted into a definition plain.
/// Braces are left as they are: only `{0}` means something, where a message has arguments, and ours have none.
fn message(text: &str) -> String {
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text.to_owned() }
}

/// A path as a relative reference: everything but letters, digits and a few marks as percent and two digits.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~@".contains(&byte);
    let shown = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(shown).collect()
}
