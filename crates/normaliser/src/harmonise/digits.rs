//! Several ASCII digits at a time, in one machine word.
//!
//! A cell is a handful of bytes in the middle of a large buffer. Where the buffer goes on far enough, a whole word is
//! read and the foreign bytes are masked out, which takes the same few instructions whatever the cell's length; the
//! last cells of a buffer, for which that is not so, answer `None` and take the slow way.

/// A cell in its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    /// What the cell lies in.
    buffer: &'a [u8],
    start: usize,
    end: usize,
}

const ZEROS: u64 = 0x3030_3030_3030_3030;
const HIGH_BITS: u128 = 0x8080_8080_8080_8080_8080_8080_8080_8080;
const ZEROS_128: u128 = 0x3030_3030_3030_3030_3030_3030_3030_3030;

/// The last `n` bytes of a word, for `n` up to 8.
const LAST: [u64; 9] = {
    let mut masks = [0; 9];
    let mut n = 1;
    while n <= 8 {
        masks[n] = u64::MAX << (64 - 8 * n);
        n += 1;
    }
    masks
};

/// The first `n` bytes of a long word, for `n` up to 16.
const FIRST: [u128; 17] = {
    let mut masks = [0; 17];
    let mut n = 1;
    while n <= 16 {
        masks[n] = u128::MAX >> (128 - 8 * n);
        n += 1;
    }
    masks
};

impl<'a> Cell<'a> {
    /// The bytes from `start` to `end` of a buffer.
    #[inline]
    pub(crate) fn new(buffer: &'a [u8], start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= buffer.len(), "a cell lies in its buffer");
        Self { buffer, start, end }
    }

    /// The number of bytes.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.end - self.start
    }

    /// The bytes alone.
    #[inline]
    pub(crate) fn bytes(self) -> &'a [u8] {
        &self.buffer[self.start..self.end]
    }

    /// The byte so many places from the start.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Option<u8> {
        self.bytes().get(place).copied()
    }

    /// The last byte.
    #[inline]
    pub(crate) fn last(self) -> Option<u8> {
        self.bytes().last().copied()
    }

    /// Without so many bytes at either end, which the cell must have.
    #[inline]
    pub(crate) fn without(self, front: usize, back: usize) -> Self {
        Self { start: self.start + front, end: self.end - back, ..self }
    }

    /// These of its bytes, if it has them.
    #[inline]
    pub(crate) fn cut(self, start: usize, end: usize) -> Option<Self> {
        (start <= end && end <= self.len()).then(|| Self { start: self.start + start, end: self.start + end, ..self })
    }

    /// Without blanks at either end.
    #[inline]
    pub(crate) fn trimmed(self) -> Self {
        match (self.at(0), self.last()) {
            (Some(first), Some(last)) if first > b' ' && last > b' ' => self,
            _ => self.trimmed_bytewise(),
        }
    }

    fn trimmed_bytewise(self) -> Self {
        let rest = self.bytes().trim_ascii_start();
        let start = self.end - rest.len();
        Self { start, end: start + rest.trim_ascii_end().len(), ..self }
    }

    /// Whether all bytes are ASCII.
    #[inline]
    pub(crate) fn is_ascii(self) -> bool {
        match self.head() {
            Some(word) => word & HIGH_BITS == 0,
            None => self.bytes().is_ascii(),
        }
    }

    /// The last bytes of the cell, at most 8, as the high bytes of a word whose low bytes are zeros of text.
    #[inline]
    pub(crate) fn tail(self) -> Option<u64> {
        let word: [u8; 8] = self.buffer.get(self.end.checked_sub(8)?..self.end)?.try_into().ok()?;
        let mask = LAST[self.len().min(8)];
        Some(u64::from_le_bytes(word) & mask | ZEROS & !mask)
    }

    /// All bytes of a cell of at most 16, as the low bytes of a long word whose other bytes are null.
    #[inline]
    pub(crate) fn head(self) -> Option<u128> {
        let mask = *FIRST.get(self.len())?;
        Some(u128::from_le_bytes(self.sixteen()?) & mask)
    }

    /// A cell of 1 to 16 digits, with zeros in front of them up to 16.
    #[inline]
    pub(crate) fn padded(self) -> Option<[u8; 16]> {
        let (word, mask) = (self.head()?, *FIRST.get(self.len())?);
        if self.len() == 0 || !are_digits_at(word, mask) {
            return None;
        }
        // What moves in from below is null, and becomes text as the digits already are.
        let moved = word << (128 - 8 * self.len());
        Some((moved | ZEROS_128).to_le_bytes())
    }

    /// The eight bytes from the cell's first one on, wherever the cell ends.
    #[inline]
    pub(crate) fn eight(self) -> Option<u64> {
        let bytes = self.buffer.get(self.start..self.start + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    /// The same from a byte of the cell on; what does not belong to the cell is null.
    #[inline]
    pub(crate) fn eight_from(self, place: usize) -> u64 {
        let length = (self.len() - place).min(8);
        let rest = Self { start: self.start + place, ..self };
        let word = rest.eight().unwrap_or_else(|| {
            let mut bytes = [0; 8];
            bytes[..length].copy_from_slice(&rest.bytes()[..length]);
            u64::from_le_bytes(bytes)
        });
        word & first_of_eight(length)
    }

    /// The 16 bytes from the cell's first one on, wherever the cell ends.
    #[inline]
    pub(crate) fn sixteen(self) -> Option<[u8; 16]> {
        self.buffer.get(self.start..self.start + 16)?.try_into().ok()
    }
}

/// Whether all eight bytes are ASCII digits.
#[inline]
pub(crate) fn are_digits(word: u64) -> bool {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const SIX: u64 = 0x0606_0606_0606_0606;
    ((word & HIGH) ^ ZEROS) | ((word.wrapping_add(SIX) & HIGH) ^ ZEROS) == 0
}

/// Whether the bytes at which the mask is set are ASCII digits.
#[inline]
pub(crate) fn are_digits_at(word: u128, mask: u128) -> bool {
    let word = word & mask | ZEROS_128 & !mask;
    let (low, high) = halves(word);
    are_digits(low) & are_digits(high)
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each half is wanted for itself")]
pub(crate) fn halves(word: u128) -> (u64, u64) {
    (word as u64, (word >> 64) as u64)
}

/// The mask of the first `n` bytes of a word, for `n` up to 8.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
pub(crate) fn first_of_eight(n: usize) -> u64 {
    FIRST[n & 15] as u64
}

/// How many of eight ASCII bytes are digits.
#[inline]
pub(crate) fn count_digits(word: u64) -> usize {
    const SEVEN_BITS: u64 = 0x7676_7676_7676_7676;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A digit becomes 0 to 9, and of all ASCII bytes only those do not carry into the highest bit.
    let others = (word ^ ZEROS).wrapping_add(SEVEN_BITS);
    ((((!others & HIGH) >> 7).wrapping_mul(ONES)) >> 56) as usize
}

/// Whether the bytes of the word at which the mask is set are ASCII digits.
#[inline]
pub(crate) fn are_eight_digits_at(word: u64, mask: u64) -> bool {
    are_digits(word & mask | ZEROS & !mask)
}

/// The mask of the first `n` bytes of a long word.
pub(crate) fn first(n: usize) -> Option<u128> {
    FIRST.get(n).copied()
}

/// The number that eight digits make; the first digit is the lowest byte.
#[inline]
pub(crate) fn value(word: u64) -> u64 {
    // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    let digits = word & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xFFFF_FFFF
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(text: &[u8]) -> (Vec<u8>, usize, usize) {
        let buffer = [b"987654;,.-abcdefgh".as_slice(), text, b"1234567890123456"].concat();
        (buffer, 18, 18 + text.len())
    }

    #[test]
    fn the_ends_of_a_buffer_are_left_to_others() {
        assert_eq!(Cell::new(b"1234567", 0, 7).tail(), None);
        assert_eq!(Cell::new(b"12345678", 0, 8).tail().map(value), Some(12_345_678));
        assert_eq!(Cell::new(b"0123456789abcde", 0, 3).head(), None);
        assert_eq!(Cell::new(b"0123456789abcdef", 0, 2).head(), Some(0x3130));
        assert_eq!(Cell::new(b"0123456789abcdefgh", 0, 17).head(), None);
    }

    proptest! {
        #[test]
        fn words_are_what_their_bytes_are(text in "[0-9]{0,8}", other in proptest::collection::vec(any::<u8>(), 0..17)) {
            let (buffer, start, end) = cell(text.as_bytes());
            let word = Cell::new(&buffer, start, end).tail().expect("room before");
            prop_assert!(are_digits(word));
            prop_assert_eq!(value(word), text.parse::<u64>().unwrap_or(0));
            let (buffer, start, end) = cell(&other);
            let found = Cell::new(&buffer, start, end);
            if other.len() <= 8 {
                prop_assert_eq!(are_digits(found.tail().expect("room before")), other.iter().all(u8::is_ascii_digit));
            }
            let head = found.head().expect("room behind");
            prop_assert_eq!(&head.to_le_bytes()[..other.len()], other.as_slice());
            let mask = first(other.len()).expect("short");
            prop_assert_eq!(are_digits_at(head, mask), other.iter().all(u8::is_ascii_digit));
            prop_assert_eq!(found.is_ascii(), other.is_ascii());
            for place in 0..other.len() {
                let length = (other.len() - place).min(8);
                let mut eight = [0; 8];
                eight[..length].copy_from_slice(&other[place..place + length]);
                let short = Cell::new(&other, 0, other.len()).eight_from(place);
                prop_assert_eq!((short, found.eight_from(place)), (u64::from_le_bytes(eight), u64::from_le_bytes(eight)));
                let ascii = eight.map(|byte| byte & 0x7F);
                let counted = ascii.iter().filter(|byte| byte.is_ascii_digit()).count();
                prop_assert_eq!(count_digits(u64::from_le_bytes(ascii)), counted);
                let all = eight[..length].iter().all(u8::is_ascii_digit);
                prop_assert_eq!(are_eight_digits_at(short, first_of_eight(length)), all);
            }
            let digits = std::str::from_utf8(&other).ok().filter(|text| !text.is_empty() && other.iter().all(u8::is_ascii_digit));
            let padded = digits.map(|digits| format!("{digits:0>16}").into_bytes());
            prop_assert_eq!(found.padded().map(|bytes| bytes.to_vec()), padded);
            let number = Cell::new(&buffer, 0, 6).padded();
            prop_assert_eq!(number.as_ref(), Some(b"0000000000987654"));
            prop_assert_eq!(found.trimmed().bytes(), other.trim_ascii());
        }
    }
}
