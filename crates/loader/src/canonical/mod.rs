//! Canonical rows as Parquet files: one file ("part") for each unit, named by the ledger.
//!
//! Start at [`CanonicalWriter`]. A part is written under another name, made durable and renamed, and becomes part of
//! the store only by the commit that names it; what no row of `unit` names is garbage. Parts describe themselves (key
//! `musketer` of the file's metadata), so that they can be read and rewritten without today's definitions.

mod encode;
mod footer;
mod frame;
mod garbage;
mod group;
mod output;
mod reader;
mod removal;
mod writer;

use std::path::{Path, PathBuf};

use model::{
    ColumnKind, DatasetId, DeliveryId, Fingerprint, FingerprintBuilder, PageCompression, RecordSchema, WorkUnit,
};
use serde::{Deserialize, Serialize};

pub use group::{BatchPool, EncodeScratch, EncodedGroup, RowGroup};
pub use reader::rows_of_part;
pub use removal::{remove_records, rows_with_records};
pub use writer::CanonicalWriter;

/// The most rows of a row group: what `DuckDB` and others scan at a time. Groups are cut at fixed numbers of rows, so
/// that the file does not depend on how the rows came in batches.
pub const ROW_GROUP_ROWS: usize = 65_536;

/// The most text of a row group: long texts end a group early, so that memory does not depend on the input.
const ROW_GROUP_TEXT: usize = 64 * 1024 * 1024;

const FOLDER: &str = "canonical";
const METADATA_KEY: &str = "musketer";
const DELIVERY: &str = "_delivery";
const LINE: &str = "_line";
const RECORD: &str = "_record";

/// Which rows a part holds, and how they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartScope {
    /// The unit.
    pub unit: WorkUnit,
    /// The dataset.
    pub dataset: DatasetId,
    /// The delivery that the rows come from.
    pub delivery: DeliveryId,
    /// The definitions that they were read with.
    pub reading: Fingerprint,
}

impl PartScope {
    /// The path of the part relative to the store, with `/` between folders. Another delivery or other definitions
    /// give another name: a part that an earlier publication names is never overwritten.
    pub fn relative_path(&self) -> String {
        let WorkUnit { source, municipality, period } = &self.unit;
        let period = period.to_string().replace('/', "-");
        let mut name = FingerprintBuilder::new();
        name.add(self.reading.to_string()).add(self.delivery.as_str());
        let name = name.finish().short();
        format!("{FOLDER}/dataset={}/municipality={municipality}/period={period}/{source}-{name}.parquet", self.dataset)
    }
}

/// A part that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalPart {
    /// The path relative to the store, with `/` between folders; for [`crate::UnitRecord::part`].
    pub path: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What a part says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartMetadata {
    dataset: String,
    delivery: String,
    /// How it was compressed, to be rewritten in the same way.
    #[serde(default, with = "Pages")]
    compression: PageCompression,
    columns: Vec<PartColumn>,
}

/// The words for a compression.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PageCompression", rename_all = "snake_case")]
enum Pages {
    Zstd,
    Snappy,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PartColumn {
    name: String,
    kind: PartKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PartKind {
    Integer,
    Decimal(u8),
    Date,
    Boolean,
    Code,
    Text,
}

impl PartKind {
    fn of(kind: &ColumnKind) -> Self {
        match kind {
            ColumnKind::Integer => Self::Integer,
            ColumnKind::Decimal { scale } => Self::Decimal(*scale),
            ColumnKind::Date => Self::Date,
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Code(_) => Self::Code,
            ColumnKind::Text => Self::Text,
        }
    }

    /// The kind of the column when it is read back: the part does not know the code list, so a code is a text.
    fn read_back(self) -> ColumnKind {
        match self {
            Self::Integer => ColumnKind::Integer,
            Self::Decimal(scale) => ColumnKind::Decimal { scale },
            Self::Date => ColumnKind::Date,
            Self::Boolean => ColumnKind::Boolean,
            Self::Code | Self::Text => ColumnKind::Text,
        }
    }
}

impl PartMetadata {
    fn of(schema: &RecordSchema, delivery: &DeliveryId, compression: PageCompression) -> Self {
        let column = |(name, kind): &(String, ColumnKind)| PartColumn { name: name.clone(), kind: PartKind::of(kind) };
        let columns = schema.columns.iter().map(column).collect();
        Self { dataset: schema.dataset.to_string(), delivery: delivery.to_string(), compression, columns }
    }

    fn read_back(&self, dataset: DatasetId) -> RecordSchema {
        let column = |column: &PartColumn| (column.name.clone(), column.kind.read_back());
        RecordSchema { dataset, columns: self.columns.iter().map(column).collect() }
    }
}

/// The absolute path of a part.
pub fn part_path(root: &Path, part: &str) -> PathBuf {
    root.join(part)
}
