//! The faults that are planted in the example: which, where, and what is to become of the row.
//!
//! The places are fixed, so that a test can name them. Each fault has a file of its own, so that none hides another,
//! and none is so bad that its whole delivery must be refused. The table of the faults is in [`super::faults`].

use model::Code;

use super::plan::{Delivery, Layout};

/// What is to become of the record with the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept as a rejected row, under the code.
    Rejected,
    /// A rule leaves it out and counts it.
    Skipped,
    /// It is loaded; the code, if there is one, stands in a notice.
    Accepted,
}

impl Outcome {
    /// The word in `dirt.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Skipped => "skipped",
            Self::Accepted => "accepted",
        }
    }
}

/// A change to the bytes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// None: for a copy of a row.
    None,
    /// Puts these bytes into the cell with this number, from 0.
    Cell(usize, &'static [u8]),
    /// The same, in a copy that has the key of the original and contradicts it; for fixed positions as [`Change::At`].
    Contradiction(usize, &'static [u8]),
    /// Takes the cell and its separator away.
    DropCell(usize),
    /// Overwrites the bytes from this position, from 0.
    At(usize, &'static [u8]),
    /// Takes this many bytes from the end.
    Shorten(usize),
    /// Adds these bytes at the end.
    Append(&'static [u8]),
}

impl Change {
    /// Whether the changed copy and its original exclude each other.
    pub fn contradicts(self) -> bool {
        matches!(self, Self::Contradiction(..))
    }

    /// Changes the row.
    pub fn apply(self, row: &mut Vec<u8>, delimiter: Option<u8>) {
        match (self, delimiter) {
            (Self::None, _) => {}
            (Self::Cell(number, bytes) | Self::Contradiction(number, bytes), Some(delimiter)) => {
                let (start, end) = cell(row, number, delimiter);
                row.splice(start..end, bytes.iter().copied());
            }
            (Self::DropCell(number), Some(delimiter)) => {
                let (start, end) = cell(row, number, delimiter);
                // The first cell takes the separator after it along, every other one the separator before it.
                row.drain(if start == 0 { 0..end + 1 } else { start - 1..end });
            }
            (Self::At(start, bytes) | Self::Cell(start, bytes) | Self::Contradiction(start, bytes), _) => {
                row[start..start + bytes.len()].copy_from_slice(bytes);
            }
            (Self::DropCell(_), None) => unreachable!("fixed positions have no separators"),
            (Self::Shorten(bytes), _) => row.truncate(row.len() - bytes),
            (Self::Append(bytes), _) => row.extend_from_slice(bytes),
        }
    }
}

/// The place of a cell in a row; a separator inside quotation marks is none.
fn cell(row: &[u8], number: usize, delimiter: u8) -> (usize, usize) {
    let (mut start, mut seen, mut quoted) = (0, 0, false);
    for (at, &byte) in row.iter().enumerate() {
        if byte == b'"' {
            quoted = !quoted;
        } else if byte == delimiter && !quoted {
            if seen == number {
                return (start, at);
            }
            seen += 1;
            start = at + 1;
        }
    }
    assert_eq!(seen, number, "the planted fault names a cell that the layout lacks");
    (start, row.len())
}

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The row is changed.
    Change(Change),
    /// The row is followed by a copy of itself, changed.
    Copy(Change),
    /// A line stands before the row.
    LineBefore(&'static [u8]),
    /// The header stands once more before the row.
    HeaderBefore,
    /// The row ends in a line feed, whatever the other rows end in.
    LineFeedAlone,
    /// A line stands at the end of the file.
    Footer(&'static [u8]),
    /// The DOS end mark stands at the end of the file.
    EndMark,
    /// The last line has no end.
    NoLineEnd,
}

/// A fault of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planted {
    /// The row that it concerns, counted from 0 without those planted before; `None` for the end of the file.
    pub row: Option<u64>,
    /// What is done.
    pub damage: Damage,
    /// A name for this kind of fault.
    pub kind: &'static str,
    /// The code under which it is reported.
    pub code: Option<Code>,
    /// What is to become of the record.
    pub outcome: Outcome,
}

impl Planted {
    /// The fault, found at this line.
    pub fn found(&self, line: Option<u64>) -> Found {
        Found { line, kind: self.kind, code: self.code, outcome: self.outcome }
    }
}

/// A fault as it came to stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The physical line, from 1; `None` where the file as a whole is meant.
    pub line: Option<u64>,
    /// The kind of fault.
    pub kind: &'static str,
    /// The code under which it is reported.
    pub code: Option<Code>,
    /// What is to become of the record.
    pub outcome: Outcome,
}

/// A fault and the delivery that it is planted in.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The layout.
    pub layout: Layout,
    /// The municipality's code; empty for the whole country.
    pub municipality: &'static str,
    /// The period, as periods are written.
    pub period: &'static str,
    /// The fault.
    pub planted: Planted,
}

/// The faults that are planted in the delivery. Corrections are sound: their sender has looked at them.
pub fn planted(delivery: &Delivery) -> Vec<Planted> {
    if delivery.version > 1 {
        return Vec::new();
    }
    let period = delivery.period.to_string();
    let here = |fault: &&Fault| {
        fault.layout == delivery.layout && fault.municipality == delivery.municipality() && fault.period == period
    };
    super::faults::ALL.iter().filter(here).map(|fault| fault.planted).collect()
}

/// Whether a fault leaves a quotation mark open, so that no other one may follow that would close it by chance.
pub fn leaves_a_quote_open(planted: &[Planted]) -> bool {
    planted.iter().any(|planted| planted.code == Some(Code::QUOTE_OPEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: Change, row: &str) -> String {
        let mut row = row.as_bytes().to_vec();
        change.apply(&mut row, Some(b';'));
        String::from_utf8(row).expect("ASCII")
    }

    #[test]
    fn cells_are_found_behind_quoted_separators() {
        let row = "a;\"b;\"\"c\";d";
        assert_eq!(changed(Change::Cell(2, b"x"), row), "a;\"b;\"\"c\";x");
        assert_eq!(changed(Change::Cell(1, b""), row), "a;;d");
        assert_eq!(changed(Change::DropCell(0), row), "\"b;\"\"c\";d");
        assert_eq!(changed(Change::DropCell(2), row), "a;\"b;\"\"c\"");
        assert_eq!(changed(Change::Shorten(2), row), "a;\"b;\"\"c\"");
        assert_eq!(changed(Change::At(0, b"z"), row), "z;\"b;\"\"c\";d");
    }
}
