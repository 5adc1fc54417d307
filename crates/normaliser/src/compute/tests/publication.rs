//! What is said of figures besides the formula: group rules, plausibility, inclusion, breaks. Worked out by hand.

use model::{Inclusion, Plausible};

use super::*;

/// Amounts in øre and numbers of people of 0101, 0400 and 0751 in a year.
fn year(text: &str, amounts: [i64; 3], people: [Option<i64>; 3]) -> Vec<MeasureValue> {
    let known = |code: &str, measure: &str, minor: Option<i64>| {
        let status = if minor.is_some() { ObsStatus::Normal } else { ObsStatus::Missing };
        value(code, text, measure, minor, status)
    };
    let both = |((code, amount), people): ((&&str, i64), Option<i64>)| {
        [known(code, "amount", Some(amount)), known(code, "people", people)]
    };
    MUNICIPALITIES.iter().zip(amounts).zip(people).flat_map(both).collect()
}

fn figures(indicator: &Indicator, measures: &[MeasureValue]) -> Vec<String> {
    shown(&observe(indicator, measures, &members).expect("figures"))
}

#[test]
fn means_and_medians_are_of_the_figures() {
    // 10.00 / 2 = 5, 5.00 / 3 = 1.666..., 30.01 / 4 = 7.5025.
    let measures = year("2024", [1_000, 500, 3_001], [Some(2), Some(3), Some(4)]);
    let mean = Indicator { groups: GroupRule::UnweightedMean, decimals: 3, ..quotient() };
    // Region 1084 has 0101 and 0400: (5 + 1.6666...) / 2; the country (5 + 1.6666... + 7.5025) / 3 = 4.72305...
    assert_eq!(figures(&mean, &measures)[3..], ["1082 7.503 A 1/1", "1084 3.333 A 2/2", "DK 4.723 A 3/3"]);
    let median = Indicator { groups: GroupRule::Median, decimals: 3, ..quotient() };
    assert_eq!(figures(&median, &measures)[3..], ["1082 7.503 A 1/1", "1084 3.333 A 2/2", "DK 5.000 A 3/3"]);
    let gap = year("2024", [1_000, 500, 3_001], [Some(2), None, Some(4)]);
    assert_eq!(figures(&mean, &gap)[4..], ["1084 5.000 P 1/2", "DK 6.251 P 2/3"]);
    let nobody = year("2024", [1_000, 500, 3_001], [Some(0), Some(0), Some(0)]);
    assert_eq!(figures(&median, &nobody)[5], "DK - M 0/3");
}

#[test]
fn what_is_not_plausible_is_flagged_or_taken_out() {
    let expected = |remove| Plausible {
        least: Some(Ratio::integer(2)),
        greatest: None,
        change: Ratio::new(1, 4).ok(),
        remove,
        of_parts: true,
    };
    // 0101: 5, then 6.2 (24 % more), then 4.6 (25.8 % less). 0400 is below 2 all the time. 0751 has no year before.
    let years = [
        year("2022", [1_000, 300, 700], [Some(2), Some(3), None]),
        year("2023", [1_240, 300, 700], [Some(2), Some(3), Some(1)]),
        year("2024", [920, 300, 700], [Some(2), Some(3), Some(1)]),
    ];
    let flagged = Indicator { plausible: Some(expected(false)), ..quotient() };
    let found = figures(&flagged, &years.concat());
    assert_eq!(found[0..3], ["0101 5.0 A 1/1", "0400 1.0 U 1/1", "0751 - O 0/1"]);
    assert_eq!(found[6..9], ["0101 6.2 A 1/1", "0400 1.0 U 1/1", "0751 7.0 A 1/1"]);
    assert_eq!(found[12..15], ["0101 4.6 U 1/1", "0400 1.0 U 1/1", "0751 7.0 A 1/1"]);
    let removed = Indicator { plausible: Some(expected(true)), ..quotient() };
    let found = figures(&removed, &years.concat());
    // What was taken out is in no group either: the country is 0751 alone, 7.00 / 1.
    assert_eq!(
        found[12..],
        ["0101 - U 0/1", "0400 - U 0/1", "0751 7.0 A 1/1", "1082 7.0 A 1/1", "1084 - O 0/2", "DK 7.0 P 1/3"]
    );
    // A year between without figures: the change is not known.
    assert_eq!(figures(&flagged, &[&years[0][..], &years[2][..]].concat())[6], "0101 4.6 A 1/1");
}

#[test]
fn what_another_one_delivers_is_included_there() {
    let inclusion = Inclusion {
        municipality: municipality("0400"),
        within: municipality("0101"),
        from: Some(period("2024")),
        to: None,
    };
    let included = Indicator { included_in: vec![inclusion], ..quotient() };
    // The people of both stand below the amount that 0101 delivers for both: (10.00 + 0) / (2 + 3).
    let mut measures = year("2024", [1_000, 0, 3_000], [Some(2), Some(3), Some(4)]);
    measures[2].minor = None;
    measures[2].status = ObsStatus::NotCollected;
    let found = figures(&included, &measures);
    let expected =
        ["0101 2.0 A 1/1", "0400 - K 0/1", "0751 7.5 A 1/1", "1082 7.5 A 1/1", "1084 2.0 A 1/1", "DK 4.4 A 2/2"];
    assert_eq!(found, expected, "(10 + 30) / (5 + 4)");
    let earlier = year("2023", [1_000, 600, 3_000], [Some(2), Some(3), Some(4)]);
    assert_eq!(figures(&included, &earlier)[1], "0400 2.0 A 1/1", "it holds from 2024 on");
}

#[test]
fn comparison_groups_have_figures_as_regions_have() {
    let group = |text: &str| Area::Comparison(text.parse().expect("an area"));
    let area = |area: &str, codes: &[&str]| (group(area), codes.iter().map(|code| municipality(code)).collect());
    let groups = |_: Period| {
        BTreeMap::from([
            area("near:0101", &["0400", "0751"]),
            area("near:0751", &["0400"]),
            area("cities", &["0101", "0751"]),
        ])
    };
    let measures = year("2024", [1_000, 500, 3_001], [Some(2), None, Some(4)]);
    let figures = |indicator: &Indicator| shown(&observe_groups(indicator, &measures, &groups).expect("figures"));
    // 40.01 / 6 = 6.668; of the neighbours of 0101 one is missing.
    let found = figures(&quotient());
    assert_eq!(found[3..], ["cities 6.7 A 2/2", "near:0101 7.5 P 1/2", "near:0751 - O 0/1"]);
    // (5 + 7.5025) / 2 = 6.25125.
    let mean = Indicator { groups: GroupRule::UnweightedMean, ..quotient() };
    assert_eq!(figures(&mean)[3], "cities 6.3 A 2/2");
    // 0400 is counted in 0101, (10 + 5 + 30.01) / 6: it belongs to no group, and a group of nobody else has no figure.
    let (from, to) = (None, None);
    let inclusion = Inclusion { municipality: municipality("0400"), within: municipality("0101"), from, to };
    let included = Indicator { included_in: vec![inclusion], ..quotient() };
    assert_eq!(figures(&included)[3..], ["cities 7.5 A 2/2", "near:0101 7.5 A 1/1", "near:0751 - K 0/0"]);
}

#[test]
fn what_is_missing_is_left_out_where_something_is_known() {
    let measures = |at: usize| {
        let people = measure_of("people", TimeSelection::Within, None, Aggregate::Count, 0);
        let operand = |at| Box::new(Formula::Measure(MeasureIndex(at)));
        let sum = indicator(PeriodKind::Year, vec![sum_of_amounts(None), people], Formula::Add(operand(0), operand(1)));
        let mut values = year("2024", [1_000, 500, 700], [Some(2), None, None]);
        values[at].minor = None;
        values[at].status = ObsStatus::NotCollected;
        figures(&Indicator { missing: MissingRule::Exclude, ..sum }, &values)
    };
    // 0400 has an amount and no people, 0751 neither.
    assert_eq!(measures(4)[..3], ["0101 12.0 A 1/1", "0400 5.0 A 1/1", "0751 - L 0/1"]);
    assert_eq!(measures(0)[..1], ["0101 2.0 A 1/1"]);
}

#[test]
fn nobody_waits_for_what_cannot_exist() {
    let mut measures = year("2024", [1_000, 500, 3_000], [Some(2), None, Some(4)]);
    measures[3].status = ObsStatus::CannotExist;
    let found = figures(&quotient(), &measures);
    assert_eq!(found[1], "0400 - M 0/1");
    assert_eq!(found[4..], ["1084 5.0 A 1/2", "DK 6.7 A 2/3"], "40 / 6");
    measures[2].status = ObsStatus::Missing;
    measures[2].minor = None;
    assert_eq!(figures(&quotient(), &measures)[4], "1084 5.0 P 1/2");
}

#[test]
fn a_series_that_begins_anew_says_so() {
    let broken = Indicator { breaks: vec![period("2024")], ..quotient() };
    let years = [
        year("2023", [1_000, 500, 3_000], [Some(2), Some(0), Some(4)]),
        year("2024", [1_000, 500, 3_000], [Some(2), Some(0), None]),
    ];
    let found = figures(&broken, &years.concat());
    assert_eq!(found[..2], ["0101 5.0 A 1/1", "0400 - M 1/1"]);
    // Only what would be a normal value.
    assert_eq!(
        found[6..],
        ["0101 5.0 B 1/1", "0400 - M 1/1", "0751 - O 0/1", "1082 - O 0/1", "1084 7.5 B 2/2", "DK 7.5 P 2/3"]
    );
}
