//! Rows as `Parquet` column chunks.
//!
//! The pages are made here and by no general writer, as much is known about the rows: codes are positions in a list,
//! so their dictionary takes one look-up a row; the delivery is one value; lines and records ascend; where nothing is
//! missing, that is one run. Numbers become differences where these are narrow. What repeats gets a dictionary, as long
//! as it is small. Compression is left out where it gains next to nothing. Nothing here knows files: start at
//! [`Encoder::encode`].

mod bits;
mod chunk;
mod delta;
mod dictionary;
mod page;
mod texts;

use std::io;

use model::{PageCompression, RecordBatch};

pub(super) use self::chunk::Chunk;
use self::chunk::{ChunkWriter, Rows};
use self::dictionary::Dictionary;
use self::page::Press;
use super::PartKind;

/// Makes pages, in memory that it keeps from one row group to the next.
#[derive(Default)]
pub(super) struct Encoder {
    press: Press,
    dictionary: Dictionary,
    dictionary_page: Vec<u8>,
    page: Vec<u8>,
    numbers: Vec<i64>,
    levels: Vec<u32>,
}

impl Encoder {
    /// Appends the rows' pages to `out`: the columns, then delivery, line and record.
    pub(super) fn encode(
        &mut self,
        rows: &RecordBatch,
        kinds: impl Iterator<Item = PartKind>,
        delivery: &str,
        compression: PageCompression,
        out: &mut Vec<u8>,
    ) -> io::Result<Vec<Chunk>> {
        let mut chunks = Vec::with_capacity(rows.columns.len() + 3);
        for ((column, (_, kind)), part_kind) in rows.columns.iter().zip(&rows.schema.columns).zip(kinds) {
            let mut writer = ChunkWriter::new(self, Rows::of(&column.valid), compression, out);
            writer.column(column, kind, part_kind)?;
            chunks.push(writer.finish());
        }
        let all = Rows::all(rows.len());
        let mut writer = ChunkWriter::new(self, all, compression, out);
        writer.constant(delivery)?;
        chunks.push(writer.finish());
        for numbers in [&rows.line, &rows.record] {
            let mut writer = ChunkWriter::new(self, all, compression, out);
            writer.ascending(numbers)?;
            chunks.push(writer.finish());
        }
        Ok(chunks)
    }
}
