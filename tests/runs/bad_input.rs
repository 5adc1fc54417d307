//! Deliveries that cannot be used: each a coded error with a place and a way out, everything else published.

use crate::place::Place;

const USES: &str = "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-02}
  - {source: oes_finance, municipalities: ['0751'], from: 2024-01, to: 2024-02}
  - {source: sd_absence, municipalities: ['0101'], from: 2024-01, to: 2024-12}\n";

const HEADER: &str =
    "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

fn row(municipality: &str, month: &str, number: u32) -> String {
    format!("{municipality};2024;{month};{number:08};1;15-01-2024;3220111000100011;Tekst;100,00\r\n")
}

fn sound(municipality: &str, month: &str) -> Vec<u8> {
    latin(&format!("{HEADER}{}", row(municipality, month, 1)))
}

/// Delivers a bad file beside a good one, and checks what is said of it.
fn refused(name: &str, bytes: &[u8], code: &str, says: &[&str]) {
    let place = Place::with_uses(USES);
    place.write("drop/opus_finance/0147/0147_202401.csv", sound("0147", "202401"));
    place.write(&format!("drop/{name}"), bytes);
    let out = place.expect(3, &["run"]);
    assert!(out.contains(&format!("error[{code}]")), "{name}: {code} expected\n{out}");
    assert!(out.contains("help: "), "{out}");
    for words in says {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    // Everything else is published, and nothing of this one.
    let published = "SELECT count(*) FROM latest_observation WHERE area = '0147' AND indicator = 'net_operating_expenditure' AND value = 100";
    assert_eq!(place.number(published), 1, "{out}");
    assert_eq!(place.number("SELECT count(*) FROM unit"), 1);
    assert_eq!(place.number("SELECT coalesce(sum(rows_accepted), 0) FROM delivery WHERE state = 'refused'"), 0);
    // It is not read again as long as it stays as it is, but it is not forgotten.
    let again = place.musketer(&["run"]);
    assert!(again.out.to_lowercase().contains("refused"), "{}", again.out);
    let status = place.expect(0, &["status"]);
    assert!(status.contains(code) || again.code == 3, "{status}");
}

const TARGET: &str = "opus_finance/0101/0101_202401.csv";

#[test]
fn an_empty_file() {
    refused(TARGET, b"", "M8001", &["0101_202401.csv"]);
    refused(TARGET, b"  \r\n\r\n", "M8001", &[]);
}

#[test]
fn something_else_under_the_name_of_a_table() {
    refused(TARGET, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "M8002", &["PNG"]);
    refused(TARGET, b"<!DOCTYPE html><html><body>Log in</body></html>", "M8002", &["web page"]);
    refused(TARGET, b"PK\x03\x04\x14\0\x06\0", "M8002", &[]);
    refused(TARGET, b"\x1f\x8b\x08\0\0\0\0\0", "M8002", &["gzip"]);
}

#[test]
fn another_encoding() {
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(HEADER.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    refused(TARGET, &utf16, "M8003", &["UTF-16"]);
}

#[test]
fn a_wrong_separator() {
    let text = format!("{HEADER}{}", row("0101", "202401", 1)).replace(';', "|");
    refused(TARGET, &latin(&text), "M8004", &["Kommunenr"]);
}

#[test]
fn a_missing_column() {
    let text = format!("{HEADER}{}", row("0101", "202401", 1)).replace("Kontostreng", "Konto");
    refused(TARGET, &latin(&text), "M8004", &["Kontostreng", "Konto"]);
}

#[test]
fn a_column_that_stands_twice() {
    let text = format!("{HEADER}{}", row("0101", "202401", 1));
    let text = text.replace("Bel\u{f8}b\r\n", "Bel\u{f8}b;Kontostreng\r\n").replace("100,00\r\n", "100,00;1\r\n");
    refused(TARGET, &latin(&text), "M8005", &["Kontostreng"]);
}

#[test]
fn a_cut_last_row() {
    let text = format!("{HEADER}{}{}", row("0101", "202401", 1), &row("0101", "202401", 2)[..30]);
    refused(TARGET, &latin(&text), "M8006", &["0101_202401.csv:3"]);
}

#[test]
fn a_tail_of_nothing() {
    let mut bytes = sound("0101", "202401");
    bytes.extend([0; 4096]);
    refused(TARGET, &bytes, "M8018", &[]);
}

fn oes(rows: u64, stated_rows: u64, stated_sum: i64) -> Vec<u8> {
    let mut text = format!("{:<92}\r\n", "Z3000751202401");
    for number in 1..=rows {
        text += &format!("07512024013220111000100011{number:08}0000115012024{:014} {:<30}\r\n", 10_000, "Tekst");
    }
    let sign = if stated_sum < 0 { '-' } else { ' ' };
    text += &format!("{:<92}\r\n", format!("SLUTD{stated_rows:09}{:016}{sign}", stated_sum.abs()));
    latin(&text)
}

#[test]
fn control_totals_that_do_not_match() {
    let name = "oes_finance/D202401.0751.txt";
    refused(name, &oes(3, 4, 30_000), "M8007", &["3", "4"]);
    refused(name, &oes(3, 3, 30_001), "M8007", &["300.00", "300.01"]);
    let whole = oes(3, 3, 30_000);
    let cut = &whole[..whole.len() - 94];
    refused(name, cut, "M8008", &[]);
    let place = Place::with_uses(USES);
    place.write(&format!("drop/{name}"), &whole);
    place.expect(0, &["run"]);
}

#[test]
fn a_control_record_of_another_municipality() {
    let text = String::from_utf8(oes(1, 1, 10_000)).expect("ASCII").replace("Z3000751", "Z3000101");
    refused("oes_finance/D202401.0751.txt", text.as_bytes(), "M8007", &["0101", "0751"]);
}

#[test]
fn a_file_of_another_municipality() {
    refused(TARGET, &sound("0147", "202401"), "M8009", &["0101"]);
}

#[test]
fn an_unknown_municipality() {
    refused("opus_finance/0999/0999_202401.csv", &sound("0999", "202401"), "M8010", &["0999"]);
}

#[test]
fn a_municipality_that_does_not_use_the_source() {
    refused("opus_finance/0751/0751_202401.csv", &sound("0751", "202401"), "M8011", &["0751", "opus_finance"]);
    refused("opus_finance/0101/0101_202312.csv", &sound("0101", "202312"), "M8011", &["2023-12"]);
}

#[test]
fn an_impossible_period() {
    refused("opus_finance/0101/0101_202413.csv", &sound("0101", "202413"), "M8023", &["202413"]);
}

#[test]
fn links_and_pipes_are_not_opened() {
    let place = Place::with_uses(USES);
    place.write("secret.csv", sound("0101", "202401"));
    place.write("drop/opus_finance/0147/0147_202401.csv", sound("0147", "202401"));
    std::fs::create_dir_all(place.path("drop/opus_finance/0101")).expect("made");
    std::os::unix::fs::symlink(place.path("secret.csv"), place.path("drop/opus_finance/0101/0101_202401.csv"))
        .expect("linked");
    let out = place.expect(3, &["run"]);
    assert!(out.contains("M8014"), "{out}");
    assert_eq!(place.number("SELECT count(*) FROM unit"), 1);
}

#[test]
fn rejected_rows_are_kept_with_place_code_and_reason() {
    let place = Place::with_uses(USES);
    let mut text = format!("{HEADER}{}", row("0101", "202401", 1));
    text += "0101;2024;202401;00000002;1;31-02-2024;3220111000100011;Tekst;100,00\r\n";
    text += "0101;2024;202401;00000003;1;15-01-2024;3220111000100011;Tekst;3.885\r\n";
    text += "0101;2024;202401;00000004;1;15-01-2024;3220111000100011;Tekst;1.23,4\r\n";
    text += "0101;2024;202401;00000005;1;15-01-2024;9999911000100011;Tekst;100,00\r\n";
    text += "0101;2024;202401;00000006;1;15-01-2024;3220111000100011;Tekst\r\n";
    place.write(&format!("drop/{TARGET}"), latin(&text));
    place.expect(0, &["run"]);
    let rows = place.rows("SELECT line, column_name, code FROM rejected_row ORDER BY line");
    let found: Vec<(&str, &str, &str)> =
        rows.iter().map(|row| (row[0].as_str(), row[1].as_str(), row[2].as_str())).collect();
    let expected =
        [("3", "Bogføringsdato", "M5105"), ("5", "Beløb", "M5104"), ("6", "Kontostreng", "M5106"), ("7", "", "M5001")];
    assert_eq!(found, expected, "a grouped whole number is a number where grouping is declared");
    let out = place.expect(0, &["rejects", "list"]);
    assert!(out.contains("0101_202401.csv:3, column `Bogføringsdato`") && out.contains("31-02-2024"), "{out}");
    let out = place.expect(0, &["rejects", "list", "--code", "M5106", "--format", "json"]);
    let rejects: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(rejects["total"], 1);
}
