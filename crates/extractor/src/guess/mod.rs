//! What a file seems to be: its encoding, its dialect, and what its columns hold.
//!
//! Nothing is ever loaded by a guess. It is where a source definition starts, and a person reviews it: so every finding
//! says how sure it is and why, and where two readings fit alike it says that. Only [`Samples`] of the file are looked
//! at, a few MiB however large it is, and no personal identification number comes into a finding.
//!
//! [`guess`] is the way in. `kind` and `encoding` make text of bytes, `dialect` (over `split`) and `fixed` find the rows,
//! `table` what stands around them, `column` (over `number` and `date`) what they hold, `example` what may be shown.

mod column;
mod date;
mod dialect;
mod encoding;
mod example;
mod fixed;
mod kind;
mod number;
mod profile;
mod sample;
mod split;
mod table;

#[cfg(test)]
mod tests;

pub use profile::{
    ColumnProfile, ColumnType, Confidence, DialectProfile, Finding, LayoutKind, NumberStyle, Profile, SignPlace,
};
pub use sample::Samples;

use self::column::ColumnCounts;
use self::dialect::Trial;
use self::fixed::FixedGuess;
use self::split::split;

/// A best dialect below this score is none.
const POOR: f64 = 0.2;

/// Finds out what a file is, by samples of it.
pub fn guess(samples: &Samples) -> Profile {
    let kind = kind::kind(&samples.head);
    let mut profile = Profile {
        bytes: samples.bytes,
        bytes_seen: samples.seen(),
        kind,
        encoding: None,
        line_end: None,
        layout: None,
        dialect: None,
        record_length: None,
        numbers: None,
        columns: Vec::new(),
        rows_seen: 0,
    };
    let parts = whole_lines(samples);
    let (encoding, decoder) = encoding::encoding(&parts);
    let wide = matches!(decoder, encoding::Decoder::Utf16 { .. } | encoding::Decoder::Ebcdic);
    if profile.kind.value != "text" && !(wide && profile.kind.value == "binary") {
        return profile;
    }
    if wide {
        profile.kind = Finding::new("text".to_owned(), Confidence::Likely, "its bytes are text in the encoding below");
    }
    profile.encoding = Some(encoding);
    let raw = if wide { samples_as_they_are(samples) } else { parts };
    let texts: Vec<String> = raw.iter().map(|part| encoding::decode(part, decoder)).collect();
    let Some(head) = texts.first() else { return profile };
    profile.line_end = Some(line_end(head));
    let texts: Vec<String> = texts.iter().map(|text| text.replace("\r\n", "\n").replace('\r', "\n")).collect();
    find_rows(&texts, samples, &mut profile);
    profile
}

/// The samples cut to whole lines: the head first, the tail last.
fn whole_lines(samples: &Samples) -> Vec<&[u8]> {
    let from_line = |part| memchr::memchr(b'\n', part).map_or(&part[part.len()..], |at| &part[at + 1..]);
    let to_line = |part| memchr::memrchr(b'\n', part).map_or(part, |at| &part[..=at]);
    if samples.is_complete() {
        return vec![&samples.head];
    }
    let pieces = samples.pieces.iter().map(|piece| to_line(from_line(piece.as_slice())));
    let head = std::iter::once(to_line(&samples.head));
    head.chain(pieces)
        .chain(std::iter::once(from_line(samples.tail.as_slice())))
        .filter(|part| !part.is_empty())
        .collect()
}

/// For encodings whose lines do not end in the byte of ASCII: the head alone.
fn samples_as_they_are(samples: &Samples) -> Vec<&[u8]> {
    vec![&samples.head[..samples.head.len() & !1]]
}

fn line_end(text: &str) -> Finding<String> {
    let both = text.matches("\r\n").count();
    let lf = text.matches('\n').count() - both;
    let cr = text.matches('\r').count() - both;
    let evidence = format!("{both} CRLF, {lf} LF, {cr} CR");
    let (value, confidence) = match (both, lf, cr) {
        (0, 0, 0) => ("lf", Confidence::Unsure),
        (_, 0, 0) => ("crlf", Confidence::Certain),
        (0, _, 0) => ("lf", Confidence::Certain),
        (0, 0, _) => ("cr", Confidence::Likely),
        _ => ("mixed", Confidence::Certain),
    };
    Finding::new(value.to_owned(), confidence, evidence)
}

fn find_rows(texts: &[String], samples: &Samples, profile: &mut Profile) {
    let head = &texts[0];
    let trials = dialect::trials(head);
    let fixed = fixed::fixed(head);
    let best = trials.first().filter(|trial| trial.score >= POOR);
    match (best, fixed) {
        (Some(best), fixed) if fixed.is_none() || is_surely_separated(best) => {
            delimited(texts, samples, best, &trials, profile);
        }
        (best, Some(fixed)) => in_places(texts, &fixed, best, profile),
        (_, None) => {
            let evidence = "no separator gives rows of one width, and the lines differ in length";
            profile.layout = Some(Finding::new(LayoutKind::Lines, Confidence::Unsure, evidence));
        }
    }
}

/// Lines of one length can be delimited as well: then every one has the separators of a table.
fn is_surely_separated(trial: &Trial) -> bool {
    let strong = matches!(trial.dialect.delimiter, b';' | b'\t' | b'|' | 0x1F);
    trial.inner >= 0.95 && (strong || (trial.dialect.delimiter == b',' && trial.width >= 3))
}

fn delimited(texts: &[String], samples: &Samples, best: &Trial, trials: &[Trial], profile: &mut Profile) {
    let head = &texts[0];
    let Some(delimiter) = dialect::delimiter_finding(trials) else { return };
    let (quote, escape) = dialect::quote_findings(best, head);
    let rows = split(head.as_bytes(), best.dialect);
    let begin = table::beginning(head, &rows, best.width);
    let mut columns = vec![ColumnCounts::default(); best.width];
    let mut seen = 0;
    let mut ending = None;
    for (number, text) in texts.iter().enumerate() {
        let rows = if number == 0 { &rows } else { &split(text.as_bytes(), best.dialect) };
        let first = if number == 0 { begin.header.end } else { 0 };
        let last = number + 1 == texts.len() && (number > 0 || samples.is_complete());
        let end = if last {
            let found = table::ending(text, rows, best.width, first);
            let end = found.end;
            ending = Some(found);
            end
        } else {
            rows.list.len()
        };
        for row in rows.list.get(first..end).unwrap_or_default() {
            if row.cells != best.width || row.blank {
                continue;
            }
            seen += 1;
            for (column, counts) in columns.iter_mut().enumerate() {
                counts.add(table::text(text, rows, row, column));
            }
        }
    }
    let unknown = || Finding::new(0, Confidence::Unsure, "the end of the file was not seen");
    let (footer_lines, footers) = ending.map_or_else(|| (unknown(), Vec::new()), |end| (end.footer_lines, end.footers));
    let layout_confidence = delimiter.confidence;
    profile.layout = Some(Finding::new(LayoutKind::Delimited, layout_confidence, delimiter.evidence.clone()));
    let width = Finding::new(best.width, delimiter.confidence, delimiter.evidence.clone());
    let (numbers, mut profiles) = profiles(&columns, &begin.names);
    if begin.header_rows.value == 0 {
        for column in &mut profiles {
            column.name = format!("column_{}", column.position);
        }
    }
    profile.numbers = numbers;
    profile.columns = profiles;
    profile.rows_seen = seen;
    profile.dialect = Some(DialectProfile {
        delimiter,
        quote,
        escape,
        preamble_lines: begin.preamble_lines,
        header_rows: begin.header_rows,
        footer_lines,
        footers,
        width,
    });
}

fn in_places(texts: &[String], fixed: &FixedGuess, rival: Option<&Trial>, profile: &mut Profile) {
    let mut columns = vec![ColumnCounts::default(); fixed.places.len()];
    let length = fixed.record_length.value;
    let mut seen = 0;
    for line in texts.iter().flat_map(|text| text.lines()) {
        let line: Vec<char> = line.chars().collect();
        if line.len() != length {
            continue;
        }
        seen += 1;
        for (counts, (start, width)) in columns.iter_mut().zip(&fixed.places) {
            counts.add(&line[*start..start + width].iter().collect::<String>());
        }
    }
    let names: Vec<String> = (1..=columns.len()).map(|number| format!("column_{number}")).collect();
    let (numbers, mut profiles) = profiles(&columns, &names);
    for (column, (start, width)) in profiles.iter_mut().zip(&fixed.places) {
        column.place = Some((start + 1, *width));
        // Where columns begin is a guess, so nothing about what is in them is certain.
        column.holds.confidence = column.holds.confidence.min(fixed.confidence);
    }
    let confidence = if rival.is_some() { Confidence::Unsure } else { fixed.confidence };
    let others = rival.map(|_| LayoutKind::Delimited);
    profile.layout = Some(Finding::new(LayoutKind::Fixed, confidence, fixed.evidence.clone()).or(others));
    profile.record_length = Some(fixed.record_length.clone());
    profile.numbers = numbers;
    profile.columns = profiles;
    profile.rows_seen = seen;
}

/// The columns, once by themselves and then with what they say together about numbers.
fn profiles(columns: &[ColumnCounts], names: &[String]) -> (Option<Finding<NumberStyle>>, Vec<ColumnProfile>) {
    let all = |elsewhere: Option<NumberStyle>| -> Vec<ColumnProfile> {
        let named = columns.iter().zip(names).enumerate();
        named.map(|(at, (column, name))| column.profile(name, at + 1, elsewhere)).collect()
    };
    let alone = all(None);
    let speaks = |column: &&ColumnProfile| {
        let number = column.number.as_ref().map(|number| number.value);
        number.is_some_and(|style| {
            style.decimal.is_some() || style.group.is_some() || style.negative != SignPlace::Unseen
        })
    };
    let speaking: Vec<&Finding<NumberStyle>> =
        alone.iter().filter(speaks).filter_map(|column| column.number.as_ref()).collect();
    let numbers = number::of_file(&speaking);
    let sure = numbers.as_ref().filter(|numbers| numbers.confidence > Confidence::Unsure).map(|numbers| numbers.value);
    let mut profiles = if sure.is_some() { all(sure) } else { alone };
    hide_halves(columns, &mut profiles);
    (numbers, profiles)
}

/// A personal number that was taken apart is one all the same.
fn hide_halves(columns: &[ColumnCounts], profiles: &mut [ColumnProfile]) {
    for at in 1..columns.len() {
        if columns[at - 1].halves_of_persons(&columns[at]) {
            for half in &mut profiles[at - 1..=at] {
                half.examples.clear();
                half.holds =
                    Finding::new(ColumnType::Person, Confidence::Unsure, "half of what looks like a personal number")
                        .or([ColumnType::Code]);
            }
        }
    }
}
