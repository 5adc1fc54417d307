//! `musketer read`: the rows of one file in another format.

use pipeline::RunError;
use pipeline::single::{self, Ended, Input, Output, ReportFile, Target};

use super::reading::{dialect, with_reading};
use crate::arguments::{Common, ReadArguments, ReadFormat};
use crate::exit::Exit;
use crate::render;

pub(crate) fn read(common: &Common, own: &ReadArguments) -> Result<Exit, RunError> {
    let target = match own.to {
        ReadFormat::Csv => Target::Csv,
        ReadFormat::Jsonl => Target::JsonLines,
        ReadFormat::Parquet => Target::Parquet,
    };
    let input = Input::named(&own.file);
    let output = own.output.clone().map_or(Output::Standard, Output::File);
    let dialect = dialect(&own.reading.dialect)?;
    let ended = with_reading(common, &own.reading, &dialect, |reading| {
        let report = own.report.as_deref().map(ReportFile::begin).transpose()?;
        single::read(&input, reading, target, &output, report)
    })?;
    let Ended::Report(report) = ended else { return Ok(Exit::Ok) };
    if !common.quiet || report.refused.is_some() {
        render::note_if_any(&render::read::summary(&report, &output));
    }
    Ok(match (&report.refused, report.rows_rejected) {
        (Some(_), _) => Exit::Partial,
        (None, 0) => Exit::Ok,
        (None, _) => Exit::Findings,
    })
}
