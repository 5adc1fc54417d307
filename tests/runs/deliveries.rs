//! Deliveries over time: nothing new, late ones, corrected ones, in whatever order.

use std::collections::BTreeMap;
use std::fs;

use crate::place::{Place, copy, example, tree};

const FINANCE: &str = "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-02}\n";

fn opus(rows: &[(&str, &str)], municipality: &str, month: &str) -> Vec<u8> {
    let mut text =
        "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n".to_owned();
    for (number, (account, amount)) in rows.iter().enumerate() {
        let (year, in_year) = month.split_at(4);
        text += &format!(
            "{municipality};{year};{month};{:08};1;15-{in_year}-{year};{account};Tekst;{amount}\r\n",
            number + 1
        );
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

const SCHOOL: &str = "3220111000100011";

fn deliver(place: &Place, municipality: &str, month: &str, version: &str, amount: &str) {
    let name = format!("drop/opus_finance/{municipality}/{municipality}_{month}{version}.csv");
    place.write(&name, opus(&[(SCHOOL, amount)], municipality, month));
}

fn figure(place: &Place, municipality: &str, period: &str) -> String {
    let rows = place.rows(&format!(
        "SELECT coalesce(value_exact, obs_status) FROM latest_observation
         WHERE indicator = 'net_operating_expenditure' AND area = '{municipality}' AND period = '{period}'"
    ));
    rows.first().map(|row| row[0].clone()).unwrap_or_default()
}

#[test]
fn a_second_run_does_nothing_and_says_so() {
    let place = Place::after_example();
    // The copied files have other stamps, so that they are looked at once more; nothing in them is new.
    place.expect_nothing_new();
    let before = tree(&place.path("store/canonical"));
    let runs = place.number("SELECT count(*) FROM run");
    place.expect_nothing_new();
    assert_eq!(place.number("SELECT count(*) FROM run"), runs);
    assert_eq!(tree(&place.path("store/canonical")), before);
}

#[test]
fn a_correction_replaces_its_unit_and_keeps_the_old_figure() {
    let place = Place::with_uses(FINANCE);
    for (municipality, month) in [("0101", "202401"), ("0101", "202402"), ("0147", "202401"), ("0147", "202402")] {
        deliver(&place, municipality, month, "", "100,00");
    }
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "100.00");

    deliver(&place, "0101", "202401", "_v2", "250,50");
    let report = place.expect(0, &["run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["deliveries"].as_array().map(Vec::len), Some(1), "only the correction is read");
    assert_eq!(figure(&place, "0101", "2024-01"), "250.50");
    assert_eq!(figure(&place, "0101", "2024-02"), "100.00");
    assert_eq!(figure(&place, "1084", "2024-01"), "350.50");

    let changed = report["indicators"]["net_operating_expenditure"]["changed"].as_u64();
    assert_eq!(changed, Some(3), "the municipality, its region and the country, in one month");
    let revisions = "SELECT area, revision, value_exact, known_from_run, coalesce(known_to_run, '') FROM observation
        WHERE indicator = 'net_operating_expenditure' AND area = '0101' AND period = '2024-01' ORDER BY revision";
    assert_eq!(place.rows(revisions), [["0101", "1", "100.00", "1", "2"], ["0101", "2", "250.50", "2", ""]]);
    assert_eq!(place.number("SELECT count(*) FROM delivery WHERE state = 'superseded'"), 1);
}

#[test]
fn a_correction_holds_also_when_it_arrives_first() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "_v2", "250,50");
    place.expect(0, &["run"]);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "250.50");
    assert_eq!(place.number("SELECT count(*) FROM observation WHERE revision > 1"), 0);
}

#[test]
fn a_refused_correction_leaves_what_was_there() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    place.write("drop/opus_finance/0101/0101_202401_v2.csv", "");
    let out = place.expect(3, &["run"]);
    assert!(out.contains("M8001"), "{out}");
    assert_eq!(figure(&place, "0101", "2024-01"), "100.00");
    // Both at once, in an empty store: the correction is refused, the first version is read in its stead.
    fs::remove_dir_all(place.path("store")).expect("removed");
    place.expect(3, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "100.00");
}

#[test]
fn the_same_name_with_new_content_is_a_new_delivery() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    deliver(&place, "0101", "202401", "", "123.456,78-");
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "-123456.78");
}

#[test]
fn the_same_content_under_a_new_name_is_nothing_new() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    deliver(&place, "0101", "202401", "_v1", "100,00");
    place.expect_nothing_new();
    assert_eq!(place.number("SELECT count(*) FROM delivery"), 1);
}

#[test]
fn two_files_that_claim_the_same_version_are_both_refused() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    deliver(&place, "0101", "202401", "_v1", "200,00");
    deliver(&place, "0147", "202401", "", "7,00");
    let out = place.expect(3, &["run"]);
    assert_eq!(out.matches("M7002").count(), 2, "{out}");
    assert_eq!((figure(&place, "0101", "2024-01").as_str(), figure(&place, "0147", "2024-01").as_str()), ("O", "7.00"));
    // The wrong one is taken away: the other one holds.
    fs::remove_file(place.path("drop/opus_finance/0101/0101_202401.csv")).expect("removed");
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "200.00");
}

#[test]
fn late_deliveries_complete_what_was_provisional() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    let status = "SELECT area, coalesce(value_exact, ''), obs_status, contributing || '/' || members FROM latest_observation
        WHERE indicator = 'net_operating_expenditure' AND period = '2024-01' AND area IN ('0101', '0147', '0751', '1084')
        ORDER BY area";
    let before = [
        ["0101", "100.00", "A", "1/1"],
        ["0147", "", "O", "0/1"],
        ["0751", "", "L", "0/1"],
        ["1084", "100.00", "P", "1/29"],
    ];
    assert_eq!(place.rows(status), before);
    deliver(&place, "0147", "202401", "", "1,00");
    place.expect(0, &["run"]);
    let after = [
        ["0101", "100.00", "A", "1/1"],
        ["0147", "1.00", "A", "1/1"],
        ["0751", "", "L", "0/1"],
        ["1084", "101.00", "P", "2/29"],
    ];
    assert_eq!(place.rows(status), after);
}

#[test]
fn a_changed_definition_is_computed_again_and_a_changed_text_is_not() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    place.expect(0, &["run"]);
    let path = "definitions/indicators/finance/net_operating_expenditure.yaml";
    let text = fs::read_to_string(place.path(path)).expect("the definition");
    place.write(path, text.replace("Net operating expenditure", "Net operating expenses"));
    place.expect_nothing_new();
    place.write(path, text.replace("dranst in ('1', '2')", "dranst = '2'"));
    let out = place.expect(0, &["run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let computed: Vec<&String> = report["indicators"].as_object().expect("a map").keys().collect();
    assert_eq!(computed, ["net_operating_expenditure"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "0.00");
}

#[test]
fn the_later_deliveries_change_what_depends_on_them_and_nothing_else() {
    let place = Place::after_example();
    let canonical = tree(&place.path("store/canonical"));
    copy(&example().join("later"), &place.path("drop"));
    place.expect(0, &["run"]);
    let after: BTreeMap<_, _> = tree(&place.path("store/canonical"));
    let kept = canonical.iter().filter(|(name, bytes)| after.get(*name) == Some(*bytes)).count();
    let later = tree(&example().join("later")).len();
    assert!(later > 0 && kept + 24 * later >= canonical.len(), "{kept} of {} parts are as they were", canonical.len());
    assert!(place.number("SELECT count(*) FROM observation WHERE revision > 1") > 0);
    assert_eq!(place.number("SELECT count(*) FROM run"), 2);
}

#[test]
fn rows_outside_the_use_of_their_source_are_skipped_and_counted() {
    // The municipality changes its system after January; the new one's file has January as well.
    let uses = "  - {source: opus_finance, municipalities: ['0151'], from: 2024-01, to: 2024-01}
  - {source: prisme_finance, municipalities: ['0151'], from: 2024-02, to: 2024-12}\n";
    let place = Place::with_uses(uses);
    deliver(&place, "0151", "202401", "", "100,00");
    let header = "Beloeb;Fortegn;Funktion;Dranst;Ejerforhold;Omkostningssted;Gruppering;Art;Bilag;Bilagslinje;Dato;Maaned;Tekst\n";
    let row = |month: &str| format!("7,00;+;3.22.01;1;1;1000;001;11;00000001;1;2024-{month}-17;2024-{month};Tekst\n");
    place.write("drop/prisme_finance/prisme_0151_2024.csv", format!("{header}{}{}", row("01"), row("02")));
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0151", "2024-01"), "100.00");
    assert_eq!(figure(&place, "0151", "2024-02"), "7.00");
    assert_eq!(place.rows("SELECT rule, rows FROM delivery_skip WHERE rule = 'not_used'"), [["not_used", "1"]]);

    // The change of systems is moved: the same files give other rows.
    let pipeline = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    let moved = pipeline.replace("to: 2024-01}", "to: 2024-02}").replace("from: 2024-02,", "from: 2024-03,");
    place.write("pipelines/test.yaml", moved);
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0151", "2024-01"), "100.00");
    assert_eq!(figure(&place, "0151", "2024-02"), "", "the old system has not delivered February, and nobody else has");
}

#[test]
fn bytes_that_come_back_under_the_same_name_hold_again() {
    let place = Place::with_uses(FINANCE);
    for amount in ["100,00", "200,00", "100,00"] {
        deliver(&place, "0101", "202401", "", amount);
        place.expect(0, &["run"]);
        assert_eq!(figure(&place, "0101", "2024-01"), amount.replace(',', "."));
    }
    assert_eq!(place.number("SELECT count(*) FROM delivery"), 2);
}

#[test]
fn a_delivery_that_new_definitions_refuse_takes_its_figures_with_it() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    deliver(&place, "0147", "202401", "", "1,00");
    place.expect(0, &["run"]);
    let path = "definitions/sources/kmd/opus_finance.yaml";
    let text = fs::read_to_string(place.path(path)).expect("the source");
    place.write(path, text.replace("min_rows: 1", "min_rows: 2"));
    let out = place.expect(3, &["run"]);
    assert_eq!(out.matches("error[M8012]").count(), 2, "{out}");
    assert_eq!(place.number("SELECT count(*) FROM unit"), 0);
    assert_eq!(figure(&place, "0101", "2024-01"), "", "the period is withdrawn, for nobody has delivered it");
    place.write(path, text);
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "100.00");
}

#[test]
fn a_header_alone_is_a_delivery_where_the_source_says_so() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    let name = "drop/opus_finance/0101/0101_202401.csv";
    let bytes = fs::read(place.path(name)).expect("the delivery");
    let header = bytes.split_inclusive(|byte| *byte == b'\n').next().expect("a header");
    place.write(name, header);
    assert!(place.expect(3, &["run"]).contains("error[M8012]"));
    let path = "definitions/sources/kmd/opus_finance.yaml";
    let text = fs::read_to_string(place.path(path)).expect("the source");
    for (declared, said) in [("", true), ("  min_rows: 0\n", false)] {
        place.write(path, text.replace("  min_rows: 1\n", declared));
        place.expect(0, &["check"]);
        let report = place.expect(0, &["run", "--format", "json"]);
        assert_eq!(report.contains("M8026"), said, "{declared:?} {report}");
        assert_eq!(place.number("SELECT count(*) FROM unit"), 1, "{declared:?}");
    }
}

#[test]
fn a_file_that_was_not_expected_is_read_when_it_is() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0151", "202401", "", "100,00");
    place.expect(3, &["run"]);
    fs::remove_dir_all(place.path("drop/opus_finance")).expect("removed");
    let pipeline = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    place.write("pipelines/test.yaml", pipeline.replace("'0147']", "'0147', '0151']"));
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0151", "2024-01"), "100.00", "the archive has it");
}

#[test]
fn a_shorter_validity_withdraws_the_figures_beyond_it() {
    let place = Place::with_uses(FINANCE);
    deliver(&place, "0101", "202401", "", "100,00");
    deliver(&place, "0101", "202402", "", "7,00");
    place.expect(0, &["run"]);
    let path = "definitions/indicators/finance/net_operating_expenditure.yaml";
    let text = fs::read_to_string(place.path(path)).expect("the definition");
    let shorter = text.replace("valid: {from: 2007-01}", "valid: {from: 2007-01, to: 2024-01}");
    assert_ne!(shorter, text);
    place.write(path, shorter);
    place.expect(0, &["run"]);
    assert_eq!(figure(&place, "0101", "2024-01"), "100.00");
    assert_eq!(figure(&place, "0101", "2024-02"), "");
}
