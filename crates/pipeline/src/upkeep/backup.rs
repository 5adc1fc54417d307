//! Backups: the database as of one moment, and with it, if asked for, the files that it names.
//!
//! The database comes first. The files that it names have names of their own for ever (those of the archive are hashes),
//! so copying them afterwards is safe, and what an earlier backup has is not copied again. A run that publishes meanwhile
//! may remove parts that the copy names; then it is begun anew, with a later moment.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use definitions::PersonKeySource;
use extractor::Archive;
use loader::{DATABASE, Store, part_path};
use serde::Serialize;

use crate::{Project, RunError};

/// How often a backup is begun anew because a run has removed what it was to copy.
const ATTEMPTS: u32 = 5;

/// A backup that was made and verified.
#[derive(Debug, Clone, Serialize)]
pub struct BackupReport {
    /// The copy of the database.
    pub database: String,
    /// Its size.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: i64,
    /// The last run in it.
    pub last_run: Option<i64>,
    /// How many rows each table has; as many as the original had.
    pub rows: BTreeMap<String, u64>,
    /// The files that it names, if they were asked for.
    pub archive: Option<ArchiveCopy>,
    /// Where the key for pseudonyms lies, which is not part of a backup.
    pub key: Option<String>,
}

/// The files of a backup.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ArchiveCopy {
    /// Deliveries and canonical files that the database names.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them were copied; the others were there from an earlier backup.
    pub copied: u64,
}

/// Makes a backup, beside a run that may be at work: into a folder, or of the database alone to a file that is named
/// `*.db`.
pub fn back_up(project: &Project, to: &Path, with_archive: bool) -> Result<BackupReport, RunError> {
    let root = project.store();
    let is_file = to.extension().is_some_and(|ending| ending == "db");
    if is_file && with_archive {
        return Err(RunError::Usage {
            code: model::Code::INVALID_VALUE,
            message: "a backup with the archive is a folder".to_owned(),
            help: "name a folder in place of a file `*.db`".to_owned(),
        });
    }
    let folder = if is_file { to.parent().filter(|folder| !folder.as_os_str().is_empty()) } else { Some(to) };
    let folder = folder.unwrap_or(Path::new("."));
    // As closed as the store: there are names and rows in it, and with the archive persons in clear.
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(RunError::file(folder))?;
    let within = folder.canonicalize().map_err(RunError::file(folder))?;
    if within.starts_with(root.canonicalize().map_err(RunError::file(&root))?) {
        return Err(RunError::Usage {
            code: model::Code::INVALID_VALUE,
            message: "the backup would lie in the store that it is of".to_owned(),
            help: "name a folder elsewhere, best on another disk".to_owned(),
        });
    }
    let database = if is_file { to.to_owned() } else { folder.join(DATABASE) };
    let mut attempt = 1;
    loop {
        let copy = Store::open_read_only(&root)?.back_up(&database)?;
        let archive = if with_archive { copy_files(&root, folder)? } else { Some(ArchiveCopy::default()) };
        let Some(archive) = archive else {
            if attempt == ATTEMPTS {
                let message = "runs publish faster than the files can be copied; try again when none is at work";
                return Err(RunError::file(folder)(io::Error::other(message)));
            }
            attempt += 1;
            continue;
        };
        return Ok(BackupReport {
            database: copy.path.display().to_string(),
            bytes: copy.bytes,
            schema: copy.schema,
            last_run: copy.last_run,
            rows: copy.rows,
            archive: with_archive.then_some(archive),
            key: project.configuration.persons.as_ref().map(|key| key_place(project, key)),
        });
    }
}

fn key_place(project: &Project, key: &PersonKeySource) -> String {
    match key {
        PersonKeySource::File { path, .. } => project.root.join(path).display().to_string(),
        PersonKeySource::Credential { name } => format!("the credential `{name}`"),
    }
}

/// Copies what the database in the folder names. `None` if something of it has gone.
fn copy_files(store: &Path, folder: &Path) -> Result<Option<ArchiveCopy>, RunError> {
    let mut copied = Store::open_read_only(folder)?;
    let reading = copied.read()?;
    let mut done = ArchiveCopy::default();
    let (from, to) = (Archive::open(&store.join("raw"))?, Archive::open(&folder.join("raw"))?);
    for entry in reading.deliveries()? {
        let content = &entry.record.delivery.content;
        if from.is_discarded(content) {
            to.mark_discarded(content)?;
        } else if !done.take(&from.place(content), &to.place(content))? {
            // Nothing removes a delivery that is not given up: it was lost, and only a part of the way back is.
            return Err(extractor::ExtractError::NotArchived { content: *content }.into());
        }
    }
    for part in reading.units()?.into_iter().filter_map(|unit| unit.part) {
        if !done.take(&part_path(store, &part), &part_path(folder, &part))? {
            return Ok(None);
        }
    }
    to.sync()?;
    Ok(Some(done))
}

impl ArchiveCopy {
    /// Copies a file, unless it is there already; gives whether there was one to copy.
    fn take(&mut self, from: &Path, to: &Path) -> Result<bool, RunError> {
        let size = |path: &Path| match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::file(path)(error)),
        };
        let Some(bytes) = size(from)? else { return Ok(false) };
        if size(to)? != Some(bytes) {
            if let Err(error) = copy(from, to) {
                return if error.kind() == io::ErrorKind::NotFound {
                    Ok(false)
                } else {
                    Err(RunError::file(to)(error))
                };
            }
            self.copied += 1;
        }
        self.files += 1;
        self.bytes += bytes;
        Ok(true)
    }
}

/// Under another name first, so that a file of the right name is a whole one.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let aside: PathBuf = to.with_extension("part");
    // Permissions come with it: what is closed in the store is closed in the copy.
    fs::copy(from, &aside)?;
    fs::rename(&aside, to)
}
