//! Arguments of the commands about rejected rows.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use model::{MunicipalityCode, Period};
use pipeline::{RejectFilter, RejectStatus};

use super::{CarryingArguments, DecisionArguments, Format};

#[derive(Debug, Subcommand)]
pub(crate) enum RejectsCommand {
    /// List rejected rows with their place and reason
    List(RejectsListArguments),
    /// Show a rejected record in full: what is wrong, what is expected, what was decided
    Show(ShowArguments),
    /// Say that rejected rows are known and need no more work; they stay rejected
    Waive(WaiveArguments),
    /// Read the deliveries with open rejected rows again by the definitions of today; what passes now is loaded
    Replay(ReplayArguments),
}

/// Which rejected rows are meant.
#[derive(Debug, Args)]
pub(crate) struct RejectsArguments {
    /// Only this source
    #[arg(long, value_name = "ID")]
    pub(crate) source: Option<String>,
    /// Only deliveries of this municipality
    #[arg(long, value_name = "CODE")]
    pub(crate) municipality: Option<MunicipalityCode>,
    /// Only deliveries of this period
    #[arg(long, value_name = "PERIOD")]
    pub(crate) period: Option<Period>,
    /// Only this code, for example M5106
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) code: Option<model::Code>,
}

impl RejectsArguments {
    pub(crate) fn filter(&self) -> RejectFilter {
        RejectFilter {
            source: self.source.clone(),
            municipality: self.municipality,
            period: self.period,
            code: self.code,
            ..RejectFilter::default()
        }
    }
}

fn code(text: &str) -> Result<model::Code, String> {
    model::Code::parse(text).ok_or_else(|| format!("`{text}` is no code of musketer; codes look like M5106"))
}

/// A delivery, or one record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectSubject {
    pub(crate) delivery: String,
    pub(crate) record: Option<u64>,
}

fn subject(text: &str) -> Result<RejectSubject, String> {
    let (delivery, record) = text.split_once(':').map_or((text, None), |(delivery, record)| (delivery, Some(record)));
    let record = record.map(|record| record.parse().map_err(|_| "behind the colon stands the number of a record"));
    Ok(RejectSubject { delivery: delivery.to_owned(), record: record.transpose()? })
}

/// Which rows are listed by what was decided about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFilter {
    Open,
    Waived,
    Replayed,
    All,
}

impl StatusFilter {
    pub(crate) fn status(self) -> Option<RejectStatus> {
        match self {
            Self::Open => Some(RejectStatus::Open),
            Self::Waived => Some(RejectStatus::Waived),
            Self::Replayed => Some(RejectStatus::Replayed),
            Self::All => None,
        }
    }
}

/// How rejected rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    Text,
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct RejectsListArguments {
    #[command(flatten)]
    pub(crate) which: RejectsArguments,
    /// Only this delivery; the first digits of its identifier suffice
    #[arg(long, value_name = "DELIVERY")]
    pub(crate) delivery: Option<String>,
    /// Only rows that are open, were waived, or have passed since
    #[arg(long, value_enum, default_value_t = StatusFilter::Open)]
    pub(crate) status: StatusFilter,
    /// The most rows that are listed, 20 if not given and all as CSV; the counts are always exact
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = RowsFormat::Text)]
    pub(crate) format: RowsFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The delivery, and the number of the record in it
    #[arg(value_name = "DELIVERY[:RECORD]", value_parser = subject)]
    pub(crate) subject: RejectSubject,
    /// The most records that are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) limit: usize,
    /// How they are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("meant").required(true).multiple(true)
    .args(["subject", "source", "municipality", "period", "code"])))]
pub(crate) struct WaiveArguments {
    /// The delivery, or one record of it: each row that is meant by this and the filters is waived
    #[arg(value_name = "DELIVERY[:RECORD]", value_parser = subject)]
    pub(crate) subject: Option<RejectSubject>,
    #[command(flatten)]
    pub(crate) which: RejectsArguments,
    /// Let them wait for somebody again
    #[arg(long)]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) decision: DecisionArguments,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Only this delivery
    #[arg(value_name = "DELIVERY")]
    pub(crate) delivery: Option<String>,
    #[command(flatten)]
    pub(crate) which: RejectsArguments,
    #[command(flatten)]
    pub(crate) carrying: CarryingArguments,
}
