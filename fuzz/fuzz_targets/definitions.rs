//! Any definition: the loader answers with findings at places that exist, and the same answer again.
//!
//! The first byte chooses what the rest is: a file of a small sound project, `musketer.yaml`, or an expression of it.

#![no_main]

use definitions::{load, load_project};
use libfuzzer_sys::fuzz_target;
use model::{Catalogue, Diagnostic};
use musketer_fuzz::project::{Files, PLACES, Place, with};

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else { return };
    let Some(place) = PLACES.get(usize::from(*choice)) else { return };
    let Some(files) = with(*place, text) else { return };
    if *place == Place::Project {
        check(&load_project("musketer.yaml", text).1, &files);
        return;
    }
    let (catalogue, found) = load(&files);
    check(&found, &files);
    // Of one input in sixteen, so that the others are tried in half the time.
    if input.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)).is_multiple_of(16) {
        let (again, found_again) = load(&files);
        assert_eq!(found, found_again, "the same files, the same findings");
        assert_eq!(fingerprints(&catalogue), fingerprints(&again), "the same files, the same catalogue");
    }
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
