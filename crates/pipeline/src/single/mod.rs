//! One file by itself: what it seems to be, its first rows, and all of it as plain CSV, JSON lines or Parquet.
//!
//! Nothing here touches the store. A file is read as a source definition sees it, or by a dialect that the caller
//! states, and then every column is text. The rules are those of a run: every record is loaded, rejected with its place
//! and reason, or skipped by a named rule, and the counts balance. What a run compares beyond one row (keys, uses of
//! the pipeline, earlier deliveries) is left out.
//!
//! Where to start: [`read`] and [`preview`] take a [`Reading`]; [`guess`] needs nothing but the file, and [`definition`]
//! makes the beginning of a source definition of what it found.

mod csv;
mod definition;
mod dialect;
mod input;
mod json;
mod output;
mod parquet;
mod preview;
mod read;
mod report;
mod scope;
mod text;
mod value;

pub use self::definition::{Wish, definition};
pub use self::dialect::Dialect;
pub use self::input::Input;
pub use self::output::Output;
pub use self::preview::{Preview, PreviewReject, PreviewRow, preview};
pub use self::read::{Ended, Reading, SourceReading, Target, read};
pub use self::report::{ReadReport, ReportFile};
pub(crate) use self::value::cell_text;

use crate::RunError;

/// Finds out what a file seems to be, by a few MiB of it.
pub fn guess(input: &Input) -> Result<extractor::Profile, RunError> {
    Ok(extractor::guess(&input.samples()?))
}
