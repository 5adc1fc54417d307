//! Rejected rows: kept one by one with place and reason, listed and counted.
//!
//! When a delivery is read again its rows are set aside, not removed: [`Publication::set_rejects_aside`] marks them as
//! having passed in this run, those that are rejected again are marked otherwise, and what is left at the end has passed.

use std::collections::BTreeMap;

use model::{Code, DeliveryId, MunicipalityCode, Period, RejectedRow, SourceId};
use rusqlite::{Row, params_from_iter};

use crate::ledger::delivery_id;
use crate::reading::{Conditions, code, count, optional, parsed, whole, word};
use crate::{LoadError, Publication, Reading, RunNumber};

/// What is to be done about a rejected row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectStatus {
    /// Something.
    Open,
    /// Nothing, somebody decided.
    Waived,
    /// Nothing: it passed when it was read again.
    Replayed,
}

impl RejectStatus {
    const ALL: [Self; 3] = [Self::Open, Self::Waived, Self::Replayed];

    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waived => "waived",
            Self::Replayed => "replayed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl std::fmt::Display for RejectStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which rejected rows are meant; a field that is `None` stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectFilter {
    /// Of this source.
    pub source: Option<SourceId>,
    /// Of deliveries whose name states this municipality.
    pub municipality: Option<MunicipalityCode>,
    /// Of deliveries whose name states this period.
    pub period: Option<Period>,
    /// With this code.
    pub code: Option<Code>,
    /// Of this delivery.
    pub delivery: Option<DeliveryId>,
    /// With this number.
    pub record: Option<u64>,
    /// With this status.
    pub status: Option<RejectStatus>,
    /// Also of deliveries in whose place another one holds, and of those that were taken back.
    pub superseded: bool,
}

/// A rejected row with what it was delivered in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedEntry {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The delivery's name.
    pub name: String,
    /// The source.
    pub source: SourceId,
    /// The municipality that the delivery's name states.
    pub municipality: Option<MunicipalityCode>,
    /// The period that the delivery's name states.
    pub period: Option<Period>,
    /// The row.
    pub row: RejectedRow,
    /// What is to be done about it.
    pub status: RejectStatus,
    /// The run in which it passed, if it did.
    pub replayed_run: Option<RunNumber>,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectCount {
    /// The reason.
    pub code: Code,
    /// The vendor's column, where one cell is to blame.
    pub column: Option<String>,
    /// What is to be done about them.
    pub status: RejectStatus,
    /// How many rows.
    pub rows: u64,
    /// In how many deliveries.
    pub deliveries: u64,
}

impl RejectFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.equal("d.source =", self.source.as_ref());
        conditions.equal("d.municipality =", self.municipality.as_ref());
        conditions.equal("d.period =", self.period.as_ref());
        conditions.equal("r.code =", self.code.as_ref());
        conditions.equal("r.delivery =", self.delivery.as_ref());
        // What conditions compare with is text, and a text is no number to `=`.
        conditions.equal("CAST(r.record AS TEXT) =", self.record.as_ref());
        conditions.equal("r.status =", self.status.as_ref());
        for state in ["superseded", "retracted"] {
            conditions.equal("d.state <>", (!self.superseded).then_some(&state));
        }
        conditions
    }
}

impl Publication<'_> {
    /// Before a delivery is read again: the rows that were rejected are set aside until it is known which are again.
    pub fn set_rejects_aside(&mut self, delivery: &DeliveryId) -> Result<(), LoadError> {
        const SQL: &str = "UPDATE rejected_row SET status = 'replayed', replayed_run = ?2
            WHERE delivery = ?1 AND status <> 'replayed'";
        self.write(|connection| connection.prepare_cached(SQL)?.execute((delivery.as_str(), self.run.0)).map(drop))
    }

    /// Keeps rejected rows of a delivery. May be called again and again while the delivery is read, and before it is
    /// recorded; those of an earlier reading must have been set aside.
    pub fn reject(&mut self, delivery: &DeliveryId, rows: &[RejectedRow]) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO rejected_row (delivery, record, line, code, column_name, name, reason, raw)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT DO UPDATE SET name = excluded.name, reason = excluded.reason, raw = excluded.raw,
                status = 'open', replayed_run = NULL WHERE status = 'replayed'";
        self.write(|connection| {
            let mut insert = connection.prepare_cached(SQL)?;
            for row in rows {
                let place = (whole(row.record), whole(row.line));
                let column = row.column.as_deref().unwrap_or_default();
                let code = row.code.to_string();
                let what = (row.code.name(), &row.reason, &row.raw);
                let kept =
                    insert.execute((delivery.as_str(), place.0, place.1, code, column, what.0, what.1, what.2))?;
                if kept != 1 {
                    return Err(rusqlite::Error::StatementChangedRows(kept));
                }
            }
            Ok(())
        })
    }

    /// After a delivery was read: of the rows that had been set aside those that were rejected again give way to what is
    /// said of them now. Gives the number of records that had been rejected before this run and are not any more.
    pub fn settle_rejects(&mut self, delivery: &DeliveryId) -> Result<u64, LoadError> {
        const AGAIN: &str = "DELETE FROM rejected_row WHERE delivery = ?1 AND status = 'replayed' AND record IN
            (SELECT record FROM rejected_row WHERE delivery = ?1 AND status <> 'replayed')";
        const PASSED: &str = "SELECT count(DISTINCT record) AS records FROM rejected_row
            WHERE delivery = ?1 AND status = 'replayed' AND replayed_run = ?2";
        self.write(|connection| {
            connection.prepare_cached(AGAIN)?.execute([delivery.as_str()])?;
            let values = (delivery.as_str(), self.run.0);
            connection.prepare_cached(PASSED)?.query_row(values, |row| count(row, "records"))
        })
    }

    /// Says that a rejected record needs no more work, or that it does. One that is not rejected is left as it is; gives
    /// whether it is rejected.
    pub fn set_waived(&mut self, delivery: &DeliveryId, record: u64, waived: bool) -> Result<bool, LoadError> {
        const SQL: &str = "UPDATE rejected_row SET status = iif(?3, 'waived', 'open')
            WHERE delivery = ?1 AND record = ?2 AND status <> 'replayed'";
        self.write(|connection| {
            let rows = connection.prepare_cached(SQL)?.execute((delivery.as_str(), whole(record), waived))?;
            Ok(rows > 0)
        })
    }
}

impl Reading<'_> {
    /// Rejected rows, in the order of arrival and of the file, `limit` at most.
    pub fn rejects(&self, filter: &RejectFilter, limit: u32) -> Result<Vec<RejectedEntry>, LoadError> {
        let conditions = filter.conditions();
        let sql = format!(
            "SELECT r.*, d.name AS delivery_name, d.source, d.municipality, d.period
                FROM delivery AS d JOIN rejected_row AS r ON r.delivery = d.delivery
                WHERE {} ORDER BY d.sequence, r.record, r.line, r.code, r.column_name LIMIT {limit}",
            conditions.to_sql()
        );
        self.query(|connection| {
            connection.prepare(&sql)?.query_map(params_from_iter(conditions.values()), rejected_entry)?.collect()
        })
    }

    /// Exact numbers of rejected rows by reason and column, the most frequent first.
    pub fn reject_counts(&self, filter: &RejectFilter) -> Result<Vec<RejectCount>, LoadError> {
        let conditions = filter.conditions();
        let sql = format!(
            "SELECT r.code, r.column_name, r.status, count(*) AS rows, count(DISTINCT r.delivery) AS deliveries
                FROM delivery AS d JOIN rejected_row AS r ON r.delivery = d.delivery
                WHERE {} GROUP BY r.code, r.column_name, r.status ORDER BY 4 DESC, 1, 2, 3",
            conditions.to_sql()
        );
        self.query(|connection| {
            connection.prepare(&sql)?.query_map(params_from_iter(conditions.values()), reject_count)?.collect()
        })
    }

    /// How many rejected records of each delivery are waived.
    pub fn waived_records(&self) -> Result<BTreeMap<DeliveryId, u64>, LoadError> {
        const SQL: &str = "SELECT delivery, count(DISTINCT record) AS records FROM rejected_row
            WHERE status = 'waived' GROUP BY delivery";
        let records = |row: &Row<'_>| Ok((delivery_id(row)?, count(row, "records")?));
        self.query(|connection| connection.prepare(SQL)?.query_map([], records)?.collect())
    }

    /// Deliveries and numbers of rejected records, each once, in the order of arrival and of the file.
    pub fn rejected_records(&self, filter: &RejectFilter) -> Result<Vec<(DeliveryId, u64)>, LoadError> {
        let conditions = filter.conditions();
        let sql = format!(
            "SELECT DISTINCT r.delivery, r.record, d.sequence
                FROM delivery AS d JOIN rejected_row AS r ON r.delivery = d.delivery
                WHERE {} ORDER BY d.sequence, r.record",
            conditions.to_sql()
        );
        let record = |row: &Row<'_>| Ok((delivery_id(row)?, count(row, "record")?));
        self.query(|connection| {
            connection.prepare(&sql)?.query_map(params_from_iter(conditions.values()), record)?.collect()
        })
    }
}

fn column(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    row.get::<_, String>("column_name").map(|name| (!name.is_empty()).then_some(name))
}

fn reject_count(row: &Row<'_>) -> rusqlite::Result<RejectCount> {
    let (rows, deliveries) = (count(row, "rows")?, count(row, "deliveries")?);
    let status = word(row, "status", RejectStatus::parse)?;
    Ok(RejectCount { code: code(row, "code")?, column: column(row)?, status, rows, deliveries })
}

fn rejected_entry(row: &Row<'_>) -> rusqlite::Result<RejectedEntry> {
    let rejected = RejectedRow {
        line: count(row, "line")?,
        record: count(row, "record")?,
        column: column(row)?,
        code: code(row, "code")?,
        reason: row.get("reason")?,
        raw: row.get("raw")?,
    };
    Ok(RejectedEntry {
        delivery: delivery_id(row)?,
        name: row.get("delivery_name")?,
        source: parsed(row, "source")?,
        municipality: optional(row, "municipality")?,
        period: optional(row, "period")?,
        row: rejected,
        status: word(row, "status", RejectStatus::parse)?,
        replayed_run: row.get::<_, Option<i64>>("replayed_run")?.map(RunNumber),
    })
}
