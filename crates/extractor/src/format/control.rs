//! What control records state: the counts and sums with which a vendor vouches for a file.

use model::{Code, ControlPlace, ControlRecord, ControlStatement, Encoding, RawBatch, Refusal};

use super::record::Found;

/// The place of a control record in its batch.
#[derive(Clone, Copy)]
pub(super) struct ControlLine {
    /// Its first byte.
    pub(super) start: usize,
    /// Its first cell; the cells that follow are all its own.
    pub(super) first_cell: usize,
    /// Its physical line.
    pub(super) line: u64,
}

/// Reads the statements. A control record that lacks one vouches for nothing, so it counts as missing.
pub(super) fn statements(
    record: &ControlRecord,
    batch: &RawBatch,
    found: &Found,
    at: ControlLine,
    encoding: Encoding,
) -> Result<Vec<ControlStatement>, Refusal> {
    let decode = |bytes: &[u8]| {
        let mut text = String::new();
        let decoded = encoding.decode_into(bytes, &mut text);
        decoded.map_err(|error| Refusal::new(Code::ENC_INVALID, error.to_string()).at_line(at.line))?;
        Ok::<String, Refusal>(text)
    };
    let line = decode(&batch.bytes[at.start..found.end])?;
    let cells = if found.fault.is_none() { &batch.cells[at.first_cell..] } else { &[] };
    let mut statements = Vec::with_capacity(record.states.len());
    for (field, place, number) in &record.states {
        let text = match *place {
            ControlPlace::Cell(cell) => match cells.get(cell) {
                Some(span) => decode(batch.slice(*span))?,
                None => return Err(incomplete(record, at.line, &format!("has no cell {}", cell + 1))),
            },
            ControlPlace::Characters { start, length } => line.chars().skip(start).take(length).collect(),
        };
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Err(incomplete(record, at.line, "says nothing where the source expects a statement"));
        }
        statements.push(ControlStatement { field: field.clone(), text, number: number.clone(), line: at.line });
    }
    Ok(statements)
}

fn incomplete(record: &ControlRecord, line: u64, what: &str) -> Refusal {
    let message = format!("the control record `{}` {what}", record.starts_with);
    Refusal::new(Code::CONTROL_MISSING, message).at_line(line)
}

/// The refusal of a file whose first or last record is not the control record that the source declares.
pub(super) fn missing(which: &str, record: &ControlRecord) -> Refusal {
    let message = format!("the {which} record of the file does not begin with `{}`", record.starts_with);
    Refusal::new(Code::CONTROL_MISSING, message)
        .with_help("Ask for the delivery again: without its control record nothing says that the file is whole")
}
