//! Nasty deliveries: `fixtures/nasty/cases/<what it is>/`, each read as a run reads it.
//!
//! A case has `case.yaml` (`source:`, and `name:` if the delivery's name matters), the bytes (`input`), and the answer
//! (`expected.txt`): the whole reading, or the refusal. What cannot lie in a repository (a pipe, a link) or would be too
//! large for one is made here; `made:` in `case.yaml` names it. The sources stand in `fixtures/nasty/definitions`.
//!
//! `fixtures/nasty/PENDING` lists cases whose answer is right and which are read otherwise today, each with what is
//! missing. They must still be read otherwise, so that the list is kept when something is mended.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use extractor::{DropFolder, Listing};
use model::{Catalogue, Dataset, FieldType, Refusal, Source};

use crate::delivery::{self, Loaded};
use crate::{definition_files, project, table};

struct Case {
    folder: PathBuf,
    keys: BTreeMap<String, String>,
}

impl Case {
    fn open(folder: PathBuf) -> Self {
        let text = fs::read_to_string(folder.join("case.yaml")).expect("case.yaml");
        let pair = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.trim().to_owned()));
        Self { keys: text.lines().filter_map(pair).collect(), folder }
    }

    fn id(&self) -> String {
        self.folder.file_name().expect("a name").to_string_lossy().into_owned()
    }

    fn key(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    fn source(&self) -> &str {
        self.key("source").expect("a source")
    }

    fn name(&self) -> String {
        self.key("name").map(str::to_owned).unwrap_or_else(|| format!("{}/{}.csv", self.source(), self.id()))
    }
}

const HEADER: &str = "Nr;Kommune;Dato;Beløb;Tekst\n";
const ROW: &str = "1;0101;15-01-2024;100,00;Løn\n";

/// Puts the delivery into the drop folder.
fn deliver(case: &Case, drop: &Path) {
    let path = drop.join(case.name());
    let folder = path.parent().expect("a folder");
    fs::create_dir_all(folder).expect("made");
    let sound = || format!("{HEADER}{ROW}");
    match case.key("made") {
        None => drop_copy(&case.folder.join("input"), &path),
        Some("pipe") => {
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
            assert!(made.success());
        }
        Some("socket") => drop_socket(&path),
        Some("folder") => fs::create_dir(&path).expect("made"),
        Some("link") => {
            fs::write(drop.join("../secret.csv"), sound()).expect("written");
            symlink(drop.join("../secret.csv"), &path).expect("linked");
        }
        Some("dangling link") => symlink(drop.join("nothing.csv"), &path).expect("linked"),
        Some("link to itself") => symlink(&path, &path).expect("linked"),
        Some("line break in the name") => fs::write(folder.join("a\nb.csv"), sound()).expect("written"),
        Some("bytes in the name") => {
            fs::write(folder.join(OsStr::from_bytes(b"a\xFFb.csv")), sound()).expect("written");
        }
        Some("very many columns") => {
            let names: Vec<String> = (0..20_000).map(|at| format!("c{at}")).collect();
            fs::write(&path, names.join(";") + "\n").expect("written");
        }
        Some("a cell of two megabytes") => {
            let text = format!("{HEADER}{ROW}2;0101;15-01-2024;1,00;{}\n3{}", "x".repeat(2 << 20), &ROW[1..]);
            fs::write(&path, text).expect("written");
        }
        Some("a cell of two megabytes that is left open") => {
            let text = format!("{HEADER}{ROW}2;0101;15-01-2024;\"{}\n{ROW}3{}", "x".repeat(2 << 20), &ROW[1..]);
            fs::write(&path, text).expect("written");
        }
        Some("a line of nine megabytes that nothing ends") => {
            fs::write(&path, format!("{HEADER}{ROW}{}", "x".repeat(9 << 20))).expect("written");
        }
        Some("a header of nine megabytes") => fs::write(&path, "x".repeat(9 << 20) + "\n" + ROW).expect("written"),
        Some(other) => panic!("nobody knows how to make `{other}`"),
    }
}

fn drop_copy(input: &Path, path: &Path) {
    fs::copy(input, path).unwrap_or_else(|error| panic!("{}: {error}", input.display()));
}

fn drop_socket(path: &Path) {
    drop(UnixListener::bind(path).expect("a socket"));
}

/// Everything that is said about a delivery.
fn reading(case: &Case, catalogue: &Catalogue) -> String {
    let source = catalogue.sources.get(case.source()).unwrap_or_else(|| panic!("no source {}", case.source()));
    let place = tempfile::tempdir().expect("a folder");
    let drop = place.path().join("drop");
    deliver(case, &drop);
    let listing = DropFolder::open(&drop).expect("the drop folder").list(&[source]).expect("a listing");
    let Listing { found, refused, unknown } = listing;
    if let [(name, refusal)] = refused.as_slice() {
        assert!(!name.chars().any(char::is_control), "{name:?} must not be shown");
        return refusal_text(refusal);
    }
    if let [name] = unknown.as_slice() {
        assert!(!name.chars().any(char::is_control), "{name:?} must not be shown");
        return format!("no delivery by its name: {name}\n");
    }
    assert_eq!(found.len(), 1, "{}: {refused:?} {unknown:?}", case.id());
    let input = fs::File::open(drop.join(&found[0].path)).expect("the delivery");
    match delivery::read(catalogue, source, &found[0].scope, input) {
        Ok(loaded) => loaded_text(&loaded, source, &catalogue.datasets[&source.dataset]),
        Err(refusal) => refusal_text(&refusal),
    }
}

fn refusal_text(refusal: &Refusal) -> String {
    let line = refusal.line.map(|line| format!(" line {line}")).unwrap_or_default();
    format!("refused {} {}{line}\n", refusal.code, refusal.code.name())
}

fn loaded_text(loaded: &Loaded, source: &Source, dataset: &Dataset) -> String {
    let mut text = "loaded\n".to_owned();
    let mut say = |line: String| writeln!(text, "{line}").expect("a string takes everything");
    let tally = &loaded.tally;
    let skipped: Vec<String> = tally.skipped.iter().map(|(rule, rows)| format!("{rule} {rows}")).collect();
    say(format!("read {}, accepted {}, rejected {}", tally.read, tally.accepted, tally.rejected));
    say(format!("skipped {}", skipped.join(", ")));
    for notice in &loaded.notices {
        let line = notice.first_line.map(|line| format!(" from line {line}")).unwrap_or_default();
        say(format!("notice {} {}, {} rows{line}", notice.code, notice.code.name(), notice.rows));
    }
    say(format!("\nline;{}", loaded.columns.join(";")));
    let is_person = |column: usize| dataset.fields.get(column).is_some_and(|field| field.ty == FieldType::Person);
    let mut persons = BTreeSet::new();
    for row in &loaded.rows {
        let cells = row.cells.iter().enumerate().map(|(column, cell)| {
            if is_person(column) {
                persons.insert(cell.clone());
                return "(pseudonym)".to_owned();
            }
            cell.escape_debug().to_string()
        });
        let cells: Vec<String> = cells.collect();
        say(format!("{};{}", row.line, cells.join(";")));
    }
    say("\nrejected line;column;code".to_owned());
    for row in &loaded.rejected {
        say(format!("{};{};{} {}", row.line, row.column.as_deref().unwrap_or_default(), row.code, row.code.name()));
        assert!(!source.id.as_str().contains("absence") || row.raw.is_none(), "a person's row is not kept in clear");
    }
    text
}

fn cases() -> Vec<Case> {
    table::folders(&project::root().join("fixtures/nasty/cases")).into_iter().map(Case::open).collect()
}

fn pending() -> BTreeMap<String, String> {
    let text = fs::read_to_string(project::root().join("fixtures/nasty/PENDING")).expect("the list");
    let pair = |line: &str| line.split_once(": ").map(|(case, why)| (case.to_owned(), why.to_owned()));
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

#[test]
fn nasty_deliveries_are_read_as_a_person_expects() {
    let catalogue = delivery::catalogue(&definition_files::with_nasty_sources());
    let mut pending = pending();
    let cases = cases();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    for case in &cases {
        let found = reading(case, &catalogue);
        let expected = case.folder.join("expected.txt");
        match pending.remove(&case.id()) {
            None => table::compare(&expected, &found),
            Some(why) => {
                let right = fs::read_to_string(&expected).expect("the right answer");
                assert_ne!(right, found, "`{}` is read rightly now ({why}): take it off the list", case.id());
            }
        }
    }
    assert!(pending.is_empty(), "there are no cases {pending:?}");
}
