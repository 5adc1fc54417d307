//! Findings as workflow commands of GitHub Actions: printed by a step, they become annotations of the changed lines.

use model::Severity;

use super::{Finding, Findings};

pub(super) fn annotations(findings: &Findings<'_>) -> String {
    findings.found.iter().map(|finding| annotation(findings, finding)).collect()
}

fn annotation(findings: &Findings<'_>, finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Fatal | Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(format!("file={}", property(&findings.path(place))));
        if place.line > 0 {
            properties.push(format!("line={}", place.line));
        }
        if place.line > 0 && place.column > 0 {
            let end = place.column + place.length.max(1);
            properties.push(format!("col={},endColumn={end}", place.column));
        }
    }
    properties.push(format!("title={}", property(&finding.rule.title())));
    format!("::{command} {}::{}\n", properties.join(","), data(&finding.said()))
}

/// What stands behind `::`: line ends and the escape mark itself would end or change it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which `,` and `:` would end too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
