//! `--as-of`: what was known at another time.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use clap::Args;
use pipeline::AsOf;

/// When something was known.
#[derive(Debug, Args)]
pub(crate) struct AsOfArguments {
    /// What was known then: after a run (`run:57`, or `57`), at the end of a day (`2026-03-31`, in UTC), or at a time
    /// (`2026-03-31T12:00:00+02:00`)
    #[arg(long, value_name = "DATE|RUN", value_parser = as_of)]
    pub(crate) as_of: Option<AsOf>,
}

fn as_of(text: &str) -> Result<AsOf, String> {
    let number = text.strip_prefix("run:").unwrap_or(text);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.parse().map(AsOf::Run).map_err(|_| format!("there is no run {number}"));
    }
    let written = text.to_owned();
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        && text.len() == "2026-03-31".len()
    {
        return Ok(AsOf::Time { written, until: format!("{day}T23:59:59Z") });
    }
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| "a day is written 2026-03-31, a time 2026-03-31T12:00:00Z, a run `run:57` or 57".to_owned())?;
    // The table of runs has whole seconds.
    let until = time.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(AsOf::Time { written, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_run_a_day_or_a_time() {
        let time = |text: &str| match as_of(text) {
            Ok(AsOf::Time { until, .. }) => until,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(as_of("57"), Ok(AsOf::Run(57)));
        assert_eq!(as_of("run:57"), Ok(AsOf::Run(57)));
        assert_eq!(time("2026-03-31"), "2026-03-31T23:59:59Z");
        assert_eq!(time("2026-03-31T12:00:00+02:00"), "2026-03-31T10:00:00Z");
        assert_eq!(time("2026-03-31T12:00:00.9Z"), "2026-03-31T12:00:00Z");
        for text in ["", "run:", "run:-1", "-1", "2026-02-30", "2026-3-1", "31-03-2026", "2026-03-31T12:00", "now"] {
            assert!(as_of(text).is_err(), "{text}");
        }
        assert!(as_of("99999999999999999999").is_err());
    }
}
