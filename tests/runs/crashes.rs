//! Nights that are killed, stopped, or run into a full disk, at any instant: the store is sound, no reader sees half a
//! night, and one more night ends where an uninterrupted one would have ended, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;

use crate::faults::{Call, Fault, Kept, Scene, State, calls, command, glance};
use crate::place::{Place, Said, query};
use crate::random::Random;

/// Tries all faults, as many at a time as there are processors, and tells of all that went wrong.
fn try_all(faults: &[Fault], trial: impl Fn(&Fault) + Sync) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| trial(fault))).is_err() {
                        wrong.lock().expect("no panic here").push(fault.to_string());
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("no panic here");
    assert!(wrong.is_empty(), "{} of {} trials went wrong: {wrong:#?}", wrong.len(), faults.len());
}

/// Looks at the database all the time until the process has ended. Half of the readers stay connected, and the others
/// come and go: whoever is the last to leave tidies up the write-ahead log.
fn watch(scene: &Scene, place: &Place, mut child: Child, stays: bool) -> Output {
    let mut connection = None;
    loop {
        let ended = child.try_wait().expect("it can be asked").is_some();
        if place.path("store/musketer.db").exists() {
            let database = connection.take().unwrap_or_else(|| place.database());
            assert_one_or_the_other(scene, &glance(&database));
            connection = stays.then_some(database);
        }
        if ended {
            return child.wait_with_output().expect("it has ended");
        }
    }
}

fn assert_one_or_the_other(scene: &Scene, seen: &[Vec<String>]) {
    assert!(seen == scene.before.glance || seen == scene.after.glance, "a reader saw half a run: {seen:#?}");
}

/// Starts the scene's command with a fault, and a reader beside it.
fn disturbed(scene: &Scene, place: &Place, fault: &Fault) -> Output {
    let mut command = command(place, scene.arguments, Some(fault));
    // What it says fits into a pipe, so that nobody has to read it before it has ended.
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    watch(scene, place, child, fault.number.is_multiple_of(2))
}

/// Whatever has happened: the database is sound, and the program can work with the store.
fn assert_sound(scene: &Scene, place: &Place) {
    if !place.path("store/musketer.db").exists() {
        assert!(scene.before.state.tables.is_empty(), "the database is gone");
        return;
    }
    let database: Connection = place.database();
    assert_eq!(query(&database, "PRAGMA integrity_check"), [["ok"]]);
    assert!(query(&database, "PRAGMA foreign_key_check").is_empty());
    assert_one_or_the_other(scene, &glance(&database));
    drop(database);
    place.expect(0, &["status"]);
}

/// One more run ends where an uninterrupted one would have ended.
fn assert_completed(scene: &Scene, place: &Place) -> Said {
    let said = place.musketer(scene.again);
    assert!([0, scene.code].contains(&said.code), "{}\n{}", said.out, said.err);
    assert_same(&Kept::of(place).state, &scene.after.state);
    said
}

fn assert_same(found: &State, expected: &State) {
    for (table, rows) in &expected.tables {
        let empty = Vec::new();
        assert_eq!(found.tables.get(table).unwrap_or(&empty), rows, "the table {table}");
    }
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found.parts), names(&expected.parts));
    assert_eq!(names(&found.raw), names(&expected.raw));
    assert_eq!(found.others, expected.others);
    assert!(found == expected, "a file has other bytes");
}

/// Kills the command at a call, and sees what is left.
fn kill(scene: &Scene, fault: &Fault) {
    let place = scene.twin();
    let ended = disturbed(scene, &place, fault);
    let (calls, hit) = calls(&place);
    match hit {
        Some(_) => assert_eq!(ended.status.signal(), Some(9)),
        // Threads make a few calls more in one run than in another, so the last instants may not come.
        None => assert_eq!(ended.status.code(), Some(scene.code)),
    }
    assert_sound(scene, &place);
    let said = assert_completed(scene, &place);
    let done = |kind: &str| {
        let done = calls[..hit.unwrap_or_default()].iter();
        done.filter(|call| **call == Call::new(kind, "lock")).count()
    };
    // It has noted who it is, and has not come to take the note away.
    let half = hit.is_some_and(|at| fault.how == "torn" && calls[at] == Call::new("write", "lock"));
    let unreleased = half || (hit.is_some() && done("write") > 0 && done("truncate") < 3);
    assert_eq!(said.err.contains("ended without releasing the store"), unreleased, "{}", said.err);
}

/// Lets a call fail once.
fn fail(scene: &Scene, fault: &Fault) {
    let place = scene.twin();
    let ended = disturbed(scene, &place, fault);
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let code = ended.status.code().expect("it was not killed");
    let found = Kept::of(&place).state.tables;
    if code == 70 {
        assert!(err.contains("M6001") && !err.contains("M9001"), "{out}\n{err}");
        let named = ["No space left", "Input/output error", "disk is full", "disk I/O error", "unable to open", "readonly"];
        assert!(named.iter().any(|cause| err.contains(cause)), "the cause is not named: {err}");
        // Behind the commit, all of it is there; before, nothing is.
        let expected = if found == scene.after.state.tables { &scene.after } else { &scene.before };
        assert!(found == expected.state.tables || found.is_empty(), "neither before nor after: {err}");
    } else {
        assert_eq!(code, scene.code, "{out}\n{err}");
        assert!(found == scene.after.state.tables, "{out}\n{err}");
    }
    assert_sound(scene, &place);
    assert_completed(scene, &place);
}

/// The first, the second, the middle and the last call of each kind on each class of files.
fn named(scene: &Scene) -> Vec<(Call, usize)> {
    let mut many: BTreeMap<&Call, usize> = BTreeMap::new();
    for call in &scene.calls {
        *many.entry(call).or_default() += 1;
    }
    let numbers = |many: usize| BTreeSet::from([1, 2.min(many), many.div_ceil(2), many]);
    many.into_iter()
        .flat_map(|(call, many)| numbers(many).into_iter().map(move |number| (call.clone(), number)))
        .collect()
}

fn assert_meets(scene: &Scene, calls: &[&str]) {
    let met: BTreeSet<String> = scene.calls.iter().map(|call| format!("{} {}", call.kind, call.class)).collect();
    for call in calls {
        assert!(met.contains(*call), "no `{call}` among {met:?}");
    }
}

#[test]
fn a_night_that_is_killed_at_any_instant_is_made_good_by_the_next_one() {
    let scene = Scene::second_night();
    assert_meets(
        &scene,
        &[
            "open lock",
            "write lock",
            "truncate lock",
            "write spool",
            "rename raw",
            "mkdir raw",
            "open part.new",
            "write part.new",
            "rename part",
            "mkdir part",
            "write wal",
            "sync wal",
            "write db",
            "sync db",
            "unlink part",
            "unlink wal",
            "unlink shm",
            "write report",
            "rename report",
        ],
    );
    let mut random = Random(20_261_128);
    let at_random = (0..300).map(|_| Fault::at(["kill", "torn"][random.below(2)], 1 + random.below(scene.calls.len())));
    let mut faults: Vec<Fault> = at_random.collect();
    for (call, number) in named(&scene) {
        faults.push(Fault::on("kill", &call, number));
        if call.kind == "write" {
            faults.push(Fault::on("torn", &call, number));
        }
    }
    assert!(faults.len() >= 350, "{} instants", faults.len());
    try_all(&faults, |fault| kill(&scene, fault));
}

#[test]
fn the_first_night_may_be_killed_while_it_makes_the_store() {
    let scene = Scene::first_night();
    assert_meets(&scene, &["write fresh", "rename db", "chmod raw"]);
    let making = |call: &Call| !["wal", "shm", "report"].contains(&call.class.as_str());
    let faults = named(&scene).into_iter().filter(|(call, _)| making(call));
    try_all(&faults.map(|(call, number)| Fault::on("kill", &call, number)).collect::<Vec<_>>(), |fault| {
        kill(&scene, fault);
    });
}

#[test]
fn a_disk_that_is_full_or_fails_once_leaves_the_store_as_it_was() {
    let scene = Scene::second_night();
    let mut random = Random(4_711);
    let mut faults: Vec<Fault> = (1..=scene.calls.len()).map(|number| Fault::at("enospc", number)).collect();
    let failing = (1..=scene.calls.len()).filter(|_| random.below(2) == 0).map(|number| Fault::at("eio", number));
    faults.extend(failing.collect::<Vec<_>>());
    try_all(&faults, |fault| fail(&scene, fault));
}
