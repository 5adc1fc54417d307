//! What goes wrong with the world (disk, archive, network client) as opposed to with the input.

use std::io;
use std::path::{Path, PathBuf};

use model::{Fingerprint, Refusal};

/// The machine failed us. Wrong input is never here: it is a [`Refusal`] or a broken row.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The raw archive cannot be read or written.
    #[error("the raw archive cannot be used at `{}`", path.display())]
    Archive {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archived delivery is no longer what was stored.
    #[error("the archived delivery {content} is damaged: its bytes are no longer those that were stored")]
    Damaged {
        /// Its hash, which is also its name.
        content: Fingerprint,
    },
    /// A delivery that the archive does not hold.
    #[error("the raw archive does not hold the delivery {content}")]
    NotArchived {
        /// Its hash.
        content: Fingerprint,
    },
    /// A delivery whose bytes were given up on purpose.
    #[error("the bytes of the delivery {content} were given up: they were older than `retention` keeps them")]
    Discarded {
        /// Its hash.
        content: Fingerprint,
    },
    /// More bytes than were allowed; nothing was stored.
    #[error("the input has more than {max_bytes} bytes")]
    TooBig {
        /// The limit.
        max_bytes: u64,
    },
    /// Somebody wants the work to end; nothing was stored.
    #[error("stopped on request")]
    Stopped,
    /// The drop folder itself cannot be read.
    #[error("the drop folder `{}` cannot be read", path.display())]
    DropFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A pattern is no regular expression, or larger than the matcher takes.
    #[error("the pattern `{pattern}` cannot be used")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// The input of a reader broke off.
    #[error("the input cannot be read")]
    Input {
        /// Why.
        source: io::Error,
    },
    /// What the input holds is refused, and that was found while its bytes were unpacked. The functions of this crate
    /// give it as a refusal; it is an error only to whoever reads an opened input by himself.
    #[error("the input is refused: {}", refusal.message)]
    Refused {
        /// Why.
        refusal: Box<Refusal>,
    },
    /// No client for web requests can be made, for example because the machine has no root certificates.
    #[error("no web client can be made: {reason}")]
    WebClient {
        /// Why.
        reason: String,
    },
}

/// Travels inside an [`io::Error`] through the `Read` of an archived delivery.
#[derive(Debug, thiserror::Error)]
#[error("the archived delivery {0} is damaged")]
pub(crate) struct DamagedDelivery(pub(crate) Fingerprint);

/// Travels inside an [`io::Error`] through the `Read` of an input that is unpacked.
#[derive(Debug, thiserror::Error)]
#[error("the input is refused: {}", .0.message)]
pub(crate) struct RefusedInput(pub(crate) Box<Refusal>);

/// A refusal for the way through a `Read`.
pub(crate) fn refused(refusal: Refusal) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, RefusedInput(Box::new(refusal)))
}

impl ExtractError {
    pub(crate) fn archive(path: &Path, source: io::Error) -> Self {
        Self::Archive { path: path.to_owned(), source }
    }

    /// A failed read. One from the archive that found damage, and one of an input that must not be read on, are told
    /// apart from a failing disk.
    pub(crate) fn input(source: io::Error) -> Self {
        let source = match source.downcast::<RefusedInput>() {
            Ok(RefusedInput(refusal)) => return Self::Refused { refusal },
            Err(source) => source,
        };
        match source.downcast::<DamagedDelivery>() {
            Ok(DamagedDelivery(content)) => Self::Damaged { content },
            Err(source) => Self::Input { source },
        }
    }
}

/// Why work on a delivery ends early: because of what it is, or because of the machine. Inside the crate both travel
/// with `?`; at its edge they part again, since a caller treats them differently.
pub(crate) enum Stop {
    Refused(Refusal),
    Failed(ExtractError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ExtractError> for Stop {
    fn from(error: ExtractError) -> Self {
        match error {
            ExtractError::Refused { refusal } => Self::Refused(*refusal),
            error => Self::Failed(error),
        }
    }
}

/// Parts the two again.
pub(crate) fn settle<T>(outcome: Result<T, Stop>) -> Result<Result<T, Refusal>, ExtractError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}
