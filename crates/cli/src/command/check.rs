//! `musketer check`: are the definitions sound? Offline, without data.

use pipeline::RunError;

use crate::arguments::{CheckArguments, Common, Format};
use crate::exit::Exit;
use crate::render;

pub(crate) fn check(common: &Common, own: &CheckArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let errors = project.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    match own.format {
        Format::Json => render::result(&render::diagnostic::json(&project.diagnostics)?)?,
        Format::Text => {
            render::diagnostic::show(&project.diagnostics, &project.files);
            if !common.quiet {
                render::result(&render::diagnostic::summary(&project))?;
            }
        }
    }
    Ok(if errors == 0 { Exit::Ok } else { Exit::Findings })
}
