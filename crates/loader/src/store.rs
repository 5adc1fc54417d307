//! Opens the store: makes the database, recognises it, and upgrades it. What is in it is no matter of this module.
//!
//! Start at [`Store::open`]. A file that is not ours, is damaged, or was written by a newer version is refused before
//! anything is written.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::schema::{self, APPLICATION_ID, UPGRADES};
use crate::{LoadError, Publication, Reading, RunStart, backup};

/// The name of the database in the store.
pub const DATABASE: &str = "musketer.db";

const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
const PAGE_HEADER: usize = 100;

/// An open store: the database of ledger and figures, and the folder that it lies in.
///
/// To be opened for writing only by whoever holds the store's lock.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    root: PathBuf,
    path: PathBuf,
    upgraded: Option<Upgraded>,
}

/// What was done when a database of an earlier version was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgraded {
    /// The version that it had.
    pub from: i64,
    /// The version that it has now.
    pub to: i64,
    /// The copy of it as it was.
    pub copy: PathBuf,
}

impl Store {
    /// Opens the store in this folder for writing; makes it if it is not there, upgrades it if it is older.
    pub fn open(root: &Path) -> Result<Self, LoadError> {
        assert_library_version();
        fs::create_dir_all(root).map_err(|source| LoadError::file(root, "make the folder", source))?;
        let path = root.join(DATABASE);
        if !path.try_exists().map_err(|source| LoadError::file(&path, "look for", source))? {
            create(&path)?;
        }
        inspect_header(&path)?;
        let failed = |source| LoadError::database(&path, source);
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let found = schema_version(&connection).map_err(failed)?;
        refuse_newer(&path, found, schema::VERSION)?;
        write_ahead(&connection, &path)?;
        let mut upgraded = None;
        if found < schema::VERSION {
            let copy = upgrade(&mut connection, &path, found, UPGRADES)?;
            upgraded = Some(Upgraded { from: found, to: schema::VERSION, copy });
        }
        Ok(Self { connection, root: root.to_owned(), path, upgraded })
    }

    /// Opens the store in this folder for reading, beside a run that may be at work.
    pub fn open_read_only(root: &Path) -> Result<Self, LoadError> {
        assert_library_version();
        let path = root.join(DATABASE);
        if !path.try_exists().map_err(|source| LoadError::file(&path, "look for", source))? {
            return Err(LoadError::Missing { path });
        }
        inspect_header(&path)?;
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found = schema_version(&connection).map_err(|source| LoadError::database(&path, source))?;
        refuse_newer(&path, found, schema::VERSION)?;
        if found < schema::VERSION {
            return Err(LoadError::Older { path, found, known: schema::VERSION });
        }
        Ok(Self { connection, root: root.to_owned(), path, upgraded: None })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was done to a database of an earlier version when it was opened.
    pub fn upgraded(&self) -> Option<&Upgraded> {
        self.upgraded.as_ref()
    }

    pub(crate) fn database(&self) -> &Path {
        &self.path
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    #[cfg(test)]
    pub(crate) fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Begins a run's one transaction. Nothing of it is visible before [`Publication::finish`], and nothing of it
    /// remains if it is dropped.
    pub fn begin(&mut self, start: &RunStart) -> Result<Publication<'_>, LoadError> {
        // IMMEDIATE takes the write lock now: waiting for it is possible here, and impossible after the first read.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|source| LoadError::database(&self.path, source))?;
        Publication::begin(transaction, &self.path, start)
    }

    /// Writes something that is no run, in a transaction of its own.
    pub(crate) fn write_alone<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LoadError> {
        let failed = |source| LoadError::database(&self.path, source);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let written = work(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(written)
    }

    /// A view of the store as it is now, whatever a run publishes meanwhile.
    pub fn read(&mut self) -> Result<Reading<'_>, LoadError> {
        let failed = |source| LoadError::database(&self.path, source);
        let snapshot = self.connection.transaction().map_err(failed)?;
        // The state is fixed by the first thing that is read, not by the beginning of the transaction.
        schema_version(&snapshot).map_err(failed)?;
        Ok(Reading::snapshot(snapshot, &self.path))
    }

    /// Reads the whole database and checks that it is sound; with `fully` that its indexes say what its tables say, too.
    /// Takes time in proportion to its size, so it is not part of opening; a damaged page that is met in other ways is
    /// reported all the same.
    pub fn check(&self, fully: bool) -> Result<(), LoadError> {
        check(&self.connection, &self.path, fully)
    }
}

/// Reads the whole database and checks that it is sound.
pub(crate) fn check(connection: &Connection, path: &Path, fully: bool) -> Result<(), LoadError> {
    let failed = |source| LoadError::database(path, source);
    let damaged = |reason| Err(LoadError::Damaged { path: path.to_owned(), reason });
    let question = if fully { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let verdict: String = connection.query_row(question, [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return damaged(verdict);
    }
    let mut orphans = connection.prepare("PRAGMA foreign_key_check").map_err(failed)?;
    let orphan = orphans.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?.next();
    match orphan.transpose().map_err(failed)? {
        Some(table) => damaged(format!("a row of `{table}` refers to one that is not there")),
        None => Ok(()),
    }
}

/// The version of the library that reads and writes the database.
pub fn library_version() -> &'static str {
    rusqlite::version()
}

/// Versions before 3.51.3 can corrupt a database in WAL mode. The library is built in, so this is about our build.
fn assert_library_version() {
    assert!(rusqlite::version_number() >= 3_051_003, "SQLite {} is too old to be trusted", rusqlite::version());
}

/// Makes the database under another name first, so that a file of the right name is always a complete one: an empty
/// file of that name is damage, never a start that was interrupted.
fn create(path: &Path) -> Result<(), LoadError> {
    let fresh = path.with_extension("db.new");
    for leftover in [fresh.clone(), path.with_extension("db.new-journal")] {
        match fs::remove_file(&leftover) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(LoadError::file(&leftover, "remove", source));
            }
            _ => {}
        }
    }
    let made = connect(&fresh, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    fill(made).map_err(|source| LoadError::database(&fresh, source))?;
    fs::rename(&fresh, path).map_err(|source| LoadError::file(path, "make", source))?;
    sync_folder(path)
}

fn fill(mut connection: Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(&schema::sql())?;
    record_version(&transaction, schema::VERSION)?;
    transaction.commit()?;
    connection.close().map_err(|(_, source)| source)
}

fn record_version(connection: &Connection, version: i64) -> rusqlite::Result<usize> {
    let program = env!("CARGO_PKG_VERSION");
    connection.execute("INSERT INTO schema_version (version, created_by) VALUES (?1, ?2)", (version, program))
}

/// Waits until everything that was written to the file system of a folder is on the disk.
pub(crate) fn sync_file_system(folder: &Path) -> Result<(), LoadError> {
    let failed = |source| LoadError::file(folder, "write", source);
    let folder = File::open(folder).map_err(failed)?;
    rustix::fs::syncfs(&folder).map_err(|error| failed(error.into()))
}

/// Makes the entry of a new or renamed file durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), LoadError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| LoadError::file(folder, "write the folder", source))
}

/// Looks at the first bytes without `SQLite`, so that a foreign file is not even locked.
fn inspect_header(path: &Path) -> Result<(), LoadError> {
    let mut header = Vec::with_capacity(PAGE_HEADER);
    File::open(path)
        .and_then(|file| file.take(PAGE_HEADER as u64).read_to_end(&mut header))
        .map_err(|source| LoadError::file(path, "read", source))?;
    let damaged = |reason: String| Err(LoadError::Damaged { path: path.to_owned(), reason });
    if header.len() < PAGE_HEADER {
        return damaged(format!("it has only {} bytes", header.len()));
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return damaged("it does not begin as an SQLite database does".to_owned());
    }
    if header[68..72] != APPLICATION_ID.to_be_bytes() {
        return damaged("it is the database of another program".to_owned());
    }
    Ok(())
}

pub(crate) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, LoadError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "foreign_keys", true)?;
        // Functions and virtual tables in the schema of a file from elsewhere are not run.
        connection.pragma_update(None, "trusted_schema", false)?;
        // Damage to the structure of a page is then seen when the page is read.
        connection.pragma_update(None, "cell_size_check", true)?;
        // Sorting needs no folder for temporary files.
        connection.pragma_update(None, "temp_store", "memory")?;
        // FULL, not NORMAL: a commit must have reached the disk before the canonical files that it no longer names are
        // removed. With one transaction a run, that is one more fsync a run.
        connection.pragma_update(None, "synchronous", "full")?;
        Ok(connection)
    };
    open().map_err(|source| LoadError::database(path, source))
}

/// Readers see the state before the commit until it is complete, and are never in the way.
fn write_ahead(connection: &Connection, path: &Path) -> Result<(), LoadError> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|source| LoadError::database(path, source))?;
    if mode == "wal" {
        return Ok(());
    }
    let reason = std::io::Error::other("the file system does not allow a write-ahead log; use a local disk");
    Err(LoadError::file(path, "write", reason))
}

pub(crate) fn schema_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))
}

fn refuse_newer(path: &Path, found: i64, known: i64) -> Result<(), LoadError> {
    if found > known {
        return Err(LoadError::Newer { path: path.to_owned(), found, known });
    }
    Ok(())
}

/// Takes a database from version `found` to the newest, in one transaction, after a copy beside it was made and verified;
/// gives the copy.
fn upgrade(connection: &mut Connection, path: &Path, found: i64, steps: &[&str]) -> Result<PathBuf, LoadError> {
    let failed = |source| LoadError::database(path, source);
    let pending = usize::try_from(found - 1).ok().and_then(|done| steps.get(done..));
    let Some(pending) = pending else {
        let reason = format!("there never was a schema version {found}");
        return Err(LoadError::Damaged { path: path.to_owned(), reason });
    };
    let copy = path.with_extension(format!("db.v{found}"));
    // Made anew, should there be one: a store that was restored may have been worked with since.
    backup::copy(connection, path, &copy)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    for (version, step) in (found + 1..).zip(pending) {
        transaction.execute_batch(step).map_err(failed)?;
        record_version(&transaction, version).map_err(failed)?;
    }
    transaction.execute_batch(&schema::views_anew()).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<Store, LoadError>) -> (String, String) {
        let error = result.expect_err("the store is refused");
        (error.code().to_string(), error.to_string())
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn a_store_is_made_once_and_found_again() {
        let folder = folder();
        let root = folder.path().join("deep/store");
        assert_eq!(message(Store::open_read_only(&root)).0, "M6001");
        drop(Store::open(&root).expect("a new store"));
        fs::write(root.join("musketer.db.new"), b"left by a crash").expect("a file");
        let store = Store::open(&root).expect("the same store");
        store.check(true).expect("it is sound");
        let mode: String = store.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
        assert_eq!(mode, "wal");
        Store::open_read_only(&root).expect("a reader beside it");
    }

    #[test]
    fn foreign_and_damaged_files_are_refused_untouched() {
        let folder = folder();
        let path = folder.path().join(DATABASE);
        let foreign = folder.path().join("foreign.db");
        Connection::open(&foreign).and_then(|c| c.execute_batch("CREATE TABLE t (x)")).expect("a foreign database");
        let foreign = fs::read(&foreign).expect("its bytes");
        for (bytes, reason) in [
            (Vec::new(), "it has only 0 bytes"),
            (b"SQLite format 3\0".to_vec(), "it has only 16 bytes"),
            (vec![b'x'; 8192], "it does not begin as"),
            (foreign, "it is the database of another program"),
        ] {
            fs::write(&path, &bytes).expect("a file");
            for result in [Store::open(folder.path()), Store::open_read_only(folder.path())] {
                let (code, message) = message(result);
                assert_eq!(code, "M6002");
                assert!(message.contains(reason), "{message}");
            }
            assert_eq!(fs::read(&path).expect("the file"), bytes);
        }
    }

    #[test]
    fn a_cut_file_and_overwritten_pages_are_damage() {
        let folder = folder();
        drop(Store::open(folder.path()).expect("a new store"));
        let path = folder.path().join(DATABASE);
        let sound = fs::read(&path).expect("the bytes");
        fs::write(&path, &sound[..sound.len() / 2]).expect("a cut file");
        assert_eq!(message(Store::open(folder.path())).0, "M6002");
        let mut overwritten = sound.clone();
        overwritten[100..4096].fill(0xA5);
        fs::write(&path, overwritten).expect("a damaged file");
        assert_eq!(message(Store::open(folder.path())).0, "M6002");
        let mut late = sound.clone();
        let end = late.len();
        late[end - 4096..].fill(0xA5);
        fs::write(&path, late).expect("a damaged file");
        let checked = Store::open(folder.path()).and_then(|store| store.check(true));
        assert_eq!(checked.expect_err("damage").code().to_string(), "M6002");
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = folder();
        let store = Store::open(folder.path()).expect("a new store");
        record_version(&store.connection, 99).expect("a version");
        drop(store);
        for result in [Store::open(folder.path()), Store::open_read_only(folder.path())] {
            let (code, message) = message(result);
            assert_eq!(code, "M6003");
            assert!(
                message.ends_with(&format!("has schema version 99; this version knows {}", schema::VERSION)),
                "{message}"
            );
        }
    }

    #[test]
    fn a_full_disk_is_said_to_be_and_changes_nothing() {
        let folder = folder();
        let mut store = Store::open(folder.path()).expect("a new store");
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("a count");
        store.connection.pragma_update(None, "max_page_count", pages + 2).expect("a small disk");
        let start = RunStart {
            pipeline: model::PipelineId::new("nightly").expect("an id"),
            started_at: String::new(),
            engine_version: String::new(),
            command: "run",
            after: None,
        };
        let mut publication = store.begin(&start).expect("a publication");
        let text = "x".repeat(100_000);
        let fingerprint = model::Fingerprint::of(b"");
        let full = publication.record_definition(crate::DefinitionKind::Dataset, "large", 0, &fingerprint, &text);
        assert_eq!(full.expect_err("the disk is full").code().to_string(), "M6001");
        drop(publication);
        store.check(true).expect("it is sound");
        assert!(store.read().expect("a snapshot").runs(1).expect("runs").is_empty());
    }

    /// Turns a new store into one of the first version, with a figure and a measure of an indicator.
    const FIRST: &str = "
        DROP VIEW latest_observation_as_defined_now;
        DROP VIEW latest_observation;
        DROP TABLE series;
        DROP TABLE breakdown;
        ALTER TABLE indicator ADD COLUMN basis TEXT NOT NULL DEFAULT '';
        DROP TABLE measure;
        CREATE TABLE measure (indicator TEXT NOT NULL, version INTEGER NOT NULL, municipality TEXT NOT NULL,
            period TEXT NOT NULL, measure TEXT NOT NULL, minor INTEGER, scale INTEGER NOT NULL, rows INTEGER NOT NULL,
            obs_status TEXT NOT NULL, PRIMARY KEY (indicator, version, municipality, period, measure)) WITHOUT ROWID;
        DROP TABLE delivery_unit;
        DROP TABLE unit_revision;
        DROP TABLE act;
        DROP TABLE backfill;
        ALTER TABLE run DROP COLUMN command;
        ALTER TABLE run DROP COLUMN milliseconds;
        ALTER TABLE run DROP COLUMN bytes_read;
        DROP TABLE comparison_group_member;
        DROP TABLE area;
        CREATE TABLE area (area TEXT NOT NULL PRIMARY KEY, level TEXT NOT NULL CHECK (level IN ('municipality')),
            title_da TEXT NOT NULL, title_en TEXT NOT NULL, region TEXT) WITHOUT ROWID;
        DROP TABLE definition;
        CREATE TABLE definition (kind TEXT NOT NULL CHECK (kind IN ('indicator')), id TEXT NOT NULL,
            version INTEGER NOT NULL, fingerprint TEXT NOT NULL, canonical TEXT NOT NULL,
            first_run INTEGER NOT NULL REFERENCES run (run), PRIMARY KEY (kind, id, version, fingerprint)) WITHOUT ROWID;
        DROP TABLE observation;
        CREATE TABLE observation (indicator TEXT NOT NULL, version INTEGER NOT NULL, area TEXT NOT NULL,
            period TEXT NOT NULL, breakdown TEXT NOT NULL, revision INTEGER NOT NULL, value REAL, value_exact TEXT,
            numerator REAL, denominator REAL, numerator_exact TEXT, denominator_exact TEXT,
            contributing INTEGER NOT NULL, members INTEGER NOT NULL, obs_status TEXT NOT NULL,
            conf_status TEXT NOT NULL DEFAULT 'F', known_from_run INTEGER NOT NULL, known_to_run INTEGER,
            PRIMARY KEY (indicator, version, area, period, breakdown, revision)) WITHOUT ROWID;
        CREATE VIEW latest_observation AS SELECT area, value FROM observation WHERE known_to_run IS NULL;
        CREATE VIEW wide_cost AS SELECT area, value AS \"2024\" FROM latest_observation;
        INSERT INTO run (run, pipeline, started_at, engine_version) VALUES (1, 'nightly', '', '');
        INSERT INTO area VALUES ('0751', 'municipality', 'Aarhus', 'Aarhus', '1082');
        INSERT INTO period VALUES ('2024', 'year', '2024-01-01', '2024-12-31');
        INSERT INTO indicator (indicator, version, area_of_work, title_da, title_en, description_da, description_en,
            unit, decimals, period_kind, direction, formula, fingerprint, reservations, current, basis) VALUES ('cost', 2,
            'school', '', '', '', '', 'DKK', 0, 'year', 'neutral', '', '', '[]', 1,
            'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
        INSERT INTO measure VALUES ('cost', 2, '0751', '2024', 'amount', 250, 2, 17, 'A');
        INSERT INTO observation VALUES ('cost', 2, '0751', '2024', 'total', 1, 2.5, '2.5', NULL, NULL, NULL, NULL, 1, 1,
            'A', 'F', 1, NULL);
        UPDATE schema_version SET version = 1;";

    #[test]
    fn a_store_of_the_first_version_is_brought_up_to_date() {
        let folder = folder();
        let store = Store::open(folder.path()).expect("a new store");
        store.connection.execute_batch(FIRST).expect("the tables of the first version");
        drop(store);
        let mut store = Store::open(folder.path()).expect("an upgraded store");
        assert_eq!(schema_version(&store.connection).expect("a version"), schema::VERSION);
        store.check(true).expect("it is sound");
        let upgraded = store.upgraded().expect("it says so");
        assert_eq!((upgraded.from, upgraded.to), (1, schema::VERSION));
        let copy = connect(&upgraded.copy, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the copy");
        assert_eq!(schema_version(&copy).expect("a version"), 1);
        check(&copy, &upgraded.copy, true).expect("it is sound as well");
        assert_eq!(Store::open(folder.path()).expect("the same store").upgraded(), None);
        let reading = store.read().expect("a snapshot");
        let series: Vec<_> = reading.series().expect("series").into_keys().collect();
        let [then] = series.as_slice() else { panic!("one series: {series:?}") };
        assert_eq!((then.version.0, then.as_defined), (2, model::AsDefined::Then));
        let measures = reading.measures_of(then, None).expect("measures");
        assert_eq!(
            measures.iter().map(|one| (one.breakdown.as_str(), one.minor, one.divisor, one.rows)).collect::<Vec<_>>(),
            [(model::TOTAL, Some(250), 1, 17)]
        );
        let figures = reading.figures(&crate::FigureFilter::default()).expect("figures");
        assert_eq!(figures.iter().map(|one| (one.version.0, one.revision)).collect::<Vec<_>>(), [(2, 1)]);
        drop(reading);
        // Tables and views are those of a new store, but for their comments.
        store.connection.execute_batch("DROP VIEW wide_cost").expect("a view that nobody has made anew yet");
        let fresh = tempfile::tempdir().expect("a folder");
        let fresh = Store::open(fresh.path()).expect("a new store");
        let group = "INSERT INTO area VALUES ('six_cities', 'comparison_group', '', '', NULL);
            INSERT INTO definition VALUES ('comparison_group', 'six_cities', 0, 'f', 'c', 1, 1)";
        store.connection.execute_batch(group).expect("a new level, and a new kind");
        assert_eq!(columns(&store), columns(&fresh));
    }

    /// Every column of every table and view, with what its table demands of it.
    fn columns(store: &Store) -> Vec<String> {
        let sql = "SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c.'notnull' || ' ' || c.pk
            FROM sqlite_master AS m, pragma_table_info(m.name) AS c
            WHERE m.type IN ('table', 'view') ORDER BY m.name, c.name";
        let mut statement = store.connection.prepare(sql).expect("a query");
        let columns = statement.query_map([], |row| row.get(0)).expect("a query");
        columns.collect::<Result<_, _>>().expect("texts")
    }

    #[test]
    fn an_upgrade_is_all_or_nothing_and_leaves_a_copy() {
        let folder = folder();
        let mut store = Store::open(folder.path()).expect("a new store");
        let path = store.path.clone();
        store.connection.execute("UPDATE schema_version SET version = 1", []).expect("a version");
        let broken = ["CREATE TABLE added (x)", "CREATE TABLE added (x)"];
        upgrade(&mut store.connection, &path, 1, &broken).expect_err("the second step fails");
        assert_eq!(schema_version(&store.connection).expect("a version"), 1);
        upgrade(&mut store.connection, &path, 1, &broken[..1]).expect("an upgrade");
        assert_eq!(schema_version(&store.connection).expect("a version"), 2);
        store.connection.execute("INSERT INTO added VALUES (1)", []).expect("the new table is there");
        let copy = connect(&folder.path().join("musketer.db.v1"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a copy");
        assert_eq!(schema_version(&copy).expect("a version"), 1);
        assert!(upgrade(&mut store.connection, &path, 0, &broken).is_err());
    }
}
