//! The arguments of the commands that take one file of a vendor.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::{MunicipalityCode, Period};

use super::Format;

/// The format that `read` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadFormat {
    Csv,
    Parquet,
    Jsonl,
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Zip,
}

/// How a file is to be understood: by a source of the project, or by a dialect. Then every column is text.
#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// The source whose definition says what the file is
    #[arg(long, value_name = "ID", help_heading = "By a source definition")]
    pub(crate) source: Option<String>,
    /// The municipality that the file is about, where its name does not say it
    #[arg(long, value_name = "CODE", requires = "source", help_heading = "By a source definition")]
    pub(crate) municipality: Option<MunicipalityCode>,
    /// The period that the file is about, where its name does not say it
    #[arg(long, value_name = "PERIOD", requires = "source", help_heading = "By a source definition")]
    pub(crate) period: Option<Period>,
    #[command(flatten)]
    pub(crate) dialect: DialectArguments,
}

/// A dialect.
#[derive(Debug, Args)]
#[group(id = "dialect", multiple = true, conflicts_with = "source")]
#[command(next_help_heading = "By a dialect")]
pub(crate) struct DialectArguments {
    /// The separator: one ASCII character, or `tab`; default `,`
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,
    /// The quotation mark, or `none`; default `"`
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) quote: Option<String>,
    /// What stands before a quotation mark inside quotes; `doubled` (the default) or `none`
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) escape: Option<String>,
    /// The encoding, by the labels of source definitions; default `utf-8`
    #[arg(long, value_name = "LABEL", value_parser = encoding)]
    pub(crate) encoding: Option<model::FileEncoding>,
    /// What has to be unpacked first
    #[arg(long, value_enum)]
    pub(crate) compression: Option<Packing>,
    /// Of a zip archive, the pattern of the one member that is read; default `*`
    #[arg(long, value_name = "PATTERN")]
    pub(crate) member: Option<String>,
    /// Lines before the header that are no records; default 0
    #[arg(long, value_name = "N")]
    pub(crate) skip_lines: Option<u32>,
    /// Rows of column names; default 1. Without any, columns are called `column_1`, `column_2`
    #[arg(long, value_name = "N")]
    pub(crate) header_rows: Option<u32>,
    /// A cell that stands for "no value"; may be given several times
    #[arg(long, value_name = "WORD")]
    pub(crate) null: Vec<String>,
    /// A regular expression; lines in which it is found are totals or footnotes. May be given several times
    #[arg(long, value_name = "PATTERN")]
    pub(crate) footer: Vec<String>,
}

fn encoding(label: &str) -> Result<model::FileEncoding, String> {
    model::FileEncoding::parse(label).ok_or_else(|| {
        let known: Vec<&str> = model::FileEncoding::ALL.iter().map(|encoding| encoding.label()).collect();
        format!("`{label}` is no encoding that musketer knows; there are {}", known.join(", "))
    })
}

#[derive(Debug, Args)]
pub(crate) struct ReadArguments {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// The format of the rows
    #[arg(long, value_enum, default_value_t = ReadFormat::Csv)]
    pub(crate) to: ReadFormat,
    /// The file that the rows are written to; standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write a report as JSON: the counts, and every rejected row with line, record, column, code and reason
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArguments {
    /// The file
    pub(crate) file: PathBuf,
    /// The most rows that are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) rows: usize,
    /// How the rows are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct GuessArguments {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// Write the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a source definition to review; `-` is standard output, in place of the findings
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The dataset that the definition maps the columns to
    #[arg(long, value_name = "ID", requires = "output")]
    pub(crate) dataset: Option<String>,
}
