//! Two states of a project compared: each change has its rule, its category, its place, and those whom it reaches.

use std::collections::BTreeSet;

use model::Place;
use musketer_definitions::{Change, Exception, Project, Rule, Side, differences, load};

use crate::tree::Files;
use crate::{example, tree};

const ACCOUNT: &str = "definitions/codelists/account.yaml";
const ACCOUNT_TABLE: &str = "definitions/codelists/account.csv";
const MUNICIPALITY_TABLE: &str = "definitions/codelists/municipality.csv";
const POSTINGS: &str = "definitions/datasets/postings.yaml";
const PUPILS: &str = "definitions/datasets/pupils.yaml";
const SOURCE: &str = "definitions/sources/acme/acme_postings.yaml";
const INDICATOR: &str = "definitions/indicators/school/expenditure_per_pupil.yaml";
const SHARE: &str = "definitions/indicators/school/overhead_share.yaml";
const GROUP: &str = "definitions/comparison_groups/most_alike.yaml";
const PIPELINE: &str = "pipelines/main.yaml";

const CHILDREN: &str = "definitions/datasets/children.yaml";
const ACME_PUPILS: &str = "definitions/sources/acme/acme_pupils.yaml";

/// The example, and a dataset that nothing is made of.
fn base() -> Files {
    let text =
        String::from_utf8(example::files()[PUPILS].clone()).expect("UTF-8").replace("id: pupils", "id: children");
    let more = "roles: {home: home}\nfields:\n  home: {type: code, codelist: municipality, title: {da: a, en: a}}\n  \
        account: {type: code, codelist: account, title: {da: a, en: a}}";
    let checks = "checks:\n  - {id: one, when_true: grade > 0, severity: error, title: {da: a, en: a}}\n  \
        - {id: two, when_true: \"in_group(account, 'school')\", severity: error, title: {da: a, en: a}}\n";
    let mut files = example::files();
    files.insert(CHILDREN.to_owned(), (text.replace("fields:", more) + checks).into_bytes());
    files
}

/// The changes from the first to the second state. Both must be sound.
fn compared(before: &Files, after: &Files) -> Vec<Change> {
    for files in [before, after] {
        assert_eq!(tree::plainly(&load(files).1), "");
    }
    let project = Project::default();
    differences(Side { project: &project, files: before }, Side { project: &project, files: after })
}

/// A change in a line: rule, definition, part, and who has no new version.
fn line(change: &Change) -> String {
    let part = if change.part.is_empty() { String::new() } else { format!(" {}", change.part) };
    let open: Vec<&str> = change.unversioned.iter().map(String::as_str).collect();
    let open = if open.is_empty() { String::new() } else { format!(" ! {}", open.join(" ")) };
    format!("{} {}{part}{open}", change.rule.id, change.definition)
}

fn lines(before: &Files, after: &Files) -> Vec<String> {
    compared(before, after).iter().map(line).collect()
}

fn with(files: &Files, path: &str, from: &str, to: &str) -> Files {
    let mut files = files.clone();
    let text = String::from_utf8(files[path].clone()).expect("UTF-8");
    assert!(text.contains(from), "{path} has no `{from}`");
    files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

fn at(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.column)
}

const EXPENDITURE: &str = "expenditure_per_pupil";
const BOTH: &str = " ! expenditure_per_pupil overhead_share";

/// Edits of one file, and what they are.
#[expect(clippy::too_many_lines, reason = "a table of edits")]
fn edits() -> Vec<(&'static str, &'static str, &'static str, Vec<String>)> {
    let own = |rule: &str, part: &str| format!("{rule} {EXPENDITURE} {part} ! {EXPENDITURE}");
    let free = |text: &str| vec![text.to_owned()];
    let spread = |first: &str| {
        let indirect = |id: &str| format!("INDICATOR_INDIRECTLY_CHANGED {id}");
        vec![format!("{first}{BOTH}"), indirect(EXPENDITURE), indirect("overhead_share")]
    };
    vec![
        (
            ACCOUNT_TABLE,
            "3.22.05;",
            "3.22.04;Lejrskole;Camp;;;\n3.22.05;",
            vec![
                "CODELIST_CODE_ADDED account codes.3.22.04".to_owned(),
                "CODELIST_GROUP_EXTENDED account groups.school".to_owned(),
                format!("INDICATOR_INDIRECTLY_EXTENDED {EXPENDITURE}"),
                "INDICATOR_INDIRECTLY_EXTENDED overhead_share".to_owned(),
            ],
        ),
        (
            MUNICIPALITY_TABLE,
            "0411;Christiansø;Christiansø;2007-01-01;;;other;\n",
            "",
            spread("CODELIST_CODE_REMOVED municipality codes.0411"),
        ),
        (ACCOUNT_TABLE, ";;;32201", ";;;32201|322.01", free("CODELIST_ALIAS_ADDED account codes.3.22.01.aliases")),
        (ACCOUNT_TABLE, ";;;32201", ";;;", spread("CODELIST_ALIAS_REMOVED account codes.3.22.01.aliases")),
        (
            ACCOUNT_TABLE,
            "SFO;After-school care;;;",
            "SFO;After-school care;;2026-01-01;",
            free("CODELIST_CODE_DATED account codes.3.22.05.rows"),
        ),
        (
            ACCOUNT_TABLE,
            ";;2018-01-01;",
            ";;2019-01-01;",
            spread("CODELIST_CODE_HISTORY_CHANGED account codes.3.22.99.rows"),
        ),
        (
            MUNICIPALITY_TABLE,
            "Aarhus;2007-01-01;;",
            "Aarhus;2007-01-01;2030-01-01;",
            free("CODELIST_CODE_DATED municipality codes.0751.rows"),
        ),
        (ACCOUNT_TABLE, "Folkeskoler", "Folkeskolen", free("CODELIST_TEXT_CHANGED account codes.3.22.01")),
        (
            ACCOUNT,
            "groups:",
            "groups:\n  rest: {title: {da: Rest, en: Rest}, codes: ['6.*']}",
            free("CODELIST_GROUP_ADDED account groups.rest"),
        ),
        (
            ACCOUNT,
            "except: ['3.22.99']",
            "except: ['3.22.05']",
            vec![
                format!("CODELIST_GROUP_CODES_CHANGED account groups.school.except ! {EXPENDITURE}"),
                "DATASET_INDIRECTLY_CHANGED children".to_owned(),
                format!("INDICATOR_INDIRECTLY_CHANGED {EXPENDITURE}"),
            ],
        ),
        (ACCOUNT, "da: Skole,", "da: Skoleområdet,", free("CODELIST_TEXT_CHANGED account groups.school.title.da")),
        (
            SOURCE,
            "format: {type",
            "budget: {max_drop: 50%}\nformat: {type",
            free("SOURCE_BUDGET_CHANGED acme_postings budget"),
        ),
        (
            PIPELINE,
            "to: 2025-12}",
            "to: 2025-12, due: {days: 20, grace: 5}}",
            free("PIPELINE_DUE_CHANGED main uses.acme_postings.due"),
        ),
        (
            PIPELINE,
            "uses:",
            "approvals: [{area: school, from: 2025}]\nuses:",
            free("PIPELINE_APPROVALS_CHANGED main approvals"),
        ),
        (POSTINGS, "row_unit: posting", "row_unit: record", spread("DATASET_ROW_UNIT_CHANGED postings row_unit")),
        (
            POSTINGS,
            "key: [municipality, period, document]",
            "key: [municipality, document]",
            spread("DATASET_KEY_CHANGED postings key.period"),
        ),
        (
            POSTINGS,
            "fields:",
            "roles: {payer: payer}\nfields:\n  payer: {type: code, codelist: municipality, title: {da: Betaler, en: Payer}}",
            vec![
                "DATASET_ROLE_ADDED postings roles".to_owned(),
                "DATASET_FIELD_ADDED postings fields.payer".to_owned(),
            ],
        ),
        (
            PUPILS,
            "required: true, title: {da: Elev",
            "title: {da: Elev",
            vec![
                format!("DATASET_FIELD_REQUIRED_CHANGED pupils fields.pupil.required ! {EXPENDITURE}"),
                format!("INDICATOR_INDIRECTLY_CHANGED {EXPENDITURE}"),
            ],
        ),
        (
            POSTINGS,
            "pattern: '[0-9]{8}'",
            "pattern: '[0-9]{7}'",
            spread("DATASET_FIELD_PATTERN_CHANGED postings fields.document.pattern"),
        ),
        (POSTINGS, "'5000000'", "'6000000'", spread("DATASET_FIELD_RANGE_CHANGED postings fields.amount.range")),
        (
            POSTINGS,
            "precision: 15",
            "precision: 16",
            spread("DATASET_FIELD_TYPE_CHANGED postings fields.amount.precision"),
        ),
        (
            POSTINGS,
            "  text: {type: text, title: {da: Tekst, en: Text}}\n",
            "",
            spread("DATASET_FIELD_REMOVED postings fields.text"),
        ),
        (
            POSTINGS,
            "severity: warning",
            "severity: info",
            free("DATASET_NOTE_CHANGED postings checks.posted_in_time.severity"),
        ),
        (
            POSTINGS,
            "severity: warning",
            "severity: error",
            spread("DATASET_CHECK_CHANGED postings checks.posted_in_time.severity"),
        ),
        (
            POSTINGS,
            "da: Bogførte beløb",
            "da: Alle bogførte beløb",
            free("DATASET_TEXT_CHANGED postings description.da"),
        ),
        (SOURCE, "vendor: Acme", "vendor: Acme A/S", free("SOURCE_TEXT_CHANGED acme_postings vendor")),
        (SOURCE, "to: 2030-12", "to: 2029-12", free("SOURCE_VALIDITY_CHANGED acme_postings valid.to")),
        (SOURCE, "load: period", "load: full", spread("SOURCE_DELIVERY_CHANGED acme_postings delivery.load")),
        (SOURCE, "delimiter: ';'", "delimiter: ','", spread("SOURCE_FORMAT_CHANGED acme_postings format.delimiter")),
        (
            SOURCE,
            "  posted: {column: [Bogføringsdato, Dato], date: dd-mm-yyyy}\n",
            "",
            spread("SOURCE_MAPPING_REMOVED acme_postings fields.posted"),
        ),
        (
            SOURCE,
            "[Bogføringsdato, Dato]",
            "[Bogføringsdato, Dato, Posteret]",
            free("SOURCE_MAPPING_EXTENDED acme_postings fields.posted.column.Posteret"),
        ),
        (SOURCE, "slice: [1, 5]", "slice: [2, 5]", spread("SOURCE_MAPPING_CHANGED acme_postings fields.account.slice")),
        (SOURCE, "is: [I alt]", "is: [Total]", spread("SOURCE_SKIP_CHANGED acme_postings skip.totals.is")),
        (SOURCE, "rows: 2", "rows: 4", spread("SOURCE_CONTROL_CHANGED acme_postings control.trailer.rows")),
        (
            SOURCE,
            "min_rows: 1",
            "min_rows: 1\ntests:\n  - {name: x, given: {name: a.csv, bytes: a}}",
            free("SOURCE_TESTS_CHANGED acme_postings tests"),
        ),
        (
            INDICATOR,
            "valid: {from: 2018}",
            "valid: {from: 2018, to: 2026}",
            free("INDICATOR_VALIDITY_CHANGED expenditure_per_pupil valid.to"),
        ),
        (
            INDICATOR,
            "en: A reservation}",
            "en: A reservation, kind: break, from: 2020}",
            free("INDICATOR_BREAKS_CHANGED expenditure_per_pupil reservations.1"),
        ),
        (INDICATOR, "1000 * DKK/pupil", "DKK/pupil", vec![own("INDICATOR_UNIT_CHANGED", "unit")]),
        (INDICATOR, "decimals: 1", "decimals: 2", vec![own("INDICATOR_DECIMALS_CHANGED", "decimals")]),
        (
            INDICATOR,
            "decimals: 1",
            "decimals: 1\nrounding: half_even",
            vec![own("INDICATOR_ROUNDING_CHANGED", "rounding")],
        ),
        (INDICATOR, "decimals: 1", "decimals: 1\nmissing: zero", vec![own("INDICATOR_MISSING_CHANGED", "missing")]),
        (
            INDICATOR,
            "decimals: 1",
            "decimals: 1\ngroups: {rule: median}",
            vec![own("INDICATOR_GROUPS_CHANGED", "groups")],
        ),
        (
            INDICATOR,
            "decimals: 1",
            "decimals: 1\nplausible: {change: 25%}",
            vec![own("INDICATOR_PLAUSIBLE_CHANGED", "plausible")],
        ),
        (
            INDICATOR,
            "decimals: 1",
            "decimals: 1\nincluded_in: [{municipality: '0751', in: '0101', from: 2026}]",
            free("INDICATOR_INCLUDED_IN_DATED expenditure_per_pupil included_in"),
        ),
        (
            INDICATOR,
            "decimals: 1",
            "decimals: 1\nincluded_in: [{municipality: '0751', in: '0101'}]",
            vec![own("INDICATOR_INCLUDED_IN_CHANGED", "included_in")],
        ),
        (
            INDICATOR,
            "direction: neutral",
            "direction: lower_is_better",
            free("INDICATOR_TEXT_CHANGED expenditure_per_pupil direction"),
        ),
        (
            INDICATOR,
            "where: grade <= 9",
            "where: >-\n      9 >=\n      grade",
            free("INDICATOR_TEXT_CHANGED expenditure_per_pupil measures.pupils.where"),
        ),
        (INDICATOR, "grade <= 9", "grade < 9", vec![own("INDICATOR_MEASURE_FILTER_CHANGED", "measures.pupils.where")]),
        (INDICATOR, "at: '09-05'", "at: '09-06'", vec![own("INDICATOR_MEASURE_TIME_CHANGED", "measures.pupils.at")]),
        (
            INDICATOR,
            "at: '09-05'",
            "at: '09-05'\n    shift: -1 year",
            vec![own("INDICATOR_MEASURE_TIME_CHANGED", "measures.pupils.shift")],
        ),
        (
            INDICATOR,
            "at: '09-05'",
            "at: '09-05'\n    absent: {shift: -1 year, on: pupil}",
            vec![own("INDICATOR_MEASURE_ABSENT_CHANGED", "measures.pupils.absent")],
        ),
        (
            INDICATOR,
            "sum(amount)",
            "sum(amount - 1)",
            vec![own("INDICATOR_MEASURE_VALUE_CHANGED", "measures.expenditure.value")],
        ),
        (
            INDICATOR,
            "expenditure / pupils",
            "2 * expenditure / pupils",
            vec![own("INDICATOR_FORMULA_CHANGED", "formula")],
        ),
        (
            SHARE,
            "missing: zero",
            "missing: zero\nbreakdowns: [internal]",
            free("INDICATOR_BREAKDOWN_ADDED overhead_share breakdowns"),
        ),
        (
            SHARE,
            "missing: zero",
            "missing: zero\ndimensions: {kind: {field: account}}\nbreakdowns: [kind]",
            vec![
                "INDICATOR_BREAKDOWN_ADDED overhead_share dimensions".to_owned(),
                "INDICATOR_BREAKDOWN_ADDED overhead_share breakdowns".to_owned(),
            ],
        ),
        (INDICATOR, "version: 2", "version: 3", free("INDICATOR_VERSION_RAISED expenditure_per_pupil version")),
        (
            INDICATOR,
            "# A comment",
            "tests:\n  - {name: x, given: {}, expect: {rejects: []}}\n# A comment",
            free("INDICATOR_TESTS_CHANGED expenditure_per_pupil tests"),
        ),
        (
            PIPELINE,
            "['0751', '0101'], from",
            "['0751'], from",
            spread("PIPELINE_MUNICIPALITY_REMOVED main uses.acme_postings.municipalities.0101"),
        ),
        (PIPELINE, "to: 2025-12", "to: 2026-12", free("PIPELINE_USE_PERIODS_CHANGED main uses.acme_postings.to")),
        (
            PIPELINE,
            "indicators: all",
            "indicators: all\ncomparison_groups: all",
            free("PIPELINE_COMPARISON_GROUP_ADDED main comparison_groups"),
        ),
        (GROUP, "k: 1", "k: 2", free("COMPARISON_GROUP_MEMBERS_CHANGED most_alike nearest.k")),
        (GROUP, "for: {areas: [school]}\n", "", free("COMPARISON_GROUP_INDICATORS_CHANGED most_alike for")),
        (GROUP, "De mest ens", "De nærmeste", free("COMPARISON_GROUP_TEXT_CHANGED most_alike title.da")),
        (PIPELINE, "attempts: 3", "attempts: 4", free("PIPELINE_FETCH_CHANGED main uses.acme_pupils.http.attempts")),
        (
            PIPELINE,
            "indicators: all",
            "indicators: [overhead_share]",
            vec![
                format!("PIPELINE_INDICATOR_REMOVED main indicators ! {EXPENDITURE}"),
                format!("INDICATOR_INDIRECTLY_CHANGED {EXPENDITURE}"),
            ],
        ),
        (PIPELINE, "da: Eksempel", "da: Eksemplet", free("PIPELINE_TEXT_CHANGED main title.da")),
    ]
}

#[test]
fn every_change_has_its_rule() {
    let files = base();
    let mut wrong = Vec::new();
    for (path, from, to, expected) in edits() {
        let edited = with(&files, path, from, to);
        let mistakes = tree::plainly(&load(&edited).1);
        if !mistakes.is_empty() {
            wrong.push(format!("{path}: {from} -> {to}\n{mistakes}"));
            continue;
        }
        let found = lines(&files, &edited);
        if found != expected {
            wrong.push(format!("{path}: {from} -> {to}\n  expected {expected:#?}\n  found {found:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn comments_order_and_quotation_marks_are_no_change() {
    let files = base();
    for (path, from, to) in [
        (INDICATOR, "# A comment", "# Another comment"),
        (INDICATOR, "formula: expenditure", "formula:   expenditure"),
        (INDICATOR, "da: Forbehold, en: A reservation", "en: 'A reservation', da: \"Forbehold\""),
        (INDICATOR, "period: year\nunit: 1000 * DKK/pupil", "unit: '1000 * DKK/pupil'\nperiod: year"),
        (INDICATOR, "    where: grade <= 9\n    value", "    where: >-\n      grade <= 9\n    value"),
        (POSTINGS, "type: text, pattern: '[0-9]{8}'", "pattern: \"[0-9]{8}\", type: text"),
        (ACCOUNT, "codes: ['3.22.*'], except: ['3.22.99']", "except: [\"3.22.99\"], codes: ['3.22.*']"),
        (
            SOURCE,
            "  - {id: totals, column: Bilag, is: [I alt]}",
            "  - id: totals\n    is: [I alt]   # a total\n    column: Bilag",
        ),
    ] {
        let edited = with(&files, path, from, to);
        assert_eq!(lines(&files, &edited), Vec::<String>::new(), "{path}: {from} -> {to}");
        let fingerprints = crate::fingerprints::fingerprints;
        assert_eq!(fingerprints(&files), fingerprints(&edited), "{path}: {from} -> {to}");
    }
}

#[test]
fn changes_have_a_place_on_both_sides() {
    let files = base();
    let after = with(&files, INDICATOR, "# A comment", "# One\n# A comment");
    let after = with(&after, INDICATOR, "grade <= 9", "grade < 9");
    let [change] = &compared(&files, &after)[..] else { panic!("one change") };
    assert_eq!(at(&change.place), format!("{INDICATOR}:23:12"));
    assert_eq!(change.earlier.as_ref().map(at), Some(format!("{INDICATOR}:22:12")));
    assert_eq!((change.before.as_deref(), change.after.as_deref()), (Some("grade <= 9"), Some("grade < 9")));
    assert_eq!(
        change.message(),
        "indicator `expenditure_per_pupil` measures.pupils.where: `grade <= 9` -> `grade < 9`"
    );
    let [change] = &compared(&files, &with(&files, ACCOUNT_TABLE, "SFO;After-school", "SFO;After school"))[..] else {
        panic!("one change")
    };
    assert_eq!(at(&change.place), format!("{ACCOUNT_TABLE}:3:0"));
    assert_eq!(change.after.as_deref(), Some("SFO / After school care"));
}

#[test]
fn what_is_new_or_gone_is_named() {
    let files = base();
    let mut fewer = files.clone();
    fewer.remove(SHARE);
    assert_eq!(
        lines(&files, &fewer),
        ["INDICATOR_REMOVED overhead_share ! overhead_share", "PIPELINE_INDICATOR_REMOVED main"]
            .map(str::to_owned)
            .into_iter()
            .filter(|line| !line.starts_with("PIPELINE"))
            .collect::<Vec<_>>()
    );
    assert_eq!(lines(&fewer, &files), ["INDICATOR_ADDED overhead_share"]);
    let mut bare = files.clone();
    for path in [SHARE, INDICATOR, GROUP, SOURCE, PIPELINE] {
        bare.remove(path);
    }
    let (gone, new) = (lines(&files, &bare), lines(&bare, &files));
    for (gone_or_new, verb) in [(gone, "REMOVED"), (new, "ADDED")] {
        let rules: Vec<&str> = gone_or_new.iter().filter_map(|line| line.split(' ').next()).collect();
        let expected =
            ["COMPARISON_GROUP", "INDICATOR", "INDICATOR", "PIPELINE", "SOURCE"].map(|kind| format!("{kind}_{verb}"));
        assert_eq!(rules, expected);
    }
    let mut lone = example::files();
    let list = "kind: codelist\nid: more\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\nrows: account.csv\n";
    lone.insert("definitions/codelists/more.yaml".to_owned(), list.into());
    lone.insert(CHILDREN.to_owned(), base()[CHILDREN].clone());
    let files = example::files();
    assert_eq!(lines(&files, &lone), ["CODELIST_ADDED more", "DATASET_ADDED children"]);
    // Nothing is made of them, so nobody's figures change.
    assert_eq!(lines(&lone, &files), ["CODELIST_REMOVED more", "DATASET_REMOVED children"]);
}

#[test]
fn a_new_version_lets_its_changes_pass() {
    let files = base();
    let changed = with(&files, INDICATOR, "grade <= 9", "grade < 9");
    let raised = with(&changed, INDICATOR, "version: 2", "version: 3");
    // Raised, but neither kept nor superseded: what becomes of version 2 is not said.
    assert!(compared(&files, &raised).iter().any(Change::is_finding));
    let superseding =
        with(&raised, INDICATOR, "supersedes: expenditure_per_pupil@1", "supersedes: expenditure_per_pupil@2");
    assert!(!compared(&files, &superseding).iter().any(Change::is_finding));
    let unkept = superseding.clone();
    let kept = format!("{}@2.yaml", INDICATOR.trim_end_matches(".yaml"));
    let mut keeping = superseding;
    keeping.insert(kept.clone(), files[INDICATOR].clone());
    assert_eq!(
        lines(&files, &keeping),
        [
            "INDICATOR_MEASURE_FILTER_CHANGED expenditure_per_pupil measures.pupils.where",
            "INDICATOR_VERSION_RAISED expenditure_per_pupil version",
        ]
    );
    // What is kept has to be what it was, but for the end of its validity.
    let closed = with(&keeping, &kept, "valid: {from: 2018}", "valid: {from: 2018, to: 2025}");
    let added = lines(&keeping, &closed);
    assert_eq!(added, ["INDICATOR_VALIDITY_CHANGED expenditure_per_pupil@2 valid.to"]);
    assert!(!compared(&files, &closed).iter().any(Change::is_finding));
    let altered = with(&keeping, &kept, "sum(amount)", "sum(amount - 1)");
    let own =
        "INDICATOR_MEASURE_VALUE_CHANGED expenditure_per_pupil@2 measures.expenditure.value ! expenditure_per_pupil@2";
    assert!(lines(&files, &altered).contains(&own.to_owned()), "{:?}", lines(&files, &altered));
    assert_eq!(
        lines(&keeping, &unkept),
        ["INDICATOR_VERSION_REMOVED expenditure_per_pupil@2 ! expenditure_per_pupil@2"]
    );
    assert_eq!(lines(&unkept, &keeping), ["INDICATOR_VERSION_ADDED expenditure_per_pupil@2"]);
    // The new version covers what is changed below the indicator, too.
    let below = with(&keeping, PUPILS, "row_unit: record", "row_unit: person");
    assert!(!compared(&files, &below).iter().any(Change::is_finding), "{:?}", lines(&files, &below));
    // But not for the periods that the older one keeps.
    let later = with(&below, INDICATOR, "valid: {from: 2018}", "valid: {from: 2024}");
    let open = "DATASET_ROW_UNIT_CHANGED pupils row_unit ! expenditure_per_pupil@2".to_owned();
    assert!(lines(&files, &later).contains(&open), "{:?}", lines(&files, &later));
}

#[test]
fn an_indicator_of_indicators_follows_them() {
    let text = "kind: indicator\nid: twice\nversion: 1\narea: school\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\n\
        period: year\nunit: 1000 * DKK/pupil\ndecimals: 1\ndirection: neutral\nmeasures: {pupils: {from: pupils, at: '09-05', value: count(distinct pupil)}}\n\
        formula: indicator('expenditure_per_pupil') + 0 * (pupils / pupils) * indicator('expenditure_per_pupil')\n";
    let path = "definitions/indicators/school/twice.yaml";
    let mut files = base();
    files.insert(path.to_owned(), text.into());
    let after = with(&files, INDICATOR, "grade <= 9", "grade < 9");
    let found = compared(&files, &after);
    let shown: Vec<String> = found.iter().map(line).collect();
    assert_eq!(
        shown,
        [
            "INDICATOR_MEASURE_FILTER_CHANGED expenditure_per_pupil measures.pupils.where ! expenditure_per_pupil twice",
            "INDICATOR_INDIRECTLY_CHANGED twice",
        ]
    );
    assert_eq!(
        found[1].message(),
        "indicator `twice`: changed through indicator `expenditure_per_pupil` (INDICATOR_MEASURE_FILTER_CHANGED)"
    );
    assert_eq!(at(&found[1].place), format!("{path}:2:5"));
}

#[test]
fn an_exception_holds_for_the_change_that_it_came_with() {
    let files = base();
    let after = with(&files, INDICATOR, "grade <= 9", "grade < 9");
    let exception = Exception {
        rule: "INDICATOR_MEASURE_FILTER_CHANGED".to_owned(),
        definition: EXPENDITURE.to_owned(),
        reason: "no figure was published yet".to_owned(),
    };
    let (plain, excepting) = (Project::default(), Project { exceptions: vec![exception], ..Project::default() });
    let open = |before: &Project, after_project: &Project| {
        let sides = (Side { project: before, files: &files }, Side { project: after_project, files: &after });
        differences(sides.0, sides.1).iter().filter(|change| change.is_finding()).count()
    };
    assert_eq!(open(&plain, &plain), 1);
    assert_eq!(open(&plain, &excepting), 0);
    assert_eq!(open(&excepting, &excepting), 1, "it was for an earlier change");
}

/// The example with a comparison group of these members.
fn cities(members: &str) -> Files {
    let text = "kind: comparison_group\nid: cities\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\nmembers: ";
    let mut files = base();
    files.insert("definitions/comparison_groups/cities.yaml".to_owned(), format!("{text}{members}\n").into_bytes());
    files
}

/// Further edits, for the rules that they have and no more.
/// The example's share by truth values and groups, with an edit of what it says of breakdowns.
fn breakdown_edits() -> Vec<(Files, Files)> {
    let broken_down = "missing: zero\ndimensions: {kind: {field: account}}\nbreakdowns: [kind, internal]";
    let files = with(&base(), SHARE, "missing: zero", broken_down);
    let edit = |from: &str, to: &str| (files.clone(), with(&files, SHARE, from, to));
    vec![
        edit("{field: account}", "{field: account, total: '9.30'}"),
        edit(
            "everything: {from: postings, value: sum(amount)}",
            "everything: {from: postings, value: sum(amount), breakdown: total}",
        ),
        edit("[kind, internal]", "[kind]"),
    ]
}

#[test]
fn changes_of_breakdowns_say_what_they_are() {
    let found: Vec<Vec<String>> = breakdown_edits().iter().map(|(one, other)| lines(one, other)).collect();
    let changed = |rule: &str, part: &str| format!("INDICATOR_{rule} overhead_share {part} ! overhead_share");
    let of_total = ["DIMENSION_CHANGED", "MEASURE_BREAKDOWN_CHANGED", "MEASURE_FILTER_CHANGED"];
    let of_total = of_total.map(|rule| changed(rule, "dimensions.kind.total")).to_vec();
    let expected = [
        of_total,
        vec![changed("MEASURE_BREAKDOWN_CHANGED", "measures.everything.breakdown")],
        vec![changed("BREAKDOWN_REMOVED", "breakdowns.internal")],
    ];
    assert_eq!(found, expected);
}

fn further_edits() -> Vec<(Files, Files)> {
    let files = base();
    let edit = |path: &str, from: &str, to: &str| (files.clone(), with(&files, path, from, to));
    let mut moved = files.clone();
    let share =
        String::from_utf8(moved.remove(SHARE).expect("there")).expect("UTF-8").replace("area: school", "area: finance");
    moved.insert("definitions/indicators/finance/overhead_share.yaml".to_owned(), share.into_bytes());
    let on_children = with(&files, INDICATOR, "from: pupils", "from: children");
    let with_role = with(&on_children, INDICATOR, "from: children", "from: children\n    role: home");
    let two = "  - {id: totals, column: Bilag, is: [I alt]}\n";
    let turned = with(&with(&files, SOURCE, two, ""), SOURCE, "control:", &format!("{two}control:"));
    let uses = "  - {source: acme_postings, municipalities: ['0751', '0101'], from: 2024-01, to: 2025-12}\n";
    let mut behind = with(&files, PIPELINE, uses, "");
    behind.entry(PIPELINE.to_owned()).and_modify(|text| text.extend(uses.bytes()));
    let home = "codelist: municipality, title: {da: a";
    let one = "  - {id: one, when_true: grade > 0, severity: error, title: {da: a, en: a}}\n";
    let at_home = with(&files, CHILDREN, home, &home.replace("title", "required: true, title"));
    let mut with_history = files.clone();
    let list = "kind: codelist\nid: more\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\nrows: more.csv\n\
        changes: more_changes.csv\ngroups: {below: {title: {da: a, en: a}, under: [A]}}\n";
    let table = "code;title_da;title_en;valid_from;valid_to;aliases;parent\nA;a;a;;;;\nB;b;b;;;;A\n\
        C;c;c;;2018-01-01;;A\nD;d;d;;2019-01-01;;A\n";
    let changes = "from;to;date;kind;share\nC;B;2018-01-01;merge;1\n";
    for (name, text) in [("more.yaml", list), ("more.csv", table), ("more_changes.csv", changes)] {
        with_history.insert(format!("definitions/codelists/{name}"), text.into());
    }
    let (more, changes) = ("definitions/codelists/more.csv", "definitions/codelists/more_changes.csv");
    let later = with(&with_history, more, "B;b;b;;;;A", "B;b;b;;2020-01-01;;A\nB;b;b;2020-01-01;;;");
    let merged = with(&with_history, changes, "merge;1\n", "merge;1\nD;B;2019-01-01;merge;1\n");
    let (looking, priced) = ("pupils_per_municipal_school.yaml", "net_operating_expenditure_in_fixed_prices.yaml");
    let is_needed = |path: &str| ["/codelists/", "/datasets/", looking, priced].iter().any(|part| path.contains(part));
    let mut shipped = tree::read(&tree::repository(), "definitions");
    shipped.retain(|path, _| is_needed(path));
    // Tests of theirs name what is taken away here.
    for text in shipped.values_mut() {
        let whole = String::from_utf8_lossy(text).into_owned();
        *text = whole.split("\ntests:\n").next().map_or_else(Vec::new, |head| format!("{head}\n").into_bytes());
    }
    let looking = format!("definitions/indicators/school/{looking}");
    let looked_up = "    join:\n      register: {dataset: school_register, on: {school: institution}, at: row}\n    \
        where: in_group(register.owner, 'municipal')\n    value: count(distinct school)";
    let no_join = with(&shipped, &looking, looked_up, "    value: count(distinct school)");
    let priced = format!("definitions/indicators/finance/{priced}");
    let price = "    price: {index: price_index, value: municipal_services, base: latest}\n";
    let no_price = with(&shipped, &priced, price, "");
    let is_basic = |path: &String| path.contains("/codelists/") || path.ends_with("/price_index.yaml");
    let basic: Files = shipped.clone().into_iter().filter(|(path, _)| is_basic(path)).collect();
    let local = with(&basic, "definitions/datasets/price_index.yaml", "whole_country: true\n", "");
    vec![
        (cities("['0101']"), cities("['0101', {municipalities: ['0751'], from: 2020}]")),
        (shipped.clone(), no_join),
        (shipped, no_price),
        (basic, local),
        (with_history.clone(), later),
        (with_history, merged),
        (files.clone(), moved),
        (files.clone(), on_children.clone()),
        (on_children, with_role),
        (files.clone(), turned),
        (files.clone(), behind),
        edit(PIPELINE, uses, ""),
        edit(PIPELINE, "indicators: all", "indicators: all\ndefinitions: now"),
        edit(SHARE, "period: month", "period: quarter"),
        (
            files.clone(),
            with(
                &with(&files, SHARE, "measures:", "measures:\n  more: {from: postings, value: count(*)}"),
                SHARE,
                "formula: ",
                "formula: 0 * (more / more) + ",
            ),
        ),
        edit(
            SHARE,
            "{from: postings, value: sum(amount)}",
            "{from: postings, per: account, let: {size: sum(amount)}, value: sum(size)}",
        ),
        edit(ACME_PUPILS, "dataset: pupils", "dataset: children"),
        edit(PUPILS, "type: person, unit: pupil", "type: text, unit: pupil"),
        edit(CHILDREN, "partition: year", "partition: month"),
        (files.clone(), with(&at_home, CHILDREN, "municipality: municipality", "municipality: home")),
        edit(CHILDREN, "snapshot: count_date", "event: count_date"),
        edit(CHILDREN, "roles: {home: home}", "roles: {home: municipality}"),
        edit(CHILDREN, "fields:", "fields:\n  more: {type: text, required: true, title: {da: a, en: a}}"),
        edit(CHILDREN, "unit: pupil", "unit: person"),
        edit(
            CHILDREN,
            "  count_date: {type: date, required: true, title: {da: Dag, en: Day}}\n  grade: {type: integer, title: {da: Trin, en: Grade}}",
            "  grade: {type: integer, title: {da: Trin, en: Grade}}\n  count_date: {type: date, required: true, title: {da: Dag, en: Day}}",
        ),
        (
            files.clone(),
            with(
                &with(&files, CHILDREN, one, ""),
                CHILDREN,
                "account, 'school')\", severity: error, title: {da: a, en: a}}\n",
                &format!("account, 'school')\", severity: error, title: {{da: a, en: a}}}}\n{one}"),
            ),
        ),
    ]
}

#[test]
fn every_rule_is_seen_or_cannot_be() {
    let files = base();
    let mut pairs: Vec<(Files, Files)> =
        edits().iter().map(|(path, from, to, _)| (files.clone(), with(&files, path, from, to))).collect();
    pairs.extend(further_edits());
    pairs.extend(breakdown_edits());
    let mut seen = BTreeSet::new();
    for (one, other) in pairs {
        seen.extend(compared(&one, &other).iter().chain(&compared(&other, &one)).map(|change| change.rule.id));
    }
    // A test of their own; and what the language does not have yet.
    let apart = |id: &str| {
        let whole = ["_ADDED", "_REMOVED"]
            .iter()
            .any(|verb| id.strip_suffix(verb).is_some_and(|kind| !kind.contains('_') || kind == "COMPARISON_GROUP"));
        whole || id.contains("_VERSION_") || id.ends_with("_MEANING_CHANGED")
    };
    let unseen: Vec<&str> = Rule::all().map(|rule| rule.id).filter(|id| !seen.contains(id) && !apart(id)).collect();
    assert_eq!(unseen, Vec::<&str>::new());
}

#[test]
fn the_rules_are_documented() {
    let path = tree::repository().join("docs/changes.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (head, rest) = page.split_once("<!-- rules: ").expect("a beginning");
    let (mark, rest) = rest.split_once('\n').expect("a line");
    let (_, tail) = rest.split_once("<!-- end of rules -->").expect("an end");
    let mut table = Vec::new();
    let mut kind = "";
    let mut named = BTreeSet::new();
    for rule in Rule::all().filter(|rule| named.insert(rule.id)) {
        if rule.kind() != kind {
            kind = rule.kind();
            table.push(format!("\n**{kind}**\n\n| rule | category | |\n|---|---|---|\n"));
        }
        let category = match rule.category.as_str() {
            "effective_dated" => "effective-dated",
            "text_only" => "text only",
            category => category,
        };
        table.push(format!("| `{}` | {category} | {} |\n", rule.id, rule.meaning));
    }
    let table = table.concat();
    let expected = format!("{head}<!-- rules: {mark}\n{table}\n<!-- end of rules -->{tail}");
    if crate::diagnostics::blessing() {
        std::fs::write(&path, expected).expect("written");
    } else {
        assert_eq!(page, expected, "BLESS=1 writes the table anew");
    }
}
