//! Looking after a store: whether it is in order, what may go, and copies that can be worked with.

use std::fs::{self, File};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::place::{Place, tree};
use crate::watched::{parsed, small};

/// The answers of `doctor`, by what was asked.
fn answers(place: &Place, code: i32, arguments: &[&str]) -> Vec<(String, String, String)> {
    let out = place.expect(code, &[&["doctor", "--format", "json"][..], arguments].concat());
    let text = |check: &Value, key: &str| check[key].as_str().expect("a text").to_owned();
    let checks = parsed(&out);
    let checks = checks.as_array().expect("answers").iter();
    checks
        .map(|check| {
            let (verdict, help) = (text(check, "verdict"), text(check, "help"));
            assert_eq!(verdict == "ok", help.is_empty(), "whatever is not in order has a way out: {check}");
            (text(check, "name"), verdict, text(check, "message"))
        })
        .collect()
}

/// What `doctor` finds that is not in order: names and verdicts.
fn ailments(place: &Place, code: i32, arguments: &[&str]) -> Vec<(String, String)> {
    let all = answers(place, code, arguments).into_iter();
    // How much room there is, is no matter of the test.
    all.filter(|(name, verdict, _)| verdict != "ok" && name != "disk")
        .map(|(name, verdict, _)| (name, verdict))
        .collect()
}

fn error(name: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), "error".to_owned())]
}

/// The one file below a folder of the store whose path has this in it.
fn file(place: &Place, folder: &str, part: &str) -> String {
    let found: Vec<String> = tree(&place.path(folder)).into_keys().filter(|name| name.contains(part)).collect();
    format!("{folder}/{}", found.first().unwrap_or_else(|| panic!("a file {part} in {folder}")))
}

#[test]
fn what_is_broken_is_found_and_what_is_not_is_in_order() {
    let place = small();
    assert_eq!(ailments(&place, 0, &[]).len(), 2, "no store yet, which is no error");
    place.expect(0, &["run"]);
    assert_eq!(ailments(&place, 0, &["--full"]), []);
    let out = place.expect(0, &["doctor"]);
    assert!(out.lines().all(|line| line.starts_with("ok ") || line.contains("disk") || line.contains("help")), "{out}");

    let part = file(&place, "store/canonical", "2024");
    let bytes = fs::read(place.path(&part)).expect("a part");
    fs::remove_file(place.path(&part)).expect("removed");
    assert_eq!(ailments(&place, 1, &[]), error("canonical files"));
    place.write(&part, &bytes[..bytes.len() / 2]);
    assert_eq!(ailments(&place, 0, &[]), []);
    assert_eq!(ailments(&place, 1, &["--full"]), error("canonical files"));
    place.write(&part, bytes);

    let raw = file(&place, "store/raw", ".zst");
    let bytes = fs::read(place.path(&raw)).expect("a delivery");
    fs::remove_file(place.path(&raw)).expect("removed");
    assert_eq!(ailments(&place, 1, &[]), error("raw archive"));
    let mut damaged = bytes.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    let end = damaged.len() - 6;
    damaged[end] ^= 1;
    place.write(&raw, damaged);
    assert_eq!(ailments(&place, 1, &["--full"]), error("raw archive"));
    place.write(&raw, bytes);

    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(place.path("keys/person.key"), open).expect("opened");
    assert_eq!(ailments(&place, 1, &[]), error("key"));
    place.close("keys/person.key");

    let database = fs::read(place.path("store/musketer.db")).expect("the database");
    place.database().execute_batch("DELETE FROM rejected_row").expect("written");
    assert_eq!(ailments(&place, 1, &[]), error("books"));
    place.write("store/musketer.db", &database);
    place.database().execute_batch("UPDATE run SET ended_at = '2999-01-01T00:00:00Z'").expect("written");
    assert_eq!(ailments(&place, 1, &[]), error("clock"));
    place.write("store/musketer.db", &database[..database.len() / 2]);
    assert_eq!(ailments(&place, 1, &[]), error("database"));
    place.write("store/musketer.db", &database);

    let report = fs::read_to_string(place.path("store/reports/latest.json")).expect("a report");
    place.write("store/reports/latest.json", report.replace("\"exit_code\": 0", "\"exit_code\": 3"));
    assert_eq!(ailments(&place, 0, &[]), [("last report".to_owned(), "warning".to_owned())]);
    place.write("store/reports/latest.json", report);

    fs::rename(place.path("drop"), place.path("elsewhere")).expect("moved");
    place.write("definitions/datasets/broken.yaml", "kind: dataset\nid: other\n");
    place.write("store/canonical/of-nobody.parquet", "");
    let found: Vec<String> = ailments(&place, 1, &[]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["definitions", "drop folders", "unreferenced files"]);
}

#[test]
fn nothing_goes_that_is_needed_unless_the_project_says_so() {
    let place = small();
    place.expect(0, &["run"]);
    let name = tree(&place.path("drop")).into_keys().find(|name| name.contains("2024")).expect("a delivery");
    let correction = fs::read_to_string(place.path("drop").join(&name)).expect("a delivery");
    let (head, rest) = correction.split_once('\n').expect("a header");
    let correction = format!("{head}\n{}", rest.split_once('\n').expect("a row").1);
    place.write(&format!("drop/{}", name.replace(".csv", "_v2.csv")), correction);
    place.expect(0, &["run"]);
    let sound = tree(&place.path("store"));
    let out = place.expect(0, &["gc"]);
    assert_eq!(out, "0 files removed, 0 bytes\n");

    // What nobody refers to goes at once, and what has an age only by the project's word.
    let old = UNIX_EPOCH + Duration::from_hours(438_288);
    let rubbish = [
        ("store/canonical/dataset=x/of-nobody.parquet", "canonical_file"),
        ("store/raw/raw/spool-9-9", "leftover"),
        ("store/musketer.db.new", "leftover"),
        ("store/musketer.db.v4.part", "leftover"),
        ("store/reports/.latest.json.7", "leftover"),
        ("store/reports/20200101T020000Z-0123456789ab.json", "report"),
        ("store/musketer.db.v4", "upgrade_copy"),
        (&format!("store/raw/raw/ab/ab{}.zst", "0".repeat(62)), "unreferenced_delivery"),
    ];
    for (path, _) in rubbish {
        place.write(path, "12345");
        File::options().write(true).open(place.path(path)).and_then(|file| file.set_modified(old)).expect("aged");
    }
    place.database().execute_batch("UPDATE run SET started_at = '2020-01-01T00:00:00Z'").expect("written");
    let kinds = |out: &str| {
        let found = parsed(out);
        let removed = found["removed"].as_array().expect("a list").clone();
        let bytes: u64 = removed.iter().filter_map(|file| file["bytes"].as_u64()).sum();
        assert_eq!((found["files"].as_u64(), found["bytes"].as_u64()), (Some(removed.len() as u64), Some(bytes)));
        let word = |file: &Value| file["kind"].as_str().expect("a word").to_owned();
        removed.iter().map(word).collect::<Vec<_>>()
    };
    let unreferenced = ["canonical_file", "leftover", "leftover", "leftover", "leftover"];
    assert_eq!(kinds(&place.expect(0, &["gc", "--dry-run", "--format", "json"])), unreferenced);
    assert!(rubbish.iter().all(|(path, _)| place.path(path).exists()));
    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    place.expect(4, &["gc"]);
    drop(lock);
    assert_eq!(kinds(&place.expect(0, &["gc", "--format", "json"])), unreferenced);
    let configuration = fs::read_to_string(place.path("musketer.yaml")).expect("the project");
    let kept =
        "retention: {reports: 400, upgrade_copies: 400, superseded_deliveries: 400, unreferenced_deliveries: 400}\n";
    place.write("musketer.yaml", configuration + kept);
    let aged = ["report", "upgrade_copy", "superseded_delivery", "unreferenced_delivery"];
    assert_eq!(kinds(&place.expect(0, &["gc", "--format", "json"])), aged);
    assert!(rubbish.iter().all(|(path, _)| !place.path(path).exists()));
    let gone: Vec<String> = sound
        .into_keys()
        .filter(|name| !name.starts_with("musketer.db") && !place.path("store").join(name).exists())
        .collect();
    assert!(gone.len() == 1 && gone[0].starts_with("raw/"), "{gone:?}");

    // What was given up is known to be, disturbs nobody, and cannot be brought back.
    assert!(place.expect(0, &["doctor", "--full"]).contains("1 given up by `gc`"));
    assert!(place.expect(0, &["run"]).contains("nothing new"));
    let holds = place.rows("SELECT delivery FROM delivery WHERE version = 2 AND state = 'accepted'")[0][0].clone();
    let said = place.musketer(&["retract", &holds, "--reason", "wrong"]);
    assert!(said.code == 3 && said.out.contains("M8027"), "{}{}", said.out, said.err);
}

#[test]
fn a_backup_is_made_beside_a_run_and_can_be_worked_with() {
    let place = small();
    place.expect(0, &["run"]);
    let lock = File::options().write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    let (folder, file) = (place.path("backup").display().to_string(), place.path("one/copy.db").display().to_string());
    let said = place.musketer(&["backup", &folder, "--with-archive"]);
    assert!(said.code == 0 && said.err.contains("keys/person.key"), "the key is said to be elsewhere: {}", said.err);
    let report = parsed(&place.expect(0, &["backup", &folder, "--with-archive", "--format", "json"]));
    assert_eq!(report["archive"]["copied"], 0, "what is there is not copied again");
    assert_eq!(report["archive"]["files"], 4, "two deliveries and two canonical files");
    assert_eq!(report["rows"]["observation"].as_i64(), Some(place.number("SELECT count(*) FROM observation")));
    place.expect(0, &["backup", &file]);
    assert_eq!(tree(&place.path("one")).into_keys().collect::<Vec<_>>(), ["copy.db"]);
    drop(lock);
    for wrong in [&["backup", &file, "--with-archive"][..], &["backup", &place.path("store/b").display().to_string()]] {
        place.expect(2, wrong);
    }

    // Restored: the same figures, sound to the last byte, and nothing to do.
    let figures = place.rows("SELECT * FROM observation ORDER BY 1, 2, 3, 4, 5, 6, 7");
    fs::rename(place.path("store"), place.path("lost")).expect("lost");
    fs::rename(place.path("backup"), place.path("store")).expect("restored");
    assert_eq!(ailments(&place, 0, &["--full"]), []);
    assert!(place.expect(0, &["run"]).contains("nothing new"));
    assert!(place.rows("SELECT * FROM observation ORDER BY 1, 2, 3, 4, 5, 6, 7") == figures);
}
