//! The files that `docs/operations.md` hands out: units, timers, cron lines, alert rules. They name commands, flags and
//! metrics that exist.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::place::{Place, shipped, tree};
use crate::watched::small;

/// The files, with the page, by their names.
fn files() -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let mut files: Vec<(String, String)> =
        tree(&shipped().join("docs/operations")).into_iter().map(|(name, bytes)| (name, text(bytes))).collect();
    files.push(("operations.md".to_owned(), text(fs::read(shipped().join("docs/operations.md")).expect("the page"))));
    files
}

/// Words that begin so.
fn words<'t>(text: &'t str, start: &str) -> BTreeSet<&'t str> {
    let split = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '-'));
    split.filter(|word| word.starts_with(start)).collect()
}

#[test]
fn commands_and_flags_exist() {
    let place = small();
    let verbs = ["run", "backup", "gc", "doctor", "check", "rejects", "retract", "export", "status", "explain"];
    let mut seen = BTreeSet::new();
    for (name, text) in files() {
        // Of a list in YAML the words stand in quotation marks.
        let text = text.replace("', '", " ").replace("\\\n", " ");
        for line in text.lines() {
            for piece in line.split("musketer ").skip(1) {
                let piece = piece.split(['`', '&', '|', '>', ';', '"', ')']).next().unwrap_or_default();
                let Some(verb) = verbs.iter().find(|verb| piece.split(' ').next() == Some(verb)) else { continue };
                let below = if *verb == "rejects" { piece.split(' ').nth(1) } else { None };
                let asked: Vec<&str> = [Some(*verb), below.filter(|word| !word.is_empty()), Some("--help")]
                    .into_iter()
                    .flatten()
                    .collect();
                let help = place.expect(0, &asked);
                for flag in words(piece, "--").into_iter().filter(|flag| flag.len() > 2) {
                    assert!(help.contains(flag), "{name}: `{}` has no {flag}", piece.trim());
                }
                seen.insert(*verb);
            }
        }
    }
    assert_eq!(seen, verbs.into_iter().collect(), "each is spoken of");
}

#[test]
fn metrics_that_are_spoken_of_are_those_that_are_written() {
    let place = small();
    let path = place.path("musketer.prom").display().to_string();
    place.expect(0, &["run", "--metrics", &path]);
    let written = fs::read_to_string(&path).expect("metrics");
    let written: BTreeSet<&str> =
        written.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for (name, text) in files() {
        let named = words(&text, "musketer_");
        assert!(named.is_subset(&written), "{name}: {named:?}");
        if name == "operations.md" {
            assert_eq!(named, written, "the page has all of them");
        }
    }
}

#[test]
fn files_in_yaml_are_yaml() {
    let place = Place::with_definitions();
    let folder = shipped().join("docs/operations");
    let names: Vec<String> = ["alerts.yaml", "cronjob.yaml"].map(|name| folder.join(name).display().to_string()).into();
    let said = place.musketer(&["fmt", "--check", &names[0], &names[1]]);
    assert!(!said.err.contains("error["), "{}{}", said.out, said.err);
}

#[test]
fn lines_of_cron_have_a_time_a_user_and_a_command() {
    let lines = fs::read_to_string(shipped().join("docs/operations/musketer.cron")).expect("the file");
    let jobs: Vec<&str> = lines.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let words: Vec<&str> = job.split_whitespace().collect();
        assert!(words[..5].iter().all(|word| *word == "*" || word.parse::<u8>().is_ok()), "{job}");
        assert_eq!((words[5], words[6]), ("musketer", "cd"));
        assert!(!job.contains('%'), "which cron takes for a line end");
    }
}

/// Where there is no systemd the test has nothing to ask.
#[test]
fn systemd_takes_its_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut units = Vec::new();
    for (name, text) in files() {
        if ![".service", ".timer"].iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        // It asks whether the program is there.
        let text = text.replace("/usr/local/bin/musketer", env!("CARGO_BIN_EXE_musketer"));
        // A template is looked at as one of its instances.
        let path = folder.path().join(name.replace('@', "@nightly"));
        fs::write(folder.path().join(&name), &text).expect("written");
        fs::write(&path, text).expect("written");
        units.push(path);
    }
    assert_eq!(units.len(), 5);
    let said = Command::new("systemd-analyze").arg("verify").args(&units).output().expect("it starts");
    let complaints = String::from_utf8_lossy(&said.stderr);
    let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("musketer")).collect();
    assert!(ours.is_empty(), "{complaints}");
}
