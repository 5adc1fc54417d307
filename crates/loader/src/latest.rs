//! Figures as they are read: the current ones with titles, their history, and what is known of the indicators.

use std::collections::{BTreeMap, BTreeSet};

use model::{Area, AsDefined, Fingerprint, IndicatorId, IndicatorVersion, ObsStatus, Period, Series, Text};
use rusqlite::{OptionalExtension, Row, params_from_iter};

use crate::figures::key;
use crate::reading::{Conditions, parsed, word};
use crate::schema::{LATEST, LATEST_NOW, figures_as_of};
use crate::{Carried, Description, FigureKey, LoadError, Reading, RunNumber, Why};

/// Which figures are meant; a field that is `None` stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FigureFilter {
    /// As defined then or now; no filter takes both.
    pub as_defined: AsDefined,
    /// Of this indicator.
    pub indicator: Option<IndicatorId>,
    /// About this area.
    pub area: Option<Area>,
    /// About this period.
    pub period: Option<Period>,
    /// About this part of the population.
    pub breakdown: Option<String>,
    /// As they were known after this run; without it, as they are known now.
    pub as_of: Option<RunNumber>,
}

/// A current figure with all that a reader needs to understand it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The indicator.
    pub indicator: IndicatorId,
    /// The version of its definition that made it.
    pub version: IndicatorVersion,
    /// As defined then or now.
    pub as_defined: AsDefined,
    /// Its title.
    pub title: Text,
    /// The municipal area that it belongs to.
    pub area_of_work: String,
    /// Whom it is about.
    pub area: Area,
    /// The area's name.
    pub area_title: Text,
    /// The region that a municipality lies in.
    pub region: Option<String>,
    /// When.
    pub period: Period,
    /// What part of the population.
    pub breakdown: String,
    /// The value, rounded to the indicator's decimals.
    pub value: Option<Exact>,
    /// The numerator, where the formula is a quotient.
    pub numerator: Option<Exact>,
    /// The denominator, where the formula is a quotient.
    pub denominator: Option<Exact>,
    /// The unit of the value.
    pub unit: String,
    /// Decimals of the value.
    pub decimals: u8,
    /// How many municipalities contribute.
    pub contributing: u32,
    /// How many municipalities the area has.
    pub members: u32,
    /// The status.
    pub status: ObsStatus,
    /// Confidentiality; `F` is free.
    pub confidentiality: String,
    /// The number of the revision, from 1.
    pub revision: u32,
    /// The run that published it.
    pub known_from: RunNumber,
    /// What it is made of, where it is about the municipalities of another day; `None` of a stored figure.
    pub carried: Option<Carried>,
}

/// A number as it is kept: exactly, and as the nearest float.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    /// A decimal, or `n/d` where no finite decimal holds the number.
    pub text: String,
    /// The nearest float.
    pub float: f64,
}

/// One revision of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its number, from 1.
    pub revision: u32,
    /// The version of the indicator's definition.
    pub version: IndicatorVersion,
    /// What part of the population.
    pub breakdown: String,
    /// The value, as an exact decimal; `None` too while it is held.
    pub value: Option<String>,
    /// Whether it is, or was, held until somebody approves it.
    pub held: bool,
    /// The status.
    pub status: ObsStatus,
    /// What it was made of: numerator and denominator, exactly, and how many municipalities contribute.
    pub made_of: (Option<String>, Option<String>, u32),
    /// Why it came; `None` where an earlier version of the program wrote it.
    pub why: Option<Why>,
    /// The run that published it.
    pub known_from: RunNumber,
    /// The run that replaced or withdrew it.
    pub known_to: Option<RunNumber>,
}

/// A figure that is held, with its value: for whoever may approve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFigure {
    /// By which definition it was made.
    pub series: Series,
    /// The municipal area that it belongs to.
    pub area_of_work: String,
    /// Whom and when it is about.
    pub key: FigureKey,
    /// The municipality's name.
    pub title: String,
    /// The value, as an exact decimal.
    pub value: Option<String>,
    /// Its unit.
    pub unit: String,
}

impl Reading<'_> {
    /// The figures that are known now, or were known after a run, sorted by indicator, version, level (municipalities, regions, country, comparison
    /// groups), area, period and
    /// breakdown.
    pub fn figures(&self, filter: &FigureFilter) -> Result<Vec<Figure>, LoadError> {
        let mut conditions = Conditions::default();
        conditions.equal("indicator =", filter.indicator.as_ref());
        conditions.equal("area =", filter.area.as_ref());
        conditions.equal("level =", filter.area.as_ref().map(Area::level).as_ref());
        conditions.equal("period =", filter.period.as_ref());
        conditions.equal("breakdown =", filter.breakdown.as_ref());
        let view = match filter.as_defined {
            AsDefined::Then => LATEST,
            AsDefined::Now => LATEST_NOW,
        };
        let view = filter.as_of.map_or(view.to_owned(), |run| format!("({})", figures_as_of(view, run)));
        let sql = format!(
            "SELECT * FROM {view} WHERE {} ORDER BY indicator, version,
                CASE level WHEN 'municipality' THEN 1 WHEN 'region' THEN 2 WHEN 'country' THEN 3 ELSE 4 END, area, period, breakdown",
            conditions.to_sql()
        );
        self.query(|connection| {
            connection.prepare(&sql)?.query_map(params_from_iter(conditions.values()), figure)?.collect()
        })
    }

    /// All revisions of a figure by all versions of its definition, oldest first.
    pub fn revisions(
        &self,
        (indicator, as_defined): (&IndicatorId, AsDefined),
        key: &FigureKey,
    ) -> Result<Vec<Revision>, LoadError> {
        const SQL: &str = "SELECT * FROM observation WHERE indicator = ?1 AND as_defined = ?2 AND area = ?3
            AND period = ?4 AND breakdown = ?5 ORDER BY version, revision";
        let FigureKey { period, area, breakdown } = key;
        let (area, period) = (area.to_string(), period.to_string());
        self.query(|connection| {
            connection
                .prepare_cached(SQL)?
                .query_map((indicator.as_str(), as_defined.as_str(), area, period, breakdown), revision)?
                .collect()
        })
    }

    /// The figures that are held until somebody approves them, with their values.
    pub fn held(&self) -> Result<Vec<HeldFigure>, LoadError> {
        const SQL: &str = "SELECT o.*, a.level, a.title_da, i.area_of_work, i.unit FROM observation AS o
            JOIN area AS a ON a.area = o.area JOIN indicator AS i ON i.indicator = o.indicator AND i.version = o.version
            WHERE o.known_to_run IS NULL AND o.conf_status = 'N'
            ORDER BY i.area_of_work, o.area, o.period, o.indicator, o.version, o.as_defined, o.breakdown";
        self.query(|connection| {
            connection
                .prepare_cached(SQL)?
                .query_map([], |row| {
                    Ok(HeldFigure {
                        series: Series {
                            indicator: parsed(row, "indicator")?,
                            version: IndicatorVersion(row.get("version")?),
                            as_defined: word(row, "as_defined", AsDefined::parse)?,
                        },
                        area_of_work: row.get("area_of_work")?,
                        key: FigureKey {
                            period: parsed(row, "period")?,
                            area: area(row)?,
                            breakdown: row.get("breakdown")?,
                        },
                        title: row.get("title_da")?,
                        value: row.get("value_exact")?,
                        unit: row.get("unit")?,
                    })
                })?
                .collect()
        })
    }

    /// Which current figures a series has.
    pub fn observed(&self, series: &Series) -> Result<BTreeSet<FigureKey>, LoadError> {
        const SQL: &str =
            "SELECT o.area, o.period, o.breakdown, a.level FROM observation AS o JOIN area AS a ON a.area = o.area
            WHERE o.indicator = ?1 AND o.version = ?2 AND o.as_defined = ?3 AND o.known_to_run IS NULL";
        self.query(|connection| {
            connection
                .prepare_cached(SQL)?
                .query_map(key(series), |row| {
                    let (period, area, breakdown) = (parsed(row, "period")?, area(row)?, row.get("breakdown")?);
                    Ok(FigureKey { period, area, breakdown })
                })?
                .collect()
        })
    }

    /// The series that are computed, with what besides the rows.
    pub fn series(&self) -> Result<BTreeMap<Series, Fingerprint>, LoadError> {
        self.query(|connection| {
            connection
                .prepare_cached("SELECT indicator, version, as_defined, basis FROM series")?
                .query_map([], |row| {
                    let series = Series {
                        indicator: parsed(row, "indicator")?,
                        version: IndicatorVersion(row.get("version")?),
                        as_defined: word(row, "as_defined", AsDefined::parse)?,
                    };
                    Ok((series, parsed(row, "basis")?))
                })?
                .collect()
        })
    }

    /// What is said of every version of every indicator.
    pub fn descriptions(&self) -> Result<BTreeMap<(IndicatorId, IndicatorVersion), Description>, LoadError> {
        let sql = format!("SELECT indicator, version, {} FROM indicator", Description::columns());
        self.query(|connection| {
            connection
                .prepare_cached(&sql)?
                .query_map([], |row| {
                    let version = IndicatorVersion(row.get("version")?);
                    Ok(((parsed(row, "indicator")?, version), Description::read(row)?))
                })?
                .collect()
        })
    }

    /// The definition that the figures of a version were computed with, if there are any.
    pub fn fingerprint(
        &self,
        indicator: &IndicatorId,
        version: IndicatorVersion,
    ) -> Result<Option<Fingerprint>, LoadError> {
        const SQL: &str = "SELECT fingerprint FROM indicator WHERE indicator = ?1 AND version = ?2";
        self.query(|connection| {
            connection
                .prepare_cached(SQL)?
                .query_row((indicator.as_str(), version.0), |row| parsed(row, "fingerprint"))
                .optional()
        })
    }
}

fn area(row: &Row<'_>) -> rusqlite::Result<Area> {
    match row.get::<_, String>("level")?.as_str() {
        "municipality" => parsed(row, "area").map(Area::Municipality),
        "region" => row.get("area").map(Area::Region),
        "comparison_group" => parsed(row, "area").map(Area::Comparison),
        _ => Ok(Area::Country),
    }
}

fn exact(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<Exact>> {
    let text: Option<String> = row.get(format!("{name}_exact").as_str())?;
    let float: Option<f64> = row.get(name)?;
    Ok(text.zip(float).map(|(text, float)| Exact { text, float }))
}

fn figure(row: &Row<'_>) -> rusqlite::Result<Figure> {
    let text = |da: &str, en: &str| Ok::<_, rusqlite::Error>(Text { da: row.get(da)?, en: row.get(en)? });
    Ok(Figure {
        indicator: parsed(row, "indicator")?,
        version: IndicatorVersion(row.get("version")?),
        as_defined: word(row, "as_defined", AsDefined::parse)?,
        title: text("indicator_title_da", "indicator_title_en")?,
        area_of_work: row.get("area_of_work")?,
        area: area(row)?,
        area_title: text("area_title_da", "area_title_en")?,
        region: row.get("region")?,
        period: parsed(row, "period")?,
        breakdown: row.get("breakdown")?,
        value: exact(row, "value")?,
        numerator: exact(row, "numerator")?,
        denominator: exact(row, "denominator")?,
        unit: row.get("unit")?,
        decimals: row.get("decimals")?,
        contributing: row.get("contributing")?,
        members: row.get("members")?,
        status: word(row, "obs_status", ObsStatus::from_code)?,
        confidentiality: row.get("conf_status")?,
        revision: row.get("revision")?,
        known_from: RunNumber(row.get("known_from_run")?),
        carried: None,
    })
}

fn revision(row: &Row<'_>) -> rusqlite::Result<Revision> {
    let held = row.get::<_, String>("conf_status")? == "N";
    let value: Option<String> = row.get("value_exact")?;
    Ok(Revision {
        revision: row.get("revision")?,
        version: IndicatorVersion(row.get("version")?),
        breakdown: row.get("breakdown")?,
        value: value.filter(|_| !held),
        held,
        status: word(row, "obs_status", ObsStatus::from_code)?,
        made_of: (row.get("numerator_exact")?, row.get("denominator_exact")?, row.get("contributing")?),
        why: Why::parse(&row.get::<_, String>("why")?),
        known_from: RunNumber(row.get("known_from_run")?),
        known_to: row.get::<_, Option<i64>>("known_to_run")?.map(RunNumber),
    })
}
