//! Lists and mappings in brackets.

use super::{order, type_behind};
use crate::vocabulary::Type;
use crate::yaml::{Node, Value};

/// A value in brackets that may be broken anew where it is too long: its brackets, and its items, each on one line.
#[derive(Debug)]
pub(super) struct Flow {
    /// The brackets.
    pub(super) brackets: [char; 2],
    /// The items.
    pub(super) items: Vec<String>,
}

/// The items of a value in brackets. `None` if comments or texts over several lines are in it.
pub(super) fn read(node: &Node, ty: Option<&Type>, file: &str) -> Option<Flow> {
    let written = file.get(node.span.start..node.closed?)?;
    let brackets = [written.chars().next()?, written.chars().next_back()?];
    if has_comment(written) {
        return None;
    }
    let items = match &node.value {
        Value::Sequence(items) if brackets == ['[', ']'] => {
            let inner = ty.and_then(Type::of_list);
            items.iter().map(|item| one_line(item, inner, file)).collect::<Option<_>>()?
        }
        Value::Mapping(entries) if brackets == ['{', '}'] => {
            let keys: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
            let one = |at: usize| {
                let entry = &entries[at];
                let key = file.get(entry.span.start..entry.span.end)?.trim_end();
                let value = one_line(&entry.value, type_behind(&entry.key.text, ty), file)?;
                (!value.is_empty() && !key.contains('\n')).then(|| format!("{key}: {value}"))
            };
            order(&keys, ty).into_iter().map(one).collect::<Option<_>>()?
        }
        _ => return None,
    };
    Some(Flow { brackets, items })
}

fn one_line(node: &Node, ty: Option<&Type>, file: &str) -> Option<String> {
    if let Value::Scalar(_) = node.value {
        let text = file.get(node.span.start..node.span.end)?.trim_end();
        return (!text.contains('\n')).then(|| text.to_owned());
    }
    let Flow { brackets: [open, close], items } = read(node, ty, file)?;
    Some(format!("{open}{}{close}", items.join(", ")))
}

/// Whether a `#` follows a blank: a comment, or a text that looks like one, and then nothing is lost by caution.
fn has_comment(written: &str) -> bool {
    written.contains(" #") || written.contains("\n#") || written.contains("\t#")
}

/// The text of a value in brackets as it is written, the known keys of its mappings in their order.
pub(super) fn text(node: &Node, ty: Option<&Type>, file: &str) -> Option<String> {
    let written = file.get(node.span.start..node.closed?)?;
    Some(reordered(node, ty, file).filter(|_| !has_comment(written)).unwrap_or_else(|| written.to_owned()))
}

/// Items change places; what stands between them stays where it is. `None` where their ends cannot be told.
fn reordered(node: &Node, ty: Option<&Type>, file: &str) -> Option<String> {
    let Some(end) = node.closed else { return file.get(node.span.start..node.span.end).map(str::to_owned) };
    // Each item: its first byte, the first byte behind it, and its text.
    let items: Vec<(usize, usize, String)> = match &node.value {
        Value::Scalar(_) => return None,
        Value::Sequence(items) => {
            let inner = ty.and_then(Type::of_list);
            let one = |item: &Node| Some((item.span.start, end_of(item)?, reordered(item, inner, file)?));
            items.iter().map(one).collect::<Option<_>>()?
        }
        Value::Mapping(entries) => {
            let keys: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
            let one = |entry: &crate::yaml::Entry| {
                let value = reordered(&entry.value, type_behind(&entry.key.text, ty), file)?;
                let key = file.get(entry.span.start..entry.value.span.start)?;
                Some((entry.span.start, end_of(&entry.value)?, format!("{key}{value}")))
            };
            let items: Vec<(usize, usize, String)> = entries.iter().map(one).collect::<Option<_>>()?;
            let order = order(&keys, ty);
            items.iter().zip(order).map(|((start, end, _), at)| (*start, *end, items[at].2.clone())).collect()
        }
    };
    let (mut out, mut at) = (String::new(), node.span.start);
    for (start, after, text) in items {
        out.push_str(file.get(at..start)?);
        out.push_str(&text);
        at = after;
    }
    out.push_str(file.get(at..end)?);
    Some(out)
}

/// The first byte behind a value; `None` if nothing is written.
fn end_of(node: &Node) -> Option<usize> {
    let end = node.closed.unwrap_or(node.span.end);
    (end > node.span.start).then_some(end)
}
