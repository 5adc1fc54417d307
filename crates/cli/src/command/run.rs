//! `musketer run`: take in what is new, compute what depends on it, publish it.

use std::fs;
use std::path::Path;

use pipeline::{Project, RunError};

use crate::arguments::{Common, Format, RunArguments};
use crate::exit::Exit;
use crate::render;
use crate::watch::{Report, Undertaking, carry_out};

pub(crate) fn run(common: &Common, own: &RunArguments) -> Result<Exit, RunError> {
    if own.dry_run {
        return super::plan::dry_run(common, own);
    }
    // What cannot be written is said before the run, not after it.
    if let Some(path) = &own.output {
        fs::write(path, "").map_err(|source| RunError::File { path: path.clone(), source })?;
    }
    let undertaking = Undertaking {
        command: "run",
        pipeline: own.pipeline.as_deref(),
        jobs: own.jobs,
        waiting: &own.waiting,
        watched: &own.watched,
    };
    let told = |project: &Project, report: &Report| tell(own.format, own.output.as_deref(), project, report);
    carry_out(common, &undertaking, pipeline::run, told)
}

/// Writes the report of a run to a file, or to standard output.
pub(crate) fn tell(format: Format, output: Option<&Path>, project: &Project, report: &Report) -> Result<(), RunError> {
    let text = match format {
        Format::Json => render::json(report)?,
        Format::Text => render::run::report(project, &report.result)?,
    };
    match output {
        Some(path) => fs::write(path, text).map_err(|source| RunError::File { path: path.to_owned(), source }),
        None => render::result(&text),
    }
}
