//! Partial aggregates against the engine and the witness: whatever part of the files has them, the figures are the same.

use std::sync::Arc;

use model::{ColumnData, ColumnKind, RecordBatch, RecordSchema};

use super::*;

/// The schema of the tests' rows; codes in an order that is not that of their texts.
fn schema(dataset: &Dataset) -> Arc<RecordSchema> {
    let codes = |list: &model::CodeListId| -> Arc<[String]> {
        let codes: &[&str] = if list.as_str() == "municipality" {
            &["0751", "0101", "0400"]
        } else {
            &["5.30.26", "5.32.30", "3.22.01"]
        };
        codes.iter().map(|code| (*code).to_owned()).collect()
    };
    Arc::new(RecordSchema::of(dataset, codes))
}

fn batch(schema: &Arc<RecordSchema>, rows: &[&Row]) -> RecordBatch {
    let mut batch = RecordBatch::new(Arc::clone(schema));
    for (number, row) in (1..).zip(rows) {
        let texts =
            [Some(row.municipality), None, row.code, None, row.person, None, None, row.person.map(|_| "replacement")];
        let numbers = [None, None, None, row.amount, None, None, row.number, None];
        for (at, column) in batch.columns.iter_mut().enumerate() {
            let valid = match (&mut column.data, &schema.columns[at].1) {
                (ColumnData::Code(values), ColumnKind::Code(codes)) => {
                    let place = texts[at].and_then(|text| codes.iter().position(|code| code == text));
                    values.push(place.map_or(0, |place| u32::try_from(place).expect("few codes")));
                    place.is_some()
                }
                (ColumnData::Date(days), _) => {
                    days.push(row.day.days());
                    true
                }
                (ColumnData::Number(values), _) => {
                    // Where a value is missing, anything may lie in its place.
                    values.push(numbers[at].unwrap_or(77));
                    numbers[at].is_some()
                }
                (ColumnData::Boolean(values), _) => {
                    values.push(row.flag.unwrap_or(true));
                    row.flag.is_some()
                }
                (ColumnData::Text(values), _) => {
                    values.push(texts[at].unwrap_or_default());
                    texts[at].is_some()
                }
                _ => unreachable!("a column of codes has a list"),
            };
            column.valid.push(valid);
        }
        batch.line.push(number);
        batch.record.push(number);
    }
    batch
}

/// Adds rows up with two hands that take turns.
fn added(plan: &PartialPlan, schema: &Arc<RecordSchema>, rows: &[&Row], batch_rows: usize) -> Partials {
    let mut hands = [plan.hand(), plan.hand()];
    for (turn, rows) in rows.chunks(batch_rows).enumerate() {
        plan.add(&mut hands[turn % 2], &batch(schema, rows));
    }
    plan.finish(&hands)
}

impl Case {
    /// The rows of each part, in the order of the delivery.
    fn rows_of_part(&self, part: usize, parts: usize) -> Vec<&Row> {
        let mut seen: BTreeMap<(&str, Period), usize> = BTreeMap::new();
        let unit = |row: &Row| (row.municipality, Period::containing(self.dataset.partition, row.day));
        let mut lengths: BTreeMap<(&str, Period), usize> = BTreeMap::new();
        for row in &self.rows {
            *lengths.entry(unit(row)).or_default() += 1;
        }
        let belongs = |row: &&Row| {
            let number = seen.entry(unit(row)).or_default();
            *number += 1;
            (*number - 1) / lengths[&unit(row)].div_ceil(parts) == part
        };
        self.rows.iter().filter(belongs).collect()
    }

    fn part_of(file: &CanonicalFile) -> usize {
        let stem = file.path.file_stem().and_then(|stem| stem.to_str());
        stem.and_then(|stem| stem.parse().ok()).expect("parts are numbered")
    }
}

pub(super) fn any_periods(kind: PeriodKind) -> BTreeSet<(MunicipalityCode, Period)> {
    let days = [0, 31, 182, 366].map(|n| Date::from_days(day("2024-01-01").days() + n).expect("a day"));
    let cells =
        MUNICIPALITIES.into_iter().flat_map(|code| days.map(|day| (municipality(code), Period::containing(kind, day))));
    cells.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn partials_engine_and_witness_agree(
        rows in proptest::collection::vec(any_row(), 0..40),
        plans in proptest::collection::vec((proptest::option::of(any_condition()), any_aggregate(), any::<bool>()), 1..5),
        snapshot in any::<bool>(),
        kind in any_kind(),
        parts in 1usize..3,
        (batch_rows, most_classes) in (1usize..9, prop_oneof![Just(1usize), Just(8), Just(256)]),
        // For each file whether it has partials: never, always, or as the bits say.
        bits in prop_oneof![Just(0u64), Just(u64::MAX), any::<u64>()],
        forgotten in proptest::collection::vec(0usize..12, 0..3),
    ) {
        let (moment, partition) = if snapshot { (MomentRule::Snapshot, PeriodKind::Year) } else { (MomentRule::Event, kind.step()) };
        let mut case = Case::new(moment, partition, rows, parts);
        let measures: Vec<(Measure, bool)> = plans.into_iter().enumerate().map(|(at, (filter, aggregate, planned))| {
            let time = match (snapshot, at % 2) {
                (false, _) => TimeSelection::Within,
                (true, 0) => TimeSelection::AtStart,
                (true, _) => TimeSelection::At { month: 9, day: 5 },
            };
            (measure_of(&format!("m{at}"), time, filter, aggregate, 0), planned)
        }).collect();
        let asked = indicator(kind, measures.iter().map(|(measure, _)| measure.clone()).collect(), first());
        // Of the measures that are asked for the plan knows some; of those it knows most are not asked for.
        let planned = measures.into_iter().filter(|(_, planned)| *planned).map(|(measure, _)| measure);
        let planned = indicator(kind, planned.chain([sum_of_amounts(None)]).collect(), first());
        let schema = schema(&case.dataset);
        let plan = PartialPlan::with_most_classes(&case.dataset, &schema, &[&planned, &planned], most_classes);
        let partials: Vec<Arc<Partials>> = (0..parts).map(|part| {
            let mut partials = added(&plan, &schema, &case.rows_of_part(part, parts), batch_rows);
            for file in forgotten.iter().filter_map(|at| case.files.get(*at)) {
                partials.forget(file.municipality, file.period);
            }
            Arc::new(partials)
        }).collect();
        for (_, file) in case.files.iter_mut().enumerate().filter(|(at, _)| bits >> (at % 64) & 1 == 1) {
            file.partials = Some(Arc::clone(&partials[Case::part_of(file)]));
        }
        let periods: BTreeSet<_> = any_periods(kind).into_iter().filter(|(_, period)| {
            asked.measures.iter().all(|measure| !measure.partitions(*period, &case.dataset).is_empty())
        }).collect();
        case.compare(&asked, &periods, ChunkLimit { files: 2, bytes: 1 << 30 });
    }
}

#[test]
fn files_with_partials_are_not_opened() {
    let rows = vec![row("0101", "2024-01-01", "5.30.26", 100), row("0101", "2024-02-01", "3.22.01", 50)];
    let mut case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
    let by_code = |code| Some(Expr::In(CODE, texts(&[code])));
    let extreme =
        |name_text, aggregate| Measure { name: name(name_text), aggregate, ..sum_of_amounts(by_code("5.30.26")) };
    let measures = vec![
        sum_of_amounts(by_code("5.30.26")),
        extreme("smallest", Aggregate::Min(Expr::Field(AMOUNT))),
        extreme("largest", Aggregate::Max(Expr::Field(AMOUNT))),
        extreme("rows", Aggregate::Count),
        Measure { name: name("none"), ..extreme("none", Aggregate::Max(Expr::Field(NUMBER))) },
    ];
    let quarter = indicator(PeriodKind::Quarter, measures, first());
    let schema = schema(&case.dataset);
    let plan = PartialPlan::new(&case.dataset, &schema, &[&quarter]);
    let rows: Vec<&Row> = case.rows.iter().collect();
    let partials = added(&plan, &schema, &rows, 10);
    assert!(!plan.is_empty() && !partials.is_empty());
    let shared = Arc::new(partials.clone());
    for file in &mut case.files {
        file.path = case.folder.path().join("gone.parquet");
        file.partials = Some(Arc::clone(&shared));
    }
    let cells = wanted(&["0101"], &["2024-Q1"]);
    case.compare(&quarter, &cells, ChunkLimit::default());
    // What the plan does not know needs the files, and so does what was forgotten.
    let other = indicator(PeriodKind::Quarter, vec![sum_of_amounts(None)], first());
    assert!(matches!(case.measure(&other, &cells, ChunkLimit::default()), Err(ComputeError::Unreadable { .. })));
    let mut partials = partials;
    partials.forget(municipality("0101"), period("2024-02"));
    case.files[1].partials = Some(Arc::new(partials));
    assert!(matches!(case.measure(&quarter, &cells, ChunkLimit::default()), Err(ComputeError::Unreadable { .. })));
}

#[test]
fn sums_of_parts_beyond_64_bits_are_loud() {
    let huge = i64::MAX / 2 + 1;
    let rows = vec![row("0101", "2024-01-01", "5.30.26", huge), row("0101", "2024-01-02", "5.30.26", huge)];
    let mut case = Case::new(MomentRule::Event, PeriodKind::Month, rows, 1);
    let months = indicator(PeriodKind::Month, vec![sum_of_amounts(None)], first());
    let schema = schema(&case.dataset);
    let plan = PartialPlan::new(&case.dataset, &schema, &[&months]);
    let rows: Vec<&Row> = case.rows.iter().collect();
    case.files[0].partials = Some(Arc::new(added(&plan, &schema, &rows, 1)));
    let error = case.measure(&months, &wanted(&["0101"], &["2024-01"]), ChunkLimit::default()).expect_err("too large");
    assert_eq!(error.to_string(), "`figure` of municipality 0101 in 2024-01 does not fit the exact arithmetic");
}

#[test]
fn a_plan_without_measures_adds_nothing_up() {
    let dataset = rows_dataset(MomentRule::Event, PeriodKind::Month);
    let distinct = measure_of("people", TimeSelection::Within, None, Aggregate::CountDistinct(vec![PERSON]), 0);
    let figure = indicator(PeriodKind::Month, vec![distinct], first());
    let plan = PartialPlan::new(&dataset, &schema(&dataset), &[&figure]);
    assert!(plan.is_empty());
    assert!(added(&plan, &schema(&dataset), &[&row("0101", "2024-01-01", "5.30.26", 1)], 1).is_empty());
}
