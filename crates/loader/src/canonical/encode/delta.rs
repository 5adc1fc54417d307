//! Numbers as differences (`DELTA_BINARY_PACKED`): blocks of 128, each with its least difference, and four widths.

use super::bits::{pack, varint, zigzag};

const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// Appends the numbers. The differences wrap around; readers wrap back.
pub(super) fn delta(values: &[i64], out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint((BLOCK / MINIBLOCK) as u64, out);
    varint(values.len() as u64, out);
    zigzag(values.first().copied().unwrap_or_default(), out);
    for start in (0..values.len().saturating_sub(1)).step_by(BLOCK) {
        let end = values.len().min(start + BLOCK + 1);
        block(&values[start..end], out);
    }
}

/// One block: the differences of a number and up to 128 that follow it.
fn block(values: &[i64], out: &mut Vec<u8>) {
    let count = values.len() - 1;
    let mut deltas = [0_i64; BLOCK];
    for ((delta, before), value) in deltas.iter_mut().zip(values).zip(&values[1..]) {
        *delta = value.wrapping_sub(*before);
    }
    let least = deltas[..count].iter().copied().min().unwrap_or_default();
    let mut residues = [[0_u64; 8]; BLOCK / 8];
    for (residue, delta) in residues.as_flattened_mut()[..count].iter_mut().zip(deltas) {
        *residue = delta.wrapping_sub(least).cast_unsigned();
    }
    zigzag(least, out);
    let miniblocks = residues.as_chunks::<{ MINIBLOCK / 8 }>().0;
    let widths = miniblocks.iter().map(|mini| {
        let all = mini.as_flattened().iter().fold(0, |all, residue| all | residue);
        u64::BITS - all.leading_zeros()
    });
    out.extend(widths.clone().map(|width| width.to_le_bytes()[0]));
    // Miniblocks beyond the end have the width 0, so they take no space.
    widths.zip(miniblocks).for_each(|(width, mini)| pack(mini, width, out));
}
