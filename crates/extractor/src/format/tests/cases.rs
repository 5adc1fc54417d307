//! One test for each way in which a delimited file goes wrong, or looks wrong and is not.

use model::{Encoding, FieldIndex, FieldMapping, Origin, Parse};

use super::*;

#[test]
fn a_plain_file() {
    let said = accepted(&source(), "Kommune;Beløb\n0101;1,00\n0751;2,00\n");
    assert_eq!(said.names, ["Kommune", "Beløb"]);
    assert_eq!(said.cells(), [["0101", "1,00"], ["0751", "2,00"]]);
    assert_eq!(said.rows[1].3, b"0751;2,00");
    assert_eq!((said.lines(), said.rows[1].1), (vec![2, 3], 3));
    assert_eq!(said.summary.skipped, skipped(&[("header", 1)]));
    assert_eq!(said.summary.read, 3);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let said = accepted(&source(), "\u{FEFF}Kommune;Beløb\n0101;1\n");
    assert_eq!(said.names[0], "Kommune");
    assert_eq!(refused(&source(), b"\xFF\xFEK\0;\0").code, Code::ENC_UNEXPECTED);
    let western = with_format(|format| format.encoding = Encoding::Windows1252);
    assert_eq!(refused(&western, "\u{FEFF}Kommune;x\n").code, Code::ENC_UNEXPECTED);
}

#[test]
fn the_header_is_decoded_as_declared() {
    let western = with_format(|format| format.encoding = Encoding::Windows1252);
    assert_eq!(accepted(&western, b"Bel\xF8b;x \n1;2\n").names, ["Beløb", "x"]);
    let refusal = refused(&source(), b"Kommune;Bel\xF8b\n0101;1\n");
    assert_eq!((refusal.code, refusal.line), (Code::ENC_INVALID, Some(1)));
    assert!(refusal.message.contains("0xF8"), "{}", refusal.message);
}

#[test]
fn cells_are_not_decoded() {
    let said = accepted(&source(), b"a;b\n\xF8;\x85\n");
    assert_eq!(said.rows[0].2, [b"\xF8".to_vec(), b"\x85".to_vec()]);
}

#[test]
fn line_ends_may_be_mixed() {
    let said = accepted(&source(), "a;b\r\n1;2\n3;4\r\n5;\"6\"\r\n");
    assert_eq!(said.cells(), [["1", "2"], ["3", "4"], ["5", "6"]]);
    assert_eq!(said.rows[1].3, b"3;4");
}

#[test]
fn lines_may_end_in_carriage_returns_if_all_do() {
    let said = accepted(&source(), "a;b\r1;\"2\"\r\r3;\"x\ry\"\r5;6\r");
    assert_eq!(said.cells(), [["1", "2"], ["3", "x\ry"], ["5", "6"]]);
    assert_eq!(said.lines(), [2, 4, 6]);
    let declared = with_format(|format| format.line_end = LineEnd::CarriageReturn);
    assert_eq!(accepted(&declared, "a;b\r1;\"x\ny\"\r").cells(), [["1", "x\ny"]]);
    assert_eq!(accepted(&declared, "a;b\r1;2").notices(), [Code::NO_FINAL_LINE_END]);
    for (text, line) in [("a;b\n1;2\n", 1), ("a;b\r1;2\r\n3;4\r", 3), ("a;b\r1;\"2\"\n3;4\r", 2)] {
        let refusal = refused(&declared, text);
        assert_eq!((refusal.code, refusal.line), (Code::LINE_ENDS_MIXED, Some(line)), "{text:?}");
    }
    let declared = with_format(|format| format.line_end = LineEnd::LineFeed);
    assert_eq!(refused(&declared, "a;b\r1;2\r").code, Code::LINE_ENDS_MIXED);
    assert_eq!(accepted(&declared, "a;b\n1;2\r\n").cells(), [["1", "2"]]);
}

#[test]
fn a_carriage_return_alone_refuses_the_file() {
    for (text, line) in [("a;b\r1;2\r\n", 1), ("a;b\n1;2\n3;4\r5;6\n", 3), ("a;b\n1;\"2\"\r3;4\n", 2)] {
        let refusal = refused(&source(), text);
        assert_eq!((refusal.code, refusal.line), (Code::LINE_ENDS_MIXED, Some(line)), "{text:?}");
    }
    let said = accepted(&source(), "a;b\n1;\"x\ry\"\n");
    assert_eq!(said.cells(), [["1", "x\ry"]], "inside quotes it is text");
}

#[test]
fn other_separators_of_lines_are_text() {
    let said = accepted(&source(), "a;b\nx\u{2028}y;\u{85}z\u{B}\n");
    assert_eq!(said.cells(), [["x\u{2028}y", "\u{85}z\u{B}"]]);
}

#[test]
fn quoted_cells_hold_anything() {
    let said = accepted(&source(), "a;b\n\"1;\"\"x\"\"\r\n2\";\"\"\n3;\"\"\"\"\n");
    assert_eq!(said.cells(), [["1;\"x\"\r\n2", ""], ["3", "\""]]);
    assert_eq!(said.lines(), [2, 4], "a line break inside quotes counts as a line");
    assert_eq!(said.rows[0].3, b"\"1;\"\"x\"\"\r\n2\";\"\"", "the record stays as it was delivered");
    assert_eq!((said.rows[1].1, said.summary.read), (3, 3), "but not as a record");
}

#[test]
fn quotation_marks_are_text_where_none_are_declared() {
    let unquoted = with_format(|format| format.quote = None);
    let said = accepted(&unquoted, "a;b\n\"1;2\"\n");
    assert_eq!(said.cells(), [["\"1", "2\""]]);
}

#[test]
fn a_stray_quotation_mark_costs_its_line() {
    let said = accepted(&source(), "a;b\n1;x\"y\n2;\"x\"y\n3;ok\n4; \"x\"\n\"5;6\" ;7\n");
    let stray = Code::QUOTE_STRAY;
    assert_eq!(said.faults(), [(2, stray), (3, stray), (5, stray), (6, stray)]);
    assert_eq!(said.cells(), [["3", "ok"]]);
    assert_eq!(said.broken[1].3, b"2;\"x\"y");
}

#[test]
fn an_open_quote_costs_one_line_and_not_the_rest() {
    let said = accepted(&source(), "a;b\n1;\"open\n2;x\n3;y\n");
    assert_eq!(said.faults(), [(2, Code::QUOTE_OPEN)]);
    assert_eq!(
        (said.cells(), said.lines()),
        (vec![vec!["2".to_owned(), "x".into()], vec!["3".into(), "y".into()]], vec![3, 4])
    );
    assert_eq!(said.broken[0].3, b"1;\"open");
}

#[test]
fn an_open_quote_that_a_later_one_closes_costs_one_line() {
    let said = accepted(&source(), "a;b\n1;\"open\n2;x\n3;\"y\"\n4;z\n");
    assert_eq!(said.faults(), [(2, Code::QUOTE_OPEN)]);
    assert_eq!(said.lines(), [3, 4, 5]);
}

#[test]
fn lines_joined_into_a_record_of_another_width_are_rejected() {
    let said = accepted(&source(), "a;b;c\n1;\"open;x\n2;y;z\n3;\";\";w\n");
    let open = Code::QUOTE_OPEN;
    assert_eq!((said.faults(), said.lines()), (vec![(2, open)], vec![3, 4]), "here the first line is a row of its own");
    let said = accepted(&source(), "a;b;c\n1;\"two\nlines\"\n2;y;z\n");
    assert_eq!((said.faults(), said.lines()), (vec![(2, open), (3, open)], vec![4]));
}

#[test]
fn the_tail_of_a_broken_record_is_no_row() {
    let open = Code::QUOTE_OPEN;
    for (text, broken, rows) in [
        // The first line has too few cells for a row, and the second one completes it.
        ("a;b;c\n\"two\n\"; more;\";1\n2;y;z\n", vec![2, 3], vec![4]),
        ("a;b;c\n\"two\nlines;2;x\n3;y;z\n", vec![2, 3], vec![4]),
        ("a;b;c\n\"two\n\"lines\";2;x\n3;y;z\n", vec![2, 3], vec![4]),
        ("a;b;c\n1;\"two\n\nlines\n;x\n3;y;z\n", vec![2, 3, 4, 5], vec![6]),
    ] {
        let said = accepted(&source(), text);
        let expected: Vec<_> = broken.into_iter().map(|line| (line, open)).collect();
        assert_eq!((said.faults(), said.lines()), (expected, rows), "{text}");
    }
    let refusal = refused(&source(), "a;b;c\n1;2;3\n1;\"two\nlines\"");
    assert_eq!((refusal.code, refusal.line), (Code::FILE_CUT, Some(4)), "the tail was cut");
}

#[test]
fn a_byte_order_mark_before_a_row_rejects_it() {
    for encoding in [Encoding::Utf8, Encoding::Windows1252] {
        let joined = with_format(|format| format.encoding = encoding);
        let said =
            accepted(&joined, "a;b\n1;2\n\u{FEFF}3;4\n\u{FEFF}a;b\n5;6\n\u{FEFF}\"7\";8\n\u{FEFF}\n9;\u{FEFF}\n");
        let mark = Code::MARK_INSIDE;
        assert_eq!((said.faults(), said.lines()), (vec![(3, mark), (6, mark), (7, mark)], vec![2, 5, 8]));
        assert_eq!(said.summary.skipped, skipped(&[("header", 1), ("repeated_header", 1)]));
    }
}

#[test]
fn a_quoted_cell_has_at_most_a_hundred_lines() {
    let of_lines = |lines: usize| format!("a;b\n1;\"{}x\"\n2;y\n", "x\n".repeat(lines - 1));
    let said = accepted(&source(), of_lines(100));
    assert_eq!((said.rows.len(), said.broken.len(), said.rows[1].0), (2, 0, 102));
    let said = accepted(&source(), of_lines(101));
    assert_eq!(said.faults()[0], (2, Code::QUOTE_OPEN));
    assert_eq!((said.broken.len(), said.lines()), (101, vec![103]), "every swallowed line is a record of its own");
}

#[test]
fn a_file_that_ends_inside_quotes_was_cut() {
    let refusal = refused(&source(), "a;b\n1;2\n3;\"4");
    assert_eq!((refusal.code, refusal.line), (Code::FILE_CUT, Some(3)));
    for end in ["3;\"4\n", "3;\"4\n\n", "3;\"4\nmore\n", "\"3\n"] {
        let refusal = refused(&source(), format!("a;b\n1;2\n{end}"));
        assert_eq!((refusal.code, refusal.line), (Code::QUOTE_OPEN, Some(3)), "{end}");
    }
    let said = accepted(&source(), "a;b\n1;2\n3;\"4\n5;6\n");
    assert_eq!(
        (said.faults(), said.lines()),
        (vec![(3, Code::QUOTE_OPEN)], vec![2, 4]),
        "a row speaks for a stray mark"
    );
}

#[test]
fn rows_of_another_width() {
    let said = accepted(&source(), "a;b;c\n1;2\n1;2;3\n1;2;3;4\n1,2,3\n");
    let expected = [(2, Code::ROW_SHORT), (4, Code::ROW_LONG), (5, Code::ROW_SHORT)];
    assert_eq!(said.faults(), expected);
    assert_eq!(said.cells(), [["1", "2", "3"]]);
}

#[test]
fn a_closing_separator_on_every_row_is_no_cell() {
    let said = accepted(&source(), "a;b\n1;2; ;\n3;4;;\n");
    assert_eq!(said.cells(), [["1", "2"], ["3", "4"]]);
    let said = accepted(&source(), "a;b\n1\n1;2;\n3;4;x\n5;6\n7;8;\n");
    assert_eq!(said.faults(), [(2, Code::ROW_SHORT), (4, Code::ROW_LONG), (5, Code::ROW_SHORT)]);
    assert_eq!(said.lines(), [3, 6]);
}

#[test]
fn a_closing_separator_on_one_row_is_a_shifted_row() {
    let said = accepted(&source(), "a;b\n1;2;\n3;4\n5;6\n7;8;\n");
    assert_eq!(said.faults(), [(2, Code::ROW_LONG), (5, Code::ROW_LONG)]);
    let said = accepted(&source(), "a;b\n1;2;\n");
    assert_eq!(said.cells(), [["1", "2"]], "every row has it");
}

#[test]
fn blank_lines_are_counted_and_left_out() {
    let said = accepted(&source(), "\n \na;b\n\n;\n\"\";\"\"\n \t\r\n1;\n  ");
    assert_eq!(said.cells(), [["1", ""]]);
    assert_eq!(said.summary.skipped, skipped(&[("blank", 7), ("header", 1)]));
    assert_eq!(said.lines(), [8]);
}

#[test]
fn a_row_that_was_cut_down_to_empty_cells_is_not_blank() {
    let said = accepted(&source(), "a;b;c\n1;2;3\n\"\"\n;\n;;\n\"\";\"\";\"\"\n;;;\n");
    let expected = [(3, Code::ROW_SHORT), (4, Code::ROW_SHORT), (7, Code::ROW_LONG)];
    assert_eq!((said.faults(), said.lines()), (expected.to_vec(), vec![2]));
    assert_eq!(said.summary.skipped, skipped(&[("blank", 2), ("header", 1)]));
    let said = accepted(&source(), "a;b\n1;2;\n;;\n3;4;\n;\n");
    assert_eq!((said.faults(), said.lines()), (vec![(5, Code::ROW_SHORT)], vec![2, 4]));
    let tabs = with_format(|format| format.delimiter = b'\t');
    let said = accepted(&tabs, "a\tb\tc\n1\t2\t3\n\t\n\t\t\n \n");
    assert_eq!((said.faults(), said.summary.skipped["blank"]), (vec![(3, Code::ROW_SHORT)], 2));
    for cut in ["\"\"", ";"] {
        let refusal = refused(&source(), format!("a;b;c\n1;2;3\n{cut}"));
        assert_eq!((refusal.code, refusal.line), (Code::FILE_CUT, Some(3)));
    }
}

#[test]
fn a_row_of_another_width_decides_nothing_about_closing_separators() {
    let said = accepted(&source(), "a;b\n;a;b\n1;2;\n");
    assert_eq!((said.faults(), said.lines()), (vec![(2, Code::ROW_LONG)], vec![3]));
}

#[test]
fn a_header_in_the_middle_is_left_out() {
    let said = accepted(&source(), "\u{FEFF}a;b\n1;2\n\u{FEFF}a;b\n3;4\na ;\"b\"\nb;a\n");
    assert_eq!(said.cells(), [["1", "2"], ["3", "4"], ["b", "a"]]);
    assert_eq!(said.summary.skipped, skipped(&[("header", 1), ("repeated_header", 2)]));
}

#[test]
fn the_sources_rules_come_before_the_width() {
    let starts = SkipMatch::CellStartsWith { column: "Område".into(), texts: vec!["08".into(), "000".into()] };
    let footer = SkipMatch::LineStartsWith(vec!["Udskrevet den".into()]);
    let rules = with_rules(&[("totals", cell_is("Konto", "I alt")), ("regions", starts), ("footer", footer)]);
    let text = "Konto;Område\n1;101\n I alt \n2;081\n3;0001\n4;1081\nUdskrevet den 1. maj \"x\n\"I alt\";101";
    let said = accepted(&rules, text);
    assert_eq!(said.cells(), [["1", "101"], ["4", "1081"]]);
    assert_eq!(said.summary.skipped, skipped(&[("footer", 1), ("header", 1), ("regions", 2), ("totals", 2)]));
    assert_eq!(said.notices(), [], "a skipped last line was not cut");
}

#[test]
fn rules_are_compared_in_the_files_encoding() {
    let mut rules = with_rules(&[("areas", cell_is("Område", "Hele året")), ("no_such", cell_is("Område", "Ω"))]);
    rules.format = with_format(|format| format.encoding = Encoding::Windows1252).format;
    let said = accepted(&rules, b"Omr\xE5de;b\nHele \xE5ret;1\nx;2\n");
    assert_eq!(said.summary.skipped, skipped(&[("areas", 1), ("header", 1)]));
}

#[test]
fn a_rule_whose_column_is_missing_refuses_the_file() {
    let rules = with_rules(&[("totals", cell_is("Konto", "I alt"))]);
    let refusal = refused(&rules, "Konto,Beløb\n1,2\n");
    assert_eq!((refusal.code, refusal.line, refusal.column.as_deref()), (Code::COLUMN_MISSING, Some(1), Some("Konto")));
    assert!(refusal.message.contains("`Konto,Beløb`"), "{}", refusal.message);
    assert_eq!(refused(&rules, "Konto;Konto\n1;2\n").code, Code::COLUMN_DUPLICATE);
}

#[test]
fn a_rule_knows_the_aliases_of_its_column() {
    let mut rules = with_rules(&[("totals", cell_is("Konto", "I alt"))]);
    rules.fields.push(FieldMapping {
        field: FieldIndex(0),
        origin: Origin::Column { names: vec!["Konto".into(), "Kontonr".into()] },
        slice: None,
        width: None,
        null: Vec::new(),
        map: Vec::new(),
        parse: Parse::Text,
    });
    let said = accepted(&rules, "Beløb;Kontonr\n1;2\n3;I alt\n");
    assert_eq!(said.cells(), [["1", "2"]]);
}

#[test]
fn a_preamble_is_passed_over() {
    let preamble = with_format(|format| format.preamble_lines = 2);
    let said = accepted(&preamble, "Udtræk \"af;\n\na;b\n1;2\n");
    assert_eq!((said.names.clone(), said.lines()), (vec!["a".to_owned(), "b".into()], vec![4]));
    assert_eq!(said.summary.skipped, skipped(&[("header", 1), ("preamble", 2)]));
    assert_eq!(refused(&preamble, "one\ntwo\n").code, Code::FILE_EMPTY);
    assert_eq!(refused(&preamble, "one").code, Code::FILE_EMPTY);
}

#[test]
fn columns_can_come_from_the_definition() {
    let declared = with_format(|format| format.columns = Some(vec!["a".into(), "b".into()]));
    let said = accepted(&declared, "1;2\na;b\n");
    assert_eq!(said.cells(), [["1", "2"], ["a", "b"]]);
    assert_eq!(said.summary.skipped, skipped(&[]));
    assert_eq!(refused(&declared, "").code, Code::FILE_EMPTY);
    assert_eq!(refused(&declared, "\n\r\n;\n").code, Code::FILE_EMPTY);
}

#[test]
fn other_separators() {
    let tabs = with_format(|format| (format.delimiter, format.quote) = (b'\t', None));
    let said = accepted(&tabs, "a\tb\n1\t\n\t2\n\t\n");
    assert_eq!(said.cells(), [["1", ""], ["", "2"]]);
    let single = with_format(|format| (format.delimiter, format.quote) = (b',', Some(b'\'')));
    assert_eq!(accepted(&single, "a,b\n'1,''x''',\"2\n").cells(), [["1,'x'", "\"2"]]);
}

#[test]
fn files_without_content_are_refused() {
    for empty in ["", " \r\n\t", "\u{FEFF}", "\u{1A}"] {
        assert_eq!(refused(&source(), empty).code, Code::FILE_EMPTY, "{empty:?}");
    }
    let blanks = "\n".repeat(100_000);
    assert_eq!(refused(&source(), blanks).code, Code::FILE_EMPTY);
    let said = accepted(&source(), "a;b\n");
    assert_eq!((said.rows.len(), said.summary.read), (0, 1), "a header alone is the pipeline's matter");
}

#[test]
fn files_of_another_kind_are_refused() {
    for file in [b"\x89PNG\r\n\x1a\n\0\0".as_slice(), b"<!doctype html>", b"PK\x03\x04\0\0", b"{\"error\":1}"] {
        assert_eq!(refused(&source(), file).code, Code::FILE_KIND);
    }
}

#[test]
fn the_last_line_may_lack_its_line_end() {
    let said = accepted(&source(), "a;b\n1;2\n3;4");
    assert_eq!((said.cells().len(), said.notices()), (2, vec![Code::NO_FINAL_LINE_END]));
    assert_eq!(said.summary.notices[0].first_line, Some(3));
    assert_eq!(accepted(&source(), "a;b\n1;\"2\"").notices(), [Code::NO_FINAL_LINE_END]);
    assert_eq!(accepted(&source(), "a;b\n1;2\r").cells(), [["1", "2"]], "half a line end");
    assert_eq!(accepted(&source(), "a;b\n1;2\n").notices(), []);
}

#[test]
fn a_last_line_that_is_short_was_cut() {
    let refusal = refused(&source(), "a;b;c\n1;2;3\n4;5");
    assert_eq!((refusal.code, refusal.line), (Code::FILE_CUT, Some(3)));
    let said = accepted(&source(), "a;b;c\n1;2;3\n4;5\n");
    assert_eq!(said.faults(), [(3, Code::ROW_SHORT)]);
}

#[test]
fn a_nul_costs_its_row_and_at_the_end_the_file() {
    let said = accepted(&source(), "a;b\n1;x\0y\n\"2\0\";3\n4;5\n\0\0\n");
    assert_eq!(said.faults(), [(2, Code::NUL_BYTE), (3, Code::NUL_BYTE), (5, Code::NUL_BYTE)]);
    assert_eq!(refused(&source(), "a;b\n1;2\n3;\0\0\0").code, Code::FILE_TORN);
    assert_eq!(refused(&source(), "a;b\n1;2\n\0\0\0\0").code, Code::FILE_TORN);
    assert_eq!(refused(&source(), "a\0;b\n1;2\n").code, Code::NUL_BYTE);
}

#[test]
fn the_dos_end_mark_is_ignored_as_last_byte_alone() {
    let said = accepted(&source(), "a;b\n1;2\n\u{1A}");
    assert_eq!((said.cells(), said.notices()), (vec![vec!["1".to_owned(), "2".into()]], vec![Code::END_MARK]));
    let said = accepted(&source(), "a;b\n1;\u{1A}\n");
    assert_eq!((said.cells(), said.notices()), (vec![vec!["1".to_owned(), "\u{1A}".into()]], vec![]));
}

#[test]
fn a_header_that_cannot_be_read_refuses_the_file() {
    assert_eq!(refused(&source(), "a;x\"b\n1;2\n").code, Code::QUOTE_STRAY);
    assert_eq!(refused(&source(), "a;\"b\n1;2\n").code, Code::QUOTE_OPEN);
}

#[test]
fn a_failing_disk_is_an_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    let half = b"a;b\n1;2\n".chain(Failing);
    let error = read_from(&source(), half, Limits::default()).expect_err("a failing input");
    assert!(matches!(error, ExtractError::Input { .. }), "{error}");
}

#[test]
fn an_escape_mark_stands_before_quotation_marks() {
    let marked = with_format(|format| format.escape = Escape::Mark(b'\\'));
    let said = accepted(&marked, "a;b\n\"x\\\"y\";\"\\\\\"\n\"\\;\\\n\";C:\\new\n\"\";\\N\n");
    assert_eq!(said.cells(), [["x\"y", "\\"], [";\n", "C:\\new"], ["", "\\N"]]);
    assert_eq!(said.lines(), [2, 3, 5]);
    let said = accepted(&marked, "a;b\n1;\"a\"\"b\"\n2;\"a\\nb\"\n3;\"x\\\"\n4;y\n");
    let stray = Code::QUOTE_STRAY;
    assert_eq!(said.faults(), [(2, stray), (3, stray), (4, Code::QUOTE_OPEN)]);
    assert_eq!(said.lines(), [5]);
    let none = with_format(|format| format.escape = Escape::None);
    let said = accepted(&none, "a;b\n1;\"a\"\"b\"\n2;\"\"\n");
    assert_eq!((said.faults(), said.cells()), (vec![(2, stray)], vec![vec!["2".to_owned(), String::new()]]));
}

#[test]
fn names_may_stand_in_several_rows() {
    let two = with_format(|format| format.header_rows = 2);
    let said = accepted(&two, "\nBeløb;Konto;\nkr.;;Tekst\n1;2;3\nkr.;;Tekst\n4;5;6\n");
    assert_eq!(said.names, ["Beløb kr.", "Konto", "Tekst"]);
    assert_eq!(said.lines(), [4, 6]);
    assert_eq!(said.summary.skipped, skipped(&[("blank", 1), ("header", 2), ("repeated_header", 1)]));
    let said = accepted(&two, "a;b\n;\n1;2\n");
    assert_eq!((said.names, said.rows.len()), (vec!["a".to_owned(), "b".into()], 1), "a blank row adds no name");
    let refusal = refused(&two, "a;b\nc\n1;2\n");
    assert_eq!((refusal.code, refusal.line), (Code::ROW_SHORT, Some(2)));
    assert_eq!(refused(&two, "a;b\n").code, Code::FILE_EMPTY);
}

#[test]
fn columns_without_names_are_numbered() {
    let none = with_format(|format| format.header_rows = 0);
    let said = accepted(&none, "\n1;2\n3;4\n5\n1;2\n");
    assert_eq!(said.names, ["column_1", "column_2"]);
    assert_eq!((said.lines(), said.faults()), (vec![2, 3, 5], vec![(4, Code::ROW_SHORT)]));
    assert_eq!(refused(&none, "1;x\"y\n3;4\n").code, Code::QUOTE_STRAY);
}

#[test]
fn a_footer_is_found_by_its_pattern() {
    let footer = SkipMatch::LineMatches("^(Udskrevet|Dæmpet) .*[0-9]{4}$".into());
    let mut rules = with_rules(&[("footer", footer)]);
    let text = "a;b\n1;2\nUdskrevet den 1. maj 2025\nDæmpet af 0101\nUdskrevet;2025\nUdskrevet i dag\n";
    let said = accepted(&rules, text);
    assert_eq!(said.summary.skipped, skipped(&[("footer", 2), ("header", 1)]));
    assert_eq!((said.lines(), said.faults()), (vec![2, 5], vec![(6, Code::ROW_SHORT)]));
    rules.format = with_format(|format| format.encoding = Encoding::Windows1252).format;
    let western = accepted(&rules, Encoding::Windows1252.encode(text).expect("Danish"));
    assert_eq!(western.summary.skipped, skipped(&[("footer", 2), ("header", 1)]));
    let broken = with_rules(&[("footer", SkipMatch::LineMatches("(".into()))]);
    let error = read_from(&broken, b"a;b\n".as_slice(), Limits::default()).expect_err("no pattern");
    assert!(matches!(error, ExtractError::Pattern { .. }), "{error}");
}

#[test]
fn rows_that_do_not_agree_on_empty_cells_behind_the_last_column_are_rejected() {
    let long = Code::ROW_LONG;
    assert_eq!(accepted(&source(), "a;b\n1;2;\n3;4\n").faults(), [(2, long)], "one of them was shifted");
    assert_eq!(accepted(&source(), "a;b\n1;2\n3;4;\n").faults(), [(3, long)]);
    assert_eq!(accepted(&source(), "a;b\n1;2;\n3;4;;\n").faults(), [(2, long), (3, long)]);
    assert_eq!(accepted(&source(), "a;b\n1;2;\n3;4;\n5;6\n").faults(), [(4, Code::ROW_SHORT)]);
    assert_eq!(accepted(&source(), "a;b\n1;2;\n3;4;\n5;6;;\n7;8;9\n").faults(), [(4, long), (5, long)]);
}
