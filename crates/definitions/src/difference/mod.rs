//! Two states of a project's definitions, compared: every change by its rule and category, with its place, and with the
//! indicators whose figures it changes without a new version.
//!
//! What definitions mean is compared apart from what is written. Where the meaning differs and the keys that say it do
//! not, the change came from elsewhere; where only the keys differ, it is a matter of words. Start at [`differences`].

mod affected;
mod meaning;
mod rules;
mod side;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use model::Place;

use self::affected::Affected;
use self::meaning::Step;
pub(crate) use self::rules::named as rule_named;
pub use self::rules::{Category, Rule};
use self::side::{Key, Known};
use self::written::Spot;
use crate::canonical::Canonical;
use crate::file::Kind;
use crate::project::Project;

/// One state of a project.
#[derive(Debug, Clone, Copy)]
pub struct Side<'f> {
    /// Its `musketer.yaml`.
    pub project: &'f Project,
    /// The bytes of all files, as for [`crate::load_in`].
    pub files: &'f BTreeMap<String, Vec<u8>>,
}

/// A change of a definition.
#[derive(Debug, Clone)]
pub struct Change {
    /// What changed, and how much that weighs.
    pub rule: &'static Rule,
    /// The id of the definition; of an older version, with `@` and its number.
    pub definition: String,
    /// Which part of it, in the words of the file: `measures.pupils.where`; empty for all of it.
    pub part: String,
    /// What was there, in short.
    pub before: Option<String>,
    /// What is there, in short.
    pub after: Option<String>,
    /// Where it is; what is gone is shown at what it was in, a definition that is gone by its file.
    pub place: Place,
    /// Where it was, on the side before.
    pub earlier: Option<Place>,
    /// What it follows from: definitions with the rules of their changes.
    pub through: Vec<String>,
    /// The indicators whose figures it changes.
    pub affects: BTreeSet<String>,
    /// Those of them that have no new version.
    pub unversioned: BTreeSet<String>,
    /// Why it is let pass all the same, if somebody said so.
    pub excepted: Option<String>,
}

impl Change {
    /// A change of a definition of which nothing more is known.
    fn of(key: &Key, rule: &'static Rule, place: Place) -> Self {
        Self {
            rule,
            definition: name_of(key),
            part: String::new(),
            before: None,
            after: None,
            place,
            earlier: None,
            through: Vec::new(),
            affects: BTreeSet::new(),
            unversioned: BTreeSet::new(),
            excepted: None,
        }
    }

    /// Whether it must not stand as it is: figures would change under an old version, and nobody says why.
    pub fn is_finding(&self) -> bool {
        self.rule.category == Category::Breaking && !self.unversioned.is_empty() && self.excepted.is_none()
    }

    /// What changed, in one sentence without a full stop.
    pub fn message(&self) -> String {
        let part = if self.part.is_empty() { String::new() } else { format!(" {}", self.part) };
        let what = match (&self.before, &self.after) {
            (Some(before), Some(after)) => format!("`{before}` -> `{after}`"),
            (Some(before), None) => format!("`{before}` is gone"),
            (None, Some(after)) => format!("`{after}` is new"),
            (None, None) if self.through.is_empty() => self.rule.meaning.trim_end_matches('.').to_owned(),
            (None, None) => format!("changed through {}", self.through.join(", ")),
        };
        format!("{} `{}`{part}: {what}", self.rule.kind(), self.definition)
    }
}

/// The longest value that is shown, in characters.
const LONGEST: usize = 100;

fn short(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// What differs between two states of a project, both of them sound: what has a mistake is left out here. Sorted by
/// category, place and rule.
pub fn differences(before: Side<'_>, after: Side<'_>) -> Vec<Change> {
    let (old, new) = (side::known(&before), side::known(&after));
    let raised = raised(&old, &new);
    let mut comparison = Comparison { changes: Vec::new(), followed: BTreeSet::new() };
    let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => comparison.compare(key, old, new),
            (Some(old), None) => comparison.gone(key, old),
            (None, Some(new)) => comparison.fresh(key, new, kept(key, &old)),
            (None, None) => {}
        }
    }
    let affected = Affected { old: &old, new: &new, followed: &comparison.followed };
    let mut changes = comparison.changes;
    for change in &mut changes {
        change.affects = affected.by(change);
        // Who is made of an indicator takes of every period the version that is valid in it.
        let is_raised = change.rule.kind() == "indicator" && raised.contains(&change.definition);
        if change.rule.category == Category::Breaking && !is_raised {
            change.unversioned = change.affects.difference(&raised).cloned().collect();
        }
    }
    changes.extend(affected.indirect(&changes, &raised));
    for change in &mut changes {
        let excepted = after.project.exceptions.iter().filter(|one| !before.project.exceptions.contains(one));
        let fits = |one: &&crate::project::Exception| one.rule == change.rule.id && one.definition == change.definition;
        change.excepted = excepted.into_iter().find(fits).map(|one| one.reason.clone());
    }
    changes.sort_by(|a, b| {
        // What follows from something comes behind it.
        let order = |change: &Change| (change.rule.category, !change.through.is_empty(), change.rule.kind());
        (order(a), &a.definition, &a.place, a.rule.id, &a.part).cmp(&(
            order(b),
            &b.definition,
            &b.place,
            b.rule.id,
            &b.part,
        ))
    });
    // Several places of the meaning can follow from one that was written.
    changes.dedup_by(|a, b| {
        (a.rule.id, &a.definition, &a.part, &a.place) == (b.rule.id, &b.definition, &b.part, &b.place)
    });
    changes
}

/// The indicators that have a new version, with the one before kept in a file of its own or said to be superseded.
fn raised(old: &BTreeMap<Key, Known<'_>>, new: &BTreeMap<Key, Known<'_>>) -> BTreeSet<String> {
    let number = |known: &Known<'_>| known.word("version").and_then(|version| version.parse::<u32>().ok());
    let is_raised = |(key, known): &(&Key, &Known<'_>)| {
        let (Kind::Indicator, id, None) = key else { return false };
        let Some(before) = old.get(*key).and_then(number) else { return false };
        let is_kept = new.contains_key(&(Kind::Indicator, id.clone(), Some(before.to_string())));
        let supersedes = known.spot(&["supersedes".to_owned()]);
        let is_superseded = supersedes.as_ref().and_then(Spot::text) == Some(&format!("{id}@{before}"));
        number(known) > Some(before) && (is_kept || is_superseded)
    };
    new.iter().filter(is_raised).map(|((_, id, _), _)| id.clone()).collect()
}

/// The version that was current and now has the name of an older one: it has to mean what it meant.
fn kept<'o, 'f>(key: &Key, old: &'o BTreeMap<Key, Known<'f>>) -> Option<&'o Known<'f>> {
    let (Kind::Indicator, id, Some(version)) = key else { return None };
    let current = old.get(&(Kind::Indicator, id.clone(), None))?;
    (current.word("version") == Some(version)).then_some(current)
}

/// The name of a definition, with the version of an older one.
fn name_of((_, id, version): &Key) -> String {
    version.as_ref().map_or_else(|| id.clone(), |version| format!("{id}@{version}"))
}

struct Comparison {
    changes: Vec<Change>,
    /// Definitions whose meaning differs where nobody wrote anything.
    followed: BTreeSet<Key>,
}

impl Comparison {
    fn whole(&mut self, key: &Key, words: &str, place: Place, earlier: Option<Place>) {
        let rule = rules::of_kind(key.0, words);
        self.changes.push(Change { earlier, ..Change::of(key, rule, place) });
    }

    fn gone(&mut self, key: &Key, old: &Known<'_>) {
        let words = if key.2.is_some() { "VERSION_REMOVED" } else { "REMOVED" };
        self.whole(key, words, Place::file(old.path), Some(old.place()));
    }

    fn fresh(&mut self, key: &Key, new: &Known<'_>, kept: Option<&Known<'_>>) {
        if let Some(kept) = kept {
            return self.compare(key, kept, new);
        }
        let words = if key.2.is_some() { "VERSION_ADDED" } else { "ADDED" };
        self.whole(key, words, new.place(), None);
    }

    fn compare(&mut self, key: &Key, old: &Known<'_>, new: &Known<'_>) {
        let kind = key.0;
        let steps = meaning::steps(kind, &old.meaning, &new.meaning, &|path| rules::is_whole(kind, path));
        let edits = written::edits(&old.tree, &new.tree);
        let mut explained = vec![false; edits.len()];
        for step in &steps {
            let rule = rule_of(kind, step, &steps);
            let wanted = rule.written(&step.path);
            let meets = |edit: &&Vec<String>| wanted.iter().any(|at| edit.starts_with(at) || at.starts_with(edit));
            let touched: Vec<&Vec<String>> = edits.iter().filter(meets).collect();
            for (edit, explained) in edits.iter().zip(&mut explained) {
                *explained |= touched.contains(&edit);
            }
            // What a code list means follows from its table too, which is beside it; and order is no edit of any key.
            if touched.is_empty() && kind != Kind::CodeList && !rule.is_of_order() {
                self.followed.insert(key.clone());
            } else if !rule.is_derived() {
                self.changes.push(change(key, rule, step, &touched, (old, new)));
            }
        }
        let rest: Vec<&Vec<String>> =
            edits.iter().zip(&explained).filter(|(_, is)| !**is).map(|(edit, _)| edit).collect();
        self.words(key, old, new, &rest);
    }

    /// What is written otherwise and means the same.
    fn words(&mut self, key: &Key, old: &Known<'_>, new: &Known<'_>, rest: &[&Vec<String>]) {
        let is_test = |edit: &&&Vec<String>| edit.first().is_some_and(|name| name == "tests");
        if rest.iter().any(|edit| is_test(&edit)) {
            let mut change = plain(key, rules::of_kind(key.0, "TESTS_CHANGED"), &["tests".to_owned()], (old, new));
            (change.before, change.after) = (None, None);
            self.changes.push(change);
        }
        // A budget is no part of the meaning, because nothing is read again when it changes; but no mere text either.
        let is_budget = |edit: &[String]| key.0 == Kind::Source && edit.first().is_some_and(|name| name == "budget");
        let texts = rest.iter().filter(|edit| !is_test(edit)).map(|edit| {
            let words = if is_budget(edit) { "BUDGET_CHANGED" } else { "TEXT_CHANGED" };
            plain(key, rules::of_kind(key.0, words), edit, (old, new))
        });
        self.changes.extend(texts);
        let rule = rules::of_kind(key.0, "TEXT_CHANGED");
        for (line, code, from, title) in &new.table.rows {
            let earlier = old.table.rows.iter().find(|(_, known, since, _)| known == code && since == from);
            if let Some((was, _, _, before)) = earlier.filter(|(.., before)| before != title) {
                let mut change = plain(key, rule, &["codes".to_owned(), code.clone()], (old, new));
                (change.before, change.after) = (Some(short(before)), Some(short(title)));
                (change.place, change.earlier) = (new.table.line(*line), Some(old.table.line(*was)));
                self.changes.push(change);
            }
        }
    }
}

/// The rule of a step. A group that has gained nothing but codes that are new in the list has not moved any.
fn rule_of(kind: Kind, step: &Step, steps: &[Step]) -> &'static Rule {
    let rule = rules::of_step(kind, step);
    let is_new = |code: &Canonical| {
        let added = |other: &Step| other.before.is_none() && other.path.first().is_some_and(|name| name == "codes");
        steps.iter().any(|other| added(other) && other.path.get(1).map(String::as_str) == code.plain())
    };
    let extended = || {
        let (Some(old), Some(new)) = (&step.before, &step.after) else { return false };
        old.items().iter().all(|code| new.items().contains(code))
            && new.items().iter().all(|code| old.items().contains(code) || is_new(code))
    };
    if rule.id == "CODELIST_GROUP_CODES_CHANGED" && extended() { rules::of_kind(kind, "GROUP_EXTENDED") } else { rule }
}

/// A change of meaning, with the place that was written for it.
fn change(
    key: &Key,
    rule: &'static Rule,
    step: &Step,
    touched: &[&Vec<String>],
    sides @ (old, new): (&Known<'_>, &Known<'_>),
) -> Change {
    let common = touched.iter().map(|edit| edit.as_slice()).reduce(|one, other| {
        let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        &one[..same]
    });
    let mut change = plain(key, rule, common.filter(|common| !common.is_empty()).unwrap_or(&step.path), sides);
    if touched.is_empty() {
        let said = |value: &Option<Canonical>| value.as_ref().map(|value| short(&value.short()));
        (change.before, change.after) = (said(&step.before), said(&step.after));
    }
    if let [Some("codes"), Some(code)] = [0, 1].map(|at| step.path.get(at).map(String::as_str)) {
        change.earlier = old.line_of(code);
        // What is gone is shown at the list that it was in.
        change.place = new.line_of(code).unwrap_or_else(|| new.place());
    }
    change
}

/// A change of what names lead to in what is written.
fn plain(key: &Key, rule: &'static Rule, part: &[String], (old, new): (&Known<'_>, &Known<'_>)) -> Change {
    let (was, is) = (old.spot(part), new.spot(part));
    let said = |spot: &Option<Spot<'_>>| spot.as_ref().map(|spot| short(&spot.short()));
    // What is gone is shown at what it was in.
    let around = || (0..part.len()).rev().find_map(|length| new.spot(&part[..length]).filter(|_| length > 0));
    let place = is.or_else(around).map_or_else(|| new.place(), |spot| spot.place(new.path));
    Change {
        part: part.join("."),
        before: said(&was),
        after: said(&is),
        earlier: was.map(|was| was.place(old.path)),
        ..Change::of(key, rule, place)
    }
}
