//! The file: opened once, and only if it is something that can be read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use extractor::{InputLimits, Samples, open_input};
use model::{Code, InputForm, redact};

use super::read::Stop;
use crate::RunError;

/// A file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Standard,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The input that an argument names: `-` is standard input.
    pub fn named(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Standard } else { Self::File(path.to_owned()) }
    }

    /// Its name for messages; masked.
    pub fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path) => redact(&path.display().to_string()).into_owned(),
        }
    }

    /// Opens it for reading from its beginning, unpacked and as text.
    pub(super) fn open(&self, form: &InputForm) -> Result<Box<dyn Read + Send>, Stop> {
        Ok(open_input(form, self.bytes()?, InputLimits::default(), 1)??)
    }

    fn bytes(&self) -> Result<Box<dyn Read + Send>, RunError> {
        match self {
            Self::Standard => Ok(Box::new(io::stdin())),
            Self::File(path) => Ok(Box::new(open(path)?.0)),
        }
    }

    /// The parts of it that a guess looks at.
    pub(super) fn samples(&self) -> Result<Samples, RunError> {
        let failed = |error| RunError::file(self.name())(error);
        match self {
            Self::Standard => Samples::of_stream(io::stdin().lock()).map_err(failed),
            Self::File(path) => {
                let (mut file, seekable) = open(path)?;
                if seekable { Samples::of_file(&mut file) } else { Samples::of_stream(file) }.map_err(failed)
            }
        }
    }
}

/// A folder of descriptors is how a shell hands over a pipe that somebody writes to. Any other pipe could keep us
/// waiting for ever.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// Opens a file; says too whether it can be read at any place.
fn open(path: &Path) -> Result<(File, bool), RunError> {
    let unreadable = |reason: String| RunError::Usage {
        code: Code::UNREADABLE_DELIVERY,
        message: format!("{}: {reason}", redact(&path.display().to_string())),
        help: Code::UNREADABLE_DELIVERY.info().remedy.to_owned(),
    };
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    let kind = metadata.file_type();
    let special = match () {
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() && !is_descriptor(path) => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () if kind.is_block_device() => Some("a device"),
        () if kind.is_char_device() && !is_descriptor(path) => Some("a device"),
        () => None,
    };
    if let Some(special) = special {
        return Err(RunError::Usage {
            code: Code::PATH_KIND,
            message: format!("{} is {special}", redact(&path.display().to_string())),
            help: "name a file; `-` stands for standard input".to_owned(),
        });
    }
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    Ok((file, kind.is_file()))
}
