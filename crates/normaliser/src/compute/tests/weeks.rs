//! Measures by week, against a witness that counts days.

use model::{Absence, Span};

use super::*;

/// The days of a window, counted from the Monday of the week.
fn days(window: Window, week: Period) -> std::ops::Range<i32> {
    let day = week.start().days();
    // 1 January 1970 was a Thursday.
    let monday = day - (day + 3).rem_euclid(7) + 7 * window.shift;
    let end = monday + 7;
    match window.span {
        Span::Rolling { steps } => end - 7 * steps.cast_signed()..end,
        _ => monday..end,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn weeks_are_as_the_witness_says(
        rows in proptest::collection::vec(any_row(), 0..40),
        offsets in proptest::collection::vec(-3i32..12, 0..40),
        shift in -2i32..3,
        rolling in proptest::option::of(1u32..60),
        absent in proptest::option::weighted(0.3, prop_oneof![Just(-1i32), Just(1i32)]),
    ) {
        // Around the turn of a year with 53 weeks.
        let turn = day("2020-12-28").days();
        let offsets = offsets.into_iter().chain(std::iter::repeat(0));
        let rows: Vec<Row> = rows.into_iter().zip(offsets).map(|(row, offset)| {
            let day = Date::from_days(turn + 3 * offset).expect("a day");
            Row { day, amount: row.amount.map(|amount| amount % 1000), ..row }
        }).collect();
        let case = Case::new(MomentRule::Event, PeriodKind::Week, rows, 1);
        let window = Window { shift, span: rolling.map_or(Span::Period, |steps| Span::Rolling { steps }) };
        let measure = Measure {
            window,
            absent: absent.map(|shift| Absence { shift, on: vec![PERSON] }),
            ..sum_of_amounts(None)
        };
        let first = period("2018-W01");
        let weeks: Vec<Period> = std::iter::successors(Some(first), |week| week.next()).take(52 * 6).collect();
        let cells = weeks.iter().flat_map(|week| MUNICIPALITIES.map(|code| (municipality(code), *week)));
        let delivered: BTreeSet<(MunicipalityCode, Period)> = cells.collect();
        let (dataset, files) = (&case.dataset, case.files.clone());
        let known = DatasetRows { dataset, files, used: delivered.clone(), delivered };
        let known = BTreeMap::from([(case.dataset.id.clone(), known)]);
        let wanted = ["2020-W51", "2020-W53", "2021-W01", "2021-W04"]
            .into_iter()
            .flat_map(|week| MUNICIPALITIES.map(|code| (municipality(code), period(week))))
            .collect();
        for value in one(&indicator(PeriodKind::Week, vec![measure.clone()], super::first()), &known, &wanted).expect("measures") {
            let within = |window| {
                let days = days(window, value.period);
                let mine = case.rows.iter().filter(|row| row.municipality == value.municipality.to_string());
                mine.filter(move |row| days.contains(&row.day.days())).collect::<Vec<_>>()
            };
            let mut kept = within(window);
            if let Some(absent) = &measure.absent {
                let there: BTreeSet<&str> =
                    within(window.later(absent.shift)).iter().filter_map(|row| row.person).collect();
                kept.retain(|row| row.person.is_some_and(|person| !there.contains(person)));
            }
            let sum: i64 = kept.iter().filter_map(|row| row.amount).sum();
            prop_assert_eq!((value.minor, value.rows), (Some(sum), kept.len() as u64), "{:?}", value);
        }
    }
}

#[test]
fn a_change_of_a_week_touches_the_weeks_whose_windows_hold_it() {
    let dataset = rows_dataset(MomentRule::Event, PeriodKind::Week);
    let touched = |window| {
        let measure = Measure { window, ..sum_of_amounts(None) };
        let week = period("2020-W53");
        let weeks = measure.touched(week, PeriodKind::Week, &dataset, week.end());
        weeks.into_iter().map(|week| week.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(touched(Window::default()), ["2020-W53"]);
    assert_eq!(touched(Window { shift: -1, span: Span::Period }), ["2021-W01"]);
    assert_eq!(touched(Window { shift: 0, span: Span::Rolling { steps: 3 } }), ["2020-W53", "2021-W01", "2021-W02"]);
}
