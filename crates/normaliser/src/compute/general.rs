//! Measures that are more than one aggregate of the rows of one period: moved and longer windows, intervals, groups of
//! rows, other municipalities than the reporting one, means and quantiles.
//!
//! One query a period, over the files that it reads. What a row is worth to a period is decided in one place,
//! [`counted`], which the way back from a figure to its rows uses as well.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    ActiveTime, Activity, Aggregate, Dataset, DatasetId, Expr, Field, FieldIndex, FieldName, Grouping, Measure,
    MomentRule, MunicipalityCode, Period, Ratio, Reading, TimeSelection, Window,
};
use polars::prelude::{
    DataFrame, DataType, Engine, Expr as PlanExpr, JoinArgs, JoinType, LazyFrame, MaintainOrderJoin, PolarsResult, col,
    len, lit, when,
};

use super::category::{self, Found, Sorting};
use super::engine::{combination, scan};
use super::expression::{active_column, column, condition, number};
use super::lookup::Register;
use super::{Answer, CanonicalFile, ComputeError, DatasetRows};

const MUNICIPALITY: &str = "_municipality";
const DAY: &str = "_day";
const VALUE: &str = "_value";
const COUNT: &str = "_count";
const ROWS: &str = "_rows";

/// A municipality and its period, with the positions of the categories that the rows were sorted by.
pub(super) type Place = (MunicipalityCode, Period, Vec<usize>);

/// The answers for the municipalities and periods in which the measure is known, for each combination of the categories
/// that its rows are sorted by; where no row lies there is none.
pub(super) fn answer(
    measure: &Measure,
    by: &[Sorting<'_>],
    all: &BTreeMap<DatasetId, DatasetRows<'_>>,
    known: &BTreeSet<(MunicipalityCode, Period)>,
) -> Result<BTreeMap<Place, Answer>, ComputeError> {
    let Some(rows) = all.get(&measure.dataset) else { return Ok(BTreeMap::new()) };
    let mut periods: BTreeMap<Period, BTreeSet<MunicipalityCode>> = BTreeMap::new();
    for (municipality, period) in known {
        periods.entry(*period).or_default().insert(*municipality);
    }
    let mut answers = BTreeMap::new();
    for (period, municipalities) in periods {
        let Some(query) = Query::new(measure, all, period, &municipalities) else { continue };
        if query.files.is_empty() {
            continue;
        }
        let failed = |error: polars::prelude::PolarsError| ComputeError::Engine {
            dataset: rows.dataset.id.clone(),
            message: error.to_string(),
        };
        let found = query.answers(by).map_err(failed)?;
        let wanted = found.into_iter().filter(|(municipality, ..)| municipalities.contains(municipality));
        answers.extend(wanted.map(|(municipality, cell, answer)| ((municipality, period, cell), answer)));
    }
    Ok(answers)
}

/// The files that a period reads: of the rows of one dataset, those of its municipalities, or of everybody.
fn files<'r>(
    reading: Reading<'_>,
    rows: &'r DatasetRows<'_>,
    period: Period,
    municipalities: &BTreeSet<MunicipalityCode>,
) -> Vec<&'r CanonicalFile> {
    let mut read: BTreeMap<Period, bool> = BTreeMap::new();
    let mut reads = |part| *read.entry(part).or_insert_with(|| reading.reads(part, period));
    let whose = |file: &CanonicalFile| reading.is_for_all() || municipalities.contains(&file.municipality);
    let mut files: Vec<&CanonicalFile> = rows.files.iter().filter(|file| whose(file) && reads(file.period)).collect();
    files.sort_by_key(|file| (file.municipality, file.period, &file.path));
    files
}

/// The rows that lie in the window, with the columns that say how long an interval has been active.
fn rows_in(frame: LazyFrame, measure: &Measure, dataset: &Dataset, window: Window, period: Period) -> LazyFrame {
    let day = |field| column(&dataset.fields, field).cast(DataType::Int32);
    let Some(days) = window.days(period) else { return frame.filter(lit(false)) };
    let (start, end) = (days.start.days(), days.end.days() - 1);
    let began = day(dataset.time);
    let mut frame = frame;
    let in_time = match (dataset.moment, measure.time, dataset.until) {
        (MomentRule::Snapshot, ..) => {
            let wanted = measure.time.snapshot_days(window, period, dataset);
            let on = wanted.into_iter().map(|wanted| began.clone().eq(lit(wanted.days()))).reduce(PlanExpr::or);
            on.unwrap_or_else(|| lit(false))
        }
        (MomentRule::Interval, TimeSelection::Active(activity), Some(until)) => {
            frame = frame.with_columns(active_for(dataset, activity, until, (start, end)));
            let (first, last) = match activity {
                Activity::Start => (start, start),
                Activity::End => (end, end),
                Activity::Any => (start, end),
            };
            let until = day(until);
            began.lt_eq(lit(last)).and(until.clone().is_null().or(until.gt_eq(lit(first))))
        }
        _ => began.clone().gt_eq(lit(start)).and(began.lt_eq(lit(end))),
    };
    frame.filter(in_time)
}

/// The columns of [`Expr::Active`] in a window of these days, first and last.
fn active_for(dataset: &Dataset, activity: Activity, until: FieldIndex, (start, end): (i32, i32)) -> [PlanExpr; 2] {
    let (began, until) = (column(&dataset.fields, dataset.time), column(&dataset.fields, until));
    let day = |date: PlanExpr| date.cast(DataType::Int32);
    let first = when(day(began.clone()).gt(lit(start))).then(day(began.clone())).otherwise(lit(start));
    let last = when(day(until.clone()).lt(lit(end))).then(day(until)).otherwise(lit(end));
    let days = (last - first + lit(1)).cast(DataType::Int64).alias(active_column(ActiveTime::Days));
    let seen = lit(if activity == Activity::Start { start } else { end }).cast(DataType::Date);
    let month = |date: &PlanExpr| {
        date.clone().dt().year().cast(DataType::Int64) * lit(12i64) + date.clone().dt().month().cast(DataType::Int64)
    };
    let day_of_month = |date: &PlanExpr| date.clone().dt().day().cast(DataType::Int64);
    let begun = day_of_month(&seen).lt(day_of_month(&began)).cast(DataType::Int64);
    let months = (month(&seen) - month(&began) - begun).alias(active_column(ActiveTime::Months));
    [days, months]
}

/// The rows that count in a period for some municipalities, in the order of their files: what is left of [`rows_in`] by the
/// condition, the role, what must be absent, the groups that count, and `part`: the condition on the rows, or on the
/// groups, of one category. `None` where nothing is there to count.
pub(super) fn counted(
    measure: &Measure,
    part: Option<&Expr>,
    all: &BTreeMap<DatasetId, DatasetRows<'_>>,
    period: Period,
    municipalities: &BTreeSet<MunicipalityCode>,
) -> PolarsResult<Option<LazyFrame>> {
    let Some(query) = Query::new(measure, all, period, municipalities).filter(|query| !query.files.is_empty()) else {
        return Ok(None);
    };
    let order = MaintainOrderJoin::Left;
    let theirs = municipalities.iter().map(|code| col(MUNICIPALITY).eq(lit(code.to_string()))).reduce(PlanExpr::or);
    let kept = query.kept(order)?.filter(theirs.unwrap_or_else(|| lit(false)));
    let of_part = |frame: LazyFrame, fields: &[Field]| match part {
        Some(part) => frame.filter(condition(part, fields)),
        None => frame,
    };
    let Some(per) = &measure.per else { return Ok(Some(of_part(kept, query.fields))) };
    let by = query.keys().into_iter().chain(per.by.iter().map(|field| column(query.fields, *field)));
    let by: Vec<PlanExpr> = by.collect();
    let groups = of_part(query.groups(kept.clone(), per), &per.fields).select(by.clone());
    let args = JoinArgs { maintain_order: order, ..JoinArgs::new(JoinType::Semi) };
    Ok(Some(kept.join(groups, by.clone(), by, args)))
}

struct Query<'a> {
    measure: &'a Measure,
    dataset: &'a Dataset,
    /// The fields of its rows, with those of what is looked up.
    fields: &'a [Field],
    period: Period,
    files: Vec<&'a CanonicalFile>,
    /// What is looked up in, in the order of the look-ups.
    registers: Vec<Register<'a>>,
}

impl<'a> Query<'a> {
    /// `None` if nothing is known of a dataset.
    fn new(
        measure: &'a Measure,
        all: &'a BTreeMap<DatasetId, DatasetRows<'_>>,
        period: Period,
        municipalities: &BTreeSet<MunicipalityCode>,
    ) -> Option<Self> {
        let readings = measure.readings(|id| all.get(id).map(|rows| rows.dataset))?;
        let read = |reading: &Reading<'a>| {
            let rows = all.get(&reading.dataset.id)?;
            Some((reading.dataset, files(*reading, rows, period, municipalities)))
        };
        let mut found = readings.iter().map(read);
        let (dataset, files) = found.next()??;
        let joins = measure.joins().iter().zip(found);
        let registers: Option<Vec<Register<'a>>> =
            joins.map(|(join, found)| found.map(|(dataset, files)| Register { join, dataset, files })).collect();
        Some(Self { measure, dataset, fields: measure.fields(dataset), period, files, registers: registers? })
    }

    fn answers(&self, by: &[Sorting<'_>]) -> PolarsResult<Vec<(MunicipalityCode, Vec<usize>, Answer)>> {
        let kept = self.kept(MaintainOrderJoin::None)?;
        let (counted, fields, rows) = match &self.measure.per {
            None => (kept, self.fields, len().cast(DataType::Int64)),
            Some(per) => (self.groups(kept, per), per.fields.as_slice(), col(ROWS).sum()),
        };
        let categories = || (0..by.len()).map(|at| col(category::name(at).as_str()));
        let counted = match category::sorted(by) {
            Some(sorted) => counted.with_columns(category::columns(by, fields, self.period)).filter(sorted),
            None => counted,
        };
        let keys: Vec<PlanExpr> = self.keys().into_iter().chain(categories()).collect();
        let aggregated = counted.group_by(keys).agg(self.aggregates(fields, rows));
        let averaged = self.measure.time == TimeSelection::Average;
        let frame = if averaged {
            let sums = [VALUE, COUNT, ROWS].map(|name| col(name).sum());
            let keys: Vec<PlanExpr> = std::iter::once(col(MUNICIPALITY)).chain(categories()).collect();
            aggregated.group_by(keys).agg(sums)
        } else {
            aggregated
        };
        let frame = frame.collect_with_engine(Engine::Streaming)?.unwrap_single();
        self.read(by, &frame)
    }

    /// What the measure has a value of: the municipality, and where a mean over several days is made, each of them.
    fn keys(&self) -> Vec<PlanExpr> {
        let day = (self.measure.time == TimeSelection::Average).then(|| col(DAY));
        std::iter::once(col(MUNICIPALITY)).chain(day).collect()
    }

    /// The groups that count, with what is computed of each and of how many rows it is made.
    fn groups(&self, kept: LazyFrame, per: &Grouping) -> LazyFrame {
        let by = per.by.iter().map(|field| column(self.fields, *field));
        let group: Vec<PlanExpr> = self.keys().into_iter().chain(by.clone()).collect();
        let value =
            |(name, aggregate): &(FieldName, Aggregate)| aggregated(aggregate, self.fields).alias(name.as_str());
        let mut values: Vec<PlanExpr> = per.lets.iter().map(value).collect();
        values.push(len().cast(DataType::Int64).alias(ROWS));
        let present = by.map(PlanExpr::is_not_null).reduce(PlanExpr::and).unwrap_or_else(|| lit(true));
        let groups = kept.filter(present).group_by(group).agg(values);
        match &per.having {
            Some(having) => groups.filter(condition(having, &per.fields)),
            None => groups,
        }
    }

    /// The rows that count, each with the municipality that it counts for.
    fn kept(&self, order: MaintainOrderJoin) -> PolarsResult<LazyFrame> {
        let (measure, dataset) = (self.measure, self.dataset);
        let municipality = column(&dataset.fields, measure.role.unwrap_or(dataset.municipality));
        let of_somebody = municipality.clone().is_not_null();
        let placed = |window| -> PolarsResult<LazyFrame> {
            let mut rows = rows_in(scan(&self.files)?, measure, dataset, window, self.period);
            for (number, register) in self.registers.iter().enumerate() {
                rows = register.beside(rows, number, dataset, (window, self.period), order)?;
            }
            if let Some(filter) = &measure.filter {
                rows = rows.filter(condition(filter, self.fields));
            }
            Ok(rows.filter(of_somebody.clone()).with_columns([
                municipality.clone().cast(DataType::String).alias(MUNICIPALITY),
                column(&dataset.fields, dataset.time).cast(DataType::Int32).alias(DAY),
            ]))
        };
        let kept = placed(measure.window)?;
        let Some(absent) = &measure.absent else { return Ok(kept) };
        let on = absent.on.iter().map(|field| column(self.fields, *field));
        let present = on.clone().map(PlanExpr::is_not_null).reduce(PlanExpr::and).unwrap_or_else(|| lit(true));
        let keys: Vec<PlanExpr> = on.chain([col(MUNICIPALITY)]).collect();
        let there = placed(measure.window.later(absent.shift))?.select(keys.clone());
        let args = JoinArgs { maintain_order: order, ..JoinArgs::new(JoinType::Anti) };
        Ok(kept.filter(present).join(there, keys.clone(), keys, args))
    }

    /// The measure's value of each group, how many values it is made of, and of how many rows.
    fn aggregates(&self, fields: &[Field], rows: PlanExpr) -> Vec<PlanExpr> {
        let aggregate = &self.measure.aggregate;
        let count = aggregate.operand().map_or_else(len, |of| number(of, fields).count()).cast(DataType::Int64);
        vec![aggregated(aggregate, fields).alias(VALUE), count.alias(COUNT), rows.alias(ROWS)]
    }

    fn read(&self, by: &[Sorting<'_>], frame: &DataFrame) -> PolarsResult<Vec<(MunicipalityCode, Vec<usize>, Answer)>> {
        let categories = Found::of(by, frame)?;
        let (codes, values) = (frame.column(MUNICIPALITY)?.str()?, self.values(frame)?);
        let (counts, rows) = (frame.column(COUNT)?.i64()?, frame.column(ROWS)?.i64()?);
        let mut answers = Vec::with_capacity(frame.height());
        for (row, value) in values.into_iter().enumerate() {
            let Some(municipality) = codes.get(row).and_then(MunicipalityCode::new) else { continue };
            let divisor = self.divisor(counts.get(row).unwrap_or_default());
            let value = value.filter(|_| divisor > 0);
            let rows = rows.get(row).unwrap_or_default().unsigned_abs();
            let answer = Answer { value, divisor: divisor.max(1), rows };
            answers.extend(categories.categories(row).map(|cell| (municipality, cell, answer)));
        }
        Ok(answers)
    }

    fn values(&self, frame: &DataFrame) -> PolarsResult<Vec<Option<i128>>> {
        let Aggregate::Quantile(_, share) = &self.measure.aggregate else {
            return Ok(frame.column(VALUE)?.i128()?.iter().collect());
        };
        let lists = frame.column(VALUE)?.list()?;
        let mut values = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            let list = lists.get_as_series(row);
            let list = list.as_ref().map(|list| list.i128()).transpose()?;
            values.push(list.and_then(|list| selected(list.iter().flatten().collect(), *share)));
        }
        Ok(values)
    }

    /// What the aggregate is divided by to be the measure's value; 0 where there is none.
    fn divisor(&self, count: i64) -> i64 {
        let days = || self.measure.time.snapshot_days(self.measure.window, self.period, self.dataset).len();
        match &self.measure.aggregate {
            _ if self.measure.time == TimeSelection::Average => i64::try_from(days()).unwrap_or_default(),
            Aggregate::Mean(_) => count,
            Aggregate::Quantile(_, share) if *share == half() => count.min(2 - count % 2),
            Aggregate::Quantile(..) => count.min(1),
            Aggregate::Min(_) | Aggregate::Max(_) => count.min(1),
            Aggregate::Sum(_) | Aggregate::Count | Aggregate::CountDistinct(_) => 1,
        }
    }
}

fn half() -> Ratio {
    Ratio::integer(1).divided_by(Ratio::integer(2)).unwrap_or_else(|_| unreachable!("2 is not 0"))
}

/// An aggregate in 128 bits, before it is divided by anything.
fn aggregated(aggregate: &Aggregate, fields: &[Field]) -> PlanExpr {
    let value = |of: &Expr| number(of, fields);
    let result = match aggregate {
        Aggregate::Count => len(),
        Aggregate::CountDistinct(of) => combination(of, fields).drop_nulls().n_unique(),
        Aggregate::Sum(of) | Aggregate::Mean(of) => value(of).sum(),
        Aggregate::Min(of) => value(of).min(),
        Aggregate::Max(of) => value(of).max(),
        // All values: which of them it is made of is decided in `selected`.
        Aggregate::Quantile(of, _) => return value(of).drop_nulls(),
    };
    result.cast(DataType::Int128)
}

/// The value that so large a share of the values does not exceed, or for a median of an even number, the sum of the two
/// in the middle. A selection by rank: engines do not agree on what a quantile is.
fn selected(mut values: Vec<i128>, share: Ratio) -> Option<i128> {
    values.sort_unstable();
    let count = i128::try_from(values.len()).ok()?;
    if share == half() && count % 2 == 0 {
        let middle = values.len() / 2;
        return Some(values.get(middle.checked_sub(1)?)? + values.get(middle)?);
    }
    let rank = (count.checked_mul(share.numerator())? + share.denominator() - 1) / share.denominator();
    values.get(usize::try_from(rank - 1).ok()?).copied()
}
