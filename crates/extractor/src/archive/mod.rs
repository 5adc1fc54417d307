//! The raw archive: every delivery, byte for byte, under the name of its own hash.
//!
//! `<root>/raw/<2 hex>/<64 hex>.zst`. It is the one place that still holds personal identification numbers, so the
//! folder is closed to all but its owner. A delivery is written beside its place and renamed into it:
//! after a crash it is there whole or not at all. It does not know what a delivery is about; the store's ledger does.

mod frames;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use model::{Fingerprint, Stop};
use zstd::stream::read::Decoder;

use self::frames::Frames;
use crate::ahead::read_ahead;
use crate::error::DamagedDelivery;
use crate::{ExtractError, Stored};

const BLOCK: usize = 128 * 1024;
/// A stored file so small that a thread to read it ahead would cost more than it saves.
const SMALL: u64 = 64 * 1024;
const SPOOL: &str = "spool-";
/// What stands in the place of bytes that were given up.
const DISCARDED: &str = "discarded";

/// Tells apart what one process writes at the same time.
static NEXT_SPOOL: AtomicU64 = AtomicU64::new(0);

/// The raw archive of a store.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
    threads: usize,
    stop: Stop,
}

impl Archive {
    /// Opens the archive of the store in `root`, and makes it if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made, or not be closed to others.
    pub fn open(root: &Path) -> Result<Self, ExtractError> {
        let folder = root.join("raw");
        let failed = |source| ExtractError::archive(&folder, source);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        // The folder may be older than this program, or made under another mask.
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(Self { folder, threads: 1, stop: Stop::default() })
    }

    /// The archive of the store in `root`, to be asked what it holds. Nothing is made, also where it is not there.
    pub fn look(root: &Path) -> Self {
        Self { folder: root.join("raw"), threads: 1, stop: Stop::default() }
    }

    /// Lets so many threads work on a delivery that is stored, and one more on a delivery that is read. What is stored
    /// does not depend on it, and small deliveries make no use of it.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Lets what is being stored be given up when somebody asks for it.
    #[must_use]
    pub fn with_stop(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Stores all bytes of the input, and gives their hash. What is stored already is not written again.
    ///
    /// # Errors
    /// The input cannot be read or has more than `max_bytes`, or the archive cannot be written. Nothing is left over.
    pub fn store(&self, input: &mut dyn Read, max_bytes: u64) -> Result<Stored, ExtractError> {
        let mut spool = self.begin()?;
        let mut block = vec![0; BLOCK];
        loop {
            let read = match input.read(&mut block) {
                Ok(0) => return spool.finish(),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(ExtractError::input(source)),
            };
            spool.write(&block[..read])?;
            if spool.bytes > max_bytes {
                return Err(ExtractError::TooBig { max_bytes });
            }
        }
    }

    /// The bytes of a stored delivery. At their end the hash is checked: damage is an error, at the latest of the last
    /// `read`, never a shorter or altered file.
    ///
    /// # Errors
    /// The archive does not hold the delivery, or cannot be read.
    pub fn read(&self, content: &Fingerprint) -> Result<Box<dyn Read + Send>, ExtractError> {
        let path = self.place(content);
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if path.with_extension(DISCARDED).exists() => {
                ExtractError::Discarded { content: *content }
            }
            io::ErrorKind::NotFound => ExtractError::NotArchived { content: *content },
            _ => ExtractError::archive(&path, source),
        })?;
        let small = file.metadata().map_err(|source| ExtractError::archive(&path, source))?.len() < SMALL;
        let decoder = Decoder::with_buffer(BufReader::with_capacity(BLOCK, file))
            .map_err(|source| ExtractError::archive(&path, source))?;
        let verified = Box::new(Verified { decoder, hasher: blake3::Hasher::new(), content: *content });
        if small {
            return Ok(verified);
        }
        read_ahead(verified, self.threads).map_err(ExtractError::input)
    }

    /// Waits until everything that was stored is on the disk. To be called once, before a ledger names it: a first run
    /// stores thousands of small files, and one call for the file system costs less than one for each of them.
    ///
    /// # Errors
    /// The disk does not take what was written.
    pub fn sync(&self) -> Result<(), ExtractError> {
        let failed = |source| ExtractError::archive(&self.folder, source);
        let folder = File::open(&self.folder).map_err(failed)?;
        rustix::fs::syncfs(&folder).map_err(|error| failed(error.into()))
    }

    /// Gives the bytes of a delivery up. That they were here, and that nobody lost them, is remembered. Only for whoever
    /// holds the store's lock.
    ///
    /// # Errors
    /// The archive cannot be written.
    pub fn discard(&self, content: &Fingerprint) -> Result<(), ExtractError> {
        // The mark first: whenever we are killed, the bytes are there or known to be gone.
        self.mark_discarded(content)?;
        let path = self.place(content);
        fs::remove_file(&path).map_err(|source| ExtractError::archive(&path, source))
    }

    /// Remembers of a delivery whose bytes are not here that nobody lost them.
    ///
    /// # Errors
    /// The archive cannot be written.
    pub fn mark_discarded(&self, content: &Fingerprint) -> Result<(), ExtractError> {
        let path = self.place(content).with_extension(DISCARDED);
        let shard = path.parent().unwrap_or(&self.folder);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(shard);
        let marked = made.and_then(|()| File::create(&path)).and_then(|mark| mark.sync_all());
        marked.map_err(|source| ExtractError::archive(&path, source))
    }

    /// Whether the bytes of a delivery were given up.
    pub fn is_discarded(&self, content: &Fingerprint) -> bool {
        let path = self.place(content);
        !path.is_file() && path.with_extension(DISCARDED).is_file()
    }

    /// The files of the archive: each with the delivery that it holds, or `None` for what a run has left that was killed.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn files(&self) -> Result<Vec<(PathBuf, Option<Fingerprint>)>, ExtractError> {
        let mut files = Vec::new();
        for entry in entries(&self.folder)? {
            if entry.is_dir() {
                let held = entries(&entry)?.into_iter().filter_map(|path| {
                    let name = path.file_name()?.to_str()?;
                    let content = name.strip_suffix(".zst")?.parse().ok()?;
                    Some((path, Some(content)))
                });
                files.extend(held);
            } else if entry.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(SPOOL.as_bytes())) {
                files.push((entry, None));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Whether the archive holds the delivery.
    pub fn contains(&self, content: &Fingerprint) -> bool {
        self.place(content).is_file()
    }

    /// Removes what runs that were killed left unfinished, and says how many files that were. Only for whoever holds
    /// the store's lock: what another process is writing would go as well.
    ///
    /// # Errors
    /// The folder cannot be read, or a file not be removed.
    pub fn remove_leftovers(&self) -> Result<u64, ExtractError> {
        let failed = |source| ExtractError::archive(&self.folder, source);
        let mut removed = 0;
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().as_encoded_bytes().starts_with(SPOOL.as_bytes()) {
                fs::remove_file(entry.path()).map_err(failed)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Begins a delivery whose bytes come piece by piece.
    pub(crate) fn begin(&self) -> Result<Spool, ExtractError> {
        let (path, file) = self.spool_file()?;
        let mut spool = Spool { archive: self.clone(), path, frames: None, hasher: blake3::Hasher::new(), bytes: 0 };
        let frames = Frames::new(file, self.threads).map_err(|source| ExtractError::archive(&spool.path, source))?;
        spool.frames = Some(frames);
        Ok(spool)
    }

    /// A new file beside the deliveries. A process before this one may have had the same number, so a name that is
    /// taken is passed over.
    fn spool_file(&self) -> Result<(PathBuf, File), ExtractError> {
        loop {
            let number = NEXT_SPOOL.fetch_add(1, Ordering::Relaxed);
            let path = self.folder.join(format!("{SPOOL}{}-{number}", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(ExtractError::archive(&path, source)),
            }
        }
    }

    /// Where a delivery lies, if it is held.
    pub fn place(&self, content: &Fingerprint) -> PathBuf {
        below(&self.folder, content)
    }

    /// Where the archive of the store in `root` keeps a content, whether it has it or not.
    pub fn place_of(root: &Path, content: &Fingerprint) -> PathBuf {
        below(&root.join("raw"), content)
    }

    /// Moves a finished file to its place; gives whether it was new.
    fn settle(&self, spooled: &Path, content: &Fingerprint) -> io::Result<bool> {
        let place = self.place(content);
        let shard = place.parent().unwrap_or(&self.folder);
        match DirBuilder::new().mode(0o700).create(shard) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // What stands there already has the same name and so should have the same content; but it could be what a power
        // failure left of it before a ledger knew of it. The fresh copy is certainly whole.
        let new = !place.is_file();
        fs::rename(spooled, &place)?;
        Ok(new)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, ExtractError> {
    let failed = |source| ExtractError::archive(folder, source);
    fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

/// A delivery on its way into the archive. Dropped before [`Spool::finish`], it leaves nothing.
pub(crate) struct Spool {
    archive: Archive,
    path: PathBuf,
    frames: Option<Frames>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Spool {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), ExtractError> {
        if self.archive.stop.is_asked() {
            return Err(ExtractError::Stopped);
        }
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        match &mut self.frames {
            Some(frames) => frames.write(bytes).map_err(|source| ExtractError::archive(&self.path, source)),
            None => unreachable!("a delivery is finished once, and that consumes it"),
        }
    }

    /// How many bytes were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn finish(mut self) -> Result<Stored, ExtractError> {
        let content = Fingerprint::from_bytes(*self.hasher.finalize().as_bytes());
        let new = self.put_in_place(&content).map_err(|source| ExtractError::archive(&self.path, source))?;
        Ok(Stored { content, bytes: self.bytes, new })
    }

    fn put_in_place(&mut self, content: &Fingerprint) -> io::Result<bool> {
        if let Some(frames) = self.frames.take() {
            frames.finish()?;
        }
        self.archive.settle(&self.path, content)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and a file that cannot be removed is found as a leftover later.
        drop(fs::remove_file(&self.path));
    }
}

fn below(folder: &Path, content: &Fingerprint) -> PathBuf {
    let name = content.to_string();
    folder.join(&name[..2]).join(format!("{name}.zst"))
}

/// Hashes what it decompresses, and compares at the end.
struct Verified {
    decoder: Decoder<'static, BufReader<File>>,
    hasher: blake3::Hasher,
    content: Fingerprint,
}

impl Verified {
    fn damaged(&self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, DamagedDelivery(self.content))
    }
}

impl Read for Verified {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.decoder.read(buffer) {
            Ok(read) => read,
            // What the operating system says keeps its number; everything else is the decompressor's complaint.
            Err(error) if error.kind() == io::ErrorKind::Interrupted || error.raw_os_error().is_some() => {
                return Err(error);
            }
            Err(_) => return Err(self.damaged()),
        };
        if read == 0 && !buffer.is_empty() {
            let found = Fingerprint::from_bytes(*self.hasher.finalize().as_bytes());
            return if found == self.content { Ok(0) } else { Err(self.damaged()) };
        }
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
