//! What became of a file, for people, on standard error: the rows themselves are the result.

use pipeline::single::{Output, ReadReport};

use super::{counted, printable};

/// A few lines; none if the file was clean and the rows went to standard output.
pub(crate) fn summary(report: &ReadReport, output: &Output) -> String {
    let mut text = String::new();
    if let Some(refused) = &report.refused {
        let line = refused.line.map_or(String::new(), |line| format!(":{line}"));
        text += &format!("refused[{}]: {}\n", refused.code, printable(&refused.message));
        text += &format!("  --> {}{line}\n  help: {}\n", printable(&report.file), printable(&refused.help));
        if *output == Output::Standard && report.rows_loaded > 0 {
            text += "  the rows that were written before this was known must not be used\n";
        }
        return text.trim_end().to_owned();
    }
    for reject in &report.first_rejects {
        let column = reject.column.as_ref().map_or(String::new(), |column| format!(", column `{column}`"));
        text += &printable(&format!("{}:{}{column}: {}: {}\n", report.file, reject.line, reject.code, reject.reason));
    }
    let shown = report.first_rejects.len() as u64;
    if shown < report.rows_rejected {
        text += &format!("and {} more; `--report FILE` has them all\n", report.rows_rejected - shown);
    }
    for notice in &report.notices {
        text += &printable(&format!("note[{}]: {}\n", notice.code, notice.message));
    }
    if report.rows_rejected > 0 || *output != Output::Standard {
        text += &format!(
            "{}: {} loaded, {} rejected, {} skipped\n",
            counted(report.rows_in, "row", "rows"),
            super::grouped(report.rows_loaded),
            super::grouped(report.rows_rejected),
            super::grouped(report.rows_skipped)
        );
    }
    text.trim_end().to_owned()
}
