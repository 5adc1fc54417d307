//! Figures of parts, from the delivery to the export: categories, corrections that move somebody from one to another,
//! the way back to the rows, and a definition that is broken down no more.

use crate::place::Place;

const USES: &str = "  - {source: statbank_population, municipalities: ['0101', '0751'], from: 2024}\n";
const INDICATOR: &str = "population_by_sex_and_age";

/// The rows of a year: of 0101 and 0751, both sexes together and apart, at 5 and at 70 years.
fn deliver(place: &Place, men_of_70: u32, women_of_70: u32) {
    let both = men_of_70 + women_of_70;
    let text = format!(
        "OMRÅDE;KØN;ALDER;TID;INDHOLD\n\
         101;TOT;5;2024K1;8\n101;1;5;2024K1;5\n101;2;5;2024K1;3\n\
         751;TOT;5;2024K1;4\n751;1;5;2024K1;2\n751;2;5;2024K1;2\n\
         751;TOT;70;2024K1;{both}\n751;1;70;2024K1;{men_of_70}\n751;2;70;2024K1;{women_of_70}\n"
    );
    place.write("drop/statbank/folk1a_2024.csv", text);
}

fn figure(place: &Place, area: &str, breakdown: &str) -> String {
    let sql = format!(
        "SELECT coalesce(value_exact, obs_status) || ' ' || revision FROM latest_observation
         WHERE indicator = '{INDICATOR}' AND area = '{area}' AND period = '2024' AND breakdown = '{breakdown}'"
    );
    place.rows(&sql).first().map(|row| row[0].clone()).unwrap_or_default()
}

#[test]
fn a_correction_moves_somebody_from_one_category_to_another() {
    let place = Place::with_uses(USES);
    deliver(&place, 6, 7);
    place.expect(0, &["run"]);
    // Men and women are never added to the rows of both.
    assert_eq!(figure(&place, "0751", "total"), "17 1");
    assert_eq!(figure(&place, "0751", "sex=1"), "8 1");
    assert_eq!(figure(&place, "0751", "age_group=67-79"), "13 1");
    assert_eq!(figure(&place, "0751", "sex=2,age_group=67-79"), "7 1");
    assert_eq!(figure(&place, "0101", "sex=2,age_group=67-79"), "0 1", "a category without rows is zero");
    assert_eq!(figure(&place, "DK", "sex=1,age_group=0-5"), "7 1");
    assert_eq!(figure(&place, "0147", "sex=1"), "L 1", "as the total");

    // The same file once more, with other bytes: the later one holds.
    deliver(&place, 5, 8);
    let report = place.expect(0, &["run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let changed = report["indicators"][INDICATOR]["changed"].as_u64();
    assert_eq!(changed, Some(4 * 3), "two sexes, alone and with the age, of 0751, its region and the country");
    assert_eq!(figure(&place, "0751", "total"), "17 1");
    assert_eq!(figure(&place, "0751", "age_group=67-79"), "13 1");
    assert_eq!(figure(&place, "0751", "sex=1"), "7 2");
    assert_eq!(figure(&place, "1082", "sex=2,age_group=67-79"), "8 2");
    assert_eq!(figure(&place, "0101", "sex=1"), "5 1");

    // Broken down no more: the parts are withdrawn, and the total stays as it was.
    let path = format!("definitions/indicators/population/{INDICATOR}.yaml");
    let definition = std::fs::read_to_string(place.path(&path)).expect("the definition");
    let fewer =
        definition.replace("breakdowns: [[sex], [age_group], [sex, age_group]]", "breakdowns: [[sex], [age_group]]");
    assert_ne!(fewer, definition);
    let tests = fewer.find("tests:\n").expect("tests");
    place.write(&path, &fewer[..tests]);
    place.expect(0, &["run"]);
    let gone =
        format!("SELECT count(*) FROM latest_observation WHERE indicator = '{INDICATOR}' AND breakdown LIKE '%,%'");
    assert_eq!(place.number(&gone), 0);
    assert_eq!(figure(&place, "0751", "sex=1"), "7 2");
    assert_eq!(place.number("SELECT count(*) FROM breakdown WHERE dimensions = 'sex,age_group'"), 0);
}

#[test]
fn parts_are_found_by_whoever_reads_the_tables() {
    let place = Place::with_uses(USES);
    deliver(&place, 6, 7);
    place.expect(0, &["run"]);
    let joined = format!(
        "SELECT b.category_title_da, o.value_exact, b.additive FROM latest_observation AS o
         JOIN breakdown AS b USING (indicator, version, breakdown)
         WHERE o.indicator = '{INDICATOR}' AND o.area = '0751' AND b.dimensions = 'age_group' ORDER BY b.sequence"
    );
    let ages = [
        ("0-5 år", "4"),
        ("6-16 år", "0"),
        ("17-24 år", "0"),
        ("25-66 år", "0"),
        ("67-79 år", "13"),
        ("80 år og derover", "0"),
    ];
    assert_eq!(place.rows(&joined), ages.map(|(title, value)| [title, value, "1"].map(str::to_owned).to_vec()));
    // Of the population by age alone it is proven that the parts make the whole: here they do.
    let sums = "SELECT o.area, sum(o.value) FROM latest_observation AS o
        JOIN breakdown AS b USING (indicator, version, breakdown)
        WHERE o.indicator = 'population' AND o.value IS NOT NULL AND b.additive = 1 GROUP BY 1 ORDER BY 1";
    let totals = "SELECT area, value FROM latest_observation
        WHERE indicator = 'population' AND value IS NOT NULL AND breakdown = 'total' ORDER BY 1";
    assert_eq!(place.rows(sums), place.rows(totals));
    assert_eq!(place.rows(totals).len(), 5, "two municipalities, their regions, the country");
    let wide = place.rows(&format!("SELECT area, \"2024\" FROM wide_{INDICATOR} WHERE area = '0751'"));
    assert_eq!(wide, [["0751", "17"]]);
    let parts =
        format!("SELECT breakdown, \"2024\" FROM breakdown_{INDICATOR} WHERE area = '0751' AND breakdown LIKE 'sex=_'");
    assert_eq!(place.rows(&parts), [["sex=1", "8"], ["sex=2", "9"]]);
    // A measure of a part is there for every part, and adds nothing to the total's.
    let measures = format!(
        "SELECT breakdown, minor, rows FROM measure WHERE indicator = '{INDICATOR}' AND municipality = '0751'
         AND breakdown IN ('total', 'sex=2', 'sex=2,age_group=67-79', 'sex=2,age_group=80+') ORDER BY 1"
    );
    let expected = [
        ["sex=2", "9", "2"],
        ["sex=2,age_group=67-79", "7", "1"],
        ["sex=2,age_group=80+", "0", "0"],
        ["total", "17", "2"],
    ];
    assert_eq!(place.rows(&measures), expected);

    let lines = |arguments: &[&str]| place.expect(0, arguments).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let of = |parts: &str| lines(&["export", "--indicator", INDICATOR, "--breakdown", parts]);
    let areas = lines(&["export", "--indicator", INDICATOR]);
    assert!(areas.iter().all(|line| line.contains(",total,")), "without a word, the totals alone: {areas:#?}");
    assert_eq!(of("total"), areas);
    assert_eq!(of("sex").len(), 2 * areas.len());
    assert_eq!(of("sex,age_group").len(), 12 * areas.len());
    assert_eq!(of("sex=2,age_group=80+").len(), areas.len());
    assert_eq!(of("all").len(), (1 + 2 + 6 + 12) * areas.len());
    let said = place.musketer(&["export", "--indicator", INDICATOR, "--breakdown", "gender"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`sex,age_group`") && said.err.contains("`gender`"), "{}", said.err);
}

#[test]
fn a_part_leads_back_to_its_own_rows() {
    let place = Place::with_uses(USES);
    deliver(&place, 6, 7);
    place.expect(0, &["run"]);
    let explain = |breakdown: &str| {
        let question =
            ["explain", INDICATOR, "--municipality", "0751", "--period", "2024", "--rows", "--format", "json"];
        let answer = place.expect(0, &[&question[..], &["--breakdown", breakdown]].concat());
        serde_json::from_str::<serde_json::Value>(&answer).expect("JSON")
    };
    let lines = |value: &serde_json::Value| -> Vec<String> {
        let rows = value["rows"][0]["rows"].as_array().expect("rows").iter();
        rows.map(|row| row.as_array().and_then(|row| row.last()).expect("a line").as_str().expect("a text").to_owned())
            .collect()
    };
    assert_eq!(lines(&explain("total")), ["5", "8"], "the rows of both sexes");
    let women = explain("sex=2");
    assert_eq!((lines(&women), women["value"].as_str()), (vec!["7".to_owned(), "10".to_owned()], Some("9")));
    let old = explain("sex=2,age_group=67-79");
    assert_eq!((lines(&old), old["measures"][0]["value"].as_str()), (vec!["10".to_owned()], Some("7")));
    assert_eq!(old["parts"][1][0], "Aldersgruppe: 67-79 år");
    assert!(lines(&explain("sex=1,age_group=80+")).is_empty());
    let question = ["explain", INDICATOR, "--municipality", "DK", "--period", "2024"];
    let text = place.expect(0, &[&question[..], &["--breakdown", "age_group=0-5"]].concat());
    assert!(text.contains("part age_group=0-5: Age group: 0 to 5 years") && text.contains(": 12 person"), "{text}");
    let said = place.musketer(&[&question[..], &["--breakdown", "age_group=0-6"]].concat());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`sex=1,age_group=0-5`"), "{}", said.err);
}
