//! Where a figure comes from: the way back from the value to the canonical row and the raw line.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use loader::{DeliveryEntry, Figure, FigureFilter, FigureKey, NamedMembership, UnitRevision};
use model::{
    Aggregate, Area, AsDefined, Catalogue, Cell, Code, ComparisonArea, Dataset, DatasetId, Date, Indicator, Measure,
    MeasureValue, MunicipalityCode, ObsStatus, Period, Price, PriceBase, Ratio, Reading, Rounding, Series, Share,
    TOTAL, WorkUnit, format_decimal,
};
use normaliser::{CanonicalFile, DatasetRows};

use super::as_of::{Held, as_of_line, held, known_after, not_kept};
use super::carried::{Municipalities, is_same};
use super::history::History;
use super::status::delivery_line;
use super::{
    AsOf, DeliveryLine, Explanation, ExportFilter, MeasureLine, MemberLine, Parts, Queries, RowsOfMeasure, VersionLine,
    known_indicator,
};
use crate::RunError;
use crate::coverage;
use crate::geography::Geography;

/// Whom and when a figure is about, with all that it was made of.
struct Case<'a> {
    indicator: &'a Indicator,
    period: Period,
    /// The part of a breakdown; the total without one.
    cell: Option<Cell>,
    /// The municipalities of the area.
    members: BTreeSet<MunicipalityCode>,
    /// How much of each counts.
    shares: BTreeMap<MunicipalityCode, Share>,
    /// Those of them for which every measure has a value.
    contributing: BTreeSet<MunicipalityCode>,
    values: Vec<MeasureValue>,
    /// What all measures read.
    readings: Vec<Reading<'a>>,
    units: Vec<Held>,
    catalogue: &'a Catalogue,
    root: &'a Path,
}

impl Queries<'_> {
    /// Explains the figure of an indicator, as defined then or now, for an area, a period and a part of a breakdown
    /// ([`model::TOTAL`] for all), with at most `rows` canonical rows a measure.
    pub fn explain(
        &mut self,
        (indicator, as_defined): (&str, AsDefined),
        (area, period, breakdown): (&str, Period, &str),
        municipalities_of: Option<Date>,
        as_of: Option<&AsOf>,
        rows: Option<usize>,
    ) -> Result<Explanation, RunError> {
        let current = known_indicator(self.catalogue, indicator)?;
        let asked = known_after(&self.store.read()?, as_of)?;
        let area = self.area(area)?;
        let comparison = comparison(&self.store.read()?, &area, period.start())?;
        let mut shares: BTreeMap<MunicipalityCode, Share> = BTreeMap::new();
        let mut carried = None;
        let mut lines = Vec::new();
        if let Some(day) = municipalities_of {
            let parts = vec![Parts::All];
            let (indicators, periods) = (vec![current.id.to_string()], vec![period]);
            let filter = ExportFilter {
                as_defined,
                indicators,
                periods,
                breakdowns: parts,
                municipalities_of,
                as_of: as_of.cloned(),
                ..ExportFilter::default()
            };
            let mut figures = self.carried(&filter, day)?.into_iter();
            carried = figures.find(|figure| figure.area == area && figure.breakdown == breakdown);
            let municipalities = Municipalities::of(self.catalogue, day);
            shares = municipalities.came_from(&members(self.catalogue, &area, &comparison, day), period);
            lines = municipalities.lines(&shares, period);
        } else {
            let whole = Some(Ratio::integer(1));
            shares.extend(
                members(self.catalogue, &area, &comparison, period.start()).into_iter().map(|code| (code, whole)),
            );
        }
        let root = self.store.root().to_owned();
        let reading = self.store.read()?;
        let wanted = FigureFilter {
            as_defined,
            indicator: Some(current.id.clone()),
            area: Some(area.clone()),
            period: Some(period),
            breakdown: Some(breakdown.to_owned()),
            as_of: asked,
        };
        let figure = match municipalities_of {
            Some(_) => carried,
            None => reading.figures(&wanted)?.into_iter().next(),
        };
        let made_by = plan(self.catalogue, current, as_defined, figure.as_ref());
        let indicator = made_by.as_ref();
        let cell = part(indicator, breakdown)?;
        let figure = figure.ok_or_else(|| unknown(current, as_defined, &area, period))?;
        let series = Series { indicator: current.id.clone(), version: figure.version, as_defined };
        let mut values = reading.measures_of(&series, Some(&BTreeSet::from([period])))?;
        // What is held is shown to nobody, and what groups are made of is the rest.
        let hidden = super::held_cells(&reading, &series)?;
        values.retain(|value| value.breakdown == breakdown && !hidden.contains(&(value.municipality, value.period)));
        let key = FigureKey { period, area, breakdown: breakdown.to_owned() };
        let revisions = reading.revisions((&current.id, as_defined), &key)?;
        let fingerprint = reading.fingerprint(&current.id, figure.version)?;
        let unit_revisions = reading.unit_revisions()?;
        let units = held(self.catalogue, &reading, asked.map(|run| (run, &unit_revisions[..])))?;
        let deliveries = reading.deliveries()?;
        let names: BTreeMap<String, DeliveryLine> =
            deliveries.iter().map(delivery_line).map(|line| (line.delivery.clone(), line)).collect();
        let case = Case::new(indicator, (period, cell), shares, values, units, (self.catalogue, &root));
        // What it is made of is known of the present. It is the same of the past where the figure is.
        let now = match asked.filter(|_| municipalities_of.is_none()) {
            Some(_) => reading.figures(&FigureFilter { as_of: None, ..wanted.clone() })?.into_iter().next(),
            None => Some(figure.clone()),
        };
        let is_kept = now.is_some_and(|now| is_same(&now, &figure));
        let fingerprint = fingerprint.unwrap_or(indicator.fingerprint);
        let mut explanation = summary(&figure, indicator, &fingerprint.to_string());
        explanation.versions = self.catalogue.versions(current.id.as_str()).map(|one| version_line(one)).collect();
        explanation.parts = case.parts();
        explanation.as_of = asked.map(|run| as_of_line(&reading, run)).transpose()?;
        if !comparison.is_empty() && is_kept {
            let figures = reading.figures(&FigureFilter { area: None, ..wanted })?;
            explanation.comparison = comparison.iter().map(|one| member_line(one, &figures)).collect();
        }
        (explanation.municipalities_of, explanation.carried) = (municipalities_of.map(|day| day.to_string()), lines);
        let figure_is_held = explanation.not_approved;
        let have_rows = is_kept && case.units_of_figure().all(|held| held.is_kept);
        explanation.not_kept = not_kept(is_kept, rows.is_none() || have_rows, !comparison.is_empty());
        for measure in indicator.measures.iter().filter(|_| is_kept && !figure_is_held) {
            explanation.measures.push(case.measure(measure)?);
            if let Some(limit) = rows.filter(|_| have_rows) {
                explanation.rows.push(case.rows(measure, limit, &names)?);
            }
        }
        if is_kept || comparison.is_empty() {
            explanation.deliveries = case.deliveries(&names);
        }
        if municipalities_of.is_none() {
            let history = case.history(&reading, &deliveries, unit_revisions, &names)?;
            explanation.revisions = history.lines(&revisions, asked);
        }
        Ok(explanation)
    }

    fn area(&self, text: &str) -> Result<Area, RunError> {
        if text.eq_ignore_ascii_case("dk") {
            return Ok(Area::Country);
        }
        if self.catalogue.regions().is_some_and(|list| list.index_of(text).is_some()) {
            return Ok(Area::Region(text.to_owned()));
        }
        let of_group = |area: &ComparisonArea| self.catalogue.comparison_groups.contains_key(&area.group);
        if let Some(area) = text.parse().ok().filter(of_group) {
            return Ok(Area::Comparison(area));
        }
        let known = MunicipalityCode::new(text).filter(|code| self.catalogue.municipality_codes().contains(code));
        known.map(Area::Municipality).ok_or_else(|| RunError::Usage {
            code: Code::NOTHING_KNOWN,
            message: format!("there is no municipality, region or comparison group `{}`", model::redact(text)),
            help:
                "write a municipality's code such as 0751, a region's code such as 1082, DK, or a comparison group as \
                   `musketer export --comparison-groups` has them"
                    .to_owned(),
        })
    }
}

/// Who belongs to a comparison group on a day, the nearest first.
fn comparison(reading: &loader::Reading<'_>, area: &Area, day: Date) -> Result<Vec<NamedMembership>, RunError> {
    let Area::Comparison(area) = area else { return Ok(Vec::new()) };
    let mut members = reading.comparison_groups()?;
    members.retain(|one| one.membership.area == *area && one.membership.validity.contains(day));
    Ok(members)
}

fn members(
    catalogue: &Catalogue,
    area: &Area,
    comparison: &[NamedMembership],
    day: Date,
) -> BTreeSet<MunicipalityCode> {
    match area {
        Area::Municipality(code) => BTreeSet::from([*code]),
        Area::Comparison(_) => comparison.iter().map(|one| one.membership.municipality).collect(),
        Area::Region(_) | Area::Country => {
            let everybody = Geography::of(catalogue).members(&catalogue.municipality_codes(), day);
            let is_within =
                |one: &normaliser::Member| *area == Area::Country || *area == Area::Region(one.region.clone());
            everybody.into_iter().filter(is_within).map(|one| one.municipality).collect()
        }
    }
}

/// A member with its own figure, if it has one.
fn member_line(of: &NamedMembership, figures: &[Figure]) -> MemberLine {
    let NamedMembership { membership, municipality_title, .. } = of;
    let figure = figures.iter().find(|figure| figure.area == Area::Municipality(membership.municipality));
    MemberLine {
        municipality: membership.municipality.to_string(),
        title: (municipality_title.da.clone(), municipality_title.en.clone()),
        rank: membership.neighbour.as_ref().map(|place| place.rank),
        distance: membership.neighbour.as_ref().map(|place| place.distance.clone()),
        contributes: figure.is_some_and(|figure| figure.contributing > 0),
        value: figure.and_then(|figure| figure.value.as_ref()).map(|value| value.text.clone()),
        obs_status: figure.map(|figure| figure.status.code().to_owned()).unwrap_or_default(),
    }
}

/// The cell of a breakdown that is meant.
fn part(indicator: &Indicator, breakdown: &str) -> Result<Option<Cell>, RunError> {
    let cell = indicator.cell(breakdown);
    if cell.is_some() || breakdown == TOTAL {
        return Ok(cell);
    }
    let first = |at: usize| indicator.cells(at, None).first().map(|cell| format!("`{}`", indicator.cell_text(cell)));
    let examples: Vec<String> = (0..indicator.breakdowns.len()).filter_map(first).collect();
    let help = match examples.as_slice() {
        [] => format!("`{}` is not broken down: leave --breakdown out", indicator.id),
        _ => format!("write a category for each dimension, for example {}", examples.join(" or ")),
    };
    let message = format!("`{}` has no part `{}`", indicator.id, model::redact(breakdown));
    Err(RunError::Usage { code: Code::NOTHING_KNOWN, message, help })
}

/// The plan that a figure was made by; where that version is not kept any more, or there is no figure, the current one.
fn plan<'c>(
    catalogue: &'c Catalogue,
    current: &'c Indicator,
    as_defined: AsDefined,
    figure: Option<&Figure>,
) -> Cow<'c, Indicator> {
    if as_defined == AsDefined::Now {
        return Cow::Owned(current.as_defined_now());
    }
    let edition = figure
        .and_then(|figure| catalogue.version(figure.indicator.as_str(), figure.version)?.edition_in(figure.period));
    Cow::Borrowed(edition.unwrap_or(current))
}

fn version_line(version: &Indicator) -> VersionLine {
    let made = version.defined_in_all();
    let (from, to) = made.unwrap_or_default();
    VersionLine {
        version: version.version.0,
        makes_figures: made.is_some(),
        from: from.map(|period| period.to_string()),
        to: to.map(|period| period.to_string()),
    }
}

fn unknown(indicator: &Indicator, as_defined: AsDefined, area: &Area, period: Period) -> RunError {
    let help = if as_defined == AsDefined::Now {
        "figures as defined now are made where the pipeline has `definitions: both`".to_owned()
    } else if period.kind() == indicator.period {
        Code::NOTHING_KNOWN.info().remedy.to_owned()
    } else {
        format!("`{}` has figures by {}: {}", indicator.id, indicator.period, example(indicator))
    };
    let message = format!("there is no figure of `{}` for {area} in {period}", indicator.id);
    RunError::Usage { code: Code::NOTHING_KNOWN, message, help }
}

fn example(indicator: &Indicator) -> &'static str {
    match indicator.period {
        model::PeriodKind::Year => "2024",
        model::PeriodKind::SchoolYear => "2024/25",
        model::PeriodKind::Quarter => "2024-Q1",
        model::PeriodKind::Month => "2024-05",
        model::PeriodKind::Week => "2024-W05",
    }
}

/// What an SDMX status means, in a few words.
fn meaning(status: ObsStatus) -> &'static str {
    match status {
        ObsStatus::Normal => "normal value",
        ObsStatus::NotCollected => "not collected: no source for the data",
        ObsStatus::CannotExist => "cannot exist: the denominator is zero",
        ObsStatus::Missing => "missing: data that is owed was not delivered",
        ObsStatus::Provisional => "provisional: some municipalities are missing",
        ObsStatus::Break => "the series begins anew here, and cannot be compared with what was before",
        ObsStatus::IncludedElsewhere => "included in the figure of another municipality",
        ObsStatus::Estimated => "estimated: made of shares of what was measured as a whole",
        ObsStatus::Implausible => "not plausible: outside of what the definition expects",
    }
}

fn summary(figure: &Figure, indicator: &Indicator, fingerprint: &str) -> Explanation {
    Explanation {
        indicator: indicator.id.to_string(),
        version: figure.version.0,
        as_defined: figure.as_defined.as_str(),
        versions: Vec::new(),
        fingerprint: fingerprint.to_owned(),
        title: (figure.title.da.clone(), figure.title.en.clone()),
        description: (indicator.description.da.clone(), indicator.description.en.clone()),
        reservations: indicator.reservations.iter().map(|text| text.en.clone()).collect(),
        area: (figure.area.to_string(), figure.area_title.da.clone()),
        period: figure.period.to_string(),
        breakdown: figure.breakdown.clone(),
        parts: Vec::new(),
        value: figure.value.as_ref().map(|value| value.text.clone()),
        not_approved: figure.confidentiality == "N",
        unit: figure.unit.clone(),
        obs_status: (figure.status.code().to_owned(), meaning(figure.status).to_owned()),
        numerator: figure.numerator.as_ref().map(|value| value.text.clone()),
        denominator: figure.denominator.as_ref().map(|value| value.text.clone()),
        contributing: figure.contributing,
        members: figure.members,
        comparison: Vec::new(),
        formula: indicator.formula_text.clone(),
        measures: Vec::new(),
        deliveries: Vec::new(),
        revisions: Vec::new(),
        rows: Vec::new(),
        municipalities_of: None,
        carried: Vec::new(),
        as_of: None,
        not_kept: Vec::new(),
    }
}

impl<'a> Case<'a> {
    fn new(
        indicator: &'a Indicator,
        (period, cell): (Period, Option<Cell>),
        shares: BTreeMap<MunicipalityCode, Share>,
        mut values: Vec<MeasureValue>,
        units: Vec<Held>,
        (catalogue, root): (&'a Catalogue, &'a Path),
    ) -> Self {
        let members: BTreeSet<MunicipalityCode> = shares.keys().copied().collect();
        values.retain(|value| members.contains(&value.municipality));
        let missing: BTreeSet<MunicipalityCode> =
            values.iter().filter(|value| value.minor.is_none()).map(|value| value.municipality).collect();
        let measured: BTreeSet<MunicipalityCode> = values.iter().map(|value| value.municipality).collect();
        let contributing = measured.difference(&missing).copied().collect();
        let dataset = |id: &DatasetId| catalogue.datasets.get(id).map(AsRef::as_ref);
        let of_measures = indicator.measures.iter().map(|measure| measure.readings(dataset).unwrap_or_default());
        let readings = of_measures.flatten().collect();
        Self { indicator, period, cell, members, shares, contributing, values, readings, units, catalogue, root }
    }

    /// Who held the units that the figure is or was made of, and when.
    fn history<'n>(
        &self,
        reading: &loader::Reading<'_>,
        deliveries: &[DeliveryEntry],
        mut units: Vec<UnitRevision>,
        names: &'n BTreeMap<String, DeliveryLine>,
    ) -> Result<History<'n>, RunError> {
        units.retain(|one| {
            let source = self.catalogue.sources.get(&one.unit.source);
            source.is_some_and(|source| self.is_made_of(&source.dataset, &one.unit))
        });
        let received = |entry: &DeliveryEntry| (entry.record.delivery.id.to_string(), entry.received_run);
        let received = deliveries.iter().map(received).collect();
        Ok(History { ends: reading.ends_of_runs()?, units, names, received })
    }

    /// Dimension and category of each, in Danish and English.
    fn parts(&self) -> Vec<(String, String)> {
        let categories = self.cell.iter().flat_map(|cell| self.indicator.categories(cell));
        let words = |dimension: &str, category: &str| format!("{dimension}: {category}");
        let texts = categories.map(|(dimension, category)| (&dimension.title, &category.title));
        texts.map(|(of, is)| (words(&of.da, &is.da), words(&of.en, &is.en))).collect()
    }

    fn readings(&self, measure: &'a Measure) -> Vec<Reading<'a>> {
        let dataset = |id: &DatasetId| self.catalogue.datasets.get(id).map(AsRef::as_ref);
        measure.readings(dataset).unwrap_or_default()
    }

    /// The cells of a dataset that a measure needs: with a role, those of everybody who delivers the dataset.
    fn needs(&self, reading: &Reading<'_>) -> BTreeSet<coverage::Cell> {
        let whose = |part: Period| match (reading.dataset.whole_country, reading.is_for_all()) {
            (true, _) => BTreeSet::from([MunicipalityCode::COUNTRY]),
            (false, true) => self.users(&reading.dataset.id, part),
            (false, false) => self.members.clone(),
        };
        let parts = reading.partitions(self.period).into_iter();
        parts.flat_map(|part| whose(part).into_iter().map(move |code| (code, part))).collect()
    }

    /// Who delivers a dataset in a period.
    fn users(&self, dataset: &DatasetId, part: Period) -> BTreeSet<MunicipalityCode> {
        let uses = self.catalogue.pipelines.values().flat_map(|pipeline| &pipeline.uses);
        let of_dataset = uses.filter(|usage| {
            let source = self.catalogue.sources.get(&usage.source);
            source.is_some_and(|source| source.dataset == *dataset)
                && usage.from <= part
                && usage.to.is_none_or(|to| part <= to)
        });
        of_dataset.flat_map(|usage| usage.municipalities.iter().copied()).collect()
    }

    /// The units that a measure is made of.
    fn units_of<'s>(&'s self, reading: &'s Reading<'_>) -> impl Iterator<Item = &'s Held> {
        self.units.iter().filter(move |held| self.is_read(reading, &held.dataset, &held.unit))
    }

    fn is_read(&self, reading: &Reading<'_>, dataset: &DatasetId, unit: &WorkUnit) -> bool {
        *dataset == reading.dataset.id
            && (reading.is_for_all() || self.members.contains(&unit.municipality))
            && reading.reads(unit.period, self.period)
    }

    /// Whether the figure is made of a unit.
    fn is_made_of(&self, dataset: &DatasetId, unit: &WorkUnit) -> bool {
        self.indicator.is_priced_by(dataset) || self.readings.iter().any(|reading| self.is_read(reading, dataset, unit))
    }

    /// The units that the figure is made of.
    fn units_of_figure(&self) -> impl Iterator<Item = &Held> {
        self.units.iter().filter(|held| self.is_made_of(&held.dataset, &held.unit))
    }

    /// The units of the index that a measure is priced by.
    fn units_of_index<'s>(&'s self, price: &'s Price) -> impl Iterator<Item = &'s Held> {
        self.units.iter().filter(|record| record.dataset == price.dataset)
    }

    fn measure(&self, measure: &'a Measure) -> Result<MeasureLine, RunError> {
        let values = self.values.iter().filter(|value| value.measure == measure.name);
        let known: Vec<&MeasureValue> =
            values.filter(|value| self.contributing.contains(&value.municipality)).collect();
        let (mut needed, mut delivered) = (0, 0);
        for reading in self.readings(measure) {
            let needs = self.needs(&reading);
            let there: BTreeSet<coverage::Cell> =
                self.units_of(&reading).map(|record| (record.unit.municipality, record.unit.period)).collect();
            needed += needs.len() as u64;
            delivered += needs.intersection(&there).count() as u64;
        }
        let mut keys = measure.written.clone();
        keys.extend(self.base(measure)?.map(|base| ("in prices of".to_owned(), base.to_string())));
        Ok(MeasureLine {
            measure: measure.name.to_string(),
            value: self.together(measure, &known),
            unit: measure.unit.to_string(),
            rows: known.iter().map(|value| value.rows).sum(),
            dataset: measure.dataset.to_string(),
            aggregate: measure.value_text.clone(),
            condition: measure.filter_text.clone(),
            keys,
            parts_needed: needed,
            parts_delivered: delivered,
        })
    }

    /// A measure's value for the municipalities together, each with its share.
    fn together(&self, measure: &Measure, known: &[&MeasureValue]) -> Option<String> {
        let one = Ratio::integer(1);
        let shares: Vec<Ratio> = known.iter().map(|value| self.shares[&value.municipality]).collect::<Option<_>>()?;
        if shares.iter().all(|share| *share == one) {
            return together(measure, known);
        }
        if !matches!(measure.aggregate, Aggregate::Sum(_) | Aggregate::Count | Aggregate::CountDistinct(_)) {
            return None;
        }
        let parts = known.iter().zip(shares).map(|(value, share)| value.value()?.times(share).ok());
        let sum = parts.collect::<Option<Vec<_>>>()?.into_iter().try_fold(Ratio::integer(0), Ratio::plus).ok()?;
        let decimals = measure.scale + FINER;
        sum.rounded(decimals, Rounding::default()).ok().map(|sum| format_decimal(sum, decimals))
    }

    /// The period in whose prices a measure is: the latest of which the index is there may be another one tomorrow.
    fn base(&self, measure: &Measure) -> Result<Option<Period>, RunError> {
        let Some(price) = &measure.price else { return Ok(None) };
        if let PriceBase::Period(base) = price.base {
            return Ok(Some(base));
        }
        let Some(dataset) = self.catalogue.datasets.get(&price.dataset) else { return Ok(None) };
        let index = normaliser::index_values(&self.rows_of_units(dataset, self.units_of_index(price)), price.value)?;
        Ok(index.last_key_value().map(|(period, _)| *period))
    }

    /// The files of units, as the rows of a dataset.
    fn rows_of_units<'s>(&self, dataset: &'s Dataset, units: impl Iterator<Item = &'s Held>) -> DatasetRows<'s> {
        let file = |record: &Held| {
            let (municipality, period) = (record.unit.municipality, record.unit.period);
            let path = record.part.as_ref().map(|part| self.root.join(part));
            path.map(|path| CanonicalFile { path, municipality, period, partials: None })
        };
        let (delivered, used) = (BTreeSet::new(), BTreeSet::new());
        DatasetRows { dataset, files: units.filter_map(file).collect(), delivered, used }
    }

    fn deliveries(&self, names: &BTreeMap<String, DeliveryLine>) -> Vec<DeliveryLine> {
        let ids: BTreeSet<&str> = self.units_of_figure().map(|held| held.delivery.as_str()).collect();
        let mut lines: Vec<DeliveryLine> = ids.iter().filter_map(|id| names.get(*id)).cloned().collect();
        lines.sort_by(|a, b| a.name.cmp(&b.name));
        lines
    }

    fn rows(
        &self,
        measure: &'a Measure,
        limit: usize,
        names: &BTreeMap<String, DeliveryLine>,
    ) -> Result<RowsOfMeasure, RunError> {
        let readings = self.readings(measure);
        let mut rows: BTreeMap<DatasetId, DatasetRows<'_>> = BTreeMap::new();
        for reading in &readings {
            let mut of = self.rows_of_units(reading.dataset, self.units_of(reading));
            let known = rows
                .entry(reading.dataset.id.clone())
                .or_insert_with(|| DatasetRows { files: Vec::new(), ..of.clone() });
            of.files.retain(|file| !known.files.contains(file));
            known.files.append(&mut of.files);
        }
        let (sliced, part) = match &self.cell {
            Some(cell) => self.indicator.within(measure, cell),
            None => (measure.clone(), None),
        };
        let found = normaliser::rows_of((&sliced, part.as_ref()), &rows, (self.period, &self.members), limit)?;
        let mut columns: Vec<String> = found.columns;
        columns.extend(["_file".to_owned(), "_line".to_owned()]);
        let row = |row: normaliser::MeasureRow| {
            let name = names.get(&row.delivery).map_or(row.delivery, |line| line.name.clone());
            row.cells.into_iter().chain([name, row.line.to_string()]).collect()
        };
        Ok(RowsOfMeasure {
            measure: measure.name.to_string(),
            columns,
            rows: found.rows.into_iter().map(row).collect(),
            total: found.total,
        })
    }
}

/// Decimals beyond the field's with which a mean is shown.
const FINER: u8 = 6;

/// A measure's value for some municipalities together, as in a ratio of sums: their sum, the smallest or largest of
/// extremes, or the mean of all rows of which means were made.
/// `None` for what has no value together, such as several medians.
fn together(measure: &Measure, known: &[&MeasureValue]) -> Option<String> {
    let first = known.first()?;
    let minors: Vec<i128> = known.iter().map(|value| value.minor.map(i128::from)).collect::<Option<_>>()?;
    let sum = match measure.aggregate {
        Aggregate::Min(_) => minors.into_iter().min()?,
        Aggregate::Max(_) => minors.into_iter().max()?,
        _ => minors.into_iter().try_fold(0_i128, i128::checked_add)?,
    };
    let divisor = match measure.aggregate {
        Aggregate::Mean(_) => known.iter().map(|value| i128::from(value.divisor)).sum(),
        Aggregate::Quantile(..) if known.len() > 1 => return None,
        _ if known.iter().all(|value| value.divisor == first.divisor) => i128::from(first.divisor),
        _ => return None,
    };
    if divisor == 1 {
        return Some(format_decimal(sum, measure.scale));
    }
    let mean = Ratio::decimal(sum, measure.scale).and_then(|sum| sum.divided_by(Ratio::integer(divisor)));
    let decimals = measure.scale + FINER;
    mean.and_then(|mean| mean.rounded(decimals, Rounding::default())).ok().map(|mean| format_decimal(mean, decimals))
}
