//! The casters without the data engine: their sources are taken in by path, so that the crate's other half, which is
//! minutes of building, is not.

#[path = "../../crates/normaliser/src/harmonise/mod.rs"]
mod harmonise;

pub use harmonise::{Harmoniser, PersonKeys};
