//! `musketer catalogue`: all definitions as a site of pages.

use std::fs;
use std::path::Path;

use pipeline::RunError;

use crate::arguments::{CatalogueArguments, Common, Language};
use crate::exit::Exit;
use crate::render;
use crate::render::catalogue::{Tongue, pages};

pub(crate) fn catalogue(common: &Common, own: &CatalogueArguments) -> Result<Exit, RunError> {
    let project = super::project(common)?;
    if project.diagnostics.iter().any(model::Diagnostic::is_error) {
        return Err(RunError::Definitions(project.diagnostics));
    }
    let tongue = match own.language {
        Language::Da => Tongue::Danish,
        Language::En => Tongue::English,
    };
    let pages = pages(&project.catalogue, tongue);
    for page in &pages {
        write(&own.output.join(format!("{}.html", page.path)), &page.html(tongue))?;
        write(&own.output.join(format!("{}.md", page.path)), &page.markdown(tongue))?;
    }
    if !common.quiet {
        let count = render::counted(pages.len() as u64, "page", "pages");
        render::note(&format!("{count} written to {}, each as HTML and Markdown", own.output.display()));
    }
    Ok(Exit::Ok)
}

fn write(path: &Path, text: &str) -> Result<(), RunError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|source| RunError::File { path: path.to_owned(), source })
}
