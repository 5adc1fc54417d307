//! Whole rows through the harmoniser: what is accepted, what is rejected for which reason, and what never shows.

use std::sync::Arc;

use model::{
    BrokenRow, Check, Code, ColumnData, Comparison, ControlField, ControlPlace, ControlRecord, ControlStatement,
    Encoding, Expr, FieldIndex, FieldMapping, NumberFormat, Origin, Parse, RecordBatch, Severity, SignColumn, Source,
    Text,
};
use proptest::prelude::*;

use super::*;
use crate::fixture::*;

fn read_postings(lines: &[&str]) -> Outcome {
    let dataset = postings();
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    read(&postings_source(&dataset), &dataset, &scope(Some("0101"), Some("2024")), POSTINGS_HEADER, &[raw(&lines)])
}

const GOOD: &str = "101;202405;1234;5302611000100011;1.234,56-;Løn maj;J";

#[test]
fn a_posting_becomes_a_canonical_row() {
    let outcome =
        read_postings(&[GOOD, " Århus ;202405;1;5302611000100011;1;;", "0101;202412;00000002;5302611;0,5; x ;N"]);
    assert_eq!(outcome.codes(), [(3, "M5201".to_owned())]);
    let batch = &outcome.accepted;
    assert_eq!((batch.len(), batch.line.as_slice(), batch.record.as_slice()), (2, &[2, 4][..], &[2, 4][..]));
    assert_eq!(batch.columns[0].data, ColumnData::Code(vec![0, 0]));
    let day = |text: &str| model::Date::parse_iso(text).expect(text).days();
    assert_eq!(batch.columns[1].data, ColumnData::Date(vec![day("2024-05-01"), day("2024-12-01")]));
    assert_eq!(texts_of(batch, 2), ["00001234", "00000002"]);
    assert_eq!(batch.columns[3].data, ColumnData::Code(vec![1, 1]));
    assert_eq!(batch.columns[4].data, ColumnData::Number(vec![-123_456, 50]));
    assert_eq!(texts_of(batch, 5), ["Løn maj", "x"]);
    assert_eq!(batch.columns[6].data, ColumnData::Boolean(vec![true, false]));
    let closed = outcome.closed();
    assert_eq!((closed.accepted, closed.rejected, closed.notices.len()), (2, 1, 0));
}

fn texts_of(batch: &RecordBatch, column: usize) -> Vec<&str> {
    match &batch.columns[column].data {
        ColumnData::Text(texts) => texts.iter().collect(),
        other => panic!("no texts: {other:?}"),
    }
}

/// Replaces one cell of the good row.
fn with(column: usize, cell: &str) -> String {
    let mut cells: Vec<&str> = GOOD.split(';').collect();
    cells[column] = cell;
    cells.join(";")
}

#[test]
fn a_bad_cell_rejects_its_row_with_column_code_and_value() {
    let cases = [
        (0, "9999", "M5106", "Kommune", "`9999` is not in the code list `municipality`"),
        (0, "", "M5101", "Kommune", "the field `municipality` is required and has no value"),
        (0, "400", "M5106", "Kommune", "`400` is not in the code list `municipality`"),
        (1, "202413", "M5105", "Periode", "`202413` is no month written `yyyymm`"),
        (1, "maj", "M5105", "Periode", "`maj` is no month written `yyyymm`"),
        (2, "123456789", "M5109", "Bilag", "`123456789` does not match the field's pattern"),
        (3, "99999999", "M5106", "Konto", "`99999999` is not in the code list `account_function`"),
        (3, "530", "M5106", "Konto", "`530` ends before the characters that the field is made of"),
        (4, "3,885", "M5104", "Beløb", "`3,885` has three decimals, which could be a group of thousands"),
        (4, "#REF!", "M5102", "Beløb", "`#REF!` is no number"),
        (4, "99999999999999,99", "M5103", "Beløb", "`99999999999999,99` has more digits than the field holds"),
        (4, "1000000,01", "M5110", "Beløb", "`1000000,01` is more than 1000000.00, the largest value of the field"),
        (4, "1000000,01-", "M5110", "Beløb", "`1000000,01-` is less than -1000000.00, the smallest value of the field"),
        (4, "  ", "M5101", "Beløb", "the field `amount` is required and has no value"),
        (6, "j", "M5108", "Afsluttet", "`j` is none of the declared words for true and false"),
    ];
    for (column, cell, code, name, reason) in cases {
        let outcome = read_postings(&[GOOD, &with(column, cell), GOOD]);
        let [row] = outcome.rejected.as_slice() else { panic!("{cell}: {:?}", outcome.rejected) };
        assert_eq!((row.line, row.code.to_string().as_str(), row.column.as_deref()), (3, code, Some(name)), "{cell}");
        assert_eq!(row.reason, reason);
        assert_eq!(row.raw.as_deref(), Some(with(column, cell).as_str()));
        assert_eq!(outcome.accepted.line, [2, 4]);
    }
}

#[test]
fn the_first_failing_field_is_the_reason() {
    let mut cells: Vec<&str> = "9999;202413;1;x;y;z;q".split(';').collect();
    let expected = ["M5106", "M5105", "M5106", "M5102", "M5108"];
    let mends = [(0, "0101"), (1, "202405"), (3, "5302611"), (4, "1")];
    for (at, code) in expected.into_iter().enumerate() {
        let outcome = read_postings(&[&cells.join(";")]);
        assert_eq!(outcome.codes(), [(2, code.to_owned())], "{cells:?}");
        if let Some((column, cell)) = mends.get(at) {
            cells[*column] = cell;
        }
    }
}

#[test]
fn codes_hold_at_the_rows_own_date() {
    let dataset = postings();
    let source = postings_source(&dataset);
    let lines = ["0101;202412;1;5323011;1;;", "0101;202501;2;5323011;1;;", "0101;x;3;5323011;1;;"];
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let outcome = read(&source, &dataset, &scope(Some("0101"), None), POSTINGS_HEADER, &[raw(&lines)]);
    assert_eq!(outcome.codes(), [(3, "M5107".to_owned()), (4, "M5105".to_owned())]);
    assert!(outcome.rejected[0].reason.ends_with("which is not valid on 2025-01-01"), "{:?}", outcome.rejected[0]);
}

#[test]
fn rows_of_others_and_of_other_times_are_rejected() {
    let outcome = read_postings(&[GOOD, &with(0, "Århus"), &with(1, "202501"), &with(1, "202312")]);
    let codes: Vec<String> = outcome.codes().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["M5201", "M5202", "M5202"]);
    assert_eq!(outcome.rejected[0].reason, "the row is about the municipality 0751, the delivery about 0101");
    assert!(outcome.rejected[1].reason.contains("2025-01-01"));
}

#[test]
fn a_file_about_somebody_else_is_refused() {
    let outcome = read_postings(&[&with(0, "0751"), &with(0, "0751"), &with(0, "oops")]);
    assert_eq!(outcome.closed.map(|_| ()).map_err(|refusal| refusal.code), Err(Code::TENANT_FOREIGN));
}

#[test]
fn text_that_cannot_be_decoded_names_its_column() {
    let dataset = postings();
    let mut source = postings_source(&dataset);
    for (encoding, good, bad) in
        [(Encoding::Utf8, "Løn".as_bytes(), b"L\xF8n".as_slice()), (Encoding::Windows1252, b"L\xF8n", b"L\x81n")]
    {
        set_encoding(&mut source, encoding);
        let line = |text: &[u8]| [b"0101;202405;1;5302611;1;", text, b";"].concat();
        let (good, bad) = (line(good), line(bad));
        let batch = raw(&[good.as_slice(), bad.as_slice()]);
        let outcome = read(&source, &dataset, &scope(Some("0101"), None), POSTINGS_HEADER, &[batch]);
        assert_eq!(outcome.codes(), [(3, "M5006".to_owned())]);
        assert_eq!(outcome.rejected[0].column.as_deref(), Some("Tekst"));
        assert_eq!(texts_of(&outcome.accepted, 5), ["Løn"]);
    }
}

#[test]
fn broken_rows_are_rejected_in_the_order_of_the_file() {
    let dataset = postings();
    let bad = with(4, "x");
    let mut batch = raw(&[GOOD.as_bytes(), bad.as_bytes()]);
    let reason = "the row has 3 cells, the header 7".to_owned();
    let broken = BrokenRow {
        line: 1,
        lines: 1,
        record: 1,
        code: Code::ROW_SHORT,
        reason: reason.clone(),
        raw: b"a;710190-1234;b".to_vec(),
    };
    batch.broken = vec![broken.clone(), BrokenRow { line: 9, record: 9, ..broken }];
    let outcome = read(&postings_source(&dataset), &dataset, &scope(Some("0101"), None), POSTINGS_HEADER, &[batch]);
    assert_eq!(outcome.codes(), [(1, "M5001".to_owned()), (3, "M5102".to_owned()), (9, "M5001".to_owned())]);
    assert_eq!(outcome.rejected[0].raw.as_deref(), Some("a;[redacted];b"));
    assert_eq!(outcome.rejected[0].reason, reason);
    assert_eq!((outcome.closed().accepted, outcome.closed().rejected), (1, 3));
}

#[test]
fn free_text_is_masked_and_said() {
    let outcome = read_postings(&[GOOD, &with(5, "for 710190-1234"), &with(5, "7101901234, 710290 4321")]);
    assert_eq!(texts_of(&outcome.accepted, 5), ["Løn maj", "for [redacted]", "[redacted], [redacted]"]);
    let notices = &outcome.closed().notices;
    assert_eq!(
        (notices.len(), notices[0].code, notices[0].rows, notices[0].first_line),
        (1, Code::TEXT_MASKED, 2, Some(3))
    );
}

#[test]
fn text_of_another_encoding_is_loaded_and_said() {
    let outcome = read_postings(&[GOOD, &with(5, "RÃ¥dhus"), &with(5, "Rådhus"), &with(5, "LÃ¸n"), &with(4, "x")]);
    assert_eq!(texts_of(&outcome.accepted, 5), ["Løn maj", "RÃ¥dhus", "Rådhus", "LÃ¸n"]);
    let found: Vec<_> =
        outcome.closed().notices.iter().map(|notice| (notice.code, notice.rows, notice.first_line)).collect();
    assert_eq!(found, [(Code::ENC_MOJIBAKE, 2, Some(3))]);
}

#[test]
fn a_column_that_mostly_contradicts_its_declaration_refuses_the_delivery() {
    let rows = |ambiguous: usize, sound: usize| {
        let amounts = [vec!["3,885"; ambiguous], vec!["3.885,00"; sound], vec![""; 50]].concat();
        let rows: Vec<String> = amounts.into_iter().map(|amount| with(4, amount)).collect();
        let outcome = read_postings(&rows.iter().map(String::as_str).collect::<Vec<_>>());
        outcome.closed.map(|closed| closed.accepted).map_err(|refusal| (refusal.code, refusal.line, refusal.column))
    };
    let refused = Err((Code::NUMBER_AMBIGUOUS, Some(2), Some("Beløb".to_owned())));
    assert_eq!(rows(21, 20), refused);
    assert_eq!(rows(20, 20), Ok(20));
    assert_eq!(rows(19, 0), Ok(0), "single bad cells");
}

#[test]
fn signs_may_stand_in_their_own_column() {
    let dataset = postings();
    let mut source = postings_source(&dataset);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let sign = SignColumn { column: "Tekst".to_owned(), positive: words(&["+", "D"]), negative: words(&["-", "K"]) };
    source.fields[4].parse = Parse::Number(NumberFormat { negative: Vec::new(), sign: Some(sign), ..danish_numbers() });
    let lines = [
        with(4, "2,00").replace("Løn maj", " + "),
        with(4, "2,00").replace("Løn maj", "K"),
        with(4, "2,00"),
        with(4, "2,00-"),
    ];
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let outcome = read(&source, &dataset, &scope(Some("0101"), None), POSTINGS_HEADER, &[raw(&lines)]);
    assert_eq!(outcome.accepted.columns[4].data, ColumnData::Number(vec![200, -200]));
    assert_eq!(outcome.codes(), [(4, "M5112".to_owned()), (5, "M5102".to_owned())]);
}

#[test]
fn constants_and_the_delivery_fill_fields() {
    let dataset = postings();
    let mut source = postings_source(&dataset);
    source.fields[0].origin = Origin::DeliveryMunicipality;
    source.fields[1].origin = Origin::DeliveryPeriod;
    source.fields[3] = FieldMapping {
        origin: Origin::Constant("53026".to_owned()),
        ..column(3, "", Parse::Code(list_id("account_function")))
    };
    source.fields.remove(6);
    let outcome = read(
        &source,
        &dataset,
        &scope(Some("0751"), Some("2024-03")),
        "Bilag;Beløb;Tekst",
        &[raw(&[b"1;5,00;x", b"2;x;y"])],
    );
    assert_eq!(outcome.codes(), [(3, "M5102".to_owned())]);
    let day = model::Date::parse_iso("2024-03-01").expect("a day").days();
    assert_eq!(outcome.accepted.columns[0].data, ColumnData::Code(vec![2]));
    assert_eq!(outcome.accepted.columns[1].data, ColumnData::Date(vec![day]));
    assert_eq!(outcome.accepted.columns[3].data, ColumnData::Code(vec![1]));
    assert_eq!(outcome.accepted.columns[6].valid, [false]);
}

fn bind(source: &Source, header_line: &str) -> Result<Vec<Notice>, Refusal> {
    let dataset = postings();
    let scope = scope(Some("0101"), None);
    Harmoniser::new(source, &dataset, &codelists(), &scope, &header(header_line), None)
        .map(|harmoniser| harmoniser.notices)
}

#[test]
fn columns_are_found_by_name_alone() {
    let source = postings_source(&postings());
    assert_eq!(bind(&source, "Afsluttet;Tekst;Beløb;Konto;Bilag;Periode;Kommune"), Ok(Vec::new()));
    assert_eq!(
        bind(&source, "Kommune;Periode;Bilag;Konto;Belo\u{308}b;Tekst;Afsluttet").map_err(|r| r.code),
        Err(Code::COLUMN_MISSING)
    );
    let missing = bind(&source, "Kommune;Periode;Bilag;Konto;Beloeb;Text;Afsluttet").expect_err("two are missing");
    assert_eq!(missing.code, Code::COLUMN_MISSING);
    assert!(
        missing.message.starts_with("the columns `Beløb`, `Tekst` are not in the header, which has `Kommune`, "),
        "{}",
        missing.message
    );
    assert!(missing.help.as_deref().is_some_and(|help| help.contains("`Beloeb` for `Beløb`")), "{:?}", missing.help);
    let joined = bind(&source, "Kommune,Periode,Bilag").expect_err("another separator");
    assert!(joined.help.as_deref().is_some_and(|help| help.contains("separator")), "{joined:?}");
    let hidden =
        bind(&source, "Kommune;Periode;Bilag;Konto;Beløb;Te\u{200b}kst;Afsluttet").expect_err("a hidden character");
    assert!(hidden.message.contains("`Te\\u{200b}kst`") && hidden.help.is_some_and(|help| help.contains("U+200B")));
}

#[test]
fn columns_twice_or_too_many() {
    let source = postings_source(&postings());
    let twice = bind(&source, &format!("{POSTINGS_HEADER};Beløb")).expect_err("twice");
    assert_eq!((twice.code, twice.column.as_deref()), (Code::COLUMN_DUPLICATE, Some("Beløb")));
    let extra = bind(&source, &format!("{POSTINGS_HEADER};Ny;Ny;710190-1234;")).expect("more than needed");
    assert_eq!((extra.len(), extra[0].code), (1, Code::COLUMN_EXTRA));
    assert_eq!(extra[0].message, "columns that the source does not use: `Ny`, `Ny`, `[redacted]`");
    let mut renamed = source.clone();
    renamed.fields[4].origin = Origin::Column { names: vec!["Amount".to_owned(), "Beløb".to_owned()] };
    assert_eq!(bind(&renamed, POSTINGS_HEADER), Ok(Vec::new()), "a declared alias");
}

#[test]
fn persons_need_a_key_and_deliveries_a_known_municipality() {
    let dataset = absence();
    let source = absence_source(&dataset);
    let lists = codelists();
    let refused = |scope, keys| {
        let made = Harmoniser::new(&source, &dataset, &lists, &scope, &header(ABSENCE_HEADER), keys);
        made.map(|_| ()).map_err(|refusal| refusal.code)
    };
    let keys = PersonKeys::new(b"k");
    assert_eq!(refused(scope(Some("0101"), None), None), Err(Code::KEY_MISSING));
    assert_eq!(refused(scope(Some("0999"), None), Some(&keys)), Err(Code::MUNICIPALITY_UNKNOWN));
    assert_eq!(refused(scope(None, None), Some(&keys)), Err(Code::MUNICIPALITY_UNKNOWN));
    assert_eq!(refused(scope(Some("0101"), None), Some(&keys)), Ok(()));
}

fn read_absence(lines: &[&str]) -> Outcome {
    let dataset = absence();
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    read(&absence_source(&dataset), &dataset, &scope(Some("0101"), None), ABSENCE_HEADER, &[raw(&lines)])
}

#[test]
fn persons_become_pseudonyms_with_a_class() {
    let outcome = read_absence(&[
        "710190-1234;05.2024;140,50;7,40;",
        "7101901234;06.2024;140,50;7,40;",
        "902990000;05.2024;140,50;7,40;",
        "710190-123;05.2024;140,50;7,40;",
        ";05.2024;140,50;7,40;",
        "610190-1234;05.2024;7,40;140,50;",
    ]);
    assert_eq!(outcome.codes(), [(5, "M5111".to_owned()), (6, "M5101".to_owned()), (7, "M5203".to_owned())]);
    assert_eq!(outcome.rejected[0].reason, "the cell is no personal identification number; it is not shown");
    assert_eq!(outcome.rejected[2].reason, "the row breaks the rule `hours`: no more absence than possible hours");
    assert!(outcome.rejected.iter().all(|row| row.raw.is_none()));
    let pseudonyms = texts_of(&outcome.accepted, 2);
    assert!(pseudonyms[0] == pseudonyms[1] && pseudonyms[0] != pseudonyms[2] && pseudonyms[0].len() == 32);
    assert_eq!(texts_of(&outcome.accepted, 6), ["replacement", "replacement", "real_repaired"]);
    let notices: Vec<(Code, u64, Option<u64>)> =
        outcome.closed().notices.iter().map(|notice| (notice.code, notice.rows, notice.first_line)).collect();
    assert_eq!(notices, [(Code::PERSON_REPAIRED, 1, Some(4)), (Code::PERSON_REPLACEMENT, 2, Some(2))]);
}

#[test]
fn without_a_delivery_municipality_the_rows_own_keeps_the_key() {
    let dataset = absence();
    let mut source = absence_source(&dataset);
    source.fields[0] = column(0, "Kommune", Parse::Code(list_id("municipality")));
    let lines: [&[u8]; 4] = [
        b"0101;7101901234;05.2024;1,00;0,00;",
        b"751;7101901234;05.2024;1,00;0,00;",
        b"?;7101901234;05.2024;1,00;0,00;",
        b"101;7101901234;05.2024;1,00;0,00;",
    ];
    let header_line = format!("Kommune;{ABSENCE_HEADER}");
    let outcome = read(&source, &dataset, &scope(None, None), &header_line, &[raw(&lines)]);
    assert_eq!(outcome.codes(), [(4, "M5106".to_owned())]);
    let rows = texts_of(&outcome.accepted, 2);
    assert!(rows[0] != rows[1] && rows[0] == rows[2]);
    let delivered = read_absence(&["7101901234;05.2024;1,00;0,00;"]);
    assert_eq!(texts_of(&delivered.accepted, 2)[0], rows[0]);
}

/// Numbers of nobody (day plus 60), planted wherever a row has a place for them.
#[test]
fn no_planted_number_comes_out_anywhere() {
    // The last four have no number's form; a free text keeps them, no other place shows them.
    let planted =
        ["7101901234", "710190-1234", "710190 1234", "71019012345", "710190-12345", "710190-123X", "99710190-1234"];
    let mut lines = Vec::new();
    for (at, number) in planted.into_iter().enumerate() {
        for column in 0..if at < 3 { 5 } else { 4 } {
            let mut cells = ["6201880001", "05.2024", "140,50", "7,40", "note"];
            cells[column] = number;
            lines.push(cells.join(";"));
        }
    }
    let outcome = read_absence(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(outcome.accepted.len() > 5 && outcome.rejected.len() > 20, "{:?}", outcome.codes());
    let Outcome { accepted, rejected, closed, debug } = &outcome;
    let everything = format!("{:?} {rejected:?} {closed:?} {debug}", accepted.columns);
    // Not even the parts show; 1234 alone could stand in a pseudonym.
    for secret in ["710190", "901234", "0-1234", "620188", "880001"] {
        assert!(!everything.contains(secret), "{secret} shows in {everything}");
    }
}

#[test]
fn a_rule_may_warn_or_stop() {
    let mut dataset = postings();
    let amount = || Box::new(Expr::Field(FieldIndex(4)));
    let zero = || Box::new(Expr::Number { minor: 0, scale: 2 });
    let mut rule = |condition, severity| {
        dataset.checks = vec![Check {
            id: name("rule"),
            title: Text { da: String::new(), en: "a rule".to_owned() },
            condition,
            severity,
        }];
        let harmoniser = Harmoniser::new(
            &postings_source(&dataset),
            &dataset,
            &codelists(),
            &scope(Some("0101"), None),
            &header(POSTINGS_HEADER),
            None,
        )
        .expect("the columns are there");
        let mut accepted = RecordBatch::new(Arc::clone(harmoniser.schema()));
        let mut rejected = Vec::new();
        let lines = [with(4, "1"), with(4, "0"), with(4, "x")];
        let batch = raw(&lines.iter().map(String::as_bytes).collect::<Vec<_>>());
        let mut hand = harmoniser.hand();
        harmoniser.harmonise(&mut hand, &batch, &mut accepted, &mut rejected)?;
        harmoniser.finish(vec![hand], &[]).map(|closed| (accepted.len(), rejected.len(), closed.notices))
    };
    let positive = || Expr::Compare(Comparison::Greater, amount(), zero());
    let (accepted, rejected, notices) = rule(positive(), Severity::Warning).expect("a warning");
    assert_eq!((accepted, rejected, notices.len()), (2, 1, 1));
    assert_eq!((notices[0].code, notices[0].rows, notices[0].first_line), (Code::CHECK_WARNING, 1, Some(3)));
    assert_eq!(rule(positive(), Severity::Error).map(|(accepted, rejected, _)| (accepted, rejected)), Ok((1, 2)));
    let stopped = rule(positive(), Severity::Fatal).expect_err("a fatal rule");
    assert_eq!((stopped.code, stopped.line), (Code::CHECK_FAILED, Some(3)));
    // Unknown is not false: a missing value breaks no rule.
    let settled = Expr::Not(Box::new(Expr::Compare(
        Comparison::Equal,
        Box::new(Expr::Field(FieldIndex(6))),
        Box::new(Expr::Boolean(true)),
    )));
    assert_eq!(rule(settled, Severity::Error).map(|(accepted, ..)| accepted), Ok(0));
    let missing = Expr::IsNull(Box::new(Expr::Field(FieldIndex(6))));
    assert_eq!(rule(missing, Severity::Error).map(|(accepted, ..)| accepted), Ok(0));
    let listed = Expr::In(FieldIndex(3), texts(&["5.30.26"]));
    let difference = Expr::Compare(
        Comparison::LessOrEqual,
        Box::new(Expr::Subtract(amount(), Box::new(Expr::Negate(zero())))),
        Box::new(Expr::Add(amount(), zero())),
    );
    assert_eq!(rule(Expr::And(vec![listed, difference]), Severity::Error).map(|(accepted, ..)| accepted), Ok(2));
}

fn controlled(lines: &[&str], broken: bool, statements: &[(ControlField, &str)]) -> Result<Harmonised, Refusal> {
    let dataset = postings();
    let mut source = postings_source(&dataset);
    let states = |(field, _): &(ControlField, &str)| (field.clone(), ControlPlace::Cell(0), danish_numbers());
    let record = ControlRecord { starts_with: String::new(), states: statements.iter().map(states).collect() };
    source.control.trailer = Some(record);
    let scope = scope(Some("0101"), Some("2024-05"));
    let harmoniser = Harmoniser::new(&source, &dataset, &codelists(), &scope, &header(POSTINGS_HEADER), None)
        .expect("the columns are there");
    let mut accepted = RecordBatch::new(Arc::clone(harmoniser.schema()));
    let mut batch = raw(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>());
    if broken {
        batch.broken.push(BrokenRow {
            line: 9,
            lines: 1,
            record: 9,
            code: Code::ROW_SHORT,
            reason: String::new(),
            raw: Vec::new(),
        });
    }
    let mut hand = harmoniser.hand();
    harmoniser.harmonise(&mut hand, &batch, &mut accepted, &mut Vec::new())?;
    let found = statements.iter().map(|(field, text)| ControlStatement {
        field: field.clone(),
        text: (*text).to_owned(),
        number: danish_numbers(),
        line: 10,
    });
    harmoniser.finish(vec![hand], &found.collect::<Vec<_>>())
}

#[test]
fn control_records_are_compared_with_the_rows() {
    let sum = || ControlField::Sum(FieldIndex(4));
    let bad_text = with(2, "123456789");
    let lines = [GOOD, bad_text.as_str()];
    // The sum runs over every row whose amount could be read, rejected or not.
    let right = [
        (ControlField::Rows, "2"),
        (sum(), "2.469,12-"),
        (ControlField::Municipality, "101"),
        (ControlField::Period, "202405"),
    ];
    assert_eq!(controlled(&lines, false, &right).map(|closed| closed.notices.len()), Ok(0));
    for (field, text, said) in [
        (ControlField::Rows, "3", "3 rows, but the file has 2"),
        (sum(), "1,00", "1.00 as the sum of `amount`, but the rows give -2469.12"),
        (ControlField::Municipality, "0751", "`0751`, but the delivery is about 0101"),
        (ControlField::Period, "202406", "`202406`, but the delivery is about 2024-05"),
        (ControlField::Rows, "two", "`two`, which is no number"),
    ] {
        let refusal = controlled(&lines, false, &[(field, text)]).expect_err(text);
        assert_eq!((refusal.code, refusal.line), (Code::CONTROL_MISMATCH, Some(10)));
        assert!(refusal.message.contains(said), "{}", refusal.message);
    }
}

#[test]
fn a_sum_with_unread_amounts_is_only_a_notice() {
    let unreadable = with(4, "x");
    let closed = controlled(
        &[GOOD, &unreadable],
        true,
        &[(ControlField::Sum(FieldIndex(4)), "1,00"), (ControlField::Rows, "3")],
    );
    let notices = closed.expect("a notice alone").notices;
    assert_eq!((notices.len(), notices[0].code, notices[0].rows), (1, Code::CONTROL_MISMATCH, 2));
    assert!(notices[0].message.contains("1.00") && notices[0].message.contains("-1234.56"), "{}", notices[0].message);
}

fn any_cell() -> impl Strategy<Value = Vec<u8>> {
    let plausible = prop_oneof![
        Just("0101"),
        Just("Århus"),
        Just("202405"),
        Just("00001234"),
        Just("5302611000100011"),
        Just("1.234,56-"),
        Just("12,5"),
        Just("J"),
        Just(""),
        Just(" "),
        Just("7101901234"),
        Just("710190-1234"),
        Just("05.2024"),
        Just("902990000"),
    ];
    prop_oneof![
        6 => plausible.prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>().prop_filter("no separator", |byte| *byte != b';'), 0..12),
    ]
}

fn any_lines(width: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let good = GOOD.split(';').map(|cell| cell.as_bytes().to_vec()).collect::<Vec<_>>();
    let change = (0..width, any_cell());
    let line = proptest::collection::vec(change, 0..3).prop_map(move |changes| {
        let mut cells = if width == 7 {
            good.clone()
        } else {
            vec![b"7101901234".to_vec(), b"05.2024".to_vec(), b"9,0".to_vec(), b"1".to_vec(), Vec::new()]
        };
        for (at, cell) in changes {
            cells[at] = cell;
        }
        cells.join(&b';')
    });
    proptest::collection::vec(line, 0..20)
}

proptest! {
    #[test]
    fn every_row_is_accepted_or_rejected_however_the_file_is_cut(
        lines in any_lines(7),
        cut in 0usize..20,
        encoding in prop_oneof![Just(Encoding::Utf8), Just(Encoding::Windows1252), Just(Encoding::Cp865)],
    ) {
        let dataset = postings();
        let mut source = postings_source(&dataset);
        source.fields[4].origin = Origin::Column { names: vec!["Belob".to_owned()] };
        set_encoding(&mut source, encoding);
        let header_line = POSTINGS_HEADER.replace("Beløb", "Belob");
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let scope = scope(Some("0101"), None);
        let whole = read(&source, &dataset, &scope, &header_line, &[raw(&lines)]);
        prop_assert_eq!(whole.accepted.len() + whole.rejected.len(), lines.len());
        for column in &whole.accepted.columns {
            prop_assert_eq!(column.len(), whole.accepted.len());
        }
        let (first, second) = lines.split_at(cut.min(lines.len()));
        let batches = [raw(first), raw_from(second, 2 + first.len() as u64)];
        let parts = read(&source, &dataset, &scope, &header_line, &batches);
        prop_assert_eq!(&parts.accepted.columns, &whole.accepted.columns);
        prop_assert_eq!(&parts.accepted.line, &whole.accepted.line);
        prop_assert_eq!(&parts.rejected, &whole.rejected);
        prop_assert_eq!(&parts.closed, &whole.closed);
    }

    #[test]
    fn persons_never_show_whatever_the_row_holds(lines in any_lines(5)) {
        let dataset = absence();
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let outcome = read(&absence_source(&dataset), &dataset, &scope(Some("0101"), None), ABSENCE_HEADER, &[raw(&lines)]);
        prop_assert_eq!(outcome.accepted.len() + outcome.rejected.len(), lines.len());
        let everything = format!("{:?} {:?} {:?} {}", outcome.accepted.columns, outcome.rejected, outcome.closed, outcome.debug);
        for secret in ["7101901234", "710190-1234", "902990000"] {
            prop_assert!(!everything.contains(secret), "{}", everything);
        }
    }
}

/// What a delivery became, however many hands read it.
#[derive(Debug, PartialEq)]
struct Read {
    columns: Vec<model::Column>,
    places: Vec<(u64, u64)>,
    rejected: Vec<RejectedRow>,
    closed: Result<Harmonised, (Code, String)>,
}

/// Reads the batches, each by the hand that is named for it; a refusal is that of the first batch that has one.
fn read_by(plan: Harmoniser, batches: &[(RawBatch, usize)], statements: &[ControlStatement]) -> Read {
    let mut hands: Vec<Hand> = (0..4).map(|_| plan.hand()).collect();
    let mut rejected = Vec::new();
    let mut all = RecordBatch::new(Arc::clone(plan.schema()));
    let mut refused = None;
    for (batch, hand) in batches {
        let mut accepted = RecordBatch::new(Arc::clone(plan.schema()));
        if let Err(refusal) = plan.harmonise(&mut hands[*hand], batch, &mut accepted, &mut rejected) {
            refused = refused.or(Some(refusal));
            continue;
        }
        all.append_range(&accepted, 0..accepted.len());
    }
    if let Some(refusal) = refused {
        let closed = Err((refusal.code, format!("{:?} {}", refusal.line, refusal.message)));
        return Read { columns: Vec::new(), places: Vec::new(), rejected: Vec::new(), closed };
    }
    // In which order the hands are given back must not matter either.
    hands.reverse();
    let closed = plan.finish(hands, statements).map_err(|refusal| (refusal.code, refusal.message));
    Read { places: all.line.iter().copied().zip(all.record).collect(), columns: all.columns, rejected, closed }
}

/// Cuts the lines into batches of the given lengths, again and again.
fn cut(lines: &[&[u8]], cuts: &[(usize, usize)]) -> Vec<(RawBatch, usize)> {
    let mut batches = Vec::new();
    let mut at = 0;
    for (length, hand) in cuts.iter().cycle() {
        if at >= lines.len() {
            break;
        }
        let end = lines.len().min(at + length);
        batches.push((raw_from(&lines[at..end], 2 + at as u64), *hand));
        at = end;
    }
    batches
}

/// Postings with a rule of each severity, and a stated sum.
fn strict_plan(fatal: i64) -> (Harmoniser, Vec<ControlStatement>) {
    let mut dataset = postings();
    let rule = |id: &str, limit: i64, severity| Check {
        id: name(id),
        title: Text { da: String::new(), en: id.to_owned() },
        condition: Expr::Compare(
            Comparison::LessOrEqual,
            Box::new(Expr::Field(FieldIndex(4))),
            Box::new(Expr::Number { minor: limit, scale: 2 }),
        ),
        severity,
    };
    dataset.checks = vec![
        rule("warned", 1_000, Severity::Warning),
        rule("refused", 5_000, Severity::Error),
        rule("stopped", fatal, Severity::Fatal),
        rule("stopped_too", fatal.saturating_sub(1), Severity::Fatal),
    ];
    let mut source = postings_source(&dataset);
    let sum = ControlField::Sum(FieldIndex(4));
    let states = vec![(sum.clone(), ControlPlace::Cell(0), danish_numbers())];
    source.control.trailer = Some(ControlRecord { starts_with: String::new(), states });
    let statement = ControlStatement { field: sum, text: "12,50".to_owned(), number: danish_numbers(), line: 99 };
    let scope = scope(Some("0101"), Some("2024"));
    let plan = Harmoniser::new(&source, &dataset, &codelists(), &scope, &header(POSTINGS_HEADER), None);
    (plan.expect("the columns are there"), vec![statement])
}

#[test]
fn a_plan_is_shared_and_a_hand_moves_between_threads() {
    fn shared<T: Sync + Send>() {}
    fn moved<T: Send>() {}
    shared::<Harmoniser>();
    moved::<Hand>();
}

#[test]
fn long_batches_are_read_as_short_ones() {
    let kinds = [GOOD.to_owned(), with(4, "12,50"), with(4, "x"), with(5, "7101901234"), with(0, "0751")];
    let lines: Vec<&[u8]> = (0..3000).map(|at| kinds[at * at % 17 % kinds.len()].as_bytes()).collect();
    let read = |cuts: &[(usize, usize)]| {
        let (plan, statements) = strict_plan(i64::MAX);
        read_by(plan, &cut(&lines, cuts), &statements)
    };
    let whole = read(&[(3000, 0)]);
    assert!(whole.places.len() > 1000 && whole.rejected.len() > 500, "{}", whole.places.len());
    assert_eq!(read(&[(7, 0), (1024, 1), (300, 2), (1, 3)]), whole);
}

proptest! {
    #[test]
    fn it_does_not_matter_which_hand_reads_what(
        lines in any_lines(7),
        cuts in proptest::collection::vec((1usize..8, 0usize..4), 1..6),
        fatal in prop_oneof![Just(i64::MAX), Just(1_000)],
    ) {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let read = |cuts: &[(usize, usize)]| {
            let (plan, statements) = strict_plan(fatal);
            read_by(plan, &cut(&lines, cuts), &statements)
        };
        prop_assert_eq!(read(&cuts), read(&[(lines.len().max(1), 0)]));
    }
}
