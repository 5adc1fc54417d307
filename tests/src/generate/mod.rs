//! The generator of example deliveries: seeded, the same bytes on every machine, and fast enough for benchmarks.
//!
//! Where to start: [`generate`] writes a whole drop folder, [`generate_one`] a single file. [`plan`] says which files there
//! are, [`finance`], [`absence`], [`pupils`] and [`population`] write their rows, and [`faults`] is the table of what is
//! wrong with them on purpose. [`generate_ledger`] writes what the benchmark against other engines reads. Nothing here
//! reads a clock, and nothing is a float. What it does not do: know how the deliveries are read; it shares no code with
//! the reader.

pub mod absence;
pub mod accounts;
pub mod dirt;
pub mod faults;
pub mod finance;
pub mod ledger;
pub mod municipalities;
pub mod persons;
pub mod plan;
pub mod population;
pub mod pupils;
pub mod random;
pub mod texts;
pub mod writer;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use model::{Period, PeriodKind};

use self::dirt::Found;
use self::plan::{Delivery, Folder, Layout, Parameters};
use self::writer::{DeliveryFile, Form, Written};

/// Why deliveries cannot be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file or folder cannot be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The output folder holds deliveries already, and the old ones would mix with the new.
    #[error("`{}` exists already; remove it, or choose another folder", path.display())]
    Exists {
        /// What exists.
        path: PathBuf,
    },
    /// There are fewer postings than municipalities and months.
    #[error("{postings} postings are too few: {units} are needed, one for every municipality and month")]
    TooFewPostings {
        /// The number asked for.
        postings: u64,
        /// The least number.
        units: u64,
    },
}

/// What was generated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files.
    pub files: u64,
    /// Data rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Planted faults.
    pub faults: u64,
}

/// Writes `deliveries/`, `later/`, `manifest.csv` and `dirt.csv` below the folder.
///
/// # Errors
/// A folder that holds deliveries already, too few postings, or a disk that cannot be written.
pub fn generate(parameters: &Parameters, folder: &Path) -> Result<Summary, GenerateError> {
    begin(parameters, folder)?;
    let mut tables = Tables::new();
    for delivery in plan::deliveries(parameters) {
        let written = write(parameters, &delivery, &folder.join(delivery.path()))?;
        tables.add_delivery(&delivery, &written);
    }
    tables.write(folder)
}

/// Writes one finance delivery of one municipality (Aarhus) and the first month, with exactly so many sound rows.
///
/// # Errors
/// A disk that cannot be written.
pub fn generate_one(parameters: &Parameters, layout: Layout, rows: u64, path: &Path) -> Result<Summary, GenerateError> {
    let position = municipalities::MUNICIPALITIES.iter().position(|municipality| municipality.code == "0751");
    let period = Period::containing(layout.period(), parameters.first.start());
    let delivery = Delivery { layout, position, period, version: 1, folder: Folder::Deliveries };
    let parameters = Parameters { months: 1, ..*parameters };
    let mut file = DeliveryFile::create(path, form(layout), Vec::new())?;
    finance::write(&mut file, &parameters, &delivery, false, &|_| rows)?;
    let written = file.finish()?;
    Ok(Summary { files: 1, rows: written.rows, bytes: written.bytes, faults: 0 })
}

/// Writes the deliveries of the benchmark: a year's ledger, as one file of the country or as a file for each municipality,
/// the population of that year, and `manifest.csv` and `dirt.csv` as for [`generate`].
///
/// # Errors
/// A folder that holds deliveries already, too few postings, or a disk that cannot be written.
pub fn generate_ledger(parameters: &Parameters, split: bool, folder: &Path) -> Result<Summary, GenerateError> {
    let parameters = Parameters { months: 12, clean: true, ..*parameters };
    begin(&parameters, folder)?;
    let mut tables = Tables::new();
    let year = Period::containing(PeriodKind::Year, parameters.first.start());
    for ledger::LedgerFile { path, municipality, written } in ledger::write(&parameters, split, folder)? {
        tables.add(&path, &format!("ledger;{municipality};{year};1"), &written);
    }
    let layout = Layout::StatbankPopulation;
    let delivery = Delivery { layout, position: None, period: year, version: 1, folder: Folder::Deliveries };
    let written = write(&parameters, &delivery, &folder.join(delivery.path()))?;
    tables.add_delivery(&delivery, &written);
    tables.write(folder)
}

/// Refuses what cannot be divided among the months, and a folder with deliveries in it.
fn begin(parameters: &Parameters, folder: &Path) -> Result<(), GenerateError> {
    let units = parameters.members().len() as u64 * u64::from(parameters.months);
    if parameters.postings < units {
        return Err(GenerateError::TooFewPostings { postings: parameters.postings, units });
    }
    let places = ["deliveries", "later", "manifest.csv", "dirt.csv"].map(|name| folder.join(name));
    let existing = places.into_iter().find(|path| path.exists());
    existing.map_or(Ok(()), |path| Err(GenerateError::Exists { path }))
}

fn form(layout: Layout) -> Form {
    match layout {
        Layout::OpusFinance => finance::OPUS_FORM,
        Layout::PrismeFinance => finance::PRISME_FORM,
        Layout::OesFinance => finance::OES_FORM,
        Layout::StatbankPopulation => population::FORM,
        Layout::OpusAbsence => absence::OPUS_FORM,
        Layout::SdAbsence => absence::SD_FORM,
        Layout::TabulexPupils => pupils::FORM,
    }
}

fn write(parameters: &Parameters, delivery: &Delivery, path: &Path) -> Result<Written, GenerateError> {
    let planted = if parameters.clean { Vec::new() } else { dirt::planted(delivery) };
    let plain = dirt::leaves_a_quote_open(&planted);
    let mut file = DeliveryFile::create(path, form(delivery.layout), planted)?;
    let year = delivery.period.start().year();
    let position = delivery.position.unwrap_or(0);
    match delivery.layout {
        Layout::OpusFinance | Layout::PrismeFinance | Layout::OesFinance => {
            let rows = |month| parameters.postings_of(position, month);
            finance::write(&mut file, parameters, delivery, plain, &rows)?;
        }
        Layout::StatbankPopulation => population::write(&mut file, parameters.seed, year)?,
        Layout::OpusAbsence | Layout::SdAbsence => absence::write(&mut file, parameters, delivery)?,
        Layout::TabulexPupils => pupils::write(&mut file, parameters.seed, position, parameters.persons, year)?,
    }
    file.finish()
}

/// The tables of what was written, and their sums.
#[derive(Debug)]
struct Tables {
    manifest: String,
    dirt: String,
    summary: Summary,
}

impl Tables {
    fn new() -> Self {
        let manifest = "path;source;municipality;period;version;rows;lines;bytes\n".to_owned();
        let dirt = "path;line;kind;code;outcome\n".to_owned();
        Self { manifest, dirt, summary: Summary::default() }
    }

    fn add_delivery(&mut self, delivery: &Delivery, written: &Written) {
        let Delivery { layout, period, version, .. } = delivery;
        let scope = format!("{};{};{period};{version}", layout.source(), delivery.municipality());
        self.add(&delivery.path(), &scope, written);
    }

    /// Adds a file; the scope is source, municipality, period and version.
    fn add(&mut self, path: &str, scope: &str, written: &Written) {
        let Written { rows, lines, bytes, found } = written;
        writeln!(self.manifest, "{path};{scope};{rows};{lines};{bytes}")
            .unwrap_or_else(|_| unreachable!("a string takes any text"));
        for fault in found {
            dirt_line(&mut self.dirt, path, fault);
        }
        self.summary.files += 1;
        self.summary.rows += rows;
        self.summary.bytes += bytes;
        self.summary.faults += found.len() as u64;
    }

    fn write(self, folder: &Path) -> Result<Summary, GenerateError> {
        write_table(folder, "manifest.csv", &self.manifest)?;
        write_table(folder, "dirt.csv", &self.dirt)?;
        Ok(self.summary)
    }
}

fn dirt_line(dirt: &mut String, path: &str, found: &Found) {
    let line = found.line.map(|line| line.to_string()).unwrap_or_default();
    let code = found.code.map(|code| code.to_string()).unwrap_or_default();
    writeln!(dirt, "{path};{line};{};{code};{}", found.kind, found.outcome.as_str())
        .unwrap_or_else(|_| unreachable!("a string takes any text"));
}

fn write_table(folder: &Path, name: &str, text: &str) -> Result<(), GenerateError> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|source| GenerateError::Write { path, source })
}
