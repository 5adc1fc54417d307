//! The drop folder: the place where vendors and municipalities put their exports.
//!
//! Whoever may write there is not trusted with more than that: nothing is followed out of the folder, nothing is
//! opened that could block, and a file that changes while it is read is no delivery. Which files are due, and which
//! were seen before, is the pipeline's matter.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, FileType, Metadata, MetadataExt, OpenOptions};
use model::{Code, DeliveryScope, Fingerprint, Refusal, Source, redact};

use super::file_name::{Pattern, Reading};
use crate::error::{Stop, settle};
use crate::{Archive, ExtractError, Stored};

const BLOCK: usize = 128 * 1024;
/// Folders within folders that are looked into. Without links there are no loops, but there are mistakes.
const DEPTH: usize = 32;

/// A drop folder.
pub struct DropFolder {
    root: PathBuf,
    folder: Dir,
}

/// What a drop folder holds, sorted by path.
#[derive(Debug, Default)]
pub struct Listing {
    /// The deliveries, by the patterns of the sources.
    pub found: Vec<FoundFile>,
    /// What must not be read: the name, fit to be shown, and why.
    pub refused: Vec<(String, Refusal)>,
    /// Files that match no source: the name, fit to be shown.
    pub unknown: Vec<String>,
}

/// A delivery in the drop folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its path below the drop folder, with `/`. It holds no control characters.
    pub path: String,
    /// What it is about, by its name.
    pub scope: DeliveryScope,
    /// How it was when it was listed.
    pub stamp: FileStamp,
}

/// What tells a file that was seen before from one that is new, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStamp {
    /// Its size.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified_nanoseconds: i128,
    /// The number of the file in its file system.
    pub inode: u64,
}

impl FileStamp {
    fn of(metadata: &Metadata) -> Self {
        let modified_nanoseconds = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self { bytes: metadata.len(), modified_nanoseconds, inode: metadata.ino() }
    }
}

impl DropFolder {
    /// Opens a drop folder. From here on nothing outside of it can be reached.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn open(root: &Path) -> Result<Self, ExtractError> {
        let folder = Dir::open_ambient_dir(root, ambient_authority())
            .map_err(|source| ExtractError::DropFolder { path: root.to_owned(), source })?;
        Ok(Self { root: root.to_owned(), folder })
    }

    /// Lists what the folder and the folders in it hold.
    ///
    /// # Errors
    /// The drop folder itself cannot be read; a folder in it that cannot is refused.
    pub fn list(&self, sources: &[&Source]) -> Result<Listing, ExtractError> {
        let patterns = sources.iter().map(|source| Pattern::new(source)).collect::<Result<Vec<_>, _>>()?;
        let mut survey = Survey { patterns, listing: Listing::default() };
        let failed = |source| ExtractError::DropFolder { path: self.root.clone(), source };
        survey.folder(&self.folder, "", 0).map_err(failed)?;
        let mut listing = survey.listing;
        listing.found.sort_by(|left, right| left.path.cmp(&right.path));
        listing.refused.sort_by(|left, right| left.0.cmp(&right.0));
        listing.unknown.sort();
        Ok(listing)
    }

    /// Reads a file that was listed into the archive. It must be the same file, and stay as it was listed.
    ///
    /// # Errors
    /// The archive cannot be written. A file that cannot be read, or changes, is a refusal, and nothing of it is kept.
    pub fn take(&self, found: &FoundFile, archive: &Archive) -> Result<Result<Stored, Refusal>, ExtractError> {
        settle(self.take_file(found, archive))
    }

    /// The hash of a file that was listed, which is read where it lies; nothing is written. It must be the same file, and
    /// stay as it was listed.
    ///
    /// # Errors
    /// None but those of a request to end: a file that cannot be read, or changes, is a refusal.
    pub fn hash(&self, found: &FoundFile, stop: &model::Stop) -> Result<Result<Fingerprint, Refusal>, ExtractError> {
        settle(self.hash_file(found, stop))
    }

    fn hash_file(&self, found: &FoundFile, stop: &model::Stop) -> Result<Fingerprint, Stop> {
        let file = self.open_file(&found.path)?;
        let mut hasher = blake3::Hasher::new();
        self.pass_on(found, &file, &mut &file, &mut |bytes| {
            if stop.is_asked() {
                return Err(ExtractError::Stopped);
            }
            hasher.update(bytes);
            Ok(())
        })?;
        Ok(Fingerprint::from_bytes(*hasher.finalize().as_bytes()))
    }

    fn take_file(&self, found: &FoundFile, archive: &Archive) -> Result<Stored, Stop> {
        let file = self.open_file(&found.path)?;
        self.take_open(found, &file, &mut &file, archive)
    }

    /// Copies `input`, which is the open file, into the archive.
    fn take_open(
        &self,
        found: &FoundFile,
        file: &File,
        input: &mut dyn Read,
        archive: &Archive,
    ) -> Result<Stored, Stop> {
        let mut spool = archive.begin()?;
        self.pass_on(found, file, input, &mut |bytes| spool.write(bytes))?;
        Ok(spool.finish()?)
    }

    /// Hands on the bytes of `input`, which is the open file, and looks at the file before and after.
    fn pass_on(
        &self,
        found: &FoundFile,
        file: &File,
        input: &mut dyn Read,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ExtractError>,
    ) -> Result<(), Stop> {
        unchanged(found, file.metadata())?;
        let mut block = vec![0; BLOCK];
        let mut bytes = 0;
        loop {
            match input.read(&mut block) {
                Ok(0) => break,
                Ok(read) => {
                    take(&block[..read])?;
                    bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&error).into()),
            }
            // A file that grows faster than it is read would never end.
            if bytes > found.stamp.bytes {
                return Err(changed().into());
            }
        }
        // The open file may have been written to, and another may have taken its place.
        unchanged(found, file.metadata())?;
        unchanged(found, self.folder.symlink_metadata(&found.path))?;
        if bytes != found.stamp.bytes {
            return Err(changed().into());
        }
        Ok(())
    }

    /// Opens a file without following a link, and without waiting should a pipe have taken its place.
    fn open_file(&self, path: &str) -> Result<File, Refusal> {
        let metadata = self.folder.symlink_metadata(path).map_err(|error| unreadable(&error))?;
        regular(metadata.file_type())?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        let file = self.folder.open_with(path, &options).map_err(|error| unreadable(&error))?;
        regular(file.metadata().map_err(|error| unreadable(&error))?.file_type())?;
        Ok(file)
    }
}

/// A listing in the making.
struct Survey {
    patterns: Vec<Pattern>,
    listing: Listing,
}

impl Survey {
    fn folder(&mut self, folder: &Dir, path: &str, depth: usize) -> io::Result<()> {
        for entry in folder.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(name) = name.to_str().filter(|name| !name.chars().any(is_unprintable)) {
                self.entry(folder, &entry, format!("{path}{name}"), depth);
            } else {
                self.odd_name(&entry, path, &name);
            }
        }
        Ok(())
    }

    fn entry(&mut self, folder: &Dir, entry: &DirEntry, path: String, depth: usize) {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => self.enter(folder, entry, &path, depth),
            Ok(kind) => self.file(entry, kind, path),
            Err(error) => self.refuse(&path, unreadable(&error)),
        }
    }

    fn enter(&mut self, folder: &Dir, entry: &DirEntry, path: &str, depth: usize) {
        if depth >= DEPTH {
            let message = format!("the folder lies more than {DEPTH} folders deep");
            return self.refuse(path, Refusal::new(Code::PATH_KIND, message));
        }
        if self.patterns.iter().any(|pattern| pattern.matches(path)) {
            return self.refuse(path, Refusal::new(Code::PATH_KIND, "a folder has the name of a delivery"));
        }
        let entered = folder.open_dir_nofollow(entry.file_name());
        let listed = entered.and_then(|inner| self.folder(&inner, &format!("{path}/"), depth + 1));
        if let Err(error) = listed {
            self.refuse(path, unreadable(&error));
        }
    }

    fn file(&mut self, entry: &DirEntry, kind: FileType, path: String) {
        if let Err(refusal) = regular(kind) {
            return self.refuse(&path, refusal);
        }
        let mut scope = None;
        for pattern in &self.patterns {
            match (pattern.read(&path), &scope) {
                (Reading::Other, _) => {}
                (Reading::Nonsense(refusal), _) => return self.refuse(&path, refusal),
                (Reading::File(found), None) => scope = Some(found),
                (Reading::File(_), Some(first)) => {
                    let refusal = ambiguous(first, pattern);
                    return self.refuse(&path, refusal);
                }
            }
        }
        let Some(scope) = scope else { return self.listing.unknown.push(shown(&path)) };
        match entry.metadata() {
            Ok(metadata) => self.listing.found.push(FoundFile { path, scope, stamp: FileStamp::of(&metadata) }),
            Err(error) => self.refuse(&path, unreadable(&error)),
        }
    }

    /// No pattern has such a name, and it cannot be printed as it is.
    fn odd_name(&mut self, entry: &DirEntry, path: &str, name: &OsStr) {
        let shown = shown(&format!("{path}{}", escaped(name.as_encoded_bytes())));
        match entry.file_type().map(regular) {
            Ok(Err(refusal)) => self.listing.refused.push((shown, refusal)),
            _ => self.listing.unknown.push(shown),
        }
    }

    fn refuse(&mut self, path: &str, refusal: Refusal) {
        self.listing.refused.push((shown(path), refusal));
    }
}

fn ambiguous(first: &DeliveryScope, second: &Pattern) -> Refusal {
    let message = format!("the file's name fits the sources `{}` and `{}`", first.source, second.source());
    Refusal::new(Code::FILE_UNKNOWN, message).with_help("Give the sources file name patterns that tell them apart")
}

/// A plain file, and nothing that leads elsewhere or blocks.
fn regular(kind: FileType) -> Result<(), Refusal> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_symlink() {
        return Err(Refusal::new(Code::PATH_LINK, "a symbolic link stands where a file belongs")
            .with_help("Put the file itself into the drop folder"));
    }
    let what = if kind.is_dir() { "a folder" } else { "a pipe, socket or device" };
    Err(Refusal::new(Code::PATH_KIND, format!("{what} stands where a file belongs")))
}

fn unchanged(found: &FoundFile, metadata: io::Result<Metadata>) -> Result<(), Refusal> {
    let metadata = metadata.map_err(|error| unreadable(&error))?;
    if FileStamp::of(&metadata) == found.stamp { Ok(()) } else { Err(changed()) }
}

fn changed() -> Refusal {
    Refusal::new(Code::FILE_CHANGED, "the file changed while it was read")
        .with_help("Run again when the transfer has ended")
}

fn unreadable(error: &io::Error) -> Refusal {
    Refusal::new(Code::UNREADABLE_DELIVERY, format!("the file cannot be read: {error}"))
        .with_help("Check its permissions and whether it still exists")
}

/// A character that would do something to a terminal or to the order in which text is shown.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The name with everything that cannot be printed written out.
pub(crate) fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_unprintable(c) || c == '\\' {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from));
    }
    text
}

fn shown(path: &str) -> String {
    redact(path).into_owned()
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
