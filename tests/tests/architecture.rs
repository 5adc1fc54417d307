//! The rules of the architecture: who may depend on whom, where heavy packages live, and that every module says what
//! it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Each member and the members that it may depend on, strangers being strangers.
const LAYERS: &[(&str, &[&str])] = &[
    ("musketer-model", &[]),
    ("musketer-definitions", &["musketer-model"]),
    ("musketer-extractor", &["musketer-model"]),
    ("musketer-normaliser", &["musketer-model"]),
    ("musketer-loader", &["musketer-model"]),
    (
        "musketer-pipeline",
        &["musketer-model", "musketer-definitions", "musketer-extractor", "musketer-normaliser", "musketer-loader"],
    ),
    ("musketer-cli", &["musketer-model", "musketer-definitions", "musketer-pipeline"]),
    ("musketer-tests", &["musketer-model"]),
];

/// Heavy packages and the members that may name them.
const QUARANTINE: &[(&str, &[&str])] = &[
    ("polars", &["musketer-normaliser", "musketer-loader"]),
    ("reqwest", &["musketer-extractor"]),
    ("rustls", &["musketer-extractor"]),
    ("cap-std", &["musketer-extractor"]),
    ("tokio", &["musketer-extractor", "musketer-pipeline"]),
    ("rusqlite", &["musketer-loader"]),
    ("granit-parser", &["musketer-definitions"]),
    ("sqlparser", &["musketer-definitions"]),
    ("clap", &["musketer-cli", "musketer-tests"]),
    ("tracing-subscriber", &["musketer-cli"]),
    ("indicatif", &["musketer-cli"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo metadata")
}

/// The ordinary dependencies of each member.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let ordinary = |package: &cargo_metadata::Package| {
        let kind = |dependency: &&cargo_metadata::Dependency| dependency.kind == DependencyKind::Normal;
        package.dependencies.iter().filter(kind).map(|dependency| dependency.name.clone()).collect()
    };
    metadata().workspace_packages().into_iter().map(|package| (package.name.to_string(), ordinary(package))).collect()
}

#[test]
fn members_depend_only_downwards() {
    let dependencies = dependencies();
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let members: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(members, layers.keys().copied().collect(), "the layer table names every member");
    for (member, named) in &dependencies {
        for dependency in named.iter().filter(|name| members.contains(name.as_str())) {
            assert!(layers[member.as_str()].contains(&dependency.as_str()), "{member} must not depend on {dependency}");
        }
    }
}

#[test]
fn heavy_packages_stay_where_they_belong() {
    for (member, named) in dependencies() {
        for (package, allowed) in QUARANTINE {
            assert!(
                !named.contains(*package) || allowed.contains(&member.as_str()),
                "{member} must not depend on {package}"
            );
        }
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    rust_files(&root().join("crates"), &mut found);
    rust_files(&root().join("tests"), &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("UTF-8"))).collect()
}

#[test]
fn every_module_says_what_it_is_for() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn the_data_engine_shows_in_no_public_signature() {
    let public = |line: &&str| line.trim_start().starts_with("pub ");
    for (path, text) in sources() {
        let lines = text.lines().filter(public).filter(|line| !line.contains("pub use"));
        for line in lines {
            let engine = ["DataFrame", "LazyFrame", "polars::", "Series", "PolarsResult", "Expr>"];
            let named = engine.iter().find(|word| line.contains(**word) && text.contains("use polars"));
            assert_eq!(named, None, "{}: {line}", path.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_room() {
    for (path, text) in sources() {
        let of_tests = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        let most = if of_tests { 1500 } else { 600 };
        assert!(code <= most, "{} has {code} lines: does it still have one subject?", path.display());
    }
}

fn cases(folder: &str) -> BTreeSet<String> {
    let folder = root().join("fixtures").join(folder);
    let has_a_case = |path: &Path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    let names = fs::read_dir(&folder).expect("the fixtures").map(|entry| entry.expect("an entry"));
    names
        .filter(|entry| has_a_case(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// All definitions below a folder, and those that have tests of their own.
fn stems(folder: &Path, found: &mut BTreeSet<String>, tested: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the definitions") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            stems(&path, found, tested);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if fs::read_to_string(&path).expect("a definition").contains("\ntests:\n") {
                tested.insert(name.clone());
            }
            found.insert(name);
        }
    }
}

#[test]
fn every_shipped_source_and_indicator_has_a_test_case() {
    for kind in ["sources", "indicators"] {
        let mut shipped = BTreeSet::new();
        let mut tested = cases(kind);
        stems(&root().join("definitions").join(kind), &mut shipped, &mut tested);
        assert!(!shipped.is_empty());
        assert_eq!(shipped, tested, "fixtures/{kind} and definitions/{kind} differ");
    }
}
