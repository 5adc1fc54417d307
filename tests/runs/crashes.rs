//! Nights that are killed, stopped, or run into a full disk, at any instant: the store is sound, no reader sees half a
//! night, and one more night ends where an uninterrupted one would have ended, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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
            assert_whole(scene, &glance(&database));
            connection = stays.then_some(database);
        }
        if ended {
            return child.wait_with_output().expect("it has ended");
        }
        // Nothing depends on it but how much of the processor is left to the one that is watched.
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn assert_whole(scene: &Scene, seen: &[Vec<String>]) {
    assert!(scene.stages.iter().any(|stage| stage.glance == seen), "a reader saw half a run: {seen:#?}");
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
        assert!(scene.before().state.tables.is_empty(), "the database is gone");
        return;
    }
    let database: Connection = place.database();
    assert_eq!(query(&database, "PRAGMA integrity_check"), [["ok"]]);
    assert!(query(&database, "PRAGMA foreign_key_check").is_empty());
    assert_whole(scene, &glance(&database));
}

/// One more run ends where an uninterrupted one would have ended.
fn assert_completed(scene: &Scene, place: &Place) -> Said {
    let (last, before) = scene.again.split_last().expect("a command");
    // Only what was begun and has steps left can be resumed.
    let tried = before.iter().map(|arguments| place.musketer(arguments)).find(|said| said.code != 2);
    let said = tried.unwrap_or_else(|| place.musketer(last));
    assert!([0, scene.code].contains(&said.code), "{}\n{}", said.out, said.err);
    assert_same(&Kept::of(place).state, &scene.after().state);
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
    if place.path("store/musketer.db").exists() {
        place.expect(0, &["status"]);
    }
    let said = assert_completed(scene, &place);
    // Its note is written over the one before, and cut to its length; in the end all of it is cut off.
    let lock = calls[..hit.unwrap_or_default()].iter().filter(|call| call.class == "lock" && call.kind != "open");
    let noted = lock.fold((false, false), |(noted, written), call| {
        let writes = call.kind == "write";
        (writes || (noted && written), writes)
    });
    let half = hit.is_some_and(|at| fault.how == "torn" && calls[at] == Call::new("write", "lock"));
    let unreleased = hit.is_some() && (half || noted.0);
    // Where nothing is left to be done, a backfill does not take the lock, and leaves that to the next run.
    if scene.arguments[0] == "run" {
        assert_eq!(said.err.contains("ended without releasing the store"), unreleased, "{}", said.err);
    }
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
        let named =
            ["No space left", "Input/output error", "disk is full", "disk I/O error", "unable to open", "readonly"];
        assert!(named.iter().any(|cause| err.contains(cause)), "the cause is not named: {err}");
        // Behind a commit, all of it is there; before, nothing is.
        assert!(scene.has_stage(&found) || found.is_empty(), "neither before nor after: {err}");
    } else {
        assert_eq!(code, scene.code, "{out}\n{err}");
        assert!(found == scene.after().state.tables, "{out}\n{err}");
    }
    assert_sound(scene, &place);
    assert_completed(scene, &place);
}

/// Stops the command by a signal: rolled back in order, or published already.
fn stop(scene: &Scene, fault: &Fault) {
    let place = scene.twin();
    let ended = disturbed(scene, &place, fault);
    let err = String::from_utf8_lossy(&ended.stderr);
    let (found, code) = (Kept::of(&place).state, ended.status.code());
    if code == Some(scene.code) {
        assert!(found.tables == scene.after().state.tables, "{err}");
    } else {
        assert_eq!(code, Some(if fault.how == "term" { 143 } else { 130 }), "{err}");
        // The second signal ends it wherever it is, be it behind the commit.
        assert!(scene.has_stage(&found.tables), "{err}");
        let published = found.tables == scene.after().state.tables;
        assert!(fault.how == "twice" || !published, "{err}");
    }
    if fault.how != "twice" && code != Some(scene.code) {
        assert!(err.contains("error[M7010]: interrupted") && err.contains("musketer test: interrupted"), "{err}");
        // What it had written for nothing it has taken away itself.
        assert!(scene.stages.iter().any(|stage| stage.state.parts == found.parts), "{:?}", found.parts.keys());
    }
    assert_sound(scene, &place);
    let said = assert_completed(scene, &place);
    assert!(fault.how == "twice" || !said.err.contains("ended without releasing"), "{}", said.err);
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

/// Deaths at random instants, and at the named ones. `MUSKETER_CRASHES` says how many at random, if not 300.
#[expect(clippy::disallowed_methods, reason = "fewer for a try, more for a night")]
fn deaths(scene: &Scene, seed: u64) -> Vec<Fault> {
    let many = std::env::var("MUSKETER_CRASHES").map_or(300, |many| many.parse().expect("a number"));
    let mut random = Random(seed);
    let at_random =
        (0..many).map(|_| Fault::at(["kill", "torn"][random.below(2)], 1 + random.below(scene.calls.len())));
    let mut faults: Vec<Fault> = at_random.collect();
    for (call, number) in named(scene) {
        faults.push(Fault::on("kill", &call, number));
        if call.kind == "write" {
            faults.push(Fault::on("torn", &call, number));
        }
    }
    assert!(faults.len() >= many + 50, "{} instants", faults.len());
    faults
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
    try_all(&deaths(&scene, 20_261_128), |fault| kill(&scene, fault));
}

#[test]
fn a_backfill_that_is_killed_at_any_instant_is_resumed() {
    let scene = Scene::backfill();
    assert_eq!(scene.stages.len(), 5, "a mark, and three steps");
    try_all(&deaths(&scene, 20_261_129), |fault| kill(&scene, fault));
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
    try_all(&failures(&scene), |fault| fail(&scene, fault));
}

#[test]
fn a_backfill_that_meets_a_full_disk_is_resumed() {
    let scene = Scene::backfill();
    try_all(&failures(&scene), |fault| fail(&scene, fault));
}

/// Every call fails once for want of space, and half of them for a fault of the disk.
fn failures(scene: &Scene) -> Vec<Fault> {
    let mut random = Random(4_711);
    let mut faults: Vec<Fault> = (1..=scene.calls.len()).map(|number| Fault::at("enospc", number)).collect();
    let failing = (1..=scene.calls.len()).filter(|_| random.below(2) == 0).map(|number| Fault::at("eio", number));
    faults.extend(failing.collect::<Vec<_>>());
    faults
}

#[test]
fn a_night_that_is_told_to_stop_rolls_back_and_says_so() {
    let scene = Scene::second_night();
    let all = 1..=scene.calls.len();
    let mut faults: Vec<Fault> = all.clone().step_by(6).map(|number| Fault::at("int", number)).collect();
    faults.extend(all.clone().skip(3).step_by(6).map(|number| Fault::at("term", number)));
    faults.extend(all.skip(2).step_by(12).map(|number| Fault::at("twice", number)));
    try_all(&faults, |fault| stop(&scene, fault));
    // Not all of them came after the commit.
    let place = scene.twin();
    let first_part = Fault::on("int", &Call::new("open", "part.new"), 1);
    let ended = disturbed(&scene, &place, &first_part);
    assert_eq!(ended.status.code(), Some(130));
    let err = String::from_utf8_lossy(&ended.stderr);
    assert!(
        err.contains("deliveries had been read; the whole run was rolled back") && err.contains("(SIGINT)"),
        "{err}"
    );
}

/// Two runs at the same time, of which one waits for the other or not.
fn pair(scene: &Scene, waits: bool) {
    let place = scene.twin();
    let arguments = [scene.arguments, if waits { &["--wait", "10m"] } else { &[] }].concat();
    let start = || {
        let mut command = place.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let both = [start(), start()].map(|child| child.wait_with_output().expect("it ended"));
    let said = both.each_ref().map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let published = |said: &String| said.trim_end().ends_with("; run 2");
    assert_eq!(said.iter().filter(|said| published(said)).count(), 1, "{said:#?}");
    for (output, said) in both.iter().zip(&said) {
        match output.status.code() {
            Some(code) if code == scene.code && published(said) => {}
            Some(4) if !waits => assert!(said.contains("M7001"), "{said}"),
            // It came when the other one was done, or waited for that.
            Some(0) => assert!(said.contains("nothing new"), "{said}"),
            code => panic!("{code:?}: {said}"),
        }
    }
    assert_same(&Kept::of(&place).state, &scene.after().state);
}

#[test]
fn of_two_runs_at_once_one_works() {
    let scene = Scene::second_night();
    let pairs: Vec<Fault> = (1..=200).map(|number| Fault::at("none", number)).collect();
    try_all(&pairs, |fault| pair(&scene, fault.number.is_multiple_of(2)));
}

/// Starts the scene's command, lets it stop at a call, does something meanwhile, and lets it go on.
fn meanwhile(
    scene: &Scene,
    place: &Place,
    (call, number): (&Call, usize),
    work: impl FnOnce(),
) -> (Option<i32>, String) {
    let mut command = command(place, scene.arguments, Some(&Fault::on("stop", call, number)));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while line != "stopped\n" {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("UTF-8"), 0, "it has not come to {call:?}");
    }
    work();
    // It says so before it stops, and may still be on the way there: it is told until it has ended. What it says fits
    // into the pipe.
    while child.try_wait().expect("it can be asked").is_none() {
        Command::new("sh").args(["-c", &format!("kill -CONT {}", child.id())]).status().expect("a shell");
    }
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("UTF-8");
    (child.wait().expect("it ended").code(), rest)
}

#[test]
fn a_writer_that_has_lost_its_lock_publishes_nothing() {
    let scene = Scene::second_night();
    // Before its transaction: another run publishes meanwhile, and what the first one wanted to do holds no more.
    let place = scene.twin();
    let (code, said) = meanwhile(&scene, &place, (&Call::new("write", "spool"), 1), || {
        std::fs::remove_file(place.path("store/lock")).expect("removed");
        place.expect(scene.code, scene.arguments);
    });
    assert_eq!(code, Some(70), "{said}");
    // Or the other one has removed, as left over, what it was taking in.
    assert!(said.contains("M6006") || said.contains("M6001"), "{said}");
    assert_same(&Kept::of(&place).state, &scene.after().state);
    // Within it nobody else can publish; but somebody could remove what it has written, so it does not commit.
    let place = scene.twin();
    let (code, said) = meanwhile(&scene, &place, (&Call::new("rename", "part"), 1), || {
        std::fs::remove_file(place.path("store/lock")).expect("removed");
        std::fs::write(place.path("store/lock"), "").expect("another one");
    });
    assert_eq!(code, Some(70), "{said}");
    assert!(said.contains("M7011"), "{said}");
    assert_eq!(Kept::of(&place).state.tables, scene.before().state.tables);
    assert_completed(&scene, &place);
}
