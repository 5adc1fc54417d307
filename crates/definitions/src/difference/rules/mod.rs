//! The rules by which changes are named: what changed, and how much that weighs.
//!
//! A rule's name is for ever, like a code: exceptions and the records of build servers name it. Each is a line here,
//! which leads from a path of the canonical form to the name, the category, and the keys that a person wrote. A path
//! that no line knows has the last rule of its kind, and is breaking: what is new in the language is taken seriously
//! until somebody has thought about it.

mod table;

use self::table::RULES;
use super::meaning::Step;
use crate::file::Kind;

/// How much a change weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Figures that were published would be others now.
    Breaking,
    /// It applies from a stated period or day on.
    EffectiveDated,
    /// Something is there that was not there before; everything else is as it was.
    Additive,
    /// Only what is said about figures changes.
    TextOnly,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Breaking, Self::EffectiveDated, Self::Additive, Self::TextOnly];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::EffectiveDated => "effective_dated",
            Self::Additive => "additive",
            Self::TextOnly => "text_only",
        }
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub id: &'static str,
    /// How much it weighs.
    pub category: Category,
    /// What has changed, in a sentence.
    pub meaning: &'static str,
    /// Whether files would be read into other rows.
    pub rereads: bool,
    kind: Kind,
    on: On,
    /// Paths of the canonical form; `*` stands for any name.
    paths: &'static [&'static str],
    /// Where that is written, if not at the same path.
    written: &'static [&'static str],
    when: Option<fn(&Step) -> bool>,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// The definition as a whole, or what is found in another way than by a path.
    Whole,
    /// Something is there that was not.
    Added,
    /// Something is there no more.
    Removed,
    /// Something is another; of its parts nothing is said.
    Changed,
    /// The parts are the same, in another order.
    Reordered,
    /// It follows from something that was written, which has a rule of its own; or from another definition.
    Derived,
    /// Everything that no other rule is about.
    Rest,
}

impl Rule {
    /// All rules that a change can have, in the order of kinds and paths.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        RULES.iter().filter(|rule| !rule.is_derived())
    }

    /// The kind of definition that it is about.
    pub fn kind(&self) -> &'static str {
        self.kind.word()
    }

    /// Whether it follows from what has a rule of its own.
    pub(super) fn is_derived(&self) -> bool {
        self.on == On::Derived
    }

    /// Whether it is about the order of parts.
    pub(super) fn is_of_order(&self) -> bool {
        self.on == On::Reordered
    }

    /// The keys that were written for it: those of the rule with the names of the step in them.
    pub(super) fn written(&self, path: &[String]) -> Vec<Vec<String>> {
        if self.written.is_empty() {
            return vec![path.to_vec()];
        }
        let fill = |pattern: &&str| {
            let parts: Vec<&str> = pattern.split('/').collect();
            parts
                .iter()
                .enumerate()
                .map(|(at, part)| {
                    let name = path.get(at).filter(|_| *part == "*");
                    name.cloned().unwrap_or_else(|| (*part).to_owned())
                })
                .collect()
        };
        self.written.iter().map(fill).collect()
    }

    fn fits(&self, path: &[String]) -> bool {
        self.paths.iter().any(|pattern| {
            let parts: Vec<&str> = pattern.split('/').collect();
            parts.len() == path.len() && parts.iter().zip(path).all(|(part, name)| *part == "*" || part == name)
        })
    }
}

/// Whether nothing is said of the parts of this path.
pub(super) fn is_whole(kind: Kind, path: &[String]) -> bool {
    RULES.iter().any(|rule| rule.kind == kind && matches!(rule.on, On::Changed | On::Derived) && rule.fits(path))
}

/// The rule of a step.
pub(super) fn of_step(kind: Kind, step: &Step) -> &'static Rule {
    let fits = |rule: &&Rule| {
        let on = match rule.on {
            On::Added => step.before.is_none(),
            On::Removed => step.after.is_none(),
            On::Changed | On::Derived => true,
            On::Reordered => step.before.is_some() && step.after.is_some(),
            On::Whole | On::Rest => false,
        };
        rule.kind == kind && on && rule.fits(&step.path) && rule.when.is_none_or(|when| when(step))
    };
    RULES.iter().find(fits).unwrap_or_else(|| {
        let rest = RULES.iter().find(|rule| rule.kind == kind && rule.on == On::Rest);
        rest.unwrap_or_else(|| unreachable!("every kind has a last rule"))
    })
}

/// The rule with a name.
pub(crate) fn named(id: &str) -> Option<&'static Rule> {
    Rule::all().find(|rule| rule.id == id)
}

/// The rule about a definition of a kind as a whole: `INDICATOR_` and these words.
pub(super) fn of_kind(kind: Kind, words: &str) -> &'static Rule {
    let is_meant = |rule: &&Rule| rule.kind == kind && rule.id.split_once('_').is_some_and(|(_, rest)| rest == words);
    RULES.iter().find(is_meant).unwrap_or_else(|| unreachable!("there is a rule for a {} that is {words}", kind.word()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Canonical;

    #[test]
    fn what_no_rule_knows_is_breaking() {
        for kind in Kind::ALL {
            let step = Step { path: vec!["unheard_of".to_owned()], before: None, after: Some(Canonical::word(1)) };
            let rule = of_step(kind, &step);
            assert!(rule.id.ends_with("_MEANING_CHANGED") && rule.category == Category::Breaking, "{}", rule.id);
        }
    }

    #[test]
    fn a_name_has_one_category_and_one_meaning() {
        for rule in RULES {
            let same = RULES.iter().filter(|other| other.id == rule.id);
            assert!(
                same.clone().all(|other| other.category == rule.category && other.meaning == rule.meaning),
                "{}",
                rule.id
            );
            let kind = format!("{}_", rule.kind().to_ascii_uppercase());
            assert!(rule.id.starts_with(&kind) && rule.meaning.ends_with('.'), "{}", rule.id);
        }
    }
}
