//! The end of a file: its columns, where each chunk lies, and what the part says about itself.

use std::io;

use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, ColumnOrder, ConvertedType, DateType, FieldRepetitionType, FileMetaData, KeyValue,
    LogicalType, RowGroup, SchemaElement, SortingColumn, Statistics, StringType, Type, TypeDefinedOrder,
};

use super::encode::Chunk;
use super::group::EncodedGroup;
use super::{DELIVERY, LINE, METADATA_KEY, PartKind, PartMetadata, RECORD};

/// What a Parquet file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// Collects what the footer says.
pub(super) struct Footer {
    names: Vec<(String, PartKind)>,
    groups: Vec<RowGroup>,
}

impl Footer {
    pub(super) fn new(metadata: &PartMetadata) -> Self {
        let columns = metadata.columns.iter().map(|column| (column.name.clone(), column.kind));
        let ours = [(DELIVERY, PartKind::Text), (LINE, PartKind::Integer), (RECORD, PartKind::Integer)];
        let names = columns.chain(ours.map(|(name, kind)| (name.to_owned(), kind))).collect();
        Self { names, groups: Vec::new() }
    }

    /// Notes a row group that lies at this place of the file.
    pub(super) fn add(&mut self, group: &EncodedGroup, at: u64) {
        let chunks = group.chunks.iter().zip(&self.names);
        let columns = chunks.map(|(chunk, (name, _))| column_chunk(chunk, name, at)).collect();
        let record = column_count(&self.names) - 1;
        let by_record = SortingColumn { column_idx: record, descending: false, nulls_first: false };
        self.groups.push(RowGroup {
            columns,
            total_byte_size: long(group.chunks.iter().map(|chunk| chunk.uncompressed).sum()),
            num_rows: long(group.rows),
            sorting_columns: group.sorted.then(|| vec![by_record]),
            file_offset: Some(at.cast_signed()),
            total_compressed_size: Some(long(group.bytes.len())),
            ordinal: None,
        });
    }

    /// The footer as bytes, with its length and the end of the file.
    pub(super) fn finish(self, metadata: &PartMetadata) -> io::Result<Vec<u8>> {
        let musketer = serde_json::to_string(metadata).expect("names and numbers are valid JSON");
        let order = |_: &_| ColumnOrder::TYPEORDER(TypeDefinedOrder::default());
        let file = FileMetaData {
            version: 2,
            schema: schema(&self.names),
            num_rows: self.groups.iter().map(|group| group.num_rows).sum(),
            key_value_metadata: Some(vec![KeyValue { key: METADATA_KEY.to_owned(), value: Some(musketer) }]),
            created_by: Some("musketer".to_owned()),
            column_orders: Some(self.names.iter().map(order).collect()),
            row_groups: self.groups,
            encryption_algorithm: None,
            footer_signing_key_metadata: None,
        };
        let mut bytes = Vec::with_capacity(4096);
        file.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut bytes)).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        Ok(bytes)
    }
}

fn column_chunk(chunk: &Chunk, name: &str, at: u64) -> ColumnChunk {
    let place = |offset: usize| at.cast_signed() + long(offset);
    let start = chunk.dictionary_at.unwrap_or(chunk.data_at);
    let (least, greatest) = chunk.bounds.clone().unzip();
    let statistics = Statistics {
        max: None,
        min: None,
        null_count: Some(long(chunk.missing)),
        distinct_count: None,
        max_value: greatest,
        min_value: least,
        is_max_value_exact: None,
        is_min_value_exact: None,
    };
    let metadata = ColumnMetaData {
        type_: chunk.physical,
        encodings: chunk.encodings.clone(),
        path_in_schema: vec![name.to_owned()],
        codec: chunk.codec,
        num_values: long(chunk.rows),
        total_uncompressed_size: long(chunk.uncompressed),
        total_compressed_size: long(chunk.end - start),
        key_value_metadata: None,
        data_page_offset: place(chunk.data_at),
        index_page_offset: None,
        dictionary_page_offset: chunk.dictionary_at.map(place),
        statistics: Some(statistics),
        encoding_stats: None,
        bloom_filter_offset: None,
        bloom_filter_length: None,
        size_statistics: None,
    };
    ColumnChunk {
        file_path: None,
        file_offset: place(start),
        meta_data: Some(metadata),
        offset_index_offset: None,
        offset_index_length: None,
        column_index_offset: None,
        column_index_length: None,
        crypto_metadata: None,
        encrypted_column_metadata: None,
    }
}

fn long(count: usize) -> i64 {
    i64::try_from(count).expect("nothing in memory has 2^63 bytes")
}

fn column_count(names: &[(String, PartKind)]) -> i32 {
    i32::try_from(names.len()).expect("a table has fewer than 2^31 columns")
}

fn schema(names: &[(String, PartKind)]) -> Vec<SchemaElement> {
    let root = SchemaElement {
        repetition_type: None,
        num_children: Some(column_count(names)),
        ..element("musketer", None, None)
    };
    let leaf = |(name, kind): &(String, PartKind)| match kind {
        PartKind::Integer | PartKind::Decimal(_) => element(name, Some(Type::INT64), None),
        PartKind::Boolean => element(name, Some(Type::BOOLEAN), None),
        PartKind::Date => {
            let meaning = (ConvertedType::DATE, LogicalType::DATE(DateType::default()));
            element(name, Some(Type::INT32), Some(meaning))
        }
        PartKind::Code | PartKind::Text => {
            let meaning = (ConvertedType::UTF8, LogicalType::STRING(StringType::default()));
            element(name, Some(Type::BYTE_ARRAY), Some(meaning))
        }
    };
    std::iter::once(root).chain(names.iter().map(leaf)).collect()
}

fn element(name: &str, physical: Option<Type>, meaning: Option<(ConvertedType, LogicalType)>) -> SchemaElement {
    let (converted_type, logical_type) = meaning.unzip();
    SchemaElement {
        type_: physical,
        type_length: None,
        repetition_type: Some(FieldRepetitionType::OPTIONAL),
        name: name.to_owned(),
        num_children: None,
        converted_type,
        scale: None,
        precision: None,
        field_id: None,
        logical_type,
    }
}
