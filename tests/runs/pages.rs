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
