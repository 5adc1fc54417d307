//! The report of a run, as programs read it: `schemas/run-report.json` says what every key means.

use std::path::PathBuf;

use model::{Diagnostic, Place, redact};
use pipeline::{RunError, RunReport};
use serde::Serialize;

use super::summary;
use crate::render;

/// The version of the report's layout. It is raised when a key goes or means something else; a new key does not raise
/// it, so whoever reads reports passes over keys that it does not know.
const SCHEMA_VERSION: u32 = 1;

/// The report of a run with everything around it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The version of the layout.
    pub(crate) schema_version: u32,
    /// What the run is called in logs and elsewhere, also where it published nothing.
    pub(crate) run_id: String,
    /// The command that it was.
    pub(crate) command: &'static str,
    /// The version of the program.
    pub(crate) engine_version: &'static str,
    /// The project's folder, if there is one.
    pub(crate) project: Option<String>,
    /// When it ended.
    pub(crate) ended_at: String,
    /// What became of it.
    #[serde(flatten)]
    pub(crate) result: RunReport,
    /// Seconds from start to end.
    pub(crate) seconds: f64,
    /// The most memory that the run held, in bytes.
    pub(crate) peak_memory_bytes: Option<u64>,
    /// The run in one line.
    pub(crate) summary: String,
    /// Why nothing was published.
    pub(crate) error: Option<Failure>,
}

/// What the report says besides what became of the run.
pub(crate) struct Frame {
    pub(crate) run_id: String,
    pub(crate) command: &'static str,
    pub(crate) project: Option<PathBuf>,
    pub(crate) ended_at: String,
    pub(crate) seconds: f64,
    pub(crate) peak_memory_bytes: Option<u64>,
    pub(crate) error: Option<Failure>,
}

/// Why a run came to nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) message: String,
    /// The way out.
    pub(crate) help: String,
    /// Mistakes in the definitions, one by one.
    pub(crate) findings: Vec<Mistake>,
}

/// A mistake in the definitions.
#[derive(Debug, Serialize)]
pub(crate) struct Mistake {
    /// The code.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) message: String,
    /// Where: the file, and line and column where they are known.
    pub(crate) place: Option<String>,
}

impl Failure {
    pub(crate) fn of(error: &RunError) -> Self {
        let (code, message, help) = render::described(error);
        let findings = match error {
            RunError::Definitions(diagnostics) => {
                diagnostics.iter().filter(|found| found.is_error()).map(mistake).collect()
            }
            _ => Vec::new(),
        };
        // A path could be named after a person.
        Self { code: code.to_string(), message: redact(&message).into_owned(), help, findings }
    }
}

fn mistake(found: &Diagnostic) -> Mistake {
    Mistake { code: found.code.to_string(), message: found.message.clone(), place: found.place.as_ref().map(written) }
}

fn written(place: &Place) -> String {
    match (place.line, place.column) {
        (0, _) => place.file.clone(),
        (line, 0) => format!("{}:{line}", place.file),
        (line, column) => format!("{}:{line}:{column}", place.file),
    }
}

impl Report {
    pub(crate) fn new(report: RunReport, frame: Frame) -> Self {
        let Frame { run_id, command, project, ended_at, seconds, peak_memory_bytes, error } = frame;
        let summary = summary::line(&report, seconds, error.as_ref());
        let project = project.map(|project| project.canonicalize().unwrap_or(project).display().to_string());
        let engine_version = env!("CARGO_PKG_VERSION");
        Self {
            schema_version: SCHEMA_VERSION,
            run_id,
            command,
            engine_version,
            project,
            ended_at,
            result: report,
            seconds,
            peak_memory_bytes,
            summary,
            error,
        }
    }

    /// Its name among reports: they sort by the time at which runs started, and no two are the same.
    pub(crate) fn file_name(&self) -> String {
        let started = self.result.started_at.replace(['-', ':'], "");
        let id = self.run_id.rsplit('-').next().unwrap_or_default();
        format!("{started}-{id}.json")
    }
}
