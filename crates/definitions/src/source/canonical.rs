//! The canonical form of a source: everything that decides how bytes become rows. Who makes the system is a label
//! and is left out, so that a vendor's new name reads nothing again; so are the days until a delivery is due, and the
//! budget, which decide nothing about a row.

use model::{
    Compression, Control, ControlField, ControlPlace, ControlRecord, Dataset, Escape, FieldMapping, FileEncoding,
    Format, LineEnd, Load, Negative, NumberFormat, Origin, Parse, SkipMatch, SkipRule, Source,
};

use crate::canonical::Canonical;

/// The canonical form of a source.
pub(super) fn of(source: &Source, dataset: &Dataset) -> Canonical {
    let load = match source.load {
        Load::Full => "full",
        Load::Period => "period",
    };
    let field = |mapping: &FieldMapping| (dataset.field(mapping.field).name.to_string(), mapping_of(mapping));
    Canonical::map([
        ("kind", Some(Canonical::word("source"))),
        ("id", Some(Canonical::word(&source.id))),
        ("dataset", Some(Canonical::word(&source.dataset))),
        ("valid_from", source.valid_from.map(Canonical::word)),
        ("valid_to", source.valid_to.map(Canonical::word)),
        ("file", Some(Canonical::text(&source.file.pattern))),
        ("one_municipality", Some(Canonical::word(source.scope.one_municipality))),
        ("period", source.scope.period.map(Canonical::word)),
        ("load", Some(Canonical::word(load))),
        ("min_rows", source.min_rows.map(Canonical::word)),
        ("compression", compression(&source.input.compression)),
        ("input_encoding", transcoded(source.input.encoding)),
        ("format", Some(format(&source.format))),
        ("fields", Some(Canonical::named(source.fields.iter().map(field)))),
        ("skip", Some(Canonical::list(source.skip.iter().map(skip)))),
        ("control", Some(control(&source.control, dataset))),
    ])
}

/// Left out for plain files.
fn compression(compression: &Compression) -> Option<Canonical> {
    match compression {
        Compression::None => None,
        Compression::Zip { member } => Some(Canonical::map([("zip", Some(Canonical::text(member)))])),
        Compression::Gzip | Compression::Zstd => Some(Canonical::word(compression.label())),
    }
}

/// The encoding of the file, where it is not that of the cells, which the format states.
fn transcoded(encoding: FileEncoding) -> Option<Canonical> {
    match encoding {
        FileEncoding::Ascii(_) => None,
        FileEncoding::Utf16(_) | FileEncoding::Ebcdic(_) => Some(Canonical::word(encoding.label())),
    }
}

fn byte(byte: u8) -> Canonical {
    Canonical::text(char::from(byte))
}

fn format(format: &Format) -> Canonical {
    match format {
        Format::Delimited(format) => Canonical::map([
            ("type", Some(Canonical::word("delimited"))),
            ("encoding", Some(Canonical::word(format.encoding.label()))),
            ("delimiter", Some(byte(format.delimiter))),
            ("quote", format.quote.map(byte)),
            ("escape", escape(format.escape)),
            ("line_end", line_end(format.line_end)),
            ("preamble_lines", Some(Canonical::word(format.preamble_lines))),
            ("header_rows", (format.header_rows > 1).then(|| Canonical::word(format.header_rows))),
            ("columns", format.columns.as_ref().map(Canonical::texts)),
        ]),
        Format::Fixed(format) => {
            let columns = format.columns.iter().map(|column| {
                let place = [Canonical::word(column.start), Canonical::word(column.length)];
                (&column.name, Canonical::list(place))
            });
            Canonical::map([
                ("type", Some(Canonical::word("fixed"))),
                ("encoding", Some(Canonical::word(format.encoding.label()))),
                ("record_length", Some(Canonical::word(format.record_length))),
                ("columns", Some(Canonical::named(columns))),
            ])
        }
    }
}

/// Nothing where it is the default, so that a key that is new changes no fingerprint.
fn escape(escape: Escape) -> Option<Canonical> {
    match escape {
        Escape::Doubled => None,
        Escape::Mark(mark) => Some(byte(mark)),
        Escape::None => Some(Canonical::word("none")),
    }
}

fn line_end(line_end: LineEnd) -> Option<Canonical> {
    match line_end {
        LineEnd::Detected => None,
        LineEnd::LineFeed => Some(Canonical::word("lf")),
        LineEnd::CarriageReturn => Some(Canonical::word("cr")),
    }
}

fn mapping_of(mapping: &FieldMapping) -> Canonical {
    let origin = match &mapping.origin {
        Origin::Column { names } => Canonical::texts(names),
        Origin::DeliveryMunicipality => Canonical::word("delivery_municipality"),
        Origin::DeliveryPeriod => Canonical::word("delivery_period"),
        Origin::Constant(text) => Canonical::map([("constant", Some(Canonical::text(text)))]),
    };
    let slice = |(start, length)| Canonical::list([Canonical::word(start), Canonical::word(length)]);
    let map = mapping.map.iter().map(|(word, to)| (word, Canonical::text(to)));
    Canonical::map([
        ("from", Some(origin)),
        ("slice", mapping.slice.map(slice)),
        ("width", mapping.width.map(Canonical::word)),
        ("null", Some(Canonical::texts(&mapping.null))),
        ("map", Some(Canonical::named(map))),
        ("parse", Some(parse(&mapping.parse))),
    ])
}

fn parse(parse: &Parse) -> Canonical {
    match parse {
        Parse::Text => Canonical::word("text"),
        Parse::Code(list) => Canonical::word(format!("code({list})")),
        Parse::Person => Canonical::word("person"),
        Parse::Number(number) => number_of(number),
        Parse::Date(date) => {
            Canonical::map([("date", Some(Canonical::text(&date.pattern))), ("pivot", date.pivot.map(Canonical::word))])
        }
        Parse::Boolean { yes, no } => {
            Canonical::map([("yes", Some(Canonical::texts(yes))), ("no", Some(Canonical::texts(no)))])
        }
    }
}

fn number_of(number: &NumberFormat) -> Canonical {
    let place = |place: &Negative| match place {
        Negative::Leading => "leading",
        Negative::Trailing => "trailing",
        Negative::Parentheses => "parentheses",
    };
    let negative = match number.negative.as_slice() {
        [] => Canonical::word("never"),
        [only] => Canonical::word(place(only)),
        several => Canonical::list(several.iter().map(|one| Canonical::word(place(one)))),
    };
    let units = |words: &[String]| (!words.is_empty()).then(|| Canonical::texts(words));
    let sign = number.sign.as_ref().map(|sign| {
        Canonical::map([
            ("column", Some(Canonical::text(&sign.column))),
            ("positive", Some(Canonical::texts(&sign.positive))),
            ("negative", Some(Canonical::texts(&sign.negative))),
        ])
    });
    Canonical::map([
        ("decimal", number.decimal.map(byte)),
        ("group", number.group.map(byte)),
        ("negative", Some(negative)),
        // What was not declared is not written, so that a new key leaves all other definitions as they were.
        ("minus", (number.minus != ['-']).then(|| Canonical::texts(&number.minus))),
        ("plus", number.plus.then(|| Canonical::word("allowed"))),
        ("padding", number.padded.then(|| Canonical::word("allowed"))),
        ("prefix", units(&number.prefixes)),
        ("suffix", units(&number.suffixes)),
        ("sign", sign),
        ("implied_decimals", Some(Canonical::word(number.implied_decimals))),
    ])
}

fn skip(rule: &SkipRule) -> Canonical {
    let (column, is, starts_with, line, pattern) = match &rule.rule {
        SkipMatch::CellIs { column, texts } => (Some(column), Some(texts), None, None, None),
        SkipMatch::CellStartsWith { column, texts } => (Some(column), None, Some(texts), None, None),
        SkipMatch::LineStartsWith(texts) => (None, None, None, Some(texts), None),
        SkipMatch::LineMatches(pattern) => (None, None, None, None, Some(pattern)),
    };
    Canonical::map([
        ("id", Some(Canonical::word(&rule.id))),
        ("column", column.map(Canonical::text)),
        ("is", is.map(Canonical::texts)),
        ("starts_with", starts_with.map(Canonical::texts)),
        ("line_starts_with", line.map(Canonical::texts)),
        ("line_matches", pattern.map(Canonical::text)),
    ])
}

fn control(control: &Control, dataset: &Dataset) -> Canonical {
    let record = |record: &ControlRecord| {
        let states = record.states.iter().map(|(field, place, number)| {
            let name = match field {
                ControlField::Municipality => "municipality".to_owned(),
                ControlField::Period => "period".to_owned(),
                ControlField::Rows => "rows".to_owned(),
                ControlField::Sum(index) => format!("sum({})", dataset.field(*index).name),
            };
            let place = match place {
                ControlPlace::Cell(cell) => Canonical::word(cell),
                ControlPlace::Characters { start, length } => {
                    Canonical::list([Canonical::word(start), Canonical::word(length)])
                }
            };
            (name, Canonical::map([("at", Some(place)), ("number", Some(number_of(number)))]))
        });
        let states = Canonical::named(states);
        Canonical::map([("starts_with", Some(Canonical::text(&record.starts_with))), ("states", Some(states))])
    };
    Canonical::map([("header", control.header.as_ref().map(record)), ("trailer", control.trailer.as_ref().map(record))])
}
