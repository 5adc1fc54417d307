//! The only place where polars computes: all measures over one dataset by one kind of period, in one scan.
//!
//! Files are taken in chunks that never split a group, so that memory is bounded by the needed columns of a chunk and
//! no results have to be merged here. Nothing here rounds, divides or depends on an order: sums are exact, counts
//! are counts, and the answers come back keyed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use model::{Aggregate, Dataset, Expr, Field, FieldIndex, Measure, MomentRule, MunicipalityCode, Period, PeriodKind};
use polars::io::HiveOptions;
use polars::prelude::{
    self as pl, DataFrame, DataType, Engine, Expr as PlanExpr, LazyFrame, NULL, PlRefPath, PolarsResult,
    ScanArgsParquet, as_struct, col, len, lit, when,
};

use super::expression::{column, condition, number};
use super::partial::Partial;
use super::{CanonicalFile, ComputeError, DatasetRows};

/// How much of the files one query reads at most, unless a single group has more.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkLimit {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Default for ChunkLimit {
    fn default() -> Self {
        Self { files: 1024, bytes: 128 << 20 }
    }
}

/// What is asked of one dataset.
pub(super) struct Question<'a> {
    /// The measures over the dataset.
    pub(super) measures: Vec<&'a Measure>,
    /// The kind of the periods that they are wanted for.
    pub(super) period: PeriodKind,
    pub(super) rows: &'a DatasetRows<'a>,
    /// The municipalities and periods for which the data of a measure, by its position in `measures`, is complete.
    pub(super) known: BTreeSet<(usize, MunicipalityCode, Period)>,
    /// The files that each of the measures needs, sorted by municipality and period.
    pub(super) files: Vec<&'a CanonicalFile>,
}

/// Answers by measure, municipality and period; where no row lies there is none.
pub(super) type Answers = BTreeMap<(usize, MunicipalityCode, Period), Partial>;

const MUNICIPALITY: &str = "_municipality";
const KEY: &str = "_key";
const LENGTH: &str = "_length";

/// Computes the measures.
pub(super) fn answer(question: &Question<'_>, limit: ChunkLimit) -> Result<Answers, ComputeError> {
    let mut answers = Answers::new();
    for chunk in chunks(&question.files, question, limit)? {
        let failed = |error: pl::PolarsError| ComputeError::Engine {
            dataset: question.rows.dataset.id.clone(),
            message: error.to_string(),
        };
        let frame = query(question, &chunk).and_then(collected).map_err(failed)?;
        let groups = Groups::of(&frame, question).map_err(failed)?;
        groups.into_answers(question, &mut answers)?;
    }
    Ok(answers)
}

/// Runs a query, on the engine that aggregates while it reads.
fn collected(query: LazyFrame) -> PolarsResult<DataFrame> {
    Ok(query.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// Cuts the files into chunks, only where a new group begins: a municipality's period of the indicator, or for
/// snapshots, each of which lies in one partition, a municipality's partition.
fn chunks<'a>(
    files: &[&'a CanonicalFile],
    question: &Question<'_>,
    limit: ChunkLimit,
) -> Result<Vec<Vec<&'a CanonicalFile>>, ComputeError> {
    let group = |file: &CanonicalFile| match question.rows.dataset.moment {
        MomentRule::Event => (file.municipality, Period::containing(question.period, file.period.start())),
        MomentRule::Snapshot | MomentRule::Interval => (file.municipality, file.period),
    };
    let mut chunks: Vec<Vec<&CanonicalFile>> = Vec::new();
    let (mut current, mut bytes) = (Vec::new(), 0);
    for group in files.chunk_by(|a, b| group(a) == group(b)) {
        let size = group.iter().map(|file| size_of(file)).sum::<Result<u64, ComputeError>>()?;
        if !current.is_empty() && (current.len() + group.len() > limit.files || bytes + size > limit.bytes) {
            chunks.push(std::mem::take(&mut current));
            bytes = 0;
        }
        current.extend_from_slice(group);
        bytes += size;
    }
    chunks.extend((!current.is_empty()).then_some(current));
    Ok(chunks)
}

fn size_of(file: &CanonicalFile) -> Result<u64, ComputeError> {
    let metadata = fs::metadata(&file.path);
    metadata
        .map(|metadata| metadata.len())
        .map_err(|source| ComputeError::Unreadable { path: file.path.clone(), source })
}

/// Names of the columns that belong to the measure at this position of the question.
struct Names {
    mask: String,
    value: String,
    rows: String,
    present: String,
}

impl Names {
    fn of(at: usize) -> Self {
        let name = |what: &str| format!("_{what}_{at}");
        Self { mask: name("mask"), value: name("value"), rows: name("rows"), present: name("present") }
    }
}

fn query(question: &Question<'_>, files: &[&CanonicalFile]) -> PolarsResult<LazyFrame> {
    let dataset = question.rows.dataset;
    let measures = || question.measures.iter().copied().enumerate();
    let mut frame = scan(files)?;
    if let Some(wanted) = prefilter(question) {
        frame = frame.filter(wanted);
    }
    let masks = measures().filter_map(|(at, measure)| {
        measure
            .filter
            .as_ref()
            .map(|filter| condition(filter, &dataset.fields).fill_null(lit(false)).alias(Names::of(at).mask))
    });
    let mut grouped = vec![column(&dataset.fields, dataset.municipality).cast(DataType::String).alias(MUNICIPALITY)];
    grouped.push(key(question).alias(KEY));
    let mut aggregates = vec![len().cast(DataType::Int64).alias(LENGTH)];
    for (at, measure) in measures() {
        let names = Names::of(at);
        let mask = measure.filter.is_some().then(|| col(names.mask.as_str()));
        if let Some(mask) = &mask {
            grouped.push(mask.clone().cast(DataType::Int64).alias(names.rows.as_str()));
            aggregates.push(col(names.rows.as_str()).sum());
        }
        if let Some(value) = value(&measure.aggregate, dataset) {
            let kept = mask.map_or_else(|| value.clone(), |mask| when(mask).then(value.clone()).otherwise(lit(NULL)));
            grouped.push(kept.alias(names.value.as_str()));
            aggregates.extend(aggregated(&measure.aggregate, &names));
        }
    }
    Ok(frame
        .with_columns(masks.collect::<Vec<_>>())
        .select(grouped)
        .group_by([col(MUNICIPALITY), col(KEY)])
        .agg(aggregates))
}

pub(super) fn scan(files: &[&CanonicalFile]) -> PolarsResult<LazyFrame> {
    let paths = files.iter().map(|file| PlRefPath::try_from_path(&file.path)).collect::<PolarsResult<Vec<_>>>()?;
    let arguments = ScanArgsParquet {
        // The path names dataset, municipality and period; the rows have them too, and theirs count.
        hive_options: HiveOptions::new_disabled(),
        glob: false,
        cache: false,
        ..ScanArgsParquet::default()
    };
    LazyFrame::scan_parquet_files(paths.into_iter().collect(), arguments)
}

/// What any of the measures needs: nothing else has to be grouped.
fn prefilter(question: &Question<'_>) -> Option<PlanExpr> {
    let dataset = question.rows.dataset;
    let filters = question.measures.iter().map(|measure| measure.filter.as_ref());
    let filters: Option<Vec<&Expr>> = filters.collect();
    let any = filters
        .and_then(|filters| filters.into_iter().map(|filter| condition(filter, &dataset.fields)).reduce(PlanExpr::or));
    let days = (dataset.moment == MomentRule::Snapshot).then(|| on_any(&snapshot_days(question), dataset)).flatten();
    [days, any].into_iter().flatten().reduce(PlanExpr::and)
}

fn on_any(days: &BTreeSet<i32>, dataset: &Dataset) -> Option<PlanExpr> {
    let day = column(&dataset.fields, dataset.time);
    days.iter().map(|wanted| day.clone().eq(lit(*wanted).cast(DataType::Date))).reduce(PlanExpr::or)
}

fn snapshot_days(question: &Question<'_>) -> BTreeSet<i32> {
    let day = |(measure, _, period): &(usize, MunicipalityCode, Period)| {
        question.measures[*measure].time.snapshot_day(*period)
    };
    question.known.iter().filter_map(day).map(model::Date::days).collect()
}

/// What rows are grouped by beside the municipality: the first month of the indicator's period for events, the day
/// for snapshots.
fn key(question: &Question<'_>) -> PlanExpr {
    let dataset = question.rows.dataset;
    let day = column(&dataset.fields, dataset.time);
    match dataset.moment {
        MomentRule::Snapshot | MomentRule::Interval => day.cast(DataType::Int32),
        MomentRule::Event => start_of(&day, question.period),
    }
}

/// Which period of a kind holds the day: its first month, counted from the year 0, or of a week its Monday. Years are
/// positive, so the remainder is; days are made so.
pub(super) fn start_of(day: &PlanExpr, kind: PeriodKind) -> PlanExpr {
    let year = day.clone().dt().year().cast(DataType::Int32) * lit(12i32);
    let month = || year.clone() + day.clone().dt().month().cast(DataType::Int32) - lit(1i32);
    match kind {
        PeriodKind::Year => year,
        PeriodKind::Month => month(),
        PeriodKind::Quarter => month() - month() % lit(3i32),
        PeriodKind::SchoolYear => month() - (month() - lit(7i32)) % lit(12i32),
        PeriodKind::Week => {
            let day = day.clone().cast(DataType::Int32);
            // 1 January 1970 was a Thursday.
            day.clone() - (day + lit(3i32 + 7 * 10_000)) % lit(7i32)
        }
    }
}

/// The same of a period.
fn start_number(period: Period) -> i32 {
    if period.kind() == PeriodKind::Week {
        return period.start().days();
    }
    period.start().year() * 12 + period.start().month().cast_signed() - 1
}

/// What is aggregated of a row; `None` where rows are only counted.
fn value(aggregate: &Aggregate, dataset: &Dataset) -> Option<PlanExpr> {
    match aggregate {
        Aggregate::Count => None,
        Aggregate::Sum(expression) | Aggregate::Min(expression) | Aggregate::Max(expression) => {
            Some(number(expression, &dataset.fields))
        }
        Aggregate::CountDistinct(fields) => Some(combination(fields, &dataset.fields)),
        Aggregate::Mean(_) | Aggregate::Quantile(..) => unreachable!("no plain measure"),
    }
}

/// The combination of several fields as one value; missing if one of them is.
pub(super) fn combination(of: &[FieldIndex], fields: &[Field]) -> PlanExpr {
    let columns: Vec<PlanExpr> = of.iter().map(|field| column(fields, *field)).collect();
    if let [single] = columns.as_slice() {
        return single.clone();
    }
    let complete = columns.iter().map(|column| column.clone().is_not_null()).reduce(PlanExpr::and);
    when(complete.unwrap_or_else(|| lit(true))).then(as_struct(columns)).otherwise(lit(NULL))
}

fn aggregated(aggregate: &Aggregate, names: &Names) -> Vec<PlanExpr> {
    let value = col(names.value.as_str());
    match aggregate {
        Aggregate::Count => Vec::new(),
        Aggregate::Sum(_) => vec![value.sum()],
        Aggregate::Min(_) => vec![value.min()],
        Aggregate::Max(_) => vec![value.max()],
        Aggregate::Mean(_) | Aggregate::Quantile(..) => unreachable!("no plain measure"),
        Aggregate::CountDistinct(_) => {
            let present = value.clone().is_not_null().cast(DataType::Int64).sum().alias(names.present.as_str());
            vec![value.n_unique().cast(DataType::Int128), present]
        }
    }
}

/// The groups of one query, column by column.
struct Groups {
    municipality: Vec<Option<String>>,
    key: Vec<Option<i32>>,
    length: Vec<i64>,
    measures: Vec<GroupValues>,
}

struct GroupValues {
    rows: Option<Vec<i64>>,
    value: Option<Vec<Option<i128>>>,
    present: Option<Vec<i64>>,
}

impl Groups {
    fn of(frame: &DataFrame, question: &Question<'_>) -> PolarsResult<Self> {
        let series = |name: &str| frame.column(name).map(|column| column.as_materialized_series().clone());
        let whole = |name: &str| -> PolarsResult<Vec<i64>> {
            Ok(series(name)?.i64()?.iter().map(Option::unwrap_or_default).collect())
        };
        let measure = |at: usize| -> PolarsResult<GroupValues> {
            let (names, measure) = (Names::of(at), question.measures[at]);
            let rows = measure.filter.is_some().then(|| whole(&names.rows)).transpose()?;
            let wide = || -> PolarsResult<Vec<Option<i128>>> { Ok(series(&names.value)?.i128()?.iter().collect()) };
            let value = (measure.aggregate != Aggregate::Count).then(wide).transpose()?;
            let distinct = matches!(measure.aggregate, Aggregate::CountDistinct(_));
            Ok(GroupValues { rows, value, present: distinct.then(|| whole(&names.present)).transpose()? })
        };
        Ok(Self {
            municipality: series(MUNICIPALITY)?.str()?.iter().map(|text| text.map(str::to_owned)).collect(),
            key: series(KEY)?.i32()?.iter().collect(),
            length: whole(LENGTH)?,
            measures: (0..question.measures.len()).map(measure).collect::<PolarsResult<_>>()?,
        })
    }

    fn into_answers(self, question: &Question<'_>, answers: &mut Answers) -> Result<(), ComputeError> {
        let places = Places::of(question);
        for group in 0..self.length.len() {
            let (code, key) = (self.municipality[group].as_deref(), self.key[group]);
            let found = code.and_then(MunicipalityCode::new).zip(key).and_then(|place| places.0.get(&place));
            let found = found.ok_or_else(|| ComputeError::Misplaced {
                dataset: question.rows.dataset.id.clone(),
                found: format!("municipality {} at {}", code.unwrap_or("-"), key.unwrap_or_default()),
            })?;
            for &(at, period) in found {
                let municipality = code.and_then(MunicipalityCode::new);
                let answer = self.measures[at].answer(group, self.length[group], &question.measures[at].aggregate);
                answers.extend(municipality.map(|code| ((at, code, period), answer)));
            }
        }
        Ok(())
    }
}

impl GroupValues {
    fn answer(&self, group: usize, length: i64, aggregate: &Aggregate) -> Partial {
        let rows = self.rows.as_ref().map_or(length, |rows| rows[group]);
        let value = self.value.as_ref().and_then(|values| values[group]);
        let value = match aggregate {
            Aggregate::Count => Some(i128::from(rows)),
            Aggregate::CountDistinct(_) => {
                // The engine counts the missing value as one more.
                let some_missing = self.present.as_ref().is_some_and(|present| present[group] < length);
                value.map(|distinct| distinct - i128::from(some_missing))
            }
            _ => value,
        };
        Partial { value, rows: rows.unsigned_abs() }
    }
}

/// Which measures and periods a group answers, by municipality and key.
struct Places(BTreeMap<(MunicipalityCode, i32), Vec<(usize, Period)>>);

impl Places {
    fn of(question: &Question<'_>) -> Self {
        let mut places: BTreeMap<(MunicipalityCode, i32), Vec<(usize, Period)>> = BTreeMap::new();
        for (at, municipality, period) in &question.known {
            let key = match question.rows.dataset.moment {
                MomentRule::Event => Some(start_number(*period)),
                MomentRule::Snapshot | MomentRule::Interval => {
                    question.measures[*at].time.snapshot_day(*period).map(model::Date::days)
                }
            };
            if let Some(key) = key {
                places.entry((*municipality, key)).or_default().push((*at, *period));
            }
        }
        Self(places)
    }
}
