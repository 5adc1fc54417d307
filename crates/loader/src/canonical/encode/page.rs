//! Pages and what stands before them, compressed where it pays.

use std::io;

use model::PageCompression;
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{CompressionCodec, DataPageHeader, DictionaryPageHeader, Encoding, PageHeader, PageType};
use zstd::bulk::Compressor;

/// The part of a page that is compressed to see whether it pays.
const SAMPLE: usize = 16 * 1024;
/// Smaller pages stay as they are: the space that they take is in the headers.
const WORTH_A_TRY: usize = 512;

/// Compresses pages with memory that it keeps.
#[derive(Default)]
pub(super) struct Press {
    zstd: Option<Compressor<'static>>,
    snappy: Option<snap::raw::Encoder>,
    output: Vec<u8>,
}

impl Press {
    fn compress(&mut self, codec: CompressionCodec, page: &[u8]) -> io::Result<&[u8]> {
        if codec == CompressionCodec::SNAPPY {
            self.output.resize(snap::raw::max_compress_len(page.len()), 0);
            let length = self
                .snappy
                .get_or_insert_with(snap::raw::Encoder::new)
                .compress(page, &mut self.output)
                .map_err(io::Error::other)?;
            return Ok(&self.output[..length]);
        }
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => none.insert(Compressor::new(1)?),
        };
        self.output.clear();
        self.output.reserve(zstd::zstd_safe::compress_bound(page.len()));
        zstd.compress_to_buffer(page, &mut self.output)?;
        Ok(&self.output)
    }

    /// The codec for a column chunk with such a page: none, where compression takes time and gains next to nothing.
    /// Packed numbers are often like that.
    pub(super) fn codec_for(&mut self, wanted: PageCompression, page: &[u8]) -> io::Result<CompressionCodec> {
        let codec = match wanted {
            PageCompression::Zstd => CompressionCodec::ZSTD,
            PageCompression::Snappy => CompressionCodec::SNAPPY,
            PageCompression::None => return Ok(CompressionCodec::UNCOMPRESSED),
        };
        if page.len() < WORTH_A_TRY {
            return Ok(CompressionCodec::UNCOMPRESSED);
        }
        let from = page.len().saturating_sub(SAMPLE) / 2;
        let sample = &page[from..page.len().min(from + SAMPLE)];
        let pays = self.compress(codec, sample)?.len() * 10 < sample.len() * 9;
        Ok(if pays { codec } else { CompressionCodec::UNCOMPRESSED })
    }
}

/// What kind of page it is.
pub(super) enum Content {
    /// The distinct values.
    Dictionary {
        /// How many.
        values: usize,
    },
    /// Values or positions in the dictionary, gaps included.
    Data {
        /// How many.
        values: usize,
        /// How they are written.
        encoding: Encoding,
    },
}

/// Appends a page to `out`; returns how many bytes it takes when it is not compressed, header included.
pub(super) fn append(
    press: &mut Press,
    codec: CompressionCodec,
    content: &Content,
    page: &[u8],
    out: &mut Vec<u8>,
) -> io::Result<usize> {
    let body = if codec == CompressionCodec::UNCOMPRESSED { page } else { press.compress(codec, page)? };
    let header = header(content, int(page.len())?, int(body.len())?)?;
    let start = out.len();
    header.write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut *out)).map_err(io::Error::other)?;
    let header = out.len() - start;
    out.extend_from_slice(body);
    Ok(header + page.len())
}

fn header(content: &Content, uncompressed_page_size: i32, compressed_page_size: i32) -> io::Result<PageHeader> {
    let mut header = PageHeader {
        type_: PageType::DATA_PAGE,
        uncompressed_page_size,
        compressed_page_size,
        crc: None,
        data_page_header: None,
        index_page_header: None,
        dictionary_page_header: None,
        data_page_header_v2: None,
    };
    match *content {
        Content::Dictionary { values } => {
            header.type_ = PageType::DICTIONARY_PAGE;
            header.dictionary_page_header =
                Some(DictionaryPageHeader { num_values: int(values)?, encoding: Encoding::PLAIN, is_sorted: None });
        }
        Content::Data { values, encoding } => {
            header.data_page_header = Some(DataPageHeader {
                num_values: int(values)?,
                encoding,
                definition_level_encoding: Encoding::RLE,
                repetition_level_encoding: Encoding::RLE,
                statistics: None,
            });
        }
    }
    Ok(header)
}

fn int(length: usize) -> io::Result<i32> {
    i32::try_from(length).map_err(|_| io::Error::other("a page of 2 GiB or more cannot be written"))
}
