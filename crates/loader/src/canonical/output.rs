//! The file of a part, under another name until it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::footer::MAGIC;
use crate::LoadError;

/// So many bytes wait before they are written: a small part is written at once.
const AT_ONCE: usize = 64 * 1024;

/// A file under its temporary name, and the bytes that wait for it. Dropped without [`Output::finish`], it leaves
/// nothing behind.
pub(super) struct Output {
    path: PathBuf,
    temporary: PathBuf,
    waiting: Vec<u8>,
    /// Whether there is a file. It is open only while something is written: a delivery of the whole country has more
    /// parts than a process may have files.
    created: bool,
    written: u64,
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.created {
            // What cannot be removed is garbage all the same.
            fs::remove_file(&self.temporary).unwrap_or_default();
        }
    }
}

impl Output {
    /// A file that will have this path.
    pub(super) fn new(path: PathBuf) -> Self {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".new");
        Self { path, temporary: PathBuf::from(temporary), waiting: MAGIC.to_vec(), created: false, written: 0 }
    }

    /// The bytes that the file has, or will have.
    pub(super) fn length(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Appends bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        if self.waiting.len() + bytes.len() <= AT_ONCE {
            self.waiting.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_waiting()?;
        self.write(bytes)
    }

    /// Appends the last bytes, and gives the file its name; returns its length.
    pub(super) fn finish(mut self, bytes: &[u8]) -> Result<u64, LoadError> {
        self.waiting.extend_from_slice(bytes);
        self.write_waiting()?;
        fs::rename(&self.temporary, &self.path).map_err(|source| LoadError::file(&self.path, "make", source))?;
        self.created = false;
        Ok(self.written)
    }

    fn write_waiting(&mut self) -> Result<(), LoadError> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() { Ok(()) } else { self.write(&waiting) }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        let failed = |source| LoadError::file(&self.temporary, "write", source);
        let mut file = if self.created {
            OpenOptions::new().append(true).open(&self.temporary).map_err(failed)?
        } else {
            create(&self.temporary)?
        };
        self.created = true;
        file.write_all(bytes).map_err(failed)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// Opens a new file. Its folder is made if need be: mostly it is there.
fn create(path: &Path) -> Result<File, LoadError> {
    if let Ok(file) = File::create(path) {
        return Ok(file);
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|source| LoadError::file(folder, "make the folder", source))?;
    File::create(path).map_err(|source| LoadError::file(path, "write", source))
}
