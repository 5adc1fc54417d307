//! Everything the definitions say, resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{
    CodeList, CodeListId, Dataset, DatasetId, FieldType, Fingerprint, FingerprintBuilder, Indicator, IndicatorId,
    IndicatorVersion, MunicipalityCode, Pipeline, PipelineId, Source, SourceId,
};

/// The code list that municipalities are looked up in.
pub const MUNICIPALITY: &str = "municipality";
/// The code list of regions.
pub const REGION: &str = "region";

/// The resolved definitions. Every reference in it leads somewhere.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Code lists.
    pub codelists: BTreeMap<CodeListId, Arc<CodeList>>,
    /// Datasets.
    pub datasets: BTreeMap<DatasetId, Arc<Dataset>>,
    /// Sources.
    pub sources: BTreeMap<SourceId, Arc<Source>>,
    /// Indicators, each in its current version.
    pub indicators: BTreeMap<IndicatorId, Arc<Indicator>>,
    /// The older versions of indicators that are kept, the oldest first.
    pub older: BTreeMap<IndicatorId, Vec<Arc<Indicator>>>,
    /// Pipelines.
    pub pipelines: BTreeMap<PipelineId, Arc<Pipeline>>,
}

impl Catalogue {
    /// All versions of an indicator, the oldest first.
    pub fn versions(&self, id: &str) -> impl DoubleEndedIterator<Item = &Arc<Indicator>> {
        self.older.get(id).into_iter().flatten().chain(self.indicators.get(id))
    }

    /// One version of an indicator.
    pub fn version(&self, id: &str, version: IndicatorVersion) -> Option<&Arc<Indicator>> {
        self.versions(id).find(|indicator| indicator.version == version)
    }

    /// All versions of all indicators, by id, the oldest first.
    pub fn all_versions(&self) -> impl Iterator<Item = &Arc<Indicator>> {
        self.indicators.keys().flat_map(|id| self.versions(id.as_str()))
    }

    /// The code list of municipalities, if the definitions have one.
    pub fn municipalities(&self) -> Option<&Arc<CodeList>> {
        self.codelists.get(MUNICIPALITY)
    }

    /// The code list of regions, if the definitions have one.
    pub fn regions(&self) -> Option<&Arc<CodeList>> {
        self.codelists.get(REGION)
    }

    /// The codes of all municipalities, sorted: the entries of the list whose attribute `kind` is `municipality`
    /// at any time. Christiansø is in the list, but is none.
    pub fn municipality_codes(&self) -> Vec<MunicipalityCode> {
        let Some(list) = self.municipalities() else { return Vec::new() };
        let is_municipality =
            |code: &&String| list.index_of(code).is_some_and(|index| list.ever_has(index, "kind", "municipality"));
        list.codes().iter().filter(is_municipality).filter_map(|code| MunicipalityCode::new(code)).collect()
    }

    /// The fingerprint of all that decides how a source's bytes become canonical rows: the source, its dataset, and
    /// the code lists that they name.
    pub fn reading_fingerprint(&self, source: &Source) -> Fingerprint {
        let mut builder = FingerprintBuilder::new();
        builder.add(source.id.as_str()).add(source.fingerprint.to_string());
        if let Some(dataset) = self.datasets.get(&source.dataset) {
            builder.add(dataset.fingerprint.to_string());
            for field in &dataset.fields {
                if let FieldType::Code(list) = &field.ty {
                    let fingerprint = self.codelists.get(list).map(|list| list.fingerprint.to_string());
                    builder.add(fingerprint.unwrap_or_default());
                }
            }
        }
        builder.finish()
    }
}
