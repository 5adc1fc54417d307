//! Who answers what: partial aggregates where a file has them, the engine for the rest, and both together where a
//! period has files of either kind.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use model::{Measure, MomentRule, MunicipalityCode, Period, PeriodKind};

use super::engine::{Answers, ChunkLimit, Question, answer};
use super::partial::{How, Partial, Partials};
use super::{CanonicalFile, ComputeError, DatasetRows};

/// What is asked of one dataset for periods of one kind.
pub(super) struct Scan<'a> {
    pub(super) measures: Vec<&'a Measure>,
    pub(super) period: PeriodKind,
    pub(super) rows: &'a DatasetRows<'a>,
    /// The municipalities and periods for which the data of a measure, by its position in `measures`, is complete.
    pub(super) known: BTreeSet<(usize, MunicipalityCode, Period)>,
}

impl<'a> Scan<'a> {
    /// Computes the measures.
    pub(super) fn answers(&self, limit: ChunkLimit) -> Result<Answers, ComputeError> {
        let mut answers = Answers::new();
        let left = self.take_partials(&mut answers);
        // Measures that need the same files are one question.
        let mut questions: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (at, files) in left.into_iter().enumerate().filter(|(_, files)| !files.is_empty()) {
            questions.entry(files.into_iter().collect()).or_default().push(at);
        }
        for (files, measures) in questions {
            for ((at, municipality, period), partial) in answer(&self.question(&files, &measures), limit)? {
                self.merge(&mut answers, (measures[at], municipality, period), partial);
            }
        }
        Ok(answers)
    }

    /// Takes what is known already; what is left to do are the files that each measure still needs.
    fn take_partials(&self, answers: &mut Answers) -> Vec<BTreeSet<usize>> {
        let mut files: BTreeMap<(MunicipalityCode, Period), Vec<usize>> = BTreeMap::new();
        for (number, file) in self.rows.files.iter().enumerate() {
            files.entry((file.municipality, file.period)).or_default().push(number);
        }
        let mut positions: Vec<Positions<'_>> = self.measures.iter().map(|_| Positions::default()).collect();
        let mut left = vec![BTreeSet::new(); self.measures.len()];
        for &(at, municipality, period) in &self.known {
            let measure = self.measures[at];
            for part in measure.partitions(period, self.rows.dataset) {
                for number in files.get(&(municipality, part)).into_iter().flatten() {
                    let partials = self.rows.files[*number].partials.as_deref();
                    let found = partials.and_then(|partials| {
                        let position = positions[at].of(measure, partials)?;
                        partials.get(position, (municipality, part), self.days(measure, period))
                    });
                    match found {
                        Some(partial) => self.merge(answers, (at, municipality, period), partial),
                        None => _ = left[at].insert(*number),
                    }
                }
            }
        }
        left
    }

    /// The days whose rows count.
    fn days(&self, measure: &Measure, period: Period) -> Range<i32> {
        match (self.rows.dataset.moment, measure.time.snapshot_day(period)) {
            (MomentRule::Event, _) => period.start().days()..period.end().days(),
            (_, Some(day)) => day.days()..day.days() + 1,
            (MomentRule::Snapshot | MomentRule::Interval, None) => 0..0,
        }
    }

    fn merge(&self, answers: &mut Answers, place: (usize, MunicipalityCode, Period), partial: Partial) {
        let known = answers.entry(place).or_default();
        *known = match How::of(&self.measures[place.0].aggregate) {
            Some(how) => known.with(partial, how),
            // It was asked of the engine for all files at once.
            None => partial,
        };
    }

    fn question(&self, files: &[usize], measures: &[usize]) -> Question<'a> {
        let mut files: Vec<&CanonicalFile> = files.iter().map(|number| &self.rows.files[*number]).collect();
        files.sort_by_key(|file| (file.municipality, file.period, &file.path));
        let known = self.known.iter().filter_map(|(at, municipality, period)| {
            let at = measures.iter().position(|measure| measure == at)?;
            Some((at, *municipality, *period))
        });
        Question {
            measures: measures.iter().map(|at| self.measures[*at]).collect(),
            period: self.period,
            rows: self.rows,
            known: known.collect(),
            files,
        }
    }
}

/// Where partials have a measure: those of one run mostly are of one plan, so it is searched once.
#[derive(Default)]
struct Positions<'a> {
    last: Option<(&'a Partials, Option<usize>)>,
}

impl<'a> Positions<'a> {
    fn of(&mut self, measure: &Measure, partials: &'a Partials) -> Option<usize> {
        match self.last {
            Some((last, position)) if last.is_like(partials) => position,
            _ => self.last.insert((partials, partials.position(measure))).1,
        }
    }
}
