//! Figures in the municipalities of another day: by hand, and against a second evaluator that walks every way that a
//! municipality can have gone, with fractions of its own.

use std::collections::{BTreeMap, BTreeSet};

use model::{ChangeKind, CodeList, CodeListBuilder, CodeListId, Inclusion, Share, Text, Validity};

use super::*;
use crate::compute::observe_carried;

/// 0101 and 0102 became 0110 in 2007; 0201 was divided, a third to 0110 and the rest to 0210.
fn whither(code: MunicipalityCode, _: Period) -> Vec<(MunicipalityCode, Share)> {
    let to = |code: &str, share: Share| (municipality(code), share);
    let one = Some(Ratio::integer(1));
    match code.to_string().as_str() {
        "0101" | "0102" => vec![to("0110", one)],
        "0201" => vec![to("0110", Ratio::new(1, 3).ok()), to("0210", Ratio::new(2, 3).ok())],
        "0301" => vec![to("0310", None), to("0311", None)],
        other => vec![to(other, one)],
    }
}

fn today(_: Period) -> Vec<Member> {
    let member = |code: &str| Member { municipality: municipality(code), region: "1084".to_owned() };
    ["0110", "0210"].map(member).to_vec()
}

fn amounts(of: &[(&str, Option<i64>, Option<i64>)]) -> Vec<MeasureValue> {
    let known = |code: &str, measure: &str, minor: Option<i64>| {
        let status = if minor.is_some() { ObsStatus::Normal } else { ObsStatus::Missing };
        value(code, "2006", measure, minor, status)
    };
    of.iter()
        .flat_map(|(code, amount, people)| [known(code, "amount", *amount), known(code, "people", *people)])
        .collect()
}

fn carried(indicator: &Indicator, measures: &[MeasureValue]) -> Vec<String> {
    shown(&observe_carried(indicator, measures, &today, &whither).expect("figures"))
}

#[test]
fn merged_municipalities_are_a_ratio_of_sums() {
    // (10.00 + 30.00) / (2 + 2) = 10, not the mean of 5 and 15; 0210 did not exist, and nothing leads to it.
    let measures = amounts(&[("0101", Some(1_000), Some(2)), ("0102", Some(3_000), Some(2))]);
    assert_eq!(carried(&quotient(), &measures), ["0110 10.0 A 1/1", "1084 10.0 P 1/2", "DK 10.0 P 1/2"]);
}

#[test]
fn divided_municipalities_are_estimated() {
    // 0110: 10.00 + a third of 60.00 is 30.00, over 2 + 3 people; 0210: 40.00 over 6.
    let measures = amounts(&[("0101", Some(1_000), Some(2)), ("0201", Some(6_000), Some(9))]);
    let figures = observe_carried(&quotient(), &measures, &today, &whither).expect("figures");
    assert_eq!(shown(&figures), ["0110 6.0 E 1/1", "0210 6.7 E 1/1", "1084 6.4 E 2/2", "DK 6.4 E 2/2"]);
    assert_eq!(figures[0].numerator, Some(Ratio::integer(30)));
    assert_eq!(figures[0].denominator, Some(Ratio::integer(5)));
    // A share of an odd number is exact: a third of 10.00, and of 1.
    let measures = amounts(&[("0101", Some(0), Some(0)), ("0201", Some(1_000), Some(1))]);
    let figures = observe_carried(&quotient(), &measures, &today, &whither).expect("figures");
    assert_eq!((figures[0].numerator, figures[0].denominator), (Ratio::new(10, 3).ok(), Ratio::new(1, 3).ok()));
    assert_eq!(figures[3].numerator, Some(Ratio::integer(10)), "the parts are the whole again");
}

#[test]
fn a_part_that_is_missing_makes_the_whole_missing() {
    let measures = amounts(&[("0101", Some(1_000), Some(2)), ("0102", Some(3_000), None)]);
    assert_eq!(carried(&quotient(), &measures)[0], "0110 - O 0/1");
    let mut measures = measures;
    measures[3].status = ObsStatus::NotCollected;
    assert_eq!(carried(&quotient(), &measures)[0], "0110 - L 0/1");
    // Where missing data means nothing, it does so in each of the parts.
    let zero = Indicator { missing: MissingRule::Zero, ..quotient() };
    assert_eq!(carried(&zero, &measures)[0], "0110 20.0 A 1/1");
    // Nobody knows how much of 0301 is where.
    let unknown = amounts(&[("0301", Some(1_000), Some(2))]);
    assert_eq!(carried(&quotient(), &unknown)[..2], ["0310 - M 0/1", "0311 - M 0/1"]);
}

#[test]
fn what_is_included_elsewhere_goes_with_it() {
    let inclusion = |municipality, within| Inclusion { municipality, within, from: None, to: None };
    let within = |code: &str, other: &str| Indicator {
        included_in: vec![inclusion(municipality(code), municipality(other))],
        ..quotient()
    };
    let measures =
        amounts(&[("0101", Some(1_000), Some(2)), ("0102", Some(3_000), Some(2)), ("0210", Some(5), Some(1))]);
    assert_eq!(carried(&within("0101", "0102"), &measures)[..2], ["0110 10.0 A 1/1", "0210 0.1 A 1/1"]);
    // 0210 delivered with 0101: it has no figure, and 0110 has its amount.
    assert_eq!(carried(&within("0210", "0101"), &measures)[..2], ["0110 8.0 A 1/1", "0210 - K 0/1"]);
}

#[test]
fn what_rows_alone_could_say_is_carried_where_it_can_be() {
    let of = |aggregate: Aggregate, scale| {
        let measure = measure_of("people", TimeSelection::Within, None, aggregate, scale);
        indicator(PeriodKind::Year, vec![measure], first())
    };
    let one = |code: &str, minor: Option<i64>, divisor: i64| {
        let status = if minor.is_some() { ObsStatus::Normal } else { ObsStatus::CannotExist };
        MeasureValue { divisor, ..value(code, "2006", "people", minor, status) }
    };
    let field = || Expr::Field(AMOUNT);
    let both = [one("0101", Some(4), 1), one("0102", Some(9), 1)];
    assert_eq!(carried(&of(Aggregate::Min(field()), 0), &both)[0], "0110 4.0 A 1/1");
    assert_eq!(carried(&of(Aggregate::Max(field()), 0), &both)[0], "0110 9.0 A 1/1");
    // 4 of 1 row and 9 of 3 rows: 13 / 4.
    let means = [one("0101", Some(4), 1), one("0102", Some(9), 3)];
    assert_eq!(carried(&of(Aggregate::Mean(field()), 0), &means)[0], "0110 3.3 A 1/1");
    let half = Ratio::new(1, 2).expect("a half");
    let median = Indicator { groups: GroupRule::Median, ..of(Aggregate::Quantile(field(), half), 0) };
    assert_eq!(carried(&median, &both)[0], "0110 - M 0/1", "two medians say nothing of the whole");
    // Where there were no rows, the other's are all.
    let alone = [one("0101", Some(4), 1), one("0102", None, 1)];
    assert_eq!(carried(&median, &alone)[0], "0110 4.0 A 1/1");
    assert_eq!(carried(&of(Aggregate::Min(field()), 0), &alone)[0], "0110 4.0 A 1/1");
    // Which part the smallest one is in nobody knows.
    let divided = [one("0201", Some(4), 1)];
    assert_eq!(carried(&of(Aggregate::Min(field()), 0), &divided)[..2], ["0110 - M 0/1", "0210 - M 0/1"]);
    assert_eq!(carried(&of(Aggregate::Mean(field()), 0), &divided)[0], "0110 - M 0/1");
    // Days of an average and a share: (4 / 2) / 3 + 7 / 4.
    let average = [MeasureValue { divisor: 2, ..one("0201", Some(4), 2) }, one("0101", Some(7), 4)];
    let figures = observe_carried(&of(Aggregate::Count, 0), &average, &today, &whither).expect("figures");
    assert_eq!(figures[0].value, Some(24), "2/3 + 7/4 = 2.4166...");
}

/// A history of three generations: each municipality of one becomes some of the next, with weights.
type History = [Vec<Vec<u8>>; 2];

const GENERATIONS: [[&str; 4]; 3] =
    [["0101", "0102", "0103", "0104"], ["0201", "0202", "0203", "0204"], ["0301", "0302", "0303", "0304"]];

fn any_history() -> impl Strategy<Value = History> {
    let weights = proptest::collection::vec(0u8..4, 4);
    let generation = || proptest::collection::vec(weights.clone(), 4);
    (generation(), generation()).prop_map(|(one, two)| [one, two])
}

/// The parts of a municipality; one without weights becomes the one at its own place.
fn parts(history: &History, generation: usize, at: usize) -> Vec<(usize, u8)> {
    let weights = &history[generation][at];
    let some: Vec<(usize, u8)> = weights.iter().copied().enumerate().filter(|(_, weight)| *weight > 0).collect();
    if some.is_empty() { vec![(at, 1)] } else { some }
}

fn list(history: &History) -> CodeList {
    let dates = ["2003-01-01", "2007-01-01"].map(day);
    let mut builder = CodeListBuilder::new();
    for (generation, codes) in GENERATIONS.iter().enumerate() {
        let validity = Validity {
            from: generation.checked_sub(1).map(|before| dates[before]),
            to: dates.get(generation).copied(),
        };
        for code in codes {
            builder.row(code, Text::default(), validity, BTreeMap::new()).expect("a row");
        }
    }
    for (generation, date) in dates.into_iter().enumerate() {
        for (at, from) in GENERATIONS[generation].into_iter().enumerate() {
            let parts = parts(history, generation, at);
            let sum: i128 = parts.iter().map(|(_, weight)| i128::from(*weight)).sum();
            for (to, weight) in parts {
                let share = Ratio::new(i128::from(weight), sum).ok();
                let kind = if share == Some(Ratio::integer(1)) { ChangeKind::Merge } else { ChangeKind::Split };
                builder.change(from, GENERATIONS[generation + 1][to], date, kind, share);
            }
        }
    }
    let id = CodeListId::new("municipality").expect("an id");
    builder.build(id, Text::default(), Text::default(), BTreeMap::new(), String::new()).expect("a list")
}

/// The second evaluator: every way from a municipality to those of the last generation, as a numerator and a denominator.
fn ways(history: &History, generation: usize, at: usize) -> Vec<(usize, i128, i128)> {
    if generation == 2 {
        return vec![(at, 1, 1)];
    }
    let parts = parts(history, generation, at);
    let sum: i128 = parts.iter().map(|(_, weight)| i128::from(*weight)).sum();
    let further = |(to, weight): &(usize, u8)| {
        let (weight, rest) = (i128::from(*weight), ways(history, generation + 1, *to));
        rest.into_iter().map(|(end, above, below)| (end, above * weight, below * sum)).collect::<Vec<_>>()
    };
    parts.iter().flat_map(further).collect()
}

/// The two sums as fractions, whether anything was divided, and whether anything is missing.
type Whole = ((i128, i128), (i128, i128), bool, bool);

/// The sum of two fractions in lowest terms.
fn plus((a, b): (i128, i128), (c, d): (i128, i128)) -> (i128, i128) {
    let (above, below) = (a * d + c * b, b * d);
    let (mut one, mut two) = (above.abs(), below);
    while two != 0 {
        (one, two) = (two, one % two);
    }
    (above / one, below / one)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_way_through_the_changes_and_the_second_evaluator_agree(
        history in any_history(),
        generation in 0usize..3,
        values in proptest::collection::vec((-1_000i64..1_000, proptest::option::weighted(0.9, 1i64..50)), 4),
    ) {
        let list = list(&history);
        let codes = GENERATIONS[generation];
        let given: Vec<(&str, Option<i64>, Option<i64>)> =
            codes.iter().zip(&values).map(|(code, (amount, people))| (*code, Some(*amount), *people)).collect();
        let period = ["2001", "2005", "2010"][generation];
        let mut measures = amounts(&given);
        for value in &mut measures {
            value.period = self::period(period);
        }
        let carriage = |code: MunicipalityCode, period: Period| {
            let index = list.index_of(&code.to_string()).expect("a code of the list");
            let became = list.became(index, period.start(), day("2025-01-01"));
            became.into_iter().map(|(index, share)| (municipality(list.code(index)), share)).collect::<Vec<_>>()
        };
        let nobody = |_: Period| Vec::new();
        let figures = observe_carried(&quotient(), &measures, &nobody, &carriage).expect("figures");
        let mut expected: BTreeMap<&str, Whole> = BTreeMap::new();
        for (at, (amount, people)) in values.iter().enumerate() {
            let mut ends: BTreeMap<usize, (i128, i128)> = BTreeMap::new();
            for (end, above, below) in ways(&history, generation, at) {
                let known = ends.entry(end).or_insert((0, 1));
                *known = plus(*known, (above, below));
            }
            for (end, (above, below)) in ends {
                let whole = expected.entry(GENERATIONS[2][end]).or_insert(((0, 1), (0, 1), false, false));
                whole.0 = plus(whole.0, (i128::from(*amount) * above, 100 * below));
                whole.1 = plus(whole.1, (i128::from(people.unwrap_or(0)) * above, below));
                whole.2 |= above != below;
                whole.3 |= people.is_none();
            }
        }
        let areas: BTreeSet<String> =
            figures.iter().map(|figure| figure.area.to_string()).filter(|area| area != "DK").collect();
        prop_assert_eq!(areas, expected.keys().map(|code| (*code).to_owned()).collect::<BTreeSet<String>>());
        for figure in figures.iter().filter(|figure| figure.area.to_string() != "DK") {
            let (amount, people, divided, missing) = expected[figure.area.to_string().as_str()];
            if missing {
                prop_assert_eq!((figure.value, figure.status), (None, ObsStatus::Missing));
                continue;
            }
            let same = |found: Option<Ratio>, (above, below): (i128, i128)| {
                found.is_some_and(|found| found.numerator() * below == above * found.denominator())
            };
            prop_assert!(same(figure.numerator, amount), "{:?} is not {amount:?}", figure.numerator);
            prop_assert!(same(figure.denominator, people), "{:?} is not {people:?}", figure.denominator);
            prop_assert_eq!(figure.status, if divided { ObsStatus::Estimated } else { ObsStatus::Normal });
        }
    }
}
