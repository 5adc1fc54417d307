//! `musketer status`: what was delivered, how every unit stands, do the books balance.

use pipeline::{PersonKeys, Project, Queries, RunError, StatusFilter};

use crate::arguments::{Common, Format, StatusArguments};
use crate::exit::Exit;
use crate::{environment, render};

pub(crate) fn status(common: &Common, own: &StatusArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let pipeline = project.pipeline(own.pipeline.as_deref())?;
    let keys = keys(&project);
    let mut queries = Queries::open(&project)?;
    let day = match (own.day, &own.moment.as_of) {
        (Some(day), _) => day,
        (None, Some(as_of)) => queries.day_of(as_of)?,
        (None, None) => environment::today(),
    };
    let filter = StatusFilter {
        day,
        as_of: own.moment.as_of.clone(),
        source: own.source.clone(),
        municipality: own.municipality,
        from: own.from,
        to: own.to,
        keys: keys.as_ref(),
    };
    let status = queries.status(pipeline, &filter)?;
    match own.format {
        Format::Json => render::result(&render::json(&status)?)?,
        Format::Text => render::result(&render::status::text(&status, own.deliveries, own.source.is_some()))?,
    }
    let failing = status.units.iter().any(|unit| own.fail_on.iter().any(|on| on.state() == unit.state));
    Ok(if failing { Exit::Findings } else { Exit::Ok })
}

/// The keys for pseudonyms, if whoever asks may read them. None is made for a question, and without them the answer is
/// the same but for units of persons that were read with another key.
fn keys(project: &Project) -> Option<PersonKeys> {
    let place = pipeline::KeyPlace { credentials: environment::credentials(), random: [0; 32] };
    let source = project.configuration.persons.as_ref()?.existing();
    pipeline::load_key(&project.root, Some(&source), &place).ok().flatten().map(|(keys, _)| keys)
}
