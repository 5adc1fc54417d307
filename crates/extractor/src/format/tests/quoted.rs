//! Rows with quoted cells: the quick way takes what the state machine would take, and nothing else.

use proptest::collection::vec;
use proptest::prelude::*;

use super::properties::nasty_bytes;
use super::*;

/// What stands in a quoted cell.
fn content() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ab1]{1,3}",
        2 => Just(";".to_owned()),
        3 => Just("\"\"".to_owned()),
        1 => Just(" ".to_owned()),
        1 => Just("æ".to_owned()),
        1 => prop_oneof![Just("\n"), Just("\r\n"), Just("\\\""), Just("\\\\")].prop_map(str::to_owned),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Rows, most of them well-formed and of two cells, some all quoted and some mixed.
pub(super) fn quoted_bytes() -> impl Strategy<Value = Vec<u8>> {
    let quoted = || content().prop_map(|text| format!("\"{text}\""));
    let bare = || "[ab1]{0,3}";
    let cells = prop_oneof![
        4 => vec(quoted(), 2),
        4 => vec(prop_oneof![quoted(), bare()], 2),
        1 => vec(prop_oneof![quoted(), bare()], 1..4),
    ];
    let line_end = prop_oneof![6 => Just("\n"), 6 => Just("\r\n"), 1 => Just("\r")];
    let row = (cells, prop_oneof![9 => Just(""), 1 => Just(";")], line_end);
    let rows = vec(row.prop_map(|(cells, surplus, line_end)| format!("{}{surplus}{line_end}", cells.join(";"))), 0..30);
    // Damage is a byte written over, wherever it falls.
    let damage = (any::<prop::sample::Index>(), prop::sample::select(b"\";\n\r\0 a\\".to_vec()));
    let damages = prop_oneof![vec(damage.clone(), 0), vec(damage, 0..4)];
    (rows, damages).prop_map(|(rows, damages)| {
        let mut bytes = rows.concat().into_bytes();
        for (at, byte) in damages.into_iter().filter(|_| !rows.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// A rule that nothing meets and every row could, so that none is taken the quick way.
fn never() -> SkipMatch {
    let first = (0..0x80).chain([0xE6, 0xFEFF, 0x1F600]).filter_map(char::from_u32);
    SkipMatch::CellIs { column: "a".to_owned(), texts: first.map(|first| format!("{first}\u{7}never")).collect() }
}

/// Rules, none of which leaves out the header.
fn rules() -> impl Strategy<Value = Vec<(&'static str, SkipMatch)>> {
    let starts = |text: &str| SkipMatch::CellStartsWith { column: "b".to_owned(), texts: vec![text.to_owned()] };
    let line = |text: &str| SkipMatch::LineStartsWith(vec![text.to_owned()]);
    prop_oneof![
        Just(Vec::new()),
        Just(vec![("text", cell_is("a", "a"))]),
        Just(vec![("empty", cell_is("b", ""))]),
        Just(vec![("separator", cell_is("a", ";")), ("later", starts(";"))]),
        Just(vec![("mark", starts("\"")), ("beginning", starts("b"))]),
        Just(vec![("line", line("\"b"))]),
        Just(vec![("bare", line("b"))]),
        Just(vec![("pattern", SkipMatch::LineMatches("1\"$".to_owned()))]),
    ]
}

fn dialects() -> impl Strategy<Value = Source> {
    let escapes = prop_oneof![4 => Just(Escape::Doubled), 1 => Just(Escape::Mark(b'\\')), 1 => Just(Escape::None)];
    (rules(), escapes, any::<bool>()).prop_map(|(rules, escape, trailer)| {
        let mut source = with_rules(&rules);
        if let Format::Delimited(format) = &mut source.format {
            format.escape = escape;
        }
        if trailer {
            source.control.trailer = Some(control_record("\"1", &[]));
        }
        source
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn the_quick_way_says_what_the_state_machine_says(
        source in dialects(),
        header in prop_oneof![Just("a;b\n"), Just("\"a\";\"b\"\r\n"), Just("a;b;\n")],
        bytes in prop_oneof![3 => quoted_bytes(), 1 => nasty_bytes()],
        batch_bytes in 1usize..200,
        tight in any::<bool>(),
    ) {
        let bytes = [header.as_bytes(), &bytes].concat();
        let (cell_bytes, record_bytes) = if tight { (8, 14) } else { (1 << 20, 8 << 20) };
        let limits = Limits { cell_bytes, record_bytes, columns: 4, batch_bytes };
        let quickly = read_from(&source, bytes.as_slice(), limits).expect("memory can be read");
        let mut careful = source.clone();
        careful.skip.push(SkipRule { id: FieldName::new("never").expect("an identifier"), rule: never() });
        let carefully = read_from(&careful, bytes.as_slice(), limits).expect("memory can be read");
        prop_assert_eq!(quickly, carefully, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn quoted_rows_of_all_kinds() {
    let text =
        "\"a\";\"b\"\r\n\"1\";\"x;y\"\r\n2;\"\"\"x\"\"\"\n\"3\";\r\n\"4\";\"\"\n\"5\";\"x\r\ny\"\r\n\"6\";\"\"\"\"\n";
    let said = accepted(&source(), text);
    let rows = [["1", "x;y"], ["2", "\"x\""], ["3", ""], ["4", ""], ["5", "x\r\ny"], ["6", "\""]];
    assert_eq!(said.cells(), rows);
    assert_eq!(said.lines(), [2, 3, 4, 5, 6, 8]);
    assert_eq!(said.rows[0].3, b"\"1\";\"x;y\"");
}

#[test]
fn empty_cells_behind_quoted_rows() {
    let said = accepted(
        &source(),
        "a;b\n\"1\";\"2\";\n\"3\";\"4\";\n\"5\";\"6\"; \n\"7\";\"8\";\"\"\n\"9\";\"0\"\n\"9\";\"0\";x\n",
    );
    assert_eq!(said.cells(), [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"]]);
    assert_eq!(said.faults(), [(6, Code::ROW_SHORT), (7, Code::ROW_LONG)]);
}

#[test]
fn a_rule_sees_what_a_quoted_cell_holds() {
    let text = "a;b\n\";x\";1\n\"\"\"x\";1\nx;\";y\"\nx;\"\"\n\"x\";2\n";
    let said = |rule| accepted(&with_rules(&[("rule", rule)]), text).lines();
    assert_eq!(said(cell_is("a", ";x")), [3, 4, 5, 6]);
    assert_eq!(said(cell_is("a", "\"x")), [2, 4, 5, 6]);
    assert_eq!(said(cell_is("b", ";y")), [2, 3, 5, 6]);
    assert_eq!(said(cell_is("b", "")), [2, 3, 4, 6]);
    assert_eq!(said(SkipMatch::LineStartsWith(vec!["\"x".to_owned()])), [2, 3, 4, 5]);
    assert_eq!(said(SkipMatch::LineMatches("^\"x\"".to_owned())), [2, 3, 4, 5]);
}
