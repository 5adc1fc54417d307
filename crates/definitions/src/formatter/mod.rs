//! The one way in which definition files are laid out.
//!
//! A file is taken apart into lines and pieces of its own text, and these are put together again: indentation, blank
//! lines and the order of known keys are set, everything else stays as somebody wrote it, comments above all. Writing
//! the tree anew was rejected, because a tree has no comments, and no writer knows which quotation marks matter.
//!
//! What comes out is read again. If it does not say the same, or has lost a comment, the file is left alone: that can
//! happen with forms of YAML that definitions have no use for (`? key`, a value behind `---`).

mod flow;
mod lay;
mod pieces;
mod table;

use model::{Code, Diagnostic, Place};

use self::lay::lay;
use self::pieces::Reader;
use crate::vocabulary::{KINDS, PROJECT, Shape, Type};
use crate::yaml::{Node, Report, Scalar, Value, comments, parse, text_of};

/// The widest line that brackets stay on as they were written.
const WIDTH: usize = 120;
/// The project's file.
const PROJECT_FILE: &str = "musketer.yaml";

/// Lays out a definition, `musketer.yaml`, or the table beside a code list (by the ending `.csv`).
///
/// # Errors
/// What is wrong with a file that cannot be laid out, as `load` would say it.
pub fn format(path: &str, bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    let text = text_of(path, bytes).map_err(|found| vec![found])?;
    if path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("csv")) {
        return Ok(table::format(text));
    }
    let mut report = Report::new(path, text);
    let before = parse(&mut report);
    if report.is_broken() {
        return Err(report.into_findings());
    }
    let unfit = || {
        let message = "the file cannot be laid out without a change to what it says";
        let help = "write it without `? `, `---` and line ends other than those of text files";
        vec![Diagnostic::error(Code::YAML_SYNTAX, message).at(Place::file(path)).with_help(help)]
    };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let name = path.rsplit('/').next().unwrap_or(path);
    let laid_out = laid_out(name, &text).ok_or_else(unfit)?;
    let mut again = Report::new(path, &laid_out);
    let after = parse(&mut again);
    let root = before.as_ref().and_then(|root| shape_of(name, root));
    let same = match (&before, &after) {
        (Some(before), Some(after)) => says_the_same(before, after, root.map(Type::Object).as_ref()),
        (None, None) => true,
        _ => false,
    };
    if same && !again.is_broken() && sorted(comments(&text)) == sorted(comments(&laid_out)) {
        Ok(laid_out)
    } else {
        Err(unfit())
    }
}

fn laid_out(name: &str, text: &str) -> Option<String> {
    let mut report = Report::new(name, text);
    let root = parse(&mut report);
    if report.is_broken() {
        return None;
    }
    let shape = root.as_ref().and_then(|root| shape_of(name, root)).map(Type::Object);
    let file = Reader::new(text).file(root.as_ref(), shape.as_ref())?;
    Some(lay(&file))
}

/// The shape of a file: that of the kind that it names, whatever folder it is in.
fn shape_of(name: &str, root: &Node) -> Option<&'static Shape> {
    if name == PROJECT_FILE {
        return Some(&PROJECT);
    }
    let Value::Mapping(entries) = &root.value else { return None };
    let kind = entries.iter().find(|entry| entry.key.text == "kind")?;
    let Value::Scalar(word) = &kind.value.value else { return None };
    KINDS.iter().find(|(name, _)| *name == word.text).map(|(_, shape)| *shape)
}

/// The order in which the keys of a mapping are written: those of its shape as in the vocabulary, others behind them.
fn order(keys: &[&str], ty: Option<&Type>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    if let Some(shape) = ty.and_then(|ty| ty.of_mapping().0) {
        order.sort_by_key(|at| shape.position(keys[*at]).map_or(usize::MAX, |(position, _)| position));
    }
    order
}

/// The type of the value behind a key.
fn type_behind(key: &str, ty: Option<&Type>) -> Option<&'static Type> {
    let (shape, chosen) = ty?.of_mapping();
    chosen.or_else(|| Some(&shape?.key(key)?.ty))
}

fn says_the_same(before: &Node, after: &Node, ty: Option<&Type>) -> bool {
    match (&before.value, &after.value) {
        (Value::Scalar(before), Value::Scalar(after)) => is_same_scalar(before, after),
        (Value::Sequence(before), Value::Sequence(after)) => {
            let inner = ty.and_then(Type::of_list);
            before.len() == after.len() && before.iter().zip(after).all(|(b, a)| says_the_same(b, a, inner))
        }
        (Value::Mapping(before), Value::Mapping(after)) => {
            let keys: Vec<&str> = before.iter().map(|entry| entry.key.text.as_str()).collect();
            before.len() == after.len()
                && order(&keys, ty).into_iter().map(|at| &before[at]).zip(after).all(|(before, after)| {
                    is_same_scalar(&before.key, &after.key)
                        && says_the_same(&before.value, &after.value, type_behind(&before.key.text, ty))
                })
        }
        _ => false,
    }
}

fn is_same_scalar(before: &Scalar, after: &Scalar) -> bool {
    before.text == after.text && before.style == after.style
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}
