//! Groups: named sets of codes, written as codes and prefixes.

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, CodeListBuilder, FieldName, Text, Validity};

use super::hierarchy::Hierarchy;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// A group as written.
pub(super) struct GroupDoc {
    name: FieldName,
    title: Option<Text>,
    span: Span,
    codes: Vec<Written<String>>,
    under: Vec<Written<String>>,
    except: Vec<Written<String>>,
}

/// Groups with their codes.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The codes that belong to each at some time.
    pub(super) codes: BTreeMap<FieldName, BTreeSet<String>>,
    /// When, for those that do not at all times.
    pub(super) times: BTreeMap<FieldName, BTreeMap<String, Vec<Validity>>>,
}

/// Reads the groups of a list.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<GroupDoc>> {
    let mut groups = Vec::new();
    for (name, group) in cursor.entries(report)? {
        let Some(mut keys) = group.keys(&vocabulary::GROUP, report) else { continue };
        let title = keys.need("title", report).and_then(|title| title.bilingual(report));
        let mut texts = |name: &'static str| keys.maybe(name, |codes| codes.texts(report));
        let (codes, under) = (texts("codes"), texts("under"));
        if matches!((&codes, &under), (Ok(None), Ok(None))) {
            report
                .error(
                    Code::MISSING_KEY,
                    name.span,
                    format!("the group `{}` has neither `under` nor `codes`", name.value),
                )
                .help("add `codes:` with codes, or `under:` with what they lie below");
        }
        let except = keys.take("except").and_then(|codes| codes.texts(report)).unwrap_or_default();
        keys.finish(report);
        let valid = FieldName::new(name.value).map_err(|error| {
            report.error(Code::INVALID_VALUE, name.span, error.to_string());
        });
        if let (Ok(valid), Ok(codes), Ok(under)) = (valid, codes, under) {
            let (codes, under) = (codes.unwrap_or_default(), under.unwrap_or_default());
            groups.push(GroupDoc { name: valid, title, span: name.span, codes, under, except });
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
    hierarchy: &Hierarchy<'_>,
    id: &str,
    report: &mut Report<'_>,
) -> Option<Groups> {
    let resolved = every(groups.iter().map(|group| {
        let codes = matching(&group.codes, list, id, report);
        let except = matching(&group.except, list, id, report);
        let above = every(group.under.iter().map(|top| top_of(top, list, hierarchy, id, report)));
        let (codes, above) = (codes?, above?);
        let mut times: BTreeMap<String, Vec<Validity>> = BTreeMap::new();
        let mut members = codes.clone();
        if !above.is_empty() {
            let above: BTreeSet<&str> = above.into_iter().collect();
            for (code, below) in hierarchy.below(&above) {
                members.insert(code.to_owned());
                // What is named by itself belongs to the group at all times.
                if let Some(below) = below.filter(|_| !codes.contains(code)) {
                    times.insert(code.to_owned(), below);
                }
            }
        }
        for pattern in group.except.iter().filter(|_| !members.is_empty()) {
            // What is wrong with the pattern itself was said.
            let taken = matches_of(pattern, list, id, &mut Report::new(report.path(), report.text()));
            if taken.is_some_and(|taken| taken.is_disjoint(&members)) {
                let message = format!("`{}` takes nothing out of the group `{}`", pattern.value, group.name);
                report.error(Code::INVALID_VALUE, pattern.span, message).help("mend it, or leave it out");
            }
        }
        members = &members - &except?;
        times.retain(|code, _| members.contains(code));
        if members.is_empty() && !report.is_broken() {
            report.error(Code::INVALID_VALUE, group.span, format!("the group `{}` has no codes", group.name));
        }
        Some((group.name.clone(), members, times))
    }));
    let mut groups = Groups::default();
    for (name, members, times) in resolved? {
        groups.codes.insert(name.clone(), members);
        if !times.is_empty() {
            groups.times.insert(name, times);
        }
    }
    Some(groups)
}

/// A code that others lie below.
fn top_of<'g>(
    top: &'g Written<String>,
    list: &CodeListBuilder,
    hierarchy: &Hierarchy<'_>,
    id: &str,
    report: &mut Report<'_>,
) -> Option<&'g str> {
    if hierarchy.is_parent(&top.value) {
        return Some(&top.value);
    }
    if list.contains(&top.value) {
        let message = format!("no code of `{id}` lies below `{}`", top.value);
        let help = "a code lies below another one that the column `parent` of the table names";
        report.error(Code::INVALID_VALUE, top.span, message).help(help);
    } else {
        let message = format!("the code list `{id}` has no code `{}`", top.value);
        let finding = report.error(Code::CODE_NOT_LISTED, top.span, message);
        finding.did_you_mean_one_of(&top.value, hierarchy.parents());
    }
    None
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
