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
        let mut removed = 0;
        for part in self.unreferenced_parts()? {
            let path = self.root().join(part);
            fs::remove_file(&path).map_err(|source| LoadError::file(&path, "remove", source))?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Every file below `canonical/` that no unit names, relative to the store. While a run is at work, its own are among
    /// them.
    pub fn unreferenced_parts(&mut self) -> Result<Vec<String>, LoadError> {
        let units = self.read()?.units()?;
        let named: BTreeSet<String> = units.into_iter().filter_map(|unit| unit.part).collect();
        let folder = self.root().join(FOLDER);
        let mut found = Vec::new();
        walk(&folder, FOLDER, &mut found)?;
        found.retain(|part| !named.contains(part));
        found.sort();
        Ok(found)
    }
}

/// Goes through a folder of the store; `name` is its path relative to the store, as the ledger writes it.
fn walk(folder: &Path, name: &str, found: &mut Vec<String>) -> Result<(), LoadError> {
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
            walk(&path, &name, found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}
