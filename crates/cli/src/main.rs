//! `musketer`: harmonised municipal key figures, from raw vendor exports to published tables.
//!
//! This crate talks to people and to the operating system: arguments, the environment, the clock, rendering and exit
//! codes. What is done with data is in the other crates; start at `command`.

mod arguments;
mod command;
mod environment;
mod exit;
mod logging;
mod progress;
mod render;
mod waiting;
mod watch;

use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::exit::Exit;

fn main() -> ExitCode {
    exit::report_panics();
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    logging::start(&arguments.common);
    let exit = command::run(&arguments).unwrap_or_else(|error| render::error(&error, &arguments.common));
    ExitCode::from(Exit::code(exit))
}
