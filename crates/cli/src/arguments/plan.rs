//! The arguments of commands that look ahead, and of those that carry out what was seen.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::{AsDefined, MunicipalityCode, Period};
use pipeline::{Reprocess, Resumption};

use super::{Format, WatchArguments};
use crate::waiting::WaitArguments;

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The pipeline; the project's own if not given
    pub(crate) pipeline: Option<String>,
    /// Files that are read side by side; one for each processor if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How the plan is written to standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write the plan as JSON to a file too, for `musketer apply`
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// End with 5 if there is something to do
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// The plan, as `musketer plan --output` wrote it
    #[arg(value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Deliveries that are read side by side; one for each processor if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) waiting: WaitArguments,
    #[command(flatten)]
    pub(crate) watched: WatchArguments,
}

/// Which deliveries a backfill reads, besides those that were never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Again {
    /// No others
    Missing,
    /// Those that were refused or withheld, even if nothing has changed
    Failed,
    /// Those that were read with other definitions than today's
    Stale,
    /// All of them
    All,
}

impl Again {
    pub(crate) fn reprocess(self) -> Reprocess {
        match self {
            Self::Missing => Reprocess::Missing,
            Self::Failed => Reprocess::Failed,
            Self::Stale => Reprocess::Stale,
            Self::All => Reprocess::All,
        }
    }
}

/// By which versions of definitions the wanted figures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The versions that are valid in their periods
    AsOfPeriod,
    /// The current ones, whatever the period
    Current,
}

impl By {
    pub(crate) fn as_defined(self) -> AsDefined {
        match self {
            Self::AsOfPeriod => AsDefined::Then,
            Self::Current => AsDefined::Now,
        }
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct BackfillArguments {
    /// The pipeline; the project's own if not given
    pub(crate) pipeline: Option<String>,
    /// From the beginning of this period on
    #[arg(long, value_name = "PERIOD")]
    pub(crate) from: Option<Period>,
    /// Up to the beginning of this period, which itself is left out: `--from 2023 --to 2025` are two years
    #[arg(long, value_name = "PERIOD")]
    pub(crate) to: Option<Period>,
    /// Only this municipality; may be given several times
    #[arg(long, value_name = "CODE")]
    pub(crate) municipality: Vec<MunicipalityCode>,
    /// Only this source; may be given several times
    #[arg(long, value_name = "ID")]
    pub(crate) source: Vec<String>,
    /// Only sources of the datasets that this indicator, or the indicators of this municipal area, read; may be given
    /// several times
    #[arg(long, value_name = "INDICATOR|AREA", conflicts_with = "source")]
    pub(crate) select: Vec<String>,
    /// Which deliveries are read, besides those that were never read
    #[arg(long, value_enum, default_value_t = Again::Missing)]
    pub(crate) reprocess: Again,
    /// Begin with the latest period
    #[arg(long)]
    pub(crate) newest_first: bool,
    /// By which versions of definitions figures are wanted: ends with 2 if the pipeline does not have them
    #[arg(long, value_enum, default_value_t = By::AsOfPeriod)]
    pub(crate) definitions: By,
    /// Do nothing if more units would be touched
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) max_units: u64,
    /// Only show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do the steps that are left of a backfill with the same arguments
    #[arg(long, conflicts_with_all = ["restart", "dry_run"])]
    pub(crate) resume: bool,
    /// Give up a backfill that has steps left, and begin anew
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) restart: bool,
    /// Deliveries that are read side by side; one for each processor if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) waiting: WaitArguments,
    #[command(flatten)]
    pub(crate) watched: WatchArguments,
}

impl BackfillArguments {
    pub(crate) fn resumption(&self) -> Resumption {
        match (self.resume, self.restart) {
            (true, _) => Resumption::Resume,
            (false, true) => Resumption::Restart,
            (false, false) => Resumption::Refuse,
        }
    }
}
