//! One delivery read as a run reads it, bytes to canonical rows, with everything said about it in a form that can be
//! compared: for the nasty deliveries and the systematic damage.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use extractor::{InputLimits, Limits, Reader};
use model::{
    Catalogue, Code, ColumnData, ColumnKind, Dataset, Date, DeliveryScope, Notice, RawBatch, RecordBatch, Refusal,
    RejectedRow, RowTally, Source, format_decimal,
};
use normaliser::{Harmoniser, KeyJudge, PersonKeys};

/// An accepted row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The physical line on which it begins.
    pub(crate) line: u64,
    /// The record's number.
    pub(crate) record: u64,
    /// Its canonical cells, as the fixtures write them.
    pub(crate) cells: Vec<String>,
}

/// What became of a delivery that was not refused.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The names of the canonical columns.
    pub(crate) columns: Vec<String>,
    /// The accepted rows in the order of the file, without those that the key check takes out.
    pub(crate) rows: Vec<Row>,
    /// The rejected ones in the order of the file.
    pub(crate) rejected: Vec<RejectedRow>,
    /// The books; they balance.
    pub(crate) tally: RowTally,
    /// What is said besides.
    pub(crate) notices: Vec<Notice>,
    /// How many physical lines each record takes that was handed on, broken ones included, by its number.
    pub(crate) lines: BTreeMap<u64, u64>,
}

/// Reads a delivery. The books are balanced; a failure of the machine is a failure of the test.
pub(crate) fn read(
    catalogue: &Catalogue,
    source: &Source,
    scope: &DeliveryScope,
    input: impl Read + Send + 'static,
) -> Result<Loaded, Refusal> {
    let dataset = &catalogue.datasets[&source.dataset];
    let input = extractor::open_input(&source.input, Box::new(input), InputLimits::default(), 1);
    let input = input.expect("the input can be read")?;
    let mut reader = Reader::open(source, input, Limits::default()).expect("the input can be read")?;
    let keys = PersonKeys::new(&[7; 32]);
    let harmoniser = Harmoniser::new(source, dataset, &catalogue.codelists, scope, reader.header(), Some(&keys))?;
    let mut raw = RawBatch::default();
    let mut batch = RecordBatch::new(harmoniser.schema().clone());
    let mut rejected = Vec::new();
    let mut hand = harmoniser.hand();
    let mut lines = BTreeMap::new();
    while reader.next_batch(&mut raw).expect("the input can be read")? {
        let records = raw.rows.iter().map(|row| row.record).chain(raw.broken.iter().map(|row| row.record));
        lines.extend(records.map(|record| (record, raw.lines_of(record).expect("a record of the batch"))));
        harmoniser.harmonise(&mut hand, &raw, &mut batch, &mut rejected)?;
    }
    let summary = reader.finish();
    let harmonised = harmoniser.finish(vec![hand], &summary.control)?;
    let tally = RowTally {
        read: summary.read,
        accepted: harmonised.accepted,
        rejected: harmonised.rejected,
        skipped: summary.skipped,
    };
    let mut notices = summary.notices;
    notices.extend(harmonised.notices);
    let loaded = Loaded { columns: Vec::new(), rows: Vec::new(), rejected, tally, notices, lines };
    let loaded = keyed(loaded, dataset, &batch);
    loaded.tally.balance().expect("the books balance");
    enough_rows(source, loaded)
}

/// A cell of a canonical row, as the fixtures write it.
fn cell(kind: &ColumnKind, data: &ColumnData, valid: bool, row: usize) -> String {
    if !valid {
        return String::new();
    }
    match (kind, data) {
        (ColumnKind::Integer, ColumnData::Number(values)) => values[row].to_string(),
        (ColumnKind::Decimal { scale }, ColumnData::Number(values)) => format_decimal(i128::from(values[row]), *scale),
        (ColumnKind::Date, ColumnData::Date(days)) => Date::from_days(days[row]).expect("a day").to_string(),
        (ColumnKind::Boolean, ColumnData::Boolean(values)) => values[row].to_string(),
        (ColumnKind::Code(codes), ColumnData::Code(values)) => codes[values[row] as usize].clone(),
        (ColumnKind::Text, ColumnData::Text(texts)) => texts.get(row).to_owned(),
        _ => unreachable!("a column has its kind"),
    }
}

/// Takes out the rows whose keys are not unique, as a run does.
fn keyed(mut loaded: Loaded, dataset: &Dataset, batch: &RecordBatch) -> Loaded {
    let mut judge = KeyJudge::new(dataset);
    judge.add(batch);
    let findings = judge.finish();
    let mut out: BTreeSet<u64> = findings.duplicates.iter().map(|place| place.record).collect();
    loaded.tally.skip_many("duplicate", findings.duplicates.len() as u64);
    loaded.tally.accepted -= (findings.duplicates.len() + findings.conflicts.len()) as u64;
    loaded.tally.rejected += findings.conflicts.len() as u64;
    for (place, _) in &findings.conflicts {
        out.insert(place.record);
        let (column, reason, raw) = (None, String::new(), None);
        let (line, record, code) = (place.line, place.record, Code::KEY_CONFLICT);
        loaded.rejected.push(RejectedRow { line, record, column, code, reason, raw });
    }
    loaded.rejected.sort_by_key(|row| row.record);
    loaded.columns = batch.schema.columns.iter().map(|(name, _)| name.clone()).collect();
    for row in (0..batch.len()).filter(|row| !out.contains(&batch.record[*row])) {
        let columns = batch.schema.columns.iter().zip(&batch.columns);
        let cells = columns.map(|((_, kind), column)| cell(kind, &column.data, column.valid[row], row)).collect();
        loaded.rows.push(Row { line: batch.line[row], record: batch.record[row], cells });
    }
    loaded
}

fn enough_rows(source: &Source, mut loaded: Loaded) -> Result<Loaded, Refusal> {
    loaded.notices.extend(source.notice_of_no_rows(loaded.tally.accepted));
    if loaded.tally.accepted < source.least_rows() {
        return Err(Refusal::new(Code::TOO_FEW_ROWS, "fewer rows were accepted than declared"));
    }
    Ok(loaded)
}

/// The definitions in these texts, which must be sound.
pub(crate) fn catalogue(files: &BTreeMap<String, Vec<u8>>) -> Catalogue {
    let (catalogue, diagnostics) = definitions::load(files);
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    catalogue
}
