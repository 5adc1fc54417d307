//! A project whose definitions use what the example's do not: windows, intervals, roles, absence, rules of groups, of
//! plausibility and of inclusion. And its deliveries, in two lots.

use std::collections::BTreeMap;

use crate::place::Place;
use crate::random::Random;

use super::Month;

const HEAD: &str = "title: {da: Navn, en: Name}\ndescription: {da: Til prøver., en: For tests.}\n";

const JOBS: &str = "grain: {da: En løn., en: One pay.}
row_unit: record
partition: month
municipality: municipality
time: {event: month}
roles: {payer: payer}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  month: {type: month, required: true, title: {da: Måned, en: Month}}
  worker: {type: text, pattern: 'w[0-9]{2}', unit: employee, title: {da: Ansat, en: Worker}}
  payer: {type: code, codelist: municipality, title: {da: Betaler, en: Payer}}
  amount: {type: decimal, precision: 9, scale: 2, unit: DKK, title: {da: Løn, en: Pay}}
";

const STAYS: &str = "grain: {da: Et ophold., en: One stay.}
row_unit: record
partition: month
municipality: municipality
time: {interval: [first, last]}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  first: {type: date, required: true, title: {da: Fra, en: From}}
  last: {type: date, title: {da: Til, en: To}}
";

/// The municipalities that deliver jobs, and those that deliver stays.
pub(super) const JOB_GIVERS: [&str; 5] = ["0101", "0147", "0183", "0185", "0751"];
pub(super) const HOSTS: [&str; 3] = ["0101", "0147", "0751"];

const AMOUNT: &str = "  amount: {from: jobs, value: sum(amount)}\n";
const HEADS: &str = "  heads: {from: jobs, value: count(distinct worker)}\n";

/// The indicators: what they are called, their unit and decimals, measures, and the rest.
fn indicators() -> Vec<(&'static str, &'static str, u32, String, &'static str)> {
    let per_head = format!("{AMOUNT}{HEADS}");
    vec![
        (
            "doubtful",
            "DKK/employee",
            1,
            per_head.clone(),
            "formula: amount / heads\nplausible: {range: ['-40', '300'], change: 60%}\n",
        ),
        (
            "removed",
            "DKK/employee",
            2,
            per_head.clone(),
            "formula: amount / heads\ngroups: {rule: median}\nplausible: {range: [null, '250'], change: 90%, then: missing}\n",
        ),
        ("mean", "DKK/employee", 3, per_head.clone(), "formula: amount / heads\ngroups: {rule: unweighted_mean}\n"),
        (
            "together",
            "DKK/employee",
            1,
            per_head,
            "formula: amount / heads\nincluded_in:\n  - {municipality: '0187', in: '0183', from: 2024-03, to: 2024-11}\n  \
             - {municipality: '0155', in: '0185'}\n  - {municipality: '0147', in: '0101', from: 2025-02}\n",
        ),
        (
            "known",
            "record",
            0,
            "  jobs: {from: jobs, value: count(*)}\n  stays: {from: stays, active: start, value: count(*)}\n"
                .to_owned(),
            "formula: jobs + stays\nmissing: exclude\n",
        ),
        (
            "anew",
            "DKK",
            2,
            AMOUNT.to_owned(),
            "formula: amount\nreservations:\n  - {da: Nyt, en: New, kind: break, from: 2024-06}\n",
        ),
        ("paid", "DKK", 2, "  amount: {from: jobs, role: payer, value: sum(amount)}\n".to_owned(), "formula: amount\n"),
        (
            "gap",
            "DKK/employee",
            1,
            format!("  paid: {{from: jobs, role: payer, value: sum(amount)}}\n{HEADS}"),
            "formula: paid / heads - indicator('doubtful')\n",
        ),
        (
            "nights",
            "day",
            0,
            "  days: {from: stays, active: any, value: sum(days_active())}\n".to_owned(),
            "formula: days\n",
        ),
        (
            "lasting",
            "month/record",
            2,
            "  months: {from: stays, active: end, value: sum(months_active())}\n  \
             many: {from: stays, active: end, value: count(*)}\n"
                .to_owned(),
            "formula: months / many\n",
        ),
        (
            "so_far",
            "DKK",
            2,
            "  amount: {from: jobs, cumulative: year, value: sum(amount)}\n".to_owned(),
            "formula: amount\n",
        ),
        (
            "quarterly",
            "DKK",
            2,
            "  amount: {from: jobs, rolling: 3 months, value: sum(amount)}\n".to_owned(),
            "formula: amount\n",
        ),
        (
            "growth",
            "'%'",
            1,
            format!("{AMOUNT}  before: {{from: jobs, shift: -1 month, value: sum(amount)}}\n"),
            "formula: amount / before - 1\n",
        ),
        (
            "newcomers",
            "employee",
            0,
            "  new: {from: jobs, absent: {shift: -1 month, on: worker}, value: count(distinct worker)}\n".to_owned(),
            "formula: new\n",
        ),
    ]
}

/// A project without deliveries.
pub(super) fn place() -> Place {
    let list = |codes: &[&str]| codes.iter().map(|code| format!("'{code}'")).collect::<Vec<_>>().join(", ");
    let one = |source: &str, codes: &[&str]| {
        format!("  - {{source: {source}, municipalities: [{}], from: 2024-01, to: 2025-03}}\n", list(codes))
    };
    let place = Place::with_uses(&(one("acme_jobs", &JOB_GIVERS) + &one("acme_stays", &HOSTS)));
    for folder in
        ["definitions/datasets", "definitions/sources", "definitions/indicators", "definitions/comparison_groups"]
    {
        std::fs::remove_dir_all(place.path(folder)).expect("the library's, of which nothing is used");
    }
    let definition = |kind: &str, folder: &str, id: &str, rest: &str| {
        place.write(&format!("definitions/{folder}/{id}.yaml"), format!("kind: {kind}\nid: {id}\n{HEAD}{rest}"));
    };
    definition("dataset", "datasets", "jobs", JOBS);
    definition("dataset", "datasets", "stays", STAYS);
    let source = |id: &str, dataset: &str, fields: &str| {
        let rest = format!(
            "vendor: Acme\nsystem: Acme\ndataset: {dataset}\ndelivery: {{file: '{dataset}/{{municipality}}_{{period}}\
             [_v{{version}}].csv', municipality: file, period: month, load: period, min_rows: 0}}\nformat: {{type: \
             delimited, encoding: utf-8, delimiter: ';'}}\nnumbers: {{decimal: '.'}}\nfields:\n  municipality: delivery\n{fields}"
        );
        definition("source", "sources/acme", id, &rest);
    };
    source(
        "acme_jobs",
        "jobs",
        "  month: delivery\n  worker: {column: worker}\n  payer: {column: payer}\n  amount: {column: amount}\n",
    );
    source(
        "acme_stays",
        "stays",
        "  first: {column: first, date: yyyy-mm-dd}\n  last: {column: last, date: yyyy-mm-dd}\n",
    );
    for (id, unit, decimals, measures, rest) in indicators() {
        let head =
            format!("version: 1\narea: tests\nperiod: month\nunit: {unit}\ndecimals: {decimals}\ndirection: neutral\n");
        definition("indicator", "indicators/tests", id, &format!("{head}measures:\n{measures}{rest}"));
    }
    place
}

/// The rows of a delivery.
pub(super) type Table = Vec<Vec<String>>;

/// A delivery: the dataset, who, when, which version.
pub(super) type Key = (&'static str, &'static str, Month, u32);

/// The deliveries that are there from the beginning, and those that come later: corrections, and what was late.
pub(super) fn lots() -> [BTreeMap<Key, Table>; 2] {
    let (mut early, mut late) = (BTreeMap::new(), BTreeMap::new());
    let mut random = Random(20_251_128);
    for month in super::MONTHS {
        for code in JOB_GIVERS {
            let is_late =
                code == "0147" && month >= super::MONTHS.start + 6 || (code, month) == ("0751", 2024 * 12 + 4);
            // Never delivered at all.
            if (code, month) == ("0185", 2024 * 12 + 8) {
                continue;
            }
            let lot = if is_late { &mut late } else { &mut early };
            lot.insert(("jobs", code, month, 1), jobs(&mut random));
            if !is_late && random.below(6) == 0 {
                late.insert(("jobs", code, month, 2), jobs(&mut random));
            }
        }
        for code in HOSTS {
            let lot = if code == "0147" && month % 4 == 0 { &mut late } else { &mut early };
            lot.insert(("stays", code, month, 1), stays(&mut random, month));
            if random.below(7) == 0 {
                late.insert(("stays", code, month, 2), stays(&mut random, month));
            }
        }
    }
    [early, late]
}

fn jobs(random: &mut Random) -> Table {
    let row = |random: &mut Random| {
        let payer = ["0101", "0183", "0185", "0751", "0155", ""][random.below(6)];
        let cents = i64::try_from(random.below(60_000)).expect("small") - 9_000;
        let sign = if cents < 0 { "-" } else { "" };
        let amount = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        vec![format!("w{:02}", random.below(9)), payer.to_owned(), amount]
    };
    (0..random.below(6)).map(|_| row(random)).collect()
}

fn stays(random: &mut Random, month: Month) -> Table {
    let date =
        |month: Month, day: usize| format!("{:04}-{:02}-{day:02}", month.div_euclid(12), month.rem_euclid(12) + 1);
    let row = |random: &mut Random| {
        let first = date(month, 1 + random.below(super::days_in(month)));
        let later = month + 1 + i32::try_from(random.below(5)).expect("small");
        let last =
            if random.below(3) == 0 { String::new() } else { date(later, 1 + random.below(super::days_in(later))) };
        vec![first, last]
    };
    (0..random.below(4)).map(|_| row(random)).collect()
}

/// Puts deliveries into the drop folder.
pub(super) fn deliver(place: &Place, lot: &BTreeMap<Key, Table>) {
    for ((dataset, code, month, version), rows) in lot {
        let version = if *version == 1 { String::new() } else { format!("_v{version}") };
        let (year, of_year) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        let mut text = if *dataset == "jobs" { "worker;payer;amount\n" } else { "first;last\n" }.to_owned();
        for row in rows {
            text += &format!("{}\n", row.join(";"));
        }
        place.write(&format!("drop/{dataset}/{code}_{year:04}{of_year:02}{version}.csv"), text);
    }
}
