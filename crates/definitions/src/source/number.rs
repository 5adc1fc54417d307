//! How a source writes numbers.

use model::{Code, Negative, NumberFormat, SignColumn};

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
    NumberFormat { decimal: None, group: None, negative: Negative::Leading, sign: None, implied_decimals: 0 }
}

/// Reads `numbers` or `number`.
pub(super) fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<NumberDoc> {
    const NEGATIVE: [(&str, Negative); 4] = [
        ("leading", Negative::Leading),
        ("trailing", Negative::Trailing),
        ("parentheses", Negative::Parentheses),
        ("never", Negative::Never),
    ];
    let mut keys = cursor.keys(report)?;
    let decimal = keys.maybe("decimal", |cursor| mark(cursor, b",.", report));
    let group = keys.maybe("group", |cursor| mark(cursor, b".,' ", report));
    let negative = keys.maybe("negative", |cursor| cursor.choice(report, &NEGATIVE));
    let sign = keys.maybe("sign", |cursor| sign(cursor, report));
    let implied = keys.maybe("implied_decimals", |cursor| cursor.integer::<u8>(report, 0..=18));
    keys.finish(report);
    let signed = !matches!(sign, Ok(None));
    let default = if signed { Negative::Never } else { Negative::Leading };
    let format = NumberFormat {
        decimal: decimal.ok()?,
        group: group.ok()?,
        negative: negative.ok()?.unwrap_or(default),
        implied_decimals: implied.ok()?.unwrap_or(0),
        sign: None,
    };
    check(&format, signed, cursor.at, report)?;
    let (sign, sign_column) = sign.ok()?.unzip();
    Some(NumberDoc { format: NumberFormat { sign, ..format }, span: cursor.span(), sign_column })
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
    } else if signed && format.negative != Negative::Never {
        "a number has its sign either in a column of its own or at the digits: write `negative: never`"
    } else {
        return Some(());
    };
    report.error(Code::INVALID_VALUE, at, message);
    None
}

fn sign(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<(SignColumn, Written<String>)> {
    let mut keys = cursor.keys(report)?;
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
