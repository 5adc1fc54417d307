//! Deliveries beyond the budget of their source: withheld, released, judged alike in whatever order they come.

use std::fs;

use crate::place::Place;

const USES: &str = "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-04}\n";
const BUDGET: &str = "budget: {max_rejects: 3, max_drop: 50%, max_growth: 200%}\n";

fn place() -> Place {
    let place = Place::with_uses(USES);
    set_budget(&place, BUDGET);
    place
}

/// Gives the source this budget, or none.
fn set_budget(place: &Place, budget: &str) {
    let path = place.path("definitions/sources/kmd/opus_finance.yaml");
    let text = fs::read_to_string(&path).expect("the source");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("budget:")).collect();
    fs::write(path, lines.join("\n").replacen("\nformat:", &format!("\n{budget}format:"), 1) + "\n").expect("written");
}

/// A file with so many good and so many bad rows.
fn file(municipality: &str, month: &str, good: usize, bad: usize) -> Vec<u8> {
    let (year, in_year) = month.split_at(4);
    let mut text = "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n".to_owned();
    for number in 0..good + bad {
        let amount = if number < good { "1,00" } else { "one" };
        text += &format!(
            "{municipality};{year};{month};{number:08};1;15-{in_year}-{year};3220111000100011;Tekst;{amount}\r\n"
        );
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

fn deliver(place: &Place, municipality: &str, month: &str, version: &str, (good, bad): (usize, usize)) {
    let name = format!("drop/opus_finance/{municipality}/{municipality}_{month}{version}.csv");
    place.write(&name, file(municipality, month, good, bad));
}

/// The value of 0101 in each month, or its status.
fn figures(place: &Place) -> Vec<String> {
    let sql = "SELECT period || ' ' || coalesce(value_exact, obs_status) FROM latest_observation
        WHERE indicator = 'net_operating_expenditure' AND area = '0101' ORDER BY period";
    place.rows(sql).into_iter().map(|row| row[0].clone()).collect()
}

/// Name, state, code and counts of the deliveries.
fn books(place: &Place) -> Vec<String> {
    let sql = "SELECT substr(name, 19) || ' ' || state || ' ' || coalesce(refusal_code, '-') || ' ' || rows_accepted || '+' ||
        rows_rejected || ' ' || (SELECT count(*) FROM rejected_row AS r WHERE r.delivery = d.delivery) FROM delivery AS d
        ORDER BY name";
    place.rows(sql).into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn what_is_beyond_the_budget_is_withheld_and_the_others_go_on() {
    let place = place();
    for month in ["202401", "202402", "202403"] {
        deliver(&place, "0147", month, "", (10, 0));
    }
    deliver(&place, "0101", "202401", "", (10, 0));
    deliver(&place, "0101", "202402", "", (9, 4));
    deliver(&place, "0101", "202403", "", (4, 1));
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    for words in [
        "withheld[M8031]: 4 rows are rejected, and the budget of `opus_finance` has 3",
        "withheld[M8032]: 4 rows were accepted, 60% fewer than the 10 of 2024-01, and the budget of `opus_finance` has 50%",
        "musketer release ",
        "2 deliveries WITHHELD",
    ] {
        assert!(said.out.contains(words), "{words}\n{}", said.out);
    }
    assert!(said.err.contains("partial (exit 3): 4 deliveries read, 2 withheld"), "{}", said.err);
    assert_eq!(figures(&place), ["2024-01 10.00", "2024-02 O", "2024-03 O"]);
    let expected = [
        "0101_202401.csv accepted - 10+0 0",
        "0101_202402.csv withheld M8031 9+4 4",
        "0101_202403.csv withheld M8032 4+1 1",
    ];
    assert_eq!(books(&place)[..3], expected);
    let report: serde_json::Value = serde_json::from_str(&place.expect(0, &["run", "--format", "json"])).expect("JSON");
    assert_eq!(report["outcome"], "nothing_new", "it is said once, and then kept in mind");
    assert_eq!(report["units"]["opus_finance"]["withheld"], 2);
    let status = place.expect(1, &["status", "--fail-on", "withheld"]);
    assert!(status.contains("withheld[M8031]: 4 rows") && status.contains("musketer release"), "{status}");
    // A corrected file takes its place, and March is compared with it.
    deliver(&place, "0101", "202402", "_v2", (5, 0));
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00", "2024-02 5.00", "2024-03 4.00"]);
}

#[test]
fn what_stood_before_stands_on() {
    let place = place();
    deliver(&place, "0101", "202401", "", (10, 0));
    place.expect(0, &["run"]);
    deliver(&place, "0101", "202401", "_v2", (8, 4));
    place.expect(3, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00"]);
    // The same from nothing: the correction is read, withheld, and the file below it is read.
    fs::remove_dir_all(place.path("store")).expect("removed");
    place.expect(3, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00"]);
    assert_eq!(books(&place), ["0101_202401.csv accepted - 10+0 0", "0101_202401_v2.csv withheld M8031 8+4 4"]);
}

#[test]
fn a_delivery_is_released_and_judged_again() {
    let place = place();
    deliver(&place, "0101", "202401", "", (10, 0));
    deliver(&place, "0101", "202402", "", (4, 0));
    place.expect(3, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00"]);
    let id = &place.rows("SELECT substr(delivery, 1, 8) FROM delivery WHERE state = 'withheld'")[0][0];
    let accepted = &place.rows("SELECT substr(delivery, 1, 8) FROM delivery WHERE state = 'accepted'")[0][0];
    place.expect(2, &["release", id]);
    let said = place.musketer(&["release", accepted, "--reason", "x"]);
    assert!(said.code == 2 && said.err.contains("M7013") && said.err.contains("is not withheld"), "{}", said.err);
    // Another pipeline would record it, and have nothing to release.
    let head =
        "kind: pipeline\nid: other\ntitle: {da: En anden, en: Another}\ndrop: drop\nindicators: [population]\nuses:\n";
    let uses = "  - {source: statbank_population, municipalities: all, from: 2024, to: 2024}\n";
    place.write("pipelines/other.yaml", format!("{head}{uses}"));
    let said = place.musketer(&["release", id, "--reason", "x", "--pipeline", "other"]);
    assert!(said.code == 2 && said.err.contains("M8011") && said.err.contains("--pipeline ID"), "{}", said.err);
    assert_eq!(place.number("SELECT count(*) FROM act"), 0);
    place.expect(0, &["release", id, "--reason", "it was a quiet month", "--by", "Anna"]);
    assert_eq!(figures(&place), ["2024-01 10.00", "2024-02 4.00"]);
    let act = "SELECT kind || ' ' || person || ' ' || reason FROM act";
    assert_eq!(place.rows(act), [["release Anna it was a quiet month"]]);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00", "2024-02 4.00"]);
    let again = place.musketer(&["release", id, "--reason", "x"]);
    assert!(again.code == 2 && again.err.contains("has been released already"), "{}", again.err);
    place.expect(3, &["release", id, "--undo", "--reason", "it was not"]);
    assert_eq!(figures(&place), ["2024-01 10.00"]);
}

#[test]
fn another_budget_judges_anew_and_reads_nothing_again() {
    let place = place();
    deliver(&place, "0101", "202401", "", (10, 0));
    deliver(&place, "0101", "202402", "", (8, 3));
    place.expect(0, &["run"]);
    set_budget(&place, "budget: {max_rejects: 2}\n");
    let plan = place.expect(0, &["plan"]);
    assert!(plan.contains("will be withheld [M8031]: 3 rows are rejected") && !plan.contains("read again"), "{plan}");
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert_eq!(figures(&place), ["2024-01 10.00"]);
    assert_eq!(place.number("SELECT count(DISTINCT processed_run) FROM delivery"), 1, "nothing was read again");
    set_budget(&place, "");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2024-01 10.00", "2024-02 8.00"]);
    place.expect(0, &["run"]);
    assert_eq!(books(&place), ["0101_202401.csv accepted - 10+0 0", "0101_202402.csv accepted - 8+3 3"]);
}

/// Orders in which every delivery comes first, last, before and after each other one.
const ORDERS: [[usize; 4]; 6] = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2], [3, 1, 2, 0], [2, 3, 0, 1]];

#[test]
fn the_order_of_arrival_decides_nothing() {
    let files = [("202401", "", (10, 0)), ("202402", "", (4, 0)), ("202402", "_v2", (1, 0)), ("202403", "", (3, 0))];
    // All at once: January holds, February does not in either version, and March is compared with January.
    let at_once = place();
    for (month, version, rows) in files {
        deliver(&at_once, "0101", month, version, rows);
    }
    at_once.expect(3, &["run"]);
    let (expected, of_figures) = (books(&at_once), figures(&at_once));
    assert_eq!(of_figures, ["2024-01 10.00"]);
    assert_eq!(expected.iter().filter(|line| line.contains("withheld M8032")).count(), 3, "{expected:?}");
    for order in ORDERS {
        let place = place();
        for at in order {
            let (month, version, rows) = files[at];
            deliver(&place, "0101", month, version, rows);
            place.musketer(&["run"]);
        }
        assert_eq!((books(&place), figures(&place)), (expected.clone(), of_figures.clone()), "{order:?}");
    }
}

#[test]
fn nothing_to_report_is_a_statement_of_a_person() {
    let place = place();
    deliver(&place, "0147", "202401", "", (10, 0));
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2024-01 O"]);
    let receipt = |period: &'static str, code: i32| {
        let arguments = ["receipt", "--source", "opus_finance", "--municipality", "0101", "--period", period];
        let said = place.musketer(&[&arguments[..], &["--reason", "no postings in January", "--by", "Anna"]].concat());
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        said.err
    };
    receipt("2024-01", 0);
    assert_eq!(figures(&place), ["2024-01 0.00"], "zero, and no gap");
    let matrix = place.expect(0, &["status", "--source", "opus_finance", "--day", "2024-02-01"]);
    assert!(matrix.contains("0101 København           0\n") && matrix.contains("0 nothing to report"), "{matrix}");
    assert!(receipt("2024-01", 2).contains("has come"), "once is enough");
    assert!(receipt("2025-01", 2).contains("is not owed"));
    assert!(receipt("2024-W01", 2).contains("is kept by the month"));
    // A quarter is its months, and what comes later as a file has precedence.
    let other = place.musketer(&[
        "receipt",
        "--source",
        "nosuch",
        "--municipality",
        "0101",
        "--period",
        "2024-02",
        "--reason",
        "x",
    ]);
    assert!(other.code == 2 && other.err.contains("it uses `opus_finance`"), "{}", other.err);
    deliver(&place, "0101", "202401", "", (7, 0));
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2024-01 7.00"]);
}
