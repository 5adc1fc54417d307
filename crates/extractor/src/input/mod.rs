//! From the bytes of a delivery to the text that the reader splits: compressed files are unpacked, UTF-16 and EBCDIC
//! become an encoding in which separators and line ends are ASCII.
//!
//! [`open_input`] is the way in. Everything streams: nothing is extracted to disk or held in memory as a whole, and
//! what comes out is counted against [`InputLimits`] while it is unpacked, never by what the file says of itself.
//! Damage that shows only at the end refuses the delivery then; its rows do not count before the end was reached.

mod bytes;

mod meter;
mod stream;
mod transcode;
mod zip;

use std::io::Read;

use model::{Code, Compression, FileEncoding, InputForm, Refusal};

use self::bytes::Bytes;
use self::meter::Meter;
use crate::ExtractError;
use crate::ahead::read_ahead;
use crate::error::{Stop, settle};
use crate::format::{archive_kind, binary_kind};

/// How large a compressed file may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputLimits {
    /// The most bytes of text.
    pub inflated_bytes: u64,
    /// How many times larger than the compressed bytes the text may be, beyond `free_bytes`.
    pub ratio: u64,
    /// So many bytes may come from however few.
    pub free_bytes: u64,
    /// The most members of a zip archive.
    pub members: usize,
}

impl Default for InputLimits {
    fn default() -> Self {
        Self { inflated_bytes: 16 << 30, ratio: 200, free_bytes: 64 << 20, members: 100 }
    }
}

/// How much of a file shows what it is.
const HEAD: usize = 4096;

/// Unpacks and transcodes a file. `threads` is how many may work on it: with more than one a large compressed file is
/// unpacked on a thread of its own.
///
/// What is wrong with the file and shows only later is an error of a `read`, which the [`Reader`](crate::Reader) gives
/// as a refusal.
///
/// # Errors
/// The input cannot be read. A file that has not the declared form is a refusal.
pub fn open_input(
    form: &InputForm,
    input: Box<dyn Read + Send>,
    limits: InputLimits,
    threads: usize,
) -> Result<Result<Box<dyn Read + Send>, Refusal>, ExtractError> {
    settle(open(form, input, limits, threads))
}

fn open(
    form: &InputForm,
    input: Box<dyn Read + Send>,
    limits: InputLimits,
    threads: usize,
) -> Result<Box<dyn Read + Send>, Stop> {
    let unpacked = match &form.compression {
        Compression::None => input,
        compression => unpack(compression, Bytes::new(input), limits)?,
    };
    let text = match form.encoding {
        FileEncoding::Ascii(_) => unpacked,
        encoding => transcode::open(encoding, Bytes::new(unpacked))?,
    };
    match &form.compression {
        Compression::None => Ok(text),
        _ => Ok(read_ahead(text, threads).map_err(ExtractError::input)?),
    }
}

fn unpack(compression: &Compression, mut input: Bytes, limits: InputLimits) -> Result<Box<dyn Read + Send>, Stop> {
    let head = input.peek(HEAD).map_err(ExtractError::input)?;
    // An empty file is called that, and not a damaged archive.
    if head.is_empty() {
        return Ok(Box::new(input));
    }
    if archive_kind(head) != Some(compression.label()) {
        return Err(not_compressed(compression, head).into());
    }
    let meter = Meter::new(limits);
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(stream::Gzip::new(input, meter)),
        Compression::Zstd => Box::new(stream::Zstd::new(input, meter).map_err(ExtractError::input)?),
        Compression::Zip { member } => Box::new(zip::Member::new(input, member, meter)),
    })
}

fn not_compressed(compression: &Compression, head: &[u8]) -> Refusal {
    let declared = compression.label();
    let message = match binary_kind(head) {
        Some(kind) => format!("the source declares `{declared}`, and the file is {kind}"),
        None => format!("the source declares `{declared}`, and the file is not compressed so"),
    };
    Refusal::new(Code::FILE_KIND, message)
        .with_help("Correct `compression` in the source's `delivery`, or ask for the file in that form")
}

#[cfg(test)]
mod tests;
