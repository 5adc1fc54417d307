//! The way of one delivery without a store: from its bytes to canonical rows, rejected rows and books.

use std::io::Read;

use extractor::{InputLimits, Limits, Reader, open_input};
use model::{
    Catalogue, Code, Dataset, DeliveryScope, InputForm, Notice, RawBatch, RecordBatch, Refusal, RejectedRow, RowTally,
    Source,
};
use normaliser::{Harmoniser, KeyJudge, PersonKeys};

use crate::RunError;

/// What a delivery became.
pub(super) struct Loaded {
    pub(super) rows: RecordBatch,
    /// The rows that count, by their position in `rows`: without those whose keys are not unique.
    pub(super) kept: Vec<u32>,
    pub(super) rejected: Vec<RejectedRow>,
    pub(super) tally: RowTally,
    pub(super) notices: Vec<Notice>,
}

/// Persons have a key of their own in tests, so that no test needs the project's.
const KEY: &[u8] = &[7; 32];

enum Stop {
    Refused(Refusal),
    Failed(RunError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads the bytes as the source says; `form` is how they arrive.
pub(super) fn load(
    source: &Source,
    dataset: &Dataset,
    catalogue: &Catalogue,
    scope: &DeliveryScope,
    form: &InputForm,
    bytes: Box<dyn Read + Send>,
) -> Result<Result<Loaded, Refusal>, RunError> {
    match try_load(source, dataset, catalogue, scope, form, bytes) {
        Ok(loaded) => Ok(Ok(loaded)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn try_load(
    source: &Source,
    dataset: &Dataset,
    catalogue: &Catalogue,
    scope: &DeliveryScope,
    form: &InputForm,
    bytes: Box<dyn Read + Send>,
) -> Result<Loaded, Stop> {
    let bytes = open_input(form, bytes, InputLimits::default(), 1)??;
    let mut reader = Reader::open(source, bytes, Limits::default())??;
    let keys = PersonKeys::new(KEY);
    let plan = Harmoniser::new(source, dataset, &catalogue.codelists, scope, reader.header(), Some(&keys))?;
    let mut rows = RecordBatch::new(plan.schema().clone());
    let (mut raw, mut rejected, mut hand) = (RawBatch::default(), Vec::new(), plan.hand());
    while reader.next_batch(&mut raw)?? {
        plan.harmonise(&mut hand, &raw, &mut rows, &mut rejected)?;
    }
    let summary = reader.finish();
    let harmonised = plan.finish(vec![hand], &summary.control)?;
    let mut judge = KeyJudge::new(dataset);
    judge.add(&rows);
    let found = judge.finish();
    let (twice, torn) = (found.duplicates.len() as u64, found.conflicts.len() as u64);
    let mut tally = RowTally {
        read: summary.read,
        accepted: harmonised.accepted - twice - torn,
        rejected: harmonised.rejected + torn,
        skipped: summary.skipped,
    };
    tally.skip_many("duplicate", twice);
    tally.balance().map_err(|error| RunError::Internal(error.to_string()))?;
    let out: std::collections::BTreeSet<u64> = found
        .duplicates
        .iter()
        .chain(found.conflicts.iter().map(|(place, _)| place))
        .map(|place| place.record)
        .collect();
    rejected.extend(found.conflicts.iter().map(|(place, other)| RejectedRow {
        line: place.line,
        record: place.record,
        column: None,
        code: Code::KEY_CONFLICT,
        reason: format!("line {other} has the same key and other content"),
        raw: None,
    }));
    rejected.sort_by_key(|row| row.record);
    if tally.accepted < source.least_rows() {
        let message = format!("{} rows were accepted, a delivery of `{}` has more", tally.accepted, source.id);
        return Err(Refusal::new(Code::TOO_FEW_ROWS, message).into());
    }
    let kept = (0..rows.len()).filter(|row| !out.contains(&rows.record[*row]));
    let kept = kept.filter_map(|row| u32::try_from(row).ok()).collect();
    Ok(Loaded { rows, kept, rejected, tally, notices: harmonised.notices })
}
