//! Rejected rows, for people: the counts first, then the rows.

use pipeline::Rejects;

use super::{grouped, table};

/// The counts and the first rows.
pub(crate) fn text(rejects: &Rejects) -> String {
    if rejects.total == 0 {
        return "no rejected rows\n".to_owned();
    }
    let row = |count: &pipeline::RejectCount| {
        vec![count.code.clone(), count.name.clone(), count.column.clone(), grouped(count.rows)]
    };
    let mut text = table(&["code", "name", "column", "rows"], rejects.counts.iter().map(row).collect(), &[3]);
    text += "\n\n";
    for reject in &rejects.rows {
        let column = reject.column.as_ref().map_or(String::new(), |column| format!(", column `{column}`"));
        text += &format!("{}:{}{column}\n", super::printable(&reject.delivery), reject.line);
        text += &format!("  {}: {}\n", reject.code, super::printable(&reject.reason));
        if let Some(raw) = &reject.raw {
            text += &format!("  | {}\n", super::printable(raw).replace('\n', "\\n"));
        }
    }
    let shown = rejects.rows.len() as u64;
    if shown < rejects.total {
        text +=
            &format!("\nshowing {} of {} rejected rows; --limit shows more\n", grouped(shown), grouped(rejects.total));
    }
    text += "\n`musketer explain CODE` says what a code means and what to do\n";
    text
}
