//! A run: what is new is taken in and read, what depends on it is computed, everything is published at once.

use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex};

use extractor::Archive;
use loader::{Act, BackfillStep, LoadError, RunStart, Store};
use model::{Indicator, Period, Pipeline};
use normaliser::PersonKeys;

use crate::intake::{self, Gatherer, Intake};
use crate::ledger::Ledger;
use crate::plan::{Past, Plan, Reviewed};
use crate::reading::Desk;
use crate::scope::Scope;
use crate::work::Work;
use crate::{LeftBehind, Lock, LockHolder, Patience, Project, RunError, RunReport, UnreleasedReport};

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
    /// A step of a backfill begins.
    fn step(&self, _: &StepBegins) {}
}

/// A step of a backfill that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepBegins {
    /// Its number, from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
    /// What it is about: a period, or deliveries that state none.
    pub period: Option<Period>,
    /// Milliseconds since the first step of this process began.
    pub elapsed: u64,
    /// Milliseconds that are left, if as much time is needed for the rest; unknown before the first step has ended.
    pub left: Option<u64>,
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Phase, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// How far a run had come when it was stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Interrupted {
    /// What it was doing; `None` if it had not begun yet.
    pub phase: Option<Phase>,
    /// Steps of the phase that were done.
    pub done: u64,
    /// All steps of the phase.
    pub steps: u64,
    /// Of a backfill: how many of its steps are done, and how many it has.
    pub backfill: Option<(u64, u64)>,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { phase, done, steps, backfill } = self;
        match phase {
            None if backfill.is_none() => {
                return write!(f, "interrupted before anything was begun; the store is as it was");
            }
            None => write!(f, "interrupted before the step was begun")?,
            Some(Phase::Take) => write!(f, "interrupted when {done} of {steps} files had been taken in")?,
            Some(Phase::Read) => write!(f, "interrupted when {done} of {steps} deliveries had been read")?,
            Some(Phase::Compute) => write!(f, "interrupted when {done} of {steps} indicators had been computed")?,
        }
        match backfill {
            None => write!(f, "; the whole run was rolled back, the figures are those from before"),
            Some((done, steps)) => write!(
                f,
                "; the step in hand was rolled back, {done} of {steps} steps of the backfill are done and stay; the same \
                 command with `--resume` does the others"
            ),
        }
    }
}

/// Hears what is told of the progress, for the case that the run is stopped.
struct Listener<'a> {
    progress: &'a dyn Progress,
    heard: Cell<Interrupted>,
}

impl Progress for Listener<'_> {
    fn begin(&self, phase: Phase, steps: u64) {
        self.heard.set(Interrupted { phase: Some(phase), done: 0, steps, backfill: None });
        self.progress.begin(phase, steps);
    }

    fn advance(&self, steps: u64) {
        let heard = self.heard.get();
        self.heard.set(Interrupted { done: heard.done + steps, ..heard });
        self.progress.advance(steps);
    }

    fn end(&self) {
        self.progress.end();
    }
}

/// What the caller decides about a run.
#[derive(Clone)]
pub struct RunOptions<'a> {
    /// Who takes the lock.
    pub holder: LockHolder,
    /// How long it waits for the lock, and who may end the run early.
    pub patience: Patience,
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
    /// What may be touched. Where that is not everything, no web API is asked, and definitions that have changed are
    /// carried out for what is touched alone.
    pub scope: Scope,
    /// The plan that is to be carried out, and no other, if somebody has reviewed one.
    pub reviewed: Option<Reviewed>,
    /// The step of a backfill that it is.
    pub backfill: Option<BackfillStep>,
    /// What people have decided just now. It is recorded, and carried out, by this run.
    pub acts: Vec<Act>,
}

/// Carries out a pipeline. Whoever stops it gets [`RunError::Interrupted`], and the store is as it was.
pub fn run(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let stop = &options.patience.stop;
    let listener = Listener { progress, heard: Cell::default() };
    let ended = Lock::take(&project.store(), &options.holder, &options.patience)
        .and_then(|mut lock| run_locked(project, pipeline, options, &mut lock, &listener));
    match ended {
        // Whatever came of being stopped, and wherever: it was rolled back.
        Err(_) if stop.is_asked() => Err(RunError::Interrupted(listener.heard.get())),
        ended => ended,
    }
}

fn run_locked(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    lock: &mut Lock,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let root = project.store();
    let stop = &options.patience.stop;
    let mut store = Store::open(&root)?;
    if let Some(upgraded) = store.upgraded() {
        let loader::Upgraded { from, to, copy } = upgraded;
        tracing::warn!(
            "the database was upgraded from schema {from} to {to}; as it was, it lies in {}",
            copy.display()
        );
    }
    let unreleased = look_back(&mut store, lock)?;
    let archive = Archive::open(&root.join("raw"))?.with_threads(options.jobs).with_stop(stop.clone());
    archive.remove_leftovers()?;
    let ledger = Ledger::read(&store.read()?)?;
    let gatherer = Gatherer {
        root: &project.root,
        catalogue: &project.catalogue,
        pipeline,
        archive: &archive,
        seen: &ledger.seen,
        retracted: &ledger.decisions.retracted,
        scope: &options.scope,
        threads: options.jobs,
        only_look: false,
        stop,
        progress,
    };
    let mut gathered = if options.scope.takes_in() { gatherer.files()? } else { Intake::default() };
    if let Some(reviewed) = &options.reviewed {
        let decided = Work::new(project, pipeline, options, ledger.clone(), gathered.clone());
        reviewed.assert_unmoved(&Plan::of(&decided, project, options, &Past::default()))?;
    }
    if options.scope.is_all() {
        gatherer.ask(&mut gathered)?;
    }
    gathered.arrivals.extend(intake::receipts(&options.acts, &archive)?);
    let mut work = Work::new(project, pipeline, options, ledger, gathered);
    work.report.unreleased = unreleased;
    if !work.has_something_to_do() {
        tracing::info!(pipeline = %pipeline.id, "nothing new");
        if let Some(step) = options.backfill {
            store.pass_backfill_step(step, &(options.now)())?;
        }
        if *lock.left_behind() != LeftBehind::Nothing {
            remove_garbage(&mut store, lock);
        }
        return Ok(work.report);
    }
    let published = publish(project, options, &archive, &mut store, lock, work, progress);
    // Parts that no unit refers to any more, or that were written in vain, are only garbage. Where another process may
    // be at work, they could be its.
    if lock.is_held() {
        remove_garbage(&mut store, lock);
    }
    published
}

/// What a run would do now, and why. Nothing is written, and nobody is kept from working: files are hashed where they
/// lie, web APIs are not asked.
pub fn plan(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
) -> Result<Plan, RunError> {
    look(project, pipeline, options, progress, |work, past| Plan::of(work, project, options, past))
}

/// Lets somebody look at the work that a run would do now.
pub(crate) fn look<T>(
    project: &Project,
    pipeline: &Pipeline,
    options: &RunOptions<'_>,
    progress: &dyn Progress,
    see: impl FnOnce(&Work<'_>, &Past) -> T,
) -> Result<T, RunError> {
    let root = project.store();
    let (ledger, past) = match Store::open_read_only(&root) {
        Ok(mut store) => {
            let reading = store.read()?;
            (Ledger::read(&reading)?, Past::read(&reading)?)
        }
        Err(LoadError::Missing { .. }) => (Ledger::default(), Past::default()),
        Err(error) => return Err(error.into()),
    };
    let gatherer = Gatherer {
        root: &project.root,
        catalogue: &project.catalogue,
        pipeline,
        archive: &Archive::look(&root.join("raw")),
        seen: &ledger.seen,
        retracted: &ledger.decisions.retracted,
        scope: &options.scope,
        threads: options.jobs,
        only_look: true,
        stop: &options.patience.stop,
        progress,
    };
    let gathered = if options.scope.takes_in() { gatherer.files()? } else { Intake::default() };
    progress.end();
    Ok(see(&Work::new(project, pipeline, options, ledger, gathered), &past))
}

/// The part of a run that is one transaction.
fn publish(
    project: &Project,
    options: &RunOptions<'_>,
    archive: &Archive,
    store: &mut Store,
    lock: &Lock,
    mut work: Work<'_>,
    progress: &dyn Progress,
) -> Result<RunReport, RunError> {
    let root = project.store();
    let pipeline = work.pipeline;
    let stop = &options.patience.stop;
    let start = RunStart {
        pipeline: pipeline.id.clone(),
        started_at: options.started_at.clone(),
        engine_version: options.engine_version.to_owned(),
        command: options.command,
        after: work.ledger.latest_run,
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
        archive,
        indicators,
        plans: Mutex::default(),
        store: &root,
        compression: project.configuration.canonical,
        keys: options.keys,
        threads: options.jobs,
        stop: stop.clone(),
    };
    work.read(&desk, &mut publication, progress)?;
    work.settle(&mut publication)?;
    work.compute(&mut publication, progress)?;
    if let Some(step) = options.backfill {
        publication.pass_backfill_step(step, &(options.now)())?;
    }
    archive.sync()?;
    if stop.is_asked() {
        return Err(RunError::stopped());
    }
    // Should somebody have removed the lock's file, another run may have removed what this one is about to name.
    lock.assert_held()?;
    work.close(publication, ((options.now)(), (options.elapsed)()))
}

/// What became of the holder before, if it did not release the store; and notes for the next one what this one finds.
pub(crate) fn look_back(store: &mut Store, lock: &mut Lock) -> Result<Option<UnreleasedReport>, RunError> {
    let latest = store.read()?.runs(1)?.first().map_or(0, |receipt| receipt.run.0);
    let report = match lock.left_behind() {
        LeftBehind::Nothing | LeftBehind::Garbage => None,
        LeftBehind::Unreleased { holder, last_run } => {
            // Who has not come to note the last run has not come to publish one either.
            let published = last_run.map_or(Vec::new(), |before| (before + 1..=latest).collect());
            Some(UnreleasedReport { holder: holder.clone(), published })
        }
    };
    if let Some(report) = &report {
        tracing::warn!("{report}");
    }
    lock.note_last_run(latest)?;
    Ok(report)
}

/// Removes parts that no unit refers to any more, and what killed runs left. What cannot be removed now is left to the
/// next one.
fn remove_garbage(store: &mut Store, lock: &mut Lock) {
    let removed = store.remove_unreferenced_parts();
    lock.leave_garbage(removed.is_err());
    match removed {
        Ok(removed) => tracing::info!(removed, "removed parts that are no longer needed"),
        Err(error) => tracing::warn!(%error, "parts that are no longer needed could not be removed"),
    }
}
