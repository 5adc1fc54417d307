//! `musketer run`: take in what is new, compute what depends on it, publish it.

use std::fs;

use pipeline::{Progress, Project, RunError, RunOptions, RunReport, Silent};
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

pub(crate) fn run(common: &Common, own: &RunArguments) -> Result<Exit, RunError> {
    let project: Project = super::project(common)?;
    let pipeline = project.pipeline(own.pipeline.as_deref())?;
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
    if let Some(path) = &own.output {
        fs::write(path, "").map_err(|source| RunError::File { path: path.clone(), source })?;
    }
    let patience = own.waiting.patience()?;
    let stopwatch = environment::stopwatch();
    let started_at = environment::now();
    let options = RunOptions {
        holder: environment::lock_holder("run", Some(pipeline.id.as_str()), &started_at),
        patience,
        started_at,
        now: &environment::now,
        jobs: own.jobs.map_or_else(environment::processors, usize::from),
        engine_version: env!("CARGO_PKG_VERSION"),
        keys: keys.as_ref(),
    };
    let progress: Box<dyn Progress> =
        if environment::is_watched() && !common.quiet { Box::new(Bars::default()) } else { Box::new(Silent) };
    let result = pipeline::run(&project, pipeline, &options, progress.as_ref());
    progress.end();
    let report = Costed {
        report: result?,
        seconds: stopwatch.elapsed().as_secs_f64(),
        peak_memory_bytes: environment::peak_memory(),
    };
    // From here on the figures are published: whatever goes wrong with the report does not undo that.
    if let Err(error) = tell(common, own, &project, &report) {
        render::note(&format!("warning: the run was published, but its report could not be written: {error}"));
    }
    Ok(Exit::of(report.report.outcome))
}

fn tell(common: &Common, own: &RunArguments, project: &Project, report: &Costed) -> Result<(), RunError> {
    let text = match own.format {
        Format::Json => render::json(report)?,
        Format::Text => render::run::report(project, report)?,
    };
    let Some(path) = &own.output else { return render::result(&text) };
    fs::write(path, text).map_err(|source| RunError::File { path: path.clone(), source })?;
    if !common.quiet {
        render::note(&render::run::one_line(report));
    }
    Ok(())
}
