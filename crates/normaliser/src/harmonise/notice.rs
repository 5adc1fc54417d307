//! Things worth knowing about rows that were accepted all the same, counted by kind.

use model::{Code, Notice};

/// One kind of remark: a code and its sentence.
#[derive(Debug, Clone)]
struct Remark {
    code: Code,
    message: String,
    rows: u64,
    first_line: Option<u64>,
}

/// The position of a kind of remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemarkIndex(usize);

/// The remarks of a delivery. Kinds are declared when the plan is compiled; while rows are read they are only counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remarks {
    kinds: Vec<Remark>,
    /// Remarks on the rows of the current batch, whose fate is not yet known.
    pending: Vec<(RemarkIndex, u32)>,
}

impl Remarks {
    /// Declares a kind.
    pub(crate) fn declare(&mut self, code: Code, message: String) -> RemarkIndex {
        self.kinds.push(Remark { code, message, rows: 0, first_line: None });
        RemarkIndex(self.kinds.len() - 1)
    }

    /// Remarks something about a row of the current batch.
    pub(crate) fn note(&mut self, kind: RemarkIndex, row: usize) {
        self.pending.push((kind, u32::try_from(row).expect("a batch has fewer than 4 billion rows")));
    }

    /// Counts the remarks on rows that were accepted, and forgets the others.
    pub(crate) fn settle(&mut self, accepted: impl Fn(usize) -> bool, line: impl Fn(usize) -> u64) {
        for (kind, row) in self.pending.drain(..) {
            let row = row as usize;
            if accepted(row) {
                let remark = &mut self.kinds[kind.0];
                remark.rows += 1;
                remark.first_line = remark.first_line.into_iter().chain([line(row)]).min();
            }
        }
    }

    /// One notice for each kind that was seen.
    pub(crate) fn into_notices(self) -> Vec<Notice> {
        let seen = self.kinds.into_iter().filter(|remark| remark.rows > 0);
        seen.map(|Remark { code, message, rows, first_line }| Notice { code, message, rows, first_line }).collect()
    }
}
