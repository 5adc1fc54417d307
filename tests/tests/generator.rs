//! The generator of example deliveries: the committed example is what it writes, and what it writes is consistent.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use musketer_tests::generate::plan::{Layout, POSTINGS_PER_MONTH, Parameters};
use musketer_tests::generate::{GenerateError, Summary, generate, generate_one};
use tempfile::TempDir;

type Files = BTreeMap<String, Vec<u8>>;

fn example() -> Parameters {
    let first = "2024-01".parse().expect("a month");
    let postings = 98 * 24 * POSTINGS_PER_MONTH;
    Parameters { seed: 2024, municipalities: 98, first, months: 24, postings, persons: 5, clean: false }
}

/// Two months of ten municipalities: every finance and payroll system is among them.
fn small() -> Parameters {
    Parameters { municipalities: 10, months: 2, postings: 2003, clean: true, ..example() }
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/example")
}

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            files.insert(name, fs::read(&path).expect("a file"));
        }
    }
}

/// The generated files below a folder.
fn generated(root: &Path) -> Files {
    let mut files = Files::new();
    for name in ["deliveries", "later"].map(|name| root.join(name)) {
        if name.exists() {
            collect(root, &name, &mut files);
        }
    }
    for name in ["manifest.csv", "dirt.csv"] {
        files.insert(name.to_owned(), fs::read(root.join(name)).expect("a table"));
    }
    files
}

fn run(parameters: &Parameters) -> (TempDir, Files, Summary) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let summary = generate(parameters, folder.path()).expect("deliveries");
    let files = generated(folder.path());
    (folder, files, summary)
}

/// The rows of a table with a header, cell by cell.
fn rows(table: &[u8]) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(table).expect("UTF-8");
    text.lines().skip(1).map(|line| line.split(';').map(str::to_owned).collect()).collect()
}

/// The lines, each with its end.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn the_committed_example_is_what_the_generator_writes() {
    let (_folder, new, summary) = run(&example());
    let old = generated(&committed());
    let names = |files: &Files| files.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&new), names(&old), "see docs/example-data.md for how to write the example anew");
    for (name, bytes) in &new {
        assert!(old[name] == *bytes, "{name} differs; see docs/example-data.md for how to write the example anew");
    }
    assert!(summary.bytes < 4_500_000 && summary.files < 2500, "{summary:?}");
}

/// The numbers of the lines that the clean file lacks, totals aside: they change with the rows.
fn changed_lines(clean: &[u8], dirty: &[u8]) -> BTreeSet<usize> {
    let mut known: BTreeMap<&[u8], usize> = BTreeMap::new();
    for line in lines(clean) {
        *known.entry(line).or_default() += 1;
    }
    let mut is_new = |line: &[u8]| match known.get_mut(line) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => !line.starts_with(b"I alt") && !line.starts_with(b"SLUTD"),
    };
    (1..).zip(lines(dirty)).filter(|(_, line)| is_new(line)).map(|(number, _)| number).collect()
}

#[test]
fn the_table_of_faults_names_every_line_that_is_not_sound_and_no_other() {
    let (_folder, clean, _) = run(&Parameters { clean: true, ..example() });
    let dirty = generated(&committed());
    let mut faults: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for fault in rows(&dirty["dirt.csv"]) {
        faults.entry(fault[0].clone()).or_default().push(fault);
    }
    let has = |found: &[Vec<String>], kind: &str| found.iter().any(|fault| fault[2] == kind);
    for (name, bytes) in dirty.iter().filter(|(name, _)| name.starts_with("deliveries/")) {
        let found = faults.remove(name).unwrap_or_default();
        if has(&found, "open_quote") {
            // Its other texts differ, too: none may close the quotation mark by chance.
            continue;
        }
        let mut listed: BTreeSet<usize> = found.iter().filter_map(|fault| fault[1].parse().ok()).collect();
        let mut changed = changed_lines(&clean[name], bytes);
        if has(&found, "line_break_in_text") {
            // The record is two physical lines, and the table names the first.
            listed.extend(listed.first().map(|first| first + 1));
        }
        if has(&found, "duplicate_unequal") {
            // The first of the two rows is sound by itself.
            listed.pop_first();
        }
        if has(&found, "no_final_line_end") {
            assert!(!bytes.ends_with(b"\n") && clean[name].strip_suffix(b"\n") == Some(bytes));
        }
        if has(&found, "end_mark") {
            assert!(changed.remove(&lines(bytes).len()) && bytes.ends_with(b"\n\x1A"));
        }
        assert_eq!(changed, listed, "{name}: {found:?}");
    }
    assert_eq!(faults, BTreeMap::new(), "every fault is in a file that exists");
}

#[test]
fn faults_are_of_many_kinds_and_have_codes_that_exist() {
    let faults = rows(&generated(&committed())["dirt.csv"]);
    let kinds: BTreeSet<&str> = faults.iter().map(|fault| fault[2].as_str()).collect();
    assert!(kinds.len() > 35, "{kinds:?}");
    for fault in &faults {
        assert!(fault[3].is_empty() || model::Code::parse(&fault[3]).is_some(), "{fault:?}");
        assert!(fault[4] != "rejected" || !fault[3].is_empty(), "{fault:?}");
    }
}

#[test]
fn the_functions_of_the_sound_rows_are_in_the_chart_of_accounts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../definitions/codelists/account_function.csv");
    let list = rows(&fs::read(path).expect("the chart of accounts"));
    let (_folder, files, _) = run(&Parameters { months: 24, postings: 10 * 24 * POSTINGS_PER_MONTH, ..small() });
    let used = |name: &str, column: usize| -> BTreeSet<String> {
        rows(&files[name]).into_iter().map(|row| row[column].clone()).collect()
    };
    let mut functions = used("deliveries/prisme_finance/prisme_0157_2024.csv", 2);
    assert!(functions.len() > 20, "{functions:?}");
    let absence = lines(&files["deliveries/opus_absence/0101/fravaer_0101_2024Q1.csv"])[1..6].to_vec();
    functions.extend(
        absence.iter().map(|line| String::from_utf8_lossy(line).split(';').nth(1).expect("a function").to_owned()),
    );
    for function in functions {
        let row = list.iter().find(|row| row[0] == function).expect(&function);
        assert_eq!(row[4], "", "{function} is still valid");
    }
}

#[test]
fn a_part_of_the_example_is_the_same_alone() {
    let ten = Parameters { municipalities: 10, postings: 10 * 24 * POSTINGS_PER_MONTH, ..example() };
    let (_folder, files, _) = run(&ten);
    let whole = generated(&committed());
    let deliveries = files.iter().filter(|(name, _)| name.starts_with("deliveries/"));
    assert_eq!(deliveries.filter(|(name, bytes)| whole[*name] != **bytes).count(), 0);
}

#[test]
fn another_seed_gives_other_postings() {
    let (_one, first, _) = run(&small());
    let (_two, second, _) = run(&Parameters { seed: 2025, ..small() });
    assert!(first.keys().eq(second.keys()));
    let name = "deliveries/opus_finance/0101/0101_202401.csv";
    assert_ne!(first[name], second[name]);
}

#[test]
fn a_clean_example_has_every_posting_once() {
    let (_folder, files, summary) = run(&small());
    assert_eq!((rows(&files["dirt.csv"]).len(), summary.faults), (0, 0));
    let manifest = rows(&files["manifest.csv"]);
    let finance = manifest.iter().filter(|file| file[1].ends_with("_finance"));
    let postings: u64 = finance.map(|file| file[5].parse::<u64>().expect("a number of rows")).sum();
    assert_eq!(postings, 2003);
    for file in &manifest {
        let bytes = &files[&file[0]];
        assert_eq!(file[7], bytes.len().to_string());
        assert_eq!(file[6], lines(bytes).len().to_string());
    }
}

/// An amount as Opus writes it, in øre.
fn opus_amount(cell: &str) -> i64 {
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    let magnitude: i64 = digits.parse().expect("digits");
    if cell.ends_with('-') { -magnitude } else { magnitude }
}

#[test]
fn totals_agree_with_the_rows() {
    let (_folder, files, _) = run(&small());
    let opus = &files["deliveries/opus_finance/0101/0101_202401.csv"];
    let amounts: Vec<i64> = opus
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .skip(1)
        .map(|line| line.rsplit(|byte| *byte == b';').next().expect("a cell"))
        .map(|cell| opus_amount(std::str::from_utf8(cell).expect("ASCII").trim_end()))
        .collect();
    let (total, rows) = amounts.split_last().expect("a total");
    assert_eq!(rows.iter().sum::<i64>(), *total);

    let oes: Vec<&[u8]> = files["deliveries/oes_finance/D202401.0165.txt"].split(|byte| *byte == b'\n').collect();
    let lines: Vec<&str> =
        oes.iter().filter(|line| line.is_ascii()).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let last = lines.iter().rev().find(|line| line.starts_with("SLUTD")).expect("a trailer");
    assert_eq!(last[5..14].parse::<usize>().expect("a count"), oes.len() - 3, "all but Z300, SLUTD and the end");
    assert!(oes[..oes.len() - 1].iter().all(|line| line.len() == 93 && line.ends_with(b"\r")));
}

#[test]
fn regions_and_the_country_are_the_sums_of_their_municipalities() {
    let (_folder, files, _) = run(&small());
    let population = rows(&files["deliveries/statbank/folk1a_2024.csv"]);
    let persons = |row: &Vec<String>| row[4].trim_end().parse::<u64>().expect("a number");
    let sum = |of: &dyn Fn(&str) -> bool, total: bool| -> u64 {
        population.iter().filter(|row| of(&row[0]) && (row[2] == "IALT") == total).map(persons).sum()
    };
    let municipal = |code: &str| code != "000" && !code.starts_with("08");
    let country = sum(&|code| code == "000", true);
    assert_eq!(sum(&municipal, false), country);
    assert_eq!(sum(&municipal, true), country);
    assert_eq!(sum(&|code| code.starts_with("08"), true), country);
    assert_eq!(sum(&|code| code == "411", true), 90);
}

#[test]
fn a_single_file_has_exactly_its_rows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (layout, others) in [(Layout::OpusFinance, 2), (Layout::PrismeFinance, 1), (Layout::OesFinance, 2)] {
        let path = folder.path().join(layout.source());
        let summary = generate_one(&example(), layout, 5000, &path).expect("a file");
        let bytes = fs::read(&path).expect("the file");
        assert_eq!(summary.rows, 5000);
        assert_eq!(lines(&bytes).len(), 5000 + others);
    }
}

#[test]
fn what_cannot_be_generated_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let few = Parameters { postings: 19, ..small() };
    assert!(matches!(generate(&few, folder.path()), Err(GenerateError::TooFewPostings { units: 20, .. })));
    generate(&small(), folder.path()).expect("deliveries");
    assert!(matches!(generate(&small(), folder.path()), Err(GenerateError::Exists { .. })));
}
