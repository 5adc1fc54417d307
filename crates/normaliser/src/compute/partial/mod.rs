//! Measures that are made while a delivery is read, without the detour over its canonical files.
//!
//! Sums, counts, smallest and largest values can be made of parts in any order, exactly. [`PartialPlan`] knows those
//! that some indicator has over a dataset; each parsing thread adds its rows up in a [`PartialHand`]; the hands
//! together make the [`Partials`] of the delivery, from which [`crate::measure`] takes what it would otherwise ask the
//! engine for. Rows are added up by municipality and by the finest stretch of time that any period is made of: the
//! month for events, the day for snapshots and for what is kept by weeks. So the answers serve periods of every kind.

mod condition;
mod family;
mod number;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use model::{
    Aggregate, ColumnData, ColumnKind, Dataset, DatasetId, Date, Expr, Indicator, Measure, MomentRule,
    MunicipalityCode, Period, PeriodKind, RecordBatch, RecordSchema,
};

use self::condition::Atoms;
use self::family::{Family, MOST_CLASSES, Scratch, Sums, families};
use crate::calendar::Calendar;

/// The additive measures over one dataset, compiled for its columns.
#[derive(Debug)]
pub struct PartialPlan {
    dataset: DatasetId,
    measures: Arc<[PartialMeasure]>,
    families: Vec<Family>,
    municipality: usize,
    municipalities: Vec<Option<MunicipalityCode>>,
    time: usize,
    moments: Moments,
    partition: PeriodKind,
}

/// What the measures of several indicators may have in common: the rest decides only which periods are asked for.
#[derive(Debug, Clone, PartialEq)]
struct PartialMeasure {
    filter: Option<Expr>,
    aggregate: Aggregate,
    how: How,
}

impl PartialMeasure {
    fn of(measure: &Measure) -> Option<Self> {
        let how = How::of(&measure.aggregate).filter(|_| measure.is_plain())?;
        Some(Self { filter: measure.filter.clone(), aggregate: measure.aggregate.clone(), how })
    }

    fn is(&self, measure: &Measure) -> bool {
        self.aggregate == measure.aggregate && self.filter == measure.filter
    }
}

/// How the measures of two sets of rows make that of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Sum,
    Min,
    Max,
}

impl How {
    /// `None` for what cannot be made of parts.
    pub(super) fn of(aggregate: &Aggregate) -> Option<Self> {
        match aggregate {
            Aggregate::Sum(_) | Aggregate::Count => Some(Self::Sum),
            Aggregate::Min(_) => Some(Self::Min),
            Aggregate::Max(_) => Some(Self::Max),
            Aggregate::CountDistinct(_) | Aggregate::Mean(_) | Aggregate::Quantile(..) => None,
        }
    }

    /// What changes nothing. For a smallest or largest value it also says that there was none: what is computed from
    /// numbers of 64 bits never comes near.
    fn neutral(self) -> i128 {
        match self {
            Self::Sum => 0,
            Self::Min => i128::MAX,
            Self::Max => i128::MIN,
        }
    }

    #[inline]
    fn together(self, left: i128, right: i128) -> i128 {
        match self {
            Self::Sum => left.checked_add(right).expect("2^63 numbers of 64 bits fit 128"),
            Self::Min => left.min(right),
            Self::Max => left.max(right),
        }
    }
}

/// Days by the stretch of time that they are added up in.
#[derive(Debug)]
enum Moments {
    Months(Calendar),
    Days,
}

/// The first day that a [`Date`] can be, and how many there are at most.
const FIRST_DAY: i32 = -62_091;
const DAYS: usize = 401 * 366;

impl Moments {
    #[inline]
    fn number(&self, day: i32) -> usize {
        match self {
            Self::Months(calendar) => usize::from(calendar.number(day)),
            Self::Days => usize::try_from(day.wrapping_sub(FIRST_DAY)).unwrap_or_default().min(DAYS - 1),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Months(calendar) => calendar.len(),
            Self::Days => DAYS,
        }
    }

    fn first_day(&self, number: usize) -> i32 {
        match self {
            Self::Months(calendar) => calendar.first_day(number),
            Self::Days => FIRST_DAY + i32::try_from(number).expect("a few centuries of days"),
        }
    }
}

/// What one thread has added up.
#[derive(Debug)]
pub struct PartialHand {
    groups: Groups,
    group_of: Vec<u32>,
    sums: Vec<Sums>,
    scratch: Scratch,
}

/// Municipalities and moments that occur, numbered densely in the order of their appearance.
#[derive(Debug)]
struct Groups {
    /// One more than the row of `numbers` for a moment; 0 if it has not occurred.
    moments: Vec<u32>,
    /// One more than the number of the group, by moment and municipality; 0 if there is none.
    numbers: Vec<u32>,
    municipalities: usize,
    /// Municipality and moment of each group.
    places: Vec<(u32, usize)>,
}

impl Groups {
    #[inline]
    fn number(&mut self, municipality: u32, moment: usize) -> u32 {
        let row = self.moments[moment] as usize;
        if row > 0 {
            let number = self.numbers[(row - 1) * self.municipalities + municipality as usize];
            if number > 0 {
                return number - 1;
            }
        }
        self.begin(municipality, moment)
    }

    #[cold]
    fn begin(&mut self, municipality: u32, moment: usize) -> u32 {
        let short = |number: usize| u32::try_from(number).expect("groups are fewer than rows");
        if self.moments[moment] == 0 {
            self.numbers.resize(self.numbers.len() + self.municipalities, 0);
            self.moments[moment] = short(self.numbers.len() / self.municipalities);
        }
        self.places.push((municipality, moment));
        let row = self.moments[moment] as usize - 1;
        self.numbers[row * self.municipalities + municipality as usize] = short(self.places.len());
        short(self.places.len() - 1)
    }
}

impl PartialPlan {
    /// For the rows of a dataset with this schema, and the measures that these indicators have over it.
    pub fn new(dataset: &Dataset, schema: &RecordSchema, indicators: &[&Indicator]) -> Self {
        Self::with_most_classes(dataset, schema, indicators, MOST_CLASSES)
    }

    pub(super) fn with_most_classes(
        dataset: &Dataset,
        schema: &RecordSchema,
        indicators: &[&Indicator],
        most_classes: usize,
    ) -> Self {
        let of_dataset = indicators.iter().flat_map(|indicator| &indicator.measures);
        let mut measures: Vec<PartialMeasure> = Vec::new();
        for measure in of_dataset.filter(|measure| measure.dataset == dataset.id).filter_map(PartialMeasure::of) {
            if !measures.contains(&measure) {
                measures.push(measure);
            }
        }
        let ColumnKind::Code(codes) = &schema.columns[dataset.municipality.0].1 else {
            unreachable!("the municipality is a code")
        };
        let families = families(&measures, Atoms { schema, atoms: Vec::new() }, most_classes);
        Self {
            dataset: dataset.id.clone(),
            measures: measures.into(),
            families,
            municipality: dataset.municipality.0,
            municipalities: codes.iter().map(|code| MunicipalityCode::new(code)).collect(),
            time: dataset.time.0,
            moments: match dataset.moment {
                // No month is made of weeks.
                MomentRule::Event if dataset.partition == PeriodKind::Week => Moments::Days,
                MomentRule::Event => Moments::Months(Calendar::new(PeriodKind::Month)),
                MomentRule::Snapshot | MomentRule::Interval => Moments::Days,
            },
            partition: dataset.partition,
        }
    }

    /// Whether there is nothing to add up.
    pub fn is_empty(&self) -> bool {
        self.measures.is_empty()
    }

    /// A hand with nothing in it.
    pub fn hand(&self) -> PartialHand {
        PartialHand {
            groups: Groups {
                moments: vec![0; self.moments.len()],
                numbers: Vec::new(),
                municipalities: self.municipalities.len(),
                places: Vec::new(),
            },
            group_of: Vec::new(),
            sums: self.families.iter().map(Family::sums).collect(),
            scratch: Scratch::default(),
        }
    }

    /// Adds all rows of a batch.
    pub fn add(&self, hand: &mut PartialHand, batch: &RecordBatch) {
        if self.is_empty() || batch.is_empty() {
            return;
        }
        self.place(hand, batch);
        let groups = hand.groups.places.len();
        for (family, sums) in self.families.iter().zip(&mut hand.sums) {
            family.add(batch, &hand.group_of, groups, sums, &mut hand.scratch);
        }
    }

    /// The group of each row. Neighbours often share theirs.
    fn place(&self, hand: &mut PartialHand, batch: &RecordBatch) {
        let (ColumnData::Code(codes), ColumnData::Date(days)) =
            (&batch.columns[self.municipality].data, &batch.columns[self.time].data)
        else {
            unreachable!("the municipality is a code, the time field a day")
        };
        hand.group_of.clear();
        let (mut last, mut group) = (None, 0);
        hand.group_of.extend(codes.iter().zip(days).map(|(code, day)| {
            if last != Some((*code, *day)) {
                last = Some((*code, *day));
                group = hand.groups.number(*code, self.moments.number(*day));
            }
            group
        }));
    }

    /// Everything that the hands hold, together.
    pub fn finish(&self, hands: &[PartialHand]) -> Partials {
        let mut partials =
            Partials { dataset: self.dataset.clone(), measures: Arc::clone(&self.measures), cells: BTreeMap::new() };
        for hand in hands {
            for (group, (code, moment)) in hand.groups.places.iter().enumerate() {
                let day = self.moments.first_day(*moment);
                let date = Date::from_days(day).expect("canonical days are checked");
                // The definitions admit four digits alone.
                let municipality = self.municipalities[*code as usize].expect("a municipality has four digits");
                let cell = partials.cells.entry((municipality, Period::containing(self.partition, date))).or_default();
                let known = cell.entry(day).or_insert_with(|| vec![Partial::default(); self.measures.len()]);
                let of_group = self.families.iter().zip(&hand.sums);
                for (at, partial) in of_group.flat_map(|(family, sums)| family.partials(sums, group)) {
                    known[at] = known[at].with(partial, self.measures[at].how);
                }
            }
        }
        partials
    }
}

/// A measure of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Partial {
    /// `None` where no row has a value.
    pub(super) value: Option<i128>,
    /// Rows that the measure keeps.
    pub(super) rows: u64,
}

impl Partial {
    /// The measure of these rows and of others.
    pub(super) fn with(self, other: Self, how: How) -> Self {
        let value = match (self.value, other.value) {
            (Some(left), Some(right)) => Some(how.together(left, right)),
            (one, None) | (None, one) => one,
        };
        Self { value, rows: self.rows + other.rows }
    }
}

/// The partial aggregates of one delivery, exact: for each municipality and period of the dataset's partition in which
/// it has rows, every measure of the plan, by month or day.
#[derive(Debug, Clone, PartialEq)]
pub struct Partials {
    dataset: DatasetId,
    measures: Arc<[PartialMeasure]>,
    /// By the first day of the month or by the day, in the order of the measures.
    cells: BTreeMap<(MunicipalityCode, Period), BTreeMap<i32, Vec<Partial>>>,
}

impl Partials {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.measures.is_empty() || self.cells.is_empty()
    }

    /// The municipalities and periods that something is known of, sorted.
    pub fn cells(&self) -> impl Iterator<Item = (MunicipalityCode, Period)> {
        self.cells.keys().copied()
    }

    /// Forgets a municipality and period: not all the rows that were added up there have been kept.
    pub fn forget(&mut self, municipality: MunicipalityCode, period: Period) {
        self.cells.remove(&(municipality, period));
    }

    /// The position of a measure. Partials of one plan have it at the same one.
    pub(super) fn position(&self, measure: &Measure) -> Option<usize> {
        let same = || self.measures.iter().position(|known| known.is(measure));
        (measure.dataset == self.dataset).then(same).flatten()
    }

    /// Whether these are of the same plan.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.measures, &other.measures)
    }

    /// The measure at a position over the rows of a cell on these days; `None` if nothing is known of the cell.
    pub(super) fn get(&self, at: usize, cell: (MunicipalityCode, Period), days: Range<i32>) -> Option<Partial> {
        let by_day = self.cells.get(&cell)?;
        let found = by_day.range(days).map(|(_, partials)| partials[at]);
        Some(found.fold(Partial::default(), |sum, partial| sum.with(partial, self.measures[at].how)))
    }
}
