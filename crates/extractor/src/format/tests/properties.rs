//! What holds for every file.

use model::{FixedColumn, FixedFormat};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Bytes that are mostly structure, so that short files hold every mishap. Some refuse a whole file; half of the files
/// do without them, so that the other mishaps are reached.
pub(super) fn nasty_bytes() -> impl Strategy<Value = Vec<u8>> {
    let calm = || {
        prop_oneof![
            4 => Just(b"\"".to_vec()),
            4 => Just(b";".to_vec()),
            4 => Just(b"\n".to_vec()),
            1 => Just(b" ".to_vec()),
            4 => prop_oneof![Just(b"a".to_vec()), Just(b"b".to_vec())],
            1 => Just(b"\r\n".to_vec()),
            1 => Just(b"a;b\n".to_vec()),
            1 => Just(b"SLUT;1\n".to_vec()),
            1 => Just(b"1;\"x\ny\"\n".to_vec()),
            1 => Just(b"\0;\n".to_vec()),
        ]
    };
    let wild = prop_oneof![
        20 => calm(),
        1 => Just(b"\r".to_vec()),
        1 => prop_oneof![Just(0), Just(0x1A), Just(0xC3), Just(0xEF), any::<u8>()].prop_map(|byte| vec![byte]),
    ];
    let scattered = prop_oneof![vec(calm(), 0..80), vec(wild, 0..80)].prop_map(|pieces| pieces.concat());
    prop_oneof![2 => scattered, 1 => quoted::quoted_bytes()]
}

fn sources() -> impl Strategy<Value = Source> {
    let rules = || with_rules(&[("totals", cell_is("a", "1")), ("lines", SkipMatch::LineStartsWith(vec!["b".into()]))]);
    prop_oneof![
        Just(source()),
        Just(with_format(|format| format.quote = None)),
        Just(with_format(|format| format.escape = Escape::Mark(b'b'))),
        Just(with_format(|format| format.header_rows = 2)),
        Just(with_format(|format| format.header_rows = 0)),
        Just(with_rules(&[("footer", SkipMatch::LineMatches("^b+$".into()))])),
        Just(with_format(|format| format.preamble_lines = 2)),
        Just(with_format(|format| format.columns = Some(vec!["a".into(), "b".into()]))),
        Just(rules()),
        Just(Source {
            control: Control {
                header: None,
                trailer: Some(control_record("SLUT", &[(ControlField::Rows, ControlPlace::Cell(1))])),
            },
            ..source()
        }),
        Just(source_of(Format::Fixed(FixedFormat {
            encoding: Encoding::Windows1252,
            columns: vec![FixedColumn { name: "a".into(), start: 1, length: 2 }],
            record_length: 4,
        }))),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let tiny = Limits { cell_bytes: 6, record_bytes: 12, columns: 4, batch_bytes: 1 };
    prop_oneof![Just(Limits::default()), Just(tiny)]
}

/// A cell and whether it is written with quotation marks that it does not need.
fn cells(columns: usize) -> impl Strategy<Value = Vec<(String, bool)>> {
    let text = prop_oneof![
        3 => "[a-zæøå0-9,. -]{0,8}",
        1 => "[a-z;\"\r\n]{0,6}",
    ];
    let quoted = prop_oneof![Just(None), Just(Some(true)), Just(Some(false))];
    let cells = vec((text, any::<bool>()), columns);
    (cells, quoted).prop_map(|(mut cells, all)| {
        for (_, quoted) in &mut cells {
            *quoted = all.unwrap_or(*quoted);
        }
        cells
    })
}

fn written((text, quoted): &(String, bool)) -> String {
    if *quoted || text.contains(['"', ';', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// `read_from` asserts the books of whatever is not refused.
    #[test]
    fn nothing_panics_and_the_books_balance(source in sources(), head in any::<bool>(), bytes in nasty_bytes(), limits in limits()) {
        let bytes = if head { [b"a;b\n".as_slice(), &bytes].concat() } else { bytes };
        let said = read_from(&source, bytes.as_slice(), limits).expect("memory can be read");
        if let Ok(said) = said {
            let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
            prop_assert!(said.summary.read <= lines);
            prop_assert!(said.rows.iter().all(|(line, record, ..)| record <= line && *line <= lines));
        }
    }

    #[test]
    fn neither_the_input_nor_the_batch_matters(
        source in sources(),
        bytes in nasty_bytes(),
        sizes in vec(1usize..9, 1..5),
        limits in limits(),
        batch_bytes in 1usize..40,
        head in 8usize..40,
    ) {
        let bytes = [b"a;b\n".as_slice(), &bytes].concat();
        let whole = read_in_pieces(&source, bytes.as_slice(), Limits { batch_bytes: 1 << 20, ..limits }, head);
        let dribble = Dribble::new(&bytes, &sizes);
        let pieces = read_in_pieces(&source, dribble, Limits { batch_bytes, ..limits }, head);
        prop_assert_eq!(whole.expect("readable"), pieces.expect("readable"));
    }

    #[test]
    fn tables_are_read_back_as_they_were_written(
        rows in vec((cells(3), any::<bool>()), 0..30),
        batch_bytes in 1usize..300,
        head in 8usize..300,
        final_line_end in any::<bool>(),
    ) {
        let mut text = "k1;k2;k3\n".to_owned();
        let mut line = 2;
        let mut expected = Vec::new();
        for (number, (cells, crlf)) in rows.iter().enumerate() {
            let first = (format!("n{number}"), cells[0].1);
            let cells: Vec<_> = std::iter::once(first).chain(cells.iter().skip(1).cloned()).collect();
            let record = cells.iter().map(written).collect::<Vec<_>>().join(";");
            text.push_str(&record);
            let line_end = if *crlf { "\r\n" } else { "\n" };
            text.push_str(if final_line_end || number + 1 < rows.len() { line_end } else { "" });
            expected.push((line, number as u64 + 2, cells.into_iter().map(|(cell, _)| cell.into_bytes()).collect::<Vec<_>>(), record.clone().into_bytes()));
            line += 1 + record.matches('\n').count() as u64;
        }
        let limits = Limits { batch_bytes, ..Limits::default() };
        let said = read_in_pieces(&source(), text.as_bytes(), limits, head).expect("readable").expect("a table");
        prop_assert_eq!(said.rows, expected);
        prop_assert_eq!(said.broken, []);
    }

    /// Another parser, written by others: it accepts more, but what both accept they read alike.
    #[test]
    fn what_the_csv_crate_accepts_too_is_read_alike(text in "(a;b\n)?[ab;\"\n]{0,60}\n") {
        let Ok(said) = read(&source(), &text) else { return Ok(()) };
        let quotes = [Code::QUOTE_STRAY, Code::QUOTE_OPEN];
        if said.broken.iter().any(|(_, _, code, _)| quotes.contains(code)) {
            return Ok(());
        }
        let mut other = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(text.as_bytes());
        let records: Vec<Vec<String>> = other
            .records()
            .map(|record| record.expect("in memory").iter().map(str::to_owned).collect())
            .collect();
        let trimmed = |record: &Vec<String>| record.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let empty = |record: &Vec<String>| record.iter().all(|cell| cell.trim().is_empty());
        let mut records = records.into_iter().skip_while(empty);
        let header = records.next().expect("ours found one");
        let records = records.filter(|record| !empty(record) || record.len() != header.len());
        prop_assert_eq!(&said.names, &trimmed(&header));
        let data: Vec<Vec<String>> = records.filter(|record| trimmed(record) != trimmed(&header)).collect();
        if data.iter().any(|record| record.len() > header.len()) {
            return Ok(());
        }
        let whole: Vec<_> = data.iter().filter(|record| record.len() == header.len()).cloned().collect();
        prop_assert_eq!(said.cells(), whole);
        prop_assert_eq!(said.broken.len(), data.iter().filter(|record| record.len() < header.len()).count());
    }
}
