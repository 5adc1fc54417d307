//! Areas, indicators, measures and figures: what is published.
//!
//! A figure that stays as it was leaves its row alone; one that changes closes its row and opens the next revision.
//! So the table holds what was known at any time, and a run that computes everything again changes nothing.

use std::collections::BTreeSet;

use model::{
    Area, AsDefined, FieldName, Fingerprint, Indicator, IndicatorId, IndicatorVersion, MeasureValue, MunicipalityCode,
    ObsStatus, Observation, Period, Ratio, Series, Text, format_decimal, pow10,
};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params_from_iter};

use crate::reading::{count, parsed, whole, word};
use crate::{LoadError, Publication, Reading, RunNumber, Why};

/// An area with its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaRecord {
    /// The area.
    pub area: Area,
    /// Its name.
    pub title: Text,
    /// The region that a municipality lies in.
    pub region: Option<String>,
}

/// Which figure of an indicator it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FigureKey {
    /// When.
    pub period: Period,
    /// Whom it is about.
    pub area: Area,
    /// What part of the population.
    pub breakdown: String,
}

impl FigureKey {
    /// The key of a figure.
    pub fn of(observation: &Observation) -> Self {
        let Observation { period, area, breakdown, .. } = observation;
        Self { period: *period, area: area.clone(), breakdown: breakdown.clone() }
    }
}

/// What became of figures that were given to a publication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FigureCounts {
    /// Published for the first time.
    pub new: u64,
    /// Published before with another value, status or composition.
    pub changed: u64,
    /// As they were.
    pub unchanged: u64,
}

impl FigureCounts {
    fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }
}

/// A number exactly: a decimal if a finite one holds it, otherwise `n/d`.
pub(crate) fn exact_text(ratio: Ratio) -> String {
    let (mut rest, mut scale) = (ratio.denominator(), 0_u8);
    for factor in [2, 5] {
        let mut power = 0_u8;
        while rest % factor == 0 {
            (rest, power) = (rest / factor, power + 1);
        }
        scale = scale.max(power);
    }
    let minor = pow10(scale).ok().filter(|_| rest == 1).and_then(|unit| ratio.times(Ratio::integer(unit)).ok());
    match minor {
        Some(minor) => format_decimal(minor.numerator(), scale),
        None => format!("{}/{}", ratio.numerator(), ratio.denominator()),
    }
}

/// The nearest float. A decimal text is rounded once when it is read; two integers would be rounded, and their quotient.
pub(crate) fn float(exact: &str) -> Option<f64> {
    match exact.split_once('/') {
        None => exact.parse().ok(),
        Some((numerator, denominator)) => {
            Ratio::new(numerator.parse().ok()?, denominator.parse().ok()?).ok().map(Ratio::to_f64)
        }
    }
}

/// An observation as the table keeps it.
#[derive(Debug, PartialEq)]
struct StoredFigure {
    value: Option<String>,
    numerator: Option<String>,
    denominator: Option<String>,
    contributing: u32,
    members: u32,
    status: String,
    confidentiality: String,
}

impl StoredFigure {
    fn of(observation: &Observation) -> Self {
        Self {
            value: observation.value.map(|value| format_decimal(value, observation.decimals)),
            numerator: observation.numerator.map(exact_text),
            denominator: observation.denominator.map(exact_text),
            contributing: observation.contributing,
            members: observation.members,
            status: observation.status.code().to_owned(),
            confidentiality: observation.confidentiality().to_owned(),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            value: row.get("value_exact")?,
            numerator: row.get("numerator_exact")?,
            denominator: row.get("denominator_exact")?,
            contributing: row.get("contributing")?,
            members: row.get("members")?,
            status: row.get("obs_status")?,
            confidentiality: row.get("conf_status")?,
        })
    }
}

impl Publication<'_> {
    /// Records whom figures can be about. Areas that are not named again stay: earlier figures are about them.
    pub fn areas(&mut self, areas: &[AreaRecord]) -> Result<(), LoadError> {
        const SQL: &str = "INSERT INTO area (area, level, title_da, title_en, region) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (area) DO UPDATE SET level = excluded.level, title_da = excluded.title_da,
                title_en = excluded.title_en, region = excluded.region";
        self.write(|connection| {
            let mut upsert = connection.prepare_cached(SQL)?;
            for AreaRecord { area, title, region } in areas {
                upsert.execute((area.to_string(), area.level(), &title.da, &title.en, region))?;
            }
            Ok(())
        })
    }

    /// Records a version of an indicator with its texts. Where its meaning is another one than before, its measures are
    /// forgotten, because they are those of the old one.
    pub fn indicator(&mut self, indicator: &Indicator, is_current: bool) -> Result<(), LoadError> {
        self.write(|connection| {
            let key = (indicator.id.as_str(), indicator.version.0);
            let same = "SELECT count(*) FROM indicator WHERE indicator = ?1 AND version = ?2 AND fingerprint = ?3";
            let same: i64 = connection
                .prepare_cached(same)?
                .query_row((key.0, key.1, indicator.fingerprint.to_string()), |row| row.get(0))?;
            if same == 0 {
                connection.execute("DELETE FROM measure WHERE indicator = ?1 AND version = ?2", key)?;
            }
            if is_current {
                connection.execute("UPDATE indicator SET current = 0 WHERE indicator = ?1 AND version <> ?2", key)?;
            }
            upsert_indicator(connection, indicator, is_current)
        })
    }

    /// Records that a series is computed from now on; `basis` is the hash of all that decides its figures besides the
    /// rows.
    pub fn series(&mut self, series: &Series, basis: &Fingerprint) -> Result<(), LoadError> {
        const SQL: &str =
            "INSERT OR REPLACE INTO series (indicator, version, as_defined, basis) VALUES (?1, ?2, ?3, ?4)";
        let (indicator, version, as_defined) = key(series);
        let basis = basis.to_string();
        self.write(|connection| {
            connection.prepare_cached(SQL)?.execute((indicator, version, as_defined, basis)).map(drop)
        })
    }

    /// Records that an indicator's figures are not up to date: rows changed that this run does not compute it from. The
    /// next run of a pipeline that has it computes it anew.
    pub fn outdate_indicator(&mut self, indicator: &IndicatorId) -> Result<(), LoadError> {
        const SQL: &str = "UPDATE series SET basis = ?2 WHERE indicator = ?1";
        let basis = outdated().to_string();
        self.write(|connection| connection.execute(SQL, (indicator.as_str(), basis)).map(drop))
    }

    /// Records that a series is computed no more: its figures are withdrawn, its measures go. Returns how many figures
    /// there were.
    pub fn withdraw(&mut self, series: &Series) -> Result<u64, LoadError> {
        const CLOSE: &str = "UPDATE observation SET known_to_run = ?4
            WHERE indicator = ?1 AND version = ?2 AND as_defined = ?3 AND known_to_run IS NULL";
        let (indicator, version, as_defined) = key(series);
        let closed = self.write(|connection| {
            let closed = connection.execute(CLOSE, (indicator, version, as_defined, self.run.0))?;
            for table in ["measure", "series"] {
                let sql = format!("DELETE FROM {table} WHERE indicator = ?1 AND version = ?2 AND as_defined = ?3");
                connection.execute(&sql, (indicator, version, as_defined))?;
            }
            Ok(closed as u64)
        })?;
        self.closed += closed;
        Ok(closed)
    }

    /// Records measures, each in place of its earlier value.
    pub fn measures(&mut self, measures: &[MeasureValue], as_defined: AsDefined) -> Result<(), LoadError> {
        const SQL: &str = "INSERT OR REPLACE INTO measure
            (indicator, version, as_defined, municipality, period, breakdown, measure, minor, scale, divisor, rows,
            obs_status)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        self.write(|connection| {
            let mut upsert = connection.prepare_cached(SQL)?;
            for value in measures {
                let place = (value.municipality.to_string(), value.period.to_string());
                let (name, version) = (value.indicator.as_str(), value.version.0);
                let number = (value.minor, value.scale, value.divisor);
                upsert.execute(rusqlite::params![
                    name,
                    version,
                    as_defined.as_str(),
                    place.0,
                    place.1,
                    value.breakdown,
                    value.measure.as_str(),
                    number.0,
                    number.1,
                    number.2,
                    whole(value.rows),
                    value.status.code()
                ])?;
            }
            Ok(())
        })
    }

    /// Forgets the measures of municipalities and periods that are computed no more.
    pub fn remove_measures(
        &mut self,
        series: &Series,
        gone: &BTreeSet<(MunicipalityCode, Period)>,
    ) -> Result<(), LoadError> {
        const SQL: &str = "DELETE FROM measure WHERE indicator = ?1 AND version = ?2 AND as_defined = ?3
            AND municipality = ?4 AND period = ?5";
        let (indicator, version, as_defined) = key(series);
        self.write(|connection| {
            let mut delete = connection.prepare_cached(SQL)?;
            for (municipality, period) in gone {
                delete.execute((indicator, version, as_defined, municipality.to_string(), period.to_string()))?;
            }
            Ok(())
        })
    }

    /// Publishes figures. Those that are as they were change nothing. Every figure is given at most once a run. `why` is
    /// asked for each that is another than before.
    pub fn figures(
        &mut self,
        observations: &[Observation],
        as_defined: AsDefined,
        why: &dyn Fn(&Observation) -> Why,
    ) -> Result<FigureCounts, LoadError> {
        let counts = self.write(|connection| {
            let mut counts = FigureCounts::default();
            let periods: BTreeSet<Period> = observations.iter().map(|observation| observation.period).collect();
            periods.into_iter().try_for_each(|period| record_period(connection, period))?;
            for observation in observations {
                publish(connection, (observation, why), as_defined, self.run, &mut counts)?;
            }
            Ok(counts)
        })?;
        self.counts.add(counts);
        Ok(counts)
    }

    /// Withdraws figures that are produced no more: their rows are closed, nothing takes their place. Returns how many
    /// there were.
    pub fn close_observations(&mut self, series: &Series, gone: &BTreeSet<FigureKey>) -> Result<u64, LoadError> {
        const SQL: &str = "UPDATE observation SET known_to_run = ?1 WHERE indicator = ?2 AND version = ?3
            AND as_defined = ?4 AND area = ?5 AND period = ?6 AND breakdown = ?7 AND known_to_run IS NULL";
        let (indicator, version, as_defined) = key(series);
        let closed = self.write(|connection| {
            let mut close = connection.prepare_cached(SQL)?;
            let mut closed = 0;
            for FigureKey { period, area, breakdown } in gone {
                let (area, period) = (area.to_string(), period.to_string());
                closed += close.execute((self.run.0, indicator, version, as_defined, area, period, breakdown))?;
            }
            Ok(closed as u64)
        })?;
        self.closed += closed;
        Ok(closed)
    }
}

/// What the basis of a series is set to whose figures are not up to date.
pub fn outdated() -> Fingerprint {
    Fingerprint::of(b"outdated")
}

/// A series as the tables name it.
pub(crate) fn key(series: &Series) -> (&str, u32, &'static str) {
    (series.indicator.as_str(), series.version.0, series.as_defined.as_str())
}

/// What is said of a version besides its numbers, as the table has it: texts that may change while the figures stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description([Option<String>; DESCRIBED.len()]);

/// The columns of a description.
const DESCRIBED: [&str; 14] = [
    "area_of_work",
    "title_da",
    "title_en",
    "description_da",
    "description_en",
    "unit",
    "decimals",
    "period_kind",
    "direction",
    "formula",
    "valid_from",
    "valid_to",
    "reservations",
    "current",
];

impl Description {
    /// The description of a version.
    pub fn of(indicator: &Indicator, is_current: bool) -> Self {
        let reservation = |text: &Text| serde_json::json!({ "da": text.da, "en": text.en });
        let reservations: serde_json::Value = indicator.reservations.iter().map(reservation).collect();
        let (from, to) = indicator.defined_in_all().unwrap_or((indicator.valid_from, indicator.valid_to));
        Self([
            Some(indicator.area.to_string()),
            Some(indicator.title.da.clone()),
            Some(indicator.title.en.clone()),
            Some(indicator.description.da.clone()),
            Some(indicator.description.en.clone()),
            Some(indicator.unit.to_string()),
            Some(indicator.decimals.to_string()),
            Some(indicator.period.as_str().to_owned()),
            Some(indicator.direction.as_str().to_owned()),
            Some(indicator.formula_text.clone()),
            from.map(|period| period.to_string()),
            to.map(|period| period.to_string()),
            Some(reservations.to_string()),
            Some(u8::from(is_current).to_string()),
        ])
    }

    /// All that is said, for a fingerprint.
    pub fn text(&self) -> String {
        let values = self.0.iter().zip(DESCRIBED);
        let lines = values.map(|(value, name)| [name, ": ", value.as_deref().unwrap_or_default(), "\n"].concat());
        lines.collect::<Vec<_>>().concat()
    }

    /// The columns as texts, for a query.
    pub(crate) fn columns() -> String {
        DESCRIBED.map(|name| format!("CAST({name} AS TEXT) AS {name}")).join(", ")
    }

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut described = [const { None }; DESCRIBED.len()];
        for (value, name) in described.iter_mut().zip(DESCRIBED) {
            *value = row.get(name)?;
        }
        Ok(Self(described))
    }
}

fn upsert_indicator(connection: &Connection, indicator: &Indicator, is_current: bool) -> rusqlite::Result<()> {
    let columns = DESCRIBED.join(", ");
    let places: Vec<String> = (1..=DESCRIBED.len() + 3).map(|at| format!("?{at}")).collect();
    let places = places.join(", ");
    let sql =
        format!("INSERT OR REPLACE INTO indicator (indicator, version, fingerprint, {columns}) VALUES ({places})");
    let Description(described) = Description::of(indicator, is_current);
    let key = [indicator.id.to_string(), indicator.version.to_string(), indicator.fingerprint.to_string()];
    let values = key.into_iter().map(Some).chain(described);
    connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    record_breakdowns(connection, indicator)
}

/// Writes down the parts that an indicator's figures can be about, those of all periods.
fn record_breakdowns(connection: &Connection, indicator: &Indicator) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO breakdown (indicator, version, breakdown, dimension, dimensions, category, sequence,
        dimension_title_da, dimension_title_en, category_title_da, category_title_en, additive)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let (id, version) = (indicator.id.as_str(), indicator.version.0);
    connection.execute("DELETE FROM breakdown WHERE indicator = ?1 AND version = ?2", (id, version))?;
    let mut insert = connection.prepare_cached(SQL)?;
    for (at, breakdown) in indicator.breakdowns.iter().enumerate() {
        let dimensions = indicator.breakdown_text(breakdown);
        for cell in indicator.cells(at, None) {
            let text = indicator.cell_text(&cell);
            for ((dimension, category), place) in indicator.categories(&cell).into_iter().zip(&cell.categories) {
                let (of_dimension, of_category) = (&dimension.title, &category.title);
                insert.execute(rusqlite::params![
                    id,
                    version,
                    text,
                    dimension.name.as_str(),
                    dimensions,
                    category.code,
                    whole(*place as u64 + 1),
                    of_dimension.da,
                    of_dimension.en,
                    of_category.da,
                    of_category.en,
                    breakdown.additive
                ])?;
            }
        }
    }
    Ok(())
}

fn record_period(connection: &Connection, period: Period) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO period (period, kind, first_day, last_day)
        VALUES (?1, ?2, ?3, date(?4, '-1 day')) ON CONFLICT DO NOTHING";
    let days = (period.start().to_string(), period.end().to_string());
    connection.prepare_cached(SQL)?.execute((period.to_string(), period.kind().as_str(), days.0, days.1)).map(drop)
}

/// Compares the figure with its latest revision, and writes only what differs.
fn publish(
    connection: &Connection,
    (observation, why): (&Observation, &dyn Fn(&Observation) -> Why),
    as_defined: AsDefined,
    run: RunNumber,
    counts: &mut FigureCounts,
) -> rusqlite::Result<()> {
    const LATEST: &str = "SELECT * FROM observation WHERE indicator = ?1 AND version = ?2 AND as_defined = ?3
        AND area = ?4 AND period = ?5 AND breakdown = ?6 ORDER BY revision DESC LIMIT 1";
    const CLOSE: &str = "UPDATE observation SET known_to_run = ?7 WHERE indicator = ?1 AND version = ?2
        AND as_defined = ?3 AND area = ?4 AND period = ?5 AND breakdown = ?6 AND known_to_run IS NULL";
    let (area, period) = (observation.area.to_string(), observation.period.to_string());
    let (indicator, version) = (observation.indicator.as_str(), observation.version.0);
    let (breakdown, as_defined) = (observation.breakdown.as_str(), as_defined.as_str());
    let figure = StoredFigure::of(observation);
    let latest = connection
        .prepare_cached(LATEST)?
        .query_row((indicator, version, as_defined, &area, &period, breakdown), |row| {
            let open = row.get::<_, Option<i64>>("known_to_run")?.is_none();
            Ok((row.get::<_, i64>("revision")?, open, StoredFigure::read(row)?))
        })
        .optional()?;
    let revision = match latest {
        Some((_, true, known)) if known == figure => {
            counts.unchanged += 1;
            return Ok(());
        }
        Some((revision, true, _)) => {
            let figure = (indicator, version, as_defined, &area, &period, breakdown, run.0);
            connection.prepare_cached(CLOSE)?.execute(figure)?;
            counts.changed += 1;
            revision + 1
        }
        // Withdrawn earlier, and back again.
        Some((revision, false, _)) => {
            counts.new += 1;
            revision + 1
        }
        None => {
            counts.new += 1;
            1
        }
    };
    insert(connection, (observation, as_defined), &figure, (revision, why(observation)), run)
}

fn insert(
    connection: &Connection,
    (observation, as_defined): (&Observation, &str),
    figure: &StoredFigure,
    (revision, why): (i64, Why),
    run: RunNumber,
) -> rusqlite::Result<()> {
    const SQL: &str =
        "INSERT INTO observation (indicator, version, as_defined, area, period, breakdown, revision, value,
        value_exact, numerator, denominator, numerator_exact, denominator_exact, contributing, members, obs_status,
        conf_status, why, known_from_run) VALUES (:indicator, :version, :as_defined, :area, :period, :breakdown, :revision,
        :value, :value_exact, :numerator, :denominator, :numerator_exact, :denominator_exact, :contributing, :members,
        :status, :confidentiality, :why, :run)";
    let rounded = |exact: &Option<String>| exact.as_deref().and_then(float);
    let values = named_params! {
        ":indicator": observation.indicator.as_str(),
        ":version": observation.version.0,
        ":as_defined": as_defined,
        ":area": observation.area.to_string(),
        ":period": observation.period.to_string(),
        ":breakdown": observation.breakdown,
        ":revision": revision,
        ":value": rounded(&figure.value),
        ":value_exact": figure.value,
        ":numerator": rounded(&figure.numerator),
        ":denominator": rounded(&figure.denominator),
        ":numerator_exact": figure.numerator,
        ":denominator_exact": figure.denominator,
        ":contributing": figure.contributing,
        ":members": figure.members,
        ":status": figure.status,
        ":confidentiality": figure.confidentiality,
        ":why": why.as_str(),
        ":run": run.0,
    };
    connection.prepare_cached(SQL)?.execute(values).map(drop)
}

impl Reading<'_> {
    /// The measures of a series, of these periods or of all, sorted by municipality, period, breakdown and name.
    pub fn measures_of(
        &self,
        series: &Series,
        periods: Option<&BTreeSet<Period>>,
    ) -> Result<Vec<MeasureValue>, LoadError> {
        const SQL: &str = "SELECT * FROM measure WHERE indicator = ?1 AND version = ?2 AND as_defined = ?3
            ORDER BY municipality, period, breakdown, measure";
        self.query(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let values = statement.query_map(key(series), measure_value)?;
            let wanted = |value: &rusqlite::Result<MeasureValue>| match (value, periods) {
                (Ok(value), Some(periods)) => periods.contains(&value.period),
                _ => true,
            };
            values.filter(wanted).collect()
        })
    }
}

fn measure_value(row: &Row<'_>) -> rusqlite::Result<MeasureValue> {
    Ok(MeasureValue {
        indicator: parsed(row, "indicator")?,
        version: IndicatorVersion(row.get("version")?),
        measure: parsed::<FieldName>(row, "measure")?,
        municipality: parsed(row, "municipality")?,
        period: parsed(row, "period")?,
        breakdown: row.get("breakdown")?,
        minor: row.get("minor")?,
        scale: row.get("scale")?,
        divisor: row.get("divisor")?,
        rows: count(row, "rows")?,
        status: word(row, "obs_status", ObsStatus::from_code)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_are_decimals_where_they_can_be() {
        let text = |n, d| exact_text(Ratio::new(n, d).expect("a ratio"));
        assert_eq!(text(7, 1), "7");
        assert_eq!(text(-5, 4), "-1.25");
        assert_eq!(text(1, 80), "0.0125");
        assert_eq!(text(1, 3), "1/3");
        assert_eq!(text(i128::MAX, 2), format!("{}/2", i128::MAX));
        assert_eq!(float("-1.25"), Some(-1.25));
        assert_eq!(float("1/3"), Some(1.0 / 3.0));
    }

    #[test]
    fn a_float_is_rounded_once() {
        // As a quotient of floats, 9007199254740993 / 10 would be rounded twice and end one unit lower.
        let exact = "900719925474099.3";
        assert_eq!(float(exact).map(|value| value.to_string()), Some(exact.to_owned()));
    }
}
