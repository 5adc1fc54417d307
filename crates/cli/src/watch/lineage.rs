//! A run in the words of `OpenLineage`: what it reads and what it makes, for catalogues of data.
//!
//! A job is a pipeline, an input a source, an output an indicator. Deliveries are no datasets: a catalogue wants to know
//! what depends on what, and thousands of files a year that are each read once say nothing about that; how many came, and
//! how many rows, is in the statistics of the source.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use model::Pipeline;
use pipeline::{Outcome, Project, RunError};
use serde_json::{Map, Value, json};

use super::Report;
use crate::environment;

const SPECIFICATION: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const FACETS: &str = "https://openlineage.io/spec/facets";
/// How long a service may think about it. A run does not wait for a catalogue.
const LIMIT: Duration = Duration::from_secs(5);

/// Who is told, and as what.
pub(super) struct Lineage {
    target: Target,
    namespace: String,
    run_id: String,
    job: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
}

enum Target {
    File(PathBuf),
    Service { url: String, key: Option<String> },
}

impl Lineage {
    /// `asked` is the command line's word, which goes before the project's.
    pub(super) fn new(project: &Project, asked: Option<&str>, run_id: &str, job: &str) -> Option<Self> {
        let settings = &project.configuration.observability;
        let target = match (asked, settings.lineage.as_deref()) {
            (Some(url), _) | (None, Some(url)) if url.contains("://") => {
                Target::Service { url: url.to_owned(), key: environment::lineage_key() }
            }
            (Some(path), _) => Target::File(path.into()),
            (None, Some(path)) => Target::File(project.root.join(path)),
            (None, None) => return None,
        };
        let pipeline = project.catalogue.pipelines.get(job).map(AsRef::as_ref);
        let inputs = pipeline.map(inputs).unwrap_or_default();
        let outputs = pipeline.map(|pipeline| pipeline.indicators.iter().map(ToString::to_string).collect());
        Some(Self {
            target,
            namespace: settings.namespace.clone(),
            run_id: run_id.to_owned(),
            job: if job.is_empty() { "unknown".to_owned() } else { job.to_owned() },
            inputs,
            outputs: outputs.unwrap_or_default(),
        })
    }

    /// Tells that the run has started.
    pub(super) fn started(&self, at: &str) -> Result<(), RunError> {
        let inputs: Vec<Value> = self.inputs.iter().map(|source| self.dataset("source", source)).collect();
        let outputs: Vec<Value> = self.outputs.iter().map(|indicator| self.dataset("indicator", indicator)).collect();
        self.send(&self.event("START", at, engine(), &inputs, &outputs))
    }

    /// Tells how the run has ended.
    pub(super) fn ended(&self, report: &Report) -> Result<(), RunError> {
        let result = &report.result;
        let kind = match result.outcome {
            Outcome::NothingNew | Outcome::Complete | Outcome::Partial => "COMPLETE",
            Outcome::Busy | Outcome::Interrupted => "ABORT",
            Outcome::Invalid | Outcome::Failed => "FAIL",
        };
        let inputs = self.inputs.iter().map(|source| {
            let mut dataset = self.dataset("source", source);
            if let Some(of) = result.sources.get(source) {
                let read = facet("inputStatistics", "1-0-0/InputStatisticsInputDatasetFacet", json!({
                    "rowCount": of.rows_read, "fileCount": of.accepted + of.refused,
                }));
                let books = own_facet("musketer_books", json!({
                    "deliveriesAccepted": of.accepted, "deliveriesRefused": of.refused, "rowsAccepted": of.rows_accepted,
                    "rowsRejected": of.rows_rejected, "rowsSkipped": of.rows_skipped, "units": of.units,
                }));
                dataset["inputFacets"] = facets([read, books]);
            }
            dataset
        });
        // What ends without a publication has made nothing.
        let made = if kind == "COMPLETE" { self.outputs.as_slice() } else { &[] };
        let outputs = made.iter().map(|indicator| {
            let mut dataset = self.dataset("indicator", indicator);
            if let Some(of) = result.indicators.get(indicator) {
                let written = json!({"rowCount": of.new + of.changed});
                dataset["outputFacets"] =
                    facets([facet("outputStatistics", "1-0-2/OutputStatisticsOutputDatasetFacet", written)]);
            }
            dataset
        });
        let mut run = engine();
        if let Some(error) = &report.error {
            let told = json!({"message": format!("{}: {}", error.code, error.message), "programmingLanguage": "Rust"});
            run.push(facet("errorMessage", "1-0-0/ErrorMessageRunFacet", told));
        }
        run.push(own_facet(
            "musketer_run",
            json!({
                "run": result.run, "outcome": result.outcome, "exitCode": result.exit_code, "summary": report.summary,
            }),
        ));
        let (inputs, outputs): (Vec<Value>, Vec<Value>) = (inputs.collect(), outputs.collect());
        self.send(&self.event(kind, &report.ended_at, run, &inputs, &outputs))
    }

    fn event(&self, kind: &str, at: &str, run: Vec<Facet>, inputs: &[Value], outputs: &[Value]) -> Value {
        let job = json!({"processingType": "BATCH", "integration": "MUSKETER", "jobType": "PIPELINE"});
        json!({
            "eventType": kind,
            "eventTime": at,
            "producer": producer(),
            "schemaURL": SPECIFICATION,
            "run": {"runId": self.run_id, "facets": facets(run)},
            "job": {
                "namespace": self.namespace,
                "name": self.job,
                "facets": facets([facet("jobType", "2-0-4/JobTypeJobFacet", job)]),
            },
            "inputs": inputs,
            "outputs": outputs,
        })
    }

    fn dataset(&self, kind: &str, id: &str) -> Value {
        json!({"namespace": self.namespace, "name": format!("{kind}.{id}")})
    }

    fn send(&self, event: &Value) -> Result<(), RunError> {
        let line = event.to_string() + "\n";
        match &self.target {
            Target::File(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                // One call for the line, so that lines of two processes do not mingle.
                let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
                written.map_err(|source| RunError::File { path: path.clone(), source })
            }
            Target::Service { url, key } => {
                let key = key.as_ref().map(|key| ("Authorization".to_owned(), format!("Bearer {key}")));
                let headers: Vec<(String, String)> = key.into_iter().collect();
                pipeline::post(url, "application/json", &headers, line.as_bytes(), LIMIT)?.map_err(|refusal| {
                    let help = refusal.help.unwrap_or_default();
                    RunError::Usage { code: refusal.code, message: refusal.message, help }
                })
            }
        }
    }
}

fn inputs(pipeline: &Pipeline) -> Vec<String> {
    let mut sources: Vec<String> = pipeline.uses.iter().map(|usage| usage.source.to_string()).collect();
    sources.sort();
    sources.dedup();
    sources
}

type Facet = (String, Value);

/// Who says so. The specification wants an address here, which a program without a home on the web does not have.
fn producer() -> String {
    format!("urn:musketer:{}", env!("CARGO_PKG_VERSION"))
}

/// A facet of the specification; `place` is the version and name of its schema.
fn facet(name: &str, place: &str, content: Value) -> Facet {
    let kind = place.rsplit('/').next().unwrap_or_default();
    (name.to_owned(), described(content, format!("{FACETS}/{place}.json#/$defs/{kind}")))
}

/// A facet of our own.
fn own_facet(name: &str, content: Value) -> Facet {
    (name.to_owned(), described(content, format!("urn:musketer:facet:{name}:1")))
}

fn described(mut content: Value, schema: String) -> Value {
    content["_producer"] = producer().into();
    content["_schemaURL"] = schema.into();
    content
}

fn facets(all: impl IntoIterator<Item = Facet>) -> Value {
    Value::Object(all.into_iter().collect::<Map<_, _>>())
}

fn engine() -> Vec<Facet> {
    let engine = json!({"name": "musketer", "version": env!("CARGO_PKG_VERSION")});
    vec![facet("processing_engine", "1-1-0/ProcessingEngineRunFacet", engine)]
}
