//! Whose figures a change reaches: from code lists, datasets, sources and indicators on to the indicators made of them.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Key, Known};
use super::{Category, Change, rules, written};
use crate::file::Kind;

/// Both sides, to see what is made of what.
pub(super) struct Affected<'a, 'f> {
    pub(super) old: &'a BTreeMap<Key, Known<'f>>,
    pub(super) new: &'a BTreeMap<Key, Known<'f>>,
    /// Definitions whose meaning differs where nobody wrote anything.
    pub(super) followed: &'a BTreeSet<Key>,
}

impl<'a, 'f> Affected<'a, 'f> {
    /// The versions of indicators that both sides have and that have periods, by their names.
    fn indicators(&self) -> impl Iterator<Item = (String, &'a Key, [&'a Known<'f>; 2])> {
        self.new.iter().filter_map(|(key, new)| {
            let (Kind::Indicator, id, version) = key else { return None };
            let current = (Kind::Indicator, id.clone(), None);
            let was_current = || {
                let old = self.old.get(&current)?;
                (old.word("version") == version.as_deref()).then_some(old)
            };
            let old = self.old.get(key).or_else(was_current)?;
            // A newer version takes over with its first period, for good.
            let from = |known: &Known<'_>| known.word("valid_from").map(str::to_owned);
            let begins = self.new.get(&current).and_then(from);
            let has_periods =
                version.is_none() || begins.is_some_and(|begins| from(new).is_none_or(|own| own < begins));
            has_periods.then(|| (super::name_of(key), key, [old, new]))
        })
    }

    /// The indicators whose figures a change may change.
    pub(super) fn by(&self, change: &Change) -> BTreeSet<String> {
        let id = change.definition.as_str();
        let of_datasets = |datasets: &BTreeSet<&str>| {
            let reads = |sides: &[&Known<'_>; 2]| {
                sides.iter().any(|side| side.datasets().iter().any(|dataset| datasets.contains(dataset)))
            };
            self.indicators().filter(|(.., sides)| reads(sides)).map(|(id, ..)| id).collect::<BTreeSet<_>>()
        };
        let mut found = match change.rule.kind() {
            "indicator" => BTreeSet::from([change.definition.clone()]),
            "dataset" => of_datasets(&BTreeSet::from([id])),
            "source" => of_datasets(&self.datasets_of_source(id)),
            "codelist" => match change.part.strip_prefix("groups.") {
                Some(rest) => self.of_group(id, rest.split('.').next().unwrap_or_default()),
                None => of_datasets(&self.datasets_of_list(id)),
            },
            _ => match change.part.strip_prefix("uses.") {
                Some(rest) => {
                    let source = rest.split('.').next().unwrap_or_default();
                    of_datasets(&self.datasets_of_source(source.split(" #").next().unwrap_or_default()))
                }
                None => self.unpublished(change),
            },
        };
        self.add_those_made_of(&mut found);
        found
    }

    /// Indicators that a pipeline publishes no more. Those that are gone are named themselves.
    fn unpublished(&self, change: &Change) -> BTreeSet<String> {
        let key = (Kind::Pipeline, change.definition.clone(), None);
        let of = |side: &BTreeMap<Key, Known<'_>>| -> BTreeSet<String> {
            let listed = side.get(&key).and_then(|known| known.meaning.get("indicators"));
            let listed = listed.map_or(&[][..], |list| list.items());
            listed.iter().filter_map(|id| id.plain().map(str::to_owned)).collect()
        };
        if change.rule.id != "PIPELINE_INDICATOR_REMOVED" {
            return BTreeSet::new();
        }
        let is_there = |id: &String| self.new.contains_key(&(Kind::Indicator, id.clone(), None));
        of(self.old).difference(&of(self.new)).filter(|id| is_there(id)).cloned().collect()
    }

    fn datasets_of_list(&self, list: &str) -> BTreeSet<&'a str> {
        let sides = self.old.iter().chain(self.new);
        let has = sides.filter(|((kind, ..), known)| *kind == Kind::Dataset && known.lists().contains(list));
        has.map(|((_, id, _), _)| id.as_str()).collect()
    }

    fn datasets_of_source(&self, source: &str) -> BTreeSet<&'a str> {
        let key = (Kind::Source, source.to_owned(), None);
        [self.old, self.new].into_iter().filter_map(|side| side.get(&key)?.word("dataset")).collect()
    }

    /// The indicators that name a group, themselves or by a check of a dataset.
    fn of_group(&self, list: &str, group: &str) -> BTreeSet<String> {
        let quoted = format!("'{group}'");
        let datasets = self.datasets_of_list(list);
        let names = |known: &Known<'_>| written::says(&known.tree, &quoted);
        let checked: BTreeSet<&str> = datasets
            .iter()
            .copied()
            .filter(|id| self.new.get(&(Kind::Dataset, (*id).to_owned(), None)).is_some_and(names))
            .collect();
        let is_reached = |sides: &[&Known<'_>; 2]| {
            sides.iter().any(|side| {
                let read = side.datasets();
                read.iter().any(|dataset| checked.contains(dataset))
                    || (names(side) && read.iter().any(|dataset| datasets.contains(dataset)))
            })
        };
        self.indicators().filter(|(.., sides)| is_reached(sides)).map(|(id, ..)| id).collect()
    }

    fn add_those_made_of(&self, found: &mut BTreeSet<String>) {
        loop {
            let whole = |name: &String| name.split('@').next().unwrap_or_default().to_owned();
            let ids: BTreeSet<String> = found.iter().map(whole).collect();
            let named = |sides: &[&Known<'_>; 2]| sides.iter().any(|side| !side.names.is_disjoint(&ids));
            let more: Vec<String> = self.indicators().filter(|(.., sides)| named(sides)).map(|(id, ..)| id).collect();
            let known = found.len();
            found.extend(more);
            if found.len() == known {
                return;
            }
        }
    }

    /// The changes of indicators, datasets and sources that follow from those of others.
    pub(super) fn indirect(&self, changes: &[Change], raised: &BTreeSet<String>) -> Vec<Change> {
        let mut found = Vec::new();
        let root = |change: &&Change, id: &str| {
            change.affects.contains(id) && !(change.rule.kind() == "indicator" && change.definition == id)
        };
        for (id, key, [_, new]) in self.indicators() {
            let roots: Vec<&Change> = changes.iter().filter(|change| root(change, &id)).collect();
            let breaking: Vec<&Change> =
                roots.iter().copied().filter(|change| change.rule.category == Category::Breaking).collect();
            let followed = self.followed.contains(key);
            let extending: Vec<&Change> =
                roots.iter().copied().filter(|change| change.rule.category != Category::TextOnly).collect();
            let (words, through) = match (breaking.is_empty(), followed) {
                (false, _) => ("INDIRECTLY_CHANGED", breaking),
                (true, true) if !extending.is_empty() => ("INDIRECTLY_EXTENDED", extending),
                (true, true) => ("INDIRECTLY_CHANGED", Vec::new()),
                (true, false) => continue,
            };
            let mut change = whole(key, words, new, &through);
            change.affects = BTreeSet::from([id.clone()]);
            // The change that it follows from is the finding, unless there is none that anybody knows.
            if through.is_empty() && !raised.contains(&id) {
                change.unversioned.clone_from(&change.affects);
            }
            found.push(change);
        }
        for key in self.followed.iter().filter(|(kind, ..)| matches!(kind, Kind::Dataset | Kind::Source)) {
            let Some(new) = self.new.get(key) else { continue };
            let roots = changes.iter().filter(|change| change.rule.category == Category::Breaking);
            let made_of = |change: &&Change| match (key.0, change.rule.kind()) {
                (Kind::Dataset, "codelist") => new.lists().contains(change.definition.as_str()),
                (_, "dataset") => new.word("dataset") == Some(&change.definition),
                _ => false,
            };
            let through: Vec<&Change> = roots.filter(made_of).collect();
            if !through.is_empty() {
                found.push(whole(key, "INDIRECTLY_CHANGED", new, &through));
            }
        }
        found
    }
}

fn whole(key: &Key, words: &str, known: &Known<'_>, through: &[&Change]) -> Change {
    let named: BTreeSet<String> = through
        .iter()
        .map(|change| format!("{} `{}` ({})", change.rule.kind(), change.definition, change.rule.id))
        .collect();
    let rule = rules::of_kind(key.0, words);
    Change { through: named.into_iter().collect(), ..Change::of(key, rule, known.place()) }
}
