//! The project itself: its folder, its definitions, its program, and copies of it for whole runs.

use std::fs;
use std::path::{Path, PathBuf};

use model::Catalogue;

/// The folder of the workspace, which is also the example project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The shipped definitions.
pub(crate) fn catalogue() -> Catalogue {
    let project = pipeline::Project::open(&root()).expect("the project");
    assert!(project.diagnostics.is_empty(), "{:?}", project.diagnostics);
    project.catalogue
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
