//! Log lines to standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(own)))
        .with_writer(std::io::stderr)
        .with_ansi(environment::coloured())
        .with_span_events(FmtSpan::NONE);
    match common.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}
