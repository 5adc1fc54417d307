//! One run at a time: an operating-system lock on a file in the store, which dies with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::RunError;

/// Who holds a lock, for the message to the one who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// The process.
    pub process: u32,
    /// When it started, as the caller writes times.
    pub since: String,
}

/// The lock of a store. Dropping it releases it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the store, or says who has it.
    pub fn take(store: &Path, holder: &LockHolder) -> Result<Self, RunError> {
        std::fs::create_dir_all(store).map_err(RunError::file(store))?;
        let path = store.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(RunError::file(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(store, &mut file)),
            Err(TryLockError::Error(error)) => return Err(RunError::file(&path)(error)),
        }
        let note = format!("process {} since {}", holder.process, holder.since);
        let written =
            file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| file.write_all(note.as_bytes()));
        written.map_err(RunError::file(&path))?;
        Ok(Self { _file: file })
    }
}

fn busy(store: &Path, file: &mut File) -> RunError {
    let mut holder = String::new();
    let known = file.take(200).read_to_string(&mut holder).is_ok() && !holder.is_empty();
    let holder = if known { holder } else { "it has not said who it is".to_owned() };
    RunError::Busy { store: store.to_owned(), holder }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_is_told_who_has_it() {
        let store = tempfile::tempdir().expect("a folder");
        let holder = LockHolder { process: 7, since: "2026-03-01T02:00:00Z".to_owned() };
        let first = Lock::take(store.path(), &holder).expect("free");
        let error = Lock::take(store.path(), &holder).expect_err("taken");
        assert!(matches!(&error, RunError::Busy { holder, .. } if holder == "process 7 since 2026-03-01T02:00:00Z"));
        drop(first);
        Lock::take(store.path(), &holder).expect("free again");
    }
}
