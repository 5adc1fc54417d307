//! The key `tests:` as it is written.

use std::collections::BTreeMap;

use granit_parser::ScalarStyle;
use model::{Catalogue, Code, Dataset, Date, Diagnostic, Place, Ratio};

use super::{
    Anchor, Anchors, Case, Expect, ExpectedReject, ExpectedTally, FileName, Given, GivenBytes, GivenDelivery,
    GivenTable, Table, TableText, Tested, check_delivered, check_expected, check_given, indicator_of,
};
use crate::decimal::Decimal;
use crate::file::{Identity, Kind, Role};
use crate::project::Project;
use crate::vocabulary;
use crate::yaml::{Cursor, Node, Report, Span, Value, parse, text_of};

/// The largest count that an expectation may name.
const MOST: i64 = 1 << 40;

/// Whether a column of figures holds a value, and not whom or when it is about.
pub fn is_value_column(name: &str) -> bool {
    !matches!(name, "area" | "municipality" | "period" | "breakdown")
}

/// The tests of all definitions, in the order of the files. What is wrong with them is among the findings of
/// [`crate::load_in`]; a test with a mistake is left out here.
pub fn cases(project: &Project, files: &BTreeMap<String, Vec<u8>>, catalogue: &Catalogue) -> Vec<Case> {
    let mut found = Vec::new();
    for (path, bytes) in files {
        let Role::Definition(identity) = Role::of(path, project) else { continue };
        let Ok(text) = text_of(path, bytes) else { continue };
        let mut report = Report::new(path, text);
        if let Some(tree) = parse(&mut report) {
            found.extend(read(&tree, identity, catalogue, &mut report));
        }
    }
    found
}

/// Reports what is wrong with the tests of a definition.
pub(crate) fn check(tree: &Node, identity: Identity<'_>, catalogue: &Catalogue, report: &mut Report<'_>) {
    read(tree, identity, catalogue, report);
}

fn read(tree: &Node, identity: Identity<'_>, catalogue: &Catalogue, report: &mut Report<'_>) -> Vec<Case> {
    let tested = match identity.kind {
        Kind::Indicator => Tested::Indicator,
        Kind::Source => Tested::Source,
        _ => return Vec::new(),
    };
    let Value::Mapping(entries) = &tree.value else { return Vec::new() };
    let Some(entry) = entries.iter().find(|entry| entry.key.text == "tests") else { return Vec::new() };
    let cursor = Cursor { node: &entry.value, name: "tests", at: entry.span };
    let Some(items) = cursor.items(report) else { return Vec::new() };
    let reader = Reader { tested, identity, catalogue };
    let mut cases: Vec<Case> = Vec::new();
    for item in items {
        let Some(case) = reader.case(item, report) else { continue };
        if let Some(first) = cases.iter().find(|known| known.name == case.name) {
            let message = format!("there are two tests `{}`", case.name);
            report
                .error_at(Code::DUPLICATE_ID, case.place.clone(), message)
                .related_place(first.place.clone(), "the other one");
            continue;
        }
        cases.push(case);
    }
    cases
}

struct Reader<'a> {
    tested: Tested,
    identity: Identity<'a>,
    catalogue: &'a Catalogue,
}

fn anchor(cursor: Cursor<'_>, report: &Report<'_>) -> Anchor {
    let Span { start, end, .. } = cursor.span();
    let block = cursor.as_scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Literal);
    let end = if cursor.as_scalar().is_some() { end } else { end_of_collection(report.text(), start) };
    Anchor { line: cursor.at.line, column: cursor.at.column, start, end, block }
}

fn add(findings: Vec<Diagnostic>, report: &mut Report<'_>) {
    for finding in findings {
        report.add(finding);
    }
}

/// Where a list or mapping in brackets ends; where it begins, if it stands in lines of its own.
fn end_of_collection(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if !rest.starts_with(['[', '{']) {
        return start;
    }
    let (mut depth, mut quote) = (0, None);
    for (at, c) in rest.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => {
                depth -= 1;
                if depth == 0 {
                    return start + at + 1;
                }
            }
            _ => {}
        }
    }
    start
}

fn file(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<FileName> {
    let path = cursor.some_text(report)?;
    if path.value.starts_with('/') || path.value.split('/').any(|part| part == "..") || path.value.contains('\\') {
        report.error(Code::PATH_ESCAPE, path.span, "the path leads out of the project");
        return None;
    }
    Some(FileName { path: path.value, place: report.place(path.span) })
}

/// A table that stands in the definition as a literal block, in which every cell has its place.
fn table(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Table> {
    let text = cursor.word(report)?;
    let scalar = cursor.as_scalar()?;
    if scalar.style == ScalarStyle::Folded {
        report.error(Code::TEST_TABLE, text.span, "a folded text (`>`) is one line").help("write `|`");
        return None;
    }
    let source: Vec<&str> = report.text().lines().collect();
    let whole = report.place(text.span);
    let block = scalar.style == ScalarStyle::Literal;
    let content: Vec<&str> = text.value.lines().collect();
    let first = cursor.at.line as usize;
    let place = |line: usize, column: usize, length: usize| {
        let written = source.get(first + line).filter(|_| block);
        let indent = written.zip(content.get(line)).map(|(written, content)| {
            written.trim_end_matches('\r').chars().count().saturating_sub(content.chars().count())
        });
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        indent.map_or_else(
            || whole.clone(),
            |indent| Place {
                file: whole.file.clone(),
                line: number(first + line + 1),
                column: number(indent + column + 1),
                length: number(length.max(1)),
            },
        )
    };
    let table = Table::parse(text.value, &place);
    match table {
        Ok(table) => Some(table),
        Err(findings) => {
            add(findings, report);
            None
        }
    }
}

fn text_or_file(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<TableText> {
    if !cursor.is_mapping() {
        return table(cursor, report).map(TableText::Inline);
    }
    let mut keys = cursor.keys(&vocabulary::TABLE_FILE, report)?;
    let path = keys.need("path", report).and_then(|cursor| file(cursor, report));
    keys.finish(report);
    path.map(TableText::File)
}

impl Reader<'_> {
    fn dataset(&self) -> Option<&Dataset> {
        let source = self.catalogue.sources.get(self.identity.id)?;
        self.catalogue.datasets.get(&source.dataset).map(AsRef::as_ref)
    }

    fn case(&self, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Case> {
        let mut keys = cursor.keys(&vocabulary::CASE, report)?;
        let name = keys.need("name", report).and_then(|cursor| cursor.some_text(report));
        let first = keys.at();
        let error = keys.take("error").map(|cursor| code(cursor, report));
        let given_at = if error.is_some() && self.tested == Tested::Indicator {
            keys.take("given")
        } else {
            keys.need("given", report)
        };
        let given = given_at.map(|cursor| self.given(cursor, report));
        let expect_at = keys.take("expect");
        if let (Some(expect), Some(_)) = (expect_at, &error) {
            report.error(Code::UNKNOWN_KEY, expect.at, "what is refused has no rows to expect");
        }
        let expect = expect_at.map(|cursor| self.expect(cursor, report));
        keys.finish(report);
        let mut expect = expect.unwrap_or(Some(Expect::default()))?;
        expect.error = error.map_or(Some(None), |error| error.map(Some))?;
        let point = |span: Span| Anchor { line: span.line, column: span.column, start: 0, end: 0, block: false };
        let bracketed = |cursor: Cursor<'_>| cursor.is_mapping() && cursor.node.closed.is_some();
        expect.anchors.in_brackets = bracketed(cursor) || expect_at.is_some_and(bracketed);
        expect.anchors.first = Some(point(first));
        expect.anchors.given = given_at.map(|cursor| anchor(cursor, report));
        expect.anchors.expect = expect_at.map(|cursor| anchor(cursor, report));
        let name = name?;
        Some(Case {
            tested: self.tested,
            id: self.identity.id.to_owned(),
            version: self.identity.version.map(str::to_owned),
            place: report.place(name.span),
            name: name.value,
            given: given.unwrap_or(Some(Given::Tables(Vec::new())))?,
            expect,
        })
    }

    fn given(&self, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Given> {
        match self.tested {
            Tested::Indicator => {
                let entries = cursor.entries(report)?;
                let tables = entries.into_iter().map(|(name, cursor)| {
                    let dataset = self.dataset_of(name.value, name.span, report);
                    given_table(name.value, dataset.as_deref()?, cursor, report)
                });
                // Every table is looked at, so that all mistakes are found at once.
                let tables: Vec<Option<GivenTable>> = tables.collect();
                tables.into_iter().collect::<Option<Vec<_>>>().map(Given::Tables)
            }
            Tested::Source => delivery(cursor, report).map(Given::Delivery),
        }
    }

    /// A dataset that the indicator reads.
    fn dataset_of(&self, name: &str, span: Span, report: &mut Report<'_>) -> Option<std::sync::Arc<Dataset>> {
        let indicator = indicator_of(self.identity.id, self.identity.version, self.catalogue)?;
        let read = indicator.datasets();
        if !read.iter().any(|id| id.as_str() == name) {
            let message = format!("the indicator reads no dataset `{name}`");
            let known = read.iter().map(|id| id.as_str());
            report.error(Code::UNKNOWN_REFERENCE, span, message).did_you_mean_one_of(name, known);
            return None;
        }
        self.catalogue.datasets.get(name).cloned()
    }

    fn expect(&self, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Expect> {
        const MATCH: [(&str, bool); 2] = [("exact", false), ("subset", true)];
        let mut keys = cursor.keys(&vocabulary::EXPECT, report)?;
        let subset = keys.take("match").map(|cursor| cursor.choice(report, &MATCH));
        let tolerance = keys.take("tolerance").map(|cursor| tolerance(cursor, report));
        let day = if self.tested == Tested::Indicator { keys.take("municipalities_of") } else { None };
        let day = day.map(|cursor| day_of(cursor, report));
        let rows_at = keys.take("rows");
        let rows = rows_at.map(|cursor| text_or_file(cursor, report));
        if let Some(Some(TableText::Inline(table))) = &rows {
            let sound = self.tested == Tested::Indicator || self.dataset().is_some();
            let found =
                if sound { check_expected(table, self.tested, self.dataset(), self.catalogue) } else { Vec::new() };
            add(found, report);
        }
        let rejects_at = keys.take("rejects");
        let rejects = rejects_at.map(|cursor| self.rejects(cursor, report));
        let tally_at = if self.tested == Tested::Source { keys.take("tally") } else { None };
        let tally = tally_at.map(|cursor| tally(cursor, report));
        keys.finish(report);
        if rows_at.or(rejects_at).or(tally_at).is_none() {
            let finding = report.error(Code::MISSING_KEY, cursor.at, "nothing is expected, so the test could not fail");
            finding.help("write the `rows`");
        }
        if let (Some(Some(true)), Some(Some(TableText::Inline(table))), Some(cursor)) = (subset, &rows, rows_at) {
            if table.rows.is_empty() {
                let message = "no rows are among any others, so the test could not fail";
                report.error(Code::INVALID_VALUE, cursor.at, message).help("write a row, or leave out `match: subset`");
            }
        }
        Some(Expect {
            subset: subset.map_or(Some(false), |subset| subset)?,
            municipalities_of: day.map_or(Some(None), |day| day.map(Some))?,
            tolerance: tolerance.map_or(Some(None), |tolerance| tolerance.map(Some))?,
            rows: rows.map_or(Some(None), |rows| rows.map(Some))?,
            rejects: rejects.map_or(Some(None), |rejects| rejects.map(Some))?,
            tally: tally.map_or(Some(None), |tally| tally.map(Some))?,
            error: None,
            anchors: Anchors {
                rows: rows_at.map(|cursor| anchor(cursor, report)),
                rejects: rejects_at.map(|cursor| anchor(cursor, report)),
                tally: tally_at.map(|cursor| anchor(cursor, report)),
                ..Anchors::default()
            },
        })
    }

    fn rejects(&self, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<ExpectedReject>> {
        let of_source = self.tested == Tested::Source;
        let mut rejects = Vec::new();
        for item in cursor.items(report)? {
            let Some(mut keys) = item.keys(&vocabulary::REJECT, report) else { continue };
            let dataset = if of_source { None } else { keys.take("dataset") };
            let dataset = dataset.and_then(|cursor| cursor.text(report)).map(|text| text.value);
            let line = keys.take("line").and_then(|cursor| cursor.integer(report, 1..=MOST));
            let record = if of_source { keys.take("record") } else { None };
            let record = record.and_then(|cursor| cursor.integer(report, 1..=MOST));
            let column = if of_source { keys.take("column") } else { None };
            let column = column.and_then(|cursor| cursor.text(report)).map(|text| text.value);
            let code = keys.take("code").and_then(|cursor| code(cursor, report));
            keys.finish(report);
            rejects.push(ExpectedReject { dataset, line, record, column, code });
        }
        Some(rejects)
    }
}

/// What is given of a dataset: its rows alone, or rows and deliveries without rows.
fn given_table(name: &str, dataset: &Dataset, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<GivenTable> {
    let (rows, delivered);
    if cursor.is_mapping() {
        let mut keys = cursor.keys(&vocabulary::GIVEN_TABLE, report)?;
        let path = keys.take("path").map(|cursor| file(cursor, report).map(TableText::File));
        let inline = keys.take("rows").map(|cursor| table(cursor, report).map(TableText::Inline));
        if path.is_some() && inline.is_some() {
            report.error(Code::UNKNOWN_KEY, keys.at(), "the rows stand here or in a file, not both");
        }
        rows = path.or(inline);
        delivered = keys.take("delivered").map(|cursor| table(cursor, report).map(TableText::Inline));
        keys.finish(report);
    } else {
        (rows, delivered) = (Some(table(cursor, report).map(TableText::Inline)), None);
    }
    let (rows, delivered) =
        (rows.map_or(Some(None), |rows| rows.map(Some))?, delivered.map_or(Some(None), |d| d.map(Some))?);
    let before = report.is_broken();
    if let Some(TableText::Inline(table)) = &rows {
        add(check_given(table, dataset), report);
    }
    if let Some(TableText::Inline(table)) = &delivered {
        add(check_delivered(table, dataset), report);
    }
    let sound = before || !report.is_broken();
    sound.then(|| GivenTable { dataset: name.to_owned(), rows, delivered })
}

fn day_of(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Date> {
    let written = cursor.word(report)?;
    let day = Date::parse_iso(written.value);
    if day.is_none() {
        let message = format!("`{}` is no day such as 2025-01-01", written.value);
        report.error(Code::INVALID_VALUE, written.span, message);
    }
    day
}

fn code(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Code> {
    let word = cursor.text(report)?;
    let found = Code::parse(&word.value);
    if found.is_none() {
        let message = format!("there is no code `{}`", word.value);
        report.error(Code::INVALID_VALUE, word.span, message).help("codes are those that messages show: M5104");
    }
    found
}

fn tolerance(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Ratio> {
    let word = cursor.word(report)?;
    let number = Decimal::parse(word.value).filter(|number| number.minor >= 0);
    let number = number.and_then(|number| Ratio::decimal(number.minor, number.scale).ok());
    if number.is_none() {
        let message = format!("`{}` is no distance", word.value);
        report.error(Code::INVALID_VALUE, word.span, message).help("write a decimal that is not negative: 0.005");
    }
    number
}

fn tally(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<ExpectedTally> {
    let mut keys = cursor.keys(&vocabulary::TALLY, report)?;
    let mut count =
        |key: &'static str, report: &mut Report<'_>| keys.take(key).and_then(|cursor| cursor.integer(report, 0..=MOST));
    let (read, accepted, rejected) = (count("read", report), count("accepted", report), count("rejected", report));
    let skipped = keys.take("skipped").and_then(|cursor| {
        let entries = cursor.entries(report)?.into_iter();
        Some(
            entries
                .filter_map(|(rule, count)| Some((rule.value.to_owned(), count.integer(report, 0..=MOST)?)))
                .collect(),
        )
    });
    keys.finish(report);
    Some(ExpectedTally { read, accepted, rejected, skipped })
}

fn delivery(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<GivenDelivery> {
    let mut keys = cursor.keys(&vocabulary::GIVEN_DELIVERY, report)?;
    let name = keys.need("name", report).and_then(|cursor| cursor.some_text(report));
    let bytes =
        keys.take("bytes").map(|cursor| cursor.word(report).map(|text| GivenBytes::Text(text.value.to_owned())));
    let base64 = keys.take("base64").map(|cursor| decoded(cursor, report).map(GivenBytes::Raw));
    let path = keys.take("path").map(|cursor| file(cursor, report).map(GivenBytes::File));
    let at = keys.at();
    keys.finish(report);
    let mut forms: Vec<Option<GivenBytes>> = [bytes, base64, path].into_iter().flatten().collect();
    if forms.len() != 1 {
        report.error(Code::MISSING_KEY, at, "a delivery has one of `bytes`, `base64` and `path`");
        return None;
    }
    Some(GivenDelivery { name: name?.value, bytes: forms.pop()?? })
}

/// Base64 with or without line ends and padding.
fn decoded(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<u8>> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = cursor.word(report)?;
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for letter in text.value.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let Some(value) = LETTERS.iter().position(|known| *known == letter) else {
            report.error(Code::INVALID_VALUE, text.span, "this is no base64");
            return None;
        };
        bits = (bits << 6) | u32::try_from(value).unwrap_or_default();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xFF).unwrap_or_default());
        }
    }
    Some(bytes)
}
