//! Files of the fixtures: finding them, and comparing them with what came out, with a bless mode.

use std::fs;
use std::path::Path;

/// Whether the expected files are to be written instead of compared: `BLESS=1`.
#[expect(clippy::disallowed_methods, reason = "the switch of the bless mode is an environment variable")]
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value == "1")
}

/// Compares a text with a file, or writes the file in bless mode. Says where they differ first.
pub(crate) fn compare(path: &Path, found: &str) {
    if blessing() {
        fs::write(path, found).expect("the expected file is written");
        return;
    }
    let expected = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", path.display()))
        .replace("\r\n", "\n");
    if expected == found {
        return;
    }
    let longest = expected.lines().count().max(found.lines().count());
    let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(no line)").to_owned();
    let at = (0..longest).find(|at| line(&expected, *at) != line(found, *at)).unwrap_or(longest);
    panic!(
        "{} line {}:\n  expected {}\n  found    {}\nwhole result:\n{found}",
        path.display(),
        at + 1,
        line(&expected, at),
        line(found, at)
    );
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = read.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The folders in a folder, sorted.
pub(crate) fn folders(folder: &Path) -> Vec<std::path::PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}
