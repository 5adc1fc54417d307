//! What people decide: recorded with who, when and why, and never removed. What holds follows from the latest acts.

use model::{DeliveryId, MunicipalityCode, Period, SourceId, redact};
use rusqlite::{Row, named_params};

use crate::reading::{maybe, optional, whole, word};
use crate::{LoadError, Publication, Reading, RunNumber};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActKind {
    /// A delivery is taken back, as if it had never come.
    Retract,
    /// It holds again.
    Unretract,
    /// A delivery may hold though it is beyond the budget of its source.
    Release,
    /// It may not any more.
    Unrelease,
    /// A rejected row is known and needs no more work.
    Waive,
    /// It does.
    Unwaive,
    /// The figures of a municipality may be shown.
    Approve,
    /// They may not any more.
    WithdrawApproval,
    /// There is nothing to report for a unit.
    NothingToReport,
}

impl ActKind {
    const ALL: [Self; 9] = [
        Self::Retract,
        Self::Unretract,
        Self::Release,
        Self::Unrelease,
        Self::Waive,
        Self::Unwaive,
        Self::Approve,
        Self::WithdrawApproval,
        Self::NothingToReport,
    ];

    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retract => "retract",
            Self::Unretract => "unretract",
            Self::Release => "release",
            Self::Unrelease => "unrelease",
            Self::Waive => "waive",
            Self::Unwaive => "unwaive",
            Self::Approve => "approve",
            Self::WithdrawApproval => "withdraw_approval",
            Self::NothingToReport => "nothing_to_report",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that somebody decided. What it is about depends on its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What was decided.
    pub kind: ActKind,
    /// The delivery that it is about.
    pub delivery: Option<DeliveryId>,
    /// The record of the delivery that it is about.
    pub record: Option<u64>,
    /// The source that it is about.
    pub source: Option<SourceId>,
    /// The municipality that it is about.
    pub municipality: Option<MunicipalityCode>,
    /// The period that it is about.
    pub period: Option<Period>,
    /// The municipal area that it is about.
    pub area_of_work: Option<String>,
    /// Who decided it.
    pub person: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why, in their words.
    pub reason: String,
}

impl Act {
    /// An act about a delivery.
    pub fn about_delivery(kind: ActKind, delivery: DeliveryId, (person, at, reason): (&str, &str, &str)) -> Self {
        Self {
            kind,
            delivery: Some(delivery),
            record: None,
            source: None,
            municipality: None,
            period: None,
            area_of_work: None,
            person: person.to_owned(),
            at: at.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// An act that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAct {
    /// The act.
    pub act: Act,
    /// Its place in the order of acts.
    pub number: i64,
    /// The run that carried it out.
    pub run: RunNumber,
}

impl Publication<'_> {
    /// Records an act of this run.
    pub fn record_act(&mut self, act: &Act) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO act
            (kind, delivery, record, source, municipality, period, area_of_work, person, at, reason, run)
            VALUES (:kind, :delivery, :record, :source, :municipality, :period, :area, :person, :at, :reason, :run)";
        self.write(|connection| {
            let values = named_params! {
                ":kind": act.kind.as_str(),
                ":delivery": act.delivery.as_ref().map(DeliveryId::as_str),
                ":record": act.record.map(whole),
                ":source": act.source.as_ref().map(SourceId::as_str),
                ":municipality": act.municipality.map(|code| code.to_string()),
                ":period": act.period.map(|period| period.to_string()),
                ":area": act.area_of_work,
                ":person": act.person,
                ":at": act.at,
                ":reason": redact(&act.reason),
                ":run": self.run.0,
            };
            connection.prepare_cached(SQL)?.execute(values).map(drop)
        })
    }
}

impl Reading<'_> {
    /// All acts, in their order.
    pub fn acts(&self) -> Result<Vec<RecordedAct>, LoadError> {
        self.query(|connection| {
            connection.prepare("SELECT * FROM act ORDER BY act")?.query_map([], recorded_act)?.collect()
        })
    }
}

fn recorded_act(row: &Row<'_>) -> rusqlite::Result<RecordedAct> {
    let delivery: Option<String> = row.get("delivery")?;
    let act = Act {
        kind: word(row, "kind", ActKind::parse)?,
        delivery: delivery.map(|id| DeliveryId::stored(&id)),
        record: maybe(row, "record")?,
        source: optional(row, "source")?,
        municipality: optional(row, "municipality")?,
        period: optional(row, "period")?,
        area_of_work: row.get("area_of_work")?,
        person: row.get("person")?,
        at: row.get("at")?,
        reason: row.get("reason")?,
    };
    Ok(RecordedAct { act, number: row.get("act")?, run: RunNumber(row.get("run")?) })
}
