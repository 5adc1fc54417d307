//! `musketer export`: the indicator tables as a file.

use model::Code;
use pipeline::{ExportFilter, Queries, RunError, Separator};

use crate::arguments::{Common, ExportArguments, ExportFormat};
use crate::exit::Exit;
use crate::render;

pub(crate) fn export(common: &Common, own: &ExportArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let mut queries = Queries::open(&project)?;
    if own.comparison_groups {
        if own.moment.as_of.is_some() {
            return Err(RunError::Usage {
                code: Code::INVALID_VALUE,
                message: "who belonged to the comparison groups at another time is not kept".to_owned(),
                help: "leave --as-of out: the list has the members of all days, as they are known now. Figures of the \
                       groups are kept: `musketer export --level comparison_group --as-of ...`"
                    .to_owned(),
            });
        }
        return members(common, own, &mut queries);
    }
    let filter = ExportFilter {
        as_defined: own.definitions.as_defined(),
        indicators: own.indicator.clone(),
        periods: own.period.clone(),
        areas: own.area.clone(),
        levels: own.level.iter().map(|level| level.as_str().to_owned()).collect(),
        breakdowns: own.breakdown.clone(),
        municipalities_of: own.municipalities_of,
        as_of: own.moment.as_of.clone(),
    };
    let by_ending = own.output.as_ref().and_then(|path| path.extension()).filter(|ending| *ending == "parquet");
    let format = own.format.unwrap_or(if by_ending.is_some() { ExportFormat::Parquet } else { ExportFormat::Csv });
    let rows = match (format, &own.output) {
        (ExportFormat::Csv, None) => {
            queries.export_csv(&filter, separator(own.delimiter)?, &mut std::io::stdout().lock())?
        }
        (ExportFormat::Csv, Some(path)) => queries.export_csv_file(&filter, separator(own.delimiter)?, path)?,
        (ExportFormat::Parquet, Some(path)) => queries.export_parquet(&filter, path)?,
        (ExportFormat::Parquet, None) => {
            return Err(RunError::Usage {
                code: Code::INVALID_VALUE,
                message: "Parquet is not written to standard output".to_owned(),
                help: "name a file with --output".to_owned(),
            });
        }
    };
    if let Some(path) = own.output.as_ref().filter(|_| !common.quiet) {
        render::note(&format!("{rows} observations written to {}", path.display()));
    }
    Ok(Exit::Ok)
}

/// Who belongs to the comparison groups.
fn members(common: &Common, own: &ExportArguments, queries: &mut Queries<'_>) -> Result<Exit, RunError> {
    let separator = separator(own.delimiter)?;
    let Some(path) = &own.output else {
        let (text, _) = queries.comparison_groups_csv(separator)?;
        render::result(&String::from_utf8_lossy(&text))?;
        return Ok(Exit::Ok);
    };
    let rows = queries.export_comparison_groups(separator, path)?;
    if !common.quiet {
        render::note(&format!("{rows} memberships written to {}", path.display()));
    }
    Ok(Exit::Ok)
}

fn separator(character: char) -> Result<Separator, RunError> {
    match character {
        ',' => Ok(Separator::Comma),
        ';' => Ok(Separator::Semicolon),
        _ => Err(RunError::Usage {
            code: Code::INVALID_VALUE,
            message: format!("`{}` does not separate the columns of an export", character.escape_default()),
            help: "use `,` or `;`".to_owned(),
        }),
    }
}
