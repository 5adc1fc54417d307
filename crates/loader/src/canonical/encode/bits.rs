//! Numbers of a fixed width side by side, least significant bit first; and numbers of any width (varints).

/// Eight numbers of `WIDTH` bits are `WIDTH` bytes. The loop is unrolled, so every shift is a constant.
#[inline]
fn pack_eight<const WIDTH: usize, T: Copy + Into<u64>>(values: &[T; 8]) -> [u8; 64] {
    let mut words = [0_u64; 8];
    for (at, value) in values.iter().enumerate() {
        let value: u64 = (*value).into();
        let (word, shift) = (at * WIDTH / 64, at * WIDTH % 64);
        words[word] |= value << shift;
        if shift + WIDTH > 64 {
            words[word + 1] |= value >> (64 - shift);
        }
    }
    let mut bytes = [0; 64];
    for (into, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *into = word.to_le_bytes();
    }
    bytes
}

fn pack_width<const WIDTH: usize, T: Copy + Into<u64>>(eights: &[[T; 8]], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + eights.len() * WIDTH, 0);
    for (into, eight) in out[start..].as_chunks_mut::<WIDTH>().0.iter_mut().zip(eights) {
        into.copy_from_slice(&pack_eight::<WIDTH, T>(eight)[..WIDTH]);
    }
}

/// Appends the numbers, each in `width` bits; none of them is wider.
pub(super) fn pack<T: Copy + Into<u64>>(eights: &[[T; 8]], width: u32, out: &mut Vec<u8>) {
    macro_rules! widths {
        ($($width:literal)*) => {
            match width {
                0 => {}
                $($width => pack_width::<$width, T>(eights, out),)*
                _ => unreachable!("no number has more than 64 bits"),
            }
        };
    }
    widths!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
        40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64);
}

/// Appends a number in groups of seven bits.
pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

/// Appends a signed number: 0, -1, 1, -2 become 0, 1, 2, 3.
pub(super) fn zigzag(number: i64, out: &mut Vec<u8>) {
    varint(((number << 1) ^ (number >> 63)).cast_unsigned(), out);
}

/// Appends small numbers as runs of equal ones and stretches of packed ones ("RLE / bit-packing hybrid").
///
/// A stretch of packed numbers is a multiple of eight; only the last one may be filled up.
pub(super) fn hybrid(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while let Some(eight) = values[at..].first_chunk::<8>() {
        if eight.iter().any(|value| *value != eight[0]) {
            at += 8;
            continue;
        }
        let length = 8 + values[at + 8..].iter().take_while(|value| **value == eight[0]).count();
        stretch(&values[packed_from..at], width, out);
        run(eight[0], length, width, out);
        at += length;
        packed_from = at;
    }
    stretch(&values[packed_from..], width, out);
}

/// Appends one run of equal numbers.
pub(super) fn run(value: u32, length: usize, width: u32, out: &mut Vec<u8>) {
    varint((length as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

fn stretch(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    varint((values.len().div_ceil(8) as u64) << 1 | 1, out);
    let (eights, rest) = values.as_chunks::<8>();
    pack(eights, width, out);
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        pack(&[last], width, out);
    }
}

/// The bits that the numbers below `count` need; at least one, as some readers know no width of none.
pub(super) fn width_of(count: usize) -> u32 {
    (usize::BITS - count.saturating_sub(1).leading_zeros()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_stand_bit_by_bit() {
        for width in 0..=64 {
            let mask = u64::MAX.checked_shr(64 - width).unwrap_or_default();
            let numbers: Vec<u64> = (1..=24_u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask).collect();
            let mut packed = Vec::new();
            pack(numbers.as_chunks::<8>().0, width, &mut packed);
            assert_eq!(packed.len(), 3 * width as usize);
            let bit = |at: usize| u64::from(packed[at / 8] >> (at % 8) & 1);
            for (at, number) in numbers.iter().enumerate() {
                let found = (0..width as usize).fold(0, |all, low| all | bit(at * width as usize + low) << low);
                assert_eq!(found, *number, "number {at} of {width} bits");
            }
        }
    }

    #[test]
    fn runs_and_packed_numbers_alternate() {
        let mut out = Vec::new();
        hybrid(&[7; 9], 3, &mut out);
        assert_eq!(out, [9 << 1, 7]);
        out.clear();
        hybrid(&[1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 1, &mut out);
        assert_eq!(out, [1 << 1 | 1, 0b0101_0101, 9 << 1, 1, 1 << 1 | 1, 0]);
        out.clear();
        hybrid(&[], 1, &mut out);
        assert!(out.is_empty());
        assert_eq!([1, 2, 3, 4, 5, 256, 257].map(width_of), [1, 1, 2, 2, 3, 8, 9]);
    }
}
