//! A run in one line, for a mail or a log.

use pipeline::{Outcome, RunReport, UnitState};

use super::Failure;
use crate::render::{counted, grouped, printable};

/// `musketer nightly: partial (exit 3): 12 deliveries read, 1 refused, 3 units late, 214 figures changed in 41 s; run 57`
pub(super) fn line(report: &RunReport, seconds: f64, failure: Option<&Failure>) -> String {
    let outcome = report.outcome.as_str().replace('_', " ");
    let who = if report.pipeline.is_empty() { String::new() } else { format!(" {}", report.pipeline) };
    let run = report.run.map_or("nothing published".to_owned(), |run| format!("run {run}"));
    let what = failure.map_or_else(|| counts(report), |failure| format!("{} {}", failure.code, failure.message));
    let line = format!("musketer{who}: {outcome} (exit {}): {what} in {seconds:.1} s; {run}", report.exit_code);
    // One line, whatever an error has to say.
    printable(&line).replace('\n', " ")
}

fn counts(report: &RunReport) -> String {
    let of = |state: &str| report.deliveries.iter().filter(|delivery| delivery.state == state).count() as u64;
    let (read, refused, withheld) = (of("accepted"), of("refused"), of("withheld"));
    let mut counts = Vec::new();
    if report.outcome == Outcome::NothingNew {
        counts.push(format!("{} known", counted(report.deliveries_known, "delivery", "deliveries")));
    } else {
        counts.push(format!("{} read", counted(read, "delivery", "deliveries")));
    }
    let rejected: u64 = report.sources.values().map(|of| of.rows_rejected).sum();
    let (new, changed) =
        report.indicators.values().fold((0, 0), |(new, changed), of| (new + of.new, changed + of.changed));
    if refused > 0 {
        counts.push(format!("{} refused", grouped(refused)));
    }
    if withheld > 0 {
        counts.push(format!("{} withheld", grouped(withheld)));
    }
    let further = [
        (report.still_refused, "delivery", "deliveries", "refused earlier"),
        (rejected, "row", "rows", "rejected"),
        (report.units_in(UnitState::Late), "unit", "units", "late"),
        (report.units_in(UnitState::Missing), "unit", "units", "missing"),
        (report.units_in(UnitState::Withheld), "unit", "units", "withheld"),
        (report.units_in(UnitState::Failed), "unit", "units", "failed"),
        (new, "figure", "figures", "new"),
        (changed, "figure", "figures", "changed"),
    ];
    let further = further.into_iter().filter(|(number, ..)| *number > 0);
    counts.extend(further.map(|(number, one, many, what)| format!("{} {what}", counted(number, one, many))));
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pipeline::IndicatorReport;

    use super::*;

    fn report(outcome: Outcome) -> RunReport {
        RunReport::without_result("nightly".to_owned(), "2026-03-01T02:00:00Z".to_owned(), outcome)
    }

    #[test]
    fn what_happened_fits_into_a_line() {
        let mut partial = RunReport { run: Some(57), still_refused: 1, ..report(Outcome::Partial) };
        let finance = BTreeMap::from([(UnitState::Done, 40), (UnitState::Late, 2), (UnitState::Failed, 1)]);
        partial.units.insert("finance".to_owned(), finance);
        partial.units.insert("pupils".to_owned(), BTreeMap::from([(UnitState::Late, 1)]));
        partial.indicators.insert("population".to_owned(), IndicatorReport { new: 1, changed: 1214, unchanged: 9 });
        assert_eq!(
            line(&partial, 41.26, None),
            "musketer nightly: partial (exit 3): 0 deliveries read, 1 delivery refused earlier, 3 units late, 1 unit \
             failed, 1 figure new, 1 214 figures changed in 41.3 s; run 57"
        );
        let nothing = RunReport { deliveries_known: 12, ..report(Outcome::NothingNew) };
        let expected = "musketer nightly: nothing new (exit 0): 12 deliveries known in 0.1 s; nothing published";
        assert_eq!(line(&nothing, 0.06, None), expected);
        let error = pipeline::RunError::Internal("two\nlines\u{1b}".to_owned());
        assert_eq!(
            line(&report(Outcome::Failed), 1.0, Some(&Failure::of(&error))),
            "musketer nightly: failed (exit 70): M9001 two lines\\u{1b}; please report this in 1.0 s; nothing published"
        );
    }
}
