//! The keys of the language: which mapping has which keys, of what type, in which order, and what they mean.
//!
//! This table is the one place where a key is written down. The decoder may ask for no key that does not stand here,
//! and must ask for all that do (`yaml::Keys` asserts both wherever a file is read by a build with assertions, so every
//! test that decodes a mapping proves its table); the formatter takes the order of keys from it, and the schema for
//! editors is the table written as JSON. A schema derived from structs was rejected: the decoder reports all mistakes
//! of a file with places and needs no structs for it, so they would be a third copy.
//!
//! A new key is one line in the table of its kind, and the line of the decoder that asks for it.

mod cases;
mod codelist;
mod comparison;
mod dataset;
mod indicator;
mod pipeline;
mod project;
mod source;

pub(crate) use cases::{CASE, EXPECT, GIVEN_DELIVERY, GIVEN_TABLE, REJECT, TABLE_FILE, TALLY};
pub(crate) use codelist::{CODELIST, GROUP};
pub(crate) use comparison::{COMPARED, COMPARISON_GROUP, CONCERNED, DATED_MEMBERS, NEAREST};
pub(crate) use dataset::{CHECK, DATASET, FIELD, TIME};
pub(crate) use indicator::{
    ABSENCE, BAND, DIMENSION, GROUPS, INCLUSION, INDICATOR, JOIN, MEASURE, PLAUSIBLE, PRICE, RESERVATION,
};
pub(crate) use pipeline::{APPROVAL, DUE, HTTP, PIPELINE, USE};
pub(crate) use project::{DAYS, EXCEPTION, OBSERVABILITY, PERSONS, PROJECT, RETENTION};
pub(crate) use source::{
    BOOLEAN, BUDGET, CENTURY, CONTROL, CONTROL_RECORD, DATE, DELIMITED, DELIVERY, FIXED, FORMAT, MAPPING, NUMBER, SIGN,
    SKIP, SOURCE, SUM,
};

/// A mapping whose keys are fixed.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The name it goes by in the schema; no two shapes share one.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) says: &'static str,
    /// Its keys, in the order in which the formatter writes them.
    pub(crate) keys: &'static [Key],
    /// Further keys that depend on the value of one of its own: that key, and the keys by its value.
    pub(crate) variants: Option<(&'static str, &'static [(&'static str, &'static Self)])>,
}

/// A key of a shape.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) need: Need,
    /// What stands behind it.
    pub(crate) ty: Type,
    /// What it means, in the words of the reference.
    pub(crate) says: &'static str,
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Always.
    Always,
    /// It may be left out.
    Never,
    /// That depends on other keys: `precision` belongs to decimals alone, and there it is needed.
    Depends,
}

/// What stands behind a key.
#[derive(Debug)]
pub(crate) enum Type {
    /// A text.
    Text,
    /// A text of a certain form: its regular expression, and an example.
    Form(&'static str, &'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number, both bounds included.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// Nothing, written `null`.
    Null,
    /// A period: `2024`, `2024-Q1`, `2024-05`, `2024-W05` or `2024/25`.
    Period,
    /// An SQL expression; the text is an example.
    Expression(&'static str),
    /// Anything at all.
    Anything,
    /// A list.
    List(&'static Self),
    /// A list of exactly two.
    Pair(&'static Self),
    /// A mapping from identifiers that the writer chooses.
    Named(&'static Self),
    /// A mapping from any texts.
    Worded(&'static Self),
    /// A mapping whose keys are fixed.
    Object(&'static Shape),
    /// One of several.
    OneOf(&'static [Self]),
}

/// An identifier.
pub(crate) const ID: Type = Type::Form("^[a-z][a-z0-9_]{0,62}$", "example");
/// A text in both languages.
const BILINGUAL: Type = Type::Object(&TEXT);
/// The kinds of periods.
const PERIODS: Type = Type::Choice(&["week", "month", "quarter", "year", "school_year"]);
/// `all`, or a list.
const ALL_OR_LIST: Type = Type::OneOf(&[Type::Choice(&["all"]), Type::List(&Type::Text)]);
/// The tests of a definition.
const CASES: Type = cases::CASES;
/// An identifier, or a list of them.
const ID_OR_IDS: Type = Type::OneOf(&[ID, Type::List(&ID)]);
/// One text, or a list of them.
const TEXT_OR_TEXTS: Type = Type::OneOf(&[Type::Text, Type::List(&Type::Text)]);

/// A text in both languages.
pub(crate) const TEXT: Shape = Shape::new(
    "text",
    "A text for people, in both languages.",
    &[Key::needed("da", Type::Text, "In Danish."), Key::needed("en", Type::Text, "In English.")],
);

/// The first and last period of a validity.
pub(crate) const VALID: Shape = Shape::new(
    "valid",
    "The first and the last period, both included, either left open by leaving it out.",
    &[Key::optional("from", Type::Period, "The first period."), Key::optional("to", Type::Period, "The last period.")],
);

impl Shape {
    const fn new(name: &'static str, says: &'static str, keys: &'static [Key]) -> Self {
        Self { name, says, keys, variants: None }
    }

    /// The key of a name, its variants' keys included.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.position(name).map(|(_, key)| key)
    }

    /// Where the formatter writes a key. Of a key that several variants have, the last place is taken: it stands behind
    /// what any of them has before it.
    pub(crate) fn position(&self, name: &str) -> Option<(usize, &'static Key)> {
        let variants = self.variants.iter().flat_map(|(_, shapes)| shapes.iter()).flat_map(|(_, shape)| shape.keys);
        self.keys.iter().chain(variants).enumerate().filter(|(_, key)| key.name == name).last()
    }

    /// The key below which another one stands, for whoever wrote that a level too high.
    pub(crate) fn key_below(&self, name: &str) -> Option<&'static Key> {
        let is_below =
            |key: &&Key| key.ty.shapes().iter().any(|shape| shape.keys.iter().any(|below| below.name == name));
        self.keys.iter().find(is_below)
    }
}

impl Type {
    /// The shapes of the mappings that may stand behind a key.
    fn shapes(&self) -> Vec<&'static Shape> {
        match self {
            Self::Object(shape) => vec![shape],
            Self::List(of) | Self::Pair(of) | Self::Named(of) | Self::Worded(of) => of.shapes(),
            Self::OneOf(some) => some.iter().flat_map(Self::shapes).collect(),
            _ => Vec::new(),
        }
    }
}

impl Key {
    const fn needed(name: &'static str, ty: Type, says: &'static str) -> Self {
        Self { name, need: Need::Always, ty, says }
    }

    const fn optional(name: &'static str, ty: Type, says: &'static str) -> Self {
        Self { name, need: Need::Never, ty, says }
    }

    const fn depends(name: &'static str, ty: Type, says: &'static str) -> Self {
        Self { name, need: Need::Depends, ty, says }
    }

    const fn kind(word: &'static [&'static str]) -> Self {
        Self::needed("kind", Type::Choice(word), "What the file defines; the folder says the same.")
    }

    const fn id() -> Self {
        Self::needed("id", ID, "The name of the definition, and of its file: lower-case letters, digits and `_`.")
    }

    const fn title() -> Self {
        Self::needed("title", BILINGUAL, "A short name for people.")
    }

    const fn description() -> Self {
        Self::needed("description", BILINGUAL, "What it is, in full sentences.")
    }
}

impl Type {
    /// The shape of a mapping that may stand here, and the type behind the keys that the writer chooses.
    pub(crate) fn of_mapping(&self) -> (Option<&'static Shape>, Option<&'static Self>) {
        match self {
            Self::Object(shape) => (Some(shape), None),
            Self::Named(inner) | Self::Worded(inner) => (None, Some(inner)),
            Self::OneOf(types) => {
                let mut found = types.iter().map(Self::of_mapping);
                found.find(|(shape, inner)| shape.is_some() || inner.is_some()).unwrap_or_default()
            }
            _ => (None, None),
        }
    }

    /// The type of the items of a list that may stand here.
    pub(crate) fn of_list(&self) -> Option<&'static Self> {
        match self {
            Self::List(inner) | Self::Pair(inner) => Some(inner),
            Self::OneOf(types) => types.iter().find_map(Self::of_list),
            _ => None,
        }
    }
}

/// The kinds of files, each by the word that names its schema.
pub(crate) const KINDS: [(&str, &Shape); 7] = [
    ("codelist", &CODELIST),
    ("dataset", &DATASET),
    ("source", &SOURCE),
    ("indicator", &INDICATOR),
    ("comparison_group", &COMPARISON_GROUP),
    ("pipeline", &PIPELINE),
    ("musketer", &PROJECT),
];
