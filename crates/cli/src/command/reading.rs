//! How a file is to be understood, from the command line: what `read` and `preview` have in common.

use model::{Code, Compression, Escape};
use pipeline::single::{Dialect, Reading, SourceReading};
use pipeline::{Project, RunError};

use crate::arguments::{Common, DialectArguments, Packing, ReadingArguments};
use crate::environment;

/// Calls `work` with the reading that the arguments describe; without a source it is `dialect`.
pub(super) fn with_reading<T>(
    common: &Common,
    own: &ReadingArguments,
    dialect: &Dialect,
    work: impl FnOnce(&Reading<'_>) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let Some(source) = &own.source else { return work(&Reading::Dialect(dialect)) };
    let project = super::project(common)?;
    let keys = keys(&project, source)?;
    let reading = SourceReading::new(&project, source, keys.as_ref(), own.municipality, own.period)?;
    work(&Reading::Source(reading))
}

/// The key for pseudonyms, if the source is about persons. Reading one file makes no key: that is for a run.
fn keys(project: &Project, source: &str) -> Result<Option<pipeline::PersonKeys>, RunError> {
    if !SourceReading::is_personal(project, source) {
        return Ok(None);
    }
    let place = environment::key_place().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let existing = project.configuration.persons.as_ref().map(definitions::PersonKeySource::existing);
    Ok(pipeline::load_key(&project.root, existing.as_ref(), &place)?.map(|(keys, _)| keys))
}

/// Whether a dialect was stated.
pub(super) fn is_stated(own: &DialectArguments) -> bool {
    let words = [&own.delimiter, &own.quote, &own.escape].into_iter().any(Option::is_some);
    let counts = own.skip_lines.is_some() || own.header_rows.is_some() || own.encoding.is_some();
    let counts = counts || own.compression.is_some() || own.member.is_some();
    words || counts || !own.null.is_empty() || !own.footer.is_empty()
}

/// The dialect that was stated, with the defaults for what was not.
pub(super) fn dialect(own: &DialectArguments) -> Result<Dialect, RunError> {
    let usual = Dialect::default();
    let quote = match own.quote.as_deref() {
        None => usual.quote,
        Some("none") => None,
        Some(text) => Some(mark("--quote", text)?),
    };
    let escape = match own.escape.as_deref() {
        None | Some("doubled") => Escape::Doubled,
        Some("none") => Escape::None,
        Some(text) => Escape::Mark(mark("--escape", text)?),
    };
    let compression = match (own.compression, &own.member) {
        (Some(Packing::Zip), member) => Compression::Zip { member: member.clone().unwrap_or_else(|| "*".to_owned()) },
        (_, Some(_)) => {
            return Err(RunError::Usage {
                code: Code::INVALID_VALUE,
                message: "only a zip archive has members".to_owned(),
                help: "write `--compression zip`, or leave `--member` out".to_owned(),
            });
        }
        (Some(Packing::Gzip), None) => Compression::Gzip,
        (Some(Packing::Zstd), None) => Compression::Zstd,
        (None, None) => Compression::None,
    };
    Ok(Dialect {
        compression,
        encoding: own.encoding.unwrap_or(usual.encoding),
        delimiter: own.delimiter.as_deref().map_or(Ok(usual.delimiter), |text| mark("--delimiter", text))?,
        quote,
        escape,
        skip_lines: own.skip_lines.unwrap_or(usual.skip_lines),
        header_rows: own.header_rows.unwrap_or(usual.header_rows),
        null: own.null.clone(),
        footer: own.footer.clone(),
    })
}

/// One character, or a word for one.
fn mark(option: &str, text: &str) -> Result<u8, RunError> {
    match text {
        "tab" | "\\t" => return Ok(b'\t'),
        "space" => return Ok(b' '),
        _ => {}
    }
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err(RunError::Usage {
            code: Code::INVALID_VALUE,
            message: format!("`{}` after `{option}` is not one ASCII character", text.escape_default()),
            help: "write one character, or `tab`".to_owned(),
        }),
    }
}
