//! Rejected rows, for people: the counts first, then the rows; one of them in full; what became of them.

use std::collections::BTreeSet;

use model::DeliveryId;
use pipeline::{Decision, DeliveryReport, Expected, RejectStatus, RejectedRecord, Rejects, RunReport};

use super::{counted, grouped, printable, table};

/// Deliveries that are shown one by one.
const SHOWN: usize = 20;

/// As much of an identifier as people type.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// The counts and the first rows.
pub(crate) fn text(rejects: &Rejects, status: Option<RejectStatus>) -> String {
    if rejects.total == 0 {
        let which = status.map_or(String::new(), |status| format!(", {status}"));
        return format!("no rejected rows{which}\n");
    }
    let row = |count: &pipeline::RejectCount| {
        let numbers = [count.rows, count.deliveries].map(grouped);
        let texts = [count.code.clone(), count.name.clone(), count.column.clone(), count.status.to_owned()];
        texts.into_iter().chain(numbers).collect()
    };
    let header = ["code", "name", "column", "status", "rows", "deliveries"];
    let mut text = table(&header, rejects.counts.iter().map(row).collect(), &[4, 5]);
    text += "\n\n";
    for reject in &rejects.rows {
        let column = reject.column.as_ref().map_or(String::new(), |column| format!(", column `{column}`"));
        let (id, record) = (short(&reject.delivery_id), reject.record);
        text += &format!("{id}:{record} {}:{}{column}\n", printable(&reject.delivery), reject.line);
        let status = if reject.status == "open" { String::new() } else { format!(" ({})", reject.status) };
        text += &format!("  {}: {}{status}\n", reject.code, printable(&reject.reason));
        if let Some(raw) = &reject.raw {
            text += &format!("  | {}\n", one_line(raw));
        }
    }
    text += &left_out(rejects);
    text += "\n`musketer rejects show DELIVERY:RECORD` shows a row in full; `musketer explain CODE` says what a code means\n";
    text
}

/// That there are more than are listed.
pub(crate) fn left_out(rejects: &Rejects) -> String {
    let shown = rejects.rows.len() as u64;
    if shown == rejects.total {
        return String::new();
    }
    format!("\nshowing {} of {} rejected rows; --limit shows more\n", grouped(shown), grouped(rejects.total))
}

fn one_line(raw: &str) -> String {
    printable(raw).replace('\n', "\\n")
}

/// Records with all that is known about each.
pub(crate) fn in_full(records: &[RejectedRecord], total: usize) -> String {
    let mut text = records.iter().map(record).collect::<Vec<_>>().join("\n");
    if records.len() < total {
        let (shown, total) = (grouped(records.len() as u64), grouped(total as u64));
        text += &format!("\nshowing {shown} of {total} rejected records; --limit shows more\n");
    }
    text
}

fn record(of: &RejectedRecord) -> String {
    let mut text = format!("{}:{}  {}:{}\n", short(&of.delivery_id), of.record, printable(&of.delivery), of.line);
    let scope = [&of.municipality, &of.period].into_iter().flatten().map(|part| format!(", {part}"));
    text += &format!("  source {}{}; the delivery is {}\n", of.source, scope.collect::<String>(), of.state);
    for reason in &of.reasons {
        let column = reason.column.as_ref().map_or(String::new(), |column| format!(", column `{}`", printable(column)));
        text += &format!("\n  {} {}{column}: {}\n", reason.code, reason.name, printable(&reason.reason));
        text += &format!("    {}\n", reason.meaning);
        reason.expected.iter().for_each(|expected| text += &expectation(expected));
        text += &format!("    what to do: {}\n", reason.remedy);
    }
    text += "\n";
    if let Some(raw) = &of.raw {
        text += &format!("  | {}\n", one_line(raw));
    }
    if let Some(why) = of.raw_missing {
        text += &format!("  the line is not kept here: {why}\n");
    }
    text +=
        &format!("  as received, for those who may read it: {} (zstd), line {}\n", printable(&of.archived), of.line);
    let read = of.processed_run.map_or(String::new(), |run| format!(", read last by run {run}"));
    text += &format!("\n  {}: received by run {}{read}\n", of.status, of.received_run);
    of.decisions.iter().for_each(|decision| text += &decision_line(decision));
    if let Some(run) = of.replayed_run {
        text += &format!("  passed when the delivery was read again, in run {run}\n");
    }
    text
}

fn expectation(expected: &Expected) -> String {
    let Expected { dataset, field, title, value, codelist } = expected;
    let list = codelist.as_ref().map_or(String::new(), |list| format!("; the list is definitions/codelists/{list}"));
    format!("    expected: {dataset}.{field} ({}), {value}{list}\n", title.1)
}

fn decision_line(decision: &Decision) -> String {
    let Decision { kind, person, at, reason, run } = decision;
    let kind = kind.replace('_', " ");
    format!("  {kind} by {} at {at}, in run {run}: {}\n", printable(person), printable(reason))
}

/// What was decided about how many rows.
pub(crate) fn decided(records: &[(DeliveryId, u64)], undone: bool) -> String {
    let deliveries: BTreeSet<&DeliveryId> = records.iter().map(|(delivery, _)| delivery).collect();
    let rows = counted(records.len() as u64, "rejected row", "rejected rows");
    let deliveries = counted(deliveries.len() as u64, "delivery", "deliveries");
    if undone {
        format!("{rows} of {deliveries} are open again\n")
    } else {
        format!("waived {rows} of {deliveries}; in the books they stay rejected\n")
    }
}

/// What became of the rejected rows of deliveries that were read again. `meant` deliveries had some.
pub(crate) fn replayed(report: &RunReport, meant: usize) -> String {
    let again = report.deliveries.iter().filter_map(|delivery| Some((delivery, delivery.read_again?)));
    let mut rows: Vec<_> = again.collect();
    let refused = report.deliveries.iter().any(|delivery| delivery.refusal.is_some());
    if rows.is_empty() && !refused {
        let deliveries =
            counted(meant as u64, "delivery with open rejected rows", "deliveries with open rejected rows");
        return match meant {
            0 => "nothing to replay: no rejected row that is meant is open\n".to_owned(),
            _ => format!("nothing to replay: the definitions have not changed since {deliveries} were read\n"),
        };
    }
    rows.sort_by_key(|(delivery, again)| (std::cmp::Reverse(again.passed), delivery.name.clone()));
    let line = |(delivery, again): &(&DeliveryReport, pipeline::ReadAgain)| {
        let numbers = [again.passed, again.still_rejected, again.newly_rejected].map(grouped);
        [short(&delivery.delivery).to_owned(), delivery.name.clone()].into_iter().chain(numbers).collect()
    };
    let header = ["delivery", "name", "passed now", "still rejected", "newly rejected"];
    let mut text = table(&header, rows.iter().take(SHOWN).map(line).collect(), &[2, 3, 4]);
    text.push('\n');
    if rows.len() > SHOWN {
        text += &format!("showing {SHOWN} of {} deliveries; --format json has all\n", grouped(rows.len() as u64));
    }
    text
}

/// What a run made of rows that had been rejected before, in a line; nothing where it read nothing again.
pub(crate) fn sum(report: &RunReport) -> String {
    let again = report.deliveries.iter().filter_map(|delivery| delivery.read_again);
    let (passed, newly) = again.fold((0, 0), |sum, again| (sum.0 + again.passed, sum.1 + again.newly_rejected));
    if passed + newly == 0 {
        return String::new();
    }
    let passed = counted(passed, "row that had been rejected passed", "rows that had been rejected passed");
    format!("read again: {passed}, {} newly rejected\n", grouped(newly))
}
