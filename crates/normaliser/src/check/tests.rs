//! Keys and units, on rows that went through the harmoniser.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{ColumnData, ColumnKind, FieldIndex, RecordBatch, RecordSchema, TextData};
use proptest::prelude::*;

use super::*;
use crate::fixture::*;

fn rows(lines: &[String]) -> RecordBatch {
    let dataset = postings();
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let outcome = read(&postings_source(&dataset), &dataset, &scope(None, None), POSTINGS_HEADER, &[raw(&lines)]);
    assert_eq!(outcome.rejected, []);
    outcome.accepted
}

fn posting(municipality: &str, period: &str, document: u32, text: &str) -> String {
    format!("{municipality};{period};{document};5302611;1,00;{text};")
}

fn positions(batch: &RecordBatch) -> Vec<u32> {
    (0..).take(batch.len()).collect()
}

/// Hashes the batches, and judges the suspects in portions of a few rows.
fn findings(batches: &[RecordBatch], bucket_rows: usize, portion: usize) -> KeyFindings {
    let dataset = postings();
    let hasher = KeyHasher::new(&dataset).expect("postings have a key");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut check = KeyCheck::with_bucket_rows(folder.path(), bucket_rows);
    let mut hashes = Vec::new();
    for batch in batches {
        hasher.hash(batch, &mut hashes);
        check.add(&hashes, &batch.record).expect("a file can be written");
    }
    let suspects = check.finish().expect("the file can be read");
    let mut findings = KeyFindings::default();
    for records in suspects.portions(portion) {
        let mut judge = KeyJudge::new(&dataset);
        for batch in batches {
            judge.add(&with_records(batch, &records));
        }
        findings.extend(judge.finish());
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
    findings
}

/// The rows as they come back from a canonical file: with texts for codes, and in an order of their own.
fn with_records(batch: &RecordBatch, records: &BTreeSet<u64>) -> RecordBatch {
    let mut kept = RecordBatch::new(Arc::clone(&batch.schema));
    let mut rows: Vec<u32> =
        positions(batch).into_iter().filter(|row| records.contains(&batch.record[*row as usize])).collect();
    rows.reverse();
    kept.append_rows(batch, &rows);
    let mut schema = RecordSchema::clone(&batch.schema);
    for (column, (_, kind)) in kept.columns.iter_mut().zip(&mut schema.columns) {
        if let (ColumnData::Code(values), ColumnKind::Code(codes)) = (&column.data, &*kind) {
            let mut texts = TextData::default();
            for value in values {
                texts.push(&codes[*value as usize]);
            }
            column.data = ColumnData::Text(texts);
            *kind = ColumnKind::Text;
        }
    }
    RecordBatch { schema: Arc::new(schema), ..kept }
}

fn all_findings(batch: &RecordBatch) -> KeyFindings {
    findings(std::slice::from_ref(batch), 4096, 1000)
}

#[test]
fn equal_rows_are_counted_once_and_unequal_ones_conflict() {
    let line = |document, text| posting("0101", "202405", document, text);
    let batch =
        rows(&[line(1, "a"), line(2, "a"), line(1, "a"), line(2, "b"), line(3, ""), line(1, "a"), line(2, "a")]);
    let place = |line| RowPlace { line, record: line };
    let found = all_findings(&batch);
    assert_eq!(found.duplicates, [place(4), place(7)]);
    assert_eq!(found.conflicts, [(place(3), 5), (place(5), 3), (place(8), 5)]);
}

#[test]
fn a_gap_differs_from_an_empty_text() {
    let mut source_rows = rows(&[posting("0101", "202405", 1, ""), posting("0101", "202405", 1, "")]);
    assert_eq!(all_findings(&source_rows).duplicates.len(), 1);
    source_rows.columns[5].valid[0] = true;
    assert_eq!(all_findings(&source_rows).conflicts.len(), 2);
}

#[test]
fn without_a_key_nothing_is_checked() {
    let mut dataset = postings();
    dataset.key.clear();
    assert!(KeyHasher::new(&dataset).is_none());
    let mut judge = KeyJudge::new(&dataset);
    judge.add(&rows(&[posting("0101", "202405", 1, ""), posting("0101", "202405", 1, "")]));
    assert_eq!(judge.finish(), KeyFindings::default());
}

#[test]
fn hashes_alone_accuse_nobody() {
    let batch = rows(&[
        posting("0101", "202405", 1, "a"),
        posting("0101", "202405", 2, "b"),
        posting("0101", "202405", 2, "b"),
    ]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut check = KeyCheck::new(folder.path());
    check.add(&[7, 7, 7], &batch.record).expect("nothing is written");
    let suspects = check.finish().expect("nothing is read");
    assert_eq!((suspects.len(), suspects.is_empty()), (3, false));
    let dataset = postings();
    let mut judge = KeyJudge::new(&dataset);
    judge.add(&batch);
    let found = judge.finish();
    assert_eq!((found.duplicates, found.conflicts), (vec![RowPlace { line: 4, record: 4 }], vec![]));
}

#[test]
fn keys_are_those_of_a_unit() {
    let mut dataset = postings();
    dataset.key = vec![FieldIndex(2)];
    let line = |municipality, period| posting(municipality, period, 1, "");
    let batch = rows(&[line("0101", "202405"), line("0101", "202406"), line("0400", "202405"), line("0101", "202405")]);
    let mut hashes = Vec::new();
    KeyHasher::new(&dataset).expect("a key").hash(&batch, &mut hashes);
    assert_eq!(hashes[0], hashes[3]);
    assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), 3);
    let mut judge = KeyJudge::new(&dataset);
    judge.add(&batch);
    assert_eq!(judge.finish().duplicates, [RowPlace { line: 5, record: 5 }]);
}

#[test]
fn a_group_is_never_split() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut check = KeyCheck::with_bucket_rows(folder.path(), 2);
    // Five groups of one to five records with hashes that are alike but for one bit or two.
    let hash = |group: u64| u128::from(group) << 40 | 0xab << 120;
    for record in 1..=15 {
        let group = (1..6).find(|group| record <= group * (group + 1) / 2).expect("a group");
        check.add(&[hash(group)], &[record]).expect("a file can be written");
    }
    let suspects = check.finish().expect("the file can be read");
    let portions = |rows| suspects.portions(rows).map(|set| set.into_iter().collect::<Vec<_>>()).collect::<Vec<_>>();
    assert_eq!(portions(5), [vec![2, 3, 4, 5, 6], vec![7, 8, 9, 10], vec![11, 12, 13, 14, 15]]);
    assert_eq!(portions(1).len(), 4);
    assert_eq!(portions(100).len(), 1);
    assert_eq!(Suspects::default().portions(5).count(), 0);
}

#[test]
fn a_check_says_what_it_cannot_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut check = KeyCheck::new(folder.path());
    assert!(matches!(check.add(&[1], &[1 << 40]), Err(KeyError::TooManyRecords)));
    let mut check = KeyCheck::with_bucket_rows(&folder.path().join("none"), 1);
    assert!(matches!(check.add(&[1], &[1]), Err(KeyError::Spill { .. })));
}

#[test]
fn rows_are_told_apart_by_municipality_and_period() {
    let lines = ["0751;202405", "0101;202405", "0101;202404", "0101;202405", "0101;202405"];
    let lines = (0..).zip(lines).map(|(at, place)| {
        let (municipality, period) = place.split_once(';').expect("a place");
        posting(municipality, period, at, "")
    });
    let batch = rows(&lines.collect::<Vec<_>>());
    let units: Vec<(String, Vec<u32>)> = partition(&postings(), &batch)
        .into_iter()
        .map(|((municipality, period), rows)| (format!("{municipality} {period}"), rows))
        .collect();
    let expected = [("0101 2024-04", vec![2]), ("0101 2024-05", vec![1, 3, 4]), ("0751 2024-05", vec![0])];
    assert_eq!(units, expected.map(|(unit, rows)| (unit.to_owned(), rows)));
    assert_eq!(partition(&postings(), &RecordBatch::new(batch.schema)), []);
}

proptest! {
    #[test]
    fn findings_are_those_of_comparing_every_pair(
        rows_in in proptest::collection::vec((0u32..4, "[ab]?"), 0..12),
        cut in 0usize..12,
        bucket_rows in 1usize..4,
        portion in 1usize..8,
    ) {
        let lines: Vec<String> = rows_in.iter().map(|(document, text)| posting("0101", "202405", *document, text)).collect();
        let batch = rows(&lines);
        let (mut duplicates, mut conflicts) = (Vec::new(), Vec::new());
        for (at, row) in rows_in.iter().enumerate() {
            let line = at as u64 + 2;
            let same_key = || rows_in.iter().filter(|other| other.0 == row.0);
            if same_key().any(|other| other != row) {
                conflicts.push(line);
            } else if rows_in[..at].contains(row) {
                duplicates.push(line);
            }
        }
        let positions = positions(&batch);
        let parts = positions.split_at(cut.min(positions.len()));
        let batches = [parts.0, parts.1].map(|rows| {
            let mut part = RecordBatch::new(Arc::clone(&batch.schema));
            part.append_rows(&batch, rows);
            part
        });
        let found = findings(&batches, bucket_rows, portion);
        prop_assert_eq!(found.duplicates.iter().map(|place| place.line).collect::<Vec<_>>(), duplicates);
        prop_assert_eq!(found.conflicts.iter().map(|(place, _)| place.line).collect::<Vec<_>>(), conflicts);
        for (place, other) in &found.conflicts {
            let row = |line: u64| &rows_in[usize::try_from(line - 2).expect("small")];
            prop_assert!(row(place.line).0 == row(*other).0 && row(place.line) != row(*other));
        }
    }
}

proptest! {
    #[test]
    fn equal_hashes_are_found_wherever_they_lie(
        groups in proptest::collection::vec(0u128..40, 0..200),
        bucket_rows in 1usize..6,
        shift in prop_oneof![Just(40u32), Just(64), Just(90), Just(118)],
    ) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut check = KeyCheck::with_bucket_rows(folder.path(), bucket_rows);
        let hashes: Vec<u128> = groups.iter().map(|group| group << shift | 0xff).collect();
        let records: Vec<u64> = (1..).take(hashes.len()).collect();
        let (first, second) = hashes.split_at(hashes.len() / 2);
        check.add(first, &records[..first.len()]).expect("a file can be written");
        check.add(second, &records[first.len()..]).expect("a file can be written");
        let found: BTreeSet<u64> = check.finish().expect("the file can be read").portions(7).flatten().collect();
        let alone = |group: &u128| groups.iter().filter(|other| *other == group).count() == 1;
        let expected: BTreeSet<u64> = (1..).zip(&groups).filter(|(_, group)| !alone(group)).map(|(record, _)| record).collect();
        prop_assert_eq!(found, expected);
    }
}
