//! Random numbers that are the same on every machine: `ChaCha8`, integers only, and a stream of its own for every purpose.
//!
//! A file's content depends on the seed, its municipality and its period, never on what was generated before it. So a
//! run for ten municipalities gives the same files as those ten have in a run for all.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of random numbers is for; the numbers are part of the seed and must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The level and growth of a municipality.
    Municipality = 1,
    /// The ages in a municipality.
    Ages = 2,
    /// The postings of a month.
    Postings = 3,
    /// The employees of a municipality.
    Employees = 4,
    /// The absence of a month.
    Absence = 5,
    /// The classes of a municipality.
    Classes = 6,
    /// The pupils of a year.
    Pupils = 7,
    /// What the ledger of the benchmark has besides the postings.
    Details = 8,
}

/// A stream of random numbers.
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream for this purpose, place (the municipality's position) and time (a period's ordinal, or 0).
    pub fn new(seed: u64, purpose: Purpose, place: usize, time: i32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&(place as u64).to_le_bytes());
        key[24..28].copy_from_slice(&time.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `bound - 1`. The bias of the multiplication is far below what example data could show.
    pub fn below(&mut self, bound: u32) -> u32 {
        scale(self.0.next_u32(), bound)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }
}

/// Maps 32 random bits to the numbers from 0 to `bound - 1`.
pub fn scale(bits: u32, bound: u32) -> u32 {
    ((u64::from(bits) * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_for_ever_and_differ_by_purpose() {
        let first = |purpose, place, time| Random::new(2024, purpose, place, time).bits();
        // If this number changes, every committed example file changes with it.
        assert_eq!(first(Purpose::Postings, 0, 0), 7_686_948_010_262_907_524);
        assert_ne!(first(Purpose::Postings, 0, 0), first(Purpose::Postings, 0, 1));
        assert_ne!(first(Purpose::Postings, 0, 0), first(Purpose::Postings, 1, 0));
        assert_ne!(first(Purpose::Postings, 0, 0), first(Purpose::Absence, 0, 0));
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = Random::new(1, Purpose::Ages, 0, 0);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert_eq!((scale(0, 7), scale(u32::MAX, 7)), (0, 6));
    }
}
