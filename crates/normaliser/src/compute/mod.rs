//! Canonical rows to measures, measures to figures.
//!
//! The relational part (filter, group, aggregate) belongs to the engine, polars, behind [`measure`]; the scalar part
//! (a formula over a handful of exact numbers, rounded once at the end) is done here, in [`observe`]. The line between
//! them is where engines stop agreeing: no engine divides, averages or rounds in an indicator.

mod engine;
mod error;
mod expression;
mod measure;
mod observe;
mod trace;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;

use model::{Dataset, MunicipalityCode, Period};

pub use error::ComputeError;
pub use measure::{Request, measure};
pub use observe::{Member, observe};
pub use trace::{MeasureRow, MeasureRows, rows_of};

/// A file of canonical rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CanonicalFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whose rows it holds.
    pub municipality: MunicipalityCode,
    /// The period of the dataset's partition that it holds.
    pub period: Period,
}

/// What is there of a dataset.
#[derive(Debug, Clone)]
pub struct DatasetRows<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// The files, in any order.
    pub files: Vec<CanonicalFile>,
    /// The partitions that have been delivered, whether or not they have rows.
    pub delivered: BTreeSet<(MunicipalityCode, Period)>,
    /// The partitions in which a municipality uses a source for the dataset.
    pub used: BTreeSet<(MunicipalityCode, Period)>,
}
