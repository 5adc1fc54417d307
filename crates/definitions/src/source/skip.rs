//! Rules for records that are no data.

use model::{Code, FieldName, SkipMatch, SkipRule};

use regex::{Regex, RegexBuilder};

use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// How large a compiled pattern may be; a pattern cannot be slow, only large.
const PATTERN_BYTES: usize = 1 << 20;

/// The names that the reader's own rules have in the books.
const RESERVED: [&str; 6] = ["preamble", "blank", "header", "repeated_header", "control_record", "duplicate"];

/// A rule, and the place of the column that it names.
#[derive(Debug)]
pub(super) struct SkipDoc {
    /// The rule.
    pub(super) rule: SkipRule,
    /// The column, if it names one.
    pub(super) column: Option<Written<String>>,
    /// Where it stands.
    at: Span,
}

/// Reads `skip`. `None` if any rule is broken.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<SkipDoc>> {
    let items = cursor.items(report)?;
    let rules: Vec<Option<SkipDoc>> = items.iter().map(|item| rule(*item, report)).collect();
    let ids: Vec<(&FieldName, Span)> =
        rules.iter().zip(&items).filter_map(|(rule, item)| Some((&rule.as_ref()?.rule.id, item.span()))).collect();
    for (at, (id, span)) in ids.iter().enumerate() {
        if let Some((_, first)) = ids[..at].iter().find(|(earlier, _)| earlier == id) {
            let message = format!("two skip rules are called `{id}`");
            report.error(Code::INVALID_VALUE, *span, message).related(*first, "the first of them");
        }
    }
    let sound: Vec<&SkipDoc> = rules.iter().flatten().collect();
    for (at, doc) in sound.iter().enumerate() {
        if let Some(first) = sound[..at].iter().find(|first| first.rule.rule == doc.rule.rule) {
            let message = format!("`{}` looks for the same as `{}`, and would never count", doc.rule.id, first.rule.id);
            report.error(Code::INVALID_VALUE, doc.at, message).related(first.at, "the first of them");
        }
    }
    rules.into_iter().collect()
}

fn rule(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<SkipDoc> {
    let mut keys = cursor.keys(&vocabulary::SKIP, report)?;
    let id = keys.need("id", report).and_then(|cursor| id(cursor, report));
    let column = keys.take("column").map(|cursor| cursor.some_text(report));
    let mut texts = |key| keys.take(key).map(|cursor| some_texts(cursor, report));
    let (is, starts_with, line) = (texts("is"), texts("starts_with"), texts("line_starts_with"));
    let pattern = keys.take("line_matches").map(|cursor| pattern(cursor, report));
    keys.finish(report);
    let (rule, column) = match (column, is, starts_with, line, pattern) {
        (Some(column), Some(texts), None, None, None) => {
            let column = column?;
            (SkipMatch::CellIs { column: column.value.clone(), texts: texts? }, Some(column))
        }
        (Some(column), None, Some(texts), None, None) => {
            let column = column?;
            (SkipMatch::CellStartsWith { column: column.value.clone(), texts: texts? }, Some(column))
        }
        (None, None, None, Some(texts), None) => (SkipMatch::LineStartsWith(texts?), None),
        (None, None, None, None, Some(pattern)) => (SkipMatch::LineMatches(pattern?), None),
        _ => {
            report
                .error(Code::INVALID_VALUE, cursor.at, "a skip rule looks at one thing")
                .help("write `column` with `is` or `starts_with`, or `line_starts_with` or `line_matches` alone");
            return None;
        }
    };
    Some(SkipDoc { rule: SkipRule { id: id?, rule }, column, at: cursor.at })
}

/// A regular expression. One that is found in an empty line is found in every line.
fn pattern(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    let pattern = cursor.some_text(report)?;
    let message = match RegexBuilder::new(&pattern.value).size_limit(PATTERN_BYTES).nest_limit(50).build() {
        Ok(regex) if !regex.is_match("") => return Some(pattern.value),
        Ok(_) => "the pattern is found in every line, so that no row would be left".to_owned(),
        Err(regex::Error::CompiledTooBig(_)) => "the pattern is too large when it is compiled".to_owned(),
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the pattern is not well-formed: {last}")
        }
    };
    report.error(Code::INVALID_PATTERN, pattern.span, message).help("begin it with `^` and the words of the line");
    None
}

/// A pattern that is found in the separator alone is found in every row.
pub(super) fn check_separator(rules: &[SkipDoc], separator: u8, report: &mut Report<'_>) {
    let separator = char::from(separator).to_string();
    for rule in rules {
        if let SkipMatch::LineMatches(pattern) = &rule.rule.rule {
            if Regex::new(pattern).is_ok_and(|regex| regex.is_match(&separator)) {
                let message = "the pattern is found in every line with a separator, so that no row would be left";
                let help = "begin it with `^` and the words of the line";
                report.error(Code::INVALID_PATTERN, rule.at, message).help(help);
            }
        }
    }
}

fn id(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<FieldName> {
    let id = cursor.id(report, FieldName::new)?;
    if RESERVED.contains(&id.value.as_str()) {
        report
            .error(Code::INVALID_VALUE, id.span, format!("`{}` is the name of a rule that always applies", id.value))
            .help("choose another name");
        return None;
    }
    Some(id.value)
}

/// At least one text, none of them empty: an empty beginning would skip every record.
fn some_texts(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let items = cursor.items(report)?;
    if items.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.at, format!("`{}` lists at least one text", cursor.name));
        return None;
    }
    let text = |item: Cursor<'_>, report: &mut Report<'_>| {
        let text = item.some_text(report)?;
        let is_blank = |c: char| c.is_ascii_whitespace();
        let trimmed = match cursor.name {
            "is" => text.value.trim_matches(is_blank),
            "starts_with" => text.value.trim_start_matches(is_blank),
            _ => &text.value,
        };
        if trimmed != text.value {
            let message = format!("no cell is `{}`, because blanks around cells are removed", text.value);
            report.error(Code::INVALID_VALUE, text.span, message).help(format!("write '{trimmed}'"));
        }
        Some(text.value)
    };
    every(items.into_iter().map(|item| text(item, report)))
}
