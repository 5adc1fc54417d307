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
pub(crate) struct RetractArguments {
    /// The delivery; the first digits of its identifier suffice. `status --deliveries` lists them
    pub(crate) delivery: String,
    /// Let it hold again
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) decision: DecisionArguments,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
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

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["list", "reason"]))]
pub(crate) struct ApproveArguments {
    /// The area of work, as the pipeline's `approvals` name it
    #[arg(long, value_name = "AREA", required_unless_present = "list")]
    pub(crate) area: Option<String>,
    /// The municipality
    #[arg(long, value_name = "CODE", required_unless_present = "list")]
    pub(crate) municipality: Option<MunicipalityCode>,
    /// The period; whoever approves a year approves its months, too
    #[arg(long, value_name = "PERIOD", required_unless_present = "list")]
    pub(crate) period: Option<Period>,
    /// Hold them again
    #[arg(long, conflicts_with = "list")]
    pub(crate) withdraw: bool,
    /// Show what is held, with its values, and change nothing
    #[arg(long, conflicts_with = "by")]
    pub(crate) list: bool,
    /// Why; it is recorded with who and when
    #[arg(long, value_name = "TEXT", value_parser = super::reason)]
    pub(crate) reason: Option<String>,
    /// Who decides; the user at this machine if not given
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
}
