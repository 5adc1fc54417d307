//! `musketer status`: what was delivered, what is missing, do the books balance.

use pipeline::{Queries, RunError};

use crate::arguments::{Common, Format, StatusArguments};
use crate::exit::Exit;
use crate::render;

pub(crate) fn status(common: &Common, own: &StatusArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let pipeline = project.pipeline(own.pipeline.as_deref())?;
    let status = Queries::open(&project)?.status(pipeline)?;
    match own.format {
        Format::Json => render::result(&render::json(&status)?)?,
        Format::Text => render::result(&render::status::text(&status, own.deliveries))?,
    }
    Ok(Exit::Ok)
}
