//! Whatever the bytes are, the loader answers with diagnostics, soon.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use musketer_definitions::{load, load_project};
use proptest::prelude::*;

use crate::tree::Files;
use crate::{example, tree};

const INDICATOR: &str = "definitions/indicators/school/expenditure_per_pupil.yaml";

/// The indicator with another condition, in single quotation marks.
fn with_condition(condition: &str) -> Files {
    let quoted = format!("'{}'", condition.replace('\'', "''"));
    example::edited(INDICATOR, "in_group(account, 'school') and not internal", &quoted)
}

fn said(files: &Files) -> String {
    tree::plainly(&load(files).1)
}

#[test]
fn bombs_are_refused_soon() {
    let mut alias = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let references = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(alias, "a{level}: &a{level} [{references}]").expect("a text grows");
    }
    let many_keys: Vec<String> = (0..60_000).map(|at| format!("k{at}: 1")).collect();
    let bombs = [
        alias,
        "[".repeat(900_000),
        "{a: ".repeat(200_000),
        "- ".repeat(400_000),
        "a:\n".repeat(200_000),
        "? ".repeat(400_000),
        "x".repeat(3 << 20),
        many_keys.join("\n"),
        format!("title: \"{}\"", "\\".repeat(900_000)),
        format!("kind: dataset\nid: bomb\nfields: {{{}}}", "f: {type: code, codelist: x}, ".repeat(20_000)),
    ];
    for bomb in bombs {
        let mut files = example::files();
        files.insert("definitions/datasets/bomb.yaml".to_owned(), bomb.clone().into_bytes());
        let start = Instant::now();
        let (catalogue, findings) = load(&files);
        assert!(!findings.is_empty() && findings.len() <= 500, "{}: {}", &bomb[..20], findings.len());
        assert!(catalogue.pipelines.contains_key("main"), "the rest is untouched");
        assert!(start.elapsed() < Duration::from_secs(20), "{}: {:?}", &bomb[..20], start.elapsed());
    }
}

#[test]
fn expressions_cannot_exhaust_the_stack() {
    let deep = [
        "(".repeat(10_000),
        format!("{}grade = 1{}", "(".repeat(2000), ")".repeat(2000)),
        format!("{} internal", "not ".repeat(5000)),
        format!("{}amount > 1", "amount + ".repeat(3000)),
        format!("{}amount > 1", "-".repeat(3000)),
        format!("amount > {}1", "- ".repeat(250)),
        format!("{}internal", "not ".repeat(250)),
        format!("internal {}", "is null ".repeat(140)),
        format!("internal{}", "::text".repeat(140)),
        format!("internal{}", " collate x".repeat(140)),
        format!("amount{} > 1", "[1]".repeat(90)),
        format!("{}1{} > amount", "sum(".repeat(90), ")".repeat(90)),
        format!("{}1{} > amount", "case when ".repeat(90), " then 1 end".repeat(90)),
    ];
    for condition in deep {
        assert_ne!(said(&with_condition(&condition)), "", "{}", &condition[..20]);
    }
    let long = format!("{}internal", "internal or ".repeat(149));
    assert_eq!(said(&with_condition(&long)), "", "a long chain within the limit is no mistake");
    let sum = format!("{}amount > 1", "amount + ".repeat(140));
    assert_eq!(said(&with_condition(&sum)), "");
}

#[test]
fn a_literal_block_points_at_its_own_line() {
    let block = "|\n      in_group(account, 'school')\n      and not intern";
    let files = example::edited(INDICATOR, "in_group(account, 'school') and not internal", block);
    assert_eq!(
        said(&files),
        format!("{INDICATOR}:19:15+6 M2003 `postings` has no field `intern`\n  help: did you mean `internal`?\n")
    );
}

/// Pieces that YAML and SQL are made of, so that random texts get past the first character.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "kind",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&x ",
        "*x",
        "!t ",
        "|",
        ">-",
        "#",
        " ",
        "0101",
        "no",
        "æ",
        "\u{FEFF}",
        "\t",
        "\r\n",
        "?",
        "\\",
        "%",
        "@",
        "---\n",
        "amount",
        "=",
        "and ",
        "(",
        ")",
        "in_group",
        "sum(",
        "count(distinct ",
        "<>",
        "between ",
        "1.5",
        "is null",
        "not ",
        "\u{0}",
        "fields",
        "title",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400), which in 0usize..11) {
        let mut files = example::files();
        let path = files.keys().nth(which).expect("a file").clone();
        files.insert(path, bytes.clone());
        let (_, findings) = load(&files);
        prop_assert!(!findings.is_empty());
        load_project("musketer.yaml", &bytes);
    }

    #[test]
    fn any_damage_is_answered(piece in pieces(), which in 0usize..11, at in any::<prop::sample::Index>(), cut in 0usize..40) {
        let mut files = example::files();
        let path = files.keys().nth(which).expect("a file").clone();
        let mut bytes = files[&path].clone();
        let start = at.index(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, piece.bytes());
        files.insert(path, bytes);
        let (_, findings) = load(&files);
        for found in &findings {
            prop_assert!(found.place.is_some(), "{}", found.message);
        }
    }

    #[test]
    fn any_expression_is_answered(piece in pieces()) {
        let files = with_condition(&piece);
        load(&files);
    }
}
