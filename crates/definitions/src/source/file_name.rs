//! File name patterns: `{municipality}`, `{period}`, `{version}`, `*`, and `[...]` for what may be missing.

use model::{Code, FileName, NamePart};

use crate::words::leads_out;
use crate::yaml::{Cursor, Report};

const PLACEHOLDERS: [&str; 3] = ["municipality", "period", "version"];
/// How deep `[...]` may be nested; more than one level is already hard to read.
const MOST_NESTED: usize = 4;

/// Reads a pattern.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<FileName> {
    let written = cursor.some_text(report)?;
    if leads_out(&written.value) {
        report
            .error(Code::PATH_ESCAPE, written.span, "the pattern leads out of the drop folder")
            .help("write the path below the drop folder, with `/` and without `..`");
        return None;
    }
    let steps = written.value.split('/');
    if written.value.ends_with(char::is_whitespace) || steps.into_iter().any(|step| matches!(step, "" | ".")) {
        report.error(Code::INVALID_PATTERN, written.span, "no file has such a path").help(
            "write the folders with one `/` between them and the name of the file, without `.` and blanks behind it",
        );
        return None;
    }
    match parse(&written.value) {
        Ok(parts) => Some(FileName { pattern: written.value, parts }),
        Err(message) => {
            report
                .error(Code::INVALID_PATTERN, written.span, message)
                .help("write for example 'opus/{municipality}_{period}[_v{version}].csv'");
            None
        }
    }
}

fn parse(pattern: &str) -> Result<Vec<NamePart>, String> {
    let mut levels: Vec<Vec<NamePart>> = vec![Vec::new()];
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let level = levels.len();
        match c {
            '{' => {
                let (name, after) = rest.split_once('}').ok_or("a `{` is never closed")?;
                levels[level - 1].push(placeholder(name)?);
                rest = after;
            }
            '[' if level > MOST_NESTED => return Err(format!("`[` is nested deeper than {MOST_NESTED} levels")),
            '[' => levels.push(Vec::new()),
            ']' if level == 1 => return Err("a `]` stands without its `[`".to_owned()),
            ']' => {
                let inner = levels.pop().unwrap_or_default();
                if inner.is_empty() {
                    return Err("`[]` holds nothing".to_owned());
                }
                levels[level - 2].push(NamePart::Optional(inner));
            }
            '}' => return Err("a `}` stands without its `{`".to_owned()),
            '*' => levels[level - 1].push(NamePart::Any),
            c => literal(&mut levels[level - 1], c),
        }
    }
    match levels.pop() {
        Some(parts) if levels.is_empty() => check(parts),
        _ => Err("a `[` is never closed".to_owned()),
    }
}

fn placeholder(name: &str) -> Result<NamePart, String> {
    match name {
        "municipality" => Ok(NamePart::Municipality),
        "period" => Ok(NamePart::Period),
        "version" => Ok(NamePart::Version),
        other => {
            let known = PLACEHOLDERS.map(|name| format!("`{{{name}}}`")).join(", ");
            Err(format!("there is no placeholder `{{{other}}}`, only {known}"))
        }
    }
}

fn literal(parts: &mut Vec<NamePart>, c: char) {
    if let Some(NamePart::Literal(text)) = parts.last_mut() {
        text.push(c);
    } else {
        parts.push(NamePart::Literal(c.to_string()));
    }
}

/// A municipality or period that may be missing would leave the delivery without a scope.
fn check(parts: Vec<NamePart>) -> Result<Vec<NamePart>, String> {
    let optional = |part: &NamePart| match part {
        NamePart::Optional(inner) => count(inner, &NamePart::Municipality) + count(inner, &NamePart::Period) > 0,
        _ => false,
    };
    if parts.iter().any(optional) {
        return Err("`{municipality}` and `{period}` cannot stand in `[...]`".to_owned());
    }
    if count(&parts, &NamePart::Version) > 1 {
        return Err("`{version}` stands more than once".to_owned());
    }
    Ok(parts)
}

/// How many times a part stands in a pattern.
pub(super) fn count(parts: &[NamePart], wanted: &NamePart) -> usize {
    parts
        .iter()
        .map(|part| match part {
            NamePart::Optional(inner) => count(inner, wanted),
            part => usize::from(part == wanted),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_parts() {
        let text = |text: &str| NamePart::Literal(text.to_owned());
        assert_eq!(
            parse("a/{municipality}_{period}[_v{version}]*.csv"),
            Ok(vec![
                text("a/"),
                NamePart::Municipality,
                text("_"),
                NamePart::Period,
                NamePart::Optional(vec![text("_v"), NamePart::Version]),
                NamePart::Any,
                text(".csv"),
            ])
        );
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in ["{", "}", "[", "]", "[]", "{kommune}", "a[{period}]", "{version}{version}", "[[[[[x]]]]]"] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }
}
