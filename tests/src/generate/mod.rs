//! The generator of example deliveries: seeded, the same bytes on every machine, and fast enough for benchmarks.
//!
//! Where to start: [`generate`] writes a whole drop folder, [`generate_one`] a single file. [`plan`] says which files there
//! are, [`finance`], [`absence`], [`pupils`] and [`population`] write their rows, and [`faults`] is the table of what is
//! wrong with them on purpose. Nothing here reads a clock, and nothing is a float. What it does not do: know how the
//! deliveries are read; it shares no code with the reader.

pub mod absence;
pub mod accounts;
pub mod dirt;
pub mod faults;
pub mod finance;
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

use model::Period;

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
    let units = parameters.members().len() as u64 * u64::from(parameters.months);
    if parameters.postings < units {
        return Err(GenerateError::TooFewPostings { postings: parameters.postings, units });
    }
    for existing in ["deliveries", "later", "manifest.csv", "dirt.csv"].map(|name| folder.join(name)) {
        if existing.exists() {
            return Err(GenerateError::Exists { path: existing });
        }
    }
    let mut summary = Summary::default();
    let mut manifest = "path;source;municipality;period;version;rows;lines;bytes\n".to_owned();
    let mut dirt = "path;line;kind;code;outcome\n".to_owned();
    for delivery in plan::deliveries(parameters) {
        let path = delivery.path();
        let written = write(parameters, &delivery, &folder.join(&path))?;
        manifest_line(&mut manifest, &delivery, &written);
        written.found.iter().for_each(|found| dirt_line(&mut dirt, &path, found));
        summary.files += 1;
        summary.rows += written.rows;
        summary.bytes += written.bytes;
        summary.faults += written.found.len() as u64;
    }
    write_table(folder, "manifest.csv", &manifest)?;
    write_table(folder, "dirt.csv", &dirt)?;
    Ok(summary)
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

fn manifest_line(manifest: &mut String, delivery: &Delivery, written: &Written) {
    let Delivery { layout, period, version, .. } = delivery;
    let (path, source, municipality) = (delivery.path(), layout.source(), delivery.municipality());
    let Written { rows, lines, bytes, .. } = written;
    writeln!(manifest, "{path};{source};{municipality};{period};{version};{rows};{lines};{bytes}")
        .unwrap_or_else(|_| unreachable!("a string takes any text"));
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
