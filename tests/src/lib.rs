//! Whole runs, and what they run on.
//!
//! Where to start: [`generate`] writes example deliveries in the layouts of the shipped sources, with known faults in
//! known places. It depends on `model` alone, so that it builds without a data engine.

pub mod generate;
