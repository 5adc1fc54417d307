//! The commands for one file: `read`, `preview` and `guess`.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::place::{Place, example};

/// The rows of a small file, with what is wrong in three of them.
const MIXED: &[u8] = b"Udtr\xE6k\r\nKommune;Bel\xF8b;Tekst\r\n0101;1,50;\"a;b\"\r\n0147;2,50\r\n0151;\"\";ja \"\"nej\r\n0153;;\x81\r\n0155;NULL;\"x\r\ny\"\r\nI alt;4;\r\n";

fn mixed() -> Place {
    let place = Place::with_uses("");
    place.write("mixed.csv", MIXED);
    place
}

const DIALECT: [&str; 10] =
    ["--delimiter", ";", "--encoding", "windows-1252", "--skip-lines", "1", "--footer", "^I alt", "--null", "NULL"];

fn file(place: &Place, below: &str) -> String {
    place.path(below).to_string_lossy().into_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Line, number of lines and code of the rejected records of a report.
fn places(report: &Value) -> Vec<(u64, u64, &str)> {
    let number = |reject: &Value, key: &str| reject[key].as_u64().expect("a number");
    let place = |reject: &'_ Value| (number(reject, "line"), number(reject, "lines"));
    let rejects = report["rejects"].as_array().expect("rejects").iter();
    rejects.map(|reject| (place(reject).0, place(reject).1, reject["code"].as_str().expect("a code"))).collect()
}

#[test]
fn a_report_says_how_many_lines_a_rejected_record_takes() {
    let place = Place::with_uses("");
    let rows = [
        "a;b;c\n",
        // Read, but with a byte that is no text.
        "1;\"one\ntwo\nthree\";\u{1}\n",
        "3;x;y\n",
        // Damaged, on two lines.
        "4;\"with\n\0\";z\n",
        "5;x;y\n",
    ];
    for end in ["\n", "\r\n", "\r"] {
        let bytes = rows.concat().replace('\n', end).into_bytes();
        let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte == 1 { 0xFF } else { byte }).collect();
        place.write("rows.csv", bytes);
        let (path, report) = (file(&place, "rows.csv"), file(&place, "report.json"));
        let said = place.musketer(&["read", &path, "--delimiter", ";", "--report", &report]);
        assert_eq!((said.code, said.out.as_str()), (1, "a,b,c\n3,x,y\n5,x,y\n"), "{end:?} {}", said.err);
        let report = json(&fs::read_to_string(report).expect("the report"));
        assert_eq!(places(&report), [(2, 3, "M5006"), (6, 2, "M5005")], "{end:?}");
    }
}

#[test]
fn a_dialect_is_read_into_plain_csv_and_bad_rows_are_reported() {
    let place = mixed();
    let (path, report) = (file(&place, "mixed.csv"), file(&place, "report.json"));
    let mut arguments = vec!["read", &path, "--report", &report];
    arguments.extend(DIALECT);
    let said = place.musketer(&arguments);
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(said.out, "Kommune,Beløb,Tekst\n0101,\"1,50\",a;b\n0155,,\"x\r\ny\"\n");
    let report = json(&fs::read_to_string(report).expect("the report"));
    assert_eq!(places(&report), [(4, 1, "M5001"), (5, 1, "M5003"), (6, 1, "M5006")]);
    assert_eq!(report["rejects"][2]["column"], "Tekst");
    let counts = ["rows_in", "rows_loaded", "rows_rejected", "rows_skipped"].map(|key| report[key].as_u64());
    assert_eq!(counts, [Some(8), Some(2), Some(3), Some(3)]);
    assert_eq!(report["skipped"], json(r#"{"preamble": 1, "header": 1, "footer": 1}"#));
    assert!(report["refused"].is_null());
}

#[test]
fn json_lines_and_parquet_hold_the_same_rows() {
    let place = mixed();
    let (path, parquet) = (file(&place, "mixed.csv"), file(&place, "rows.parquet"));
    let mut arguments = vec!["read", &path, "--to", "jsonl"];
    arguments.extend(DIALECT);
    let rows: Vec<Value> = place.expect(1, &arguments).lines().map(json).collect();
    assert_eq!(rows[0], json(r#"{"Kommune": "0101", "Beløb": "1,50", "Tekst": "a;b"}"#));
    assert_eq!(rows[1], json(r#"{"Kommune": "0155", "Beløb": null, "Tekst": "x\r\ny"}"#));
    let mut arguments = vec!["read", &path, "--to", "parquet", "--output", &parquet];
    arguments.extend(DIALECT);
    assert_eq!(place.expect(1, &arguments), "");
    let bytes = fs::read(&parquet).expect("written");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn a_source_gives_canonical_rows_for_any_file_of_its_name() {
    let place = Place::with_uses("");
    let delivery = example().join("deliveries/opus_finance/0101/0101_202401.csv");
    place.write("elsewhere/0101_202401.csv", fs::read(&delivery).expect("the example"));
    let out = place.expect(0, &["read", &file(&place, "elsewhere/0101_202401.csv"), "--source", "opus_finance"]);
    assert!(out.starts_with("municipality,period,document,line,posted,"), "{out}");
    let first = out.lines().nth(1).expect("a row");
    assert!(first.starts_with("0101,2024-01-01,"), "{first}");

    place.write("copy.csv", fs::read(&delivery).expect("the example"));
    let copy = file(&place, "copy.csv");
    let unsaid = place.musketer(&["read", &copy, "--source", "opus_finance"]);
    assert_eq!(unsaid.code, 2);
    assert!(unsaid.err.contains("--municipality CODE"), "{}", unsaid.err);
    let said = ["read", &copy, "--source", "opus_finance", "--municipality", "0101", "--period", "2024-01"];
    assert_eq!(place.expect(0, &said), out);
    let foreign = ["read", &copy, "--source", "opus_finance", "--municipality", "0147", "--period", "2024-01"];
    let said = place.musketer(&foreign);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("refused[M8009]"), "{}", said.err);
}

#[test]
fn a_refused_file_leaves_no_output() {
    let place = Place::with_uses("");
    place.write("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    place.write("cut.csv", b"a,b\n1,2\n3,\"4");
    let (out, report) = (file(&place, "out.csv"), file(&place, "report.json"));
    for (name, code) in [("picture.csv", "M8001"), ("cut.csv", "M8006")] {
        let said = place.musketer(&["read", &file(&place, name), "--output", &out, "--report", &report]);
        assert_eq!(said.code, 3, "{}", said.err);
        assert!(!place.path("out.csv").exists() && !place.path("out.csv.new").exists());
        let report = json(&fs::read_to_string(&report).expect("the report"));
        assert!(report["refused"]["code"].as_str().is_some_and(|found| said.err.contains(found)), "{code} {report}");
    }
    for (arguments, code) in [
        (vec!["read", "no/such/file"], 2),
        (vec!["read", "."], 2),
        (vec!["read", "x", "--delimiter", ";;"], 2),
        (vec!["read", "x", "--delimiter", ";", "--source", "opus_finance"], 2),
        (vec!["read", "x", "--encoding", "klingon"], 2),
        (vec!["read", "x", "--source", "no_such_source"], 2),
    ] {
        assert_eq!(place.musketer(&arguments).code, code, "{arguments:?}");
    }
}

#[test]
fn persons_are_read_as_pseudonyms_and_never_guessed_aloud() {
    let place = Place::with_example();
    let path = fs::read_dir(example().join("deliveries/opus_absence")).expect("the example");
    let folder = path.map(|entry| entry.expect("an entry").path()).min().expect("a municipality");
    let path = fs::read_dir(folder).expect("files").map(|entry| entry.expect("an entry").path()).min().expect("a file");
    let name = path.to_string_lossy().into_owned();
    let bytes = fs::read(&path).expect("the example");
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let numbers: Vec<&str> = text
        .split([';', '\n'])
        .filter(|cell| cell.len() >= 10 && cell.bytes().filter(u8::is_ascii_digit).count() == 10)
        .collect();
    assert!(!numbers.is_empty());
    let shown = [
        place.expect(1, &["read", &name, "--source", "opus_absence"]),
        place.expect(0, &["preview", &name, "--source", "opus_absence"]),
        place.expect(0, &["preview", &name]),
        place.expect(0, &["guess", &name]),
        place.expect(0, &["guess", &name, "--json"]),
        place.expect(0, &["guess", &name, "--output", "-", "--dataset", "staff_absence"]),
    ];
    for out in shown {
        let number = numbers.iter().find(|number| out.contains(**number));
        assert_eq!(number, None, "\n{out}");
    }
}

#[test]
fn a_preview_shows_rejected_rows_in_their_place() {
    let place = mixed();
    let path = file(&place, "mixed.csv");
    let mut arguments = vec!["preview", &path, "--format", "json", "--rows", "3"];
    arguments.extend(DIALECT);
    let preview = json(&place.expect(0, &arguments));
    let rows = preview["rows"].as_array().expect("rows");
    let lines: Vec<Option<u64>> = rows.iter().map(|row| row["line"].as_u64()).collect();
    assert_eq!(lines, [Some(3), Some(4), Some(5)]);
    assert_eq!(rows[0]["cells"][1], "1,50");
    assert_eq!((rows[1]["cells"].is_null(), &rows[1]["reject"]["code"]), (true, &Value::from("M5001")));
    assert_eq!((preview["rows_loaded"].as_u64(), preview["complete"].as_bool()), (Some(1), Some(false)));
    let mut arguments = vec!["preview", &path];
    arguments.extend(DIALECT);
    let out = place.expect(0, &arguments);
    for words in ["a;b", "rejected: M5001", "line 6, column `Tekst`", "2 loaded, 3 rejected; these are all rows"] {
        assert!(out.contains(words), "`{words}` expected\n{out}");
    }
}

#[test]
fn a_guess_becomes_a_definition_that_is_sound() {
    let place = Place::with_example();
    let delivery = example().join("deliveries/opus_finance/0101/0101_202401.csv");
    let name = delivery.to_string_lossy().into_owned();
    let profile = json(&place.expect(0, &["guess", &name, "--json"]));
    assert_eq!(profile["dialect"]["delimiter"]["value"], ";");
    assert_eq!(profile["encoding"]["value"], "windows-1252");
    assert_eq!(profile["numbers"]["value"]["negative"], "trailing");
    let out = file(&place, "definitions/sources/draft/ledger.yaml");
    fs::create_dir_all(place.path("definitions/sources/draft")).expect("made");
    place.expect(0, &["guess", &name, "--output", &out, "--dataset", "finance_postings"]);
    let text = fs::read_to_string(&out).expect("written");
    for words in
        ["document: {column: 'Bilagsnr'", "posted: {column: 'Bogføringsdato', date: 'dd-mm-yyyy'", "negative: trailing"]
    {
        assert!(text.contains(words), "`{words}` expected\n{text}");
    }
    // What no column is like is left to whoever reviews it: that, and nothing else, is found.
    let said = place.musketer(&["check"]);
    let codes: Vec<&str> = said.err.lines().filter(|line| line.starts_with("error[")).collect();
    assert!(codes.iter().all(|line| line.starts_with("error[M2006]")), "{}\n{text}", said.err);
}

/// Reads standard input in another format, takes as many bytes of it as `head` has, and leaves.
fn leave_early(format: &str, head: &[u8]) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_musketer"))
        .args(["read", "-", "--delimiter", "tab", "--quote", "none", "--header-rows", "0", "--to", format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    // Much more than a pipe takes, compressed too.
    let writer = std::thread::spawn(move || {
        for row in 0..200_000_u64 {
            if input.write_all(format!("a\t5\" tube\t{}\n", row * row).as_bytes()).is_err() {
                break;
            }
        }
    });
    let mut out = child.stdout.take().expect("a pipe");
    let mut begins = vec![0; head.len()];
    out.read_exact(&mut begins).expect("rows");
    assert_eq!(String::from_utf8_lossy(&begins), String::from_utf8_lossy(head));
    drop(out);
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("the writer");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "{format}");
}

#[test]
fn standard_input_is_read_and_a_reader_that_leaves_is_no_error() {
    leave_early("csv", b"column_1,column_2,column_3\na,\"5\"\" tube\",0\n");
    leave_early("jsonl", br#"{"column_1":"a","column_2":"5\" tube","column_3":"0"}"#);
    leave_early("parquet", b"PAR1");
}

#[test]
fn an_output_that_takes_nothing_is_a_failure_in_every_format() {
    let place = mixed();
    let path = file(&place, "mixed.csv");
    for format in ["csv", "jsonl", "parquet"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let mut arguments = vec!["read", &path, "--to", format];
        arguments.extend(DIALECT);
        let output = Command::new(env!("CARGO_BIN_EXE_musketer")).args(arguments).stdout(full).output();
        assert_eq!(output.expect("it ends").status.code(), Some(70), "{format}");
    }
}

#[test]
fn other_encodings_are_guessed_and_read_alike() {
    let place = Place::with_uses("");
    let text: String = "Kommune;Sted;Beløb\r\n".to_owned() + &"0101;Ærø å;1.234,50-\r\n0147;Høje;12,00\r\n".repeat(20);
    let expected = text
        .replace("1.234,50-", "\"1.234,50-\"")
        .replace("12,00", "\"12,00\"")
        .replace(';', ",")
        .replace("\r\n", "\n");
    for label in ["utf-16le", "utf-16be", "cp850", "cp1142"] {
        let encoding = model::FileEncoding::parse(label).expect("an encoding");
        place.write("file.csv", encoding.encode(&text).expect("Danish"));
        let path = file(&place, "file.csv");
        let profile = json(&place.expect(0, &["guess", &path, "--json"]));
        assert_eq!(profile["encoding"]["value"], label);
        assert_eq!(profile["dialect"]["delimiter"]["value"], ";", "{label}");
        let out = place.expect(0, &["read", &path, "--delimiter", ";", "--encoding", label]);
        assert_eq!(out, expected, "{label}");
    }
}

#[test]
fn an_archive_is_named_and_read_where_that_is_said() {
    let place = Place::with_uses("");
    // `a,b` and `1,2` as gzip stores them.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\xd4\x49\xe2\x32\xd4\x31\xe2\x02\x00\x7b\x07\x97\x0a\x08\x00\x00\x00";
    place.write("rows.csv", gzip);
    let path = file(&place, "rows.csv");
    assert_eq!(place.musketer(&["read", &path]).code, 3);
    let profile = json(&place.expect(0, &["guess", &path, "--json"]));
    assert_eq!(profile["kind"]["value"], "a gzip archive");
    let said = place.musketer(&["read", &path, "--compression", "gzip"]);
    assert_eq!((said.code, said.out.as_str()), (0, "a,b\n1,2\n"), "{}", said.err);
}
