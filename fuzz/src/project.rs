//! The smallest project around one file of definitions: what the file refers to, and nothing else, so that thousands of
//! texts a second can be tried. Names are those of the project that `fixtures/definitions/broken` breaks, whose mistakes
//! are seeds.

use std::collections::BTreeMap;

/// The bytes of files by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

const HEAD: &str = "title: {da: Navn, en: Name}\ndescription: {da: Til prøver., en: For tests.}\n";

const MUNICIPALITY: &str = "rows: municipality.csv\nattributes: [kind, region]\n";
const MUNICIPALITIES: &str = "code;title_da;title_en;valid_from;valid_to;aliases;kind;region
0101;København;Copenhagen;2007-01-01;;101|Kbh;municipality;1084
0751;Aarhus;Aarhus;2007-01-01;;751;municipality;1082
";
const ACCOUNT: &str = "rows: account.csv\nchanges: account_changes.csv\ngroups:\n  school: {title: {da: Skole, en: School}, codes: ['3.22.*']}\n";
const ACCOUNTS: &str = "code;title_da;title_en;valid_from;valid_to;aliases
3.22.01;Folkeskoler;Public schools;;;32201
3.22.05;SFO;After-school care;;2018-01-01;
6.45.51;Administration;Administration;;;
9.10;Gammel;Old;;2019-01-01;
9.20;Ny;New;2019-01-01;;
9.30;Nyere;Newer;2019-01-01;;
";
const CHANGES: &str = "from;to;date;kind;share
9.10;9.20;2019-01-01;split;1/3
9.10;9.30;2019-01-01;split;2/3
";
const POSTINGS: &str = "grain: {da: En, en: One}
row_unit: posting
partition: month
municipality: municipality
time: {event: period}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: K, en: M}}
  period: {type: month, required: true, title: {da: M, en: M}}
  document: {type: text, title: {da: B, en: D}}
  posted: {type: date, title: {da: D, en: D}}
  account: {type: code, codelist: account, title: {da: K, en: A}}
  internal: {type: boolean, title: {da: I, en: I}}
  amount: {type: decimal, precision: 15, scale: 2, unit: DKK, title: {da: B, en: A}}
";
const PUPILS: &str = "grain: {da: En, en: One}
row_unit: record
partition: year
municipality: municipality
time: {snapshot: count_date}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: K, en: M}}
  count_date: {type: date, required: true, title: {da: D, en: D}}
  grade: {type: integer, title: {da: T, en: G}}
  pupil: {type: person, unit: pupil, title: {da: E, en: P}}
";
const SOURCE: &str = "vendor: Acme
system: Acme
dataset: postings
delivery: {file: 'acme.csv', municipality: rows, load: full}
format: {type: delimited, encoding: utf-8, delimiter: ';'}
fields:
  municipality: {column: a}
  period: {column: b, date: yyyymm}
";
const INDICATOR: &str = "version: 1
area: school
period: month
unit: DKK
decimals: 0
direction: neutral
measures:
";
/// What the text of an input stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is a file: the path, and the kinds of files around it.
    File(&'static str, &'static [Around]),
    /// It is an expression of an indicator, between two texts.
    Indicator(&'static str, &'static str),
    /// It is the condition of a check.
    Check,
    /// It is `musketer.yaml`.
    Project,
}

/// What a file refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// The list of municipalities.
    Municipalities,
    /// The list of accounts.
    Accounts,
    /// The dataset of postings.
    Postings,
    /// The dataset of pupils.
    Pupils,
    /// The source of postings.
    Source,
    /// An indicator of postings.
    Indicator,
}

use Around::{Accounts, Indicator, Municipalities, Postings, Pupils, Source};

const DATA: &[Around] = &[Municipalities, Accounts, Postings, Pupils];
/// What stands behind a key of a measure.
const BEHIND: &str = ", value: sum(amount)}\nformula: one\n";

/// The places, by the first byte of an input. Seeds name them by number: a new one goes to the end.
pub const PLACES: &[Place] = &[
    Place::File("definitions/codelists/municipality.yaml", &[Municipalities]),
    Place::File("definitions/codelists/municipality.csv", &[Municipalities]),
    Place::File("definitions/codelists/account.yaml", &[Accounts]),
    Place::File("definitions/codelists/account.csv", &[Accounts]),
    Place::File("definitions/datasets/postings.yaml", &[Municipalities, Accounts]),
    Place::File("definitions/datasets/pupils.yaml", &[Municipalities]),
    Place::File("definitions/sources/acme/acme_postings.yaml", &[Municipalities, Accounts, Postings]),
    Place::File("definitions/sources/acme/acme_pupils.yaml", &[Municipalities, Pupils]),
    Place::File("definitions/indicators/school/expenditure_per_pupil.yaml", DATA),
    Place::File("definitions/indicators/school/overhead_share.yaml", DATA),
    Place::File("pipelines/main.yaml", &[Municipalities, Accounts, Postings, Source, Indicator]),
    Place::Indicator("  one: {from: postings, where: ", BEHIND),
    Place::Indicator("  one: {from: postings, value: ", "}\nformula: one\n"),
    Place::Indicator(
        "  one: {from: postings, value: sum(amount)}\n  two: {from: postings, value: count(*)}\nformula: ",
        "\n",
    ),
    Place::Check,
    Place::Project,
    Place::Indicator("  one: {from: postings, per: account, let: {size: ", "}, value: sum(size)}\nformula: one\n"),
    Place::Indicator(
        "  one: {from: postings, per: account, let: {size: sum(amount)}, having: ",
        ", value: sum(size)}\nformula: one\n",
    ),
    Place::Indicator("  one: {from: postings, rolling: ", BEHIND),
    Place::File("definitions/codelists/account_changes.csv", &[Accounts]),
    Place::File("definitions/indicators/school/one@1.yaml", &[Municipalities, Accounts, Postings, Indicator]),
];

fn put(files: &mut Files, path: &str, text: String) {
    files.insert(path.to_owned(), text.into_bytes());
}

fn file(files: &mut Files, kind: &str, folder: &str, id: &str, rest: &str) {
    put(files, &format!("{folder}/{id}.yaml"), format!("kind: {kind}\nid: {id}\n{HEAD}{rest}"));
}

fn around(files: &mut Files, one: Around) {
    match one {
        Municipalities => {
            file(files, "codelist", "definitions/codelists", "municipality", MUNICIPALITY);
            put(files, "definitions/codelists/municipality.csv", MUNICIPALITIES.to_owned());
        }
        Accounts => {
            file(files, "codelist", "definitions/codelists", "account", ACCOUNT);
            put(files, "definitions/codelists/account.csv", ACCOUNTS.to_owned());
            put(files, "definitions/codelists/account_changes.csv", CHANGES.to_owned());
        }
        Postings => file(files, "dataset", "definitions/datasets", "postings", POSTINGS),
        Pupils => file(files, "dataset", "definitions/datasets", "pupils", PUPILS),
        Source => file(files, "source", "definitions/sources/acme", "acme_postings", SOURCE),
        Indicator => indicator(files, "  one: {from: postings, value: sum(amount)}\nformula: one\n"),
    }
}

fn indicator(files: &mut Files, measures: &str) {
    file(files, "indicator", "definitions/indicators/school", "one", &format!("{INDICATOR}{measures}"));
}

/// The project with the text at its place; `None` if the text cannot stand there. Of `musketer.yaml` it is that alone.
pub fn with(place: Place, text: &[u8]) -> Option<Files> {
    let mut files = Files::new();
    let quoted = || Some(format!("'{}'", std::str::from_utf8(text).ok()?.replace('\'', "''")));
    match place {
        Place::File(path, needed) => {
            needed.iter().for_each(|one| around(&mut files, *one));
            files.insert(path.to_owned(), text.to_vec());
        }
        Place::Indicator(before, behind) => {
            [Municipalities, Accounts, Postings].into_iter().for_each(|one| around(&mut files, one));
            indicator(&mut files, &format!("{before}{}{behind}", quoted()?));
        }
        Place::Check => {
            [Municipalities, Accounts].into_iter().for_each(|one| around(&mut files, one));
            let check = format!(
                "checks:\n  - {{id: it, severity: error, title: {{da: D, en: D}}, when_true: {}}}\n",
                quoted()?
            );
            file(&mut files, "dataset", "definitions/datasets", "postings", &format!("{POSTINGS}{check}"));
        }
        Place::Project => {
            files.insert("musketer.yaml".to_owned(), text.to_vec());
        }
    }
    Some(files)
}
