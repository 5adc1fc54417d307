//! What can go wrong between us and the disk. Every error names the file, and every one has a stable code.

use std::io;
use std::path::{Path, PathBuf};

use model::{Code, DeliveryId, TallyError};
use rusqlite::ErrorCode;

use crate::RunNumber;

/// Why something could not be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nothing has been stored yet.
    #[error("there is no store at `{}`", path.display())]
    Missing {
        /// The database that is not there.
        path: PathBuf,
    },
    /// The database cannot be used now: the disk is full, a permission is missing, or somebody holds it.
    #[error("the database `{}` cannot be used: {source}", path.display())]
    Unavailable {
        /// The database.
        path: PathBuf,
        /// What `SQLite` says.
        source: rusqlite::Error,
    },
    /// A file or folder of the store cannot be used.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The database is damaged, or no database of ours.
    #[error("`{}` is damaged, or no musketer database: {reason}", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// The database was written by a newer version of the program.
    #[error("`{}` has schema version {found}; this version knows {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The highest version that is known.
        known: i64,
    },
    /// The database is to be read only, but must be upgraded first.
    #[error("`{}` has schema version {found}; the next run upgrades it to {known}", path.display())]
    Older {
        /// The database.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The version that reading needs.
        known: i64,
    },
    /// Another run has published since this one decided what to do: it was not alone, whatever its lock says.
    #[error("`{}` has been written by another run meanwhile ({} instead of {})", path.display(), run_or_none(*latest), run_or_none(*decided))]
    Outrun {
        /// The database.
        path: PathBuf,
        /// The latest run that was known.
        decided: Option<RunNumber>,
        /// The latest run now.
        latest: Option<RunNumber>,
    },
    /// Somebody else has carried on the backfill, or has given it up.
    #[error("the backfill {backfill} in `{}` was carried on or given up meanwhile", path.display())]
    BackfillMoved {
        /// The database.
        path: PathBuf,
        /// Its number.
        backfill: i64,
    },
    /// A canonical file cannot be read back.
    #[error("the canonical file `{}` cannot be read: {reason}", path.display())]
    PartUnreadable {
        /// The file.
        path: PathBuf,
        /// How it shows.
        reason: String,
    },
    /// A Parquet file cannot be written.
    #[error("the file `{}` cannot be written: {reason}", path.display())]
    PartUnwritable {
        /// The file.
        path: PathBuf,
        /// What stood in the way.
        reason: String,
    },
    /// The counts of a delivery do not add up. A mistake of the program.
    #[error("the books of the delivery {delivery} do not balance: {source}")]
    Unbalanced {
        /// The delivery.
        delivery: DeliveryId,
        /// The counts.
        source: TallyError,
    },
    /// What was to be stored contradicts a rule of the schema. A mistake of the program.
    #[error("`{}` refuses what it was given: {source}", path.display())]
    Contradiction {
        /// The database.
        path: PathBuf,
        /// What `SQLite` says.
        source: rusqlite::Error,
    },
}

fn run_or_none(run: Option<RunNumber>) -> String {
    run.map_or("no run".to_owned(), |run| format!("run {run}"))
}

impl LoadError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            Self::Missing { .. } | Self::Unavailable { .. } | Self::File { .. } | Self::Older { .. } => {
                Code::STORE_UNAVAILABLE
            }
            Self::PartUnwritable { .. } => Code::STORE_UNAVAILABLE,
            Self::Damaged { .. } => Code::STORE_CORRUPT,
            Self::Newer { .. } => Code::STORE_NEWER,
            Self::Outrun { .. } | Self::BackfillMoved { .. } => Code::OUTRUN,
            Self::PartUnreadable { .. } => Code::PART_UNREADABLE,
            Self::Unbalanced { .. } | Self::Contradiction { .. } => Code::INTERNAL,
        }
    }

    /// Sorts an error of `SQLite` by whose fault it is: the disk's, the file's, or ours.
    pub(crate) fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Self::Damaged { path, reason: source.to_string() }
                }
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::ApiMisuse => {
                    Self::Contradiction { path, source }
                }
                // A plain error of SQL: our statement does not fit the tables, so the tables are not ours.
                ErrorCode::Unknown => Self::Damaged { path, reason: source.to_string() },
                _ => Self::Unavailable { path, source },
            },
            // Text that is no identifier, a number out of its range: nothing that this program has written.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => Self::Damaged { path, reason: source.to_string() },
            _ => Self::Contradiction { path, source },
        }
    }

    pub(crate) fn file(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::File { path: path.to_owned(), action, source }
    }
}
