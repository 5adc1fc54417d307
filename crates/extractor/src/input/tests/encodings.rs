//! UTF-16 and EBCDIC, through to the rows.

use model::{ByteOrder, DelimitedFormat, Ebcdic, Encoding, FixedColumn, FixedFormat, Format, RawBatch, Source};
use proptest::prelude::*;

use super::*;
use crate::format::example_source;
use crate::{Limits, Reader};

const LITTLE: FileEncoding = FileEncoding::Utf16(Some(ByteOrder::Little));
const BIG: FileEncoding = FileEncoding::Utf16(Some(ByteOrder::Big));
const MARKED: FileEncoding = FileEncoding::Utf16(None);

fn utf16(encoding: FileEncoding, text: &str) -> Vec<u8> {
    encoding.encode(text).expect("UTF-16 has all characters")
}

#[test]
fn utf16_becomes_utf8() {
    let lines = "Kommune;Beløb\r\n0101;1,5\r\nTårnby;€ 😀\r\n";
    for (order, mark) in [(LITTLE, "\u{FEFF}"), (BIG, "\u{FEFF}")] {
        let marked = utf16(order, &format!("{mark}{lines}"));
        for declared in [MARKED, order] {
            assert_eq!(text(&encoded(declared), &marked).as_deref(), Ok(lines.as_bytes()));
        }
        assert_eq!(text(&encoded(order), &utf16(order, lines)).as_deref(), Ok(lines.as_bytes()));
        assert_eq!(code(&encoded(MARKED), &utf16(order, lines)), Code::ENC_UNEXPECTED);
    }
    let long = lines.repeat(20_000);
    assert!(text(&encoded(BIG), &utf16(BIG, &long)).is_ok_and(|text| text == long.as_bytes()));
    assert_eq!(text(&encoded(MARKED), b""), Ok(Vec::new()));
}

#[test]
fn another_encoding_than_declared_is_refused() {
    let lines = "Kommune;Beløb\r\n";
    assert_eq!(code(&encoded(LITTLE), &utf16(BIG, lines)), Code::ENC_UNEXPECTED);
    assert_eq!(code(&encoded(LITTLE), &utf16(BIG, &format!("\u{FEFF}{lines}"))), Code::ENC_UNEXPECTED);
    assert_eq!(code(&encoded(BIG), lines.as_bytes()), Code::ENC_UNEXPECTED);
    assert_eq!(code(&encoded(MARKED), b"\xEF\xBB\xBFa;b"), Code::ENC_UNEXPECTED);
    assert_eq!(code(&encoded(MARKED), b"\xFF\xFE\0\0a\0\0\0"), Code::ENC_UNEXPECTED);
    assert_eq!(
        code(&encoded(FileEncoding::Ebcdic(Ebcdic::Cp277)), lines.replace('ø', "o").as_bytes()),
        Code::ENC_UNEXPECTED
    );
    assert_eq!(code(&encoded(MARKED), b"PK\x03\x04\x14\0"), Code::FILE_KIND);
}

#[test]
fn ascii_declared_as_ebcdic_is_known_by_its_digits() {
    let declared = FileEncoding::Ebcdic(Ebcdic::Cp1142);
    for bytes in ["0101;Tårnby\n".as_bytes(), b"0101;T\xE5rnby \xF8\n"] {
        assert_eq!(code(&encoded(declared), bytes), Code::ENC_UNEXPECTED);
    }
    let ebcdic = declared.encode("Ærø uden tal\n").expect("Danish");
    assert!(text(&encoded(declared), &ebcdic).is_ok());
}

#[test]
fn what_is_behind_a_lost_byte_is_no_text() {
    let lines = "1;Løn\n2;Køb\n3;Salg\n";
    for order in [LITTLE, BIG] {
        let bytes = utf16(order, lines);
        // In the text of the first row and in that of the last.
        for (first, last) in [(7, 30), (8, 29), (7, 33)] {
            let lost: Vec<u8> = (0..bytes.len()).filter(|at| *at != first && *at != last).map(|at| bytes[at]).collect();
            let text = text(&encoded(order), &[utf16(order, "0101;0101\n"), lost].concat()).expect("some text");
            assert!(std::str::from_utf8(&text).is_err(), "{order:?} {first} {last} {text:?}");
        }
    }
    let chinese = "0101;\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}\u{6C00}\u{4E00}\n".repeat(9);
    let marked = utf16(LITTLE, &format!("\u{FEFF}{chinese}"));
    assert_eq!(text(&encoded(MARKED), &marked).as_deref(), Ok(chinese.as_bytes()));
}

#[test]
fn an_odd_byte_at_the_end_is_a_cut() {
    let mut bytes = utf16(LITTLE, "\u{FEFF}a;b\n1;2\n");
    bytes.push(b'3');
    assert_eq!(code(&encoded(MARKED), &bytes), Code::FILE_CUT);
    bytes.push(0xD8);
    assert!(text(&encoded(MARKED), &bytes).is_ok_and(|text| std::str::from_utf8(&text).is_err()), "half a pair");
}

#[test]
fn half_a_pair_is_no_text_and_costs_nothing_else() {
    for lone in [0xD800u16, 0xDBFF, 0xDC00, 0xDFFF] {
        let mut bytes = utf16(LITTLE, "\u{FEFF}før");
        bytes.extend(lone.to_le_bytes());
        bytes.extend(utf16(LITTLE, "efter\n"));
        let text = text(&encoded(MARKED), &bytes).expect("it is read");
        assert!(text.starts_with("før".as_bytes()) && text.ends_with(b"efter\n"));
        assert!(std::str::from_utf8(&text).is_err(), "{lone:04X}");
        assert_eq!(String::from_utf8_lossy(&text).matches("efter").count(), 1);
    }
}

proptest! {
    #[test]
    fn any_text_comes_through(text_in in "\\PC*", big: bool) {
        let order = if big { BIG } else { LITTLE };
        let text_in = format!(";{text_in}");
        let marked = utf16(order, &format!("\u{FEFF}{text_in}"));
        prop_assert_eq!(text(&encoded(MARKED), &marked), Ok(text_in.into_bytes()));
    }

    #[test]
    fn any_units_decode_as_the_standard_library_says(units in proptest::collection::vec(any::<u16>(), 0..200)) {
        let bytes: Vec<u8> = [0xFEFFu16, u16::from(b';')].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
        let found = text(&encoded(MARKED), &bytes).expect("an even number of bytes");
        // Half a pair is three bytes of no text here, and one replacement character there.
        let expected: String = char::decode_utf16(units).map(|c| c.unwrap_or('\u{FFFD}')).collect();
        let found = String::from_utf8_lossy(&found[1..]).replace("\u{FFFD}\u{FFFD}\u{FFFD}", "\u{FFFD}");
        prop_assert_eq!(found.replace('\u{FFFD}', ""), expected.replace('\u{FFFD}', ""));
    }
}

/// Lines, cells and broken lines.
fn rows(source: &Source, bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Refusal> {
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let input = open_input(&source.input, input, InputLimits::default(), 1).expect("memory")?;
    let mut reader = Reader::open(source, input, Limits::default()).expect("memory")?;
    let mut batch = RawBatch::default();
    let mut rows = Vec::new();
    let encoding = source.format.encoding();
    while reader.next_batch(&mut batch).expect("memory")? {
        for (row, address) in batch.rows.iter().enumerate() {
            let cells = (0..batch.width).map(|column| encoding.decode_lossy(batch.cell(row, column)));
            rows.push((address.line, cells.collect()));
        }
        rows.extend(batch.broken.iter().map(|row| (row.line, vec![row.code.to_string()])));
    }
    Ok(rows)
}

fn source(encoding: FileEncoding, compression: Compression) -> Source {
    let mut source = example_source();
    source.input = InputForm { compression, encoding };
    source.format = Format::Delimited(DelimitedFormat {
        encoding: encoding.cells(),
        ..match source.format {
            Format::Delimited(format) => format,
            Format::Fixed(_) => unreachable!("the example has separators"),
        }
    });
    source
}

#[test]
fn rows_and_lines_are_those_of_the_file() {
    let lines = "Navn;Kode\n\"Ærø; \nKøbenhavn\";1\nÅ;2;3\nØ;4\n";
    for encoding in [LITTLE, BIG, FileEncoding::Ebcdic(Ebcdic::Cp277), FileEncoding::Ebcdic(Ebcdic::Cp1142)] {
        let source = source(encoding, Compression::None);
        let bytes = encoding.encode(lines).expect("Danish");
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let expected = vec![(2, cells(&["Ærø; \nKøbenhavn", "1"])), (4, cells(&["M5002"])), (5, cells(&["Ø", "4"]))];
        let mut found = rows(&source, &bytes).expect("it is read");
        found.sort();
        assert_eq!(found, expected, "{}", encoding.label());
    }
}

#[test]
fn both_line_ends_of_mainframes_end_a_record() {
    let page = FileEncoding::Ebcdic(Ebcdic::Cp277);
    let mut bytes = page.encode("a;b\nc;d\n").expect("EBCDIC");
    let ends: Vec<usize> = (0..bytes.len()).filter(|at| matches!(bytes[*at], 0x15 | 0x25)).collect();
    for [first, second] in [[0x15, 0x15], [0x25, 0x25], [0x15, 0x25]] {
        (bytes[ends[0]], bytes[ends[1]]) = (first, second);
        let found = rows(&source(page, Compression::None), &bytes).expect("it is read");
        assert_eq!(found, [(2, vec!["c".to_owned(), "d".to_owned()])]);
    }
}

#[test]
fn fixed_positions_of_ebcdic_are_characters() {
    let page = FileEncoding::Ebcdic(Ebcdic::Cp1142);
    let mut source = source(page, Compression::None);
    let column = |name: &str, start, length| FixedColumn { name: name.to_owned(), start, length };
    source.format = Format::Fixed(FixedFormat {
        encoding: Encoding::Windows1252,
        columns: vec![column("KOMM", 0, 4), column("NAVN", 4, 6), column("SUM", 10, 2)],
        record_length: 12,
    });
    let bytes = page.encode("0101Ærøskø12\n0101Å€¦¨´¸34\n").expect("all in 1142");
    let found = rows(&source, &bytes).expect("it is read");
    assert_eq!(found[0].1, ["0101", "Ærøskø", "12"]);
    assert_eq!(found[1].1, ["0101", "Å€¦¨´¸", "34"]);
}

#[test]
fn damage_found_late_refuses_the_delivery_through_the_reader() {
    let lines = format!("a;b\n{}", "1234567890;abcdefghij\n".repeat(100_000));
    let mut source = source(MARKED, Compression::None);
    let mut bytes = utf16(LITTLE, &format!("\u{FEFF}{lines}"));
    bytes.push(0);
    assert_eq!(rows(&source, &bytes).map_err(|refusal| refusal.code), Err(Code::FILE_CUT));
    source.input = form(Compression::Zstd);
    let packed = zstd::bulk::compress(lines.as_bytes(), 1).expect("memory");
    assert_eq!(rows(&source, &packed).map(|rows| rows.len()), Ok(100_000));
    let cut = &packed[..packed.len() - 4];
    assert_eq!(rows(&source, cut).map_err(|refusal| refusal.code), Err(Code::ARCHIVE_DAMAGED));
}
