//! Canonical rows to measures, measures to figures.
//!
//! The relational part (filter, group, aggregate) belongs to the engine, polars, behind [`measure`], but for what was
//! added up while the rows were parsed, [`PartialPlan`]; the scalar part
//! (a formula over a handful of exact numbers, rounded once at the end) is done here, in [`observe`]. The line between
//! them is where engines stop agreeing: no engine divides, averages or rounds in an indicator.

mod carry;
mod category;
mod engine;
mod error;
mod expression;
mod general;
mod lookup;
mod measure;
mod observe;
mod partial;
mod price;
mod sharing;
mod trace;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use model::{Dataset, MunicipalityCode, Period};

pub use carry::Carriage;
pub use error::ComputeError;
pub use measure::{Request, measure};
pub use observe::{Member, observe, observe_carried};
pub use partial::{PartialHand, PartialPlan, Partials};
pub use price::index_values;
pub use trace::{MeasureRow, MeasureRows, rows_of};

/// The value of a measure before it is divided, and how many rows it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `None` where there is none: the smallest of nothing.
    value: Option<i128>,
    divisor: i64,
    rows: u64,
}

impl Default for Answer {
    fn default() -> Self {
        Self { value: None, divisor: 1, rows: 0 }
    }
}

/// A file of canonical rows.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whose rows it holds.
    pub municipality: MunicipalityCode,
    /// The period of the dataset's partition that it holds.
    pub period: Period,
    /// What was added up of its rows when they were read, if they were read just now. It must be of exactly these
    /// rows: where it says nothing about the municipality and period, the file is opened.
    pub partials: Option<Arc<Partials>>,
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
