//! What two files say, compared: their trees, without comments, quotation marks and the order of keys. It tells apart
//! what somebody wrote from what followed, and gives every change its place.

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::ScalarStyle;
use model::Place;

use super::meaning::free_name;
use crate::yaml::{Entry, Node, Span, Value};

/// A node and where its name stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'n> {
    /// The key, or the item itself.
    at: Span,
    /// What stands there.
    pub(super) node: &'n Node,
}

impl Spot<'_> {
    /// Where to look: at the value where it is a word or a line, otherwise at its key.
    pub(super) fn place(&self, file: &str) -> Place {
        let block = [ScalarStyle::Literal, ScalarStyle::Folded];
        let span = match &self.node.value {
            Value::Scalar(scalar) if !block.contains(&scalar.style) => self.node.span,
            _ => self.at,
        };
        Place { file: file.to_owned(), line: span.line, column: span.column, length: span.length.max(1) }
    }

    /// What stands there, in one line.
    pub(super) fn short(&self) -> String {
        let all = |items: Vec<String>| items.join(", ");
        match &self.node.value {
            Value::Scalar(scalar) => scalar.text.clone(),
            Value::Sequence(items) => format!("[{}]", all(items.iter().map(|item| root(item).short()).collect())),
            Value::Mapping(entries) => {
                let entry = |entry: &Entry| format!("{}: {}", entry.key.text, root(&entry.value).short());
                format!("{{{}}}", all(entries.iter().map(entry).collect()))
            }
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }
}

/// The node as a whole.
pub(super) fn root(node: &Node) -> Spot<'_> {
    Spot { at: node.span, node }
}

/// What the names lead to.
pub(super) fn find<'n>(tree: &'n Node, path: &[String]) -> Option<Spot<'n>> {
    path.iter().try_fold(root(tree), |spot, name| children(spot.node)?.remove(name.as_str()))
}

/// Whether a text stands anywhere below the node.
pub(super) fn says(node: &Node, text: &str) -> bool {
    match &node.value {
        Value::Scalar(scalar) => scalar.text.contains(text),
        Value::Sequence(items) => items.iter().any(|item| says(item, text)),
        Value::Mapping(entries) => entries.iter().any(|entry| says(&entry.value, text)),
    }
}

/// The parts of a node by their names: keys, or what an item is or says that it is called.
fn children(node: &Node) -> Option<BTreeMap<String, Spot<'_>>> {
    match &node.value {
        Value::Scalar(_) => None,
        Value::Mapping(entries) => Some(
            entries.iter().map(|entry| (entry.key.text.clone(), Spot { at: entry.span, node: &entry.value })).collect(),
        ),
        Value::Sequence(items) => {
            let mut named = BTreeMap::new();
            for (item, name) in items.iter().zip(item_names(items)) {
                named.insert(free_name(&name, |name| named.contains_key(name)), root(item));
            }
            Some(named)
        }
    }
}

fn item_names(items: &[Node]) -> Vec<String> {
    let name = |(at, item): (usize, &Node)| {
        let named = match &item.value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            Value::Sequence(_) => None,
            Value::Mapping(entries) => {
                let named = |key: &str| entries.iter().find(|entry| entry.key.text == key);
                let entry = ["id", "name", "source"].into_iter().find_map(named);
                entry.and_then(|entry| root(&entry.value).text().map(str::to_owned))
            }
        };
        named.unwrap_or_else(|| (at + 1).to_string())
    };
    items.iter().enumerate().map(name).collect()
}

/// Where two files differ, as deep as can be said.
pub(super) fn edits(before: &Node, after: &Node) -> Vec<Vec<String>> {
    let mut edits = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut edits);
    edits
}

fn compare(path: &mut Vec<String>, before: Option<&Node>, after: Option<&Node>, edits: &mut Vec<Vec<String>>) {
    if let (Some(old), Some(new)) = (before, after) {
        match (children(old), children(new)) {
            (None, None) if root(old).text() == root(new).text() => return,
            (Some(was), Some(is)) => {
                let known = edits.len();
                let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
                for name in names {
                    path.push(name.clone());
                    compare(path, was.get(name).map(|spot| spot.node), is.get(name).map(|spot| spot.node), edits);
                    path.pop();
                }
                // The order of keys says nothing, that of items may.
                let turned = match (&old.value, &new.value) {
                    (Value::Sequence(old), Value::Sequence(new)) => item_names(old) != item_names(new),
                    (Value::Sequence(_), _) | (_, Value::Sequence(_)) => true,
                    _ => false,
                };
                if edits.len() > known || !turned {
                    return;
                }
            }
            _ => {}
        }
    }
    edits.push(path.clone());
}
