//! Things worth knowing about rows that were accepted all the same, counted by kind.

use model::{Code, Notice};

/// One kind of remark: a code and its sentence.
#[derive(Debug, Clone)]
struct RemarkKind {
    code: Code,
    message: String,
}

/// The position of a kind of remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemarkIndex(usize);

/// The kinds of remarks that a plan can make; declared when it is compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct RemarkKinds(Vec<RemarkKind>);

impl RemarkKinds {
    /// Declares a kind.
    pub(crate) fn declare(&mut self, code: Code, message: String) -> RemarkIndex {
        self.0.push(RemarkKind { code, message });
        RemarkIndex(self.0.len() - 1)
    }

    /// Nothing remarked yet.
    pub(crate) fn none(&self) -> Remarks {
        Remarks { counts: vec![RemarkCount::default(); self.0.len()], pending: Vec::new() }
    }

    /// One notice for each kind that was seen.
    pub(crate) fn notices(&self, remarks: &Remarks) -> Vec<Notice> {
        let seen = self.0.iter().zip(&remarks.counts).filter(|(_, count)| count.rows > 0);
        seen.map(|(kind, count)| Notice {
            code: kind.code,
            message: kind.message.clone(),
            rows: count.rows,
            first_line: count.first_line,
        })
        .collect()
    }
}

/// How often something was remarked, and where first.
#[derive(Debug, Clone, Copy, Default)]
struct RemarkCount {
    rows: u64,
    first_line: Option<u64>,
}

impl RemarkCount {
    fn add(&mut self, rows: u64, first_line: Option<u64>) {
        self.rows += rows;
        self.first_line = self.first_line.into_iter().chain(first_line).min();
    }
}

/// The remarks of one thread. While rows are read they are only counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remarks {
    counts: Vec<RemarkCount>,
    /// Remarks on rows whose fate is not yet known.
    pending: Vec<(RemarkIndex, u32)>,
}

impl Remarks {
    /// Gets ready for a strip: what was remarked on the one before, if a row of it stopped the delivery, is forgotten.
    pub(crate) fn reset(&mut self) {
        self.pending.clear();
    }

    /// Remarks something about a row of the current strip.
    pub(crate) fn note(&mut self, kind: RemarkIndex, row: usize) {
        self.pending.push((kind, u32::try_from(row).expect("a batch has fewer than 4 billion rows")));
    }

    /// Counts the remarks on rows that were accepted, and forgets the others.
    pub(crate) fn settle(&mut self, accepted: impl Fn(usize) -> bool, line: impl Fn(usize) -> u64) {
        for (kind, row) in self.pending.drain(..) {
            let row = row as usize;
            if accepted(row) {
                self.counts[kind.0].add(1, Some(line(row)));
            }
        }
    }

    /// Adds what another thread counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            count.add(other.rows, other.first_line);
        }
    }
}
