//! How dates and periods are written: which formats the cells of a column agree on.

use super::profile::ColumnType;

/// A format by its text, as definitions write it, and what it stands for.
const FORMATS: &[(&str, ColumnType)] = &[
    ("dd-mm-yyyy", ColumnType::Date),
    ("dd.mm.yyyy", ColumnType::Date),
    ("dd/mm/yyyy", ColumnType::Date),
    ("mm-dd-yyyy", ColumnType::Date),
    ("mm/dd/yyyy", ColumnType::Date),
    ("mm.dd.yyyy", ColumnType::Date),
    ("yyyy-mm-dd", ColumnType::Date),
    ("yyyy/mm/dd", ColumnType::Date),
    ("yyyy.mm.dd", ColumnType::Date),
    ("ddmmyyyy", ColumnType::Date),
    ("yyyymmdd", ColumnType::Date),
    ("d-m-yyyy", ColumnType::Date),
    ("d.m.yyyy", ColumnType::Date),
    ("d/m/yyyy", ColumnType::Date),
    ("m/d/yyyy", ColumnType::Date),
    ("dd-mm-yy", ColumnType::Date),
    ("dd.mm.yy", ColumnType::Date),
    ("dd/mm/yy", ColumnType::Date),
    ("mm/dd/yy", ColumnType::Date),
    ("yy-mm-dd", ColumnType::Date),
    ("mm.yyyy", ColumnType::Month),
    ("mm-yyyy", ColumnType::Month),
    ("mm/yyyy", ColumnType::Month),
    ("yyyy-mm", ColumnType::Month),
    ("yyyy.mm", ColumnType::Month),
    ("yyyy/mm", ColumnType::Month),
    ("yyyyMmm", ColumnType::Month),
    ("yyyymm", ColumnType::Month),
    ("mmyyyy", ColumnType::Month),
    ("yyyyKq", ColumnType::Quarter),
    ("yyyyQq", ColumnType::Quarter),
    ("yyyy-Qq", ColumnType::Quarter),
    ("yyyy", ColumnType::Year),
];

/// Years that a municipal file can be about.
const YEARS: std::ops::RangeInclusive<u32> = 1850..=2150;
/// Years of what has no separators, where any number could be meant.
const NEAR_YEARS: std::ops::RangeInclusive<u32> = 1950..=2060;

/// How often each format fits.
#[derive(Debug, Clone)]
pub(super) struct DateCounts {
    fits: Vec<u64>,
    /// Cells that some format fits.
    pub(super) dates: u64,
}

impl Default for DateCounts {
    fn default() -> Self {
        Self { fits: vec![0; FORMATS.len()], dates: 0 }
    }
}

/// A format that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) format: &'static str,
    pub(super) ty: ColumnType,
    pub(super) cells: u64,
}

impl Fit {
    /// Whether the cells are digits alone, so that they could as well be numbers.
    pub(super) fn is_bare(&self) -> bool {
        self.format.bytes().all(|byte| matches!(byte, b'd' | b'm' | b'y'))
    }
}

impl DateCounts {
    pub(super) fn add(&mut self, cell: &str) {
        let bytes = cell.as_bytes();
        if !(4..=10).contains(&bytes.len()) || !bytes[0].is_ascii_digit() {
            return;
        }
        let mut any = false;
        for ((format, _), fits) in FORMATS.iter().zip(&mut self.fits) {
            if may_fit(bytes.len(), format) && fits_format(bytes, format.as_bytes()) {
                *fits += 1;
                any = true;
            }
        }
        self.dates += u64::from(any);
    }

    /// The formats that fit most cells; one with fixed widths hides its variant without.
    pub(super) fn best(&self) -> Vec<Fit> {
        let most = self.fits.iter().copied().max().unwrap_or(0);
        if most == 0 {
            return Vec::new();
        }
        let fit = |((format, ty), cells): (&(&'static str, ColumnType), &u64)| {
            (*cells == most).then_some(Fit { format, ty: *ty, cells: *cells })
        };
        let all: Vec<Fit> = FORMATS.iter().zip(&self.fits).filter_map(fit).collect();
        let padded = |fit: &Fit| match fit.format {
            "m/d/yyyy" => "mm/dd/yyyy".to_owned(),
            other if other.starts_with("d-") || other.starts_with("d.") || other.starts_with("d/") => {
                other.replacen('d', "dd", 1).replacen('m', "mm", 1)
            }
            other => other.to_owned(),
        };
        let hidden = |fit: &&Fit| {
            let padded = padded(fit);
            padded != fit.format && all.iter().any(|other| other.format == padded)
        };
        all.iter().filter(|fit| !hidden(fit)).copied().collect()
    }
}

/// Whether a cell of this length can have the format at all: a single letter stands for one or two digits.
fn may_fit(length: usize, format: &str) -> bool {
    length == format.len()
        || (format.len() < length
            && length <= format.len() + 2
            && matches!(format.as_bytes(), [b'd' | b'm', next, ..] if !next.is_ascii_alphabetic()))
}

/// Whether the cell is a day or period in the format.
fn fits_format(cell: &[u8], format: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let (mut year, mut month, mut day, mut quarter) = (None, None, None, None);
    let bare = format.iter().all(|byte| matches!(byte, b'd' | b'm' | b'y'));
    while from < format.len() {
        let letter = format[from];
        let width = format[from..].iter().take_while(|byte| **byte == letter).count();
        from += width;
        if !matches!(letter, b'd' | b'm' | b'y' | b'q') {
            if cell.get(at) != Some(&letter) {
                return false;
            }
            at += 1;
            continue;
        }
        // A single `d` or `m` stands for one or two digits.
        let most = if width == 1 && letter != b'q' { 2 } else { width };
        let digits = cell[at..].iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || (most == width && digits != width) {
            return false;
        }
        let value = cell[at..at + digits].iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
        at += digits;
        match letter {
            b'y' => year = Some(if width == 2 { 2000 + value } else { value }),
            b'm' => month = Some(value),
            b'd' => day = Some(value),
            _ => quarter = Some(value),
        }
    }
    let years = if bare { NEAR_YEARS } else { YEARS };
    let Some(year) = year.filter(|year| years.contains(year)) else { return false };
    at == cell.len()
        && month.is_none_or(|month| (1..=12).contains(&month))
        && quarter.is_none_or(|quarter| (1..=4).contains(&quarter))
        && day.is_none_or(|day| day >= 1 && day <= days_of(month.unwrap_or(1), year))
}

fn days_of(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(cells: &[&str]) -> Vec<&'static str> {
        let mut counts = DateCounts::default();
        for cell in cells {
            counts.add(cell);
        }
        counts.best().iter().map(|fit| fit.format).collect()
    }

    #[test]
    fn formats_are_told_apart_where_the_cells_do() {
        assert_eq!(formats(&["01-02-2024", "13-02-2024"]), ["dd-mm-yyyy"]);
        assert_eq!(formats(&["01-02-2024", "03-04-2024"]), ["dd-mm-yyyy", "mm-dd-yyyy"]);
        assert_eq!(formats(&["2024-02-29"]), ["yyyy-mm-dd"]);
        assert_eq!(formats(&["202401", "202412"]), ["yyyymm"]);
        assert_eq!(formats(&["2024K1", "2023K4"]), ["yyyyKq"]);
        assert_eq!(formats(&["1-2-2024", "13-12-2024"]), ["d-m-yyyy"]);
        assert_eq!(formats(&["31122024", "13012024"]), ["ddmmyyyy"]);
        assert!(formats(&["30-02-2024", "99-99-9999", "abc"]).is_empty());
    }
}
