//! Why figures could not be made. Missing data is no error: it has a status.

use std::path::PathBuf;

use model::{Area, DatasetId, FieldName, IndicatorId, Period};

/// Why figures could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// A figure does not fit the exact arithmetic. Nothing is rounded or wrapped instead.
    #[error("`{indicator}` of {} {area} in {period} does not fit the exact arithmetic", area.level())]
    Overflow {
        /// The indicator.
        indicator: IndicatorId,
        /// The area.
        area: Area,
        /// The period.
        period: Period,
    },
    /// A canonical file cannot be opened.
    #[error("the canonical file `{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The engine could not carry out the plan of a measure: a file is damaged, or is no canonical file of the dataset.
    #[error("the measures of `{dataset}` cannot be computed: {message}")]
    Engine {
        /// The dataset.
        dataset: DatasetId,
        /// What the engine says.
        message: String,
    },
    /// Somebody wants the work to end.
    #[error("stopped on request")]
    Stopped,
    /// The engine could not find the rows of a measure.
    #[error("the rows of the measure cannot be read: {message}")]
    Unanswered {
        /// What the engine says.
        message: String,
    },
    /// A canonical file has rows of another municipality or period than its place says.
    #[error("the canonical files of `{dataset}` hold rows of {found}, which belong elsewhere")]
    Misplaced {
        /// The dataset.
        dataset: DatasetId,
        /// The municipality and period that were found.
        found: String,
    },
    /// A measure is given that the indicator does not have.
    #[error("`{indicator}` has no measure `{measure}`")]
    UnknownMeasure {
        /// The indicator.
        indicator: IndicatorId,
        /// The measure.
        measure: FieldName,
    },
}
