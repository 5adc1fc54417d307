//! Why a run ended without a result: the world failed, or the project cannot be worked with.

use std::path::PathBuf;

use model::{Code, Diagnostic};

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
    /// Another run holds the lock.
    #[error("another run works on {}: {holder}", store.display())]
    Busy {
        /// The store.
        store: PathBuf,
        /// Who, as far as is known.
        holder: String,
    },
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
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    pub(crate) fn usage(code: Code, message: impl Into<String>) -> Self {
        Self::Usage { code, message: message.into(), help: code.info().remedy.to_owned() }
    }
}
