//! Pipelines: who uses which source from when to when.

mod calendar;
mod http;
mod names;
mod overlap;

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{
    ApprovalRule, AsDefined, Code, CodeList, ComparisonGroup, ComparisonGroupId, Dataset, DueRule, Fetch, Fingerprint,
    Indicator, IndicatorId, MUNICIPALITY, MunicipalityCode, Period, Pipeline, PipelineId, Source, Usage,
};

use self::calendar::ApprovalDoc;
use self::overlap::Placed;
use crate::canonical::Canonical;
use crate::codelist::not_listed;
use crate::file::{Head, Identity, head};
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::{check_order, every, path_below};
use crate::yaml::{Cursor, Maybe, Report, Span, Written};

struct PipelineDoc {
    head: Head,
    drop: Option<Written<String>>,
    uses: Vec<UseDoc>,
    indicators: Option<Choice>,
    comparison_groups: Maybe<Choice>,
    as_defined: Option<Vec<AsDefined>>,
    approvals: Maybe<Vec<ApprovalDoc>>,
}

struct UseDoc {
    at: Span,
    source: Option<Written<String>>,
    municipalities: Option<Choice>,
    from: Option<Written<Period>>,
    to: Option<Written<Period>>,
    due: Maybe<DueRule>,
    fetch: Option<Fetch>,
}

/// `all`, or a list.
enum Choice {
    All(Span),
    These(Vec<Written<String>>),
}

/// The shelves that a pipeline takes from.
pub(crate) struct Shelves<'a> {
    /// The code lists.
    pub(crate) lists: &'a Shelf<CodeList>,
    /// The datasets.
    pub(crate) datasets: &'a Shelf<Dataset>,
    /// The sources.
    pub(crate) sources: &'a Shelf<Source>,
    /// The indicators.
    pub(crate) indicators: &'a Shelf<Indicator>,
    /// The areas that indicators stand in, sound or broken.
    pub(crate) areas: &'a BTreeSet<String>,
    /// The comparison groups.
    pub(crate) groups: &'a Shelf<ComparisonGroup>,
    /// The codes of all municipalities, sorted.
    pub(crate) municipalities: &'a [MunicipalityCode],
}

/// Reads and resolves a pipeline.
pub(crate) fn resolve(
    root: Cursor<'_>,
    identity: Identity<'_>,
    shelves: &Shelves<'_>,
    report: &mut Report<'_>,
) -> Option<Pipeline> {
    let doc = read(root, identity, report)?;
    let placed: Vec<Option<Placed>> = doc.uses.iter().map(|usage| resolve_use(usage, shelves, report)).collect();
    let sound: Vec<&Placed> = placed.iter().flatten().collect();
    overlap::check(&sound, report);
    names::check(&sound, shelves.sources, report);
    let indicators = doc.indicators.as_ref().and_then(|choice| indicators(choice, shelves, report));
    let groups = match doc.comparison_groups {
        Ok(None) => Some(Vec::new()),
        Ok(Some(choice)) => comparison_groups(&choice, shelves, indicators.as_deref(), report),
        Err(_) => None,
    };
    let approvals = doc.approvals.ok().map(Option::unwrap_or_default);
    let approvals = approvals.and_then(|docs| calendar::resolve(&docs, shelves, indicators.as_deref(), report));
    let mut pipeline = Pipeline {
        id: PipelineId::new(identity.id).ok()?,
        title: doc.head.title?,
        drop: doc.drop?.value,
        uses: every(placed)?.into_iter().map(|placed| placed.usage).collect(),
        indicators: indicators?,
        comparison_groups: groups?,
        as_defined: doc.as_defined?,
        approvals: approvals?,
        fingerprint: Fingerprint::of(&[]),
        canonical: String::new(),
    };
    pipeline.canonical = canonical(&pipeline).render();
    pipeline.fingerprint = Fingerprint::of(pipeline.canonical.as_bytes());
    Some(pipeline)
}

fn read(root: Cursor<'_>, identity: Identity<'_>, report: &mut Report<'_>) -> Option<PipelineDoc> {
    let mut keys = root.keys(&vocabulary::PIPELINE, report)?;
    let head = head(&mut keys, identity, report);
    let drop = keys.need("drop", report).and_then(|cursor| path_below(cursor, report));
    let uses = keys.need("uses", report).and_then(|cursor| {
        let items = cursor.items(report)?;
        Some(items.into_iter().filter_map(|item| read_use(item, report)).collect())
    });
    let indicators = keys.need("indicators", report).and_then(|cursor| choice(cursor, report));
    let comparison_groups = keys.maybe("comparison_groups", |cursor| choice(cursor, report));
    let as_defined = keys.take("definitions").map(|cursor| {
        let words = [("then", &[AsDefined::Then][..]), ("now", &[AsDefined::Now]), ("both", &AsDefined::ALL)];
        cursor.choice(report, &words).map(<[AsDefined]>::to_vec)
    });
    let approvals = keys.maybe("approvals", |cursor| calendar::approvals(cursor, report));
    keys.finish(report);
    let as_defined = as_defined.unwrap_or_else(|| Some(vec![AsDefined::default()]));
    let uses = uses.unwrap_or_default();
    Some(PipelineDoc { head, drop, uses, indicators, comparison_groups, as_defined, approvals })
}

fn read_use(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<UseDoc> {
    let mut keys = cursor.keys(&vocabulary::USE, report)?;
    let source = keys.need("source", report);
    let http = keys.take("http");
    let doc = UseDoc {
        at: source.map_or(cursor.at, Cursor::span),
        source: source.and_then(|cursor| cursor.text(report)),
        municipalities: keys.need("municipalities", report).and_then(|cursor| choice(cursor, report)),
        from: keys.need("from", report).and_then(|cursor| cursor.period(report)),
        to: keys.take("to").and_then(|cursor| cursor.period(report)),
        due: keys.maybe("due", |cursor| calendar::due(cursor, report)),
        fetch: http.map_or(Some(Fetch::Drop), |cursor| http::read(cursor, report).map(Fetch::Http)),
    };
    keys.finish(report);
    Some(doc)
}

fn choice(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Choice> {
    if cursor.is_list() {
        let chosen = cursor.texts(report)?;
        // A pipeline without indicators still keeps canonical tables; a use of nobody is a mistake.
        if cursor.name == "municipalities" && cursor.items(report)?.is_empty() {
            let message = "`municipalities` is an empty list, so that no delivery would be used";
            report.error(Code::INVALID_VALUE, cursor.span(), message).help("write `all`, or remove this use");
            return None;
        }
        return Some(Choice::These(chosen));
    }
    let word = cursor.text(report)?;
    if word.value == "all" {
        return Some(Choice::All(word.span));
    }
    report
        .error(Code::WRONG_TYPE, word.span, format!("`{}` takes `all` or a list, not `{}`", cursor.name, word.value))
        .help(format!("write ['{}']", word.value));
    None
}

fn resolve_use(doc: &UseDoc, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<Placed> {
    let mut municipalities = doc.municipalities.as_ref().and_then(|choice| municipalities(choice, shelves, report));
    let source = doc.source.as_ref().and_then(|name| shelves.sources.find(name, report))?;
    if matches!(doc.fetch, Some(Fetch::Http(_))) && source.scope.one_municipality {
        let message = format!("`{}` takes the municipality from a file's name, which a web API has not", source.id);
        report.error(Code::INVALID_VALUE, doc.at, message).help("use a source with `municipality: rows`");
    }
    let dataset = shelves.datasets.get(source.dataset.as_str())?;
    if dataset.whole_country {
        if let Some(Choice::These(written)) = &doc.municipalities {
            let message = format!("`{}` is of the whole country, not of single municipalities", dataset.id);
            let place = written.first().map_or(doc.at, |first| first.span);
            report.error(Code::INVALID_VALUE, place, message).help("write `municipalities: all`");
        }
        municipalities = municipalities.map(|_| vec![MunicipalityCode::COUNTRY]);
    }
    let mut bound = |written: &Option<Written<Period>>| {
        let written = written.as_ref()?;
        if written.value.kind() == dataset.partition {
            return Some(written.value);
        }
        let message = format!("`{}` is kept by the {}, and `{}` is none", dataset.id, dataset.partition, written.value);
        report.error(Code::PERIOD_MISMATCH, written.span, message);
        None
    };
    let (from, to) = (bound(&doc.from), bound(&doc.to));
    if let (Some(from), Some(to), Some(written)) = (from, to, &doc.to) {
        check_order(from, to, written.span, report);
    }
    let before = |one: Option<Period>, other: Option<Period>| one.zip(other).filter(|(one, other)| one < other);
    if let Some((from, first)) = before(from, source.valid_from) {
        let message = format!("data is owed from {from} on, but files of `{}` count from {first} on", source.id);
        report.error(Code::VALIDITY_ORDER, doc.at, message).help("begin the use later, or mend `valid` of the source");
    } else if let Some((last, owed)) = before(source.valid_to, to).or_else(|| before(source.valid_to, from)) {
        let message = format!("data is owed in {owed}, but files of `{}` count up to {last}", source.id);
        report.error(Code::VALIDITY_ORDER, doc.at, message).help("end the use earlier, or mend `valid` of the source");
    }
    if doc.to.is_some() {
        to?;
    }
    let usage = Usage {
        source: source.id.clone(),
        municipalities: municipalities?,
        from: from?,
        to,
        due: doc.due.ok()?,
        fetch: doc.fetch.clone()?,
    };
    Some(Placed { usage, dataset: dataset.id.clone(), at: doc.at })
}

fn municipalities(choice: &Choice, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<Vec<MunicipalityCode>> {
    let Choice::These(written) = choice else { return Some(shelves.municipalities.to_vec()) };
    let list = shelves.lists.get(MUNICIPALITY)?;
    let mut codes = Vec::new();
    let mut sound = true;
    for (at, text) in written.iter().enumerate() {
        let known = list.index_of(&text.value).and_then(|_| MunicipalityCode::new(&text.value));
        match known {
            None => {
                not_listed(list, &text.value, text.span, report);
                sound = false;
            }
            Some(code) if codes.contains(&code) => {
                let first = written[..at].iter().find(|first| first.value == text.value);
                let finding = report.error(Code::INVALID_VALUE, text.span, format!("`{code}` stands twice"));
                if let Some(first) = first {
                    finding.related(first.span, "first written here");
                }
            }
            Some(code) => codes.push(code),
        }
    }
    codes.sort_unstable();
    sound.then_some(codes)
}

fn indicators(choice: &Choice, shelves: &Shelves<'_>, report: &mut Report<'_>) -> Option<Vec<IndicatorId>> {
    let mut ids = match choice {
        Choice::All(_) => shelves.indicators.sound().map(|indicator| indicator.id.clone()).collect(),
        Choice::These(written) => {
            for (at, name) in written.iter().enumerate() {
                if let Some(first) = written[..at].iter().find(|first| first.value == name.value) {
                    let finding =
                        report.error(Code::INVALID_VALUE, name.span, format!("`{}` stands twice", name.value));
                    finding.related(first.span, "first written here");
                }
            }
            every(written.iter().map(|name| shelves.indicators.find(name, report).map(|found| found.id.clone())))?
        }
    };
    ids.sort();
    ids.dedup();
    Some(ids)
}

/// The groups that are chosen, each of which the pipeline has all figures for that it is decided by.
fn comparison_groups(
    choice: &Choice,
    shelves: &Shelves<'_>,
    indicators: Option<&[IndicatorId]>,
    report: &mut Report<'_>,
) -> Option<Vec<ComparisonGroupId>> {
    let (groups, places): (Vec<&Arc<ComparisonGroup>>, Vec<Span>) = match choice {
        Choice::All(at) => shelves.groups.sound().map(|group| (group, *at)).unzip(),
        Choice::These(written) => {
            let found = written.iter().map(|name| Some((shelves.groups.find(name, report)?, name.span)));
            every(found)?.into_iter().unzip()
        }
    };
    let mut sound = true;
    for (group, at) in groups.iter().zip(places) {
        let on = group.nearest().map_or(&[][..], |nearest| &nearest.on);
        for (indicator, _) in on.iter().filter(|(id, _)| indicators.is_some_and(|known| !known.contains(id))) {
            let message = format!("`{}` compares by `{indicator}`, which this pipeline does not compute", group.id);
            report
                .error(Code::INVALID_VALUE, at, message)
                .help(format!("add `{indicator}` to `indicators`, or name the groups without `{}`", group.id));
            sound = false;
        }
    }
    let mut ids: Vec<ComparisonGroupId> = groups.into_iter().map(|group| group.id.clone()).collect();
    ids.sort();
    ids.dedup();
    sound.then_some(ids)
}

fn due(rule: DueRule) -> Canonical {
    Canonical::map([("days", Some(Canonical::word(rule.days))), ("grace", Some(Canonical::word(rule.grace)))])
}

fn canonical(pipeline: &Pipeline) -> Canonical {
    let usage = |usage: &Usage| {
        let fetch = match &usage.fetch {
            Fetch::Drop => Canonical::word("drop"),
            Fetch::Http(fetch) => http::canonical(fetch),
        };
        Canonical::map([
            ("source", Some(Canonical::word(&usage.source))),
            ("municipalities", Some(Canonical::texts(&usage.municipalities))),
            ("from", Some(Canonical::word(usage.from))),
            ("to", usage.to.map(Canonical::word)),
            ("due", usage.due.map(due)),
            ("fetch", Some(fetch)),
        ])
    };
    let approval = |rule: &ApprovalRule| {
        let parts = [("area", Some(Canonical::word(&rule.area))), ("from", Some(Canonical::word(rule.from)))];
        Canonical::map(parts)
    };
    let (groups, approvals) = (&pipeline.comparison_groups, &pipeline.approvals);
    Canonical::map([
        ("kind", Some(Canonical::word("pipeline"))),
        ("id", Some(Canonical::word(&pipeline.id))),
        ("drop", Some(Canonical::text(&pipeline.drop))),
        ("uses", Some(Canonical::list(pipeline.uses.iter().map(usage)))),
        ("indicators", Some(Canonical::list(pipeline.indicators.iter().map(Canonical::word)))),
        ("comparison_groups", (!groups.is_empty()).then(|| Canonical::list(groups.iter().map(Canonical::word)))),
        (
            "definitions",
            (pipeline.as_defined != [AsDefined::default()])
                .then(|| Canonical::list(pipeline.as_defined.iter().map(Canonical::word))),
        ),
        ("approvals", (!approvals.is_empty()).then(|| Canonical::list(approvals.iter().map(approval)))),
    ])
}
