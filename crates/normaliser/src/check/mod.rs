//! Rows as sets: which unit of work they belong to, and whether their keys are unique.
//!
//! Keys are checked in three steps. [`KeyHasher`] makes one number of each row's key, on the threads that parse;
//! [`KeyCheck`] collects the numbers of a delivery and says which records share one; [`KeyJudge`] is given those few
//! rows again and compares what they hold.

mod hash;
mod judge;
mod keys;
mod partition;

pub use hash::KeyHasher;
pub use judge::{KeyFindings, KeyJudge, RowPlace};
pub use keys::{KeyCheck, KeyError, Suspects};
pub use partition::partition;

#[cfg(test)]
mod tests;
