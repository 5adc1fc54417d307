//! Files of the drop folder as they were when they were read, so that an unchanged one is not read again.

use std::collections::BTreeMap;

use model::{DeliveryId, Fingerprint, SourceId, redact};
use rusqlite::Row;

use crate::reading::{count, parsed, whole};
use crate::{LoadError, Publication, Reading};

/// A file of the drop folder as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    /// The path below the drop folder. Masked when it was read back from the store.
    pub path: String,
    /// The source that its name belongs to.
    pub source: SourceId,
    /// Its size.
    pub bytes: u64,
    /// The time of its last change, in nanoseconds since 1970.
    pub modified_nanoseconds: i128,
    /// Its number in the file system.
    pub inode: u64,
    /// The hash of its bytes.
    pub content: Fingerprint,
    /// The delivery that it is.
    pub delivery: DeliveryId,
}

/// All files that were seen, found by their path.
#[derive(Debug, Clone, Default)]
pub struct SeenFiles(BTreeMap<String, SeenFile>);

impl SeenFiles {
    /// The file at the path, if it was seen with this size, time and number: then its content need not be read.
    pub fn unchanged(&self, path: &str, bytes: u64, modified_nanoseconds: i128, inode: u64) -> Option<&SeenFile> {
        let stamp = (bytes, i128::from(nanoseconds(modified_nanoseconds)), inode);
        self.0.get(&path_hash(path)).filter(|seen| (seen.bytes, seen.modified_nanoseconds, seen.inode) == stamp)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn path_hash(path: &str) -> String {
    Fingerprint::of(path.as_bytes()).to_string()
}

/// 64 bits of nanoseconds end in 2262; a file time beyond is kept as the last one.
fn nanoseconds(time: i128) -> i64 {
    i64::try_from(time).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX })
}

impl Publication<'_> {
    /// Records that a file was read and need not be read again as long as it stays as it is.
    pub fn record_seen_file(&mut self, file: &SeenFile) -> Result<(), LoadError> {
        const SQL: &str = "INSERT OR REPLACE INTO seen_file
            (file, path, source, bytes, modified_ns, inode, content, delivery) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.write(|connection| {
            let (source, content) = (file.source.as_str(), file.content.to_string());
            let stamp = (whole(file.bytes), nanoseconds(file.modified_nanoseconds), file.inode.cast_signed());
            let names = (path_hash(&file.path), redact(&file.path));
            connection
                .prepare_cached(SQL)?
                .execute((names.0, names.1, source, stamp.0, stamp.1, stamp.2, content, file.delivery.as_str()))
                .map(drop)
        })
    }
}

impl Reading<'_> {
    /// All files that were seen.
    pub fn seen_files(&self) -> Result<SeenFiles, LoadError> {
        self.query(|connection| {
            let mut statement = connection.prepare(SEEN_FILES)?;
            let files = statement.query_map([], |row| Ok((row.get(0)?, seen_file(row)?)))?;
            files.collect::<Result<_, _>>().map(SeenFiles)
        })
    }
}

/// In the order in which they are read.
const SEEN_FILES: &str = "SELECT file, path, source, bytes, modified_ns, inode, content, delivery FROM seen_file";

fn seen_file(row: &Row<'_>) -> rusqlite::Result<SeenFile> {
    Ok(SeenFile {
        path: row.get(1)?,
        source: parsed(row, 2)?,
        bytes: count(row, 3)?,
        modified_nanoseconds: i128::from(row.get::<_, i64>(4)?),
        inode: row.get::<_, i64>(5)?.cast_unsigned(),
        content: parsed(row, 6)?,
        delivery: DeliveryId::stored(&row.get::<_, String>(7)?),
    })
}
