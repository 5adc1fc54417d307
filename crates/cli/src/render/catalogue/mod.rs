//! All definitions as pages for people, in HTML and Markdown, made of the definitions alone.
//!
//! Pages are put together as a few kinds of blocks (`document`), and both forms are written from these, so that neither
//! can say more than the other. A template engine was rejected: every text goes through one of two functions that
//! escape it. Nothing depends on the day or the machine, so a site can be kept in version control.

mod document;
mod indicator;
mod material;
mod source;
mod versions;
mod words;

use model::Catalogue;

pub(crate) use self::document::Page;
pub(crate) use self::words::Tongue;

use self::document::{Block, Inline, code, link, text};
use self::words::Speaker;

/// The pages: an index, and one for every indicator, dataset, source and code list.
pub(crate) fn pages(catalogue: &Catalogue, tongue: Tongue) -> Vec<Page> {
    let speaker = Speaker { tongue, catalogue };
    let mut pages = vec![index(speaker)];
    pages.extend(catalogue.indicators.values().map(|found| indicator::page(found, speaker)));
    pages.extend(catalogue.datasets.values().map(|found| material::dataset(found, speaker)));
    pages.extend(catalogue.sources.values().map(|found| source::page(found, speaker)));
    pages.extend(catalogue.codelists.values().map(|found| material::codelist(found, speaker)));
    pages
}

fn index(speaker: Speaker<'_>) -> Page {
    let Speaker { tongue, catalogue } = speaker;
    let mut blocks = vec![Block::Paragraph(vec![text(tongue.say(
        "Alle nøgletal med deres definitioner, og de tabeller, kilder og kodelister, som de bygger på.",
        "All key figures with their definitions, and the tables, sources and code lists that they are built on.",
    ))])];
    blocks.push(Block::Heading(2, tongue.say("Nøgletal efter område", "Key figures by area").to_owned()));
    let mut areas: Vec<&str> = catalogue.indicators.values().map(|found| found.area.as_str()).collect();
    areas.sort_unstable();
    areas.dedup();
    for area in areas {
        blocks.push(Block::Heading(3, area.to_owned()));
        let within = catalogue.indicators.values().filter(|found| found.area.as_str() == area);
        let rows = within.map(|found| {
            let id = found.id.as_str();
            vec![
                vec![link(format!("indicators/{id}"), tongue.of(&found.title))],
                vec![text(tongue.period(found.period))],
                vec![code(found.unit.to_string())],
            ]
        });
        let header =
            [tongue.say("Nøgletal", "Key figure"), tongue.say("Periode", "Period"), tongue.say("Enhed", "Unit")];
        blocks.push(Block::table(
            &format!("{} {area}", tongue.say("Nøgletal på området", "Key figures of")),
            &header,
            rows.collect(),
        ));
    }
    let (datasets, sources, lists) = (&catalogue.datasets, &catalogue.sources, &catalogue.codelists);
    let item = |folder: &str, id: &str, title: &model::Text| -> Vec<Inline> {
        vec![link(format!("{folder}/{id}"), tongue.of(title)), text(" "), code(id)]
    };
    blocks.push(Block::Heading(2, tongue.say("Datasæt", "Datasets").to_owned()));
    blocks
        .push(Block::List(datasets.values().map(|found| item("datasets", found.id.as_str(), &found.title)).collect()));
    blocks.push(Block::Heading(2, tongue.say("Kilder", "Sources").to_owned()));
    blocks.push(Block::List(sources.values().map(|found| item("sources", found.id.as_str(), &found.title)).collect()));
    blocks.push(Block::Heading(2, tongue.say("Kodelister", "Code lists").to_owned()));
    blocks.push(Block::List(lists.values().map(|found| item("codelists", found.id.as_str(), &found.title)).collect()));
    Page { path: "index".to_owned(), title: tongue.say("Definitioner", "Definitions").to_owned(), blocks }
}
