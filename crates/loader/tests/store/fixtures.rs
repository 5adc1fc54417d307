//! A store with something in it.

use std::path::Path;

use model::{
    Area, AsDefined, Delivery, DeliveryId, DeliveryKind, DeliveryScope, Direction, FieldName, Fingerprint, Formula,
    Indicator, IndicatorId, IndicatorVersion, MissingRule, MunicipalityCode, ObsStatus, Observation, Period,
    PeriodKind, PipelineId, Ratio, Rounding, RowTally, Series, SourceId, Text, Unit,
};
use musketer_loader::{
    AreaRecord, DeliveryRecord, DeliveryState, Publication, Receipt, RunEnd, RunOutcome, RunStart, Store, Why,
};
use rusqlite::{Connection, Row};

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub(crate) fn open(root: &Path) -> Store {
    Store::open(root).expect("a store")
}

pub(crate) fn start() -> RunStart {
    RunStart {
        pipeline: PipelineId::new("nightly").expect("an id"),
        started_at: "2025-01-01T03:00:00Z".to_owned(),
        engine_version: "0.1.0".to_owned(),
        command: "run",
        after: None,
    }
}

/// Begins a run that has read the ledger just now.
pub(crate) fn begin(store: &mut Store) -> Publication<'_> {
    let after = store.read().and_then(|reading| reading.latest_run()).expect("the latest run");
    store.begin(&RunStart { after, ..start() }).expect("a publication")
}

pub(crate) fn end() -> RunEnd {
    RunEnd { ended_at: "2025-01-01T03:05:00Z".to_owned(), outcome: RunOutcome::Ok, exit_code: 0, milliseconds: 300_000 }
}

/// One run that does this and publishes.
pub(crate) fn publish(store: &mut Store, work: impl FnOnce(&mut Publication<'_>)) -> Receipt {
    let mut publication = begin(store);
    work(&mut publication);
    publication.finish(&end()).expect("a commit")
}

/// The rows of a query, through a connection that knows nothing of the crate.
pub(crate) fn rows<T>(root: &Path, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let connection = Connection::open(root.join(musketer_loader::DATABASE)).expect("a connection");
    let mut statement = connection.prepare(sql).expect(sql);
    statement.query_map([], |row| read(row)).expect(sql).collect::<Result<_, _>>().expect(sql)
}

pub(crate) fn texts(root: &Path, sql: &str) -> Vec<String> {
    rows(root, sql, |row| row.get(0))
}

pub(crate) fn number(root: &Path, sql: &str) -> i64 {
    rows(root, sql, |row| row.get(0))[0]
}

pub(crate) fn municipality(code: &str) -> MunicipalityCode {
    MunicipalityCode::new(code).expect("a code")
}

pub(crate) fn period(text: &str) -> Period {
    text.parse().expect("a period")
}

pub(crate) fn source() -> SourceId {
    SourceId::new("opus_finance").expect("an id")
}

pub(crate) fn delivery(content: &str) -> Delivery {
    let scope = DeliveryScope {
        source: source(),
        municipality: Some(municipality("0751")),
        period: Some(period("2024-05")),
        version: 1,
    };
    let hash = Fingerprint::of(content.as_bytes());
    let name = "opus_finance/0751/0751_202405.csv".to_owned();
    let id = DeliveryId::of(&scope, &hash);
    let kind = DeliveryKind::File;
    Delivery { kind, id, scope, name, content: hash, bytes: content.len() as u64 }
}

/// A delivery of five records: one header, three rows that were accepted, one that was rejected.
pub(crate) fn accepted(content: &str) -> DeliveryRecord {
    let mut tally = RowTally { read: 5, accepted: 3, rejected: 1, ..RowTally::default() };
    tally.skip("header");
    let reading = Some(Fingerprint::of(b"definitions"));
    DeliveryRecord { delivery: delivery(content), state: DeliveryState::Accepted, reading, tally, notices: Vec::new() }
}

fn text(da: &str, en: &str) -> Text {
    Text { da: da.to_owned(), en: en.to_owned() }
}

pub(crate) fn areas() -> Vec<AreaRecord> {
    let area = |area, da: &str, en: &str, region: Option<&str>| AreaRecord {
        area,
        title: text(da, en),
        region: region.map(str::to_owned),
    };
    vec![
        area(Area::Municipality(municipality("0101")), "København", "Copenhagen", Some("1084")),
        area(Area::Municipality(municipality("0751")), "Aarhus", "Aarhus", Some("1082")),
        area(Area::Region("1082".to_owned()), "Midtjylland", "Central Denmark", None),
        area(Area::Country, "Hele landet", "Denmark", None),
    ]
}

pub(crate) fn indicator(version: u32, canonical: &str) -> Indicator {
    Indicator {
        id: IndicatorId::new("cost_per_pupil").expect("an id"),
        version: IndicatorVersion(version),
        valid_from: None,
        valid_to: None,
        area: FieldName::new("school").expect("a name"),
        title: text("Udgift pr. elev", "Cost per pupil"),
        description: text("Udgiften", "The cost"),
        period: PeriodKind::Year,
        unit: Unit::parse("DKK/pupil").expect("a unit"),
        decimals: 2,
        rounding: Rounding::default(),
        direction: Direction::Neutral,
        measures: Vec::new(),
        formula: Formula::Number(Ratio::ZERO),
        conversion: Ratio::integer(1),
        formula_text: "cost / pupils".to_owned(),
        dimensions: Vec::new(),
        breakdowns: Vec::new(),
        missing: MissingRule::Propagate,
        groups: model::GroupRule::RatioOfSums,
        plausible: None,
        included_in: Vec::new(),
        breaks: Vec::new(),
        history: model::History::default(),
        reservations: vec![text("Kun folkeskolen", "Municipal schools \"only\"")],
        fingerprint: Fingerprint::of(canonical.as_bytes()),
        canonical: canonical.to_owned(),
    }
}

/// A figure of Aarhus; `value` in hundredths.
pub(crate) fn figure(version: u32, when: &str, value: i128) -> Observation {
    Observation {
        indicator: IndicatorId::new("cost_per_pupil").expect("an id"),
        version: IndicatorVersion(version),
        area: Area::Municipality(municipality("0751")),
        period: period(when),
        breakdown: model::TOTAL.to_owned(),
        value: Some(value),
        decimals: 2,
        numerator: Ratio::decimal(value, 2).ok(),
        denominator: Some(Ratio::integer(1)),
        contributing: 1,
        members: 1,
        status: ObsStatus::Normal,
        held: false,
    }
}

/// The series that a version of the indicator makes.
pub(crate) fn series(version: u32, as_defined: AsDefined) -> Series {
    Series::of(&indicator(version, ""), as_defined)
}

/// Records a version, and that its figures as defined then are computed.
pub(crate) fn record(publication: &mut Publication<'_>, version: &Indicator) {
    publication.indicator(version, true).expect("an indicator");
    let series = Series::of(version, AsDefined::Then);
    publication.series(&series, &Fingerprint::of(b"basis")).expect("a series");
}

/// Publishes figures of a version of the indicator.
pub(crate) fn publish_figures(store: &mut Store, version: u32, figures: &[Observation]) -> Receipt {
    publish(store, |publication| {
        publication.areas(&areas()).expect("areas");
        record(publication, &indicator(version, "canonical"));
        publication.figures(figures, AsDefined::Then, &|_| Why::Delivery).expect("figures");
    })
}
