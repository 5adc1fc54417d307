//! `musketer run`: take in what is new, compute what depends on it, publish it.

use std::fs;
use std::path::Path;

use model::Pipeline;
use pipeline::{Act, Progress, Project, RunError, RunOptions, RunReport, Scope, Silent};
use serde::Serialize;

use crate::arguments::{Common, Format, RunArguments};
use crate::exit::Exit;
use crate::progress::Bars;
use crate::{environment, render};

/// The report of a run with what it cost.
#[derive(Debug, Serialize)]
pub(crate) struct Costed {
    #[serde(flatten)]
    pub(crate) report: RunReport,
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// The most memory that the run held, in bytes.
    pub(crate) peak_memory_bytes: Option<u64>,
}

/// What a run is to do, and how it tells about it.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// The command, as the table of runs names it.
    pub(crate) command: &'static str,
    pub(crate) scope: Scope,
    pub(crate) acts: Vec<Act>,
    pub(crate) jobs: Option<u16>,
    pub(crate) format: Format,
    /// Where the report is written; standard output if not given.
    pub(crate) output: Option<&'a Path>,
}

pub(crate) fn run(common: &Common, own: &RunArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let pipeline = project.pipeline(own.pipeline.as_deref())?;
    let order = Order {
        command: "run",
        scope: Scope::all(),
        acts: Vec::new(),
        jobs: own.jobs,
        format: own.format,
        output: own.output.as_deref(),
    };
    carry_out(common, &project, pipeline, order)
}

/// Carries out a pipeline as the order says, and reports.
pub(crate) fn carry_out(
    common: &Common,
    project: &Project,
    pipeline: &Pipeline,
    order: Order<'_>,
) -> Result<Exit, RunError> {
    let place = environment::key_place().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let key = pipeline::load_key(&project.root, project.configuration.persons.as_ref(), &place)?;
    let (keys, made) = match key {
        Some((keys, made)) => (Some(keys), made),
        None => (None, None),
    };
    if let Some(path) = made.filter(|_| !common.quiet) {
        render::note(&format!(
            "made a new key for pseudonyms: {}\nkeep a copy in a safe place: with another key the same person gets another pseudonym",
            path.display()
        ));
    }
    // What cannot be written is said before the run, not after it.
    if let Some(path) = order.output {
        fs::write(path, "").map_err(|source| RunError::File { path: path.to_owned(), source })?;
    }
    let stopwatch = environment::stopwatch();
    let started_at = environment::now();
    let options = RunOptions {
        holder: environment::lock_holder(&started_at),
        started_at,
        now: &environment::now,
        jobs: order.jobs.map_or_else(environment::processors, usize::from),
        engine_version: env!("CARGO_PKG_VERSION"),
        keys: keys.as_ref(),
        elapsed: &|| u64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX),
        command: order.command,
        scope: order.scope,
        acts: order.acts,
    };
    let progress: Box<dyn Progress> =
        if environment::is_watched() && !common.quiet { Box::new(Bars::default()) } else { Box::new(Silent) };
    let result = pipeline::run(project, pipeline, &options, progress.as_ref());
    progress.end();
    let report = Costed {
        report: result?,
        seconds: stopwatch.elapsed().as_secs_f64(),
        peak_memory_bytes: environment::peak_memory(),
    };
    // From here on the figures are published: whatever goes wrong with the report does not undo that.
    if let Err(error) = tell(common, order.format, order.output, project, &report) {
        render::note(&format!("warning: the run was published, but its report could not be written: {error}"));
    }
    Ok(Exit::of(report.report.outcome))
}

fn tell(
    common: &Common,
    format: Format,
    output: Option<&Path>,
    project: &Project,
    report: &Costed,
) -> Result<(), RunError> {
    let text = match format {
        Format::Json => render::json(report)?,
        Format::Text => render::run::report(project, report)?,
    };
    let Some(path) = output else { return render::result(&text) };
    fs::write(path, text).map_err(|source| RunError::File { path: path.to_owned(), source })?;
    if !common.quiet {
        render::note(&render::run::one_line(report));
    }
    Ok(())
}
