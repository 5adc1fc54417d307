//! Any definition: the loader answers with findings at places that exist, and the same answer again.
//!
//! The first byte chooses what the rest is: a file of a small sound project, `musketer.yaml`, or an expression of it. The
//! project is the one that the tests of the definitions use.

#![no_main]

use std::collections::BTreeMap;

use definitions::{load, load_project};
use libfuzzer_sys::fuzz_target;
use model::{Catalogue, Diagnostic};

type Files = BTreeMap<String, Vec<u8>>;

macro_rules! example {
    ($($path:literal: $file:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../crates/definitions/tests/suite/example/", $file)))),*]
    };
}

const FILES: &[(&str, &str)] = example! {
    "definitions/codelists/municipality.yaml": "municipality.yaml",
    "definitions/codelists/municipality.csv": "municipality.csv",
    "definitions/codelists/account.yaml": "account.yaml",
    "definitions/codelists/account.csv": "account.csv",
    "definitions/datasets/postings.yaml": "postings.yaml",
    "definitions/datasets/pupils.yaml": "pupils.yaml",
    "definitions/sources/acme/acme_postings.yaml": "acme_postings.yaml",
    "definitions/sources/acme/acme_pupils.yaml": "acme_pupils.yaml",
    "definitions/indicators/school/expenditure_per_pupil.yaml": "expenditure_per_pupil.yaml",
    "definitions/indicators/school/overhead_share.yaml": "overhead_share.yaml",
    "definitions/comparison_groups/most_alike.yaml": "most_alike.yaml",
    "pipelines/main.yaml": "main.yaml",
};

/// Where expressions stand: the file, and what is replaced.
const EXPRESSIONS: &[(&str, &str)] = &[
    ("definitions/indicators/school/expenditure_per_pupil.yaml", "in_group(account, 'school') and not internal"),
    ("definitions/indicators/school/expenditure_per_pupil.yaml", "sum(amount)"),
    ("definitions/indicators/school/expenditure_per_pupil.yaml", "expenditure / pupils"),
    ("definitions/datasets/postings.yaml", "posted >= period and amount between -1000 and 1000.5"),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let mut files: Files = FILES.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    match usize::from(*choice) {
        at if at < FILES.len() => {
            files.insert(FILES[at].0.to_owned(), rest.to_vec());
        }
        at if at < FILES.len() + EXPRESSIONS.len() => {
            let Ok(expression) = std::str::from_utf8(rest) else { return };
            let (path, old) = EXPRESSIONS[at - FILES.len()];
            let text = FILES.iter().find(|(file, _)| *file == path).map(|(_, text)| *text).unwrap_or_default();
            let quoted = format!("'{}'", expression.replace('\'', "''"));
            let broken = text.replacen(old, &quoted, 1);
            assert_ne!(broken, text, "the expression stands in the example");
            files.insert(path.to_owned(), broken.into_bytes());
        }
        _ => {
            let found = load_project("musketer.yaml", rest).1;
            check(&found, &BTreeMap::from([("musketer.yaml".to_owned(), rest.to_vec())]));
            return;
        }
    }
    let (catalogue, found) = load(&files);
    let (again, found_again) = load(&files);
    assert_eq!(found, found_again, "the same files, the same findings");
    assert_eq!(fingerprints(&catalogue), fingerprints(&again), "the same files, the same catalogue");
    check(&found, &files);
});

/// The meaning of everything that is sound. The catalogue itself has hash tables, whose order means nothing.
fn fingerprints(catalogue: &Catalogue) -> Vec<String> {
    let lists = catalogue.codelists.iter().map(|(id, list)| format!("{id} {:?}", list.fingerprint));
    let datasets = catalogue.datasets.iter().map(|(id, dataset)| format!("{id} {:?}", dataset.fingerprint));
    let sources = catalogue.sources.iter().map(|(id, source)| format!("{id} {:?}", source.fingerprint));
    let indicators = catalogue.indicators.iter().map(|(id, indicator)| format!("{id} {:?}", indicator.fingerprint));
    let pipelines = catalogue.pipelines.iter().map(|(id, pipeline)| format!("{id} {:?}", pipeline.fingerprint));
    lists.chain(datasets).chain(sources).chain(indicators).chain(pipelines).collect()
}

/// Every finding can be shown: its place lies in a file, the text can be printed, and nothing floods.
fn check(found: &[Diagnostic], files: &Files) {
    assert!(found.len() <= 500 * files.len(), "{} findings", found.len());
    for finding in found {
        let place = finding.place.as_ref().unwrap_or_else(|| panic!("no place: {}", finding.message));
        for place in finding.related.iter().map(|(place, _)| place).chain([place]) {
            let bytes = files.get(&place.file).unwrap_or_else(|| panic!("no such file: {place:?}"));
            let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
            assert!(place.line as usize <= ends + 1, "{place:?} {}", finding.message);
            assert!(place.column as usize <= bytes.len() + 2, "{place:?} {}", finding.message);
        }
        assert!(!finding.message.is_empty());
    }
}
