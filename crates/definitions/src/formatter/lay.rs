//! The pieces put together: two blanks a level, at most one blank line, brackets broken where they are too long.

use super::WIDTH;
use super::flow::Flow;
use super::pieces::{Block, Body, File, Item, Line, Text};

/// The text of a file.
pub(super) fn lay(file: &File) -> String {
    let mut out = Page::default();
    out.blank_lines(&file.header, 0);
    match &file.body {
        Some(Body::Block(block)) => out.block(block, 0),
        Some(body) => out.value("", body, 0),
        None => {}
    }
    while out.lines.last().is_some_and(String::is_empty) {
        out.lines.pop();
    }
    let mut text = out.lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[derive(Debug, Default)]
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn push(&mut self, indentation: usize, text: &str) {
        self.lines.push(if text.is_empty() { String::new() } else { format!("{:indentation$}{text}", "") });
    }

    fn blank_lines(&mut self, lines: &[Line], indentation: usize) {
        for line in lines {
            match line {
                Line::Comment(comment) => self.push(indentation, comment),
                Line::Blank if self.lines.last().is_none_or(String::is_empty) => {}
                Line::Blank => self.lines.push(String::new()),
            }
        }
    }

    fn block(&mut self, block: &Block, indentation: usize) {
        for (at, item) in block.items.iter().enumerate() {
            // A block does not begin with a blank line, but the file's own may stand behind its header.
            let blanks = item.leading.iter().take_while(|line| at == 0 && indentation > 0 && **line == Line::Blank);
            self.blank_lines(&item.leading[blanks.count()..], indentation);
            self.item(item, indentation);
        }
        self.blank_lines(&block.foot, indentation);
    }

    fn item(&mut self, item: &Item, indentation: usize) {
        let Body::Block(block) = &item.body else { return self.value(&item.head, &item.body, indentation) };
        // The first line of the block stands behind the dash.
        let first = self.lines.len();
        self.block(block, indentation + 2);
        if let Some(line) = self.lines.get_mut(first) {
            *line = format!("{:indentation$}- {}", "", line.trim_start());
        }
    }

    /// A value behind a key, a dash, or nothing.
    fn value(&mut self, head: &str, body: &Body, indentation: usize) {
        match body {
            Body::Below { comment, leading, value } => {
                self.push(indentation, &format!("{head}{comment}"));
                self.blank_lines(leading, indentation + 2);
                match value.as_deref() {
                    Some(Body::Block(block)) => self.block(block, indentation + 2),
                    Some(value) => self.value("", value, indentation + 2),
                    None => {}
                }
            }
            Body::Block(block) => self.block(block, indentation),
            Body::Text(text) => self.text(head, text, indentation),
            Body::Literal { header, deeper, lines } => {
                self.push(indentation, &joined(head, header));
                for line in lines {
                    self.push(indentation + deeper, line);
                }
            }
        }
    }

    fn text(&mut self, head: &str, text: &Text, indentation: usize) {
        let mut lines = vec![format!("{:indentation$}{}", "", joined(head, &text.lines[0]))];
        for line in &text.lines[1..] {
            let words = line.trim_start();
            let deeper = (line.len() - words.len()).saturating_sub(text.column);
            let deeper = if words.is_empty() { 0 } else { indentation + deeper };
            lines.push(format!("{:deeper$}{words}", ""));
        }
        let is_long = |line: &String| line.chars().count() > WIDTH;
        if let Some(flow) = text.flow.as_ref().filter(|_| lines.iter().any(is_long)) {
            lines = broken(head, flow, indentation);
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(&text.comment);
        }
        self.lines.append(&mut lines);
    }
}

fn joined(head: &str, text: &str) -> String {
    if head.is_empty() { text.to_owned() } else { format!("{head} {text}") }
}

/// Items in brackets, as many on a line as there is room for.
fn broken(head: &str, flow: &Flow, indentation: usize) -> Vec<String> {
    let [open, close] = flow.brackets;
    let below = indentation + if head == "-" { 3 } else { 2 };
    let mut lines = vec![format!("{:indentation$}{}", "", joined(head, &open.to_string()))];
    for (at, item) in flow.items.iter().enumerate() {
        let is_last = at + 1 == flow.items.len();
        let item = if is_last { format!("{item}{close}") } else { format!("{item},") };
        let line = lines.len() - 1;
        let last = &mut lines[line];
        let blank = if last.ends_with(open) && at == 0 { "" } else { " " };
        if last.chars().count() + blank.len() + item.chars().count() <= WIDTH {
            last.push_str(blank);
            last.push_str(&item);
        } else {
            lines.push(format!("{:below$}{item}", ""));
        }
    }
    if flow.items.is_empty() {
        lines[0].push(close);
    }
    lines
}
