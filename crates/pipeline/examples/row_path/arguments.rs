//! What the command line says.

use std::path::PathBuf;

use crate::Failure;

pub(crate) struct Arguments {
    pub(crate) project: PathBuf,
    pub(crate) pipeline: Option<String>,
    /// Only these; all if there are none.
    pub(crate) sources: Vec<String>,
    pub(crate) threads: usize,
    pub(crate) out: Option<PathBuf>,
    pub(crate) count_allocations: bool,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut parsed = Self {
            project: PathBuf::from("."),
            pipeline: None,
            sources: Vec::new(),
            threads: 2,
            out: None,
            count_allocations: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--project" => parsed.project = value()?.into(),
                "--pipeline" => parsed.pipeline = Some(value()?),
                "--source" => parsed.sources.push(value()?),
                "--threads" => parsed.threads = value()?.parse()?,
                "--out" => parsed.out = Some(value()?.into()),
                "--count-allocations" => parsed.count_allocations = true,
                _ => return Err(format!("unknown option {word}").into()),
            }
        }
        Ok(parsed)
    }
}
