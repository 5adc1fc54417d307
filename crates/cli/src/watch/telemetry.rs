//! A run as a trace, and its numbers as metrics, by OTLP over HTTP with JSON.
//!
//! A trace is a run: its root is the run, below it a span for every delivery that a thread worked on. The trace has the
//! run's own id, so that whoever has a report or a log line finds it. Everything is sent when the run has ended, by the
//! client that fetches deliveries: a program that ends has no use for an exporter in the background. The library for it
//! was rejected: of the packages that it brings some ask the data engine's dependencies for other features, so that turning
//! the feature on compiles the engine anew; what is needed here is two documents that the protocol describes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pipeline::RunError;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::Report;
use super::metrics::Family;
use crate::environment;

/// How long a collector may think about it.
const LIMIT: Duration = Duration::from_secs(5);
/// So many spans are kept; a first run has thousands of deliveries, and nobody reads more.
const MOST: usize = 20_000;
/// So many spans go in one message: collectors refuse messages of more than a few megabytes.
const AT_ONCE: usize = 2_000;

/// The spans of this process so far.
static SPANS: Mutex<Spans> = Mutex::new(Spans { all: Vec::new(), open: BTreeMap::new(), dropped: 0 });

#[derive(Debug)]
struct Spans {
    all: Vec<Span>,
    /// Those that have not ended, by the number that the registry gives them for as long.
    open: BTreeMap<u64, usize>,
    dropped: u64,
}

/// A stretch of time.
#[derive(Debug)]
struct Span {
    name: &'static str,
    parent: Option<usize>,
    start: u128,
    end: Option<u128>,
    attributes: BTreeMap<&'static str, Value>,
}

fn spans() -> MutexGuard<'static, Spans> {
    SPANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What listens to spans, if there is somebody to tell of them.
pub(crate) fn layer() -> Option<Recorder> {
    environment::telemetry().map(|_| Recorder)
}

/// Writes down which spans began and ended.
#[derive(Debug)]
pub(crate) struct Recorder;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        // What libraries do is of no interest here.
        if !attributes.metadata().target().starts_with("musketer") {
            return;
        }
        let mut spans = spans();
        if spans.all.len() == MOST {
            spans.dropped += 1;
            return;
        }
        let above = context.span(id).and_then(|span| span.parent().map(|parent| parent.id().into_u64()));
        let parent = above.and_then(|above| spans.open.get(&above).copied());
        let (name, start) = (attributes.metadata().name(), environment::nanoseconds());
        let mut span = Span { name, parent, start, end: None, attributes: BTreeMap::new() };
        attributes.record(&mut span);
        let at = spans.all.len();
        spans.all.push(span);
        spans.open.insert(id.into_u64(), at);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = spans();
        if let Some(at) = spans.open.get(&id.into_u64()).copied() {
            values.record(&mut spans.all[at]);
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut spans = spans();
        if let Some(at) = spans.open.remove(&id.into_u64()) {
            spans.all[at].end = Some(environment::nanoseconds());
        }
    }
}

impl Visit for Span {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.attributes.insert(field.name(), json!({"stringValue": value}));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.attributes.insert(field.name(), json!({"stringValue": format!("{value:?}")}));
    }
}

/// Tells the collector of the run, if there is one.
pub(super) fn tell(report: &Report, metrics: impl FnOnce() -> Vec<Family>) -> Result<(), RunError> {
    let Some((endpoint, headers)) = environment::telemetry() else { return Ok(()) };
    let send = |path: &str, document: &Value| {
        let url = format!("{endpoint}/v1/{path}");
        let sent = pipeline::post(&url, "application/json", &headers, document.to_string().as_bytes(), LIMIT)?;
        sent.map_err(|refusal| {
            let help = refusal.help.unwrap_or_default();
            RunError::Usage { code: refusal.code, message: refusal.message, help }
        })
    };
    let now = environment::nanoseconds();
    let written: Vec<Value> = {
        let spans = spans();
        (0..spans.all.len()).map(|at| span(&spans, at, report, now)).collect()
    };
    for some in written.chunks(AT_ONCE) {
        send("traces", &resource("resourceSpans", "scopeSpans", &json!({"scope": scope(), "spans": some})))?;
    }
    let metrics: Vec<Value> = metrics().iter().map(|family| metric(family, now)).collect();
    send("metrics", &resource("resourceMetrics", "scopeMetrics", &json!({"scope": scope(), "metrics": metrics})))
}

/// A document with the one resource that we are.
fn resource(list: &str, scopes: &str, scoped: &Value) -> Value {
    let attributes = [
        ("service.name", environment::service()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("host.name", environment::host()),
    ];
    json!({list: [{"resource": {"attributes": attributes.map(|(name, value)| text(name, &value))}, scopes: [scoped]}]})
}

fn scope() -> Value {
    json!({"name": "musketer", "version": env!("CARGO_PKG_VERSION")})
}

fn text(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}

/// Whole numbers are texts in this protocol, because JSON's are not exact everywhere.
fn number(name: &str, value: i64) -> Value {
    json!({"key": name, "value": {"intValue": value.to_string()}})
}

/// The identifier of the n-th span of a trace: eight bytes that no other span of the world is likely to have.
fn span_id(report: &Report, at: usize) -> String {
    blake3::hash(format!("{} {at}", report.run_id).as_bytes()).to_hex()[..16].to_owned()
}

fn span(spans: &Spans, at: usize, report: &Report, now: u128) -> Value {
    let span = &spans.all[at];
    let mut attributes: Vec<Value> = span
        .attributes
        .iter()
        .map(|(name, value)| json!({"key": format!("musketer.{name}"), "value": value}))
        .collect();
    let mut written = json!({
        "traceId": report.run_id.replace('-', ""),
        "spanId": span_id(report, at),
        "name": span.name,
        // A span of our own work, as opposed to a call of somebody else.
        "kind": 1,
        "startTimeUnixNano": span.start.to_string(),
        "endTimeUnixNano": span.end.unwrap_or(now).to_string(),
    });
    if let Some(parent) = span.parent {
        written["parentSpanId"] = span_id(report, parent).into();
    } else {
        let result = &report.result;
        attributes.push(text("musketer.command", report.command));
        attributes.push(text("musketer.outcome", result.outcome.as_str()));
        attributes.push(number("musketer.exit_code", result.exit_code.into()));
        attributes.extend(result.run.map(|run| number("musketer.run", run)));
        attributes.push(number("musketer.spans_dropped", i64::try_from(spans.dropped).unwrap_or(i64::MAX)));
        // 1 is well, 2 is an error.
        written["status"] = match &report.error {
            None => json!({"code": 1}),
            Some(error) => json!({"code": 2, "message": format!("{}: {}", error.code, error.message)}),
        };
    }
    written["attributes"] = attributes.into();
    written
}

fn metric(family: &Family, now: u128) -> Value {
    let points: Vec<Value> = family
        .values
        .iter()
        .map(|(labels, value)| {
            let attributes: Vec<Value> = labels.iter().map(|(name, value)| text(name, value)).collect();
            json!({"attributes": attributes, "timeUnixNano": now.to_string(), "asDouble": value})
        })
        .collect();
    json!({"name": family.name, "description": family.help, "gauge": {"dataPoints": points}})
}
