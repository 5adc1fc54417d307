//! Faults on command: a library in front of the C library counts the calls by which the program changes files, and at
//! one of them kills it, stops it, or lets the call fail. So every instant has a name and can be had again; the program
//! has not a line for it.

mod scene;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

pub(crate) use self::scene::{Kept, Scene, State, glance};
use crate::place::Place;

/// A call by which the program changes a file: what it does, and what the file is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) kind: String,
    pub(crate) class: String,
}

impl Call {
    pub(crate) fn new(kind: &str, class: &str) -> Self {
        Self { kind: kind.to_owned(), class: class.to_owned() }
    }
}

/// What happens at which call.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// `kill`, `torn`, `enospc`, `eio`, `int`, `term`, `twice` or `stop`; see the shim.
    pub(crate) how: &'static str,
    /// Which call of this kind on this class of files, from 1; `*` is any.
    pub(crate) kind: String,
    pub(crate) class: String,
    pub(crate) number: usize,
}

impl Fault {
    /// At the call with this number, whatever it is.
    pub(crate) fn at(how: &'static str, number: usize) -> Self {
        Self { how, kind: "*".to_owned(), class: "*".to_owned(), number }
    }

    /// At a call of a kind on a class of files.
    pub(crate) fn on(how: &'static str, call: &Call, number: usize) -> Self {
        Self { how, kind: call.kind.clone(), class: call.class.clone(), number }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}:{}", self.how, self.kind, self.class, self.number)
    }
}

/// The program with the shim in front of it.
pub(crate) fn command(place: &Place, arguments: &[&str], fault: Option<&Fault>) -> Command {
    let mut command = place.command(arguments);
    let root = place.path("").canonicalize().expect("the project");
    command.env("LD_PRELOAD", shim()).env("FAULT_ROOT", root).env("FAULT_LOG", log(place));
    if let Some(fault) = fault {
        command.env("FAULT", fault.to_string());
    }
    command
}

fn log(place: &Place) -> PathBuf {
    place.path("calls.log")
}

/// The calls that the program has made in a place, and the one at which the fault happened, if it came to that.
pub(crate) fn calls(place: &Place) -> (Vec<Call>, Option<usize>) {
    let text = fs::read_to_string(log(place)).unwrap_or_default();
    let call = |line: &str| {
        let mut words = line.split(' ');
        Call::new(words.next().unwrap_or_default(), words.next().unwrap_or_default())
    };
    let hit = text.lines().position(|line| line.ends_with(" <- here"));
    (text.lines().map(call).collect(), hit)
}

/// The shim, compiled once for all tests.
fn shim() -> &'static Path {
    static SHIM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, library) = SHIM.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let source = crate::place::shipped().join("tests/runs/faults/shim.c");
        let library = folder.path().join("shim.so");
        let mut command = Command::new("cc");
        command.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]);
        let compiled = command.arg(&library).arg(&source).arg("-ldl").output();
        let compiled = compiled.unwrap_or_else(|error| {
            panic!(
                "these tests need a C compiler, as building musketer does, and `cc` cannot be started: {error}\n\
                 Debian: apt-get install build-essential"
            )
        });
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        (folder, library)
    });
    library
}
