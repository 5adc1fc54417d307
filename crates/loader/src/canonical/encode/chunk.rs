//! One column of a row group: how its values are written.

use std::io;
use std::ops::Range;

use model::{Column, ColumnData, ColumnKind, PageCompression};
use polars_parquet_format::{CompressionCodec, Encoding, Type};

use super::delta::delta;
use super::page::{self, Content};
use super::texts::{self, Texts};
use super::{Encoder, bits};
use crate::canonical::PartKind;

/// Fewer values than this are written as they are: a dictionary would need a page of its own.
const FEW: usize = 64;
/// The most distinct numbers of a dictionary.
const MOST_NUMBERS: usize = 4096;
/// Numbers that lie further apart get no dictionary.
const WIDEST: u16 = u16::MAX;
/// Longer texts do not serve as bounds.
const LONGEST_BOUND: usize = 64;

/// A column of a row group as pages: where they lie in the row group's bytes, and what the footer says of them.
#[derive(Debug)]
pub(in crate::canonical) struct Chunk {
    pub(in crate::canonical) physical: Type,
    pub(in crate::canonical) codec: CompressionCodec,
    pub(in crate::canonical) encodings: Vec<Encoding>,
    pub(in crate::canonical) dictionary_at: Option<usize>,
    pub(in crate::canonical) data_at: usize,
    pub(in crate::canonical) end: usize,
    pub(in crate::canonical) uncompressed: usize,
    pub(in crate::canonical) rows: usize,
    pub(in crate::canonical) missing: usize,
    /// The least and the greatest value.
    pub(in crate::canonical) bounds: Option<(Vec<u8>, Vec<u8>)>,
}

/// Which rows have a value.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    count: usize,
    missing: usize,
    /// For each row; `None` if no value is missing.
    valid: Option<&'a [bool]>,
}

impl<'a> Rows<'a> {
    pub(super) fn all(count: usize) -> Self {
        Self { count, missing: 0, valid: None }
    }

    pub(super) fn of(valid: &'a [bool]) -> Self {
        let missing = valid.iter().map(|valid| usize::from(!valid)).sum();
        Self { count: valid.len(), missing, valid: (missing > 0).then_some(valid) }
    }

    /// How many values there are.
    fn values(self) -> usize {
        self.count - self.missing
    }

    /// Whether a row has a value.
    fn has(self, row: usize) -> bool {
        self.valid.is_none_or(|valid| valid[row])
    }

    /// The values that are not missing.
    fn pick<T: Copy>(self, values: &[T]) -> impl Iterator<Item = T> {
        values.iter().enumerate().filter(move |(row, _)| self.has(*row)).map(|(_, value)| *value)
    }
}

/// Writes the pages of a chunk.
pub(super) struct ChunkWriter<'a> {
    encoder: &'a mut Encoder,
    rows: Rows<'a>,
    compression: PageCompression,
    out: &'a mut Vec<u8>,
    chunk: Chunk,
}

impl<'a> ChunkWriter<'a> {
    pub(super) fn new(
        encoder: &'a mut Encoder,
        rows: Rows<'a>,
        compression: PageCompression,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let chunk = Chunk {
            physical: Type::BYTE_ARRAY,
            codec: CompressionCodec::UNCOMPRESSED,
            encodings: vec![Encoding::RLE],
            dictionary_at: None,
            data_at: out.len(),
            end: out.len(),
            uncompressed: 0,
            rows: rows.count,
            missing: rows.missing,
            bounds: None,
        };
        Self { encoder, rows, compression, out, chunk }
    }

    pub(super) fn finish(mut self) -> Chunk {
        self.chunk.end = self.out.len();
        self.chunk
    }

    pub(super) fn column(&mut self, column: &Column, kind: &ColumnKind, part_kind: PartKind) -> io::Result<()> {
        match (&column.data, kind) {
            (ColumnData::Number(values), _) if self.rows.valid.is_none() => self.numbers(values, Type::INT64),
            (ColumnData::Number(values), _) => self.present_numbers(values, Type::INT64),
            (ColumnData::Date(values), _) => self.present_numbers(values, Type::INT32),
            (ColumnData::Boolean(values), _) => self.booleans(values),
            (ColumnData::Code(values), ColumnKind::Code(codes)) => self.codes(values, codes),
            (ColumnData::Code(_), _) => unreachable!("a column of codes has a list of codes"),
            (ColumnData::Text(values), _) => self.texts(Texts::of(values), part_kind == PartKind::Code),
        }
    }

    /// One text in every row.
    pub(super) fn constant(&mut self, text: &str) -> io::Result<()> {
        let text = text.as_bytes();
        self.chunk.bounds = owned(Some((text, text)));
        self.encoder.dictionary.of_one(self.rows.count);
        self.with_dictionary(|_, page| texts::plain([text].into_iter(), page))
    }

    /// Numbers that ascend, at least for the most part.
    pub(super) fn ascending(&mut self, numbers: &[u64]) -> io::Result<()> {
        self.chunk.physical = Type::INT64;
        let mut values = std::mem::take(&mut self.encoder.numbers);
        values.clear();
        values.extend(numbers.iter().map(|number| number.cast_signed()));
        self.bound_by_numbers(&values);
        self.begin_page(0..self.rows.count);
        delta(&values, &mut self.encoder.page);
        self.encoder.numbers = values;
        self.end_page(self.rows.count, Encoding::DELTA_BINARY_PACKED)
    }

    fn present_numbers<T: Copy + Into<i64>>(&mut self, values: &[T], physical: Type) -> io::Result<()> {
        let mut present = std::mem::take(&mut self.encoder.numbers);
        present.clear();
        match self.rows.valid {
            None => present.extend(values.iter().map(|value| (*value).into())),
            Some(_) => present.extend(self.rows.pick(values).map(Into::into)),
        }
        let result = self.numbers(&present, physical);
        self.encoder.numbers = present;
        result
    }

    /// Numbers without gaps between them.
    fn numbers(&mut self, values: &[i64], physical: Type) -> io::Result<()> {
        self.chunk.physical = physical;
        let bytes = self.number_bytes();
        let (least, span) = self.bound_by_numbers(values);
        if values.len() >= FEW {
            let most = MOST_NUMBERS.min(values.len() / 8);
            let narrow = span.filter(|span| *span < usize::from(WIDEST).min(16 * values.len()));
            let small = values.iter().map(|value| (value.wrapping_sub(least).cast_unsigned() & 0xffff) as u32);
            if narrow.is_some_and(|span| self.encoder.dictionary.of_small(small, span + 1, most)) {
                return self.with_dictionary(|entries, page| {
                    for entry in entries {
                        number(least + i64::from(*entry), bytes, page);
                    }
                });
            }
            // The differences of days must fit the width of a day.
            if span.is_some_and(|span| bytes == 8 || i32::try_from(span).is_ok()) {
                self.begin_page(0..self.rows.count);
                let start = self.encoder.page.len();
                delta(values, &mut self.encoder.page);
                if (self.encoder.page.len() - start) * 2 <= values.len() * bytes {
                    return self.end_page(self.rows.count, Encoding::DELTA_BINARY_PACKED);
                }
            }
        }
        self.begin_page(0..self.rows.count);
        for value in values {
            number(*value, bytes, &mut self.encoder.page);
        }
        self.end_page(self.rows.count, Encoding::PLAIN)
    }

    /// The bytes of a number in `PLAIN`.
    fn number_bytes(&self) -> usize {
        if self.chunk.physical == Type::INT32 { 4 } else { 8 }
    }

    /// The least number, and how far the greatest is from it; `None` for none, or where that is no number of 63 bits.
    fn bound_by_numbers(&mut self, values: &[i64]) -> (i64, Option<usize>) {
        let Some(first) = values.first() else { return (0, None) };
        let wider = |(least, greatest): (i64, i64), value: &i64| (least.min(*value), greatest.max(*value));
        let (least, greatest) = values.iter().fold((*first, *first), wider);
        let bytes = self.number_bytes();
        let plain = |value: i64| value.to_le_bytes()[..bytes].to_vec();
        self.chunk.bounds = Some((plain(least), plain(greatest)));
        (least, greatest.checked_sub(least).and_then(|span| usize::try_from(span).ok()))
    }

    fn booleans(&mut self, values: &[bool]) -> io::Result<()> {
        self.chunk.physical = Type::BOOLEAN;
        let trues = self.rows.pick(values).filter(|value| *value).count();
        if self.rows.values() > 0 {
            self.chunk.bounds = Some((vec![u8::from(trues == self.rows.values())], vec![u8::from(trues > 0)]));
        }
        self.begin_page(0..self.rows.count);
        let page = &mut self.encoder.page;
        let start = page.len();
        page.resize(start + self.rows.values().div_ceil(8), 0);
        for (at, value) in self.rows.pick(values).enumerate() {
            page[start + at / 8] |= u8::from(value) << (at % 8);
        }
        self.end_page(self.rows.count, Encoding::PLAIN)
    }

    fn codes(&mut self, values: &[u32], codes: &[String]) -> io::Result<()> {
        let text = |code: u32| codes[code as usize].as_bytes();
        if self.rows.values() < FEW {
            let rows = self.rows;
            let texts = || rows.pick(values).map(text);
            self.chunk.bounds = owned(texts::bounds(texts()));
            self.begin_page(0..self.rows.count);
            texts::plain(texts(), &mut self.encoder.page);
            return self.end_page(self.rows.count, Encoding::PLAIN);
        }
        let dictionary = &mut self.encoder.dictionary;
        match self.rows.valid {
            None => dictionary.of_small(values.iter().copied(), codes.len(), codes.len()),
            Some(_) => dictionary.of_small(self.rows.pick(values), codes.len(), codes.len()),
        };
        self.chunk.bounds = owned(texts::bounds(dictionary.entries.iter().map(|entry| text(*entry))));
        self.with_dictionary(|entries, page| texts::plain(entries.iter().map(|entry| text(*entry)), page))
    }

    fn texts(&mut self, texts: Texts<'_>, codes: bool) -> io::Result<()> {
        let rows = self.rows;
        let present = |stretch| texts.stretch(stretch).filter(move |(row, _)| rows.has(*row));
        let all = || present(0..rows.count);
        let few = rows.values() < FEW;
        if !few && self.encoder.dictionary.of_texts(all(), texts, codes) {
            let entry = |entry: &u32| texts.get(*entry as usize);
            self.chunk.bounds = owned(texts::bounds(self.encoder.dictionary.entries.iter().map(entry)));
            return self.with_dictionary(|entries, page| texts::plain(entries.iter().map(entry), page));
        }
        self.chunk.bounds = owned(texts::bounds(all().map(|(_, text)| text)));
        let encoding = match few {
            true => Encoding::PLAIN,
            false if texts::share(all().map(|(_, text)| text)) => Encoding::DELTA_BYTE_ARRAY,
            false => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        };
        for stretch in texts.pages() {
            self.begin_page(stretch.clone());
            let present = present(stretch.clone()).map(|(_, text)| text);
            let Encoder { page, numbers, .. } = &mut *self.encoder;
            match encoding {
                Encoding::PLAIN => texts::plain(present, page),
                Encoding::DELTA_BYTE_ARRAY => texts::after_shared(present, numbers, page),
                _ if rows.valid.is_none() => {
                    texts::side_by_side_after_lengths(texts, stretch.clone(), numbers, page);
                }
                _ => texts::after_lengths(present, numbers, page),
            }
            self.end_page(stretch.len(), encoding)?;
        }
        Ok(())
    }

    /// Writes the dictionary that was built, and the rows as positions in it.
    fn with_dictionary(&mut self, entries: impl FnOnce(&[u32], &mut Vec<u8>)) -> io::Result<()> {
        self.begin_page(0..self.rows.count);
        let Encoder { dictionary, dictionary_page, page, press, .. } = &mut *self.encoder;
        let values = dictionary.entries.len();
        let width = bits::width_of(values);
        page.push(width.to_le_bytes()[0]);
        bits::hybrid(&dictionary.indices, width, page);
        dictionary_page.clear();
        entries(&dictionary.entries, dictionary_page);
        let larger = if page.len() < dictionary_page.len() { &dictionary_page } else { &page };
        self.chunk.codec = press.codec_for(self.compression, larger)?;
        self.chunk.dictionary_at = Some(self.out.len());
        self.chunk.encodings.push(Encoding::PLAIN);
        let content = Content::Dictionary { values };
        self.chunk.uncompressed += page::append(press, self.chunk.codec, &content, dictionary_page, self.out)?;
        self.chunk.data_at = self.out.len();
        self.append_page(self.rows.count, Encoding::RLE_DICTIONARY)
    }

    /// Begins a data page: with the levels, which say where a value is missing.
    fn begin_page(&mut self, stretch: Range<usize>) {
        let Encoder { page, levels, .. } = &mut *self.encoder;
        page.clear();
        page.extend_from_slice(&[0; 4]);
        match self.rows.valid {
            None => bits::run(1, stretch.len(), 1, page),
            Some(valid) => {
                levels.clear();
                levels.extend(valid[stretch].iter().map(|valid| u32::from(*valid)));
                bits::hybrid(levels, 1, page);
            }
        }
        let length = u32::try_from(page.len() - 4).expect("a level takes less than a byte");
        page[..4].copy_from_slice(&length.to_le_bytes());
    }

    /// Ends a data page of a chunk without dictionary. The first one decides whether the chunk is compressed.
    fn end_page(&mut self, rows: usize, encoding: Encoding) -> io::Result<()> {
        if self.chunk.uncompressed == 0 {
            self.chunk.codec = self.encoder.press.codec_for(self.compression, &self.encoder.page)?;
        }
        self.append_page(rows, encoding)
    }

    fn append_page(&mut self, values: usize, encoding: Encoding) -> io::Result<()> {
        if !self.chunk.encodings.contains(&encoding) {
            self.chunk.encodings.push(encoding);
        }
        let Encoder { press, page, .. } = &mut *self.encoder;
        let content = Content::Data { values, encoding };
        self.chunk.uncompressed += page::append(press, self.chunk.codec, &content, page, self.out)?;
        Ok(())
    }
}

fn number(value: i64, bytes: usize, page: &mut Vec<u8>) {
    page.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

fn owned(bounds: Option<(&[u8], &[u8])>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (least, greatest) = bounds.filter(|(least, greatest)| least.len().max(greatest.len()) <= LONGEST_BOUND)?;
    Some((least.to_vec(), greatest.to_vec()))
}
