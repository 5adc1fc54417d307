//! The first rows of a file as a table, rejected rows in their place.

use pipeline::single::Preview;

use super::{counted, printable, table};

/// The most characters of a cell.
const WIDEST: usize = 40;

/// The table and what it leaves out.
pub(crate) fn text(preview: &Preview) -> String {
    let mut text = String::new();
    if !preview.columns.is_empty() {
        text += &rows(preview);
        text.push('\n');
    }
    for row in &preview.rows {
        let Some(reject) = &row.reject else { continue };
        let column = reject.column.as_ref().map_or(String::new(), |column| format!(", column `{column}`"));
        text += &printable(&format!("line {}{column}: {} {}: {}\n", row.line, reject.code, reject.name, reject.reason));
    }
    if let Some(refused) = &preview.refused {
        let line = refused.line.map_or(String::new(), |line| format!(" at line {line}"));
        text += &format!("refused[{}]{line}: {}\n", refused.code, printable(&refused.message));
        text += &format!("  help: {}\n", printable(&refused.help));
        return text;
    }
    let all = if preview.complete { "these are all rows" } else { "the file goes on; --rows shows more" };
    let shown = counted(preview.rows.len() as u64, "row", "rows");
    text += &format!("{shown}: {} loaded, {} rejected; {all}\n", preview.rows_loaded, preview.rows_rejected);
    text
}

fn rows(preview: &Preview) -> String {
    let header: Vec<&str> = std::iter::once("line").chain(preview.columns.iter().map(String::as_str)).collect();
    let right: Vec<usize> = std::iter::once(0)
        .chain((0..preview.columns.len()).filter(|at| preview.numeric.get(*at) == Some(&true)).map(|at| at + 1))
        .collect();
    let rows = preview.rows.iter().map(|row| {
        let line = std::iter::once(row.line.to_string());
        match &row.cells {
            Some(cells) => line.chain(cells.iter().map(|cell| cell.as_deref().map_or(String::new(), cut))).collect(),
            None => {
                let code = row.reject.as_ref().map_or(String::new(), |reject| format!("rejected: {}", reject.code));
                let rest = vec![String::new(); preview.columns.len().saturating_sub(1)];
                line.chain(std::iter::once(code)).chain(rest).collect()
            }
        }
    });
    table(&header, rows.collect(), &right)
}

fn cut(cell: &str) -> String {
    let one_line = cell.replace(['\n', '\r', '\t'], " ");
    if one_line.chars().count() <= WIDEST {
        return one_line;
    }
    one_line.chars().take(WIDEST - 1).chain(['…']).collect()
}
