//! The report of a run, for people.

use model::{AsDefined, Catalogue, IndicatorVersion, Series};
use pipeline::{DeliveryReport, Outcome, Project, Queries, RunError, RunReport, UnitState};

use super::{counted, grouped, grouped_decimal, table};

/// Rejected rows and refused deliveries that are shown one by one; the others are counted.
const SHOWN: usize = 10;

/// The whole report; the line that sums it up is said beside it.
pub(crate) fn report(project: &Project, report: &RunReport) -> Result<String, RunError> {
    let mut text = String::new();
    if !report.sources.is_empty() {
        text += &deliveries(report);
        text.push('\n');
    }
    text += &super::rejects::sum(report);
    text += &refusals(report);
    if !report.indicators.is_empty() {
        text += &indicators(project, report)?;
        text.push('\n');
    }
    for file in report.unknown_files.iter().take(SHOWN) {
        text += &format!("note: {} matches no source of the pipeline [M8022]\n", super::printable(file));
    }
    text += &remarks(report);
    Ok(text)
}

/// What is still to be seen to, and where more is said about it.
fn remarks(report: &RunReport) -> String {
    let rejected: u64 = report.sources.values().map(|of| of.rows_rejected).sum();
    let nothing = report.outcome == Outcome::NothingNew;
    let nothing =
        nothing.then(|| format!("nothing new in {}", counted(report.deliveries_known, "delivery", "deliveries")));
    let of = |state: &str| report.deliveries.iter().filter(|delivery| delivery.state == state).count() as u64;
    let open = [
        (of("refused"), "delivery", "deliveries", "REFUSED"),
        (of("withheld"), "delivery", "deliveries", "WITHHELD"),
        (rejected, "row", "rows", "rejected (musketer rejects list)"),
        (report.units_in(UnitState::Late), "unit", "units", "late (musketer status)"),
        (report.units_in(UnitState::Missing), "unit", "units", "missing (musketer status)"),
        (report.units_in(UnitState::Withheld), "unit", "units", "withheld (musketer status)"),
        (report.units_in(UnitState::Failed), "unit", "units", "failed (musketer status)"),
        (report.still_refused, "delivery", "deliveries", "refused earlier (musketer status)"),
    ];
    let open = open.into_iter().filter(|(number, ..)| *number > 0);
    let open = open.map(|(number, one, many, what)| format!("{} {what}", counted(number, one, many)));
    let remarks: Vec<String> = nothing.into_iter().chain(open).collect();
    if remarks.is_empty() { String::new() } else { remarks.join("; ") + "\n" }
}

fn deliveries(report: &RunReport) -> String {
    let mut rows = Vec::new();
    let mut sum = [0; 7];
    for (source, of) in &report.sources {
        let numbers =
            [of.accepted, of.refused, of.rows_read, of.rows_accepted, of.rows_rejected, of.rows_skipped, of.units];
        sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number);
        rows.push(std::iter::once(source.clone()).chain(numbers.map(grouped)).collect());
    }
    rows.push(std::iter::once("all".to_owned()).chain(sum.map(grouped)).collect());
    let header = ["source", "deliveries", "refused", "rows read", "accepted", "rejected", "skipped", "units published"];
    table(&header, rows, &[1, 2, 3, 4, 5, 6, 7])
}

fn refusals(report: &RunReport) -> String {
    let refused: Vec<&DeliveryReport> =
        report.deliveries.iter().filter(|delivery| delivery.refusal.is_some()).collect();
    let mut text = String::new();
    for delivery in refused.iter().take(SHOWN) {
        let Some(refusal) = &delivery.refusal else { continue };
        let line = refusal.line.map_or(String::new(), |line| format!(":{line}"));
        let column = refusal.column.as_ref().map_or(String::new(), |column| format!(", column `{column}`"));
        let name = super::printable(&delivery.name);
        let word = if delivery.state == "withheld" { "withheld" } else { "error" };
        text += &format!("{word}[{}]: {}\n", refusal.code, super::printable(&refusal.message));
        text += &format!("  --> {name}{line}{column}\n  help: {}\n\n", super::printable(&refusal.help));
    }
    if refused.len() > SHOWN {
        text += &format!(
            "showing {SHOWN} of {} refused or withheld deliveries; `musketer status` shows all\n\n",
            refused.len()
        );
    }
    text
}

fn indicators(project: &Project, report: &RunReport) -> Result<String, RunError> {
    let mut queries = Queries::open(project)?;
    let mut rows = Vec::new();
    // What was looked at and has no figures, because its data has not come, would only be a row of zeros.
    for (name, of) in report.indicators.iter().filter(|(_, of)| of.new + of.changed + of.unchanged > 0) {
        let Some((series, unit)) = series(&project.catalogue, name) else { continue };
        let latest = queries.latest_of_country(&series)?;
        let (period, value) = latest
            .map_or((String::new(), String::new()), |(period, value)| (period.to_string(), grouped_decimal(&value)));
        rows.push(vec![name.clone(), grouped(of.new), grouped(of.changed), grouped(of.unchanged), period, value, unit]);
    }
    if rows.is_empty() {
        return Ok(String::new());
    }
    let header = ["indicator", "new", "changed", "as before", "latest", "Denmark", "unit"];
    Ok(table(&header, rows, &[1, 2, 3, 5]))
}

/// The series that the report calls so, and its unit: `id`, of an older version `id@1`, as defined now `id@now`.
fn series(catalogue: &Catalogue, name: &str) -> Option<(Series, String)> {
    let (id, mark) = name.split_once('@').map_or((name, None), |(id, mark)| (id, Some(mark)));
    let (version, as_defined) = match mark {
        None => (catalogue.indicators.get(id)?, AsDefined::Then),
        Some("now") => (catalogue.indicators.get(id)?, AsDefined::Now),
        Some(number) => (catalogue.version(id, IndicatorVersion(number.parse().ok()?))?, AsDefined::Then),
    };
    Some((Series::of(version, as_defined), version.unit.to_string()))
}
