//! Comparison groups: who belongs to them, and the figures that are theirs.
//!
//! They are made behind everything else, of what has just been published: who is nearest is decided by figures of
//! municipalities, so the lists cannot be known before these are. Whatever order deliveries come in, the same figures
//! stand there in the end, and so do the same lists.

use std::collections::{BTreeMap, BTreeSet};

use loader::{FigureCounts, FigureFilter, FigureKey, Publication, Why};
use model::{
    Area, AsDefined, Catalogue, CodeList, ComparisonArea, ComparisonGroup, ComparisonGroupId, Date, Indicator,
    IndicatorId, Membership, MunicipalityCode, Observation, Period, Pipeline, TOTAL, Validity, members_on,
};
use normaliser::ComputeError;

use crate::RunError;
use crate::figures::{Sources, Task, measures};
use crate::series::Asked;

/// The published figures of the municipalities, by period; all of one indicator have as many decimals.
pub(crate) type Values = BTreeMap<Period, BTreeMap<MunicipalityCode, i128>>;

/// Comparison groups, and who belongs to them.
pub(crate) struct Groups<'a>(Vec<(&'a ComparisonGroup, Vec<Membership>)>);

impl<'a> Groups<'a> {
    /// Decides who belongs to the groups. `values` gives the figures that decide who is nearest.
    pub(crate) fn decide(
        groups: impl Iterator<Item = &'a ComparisonGroup>,
        list: Option<&CodeList>,
        municipalities: &[MunicipalityCode],
        values: &mut dyn FnMut(&IndicatorId) -> Result<Values, RunError>,
    ) -> Result<Self, RunError> {
        let decided = groups.map(|group| {
            let dated = list.map(|list| group.dated_members(list, municipalities)).unwrap_or_default();
            Ok((group, if group.nearest().is_some() { nearest(group, values)? } else { dated }))
        });
        decided.collect::<Result<_, RunError>>().map(Self)
    }

    /// The groups that an indicator has figures of on a day, and who belongs to them.
    pub(crate) fn on(&self, indicator: &Indicator, day: Date) -> BTreeMap<Area, Vec<MunicipalityCode>> {
        let concerned = self.0.iter().filter(|(group, _)| group.concerns(indicator));
        concerned.flat_map(|(_, members)| members_on(members, day)).collect()
    }
}

/// The lists of the nearest, of every year that has the figures which decide.
fn nearest(
    group: &ComparisonGroup,
    values: &mut dyn FnMut(&IndicatorId) -> Result<Values, RunError>,
) -> Result<Vec<Membership>, RunError> {
    let Some(nearest) = group.nearest() else { return Ok(Vec::new()) };
    let figures: Vec<(&IndicatorId, Values)> =
        nearest.on.iter().map(|(id, _)| Ok((id, values(id)?))).collect::<Result<_, RunError>>()?;
    let Some((first, of_first)) = figures.first() else { return Ok(Vec::new()) };
    let mut lists = Vec::new();
    for year in of_first.keys().filter(|year| figures.iter().all(|(_, of)| of.contains_key(year))) {
        let Some(decided) = nearest.decided(*year) else { continue };
        let of_year: Vec<_> = figures.iter().map(|(_, of)| of[year].clone()).collect();
        let list = nearest.lists(group, decided, &of_year).map_err(|_| ComputeError::Overflow {
            indicator: IndicatorId::clone(first),
            area: Area::Comparison(group.area(None)),
            period: decided,
        });
        lists.extend(list?);
    }
    lists.sort();
    Ok(lists)
}

/// The figures of municipalities that hold for the moment.
fn published(id: &IndicatorId, as_defined: AsDefined, publication: &Publication<'_>) -> Result<Values, RunError> {
    let (indicator, breakdown) = (Some(id.clone()), Some(TOTAL.to_owned()));
    let filter = FigureFilter { as_defined, indicator, breakdown, ..FigureFilter::default() };
    let mut values = Values::new();
    for figure in publication.read().figures(&filter)? {
        let (Area::Municipality(municipality), Some(value)) = (figure.area, figure.value) else { continue };
        let minor = value.text.replace('.', "").parse();
        let minor = minor.map_err(|_| RunError::Internal(format!("`{}` is no published figure", value.text)))?;
        values.entry(figure.period).or_default().insert(municipality, minor);
    }
    Ok(values)
}

/// The groups of a pipeline.
pub(crate) fn chosen<'a>(
    catalogue: &'a Catalogue,
    pipeline: &'a Pipeline,
) -> impl Iterator<Item = &'a ComparisonGroup> {
    pipeline.comparison_groups.iter().filter_map(|id| catalogue.comparison_groups.get(id)).map(AsRef::as_ref)
}

/// Decides who belongs to the groups of a pipeline, and publishes their figures: in the periods that were computed
/// again, and wherever other municipalities belong to a group than before. The counts come with the names of the series.
pub(crate) fn publish(
    sources: &Sources<'_>,
    (pipeline, asked): (&Pipeline, &[&Asked<'_>]),
    work: &[Task<'_>],
    publication: &mut Publication<'_>,
) -> Result<Vec<(String, FigureCounts)>, RunError> {
    let catalogue = sources.catalogue;
    let list = catalogue.municipalities().map(AsRef::as_ref);
    // There is one list for both kinds of series: who is alike does not depend on how a figure is looked at.
    let then = pipeline.as_defined.contains(&AsDefined::Then);
    let as_defined = if then { AsDefined::Then } else { AsDefined::Now };
    let mut values = |id: &IndicatorId| published(id, as_defined, publication);
    let groups = Groups::decide(chosen(catalogue, pipeline), list, sources.municipalities, &mut values)?;
    let changed = record(catalogue, &groups, publication)?;
    let mut counts = Vec::new();
    for asked in asked {
        let computed: BTreeSet<Period> = work
            .iter()
            .filter(|task| *task.series == asked.series)
            .flat_map(|task| &task.wanted.periods)
            .copied()
            .collect();
        let is_other = |id: &ComparisonGroupId| {
            catalogue.comparison_groups.get(id).is_some_and(|group| group.concerns(asked.version))
        };
        let others = changed.iter().filter(|(id, _)| is_other(id));
        let days: Vec<&Validity> = others.flat_map(|(_, changed)| &changed.days).collect();
        if computed.is_empty() && days.is_empty() {
            continue;
        }
        let observed = publication.read().observed(&asked.series)?;
        let (of_groups, others): (BTreeSet<FigureKey>, BTreeSet<FigureKey>) =
            observed.into_iter().partition(|key| matches!(key.area, Area::Comparison(_)));
        let is_touched =
            |period: &Period| computed.contains(period) || days.iter().any(|days| days.contains(period.start()));
        let periods: BTreeSet<Period> = others.iter().map(|key| key.period).filter(is_touched).collect();
        let mut made = BTreeSet::new();
        for plan in &asked.plans {
            let on = |period: &Period| groups.on(plan, period.start());
            let periods = periods.iter().copied().filter(|period| plan.defines(*period) && !on(period).is_empty());
            let periods: BTreeSet<Period> = periods.collect();
            if periods.is_empty() {
                continue;
            }
            let measures = measures(sources, (&asked.series, plan), &periods, Vec::new(), publication)?;
            let measures = sources.approvals.shown(plan, measures);
            let mut figures = normaliser::observe_groups(plan, &measures, &|period| on(&period))?;
            figures.retain(|one| matches!(one.area, Area::Comparison(_)) && periods.contains(&one.period));
            made.extend(figures.iter().map(FigureKey::of));
            let task = work.iter().find(|task| *task.series == asked.series && std::ptr::eq(task.plan, plan.as_ref()));
            let why = |one: &Observation| {
                let Area::Comparison(area) = &one.area else { return Why::Groups };
                let day = one.period.start();
                if changed.get(&area.group).is_some_and(|changed| changed.has_changed(area, day)) {
                    return Why::Groups;
                }
                let members = on(&one.period).remove(&one.area).unwrap_or_default();
                task.map_or(Why::Groups, |task| task.wanted.causes.of(&one.area, one.period, &members))
            };
            counts.push((asked.name(), publication.figures(&figures, asked.series.as_defined, &why)?));
        }
        let is_gone = |key: &FigureKey| periods.contains(&key.period) && !made.contains(key);
        let gone = of_groups.into_iter().filter(is_gone).collect();
        publication.close_observations(&asked.series, &gone)?;
    }
    Ok(counts)
}

/// What is another than before of who belongs to a group.
struct Regrouped {
    /// The days on which others do.
    days: BTreeSet<Validity>,
    before: BTreeSet<Membership>,
}

impl Regrouped {
    /// Whether others belong to an area on a day than before. Where nobody did, it is not another one, but new.
    fn has_changed(&self, area: &ComparisonArea, day: Date) -> bool {
        let was = self.before.iter().any(|one| one.area == *area && one.validity.contains(day));
        was && self.days.iter().any(|days| days.contains(day))
    }
}

/// Records who belongs to the groups, and returns where others do than before.
fn record(
    catalogue: &Catalogue,
    groups: &Groups<'_>,
    publication: &mut Publication<'_>,
) -> Result<BTreeMap<ComparisonGroupId, Regrouped>, RunError> {
    let known = catalogue.pipelines.values().flat_map(|pipeline| &pipeline.comparison_groups);
    publication.keep_comparison_groups(&known.collect())?;
    let mut before: BTreeMap<ComparisonGroupId, BTreeSet<Membership>> = BTreeMap::new();
    for one in publication.read().comparison_groups()? {
        before.entry(one.membership.area.group.clone()).or_default().insert(one.membership);
    }
    let mut changed = BTreeMap::new();
    for (group, members) in &groups.0 {
        let before = before.remove(&group.id).unwrap_or_default();
        let now: BTreeSet<Membership> = members.iter().cloned().collect();
        if before != now {
            publication.comparison_group(&group.id, members)?;
            let days = before.symmetric_difference(&now).map(|one| one.validity).collect();
            changed.insert(group.id.clone(), Regrouped { days, before });
        }
    }
    Ok(changed)
}

/// The indicators of other pipelines that have figures of the nearest by an indicator that this run has computed. The
/// lists are theirs to make anew.
pub(crate) fn elsewhere(catalogue: &Catalogue, pipeline: &Pipeline, work: &[Task<'_>]) -> Vec<IndicatorId> {
    let others = catalogue.pipelines.values().filter(|other| other.id != pipeline.id);
    let mut outdated = BTreeSet::new();
    for other in others {
        let decided = chosen(catalogue, other).filter(|group| {
            let on = group.nearest().map_or(&[][..], |nearest| &nearest.on);
            on.iter().any(|(id, _)| work.iter().any(|task| task.series.indicator == *id))
        });
        for group in decided {
            let indicators = other.indicators.iter().filter(|id| !pipeline.indicators.contains(id));
            let indicators = indicators.filter_map(|id| catalogue.indicators.get(id));
            outdated.extend(indicators.filter(|one| group.concerns(one)).map(|one| one.id.clone()));
        }
    }
    outdated.into_iter().collect()
}
