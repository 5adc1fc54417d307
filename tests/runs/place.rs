//! A project in a folder of its own, and the program started in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use rusqlite::Connection;
use tempfile::TempDir;

/// What the program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A project: the shipped definitions, a pipeline, a drop folder.
pub(crate) struct Place {
    folder: TempDir,
}

/// The folder of the workspace, which is the example project.
pub(crate) fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace").to_owned()
}

/// How many definitions of a kind are shipped, without older versions.
pub(crate) fn many(kind: &str) -> usize {
    let files = tree(&shipped().join("definitions").join(kind));
    files
        .keys()
        .filter(|name| name.rsplit_once('.').is_some_and(|(stem, ending)| ending == "yaml" && !stem.contains('@')))
        .count()
}

/// The deliveries of the example.
pub(crate) fn example() -> PathBuf {
    shipped().join("fixtures/example")
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// All files below a folder, by their path in it.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut files = BTreeMap::new();
    if folder.exists() {
        walk(folder, folder, &mut files);
    }
    files
}

impl Place {
    /// The shipped definitions, and nothing else.
    pub(crate) fn with_definitions() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder") };
        copy(&shipped().join("definitions"), &place.path("definitions"));
        place
    }

    /// A project with the shipped definitions and no deliveries. `uses` is the list below `uses:` of its pipeline.
    pub(crate) fn with_uses(uses: &str) -> Self {
        let place = Self::with_definitions();
        fs::create_dir_all(place.path("drop")).expect("made");
        place.write("musketer.yaml", "pipeline: test\nstore: store\npersons: {key: keys/person.key, create: true}\n");
        let head = "kind: pipeline\nid: test\ntitle: {da: Prøve, en: Test}\ndrop: drop\nindicators: all\nuses:\n";
        place.write("pipelines/test.yaml", format!("{head}{uses}"));
        // The same key everywhere, so that the same person has the same pseudonym in every copy.
        place.write("keys/person.key", "k".repeat(32));
        place.close("keys/person.key");
        place
    }

    /// The whole example, in a copy, with its initial deliveries.
    pub(crate) fn with_example() -> Self {
        let place = Self::with_uses("");
        let pipeline = fs::read_to_string(shipped().join("pipelines/example.yaml")).expect("the pipeline");
        let pipeline = pipeline.replace("fixtures/example/deliveries", "drop").replace("id: example", "id: test");
        place.write("pipelines/test.yaml", &pipeline);
        copy(&example().join("deliveries"), &place.path("drop"));
        place
    }

    /// A part of the example: the deliveries of some municipalities, and the whole country's.
    pub(crate) fn with_part_of_example() -> Self {
        let place = Self::with_example();
        let wanted = ["0101", "0147", "0151", "0157", "0161", "0165", "0370", "0440", "0482", "folk1a"];
        for name in tree(&place.path("drop")).into_keys().filter(|name| !wanted.iter().any(|part| name.contains(part)))
        {
            fs::remove_file(place.path("drop").join(name)).expect("removed");
        }
        place
    }

    /// A copy of the example after its first run. That run is made once for all tests, because it takes a while.
    pub(crate) fn after_example() -> Self {
        static RUN: OnceLock<Place> = OnceLock::new();
        let run = RUN.get_or_init(|| {
            let place = Self::with_example();
            place.expect(0, &["run"]);
            place
        });
        run.copied()
    }

    /// A copy with all that is in it.
    pub(crate) fn copied(&self) -> Self {
        let copied = Self { folder: tempfile::tempdir().expect("a folder") };
        copy(self.folder.path(), copied.folder.path());
        copied
    }

    /// A copy that shares all but the store: definitions, keys and the files in the drop folder are the same ones, with
    /// the same stamps. In memory where the system has a folder for that, since it is made again and again.
    pub(crate) fn twin(&self) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let twin = Self { folder: folder.expect("a folder") };
        for name in ["musketer.yaml", "definitions", "pipelines", "keys", "drop"] {
            std::os::unix::fs::symlink(self.path(name), twin.path(name)).expect("a link");
        }
        if self.path("store").exists() {
            copy(&self.path("store"), &twin.path("store"));
        }
        twin
    }

    /// Leaves nothing of the library but these definitions and what no other is made of: questions are asked often here.
    pub(crate) fn keep(&self, kept: &[&str]) {
        for name in tree(&self.path("definitions")).into_keys() {
            let kind = name.split('/').next().unwrap_or_default();
            if kind != "codelists" && !kept.contains(&name.as_str()) {
                fs::remove_file(self.path("definitions").join(&name)).expect("removed");
            }
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, content: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }

    /// Takes the others' permissions away.
    pub(crate) fn close(&self, below: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(below), fs::Permissions::from_mode(0o600)).expect("closed");
    }

    /// The program, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musketer"));
        command.arg("--project").arg(self.folder.path()).args(arguments);
        command
    }

    /// Starts the program with a variable of the environment.
    pub(crate) fn musketer_with(&self, arguments: &[&str], variable: (&str, &str)) -> Said {
        said(&self.command(arguments).env(variable.0, variable.1).output().expect("it starts"))
    }

    /// Starts the program.
    pub(crate) fn musketer(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().expect("it starts"))
    }

    /// Starts the program in the project's folder, and gives what a person sees on the screen.
    pub(crate) fn screen(&self, arguments: &[&str]) -> String {
        let seen = tempfile::NamedTempFile::new().expect("a file");
        // One handle for both, so that they share the place at which they write.
        let screen = || Stdio::from(seen.as_file().try_clone().expect("opened"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_musketer"));
        command.current_dir(self.folder.path()).args(arguments).stdout(screen()).stderr(screen());
        command.status().expect("it starts");
        fs::read_to_string(seen.path()).expect("UTF-8")
    }

    /// Has the shell carry something out in the project's folder.
    pub(crate) fn shell(&self, script: &str) {
        let status = Command::new("sh").args(["-euc", script]).current_dir(self.folder.path()).status();
        assert!(status.expect("it starts").success(), "{script}");
    }

    /// Starts the program and expects this exit code.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> String {
        let said = self.musketer(arguments);
        assert_eq!(said.code, code, "{arguments:?}\n{}\n{}", said.out, said.err);
        said.out
    }

    /// Runs, and expects that there was nothing to do.
    pub(crate) fn expect_nothing_new(&self) {
        let said = self.musketer(&["run"]);
        assert!(said.code == 0 && said.err.contains("nothing new (exit 0)"), "{}\n{}", said.out, said.err);
    }

    /// The store's database, for reading.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path("store/musketer.db")).expect("the database")
    }

    /// The one number that a query gives.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The rows of a query, as text.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        query(&self.database(), sql)
    }
}

/// The rows of a query, as text.
pub(crate) fn query(database: &Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = database.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let width = statement.column_count();
    let text = |row: &rusqlite::Row<'_>, at: usize| {
        row.get_ref(at).map(|value| match value {
            rusqlite::types::ValueRef::Null => String::new(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Real(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            rusqlite::types::ValueRef::Blob(bytes) => format!("{bytes:?}"),
        })
    };
    let rows = statement.query_map([], |row| (0..width).map(|at| text(row, at)).collect());
    rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().expect("it was not killed"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
