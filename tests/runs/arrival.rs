//! What holds follows from the set of deliveries, whatever the order in which they come and the nights they come in.

use std::fs;

use crate::place::Place;

const STATBANK: &str = "definitions/sources/dst/statbank_population.yaml";
const OPUS: &str = "definitions/sources/kmd/opus_finance.yaml";

const USES: &str = "  - {source: statbank_population, municipalities: ['0101', '0147'], from: 2023, to: 2025}
  - {source: full_population, municipalities: ['0751'], from: 2023, to: 2025}
  - {source: latest_population, municipalities: ['0740'], from: 2023, to: 2025}
  - {source: year_population, municipalities: ['0851'], from: 2023, to: 2025}
  - {source: opus_finance, municipalities: ['0461'], from: 2024-01, to: 2024-03}
  - {source: year_finance, municipalities: ['0461'], from: 2024-04, to: 2024-06}
";

/// Sources of every kind: files of the whole country with a version alone, files that each hold everything so far, yearly
/// files, and a change of systems from monthly files to yearly ones that overlap.
fn project() -> Place {
    let place = Place::with_uses(USES);
    place.keep(&[
        "datasets/population.yaml",
        "datasets/finance_postings.yaml",
        "sources/dst/statbank_population.yaml",
        "sources/kmd/opus_finance.yaml",
        "indicators/population/population.yaml",
        "indicators/finance/net_operating_expenditure.yaml",
    ]);
    let read = |path: &str| {
        let text = fs::read_to_string(place.path(path)).expect("a source");
        text.split("tests:").next().expect("what stands before its tests").to_owned()
    };
    let (statbank, opus) = (read(STATBANK), read(OPUS));
    let open = statbank.replace("folk1a_{period}.csv", "*_v{version}.csv").replace("  period: year\n", "");
    let of_one = |id: &str, folder: &str| {
        let text = statbank.replace("id: statbank_population", &format!("id: {id}"));
        let text = text.replace(
            "statbank/folk1a_{period}.csv",
            &format!("{folder}/{{municipality}}_{{period}}[_v{{version}}].csv"),
        );
        text.replace("municipality: rows", "municipality: file")
    };
    place.write(STATBANK, open);
    place.write("definitions/sources/dst/year_population.yaml", of_one("year_population", "year"));
    let latest = of_one("latest_population", "latest").replace("load: period", "load: full");
    place.write("definitions/sources/dst/latest_population.yaml", latest);
    let full = of_one("full_population", "full").replace("load: period", "load: full").replace("  period: year\n", "");
    place.write("definitions/sources/dst/full_population.yaml", full.replace("_{period}[_v{version}]", "_v{version}"));
    let yearly = opus.replace("id: opus_finance", "id: year_finance").replace("period: month", "period: year");
    place.write(
        "definitions/sources/kmd/year_finance.yaml",
        yearly.replace("'opus_finance/{municipality}", "'year_finance/{municipality}"),
    );
    fs::create_dir_all(place.path("drop")).expect("made");
    place
}

fn persons(rows: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut text = "OMRÅDE;KØN;ALDER;TID;INDHOLD\r\n".to_owned();
    for (municipality, year, persons) in rows {
        text += &format!("{municipality};TOT;30;{year}K1;{persons}\r\n");
    }
    text.into_bytes()
}

fn postings(months: &[(&str, u32)]) -> Vec<u8> {
    let head = "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";
    let mut text = head.to_owned();
    for (number, (month, amount)) in months.iter().enumerate() {
        let (year, in_year) = month.split_at(4);
        let document = format!("{:08}", number + 1);
        text += &format!("0461;{year};{month};{document};1;15-{in_year}-{year};3220111000100011;Tekst;{amount},00\r\n");
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect()
}

/// Something that happens: a file comes, or somebody decides something.
#[derive(Clone)]
enum Event {
    File(&'static str, Vec<u8>),
    NothingToReport(&'static str),
    Retract(&'static str),
}

fn events() -> Vec<Event> {
    let file = |name, rows: &[(&str, &str, u32)]| Event::File(name, persons(rows));
    let money = |name, months: &[(&str, u32)]| Event::File(name, postings(months));
    let again = [("101", "2024", 120), ("101", "2025", 130)];
    vec![
        file("statbank/a_v1", &[("101", "2023", 100), ("147", "2023", 10), ("101", "2024", 110)]),
        file("statbank/b_v2", &again),
        file("statbank/another name_v2", &again),
        file("statbank/c_v3", &[("147", "2023", 11), ("147", "2024", 12), ("101", "2025", 999)]),
        // Two that claim the same, and one that is no such file.
        file("statbank/d_v4", &[("101", "2023", 4)]),
        file("statbank/e_v4", &[("101", "2023", 5)]),
        Event::File("statbank/f_v5", b"<html>please log in</html>\n".to_vec()),
        // Each holds everything so far; the last one has dropped the first year.
        file("full/0751_v1", &[("751", "2023", 50)]),
        file("full/0751_v2", &[("751", "2023", 51), ("751", "2024", 60)]),
        file("full/0751_v3", &[("751", "2024", 62), ("751", "2025", 70)]),
        // Each is all that there is, as of its year.
        file("latest/0740_2023", &[("740", "2023", 50)]),
        file("latest/0740_2024", &[("740", "2024", 61)]),
        file("latest/0740_2024_v2", &[("740", "2024", 62)]),
        file("year/0851_2023", &[("851", "2023", 20)]),
        file("year/0851_2023_v2", &[("851", "2023", 21)]),
        file("year/0851_2024", &[("851", "2024", 22)]),
        Event::NothingToReport("2024"),
        Event::NothingToReport("2025"),
        money("opus_finance/0461/0461_202401", &[("202401", 1)]),
        money("opus_finance/0461/0461_202401_v2", &[("202401", 2)]),
        money("opus_finance/0461/0461_202402", &[("202402", 3)]),
        // Nobody can read the first one, and nobody needs to any more.
        Event::File("opus_finance/0461/0461_202403", b"<html>please log in</html>\n".to_vec()),
        money("opus_finance/0461/0461_202403_v2", &[("202403", 4)]),
        money("year_finance/0461/0461_2024", &[("202401", 70), ("202404", 71), ("202405", 72), ("202406", 73)]),
        money("year_finance/0461/0461_2024_v2", &[("202403", 80), ("202404", 81), ("202405", 82)]),
        Event::Retract("c_v3"),
    ]
}

fn is_known(place: &Place, name: &str) -> bool {
    place.path("store/musketer.db").exists()
        && place.number(&format!("SELECT count(*) FROM delivery WHERE name LIKE '%/{name}.csv'")) > 0
}

/// Lets an event happen; `false` if it cannot yet.
fn happen(place: &Place, event: &Event) -> bool {
    match event {
        Event::File(name, bytes) => place.write(&format!("drop/{name}.csv"), bytes),
        Event::NothingToReport(year) => {
            let unit = ["--source", "year_population", "--municipality", "0851", "--period", year];
            let said =
                place.musketer(&["receipt", unit[0], unit[1], unit[2], unit[3], unit[4], unit[5], "--reason", "x"]);
            // Where a file has come there is something to report.
            let has_come = said.code == 2 && said.err.contains("M7013");
            assert!([0, 3].contains(&said.code) || has_come, "{}\n{}", said.out, said.err);
        }
        Event::Retract(name) if !is_known(place, name) => return false,
        Event::Retract(name) => {
            let id = &place.rows(&format!("SELECT delivery FROM delivery WHERE name LIKE '%/{name}.csv'"))[0][0];
            let said = place.musketer(&["retract", id, "--reason", "x"]);
            assert!([0, 3].contains(&said.code), "{}\n{}", said.out, said.err);
        }
    }
    true
}

fn night(place: &Place) {
    let said = place.musketer(&["run"]);
    assert!([0, 3].contains(&said.code), "{}\n{}", said.out, said.err);
}

/// Figures, measures, units and books, without the numbers of runs and revisions. A receipt has the time in it, so it is
/// known by its kind. What has been read of a delivery in whose place another one holds depends on which came first.
fn tables(place: &Place) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let of = "(SELECT iif(d.kind = 'file', d.delivery, d.kind) FROM delivery AS d WHERE d.delivery = t.delivery)";
    let queries = [
        ("figures", "SELECT indicator, area, period, breakdown, value_exact, numerator_exact, contributing, members, obs_status
            FROM latest_observation ORDER BY 1, 2, 3, 4".to_owned()),
        ("units", format!("SELECT source, municipality, period, dataset, {of}, reading_fingerprint, rows, part FROM unit AS t
            ORDER BY 1, 2, 3")),
        ("coverage", format!("SELECT {of}, municipality, period, rows FROM delivery_unit AS t WHERE {of} <> 'receipt' ORDER BY 1, 2, 3")),
        ("deliveries", format!("SELECT {of}, source, municipality, period, version, content, bytes, state, refusal_code FROM delivery AS t
            WHERE kind = 'file' ORDER BY 1")),
        ("books", format!("SELECT {of}, rows_read, rows_accepted, rows_rejected, rows_skipped FROM delivery AS t
            WHERE state = 'accepted' AND kind = 'file' ORDER BY 1, source, municipality, period")),
        ("measures", "SELECT indicator, municipality, period, breakdown, measure, minor, rows, obs_status FROM measure
            ORDER BY 1, 2, 3, 4, 5".to_owned()),
        ("who held last", format!("SELECT source, municipality, period, {of}, rows FROM unit_revision AS t WHERE known_to_run IS NULL
            ORDER BY 1, 2, 3")),
    ];
    queries.into_iter().map(|(name, sql)| (name, place.rows(&sql))).collect()
}

/// Numbers that look random, and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

/// Lets everything happen in some order, with nights between that the dice decide.
fn carried_out(mut order: Vec<Event>, dice: &mut Dice, one_in: usize) -> Place {
    let place = project();
    while !order.is_empty() {
        let mut later = Vec::new();
        for event in order {
            if !happen(&place, &event) {
                later.push(event);
            } else if dice.below(one_in) == 0 {
                night(&place);
            }
        }
        if !later.is_empty() {
            night(&place);
        }
        order = later;
    }
    night(&place);
    place
}

#[test]
fn the_order_of_arrival_and_the_nights_decide_nothing() {
    let all = carried_out(events(), &mut Dice(1), usize::MAX);
    let expected = tables(&all);
    let figure = |area: &str, period: &str| {
        let sql = "SELECT coalesce(value_exact, obs_status) FROM latest_observation WHERE breakdown = 'total' AND";
        let rows = all.rows(&format!("{sql} area = '{area}' AND period = '{period}'"));
        rows.into_iter().map(|row| row[0].clone()).collect::<Vec<_>>().join(" ")
    };
    let of = |area: &str, periods: [&str; 3]| periods.map(|period| figure(area, period));
    let years = ["2023", "2024", "2025"];
    assert_eq!(of("0101", years), ["100", "120", "130"]);
    assert_eq!(of("0147", years), ["10", "O", "O"], "what was taken back is as if it had never come");
    assert_eq!(of("0751", years), ["O", "62", "70"], "everything so far is everything");
    assert_eq!(of("0740", years), ["O", "62", "O"], "the latest one is everything");
    assert_eq!(of("0851", years), ["21", "22", "0"], "a receipt is weaker than any file, and no gap");
    assert_eq!(of("0461", ["2024-01", "2024-02", "2024-03"]), ["2.00", "3.00", "4.00"]);
    assert_eq!(
        of("0461", ["2024-04", "2024-05", "2024-06"]),
        ["81.00", "82.00", ""],
        "a file that ends in May says nothing of June"
    );
    let mut dice = Dice(20_260_331);
    for round in 0..7 {
        let mut order = events();
        for at in (1..order.len()).rev() {
            order.swap(at, dice.below(at + 1));
        }
        let one_in = [1, 3, 6][round % 3];
        let names: Vec<String> = order
            .iter()
            .map(|event| match event {
                Event::File(name, _) => (*name).to_owned(),
                Event::NothingToReport(year) => format!("receipt {year}"),
                Event::Retract(name) => format!("retract {name}"),
            })
            .collect();
        let place = carried_out(order, &mut dice, one_in);
        for ((name, expected), (_, found)) in expected.iter().zip(tables(&place)) {
            assert_eq!(found, *expected, "{name}, round {round}, a night after one in {one_in}: {names:?}");
        }
        place.musketer(&["run"]);
        assert_eq!(tables(&place), expected, "another night changes nothing");
    }
}
