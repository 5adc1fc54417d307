//! Removes parts that the ledger does not name: those of superseded units, and those of runs that were broken off.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::FOLDER;
use crate::{LoadError, Store};

impl Store {
    /// Removes every file below `canonical/` that no unit names, and returns how many there were. To be called by
    /// whoever holds the store's lock, between publications: a part that is still to be committed is not named yet.
    pub fn remove_unreferenced_parts(&mut self) -> Result<u64, LoadError> {
        let units = self.read()?.units()?;
        let named: BTreeSet<String> = units.into_iter().filter_map(|unit| unit.part).collect();
        let folder = self.root().join(FOLDER);
        let mut removed = 0;
        sweep(&folder, FOLDER, &named, &mut removed)?;
        Ok(removed)
    }
}

/// Goes through a folder of the store; `name` is its path relative to the store, as the ledger writes it.
fn sweep(folder: &Path, name: &str, named: &BTreeSet<String>, removed: &mut u64) -> Result<(), LoadError> {
    let failed = |source| LoadError::file(folder, "read the folder", source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type().map_err(failed)?.is_dir() {
            sweep(&path, &name, named, removed)?;
        } else if !named.contains(&name) {
            fs::remove_file(&path).map_err(|source| LoadError::file(&path, "remove", source))?;
            *removed += 1;
        }
    }
    Ok(())
}
