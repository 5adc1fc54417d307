//! Reads parts back, one row group at a time, so that memory does not depend on the size of the part.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{DatasetId, RecordBatch, RecordSchema};
use polars::prelude::{ParquetReader, SerReader};

use super::frame::from_frame;
use super::{METADATA_KEY, PartMetadata, RECORD};
use crate::LoadError;

/// An open part.
pub(super) struct PartReader {
    path: PathBuf,
    metadata: PartMetadata,
    schema: Arc<RecordSchema>,
    groups: VecDeque<Group>,
}

/// A row group that is still to be read.
struct Group {
    first: usize,
    rows: usize,
    /// Its least and its greatest record number, where the file says it.
    records: Option<(u64, u64)>,
}

/// How many rows a part says that it has. Only its footer is read, so damage in the middle is not seen.
pub fn rows_of_part(path: &Path) -> Result<u64, LoadError> {
    Ok(PartReader::open(path)?.groups.iter().map(|group| group.rows as u64).sum())
}

impl PartReader {
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let unreadable = |reason: String| LoadError::PartUnreadable { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let mut parquet = ParquetReader::new(file);
        let footer = parquet.get_metadata().map_err(|error| unreadable(error.to_string()))?;
        let pairs = footer.key_value_metadata().iter().flatten();
        let ours = pairs.filter(|pair| pair.key == METADATA_KEY).find_map(|pair| pair.value.as_deref());
        let ours = ours.ok_or_else(|| unreadable("it does not say what it holds".to_owned()))?;
        let metadata: PartMetadata = serde_json::from_str(ours).map_err(|error| unreadable(error.to_string()))?;
        let dataset = DatasetId::new(&metadata.dataset).map_err(|error| unreadable(error.to_string()))?;
        let schema = Arc::new(metadata.read_back(dataset));
        let mut first = 0;
        let groups = footer.row_groups.iter().map(|group| {
            let mut columns = group.columns_under_root_iter(RECORD).into_iter().flatten();
            let statistics = columns.find_map(|column| column.statistics(&footer.footer_buf)?.ok());
            let bounds = statistics.as_ref().and_then(|statistics| statistics.as_int64());
            let records = bounds.and_then(|bounds| bounds.min_value.zip(bounds.max_value));
            let records = records.map(|(least, greatest)| (least.cast_unsigned(), greatest.cast_unsigned()));
            let group = Group { first, rows: group.num_rows(), records };
            first += group.rows;
            group
        });
        let groups = groups.collect();
        Ok(Self { path: path.to_owned(), metadata, schema, groups })
    }

    pub(super) fn metadata(&self) -> &PartMetadata {
        &self.metadata
    }

    pub(super) fn schema(&self) -> &Arc<RecordSchema> {
        &self.schema
    }

    /// Passes over the row groups that have none of these record numbers; `false` if no others are left.
    pub(super) fn skip_without(&mut self, records: &BTreeSet<u64>) -> bool {
        let has = |group: &Group| {
            group.records.is_none_or(|(least, greatest)| records.range(least..=greatest).next().is_some())
        };
        while self.groups.front().is_some_and(|group| !has(group)) {
            self.groups.pop_front();
        }
        !self.groups.is_empty()
    }

    /// The rows of the next row group; `None` at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>, LoadError> {
        let Some(Group { first, rows, .. }) = self.groups.pop_front() else { return Ok(None) };
        let unreadable = |reason: String| LoadError::PartUnreadable { path: self.path.clone(), reason };
        let file = File::open(&self.path).map_err(|error| unreadable(error.to_string()))?;
        let batch = ParquetReader::new(file)
            .with_slice(Some((first, rows)))
            .finish()
            .and_then(|frame| from_frame(&frame, &self.schema))
            .map_err(|error| unreadable(error.to_string()))?;
        if batch.len() != rows {
            return Err(unreadable(format!("{} rows were found where {rows} are said to be", batch.len())));
        }
        Ok(Some(batch))
    }
}
