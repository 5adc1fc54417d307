//! Municipalities that were merged and divided: who owes what, and figures in the municipalities of another day.

use crate::place::Place;

/// Men and women, by three digits.
fn folk1a(year: u32, people: &[(&str, u32, u32)]) -> String {
    let lines =
        people.iter().map(|(code, men, women)| format!("{code};1;40;{year}K1;{men}\n{code};2;40;{year}K1;{women}\n"));
    std::iter::once("OMRÅDE;KØN;ALDER;TID;INDHOLD\n".to_owned()).chain(lines).collect()
}

/// Funen before and after the reform. That Langeskov (0441) was divided, a third to Kerteminde (0440) and the rest to Nyborg
/// (0450), is made up. Of Roskilde (0265), Ramsø (0263) has not delivered.
fn funen() -> Place {
    let place = Place::with_uses("  - {source: statbank_population, municipalities: all, from: 2006, to: 2007}\n");
    let path = "definitions/codelists/municipality_changes.csv";
    let changes = std::fs::read_to_string(place.path(path)).expect("the changes");
    let divided = "0441;0440;2007-01-01;split;1/3\n0441;0450;2007-01-01;split;2/3\n";
    let merged = "0441;0440;2007-01-01;merge;1\n";
    assert!(changes.contains(merged));
    place.write(path, changes.replace(merged, divided));
    let before = [
        ("421", 700, 300),
        ("433", 150, 50),
        ("437", 90, 10),
        ("485", 80, 20),
        ("491", 100, 0),
        ("499", 60, 40),
        ("439", 50, 50),
        ("447", 60, 40),
        ("441", 200, 100),
        ("449", 70, 30),
        ("489", 100, 0),
        ("495", 10, 90),
        ("265", 90, 10),
        ("255", 80, 20),
    ];
    place.write("drop/statbank/folk1a_2006.csv", folk1a(2006, &before));
    let after = [("420", 1_200, 400), ("440", 300, 100), ("450", 400, 100), ("265", 200, 100)];
    place.write("drop/statbank/folk1a_2007.csv", folk1a(2007, &after));
    place.expect(0, &["run"]);
    place
}

/// The lines of an export that begin with these columns after indicator, version and title, in the columns that are
/// asked for.
fn column_of<'t>(table: &'t str, area: &str, period: &str, names: &[&str]) -> Vec<&'t str> {
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap_or_else(|| panic!("{name}"));
    let found = lines.find(|line| line[at("area")] == area && line[at("period")] == period);
    let line = found.unwrap_or_else(|| panic!("{area} in {period}\n{table}"));
    names.iter().map(|name| line[at(name)]).collect()
}

#[test]
fn who_is_no_municipality_owes_nothing_and_has_no_figures() {
    let place = funen();
    let table = place.expect(0, &["export", "--indicator", "share_women"]);
    assert!(!table.contains("carried_from"));
    assert_eq!(column_of(&table, "0421", "2006", &["value", "obs_status"]), ["30.0", "A"]);
    assert_eq!(column_of(&table, "0420", "2007", &["value", "obs_status"]), ["25.0", "A"]);
    assert_eq!(column_of(&table, "0263", "2006", &["value", "obs_status"]), ["", "O"]);
    assert!(!table.lines().any(|line| line.contains(",0421,") && line.contains(",2007,")), "{table}");
    assert!(!table.lines().any(|line| line.contains(",0420,") && line.contains(",2006,")), "{table}");
    let status: serde_json::Value =
        serde_json::from_str(&place.expect(0, &["status", "--format", "json"])).expect("JSON");
    let missing = status["missing"].as_array().expect("what is missing");
    let of =
        |code: &str| missing.iter().find(|line| line["municipality"] == code).map(|line| line["periods"].to_string());
    assert_eq!(of("0263").as_deref(), Some("[\"2006\"]"), "it owes nothing after the reform");
    assert_eq!((of("0421"), of("0420")), (None, None));
    assert_eq!(of("0101").as_deref(), Some("[\"2006\",\"2007\"]"));
}

#[test]
fn figures_of_today_are_made_of_those_of_then() {
    let place = funen();
    let export = ["export", "--indicator", "share_women", "--municipalities-of", "2025-01-01"];
    let table = place.expect(0, &export);
    let columns = ["value", "numerator", "denominator", "obs_status", "revision", "municipalities_of", "carried_from"];
    // Women: 300 + 50 + 10 + 20 + 0 + 40 = 420 of 1,600, which is 26.25 per cent.
    assert_eq!(
        column_of(&table, "0420", "2006", &columns),
        ["26.3", "420", "1600", "A", "0", "2025-01-01", "0421 0433 0437 0485 0491 0499"]
    );
    assert_eq!(column_of(&table, "0420", "2006", &["area_title"]), ["Assens"]);
    assert_eq!(column_of(&table, "0420", "2007", &columns), ["25.0", "400", "1600", "A", "0", "2025-01-01", "0420"]);
    // 50 + 40 + 100 / 3 of 100 + 100 + 300 / 3 are 41.11 per cent; 30 + 0 + 90 + 200 / 3 of 300 + 200 are 37.33.
    let some = ["value", "denominator", "obs_status", "carried_from"];
    assert_eq!(column_of(&table, "0440", "2006", &some), ["41.1", "300", "E", "0439 0441*1/3 0447"]);
    assert_eq!(column_of(&table, "0450", "2006", &some), ["37.3", "500", "E", "0441*2/3 0449 0489 0495"]);
    // A part of Roskilde is missing.
    assert_eq!(column_of(&table, "0265", "2006", &some), ["", "", "O", "0255 0263 0265"]);
    // The region of today: 420 + 90 + 100 + 120 of 1,600 + 200 + 300 + 300; most members have delivered nothing.
    assert_eq!(column_of(&table, "1083", "2006", &["value", "numerator", "obs_status"]), ["30.4", "730", "P"]);
    assert!(!table.lines().any(|line| line.contains(",0421,")), "no figure stays behind\n{table}");
    let mut some = export.to_vec();
    some.extend(["--level", "region", "--area", "1083"]);
    let region = place.expect(0, &some);
    assert_eq!(region.lines().count(), 3, "one region in two years, and the header\n{region}");
    let parquet = place.path("carried.parquet");
    let mut to_file = export.to_vec();
    to_file.extend(["--output", parquet.to_str().expect("a path")]);
    place.expect(0, &to_file);
    assert!(parquet.exists());
}

#[test]
fn a_figure_of_today_is_explained_by_those_of_then() {
    let place = funen();
    let question = ["explain", "share_women", "--municipality", "0440", "--period", "2006"];
    assert_eq!(place.musketer(&question).code, 2, "there was none");
    let mut today = question.to_vec();
    today.extend(["--municipalities-of", "2025-01-01", "--rows", "20"]);
    let out = place.expect(0, &today);
    for words in [
        "0440 Kerteminde in 2006: 41.1 %",
        "status E (estimated",
        "in the municipalities of 2025-01-01, carried from 2006:",
        "0441 Langeskov, share 1/3",
        "0447 Munkebo, share 1\n",
        "measure women = 123.333333 person",
        "measure inhabitants = 300.000000 person",
        "showing 6 of 6 rows",
        "statbank/folk1a_2006.csv",
    ] {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
    let wrong = place.musketer(&["export", "--municipalities-of", "1 January"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("a day is written 2025-01-01"), "{}", wrong.err);
    // What is no longer defined so is not made of old measures.
    let path = "definitions/indicators/population/share_women.yaml";
    let text = std::fs::read_to_string(place.path(path)).expect("the definition");
    place.write(path, text.replace("sex = '2'", "sex = '1'"));
    let changed = place.musketer(&["export", "--indicator", "share_women", "--municipalities-of", "today"]);
    assert_eq!(changed.code, 2);
    assert!(changed.err.contains("has changed since its figures were made"), "{}", changed.err);
}
