//! A small project at the moment before a run in which much happens, and what that run makes of it.

use std::collections::BTreeMap;
use std::fs;

use rusqlite::Connection;

use super::{Call, Fault, calls, command};
use crate::place::{Place, query, tree};

const HEAD: &str = "title: {da: Navn, en: Name}\ndescription: {da: Til prøver., en: For tests.}\n";

const MUNICIPALITIES: &str = "code;title_da;title_en;valid_from;valid_to;aliases;kind;region
0101;København;Copenhagen;;;;municipality;1084
0147;Frederiksberg;Frederiksberg;;;;municipality;1084
0751;Aarhus;Aarhus;;;;municipality;1082
0851;Aalborg;Aalborg;;;;municipality;1081
";

const REGIONS: &str = "code;title_da;title_en;valid_from;valid_to;aliases
1081;Region Nordjylland;North Denmark Region;;;
1082;Region Midtjylland;Central Denmark Region;;;
1084;Region Hovedstaden;Capital Region of Denmark;;;
";

const JOBS: &str = "grain: {da: En løn., en: One pay.}
row_unit: record
partition: month
municipality: municipality
time: {event: month}
key: [municipality, month, worker]
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  month: {type: month, required: true, title: {da: Måned, en: Month}}
  worker: {type: text, pattern: 'w[0-9]{2}', required: true, unit: employee, title: {da: Ansat, en: Worker}}
  amount: {type: decimal, precision: 9, scale: 2, unit: DKK, title: {da: Løn, en: Pay}}
";

const VISITS: &str = "grain: {da: Et besøg., en: One visit.}
row_unit: record
partition: month
municipality: municipality
time: {event: day}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  day: {type: date, required: true, title: {da: Dag, en: Day}}
";

const USES: &str =
    "  - {source: acme_jobs, municipalities: ['0101', '0147', '0751', '0851'], from: 2024-01, to: 2024-04}
  - {source: acme_visits, municipalities: ['0101', '0147', '0751'], from: 2024-01, to: 2024-04}
";

/// The nightly run.
const RUN: &[&str] = &["run", "--jobs", "2"];
/// The same in parts, and what is left of it.
const BACKFILL: &[&str] = &["backfill", "--from", "2024-02", "--to", "2024-05", "--jobs", "2"];
const RESUME: &[&str] = &["backfill", "--from", "2024-02", "--to", "2024-05", "--jobs", "2", "--resume"];

/// The tables of a store, and the files that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Every row of every table without the times of runs, and the texts of the schema.
    pub(crate) tables: BTreeMap<String, Vec<String>>,
    /// Canonical files.
    pub(crate) parts: BTreeMap<String, Vec<u8>>,
    /// Deliveries in the archive.
    pub(crate) raw: BTreeMap<String, Vec<u8>>,
    /// What else lies in the store, besides reports and what the database keeps beside it while it is open.
    pub(crate) others: Vec<String>,
}

/// What a reader sees, in one look at several tables.
pub(crate) type Glance = Vec<Vec<String>>;

/// The state of a project before a command and after it.
pub(crate) struct Kept {
    pub(crate) state: State,
    pub(crate) glance: Glance,
}

/// A project before a command, and what the command makes of it when nothing is in its way.
pub(crate) struct Scene {
    place: Place,
    /// The command.
    pub(crate) arguments: &'static [&'static str],
    /// The commands that complete it after it was broken off, tried one after the other until one has something to do:
    /// itself, or before that itself with `--resume`.
    pub(crate) again: &'static [&'static [&'static str]],
    /// What there is before the command, after each of its transactions, and so in the end.
    pub(crate) stages: Vec<Kept>,
    /// Its exit code.
    pub(crate) code: i32,
    /// The calls by which it changes files.
    pub(crate) calls: Vec<Call>,
}

impl Scene {
    /// The second night: corrections, late and refused deliveries, rejected rows, a key that stands twice.
    pub(crate) fn second_night() -> Self {
        let place = project();
        for month in 1..=3 {
            for code in ["0101", "0147", "0751"] {
                if (code, month) != ("0751", 3) {
                    deliver(&place, "jobs", code, month, "", &jobs(code, month, 5));
                }
                deliver(&place, "visits", code, month, "", &visits(month, 4));
            }
        }
        place.expect(0, &["run", "--jobs", "1"]);
        deliver(&place, "jobs", "0101", 2, "_v2", &jobs("0101", 20, 7));
        deliver(&place, "jobs", "0751", 3, "", &(jobs("0751", 3, 5) + "w90;12,3;\nw91;1.000,0\n"));
        deliver(&place, "jobs", "0851", 1, "", &(jobs("0851", 1, 4) + "w80;1.00\nw80;1.00\nw81;2.00\nw81;3.00\n"));
        deliver(&place, "visits", "0147", 3, "_v2", &visits(3, 9));
        deliver(&place, "visits", "0147", 1, "_v2", "something;else\n1;2\n");
        for code in ["0101", "0147"] {
            deliver(&place, "jobs", code, 4, "", &jobs(code, 4, 6));
        }
        deliver(&place, "visits", "0101", 4, "", &(visits(4, 3) + "2024-05-01\nno day\n"));
        Self::of(place, RUN, &[RUN])
    }

    /// A backfill of three periods after a first night: late files, a correction and a refused one, period by period.
    pub(crate) fn backfill() -> Self {
        let place = project();
        for code in ["0101", "0147", "0751"] {
            deliver(&place, "jobs", code, 1, "", &jobs(code, 1, 5));
            deliver(&place, "visits", code, 1, "", &visits(1, 4));
        }
        deliver(&place, "jobs", "0101", 3, "", &jobs("0101", 3, 5));
        place.expect(0, &["run", "--jobs", "1"]);
        for month in 2..=4 {
            deliver(&place, "jobs", "0147", month, "", &jobs("0147", month, 4));
            deliver(&place, "visits", "0751", month, "", &visits(month, 3));
        }
        deliver(&place, "jobs", "0101", 3, "_v2", &(jobs("0101", 30, 6) + "w90;12,3;\n"));
        deliver(&place, "visits", "0147", 2, "", "something;else\n1;2\n");
        Self::of(place, BACKFILL, &[RESUME, BACKFILL])
    }

    /// The very first run, which makes the store.
    pub(crate) fn first_night() -> Self {
        let place = project();
        for code in ["0101", "0147", "0751"] {
            deliver(&place, "jobs", code, 1, "", &jobs(code, 1, 3));
        }
        Self::of(place, RUN, &[RUN])
    }

    /// What a command makes of a place.
    pub(crate) fn of(
        place: Place,
        arguments: &'static [&'static str],
        again: &'static [&'static [&'static str]],
    ) -> Self {
        let uninterrupted = place.twin();
        let ended = command(&uninterrupted, arguments, None).output().expect("it starts");
        let code = ended.status.code().expect("it was not killed");
        assert!([0, 3].contains(&code), "{}", String::from_utf8_lossy(&ended.stderr));
        let calls = calls(&uninterrupted).0;
        let mut stages = vec![Kept::of(&place)];
        // Each transaction has the lock to itself, so what it has made stands when the next one comes for the lock.
        let open = Call::new("open", "lock");
        for number in 2..=calls.iter().filter(|call| **call == open).count() {
            let broken_off = place.twin();
            command(&broken_off, arguments, Some(&Fault::on("kill", &open, number))).output().expect("it starts");
            stages.push(Kept::of(&broken_off));
        }
        stages.push(Kept::of(&uninterrupted));
        assert_ne!(stages[0].glance, stages[stages.len() - 1].glance);
        Self { place, arguments, again, stages, code, calls }
    }

    /// What there is before the command.
    pub(crate) fn before(&self) -> &Kept {
        &self.stages[0]
    }

    /// What it makes of it.
    pub(crate) fn after(&self) -> &Kept {
        &self.stages[self.stages.len() - 1]
    }

    /// Whether the tables are those of one of the stages.
    pub(crate) fn has_stage(&self, tables: &BTreeMap<String, Vec<String>>) -> bool {
        self.stages.iter().any(|stage| stage.state.tables == *tables)
    }

    /// A copy of the place before the command.
    pub(crate) fn twin(&self) -> Place {
        self.place.twin()
    }
}

/// A project of its own small definitions, so that a run takes no time.
fn project() -> Place {
    let place = Place::with_uses(USES);
    fs::remove_dir_all(place.path("definitions")).expect("the library, of which nothing is used");
    let definition = |kind: &str, path: &str, rest: &str| {
        let id = path.rsplit_once('/').map_or(path, |(_, id)| id);
        place.write(&format!("definitions/{path}.yaml"), format!("kind: {kind}\nid: {id}\n{HEAD}{rest}"));
    };
    definition("codelist", "codelists/municipality", "rows: municipality.csv\nattributes: [kind, region]\n");
    place.write("definitions/codelists/municipality.csv", MUNICIPALITIES);
    definition("codelist", "codelists/region", "rows: region.csv\n");
    place.write("definitions/codelists/region.csv", REGIONS);
    definition("dataset", "datasets/jobs", JOBS);
    definition("dataset", "datasets/visits", VISITS);
    let source = |dataset: &str, fields: &str| {
        let rest = format!(
            "vendor: Acme\nsystem: Acme\ndataset: {dataset}\ndelivery: {{file: '{dataset}/{{municipality}}_{{period}}\
             [_v{{version}}].csv', municipality: file, period: month, load: period, min_rows: 0}}\nformat: {{type: \
             delimited, encoding: utf-8, delimiter: ';'}}\nnumbers: {{decimal: '.'}}\nfields:\n  municipality: delivery\n{fields}"
        );
        definition("source", &format!("sources/acme/acme_{dataset}"), &rest);
    };
    source("jobs", "  month: delivery\n  worker: {column: worker}\n  amount: {column: amount}\n");
    source("visits", "  day: {column: day, date: yyyy-mm-dd}\n");
    let indicator = |id: &str, unit: &str, rest: &str| {
        let head = format!(
            "version: 1\narea: tests\nperiod: month\nunit: {unit}\ndecimals: 2\ndirection: neutral\nmeasures:\n"
        );
        definition("indicator", &format!("indicators/tests/{id}"), &(head + rest));
    };
    let amount = "  amount: {from: jobs, value: sum(amount)}\n";
    indicator("pay", "DKK", &format!("{amount}formula: amount\n"));
    let heads = "  heads: {from: jobs, value: count(distinct worker)}\n";
    indicator("mean_pay", "DKK/employee", &format!("{amount}{heads}formula: amount / heads\n"));
    indicator("visits", "record", "  visits: {from: visits, value: count(*)}\nformula: visits\n");
    place
}

fn deliver(place: &Place, dataset: &str, code: &str, month: u32, version: &str, text: &str) {
    place.write(&format!("drop/{dataset}/{code}_2024{month:02}{version}.csv"), text);
}

/// Rows that are others for every municipality and month.
fn jobs(code: &str, month: u32, rows: u32) -> String {
    let base: u32 = code.parse().expect("a number");
    let row = |row: u32| format!("w{:02};{}.{:02}\n", row + month, base * month + row * 17, row * 7);
    std::iter::once("worker;amount\n".to_owned()).chain((0..rows).map(row)).collect()
}

fn visits(month: u32, rows: u32) -> String {
    std::iter::once("day\n".to_owned()).chain((1..=rows).map(|day| format!("2024-{month:02}-{day:02}\n"))).collect()
}

impl Kept {
    /// What there is in a place now.
    pub(crate) fn of(place: &Place) -> Self {
        let mut state =
            State { tables: BTreeMap::new(), parts: BTreeMap::new(), raw: BTreeMap::new(), others: Vec::new() };
        // In an empty database, and where there is none yet, one sees that there are no rejected rows.
        let mut seen = vec![vec!["0".to_owned()]];
        if place.path("store/musketer.db").exists() {
            let database = place.database();
            state.tables = tables(&database);
            seen = glance(&database);
        }
        state.parts = tree(&place.path("store/canonical"));
        state.raw = tree(&place.path("store/raw"));
        let names = fs::read_dir(place.path("store")).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        state.others =
            names.filter(|name| !["reports", "musketer.db-wal", "musketer.db-shm"].contains(&name.as_str())).collect();
        state.others.sort();
        Self { state, glance: seen }
    }
}

/// Columns that say when, or how long; a second run of the same has others.
const TIMES: &[&str] = &["started_at", "ended_at", "milliseconds"];

fn tables(database: &Connection) -> BTreeMap<String, Vec<String>> {
    let names = query(database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    let mut tables: BTreeMap<String, Vec<String>> = names
        .into_iter()
        .map(|name| {
            let name = name.into_iter().next().expect("a name");
            let columns = query(database, &format!("SELECT name FROM pragma_table_info('{name}') ORDER BY cid"));
            let columns = columns.into_iter().flatten().filter(|column| !TIMES.contains(&column.as_str()));
            // As SQL writes them, so that a text is no number and nothing is no empty text.
            let columns: Vec<String> = columns.map(|column| format!("quote(\"{column}\")")).collect();
            let mut rows: Vec<String> = query(database, &format!("SELECT {} FROM {name}", columns.join(", ")))
                .into_iter()
                .map(|row| row.join("|"))
                .collect();
            rows.sort();
            (name, rows)
        })
        .collect();
    let schema = query(database, "SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name");
    tables.insert("sqlite_master".to_owned(), schema.into_iter().map(|row| row.join("|")).collect());
    tables
}

/// One look at the tables, all of the same moment.
pub(crate) fn glance(database: &Connection) -> Glance {
    let moment = database.unchecked_transaction().expect("a moment");
    let mut seen = query(&moment, "SELECT run, outcome, exit_code, rows_read, units FROM run ORDER BY run");
    seen.extend(query(&moment, "SELECT source, municipality, period, delivery, rows, coalesce(part, '') FROM unit"));
    seen.extend(query(
        &moment,
        "SELECT indicator, area, period, coalesce(value_exact, ''), obs_status FROM latest_observation
         ORDER BY indicator, area, period",
    ));
    seen.extend(query(&moment, "SELECT count(*) FROM rejected_row"));
    // What is never half there: whole books, and a country that is the sum of its municipalities.
    let wrong = [
        "SELECT 'run not ended', run FROM run WHERE ended_at IS NULL OR outcome IS NULL OR exit_code IS NULL",
        "SELECT 'books', delivery FROM delivery_balance WHERE rows_read <> rows_accepted + rows_rejected + rows_skipped
            OR rows_rejected <> rejected_rows_kept OR rows_skipped <> skipped_rows_by_rule
            OR (state = 'accepted' AND rows_accepted <> rows_in_units)",
        "SELECT 'sum', c.indicator || ' ' || c.period FROM latest_observation AS c WHERE c.level = 'country'
            AND c.indicator IN ('pay', 'visits') AND round(100 * c.value) <> (SELECT sum(round(100 * m.value))
            FROM latest_observation AS m
            WHERE m.level = 'municipality' AND m.indicator = c.indicator AND m.period = c.period)",
    ];
    for sql in wrong {
        let found = query(&moment, sql);
        assert!(found.is_empty(), "a reader saw half a run: {found:?}");
    }
    seen
}
