//! The environment, the clock, randomness and the terminal: read here and nowhere else.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::SystemTime;

use model::Date;
use pipeline::{KeyPlace, LockHolder};

#[expect(clippy::disallowed_methods, reason = "this module is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The time as RFC 3339, to the second, in UTC.
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub(crate) fn now() -> String {
    let now: chrono::DateTime<chrono::Utc> = SystemTime::now().into();
    now.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What a run is called: a UUID that sorts by time, other than that of any run anywhere.
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub(crate) fn run_id() -> Result<String, getrandom::Error> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string())
}

/// The day, in UTC.
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub(crate) fn today() -> Date {
    let now: chrono::DateTime<chrono::Utc> = SystemTime::now().into();
    Date::parse_iso(&now.format("%Y-%m-%d").to_string()).unwrap_or_else(|| unreachable!("a clock shows a day"))
}

/// A clock for how long something takes.
pub(crate) fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}

/// The most memory that the process has held so far, in bytes; `None` where the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Whether messages may be coloured: standard error is a terminal and `NO_COLOR` is not set.
pub(crate) fn coloured() -> bool {
    variable("NO_COLOR").is_none() && std::io::stderr().is_terminal()
}

/// Whether somebody looks: standard error is a terminal.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// What is logged, if the user says so in filter directives.
pub(crate) fn log_filter() -> Option<String> {
    variable("MUSKETER_LOG")
}

/// Where traces and metrics go, and the headers that go with them, by the variables that all programs with
/// `OpenTelemetry` have. `None`: nowhere.
#[cfg(feature = "otlp")]
pub(crate) fn telemetry() -> Option<(String, Vec<(String, String)>)> {
    let endpoint = variable("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let headers = variable("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default();
    let pair = |header: &str| {
        let (name, value) = header.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    Some((endpoint.trim_end_matches('/').to_owned(), headers.split(',').filter_map(pair).collect()))
}

/// What the service is called there.
#[cfg(feature = "otlp")]
pub(crate) fn service() -> String {
    variable("OTEL_SERVICE_NAME").unwrap_or_else(|| "musketer".to_owned())
}

/// Nanoseconds since 1970.
#[cfg(feature = "otlp")]
#[expect(clippy::disallowed_methods, reason = "this module is where the clock is read")]
pub(crate) fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// What a service for lineage knows us by; the name of the variable is that of other programs for `OpenLineage`.
pub(crate) fn lineage_key() -> Option<String> {
    variable("OPENLINEAGE_API_KEY")
}

/// Where keys may come from, and random bytes for a new one.
pub(crate) fn key_place() -> Result<KeyPlace, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(KeyPlace { credentials: credentials(), random })
}

/// The service manager's folder of credentials, if it has given one.
pub(crate) fn credentials() -> Option<PathBuf> {
    variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Who takes the lock: this process, for a command and the pipeline that it is about.
pub(crate) fn lock_holder(command: &str, pipeline: Option<&str>, now: &str) -> LockHolder {
    let (command, pipeline) = (command.to_owned(), pipeline.map(str::to_owned));
    LockHolder { command, pipeline, process: std::process::id(), host: host(), since: now.to_owned() }
}

/// The name of the machine.
pub(crate) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = if name.trim().is_empty() { variable("HOSTNAME").unwrap_or_default() } else { name };
    if name.trim().is_empty() { "an unnamed machine".to_owned() } else { name.trim().to_owned() }
}

/// Who decides something, where the command line does not say: the user at this machine.
pub(crate) fn person() -> String {
    let user = variable("LOGNAME").or_else(|| variable("USER")).unwrap_or_else(|| "unknown".to_owned());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if host.trim().is_empty() { user } else { format!("{user}@{}", host.trim()) }
}

/// The number of processors that the process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
