//! What the definitions of one kind are known by, sound or broken.
//!
//! A broken definition stays on the shelf under its name: whoever refers to it is left out as well, but in silence,
//! because the mistake was already reported where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Code;

use crate::yaml::{Report, Written};

/// The definitions of one kind.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    noun: &'static str,
    items: BTreeMap<String, Option<Arc<T>>>,
}

impl<T> Shelf<T> {
    /// An empty shelf; `noun` names one of its things in messages.
    pub(crate) fn new(noun: &'static str) -> Self {
        Self { noun, items: BTreeMap::new() }
    }

    /// Puts a definition on the shelf; `None` if it is broken.
    pub(crate) fn put(&mut self, id: &str, item: Option<T>) {
        self.items.insert(id.to_owned(), item.map(Arc::new));
    }

    /// The definition, if it exists and is sound.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.items.get(id)?.as_ref()
    }

    /// Follows a reference. Reports it if it leads nowhere; a broken definition gives `None` without a word.
    pub(crate) fn find(&self, name: &Written<String>, report: &mut Report<'_>) -> Option<&Arc<T>> {
        if let Some(item) = self.items.get(&name.value) {
            return item.as_ref();
        }
        report
            .error(Code::UNKNOWN_REFERENCE, name.span, format!("there is no {} `{}`", self.noun, name.value))
            .did_you_mean_one_of(&name.value, self.items.keys().map(String::as_str));
        None
    }

    /// The sound definitions, by name.
    pub(crate) fn sound(&self) -> impl Iterator<Item = &Arc<T>> {
        self.items.values().flatten()
    }
}
