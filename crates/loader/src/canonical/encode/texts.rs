//! Texts side by side, as `Parquet` wants them.

use std::ops::Range;

use model::TextData;

use super::delta::delta;

/// The texts of a page end with the one that reaches this many bytes.
const PAGE_BYTES: usize = 1024 * 1024;
/// The texts that are looked at to choose an encoding.
const SAMPLE: usize = 1024;

/// Texts of a column.
#[derive(Clone, Copy)]
pub(super) struct Texts<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
}

impl<'a> Texts<'a> {
    pub(super) fn of(texts: &'a TextData) -> Self {
        Self { bytes: texts.joined().as_bytes(), ends: texts.ends() }
    }

    fn start(self, row: usize) -> usize {
        if row == 0 { 0 } else { self.ends[row - 1] as usize }
    }

    pub(super) fn get(self, row: usize) -> &'a [u8] {
        &self.bytes[self.start(row)..self.ends[row] as usize]
    }

    /// The texts of these rows, with the rows.
    pub(super) fn stretch(self, rows: Range<usize>) -> impl Iterator<Item = (usize, &'a [u8])> + Clone {
        let mut start = self.start(rows.start);
        rows.clone().zip(&self.ends[rows]).map(move |(row, end)| {
            let text = &self.bytes[start..*end as usize];
            start = *end as usize;
            (row, text)
        })
    }

    /// The rows of each page.
    pub(super) fn pages(self) -> impl Iterator<Item = Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = next;
            let rest = self.ends.get(start..).filter(|rest| !rest.is_empty())?;
            let limit = self.start(start) + PAGE_BYTES;
            next = start + rest.partition_point(|end| (*end as usize) < limit) + 1;
            next = next.min(self.ends.len());
            Some(start..next)
        })
    }
}

/// Appends each text after its length (`PLAIN`).
pub(super) fn plain<'a>(texts: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    for text in texts {
        out.extend_from_slice(&length(text).to_le_bytes());
        out.extend_from_slice(text);
    }
}

fn length(text: &[u8]) -> u32 {
    u32::try_from(text.len()).expect("a batch's text stays below 4 GiB")
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("a batch's text stays below 4 GiB")
}

/// Appends all lengths, then all texts (`DELTA_LENGTH_BYTE_ARRAY`).
pub(super) fn after_lengths<'a>(
    texts: impl Iterator<Item = &'a [u8]> + Clone,
    numbers: &mut Vec<i64>,
    out: &mut Vec<u8>,
) {
    numbers.clear();
    numbers.extend(texts.clone().map(|text| i64::from(length(text))));
    delta(numbers, out);
    texts.for_each(|text| out.extend_from_slice(text));
}

/// As [`after_lengths`], for texts that lie side by side already.
pub(super) fn side_by_side_after_lengths(
    texts: Texts<'_>,
    rows: Range<usize>,
    numbers: &mut Vec<i64>,
    out: &mut Vec<u8>,
) {
    let (start, ends) = (texts.start(rows.start), &texts.ends[rows]);
    numbers.clear();
    numbers.extend(ends.first().map(|end| i64::from(*end) - signed(start)));
    numbers.extend(ends.array_windows().map(|[before, end]| i64::from(end - before)));
    delta(numbers, out);
    let end = ends.last().map_or(start, |end| *end as usize);
    out.extend_from_slice(&texts.bytes[start..end]);
}

/// Appends how much each text shares with the one before, and the rest of it (`DELTA_BYTE_ARRAY`).
pub(super) fn after_shared<'a>(
    texts: impl Iterator<Item = &'a [u8]> + Clone,
    numbers: &mut Vec<i64>,
    out: &mut Vec<u8>,
) {
    let mut before: &[u8] = &[];
    numbers.clear();
    numbers.extend(texts.clone().map(|text| signed(shared(std::mem::replace(&mut before, text), text))));
    delta(numbers, out);
    for (number, text) in numbers.iter_mut().zip(texts.clone()) {
        *number = i64::from(length(text)) - *number;
    }
    delta(numbers, out);
    for (rest, text) in numbers.iter().zip(texts).filter(|(rest, _)| **rest > 0) {
        out.extend_from_slice(&text[text.len() - usize::try_from(*rest).unwrap_or_default()..]);
    }
}

/// Whether texts mostly begin as the one before, as sorted document numbers do.
pub(super) fn share<'a>(texts: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut before: &[u8] = &[];
    let (mut alike, mut all) = (0, 0);
    for text in texts.take(SAMPLE) {
        alike += shared(before, text);
        all += text.len();
        before = text;
    }
    2 * alike > all
}

/// How many bytes two texts have in common at the beginning.
fn shared(one: &[u8], other: &[u8]) -> usize {
    if let (Some(a), Some(b)) = (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return differ.trailing_zeros() as usize / 8;
        }
    }
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// The least and the greatest text.
pub(super) fn bounds<'a>(mut texts: impl Iterator<Item = &'a [u8]>) -> Option<(&'a [u8], &'a [u8])> {
    let first = texts.next()?;
    let (mut least, mut greatest) = (first, first);
    let (mut least_key, mut greatest_key) = (sort_key(first), sort_key(first));
    for text in texts {
        let key = sort_key(text);
        if key < least_key || key == least_key && text < least {
            (least, least_key) = (text, key);
        }
        if key > greatest_key || key == greatest_key && text > greatest {
            (greatest, greatest_key) = (text, key);
        }
    }
    Some((least, greatest))
}

/// A number that is in no other order than the text: its first eight bytes. Texts with the same number may differ.
fn sort_key(text: &[u8]) -> u64 {
    head(text).swap_bytes()
}

/// The first eight bytes of a text as a number, those that it has not as zeros.
#[inline]
pub(super) fn head(text: &[u8]) -> u64 {
    if let Some(eight) = text.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    // Two pieces that overlap have the same bits where they do.
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
        return first | last << (8 * (text.len() - 4));
    }
    let Some(last) = text.len().checked_sub(1) else { return 0 };
    [0, last / 2, last].into_iter().fold(0, |all, at| all | u64::from(text[at]) << (8 * at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_the_first_eight_bytes() {
        let text = b"abcdefghij";
        for length in 0..=text.len() {
            let mut expected = [0; 8];
            expected[..length.min(8)].copy_from_slice(&text[..length.min(8)]);
            assert_eq!(head(&text[..length]).to_le_bytes(), expected);
        }
    }

    #[test]
    fn bounds_are_in_the_order_of_the_bytes() {
        let texts: [&[u8]; 7] = [b"b", b"", b"a\0", b"a", b"abcdefgh\0", b"abcdefgh", b"abcdefghz"];
        for (from, least) in [(0, texts[1]), (2, texts[3]), (4, texts[5])] {
            let greatest = texts[from..].iter().copied().max().expect("some");
            assert_eq!(bounds(texts[from..].iter().copied()), Some((least, greatest)));
        }
        assert_eq!(bounds(std::iter::empty()), None);
    }
}
