//! Drop folders on a real disk, with everything in them that somebody could put there.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use model::{NamePart, PeriodKind, SourceId};
use tempfile::TempDir;

use super::*;

fn literal(text: &str) -> NamePart {
    NamePart::Literal(text.to_owned())
}

/// `ledger/{municipality}/{municipality}_{period}[_v{version}].csv`
fn ledger(kind: PeriodKind) -> Source {
    let mut source = crate::format::example_source();
    let version = NamePart::Optional(vec![literal("_v"), NamePart::Version]);
    source.file.parts = vec![
        literal("ledger/"),
        NamePart::Municipality,
        literal("/"),
        NamePart::Municipality,
        literal("_"),
        NamePart::Period,
        version,
        literal(".csv"),
    ];
    source.scope.period = Some(kind);
    source
}

/// `stat/*_{period}[.{version}].csv`, for the whole country
fn statistics() -> Source {
    let mut source = ledger(PeriodKind::Quarter);
    source.id = SourceId::new("statistics").expect("an identifier");
    let version = NamePart::Optional(vec![literal("."), NamePart::Version]);
    source.file.parts = vec![literal("stat/"), NamePart::Any, literal("_"), NamePart::Period, version, literal(".csv")];
    source
}

struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: TempDir::new().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.root.path().join("drop").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        path
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file");
    }

    fn folder(&self) -> DropFolder {
        fs::create_dir_all(self.root.path().join("drop")).expect("a folder");
        DropFolder::open(&self.root.path().join("drop")).expect("a drop folder")
    }

    fn list(&self) -> Listing {
        let (ledger, statistics) = (ledger(PeriodKind::Month), statistics());
        self.folder().list(&[&ledger, &statistics]).expect("a listing")
    }

    fn archive(&self) -> Archive {
        Archive::open(self.root.path()).expect("an archive")
    }

    /// Takes the first file that was listed.
    fn take(&self, listing: &Listing) -> Result<Stored, Refusal> {
        self.folder().take(&listing.found[0], &self.archive()).expect("the archive works")
    }

    fn archived(&self) -> usize {
        fs::read_dir(self.root.path().join("raw")).expect("the archive").count()
    }
}

fn scopes(listing: &Listing) -> Vec<String> {
    let text = |found: &FoundFile| {
        let scope = &found.scope;
        let municipality = scope.municipality.map(|code| code.to_string()).unwrap_or_default();
        let period = scope.period.map(|period| period.to_string()).unwrap_or_default();
        format!("{} {municipality} {period} {}", scope.source, scope.version)
    };
    listing.found.iter().map(text).collect()
}

fn codes(listing: &Listing) -> Vec<(&str, Code)> {
    listing.refused.iter().map(|(name, refusal)| (name.as_str(), refusal.code)).collect()
}

/// Something that happens to the drop folder between the listing and the reading.
type Change = fn(&Place);

const FILE: &str = "ledger/0101/0101_202405.csv";

#[test]
fn names_say_what_a_delivery_is_about() {
    let place = Place::new();
    for name in ["ledger/0751/0751_2024-06_v12.csv", FILE, "stat/folk_v2_2024K1.csv", "stat/folk_2024K2.3.csv", "x.txt"]
    {
        place.put(name, "a;b\n");
    }
    let listing = place.list();
    let expected =
        ["ledger 0101 2024-05 1", "ledger 0751 2024-06 12", "statistics  2024-Q2 3", "statistics  2024-Q1 1"];
    assert_eq!(scopes(&listing), expected);
    assert_eq!(listing.found[0].path, FILE);
    assert_eq!(listing.found[0].stamp.bytes, 4);
    assert_eq!((listing.unknown, listing.refused.len()), (vec!["x.txt".to_owned()], 0));
}

#[test]
fn periods_are_written_as_their_kind_is() {
    let read = |kind, name: &str| match Pattern::new(&ledger(kind)).expect("a pattern").read(name) {
        Reading::File(scope) => scope.period.map(|period| period.to_string()).unwrap_or_default(),
        Reading::Nonsense(refusal) => refusal.code.to_string(),
        Reading::Other => "-".to_owned(),
    };
    for (kind, text, expected) in [
        (PeriodKind::Year, "2024", "2024"),
        (PeriodKind::Year, "0024", "M8023"),
        (PeriodKind::Year, "202405", "-"),
        (PeriodKind::SchoolYear, "2024-25", "2024/25"),
        (PeriodKind::SchoolYear, "2024-26", "M8023"),
        (PeriodKind::Quarter, "2024Q4", "2024-Q4"),
        (PeriodKind::Quarter, "2024K5", "M8023"),
        (PeriodKind::Month, "2024M05", "2024-05"),
        (PeriodKind::Month, "202413", "M8023"),
        (PeriodKind::Month, "2024-00", "M8023"),
        (PeriodKind::Month, "2024", "-"),
        (PeriodKind::Week, "2024W05", "2024-W05"),
        (PeriodKind::Week, "2020U53", "2020-W53"),
        (PeriodKind::Week, "2024-W05", "2024-W05"),
        (PeriodKind::Week, "2024U60", "M8023"),
        (PeriodKind::Week, "202405", "-"),
    ] {
        assert_eq!(read(kind, &format!("ledger/0101/0101_{text}.csv")), expected, "{kind} {text}");
    }
}

#[test]
fn names_that_contradict_themselves_are_refused() {
    let place = Place::new();
    place.put("ledger/0101/0751_202405.csv", "");
    place.put("ledger/0101/0101_202413.csv", "");
    place.put("ledger/0101/0101_202405_v0.csv", "");
    let listing = place.list();
    let expected =
        [("ledger/0101/0101_202413.csv", Code::PERIOD_UNKNOWN), ("ledger/0101/0751_202405.csv", Code::FILE_UNKNOWN)];
    assert_eq!(codes(&listing), expected);
    assert_eq!(listing.unknown, ["ledger/0101/0101_202405_v0.csv"]);
}

#[test]
fn a_name_of_two_sources_is_refused() {
    let place = Place::new();
    place.put(FILE, "");
    let (first, mut second) = (ledger(PeriodKind::Month), ledger(PeriodKind::Month));
    second.id = SourceId::new("other").expect("an identifier");
    let listing = place.folder().list(&[&first, &second]).expect("a listing");
    assert_eq!(codes(&listing), [(FILE, Code::FILE_UNKNOWN)]);
}

#[test]
fn nothing_is_followed_and_nothing_waits() {
    let place = Place::new();
    place.put("outside/secret.csv", "secret");
    symlink("/etc/passwd", place.path(FILE)).expect("a link");
    symlink("nowhere", place.path("ledger/0101/0101_202406.csv")).expect("a dangling link");
    symlink(place.path("outside"), place.path("ledger/0751")).expect("a link to a folder");
    symlink(".", place.path("ledger/loop")).expect("a loop");
    let pipe = place.path("ledger/0101/0101_202407.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let _socket = UnixListener::bind(place.path("ledger/0101/0101_202408.csv")).expect("a socket");
    fs::create_dir(place.path("ledger/0101/0101_202409.csv")).expect("a folder");
    let listing = place.list();
    let expected = [
        ("ledger/0101/0101_202405.csv", Code::PATH_LINK),
        ("ledger/0101/0101_202406.csv", Code::PATH_LINK),
        ("ledger/0101/0101_202407.csv", Code::PATH_KIND),
        ("ledger/0101/0101_202408.csv", Code::PATH_KIND),
        ("ledger/0101/0101_202409.csv", Code::PATH_KIND),
        ("ledger/0751", Code::PATH_LINK),
        ("ledger/loop", Code::PATH_LINK),
    ];
    assert_eq!(codes(&listing), expected);
    assert_eq!((listing.found.len(), listing.unknown), (0, vec!["outside/secret.csv".to_owned()]));
}

#[test]
fn odd_names_are_shown_harmlessly() {
    let place = Place::new();
    place.put("ledger/0101/0101_202405.csv\n", "");
    place.put("-rf", "");
    place.put("stat/\u{1b}[31m_2024K1.csv", "");
    place.put("stat/\u{202e}vsc_2024K1.csv", "");
    place.put("6101011234.txt", "");
    place.put(&"x".repeat(255), "");
    fs::write(place.path(".").join(OsStr::from_bytes(b"stat/k\xF8b_2024K1.csv")), "").expect("a file");
    let listing = place.list();
    let long = "x".repeat(255);
    let expected = [
        "-rf",
        "[redacted].txt",
        "ledger/0101/0101_202405.csv\\n",
        "stat/\\u{1b}[31m_2024K1.csv",
        "stat/\\u{202e}vsc_2024K1.csv",
        "stat/k\\xf8b_2024K1.csv",
        long.as_str(),
    ];
    assert_eq!((listing.unknown, listing.found.len()), (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn a_file_is_taken_into_the_archive() {
    let place = Place::new();
    place.put(FILE, "a;b\n1;2\n");
    let stored = place.take(&place.list()).expect("it is taken");
    assert_eq!((stored.bytes, stored.new), (8, true));
    assert!(place.archive().contains(&stored.content));
    place.put("ledger/0101/0101_202405.csv", "");
    assert_eq!(place.take(&place.list()).expect("an empty file is the reader's matter").bytes, 0);
}

#[test]
fn a_file_is_hashed_where_it_lies() {
    let place = Place::new();
    place.put(FILE, "a;b\n1;2\n");
    let listing = place.list();
    let hashed = place.folder().hash(&listing.found[0], &model::Stop::default()).expect("nobody stops it");
    assert!(!place.root.path().join("raw").exists(), "nothing is written");
    assert!(!Archive::look(place.root.path()).contains(&hashed.clone().expect("a plain file")));
    assert_eq!(hashed, Ok(place.take(&listing).expect("it is taken").content));
    let stop = model::Stop::default();
    stop.ask();
    assert!(place.folder().hash(&listing.found[0], &stop).is_err());
}

#[test]
fn a_file_that_changes_is_no_delivery() {
    let changes: [(&str, Change); 4] = [
        ("appended", |place| place.put(FILE, "a;b\n1;2\n3;4\n")),
        ("cut", |place| place.put(FILE, "a;b\n")),
        ("rewritten with the same size, at another time", |place| {
            let file = fs::File::options().write(true).open(place.path(FILE)).expect("the file");
            let before = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
            file.set_modified(before + std::time::Duration::from_micros(1)).expect("another time");
        }),
        ("replaced", |place| {
            let time = fs::metadata(place.path(FILE)).and_then(|metadata| metadata.modified()).expect("a time");
            place.put("other", "a;b\n9;9\n");
            fs::File::options()
                .write(true)
                .open(place.path("other"))
                .and_then(|f| f.set_modified(time))
                .expect("as old");
            fs::rename(place.path("other"), place.path(FILE)).expect("moved over it");
        }),
    ];
    for (what, change) in changes {
        let place = Place::new();
        place.put(FILE, "a;b\n1;2\n");
        let listing = place.list();
        change(&place);
        let refusal = place.take(&listing).expect_err(what);
        assert_eq!(refusal.code, Code::FILE_CHANGED, "{what}");
        let hashed = place.folder().hash(&listing.found[0], &model::Stop::default()).expect("nobody stops it");
        assert_eq!(hashed, Err(refusal), "{what}");
        assert_eq!(place.archived(), 0, "{what}");
    }
}

/// An open file to which something happens once its end has been read.
struct Meddled<'a, F: FnMut()> {
    file: &'a File,
    meddle: F,
}

impl<F: FnMut()> Read for Meddled<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        if read == 0 {
            (self.meddle)();
        }
        Ok(read)
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_no_delivery() {
    let moments: [(&str, Change); 3] = [
        ("appended", |place| place.put(FILE, "a;b\n1;2\n3;4\n")),
        ("replaced", |place| {
            place.put("other", "a;b\n9;9\n");
            fs::rename(place.path("other"), place.path(FILE)).expect("moved over it");
        }),
        ("nothing", |_| {}),
    ];
    for (what, change) in moments {
        let place = Place::new();
        place.put(FILE, "a;b\n1;2\n");
        let listing = place.list();
        let (folder, archive) = (place.folder(), place.archive());
        let file = folder.open_file(FILE).expect("it opens");
        let mut input = Meddled { file: &file, meddle: || change(&place) };
        let taken =
            settle(folder.take_open(&listing.found[0], &file, &mut input, &archive)).expect("the archive works");
        let code = taken.err().map(|refusal| refusal.code);
        assert_eq!(code, (what != "nothing").then_some(Code::FILE_CHANGED), "{what}");
        assert_eq!(place.archived(), usize::from(what == "nothing"), "{what}");
    }
}

#[test]
fn what_took_the_place_of_a_file_is_not_read() {
    let replacements: [(Code, Change); 4] = [
        (Code::UNREADABLE_DELIVERY, |_| {}),
        (Code::PATH_LINK, |place| symlink("/etc/passwd", place.path(FILE)).expect("a link")),
        (Code::PATH_KIND, |place| fs::create_dir(place.path(FILE)).expect("a folder")),
        (Code::PATH_KIND, |place| {
            assert!(Command::new("mkfifo").arg(place.path(FILE)).status().expect("mkfifo").success());
        }),
    ];
    for (code, replace) in replacements {
        let place = Place::new();
        place.put(FILE, "a;b\n1;2\n");
        let listing = place.list();
        fs::remove_file(place.path(FILE)).expect("removed");
        replace(&place);
        assert_eq!(place.take(&listing).expect_err("it is gone").code, code);
        assert_eq!(place.archived(), 0);
    }
}

#[test]
fn a_drop_folder_that_is_not_there_is_an_error() {
    let place = Place::new();
    let opened = DropFolder::open(&place.root.path().join("absent"));
    assert!(matches!(opened.err(), Some(ExtractError::DropFolder { .. })));
}
