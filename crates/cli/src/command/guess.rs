//! `musketer guess`: what a file seems to be.

use std::path::Path;

use model::Code;
use pipeline::RunError;
use pipeline::single::{self, Input, Wish};

use crate::arguments::{Common, GuessArguments};
use crate::exit::Exit;
use crate::render;

pub(crate) fn guess(common: &Common, own: &GuessArguments) -> Result<Exit, RunError> {
    let profile = single::guess(&Input::named(&own.file))?;
    let on_standard_output = own.output.as_deref().is_some_and(|path| path.as_os_str() == "-");
    if !on_standard_output {
        let text = if own.json { render::json(&profile)? } else { render::guess::text(&profile) };
        render::result(&text)?;
    }
    let Some(path) = &own.output else { return Ok(Exit::Ok) };
    let project = own.dataset.as_ref().map(|_| super::project(common)).transpose()?;
    let dataset = match (&own.dataset, &project) {
        (Some(id), Some(project)) => Some(project.catalogue.datasets.get(id.as_str()).ok_or_else(|| {
            let known: Vec<String> = project.catalogue.datasets.keys().map(|id| format!("`{id}`")).collect();
            RunError::Usage {
                code: Code::UNKNOWN_REFERENCE,
                message: format!("there is no dataset `{id}`; there are {}", known.join(", ")),
                help: Code::UNKNOWN_REFERENCE.info().remedy.to_owned(),
            }
        })?),
        _ => None,
    };
    let id = id(if on_standard_output { &own.file } else { path });
    let text = single::definition(&profile, Wish { id: &id, dataset: dataset.map(AsRef::as_ref) });
    if on_standard_output {
        render::result(&text)?;
    } else {
        std::fs::write(path, text).map_err(|source| RunError::File { path: path.clone(), source })?;
        if !common.quiet {
            render::note(&format!("a definition to review was written to {}", path.display()));
        }
    }
    Ok(Exit::Ok)
}

/// An identifier made of a file's name: that of the definition is its own.
fn id(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let id: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(50).collect();
    let id = id.trim_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned();
    if id.is_empty() { "source".to_owned() } else { id }
}
