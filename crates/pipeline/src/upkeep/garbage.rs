//! What may go: files that nothing refers to, and what is older than `retention` keeps it.
//!
//! What figures, their history or the way back to the raw line need is never garbage. The one exception is what the
//! project asks for itself: the bytes of deliveries that were replaced long ago. Revisions of figures and decisions are
//! never removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use extractor::Archive;
use loader::{DATABASE, DeliveryState, Store};
use model::{Date, Fingerprint};
use serde::Serialize;

use crate::{Lock, LockHolder, Patience, Project, RunError};

/// What may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GarbageKind {
    /// Canonical files that no unit names.
    CanonicalFile,
    /// What was not finished: by a run, a copy or a report.
    Leftover,
    /// Reports that are older than they are kept.
    Report,
    /// Copies of the database that upgrades made, older than they are kept.
    UpgradeCopy,
    /// The bytes of deliveries that were replaced, older than they are kept.
    SupersededDelivery,
    /// Bytes in the archive that no delivery names, older than they are kept.
    UnreferencedDelivery,
}

impl GarbageKind {
    /// The words for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::CanonicalFile => "canonical files that no unit names",
            Self::Leftover => "files that were not finished",
            Self::Report => "old reports",
            Self::UpgradeCopy => "old copies from before an upgrade",
            Self::SupersededDelivery => "bytes of deliveries that were replaced long ago",
            Self::UnreferencedDelivery => "old bytes in the archive that no delivery names",
        }
    }
}

/// A file that may go, or went.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Collected {
    /// What it is.
    pub kind: GarbageKind,
    /// Where, relative to the store.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// What the caller decides.
#[derive(Debug)]
pub struct Sweep {
    /// Who takes the lock.
    pub holder: LockHolder,
    /// How long it waits for the lock.
    pub patience: Patience,
    /// Whether nothing is removed.
    pub dry_run: bool,
    /// Today, for what is kept for a number of days.
    pub today: Date,
}

/// Finds what may go, and removes it, unless it is only asked for.
pub fn collect(project: &Project, sweep: &Sweep) -> Result<Vec<Collected>, RunError> {
    let root = project.store();
    // Without the lock, what a run is writing would be garbage.
    let _lock = Lock::take(&root, &sweep.holder, &sweep.patience)?;
    let mut store = Store::open_read_only(&root)?;
    let archive = Archive::open(&root.join("raw"))?;
    let mut found = Found { root: &root, all: Vec::new() };
    for part in store.unreferenced_parts()? {
        found.add(GarbageKind::CanonicalFile, &root.join(part))?;
    }
    let kept = &project.configuration.retention;
    let before = |days: u32| sweep.today.days().saturating_sub_unsigned(days);
    of_root(&root, kept.upgrade_copies.map(before), &mut found)?;
    of_reports(&root.join("reports"), kept.reports.map(before), &mut found)?;
    let mut discarded = BTreeSet::new();
    let (named, replaced) = deliveries(&mut store, kept.superseded_deliveries.map(before))?;
    for (path, content) in archive.files()? {
        match content {
            None => found.add(GarbageKind::Leftover, &path)?,
            Some(content) if replaced.contains(&content) => {
                found.add(GarbageKind::SupersededDelivery, &path)?;
                discarded.insert(content);
            }
            Some(content) if !named.contains(&content) => {
                if kept.unreferenced_deliveries.is_some_and(|days| is_older(&path, before(days))) {
                    found.add(GarbageKind::UnreferencedDelivery, &path)?;
                }
            }
            Some(_) => {}
        }
    }
    found.all.sort();
    if !sweep.dry_run {
        for content in &discarded {
            archive.discard(content)?;
        }
        for garbage in found.all.iter().filter(|garbage| garbage.kind != GarbageKind::SupersededDelivery) {
            let path = root.join(&garbage.path);
            fs::remove_file(&path).map_err(RunError::file(&path))?;
        }
    }
    Ok(found.all)
}

struct Found<'a> {
    root: &'a Path,
    all: Vec<Collected>,
}

impl Found<'_> {
    fn add(&mut self, kind: GarbageKind, path: &Path) -> Result<(), RunError> {
        let bytes = fs::metadata(path).map_err(RunError::file(path))?.len();
        let path = path.strip_prefix(self.root).unwrap_or(path).to_string_lossy().into_owned();
        self.all.push(Collected { kind, path, bytes });
        Ok(())
    }
}

/// The contents that deliveries name, and those of them that nobody needs any more: of deliveries alone that were
/// replaced, and were received before that day.
fn deliveries(
    store: &mut Store,
    before: Option<i32>,
) -> Result<(BTreeSet<Fingerprint>, BTreeSet<Fingerprint>), RunError> {
    let reading = store.read()?;
    let (mut named, mut old, mut needed) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for entry in reading.deliveries()? {
        let content = entry.record.delivery.content;
        named.insert(content);
        let received = reading.run(entry.received_run)?.started_at;
        let received = received.get(..10).and_then(Date::parse_iso).map(Date::days);
        let is_old = before.zip(received).is_some_and(|(before, received)| received < before);
        if is_old && entry.record.state == DeliveryState::Superseded {
            old.insert(content);
        } else {
            needed.insert(content);
        }
    }
    Ok((named, old.difference(&needed).copied().collect()))
}

/// Of the files beside the database: copies from before an upgrade, and what was not finished.
fn of_root(root: &Path, before: Option<i32>, found: &mut Found<'_>) -> Result<(), RunError> {
    for path in entries(root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(DATABASE).and_then(|rest| rest.strip_prefix('.')) else { continue };
        if rest.starts_with("new") || Path::new(rest).extension().is_some_and(|ending| ending == "part") {
            found.add(GarbageKind::Leftover, &path)?;
        } else if rest.strip_prefix('v').is_some_and(|version| version.parse::<u32>().is_ok())
            && before.is_some_and(|before| is_older(&path, before))
        {
            found.add(GarbageKind::UpgradeCopy, &path)?;
        }
    }
    Ok(())
}

/// Reports say in their names when they were made; the latest has no such name and stays.
fn of_reports(folder: &Path, before: Option<i32>, found: &mut Found<'_>) -> Result<(), RunError> {
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            found.add(GarbageKind::Leftover, &path)?;
            continue;
        }
        let made = name.get(..8).filter(|day| day.bytes().all(|byte| byte.is_ascii_digit()));
        let made = made.and_then(|day| Date::parse_iso(&format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..])));
        if before.zip(made).is_some_and(|(before, made)| made.days() < before) {
            found.add(GarbageKind::Report, &path)?;
        }
    }
    Ok(())
}

/// The files in a folder; none, if it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(RunError::file(folder))?,
    };
    let paths: Result<Vec<PathBuf>, RunError> =
        entries.map(|entry| Ok(entry.map_err(RunError::file(folder))?.path())).collect();
    Ok(paths?.into_iter().filter(|path| path.is_file()).collect())
}

/// Whether a file was written last before that day.
fn is_older(path: &Path, day: i32) -> bool {
    let written = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let since = written.and_then(|written| written.duration_since(UNIX_EPOCH).ok());
    since.is_some_and(|since| i64::try_from(since.as_secs() / 86_400).is_ok_and(|written| written < i64::from(day)))
}
