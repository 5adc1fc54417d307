//! One writer at a time: an operating-system lock on a file in the store, which dies with its process.
//!
//! The lock itself is the kernel's and leaves nothing behind. What stands in the file is a note: who holds the store,
//! so that the others can be told; and, should he never come to release it, that he did not. The file stays where it is
//! for ever: a lock on a file that somebody removes keeps nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::Stop;
use serde::{Deserialize, Serialize};

use crate::RunError;

/// How often somebody who waits tries again.
const PAUSE: Duration = Duration::from_millis(100);
/// More than a note ever has.
const LONGEST_NOTE: u64 = 64 * 1024;

/// Who holds a lock, for the message to the one who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// What it does: `run`.
    pub command: String,
    /// The pipeline, if it is about one.
    pub pipeline: Option<String>,
    /// The process.
    pub process: u32,
    /// The machine.
    pub host: String,
    /// When it started, RFC 3339.
    pub since: String,
}

impl std::fmt::Display for LockHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, pipeline, process, host, since } = self;
        let pipeline = pipeline.as_ref().map_or(String::new(), |pipeline| format!(" {pipeline}"));
        write!(f, "`musketer {command}{pipeline}`, process {process} on {host}, since {since}")
    }
}

/// How long to wait for a lock that somebody holds.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    /// Until it is given up; not at all, if this is zero.
    pub wait: Duration,
    /// Ends the waiting early.
    pub stop: Stop,
}

/// What stands in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    /// Who holds it, or held it and did not release it.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<LockHolder>,
    /// The last run that was published before the holder began.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<i64>,
    /// There may be files that nobody refers to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    garbage: bool,
}

/// How the holder before left the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftBehind {
    /// In order.
    Nothing,
    /// In order, but for files that could not be removed.
    Garbage,
    /// It ended without releasing the lock: it was killed, or the machine stopped.
    Unreleased {
        /// Who that was, unless it had not come to say so.
        holder: Option<LockHolder>,
        /// The last run that was published before it began; what is later is its work.
        last_run: Option<i64>,
    },
}

/// The lock of a store. Dropping it releases it, and takes the note away.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    note: Note,
    left_behind: LeftBehind,
}

impl Lock {
    /// Takes the lock of the store, or says who has it.
    pub fn take(store: &Path, holder: &LockHolder, patience: &Patience) -> Result<Self, RunError> {
        std::fs::create_dir_all(store).map_err(RunError::file(store))?;
        let path = store.join("lock");
        let failed = |error| RunError::file(&path)(error);
        // Waiting is counted in pauses, not read from a clock: no change of the clock makes it longer or shorter.
        let mut waited = Duration::ZERO;
        loop {
            // Opened anew each time: while we waited, another file may have taken its place.
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                // Only the file that stands there now keeps others out.
                Ok(()) if is_at(&file, &path).map_err(failed)? => return Self::hold(file, &path, holder),
                Ok(()) => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if patience.stop.is_asked() => return Err(RunError::stopped()),
                Err(TryLockError::WouldBlock) if waited >= patience.wait => {
                    return Err(RunError::Busy { store: store.to_owned(), holder: held_by(&file) });
                }
                Err(TryLockError::WouldBlock) => {
                    if waited.is_zero() {
                        tracing::warn!("waiting for {} at most: {}", spoken(patience.wait), held_by(&file));
                    }
                    std::thread::sleep(PAUSE.min(patience.wait.saturating_sub(waited)));
                    waited += PAUSE;
                }
            }
        }
    }

    fn hold(file: File, path: &Path, holder: &LockHolder) -> Result<Self, RunError> {
        let before = read(&file).map_err(RunError::file(path))?;
        let left_behind = match before.as_deref().map(serde_json::from_str::<Note>) {
            None => LeftBehind::Nothing,
            // Versions before this one left a sentence there, however they ended.
            Some(_) if !before.as_deref().is_some_and(|note| note.starts_with('{')) => LeftBehind::Nothing,
            Some(Ok(Note { holder: None, garbage: true, .. })) => LeftBehind::Garbage,
            Some(Ok(Note { holder, last_run, .. })) => LeftBehind::Unreleased { holder, last_run },
            // It was killed while it wrote.
            Some(Err(_)) => LeftBehind::Unreleased { holder: None, last_run: None },
        };
        let garbage = left_behind != LeftBehind::Nothing;
        let note = Note { holder: Some(holder.clone()), last_run: None, garbage };
        let mut lock = Self { file, path: path.to_owned(), note, left_behind };
        lock.write()?;
        Ok(lock)
    }

    /// How the holder before left the store.
    pub fn left_behind(&self) -> &LeftBehind {
        &self.left_behind
    }

    /// Notes which run was the last one before this holder began, so that it can be told what it published.
    pub fn note_last_run(&mut self, run: i64) -> Result<(), RunError> {
        self.note.last_run = Some(run);
        self.write()
    }

    /// Notes whether there are files that could not be removed, for the next one to try.
    pub fn leave_garbage(&mut self, garbage: bool) {
        self.note.garbage = garbage;
    }

    /// Whether the lock still keeps others out: its file is where it was.
    pub fn is_held(&self) -> bool {
        is_at(&self.file, &self.path).unwrap_or(false)
    }

    /// Fails if the lock does not keep others out any more.
    pub fn assert_held(&self) -> Result<(), RunError> {
        if self.is_held() { Ok(()) } else { Err(RunError::LockLost { path: self.path.clone() }) }
    }

    /// Over what stood there, which is cut off afterwards: whenever we are killed, there is a note or a part of one.
    fn write(&mut self) -> Result<(), RunError> {
        let text = serde_json::to_string(&self.note).map_err(|error| RunError::Internal(error.to_string()))?;
        let written = self.file.write_all_at(text.as_bytes(), 0).and_then(|()| self.file.set_len(text.len() as u64));
        written.map_err(RunError::file(&self.path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.note = Note { garbage: self.note.garbage, ..Note::default() };
        // A note that cannot be written is at worst a remark too many to the next one.
        if self.note.garbage {
            self.write().unwrap_or_default();
        } else {
            self.file.set_len(0).unwrap_or_default();
        }
    }
}

/// What the file of a lock says to somebody who does not want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nobody holds the store.
    Free,
    /// This one does.
    By(String),
    /// This one did, and did not release it.
    Left(String),
}

/// Looks who holds the store, as the note in its lock says. The lock itself is not tried: whoever tried it would for that
/// moment be the other run that somebody finds in his way. `host` is this machine.
pub(crate) fn look(store: &Path, host: &str) -> Result<Held, RunError> {
    let path = store.join("lock");
    let note = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        file => file.and_then(|file| read(&file)).map_err(RunError::file(&path))?,
    };
    let note = note.and_then(|note| serde_json::from_str::<Note>(&note).ok());
    let Some(holder) = note.and_then(|note| note.holder) else { return Ok(Held::Free) };
    // A process on another machine cannot be seen from here, so it is believed to be alive.
    let is_alive = holder.host != host || Path::new("/proc").join(holder.process.to_string()).exists();
    let who = holder.to_string();
    Ok(if is_alive { Held::By(who) } else { Held::Left(who) })
}

/// Whether the open file is the one that stands at the path.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The note, if there is one.
fn read(file: &File) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    file.take(LONGEST_NOTE).read_to_end(&mut bytes)?;
    Ok((!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

fn held_by(file: &File) -> String {
    let note = read(file).ok().flatten().and_then(|note| serde_json::from_str::<Note>(&note).ok());
    note.and_then(|note| note.holder).map_or("it has not said who it is".to_owned(), |holder| holder.to_string())
}

fn spoken(wait: Duration) -> String {
    match wait.as_secs() {
        seconds if seconds >= 120 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(process: u32) -> LockHolder {
        LockHolder {
            command: "run".to_owned(),
            pipeline: Some("nightly".to_owned()),
            process,
            host: "etl1".to_owned(),
            since: "2026-03-01T02:00:00Z".to_owned(),
        }
    }

    fn take(store: &Path, process: u32) -> Result<Lock, RunError> {
        Lock::take(store, &holder(process), &Patience::default())
    }

    #[test]
    fn the_second_one_is_told_who_has_it() {
        let store = tempfile::tempdir().expect("a folder");
        let first = take(store.path(), 7).expect("free");
        let error = take(store.path(), 8).expect_err("taken");
        let expected = "`musketer run nightly`, process 7 on etl1, since 2026-03-01T02:00:00Z";
        assert!(matches!(&error, RunError::Busy { holder, .. } if holder == expected), "{error}");
        drop(first);
        let next = take(store.path(), 8).expect("free again");
        assert_eq!(next.left_behind(), &LeftBehind::Nothing);
    }

    #[test]
    fn who_looks_takes_nothing() {
        let store = tempfile::tempdir().expect("a folder");
        assert_eq!(look(store.path(), "etl1").expect("looked"), Held::Free);
        let lock = take(store.path(), std::process::id()).expect("free");
        assert!(matches!(look(store.path(), "etl1").expect("looked"), Held::By(who) if who.contains("run nightly")));
        drop(lock);
        assert_eq!(look(store.path(), "etl1").expect("looked"), Held::Free);
        // No process has so high a number.
        kill(take(store.path(), u32::MAX).expect("free"));
        assert!(matches!(look(store.path(), "etl1").expect("looked"), Held::Left(_)));
        assert!(matches!(look(store.path(), "etl2").expect("looked"), Held::By(_)));
    }

    #[test]
    fn who_waits_gets_it_when_it_is_free() {
        let store = tempfile::tempdir().expect("a folder");
        let first = take(store.path(), 7).expect("free");
        let patience = Patience { wait: Duration::from_hours(1), stop: Stop::default() };
        std::thread::scope(|scope| {
            let second = scope.spawn(|| Lock::take(store.path(), &holder(8), &patience));
            drop(first);
            second.join().expect("no panic").expect("it waited");
        });
        let _first = take(store.path(), 7).expect("free");
        let brief = Patience { wait: Duration::from_millis(1), stop: Stop::default() };
        let error = Lock::take(store.path(), &holder(8), &brief).expect_err("the time is up");
        assert!(matches!(error, RunError::Busy { .. }), "{error}");
        patience.stop.ask();
        let error = Lock::take(store.path(), &holder(8), &patience).expect_err("stopped");
        assert!(matches!(error, RunError::Interrupted(_)), "{error}");
    }

    /// As if the process had been killed: the kernel's lock goes, the note stays.
    fn kill(lock: Lock) {
        let file = lock.file.try_clone().expect("another handle");
        let note = serde_json::to_string(&lock.note).expect("JSON");
        drop(lock);
        file.write_all_at(note.as_bytes(), 0).expect("written");
    }

    #[test]
    fn who_ended_without_releasing_is_reported_once() {
        let store = tempfile::tempdir().expect("a folder");
        let mut first = take(store.path(), 7).expect("free");
        first.note_last_run(4).expect("noted");
        kill(first);
        let second = take(store.path(), 8).expect("the lock died with its process");
        let left = LeftBehind::Unreleased { holder: Some(holder(7)), last_run: Some(4) };
        assert_eq!(second.left_behind(), &left);
        // What has not been cleaned up stays to be done, until somebody has.
        drop(second);
        let mut third = take(store.path(), 9).expect("free");
        assert_eq!(third.left_behind(), &LeftBehind::Garbage);
        third.leave_garbage(false);
        drop(third);
        assert_eq!(take(store.path(), 10).expect("free").left_behind(), &LeftBehind::Nothing);
        std::fs::write(store.path().join("lock"), "process 7 since 2026-03-01T02:00:00Z").expect("an old note");
        assert_eq!(take(store.path(), 11).expect("free").left_behind(), &LeftBehind::Nothing);
        std::fs::write(store.path().join("lock"), "{\"holder\":{\"comm").expect("half a note");
        let left = LeftBehind::Unreleased { holder: None, last_run: None };
        assert_eq!(take(store.path(), 11).expect("free").left_behind(), &left);
    }

    #[test]
    fn a_file_that_was_replaced_locks_nothing() {
        let store = tempfile::tempdir().expect("a folder");
        let first = take(store.path(), 7).expect("free");
        first.assert_held().expect("it is where it was");
        let path = store.path().join("lock");
        std::fs::remove_file(&path).expect("removed");
        assert!(!first.is_held());
        let second = take(store.path(), 8).expect("nobody holds the new file");
        assert!(second.is_held());
        assert!(matches!(first.assert_held(), Err(RunError::LockLost { .. })));
        // Releasing the lost one does not take the other's note away.
        drop(first);
        let error = take(store.path(), 9).expect_err("taken");
        assert!(matches!(&error, RunError::Busy { holder, .. } if holder.contains("process 8")), "{error}");
    }
}
