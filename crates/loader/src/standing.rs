//! A few numbers about the whole store, for those who watch it.

use std::collections::BTreeMap;

use crate::reading::count;
use crate::{LoadError, Reading};

impl Reading<'_> {
    /// How many rejected rows are still to be seen to: of deliveries that hold or would hold, and neither waived nor
    /// loaded since.
    pub fn open_rejects(&self) -> Result<u64, LoadError> {
        const SQL: &str = "SELECT count(*) AS n FROM rejected_row JOIN delivery USING (delivery)
            WHERE status = 'open' AND state <> 'superseded'";
        self.query(|connection| connection.query_row(SQL, [], |row| count(row, "n")))
    }

    /// How many deliveries there are, by state.
    pub fn delivery_states(&self) -> Result<BTreeMap<String, u64>, LoadError> {
        self.query(|connection| {
            connection
                .prepare("SELECT state, count(*) AS n FROM delivery GROUP BY state")?
                .query_map([], |row| Ok((row.get("state")?, count(row, "n")?)))?
                .collect()
        })
    }

    /// How many units hold, by source.
    pub fn units_by_source(&self) -> Result<BTreeMap<String, u64>, LoadError> {
        self.query(|connection| {
            connection
                .prepare("SELECT source, count(*) AS n FROM unit GROUP BY source")?
                .query_map([], |row| Ok((row.get("source")?, count(row, "n")?)))?
                .collect()
        })
    }
}

/// The books of a delivery that do not balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbalanced {
    /// The delivery.
    pub delivery: String,
    /// What of it does not add up.
    pub reason: String,
}

impl Reading<'_> {
    /// Deliveries whose counts are not those of what is kept of them, at most so many.
    pub fn unbalanced(&self, limit: u32) -> Result<Vec<Unbalanced>, LoadError> {
        // A delivery that holds nothing has none of these rows; what does hold is counted in units, and no more of it
        // than was accepted.
        const SQL: &str = "SELECT delivery,
                rejected_rows_kept || ' rejected rows are kept of ' || rows_rejected || ', '
                || skipped_rows_by_rule || ' rows are skipped by rule of ' || rows_skipped || ', '
                || rows_in_units || ' rows are in units of ' || rows_accepted || ' accepted' AS reason
            FROM delivery_balance
            WHERE state = 'accepted' AND (rejected_rows_kept <> rows_rejected
                OR skipped_rows_by_rule <> rows_skipped OR rows_in_units > rows_accepted)
                OR rows_read <> rows_accepted + rows_rejected + rows_skipped
            ORDER BY delivery LIMIT ?1";
        self.query(|connection| {
            connection
                .prepare(SQL)?
                .query_map([limit], |row| {
                    Ok(Unbalanced { delivery: row.get("delivery")?, reason: row.get("reason")? })
                })?
                .collect()
        })
    }
}
