//! Copies of the database, as of one moment, beside whoever writes it.
//!
//! By `SQLite`'s own means for it: a plain copy of the file would miss what still lies in the write-ahead log, and could
//! be torn. The copy is held against the original before it gets its name, so a file of that name is a good one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::store::{self, sync_folder};
use crate::{LoadError, Store};

/// A copy that was made and held against the original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCopy {
    /// Where it lies.
    pub path: PathBuf,
    /// How large it is.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: i64,
    /// The last run in it; `None` if there is none.
    pub last_run: Option<i64>,
    /// How many rows each of its tables has: as many as the original had at that moment.
    pub rows: BTreeMap<String, u64>,
}

impl Store {
    /// Copies the database to a file, whatever a run publishes meanwhile. A file that is there already is replaced, once
    /// the copy is known to be good.
    pub fn back_up(&self, to: &Path) -> Result<BackupCopy, LoadError> {
        copy(self.connection(), self.database(), to)
    }
}

/// Copies the database of an open connection, verifies the copy, and then gives it its name.
pub(crate) fn copy(original: &Connection, from: &Path, to: &Path) -> Result<BackupCopy, LoadError> {
    let failed = |source| LoadError::database(from, source);
    let aside = aside(to);
    remove(&aside)?;
    // What is compared below must be what is copied: one view of the original for both.
    let snapshot = original.unchecked_transaction().map_err(failed)?;
    let expected = counts(&snapshot).map_err(failed)?;
    copy_pages(&snapshot, &aside)?;
    drop(snapshot);
    let (schema, last_run) = verify(&aside, &expected)?;
    let written = |source| LoadError::file(to, "write", source);
    // Whoever may read the original may read the copy, and nobody else.
    fs::metadata(from).and_then(|original| fs::set_permissions(&aside, original.permissions())).map_err(written)?;
    File::open(&aside).and_then(|file| file.sync_all()).map_err(written)?;
    fs::rename(&aside, to).map_err(written)?;
    sync_folder(to)?;
    let bytes = fs::metadata(to).map_err(written)?.len();
    Ok(BackupCopy { path: to.to_owned(), bytes, schema, last_run, rows: expected })
}

fn copy_pages(original: &Connection, aside: &Path) -> Result<(), LoadError> {
    let failed = |source| LoadError::database(aside, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(aside, flags).map_err(failed)?;
    // All pages in one step: what is published meanwhile would have a copy in steps begin anew. Nobody waits for it, since
    // readers of a database with a write-ahead log are in nobody's way.
    let step = Backup::new(original, &mut copy).and_then(|backup| backup.step(-1)).map_err(failed)?;
    if step != StepResult::Done {
        let reason = std::io::Error::other("the original could not be read to its end; somebody holds it");
        return Err(LoadError::file(aside, "copy to", reason));
    }
    // One file without a log beside it: it can be moved, packed and read where nothing may be written.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(failed)?;
    copy.close().map_err(|(_, source)| failed(source))
}

/// Reads the whole copy: it is sound, and has what the original had.
fn verify(aside: &Path, expected: &BTreeMap<String, u64>) -> Result<(i64, Option<i64>), LoadError> {
    let failed = |source| LoadError::database(aside, source);
    let copy = store::connect(aside, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    store::check(&copy, aside, true)?;
    let found = counts(&copy).map_err(failed)?;
    if &found != expected {
        return Err(LoadError::Damaged {
            path: aside.to_owned(),
            reason: "the copy has other rows than the original".to_owned(),
        });
    }
    let schema = store::schema_version(&copy).map_err(failed)?;
    let last_run = copy.query_row("SELECT max(run) FROM run", [], |row| row.get(0)).map_err(failed)?;
    Ok((schema, last_run))
}

/// How many rows each table has.
fn counts(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(TABLES)?;
    let tables: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let count = |table: String| {
        let rows = connection
            .query_row(&format!("SELECT count(*) AS n FROM \"{table}\""), [], |row| crate::reading::count(row, "n"))?;
        Ok((table, rows))
    };
    tables.into_iter().map(count).collect()
}

fn aside(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!("{name}.part"))
}

/// Removes what an earlier copy that was broken off has left.
fn remove(aside: &Path) -> Result<(), LoadError> {
    let journal = aside.with_file_name(format!("{}-journal", aside.file_name().unwrap_or_default().to_string_lossy()));
    for leftover in [aside, &journal] {
        match fs::remove_file(leftover) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(LoadError::file(leftover, "remove", source));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(connection: &Connection, number: i64) {
        let sql = "INSERT INTO run (run, pipeline, started_at, engine_version) VALUES (?1, 'p', '', '')";
        connection.execute(sql, [number]).expect("a run");
    }

    #[test]
    fn a_copy_is_of_one_moment_and_complete_in_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        run(store.connection(), 1);
        let to = folder.path().join("copy.db");
        fs::write(folder.path().join("copy.db.part"), "left by one that was broken off").expect("a file");
        let copy = store.back_up(&to).expect("copied");
        assert_eq!((copy.last_run, copy.rows["run"], copy.schema), (Some(1), 1, crate::schema::VERSION));
        let files: Vec<String> = fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("copy"))
            .collect();
        assert_eq!(files, ["copy.db"], "no log and no journal beside it");
        // A writer that has not committed is neither waited for nor copied.
        let mut writer = Store::open(folder.path()).expect("the same store");
        let transaction = writer.connection_mut().transaction().expect("begun");
        run(&transaction, 2);
        assert_eq!(store.back_up(&to).expect("copied").last_run, Some(1));
        transaction.commit().expect("published");
        assert_eq!(store.back_up(&to).expect("copied").last_run, Some(2));
    }

    #[test]
    fn a_copy_that_is_not_the_original_gets_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let to = folder.path().join("nowhere/copy.db");
        assert!(store.back_up(&to).is_err(), "there is no such folder");
        let copy = store.back_up(&folder.path().join("copy.db")).expect("copied");
        let mut other = copy.rows.clone();
        other.insert("run".to_owned(), 7);
        let error = verify(&copy.path, &other).expect_err("not the same rows");
        assert!(error.to_string().contains("other rows"), "{error}");
    }
}
