//! Weeks that lie in two months, and so in two deliveries.

use crate::place::Place;

/// A file of a month: the Mondays of the weeks, the persons, the amounts.
fn deliver(place: &Place, month: &str, rows: &[(&str, &str, &str)]) {
    let mut text =
        "Uge;CPR nummer;Ydelse;Finansiering Kommunenavn;Beregnet udbetalingsbeløb;Refusionsbeløb\n".to_owned();
    for (week, person, paid) in rows {
        text += &format!("{week};{person};Sygedagpenge;København;{paid};\n");
    }
    place.write(&format!("drop/ydelsesrefusion/0101/yr-ydelsesrefusion-beregning_{month}.csv"), text);
}

fn figures(place: &Place) -> Vec<String> {
    let rows = place.rows(
        "SELECT period, coalesce(value_exact, obs_status) FROM latest_observation
         WHERE indicator = 'benefit_payments_per_recipient' AND area = '0101' ORDER BY period",
    );
    rows.into_iter().map(|row| row.join(" ")).collect()
}

#[test]
fn a_week_in_two_months_is_that_of_the_later_month() {
    // Replacement numbers: day plus 60.
    let (anna, bo) = ("710112-1234", "650312-2222");
    let place = Place::with_uses("  - {source: ydelsesrefusion, municipalities: ['0101'], from: 2020-W52}\n");
    let december = [("2020-12-21", anna, "100,00"), ("2020-12-28", anna, "50,00"), ("2020-12-28", anna, "50,00")];
    deliver(&place, "202012", &december);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2020-W52 100.00", "2020-W53 50.00"], "equal rows count once");

    let january = [("2020-12-28", anna, "100,00"), ("2020-12-28", bo, "200,00"), ("2021-01-04", bo, "80,00")];
    deliver(&place, "202101", &january);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2020-W52 100.00", "2020-W53 150.00", "2021-W01 80.00"]);
    let out = place
        .expect(0, &["explain", "benefit_payments_per_recipient", "--municipality", "0101", "--period", "2020-W53"]);
    let (now, before) = out.split_once("revisions:").expect("the history of the figure");
    assert!(now.contains("beregning_202101") && !now.contains("beregning_202012"), "{out}");
    assert!(before.contains("beregning_202012"), "{out}");
    // December is delivered once more, and its last week is still that of January's file.
    deliver(&place, "202012", &[("2020-12-21", anna, "111,00"), ("2020-12-28", anna, "55,00")]);
    place.expect(0, &["run"]);
    assert_eq!(figures(&place), ["2020-W52 111.00", "2020-W53 150.00", "2021-W01 80.00"]);
    let kinds = "SELECT period, kind, first_day FROM period WHERE kind = 'week' ORDER BY first_day";
    let week = |week: &str, monday: &str| [week, "week", monday].map(str::to_owned).to_vec();
    let weeks = [week("2020-W52", "2020-12-21"), week("2020-W53", "2020-12-28"), week("2021-W01", "2021-01-04")];
    assert_eq!(place.rows(kinds), weeks);
}
