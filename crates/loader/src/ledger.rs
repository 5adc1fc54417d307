//! Deliveries and units: what came, and what it became.

use std::collections::BTreeMap;

use model::{
    DatasetId, Delivery, DeliveryId, DeliveryKind, DeliveryScope, Fingerprint, Notice, Refusal, RowTally, WorkUnit,
    redact,
};
use rusqlite::{Connection, Row, named_params};

use crate::reading::{InOrder, code, count, maybe, optional, parsed, whole, word};
use crate::{LoadError, Publication, Reading, RunNumber};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Its rows are in units, or there are none in it.
    Accepted,
    /// Nothing of it is loaded.
    Refused(Refusal),
    /// It was read, but it is beyond the budget of its source, so nothing of it is published.
    Withheld(Refusal),
    /// Another delivery holds in its place.
    Superseded,
    /// Somebody took it back.
    Retracted,
}

impl DeliveryState {
    /// The word used in tables.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Withheld(_) => "withheld",
            Self::Superseded => "superseded",
            Self::Retracted => "retracted",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Withheld(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// A delivery with its books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: Delivery,
    /// What became of it.
    pub state: DeliveryState,
    /// The definitions that it was read with; `None` if it was not read.
    pub reading: Option<Fingerprint>,
    /// Its rows, counted.
    pub tally: RowTally,
    /// What is worth knowing about it.
    pub notices: Vec<Notice>,
}

/// A delivery as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryEntry {
    /// The delivery with its books.
    pub record: DeliveryRecord,
    /// The order of arrival, from 1.
    pub sequence: i64,
    /// The run that received it.
    pub received_run: RunNumber,
    /// The run that read it last.
    pub processed_run: Option<RunNumber>,
}

/// A unit whose rows hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRecord {
    /// The unit.
    pub unit: WorkUnit,
    /// The dataset that its rows belong to.
    pub dataset: DatasetId,
    /// The delivery that they come from.
    pub delivery: DeliveryId,
    /// The definitions that they were read with.
    pub reading: Fingerprint,
    /// How many there are.
    pub rows: u64,
    /// The canonical file with them, relative to the store; `None` if there are none.
    pub part: Option<String>,
}

const UPSERT_DELIVERY: &str = "
    INSERT INTO delivery (delivery, kind, source, municipality, period, version, name, content, bytes, sequence,
        received_run, processed_run, reading_fingerprint, state, refusal_code, refusal_message, refusal_line,
        refusal_column, refusal_help, rows_read, rows_accepted, rows_rejected, rows_skipped)
    VALUES (:delivery, :kind, :source, :municipality, :period, :version, :name, :content, :bytes,
        (SELECT coalesce(max(sequence), 0) + 1 FROM delivery),
        :run, iif(:reading IS NULL, NULL, :run), :reading, :state, :code, :message, :line,
        :column, :help, :read, :accepted, :rejected, :skipped)
    ON CONFLICT (delivery) DO UPDATE SET processed_run = excluded.processed_run,
        reading_fingerprint = excluded.reading_fingerprint, state = excluded.state,
        refusal_code = excluded.refusal_code, refusal_message = excluded.refusal_message,
        refusal_line = excluded.refusal_line, refusal_column = excluded.refusal_column,
        refusal_help = excluded.refusal_help, rows_read = excluded.rows_read, rows_accepted = excluded.rows_accepted,
        rows_rejected = excluded.rows_rejected, rows_skipped = excluded.rows_skipped";

impl Publication<'_> {
    /// Records a delivery and its books. One that is known keeps its place in the order of arrival; its books, skips
    /// and notices are replaced. Its rejected rows are not touched: see [`Publication::clear_delivery`].
    pub fn record_delivery(&mut self, record: &DeliveryRecord) -> Result<(), LoadError> {
        record
            .tally
            .balance()
            .map_err(|source| LoadError::Unbalanced { delivery: record.delivery.id.clone(), source })?;
        self.write(|connection| {
            upsert_delivery(connection, record, self.run)?;
            clear_remarks(connection, &record.delivery.id)?;
            insert_skips(connection, record)?;
            insert_notices(connection, record)
        })
    }

    /// Puts a delivery that is known to the end of the order of arrival: it has come again after others that had taken
    /// its place.
    pub fn record_return(&mut self, delivery: &DeliveryId) -> Result<(), LoadError> {
        const SQL: &str = "UPDATE delivery SET sequence = (SELECT max(sequence) + 1 FROM delivery) WHERE delivery = ?1";
        self.write(|connection| connection.prepare_cached(SQL)?.execute([delivery.as_str()]).map(drop))
    }

    /// Gives a delivery another state; its books and rejected rows stay.
    pub fn set_delivery_state(&mut self, delivery: &DeliveryId, state: &DeliveryState) -> Result<(), LoadError> {
        const SQL: &str = "UPDATE delivery SET state = ?2, refusal_code = ?3, refusal_message = ?4, refusal_line = ?5,
            refusal_column = ?6, refusal_help = ?7 WHERE delivery = ?1";
        let refusal = state.refusal();
        let code = refusal.map(|refusal| refusal.code.to_string());
        let message = refusal.map(|refusal| &refusal.message);
        let line = refusal.and_then(|refusal| refusal.line).map(whole);
        let column = refusal.and_then(|refusal| refusal.column.as_ref());
        let help = refusal.and_then(|refusal| refusal.help.as_ref());
        let values = (delivery.as_str(), state.as_str(), code, message, line, column, help);
        self.write(|connection| connection.prepare_cached(SQL)?.execute(values).map(drop))
    }

    /// Records what a delivery covers, in place of what it covered before.
    pub fn record_coverage<'c>(
        &mut self,
        delivery: &DeliveryId,
        covered: impl IntoIterator<Item = (&'c WorkUnit, u64)>,
    ) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO delivery_unit (delivery, municipality, period, rows) VALUES (?1, ?2, ?3, ?4)";
        self.write(|connection| {
            connection.prepare_cached("DELETE FROM delivery_unit WHERE delivery = ?1")?.execute([delivery.as_str()])?;
            let mut insert = connection.prepare_cached(SQL)?;
            for (unit, rows) in covered {
                let (_, municipality, period) = unit_key(unit);
                insert.execute((delivery.as_str(), municipality, period, whole(rows)))?;
            }
            Ok(())
        })
    }

    /// Forgets the rejected rows, skips and notices of an earlier reading, or of one of this run that came to nothing. What
    /// has passed in an earlier run stays known.
    pub fn clear_delivery(&mut self, delivery: &DeliveryId) -> Result<(), LoadError> {
        const SQL: &str =
            "DELETE FROM rejected_row WHERE delivery = ?1 AND (status <> 'replayed' OR replayed_run = ?2)";
        self.write(|connection| {
            connection.prepare_cached(SQL)?.execute((delivery.as_str(), self.run.0))?;
            clear_remarks(connection, delivery)
        })
    }

    /// Records that the unit's rows are these, in place of any that it had.
    pub fn record_unit(&mut self, record: &UnitRecord) -> Result<(), LoadError> {
        const SQL: &str = "INSERT OR REPLACE INTO unit
            (source, municipality, period, dataset, delivery, reading_fingerprint, rows, part, run)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let (source, municipality, period) = unit_key(&record.unit);
        let (dataset, delivery) = (record.dataset.as_str(), record.delivery.as_str());
        let (reading, rows) = (record.reading.to_string(), whole(record.rows));
        self.write(|connection| {
            let values =
                (source, municipality, period, dataset, delivery, reading, rows, record.part.as_deref(), self.run.0);
            connection.prepare_cached(SQL)?.execute(values)?;
            close_revision(connection, &record.unit, self.run)?;
            let (source, municipality, period) = unit_key(&record.unit);
            let values = (source, municipality, period, self.run.0, delivery, whole(record.rows));
            connection.prepare_cached(OPEN_REVISION)?.execute(values).map(drop)
        })
    }

    /// Removes a unit that no delivery covers any more.
    pub fn remove_unit(&mut self, unit: &WorkUnit) -> Result<(), LoadError> {
        const SQL: &str = "DELETE FROM unit WHERE source = ?1 AND municipality = ?2 AND period = ?3";
        self.write(|connection| {
            connection.prepare_cached(SQL)?.execute(unit_key(unit))?;
            close_revision(connection, unit, self.run)
        })
    }
}

/// A run that writes a unit twice has one revision of it: the second. The key says so.
const OPEN_REVISION: &str = "INSERT OR REPLACE INTO unit_revision
    (source, municipality, period, known_from_run, delivery, rows) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

fn close_revision(connection: &Connection, unit: &WorkUnit, run: RunNumber) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE unit_revision SET known_to_run = ?4
        WHERE source = ?1 AND municipality = ?2 AND period = ?3 AND known_to_run IS NULL";
    let (source, municipality, period) = unit_key(unit);
    connection.prepare_cached(SQL)?.execute((source, municipality, period, run.0)).map(drop)
}

fn unit_key(unit: &WorkUnit) -> (&str, String, String) {
    (unit.source.as_str(), unit.municipality.to_string(), unit.period.to_string())
}

fn upsert_delivery(connection: &Connection, record: &DeliveryRecord, run: RunNumber) -> rusqlite::Result<()> {
    let Delivery { id, kind, scope, name, content, bytes } = &record.delivery;
    let refusal = record.state.refusal();
    let tally = &record.tally;
    let values = named_params! {
        ":delivery": id.as_str(),
        ":kind": kind.as_str(),
        ":source": scope.source.as_str(),
        ":municipality": scope.municipality.map(|code| code.to_string()),
        ":period": scope.period.map(|period| period.to_string()),
        ":version": scope.version,
        ":name": redact(name),
        ":content": content.to_string(),
        ":bytes": whole(*bytes),
        ":run": run.0,
        ":reading": record.reading.map(|reading| reading.to_string()),
        ":state": record.state.as_str(),
        ":code": refusal.map(|refusal| refusal.code.to_string()),
        ":message": refusal.map(|refusal| &refusal.message),
        ":line": refusal.and_then(|refusal| refusal.line).map(whole),
        ":column": refusal.and_then(|refusal| refusal.column.as_ref()),
        ":help": refusal.and_then(|refusal| refusal.help.as_ref()),
        ":read": whole(tally.read),
        ":accepted": whole(tally.accepted),
        ":rejected": whole(tally.rejected),
        ":skipped": whole(tally.skipped_total()),
    };
    connection.prepare_cached(UPSERT_DELIVERY)?.execute(values).map(drop)
}

fn clear_remarks(connection: &Connection, delivery: &DeliveryId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM delivery_skip WHERE delivery = ?1")?.execute([delivery.as_str()])?;
    connection.prepare_cached("DELETE FROM delivery_notice WHERE delivery = ?1")?.execute([delivery.as_str()])?;
    Ok(())
}

fn insert_skips(connection: &Connection, record: &DeliveryRecord) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO delivery_skip (delivery, rule, rows) VALUES (?1, ?2, ?3)")?;
    for (rule, rows) in record.tally.skipped.iter().filter(|(_, rows)| **rows > 0) {
        insert.execute((record.delivery.id.as_str(), rule, whole(*rows)))?;
    }
    Ok(())
}

fn insert_notices(connection: &Connection, record: &DeliveryRecord) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO delivery_notice (delivery, position, code, message, rows, first_line)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, notice) in (1_i64..).zip(&record.notices) {
        let place = (whole(notice.rows), notice.first_line.map(whole));
        let id = record.delivery.id.as_str();
        insert.execute((id, position, notice.code.to_string(), &notice.message, place.0, place.1))?;
    }
    Ok(())
}

impl Reading<'_> {
    /// All deliveries with their books, in the order of arrival.
    pub fn deliveries(&self) -> Result<Vec<DeliveryEntry>, LoadError> {
        self.query(|connection| {
            let mut skips = skips(connection)?;
            let mut notices = notices(connection)?;
            let mut statement = connection.prepare(DELIVERIES)?;
            let mut entries: Vec<DeliveryEntry> = statement.query_map([], delivery_entry)?.collect::<Result<_, _>>()?;
            for DeliveryEntry { record, .. } in &mut entries {
                record.tally.skipped = skips.remove(&record.delivery.id).unwrap_or_default();
                record.notices = notices.remove(&record.delivery.id).unwrap_or_default();
            }
            Ok(entries)
        })
    }

    /// All units, sorted by source, municipality and period.
    pub fn units(&self) -> Result<Vec<UnitRecord>, LoadError> {
        self.query(|connection| connection.prepare(UNITS)?.query_map([], unit_record)?.collect())
    }
}

impl Reading<'_> {
    /// Units that figures were made of, each with the delivery whose rows those were, where the table of units has none or
    /// another one's: it was lost, or is older.
    pub fn held_otherwise(&self) -> Result<Vec<(WorkUnit, DeliveryId)>, LoadError> {
        const SQL: &str = "SELECT r.source, r.municipality, r.period, r.delivery FROM unit_revision AS r
            LEFT JOIN unit AS u ON u.source = r.source AND u.municipality = r.municipality AND u.period = r.period
            WHERE r.known_to_run IS NULL AND r.delivery IS NOT u.delivery
            ORDER BY r.source, r.municipality, r.period";
        let held = |row: &Row<'_>| Ok((unit(row)?, delivery_id(row)?));
        self.query(|connection| connection.prepare(SQL)?.query_map([], held)?.collect())
    }

    /// What the deliveries cover that were read and accepted, with the number of their rows.
    pub fn coverage(&self) -> Result<BTreeMap<DeliveryId, BTreeMap<WorkUnit, u64>>, LoadError> {
        const SQL: &str = "SELECT d.source, c.municipality, c.period, c.delivery, c.rows
            FROM delivery_unit AS c JOIN delivery AS d ON d.delivery = c.delivery
            ORDER BY c.delivery, c.municipality, c.period";
        self.query(|connection| {
            let mut coverage: BTreeMap<DeliveryId, BTreeMap<WorkUnit, u64>> = BTreeMap::new();
            let mut statement = connection.prepare(SQL)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let mut at = InOrder::default();
                let unit = next_unit(row, &mut at)?;
                let delivery = DeliveryId::stored(&row.get::<_, String>(at.next())?);
                coverage.entry(delivery).or_default().insert(unit, count(row, at.next())?);
            }
            Ok(coverage)
        })
    }
}

pub(crate) fn unit(row: &Row<'_>) -> rusqlite::Result<WorkUnit> {
    Ok(WorkUnit {
        source: parsed(row, "source")?,
        municipality: parsed(row, "municipality")?,
        period: parsed(row, "period")?,
    })
}

fn next_unit(row: &Row<'_>, at: &mut InOrder) -> rusqlite::Result<WorkUnit> {
    Ok(WorkUnit {
        source: parsed(row, at.next())?,
        municipality: parsed(row, at.next())?,
        period: parsed(row, at.next())?,
    })
}

fn skips(connection: &Connection) -> rusqlite::Result<BTreeMap<DeliveryId, BTreeMap<String, u64>>> {
    let mut skips: BTreeMap<DeliveryId, BTreeMap<String, u64>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT delivery, rule, rows FROM delivery_skip")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        skips.entry(delivery_id(row)?).or_default().insert(row.get("rule")?, count(row, "rows")?);
    }
    Ok(skips)
}

fn notices(connection: &Connection) -> rusqlite::Result<BTreeMap<DeliveryId, Vec<Notice>>> {
    let mut notices: BTreeMap<DeliveryId, Vec<Notice>> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT * FROM delivery_notice ORDER BY delivery, position")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        notices.entry(delivery_id(row)?).or_default().push(Notice {
            code: code(row, "code")?,
            message: row.get("message")?,
            rows: count(row, "rows")?,
            first_line: maybe(row, "first_line")?,
        });
    }
    Ok(notices)
}

pub(crate) fn delivery_id(row: &Row<'_>) -> rusqlite::Result<DeliveryId> {
    Ok(DeliveryId::stored(&row.get::<_, String>("delivery")?))
}

/// In the order in which [`delivery_entry`] reads them.
const DELIVERIES: &str =
    "SELECT source, municipality, period, version, kind, delivery, name, content, bytes, rows_read,
    rows_accepted, rows_rejected, state, reading_fingerprint, sequence, received_run, processed_run, refusal_code,
    refusal_message, refusal_line, refusal_column, refusal_help FROM delivery ORDER BY sequence";

fn delivery_entry(row: &Row<'_>) -> rusqlite::Result<DeliveryEntry> {
    let mut at = InOrder::default();
    let scope = DeliveryScope {
        source: parsed(row, at.next())?,
        municipality: optional(row, at.next())?,
        period: optional(row, at.next())?,
        version: row.get(at.next())?,
    };
    let delivery = Delivery {
        kind: word(row, at.next(), DeliveryKind::parse)?,
        id: DeliveryId::stored(&row.get::<_, String>(at.next())?),
        scope,
        name: row.get(at.next())?,
        content: parsed(row, at.next())?,
        bytes: count(row, at.next())?,
    };
    let tally = RowTally {
        read: count(row, at.next())?,
        accepted: count(row, at.next())?,
        rejected: count(row, at.next())?,
        skipped: BTreeMap::new(),
    };
    let state: String = row.get(at.next())?;
    let reading = optional(row, at.next())?;
    let (sequence, received_run) = (row.get(at.next())?, RunNumber(row.get(at.next())?));
    let processed_run = row.get::<_, Option<i64>>(at.next())?.map(RunNumber);
    let state = match state.as_str() {
        "accepted" => DeliveryState::Accepted,
        "superseded" => DeliveryState::Superseded,
        "retracted" => DeliveryState::Retracted,
        "withheld" => DeliveryState::Withheld(refusal(row, &mut at)?),
        _ => DeliveryState::Refused(refusal(row, &mut at)?),
    };
    let record = DeliveryRecord { delivery, state, reading, tally, notices: Vec::new() };
    Ok(DeliveryEntry { record, sequence, received_run, processed_run })
}

fn refusal(row: &Row<'_>, at: &mut InOrder) -> rusqlite::Result<Refusal> {
    Ok(Refusal {
        code: code(row, at.next())?,
        message: row.get(at.next())?,
        line: maybe(row, at.next())?,
        column: row.get(at.next())?,
        help: row.get(at.next())?,
    })
}

/// In the order in which [`unit_record`] reads them.
const UNITS: &str = "SELECT source, municipality, period, dataset, delivery, reading_fingerprint, rows, part FROM unit
    ORDER BY source, municipality, period";

fn unit_record(row: &Row<'_>) -> rusqlite::Result<UnitRecord> {
    let mut at = InOrder::default();
    Ok(UnitRecord {
        unit: next_unit(row, &mut at)?,
        dataset: parsed(row, at.next())?,
        delivery: DeliveryId::stored(&row.get::<_, String>(at.next())?),
        reading: parsed(row, at.next())?,
        rows: count(row, at.next())?,
        part: row.get(at.next())?,
    })
}
