//! Findings: what a command found wrong, in the form that its reader takes. For people there is text; everything else
//! is for a program: a script, or what a build server shows beside a change.
//!
//! A [`Finding`] has a [`Rule`]: a code with its explanation, or a name of its own, as a failed test and a change of a
//! definition have. Commands gather findings; how they are written is decided here alone.

mod github;
mod gitlab;
mod json;
pub(crate) mod junit;
mod sarif;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{Code, Diagnostic, Place, Severity};
use pipeline::RunError;
use serde_json::Value;

use crate::arguments::{FindingsFormat, FindingsTarget};

/// What something was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What it is known by: a code, or a name.
    pub(crate) id: String,
    /// Its name in words; of a rule that is known by its name, the same.
    pub(crate) name: String,
    /// What it means and why it is said.
    pub(crate) meaning: String,
    /// What to do about it.
    pub(crate) remedy: String,
    /// What it is about, for servers that sort by it.
    pub(crate) tag: &'static str,
}

impl Rule {
    /// What heads a finding: the code with its name, or the name.
    fn title(&self) -> String {
        if self.id == self.name { self.id.clone() } else { format!("{} {}", self.id, self.name) }
    }
}

impl From<Code> for Rule {
    fn from(code: Code) -> Self {
        let info = code.info();
        let (id, name) = (code.to_string(), info.name.to_owned());
        Self { id, name, meaning: info.meaning.to_owned(), remedy: info.remedy.to_owned(), tag: "definitions" }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// By which rule.
    pub(crate) rule: Rule,
    /// How much it weighs.
    pub(crate) severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub(crate) message: String,
    /// Where.
    pub(crate) place: Option<Place>,
    /// Other places that matter, each with what it shows.
    pub(crate) related: Vec<(Place, String)>,
    /// What people are told besides, a line each: places that are not among the files, for example.
    pub(crate) notes: Vec<String>,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Finding {
    /// Whether it says that something must not be used.
    pub(crate) fn is_error(&self) -> bool {
        self.severity <= Severity::Error
    }

    /// Message and way out, in one text.
    fn said(&self) -> String {
        match &self.help {
            Some(help) => format!("{}\nhelp: {help}", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { code, severity, message, place, related, help } = diagnostic.clone();
        Self { rule: code.into(), severity, message, place, related, notes: Vec::new(), help }
    }
}

/// What a command found, and what is needed to show it.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    /// The command: `check`.
    pub(crate) command: &'a str,
    /// What was found.
    pub(crate) found: Vec<Finding>,
    /// What people are shown with the lines around it; the rest is in the summary.
    pub(crate) shown: Vec<Finding>,
    /// The texts that were looked at, by the path that places name.
    pub(crate) files: &'a BTreeMap<String, Vec<u8>>,
    /// What leads from the folder that the program was started in to the project: `data/`, or nothing. Build servers
    /// know files by their path in the repository, and start programs there.
    pub(crate) prefix: String,
    /// How it ended, for people.
    pub(crate) summary: String,
    /// What of it is said to whom wants to hear of trouble alone.
    pub(crate) trouble: String,
    /// What is counted as a test; the files, if there are no others.
    pub(crate) suites: Option<Vec<junit::Suite>>,
    /// What scripts are told, if that is more than the findings.
    pub(crate) json: Option<Value>,
}

impl<'a> Findings<'a> {
    /// Findings of which nothing more is to be said.
    pub(crate) fn new(command: &'a str, found: Vec<Finding>, files: &'a BTreeMap<String, Vec<u8>>) -> Self {
        let (shown, prefix) = (found.clone(), String::new());
        let (summary, trouble) = (String::new(), String::new());
        Self { command, found, shown, files, prefix, summary, trouble, suites: None, json: None }
    }

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
                text::show_all(&self.shown, self.files);
                super::result(if quiet { &self.trouble } else { &self.summary })?;
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
        let one = |finding: &Finding| {
            let file = finding.place.as_ref().map_or("", |place| place.file.as_str());
            let fingerprint = |ordinal: usize| {
                let mut hasher = blake3::Hasher::new();
                for part in [self.prefix.as_str(), file, &finding.rule.id, &finding.message] {
                    hasher.update(part.as_bytes()).update(&[0]);
                }
                hasher.update(&ordinal.to_le_bytes());
                hasher.finalize().to_hex()[..32].to_owned()
            };
            let alike: &mut usize =
                seen.entry((file.to_owned(), finding.rule.id.clone(), finding.message.clone())).or_default();
            *alike += 1;
            fingerprint(*alike)
        };
        self.found.iter().map(one).collect()
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
