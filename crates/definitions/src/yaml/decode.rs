//! From the tree to values, collecting every mistake on the way.
//!
//! A reader returns `None` only after it has reported why; a caller that goes on with the next key therefore finds
//! all mistakes of a file in one pass. [`Keys`] remembers which keys were asked for, so that the set of known keys
//! is exactly what the reading code asks for, and asserts that these are the keys of the vocabulary.

use std::ops::RangeInclusive;

use granit_parser::ScalarStyle;
use model::{Code, IdError, Period, Text};

use crate::vocabulary::{Need, Shape, TEXT};

use super::report::{Finding, listed};
use super::tree::Entry;
use super::{Node, Plain, Report, Scalar, Span, Value};

/// A value and where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it was written.
    pub(crate) span: Span,
}

/// A value that was there, but was no good; why was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// What a key that may be left out came to.
pub(crate) type Maybe<T> = Result<Option<T>, Broken>;

/// A value that is about to be read, with the name it goes by in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'n> {
    /// The value.
    pub(crate) node: &'n Node,
    /// The key that holds it.
    pub(crate) name: &'n str,
    /// Where the key stands, or the value itself if it has none.
    pub(crate) at: Span,
}

impl<'n> Cursor<'n> {
    /// The root of a file, with the name that it goes by in messages.
    pub(crate) fn root(node: &'n Node, name: &'n str) -> Self {
        let first = match &node.value {
            Value::Mapping(entries) => entries.first().map(|entry| entry.span),
            _ => None,
        };
        Self { node, name, at: first.unwrap_or(node.span) }
    }

    /// Where the value stands.
    pub(crate) fn span(self) -> Span {
        self.node.span
    }

    fn wrong<'r>(self, report: &'r mut Report<'_>, wanted: &str) -> Finding<'r> {
        let message = format!("`{}` takes {wanted}, not {}", self.name, self.node.noun());
        report.error(Code::WRONG_TYPE, self.node.span, message)
    }

    fn invalid(self, report: &mut Report<'_>, message: impl AsRef<str>) {
        report.error(Code::INVALID_VALUE, self.node.span, message);
    }

    /// The scalar, if it is one.
    pub(crate) fn as_scalar(self) -> Option<&'n Scalar> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing stands here: `null`, `~`, or no value at all.
    pub(crate) fn is_null(self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.plain() == Some(Plain::Null))
    }

    /// Whether it is a list.
    pub(crate) fn is_list(self) -> bool {
        matches!(self.node.value, Value::Sequence(_))
    }

    /// Whether it is a mapping.
    pub(crate) fn is_mapping(self) -> bool {
        matches!(self.node.value, Value::Mapping(_))
    }

    /// A scalar with a value, whatever it looks like: for periods, expressions and words that are checked further on.
    pub(crate) fn word(self, report: &mut Report<'_>) -> Option<Written<&'n str>> {
        match self.as_scalar() {
            Some(scalar) if !self.is_null() => {
                return Some(Written { value: scalar.text.as_str(), span: self.node.span });
            }
            _ => {
                self.wrong(report, "a text");
            }
        }
        None
    }

    /// A text: quoted, or a plain word that is a text in every version of YAML.
    pub(crate) fn text(self, report: &mut Report<'_>) -> Option<Written<String>> {
        let written = self.word(report)?;
        let scalar = self.as_scalar()?;
        check_text(scalar, self.node.span, report)?;
        Some(Written { value: written.value.to_owned(), span: written.span })
    }

    /// A text with at least one character.
    pub(crate) fn some_text(self, report: &mut Report<'_>) -> Option<Written<String>> {
        let text = self.text(report)?;
        if text.value.trim().is_empty() {
            self.invalid(report, format!("`{}` is empty", self.name));
            return None;
        }
        Some(text)
    }

    /// A list of texts.
    pub(crate) fn texts(self, report: &mut Report<'_>) -> Option<Vec<Written<String>>> {
        Some(self.items(report)?.into_iter().filter_map(|item| item.text(report)).collect())
    }

    /// One text or a list of them.
    pub(crate) fn text_or_texts(self, report: &mut Report<'_>) -> Option<Vec<Written<String>>> {
        if self.is_list() { self.texts(report) } else { Some(vec![self.text(report)?]) }
    }

    /// A whole number within bounds.
    pub(crate) fn integer<N: TryFrom<i64>>(self, report: &mut Report<'_>, range: RangeInclusive<i64>) -> Option<N> {
        let Some(scalar) = self.as_scalar() else {
            self.wrong(report, "a whole number");
            return None;
        };
        let digits = scalar.text.strip_prefix('-').unwrap_or(&scalar.text);
        let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if scalar.style != ScalarStyle::Plain || !whole || (digits.len() > 1 && digits.starts_with('0')) {
            let value = digits.trim_start_matches('0');
            let finding = self.wrong(report, "a whole number");
            if whole {
                let sign = if scalar.text.starts_with('-') { "-" } else { "" };
                let value = if value.is_empty() { "0" } else { value };
                finding.help(format!("write it without quotation marks and leading zeros: {sign}{value}"));
            }
            return None;
        }
        let value = scalar.text.parse().ok().filter(|value| range.contains(value));
        let value = value.and_then(|value: i64| N::try_from(value).ok());
        if value.is_none() {
            self.invalid(report, format!("`{}` lies between {} and {}", self.name, range.start(), range.end()));
        }
        value
    }

    /// `true` or `false`.
    pub(crate) fn boolean(self, report: &mut Report<'_>) -> Option<bool> {
        match self.as_scalar().and_then(Scalar::plain) {
            Some(Plain::Boolean(value)) => Some(value),
            Some(Plain::OldBoolean) => {
                report
                    .error(Code::YAML_BOOLEAN, self.node.span, format!("`{}` takes `true` or `false`", self.name))
                    .help("the other words mean different things to different versions of YAML");
                None
            }
            _ => {
                let word = self.as_scalar().map(|scalar| scalar.text.as_str());
                let finding = self.wrong(report, "`true` or `false`");
                if let Some(word @ ("true" | "false")) = word {
                    finding.help(format!("write it without quotation marks: {word}"));
                }
                None
            }
        }
    }

    /// One of the listed words.
    pub(crate) fn choice<T: Copy>(self, report: &mut Report<'_>, choices: &[(&str, T)]) -> Option<T> {
        let word = self.word(report)?;
        let found = choices.iter().find(|(known, _)| *known == word.value).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
            let message = format!("`{}` is one of {}, not `{}`", self.name, listed(&known), word.value);
            report.error(Code::INVALID_VALUE, self.node.span, message).did_you_mean(word.value, known);
        }
        found
    }

    /// A text in both languages.
    pub(crate) fn bilingual(self, report: &mut Report<'_>) -> Option<Text> {
        if !self.is_mapping() {
            let finding = self.wrong(report, "a text in both languages");
            finding.help(format!("write {}: {{da: ..., en: ...}}", self.name));
            return None;
        }
        let mut keys = self.keys(&TEXT, report)?;
        let da = keys.need("da", report).and_then(|text| text.some_text(report));
        let en = keys.need("en", report).and_then(|text| text.some_text(report));
        keys.finish(report);
        Some(Text { da: da?.value, en: en?.value })
    }

    /// An identifier.
    pub(crate) fn id<T>(self, report: &mut Report<'_>, new: impl Fn(&str) -> Result<T, IdError>) -> Option<Written<T>> {
        let text = self.text(report)?;
        match new(&text.value) {
            Ok(value) => Some(Written { value, span: text.span }),
            Err(error) => {
                self.invalid(report, error.to_string());
                None
            }
        }
    }

    /// A period; years may stand without quotation marks.
    pub(crate) fn period(self, report: &mut Report<'_>) -> Option<Written<Period>> {
        let word = self.word(report)?;
        if let Ok(value) = word.value.parse() {
            return Some(Written { value, span: word.span });
        }
        let message = format!("`{}` is not a period", word.value);
        report.error(Code::INVALID_VALUE, word.span, message).help("write 2024, 2024-Q1, 2024-05, 2024-W05 or 2024/25");
        None
    }

    /// The items of a list.
    pub(crate) fn items(self, report: &mut Report<'_>) -> Option<Vec<Self>> {
        let Value::Sequence(items) = &self.node.value else {
            self.wrong(report, "a list");
            return None;
        };
        Some(items.iter().map(|node| Self { node, name: self.name, at: node.span }).collect())
    }

    /// Keys and values of a mapping whose keys the writer chooses. Keys must be texts, as values must.
    pub(crate) fn entries(self, report: &mut Report<'_>) -> Option<Vec<(Written<&'n str>, Self)>> {
        let entries = self.mapping(report)?;
        let mut checked = Vec::with_capacity(entries.len());
        for entry in entries {
            if check_text(&entry.key, entry.span, report).is_some() {
                let key = Written { value: entry.key.text.as_str(), span: entry.span };
                checked.push((key, Self { node: &entry.value, name: &entry.key.text, at: entry.span }));
            }
        }
        Some(checked)
    }

    /// Keys and values of a mapping as texts, for people; nothing is checked.
    pub(crate) fn as_written(self) -> Vec<(String, String)> {
        let Value::Mapping(entries) = &self.node.value else { return Vec::new() };
        entries.iter().map(|entry| (entry.key.text.clone(), entry.value.as_written())).collect()
    }

    /// The keys of a mapping whose keys are fixed: those of the shape.
    pub(crate) fn keys(self, shape: &'static Shape, report: &mut Report<'_>) -> Option<Keys<'n>> {
        let entries = self.mapping(report)?;
        Some(Keys { entries, owner: self.name, at: self.at, shapes: vec![shape], asked: Vec::new() })
    }

    fn mapping(self, report: &mut Report<'_>) -> Option<&'n [Entry]> {
        let Value::Mapping(entries) = &self.node.value else {
            self.wrong(report, "a mapping of keys to values");
            return None;
        };
        Some(entries)
    }
}

impl Node {
    fn as_written(&self) -> String {
        match &self.value {
            Value::Scalar(scalar) => scalar.text.trim().to_owned(),
            Value::Sequence(items) => items.iter().map(Self::as_written).collect::<Vec<_>>().join(", "),
            Value::Mapping(entries) => {
                let pair = |entry: &Entry| match &entry.value.value {
                    Value::Mapping(_) => format!("{}: {{{}}}", entry.key.text, entry.value.as_written()),
                    _ => format!("{}: {}", entry.key.text, entry.value.as_written()),
                };
                entries.iter().map(pair).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Scalar {
    /// What it is if it was written without quotation marks.
    pub(crate) fn plain(&self) -> Option<Plain> {
        (self.style == ScalarStyle::Plain).then(|| Plain::of(&self.text))
    }
}

fn check_text(scalar: &Scalar, span: Span, report: &mut Report<'_>) -> Option<()> {
    let word = &scalar.text;
    match scalar.plain() {
        None | Some(Plain::Text) => return Some(()),
        Some(Plain::Number) => report
            .error(Code::UNQUOTED_CODE, span, format!("`{word}` is a number to YAML, but a text belongs here"))
            .help(format!("put it in quotation marks: '{word}'")),
        Some(Plain::OldBoolean | Plain::Boolean(_)) => report
            .error(Code::YAML_BOOLEAN, span, format!("`{word}` is a truth value to YAML, but a text belongs here"))
            .help(format!("put it in quotation marks: '{word}'")),
        Some(Plain::Null) => report.error(Code::WRONG_TYPE, span, "nothing stands here, but a text belongs here"),
    };
    None
}

/// The keys of a mapping whose keys are fixed.
#[derive(Debug)]
pub(crate) struct Keys<'n> {
    entries: &'n [Entry],
    owner: &'n str,
    at: Span,
    shapes: Vec<&'static Shape>,
    asked: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    /// Where the mapping as a whole is shown: at the key that holds it.
    pub(crate) fn at(&self) -> Span {
        self.at
    }

    /// Adds the keys of a variant of the shape.
    pub(crate) fn add(&mut self, variant: &'static Shape) {
        self.shapes.push(variant);
    }

    /// The value of a key that may be left out.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Cursor<'n>> {
        self.assert_known(key, Need::Never);
        self.find(key)
    }

    /// Asserts that the key stands in the vocabulary, and is needed there as it is here.
    fn assert_known(&self, key: &str, need: Need) {
        let fits = |known: &crate::vocabulary::Key| known.name == key && [need, Need::Depends].contains(&known.need);
        debug_assert!(
            self.shapes.iter().any(|shape| shape.keys.iter().any(fits)),
            "the vocabulary has no such key `{key}` of `{}`: add it, or correct whether it is needed",
            self.shapes[0].name
        );
    }

    fn find(&mut self, key: &'static str) -> Option<Cursor<'n>> {
        self.asked.push(key);
        let entry = self.entries.iter().find(|entry| entry.key.text == key)?;
        Some(Cursor { node: &entry.value, name: &entry.key.text, at: entry.span })
    }

    /// Reads a key that may be left out.
    pub(crate) fn maybe<T>(&mut self, key: &'static str, read: impl FnOnce(Cursor<'n>) -> Option<T>) -> Maybe<T> {
        self.take(key).map(|cursor| read(cursor).ok_or(Broken)).transpose()
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Cursor<'n>> {
        self.assert_known(key, Need::Always);
        let found = self.find(key);
        if found.is_none() {
            let message = format!("`{}` needs the key `{key}`", self.owner);
            report.error(Code::MISSING_KEY, self.at, message);
        }
        found
    }

    /// Refuses a key that exists, but not for this value: `precision` of a text.
    pub(crate) fn refuse(&mut self, key: &'static str, whose: &str, report: &mut Report<'_>) {
        if let Some(cursor) = self.take(key) {
            report.error(Code::UNKNOWN_KEY, cursor.at, format!("{whose} has no `{key}`"));
        }
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        for key in self.shapes.iter().flat_map(|shape| shape.keys) {
            debug_assert!(
                key.need == Need::Depends || self.asked.contains(&key.name),
                "nobody asks for the key `{}` of `{}`, which the vocabulary has",
                key.name,
                self.shapes[0].name
            );
        }
        for entry in self.entries {
            let key = entry.key.text.as_str();
            if !self.asked.contains(&key) {
                let message = format!("`{}` has no key `{key}`", self.owner);
                let finding = report
                    .error(Code::UNKNOWN_KEY, entry.span, message)
                    .did_you_mean_one_of(key, self.asked.iter().copied());
                // `{da: Klasser, deres størrelse}`: what follows a comma is a key to YAML.
                let is_rest =
                    matches!(&entry.value.value, Value::Scalar(scalar) if scalar.plain() == Some(Plain::Null));
                if is_rest && self.asked.contains(&"da") {
                    finding.help("a text with a comma in it stands in quotation marks");
                } else if let Some(below) = self.shapes.iter().find_map(|shape| shape.key_below(key)) {
                    finding.help(format!("it is a key of what stands under `{}`", below.name));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::vocabulary::{Key, Type};

    const EXAMPLE: Shape = Shape {
        name: "example",
        says: "An example.",
        keys: &[
            Key { name: "title", need: Need::Depends, ty: Type::Text, says: "" },
            Key { name: "version", need: Need::Depends, ty: Type::Text, says: "" },
            Key { name: "codes", need: Need::Depends, ty: Type::Text, says: "" },
            Key { name: "unit", need: Need::Depends, ty: Type::Text, says: "" },
            Key { name: "a", need: Need::Depends, ty: Type::Text, says: "" },
        ],
        variants: None,
    };

    fn read<T>(yaml: &str, read: impl Fn(Cursor<'_>, &mut Report<'_>) -> T) -> (T, Vec<String>) {
        let mut report = Report::new("a.yaml", yaml);
        let tree = parse(&mut report).expect(yaml);
        let value = read(Cursor::root(&tree, "example"), &mut report);
        let said = report.into_findings().iter().map(|found| format!("{} {}", found.code, found.message)).collect();
        (value, said)
    }

    #[test]
    fn all_mistakes_of_a_mapping_are_found_at_once() {
        let yaml = "title: {da: no, en: 5}\nversion: '2'\ncodes: [0101, '0102', yes]\ntitel: x\n";
        let ((), said) = read(yaml, |root, report| {
            let mut keys = root.keys(&EXAMPLE, report).expect("a mapping");
            keys.need("title", report).and_then(|cursor| cursor.bilingual(report));
            keys.need("version", report).and_then(|cursor| cursor.integer::<u32>(report, 1..=9));
            let codes = keys.need("codes", report).and_then(|cursor| cursor.texts(report));
            assert_eq!(codes.map(|codes| codes.len()), Some(1));
            keys.need("unit", report);
            keys.finish(report);
        });
        let codes: Vec<&str> = said.iter().map(|line| &line[..5]).collect();
        assert_eq!(codes, ["M1007", "M1006", "M1004", "M1006", "M1007", "M1005", "M1002"], "{said:#?}");
    }

    #[test]
    fn whole_numbers_are_plain_and_bounded() {
        for (yaml, code) in
            [("a: 5", ""), ("a: 05", "M1004"), ("a: 1.0", "M1004"), ("a: 10", "M1010"), ("a: -1", "M1010")]
        {
            let (_, said) = read(yaml, |root, report| {
                let mut keys = root.keys(&EXAMPLE, report).expect("a mapping");
                keys.take("a").and_then(|cursor| cursor.integer::<u8>(report, 0..=9))
            });
            assert_eq!(said.first().map_or("", |line| &line[..5]), code, "{yaml}");
        }
    }
}
