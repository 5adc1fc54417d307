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
