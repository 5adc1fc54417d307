//! Findings: what a command found wrong, in the form that its reader takes. For people there is text; everything else
//! is for a program: a script, or what a build server shows beside a change.
//!
//! A finding is a [`Diagnostic`]: its code is the rule, and the rule's title and explanation come with the code. Commands
//! gather findings; how they are written is decided here alone.

mod github;
mod gitlab;
mod json;
mod junit;
mod sarif;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Diagnostic, Place};
use pipeline::RunError;

use crate::arguments::{FindingsFormat, FindingsTarget};

/// What a command found, and what is needed to show it.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    /// The command: `check`.
    pub(crate) command: &'a str,
    /// What was found.
    pub(crate) found: &'a [Diagnostic],
    /// The texts that were looked at, by the path that places name.
    pub(crate) files: &'a BTreeMap<String, Vec<u8>>,
    /// What leads from the folder that the program was started in to the project: `data/`, or nothing. Build servers
    /// know files by their path in the repository, and start programs there.
    pub(crate) prefix: String,
    /// One line that says how it ended, for people.
    pub(crate) summary: String,
}

impl Findings<'_> {
    /// How many findings say that something must not be used.
    pub(crate) fn errors(&self) -> usize {
        self.found.iter().filter(|finding| finding.is_error()).count()
    }

    /// Writes the findings to all targets: files first, so that standard output may go away.
    pub(crate) fn write(&self, targets: &[FindingsTarget], quiet: bool) -> Result<(), RunError> {
        for target in targets {
            if let Some(path) = &target.path {
                std::fs::write(path, self.rendered(target.format)?)
                    .map_err(|source| RunError::File { path: path.clone(), source })?;
            }
        }
        for target in targets.iter().filter(|target| target.path.is_none()) {
            // For people, what is wrong is said beside the results; for programs, it is the result.
            if target.format == FindingsFormat::Text {
                text::show(self.found, self.files);
                if !quiet {
                    super::result(&self.summary)?;
                }
            } else {
                super::result(&self.rendered(target.format)?)?;
            }
        }
        Ok(())
    }

    fn rendered(&self, format: FindingsFormat) -> Result<String, RunError> {
        let rendered = match format {
            FindingsFormat::Text => text::plain(self),
            FindingsFormat::Json => json::json(self)?,
            FindingsFormat::Github => github::annotations(self),
            FindingsFormat::Gitlab => gitlab::report(self)?,
            FindingsFormat::Junit => junit::report(self),
            FindingsFormat::Sarif => sarif::log(self)?,
        };
        Ok(if rendered.is_empty() || rendered.ends_with('\n') { rendered } else { rendered + "\n" })
    }

    /// The path of a file as a build server knows it.
    fn path(&self, place: &Place) -> String {
        format!("{}{}", self.prefix, place.file)
    }

    /// What recognises each finding in the next version of the files: a hash of everything but line and column, which
    /// move whenever something is written above. Several that are alike are told apart by their order.
    fn fingerprints(&self) -> Vec<String> {
        let mut seen = BTreeMap::new();
        let one = |finding: &Diagnostic| {
            let file = finding.place.as_ref().map_or("", |place| place.file.as_str());
            let fingerprint = |ordinal: usize| {
                let mut hasher = blake3::Hasher::new();
                for part in [self.prefix.as_str(), file, &finding.code.to_string(), &finding.message] {
                    hasher.update(part.as_bytes()).update(&[0]);
                }
                hasher.update(&ordinal.to_le_bytes());
                hasher.finalize().to_hex()[..32].to_owned()
            };
            let alike: &mut usize = seen.entry((file.to_owned(), finding.code, finding.message.clone())).or_default();
            *alike += 1;
            fingerprint(*alike)
        };
        self.found.iter().map(one).collect()
    }
}

/// Message and way out, in one text.
fn said(finding: &Diagnostic) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// What leads from a folder to the project below it, with `/` behind; nothing where the project lies elsewhere.
pub(crate) fn prefix(from: &Path, root: &Path) -> String {
    let below = |from: PathBuf, root: PathBuf| root.strip_prefix(from).ok().map(Path::to_owned);
    let whole = (from.canonicalize(), root.canonicalize());
    let (Ok(from), Ok(root)) = whole else { return String::new() };
    let parts = below(from, root).unwrap_or_default();
    parts.components().fold(String::new(), |prefix, part| prefix + &part.as_os_str().to_string_lossy() + "/")
}

#[cfg(test)]
mod tests;
