//! Deliveries, from the archive to canonical rows on disk: several side by side, and several threads on a large one.
//!
//! Nothing that happens here is visible to anybody: the parts lie under names that no ledger refers to yet.
//!
//! `crew` deals out the work; `delivery` is one delivery while it is read, `parts` its rows on the way to disk, `keys`
//! the question whether they are unique.

mod crew;
mod delivery;
mod keys;
mod parts;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use extractor::Archive;
use loader::CanonicalPart;
use model::{
    Catalogue, Dataset, DatasetId, Delivery, DeliveryId, Fingerprint, Indicator, Notice, PageCompression, Pipeline,
    RecordSchema, Refusal, RejectedRow, RowTally, Source, Stop, WorkUnit,
};
use normaliser::{PartialPlan, Partials, PersonKeys};

use crate::RunError;

pub(crate) use crew::read_all;

/// A delivery that is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) delivery: Delivery,
    pub(crate) source: Arc<Source>,
    pub(crate) dataset: Arc<Dataset>,
    /// The fingerprint of all definitions that decide how it is read.
    pub(crate) fingerprint: Fingerprint,
}

impl Job {
    /// What log lines belong to that are about this delivery. It is a span of the highest level, so that whatever is
    /// logged says what it is about.
    pub(crate) fn span(&self) -> tracing::Span {
        let scope = &self.delivery.scope;
        tracing::error_span!(
            "delivery",
            delivery = %self.delivery.id,
            source = %scope.source,
            municipality = scope.municipality.map(tracing::field::display),
            period = scope.period.map(tracing::field::display),
        )
    }
}

/// A delivery that was read.
#[derive(Debug)]
pub(crate) struct ReadDelivery {
    pub(crate) tally: RowTally,
    pub(crate) notices: Vec<Notice>,
    /// The units that it covers, each with its canonical rows if it has any.
    pub(crate) units: BTreeMap<WorkUnit, Option<CanonicalPart>>,
    /// What was aggregated of its rows while they were read; nothing for units that lost rows afterwards, and none for
    /// receipts.
    pub(crate) partials: Option<Arc<Partials>>,
}

/// What a worker tells while it reads.
#[derive(Debug)]
pub(crate) enum Told {
    /// Some rows of the delivery were rejected.
    Rejected(DeliveryId, Vec<RejectedRow>),
    /// The job with this number has ended.
    Ended(usize, Result<Result<ReadDelivery, Refusal>, RunError>),
}

/// What every job needs.
pub(crate) struct Desk<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) archive: &'a Archive,
    pub(crate) pipeline: &'a Pipeline,
    /// The indicators of the pipeline, whose measures are aggregated while the rows pass.
    pub(crate) indicators: Vec<&'a Indicator>,
    /// The plans of the datasets met so far.
    pub(crate) plans: Mutex<BTreeMap<DatasetId, Arc<PartialPlan>>>,
    pub(crate) store: &'a Path,
    /// Of canonical tables.
    pub(crate) compression: PageCompression,
    pub(crate) keys: Option<&'a PersonKeys>,
    /// Threads that read at the same time.
    pub(crate) threads: usize,
    /// Asked before each batch.
    pub(crate) stop: Stop,
}

impl Desk<'_> {
    /// What is aggregated of the rows of a dataset: compiled once, since code lists are long and deliveries many.
    fn plan(&self, dataset: &Dataset, schema: &RecordSchema) -> Arc<PartialPlan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let compile = || Arc::new(PartialPlan::new(dataset, schema, &self.indicators));
        Arc::clone(plans.entry(dataset.id.clone()).or_insert_with(compile))
    }
}
