//! Fingerprints follow the meaning of a definition, and nothing else.

use std::collections::BTreeMap;

use model::{Budget, Catalogue, Ratio};
use musketer_definitions::load;

use crate::tree::Files;
use crate::{example, tree};

/// The fingerprints of all definitions by kind and id.
pub(crate) fn fingerprints(files: &Files) -> BTreeMap<String, String> {
    let (catalogue, findings) = load(files);
    assert_eq!(tree::plainly(&findings), "");
    let Catalogue { codelists, datasets, sources, indicators, older: _, comparison_groups, pipelines } = catalogue;
    let mut all = BTreeMap::new();
    all.extend(codelists.iter().map(|(id, found)| (format!("codelist {id}"), found.fingerprint.short())));
    all.extend(datasets.iter().map(|(id, found)| (format!("dataset {id}"), found.fingerprint.short())));
    all.extend(sources.iter().map(|(id, found)| (format!("source {id}"), found.fingerprint.short())));
    all.extend(indicators.iter().map(|(id, found)| (format!("indicator {id}"), found.fingerprint.short())));
    all.extend(
        comparison_groups.iter().map(|(id, found)| (format!("comparison group {id}"), found.fingerprint.short())),
    );
    all.extend(pipelines.iter().map(|(id, found)| (format!("pipeline {id}"), found.fingerprint.short())));
    all
}

/// What an edit changes.
fn changed(path: &str, from: &str, to: &str) -> Vec<String> {
    let (before, after) = (fingerprints(&example::files()), fingerprints(&example::edited(path, from, to)));
    assert_eq!(before.len(), after.len());
    before.into_iter().filter(|(name, fingerprint)| after[name] != *fingerprint).map(|(name, _)| name).collect()
}

const ACCOUNT: &str = "definitions/codelists/account.yaml";
const ACCOUNT_TABLE: &str = "definitions/codelists/account.csv";
const POSTINGS: &str = "definitions/datasets/postings.yaml";
const SOURCE: &str = "definitions/sources/acme/acme_postings.yaml";
const INDICATOR: &str = "definitions/indicators/school/expenditure_per_pupil.yaml";
const GROUP: &str = "definitions/comparison_groups/most_alike.yaml";

#[test]
fn text_alone_changes_nothing() {
    for (path, from, to) in [
        (ACCOUNT, "da: Konti", "da: Kontoplan"),
        (ACCOUNT, "da: Skole,", "da: Skoleområdet,"),
        (ACCOUNT_TABLE, "Folkeskoler", "Folkeskolen"),
        (POSTINGS, "da: Bogførte beløb", "da: Alle bogførte beløb"),
        (POSTINGS, "da: Bogført i tide", "da: I tide"),
        (POSTINGS, "en: One posting", "en: One line"),
        (SOURCE, "vendor: Acme", "vendor: Acme A/S"),
        (SOURCE, "min_rows: 1", "min_rows: 1\n  compression: none"),
        (SOURCE, "due_days: 20", "due_days: 21"),
        (SOURCE, "format: {type", "budget: {max_rejects: 200, max_drop: 50%}\nformat: {type"),
        (INDICATOR, "# A comment", "# Another comment"),
        (INDICATOR, "en: A reservation", "en: Another reservation"),
        (INDICATOR, "en: A ratio", "en: A quotient"),
        (INDICATOR, "where: grade <= 9", "where: >-\n      9 >=\n      grade"),
        (INDICATOR, "formula: expenditure / pupils", "formula: (expenditure) / pupils"),
        (INDICATOR, "# A comment", "tests:\n  - {name: x, given: {}, expect: {rejects: []}}\n# A comment"),
        (SOURCE, "min_rows: 1", "min_rows: 1\ntests:\n  - {name: x, given: {name: a.csv, bytes: a}}"),
        ("pipelines/main.yaml", "['0751', '0101']", "['0101', '0751']"),
        ("pipelines/main.yaml", "uses:", "comparison_groups: []\nuses:"),
        (GROUP, "da: De mest ens", "da: De nærmeste"),
        (GROUP, "{areas: [school]}", "\n  # Schools.\n  areas: [school, school]"),
    ] {
        assert_eq!(changed(path, from, to), Vec::<String>::new(), "{path}: {from} -> {to}");
    }
}

#[test]
fn meaning_changes_what_has_it() {
    for (path, from, to, expected) in [
        (ACCOUNT_TABLE, ";;;32201", ";;;32201|322.01", vec!["codelist account"]),
        (ACCOUNT_TABLE, ";;2018-01-01;", ";;2019-01-01;", vec!["codelist account"]),
        (
            ACCOUNT,
            "except: ['3.22.99']",
            "except: ['3.22.05']",
            vec!["codelist account", "indicator expenditure_per_pupil"],
        ),
        ("definitions/codelists/municipality.csv", ";1082", ";1083", vec!["codelist municipality"]),
        (POSTINGS, "severity: warning", "severity: error", vec!["dataset postings"]),
        (POSTINGS, "'5000000'", "'6000000'", vec!["dataset postings"]),
        (SOURCE, "negative: trailing", "negative: leading", vec!["source acme_postings"]),
        (SOURCE, "slice: [1, 5]", "slice: [2, 5]", vec!["source acme_postings"]),
        (SOURCE, "rows: 2", "rows: 4", vec!["source acme_postings"]),
        (SOURCE, "encoding: windows-1252", "encoding: cp277", vec!["source acme_postings"]),
        (SOURCE, "encoding: windows-1252", "encoding: utf-16", vec!["source acme_postings"]),
        (SOURCE, "min_rows: 1", "min_rows: 1\n  compression: gzip", vec!["source acme_postings"]),
        (SOURCE, "min_rows: 1", "min_rows: 1\n  compression: zip\n  member: '*.csv'", vec!["source acme_postings"]),
        (INDICATOR, "grade <= 9", "grade < 9", vec!["indicator expenditure_per_pupil"]),
        (INDICATOR, "at: '09-05'", "at: '09-06'", vec!["indicator expenditure_per_pupil"]),
        (INDICATOR, "version: 2", "version: 3", vec!["indicator expenditure_per_pupil"]),
        ("pipelines/main.yaml", "attempts: 3", "attempts: 4", vec!["pipeline main"]),
        ("pipelines/main.yaml", "uses:", "comparison_groups: all\nuses:", vec!["pipeline main"]),
        ("pipelines/main.yaml", "to: 2025-12}", "to: 2025-12, due: {days: 20}}", vec!["pipeline main"]),
        ("pipelines/main.yaml", "uses:", "approvals: [{area: school, from: 2025}]\nuses:", vec!["pipeline main"]),
        (GROUP, "k: 1", "k: 2", vec!["comparison group most_alike"]),
        (GROUP, "weight: 2", "weight: 3", vec!["comparison group most_alike"]),
        (GROUP, "scale: range", "scale: rank", vec!["comparison group most_alike"]),
        (GROUP, "year: before", "year: same", vec!["comparison group most_alike"]),
        (GROUP, "for: {areas: [school]}", "# all", vec!["comparison group most_alike"]),
    ] {
        assert_eq!(changed(path, from, to), expected, "{path}: {from} -> {to}");
    }
}

#[test]
fn a_budget_has_nothing_read_again() {
    let read_with = |files: &Files| {
        let (catalogue, findings) = load(files);
        assert_eq!(tree::plainly(&findings), "");
        let source = &catalogue.sources["acme_postings"];
        (source.budget, catalogue.reading_fingerprint(source))
    };
    let budget = "budget: {max_rejects: 200, max_reject_share: 0.5%, max_drop: 50%, max_growth: 200%}\nformat: {type";
    let (none, before) = read_with(&example::files());
    let (some, after) = read_with(&example::edited(SOURCE, "format: {type", budget));
    let share = |numerator, denominator| Ratio::new(numerator, denominator).ok();
    let expected = Budget {
        max_rejects: Some(200),
        max_reject_share: share(1, 200),
        max_drop: share(1, 2),
        max_growth: share(2, 1),
    };
    assert_eq!((none, some), (Budget::default(), expected));
    assert_eq!(before, after);
}

#[test]
fn a_new_field_leaves_indicators_alone() {
    let field = "fields:\n  extra: {type: text, title: {da: Mere, en: More}}";
    assert_eq!(changed(POSTINGS, "fields:", field), ["dataset postings"]);
}

#[test]
fn the_canonical_form_can_be_read() {
    let (catalogue, _) = load(&example::files());
    let expected = "\
area: school
conversion: 1/1000
decimals: 1
formula: (/ expenditure pupils)
id: expenditure_per_pupil
kind: indicator
measures:
  expenditure:
    aggregate: (sum amount)
    dataset: postings
    filter: (and (in account '3.22.01' '3.22.05') (not internal))
    scale: 2
    time: within
    unit: 'DKK'
  pupils:
    aggregate: (distinct pupil)
    dataset: pupils
    filter: (<= grade 9)
    scale: 0
    time: 09-05
    unit: 'pupil'
missing: propagate
period: year
rounding: half_away_from_zero
unit: '1000 * DKK/pupil'
valid_from: 2018
version: 2
version_breaks: [2018]";
    assert_eq!(catalogue.indicators["expenditure_per_pupil"].canonical, expected);
}
