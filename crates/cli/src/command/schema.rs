//! `musketer schema`: the language as JSON Schema, for editors, and that of reports, for programs.

use std::fs;

use model::Code;
use pipeline::RunError;

use crate::arguments::{Common, SchemaArguments};
use crate::exit::Exit;
use crate::render;

/// The schema of what `run` reports, as published.
const RUN_REPORT: &str = include_str!("../../../../schemas/run-report.json");

/// The schema of what `plan` writes, as published.
const PLAN: &str = include_str!("../../../../schemas/plan.json");

pub(crate) fn schema(common: &Common, own: &SchemaArguments) -> Result<Exit, RunError> {
    let mut schemas = definitions::schemas();
    schemas.push(("run-report", RUN_REPORT.to_owned()));
    schemas.push(("plan", PLAN.to_owned()));
    if let Some(kind) = &own.kind {
        let known: Vec<String> = schemas.iter().map(|(known, _)| format!("`{known}`")).collect();
        schemas.retain(|(known, _)| known == kind);
        if schemas.is_empty() {
            return Err(RunError::Usage {
                code: Code::INVALID_VALUE,
                message: format!("there is no kind of file `{kind}`"),
                help: format!("there are {}", known.join(", ")),
            });
        }
    }
    let Some(folder) = &own.output else {
        if let [(_, text)] = schemas.as_slice() {
            render::result(text)?;
            return Ok(Exit::Ok);
        }
        return Err(RunError::Usage {
            code: Code::INVALID_VALUE,
            message: "the schemas of all kinds are several files".to_owned(),
            help: "name a kind, or a folder with --output".to_owned(),
        });
    };
    fs::create_dir_all(folder).map_err(|source| RunError::File { path: folder.clone(), source })?;
    for (kind, text) in &schemas {
        let path = folder.join(format!("{kind}.json"));
        fs::write(&path, text).map_err(|source| RunError::File { path, source })?;
    }
    if !common.quiet {
        let files = render::counted(schemas.len() as u64, "schema", "schemas");
        render::note(&format!("{files} written to {}", folder.display()));
    }
    Ok(Exit::Ok)
}
