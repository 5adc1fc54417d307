//! What a run would do, for people: grouped and counted, or one by one if somebody wants all of it.

use std::collections::BTreeMap;

use pipeline::{
    Action, Amount, Cause, DefinitionChange, Plan, PlannedDelivery, PlannedIndicator, PlannedSeries, PlannedWithheld,
};

use super::{counted, duration, grouped, printable, size, table};

/// Things of one kind that are named; the others are counted.
const SHOWN: usize = 10;

/// The whole plan.
pub(crate) fn plan(plan: &Plan, everything: bool) -> String {
    let mut text = whereto(plan, "a run");
    for request in &plan.requests {
        text += &format!("{} will be asked at {}; what it answers is not known\n", request.source, request.url);
    }
    if !plan.pending {
        text += "nothing to do: everything that was delivered is read, and every figure is up to date\n";
        return text + &unknown_files(plan);
    }
    text += &definitions(&plan.definitions, everything);
    text += &deliveries(plan);
    if everything {
        text += &one_by_one(&plan.deliveries);
    }
    text += &refusals(&plan.deliveries, everything);
    text += &withheld(&plan.withheld, everything);
    text += &indicators(&plan.indicators, everything);
    text += &rest(plan);
    text += &unknown_files(plan);
    text + &time(plan)
}

/// Where it will write, and what was there before.
pub(crate) fn whereto(plan: &Plan, who: &str) -> String {
    let latest = plan.state.latest_run;
    let after =
        latest.map_or("nothing has been published there yet".to_owned(), |run| format!("run {run} was the latest"));
    format!(
        "pipeline `{}`: {who} writes to {} on {} ({after}), for the project {}\n\n",
        plan.pipeline, plan.state.store, plan.host, plan.project
    )
}

/// How long it takes.
pub(crate) fn time(plan: &Plan) -> String {
    let unknown = "unknown, there is no earlier run to compare with".to_owned();
    let time = plan.estimated_milliseconds.map_or(unknown, |time| format!("about {}", duration(time)));
    format!("time: {time}\n")
}

fn definitions(changes: &[DefinitionChange], everything: bool) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let name = |one: &DefinitionChange| {
        let version = if one.version > 1 { format!("@{}", one.version) } else { String::new() };
        let new = if one.new { " (new)" } else { "" };
        format!("{} {}{version}{new}", words(one.kind), one.id)
    };
    let names: Vec<String> = changes.iter().map(name).collect();
    format!("definitions that changed since the last run: {}\n\n", listed(&names, everything))
}

/// Names, of which some are shown.
fn listed(names: &[String], everything: bool) -> String {
    let shown = if everything { names.len() } else { SHOWN.min(names.len()) };
    let more = names.len() - shown;
    let mut text = names.iter().take(shown).map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text += &format!(" and {} more", grouped(more as u64));
    }
    text
}

fn words(kind: &str) -> &str {
    match kind {
        "codelist" => "code list",
        "comparison_group" => "comparison group",
        kind => kind,
    }
}

fn cause(cause: &Cause) -> String {
    match (cause.kind, cause.id.as_str()) {
        ("deliveries", id) => format!("deliveries of {id}"),
        ("first", _) => "not computed before".to_owned(),
        ("outdated", _) => "another pipeline has changed what it is made of".to_owned(),
        ("key", _) => "another key for pseudonyms".to_owned(),
        ("engine", _) => "this version of musketer understands the definitions otherwise".to_owned(),
        (kind, id) => format!("{} {id} has changed", words(kind)),
    }
}

fn causes(because: &[Cause]) -> String {
    because.iter().map(cause).collect::<Vec<_>>().join(", ")
}

fn what(action: Action) -> &'static str {
    match action {
        Action::New => "new",
        Action::Correction => "correction, takes the place of another",
        Action::Returned => "has come back",
        Action::Restored => "holds again",
        Action::Definition => "read again",
        Action::Again => "read again, as asked for",
        Action::Lost => "read again, its rows are gone",
        Action::Unblocked => "can be read at last",
        Action::Compared => "read to compare another with",
        Action::Refused => "refused",
        Action::Passed => "known from now on, not read",
    }
}

pub(crate) fn deliveries(plan: &Plan) -> String {
    let mut groups: BTreeMap<(Action, &str, String), Vec<&PlannedDelivery>> = BTreeMap::new();
    for one in &plan.deliveries {
        groups.entry((one.action, &one.source, causes(&one.because))).or_default().push(one);
    }
    if groups.is_empty() {
        return String::new();
    }
    let amounts = |of: &[&PlannedDelivery]| {
        let units = Amount::of(of.iter().map(|one| (one.units, one.units_estimated)));
        let rows = Amount::of(of.iter().map(|one| (one.rows, one.rows_estimated)));
        [amount(units), amount(rows)]
    };
    let mut rows = Vec::new();
    for ((action, source, because), of) in &groups {
        let what = what(*action);
        let why = if because.is_empty() { what.to_owned() } else { format!("{what}: {because}") };
        let number = grouped(of.len() as u64);
        let [units, count] = if action.is_read() { amounts(of) } else { [String::new(), String::new()] };
        rows.push(vec![why, (*source).to_owned(), number, units, count, size(of.iter().map(|one| one.bytes).sum())]);
    }
    let all = [amount(plan.units), amount(plan.rows)];
    let [units, count] = all;
    rows.push(vec![
        "read in all".to_owned(),
        String::new(),
        grouped(plan.deliveries_read),
        units,
        count,
        size(plan.bytes),
    ]);
    table(&["deliveries", "source", "number", "units", "rows", "bytes"], rows, &[2, 3, 4, 5]) + "\n\n"
}

/// A number that may be an estimate: `12`, `about 1 200`, `unknown`.
pub(crate) fn amount(of: Amount) -> String {
    let number = grouped(of.number);
    match (of.unknown_deliveries, of.number, of.estimated) {
        (0, _, false) => number,
        (0, _, true) => format!("about {number}"),
        (_, 0, _) => "unknown".to_owned(),
        (_, _, false) => format!("{number} and more"),
        (_, _, true) => format!("about {number} and more"),
    }
}

pub(crate) fn one_by_one(deliveries: &[PlannedDelivery]) -> String {
    let mut text = String::new();
    for one in deliveries {
        let because = causes(&one.because);
        let why = if because.is_empty() { String::new() } else { format!(": {because}") };
        let other = one.replaces.as_ref().map(|other| format!("takes the place of {}", printable(other)));
        let what = other.unwrap_or_else(|| what(one.action).to_owned());
        text += &format!("{}: {what}{why}\n", printable(&one.name));
    }
    if text.is_empty() { text } else { text + "\n" }
}

pub(crate) fn refusals(deliveries: &[PlannedDelivery], everything: bool) -> String {
    let refused: Vec<_> = deliveries.iter().filter_map(|one| Some((one, one.refusal.as_ref()?))).collect();
    let shown = if everything { refused.len() } else { SHOWN.min(refused.len()) };
    let mut text = String::new();
    for (one, refusal) in &refused[..shown] {
        text += &format!("will be refused [{}]: {}\n", refusal.code, printable(&refusal.message));
        text += &format!("  --> {}\n  help: {}\n\n", printable(&one.name), printable(&refusal.help));
    }
    if refused.len() > shown {
        text += &format!("showing {shown} of {} that will be refused; --verbose shows all\n\n", refused.len());
    }
    text
}

fn withheld(withheld: &[PlannedWithheld], everything: bool) -> String {
    let shown = if everything { withheld.len() } else { SHOWN.min(withheld.len()) };
    let mut text = String::new();
    for PlannedWithheld { name, refusal, .. } in &withheld[..shown] {
        text += &format!("will be withheld [{}]: {}\n", refusal.code, printable(&refusal.message));
        text += &format!("  --> {}\n  help: {}\n\n", printable(name), printable(&refusal.help));
    }
    if withheld.len() > shown {
        text += &format!("showing {shown} of {} that will be withheld; --verbose shows all\n\n", withheld.len());
    }
    text
}

fn indicators(indicators: &[PlannedIndicator], everything: bool) -> String {
    let mut groups: BTreeMap<(PlannedSeries, String), Vec<String>> = BTreeMap::new();
    for one in indicators {
        groups.entry((one.action, causes(&one.because))).or_default().push(one.series.clone());
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut rows = Vec::new();
    let mut text = String::new();
    for ((action, because), names) in groups {
        let what = match action {
            PlannedSeries::All => "computed, all periods",
            PlannedSeries::Touched => "computed, periods of the deliveries",
            PlannedSeries::Texts => "texts only: nothing is computed",
            PlannedSeries::Withdrawn => "withdrawn: asked for no more",
        };
        let because = if action == PlannedSeries::Texts { "its texts have changed".to_owned() } else { because };
        if everything {
            let why = if because.is_empty() { String::new() } else { format!(" ({because})") };
            text.extend(names.iter().map(|name| format!("{name}: {what}{why}\n")));
            continue;
        }
        let some = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let some = if names.len() > 3 { format!("{some}, ...") } else { some };
        rows.push(vec![what.to_owned(), because, grouped(names.len() as u64), some]);
    }
    if everything {
        return text + "\n";
    }
    table(&["indicators", "why", "number", "which"], rows, &[2]) + "\n\n"
}

fn rest(plan: &Plan) -> String {
    let lines = [
        (
            plan.files_touched,
            "file",
            "files",
            "known by the content and looked at again, for the time or the place is another",
        ),
        (plan.deliveries_superseded, "delivery", "deliveries", "holds no more, for another one does"),
        (plan.units_removed, "unit", "units", "held by nobody from then on"),
    ];
    let lines = lines.into_iter().filter(|(number, ..)| *number > 0);
    let mut text = String::new();
    for (number, one, many, what) in lines {
        text += &format!("{} {what}\n", counted(number, one, many));
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn unknown_files(plan: &Plan) -> String {
    let mut text = String::new();
    for file in plan.unknown_files.iter().take(SHOWN) {
        text += &format!("note: {} matches no source of the pipeline [M8022]\n", printable(file));
    }
    if plan.unknown_files.len() > SHOWN {
        text += &format!("note: so do {} more files\n", plan.unknown_files.len() - SHOWN);
    }
    text
}
