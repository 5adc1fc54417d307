//! The project itself: the folder of the workspace.

use std::path::{Path, PathBuf};

/// The folder of the workspace, which is also the example project.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}
