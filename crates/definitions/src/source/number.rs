//! How a source writes numbers.

use model::{Code, Negative, NumberFormat, SignColumn};

use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// A number format and the places of what it names.
#[derive(Debug)]
pub(super) struct NumberDoc {
    /// The format.
    pub(super) format: NumberFormat,
    /// Where it stands.
    pub(super) span: Span,
    sign_column: Option<Written<String>>,
}

impl NumberDoc {
    /// The sign column, if there is one.
    pub(super) fn column(&self) -> Option<&Written<String>> {
        self.sign_column.as_ref()
    }
}

/// Digits with nothing but a leading minus: for whole numbers where nothing else is declared.
pub(super) fn plain() -> NumberFormat {
    NumberFormat::plain(&[Negative::Leading])
}

/// The characters that may be declared as a minus: the hyphen, the real minus, and the dash that text programs make.
const MINUS: [(&str, char); 3] = [("-", '-'), ("\u{2212}", '\u{2212}'), ("\u{2013}", '\u{2013}')];
/// The longest unit.
const UNIT: usize = 16;

/// Reads `numbers` or `number`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<NumberDoc> {
    const ALLOWED: [(&str, bool); 2] = [("allowed", true), ("never", false)];
    let mut keys = cursor.keys(&vocabulary::NUMBER, report)?;
    let decimal = keys.maybe("decimal", |cursor| mark(cursor, b",.", report));
    let group = keys.maybe("group", |cursor| mark(cursor, b".,' ", report));
    let negative = keys.maybe("negative", |cursor| negative(cursor, report));
    let minus = keys.maybe("minus", |cursor| minus(cursor, report));
    let plus = keys.maybe("plus", |cursor| cursor.choice(report, &ALLOWED));
    let padding = keys.maybe("padding", |cursor| cursor.choice(report, &ALLOWED));
    let prefixes = keys.maybe("prefix", |cursor| units(cursor, report));
    let suffixes = keys.maybe("suffix", |cursor| units(cursor, report));
    let sign = keys.maybe("sign", |cursor| sign(cursor, report));
    let implied = keys.maybe("implied_decimals", |cursor| cursor.integer::<u8>(report, 0..=18));
    keys.finish(report);
    let signed = !matches!(sign, Ok(None));
    let default = if signed { Vec::new() } else { vec![Negative::Leading] };
    let format = NumberFormat {
        decimal: decimal.ok()?,
        group: group.ok()?,
        negative: negative.ok()?.unwrap_or(default),
        minus: minus.ok()?.unwrap_or_else(|| vec!['-']),
        plus: plus.ok()?.unwrap_or_default(),
        padded: padding.ok()?.unwrap_or_default(),
        prefixes: prefixes.ok()?.unwrap_or_default(),
        suffixes: suffixes.ok()?.unwrap_or_default(),
        implied_decimals: implied.ok()?.unwrap_or(0),
        sign: None,
    };
    check(&format, signed, cursor.at, report)?;
    let (sign, sign_column) = sign.ok()?.unzip();
    Some(NumberDoc { format: NumberFormat { sign, ..format }, span: cursor.span(), sign_column })
}

/// One place of the minus, several, or `never`.
fn negative(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<Negative>> {
    const PLACES: [(&str, Option<Negative>); 4] = [
        ("leading", Some(Negative::Leading)),
        ("trailing", Some(Negative::Trailing)),
        ("parentheses", Some(Negative::Parentheses)),
        ("never", None),
    ];
    if !cursor.is_list() {
        return cursor.choice(report, &PLACES).map(|place| place.into_iter().collect());
    }
    let items = cursor.items(report)?.into_iter();
    let places: Vec<Option<Negative>> = every(items.map(|item| item.choice(report, &PLACES)))?;
    let mut places: Vec<Negative> =
        places.into_iter().collect::<Option<_>>().filter(|places: &Vec<_>| !places.is_empty()).or_else(|| {
            report.error(Code::INVALID_VALUE, cursor.at, "`never` stands alone: write `negative: never`");
            None
        })?;
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn minus(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<char>> {
    if !cursor.is_list() {
        return cursor.choice(report, &MINUS).map(|minus| vec![minus]);
    }
    let items = cursor.items(report)?.into_iter();
    let mut signs: Vec<char> = every(items.map(|item| item.choice(report, &MINUS)))?;
    signs.sort_unstable();
    signs.dedup();
    Some(signs)
}

/// Words that stand beside a number. They must not be mistaken for a part of it.
fn units(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let of_a_number = |c: char| c.is_ascii_digit() || "-+()\u{2212}\u{2013}'".contains(c);
    let words = cursor.text_or_texts(report)?;
    for word in &words {
        let text = &word.value;
        let edges = text.starts_with(['.', ',']) || text.trim() != text;
        if text.is_empty() || text.len() > UNIT || edges || text.contains(of_a_number) {
            let message = format!("`{text}` is no unit that could stand beside a number");
            report
                .error(Code::INVALID_VALUE, word.span, message)
                .help("write words like `kr.` or `%`; blanks between them and the number are always allowed");
            return None;
        }
    }
    Some(words.into_iter().map(|word| word.value).collect())
}

fn mark(cursor: Cursor<'_>, allowed: &[u8], report: &mut Report<'_>) -> Option<u8> {
    let text = cursor.text(report)?;
    match text.value.as_bytes() {
        [byte] if allowed.contains(byte) => Some(*byte),
        _ => {
            let allowed: Vec<String> = allowed.iter().map(|byte| format!("`{}`", char::from(*byte))).collect();
            let message = format!("`{}` is one of {}", cursor.name, allowed.join(" "));
            report.error(Code::INVALID_VALUE, text.span, message);
            None
        }
    }
}

fn check(format: &NumberFormat, signed: bool, at: Span, report: &mut Report<'_>) -> Option<()> {
    let message = if format.decimal.is_some() && format.decimal == format.group {
        "the decimal mark and the grouping mark are the same"
    } else if format.decimal.is_some() && format.implied_decimals > 0 {
        "a number has either a decimal mark or implied decimals"
    } else if signed && (!format.negative.is_empty() || format.plus) {
        "a number has its sign either in a column of its own or at the digits: write `negative: never`"
    } else if format.padded && format.negative.is_empty() && !format.plus {
        "`padding` stands between a sign and the digits, and there is no sign"
    } else {
        return Some(());
    };
    report.error(Code::INVALID_VALUE, at, message);
    None
}

fn sign(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<(SignColumn, Written<String>)> {
    let mut keys = cursor.keys(&vocabulary::SIGN, report)?;
    let column = keys.need("column", report).and_then(|cursor| cursor.some_text(report));
    let mut words = |key| {
        let words = keys.need(key, report).and_then(|cursor| cursor.texts(report));
        words.map(|words| words.into_iter().map(|word| word.value).collect::<Vec<_>>())
    };
    let (positive, negative) = (words("positive"), words("negative"));
    keys.finish(report);
    let (positive, negative) = (positive?, negative?);
    if let Some(both) = positive.iter().find(|word| negative.contains(word)) {
        report.error(Code::INVALID_VALUE, cursor.at, format!("`{both}` would be positive and negative"));
        return None;
    }
    let column = column?;
    Some((SignColumn { column: column.value.clone(), positive, negative }, column))
}
