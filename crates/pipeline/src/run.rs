//! A run: what is new is taken in and read, what depends on it is computed, everything is published at once.

use extractor::Archive;
use loader::{RunStart, Store};
use model::Pipeline;
use normaliser::PersonKeys;

use crate::intake;
use crate::ledger::Ledger;
use crate::reading::Desk;
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
pub struct RunOptions<'a> {
    /// Who takes the lock.
    pub holder: LockHolder,
    /// The time at which the run started, RFC 3339.
    pub started_at: String,
    /// Tells the time, RFC 3339.
    pub now: &'a dyn Fn() -> String,
    /// Deliveries that are read side by side.
    pub jobs: usize,
    /// The version of the program.
    pub engine_version: &'a str,
    /// The keys for pseudonyms, if the project has any.
    pub keys: Option<&'a PersonKeys>,
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
    let archive = Archive::open(&root.join("raw"))?;
    let ledger = Ledger::read(&mut store)?;
    let gathered = intake::gather(&project.root, &project.catalogue, pipeline, &archive, &ledger.seen, progress)?;
    let mut work = Work::new(project, pipeline, options, ledger, gathered);
    if !work.has_something_to_do() {
        tracing::info!(pipeline = %pipeline.id, "nothing new");
        return Ok(work.report);
    }
    let start = RunStart {
        pipeline: pipeline.id.clone(),
        started_at: options.started_at.clone(),
        engine_version: options.engine_version.to_owned(),
    };
    let mut publication = store.begin(&start)?;
    work.report.run = Some(publication.run().0);
    work.begin(&mut publication)?;
    let desk = Desk { catalogue: &project.catalogue, pipeline, archive: &archive, store: &root, keys: options.keys };
    work.read(&desk, &mut publication, options.jobs, progress)?;
    work.settle(&mut publication)?;
    work.compute(&mut publication, progress)?;
    let garbage = work.garbage();
    archive.sync()?;
    let report = work.close(publication, (options.now)())?;
    remove_parts(&root, &garbage);
    Ok(report)
}

/// Parts that no unit refers to any more are removed after the commit; one that cannot be removed is only garbage.
fn remove_parts(root: &std::path::Path, garbage: &[String]) {
    for part in garbage {
        if let Err(error) = std::fs::remove_file(root.join(part)) {
            tracing::warn!(part, %error, "a part that is no longer needed could not be removed");
        }
    }
}
