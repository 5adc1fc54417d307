//! Everything the definitions say, resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{
    Area, CodeList, CodeListId, ComparisonGroup, ComparisonGroupId, Dataset, DatasetId, Date, FieldType, Fingerprint,
    FingerprintBuilder, Indicator, IndicatorId, IndicatorVersion, MunicipalityCode, Pipeline, PipelineId, Source,
    SourceId,
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
    /// Comparison groups.
    pub comparison_groups: BTreeMap<ComparisonGroupId, Arc<ComparisonGroup>>,
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

    /// The regions and the country on a day, each with those of the municipalities that belong to it, in their order. One
    /// without a region belongs to neither.
    pub fn regions_and_country(
        &self,
        municipalities: impl IntoIterator<Item = MunicipalityCode>,
        day: Date,
    ) -> BTreeMap<Area, Vec<MunicipalityCode>> {
        let mut areas: BTreeMap<Area, Vec<MunicipalityCode>> = BTreeMap::new();
        let Some(list) = self.municipalities() else { return areas };
        for municipality in municipalities {
            let index = list.index_of(&municipality.to_string());
            let Some(region) = index.and_then(|index| list.attribute(index, "region", day)) else { continue };
            areas.entry(Area::Region(region.to_owned())).or_default().push(municipality);
            areas.entry(Area::Country).or_default().push(municipality);
        }
        areas
    }

    /// The comparison groups that an indicator can have figures of.
    pub fn comparison_groups_of(&self, indicator: &Indicator) -> impl Iterator<Item = &Arc<ComparisonGroup>> {
        self.comparison_groups.values().filter(|group| group.concerns(indicator))
    }

    /// The indicators by whose figures it is decided who belongs to a comparison group.
    pub fn deciding(&self, group: &ComparisonGroup) -> impl Iterator<Item = &Arc<Indicator>> {
        let on = group.nearest().map_or(&[][..], |nearest| &nearest.on);
        on.iter().filter_map(|(id, _)| self.indicators.get(id))
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
