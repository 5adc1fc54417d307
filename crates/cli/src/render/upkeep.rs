//! What was found and done by those who look after a store, for people.

use std::collections::BTreeMap;

use pipeline::{BackupReport, Check, Collected, GarbageKind};
use serde::Serialize;

use super::{counted, printable};

/// Files that are named one by one.
const SHOWN: usize = 20;

/// The questions with their answers, and the way out where one is needed.
pub(crate) fn checks(checks: &[Check]) -> String {
    let mut text = String::new();
    let widest = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for check in checks {
        let (verdict, name) = (check.verdict.as_str(), check.name);
        text += &format!("{verdict:<7} {name:<widest$}  {}\n", printable(&check.message));
        if !check.help.is_empty() {
            text += &format!("{:<7} {:<widest$}  help: {}\n", "", "", check.help);
        }
    }
    text
}

/// What may go, or went, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Garbage<'a> {
    dry_run: bool,
    files: u64,
    bytes: u64,
    kinds: BTreeMap<GarbageKind, Sum>,
    removed: &'a [Collected],
}

/// How much there is of a kind.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Sum {
    files: u64,
    bytes: u64,
}

impl<'a> Garbage<'a> {
    pub(crate) fn of(collected: &'a [Collected], dry_run: bool) -> Self {
        let mut kinds: BTreeMap<GarbageKind, Sum> = BTreeMap::new();
        for garbage in collected {
            let sum = kinds.entry(garbage.kind).or_default();
            sum.files += 1;
            sum.bytes += garbage.bytes;
        }
        let (files, bytes) = kinds.values().fold((0, 0), |(files, bytes), sum| (files + sum.files, bytes + sum.bytes));
        Self { dry_run, files, bytes, kinds, removed: collected }
    }
}

/// What may go, or went, for people.
pub(crate) fn garbage(collected: &[Collected], dry_run: bool) -> String {
    let sums = Garbage::of(collected, dry_run);
    let mut text = String::new();
    for (kind, sum) in &sums.kinds {
        text += &format!("{}: {}, {}\n", kind.title(), counted(sum.files, "file", "files"), size(sum.bytes));
        for garbage in collected.iter().filter(|garbage| garbage.kind == *kind).take(SHOWN) {
            text += &format!("  {}\n", printable(&garbage.path));
        }
        if sum.files > SHOWN as u64 {
            text += &format!("  and {} more\n", sum.files - SHOWN as u64);
        }
    }
    let (files, bytes) = (counted(sums.files, "file", "files"), size(sums.bytes));
    text + &if dry_run { format!("{files} would go, {bytes}\n") } else { format!("{files} removed, {bytes}\n") }
}

/// What was copied.
pub(crate) fn backup(report: &BackupReport) -> String {
    let rows = counted(report.rows.values().sum(), "row", "rows");
    let run = report.last_run.map_or("no run yet".to_owned(), |run| format!("up to run {run}"));
    let tables = counted(report.rows.len() as u64, "table", "tables");
    let mut text = format!(
        "{}: {}, schema {}, {run}; {rows} in {tables}, read back and compared\n",
        report.database,
        size(report.bytes),
        report.schema
    );
    if let Some(archive) = &report.archive {
        let files = counted(archive.files, "file", "files");
        text += &format!(
            "archive and canonical tables: {files}, {}, {} of them copied now\n",
            size(archive.bytes),
            archive.copied
        );
    }
    text
}

/// A number of bytes in a unit that people read.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
