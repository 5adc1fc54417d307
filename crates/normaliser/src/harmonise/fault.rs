//! What is wrong with a cell or a row, kept small until it is known which fault the row is rejected for.
//!
//! A row can fail in several fields, and columns are cast one after the other; the fault of the first field wins,
//! whatever the order in which the columns were cast.

use std::borrow::Cow;

use model::Code;

/// Why one cell is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The stable code.
    pub(crate) code: Code,
    /// What is wrong, as the end of a sentence that begins with the cell: "is no number".
    pub(crate) what: Cow<'static, str>,
    /// The vendor's column to blame, where it is another one than the cell's own: the sign that stands apart.
    pub(crate) column: Option<usize>,
}

impl Fault {
    pub(crate) fn new(code: Code, what: impl Into<Cow<'static, str>>) -> Self {
        Self { code, what: what.into(), column: None }
    }

    pub(crate) fn in_column(mut self, column: usize) -> Self {
        self.column = Some(column);
        self
    }
}

/// Why one row is rejected.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The row of the raw batch.
    pub(crate) row: usize,
    /// The position of the field that failed; rules of the whole row come after all fields.
    order: usize,
    /// The vendor's column to blame, by its position.
    pub(crate) column: Option<usize>,
    /// The stable code.
    pub(crate) code: Code,
    /// The reason, in a sentence.
    pub(crate) reason: String,
}

/// Where a fault stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultPlace {
    /// The row of the raw batch.
    pub(crate) row: usize,
    /// The position of the field.
    pub(crate) order: usize,
    /// The vendor's column.
    pub(crate) column: Option<usize>,
}

const NO_FAILURE: u32 = u32::MAX;

/// The failing rows of one batch.
#[derive(Default)]
pub(crate) struct Failures {
    by_row: Vec<u32>,
    list: Vec<Failure>,
}

impl Failures {
    /// Forgets everything and gets ready for a batch of `rows` rows.
    pub(crate) fn reset(&mut self, rows: usize) {
        self.list.clear();
        self.by_row.clear();
        self.by_row.resize(rows, NO_FAILURE);
    }

    /// Whether the row is to be rejected.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.by_row[row] != NO_FAILURE
    }

    /// Whether no row failed.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Notes a failure, unless an earlier field of the row failed too. The sentence is only made if it is needed.
    pub(crate) fn note(&mut self, place: FaultPlace, code: Code, reason: impl FnOnce() -> String) {
        let FaultPlace { row, order, column } = place;
        let known = self.by_row[row];
        if known == NO_FAILURE {
            self.by_row[row] = u32::try_from(self.list.len()).expect("a batch has fewer than 4 billion rows");
            self.list.push(Failure { row, order, column, code, reason: reason() });
        } else if self.list[known as usize].order > order {
            self.list[known as usize] = Failure { row, order, column, code, reason: reason() };
        }
    }

    /// The failures, in the order of the rows.
    pub(crate) fn sorted(&mut self) -> &[Failure] {
        self.list.sort_unstable_by_key(|failure| failure.row);
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_wins_whatever_was_cast_first() {
        let mut failures = Failures::default();
        failures.reset(3);
        let mut note = |row, order, reason: &str| {
            failures.note(FaultPlace { row, order, column: None }, Code::NUMBER_INVALID, || reason.to_owned());
        };
        note(2, 1, "time");
        note(2, 0, "municipality");
        note(2, 4, "amount");
        note(0, 4, "amount");
        let found: Vec<(usize, &str)> = failures.sorted().iter().map(|f| (f.row, f.reason.as_str())).collect();
        assert_eq!(found, [(0, "amount"), (2, "municipality")]);
        assert!(failures.has(0) && !failures.has(1));
    }
}
