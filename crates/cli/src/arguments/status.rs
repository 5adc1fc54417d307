//! The arguments of `musketer status`.

use clap::{Args, ValueEnum};
use model::{Date, MunicipalityCode, Period};
use pipeline::UnitState;

use super::{AsOfArguments, Format, day};

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// The pipeline; the project's own if not given
    pub(crate) pipeline: Option<String>,
    /// How the status is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// List every delivery with its books
    #[arg(long)]
    pub(crate) deliveries: bool,
    /// Show the units of this source alone, municipality by municipality
    #[arg(long, value_name = "ID")]
    pub(crate) source: Option<String>,
    /// Only this municipality
    #[arg(long, value_name = "CODE")]
    pub(crate) municipality: Option<MunicipalityCode>,
    /// Only periods that begin with this one or later: 2024, 2024-05
    #[arg(long, value_name = "PERIOD")]
    pub(crate) from: Option<Period>,
    /// Only periods that begin before this one
    #[arg(long, value_name = "PERIOD")]
    pub(crate) to: Option<Period>,
    #[command(flatten)]
    pub(crate) moment: AsOfArguments,
    /// The day on which something is due or late; today if not given, or that of --as-of
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) day: Option<Date>,
    /// End with 1 if a unit is in one of these states; several with commas between them
    #[arg(long, value_enum, value_name = "STATE", value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
}

/// States of units that a schedule may want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Due, and the days of grace are over
    Late,
    /// Owed, and nobody has said by when
    Missing,
    /// The delivery is refused
    Failed,
    /// The delivery goes beyond its budget
    Withheld,
}

impl FailOn {
    /// The state.
    pub(crate) fn state(self) -> UnitState {
        match self {
            Self::Late => UnitState::Late,
            Self::Missing => UnitState::Missing,
            Self::Failed => UnitState::Failed,
            Self::Withheld => UnitState::Withheld,
        }
    }
}
