//! Canonical parts: the same bytes whatever the batches, and everything comes back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::{Code, Column, ColumnData, ColumnKind, DatasetId, Fingerprint, RecordBatch, RecordSchema, WorkUnit};
use musketer_loader::{
    CanonicalPart, CanonicalWriter, PartScope, ROW_GROUP_ROWS, UnitRecord, part_path, remove_records, rows_with_records,
};

use crate::fixtures::{accepted, delivery, folder, municipality, open, period, publish, source};

fn schema() -> Arc<RecordSchema> {
    let codes: Arc<[String]> = (0..500).map(|number| format!("5.{number:03}.long.code")).collect();
    let column = |name: &str, kind| (name.to_owned(), kind);
    let columns = vec![
        column("municipality", ColumnKind::Code(["0751".to_owned()].into())),
        column("posted", ColumnKind::Date),
        column("function", ColumnKind::Code(codes)),
        column("line", ColumnKind::Integer),
        column("amount", ColumnKind::Decimal { scale: 2 }),
        column("paid", ColumnKind::Boolean),
        column("text", ColumnKind::Text),
    ];
    Arc::new(RecordSchema { dataset: DatasetId::new("finance_postings").expect("an id"), columns })
}

/// Rows `from` to `to`, each made of its number alone; every seventh cell is missing.
fn batch(from: u64, to: u64) -> RecordBatch {
    let mut batch = RecordBatch::new(schema());
    for number in from..to {
        for (at, column) in batch.columns.iter_mut().enumerate() {
            if at > 0 && (number + at as u64).is_multiple_of(7) {
                column.push_missing();
            } else {
                push(column, at, number);
            }
        }
        batch.line.push(number + 2);
        batch.record.push(number + 1);
    }
    batch
}

fn push(column: &mut Column, at: usize, number: u64) {
    let signed = number.cast_signed();
    match &mut column.data {
        ColumnData::Number(values) => values.push(signed * 31 - 500),
        ColumnData::Date(values) => values.push(19_723 + i32::try_from(number % 31).expect("a day")),
        ColumnData::Boolean(values) => values.push(number.is_multiple_of(2)),
        ColumnData::Code(values) => values.push(if at == 0 { 0 } else { u32::try_from(number % 500).expect("a code") }),
        ColumnData::Text(values) => values.push(&format!("Løn nr. {number}, anvist i bogholderiet")),
    }
    column.valid.push(true);
}

fn scope() -> PartScope {
    PartScope {
        unit: WorkUnit { source: source(), municipality: municipality("0751"), period: period("2024-05") },
        dataset: DatasetId::new("finance_postings").expect("an id"),
        delivery: delivery("a").id,
        reading: Fingerprint::of(b"definitions"),
    }
}

fn write(root: &Path, batches: &[RecordBatch]) -> CanonicalPart {
    let mut writer = CanonicalWriter::create(root, &scope(), &schema());
    for batch in batches {
        writer.write(batch, None).expect("rows");
    }
    writer.finish().expect("a part").expect("there are rows")
}

fn bytes(root: &Path, part: &CanonicalPart) -> Vec<u8> {
    fs::read(part_path(root, &part.path)).expect("a part")
}

/// All files below the folder, relative to it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    let relative = |path: &std::path::PathBuf| path.strip_prefix(folder).expect("below").display().to_string();
    found.iter().map(relative).collect()
}

#[test]
fn a_part_lies_where_its_unit_says() {
    let folder = folder();
    let part = write(folder.path(), &[batch(0, 10)]);
    let path = "canonical/dataset=finance_postings/municipality=0751/period=2024-05/opus_finance-";
    assert!(part.path.starts_with(path) && part.path.ends_with(".parquet"), "{}", part.path);
    assert_eq!(files(folder.path()), std::slice::from_ref(&part.path));
    assert_eq!((part.rows, part.bytes), (10, bytes(folder.path(), &part).len() as u64));
    let mut school_year = scope();
    school_year.unit.period = period("2024/25");
    assert!(school_year.relative_path().contains("/period=2024-25/"));
    let other = PartScope { delivery: delivery("b").id, ..scope() };
    assert_ne!(other.relative_path(), scope().relative_path());
}

#[test]
fn the_bytes_do_not_depend_on_the_batches() {
    let folder = folder();
    let rows = ROW_GROUP_ROWS as u64 + 5_000;
    let whole = write(folder.path(), &[batch(0, rows)]);
    let expected = bytes(folder.path(), &whole);
    let pieces = [batch(0, 1), batch(1, 70_000), batch(70_000, 70_000), batch(70_000, rows)];
    let pieces = write(folder.path(), &pieces);
    assert!(bytes(folder.path(), &pieces) == expected, "batches show in the file");

    let mut doubled = batch(0, rows);
    doubled.append_rows(&batch(0, 9), &[1, 2, 3]);
    let mut writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    let chosen: Vec<u32> = (0..u32::try_from(rows).expect("few")).collect();
    chosen.chunks(33_333).for_each(|rows| writer.write(&doubled, Some(rows)).expect("rows"));
    let chosen = writer.finish().expect("a part").expect("rows");
    assert!(bytes(folder.path(), &chosen) == expected, "the choice of rows shows in the file");
}

#[test]
fn long_texts_end_a_row_group_early_and_show_no_batches_either() {
    let folder = folder();
    let rows = |from: u32, to: u32| {
        let mut batch = batch(0, u64::from(to - from));
        let mut texts = Column::new(&ColumnKind::Text);
        for number in from..to {
            let ColumnData::Text(data) = &mut texts.data else { unreachable!("a column of texts") };
            data.push(&(number % 10).to_string().repeat(2 * 1024 * 1024));
            texts.valid.push(true);
        }
        batch.columns[6] = texts;
        batch.record = (from..to).map(u64::from).collect();
        batch
    };
    // Texts of 2 MiB: 32 fill a row group.
    let mut writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    let wide = rows(0, 33);
    writer.write(&wide, Some(&(0..20).collect::<Vec<_>>())).expect("rows");
    assert_eq!(writer.rows_in_memory(), 20, "40 MiB fill no row group");
    writer.write(&wide, Some(&(20..33).collect::<Vec<_>>())).expect("rows");
    assert_eq!(writer.rows_in_memory(), 1, "66 MiB fill one");
    let in_two = writer.finish().expect("a part").expect("rows");
    let expected = bytes(folder.path(), &in_two);
    let in_one = write(folder.path(), &[wide]);
    assert!(bytes(folder.path(), &in_one) == expected);
}

#[test]
fn rows_come_back() {
    let folder = folder();
    let part = write(folder.path(), &[batch(0, 400)]);
    let path = part_path(folder.path(), &part.path);
    let wanted: BTreeSet<u64> = [1, 2, 33, 400, 500].into();
    let rows = rows_with_records(&path, &wanted).expect("rows");
    assert_eq!(
        (rows.record.as_slice(), rows.line.as_slice()),
        ([1, 2, 33, 400].as_slice(), [2, 3, 34, 401].as_slice())
    );
    let mut expected = batch(0, 2);
    expected.append_rows(&batch(32, 33), &[0]);
    expected.append_rows(&batch(399, 400), &[0]);
    for (column, (found, expected)) in rows.columns.iter().zip(&expected.columns).enumerate() {
        let (name, kind) = &schema().columns[column];
        assert_eq!((&rows.schema.columns[column].0, &found.valid), (name, &expected.valid));
        for row in (0..rows.len()).filter(|row| found.valid[*row]) {
            assert_eq!(
                cell(found, &rows.schema.columns[column].1, row),
                cell(expected, kind, row),
                "{name}, row {row}"
            );
        }
    }
    let first = (0..7).map(|column| cell(&rows.columns[column], &rows.schema.columns[column].1, 0));
    let first: Vec<String> = first.collect();
    assert_eq!(first, ["0751", "19723", "5.000.long.code", "-500", "-500", "true", "Løn nr. 0, anvist i bogholderiet"]);
}

/// A value as text; amounts in minor units, days as numbers.
fn cell(column: &Column, kind: &ColumnKind, row: usize) -> String {
    match (&column.data, kind) {
        (ColumnData::Number(values), _) => values[row].to_string(),
        (ColumnData::Date(values), _) => values[row].to_string(),
        (ColumnData::Boolean(values), _) => values[row].to_string(),
        (ColumnData::Code(values), ColumnKind::Code(codes)) => codes[values[row] as usize].clone(),
        (ColumnData::Code(_), _) => unreachable!("codes have a list"),
        (ColumnData::Text(texts), _) => texts.get(row).to_owned(),
    }
}

#[test]
fn a_part_without_some_records_is_as_if_they_had_never_come() {
    let folder = folder();
    let rows = ROW_GROUP_ROWS as u64 + 500;
    let gone: BTreeSet<u64> = [1, 2, 777, ROW_GROUP_ROWS as u64, rows].into();
    let everything = batch(0, rows);
    let kept: Vec<u32> =
        (0_u32..).zip(&everything.record).filter(|(_, record)| !gone.contains(record)).map(|(row, _)| row).collect();
    let mut writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    writer.write(&everything, Some(&kept)).expect("rows");
    let expected = writer.finish().expect("a part").expect("rows");
    let expected_bytes = bytes(folder.path(), &expected);

    let full = write(folder.path(), &[everything]);
    assert_eq!(full.rows, rows);
    let without = remove_records(folder.path(), &full.path, &gone).expect("a part").expect("rows");
    assert_eq!(without, expected);
    assert!(bytes(folder.path(), &without) == expected_bytes);
    assert_eq!(files(folder.path()), [expected.path]);
}

#[test]
fn no_rows_no_part() {
    let folder = folder();
    let writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    assert_eq!(writer.finish().expect("nothing to write"), None);
    let part = write(folder.path(), &[batch(0, 2)]);
    assert_eq!(remove_records(folder.path(), &part.path, &[1, 2].into()).expect("nothing left"), None);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_writer_that_is_dropped_leaves_no_file() {
    let folder = folder();
    let mut writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    writer.write(&batch(0, ROW_GROUP_ROWS as u64 + 1), None).expect("rows");
    assert_eq!((writer.rows(), files(folder.path()).len()), (ROW_GROUP_ROWS as u64 + 1, 1));
    drop(writer);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn what_no_unit_names_is_removed() {
    let folder = folder();
    let mut store = open(folder.path());
    assert_eq!(store.remove_unreferenced_parts().expect("nothing there"), 0);
    let part = write(folder.path(), &[batch(0, 2)]);
    publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        let PartScope { unit, dataset, delivery, reading } = scope();
        let record = UnitRecord { unit, dataset, delivery, reading, rows: part.rows, part: Some(part.path.clone()) };
        publication.record_unit(&record).expect("a unit");
    });
    let path = part_path(folder.path(), &part.path);
    fs::write(path.with_extension("parquet.new"), b"left by a crash").expect("a file");
    fs::write(folder.path().join("canonical/stray.parquet"), b"x").expect("a file");
    assert_eq!(store.remove_unreferenced_parts().expect("garbage"), 2);
    assert!(path.exists());
}

#[test]
fn a_damaged_part_is_said_to_be() {
    let folder = folder();
    let part = write(folder.path(), &[batch(0, 2_000)]);
    let path = part_path(folder.path(), &part.path);
    let sound = fs::read(&path).expect("the bytes");
    for bytes in [Vec::new(), b"PAR1".to_vec(), sound[..sound.len() / 2].to_vec(), vec![0; sound.len()]] {
        fs::write(&path, bytes).expect("a file");
        let error = rows_with_records(&path, &[1].into()).expect_err("damage");
        assert_eq!(error.code(), Code::PART_UNREADABLE);
        assert!(error.to_string().contains(&part.path), "{error}");
    }
    fs::remove_file(&path).expect("a file");
    let error = rows_with_records(&path, &[1].into()).expect_err("missing");
    assert_eq!(error.code(), Code::PART_UNREADABLE);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = folder();
    fs::write(folder.path().join("canonical"), b"a file in the way").expect("a file");
    let mut writer = CanonicalWriter::create(folder.path(), &scope(), &schema());
    writer.write(&batch(0, 2), None).expect("rows are only gathered");
    let error = writer.finish().expect_err("there is no folder");
    assert_eq!(error.code(), Code::STORE_UNAVAILABLE);
    assert!(error.to_string().contains("municipality=0751"), "{error}");
}
