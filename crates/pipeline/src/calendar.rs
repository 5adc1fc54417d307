//! The calendar: which units a pipeline is owed on a day, and how each of them stands.
//!
//! States are never stored. They follow from the uses, the deliveries and the day, so that one that was stored would be
//! wrong the next morning, and a backfill could turn another period's state by touching a row. The day is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use loader::{DeliveryRecord, DeliveryState, UnitRecord};
use model::{
    Catalogue, Code, DatasetId, Date, Delivery, DeliveryId, MunicipalityCode, Period, PeriodKind, Pipeline, SourceId,
    Usage, WorkUnit,
};
use serde::Serialize;

use crate::books::Precedence;
use crate::coverage::{Cell, is_used};
use crate::geography::Geography;
use crate::{Project, RunError};

/// How a unit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// Its rows are loaded, as the definitions of today read them.
    Done,
    /// Somebody has said that there is nothing to report.
    NothingToReport,
    /// Its rows are loaded, but were read with other definitions than those of today.
    Stale,
    /// The delivery that would hold goes beyond the budget of its source.
    Withheld,
    /// The delivery that would hold is refused.
    Failed,
    /// It is owed, and not late yet.
    Due,
    /// It was due, and the days of grace are over.
    Late,
    /// It is owed, has not come, and nobody has said by when.
    Missing,
}

impl UnitState {
    /// All of them, what is well first.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::NothingToReport,
        Self::Stale,
        Self::Withheld,
        Self::Failed,
        Self::Due,
        Self::Late,
        Self::Missing,
    ];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NothingToReport => "nothing_to_report",
            Self::Stale => "stale",
            Self::Withheld => "withheld",
            Self::Failed => "failed",
            Self::Due => "due",
            Self::Late => "late",
            Self::Missing => "missing",
        }
    }

    /// Whether the unit has rows, or is known to have none.
    pub fn holds(self) -> bool {
        matches!(self, Self::Done | Self::NothingToReport | Self::Stale)
    }

    /// Whether somebody has to be reminded.
    pub fn is_overdue(self) -> bool {
        matches!(self, Self::Late | Self::Missing)
    }
}

impl fmt::Display for UnitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A unit that the pipeline is owed, or has without being owed it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwedUnit {
    pub(crate) source: SourceId,
    pub(crate) municipality: MunicipalityCode,
    pub(crate) period: Period,
    pub(crate) state: UnitState,
    /// The day on which it is due, if somebody has said so.
    pub(crate) due: Option<Date>,
    /// The last day on which it is not late.
    pub(crate) last_day: Option<Date>,
    /// The delivery that the state speaks of: the one that holds, or the one that would.
    pub(crate) delivery: Option<DeliveryId>,
    /// Why that one does not hold.
    pub(crate) code: Option<Code>,
}

/// A delivery that would hold, were there nothing wrong with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked<'a> {
    pub(crate) delivery: &'a Delivery,
    /// Higher wins; see `Known::precedence`.
    pub(crate) precedence: Precedence,
    /// [`UnitState::Withheld`] or [`UnitState::Failed`].
    pub(crate) state: UnitState,
    /// Why, where that is asked.
    pub(crate) code: Option<Code>,
}

impl<'a> Blocked<'a> {
    /// The delivery of a record, if it does not hold because something is wrong with it.
    pub(crate) fn of(record: &'a DeliveryRecord, precedence: Precedence) -> Option<Self> {
        let (state, code) = match &record.state {
            DeliveryState::Refused(refusal) => (UnitState::Failed, refusal.code),
            DeliveryState::Withheld(refusal) => (UnitState::Withheld, refusal.code),
            DeliveryState::Accepted | DeliveryState::Superseded | DeliveryState::Retracted => return None,
        };
        Some(Self { delivery: &record.delivery, precedence, state, code: Some(code) })
    }
}

/// What the ledger says of units and deliveries.
pub(crate) struct Books<'a> {
    /// The units that hold.
    units: BTreeMap<&'a SourceId, BTreeMap<Cell, &'a UnitRecord>>,
    blocked: BTreeMap<&'a SourceId, BlockedOf<'a>>,
    /// The precedence of a delivery that holds.
    pub(crate) precedence: &'a dyn Fn(&DeliveryId) -> Option<Precedence>,
    /// What a unit that holds is: done, stale, or nothing to report.
    pub(crate) standing: &'a dyn Fn(&UnitRecord) -> UnitState,
}

/// The deliveries of one source that do not hold, the best one for each thing that a name can say.
#[derive(Default)]
struct BlockedOf<'a> {
    cells: BTreeMap<Cell, Blocked<'a>>,
    municipalities: BTreeMap<MunicipalityCode, Blocked<'a>>,
    periods: BTreeMap<Period, Blocked<'a>>,
    everything: Option<Blocked<'a>>,
}

impl<'a> BlockedOf<'a> {
    fn add(&mut self, blocked: Blocked<'a>, partition: PeriodKind) {
        let scope = &blocked.delivery.scope;
        let better = |known: &mut Blocked<'a>| {
            if blocked.precedence > known.precedence {
                *known = blocked;
            }
        };
        let parts = scope.period.into_iter().flat_map(|period| period.parts(partition));
        match (scope.municipality, scope.period) {
            (Some(municipality), Some(_)) => {
                parts.for_each(|part| _ = self.cells.entry((municipality, part)).and_modify(better).or_insert(blocked));
            }
            (Some(municipality), None) => {
                self.municipalities.entry(municipality).and_modify(better).or_insert(blocked);
            }
            (None, Some(_)) => {
                parts.for_each(|part| _ = self.periods.entry(part).and_modify(better).or_insert(blocked));
            }
            (None, None) => {
                self.everything.as_mut().map(better);
                self.everything.get_or_insert(blocked);
            }
        }
    }

    /// The best of those that would give the cell its rows.
    fn best(&self, cell: Cell) -> Option<Blocked<'a>> {
        let (municipality, period) = cell;
        let found = [
            self.cells.get(&cell),
            self.municipalities.get(&municipality),
            self.periods.get(&period),
            self.everything.as_ref(),
        ];
        found.into_iter().flatten().max_by_key(|blocked| blocked.precedence).copied()
    }
}

impl<'a> Books<'a> {
    pub(crate) fn new(
        catalogue: &Catalogue,
        units: impl Iterator<Item = &'a UnitRecord>,
        blocked: impl Iterator<Item = Blocked<'a>>,
        precedence: &'a dyn Fn(&DeliveryId) -> Option<Precedence>,
        standing: &'a dyn Fn(&UnitRecord) -> UnitState,
    ) -> Self {
        let mut books = Self { units: BTreeMap::new(), blocked: BTreeMap::new(), precedence, standing };
        for record in units {
            let cell = (record.unit.municipality, record.unit.period);
            books.units.entry(&record.unit.source).or_default().insert(cell, record);
        }
        for blocked in blocked {
            let source = &blocked.delivery.scope.source;
            let dataset = catalogue.sources.get(source).and_then(|source| catalogue.datasets.get(&source.dataset));
            if let Some(dataset) = dataset {
                books.blocked.entry(source).or_default().add(blocked, dataset.partition);
            }
        }
        books
    }

    /// Periods of a use that have come, by what is known of one municipality.
    fn known_periods(&self, usage: &Usage, municipality: MunicipalityCode) -> impl Iterator<Item = Period> {
        let within = move |cell: &Cell| cell.0 == municipality && usage.to.is_none_or(|to| cell.1 <= to);
        let from = (municipality, usage.from);
        let units = self.units.get(&usage.source).into_iter().flat_map(move |cells| cells.range(from..));
        let blocked = self.blocked.get(&usage.source).into_iter().flat_map(move |of| of.cells.range(from..));
        let units = units.map(|(cell, _)| *cell).take_while(within);
        units.chain(blocked.map(|(cell, _)| *cell).take_while(within)).map(|(_, period)| period)
    }

    fn latest(&self, usage: &Usage) -> Option<Period> {
        let within = |(municipality, period): &&Cell| {
            usage.municipalities.binary_search(municipality).is_ok()
                && usage.from <= *period
                && usage.to.is_none_or(|to| *period <= to)
        };
        self.units.get(&usage.source)?.keys().filter(within).map(|(_, period)| *period).max()
    }
}

/// How every unit stands on a day: those that are owed, and those that have come before they were. Sorted by use,
/// municipality and period.
///
/// A period is owed when it is over: by all that a use names, up to its end. Without an end and without a rule for when it
/// is due, it is owed as soon as somebody has delivered that period of the dataset, or a later one: nobody has said that
/// there will be one.
pub(crate) fn units(catalogue: &Catalogue, pipeline: &Pipeline, books: &Books<'_>, day: Date) -> Vec<OwedUnit> {
    let latest = latest_periods(catalogue, pipeline, books);
    let geography = Geography::of(catalogue);
    let mut units = Vec::new();
    for usage in &pipeline.uses {
        let Some(source) = catalogue.sources.get(&usage.source) else { continue };
        let rule = usage.due_rule(source);
        let open_end = if rule.is_some() { None } else { Some(latest.get(&source.dataset).copied()) };
        let end = usage.to.map_or(open_end, |to| Some(Some(to)));
        let is_owed =
            |period: &Period| period.end() <= day && end.is_none_or(|end| end.is_some_and(|end| *period <= end));
        let owed: Vec<Period> =
            std::iter::successors(Some(usage.from), |period| period.next()).take_while(is_owed).collect();
        for municipality in &usage.municipalities {
            // Whoever is no municipality any more, or none yet, owes nothing. The whole country always is.
            let exists = |period: &&Period| {
                *municipality == MunicipalityCode::COUNTRY || geography.has(*municipality, period.start())
            };
            let mut periods: Vec<Period> = owed.iter().filter(exists).copied().collect();
            periods.extend(books.known_periods(usage, *municipality));
            periods.sort_unstable();
            periods.dedup();
            let due = |period: Period| {
                (rule.and_then(|rule| rule.due_on(period)), rule.and_then(|rule| rule.last_day(period)))
            };
            units.extend(periods.into_iter().map(|period| {
                let (due, last_day) = due(period);
                let unit = OwedUnit {
                    source: usage.source.clone(),
                    municipality: *municipality,
                    period,
                    state: UnitState::Missing,
                    due,
                    last_day,
                    delivery: None,
                    code: None,
                };
                books.stand(unit, day)
            }));
        }
    }
    units
}

/// The units that a municipality owes of a source in a period: what a statement about the period is about.
pub fn owed_units(
    project: &Project,
    pipeline: &Pipeline,
    source: &str,
    municipality: MunicipalityCode,
    period: Period,
) -> Result<Vec<WorkUnit>, RunError> {
    let catalogue = &project.catalogue;
    let known = catalogue.sources.get(source).filter(|source| pipeline.uses.iter().any(|one| one.source == source.id));
    let Some(source) = known else {
        let used: BTreeSet<String> = pipeline.uses.iter().map(|usage| format!("`{}`", usage.source)).collect();
        return Err(RunError::Usage {
            code: Code::NOT_EXPECTED,
            message: format!("the pipeline `{}` does not use a source `{}`", pipeline.id, model::redact(source)),
            help: format!("it uses {}", used.into_iter().collect::<Vec<_>>().join(", ")),
        });
    };
    let partition = catalogue.datasets.get(&source.dataset).map_or(period.kind(), |dataset| dataset.partition);
    let parts: Vec<Period> =
        if period.kind().is_made_of(partition) { period.parts(partition).collect() } else { Vec::new() };
    if parts.is_empty() {
        return Err(RunError::Usage {
            code: Code::PERIOD_MISMATCH,
            message: format!("`{}` is kept by the {partition}, and `{period}` is made of none", source.dataset),
            help: format!("name a {partition}, or a period that is made of such"),
        });
    }
    let unit = |period| WorkUnit { source: source.id.clone(), municipality, period };
    let units: Vec<WorkUnit> = parts.into_iter().map(unit).collect();
    if let Some(unit) = units.iter().find(|unit| !is_used(pipeline, unit)) {
        return Err(RunError::Usage {
            code: Code::NOT_EXPECTED,
            message: format!("{unit} is not owed: the pipeline `{}` has no such use", pipeline.id),
            help: "name a municipality and period that a use of the pipeline covers".to_owned(),
        });
    }
    Ok(units)
}

impl Books<'_> {
    /// The unit with its state.
    fn stand(&self, unit: OwedUnit, day: Date) -> OwedUnit {
        let cell = (unit.municipality, unit.period);
        let held = self.units.get(&unit.source).and_then(|cells| cells.get(&cell));
        let holds = held.and_then(|record| (self.precedence)(&record.delivery));
        let blocked = self.blocked.get(&unit.source).and_then(|of| of.best(cell));
        // One that came before what holds has been made good.
        if let Some(blocked) = blocked.filter(|blocked| holds.is_none_or(|holds| holds < blocked.precedence)) {
            let delivery = Some(blocked.delivery.id.clone());
            return OwedUnit { state: blocked.state, delivery, code: blocked.code, ..unit };
        }
        if let Some(record) = held {
            return OwedUnit { state: (self.standing)(record), delivery: Some(record.delivery.clone()), ..unit };
        }
        let state = match unit.last_day {
            Some(last) if last < day => UnitState::Late,
            Some(_) => UnitState::Due,
            None => UnitState::Missing,
        };
        OwedUnit { state, ..unit }
    }
}

/// The latest period of each dataset that somebody has delivered.
fn latest_periods(catalogue: &Catalogue, pipeline: &Pipeline, books: &Books<'_>) -> BTreeMap<DatasetId, Period> {
    let mut latest: BTreeMap<DatasetId, Period> = BTreeMap::new();
    for usage in &pipeline.uses {
        let Some(source) = catalogue.sources.get(&usage.source) else { continue };
        if let Some(period) = books.latest(usage) {
            latest.entry(source.dataset.clone()).and_modify(|known| *known = period.max(*known)).or_insert(period);
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{DeliveryKind, DeliveryScope, Fingerprint, Load};

    use super::*;
    use crate::books::precedence;

    const LIST: &str = "kind: codelist\nid: municipality\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\n\
        rows: municipality.csv\nattributes: [kind, region]\n";
    const ROWS: &str = "code;title_da;title_en;valid_from;valid_to;aliases;kind;region\n\
        0101;a;a;;;;municipality;1084\n0411;b;b;;2024-03-01;;municipality;1084\n0751;c;c;;;;municipality;1082\n";
    const DATASET: &str = "kind: dataset\nid: visits\ntitle: {da: a, en: a}\ndescription: {da: a, en: a}\n\
        grain: {da: a, en: a}\nrow_unit: record\npartition: month\nmunicipality: municipality\ntime: {event: month}\n\
        fields:\n  municipality: {type: code, codelist: municipality, required: true, title: {da: a, en: a}}\n  \
        month: {type: month, required: true, title: {da: a, en: a}}\n";
    const PIPELINE: &str = "kind: pipeline\nid: main\ntitle: {da: a, en: a}\ndrop: drop\nindicators: all\nuses:\n";

    /// A source, by the period in the names of its files.
    fn source(id: &str, period: &str) -> String {
        format!(
            "kind: source\nid: {id}\ntitle: {{da: a, en: a}}\ndescription: {{da: a, en: a}}\nvendor: a\nsystem: a\n\
             dataset: visits\ndelivery: {{file: '{id}/{{municipality}}_{{period}}[_v{{version}}].csv', \
             municipality: file, period: {period}, load: period}}\n\
             format: {{type: delimited, encoding: utf-8, delimiter: ';'}}\n\
             fields:\n  municipality: delivery\n  month: {{column: M, date: yyyy-mm}}\n"
        )
    }

    fn catalogue(uses: &str) -> Catalogue {
        let files = [
            ("definitions/codelists/municipality.yaml", LIST.to_owned()),
            ("definitions/codelists/municipality.csv", ROWS.to_owned()),
            ("definitions/datasets/visits.yaml", DATASET.to_owned()),
            ("definitions/sources/a/monthly.yaml", source("monthly", "month")),
            ("definitions/sources/a/quarterly.yaml", source("quarterly", "quarter")),
            ("pipelines/main.yaml", format!("{PIPELINE}{uses}")),
        ];
        let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
        let (catalogue, findings) = definitions::load(&files);
        assert_eq!(findings.len(), 0, "{findings:#?}");
        catalogue
    }

    fn period(text: &str) -> Period {
        text.parse().expect(text)
    }

    fn day(text: &str) -> Date {
        Date::parse_iso(text).expect(text)
    }

    /// A delivery with the number of its correction, and what the ledger says of it.
    struct Came {
        delivery: Delivery,
        sequence: i64,
        state: Option<UnitState>,
    }

    fn came(source: &str, municipality: &str, of: Option<&str>, version: u32, state: Option<UnitState>) -> Came {
        let scope = DeliveryScope {
            source: SourceId::new(source).expect("an id"),
            municipality: MunicipalityCode::new(municipality),
            period: of.map(period),
            version,
        };
        let content = Fingerprint::of(b"");
        let id = DeliveryId::of(&scope, &content);
        Came {
            delivery: Delivery { kind: DeliveryKind::File, id, scope, name: String::new(), content, bytes: 0 },
            sequence: 1,
            state,
        }
    }

    /// The units on a day as `municipality period state`; deliveries without a state hold.
    fn stand(uses: &str, came: &[Came], on: &str) -> Vec<String> {
        let catalogue = catalogue(uses);
        let held = came.iter().filter(|one| one.state.is_none()).flat_map(|one| {
            let scope = one.delivery.scope.clone();
            let parts: Vec<Period> =
                scope.period.into_iter().flat_map(|period| period.parts(PeriodKind::Month)).collect();
            parts.into_iter().map(move |period| UnitRecord {
                unit: WorkUnit {
                    source: scope.source.clone(),
                    municipality: scope.municipality.expect("of one"),
                    period,
                },
                dataset: DatasetId::new("visits").expect("an id"),
                delivery: one.delivery.id.clone(),
                reading: Fingerprint::of(b""),
                rows: 1,
                part: None,
            })
        });
        let held: Vec<UnitRecord> = held.collect();
        let precedence = |of: &Came| precedence(&of.delivery, of.sequence, Load::Period);
        let blocked = came.iter().filter_map(|one| {
            let (delivery, state) = (&one.delivery, one.state?);
            Some(Blocked { delivery, precedence: precedence(one), state, code: None })
        });
        let of_delivery = |id: &DeliveryId| came.iter().find(|one| one.delivery.id == *id).map(precedence);
        let books = Books::new(&catalogue, held.iter(), blocked, &of_delivery, &|_: &UnitRecord| UnitState::Done);
        let pipeline: &Arc<Pipeline> = catalogue.pipelines.values().next().expect("one");
        let line = |unit: OwedUnit| format!("{} {} {}", unit.municipality, unit.period, unit.state);
        units(&catalogue, pipeline, &books, day(on)).into_iter().map(line).collect()
    }

    const ONE: &str = "  - {source: monthly, municipalities: ['0101'], from: 2024-01, due: {days: 20, grace: 5}}\n";

    #[test]
    fn what_is_over_is_due_and_then_late() {
        assert_eq!(stand(ONE, &[], "2024-01-31"), Vec::<String>::new());
        assert_eq!(stand(ONE, &[], "2024-02-01"), ["0101 2024-01 due"]);
        assert_eq!(stand(ONE, &[], "2024-02-25"), ["0101 2024-01 due"]);
        assert_eq!(stand(ONE, &[], "2024-02-26"), ["0101 2024-01 late"]);
        assert_eq!(stand(ONE, &[], "2024-03-01"), ["0101 2024-01 late", "0101 2024-02 due"]);
    }

    #[test]
    fn an_old_period_that_is_delivered_makes_no_new_one_green() {
        let old = |of| came("monthly", "0101", Some(of), 1, None);
        let expected = ["0101 2024-01 done", "0101 2024-02 late", "0101 2024-03 late"];
        assert_eq!(stand(ONE, &[old("2024-01")], "2024-04-26"), expected);
        let expected = ["0101 2024-01 done", "0101 2024-02 done", "0101 2024-03 late"];
        assert_eq!(stand(ONE, &[old("2024-02"), old("2024-01")], "2024-04-26"), expected);
    }

    #[test]
    fn what_came_early_is_shown() {
        let early = came("monthly", "0101", Some("2024-03"), 1, None);
        assert_eq!(stand(ONE, &[early], "2024-02-10"), ["0101 2024-01 due", "0101 2024-03 done"]);
        let refused = came("monthly", "0101", Some("2024-03"), 1, Some(UnitState::Failed));
        assert_eq!(stand(ONE, &[refused], "2024-02-10"), ["0101 2024-01 due", "0101 2024-03 failed"]);
    }

    #[test]
    fn without_a_rule_others_say_what_is_owed() {
        let uses = "  - {source: monthly, municipalities: ['0101', '0751'], from: 2024-01}\n";
        assert_eq!(stand(uses, &[], "2030-01-01"), Vec::<String>::new());
        let of_another = came("monthly", "0751", Some("2024-02"), 1, None);
        let expected = ["0101 2024-01 missing", "0101 2024-02 missing", "0751 2024-01 missing", "0751 2024-02 done"];
        assert_eq!(stand(uses, &[of_another], "2030-01-01"), expected);
        let ended = "  - {source: monthly, municipalities: ['0101'], from: 2024-01, to: 2024-02}\n";
        assert_eq!(stand(ended, &[], "2024-02-29"), ["0101 2024-01 missing"], "February is not over");
        assert_eq!(stand(ended, &[], "2030-01-01"), ["0101 2024-01 missing", "0101 2024-02 missing"]);
    }

    #[test]
    fn the_best_delivery_decides() {
        let of = |version, state| came("monthly", "0101", Some("2024-01"), version, state);
        let on = "2024-02-10";
        let cases: [(&[Came], &str); 4] = [
            (&[of(1, None), of(2, Some(UnitState::Withheld))], "withheld"),
            (&[of(2, None), of(1, Some(UnitState::Failed))], "done"),
            (&[of(1, Some(UnitState::Withheld)), of(2, Some(UnitState::Failed))], "failed"),
            (&[of(3, Some(UnitState::Withheld)), of(2, Some(UnitState::Failed)), of(1, None)], "withheld"),
        ];
        for (came, expected) in cases {
            assert_eq!(stand(ONE, came, on), [format!("0101 2024-01 {expected}")]);
        }
    }

    #[test]
    fn a_file_of_a_quarter_stands_for_its_months() {
        let uses = "  - {source: quarterly, municipalities: ['0101'], from: 2024-02, due: {days: 10}}\n";
        let refused = came("quarterly", "0101", Some("2024-Q1"), 1, Some(UnitState::Failed));
        let expected = ["0101 2024-02 failed", "0101 2024-03 failed", "0101 2024-04 due"];
        assert_eq!(stand(uses, &[refused], "2024-05-01"), expected);
    }

    #[test]
    fn whoever_is_no_municipality_any_more_owes_nothing() {
        let uses = "  - {source: monthly, municipalities: ['0411'], from: 2024-01, due: {days: 0}}\n";
        assert_eq!(stand(uses, &[], "2024-06-01"), ["0411 2024-01 late", "0411 2024-02 late"]);
    }
}
