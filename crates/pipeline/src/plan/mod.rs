//! What a run would do, and why: read off the decisions that a run carries out, never decided a second time.
//!
//! Start at [`Plan::of`]. What is decided stands in `decided`, why in `cause`, how much it is in `size`; `reviewed`
//! compares a plan that somebody has looked at with that of the moment.

mod cause;
mod decided;
mod reviewed;
mod size;

use std::collections::{BTreeMap, BTreeSet};

use loader::{DefinitionKey, DefinitionText, Description, Reading, Receipt};
use model::{Fetch, Fingerprint, FingerprintBuilder};
use serde::{Deserialize, Serialize};

pub use self::cause::{Cause, DefinitionChange};
pub use self::decided::{Action, PlannedDelivery, PlannedIndicator, PlannedSeries};
pub use self::reviewed::Reviewed;
pub use self::size::Amount;
use crate::run::SEMANTICS;
use crate::work::Work;
use crate::{Project, RefusalReport, RunError, RunOptions};

/// The version of the layout of plans. A plan of another one is not carried out.
const SCHEMA_VERSION: u32 = 1;
/// Runs that tell how long the next one takes.
const RUNS: u32 = 20;

/// What earlier runs tell about the next one; no decision depends on it.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The texts of definitions that the latest whole run used.
    pub(crate) definitions: BTreeMap<DefinitionKey, Fingerprint>,
    /// The latest runs, newest first.
    pub(crate) runs: Vec<Receipt>,
}

impl Past {
    pub(crate) fn read(reading: &Reading<'_>) -> Result<Self, RunError> {
        Ok(Self { definitions: reading.used_definitions()?, runs: reading.runs(RUNS)? })
    }
}

/// What a plan was made of. Where one of these is another, so may be the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanState {
    /// The version of the program.
    pub engine_version: String,
    /// The version of what the program means by definitions.
    pub semantics: String,
    /// The store's folder.
    pub store: String,
    /// The latest run, if there was one.
    pub latest_run: Option<i64>,
    /// Hash of all definitions, texts included.
    pub definitions: String,
    /// Hash of the names and contents of the files that are new.
    pub files: String,
}

/// A web API that a run asks. What it will answer is not known.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedRequest {
    /// The source.
    pub source: String,
    /// The address.
    pub url: String,
}

/// A delivery that was read, and is beyond the budget of its source from then on.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedWithheld {
    /// Its identifier.
    pub delivery: String,
    /// Its name.
    pub name: String,
    /// The source.
    pub source: String,
    /// Beyond what it is, and the way out.
    pub refusal: RefusalReport,
}

/// What a run would do now, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// The version of the layout.
    pub schema_version: u32,
    /// Hash of what it was made of and what is to be done. `apply` does that, or nothing.
    pub fingerprint: String,
    /// The pipeline.
    pub pipeline: String,
    /// The project's folder.
    pub project: String,
    /// The machine on which it was made.
    pub host: String,
    /// What it was made of.
    pub state: PlanState,
    /// Whether there is something to do, apart from what web APIs may answer.
    pub pending: bool,
    /// The deliveries that a run would read, refuse or pass over.
    pub deliveries: Vec<PlannedDelivery>,
    /// The web APIs that it would ask.
    pub requests: Vec<PlannedRequest>,
    /// Definitions that are others than those of the latest run.
    pub definitions: Vec<DefinitionChange>,
    /// The series that would be computed, described anew or withdrawn.
    pub indicators: Vec<PlannedIndicator>,
    /// Files that are known by their content and have another stamp than before.
    pub files_touched: u64,
    /// Deliveries in whose place another one holds from then on.
    pub deliveries_superseded: u64,
    /// Deliveries that are withheld from then on, as far as is known before deliveries are read.
    pub withheld: Vec<PlannedWithheld>,
    /// Units that nobody holds from then on, as far as is known before deliveries are read.
    pub units_removed: u64,
    /// Files in the drop folder that match no source.
    pub unknown_files: Vec<String>,
    /// Deliveries that would be read.
    pub deliveries_read: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: Amount,
    /// The units that they cover.
    pub units: Amount,
    /// How long it takes, by what earlier runs took; `None` if there is nothing to compare with.
    pub estimated_milliseconds: Option<u64>,
}

impl Plan {
    /// What the run does whose work this is.
    pub(crate) fn of(work: &Work<'_>, project: &Project, options: &RunOptions<'_>, past: &Past) -> Self {
        let pending = work.has_something_to_do();
        let standing = work.standing();
        let jobs = work.jobs_of(&standing, &BTreeSet::new());
        let deliveries = decided::deliveries(work, &jobs, options, past);
        let indicators = decided::indicators(work, (&jobs, &standing), past);
        let read: Vec<&PlannedDelivery> = deliveries.iter().filter(|one| one.action.is_read()).collect();
        let bytes = read.iter().map(|one| one.bytes).sum();
        let rows = Amount::of(read.iter().map(|one| (one.rows, one.rows_estimated)));
        let units = Amount::of(read.iter().map(|one| (one.units, one.units_estimated)));
        let fetches = work.pipeline.uses.iter().filter(|_| work.scope.is_all());
        let requests = fetches.filter_map(|usage| match &usage.fetch {
            Fetch::Http(request) => Some(PlannedRequest { source: usage.source.to_string(), url: request.url.clone() }),
            Fetch::Drop => None,
        });
        let absolute = |path: std::path::PathBuf| std::path::absolute(&path).unwrap_or(path).display().to_string();
        let touched = work.seen.iter().filter(|file| work.ledger.records.contains_key(&file.delivery)).count();
        let mut plan = Self {
            schema_version: SCHEMA_VERSION,
            fingerprint: String::new(),
            pipeline: work.pipeline.id.to_string(),
            project: absolute(project.root.canonicalize().unwrap_or_else(|_| project.root.clone())),
            host: options.holder.host.clone(),
            state: state(work, project, options),
            pending,
            requests: requests.collect(),
            definitions: if pending { past.changed_definitions(work.catalogue) } else { Vec::new() },
            files_touched: touched as u64,
            deliveries_superseded: standing.superseded.iter().filter(|id| work.is_ours(id)).count() as u64,
            withheld: work
                .withheld_anew()
                .map(|(delivery, refusal)| PlannedWithheld {
                    delivery: delivery.id.to_string(),
                    name: delivery.name.clone(),
                    source: delivery.scope.source.to_string(),
                    refusal: refusal.into(),
                })
                .collect(),
            units_removed: standing.misplaced.len() as u64,
            unknown_files: work.report.unknown_files.clone(),
            deliveries_read: read.len() as u64,
            bytes,
            rows,
            units,
            estimated_milliseconds: past.milliseconds(pending, bytes),
            deliveries,
            indicators,
        };
        plan.fingerprint = plan.decision().to_string();
        plan
    }

    /// The hash of what is to be done, and of what it follows from. Estimates and reasons are no part of it.
    fn decision(&self) -> Fingerprint {
        let mut builder = FingerprintBuilder::new();
        let PlanState { engine_version, semantics, store, latest_run, definitions, files } = &self.state;
        let latest = latest_run.map(|run| run.to_string()).unwrap_or_default();
        for part in [&self.pipeline, engine_version, semantics, store, &latest, definitions, files] {
            builder.add(part);
        }
        builder.add(self.pending.to_string());
        for one in &self.deliveries {
            builder.add(one.action.as_str()).add(&one.delivery).add(&one.name);
        }
        for one in &self.indicators {
            builder.add(one.action.as_str()).add(&one.series).add(one.texts.to_string());
        }
        for one in &self.withheld {
            builder.add(&one.delivery).add(&one.refusal.message);
        }
        for number in [self.files_touched, self.deliveries_superseded, self.units_removed] {
            builder.add(number.to_string());
        }
        builder.finish()
    }
}

fn state(work: &Work<'_>, project: &Project, options: &RunOptions<'_>) -> PlanState {
    let store = project.store();
    let store = store.canonicalize().or_else(|_| std::path::absolute(&store)).unwrap_or(store);
    let mut definitions = FingerprintBuilder::new();
    for DefinitionText { kind, id, version, fingerprint, .. } in DefinitionText::all_of(work.catalogue) {
        definitions.add(kind.as_str()).add(id).add(version.to_string()).add(fingerprint.to_string());
    }
    for indicator in work.catalogue.all_versions() {
        let is_current =
            work.catalogue.indicators.get(&indicator.id).is_some_and(|one| one.version == indicator.version);
        definitions.add(Description::of(indicator, is_current).text());
    }
    let mut files = FingerprintBuilder::new();
    for file in &work.seen {
        files.add(&file.path).add(file.content.to_string());
    }
    PlanState {
        engine_version: options.engine_version.to_owned(),
        semantics: SEMANTICS.to_owned(),
        store: store.display().to_string(),
        latest_run: work.ledger.latest_run.map(|run| run.0),
        definitions: definitions.finish().to_string(),
        files: files.finish().to_string(),
    }
}
