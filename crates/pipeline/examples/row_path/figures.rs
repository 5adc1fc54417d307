//! Figures, from nothing but what was added up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use model::{DatasetId, Indicator, MunicipalityCode, Observation, Period, Pipeline, Ratio, Stop, format_decimal};
use musketer_pipeline::Project;
use normaliser::{CanonicalFile, DatasetRows, Member, Request, measure, observe};

use crate::Failure;
use crate::reading::ReadDelivery;

type Cell = (MunicipalityCode, Period);

/// All figures of the pipeline that have a value.
pub(crate) fn figures(
    project: &Project,
    pipeline: &Pipeline,
    read: &[ReadDelivery<'_>],
) -> Result<Vec<Observation>, Failure> {
    let indicators = pipeline.indicators.iter().filter_map(|id| project.catalogue.indicators.get(id));
    let indicators: Vec<&Indicator> = indicators.map(AsRef::as_ref).collect();
    let rows = rows(pipeline, read)?;
    let wanted: Vec<BTreeSet<Cell>> = indicators.iter().map(|indicator| wanted(indicator, &rows)).collect();
    let requests = indicators.iter().zip(&wanted).map(|(indicator, wanted)| Request { indicator, wanted });
    let measured = measure(&requests.collect::<Vec<_>>(), &rows, &Stop::default())?;
    let mut figures = Vec::new();
    for (indicator, measures) in indicators.into_iter().zip(measured) {
        figures.extend(observe(indicator, &measures, &|period| members(project, period))?);
    }
    figures.retain(|figure| figure.value.is_some());
    Ok(figures)
}

/// What was read of each dataset. A file stands for rows that are nowhere: a measure that could not be added up while
/// they were read would have to open it, and fails.
fn rows<'a>(pipeline: &Pipeline, read: &[ReadDelivery<'a>]) -> Result<BTreeMap<DatasetId, DatasetRows<'a>>, Failure> {
    let mut rows: BTreeMap<DatasetId, DatasetRows<'_>> = BTreeMap::new();
    for delivery in read {
        let nothing = || DatasetRows {
            dataset: delivery.dataset,
            files: Vec::new(),
            delivered: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        let known = rows.entry(delivery.dataset.id.clone()).or_insert_with(nothing);
        for (municipality, period) in cells(pipeline, delivery) {
            if !known.delivered.insert((municipality, period)) {
                return Err(format!("two deliveries hold rows of {municipality} in {period}").into());
            }
        }
        let file = |(municipality, period)| CanonicalFile {
            path: PathBuf::from("(canonical rows, which are not kept here)"),
            municipality,
            period,
            partials: Some(Arc::clone(&delivery.partials)),
        };
        known.files.extend(delivery.partials.cells().map(file));
    }
    for known in rows.values_mut() {
        known.used.clone_from(&known.delivered);
    }
    Ok(rows)
}

/// The cells that a delivery covers, with rows or without, and for which the pipeline uses its source.
fn cells(pipeline: &Pipeline, delivery: &ReadDelivery<'_>) -> BTreeSet<Cell> {
    let scope = &delivery.found.scope;
    let uses: Vec<_> = pipeline.uses.iter().filter(|usage| usage.source == scope.source).collect();
    let is_used = |(municipality, period): &Cell| {
        uses.iter().any(|usage| {
            usage.municipalities.binary_search(municipality).is_ok()
                && usage.from <= *period
                && usage.to.is_none_or(|to| *period <= to)
        })
    };
    let mut cells: BTreeSet<Cell> = delivery.partials.cells().collect();
    let last = cells.iter().map(|(_, period)| *period).max();
    if let (Some(municipality), Some(period), Some(last)) = (scope.municipality, scope.period, last) {
        let parts = period.parts(delivery.dataset.partition).take_while(|part| *part <= last);
        cells.extend(parts.map(|part| (municipality, part)));
    }
    cells.retain(is_used);
    cells
}

/// The municipalities and periods for which something was delivered, and that the indicator is defined for.
fn wanted(indicator: &Indicator, rows: &BTreeMap<DatasetId, DatasetRows<'_>>) -> BTreeSet<Cell> {
    let is_defined = |period: &Period| indicator.defines(*period);
    let mut wanted = BTreeSet::new();
    for measure in &indicator.measures {
        for (municipality, part) in rows.get(&measure.dataset).into_iter().flat_map(|rows| &rows.delivered) {
            let Some(rows) = rows.get(&measure.dataset) else { continue };
            let periods =
                measure.touched(*part, indicator.period, rows.dataset, part.end()).into_iter().filter(is_defined);
            wanted.extend(periods.map(|period| (*municipality, period)));
        }
    }
    wanted
}

/// The municipalities and their regions at the beginning of a period.
fn members(project: &Project, period: Period) -> Vec<Member> {
    let catalogue = &project.catalogue;
    let Some(list) = catalogue.municipalities() else { return Vec::new() };
    let member = |municipality: MunicipalityCode| {
        let index = list.index_of(&municipality.to_string())?;
        let region = list.attribute(index, "region", period.start())?.to_owned();
        Some(Member { municipality, region })
    };
    catalogue.municipality_codes().into_iter().filter_map(member).collect()
}

/// Writes the figures as CSV, the sides of quotients as exact fractions.
pub(crate) fn write(figures: &[Observation], mut out: impl Write) -> io::Result<()> {
    let fraction = |ratio: Ratio| format!("{}/{}", ratio.numerator(), ratio.denominator());
    writeln!(out, "indicator;area;period;value;numerator;denominator")?;
    for figure in figures {
        let value = figure.value.map(|value| format_decimal(value, figure.decimals)).unwrap_or_default();
        let [numerator, denominator] =
            [figure.numerator, figure.denominator].map(|side| side.map(fraction).unwrap_or_default());
        writeln!(out, "{};{};{};{value};{numerator};{denominator}", figure.indicator, figure.area, figure.period)?;
    }
    out.flush()
}
