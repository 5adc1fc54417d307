//! The page of a source.

use model::{
    Budget, ControlField, ControlPlace, ControlRecord, Dataset, FieldMapping, Format, Load, Negative, Origin, Parse,
    Ratio, SkipMatch, Source, format_per_cent,
};

use super::document::{Block, Inline, Page, code, link, text};
use super::words::{Speaker, Tongue};

pub(super) fn page(source: &Source, speaker: Speaker<'_>) -> Page {
    let Speaker { tongue, catalogue } = speaker;
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Foreign(tongue.other().of(&source.title).to_owned())]),
        Block::Paragraph(vec![text(tongue.of(&source.description))]),
        Block::facts(tongue, facts(source, speaker)),
        Block::Heading(2, "Layout".to_owned()),
        Block::facts(tongue, layout(source, tongue)),
    ];
    if let Format::Fixed(fixed) = &source.format {
        let rows = fixed.columns.iter().map(|column| {
            let number = |number: usize| vec![text(number.to_string())];
            vec![vec![code(&*column.name)], number(column.start + 1), number(column.length)]
        });
        let header = [
            tongue.say("Kolonne", "Column"),
            tongue.say("Første position", "First position"),
            tongue.say("Længde", "Length"),
        ];
        blocks.push(Block::table(tongue.say("Kolonnernes pladser", "Places of the columns"), &header, rows.collect()));
    }
    if let Some(dataset) = catalogue.datasets.get(&source.dataset) {
        blocks.push(Block::Heading(2, tongue.say("Felter", "Fields").to_owned()));
        let rows = source.fields.iter().map(|mapping| mapped(mapping, dataset, tongue));
        let header = [
            tongue.say("Felt", "Field"),
            tongue.say("Fra", "From"),
            tongue.say("Behandling", "Treatment"),
            tongue.say("Læst som", "Read as"),
        ];
        let caption = tongue.say("Hvordan felterne dannes", "How the fields are made");
        blocks.push(Block::table(caption, &header, rows.collect()));
        let records = [
            (tongue.say("Første post", "First record"), &source.control.header),
            (tongue.say("Sidste post", "Last record"), &source.control.trailer),
        ];
        let records: Vec<_> = records.into_iter().filter_map(|(name, record)| Some((name, record.as_ref()?))).collect();
        if !records.is_empty() {
            blocks.push(Block::Heading(2, tongue.say("Kontrolposter", "Control records").to_owned()));
            let items = records.into_iter().map(|(name, record)| control(name, record, dataset, tongue));
            blocks.push(Block::List(items.collect()));
        }
    }
    if !source.skip.is_empty() {
        blocks.push(Block::Heading(2, tongue.say("Poster, der springes over", "Records that are skipped").to_owned()));
        let rows = source.skip.iter().map(|rule| vec![vec![code(rule.id.as_str())], skipped(&rule.rule, tongue)]);
        let header = [tongue.say("Regel", "Rule"), tongue.say("Poster", "Records")];
        blocks.push(Block::table(tongue.say("Regler", "Rules"), &header, rows.collect()));
    }
    Page { path: format!("sources/{}", source.id), title: tongue.of(&source.title).to_owned(), blocks }
}

fn facts<'s>(source: &Source, speaker: Speaker<'s>) -> Vec<(&'s str, Vec<Inline>)> {
    let Speaker { tongue, catalogue } = speaker;
    let dataset = catalogue.datasets.get(&source.dataset).map_or("", |dataset| tongue.of(&dataset.title));
    let scope = if source.scope.one_municipality {
        tongue.say("én kommune i hver fil", "one municipality in each file")
    } else {
        tongue.say("hver række nævner sin kommune", "every row names its municipality")
    };
    let load = match source.load {
        Load::Period => tongue.say("erstatter den periode, den dækker", "replaces the period that it covers"),
        Load::Full => tongue.say("erstatter alt, hvad kilden har leveret", "replaces all that the source delivered"),
    };
    let period =
        source.scope.period.map_or(tongue.say("ingen i navnet", "none in the name"), |kind| tongue.period(kind));
    let mut facts = vec![
        (tongue.say("Navn", "Name"), vec![code(source.id.as_str())]),
        (tongue.say("Leverandør", "Vendor"), vec![text(&*source.vendor)]),
        (tongue.say("System", "System"), vec![text(&*source.system)]),
        (tongue.say("Datasæt", "Dataset"), vec![link(format!("datasets/{}", source.dataset), dataset)]),
        (tongue.say("Gælder", "Valid"), vec![text(tongue.span(source.valid_from, source.valid_to))]),
        (tongue.say("Fil", "File"), vec![code(&*source.file.pattern)]),
        (tongue.say("Kommune", "Municipality"), vec![text(scope)]),
        (tongue.say("Periode", "Period"), vec![text(period)]),
        (tongue.say("En ny leverance", "A new delivery"), vec![text(load)]),
    ];
    if let Some(interface) = &source.interface {
        facts.push((tongue.say("Snitflade", "Interface"), vec![text(&**interface)]));
    }
    if let Some(days) = source.due_days {
        facts.push((
            tongue.say("Frist", "Due"),
            vec![text(format!("{days} {}", tongue.say("dage efter perioden", "days after the period")))],
        ));
    }
    if let Some(rows) = source.min_rows {
        facts.push((tongue.say("Mindst antal rækker", "Fewest rows"), vec![text(rows.to_string())]));
    }
    let limits = budget(&source.budget, tongue);
    if !limits.is_empty() {
        facts.push((tongue.say("Tilbageholdes", "Withheld"), vec![text(limits.join(tongue.say(" eller ", " or ")))]));
    }
    facts.push((tongue.say("Fingeraftryk", "Fingerprint"), vec![code(source.fingerprint.to_string())]));
    facts
}

/// Beyond what a delivery is withheld.
fn budget(budget: &Budget, tongue: Tongue) -> Vec<String> {
    let rejects = budget.max_rejects.map(|most| match tongue {
        Tongue::Danish => format!("mere end {most} afviste rækker"),
        Tongue::English => format!("more than {most} rejected rows"),
    });
    let share = |share: Option<Ratio>, da: &str, en: &str| {
        let number = format_per_cent(share?).ok()?;
        Some(match tongue {
            Tongue::Danish => format!("mere end {} % {da}", number.replace('.', ",")),
            Tongue::English => format!("more than {number}% {en}"),
        })
    };
    let limits = [
        rejects,
        share(budget.max_reject_share, "afviste", "rejected"),
        share(budget.max_drop, "færre rækker end før", "fewer rows than before"),
        share(budget.max_growth, "flere rækker end før", "more rows than before"),
    ];
    limits.into_iter().flatten().collect()
}

fn layout(source: &Source, tongue: Tongue) -> Vec<(&'static str, Vec<Inline>)> {
    let named = |da: &'static str, en: &'static str| if tongue == Tongue::Danish { da } else { en };
    let mut facts = vec![
        (named("Tegnsæt", "Encoding"), vec![code(source.input.encoding.label())]),
        (named("Komprimering", "Compression"), vec![code(source.input.compression.label())]),
    ];
    match &source.format {
        Format::Delimited(format) => {
            let none = named("intet", "none").to_owned();
            let mark = |byte: u8| if byte == b'\t' { "tab".to_owned() } else { char::from(byte).to_string() };
            facts.push((named("Skilletegn", "Separator"), vec![code(mark(format.delimiter))]));
            facts.push((named("Anførselstegn", "Quotation mark"), vec![code(format.quote.map_or(none, mark))]));
            facts.push((
                named("Linjer før overskriften", "Lines before the header"),
                vec![text(format.preamble_lines.to_string())],
            ));
            facts.push((named("Overskriftsrækker", "Header rows"), vec![text(format.header_rows.to_string())]));
        }
        Format::Fixed(format) => {
            facts.push((named("Postens længde", "Length of a record"), vec![text(format.record_length.to_string())]));
        }
    }
    facts
}

fn mapped(mapping: &FieldMapping, dataset: &Dataset, tongue: Tongue) -> Vec<Vec<Inline>> {
    let from = match &mapping.origin {
        Origin::Column { names } => listed(names, tongue),
        Origin::Constant(word) => vec![text(tongue.say("altid ", "always ")), code(&**word)],
        Origin::DeliveryMunicipality => vec![text(tongue.say("filens kommune", "the file's municipality"))],
        Origin::DeliveryPeriod => vec![text(tongue.say("filens periode", "the file's period"))],
    };
    let mut steps = Vec::new();
    if let Some((start, length)) = mapping.slice {
        let (da, en) = (
            format!("tegn {} til {}", start + 1, start + length),
            format!("characters {} to {}", start + 1, start + length),
        );
        steps.push(tongue.say(&da, &en).to_owned());
    }
    if mapping.null != [String::new()] {
        let words: Vec<String> = mapping.null.iter().map(|word| format!("“{word}”")).collect();
        steps.push(format!("{} {}", tongue.say("ingen værdi:", "no value:"), words.join(", ")));
    }
    if !mapping.map.is_empty() {
        let words: Vec<String> = mapping.map.iter().map(|(word, to)| format!("“{word}” → “{to}”")).collect();
        steps.push(words.join(", "));
    }
    if let Some(width) = mapping.width {
        steps.push(format!("{} {width}", tongue.say("nuller foran til bredden", "zeros in front up to the width")));
    }
    vec![
        vec![code(dataset.field(mapping.field).name.as_str())],
        from,
        vec![text(steps.join("; "))],
        vec![text(read_as(&mapping.parse, tongue))],
    ]
}

fn read_as(parse: &Parse, tongue: Tongue) -> String {
    match parse {
        Parse::Text => tongue.say("tekst", "text").to_owned(),
        Parse::Code(list) => format!("{} {list}", tongue.say("kode i", "code of")),
        Parse::Person => {
            tongue.say("personnummer, gjort til pseudonym", "personal number, made a pseudonym").to_owned()
        }
        Parse::Boolean { yes, no } => {
            let (da, en) = (
                format!("sand: {}; falsk: {}", yes.join(", "), no.join(", ")),
                format!("true: {}; false: {}", yes.join(", "), no.join(", ")),
            );
            tongue.say(&da, &en).to_owned()
        }
        Parse::Date(format) => format!("{} {}", tongue.say("dato eller periode", "date or period"), format.pattern),
        Parse::Number(format) => {
            let mut parts = vec![tongue.say("tal", "number").to_owned()];
            if let Some(mark) = format.decimal {
                parts.push(format!("{} “{}”", tongue.say("decimaltegn", "decimal mark"), char::from(mark)));
            }
            if let Some(mark) = format.group {
                parts.push(format!("{} “{}”", tongue.say("tusindtegn", "grouping mark"), char::from(mark)));
            }
            if format.implied_decimals > 0 {
                parts.push(format!(
                    "{} {}",
                    format.implied_decimals,
                    tongue.say("underforståede decimaler", "implied decimals")
                ));
            }
            let places = format.negative.iter().map(|place| match place {
                Negative::Leading => tongue.say("minus foran", "minus in front"),
                Negative::Trailing => tongue.say("minus bagved", "minus behind"),
                Negative::Parentheses => tongue.say("minus som parentes", "minus as parentheses"),
            });
            parts.extend(places.map(str::to_owned));
            if let Some(sign) = &format.sign {
                parts.push(format!("{} {}", tongue.say("fortegn i kolonnen", "sign in the column"), sign.column));
            }
            parts.join(", ")
        }
    }
}

fn listed(words: &[String], tongue: Tongue) -> Vec<Inline> {
    let mut out = Vec::new();
    for word in words {
        if !out.is_empty() {
            out.push(text(tongue.say(" eller ", " or ")));
        }
        out.push(code(&**word));
    }
    out
}

fn skipped(rule: &SkipMatch, tongue: Tongue) -> Vec<Inline> {
    let (mut out, texts) = match rule {
        SkipMatch::CellIs { column, texts } => {
            (vec![code(&**column), text(tongue.say(" er ", " is "))], texts.as_slice())
        }
        SkipMatch::CellStartsWith { column, texts } => {
            (vec![code(&**column), text(tongue.say(" begynder med ", " begins with "))], texts.as_slice())
        }
        SkipMatch::LineStartsWith(texts) => {
            (vec![text(tongue.say("linjen begynder med ", "the line begins with "))], texts.as_slice())
        }
        SkipMatch::LineMatches(pattern) => {
            (vec![text(tongue.say("linjen passer til ", "the line fits "))], std::slice::from_ref(pattern))
        }
    };
    out.extend(listed(texts, tongue));
    out
}

fn control(name: &str, record: &ControlRecord, dataset: &Dataset, tongue: Tongue) -> Vec<Inline> {
    let mut out =
        vec![text(format!("{name}: {} ", tongue.say("begynder med", "begins with"))), code(&*record.starts_with)];
    for (field, place, _) in &record.states {
        let what = match field {
            ControlField::Municipality => tongue.say("kommunen", "the municipality").to_owned(),
            ControlField::Period => tongue.say("perioden", "the period").to_owned(),
            ControlField::Rows => tongue.say("antallet af rækker", "the number of rows").to_owned(),
            ControlField::Sum(index) => {
                format!("{} {}", tongue.say("summen af", "the sum of"), dataset.field(*index).name)
            }
        };
        let place = match place {
            ControlPlace::Cell(cell) => format!("{} {}", tongue.say("celle", "cell"), cell + 1),
            ControlPlace::Characters { start, length } => {
                let (word, to) = (tongue.say("tegn", "characters"), tongue.say("til", "to"));
                format!("{word} {} {to} {}", start + 1, start + length)
            }
        };
        out.push(text(format!("; {what}: {place}")));
    }
    out
}
