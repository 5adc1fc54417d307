//! Where the structure of a file could change: separators, and *breaks* (line ends, quotation and escape marks, NUL
//! bytes, carriage returns that belong to no line end).
//!
//! Finding these places is one pass over a block, without a branch that depends on the bytes; what they mean (a
//! separator inside quotes is none) is decided by whoever walks along them. The two are apart because the pass is where
//! the time goes: it makes masks of 64 bytes, with vector instructions where the processor has them (`vector`), and
//! empties them into the lists. Since it keeps no state, a stray quotation mark costs its own line and not the block.
//!
//! The breaks are listed apart, as numbers of places. An ordinary record is then known without looking at a byte of
//! it: the next break is as many places away as the record has cells, and it is a line end.

#![expect(clippy::inline_always, reason = "what is not inlined is not compiled for the caller's instructions")]

mod vector;

use self::vector::Level;

const STRIDE: usize = 64;
const LINE_FEED: u8 = b'\n';
const CARRIAGE_RETURN: u8 = b'\r';

/// What is looked for, besides line ends and NUL bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Specials {
    /// Between cells.
    pub(super) delimiter: Option<u8>,
    /// Around cells.
    pub(super) quote: Option<u8>,
    /// Before a quotation mark that is text.
    pub(super) escape: Option<u8>,
    /// LF, or CR where that alone ends a line.
    pub(super) line_end: u8,
}

/// The bytes that a stride is compared with; what is not looked for repeats the line end.
#[derive(Debug, Clone, Copy)]
struct Marks {
    delimiter: u8,
    quote: u8,
    escape: u8,
    line_end: u8,
    /// The other of LF and CR.
    other_end: u8,
    /// All bits if there is a delimiter, none otherwise.
    delimited: u64,
    /// All bits if a CR before an LF is no place of its own, none otherwise.
    joined: u64,
}

/// A bit for each byte of a stride.
#[derive(Debug, Clone, Copy)]
struct Masks {
    delimiter: u64,
    line_end: u64,
    other_end: u64,
    /// Quotation marks, escape marks and NUL bytes.
    rest: u64,
}

/// The places of a block.
#[derive(Debug)]
pub(super) struct Structure {
    marks: Marks,
    level: Level,
    places: List,
    breaks: List,
}

/// Numbers of which always a whole stride's worth can be written, however many count.
#[derive(Debug, Default)]
struct List {
    memory: Vec<u32>,
    used: usize,
}

impl Structure {
    pub(super) fn new(specials: Specials) -> Self {
        Self::at_level(specials, Level::best())
    }

    fn at_level(specials: Specials, level: Level) -> Self {
        let Specials { delimiter, quote, escape, line_end } = specials;
        let by_line_feed = line_end == LINE_FEED;
        let marks = Marks {
            delimiter: delimiter.unwrap_or(line_end),
            quote: quote.unwrap_or(line_end),
            escape: escape.unwrap_or(line_end),
            line_end,
            other_end: if by_line_feed { CARRIAGE_RETURN } else { LINE_FEED },
            delimited: if delimiter.is_some() { u64::MAX } else { 0 },
            joined: if by_line_feed { u64::MAX } else { 0 },
        };
        Self { marks, level, places: List::default(), breaks: List::default() }
    }

    /// Finds the places from `from` on, and forgets those of another block.
    pub(super) fn find(&mut self, bytes: &[u8], from: usize) {
        self.places.used = 0;
        self.breaks.used = 0;
        vector::find(self, bytes, from);
    }

    /// The places, in order. A CR before an LF is none.
    pub(super) fn places(&self) -> &[u32] {
        &self.places.memory[..self.places.used]
    }

    /// Which of the places are something else than separators, by their numbers.
    pub(super) fn breaks(&self) -> &[u32] {
        &self.breaks.memory[..self.breaks.used]
    }

    /// Lists what the masks of a stride hold. `next` is the byte behind it.
    #[inline(always)]
    fn list(&mut self, masks: Masks, base: usize, next: Option<u8>) {
        let before_line_end = masks.line_end >> 1 | u64::from(next == Some(self.marks.line_end)) << (STRIDE - 1);
        let breaks = masks.line_end | masks.rest | masks.other_end & !(before_line_end & self.marks.joined);
        let all = breaks | masks.delimiter & self.marks.delimited;
        let number = offset(self.places.used);
        self.breaks.extend::<2>(breaks, |bit| number + (all & (bit.wrapping_sub(1))).count_ones());
        let base = offset(base);
        self.places.extend::<8>(all, |bit| base + bit.trailing_zeros());
    }
}

impl List {
    /// Appends a number for each bit of the mask. Always a whole bunch at a time: how many there are is not to be
    /// foreseen, and a mistaken guess of the processor costs more than a few numbers that are thrown away.
    #[inline(always)]
    fn extend<const BUNCH: usize>(&mut self, mut mask: u64, number: impl Fn(u64) -> u32) {
        let count = mask.count_ones() as usize;
        if self.memory.len() < self.used + STRIDE {
            self.grow();
        }
        let (bunches, _) = self.memory[self.used..].as_chunks_mut::<BUNCH>();
        for bunch in bunches {
            for slot in bunch {
                *slot = number(mask & mask.wrapping_neg());
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                break;
            }
        }
        self.used += count;
    }

    #[cold]
    fn grow(&mut self) {
        self.memory.resize((self.used + STRIDE).next_power_of_two().max(2 * self.memory.len()), 0);
    }
}

/// A position in a block as it is kept in spans.
#[expect(clippy::cast_possible_truncation, reason = "the limits keep a block far below 4 GiB")]
#[inline]
pub(super) fn offset(position: usize) -> u32 {
    debug_assert!(u32::try_from(position).is_ok(), "a block is larger than its spans can address");
    position as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, as plainly as possible: the places, and the numbers of the breaks.
    fn plainly(specials: Specials, bytes: &[u8], from: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut places, mut breaks) = (Vec::new(), Vec::new());
        for at in from..bytes.len() {
            let byte = bytes[at];
            let joined = specials.line_end == b'\n' && byte == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            let is_break = !joined
                && (byte == 0
                    || byte == b'\n'
                    || byte == b'\r'
                    || Some(byte) == specials.quote
                    || Some(byte) == specials.escape);
            if is_break {
                breaks.push(offset(places.len()));
            }
            if is_break || Some(byte) == specials.delimiter {
                places.push(offset(at));
            }
        }
        (places, breaks)
    }

    fn looked_for() -> impl Strategy<Value = Specials> {
        (
            prop_oneof![Just(Some(b';')), Just(Some(b'\t')), Just(Some(b',')), Just(None)],
            prop_oneof![Just(None), Just(Some(b'"')), Just(Some(b'\''))],
            prop_oneof![Just(None), Just(Some(b'\\'))],
            prop_oneof![Just(b'\n'), Just(b'\r')],
        )
            .prop_map(|(delimiter, quote, escape, line_end)| Specials { delimiter, quote, escape, line_end })
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let text = || proptest::sample::select(b";;;;\t,\"'\\\n\r\r\0ab".to_vec());
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            proptest::collection::vec(text(), 0..300),
            proptest::collection::vec(prop_oneof![20 => Just(b'x'), 1 => text()], 0..600),
        ]
    }

    proptest! {
        #[test]
        fn the_pass_finds_what_a_plain_loop_finds(specials in looked_for(), bytes in bytes(), from in 0usize..90) {
            let from = from.min(bytes.len());
            let expected = plainly(specials, &bytes, from);
            for level in Level::all() {
                let mut structure = Structure::at_level(specials, level);
                structure.find(b";\"\n;", 0);
                structure.find(&bytes, from);
                prop_assert_eq!(structure.places(), expected.0.as_slice(), "{:?}", level);
                prop_assert_eq!(structure.breaks(), expected.1.as_slice(), "{:?}", level);
            }
        }
    }
}
