//! The table beside a code list: UTF-8, `;`, one row a code and validity.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use model::{Code, Date, MunicipalityCode, Place, Text, Validity};

use super::title;
use crate::words::every;
use crate::yaml::{Report, listed, text_of};

/// The largest table, in bytes.
const MOST_BYTES: usize = 16 << 20;
/// The columns that every table has.
const COLUMNS: [&str; 6] = ["code", "title_da", "title_en", "valid_from", "valid_to", "aliases"];
/// The column that a table may have besides, declared or not: the code that a code lies below. It is kept as an
/// attribute.
pub(super) const PARENT: &str = "parent";

/// Which table is read.
pub(super) struct Table<'t> {
    /// Its path.
    pub(super) path: &'t str,
    /// Whether its codes must be municipality codes.
    pub(super) of_municipalities: bool,
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct TableRow {
    /// The line it stands on.
    pub(super) line: u32,
    /// The code.
    pub(super) code: String,
    /// The title.
    pub(super) title: Text,
    /// From when to when it holds.
    pub(super) validity: Validity,
    /// Other spellings of the code.
    pub(super) aliases: Vec<String>,
    /// The further columns that have a value.
    pub(super) attributes: BTreeMap<String, String>,
}

/// Reads all rows. `None` if any row is damaged; then the report names each.
pub(super) fn read(
    table: &Table<'_>,
    bytes: &[u8],
    attributes: &[&str],
    report: &mut Report<'_>,
) -> Option<Vec<TableRow>> {
    let text = match text_of(table.path, bytes) {
        Ok(text) => text,
        Err(found) => {
            let place = found.place.unwrap_or_else(|| Place::file(table.path));
            report.error_at(Code::UNREADABLE, place, found.message).help("save the table as UTF-8");
            return None;
        }
    };
    if text.len() > MOST_BYTES {
        let message = format!("the table has {} bytes, at most {MOST_BYTES} are read", text.len());
        report.error_at(Code::YAML_LIMIT, Place::file(table.path), message);
        return None;
    }
    let mut reader =
        ReaderBuilder::new().delimiter(b';').flexible(true).has_headers(false).from_reader(text.as_bytes());
    let lines = Lines::of(text);
    let mut records = reader.records();
    let Some(Ok(header)) = records.next() else {
        let message = format!("the table is empty; its first line names the columns {}", listed(&COLUMNS));
        report.error_at(Code::TABLE_SYNTAX, Place::file(table.path), message);
        return None;
    };
    let columns = Columns::find(table, &header, lines.of_record(&header), attributes, report)?;
    every(records.map(|record| match record {
        Ok(record) => columns.row(table, &record, lines.of_record(&record), report),
        Err(error) => {
            report.error_at(Code::TABLE_SYNTAX, Place::file(table.path), error.to_string());
            None
        }
    }))
}

/// The first bytes of the lines. The CSV reader counts the blank lines before a record as part of it, people do not.
struct Lines<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text: text.as_bytes(), starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn of_record(&self, record: &StringRecord) -> u32 {
        let byte = record.position().map_or(0, csv::Position::byte);
        let mut at = usize::try_from(byte).unwrap_or(usize::MAX).min(self.text.len());
        at += self.text[at..].iter().take_while(|byte| matches!(**byte, b'\r' | b'\n')).count();
        u32::try_from(self.starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}

struct Columns<'a> {
    width: usize,
    fixed: [usize; COLUMNS.len()],
    attributes: Vec<(&'a str, usize)>,
}

impl<'a> Columns<'a> {
    fn find(
        table: &Table<'_>,
        header: &StringRecord,
        line: u32,
        attributes: &[&'a str],
        report: &mut Report<'_>,
    ) -> Option<Self> {
        let place = || Place { file: table.path.to_owned(), line, column: 0, length: 0 };
        let known: Vec<&str> = COLUMNS.iter().chain(&[PARENT]).chain(attributes).copied().collect();
        if let [name] = header.iter().collect::<Vec<_>>()[..] {
            let finding = report.error_at(Code::TABLE_SYNTAX, place(), format!("the table has one column, `{name}`"));
            finding.help("the columns are separated by `;`");
            return None;
        }
        let mut sound = true;
        for (at, name) in header.iter().enumerate() {
            let problem = if !known.contains(&name) {
                format!("the table has a column `{name}`, which the code list does not declare")
            } else if header.iter().take(at).any(|earlier| earlier == name) {
                format!("the table has two columns `{name}`")
            } else {
                continue;
            };
            report.error_at(Code::TABLE_SYNTAX, place(), problem).did_you_mean_one_of(name, known.iter().copied());
            sound = false;
        }
        let mut find = |name: &str| {
            let found = header.iter().position(|column| column == name);
            if found.is_none() {
                let wanted: Vec<&str> = COLUMNS.iter().chain(attributes).copied().collect();
                report
                    .error_at(Code::TABLE_SYNTAX, place(), format!("the table has no column `{name}`"))
                    .help(format!("the columns are {}", listed(&wanted)));
            }
            found
        };
        let fixed = COLUMNS.map(&mut find);
        let attributes: Vec<_> = attributes.iter().map(|name| find(name).map(|at| (*name, at))).collect();
        let fixed = fixed.into_iter().collect::<Option<Vec<_>>>()?.try_into().ok()?;
        let mut attributes = attributes.into_iter().collect::<Option<Vec<_>>>()?;
        let parent = header.iter().position(|column| column == PARENT).map(|at| (PARENT, at));
        if !attributes.iter().any(|(name, _)| *name == PARENT) {
            attributes.extend(parent);
        }
        sound.then_some(Self { width: header.len(), fixed, attributes })
    }

    fn row(&self, table: &Table<'_>, record: &StringRecord, line: u32, report: &mut Report<'_>) -> Option<TableRow> {
        let place = Place { file: table.path.to_owned(), line, column: 0, length: 0 };
        let mut refuse = |code: Code, message: String| {
            report.error_at(code, place.clone(), message);
        };
        if record.len() != self.width {
            refuse(Code::TABLE_SYNTAX, format!("the row has {} cells, the header {}", record.len(), self.width));
            return None;
        }
        let [code, da, en, from, to, aliases] = self.fixed.map(|at| record.get(at).unwrap_or_default().trim());
        for (name, cell) in [("code", code), ("title_da", da), ("title_en", en)] {
            if cell.is_empty() {
                refuse(Code::TABLE_SYNTAX, format!("the cell `{name}` is empty"));
                return None;
            }
        }
        if table.of_municipalities && MunicipalityCode::new(code).is_none() {
            refuse(Code::TABLE_SYNTAX, format!("`{code}` is no municipality code: four digits"));
            return None;
        }
        let mut day = |name: &str, cell: &str| match Date::parse_iso(cell) {
            None if !cell.is_empty() => {
                refuse(Code::TABLE_SYNTAX, format!("`{cell}` in `{name}` is no date such as 2007-01-01"));
                None
            }
            day => Some(day),
        };
        let (from, to) = (day("valid_from", from), day("valid_to", to));
        let validity = Validity { from: from?, to: to? };
        if matches!((validity.from, validity.to), (Some(from), Some(to)) if to <= from) {
            refuse(Code::VALIDITY_ORDER, format!("`{code}` ends before it begins; `valid_to` is the first day after"));
            return None;
        }
        let attribute = |&(name, at): &(&str, usize)| {
            let value = record.get(at).unwrap_or_default().trim();
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        Some(TableRow {
            line,
            code: code.to_owned(),
            title: title(da, en),
            validity,
            aliases: aliases.split('|').map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect(),
            attributes: self.attributes.iter().filter_map(attribute).collect(),
        })
    }
}
