//! What a measure reads: the rows of its own dataset, and those that are looked up in others.
//!
//! A measure is known where all of it has been delivered, and is made again when any of it changes. Whoever asks one of
//! the two asks every [`Reading`]; that a dataset may be of the whole country is decided here as well.

use crate::{
    Dataset, DatasetId, Date, Field, FieldIndex, FieldName, Measure, MomentRule, MunicipalityCode, Period, PeriodKind,
    TimeSelection, Window,
};

/// Which row of another dataset belongs to a row, as far as time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinMoment {
    /// That of the row's own time: of the same day, or of the period that the row lies in.
    Row,
    /// That of one day, the same for all rows; of events, that of the period which holds the day.
    Day(TimeSelection),
}

/// One row of another dataset for each row of a measure: a pupil's school in the register of schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// What the row is called in expressions.
    pub name: FieldName,
    /// Where it is looked up.
    pub dataset: DatasetId,
    /// The fields that must be equal: the measure's, and those of what is looked up.
    pub on: Vec<(FieldIndex, FieldIndex)>,
    /// Which of several in time.
    pub moment: JoinMoment,
}

/// What is looked up for the rows of a measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The look-ups.
    pub joins: Vec<Join>,
    /// What a row looks like to expressions: the fields of the measure's dataset, then those of each look-up, in the order of
    /// their datasets, with the look-up's name before theirs.
    pub fields: Vec<Field>,
}

/// The period whose prices amounts are turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceBase {
    /// The latest one of which the index is there.
    Latest,
    /// This one.
    Period(Period),
}

/// Amounts in the prices of another period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The dataset with the index, one row a period for the whole country.
    pub dataset: DatasetId,
    /// The field with the index.
    pub value: FieldIndex,
    /// In whose prices.
    pub base: PriceBase,
}

impl Price {
    /// The period of the index that a window lies in; `None` beyond the calendar.
    pub fn period(&self, window: Window, period: Period, index: &Dataset) -> Option<Period> {
        let kind = index.field(index.time).ty.period_kind().unwrap_or(index.partition);
        window.days(period).map(|days| Period::containing(kind, days.start))
    }
}

impl Join {
    /// The day whose rows are looked up in a window, where that is the same for all rows.
    pub fn day(&self, window: Window, period: Period, dataset: &Dataset) -> Option<Date> {
        let JoinMoment::Day(selection) = self.moment else { return None };
        if dataset.moment == MomentRule::Snapshot {
            return selection.snapshot_days(window, period, dataset).last().copied();
        }
        let days = window.days(period)?;
        let day = match selection {
            TimeSelection::Last => Date::from_days(days.end.days() - 1),
            TimeSelection::At { .. } => window.moved(period).and_then(|moved| selection.snapshot_day(moved)),
            _ => Some(days.start),
        };
        let kind = dataset.field(dataset.time).ty.period_kind().unwrap_or(dataset.partition);
        day.map(|day| Period::containing(kind, day).start())
    }

    fn partitions_in(
        &self,
        window: Window,
        period: Period,
        measure: (&Measure, &Dataset),
        of: &Dataset,
    ) -> Vec<Period> {
        let containing = |day: Date| Period::containing(of.partition, day);
        if matches!(self.moment, JoinMoment::Day(_)) {
            return self.day(window, period, of).map(containing).into_iter().collect();
        }
        let (measure, own) = measure;
        if own.moment == MomentRule::Snapshot {
            return measure.time.snapshot_days(window, period, own).into_iter().map(containing).collect();
        }
        let Some(days) = window.days(period) else { return Vec::new() };
        let parts = std::iter::successors(Some(containing(days.start)), |part| part.next());
        parts.take_while(|part| part.start() < days.end).collect()
    }
}

/// What a measure reads of one dataset.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    measure: &'a Measure,
    own: &'a Dataset,
    join: Option<&'a Join>,
}

impl Reading<'_> {
    /// Whose rows are read for a municipality.
    pub fn whose(&self, municipality: MunicipalityCode) -> MunicipalityCode {
        if self.dataset.whole_country { MunicipalityCode::COUNTRY } else { municipality }
    }

    /// Whether the rows of one are read for others as well.
    pub fn is_for_all(&self) -> bool {
        self.measure.role.is_some() || self.dataset.whole_country
    }

    /// The partitions of the dataset that must have been delivered for the measure to be known in a period, in order.
    pub fn partitions(&self, period: Period) -> Vec<Period> {
        let Some(join) = self.join else { return self.measure.partitions(period, self.dataset) };
        let of = (self.measure, self.own);
        let windows = self.measure.windows();
        let mut parts: Vec<Period> =
            windows.flat_map(|window| join.partitions_in(window, period, of, self.dataset)).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// Whether the rows of a partition may count in a period.
    pub fn reads(&self, part: Period, period: Period) -> bool {
        match self.join {
            None => self.measure.reads(part, period, self.dataset),
            Some(_) => self.partitions(period).contains(&part),
        }
    }

    /// The periods of `kind` that a change of a partition touches, up to the one that holds `horizon`.
    pub fn touched(&self, part: Period, kind: PeriodKind, horizon: Date) -> Vec<Period> {
        if self.join.is_none() {
            return self.measure.touched(part, kind, self.dataset, horizon);
        }
        let near = self.measure.periods_near(part.start()..part.end(), kind);
        near.filter(|period| self.reads(part, *period)).collect()
    }
}

impl Measure {
    /// What its expressions are about: the fields of its dataset, then those of what is looked up.
    pub fn fields<'a>(&'a self, dataset: &'a Dataset) -> &'a [Field] {
        self.joined.as_ref().map_or(&dataset.fields, |joined| &joined.fields)
    }

    /// What is looked up for its rows.
    pub fn joins(&self) -> &[Join] {
        self.joined.as_ref().map_or(&[], |joined| &joined.joins)
    }

    /// The datasets that it is made of: its own, those in which rows are looked up, and that of its prices.
    pub fn datasets(&self) -> impl Iterator<Item = &DatasetId> {
        let joins = self.joins().iter().map(|join| &join.dataset);
        std::iter::once(&self.dataset).chain(joins).chain(self.price.as_ref().map(|price| &price.dataset))
    }

    /// What has to be delivered for it to be known: not the index of its prices, without which it is missing. `None` if a
    /// dataset is not known.
    pub fn readings<'a>(&'a self, find: impl Fn(&DatasetId) -> Option<&'a Dataset>) -> Option<Vec<Reading<'a>>> {
        let own = find(&self.dataset)?;
        let mut readings = vec![Reading { dataset: own, measure: self, own, join: None }];
        for join in self.joins() {
            readings.push(Reading { dataset: find(&join.dataset)?, measure: self, own, join: Some(join) });
        }
        Some(readings)
    }
}
