//! Code lists: a definition and the tables beside it.

mod change;
mod group;
mod hierarchy;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, CodeList, CodeListBuilder, CodeListId, FieldName, Place, Text, Validity};

use self::change::Edge;
use self::group::{GroupDoc, Groups};
use self::hierarchy::Hierarchy;
use self::table::{Table, TableRow};
use crate::canonical::Canonical;
use crate::file::{Head, Identity, head};
use crate::vocabulary;
use crate::words::leads_out;
use crate::yaml::{Cursor, Maybe, Report, Span, Written};

struct CodeListDoc {
    head: Head,
    rows: Option<Written<String>>,
    attributes: Vec<Written<String>>,
    changes: Maybe<Written<String>>,
    groups: Vec<GroupDoc>,
}

/// Reports a code that a list does not have. Another spelling of a code leads to it.
pub(crate) fn not_listed(list: &CodeList, text: &str, span: Span, report: &mut Report<'_>) {
    let message = format!("the code list `{}` has no code `{text}`", list.id);
    let finding = report.error(Code::CODE_NOT_LISTED, span, message);
    match list.spellings().into_iter().find(|(spelling, _)| *spelling == text) {
        Some((_, code)) => {
            finding.help(format!("`{text}` is another spelling of `{}`: write the code", list.code(code)))
        }
        None => finding.did_you_mean_one_of(text, list.codes().iter().map(String::as_str)),
    };
}

/// Reads and resolves a code list. `table` gives the bytes of a file by its path.
pub(crate) fn resolve<'f>(
    root: Cursor<'_>,
    identity: Identity<'f>,
    table: &dyn Fn(&str) -> Option<&'f [u8]>,
    report: &mut Report<'_>,
) -> Option<CodeList> {
    let doc = read(root, identity, report)?;
    let id = CodeListId::new(identity.id).ok()?;
    let (path, bytes) = beside_bytes(doc.rows.as_ref()?, table, report)?;
    let attributes: Vec<&str> = doc.attributes.iter().map(|name| name.value.as_str()).collect();
    let of_rows = Table { path: &path, of_municipalities: identity.id == model::MUNICIPALITY };
    let rows = table::read(&of_rows, bytes, &attributes, report)?;
    let mut builder = collect(&rows, &path, report)?;
    let hierarchy = Hierarchy::of(&rows);
    let sound = hierarchy.check(&path, identity.id, report);
    let edges = match doc.changes.ok()? {
        None => Some(Vec::new()),
        Some(name) => beside_bytes(&name, table, report)
            .and_then(|(path, bytes)| change::read(&path, bytes, identity.id, &builder, report)),
    };
    let groups = if sound { group::resolve(&doc.groups, &builder, &hierarchy, identity.id, report) } else { None };
    let (edges, groups) = (edges?, groups?);
    let canonical = canonical(identity.id, &rows, &groups, &edges).render();
    change::add(&edges, &mut builder);
    for (name, times) in groups.times {
        builder.member_times(name, times);
    }
    let (title, description) = (doc.head.title?, doc.head.description?);
    match builder.build(id, title, description, groups.codes, canonical) {
        Ok(mut list) => {
            list.group_titles = group::titles(&doc.groups);
            Some(list)
        }
        Err(message) => {
            report.error_at(Code::CODE_HISTORY, Place::file(path), message);
            None
        }
    }
}

fn read(root: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<CodeListDoc> {
    let mut keys = root.keys(&vocabulary::CODELIST, report)?;
    let head = head(&mut keys, identity, report);
    let rows = keys.need("rows", report).and_then(|cursor| beside(cursor, report));
    let attributes = keys.take("attributes").and_then(|cursor| attributes(cursor, report)).unwrap_or_default();
    let changes = keys.maybe("changes", |cursor| beside(cursor, report));
    let groups = keys.take("groups").and_then(|cursor| group::read(cursor, report)).unwrap_or_default();
    keys.finish(report);
    Some(CodeListDoc { head, rows, attributes, changes, groups })
}

fn beside(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Written<String>> {
    let name = cursor.some_text(report)?;
    if leads_out(&name.value) || name.value.contains('/') {
        report
            .error(Code::PATH_ESCAPE, name.span, format!("`{}` is not beside this file", name.value))
            .help("write the name of a file in the same folder");
        return None;
    }
    Some(name)
}

/// The path and the bytes of a table that the definition names.
fn beside_bytes<'f>(
    name: &Written<String>,
    table: &dyn Fn(&str) -> Option<&'f [u8]>,
    report: &mut Report<'_>,
) -> Option<(String, &'f [u8])> {
    let folder = report.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = format!("{folder}/{}", name.value);
    let Some(bytes) = table(&path) else {
        report
            .error(Code::UNREADABLE, name.span, format!("there is no `{}` beside this file", name.value))
            .help("put the table into the same folder");
        return None;
    };
    Some((path, bytes))
}

fn attributes(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<Written<String>>> {
    let items = cursor.items(report)?;
    let names = items.into_iter().filter_map(|item| item.id(report, FieldName::new));
    Some(names.map(|name| Written { value: name.value.to_string(), span: name.span }).collect())
}

/// Puts the rows together. All rows are tried, so that all contradictions are found.
fn collect(rows: &[TableRow], path: &str, report: &mut Report<'_>) -> Option<CodeListBuilder> {
    let mut builder = CodeListBuilder::new();
    let mut sound = true;
    let line = |row: &TableRow| Place { file: path.to_owned(), line: row.line, column: 0, length: 0 };
    for row in rows {
        if let Err(message) = builder.row(&row.code, row.title.clone(), row.validity, row.attributes.clone()) {
            report.error_at(Code::CODE_HISTORY, line(row), message);
            sound = false;
        }
    }
    for row in rows {
        for alias in &row.aliases {
            let is_code = builder.contains(alias) && *alias != row.code;
            let clash = is_code.then(|| format!("the alias `{alias}` is itself a code"));
            if let Some(message) = clash.or_else(|| builder.alias(alias, &row.code).err()) {
                report.error_at(Code::CODE_HISTORY, line(row), message);
                sound = false;
            }
        }
    }
    sound.then_some(builder)
}

fn canonical(id: &str, rows: &[TableRow], groups: &Groups, edges: &[Edge]) -> Canonical {
    let mut codes: BTreeMap<&str, Vec<&TableRow>> = BTreeMap::new();
    for row in rows {
        codes.entry(&row.code).or_default().push(row);
    }
    let code = |rows: &mut Vec<&TableRow>| {
        rows.sort_by_key(|row| row.validity.from);
        let aliases: BTreeSet<&str> = rows.iter().flat_map(|row| &row.aliases).map(String::as_str).collect();
        Canonical::map([
            ("aliases", Some(Canonical::texts(aliases))),
            ("rows", Some(Canonical::list(rows.iter().map(|row| dated(row.validity, &row.attributes))))),
        ])
    };
    Canonical::map([
        ("kind", Some(Canonical::word("codelist"))),
        ("id", Some(Canonical::word(id))),
        ("codes", Some(Canonical::named(codes.iter_mut().map(|(name, rows)| (*name, code(rows)))))),
        ("groups", Some(Canonical::named(groups.codes.iter().map(|(name, codes)| (name, Canonical::texts(codes)))))),
        ("group_times", (!groups.times.is_empty()).then(|| Canonical::named(groups.times.iter().map(times)))),
        ("changes", change::form(edges)),
    ])
}

fn times<'g>((name, times): (&'g FieldName, &'g BTreeMap<String, Vec<Validity>>)) -> (&'g FieldName, Canonical) {
    let of_code = |(code, times): (&'g String, &'g Vec<Validity>)| {
        let none = BTreeMap::new();
        (code, Canonical::list(times.iter().map(|validity| dated(*validity, &none))))
    };
    (name, Canonical::named(times.iter().map(of_code)))
}

fn dated(validity: Validity, attributes: &BTreeMap<String, String>) -> Canonical {
    let named = attributes.iter().map(|(name, value)| (name, Canonical::text(value)));
    Canonical::map([
        ("from", validity.from.map(Canonical::word)),
        ("to", validity.to.map(Canonical::word)),
        ("attributes", Some(Canonical::named(named))),
    ])
}

/// The title of a code in both languages.
fn title(da: &str, en: &str) -> Text {
    Text { da: da.to_owned(), en: en.to_owned() }
}
