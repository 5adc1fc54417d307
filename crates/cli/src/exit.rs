//! Exit codes: a contract with schedulers and scripts.

use std::process::ExitCode;

use pipeline::{Outcome, RunError};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went well.
    Ok,
    /// A check found something, or rows of a file were rejected.
    Findings,
    /// The command line, the configuration or the definitions are wrong.
    Usage,
    /// Some deliveries were refused, everything else was published; or the one file was refused.
    Partial,
    /// Another process holds the lock.
    Busy,
    /// There is something to do, and somebody asked whether there is.
    Pending,
    /// Stopped by a signal with this number; what had been begun was rolled back.
    Interrupted(u8),
    /// The store, a disk or a network is not available, or a mistake of the program.
    Internal,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Busy => 4,
            Self::Pending => 5,
            Self::Interrupted(signal) => 128 + signal,
            Self::Internal => 70,
        }
    }

    /// The exit of a run that ended with this outcome.
    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::NothingNew | Outcome::Complete => Self::Ok,
            Outcome::Partial => Self::Partial,
            Outcome::Invalid => Self::Usage,
            Outcome::Busy => Self::Busy,
            Outcome::Interrupted | Outcome::Failed => Self::Internal,
        }
    }

    /// The exit of a command that failed.
    pub(crate) fn of_error(error: &RunError) -> Self {
        match error {
            RunError::Definitions(_) | RunError::Usage { .. } => Self::Usage,
            RunError::Busy { .. } => Self::Busy,
            RunError::Interrupted(_) => Self::Interrupted(crate::waiting::signal().0),
            RunError::File { .. }
            | RunError::Extract(_)
            | RunError::Compute(_)
            | RunError::Keys(_)
            | RunError::Load(_)
            | RunError::LockLost { .. }
            | RunError::Internal(_) => Self::Internal,
        }
    }
}

/// Prints what the argument parser has to say; `--help` and `--version` are no errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // A standard output that is closed cannot be told anything.
    error.print().unwrap_or_default();
    ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { Exit::Ok.code() })
}

/// Makes a panic end with the exit code of an internal error instead of the language's own.
#[expect(clippy::exit, reason = "the one place where a panic becomes the documented exit code")]
#[expect(clippy::print_stderr, reason = "the process ends here; there is no other way to say why")]
pub(crate) fn report_panics() {
    let standard = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        standard(panic);
        eprintln!("error[M9001]: musketer has made a mistake; nothing was published by this run");
        eprintln!("  help: please report this with the command and what stands above");
        std::process::exit(i32::from(Exit::Internal.code()));
    }));
}
