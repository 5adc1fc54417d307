//! The ledger export of the benchmark: a year's postings of many municipalities in twelve columns, as one file of the
//! country or as a file for each municipality. The rows are the same either way.
//!
//! One row in a thousand is malformed, in turn in each of the ways of `FAULTS`; what they are and where they stand is
//! written beside the files, as a witness that no engine has a hand in.

use std::path::Path;

use model::{Code, Period, PeriodKind};

use super::GenerateError;
use super::dirt::{Change, Found, Outcome};
use super::finance::{Posting, Postings, push_opus_amount};
use super::municipalities::MUNICIPALITIES;
use super::plan::Parameters;
use super::random::{Purpose, Random};
use super::texts::{MONTHS, PLAIN};
use super::writer::{DeliveryFile, Form, Written, encoded, push_digits, push_number};

/// The physical form of the export.
pub const FORM: Form = Form {
    encoding: model::Encoding::Windows1252,
    byte_order_mark: false,
    delimiter: Some(b';'),
    line_end: b"\r\n",
    header: Some(
        "Kommunenr;Periode;Bilagsnr;Linje;Bogføringsdato;Konto;Dranst;Omkostningssted;Art;Leverandør;Tekst;Beløb",
    ),
};

/// One row in so many is malformed.
const FAULT_EVERY: u64 = 1000;
/// One row in so many has a text that needs quotation marks.
const QUOTED_EVERY: u32 = 20;
/// The suppliers; three of ten postings have none.
const SUPPLIERS: u32 = 20_000;

const PLACES: [&str; 16] = [
    "Plejecenter Solgården",
    "Børnehuset Æblehaven",
    "Bøgeskovskolen",
    "Rådhuset",
    "Genbrugspladsen Øst",
    "Hjemmeplejen Nord",
    "Biblioteket",
    "Åparkens Skole",
    "Tandplejen",
    "Jobcentret",
    "Vej og Park",
    "Sundhedshuset",
    "Musikskolen",
    "Svømmehallen",
    "Botilbuddet Fjordvænget",
    "Ungdomsskolen",
];

/// Texts that need quotation marks, quoted.
const QUOTED: [&str; 4] = ["Løn; tillæg", "Varer; moms", "Café \"\"Solen\"\"", "Abonnement; avis"];

/// What a malformed row has, and the code that it is to be rejected with.
const FAULTS: [(&str, Code, Change); 8] = [
    ("short", Code::ROW_SHORT, Change::DropCell(9)),
    ("long", Code::ROW_LONG, Change::Append(b";x")),
    ("number", Code::NUMBER_INVALID, Change::Cell(11, b"12,3x")),
    ("number_point", Code::NUMBER_AMBIGUOUS, Change::Cell(11, b"1,234.56")),
    ("number_groups", Code::NUMBER_AMBIGUOUS, Change::Cell(11, b"12.34,56")),
    ("date", Code::DATE_INVALID, Change::Cell(4, b"31-02-2024")),
    ("account", Code::CODE_UNKNOWN, Change::Cell(5, b"99999999")),
    // Not a byte that Windows-1252 leaves undefined: one of those has the Latin-1 reader of DuckDB refuse the whole file.
    ("byte", Code::NUL_BYTE, Change::Cell(10, b"L\0n")),
];

/// What was written for one file.
#[derive(Debug)]
pub struct LedgerFile {
    /// The path below the output folder.
    pub path: String,
    /// The municipality; empty for the file of the country.
    pub municipality: &'static str,
    /// Rows, lines and bytes, and the malformed rows.
    pub written: Written,
}

/// Writes the ledger of the year that the first month lies in: one file for each municipality, or one for all.
///
/// # Errors
/// A disk that cannot be written.
pub fn write(parameters: &Parameters, split: bool, folder: &Path) -> Result<Vec<LedgerFile>, GenerateError> {
    let year = Period::containing(PeriodKind::Year, parameters.first.start());
    let positions: Vec<usize> = (0..parameters.members().len()).collect();
    let groups = positions.chunks(if split { 1 } else { positions.len() });
    let mut faults = Faults::default();
    let mut files = Vec::new();
    for group in groups {
        let municipality = if split { MUNICIPALITIES[group[0]].code } else { "" };
        let path = if split {
            format!("deliveries/ledger/{municipality}/ledger_{municipality}_{year}.csv")
        } else {
            format!("deliveries/ledger/ledger_{year}.csv")
        };
        let mut file = DeliveryFile::create(&folder.join(&path), FORM, Vec::new())?;
        for position in group {
            rows_of(&mut file, parameters, *position, &mut faults)?;
        }
        let mut written = file.finish()?;
        written.found = std::mem::take(&mut faults.found);
        files.push(LedgerFile { path, municipality, written });
    }
    Ok(files)
}

/// The malformed rows so far; they are counted over all files, so that the split changes nothing.
#[derive(Debug, Default)]
struct Faults {
    rows: u64,
    found: Vec<Found>,
}

impl Faults {
    /// Damages the row if it is its turn.
    fn apply(&mut self, row: &mut Vec<u8>, line: u64) {
        self.rows += 1;
        if self.rows.is_multiple_of(FAULT_EVERY) {
            let turn = usize::try_from(self.rows / FAULT_EVERY).unwrap_or(0) % FAULTS.len();
            let (kind, code, change) = FAULTS[turn];
            change.apply(row, FORM.delimiter);
            self.found.push(Found { line: Some(line), kind, code: Some(code), outcome: Outcome::Rejected });
        }
    }
}

/// Writes a municipality's year.
fn rows_of(
    file: &mut DeliveryFile,
    parameters: &Parameters,
    position: usize,
    faults: &mut Faults,
) -> Result<(), GenerateError> {
    let municipality = MUNICIPALITIES[position].code.as_bytes();
    let mut row = Vec::with_capacity(256);
    for month in parameters.all_months() {
        let mut details = Random::new(parameters.seed, Purpose::Details, position, month.ordinal());
        let texts = Texts::new(month);
        let rows = parameters.postings_of(position, month);
        for posting in Postings::new(parameters, position, month, rows) {
            row.clear();
            push_row(&mut row, municipality, month, &posting, &mut details, &texts);
            // The header is the first line, and no text of the ledger holds a line break.
            faults.apply(&mut row, file.rows() + 2);
            file.line().extend_from_slice(&row);
            file.end_row()?;
        }
    }
    Ok(())
}

fn push_row(
    row: &mut Vec<u8>,
    municipality: &[u8],
    month: Period,
    posting: &Posting,
    details: &mut Random,
    texts: &Texts,
) {
    let (year, number) = (u64::from(month.start().year().unsigned_abs()), u64::from(month.start().month()));
    row.extend_from_slice(municipality);
    row.push(b';');
    push_digits::<4>(row, year);
    push_digits::<2>(row, number);
    row.push(b';');
    push_digits::<8>(row, posting.document);
    row.push(b';');
    push_number(row, posting.line);
    row.push(b';');
    push_digits::<2>(row, posting.day);
    row.push(b'-');
    push_digits::<2>(row, number);
    row.push(b'-');
    push_digits::<4>(row, year);
    row.push(b';');
    // The account of the vendor's own chart: function, dranst and a sub-account of ten.
    row.extend_from_slice(posting.account.digits.as_bytes());
    row.push(posting.account.dranst);
    push_digits::<2>(row, u64::from(details.below(10)));
    row.extend_from_slice(&[b';', posting.account.dranst, b';']);
    push_digits::<4>(row, posting.cost_centre);
    row.push(b';');
    row.extend_from_slice(posting.account.art.as_bytes());
    row.push(b';');
    if details.below(10) > 2 {
        push_digits::<8>(row, 10_000_019 + u64::from(details.below(SUPPLIERS)) * 3_001);
    }
    row.push(b';');
    texts.push(row, details);
    row.push(b';');
    push_opus_amount(row, posting.amount);
}

/// The parts that texts are put together from, encoded.
struct Texts {
    month: Vec<u8>,
    plain: Vec<Vec<u8>>,
    quoted: Vec<Vec<u8>>,
    places: Vec<Vec<u8>>,
}

impl Texts {
    fn new(month: Period) -> Self {
        let all = |texts: &[&str]| texts.iter().map(|text| encoded(FORM.encoding, text)).collect();
        let month = encoded(FORM.encoding, MONTHS[month.start().month() as usize - 1]);
        Self { month, plain: all(&PLAIN), quoted: all(&QUOTED), places: all(&PLACES) }
    }

    /// Appends a text such as `Kørsel maj, Rådhuset, ref. 123456`.
    fn push(&self, row: &mut Vec<u8>, details: &mut Random) {
        let quoted = details.below(QUOTED_EVERY) == 0;
        let words = if quoted { &self.quoted } else { &self.plain };
        if quoted {
            row.push(b'"');
        }
        row.extend_from_slice(one_of(words, details));
        row.push(b' ');
        row.extend_from_slice(&self.month);
        row.extend_from_slice(b", ");
        row.extend_from_slice(one_of(&self.places, details));
        row.extend_from_slice(b", ref. ");
        push_digits::<6>(row, u64::from(details.below(1_000_000)));
        if quoted {
            row.push(b'"');
        }
    }
}

fn one_of<'a>(texts: &'a [Vec<u8>], details: &mut Random) -> &'a [u8] {
    &texts[details.below(u32::try_from(texts.len()).unwrap_or(u32::MAX)) as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn written(split: bool) -> Vec<(LedgerFile, String)> {
        let first = "2024-01".parse().expect("a month");
        let parameters =
            Parameters { seed: 2024, municipalities: 3, first, months: 12, postings: 9000, persons: 5, clean: true };
        let folder = tempfile::tempdir().expect("a folder");
        let files = write(&parameters, split, folder.path()).expect("a disk");
        let text = |file: &LedgerFile| {
            let bytes = std::fs::read(folder.path().join(&file.path)).expect("a file");
            FORM.encoding.decode_lossy(&bytes)
        };
        let with_text = |file| {
            let text = text(&file);
            (file, text)
        };
        files.into_iter().map(with_text).collect()
    }

    #[test]
    fn the_split_changes_nothing_but_the_files() {
        let rows = |files: &[(LedgerFile, String)]| -> Vec<String> {
            files.iter().flat_map(|(_, text)| text.lines().skip(1)).map(str::to_owned).collect()
        };
        let (one, many) = (written(false), written(true));
        assert_eq!((one.len(), many.len()), (1, 3));
        assert_eq!(rows(&one).len(), 9000);
        assert_eq!(rows(&one), rows(&many));
    }

    #[test]
    fn one_row_in_a_thousand_is_malformed_at_the_line_that_is_named() {
        let files = written(true);
        let found: Vec<(&Found, &str)> = files
            .iter()
            .flat_map(|(file, text)| {
                let line = |found: &Found| usize::try_from(found.line.unwrap_or(0)).expect("a line");
                file.written.found.iter().map(move |found| (found, text.lines().nth(line(found) - 1).expect("a line")))
            })
            .collect();
        let kinds: BTreeSet<&str> = found.iter().map(|(found, _)| found.kind).collect();
        assert_eq!((found.len(), kinds.len()), (9, FAULTS.len()));
        for (found, line) in found {
            let as_planted = match found.kind {
                "short" => line.contains('"') || line.split(';').count() == 11,
                "long" => line.ends_with(";x"),
                "number" => line.ends_with(";12,3x"),
                "number_point" => line.ends_with(";1,234.56"),
                "number_groups" => line.ends_with(";12.34,56"),
                "date" => line.contains(";31-02-2024;"),
                "account" => line.contains(";99999999;"),
                _ => line.contains('\0'),
            };
            assert!(as_planted, "{}: {line}", found.kind);
        }
    }
}
