//! The texts of definitions, as the tables name them, and which of them the latest whole run used.

use std::collections::BTreeMap;

use model::{Catalogue, Fingerprint};

use crate::reading::parsed;
use crate::{LoadError, Reading};

/// The kinds of definitions that are kept with what they made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionKind {
    /// A code list.
    CodeList,
    /// A dataset.
    Dataset,
    /// A source.
    Source,
    /// An indicator.
    Indicator,
    /// A comparison group.
    ComparisonGroup,
    /// A pipeline.
    Pipeline,
}

impl DefinitionKind {
    /// The word used in definitions and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeList => "codelist",
            Self::Dataset => "dataset",
            Self::Source => "source",
            Self::Indicator => "indicator",
            Self::ComparisonGroup => "comparison_group",
            Self::Pipeline => "pipeline",
        }
    }
}

/// A definition by its kind, its identifier and its version, which is 0 for kinds that have none.
pub type DefinitionKey = (String, String, u32);

/// The text of a definition, with what it is known by.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionText<'a> {
    /// Its kind.
    pub kind: DefinitionKind,
    /// Its identifier.
    pub id: &'a str,
    /// Its version; 0 for kinds that have none.
    pub version: u32,
    /// The hash of its canonical text.
    pub fingerprint: &'a Fingerprint,
    /// Its canonical text.
    pub canonical: &'a str,
}

impl<'a> DefinitionText<'a> {
    /// All that the definitions say.
    pub fn all_of(catalogue: &'a Catalogue) -> Vec<Self> {
        use DefinitionKind::{CodeList, ComparisonGroup, Dataset, Indicator, Pipeline, Source};
        let text = |kind, id, version, fingerprint, canonical| Self { kind, id, version, fingerprint, canonical };
        let mut all = Vec::new();
        all.extend(
            catalogue.codelists.iter().map(|(id, of)| text(CodeList, id.as_str(), 0, &of.fingerprint, &of.canonical)),
        );
        all.extend(
            catalogue.datasets.iter().map(|(id, of)| text(Dataset, id.as_str(), 0, &of.fingerprint, &of.canonical)),
        );
        all.extend(
            catalogue.sources.iter().map(|(id, of)| text(Source, id.as_str(), 0, &of.fingerprint, &of.canonical)),
        );
        all.extend(
            catalogue
                .all_versions()
                .map(|of| text(Indicator, of.id.as_str(), of.version.0, &of.fingerprint, &of.canonical)),
        );
        let groups = catalogue.comparison_groups.iter();
        all.extend(groups.map(|(id, of)| text(ComparisonGroup, id.as_str(), 0, &of.fingerprint, &of.canonical)));
        all.extend(
            catalogue.pipelines.iter().map(|(id, of)| text(Pipeline, id.as_str(), 0, &of.fingerprint, &of.canonical)),
        );
        all
    }

    /// What it is known by.
    pub fn key(&self) -> DefinitionKey {
        (self.kind.as_str().to_owned(), self.id.to_owned(), self.version)
    }
}

impl Reading<'_> {
    /// The hashes of the texts that the latest run over everything used.
    pub fn used_definitions(&self) -> Result<BTreeMap<DefinitionKey, Fingerprint>, LoadError> {
        const SQL: &str = "SELECT kind, id, version, fingerprint FROM definition WHERE current = 1";
        self.query(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let used = statement.query_map([], |row| {
                Ok(((row.get("kind")?, row.get("id")?, row.get("version")?), parsed(row, "fingerprint")?))
            })?;
            used.collect()
        })
    }
}
