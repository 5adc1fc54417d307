//! The arguments of commands that look ahead, and of those that carry out what was seen.

use std::path::PathBuf;

use clap::Args;

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
