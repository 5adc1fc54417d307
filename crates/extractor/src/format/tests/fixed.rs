//! Fixed-width files.

use model::{Encoding, FixedColumn, FixedFormat};

use super::*;

fn fixed() -> Source {
    let column = |name: &str, start, length| FixedColumn { name: name.to_owned(), start, length };
    source_of(Format::Fixed(FixedFormat {
        encoding: Encoding::Iso8859_1,
        columns: vec![column("KOMM", 0, 4), column("AAR", 4, 4), column("TEKST", 8, 4), column("PERIODE", 4, 2)],
        record_length: 12,
    }))
}

#[test]
fn cells_are_positions() {
    let said = accepted(&fixed(), b"01012024L\xF8n \r\n07512025abcd\n");
    assert_eq!(said.names, ["KOMM", "AAR", "TEKST", "PERIODE"]);
    assert_eq!(said.rows[0].2, [b"0101".to_vec(), b"2024".into(), b"L\xF8n ".into(), b"20".into()]);
    assert_eq!(said.cells()[1], ["0751", "2025", "abcd", "20"]);
    assert_eq!((said.lines(), said.rows[1].1), (vec![1, 2], 2));
    assert_eq!(said.rows[0].3, b"01012024L\xF8n ");
}

#[test]
fn records_of_another_length_are_broken() {
    let said = accepted(&fixed(), "01012024abcd\n01012024abc\n01012024abcde\n            \n\n");
    assert_eq!(said.faults(), [(2, Code::RECORD_LENGTH), (3, Code::RECORD_LENGTH)]);
    assert_eq!(said.summary.skipped, skipped(&[("blank", 2)]));
}

#[test]
fn quotation_marks_are_text() {
    assert_eq!(accepted(&fixed(), "01012024\";\"x\n").cells()[0][2], "\";\"x");
}

#[test]
fn the_end_of_the_file() {
    assert_eq!(accepted(&fixed(), "01012024abcd").notices(), [Code::NO_FINAL_LINE_END]);
    let refusal = refused(&fixed(), "01012024abcd\n01012024ab");
    assert_eq!((refusal.code, refusal.line), (Code::FILE_CUT, Some(2)));
    assert_eq!(accepted(&fixed(), "01012024abcd\n01012024abcde").faults(), [(2, Code::RECORD_LENGTH)]);
    assert_eq!(accepted(&fixed(), "01012024abcd\n\u{1A}").notices(), [Code::END_MARK]);
    assert_eq!(refused(&fixed(), "01012024abcd\n\0\0\0").code, Code::FILE_TORN);
    assert_eq!(refused(&fixed(), "").code, Code::FILE_EMPTY);
    assert_eq!(refused(&fixed(), " ".repeat(12)).code, Code::FILE_EMPTY);
}

#[test]
fn damage_in_the_middle() {
    assert_eq!(accepted(&fixed(), "01012024ab\0d\n01012024abcd\n").faults(), [(1, Code::NUL_BYTE)]);
    let refusal = refused(&fixed(), "01012024abcd\n0101\r024abcd\n");
    assert_eq!((refusal.code, refusal.line), (Code::LINE_ENDS_MIXED, Some(2)));
}

#[test]
fn control_records_may_have_another_length() {
    let at = |start, length| ControlPlace::Characters { start, length };
    let header = control_record("Z300", &[(ControlField::Municipality, at(4, 4)), (ControlField::Period, at(8, 6))]);
    let trailer = control_record("SLUTD", &[(ControlField::Rows, at(5, 9))]);
    let source = Source { control: Control { header: Some(header), trailer: Some(trailer) }, ..fixed() };
    let said = accepted(&source, "Z3000101202405\n01012024abcd\nSLUTD000000001\n");
    let stated: Vec<_> = said.summary.control.iter().map(|statement| statement.text.as_str()).collect();
    assert_eq!(stated, ["0101", "202405", "000000001"]);
    assert_eq!((said.rows.len(), said.summary.read), (1, 3));
    assert_eq!(refused(&source, "Z300010120240x\n01012024abcd\n").code, Code::CONTROL_MISSING);
    assert_eq!(refused(&source, "01012024abcd\n").code, Code::CONTROL_MISSING);
}

#[test]
fn rules_read_cells_and_lines() {
    let mut source = fixed();
    source.skip = with_rules(&[("totals", cell_is("TEKST", "sum"))]).skip;
    assert_eq!(accepted(&source, "01012024sum \n01012024abcd\n").lines(), [2]);
    source.skip = with_rules(&[("totals", cell_is("TXT", "sum"))]).skip;
    assert_eq!(refused(&source, "01012024sum \n").code, Code::COLUMN_MISSING);
}
