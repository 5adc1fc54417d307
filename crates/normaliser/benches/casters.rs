//! What a cell costs: numbers, dates, codes and texts alone, and a whole row of a ledger.
//!
//! Every case is a dataset of its own, read by a plan as deliveries are. The rows of the single kinds have a constant
//! municipality and period before eight columns of the kind, so that the difference to `frame` is the price of eight
//! cells. Times are per batch of [`ROWS`] rows.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{
    CellSpan, CodeList, CodeListBuilder, CodeListId, Control, Dataset, DatasetId, DateFormat, DelimitedFormat,
    DeliveryScope, Encoding, Field, FieldIndex, FieldMapping, FieldName, FieldType, FileName, Fingerprint, Format,
    Header, InputForm, Load, MomentRule, MunicipalityCode, Negative, NumberFormat, Origin, Parse, PeriodKind, RawBatch,
    RecordBatch, RowAddress, Scope, Source, SourceId, Text, Unit, Validity,
};
use musketer_normaliser::Harmoniser;

/// As many rows as a batch of some megabytes has.
const ROWS: usize = 20_000;

/// A sequence of numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A column: the field, how it is read, and how its cells are written.
struct Column {
    field: Field,
    parse: Parse,
    width: Option<usize>,
    slice: Option<(usize, usize)>,
    write: fn(&mut Dice) -> String,
}

fn name(text: &str) -> FieldName {
    FieldName::new(text).expect("a name")
}

fn list_id(text: &str) -> CodeListId {
    CodeListId::new(text).expect("an id")
}

fn column(at: usize, ty: FieldType, parse: Parse, write: fn(&mut Dice) -> String) -> Column {
    let field = Field {
        name: name(&format!("field_{at}")),
        title: Text::default(),
        ty,
        unit: None,
        required: true,
        pattern: None,
        range: None,
        masked: false,
    };
    Column { field, parse, width: None, slice: None, write }
}

fn text(at: usize, pattern: &str, write: fn(&mut Dice) -> String) -> Column {
    let mut column = column(at, FieldType::Text, Parse::Text, write);
    column.field.pattern = Some(pattern.to_owned());
    column
}

fn free_text(at: usize) -> Column {
    let mut column = column(at, FieldType::Text, Parse::Text, |dice| {
        const WORDS: [&str; 8] = ["Løn maj", "Faktura", "Refusion", "rengøring", "Afregning", "", "2024", "skole 12"];
        let word = |dice: &mut Dice| WORDS[usize::try_from(dice.below(8)).expect("small")];
        format!("{} {} {}", word(dice), word(dice), dice.below(10_000))
    });
    column.field.masked = true;
    column
}

fn codes(at: usize, list: &str, write: fn(&mut Dice) -> String) -> Column {
    column(at, FieldType::Code(list_id(list)), Parse::Code(list_id(list)), write)
}

fn date(at: usize, ty: FieldType, pattern: &str, write: fn(&mut Dice) -> String) -> Column {
    column(at, ty, Parse::Date(DateFormat::new(pattern)), write)
}

fn amount(at: usize) -> Column {
    let format = NumberFormat { decimal: Some(b','), group: Some(b'.'), ..NumberFormat::plain(&[Negative::Trailing]) };
    column(at, FieldType::Decimal { precision: 15, scale: 2 }, Parse::Number(format), |dice| {
        let digits = dice.below(6) + 1;
        let (whole, cents) = (dice.below(10u64.pow(u32::try_from(digits).expect("small"))), dice.below(100));
        let sign = if dice.below(4) == 0 { "-" } else { "" };
        match whole {
            0..1_000 => format!("{whole},{cents:02}{sign}"),
            _ => format!("{}.{:03},{cents:02}{sign}", whole / 1_000, whole % 1_000),
        }
    })
}

fn whole(at: usize) -> Column {
    column(at, FieldType::Integer, Parse::Number(NumberFormat::plain(&[])), |dice| (dice.below(400) + 1).to_string())
}

fn day(at: usize) -> Column {
    date(at, FieldType::Date, "dd-mm-yyyy", |dice| format!("{:02}-{:02}-2024", dice.below(28) + 1, dice.below(12) + 1))
}

fn function(at: usize) -> Column {
    codes(at, "account_function", |dice| (dice.below(300) * 7 + 10_000).to_string())
}

fn small_code(at: usize) -> Column {
    codes(at, "dranst", |dice| (dice.below(7) + 1).to_string())
}

fn voucher(at: usize) -> Column {
    text(at, "[0-9]{8}", |dice| format!("{:08}", dice.below(100_000_000)))
}

/// A ledger: month, voucher, line, day, three codes, three identifiers, free text, amount.
fn ledger() -> Vec<Column> {
    vec![
        date(1, FieldType::Month, "yyyymm", |dice| format!("2024{:02}", dice.below(12) + 1)),
        voucher(2),
        whole(3),
        day(4),
        function(5),
        small_code(6),
        small_code(7),
        text(8, "[0-9]{4}", |dice| format!("{:04}", dice.below(10_000))),
        text(9, "[0-9]{3}", |dice| format!("{:03}", dice.below(1_000))),
        text(10, "[0-9]{1,2}[A-Z]?", |dice| format!("{}A", dice.below(100))),
        free_text(11),
        amount(12),
    ]
}

fn eight(kind: fn(usize) -> Column) -> Vec<Column> {
    let month = date(1, FieldType::Month, "yyyymm", |_| "202405".to_owned());
    std::iter::once(month).chain((2..10).map(kind)).collect()
}

fn code_lists() -> BTreeMap<CodeListId, Arc<CodeList>> {
    let list = |id: &str, codes: &[String]| {
        let mut builder = CodeListBuilder::new();
        for code in codes {
            builder.row(code, Text::default(), Validity::default(), BTreeMap::new()).expect("a row");
        }
        let built = builder.build(list_id(id), Text::default(), Text::default(), BTreeMap::new(), String::new());
        (list_id(id), Arc::new(built.expect("a list")))
    };
    let functions: Vec<String> = (0..300).map(|at| (at * 7 + 10_000).to_string()).collect();
    let small: Vec<String> = (1..=7).map(|at| at.to_string()).collect();
    BTreeMap::from([
        list("municipality", &["0101".to_owned(), "0751".to_owned()]),
        list("account_function", &functions),
        list("dranst", &small),
    ])
}

fn dataset(columns: &[Column]) -> Dataset {
    let municipality = codes(0, "municipality", |_| String::new()).field;
    let fields = std::iter::once(municipality).chain(columns.iter().map(|column| column.field.clone()));
    Dataset {
        id: DatasetId::new("ledger").expect("an id"),
        title: Text::default(),
        description: Text::default(),
        grain: Text::default(),
        row_unit: Unit::parse("posting").expect("a unit"),
        fields: fields.collect(),
        key: Vec::new(),
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

fn source(columns: &[Column]) -> Source {
    let mapping = |field: usize, origin, parse| FieldMapping {
        field: FieldIndex(field),
        origin,
        slice: None,
        width: None,
        null: vec![String::new()],
        map: Vec::new(),
        parse,
    };
    let municipality = mapping(0, Origin::DeliveryMunicipality, Parse::Code(list_id("municipality")));
    let others = columns.iter().zip(1..).map(|(column, at)| FieldMapping {
        width: column.width,
        slice: column.slice,
        ..mapping(at, Origin::Column { names: vec![format!("field_{at}")] }, column.parse.clone())
    });
    Source {
        id: SourceId::new("source").expect("an id"),
        title: Text::default(),
        description: Text::default(),
        vendor: String::new(),
        system: String::new(),
        interface: None,
        dataset: DatasetId::new("ledger").expect("an id"),
        valid_from: None,
        valid_to: None,
        file: FileName { pattern: String::new(), parts: Vec::new() },
        scope: Scope { one_municipality: true, period: None },
        load: Load::Period,
        due_days: None,
        min_rows: Some(0),
        budget: model::Budget::default(),
        input: InputForm::plain(Encoding::Windows1252.into()),
        format: Format::Delimited(DelimitedFormat { quote: None, ..DelimitedFormat::new(Encoding::Windows1252, b';') }),
        fields: std::iter::once(municipality).chain(others).collect(),
        skip: Vec::new(),
        control: Control::default(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

fn rows(columns: &[Column]) -> RawBatch {
    let mut dice = Dice(7);
    let mut batch = RawBatch { width: columns.len(), ..RawBatch::default() };
    let position = |at: usize| u32::try_from(at).expect("a small batch");
    for line in 0..ROWS {
        let first = position(batch.bytes.len());
        for column in columns {
            let start = position(batch.bytes.len());
            let cell = Encoding::Windows1252.encode(&(column.write)(&mut dice)).expect("Danish");
            batch.bytes.extend_from_slice(&cell);
            batch.cells.push(CellSpan { start, end: position(batch.bytes.len()) });
            batch.bytes.push(b';');
        }
        let raw = CellSpan { start: first, end: position(batch.bytes.len()) };
        batch.rows.push(RowAddress { line: line as u64 + 2, record: line as u64 + 2, raw });
    }
    batch
}

fn plan(columns: &[Column]) -> Harmoniser {
    let header = Header { names: (1..=columns.len()).map(|at| format!("field_{at}")).collect(), line: 1 };
    let scope = DeliveryScope {
        source: SourceId::new("source").expect("an id"),
        municipality: MunicipalityCode::new("0101"),
        period: "2024".parse().ok(),
        version: 1,
    };
    let plan = Harmoniser::new(&source(columns), &dataset(columns), &code_lists(), &scope, &header, None);
    plan.expect("a plan")
}

fn casters(criterion: &mut Criterion) {
    let cases: [(&str, Vec<Column>); 10] = [
        ("frame", eight(amount).into_iter().take(1).collect()),
        ("amounts", eight(amount)),
        ("whole numbers", eight(whole)),
        ("days", eight(day)),
        ("codes of 300", eight(function)),
        ("codes of 7", eight(small_code)),
        ("vouchers", eight(voucher)),
        ("free texts", eight(free_text)),
        ("unpadded vouchers", {
            let mut columns = eight(|at| text(at, "[0-9]{8}", |dice| dice.below(9_999_999).to_string()));
            columns.iter_mut().skip(1).for_each(|column| column.width = Some(8));
            columns
        }),
        ("ledger", ledger()),
    ];
    let mut group = criterion.benchmark_group("casters");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, columns) in &cases {
        let (plan, batch) = (plan(columns), rows(columns));
        let mut hand = plan.hand();
        let mut accepted = RecordBatch::new(Arc::clone(plan.schema()));
        let mut rejected = Vec::new();
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                accepted.clear();
                plan.harmonise(&mut hand, black_box(&batch), &mut accepted, &mut rejected).expect("not refused");
                assert_eq!(accepted.len(), ROWS, "{:?}", rejected.first());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, casters);
criterion_main!(benches);
