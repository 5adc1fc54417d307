//! The command that writes example deliveries; see `docs/example-data.md`. All it does is read its arguments.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use model::{Period, PeriodKind};
use musketer_tests::generate::plan::{Layout, POSTINGS_PER_MONTH, Parameters};
use musketer_tests::generate::{GenerateError, Summary, generate, generate_ledger, generate_one};

/// Writes example deliveries: the same bytes for the same arguments, on every machine.
#[derive(Debug, Parser)]
#[command(name = "generate")]
struct Arguments {
    /// The folder to write to; with `--one-file` the file
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// The seed of all random numbers
    #[arg(long, default_value_t = 2024)]
    seed: u64,
    /// How many municipalities deliver, from the first of the list of 98
    #[arg(long, default_value_t = 98, value_parser = clap::value_parser!(u8).range(1..=98))]
    municipalities: u8,
    /// The first month
    #[arg(long, value_name = "YYYY-MM", default_value = "2024-01", value_parser = month)]
    from: Period,
    /// The number of months
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=240))]
    months: u32,
    /// Finance postings in all [default: 12 for every municipality and month]
    #[arg(long, value_name = "N")]
    postings: Option<u64>,
    /// Employees of every municipality; pupils are about eight times as many, in three classes or more
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=5000))]
    persons: u32,
    /// Leave out the faults, and let everybody deliver everything once and in time
    #[arg(long)]
    clean: bool,
    /// Write a single delivery with so many postings instead
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..=90_000_000))]
    one_file: Option<u64>,
    /// Write the ledger that the benchmark reads, with `--postings` rows over the twelve months of the year of `--from`
    #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["one_file", "clean"])]
    ledger: Option<Ledger>,
    /// The layout of the single delivery
    #[arg(long, value_enum, default_value_t = FinanceLayout::Opus, requires = "one_file")]
    layout: FinanceLayout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ledger {
    /// One file of all municipalities
    OneFile,
    /// One file for each municipality
    ManyFiles,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FinanceLayout {
    #[value(name = "opus_finance")]
    Opus,
    #[value(name = "prisme_finance")]
    Prisme,
    #[value(name = "oes_finance")]
    Oes,
}

fn month(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|error: model::PeriodError| error.to_string())?;
    let early_enough = (1990..=2100).contains(&period.start().year());
    let good = period.kind() == PeriodKind::Month && early_enough;
    good.then_some(period).ok_or_else(|| format!("`{text}` is not a month between 1990-01 and 2100-12"))
}

fn run(arguments: &Arguments) -> Result<Summary, GenerateError> {
    let municipalities = usize::from(arguments.municipalities);
    let units = u64::from(arguments.municipalities) * u64::from(arguments.months);
    let parameters = Parameters {
        seed: arguments.seed,
        municipalities,
        first: arguments.from,
        months: arguments.months,
        postings: arguments.postings.unwrap_or(units * POSTINGS_PER_MONTH),
        persons: arguments.persons,
        clean: arguments.clean,
    };
    let layout = match arguments.layout {
        FinanceLayout::Opus => Layout::OpusFinance,
        FinanceLayout::Prisme => Layout::PrismeFinance,
        FinanceLayout::Oes => Layout::OesFinance,
    };
    match (arguments.ledger, arguments.one_file) {
        (Some(form), _) => generate_ledger(&parameters, form == Ledger::ManyFiles, &arguments.out),
        (None, Some(rows)) => generate_one(&parameters, layout, rows, &arguments.out),
        (None, None) => generate(&parameters, &arguments.out),
    }
}

fn main() -> ExitCode {
    let result = run(&Arguments::parse());
    let (text, code) = match &result {
        Ok(Summary { files, rows, bytes, faults }) => {
            (format!("{files} files, {rows} rows, {bytes} bytes, {faults} faults"), ExitCode::SUCCESS)
        }
        Err(error) => (format!("error: {error}"), ExitCode::from(2)),
    };
    // A reader that has gone away is no failure of the generator.
    if result.is_ok() {
        drop(writeln!(std::io::stdout(), "{text}"));
    } else {
        drop(writeln!(std::io::stderr(), "{text}"));
    }
    code
}
