//! Every shipped source, fed with a few lines of the vendor's bytes: `fixtures/sources/<source>/<case>/`.
//!
//! A case has the bytes (`input.*`), the delivery's name (`case.yaml`), and the answers: canonical rows
//! (`expected.csv`, persons numbered in order of appearance), rejected rows (`rejected.csv`), the books (`tally.csv`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use extractor::{Archive, DropFolder, Limits, Reader};
use model::{
    Catalogue, ColumnData, ColumnKind, Dataset, Date, DeliveryScope, FieldType, RawBatch, RecordBatch, RejectedRow,
    RowTally, Source, format_decimal,
};
use normaliser::{Harmoniser, KeyJudge, PersonKeys};

use crate::{project, table};

struct Case {
    folder: PathBuf,
    source: String,
    name: String,
    input: PathBuf,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for source in table::folders(&project::root().join("fixtures/sources")) {
        for folder in table::folders(&source) {
            let text = fs::read_to_string(folder.join("case.yaml")).expect("case.yaml");
            let name = text.lines().find_map(|line| line.strip_prefix("name: ")).expect("a name");
            let input =
                table::files(&folder).into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == "input"));
            cases.push(Case {
                source: source.file_name().expect("a name").to_string_lossy().into_owned(),
                name: name.trim().to_owned(),
                input: input.expect("the input"),
                folder,
            });
        }
    }
    cases
}

/// What a delivery became.
struct Result {
    rows: RecordBatch,
    dropped: Vec<u64>,
    rejected: Vec<RejectedRow>,
    tally: RowTally,
}

fn scope_of(case: &Case, source: &Source, drop: &Path) -> DeliveryScope {
    let path = drop.join(&case.name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::copy(&case.input, &path).expect("copied");
    let listing = DropFolder::open(drop).expect("the drop folder").list(&[source]).expect("a listing");
    assert_eq!(listing.found.len(), 1, "{} is no name of `{}`: {:?}", case.name, case.source, listing.unknown);
    listing.found[0].scope.clone()
}

fn read(case: &Case, source: &Source, dataset: &Dataset, catalogue: &Catalogue) -> Result {
    let place = tempfile::tempdir().expect("a folder");
    let scope = scope_of(case, source, &place.path().join("drop"));
    let archive = Archive::open(&place.path().join("raw")).expect("an archive");
    let mut input = fs::File::open(&case.input).expect("the input");
    let stored = archive.store(&mut input, u64::MAX).expect("stored");
    let input = archive.read(&stored.content).expect("read again");
    let mut reader = Reader::open(source, input, Limits::default()).expect("no failure").expect("not refused");
    let keys = PersonKeys::new(&[7; 32]);
    let harmoniser =
        Harmoniser::new(source, dataset, &catalogue.codelists, &scope, reader.header(), Some(&keys)).expect("bound");
    let mut raw = RawBatch::default();
    let mut rows = RecordBatch::new(harmoniser.schema().clone());
    let mut rejected = Vec::new();
    let mut hand = harmoniser.hand();
    while reader.next_batch(&mut raw).expect("no failure").expect("not refused") {
        harmoniser.harmonise(&mut hand, &raw, &mut rows, &mut rejected).expect("not refused");
    }
    let summary = reader.finish();
    let harmonised = harmoniser.finish(vec![hand], &summary.control).expect("the control totals agree");
    let mut keys = KeyJudge::new(dataset);
    keys.add(&rows);
    let keys = keys.finish();
    let mut tally = RowTally {
        read: summary.read,
        accepted: harmonised.accepted - (keys.duplicates.len() + keys.conflicts.len()) as u64,
        rejected: harmonised.rejected + keys.conflicts.len() as u64,
        skipped: summary.skipped,
    };
    tally.skip_many("duplicate", keys.duplicates.len() as u64);
    tally.balance().expect("the books balance");
    rejected.extend(keys.conflicts.iter().map(|(place, _)| RejectedRow {
        line: place.line,
        record: place.record,
        column: None,
        code: model::Code::KEY_CONFLICT,
        reason: String::new(),
        raw: None,
    }));
    rejected.sort_by_key(|row| row.record);
    let conflicts = keys.conflicts.iter().map(|(place, _)| place.record);
    let dropped = keys.duplicates.iter().map(|place| place.record).chain(conflicts).collect();
    Result { rows, dropped, rejected, tally }
}

/// A cell of a canonical row, as the fixtures write it.
pub(crate) fn cell(kind: &ColumnKind, data: &ColumnData, valid: bool, row: usize) -> String {
    if !valid {
        return String::new();
    }
    match (kind, data) {
        (ColumnKind::Integer, ColumnData::Number(values)) => values[row].to_string(),
        (ColumnKind::Decimal { scale }, ColumnData::Number(values)) => format_decimal(i128::from(values[row]), *scale),
        (ColumnKind::Date, ColumnData::Date(days)) => Date::from_days(days[row]).expect("a day").to_string(),
        (ColumnKind::Boolean, ColumnData::Boolean(values)) => values[row].to_string(),
        (ColumnKind::Code(codes), ColumnData::Code(values)) => codes[values[row] as usize].clone(),
        (ColumnKind::Text, ColumnData::Text(texts)) => texts.get(row).to_owned(),
        _ => unreachable!("a column has its kind"),
    }
}

fn canonical(result: &Result, dataset: &Dataset) -> String {
    let rows = &result.rows;
    let persons: Vec<&str> =
        dataset.fields.iter().filter(|field| field.ty == FieldType::Person).map(|field| field.name.as_str()).collect();
    let mut pseudonyms: BTreeMap<String, usize> = BTreeMap::new();
    let names: Vec<&str> = rows.schema.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = names.join(";") + ";_line\n";
    for row in (0..rows.len()).filter(|row| !result.dropped.contains(&rows.record[*row])) {
        for ((name, kind), column) in rows.schema.columns.iter().zip(&rows.columns) {
            let mut cell = cell(kind, &column.data, column.valid[row], row);
            if persons.contains(&name.as_str()) && !cell.is_empty() {
                let next = pseudonyms.len() + 1;
                cell = format!("person{}", pseudonyms.entry(cell).or_insert(next));
            }
            if cell.contains([';', '"']) {
                cell = format!("\"{}\"", cell.replace('"', "\"\""));
            }
            text += &cell;
            text.push(';');
        }
        writeln!(text, "{}", rows.line[row]).expect("a string takes everything");
    }
    text
}

fn rejected(result: &Result) -> String {
    let mut text = "line;record;column;code\n".to_owned();
    for row in &result.rejected {
        let column = row.column.as_deref().unwrap_or_default();
        writeln!(text, "{};{};{column};{}", row.line, row.record, row.code).expect("a string takes everything");
    }
    text
}

fn tally(result: &Result) -> String {
    let RowTally { read, accepted, rejected, skipped } = &result.tally;
    let rules: Vec<String> = skipped.iter().map(|(rule, rows)| format!("{rule}={rows}")).collect();
    format!("read;accepted;rejected;skipped\n{read};{accepted};{rejected};{}\n", rules.join(","))
}

#[test]
fn sources_give_the_rows_that_a_person_expects() {
    let catalogue = project::catalogue();
    let cases = cases();
    assert!(!cases.is_empty());
    for case in &cases {
        let source = catalogue.sources.get(case.source.as_str()).unwrap_or_else(|| panic!("no source {}", case.source));
        let dataset = &catalogue.datasets[&source.dataset];
        let result = read(case, source, dataset, &catalogue);
        table::compare(&case.folder.join("expected.csv"), &canonical(&result, dataset));
        table::compare(&case.folder.join("rejected.csv"), &rejected(&result));
        table::compare(&case.folder.join("tally.csv"), &tally(&result));
    }
}
