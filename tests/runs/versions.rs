//! Several versions of one indicator: the figures as defined then and as defined now, and what an edit sets in motion.

use std::fs;

use crate::place::Place;

const USES: &str = "  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2017-01, to: 2018-12}\n";
const FOLDER: &str = "definitions/indicators/finance";

/// Opus accounts: main account, main function and function, then dranst 1, and the rest.
const ELDERLY_UNTIL_2017: &str = "5323210001000111";
const ELDERLY_FROM_2018: &str = "5302610001000111";
const DISABLED: &str = "5385010001000111";

/// A version of `care`, which counts some accounts, and its file's name.
fn version(number: u32, keys: &str, accounts: &str) -> String {
    format!(
        "kind: indicator\nid: care\nversion: {number}\n{keys}area: finance\ntitle: {{da: Omsorg, en: Care}}\n\
         description: {{da: Udgifter til omsorg, en: Expenditure on care}}\nperiod: month\nunit: DKK\ndecimals: 2\n\
         direction: neutral\nmeasures:\n  expenditure:\n    from: finance_postings\n    where: {accounts} and dranst = '1'\n\
         \x20   value: sum(amount)\nformula: expenditure\n"
    )
}

fn first() -> String {
    version(1, "valid: {from: 2007-01}\n", "function = '5.32.32'")
}

fn second() -> String {
    version(2, "valid: {from: 2018-01}\nsupersedes: care@1\n", "function in ('5.32.32', '5.30.26', '5.38.50')")
}

/// Half of it, made of the indicator alone.
fn half() -> String {
    let text = version(1, "valid: {from: 2007-01}\n", "function = '5.38.50'").replace("id: care", "id: half");
    let (head, _) = text.split_once("measures:").expect("measures");
    format!("{head}measures: {{}}\nformula: indicator('care') / 2\n")
}

fn deliver(place: &Place, municipality: &str, month: &str, rows: &[(&str, &str)]) {
    let (year, in_year) = month.split_at(4);
    let mut text =
        "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n"
            .to_owned();
    for (number, (account, amount)) in rows.iter().enumerate() {
        let voucher = number + 1;
        text +=
            &format!("{municipality};{year};{month};{voucher:08};1;15-{in_year}-{year};{account};Tekst;{amount}\r\n");
    }
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
    place.write(&format!("drop/opus_finance/{municipality}/{municipality}_{month}.csv"), bytes);
}

/// A project with a month before and a month after the new chart of accounts.
fn project(definitions: &str) -> Place {
    let place = Place::with_uses(USES);
    let pipeline = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    place.write(
        "pipelines/test.yaml",
        pipeline.replace("indicators: all", &format!("indicators: [care, half]\ndefinitions: {definitions}")),
    );
    place.write(&format!("{FOLDER}/care@1.yaml"), first());
    place.write(&format!("{FOLDER}/care.yaml"), second());
    place.write(&format!("{FOLDER}/half.yaml"), half());
    for (municipality, before, after) in [("0101", "100,00", "40,00"), ("0147", "10,00", "4,00")] {
        deliver(&place, municipality, "201712", &[(ELDERLY_UNTIL_2017, before), (DISABLED, "7,00")]);
        deliver(&place, municipality, "201801", &[(ELDERLY_FROM_2018, after), (DISABLED, "7,00")]);
        deliver(&place, municipality, "201802", &[(ELDERLY_FROM_2018, "1,00")]);
    }
    place
}

/// Period, version, value and status of the figures of a municipality.
fn figures(place: &Place, indicator: &str, view: &str) -> Vec<String> {
    let sql = format!(
        "SELECT period || ' ' || version || ' ' || coalesce(value_exact, '-') || ' ' || obs_status FROM {view}
         WHERE indicator = '{indicator}' AND area = '0101' ORDER BY period"
    );
    place.rows(&sql).into_iter().map(|row| row[0].clone()).collect()
}

const THEN: &str = "latest_observation";
const NOW: &str = "latest_observation_as_defined_now";

/// What a run computed: new, changed and unchanged figures by series.
fn computed(place: &Place) -> Vec<(String, [u64; 3])> {
    let report = place.expect(0, &["run", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let number = |of: &serde_json::Value, name: &str| of[name].as_u64().expect("a number");
    let series = report["indicators"].as_object().expect("a map").iter();
    series.map(|(name, of)| (name.clone(), ["new", "changed", "unchanged"].map(|word| number(of, word)))).collect()
}

#[test]
fn a_period_is_made_by_its_version_and_beside_it_by_the_current_one() {
    let place = project("both");
    place.expect(0, &["check"]);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "care", THEN), ["2017-12 1 100.00 A", "2018-01 2 47.00 B", "2018-02 2 1.00 A"]);
    assert_eq!(figures(&place, "care", NOW), ["2017-12 2 107.00 A", "2018-01 2 47.00 A", "2018-02 2 1.00 A"]);
    // What is made of it follows: each period by the version that is valid then, with its break.
    assert_eq!(figures(&place, "half", THEN), ["2017-12 1 50.00 A", "2018-01 1 23.50 B", "2018-02 1 0.50 A"]);
    assert_eq!(figures(&place, "half", NOW), ["2017-12 1 53.50 A", "2018-01 1 23.50 A", "2018-02 1 0.50 A"]);
    // Of the country 98 municipalities owe, two have delivered.
    let country = "SELECT period || ' ' || value_exact || ' ' || obs_status FROM latest_observation
        WHERE indicator = 'care' AND area = 'DK' ORDER BY period";
    assert_eq!(place.rows(country), [["2017-12 110.00 P"], ["2018-01 58.00 P"], ["2018-02 2.00 P"]]);
    let wide = "SELECT \"2017-12\" || ' ' || \"2018-01\" || ' ' || versions FROM wide_care WHERE area = '0101'";
    assert_eq!(place.rows(wide), [["100.0 47.0 1: 2017-12, 2: 2018-01 to 2018-02"]]);
    let wide = "SELECT \"2017-12\" || ' ' || versions FROM now_care WHERE area = '0101'";
    assert_eq!(place.rows(wide), [["107.0 2: 2017-12 to 2018-02"]]);

    // Export and explanation can be asked for either.
    let exported = |arguments: &[&str]| {
        let out = place.expect(0, &[&["export", "--indicator", "care", "--period", "2017-12"], arguments].concat());
        let line = out.lines().find(|line| line.contains(",0101,")).expect("Copenhagen").to_owned();
        line.split(',').take(3).chain(line.split(',').skip(9).take(1)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(exported(&[]), "care 1 then 100.00");
    assert_eq!(exported(&["--definitions", "then"]), "care 1 then 100.00");
    assert_eq!(exported(&["--definitions", "now"]), "care 2 now 107.00");
    let explain = |arguments: &[&str]| {
        let figure = ["explain", "care", "--municipality", "0101", "--period", "2017-12", "--rows"];
        place.expect(0, &[&figure, arguments].concat())
    };
    let then = explain(&[]);
    assert!(then.contains("definition care version 1 as defined then"), "{then}");
    assert!(then.contains("versions: 1 (2007-01 to 2017-12), 2 (from 2018-01)"), "{then}");
    assert!(then.contains("where function = '5.32.32'") && then.contains("showing 1 of 1 rows"), "{then}");
    let now = explain(&["--definitions", "now"]);
    assert!(now.contains("definition care version 2 as defined now") && now.contains("showing 2 of 2 rows"), "{now}");
    let versions = place.expect(0, &["explain", "care"]);
    for part in ["│ 2         from 2018-01         DKK", "│ 1         2007-01 to 2017-12   DKK"] {
        assert!(versions.contains(part), "{versions}");
    }
}

#[test]
fn only_what_was_edited_is_made_again() {
    let place = project("both");
    place.expect(0, &["run"]);
    let runs = || place.number("SELECT count(*) FROM run");
    assert_eq!(computed(&place), []);
    assert_eq!(runs(), 1);

    // A version before: its own figures, and those that are made of it. Nothing that is defined now.
    place.write(&format!("{FOLDER}/care@1.yaml"), first().replace("= '5.32.32'", "in ('5.32.32', '5.32.34')"));
    let names: Vec<String> = computed(&place).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["care@1", "half", "half@now"], "what is made of it is known by all that it is made of");
    place.write(&format!("{FOLDER}/care@1.yaml"), first().replace("= '5.32.32'", "= '5.38.50'"));
    let done = computed(&place);
    assert_eq!(done[0], ("care@1".to_owned(), [0, 4, 100]), "two municipalities, their region, the country");
    assert_eq!(done[1].1[1], 4, "half of it, of one month");
    assert_eq!(done[2].1[1], 0, "as defined now nothing is another value");
    assert_eq!(figures(&place, "care", THEN)[0], "2017-12 1 7.00 A");
    assert_eq!(figures(&place, "care", NOW)[0], "2017-12 2 107.00 A");

    // The current one: as defined then from 2018 on, as defined now for all periods.
    place.write(&format!("{FOLDER}/care.yaml"), second().replace("'5.30.26', ", ""));
    let names: Vec<String> = computed(&place).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["care", "care@now", "half", "half@now"]);
    assert_eq!(figures(&place, "care", THEN), ["2017-12 1 7.00 A", "2018-01 2 7.00 B", "2018-02 2 0.00 A"]);

    // A text reaches the tables without a figure being made again.
    let renamed = first().replace("= '5.32.32'", "= '5.38.50'").replace("en: Care}", "en: Care of old}");
    place.write(&format!("{FOLDER}/care@1.yaml"), renamed);
    assert_eq!(computed(&place), []);
    let titles = "SELECT version, title_en, current FROM indicator WHERE indicator = 'care' ORDER BY version";
    assert_eq!(place.rows(titles), [["1", "Care of old", "0"], ["2", "Care", "1"]]);
    let before = runs();
    assert_eq!(computed(&place), []);
    assert_eq!(runs(), before, "and then there is nothing to do");
}

#[test]
fn a_new_version_takes_periods_over_and_gives_them_back() {
    let place = project("then");
    let (one, two) = (format!("{FOLDER}/care@1.yaml"), format!("{FOLDER}/care.yaml"));
    fs::remove_file(place.path(&one)).expect("removed");
    // An account that is older than the new chart, so that the first version alone holds for all periods.
    let first = first().replace("= '5.32.32'", "= '5.38.50'");
    let alone = ["2017-12 1 7.00 A", "2018-01 1 7.00 A", "2018-02 1 0.00 A"];
    place.write(&two, &first);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "care", THEN), alone);
    assert_eq!(place.number(&format!("SELECT count(*) FROM {NOW}")), 0);

    place.write(&one, &first);
    place.write(&two, second());
    place.expect(0, &["run"]);
    let later = ["2017-12 1 7.00 A", "2018-01 2 47.00 B", "2018-02 2 1.00 A"];
    assert_eq!(figures(&place, "care", THEN), later);
    let withdrawn = "SELECT period, revision, known_to_run FROM observation
        WHERE indicator = 'care' AND version = 1 AND area = '0101' ORDER BY period";
    assert_eq!(place.rows(withdrawn), [["2017-12", "1", ""], ["2018-01", "1", "2"], ["2018-02", "1", "2"]]);
    let open = "SELECT count(*) FROM observation WHERE version = 1 AND indicator = 'care' AND known_to_run IS NULL";
    assert_eq!(place.number(open), 98 + 5 + 1, "one month: municipalities, regions, the country");

    // Back again: the second version is kept no more, and everything is as before, a revision later.
    fs::remove_file(place.path(&one)).expect("removed");
    place.write(&two, &first);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, "care", THEN), alone);
    assert_eq!(place.number("SELECT count(*) FROM series WHERE indicator = 'care'"), 1);
    assert_eq!(place.number("SELECT max(revision) FROM observation WHERE indicator = 'care' AND version = 1"), 2);

    // Asked for as defined now alone, the others are withdrawn; `export` says what is not there.
    let pipeline = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    let none = place.musketer(&["export", "--definitions", "now"]);
    assert!(none.code == 2 && none.err.contains("definitions: both"), "{}", none.err);
    place.write("pipelines/test.yaml", pipeline.replace("definitions: then", "definitions: now"));
    place.expect(0, &["run"]);
    assert!(figures(&place, "care", THEN).is_empty());
    assert_eq!(figures(&place, "care", NOW).len(), 3);
}

#[test]
fn tests_of_an_older_version_are_carried_out_with_it() {
    let place = project("then");
    let case = |value: &str| {
        format!(
            "tests:\n  - name: the accounts of its time\n    given:\n      finance_postings: |\n        \
             municipality;period;function;dranst;amount\n        0751;2017-12;5.32.32;1;5\n        \
             0751;2017-12;5.38.50;1;7\n        0751;2018-01;5.38.50;1;7\n    expect:\n      rows: |\n        \
             municipality;period;value;obs_status\n        {value}\n"
        )
    };
    place.write(&format!("{FOLDER}/care@1.yaml"), first() + &case("0751;2017-12;5.00;A"));
    place.write(&format!("{FOLDER}/care.yaml"), second() + &case("0751;2018-01;7.00;B"));
    let half = case("0751;2017-12;2.50;A\n        0751;2018-01;3.50;B");
    place.write(&format!("{FOLDER}/half.yaml"), self::half() + &half);
    let out = place.expect(0, &["test", "--select", "care", "--select", "half"]);
    for line in ["ok      indicator care: ", "ok      indicator care@1: ", "ok      indicator half: ", "3 tests passed"]
    {
        assert!(out.contains(line), "{out}");
    }
    place.write(&format!("{FOLDER}/care@1.yaml"), first() + &case("0751;2017-12;6.00;A"));
    let out = place.expect(1, &["test", "--select", "care"]);
    assert!(out.contains("FAILED  indicator care@1") && out.contains("expected 6.00, found 5.00"), "{out}");
}
