//! Parts of measures, against the witness that goes through the rows; and what becomes of parts as figures.

use model::{Absence, Breakdown, Category, CategoryValues, Cell, Dimension, Slicing, TOTAL, Validity};

use super::general::{any_numeric, any_window, assert_value, by_code, expected};
use super::*;

fn category(code: &str, values: CategoryValues) -> Category {
    Category { code: code.to_owned(), title: Text::default(), values }
}

fn dimension(name_text: &str, categories: Vec<Category>) -> Dimension {
    Dimension { name: name(name_text), title: Text::default(), categories }
}

/// The last code is gone from August 2024 on.
fn codes() -> Dimension {
    let until = Validity { from: None, to: Some(day("2024-08-01")) };
    let validity = |code: &str| if code == CODES[2] { until } else { Validity::default() };
    dimension("code", CODES.map(|code| category(code, CategoryValues::Code(vec![validity(code)]))).to_vec())
}

/// One of the codes is in no kind.
fn kinds() -> Dimension {
    let both = category("others", CategoryValues::Codes(texts(&[CODES[1], CODES[2]])));
    dimension("kind", vec![both, category("none", CategoryValues::Codes(texts(&["9.99.99"])))])
}

fn flags() -> Dimension {
    let one = |truth: bool| category(&truth.to_string(), CategoryValues::Boolean(truth));
    dimension("flag", vec![one(true), one(false)])
}

/// Between the bands nothing is left out but 1.
fn bands(name_text: &str) -> Dimension {
    let bands = vec![
        category("low", CategoryValues::Band(None, Some(0))),
        category("two", CategoryValues::Band(Some(2), Some(2))),
        category("high", CategoryValues::Band(Some(3), None)),
    ];
    dimension(name_text, bands)
}

/// Whether a value lies in a category, written down once more.
fn lies_in(number: Option<i64>, band: &str) -> bool {
    match band {
        "low" => number.is_some_and(|number| number <= 0),
        "two" => number == Some(2),
        _ => number.is_some_and(|number| number >= 3),
    }
}

fn belongs(text: &str, row: &Row, size: usize, same: &[&str]) -> bool {
    text.split(',').all(|part| {
        let (dimension, category) = part.split_once('=').expect("a dimension and a category");
        same.contains(&dimension)
            || match dimension {
                "code" => row.code == Some(category),
                "kind" => category == "others" && [Some(CODES[1]), Some(CODES[2])].contains(&row.code),
                "flag" => row.flag == Some(category == "true"),
                "number" => lies_in(row.number, category),
                _ => lies_in(i64::try_from(size).ok(), category),
            }
    })
}

/// The texts of the cells of a breakdown in a period, found by hand.
fn cells(breakdown: &[&str], period: Period) -> Vec<String> {
    let mut texts = vec![String::new()];
    for dimension in breakdown {
        let categories: &[&str] = match *dimension {
            "code" if period.start() >= day("2024-08-01") => &CODES[..2],
            "code" => &CODES,
            "kind" => &["others", "none"],
            "flag" => &["true", "false"],
            _ => &["low", "two", "high"],
        };
        let with = |text: String| {
            let comma = if text.is_empty() { "" } else { "," };
            categories.iter().map(|category| format!("{text}{comma}{dimension}={category}")).collect::<Vec<_>>()
        };
        texts = texts.into_iter().flat_map(with).collect();
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_measures_are_as_the_witness_says(
        rows in proptest::collection::vec(any_row(), 0..40),
        (kind, window) in prop_oneof![
            Just(PeriodKind::Month), Just(PeriodKind::Quarter), Just(PeriodKind::Year), Just(PeriodKind::SchoolYear),
        ].prop_flat_map(|kind| (Just(kind), prop_oneof![Just(Window::default()), any_window(kind)])),
        filter in proptest::option::of(any_condition()),
        of_parts in proptest::option::of(any_condition()),
        numeric in any_numeric(),
        absent in proptest::option::weighted(0.2, prop_oneof![Just(-1i32), Just(1i32)]),
        per in proptest::option::weighted(0.3, any::<bool>()),
        distinct in proptest::bool::weighted(0.2),
        average in proptest::bool::weighted(0.2),
        breakdowns in proptest::collection::vec(proptest::sample::subsequence(vec![0usize, 1, 2, 3], 1..3), 1..3),
        same in proptest::option::of(0usize..4),
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { amount: row.amount.map(|amount| amount % 1000), ..row }).collect();
        let snapshots = average && per.is_none();
        let moment = if snapshots { MomentRule::Snapshot } else { MomentRule::Event };
        let case = Case::new(moment, PeriodKind::Month, rows, 1);
        let aggregate = match (snapshots, distinct, per) {
            (true, ..) => Aggregate::Sum(Expr::Field(AMOUNT)),
            (false, true, None) => Aggregate::CountDistinct(vec![PERSON]),
            (false, true, Some(_)) => Aggregate::CountDistinct(vec![FieldIndex(0)]),
            (false, false, _) => numeric(Expr::Field(if per.is_some() { FieldIndex(1) } else { AMOUNT })),
        };
        // Of groups, what a dimension can be of are their code and their size.
        let dimensions = if per.is_some() {
            vec![codes(), kinds(), bands("size"), bands("again")]
        } else {
            vec![codes(), kinds(), flags(), bands("number")]
        };
        let fields = if per.is_some() { [0, 0, 1, 1].map(FieldIndex) } else { [CODE, CODE, FLAG, NUMBER] };
        let slicing = |dimensions: &Vec<usize>| Slicing {
            fields: dimensions.iter().map(|at| Some(fields[*at]).filter(|_| same != Some(*at))).collect(),
            filter: of_parts.clone(),
        };
        let time = if snapshots { TimeSelection::Average } else { TimeSelection::Within };
        let measure = Measure {
            window,
            absent: absent.filter(|_| !snapshots).map(|by| Absence { shift: by * kind.steps(), on: vec![PERSON] }),
            per: per.map(by_code),
            slicings: breakdowns.iter().map(slicing).collect(),
            ..measure_of("m", time, filter, aggregate, 0)
        };
        let by = |dimensions: Vec<usize>| Breakdown { dimensions, additive: false };
        let asked = Indicator {
            dimensions: dimensions.clone(),
            breakdowns: breakdowns.iter().cloned().map(by).collect(),
            ..indicator(kind, vec![measure.clone()], first())
        };
        let names = |of: &[usize]| of.iter().map(|at| asked.dimensions[*at].name.as_str()).collect::<Vec<_>>();
        let same: Vec<&str> = same.map(|at| names(&[at])).unwrap_or_default();
        let wanted = partial::any_periods(kind);
        let mut found = one(&asked, &case.delivered_in_full(), &wanted).expect("measures").into_iter();
        let places: BTreeSet<(Period, MunicipalityCode)> = wanted.iter().map(|(code, period)| (*period, *code)).collect();
        for (period, code) in places {
            let total = found.next().expect("a total");
            let (value, rows) = expected(&measure, &case.rows, (code, period), &|_, _| true);
            assert_eq!((total.municipality, total.period, total.breakdown.as_str()), (code, period, TOTAL));
            assert_value(&total, value, rows, &measure);
            for of in &breakdowns {
                for text in cells(&names(of), period) {
                    let part = found.next().expect("a part");
                    assert_eq!(part.breakdown, text);
                    let of_part = Measure { filter: of_parts.clone(), ..measure.clone() };
                    let belongs = |row: &Row, size| belongs(&text, row, size, &same);
                    let (value, rows) = expected(&of_part, &case.rows, (code, period), &belongs);
                    assert_value(&part, value, rows, &measure);
                    // The way back leads to the rows of the part.
                    if rows > 0 {
                        let read = |file: &&CanonicalFile| measure.reads(file.period, period, &case.dataset);
                        let files: Vec<CanonicalFile> = case.files.iter().filter(read).cloned().collect();
                        let (sliced, condition) = asked.within(&measure, &asked.cell(&text).expect("a cell"));
                        let whose = (period, &BTreeSet::from([code]));
                        let back = rows_of((&sliced, condition.as_ref()), &case.files_alone(files), whose, 0).expect("rows");
                        assert_eq!(back.total, rows, "{code} {period} {text} {measure:?}");
                    }
                }
            }
        }
        assert!(found.next().is_none());
    }
}

#[test]
fn a_cell_is_found_by_its_text_alone() {
    let by = |dimensions: &[usize]| Breakdown { dimensions: dimensions.to_vec(), additive: false };
    let broken_down = Indicator {
        dimensions: vec![codes(), flags()],
        breakdowns: vec![by(&[1]), by(&[1, 0])],
        ..indicator(PeriodKind::Year, vec![sum_of_amounts(None)], first())
    };
    let cell = |text| broken_down.cell(text).map(|Cell { breakdown, categories }| (breakdown, categories));
    assert_eq!(cell("flag=false"), Some((0, vec![1])));
    assert_eq!(cell("flag=true,code=5.32.30"), Some((1, vec![0, 2])));
    for text in [TOTAL, "", "flag", "flag=maybe", "code=5.32.30", "code=5.32.30,flag=true", "flag=true,flag=true"] {
        assert_eq!(cell(text), None, "{text}");
    }
    assert_eq!(broken_down.cells(1, Some(period("2025"))).len(), 4, "one code is valid no more");
    assert_eq!(broken_down.cells(1, None).len(), 6);
    assert_eq!(model::dimensions_of("flag=true,code=5.32.30"), "flag,code");
    assert_eq!(model::dimensions_of(TOTAL), "");
}

/// Every rule looks at one part at a time: what is plausible, who is missing, what the group is made of.
#[test]
fn a_part_is_a_figure_of_its_own() {
    let part = |breakdown: &str, code: &str, year: &str, amount: i64, people: i64| {
        let of = |measure, minor| MeasureValue {
            breakdown: breakdown.to_owned(),
            ..value(code, year, measure, Some(minor), ObsStatus::Normal)
        };
        [of("amount", amount), of("people", people)]
    };
    let women = |code, year, amount, people| part("sex=2", code, year, amount, people);
    let total = |code, year, amount, people| part(TOTAL, code, year, amount, people);
    let measures = [
        women("0101", "2023", 400, 1),
        women("0101", "2024", 800, 1),
        women("0400", "2024", 100, 0),
        total("0101", "2023", 1_000, 2),
        total("0101", "2024", 1_100, 2),
        total("0400", "2024", 500, 5),
    ];
    let change =
        model::Plausible { least: None, greatest: None, change: Ratio::new(1, 2).ok(), remove: true, of_parts: true };
    let plausible = Indicator { plausible: Some(change), ..quotient() };
    let figures = observe(&plausible, &measures.concat(), &members).expect("figures");
    let lines: Vec<String> = figures
        .iter()
        .zip(shown(&figures))
        .filter(|(figure, _)| figure.period == period("2024"))
        .map(|(figure, line)| format!("{} {line}", figure.breakdown))
        .collect();
    // 8.00 of women is twice what it was, 5.5 of all is a tenth more; nobody is a woman in 0400.
    let expected = [
        "total 0101 5.5 A 1/1",
        "sex=2 0101 - U 0/1",
        "total 0400 1.0 A 1/1",
        "sex=2 0400 - M 1/1",
        "total 1082 - O 0/1",
        "sex=2 1082 - O 0/1",
        "total 1084 2.3 A 2/2",
        "sex=2 1084 - M 1/2",
        "total DK 2.3 P 2/3",
        "sex=2 DK - M 1/3",
    ];
    assert_eq!(lines, expected);
}
