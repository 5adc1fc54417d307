//! Rejected rows: which there are, what is wrong with one of them, and what was decided about it.

use std::collections::BTreeSet;
use std::io::Write;

use extractor::Archive;
use loader::{ActKind, Reading, RecordedAct, RejectStatus, RejectedEntry, RunNumber};
use model::{
    Catalogue, Code, Dataset, DeliveryId, Field, FieldMapping, FieldType, MunicipalityCode, Origin, Period, Source,
    redact,
};
use serde::Serialize;

use super::{Queries, known_source};
use crate::RunError;

/// Which rejected rows are meant. Without a delivery, those of deliveries that hold, are withheld or wait.
#[derive(Debug, Clone, Default)]
pub struct RejectFilter {
    /// Only of the delivery whose identifier begins so.
    pub delivery: Option<String>,
    /// Only the record with this number.
    pub record: Option<u64>,
    /// Only this source.
    pub source: Option<String>,
    /// Only deliveries of this municipality.
    pub municipality: Option<MunicipalityCode>,
    /// Only deliveries of this period.
    pub period: Option<Period>,
    /// Only this code.
    pub code: Option<Code>,
    /// Only with this status.
    pub status: Option<RejectStatus>,
    /// The most rows that are listed; all if it is nothing.
    pub limit: Option<usize>,
}

/// Rejected rows.
#[derive(Debug, Clone, Serialize)]
pub struct Rejects {
    /// How many there are, by code, its name, the vendor's column and status; exact, whatever the limit.
    pub counts: Vec<RejectCount>,
    /// How many there are.
    pub total: u64,
    /// The first of them.
    pub rows: Vec<RejectLine>,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, Serialize)]
pub struct RejectCount {
    /// The code.
    pub code: String,
    /// Its short name.
    pub name: String,
    /// The vendor's column; empty where the row as a whole is to blame.
    pub column: String,
    /// `open`, `waived` or `replayed`.
    pub status: &'static str,
    /// How many rows.
    pub rows: u64,
    /// In how many deliveries.
    pub deliveries: u64,
}

/// A rejected row.
#[derive(Debug, Clone, Serialize)]
pub struct RejectLine {
    /// The identifier of the delivery.
    pub delivery_id: String,
    /// The name of the delivery.
    pub delivery: String,
    /// The physical line.
    pub line: u64,
    /// The record number.
    pub record: u64,
    /// The vendor's column, where one cell is to blame.
    pub column: Option<String>,
    /// The code.
    pub code: String,
    /// What is wrong.
    pub reason: String,
    /// `open`, `waived` or `replayed`.
    pub status: &'static str,
    /// The line as delivered, where the dataset is not about persons.
    pub raw: Option<String>,
}

/// A rejected record with all that is known about it.
#[derive(Debug, Clone, Serialize)]
pub struct RejectedRecord {
    /// The identifier of the delivery.
    pub delivery_id: String,
    /// The name of the delivery.
    pub delivery: String,
    /// What became of the delivery.
    pub state: String,
    /// The source.
    pub source: String,
    /// The municipality that the delivery's name states.
    pub municipality: Option<String>,
    /// The period that the delivery's name states.
    pub period: Option<String>,
    /// The record number.
    pub record: u64,
    /// The physical line.
    pub line: u64,
    /// `open`, `waived` or `replayed`.
    pub status: &'static str,
    /// All that is wrong.
    pub reasons: Vec<RejectReason>,
    /// The line as delivered, where the dataset is not about persons.
    pub raw: Option<String>,
    /// Why there is no line.
    pub raw_missing: Option<&'static str>,
    /// The delivery as it was received, for those who may read it.
    pub archived: String,
    /// The run that received the delivery.
    pub received_run: i64,
    /// The run that read it last.
    pub processed_run: Option<i64>,
    /// The run in which the record passed, if it did.
    pub replayed_run: Option<i64>,
    /// What people decided about the record, or about its delivery.
    pub decisions: Vec<Decision>,
}

/// Something that is wrong with a record.
#[derive(Debug, Clone, Serialize)]
pub struct RejectReason {
    /// The code.
    pub code: String,
    /// Its short name.
    pub name: &'static str,
    /// The vendor's column, where one cell is to blame.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What the code means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// What the definitions of today expect there.
    pub expected: Vec<Expected>,
}

/// What a definition expects of a column.
#[derive(Debug, Clone, Serialize)]
pub struct Expected {
    /// The dataset.
    pub dataset: String,
    /// The field that is made of the column.
    pub field: String,
    /// Its title in Danish and English.
    pub title: (String, String),
    /// What a value must be, in words.
    pub value: String,
    /// The code list, where there is one.
    pub codelist: Option<String>,
}

/// What somebody decided.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// What: the word of the table `act`.
    pub kind: &'static str,
    /// Who.
    pub person: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
    /// The run that carried it out.
    pub run: i64,
}

impl Queries<'_> {
    /// Rejected rows with their counts.
    pub fn rejects(&mut self, filter: &RejectFilter) -> Result<Rejects, RunError> {
        let wanted = self.wanted(filter)?;
        let reading = self.store.read()?;
        let counts: Vec<RejectCount> = reading.reject_counts(&wanted)?.into_iter().map(reject_count).collect();
        let limit = filter.limit.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(u32::MAX);
        let rows = reading.rejects(&wanted, limit)?.into_iter().map(reject_line).collect();
        Ok(Rejects { total: counts.iter().map(|count| count.rows).sum(), counts, rows })
    }

    /// Deliveries and numbers of the records that are meant.
    pub fn rejected_records(&mut self, filter: &RejectFilter) -> Result<Vec<(DeliveryId, u64)>, RunError> {
        let wanted = self.wanted(filter)?;
        Ok(self.store.read()?.rejected_records(&wanted)?)
    }

    /// How many deliveries are known.
    pub fn deliveries_known(&mut self) -> Result<u64, RunError> {
        Ok(self.store.read()?.deliveries()?.len() as u64)
    }

    /// The first rejected records that are meant, each in full.
    pub fn rejected(&mut self, filter: &RejectFilter) -> Result<Vec<RejectedRecord>, RunError> {
        let wanted = self.wanted(filter)?;
        let (catalogue, raw) = (self.catalogue, self.root.join("raw"));
        let reading = self.store.read()?;
        let acts = reading.acts()?;
        let deliveries = reading.deliveries()?;
        let mut records = Vec::new();
        for (id, record) in reading.rejected_records(&wanted)?.into_iter().take(filter.limit.unwrap_or(usize::MAX)) {
            let Some(delivery) = deliveries.iter().find(|entry| entry.record.delivery.id == id) else { continue };
            let archived = Archive::place_of(&raw, &delivery.record.delivery.content);
            let about = |act: &&RecordedAct| is_about(act, &id, record);
            records.extend(rejected_record(
                catalogue,
                rows_of(&reading, &id, record)?,
                &acts.iter().filter(about).map(decision).collect::<Vec<_>>(),
                (delivery.record.state.as_str(), delivery.received_run, delivery.processed_run),
                archived.display().to_string(),
            ));
        }
        Ok(records)
    }

    fn wanted(&mut self, filter: &RejectFilter) -> Result<loader::RejectFilter, RunError> {
        let source = filter.source.as_deref().map(|id| known_source(self.catalogue, id)).transpose()?;
        let delivery = filter.delivery.as_deref().map(|beginning| self.delivery(beginning)).transpose()?;
        Ok(loader::RejectFilter {
            source,
            municipality: filter.municipality,
            period: filter.period,
            code: filter.code,
            // Whoever names a delivery means it, whatever became of it.
            superseded: delivery.is_some(),
            delivery: delivery.map(|delivery| DeliveryId::stored(&delivery.delivery)),
            record: filter.record,
            status: filter.status,
        })
    }
}

fn rows_of(reading: &Reading<'_>, id: &DeliveryId, record: u64) -> Result<Vec<RejectedEntry>, RunError> {
    let (delivery, record) = (Some(id.clone()), Some(record));
    let filter = loader::RejectFilter { delivery, record, superseded: true, ..loader::RejectFilter::default() };
    Ok(reading.rejects(&filter, u32::MAX)?)
}

fn rejected_record(
    catalogue: &Catalogue,
    rows: Vec<RejectedEntry>,
    decisions: &[Decision],
    (state, received, processed): (&str, RunNumber, Option<RunNumber>),
    archived: String,
) -> Option<RejectedRecord> {
    let source = catalogue.sources.get(&rows.first()?.source).map(AsRef::as_ref);
    let dataset = source.and_then(|source: &Source| catalogue.datasets.get(&source.dataset)).map(AsRef::as_ref);
    let reasons = rows.iter().map(|entry| {
        let info = entry.row.code.info();
        let expected = source.zip(dataset).map(|of| expected(catalogue, of, entry)).unwrap_or_default();
        RejectReason {
            code: info.code.to_string(),
            name: info.name,
            column: entry.row.column.as_deref().map(|column| redact(column).into_owned()),
            reason: redact(&entry.row.reason).into_owned(),
            meaning: info.meaning,
            remedy: info.remedy,
            expected,
        }
    });
    let reasons = reasons.collect();
    let raw = rows.iter().find_map(|entry| entry.row.raw.clone());
    let raw_missing = match (&raw, dataset) {
        (Some(_), _) => None,
        (None, Some(dataset)) if dataset.is_personal() => Some("the dataset is about persons"),
        (None, _) => Some("rows that contradict each other are found when their lines have passed"),
    };
    let entry = rows.into_iter().next()?;
    Some(RejectedRecord {
        delivery_id: entry.delivery.to_string(),
        delivery: entry.name,
        state: state.to_owned(),
        source: entry.source.to_string(),
        municipality: entry.municipality.map(|code| code.to_string()),
        period: entry.period.map(|period| period.to_string()),
        record: entry.row.record,
        line: entry.row.line,
        status: entry.status.as_str(),
        reasons,
        raw,
        raw_missing,
        archived,
        received_run: received.0,
        processed_run: processed.map(|run| run.0),
        replayed_run: entry.replayed_run.map(|run| run.0),
        decisions: decisions.to_vec(),
    })
}

/// What the definitions expect of the column, or of the fields that identify a row.
fn expected(catalogue: &Catalogue, (source, dataset): (&Source, &Dataset), entry: &RejectedEntry) -> Vec<Expected> {
    let is_meant = |mapping: &&FieldMapping| match (&entry.row.column, &mapping.origin) {
        (Some(column), Origin::Column { names }) => names.contains(column),
        (None, _) if entry.row.code == Code::KEY_CONFLICT => dataset.key.contains(&mapping.field),
        _ => false,
    };
    let mut seen = BTreeSet::new();
    let meant = source.fields.iter().filter(is_meant).filter(|mapping| seen.insert(mapping.field));
    let fields = meant.map(|mapping| dataset.field(mapping.field));
    // Several fields may be made of one column: what is no code was to be one.
    let is_code = |field: &&Field| matches!(field.ty, FieldType::Code(_));
    let fields = fields.filter(|field| entry.row.code != Code::CODE_UNKNOWN || is_code(field));
    fields.map(|field| expectation(catalogue, dataset, field)).collect()
}

fn expectation(catalogue: &Catalogue, dataset: &Dataset, field: &Field) -> Expected {
    let word = field.ty.word().replace('_', " ");
    let (more, codelist) = match &field.ty {
        FieldType::Code(id) => {
            let codes = catalogue.codelists.get(id).map_or(0, |list| list.codes().len());
            (format!(", one of the {codes} codes of `{id}`"), Some(id.to_string()))
        }
        FieldType::Decimal { precision, scale } => {
            (format!(" of at most {precision} digits, {scale} of them after the decimal mark"), None)
        }
        _ => (String::new(), None),
    };
    let form = field.pattern.as_ref().map_or(String::new(), |pattern| format!(", of the form `{pattern}`"));
    let needed = if field.required { "required" } else { "may be empty" };
    let value = format!("{word}{more}{form}; {needed}");
    Expected {
        dataset: dataset.id.to_string(),
        field: field.name.to_string(),
        title: (field.title.da.clone(), field.title.en.clone()),
        value,
        codelist,
    }
}

/// Whether somebody decided something about the record, or about the whole delivery.
fn is_about(recorded: &RecordedAct, id: &DeliveryId, record: u64) -> bool {
    let act = &recorded.act;
    act.delivery.as_ref() == Some(id) && act.record.is_none_or(|about| about == record)
}

fn decision(recorded: &RecordedAct) -> Decision {
    let act = &recorded.act;
    Decision {
        kind: ActKind::as_str(act.kind),
        person: act.person.clone(),
        at: act.at.clone(),
        reason: act.reason.clone(),
        run: recorded.run.0,
    }
}

fn reject_count(count: loader::RejectCount) -> RejectCount {
    RejectCount {
        code: count.code.to_string(),
        name: count.code.name().to_owned(),
        column: count.column.unwrap_or_default(),
        status: count.status.as_str(),
        rows: count.rows,
        deliveries: count.deliveries,
    }
}

fn reject_line(entry: RejectedEntry) -> RejectLine {
    RejectLine {
        delivery_id: entry.delivery.to_string(),
        delivery: entry.name,
        line: entry.row.line,
        record: entry.row.record,
        column: entry.row.column,
        code: entry.row.code.to_string(),
        reason: entry.row.reason,
        status: entry.status.as_str(),
        raw: entry.row.raw,
    }
}

impl Rejects {
    /// Writes the rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front.
    pub fn to_csv(&self, separator: loader::Separator, out: &mut dyn Write) -> std::io::Result<()> {
        let header = ["delivery_id", "delivery", "record", "line", "status", "code", "column", "reason", "raw"];
        let rows = self.rows.iter().map(|row| {
            let texts = [row.status, &row.code, row.column.as_deref().unwrap_or_default(), &row.reason];
            let [record, line] = [row.record, row.line].map(|number| number.to_string());
            let front = [row.delivery_id.clone(), row.delivery.clone(), record, line];
            let texts = texts.map(str::to_owned).into_iter().chain([row.raw.clone().unwrap_or_default()]);
            front.into_iter().chain(texts).collect::<Vec<_>>()
        });
        loader::export_texts_csv(&header, rows, separator, out)
    }
}
