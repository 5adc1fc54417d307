//! The history of an indicator: its versions, the periods that each makes, and what is another in each.

use model::Indicator;

use super::document::{Block, Inline, code, text};
use super::indicator::{facts, formula};
use super::words::Speaker;

/// The table of versions, and behind it what the older ones say.
pub(super) fn history(indicator: &Indicator, speaker: Speaker<'_>) -> Vec<Block> {
    let Speaker { tongue, catalogue } = speaker;
    let all: Vec<&Indicator> = catalogue.versions(indicator.id.as_str()).map(AsRef::as_ref).collect();
    let rows = all.iter().enumerate().rev().map(|(at, found)| {
        let nothing = || tongue.say("ingen perioder", "no periods").to_owned();
        let before = at.checked_sub(1).map(|before| all[before]);
        vec![
            vec![text(found.version.to_string())],
            vec![text(found.defined_in_all().map_or_else(nothing, |(from, to)| tongue.span(from, to)))],
            vec![code(&*found.formula_text)],
            vec![text(before.map_or_else(String::new, |before| changes(before, found, speaker)))],
            vec![code(found.fingerprint.to_string())],
        ]
    });
    let header = [
        tongue.say("Version", "Version"),
        tongue.say("Gælder", "Valid"),
        tongue.say("Formel", "Formula"),
        tongue.say("Ændret i forhold til versionen før", "Changed since the version before"),
        tongue.say("Fingeraftryk", "Fingerprint"),
    ];
    let caption = tongue.say("Versioner, den nyeste først", "Versions, the newest first");
    let mut blocks = vec![Block::table(caption, &header, rows.collect())];
    for older in all.iter().rev().filter(|found| found.version != indicator.version) {
        blocks.push(Block::Heading(3, format!("{} {}", tongue.say("Version", "Version"), older.version)));
        blocks.push(Block::Paragraph(vec![text(tongue.of(&older.description))]));
        blocks.extend(formula(older, speaker));
        for measure in &older.measures {
            blocks.push(Block::Paragraph(vec![text(tongue.say("Mål: ", "Measure: ")), code(measure.name.as_str())]));
            blocks.push(Block::facts(tongue, facts(measure, older.period.step(), speaker)));
        }
    }
    blocks
}

/// What is another in a version than in the one before, by the names that the page has for it.
fn changes(before: &Indicator, after: &Indicator, speaker: Speaker<'_>) -> String {
    let (before, after) = (said(before, speaker), said(after, speaker));
    let is_new = |one: &&(String, Vec<Inline>)| before.iter().all(|other| other != *one);
    let mut names: Vec<&str> = after.iter().filter(is_new).map(|(name, _)| name.as_str()).collect();
    let gone = before.iter().filter(|(name, _)| after.iter().all(|(other, _)| other != name));
    names.extend(gone.map(|(name, _)| name.as_str()));
    names.join("; ")
}

/// All that decides the figures of a version, in words, by name.
fn said(indicator: &Indicator, speaker: Speaker<'_>) -> Vec<(String, Vec<Inline>)> {
    let tongue = speaker.tongue;
    let one = |name: &str, value: String| (name.to_owned(), vec![text(value)]);
    let mut said = vec![
        one(tongue.say("formel", "formula"), speaker.formula(&indicator.formula, indicator)),
        one(tongue.say("periode", "period"), tongue.period(indicator.period).to_owned()),
        one(tongue.say("enhed", "unit"), indicator.unit.to_string()),
        one(
            tongue.say("decimaler", "decimals"),
            format!("{} {}", indicator.decimals, tongue.rounding(indicator.rounding)),
        ),
        one(tongue.say("manglende data", "missing data"), tongue.missing(indicator.missing).to_owned()),
        one(tongue.say("grupper", "groups"), indicator.groups.as_str().to_owned()),
        one(tongue.say("sandsynlige tal", "plausible figures"), format!("{:?}", indicator.plausible)),
        one(tongue.say("indgår i andre kommuner", "included in others"), format!("{:?}", indicator.included_in)),
    ];
    for measure in &indicator.measures {
        // What is written is said in words as well.
        let written = |label: &str| label.ends_with(tongue.say("som skrevet", "as written"));
        let facts = facts(measure, indicator.period.step(), speaker).into_iter().filter(|(label, _)| !written(label));
        said.extend(facts.map(|(label, value)| (format!("{}: {}", measure.name, label.to_lowercase()), value)));
    }
    said
}
