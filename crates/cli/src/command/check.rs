//! `musketer check`: are the definitions sound? Offline, without data.

use std::path::Path;

use pipeline::RunError;

use crate::arguments::{CheckArguments, Common};
use crate::exit::Exit;
use crate::render::findings::{Finding, Findings, prefix, text};

pub(crate) fn check(common: &Common, own: &CheckArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let found = project.diagnostics.iter().map(Finding::from).collect();
    let (prefix, summary) = (prefix(Path::new("."), &project.root), text::summary(&project));
    let findings = Findings { prefix, summary, ..Findings::new("check", found, &project.files) };
    findings.write(&own.format, common.quiet)?;
    Ok(if findings.errors() == 0 { Exit::Ok } else { Exit::Findings })
}
