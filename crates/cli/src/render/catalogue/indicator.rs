//! The page of an indicator.

use std::collections::BTreeSet;

use model::{
    Category, Dataset, Dimension, FieldIndex, Indicator, Join, JoinMoment, Measure, PeriodKind, Price, PriceBase,
};

use super::document::{Block, Inline, Page, code, link, text};
use super::words::Speaker;

pub(super) fn page(indicator: &Indicator, speaker: Speaker<'_>) -> Page {
    let tongue = speaker.tongue;
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Foreign(tongue.other().of(&indicator.title).to_owned())]),
        Block::Paragraph(vec![text(tongue.of(&indicator.description))]),
        Block::facts(
            tongue,
            vec![
                (tongue.say("Navn", "Name"), vec![code(indicator.id.as_str())]),
                (tongue.say("Version", "Version"), vec![text(indicator.version.to_string())]),
                (tongue.say("Område", "Area"), vec![code(indicator.area.as_str())]),
                (tongue.say("Periode", "Period"), vec![text(tongue.period(indicator.period))]),
                (tongue.say("Gælder", "Valid"), vec![text(tongue.span(indicator.valid_from, indicator.valid_to))]),
                (tongue.say("Enhed", "Unit"), vec![code(indicator.unit.to_string())]),
                (
                    tongue.say("Decimaler", "Decimals"),
                    vec![text(format!("{}, {}", indicator.decimals, tongue.rounding(indicator.rounding)))],
                ),
                (tongue.say("Retning", "Direction"), vec![text(tongue.direction(indicator.direction))]),
                (tongue.say("Manglende data", "Missing data"), vec![text(tongue.missing(indicator.missing))]),
                (tongue.say("Fingeraftryk", "Fingerprint"), vec![code(indicator.fingerprint.to_string())]),
            ],
        ),
        Block::Heading(2, tongue.say("Formel", "Formula").to_owned()),
    ];
    blocks.extend(formula(indicator, speaker));
    blocks.push(Block::Heading(2, tongue.say("Mål", "Measures").to_owned()));
    for measure in &indicator.measures {
        blocks.push(Block::Heading(3, measure.name.to_string()));
        let mut known = facts(measure, indicator.period.step(), speaker);
        known.extend(same(indicator, measure, speaker));
        blocks.push(Block::facts(tongue, known));
    }
    blocks.extend(breakdowns(indicator, speaker));
    blocks.push(Block::Heading(2, tongue.say("Kilder", "Sources").to_owned()));
    blocks.push(sources(indicator, speaker));
    if !indicator.reservations.is_empty() {
        blocks.push(Block::Heading(2, tongue.say("Forbehold", "Reservations").to_owned()));
        let reservations = indicator.reservations.iter().map(|found| vec![text(tongue.of(found))]);
        blocks.push(Block::List(reservations.collect()));
    }
    blocks.push(Block::Heading(2, tongue.say("Versioner", "Versions").to_owned()));
    blocks.extend(super::versions::history(indicator, speaker));
    let title = tongue.of(&indicator.title).to_owned();
    Page { path: format!("indicators/{}", indicator.id), title, blocks }
}

/// The formula in words, and as it is written.
pub(super) fn formula(indicator: &Indicator, speaker: Speaker<'_>) -> [Block; 2] {
    let written = speaker.tongue.say("Som skrevet: ", "As written: ");
    [
        Block::Paragraph(vec![text(speaker.formula(&indicator.formula, indicator))]),
        Block::Paragraph(vec![text(written), code(&*indicator.formula_text)]),
    ]
}

/// A measure in words.
pub(super) fn facts<'s>(measure: &Measure, step: PeriodKind, speaker: Speaker<'s>) -> Vec<(&'s str, Vec<Inline>)> {
    let Speaker { tongue, catalogue } = speaker;
    let Some(own) = catalogue.datasets.get(&measure.dataset) else { return Vec::new() };
    // What is looked up stands beside the rows like fields of their own.
    let dataset = &Dataset { fields: measure.fields(own).to_vec(), ..Dataset::clone(own) };
    let rows = measure
        .filter
        .as_ref()
        .map_or_else(|| tongue.say("alle rækker", "all rows").to_owned(), |filter| speaker.condition(filter, dataset));
    // Behind a grouping, the groups are what is aggregated.
    let groups = measure.per.as_ref().map(|per| Dataset { fields: per.fields.clone(), ..Dataset::clone(dataset) });
    let aggregated = groups.as_ref().unwrap_or(dataset);
    let mut facts = vec![
        (tongue.say("Datasæt", "Dataset"), vec![link(format!("datasets/{}", dataset.id), tongue.of(&dataset.title))]),
        (tongue.say("Værdi", "Value"), vec![text(speaker.aggregate(&measure.aggregate, aggregated))]),
        (tongue.say("Værdi som skrevet", "Value as written"), vec![code(&*measure.value_text)]),
        (tongue.say("Hvilke rækker", "Which rows"), vec![text(rows)]),
    ];
    if let Some(written) = &measure.filter_text {
        facts.push((tongue.say("Betingelse som skrevet", "Condition as written"), vec![code(&**written)]));
    }
    facts.push((tongue.say("Hvornår", "When"), vec![text(speaker.time(measure.time))]));
    facts.extend(
        speaker
            .window(measure.window, step)
            .map(|window| (tongue.say("Tidsrum", "Stretch of time"), vec![text(window)])),
    );
    for join in measure.joins() {
        facts.push((tongue.say("Slået op", "Looked up"), looked_up(join, own, speaker)));
    }
    if let Some(role) = measure.role {
        facts.push((tongue.say("Kommune", "Municipality"), vec![code(dataset.field(role).name.as_str())]));
    }
    let names = |fields: &[FieldIndex]| {
        let names: Vec<&str> = fields.iter().map(|field| dataset.field(*field).name.as_str()).collect();
        vec![code(names.join(", "))]
    };
    if let Some(per) = &measure.per {
        facts.push((tongue.say("Grupperet efter", "Grouped by"), names(&per.by)));
        for (name, aggregate) in &per.lets {
            let meaning = text(format!(": {}", speaker.aggregate(aggregate, dataset)));
            facts.push((tongue.say("For hver gruppe", "Of each group"), vec![code(name.as_str()), meaning]));
        }
        if let Some(having) = &per.having {
            let which = vec![text(speaker.condition(having, aggregated))];
            facts.push((tongue.say("Hvilke grupper", "Which groups"), which));
        }
    }
    if let Some(absent) = &measure.absent {
        let mut what = names(&absent.on);
        what.push(text(format!(" ({})", speaker.later(absent.shift, step))));
        facts.push((tongue.say("Uden rækker med samme", "Without rows of the same"), what));
    }
    facts.push((tongue.say("Enhed", "Unit"), vec![code(measure.unit.to_string())]));
    if let Some(price) = &measure.price {
        facts.push((tongue.say("Priser", "Prices"), prices(price, speaker)));
    }
    facts
}

/// The dimensions for every category of which a measure is the same.
fn same<'s>(indicator: &Indicator, measure: &Measure, speaker: Speaker<'s>) -> Option<(&'s str, Vec<Inline>)> {
    let tongue = speaker.tongue;
    let slicings = indicator.breakdowns.iter().zip(&measure.slicings);
    let pairs = slicings.flat_map(|(breakdown, slicing)| breakdown.dimensions.iter().zip(&slicing.fields));
    let at: BTreeSet<usize> = pairs.filter(|(_, field)| field.is_none()).map(|(at, _)| *at).collect();
    let titles: Vec<&str> = at.into_iter().map(|at| tongue.of(&indicator.dimensions[at].title)).collect();
    let what = tongue.say("Ens for alle kategorier af", "The same for all categories of");
    (!titles.is_empty()).then(|| (what, vec![text(titles.join("; "))]))
}

/// How many categories are named one by one.
const MOST_CATEGORIES: usize = 20;

/// What the figures are broken down by, and whether the parts add up.
fn breakdowns(indicator: &Indicator, speaker: Speaker<'_>) -> Vec<Block> {
    let tongue = speaker.tongue;
    if indicator.breakdowns.is_empty() {
        return Vec::new();
    }
    let titled = |dimension: &Dimension| tongue.of(&dimension.title).to_owned();
    let parts = indicator.breakdowns.iter().map(|breakdown| {
        let names: Vec<String> = breakdown.dimensions.iter().map(|at| titled(&indicator.dimensions[*at])).collect();
        let adds_up = if breakdown.additive {
            tongue.say("delene giver det samlede tal", "the parts add up to the total")
        } else {
            tongue.say("delene må ikke lægges sammen", "the parts must not be added up")
        };
        vec![text(names.join(tongue.say(" og ", " and "))), text(": "), text(adds_up)]
    });
    let categories = indicator.dimensions.iter().map(|dimension| {
        let title = |category: &Category| tongue.of(&category.title).to_owned();
        let some: Vec<String> = dimension.categories.iter().take(MOST_CATEGORIES).map(title).collect();
        let rest = dimension.categories.len().saturating_sub(MOST_CATEGORIES);
        let rest = if rest > 0 { format!("; {rest} {}", tongue.say("andre", "others")) } else { String::new() };
        vec![vec![code(dimension.name.as_str())], vec![text(titled(dimension))], vec![text(some.join("; ") + &rest)]]
    });
    let header =
        [tongue.say("Navn", "Name"), tongue.say("Dimension", "Dimension"), tongue.say("Kategorier", "Categories")];
    let caption = tongue.say("Dimensioner og deres kategorier", "Dimensions and their categories");
    vec![
        Block::Heading(2, tongue.say("Opdelinger", "Breakdowns").to_owned()),
        Block::List(parts.collect()),
        Block::table(caption, &header, categories.collect()),
    ]
}

/// The row that is looked up: its name, where, and by what.
fn looked_up(join: &Join, own: &Dataset, speaker: Speaker<'_>) -> Vec<Inline> {
    let Speaker { tongue, catalogue } = speaker;
    let Some(dataset) = catalogue.datasets.get(&join.dataset) else { return Vec::new() };
    let same = |(one, other): &(FieldIndex, FieldIndex)| {
        format!("{} = {}.{}", own.field(*one).name, join.name, dataset.field(*other).name)
    };
    let same: Vec<String> = join.on.iter().map(same).collect();
    let when = match join.moment {
        JoinMoment::Row => tongue.say("til rækkens egen tid", "of the row's own time").to_owned(),
        JoinMoment::Day(selection) => speaker.time(selection),
    };
    vec![
        code(join.name.as_str()),
        text(tongue.say(" i ", " in ")),
        link(format!("datasets/{}", dataset.id), tongue.of(&dataset.title)),
        text(tongue.say(", hvor ", ", where ")),
        code(same.join(", ")),
        text(format!(", {when}")),
    ]
}

/// In whose prices amounts are.
fn prices(price: &Price, speaker: Speaker<'_>) -> Vec<Inline> {
    let Speaker { tongue, catalogue } = speaker;
    let Some(index) = catalogue.datasets.get(&price.dataset) else { return Vec::new() };
    let whose = match price.base {
        PriceBase::Latest => tongue
            .say(
                "den seneste periode, som indekset findes for, efter ",
                "the latest period of which the index is there, by ",
            )
            .to_owned(),
        PriceBase::Period(period) => format!("{period}{}", tongue.say(", efter ", ", by ")),
    };
    vec![
        text(whose),
        link(format!("datasets/{}", index.id), tongue.of(&index.title)),
        text(" "),
        code(index.field(price.value).name.as_str()),
    ]
}

/// The sources of the datasets that the measures read.
fn sources(indicator: &Indicator, speaker: Speaker<'_>) -> Block {
    let Speaker { tongue, catalogue } = speaker;
    let read = indicator.datasets();
    let feeding = catalogue.sources.values().filter(|source| read.contains(&source.dataset));
    let rows = feeding.map(|source| {
        vec![
            vec![link(format!("sources/{}", source.id), tongue.of(&source.title))],
            vec![text(format!("{}, {}", source.vendor, source.system))],
            vec![link(format!("datasets/{}", source.dataset), source.dataset.as_str())],
        ]
    });
    let header = [tongue.say("Kilde", "Source"), tongue.say("System", "System"), tongue.say("Datasæt", "Dataset")];
    let caption = tongue.say("Kilder til datasættene", "Sources of the datasets");
    Block::table(caption, &header, rows.collect())
}
