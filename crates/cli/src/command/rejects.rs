//! `musketer rejects list`: rows that could not be loaded, with their place and the reason.

use pipeline::{Queries, RejectFilter, RunError};

use crate::arguments::{Common, Format, RejectsListArguments};
use crate::exit::Exit;
use crate::render;

pub(crate) fn list(common: &Common, own: &RejectsListArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let filter = RejectFilter {
        source: own.source.clone(),
        municipality: own.municipality,
        period: own.period,
        code: own.code,
        limit: own.limit,
    };
    let rejects = Queries::open(&project)?.rejects(&filter)?;
    match own.format {
        Format::Json => render::result(&render::json(&rejects)?)?,
        Format::Text => render::result(&render::rejects::text(&rejects))?,
    }
    Ok(Exit::Ok)
}
