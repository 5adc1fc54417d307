//! Writes parts: rows are gathered to row groups of a fixed size, each encoded and compressed when it is full.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Column, ColumnData, ColumnKind, RecordBatch, RecordSchema};
use polars::io::parquet::write::{BatchedWriter, KeyValueMetadata, ParquetCompression, ParquetWriter};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{DataFrame, PolarsResult};

use super::frame::into_frame;
use super::reader::PartReader;
use super::{CanonicalPart, METADATA_KEY, PartMetadata, PartScope, ROW_GROUP_ROWS, ROW_GROUP_TEXT, part_path};
use crate::LoadError;

/// Writes the rows of one unit. Dropped without [`CanonicalWriter::finish`], it leaves nothing behind.
///
/// No file is opened before a row group is full or the part is finished: a delivery of the whole country has as many
/// writers as municipalities.
pub struct CanonicalWriter {
    root: PathBuf,
    part: String,
    metadata: PartMetadata,
    buffer: RecordBatch,
    buffered_text: usize,
    rows: u64,
    output: Option<Output>,
}

/// A file under its temporary name.
struct Output {
    parquet: BatchedWriter<BufWriter<File>>,
    file: File,
    temporary: PathBuf,
}

impl Drop for Output {
    fn drop(&mut self) {
        // After the renaming there is nothing of that name. Otherwise what cannot be removed is garbage all the same.
        fs::remove_file(&self.temporary).unwrap_or_default();
    }
}

impl CanonicalWriter {
    /// A writer for the rows of one unit from one delivery, below the folder of the store.
    pub fn create(root: &Path, scope: &PartScope, schema: &Arc<RecordSchema>) -> Self {
        let metadata = PartMetadata::of(schema, &scope.delivery);
        Self::with(root, scope.relative_path(), metadata, Arc::clone(schema))
    }

    fn with(root: &Path, part: String, metadata: PartMetadata, schema: Arc<RecordSchema>) -> Self {
        let buffer = RecordBatch::new(schema);
        Self { root: root.to_owned(), part, metadata, buffer, buffered_text: 0, rows: 0, output: None }
    }

    /// Appends rows of a batch: those at the given positions, in that order, or all of them.
    pub fn write(&mut self, batch: &RecordBatch, rows: Option<&[u32]>) -> Result<(), LoadError> {
        let all: Vec<u32>;
        let mut rest = if let Some(rows) = rows {
            rows
        } else {
            all = (0..u32::try_from(batch.len()).expect("a batch has fewer than 2^32 rows")).collect();
            &all
        };
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.room_for(batch, rest));
            self.buffer.append_rows(batch, now);
            rest = later;
            if self.buffer.len() == ROW_GROUP_ROWS || self.buffered_text >= ROW_GROUP_TEXT {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// How many of the rows still belong to the current row group: up to the one that fills it. Counted row by row,
    /// so that the answer does not depend on the batches.
    fn room_for(&mut self, batch: &RecordBatch, rows: &[u32]) -> usize {
        let most = rows.len().min(ROW_GROUP_ROWS - self.buffer.len());
        for (at, row) in rows[..most].iter().enumerate() {
            self.buffered_text += text_of_row(batch, *row as usize);
            if self.buffered_text >= ROW_GROUP_TEXT {
                return at + 1;
            }
        }
        most
    }

    /// The rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows + self.buffer.len() as u64
    }

    /// The rows that are held in memory.
    pub fn rows_in_memory(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// Writes what is held in memory as a row group of its own. For callers with so many open parts that their
    /// buffers together would take too much.
    pub fn flush(&mut self) -> Result<(), LoadError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let fresh = RecordBatch::new(Arc::clone(&self.buffer.schema));
        let full = std::mem::replace(&mut self.buffer, fresh);
        self.rows += full.len() as u64;
        self.buffered_text = 0;
        let path = part_path(&self.root, &self.part);
        let failed = |error: &dyn std::fmt::Display| unwritable(&path, error);
        let frame = into_frame(full, &self.metadata.delivery).map_err(|error| failed(&error))?;
        let output = match &mut self.output {
            Some(output) => output,
            None => self.output.insert(Output::create(&self.root, &path, &frame, &self.metadata)?),
        };
        output.parquet.write_batch(&frame).map_err(|error| failed(&error))
    }

    /// Finishes the part; `None`, and no file, if there are no rows. The publication that names it makes it durable.
    pub fn finish(mut self) -> Result<Option<CanonicalPart>, LoadError> {
        if !self.buffer.is_empty() {
            self.flush()?;
        }
        let Some(output) = self.output.take() else { return Ok(None) };
        let path = part_path(&self.root, &self.part);
        let bytes = output.finish(&path)?;
        Ok(Some(CanonicalPart { path: self.part, rows: self.rows, bytes }))
    }

    /// As [`CanonicalWriter::finish`], without the rows that have these record numbers. The part is the same as if
    /// they had never been written.
    pub fn finish_without(mut self, records: &BTreeSet<u64>) -> Result<Option<CanonicalPart>, LoadError> {
        if records.is_empty() {
            return self.finish();
        }
        let mut without =
            Self::with(&self.root, self.part.clone(), self.metadata.clone(), Arc::clone(&self.buffer.schema));
        if self.output.is_none() {
            without.write(&self.buffer, Some(&others(&self.buffer, records)))?;
            return without.finish();
        }
        self.part.push_str(".all");
        let all = self.root.join(&self.part);
        let root = self.root.clone();
        self.finish()?;
        let result = copy_without(&root, &all, without.part, records);
        fs::remove_file(&all).map_err(|source| LoadError::file(&all, "remove", source))?;
        result
    }
}

fn text_of_row(batch: &RecordBatch, row: usize) -> usize {
    let text = |(column, (_, kind)): (&Column, &(String, ColumnKind))| match (&column.data, kind) {
        (ColumnData::Text(texts), _) => texts.get(row).len(),
        (ColumnData::Code(values), ColumnKind::Code(codes)) if column.valid[row] => codes[values[row] as usize].len(),
        _ => 0,
    };
    batch.columns.iter().zip(&batch.schema.columns).map(text).sum()
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> LoadError {
    LoadError::PartUnwritable { path: path.to_owned(), reason: error.to_string() }
}

impl Output {
    fn create(root: &Path, path: &Path, frame: &DataFrame, metadata: &PartMetadata) -> Result<Self, LoadError> {
        make_folder(root, path)?;
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        let failed = |source| LoadError::file(&temporary, "write", source);
        let file = File::create(&temporary).map_err(failed)?;
        let parquet = file
            .try_clone()
            .map_err(failed)
            .and_then(|file| parquet_writer(file, frame, metadata).map_err(|error| unwritable(path, &error)));
        match parquet {
            Ok(parquet) => Ok(Self { parquet, file, temporary }),
            Err(error) => {
                fs::remove_file(&temporary).map_err(failed)?;
                Err(error)
            }
        }
    }

    fn finish(self, path: &Path) -> Result<u64, LoadError> {
        self.parquet.finish().map_err(|error| unwritable(path, &error))?;
        let bytes = self.file.metadata().map_err(|source| LoadError::file(path, "look at", source))?.len();
        fs::rename(&self.temporary, path).map_err(|source| LoadError::file(path, "make", source))?;
        Ok(bytes)
    }
}

/// The format is written in very small pieces, so they are gathered; finishing the file flushes them, errors included.
fn parquet_writer(
    file: File,
    frame: &DataFrame,
    metadata: &PartMetadata,
) -> PolarsResult<BatchedWriter<BufWriter<File>>> {
    let metadata = serde_json::to_string(metadata).expect("names and numbers are valid JSON");
    ParquetWriter::new(BufWriter::new(file))
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(vec![(METADATA_KEY.to_owned(), metadata)])))
        .batched(frame.schema())
}

fn make_folder(root: &Path, path: &Path) -> Result<(), LoadError> {
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(|source| LoadError::file(folder, "make the folder", source))
}

/// The positions of the rows whose record number is none of these.
fn others(batch: &RecordBatch, records: &BTreeSet<u64>) -> Vec<u32> {
    (0_u32..).zip(&batch.record).filter(|(_, record)| !records.contains(record)).map(|(row, _)| row).collect()
}

fn copy_without(
    root: &Path,
    from: &Path,
    part: String,
    records: &BTreeSet<u64>,
) -> Result<Option<CanonicalPart>, LoadError> {
    let mut reader = PartReader::open(from)?;
    let (metadata, schema) = (reader.metadata().clone(), Arc::clone(reader.schema()));
    let mut writer = CanonicalWriter::with(root, part, metadata, schema);
    while let Some(batch) = reader.next_batch()? {
        writer.write(&batch, Some(&others(&batch, records)))?;
    }
    writer.finish()
}

/// Writes a part anew without the rows that have these record numbers; removes it, if none remain. For parts that no
/// publication names yet; where the writer is still there, [`CanonicalWriter::finish_without`] is the better way.
pub fn remove_records(root: &Path, part: &str, records: &BTreeSet<u64>) -> Result<Option<CanonicalPart>, LoadError> {
    let path = part_path(root, part);
    let rest = copy_without(root, &path, part.to_owned(), records)?;
    if rest.is_none() {
        fs::remove_file(&path).map_err(|source| LoadError::file(&path, "remove", source))?;
    }
    Ok(rest)
}
