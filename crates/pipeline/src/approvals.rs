//! Figures that are held until somebody approves them: whose, and of which periods.
//!
//! A held figure is computed and stored like any other, so that whoever approves it sees what is published then. It is shown
//! to nobody, and no group is made of it: a figure of the country that contained it would tell what it is.

use std::collections::{BTreeMap, BTreeSet};

use loader::{Act, ActKind};
use model::{Area, FieldName, Indicator, MeasureValue, MunicipalityCode, ObsStatus, Observation, Period, Pipeline};

use crate::decisions::Decisions;

/// What a pipeline holds, and what of that is approved.
#[derive(Debug, Default)]
pub(crate) struct Approvals {
    /// The first period of each area of work.
    from: BTreeMap<FieldName, Period>,
    /// What is approved, by area of work and municipality.
    approved: BTreeMap<(String, MunicipalityCode), Vec<Period>>,
}

impl Approvals {
    pub(crate) fn of(pipeline: &Pipeline, decisions: &Decisions) -> Self {
        let mut approved: BTreeMap<(String, MunicipalityCode), Vec<Period>> = BTreeMap::new();
        for (area, municipality, period) in &decisions.approved {
            approved.entry((area.clone(), *municipality)).or_default().push(*period);
        }
        Self { from: pipeline.approvals.iter().map(|rule| (rule.area.clone(), rule.from)).collect(), approved }
    }

    /// The first period of which figures of an indicator are held.
    pub(crate) fn from(&self, indicator: &Indicator) -> Option<Period> {
        self.from.get(&indicator.area).copied()
    }

    /// Whether a municipality's figures of an indicator are held. Who approves a year approves its months, too.
    pub(crate) fn holds(&self, indicator: &Indicator, municipality: MunicipalityCode, period: Period) -> bool {
        if self.from(indicator).is_none_or(|from| period.start() < from.start()) {
            return false;
        }
        let approved = self.approved.get(&(indicator.area.to_string(), municipality));
        !approved.into_iter().flatten().any(|one| one.covers(period))
    }

    /// The measures, those of which held figures are made as if nobody had delivered them.
    pub(crate) fn shown(&self, indicator: &Indicator, mut measures: Vec<MeasureValue>) -> Vec<MeasureValue> {
        let is_held = |value: &&mut MeasureValue| self.holds(indicator, value.municipality, value.period);
        measures.iter_mut().filter(is_held).for_each(hide);
        measures
    }

    /// Marks what is held. Where there is no value, nothing is.
    pub(crate) fn mark(&self, indicator: &Indicator, observations: &mut [Observation]) {
        for one in observations {
            let Area::Municipality(municipality) = one.area else { continue };
            let says_something = one.value.is_some() || one.numerator.is_some() || one.denominator.is_some();
            one.held = says_something && self.holds(indicator, municipality, one.period);
        }
    }
}

/// Takes the value of a measure away, as if its data were still to come.
pub(crate) fn hide(value: &mut MeasureValue) {
    (value.minor, value.rows, value.status) = (None, 0, ObsStatus::Missing);
}

/// The periods of an area of work that acts of this run are about, with their municipalities.
pub(crate) fn decided(acts: &[Act], indicator: &Indicator) -> BTreeSet<(MunicipalityCode, Period)> {
    let is_meant = |act: &&Act| {
        matches!(act.kind, ActKind::Approve | ActKind::WithdrawApproval)
            && act.area_of_work.as_deref() == Some(indicator.area.as_str())
    };
    acts.iter().filter(is_meant).filter_map(|act| act.municipality.zip(act.period)).collect()
}
