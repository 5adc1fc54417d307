//! What rows cost after they have been cast: hashing their keys, collecting the hashes, adding measures up.
//!
//! `cargo bench -p musketer-normaliser --bench aggregation`; throughput is in rows.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{
    Aggregate, CodeListId, ColumnData, ColumnKind, Comparison, Dataset, DatasetId, Date, Direction, Expr, Field,
    FieldIndex, FieldName, FieldType, Fingerprint, Formula, GroupRule, Indicator, IndicatorId, IndicatorVersion,
    Measure, MeasureIndex, MissingRule, MomentRule, PeriodKind, Ratio, RecordBatch, RecordSchema, Rounding, Text,
    TimeSelection, Unit, Window,
};
use musketer_normaliser::{KeyCheck, KeyHasher, PartialPlan};

const ROWS: u32 = 65_536;
const MUNICIPALITIES: u32 = 98;
const FUNCTIONS: u32 = 2_000;

/// Postings: municipality, month, voucher, line, function, kind, amount, text.
fn dataset() -> Dataset {
    let field = |name: &str, ty| Field {
        name: FieldName::new(name).expect(name),
        title: Text::default(),
        ty,
        unit: None,
        required: true,
        pattern: None,
        range: None,
        masked: false,
    };
    let code = |name: &str| FieldType::Code(CodeListId::new(name).expect(name));
    Dataset {
        id: DatasetId::new("postings").expect("an id"),
        title: Text::default(),
        description: Text::default(),
        grain: Text::default(),
        row_unit: Unit::one(),
        fields: vec![
            field("municipality", code("municipality")),
            field("period", FieldType::Month),
            field("document", FieldType::Text),
            field("line", FieldType::Integer),
            field("function", code("function")),
            field("kind", code("kind")),
            field("amount", FieldType::Decimal { precision: 15, scale: 2 }),
            field("text", FieldType::Text),
        ],
        key: [0, 1, 2, 3].map(FieldIndex).to_vec(),
        municipality: FieldIndex(0),
        whole_country: false,
        time: FieldIndex(1),
        moment: MomentRule::Event,
        until: None,
        roles: Vec::new(),
        partition: PeriodKind::Month,
        checks: Vec::new(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

fn codes(list: &str) -> Arc<[String]> {
    let count = match list {
        "municipality" => MUNICIPALITIES,
        "function" => FUNCTIONS,
        _ => 10,
    };
    (0..count).map(|number| format!("{:04}", number + 101)).collect()
}

/// A generator of plain numbers, the same ones each time.
fn next(state: &mut u64) -> u32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    u32::try_from(*state >> 40).expect("24 bits")
}

/// Rows of one municipality and month, or of all of them in no order.
fn batch(dataset: &Dataset, interleaved: bool) -> RecordBatch {
    let schema = Arc::new(RecordSchema::of(dataset, |list| codes(list.as_str())));
    let mut batch = RecordBatch::new(Arc::clone(&schema));
    let months: Vec<i32> = (1..=12).filter_map(|month| Date::new(2024, month, 1)).map(Date::days).collect();
    let mut state = 1;
    for row in 0..ROWS {
        let (code, month) = if interleaved { (next(&mut state), next(&mut state)) } else { (7, 4) };
        let numbers = [0, 0, 0, i64::from(row % 7), 0, 0, i64::from(next(&mut state)) - 8_000_000, 0];
        let places = [code % MUNICIPALITIES, 0, 0, 0, next(&mut state) % FUNCTIONS, next(&mut state) % 10];
        for (at, column) in batch.columns.iter_mut().enumerate() {
            match &mut column.data {
                ColumnData::Code(values) => values.push(places[at]),
                ColumnData::Date(days) => days.push(months[month as usize % 12]),
                ColumnData::Number(values) => values.push(numbers[at]),
                ColumnData::Boolean(values) => values.push(true),
                ColumnData::Text(texts) => texts.push(&format!("{:08}", row / 7)),
            }
            column.valid.push(true);
        }
        batch.line.push(u64::from(row) + 2);
        batch.record.push(u64::from(row) + 2);
    }
    batch
}

fn indicator(measures: Vec<Measure>) -> Indicator {
    Indicator {
        id: IndicatorId::new("figure").expect("an id"),
        version: IndicatorVersion(1),
        valid_from: None,
        valid_to: None,
        area: FieldName::new("area").expect("a name"),
        title: Text::default(),
        description: Text::default(),
        period: PeriodKind::Year,
        unit: Unit::one(),
        decimals: 1,
        rounding: Rounding::HalfAwayFromZero,
        direction: Direction::Neutral,
        measures,
        formula: Formula::Measure(MeasureIndex(0)),
        conversion: Ratio::integer(1),
        formula_text: String::new(),
        dimensions: Vec::new(),
        breakdowns: Vec::new(),
        missing: MissingRule::Propagate,
        groups: GroupRule::default(),
        plausible: None,
        included_in: Vec::new(),
        breaks: Vec::new(),
        history: model::History::default(),
        reservations: Vec::new(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

/// Sums of the amount over a tenth of the functions each, and over most kinds.
fn measures(count: u32) -> Vec<Measure> {
    let of_kind = || {
        let side = Box::new(Expr::Field(FieldIndex(5)));
        Expr::Compare(Comparison::Less, side, Box::new(Expr::Text("0108".to_owned())))
    };
    let functions = |number: u32| -> BTreeSet<String> {
        let members = (0..FUNCTIONS).filter(|function| function % 40 / 4 == number % 10 || *function == number);
        members.map(|function| format!("{:04}", function + 101)).collect()
    };
    let measure = |number: u32| Measure {
        name: FieldName::new(&format!("m{number}")).expect("a name"),
        dataset: DatasetId::new("postings").expect("an id"),
        time: TimeSelection::Within,
        role: None,
        window: Window::default(),
        joined: None,
        absent: None,
        per: None,
        filter: Some(Expr::And(vec![Expr::In(FieldIndex(4), functions(number)), of_kind()])),
        aggregate: Aggregate::Sum(Expr::Field(FieldIndex(6))),
        scale: 2,
        unit: Unit::one(),
        price: None,
        slicings: Vec::new(),
        filter_text: None,
        value_text: String::new(),
        written: Vec::new(),
    };
    (0..count).map(measure).collect()
}

fn keys(criterion: &mut Criterion) {
    let dataset = dataset();
    let rows = batch(&dataset, true);
    let hasher = KeyHasher::new(&dataset).expect("a key");
    let mut hashes = Vec::new();
    hasher.hash(&rows, &mut hashes);
    let mut group = criterion.benchmark_group("keys");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("hash", |bencher| bencher.iter(|| hasher.hash(black_box(&rows), &mut hashes)));
    // 8 million rows: seven eighths of them go through the file. Each pass has hashes of its own.
    let passes = 128;
    group.throughput(Throughput::Elements(u64::from(ROWS) * passes));
    group.sample_size(10);
    let folder = tempfile::tempdir().expect("a folder");
    group.bench_function("collect, spill and search", |bencher| {
        bencher.iter(|| {
            let mut check = KeyCheck::new(folder.path());
            let mut others = hashes.clone();
            for pass in 0..passes {
                for hash in &mut others {
                    *hash = hash.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                }
                let records: Vec<u64> = (0..u64::from(ROWS)).map(|row| pass * u64::from(ROWS) + row + 1).collect();
                check.add(&others, &records).expect("room in the folder");
            }
            check.finish().expect("the file can be read").len()
        });
    });
    group.finish();
}

fn partials(criterion: &mut Criterion) {
    let dataset = dataset();
    let mut group = criterion.benchmark_group("partials");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    for (order, interleaved) in [("one unit", false), ("interleaved", true)] {
        let rows = batch(&dataset, interleaved);
        assert!(rows.schema.columns.iter().any(|(_, kind)| matches!(kind, ColumnKind::Code(_))));
        for count in [1, 4, 40] {
            let indicator = indicator(measures(count));
            let plan = PartialPlan::new(&dataset, &rows.schema, &[&indicator]);
            let mut hand = plan.hand();
            group.bench_function(format!("{order}, {count} measures"), |bencher| {
                bencher.iter(|| plan.add(&mut hand, black_box(&rows)));
            });
        }
    }
    let rows = batch(&dataset, true);
    let indicator = indicator(measures(40));
    group.bench_function("compile 40 measures", |bencher| {
        bencher.iter(|| PartialPlan::new(&dataset, &rows.schema, &[&indicator]).is_empty());
    });
    group.finish();
}

criterion_group!(benches, keys, partials);
criterion_main!(benches);
