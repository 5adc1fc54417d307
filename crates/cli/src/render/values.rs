//! Which figures change: a summary first, then the greatest differences, and all of them as CSV.

use pipeline::{FigureChange, FigureSide, IndicatorChange, NotCompared, ValueChanges};

use super::{counted, grouped, grouped_decimal, printable, table};

/// For people: how many figures of how many change, and of each indicator at most so many.
pub(crate) fn text(changes: &ValueChanges, limit: usize) -> String {
    let (figures, other) = (total(changes, |one| one.figures), changes.figures.len() as u64);
    let mut text = format!(
        "\nfigures, of the rows in the store: {} of {} would be another, of {}\n",
        grouped(other),
        grouped(figures),
        counted(changes.indicators.len() as u64, "indicator", "indicators")
    );
    for NotCompared { indicator, because } in &changes.not_compared {
        let because = because.join(", ");
        text += &printable(&format!("  not computed: {indicator}: files would be read into other rows by {because}\n"));
    }
    for indicator in &changes.indicators {
        let IndicatorChange { indicator: id, figures, changed, new, gone } = indicator;
        text += &printable(&format!(
            "\n{id}: {} changed, {} new, {} gone, of {}\n",
            grouped(*changed),
            grouped(*new),
            grouped(*gone),
            grouped(*figures)
        ));
        let own: Vec<&FigureChange> = changes.figures.iter().filter(|one| one.indicator == *id).collect();
        if own.is_empty() {
            continue;
        }
        let rows = own.iter().take(limit).map(|one| row(one)).collect();
        if limit > 0 {
            text += &table(&["area", "period", "breakdown", "before", "after", "difference"], rows, &[3, 4, 5]);
            text.push('\n');
        }
        if own.len() > limit {
            let more = grouped((own.len() - limit) as u64);
            text += &format!("and {more} more with smaller differences; `--csv FILE` or `--format json` has all\n");
        }
    }
    text
}

fn total(changes: &ValueChanges, of: impl Fn(&IndicatorChange) -> u64) -> u64 {
    changes.indicators.iter().map(of).sum()
}

fn row(change: &FigureChange) -> Vec<String> {
    let side = |side: &Option<FigureSide>| {
        let Some(side) = side else { return "-".to_owned() };
        let value = side.value.as_deref().map_or("none".to_owned(), grouped_decimal);
        if side.obs_status == "A" { value } else { format!("{value} ({})", side.obs_status) }
    };
    let difference = change.difference.as_deref().map_or(String::new(), |difference| {
        let sign = if difference.starts_with('-') { "" } else { "+" };
        format!("{sign}{}", grouped_decimal(difference))
    });
    vec![
        change.area.clone(),
        change.period.clone(),
        change.breakdown.clone(),
        side(&change.before),
        side(&change.after),
        difference,
    ]
}

/// All figures that change, a row each.
pub(crate) fn csv(changes: &ValueChanges) -> String {
    let mut text = "indicator,area,period,breakdown,version_before,version_after,before,after,difference,\
                    obs_status_before,obs_status_after\n"
        .to_owned();
    for change in &changes.figures {
        let value = |side: &Option<FigureSide>| side.as_ref().and_then(|side| side.value.clone()).unwrap_or_default();
        let version =
            |side: &Option<FigureSide>| side.as_ref().map(|side| side.version.to_string()).unwrap_or_default();
        let status =
            |side: &Option<FigureSide>| side.as_ref().map(|side| side.obs_status).unwrap_or_default().to_owned();
        let (before, after) = (&change.before, &change.after);
        let cells = [
            change.indicator.clone(),
            change.area.clone(),
            change.period.clone(),
            change.breakdown.clone(),
            version(before),
            version(after),
            value(before),
            value(after),
            change.difference.clone().unwrap_or_default(),
            status(before),
            status(after),
        ];
        text += &(cells.map(|cell| quoted(&cell)).join(",") + "\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}
