//! Where a figure comes from, and what a code means.

use model::Code;
use pipeline::{Explanation, MeasureLine};

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
    format!("{}\n\n{}\n\nA change of a {}, {category} (docs/changes.md).\n", rule.id, rule.meaning, rule.kind())
}

/// The whole explanation.
pub(crate) fn text(of: &Explanation) -> String {
    let value = of.value.as_deref().map_or("no value".to_owned(), grouped_decimal);
    let mut text = format!("{} / {}\n", of.title.0, of.title.1);
    text += &format!("{} {} in {}: {value} {}\n", of.area.0, of.area.1, of.period, of.unit);
    if !of.parts.is_empty() {
        let parts: Vec<&str> = of.parts.iter().map(|(_, english)| english.as_str()).collect();
        text += &format!("part {}: {}\n", of.breakdown, parts.join("; "));
    }
    text += &format!("status {} ({})", of.obs_status.0, of.obs_status.1);
    if of.members > 1 {
        text += &format!(", {} of {} municipalities contribute", of.contributing, of.members);
    }
    text += &format!(
        "\n\ndefinition {} version {}, fingerprint {}\n",
        of.indicator,
        of.version,
        &of.fingerprint[..16.min(of.fingerprint.len())]
    );
    text += &format!("  {}\n", of.description.1.trim());
    for reservation in &of.reservations {
        text += &format!("  reservation: {}\n", reservation.trim());
    }
    text += &format!("\nformula: {}\n", of.formula);
    if let (Some(numerator), Some(denominator)) = (&of.numerator, &of.denominator) {
        text += &format!("  = {} / {}\n", grouped_decimal(numerator), grouped_decimal(denominator));
    }
    if let Some(day) = &of.municipalities_of {
        text += &format!("in the municipalities of {day}, carried from {}:\n", of.period);
        for from in &of.carried {
            text += &format!("  {} {}, share {}\n", from.municipality, from.title, from.share);
        }
    }
    text.push('\n');
    of.measures.iter().for_each(|measure| text += &self::measure(measure));
    text += &deliveries(of);
    if of.revisions.len() > 1 {
        text += "revisions:\n";
        for revision in &of.revisions {
            let value = revision.value.as_deref().map_or("no value".to_owned(), grouped_decimal);
            let to = revision.known_to_run.map_or("now".to_owned(), |run| format!("run {run}"));
            text += &format!(
                "  {}: {value} ({}), from run {} to {to}\n",
                revision.revision, revision.obs_status, revision.known_from_run
            );
        }
    }
    for rows in &of.rows {
        text += &format!("\n{}: showing {} of {} rows\n", rows.measure, rows.rows.len(), grouped(rows.total));
        let header: Vec<&str> = rows.columns.iter().map(String::as_str).collect();
        text += &table(&header, rows.rows.clone(), &[]);
        text.push('\n');
    }
    text
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
