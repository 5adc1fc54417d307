//! What was published, and why: the answers behind `status`, `rejects`, `explain` and `export`.

mod answer;
mod as_of;
mod carried;
mod explain;
mod history;
mod rejects;
mod status;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use loader::{Figure, FigureFilter, Language, LoadError, Separator, Store};
use model::{Area, AsDefined, Catalogue, Code, Indicator, MunicipalityCode, Period, Series, SourceId};

pub use self::answer::{
    AsOfLine, CarriedLine, CauseLine, DeliveryLine, DeliveryName, Explanation, ExportFilter, HeldLine, IndicatorLine,
    MeasureLine, MemberLine, MissingUnits, Parts, RefusedDelivery, RevisionLine, RowsOfMeasure, RunLine, SourceStatus,
    Status, StatusFilter, UnitLine, VersionLine,
};
pub use self::as_of::AsOf;
pub use self::rejects::{
    Decision, Expected, RejectCount, RejectFilter, RejectLine, RejectReason, RejectedRecord, Rejects,
};
use crate::decisions::Decisions;
use crate::{Project, RunError};

/// The published store of a project.
pub struct Queries<'a> {
    catalogue: &'a Catalogue,
    root: PathBuf,
    store: Store,
}

impl std::fmt::Debug for Queries<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queries").field("store", &self.store).finish_non_exhaustive()
    }
}

impl<'a> Queries<'a> {
    /// Opens the store for reading, beside a run that may be at work.
    pub fn open(project: &'a Project) -> Result<Self, RunError> {
        let store = Store::open_read_only(&project.store()).map_err(|error| match error {
            LoadError::Missing { .. } => RunError::Usage {
                code: Code::NOTHING_KNOWN,
                message: "nothing has been published yet".to_owned(),
                help: "`musketer run` reads the deliveries and publishes the figures".to_owned(),
            },
            error => error.into(),
        })?;
        Ok(Self { catalogue: &project.catalogue, root: project.store(), store })
    }

    /// The latest figure of the country by a version of an indicator: period and value.
    pub fn latest_of_country(&mut self, series: &Series) -> Result<Option<(Period, String)>, RunError> {
        let filter = FigureFilter {
            as_defined: series.as_defined,
            indicator: Some(series.indicator.clone()),
            area: Some(Area::Country),
            breakdown: Some(model::TOTAL.to_owned()),
            ..FigureFilter::default()
        };
        let figures = self.store.read()?.figures(&filter)?;
        let of_version = figures.into_iter().filter(|figure| figure.version == series.version);
        let known = of_version.filter_map(|figure| Some((figure.period, figure.value?.text)));
        Ok(known.max_by_key(|(period, _)| *period))
    }

    fn figures(&mut self, filter: &ExportFilter) -> Result<Vec<Figure>, RunError> {
        if let Some(day) = filter.municipalities_of {
            return self.carried(filter, day);
        }
        let reading = self.store.read()?;
        let mut figures = Vec::new();
        let as_defined = filter.as_defined;
        let as_of = as_of::known_after(&reading, filter.as_of.as_ref())?;
        if filter.indicators.is_empty() {
            figures = reading.figures(&FigureFilter { as_defined, as_of, ..FigureFilter::default() })?;
        }
        for id in &filter.indicators {
            let indicator = known_indicator(self.catalogue, id)?;
            let indicator = Some(indicator.id.clone());
            let filter = FigureFilter { as_defined, indicator, as_of, ..FigureFilter::default() };
            figures.extend(reading.figures(&filter)?);
        }
        if figures.is_empty() && as_defined == AsDefined::Now {
            return Err(none_as_defined_now());
        }
        if let Some(parts) = filter.breakdowns.iter().find(|parts| !is_known(self.catalogue, parts, &figures)) {
            return Err(unknown_parts(self.catalogue, filter, parts));
        }
        figures.retain(|figure| filter.periods.is_empty() || filter.periods.contains(&figure.period));
        figures.retain(|figure| filter.takes(&figure.area, &figure.breakdown));
        Ok(figures)
    }

    /// What is held until somebody approves it, with the values that are published then: of an area of work, a municipality
    /// and the periods within one, or all.
    pub fn held(
        &mut self,
        area: Option<&str>,
        municipality: Option<MunicipalityCode>,
        period: Option<Period>,
    ) -> Result<Vec<HeldLine>, RunError> {
        let is_meant = |figure: &loader::HeldFigure| {
            area.is_none_or(|area| area == figure.area_of_work)
                && municipality.is_none_or(|code| figure.key.area == Area::Municipality(code))
                && period.is_none_or(|period| period.covers(figure.key.period))
        };
        let held = self.store.read()?.held()?;
        Ok(held.into_iter().filter(is_meant).map(held_line).collect())
    }

    /// The periods of which figures of a municipality in an area of work are approved.
    pub fn approved(&mut self, area: &str, municipality: MunicipalityCode) -> Result<BTreeSet<Period>, RunError> {
        let decisions = self.decisions()?;
        let ours = decisions.approved.iter().filter(|(of, code, _)| of == area && *code == municipality);
        Ok(ours.map(|(.., period)| *period).collect())
    }

    /// What people have decided.
    fn decisions(&mut self) -> Result<Decisions, RunError> {
        let mut decisions = Decisions::default();
        self.store.read()?.acts()?.iter().for_each(|recorded| decisions.add(&recorded.act));
        Ok(decisions)
    }

    /// Who belongs to the comparison groups, as CSV, and how many memberships there are.
    pub fn comparison_groups_csv(&mut self, separator: Separator) -> Result<(Vec<u8>, usize), RunError> {
        let members = self.store.read()?.comparison_groups()?;
        let mut text = Vec::new();
        loader::export_members_csv(&members, separator, Language::Danish, &mut text)
            .map_err(RunError::file("the export"))?;
        Ok((text, members.len()))
    }

    /// Writes the figures as CSV and returns how many there are.
    pub fn export_csv(
        &mut self,
        filter: &ExportFilter,
        separator: Separator,
        out: &mut dyn Write,
    ) -> Result<usize, RunError> {
        let figures = self.figures(filter)?;
        match loader::export_csv(&figures, separator, Language::Danish, out) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
            result => result.map_err(RunError::file("the export"))?,
        }
        Ok(figures.len())
    }

    /// Writes the figures to a CSV file, which appears whole or not at all, and returns how many there are.
    pub fn export_csv_file(
        &mut self,
        filter: &ExportFilter,
        separator: Separator,
        path: &Path,
    ) -> Result<usize, RunError> {
        let mut text = Vec::new();
        let rows = self.export_csv(filter, separator, &mut text)?;
        write_whole(path, &text)?;
        Ok(rows)
    }

    /// Writes who belongs to the comparison groups to a CSV file, which appears whole or not at all.
    pub fn export_comparison_groups(&mut self, separator: Separator, path: &Path) -> Result<usize, RunError> {
        let (text, rows) = self.comparison_groups_csv(separator)?;
        write_whole(path, &text)?;
        Ok(rows)
    }

    /// Writes the figures to a Parquet file and returns how many there are.
    pub fn export_parquet(&mut self, filter: &ExportFilter, path: &Path) -> Result<usize, RunError> {
        let figures = self.figures(filter)?;
        loader::export_parquet(&figures, Language::Danish, path)?;
        Ok(figures.len())
    }
}

fn write_whole(path: &Path, text: &[u8]) -> Result<(), RunError> {
    let aside = path.with_extension("csv.part");
    let written = std::fs::write(&aside, text).and_then(|()| std::fs::rename(&aside, path));
    written.map_err(RunError::file(path))
}

/// Whose figures of a series are held, and of which periods.
fn held_cells(
    reading: &loader::Reading<'_>,
    series: &Series,
) -> Result<BTreeSet<(MunicipalityCode, Period)>, RunError> {
    let held = reading.held()?.into_iter().filter(|figure| figure.series == *series);
    let cell = |figure: loader::HeldFigure| match figure.key.area {
        Area::Municipality(code) => Some((code, figure.key.period)),
        _ => None,
    };
    Ok(held.filter_map(cell).collect())
}

fn known_indicator<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Indicator, RunError> {
    catalogue.indicators.get(id).map(AsRef::as_ref).ok_or_else(|| RunError::Usage {
        code: Code::NOTHING_KNOWN,
        message: format!("there is no indicator `{}`", model::redact(id)),
        help: format!("there are {}", names(catalogue.indicators.keys())),
    })
}

fn none_as_defined_now() -> RunError {
    RunError::Usage {
        code: Code::NOTHING_KNOWN,
        message: "there are no figures as defined now".to_owned(),
        help: "write `definitions: both` into the pipeline, and run it".to_owned(),
    }
}

/// Whether a definition, or a figure that was made by an earlier one, has the parts.
fn is_known(catalogue: &Catalogue, parts: &Parts, figures: &[Figure]) -> bool {
    let Parts::Named(name) = parts else { return true };
    let has = |indicator: &Indicator| {
        indicator.cell(name).is_some() || indicator.breakdowns.iter().any(|one| indicator.breakdown_text(one) == *name)
    };
    catalogue.all_versions().any(|indicator| has(indicator))
        || figures.iter().any(|figure| parts.include(&figure.breakdown))
}

fn unknown_parts(catalogue: &Catalogue, filter: &ExportFilter, parts: &Parts) -> RunError {
    let meant = |indicator: &&std::sync::Arc<Indicator>| {
        filter.indicators.is_empty() || filter.indicators.iter().any(|id| id == indicator.id.as_str())
    };
    let of = |indicator: &std::sync::Arc<Indicator>| {
        indicator.breakdowns.iter().map(|one| indicator.breakdown_text(one)).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = catalogue.all_versions().filter(meant).flat_map(of).collect();
    let known = if known.is_empty() { "no breakdowns".to_owned() } else { names(known.iter()) };
    let name = if let Parts::Named(name) = parts { name.as_str() } else { "all" };
    RunError::Usage {
        code: Code::NOTHING_KNOWN,
        message: format!("no figure is broken down by `{}`", model::redact(name)),
        help: format!("there are {known}; `total` stands for the totals, `all` for everything"),
    }
}

fn known_source(catalogue: &Catalogue, id: &str) -> Result<SourceId, RunError> {
    catalogue.sources.get(id).map(|source| source.id.clone()).ok_or_else(|| RunError::Usage {
        code: Code::NOTHING_KNOWN,
        message: format!("there is no source `{}`", model::redact(id)),
        help: format!("there are {}", names(catalogue.sources.keys())),
    })
}

fn names<T: ToString>(ids: impl Iterator<Item = T>) -> String {
    ids.map(|id| format!("`{}`", id.to_string())).collect::<Vec<_>>().join(", ")
}

fn held_line(figure: loader::HeldFigure) -> HeldLine {
    let Series { indicator, as_defined, .. } = &figure.series;
    let now = if *as_defined == AsDefined::Now { "@now" } else { "" };
    HeldLine {
        area_of_work: figure.area_of_work,
        municipality: figure.key.area.to_string(),
        title: figure.title,
        period: figure.key.period.to_string(),
        indicator: format!("{indicator}{now}"),
        breakdown: figure.key.breakdown,
        value: figure.value,
        unit: figure.unit,
    }
}
