//! Comparison groups: whom a municipality is compared with.

mod nearest;

use std::collections::BTreeSet;

use model::{
    Code, CodeList, ComparisonGroup, ComparisonGroupId, FieldName, Fingerprint, Indicator, IndicatorId, MUNICIPALITY,
    MembershipRule, MunicipalityCode, REGION, Validity,
};

use self::nearest::NearestDoc;
use crate::canonical::Canonical;
use crate::codelist::not_listed;
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{SpanDoc, every};
use crate::yaml::{Cursor, Maybe, Report, Span, Written};

struct ComparisonGroupDoc {
    head: Head,
    at: Span,
    concerned: Maybe<ConcernedDoc>,
    rules: Vec<Option<RuleDoc>>,
}

#[derive(Default)]
struct ConcernedDoc {
    areas: Vec<Written<String>>,
    indicators: Vec<Written<String>>,
}

enum RuleDoc {
    Members(Vec<MembersDoc>),
    Attribute(Written<FieldName>),
    Nearest(NearestDoc),
}

struct MembersDoc {
    municipalities: Vec<Written<String>>,
    span: SpanDoc,
}

/// What a comparison group refers to.
pub(crate) struct Shelves<'a> {
    /// The code lists.
    pub(crate) lists: &'a Shelf<CodeList>,
    /// The indicators.
    pub(crate) indicators: &'a Shelf<Indicator>,
    /// The areas that indicators stand in, sound or broken.
    pub(crate) areas: &'a BTreeSet<String>,
    /// The codes of all municipalities, sorted.
    pub(crate) municipalities: &'a [MunicipalityCode],
}

/// Reads and resolves a comparison group.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    shelves: &Shelves<'_>,
    report: &mut Report<'_>,
) -> Option<ComparisonGroup> {
    let mut doc = read(root, identity, report)?;
    // The code of an area tells its level nowhere but in the table of areas, where it must be the only one.
    if shelves.lists.get(REGION).is_some_and(|list| list.index_of(identity.id).is_some()) {
        let message = format!("`{}` is the code of a region, so that both would have the same figures", identity.id);
        report.error(Code::INVALID_VALUE, doc.at, message).help("choose another id");
    }
    let concerned = doc.concerned.ok().and_then(|doc| doc.unwrap_or_default().resolve(shelves, report));
    let rule = if doc.rules.len() == 1 {
        doc.rules.pop().flatten().and_then(|rule| rule.resolve(shelves, report))
    } else {
        report
            .error(Code::INVALID_VALUE, doc.at, "who belongs to the group is said in one way, and in one alone")
            .help("write `members`, `attribute` or `nearest`");
        None
    };
    let (areas, indicators) = concerned?;
    let mut group = ComparisonGroup {
        id: ComparisonGroupId::new(identity.id).ok()?,
        title: doc.head.title?,
        description: doc.head.description?,
        areas,
        indicators,
        rule: rule?,
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    group.canonical = canonical(&group).render();
    group.fingerprint = Fingerprint::of(group.canonical.as_bytes());
    Some(group)
}

fn read(root: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<ComparisonGroupDoc> {
    let mut keys = root.keys(&vocabulary::COMPARISON_GROUP, report)?;
    let head = head(&mut keys, identity, report);
    let concerned = keys.maybe("for", |cursor| ConcernedDoc::read(cursor, report));
    let members = keys.take("members").map(|cursor| members(cursor, report).map(RuleDoc::Members));
    let attribute = keys.take("attribute").map(|cursor| cursor.id(report, FieldName::new).map(RuleDoc::Attribute));
    let nearest = keys.take("nearest").map(|cursor| NearestDoc::read(cursor, report).map(RuleDoc::Nearest));
    let at = keys.at();
    keys.finish(report);
    let rules = [members, attribute, nearest].into_iter().flatten().collect();
    Some(ComparisonGroupDoc { head, at, concerned, rules })
}

impl ConcernedDoc {
    fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::CONCERNED, report)?;
        let areas = keys.maybe("areas", |cursor| cursor.texts(report));
        let indicators = keys.maybe("indicators", |cursor| cursor.texts(report));
        keys.finish(report);
        let doc = Self { areas: areas.ok()?.unwrap_or_default(), indicators: indicators.ok()?.unwrap_or_default() };
        if doc.areas.is_empty() && doc.indicators.is_empty() {
            report
                .error(Code::INVALID_VALUE, cursor.at, "no indicator would have figures of the group")
                .help("write {areas: [school]}, {indicators: [...]} or both, or remove the key for all indicators");
            return None;
        }
        Some(doc)
    }

    fn resolve(
        self,
        shelves: &Shelves<'_>,
        report: &mut Report<'_>,
    ) -> Option<(BTreeSet<FieldName>, BTreeSet<IndicatorId>)> {
        let areas = self.areas.iter().map(|written| {
            if !shelves.areas.contains(&written.value) {
                let message = format!("there is no indicator of the area `{}`", written.value);
                report
                    .error(Code::UNKNOWN_REFERENCE, written.span, message)
                    .did_you_mean_one_of(&written.value, shelves.areas.iter().map(String::as_str));
                return None;
            }
            FieldName::new(&written.value).ok()
        });
        let areas = every(areas);
        let found = |written| shelves.indicators.find(written, report).map(|found| found.id.clone());
        let indicators = every(self.indicators.iter().map(found));
        Some((areas?.into_iter().collect(), indicators?.into_iter().collect()))
    }
}

fn members(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<MembersDoc>> {
    let items = cursor.items(report)?;
    if items.is_empty() {
        report.error(Code::INVALID_VALUE, cursor.span(), "nobody belongs to the group");
        return None;
    }
    let mut read = |item: Cursor<'_>| {
        if !item.is_mapping() {
            return Some(MembersDoc { municipalities: vec![item.text(report)?], span: SpanDoc::default() });
        }
        let mut keys = item.keys(&vocabulary::DATED_MEMBERS, report)?;
        let municipalities = keys.need("municipalities", report).and_then(|cursor| cursor.texts(report));
        let span = SpanDoc::of(keys.take("from"), keys.take("to"), report);
        keys.finish(report);
        Some(MembersDoc { municipalities: municipalities?, span })
    };
    // The others are looked at all the same: the report knows that one is broken.
    Some(items.into_iter().filter_map(&mut read).collect())
}

impl RuleDoc {
    fn resolve(self, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<MembershipRule> {
        match self {
            Self::Members(docs) => fixed(&docs, shelves, report).map(MembershipRule::Fixed),
            Self::Attribute(name) => attribute(name, shelves, report).map(MembershipRule::Attribute),
            Self::Nearest(doc) => doc.resolve(shelves, report).map(MembershipRule::Nearest),
        }
    }
}

fn fixed(
    docs: &[MembersDoc],
    shelves: &Shelves<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<(MunicipalityCode, Validity)>> {
    let list = shelves.lists.get(MUNICIPALITY)?;
    let mut placed: Vec<(MunicipalityCode, Validity, Span)> = Vec::new();
    let mut sound = true;
    for doc in docs {
        let validity = doc.span.days(report);
        for written in &doc.municipalities {
            let known = MunicipalityCode::new(&written.value);
            let Some(code) = known.filter(|code| shelves.municipalities.binary_search(code).is_ok()) else {
                if list.index_of(&written.value).is_some() {
                    let message =
                        format!("`{}` is no municipality, though the list `{MUNICIPALITY}` has it", written.value);
                    report.error(Code::CODE_NOT_LISTED, written.span, message);
                } else {
                    not_listed(list, &written.value, written.span, report);
                }
                sound = false;
                continue;
            };
            let first = placed.iter().find(|(known, other, _)| *known == code && other.overlaps(&validity));
            if let Some((_, _, first)) = first.copied() {
                let message = format!("`{code}` belongs to the group twice at the same time");
                report.error(Code::INVALID_VALUE, written.span, message).related(first, "first written here");
                sound = false;
            }
            placed.push((code, validity, written.span));
        }
    }
    let mut members: Vec<_> = placed.into_iter().map(|(code, validity, _)| (code, validity)).collect();
    members.sort();
    (sound && !report.is_broken()).then_some(members)
}

fn attribute(name: Written<FieldName>, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<FieldName> {
    let list = shelves.lists.get(MUNICIPALITY)?;
    let known = list.attributes();
    if !known.contains(name.value.as_str()) {
        let message = format!("the code list `{MUNICIPALITY}` has no attribute `{}`", name.value);
        report
            .error(Code::UNKNOWN_REFERENCE, name.span, message)
            .did_you_mean_one_of(name.value.as_str(), known.iter().copied());
        return None;
    }
    // Where a list has the attribute's name, it gives the groups their titles.
    if let Some(titles) = shelves.lists.get(name.value.as_str()) {
        let indices = shelves.municipalities.iter().filter_map(|code| list.index_of(&code.to_string()));
        let values = indices.flat_map(|index| list.attribute_history(index, name.value.as_str()));
        let unknown: BTreeSet<&str> =
            values.map(|(_, value)| value).filter(|value| titles.index_of(value).is_none()).collect();
        if let Some(first) = unknown.first() {
            let message = format!("the code list `{}` has no code `{first}`, which municipalities have", titles.id);
            report.error(Code::CODE_NOT_LISTED, name.span, message);
            return None;
        }
    }
    Some(name.value)
}

fn canonical(group: &ComparisonGroup) -> Canonical {
    let (members, attribute, nearest) = match &group.rule {
        MembershipRule::Fixed(members) => (Some(members), None, None),
        MembershipRule::Attribute(name) => (None, Some(name), None),
        MembershipRule::Nearest(nearest) => (None, None, Some(nearest)),
    };
    let member = |(code, validity): &(MunicipalityCode, Validity)| {
        Canonical::map([
            ("municipality", Some(Canonical::text(code))),
            ("from", validity.from.map(Canonical::word)),
            ("to", validity.to.map(Canonical::word)),
        ])
    };
    let words = |some: bool, words: Vec<Canonical>| some.then(|| Canonical::list(words));
    let (areas, indicators) = (&group.areas, &group.indicators);
    Canonical::map([
        ("kind", Some(Canonical::word("comparison_group"))),
        ("id", Some(Canonical::word(&group.id))),
        ("areas", words(!areas.is_empty(), areas.iter().map(Canonical::word).collect())),
        ("indicators", words(!indicators.is_empty(), indicators.iter().map(Canonical::word).collect())),
        ("members", members.map(|members| Canonical::list(members.iter().map(member)))),
        ("attribute", attribute.map(Canonical::word)),
        ("nearest", nearest.map(nearest::canonical)),
    ])
}
