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

    /// The text as a number: up to seven bytes and their count. `None` for longer ones.
    pub(super) fn short(self, row: usize) -> Option<u64> {
        let (start, end) = (self.start(row), self.ends[row] as usize);
        let length = end - start;
        if length > 7 {
            return None;
        }
        let bytes = match self.bytes[start..].first_chunk::<8>() {
            Some(bytes) => u64::from_le_bytes(*bytes) & ((1 << (8 * length)) - 1),
            None => self.bytes[start..end].iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
        };
        Some(bytes | (length as u64) << 56)
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

/// Appends all lengths, then all texts (`DELTA_LENGTH_BYTE_ARRAY`). `dense` says that no row is left out.
pub(super) fn after_lengths(
    texts: Texts<'_>,
    rows: impl Iterator<Item = usize> + Clone,
    dense: Option<Range<usize>>,
    numbers: &mut Vec<i64>,
    out: &mut Vec<u8>,
) {
    numbers.clear();
    numbers.extend(rows.clone().map(|row| i64::from(length(texts.get(row)))));
    delta(numbers, out);
    match dense {
        Some(rows) => out.extend_from_slice(&texts.bytes[texts.start(rows.start)..texts.start(rows.end)]),
        None => rows.for_each(|row| out.extend_from_slice(texts.get(row))),
    }
}

/// Appends how much each text shares with the one before, and the rest of it (`DELTA_BYTE_ARRAY`).
pub(super) fn after_shared(
    texts: Texts<'_>,
    rows: impl Iterator<Item = usize> + Clone,
    numbers: &mut Vec<i64>,
    out: &mut Vec<u8>,
) {
    let with_shared = rows.scan(&[][..], |before, row| {
        let text = texts.get(row);
        let shared = shared(before, text);
        *before = text;
        Some((shared, &text[shared..]))
    });
    numbers.clear();
    numbers.extend(with_shared.clone().map(|(shared, _)| shared as i64));
    delta(numbers, out);
    numbers.clear();
    numbers.extend(with_shared.clone().map(|(_, rest)| i64::from(length(rest))));
    delta(numbers, out);
    with_shared.for_each(|(_, rest)| out.extend_from_slice(rest));
}

/// Whether texts mostly begin as the one before, as sorted document numbers do.
pub(super) fn share(texts: Texts<'_>, rows: impl Iterator<Item = usize>) -> bool {
    let mut before: &[u8] = &[];
    let (mut alike, mut all) = (0, 0);
    for row in rows.take(SAMPLE) {
        let text = texts.get(row);
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
        if key <= least_key && text < least {
            (least, least_key) = (text, key);
        } else if key >= greatest_key && text > greatest {
            (greatest, greatest_key) = (text, key);
        }
    }
    Some((least, greatest))
}

/// A number that is in no other order than the text: its first eight bytes.
fn sort_key(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text);
            u64::from_be_bytes(bytes)
        }
    }
}
