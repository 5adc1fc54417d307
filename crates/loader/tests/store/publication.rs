//! One run, one transaction: all or nothing, and the books balance.

use model::{Catalogue, Code, DatasetId, Delivery, Fingerprint, Notice, Refusal, RejectedRow, RowTally, WorkUnit};
use musketer_loader::{DeliveryState, RejectFilter, RejectStatus, RunNumber, SeenFile, Store, UnitRecord};
use rusqlite::Connection;

use crate::fixtures::{accepted, areas, delivery, folder, municipality, number, open, period, publish, source, texts};

fn rejected(record: u64, code: Code, column: Option<&str>) -> RejectedRow {
    let (reason, raw) = ("`x` is no number".to_owned(), Some("0751;x".to_owned()));
    RejectedRow { line: record + 1, record, column: column.map(str::to_owned), code, reason, raw }
}

fn unit(part: Option<&str>) -> UnitRecord {
    UnitRecord {
        unit: WorkUnit { source: source(), municipality: municipality("0751"), period: period("2024-05") },
        dataset: DatasetId::new("finance_postings").expect("an id"),
        delivery: delivery("a").id,
        reading: Fingerprint::of(b"definitions"),
        rows: part.map_or(0, |_| 3),
        part: part.map(str::to_owned),
    }
}

#[test]
fn a_publication_that_is_dropped_leaves_nothing() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut publication = crate::fixtures::begin(&mut store);
    publication.record_delivery(&accepted("a")).expect("a delivery");
    publication.reject(&delivery("a").id, &[rejected(2, Code::NUMBER_INVALID, None)]).expect("a row");
    publication.areas(&areas()).expect("areas");
    assert_eq!(publication.read().deliveries().expect("its own writes").len(), 1);
    drop(publication);
    for table in ["run", "delivery", "delivery_skip", "rejected_row", "area"] {
        assert_eq!(number(folder.path(), &format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[test]
fn a_reader_sees_all_of_a_run_or_nothing() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut reader = Store::open_read_only(folder.path()).expect("a reader");
    let mut publication = crate::fixtures::begin(&mut store);
    publication.record_delivery(&accepted("a")).expect("a delivery");
    let before = reader.read().expect("a snapshot");
    publication.record_unit(&unit(Some("canonical/x.parquet"))).expect("a unit");
    publication.finish(&crate::fixtures::end()).expect("a commit");
    assert!(before.units().expect("a query").is_empty(), "a snapshot stays as it was");
    assert!(before.deliveries().expect("a query").is_empty());
    drop(before);
    let after = reader.read().expect("a snapshot");
    assert_eq!(after.units().expect("a query"), [unit(Some("canonical/x.parquet"))]);
    assert_eq!(after.deliveries().expect("a query").len(), 1);
}

#[test]
fn the_books_balance_or_nothing_is_stored() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut record = accepted("a");
    record.tally.accepted = 4;
    let mut publication = crate::fixtures::begin(&mut store);
    let error = publication.record_delivery(&record).expect_err("five is not six");
    assert_eq!(error.code(), Code::INTERNAL);
    drop(publication);
    publish(&mut store, |publication| publication.record_delivery(&accepted("a")).expect("a delivery"));
    let connection = Connection::open(folder.path().join(musketer_loader::DATABASE)).expect("a connection");
    for change in ["rows_read = 6", "rows_rejected = 0", "state = 'refused'"] {
        let result = connection.execute(&format!("UPDATE delivery SET {change}"), []);
        assert!(result.is_err_and(|error| error.to_string().contains("CHECK")), "{change}");
    }
}

#[test]
fn a_delivery_comes_back_as_it_was_recorded() {
    let folder = folder();
    let mut store = open(folder.path());
    let notice = Notice {
        code: Code::NO_FINAL_LINE_END,
        message: "the last line has no line end".to_owned(),
        rows: 1,
        first_line: Some(5),
    };
    let first = musketer_loader::DeliveryRecord { notices: vec![notice], ..accepted("a") };
    let refusal = Refusal::new(Code::CONTROL_MISMATCH, "4 rows, but the trailer says 5")
        .at_line(6)
        .in_column("antal")
        .with_help("ask for it again");
    let second = musketer_loader::DeliveryRecord {
        state: DeliveryState::Refused(refusal),
        tally: RowTally::default(),
        ..accepted("b")
    };
    publish(&mut store, |publication| {
        publication.record_delivery(&second).expect("a delivery");
        publication.record_delivery(&first).expect("a delivery");
    });
    let entries = store.read().expect("a snapshot").deliveries().expect("deliveries");
    assert_eq!(entries.iter().map(|entry| &entry.record).collect::<Vec<_>>(), [&second, &first]);
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_delivery_that_is_read_again_keeps_its_place() {
    let folder = folder();
    let mut store = open(folder.path());
    publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        publication.record_delivery(&accepted("b")).expect("a delivery");
        publication.reject(&delivery("a").id, &[rejected(2, Code::NUMBER_INVALID, Some("Beløb"))]).expect("a row");
    });
    let mut again = accepted("a");
    again.tally = RowTally { read: 5, accepted: 5, ..RowTally::default() };
    let receipt = publish(&mut store, |publication| {
        publication.clear_delivery(&delivery("a").id).expect("cleared");
        publication.record_delivery(&again).expect("a delivery");
    });
    assert_eq!((receipt.deliveries_new, receipt.deliveries_accepted, receipt.rows_accepted), (0, 1, 5));
    let snapshot = store.read().expect("a snapshot");
    let entry = snapshot.deliveries().expect("deliveries").swap_remove(0);
    assert_eq!((entry.sequence, entry.received_run, entry.processed_run), (1, RunNumber(1), Some(RunNumber(2))));
    assert_eq!(entry.record, again);
    assert!(snapshot.rejects(&RejectFilter::default(), 10).expect("rejects").is_empty());
}

#[test]
fn a_delivery_that_never_was_read_has_no_reading() {
    let folder = folder();
    let mut store = open(folder.path());
    let late = musketer_loader::DeliveryRecord {
        state: DeliveryState::Superseded,
        reading: None,
        tally: RowTally::default(),
        ..accepted("a")
    };
    let receipt = publish(&mut store, |publication| publication.record_delivery(&late).expect("a delivery"));
    assert_eq!((receipt.deliveries_new, receipt.deliveries_accepted), (1, 0));
    let entries = store.read().expect("a snapshot").deliveries().expect("deliveries");
    assert_eq!((&entries[0].record, entries[0].processed_run), (&late, None));
}

#[test]
fn the_receipt_counts_what_the_run_did() {
    let folder = folder();
    let mut store = open(folder.path());
    let receipt = publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        publication.record_unit(&unit(None)).expect("a unit");
    });
    let counted = (receipt.rows_read, receipt.rows_accepted, receipt.rows_rejected, receipt.rows_skipped);
    assert_eq!((counted, receipt.units, receipt.deliveries_new), ((5, 3, 1, 1), 1, 1));
    let snapshot = store.read().expect("a snapshot");
    assert_eq!(snapshot.runs(5).expect("runs"), [receipt]);
}

#[test]
fn rows_of_a_delivery_that_was_not_recorded_are_refused_at_the_end() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut publication = crate::fixtures::begin(&mut store);
    let row = rejected(2, Code::NUMBER_INVALID, None);
    publication.reject(&delivery("a").id, std::slice::from_ref(&row)).expect("rows may come first");
    let error = publication.reject(&delivery("a").id, std::slice::from_ref(&row)).expect_err("not twice");
    assert_eq!(error.code(), Code::INTERNAL);
    let error = publication.finish(&crate::fixtures::end()).expect_err("there is no such delivery");
    assert_eq!(error.code(), Code::INTERNAL);
    assert_eq!(number(folder.path(), "SELECT count(*) FROM run"), 0);
}

#[test]
fn rejected_rows_are_listed_and_counted() {
    let folder = folder();
    let mut store = open(folder.path());
    let (amount, code) = (Code::NUMBER_INVALID, Code::CODE_UNKNOWN);
    publish(&mut store, |publication| {
        for content in ["a", "b", "c"] {
            let delivery = delivery(content).id;
            let rows =
                [rejected(9, amount, Some("Beløb")), rejected(3, code, Some("Funktion")), rejected(4, amount, None)];
            publication.reject(&delivery, &rows[..2]).expect("rows");
            publication.reject(&delivery, &rows[2..]).expect("rows");
            publication.record_delivery(&accepted(content)).expect("a delivery");
        }
        publication.set_delivery_state(&delivery("c").id, &DeliveryState::Superseded).expect("superseded");
    });
    let snapshot = store.read().expect("a snapshot");
    let all = RejectFilter::default();
    let places = |filter: &RejectFilter, limit| {
        let rows = snapshot.rejects(filter, limit).expect("rejects");
        rows.iter().map(|entry| (entry.delivery == delivery("a").id, entry.row.record)).collect::<Vec<_>>()
    };
    assert_eq!(places(&all, 4), [(true, 3), (true, 4), (true, 9), (false, 3)]);
    assert_eq!(places(&RejectFilter { superseded: true, ..RejectFilter::default() }, 100).len(), 9);
    assert_eq!(places(&RejectFilter { code: Some(code), ..RejectFilter::default() }, 100), [(true, 3), (false, 3)]);
    let elsewhere = RejectFilter { municipality: Some(municipality("0101")), ..RejectFilter::default() };
    assert!(places(&elsewhere, 100).is_empty());
    let first = &snapshot.rejects(&all, 1).expect("rejects")[0];
    assert_eq!(first.row, rejected(3, code, Some("Funktion")));
    let counts = snapshot.reject_counts(&all).expect("counts");
    let counts: Vec<_> =
        counts.iter().map(|count| (count.code, count.column.as_deref(), count.rows, count.deliveries)).collect();
    assert_eq!(counts, [(amount, None, 2, 2), (amount, Some("Beløb"), 2, 2), (code, Some("Funktion"), 2, 2)]);
}

#[test]
fn of_a_delivery_that_is_read_again_it_is_known_which_rows_passed() {
    let folder = folder();
    let mut store = open(folder.path());
    let (amount, code) = (Code::NUMBER_INVALID, Code::CODE_UNKNOWN);
    let id = delivery("a").id;
    let table = || {
        let sql =
            "SELECT group_concat(record || ' ' || code || ' ' || status || ' ' || coalesce(replayed_run, '-'), ', ')
            FROM (SELECT * FROM rejected_row ORDER BY record)";
        texts(folder.path(), sql).concat()
    };
    let mut read = |rows: &[RejectedRow], waived: Option<u64>| {
        let mut passed = 0;
        publish(&mut store, |publication| {
            publication.set_rejects_aside(&id).expect("set aside");
            publication.reject(&id, rows).expect("rows");
            passed = publication.settle_rejects(&id).expect("settled");
            if let Some(record) = waived {
                assert!(publication.set_waived(&id, record, true).expect("waived"));
                assert!(!publication.set_waived(&id, 77, true).expect("it is not rejected"));
            }
            publication.record_delivery(&accepted("a")).expect("a delivery");
        });
        passed
    };
    assert_eq!(read(&[rejected(3, code, None), rejected(4, code, None), rejected(9, amount, None)], Some(9)), 0);
    assert_eq!(table(), "3 M5106 open -, 4 M5106 open -, 9 M5102 waived -");
    // One passes, one fails for another reason, one as before: that it is waived is decided by whoever reads it.
    assert_eq!(read(&[rejected(4, amount, None), rejected(9, amount, None)], None), 1);
    assert_eq!(table(), "3 M5106 replayed 2, 4 M5102 open -, 9 M5102 open -");
    // What had passed fails again, and nothing says any more that it passed.
    assert_eq!(read(&[rejected(3, amount, None)], None), 2);
    assert_eq!(table(), "3 M5102 open -, 4 M5102 replayed 3, 9 M5102 replayed 3");
    publish(&mut store, |publication| {
        publication.set_rejects_aside(&id).expect("set aside");
        publication.reject(&id, &[rejected(5, amount, None)]).expect("a row");
        publication.clear_delivery(&id).expect("cleared");
    });
    assert_eq!(table(), "4 M5102 replayed 3, 9 M5102 replayed 3", "a delivery that is refused has no rejected rows");
    let snapshot = store.read().expect("a snapshot");
    assert!(snapshot.waived_records().expect("records").is_empty());
    let open = RejectFilter { status: Some(RejectStatus::Open), ..RejectFilter::default() };
    assert!(snapshot.rejected_records(&open).expect("records").is_empty());
    let one = RejectFilter { record: Some(9), delivery: Some(id.clone()), ..RejectFilter::default() };
    assert_eq!(snapshot.rejected_records(&one).expect("records"), [(id.clone(), 9)]);
}

#[test]
fn an_unchanged_file_is_known_by_its_stamp_alone() {
    let folder = folder();
    let mut store = open(folder.path());
    let path = "opus_finance/0751/610101-1234.csv";
    let Delivery { id, content, .. } = delivery("a");
    publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        let seen = SeenFile {
            path: path.to_owned(),
            source: source(),
            bytes: 7,
            modified_nanoseconds: i128::from(i64::MAX) + 5,
            inode: u64::MAX,
            content,
            delivery: id.clone(),
        };
        publication.record_seen_file(&seen).expect("a file");
    });
    let files = store.read().expect("a snapshot").seen_files().expect("files");
    let time = i128::from(i64::MAX) + 5;
    assert_eq!(files.unchanged(path, 7, time, u64::MAX).map(|seen| &seen.delivery), Some(&id));
    for (path, bytes, time, inode) in
        [(path, 8, time, u64::MAX), (path, 7, 1, u64::MAX), (path, 7, time, 1), ("other", 7, time, u64::MAX)]
    {
        assert!(files.unchanged(path, bytes, time, inode).is_none());
    }
    assert_eq!(texts(folder.path(), "SELECT path FROM seen_file"), ["opus_finance/0751/[redacted].csv"]);
}

#[test]
fn units_replace_each_other_and_go() {
    let folder = folder();
    let mut store = open(folder.path());
    publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        publication.record_unit(&unit(Some("canonical/x.parquet"))).expect("a unit");
        publication.record_unit(&unit(None)).expect("a unit");
    });
    assert_eq!(store.read().expect("a snapshot").units().expect("units"), [unit(None)]);
    publish(&mut store, |publication| publication.remove_unit(&unit(None).unit).expect("removed"));
    assert!(store.read().expect("a snapshot").units().expect("units").is_empty());
}

#[test]
fn the_balance_shows_what_can_be_looked_at() {
    let folder = folder();
    let mut store = open(folder.path());
    publish(&mut store, |publication| {
        publication.record_delivery(&accepted("a")).expect("a delivery");
        publication.record_unit(&unit(Some("canonical/x.parquet"))).expect("a unit");
        let twice = [rejected(2, Code::NUMBER_INVALID, Some("Beløb")), rejected(2, Code::NUMBER_INVALID, Some("Dato"))];
        publication.reject(&delivery("a").id, &twice).expect("two reasons for one row");
    });
    let balance = "SELECT rows_read || '=' || rows_accepted || '+' || rows_rejected || '+' || rows_skipped || ' '
        || rejected_rows_kept || ' ' || skipped_rows_by_rule || ' ' || rows_in_units FROM delivery_balance";
    assert_eq!(texts(folder.path(), balance), ["5=3+1+1 1 1 3"]);
}

#[test]
fn a_definition_is_kept_once_with_its_first_run() {
    let folder = folder();
    let mut store = open(folder.path());
    let mut catalogue = Catalogue::default();
    for (version, canonical) in [(1, "first"), (1, "first"), (1, "second"), (2, "second")] {
        let indicator = crate::fixtures::indicator(version, canonical);
        catalogue.indicators.insert(indicator.id.clone(), indicator.into());
        publish(&mut store, |publication| publication.record_definitions(&catalogue).expect("definitions"));
    }
    let kept = "SELECT kind || ' ' || id || ' ' || version || ' ' || canonical || ' ' || first_run
        FROM definition ORDER BY first_run";
    let known = ["cost_per_pupil 1 first 1", "cost_per_pupil 1 second 3", "cost_per_pupil 2 second 4"];
    assert_eq!(texts(folder.path(), kept), known.map(|text| format!("indicator {text}")));
}
