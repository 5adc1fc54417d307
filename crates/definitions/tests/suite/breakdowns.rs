//! What is made of `dimensions` and `breakdowns`: categories, slicings, what is additive, and the fingerprint.

use model::{CategoryValues, Cell, Indicator};
use musketer_definitions::load;

use crate::example;
use crate::tree;

const PATH: &str = "definitions/indicators/school/overhead_share.yaml";

/// The example's indicator of postings with other measures, formula and breakdowns.
fn indicator(rest: &str) -> Indicator {
    let head = "kind: indicator\nid: overhead_share\nversion: 1\narea: school\ntitle: {da: Andel, en: Share}\n\
        description: {da: En andel, en: A share}\nperiod: month\ndecimals: 0\ndirection: neutral\n";
    let mut files = example::files();
    files.insert(PATH.to_owned(), format!("{head}{rest}").into_bytes());
    let (catalogue, findings) = load(&files);
    assert_eq!(tree::plainly(&findings), "", "{rest}");
    catalogue.indicators["overhead_share"].as_ref().clone()
}

fn texts(indicator: &Indicator, breakdown: usize, period: Option<&str>) -> Vec<String> {
    let period = period.map(|text| text.parse().expect("a period"));
    indicator.cells(breakdown, period).iter().map(|cell| indicator.cell_text(cell)).collect()
}

const SUM: &str = "unit: DKK\nmeasures: {whole: {from: postings, value: sum(amount)}}\nformula: whole\n";

#[test]
fn categories_are_the_codes_that_are_valid_in_the_period() {
    let accounts = indicator(&format!("{SUM}breakdowns: [account]\n"));
    let valid_in = |period| -> Vec<String> {
        let texts = texts(&accounts, 0, period).into_iter();
        texts.filter_map(|text| text.strip_prefix("account=").map(str::to_owned)).collect()
    };
    assert_eq!(valid_in(Some("2017-12")), ["3.22.01", "3.22.05", "3.22.99", "6.45.51", "9.10"]);
    assert_eq!(valid_in(Some("2018-01")), ["3.22.01", "3.22.05", "6.45.51", "9.10"]);
    assert_eq!(valid_in(Some("2019-01")), ["3.22.01", "3.22.05", "6.45.51", "9.20", "9.30"]);
    assert_eq!(valid_in(None).len(), 7);
    let title = &accounts.dimensions[0].title;
    assert_eq!((title.da.as_str(), title.en.as_str()), ("Konto", "Account"), "the field's own");
    assert_eq!(accounts.dimensions[0].categories[1].title.da, "SFO");
}

#[test]
fn groups_truth_values_and_bands_are_categories_too() {
    let rest = "dimensions:\n  kind: {field: account, title: {da: Art, en: Kind}, groups: [school]}\n  \
        school: {field: account, group: school}\nbreakdowns: [kind, [internal, school]]\n";
    let broken_down = indicator(&format!("{SUM}{rest}"));
    assert_eq!(texts(&broken_down, 0, None), ["kind=school"]);
    assert_eq!(broken_down.dimensions[0].categories[0].title.da, "Skole");
    let pairs = texts(&broken_down, 1, Some("2024-01"));
    let expected = ["true,school=3.22.01", "true,school=3.22.05", "false,school=3.22.01", "false,school=3.22.05"];
    assert_eq!(pairs, expected.map(|pair| format!("internal={pair}")));
    let bands = "period: year\nunit: pupil\nmeasures: {pupils: {from: pupils, at: '09-05', value: count(distinct pupil)}}\n\
        formula: pupils\ndimensions:\n  trin:\n    field: grade\n    bands:\n      '-3': [null, '3']\n      \
        '4+': {range: ['4', null], title: {da: Fra fjerde, en: From the fourth}}\nbreakdowns: [trin]\n";
    let head = "kind: indicator\nid: overhead_share\nversion: 1\narea: school\ntitle: {da: Andel, en: Share}\n\
        description: {da: En andel, en: A share}\ndecimals: 0\ndirection: neutral\n";
    let mut files = example::files();
    files.insert(PATH.to_owned(), format!("{head}{bands}").into_bytes());
    let (catalogue, findings) = load(&files);
    assert_eq!(tree::plainly(&findings), "");
    let categories = &catalogue.indicators["overhead_share"].dimensions[0].categories;
    let shown: Vec<_> = categories.iter().map(|one| (one.code.as_str(), one.title.da.as_str(), &one.values)).collect();
    assert_eq!(
        shown,
        [
            ("-3", "-3", &CategoryValues::Band(None, Some(3))),
            ("4+", "Fra fjerde", &CategoryValues::Band(Some(4), None))
        ]
    );
}

#[test]
fn what_adds_up_is_proven_or_not_said() {
    let additive = |rest: &str| {
        let found = indicator(rest);
        found.breakdowns.iter().map(|breakdown| breakdown.additive).collect::<Vec<_>>()
    };
    // Every row has an account; whether a posting is internal may be missing.
    assert_eq!(additive(&format!("{SUM}breakdowns: [account, internal]\n")), [true, false]);
    // A group leaves the others out, unless the measure does too.
    let school = "dimensions: {account: {group: school}}\nbreakdowns: [account]\n";
    assert_eq!(additive(&format!("{SUM}{school}")), [false]);
    let of_school = SUM.replace("from: postings", "from: postings, where: \"in_group(account, 'school')\"");
    assert_eq!(additive(&format!("{of_school}{school}")), [true]);
    let with = |unit: &str, formula: &str, rest: &str| {
        let measures =
            "measures:\n  whole: {from: postings, value: sum(amount)}\n  two: {from: postings, value: count(*)}\n";
        additive(&format!("unit: {unit}\n{measures}formula: {formula}\n{rest}breakdowns: [account]\n"))
    };
    assert_eq!(with("DKK/posting", "whole / two", ""), [false], "a quotient");
    assert_eq!(with("DKK", "whole - whole / 2 + whole * (two / two)", ""), [false], "a product");
    assert_eq!(
        additive(&SUM.replace("formula: whole\n", "formula: -whole / 2 - whole\nbreakdowns: [account]\n")),
        [true],
        "sums of measures with factors"
    );
    let plain = format!("{SUM}breakdowns: [account]\n");
    assert_eq!(additive(&format!("{plain}groups: {{rule: unweighted_mean}}\n")), [false]);
    assert_eq!(additive(&format!("{plain}plausible: {{change: 10%, then: missing}}\n")), [false]);
    assert_eq!(additive(&format!("{plain}plausible: {{change: 10%}}\n")), [true]);
    // Looking a year back, a code may be valid there that is not valid in the period.
    assert_eq!(additive(&plain.replace("from: postings", "from: postings, shift: -1 year")), [false]);
    assert_eq!(additive(&plain.replace("value: sum(amount)", "value: max(amount)")), [false]);
    let two = "measures:\n  whole: {from: postings, value: sum(amount)}\n  \
        same: {from: postings, value: sum(amount), breakdown: total}\n";
    assert_eq!(additive(&format!("unit: DKK\n{two}formula: whole + same\nbreakdowns: [account]\n")), [false]);
    let total = "dimensions: {account: {total: '6.45.51'}}\nbreakdowns: [account, internal]\n";
    assert_eq!(additive(&format!("{SUM}{total}")), [false, false], "what rows say of themselves proves nothing");
}

#[test]
fn rows_that_are_totals_count_where_their_dimension_is_not() {
    let total = "dimensions: {account: {total: '6.45.51'}}\nbreakdowns: [account, internal, [account, internal]]\n";
    let found = indicator(&format!("{SUM}{total}"));
    let measure = &found.measures[0];
    let totals = measure.filter.clone();
    assert!(totals.is_some());
    let filters: Vec<_> = measure.slicings.iter().map(|slicing| slicing.filter.clone()).collect();
    assert_eq!(filters, [None, totals, None]);
    assert!(texts(&found, 0, None).iter().all(|text| text != "account=6.45.51"));
    let (sliced, condition) = found.within(measure, &Cell { breakdown: 1, categories: vec![0] });
    assert_eq!((sliced.filter, condition.is_some()), (measure.filter.clone(), true));
}

#[test]
fn only_what_figures_depend_on_is_in_the_fingerprint() {
    let fingerprint = |rest: &str| indicator(&format!("{SUM}{rest}")).fingerprint;
    let plain = fingerprint("");
    let school = "dimensions: {account: {title: {da: Konto, en: Account}, group: school}}\nbreakdowns: [account]\n";
    let broken_down = fingerprint(school);
    assert_ne!(plain, broken_down);
    assert_eq!(broken_down, fingerprint(&school.replace("da: Konto", "da: Kontoen")));
    assert_ne!(broken_down, fingerprint("breakdowns: [account]\n"));
    assert_ne!(
        broken_down,
        fingerprint(
            &school.replace("account: {title", "konto: {field: account, title").replace("[account]", "[konto]")
        )
    );
    assert_eq!(fingerprint("breakdowns: [account, internal]\n"), fingerprint("breakdowns: [[internal], [account]]\n"));
    assert_ne!(fingerprint("breakdowns: [[account, internal]]\n"), fingerprint("breakdowns: [[internal, account]]\n"));
}
