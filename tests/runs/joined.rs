//! Figures that are made of more than the rows they count: of a register in which rows are looked up, of an index of prices.

use crate::place::Place;

const SCHOOL: &str = "  - {source: tabulex_pupils, municipalities: ['0101'], from: 2025}
  - {source: institution_register, municipalities: all, from: 2025}
";

const FINANCE: &str = "  - {source: opus_finance, municipalities: ['0101'], from: 2024-01, to: 2025-12}
  - {source: statbank_population, municipalities: ['0101'], from: 2024}
  - {source: kl_pl, municipalities: all, from: 2024}
";

fn figures(place: &Place, indicator: &str, area: &str) -> Vec<String> {
    let rows = place.rows(&format!(
        "SELECT period, coalesce(value_exact, obs_status) FROM latest_observation
         WHERE indicator = '{indicator}' AND area = '{area}' AND breakdown = 'total' ORDER BY period"
    ));
    rows.into_iter().map(|row| row.join(" ")).collect()
}

fn pupils(place: &Place) {
    let mut text = "\u{feff}\"Skole\";\"Skoletype\";\"Klasse\";\"Klassetype\";\"Trin\";\"CPR\";\"Bopælskommune\";\"Optællingsdato\"\r\n".to_owned();
    // Replacement numbers: day plus 60.
    for (school, person) in
        [("101001", "710112-1234"), ("101001", "650312-2222"), ("101001", "660312-2223"), ("101002", "670312-2224")]
    {
        text += &format!("\"{school}\";\"1012\";\"5A\";\"10\";\"5\";\"{person}\";\"0101\";\"05-09-2025\"\r\n");
    }
    place.write("drop/tabulex_pupils/elever_0101_2025.csv", text);
}

fn register(place: &Place, owners: [&str; 2]) {
    let mut text = "Dato;Institutionsnummer;Navn;Ejerkode;Kommunenr;Status\n".to_owned();
    for (school, owner) in ["101001", "101002"].iter().zip(owners) {
        text += &format!("05-09-2025;{school};Skole;{owner};101;Aktiv\n");
    }
    place.write("drop/institutionsregister/skoler_2025.csv", text);
}

#[test]
fn a_changed_register_changes_what_was_looked_up_in_it() {
    const FIGURE: &str = "pupils_per_municipal_school";
    let place = Place::with_uses(SCHOOL);
    pupils(&place);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), [] as [&str; 0], "without a register nobody has all that it needs");

    register(&place, ["2", "2"]);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), ["2025 2.0"]);
    let out = place.expect(0, &["explain", FIGURE, "--municipality", "0101", "--period", "2025", "--rows", "10"]);
    assert!(out.contains("join: register: {dataset: school_register, on: {school: institution}, at: row}"), "{out}");
    assert!(out.contains("register.owner") && out.contains("2 of 2 deliveries' periods"), "{out}");

    register(&place, ["2", "9"]);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), ["2025 3.0"]);
    let rows =
        "SELECT minor, rows FROM measure WHERE indicator = 'pupils_per_municipal_school' AND municipality = '0101'";
    assert_eq!(place.rows(rows)[0], ["3", "3"]);
}

fn finance(place: &Place) {
    for year in [2024, 2025] {
        for month in 1..=12 {
            let header = "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";
            let row = format!(
                "0101;{year};{year}{month:02};00000001;1;15-{month:02}-{year};3220111000100011;Tekst;100,00\r\n"
            );
            let text = format!("{header}{row}");
            let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect();
            place.write(&format!("drop/opus_finance/0101/0101_{year}{month:02}.csv"), bytes);
        }
        let population = format!("OMR\u{c5}DE;K\u{d8}N;ALDER;TID;INDHOLD\n101;TOT;30;{year}K1;1\n");
        place.write(&format!("drop/statbank/folk1a_{year}.csv"), population);
    }
}

#[test]
fn a_new_index_changes_the_prices_of_all_years() {
    const FIGURE: &str = "net_operating_expenditure_in_fixed_prices";
    let place = Place::with_uses(FINANCE);
    finance(&place);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), ["2024 O", "2025 O"], "there are amounts, and no prices");

    place.write("drop/kl/pl_indeks.csv", "År;Kommunal service\n2024;100,00\n");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), ["2024 1200", "2025 O"]);

    // 1200 kroner of each year: 2024 times 105.5 / 100, 2025 as they are.
    place.write("drop/kl/pl_indeks_v2.csv", "År;Kommunal service\n2024;100,00\n2025;105,50\n");
    place.expect(0, &["run"]);
    assert_eq!(figures(&place, FIGURE, "0101"), ["2024 1266", "2025 1200"]);
    let out = place.expect(0, &["explain", FIGURE, "--municipality", "0101", "--period", "2024"]);
    assert!(out.contains("in prices of: 2025") && out.contains("pl_indeks_v2.csv"), "{out}");

    place.expect_nothing_new();
}
