//! What two definitions mean, compared: their canonical forms, read back into trees.
//!
//! The canonical text is what was recorded with published figures and what fingerprints are made of, so it is what is
//! compared: a key that joins the language later is in it, and is compared without a word here. That each definition
//! kept its tree beside the text was rejected: it would be a second form of the same, in five types of the model.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::Canonical;
use crate::file::Kind;

/// A place of the canonical form at which two definitions differ.
#[derive(Debug)]
pub(super) struct Step {
    /// The names that lead there.
    pub(super) path: Vec<String>,
    /// What was there.
    pub(super) before: Option<Canonical>,
    /// What is there.
    pub(super) after: Option<Canonical>,
}

/// Lists whose items have a name: by it they are compared, not by their number.
const NAMED: [(Kind, &str, &str); 4] = [
    (Kind::Dataset, "fields", "name"),
    (Kind::Dataset, "checks", "id"),
    (Kind::Source, "skip", "id"),
    (Kind::Pipeline, "uses", "source"),
];

/// Where two definitions of a kind differ. `whole` says of which paths no part is looked at.
pub(super) fn steps(kind: Kind, before: &Canonical, after: &Canonical, whole: &dyn Fn(&[String]) -> bool) -> Vec<Step> {
    let mut walk = Walk { kind, whole, steps: Vec::new() };
    walk.compare(&mut Vec::new(), Some(before), Some(after));
    walk.steps
}

struct Walk<'a> {
    kind: Kind,
    whole: &'a dyn Fn(&[String]) -> bool,
    steps: Vec<Step>,
}

impl Walk<'_> {
    fn compare(&mut self, path: &mut Vec<String>, before: Option<&Canonical>, after: Option<&Canonical>) {
        if before == after {
            return;
        }
        let known = self.steps.len();
        if !(self.whole)(path) {
            if let (Some(old), Some(new)) = (self.entries(path, before), self.entries(path, after)) {
                let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for name in names {
                    path.push(name.clone());
                    self.compare(path, old.get(name).copied(), new.get(name).copied());
                    path.pop();
                }
                // What differs otherwise is the order of the items.
                if self.steps.len() > known {
                    return;
                }
            }
        }
        self.steps.push(Step { path: path.clone(), before: before.cloned(), after: after.cloned() });
    }

    /// The parts of a value by their names.
    fn entries<'c>(&self, path: &[String], value: Option<&'c Canonical>) -> Option<BTreeMap<String, &'c Canonical>> {
        match value? {
            Canonical::Map(entries) => Some(entries.iter().map(|(name, value)| (name.clone(), value)).collect()),
            Canonical::List(items) => {
                let [list] = path else { return None };
                let (_, _, key) = NAMED.iter().find(|(kind, name, _)| *kind == self.kind && name == list)?;
                let mut named = BTreeMap::new();
                for item in items {
                    let name = item.get(key)?.plain()?;
                    named.insert(free_name(name, |name| named.contains_key(name)), item);
                }
                Some(named)
            }
            Canonical::Text(_) | Canonical::Word(_) => None,
        }
    }
}

/// The name, with a number behind it where it is taken.
pub(super) fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name} #{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

impl Canonical {
    /// The value at a name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.get(name),
            _ => None,
        }
    }

    /// The text of a text or word.
    pub(super) fn plain(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Word(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Names and values of a map; none of anything else.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Self)> {
        let entries = if let Self::Map(entries) = self { Some(entries) } else { None };
        entries.into_iter().flatten()
    }

    /// In one line.
    pub(super) fn short(&self) -> String {
        match self {
            Self::Text(text) | Self::Word(text) => text.clone(),
            Self::List(items) => format!("[{}]", items.iter().map(Self::short).collect::<Vec<_>>().join(", ")),
            Self::Map(entries) => {
                let entry = |(name, value): (&String, &Self)| format!("{name}: {}", value.short());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// The tree that a text was written from; `None` if it was not written by [`Canonical::render`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut at = 0;
        let tree = block(&lines, &mut at, 0)?;
        (at == lines.len()).then_some(tree)
    }
}

/// The lines of a map or list at this depth.
fn block(lines: &[&str], at: &mut usize, depth: usize) -> Option<Canonical> {
    let indent = "  ".repeat(depth);
    let content = |at: usize| {
        let line = lines.get(at)?.strip_prefix(indent.as_str())?;
        (!line.starts_with(' ')).then_some(line)
    };
    let first = content(*at)?;
    if !first.starts_with('-') && key_of(first).is_none() {
        *at += 1;
        return whole_value(first);
    }
    let (mut items, mut entries) = (Vec::new(), BTreeMap::new());
    while let Some(line) = content(*at) {
        let (name, rest) = match line.strip_prefix('-') {
            Some(rest) => (None, rest),
            None => key_of(line).map(|(name, rest)| (Some(name), rest))?,
        };
        *at += 1;
        let value = match rest.strip_prefix(' ') {
            Some(value) => whole_value(value)?,
            None => block(lines, at, depth + 1)?,
        };
        match name {
            Some(name) => _ = entries.insert(name, value),
            None => items.push(value),
        }
    }
    match (items.is_empty(), entries.is_empty()) {
        (false, true) => Some(Canonical::List(items)),
        (true, false) => Some(Canonical::Map(entries)),
        _ => None,
    }
}

/// A name at the beginning of a line, and what stands behind its colon.
fn key_of(line: &str) -> Option<(String, &str)> {
    if line.starts_with('\'') {
        let (name, rest) = quoted(line)?;
        return Some((name, rest.strip_prefix(':')?));
    }
    let (name, rest) = line.split_once(':')?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (name.to_owned(), rest))
}

fn whole_value(text: &str) -> Option<Canonical> {
    if text.starts_with(['\'', '[']) || text == "{}" {
        let (value, rest) = inline(text)?;
        return rest.is_empty().then_some(value);
    }
    Some(Canonical::Word(text.to_owned()))
}

/// A value within a line, and what stands behind it.
fn inline(text: &str) -> Option<(Canonical, &str)> {
    if text.starts_with('\'') {
        return quoted(text).map(|(text, rest)| (Canonical::Text(text), rest));
    }
    if let Some(rest) = text.strip_prefix("{}") {
        return Some((Canonical::Map(BTreeMap::new()), rest));
    }
    if let Some(mut rest) = text.strip_prefix('[') {
        let mut items = Vec::new();
        while !rest.starts_with(']') {
            let (item, behind) = inline(rest)?;
            items.push(item);
            rest = behind.strip_prefix(", ").unwrap_or(behind);
        }
        return Some((Canonical::List(items), &rest[1..]));
    }
    let end = text.find([',', ']']).unwrap_or(text.len());
    (end > 0).then(|| (Canonical::Word(text[..end].to_owned()), &text[end..]))
}

/// A text in quotation marks, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut out = String::new();
    loop {
        let end = rest.find(['\'', '\\'])?;
        out.push_str(&rest[..end]);
        let (mark, behind) = rest[end..].split_at(1);
        let next = behind.chars().next();
        match (mark, next) {
            ("\\", Some('n')) => out.push('\n'),
            ("\\", Some('\\')) => out.push('\\'),
            ("'", Some('\'')) => out.push('\''),
            ("'", _) => return Some((out, behind)),
            _ => return None,
        }
        rest = &behind[1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_form_is_read_back_as_it_was_written() {
        let nasty = ["", "a", "'", "a: b", "- a", "a\nb\\n", "[x, 'y']", "{}", "æ ]"];
        let tree = Canonical::map([
            ("texts", Some(Canonical::texts(nasty))),
            ("words", Some(Canonical::list([Canonical::word("x"), Canonical::list([Canonical::word(1)])]))),
            ("formula", Some(Canonical::word("(in account '3.22.01' 'a, b') decimal(1, 2)"))),
            ("none", Some(Canonical::list([]))),
            ("empty", Some(Canonical::Map(BTreeMap::new()))),
            ("named", Some(Canonical::named(nasty.map(|name| (name, Canonical::text(name)))))),
            (
                "blocks",
                Some(Canonical::list([
                    Canonical::map([("a", Some(Canonical::list([Canonical::map([("b", Some(Canonical::word(2)))])])))]),
                    Canonical::text("x"),
                    Canonical::texts(["y"]),
                ])),
            ),
        ]);
        assert_eq!(Canonical::parse(&tree.render()), Some(tree));
        for torn in ["", "a", "a: 'b", "a:\n    b: c", "a: b\n  c: d", "- a\nb: c"] {
            let read = Canonical::parse(torn);
            assert!(read.is_none_or(|tree| tree.render() == torn), "{torn}");
        }
    }

    #[test]
    fn named_items_are_compared_by_their_names() {
        let field = |name: &str, ty: &str| {
            Canonical::map([("name", Some(Canonical::word(name))), ("type", Some(Canonical::word(ty)))])
        };
        let dataset = |fields: Vec<Canonical>| Canonical::map([("fields", Some(Canonical::List(fields)))]);
        let before = dataset(vec![field("a", "text"), field("b", "date")]);
        let after = dataset(vec![field("c", "text"), field("a", "text"), field("b", "month")]);
        let found = steps(Kind::Dataset, &before, &after, &|_| false);
        let paths: Vec<String> = found.iter().map(|step| step.path.join(".")).collect();
        assert_eq!(paths, ["fields.b.type", "fields.c"]);
        let turned = dataset(vec![field("b", "date"), field("a", "text")]);
        let found = steps(Kind::Dataset, &before, &turned, &|_| false);
        assert_eq!(found.iter().map(|step| step.path.join(".")).collect::<Vec<_>>(), ["fields"]);
    }
}
