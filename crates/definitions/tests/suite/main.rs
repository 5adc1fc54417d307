//! Definitions as their writers see them: folders of files in, diagnostics and a catalogue out.

mod breakdowns;
mod broken;
mod diagnostics;
mod differences;
mod example;
mod fingerprints;
mod formatter;
mod history;
mod project;
mod robustness;
mod shipped;
mod tree;
mod versions;
