//! How many bytes lie where.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// The bytes of all files below a folder, which may be changing; nothing, if it is not there.
pub(super) fn of_folder(folder: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        // A file that a run removes meanwhile has no bytes.
        bytes += match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => of_folder(&entry.path())?,
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
    }
    Ok(bytes)
}

/// The bytes of the database, with what lies in its write-ahead log.
pub(super) fn of_database(store: &Path) -> u64 {
    let file = |name: &str| fs::metadata(store.join(name)).map_or(0, |metadata| metadata.len());
    file(loader::DATABASE) + file(&format!("{}-wal", loader::DATABASE))
}
