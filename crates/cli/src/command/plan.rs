//! `musketer plan`: what a run would do and why.

use std::fs;
use std::path::Path;

use model::Pipeline;
use pipeline::{Patience, PersonKeys, Plan, Progress, Project, RunError, RunOptions, Scope, Silent};

use crate::arguments::{Common, Format, PlanArguments, RunArguments};
use crate::exit::Exit;
use crate::progress::Bars;
use crate::{environment, render};

/// What is to be shown, and where.
struct Wanted<'a> {
    pipeline: Option<&'a str>,
    jobs: Option<u16>,
    format: Format,
    output: Option<&'a Path>,
    detailed_exitcode: bool,
}

pub(crate) fn plan(common: &Common, own: &PlanArguments) -> Result<Exit, RunError> {
    let PlanArguments { pipeline, jobs, format, output, detailed_exitcode } = own;
    let (pipeline, output) = (pipeline.as_deref(), output.as_deref());
    show(common, &Wanted { pipeline, jobs: *jobs, format: *format, output, detailed_exitcode: *detailed_exitcode })
}

/// `run --dry-run`.
pub(crate) fn dry_run(common: &Common, own: &RunArguments) -> Result<Exit, RunError> {
    let (pipeline, output) = (own.pipeline.as_deref(), own.output.as_deref());
    show(common, &Wanted { pipeline, jobs: own.jobs, format: own.format, output, detailed_exitcode: false })
}

fn show(common: &Common, wanted: &Wanted<'_>) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let pipeline = project.pipeline(wanted.pipeline)?;
    let plan = looking(common, &project, pipeline, wanted.jobs, pipeline::plan)?;
    if let Some(path) = wanted.output {
        let text = render::json(&plan)? + "\n";
        fs::write(path, text).map_err(|source| RunError::File { path: path.to_owned(), source })?;
    }
    render::result(&match wanted.format {
        Format::Json => render::json(&plan)?,
        Format::Text => text(common, &plan, wanted.output),
    })?;
    Ok(if wanted.detailed_exitcode && plan.pending { Exit::Pending } else { Exit::Ok })
}

fn text(common: &Common, plan: &Plan, output: Option<&Path>) -> String {
    let text = render::plan::plan(plan, common.verbose > 0);
    match output.filter(|_| plan.pending) {
        Some(path) => format!("{text}`musketer apply {}` does exactly this\n", path.display()),
        None => text,
    }
}

/// Looks ahead with everything that a run would have, and makes nothing: no lock, no key, no file.
pub(crate) fn looking<T>(
    common: &Common,
    project: &Project,
    pipeline: &Pipeline,
    jobs: Option<u16>,
    look: impl FnOnce(&Project, &Pipeline, &RunOptions<'_>, &dyn Progress) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let place = environment::key_place().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let (keys, made) = pipeline::look_for_key(&project.root, project.configuration.persons.as_ref(), &place)?;
    if made && !common.quiet {
        render::note("note: there is no key for pseudonyms yet; the run makes a new one");
    }
    let keys: Option<&PersonKeys> = keys.as_ref();
    let started_at = environment::now();
    let options = RunOptions {
        holder: environment::lock_holder("plan", Some(pipeline.id.as_str()), &started_at),
        patience: Patience::default(),
        started_at,
        now: &environment::now,
        jobs: jobs.map_or_else(environment::processors, usize::from),
        engine_version: env!("CARGO_PKG_VERSION"),
        keys,
        elapsed: &|| 0,
        command: "plan",
        scope: Scope::all(),
        reviewed: None,
        backfill: None,
        acts: Vec::new(),
    };
    let progress: Box<dyn Progress> =
        if environment::is_watched() && !common.quiet { Box::new(Bars::default()) } else { Box::new(Silent) };
    let seen = look(project, pipeline, &options, progress.as_ref());
    progress.end();
    seen
}
