//! What a backfill would do, for people.

use std::collections::BTreeMap;

use pipeline::{BackfillPlan, Gap, PlannedStep};

use super::plan::{amount, deliveries, one_by_one, refusals, time, whereto};
use super::{counted, grouped, size, table};

/// Steps that are shown at the beginning and at the end; those between are counted.
const EDGE: usize = 6;
/// Municipalities of a gap that are named.
const NAMED: usize = 3;

/// The whole plan.
pub(crate) fn plan(planned: &BackfillPlan, everything: bool) -> String {
    let plan = &planned.plan;
    let mut text = whereto(plan, "the backfill");
    if planned.steps.is_empty() {
        text += "nothing to do: there is nothing in the scope that has to be read\n";
        return text + &gaps(&planned.gaps);
    }
    text += &deliveries(plan);
    if everything {
        text += &one_by_one(&plan.deliveries);
    }
    text += &refusals(&plan.deliveries, everything);
    text += &steps(&planned.steps, everything);
    text += &gaps(&planned.gaps);
    if plan.units.number > planned.max_units {
        text += &format!(
            "that is more than {} units, so nothing will be done without --max-units {}\n",
            grouped(planned.max_units),
            plan.units.number
        );
    }
    text + &time(plan)
}

fn steps(steps: &[PlannedStep], everything: bool) -> String {
    let line = |(at, step): (usize, &PlannedStep)| {
        let period = step.period.clone().unwrap_or_else(|| "no period in the name".to_owned());
        let number = grouped(at as u64 + 1);
        vec![number, period, grouped(step.deliveries), amount(step.units), amount(step.rows), size(step.bytes)]
    };
    let numbered = steps.iter().enumerate();
    let hidden = if everything { 0 } else { steps.len().saturating_sub(2 * EDGE) };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (at, step) in numbered {
        if hidden > 1 && at == EDGE {
            let mut between = vec![String::new(); 6];
            between[1] = format!("and {} more", grouped(hidden as u64));
            rows.push(between);
        }
        if hidden <= 1 || at < EDGE || at >= EDGE + hidden {
            rows.push(line((at, step)));
        }
    }
    table(&["step", "period", "deliveries", "units", "rows", "bytes"], rows, &[0, 2, 3, 4, 5]) + "\n\n"
}

/// What is owed and not there: a line a source.
fn gaps(gaps: &[Gap]) -> String {
    let mut sources: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        sources.entry(&gap.source).or_default().push(gap);
    }
    let mut text = String::new();
    for (source, of) in sources {
        let units: u64 = of.iter().map(|gap| gap.periods.len() as u64).sum();
        let some: Vec<String> =
            of.iter().take(NAMED).map(|gap| format!("{} {}", gap.municipality, span(&gap.periods))).collect();
        let more = if of.len() > NAMED { ", ..." } else { "" };
        text += &format!(
            "gap: {} of {source} and {} will not be there: nobody has delivered them ({}{more})\n",
            counted(units, "unit", "units"),
            counted(of.len() as u64, "municipality", "municipalities"),
            some.join(", ")
        );
    }
    text
}

/// `2024-05`, or the first and the last of several.
fn span(periods: &[String]) -> String {
    match periods {
        [] => String::new(),
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}, {} periods", periods.len()),
    }
}
