//! One number a row for its key, made column by column.

use model::{Column, ColumnData, Dataset, RecordBatch};
use xxhash_rust::xxh3::xxh3_128;

use crate::calendar::Calendar;

/// Hashes what identifies a row: the unit of work that it lies in (municipality and period of the partition) and the
/// key of its dataset.
///
/// Rows that agree in all of that have one hash, whatever the batch. Rows with one hash need not agree: equal hashes
/// are a reason to look, never a finding. A missing value counts as a value of its own.
#[derive(Debug)]
pub struct KeyHasher {
    municipality: usize,
    /// The time field with the periods of the partition, where the key does not hold the day itself.
    time: Option<(usize, Calendar)>,
    fields: Vec<usize>,
}

impl KeyHasher {
    /// For rows of this dataset; `None` where it declares no key, so that there is nothing to check.
    pub fn new(dataset: &Dataset) -> Option<Self> {
        if dataset.key.is_empty() {
            return None;
        }
        let by_period = !dataset.key.contains(&dataset.time);
        let fields = dataset.key.iter().filter(|field| **field != dataset.municipality).map(|field| field.0);
        Some(Self {
            municipality: dataset.municipality.0,
            time: by_period.then(|| (dataset.time.0, Calendar::new(dataset.partition))),
            fields: fields.collect(),
        })
    }

    /// Puts the hash of each row of the batch into `out`, in their order; what `out` held before is forgotten.
    ///
    /// Codes are hashed by their position, so the batches of one check must share a schema.
    pub fn hash(&self, batch: &RecordBatch, out: &mut Vec<u128>) {
        out.clear();
        out.resize(batch.len(), SEED);
        mix_column(&batch.columns[self.municipality], out);
        if let Some((field, calendar)) = &self.time {
            let Column { data: ColumnData::Date(days), valid } = &batch.columns[*field] else {
                unreachable!("the time field is a day")
            };
            mix_words(days.iter().map(|day| u64::from(calendar.number(*day))), valid, out);
        }
        for field in &self.fields {
            mix_column(&batch.columns[*field], out);
        }
    }
}

// Any numbers without a pattern do; these are the first digits of pi, as ciphers like to take them.
const SEED: u128 = 0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344;
const FACTORS: (u64, u64) = (0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89);
const MISSING: (u64, u64) = (0x4528_21e6_38d0_1377, 0xbe54_66cf_34e9_0c6d);

fn mix_column(column: &Column, out: &mut [u128]) {
    let valid = &column.valid;
    match &column.data {
        ColumnData::Number(values) => mix_words(values.iter().map(|value| value.cast_unsigned()), valid, out),
        ColumnData::Date(days) => mix_words(days.iter().map(|day| u64::from(day.cast_unsigned())), valid, out),
        ColumnData::Boolean(truths) => mix_words(truths.iter().map(|truth| u64::from(*truth)), valid, out),
        ColumnData::Code(codes) => mix_words(codes.iter().map(|code| u64::from(*code)), valid, out),
        ColumnData::Text(texts) => {
            for ((text, valid), hash) in texts.iter().zip(valid).zip(out) {
                let words = if *valid { halves(xxh3_128(text.as_bytes())) } else { MISSING };
                *hash = mixed(*hash, words);
            }
        }
    }
}

#[inline]
fn mix_words(words: impl Iterator<Item = u64>, valid: &[bool], out: &mut [u128]) {
    for ((word, valid), hash) in words.zip(valid).zip(out) {
        let words = if *valid { (word, word) } else { MISSING };
        *hash = mixed(*hash, words);
    }
}

/// Two lanes that never meet: what collides in one has no reason to collide in the other.
#[inline]
fn mixed(hash: u128, words: (u64, u64)) -> u128 {
    let (low, high) = halves(hash);
    let (low, high) = (folded(low ^ words.0, FACTORS.0), folded(high ^ words.1, FACTORS.1));
    u128::from(high) << 64 | u128::from(low)
}

/// Multiplies and folds the upper half of the product onto the lower, so that every bit moves all others.
#[inline]
fn folded(word: u64, factor: u64) -> u64 {
    let (low, high) = halves(u128::from(word) * u128::from(factor));
    low ^ high
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}
