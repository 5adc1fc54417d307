//! Whether everything is in order: the project, the store, the disk, the key. One question after the other, each with an
//! answer and a way out. It only looks.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use extractor::{Archive, ExtractError};
use loader::{DeliveryState, LoadError, Store, disk, library_version, part_path};
use serde::Serialize;

use crate::lock::Held;
use crate::{KeyPlace, Project, RunError, load_key, lock};

/// So much has to be free, in bytes: below the first a run may fail tonight, below the second some night.
const FREE: (u64, u64) = (200 << 20, 2 << 30);
/// So many things are named one by one.
const NAMED: usize = 3;

/// How a question was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// In order.
    Ok,
    /// Not as it should be, but runs go on.
    Warning,
    /// Something is broken.
    Error,
}

impl Verdict {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub message: String,
    /// The way out; empty where everything is in order.
    pub help: String,
}

/// What the caller knows.
#[derive(Debug)]
pub struct Circumstances<'a> {
    /// Whether everything is read that takes long: all bytes of the archive and of the database.
    pub full: bool,
    /// The time, RFC 3339.
    pub now: &'a str,
    /// This machine.
    pub host: &'a str,
    /// Where keys may lie.
    pub key: &'a KeyPlace,
}

type Answer = (Verdict, String, &'static str);

fn ok(message: impl Into<String>) -> Answer {
    (Verdict::Ok, message.into(), "")
}

fn warning(message: impl Into<String>, help: &'static str) -> Answer {
    (Verdict::Warning, message.into(), help)
}

fn error(message: impl Into<String>, help: &'static str) -> Answer {
    (Verdict::Error, message.into(), help)
}

/// Asks everything.
pub fn examine(project: &Project, circumstances: &Circumstances<'_>) -> Vec<Check> {
    let root = project.store();
    let mut checks = Vec::new();
    let mut add = |name: &'static str, (verdict, message, help): Answer| {
        checks.push(Check { name, verdict, message, help: help.to_owned() });
    };
    add("definitions", definitions(project));
    add("drop folders", drop_folders(project));
    add("key", key(project, circumstances.key));
    add("SQLite", ok(format!("version {}", library_version())));
    add("disk", file_system(&root));
    add("store folder", writable(&root));
    add("last report", last_report(&root));
    let holder = lock::look(&root, circumstances.host);
    add("lock", held(&holder));
    match Store::open_read_only(&root) {
        Err(LoadError::Missing { .. }) => {
            add("database", warning("nothing has been published yet", "`musketer run` makes the store"));
        }
        Err(LoadError::Older { found, known, .. }) => {
            let message = format!("the schema has version {found}, and this program writes {known}");
            add("database", warning(message, "the next run upgrades it, after a copy beside it was made and verified"));
        }
        Err(failed) => add("database", error(failed.to_string(), failed.code().info().remedy)),
        Ok(mut store) => {
            add("database", sound(&store, circumstances.full));
            let asked: [(&'static str, Result<Answer, RunError>); 5] = [
                ("books", books(&mut store)),
                ("clock", clock(&mut store, circumstances.now)),
                ("canonical files", parts(&mut store, &root, circumstances.full)),
                ("unreferenced files", orphans(&mut store, matches!(holder, Ok(Held::By(_))))),
                ("raw archive", archive(&mut store, &root, circumstances.full)),
            ];
            for (name, answer) in asked {
                let help = "mend the cause that the message names";
                add(name, answer.unwrap_or_else(|failed| error(failed.to_string(), help)));
            }
        }
    }
    checks
}

fn definitions(project: &Project) -> Answer {
    let errors = project.diagnostics.iter().filter(|found| found.is_error()).count();
    let warnings = project.diagnostics.len() - errors;
    let catalogue = &project.catalogue;
    let (sources, indicators) = (catalogue.sources.len(), catalogue.indicators.len());
    match (errors, warnings) {
        (0, 0) => ok(format!("{sources} sources, {indicators} indicators, {} pipelines", catalogue.pipelines.len())),
        (0, _) => warning(format!("{warnings} warnings"), "`musketer check` shows them"),
        _ => error(format!("{errors} errors: no run can start"), "`musketer check` shows them"),
    }
}

fn drop_folders(project: &Project) -> Answer {
    let folders: BTreeSet<&str> = project.catalogue.pipelines.values().map(|pipeline| pipeline.drop.as_str()).collect();
    let mut unreadable = Vec::new();
    let mut read = 0;
    for folder in folders {
        let path = project.root.join(folder);
        match fs::read_dir(&path) {
            Ok(_) => read += 1,
            Err(failed) => unreadable.push(format!("{}: {failed}", path.display())),
        }
    }
    if unreadable.is_empty() {
        return ok(format!("{read} can be read"));
    }
    error(few(&unreadable), "make the folder, or let the user that runs musketer read it")
}

fn key(project: &Project, place: &KeyPlace) -> Answer {
    let Some(source) = &project.configuration.persons else {
        let personal = project.catalogue.datasets.values().filter(|dataset| dataset.is_personal()).count();
        return match personal {
            0 => ok("none is needed"),
            _ => warning(
                format!("there is none, and {personal} datasets are about persons: their deliveries are refused"),
                "write `persons: {key: keys/person.key, create: true}` into musketer.yaml",
            ),
        };
    };
    let outside = matches!(source, definitions::PersonKeySource::Credential { .. }) && place.credentials.is_none();
    if outside {
        let help = "ask within the unit: systemd-run with the same LoadCredential, or ExecStartPre";
        return warning("it is a credential of systemd, which only its services have", help);
    }
    let create = matches!(source, definitions::PersonKeySource::File { create: true, .. });
    match load_key(&project.root, Some(&source.existing()), place) {
        Ok(_) => ok("there, and closed to others"),
        Err(RunError::Usage { code: model::Code::KEY_MISSING, message, .. }) if create => {
            warning(message, "the next run makes it; if there was one, bring it back from where it is kept")
        }
        Err(failed) => error(failed.to_string(), "close it (chmod 600), or bring it back from where it is kept"),
    }
}

fn file_system(root: &Path) -> Answer {
    let there = root.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let help = "make room: `musketer gc --dry-run` says what may go; or a larger disk";
    match disk(there) {
        Err(failed) => error(failed.to_string(), "let the user that runs musketer see the folder"),
        Ok(found) => {
            let free = format!("{} MB free", found.free_bytes >> 20);
            match found.remote {
                Some(kind) => warning(
                    format!("{free}; the store lies on {kind}"),
                    "put the store on a local disk: SQLite cannot lock reliably elsewhere",
                ),
                None if found.free_bytes < FREE.0 => error(free, help),
                None if found.free_bytes < FREE.1 => warning(free, help),
                None => ok(free),
            }
        }
    }
}

fn writable(root: &Path) -> Answer {
    if !root.is_dir() {
        return warning(format!("there is no {}", root.display()), "`musketer run` makes it");
    }
    // Whether a file can be made is known for certain only by making one.
    match tempfile::Builder::new().prefix(".doctor").tempfile_in(root) {
        Ok(_) => ok("can be written"),
        Err(failed) => error(failed.to_string(), "let the user that runs musketer write the store, and no other"),
    }
}

/// What the report says that the last run left, however it ended.
fn last_report(root: &Path) -> Answer {
    let Ok(bytes) = fs::read(root.join("reports/latest.json")) else { return ok("no run has left one") };
    let report: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let (summary, exit) = (report["summary"].as_str(), report["exit_code"].as_i64());
    match (summary, exit) {
        (Some(summary), Some(0)) => ok(summary),
        (Some(summary), Some(_)) => warning(summary, "docs/operations.md says what each exit code asks for"),
        _ => warning("`reports/latest.json` is no report", "nothing to do: the next run writes it anew"),
    }
}

fn held(holder: &Result<Held, RunError>) -> Answer {
    match holder {
        Ok(Held::Free) => ok("nobody holds the store"),
        Ok(Held::By(who)) => ok(format!("held by {who}")),
        Ok(Held::Left(who)) => warning(
            format!("{who} ended without releasing it"),
            "nothing to do: the lock died with its process, and the next run cleans up",
        ),
        Err(failed) => error(failed.to_string(), "let the user that runs musketer read the file `lock`"),
    }
}

fn sound(store: &Store, full: bool) -> Answer {
    match store.check(full) {
        Ok(()) if full => ok("every page, index and reference was read and is sound"),
        Ok(()) => ok("sound; `--full` reads its indexes too"),
        Err(failed) => error(failed.to_string(), failed.code().info().remedy),
    }
}

fn books(store: &mut Store) -> Result<Answer, RunError> {
    let unbalanced = store.read()?.unbalanced(100)?;
    let named: Vec<String> = unbalanced.iter().map(|of| format!("{}: {}", of.delivery, of.reason)).collect();
    Ok(match named.as_slice() {
        [] => ok("rows read = accepted + rejected + skipped, for every delivery"),
        _ => error(
            few(&named),
            "somebody has written to the database: restore a backup, or move the database away and run",
        ),
    })
}

fn clock(store: &mut Store, now: &str) -> Result<Answer, RunError> {
    let last = store.read()?.runs(1)?.into_iter().next();
    let last = last.map(|run| run.ended_at.unwrap_or(run.started_at));
    // Both are written in the same form, in UTC, so they compare as texts.
    Ok(match last {
        Some(last) if last.as_str() > now => error(
            format!("it is {now} here, and the last run ended at {last}"),
            "set the clock; the numbers of runs give their order, but their times are wrong",
        ),
        Some(last) => ok(format!("{now}; the last run ended at {last}")),
        None => ok(now),
    })
}

fn parts(store: &mut Store, root: &Path, full: bool) -> Result<Answer, RunError> {
    let (mut broken, mut sound) = (Vec::new(), 0_u64);
    for unit in store.read()?.units()? {
        let Some(part) = &unit.part else { continue };
        let path = part_path(root, part);
        let is_there = fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0);
        // A footer that can be read says how many rows there are.
        let is_sound = is_there && (!full || loader::rows_of_part(&path).is_ok_and(|rows| rows == unit.rows));
        if is_sound { sound += 1 } else { broken.push(part.clone()) }
    }
    Ok(if broken.is_empty() {
        ok(format!("{sound} files, all that units name"))
    } else {
        let help = "the next run reads their deliveries again; damaged files have to be removed first";
        error(format!("missing or damaged: {}", few(&broken)), help)
    })
}

fn orphans(store: &mut Store, at_work: bool) -> Result<Answer, RunError> {
    if at_work {
        return Ok(ok("not asked while a run is at work"));
    }
    let orphans = store.unreferenced_parts()?.len();
    Ok(match orphans {
        0 => ok("none"),
        _ => warning(
            format!("{orphans} canonical files that no unit names"),
            "`musketer gc` removes them, as does the next run that publishes",
        ),
    })
}

fn archive(store: &mut Store, root: &Path, full: bool) -> Result<Answer, RunError> {
    let folder = root.join("raw");
    if !folder.is_dir() {
        return Ok(error(format!("there is no {}", folder.display()), "restore it from a backup"));
    }
    let archive = Archive::open(&folder)?;
    let (mut lost, mut given_up, mut held) = (Vec::new(), 0_u64, 0_u64);
    for entry in store.read()?.deliveries()? {
        let (content, name) = (&entry.record.delivery.content, &entry.record.delivery.name);
        match archive.read(content) {
            Err(ExtractError::Discarded { .. }) if entry.record.state == DeliveryState::Superseded => given_up += 1,
            Err(failed) => lost.push(format!("{name}: {failed}")),
            Ok(mut bytes) => {
                // The hash is compared at the end of what is read.
                let read = if full {
                    std::io::copy(&mut bytes, &mut std::io::sink())
                } else {
                    bytes.read(&mut [0]).map(|_| 0)
                };
                match read {
                    Ok(_) => held += 1,
                    Err(failed) => lost.push(format!("{name}: {failed}")),
                }
            }
        }
    }
    let how = if full { "every byte was compared with its hash" } else { "`--full` compares their hashes" };
    let given_up = if given_up == 0 { String::new() } else { format!(", {given_up} given up by `gc`") };
    Ok(if lost.is_empty() {
        ok(format!("{held} deliveries{given_up}; {how}"))
    } else {
        error(few(&lost), "restore the files from a backup, or deliver them again; figures stay as they are until then")
    })
}

/// The first few, and how many more there are.
fn few(all: &[String]) -> String {
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    if all.len() > NAMED { format!("{named}; and {} more", all.len() - NAMED) } else { named }
}
