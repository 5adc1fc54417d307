//! `musketer preview`: the first rows of a file as its definition sees them.

use pipeline::RunError;
use pipeline::single::{self, Dialect, Input};

use super::reading::{dialect, is_stated, with_reading};
use crate::arguments::{Common, Format, PreviewArguments};
use crate::exit::Exit;
use crate::render;

pub(crate) fn preview(common: &Common, own: &PreviewArguments) -> Result<Exit, RunError> {
    let input = Input::named(&own.file);
    let stated = dialect(&own.reading.dialect)?;
    let dialect = if own.reading.source.is_some() || is_stated(&own.reading.dialect) {
        stated
    } else {
        guessed(common, &input)?.unwrap_or(stated)
    };
    let preview =
        with_reading(common, &own.reading, &dialect, |reading| single::preview(&input, reading, own.rows.max(1)))?;
    match own.format {
        Format::Json => render::result(&render::json(&preview)?)?,
        Format::Text => render::result(&render::preview::text(&preview))?,
    }
    Ok(match (&preview.refused, preview.rows_rejected) {
        (Some(_), _) => Exit::Partial,
        _ => Exit::Ok,
    })
}

/// Where nothing is said about the file, the rows are shown as they seem to be, and that is said.
fn guessed(common: &Common, input: &Input) -> Result<Option<Dialect>, RunError> {
    if *input == Input::Standard {
        // What was looked at could not be read again.
        return Ok(None);
    }
    let dialect = Dialect::guessed(&single::guess(input)?);
    if dialect.is_some() && !common.quiet {
        render::note("note: no source and no dialect was given; the rows are shown as `musketer guess` sees them");
    }
    Ok(dialect)
}
