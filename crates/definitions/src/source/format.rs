//! Physical formats: delimited and fixed width.

use std::collections::BTreeSet;

use model::{Code, DelimitedFormat, Encoding, Escape, FileEncoding, FixedColumn, FixedFormat, Format, LineEnd};

use crate::vocabulary;
use crate::yaml::{Cursor, Keys, Report};

/// The longest record of a fixed format.
const LONGEST_RECORD: i64 = 1 << 20;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Delimited,
    Fixed,
}

/// Reads `format`, and the encoding of the file, from which that of its cells follows.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<(Format, FileEncoding)> {
    let mut keys = cursor.keys(&vocabulary::FORMAT, report)?;
    let kinds = [("delimited", Kind::Delimited), ("fixed", Kind::Fixed)];
    let kind = keys.need("type", report).and_then(|cursor| cursor.choice(report, &kinds));
    let encoding_at = keys.need("encoding", report);
    let encodings = FileEncoding::ALL.map(|encoding| (encoding.label(), encoding));
    let of_file = encoding_at.and_then(|cursor| cursor.choice(report, &encodings));
    let encoding = of_file.map(FileEncoding::cells);
    let format = match kind? {
        Kind::Delimited => {
            keys.add(&vocabulary::DELIMITED);
            delimited(&mut keys, encoding, report).map(Format::Delimited)
        }
        Kind::Fixed => {
            keys.add(&vocabulary::FIXED);
            if let (Some(of_file), Some(cursor)) = (of_file.filter(|of_file| !of_file.is_single_byte()), encoding_at) {
                let message = format!("positions are bytes, so a fixed format cannot be `{}`", of_file.label());
                report
                    .error(Code::INVALID_VALUE, cursor.span(), message)
                    .help("use the single-byte encoding that the export really has");
            }
            fixed(&mut keys, encoding, report).map(Format::Fixed)
        }
    };
    keys.finish(report);
    format.zip(of_file)
}

fn delimited(keys: &mut Keys<'_>, encoding: Option<Encoding>, report: &mut Report<'_>) -> Option<DelimitedFormat> {
    let delimiter_at = keys.need("delimiter", report);
    let delimiter = delimiter_at.and_then(|cursor| match cursor.text(report)?.value.as_str() {
        "tab" => Some(b'\t'),
        _ => mark(cursor, "tab", report),
    });
    let quote = keys.maybe("quote", |cursor| match cursor.text(report)?.value.as_str() {
        "none" => Some(Quote(None)),
        _ => mark(cursor, "none", report).map(|mark| Quote(Some(mark))),
    });
    let escape_at = keys.take("escape");
    let escape = escape_at.map_or(Some(Escape::Doubled), |cursor| escape(cursor, report));
    let line_end = keys.take("line_end").map_or(Some(LineEnd::Detected), |cursor| {
        let kinds = [("auto", LineEnd::Detected), ("lf", LineEnd::LineFeed), ("cr", LineEnd::CarriageReturn)];
        cursor.choice(report, &kinds)
    });
    let preamble_lines = keys.take("preamble_lines").and_then(|cursor| cursor.integer(report, 0..=10_000)).unwrap_or(0);
    let header_rows = keys.take("header_rows");
    let columns = keys.maybe("columns", |cursor| column_names(cursor, report)).ok()?;
    let header_rows = header_rows_of(header_rows, columns.is_some(), report);
    let Quote(quote) = quote.ok()?.unwrap_or(Quote(Some(b'"')));
    if let (Some(cursor), true) = (delimiter_at, delimiter.is_some() && delimiter == quote) {
        report.error(Code::INVALID_VALUE, cursor.span(), "`delimiter` and `quote` are the same");
    }
    if let (Some(cursor), Some(escape)) = (escape_at, escape) {
        check_escape(cursor, escape, delimiter, quote, report);
    }
    Some(DelimitedFormat {
        encoding: encoding?,
        delimiter: delimiter?,
        quote,
        escape: escape?,
        line_end: line_end?,
        preamble_lines,
        header_rows: header_rows?,
        columns,
    })
}

fn escape(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Escape> {
    match cursor.text(report)?.value.as_str() {
        "doubled" => Some(Escape::Doubled),
        "none" => Some(Escape::None),
        _ => mark(cursor, "none` or `doubled", report).map(Escape::Mark),
    }
}

/// An escape mark must be told apart from the other marks, and has a meaning inside quotes alone.
fn check_escape(cursor: Cursor<'_>, escape: Escape, delimiter: Option<u8>, quote: Option<u8>, report: &mut Report<'_>) {
    let mut wrong = |message: &str, help: &str| {
        report.error(Code::INVALID_VALUE, cursor.span(), message).help(help);
    };
    match escape {
        _ if quote.is_none() => {
            wrong("`escape` is about quoted cells, and there are none with `quote: none`", "remove one of the two");
        }
        Escape::Mark(mark) if Some(mark) == quote => {
            wrong("`escape` and `quote` are the same", "write `escape: doubled`, or nothing: that is the default");
        }
        Escape::Mark(mark) if Some(mark) == delimiter => {
            wrong("`escape` and `delimiter` are the same", "look at a cell of the export that holds a quotation mark");
        }
        Escape::Mark(_) | Escape::Doubled | Escape::None => {}
    }
}

/// Names come from the file or from the definition: one header row, unless the columns are declared.
fn header_rows_of(cursor: Option<Cursor<'_>>, columns: bool, report: &mut Report<'_>) -> Option<u32> {
    let Some(cursor) = cursor else { return Some(u32::from(!columns)) };
    let rows: u32 = cursor.integer(report, 0..=20)?;
    if rows == 0 && !columns {
        report
            .error(Code::INVALID_VALUE, cursor.span(), "without a header row nothing names the columns")
            .help("add `columns`, the list of their names");
    }
    if rows > 0 && columns {
        report
            .error(Code::INVALID_VALUE, cursor.span(), "where `columns` are declared, no row is read as a header")
            .help("pass over the rows with `preamble_lines`, or remove `columns`");
    }
    Some(rows)
}

/// A quotation mark, or the decision that there is none.
struct Quote(Option<u8>);

/// One ASCII character that is neither letter nor digit.
fn mark(cursor: Cursor<'_>, word: &str, report: &mut Report<'_>) -> Option<u8> {
    let text = cursor.text(report)?;
    match text.value.as_bytes() {
        [byte] if byte.is_ascii_punctuation() || matches!(byte, b' ' | b'\t') => Some(*byte),
        _ => {
            let message = format!("`{}` is one ASCII character that is no letter or digit, or `{word}`", cursor.name);
            report.error(Code::INVALID_VALUE, text.span, message);
            None
        }
    }
}

fn column_names(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let names = cursor.texts(report)?;
    let mut seen = BTreeSet::new();
    for name in &names {
        if !seen.insert(name.value.as_str()) {
            report.error(Code::INVALID_VALUE, name.span, format!("two columns are called `{}`", name.value));
        }
    }
    Some(names.into_iter().map(|name| name.value).collect())
}

fn fixed(keys: &mut Keys<'_>, encoding: Option<Encoding>, report: &mut Report<'_>) -> Option<FixedFormat> {
    let length = keys.need("record_length", report);
    let length = length.and_then(|cursor| cursor.integer::<usize>(report, 1..=LONGEST_RECORD));
    let mut columns = Vec::new();
    if let Some(cursor) = keys.need("columns", report) {
        for (name, place) in cursor.entries(report)? {
            let Some((start, count)) = place_of(place, report) else { continue };
            if length.is_some_and(|length| start + count > length) {
                let message = format!("`{}` ends at {}, behind the end of the record", name.value, start + count);
                report.error(Code::INVALID_VALUE, place.span(), message);
            }
            columns.push(FixedColumn { name: name.value.to_owned(), start, length: count });
        }
    }
    Some(FixedFormat { encoding: encoding?, columns, record_length: length? })
}

/// `[first, length]`, the first counted from 1 as in every interface description, kept from 0.
pub(super) fn place_of(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<(usize, usize)> {
    let items = cursor.items(report)?;
    let [first, length] = items.as_slice() else {
        report
            .error(Code::WRONG_TYPE, cursor.span(), format!("`{}` takes two numbers", cursor.name))
            .help("write [first position from 1, length]");
        return None;
    };
    let first = first.integer::<usize>(report, 1..=LONGEST_RECORD);
    let length = length.integer::<usize>(report, 1..=LONGEST_RECORD);
    Some((first? - 1, length?))
}
