//! `musketer doctor`, `gc` and `backup`: looking after a store.

use pipeline::{Circumstances, RunError, Sweep, Verdict};

use crate::arguments::upkeep::{BackupArguments, DoctorArguments, GcArguments};
use crate::arguments::{Common, Format};
use crate::exit::Exit;
use crate::{environment, render};

/// Asks whether everything is in order.
pub(crate) fn doctor(common: &Common, own: &DoctorArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let key = environment::key_place().map_err(|error| RunError::Internal(format!("no random numbers: {error}")))?;
    let (now, host) = (environment::now(), environment::host());
    let circumstances = Circumstances { full: own.full, now: &now, host: &host, key: &key };
    let checks = pipeline::examine(&project, &circumstances);
    match own.format {
        Format::Json => render::result(&render::json(&checks)?)?,
        Format::Text => render::result(&render::upkeep::checks(&checks))?,
    }
    Ok(if checks.iter().any(|check| check.verdict == Verdict::Error) { Exit::Findings } else { Exit::Ok })
}

/// Removes what may go.
pub(crate) fn gc(common: &Common, own: &GcArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let sweep = Sweep {
        holder: environment::lock_holder("gc", None, &environment::now()),
        patience: own.waiting.patience()?,
        dry_run: own.dry_run,
        today: environment::today(),
    };
    let collected = pipeline::collect(&project, &sweep)?;
    match own.format {
        Format::Json => render::result(&render::json(&render::upkeep::Garbage::of(&collected, own.dry_run))?)?,
        Format::Text => render::result(&render::upkeep::garbage(&collected, own.dry_run))?,
    }
    Ok(Exit::Ok)
}

/// Copies the store.
pub(crate) fn backup(common: &Common, own: &BackupArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    let report = pipeline::back_up(&project, &own.to, own.with_archive)?;
    match own.format {
        Format::Json => render::result(&render::json(&report)?)?,
        Format::Text => render::result(&render::upkeep::backup(&report))?,
    }
    if let Some(key) = report.key.as_ref().filter(|_| !common.quiet) {
        render::note(&format!(
            "note: the key for pseudonyms ({key}) is not in the backup: keep a copy of it elsewhere, closed to others"
        ));
    }
    Ok(Exit::Ok)
}
