//! Reads folders and writes diagnostics plainly; shared by the tests here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use model::{Diagnostic, Place};

/// The bytes of files by their path below a folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The repository's folder.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below a folder of `root`, by its path below `root`.
pub(crate) fn read(root: &Path, folder: &str) -> Files {
    let mut files = Files::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(root).expect("a path below the root").to_string_lossy().replace('\\', "/");
            files.insert(below, fs::read(&path).expect("a readable file"));
        }
    }
    files
}

/// The definitions and pipelines below a root.
pub(crate) fn project(root: &Path) -> Files {
    let mut files = read(root, "definitions");
    files.extend(read(root, "pipelines"));
    files
}

/// One diagnostic a line, with its way out and its other places beneath it.
pub(crate) fn plainly(findings: &[Diagnostic]) -> String {
    let mut out = String::new();
    for found in findings {
        let place = found.place.as_ref().map_or_else(|| "-".to_owned(), at);
        writeln!(out, "{place} {} {}", found.code, found.message).expect("a text grows");
        for (place, label) in &found.related {
            writeln!(out, "  see {} {label}", at(place)).expect("a text grows");
        }
        if let Some(help) = &found.help {
            writeln!(out, "  help: {help}").expect("a text grows");
        }
    }
    out
}

fn at(place: &Place) -> String {
    let length = if place.length > 1 { format!("+{}", place.length) } else { String::new() };
    format!("{}:{}:{}{length}", place.file, place.line, place.column)
}
