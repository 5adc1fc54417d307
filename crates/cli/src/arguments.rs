//! The command line. Groups of commands have their arguments in modules of their own.

mod as_of;
mod decisions;
mod file;
mod plan;
mod rejects;
mod status;
pub(crate) mod upkeep;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use model::{AsDefined, Date, Period};
use pipeline::Parts;

pub(crate) use self::as_of::AsOfArguments;
pub(crate) use self::decisions::{
    ApproveArguments, CarryingArguments, ReceiptArguments, ReleaseArguments, RetractArguments,
};
pub(crate) use self::file::{
    DialectArguments, GuessArguments, Packing, PreviewArguments, ReadArguments, ReadFormat, ReadingArguments,
};
pub(crate) use self::plan::{ApplyArguments, BackfillArguments, PlanArguments};
pub(crate) use self::rejects::{
    RejectsCommand, RejectsListArguments, ReplayArguments, RowsFormat, ShowArguments, WaiveArguments,
};
pub(crate) use self::status::StatusArguments;
use crate::waiting::WaitArguments;

const AFTER: &str = "Exit codes: 0 ok; 1 findings (check: in the definitions; doctor: something is broken; test: failed tests; status: units that --fail-on names; diff: a breaking change without a new \
version; fmt: a file is broken, or with --check not laid out; read: rejected rows, the others are \
written); 2 usage, configuration or invalid definitions; 3 refused (run: some deliveries, everything else is published; \
read, preview: the file); 4 another process works on the store (--wait DURATION waits for it); 5 there is something to do \
(plan --detailed-exitcode); 70 the store, a disk or the network is \
not available, or an internal error; 130/143 interrupted, nothing of the run published.";

/// Harmonised municipal key figures: the same definition for everybody, and the way back to the raw line.
#[derive(Debug, Parser)]
#[command(name = "musketer", version, after_help = AFTER, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// The arguments of the process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments = Self::try_parse()?;
        match &arguments.command {
            Command::Check(own) => check_targets(&own.format)?,
            Command::Test(own) => check_targets(&own.format)?,
            Command::Diff(own) => check_targets(&own.format)?,
            _ => {}
        }
        Ok(arguments)
    }
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// The project's folder; found upwards from here by `musketer.yaml` if not given
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// Say nothing but errors and results
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How log lines are written to standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How a result is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take in what is new, compute what depends on it, publish it
    Run(RunArguments),
    /// Show what a run would do and why; nothing is written
    Plan(PlanArguments),
    /// Do exactly what a plan says, or nothing if it does not hold any more
    Apply(ApplyArguments),
    /// Read a part of the deliveries, one period after the other; to be stopped and resumed at will
    Backfill(BackfillArguments),
    /// Take a delivery back, as if it had never come: what stood before stands again
    Retract(RetractArguments),
    /// Let a delivery hold that is withheld, because it goes beyond the budget of its source
    Release(ReleaseArguments),
    /// State that a municipality has nothing to report for a period
    Receipt(ReceiptArguments),
    /// Let held figures of a municipality be published, or show what is held
    Approve(ApproveArguments),
    /// Check the definitions, offline and without data
    Check(CheckArguments),
    /// Carry out the tests of the definitions, offline and without a store
    Test(TestArguments),
    /// Compare the definitions with those of a revision or folder: what changed, and whose figures change
    Diff(DiffArguments),
    /// Lay out definition files in the one way; comments and quotation marks stay
    Fmt(FmtArguments),
    /// Write the JSON Schema of definition files, for editors, and of reports
    Schema(SchemaArguments),
    /// Write all definitions as pages for people, in HTML and Markdown
    Catalogue(CatalogueArguments),
    /// Show what was delivered, what is missing, and whether the books balance
    Status(StatusArguments),
    /// Look at rows that could not be loaded, waive them, or read their deliveries again
    #[command(subcommand)]
    Rejects(RejectsCommand),
    /// Explain a figure down to the raw line, or a code such as M5102
    Explain(ExplainArguments),
    /// Write the indicator tables to a file or to standard output
    Export(ExportArguments),
    /// Write the rows of one file as plain CSV, JSON lines or Parquet
    Read(ReadArguments),
    /// Show the first rows of a file as its definition sees them
    Preview(PreviewArguments),
    /// Find out what a file seems to be, with evidence; write a source definition to review
    Guess(GuessArguments),
    /// Ask whether everything is in order: project, store, disk, lock, key, books; each with a way out
    Doctor(upkeep::DoctorArguments),
    /// Remove files that nothing refers to, and what is older than `retention` in musketer.yaml keeps it
    Gc(upkeep::GcArguments),
    /// Copy the database, beside a run that may be at work, and verify the copy
    Backup(upkeep::BackupArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The pipeline; the project's own if not given
    pub(crate) pipeline: Option<String>,
    /// Deliveries that are read side by side; one for each processor if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write the report to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Only show what would be done, as `musketer plan` does; `--output` then writes the plan as JSON
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) waiting: WaitArguments,
    #[command(flatten)]
    pub(crate) watched: WatchArguments,
}

/// What a run leaves for those who watch it, besides what `observability` in musketer.yaml says.
#[derive(Debug, Args)]
#[command(next_help_heading = "For those who watch it")]
pub(crate) struct WatchArguments {
    /// Write the report as JSON to a file, however the run ends
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the run in one line to a file, for a mail
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Write what Prometheus' collector of text files reads
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Tell a file or a service of the run, in the words of `OpenLineage`
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) lineage: Option<String>,
}

/// What is said of a decision.
#[derive(Debug, Args)]
pub(crate) struct DecisionArguments {
    /// Why; it is recorded with who and when
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
    /// Who decides; the user at this machine if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("say why in a few words".to_owned()) } else { Ok(text.to_owned()) }
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// How findings are written: text, json, github, gitlab, junit or sarif; with `:PATH` to a file. May be
    /// given several times, once without a path
    #[arg(long, value_name = "FORMAT[:PATH]", value_parser = findings_target, default_value = "text")]
    pub(crate) format: Vec<FindingsTarget>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsFormat {
    Text,
    Json,
    Github,
    Gitlab,
    Junit,
    Sarif,
}

/// How and where findings are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FindingsTarget {
    pub(crate) format: FindingsFormat,
    /// The file; standard output without one.
    pub(crate) path: Option<PathBuf>,
}

fn findings_target(text: &str) -> Result<FindingsTarget, String> {
    let (format, path) = text.split_once(':').map_or((text, None), |(format, path)| (format, Some(path)));
    let format = FindingsFormat::from_str(format, false).map_err(|_| {
        let known = FindingsFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        format!("there are the formats {}; a file stands behind a colon, `sarif:out.sarif`", known.join(", "))
    })?;
    if path == Some("") {
        return Err("behind the colon stands the file that is written".to_owned());
    }
    Ok(FindingsTarget { format, path: path.map(PathBuf::from) })
}

/// Two reports in one place would spoil each other.
fn check_targets(targets: &[FindingsTarget]) -> Result<(), clap::Error> {
    let mut taken = BTreeSet::new();
    let Some(twice) = targets.iter().find(|target| !taken.insert(&target.path)) else { return Ok(()) };
    let place = twice.path.as_ref().map_or("standard output".to_owned(), |path| path.display().to_string());
    let message = format!("two formats would be written to {place}; `--format sarif:out.sarif` writes to a file");
    Err(Arguments::command().error(ErrorKind::ArgumentConflict, message))
}

/// By which versions of their definitions figures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Definitions {
    Then,
    Now,
}

impl Definitions {
    pub(crate) fn as_defined(self) -> AsDefined {
        match self {
            Self::Then => AsDefined::Then,
            Self::Now => AsDefined::Now,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Only tests of this definition or area (or vendor); `*` stands for anything. May be given several times
    #[arg(long, value_name = "ID|AREA|PATTERN")]
    pub(crate) select: Vec<String>,
    /// Write what is found as what is expected; read the difference before you commit it
    #[arg(long)]
    pub(crate) write: bool,
    /// Say too what no test has shown
    #[arg(long)]
    pub(crate) coverage: bool,
    /// How results are written: text, json, github, gitlab, junit or sarif; with `:PATH` to a file. May be given
    /// several times, once without a path
    #[arg(long, value_name = "FORMAT[:PATH]", value_parser = findings_target, default_value = "text")]
    pub(crate) format: Vec<FindingsTarget>,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// What is compared with: a revision of the git repository that the project lies in, or a folder with another copy
    /// of the project
    #[arg(long, value_name = "REVISION|FOLDER")]
    pub(crate) against: String,
    /// Compute too which figures change, of the rows in the store, which stays as it is
    #[arg(long)]
    pub(crate) values: bool,
    /// The most figures of each indicator that are shown as text, the greatest differences first; counts are exact
    #[arg(long, value_name = "N", default_value_t = 10, requires = "values")]
    pub(crate) limit: usize,
    /// Write all figures that change to a file, as CSV
    #[arg(long, value_name = "FILE", requires = "values")]
    pub(crate) csv: Option<PathBuf>,
    /// How changes are written: text, json, github, gitlab, junit or sarif; with `:PATH` to a file. May be given
    /// several times, once without a path
    #[arg(long, value_name = "FORMAT[:PATH]", value_parser = findings_target, default_value = "text")]
    pub(crate) format: Vec<FindingsTarget>,
    /// Write, in place of the changes, what lets those pass that are findings: to be put into musketer.yaml, with a
    /// reason for each
    #[arg(long, conflicts_with = "format")]
    pub(crate) exceptions: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArguments {
    /// Files and folders; the project's own if none is given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Change nothing; list the files that are not laid out, and end with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Change nothing; show what would change
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// The kind of file: codelist, dataset, source, indicator, `comparison_group`, pipeline, musketer for musketer.yaml,
    /// run-report for the report of a run, or plan for what `plan` writes; all of them if not given
    pub(crate) kind: Option<String>,
    /// Write `<kind>.json` into this folder instead of to standard output
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// A language of the definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    Da,
    En,
}

#[derive(Debug, Args)]
pub(crate) struct CatalogueArguments {
    /// The folder that the pages are written to
    #[arg(long, short, value_name = "DIR", default_value = "catalogue")]
    pub(crate) output: PathBuf,
    /// The language of the pages
    #[arg(long, value_enum, default_value_t = Language::Da)]
    pub(crate) language: Language,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// An indicator's id, or a code such as M5102
    #[arg(value_name = "INDICATOR|CODE")]
    pub(crate) subject: String,
    /// Whom the figure is about: a municipality, a region's code, DK, or a comparison group
    #[arg(long, visible_alias = "area", value_name = "AREA")]
    pub(crate) municipality: Option<String>,
    /// The period of the figure
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Option<Period>,
    /// The part of the figure, one category of each dimension: `sex=1,age_band=0-5`
    #[arg(long, value_name = "PART", default_value = model::TOTAL)]
    pub(crate) breakdown: String,
    /// The figure of the municipalities of this day (`today`, or a date), made of those that they came from
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) municipalities_of: Option<Date>,
    /// Figures by the versions that are valid in their periods, or all by the current ones
    #[arg(long, value_enum, default_value_t = Definitions::Then)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) moment: AsOfArguments,
    /// Show canonical rows behind the figure with file and line, at most N
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10")]
    pub(crate) rows: Option<usize>,
    /// How the explanation is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

fn day(text: &str) -> Result<Date, String> {
    if text == "today" {
        return Ok(crate::environment::today());
    }
    Date::parse_iso(text).ok_or_else(|| "a day is written 2025-01-01, or `today`".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "what a parser of values returns")]
fn parts(text: &str) -> Result<Parts, String> {
    Ok(if text == "all" { Parts::All } else { Parts::Named(text.to_owned()) })
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Csv,
    Parquet,
}

/// What areas are, as the tables name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Level {
    Municipality,
    Region,
    Country,
    ComparisonGroup,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Municipality => "municipality",
            Self::Region => "region",
            Self::Country => "country",
            Self::ComparisonGroup => "comparison_group",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Only this indicator; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) indicator: Vec<String>,
    /// Only this period; may be given several times
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Vec<Period>,
    /// Only this area: a municipality's code, a region's, DK, or a comparison group; may be given several times
    #[arg(long, value_name = "CODE")]
    pub(crate) area: Vec<String>,
    /// Only areas of this level; may be given several times
    #[arg(long, value_enum)]
    pub(crate) level: Vec<Level>,
    /// Instead of figures, who belongs to which comparison group, and in which order the nearest are; as CSV
    #[arg(long, conflicts_with_all = ["indicator", "period", "area", "level", "breakdown", "format"])]
    pub(crate) comparison_groups: bool,
    /// Instead of the totals alone: parts by these dimensions (`sex,age_band`), one part (`sex=1`), `total`, or `all`
    /// figures; may be given several times
    #[arg(long, value_name = "PARTS", value_parser = parts)]
    pub(crate) breakdown: Vec<Parts>,
    /// Figures of the municipalities of this day (`today`, or a date) for all periods: what was merged since is added up
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) municipalities_of: Option<Date>,
    /// Figures by the versions that are valid in their periods, or all by the current ones
    #[arg(long, value_enum, default_value_t = Definitions::Then)]
    pub(crate) definitions: Definitions,
    #[command(flatten)]
    pub(crate) moment: AsOfArguments,
    /// The format; by the ending of `--output` if not given, otherwise CSV
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExportFormat>,
    /// The separator of CSV
    #[arg(long, value_name = "CHARACTER", default_value_t = ',')]
    pub(crate) delimiter: char,
    /// The file; standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
