//! The arguments of the commands by which people decide something.

use clap::Args;
use model::{MunicipalityCode, Period};

use super::{DecisionArguments, Format, WatchArguments};
use crate::waiting::WaitArguments;

/// How a decision is carried out, and how that is reported.
#[derive(Debug, Args)]
pub(crate) struct CarryingArguments {
    /// The pipeline; the project's own if not given
    #[arg(long, value_name = "PIPELINE")]
    pub(crate) pipeline: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) waiting: WaitArguments,
    #[command(flatten)]
    pub(crate) watched: WatchArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseArguments {
    /// The delivery; the first digits of its identifier suffice. `status` names those that are withheld
    pub(crate) delivery: String,
    /// Judge it by the budget again
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) decision: DecisionArguments,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReceiptArguments {
    /// The source
    #[arg(long, value_name = "ID")]
    pub(crate) source: String,
    /// The municipality
    #[arg(long, value_name = "CODE")]
    pub(crate) municipality: MunicipalityCode,
    /// The period that there is nothing to report for
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Period,
    #[command(flatten)]
    pub(crate) decision: DecisionArguments,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
}
