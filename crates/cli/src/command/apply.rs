//! `musketer apply`: what somebody has looked at is done, and nothing else.

use std::fs;

use pipeline::{Reviewed, RunError, RunOptions};

use super::run::tell;
use crate::arguments::{ApplyArguments, Common};
use crate::exit::Exit;
use crate::watch::{Undertaking, carry_out};

pub(crate) fn apply(common: &Common, own: &ApplyArguments) -> Result<Exit, RunError> {
    let text = fs::read_to_string(&own.plan).map_err(|source| RunError::File { path: own.plan.clone(), source })?;
    let reviewed = Reviewed::parse(&own.plan.display().to_string(), &text)?;
    let pipeline = reviewed.pipeline.clone();
    let undertaking = Undertaking {
        command: "apply",
        pipeline: Some(&pipeline),
        jobs: own.jobs,
        waiting: &own.waiting,
        watched: &own.watched,
    };
    carry_out(
        common,
        &undertaking,
        |project, pipeline, options, progress| {
            let options = RunOptions { reviewed: Some(reviewed), ..options.clone() };
            pipeline::run(project, pipeline, &options, progress)
        },
        |project, report| tell(own.format, None, project, report),
    )
}
