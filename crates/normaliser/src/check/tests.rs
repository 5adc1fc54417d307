//! Keys and units, on rows that went through the harmoniser.

use model::RecordBatch;
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

fn findings(batches: &[RecordBatch]) -> KeyFindings {
    let mut check = KeyCheck::new(&postings());
    for batch in batches {
        check.add(batch, &positions(batch));
    }
    check.finish()
}

#[test]
fn equal_rows_are_counted_once_and_unequal_ones_conflict() {
    let line = |document, text| posting("0101", "202405", document, text);
    let batch =
        rows(&[line(1, "a"), line(2, "a"), line(1, "a"), line(2, "b"), line(3, ""), line(1, "a"), line(2, "a")]);
    let place = |line| RowPlace { line, record: line };
    let found = findings(&[batch]);
    assert_eq!(found.duplicates, [place(4), place(7)]);
    assert_eq!(found.conflicts, [(place(3), 5), (place(5), 3), (place(8), 5)]);
}

#[test]
fn a_gap_differs_from_an_empty_text() {
    let mut source_rows = rows(&[posting("0101", "202405", 1, ""), posting("0101", "202405", 1, "")]);
    assert_eq!(findings(std::slice::from_ref(&source_rows)).duplicates.len(), 1);
    source_rows.columns[5].valid[0] = true;
    assert_eq!(findings(&[source_rows]).conflicts.len(), 2);
}

#[test]
fn without_a_key_nothing_is_checked() {
    let mut dataset = postings();
    dataset.key.clear();
    let mut check = KeyCheck::new(&dataset);
    let batch = rows(&[posting("0101", "202405", 1, ""), posting("0101", "202405", 1, "")]);
    check.add(&batch, &positions(&batch));
    assert_eq!(check.finish(), KeyFindings::default());
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
        let (first, second) = positions.split_at(cut.min(positions.len()));
        let mut check = KeyCheck::new(&postings());
        check.add(&batch, first);
        check.add(&batch, second);
        let found = check.finish();
        prop_assert_eq!(found.duplicates.iter().map(|place| place.line).collect::<Vec<_>>(), duplicates);
        prop_assert_eq!(found.conflicts.iter().map(|(place, _)| place.line).collect::<Vec<_>>(), conflicts);
        for (place, other) in &found.conflicts {
            let row = |line: u64| &rows_in[usize::try_from(line - 2).expect("small")];
            prop_assert!(row(place.line).0 == row(*other).0 && row(place.line) != row(*other));
        }
    }
}
