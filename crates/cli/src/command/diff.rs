//! `musketer diff`: what changed in the definitions since a revision, and whose figures change with it?

use std::path::Path;

use definitions::{Side, differences};
use pipeline::{Earlier, Project, RunError, value_changes};

use crate::arguments::{Common, DiffArguments};
use crate::exit::Exit;
use crate::render::findings::{Finding, Findings, prefix, text};
use crate::render::{self, comparison, values};

pub(crate) fn diff(common: &Common, own: &DiffArguments) -> Result<Exit, RunError> {
    let after = super::project(common)?;
    let Earlier { name, project: before } = Earlier::read(&after.root, &own.against)?;
    // Of definitions with mistakes nobody can say what they mean.
    for (side, project) in [(Some(&name), &before), (None, &after)] {
        if project.diagnostics.iter().any(model::Diagnostic::is_error) {
            text::show(&project.diagnostics, &project.files);
            let whose = side.map_or_else(|| "of this project".to_owned(), |name| format!("of {name}"));
            render::note(&format!("nothing was compared: the definitions {whose} are not sound"));
            return Ok(Exit::Usage);
        }
    }
    let changes = differences(side(&before), side(&after));
    let is_bad = changes.iter().any(definitions::Change::is_finding);
    let exit = if is_bad { Exit::Findings } else { Exit::Ok };
    if own.exceptions {
        render::result(&comparison::exceptions(&changes))?;
        return Ok(exit);
    }
    let (mut summary, mut json) = (comparison::text(&changes, &name), comparison::json(&changes, &name));
    if own.values {
        let figures = value_changes(&before, &after, &changes)?;
        summary += &values::text(&figures, own.limit);
        json["values"] = render::value(&figures)?;
        if let Some(path) = &own.csv {
            std::fs::write(path, values::csv(&figures))
                .map_err(|source| RunError::File { path: path.clone(), source })?;
        }
    }
    let found = comparison::found(&changes, &name);
    let findings = Findings {
        shown: found.iter().filter(|finding| finding.is_error()).cloned().collect::<Vec<Finding>>(),
        prefix: prefix(Path::new("."), &after.root),
        summary,
        json: Some(json),
        ..Findings::new("diff", found, &after.files)
    };
    findings.write(&own.format, common.quiet)?;
    Ok(exit)
}

fn side(project: &Project) -> Side<'_> {
    Side { project: &project.configuration, files: &project.files }
}
