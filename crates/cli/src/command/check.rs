//! `musketer check`: are the definitions sound? Offline, without data.

use std::path::Path;

use pipeline::RunError;

use crate::arguments::{CheckArguments, Common};
use crate::exit::Exit;
use crate::render::findings::{Findings, prefix, text};

pub(crate) fn check(common: &Common, own: &CheckArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let findings = Findings {
        command: "check",
        found: &project.diagnostics,
        files: &project.files,
        prefix: prefix(Path::new("."), &project.root),
        summary: text::summary(&project),
    };
    findings.write(&own.format, common.quiet)?;
    Ok(if findings.errors() == 0 { Exit::Ok } else { Exit::Findings })
}
