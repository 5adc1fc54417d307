//! Every shipped indicator, computed from a few canonical rows: `fixtures/indicators/<indicator>/<case>/`.
//!
//! A case has the rows (`<dataset>.csv`; columns left out are missing), the units that were delivered beyond those
//! seen in the rows (`delivered.csv`), and the figures (`expected.csv`). Only the municipalities of the case exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use loader::{CanonicalWriter, PartScope};
use model::{
    Catalogue, Column, ColumnData, ColumnKind, Dataset, DatasetId, Date, DeliveryId, Fingerprint, Indicator,
    MunicipalityCode, Observation, Period, Ratio, RecordBatch, RecordSchema, SourceId, WorkUnit, format_decimal, pow10,
};
use normaliser::{CanonicalFile, DatasetRows, Member, Request, measure, observe};

use crate::{project, table};

type Cell = (MunicipalityCode, Period);

fn push(kind: &ColumnKind, column: &mut Column, text: &str) {
    if text.is_empty() {
        column.push_missing();
        return;
    }
    match (kind, &mut column.data) {
        (ColumnKind::Integer, ColumnData::Number(values)) => values.push(text.parse().expect("a whole number")),
        (ColumnKind::Decimal { scale }, ColumnData::Number(values)) => {
            let (_, decimals) = text.split_once('.').unwrap_or((text, ""));
            assert_eq!(decimals.len(), usize::from(*scale), "{text} has not the field's decimals");
            values.push(text.replace('.', "").parse().expect("a decimal"));
        }
        (ColumnKind::Date, ColumnData::Date(values)) => values.push(Date::parse_iso(text).expect("a day").days()),
        (ColumnKind::Boolean, ColumnData::Boolean(values)) => values.push(text == "true"),
        (ColumnKind::Code(codes), ColumnData::Code(values)) => {
            let at = codes.iter().position(|code| code == text).unwrap_or_else(|| panic!("no code {text}"));
            values.push(u32::try_from(at).expect("few codes"));
        }
        (ColumnKind::Text, ColumnData::Text(values)) => values.push(text),
        _ => unreachable!("a column has its kind"),
    }
    column.valid.push(true);
}

/// The rows of a table as canonical rows, sorted into units.
fn batches(dataset: &Dataset, catalogue: &Catalogue, path: &Path) -> BTreeMap<Cell, RecordBatch> {
    let schema = Arc::new(RecordSchema::of(dataset, |list| Arc::clone(catalogue.codelists[list].codes())));
    let (header, rows) = table::read(path);
    let at = |name: &str| header.iter().position(|known| known == name);
    let municipality = at(dataset.field(dataset.municipality).name.as_str()).expect("the municipality");
    let time = at(dataset.field(dataset.time).name.as_str()).expect("the time");
    let mut batches = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let code = MunicipalityCode::new(&row[municipality]).expect("a municipality");
        let period = Period::containing(dataset.partition, Date::parse_iso(&row[time]).expect("a day"));
        let batch = batches.entry((code, period)).or_insert_with(|| RecordBatch::new(Arc::clone(&schema)));
        for ((name, kind), column) in schema.columns.iter().zip(&mut batch.columns) {
            push(kind, column, at(name).map_or("", |at| row[at].as_str()));
        }
        batch.line.push(number as u64 + 2);
        batch.record.push(number as u64 + 2);
    }
    batches
}

fn write(store: &Path, dataset: &Dataset, cell: Cell, batch: &RecordBatch) -> CanonicalFile {
    let source = SourceId::new("fixture").expect("an id");
    let scope = PartScope {
        unit: WorkUnit { source, municipality: cell.0, period: cell.1 },
        dataset: dataset.id.clone(),
        delivery: DeliveryId::stored("0123456789abcdef"),
        reading: Fingerprint::of(b"fixture"),
    };
    let mut writer = CanonicalWriter::create(store, &scope, &batch.schema);
    writer.write(batch, None).expect("written");
    let part = writer.finish().expect("finished").expect("rows");
    CanonicalFile { path: store.join(part.path), municipality: cell.0, period: cell.1, partials: None }
}

fn delivered(folder: &Path) -> BTreeMap<String, BTreeSet<Cell>> {
    let path = folder.join("delivered.csv");
    let mut units: BTreeMap<String, BTreeSet<Cell>> = BTreeMap::new();
    if path.exists() {
        for row in table::read(&path).1 {
            let cell = (MunicipalityCode::new(&row[1]).expect("a municipality"), row[2].parse().expect("a period"));
            units.entry(row[0].clone()).or_default().insert(cell);
        }
    }
    units
}

struct Given<'a> {
    rows: BTreeMap<DatasetId, DatasetRows<'a>>,
    municipalities: BTreeSet<MunicipalityCode>,
}

fn given<'a>(folder: &Path, store: &Path, catalogue: &'a Catalogue, indicator: &Indicator) -> Given<'a> {
    let beyond = delivered(folder);
    let mut rows = BTreeMap::new();
    let mut municipalities = BTreeSet::new();
    for id in indicator.measures.iter().map(|measure| &measure.dataset).collect::<BTreeSet<_>>() {
        let dataset = catalogue.datasets[id].as_ref();
        let path = folder.join(format!("{id}.csv"));
        let batches = if path.exists() { batches(dataset, catalogue, &path) } else { BTreeMap::new() };
        let mut delivered: BTreeSet<Cell> = batches.keys().copied().collect();
        delivered.extend(beyond.get(id.as_str()).into_iter().flatten());
        municipalities.extend(delivered.iter().map(|(code, _)| *code));
        let files = batches.iter().map(|(cell, batch)| write(store, dataset, *cell, batch)).collect();
        rows.insert(id.clone(), DatasetRows { dataset, files, delivered, used: BTreeSet::new() });
    }
    let expected = folder.join("expected.csv");
    if expected.exists() {
        municipalities.extend(table::read(&expected).1.iter().filter_map(|row| own_figure(row)));
    }
    // In a case everybody owes everything.
    let periods: BTreeSet<Period> =
        rows.values().flat_map(|of: &DatasetRows<'_>| of.delivered.iter().map(|(_, period)| *period)).collect();
    for of in rows.values_mut() {
        let years = periods.iter().map(|period| Period::containing(model::PeriodKind::Year, period.start()));
        let parts: BTreeSet<Period> = years.flat_map(|year| year.parts(of.dataset.partition)).collect();
        of.used = municipalities.iter().flat_map(|code| parts.iter().map(|part| (*code, *part))).collect();
    }
    Given { rows, municipalities }
}

/// The municipality that a line of `expected.csv` is about; a region's code begins with 1.
fn own_figure(row: &[String]) -> Option<MunicipalityCode> {
    MunicipalityCode::new(&row[0]).filter(|_| row[0].starts_with('0'))
}

/// The periods for which somebody has delivered everything.
fn published(indicator: &Indicator, given: &Given<'_>) -> BTreeSet<Period> {
    let touched = indicator.measures.iter().flat_map(|measure| {
        let of = &given.rows[&measure.dataset];
        of.delivered.iter().flat_map(|(_, part)| measure.touched(*part, indicator.period, of.dataset, part.end()))
    });
    let complete = |period: &Period| {
        indicator.measures.iter().all(|measure| {
            let of = &given.rows[&measure.dataset];
            let needed = measure.partitions(*period, of.dataset);
            given.municipalities.iter().any(|code| needed.iter().all(|part| of.delivered.contains(&(*code, *part))))
        })
    };
    touched.collect::<BTreeSet<Period>>().into_iter().filter(complete).collect()
}

/// A fraction as the fixtures write it: a decimal where a finite one holds it, otherwise `n/d`.
fn exact(ratio: Option<Ratio>) -> String {
    let Some(ratio) = ratio else { return String::new() };
    let finite = (0..=18).find(|scale| {
        pow10(*scale).ok().and_then(|unit| ratio.times(Ratio::integer(unit)).ok()).is_some_and(|r| r.denominator() == 1)
    });
    match finite {
        Some(scale) => {
            format_decimal(ratio.times(Ratio::integer(pow10(scale).expect("fits"))).expect("fits").numerator(), scale)
        }
        None => format!("{}/{}", ratio.numerator(), ratio.denominator()),
    }
}

fn line(observation: &Observation) -> String {
    let Observation { area, period, contributing, members, .. } = observation;
    let value = observation.value.map(|value| format_decimal(value, observation.decimals)).unwrap_or_default();
    let (numerator, denominator) = (exact(observation.numerator), exact(observation.denominator));
    let status = observation.status.code();
    format!("{area};{period};{value};{numerator};{denominator};{contributing};{members};{status}")
}

#[test]
fn indicators_give_the_figures_that_a_person_expects() {
    let catalogue = project::catalogue();
    let list = catalogue.municipalities().expect("the municipalities");
    for folder in table::folders(&project::root().join("fixtures/indicators")) {
        let id = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let indicator = catalogue.indicators.get(id.as_str()).unwrap_or_else(|| panic!("no indicator {id}"));
        for case in table::folders(&folder) {
            let store = tempfile::tempdir().expect("a folder");
            let given = given(&case, store.path(), &catalogue, indicator);
            let periods = published(indicator, &given);
            let wanted: BTreeSet<Cell> =
                given.municipalities.iter().flat_map(|code| periods.iter().map(|period| (*code, *period))).collect();
            let request = Request { indicator, wanted: &wanted };
            let measures = measure(&[request], &given.rows).expect("measured").remove(0);
            let members = |period: Period| -> Vec<Member> {
                let region = |code: &MunicipalityCode| {
                    let index = list.index_of(&code.to_string()).expect("a municipality");
                    list.attribute(index, "region", period.start()).expect("a region").to_owned()
                };
                let member = |code: &MunicipalityCode| Member { municipality: *code, region: region(code) };
                given.municipalities.iter().map(member).collect()
            };
            let observations = observe(indicator, &measures, &members).expect("observed");
            let mut lines: Vec<(Period, String)> = observations.iter().map(|one| (one.period, line(one))).collect();
            lines.sort();
            let mut text = "area;period;value;numerator;denominator;contributing;members;obs_status\n".to_owned();
            for (_, line) in lines {
                writeln!(text, "{line}").expect("a string takes everything");
            }
            table::compare(&case.join("expected.csv"), &text);
        }
    }
}
