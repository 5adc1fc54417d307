//! Where rows go: standard output as they come, or a file that has its name only when it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::RunError;

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Standard,
    /// A file.
    File(PathBuf),
}

/// A file under its temporary name. Dropped without [`Pending::keep`], it is gone.
#[derive(Debug)]
pub(super) struct Pending {
    temporary: Option<PathBuf>,
    path: PathBuf,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What cannot be removed is overwritten the next time.
            fs::remove_file(temporary).unwrap_or_default();
        }
    }
}

impl Pending {
    /// Begins a file. Something that is there and no file, as `/dev/null`, is written to directly.
    pub(super) fn begin(path: &Path) -> Result<(Self, File), RunError> {
        let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let temporary = (!special).then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push(".new");
            PathBuf::from(name)
        });
        let file = File::create(temporary.as_deref().unwrap_or(path)).map_err(RunError::file(path))?;
        Ok((Self { temporary, path: path.to_owned() }, file))
    }

    /// Gives the file its name.
    pub(super) fn keep(mut self) -> Result<(), RunError> {
        match self.temporary.take() {
            Some(temporary) => fs::rename(&temporary, &self.path).map_err(RunError::file(&self.path)),
            None => Ok(()),
        }
    }
}
