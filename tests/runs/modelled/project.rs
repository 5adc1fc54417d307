//! A project that is small, so that a run takes a moment: two sources, two datasets, three indicators.

use std::fs;

use super::model::MUNICIPALITIES;
use crate::place::Place;

const HEAD: &str = "title: {da: Navn, en: Name}\ndescription: {da: Til prøver., en: For tests.}\n";

const FIELDS: &str = "grain: {da: En linje., en: One line.}
row_unit: record
partition: month
municipality: municipality
time: {event: month}
fields:
  municipality: {type: code, codelist: municipality, required: true, title: {da: Kommune, en: Municipality}}
  month: {type: month, required: true, title: {da: Måned, en: Month}}
  kind: {type: code, codelist: kind, required: true, title: {da: Art, en: Kind}}
  amount: {type: decimal, precision: 9, scale: 2, unit: DKK, required: true, title: {da: Beløb, en: Amount}}
";

const FORMAT: &str = "format: {type: delimited, encoding: utf-8, delimiter: ';'}\nnumbers: {decimal: '.'}\nfields:\n";
const COLUMNS: &str = "  kind: {column: kind}\n  amount: {column: amount}\n";

fn define(place: &Place, kind: &str, folder: &str, id: &str, rest: &str) {
    place.write(&format!("definitions/{folder}/{id}.yaml"), format!("kind: {kind}\nid: {id}\n{HEAD}{rest}"));
}

/// The code list of kinds: `a`, `b`, and some more.
pub(super) fn write_kinds(place: &Place, more: impl Iterator<Item = char>) {
    let mut text = "code;title_da;title_en;valid_from;valid_to;aliases\n".to_owned();
    for kind in ['a', 'b'].into_iter().chain(more) {
        text += &format!("{kind};Art {kind};Kind {kind};;;\n");
    }
    place.write("definitions/codelists/kind.csv", text);
}

/// The indicator whose formula and title change.
pub(super) fn write_mean_pay(place: &Place, doubled: bool, title: u32) {
    let formula = if doubled { "2 * amount / jobs" } else { "amount / jobs" };
    let rest = format!(
        "version: 1\narea: tests\nperiod: month\nunit: DKK/record\ndecimals: 2\ndirection: neutral\nmeasures:\n  \
         amount: {{from: jobs, value: sum(amount)}}\n  jobs: {{from: jobs, value: count(*)}}\nformula: {formula}\n"
    );
    let text = format!("kind: indicator\nid: mean_pay\n{HEAD}{rest}");
    let text = text.replace("en: Name", &format!("en: Name {title}"));
    place.write("definitions/indicators/tests/mean_pay.yaml", text);
}

/// The project, without deliveries.
pub(super) fn place() -> Place {
    let uses = |source: &str| format!("  - {{source: {source}, municipalities: all, from: 2024-01, to: 2024-03}}\n");
    let place = Place::with_uses(&(uses("jobs") + &uses("homes")));
    fs::remove_dir_all(place.path("definitions")).expect("the library's, of which nothing is used");
    let mut municipalities = "code;title_da;title_en;valid_from;valid_to;aliases;kind;region\n".to_owned();
    let mut regions = "code;title_da;title_en;valid_from;valid_to;aliases\n".to_owned();
    for (code, region) in MUNICIPALITIES {
        municipalities += &format!("{code};K{code};M{code};;;;municipality;{region}\n");
        if !regions.contains(region) {
            regions += &format!("{region};R{region};R{region};;;\n");
        }
    }
    place.write("definitions/codelists/municipality.csv", municipalities);
    place.write("definitions/codelists/region.csv", regions);
    define(&place, "codelist", "codelists", "municipality", "rows: municipality.csv\nattributes: [kind, region]\n");
    define(&place, "codelist", "codelists", "region", "rows: region.csv\n");
    define(&place, "codelist", "codelists", "kind", "rows: kind.csv\n");
    write_kinds(&place, std::iter::empty());
    for dataset in ["jobs", "homes"] {
        define(&place, "dataset", "datasets", dataset, FIELDS);
    }
    let jobs = format!(
        "vendor: Acme\nsystem: Acme\ndataset: jobs\ndelivery: {{file: 'jobs/{{municipality}}_{{period}}[_v{{version}}].csv', \
         municipality: file, period: month, load: period, min_rows: 1}}\nbudget: {{max_rejects: 1, max_drop: 50%}}\n{FORMAT}  municipality: delivery\n  month: delivery\n{COLUMNS}"
    );
    define(&place, "source", "sources/acme", "jobs", &jobs);
    let homes = format!(
        "vendor: Acme\nsystem: Acme\ndataset: homes\ndelivery: {{file: 'homes/h_v{{version}}.csv', municipality: rows, \
         load: period, min_rows: 0}}\n{FORMAT}  municipality: {{column: who}}\n  month: {{column: when, date: yyyy-mm}}\n{COLUMNS}"
    );
    define(&place, "source", "sources/acme", "homes", &homes);
    let indicator = |id: &str, unit: &str, decimals: u32, measures: &str, formula: &str| {
        let rest = format!(
            "version: 1\narea: tests\nperiod: month\nunit: {unit}\ndecimals: {decimals}\ndirection: neutral\nmeasures:\n\
             {measures}formula: {formula}\n"
        );
        define(&place, "indicator", "indicators/tests", id, &rest);
    };
    indicator("pay", "DKK", 2, "  amount: {from: jobs, value: sum(amount)}\n", "amount");
    let many = "  jobs: {from: jobs, value: count(*)}\n  homes: {from: homes, value: count(*)}\n";
    indicator("together", "record", 0, many, "jobs + homes");
    write_mean_pay(&place, false, 0);
    place
}
