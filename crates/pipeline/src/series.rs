//! What a run computes of an indicator: a series by each version of its definition, as defined then or now.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{AsDefined, Catalogue, DatasetId, Indicator, Pipeline, Series};

/// A series that a pipeline asks for, with the plans that its figures are made by.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The series.
    pub(crate) series: Series,
    /// The version that makes it.
    pub(crate) version: &'a Arc<Indicator>,
    /// Whether that is the current one.
    pub(crate) is_current: bool,
    /// How its figures are made; no period lies in two plans.
    pub(crate) plans: Vec<Arc<Indicator>>,
}

impl<'a> Asked<'a> {
    /// The series of a pipeline, by indicator, the oldest version first. A version that newer ones leave nothing makes
    /// none.
    pub(crate) fn of(catalogue: &'a Catalogue, pipeline: &Pipeline) -> Vec<Self> {
        let mut asked = Vec::new();
        for current in pipeline.indicators.iter().filter_map(|id| catalogue.indicators.get(id)) {
            for as_defined in &pipeline.as_defined {
                match as_defined {
                    AsDefined::Then => {
                        let versions = catalogue.versions(current.id.as_str());
                        asked.extend(versions.filter_map(|version| Self::then(version, Arc::ptr_eq(version, current))));
                    }
                    AsDefined::Now => asked.push(Self {
                        series: Series::of(current, AsDefined::Now),
                        version: current,
                        is_current: true,
                        plans: vec![Arc::new(current.as_defined_now())],
                    }),
                }
            }
        }
        asked
    }

    fn then(version: &'a Arc<Indicator>, is_current: bool) -> Option<Self> {
        let editions = std::iter::once(version).chain(&version.history.made_of_older);
        let plans: Vec<Arc<Indicator>> = editions.filter(|edition| edition.defined().is_some()).cloned().collect();
        let series = Series::of(version, AsDefined::Then);
        (!plans.is_empty()).then_some(Self { series, version, is_current, plans })
    }

    /// The datasets that its figures are made of.
    pub(crate) fn datasets(&self) -> BTreeSet<&DatasetId> {
        self.plans.iter().flat_map(|plan| plan.datasets()).collect()
    }

    /// What reports call it: the indicator's id, of an older version `id@1`, of figures as defined now `id@now`.
    pub(crate) fn name(&self) -> String {
        let id = &self.series.indicator;
        match self.series.as_defined {
            AsDefined::Now => format!("{id}@now"),
            AsDefined::Then if self.is_current => id.to_string(),
            AsDefined::Then => format!("{id}@{}", self.series.version),
        }
    }
}
