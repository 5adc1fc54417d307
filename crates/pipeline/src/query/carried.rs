//! Figures in the municipalities of another day, made of the stored measures when they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use loader::{Carried, Figure, FigureFilter, RunNumber};
use model::{
    Area, AsDefined, Catalogue, Code, Date, Indicator, IndicatorId, MeasureValue, MunicipalityCode, Observation,
    Period, Ratio, Series, Share, Text,
};
use normaliser::observe_carried;

use super::as_of::known_after;
use super::{CarriedLine, ExportFilter, Queries, known_indicator};
use crate::RunError;
use crate::approvals::hide;
use crate::geography::Geography;

impl Queries<'_> {
    /// The figures that are meant, for the municipalities of a day.
    pub(super) fn carried(&mut self, filter: &ExportFilter, day: Date) -> Result<Vec<Figure>, RunError> {
        let catalogue = self.catalogue;
        let today = Municipalities::of(catalogue, day);
        let named: Result<Vec<&Indicator>, RunError> =
            filter.indicators.iter().map(|id| known_indicator(catalogue, id)).collect();
        let named: BTreeSet<&IndicatorId> = named?.into_iter().map(|indicator| &indicator.id).collect();
        let reading = self.store.read()?;
        let as_of = known_after(&reading, filter.as_of.as_ref())?;
        let wanted = |period: &Period| filter.periods.is_empty() || filter.periods.contains(period);
        let mut figures = Vec::new();
        for current in catalogue.indicators.values().filter(|one| named.is_empty() || named.contains(&one.id)) {
            let then = as_of.map(|run| periods_of_then(&reading, (&current.id, filter.as_defined), run, &wanted));
            let then = then.transpose()?;
            let wanted = |period: &Period| wanted(period) && then.as_ref().is_none_or(|then| then.contains(period));
            let now = current.as_defined_now();
            let makers: Vec<(&Indicator, Vec<&Indicator>)> = match filter.as_defined {
                AsDefined::Now => vec![(current.as_ref(), vec![&now])],
                AsDefined::Then => {
                    let versions = catalogue.versions(current.id.as_str());
                    versions.map(|version| (version.as_ref(), version.editions().collect())).collect()
                }
            };
            for (version, plans) in makers {
                // Measures of another definition are not those that the formula is about.
                let Some(fingerprint) = reading.fingerprint(&version.id, version.version)? else { continue };
                if fingerprint != version.fingerprint {
                    return Err(RunError::Usage {
                        code: Code::NOTHING_KNOWN,
                        message: format!("the definition of `{}` has changed since its figures were made", version.id),
                        help: "`musketer run` computes them anew".to_owned(),
                    });
                }
                let series = Series::of(version, filter.as_defined);
                let held = super::held_cells(&reading, &series)?;
                let mut stored = reading.measures_of(&series, None)?;
                let is_held = |value: &&mut MeasureValue| held.contains(&(value.municipality, value.period));
                stored.iter_mut().filter(is_held).for_each(hide);
                for plan in plans {
                    let is_own = |value: &&MeasureValue| wanted(&value.period) && plan.defines(value.period);
                    let measures: Vec<MeasureValue> = stored.iter().filter(is_own).cloned().collect();
                    let observed = today.observed(plan, &measures)?;
                    let taken = observed.into_iter().filter(|one| filter.takes(&one.area, &one.breakdown));
                    figures.extend(taken.map(|one| {
                        let mut figure = today.figure(version, filter.as_defined, &one);
                        if today.is_held(&one, &held) {
                            "N".clone_into(&mut figure.confidentiality);
                        }
                        figure
                    }));
                }
            }
        }
        figures.sort_by_cached_key(order);
        Ok(figures)
    }
}

/// The periods of which an indicator had figures after a run. Measures are kept as they are now alone: where a
/// municipality's figure is another one than then, its measures are too. Where none is, they are the same: a figure keeps
/// numerator and denominator besides its value, and what is carried of them is their sum.
fn periods_of_then(
    reading: &loader::Reading<'_>,
    (indicator, as_defined): (&IndicatorId, AsDefined),
    run: RunNumber,
    wanted: &dyn Fn(&Period) -> bool,
) -> Result<BTreeSet<Period>, RunError> {
    let known = |as_of: Option<RunNumber>| {
        let filter = FigureFilter { as_defined, indicator: Some(indicator.clone()), as_of, ..FigureFilter::default() };
        let mut known: BTreeMap<Period, BTreeMap<(Area, String), Figure>> = BTreeMap::new();
        for figure in reading.figures(&filter)? {
            if matches!(figure.area, Area::Municipality(_)) && wanted(&figure.period) {
                let key = (figure.area.clone(), figure.breakdown.clone());
                known.entry(figure.period).or_default().insert(key, figure);
            }
        }
        Ok::<_, RunError>(known)
    };
    let (then, now) = (known(Some(run))?, known(None)?);
    let agrees = |of: &BTreeMap<(Area, String), Figure>, other: &BTreeMap<(Area, String), Figure>| {
        of.len() == other.len() && of.iter().all(|(key, one)| other.get(key).is_some_and(|other| is_same(one, other)))
    };
    match then.iter().find(|(period, of)| !now.get(period).is_some_and(|now| agrees(of, now))) {
        None => Ok(then.into_keys().collect()),
        Some((period, _)) => Err(RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: format!(
                "figures of `{indicator}` in {period} were revised after run {run}, and what they were made of then is not kept"
            ),
            help: "leave --municipalities-of or --as-of out, or choose periods that were not revised with --period"
                .to_owned(),
        }),
    }
}

/// Whether two revisions of a figure say the same and are made of the same.
pub(super) fn is_same(one: &Figure, other: &Figure) -> bool {
    let said = |of: &Figure| (of.version, of.value.clone(), of.status, of.contributing, of.members);
    let made = |of: &Figure| (of.numerator.clone(), of.denominator.clone());
    said(one) == said(other) && made(one) == made(other)
}

/// The municipalities of a day.
pub(super) struct Municipalities<'a> {
    catalogue: &'a Catalogue,
    /// All that there ever were.
    codes: Vec<MunicipalityCode>,
    day: Date,
}

impl<'a> Municipalities<'a> {
    pub(super) fn of(catalogue: &'a Catalogue, day: Date) -> Self {
        Self { catalogue, codes: catalogue.municipality_codes(), day }
    }

    fn observed(&self, indicator: &Indicator, measures: &[MeasureValue]) -> Result<Vec<Observation>, RunError> {
        let geography = Geography::of(self.catalogue);
        let members = |_: Period| geography.members(&self.codes, self.day);
        let carriage = |code, period| geography.carried(code, period, self.day);
        Ok(observe_carried(indicator, measures, &members, &carriage)?)
    }

    fn figure(&self, indicator: &Indicator, as_defined: AsDefined, one: &Observation) -> Figure {
        let day = self.day;
        let (list, region, from) = match &one.area {
            Area::Municipality(code) => {
                let members = Geography::of(self.catalogue).members([code], day);
                let region = members.into_iter().next().map(|member| member.region);
                (self.catalogue.municipalities(), region, self.came_from(&BTreeSet::from([*code]), one.period))
            }
            Area::Region(_) => (self.catalogue.regions(), None, BTreeMap::new()),
            Area::Country | Area::Comparison(_) => (None, None, BTreeMap::new()),
        };
        let text = one.area.to_string();
        let title = list.and_then(|list| Some(list.title_of(list.index_of(&text)?, day).clone()));
        let title = title.unwrap_or_else(|| Text { da: "Hele landet".to_owned(), en: "Denmark".to_owned() });
        let named = from.into_iter().map(|(code, share)| match share_text(share).as_str() {
            "1" => code.to_string(),
            share => format!("{code}*{share}"),
        });
        let from = named.collect::<Vec<_>>().join(" ");
        Figure::carried(indicator, one, as_defined, (title, region), Carried { municipalities_of: day, from })
    }

    /// Whether something that a municipality's figure is carried from is held.
    fn is_held(&self, one: &Observation, held: &BTreeSet<(MunicipalityCode, Period)>) -> bool {
        let Area::Municipality(code) = one.area else { return false };
        !held.is_empty()
            && self
                .came_from(&BTreeSet::from([code]), one.period)
                .keys()
                .any(|from| held.contains(&(*from, one.period)))
    }

    /// Which municipalities of a period went into those of a day, with the share of each that did.
    pub(super) fn came_from(
        &self,
        municipalities: &BTreeSet<MunicipalityCode>,
        period: Period,
    ) -> BTreeMap<MunicipalityCode, Share> {
        let geography = Geography::of(self.catalogue);
        let mut shares: BTreeMap<MunicipalityCode, Share> = BTreeMap::new();
        for code in self.codes.iter().copied() {
            let parts = geography.carried(code, period, self.day).into_iter();
            for (_, share) in parts.filter(|(target, _)| municipalities.contains(target)) {
                let sum = |known: Share| known.zip(share).and_then(|(one, other)| one.plus(other).ok());
                shares.entry(code).and_modify(|known| *known = sum(*known)).or_insert(share);
            }
        }
        shares
    }

    pub(super) fn lines(&self, shares: &BTreeMap<MunicipalityCode, Share>, period: Period) -> Vec<CarriedLine> {
        let list = self.catalogue.municipalities();
        let title = |code: &MunicipalityCode| {
            let list = list?;
            Some(list.title_of(list.index_of(&code.to_string())?, period.start()).da.clone())
        };
        let line = |(code, share): (&MunicipalityCode, &Share)| CarriedLine {
            municipality: code.to_string(),
            title: title(code).unwrap_or_default(),
            share: share_text(*share),
        };
        shares.iter().map(line).collect()
    }
}

/// As the stored figures are sorted.
fn order(figure: &Figure) -> (String, u32, u8, String, Period, String) {
    let level = match figure.area {
        Area::Municipality(_) => 1,
        Area::Region(_) => 2,
        Area::Country => 3,
        Area::Comparison(_) => 4,
    };
    let (area, breakdown) = (figure.area.to_string(), figure.breakdown.clone());
    (figure.indicator.to_string(), figure.version.0, level, area, figure.period, breakdown)
}

fn share_text(share: Option<Ratio>) -> String {
    match share {
        None => "?".to_owned(),
        Some(share) if share.denominator() == 1 => share.numerator().to_string(),
        Some(share) => format!("{}/{}", share.numerator(), share.denominator()),
    }
}
