//! Why a run ended without a result: the world failed, or the project cannot be worked with.

use std::path::PathBuf;

use model::{Code, Diagnostic};

use crate::run::Interrupted;

/// The error of a run. Wrong data is none: it is in the report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The definitions or the configuration are wrong.
    #[error("the definitions have {} error(s)", .0.iter().filter(|d| d.is_error()).count())]
    Definitions(Vec<Diagnostic>),
    /// Something that the user asked for cannot be done as asked.
    #[error("{message}")]
    Usage {
        /// The code.
        code: Code,
        /// What is wrong.
        message: String,
        /// The way out.
        help: String,
    },
    /// Another process holds the lock.
    #[error("another process works on {}: {holder}", store.display())]
    Busy {
        /// The store.
        store: PathBuf,
        /// Who, as far as is known.
        holder: String,
    },
    /// The lock does not keep others out any more.
    #[error("`{}` was removed or replaced while the run worked; nothing of it was published", path.display())]
    LockLost {
        /// The file.
        path: PathBuf,
    },
    /// Somebody stopped it. Nothing of it is published.
    #[error("{0}")]
    Interrupted(Interrupted),
    /// A file or folder of the project.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Fetching and reading.
    #[error(transparent)]
    Extract(#[from] extractor::ExtractError),
    /// Computing.
    #[error(transparent)]
    Compute(#[from] normaliser::ComputeError),
    /// Checking keys.
    #[error(transparent)]
    Keys(#[from] normaliser::KeyError),
    /// The store.
    #[error(transparent)]
    Load(#[from] loader::LoadError),
    /// A mistake of the program.
    #[error("{0}; please report this")]
    Internal(String),
}

impl RunError {
    /// The stable code.
    pub fn code(&self) -> Code {
        use normaliser::ComputeError;
        match self {
            Self::Definitions(diagnostics) => {
                diagnostics.iter().find(|found| found.is_error()).map_or(Code::INVALID_VALUE, |found| found.code)
            }
            Self::Usage { code, .. } => *code,
            Self::Busy { .. } => Code::BUSY,
            Self::LockLost { .. } => Code::LOCK_LOST,
            Self::Interrupted(_) => Code::INTERRUPTED,
            Self::File { .. } | Self::Extract(_) | Self::Keys(_) => Code::STORE_UNAVAILABLE,
            Self::Compute(ComputeError::Overflow { .. }) => Code::FIGURE_OVERFLOW,
            Self::Compute(ComputeError::UnknownMeasure { .. } | ComputeError::Stopped) | Self::Internal(_) => {
                Code::INTERNAL
            }
            Self::Compute(_) => Code::PART_UNREADABLE,
            Self::Load(error) => error.code(),
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// Somebody wants an early end. How far the work has come is added by whoever leads it.
    pub(crate) fn stopped() -> Self {
        Self::Interrupted(Interrupted::default())
    }

    pub(crate) fn usage(code: Code, message: impl Into<String>) -> Self {
        Self::Usage { code, message: message.into(), help: code.info().remedy.to_owned() }
    }
}
