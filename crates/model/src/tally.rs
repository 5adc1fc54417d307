//! The books of a delivery: every row that was read is accepted, rejected, or skipped by a named rule.

use std::collections::BTreeMap;

/// The count of a delivery's rows. A row is a record of the file, header and control records included, so that the
/// count can be compared with the file itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowTally {
    /// Records in the file.
    pub read: u64,
    /// Records that became canonical rows.
    pub accepted: u64,
    /// Records that were refused and kept as rejected rows.
    pub rejected: u64,
    /// Records that a rule left out, by the rule's name.
    pub skipped: BTreeMap<String, u64>,
}

/// The books do not balance: a mistake of the program, never of the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{read} rows read, but {accepted} accepted + {rejected} rejected + {skipped} skipped")]
pub struct TallyError {
    read: u64,
    accepted: u64,
    rejected: u64,
    skipped: u64,
}

impl RowTally {
    /// Counts one skipped row.
    pub fn skip(&mut self, rule: &str) {
        self.skip_many(rule, 1);
    }

    /// Counts several rows skipped by one rule.
    pub fn skip_many(&mut self, rule: &str, rows: u64) {
        if rows == 0 {
            return;
        }
        match self.skipped.get_mut(rule) {
            Some(count) => *count += rows,
            None => {
                self.skipped.insert(rule.to_owned(), rows);
            }
        }
    }

    /// Rows skipped by any rule.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Adds another tally to this one.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        other.skipped.iter().for_each(|(rule, rows)| self.skip_many(rule, *rows));
    }

    /// Checks that read = accepted + rejected + skipped.
    pub fn balance(&self) -> Result<(), TallyError> {
        let skipped = self.skipped_total();
        if self.read == self.accepted + self.rejected + skipped {
            return Ok(());
        }
        Err(TallyError { read: self.read, accepted: self.accepted, rejected: self.rejected, skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_balance_or_say_so() {
        let mut tally = RowTally { read: 5, accepted: 3, rejected: 1, ..RowTally::default() };
        assert!(tally.balance().is_err());
        tally.skip("header");
        assert_eq!(tally.balance(), Ok(()));
        let mut sum = tally.clone();
        sum.add(&tally);
        assert_eq!((sum.read, sum.skipped["header"], sum.balance()), (10, 2, Ok(())));
    }
}
