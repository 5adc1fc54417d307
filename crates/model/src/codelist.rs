//! Code lists: the codes that a field may hold, valid in time, with the spellings seen in the wild.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{ChangeKind, CodeChange, CodeListId, Date, FieldName, Fingerprint, Ratio, Text};

/// The position of a code in its list; codes are sorted, so positions compare as codes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeIndex(pub u32);

impl CodeIndex {
    fn at(position: usize) -> Self {
        Self(u32::try_from(position).expect("a code list has fewer than 4 billion codes"))
    }
}

/// From when (inclusive) to when (exclusive) something holds; an open end has no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// The first day.
    pub from: Option<Date>,
    /// The first day after.
    pub to: Option<Date>,
}

impl Validity {
    /// Whether the day lies within.
    pub fn contains(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let before = |end: Option<Date>, start: Option<Date>| matches!((end, start), (Some(e), Some(s)) if e <= s);
        !before(self.to, other.from) && !before(other.to, self.from)
    }
}

/// The answer to a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The code, valid at the date.
    Known(CodeIndex),
    /// The list has the code, but not at the date.
    NotValid(CodeIndex),
    /// The list has no such code or spelling.
    Unknown,
}

#[derive(Debug, Clone)]
struct DatedRow {
    validity: Validity,
    title: Text,
    attributes: BTreeMap<String, String>,
}

#[expect(clippy::disallowed_types, reason = "look-ups only: the order never reaches a table")]
type Spellings = std::collections::HashMap<Box<[u8]>, CodeIndex>;

/// A resolved code list.
#[derive(Debug, Clone)]
pub struct CodeList {
    /// Its identifier.
    pub id: CodeListId,
    /// Its title.
    pub title: Text,
    /// What the codes mean and where they come from.
    pub description: Text,
    /// The hash of its canonical form.
    pub fingerprint: Fingerprint,
    /// Its canonical form.
    pub canonical: String,
    /// Named sets of codes, for `in_group`: all that belong to them at some time.
    pub groups: BTreeMap<FieldName, BTreeSet<CodeIndex>>,
    /// The titles of those that have one.
    pub group_titles: BTreeMap<FieldName, Text>,
    codes: Arc<[String]>,
    rows: Vec<Vec<DatedRow>>,
    spellings: Spellings,
    changes: Vec<CodeChange>,
    member_times: BTreeMap<FieldName, BTreeMap<CodeIndex, Vec<Validity>>>,
}

impl CodeList {
    /// All codes, sorted; a [`CodeIndex`] is a position in this slice.
    pub fn codes(&self) -> &Arc<[String]> {
        &self.codes
    }

    /// The code at a position.
    pub fn code(&self, index: CodeIndex) -> &str {
        &self.codes[index.0 as usize]
    }

    /// The position of a code (not of an alias).
    pub fn index_of(&self, code: &str) -> Option<CodeIndex> {
        self.codes.binary_search_by(|known| known.as_str().cmp(code)).ok().map(CodeIndex::at)
    }

    /// Finds a code by itself or by one of its aliases, and says whether it is valid on the day.
    pub fn lookup(&self, spelling: &[u8], day: Date) -> Lookup {
        let Some(&index) = self.spellings.get(spelling) else { return Lookup::Unknown };
        if self.dated(index, day).is_some() { Lookup::Known(index) } else { Lookup::NotValid(index) }
    }

    fn dated(&self, index: CodeIndex, day: Date) -> Option<&DatedRow> {
        self.rows[index.0 as usize].iter().find(|row| row.validity.contains(day))
    }

    /// When a code of a group belongs to it; `None` where it always does.
    pub fn member_times(&self, group: &str, code: CodeIndex) -> Option<&[Validity]> {
        self.member_times.get(group)?.get(&code).map(Vec::as_slice)
    }

    /// What became of codes, by date, and of each date by the codes.
    pub fn changes(&self) -> &[CodeChange] {
        &self.changes
    }

    /// The validities of a code, in order of time.
    pub fn validities(&self, index: CodeIndex) -> impl Iterator<Item = Validity> {
        self.rows[index.0 as usize].iter().map(|row| row.validity)
    }

    /// The title that the code has on the day; the latest one if it is not valid then.
    pub fn title_of(&self, index: CodeIndex, day: Date) -> &Text {
        let latest = || &self.rows[index.0 as usize][self.rows[index.0 as usize].len() - 1];
        &self.dated(index, day).unwrap_or_else(latest).title
    }

    /// An attribute of the code on the day, for example the region of a municipality.
    pub fn attribute(&self, index: CodeIndex, name: &str, day: Date) -> Option<&str> {
        self.dated(index, day)?.attributes.get(name).map(String::as_str)
    }

    /// Whether the code has the attribute's value at any time.
    pub fn ever_has(&self, index: CodeIndex, name: &str, value: &str) -> bool {
        self.rows[index.0 as usize].iter().any(|row| row.attributes.get(name).is_some_and(|known| known == value))
    }

    /// Codes and aliases in the list, sorted, each with the code that it stands for.
    pub fn spellings(&self) -> Vec<(&str, CodeIndex)> {
        let text = |spelling| std::str::from_utf8(spelling).unwrap_or_else(|_| unreachable!("spellings are texts"));
        let mut all: Vec<_> = self.spellings.iter().map(|(spelling, code)| (text(spelling), *code)).collect();
        all.sort_unstable();
        all
    }
}

/// Collects the rows of a code list and checks that they agree.
#[derive(Debug, Default)]
pub struct CodeListBuilder {
    rows: BTreeMap<String, Vec<DatedRow>>,
    aliases: BTreeMap<String, String>,
    changes: Vec<(String, String, Date, ChangeKind, Option<Ratio>)>,
    member_times: BTreeMap<FieldName, BTreeMap<String, Vec<Validity>>>,
}

impl CodeListBuilder {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a code for a validity. A code may stand several times if its validities do not overlap.
    ///
    /// # Errors
    /// A sentence that says which earlier row the new one contradicts.
    pub fn row(
        &mut self,
        code: &str,
        title: Text,
        validity: Validity,
        attributes: BTreeMap<String, String>,
    ) -> Result<(), String> {
        if code.is_empty() {
            return Err("the code is empty".to_owned());
        }
        if matches!((validity.from, validity.to), (Some(from), Some(to)) if to <= from) {
            return Err(format!("`{code}` would end before it begins"));
        }
        let rows = self.rows.entry(code.to_owned()).or_default();
        if rows.iter().any(|row| row.validity.overlaps(&validity)) {
            return Err(format!("`{code}` stands twice for the same time"));
        }
        rows.push(DatedRow { validity, title, attributes });
        rows.sort_by_key(|row| row.validity.from);
        Ok(())
    }

    /// Adds another spelling of a code.
    ///
    /// # Errors
    /// A sentence, if the spelling already stands for another code.
    pub fn alias(&mut self, spelling: &str, code: &str) -> Result<(), String> {
        match self.aliases.get(spelling) {
            Some(other) if other != code => {
                Err(format!("the alias `{spelling}` stands for `{other}` and for `{code}`"))
            }
            _ => {
                self.aliases.insert(spelling.to_owned(), code.to_owned());
                Ok(())
            }
        }
    }

    /// Adds an edge of a change. Whether it agrees with the validities and with other changes is for whoever has the
    /// places of both to say; nothing here depends on it.
    pub fn change(&mut self, from: &str, to: &str, date: Date, kind: ChangeKind, share: Option<Ratio>) {
        self.changes.push((from.to_owned(), to.to_owned(), date, kind, share));
    }

    /// Says when codes of a group belong to it, for those that do not at all times.
    pub fn member_times(&mut self, group: FieldName, times: BTreeMap<String, Vec<Validity>>) {
        self.member_times.insert(group, times);
    }

    /// Whether the list has the code on the day so far.
    pub fn holds(&self, code: &str, day: Date) -> bool {
        self.rows.get(code).is_some_and(|rows| rows.iter().any(|row| row.validity.contains(day)))
    }

    /// Whether the list has the code so far.
    pub fn contains(&self, code: &str) -> bool {
        self.rows.contains_key(code)
    }

    /// The codes so far, sorted.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }

    /// Finishes the list. `groups` name sets of codes; `canonical` is the text that the fingerprint is taken of.
    ///
    /// # Errors
    /// A sentence, if an alias is also a code of its own, or a group or a change names a code that the list lacks.
    pub fn build(
        self,
        id: CodeListId,
        title: Text,
        description: Text,
        groups: BTreeMap<FieldName, BTreeSet<String>>,
        canonical: String,
    ) -> Result<CodeList, String> {
        let codes: Arc<[String]> = self.rows.keys().cloned().collect();
        let position = |code: &str| codes.binary_search_by(|known| known.as_str().cmp(code)).ok().map(CodeIndex::at);
        let mut spellings = Spellings::default();
        for (at, code) in codes.iter().enumerate() {
            spellings.insert(code.as_bytes().into(), CodeIndex::at(at));
        }
        for (spelling, code) in &self.aliases {
            let index = position(code)
                .ok_or_else(|| format!("the alias `{spelling}` is for `{code}`, which the list lacks"))?;
            if spellings.insert(spelling.as_bytes().into(), index).is_some_and(|other| other != index) {
                return Err(format!("the alias `{spelling}` is itself a code"));
            }
        }
        let mut resolved = BTreeMap::new();
        for (name, members) in groups {
            let members: Result<BTreeSet<CodeIndex>, String> = members
                .iter()
                .map(|code| {
                    position(code).ok_or_else(|| format!("the group `{name}` has `{code}`, which the list lacks"))
                })
                .collect();
            resolved.insert(name, members?);
        }
        let known = |code: &str| position(code).ok_or_else(|| format!("a change has `{code}`, which the list lacks"));
        let edge = |(from, to, date, kind, share): &(String, String, Date, ChangeKind, Option<Ratio>)| {
            Ok(CodeChange { from: known(from)?, to: known(to)?, date: *date, kind: *kind, share: *share })
        };
        let mut changes: Vec<CodeChange> = self.changes.iter().map(edge).collect::<Result<_, String>>()?;
        changes.sort_by_key(|change| (change.date, change.from, change.to));
        let times = |times: BTreeMap<String, Vec<Validity>>| {
            times.into_iter().filter_map(|(code, times)| Some((position(&code)?, times))).collect()
        };
        let member_times = self.member_times.into_iter().map(|(group, of)| (group, times(of))).collect();
        let fingerprint = Fingerprint::of(canonical.as_bytes());
        let rows = self.rows.into_values().collect();
        let groups = resolved;
        Ok(CodeList {
            id,
            title,
            description,
            fingerprint,
            canonical,
            groups,
            group_titles: BTreeMap::new(),
            codes,
            rows,
            spellings,
            changes,
            member_times,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse_iso(text).expect(text)
    }

    fn until(text: &str) -> Validity {
        Validity { from: None, to: Some(day(text)) }
    }

    fn since(text: &str) -> Validity {
        Validity { from: Some(day(text)), to: None }
    }

    #[test]
    fn a_code_is_known_at_its_time_and_by_its_aliases() {
        let mut builder = CodeListBuilder::new();
        let region = |name: &str| BTreeMap::from([("region".to_owned(), name.to_owned())]);
        builder.row("0751", Text::default(), until("2027-01-01"), region("1082")).expect("a row");
        builder.row("0751", Text::default(), since("2027-01-01"), region("1090")).expect("a row");
        builder.row("0101", Text::default(), since("2007-01-01"), region("1084")).expect("a row");
        assert!(builder.row("0751", Text::default(), since("2030-01-01"), region("x")).is_err());
        builder.alias("Århus", "0751").expect("an alias");
        assert!(builder.alias("Århus", "0101").is_err());
        builder.alias("Århus", "0751").expect("the same again");
        let id = CodeListId::new("municipality").expect("an id");
        let list = builder.build(id, Text::default(), Text::default(), BTreeMap::new(), String::new()).expect("a list");

        assert_eq!(list.lookup("Århus".as_bytes(), day("2024-01-01")), Lookup::Known(CodeIndex(1)));
        assert_eq!(list.lookup(b"0101", day("2006-12-31")), Lookup::NotValid(CodeIndex(0)));
        assert_eq!(list.lookup(b"9999", day("2024-01-01")), Lookup::Unknown);
        assert_eq!(list.attribute(CodeIndex(1), "region", day("2026-12-31")), Some("1082"));
        assert_eq!(list.attribute(CodeIndex(1), "region", day("2027-01-01")), Some("1090"));
    }
}
