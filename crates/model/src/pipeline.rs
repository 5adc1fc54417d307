//! Pipelines: which municipality uses which source from when to when, and where deliveries come from.

use crate::{AsDefined, Fingerprint, IndicatorId, MunicipalityCode, Period, PipelineId, SourceId, Text};

/// A request to a web API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFetch {
    /// The address; `http` only for the loopback interface.
    pub url: String,
    /// The JSON body of a POST request; a GET request if `None`.
    pub body: Option<String>,
    /// Seconds until a request that makes no progress is given up.
    pub idle_timeout_seconds: u64,
    /// Seconds until a request as a whole is given up.
    pub total_timeout_seconds: u64,
    /// How many times a request is tried.
    pub attempts: u32,
    /// The most bytes that a response may have.
    pub max_bytes: u64,
}

/// Where deliveries come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The drop folder, by the source's file name pattern.
    Drop,
    /// A web API.
    Http(HttpFetch),
}

/// The use of a source by municipalities.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The source.
    pub source: SourceId,
    /// Who uses it, sorted.
    pub municipalities: Vec<MunicipalityCode>,
    /// The first period that is owed, of the dataset's partition kind.
    pub from: Period,
    /// The last period that is owed.
    pub to: Option<Period>,
    /// Where deliveries come from.
    pub fetch: Fetch,
}

/// A resolved pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its identifier.
    pub id: PipelineId,
    /// Its title.
    pub title: Text,
    /// The drop folder, relative to the project.
    pub drop: String,
    /// Who uses what.
    pub uses: Vec<Usage>,
    /// The indicators that are published, sorted.
    pub indicators: Vec<IndicatorId>,
    /// By which versions of their definitions, each a series of its own.
    pub as_defined: Vec<AsDefined>,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}
