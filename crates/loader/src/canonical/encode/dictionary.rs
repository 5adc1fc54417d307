//! Distinct values in the order in which they first appear, and each value as its position among them.

use xxhash_rust::xxh3::xxh3_64;

use super::texts::{Texts, head};

const NONE: u32 = u32::MAX;
/// Further distinct values make a dictionary larger than it is worth, and slow.
const MOST_TEXTS: usize = 16 * 1024;
/// So many distinct values may come at once; beyond them, every fourth row at most may bring a new one.
const AT_ONCE: usize = 1024;

/// A dictionary that is built anew for each column chunk, in memory that it keeps.
#[derive(Default)]
pub(super) struct Dictionary {
    /// The position in `entries` of each row.
    pub(super) indices: Vec<u32>,
    /// The distinct values: small numbers, or the rows with the texts.
    pub(super) entries: Vec<u32>,
    table: Vec<u32>,
    slots: Slots,
}

impl Dictionary {
    /// A dictionary of numbers below `size`; `false` if there are more than `most` distinct ones.
    pub(super) fn of_small(&mut self, values: impl Iterator<Item = u32>, size: usize, most: usize) -> bool {
        self.clear();
        self.table.clear();
        self.table.resize(size, NONE);
        for value in values {
            let index = &mut self.table[value as usize];
            if *index == NONE {
                if self.entries.len() == most {
                    return false;
                }
                *index = position(self.entries.len());
                self.entries.push(value);
            }
            self.indices.push(*index);
        }
        true
    }

    /// A dictionary of one value, which every row has.
    pub(super) fn of_one(&mut self, rows: usize) {
        self.clear();
        self.entries.push(0);
        self.indices.resize(rows, 0);
    }

    /// A dictionary of texts, which come with their rows; `all` has them as well. `false` if too many are distinct,
    /// unless there `must` be one.
    pub(super) fn of_texts<'a>(
        &mut self,
        texts: impl Iterator<Item = (usize, &'a [u8])>,
        all: Texts<'a>,
        must: bool,
    ) -> bool {
        self.clear();
        self.slots.clear();
        for (row, text) in texts {
            let entries = &self.entries;
            let next = position(entries.len());
            let index = if text.len() < 8 {
                self.slots.find_or_insert(short_key(text), |_| true, next)
            } else {
                let same = |entry: u32| all.get(entries[entry as usize] as usize) == text;
                self.slots.find_or_insert(long_key(text), same, next)
            };
            if index == next {
                if !must && entries.len() >= MOST_TEXTS.min(AT_ONCE + self.indices.len() / 4) {
                    return false;
                }
                self.entries.push(position(row));
            }
            self.indices.push(index);
        }
        must || self.entries.len() * 2 <= self.indices.len()
    }

    fn clear(&mut self) {
        self.indices.clear();
        self.entries.clear();
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a row group has fewer than 2^32 rows")
}

/// The number that a text of up to seven bytes is: its bytes and how many.
fn short_key(text: &[u8]) -> u64 {
    head(text) | (text.len() as u64) << 56
}

/// A number for a text of eight bytes and more; no short text has it, but other long ones may.
fn long_key(text: &[u8]) -> u64 {
    xxh3_64(text) | 0xff << 56
}

/// Keys and the positions that they have, by open addressing.
#[derive(Default)]
struct Slots {
    slots: Vec<(u64, u32)>,
    used: usize,
}

impl Slots {
    fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(256, (0, NONE));
        self.used = 0;
    }

    /// The position that the key has; it gets `next` if it has none. `same` says whether a position with the same
    /// key is the one that is meant.
    fn find_or_insert(&mut self, key: u64, same: impl Fn(u32) -> bool, next: u32) -> u32 {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = home(key, mask);
        loop {
            let slot = &mut self.slots[at];
            if slot.1 == NONE {
                *slot = (key, next);
                self.used += 1;
                return next;
            }
            if slot.0 == key && same(slot.1) {
                return slot.1;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let larger = vec![(0, NONE); self.slots.len() * 2];
        let before = std::mem::replace(&mut self.slots, larger);
        let mask = self.slots.len() - 1;
        for (key, index) in before.into_iter().filter(|slot| slot.1 != NONE) {
            let mut at = home(key, mask);
            while self.slots[at].1 != NONE {
                at = (at + 1) & mask;
            }
            self.slots[at] = (key, index);
        }
    }
}

/// Where a key's search begins: the upper half of a product mixes all its bits.
fn home(key: u64, mask: usize) -> usize {
    ((key ^ key >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask
}
