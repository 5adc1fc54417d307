//! The pages of comparison groups.

use model::{CodeList, ComparisonGroup, Indicator, MembershipRule, Nearest, Scale};

use super::document::{Block, Inline, Page, code, link, text};
use super::words::{Speaker, day_within};

pub(super) fn page(group: &ComparisonGroup, speaker: Speaker<'_>) -> Page {
    let Speaker { tongue, catalogue } = speaker;
    let who = match &group.rule {
        MembershipRule::Fixed(_) => vec![text(tongue.say("bestemte kommuner", "certain municipalities"))],
        MembershipRule::Attribute(name) => vec![
            text(tongue.say("de kommuner, der har samme ", "those municipalities that have the same ")),
            code(name.as_str()),
            text(tongue.say(" på periodens første dag", " on the first day of the period")),
        ],
        MembershipRule::Nearest(nearest) => vec![text(match tongue.say("da", "en") {
            "da" => format!("for hver kommune de {} andre, der ligner den mest", nearest.most),
            _ => format!("for each municipality the {} others that are most like it", nearest.most),
        })],
    };
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Foreign(tongue.other().of(&group.title).to_owned())]),
        Block::Paragraph(vec![text(tongue.of(&group.description))]),
        Block::facts(
            tongue,
            vec![
                (tongue.say("Navn", "Name"), vec![code(group.id.as_str())]),
                (tongue.say("Medlemmer", "Members"), who),
                (tongue.say("Fingeraftryk", "Fingerprint"), vec![code(group.fingerprint.to_string())]),
            ],
        ),
    ];
    match (&group.rule, catalogue.municipalities()) {
        (MembershipRule::Nearest(nearest), _) => blocks.extend(compared(nearest, speaker)),
        (_, Some(list)) => {
            blocks.push(Block::Heading(2, tongue.say("Medlemmer", "Members").to_owned()));
            blocks.push(members(group, list, speaker));
        }
        (_, None) => {}
    }
    blocks.push(Block::Heading(2, tongue.say("Nøgletal", "Key figures").to_owned()));
    let concerned = catalogue.indicators.values().filter(|indicator| group.concerns(indicator));
    let concerned = concerned.map(|found| vec![link(format!("indicators/{}", found.id), tongue.of(&found.title))]);
    blocks.push(Block::List(concerned.collect()));
    Page { path: format!("comparison_groups/{}", group.id), title: tongue.of(&group.title).to_owned(), blocks }
}

/// The comparison groups that an indicator has figures of.
pub(super) fn of_indicator(indicator: &Indicator, speaker: Speaker<'_>) -> Vec<Block> {
    let Speaker { tongue, catalogue } = speaker;
    let groups = catalogue.comparison_groups.values().filter(|group| group.concerns(indicator));
    let groups = groups.map(|group| vec![link(format!("comparison_groups/{}", group.id), tongue.of(&group.title))]);
    let groups: Vec<_> = groups.collect();
    if groups.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading(2, tongue.say("Sammenligningsgrupper", "Comparison groups").to_owned()), Block::List(groups)]
}

fn members(group: &ComparisonGroup, list: &CodeList, speaker: Speaker<'_>) -> Block {
    let Speaker { tongue, catalogue } = speaker;
    let values = group.titles(catalogue);
    let members = group.dated_members(list, &catalogue.municipality_codes());
    let rows = members.into_iter().map(|one| {
        let (municipality, day) = (one.municipality.to_string(), day_within(one.validity));
        let title = |list: &CodeList, code: &str| {
            let title =
                list.index_of(code).zip(day).map(|(index, day)| tongue.of(list.title_of(index, day)).to_owned());
            text(title.unwrap_or_default())
        };
        let part = one.area.part.as_deref().zip(values).map(|(part, values)| title(values, part));
        let bound = |day: Option<model::Date>| vec![text(day.map(|day| day.to_string()).unwrap_or_default())];
        vec![
            vec![code(one.area.to_string())],
            part.into_iter().collect(),
            vec![code(&*municipality)],
            vec![title(list, &municipality)],
            bound(one.validity.from),
            bound(one.validity.to),
        ]
    });
    let header = [
        tongue.say("Gruppe", "Group"),
        tongue.say("Gruppens titel", "Title of the group"),
        tongue.say("Kommune", "Municipality"),
        tongue.say("Titel", "Title"),
        tongue.say("Første dag", "First day"),
        tongue.say("Første dag efter", "First day after"),
    ];
    Block::table(tongue.say("Hvem der hører til hvornår", "Who belongs to it when"), &header, rows.collect())
}

fn compared(nearest: &Nearest, speaker: Speaker<'_>) -> Vec<Block> {
    let Speaker { tongue, catalogue } = speaker;
    let scale = match nearest.scale {
        Scale::Rank => tongue.say(
            "Tallene sammenlignes ved deres rang: afstanden mellem to kommuner er antallet af pladser imellem dem.",
            "The figures are compared by their ranks: the distance of two municipalities is how many places lie between them.",
        ),
        Scale::Range => tongue.say(
            "Tallene sammenlignes i forhold til spændet mellem det mindste og det største, som har længden 1.",
            "The figures are compared in proportion to the range from the smallest to the largest, which has the length 1.",
        ),
    };
    let year = match nearest.years_before {
        0 => tongue.say(
            "Tallene er fra det kalenderår, som perioden begynder i.",
            "The figures are those of the calendar year in which the period begins.",
        ),
        _ => tongue.say(
            "Tallene er fra kalenderåret før det, som perioden begynder i.",
            "The figures are those of the calendar year before the one in which the period begins.",
        ),
    };
    let sum = tongue.say(
        "Afstandene ganges med deres vægt og lægges sammen; de mindste summer er de nærmeste. En kommune, der mangler et \
         af tallene, er ingens nabo.",
        "The distances are multiplied by their weights and added up; the smallest sums are the nearest. A municipality \
         that lacks one of the figures is nobody's neighbour.",
    );
    let rows = nearest.on.iter().map(|(id, weight)| {
        let title =
            catalogue.indicators.get(id).map_or_else(|| id.to_string(), |found| tongue.of(&found.title).to_owned());
        vec![vec![link(format!("indicators/{id}"), title)], vec![text(weight.to_string())]]
    });
    let header = [tongue.say("Nøgletal", "Key figure"), tongue.say("Vægt", "Weight")];
    vec![
        Block::Heading(2, tongue.say("Hvad der sammenlignes", "What is compared").to_owned()),
        Block::table(tongue.say("Nøgletal og vægte", "Key figures and weights"), &header, rows.collect()),
        Block::Paragraph(vec![text(scale)]),
        Block::Paragraph(vec![text(year)]),
        Block::Paragraph(vec![text(sum)]),
    ]
}
