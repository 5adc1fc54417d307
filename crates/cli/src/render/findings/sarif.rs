//! Findings as SARIF 2.1.0, the form of OASIS for what tools find in files. GitHub's code scanning and most editors
//! take it.

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, Diagnostic, Place, Severity};
use pipeline::RunError;
use serde_json::{Map, Value, json};

use super::Findings;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// The folder that the paths count from; whoever reads the log says where that is.
const ROOT: &str = "%SRCROOT%";
/// The name of our fingerprint; another way to make it is another name.
const FINGERPRINT: &str = "musketerFinding/v1";

pub(super) fn log(findings: &Findings<'_>) -> Result<String, RunError> {
    let codes: BTreeSet<Code> = findings.found.iter().map(|finding| finding.code).collect();
    let numbers: BTreeMap<Code, usize> = codes.iter().enumerate().map(|(at, code)| (*code, at)).collect();
    let results = findings.found.iter().zip(findings.fingerprints());
    let results: Vec<Value> =
        results.map(|(finding, fingerprint)| result(findings, finding, numbers[&finding.code], &fingerprint)).collect();
    let version = env!("CARGO_PKG_VERSION");
    let driver = json!({
        "name": "musketer",
        "version": version,
        "semanticVersion": version,
        "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
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

fn rule(code: Code) -> Value {
    let info = code.info();
    json!({
        "id": code.to_string(),
        "name": info.name,
        "shortDescription": {"text": first_sentence(info.meaning)},
        "fullDescription": {"text": info.meaning},
        "help": {
            "text": format!("{}\n\nWhat to do: {}", info.meaning, info.remedy),
            "markdown": format!("{}\n\n**What to do:** {}\n\n`musketer explain {code}` has an example.", info.meaning, info.remedy),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["definitions"], "precision": "very-high"},
    })
}

fn first_sentence(text: &str) -> String {
    text.split_inclusive(". ").next().unwrap_or(text).trim().to_owned()
}

fn result(findings: &Findings<'_>, finding: &Diagnostic, rule: usize, fingerprint: &str) -> Value {
    let level = match finding.severity {
        Severity::Fatal | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut result = json!({
        "ruleId": finding.code.to_string(),
        "ruleIndex": rule,
        "level": level,
        "message": {"text": message(&super::said(finding))},
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
