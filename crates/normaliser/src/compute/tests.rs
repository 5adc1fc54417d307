//! The engine against a slow, obvious evaluator: canonical files are written, measures computed both ways.

mod breakdown;
mod carry;
mod general;
mod joined;
mod partial;
mod publication;
mod weeks;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use model::{
    Aggregate, Area, Comparison, Dataset, DatasetId, Date, Direction, Expr, Field, FieldIndex, FieldType, Fingerprint,
    Formula, GroupRule, Indicator, IndicatorId, IndicatorVersion, Measure, MeasureIndex, MeasureValue, MissingRule,
    MomentRule, MunicipalityCode, ObsStatus, Observation, Period, PeriodKind, Ratio, Rounding, Stop, Text,
    TimeSelection, Unit, Window,
};
use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, ParquetCompression, ParquetWriter, Series};
use proptest::prelude::*;

use super::engine::ChunkLimit;
use super::measure::measure_in_chunks;
use super::*;
use crate::fixture::{dataset, field, list_id, municipality, name, texts};

/// A canonical row of the tests: municipality, day, code, amount, text, flag, integer.
#[derive(Debug, Clone)]
struct Row {
    municipality: &'static str,
    day: Date,
    code: Option<&'static str>,
    amount: Option<i64>,
    person: Option<&'static str>,
    flag: Option<bool>,
    number: Option<i64>,
}

const CODE: FieldIndex = FieldIndex(2);
const AMOUNT: FieldIndex = FieldIndex(3);
const PERSON: FieldIndex = FieldIndex(4);
const FLAG: FieldIndex = FieldIndex(5);
const NUMBER: FieldIndex = FieldIndex(6);

/// The measures of one indicator.
fn one(
    indicator: &Indicator,
    rows: &BTreeMap<DatasetId, DatasetRows<'_>>,
    wanted: &BTreeSet<(MunicipalityCode, Period)>,
) -> Result<Vec<MeasureValue>, ComputeError> {
    measure(&[Request { indicator, wanted }], rows, &Stop::default()).map(|mut all| all.remove(0))
}

fn rows_dataset(moment: MomentRule, partition: PeriodKind) -> Dataset {
    let optional = |name: &str, ty| Field { required: false, ..field(name, ty) };
    let fields = vec![
        field("municipality", FieldType::Code(list_id("municipality"))),
        field("day", FieldType::Date),
        optional("code", FieldType::Code(list_id("account_function"))),
        optional("amount", FieldType::Decimal { precision: 18, scale: 2 }),
        optional("person", FieldType::Person),
        optional("flag", FieldType::Boolean),
        optional("number", FieldType::Integer),
    ];
    dataset("rows", fields, &[], moment, partition)
}

fn day(text: &str) -> Date {
    Date::parse_iso(text).expect(text)
}

fn period(text: &str) -> Period {
    text.parse().expect(text)
}

/// Writes the rows as the loader does: one file a municipality and partition, cut into several parts.
fn write(folder: &std::path::Path, dataset: &Dataset, rows: &[Row], parts: usize) -> Vec<CanonicalFile> {
    let mut units: BTreeMap<(&str, Period), Vec<Row>> = BTreeMap::new();
    for row in rows {
        units.entry((row.municipality, Period::containing(dataset.partition, row.day))).or_default().push(row.clone());
    }
    let mut files = Vec::new();
    for ((code, period), rows) in units {
        for (part, rows) in rows.chunks(rows.len().div_ceil(parts)).enumerate() {
            let unit = format!("municipality={code}/period={}", period.to_string().replace('/', "-"));
            let path = folder.join(unit).join(format!("{part}.parquet"));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
            write_file(&path, rows);
            files.push(CanonicalFile { path, municipality: municipality(code), period, partials: None });
        }
    }
    files
}

fn write_file(path: &std::path::Path, rows: &[Row]) {
    fn column<T, V>(name: &str, rows: &[Row], value: impl Fn(&Row) -> V) -> Column
    where
        Series: NamedFrom<Vec<V>, T>,
        T: ?Sized,
    {
        Series::new(name.into(), rows.iter().map(value).collect::<Vec<V>>()).into_column()
    }
    let days = column("day", rows, |row| row.day.days()).cast(&DataType::Date).expect("days are dates");
    let columns = vec![
        column("municipality", rows, |row| row.municipality),
        days,
        column("code", rows, |row| row.code),
        column("amount", rows, |row| row.amount),
        column("person", rows, |row| row.person),
        column("flag", rows, |row| row.flag),
        column("number", rows, |row| row.number),
        column("person_class", rows, |row| row.person.map(|_| "replacement")),
        column("_delivery", rows, |_| "0123456789abcdef"),
        column("_line", rows, |_| 1i64),
        column("_record", rows, |_| 1i64),
    ];
    let mut frame = DataFrame::new(rows.len(), columns).expect("columns of one length");
    let file = File::create(path).expect("a file can be made");
    ParquetWriter::new(file).with_compression(ParquetCompression::Uncompressed).finish(&mut frame).expect("Parquet");
}

fn measure_of(name_text: &str, time: TimeSelection, filter: Option<Expr>, aggregate: Aggregate, scale: u8) -> Measure {
    Measure {
        name: name(name_text),
        dataset: DatasetId::new("rows").expect("an id"),
        time,
        role: None,
        window: Window::default(),
        joined: None,
        absent: None,
        per: None,
        filter,
        aggregate,
        scale,
        unit: Unit::one(),
        price: None,
        slicings: Vec::new(),
        filter_text: None,
        value_text: String::new(),
        written: Vec::new(),
    }
}

fn indicator(kind: PeriodKind, measures: Vec<Measure>, formula: Formula) -> Indicator {
    Indicator {
        id: IndicatorId::new("figure").expect("an id"),
        version: IndicatorVersion(1),
        valid_from: None,
        valid_to: None,
        area: name("test"),
        title: Text::default(),
        description: Text::default(),
        period: kind,
        unit: Unit::one(),
        decimals: 1,
        rounding: Rounding::HalfAwayFromZero,
        direction: Direction::Neutral,
        measures,
        formula,
        conversion: Ratio::integer(1),
        formula_text: String::new(),
        dimensions: Vec::new(),
        breakdowns: Vec::new(),
        missing: MissingRule::Propagate,
        groups: GroupRule::default(),
        plausible: None,
        included_in: Vec::new(),
        breaks: Vec::new(),
        history: model::History::default(),
        reservations: Vec::new(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

fn first() -> Formula {
    Formula::Measure(MeasureIndex(0))
}

/// The slow, obvious evaluator: one row at a time, truth as an option, sums in 128 bits.
mod witness {
    use super::*;

    #[derive(PartialEq, PartialOrd)]
    enum Value {
        Number(i128),
        Text(String),
        Day(Date),
        Truth(bool),
    }

    fn field(row: &Row, field: FieldIndex) -> Option<Value> {
        match field.0 {
            0 => Some(Value::Text(row.municipality.to_owned())),
            1 => Some(Value::Day(row.day)),
            2 => row.code.map(|code| Value::Text(code.to_owned())),
            3 => row.amount.map(|amount| Value::Number(amount.into())),
            4 => row.person.map(|person| Value::Text(person.to_owned())),
            5 => row.flag.map(Value::Truth),
            _ => row.number.map(|number| Value::Number(number.into())),
        }
    }

    fn number(expression: &Expr, row: &Row) -> Option<i128> {
        match value(expression, row) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    fn value(expression: &Expr, row: &Row) -> Option<Value> {
        match expression {
            Expr::Field(at) => field(row, *at),
            Expr::Text(text) => Some(Value::Text(text.clone())),
            Expr::Number { minor, .. } => Some(Value::Number((*minor).into())),
            Expr::Date(date) => Some(Value::Day(*date)),
            Expr::Add(left, right) => Some(Value::Number(number(left, row)? + number(right, row)?)),
            Expr::Subtract(left, right) => Some(Value::Number(number(left, row)? - number(right, row)?)),
            Expr::Negate(inner) => Some(Value::Number(-number(inner, row)?)),
            truth => holds(truth, row).map(Value::Truth),
        }
    }

    pub(super) fn holds(condition: &Expr, row: &Row) -> Option<bool> {
        match condition {
            Expr::Boolean(truth) => Some(*truth),
            Expr::Field(at) => match field(row, *at) {
                Some(Value::Truth(truth)) => Some(truth),
                _ => None,
            },
            Expr::Compare(operator, left, right) => {
                let (left, right) = (value(left, row)?, value(right, row)?);
                Some(match operator {
                    Comparison::Equal => left == right,
                    Comparison::NotEqual => left != right,
                    Comparison::Less => left < right,
                    Comparison::LessOrEqual => left <= right,
                    Comparison::Greater => left > right,
                    Comparison::GreaterOrEqual => left >= right,
                })
            }
            Expr::And(parts) => {
                let truths: Vec<Option<bool>> = parts.iter().map(|part| holds(part, row)).collect();
                if truths.contains(&Some(false)) {
                    Some(false)
                } else {
                    truths.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
                }
            }
            Expr::Or(parts) => {
                let truths: Vec<Option<bool>> = parts.iter().map(|part| holds(part, row)).collect();
                if truths.contains(&Some(true)) {
                    Some(true)
                } else {
                    truths.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
                }
            }
            Expr::Not(inner) => holds(inner, row).map(|truth| !truth),
            Expr::IsNull(inner) => Some(value(inner, row).is_none()),
            Expr::In(at, texts) => match field(row, *at)? {
                Value::Text(text) => Some(texts.contains(&text)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Value and rows of a measure in a municipality and period.
    pub(super) fn measure(
        measure: &Measure,
        rows: &[Row],
        code: MunicipalityCode,
        period: Period,
    ) -> (Option<i128>, u64) {
        let placed = |row: &&Row| match measure.time.snapshot_day(period) {
            Some(day) => row.day == day,
            None => period.contains(row.day),
        };
        let kept: Vec<&Row> = rows
            .iter()
            .filter(|row| row.municipality == code.to_string())
            .filter(placed)
            .filter(|row| measure.filter.as_ref().is_none_or(|filter| holds(filter, row) == Some(true)))
            .collect();
        let numbers = |expression: &Expr| kept.iter().filter_map(|row| number(expression, row)).collect::<Vec<_>>();
        let value = match &measure.aggregate {
            Aggregate::Count => Some(kept.len() as i128),
            Aggregate::Sum(expression) => Some(numbers(expression).iter().sum()),
            Aggregate::Min(expression) => numbers(expression).into_iter().min(),
            Aggregate::Max(expression) => numbers(expression).into_iter().max(),
            Aggregate::CountDistinct(fields) => {
                let key = |row: &&&Row| fields.iter().map(|at| field(row, *at).map(text)).collect::<Option<Vec<_>>>();
                Some(kept.iter().filter_map(|row| key(&row)).collect::<BTreeSet<_>>().len() as i128)
            }
            Aggregate::Mean(_) | Aggregate::Quantile(..) => unreachable!("see the tests of general measures"),
        };
        (value, kept.len() as u64)
    }

    fn text(value: Value) -> String {
        match value {
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Day(day) => day.to_string(),
            Value::Truth(truth) => truth.to_string(),
        }
    }
}

struct Case {
    dataset: Dataset,
    rows: Vec<Row>,
    folder: tempfile::TempDir,
    files: Vec<CanonicalFile>,
}

impl Case {
    fn new(moment: MomentRule, partition: PeriodKind, rows: Vec<Row>, parts: usize) -> Self {
        let dataset = rows_dataset(moment, partition);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = write(folder.path(), &dataset, &rows, parts);
        Self { dataset, rows, folder, files }
    }

    /// Files of which nothing is known but their rows.
    fn files_alone(&self, files: Vec<CanonicalFile>) -> BTreeMap<DatasetId, DatasetRows<'_>> {
        let (delivered, used) = (BTreeSet::new(), BTreeSet::new());
        BTreeMap::from([(self.dataset.id.clone(), DatasetRows { dataset: &self.dataset, files, delivered, used })])
    }

    /// The rows, with every month from 2019 to 2028 delivered.
    fn delivered_in_full(&self) -> BTreeMap<DatasetId, DatasetRows<'_>> {
        let month = |text| Period::containing(PeriodKind::Month, day(text)).ordinal();
        let months =
            (month("2019-01-01")..month("2029-01-01")).filter_map(|n| Period::from_ordinal(PeriodKind::Month, n));
        let cells = months.flat_map(|month| MUNICIPALITIES.map(|code| (municipality(code), month)));
        let delivered: BTreeSet<(MunicipalityCode, Period)> = cells.collect();
        let (dataset, files) = (&self.dataset, self.files.clone());
        BTreeMap::from([(dataset.id.clone(), DatasetRows { dataset, files, used: delivered.clone(), delivered })])
    }

    /// Everything delivered and used for these municipalities and partitions.
    fn all(&self, wanted: &BTreeSet<(MunicipalityCode, Period)>) -> BTreeSet<(MunicipalityCode, Period)> {
        let parts = |(code, period): &(MunicipalityCode, Period)| {
            let first = Period::containing(self.dataset.partition, period.start());
            let code = *code;
            std::iter::successors(Some(first), |part| part.next())
                .take_while(move |part| part.start() < period.end())
                .map(move |part| (code, part))
                .collect::<Vec<_>>()
        };
        wanted.iter().flat_map(parts).collect()
    }

    fn measure(
        &self,
        indicator: &Indicator,
        wanted: &BTreeSet<(MunicipalityCode, Period)>,
        limit: ChunkLimit,
    ) -> Result<Vec<MeasureValue>, ComputeError> {
        let delivered = self.all(wanted);
        let rows =
            DatasetRows { dataset: &self.dataset, files: self.files.clone(), used: delivered.clone(), delivered };
        let rows = BTreeMap::from([(self.dataset.id.clone(), rows)]);
        measure_in_chunks(&[Request { indicator, wanted }], &rows, limit, &Stop::default()).map(|mut all| all.remove(0))
    }

    /// Computes with the engine and compares with the witness.
    fn compare(&self, indicator: &Indicator, wanted: &BTreeSet<(MunicipalityCode, Period)>, limit: ChunkLimit) {
        let found = self.measure(indicator, wanted, limit).expect("measures");
        assert_eq!(found.len(), wanted.len() * indicator.measures.len());
        for value in found {
            let measure = indicator.measures.iter().find(|measure| measure.name == value.measure).expect("a measure");
            let (minor, rows) = witness::measure(measure, &self.rows, value.municipality, value.period);
            let place = format!("{} {} {}", value.measure, value.municipality, value.period);
            assert_eq!((value.minor.map(i128::from), value.rows), (minor, rows), "{place} {measure:?}");
            let status = if minor.is_some() { ObsStatus::Normal } else { ObsStatus::CannotExist };
            assert_eq!(value.status, status, "{place}");
        }
    }
}

fn row(municipality: &'static str, date: &str, code: &'static str, amount: i64) -> Row {
    Row { municipality, day: day(date), code: Some(code), amount: Some(amount), person: None, flag: None, number: None }
}

fn wanted(municipalities: &[&str], periods: &[&str]) -> BTreeSet<(MunicipalityCode, Period)> {
    let pairs = municipalities.iter().flat_map(|code| periods.iter().map(|text| (municipality(code), period(text))));
    pairs.collect()
}

fn sum_of_amounts(filter: Option<Expr>) -> Measure {
    measure_of("amount", TimeSelection::Within, filter, Aggregate::Sum(Expr::Field(AMOUNT)), 2)
}

#[test]
fn sums_by_municipality_and_period() {
    let rows = vec![
        row("0101", "2024-01-01", "5.30.26", 100),
        row("0101", "2024-01-31", "5.30.26", -250),
        row("0101", "2024-02-01", "3.22.01", 7),
        row("0751", "2024-01-15", "5.30.26", 1),
        row("0751", "2024-12-31", "5.30.26", 2),
    ];
    let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 2);
    let filter = Expr::In(CODE, texts(&["5.30.26"]));
    let months = indicator(PeriodKind::Month, vec![sum_of_amounts(Some(filter)), sum_of_amounts(None)], first());
    let mut months = months;
    months.measures[1].name = name("all");
    let wanted_months = wanted(&["0101", "0751", "0400"], &["2024-01", "2024-02"]);
    case.compare(&months, &wanted_months, ChunkLimit::default());
    let found = case.measure(&months, &wanted_months, ChunkLimit::default()).expect("measures");
    let order: Vec<String> = found.iter().map(|v| format!("{} {} {}", v.period, v.municipality, v.measure)).collect();
    assert_eq!(order[..3], ["2024-01 0101 amount", "2024-01 0101 all", "2024-01 0400 amount"]);
    for kind in [PeriodKind::Quarter, PeriodKind::Year, PeriodKind::SchoolYear] {
        let periods: BTreeSet<_> = ["2023-08-01", "2024-01-01", "2024-09-01", "2024-12-01"]
            .into_iter()
            .flat_map(|text| ["0101", "0751"].map(|code| (municipality(code), Period::containing(kind, day(text)))))
            .collect();
        let longer = Indicator { period: kind, ..months.clone() };
        case.compare(&longer, &periods, ChunkLimit::default());
        case.compare(&longer, &periods, ChunkLimit { files: 1, bytes: 1 });
    }
}

#[test]
fn a_snapshot_is_read_on_its_day() {
    let rows = vec![
        row("0101", "2024-01-01", "5.30.26", 100),
        row("0101", "2024-09-05", "5.30.26", 30),
        row("0101", "2024-04-01", "5.30.26", 5),
        row("0101", "2025-01-01", "3.22.01", 9),
    ];
    let case = Case::new(MomentRule::Snapshot, PeriodKind::Year, rows, 1);
    let at = |name_text, time| measure_of(name_text, time, None, Aggregate::Sum(Expr::Field(AMOUNT)), 2);
    let measures = vec![
        at("january", TimeSelection::At { month: 1, day: 1 }),
        at("september", TimeSelection::At { month: 9, day: 5 }),
        at("start", TimeSelection::AtStart),
    ];
    let years = indicator(PeriodKind::Year, measures, first());
    case.compare(&years, &wanted(&["0101"], &["2024", "2025"]), ChunkLimit::default());
    let found = case.measure(&years, &wanted(&["0101"], &["2024"]), ChunkLimit::default()).expect("measures");
    assert_eq!(found.iter().map(|value| value.minor).collect::<Vec<_>>(), [Some(100), Some(30), Some(100)]);
    let school = Indicator { period: PeriodKind::SchoolYear, ..years.clone() };
    let found = case.measure(&school, &wanted(&["0101"], &["2024/25"]), ChunkLimit::default()).expect("measures");
    assert_eq!(found.iter().map(|value| value.minor).collect::<Vec<_>>(), [Some(9), Some(30), Some(0)]);
    let quarters = Indicator { period: PeriodKind::Quarter, ..years };
    let found = case.measure(&quarters, &wanted(&["0101"], &["2024-Q2"]), ChunkLimit::default()).expect("measures");
    let values: Vec<_> = found.iter().map(|value| (value.minor, value.status)).collect();
    assert_eq!(values, [(None, ObsStatus::CannotExist), (None, ObsStatus::CannotExist), (Some(5), ObsStatus::Normal)]);
}

#[test]
fn what_is_missing_says_why() {
    let rows = vec![row("0101", "2024-01-01", "5.30.26", 100), row("0101", "2024-02-01", "5.30.26", 50)];
    let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
    let months = indicator(PeriodKind::Quarter, vec![sum_of_amounts(None)], first());
    let status = |delivered: &[&str], used: &[&str]| {
        let set = |months: &[&str]| months.iter().map(|month| (municipality("0101"), period(month))).collect();
        let rows = DatasetRows {
            dataset: &case.dataset,
            files: case.files.clone(),
            delivered: set(delivered),
            used: set(used),
        };
        let rows = BTreeMap::from([(case.dataset.id.clone(), rows)]);
        let found = one(&months, &rows, &wanted(&["0101"], &["2024-Q1"])).expect("measures");
        (found[0].minor, found[0].rows, found[0].status)
    };
    let (all, two) = (["2024-01", "2024-02", "2024-03"], ["2024-01", "2024-02"]);
    assert_eq!(status(&all, &all), (Some(150), 2, ObsStatus::Normal));
    assert_eq!(status(&two, &all), (None, 0, ObsStatus::Missing));
    assert_eq!(status(&two, &two), (None, 0, ObsStatus::NotCollected));
    assert_eq!(status(&["2024-01"], &two), (None, 0, ObsStatus::NotCollected));
    assert_eq!(status(&[], &all), (None, 0, ObsStatus::Missing));
    let nothing = one(&months, &BTreeMap::new(), &wanted(&["0101"], &["2024-Q1"])).expect("measures");
    assert_eq!(nothing[0].status, ObsStatus::NotCollected);
}

#[test]
fn sums_beyond_64_bits_are_loud() {
    let huge = i64::MAX / 2 + 1;
    let rows = vec![row("0101", "2024-01-01", "5.30.26", huge), row("0101", "2024-01-02", "5.30.26", huge)];
    let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
    let months = indicator(PeriodKind::Month, vec![sum_of_amounts(None)], first());
    let error = case.measure(&months, &wanted(&["0101"], &["2024-01"]), ChunkLimit::default()).expect_err("too large");
    assert_eq!(error.to_string(), "`figure` of municipality 0101 in 2024-01 does not fit the exact arithmetic");
    // Half of it lies beyond 64 bits while it is summed, and comes back.
    let double = Expr::Add(Box::new(Expr::Field(AMOUNT)), Box::new(Expr::Field(AMOUNT)));
    let back = Expr::Subtract(Box::new(double), Box::new(Expr::Field(AMOUNT)));
    let mut one_row = months;
    let first_day =
        Expr::Compare(Comparison::Equal, Box::new(Expr::Field(FieldIndex(1))), Box::new(Expr::Date(day("2024-01-01"))));
    one_row.measures = vec![Measure { aggregate: Aggregate::Sum(back), ..sum_of_amounts(Some(first_day)) }];
    case.compare(&one_row, &wanted(&["0101"], &["2024-01"]), ChunkLimit::default());
}

#[test]
fn damaged_and_misplaced_files_are_errors() {
    let case = Case::new(MomentRule::Event, PeriodKind::Month, vec![row("0101", "2024-01-01", "5.30.26", 1)], 1);
    let months = indicator(PeriodKind::Month, vec![sum_of_amounts(None)], first());
    let measured = |files: Vec<CanonicalFile>, code: &str, month: &str| {
        let wanted = wanted(&[code], &[month]);
        let rows = DatasetRows { dataset: &case.dataset, files, delivered: wanted.clone(), used: wanted.clone() };
        one(&months, &BTreeMap::from([(case.dataset.id.clone(), rows)]), &wanted)
    };
    let file = |code: &str, month: &str| CanonicalFile {
        municipality: municipality(code),
        period: period(month),
        ..case.files[0].clone()
    };
    assert!(matches!(measured(vec![file("0751", "2024-01")], "0751", "2024-01"), Err(ComputeError::Misplaced { .. })));
    assert!(matches!(measured(vec![file("0101", "2024-02")], "0101", "2024-02"), Err(ComputeError::Misplaced { .. })));
    let gone = CanonicalFile { path: case.folder.path().join("gone.parquet"), ..file("0101", "2024-01") };
    assert!(matches!(measured(vec![gone], "0101", "2024-01"), Err(ComputeError::Unreadable { .. })));
    let path = case.folder.path().join("damaged.parquet");
    std::fs::write(&path, b"PAR1 this is none").expect("a file can be made");
    let damaged = CanonicalFile { path, ..file("0101", "2024-01") };
    assert!(matches!(measured(vec![damaged], "0101", "2024-01"), Err(ComputeError::Engine { .. })));
}

#[test]
fn a_measure_leads_back_to_its_rows() {
    let mut rows = vec![
        row("0101", "2024-01-01", "5.30.26", -250),
        row("0101", "2024-01-31", "3.22.01", 7),
        row("0101", "2024-01-31", "5.30.26", 1),
        row("0101", "2024-02-01", "5.30.26", 5),
    ];
    rows[2].flag = Some(true);
    let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 2);
    let measure = sum_of_amounts(Some(Expr::In(CODE, texts(&["5.30.26"]))));
    let everybody = BTreeSet::from([MunicipalityCode::new("0101").expect("a code")]);
    let rows = case.files_alone(case.files.clone());
    let found = rows_of((&measure, None), &rows, (period("2024-01"), &everybody), 10).expect("rows");
    let cells: Vec<String> = found.rows.iter().map(|row| row.cells.join("|")).collect();
    assert_eq!(cells, ["0101|2024-01-01|5.30.26|-2.50||||", "0101|2024-01-31|5.30.26|0.01||true||"]);
    assert_eq!((found.total, found.rows[0].delivery.as_str(), found.rows[0].line), (2, "0123456789abcdef", 1));
    let limited = rows_of((&measure, None), &rows, (period("2024-01"), &everybody), 1).expect("rows");
    assert_eq!((limited.total, limited.rows.len()), (2, 1));
    let none =
        rows_of((&measure, None), &case.files_alone(Vec::new()), (period("2024-01"), &everybody), 1).expect("rows");
    assert_eq!((none.total, none.columns.len()), (0, 8));
}

const MUNICIPALITIES: [&str; 3] = ["0101", "0400", "0751"];
const CODES: [&str; 3] = ["3.22.01", "5.30.26", "5.32.30"];

fn any_row() -> impl Strategy<Value = Row> {
    let municipality = (0usize..3).prop_map(|at| MUNICIPALITIES[at]);
    let days = proptest::sample::select(vec![0i32, 1, 31, 59, 90, 182, 213, 248, 365, 366]);
    let day = days.prop_map(|n| Date::from_days(day("2024-01-01").days() + n).expect("a day"));
    let code = proptest::option::weighted(0.8, (0usize..3).prop_map(|at| CODES[at]));
    let amount = proptest::option::weighted(0.8, prop_oneof![-5i64..5, Just(i64::MAX / 1000), Just(-i64::MAX / 1000)]);
    let person = proptest::option::weighted(0.8, prop_oneof![Just("a"), Just("b"), Just("c")]);
    let flag = proptest::option::weighted(0.7, any::<bool>());
    let number = proptest::option::weighted(0.8, -3i64..3);
    (municipality, day, code, amount, person, flag, number).prop_map(
        |(municipality, day, code, amount, person, flag, number)| Row {
            municipality,
            day,
            code,
            amount,
            person,
            flag,
            number,
        },
    )
}

fn any_kind() -> impl Strategy<Value = PeriodKind> {
    proptest::sample::select(PeriodKind::ALL.to_vec())
}

fn any_condition() -> impl Strategy<Value = Expr> {
    let operator = prop_oneof![
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::Less),
        Just(Comparison::LessOrEqual),
        Just(Comparison::Greater),
        Just(Comparison::GreaterOrEqual),
    ];
    let code = (operator.clone(), 0usize..3).prop_map(|(operator, at)| {
        Expr::Compare(operator, Box::new(Expr::Field(CODE)), Box::new(Expr::Text(CODES[at].to_owned())))
    });
    let number = (operator.clone(), -3i64..3, any::<bool>()).prop_map(|(operator, minor, computed)| {
        let field = Expr::Field(if computed { AMOUNT } else { NUMBER });
        let left = if computed { Expr::Negate(Box::new(field)) } else { field };
        Expr::Compare(operator, Box::new(left), Box::new(Expr::Number { minor, scale: 0 }))
    });
    let date = (operator.clone(), 0i32..366).prop_map(|(operator, n)| {
        let date = Date::from_days(day("2024-01-01").days() + n).expect("a day");
        Expr::Compare(operator, Box::new(Expr::Field(FieldIndex(1))), Box::new(Expr::Date(date)))
    });
    let person = (operator.clone(), any::<bool>()).prop_map(|(operator, equal)| {
        let of = |text: &str| Box::new(Expr::Text(text.to_owned()));
        let field = Box::new(Expr::Field(PERSON));
        if equal { Expr::Compare(operator, field, of("b")) } else { Expr::Compare(operator, of("b"), field) }
    });
    let codes = operator.clone().prop_map(|operator| {
        Expr::Compare(operator, Box::new(Expr::Field(FieldIndex(0))), Box::new(Expr::Field(CODE)))
    });
    let flag = any::<bool>().prop_map(|truth| {
        Expr::Compare(Comparison::NotEqual, Box::new(Expr::Field(FLAG)), Box::new(Expr::Boolean(truth)))
    });
    let set = proptest::collection::btree_set((0usize..3).prop_map(|at| CODES[at].to_owned()), 0..3);
    let leaf = prop_oneof![
        code,
        number,
        date,
        person,
        codes,
        flag,
        Just(Expr::In(PERSON, texts(&["a", "c"]))),
        set.prop_map(|codes| Expr::In(CODE, codes)),
        any::<bool>().prop_map(Expr::Boolean),
        Just(Expr::Field(FLAG)),
        (2usize..7).prop_map(|at| Expr::IsNull(Box::new(Expr::Field(FieldIndex(at))))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Expr::And),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Expr::Or),
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
            inner.prop_map(|inner| Expr::IsNull(Box::new(inner))),
        ]
    })
}

fn any_number() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Expr::Field(AMOUNT)),
        Just(Expr::Field(NUMBER)),
        (-9i64..9).prop_map(|minor| Expr::Number { minor, scale: 0 }),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(l, r)| Expr::Add(Box::new(l), Box::new(r))),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| Expr::Subtract(Box::new(l), Box::new(r))),
            inner.prop_map(|inner| Expr::Negate(Box::new(inner))),
        ]
    })
}

fn any_aggregate() -> impl Strategy<Value = Aggregate> {
    prop_oneof![
        any_number().prop_map(Aggregate::Sum),
        any_number().prop_map(Aggregate::Min),
        any_number().prop_map(Aggregate::Max),
        Just(Aggregate::Count),
        Just(Aggregate::CountDistinct(vec![PERSON])),
        Just(Aggregate::CountDistinct(vec![PERSON, CODE, FLAG])),
        Just(Aggregate::CountDistinct(vec![CODE, AMOUNT])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_and_the_witness_agree(
        rows in proptest::collection::vec(any_row(), 0..40),
        plans in proptest::collection::vec((proptest::option::of(any_condition()), any_aggregate()), 1..4),
        snapshot in any::<bool>(),
        kind in any_kind(),
        parts in 1usize..4,
        files in prop_oneof![Just(1usize), Just(3), Just(1000)],
    ) {
        let (moment, partition, time) = if snapshot { (MomentRule::Snapshot, PeriodKind::Year, TimeSelection::AtStart) } else { (MomentRule::Event, kind.step(), TimeSelection::Within) };
        let case = Case::new(moment, partition, rows, parts);
        let measures = plans.into_iter().enumerate().map(|(at, (filter, aggregate))| {
            measure_of(&format!("m{at}"), time, filter, aggregate, 0)
        });
        let indicator = indicator(kind, measures.collect(), first());
        let periods: BTreeSet<(MunicipalityCode, Period)> = MUNICIPALITIES
            .into_iter()
            .flat_map(|code| [0, 31, 182, 366].map(|n| (municipality(code), Period::containing(kind, Date::from_days(day("2024-01-01").days() + n).expect("a day")))))
            .collect();
        case.compare(&indicator, &periods, ChunkLimit { files, bytes: 1 << 30 });
    }
}

fn value(code: &str, text: &str, measure: &str, minor: Option<i64>, status: ObsStatus) -> MeasureValue {
    MeasureValue {
        indicator: IndicatorId::new("figure").expect("an id"),
        version: IndicatorVersion(1),
        measure: name(measure),
        municipality: municipality(code),
        period: period(text),
        breakdown: model::TOTAL.to_owned(),
        minor,
        scale: if measure == "amount" { 2 } else { 0 },
        divisor: 1,
        rows: 1,
        status,
    }
}

fn quotient() -> Indicator {
    let people = measure_of("people", TimeSelection::Within, None, Aggregate::Count, 0);
    let measure = |at| Box::new(Formula::Measure(MeasureIndex(at)));
    indicator(PeriodKind::Year, vec![sum_of_amounts(None), people], Formula::Divide(measure(0), measure(1)))
}

fn members(_: Period) -> Vec<Member> {
    let member = |code: &str, region: &str| Member { municipality: municipality(code), region: region.to_owned() };
    vec![member("0751", "1082"), member("0101", "1084"), member("0400", "1084")]
}

fn observed(indicator: &Indicator, amounts: [Option<i64>; 3], people: [Option<i64>; 3]) -> Vec<Observation> {
    let known = |code, measure, minor: Option<i64>| {
        let status = if minor.is_some() { ObsStatus::Normal } else { ObsStatus::Missing };
        value(code, "2024", measure, minor, status)
    };
    let measures = MUNICIPALITIES
        .iter()
        .zip(amounts.into_iter().zip(people))
        .flat_map(|(code, (amount, people))| [known(code, "amount", amount), known(code, "people", people)]);
    observe(indicator, &measures.collect::<Vec<_>>(), &members).expect("figures")
}

fn shown(observations: &[Observation]) -> Vec<String> {
    let line = |o: &Observation| {
        let value = o.value.map_or("-".to_owned(), |value| model::format_decimal(value, o.decimals));
        format!("{} {value} {} {}/{}", o.area, o.status.code(), o.contributing, o.members)
    };
    observations.iter().map(line).collect()
}

#[test]
fn groups_are_ratios_of_sums() {
    let figures = observed(&quotient(), [Some(1_000), Some(500), Some(3_001)], [Some(2), Some(3), Some(4)]);
    let expected =
        ["0101 5.0 A 1/1", "0400 1.7 A 1/1", "0751 7.5 A 1/1", "1082 7.5 A 1/1", "1084 3.0 A 2/2", "DK 5.0 A 3/3"];
    assert_eq!(shown(&figures), expected);
    assert_eq!(figures[5].numerator, Ratio::new(4_501, 100).ok());
    assert_eq!(figures[5].denominator, Some(Ratio::integer(9)));
    assert!(figures.iter().all(|figure| figure.breakdown == "total"));
}

#[test]
fn missing_measures_make_provisional_groups() {
    let figures = observed(&quotient(), [Some(1_000), None, None], [Some(2), Some(3), Some(4)]);
    assert_eq!(
        shown(&figures),
        ["0101 5.0 A 1/1", "0400 - O 0/1", "0751 - O 0/1", "1082 - O 0/1", "1084 5.0 P 1/2", "DK 5.0 P 1/3"]
    );
    assert_eq!((figures[1].numerator, figures[1].denominator), (None, None));
    let zero = Indicator { missing: MissingRule::Zero, ..quotient() };
    let figures = observed(&zero, [Some(1_000), None, None], [Some(2), Some(3), Some(4)]);
    assert_eq!(
        shown(&figures),
        ["0101 5.0 A 1/1", "0400 0.0 A 1/1", "0751 0.0 A 1/1", "1082 0.0 A 1/1", "1084 2.0 A 2/2", "DK 1.1 A 3/3"]
    );
}

#[test]
fn nothing_is_divided_by_zero() {
    let figures = observed(&quotient(), [Some(1_000), Some(0), None], [Some(0), Some(5), Some(0)]);
    assert_eq!(
        shown(&figures),
        ["0101 - M 1/1", "0400 0.0 A 1/1", "0751 - O 0/1", "1082 - O 0/1", "1084 2.0 A 2/2", "DK 2.0 P 2/3"]
    );
    assert_eq!((figures[0].numerator, figures[0].denominator), (Some(Ratio::integer(10)), Some(Ratio::ZERO)));
}

#[test]
fn no_source_weighs_more_than_an_owed_delivery() {
    let measures = [
        value("0101", "2024", "amount", None, ObsStatus::Missing),
        value("0101", "2024", "people", None, ObsStatus::NotCollected),
        value("0400", "2024", "amount", None, ObsStatus::CannotExist),
        value("0400", "2024", "people", Some(1), ObsStatus::Normal),
        value("0411", "2023", "amount", Some(200), ObsStatus::Normal),
    ];
    let figures = observe(&quotient(), &measures, &members).expect("figures");
    let expected = [
        "0411 - O 0/1",
        "1082 - O 0/1",
        "1084 - O 0/2",
        "DK - O 0/3",
        "0101 - L 0/1",
        "0400 - M 0/1",
        "1082 - O 0/1",
        "1084 - O 0/2",
        "DK - O 0/3",
    ];
    assert_eq!(shown(&figures), expected, "sorted by period, area; Christiansø is no member");
}

#[test]
fn conversion_and_rounding_come_last() {
    let mut share = quotient();
    share.conversion = Ratio::integer(100);
    share.decimals = 2;
    let figures = observed(&share, [Some(100), Some(25), Some(-25)], [Some(3), Some(200), Some(200)]);
    assert_eq!(shown(&figures)[..3], ["0101 33.33 A 1/1", "0400 0.13 A 1/1", "0751 -0.13 A 1/1"]);
    assert_eq!(figures[0].numerator, Some(Ratio::integer(1)), "before conversion");
    share.rounding = Rounding::HalfEven;
    let figures = observed(&share, [Some(100), Some(25), Some(-25)], [Some(3), Some(200), Some(200)]);
    assert_eq!(shown(&figures)[1..3], ["0400 0.12 A 1/1", "0751 -0.12 A 1/1"]);
}

#[test]
fn extremes_of_a_group_are_extremes_of_its_members() {
    for (aggregate, expected) in
        [(Aggregate::Min(Expr::Field(AMOUNT)), "DK 0.1 A 3/3"), (Aggregate::Max(Expr::Field(AMOUNT)), "DK 0.3 A 3/3")]
    {
        let measure = measure_of("amount", TimeSelection::Within, None, aggregate, 2);
        let extreme = indicator(PeriodKind::Year, vec![measure], first());
        let measures: Vec<MeasureValue> = MUNICIPALITIES
            .iter()
            .zip([10, 20, 30])
            .map(|(code, minor)| value(code, "2024", "amount", Some(minor), ObsStatus::Normal))
            .collect();
        let figures = observe(&extreme, &measures, &members).expect("figures");
        assert_eq!(shown(&figures)[5], expected);
    }
}

#[test]
fn figures_beyond_the_exact_arithmetic_are_loud() {
    let measure = || Box::new(Formula::Measure(MeasureIndex(0)));
    let square = Formula::Multiply(measure(), measure());
    let fourth = Formula::Multiply(Box::new(square.clone()), Box::new(square));
    let powers = indicator(PeriodKind::Year, vec![sum_of_amounts(None)], fourth);
    let measures = [value("0101", "2024", "amount", Some(i64::MAX), ObsStatus::Normal)];
    let error = observe(&powers, &measures, &members).expect_err("too large");
    let ComputeError::Overflow { area, period: found, .. } = &error else { panic!("{error}") };
    assert_eq!((area, *found), (&Area::Municipality(municipality("0101")), period("2024")));
    let stranger = [value("0101", "2024", "stranger", Some(1), ObsStatus::Normal)];
    assert!(matches!(observe(&powers, &stranger, &members), Err(ComputeError::UnknownMeasure { .. })));
}
