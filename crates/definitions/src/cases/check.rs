//! Whether the tables of a test fit what is tested: their columns, and the form of every cell.
//!
//! Only the form is looked at here. Whether a code is listed, a value in its range or a row in accord with the rules of
//! its dataset is decided by the engine when the test is run, and ends as a rejected row.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Catalogue, Code, Dataset, Date, Diagnostic, Field, FieldType, MunicipalityCode, Period, RecordSchema};

use super::{Table, Tested};

/// The columns of an indicator's figures that say whom and when they are about.
const KEYS: [&str; 4] = ["area", "municipality", "period", "breakdown"];
/// The others.
const VALUES: [&str; 6] = ["value", "numerator", "denominator", "contributing", "members", "obs_status"];

/// The columns that an expected table may have.
pub fn expected_columns(tested: Tested, dataset: Option<&Dataset>, catalogue: &Catalogue) -> Vec<String> {
    match (tested, dataset) {
        (Tested::Indicator, _) | (_, None) => KEYS.iter().chain(&VALUES).map(|name| (*name).to_owned()).collect(),
        (Tested::Source, Some(dataset)) => {
            let codes = |list: &model::CodeListId| {
                catalogue.codelists.get(list).map_or_else(|| Arc::from([]), |list| Arc::clone(list.codes()))
            };
            let schema = RecordSchema::of(dataset, codes);
            schema.columns.iter().map(|(name, _)| name.clone()).chain(["_line".to_owned()]).collect()
        }
    }
}

fn unknown_columns(table: &Table, known: &[String], whose: &str, findings: &mut Vec<Diagnostic>) {
    let mut seen = BTreeSet::new();
    for cell in &table.header {
        if !known.contains(&cell.text) {
            let message = format!("{whose} has no column `{}`", model::redact(&cell.text));
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let finding = Diagnostic::error(Code::TEST_COLUMN, message).at(cell.place.clone());
            findings.push(finding.with_help(format!("columns are {}", known.join(", "))));
        } else if !seen.insert(cell.text.as_str()) {
            let message = format!("the column `{}` stands twice", cell.text);
            findings.push(Diagnostic::error(Code::TEST_COLUMN, message).at(cell.place.clone()));
        }
    }
}

fn needed(table: &Table, name: &str, findings: &mut Vec<Diagnostic>) -> Option<usize> {
    let found = table.column(name);
    if found.is_none() {
        let place = table.header.first().map(|cell| cell.place.clone());
        let mut finding = Diagnostic::error(Code::TEST_COLUMN, format!("the table needs the column `{name}`"));
        finding.place = place;
        findings.push(finding);
    }
    found
}

/// What is wrong with the expected rows.
pub fn check_expected(
    table: &Table,
    tested: Tested,
    dataset: Option<&Dataset>,
    catalogue: &Catalogue,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let known = expected_columns(tested, dataset, catalogue);
    let whose = dataset.map_or_else(|| "a figure".to_owned(), |dataset| format!("`{}`", dataset.id));
    unknown_columns(table, &known, &whose, &mut findings);
    if tested == Tested::Indicator {
        needed(table, "period", &mut findings);
        if table.column("municipality").is_none() {
            needed(table, "area", &mut findings);
        }
    }
    findings
}

/// What is wrong with given rows of a dataset.
pub fn check_given(table: &Table, dataset: &Dataset) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let known: Vec<String> = dataset.fields.iter().map(|field| field.name.to_string()).collect();
    unknown_columns(table, &known, &format!("`{}`", dataset.id), &mut findings);
    if !dataset.whole_country {
        needed(table, dataset.field(dataset.municipality).name.as_str(), &mut findings);
    }
    needed(table, dataset.field(dataset.time).name.as_str(), &mut findings);
    let fields: Vec<Option<&Field>> =
        table.header.iter().map(|cell| dataset.fields.iter().find(|field| field.name.as_str() == cell.text)).collect();
    for row in &table.rows {
        for (cell, field) in row.cells.iter().zip(&fields) {
            let Some(field) = field.filter(|_| !cell.text.is_empty()) else { continue };
            if let Some(wanted) = wrong(&field.ty, &cell.text) {
                let (word, text) = (field.ty.word(), model::redact(&cell.text));
                let message = format!("`{}` has the type {word}, which `{text}` is not of", field.name);
                findings.push(Diagnostic::error(Code::TEST_VALUE, message).at(cell.place.clone()).with_help(wanted));
            }
        }
    }
    findings
}

/// How a value of the type is written, if this is none.
fn wrong(ty: &FieldType, text: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (right, wanted) = match ty {
        FieldType::Integer => (digits(unsigned) && text.parse::<i64>().is_ok(), "write digits alone".to_owned()),
        FieldType::Decimal { scale, .. } => {
            let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
            let right = digits(whole) && digits(decimals) && decimals.len() <= usize::from(*scale).max(1);
            (right, format!("write digits, and at most {scale} behind a `.`"))
        }
        FieldType::Boolean => (matches!(text, "true" | "false"), "write true or false".to_owned()),
        FieldType::Date => (Date::parse_iso(text).is_some(), "write 2025-09-05".to_owned()),
        FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => {
            let kind = ty.period_kind()?;
            let named = text.parse::<Period>().is_ok_and(|period| period.kind() == kind);
            let day = Date::parse_iso(text).is_some_and(|day| Period::containing(kind, day).start() == day);
            let example = match kind {
                model::PeriodKind::Month => "write 2025-09",
                model::PeriodKind::Week => "write 2025-W36",
                model::PeriodKind::SchoolYear => "write 2025/26",
                _ => "write 2025",
            };
            (named || day, example.to_owned())
        }
        FieldType::Text | FieldType::Code(_) | FieldType::Person => (true, String::new()),
    };
    (!right).then_some(wanted)
}

/// What is wrong with a table of deliveries without rows.
pub fn check_delivered(table: &Table, dataset: &Dataset) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let known = ["municipality", "period"].map(str::to_owned);
    unknown_columns(table, &known, "a table of deliveries", &mut findings);
    let municipality = needed(table, "municipality", &mut findings);
    let period = needed(table, "period", &mut findings);
    let (Some(municipality), Some(period)) = (municipality, period) else { return findings };
    for row in &table.rows {
        let (code, time) = (&row.cells[municipality], &row.cells[period]);
        if MunicipalityCode::new(&code.text).is_none() {
            let message = format!("`{}` is no municipality", model::redact(&code.text));
            let finding = Diagnostic::error(Code::TEST_VALUE, message).at(code.place.clone());
            findings.push(finding.with_help("write four digits: 0751"));
        }
        let made = |period: Period| period.kind() == dataset.partition || period.kind().is_made_of(dataset.partition);
        if !time.text.parse::<Period>().is_ok_and(made) {
            let message = format!(
                "`{}` is no period that `{}` is delivered in, a {}, nor made of such",
                model::redact(&time.text),
                dataset.id,
                dataset.partition
            );
            findings.push(Diagnostic::error(Code::TEST_VALUE, message).at(time.place.clone()));
        }
    }
    findings
}
