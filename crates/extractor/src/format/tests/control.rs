//! Control records: what a file says about itself.

use super::*;

fn controlled(header: Option<ControlRecord>, trailer: Option<ControlRecord>) -> Source {
    Source { control: Control { header, trailer }, ..source() }
}

fn rows_in_cell(starts_with: &str) -> ControlRecord {
    control_record(starts_with, &[(ControlField::Rows, ControlPlace::Cell(1))])
}

#[test]
fn statements_are_found_in_cells_and_characters() {
    let at = ControlPlace::Characters { start: 4, length: 4 };
    let header = control_record("Z300", &[(ControlField::Municipality, at)]);
    let source = controlled(Some(header), Some(rows_in_cell("SLUT")));
    let said = accepted(&source, "\nZ3000101;x\na;b\n1;2\nSLUT; 1 ;\"x\"\n\n");
    let stated: Vec<_> = said.summary.control.iter().map(|s| (s.field.clone(), s.text.as_str(), s.line)).collect();
    assert_eq!(stated, [(ControlField::Municipality, "0101", 2), (ControlField::Rows, "1", 5)]);
    assert_eq!(said.summary.skipped, skipped(&[("blank", 2), ("control_record", 2), ("header", 1)]));
    assert_eq!(said.cells(), [["1", "2"]]);
}

#[test]
fn a_missing_first_record_refuses_the_file() {
    let source = controlled(Some(rows_in_cell("Z300")), None);
    let refusal = refused(&source, "a;b\n1;2\n");
    assert_eq!((refusal.code, refusal.line), (Code::CONTROL_MISSING, Some(1)));
    assert_eq!(refused(&source, "Z300;1\n").code, Code::FILE_EMPTY, "and then no header");
}

#[test]
fn a_missing_last_record_refuses_the_file() {
    let source = controlled(None, Some(rows_in_cell("SLUT")));
    assert_eq!(refused(&source, "a;b\n1;2\n").code, Code::CONTROL_MISSING);
    assert_eq!(refused(&source, "a;b\n").code, Code::CONTROL_MISSING);
    let refusal = refused(&source, "a;b\nSLUT;0\n1;2\n");
    assert_eq!(refusal.code, Code::CONTROL_MISSING, "rows behind the trailer are not vouched for");
    assert_eq!(accepted(&source, "a;b\n1;2\nSLUT;1").summary.control.len(), 1);
}

#[test]
fn what_the_rules_leave_out_may_stand_behind_the_trailer() {
    let mut source = controlled(None, Some(rows_in_cell("SLUT")));
    source.skip = with_rules(&[("footer", SkipMatch::LineStartsWith(vec!["Udskrevet".into()]))]).skip;
    assert_eq!(accepted(&source, "a;b\n1;2\nSLUT;1\n\nUdskrevet i dag\n").summary.control.len(), 1);
}

#[test]
fn a_control_record_must_state_what_it_should() {
    let source = controlled(None, Some(rows_in_cell("SLUT")));
    for trailer in ["SLUT", "SLUT;", "SLUT; ;1", "SLUT;\"1"] {
        let refusal = refused(&source, format!("a;b\n1;2\n{trailer}\n"));
        assert_eq!((refusal.code, refusal.line), (Code::CONTROL_MISSING, Some(3)), "{trailer}");
    }
    let refusal = refused(&source, b"a;b\nSLUT;\xF8\n");
    assert_eq!((refusal.code, refusal.line), (Code::ENC_INVALID, Some(2)));
}
