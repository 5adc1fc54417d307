//! Who holds the store, who waits for it, and who is stopped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::place::Place;

const PUPILS: &str = "  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2024}\n";
const NOTE: &str = r#"{"holder":{"command":"backfill","pipeline":"nightly","process":4711,"host":"etl1","since":"2026-03-01T02:00:00Z"},"last_run":0}"#;

/// A place whose store the test itself holds.
fn held() -> (Place, File) {
    let place = Place::with_uses(PUPILS);
    place.write("store/lock", NOTE);
    let lock = File::options().read(true).write(true).open(place.path("store/lock")).expect("the lock");
    lock.lock().expect("taken");
    (place, lock)
}

/// Starts a run that waits, and returns when it has said so.
fn waiting(place: &Place) -> Child {
    let mut command = place.command(&["run", "--wait", "2h"]);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    // One byte at a time: what is read ahead would be missing later.
    let stderr = child.stderr.as_mut().expect("piped");
    BufReader::with_capacity(1, stderr).read_line(&mut line).expect("a line");
    assert!(
        line.contains("waiting for 120 minutes at most: `musketer backfill nightly`, process 4711 on etl1"),
        "{line}"
    );
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status();
    assert!(sent.expect("a shell").success());
}

/// How it ended, and what it said in the end.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("UTF-8");
    (child.wait().expect("it ended").code(), said)
}

#[test]
fn who_comes_second_is_told_who_has_it_and_what_to_do() {
    let (place, _lock) = held();
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 4, "{}", said.err);
    let holder = "`musketer backfill nightly`, process 4711 on etl1, since 2026-03-01T02:00:00Z";
    assert!(said.err.contains(holder) && said.err.contains("--wait 10m"), "{}", said.err);
    let said = place.musketer(&["run", "--wait", "0s"]);
    assert_eq!(said.code, 4, "{}", said.err);
    let said = place.musketer(&["run", "--wait", "10"]);
    assert!(said.code == 2 && said.err.contains("a duration is written `30s`, `10m` or `2h`"), "{}", said.err);
    // The one who has been turned away has left the other's note alone.
    assert_eq!(std::fs::read_to_string(place.path("store/lock")).expect("the note"), NOTE);
}

#[test]
fn who_waits_goes_on_when_the_lock_is_free() {
    let (place, lock) = held();
    let child = waiting(&place);
    lock.set_len(0).expect("an orderly end");
    drop(lock);
    let (code, said) = ended(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("complete (exit 0)") && !said.contains("without releasing"), "{said}");
}

#[test]
fn who_waits_can_be_stopped() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (place, _lock) = held();
        let child = waiting(&place);
        signal(&child, name);
        let (ended, said) = ended(child);
        assert_eq!(ended, Some(code), "{said}");
        assert!(said.contains("M7010") && said.contains(&format!("SIG{name}")), "{said}");
        assert!(said.contains("before anything was begun"), "{said}");
        assert!(!place.path("store/musketer.db").exists());
    }
}

#[test]
fn a_holder_that_was_killed_is_reported_once() {
    let (place, mut lock) = held();
    lock.write_all(NOTE.as_bytes()).expect("written");
    // Its lock dies with it, its note does not.
    drop(lock);
    let said = place.musketer(&["run", "--format", "json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let sentence = "process 4711 on etl1, since 2026-03-01T02:00:00Z, ended without releasing the store; nothing of it \
        was published";
    assert!(said.err.contains(sentence), "{}", said.err);
    let report: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(report["unreleased"]["holder"]["process"], 4711);
    assert_eq!(report["unreleased"]["published"], serde_json::json!([]));
    let said = place.musketer(&["run"]);
    assert!(said.code == 0 && !said.err.contains("without releasing"), "{}", said.err);
    assert_eq!(std::fs::read_to_string(place.path("store/lock")).expect("the note"), "");
}
