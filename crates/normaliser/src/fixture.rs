//! Small datasets, sources and raw batches for the tests of this crate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{
    CellSpan, Check, CodeList, CodeListBuilder, CodeListId, Comparison, Control, Dataset, DatasetId, Date, DateFormat,
    DelimitedFormat, DeliveryScope, Encoding, Expr, Field, FieldIndex, FieldMapping, FieldName, FieldType, FileName,
    Fingerprint, Format, Header, InputForm, Load, MomentRule, MunicipalityCode, Negative, NumberFormat, Origin, Parse,
    PeriodKind, RawBatch, RecordBatch, Refusal, RejectedRow, RowAddress, Scope, Severity, Source, SourceId, Text, Unit,
    Validity,
};

use crate::{Harmonised, Harmoniser, PersonKeys};

pub(crate) fn name(text: &str) -> FieldName {
    FieldName::new(text).expect(text)
}

pub(crate) fn municipality(code: &str) -> MunicipalityCode {
    MunicipalityCode::new(code).expect(code)
}

pub(crate) fn field(text: &str, ty: FieldType) -> Field {
    Field {
        name: name(text),
        title: Text::default(),
        ty,
        unit: None,
        required: true,
        pattern: None,
        range: None,
        masked: false,
    }
}

pub(crate) fn list_id(text: &str) -> CodeListId {
    CodeListId::new(text).expect(text)
}

fn list(id: &str, codes: &[(&str, Validity)], aliases: &[(&str, &str)]) -> (CodeListId, Arc<CodeList>) {
    let mut builder = CodeListBuilder::new();
    for (code, validity) in codes {
        builder.row(code, Text::default(), *validity, BTreeMap::new()).expect("a row");
    }
    for (alias, code) in aliases {
        builder.alias(alias, code).expect("an alias");
    }
    let built = builder.build(list_id(id), Text::default(), Text::default(), BTreeMap::new(), String::new());
    (list_id(id), Arc::new(built.expect("a list")))
}

/// Municipalities, and account functions of which `5.32.30` ends with 2024.
pub(crate) fn codelists() -> BTreeMap<CodeListId, Arc<CodeList>> {
    let always = Validity::default();
    let ended = Validity { from: None, to: Date::parse_iso("2025-01-01") };
    BTreeMap::from([
        list(
            "municipality",
            &[("0101", always), ("0400", always), ("0751", always)],
            &[("101", "0101"), ("Århus", "0751"), ("751", "0751")],
        ),
        list(
            "account_function",
            &[("3.22.01", always), ("5.30.26", always), ("5.32.30", ended)],
            &[("32201", "3.22.01"), ("53026", "5.30.26"), ("53230", "5.32.30")],
        ),
    ])
}

pub(crate) fn dataset(
    id: &str,
    fields: Vec<Field>,
    key: &[usize],
    moment: MomentRule,
    partition: PeriodKind,
) -> Dataset {
    Dataset {
        id: DatasetId::new(id).expect(id),
        title: Text::default(),
        description: Text::default(),
        grain: Text::default(),
        row_unit: Unit::parse("posting").expect("a unit"),
        fields,
        key: key.iter().map(|at| FieldIndex(*at)).collect(),
        municipality: FieldIndex(0),
        whole_country: false,
        time: FieldIndex(1),
        moment,
        until: None,
        roles: Vec::new(),
        partition,
        checks: Vec::new(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

/// Postings: municipality, period, document, function, amount, text, settled.
pub(crate) fn postings() -> Dataset {
    let mut document = field("document", FieldType::Text);
    document.pattern = Some("[0-9]{8}".to_owned());
    let mut amount = field("amount", FieldType::Decimal { precision: 15, scale: 2 });
    amount.range = Some(model::RangeRule { min: Some(-100_000_000), max: Some(100_000_000) });
    let text = Field { required: false, masked: true, ..field("text", FieldType::Text) };
    let settled = Field { required: false, ..field("settled", FieldType::Boolean) };
    let fields = vec![
        field("municipality", FieldType::Code(list_id("municipality"))),
        field("period", FieldType::Month),
        document,
        field("function", FieldType::Code(list_id("account_function"))),
        amount,
        text,
        settled,
    ];
    dataset("postings", fields, &[0, 1, 2], MomentRule::Event, PeriodKind::Month)
}

/// Absence of persons: municipality, period, employee, possible, sick; with a rule on the hours.
pub(crate) fn absence() -> Dataset {
    let hours = || FieldType::Decimal { precision: 7, scale: 2 };
    let note = Field { required: false, masked: true, ..field("note", FieldType::Text) };
    let fields = vec![
        field("municipality", FieldType::Code(list_id("municipality"))),
        field("period", FieldType::Month),
        field("employee", FieldType::Person),
        field("possible", hours()),
        field("sick", hours()),
        note,
    ];
    let mut dataset = dataset("absence", fields, &[0, 1, 2], MomentRule::Event, PeriodKind::Month);
    let side = |at: usize| Box::new(Expr::Field(FieldIndex(at)));
    dataset.checks.push(Check {
        id: name("hours"),
        title: Text { da: String::new(), en: "no more absence than possible hours".to_owned() },
        condition: Expr::Compare(Comparison::LessOrEqual, side(4), side(3)),
        severity: Severity::Error,
    });
    dataset
}

pub(crate) fn danish_numbers() -> NumberFormat {
    NumberFormat { decimal: Some(b','), group: Some(b'.'), ..NumberFormat::plain(&[Negative::Trailing]) }
}

pub(crate) fn column(field: usize, name: &str, parse: Parse) -> FieldMapping {
    let origin = Origin::Column { names: vec![name.to_owned()] };
    FieldMapping {
        field: FieldIndex(field),
        origin,
        slice: None,
        width: None,
        null: vec![String::new()],
        map: Vec::new(),
        parse,
    }
}

pub(crate) fn source(dataset: &Dataset, fields: Vec<FieldMapping>) -> Source {
    Source {
        id: SourceId::new("source").expect("an id"),
        title: Text::default(),
        description: Text::default(),
        vendor: String::new(),
        system: String::new(),
        interface: None,
        dataset: dataset.id.clone(),
        valid_from: None,
        valid_to: None,
        file: FileName { pattern: String::new(), parts: Vec::new() },
        scope: Scope { one_municipality: true, period: Some(PeriodKind::Month) },
        load: Load::Period,
        due_days: None,
        min_rows: Some(0),
        budget: model::Budget::default(),
        input: InputForm::plain(Encoding::Utf8.into()),
        format: Format::Delimited(DelimitedFormat { quote: None, ..DelimitedFormat::new(Encoding::Utf8, b';') }),
        fields,
        skip: Vec::new(),
        control: Control::default(),
        fingerprint: Fingerprint::of(b""),
        canonical: String::new(),
    }
}

pub(crate) fn set_encoding(source: &mut Source, wanted: Encoding) {
    if let Format::Delimited(format) = &mut source.format {
        format.encoding = wanted;
    }
}

pub(crate) const POSTINGS_HEADER: &str = "Kommune;Periode;Bilag;Konto;Beløb;Tekst;Afsluttet";

pub(crate) fn postings_source(dataset: &Dataset) -> Source {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    source(
        dataset,
        vec![
            column(0, "Kommune", Parse::Code(list_id("municipality"))),
            column(1, "Periode", Parse::Date(DateFormat::new("yyyymm"))),
            FieldMapping { width: Some(8), ..column(2, "Bilag", Parse::Text) },
            FieldMapping { slice: Some((0, 5)), ..column(3, "Konto", Parse::Code(list_id("account_function"))) },
            column(4, "Beløb", Parse::Number(danish_numbers())),
            column(5, "Tekst", Parse::Text),
            column(6, "Afsluttet", Parse::Boolean { yes: words(&["J", "1"]), no: words(&["N", "0"]) }),
        ],
    )
}

pub(crate) const ABSENCE_HEADER: &str = "CPR;Periode;Mulige;Syge;Note";

pub(crate) fn absence_source(dataset: &Dataset) -> Source {
    let delivery =
        FieldMapping { origin: Origin::DeliveryMunicipality, ..column(0, "", Parse::Code(list_id("municipality"))) };
    source(
        dataset,
        vec![
            delivery,
            column(1, "Periode", Parse::Date(DateFormat::new("mm.yyyy"))),
            column(2, "CPR", Parse::Person),
            column(3, "Mulige", Parse::Number(danish_numbers())),
            column(4, "Syge", Parse::Number(danish_numbers())),
            column(5, "Note", Parse::Text),
        ],
    )
}

pub(crate) fn scope(municipality_code: Option<&str>, period: Option<&str>) -> DeliveryScope {
    DeliveryScope {
        source: SourceId::new("source").expect("an id"),
        municipality: municipality_code.map(municipality),
        period: period.map(|text| text.parse().expect("a period")),
        version: 1,
    }
}

pub(crate) fn header(line: &str) -> Header {
    Header { names: line.split(';').map(str::to_owned).collect(), line: 1 }
}

/// Splits lines at `;`; the first is line 2 of the file.
pub(crate) fn raw(lines: &[&[u8]]) -> RawBatch {
    raw_from(lines, 2)
}

pub(crate) fn raw_from(lines: &[&[u8]], first: u64) -> RawBatch {
    let mut batch = RawBatch::default();
    let position = |length: usize| u32::try_from(length).expect("small batches");
    for (line, bytes) in (first..).zip(lines) {
        let start = batch.bytes.len();
        batch.bytes.extend_from_slice(bytes);
        let mut at = start;
        let mut width = 0;
        for cell in bytes.split(|byte| *byte == b';') {
            batch.cells.push(CellSpan { start: position(at), end: position(at + cell.len()) });
            at += cell.len() + 1;
            width += 1;
        }
        batch.width = width;
        let raw = CellSpan { start: position(start), end: position(batch.bytes.len()) };
        batch.rows.push(RowAddress { line, record: line, raw });
    }
    batch
}

/// A delivery, and what became of it.
pub(crate) struct Outcome {
    pub(crate) accepted: RecordBatch,
    pub(crate) rejected: Vec<RejectedRow>,
    pub(crate) closed: Result<Harmonised, Refusal>,
    /// What `Debug` shows of the harmoniser after it has seen everything.
    pub(crate) debug: String,
}

impl Outcome {
    /// Line and code of the rejected rows.
    pub(crate) fn codes(&self) -> Vec<(u64, String)> {
        self.rejected.iter().map(|row| (row.line, row.code.to_string())).collect()
    }

    pub(crate) fn closed(&self) -> &Harmonised {
        self.closed.as_ref().expect("a delivery that is accepted")
    }
}

/// Reads the batches with the master key of the tests.
pub(crate) fn read(
    source: &Source,
    dataset: &Dataset,
    scope: &DeliveryScope,
    header_line: &str,
    batches: &[RawBatch],
) -> Outcome {
    let keys = PersonKeys::new(b"master key of the tests");
    let lists = codelists();
    let harmoniser = Harmoniser::new(source, dataset, &lists, scope, &header(header_line), Some(&keys))
        .expect("the columns are there");
    let mut accepted = RecordBatch::new(Arc::clone(harmoniser.schema()));
    let mut rejected = Vec::new();
    let mut hand = harmoniser.hand();
    for batch in batches {
        harmoniser.harmonise(&mut hand, batch, &mut accepted, &mut rejected).expect("no row stops the delivery");
    }
    let debug = format!("{harmoniser:?} {hand:?} {keys:?}");
    Outcome { accepted, rejected, closed: harmoniser.finish(vec![hand], &[]), debug }
}

pub(crate) fn texts(codes: &[&str]) -> BTreeSet<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}
