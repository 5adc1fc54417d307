//! What commands that write to the store have in common: how long they wait for it, and how they are stopped.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use model::Stop;
use pipeline::{Patience, RunError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// The signal that has come, 0 while none has.
static SIGNAL: AtomicUsize = AtomicUsize::new(0);

/// How long a command waits for another that holds the store.
#[derive(Debug, Args)]
pub(crate) struct WaitArguments {
    /// If another process works on the store, wait so long for it (`30s`, `10m`, `2h`); ends with 4 at once if not given
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) wait: Option<Duration>,
}

impl WaitArguments {
    /// The patience that they ask for, which from here on Ctrl-C and SIGTERM end: at once, if they come twice.
    pub(crate) fn patience(&self) -> Result<Patience, RunError> {
        let stop = Stop::default();
        listen(&stop).map_err(|error| RunError::Internal(format!("signals cannot be listened to: {error}")))?;
        Ok(Patience { wait: self.wait.unwrap_or_default(), stop })
    }
}

fn listen(stop: &Stop) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal finds the flag unset, and sets it; the second one finds it set.
        flag::register_conditional_shutdown(signal, 128 + signal, stop.flag())?;
        flag::register_usize(signal, &SIGNAL, usize::try_from(signal).unwrap_or_default())?;
        flag::register(signal, stop.flag())?;
    }
    Ok(())
}

/// The signal that stopped the process: its number and its name.
pub(crate) fn signal() -> (u8, &'static str) {
    match i32::try_from(SIGNAL.load(Ordering::SeqCst)) {
        Ok(SIGTERM) => (15, "SIGTERM"),
        _ => (2, "SIGINT"),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration is written `30s`, `10m` or `2h`".to_owned();
    let (digits, seconds) = [("s", 1), ("m", 60), ("h", 3600)]
        .into_iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))
        .ok_or_else(wrong)?;
    // A sign is none of the digits.
    let number: u64 = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(digits)
        .ok_or_else(wrong)?
        .parse()
        .map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, seconds) in [("0s", 0), ("30s", 30), ("10m", 600), ("2h", 7200)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "m", "-1m", "+1m", "1.5h", "10 m", "1d", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
