//! Figures that are held until somebody approves them.

use std::fs;

use crate::place::Place;

const USES: &str = "  - {source: statbank_population, municipalities: ['0101', '0751'], from: 2024, to: 2025}\n";

/// The share of older people in two municipalities and two years; what is about 2025 is held.
fn place() -> Place {
    let place = Place::with_uses(USES);
    hold(&place, "approvals: [{area: population, from: 2025}]\n");
    for (year, rows) in [("2024", [("0101", 30), ("0751", 10)]), ("2025", [("0101", 40), ("0751", 20)])] {
        let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\n".to_owned();
        for (municipality, older) in rows {
            let code = municipality.trim_start_matches('0');
            text += &format!("{code};TOT;70;{year}K1;{older}\n{code};TOT;30;{year}K1;{}\n", 100 - older);
        }
        place.write(&format!("drop/statbank/folk1a_{year}.csv"), text);
    }
    place
}

fn hold(place: &Place, approvals: &str) {
    let text = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("approvals:")).collect();
    place.write("pipelines/test.yaml", lines.join("\n").replacen("uses:", &format!("{approvals}uses:"), 1) + "\n");
}

/// The figures of a year: area, value, statuses, how many contribute.
fn figures(place: &Place, year: &str) -> Vec<String> {
    let sql = format!(
        "SELECT area || ' ' || coalesce(value_exact, '-') || ' ' || obs_status || conf_status || ' ' || contributing || '/' || members
         FROM latest_observation WHERE indicator = 'share_67plus' AND period = '{year}' AND breakdown = 'total'
             AND (area IN ('0101', '0751', 'DK')) ORDER BY area"
    );
    place.rows(&sql).into_iter().map(|row| row[0].clone()).collect()
}

fn approve(place: &Place, municipality: &str, period: &str, more: &[&str], code: i32) -> String {
    let head = ["approve", "--area", "population", "--municipality", municipality, "--period", period];
    let said = place.musketer(&[&head[..], more, &["--reason", "compared with last year", "--by", "Anna"]].concat());
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
    said.err
}

#[test]
fn what_is_held_is_shown_as_not_approved_and_groups_do_without_it() {
    let place = place();
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "2024")[..2], ["0101 30.0 AF 1/1", "0751 10.0 AF 1/1"]);
    assert_eq!(figures(&place, "2025"), ["0101 - AN 1/1", "0751 - AN 1/1", "DK - OF 0/98"]);
    // The value is there for whoever may approve it, and nowhere else.
    let list = place.expect(0, &["approve", "--list", "--municipality", "0101"]);
    assert!(list.contains("0101 København") && list.contains("share_67plus") && list.contains("40.0"), "{list}");
    assert!(!list.contains("0751") && !list.contains("2024"), "{list}");
    let explained = place.expect(0, &["explain", "share_67plus", "--municipality", "0101", "--period", "2025"]);
    assert!(explained.contains("not approved yet") && !explained.contains("40"), "{explained}");
    let export = place.expect(0, &["export", "--indicator", "share_67plus", "--area", "0101", "--period", "2025"]);
    assert!(export.contains(",A,N,") && !export.contains("40.0"), "{export}");
    let today = place
        .expect(0, &["export", "--indicator", "share_67plus", "--municipalities-of", "2025-06-01", "--period", "2025"]);
    assert!(!today.contains("40.0") && !today.contains("20.0"), "{today}");
    let wide =
        place.rows("SELECT \"2024\", coalesce(\"2025\", '-'), not_approved FROM wide_share_67plus WHERE area = '0101'");
    assert_eq!(wide, [["30", "-", "2025"]]);
    place.expect_nothing_new();
}

#[test]
fn who_approves_lets_it_be_published_and_it_can_be_withdrawn() {
    let place = place();
    place.expect(0, &["run"]);
    approve(&place, "0101", "2025", &[], 0);
    assert_eq!(figures(&place, "2025"), ["0101 40.0 AF 1/1", "0751 - AN 1/1", "DK 40.0 PF 1/98"]);
    let why = "SELECT DISTINCT why FROM observation WHERE indicator = 'share_67plus' AND period = '2025' AND known_to_run IS NULL
        AND area IN ('0101', 'DK')";
    assert_eq!(place.rows(why), [["approval"]]);
    let history = place.expect(0, &["explain", "share_67plus", "--municipality", "0101", "--period", "2025"]);
    assert!(history.contains("1: not approved yet") && history.contains("2: 40.0 (A), approval"), "{history}");
    assert!(approve(&place, "0101", "2025", &[], 2).contains("is not held"), "once is enough");
    assert!(approve(&place, "0101", "2024", &[], 2).contains("`population` from 2025 on"));
    approve(&place, "0751", "2025", &[], 0);
    assert_eq!(figures(&place, "2025"), ["0101 40.0 AF 1/1", "0751 20.0 AF 1/1", "DK 30.0 PF 2/98"]);
    assert_eq!(place.expect(0, &["approve", "--list"]), "nothing is held\n");
    place.expect_nothing_new();
    // An approval holds, also for a correction that comes later.
    let corrected = fs::read_to_string(place.path("drop/statbank/folk1a_2025.csv"))
        .expect("a file")
        .replace(";70;2025K1;40", ";70;2025K1;44");
    place.write("drop/statbank/folk1a_2025.csv", corrected);
    place.expect(0, &["run"]);
    assert!(figures(&place, "2025")[0].ends_with("AF 1/1"));
    approve(&place, "0101", "2025", &["--withdraw"], 0);
    assert!(figures(&place, "2025")[0].starts_with("0101 - AN"));
    assert!(figures(&place, "2025")[2].starts_with("DK 20.0 PF 1/98"));
    assert!(approve(&place, "0101", "2025", &["--withdraw"], 2).contains("is not approved"));
    let acts = place.rows("SELECT kind || ' ' || municipality || ' ' || period || ' ' || person FROM act ORDER BY act");
    let acts: Vec<&str> = acts.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(acts, ["approve 0101 2025 Anna", "approve 0751 2025 Anna", "withdraw_approval 0101 2025 Anna"]);
}

#[test]
fn a_pipeline_that_holds_nothing_more_publishes_what_was_held() {
    let place = place();
    place.expect(0, &["run"]);
    hold(&place, "");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "2025")[..2], ["0101 40.0 AF 1/1", "0751 20.0 AF 1/1"]);
    hold(&place, "approvals: [{area: population, from: 2024}]\n");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "2024")[..2], ["0101 - AN 1/1", "0751 - AN 1/1"]);
}

#[test]
fn what_an_approval_lacks_is_said() {
    let place = place();
    place.expect(0, &["run"]);
    place.expect(2, &["approve"]);
    place.expect(2, &["approve", "--area", "population", "--municipality", "0101", "--period", "2025"]);
    place.expect(2, &["approve", "--area", "population", "--municipality", "0101", "--reason", "x"]);
    let json = place.expect(0, &["approve", "--list", "--format", "json"]);
    let held: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(held.as_array().is_some_and(|held| held.iter().any(|one| one["value"] == "20.0")), "{json}");
}
