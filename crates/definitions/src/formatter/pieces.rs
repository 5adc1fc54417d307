//! A file taken apart: items with the comments and blank lines before them, each with the text of its value.

use granit_parser::ScalarStyle;

use super::flow::{self, Flow};
use super::{order, type_behind};
use crate::vocabulary::Type;
use crate::yaml::{Node, Scalar, Value};

/// A line without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A blank line, or several.
    Blank,
    /// A comment on a line of its own.
    Comment(String),
}

/// A whole file.
#[derive(Debug)]
pub(super) struct File {
    /// What stands at the top; it stays there whatever key comes first.
    pub(super) header: Vec<Line>,
    /// The rest.
    pub(super) body: Option<Body>,
}

/// A key or a dash, and what belongs to it.
#[derive(Debug)]
pub(super) struct Item {
    /// What stands before it.
    pub(super) leading: Vec<Line>,
    /// The key as it is written, with its colon; a dash.
    pub(super) head: String,
    /// The value.
    pub(super) body: Body,
}

/// The items of a list or mapping.
#[derive(Debug)]
pub(super) struct Block {
    /// The items, in the order in which they are to be written.
    pub(super) items: Vec<Item>,
    /// Comments behind the last item that are still within the block.
    pub(super) foot: Vec<Line>,
}

/// A value.
#[derive(Debug)]
pub(super) enum Body {
    /// Nothing, or a block on the lines below; the comment behind the key or dash, with the blanks before it.
    Below { comment: String, leading: Vec<Line>, value: Option<Box<Self>> },
    /// Items.
    Block(Block),
    /// The text of a value, from the first line to the comment behind the last.
    Text(Text),
    /// A literal or folded text: what stands on its first line, and the lines without their indentation.
    Literal { header: String, deeper: usize, lines: Vec<String> },
}

/// The text of a value.
#[derive(Debug)]
pub(super) struct Text {
    /// Its lines; but the first, they keep the indentation that they had.
    pub(super) lines: Vec<String>,
    /// The column of the block that it was in.
    pub(super) column: usize,
    /// The comment behind it, with the blanks before it.
    pub(super) comment: String,
    /// What it is made of, if it is in brackets and may be broken anew.
    pub(super) flow: Option<Flow>,
}

/// Reads a file from its first byte to its last. `None` wherever something stands that it does not know.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    /// Before the first byte.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The whole file.
    pub(super) fn file(mut self, root: Option<&Node>, ty: Option<&Type>) -> Option<File> {
        let header = self.blank_lines();
        let empty = root.is_none_or(is_nothing);
        let body = match root.filter(|_| !empty) {
            None => None,
            Some(root) => Some(self.value(root, ty, None)?),
        };
        let is_blank = self.blank_lines().iter().all(|line| *line == Line::Blank);
        (is_blank && self.at == self.text.len()).then_some(File { header, body })
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Blank lines and comments, from the beginning of a line.
    fn blank_lines(&mut self) -> Vec<Line> {
        let (lines, after) = self.look_ahead(|_| true);
        self.at = after;
        lines
    }

    /// The blank lines and comments that follow, up to the first comment that is not wanted, and where they end.
    fn look_ahead(&self, wanted: impl Fn(usize) -> bool) -> (Vec<Line>, usize) {
        let mut lines: Vec<Line> = Vec::new();
        let mut at = self.at;
        for line in self.rest().split_inclusive('\n') {
            let words = line.trim();
            if let Some(comment) = words.strip_prefix('#') {
                if !wanted(line.len() - line.trim_start().len()) {
                    break;
                }
                lines.push(Line::Comment(format!("#{comment}")));
            } else if !words.is_empty() {
                break;
            } else if lines.last() != Some(&Line::Blank) {
                lines.push(Line::Blank);
            }
            at += line.len();
        }
        (lines, at)
    }

    /// Where the next value on this or another line begins, as the column in its line.
    fn column(&self) -> usize {
        let line = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
        let before = self.at - line;
        before + blanks(self.rest())
    }

    /// The rest of the line: nothing, or a comment with the blanks before it.
    fn end_of_line(&mut self) -> Option<String> {
        let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
        let words = line.trim_start_matches([' ', '\t']);
        let blanks = line.len() - words.len();
        let is_comment = words.starts_with('#') && blanks > 0;
        if !is_comment && !words.trim_end().is_empty() {
            return None;
        }
        self.at += line.len();
        let comment = line.trim_end();
        Some(if comment.trim().is_empty() { String::new() } else { comment.to_owned() })
    }

    fn skip(&mut self, text: &str) -> Option<()> {
        let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.rest()[blanks..].starts_with(text).then(|| self.at += blanks + text.len())
    }

    /// What stands behind a key or dash.
    fn body(&mut self, node: &Node, ty: Option<&Type>, column: usize, dash: bool) -> Option<Body> {
        let mut ahead = Self { text: self.text, at: self.at };
        let Some(comment) = ahead.end_of_line() else {
            self.skip("")?;
            let is_block = !matches!(node.value, Value::Scalar(_)) && node.closed.is_none();
            return if is_block && !dash { None } else { self.value(node, ty, Some(column)) };
        };
        self.at = ahead.at;
        if is_nothing(node) {
            return Some(Body::Below { comment, leading: Vec::new(), value: None });
        }
        let (mut leading, after) = self.look_ahead(|_| true);
        // What stands before the first item of a block is the item's.
        let is_block = !matches!(node.value, Value::Scalar(_)) && node.closed.is_none();
        if is_block {
            leading.clear();
        } else {
            self.at = after;
        }
        let value = self.value(node, ty, Some(column))?;
        if dash && is_block && comment.is_empty() {
            return Some(value);
        }
        Some(Body::Below { comment, leading, value: Some(Box::new(value)) })
    }

    /// A value. `around` is the column of the block around it.
    fn value(&mut self, node: &Node, ty: Option<&Type>, around: Option<usize>) -> Option<Body> {
        let column = around.unwrap_or(0);
        // A comment further to the right than the block around belongs to the block that has just ended.
        let least = around.map_or(0, |around| around + 1);
        match (&node.value, node.closed) {
            (Value::Scalar(scalar), _) => self.scalar(scalar, node, column),
            (_, Some(end)) => {
                self.skip("")?;
                let flow = flow::read(node, ty, self.text);
                let text = flow::text(node, ty, self.text)?;
                (self.at == node.span.start).then(|| self.at = end)?;
                let lines = lines_of(&text);
                Some(Body::Text(Text { lines, column, comment: self.end_of_line()?, flow }))
            }
            (Value::Sequence(items), None) => self.sequence(items, ty, least).map(Body::Block),
            (Value::Mapping(_), None) => self.mapping(node, ty, least).map(Body::Block),
        }
    }

    fn scalar(&mut self, scalar: &Scalar, node: &Node, column: usize) -> Option<Body> {
        self.skip("")?;
        if matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return self.literal(column);
        }
        let text = (self.at == node.span.start).then(|| self.text.get(self.at..node.span.end))??.trim_end();
        self.at += text.len();
        Some(Body::Text(Text { lines: lines_of(text), column, comment: self.end_of_line()?, flow: None }))
    }

    /// A literal or folded text within a block at this column.
    fn literal(&mut self, column: usize) -> Option<Body> {
        let mut lines = self.rest().split_inclusive('\n');
        let header = lines.next()?.trim_end().to_owned();
        self.at += self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
        let marks = header.split([' ', '\t']).next()?;
        let declared = marks.chars().find_map(|c| c.to_digit(10)).map(|digit| column + digit as usize);
        let keeps = marks.contains('+');
        let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let is_blank = |line: &str| line.trim_matches([' ', '\n']).is_empty();
        let first = self.rest().split_inclusive('\n').find(|line| !is_blank(line)).map_or(0, indentation);
        let base = declared.unwrap_or(first);
        let (mut found, mut end) = (Vec::new(), self.at);
        let mut kept = 0;
        for line in self.rest().split_inclusive('\n') {
            let blank = is_blank(line);
            if !blank && (base <= column && declared.is_none() && column > 0 || indentation(line) < base.max(1)) {
                break;
            }
            found.push(line.trim_end_matches('\n').get(base..).unwrap_or_default().to_owned());
            end += line.len();
            if !blank || keeps {
                (kept, self.at) = (found.len(), end);
            }
        }
        found.truncate(kept);
        Some(Body::Literal { header, deeper: declared.map_or(2, |declared| declared - column), lines: found })
    }

    fn sequence(&mut self, nodes: &[Node], ty: Option<&Type>, least: usize) -> Option<Block> {
        let inner = ty.and_then(Type::of_list);
        let mut items = Vec::new();
        for node in nodes {
            let mut leading = if self.is_at_line_start() { self.blank_lines() } else { Vec::new() };
            let column = self.column();
            self.skip("-")?;
            if !self.rest().is_empty() && !self.rest().starts_with([' ', '\t', '\n']) {
                return None;
            }
            let mut body = self.body(node, inner, column, true)?;
            if let Body::Block(block) = &mut body {
                // A comment cannot stand between a dash and its first key, so it stands before the dash.
                leading.append(&mut block.items.first_mut()?.leading);
            }
            items.push(Item { leading, head: "-".to_owned(), body });
        }
        Some(Block { items, foot: self.foot(least) })
    }

    fn mapping(&mut self, node: &Node, ty: Option<&Type>, least: usize) -> Option<Block> {
        let Value::Mapping(entries) = &node.value else { return None };
        let mut items = Vec::new();
        for entry in entries {
            let leading = if self.is_at_line_start() { self.blank_lines() } else { Vec::new() };
            let column = self.column();
            self.skip("")?;
            let key = (self.at == entry.span.start).then(|| self.text.get(self.at..entry.span.end))??.trim_end();
            self.at += key.len();
            self.skip(":")?;
            let body = self.body(&entry.value, type_behind(&entry.key.text, ty), column, false)?;
            items.push(Some(Item { leading, head: format!("{key}:"), body }));
        }
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
        let items = order(&keys, ty).into_iter().filter_map(|at| items[at].take()).collect();
        Some(Block { items, foot: self.foot(least) })
    }

    fn is_at_line_start(&self) -> bool {
        self.at == 0 || self.text[..self.at].ends_with('\n')
    }

    /// The comments behind the last item of a block that stand at least at this column.
    fn foot(&mut self, least: usize) -> Vec<Line> {
        let (mut lines, mut after) = self.look_ahead(|column| column >= least);
        if lines.last() == Some(&Line::Blank) {
            // Blank lines at the end belong to what follows.
            lines.pop();
            let before = &self.text[self.at..after];
            let last = before.trim_end().len();
            after = self.at + before[last..].find('\n').map_or(before.len(), |end| last + end + 1);
        }
        if !lines.is_empty() {
            self.at = after;
        }
        lines
    }
}

/// Whether nothing at all is written.
fn is_nothing(node: &Node) -> bool {
    let is_plain = matches!(&node.value, Value::Scalar(scalar) if scalar.style == ScalarStyle::Plain);
    is_plain && node.span.start == node.span.end
}

fn lines_of(text: &str) -> Vec<String> {
    text.split('\n').map(|line| line.trim_end().to_owned()).collect()
}
