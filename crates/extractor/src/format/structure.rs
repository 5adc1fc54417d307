//! Where the structure of a delimited file could change: separators, quotation marks, and control characters (which
//! hold the line ends, the NUL, and nothing that a text should have).
//!
//! Finding these places is one pass over a block, without a branch that depends on the bytes; what they mean (a
//! separator inside quotes is none) is decided by whoever walks along them. The two are apart because the pass is where
//! the time goes: it alone would be replaced by vector instructions, and it can be, because it keeps no state. It takes
//! eight bytes into a word, eight words into a mask of 64 bits, and empties the masks into the list.

const LANES: usize = 8;
const STRIDE: usize = 64;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Multiplied with the low bits of eight bytes, it gathers them in the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;
/// Bytes up to and including the carriage return, 0x0D.
const CONTROLS: u64 = 0x0E;
/// A byte that is never structure.
const PLAIN: u8 = b'a';

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Specials {
    delimiter: u64,
    quote: u64,
}

impl Specials {
    pub(super) fn new(delimiter: u8, quote: Option<u8>) -> Self {
        let everywhere = |byte: u8| LOW * u64::from(byte);
        Self { delimiter: everywhere(delimiter), quote: everywhere(quote.unwrap_or(delimiter)) }
    }

    /// Appends the position of every byte from `from` on that could be structure.
    pub(super) fn find(self, bytes: &[u8], from: usize, positions: &mut Vec<u32>) {
        let mut base = from;
        let (strides, rest) = bytes[from..].as_chunks::<STRIDE>();
        for stride in strides {
            push_all(self.mask(stride), base, positions);
            base += STRIDE;
        }
        let mut last = [PLAIN; STRIDE];
        last[..rest.len()].copy_from_slice(rest);
        push_all(self.mask(&last) & ((1 << rest.len()) - 1), base, positions);
    }

    /// One bit for each byte.
    fn mask(self, stride: &[u8; STRIDE]) -> u64 {
        let mut mask = 0;
        let (words, _) = stride.as_chunks::<LANES>();
        for (number, word) in words.iter().enumerate() {
            let marks = self.marks(u64::from_le_bytes(*word));
            mask |= ((marks >> 7).wrapping_mul(GATHER) >> 56) << (LANES * number);
        }
        mask
    }

    /// Marks the high bit of every byte that could be structure.
    fn marks(self, word: u64) -> u64 {
        equal(word, self.delimiter) | equal(word, self.quote) | controls(word)
    }
}

/// Appends the positions of the bits. Always eight at a time: how many there are is not to be foreseen, and a
/// mistaken guess of the processor costs more than a few positions that are thrown away.
fn push_all(mut mask: u64, base: usize, positions: &mut Vec<u32>) {
    const BUNCH: usize = 8;
    let mut left = mask.count_ones() as usize;
    while left > 0 {
        let mut bunch = [0; BUNCH];
        for position in &mut bunch {
            *position = offset(base + mask.trailing_zeros() as usize);
            mask &= mask.wrapping_sub(1);
        }
        positions.extend_from_slice(&bunch);
        positions.truncate(positions.len() - BUNCH.saturating_sub(left));
        left = left.saturating_sub(BUNCH);
    }
}

/// Marks the bytes that are equal in both words. Exact: no borrow runs from one byte into the next.
fn equal(word: u64, pattern: u64) -> u64 {
    let difference = word ^ pattern;
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}

/// Marks the bytes below [`CONTROLS`].
fn controls(word: u64) -> u64 {
    let reach = LOW * (0x80 - CONTROLS);
    !(((word & !HIGH) + reach) | word) & HIGH
}

/// A position in a block as it is kept in spans.
#[expect(clippy::cast_possible_truncation, reason = "the limits keep a block far below 4 GiB")]
pub(super) fn offset(position: usize) -> u32 {
    debug_assert!(u32::try_from(position).is_ok(), "a block is larger than its spans can address");
    position as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_pass_finds_what_a_plain_loop_finds(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            delimiter in prop_oneof![Just(b';'), Just(b'\t'), Just(b','), Just(b'|')],
            quote in prop_oneof![Just(None), Just(Some(b'"')), Just(Some(b'\''))],
            from in 0usize..20,
        ) {
            let from = from.min(bytes.len());
            let mut found = Vec::new();
            Specials::new(delimiter, quote).find(&bytes, from, &mut found);
            let special = |byte: u8| byte == delimiter || Some(byte) == quote || byte <= b'\r';
            let expected: Vec<u32> = (from..bytes.len()).filter(|at| special(bytes[*at])).map(offset).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
