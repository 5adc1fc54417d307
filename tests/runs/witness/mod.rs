//! The second witness: a slow, obvious evaluator of the shipped indicators.
//!
//! It shares nothing with the program but the raw files and the tables of the code lists: it reads the vendors' bytes
//! line by line with rules written down by hand, keeps every row in a list, and computes each figure by going through
//! that list. No data engine, no batches, no definitions. Where it and the program differ, one of them is wrong.

mod figures;
mod rows;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use figures::{CHANGED, Figure, changed_figures, figures};
pub(crate) use rows::Rows;

/// A month, counted from the year 0.
pub(crate) type Month = i32;

/// Everything that the witness knows of the world: the tables of the code lists.
pub(crate) struct World {
    /// Municipality -> region, as of 2024 and 2025.
    pub(crate) regions: BTreeMap<String, String>,
    /// Codes and aliases of municipalities, Christiansø included.
    pub(crate) municipalities: BTreeMap<String, String>,
    /// Functions and their aliases, those that are valid in 2024 and 2025.
    pub(crate) functions: BTreeMap<String, String>,
}

fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).expect("a code list");
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = lines.next().expect("a header").split(';').collect();
    let row =
        |line: &str| header.iter().map(|name| (*name).to_owned()).zip(line.split(';').map(str::to_owned)).collect();
    lines.filter(|line| !line.is_empty()).map(row).collect()
}

impl World {
    /// Reads the tables below `definitions/codelists`.
    pub(crate) fn read(root: &Path) -> Self {
        let folder = root.join("definitions/codelists");
        let holds = |row: &BTreeMap<String, String>| {
            row["valid_from"].as_str() <= "2024-01-01"
                && (row["valid_to"].is_empty() || row["valid_to"].as_str() > "2025-12-31")
        };
        let spellings = |rows: &[BTreeMap<String, String>]| {
            let mut all = BTreeMap::new();
            for row in rows {
                all.insert(row["code"].clone(), row["code"].clone());
                for alias in row["aliases"].split('|').filter(|alias| !alias.is_empty()) {
                    all.insert(alias.to_owned(), row["code"].clone());
                }
            }
            all
        };
        let municipalities: Vec<_> = table(&folder.join("municipality.csv"));
        let functions: Vec<_> = table(&folder.join("account_function.csv")).into_iter().filter(holds).collect();
        let current = municipalities.iter().filter(|row| holds(row) && row["kind"] == "municipality");
        Self {
            regions: current.map(|row| (row["code"].clone(), row["region"].clone())).collect(),
            municipalities: spellings(&municipalities),
            functions: spellings(&functions),
        }
    }
}

/// The files below a folder whose path holds a piece of text; of several versions of one delivery the highest.
pub(crate) fn deliveries(drop: &Path, piece: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&drop.join(piece), &mut found);
    found.sort();
    let mut newest: BTreeMap<String, (u32, PathBuf)> = BTreeMap::new();
    for path in found {
        let name = path.to_string_lossy().into_owned();
        let (key, version) = versioned(&name);
        let known = newest.get(&key).map_or(0, |(version, _)| *version);
        if version > known {
            newest.insert(key, (version, path));
        }
    }
    newest.into_values().map(|(_, path)| path).collect()
}

/// `x_v2.csv` and `x.v2.txt` are version 2 of `x`.
fn versioned(name: &str) -> (String, u32) {
    let (stem, _) = name.rsplit_once('.').expect("an ending");
    for mark in ["_v", ".v"] {
        if let Some((base, number)) = stem.rsplit_once(mark) {
            if let Ok(number) = number.parse() {
                return (base.to_owned(), number);
            }
        }
    }
    (stem.to_owned(), 1)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}
