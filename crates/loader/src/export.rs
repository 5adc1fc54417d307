//! Figures for other programs: CSV and Parquet, sorted as they were read, the same bytes for the same figures.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use model::Text;
use polars::prelude::{
    Column, DataFrame, Float64Chunked, IntoColumn, NewChunkedArray, ParquetCompression, ParquetWriter, PlSmallStr,
    PolarsResult, StringChunked, UInt32Chunked,
};

use crate::latest::Exact;
use crate::store::sync_folder;
use crate::{Figure, LoadError};

/// What stands between the cells of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separator {
    /// `,`
    #[default]
    Comma,
    /// `;`, which spreadsheets in Danish expect.
    Semicolon,
}

/// The language of titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Danish.
    #[default]
    Danish,
    /// English.
    English,
}

impl Language {
    pub(crate) fn of(self, text: &Text) -> &str {
        match self {
            Self::Danish => &text.da,
            Self::English => &text.en,
        }
    }
}

impl Separator {
    pub(crate) fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
        }
    }
}

const COLUMNS: [&str; 18] = [
    "indicator",
    "version",
    "as_defined",
    "title",
    "area",
    "area_title",
    "level",
    "period",
    "breakdown",
    "value",
    "unit",
    "numerator",
    "denominator",
    "obs_status",
    "conf_status",
    "contributing",
    "members",
    "revision",
];

/// What figures in the municipalities of another day have besides, so that nobody takes them for those that were
/// delivered.
const CARRIED: [&str; 2] = ["municipalities_of", "carried_from"];

fn are_carried(figures: &[Figure]) -> bool {
    figures.iter().any(|figure| figure.carried.is_some())
}

/// Writes figures as CSV: UTF-8, a header, lines that end in LF, numbers with a decimal point and no grouping.
///
/// A text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers are left as they are.
pub fn export_csv(figures: &[Figure], separator: Separator, language: Language, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    let separator = separator.character();
    let carried = are_carried(figures);
    for name in COLUMNS.iter().chain(CARRIED.iter().filter(|_| carried)) {
        push_text(&mut line, name, separator);
    }
    write_line(&mut line, out)?;
    for figure in figures {
        push_figure(&mut line, figure, separator, language);
        write_line(&mut line, out)?;
    }
    out.flush()
}

/// Writes rows of texts as CSV, in the form of [`export_csv`].
pub fn export_texts_csv(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    separator: Separator,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    let separator = separator.character();
    for name in header {
        push_text(&mut line, name, separator);
    }
    write_line(&mut line, out)?;
    for row in rows {
        for text in &row {
            push_text(&mut line, text, separator);
        }
        write_line(&mut line, out)?;
    }
    out.flush()
}

pub(crate) fn write_line(line: &mut String, out: &mut dyn Write) -> io::Result<()> {
    line.pop();
    line.push('\n');
    out.write_all(line.as_bytes())?;
    line.clear();
    Ok(())
}

fn push_figure(line: &mut String, figure: &Figure, separator: char, language: Language) {
    let mut text = |text: &str| push_text(line, text, separator);
    text(figure.indicator.as_str());
    text(&figure.version.to_string());
    text(figure.as_defined.as_str());
    text(language.of(&figure.title));
    text(&figure.area.to_string());
    text(language.of(&figure.area_title));
    text(figure.area.level());
    text(&figure.period.to_string());
    text(&figure.breakdown);
    push_number(line, &number(figure.value.as_ref()), separator);
    push_text(line, &figure.unit, separator);
    push_number(line, &number(figure.numerator.as_ref()), separator);
    push_number(line, &number(figure.denominator.as_ref()), separator);
    push_text(line, figure.status.code(), separator);
    push_text(line, &figure.confidentiality, separator);
    for count in [figure.contributing, figure.members, figure.revision] {
        push_number(line, &count.to_string(), separator);
    }
    if let Some(carried) = &figure.carried {
        push_text(line, &carried.municipalities_of.to_string(), separator);
        push_text(line, &carried.from, separator);
    }
}

/// The exact decimal; the nearest float where there is no finite decimal, because `1/3` is a date to a spreadsheet.
fn number(value: Option<&Exact>) -> String {
    match value {
        None => String::new(),
        Some(exact) if exact.text.contains('/') => exact.float.to_string(),
        Some(exact) => exact.text.clone(),
    }
}

pub(crate) fn push_number(line: &mut String, number: &str, separator: char) {
    line.push_str(number);
    line.push(separator);
}

pub(crate) fn push_text(line: &mut String, text: &str, separator: char) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quoted = text.contains([separator, '"', '\r', '\n']);
    let apostrophe = if formula { "'" } else { "" };
    if quoted {
        line.extend(["\"", apostrophe, &text.replace('"', "\"\""), "\""]);
    } else {
        line.push_str(apostrophe);
        line.push_str(text);
    }
    line.push(separator);
}

/// Writes figures as Parquet; numbers as floats, the value also as an exact decimal text.
pub fn export_parquet(figures: &[Figure], language: Language, path: &Path) -> Result<(), LoadError> {
    let unwritable =
        |error: &dyn std::fmt::Display| LoadError::PartUnwritable { path: path.to_owned(), reason: error.to_string() };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = Path::new(&temporary);
    let written = write_parquet(figures, language, temporary).and_then(|()| fs::rename(temporary, path));
    if let Err(error) = written {
        // What cannot be removed stays beside the target and is overwritten the next time.
        fs::remove_file(temporary).unwrap_or_default();
        return Err(unwritable(&error));
    }
    sync_folder(path)
}

fn write_parquet(figures: &[Figure], language: Language, path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    let mut frame = frame(figures, language).map_err(io::Error::other)?;
    ParquetWriter::new(file.try_clone()?)
        .with_compression(ParquetCompression::Zstd(None))
        .finish(&mut frame)
        .map_err(io::Error::other)?;
    file.sync_all()
}

fn frame(figures: &[Figure], language: Language) -> PolarsResult<DataFrame> {
    let rows = || figures.iter();
    let mut columns = vec![
        texts("indicator", rows().map(|figure| Some(figure.indicator.to_string()))),
        counts("version", rows().map(|figure| figure.version.0)),
        texts("as_defined", rows().map(|figure| Some(figure.as_defined.to_string()))),
        texts("title", rows().map(|figure| Some(language.of(&figure.title).to_owned()))),
        texts("area", rows().map(|figure| Some(figure.area.to_string()))),
        texts("area_title", rows().map(|figure| Some(language.of(&figure.area_title).to_owned()))),
        texts("level", rows().map(|figure| Some(figure.area.level().to_owned()))),
        texts("period", rows().map(|figure| Some(figure.period.to_string()))),
        texts("breakdown", rows().map(|figure| Some(figure.breakdown.clone()))),
        floats("value", rows().map(|figure| figure.value.as_ref())),
        texts("value_exact", rows().map(|figure| figure.value.as_ref().map(|value| value.text.clone()))),
        texts("unit", rows().map(|figure| Some(figure.unit.clone()))),
        floats("numerator", rows().map(|figure| figure.numerator.as_ref())),
        floats("denominator", rows().map(|figure| figure.denominator.as_ref())),
        texts("obs_status", rows().map(|figure| Some(figure.status.code().to_owned()))),
        texts("conf_status", rows().map(|figure| Some(figure.confidentiality.clone()))),
        counts("contributing", rows().map(|figure| figure.contributing)),
        counts("members", rows().map(|figure| figure.members)),
        counts("revision", rows().map(|figure| figure.revision)),
    ];
    if are_carried(figures) {
        let of = |figure: &Figure| figure.carried.as_ref().map(|carried| carried.municipalities_of.to_string());
        let from = |figure: &Figure| figure.carried.as_ref().map(|carried| carried.from.clone());
        columns.extend([texts(CARRIED[0], rows().map(of)), texts(CARRIED[1], rows().map(from))]);
    }
    DataFrame::new(figures.len(), columns)
}

fn texts(name: &'static str, values: impl Iterator<Item = Option<String>>) -> Column {
    StringChunked::from_iter_options(PlSmallStr::from_static(name), values).into_column()
}

fn counts(name: &'static str, values: impl Iterator<Item = u32>) -> Column {
    UInt32Chunked::from_iter_values(PlSmallStr::from_static(name), values).into_column()
}

fn floats<'a>(name: &'static str, values: impl Iterator<Item = Option<&'a Exact>>) -> Column {
    let values = values.map(|value| value.map(|exact| exact.float));
    Float64Chunked::from_iter_options(PlSmallStr::from_static(name), values).into_column()
}
