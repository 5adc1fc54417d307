//! From the bytes of a cell to the bytes that are parsed: trimming, slicing, null words, maps, padding.
//!
//! Everything is compared in the file's own encoding, so that no cell is decoded for it; the words of the definition
//! are encoded once instead.

use model::{Code, Encoding, FieldMapping, Refusal};

use super::digits::Cell;

/// The widest that a cell can be made with zeros.
pub(crate) const WIDEST: usize = 64;

/// A prepared cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared<'a> {
    /// There is no value.
    Missing,
    /// These bytes are to be parsed.
    Value(&'a [u8]),
    /// The cell ends before the characters that the field is made of.
    TooShort,
}

/// What is done to the cells of a field before they are parsed.
#[derive(Debug, Clone)]
pub(crate) struct Preparation {
    encoding: Encoding,
    slice: Option<(usize, usize)>,
    width: Option<usize>,
    blank_is_null: bool,
    null: Vec<Vec<u8>>,
    map: Vec<(Vec<u8>, Vec<u8>)>,
    /// One bit for each length of a word in `null` or `map`, the last for all longer ones: a cell of such a length has
    /// to be compared with them.
    worded: u64,
}

impl Preparation {
    /// Compiles the mapping for cells in this encoding.
    pub(crate) fn new(mapping: &FieldMapping, encoding: Encoding) -> Result<Self, Refusal> {
        // A word that the encoding cannot write can stand in no cell, so it is left out.
        let null: Vec<Vec<u8>> =
            mapping.null.iter().filter(|word| !word.is_empty()).filter_map(|word| encoding.encode(word)).collect();
        let mut map = Vec::new();
        for (from, to) in &mapping.map {
            if let Some(from) = encoding.encode(from) {
                map.push((from, encoded(to, encoding)?));
            }
        }
        if let Some(width) = mapping.width.filter(|width| *width > WIDEST) {
            return Err(Refusal::new(
                Code::INVALID_VALUE,
                format!("a cell is made at most {WIDEST} wide, not {width}"),
            ));
        }
        let words = null.iter().chain(map.iter().map(|(from, _)| from));
        let worded = words.fold(0, |lengths, word| lengths | length_bit(word.len()));
        let blank_is_null = mapping.null.iter().any(String::is_empty);
        Ok(Self { encoding, slice: mapping.slice, width: mapping.width, blank_is_null, null, map, worded })
    }

    /// Whether nothing has to be done to any cell but trimming it.
    pub(crate) fn is_plain(&self) -> bool {
        self.slice.is_none() && self.width.is_none() && self.worded == 0
    }

    /// Whether an empty cell has no value.
    #[inline]
    pub(crate) fn blank_is_null(&self) -> bool {
        self.blank_is_null
    }

    /// Prepares a cell to which nothing has to be done but trimming and cutting; `None` if it may need more.
    #[inline]
    pub(crate) fn quick<'a>(&self, cell: Cell<'a>) -> Option<Cell<'a>> {
        let mut cell = cell.trimmed();
        if let Some((start, length)) = self.slice {
            let end = start.checked_add(length)?;
            let single = self.encoding != Encoding::Utf8 || cell.cut(0, end)?.is_ascii();
            if !single || self.is_worded(cell) {
                return None;
            }
            cell = cell.cut(start, end)?.trimmed();
        }
        let whole = cell.len() > 0 && self.width.is_none_or(|width| width <= cell.len());
        (whole && !self.is_worded(cell)).then_some(cell)
    }

    /// Prepares a cell as [`Preparation::quick`] does, and puts zeros in front of digits; `room` is where they go.
    #[inline]
    pub(crate) fn ready<'a>(&self, cell: Cell<'a>, room: &'a mut [u8; 32]) -> Option<Cell<'a>> {
        match self.width {
            Some(width) if cell.len() < width => self.widened(cell.trimmed(), width, room),
            _ => self.quick(cell),
        }
    }

    #[inline]
    fn widened<'a>(&self, cell: Cell<'a>, width: usize, room: &'a mut [u8; 32]) -> Option<Cell<'a>> {
        let short = self.slice.is_none() && width <= 16 && cell.len() > 0;
        if !short || self.is_worded(cell) {
            return None;
        }
        room[..16].copy_from_slice(&cell.padded()?);
        Some(Cell::new(room, 16 - width, 16))
    }

    #[inline]
    fn is_worded(&self, cell: Cell<'_>) -> bool {
        self.worded & length_bit(cell.len()) != 0
    }

    /// Prepares one cell. `padded` is room for a cell that is made wider.
    pub(crate) fn prepare<'a>(&'a self, cell: &'a [u8], padded: &'a mut [u8; WIDEST]) -> Prepared<'a> {
        let whole = cell.trim_ascii();
        if self.is_null(whole) {
            return Prepared::Missing;
        }
        let cell = match self.slice {
            None => whole,
            Some((start, length)) => match self.cut(whole, start, length) {
                None => return Prepared::TooShort,
                Some(cell) if self.is_null(cell) => return Prepared::Missing,
                Some(cell) => cell,
            },
        };
        if let Some((_, to)) = self.map.iter().find(|(from, _)| from == cell) {
            return if self.is_null(to) { Prepared::Missing } else { Prepared::Value(to) };
        }
        match self.width {
            Some(width) if cell.len() < width && !cell.is_empty() && cell.iter().all(u8::is_ascii_digit) => {
                let (zeros, digits) = padded[..width].split_at_mut(width - cell.len());
                zeros.fill(b'0');
                digits.copy_from_slice(cell);
                Prepared::Value(&padded[..width])
            }
            _ => Prepared::Value(cell),
        }
    }

    fn is_null(&self, cell: &[u8]) -> bool {
        if cell.is_empty() { self.blank_is_null } else { self.null.iter().any(|word| word == cell) }
    }

    /// The characters from `start`; `None` if the cell has too few.
    fn cut<'a>(&self, cell: &'a [u8], start: usize, length: usize) -> Option<&'a [u8]> {
        let end = start.checked_add(length)?;
        if self.encoding != Encoding::Utf8 || cell.is_ascii() {
            return cell.get(start..end).map(<[u8]>::trim_ascii);
        }
        // What is no UTF-8 is cut by bytes: the parser says what is wrong with it.
        let Ok(text) = std::str::from_utf8(cell) else { return cell.get(start..end) };
        let place = |n: usize| text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(n);
        Some(text.as_bytes()[place(start)?..place(end)?].trim_ascii())
    }
}

#[inline]
fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

/// A word of the definition in the file's encoding.
pub(crate) fn encoded(word: &str, encoding: Encoding) -> Result<Vec<u8>, Refusal> {
    encoding.encode(word).ok_or_else(|| {
        let message = format!("`{word}` in the source's definition cannot be written in {}", encoding.label());
        Refusal::new(Code::INVALID_VALUE, message)
    })
}

/// The words of the definition that can stand in a cell of this encoding.
pub(crate) fn encoded_words(words: &[String], encoding: Encoding) -> Vec<Vec<u8>> {
    words.iter().filter_map(|word| encoding.encode(word)).collect()
}

#[cfg(test)]
mod tests {
    use model::{FieldIndex, Origin, Parse};

    use super::*;

    fn mapping() -> FieldMapping {
        let origin = Origin::Column { names: vec!["A".to_owned()] };
        let null = vec![String::new()];
        FieldMapping {
            field: FieldIndex(0),
            origin,
            slice: None,
            width: None,
            null,
            map: Vec::new(),
            parse: Parse::Text,
        }
    }

    fn prepared(mapping: &FieldMapping, encoding: Encoding, cell: &[u8]) -> Option<String> {
        let preparation = Preparation::new(mapping, encoding).expect("words that can be encoded");
        if let Some(quick) = preparation.quick(Cell::new(cell, 0, cell.len())) {
            assert_eq!(preparation.prepare(cell, &mut [0; WIDEST]), Prepared::Value(quick.bytes()));
        }
        let (buffer, mut room) = ([cell, b"0123456789012345"].concat(), [0; 32]);
        if let Some(ready) = preparation.ready(Cell::new(&buffer, 0, cell.len()), &mut room) {
            assert_eq!(preparation.prepare(cell, &mut [0; WIDEST]), Prepared::Value(ready.bytes()));
        }
        match preparation.prepare(cell, &mut [0; WIDEST]) {
            Prepared::Missing => None,
            Prepared::Value(bytes) => Some(encoding.decode_lossy(bytes)),
            Prepared::TooShort => Some("too short".to_owned()),
        }
    }

    #[test]
    fn blanks_are_trimmed_and_only_declared_words_mean_nothing() {
        let declared = mapping();
        assert_eq!(prepared(&declared, Encoding::Utf8, b"  a b\t"), Some("a b".to_owned()));
        assert_eq!(prepared(&declared, Encoding::Utf8, b"   "), None);
        for word in ["-", "NULL", "#N/A", ".", ".."] {
            assert_eq!(prepared(&declared, Encoding::Utf8, word.as_bytes()), Some(word.to_owned()));
            let null = FieldMapping { null: vec![word.to_owned()], ..mapping() };
            assert_eq!(prepared(&null, Encoding::Utf8, word.as_bytes()), None);
            assert_eq!(prepared(&null, Encoding::Utf8, b" "), Some(String::new()), "an empty text is a text");
        }
    }

    #[test]
    fn slices_count_characters_and_a_short_cell_is_a_fault() {
        let sliced = FieldMapping { slice: Some((1, 2)), ..mapping() };
        assert_eq!(prepared(&sliced, Encoding::Utf8, "aøåb".as_bytes()), Some("øå".to_owned()));
        assert_eq!(prepared(&sliced, Encoding::Iso8859_1, b"a\xF8\xE5b"), Some("øå".to_owned()));
        assert_eq!(prepared(&sliced, Encoding::Utf8, b"ab"), Some("too short".to_owned()));
        assert_eq!(prepared(&sliced, Encoding::Utf8, b"a  b"), None);
        let far = FieldMapping { slice: Some((usize::MAX, 2)), ..mapping() };
        assert_eq!(prepared(&far, Encoding::Utf8, b"ab"), Some("too short".to_owned()));
    }

    #[test]
    fn padding_is_for_digits_and_maps_are_exact() {
        let padded = FieldMapping { width: Some(4), ..mapping() };
        assert_eq!(prepared(&padded, Encoding::Utf8, b"101"), Some("0101".to_owned()));
        assert_eq!(prepared(&padded, Encoding::Utf8, b"10a"), Some("10a".to_owned()));
        assert_eq!(prepared(&padded, Encoding::Utf8, b"10101"), Some("10101".to_owned()));
        let map = vec![("Ø".to_owned(), "1".to_owned()), ("U".to_owned(), String::new())];
        let mapped = FieldMapping { map, ..mapping() };
        assert_eq!(prepared(&mapped, Encoding::Cp850, &[0x9D]), Some("1".to_owned()));
        assert_eq!(prepared(&mapped, Encoding::Cp850, b"U"), None);
        assert_eq!(prepared(&mapped, Encoding::Cp850, b"u"), Some("u".to_owned()));
        let impossible = FieldMapping { map: vec![("E".to_owned(), "€".to_owned())], ..mapping() };
        assert!(Preparation::new(&impossible, Encoding::Iso8859_1).is_err());
    }
}
