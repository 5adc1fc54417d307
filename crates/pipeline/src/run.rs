//! A run: what is new is taken in and read, what depends on it is computed, everything is published at once.

use std::sync::{Arc, Mutex};

use extractor::Archive;
use loader::{Act, RunStart, Store};
use model::{Indicator, Pipeline};
use normaliser::PersonKeys;

use crate::intake::{self, Intake};
use crate::ledger::Ledger;
use crate::reading::Desk;
use crate::scope::Scope;
use crate::work::Work;
use crate::{Lock, LockHolder, Project, RunError, RunReport};

/// The version of what the program means by a definition. It changes when the same bytes and definitions would give
/// other rows or figures than before, so that everything is made again.
pub(crate) const SEMANTICS: &str = "1";

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Taking files into the archive; a step is a file.
    Take,
    /// Reading deliveries; a step is a delivery.
    Read,
    /// Computing indicators; a step is an indicator.
    Compute,
}

/// Told how far a run has come.
pub trait Progress {
    /// A phase of so many steps begins, and the one before has ended.
    fn begin(&self, phase: Phase, steps: u64);
    /// So many steps are done.
    fn advance(&self, steps: u64);
    /// The last phase has ended.
    fn end(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// What the caller decides about a run.
#[derive(Clone)]
pub struct RunOptions<'a> {
    /// Who takes the lock.
    pub holder: LockHolder,
    /// The time at which the run started, RFC 3339.
    pub started_at: String,
    /// Tells the time, RFC 3339.
    pub now: &'a dyn Fn() -> String,
    /// Threads that work at the same time.
    pub jobs: usize,
    /// The version of the program.
    pub engine_version: &'a str,
    /// The keys for pseudonyms, if the project has any.
    pub keys: Option<&'a PersonKeys>,
    /// Tells how many milliseconds have passed since the start.
    pub elapsed: &'a dyn Fn() -> u64,
    /// The command, as the table of runs names it.
    pub command: &'static str,
    /// What may be touched. Where that is not everything, nothing is taken in or fetched: only what is known already is
    /// decided anew.
    pub scope: Scope,
    /// What people have decided just now. It is recorded, and carried out, by this run.
    pub acts: Vec<Act>,
}

/// Carries out a pipeline.
pub fn run(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let root = project.store();
    let _lock = Lock::take(&root, &options.holder)?;
    let mut store = Store::open(&root)?;
    let archive = Archive::open(&root.join("raw"))?.with_threads(options.jobs);
    archive.remove_leftovers()?;
    let ledger = Ledger::read(&mut store)?;
    let catalogue = &project.catalogue;
    let mut gathered = if options.scope.is_all() {
        let (seen, retracted) = (&ledger.seen, &ledger.decisions.retracted);
        intake::gather(&project.root, catalogue, pipeline, &archive, seen, retracted, options.jobs, progress)?
    } else {
        Intake::default()
    };
    gathered.arrivals.extend(intake::receipts(&options.acts, &archive)?);
    let after = ledger.latest_run;
    let mut work = Work::new(project, pipeline, options, ledger, gathered);
    if !work.has_something_to_do() {
        tracing::info!(pipeline = %pipeline.id, "nothing new");
        return Ok(work.report);
    }
    let start = RunStart {
        pipeline: pipeline.id.clone(),
        started_at: options.started_at.clone(),
        engine_version: options.engine_version.to_owned(),
        command: options.command,
        after,
    };
    let mut publication = store.begin(&start)?;
    work.report.run = Some(publication.run().0);
    work.forget_lost_parts();
    work.begin(&mut publication)?;
    let plans: Vec<Arc<Indicator>> = work.asked.iter().flat_map(|asked| &asked.plans).cloned().collect();
    let indicators = plans.iter().map(AsRef::as_ref).collect();
    let desk = Desk {
        catalogue: &project.catalogue,
        pipeline,
        archive: &archive,
        indicators,
        plans: Mutex::default(),
        store: &root,
        compression: project.configuration.canonical,
        keys: options.keys,
        threads: options.jobs,
    };
    work.read(&desk, &mut publication, progress)?;
    work.settle(&mut publication)?;
    work.compute(&mut publication, progress)?;
    archive.sync()?;
    let report = work.close(publication, ((options.now)(), (options.elapsed)()))?;
    remove_garbage(&mut store);
    Ok(report)
}

/// Parts that no unit refers to any more, and what killed runs left, are removed after the commit. What cannot be removed
/// is only garbage.
fn remove_garbage(store: &mut Store) {
    match store.remove_unreferenced_parts() {
        Ok(removed) => tracing::info!(removed, "removed parts that are no longer needed"),
        Err(error) => tracing::warn!(%error, "parts that are no longer needed could not be removed"),
    }
}
