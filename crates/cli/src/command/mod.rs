//! The commands: each takes its arguments, asks the pipeline crate, and writes the answer.

mod apply;
mod backfill;
mod catalogue;
mod check;
mod decisions;
mod diff;
mod explain;
mod export;
mod fmt;
mod guess;
mod plan;
mod preview;
mod read;
mod reading;
mod rejects;
pub(crate) mod run;
mod schema;
mod status;
mod test;
mod upkeep;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipeline::{Project, RunError};

use crate::arguments::{Arguments, Command, Common};
use crate::exit::Exit;

/// Carries out the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, RunError> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Run(own) => run::run(common, own),
        Command::Plan(own) => plan::plan(common, own),
        Command::Apply(own) => apply::apply(common, own),
        Command::Backfill(own) => backfill::backfill(common, own),
        Command::Retract(own) => decisions::retract(common, own),
        Command::Release(own) => decisions::release(common, own),
        Command::Receipt(own) => decisions::receipt(common, own),
        Command::Approve(own) => decisions::approve(common, own),
        Command::Check(own) => check::check(common, own),
        Command::Test(own) => test::test(common, own),
        Command::Diff(own) => diff::diff(common, own),
        Command::Fmt(own) => fmt::fmt(common, own),
        Command::Schema(own) => schema::schema(common, own),
        Command::Catalogue(own) => catalogue::catalogue(common, own),
        Command::Status(own) => status::status(common, own),
        Command::Rejects(own) => rejects::rejects(common, own),
        Command::Explain(own) => explain::explain(common, own),
        Command::Export(own) => export::export(common, own),
        Command::Read(own) => read::read(common, own),
        Command::Preview(own) => preview::preview(common, own),
        Command::Guess(own) => guess::guess(common, own),
        Command::Doctor(own) => upkeep::doctor(common, own),
        Command::Gc(own) => upkeep::gc(common, own),
        Command::Backup(own) => upkeep::backup(common, own),
    }
}

fn root(common: &Common) -> Result<PathBuf, RunError> {
    match &common.project {
        Some(folder) => Ok(folder.clone()),
        None => Project::find(Path::new(".")),
    }
}

pub(crate) fn project(common: &Common) -> Result<Project, RunError> {
    Project::open(&root(common)?)
}

/// The texts of the project's definitions, for messages that show them; none if they cannot be read.
pub(crate) fn files(common: &Common) -> BTreeMap<String, Vec<u8>> {
    project(common).map(|project| project.files).unwrap_or_default()
}
