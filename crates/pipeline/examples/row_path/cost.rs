//! What the process has cost, where the operating system says so.

use std::fs;

/// In a second, for every program on Linux.
const TICKS: f64 = 100.0;

/// User and system time of all threads, in seconds.
pub(crate) fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold anything; what follows are numbers.
    let (_, numbers) = text.rsplit_once(") ")?;
    let times = numbers.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Some(times.sum::<Result<f64, _>>().ok()? / TICKS)
}

/// The most memory that was resident, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
