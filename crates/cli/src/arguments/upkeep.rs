//! The arguments of the commands that look after a store.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use crate::waiting::WaitArguments;

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Read everything: the hash of every delivery, every index of the database, every canonical file
    #[arg(long)]
    pub(crate) full: bool,
    /// How the answers are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct GcArguments {
    /// Remove nothing; list what would go
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the list is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) waiting: WaitArguments,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The folder of the backup, or a file `*.db` for the database alone
    #[arg(value_name = "DIR|FILE")]
    pub(crate) to: PathBuf,
    /// Copy the raw archive and the canonical tables too; what an earlier backup in the folder has is not copied again
    #[arg(long)]
    pub(crate) with_archive: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
