//! Rows of a finished part, found and removed by their record numbers: for keys that turned out not to be unique.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::RecordBatch;

use super::group::BatchPool;
use super::reader::PartReader;
use super::{CanonicalPart, CanonicalWriter, part_path};
use crate::LoadError;

/// The positions of the rows with such record numbers.
pub(super) fn positions(batch: &RecordBatch, wanted: impl Fn(u64) -> bool) -> Vec<u32> {
    (0_u32..).zip(&batch.record).filter(|(_, record)| wanted(**record)).map(|(row, _)| row).collect()
}

/// The rows of a part that have these record numbers, in the order of the part. Codes come back as texts: a part does
/// not know the code lists. Row groups that have none of the numbers are not read.
pub fn rows_with_records(path: &Path, records: &BTreeSet<u64>) -> Result<RecordBatch, LoadError> {
    let mut reader = PartReader::open(path)?;
    let mut found = RecordBatch::new(Arc::clone(reader.schema()));
    while reader.skip_without(records) {
        if let Some(batch) = reader.next_batch()? {
            found.append_rows(&batch, &positions(&batch, |record| records.contains(&record)));
        }
    }
    Ok(found)
}

/// Writes a part anew without the rows that have these record numbers; removes it, if none remain. The part is the
/// same as if they had never been written. For parts that no publication names yet.
pub fn remove_records(root: &Path, part: &str, records: &BTreeSet<u64>) -> Result<Option<CanonicalPart>, LoadError> {
    let path = part_path(root, part);
    let mut reader = PartReader::open(&path)?;
    let (metadata, schema) = (reader.metadata().clone(), Arc::clone(reader.schema()));
    let mut writer = CanonicalWriter::with(root, part.to_owned(), metadata, schema, &BatchPool::default());
    while let Some(batch) = reader.next_batch()? {
        writer.write(&batch, Some(&positions(&batch, |record| !records.contains(&record))))?;
    }
    let rest = writer.finish()?;
    if rest.is_none() {
        fs::remove_file(&path).map_err(|source| LoadError::file(&path, "remove", source))?;
    }
    Ok(rest)
}
