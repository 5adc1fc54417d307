//! The beginning of a source definition, made of a guess: for a person to review, never to be used unread.
//!
//! With a dataset, its fields are mapped to the columns whose names are most like theirs and whose values fit; what
//! fits nothing is left as a comment. What the guess is unsure of says so in a comment beside it.

use std::fmt::Write;

use extractor::{ColumnProfile, ColumnType, Confidence, Finding, LayoutKind, NumberStyle, Profile, SignPlace};
use model::{Dataset, Field, FieldType};

/// What the definition is to be called, and whose rows it makes.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The id of the source.
    pub id: &'a str,
    /// The dataset, if it is known.
    pub dataset: Option<&'a Dataset>,
}

/// A column and a field are the same if their names are at least this much alike.
const ALIKE: f64 = 0.72;

/// The text of a definition.
pub fn definition(profile: &Profile, wish: Wish<'_>) -> String {
    let mut page = Page { text: String::new() };
    page.head(wish);
    page.format(profile);
    page.numbers(profile.numbers.as_ref());
    match wish.dataset {
        Some(dataset) => page.fields(profile, dataset),
        None => page.columns_alone(profile),
    }
    page.skip(profile);
    page.text
}

struct Page {
    text: String,
}

/// A text as a YAML scalar in single quotation marks.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", plain.replace('\'', "''"))
}

/// What stands behind a value that is not certain.
fn remark<T: std::fmt::Debug>(finding: &Finding<T>) -> String {
    match finding.confidence {
        Confidence::Certain => String::new(),
        Confidence::Likely => format!("  # likely: {}", finding.evidence),
        Confidence::Unsure => format!("  # UNSURE: {}", finding.evidence),
    }
}

impl Page {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn head(&mut self, wish: Wish<'_>) {
        let id = wish.id;
        self.line(
            "# Made from a guess. Review every line, above all those that say UNSURE, then run `musketer check`.",
        );
        self.line("kind: source");
        self.line(format!("id: {id}"));
        self.line(format!("title: {{da: {id}, en: {id}}}"));
        self.line("description:");
        self.line(
            "  da: Udkast efter en gennemgang af en fil; beskriv, hvad udtrækket er, og hvor layoutet kommer fra.",
        );
        self.line("  en: Draft made from one file; say what the extract is and on what knowledge the layout rests.");
        self.line("vendor: unknown");
        self.line("system: unknown");
        match wish.dataset {
            Some(dataset) => self.line(format!("dataset: {}", dataset.id)),
            None => self.line("dataset: unknown  # name one of the project's datasets"),
        }
        self.line("delivery:");
        let period = wish.dataset.map_or("month", |dataset| dataset.partition.as_str());
        self.line(format!(
            "  file: '{id}/{{municipality}}/{{municipality}}_{{period}}[_v{{version}}].csv'  # how deliveries are named"
        ));
        self.line("  municipality: file");
        self.line(format!("  period: {period}"));
        self.line("  load: period");
        self.line("  min_rows: 1");
    }

    fn format(&mut self, profile: &Profile) {
        self.line("format:");
        let fixed = profile.layout.as_ref().is_some_and(|layout| layout.value == LayoutKind::Fixed);
        self.line(format!("  type: {}", if fixed { "fixed" } else { "delimited" }));
        if let Some(encoding) = &profile.encoding {
            self.line(format!("  encoding: {}{}", encoding.value, remark(encoding)));
        }
        if fixed {
            return self.places(profile);
        }
        let Some(dialect) = &profile.dialect else {
            return self.line("  delimiter: ';'  # UNSURE: no separator was found");
        };
        let shown = |mark: char| if mark == '\t' { "tab".to_owned() } else { quoted(&mark.to_string()) };
        self.line(format!("  delimiter: {}{}", shown(dialect.delimiter.value), remark(&dialect.delimiter)));
        let quote = dialect.quote.value.map_or("none".to_owned(), shown);
        self.line(format!("  quote: {quote}{}", remark(&dialect.quote)));
        if let Some(escape) = dialect.escape.value {
            self.line(format!("  escape: {}{}", shown(escape), remark(&dialect.escape)));
        }
        if dialect.preamble_lines.value > 0 {
            self.line(format!("  preamble_lines: {}{}", dialect.preamble_lines.value, remark(&dialect.preamble_lines)));
        }
        match dialect.header_rows.value {
            0 => {
                self.line(format!("  # no header row{}", remark(&dialect.header_rows)));
                let names: Vec<String> = profile.columns.iter().map(|column| quoted(&column.name)).collect();
                self.line(format!("  columns: [{}]", names.join(", ")));
            }
            1 if dialect.header_rows.confidence == Confidence::Certain => {}
            rows => self.line(format!("  header_rows: {rows}{}", remark(&dialect.header_rows))),
        }
    }

    fn places(&mut self, profile: &Profile) {
        if let Some(length) = &profile.record_length {
            self.line(format!("  record_length: {}{}", length.value, remark(length)));
        }
        self.line("  columns:  # UNSURE: [first position from 1, length]");
        for column in &profile.columns {
            if let Some((start, length)) = column.place {
                self.line(format!("    {}: [{start}, {length}]  # {}", column.name, column.holds.value.word()));
            }
        }
    }

    fn numbers(&mut self, numbers: Option<&Finding<NumberStyle>>) {
        let Some(numbers) = numbers else { return };
        let marks = style(&numbers.value);
        self.line(format!("numbers: {{{marks}}}{}", remark(numbers)));
    }

    fn fields(&mut self, profile: &Profile, dataset: &Dataset) {
        self.line("fields:");
        let matched = matches(&profile.columns, dataset);
        for (at, field) in dataset.fields.iter().enumerate() {
            let column = matched.iter().find(|(index, _)| *index == at).map(|(_, column)| *column);
            match column {
                Some(column) => self.line(format!("  {}: {}", field.name, mapping(column, field))),
                None if at == dataset.municipality.0 => {
                    self.line(format!("  {}: delivery  # no column is like it", field.name));
                }
                None if at == dataset.time.0 => {
                    self.line(format!("  {}: delivery  # no column is like it", field.name));
                }
                None => {
                    let required = if field.required { "required; " } else { "" };
                    self.line(format!("  # {}: {{column: ...}}  # {required}no column is like it", field.name));
                }
            }
        }
        let unused =
            profile.columns.iter().filter(|column| !matched.iter().any(|(_, used)| used.position == column.position));
        for column in unused {
            self.line(format!("  # not used: {}", described(column)));
        }
    }

    fn columns_alone(&mut self, profile: &Profile) {
        self.line("fields:");
        self.line("  # Map each field of the dataset to a column; the columns are:");
        for column in &profile.columns {
            self.line(format!("  # {}", described(column)));
        }
        self.line("  municipality: delivery");
    }

    fn skip(&mut self, profile: &Profile) {
        let Some(dialect) = profile.dialect.as_ref().filter(|dialect| !dialect.footers.is_empty()) else { return };
        self.line(format!("skip:{}", remark(&dialect.footer_lines)));
        let texts: Vec<String> = dialect.footers.iter().map(|footer| quoted(footer.trim_end_matches('…'))).collect();
        self.line(format!("  - {{id: footer, line_starts_with: [{}]}}", texts.join(", ")));
    }
}

/// The marks of numbers as definitions write them.
fn style(style: &NumberStyle) -> String {
    let mut marks = Vec::new();
    if let Some(decimal) = style.decimal {
        marks.push(format!("decimal: '{decimal}'"));
    }
    if let Some(group) = style.group {
        marks.push(format!("group: {}", if group == '\'' { "\"'\"".to_owned() } else { quoted(&group.to_string()) }));
    }
    let negative = match style.negative {
        SignPlace::Unseen => "never",
        SignPlace::Mixed => "leading",
        other => other.word(),
    };
    marks.push(format!("negative: {negative}"));
    marks.join(", ")
}

fn described(column: &ColumnProfile) -> String {
    let mut text = format!("{}: {}", quoted(&column.name), column.holds.value.word());
    if let Some(format) = &column.format {
        // Writing to a string cannot fail.
        write!(text, " `{}`", format.value).unwrap_or_default();
    }
    if !column.examples.is_empty() {
        write!(text, ", as {}", column.examples.join(" | ")).unwrap_or_default();
    }
    text
}

fn mapping(column: &ColumnProfile, field: &Field) -> String {
    let mut mapping = format!("{{column: {}", quoted(&column.name));
    if let Some(format) = column.format.as_ref().filter(|_| field.ty.is_temporal()) {
        write!(mapping, ", date: {}", quoted(&format.value)).unwrap_or_default();
    }
    if !column.null_words.is_empty() {
        let words: Vec<String> = column.null_words.iter().map(|word| quoted(word)).collect();
        write!(mapping, ", null: ['', {}]", words.join(", ")).unwrap_or_default();
    }
    if matches!(field.ty, FieldType::Integer) {
        let negative = column.number.as_ref().map_or(SignPlace::Unseen, |number| number.value.negative);
        let marks = NumberStyle {
            decimal: None,
            group: column.number.as_ref().and_then(|number| number.value.group),
            negative,
        };
        write!(mapping, ", number: {{{}}}", style(&marks)).unwrap_or_default();
    }
    if matches!(field.ty, FieldType::Boolean) {
        mapping.push_str(", boolean: {yes: [J], no: [N]}");
    }
    mapping.push('}');
    let unsure = column.format.as_ref().filter(|_| field.ty.is_temporal()).map(remark).unwrap_or_default();
    mapping + &unsure
}

/// Which column makes which field: the most alike first, each used once.
fn matches<'p>(columns: &'p [ColumnProfile], dataset: &Dataset) -> Vec<(usize, &'p ColumnProfile)> {
    let mut pairs: Vec<(f64, usize, &ColumnProfile)> = Vec::new();
    for (at, field) in dataset.fields.iter().enumerate() {
        for column in columns.iter().filter(|column| fits(column.holds.value, &field.ty)) {
            let likeness = likeness(&column.name, field);
            if likeness >= ALIKE {
                pairs.push((likeness, at, column));
            }
        }
    }
    pairs.sort_by(|left, right| right.0.total_cmp(&left.0));
    let mut matched: Vec<(usize, &ColumnProfile)> = Vec::new();
    for (_, at, column) in pairs {
        if !matched.iter().any(|(field, used)| *field == at || used.position == column.position) {
            matched.push((at, column));
        }
    }
    matched
}

/// How much a column's name is like a field's name or one of its titles, from 0 to 1.
fn likeness(name: &str, field: &Field) -> f64 {
    let folded = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    let name = folded(name);
    let of = |candidate: &str| {
        let candidate = folded(candidate);
        let contained =
            name.len() >= 4 && candidate.len() >= 4 && (name.contains(&candidate) || candidate.contains(&name));
        strsim::jaro_winkler(&name, &candidate).max(if contained { 0.85 } else { 0.0 })
    };
    [field.name.as_str(), &field.title.da, &field.title.en].into_iter().map(of).fold(0.0, f64::max)
}

/// Whether a column of this type can make a field of that one.
fn fits(column: ColumnType, field: &FieldType) -> bool {
    let number = matches!(column, ColumnType::Integer | ColumnType::Decimal | ColumnType::Code | ColumnType::Empty);
    let time = matches!(
        column,
        ColumnType::Date | ColumnType::Month | ColumnType::Quarter | ColumnType::Year | ColumnType::Empty
    );
    match field {
        FieldType::Text => column != ColumnType::Person,
        FieldType::Code(_) => !matches!(column, ColumnType::Person | ColumnType::Decimal | ColumnType::Date),
        FieldType::Integer | FieldType::Decimal { .. } => number,
        FieldType::Boolean => matches!(column, ColumnType::Boolean | ColumnType::Code | ColumnType::Integer),
        FieldType::Date => matches!(column, ColumnType::Date | ColumnType::Quarter | ColumnType::Empty),
        FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => time,
        FieldType::Person => column == ColumnType::Person,
    }
}
