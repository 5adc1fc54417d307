//! A project on disk: `musketer.yaml`, the definitions and the pipelines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Catalogue, Code, Diagnostic, Pipeline, Place};

use crate::RunError;

/// The file that makes a folder a project.
pub const CONFIGURATION: &str = "musketer.yaml";
/// The deepest folder that definitions are looked for in.
pub(crate) const DEEPEST: usize = 8;

/// A project with its definitions, resolved.
#[derive(Debug)]
pub struct Project {
    /// The folder with `musketer.yaml`.
    pub root: PathBuf,
    /// The configuration.
    pub configuration: definitions::Project,
    /// The definitions that hold.
    pub catalogue: Catalogue,
    /// What is wrong with the others.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read, by their path below the root, for messages that show them.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Project {
    /// Finds the project that a folder lies in: the folder itself or the nearest one above with a `musketer.yaml`.
    pub fn find(from: &Path) -> Result<PathBuf, RunError> {
        let from = from.canonicalize().map_err(RunError::file(from))?;
        let found = from.ancestors().find(|folder| folder.join(CONFIGURATION).is_file());
        found.map(Path::to_owned).ok_or_else(|| {
            RunError::usage(Code::NO_PROJECT, format!("there is no {CONFIGURATION} in {} or above", from.display()))
        })
    }

    /// Reads the project in a folder. Wrong definitions are no error here: they are in `diagnostics`.
    pub fn open(root: &Path) -> Result<Self, RunError> {
        let path = root.join(CONFIGURATION);
        if !path.is_file() {
            return Err(RunError::usage(
                Code::NO_PROJECT,
                format!("there is no {CONFIGURATION} in {}", root.display()),
            ));
        }
        let bytes = std::fs::read(&path).map_err(RunError::file(&path))?;
        Self::put_together(root, bytes, |folder, texts| gather(root, folder, 0, texts))
    }

    /// Resolves a project's files. `gather` adds those below a folder.
    pub(crate) fn put_together(
        root: &Path,
        bytes: Vec<u8>,
        mut gather: impl FnMut(&str, &mut BTreeMap<String, Vec<u8>>) -> Result<(), RunError>,
    ) -> Result<Self, RunError> {
        let (configuration, mut diagnostics) = definitions::load_project(CONFIGURATION, &bytes);
        let mut files = BTreeMap::from([(CONFIGURATION.to_owned(), bytes)]);
        let mut texts = BTreeMap::new();
        for folder in [&configuration.definitions, &configuration.pipelines] {
            gather(folder, &mut texts)?;
        }
        let (catalogue, found) = definitions::load_in(&configuration, &texts);
        diagnostics.extend(found);
        diagnostics.extend(missing_pipeline(&configuration, &catalogue, &texts));
        files.append(&mut texts);
        Ok(Self { root: root.to_owned(), configuration, catalogue, diagnostics, files })
    }

    /// The folder of the store.
    pub fn store(&self) -> PathBuf {
        self.root.join(&self.configuration.store)
    }

    /// The pipeline with a name, or the project's own if none is given.
    pub fn pipeline(&self, name: Option<&str>) -> Result<&Pipeline, RunError> {
        if let Some(error) = self.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            debug_assert!(error.is_error());
            return Err(RunError::Definitions(self.diagnostics.clone()));
        }
        let pipelines = &self.catalogue.pipelines;
        let known = || pipelines.keys().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let name = name.map(str::to_owned).or_else(|| self.configuration.pipeline.as_ref().map(ToString::to_string));
        let Some(name) = name else {
            let message = format!("no pipeline was named, and {CONFIGURATION} names none; there are {}", known());
            return Err(RunError::usage(Code::NO_PIPELINE, message));
        };
        let found = pipelines.get(name.as_str()).map(AsRef::as_ref);
        found.ok_or_else(|| {
            RunError::usage(Code::NO_PIPELINE, format!("there is no pipeline `{name}`; there are {}", known()))
        })
    }
}

/// The default pipeline that the configuration names, if there is no file for it.
fn missing_pipeline(
    configuration: &definitions::Project,
    catalogue: &Catalogue,
    texts: &BTreeMap<String, Vec<u8>>,
) -> Option<Diagnostic> {
    let name = configuration.pipeline.as_ref()?;
    // A pipeline that is there and wrong has been reported already.
    let file = format!("{}/{name}.yaml", configuration.pipelines);
    if catalogue.pipelines.contains_key(name) || texts.contains_key(&file) {
        return None;
    }
    let message = format!("there is no pipeline `{name}`");
    let help = format!("write {file}, or name another pipeline");
    Some(Diagnostic::error(Code::UNKNOWN_REFERENCE, message).at(Place::file(CONFIGURATION)).with_help(help))
}

/// Reads the definition files below a folder. Links are passed over: they could lead out of the project.
fn gather(root: &Path, below: &str, depth: usize, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), RunError> {
    let folder = root.join(below);
    if depth > DEEPEST || !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(&folder).map_err(RunError::file(&folder))? {
        let entry = entry.map_err(RunError::file(&folder))?;
        let kind = entry.file_type().map_err(RunError::file(entry.path()))?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let below = format!("{below}/{name}");
        if kind.is_dir() {
            gather(root, &below, depth + 1, files)?;
        } else if kind.is_file() && is_read(name) {
            files.insert(below, std::fs::read(entry.path()).map_err(RunError::file(entry.path()))?);
        }
    }
    Ok(())
}

/// Whether a file of this name is one of definitions.
pub(crate) fn is_read(name: &str) -> bool {
    !name.starts_with('.') && [".yaml", ".yml", ".csv"].iter().any(|ending| name.ends_with(ending))
}
