//! What it costs to store a file in the raw archive and to read it back, under `time`:
//! `archive_speed store FOLDER THREADS FILE` prints the hash, `archive_speed read FOLDER THREADS HASH` reads it.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use musketer_extractor::Archive;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder, threads, subject] = arguments.as_slice() else {
        return Err("store FOLDER THREADS FILE, or read FOLDER THREADS HASH".into());
    };
    let archive = Archive::open(Path::new(folder))?.with_threads(threads.parse()?);
    let mut out = std::io::stdout();
    if what == "store" {
        let stored = archive.store(&mut File::open(subject)?, u64::MAX)?;
        writeln!(out, "{}", stored.content)?;
        return Ok(());
    }
    let mut input = archive.read(&subject.parse()?)?;
    let mut block = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match input.read(&mut block)? {
            0 => break,
            read => bytes += read,
        }
    }
    writeln!(out, "{bytes} bytes")?;
    Ok(())
}
