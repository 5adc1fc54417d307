//! Reads parts back, one row group's worth of rows at a time, so that memory does not depend on the size of the part.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{DatasetId, RecordBatch, RecordSchema};
use polars::prelude::{ParquetReader, SerReader};

use super::frame::from_frame;
use super::{METADATA_KEY, PartMetadata, ROW_GROUP_ROWS};
use crate::LoadError;

/// An open part.
pub(super) struct PartReader {
    path: PathBuf,
    metadata: PartMetadata,
    schema: Arc<RecordSchema>,
    rows: usize,
    done: usize,
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
        Ok(Self { path: path.to_owned(), metadata, schema, rows: footer.num_rows, done: 0 })
    }

    pub(super) fn metadata(&self) -> &PartMetadata {
        &self.metadata
    }

    pub(super) fn schema(&self) -> &Arc<RecordSchema> {
        &self.schema
    }

    /// The next rows; `None` at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<RecordBatch>, LoadError> {
        if self.done >= self.rows {
            return Ok(None);
        }
        let unreadable = |reason: String| LoadError::PartUnreadable { path: self.path.clone(), reason };
        let file = File::open(&self.path).map_err(|error| unreadable(error.to_string()))?;
        let batch = ParquetReader::new(file)
            .with_slice(Some((self.done, ROW_GROUP_ROWS)))
            .finish()
            .and_then(|frame| from_frame(&frame, &self.schema))
            .map_err(|error| unreadable(error.to_string()))?;
        if batch.is_empty() {
            return Err(unreadable(format!("it ends after {} of {} rows", self.done, self.rows)));
        }
        self.done += batch.len();
        Ok(Some(batch))
    }
}
