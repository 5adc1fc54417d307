//! Why a run does something: which definition has changed, or what else.

use loader::{DefinitionKind, DefinitionText};
use model::{Catalogue, FieldType, Fingerprint, Source};
use serde::Serialize;

use super::Past;
use crate::groups;
use crate::series::Asked;
use crate::work::Work;

/// Why something is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cause {
    /// What it is: a kind of definition (`codelist`, `dataset`, `source`, `indicator`, `comparison_group`, `pipeline`) that
    /// has changed; `deliveries` of a dataset; `first` (never made before); `outdated` (another pipeline changed what it is
    /// made of); `key` (for pseudonyms) or `engine` (the program means something else by the definitions).
    pub kind: &'static str,
    /// Which; an empty text where there is only one.
    pub id: String,
}

impl Cause {
    pub(super) fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// A definition that is another one than that of the latest run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefinitionChange {
    /// Its kind.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
    /// The version of an indicator; 0 for the other kinds.
    pub version: u32,
    /// Whether there was none before.
    pub new: bool,
}

impl Past {
    /// The definitions that are others than those of the latest run; none before the first one.
    pub(super) fn changed_definitions(&self, catalogue: &Catalogue) -> Vec<DefinitionChange> {
        if self.definitions.is_empty() {
            return Vec::new();
        }
        let all = DefinitionText::all_of(catalogue).into_iter();
        let others = all.filter(|text| self.definitions.get(&text.key()) != Some(text.fingerprint));
        let change = |text: DefinitionText<'_>| DefinitionChange {
            kind: text.kind.as_str(),
            id: text.id.to_owned(),
            version: text.version,
            new: !self.definitions.contains_key(&text.key()),
        };
        others.map(change).collect()
    }

    fn has_changed(&self, kind: DefinitionKind, id: &str, version: u32, today: &Fingerprint) -> bool {
        let key = (kind.as_str().to_owned(), id.to_owned(), version);
        self.definitions.get(&key) != Some(today)
    }

    /// Which of these it is, if it has changed.
    fn changed(&self, kind: DefinitionKind, id: &str, version: u32, today: &Fingerprint) -> Option<Cause> {
        self.has_changed(kind, id, version, today).then(|| Cause::new(kind.as_str(), id))
    }

    /// Why a delivery of the source is read again that was read with other definitions.
    pub(super) fn of_reading(&self, work: &Work<'_>, source: &Source, engine_version: &str) -> Vec<Cause> {
        let mut causes = Vec::new();
        causes.extend(self.changed(DefinitionKind::Source, source.id.as_str(), 0, &source.fingerprint));
        let dataset = work.catalogue.datasets.get(&source.dataset);
        if let Some(dataset) = dataset {
            causes.extend(self.changed(DefinitionKind::Dataset, dataset.id.as_str(), 0, &dataset.fingerprint));
            for field in &dataset.fields {
                let FieldType::Code(list) = &field.ty else { continue };
                let list = work.catalogue.codelists.get(list);
                causes.extend(
                    list.and_then(|list| {
                        self.changed(DefinitionKind::CodeList, list.id.as_str(), 0, &list.fingerprint)
                    }),
                );
            }
        }
        if causes.is_empty() {
            causes.extend(self.of_pipeline(work));
        }
        if causes.is_empty() {
            let is_personal = dataset.is_some_and(|dataset| dataset.is_personal());
            let is_same_program = self.runs.first().is_some_and(|run| run.engine_version == engine_version);
            causes.extend(is_personal.then(|| Cause::new("key", "")));
            causes.extend((!is_personal || !is_same_program).then(|| Cause::new("engine", engine_version)));
        }
        causes.sort();
        causes.dedup();
        causes
    }

    fn of_pipeline(&self, work: &Work<'_>) -> Option<Cause> {
        let pipeline = work.pipeline;
        self.changed(DefinitionKind::Pipeline, pipeline.id.as_str(), 0, &pipeline.fingerprint)
    }

    /// Why a series is made anew whose figures follow from something else than before.
    pub(super) fn of_series(&self, work: &Work<'_>, asked: &Asked<'_>) -> Vec<Cause> {
        match work.ledger.series.get(&asked.series) {
            None => return vec![Cause::new("first", "")],
            Some(basis) if *basis == loader::outdated() => return vec![Cause::new("outdated", "")],
            Some(_) => {}
        }
        let version = asked.version;
        let mut causes = Vec::new();
        causes.extend(self.changed(
            DefinitionKind::Indicator,
            version.id.as_str(),
            version.version.0,
            &version.fingerprint,
        ));
        if let Some(list) = work.catalogue.municipalities() {
            causes.extend(self.changed(DefinitionKind::CodeList, list.id.as_str(), 0, &list.fingerprint));
        }
        for group in groups::chosen(work.catalogue, work.pipeline).filter(|group| group.concerns(version)) {
            causes.extend(self.changed(DefinitionKind::ComparisonGroup, group.id.as_str(), 0, &group.fingerprint));
        }
        if causes.is_empty() {
            causes.extend(self.of_pipeline(work));
        }
        if causes.is_empty() {
            causes.push(Cause::new("engine", ""));
        }
        causes
    }
}
