//! What changed between two states of the definitions: by category for people, as findings for build servers.

use std::collections::BTreeSet;

use definitions::{Category, Change};
use model::Severity;
use serde_json::{Value, json};

use super::findings::{Finding, Rule};
use super::{counted, printable};

/// So many changes of one definition by one rule are listed for people: a new code list has hundreds of codes.
const MOST_ALIKE: usize = 5;
/// So many names are listed.
const MOST_NAMES: usize = 6;

fn heading(category: Category) -> &'static str {
    match category {
        Category::Breaking => "breaking: figures that were published would be others",
        Category::EffectiveDated => "effective-dated: from a stated period or day on",
        Category::Additive => "additive",
        Category::TextOnly => "text only",
    }
}

fn short(category: Category) -> &'static str {
    match category {
        Category::Breaking => "breaking",
        Category::EffectiveDated => "effective-dated",
        Category::Additive => "additive",
        Category::TextOnly => "text only",
    }
}

fn names(all: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = all.iter().take(MOST_NAMES).map(String::as_str).collect();
    let more = all.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

/// All changes, for people.
pub(crate) fn text(changes: &[Change], against: &str) -> String {
    let mut text = format!("compared with {}\n", printable(against));
    for of_category in changes.chunk_by(|a, b| a.rule.category == b.rule.category) {
        text += &format!("\n{}\n", heading(of_category[0].rule.category));
        let alike = |a: &Change, b: &Change| (a.rule.id, &a.definition) == (b.rule.id, &b.definition);
        for alike in of_category.chunk_by(alike) {
            for change in alike.iter().take(MOST_ALIKE) {
                text += &printable(&line(change));
            }
            if alike.len() > MOST_ALIKE {
                let more = counted((alike.len() - MOST_ALIKE) as u64, "change", "changes");
                text += &format!("  {} {}: {more} more\n", alike[0].rule.id, alike[0].definition);
            }
        }
    }
    text + &summary(changes)
}

fn line(change: &Change) -> String {
    let place = &change.place;
    let at = if place.line > 0 { format!(":{}", place.line) } else { String::new() };
    let mut text = format!("  {}  {}\n    --> {}{at}\n", change.rule.id, change.message(), place.file);
    if change.rule.category == Category::Breaking {
        text += &match &change.excepted {
            Some(reason) => format!("    let pass: {reason}\n"),
            None if !change.unversioned.is_empty() => {
                format!("    figures change without a new version: {}\n", names(&change.unversioned))
            }
            None if !change.affects.is_empty() && change.through.is_empty() => {
                format!("    with a new version: {}\n", names(&change.affects))
            }
            None => String::new(),
        };
    }
    text
}

/// How many changes there are of each category, in a line.
pub(crate) fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "\nnothing has changed\n".to_owned();
    }
    let count = |category| changes.iter().filter(|change| change.rule.category == category).count();
    let parts = Category::ALL.map(|category| (count(category), short(category)));
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    let parts: Vec<String> = parts.collect();
    let open = changes.iter().filter(|change| change.is_finding()).count() as u64;
    let open = match open {
        0 => "all of them may stand".to_owned(),
        open => counted(open, "must not stand as it is", "must not stand as they are"),
    };
    format!("\n{}: {}; {open}\n", counted(changes.len() as u64, "change", "changes"), parts.join(", "))
}

/// What build servers are told: what must not stand, and for those who look over it, what else changes figures.
pub(crate) fn found(changes: &[Change], against: &str) -> Vec<Finding> {
    let told = changes.iter().filter(|change| change.rule.category <= Category::EffectiveDated);
    told.map(|change| finding(change, against)).collect()
}

fn finding(change: &Change, against: &str) -> Finding {
    let (mut message, mut notes, mut help) = (change.message(), Vec::new(), None);
    if change.is_finding() {
        message += &format!("; figures change without a new version: {}", names(&change.unversioned));
        help = Some(way_out(change));
    } else if let Some(reason) = &change.excepted {
        notes.push(format!("let pass: {reason}"));
    }
    if let Some(earlier) = &change.earlier {
        let side = against.split(' ').next().unwrap_or_default();
        notes.push(format!("before: {side}:{}:{}:{}", earlier.file, earlier.line, earlier.column));
    }
    let id = change.rule.id.to_owned();
    let remedy = match change.rule.category {
        Category::Breaking => {
            "Raise the version of the indicators whose figures change, or say in musketer.yaml why they may change under the old one."
        }
        _ => "Nothing to do.",
    };
    let rule = Rule {
        name: id.clone(),
        id,
        meaning: change.rule.meaning.to_owned(),
        remedy: remedy.to_owned(),
        tag: "changes",
    };
    let severity = if change.is_finding() { Severity::Error } else { Severity::Info };
    Finding { rule, severity, message, place: Some(change.place.clone()), related: Vec::new(), notes, help }
}

fn way_out(change: &Change) -> String {
    let id = &change.definition;
    let versions = match (change.rule.kind(), change.rule.id) {
        (_, "INDICATOR_REMOVED") => format!("keep it, with `valid: {{to: ...}}`: then `{id}` ends with that period"),
        (_, "INDICATOR_VERSION_REMOVED") => "keep the file: it says what published figures mean".to_owned(),
        ("indicator", _) if id.contains('@') => "leave an older version as it was".to_owned(),
        ("indicator", _) => {
            format!(
                "raise `version`, and keep the old file as `{id}@<version>.yaml` or say `supersedes: {id}@<version>`"
            )
        }
        _ => "raise the `version` of these indicators".to_owned(),
    };
    format!("{versions}; or let it pass with a reason in musketer.yaml: `musketer diff --exceptions` writes the lines")
}

/// The lines that let pass what must not stand; whoever takes them over writes the reasons.
pub(crate) fn exceptions(changes: &[Change]) -> String {
    let open: BTreeSet<(&str, &str)> = changes
        .iter()
        .filter(|change| change.is_finding())
        .map(|change| (change.definition.as_str(), change.rule.id))
        .collect();
    if open.is_empty() {
        return String::new();
    }
    let one = |(definition, rule): &(&str, &str)| {
        let definition = if definition.contains('@') { format!("'{definition}'") } else { (*definition).to_owned() };
        format!(
            "  - rule: {rule}\n    definition: {definition}\n    reason: ''   # why figures may change under the old version\n"
        )
    };
    "exceptions:\n".to_owned() + &open.iter().map(one).collect::<String>()
}

/// Everything, for scripts.
pub(crate) fn json(changes: &[Change], against: &str) -> Value {
    let place = |place: &model::Place| json!({"file": place.file, "line": place.line, "column": place.column, "length": place.length});
    let one = |change: &Change| {
        json!({
            "rule": change.rule.id,
            "category": change.rule.category.as_str(),
            "kind": change.rule.kind(),
            "definition": change.definition,
            "part": change.part,
            "before": change.before,
            "after": change.after,
            "message": change.message(),
            "place": place(&change.place),
            "earlier": change.earlier.as_ref().map(place),
            "through": change.through,
            "affects": change.affects,
            "unversioned": change.unversioned,
            "excepted": change.excepted,
            "finding": change.is_finding(),
        })
    };
    let count = |category: Category| changes.iter().filter(|change| change.rule.category == category).count();
    let counts: serde_json::Map<String, Value> =
        Category::ALL.iter().map(|category| (category.as_str().to_owned(), count(*category).into())).collect();
    let findings = changes.iter().filter(|change| change.is_finding()).count();
    json!({
        "against": against,
        "counts": counts,
        "findings": findings,
        "changes": changes.iter().map(one).collect::<Vec<_>>(),
    })
}
