//! What is said of an indicator's figures besides the formula: `plausible`, `included_in`, `reservations`.

use model::{Code, CodeList, Inclusion, MUNICIPALITY, MunicipalityCode, Period, PeriodKind, Plausible, Ratio, Text};

use crate::canonical::{self, Canonical};
use crate::codelist::not_listed;
use crate::decimal::{self, Decimal};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{Span as Validity, SpanDoc, per_cent};
use crate::yaml::{Cursor, Report, Span};

/// Reads `plausible`.
pub(super) fn plausible(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Plausible> {
    let mut keys = cursor.keys(&vocabulary::PLAUSIBLE, report)?;
    let range = keys.maybe("range", |cursor| range(cursor, report));
    let change = keys.maybe("change", |cursor| share(cursor, report));
    let then = keys.maybe("then", |cursor| cursor.choice(report, &[("flag", false), ("missing", true)]));
    let of = keys.maybe("of", |cursor| cursor.choice(report, &[("all", true), ("total", false)]));
    keys.finish(report);
    let (range, change) = (range.ok()?, change.ok()?);
    if range.is_none() && change.is_none() {
        report
            .error(Code::INVALID_VALUE, cursor.at, "`plausible` says nothing")
            .help("write {range: ['0', '100']}, {change: 25%}, or both");
        return None;
    }
    let (least, greatest) = range.unwrap_or_default();
    Some(Plausible { least, greatest, change, remove: then.ok()?.unwrap_or(false), of_parts: of.ok()?.unwrap_or(true) })
}

fn range(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<(Option<Ratio>, Option<Ratio>)> {
    let bounds = cursor.items(report)?;
    let [least, greatest] = bounds.as_slice() else {
        report
            .error(Code::INVALID_VALUE, cursor.at, "a range has two bounds")
            .help("write ['0', '100'], with null for an open one");
        return None;
    };
    let mut bound = |cursor: Cursor<'_>| if cursor.is_null() { Some(None) } else { number(cursor, report).map(Some) };
    let (least, greatest) = (bound(*least), bound(*greatest));
    let (least, greatest) = (least?, greatest?);
    if least.is_none() && greatest.is_none() {
        report.error(Code::INVALID_VALUE, cursor.at, "both bounds are open, so everything lies within");
        return None;
    }
    let turned = least.zip(greatest).and_then(|(least, greatest)| greatest.minus(least).ok());
    if turned.is_some_and(|width| width.numerator() < 0) {
        report.error(Code::INVALID_VALUE, cursor.at, "the first bound is greater than the second");
        return None;
    }
    Some((least, greatest))
}

fn number(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Ratio> {
    let word = cursor.text(report)?;
    if decimal::is_ambiguous(&word.value, word.span, report) {
        return None;
    }
    let ratio = Decimal::parse(&word.value).and_then(|decimal| Ratio::decimal(decimal.minor, decimal.scale).ok());
    if ratio.is_none() {
        report.error(Code::INVALID_VALUE, word.span, format!("`{}` is no number", word.value));
    }
    ratio
}

/// `25%`.
fn share(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Ratio> {
    let word = cursor.word(report)?;
    let ratio = per_cent(word.value).filter(|ratio| !ratio.is_zero());
    if ratio.is_none() {
        report
            .error(Code::INVALID_VALUE, word.span, format!("`{}` is no share", word.value))
            .help("write the per cent of the value before: 25%");
    }
    ratio
}

/// Reads `included_in`.
pub(super) fn included_in(
    cursor: Cursor<'_>,
    lists: &Shelf<CodeList>,
    report: &mut Report<'_>,
) -> Option<Vec<InclusionDoc>> {
    let items = cursor.items(report)?;
    Some(items.into_iter().filter_map(|item| InclusionDoc::read(item, lists, report)).collect())
}

/// An inclusion before the kind of the periods is known.
pub(super) struct InclusionDoc {
    at: Span,
    municipality: MunicipalityCode,
    within: MunicipalityCode,
    span: SpanDoc,
}

impl InclusionDoc {
    fn read(cursor: Cursor<'_>, lists: &Shelf<CodeList>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::INCLUSION, report)?;
        let municipality = keys.need("municipality", report).and_then(|cursor| code(cursor, lists, report));
        let within = keys.need("in", report).and_then(|cursor| code(cursor, lists, report));
        let span = SpanDoc::of(keys.take("from"), keys.take("to"), report);
        keys.finish(report);
        let (municipality, within) = (municipality?, within?);
        if municipality == within {
            report.error(Code::INVALID_VALUE, cursor.at, format!("`{municipality}` is included in itself"));
            return None;
        }
        Some(Self { at: cursor.at, municipality, within, span })
    }

    fn resolve(&self, kind: PeriodKind, report: &mut Report<'_>) -> Inclusion {
        let span = self.span.resolve(kind, report);
        Inclusion { municipality: self.municipality, within: self.within, from: span.from, to: span.to }
    }
}

/// The inclusions, which must not contradict each other: at one time a municipality is included in one other, and that one
/// delivers itself.
pub(super) fn inclusions(
    docs: &[InclusionDoc],
    kind: PeriodKind,
    valid: Validity,
    report: &mut Report<'_>,
) -> Vec<Inclusion> {
    let resolved: Vec<Inclusion> = docs.iter().map(|doc| doc.resolve(kind, report)).collect();
    let meet = |one: (Option<Period>, Option<Period>), other: (Option<Period>, Option<Period>)| {
        let ends_before = |to: Option<Period>, from: Option<Period>| to.zip(from).is_some_and(|(to, from)| to < from);
        !ends_before(one.1, other.0) && !ends_before(other.1, one.0)
    };
    for (at, (one, doc)) in resolved.iter().zip(docs).enumerate() {
        if !meet((one.from, one.to), (valid.from, valid.to)) {
            report.error(Code::VALIDITY_ORDER, doc.at, "the indicator is not valid in any of these periods");
        }
        for (other, earlier) in
            resolved.iter().zip(docs).take(at).filter(|(other, _)| meet((one.from, one.to), (other.from, other.to)))
        {
            let message = if one.municipality == other.municipality {
                format!("`{}` is included twice at the same time", one.municipality)
            } else if one.within == other.municipality {
                format!("`{}` is itself included in `{}` at that time", one.within, other.within)
            } else if other.within == one.municipality {
                format!("`{}` is included in `{}`, and takes another one in at that time", one.municipality, one.within)
            } else {
                continue;
            };
            report.error(Code::INVALID_VALUE, doc.at, message).related(earlier.at, "the other inclusion");
        }
    }
    resolved
}

fn code(cursor: Cursor<'_>, lists: &Shelf<CodeList>, report: &mut Report<'_>) -> Option<MunicipalityCode> {
    let word = cursor.text(report)?;
    let code = MunicipalityCode::new(&word.value);
    if let Some(list) = lists.get(MUNICIPALITY).filter(|list| list.index_of(&word.value).is_none()) {
        not_listed(list, &word.value, word.span, report);
        return None;
    }
    let is_other = |list: &std::sync::Arc<CodeList>| {
        code.is_some() && list.index_of(&word.value).is_some_and(|index| !list.ever_has(index, "kind", "municipality"))
    };
    if lists.get(MUNICIPALITY).is_some_and(is_other) {
        let message = format!("`{}` is no municipality, so it has no figure", word.value);
        report.error(Code::INVALID_VALUE, word.span, message);
        return None;
    }
    code
}

/// A reservation, and the period with which a break begins.
pub(super) struct ReservationDoc {
    pub(super) text: Text,
    breaks: Option<(SpanDoc, Span)>,
}

/// Reads `reservations`.
pub(super) fn reservations(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<ReservationDoc>> {
    let items = cursor.items(report)?;
    Some(items.into_iter().filter_map(|item| ReservationDoc::read(item, report)).collect())
}

impl ReservationDoc {
    fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::RESERVATION, report)?;
        let da = keys.need("da", report).and_then(|cursor| cursor.some_text(report));
        let en = keys.need("en", report).and_then(|cursor| cursor.some_text(report));
        let kind = keys.maybe("kind", |cursor| cursor.choice(report, &[("note", false), ("break", true)]));
        let from = keys.take("from");
        keys.finish(report);
        let is_break = kind.ok()?.unwrap_or(false);
        if is_break != from.is_some() {
            report
                .error(
                    Code::INVALID_VALUE,
                    cursor.at,
                    "a break has the period with which it begins, and nothing else has",
                )
                .help("write {da: ..., en: ..., kind: break, from: 2018}");
            return None;
        }
        let breaks = from.map(|from| (SpanDoc::of(Some(from), None, report), from.span()));
        Some(Self { text: Text { da: da?.value, en: en?.value }, breaks })
    }

    /// The period with which the break begins; it is one that the indicator has.
    pub(super) fn begins(&self, kind: PeriodKind, valid: Validity, report: &mut Report<'_>) -> Option<Period> {
        let (doc, span) = self.breaks.as_ref()?;
        let begins = doc.resolve(kind, report).from?;
        if valid.from.is_some_and(|from| begins < from) || valid.to.is_some_and(|to| to < begins) {
            let message = format!("the break of {begins} lies outside of what is valid, so nothing would show it");
            report.error(Code::VALIDITY_ORDER, *span, message);
        }
        Some(begins)
    }
}

/// The canonical form of `plausible`.
pub(super) fn plausible_form(plausible: Plausible) -> Canonical {
    let number = |ratio: Option<Ratio>| ratio.map(|ratio| Canonical::word(canonical::ratio(ratio)));
    Canonical::map([
        ("least", number(plausible.least)),
        ("greatest", number(plausible.greatest)),
        ("change", number(plausible.change)),
        ("of", (!plausible.of_parts).then(|| Canonical::word("total"))),
        ("then", Some(Canonical::word(if plausible.remove { "missing" } else { "flag" }))),
    ])
}

/// The canonical form of `included_in`.
pub(super) fn included_form(inclusions: &[Inclusion]) -> Canonical {
    let form = |inclusion: &Inclusion| {
        Canonical::map([
            ("municipality", Some(Canonical::text(inclusion.municipality))),
            ("in", Some(Canonical::text(inclusion.within))),
            ("from", inclusion.from.map(Canonical::word)),
            ("to", inclusion.to.map(Canonical::word)),
        ])
    };
    Canonical::list(inclusions.iter().map(form))
}
