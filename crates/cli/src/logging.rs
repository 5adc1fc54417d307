//! Log lines to standard error.

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::arguments::{Common, LogFormat};
use crate::environment;

/// Starts logging as the command line says; `MUSKETER_LOG` may name another filter.
pub(crate) fn start(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "info",
        (false, _) => "debug",
    };
    let own = format!(
        "error,musketer={level},musketer_pipeline={level},musketer_extractor={level},musketer_normaliser={level},musketer_loader={level}"
    );
    let filter = EnvFilter::try_new(environment::log_filter().unwrap_or_else(|| own.clone()));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(environment::coloured())
        .with_span_events(FmtSpan::NONE);
    let lines = match common.log_format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let lines = lines.with_filter(filter.unwrap_or_else(|_| EnvFilter::new(own)));
    let registry = tracing_subscriber::registry().with(lines);
    #[cfg(feature = "otlp")]
    let registry = registry.with(crate::watch::telemetry::layer());
    registry.init();
}
