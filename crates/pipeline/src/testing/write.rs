//! Expectations written anew: what stands around them stays as it is, byte for byte.

use std::collections::BTreeMap;

use definitions::cases::{Anchor, Case, TableText, Tested};
use model::{Code, Diagnostic, Place};

use super::compare::{self, FoundReject};
use super::read::Texts;
use super::{Found, Test};
use crate::{Project, RunError};

/// A change of some lines of a definition.
#[derive(Debug)]
struct Edit {
    /// The first line that is replaced, from 0.
    from: usize,
    /// The first line behind it.
    to: usize,
    lines: Vec<String>,
}

/// What is to be written when all tests have been carried out: places in a file hold only until it is changed.
#[derive(Debug, Default)]
pub(super) struct Edits {
    definitions: BTreeMap<String, Vec<(Anchor, Wish)>>,
    files: BTreeMap<String, String>,
}

/// What is to stand at a key.
#[derive(Debug)]
enum Wish {
    /// The content of a literal block.
    Block(String),
    /// A value on the key's own lines.
    Value(String),
    /// Further lines behind the value, with the indent of the key and this much more.
    Behind(usize, Vec<String>),
}

fn cannot(place: &Place, what: &str) -> Diagnostic {
    let finding = Diagnostic::error(Code::INVALID_VALUE, format!("{what} cannot be written anew")).at(place.clone());
    finding.with_help("write it as a literal block: `rows: |`")
}

impl Edits {
    /// Plans to write what was found.
    pub(super) fn plan(&mut self, test: &Test, case: &Case, texts: &Texts, found: &Found) -> Result<(), Diagnostic> {
        let columns = case.expect.rows.as_ref().and_then(|table| texts.table(table));
        let columns: Vec<String> = columns
            .map(|table| table.header.iter().map(|cell| cell.text.clone()).collect())
            .unwrap_or_else(|| found.usual.clone());
        let table = case.expect.rows.as_ref().and_then(|table| texts.table(table));
        let rows = match table.filter(|_| case.expect.subset) {
            Some(table) => compare::near(table, &found.rows, &found.keys).text(&columns),
            None => found.rows.text(&columns),
        };
        if test.home.folder {
            self.files.insert(format!("{}/expected.csv", test.home.file), rows);
            self.books(test, case, found);
            return Ok(());
        }
        let anchors = &case.expect.anchors;
        let mut wishes = Vec::new();
        let mut fresh: Vec<String> = Vec::new();
        match (&case.expect.rows, anchors.rows) {
            (Some(TableText::File(name)), _) => _ = self.files.insert(name.path.clone(), rows),
            (Some(TableText::Inline(_)), Some(anchor)) if anchor.block => wishes.push((anchor, Wish::Block(rows))),
            (None, _) => {
                fresh.push("rows: |".to_owned());
                fresh.extend(rows.lines().map(|line| format!("  {line}")));
            }
            _ => return Err(cannot(&case.place, "the table of the test")),
        }
        let rejects = reject_list(&found.rejects, case.tested);
        match anchors.rejects {
            Some(anchor) => wishes.push((anchor, Wish::Value(rejects))),
            None if case.tested == Tested::Indicator && !found.rejects.is_empty() => {
                fresh.push(format!("rejects: {rejects}"));
            }
            None => {}
        }
        if let (Some(anchor), Some(tally)) = (anchors.tally, &found.tally) {
            let skipped: Vec<String> = tally.skipped.iter().map(|(rule, rows)| format!("{rule}: {rows}")).collect();
            let (read, accepted, rejected) = (tally.read, tally.accepted, tally.rejected);
            let skipped = skipped.join(", ");
            let text = format!("{{read: {read}, accepted: {accepted}, rejected: {rejected}, skipped: {{{skipped}}}}}");
            wishes.push((anchor, Wish::Value(text)));
        }
        if !fresh.is_empty() {
            if anchors.in_brackets {
                let message = "lines cannot be added to a test in brackets";
                let finding = Diagnostic::error(Code::INVALID_VALUE, message).at(case.place.clone());
                let help = "write the test on lines of its own, `- name: ...`, and leave `expect:` out: it is written";
                return Err(finding.with_help(help));
            }
            let siblings = anchors.rows.or(anchors.rejects).or(anchors.tally);
            let (anchor, deeper) = match (siblings, anchors.expect, anchors.given) {
                (Some(sibling), ..) => (sibling, 0),
                // There is nothing but how to compare.
                (None, Some(expect), _) => (expect, 2),
                (None, None, Some(given)) => {
                    for line in &mut fresh {
                        line.insert_str(0, "  ");
                    }
                    fresh.insert(0, "expect:".to_owned());
                    (given, 0)
                }
                (None, None, None) => return Err(cannot(&case.place, "the test")),
            };
            wishes.push((anchor, Wish::Behind(deeper, fresh)));
        }
        self.definitions.entry(case.place.file.clone()).or_default().extend(wishes);
        Ok(())
    }

    /// The rejected rows and the books of a folder case.
    fn books(&mut self, test: &Test, case: &Case, found: &Found) {
        let source = case.tested == Tested::Source;
        if source || case.expect.rejects.is_some() || !found.rejects.is_empty() {
            let header = if source { "line;record;column;code\n" } else { "dataset;line;code\n" };
            let row = |one: &FoundReject| {
                let code = one.code.map(|code| code.to_string()).unwrap_or_default();
                let column = one.column.as_deref().unwrap_or_default();
                let dataset = one.dataset.as_deref().unwrap_or_default();
                if source {
                    format!("{};{};{column};{code}\n", one.line, one.record)
                } else {
                    format!("{dataset};{};{code}\n", one.line)
                }
            };
            let text = header.to_owned() + &found.rejects.iter().map(row).collect::<String>();
            self.files.insert(format!("{}/rejected.csv", test.home.file), text);
        }
        if let Some(tally) = &found.tally {
            let rules: Vec<String> = tally.skipped.iter().map(|(rule, rows)| format!("{rule}={rows}")).collect();
            let (read, accepted, rejected) = (tally.read, tally.accepted, tally.rejected);
            let text = format!("read;accepted;rejected;skipped\n{read};{accepted};{rejected};{}\n", rules.join(","));
            self.files.insert(format!("{}/tally.csv", test.home.file), text);
        }
    }

    /// Writes everything.
    pub(super) fn carry_out(self, project: &Project) -> Result<(), RunError> {
        for (file, wishes) in self.definitions {
            let bytes = project.files.get(&file).cloned().unwrap_or_default();
            let text = String::from_utf8(bytes).map_err(|_| RunError::Internal(format!("{file} is no text")))?;
            let path = project.root.join(&file);
            std::fs::write(&path, rewritten(&text, &wishes)).map_err(RunError::file(&path))?;
        }
        for (file, text) in self.files {
            let path = project.root.join(&file);
            std::fs::write(&path, text).map_err(RunError::file(&path))?;
        }
        Ok(())
    }
}

fn reject_list(rejects: &[FoundReject], tested: Tested) -> String {
    let one = |reject: &FoundReject| {
        let mut parts = Vec::new();
        if let (Tested::Indicator, Some(dataset)) = (tested, &reject.dataset) {
            parts.push(format!("dataset: {dataset}"));
        }
        parts.push(format!("line: {}", reject.line));
        if let (Tested::Source, Some(column)) = (tested, &reject.column) {
            parts.push(format!("column: '{}'", column.replace('\'', "''")));
        }
        if let Some(code) = reject.code {
            parts.push(format!("code: {code}"));
        }
        format!("{{{}}}", parts.join(", "))
    };
    format!("[{}]", rejects.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The text with everything that is wished for, from its end to its beginning, so that places hold.
fn rewritten(text: &str, wishes: &[(Anchor, Wish)]) -> String {
    let mark = if text.starts_with('\u{FEFF}') { "\u{FEFF}" } else { "" };
    let mut text = text[mark.len()..].to_owned();
    let mut ordered: Vec<&(Anchor, Wish)> = wishes.iter().collect();
    // What comes behind a value is written before the value is: its own length is then not yet changed.
    ordered.sort_by_key(|(anchor, wish)| (anchor.line, anchor.column, matches!(wish, Wish::Behind(..))));
    for (anchor, wish) in ordered.into_iter().rev() {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let end = if lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        let edit = match wish {
            Wish::Value(value) if anchor.start == anchor.end => {
                let (from, to) = block(&lines, anchor);
                let key = lines[from - 1].split_inclusive(':').next().unwrap_or_default();
                Edit { from: from - 1, to, lines: vec![format!("{key} {value}{end}")] }
            }
            Wish::Value(value) => {
                text.replace_range(anchor.start..anchor.end, value);
                continue;
            }
            Wish::Block(content) => {
                let (from, to) = block(&lines, anchor);
                let indent = lines[from..to].iter().find(|line| !line.trim().is_empty()).map_or_else(
                    || " ".repeat(anchor.column as usize + 1),
                    |line| line[..line.len() - line.trim_start().len()].to_owned(),
                );
                Edit { from, to, lines: content.lines().map(|line| format!("{indent}{line}{end}")).collect() }
            }
            Wish::Behind(deeper, content) => {
                let (_, to) = block(&lines, anchor);
                let indent = " ".repeat(anchor.column as usize - 1 + deeper);
                Edit { from: to, to, lines: content.iter().map(|line| format!("{indent}{line}{end}")).collect() }
            }
        };
        let before = lines[..edit.from].concat();
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { end };
        text = format!("{before}{gap}{}{}", edit.lines.concat(), lines[edit.to..].concat());
    }
    format!("{mark}{text}")
}

/// The lines of a key's value below the key: all that are indented deeper than it, without blank lines behind them.
fn block(lines: &[&str], anchor: &Anchor) -> (usize, usize) {
    let from = anchor.line as usize;
    let deeper = |line: &&&str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        // A list may stand as far to the left as its key.
        let item = indent + 1 == anchor.column as usize && line.trim_start().starts_with("- ");
        line.trim().is_empty() || indent >= anchor.column as usize || item
    };
    let mut to = from + lines[from.min(lines.len())..].iter().take_while(deeper).count();
    while to > from && lines[to - 1].trim().is_empty() {
        to -= 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1 # one\ntests:\n  - name: x\n    given: {}\n    expect:\n      rows: |  # by hand\n        a;b\n        1;2\n\n      rejects: [] # none\n# end\n";

    fn anchor(key: &str, value: &str, block: bool) -> Anchor {
        let at = TEXT.find(key).expect(key);
        let line = TEXT[..at].matches('\n').count() + 1;
        let column = at - TEXT[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
        let start = TEXT[at..].find(value).expect(value) + at;
        let number = |value: usize| u32::try_from(value).expect("small");
        Anchor { line: number(line), column: number(column), start, end: start + value.len(), block }
    }

    #[test]
    fn only_the_values_change() {
        let wishes = vec![
            (anchor("rows:", "|", true), Wish::Block("a;b\n3;4\n5;6\n".to_owned())),
            (anchor("rejects:", "[]", false), Wish::Value("[{line: 2}]".to_owned())),
        ];
        let expected =
            TEXT.replace("        1;2\n", "        3;4\n        5;6\n").replace("rejects: []", "rejects: [{line: 2}]");
        assert_eq!(rewritten(TEXT, &wishes), expected);
        let crlf = rewritten(&TEXT.replace('\n', "\r\n"), &wishes[..1]);
        assert!(crlf.contains("\r\n        5;6\r\n\r\n      rejects"), "{crlf:?}");
    }

    #[test]
    fn a_list_in_lines_of_its_own_becomes_one_line() {
        let text = "      rejects:\n      - {line: 2}\n      - line: 3\n        code: M5106\n      tally: {}\n";
        let rejects = Anchor { line: 1, column: 7, start: 21, end: 21, block: false };
        let written = rewritten(text, &[(rejects, Wish::Value("[]".to_owned()))]);
        assert_eq!(written, "      rejects: []\n      tally: {}\n");
    }

    #[test]
    fn an_expectation_is_added_behind_what_is_given() {
        let text = "tests:\n  - name: x\n    given:\n      a: |\n        b\n        1";
        let given = Anchor { line: 3, column: 5, start: 0, end: 0, block: false };
        let lines = vec!["expect:".to_owned(), "  rows: |".to_owned()];
        let written = rewritten(text, &[(given, Wish::Behind(0, lines))]);
        assert_eq!(written, format!("{text}\n    expect:\n      rows: |\n"));
    }
}
