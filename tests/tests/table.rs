//! Tables of the fixtures: reading them, and comparing them with what came out, with a bless mode.

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

/// A `;`-separated table: header and rows. The fixtures quote nothing.
pub(crate) fn read(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let split = |line: &str| line.split(';').map(str::to_owned).collect::<Vec<_>>();
    let header = split(lines.next().expect("a header"));
    let rows: Vec<Vec<String>> = lines.map(split).collect();
    for row in &rows {
        assert_eq!(row.len(), header.len(), "{}: {row:?}", path.display());
    }
    (header, rows)
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

/// The files in a folder, sorted.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}
