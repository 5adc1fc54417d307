//! Vendor cells to canonical rows: columns are bound by name once, then cast one after the other, batch by batch.
//!
//! A row that fails in any field, or breaks a rule of its dataset, is rejected with the first reason in the order of
//! the fields; nothing is repaired that the definition does not declare, and nothing is dropped in silence.
//!
//! Where to start: [`Harmoniser::harmonise`].

mod bind;
mod cell;
mod code;
mod compile;
mod condition;
mod control;
mod date;
mod fault;
mod field;
mod notice;
mod number;
mod person;
mod quote;
mod rules;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use model::{
    CodeList, CodeListId, ColumnData, ControlStatement, Dataset, DeliveryScope, Encoding, FieldIndex, FieldType,
    Header, MunicipalityCode, Notice, RawBatch, RecordBatch, RecordSchema, Refusal, RejectedRow, Source, redact,
};

pub use person::PersonKeys;

use bind::Columns;
use compile::{Ingredients, field_plan};
use control::ControlTotals;
use field::{FieldPlan, Findings, Rows, column_name};
use quote::raw_line;
use rules::{PlaceColumns, RowRules};

/// Makes canonical rows of the cells of one delivery.
pub struct Harmoniser {
    schema: Arc<RecordSchema>,
    /// In the order in which they are cast: what places the row in time and space comes first.
    fields: Vec<FieldPlan>,
    rules: RowRules,
    place_columns: PlaceColumns,
    control: ControlTotals,
    findings: Findings,
    /// The vendor's column names, as they may be shown.
    names: Vec<String>,
    encoding: Encoding,
    personal: bool,
    time: usize,
    municipality: usize,
    delivery_municipality: Option<MunicipalityCode>,
    municipalities: Vec<Option<MunicipalityCode>>,
    scope: DeliveryScope,
    notices: Vec<Notice>,
    accepted: u64,
    rejected: u64,
}

/// What became of a delivery's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Harmonised {
    /// Rows that became canonical.
    pub accepted: u64,
    /// Rows that were rejected, those that could not be split into cells included.
    pub rejected: u64,
    /// What is worth knowing about the accepted ones.
    pub notices: Vec<Notice>,
}

impl fmt::Debug for Harmoniser {
    /// Counts only: the plan holds keys, and its caches have seen persons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harmoniser")
            .field("dataset", &self.schema.dataset)
            .field("accepted", &self.accepted)
            .field("rejected", &self.rejected)
            .finish_non_exhaustive()
    }
}

impl Harmoniser {
    /// Binds the source to the columns of one file and compiles everything that is the same for all its rows.
    ///
    /// # Errors
    /// A refusal of the delivery: columns are missing or stand twice, the municipality is unknown, or the dataset is
    /// about persons and there is no key.
    pub fn new(
        source: &Source,
        dataset: &Dataset,
        codelists: &BTreeMap<CodeListId, Arc<CodeList>>,
        scope: &DeliveryScope,
        header: &Header,
        keys: Option<&PersonKeys>,
    ) -> Result<Self, Refusal> {
        let columns = Columns::new(header);
        let notices = columns.check(source)?.into_iter().collect();
        let mut findings = Findings::default();
        let from = Ingredients { source, dataset, codelists, scope, columns: &columns, keys };
        let fields = casting_order(dataset).into_iter().map(|at| field_plan(at, &from, &mut findings.remarks));
        let fields: Vec<FieldPlan> = fields.collect::<Result<_, Refusal>>()?;
        let column_of =
            |index: FieldIndex| fields.iter().find(|field| field.index() == index.0).and_then(FieldPlan::column);
        let place_columns =
            PlaceColumns { municipality: column_of(dataset.municipality), time: column_of(dataset.time) };
        let rules = RowRules::new(dataset, codelists, scope, &mut findings.remarks)?;
        let codes = |id: &CodeListId| codelists.get(id).map(|list| Arc::clone(list.codes())).unwrap_or_default();
        Ok(Self {
            schema: Arc::new(RecordSchema::of(dataset, codes)),
            fields,
            municipalities: rules.municipality_codes(),
            rules,
            place_columns,
            control: ControlTotals::new(source, dataset),
            findings,
            names: header.names.iter().map(|name| column_name(name)).collect(),
            encoding: source.format.encoding(),
            personal: dataset.is_personal(),
            time: dataset.time.0,
            municipality: dataset.municipality.0,
            delivery_municipality: scope.municipality,
            scope: scope.clone(),
            notices,
            accepted: 0,
            rejected: 0,
        })
    }

    /// The canonical columns.
    pub fn schema(&self) -> &Arc<RecordSchema> {
        &self.schema
    }

    /// Appends the rows of a batch: to `accepted`, or with a reason to `rejected`, both in the order of the file.
    ///
    /// # Errors
    /// A row breaks a rule that stops the whole delivery.
    pub fn harmonise(
        &mut self,
        raw: &RawBatch,
        accepted: &mut RecordBatch,
        rejected: &mut Vec<RejectedRow>,
    ) -> Result<(), Refusal> {
        let base = accepted.len();
        self.findings.failures.reset(raw.len());
        self.cast_fields(raw, accepted, base);
        accepted.line.extend(raw.rows.iter().map(|row| row.line));
        accepted.record.extend(raw.rows.iter().map(|row| row.record));
        self.rules.apply(raw, accepted, base, self.place_columns, &mut self.findings)?;
        self.control.rows += raw.len() as u64;
        self.control.add_broken(raw.broken.len() as u64);
        let Findings { failures, remarks } = &mut self.findings;
        remarks.settle(|row| !failures.has(row), |row| raw.rows[row].line);
        let before = rejected.len();
        self.reject(raw, accepted, base, rejected);
        self.accepted += (accepted.len() - base) as u64;
        self.rejected += (rejected.len() - before) as u64;
        Ok(())
    }

    fn cast_fields(&mut self, raw: &RawBatch, accepted: &mut RecordBatch, base: usize) {
        let rows = Rows {
            raw,
            base,
            time: self.time,
            municipality: self.municipality,
            delivery_municipality: self.delivery_municipality,
            municipalities: &self.municipalities,
        };
        for field in &mut self.fields {
            let unread = field.cast(&rows, accepted, &mut self.findings);
            let column = &accepted.columns[field.index()];
            if let ColumnData::Number(values) = &column.data {
                let read = values[base..].iter().zip(&column.valid[base..]).filter(|(_, valid)| **valid);
                self.control.add(FieldIndex(field.index()), read.map(|(value, _)| *value), unread);
            }
        }
    }

    /// Takes the failing rows out of the accepted ones, and adds the records that were no rows.
    fn reject(&mut self, raw: &RawBatch, accepted: &mut RecordBatch, base: usize, rejected: &mut Vec<RejectedRow>) {
        if self.findings.failures.is_empty() && raw.broken.is_empty() {
            return;
        }
        let before = rejected.len();
        let mut gone = Vec::new();
        for failure in self.findings.failures.sorted() {
            let address = raw.rows[failure.row];
            gone.push(u32::try_from(base + failure.row).expect("a batch has fewer than 4 billion rows"));
            rejected.push(RejectedRow {
                line: address.line,
                record: address.record,
                column: failure.column.map(|column| self.names[column].clone()),
                code: failure.code,
                reason: failure.reason.clone(),
                raw: (!self.personal).then(|| raw_line(raw.slice(address.raw), self.encoding)),
            });
        }
        accepted.remove_rows(&gone);
        rejected.extend(raw.broken.iter().map(|broken| RejectedRow {
            line: broken.line,
            record: broken.record,
            column: None,
            code: broken.code,
            reason: redact(&broken.reason).into_owned(),
            raw: (!self.personal).then(|| raw_line(&broken.raw, self.encoding)),
        }));
        rejected[before..].sort_by_key(|row| row.record);
    }

    /// Compares the file's own statements with its rows, and closes the delivery's account.
    ///
    /// # Errors
    /// The file contradicts itself, or is about another municipality altogether.
    pub fn finish(self, control: &[ControlStatement]) -> Result<Harmonised, Refusal> {
        self.rules.finish()?;
        let undecided = self.control.compare(control, &self.scope)?;
        let mut notices = self.notices;
        notices.extend(self.findings.remarks.into_notices());
        notices.extend(undecided);
        notices.sort_by_key(|notice| notice.code);
        Ok(Harmonised { accepted: self.accepted, rejected: self.rejected, notices })
    }
}

/// Codes are looked up at the row's own date, and persons are hidden by the key of the row's municipality: so the time
/// comes first, then the municipality, and persons last of all.
fn casting_order(dataset: &Dataset) -> Vec<usize> {
    let rank = |at: &usize| match &dataset.fields[*at].ty {
        _ if *at == dataset.time.0 => 0,
        _ if *at == dataset.municipality.0 => 1,
        FieldType::Person => 3,
        _ => 2,
    };
    let mut order: Vec<usize> = (0..dataset.fields.len()).collect();
    order.sort_by_key(rank);
    order
}
