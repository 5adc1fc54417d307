//! Row groups: gathered in order under the writer's lock, encoded on any thread.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Column, ColumnData, RecordBatch, RecordSchema};

use super::encode::{Chunk, Encoder};
use super::{PartKind, PartMetadata, ROW_GROUP_ROWS, ROW_GROUP_TEXT};
use crate::LoadError;

/// How many buffers wait in a pool, and how much text one of them may have held.
const POOLED: usize = 1;
const POOLED_TEXT: usize = 16 * 1024 * 1024;

/// Buffers for rows that are used again, so that a large part does not ask the system for fresh memory with every row
/// group. One pool may serve the writers of many parts.
#[derive(Debug, Clone, Default)]
pub struct BatchPool(Arc<Mutex<Vec<RecordBatch>>>);

impl BatchPool {
    /// An empty batch.
    fn take(&self, schema: &Arc<RecordSchema>) -> RecordBatch {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = waiting.iter().position(|batch| Arc::ptr_eq(&batch.schema, schema));
        fitting.map_or_else(|| RecordBatch::new(Arc::clone(schema)), |at| waiting.swap_remove(at))
    }

    fn give(&self, mut batch: RecordBatch) {
        if text_bytes(&batch.columns) <= POOLED_TEXT {
            batch.clear();
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() < POOLED {
                waiting.push(batch);
            }
        }
    }
}

/// What a row may come to; what is too much is never touched.
const LIKELY_BYTES: usize = 24;

/// What all row groups of a part have in common.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) path: PathBuf,
    pub(super) metadata: PartMetadata,
    pub(super) schema: Arc<RecordSchema>,
    pub(super) pool: BatchPool,
}

impl Shape {
    pub(super) fn unwritable(&self, error: &io::Error) -> LoadError {
        LoadError::PartUnwritable { path: self.path.clone(), reason: error.to_string() }
    }
}

/// The rows of a row group, which wait to be encoded.
pub struct RowGroup {
    number: u64,
    rows: RecordBatch,
    shape: Arc<Shape>,
}

/// A row group as bytes of the file, for [`super::CanonicalWriter::put`].
pub struct EncodedGroup {
    pub(super) number: u64,
    pub(super) rows: usize,
    pub(super) bytes: Vec<u8>,
    pub(super) chunks: Vec<Chunk>,
    /// Whether the rows are in the order of their record numbers.
    pub(super) sorted: bool,
}

/// Memory for the encoding, one for each thread.
#[derive(Default)]
pub struct EncodeScratch(Encoder);

impl RowGroup {
    /// Encodes and compresses the rows. The result depends on nothing but the rows; the buffer goes back to the pool.
    pub fn encode(self, scratch: &mut EncodeScratch) -> Result<EncodedGroup, LoadError> {
        let Self { number, rows, shape } = self;
        let metadata = &shape.metadata;
        let kinds = metadata.columns.iter().map(|column| column.kind);
        let mut bytes = Vec::with_capacity(4096 + LIKELY_BYTES * rows.len());
        let chunks = scratch
            .0
            .encode(&rows, kinds, &metadata.delivery, metadata.compression, &mut bytes)
            .map_err(|error| shape.unwritable(&error))?;
        let group = EncodedGroup { number, rows: rows.len(), bytes, chunks, sorted: rows.record.is_sorted() };
        shape.pool.give(rows);
        Ok(group)
    }
}

/// Gathers rows until they are a row group.
pub(super) struct Gatherer {
    pub(super) shape: Arc<Shape>,
    pub(super) buffer: RecordBatch,
    /// The row groups that were handed out.
    pub(super) groups: u64,
    /// Their rows.
    pub(super) rows: u64,
    /// The columns whose texts count towards the limit. Codes do not: they are a dictionary.
    texts: Vec<usize>,
}

/// Rows of a batch.
enum Chosen<'a> {
    Stretch(Range<usize>),
    Listed(&'a [u32]),
}

impl Gatherer {
    pub(super) fn new(shape: Shape) -> Self {
        let columns = shape.metadata.columns.iter().enumerate();
        let texts = columns.filter(|(_, column)| column.kind == PartKind::Text).map(|(at, _)| at).collect();
        let buffer = RecordBatch::new(Arc::clone(&shape.schema));
        Self { shape: Arc::new(shape), buffer, groups: 0, rows: 0, texts }
    }

    /// Appends rows; returns the row groups that became full.
    pub(super) fn append(&mut self, batch: &RecordBatch, rows: Option<&[u32]>) -> Vec<RowGroup> {
        let mut full = Vec::new();
        let mut rest = Chosen::of(batch, rows);
        while rest.len() > 0 {
            // A part that had a row group before will fill another one; a small part shall not sit on memory for that.
            if self.buffer.is_empty() && self.groups > 0 {
                self.buffer = self.shape.pool.take(&self.shape.schema);
            }
            let room = self.room_for(batch, &rest);
            let (now, later) = rest.split_at(room);
            match now {
                Chosen::Stretch(rows) => self.buffer.append_range(batch, rows),
                Chosen::Listed(rows) => self.buffer.append_rows(batch, rows),
            }
            rest = later;
            if self.buffer.len() == ROW_GROUP_ROWS || self.text_in(&self.buffer) >= ROW_GROUP_TEXT {
                full.extend(self.cut());
            }
        }
        full
    }

    /// The rows gathered so far as a row group; `None` if there are none.
    pub(super) fn cut(&mut self) -> Option<RowGroup> {
        if self.buffer.is_empty() {
            return None;
        }
        // A part that gets no more rows shall not keep memory for them.
        let fresh = RecordBatch::new(Arc::clone(&self.shape.schema));
        let rows = std::mem::replace(&mut self.buffer, fresh);
        let group = RowGroup { number: self.groups, rows, shape: Arc::clone(&self.shape) };
        self.groups += 1;
        self.rows += group.rows.len() as u64;
        Some(group)
    }

    /// How many of the rows still belong to the current row group: up to the one that fills it, whatever the batches.
    fn room_for(&self, batch: &RecordBatch, rows: &Chosen<'_>) -> usize {
        let most = rows.len().min(ROW_GROUP_ROWS - self.buffer.len());
        let mut text = self.text_in(&self.buffer);
        if text + self.text_in(batch) < ROW_GROUP_TEXT {
            return most;
        }
        for at in 0..most {
            text += self.text_of_row(batch, rows.get(at));
            if text >= ROW_GROUP_TEXT {
                return at + 1;
            }
        }
        most
    }

    fn text_in(&self, batch: &RecordBatch) -> usize {
        text_bytes(self.texts.iter().map(|at| &batch.columns[*at]))
    }

    fn text_of_row(&self, batch: &RecordBatch, row: usize) -> usize {
        let text = |at: &usize| match &batch.columns[*at].data {
            ColumnData::Text(texts) => texts.get(row).len(),
            _ => 0,
        };
        self.texts.iter().map(text).sum()
    }
}

fn text_bytes<'a>(columns: impl IntoIterator<Item = &'a Column>) -> usize {
    let text = |column: &Column| match &column.data {
        ColumnData::Text(texts) => texts.buffered(),
        _ => 0,
    };
    columns.into_iter().map(text).sum()
}

impl<'a> Chosen<'a> {
    /// Rows that follow each other are a stretch, which is copied at once.
    fn of(batch: &RecordBatch, rows: Option<&'a [u32]>) -> Self {
        match rows {
            None => Self::Stretch(0..batch.len()),
            Some(rows @ [first, ..]) if rows.array_windows().all(|[row, next]| row + 1 == *next) => {
                let first = *first as usize;
                Self::Stretch(first..first + rows.len())
            }
            Some(rows) => Self::Listed(rows),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Stretch(rows) => rows.len(),
            Self::Listed(rows) => rows.len(),
        }
    }

    fn get(&self, at: usize) -> usize {
        match self {
            Self::Stretch(rows) => rows.start + at,
            Self::Listed(rows) => rows[at] as usize,
        }
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        match self {
            Self::Stretch(rows) => {
                let middle = rows.start + at;
                (Self::Stretch(rows.start..middle), Self::Stretch(middle..rows.end))
            }
            Self::Listed(rows) => {
                let (now, later) = rows.split_at(at);
                (Self::Listed(now), Self::Listed(later))
            }
        }
    }
}
