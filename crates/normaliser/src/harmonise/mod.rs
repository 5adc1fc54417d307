//! Vendor cells to canonical rows: columns are bound by name once, then cast one after the other, batch by batch.
//!
//! A row that fails in any field, or breaks a rule of its dataset, is rejected with the first reason in the order of
//! the fields; nothing is repaired that the definition does not declare, and nothing is dropped in silence.
//!
//! The compiled plan never changes, so that several threads use one; what a thread learns while it works (caches, totals,
//! remarks) is its [`Hand`], and hands are added up when the delivery is closed. Who read which rows leaves no trace.
//!
//! Where to start: [`Harmoniser::harmonise`].

mod ambiguity;
mod bind;
mod cell;
mod code;
mod compile;
mod condition;
mod control;
mod date;
mod digits;
mod fault;
mod field;
mod hand;
mod notice;
mod number;
mod pattern;
mod person;
mod quote;
mod rows;
mod rules;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use model::{
    CodeList, CodeListId, ColumnData, ControlStatement, Dataset, DeliveryScope, Encoding, FieldIndex, FieldType,
    Header, MunicipalityCode, Notice, RawBatch, RecordBatch, RecordSchema, Refusal, RejectedRow, Source, redact,
};

pub use hand::Hand;
pub use person::PersonKeys;

use bind::Columns;
use compile::{Ingredients, field_plan};
use control::ControlTotals;
use field::FieldPlan;
use notice::RemarkKinds;
use quote::{column_name, raw_line};
use rows::Rows;
use rules::{PlaceColumns, RowRules};

/// So many rows go through all steps together: their cells and values stay in the processor's cache on the way.
const STRIP: usize = 1024;

/// Makes canonical rows of the cells of one delivery: the compiled plan, shared by all threads that read it.
pub struct Harmoniser {
    schema: Arc<RecordSchema>,
    /// In the order in which they are cast: what places the row in time and space comes first.
    fields: Vec<FieldPlan>,
    rules: RowRules,
    /// No totals yet, for every sum that the file may state.
    control: ControlTotals,
    remarks: RemarkKinds,
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
    /// Without the plan, which holds keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Harmoniser").field("dataset", &self.schema.dataset).finish_non_exhaustive()
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
        let mut remarks = RemarkKinds::default();
        let from = Ingredients { source, dataset, codelists, scope, columns: &columns, keys };
        let fields = casting_order(dataset).into_iter().map(|at| field_plan(at, &from, &mut remarks));
        let fields: Vec<FieldPlan> = fields.collect::<Result<_, Refusal>>()?;
        let column_of =
            |index: FieldIndex| fields.iter().find(|field| field.index() == index.0).and_then(FieldPlan::column);
        let places = PlaceColumns { municipality: column_of(dataset.municipality), time: column_of(dataset.time) };
        let rules = RowRules::new(dataset, codelists, scope, places, &mut remarks)?;
        let codes = |id: &CodeListId| codelists.get(id).map(|list| Arc::clone(list.codes())).unwrap_or_default();
        Ok(Self {
            schema: Arc::new(RecordSchema::of(dataset, codes)),
            fields,
            municipalities: rules.municipality_codes(),
            rules,
            control: ControlTotals::new(source, dataset),
            remarks,
            names: header.names.iter().map(|name| column_name(name)).collect(),
            encoding: source.format.encoding(),
            personal: dataset.is_personal(),
            time: dataset.time.0,
            municipality: dataset.municipality.0,
            delivery_municipality: scope.municipality,
            scope: scope.clone(),
            notices,
        })
    }

    /// The canonical columns.
    pub fn schema(&self) -> &Arc<RecordSchema> {
        &self.schema
    }

    /// What one thread needs to work by this plan; it is given back to [`Harmoniser::finish`].
    pub fn hand(&self) -> Hand {
        Hand::new(self.fields.iter().map(FieldPlan::memory).collect(), self.remarks.none(), self.control.clone())
    }

    /// Appends the rows of a batch: to `accepted`, or with a reason to `rejected`, both in the order of the file.
    ///
    /// # Errors
    /// A row breaks a rule that stops the whole delivery; the refusal names the first such row of the batch.
    pub fn harmonise(
        &self,
        hand: &mut Hand,
        raw: &RawBatch,
        accepted: &mut RecordBatch,
        rejected: &mut Vec<RejectedRow>,
    ) -> Result<(), Refusal> {
        let (rows_before, rejected_before) = (accepted.len(), rejected.len());
        for from in (0..raw.len()).step_by(STRIP) {
            let rows = Rows { raw, from, len: STRIP.min(raw.len() - from), base: accepted.len(), plan: self };
            self.harmonise_strip(hand, &rows, accepted, rejected)?;
        }
        self.reject_broken(raw, rejected_before, rejected);
        hand.control.rows += raw.len() as u64;
        hand.control.add_broken(raw.broken.len() as u64);
        hand.accepted += (accepted.len() - rows_before) as u64;
        hand.rejected += (rejected.len() - rejected_before) as u64;
        Ok(())
    }

    fn harmonise_strip(
        &self,
        hand: &mut Hand,
        rows: &Rows<'_>,
        accepted: &mut RecordBatch,
        rejected: &mut Vec<RejectedRow>,
    ) -> Result<(), Refusal> {
        hand.findings.failures.reset(rows.len);
        hand.findings.remarks.reset();
        for (field, memory) in self.fields.iter().zip(&mut hand.memories) {
            let unread = field.cast(rows, accepted, memory, &mut hand.findings);
            let column = &accepted.columns[field.index()];
            if let ColumnData::Number(values) = &column.data {
                let read = values[rows.base..].iter().zip(&column.valid[rows.base..]).filter(|(_, valid)| **valid);
                let valid = read.clone().count() as u64;
                let line = |row| rows.address(row).line;
                hand.findings.ambiguities.settle(field.index(), valid + unread, line);
                hand.control.add(FieldIndex(field.index()), read.map(|(value, _)| *value), unread);
            }
        }
        let addresses = &rows.raw.rows[rows.from..rows.from + rows.len];
        accepted.line.extend(addresses.iter().map(|row| row.line));
        accepted.record.extend(addresses.iter().map(|row| row.record));
        self.rules.apply(rows, accepted, &mut hand.tenancy, &mut hand.findings)?;
        let (failures, remarks) = (&hand.findings.failures, &mut hand.findings.remarks);
        remarks.settle(|row| !failures.has(row), |row| addresses[row].line);
        self.reject(hand, rows, accepted, rejected);
        Ok(())
    }

    /// Takes the failing rows of a strip out of the accepted ones.
    fn reject(&self, hand: &mut Hand, rows: &Rows<'_>, accepted: &mut RecordBatch, rejected: &mut Vec<RejectedRow>) {
        if hand.findings.failures.is_empty() {
            return;
        }
        hand.gone.clear();
        for failure in hand.findings.failures.sorted() {
            let address = rows.address(failure.row);
            hand.gone.push(u32::try_from(rows.base + failure.row).expect("a batch has fewer than 4 billion rows"));
            rejected.push(RejectedRow {
                line: address.line,
                record: address.record,
                column: failure.column.map(|column| self.names[column].clone()),
                code: failure.code,
                reason: failure.reason.clone(),
                raw: (!self.personal).then(|| raw_line(rows.raw.slice(address.raw), self.encoding)),
            });
        }
        accepted.remove_rows(&hand.gone);
    }

    /// Adds the records that were no rows, each in its place.
    fn reject_broken(&self, raw: &RawBatch, before: usize, rejected: &mut Vec<RejectedRow>) {
        if raw.broken.is_empty() {
            return;
        }
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

    /// The name of the vendor's column for a field, by the field's position in the dataset.
    fn column_name(&self, field: usize) -> Option<String> {
        let column = self.fields.iter().find(|plan| plan.index() == field).and_then(FieldPlan::column);
        column.map(|column| self.names[column].clone())
    }

    /// Adds up what the hands did, compares the file's own statements with its rows, and closes the delivery's account.
    ///
    /// # Errors
    /// The file contradicts itself, or is about another municipality altogether, or most numbers of a column contradict
    /// their declaration.
    pub fn finish(self, hands: Vec<Hand>, control: &[ControlStatement]) -> Result<Harmonised, Refusal> {
        let mut total = self.hand();
        for hand in hands {
            total.merge(hand);
        }
        self.rules.finish(total.tenancy)?;
        total.findings.ambiguities.judge(|field| self.column_name(field))?;
        let undecided = total.control.compare(control, &self.scope)?;
        let mut notices = self.notices;
        notices.extend(self.remarks.notices(&total.findings.remarks));
        notices.extend(undecided);
        notices.sort_by_key(|notice| notice.code);
        Ok(Harmonised { accepted: total.accepted, rejected: total.rejected, notices })
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
