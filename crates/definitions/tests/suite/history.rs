//! Codes with a history: what conditions become, and when a change of codes breaks a series.

use std::collections::BTreeSet;

use model::{Catalogue, ChangeKind, Comparison, Date, Expr, FieldIndex};
use musketer_definitions::load;

use crate::tree::{self, Files};

const INDICATOR: &str = "definitions/indicators/elderly/aids.yaml";
const LIST: &str = "definitions/codelists/function.yaml";
const TABLE: &str = "definitions/codelists/function.csv";
const CHANGES: &str = "definitions/codelists/function_changes.csv";
/// The fields of the conditions.
const MONTH: FieldIndex = FieldIndex(1);
const FUNCTION: FieldIndex = FieldIndex(2);

/// A project in which 5.32.35 was split into 5.30.31 and 5.38.41 in 2018, and 5.32.37 renamed to 5.30.36.
fn project(edits: &[(&str, &str, &str)]) -> Files {
    let mut files = tree::project(&tree::repository().join("fixtures/diagnostics/M4022"));
    for (path, from, to) in edits {
        let text = String::from_utf8(files[*path].clone()).expect("UTF-8");
        assert!(text.contains(from), "{path} has no `{from}`");
        files.insert((*path).to_owned(), text.replacen(from, to, 1).into_bytes());
    }
    files
}

fn asking(condition: &str) -> Vec<(&'static str, &'static str, String)> {
    vec![(INDICATOR, "function in ('5.30.31', '5.38.41')", condition.to_owned())]
}

/// The project with this condition and further edits.
fn loaded(condition: &str, edits: &[(&str, &str, &str)]) -> (Catalogue, String) {
    let asked = asking(condition);
    let mut all: Vec<(&str, &str, &str)> = asked.iter().map(|(path, from, to)| (*path, *from, to.as_str())).collect();
    all.extend(edits);
    let (catalogue, findings) = load(&project(&all));
    (catalogue, tree::plainly(&findings))
}

fn condition(written: &str, edits: &[(&str, &str, &str)]) -> Expr {
    let (catalogue, findings) = loaded(written, edits);
    assert_eq!(findings, "", "{written}");
    catalogue.indicators["aids"].measures[0].filter.clone().expect("a condition")
}

fn one_of(codes: &[&str]) -> Expr {
    Expr::In(FUNCTION, codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>())
}

fn month(op: Comparison, day: &str) -> Expr {
    let day = Date::parse_iso(day).expect(day);
    Expr::Compare(op, Box::new(Expr::Field(MONTH)), Box::new(Expr::Date(day)))
}

#[test]
fn as_of_becomes_the_codes_of_all_days() {
    let both = "as_of(function, '2018-01-01') in ('5.30.31', '5.38.41')";
    assert_eq!(condition(both, &[]), one_of(&["5.30.31", "5.32.35", "5.38.41"]));
    assert_eq!(condition("as_of(function, '2018-01-01') = '5.30.36'", &[]), one_of(&["5.30.36", "5.32.37"]));
    let not = Expr::Not(Box::new(one_of(&["5.30.36", "5.32.37"])));
    assert_eq!(condition("as_of(function, '2018-01-01') <> '5.30.36'", &[]), not);
    // Backward, each part of the split was the whole.
    let before = "as_of(function, '2017-12-31') = '5.32.35'";
    assert_eq!(condition(before, &[]), one_of(&["5.30.31", "5.32.35", "5.38.41"]));
    let between = "as_of(function, '2018-01-01') between '5.30.31' and '5.38.41'";
    assert_eq!(condition(between, &[]), one_of(&["5.30.31", "5.30.36", "5.32.35", "5.32.37", "5.38.41"]));
    let group = "groups:\n  aids: {title: {da: Hjælpemidler, en: Aids}, codes: ['5.30.31', '5.38.*']}\nchanges:";
    let asked = "in_group(as_of(function, '2018-01-01'), 'aids')";
    assert_eq!(condition(asked, &[(LIST, "changes:", group)]), one_of(&["5.30.31", "5.32.35", "5.38.41"]));
}

#[test]
fn a_part_that_keeps_the_code_is_told_by_the_day() {
    // 5.30.31 holds all the time; in 2018 a part of it becomes 5.38.41.
    let edits = [
        (TABLE, "5.30.31;Hjælpemidler til ældre;Aids for the elderly;2018-01-01;", "5.30.31;Hjælpemidler;Aids;;"),
        (CHANGES, "5.32.35;5.30.31;2018-01-01;split;1/3\n", "5.30.31;5.30.31;2018-01-01;split;1/3\n"),
        (CHANGES, "5.32.35;5.38.41;2018-01-01;split;2/3\n", "5.30.31;5.38.41;2018-01-01;split;2/3\n"),
    ];
    let before = "as_of(function, '2017-12-31') = '5.30.31'";
    assert_eq!(condition(before, &edits), one_of(&["5.30.31", "5.38.41"]));
    let (_, findings) = loaded("as_of(function, '2018-01-01') = '5.30.31'", &edits);
    assert!(findings.contains("M4023 `5.30.31` was split on 2018-01-01"), "{findings}");
    // Two codes of which one went on: what was called otherwise is known by its day alone.
    let merged = [
        (TABLE, "5.32.37;Plejevederlag;Care allowance;;2018-01-01;", "5.32.37;Plejevederlag;Care allowance;;;"),
        (TABLE, "5.30.36;Plejevederlag;Care allowance;2018-01-01;;", "5.30.36;Andet;Other;;2018-01-01;"),
        (CHANGES, "5.32.37;5.30.36;2018-01-01;rename;1", "5.30.36;5.32.37;2018-01-01;merge;1"),
    ];
    let (_, findings) = loaded("as_of(function, '2017-12-31') = '5.32.37'", &merged);
    assert!(findings.contains("M4023 `5.32.37` stands for several codes on 2017-12-31"), "{findings}");
    let at_all = condition("as_of(function, '2018-01-01') = '5.32.37'", &merged);
    assert_eq!(at_all, one_of(&["5.30.36", "5.32.37"]));
}

#[test]
fn a_condition_means_the_same_on_both_sides_or_the_series_is_said_to_break() {
    let broken = |written: &str, edits: &[(&str, &str, &str)]| loaded(written, edits).1.contains("M4022");
    assert!(broken("function = '5.32.37'", &[]));
    assert!(broken("function <> '5.30.36'", &[]));
    assert!(broken("function = '5.30.36' or amount > 5", &[]));
    assert!(!broken("function in ('5.30.36', '5.32.37')", &[]));
    assert!(!broken("function = '5.30.36' or function = '5.32.37'", &[]));
    assert!(!broken("amount > 5 and not (function = '5.30.36' or function = '5.32.37')", &[]));
    assert!(!broken("function is not null", &[]));
    assert!(!broken("function = '5.30.36' and month >= '2018-01' or function = '5.32.37' and month < '2018-01'", &[]));
    let one = "function = '5.30.36'";
    assert!(!broken(one, &[(INDICATOR, "area:", "valid: {from: 2018}\narea:")]));
    assert!(broken(one, &[(INDICATOR, "area:", "valid: {from: 2017}\narea:")]));
    assert!(!broken(one, &[(INDICATOR, "area:", "valid: {to: 2017}\narea:")]));
    assert!(broken(one, &[(INDICATOR, "area:", "valid: {to: 2018}\narea:")]));
    let shifted = [
        (INDICATOR, "area:", "valid: {from: 2018}\narea:"),
        (INDICATOR, "    value:", "    shift: -1 year\n    value:"),
    ];
    assert!(broken(one, &shifted), "the first figure is of 2017");
    let declared = "reservations:\n  - {da: Ny konto, en: A new account, from: 2018, kind: break}\nformula:";
    assert!(!broken(one, &[(INDICATOR, "formula:", declared)]));
    let elsewhere = declared.replace("2018", "2019");
    assert!(broken(one, &[(INDICATOR, "formula:", &elsewhere)]));
}

#[test]
fn a_group_below_a_code_follows_the_day_of_the_row() {
    let table = "code;title_da;title_en;valid_from;valid_to;aliases;parent\n\
                 elderly;Ældre;The elderly;;;;\n\
                 home;Hjemmehjælp;Home help;;;;elderly\n\
                 aids;Hjælpemidler;Aids;;2018-01-01;;elderly\n\
                 aids;Hjælpemidler;Aids;2018-01-01;;;\n\
                 beds;Senge;Beds;;;;aids\n\
                 disabled;Handicap;Disabled;;;;\n";
    let list = "kind: codelist\nid: function\ntitle: {da: Titel, en: Title}\ndescription: {da: Et, en: One}\n\
                rows: function.csv\ngroups:\n  below: {title: {da: Under, en: Below}, under: [elderly]}\n";
    let mut files = project(&[(INDICATOR, "function in ('5.30.31', '5.38.41')", "in_group(function, 'below')")]);
    files.insert(TABLE.to_owned(), table.as_bytes().to_vec());
    files.insert(LIST.to_owned(), list.as_bytes().to_vec());
    let compiled = |files: &Files| {
        let (catalogue, findings) = load(files);
        assert_eq!(tree::plainly(&findings), "");
        let list = &catalogue.codelists["function"];
        (catalogue.indicators["aids"].measures[0].filter.clone().expect("a condition"), list.fingerprint)
    };
    let (below, fingerprint) = compiled(&files);
    let dated = Expr::And(vec![month(Comparison::Less, "2018-01-01"), one_of(&["aids", "beds"])]);
    assert_eq!(below, Expr::Or(vec![one_of(&["home"]), dated]), "what lies below aids moves with it");
    let stays =
        table.replace("aids;Hjælpemidler;Aids;2018-01-01;;;\n", "aids;Hjælpemidler;Aids;2018-01-01;;;elderly\n");
    files.insert(TABLE.to_owned(), stays.into_bytes());
    let (below, other) = compiled(&files);
    assert_eq!(below, one_of(&["aids", "beds", "home"]));
    assert_ne!(fingerprint, other);
    // A group of rows has no day.
    files.insert(TABLE.to_owned(), table.as_bytes().to_vec());
    let grouped =
        "per: [function]\n    let: {sum: sum(amount)}\n    having: in_group(function, 'below')\n    value: sum(sum)";
    let text = String::from_utf8(files[INDICATOR].clone()).expect("UTF-8");
    files.insert(INDICATOR.to_owned(), text.replace("value: sum(amount)", grouped).into_bytes());
    let found = tree::plainly(&load(&files).1);
    assert!(found.contains("M3004 which codes of `function` are meant depends on the day"), "{found}");
}

#[test]
fn changes_are_part_of_the_fingerprint_whatever_the_order_of_their_rows() {
    let list = |edits: &[(&str, &str, &str)]| {
        let (catalogue, findings) = loaded("function is not null", edits);
        assert_eq!(findings, "");
        catalogue.codelists["function"].clone()
    };
    let one = list(&[]);
    assert_eq!(one.changes().len(), 3);
    assert_eq!(one.changes()[0].kind, ChangeKind::Split);
    let other_share = [(CHANGES, "split;1/3", "split;0.25"), (CHANGES, "split;2/3", "split;0.75")];
    assert_ne!(list(&other_share).fingerprint, one.fingerprint);
    let unknown = [(CHANGES, "split;1/3", "split;"), (CHANGES, "split;2/3", "split;")];
    assert_eq!(list(&unknown).changes()[0].share, None);
    let row = "5.32.37;5.30.36;2018-01-01;rename;1\n";
    let turned = [(CHANGES, row, ""), (CHANGES, "share\n", "share\n5.32.37;5.30.36;2018-01-01;rename;1\n")];
    assert_eq!(list(&turned).fingerprint, one.fingerprint);
    let same = [(CHANGES, "split;1/3", "split;2/6"), (CHANGES, "rename;1", "rename;")];
    assert_eq!(list(&same).fingerprint, one.fingerprint);
}
