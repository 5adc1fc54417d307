//! What is held until somebody approves it, for whoever may.

use pipeline::HeldLine;

use super::{counted, grouped_decimal, table};

/// Figures that are shown one by one.
const SHOWN: usize = 200;

/// The figures with their values.
pub(crate) fn text(held: &[HeldLine]) -> String {
    if held.is_empty() {
        return "nothing is held\n".to_owned();
    }
    let row = |of: &HeldLine| {
        let part = if of.breakdown == "total" { String::new() } else { format!(" {}", of.breakdown) };
        vec![
            of.area_of_work.clone(),
            format!("{} {}", of.municipality, of.title),
            of.period.clone(),
            format!("{}{part}", of.indicator),
            of.value.as_deref().map_or("no value".to_owned(), grouped_decimal),
            of.unit.clone(),
        ]
    };
    let header = ["area", "municipality", "period", "indicator", "value", "unit"];
    let mut text = table(&header, held.iter().take(SHOWN).map(row).collect(), &[4]);
    text += &format!("\n{} held", counted(held.len() as u64, "figure", "figures"));
    if held.len() > SHOWN {
        text += &format!(
            ", the first {SHOWN} are shown; --municipality, --area and --period show fewer, --format json all"
        );
    }
    text + "\n"
}
