//! gzip and Zstandard: streams that hold one file. Several behind each other are read as one.

use std::io::{self, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::bytes::Bytes;
use super::meter::{Meter, damaged};

/// The largest window of a Zstandard stream, as a power of two: what the reference decoder takes unasked. It bounds
/// the memory.
const WINDOW: u32 = 27;

/// Reads a gzip file.
pub(super) struct Gzip {
    decoder: MultiGzDecoder<Bytes>,
    meter: Meter,
}

impl Gzip {
    pub(super) fn new(input: Bytes, meter: Meter) -> Self {
        Self { decoder: MultiGzDecoder::new(input), meter }
    }
}

impl Read for Gzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer);
        checked(read, self.decoder.get_ref(), &mut self.meter)
    }
}

/// Reads a Zstandard file.
pub(super) struct Zstd {
    decoder: Decoder<'static, Bytes>,
    meter: Meter,
}

impl Zstd {
    pub(super) fn new(input: Bytes, meter: Meter) -> io::Result<Self> {
        let mut decoder = Decoder::with_buffer(input)?;
        decoder.window_log_max(WINDOW)?;
        Ok(Self { decoder, meter })
    }
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer);
        checked(read, self.decoder.get_ref(), &mut self.meter)
    }
}

/// Counts what was read. An error that is not the input's own says that the file is not what it claims to be.
fn checked(read: io::Result<usize>, input: &Bytes, meter: &mut Meter) -> io::Result<usize> {
    match read {
        Ok(read) => {
            meter.count(read, input.taken())?;
            Ok(read)
        }
        Err(error) if input.failed() => Err(error),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(damaged("it is cut", input.taken())),
        Err(_) => Err(damaged("its content or check sum is wrong, or other bytes follow it", input.taken())),
    }
}
