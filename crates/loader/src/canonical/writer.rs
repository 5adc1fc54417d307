//! Writes parts: rows are gathered to row groups of a fixed size, each encoded when it is full, and put into the file
//! in their order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::{PageCompression, RecordBatch, RecordSchema};

use super::footer::Footer;
use super::group::{BatchPool, EncodeScratch, EncodedGroup, Gatherer, RowGroup, Shape};
use super::output::Output;
use super::{CanonicalPart, PartMetadata, PartScope, part_path};
use crate::LoadError;

/// Writes the rows of one unit. Dropped without [`CanonicalWriter::finish`], it leaves nothing behind.
///
/// Rows are appended in order, and full row groups are handed out, to be encoded on whatever thread and in whatever
/// order, and put back; the bytes of the file do not depend on it. [`CanonicalWriter::write`] does all in one.
///
/// No file is opened before there are bytes for it: a delivery of the whole country has as many writers as
/// municipalities.
pub struct CanonicalWriter {
    part: String,
    gatherer: Gatherer,
    scratch: EncodeScratch,
    footer: Footer,
    /// The number of the row group that comes next.
    next: u64,
    /// Row groups that came before their predecessors.
    early: BTreeMap<u64, EncodedGroup>,
    output: Output,
}

impl CanonicalWriter {
    /// A writer for the rows of one unit from one delivery, below the folder of the store.
    pub fn create(root: &Path, scope: &PartScope, schema: &Arc<RecordSchema>) -> Self {
        Self::create_with(root, scope, schema, PageCompression::default(), &BatchPool::default())
    }

    /// As [`CanonicalWriter::create`], with another compression and a pool that other writers use as well.
    pub fn create_with(
        root: &Path,
        scope: &PartScope,
        schema: &Arc<RecordSchema>,
        compression: PageCompression,
        pool: &BatchPool,
    ) -> Self {
        let metadata = PartMetadata::of(schema, &scope.delivery, compression);
        Self::with(root, scope.relative_path(), metadata, Arc::clone(schema), pool)
    }

    pub(super) fn with(
        root: &Path,
        part: String,
        metadata: PartMetadata,
        schema: Arc<RecordSchema>,
        pool: &BatchPool,
    ) -> Self {
        let path = part_path(root, &part);
        Self {
            part,
            footer: Footer::new(&metadata),
            next: 0,
            early: BTreeMap::new(),
            output: Output::new(path.clone()),
            gatherer: Gatherer::new(Shape { path, metadata, schema, pool: pool.clone() }),
            scratch: EncodeScratch::default(),
        }
    }

    /// Appends rows of a batch: those at the given positions, in that order, or all of them. Returns the row groups
    /// that became full, each to be encoded and [put](CanonicalWriter::put).
    pub fn append(&mut self, batch: &RecordBatch, rows: Option<&[u32]>) -> Vec<RowGroup> {
        self.gatherer.append(batch, rows)
    }

    /// Ends the row group that is being gathered; `None` if it has no rows. For the end of the rows, and for callers
    /// with so many open parts that their buffers together would take too much.
    pub fn cut(&mut self) -> Option<RowGroup> {
        self.gatherer.cut()
    }

    /// Takes a row group. One that comes before its predecessor is held back until that has come.
    pub fn put(&mut self, group: EncodedGroup) -> Result<(), LoadError> {
        self.early.insert(group.number, group);
        while let Some(group) = self.early.remove(&self.next) {
            self.next += 1;
            self.footer.add(&group, self.output.length());
            self.output.append(&group.bytes)?;
        }
        Ok(())
    }

    /// Appends rows as [`CanonicalWriter::append`] does, and encodes and puts what became full.
    pub fn write(&mut self, batch: &RecordBatch, rows: Option<&[u32]>) -> Result<(), LoadError> {
        let full = self.append(batch, rows);
        full.into_iter().try_for_each(|group| self.encode(group))
    }

    /// Writes what is held in memory as a row group of its own.
    pub fn flush(&mut self) -> Result<(), LoadError> {
        self.cut().map_or(Ok(()), |group| self.encode(group))
    }

    fn encode(&mut self, group: RowGroup) -> Result<(), LoadError> {
        let group = group.encode(&mut self.scratch)?;
        self.put(group)
    }

    /// The rows appended so far.
    pub fn rows(&self) -> u64 {
        self.gatherer.rows + self.rows_in_memory()
    }

    /// The rows that are held in memory, those in row groups that were handed out not counted.
    pub fn rows_in_memory(&self) -> u64 {
        self.gatherer.buffer.len() as u64
    }

    /// The bytes of the rows that are held in memory, those in row groups that were handed out not counted.
    pub fn bytes_in_memory(&self) -> usize {
        self.gatherer.buffer.bytes()
    }

    /// Whether there was a row group before the one that is being gathered, whose buffer is a large one then.
    pub fn is_large(&self) -> bool {
        self.gatherer.groups > 0
    }

    /// Finishes the part, with what is still held in memory; `None`, and no file, if there are no rows. Every row
    /// group must have been put. The publication that names the part makes it durable.
    pub fn finish(mut self) -> Result<Option<CanonicalPart>, LoadError> {
        self.flush()?;
        assert_eq!(self.next, self.gatherer.groups, "every row group that was handed out must be put");
        let rows = self.rows();
        if rows == 0 {
            return Ok(None);
        }
        let footer = self.footer.finish(&self.gatherer.shape.metadata);
        let footer = footer.map_err(|error| self.gatherer.shape.unwritable(&error))?;
        let bytes = self.output.finish(&footer)?;
        Ok(Some(CanonicalPart { path: self.part, rows, bytes }))
    }
}
