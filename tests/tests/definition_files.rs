//! The files of the shipped definitions, and of those that the nasty deliveries add.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// All of them by their path, as a project has them.
pub(crate) fn with_nasty_sources() -> BTreeMap<String, Vec<u8>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut files = BTreeMap::new();
    for root in [workspace.to_owned(), workspace.join("fixtures/nasty")] {
        gather(&root, Path::new("definitions"), &mut files);
    }
    files
}

fn gather(root: &Path, below: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(root.join(below)).expect("a folder of definitions") {
        let path = below.join(entry.expect("an entry").file_name());
        if root.join(&path).is_dir() {
            gather(root, &path, files);
        } else {
            let bytes = fs::read(root.join(&path)).expect("a definition");
            files.insert(path.to_str().expect("a plain name").to_owned(), bytes);
        }
    }
}
