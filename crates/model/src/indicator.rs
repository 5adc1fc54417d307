//! Indicators (key figures, nøgletal): measures of datasets, combined by a formula.

use crate::{
    Activity, Aggregate, Breakdown, Dataset, DatasetId, Date, Dimension, Expr, Field, FieldIndex, FieldName,
    Fingerprint, Formula, History, IndicatorId, IndicatorVersion, Joined, MomentRule, MunicipalityCode, Period,
    PeriodKind, Price, Ratio, Rounding, Slicing, Text, TimeSelection, Unit, Window,
};

/// Which direction is better, if any is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither.
    Neutral,
}

impl Direction {
    /// The word used in definitions and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HigherIsBetter => "higher_is_better",
            Self::LowerIsBetter => "lower_is_better",
            Self::Neutral => "neutral",
        }
    }
}

/// What a measure is worth where its data was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingRule {
    /// It is missing, and so is the indicator.
    Propagate,
    /// It is zero.
    Zero,
    /// It is left out, as if it were zero, where another measure of the indicator is known.
    Exclude,
}

/// What is to be expected of a municipality's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plausible {
    /// The least value, in the indicator's unit.
    pub least: Option<Ratio>,
    /// The greatest value.
    pub greatest: Option<Ratio>,
    /// The largest change from the period before, as a share of its value.
    pub change: Option<Ratio>,
    /// Whether a value beyond is taken out; otherwise it is flagged.
    pub remove: bool,
    /// Whether it holds for the parts of breakdowns too, and not for the total alone.
    pub of_parts: bool,
}

/// A municipality whose data is delivered by another one, among its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inclusion {
    /// The municipality that has no figure of its own.
    pub municipality: MunicipalityCode,
    /// The one whose figures are about both.
    pub within: MunicipalityCode,
    /// The first period.
    pub from: Option<Period>,
    /// The last period.
    pub to: Option<Period>,
}

impl Inclusion {
    /// Whether it holds in a period.
    pub fn holds(&self, period: Period) -> bool {
        self.from.is_none_or(|from| from <= period) && self.to.is_none_or(|to| period <= to)
    }
}

/// What a figure of several municipalities is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupRule {
    /// The formula of the members' measures taken together.
    #[default]
    RatioOfSums,
    /// The mean of the members' figures, large and small alike.
    UnweightedMean,
    /// The median of the members' figures.
    Median,
}

impl GroupRule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RatioOfSums, Self::UnweightedMean, Self::Median];

    /// The word used in definitions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RatioOfSums => "ratio_of_sums",
            Self::UnweightedMean => "unweighted_mean",
            Self::Median => "median",
        }
    }
}

/// A first grouping of rows, whose groups are what is aggregated: classes of pupils, for example.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouping {
    /// The fields that rows of one group have in common, within a municipality and its period.
    pub by: Vec<FieldIndex>,
    /// What is computed of each group, by name.
    pub lets: Vec<(FieldName, Aggregate)>,
    /// What a group looks like to `having` and to the measure's aggregate: the fields of `by`, then those of `lets`.
    pub fields: Vec<Field>,
    /// Which groups count; all if `None`.
    pub having: Option<Expr>,
}

/// Rows count only if what they are about was not there at another time: new hires, for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// How many months later than the measure's own window.
    pub shift: i32,
    /// What must not be there.
    pub on: Vec<FieldIndex>,
}

/// An aggregate of a dataset's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Its name in the formula.
    pub name: FieldName,
    /// The dataset.
    pub dataset: DatasetId,
    /// The field with the municipality that a row counts for, where it is not the one that reports it.
    pub role: Option<FieldIndex>,
    /// Which rows of the window count.
    pub time: TimeSelection,
    /// The stretch of time.
    pub window: Window,
    /// What is looked up for each row.
    pub joined: Option<Joined>,
    /// What must have been absent at another time.
    pub absent: Option<Absence>,
    /// The first grouping; without it, rows are aggregated.
    pub per: Option<Grouping>,
    /// Which rows count; all if `None`.
    pub filter: Option<Expr>,
    /// What is computed of them.
    pub aggregate: Aggregate,
    /// Decimals of the result: it is kept in units of `10^-scale`.
    pub scale: u8,
    /// The unit of the result.
    pub unit: Unit,
    /// In whose prices the amounts are, where not in those of their own time.
    pub price: Option<Price>,
    /// How it is broken down, in the order of the indicator's breakdowns.
    pub slicings: Vec<Slicing>,
    /// The condition as written.
    pub filter_text: Option<String>,
    /// The aggregate as written.
    pub value_text: String,
    /// Its other keys but `from`, by name, as written.
    pub written: Vec<(String, String)>,
}

impl Measure {
    /// Whether it is an aggregate of the rows of one period or day, which can be added up while rows are read.
    pub fn is_plain(&self) -> bool {
        let times = [TimeSelection::Last, TimeSelection::Average];
        self.window == Window::default()
            && self.role.is_none()
            && self.joined.is_none()
            && self.absent.is_none()
            && self.per.is_none()
            && !times.contains(&self.time)
            && !matches!(self.time, TimeSelection::Active(_))
            && !matches!(self.aggregate, Aggregate::Mean(_) | Aggregate::Quantile(..))
    }

    /// The windows that are looked at: the measure's own, and where something must be absent, that one.
    pub fn windows(&self) -> impl Iterator<Item = Window> {
        let absent = self.absent.as_ref().map(|absent| self.window.later(absent.shift));
        std::iter::once(self.window).chain(absent)
    }

    /// The partitions of the dataset that must have been delivered for the measure to be known in this period, in order.
    pub fn partitions(&self, period: Period, dataset: &Dataset) -> Vec<Period> {
        let mut parts: Vec<Period> =
            self.windows().flat_map(|window| self.partitions_of(window, period, dataset)).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    fn partitions_of(&self, window: Window, period: Period, dataset: &Dataset) -> Vec<Period> {
        let kind = dataset.partition;
        let of_day = |day: Date| vec![Period::containing(kind, day)];
        let Some(days) = window.days(period) else { return Vec::new() };
        let last = || Date::from_days(days.end.days() - 1).unwrap_or(days.start);
        match (dataset.moment, self.time) {
            (MomentRule::Snapshot, _) => {
                let days = self.time.snapshot_days(window, period, dataset);
                days.into_iter().map(|day| Period::containing(kind, day)).collect()
            }
            (_, TimeSelection::Active(Activity::Start)) => of_day(days.start),
            (_, TimeSelection::Active(Activity::End)) => of_day(last()),
            _ => {
                let first = Period::containing(kind, days.start);
                let parts = std::iter::successors(Some(first), |part| part.next());
                parts.take_while(|part| part.start() < days.end).collect()
            }
        }
    }

    /// Whether the rows of a partition may count in a period. Of intervals, all that began before its end are read.
    pub fn reads(&self, part: Period, period: Period, dataset: &Dataset) -> bool {
        match self.time {
            TimeSelection::Active(_) => {
                self.windows().filter_map(|window| window.days(period)).any(|days| part.start() < days.end)
            }
            _ => self.partitions(period, dataset).contains(&part),
        }
    }

    /// The periods of `kind` that a change of a partition touches, up to the one that holds `horizon`.
    pub fn touched(&self, part: Period, kind: PeriodKind, dataset: &Dataset, horizon: Date) -> Vec<Period> {
        let last = match self.time {
            TimeSelection::Active(_) => horizon.max(part.end()),
            _ => part.end(),
        };
        self.periods_near(part.start()..last, kind).filter(|period| self.reads(part, *period, dataset)).collect()
    }

    /// The periods of `kind` whose windows may have something to do with these days.
    pub(crate) fn periods_near(&self, days: std::ops::Range<Date>, kind: PeriodKind) -> impl Iterator<Item = Period> {
        let reach = self.windows().map(|window| window.reach(kind)).max().unwrap_or_default();
        let bounds = Date::from_days(days.start.days() - reach).zip(Date::from_days(days.end.days() + reach));
        let first = bounds.map(|(first, _)| Period::containing(kind, first));
        let periods = std::iter::successors(first, |period| period.next());
        periods.take_while(move |period| bounds.is_some_and(|(_, last)| period.start() <= last))
    }
}

/// A resolved indicator: the logical plan of a key figure.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// Its identifier.
    pub id: IndicatorId,
    /// The version of its definition.
    pub version: IndicatorVersion,
    /// The first period that this version defines.
    pub valid_from: Option<Period>,
    /// The last period that this version defines.
    pub valid_to: Option<Period>,
    /// The municipal area it belongs to, for example `school`.
    pub area: FieldName,
    /// Its title.
    pub title: Text,
    /// What it means.
    pub description: Text,
    /// The length of its periods.
    pub period: PeriodKind,
    /// The unit of its values.
    pub unit: Unit,
    /// Decimals of its values.
    pub decimals: u8,
    /// How its values are rounded.
    pub rounding: Rounding,
    /// Which direction is better.
    pub direction: Direction,
    /// Its measures.
    pub measures: Vec<Measure>,
    /// How the measures are combined.
    pub formula: Formula,
    /// What the formula's result is multiplied by to be in `unit`.
    pub conversion: Ratio,
    /// The formula as written.
    pub formula_text: String,
    /// What its figures are broken down by.
    pub dimensions: Vec<Dimension>,
    /// The breakdowns that there are besides the total.
    pub breakdowns: Vec<Breakdown>,
    /// What missing data means.
    pub missing: MissingRule,
    /// What a figure of several municipalities is.
    pub groups: GroupRule,
    /// What is to be expected of the figures.
    pub plausible: Option<Plausible>,
    /// Who is included in whose figures.
    pub included_in: Vec<Inclusion>,
    /// The periods with which a series begins that cannot be compared with what was before, sorted.
    pub breaks: Vec<Period>,
    /// Its place among the other versions.
    pub history: History,
    /// What a reader must know before using the figures.
    pub reservations: Vec<Text>,
    /// The hash of the canonical form.
    pub fingerprint: Fingerprint,
    /// The canonical form.
    pub canonical: String,
}

impl Indicator {
    /// The datasets that its figures are made of, those of older editions too.
    pub fn datasets(&self) -> std::collections::BTreeSet<&DatasetId> {
        self.editions().flat_map(|edition| &edition.measures).flat_map(Measure::datasets).collect()
    }

    /// Whether some measure is in prices by this dataset.
    pub fn is_priced_by(&self, dataset: &DatasetId) -> bool {
        let prices = self.measures.iter().filter_map(|measure| measure.price.as_ref());
        prices.into_iter().any(|price| price.dataset == *dataset)
    }
}
