//! The project itself: its folder, its definitions, its program, and copies of it for whole runs.

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
