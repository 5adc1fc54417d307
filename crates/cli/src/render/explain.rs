//! Where a figure comes from, and what a code means.

use std::sync::Arc;

use model::{Code, Indicator, Period};
use pipeline::{DeliveryName, Explanation, MeasureLine, VersionLine};

use super::{examples, grouped, grouped_decimal, table};

/// Deliveries that are shown one by one.
const SHOWN: usize = 12;

/// What a code means, what to do about it, and an example.
pub(crate) fn code(code: Code) -> String {
    let info = code.info();
    let mut text = format!("{code} {}\n\n{}\n\nWhat to do: {}\n", info.name, info.meaning, info.remedy);
    if let Some(example) = examples::of(code) {
        text += &format!("\n{example}\n");
    }
    text
}

/// What a rule for changes of definitions means.
pub(crate) fn rule(rule: &definitions::Rule) -> String {
    let category = rule.category.as_str().replace('_', " ");
    let (id, meaning, kind) = (rule.id, rule.meaning, rule.kind());
    format!("{id}\n\n{meaning}\n\nKind of definition: {kind}. Category of change: {category} (docs/changes.md).\n")
}

/// A value, or why there is none. What is not approved is not missing.
fn shown(value: Option<&str>, not_approved: bool) -> String {
    let none = if not_approved { "not approved yet," } else { "no value" };
    value.map_or(none.to_owned(), grouped_decimal)
}

/// The whole explanation.
pub(crate) fn text(of: &Explanation) -> String {
    let value = shown(of.value.as_deref(), of.not_approved);
    let mut text = format!("{} / {}\n", of.title.0, of.title.1);
    text += &format!("{} {} in {}: {value} {}\n", of.area.0, of.area.1, of.period, of.unit);
    if !of.parts.is_empty() {
        let parts: Vec<&str> = of.parts.iter().map(|(_, english)| english.as_str()).collect();
        text += &format!("part {}: {}\n", of.breakdown, parts.join("; "));
    }
    if let Some(as_of) = &of.as_of {
        text += &format!("as it was known after run {}, which published at {}\n", as_of.run, as_of.published_at);
    }
    text += &format!("status {} ({})", of.obs_status.0, of.obs_status.1);
    if of.not_approved {
        text += ", held until somebody approves it (musketer approve --list)";
    }
    if of.members > 1 {
        text += &format!(", {} of {} municipalities contribute", of.contributing, of.members);
    }
    text += &format!(
        "\n\ndefinition {} version {} as defined {}, fingerprint {}\n",
        of.indicator,
        of.version,
        of.as_defined,
        &of.fingerprint[..16.min(of.fingerprint.len())]
    );
    if of.versions.len() > 1 {
        let versions: Vec<String> = of.versions.iter().map(version).collect();
        text += &format!("  versions: {}\n", versions.join(", "));
    }
    text += &format!("  {}\n", of.description.1.trim());
    for reservation in &of.reservations {
        text += &format!("  reservation: {}\n", reservation.trim());
    }
    text += &format!("\nformula: {}\n", of.formula);
    if let (Some(numerator), Some(denominator)) = (&of.numerator, &of.denominator) {
        text += &format!("  = {} / {}\n", grouped_decimal(numerator), grouped_decimal(denominator));
    }
    text += &members(of);
    if let Some(day) = &of.municipalities_of {
        text += &format!("in the municipalities of {day}, carried from {}:\n", of.period);
        for from in &of.carried {
            text += &format!("  {} {}, share {}\n", from.municipality, from.title, from.share);
        }
    }
    text.push('\n');
    of.measures.iter().for_each(|measure| text += &self::measure(measure));
    for missing in &of.not_kept {
        text += &format!("note: {missing}\n");
    }
    text += &deliveries(of);
    text += &revisions(of);
    for rows in &of.rows {
        text += &format!("\n{}: showing {} of {} rows\n", rows.measure, rows.rows.len(), grouped(rows.total));
        let header: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
        text += &table(&header, rows.rows.clone(), &[]);
        text.push('\n');
    }
    text
}

/// All values that the figure has had, the newest first, why each came, and what brought it about.
fn revisions(of: &Explanation) -> String {
    if of.revisions.is_empty() {
        return String::new();
    }
    let mut text = "revisions:\n".to_owned();
    let several = of.revisions.iter().any(|revision| revision.version != of.version);
    let until = if of.as_of.is_some() { "then" } else { "now" };
    for revision in &of.revisions {
        let value = shown(revision.value.as_deref(), revision.not_approved);
        let version = if several { format!("version {}, ", revision.version) } else { String::new() };
        let why = if revision.why.is_empty() { String::new() } else { format!(", {}", revision.why) };
        let moment = |run: i64, time: &str| format!("run {run} ({time})");
        let from = moment(revision.known_from_run, &revision.known_from);
        let to = revision.known_to_run.zip(revision.known_to.as_deref());
        let to = to.map_or(until.to_owned(), |(run, time)| moment(run, time));
        text +=
            &format!("  {version}{}: {value} ({}){why}, from {from} to {to}\n", revision.revision, revision.obs_status);
        text += &to_blame(&revision.why, &revision.deliveries);
        if let Some(cause) = &revision.withdrawn {
            text += &format!("     then withdrawn ({})\n", cause.why);
            text += &to_blame(&cause.why, &cause.deliveries);
        }
    }
    text
}

/// Deliveries of a revision that are shown one by one.
const BLAMED: usize = 3;

fn to_blame(why: &str, deliveries: &[DeliveryName]) -> String {
    let mut text = String::new();
    let how = if why == "withdrawal" { "which took back" } else { "by" };
    for of in deliveries.iter().take(BLAMED) {
        text += &format!("     {how} {} {}\n", of.delivery, super::printable(&of.name));
    }
    if deliveries.len() > BLAMED {
        text += &format!("     and {} more deliveries; --format json has all\n", deliveries.len() - BLAMED);
    }
    text
}

/// Who belongs to a comparison group; nothing for other areas.
fn members(of: &Explanation) -> String {
    if of.comparison.is_empty() {
        return String::new();
    }
    let ranked = of.comparison.iter().any(|member| member.rank.is_some());
    let row = |member: &pipeline::MemberLine| {
        let mut cells = vec![
            format!("{} {}", member.municipality, member.title.0),
            member.value.as_deref().map_or("no value".to_owned(), grouped_decimal),
            member.obs_status.clone(),
            if member.contributes { "yes" } else { "no" }.to_owned(),
        ];
        if ranked {
            cells.insert(0, member.rank.map(|rank| rank.to_string()).unwrap_or_default());
            cells.push(member.distance.clone().unwrap_or_default());
        }
        cells
    };
    let header = ["rank", "municipality", "value", "status", "contributes", "distance"];
    let (header, numbers) = if ranked { (&header[..], &[0, 2, 5][..]) } else { (&header[1..5], &[1][..]) };
    let members = table(header, of.comparison.iter().map(row).collect(), numbers);
    format!("\n{members}\n")
}

/// `1 (2007 to 2017)`.
fn version(of: &VersionLine) -> String {
    if !of.makes_figures {
        return format!("{} (no periods)", of.version);
    }
    let bound = |bound: &Option<String>| bound.clone().unwrap_or_default();
    format!("{} ({})", of.version, span(&bound(&of.from), &bound(&of.to)))
}

fn span(from: &str, to: &str) -> String {
    match (from, to) {
        ("", "") => "all periods".to_owned(),
        ("", to) => format!("to {to}"),
        (from, "") => format!("from {from}"),
        (from, to) => format!("{from} to {to}"),
    }
}

/// The versions of an indicator, the newest first: of which periods each makes the figures, and how.
pub(crate) fn versions(of: &[&Arc<Indicator>]) -> String {
    let Some(current) = of.last() else { return String::new() };
    let mut text = format!("{} / {}\n", current.title.da, current.title.en);
    text += &format!("  {}\n\n", current.description.en.trim());
    let row = |version: &&Arc<Indicator>| {
        let bound = |bound: Option<Period>| bound.map(|period| period.to_string()).unwrap_or_default();
        let made = version.defined_in_all().map(|(from, to)| span(&bound(from), &bound(to)));
        vec![
            version.version.to_string(),
            made.unwrap_or_else(|| "no periods".to_owned()),
            version.unit.to_string(),
            version.formula_text.clone(),
        ]
    };
    text += &table(&["version", "makes", "unit", "formula"], of.iter().rev().map(row).collect(), &[]);
    text + "\n\na figure: --municipality 0751 --period 2024 (a region's code or DK also works)\n"
}

fn measure(of: &MeasureLine) -> String {
    let value = of.value.as_deref().map_or("no value".to_owned(), grouped_decimal);
    let mut text = format!("measure {} = {value} {}\n", of.measure, of.unit);
    text += &format!("  {} from {}", of.aggregate, of.dataset);
    if let Some(condition) = &of.condition {
        text += &format!(" where {condition}");
    }
    for (key, value) in &of.keys {
        text += &format!("\n  {key}: {value}");
    }
    text +=
        &format!("\n  {} rows, {} of {} deliveries' periods\n", grouped(of.rows), of.parts_delivered, of.parts_needed);
    text
}

fn deliveries(of: &Explanation) -> String {
    let row = |delivery: &pipeline::DeliveryLine| {
        let numbers = [delivery.rows_read, delivery.rows_accepted, delivery.rows_rejected, delivery.rows_skipped];
        let names = [delivery.delivery.clone(), delivery.name.clone()];
        names.into_iter().chain(numbers.map(grouped)).collect()
    };
    let header = ["delivery", "name", "rows read", "accepted", "rejected", "skipped"];
    let mut text = "\n".to_owned();
    text += &table(&header, of.deliveries.iter().take(SHOWN).map(row).collect(), &[2, 3, 4, 5]);
    text.push('\n');
    if of.deliveries.len() > SHOWN {
        text += &format!("showing {SHOWN} of {} deliveries; --format json has all\n", of.deliveries.len());
    }
    text
}
