//! Measures with windows, groups, absences, means and quantiles, against a witness that goes through the rows.

use model::{Absence, DatePart, Grouping, Span};

use super::*;

/// The months of a window as numbers, counted here from the year and month alone.
fn months(window: Window, period: Period) -> std::ops::Range<i32> {
    let first = period.start();
    let length = match period.kind() {
        PeriodKind::Year | PeriodKind::SchoolYear => 12,
        PeriodKind::Quarter => 3,
        PeriodKind::Month => 1,
        PeriodKind::Week => unreachable!("no month is made of weeks"),
    };
    let start = first.year() * 12 + first.month().cast_signed() - 1 + window.shift;
    let end = start + length;
    match window.span {
        Span::Period => start..end,
        Span::Rolling { steps } => end - steps.cast_signed()..end,
        Span::Cumulative(PeriodKind::SchoolYear) => (end - 1 - 7).div_euclid(12) * 12 + 7..end,
        Span::Cumulative(_) => (end - 1).div_euclid(12) * 12..end,
    }
}

fn month_of(row: &Row) -> i32 {
    row.day.year() * 12 + row.day.month().cast_signed() - 1
}

/// Minor units and what they are divided by.
pub(super) type Value = Option<(i128, i128)>;

fn selected(share: Ratio, mut numbers: Vec<i128>) -> Value {
    numbers.sort_unstable();
    let count = numbers.len() as i128;
    if count == 0 {
        return None;
    }
    let half = share.numerator() * 2 == share.denominator();
    if half && count % 2 == 0 {
        let middle = numbers.len() / 2;
        return Some((numbers[middle - 1] + numbers[middle], 2));
    }
    // The first value that so large a share of all does not exceed.
    let at = (1..=count).find(|rank| rank * share.denominator() >= count * share.numerator()).expect("a rank");
    Some((numbers[usize::try_from(at - 1).expect("a rank")], 1))
}

fn aggregate(aggregate: &Aggregate, numbers: &[Option<i128>], combinations: &[Option<String>]) -> Value {
    let present = || numbers.iter().flatten().copied();
    match aggregate {
        Aggregate::Count => Some((numbers.len() as i128, 1)),
        Aggregate::CountDistinct(_) => Some((combinations.iter().flatten().collect::<BTreeSet<_>>().len() as i128, 1)),
        Aggregate::Sum(_) => Some((present().sum(), 1)),
        Aggregate::Min(_) => present().min().map(|least| (least, 1)),
        Aggregate::Max(_) => present().max().map(|most| (most, 1)),
        Aggregate::Mean(_) => Some(present().count() as i128).filter(|count| *count > 0).map(|n| (present().sum(), n)),
        Aggregate::Quantile(_, share) => selected(*share, present().collect()),
    }
}

fn kept<'r>(
    measure: &Measure,
    rows: &'r [Row],
    code: MunicipalityCode,
    window: Window,
    period: Period,
) -> Vec<&'r Row> {
    let months = months(window, period);
    let last = months.end - 1;
    let in_time = |row: &&Row| match measure.time {
        TimeSelection::Last => row.day.day() == 1 && month_of(row) == last,
        TimeSelection::Average => row.day.day() == 1 && months.contains(&month_of(row)),
        _ => months.contains(&month_of(row)),
    };
    let passes = |row: &&Row| measure.filter.as_ref().is_none_or(|filter| witness::holds(filter, row) == Some(true));
    rows.iter().filter(|row| row.municipality == code.to_string()).filter(in_time).filter(passes).collect()
}

/// What a measure is in a municipality and period. `belongs` says of a row, and of the group of rows that it is in
/// (without a grouping, of it alone), whether it lies in the part that is asked for.
pub(super) fn expected(
    measure: &Measure,
    rows: &[Row],
    (code, period): (MunicipalityCode, Period),
    belongs: &dyn Fn(&Row, usize) -> bool,
) -> (Value, u64) {
    let mut kept = kept(measure, rows, code, measure.window, period);
    if let Some(absent) = &measure.absent {
        let there = self::kept(measure, rows, code, measure.window.later(absent.shift), period);
        let there: BTreeSet<&str> = there.iter().filter_map(|row| row.person).collect();
        kept.retain(|row| row.person.is_some_and(|person| !there.contains(person)));
    }
    let amount = |row: &&Row| row.amount.map(i128::from);
    let Some(per) = &measure.per else {
        kept.retain(|row| belongs(row, 1));
        let person = |row: &&Row| row.person.map(str::to_owned);
        if measure.time == TimeSelection::Average {
            let days: BTreeSet<Date> = kept.iter().map(|row| row.day).collect();
            let of_day = |day: &Date| {
                let rows: Vec<&Row> = kept.iter().copied().filter(|row| row.day == *day).collect();
                let (numbers, persons): (Vec<_>, Vec<_>) = rows.iter().map(|row| (amount(row), person(row))).unzip();
                aggregate(&measure.aggregate, &numbers, &persons).expect("a count or a sum").0
            };
            let all = months(measure.window, period).len() as i128;
            return (Some((days.iter().map(of_day).sum(), all)), kept.len() as u64);
        }
        let (numbers, persons): (Vec<_>, Vec<_>) = kept.iter().map(|row| (amount(row), person(row))).unzip();
        return (aggregate(&measure.aggregate, &numbers, &persons), kept.len() as u64);
    };
    let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in kept {
        if let Some(code) = row.code {
            groups.entry(code).or_default().push(row);
        }
    }
    // `having` keeps the groups of two rows and more.
    groups.retain(|_, rows| per.having.is_none() || rows.len() >= 2);
    groups.retain(|_, rows| belongs(rows[0], rows.len()));
    let sizes: Vec<Option<i128>> = groups.values().map(|rows| Some(rows.len() as i128)).collect();
    let codes: Vec<Option<String>> = groups.keys().map(|code| Some((*code).to_owned())).collect();
    (aggregate(&measure.aggregate, &sizes, &codes), groups.values().map(|rows| rows.len() as u64).sum())
}

pub(super) fn by_code(having: bool) -> Grouping {
    let size = Field { required: false, ..field("size", FieldType::Integer) };
    let two = Box::new(Expr::Number { minor: 2, scale: 0 });
    let at_least_two = Expr::Compare(Comparison::GreaterOrEqual, Box::new(Expr::Field(FieldIndex(1))), two);
    Grouping {
        by: vec![CODE],
        lets: vec![(name("size"), Aggregate::Count)],
        fields: vec![rows_dataset(MomentRule::Event, PeriodKind::Month).fields[CODE.0].clone(), size],
        having: having.then_some(at_least_two),
    }
}

pub(super) fn any_window(kind: PeriodKind) -> impl Strategy<Value = Window> {
    let span = prop_oneof![
        Just(Span::Period),
        Just(Span::Rolling { steps: 12 }),
        Just(Span::Rolling { steps: 15 }),
        Just(Span::Cumulative(PeriodKind::Year)),
        Just(Span::Cumulative(PeriodKind::SchoolYear)),
    ];
    (-2i32..2, span).prop_map(move |(by, span)| Window { shift: by * kind.steps(), span })
}

pub(super) fn any_numeric() -> impl Strategy<Value = fn(Expr) -> Aggregate> {
    let third = |of| Aggregate::Quantile(of, Ratio::new(1, 3).expect("a ratio"));
    let most = |of| Aggregate::Quantile(of, Ratio::new(9, 10).expect("a ratio"));
    let median = |of| Aggregate::Quantile(of, Ratio::new(1, 2).expect("a ratio"));
    prop_oneof![
        Just(Aggregate::Sum as fn(Expr) -> Aggregate),
        Just(Aggregate::Min as fn(Expr) -> Aggregate),
        Just(Aggregate::Max as fn(Expr) -> Aggregate),
        Just(Aggregate::Mean as fn(Expr) -> Aggregate),
        Just(third as fn(Expr) -> Aggregate),
        Just(most as fn(Expr) -> Aggregate),
        Just(median as fn(Expr) -> Aggregate),
        Just((|_| Aggregate::Count) as fn(Expr) -> Aggregate),
    ]
}

fn compare(case: &Case, measure: &Measure, kind: PeriodKind) {
    let rows = case.delivered_in_full();
    let asked = indicator(kind, vec![measure.clone()], first());
    let wanted = partial::any_periods(kind);
    for value in one(&asked, &rows, &wanted).expect("measures") {
        let (expected, rows) = expected(measure, &case.rows, (value.municipality, value.period), &|_, _| true);
        if rows > 0 {
            // The way back leads to the rows that were counted, no more and no fewer.
            let read = |file: &&CanonicalFile| measure.reads(file.period, value.period, &case.dataset);
            let files: Vec<CanonicalFile> = case.files.iter().filter(read).cloned().collect();
            let theirs = BTreeSet::from([value.municipality]);
            let back = rows_of((measure, None), &case.files_alone(files), (value.period, &theirs), 0).expect("rows");
            assert_eq!(back.total, rows, "{} {} {measure:?}", value.municipality, value.period);
        }
        assert_value(&value, expected, rows, measure);
    }
}

pub(super) fn assert_value(found: &MeasureValue, expected: Value, rows: u64, measure: &Measure) {
    // Nothing of nothing may be divided by anything.
    let plain = |(minor, divisor): (i128, i128)| if minor == 0 { (0, 1) } else { (minor, divisor) };
    let value = found.minor.map(|minor| plain((i128::from(minor), i128::from(found.divisor))));
    let place = format!("{} {} {} {measure:?}", found.municipality, found.period, found.breakdown);
    assert_eq!((value, found.rows), (expected.map(plain), rows), "{place}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn windows_groups_and_absences_are_as_the_witness_says(
        rows in proptest::collection::vec(any_row(), 0..40),
        (kind, window) in prop_oneof![
            Just(PeriodKind::Month), Just(PeriodKind::Quarter), Just(PeriodKind::Year), Just(PeriodKind::SchoolYear),
        ].prop_flat_map(|kind| (Just(kind), any_window(kind))),
        filter in proptest::option::of(any_condition()),
        numeric in any_numeric(),
        absent in proptest::option::weighted(0.3, prop_oneof![Just(-1i32), Just(1i32)]),
        per in proptest::option::weighted(0.3, any::<bool>()),
        distinct in proptest::bool::weighted(0.2),
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { amount: row.amount.map(|amount| amount % 1000), ..row }).collect();
        let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
        let of = if per.is_some() { FieldIndex(1) } else { AMOUNT };
        let aggregate = match (distinct, per) {
            (true, None) => Aggregate::CountDistinct(vec![PERSON]),
            (true, Some(_)) => Aggregate::CountDistinct(vec![FieldIndex(0)]),
            (false, _) => numeric(Expr::Field(of)),
        };
        let measure = Measure {
            window,
            absent: absent.map(|by| Absence { shift: by * kind.steps(), on: vec![PERSON] }),
            per: per.map(by_code),
            ..measure_of("m", TimeSelection::Within, filter, aggregate, 0)
        };
        compare(&case, &measure, kind);
    }

    #[test]
    fn several_snapshots_are_as_the_witness_says(
        rows in proptest::collection::vec(any_row(), 0..40),
        kind in prop_oneof![Just(PeriodKind::Quarter), Just(PeriodKind::Year)],
        rolling in any::<bool>(),
        average in any::<bool>(),
        what in 0usize..3,
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { amount: row.amount.map(|amount| amount % 1000), ..row }).collect();
        let case = Case::new(MomentRule::Snapshot, PeriodKind::Month, rows, 1);
        let aggregate = match what {
            0 => Aggregate::Count,
            1 => Aggregate::Sum(Expr::Field(AMOUNT)),
            _ => Aggregate::CountDistinct(vec![PERSON]),
        };
        let time = if average { TimeSelection::Average } else { TimeSelection::Last };
        let span = if rolling { Span::Rolling { steps: 12 } } else { Span::Period };
        let measure = Measure { window: Window { shift: 0, span }, ..measure_of("m", time, None, aggregate, 0) };
        compare(&case, &measure, kind);
    }
}

#[test]
fn parts_of_days_are_numbers() {
    let rows = vec![row("0101", "2024-01-31", CODES[0], 1), row("0101", "2024-08-01", CODES[0], 10)];
    let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
    let in_august = Expr::Compare(
        Comparison::Equal,
        Box::new(Expr::Part(DatePart::Month, FieldIndex(1))),
        Box::new(Expr::Number { minor: 8, scale: 0 }),
    );
    let filtered = indicator(PeriodKind::Year, vec![sum_of_amounts(Some(in_august))], first());
    let wanted = wanted(&["0101"], &["2024"]);
    let found = case.measure(&filtered, &wanted, ChunkLimit::default()).expect("measures");
    assert_eq!(found[0].minor, Some(10));
}
