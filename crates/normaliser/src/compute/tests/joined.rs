//! Measures that look rows up, and amounts in other prices, against a witness that goes through the rows.

use model::{Join, JoinMoment, Joined, Price, PriceBase};

use super::*;

/// What a row of the register is to a measure: the position of its fields behind those of the rows.
const THEIRS: usize = 7;

/// What is looked up: the register's rows are of months or years, or of single days.
fn register(kind: Option<PeriodKind>, whole_country: bool) -> Dataset {
    let (ty, moment, partition) = match kind {
        Some(PeriodKind::Year) => (FieldType::Year, MomentRule::Event, PeriodKind::Year),
        Some(_) => (FieldType::Month, MomentRule::Event, PeriodKind::Year),
        None => (FieldType::Date, MomentRule::Snapshot, PeriodKind::Month),
    };
    let mut dataset = rows_dataset(moment, partition);
    dataset.id = DatasetId::new("register").expect("an id");
    dataset.fields[1].ty = ty;
    dataset.key = vec![FieldIndex(1), CODE];
    dataset.whole_country = whole_country;
    dataset
}

/// The register's rows, each a row of its own time, and one for each key.
fn registered(rows: Vec<Row>, kind: Option<PeriodKind>, whole_country: bool) -> Vec<Row> {
    let mut found: BTreeMap<(&str, Date, &str), Row> = BTreeMap::new();
    for mut row in rows {
        let Some(code) = row.code else { continue };
        row.day = kind.map_or(row.day, |kind| Period::containing(kind, row.day).start());
        row.municipality = if whole_country { "0000" } else { row.municipality };
        found.entry((row.municipality, row.day, code)).or_insert(row);
    }
    found.into_values().collect()
}

/// What is asked of the row that is looked up.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Nothing,
    Flag,
    NoRow,
    LessThanMine,
}

impl Asked {
    fn condition(self) -> Option<Expr> {
        let theirs = |field: FieldIndex| Box::new(Expr::Field(FieldIndex(THEIRS + field.0)));
        match self {
            Self::Nothing => None,
            Self::Flag => Some(*theirs(FLAG)),
            // The code is what is compared, so that it is there wherever a row is.
            Self::NoRow => Some(Expr::IsNull(theirs(CODE))),
            Self::LessThanMine => Some(Expr::Compare(Comparison::Less, theirs(NUMBER), Box::new(Expr::Field(NUMBER)))),
        }
    }

    fn holds(self, row: &Row, found: Option<&Row>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Flag => found.is_some_and(|found| found.flag == Some(true)),
            Self::NoRow => found.is_none(),
            Self::LessThanMine => match (found.and_then(|found| found.number), row.number) {
                (Some(theirs), Some(mine)) => theirs < mine,
                _ => false,
            },
        }
    }
}

struct World {
    case: Case,
    register: Dataset,
    registered: Vec<Row>,
    files: Vec<CanonicalFile>,
    kind: Option<PeriodKind>,
}

impl World {
    fn new(rows: Vec<Row>, theirs: Vec<Row>, kind: Option<PeriodKind>, whole_country: bool) -> Self {
        let case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
        let register = register(kind, whole_country);
        let registered = registered(theirs, kind, whole_country);
        let files = write(&case.folder.path().join("register"), &register, &registered, 1);
        Self { case, register, registered, files, kind }
    }

    /// The rows of both datasets, everything delivered.
    fn rows(&self) -> BTreeMap<DatasetId, DatasetRows<'_>> {
        let years = 2018..2030;
        let all = |dataset: &Dataset| -> BTreeSet<(MunicipalityCode, Period)> {
            let codes = MUNICIPALITIES.into_iter().chain(["0000"]).map(municipality);
            let parts =
                years.clone().flat_map(|year| period(&year.to_string()).parts(dataset.partition).collect::<Vec<_>>());
            let parts: Vec<Period> = parts.collect();
            codes.flat_map(|code| parts.iter().map(move |part| (code, *part)).collect::<Vec<_>>()).collect()
        };
        let of = |dataset, files: &Vec<CanonicalFile>| {
            let delivered = all(dataset);
            DatasetRows { dataset, files: files.clone(), used: delivered.clone(), delivered }
        };
        BTreeMap::from([
            (self.case.dataset.id.clone(), of(&self.case.dataset, &self.case.files)),
            (self.register.id.clone(), of(&self.register, &self.files)),
        ])
    }

    fn measure(&self, moment: JoinMoment, window: Window, asked: Asked, aggregate: Aggregate) -> Measure {
        let join = Join { name: name("r"), dataset: self.register.id.clone(), on: vec![(CODE, CODE)], moment };
        let theirs = self.register.fields.iter().map(|field| Field {
            name: field.name.within(&join.name),
            required: false,
            ..field.clone()
        });
        let fields = self.case.dataset.fields.iter().cloned().chain(theirs).collect();
        let joined = Some(Joined { joins: vec![join], fields });
        Measure { joined, window, ..measure_of("m", TimeSelection::Within, asked.condition(), aggregate, 0) }
    }

    /// The row that belongs to a row, found by going through all of them.
    fn found(&self, row: &Row, moment: JoinMoment, days: &std::ops::Range<Date>) -> Option<&Row> {
        let last = Date::from_days(days.end.days() - 1).expect("a day");
        let mut matching = self.registered.iter().filter(|theirs| {
            let on_time = match (moment, self.kind) {
                (JoinMoment::Row, None) => theirs.day == row.day,
                (JoinMoment::Row, Some(PeriodKind::Year)) => theirs.day.year() == row.day.year(),
                (JoinMoment::Row, Some(_)) => {
                    (theirs.day.year(), theirs.day.month()) == (row.day.year(), row.day.month())
                }
                (JoinMoment::Day(_), None) => theirs.day == days.start,
                (JoinMoment::Day(TimeSelection::Last), Some(kind)) => {
                    Period::containing(kind, last).start() == theirs.day
                }
                (JoinMoment::Day(_), Some(kind)) => Period::containing(kind, days.start).start() == theirs.day,
            };
            on_time
                && theirs.code == row.code
                && (self.register.whole_country || theirs.municipality == row.municipality)
        });
        let found = matching.next();
        assert!(matching.next().is_none(), "the key identifies a row");
        found
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_looked_up_is_as_the_witness_says(
        rows in proptest::collection::vec(any_row(), 0..30),
        theirs in proptest::collection::vec(any_row(), 0..30),
        kind in prop_oneof![Just(PeriodKind::Month), Just(PeriodKind::Quarter), Just(PeriodKind::Year)],
        shift in -1i32..2,
        of in prop_oneof![Just(None), Just(Some(PeriodKind::Month)), Just(Some(PeriodKind::Year))],
        whole_country in any::<bool>(),
        moment in prop_oneof![
            Just(JoinMoment::Row),
            Just(JoinMoment::Day(TimeSelection::AtStart)),
            Just(JoinMoment::Day(TimeSelection::Last)),
        ],
        asked in prop_oneof![Just(Asked::Nothing), Just(Asked::Flag), Just(Asked::NoRow), Just(Asked::LessThanMine)],
        what in 0usize..3,
    ) {
        // The last of several snapshots is not on the first day; that is tried with periods alone.
        let moment = if of.is_none() && moment != JoinMoment::Row { JoinMoment::Day(TimeSelection::AtStart) } else { moment };
        let world = World::new(rows, theirs, of, whole_country);
        let window = Window { shift: shift * kind.steps(), ..Window::default() };
        let aggregate = match what {
            0 => Aggregate::Count,
            1 => Aggregate::Sum(Expr::Field(FieldIndex(THEIRS + NUMBER.0))),
            _ => Aggregate::CountDistinct(vec![FieldIndex(THEIRS + PERSON.0)]),
        };
        let measure = world.measure(moment, window, asked, aggregate);
        let rows = world.rows();
        let wanted = partial::any_periods(kind);
        for value in one(&indicator(kind, vec![measure.clone()], first()), &rows, &wanted).expect("measures") {
            let days = window.days(value.period).expect("within the calendar");
            let mine = world.case.rows.iter().filter(|row| row.municipality == value.municipality.to_string());
            let kept: Vec<Option<&Row>> = mine
                .filter(|row| (days.start..days.end).contains(&row.day))
                .map(|row| (row, world.found(row, moment, &days)))
                .filter(|(row, found)| asked.holds(row, *found))
                .map(|(_, found)| found)
                .collect();
            let expected = match what {
                0 => i64::try_from(kept.len()).expect("few"),
                1 => kept.iter().flatten().filter_map(|found| found.number).sum(),
                _ => {
                    let persons: BTreeSet<&str> = kept.iter().flatten().filter_map(|found| found.person).collect();
                    i64::try_from(persons.len()).expect("few")
                }
            };
            prop_assert_eq!((value.minor, value.rows), (Some(expected), kept.len() as u64), "{:?} {:?}", value, measure);
            let theirs = BTreeSet::from([value.municipality]);
            let back = rows_of((&measure, None), &rows, (value.period, &theirs), 100).expect("rows");
            prop_assert_eq!(back.total, kept.len() as u64);
            // What was found stands beside each row: its code, where there is one.
            let seen = back.rows.iter().filter(|row| !row.cells[THEIRS + CODE.0].is_empty()).count();
            prop_assert_eq!(seen, kept.iter().flatten().count());
        }
    }

    #[test]
    fn prices_are_exact(
        amounts in proptest::collection::vec((0usize..2, 2020i32..2024, -1_000_000i64..1_000_000), 0..20),
        index in proptest::collection::btree_map(2020i32..2024, 1i64..30_000, 0..5),
        base in proptest::option::of(2020i32..2024),
    ) {
        let rows: Vec<Row> =
            amounts.iter().map(|(whose, year, amount)| row(MUNICIPALITIES[*whose], &format!("{year}-05-05"), CODES[0], *amount)).collect();
        let theirs =
            index.iter().map(|(year, level)| row("0000", &format!("{year}-01-01"), CODES[0], *level)).collect();
        let world = World::new(rows, theirs, Some(PeriodKind::Year), true);
        let year = |year: i32| period(&year.to_string());
        let base_rule = base.map_or(PriceBase::Latest, |base| PriceBase::Period(year(base)));
        let price = Some(Price { dataset: world.register.id.clone(), value: AMOUNT, base: base_rule });
        let measure = Measure { price, ..sum_of_amounts(None) };
        let wanted = (2020..2024).flat_map(|of| [0, 1].map(|whose| (municipality(MUNICIPALITIES[whose]), year(of)))).collect();
        for value in one(&indicator(PeriodKind::Year, vec![measure], first()), &world.rows(), &wanted).expect("measures") {
            let of = value.period.start().year();
            let mine = amounts.iter().filter(|(whose, year, _)| *year == of && municipality(MUNICIPALITIES[*whose]) == value.municipality);
            let sum: i64 = mine.map(|(_, _, amount)| amount).sum();
            let base = base.or_else(|| index.keys().next_back().copied());
            let levels = index.get(&of).zip(base.and_then(|base| index.get(&base)));
            let expected = levels.map(|(own, base)| Ratio::new(i128::from(sum) * i128::from(*base), 100 * i128::from(*own)).expect("a ratio"));
            prop_assert_eq!(value.value(), expected);
            let status = if expected.is_some() { ObsStatus::Normal } else { ObsStatus::Missing };
            prop_assert_eq!(value.status, status);
        }
    }
}

#[test]
fn a_measure_waits_for_what_it_looks_up() {
    let rows = vec![row("0101", "2024-05-05", CODES[0], 1)];
    let world = World::new(rows, Vec::new(), Some(PeriodKind::Year), false);
    let measure = world.measure(JoinMoment::Row, Window::default(), Asked::Nothing, Aggregate::Count);
    let wanted = wanted(&["0101"], &["2024-05"]);
    let status = |delivered: bool, used: bool| {
        let mut rows = world.rows();
        let register = rows.get_mut("register").expect("the register");
        if !delivered {
            register.delivered.clear();
        }
        if !used {
            register.used.clear();
        }
        one(&indicator(PeriodKind::Month, vec![measure.clone()], first()), &rows, &wanted).expect("measures")[0].status
    };
    assert_eq!(status(true, true), ObsStatus::Normal);
    assert_eq!(status(false, true), ObsStatus::Missing);
    assert_eq!(status(false, false), ObsStatus::NotCollected);
}
