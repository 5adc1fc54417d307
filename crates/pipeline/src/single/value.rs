//! Canonical values as text.

use std::io::Write;

use model::{Column, ColumnData, ColumnKind, Date};

/// Appends the value of a row that has one: numbers exactly, days as `2024-05-31`, periods as their first day.
pub(super) fn append(column: &Column, kind: &ColumnKind, row: usize, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    match (&column.data, kind) {
        (ColumnData::Number(values), ColumnKind::Decimal { scale }) => decimal(values[row], *scale, out),
        (ColumnData::Number(values), _) => write!(out, "{}", values[row]).unwrap_or_default(),
        (ColumnData::Date(values), _) => match Date::from_days(values[row]) {
            Some(day) => write!(out, "{day}").unwrap_or_default(),
            None => write!(out, "{}", values[row]).unwrap_or_default(),
        },
        (ColumnData::Boolean(values), _) => out.extend_from_slice(if values[row] { b"true" } else { b"false" }),
        (ColumnData::Code(values), ColumnKind::Code(codes)) => {
            out.extend_from_slice(codes[values[row] as usize].as_bytes());
        }
        (ColumnData::Code(values), _) => write!(out, "{}", values[row]).unwrap_or_default(),
        (ColumnData::Text(texts), _) => out.extend_from_slice(texts.get(row).as_bytes()),
    }
}

/// The value of a row that has one, as text of its own: for the few rows of a test.
pub(crate) fn cell_text(column: &Column, kind: &ColumnKind, row: usize) -> String {
    let mut bytes = Vec::new();
    append(column, kind, row, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether values of this kind are numbers or truth values, which JSON has too.
pub(super) fn is_bare(kind: &ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Decimal { .. } | ColumnKind::Boolean)
}

fn decimal(units: i64, scale: u8, out: &mut Vec<u8>) {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs();
    let power = 10u64.pow(u32::from(scale));
    if scale == 0 {
        write!(out, "{sign}{units}").unwrap_or_default();
    } else {
        let (whole, fraction, width) = (units / power, units % power, usize::from(scale));
        write!(out, "{sign}{whole}.{fraction:0width$}").unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (units, scale, text) in [
            (-1, 2, "-0.01"),
            (123_456, 2, "1234.56"),
            (5, 0, "5"),
            (i64::MIN, 4, "-922337203685477.5808"),
            (0, 3, "0.000"),
        ] {
            let mut out = Vec::new();
            decimal(units, scale, &mut out);
            assert_eq!(out, text.as_bytes());
        }
    }
}
