//! Which rows of a delivery may share their key with another: found by hashes, in memory that does not grow with the
//! rows.
//!
//! A row takes 16 bytes: 88 bits of its hash and its record number. They are sorted into buckets by the leading bits;
//! a bucket that is full goes to a temporary file, and in the end one bucket at a time is looked through. In a
//! delivery of a billion rows two keys that differ share 88 bits with a probability of one in 600 million; then they
//! are looked at and found to differ.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why keys could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The temporary file for what does not fit in memory cannot be made, written or read.
    #[error("the temporary file of the key check in `{}` cannot be used: {source}", folder.display())]
    Spill {
        /// The folder that it lies in.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record number beyond 2^40: no place is left for it.
    #[error("the key check numbers 2^40 records at most")]
    TooManyRecords,
}

const BUCKET_BITS: u32 = 8;
const RECORD_BITS: u32 = 40;
const RECORDS: u128 = (1 << RECORD_BITS) - 1;
/// Rows of a bucket that are kept in memory: all buckets together take 16 MiB.
const BUCKET_ROWS: usize = 4096;
const ENTRY: usize = size_of::<u128>();

/// Collects the hashed keys of one delivery.
#[derive(Debug)]
pub struct KeyCheck {
    folder: PathBuf,
    bucket_rows: usize,
    /// Hash and record number of each row that is in memory, by the leading bits of the hash.
    buckets: Vec<Vec<u128>>,
    spill: Option<Spill>,
}

/// Full buckets in a file without a name; it vanishes with the check.
#[derive(Debug)]
struct Spill {
    file: File,
    length: u64,
    /// Where the stretches of each bucket begin. All are of one length.
    starts: Vec<Vec<u64>>,
    bytes: Vec<u8>,
}

impl KeyCheck {
    /// A check that puts what does not fit in memory into a file of this folder. Most deliveries need none.
    pub fn new(temp_folder: &Path) -> Self {
        Self::with_bucket_rows(temp_folder, BUCKET_ROWS)
    }

    pub(super) fn with_bucket_rows(temp_folder: &Path, bucket_rows: usize) -> Self {
        Self { folder: temp_folder.to_owned(), bucket_rows, buckets: vec![Vec::new(); 1 << BUCKET_BITS], spill: None }
    }

    /// Adds rows by the hash of their key and their record number; see [`crate::KeyHasher`].
    pub fn add(&mut self, hashes: &[u128], records: &[u64]) -> Result<(), KeyError> {
        if records.iter().fold(0, |all, record| all | record) >> RECORD_BITS != 0 {
            return Err(KeyError::TooManyRecords);
        }
        for (hash, record) in hashes.iter().zip(records) {
            let number = bucket_of(*hash);
            let bucket = &mut self.buckets[number];
            bucket.push(hash & !RECORDS | u128::from(*record));
            if bucket.len() == self.bucket_rows {
                self.spill(number).map_err(|source| unusable(&self.folder, source))?;
            }
        }
        Ok(())
    }

    fn spill(&mut self, number: usize) -> io::Result<()> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            None => self.spill.insert(Spill::in_folder(&self.folder)?),
        };
        spill.write(number, &self.buckets[number])?;
        self.buckets[number].clear();
        Ok(())
    }

    /// The records that share their hash with another.
    pub fn finish(mut self) -> Result<Suspects, KeyError> {
        let mut search = Search::default();
        let mut suspects = Suspects::default();
        for number in 0..self.buckets.len() {
            let mut bucket = std::mem::take(&mut self.buckets[number]);
            if let Some(spill) = &mut self.spill {
                spill.read(number, self.bucket_rows, &mut bucket).map_err(|source| unusable(&self.folder, source))?;
            }
            search.same_hashes(&bucket, &mut suspects);
        }
        suspects.sort();
        Ok(suspects)
    }
}

fn unusable(folder: &Path, source: io::Error) -> KeyError {
    KeyError::Spill { folder: folder.to_owned(), source }
}

/// The leading bits.
fn bucket_of(hash: u128) -> usize {
    usize::try_from(hash >> (u128::BITS - BUCKET_BITS)).expect("a few bits fit")
}

impl Spill {
    fn in_folder(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, length: 0, starts: vec![Vec::new(); 1 << BUCKET_BITS], bytes: Vec::new() })
    }

    fn write(&mut self, number: usize, entries: &[u128]) -> io::Result<()> {
        self.bytes.clear();
        for entry in entries {
            self.bytes.extend_from_slice(&entry.to_le_bytes());
        }
        self.file.write_all(&self.bytes)?;
        self.starts[number].push(self.length);
        self.length += self.bytes.len() as u64;
        Ok(())
    }

    /// Appends what was written of a bucket, in stretches of `rows`.
    fn read(&mut self, number: usize, rows: usize, bucket: &mut Vec<u128>) -> io::Result<()> {
        bucket.reserve(self.starts[number].len() * rows);
        for start in &self.starts[number] {
            self.bytes.resize(rows * ENTRY, 0);
            self.file.seek(SeekFrom::Start(*start))?;
            self.file.read_exact(&mut self.bytes)?;
            let (entries, _) = self.bytes.as_chunks::<ENTRY>();
            bucket.extend(entries.iter().map(|entry| u128::from_le_bytes(*entry)));
        }
        Ok(())
    }
}

/// Looks through buckets. Nearly every row is alone with its hash, so sorting them all would be work for nothing: two
/// passes over a bit map leave the few that may have company.
#[derive(Default)]
struct Search {
    seen: Vec<u64>,
    twice: Vec<u64>,
    together: Vec<u128>,
}

/// Bits of the map for each row: one row in this many stays by chance.
const BITS_A_ROW: usize = 16;

impl Search {
    fn same_hashes(&mut self, bucket: &[u128], suspects: &mut Suspects) {
        if bucket.len() < 2 {
            return;
        }
        let words = (bucket.len() * BITS_A_ROW / 64).max(1).next_power_of_two();
        for map in [&mut self.seen, &mut self.twice] {
            map.clear();
            map.resize(words, 0);
        }
        // Bits of the hash that a bucket does not share.
        let place = |entry: &u128| {
            let bits = usize::try_from(entry >> 64 & u128::from(u32::MAX)).expect("32 bits fit");
            (bits / 64 % words, 1u64 << (bits % 64))
        };
        for entry in bucket {
            let (word, bit) = place(entry);
            self.twice[word] |= self.seen[word] & bit;
            self.seen[word] |= bit;
        }
        let company = bucket.iter().filter(|entry| {
            let (word, bit) = place(entry);
            self.twice[word] & bit != 0
        });
        self.together.clear();
        self.together.extend(company);
        self.together.sort_unstable();
        let groups = self.together.chunk_by(|a, b| a >> RECORD_BITS == b >> RECORD_BITS);
        groups.filter(|group| group.len() > 1).for_each(|group| suspects.push(group));
    }
}

/// Records that may share their key with another one, in groups: those of different groups certainly differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspects {
    records: Vec<u64>,
    groups: Vec<Range<usize>>,
}

impl Suspects {
    fn push(&mut self, entries: &[u128]) {
        let start = self.records.len();
        let record = |entry: &u128| u64::try_from(entry & RECORDS).expect("40 bits fit");
        self.records.extend(entries.iter().map(record));
        self.groups.push(start..self.records.len());
    }

    /// Records ascend within a group, so the first is the smallest. In the order of these, rows are found together.
    fn sort(&mut self) {
        self.groups.sort_unstable_by_key(|group| self.records[group.start]);
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether every key is certainly unique.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record numbers in portions to be judged one after the other, by a [`crate::KeyJudge`] each. A portion has
    /// at most `max_rows` records, unless a single group has more.
    pub fn portions(&self, max_rows: usize) -> impl Iterator<Item = BTreeSet<u64>> {
        let mut rest = self.groups.as_slice();
        std::iter::from_fn(move || {
            let mut rows = 0;
            let fits = |group: &&Range<usize>| {
                rows += group.len();
                rows <= max_rows
            };
            let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
            let (portion, later) = rest.split_at(count);
            rest = later;
            let records = portion.iter().flat_map(|group| &self.records[group.clone()]);
            (count > 0).then(|| records.copied().collect())
        })
    }
}
