//! The pages of datasets and code lists.

use model::{
    ChangeKind, CodeIndex, CodeList, Dataset, Date, Field, FieldType, MomentRule, RangeRule, Severity, format_decimal,
};

use super::document::{Block, Inline, Page, code, link, text};
use super::words::{Speaker, Tongue, day_within};

pub(super) fn dataset(dataset: &Dataset, speaker: Speaker<'_>) -> Page {
    let Speaker { tongue, catalogue } = speaker;
    let name = |index: model::FieldIndex| code(dataset.field(index).name.as_str());
    let moment = match dataset.moment {
        MomentRule::Event => tongue.say("hændelser", "events"),
        MomentRule::Snapshot => tongue.say("øjebliksbilleder", "snapshots"),
        MomentRule::Interval => tongue.say("forløb", "intervals"),
    };
    let mut key: Vec<Inline> = Vec::new();
    for index in &dataset.key {
        if !key.is_empty() {
            key.push(text(", "));
        }
        key.push(name(*index));
    }
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Foreign(tongue.other().of(&dataset.title).to_owned())]),
        Block::Paragraph(vec![text(tongue.of(&dataset.description))]),
        Block::facts(
            tongue,
            vec![
                (tongue.say("Navn", "Name"), vec![code(dataset.id.as_str())]),
                (tongue.say("En række er", "A row is"), vec![text(tongue.of(&dataset.grain))]),
                (tongue.say("Rækkernes enhed", "Unit of the rows"), vec![code(dataset.row_unit.to_string())]),
                (tongue.say("Opdelt efter", "Kept by"), vec![text(tongue.period(dataset.partition))]),
                (tongue.say("Kommune", "Municipality"), vec![name(dataset.municipality)]),
                (tongue.say("Tid", "Time"), vec![name(dataset.time), text(format!(" ({moment})"))]),
                (tongue.say("Nøgle", "Key"), key),
                (tongue.say("Fingeraftryk", "Fingerprint"), vec![code(dataset.fingerprint.to_string())]),
            ],
        ),
        Block::Heading(2, tongue.say("Felter", "Fields").to_owned()),
        fields(dataset, speaker),
    ];
    if !dataset.checks.is_empty() {
        blocks.push(Block::Heading(2, tongue.say("Kontroller", "Checks").to_owned()));
        let rows = dataset.checks.iter().map(|check| {
            let severity = match check.severity {
                Severity::Fatal => tongue.say("afviser leverancen", "refuses the delivery"),
                Severity::Error => tongue.say("afviser rækken", "rejects the row"),
                Severity::Warning => tongue.say("advarer", "warns"),
                Severity::Info => tongue.say("oplyser", "informs"),
            };
            vec![
                vec![code(check.id.as_str())],
                vec![text(tongue.of(&check.title))],
                vec![text(speaker.condition(&check.condition, dataset))],
                vec![text(severity)],
            ]
        });
        let header = [
            tongue.say("Kontrol", "Check"),
            tongue.say("Titel", "Title"),
            tongue.say("Krav", "Demand"),
            tongue.say("Ved brud", "If broken"),
        ];
        blocks.push(Block::table(tongue.say("Kontroller af rækker", "Checks of rows"), &header, rows.collect()));
    }
    blocks.push(Block::Heading(2, tongue.say("Kilder", "Sources").to_owned()));
    let sources = catalogue.sources.values().filter(|source| source.dataset == dataset.id);
    let sources = sources.map(|source| vec![link(format!("sources/{}", source.id), tongue.of(&source.title))]);
    blocks.push(Block::List(sources.collect()));
    blocks.push(Block::Heading(2, tongue.say("Nøgletal", "Key figures").to_owned()));
    let reading = catalogue.indicators.values();
    let reading = reading.filter(|found| found.datasets().contains(&dataset.id));
    let reading = reading.map(|found| vec![link(format!("indicators/{}", found.id), tongue.of(&found.title))]);
    blocks.push(Block::List(reading.collect()));
    Page { path: format!("datasets/{}", dataset.id), title: tongue.of(&dataset.title).to_owned(), blocks }
}

fn fields(dataset: &Dataset, speaker: Speaker<'_>) -> Block {
    let tongue = speaker.tongue;
    let rows = dataset.fields.iter().map(|field| {
        let mut ty = vec![code(field.ty.word())];
        if let FieldType::Code(list) = &field.ty {
            ty.push(text(" "));
            ty.push(link(format!("codelists/{list}"), list.as_str()));
        }
        let limits = match (&field.pattern, &field.range) {
            (Some(pattern), _) => vec![code(&**pattern)],
            (None, Some(range)) => vec![text(bounds(field, *range, speaker))],
            (None, None) => Vec::new(),
        };
        let unit = field.unit.as_ref().map(|unit| code(unit.to_string()));
        vec![
            vec![code(field.name.as_str())],
            vec![text(tongue.of(&field.title))],
            ty,
            unit.into_iter().collect(),
            vec![text(tongue.yes(field.required))],
            limits,
        ]
    });
    let header = [
        tongue.say("Felt", "Field"),
        tongue.say("Titel", "Title"),
        tongue.say("Type", "Type"),
        tongue.say("Enhed", "Unit"),
        tongue.say("Skal udfyldes", "Required"),
        tongue.say("Grænser eller mønster", "Bounds or pattern"),
    ];
    Block::table(tongue.say("Tabellens felter", "Fields of the table"), &header, rows.collect())
}

fn bounds(field: &Field, range: RangeRule, speaker: Speaker<'_>) -> String {
    let bound = |value: i64| match field.ty {
        FieldType::Decimal { scale, .. } => format_decimal(i128::from(value), scale),
        FieldType::Integer => value.to_string(),
        _ => {
            let day = i32::try_from(value).ok().and_then(Date::from_days);
            day.map_or_else(|| value.to_string(), |day| day.to_string())
        }
    };
    speaker.tongue.span(range.min.map(bound), range.max.map(bound))
}

pub(super) fn codelist(list: &CodeList, speaker: Speaker<'_>) -> Page {
    let Speaker { tongue, catalogue } = speaker;
    let mut blocks = vec![
        Block::Paragraph(vec![Inline::Foreign(tongue.other().of(&list.title).to_owned())]),
        Block::Paragraph(vec![text(tongue.of(&list.description))]),
        Block::facts(
            tongue,
            vec![
                (tongue.say("Navn", "Name"), vec![code(list.id.as_str())]),
                (tongue.say("Koder", "Codes"), vec![text(list.codes().len().to_string())]),
                (tongue.say("Fingeraftryk", "Fingerprint"), vec![code(list.fingerprint.to_string())]),
            ],
        ),
    ];
    if !list.groups.is_empty() {
        blocks.push(Block::Heading(2, tongue.say("Grupper", "Groups").to_owned()));
        let rows = list.groups.iter().map(|(name, codes)| {
            let codes: Vec<&str> = codes.iter().map(|index| list.code(*index)).collect();
            vec![vec![code(name.as_str())], vec![text(codes.len().to_string())], vec![text(codes.join(", "))]]
        });
        let header = [tongue.say("Gruppe", "Group"), tongue.say("Antal", "Number"), tongue.say("Koder", "Codes")];
        blocks.push(Block::table(tongue.say("Grupper af koder", "Groups of codes"), &header, rows.collect()));
    }
    blocks.push(Block::Heading(2, tongue.say("Koder", "Codes").to_owned()));
    blocks.push(codes(list, speaker));
    if !list.changes().is_empty() {
        blocks.push(Block::Heading(2, tongue.say("Ændringer", "Changes").to_owned()));
        blocks.push(changes(list, tongue));
    }
    blocks.push(Block::Heading(2, tongue.say("Datasæt", "Datasets").to_owned()));
    let uses = |dataset: &Dataset| {
        dataset.fields.iter().any(|field| matches!(&field.ty, FieldType::Code(name) if *name == list.id))
    };
    let using = catalogue.datasets.values().filter(|dataset| uses(dataset));
    let using = using.map(|dataset| vec![link(format!("datasets/{}", dataset.id), tongue.of(&dataset.title))]);
    blocks.push(Block::List(using.collect()));
    Page { path: format!("codelists/{}", list.id), title: tongue.of(&list.title).to_owned(), blocks }
}

fn changes(list: &CodeList, tongue: Tongue) -> Block {
    let titled = |index: CodeIndex, day: Date| {
        vec![code(list.code(index)), text(format!(" {}", tongue.of(list.title_of(index, day))))]
    };
    let rows = list.changes().iter().map(|change| {
        let before = Date::from_days(change.date.days() - 1).unwrap_or(change.date);
        let kind = match change.kind {
            ChangeKind::Merge => tongue.say("lagt sammen", "merged"),
            ChangeKind::Split => tongue.say("delt", "split"),
            ChangeKind::Rename => tongue.say("nyt navn", "renamed"),
        };
        let share = change.share.map_or_else(
            || tongue.say("ikke kendt", "not known").to_owned(),
            |share| match share.denominator() {
                1 => share.numerator().to_string(),
                below => format!("{}/{below}", share.numerator()),
            },
        );
        vec![
            vec![text(change.date.to_string())],
            titled(change.from, before),
            vec![text(kind)],
            titled(change.to, change.date),
            vec![text(share)],
        ]
    });
    let header = [
        tongue.say("Dato", "Date"),
        tongue.say("Før", "Before"),
        tongue.say("Ændring", "Change"),
        tongue.say("Efter", "After"),
        tongue.say("Andel", "Share"),
    ];
    Block::table(tongue.say("Hvad der blev af koder", "What became of codes"), &header, rows.collect())
}

fn codes(list: &CodeList, speaker: Speaker<'_>) -> Block {
    let tongue = speaker.tongue;
    let mut aliases = vec![Vec::new(); list.codes().len()];
    for (spelling, index) in list.spellings() {
        if spelling != list.code(index) {
            aliases[index.0 as usize].push(spelling);
        }
    }
    let mut rows = Vec::new();
    for (at, name) in list.codes().iter().enumerate() {
        let index = CodeIndex(u32::try_from(at).unwrap_or(u32::MAX));
        for validity in list.validities(index) {
            let day = day_within(validity);
            let title = day.map_or("", |day| tongue.of(list.title_of(index, day)));
            rows.push(vec![
                vec![code(name)],
                vec![text(title)],
                vec![text(validity.from.map(|day| day.to_string()).unwrap_or_default())],
                vec![text(validity.to.map(|day| day.to_string()).unwrap_or_default())],
                vec![text(aliases[at].join(", "))],
            ]);
        }
    }
    let header = [
        tongue.say("Kode", "Code"),
        tongue.say("Titel", "Title"),
        tongue.say("Første dag", "First day"),
        tongue.say("Første dag efter", "First day after"),
        tongue.say("Andre skrivemåder", "Other spellings"),
    ];
    Block::table(tongue.say("Listens koder", "Codes of the list"), &header, rows)
}
