//! Groups: named sets of codes, written as codes and prefixes.

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, CodeListBuilder, FieldName, Text};

use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// A group as written.
pub(super) struct GroupDoc {
    name: FieldName,
    title: Option<Text>,
    span: Span,
    codes: Vec<Written<String>>,
    except: Vec<Written<String>>,
}

/// Reads the groups of a list.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<GroupDoc>> {
    let mut groups = Vec::new();
    for (name, group) in cursor.entries(report)? {
        let Some(mut keys) = group.keys(&vocabulary::GROUP, report) else { continue };
        let title = keys.need("title", report).and_then(|title| title.bilingual(report));
        let codes = keys.need("codes", report).and_then(|codes| codes.texts(report));
        let except = keys.take("except").and_then(|codes| codes.texts(report)).unwrap_or_default();
        keys.finish(report);
        match (FieldName::new(name.value), codes) {
            (Ok(valid), Some(codes)) => {
                groups.push(GroupDoc { name: valid, title, span: name.span, codes, except });
            }
            (Err(error), _) => {
                report.error(Code::INVALID_VALUE, name.span, error.to_string());
            }
            (Ok(_), None) => {}
        }
    }
    Some(groups)
}

/// The titles of the groups.
pub(super) fn titles(groups: &[GroupDoc]) -> BTreeMap<FieldName, Text> {
    groups.iter().filter_map(|group| Some((group.name.clone(), group.title.clone()?))).collect()
}

/// Resolves the groups to codes. `None` if a pattern is wrong or matches nothing.
pub(super) fn resolve(
    groups: &[GroupDoc],
    list: &CodeListBuilder,
    id: &str,
    report: &mut Report<'_>,
) -> Option<BTreeMap<FieldName, BTreeSet<String>>> {
    let resolved = every(groups.iter().map(|group| {
        let codes = matching(&group.codes, list, id, report);
        let except = matching(&group.except, list, id, report);
        if let Some(codes) = &codes {
            for pattern in &group.except {
                // What is wrong with the pattern itself was said.
                let taken = matches_of(pattern, list, id, &mut Report::new(report.path(), report.text()));
                if taken.is_some_and(|taken| taken.is_disjoint(codes)) {
                    let message = format!("`{}` takes nothing out of the group `{}`", pattern.value, group.name);
                    report.error(Code::INVALID_VALUE, pattern.span, message).help("mend it, or leave it out");
                }
            }
        }
        let members = codes.zip(except).map(|(codes, except)| &codes - &except);
        if members.as_ref().is_some_and(BTreeSet::is_empty) && !report.is_broken() {
            report.error(Code::INVALID_VALUE, group.span, format!("the group `{}` has no codes", group.name));
        }
        Some((group.name.clone(), members?))
    }));
    Some(resolved?.into_iter().collect())
}

fn matching(
    patterns: &[Written<String>],
    list: &CodeListBuilder,
    id: &str,
    report: &mut Report<'_>,
) -> Option<BTreeSet<String>> {
    let found = every(patterns.iter().map(|pattern| matches_of(pattern, list, id, report)));
    Some(found?.into_iter().flatten().collect())
}

fn matches_of(
    pattern: &Written<String>,
    list: &CodeListBuilder,
    id: &str,
    report: &mut Report<'_>,
) -> Option<BTreeSet<String>> {
    let (text, is_prefix) = match pattern.value.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (pattern.value.as_str(), false),
    };
    if text.contains('*') {
        report.error(Code::INVALID_VALUE, pattern.span, "`*` stands at the end of a code, for all that begin so");
        return None;
    }
    let fits = |code: &&str| if is_prefix { code.starts_with(text) } else { *code == text };
    let found: BTreeSet<String> = list.codes().filter(fits).map(str::to_owned).collect();
    if found.is_empty() {
        let what = if is_prefix { "no code that begins so" } else { "no such code" };
        let message = format!("`{}`: the code list `{id}` has {what}", pattern.value);
        report.error(Code::CODE_NOT_LISTED, pattern.span, message).did_you_mean_one_of(text, list.codes());
        return None;
    }
    Some(found)
}
