//! Bytes from somewhere into the raw archive, and from the archive into batches of text cells with addresses.
//!
//! It finds the structure of a file (records, cells, control records, what is to be skipped) and says where every
//! record stands. It does not decode cells, and knows neither fields nor types: that is the normaliser's work.
//!
//! Where to start: [`DropFolder`] and [`http::fetch`] bring deliveries into the [`Archive`]; [`open_input`] unpacks and
//! transcodes the bytes of one delivery, [`Reader`] takes them apart. Wrong input is a [`model::Refusal`] or a broken row; [`ExtractError`] is for the machine.

mod ahead;
mod archive;
mod error;
mod format;
mod guess;
mod input;
mod limits;
mod transport;

pub use archive::Archive;
pub use error::ExtractError;
pub use format::{ReadSummary, Reader};
pub use guess::{
    ColumnProfile, ColumnType, Confidence, DialectProfile, Finding, LayoutKind, NumberStyle, Profile, Samples,
    SignPlace, guess,
};
pub use input::{InputLimits, open_input};
pub use limits::Limits;
pub use transport::file::{DropFolder, FileStamp, FoundFile, Listing};
pub use transport::file_name::scope_of_name;
pub use transport::http;
pub use transport::post::{Message, post};

use model::Fingerprint;

/// A delivery that the archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The hash of its bytes.
    pub content: Fingerprint,
    /// How many they are.
    pub bytes: u64,
    /// Whether the archive did not hold it before.
    pub new: bool,
}
