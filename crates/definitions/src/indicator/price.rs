//! Fixed prices: amounts of a measure in the prices of another period, by an index.

use model::{
    Aggregate, Code, Dataset, FieldType, MomentRule, PeriodKind, Price, PriceBase, Span as Stretch, Unit, Window,
};

use super::measure::{Scope, field_of};
use crate::canonical::Canonical;
use crate::vocabulary;
use crate::yaml::{Cursor, Report, Span, Written};

/// What must be known of a measure before its prices can be judged.
pub(super) struct Amounts<'a> {
    /// Where its value is written.
    pub(super) value: Span,
    /// What is computed.
    pub(super) aggregate: &'a Aggregate,
    /// In which unit.
    pub(super) unit: &'a Unit,
    /// The stretch of time.
    pub(super) window: Window,
}

/// Prices as written; what has a mistake is `None`.
pub(super) struct PriceDoc {
    place: Span,
    index: Option<Written<String>>,
    value: Option<Written<String>>,
    base: Option<Written<PriceBase>>,
}

impl PriceDoc {
    /// Reads `price`.
    pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::PRICE, report)?;
        let doc = Self {
            place: cursor.at,
            index: keys.need("index", report).and_then(|cursor| cursor.text(report)),
            value: keys.need("value", report).and_then(|cursor| cursor.text(report)),
            base: keys.need("base", report).and_then(|cursor| base(cursor, report)),
        };
        keys.finish(report);
        Some(doc)
    }

    /// Resolves the prices of a measure's amounts.
    pub(super) fn resolve(&self, amounts: &Amounts<'_>, scope: &Scope<'_>, report: &mut Report<'_>) -> Option<Price> {
        judge_amounts(self.place, amounts, report)?;
        let index = self.index.as_ref()?;
        let dataset = scope.datasets.find(index, report)?;
        let kind = kind_of(index.span, dataset, report)?;
        let name = self.value.as_ref()?;
        let value = field_of(name, dataset.id.as_str(), &dataset.fields, report)?;
        let ty = &dataset.field(value).ty;
        if !matches!(ty, FieldType::Integer | FieldType::Decimal { .. }) {
            let message = format!("`{}` is a {}, and an index is a number", name.value, ty.word());
            report.error(Code::TYPE_MISMATCH, name.span, message);
            return None;
        }
        judge_window(index.span, kind, amounts.window, scope.period?, report)?;
        let base = self.base.as_ref()?;
        if let PriceBase::Period(period) = base.value {
            if period.kind() != kind {
                let message = format!("`{}` has an index for each {kind}, and `{period}` is none", dataset.id);
                report.error(Code::PERIOD_MISMATCH, base.span, message);
                return None;
            }
        }
        Some(Price { dataset: dataset.id.clone(), value, base: base.value })
    }
}

fn base(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Written<PriceBase>> {
    let word = cursor.word(report)?;
    if word.value == "latest" {
        return Some(Written { value: PriceBase::Latest, span: word.span });
    }
    let period = cursor.period(report)?;
    Some(Written { value: PriceBase::Period(period.value), span: period.span })
}

/// Only amounts of money have prices, and only what is a sum of them can be turned into others as a whole.
fn judge_amounts(place: Span, amounts: &Amounts<'_>, report: &mut Report<'_>) -> Option<()> {
    if !amounts.unit.is_of_money() {
        let message = format!("the measure is in `{}`, which is no money and has no price", amounts.unit);
        report.error(Code::UNIT_MISMATCH, place, message).related(amounts.value, "the measure's value");
        return None;
    }
    if matches!(amounts.aggregate, Aggregate::Min(_) | Aggregate::Max(_)) {
        report
            .error(Code::AGGREGATION_LEVEL, amounts.value, "fixed prices are made of sums and means")
            .help("write sum(...), avg(...) or median(...)");
        return None;
    }
    Some(())
}

/// The kind of the index's periods: it has one row for each, for the whole country.
fn kind_of(span: Span, dataset: &Dataset, report: &mut Report<'_>) -> Option<PeriodKind> {
    let kind = dataset.field(dataset.time).ty.period_kind();
    let keyed = !dataset.key.is_empty()
        && dataset.key.iter().all(|field| *field == dataset.time || *field == dataset.municipality);
    let reason = match kind {
        _ if !dataset.whole_country => "its rows are of municipalities: it has not `whole_country: true`",
        _ if dataset.moment != MomentRule::Event => "its rows are no events",
        None => "its time field is no period",
        _ if !keyed => "its key is not the period alone",
        Some(kind) => return Some(kind),
    };
    let message = format!("`{}` is no index of prices: {reason}", dataset.id);
    report
        .error(Code::MOMENT_MISMATCH, span, message)
        .help("an index has one row for each period, of the whole country");
    None
}

/// All that a measure adds up is of one period of the index.
fn judge_window(
    span: Span,
    kind: PeriodKind,
    window: Window,
    period: PeriodKind,
    report: &mut Report<'_>,
) -> Option<()> {
    let longest = match window.span {
        Stretch::Period => Some(period),
        Stretch::Cumulative(year) => Some(year),
        Stretch::Rolling { .. } => None,
    };
    if longest.is_some_and(|longest| kind.is_made_of(longest)) {
        return Some(());
    }
    let what = longest.map_or("a rolling stretch".to_owned(), |longest| format!("a {longest}"));
    let message = format!("{what} lies in no single {kind} of the index, so that its amounts have several prices");
    report.error(Code::PERIOD_MISMATCH, span, message);
    None
}

/// The canonical form of the prices.
pub(super) fn canonical(price: &Price, index: &Dataset) -> Canonical {
    let base = match price.base {
        PriceBase::Latest => Canonical::word("latest"),
        PriceBase::Period(period) => Canonical::word(period),
    };
    Canonical::map([
        ("index", Some(Canonical::word(&price.dataset))),
        ("value", Some(Canonical::word(&index.field(price.value).name))),
        ("base", Some(base)),
    ])
}
