//! Rejected rows that come back: they are listed, shown, waived, and read again when what was wrong is mended.

use std::fs;

use crate::place::Place;

const USES: &str = "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-02}
  - {source: tabulex_pupils, municipalities: ['0101'], from: 2024, to: 2024}\n";

const HEADER: &str =
    "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";

const CODES: &str = "definitions/codelists/account_function.csv";

/// Rows of an account each; the text and the amount are always the same.
fn finance(municipality: &str, month: &str, accounts: &[&str]) -> Vec<u8> {
    let mut text = HEADER.to_owned();
    for (number, account) in (1..).zip(accounts) {
        text += &format!("{municipality};2024;{month};{number:08};1;15-01-2024;{account};Tekst;100,00\r\n");
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

const SOUND: &str = "3220111000100011";
/// An account of a function that the list does not have yet.
const UNKNOWN: &str = "9999911000100011";
const OTHER: &str = "9999811000100011";

/// Two municipalities, three rows with codes that are unknown, a row that nothing can mend, and persons.
fn place() -> Place {
    let place = Place::with_uses(USES);
    place.write("drop/opus_finance/0101/0101_202401.csv", finance("0101", "202401", &[SOUND, UNKNOWN, OTHER, "x"]));
    place.write("drop/opus_finance/0147/0147_202401.csv", finance("0147", "202401", &[SOUND, UNKNOWN]));
    let pupils = "\"Skole\";\"Skoletype\";\"Klasse\";\"Klassetype\";\"Trin\";\"CPR\";\"Bop\u{e6}lskommune\";\"Opt\u{e6}llingsdato\"\r\n\
        \"101012\";\"1012\";\"5A\";\"10\";\"5\";\"760696-4326\";\"0101\";\"05-09-2024\"\r\n\
        \"101012\";\"1012\";\"5A\";\"10\";\"5\";\"760696-432\";\"0101\";\"05-09-2024\"\r\n";
    place.write("drop/tabulex_pupils/elever_0101_2024.csv", pupils);
    place.expect(0, &["run"]);
    assert_balanced(&place);
    place
}

/// Makes a code known.
fn mend(place: &Place, code: &str) {
    let list = fs::read_to_string(place.path(CODES)).expect("the list");
    let [main, division, function] = [&code[..1], &code[1..3], &code[3..]];
    place.write(CODES, format!("{list}{main}.{division}.{function};Ny;New;2007-01-01;;{code}\n"));
}

/// What holds of the books after whatever was done.
fn assert_balanced(place: &Place) {
    let kept = "SELECT * FROM delivery_balance WHERE rows_read <> rows_accepted + rows_rejected + rows_skipped
        OR rows_rejected <> rejected_rows_kept OR rows_skipped <> skipped_rows_by_rule
        OR (state = 'accepted' AND rows_accepted <> rows_in_units)";
    assert_eq!(place.rows(kept), [[""; 0]; 0]);
    // What is listed is what is kept, and an act about a row that is rejected decides its status.
    let open = "SELECT coalesce(sum(status = 'open'), 0) FROM rejected_row AS r JOIN delivery AS d USING (delivery)
        WHERE d.state NOT IN ('superseded', 'retracted')";
    assert_eq!(total(place, &[]), place.number(open));
    let undecided = "SELECT count(*) FROM rejected_row AS r WHERE status <> 'replayed' AND (status = 'waived') <> coalesce((
        SELECT kind = 'waive' FROM act AS a WHERE a.delivery = r.delivery AND a.record = r.record ORDER BY act DESC LIMIT 1
    ), 0)";
    assert_eq!(place.number(undecided), 0);
}

fn total(place: &Place, filter: &[&str]) -> i64 {
    let out = place.expect(0, &[&["rejects", "list", "--format", "json"], filter].concat());
    let rejects: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let counted: i64 =
        rejects["counts"].as_array().expect("counts").iter().map(|one| one["rows"].as_i64().expect("a number")).sum();
    assert_eq!(rejects["total"], counted);
    counted
}

fn delivery(place: &Place, name: &str) -> String {
    place.rows(&format!("SELECT delivery FROM delivery WHERE name LIKE '%{name}'"))[0][0].clone()
}

/// Status and record of the rejected rows of a delivery.
fn rejected(place: &Place, name: &str) -> Vec<String> {
    let sql = format!(
        "SELECT record || ' ' || status FROM rejected_row JOIN delivery USING (delivery) WHERE delivery.name LIKE '%{name}' ORDER BY record"
    );
    place.rows(&sql).concat()
}

/// All that readers of figures and books see, without the numbers of runs and the history of rejected rows.
fn tables(place: &Place) -> Vec<Vec<Vec<String>>> {
    let queries = [
        "SELECT indicator, area, period, breakdown, value_exact, obs_status, revision FROM latest_observation ORDER BY 1, 2, 3, 4",
        "SELECT source, municipality, period, delivery, reading_fingerprint, rows, part FROM unit ORDER BY 1, 2, 3",
        "SELECT delivery, state, rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery ORDER BY 1",
        "SELECT delivery, record, line, code, column_name, reason, raw, status FROM rejected_row ORDER BY 1, 2, 3, 4, 5",
    ];
    queries.map(|sql| place.rows(sql)).into()
}

#[test]
fn rejected_rows_are_listed_with_delivery_and_status() {
    let place = place();
    let id = delivery(&place, "0101_202401.csv");
    let out = place.expect(0, &["rejects", "list"]);
    for words in [
        &format!("{}:3 opus_finance/0101/0101_202401.csv:3, column `Kontostreng`", &id[..8]),
        "M5106",
        "open",
        "| 0101;2024;",
    ] {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    assert_eq!(total(&place, &[]), 5);
    assert_eq!(total(&place, &["--delivery", &id[..8], "--code", "M5106", "--limit", "0"]), 3);
    assert_eq!(total(&place, &["--status", "waived"]), 0);
    let out = place.expect(0, &["rejects", "list", "--limit", "1"]);
    assert!(out.contains("showing 1 of 5 rejected rows"), "{out}");
    let said = place.musketer(&["rejects", "list", "--format", "csv"]);
    assert_eq!((said.code, said.out.lines().count(), said.err.as_str()), (0, 6, ""));
    assert!(said.out.starts_with("delivery_id,delivery,record,line,status,code,column,reason,raw\n"), "{}", said.out);
    let out = place.expect(0, &["rejects", "list", "--status", "replayed"]);
    assert_eq!(out, "no rejected rows, replayed\n");
}

#[test]
fn a_rejected_record_is_shown_in_full_and_no_person() {
    let place = place();
    let id = delivery(&place, "0101_202401.csv");
    let out = place.expect(0, &["rejects", "show", &format!("{}:3", &id[..6])]);
    for words in [
        "0101_202401.csv:3",
        "M5106 CODE_UNKNOWN, column `Kontostreng`",
        "expected: finance_postings.function",
        "definitions/codelists/account_function",
        "what to do: Add the code",
        &format!("| 0101;2024;202401;00000002;1;15-01-2024;{UNKNOWN};"),
        "open: received by run 1, read last by run 1",
    ] {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    let archived = out.split("for those who may read it: ").nth(1).and_then(|rest| rest.split(" (zstd)").next());
    assert!(fs::exists(archived.expect("a path")).expect("looked"), "{out}");
    let persons = delivery(&place, "elever_0101_2024.csv");
    for format in ["text", "json"] {
        let out = place.expect(0, &["rejects", "show", &persons, "--format", format]);
        assert!(out.contains("the dataset is about persons") && !out.contains("432"), "{out}");
    }
    let said = place.musketer(&["rejects", "show", &format!("{id}:2")]);
    assert!(said.code == 2 && said.err.contains("M7013") && said.err.contains("rejects list"), "{}", said.err);
    let said = place.musketer(&["rejects", "show", "ffffff"]);
    assert!(said.code == 2 && said.err.contains("M7012"), "{}", said.err);
}

#[test]
fn what_is_waived_stays_waived_and_stays_rejected() {
    let place = place();
    let id = delivery(&place, "0101_202401.csv");
    let said = place.musketer(&["rejects", "waive", "--reason", "all of it"]);
    assert_eq!(said.code, 2, "everything at once is not meant by saying nothing: {}", said.err);
    let row = format!("{}:5", &id[..8]);
    let out = place.expect(0, &["rejects", "waive", &row, "--reason", "sent on paper, 760696-4326", "--by", "Steward"]);
    assert!(out.contains("waived 1 rejected row of 1 delivery"), "{out}");
    assert_eq!(rejected(&place, "0101_202401.csv"), ["3 open", "4 open", "5 waived"]);
    assert_eq!(
        place.rows("SELECT kind, delivery, record, person, reason, run FROM act"),
        [["waive", &id, "5", "Steward", "sent on paper, [redacted]", "2"]]
    );
    assert_balanced(&place);
    let out = place.expect(0, &["rejects", "show", &row]);
    assert!(out.contains("waived: received by run 1") && out.contains("waive by Steward at "), "{out}");
    let again = place.musketer(&["rejects", "waive", &row, "--reason", "again"]);
    assert!(again.code == 2 && again.err.contains("M7013"), "{}", again.err);
    // By what is wrong, wherever it is.
    place.expect(0, &["rejects", "waive", "--code", "M5106", "--municipality", "0147", "--reason", "an old account"]);
    assert_eq!(rejected(&place, "0147_202401.csv"), ["3 waived"]);
    // It is decided about the record, so it holds when the delivery is read again.
    mend(&place, "88888");
    place.expect(0, &["run"]);
    assert_eq!(place.number("SELECT count(*) FROM delivery WHERE processed_run = 4"), 2);
    assert_eq!(rejected(&place, "0101_202401.csv"), ["3 open", "4 open", "5 waived"]);
    assert_balanced(&place);
    place.expect_nothing_new();
    let out = place.expect(0, &["rejects", "waive", &row, "--undo", "--reason", "it must be asked for"]);
    assert!(out.contains("1 rejected row of 1 delivery are open again") || out.contains("open again"), "{out}");
    assert_eq!(rejected(&place, "0101_202401.csv"), ["3 open", "4 open", "5 open"]);
    assert_balanced(&place);
}

#[test]
fn what_passes_now_is_loaded_and_the_rest_stays() {
    let place = place();
    let out = place.expect(0, &["rejects", "replay"]);
    assert!(out.contains("nothing to replay: the definitions have not changed since 3 deliveries"), "{out}");
    let out = place.expect(0, &["rejects", "replay", "--code", "M5001"]);
    assert!(out.contains("nothing to replay: no rejected row"), "{out}");
    assert_eq!(place.number("SELECT max(run) FROM run"), 1);
    place.expect(0, &["rejects", "waive", &format!("{}:5", delivery(&place, "0101_202401.csv")), "--reason", "known"]);

    mend(&place, "99999");
    let out = place.expect(0, &["rejects", "replay", "--municipality", "0101", "--source", "opus_finance"]);
    assert!(out.contains("passed now") && out.contains("0101_202401.csv") && !out.contains("0147_202401.csv"), "{out}");
    assert!(out.contains("1 row that had been rejected passed, 0 newly rejected"), "{out}");
    assert_eq!(rejected(&place, "0101_202401.csv"), ["3 replayed", "4 open", "5 waived"]);
    assert_eq!(rejected(&place, "0147_202401.csv"), ["3 open"]);
    let value = "SELECT cast(value AS INTEGER) FROM latest_observation
        WHERE indicator = 'net_operating_expenditure' AND period = '2024-01' AND area = '0101'";
    assert_eq!(place.number("SELECT rows FROM unit WHERE municipality = '0101' AND source = 'opus_finance'"), 2);
    assert!(place.number(value) >= 100);
    assert_balanced(&place);
    let out = place.expect(0, &["rejects", "show", &format!("{}:3", delivery(&place, "0101_202401.csv"))]);
    assert!(out.contains("passed when the delivery was read again, in run 3"), "{out}");
    assert_eq!(total(&place, &["--status", "replayed"]), 1);
    // The others are read by the next run, and nothing is left.
    place.expect(0, &["run"]);
    assert_eq!(rejected(&place, "0147_202401.csv"), ["3 replayed"]);
    assert_balanced(&place);
    place.expect_nothing_new();
}

#[test]
fn a_replay_and_a_nightly_run_give_the_same_tables() {
    let (replayed, nightly) = (place(), place());
    for place in [&replayed, &nightly] {
        mend(place, "99999");
        mend(place, "99998");
    }
    let out = replayed.expect(0, &["rejects", "replay", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let again: Vec<String> =
        report["deliveries"].as_array().expect("deliveries").iter().map(|one| one["read_again"].to_string()).collect();
    assert!(again.contains(&r#"{"newly_rejected":0,"passed":2,"still_rejected":1}"#.to_owned()), "{again:?}");
    let out = nightly.expect(0, &["run"]);
    assert!(out.contains("3 rows that had been rejected passed, 0 newly rejected"), "{out}");
    assert_eq!(tables(&replayed), tables(&nightly));
    replayed.expect(0, &["run"]);
    assert_eq!(tables(&replayed), tables(&nightly));
}

#[test]
fn the_books_balance_whatever_is_done() {
    let place = place();
    let name = "0101_202401.csv";
    let id = delivery(&place, name);
    let known = fs::read_to_string(place.path(CODES)).expect("the list");
    let waive = |record: u64| {
        place.expect(0, &["rejects", "waive", &format!("{id}:{record}"), "--reason", "known"]);
    };
    waive(3);
    assert_balanced(&place);
    mend(&place, "99999");
    place.expect(0, &["rejects", "replay", &id]);
    assert_eq!(rejected(&place, name), ["3 replayed", "4 open", "5 open"]);
    assert_balanced(&place);
    place.expect(0, &["retract", &id, "--reason", "wrong month"]);
    assert_balanced(&place);
    assert_eq!(total(&place, &["--municipality", "0101", "--source", "opus_finance"]), 0, "nobody has to look at them");
    assert_eq!(total(&place, &["--delivery", &id]), 2, "unless somebody asks");
    mend(&place, "99998");
    place.expect(0, &["run"]);
    place.expect(0, &["retract", &id, "--undo", "--reason", "it was right"]);
    assert_eq!(rejected(&place, name), ["3 replayed", "4 replayed", "5 open"]);
    assert_balanced(&place);
    // The list is as it was: what had passed is rejected again, and what was waived is still known.
    place.write(CODES, known);
    place.expect(0, &["run"]);
    assert_eq!(rejected(&place, name), ["3 waived", "4 open", "5 open"]);
    assert_balanced(&place);
    // A correction takes its place.
    place.write("drop/opus_finance/0101/0101_202401_v2.csv", finance("0101", "202401", &[SOUND, UNKNOWN]));
    place.expect(0, &["run"]);
    assert_balanced(&place);
    assert_eq!(total(&place, &["--municipality", "0101", "--source", "opus_finance"]), 1);
    // A delivery that new definitions refuse has no rejected rows; what it once had comes back with it.
    let path = "definitions/sources/kmd/opus_finance.yaml";
    let source = fs::read_to_string(place.path(path)).expect("the source");
    place.write(path, source.replace("min_rows: 1", "min_rows: 2"));
    place.expect(3, &["run"]);
    assert_balanced(&place);
    place.write(path, source);
    place.expect(0, &["run"]);
    assert_balanced(&place);
    assert_eq!(rejected(&place, "0101_202401_v2.csv"), ["3 open"]);
    place.expect_nothing_new();
}
