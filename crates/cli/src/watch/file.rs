//! Files that others read while they are written: they are there whole, old or new.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use pipeline::RunError;

/// Puts a file in the place of another one, or where there was none. What a reader opens is one or the other, also
/// after a power failure.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let aside = aside(path);
    let folder = folder(path);
    let written = fs::create_dir_all(folder)
        .and_then(|()| File::create(&aside))
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&aside, path))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|source| {
        // The error that is told is the first one.
        drop(fs::remove_file(&aside));
        RunError::File { path: path.to_owned(), source }
    })
}

/// Whether a file can be written here, without touching it.
pub(crate) fn probe(path: &Path) -> Result<(), RunError> {
    let aside = aside(path);
    let made = fs::create_dir_all(folder(path)).and_then(|()| File::create(&aside));
    made.and_then(|_| fs::remove_file(&aside)).map_err(|source| RunError::File { path: path.to_owned(), source })
}

/// A name beside the file that no other process takes. It begins with a dot: collectors pass such files over.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_stays_beside_it() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("deep/latest.json");
        for text in ["first", "second"] {
            probe(&path).expect("it can be written");
            replace(&path, text.as_bytes()).expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
        assert_eq!(fs::read_dir(root.path().join("deep")).expect("a folder").count(), 1);
        let below_a_file = path.join("x");
        assert!(probe(&below_a_file).is_err() && replace(&below_a_file, b"").is_err());
    }
}
