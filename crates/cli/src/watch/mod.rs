//! What a run leaves for those who watch it, however it ends: a report, a line for a mail, metrics, lineage.
//!
//! [`carry_out`] is the frame of every command that writes the store. The work itself is the pipeline crate's; here is
//! the clock before and after it. Nothing that goes wrong here changes how the run ends: what was published is
//! published, so it is a warning.

mod file;
mod lineage;
mod metrics;
mod report;
mod summary;
#[cfg(feature = "otlp")]
pub(crate) mod telemetry;

use std::path::Path;
use std::time::Instant;

use model::Pipeline;
use pipeline::{Outcome, Progress, Project, RunError, RunOptions, RunReport, Scope, Silent};
use tracing::error_span;

use self::lineage::Lineage;
pub(crate) use self::report::{Failure, Report};
use crate::arguments::{CarryingArguments, Common, WatchArguments};
use crate::exit::Exit;
use crate::progress::{Bars, Lines};
use crate::waiting::WaitArguments;
use crate::{environment, render};

/// The folder of reports in the store, and the name of the one that was written last.
pub(crate) const REPORTS: &str = "reports";
/// The report of the last run that had the store to itself.
pub(crate) const LATEST: &str = "latest.json";

/// The commands that a schedule starts to do all that is new.
const NIGHTLY: [&str; 2] = ["run", "apply"];

/// What is to be done, for the frame around it.
pub(crate) struct Undertaking<'a> {
    /// The command, as reports name it: `run`.
    pub(crate) command: &'static str,
    /// The pipeline, if one was named.
    pub(crate) pipeline: Option<&'a str>,
    /// Threads, if a number was given.
    pub(crate) jobs: Option<u16>,
    /// How long it waits for the store.
    pub(crate) waiting: &'a WaitArguments,
    /// Where people or programs get the report besides; `None` if only here.
    pub(crate) watched: &'a WatchArguments,
}

impl<'a> Undertaking<'a> {
    /// What is to be done about a decision, or about rejected rows.
    pub(crate) fn of(command: &'static str, own: &'a CarryingArguments) -> Self {
        let pipeline = own.pipeline.as_deref();
        Self { command, pipeline, jobs: None, waiting: &own.waiting, watched: &own.watched }
    }
}

/// Who is at work, since when.
struct Watch<'a> {
    common: &'a Common,
    own: &'a WatchArguments,
    command: &'static str,
    run_id: String,
    started_at: String,
    stopwatch: Instant,
}

/// Does the work with everything around it: the project is opened, keys are loaded, log lines have the run's id, and
/// however it ends is told. `tell` writes the report of what was published to standard output.
pub(crate) fn carry_out(
    common: &Common,
    undertaking: &Undertaking<'_>,
    work: impl FnOnce(&Project, &Pipeline, &RunOptions<'_>, &dyn Progress) -> Result<RunReport, RunError>,
    tell: impl FnOnce(&Project, &Report) -> Result<(), RunError>,
) -> Result<Exit, RunError> {
    let (own, command) = (undertaking.watched, undertaking.command);
    let started_at = environment::now();
    let run_id = environment::run_id().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let span = error_span!("run", %run_id, pipeline = tracing::field::Empty);
    let _entered = span.enter();
    let watch = Watch { common, own, command, run_id, started_at, stopwatch: environment::stopwatch() };
    // What cannot be written is said before the run, not after it.
    for path in [&own.report, &own.summary, &own.metrics].into_iter().flatten() {
        file::probe(path)?;
    }
    let project = match super::command::project(common) {
        Ok(project) => project,
        Err(error) => return Ok(watch.failed(None, None, undertaking.pipeline.unwrap_or_default(), &error)),
    };
    let named = undertaking.pipeline.map(str::to_owned);
    let named = named.or_else(|| project.configuration.pipeline.as_ref().map(ToString::to_string)).unwrap_or_default();
    span.record("pipeline", named.as_str());
    let lineage = Lineage::new(&project, own.lineage.as_deref(), &watch.run_id, &named);
    if let Some(Err(error)) = lineage.as_ref().map(|lineage| lineage.started(&watch.started_at)) {
        warn(&error);
    }
    let result = project.pipeline(undertaking.pipeline).and_then(|pipeline| {
        let keys = keys(common, &project)?;
        let options = RunOptions {
            holder: environment::lock_holder(command, Some(pipeline.id.as_str()), &watch.started_at),
            patience: undertaking.waiting.patience()?,
            started_at: watch.started_at.clone(),
            now: &environment::now,
            jobs: undertaking.jobs.map_or_else(environment::processors, usize::from),
            engine_version: env!("CARGO_PKG_VERSION"),
            keys: keys.as_ref(),
            elapsed: &|| u64::try_from(watch.stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX),
            command,
            scope: Scope::all(),
            reviewed: None,
            backfill: None,
            acts: Vec::new(),
        };
        let progress: Box<dyn Progress> = match (common.quiet, environment::is_watched()) {
            (true, _) => Box::new(Silent),
            (false, true) => Box::new(Bars::default()),
            (false, false) => Box::new(Lines),
        };
        let result = work(&project, pipeline, &options, progress.as_ref());
        progress.end();
        result
    });
    match result {
        Ok(report) => Ok(watch.published(&project, lineage.as_ref(), report, tell)),
        Err(error) => Ok(watch.failed(Some(&project), lineage.as_ref(), &named, &error)),
    }
}

/// The key for pseudonyms, if the project has one; a new one is said.
fn keys(common: &Common, project: &Project) -> Result<Option<pipeline::PersonKeys>, RunError> {
    let place = environment::key_place().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let Some((keys, made)) = pipeline::load_key(&project.root, project.configuration.persons.as_ref(), &place)? else {
        return Ok(None);
    };
    if let Some(path) = made.filter(|_| !common.quiet) {
        render::note(&format!(
            "made a new key for pseudonyms: {}\nkeep a copy in a safe place: with another key the same person gets another pseudonym",
            path.display()
        ));
    }
    Ok(Some(keys))
}

impl Watch<'_> {
    /// The end of a run that published, or had nothing to publish.
    fn published(
        &self,
        project: &Project,
        lineage: Option<&Lineage>,
        report: RunReport,
        tell: impl FnOnce(&Project, &Report) -> Result<(), RunError>,
    ) -> Exit {
        let exit = Exit::of(report.outcome);
        let report = self.report(report, Some(project), None);
        if let Err(error) = tell(project, &report) {
            render::note(&format!("warning: the run was published, but its report could not be written: {error}"));
        }
        self.leave(Some(project), lineage, &report);
        // A schedule sends a mail of what is said: nothing, if nobody is needed.
        if !self.common.quiet || exit != Exit::Ok {
            render::note(&report.summary);
        }
        exit
    }

    /// The end of a run of which nothing is left.
    fn failed(&self, project: Option<&Project>, lineage: Option<&Lineage>, pipeline: &str, error: &RunError) -> Exit {
        let exit = render::error(error, self.common);
        let outcome = match exit {
            Exit::Usage => Outcome::Invalid,
            Exit::Busy => Outcome::Busy,
            Exit::Interrupted(_) => Outcome::Interrupted,
            _ => Outcome::Failed,
        };
        let without = RunReport::without_result(pipeline.to_owned(), self.started_at.clone(), outcome);
        let report = self.report(RunReport { exit_code: exit.code(), ..without }, project, Some(Failure::of(error)));
        self.leave(project, lineage, &report);
        render::note(&report.summary);
        exit
    }

    fn report(&self, report: RunReport, project: Option<&Project>, error: Option<Failure>) -> Report {
        Report::new(
            report,
            report::Frame {
                run_id: self.run_id.clone(),
                command: self.command,
                project: project.map(|project| project.root.clone()),
                ended_at: environment::now(),
                seconds: self.stopwatch.elapsed().as_secs_f64(),
                peak_memory_bytes: environment::peak_memory(),
                error,
            },
        )
    }

    /// Writes what others read. Each is tried, whatever becomes of the one before.
    fn leave(&self, project: Option<&Project>, lineage: Option<&Lineage>, report: &Report) {
        let json = match render::json(report) {
            Ok(json) => json + "\n",
            Err(error) => return warn(&error),
        };
        let mut written = Vec::new();
        written.push(self.own.report.as_deref().map_or(Ok(()), |path| file::replace(path, json.as_bytes())));
        let line = format!("{}\n", report.summary);
        written.push(self.own.summary.as_deref().map_or(Ok(()), |path| file::replace(path, line.as_bytes())));
        if let Some(project) = project.filter(|project| is_trusted(project)) {
            if project.configuration.observability.reports {
                written.push(keep(&project.store().join(REPORTS), report, json.as_bytes()));
            }
        }
        written.push(self.metrics(project, report));
        written.push(lineage.map_or(Ok(()), |lineage| lineage.ended(report)));
        #[cfg(feature = "otlp")]
        written.push(telemetry::tell(report, || metrics::families(report, standing(project, report).as_ref(), None)));
        written.iter().filter_map(|result| result.as_ref().err()).for_each(warn);
    }

    /// Writes the metrics. A run that found the store busy leaves those of the one that has it.
    fn metrics(&self, project: Option<&Project>, report: &Report) -> Result<(), RunError> {
        // Whatever else writes the store says nothing about the nights: it must not look as if one had gone well.
        let nightly = project.filter(|_| NIGHTLY.contains(&self.command));
        let settings = nightly.map(|project| (&project.root, project.configuration.observability.metrics.as_ref()));
        let settings = settings.and_then(|(root, path)| path.map(|path| root.join(path)));
        let Some(path) = self.own.metrics.clone().or(settings) else { return Ok(()) };
        if report.result.outcome == Outcome::Busy {
            return Ok(());
        }
        let standing = standing(project, report);
        let families = metrics::families(report, standing.as_ref(), metrics::before(&path).as_deref());
        file::replace(&path, metrics::text(&families).as_bytes())
    }
}

/// Where the store stands, as far as it can be asked.
fn standing(project: Option<&Project>, report: &Report) -> Option<pipeline::Standing> {
    let project = project?;
    let pipeline = project.pipeline(Some(&report.result.pipeline)).ok()?;
    pipeline::standing(project, pipeline).ok()
}

fn warn(error: &RunError) {
    render::note(&format!(
        "warning: something about the run could not be written, which changes nothing of the run: {error}"
    ));
}

/// Whether the project says where its store is. One whose `musketer.yaml` is broken may mean another folder.
fn is_trusted(project: &Project) -> bool {
    let configuration = pipeline::CONFIGURATION;
    let is_about = |found: &model::Diagnostic| found.place.as_ref().is_some_and(|place| place.file == configuration);
    // A pipeline that is not there says nothing about the store.
    let mut errors = project.diagnostics.iter().filter(|found| found.is_error());
    !errors.any(|found| is_about(found) && found.code != model::Code::UNKNOWN_REFERENCE)
}

/// Puts the report beside the store. A run that found the store busy has a report, and the latest one stays that of a
/// run that had the store.
fn keep(folder: &Path, report: &Report, json: &[u8]) -> Result<(), RunError> {
    file::replace(&folder.join(report.file_name()), json)?;
    if report.result.outcome == Outcome::Busy {
        return Ok(());
    }
    file::replace(&folder.join(LATEST), json)
}
