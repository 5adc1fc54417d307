//! The same rows through data frames and the Parquet writer of polars: codes as text, one row group at a time.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use model::{Column, ColumnData, ColumnKind, RecordBatch};
use musketer_loader::ROW_GROUP_ROWS;
use polars::io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter};
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::{
    ChunkFull, Column as Series, DataFrame, DataType, Int32Chunked, Int64Chunked, IntoColumn, IntoSeries, PlSmallStr,
    StringChunked, StringChunkedBuilder,
};

/// Writes the rows, which come so many together; returns the bytes of the file.
pub(crate) fn write(path: &Path, batch: &RecordBatch, together: usize) -> u64 {
    let mut buffer = RecordBatch::new(Arc::clone(&batch.schema));
    let mut writer: Option<BatchedWriter<BufWriter<File>>> = None;
    let rows: Vec<u32> = (0..u32::try_from(batch.len()).expect("few")).collect();
    for mut rows in rows.chunks(together) {
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(ROW_GROUP_ROWS - buffer.len()));
            buffer.append_rows(batch, now);
            rows = later;
            if buffer.len() == ROW_GROUP_ROWS {
                let frame = frame(&buffer);
                let writer = writer.get_or_insert_with(|| start(path, &frame));
                writer.write_batch(&frame).expect("a row group");
                buffer.clear();
            }
        }
    }
    writer.expect("full row groups").finish().expect("a footer");
    path.metadata().expect("a file").len()
}

fn start(path: &Path, frame: &DataFrame) -> BatchedWriter<BufWriter<File>> {
    ParquetWriter::new(BufWriter::new(File::create(path).expect("a file")))
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1).expect("a level"))))
        .batched(frame.schema())
        .expect("a writer")
}

fn frame(batch: &RecordBatch) -> DataFrame {
    let columns = batch.columns.iter().zip(&batch.schema.columns);
    let mut columns: Vec<Series> = columns.map(|(column, (name, kind))| series(name.into(), column, kind)).collect();
    columns.push(StringChunked::full("_delivery".into(), "0123456789abcdef", batch.len()).into_column());
    for (name, numbers) in [("_line", &batch.line), ("_record", &batch.record)] {
        let numbers = numbers.iter().map(|number| number.cast_signed()).collect();
        columns.push(Int64Chunked::from_vec(name.into(), numbers).into_column());
    }
    DataFrame::new(batch.len(), columns).expect("columns of one length")
}

fn series(name: PlSmallStr, column: &Column, kind: &ColumnKind) -> Series {
    let Column { data, valid } = column;
    match (data, kind) {
        (ColumnData::Number(values), _) => Int64Chunked::from_vec_validity(
            name,
            values.clone(),
            valid.contains(&false).then(|| valid.iter().copied().collect()),
        )
        .into_column(),
        (ColumnData::Date(values), _) => {
            let days = Int32Chunked::from_vec_validity(name, values.clone(), None).into_series();
            days.cast(&DataType::Date).expect("days").into_column()
        }
        (ColumnData::Code(values), ColumnKind::Code(codes)) => texts(name, valid, |row| &codes[values[row] as usize]),
        (ColumnData::Text(values), _) => texts(name, valid, |row| values.get(row)),
        _ => unreachable!("a ledger has no other columns"),
    }
}

fn texts<'a>(name: PlSmallStr, valid: &[bool], text: impl Fn(usize) -> &'a str) -> Series {
    let mut builder = StringChunkedBuilder::new(name, valid.len());
    for (row, valid) in valid.iter().enumerate() {
        builder.append_option(valid.then(|| text(row)));
    }
    builder.finish().into_column()
}
