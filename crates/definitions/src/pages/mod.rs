//! The examples of the reference: each is read as its reader will write it, and every key of the language has one.
//!
//! A page has complete files, which together take the place of the library's, and parts, which are put into one of them
//! or of the library. `docs/definitions.md` and `docs/testing-definitions.md` are held to that; what tests the tests
//! among them carries out is `tests/runs/pages.rs`.
#![expect(clippy::format_push_string, reason = "messages are put together line by line, and no hot path")]

mod blocks;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use model::Diagnostic;

use self::blocks::{Block, Meaning, blocks, files, with_part};
use crate::file::Role;
use crate::vocabulary::{self, KINDS, Shape, Type};
use crate::yaml::{Node, Report, Value, parse};
use crate::{Project, load_in, load_project};

type Files = BTreeMap<String, Vec<u8>>;

/// The pages, and the words of expressions of which each has an example.
const PAGES: [&str; 2] = ["docs/definitions.md", "docs/testing-definitions.md"];
/// What expressions are made of, beside operators.
const WORDS: &[&str] = &[
    "sum(",
    "count(*)",
    "count(distinct ",
    "min(",
    "max(",
    "avg(",
    "median(",
    "quantile(",
    "days_active()",
    "months_active()",
    "indicator('",
    "in_group(",
    "as_of(",
    "year(",
    "month(",
    " in (",
    " not in (",
    " between ",
    "is null",
    "is not null",
    "not ",
    " and ",
    " or ",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(path: &str) -> Vec<Block> {
    blocks(path, &fs::read_to_string(repository().join(path)).expect("a page"))
}

fn all_blocks() -> Vec<Block> {
    PAGES.iter().flat_map(|path| page(path)).collect()
}

fn read(folder: &Path, found: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder of the library") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, found);
        } else {
            let below = path.strip_prefix(repository()).expect("a path below").to_string_lossy().replace('\\', "/");
            found.insert(below, fs::read(&path).expect("a file"));
        }
    }
}

/// The library with the complete files of the pages in it.
fn project(blocks: &[Block]) -> Files {
    let mut found = Files::new();
    read(&repository().join("definitions"), &mut found);
    read(&repository().join("pipelines"), &mut found);
    found.extend(files(blocks));
    found
}

/// What is found in a project, its `musketer.yaml` included where it has one.
fn findings(files: &Files) -> Vec<Diagnostic> {
    let (project, mut found) = files
        .get("musketer.yaml")
        .map_or_else(|| (Project::default(), Vec::new()), |bytes| load_project("musketer.yaml", bytes));
    found.extend(load_in(&project, files).1);
    found
}

fn plainly(found: &[Diagnostic]) -> String {
    let line = |finding: &Diagnostic| {
        let place = finding.place.as_ref();
        let at = place.map_or_else(String::new, |at| format!("{}:{}:{}", at.file, at.line, at.column));
        format!("  {at} {} {} {}\n", finding.code, finding.message, finding.help.as_deref().unwrap_or_default())
    };
    found.iter().map(line).collect()
}

#[test]
fn every_example_says_where_it_belongs() {
    let homeless: Vec<String> =
        all_blocks().into_iter().filter(|block| block.meaning() == Meaning::Homeless).map(|block| block.at).collect();
    assert!(
        homeless.is_empty(),
        "nothing says where these examples belong: {homeless:?}\na complete file begins with the line `# PATH`; a part of \
         one has the line `<!-- into PATH -->` right above the fence, PATH being a file of the page or of the library into \
         which it is put"
    );
}

#[test]
fn the_complete_files_are_sound_together() {
    let found = findings(&project(&all_blocks()));
    assert!(found.is_empty(), "with the complete files of {PAGES:?} in place of the library's:\n{}", plainly(&found));
}

/// The file with a formula that uses the measures of a part that has no formula of its own, without changing its value.
fn used(text: &str, part: &str) -> String {
    let (_, measures) = part.split_once("measures:\n").unwrap_or_default();
    if part.contains("formula:") || measures.is_empty() {
        return text.to_owned();
    }
    let own = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let names = measures.lines().take_while(|line| line.starts_with(' ')).filter(own);
    let uses: Vec<String> = names
        .filter_map(|line| line.trim_start().split(':').next())
        .map(|name| format!(" * (1 + 0 * ({name} / {name}))"))
        .collect();
    let uses = uses.concat();
    let line = |line: &str| match line.strip_prefix("formula: ") {
        Some(formula) => format!("formula: ({formula}){uses}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn every_part_is_sound_where_it_belongs() {
    let blocks = all_blocks();
    let whole = project(&blocks);
    let mut wrong = String::new();
    for block in &blocks {
        let Meaning::Part(path) = block.meaning() else { continue };
        let Some(host) = whole.get(path) else {
            wrong += &format!("{}: there is no {path}, into which it is to be put\n", block.at);
            continue;
        };
        let text = used(&with_part(std::str::from_utf8(host).expect("UTF-8"), &block.text), &block.text);
        let mut files = whole.clone();
        files.insert(path.to_owned(), text.clone().into_bytes());
        let found = findings(&files);
        if !found.is_empty() {
            wrong += &format!("{}: put into {path}, it is not sound\n{}", block.at, plainly(&found));
            let lines = found.iter().filter_map(|finding| finding.place.as_ref()).filter(|place| place.file == path);
            lines.for_each(|place| {
                let line = text.lines().nth((place.line as usize).saturating_sub(1)).unwrap_or_default();
                wrong += &format!("  {:>4} | {line}\n", place.line);
            });
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The shapes of everything that can be written, tests included, by name.
fn shapes() -> BTreeMap<&'static str, &'static Shape> {
    let mut found = BTreeMap::new();
    let of_tests = [&vocabulary::CASE, &vocabulary::GIVEN_TABLE, &vocabulary::GIVEN_DELIVERY];
    for shape in KINDS.iter().map(|(_, shape)| *shape).chain(of_tests) {
        gather(shape, &mut found);
    }
    found
}

fn gather(shape: &'static Shape, found: &mut BTreeMap<&'static str, &'static Shape>) {
    if found.insert(shape.name, shape).is_some() {
        return;
    }
    shape.keys.iter().for_each(|key| gather_type(&key.ty, found));
    for (_, variant) in shape.variants.iter().flat_map(|(_, variants)| variants.iter()) {
        gather(variant, found);
    }
}

fn gather_type(ty: &'static Type, found: &mut BTreeMap<&'static str, &'static Shape>) {
    match ty {
        Type::Object(shape) => gather(shape, found),
        Type::List(inner) | Type::Pair(inner) | Type::Named(inner) | Type::Worded(inner) => gather_type(inner, found),
        Type::OneOf(types) => types.iter().for_each(|ty| gather_type(ty, found)),
        _ => {}
    }
}

/// The keys that occur in examples: the name of the shape, and the key.
#[derive(Default)]
struct Seen(BTreeSet<(&'static str, &'static str)>);

impl Seen {
    fn shape(&mut self, shape: &'static Shape, node: &Node) {
        let Value::Mapping(entries) = &node.value else { return };
        for entry in entries {
            let variants = shape.variants.iter().flat_map(|(_, variants)| variants.iter()).map(|(_, shape)| *shape);
            for shape in std::iter::once(shape).chain(variants) {
                let Some(key) = shape.keys.iter().find(|key| key.name == entry.key.text) else { continue };
                self.0.insert((shape.name, key.name));
                match (shape.name, key.name) {
                    (kind, "tests") => self.cases(kind, &entry.value),
                    _ => self.ty(&key.ty, &entry.value),
                }
            }
        }
    }

    fn ty(&mut self, ty: &'static Type, node: &Node) {
        match (&node.value, ty.of_mapping()) {
            (Value::Mapping(_), (Some(shape), _)) => self.shape(shape, node),
            (Value::Mapping(entries), (None, Some(inner))) => {
                for entry in entries {
                    self.ty(inner, &entry.value);
                }
            }
            (Value::Sequence(items), _) => {
                let Some(inner) = ty.of_list() else { return };
                for item in items {
                    self.ty(inner, item);
                }
            }
            _ => {}
        }
    }

    /// Tests of definitions, which the vocabulary leaves to the decoder.
    fn cases(&mut self, kind: &str, node: &Node) {
        let Value::Sequence(cases) = &node.value else { return };
        for case in cases {
            self.shape(&vocabulary::CASE, case);
            let Value::Mapping(entries) = &case.value else { continue };
            let given = entries.iter().filter(|entry| entry.key.text == "given").map(|entry| &entry.value);
            for given in given {
                match &given.value {
                    _ if kind == "source" => self.shape(&vocabulary::GIVEN_DELIVERY, given),
                    Value::Mapping(tables) => {
                        for table in tables {
                            self.shape(&vocabulary::GIVEN_TABLE, &table.value);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn seen(blocks: &[Block]) -> Seen {
    let mut seen = Seen::default();
    for block in blocks {
        let (Meaning::File(path) | Meaning::Part(path)) = block.meaning() else { continue };
        let shape = match Role::of(path, &Project::default()) {
            Role::Definition(identity) => KINDS.iter().find(|(word, _)| *word == identity.kind.word()),
            _ => KINDS.iter().find(|(word, _)| path == format!("{word}.yaml")),
        };
        let tree = shape.and_then(|_| parse(&mut Report::new(path, &block.text)));
        if let (Some((_, shape)), Some(tree)) = (shape, tree) {
            seen.shape(shape, &tree);
        }
    }
    seen
}

#[test]
fn every_key_of_the_language_has_an_example() {
    let seen = seen(&all_blocks());
    let missing: Vec<String> = shapes()
        .values()
        .flat_map(|shape| shape.keys.iter().map(|key| (shape.name, key.name)))
        .filter(|pair| !seen.0.contains(pair))
        .map(|(shape, key)| format!("  `{key}` of `{shape}`"))
        .collect();
    assert!(
        missing.is_empty(),
        "no example of {} has these keys:\n{}\nshow each where it is explained: in a block that is there, or in a new one of \
         a few lines with the line `<!-- into PATH -->` above its fence, such as `<!-- into \
         definitions/indicators/school/school_expenditure_per_pupil.yaml -->`; its keys are put beside, or in place of, \
         those of that file, and the whole must be sound (measures without a formula are used in the file's own)",
        PAGES[0],
        missing.join("\n")
    );
}

#[test]
fn every_word_of_expressions_has_an_example() {
    let text: String = all_blocks()
        .iter()
        .filter(|block| matches!(block.meaning(), Meaning::File(_) | Meaning::Part(_)))
        .map(|block| block.text.as_str())
        .collect();
    let missing: Vec<&&str> = WORDS.iter().filter(|word| !text.contains(**word)).collect();
    assert!(missing.is_empty(), "no example of {} has these words: {missing:?}", PAGES[0]);
}
