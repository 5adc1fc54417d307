//! The delivery calendar: what is owed, due, late, and how it is shown.

use crate::place::Place;

const USES: &str =
    "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, due: {days: 20, grace: 5}}
  - {source: statbank_population, municipalities: ['0101'], from: 2024, to: 2024}\n";

fn deliver(place: &Place, municipality: &str, month: &str, version: &str, content: &str) {
    let (year, in_year) = month.split_at(4);
    let head = "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";
    let row = format!("{municipality};{year};{month};00000001;1;15-{in_year}-{year};3220111000100011;Tekst;1,00\r\n");
    let text = if content.is_empty() { format!("{head}{row}") } else { content.to_owned() };
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
    place.write(&format!("drop/opus_finance/{municipality}/{municipality}_{month}{version}.csv"), bytes);
}

/// January of both, February of one of them, and a correction of January that cannot be read.
fn place() -> Place {
    let place = Place::with_uses(USES);
    for (municipality, month) in [("0101", "202401"), ("0147", "202401"), ("0101", "202402")] {
        deliver(&place, municipality, month, "", "");
    }
    deliver(&place, "0147", "202401", "_v2", "no such columns\r\n");
    place.expect(3, &["run"]);
    place
}

/// The states of a source's units, by `municipality period`.
fn states(place: &Place, arguments: &[&str]) -> Vec<String> {
    let mut all = vec!["status", "--format", "json"];
    all.extend(arguments);
    let status: serde_json::Value = serde_json::from_str(&place.expect(0, &all)).expect("JSON");
    let text = |unit: &serde_json::Value, key: &str| unit[key].as_str().unwrap_or("-").to_owned();
    let line = |unit: &serde_json::Value| {
        ["municipality", "period", "state", "due", "late_after", "code"].map(|key| text(unit, key)).join(" ")
    };
    status["units"].as_array().expect("units").iter().map(line).collect()
}

#[test]
fn every_unit_has_its_state_on_a_day() {
    let place = place();
    let finance = |day: &str| states(&place, &["--source", "opus_finance", "--day", day]);
    let expected = [
        "0101 2024-01 done 2024-02-20 2024-02-25 -",
        "0101 2024-02 done 2024-03-20 2024-03-25 -",
        "0147 2024-01 failed 2024-02-20 2024-02-25 M8004",
        "0147 2024-02 due 2024-03-20 2024-03-25 -",
    ];
    assert_eq!(finance("2024-03-25"), expected);
    let later = finance("2024-04-26");
    assert_eq!(
        later[3..],
        [
            "0147 2024-01 failed 2024-02-20 2024-02-25 M8004",
            "0147 2024-02 late 2024-03-20 2024-03-25 -",
            "0147 2024-03 late 2024-04-20 2024-04-25 -",
        ]
    );
    // The source says itself when it is due.
    let population = ["0101 2024 due 2025-03-01 2025-03-01 -"];
    assert_eq!(states(&place, &["--source", "statbank_population", "--day", "2025-03-01"]), population);
}

#[test]
fn an_old_period_makes_no_new_one_green() {
    let place = place();
    let march =
        |place: &Place| states(place, &["--source", "opus_finance", "--day", "2024-04-26", "--from", "2024-03"]);
    let before = march(&place);
    assert!(before.iter().all(|line| line.contains(" late ")) && before.len() == 2, "{before:?}");
    // February comes, late, and so does a correction of January.
    deliver(&place, "0147", "202402", "", "");
    deliver(&place, "0147", "202401", "_v3", "");
    place.expect(0, &["run"]);
    assert_eq!(march(&place), before);
    let all = states(&place, &["--source", "opus_finance", "--day", "2024-04-26", "--to", "2024-03"]);
    assert!(all.iter().all(|line| line.contains(" done ")) && all.len() == 4, "{all:?}");
}

#[test]
fn the_calendar_fits_on_a_screen() {
    let place = place();
    let text = place.expect(0, &["status", "--day", "2024-04-26"]);
    for line in [
        "│ opus_finance   2024-01      1        1        │",
        "│ opus_finance   2024-02      1               1 │",
        "│ opus_finance   2024-03                      2 │",
        "late: opus_finance from 0147: 2 periods, 2024-02 to 2024-03",
        "refused[M8004]: ",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let matrix = place.expect(0, &["status", "--source", "opus_finance", "--day", "2024-04-26"]);
    let expected = "opus_finance
                         2024
                         123
0101 København           ..L
0147 Frederiksberg       FLL

. done, F failed, L late; blank: not owed
";
    assert!(matrix.contains(expected), "{matrix}");
    let one = place.expect(0, &["status", "--day", "2024-04-26", "--municipality", "0101", "--to", "2024-02"]);
    assert!(one.contains("2024-01      1 │") && !one.contains("late"), "{one}");
}

#[test]
fn a_schedule_hears_of_what_it_asks_for() {
    let place = place();
    let asked = |code: i32, arguments: &[&str]| {
        let mut all = vec!["status", "--day", "2024-03-25"];
        all.extend(arguments);
        place.expect(code, &all);
    };
    asked(0, &["--fail-on", "late"]);
    asked(1, &["--fail-on", "late,failed"]);
    asked(1, &["--fail-on", "late", "--fail-on", "failed"]);
    asked(0, &["--fail-on", "failed", "--municipality", "0101"]);
    place.expect(1, &["status", "--day", "2024-03-26", "--fail-on", "late"]);
    place.expect(2, &["status", "--fail-on", "done"]);
    let said = place.musketer(&["status", "--source", "nosuch"]);
    assert!(said.code == 2 && said.err.contains("opus_finance"), "{}", said.err);
}

#[test]
fn another_key_makes_units_of_persons_stale() {
    let place = Place::with_uses("  - {source: opus_absence, municipalities: ['0101'], from: 2024-01, to: 2024-03}\n");
    let files = crate::place::tree(&crate::place::example().join("deliveries/opus_absence/0101"));
    let (name, content) = files.into_iter().find(|(name, _)| name.contains("2024Q1")).expect("a quarter");
    place.write(&format!("drop/opus_absence/0101/{name}"), content);
    place.expect(0, &["run"]);
    let has = |state: &str| states(&place, &[]).iter().filter(|line| line.contains(state)).count();
    assert_eq!(has(" done "), 3);
    place.write("keys/person.key", "l".repeat(32));
    place.close("keys/person.key");
    assert_eq!(has(" stale "), 3);
    std::fs::remove_file(place.path("keys/person.key")).expect("removed");
    assert_eq!(has(" done "), 3, "who may not see the key cannot tell");
    assert!(!place.path("keys/person.key").exists(), "no question makes a key");
}

#[test]
fn a_run_says_what_is_late() {
    let place = Place::with_uses(
        "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-02}
  - {source: kl_pl, municipalities: all, from: 2024, to: 2024}\n",
    );
    deliver(&place, "0101", "202401", "", "");
    let said = place.musketer(&["run"]).err;
    assert!(said.contains("3 units late, 1 unit missing"), "{said}");
    let report: serde_json::Value = serde_json::from_str(&place.expect(0, &["run", "--format", "json"])).expect("JSON");
    assert_eq!(report["units"]["opus_finance"], serde_json::json!({"done": 1, "late": 3}));
    assert_eq!((&report["units"]["kl_pl"], &report["units_missing"]), (&serde_json::json!({"missing": 1}), &4.into()));
}
