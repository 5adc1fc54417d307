//! `musketer fmt`: definition files in the one layout.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use model::{Code, Diagnostic};
use pipeline::{Project, RunError};

use crate::arguments::{Common, FmtArguments};
use crate::exit::Exit;
use crate::render;

/// The deepest folder that files are looked for in.
const DEEPEST: usize = 16;

pub(crate) fn fmt(common: &Common, own: &FmtArguments) -> Result<Exit, RunError> {
    let files = if own.paths.is_empty() { of_project(common)? } else { named(&own.paths)? };
    let (mut changed, mut broken) = (Vec::new(), false);
    for (name, path) in &files {
        let bytes = fs::read(path).map_err(file(path))?;
        match definitions::format(name, &bytes) {
            Ok(text) if text.as_bytes() == bytes => {}
            Ok(text) => {
                if own.diff {
                    let before = String::from_utf8_lossy(&bytes).into_owned();
                    render::result(&render::difference::unified(name, &before, &text))?;
                }
                if !own.check && !own.diff {
                    replace(path, &text)?;
                }
                changed.push(name.as_str());
            }
            Err(findings) => {
                broken = true;
                show(&findings, name, bytes);
            }
        }
    }
    if own.check {
        if !own.diff {
            render::result(&changed.join("\n"))?;
        }
    }
    if !common.quiet {
        let verb = if own.check || own.diff { "would be laid out anew" } else { "laid out anew" };
        let of = render::counted(files.len() as u64, "file", "files");
        render::note(&format!("{} of {of} {verb}", changed.len()));
    }
    Ok(if broken || (own.check && !changed.is_empty()) { Exit::Findings } else { Exit::Ok })
}

fn show(findings: &[Diagnostic], name: &str, bytes: Vec<u8>) {
    render::findings::text::show(findings, &[(name.to_owned(), bytes)].into());
}

fn file(path: &Path) -> impl FnOnce(std::io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::File { path, source }
}

/// The files of the project: `musketer.yaml`, the definitions, the pipelines.
fn of_project(common: &Common) -> Result<Vec<(String, PathBuf)>, RunError> {
    let project = super::project(common)?;
    let Project { root, files, .. } = project;
    let is_ours = |name: &str| is_formatted(Path::new(name));
    Ok(files.into_keys().filter(|name| is_ours(name)).map(|name| (name.clone(), root.join(name))).collect())
}

/// The files that were named, and those in the folders that were.
fn named(paths: &[PathBuf]) -> Result<Vec<(String, PathBuf)>, RunError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            gather(path, 0, &mut found)?;
        } else if is_formatted(path) {
            found.push(path.clone());
        } else {
            return Err(RunError::Usage {
                code: Code::INVALID_VALUE,
                message: format!("`{}` is no definition or table", path.display()),
                help: "name folders, or files that end in `.yaml` or `.csv`".to_owned(),
            });
        }
    }
    found.sort();
    found.dedup();
    Ok(found.into_iter().map(|path| (path.to_string_lossy().into_owned(), path)).collect())
}

fn is_formatted(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "csv")
}

/// Links are passed over, as they are where definitions are read.
fn gather(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), RunError> {
    for entry in fs::read_dir(folder).map_err(file(folder))? {
        let entry = entry.map_err(file(folder))?;
        let (kind, path) = (entry.file_type().map_err(file(folder))?, entry.path());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || depth > DEEPEST {
            continue;
        }
        if kind.is_dir() {
            gather(&path, depth + 1, found)?;
        } else if kind.is_file() && is_formatted(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Writes beside the file and renames, so that there is the old file or the new one, never half of it. Who may read it
/// stays as it was. A link is followed, so that it is still one afterwards.
fn replace(path: &Path, text: &str) -> Result<(), RunError> {
    let path = &path.canonicalize().map_err(file(path))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let write = || {
        let mut new = fs::OpenOptions::new().write(true).create_new(true).open(&aside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::set_permissions(&aside, fs::metadata(path)?.permissions())?;
        fs::rename(&aside, path)
    };
    write().map_err(|error| {
        // What is left of a failed attempt is of no use to anybody; the first error is the one that counts.
        fs::remove_file(&aside).unwrap_or_default();
        file(path)(error)
    })
}
