//! What became of the tests, as plain values: rendering is somebody else's.

use model::Diagnostic;
use serde::{Serialize, Serializer};

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What was found is what was expected.
    Passed,
    /// Something else was found.
    Failed,
    /// It could not be carried out: the test, a file of it or the definition is wrong.
    Broken,
    /// Its expectations were written.
    Written,
}

impl Verdict {
    /// Whether the tests as a whole have failed with it.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Broken)
    }
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// An expected row that was not found.
    Missing,
    /// A row that was not expected.
    Unexpected,
    /// A row that was found with other cells.
    Different,
}

/// A cell that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellDifference {
    /// The column.
    pub column: String,
    /// What was expected; empty for no value.
    pub expected: String,
    /// What was found; empty for no value.
    pub found: String,
}

/// A row in which the result differs from the expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which expectation: `rows`, `rejects`, `tally` or `error`.
    pub of: &'static str,
    /// What kind of difference.
    pub kind: DifferenceKind,
    /// The line of the expected table, where there is one.
    pub line: Option<u64>,
    /// The columns that say which row it is, with their values.
    pub key: Vec<(String, String)>,
    /// The cells: those that differ, or all of a row that is missing or unexpected.
    pub cells: Vec<CellDifference>,
    /// Why, where a reason is known.
    pub note: Option<String>,
}

/// A test and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// `indicator` or `source`.
    pub kind: &'static str,
    /// The id of the definition, of an older version with that: `pupils@1`.
    pub definition: String,
    /// The area of an indicator, the vendor of a source.
    pub area: String,
    /// The name of the test.
    pub name: String,
    /// The file or folder, relative to the project.
    pub file: String,
    /// The line in it, from 1; 0 for a folder.
    pub line: u32,
    /// How it ended.
    pub verdict: Verdict,
    /// Where the result differs.
    pub differences: Vec<Difference>,
    /// Why it could not be carried out.
    #[serde(serialize_with = "diagnostics")]
    pub diagnostics: Vec<Diagnostic>,
}

fn diagnostics<S: Serializer>(diagnostics: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(diagnostics.iter().map(|finding| {
        let place = finding.place.as_ref();
        let place = place.map(|place| format!("{}:{}:{}", place.file, place.line, place.column));
        (finding.code.to_string(), finding.message.clone(), place)
    }))
}

/// What no test has shown of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// `indicator`, `source` or `dataset`.
    pub kind: &'static str,
    /// Its id.
    pub definition: String,
    /// What was never seen, in words.
    pub gap: String,
}

/// What the tests cover.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CoverageReport {
    /// Indicators and sources that were looked at.
    pub definitions: usize,
    /// How many of them have a test.
    pub tested: usize,
    /// What was never seen, sorted.
    pub gaps: Vec<Gap>,
}

/// All tests.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TestReport {
    /// The tests, by kind, definition, place.
    pub cases: Vec<CaseResult>,
    /// What is wrong with the definitions, but for what a test demands. Pipelines are of no concern to tests.
    #[serde(serialize_with = "diagnostics")]
    pub errors: Vec<Diagnostic>,
    /// What they cover, if that was asked for.
    pub coverage: Option<CoverageReport>,
}

impl TestReport {
    /// How many tests ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cases.iter().filter(|case| case.verdict == verdict).count()
    }

    /// Whether a test failed or could not be carried out, or a definition is wrong.
    pub fn is_bad(&self) -> bool {
        !self.errors.is_empty() || self.cases.iter().any(|case| case.verdict.is_bad())
    }
}
