//! What became of codes: merges, splits and renames, and what a code is called on another day.
//!
//! Changes lead from a day to the next: a code of `from` is one of `to` from the date on. Rows keep the codes of their
//! own day; nothing here changes a row.

use std::collections::{BTreeMap, BTreeSet};

use crate::{CodeIndex, CodeList, Date, NumberError, Ratio, Validity};

/// What happened to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Together with others, or with one that goes on, it became one code.
    Merge,
    /// It became several codes.
    Split,
    /// It became another code, as a whole and alone.
    Rename,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Merge, Self::Split, Self::Rename];

    /// The word used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Split => "split",
            Self::Rename => "rename",
        }
    }
}

/// One edge of a change: what was `from` is, or is in part, `to` from the date on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeChange {
    /// The code before.
    pub from: CodeIndex,
    /// The code from the date on.
    pub to: CodeIndex,
    /// The first day on which `to` holds.
    pub date: Date,
    /// What happened.
    pub kind: ChangeKind,
    /// How much of `from` became `to`; `None` if nobody knows. The shares of a split sum to 1.
    pub share: Option<Ratio>,
}

/// How much of a code is in another one on another day; `None` if nobody knows.
pub type Share = Option<Ratio>;

impl CodeList {
    /// Whether a row of the code may be of this day.
    pub fn holds(&self, code: CodeIndex, day: Date) -> bool {
        self.validities(code).any(|validity| validity.contains(day))
    }

    /// The stretches of a code's time within which it is the same as seen from any other day: its validities, cut
    /// where a change makes or ends something of it.
    pub fn stages(&self, code: CodeIndex) -> Vec<Validity> {
        let concerns = |change: &&CodeChange| change.from == code || change.to == code;
        let dates: BTreeSet<Date> = self.changes().iter().filter(concerns).map(|change| change.date).collect();
        let mut stages = Vec::new();
        for validity in self.validities(code) {
            let mut rest = validity;
            for date in dates.iter().copied().filter(|date| validity.contains(*date)) {
                if rest.from != Some(date) {
                    stages.push(Validity { from: rest.from, to: Some(date) });
                    rest.from = Some(date);
                }
            }
            stages.push(rest);
        }
        stages
    }

    /// What the code of a row of one day is called on another day: forward what it became, backward what it came from.
    /// Several codes where that is not one. A code of which no change is known keeps its name.
    pub fn called(&self, code: CodeIndex, of: Date, on: Date) -> BTreeSet<CodeIndex> {
        if of <= on { self.became(code, of, on).into_keys().collect() } else { self.came_from(code, of, on) }
    }

    /// What a code of one day is on a later day, with the share that each has of it.
    pub fn became(&self, code: CodeIndex, of: Date, on: Date) -> BTreeMap<CodeIndex, Share> {
        let mut parts = BTreeMap::from([(code, Some(Ratio::integer(1)))]);
        for date in self.dates(of, on) {
            let mut next: BTreeMap<CodeIndex, Share> = BTreeMap::new();
            for (part, share) in parts {
                let mut edges = self.of_date(date).filter(|change| change.from == part).peekable();
                if edges.peek().is_none() {
                    add(&mut next, part, share);
                }
                for change in edges {
                    let both = share.zip(change.share).map(|(whole, part)| whole.times(part));
                    add(&mut next, change.to, both.and_then(Result::ok));
                }
            }
            parts = next;
        }
        parts
    }

    fn came_from(&self, code: CodeIndex, of: Date, on: Date) -> BTreeSet<CodeIndex> {
        let mut parts = BTreeSet::from([code]);
        for date in self.dates(on, of).collect::<Vec<_>>().into_iter().rev() {
            let before = Date::from_days(date.days() - 1).unwrap_or(date);
            let mut earlier = BTreeSet::new();
            for part in parts {
                let into: BTreeSet<CodeIndex> =
                    self.of_date(date).filter(|change| change.to == part).map(|change| change.from).collect();
                let goes_on = self.holds(part, before) && !self.of_date(date).any(|change| change.from == part);
                if into.is_empty() || goes_on {
                    earlier.insert(part);
                }
                earlier.extend(into);
            }
            parts = earlier;
        }
        parts
    }

    /// The days of changes after the first and up to the last day, in order.
    fn dates(&self, after: Date, upto: Date) -> impl Iterator<Item = Date> {
        let dates: BTreeSet<Date> = self.changes().iter().map(|change| change.date).collect();
        dates.into_iter().filter(move |date| after < *date && *date <= upto)
    }

    fn of_date(&self, date: Date) -> impl Iterator<Item = &CodeChange> {
        self.changes().iter().filter(move |change| change.date == date)
    }
}

/// Two ways that lead to one code are added up; an unknown share stays unknown.
fn add(parts: &mut BTreeMap<CodeIndex, Share>, code: CodeIndex, share: Share) {
    let sum = |known: Share| -> Result<Share, NumberError> {
        known.zip(share).map(|(one, other)| one.plus(other)).transpose()
    };
    parts.entry(code).and_modify(|known| *known = sum(*known).unwrap_or(None)).or_insert(share);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeListBuilder, CodeListId, Text};

    fn day(text: &str) -> Date {
        Date::parse_iso(text).expect(text)
    }

    /// A and B become C in 2007; C, with a third to itself, is split in 2018; D becomes F in 2018 and E ends.
    fn list() -> CodeList {
        let mut builder = CodeListBuilder::new();
        let bound = |text: &str| (!text.is_empty()).then(|| day(text));
        for (code, from, to) in [
            ("A", "", "2007-01-01"),
            ("B", "", "2007-01-01"),
            ("C", "2007-01-01", ""),
            ("D", "", "2018-01-01"),
            ("E", "", "2018-01-01"),
            ("F", "2018-01-01", ""),
            ("G", "2018-01-01", ""),
        ] {
            let validity = Validity { from: bound(from), to: bound(to) };
            builder.row(code, Text::default(), validity, BTreeMap::new()).expect(code);
        }
        let third = Ratio::new(1, 3).ok();
        let two_thirds = Ratio::new(2, 3).ok();
        let one = Some(Ratio::integer(1));
        builder.change("A", "C", day("2007-01-01"), ChangeKind::Merge, one);
        builder.change("B", "C", day("2007-01-01"), ChangeKind::Merge, one);
        builder.change("C", "C", day("2018-01-01"), ChangeKind::Split, third);
        builder.change("C", "G", day("2018-01-01"), ChangeKind::Split, two_thirds);
        builder.change("D", "F", day("2018-01-01"), ChangeKind::Rename, one);
        let id = CodeListId::new("list").expect("an id");
        builder.build(id, Text::default(), Text::default(), BTreeMap::new(), String::new()).expect("a list")
    }

    fn called(code: &str, of: &str, on: &str) -> String {
        let list = list();
        let names = list.called(list.index_of(code).expect(code), day(of), day(on));
        names.into_iter().map(|index| list.code(index)).collect()
    }

    #[test]
    fn forward_a_code_is_what_it_became() {
        assert_eq!(called("A", "2006-12-31", "2006-12-31"), "A");
        assert_eq!(called("A", "2006-12-31", "2007-01-01"), "C");
        assert_eq!(called("A", "2006-12-31", "2018-01-01"), "CG");
        assert_eq!(called("D", "2017-12-31", "2020-01-01"), "F");
        assert_eq!(called("E", "2017-12-31", "2020-01-01"), "E", "nothing is known of it");
    }

    #[test]
    fn backward_a_code_is_what_it_came_from() {
        assert_eq!(called("G", "2018-01-01", "2017-12-31"), "C");
        assert_eq!(called("C", "2018-01-01", "2017-12-31"), "C");
        assert_eq!(called("G", "2018-01-01", "2006-01-01"), "AB");
        assert_eq!(called("F", "2020-01-01", "2017-12-31"), "D");
        assert_eq!(called("F", "2020-01-01", "2018-01-01"), "F");
    }

    #[test]
    fn shares_are_multiplied_along_the_way_and_added_where_ways_meet() {
        let list = list();
        let index = |code: &str| list.index_of(code).expect(code);
        let parts = list.became(index("B"), day("2006-01-01"), day("2018-01-01"));
        let expected = [(index("C"), Ratio::new(1, 3).ok()), (index("G"), Ratio::new(2, 3).ok())];
        assert_eq!(parts, BTreeMap::from(expected));
        let mut parts = BTreeMap::new();
        add(&mut parts, index("C"), Ratio::new(1, 3).ok());
        add(&mut parts, index("C"), Ratio::new(1, 6).ok());
        assert_eq!(parts[&index("C")], Ratio::new(1, 2).ok());
        add(&mut parts, index("C"), None);
        assert_eq!(parts[&index("C")], None);
    }

    #[test]
    fn the_time_of_a_code_is_cut_by_its_changes() {
        let list = list();
        let stages = list.stages(list.index_of("C").expect("C"));
        let bounds: Vec<_> = stages.iter().map(|stage| (stage.from, stage.to)).collect();
        let (start, cut) = (Some(day("2007-01-01")), Some(day("2018-01-01")));
        assert_eq!(bounds, [(start, cut), (cut, None)]);
    }
}
