//! `musketer explain`: a figure down to the raw line, or what a code means.

use model::Code;
use pipeline::{Queries, RunError};

use crate::arguments::{Common, ExplainArguments, Format};
use crate::exit::Exit;
use crate::render;

pub(crate) fn explain(common: &Common, own: &ExplainArguments) -> Result<Exit, RunError> {
    if let Some(code) = Code::parse(&own.subject) {
        render::result(&render::explain::code(code))?;
        return Ok(Exit::Ok);
    }
    let project = super::project(common)?;
    let (Some(area), Some(period)) = (&own.municipality, own.period) else {
        return Err(RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: format!("which figure of `{}` is meant?", own.subject),
            help: "say whom and when: --municipality 0751 --period 2024 (a region's code or DK also works)".to_owned(),
        });
    };
    let explanation = Queries::open(&project)?.explain(&own.subject, area, period, own.rows)?;
    match own.format {
        Format::Json => render::result(&render::json(&explanation)?)?,
        Format::Text => render::result(&render::explain::text(&explanation))?,
    }
    Ok(Exit::Ok)
}
