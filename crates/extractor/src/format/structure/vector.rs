//! The pass over a block, with the widest instructions that the processor has.
//!
//! This is the one module with `unsafe` code, and all of it is the call of a function that was compiled for
//! instructions whose presence was just made sure of: the intrinsics themselves are safe functions, and the bytes are
//! loaded from arrays. A crate that wraps them would need the same call, and several thousand lines around it.

#![expect(unsafe_code, reason = "a function compiled for AVX2 is called after AVX2 was found")]

use super::{Marks, Masks, STRIDE, Structure};

const LANES: usize = 8;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// Multiplied with the low bits of eight bytes, it gathers them in the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;
/// A byte that is never structure.
const PLAIN: u8 = b'a';

/// What the processor can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Eight bytes at a time, in ordinary words.
    Portable,
    /// Thirty-two bytes at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Level {
    /// The best that the processor has.
    pub(super) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_avx2() {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// All that the processor has.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        if Self::best() == Self::Portable { vec![Self::Portable] } else { vec![Self::Portable, Self::best()] }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
}

/// Lists the places from `from` on.
pub(super) fn find(structure: &mut Structure, bytes: &[u8], from: usize) {
    match structure.level {
        Level::Portable => pass(structure, bytes, from, portable_masks),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the level is only ever made by `Level::best`, which found the instructions.
        Level::Avx2 => unsafe { avx2::find(structure, bytes, from) },
    }
}

/// Inlined into each function that is compiled for certain instructions, so that it is compiled for them, too.
#[inline(always)]
fn pass(structure: &mut Structure, bytes: &[u8], from: usize, masks: impl Fn(Marks, &[u8; STRIDE]) -> Masks) {
    let marks = structure.marks;
    let mut base = from;
    let (strides, rest) = bytes[from..].as_chunks::<STRIDE>();
    for stride in strides {
        structure.list(masks(marks, stride), base, bytes.get(base + STRIDE).copied());
        base += STRIDE;
    }
    let mut last = [PLAIN; STRIDE];
    last[..rest.len()].copy_from_slice(rest);
    let beyond = u64::MAX << rest.len();
    let found = masks(marks, &last);
    let within = Masks {
        delimiter: found.delimiter & !beyond,
        line_end: found.line_end & !beyond,
        other_end: found.other_end & !beyond,
        rest: found.rest & !beyond,
    };
    structure.list(within, base, None);
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi8,
        _mm256_setzero_si256,
    };

    use super::{Marks, Masks, STRIDE, Structure, pass};

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    pub(super) fn find(structure: &mut Structure, bytes: &[u8], from: usize) {
        pass(structure, bytes, from, |marks, stride| masks(marks, stride));
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,lzcnt")]
    #[inline]
    fn masks(marks: Marks, stride: &[u8; STRIDE]) -> Masks {
        let (low, high) = halves(stride);
        let equal = |mark: u8| {
            let mark = _mm256_set1_epi8(mark.cast_signed());
            (_mm256_cmpeq_epi8(low, mark), _mm256_cmpeq_epi8(high, mark))
        };
        let (quote, escape) = (equal(marks.quote), equal(marks.escape));
        let zero = _mm256_setzero_si256();
        let rest = |quote, escape, half| _mm256_or_si256(_mm256_or_si256(quote, escape), _mm256_cmpeq_epi8(half, zero));
        Masks {
            delimiter: bits(equal(marks.delimiter)),
            line_end: bits(equal(marks.line_end)),
            other_end: bits(equal(marks.other_end)),
            rest: bits((rest(quote.0, escape.0, low), rest(quote.1, escape.1, high))),
        }
    }

    /// The compiler makes two plain loads of it.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn halves(stride: &[u8; STRIDE]) -> (__m256i, __m256i) {
        let (words, _) = stride.as_chunks::<8>();
        let word = |at: usize| i64::from_le_bytes(words[at]);
        (_mm256_set_epi64x(word(3), word(2), word(1), word(0)), _mm256_set_epi64x(word(7), word(6), word(5), word(4)))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn bits((low, high): (__m256i, __m256i)) -> u64 {
        let bits = |half| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
        bits(low) | bits(high) << 32
    }
}

fn portable_masks(marks: Marks, stride: &[u8; STRIDE]) -> Masks {
    let mask = |mark: u8| {
        let pattern = LOW * u64::from(mark);
        let (words, _) = stride.as_chunks::<LANES>();
        let bits = |word: &[u8; LANES]| (equal(u64::from_le_bytes(*word), pattern) >> 7).wrapping_mul(GATHER) >> 56;
        words.iter().enumerate().fold(0, |mask, (number, word)| mask | bits(word) << (LANES * number))
    };
    Masks {
        delimiter: mask(marks.delimiter),
        line_end: mask(marks.line_end),
        other_end: mask(marks.other_end),
        rest: mask(marks.quote) | mask(marks.escape) | mask(0),
    }
}

/// Marks the high bit of the bytes that are equal in both words. Exact: no borrow runs from one byte into the next.
fn equal(word: u64, pattern: u64) -> u64 {
    let difference = word ^ pattern;
    !(((difference & !HIGH) + !HIGH) | difference) & HIGH
}
