//! No personal identification number leaves the raw archive: planted everywhere, and looked for in every output.
//!
//! All numbers are in replacement form (day plus 60), so that they are nobody's.

use std::os::unix::fs::PermissionsExt;

use crate::place::{Place, tree};

/// Numbers as they are planted, and the pieces that must not be found anywhere: with and without hyphen.
const PLANTED: [&str; 6] = ["710191-4321", "720292-4322", "730393-4323", "740494-4324", "750595-4325", "760696-4326"];

#[expect(clippy::many_single_char_names, reason = "six numbers that mean nothing")]
fn place() -> Place {
    let place = Place::with_uses(
        "  - {source: opus_absence, municipalities: ['0101'], from: 2024-01, to: 2024-03}
  - {source: opus_finance, municipalities: ['0101', '0147'], from: 2024-01, to: 2024-01}
  - {source: tabulex_pupils, municipalities: ['0101', '0147'], from: 2024, to: 2024}\n",
    );
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).expect("a byte")).collect::<Vec<u8>>();
    let [a, b, c, d, e, f] = PLANTED;
    let bare = |number: &str| number.replace('-', "");
    let absence = format!(
        "CPR-nr;Funktion;Periode;Besk\u{e6}ftigelsesgrad;Mulige timer;Sygefrav\u{e6}r timer;Andet frav\u{e6}r timer\r\n\
         {a};3.22.01;01.2024;1,0000;160,33;0,00;0,00\r\n\
         {};3.22.01;01.2024;1,0000;160,33;{b};0,00\r\n\
         {c};{c};01.2024;1,0000;160,33;0,00;0,00\r\n\
         {d};3.22.01;{d};1,0000;160,33;0,00;0,00\r\n\
         {e}X;3.22.01;01.2024;1,0000;160,33;0,00;0,00\r\n\
         {f};3.22.01;01.2024;1,0000\r\n\
         \"{f};3.22.01;01.2024;1,0000;160,33;0,00;0,00\r\n\
         {f};3.22.01;01.2024;1,0000;160,33;0,00;0,00;{f}\r\n",
        bare(b)
    );
    place.write("drop/opus_absence/0101/fravaer_0101_2024Q1.csv", latin(&absence));
    let header = "Kommunenr;Regnskabs\u{e5}r;Periode;Bilagsnr;Linje;Bogf\u{f8}ringsdato;Kontostreng;Posteringstekst;Bel\u{f8}b\r\n";
    let finance = format!(
        "{header}0101;2024;202401;00000001;1;15-01-2024;3220111000100011;Vedr. {a} og {};100,00\r\n\
         0101;2024;202401;{};1;15-01-2024;3220111000100011;Tekst;100,00\r\n\
         0101;2024;202401;00000003;1;15-01-2024;{};Tekst;100,00\r\n\
         0101;2024;202401;00000004;1;{d};3220111000100011;Tekst;100,00\r\n\
         0101;2024;202401;00000005;1;15-01-2024;3220111000100011;Tekst;{}\r\n\
         {e};2024;202401;00000006;1;15-01-2024;3220111000100011;Tekst;100,00\r\n\
         0101;2024;202401;00000007;1;15-01-2024;3220111000100011;Tekst \"{f}\";100,00\r\n",
        bare(b),
        bare(b),
        bare(c),
        bare(d)
    );
    place.write("drop/opus_finance/0101/0101_202401.csv", latin(&finance));
    // A header that is a number, a name that is one, a file that is refused.
    place.write("drop/opus_finance/0147/0147_202401.csv", latin(&format!("{a};{b};{c}\r\n1;2;3\r\n")));
    place.write(format!("drop/{d}.csv").as_str(), "who knows");
    place.write(format!("drop/opus_finance/0101/{}_202401.csv", bare(e)).as_str(), "who knows");
    let pupils = format!(
        "\u{feff}\"Skole\";\"Skoletype\";\"Klasse\";\"Klassetype\";\"Trin\";\"CPR\";\"Bop\u{e6}lskommune\";\"Opt\u{e6}llingsdato\"\r\n\
         \"101012\";\"1012\";\"5A\";\"10\";\"5\";\"{f}\";\"0101\";\"05-09-2024\"\r\n\
         \"101012\";\"1012\";\"{a}\";\"10\";\"5\";\"{e}\";\"{b}\";\"05-09-2024\"\r\n\
         \"{c}\";\"1012\";\"5A\";\"10\";\"{}\";\"{d}\";\"0101\";\"05-09-2024\"\r\n",
        bare(a)
    );
    place.write("drop/tabulex_pupils/elever_0101_2024.csv", pupils);
    place
}

/// Every piece of text that a planted number would leave.
fn pieces() -> Vec<String> {
    PLANTED.iter().flat_map(|number| [(*number).to_owned(), number.replace('-', "")]).collect()
}

fn assert_clean(what: &str, bytes: &[u8]) {
    for piece in pieces() {
        let found = bytes.windows(piece.len()).position(|window| window == piece.as_bytes());
        if let Some(at) = found {
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(60)..bytes.len().min(at + 60)]).into_owned();
            panic!("{what} holds {piece}: {around}");
        }
    }
}

#[test]
fn no_number_leaves_the_raw_archive() {
    let place = place();
    let said = place.musketer(&["run", "-vv", "--log-format", "json"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert_clean("the report", said.out.as_bytes());
    assert_clean("the log", said.err.as_bytes());
    for arguments in [
        &["run", "--format", "json"][..],
        &["status", "--deliveries"],
        &["status", "--format", "json"],
        &["rejects", "list", "--limit", "1000"],
        &["rejects", "list", "--limit", "1000", "--format", "json"],
        &["rejects", "list", "--format", "csv"],
        &["export"],
        &["explain", "net_operating_expenditure", "--municipality", "0101", "--period", "2024-01", "--rows", "100"],
        &["explain", "sickness_absence_share", "--municipality", "0101", "--period", "2024-01", "--rows", "100"],
        &["explain", "pupils", "--municipality", "0101", "--period", "2024", "--rows", "--format", "json"],
    ] {
        let said = place.musketer(arguments);
        assert!(matches!(said.code, 0 | 3), "{arguments:?}: {}", said.err);
        assert_clean(&format!("{arguments:?}"), said.out.as_bytes());
        assert_clean(&format!("the log of {arguments:?}"), said.err.as_bytes());
    }
    for row in place.rows("SELECT DISTINCT delivery FROM rejected_row") {
        for format in ["text", "json"] {
            let said = place.musketer(&["rejects", "show", &row[0], "--limit", "1000", "--format", format]);
            assert_eq!(said.code, 0, "{}", said.err);
            assert_clean("rejects show", said.out.as_bytes());
        }
    }
    let mut looked_at = 0;
    for (name, bytes) in tree(&place.path("store")).iter().filter(|(name, _)| !name.starts_with("raw/")) {
        assert_clean(name, bytes);
        looked_at += 1;
    }
    assert!(looked_at > 3, "the store has a database and canonical rows");
    // Parquet is compressed: its texts are looked at as rows, in the explanations above; here what they must hold.
    let out = place.expect(0, &["explain", "pupils", "--municipality", "0101", "--period", "2024", "--rows"]);
    assert!(out.contains("replacement"), "{out}");
    // The numbers are in the archive, or the test would prove nothing.
    assert!(place.number("SELECT count(*) FROM rejected_row") > 10);
    assert!(place.number("SELECT count(*) FROM delivery_notice WHERE code = 'M5305'") > 0);
}

#[test]
fn the_raw_archive_is_closed_to_others() {
    let place = place();
    place.expect(3, &["run"]);
    let mode = |below: &str| std::fs::metadata(place.path(below)).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode("store/raw"), 0o700);
}

#[test]
fn an_open_key_is_refused() {
    let place = place();
    std::fs::set_permissions(place.path("keys/person.key"), std::fs::Permissions::from_mode(0o640)).expect("opened");
    let said = place.musketer(&["run"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("M7004") && said.err.contains("chmod 600"), "{}", said.err);
    assert!(!place.path("store/musketer.db").exists(), "nothing was done");
}

#[test]
fn the_same_person_has_another_pseudonym_under_another_key_or_in_another_municipality() {
    let pseudonym = |place: &Place, area: &str| {
        let arguments = ["explain", "pupils", "--municipality", area, "--period", "2024", "--rows", "--format", "json"];
        let value: serde_json::Value = serde_json::from_str(&place.expect(0, &arguments)).expect("JSON");
        let columns = value["rows"][0]["columns"].as_array().expect("columns").clone();
        let at = columns.iter().position(|name| name == "pupil").expect("the pupil");
        value["rows"][0]["rows"][0][at].as_str().expect("a pseudonym").to_owned()
    };
    let deliver = |place: &Place| {
        let header = "\"Skole\";\"Skoletype\";\"Klasse\";\"Klassetype\";\"Trin\";\"CPR\";\"Bopælskommune\";\"Optællingsdato\"\r\n";
        for code in ["0101", "0147"] {
            let row = "\"101012\";\"1012\";\"5A\";\"10\";\"5\";\"760696-4326\";\"0101\";\"05-09-2024\"\r\n";
            place.write(&format!("drop/tabulex_pupils/elever_{code}_2024.csv"), format!("{header}{row}"));
        }
    };
    let uses = "  - {source: tabulex_pupils, municipalities: ['0101', '0147'], from: 2024, to: 2024}\n";
    let (one, other) = (Place::with_uses(uses), Place::with_uses(uses));
    other.write("keys/person.key", "x".repeat(32));
    other.close("keys/person.key");
    for place in [&one, &other] {
        deliver(place);
        place.expect(0, &["run"]);
    }
    let of_one = pseudonym(&one, "0101");
    assert!(of_one.len() >= 16 && of_one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{of_one}");
    assert_ne!(of_one, pseudonym(&one, "0147"));
    assert_ne!(of_one, pseudonym(&other, "0101"));
}
