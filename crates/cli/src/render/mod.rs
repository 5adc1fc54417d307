//! Results to standard output, messages to standard error; readable without colour.
#![expect(clippy::format_push_string, reason = "a page for people is put together from sentences, and no hot path")]

pub(crate) mod backfill;
pub(crate) mod catalogue;
pub(crate) mod comparison;
pub(crate) mod difference;
mod examples;
pub(crate) mod explain;
pub(crate) mod findings;
pub(crate) mod guess;
pub(crate) mod held;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod read;
pub(crate) mod rejects;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod upkeep;
pub(crate) mod values;

use std::io::{ErrorKind, Write};

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use model::Code;
use pipeline::RunError;
use serde::Serialize;

use crate::arguments::Common;
use crate::exit::Exit;

/// Writes a result to standard output. A reader that has gone away is no error: `musketer status | head` is fine.
pub(crate) fn result(text: &str) -> Result<(), RunError> {
    let mut out = std::io::stdout().lock();
    let newline = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    let written =
        out.write_all(text.as_bytes()).and_then(|()| out.write_all(newline.as_bytes())).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(source) => Err(RunError::File { path: "standard output".into(), source }),
        Ok(()) => Ok(()),
    }
}

/// Writes a message to standard error.
#[expect(clippy::print_stderr, reason = "this is the place where messages are written")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Writes a message to standard error, unless there is nothing to say.
pub(crate) fn note_if_any(text: &str) {
    if !text.is_empty() {
        note(text);
    }
}

/// A result as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, RunError> {
    serde_json::to_string_pretty(value).map_err(|error| RunError::Internal(format!("the report is no JSON: {error}")))
}

/// A result as a value of JSON, to be a part of another.
pub(crate) fn value(value: &impl Serialize) -> Result<serde_json::Value, RunError> {
    serde_json::to_value(value).map_err(|error| RunError::Internal(format!("the report is no JSON: {error}")))
}

/// Says why a command failed, and gives the exit code.
pub(crate) fn error(error: &RunError, common: &Common) -> Exit {
    if let RunError::Definitions(diagnostics) = error {
        let files = crate::command::files(common);
        findings::text::show(diagnostics, &files);
        note("nothing was done: mend the definitions, `musketer check` shows them all");
    } else {
        let (code, message, help) = described(error);
        said(code, &message, &help);
    }
    Exit::of_error(error)
}

/// An error's code, what it says, and the way out.
pub(crate) fn described(error: &RunError) -> (Code, String, String) {
    let code = error.code();
    let help = code.info().remedy.to_owned();
    match error {
        RunError::Definitions(_) => {
            let help = "mend the definitions; `musketer check` shows them all".to_owned();
            (code, error.to_string(), help)
        }
        RunError::Usage { message, help, .. } => (code, message.clone(), help.clone()),
        RunError::Interrupted(_) => (code, format!("{error} ({})", crate::waiting::signal().1), help),
        _ => (code, with_causes(error), help),
    }
}

/// The error with the causes that it does not name itself, so that a full disk is called one.
fn with_causes(error: &RunError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.extend([": ", &said]);
        }
        cause = inner.source();
    }
    text
}

fn said(code: Code, message: &str, help: &str) {
    note(&format!("error[{code}]: {}\n  help: {help}", printable(message)));
}

/// The text without characters that a terminal would act on.
pub(crate) fn printable(text: &str) -> String {
    let escape = |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// The text of a file as places count it: without a byte order mark, and with every control character but the line end
/// shown as a blank. A carriage return alone ends a line of YAML too.
pub(crate) fn printable_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let ends_line = c == '\n' || (c == '\r' && characters.peek() != Some(&'\n'));
        shown.push(if ends_line {
            '\n'
        } else if c.is_control() {
            ' '
        } else {
            c
        });
    }
    shown
}

/// A table with a header; columns whose number is in `right` are aligned to the right.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// A whole number with groups of three digits: `1 234 567`.
pub(crate) fn grouped(number: u64) -> String {
    group_digits(&number.to_string())
}

/// A number of things: `1 row`, `2 rows`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number of bytes, to one decimal: `512 bytes`, `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return counted(bytes, "byte", "bytes");
    }
    let mut tenths = u128::from(bytes) / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1000, unit + 1);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// How long something takes, in the two largest units: `2 h 5 min`, `41 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{} h {minutes} min", grouped(hours)),
    }
}

/// A decimal with its digits before the point in groups of three.
pub(crate) fn grouped_decimal(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, fraction)| (whole, Some(fraction)));
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    let fraction = fraction.map_or(String::new(), |digits| format!(".{digits}"));
    format!("{sign}{}{fraction}", group_digits(whole))
}

fn group_digits(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short() {
        let sizes = [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_250, "1.2 kB"), (999_999, "999.9 kB")];
        for (bytes, text) in sizes.into_iter().chain([(1_000_000, "1.0 MB"), (u64::MAX, "18446744.0 TB")]) {
            assert_eq!(size(bytes), text);
        }
        for (milliseconds, text) in [(1, "1 s"), (61_000, "1 min 1 s"), (7_500_000, "2 h 5 min")] {
            assert_eq!(duration(milliseconds), text);
        }
    }

    #[test]
    fn digits_stand_in_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped_decimal("-1234567.89"), "-1 234 567.89");
        assert_eq!(grouped_decimal("1/3"), "1/3");
    }

    #[test]
    fn terminals_are_not_commanded() {
        assert_eq!(printable("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\n");
        assert_eq!(printable_text(b"\xEF\xBB\xBFa\x1b\tb\r\nc\rd"), "a  b \nc\nd");
    }
}
