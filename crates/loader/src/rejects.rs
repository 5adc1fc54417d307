//! Rejected rows: kept one by one with place and reason, listed and counted.

use model::{Code, DeliveryId, MunicipalityCode, Period, RejectedRow, SourceId};
use rusqlite::{Row, params_from_iter};

use crate::ledger::delivery_id;
use crate::reading::{Conditions, code, count, optional, parsed, whole};
use crate::{LoadError, Publication, Reading};

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
    /// Also of deliveries in whose place another one holds.
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
    /// `open`, `replayed` or `waived`.
    pub status: String,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectCount {
    /// The reason.
    pub code: Code,
    /// The vendor's column, where one cell is to blame.
    pub column: Option<String>,
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
        conditions.equal("d.state <>", (!self.superseded).then_some(&"superseded"));
        conditions
    }
}

impl Publication<'_> {
    /// Keeps rejected rows of a delivery. May be called again and again while the delivery is read, and before it is
    /// recorded; those of an earlier reading must have been cleared.
    pub fn reject(&mut self, delivery: &DeliveryId, rows: &[RejectedRow]) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO rejected_row (delivery, record, line, code, column_name, name, reason, raw)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.write(|connection| {
            let mut insert = connection.prepare_cached(SQL)?;
            for row in rows {
                let place = (whole(row.record), whole(row.line));
                let column = row.column.as_deref().unwrap_or_default();
                let code = row.code.to_string();
                let what = (row.code.name(), &row.reason, &row.raw);
                insert.execute((delivery.as_str(), place.0, place.1, code, column, what.0, what.1, what.2))?;
            }
            Ok(())
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
            "SELECT r.code, r.column_name, count(*) AS rows, count(DISTINCT r.delivery) AS deliveries
                FROM delivery AS d JOIN rejected_row AS r ON r.delivery = d.delivery
                WHERE {} GROUP BY r.code, r.column_name ORDER BY 3 DESC, 1, 2",
            conditions.to_sql()
        );
        self.query(|connection| {
            connection.prepare(&sql)?.query_map(params_from_iter(conditions.values()), reject_count)?.collect()
        })
    }
}

fn column(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    row.get::<_, String>("column_name").map(|name| (!name.is_empty()).then_some(name))
}

fn reject_count(row: &Row<'_>) -> rusqlite::Result<RejectCount> {
    let (rows, deliveries) = (count(row, "rows")?, count(row, "deliveries")?);
    Ok(RejectCount { code: code(row, "code")?, column: column(row)?, rows, deliveries })
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
        status: row.get("status")?,
    })
}
