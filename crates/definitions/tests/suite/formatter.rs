//! One layout for all files, and nothing lost on the way to it.

use std::collections::BTreeMap;

use musketer_definitions::{format, load};
use proptest::prelude::*;

use crate::fingerprints::fingerprints;
use crate::tree::Files;
use crate::{example, tree};

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn formatted(path: &str, text: &str) -> String {
    match format(path, text.as_bytes()) {
        Ok(formatted) => formatted,
        Err(findings) => panic!("{path}\n{text}\n{}", tree::plainly(&findings)),
    }
}

/// The comments of a text, counted: what stands behind a `#` that begins a line or follows a blank, outside of quotes.
/// Told apart more simply than the formatter does it, so that the two cannot make the same mistake.
fn comments(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let mut quote = None;
        let mut before = ' ';
        for (at, c) in line.char_indices() {
            match (c, quote) {
                ('#', None) if before.is_whitespace() => {
                    *counts.entry(line[at..].trim_end().to_owned()).or_default() += 1;
                    break;
                }
                ('"' | '\'', None) if before.is_whitespace() || "[{,(".contains(before) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                _ => {}
            }
            before = c;
        }
    }
    counts
}

/// Every file of the repository that the formatter takes.
fn files() -> Files {
    let root = tree::repository();
    let mut files = Files::new();
    for folder in ["definitions", "pipelines", "fixtures", "crates/definitions/tests"] {
        files.extend(tree::read(&root, folder));
    }
    files.insert("musketer.yaml".to_owned(), std::fs::read(root.join("musketer.yaml")).expect("the project file"));
    let table = |path: &str| has_extension(path, "csv") && path.contains("codelists/");
    // The cases of nasty deliveries are no definitions, and read line by line.
    files.retain(|path, _| (has_extension(path, "yaml") && !path.ends_with("/case.yaml")) || table(path));
    assert!(files.len() > 150, "{}", files.len());
    files
}

#[test]
fn twice_is_as_once_and_no_comment_is_lost() {
    for (path, bytes) in files() {
        let Ok(once) = format(&path, &bytes) else {
            // Those are there to be refused.
            let folder = path.strip_prefix("fixtures/diagnostics/M1").unwrap_or_else(|| panic!("{path} is refused"));
            assert!(["001", "003", "004", "008", "009", "015"].contains(&&folder[..3]), "{path}");
            continue;
        };
        assert_eq!(formatted(&path, &once), once, "{path}");
        assert_eq!(comments(&once), comments(&String::from_utf8_lossy(&bytes)), "{path}");
        assert!(once.is_empty() || once.ends_with('\n'));
    }
}

#[test]
fn fingerprints_stay() {
    for files in [example::files(), tree::project(&tree::repository())] {
        let mut after = Files::new();
        for (path, bytes) in &files {
            after.insert(path.clone(), formatted(path, std::str::from_utf8(bytes).expect("UTF-8")).into_bytes());
        }
        assert_eq!(fingerprints(&after), fingerprints(&files));
    }
}

#[test]
fn shipped_files_are_formatted() {
    let root = tree::repository();
    let mut files = tree::project(&root);
    files.insert("musketer.yaml".to_owned(), std::fs::read(root.join("musketer.yaml")).expect("the project file"));
    for (path, bytes) in files {
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(formatted(&path, &text), text, "{path}: run `musketer fmt`");
    }
}

/// What becomes of a file; the answer is formatted as it is.
fn check(path: &str, before: &str, after: &str) {
    assert_eq!(formatted(path, before), after, "\n{before}");
    assert_eq!(formatted(path, after), after, "twice\n{after}");
}

#[test]
fn layout() {
    let cases = [
        // Blanks, line ends, blank lines.
        ("a:   1  \r\n\r\n\r\n\r\nb :  'x' \n\n\n", "a: 1\n\nb: 'x'\n"),
        ("\n\n# top\n\n\na: 1", "# top\n\na: 1\n"),
        ("", ""),
        ("# nothing else  \n\n\n# but this\n", "# nothing else\n\n# but this\n"),
        // Indentation, of lists too.
        ("a:\n      b:\n         c: 1\n      d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n"),
        ("a:\n- b\n-   c: 1\n    d: 2\n-\n    e: 3\n", "a:\n  - b\n  - c: 1\n    d: 2\n  - e: 3\n"),
        ("- - a\n  - b\n-   -   c\n", "- - a\n  - b\n- - c\n"),
        ("a:\n\n\n   b: 1\n\n\n\n   c: 1\n", "a:\n  b: 1\n\n  c: 1\n"),
        // Nothing, and values below their keys.
        ("a:\nb: ~\nc:\n    x\nd:\n   - \n   - 1\n", "a:\nb: ~\nc:\n  x\nd:\n  -\n  - 1\n"),
        // Comments keep their places: before, behind, at the end of a block, at the end of the file.
        (
            "a: # one\n     # two\n     b: 1   # three\n     # four\n  # five\n# six\nc: 2\n#seven\n",
            "a: # one\n  # two\n  b: 1   # three\n  # four\n  # five\n# six\nc: 2\n#seven\n",
        ),
        ("a:\n- b # one\n# two\n- c\n# three\nd: 1\n", "a:\n  - b # one\n  # two\n  - c\n# three\nd: 1\n"),
        ("a:\n  - # one\n    b: 1\n", "a:\n  - # one\n    b: 1\n"),
        ("a:\n  -\n    # one\n    b: 1\n", "a:\n  # one\n  - b: 1\n"),
        ("a:\n    b: 1\n    # foot\n\n\nc: 1\n", "a:\n  b: 1\n  # foot\n\nc: 1\n"),
        ("a:\n    # why\n    'x'\n", "a:\n  # why\n  'x'\n"),
        // Texts stay as they are written.
        ("a: '0101'\nb: \"x\\ty\"\n", "a: '0101'\nb: \"x\\ty\"\n"),
        (
            "a: >-  # why\n      one\n\n       two\n      three\n\n\nb: 1\n",
            "a: >-  # why\n  one\n\n   two\n  three\n\nb: 1\n",
        ),
        ("a:\n    b: |+\n        one  \n\n\n    c: 1\n", "a:\n  b: |+\n    one  \n\n\n  c: 1\n"),
        ("a: |3\n     one\n    two\nb: 1\n", "a: |3\n     one\n    two\nb: 1\n"),
        ("a: one\n      two\n\n      three\nb: 'x\n  y'\n", "a: one\n      two\n\n      three\nb: 'x\n  y'\n"),
        ("- |\n   one\n   two\n-  >\n   three\n", "- |\n  one\n  two\n- >\n  three\n"),
        // Brackets stay, and their lines move with their block.
        ("a: {x: 1,   y: 2}\nb: [ ]\n", "a: {x: 1,   y: 2}\nb: [ ]\n"),
        (
            "a:\n      - {x: 1, # one\n         y: 2}\n      - [\n          3, 4]\n",
            "a:\n  - {x: 1, # one\n     y: 2}\n  - [\n      3, 4]\n",
        ),
    ];
    for (before, after) in cases {
        check("a.yaml", before, after);
    }
}

#[test]
fn brackets_that_are_too_long_are_broken() {
    let items: Vec<String> = (0..30).map(|at| format!("'{at:04}'")).collect();
    let text = formatted("a.yaml", &format!("a:\n  codes: [{}]  # all\n", items.join(",")));
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.ends_with("'0029']  # all\n") && text.contains("  codes: ['0000', '0001',"), "{text}");
    check("a.yaml", &text, &text);
    // A comment in between would lose its place, so those are left alone.
    let noted = format!("a: [{}, # x\n  1]\n", items.join(", "));
    check("a.yaml", &noted, &noted);
    let long = format!("- {{text: \"{}\", title: {{da: x, en: y}}}}\n", "x".repeat(100));
    check("a.yaml", &long, &long.replace("\", title", "\",\n   title"));
}

#[test]
fn known_keys_have_an_order_and_names_keep_theirs() {
    check(
        "definitions/codelists/a.yaml",
        "# the file\n\nid: a\n# why a codelist\nkind: codelist\n\ntitle: {en: B, da: A}\nrows: a.csv\nnew: 1\ngroups:\n  z:\n    \
         codes: ['1']\n    title: {da: Z, en: Z}\n  b: {codes: ['1'], title: {en: B, da: B}}\ndescription: {da: A, en: A}\n",
        "# the file\n\n# why a codelist\nkind: codelist\nid: a\n\ntitle: {da: A, en: B}\ndescription: {da: A, en: A}\nrows: a.csv\n\
         groups:\n  z:\n    title: {da: Z, en: Z}\n    codes: ['1']\n  b: {title: {da: B, en: B}, codes: ['1']}\nnew: 1\n",
    );
    check(
        "x.yaml",
        "kind: pipeline\nuses:\n  - to: 2\n    # where from\n    source: a\n  - {from: 1,\n     source: b}\n",
        "kind: pipeline\nuses:\n  # where from\n  - source: a\n    to: 2\n  - {source: b,\n     from: 1}\n",
    );
}

#[test]
fn what_is_no_yaml_is_said_as_check_says_it() {
    for (path, text) in
        [("a.yaml", "a: [1\n"), ("a.yaml", "a: &x 1\n"), ("a.yaml", "a: 1\na: 2\n"), ("b.csv", "\u{0}\u{0}")]
    {
        let found = format(path, text.as_bytes());
        assert_eq!(found.is_err(), path == "a.yaml", "{text}");
        let mut files = Files::new();
        files.insert("definitions/datasets/a.yaml".to_owned(), text.as_bytes().to_vec());
        if let Err(found) = found {
            let said = load(&files).1;
            assert!(said.iter().any(|said| said.code == found[0].code && said.message == found[0].message));
        }
    }
    assert!(format("a.yaml", b"a: \xFF\n").is_err());
}

/// Forms that definitions have no use for are left alone, with a word.
#[test]
fn forms_that_are_not_known_are_left_alone() {
    for text in ["? a\n: 1\n", "--- {a: 1}\n", "---\na: 1\n", "%YAML 1.2\n---\na: 1\n"] {
        let found = format("a.yaml", text.as_bytes());
        assert!(found.is_err(), "{text}: {found:?}");
    }
}

/// An edit that changes the look of a line and not its meaning, if it is made outside of texts over several lines.
fn edits() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((any::<usize>(), 0..6usize), 0..12)
}

fn edited(text: &str, edits: &[(usize, usize)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (line, edit) in edits {
        let at = line % lines.len();
        let indentation = lines[at].len() - lines[at].trim_start().len();
        match edit {
            0 => lines[at].push_str("  "),
            1 => lines.insert(at, String::new()),
            2 => lines.insert(at, format!("{:indentation$}# a comment {line}", "")),
            3 => lines.insert(at, "# far left".to_owned()),
            4 if !lines[at].contains('#') => lines[at].push_str("   # behind"),
            _ => lines[at].push('\r'),
        }
    }
    lines.join("\n")
}

/// Everything deeper by as much again.
fn deepened(text: &str) -> String {
    let deeper = |line: &str| format!("{}{line}", " ".repeat(line.len() - line.trim_start().len()));
    text.lines().map(deeper).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edited_files_keep_their_meaning(edits in edits(), deep in any::<bool>(), which in 0usize..8) {
        let files = example::files();
        let path = files.keys().filter(|path| has_extension(path, "yaml")).nth(which).expect("a file").clone();
        let text = String::from_utf8(files[&path].clone()).expect("UTF-8");
        let text = if deep { deepened(&text) } else { text };
        let before = edited(&text, &edits);
        if let Ok(once) = format(&path, before.as_bytes()) {
            prop_assert_eq!(&format(&path, once.as_bytes()).expect("it is sound"), &once, "\n{}", before);
            let with = |text: &str| {
                let mut files = files.clone();
                files.insert(path.clone(), text.as_bytes().to_vec());
                let (catalogue, findings) = load(&files);
                let canonical = |text: &String| text.clone();
                let all: Vec<String> = catalogue.indicators.values().map(|found| canonical(&found.canonical)).collect();
                (all, findings.len(), catalogue.pipelines.len())
            };
            prop_assert_eq!(with(&once), with(&before), "\n{}\n{}", before, once);
        } else {
            let mut files = files.clone();
            files.insert(path, before.clone().into_bytes());
            prop_assert!(!load(&files).1.is_empty(), "a sound file was refused\n{}", before);
        }
    }
}
