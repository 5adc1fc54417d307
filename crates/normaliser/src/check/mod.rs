//! Rows as sets: which unit of work they belong to, and whether their keys are unique.

mod keys;
mod partition;

pub use keys::{KeyCheck, KeyFindings, RowPlace};
pub use partition::partition;

#[cfg(test)]
mod tests;
