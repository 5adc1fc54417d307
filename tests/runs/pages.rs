//! The tests that stand in the pages of documentation as examples: each passes when it is carried out.

#[path = "../../crates/definitions/src/pages/blocks.rs"]
mod blocks;

use std::fs;

use self::blocks::{Block, Meaning, blocks, files, with_part};
use crate::place::{Place, shipped};

fn page(path: &str) -> Vec<Block> {
    blocks(path, &fs::read_to_string(shipped().join(path)).expect("a page"))
}

#[test]
fn tests_shown_as_examples_pass() {
    let shown: Vec<Block> = ["docs/definitions.md", "docs/testing-definitions.md"].into_iter().flat_map(page).collect();
    let place = Place::with_uses("");
    for (path, bytes) in files(&shown) {
        place.write(&path, bytes);
    }
    place.write("musketer.yaml", "pipeline: test\n");
    let mut carried_out = 0;
    for block in &shown {
        let Meaning::Part(path) = block.meaning() else { continue };
        if !block.text.starts_with("tests:") {
            continue;
        }
        let whole =
            fs::read_to_string(place.path(path)).unwrap_or_else(|error| panic!("{}: {path}: {error}", block.at));
        place.write(path, with_part(&whole, &block.text));
        let id =
            path.rsplit_once('/').and_then(|(_, file)| file.strip_suffix(".yaml")).expect("the file of a definition");
        let said = place.musketer(&["test", "--select", id]);
        assert_eq!(said.code, 0, "{}, put into {path}:\n{}{}", block.at, said.out, said.err);
        let names = block.text.lines().filter_map(|line| line.strip_prefix("  - name: "));
        for name in names {
            assert!(
                said.out.contains(&format!("{id}: {name}\n")),
                "{}: {name} was carried out: {}",
                block.at,
                said.out
            );
            carried_out += 1;
        }
        place.write(path, whole);
    }
    assert!(carried_out >= 7, "{carried_out} tests are shown");
}

/// The example after its first run, under the names that it has in the repository.
fn project() -> Place {
    let place = Place::after_example();
    let pipeline = fs::read_to_string(place.path("pipelines/test.yaml")).expect("the pipeline");
    place.write("pipelines/example.yaml", pipeline.replace("id: test\n", "id: example\n"));
    fs::remove_file(place.path("pipelines/test.yaml")).expect("it was there");
    let project = fs::read_to_string(place.path("musketer.yaml")).expect("the project");
    place.write("musketer.yaml", project.replace("pipeline: test\n", "pipeline: example\n"));
    place
}

/// Whether a line is as expected; `...` in the expected one stands for anything.
fn is_as_expected(found: &str, expected: &str) -> bool {
    let mut pieces = expected.split("...");
    let Some(mut rest) = pieces.next().and_then(|first| found.strip_prefix(first)) else { return false };
    let mut last = None;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        last = Some(piece);
    }
    rest.is_empty() || last == Some("")
}

/// Whether lines are as expected; a line `...` stands for any number of lines.
fn are_as_expected(found: &[&str], expected: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => (0..=found.len()).any(|skipped| are_as_expected(&found[skipped..], rest)),
        Some((line, rest)) => {
            found.first().is_some_and(|first| is_as_expected(first, line)) && are_as_expected(&found[1..], rest)
        }
    }
}

/// The walk through a page, block by block: files are written and changed, commands are started and what they say is
/// compared with what stands below them.
fn walk(place: &Place, page: &[Block]) -> usize {
    let mut commands = 0;
    for block in page {
        if let Some((path, change)) = block.mark.as_deref().and_then(|mark| mark.strip_prefix("in ")?.split_once(": "))
        {
            let (old, new) = change.split_once(" becomes ").expect("a change");
            let whole = fs::read_to_string(place.path(path)).expect("a file of the page");
            assert_eq!(whole.matches(old).count(), 1, "{}: `{old}` stands in {path} once", block.at);
            place.write(path, whole.replace(old, new));
        }
        match block.meaning() {
            Meaning::File(path) => place.write(path, &block.text),
            Meaning::Part(path) => {
                let whole = fs::read_to_string(place.path(path)).expect("a file of the page, or of the example");
                place.write(path, with_part(&whole, &block.text));
            }
            Meaning::Homeless => panic!("{}: nothing says where this belongs", block.at),
            Meaning::Other if block.mark.as_deref() == Some("carried out") => place.shell(&block.text),
            // What is done by other programs is not done here.
            Meaning::Other if block.language != "console" => {}
            Meaning::Other => {
                let (command, expected) = block.text.split_once('\n').expect("a command and what it says");
                let command = command.strip_prefix("$ musketer ").unwrap_or_else(|| panic!("{}: no command", block.at));
                let said = place.screen(&command.split(' ').collect::<Vec<_>>());
                let (found, expected): (Vec<&str>, Vec<&str>) = (said.lines().collect(), expected.lines().collect());
                assert!(
                    are_as_expected(&found, &expected),
                    "{}: `musketer {command}` says\n{said}\nand is expected to say\n{}",
                    block.at,
                    expected.join("\n")
                );
                commands += 1;
            }
        }
    }
    commands
}

#[test]
fn writing_an_indicator_goes_as_it_is_written() {
    let place = project();
    assert_eq!(walk(&place, &page("docs/writing-an-indicator.md")), 8);
    let pages =
        fs::read_to_string(place.path("site/indicators/lower_secondary_share.md")).expect("a page of the catalogue");
    assert!(pages.contains("grade"), "{pages}");
}

#[test]
fn operations_go_as_they_are_written() {
    let place = Place::with_definitions();
    fs::create_dir_all(place.path("drop")).expect("made");
    assert_eq!(walk(&place, &page("docs/operations.md")), 13);
}

#[test]
fn expected_lines_have_holes() {
    let as_expected = |found: &str, expected: &str| {
        are_as_expected(&found.lines().collect::<Vec<_>>(), &expected.lines().collect::<Vec<_>>())
    };
    for (found, expected) in
        [("a\nb", "a\nb"), ("a b c", "a ... c"), ("a\nx\ny\nb", "a\n...\nb"), ("ab", "a..."), ("a", "a\n...")]
    {
        assert!(as_expected(found, expected), "{found:?} {expected:?}");
    }
    for (found, expected) in [("a\nb", "a"), ("a", "a\nb"), ("a b d", "a ... c"), ("a b", "a"), ("a\nx", "a\n...\nb")] {
        assert!(!as_expected(found, expected), "{found:?} {expected:?}");
    }
}
