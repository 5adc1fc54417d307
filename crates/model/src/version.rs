//! Versions of an indicator: which of them makes the figure of a period.

use std::fmt;
use std::sync::Arc;

use crate::{Date, Indicator, IndicatorId, Period};

/// The version of an indicator's definition, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndicatorVersion(pub u32);

impl fmt::Display for IndicatorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// By which version of a definition the figures of a series are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AsDefined {
    /// By the version that is valid in the figure's period.
    #[default]
    Then,
    /// All by the current version, also those of periods before it.
    Now,
}

impl AsDefined {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Then, Self::Now];

    /// The word used in definitions and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Then => "then",
            Self::Now => "now",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

impl fmt::Display for AsDefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A series of figures: an indicator by one version of its definition, as defined then or now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// The indicator.
    pub indicator: IndicatorId,
    /// The version that makes the figures.
    pub version: IndicatorVersion,
    /// Of which periods it makes them.
    pub as_defined: AsDefined,
}

impl Series {
    /// The series that a version makes.
    pub fn of(indicator: &Indicator, as_defined: AsDefined) -> Self {
        Self { indicator: indicator.id.clone(), version: indicator.version, as_defined }
    }
}

/// What newer versions leave of a version's validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Superseded {
    /// All of it: there is no newer version.
    #[default]
    No,
    /// What lies before this day.
    From(Date),
    /// Nothing.
    Altogether,
}

/// A version's place among the others of its indicator.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The first and the last period of its validity, as written.
    pub valid: (Option<Period>, Option<Period>),
    /// The version that it takes the place of.
    pub supersedes: Option<IndicatorVersion>,
    /// What newer versions leave of it.
    pub superseded: Superseded,
    /// The breaks that the definition itself speaks of: those that no version makes, and so remain when everything is
    /// made by the current one.
    pub declared_breaks: Vec<Period>,
    /// The same version, made of older versions of the indicators that its formula names: one for each stretch of time
    /// in which these are the valid ones.
    pub made_of_older: Vec<Arc<Indicator>>,
}

impl Indicator {
    /// The stretches of time of this version, each with the plan that holds in it: the version as it is, and as it is
    /// made of older versions of others. No period lies in two of them.
    pub fn editions(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.history.made_of_older.iter().map(AsRef::as_ref))
    }

    /// The plan by which this version makes the figures of a period; `None` if it makes none.
    pub fn edition_in(&self, period: Period) -> Option<&Self> {
        self.editions().find(|edition| edition.defines(period))
    }

    /// Whether this edition makes the figures of a period.
    pub fn defines(&self, period: Period) -> bool {
        self.valid_from.is_none_or(|from| period.start() >= from.start())
            && self.valid_to.is_none_or(|to| period.end() <= to.end())
            && match self.history.superseded {
                Superseded::No => true,
                Superseded::From(day) => period.end() <= day,
                Superseded::Altogether => false,
            }
    }

    /// The first and the last period of which this edition makes figures, open where it has no bound; `None` if newer
    /// versions leave nothing.
    pub fn defined(&self) -> Option<(Option<Period>, Option<Period>)> {
        let last = match self.history.superseded {
            Superseded::No => self.valid_to,
            Superseded::Altogether => return None,
            Superseded::From(day) => {
                let before = Period::containing(self.period, day).ordinal() - 1;
                let before = Period::from_ordinal(self.period, before)?;
                Some(self.valid_to.map_or(before, |to| to.min(before)))
            }
        };
        let empty = self.valid_from.zip(last).is_some_and(|(from, last)| last < from);
        (!empty).then_some((self.valid_from, last))
    }

    /// The first and the last period of which this version makes figures by any of its editions.
    pub fn defined_in_all(&self) -> Option<(Option<Period>, Option<Period>)> {
        let spans = self.editions().filter_map(Self::defined);
        spans.reduce(|(from, to), (other_from, other_to)| {
            (
                from.zip(other_from).map(|(one, other)| one.min(other)),
                to.zip(other_to).map(|(one, other)| one.max(other)),
            )
        })
    }

    /// This version as the one that makes all figures, whatever period it begins with, and without the breaks that
    /// versions make.
    #[must_use]
    pub fn as_defined_now(&self) -> Self {
        Self {
            valid_from: None,
            breaks: self.history.declared_breaks.clone(),
            history: History {
                valid: self.history.valid,
                supersedes: self.history.supersedes,
                declared_breaks: self.history.declared_breaks.clone(),
                ..History::default()
            },
            ..self.clone()
        }
    }
}
