//! How long it takes to read all definitions of a project: `load_speed FOLDER [TIMES]`.
//!
//! It measures the crate alone, without the start of the program and without reading files, so that it can be built and
//! profiled without the data engine. `bench/check` measures the whole command beside others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, io};

use musketer_definitions::load;

type Files = BTreeMap<String, Vec<u8>>;

fn read(root: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(root, &path, files)?;
        } else if let Some(below) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.insert(below.to_owned(), fs::read(&path)?);
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the example is for")]
fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("load_speed FOLDER [TIMES]"))?);
    let times = arguments.next().map_or(Ok(10), |times| times.parse()).map_err(io::Error::other)?;
    let mut files = Files::new();
    for folder in ["definitions", "pipelines"] {
        read(&root, &root.join(folder), &mut files)?;
    }
    let mut taken = Vec::new();
    let mut mistakes = 0;
    for _ in 0..times {
        let start = Instant::now();
        let (catalogue, findings) = load(&files);
        taken.push(start.elapsed());
        mistakes = findings.len();
        drop(catalogue);
    }
    taken.sort();
    let middle = taken.get(taken.len() / 2).copied().unwrap_or_default();
    println!("{} files, {mistakes} mistakes: {middle:.1?} (median of {times})", files.len());
    Ok(())
}
