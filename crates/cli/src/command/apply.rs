//! `musketer apply`: what somebody has looked at is done, and nothing else.

use std::path::Path;
use std::{fs, io};

use model::Code;
use pipeline::{Reviewed, RunError, RunOptions};

use super::run::tell;
use crate::arguments::{ApplyArguments, Common};
use crate::exit::Exit;
use crate::watch::{Undertaking, carry_out};

pub(crate) fn apply(common: &Common, own: &ApplyArguments) -> Result<Exit, RunError> {
    let text = fs::read_to_string(&own.plan).map_err(|error| unreadable(&own.plan, error))?;
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

/// A plan that is not there is a slip of the command line; a disk that cannot be read is none.
fn unreadable(plan: &Path, source: io::Error) -> RunError {
    if source.kind() != io::ErrorKind::NotFound {
        return RunError::File { path: plan.to_owned(), source };
    }
    RunError::Usage {
        code: Code::PLAN_UNREADABLE,
        message: format!("there is no file {}", plan.display()),
        help: "`musketer plan -o plan.json` writes a plan".to_owned(),
    }
}
