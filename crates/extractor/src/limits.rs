//! How large the parts of a delivery may be. They bound the memory, whatever the file.

/// The limits of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes in a cell; with more its record is rejected.
    pub cell_bytes: usize,
    /// The most bytes in a record; with more it is rejected.
    pub record_bytes: usize,
    /// The most columns of a header; more refuses the delivery.
    pub columns: usize,
    /// About how many bytes of the file a batch holds. With its cells and addresses it should stay in the cache of one
    /// core, since it is filled, and then gone through column by column.
    pub batch_bytes: usize,
}

/// Spans are 32-bit offsets, and unescaped cells come on top of the file's own bytes.
const MOST_BYTES: usize = 1 << 28;

impl Limits {
    /// The limits with which a reader works: at least one byte, at most what 32-bit offsets can address.
    pub(crate) fn clamped(self) -> Self {
        let within = |bytes: usize| bytes.clamp(1, MOST_BYTES);
        Self {
            cell_bytes: within(self.cell_bytes),
            record_bytes: within(self.record_bytes),
            columns: self.columns.clamp(1, MOST_BYTES),
            batch_bytes: within(self.batch_bytes),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { cell_bytes: 1 << 20, record_bytes: 8 << 20, columns: 4096, batch_bytes: 256 << 10 }
    }
}
