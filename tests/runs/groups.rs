//! Comparison groups over several runs: lists that change with the figures that decide them, and figures that follow.

use std::fmt::Write as _;

use crate::place::Place;

const USES: &str = "  - {source: statbank_population, municipalities: ['0101', '0147', '0151'], from: 2024}
  - {source: opus_finance, municipalities: ['0101', '0147', '0151'], from: 2024-01, to: 2024-02}\n";

/// For each municipality the one that is nearest by population. The indicator reads nothing of the population itself.
const NEAREST: &str = "kind: comparison_group
id: near
title: {da: Nærmest, en: Nearest}
description: {da: Nærmest i folketal, en: Nearest by population}
for: {indicators: [net_operating_expenditure]}
nearest: {k: 1, on: [population], scale: range}
";

/// A project with three municipalities and the group.
fn place(groups: &str) -> Place {
    let place = Place::with_uses(USES);
    place.write("definitions/comparison_groups/near.yaml", NEAREST);
    choose(&place, groups);
    for (municipality, amount) in [("0101", "100,00"), ("0147", "20,00"), ("0151", "3,00")] {
        for month in ["01", "02"] {
            finance(&place, municipality, month, amount);
        }
    }
    place
}

fn choose(place: &Place, groups: &str) {
    let path = "pipelines/test.yaml";
    let text = std::fs::read_to_string(place.path(path)).expect("the pipeline");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("comparison_groups")).collect();
    let text = lines.join("\n") + "\n";
    place.write(path, text.replace("indicators: all\n", &format!("indicators: all\ncomparison_groups: {groups}\n")));
}

fn finance(place: &Place, municipality: &str, month: &str, amount: &str) {
    let head = "Kommunenr;Regnskabsår;Periode;Bilagsnr;Linje;Bogføringsdato;Kontostreng;Posteringstekst;Beløb\r\n";
    let row = format!("{municipality};2024;2024{month};1;1;15-{month}-2024;3220111000100011;Tekst;{amount}\r\n");
    let text = format!("{head}{row}");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("western")).collect();
    place.write(&format!("drop/opus_finance/{municipality}/{municipality}_2024{month}.csv"), bytes);
}

fn population(place: &Place, persons: [u32; 3]) {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\n".to_owned();
    for (code, persons) in [101, 147, 151].iter().zip(persons) {
        writeln!(text, "{code};TOT;40;2024K1;{persons}").expect("a text grows");
    }
    place.write("drop/statbank/folk1a_2024.csv", text);
}

/// The figures of the group: area, period, value, how many contribute, of how many, status, revision.
fn figures(place: &Place) -> Vec<String> {
    let sql = "SELECT area, period, value_exact, contributing, members, obs_status, revision FROM latest_observation
        WHERE level = 'comparison_group' AND indicator = 'net_operating_expenditure' ORDER BY area, period";
    place.rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

fn lists(place: &Place) -> Vec<String> {
    let sql = "SELECT area, municipality, rank, distance FROM comparison_group_member ORDER BY area, rank";
    place.rows(sql).into_iter().map(|row| row.join(" ")).collect()
}

#[test]
fn figures_follow_the_lists_and_lists_the_figures() {
    let place = place("[near]");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), Vec::<String>::new(), "without a population nobody is near");

    // 147 is 20 from 151 and 80 from 101; 101 is 80 from 147.
    population(&place, [200, 120, 100]);
    place.expect(0, &["run"]);
    let nearest = ["near:0101 0147 1 0.800000000", "near:0147 0151 1 0.200000000", "near:0151 0147 1 0.200000000"];
    assert_eq!(lists(&place), nearest);
    let expected = [
        "near:0101 2024-01 20.00 1 1 A 1",
        "near:0101 2024-02 20.00 1 1 A 1",
        "near:0147 2024-01 3.00 1 1 A 1",
        "near:0147 2024-02 3.00 1 1 A 1",
        "near:0151 2024-01 20.00 1 1 A 1",
        "near:0151 2024-02 20.00 1 1 A 1",
    ];
    assert_eq!(figures(&place), expected);

    // A correction of the population: 147 is nearest to 101 now, and 151 still to 147. Nothing was posted anew.
    population(&place, [200, 180, 100]);
    place.expect(0, &["run"]);
    assert_eq!(lists(&place)[1], "near:0147 0101 1 0.200000000");
    assert_eq!(figures(&place)[2..4], ["near:0147 2024-01 100.00 1 1 A 2", "near:0147 2024-02 100.00 1 1 A 2"]);
    assert_eq!(figures(&place)[4], expected[4], "what is as it was keeps its revision");

    // A member's figure changes.
    finance(&place, "0101", "02", "150,00");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place)[2..4], ["near:0147 2024-01 100.00 1 1 A 2", "near:0147 2024-02 150.00 1 1 A 3"]);
    place.expect_nothing_new();

    // Everything at once comes to the same.
    let at_once = self::place("[near]");
    population(&at_once, [200, 180, 100]);
    finance(&at_once, "0101", "02", "150,00");
    at_once.expect(0, &["run"]);
    let without_revision = |figures: Vec<String>| -> Vec<String> {
        figures.iter().map(|figure| figure.rsplit_once(' ').expect("a revision").0.to_owned()).collect()
    };
    assert_eq!(without_revision(figures(&at_once)), without_revision(figures(&place)));
    assert_eq!(lists(&at_once), lists(&place));

    // A group that nobody wants any more goes, with its figures and its lists.
    choose(&place, "[]");
    place.expect(0, &["run"]);
    assert_eq!((figures(&place), lists(&place)), (Vec::new(), Vec::new()));
}

#[test]
fn a_group_is_explained_and_exported() {
    let place = place("all");
    population(&place, [200, 120, 100]);
    place.expect(0, &["run"]);
    let said = place
        .expect(0, &["explain", "net_operating_expenditure", "--municipality", "near:0147", "--period", "2024-01"]);
    assert!(said.contains("near:0147 Nærmest: Frederiksberg in 2024-01: 3.00 DKK"), "{said}");
    assert!(said.contains("distance") && said.contains("0151 Ballerup") && said.contains("0.200000000"), "{said}");
    let csv = place.expect(0, &["export", "--comparison-groups"]);
    let line = "near,near:0147,Nærmest: Frederiksberg,0151,Ballerup,2024-01-01,2025-01-01,1,0.200000000";
    assert!(csv.contains(line), "{csv}");
    assert!(csv.contains("six_cities,six_cities,De seks største byer,0101,København,,,,"), "{csv}");
    let csv = place.expect(
        0,
        &[
            "export",
            "--level",
            "comparison_group",
            "--area",
            "provinces:01",
            "--indicator",
            "net_operating_expenditure",
        ],
    );
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{csv}");
    // 0101 and 0147 have delivered; Dragør and Tårnby, of the same province, owe nothing and have no figure.
    assert!(lines[0].contains("provinces:01,Landsdele: Byen København,comparison_group,2024-01,total,120.00"), "{csv}");
    let wrong = place.musketer(&["explain", "population", "--municipality", "nearer:0147", "--period", "2024"]);
    assert!(wrong.code == 2 && wrong.err.contains("no municipality, region or comparison group"), "{}", wrong.err);
}
