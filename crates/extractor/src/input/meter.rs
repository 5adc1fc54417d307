//! The count of what came out of a compressed file, and the refusals that all of them share.

use std::io;

use model::{Code, Refusal};

use super::InputLimits;
use crate::error::refused;

/// Counts what is unpacked.
pub(super) struct Meter {
    pub(super) limits: InputLimits,
    out: u64,
}

impl Meter {
    pub(super) fn new(limits: InputLimits) -> Self {
        Self { limits, out: 0 }
    }

    /// Counts bytes that came out after `taken` bytes of the file went in.
    pub(super) fn count(&mut self, bytes: usize, taken: u64) -> io::Result<()> {
        self.out += bytes as u64;
        let InputLimits { inflated_bytes, ratio, free_bytes, .. } = self.limits;
        if self.out > inflated_bytes {
            return Err(limit(format!("the file unpacks to more than {inflated_bytes} bytes")));
        }
        if self.out > free_bytes && self.out / ratio.max(1) > taken {
            return Err(limit(format!("the file unpacks to more than {ratio} times its size")));
        }
        Ok(())
    }
}

/// The refusal of a file beyond a limit.
pub(super) fn limit(message: String) -> io::Error {
    let refusal = Refusal::new(Code::ARCHIVE_LIMIT, message);
    refused(refusal.with_help("Look at the file; a very large delivery can come without compression"))
}

/// The refusal of a damaged file; `at` is the offset up to which it was read.
pub(super) fn damaged(what: &str, at: u64) -> io::Error {
    let message = format!("the compressed file is damaged: {what}, at byte {at}");
    refused(Refusal::new(Code::ARCHIVE_DAMAGED, message).with_help("Ask for the delivery again"))
}
