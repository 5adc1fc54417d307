//! Text to tree. The tree keeps places and quotation, and refuses what definitions do not have: anchors, aliases,
//! tags, merge keys, several documents, and sizes beyond the limits.
//!
//! Aliases are refused instead of bounded, because a definition that is read by people has no use for them and a
//! parser that never expands anything cannot be made to run out of memory.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};
use model::Code;

use super::{Plain, Report};

/// The largest file, in bytes.
const MOST_BYTES: usize = 1 << 20;
/// How deep collections may be nested.
const MOST_DEPTH: usize = 32;
/// How many scalars and collections a file may have.
const MOST_NODES: usize = 100_000;

/// The longest text that a message quotes, in characters.
const LONGEST_QUOTED: usize = 40;

/// A range of the file. Lines and columns count from 1, columns and length in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The line.
    pub(crate) line: u32,
    /// The column.
    pub(crate) column: u32,
    /// The characters on the first line; at least 1.
    pub(crate) length: u32,
    /// The first byte.
    pub(crate) start: usize,
    /// The first byte after.
    pub(crate) end: usize,
}

/// A scalar.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// The text, without quotation marks and escapes.
    pub(crate) text: String,
    /// How it was written.
    pub(crate) style: ScalarStyle,
}

/// What stands at a node.
#[derive(Debug)]
pub(crate) enum Value {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file; every key once.
    Mapping(Vec<Entry>),
}

/// A node of the tree.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands.
    pub(crate) span: Span,
    /// What stands there.
    pub(crate) value: Value,
    /// The first byte after the closing bracket, where it is a list or mapping in brackets.
    pub(crate) closed: Option<usize>,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: Scalar,
    /// Where the key stands.
    pub(crate) span: Span,
    /// The value.
    pub(crate) value: Node,
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn noun(&self) -> String {
        match &self.value {
            Value::Scalar(scalar) if scalar.plain() == Some(Plain::Null) => "nothing".to_owned(),
            Value::Scalar(scalar) if scalar.text.chars().count() > LONGEST_QUOTED => "a text".to_owned(),
            Value::Scalar(scalar) if scalar.style == ScalarStyle::Plain => format!("`{}`", scalar.text),
            Value::Scalar(scalar) => format!("the text '{}'", scalar.text),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// The parser speaks of grammar; this is what an author most likely did, by words of its messages.
const WAYS_OUT: &[(&str, &str)] = &[
    ("tabs disallowed", "indent with blanks"),
    ("quoted scalar", "look for a quotation mark above that is never closed"),
    ("bracket", "look for a bracket that is missing"),
    ("flow", "look for a comma that is missing, or for a bracket above that is never closed"),
    ("simple key", "a key is followed by a colon and a blank: `unit: DKK`"),
    ("mapping values", "look at the indentation; a text with a colon and a blank in it stands in quotation marks"),
    ("did not find expected key", "keys of one mapping stand in the same column, indented with plain blanks"),
    ("unexpected character: `\\u", "remove the character: it is none that a text shows"),
    ("unexpected character", "put the text in quotation marks"),
    ("BOM", "remove the byte order mark: files were perhaps joined"),
    ("YAML major version", "remove the line `%YAML`"),
];

enum Frame {
    Sequence { span: Span, flow: bool, items: Vec<Node> },
    Mapping { span: Span, flow: bool, entries: Vec<Entry>, key: Option<(Scalar, Span)>, seen: BTreeMap<String, Span> },
}

struct Builder<'r, 'f> {
    report: &'r mut Report<'f>,
    stack: Vec<Frame>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
}

/// Reads the text of the report's file. `None` if it has no tree: then the report says why, or the file is empty.
pub(crate) fn parse(report: &mut Report<'_>) -> Option<Node> {
    let text = report.text();
    if text.len() > MOST_BYTES {
        let message = format!("the file has {} bytes, a definition has at most {MOST_BYTES}", text.len());
        report.error_of_file(Code::YAML_LIMIT, message);
        return None;
    }
    let options = granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true };
    let mut builder = Builder { report, stack: Vec::new(), nodes: 0, documents: 0, root: None };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => builder.event(event, locate(text, &span))?,
            Err(error) => {
                let mark = error.marker();
                let span = locate(text, &granit_parser::Span::empty(*mark));
                builder.broken_off(span, &error.info());
                return None;
            }
        }
    }
    builder.root
}

impl Builder<'_, '_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => return self.refuse("an alias", span),
            Event::DocumentStart(..) => return self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.begin(anchor, tag.is_some(), span)?;
                self.scalar(Scalar { text: text.into_owned(), style }, span)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.begin(anchor, tag.is_some(), span)?;
                let flow = style == StructureStyle::Flow;
                self.open(Frame::Sequence { span, flow, items: Vec::new() }, span)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.begin(anchor, tag.is_some(), span)?;
                let flow = style == StructureStyle::Flow;
                let frame = Frame::Mapping { span, flow, entries: Vec::new(), key: None, seen: BTreeMap::new() };
                self.open(frame, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            _ => {}
        }
        Some(())
    }

    fn refuse(&mut self, what: &str, span: Span) -> Option<()> {
        self.report
            .error(Code::YAML_LIMIT, span, format!("{what} stands here, which definitions do not have"))
            .help("write out what is meant");
        None
    }

    /// The word in front of a value: the parser tells where the value stands that an anchor or tag belongs to, not where
    /// the anchor is.
    fn before(&self, span: Span) -> Span {
        let line = self.report.text().get(..span.start).unwrap_or_default();
        let line = line.rsplit('\n').next().unwrap_or_default();
        let written = line.trim_end();
        let word = written.rsplit([' ', '\t', '[', '{', ',']).next().unwrap_or_default();
        if !word.starts_with(['&', '!']) {
            return span;
        }
        let (start, number) = (span.start - line.len() + written.len() - word.len(), |count| u32::try_from(count).ok());
        let length = number(word.chars().count()).unwrap_or(1);
        let column = number(written.chars().count()).unwrap_or(span.column) + 1 - length;
        Span { column, length, start, end: start + word.len(), ..span }
    }

    fn broken_off(&mut self, span: Span, why: &str) {
        // The parser's own bound on depth lies beyond ours where a line opens many levels at once.
        if why.contains("recursion limit") {
            let message = format!("the file is nested deeper than {MOST_DEPTH} levels");
            self.report.error(Code::YAML_LIMIT, span, message);
            return;
        }
        let finding = self.report.error(Code::YAML_SYNTAX, span, format!("the YAML breaks off here: {why}"));
        if let Some((_, help)) = WAYS_OUT.iter().find(|(words, _)| why.contains(words)) {
            finding.help(help);
        }
    }

    fn document(&mut self, span: Span) -> Option<()> {
        self.documents += 1;
        if self.documents == 1 {
            return Some(());
        }
        self.report
            .error(Code::YAML_SYNTAX, span, "a second document begins here")
            .help("write one definition in one file");
        None
    }

    fn begin(&mut self, anchor: usize, tagged: bool, span: Span) -> Option<()> {
        if anchor != 0 {
            return self.refuse("an anchor", self.before(span));
        }
        if tagged {
            return self.refuse("a tag", self.before(span));
        }
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            self.report.error(Code::YAML_LIMIT, span, format!("the file has more than {MOST_NODES} values"));
            return None;
        }
        Some(())
    }

    fn open(&mut self, frame: Frame, span: Span) -> Option<()> {
        if let Some(Frame::Mapping { key: None, .. }) = self.stack.last() {
            self.report.error(Code::WRONG_TYPE, span, "a key must be a single word");
            return None;
        }
        if self.stack.len() == MOST_DEPTH {
            self.report.error(Code::YAML_LIMIT, span, format!("the file is nested deeper than {MOST_DEPTH} levels"));
            return None;
        }
        self.stack.push(frame);
        Some(())
    }

    fn close(&mut self, end: usize) {
        let (span, flow, value) = match self.stack.pop() {
            Some(Frame::Sequence { span, flow, items }) => (span, flow, Value::Sequence(items)),
            Some(Frame::Mapping { span, flow, entries, .. }) => (span, flow, Value::Mapping(entries)),
            None => return,
        };
        self.attach(Node { span, value, closed: flow.then_some(end) });
    }

    fn scalar(&mut self, scalar: Scalar, span: Span) -> Option<()> {
        if let Some(Frame::Mapping { key: key @ None, .. }) = self.stack.last_mut() {
            if scalar.text == "<<" && scalar.style == ScalarStyle::Plain {
                return self.refuse("a merge key", span);
            }
            *key = Some((scalar, span));
            return Some(());
        }
        self.attach(Node { span, value: Value::Scalar(scalar), closed: None });
        Some(())
    }

    fn attach(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::Sequence { items, .. }) => items.push(node),
            Some(Frame::Mapping { entries, key, seen, .. }) => {
                let Some((key, span)) = key.take() else { return };
                if let Some(first) = seen.get(&key.text) {
                    self.report
                        .error(Code::DUPLICATE_KEY, span, format!("the key `{}` stands twice", key.text))
                        .related(*first, "first written here");
                    return;
                }
                seen.insert(key.text.clone(), span);
                entries.push(Entry { key, span, value: node });
            }
        }
    }
}

/// The comments of a text that has a tree, as they are written.
pub(crate) fn comments(text: &str) -> Vec<String> {
    let options = granit_parser::options! { emit_comments: true, emit_unresolved_aliases: true };
    let events = Parser::new_from_str_with_options(text, options).filter_map(Result::ok);
    let comment = |event: Event<'_>| match event {
        Event::Comment(comment, _) => Some(comment.trim().to_owned()),
        _ => None,
    };
    events.filter_map(|(event, _)| comment(event)).collect()
}

fn locate(text: &str, span: &granit_parser::Span) -> Span {
    let offset = |mark: granit_parser::Marker| mark.byte_offset().unwrap_or_default().min(text.len());
    let (start, end) = (offset(span.start), offset(span.end).max(offset(span.start)));
    let first_line = text.get(start..end).unwrap_or_default();
    let first_line = first_line.split(['\n', '\r']).next().unwrap_or_default();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Span {
        line: number(span.start.line()),
        column: number(span.start.col() + 1),
        length: number(first_line.trim_end().chars().count().max(1)),
        start,
        end,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cursor;
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        let mut report = Report::new("a.yaml", text);
        let tree = parse(&mut report);
        assert_eq!(tree.is_none(), report.into_findings().iter().any(|found| found.code != Code::DUPLICATE_KEY));
        let mut report = Report::new("a.yaml", text);
        parse(&mut report);
        let place = |found: &model::Diagnostic| {
            found.place.as_ref().map_or(String::new(), |place| format!("{}:{}", place.line, place.column))
        };
        report.into_findings().iter().map(|found| format!("{} {}", found.code, place(found))).collect()
    }

    #[test]
    fn what_definitions_do_not_have_is_refused_where_it_stands() {
        for (text, expected) in [
            ("a: &x 1\nb: *x\n", "M1008 1:4"),
            ("b: *x\n", "M1008 1:4"),
            ("a: !!str 1\n", "M1008 1:4"),
            ("æ: [b, !x y]\n", "M1008 1:8"),
            ("a:\n  <<: b\n", "M1008 2:3"),
            ("a: 1\n---\nb: 2\n", "M1001 2:1"),
            ("a: 1\na: 2\n", "M1003 2:1"),
            ("? [a, b]\n: c\n", "M1004 1:3"),
            ("a: [1\n", "M1001 1:4"),
        ] {
            assert_eq!(codes(text), [expected], "{text:?}");
        }
    }

    #[test]
    fn an_empty_file_has_no_tree_and_no_mistake() {
        for text in ["", "# nothing\n", "---\n"] {
            let mut report = Report::new("a.yaml", text);
            let tree = parse(&mut report);
            assert!(tree.is_none_or(|tree| Cursor::root(&tree, "x").is_null()), "{text:?}");
            assert_eq!(report.into_findings(), []);
        }
    }

    #[test]
    fn bombs_are_refused_early() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
        assert_eq!(codes(bomb).len(), 1);
        for deep in ["[".repeat(500_000), "a:\n ".repeat(3), "{a: ".repeat(100_000), "- ".repeat(200_000)] {
            assert_eq!(codes(&deep).len(), 1);
        }
        assert_eq!(codes(&format!("a: [{}]", "1,".repeat(MOST_NODES)))[0][..5], *"M1008");
        assert_eq!(codes(&"x".repeat(MOST_BYTES + 1)), ["M1008 0:0"]);
    }
}
