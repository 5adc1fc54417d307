//! The parts of a file that are looked at: its beginning, its end, and pieces spread between them.
//!
//! However large the file, this is a few MiB at most. A pipe cannot be read here and there: of it only the beginning is
//! looked at.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of the beginning.
const HEAD: u64 = 512 << 10;
/// Bytes of the end.
const TAIL: u64 = 128 << 10;
/// Bytes of each piece between them, and how many pieces.
const PIECE: u64 = 64 << 10;
const PIECES: u64 = 12;

/// Parts of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Samples {
    /// The size of the file; `None` if it is not known.
    pub bytes: Option<u64>,
    /// The beginning; all of the file if `tail` and `pieces` are empty and the size is known.
    pub head: Vec<u8>,
    /// Pieces from between, in order. They begin and end in the middle of lines.
    pub pieces: Vec<Vec<u8>>,
    /// The end; it begins in the middle of a line.
    pub tail: Vec<u8>,
}

impl Samples {
    /// Samples of a file that can be read at any place.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_file<F: Read + Seek>(file: &mut F) -> io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        if bytes <= HEAD + TAIL + PIECE * PIECES {
            return Ok(Self { head: read_at(file, 0, bytes)?, bytes: Some(bytes), ..Self::default() });
        }
        let head = read_at(file, 0, HEAD)?;
        // Even, so that a character of two bytes is not cut.
        let step = ((bytes - HEAD - TAIL) / PIECES) & !1;
        let pieces = (0..PIECES).map(|at| read_at(file, HEAD + at * step, PIECE)).collect::<io::Result<_>>()?;
        let tail = read_at(file, (bytes - TAIL) & !1, TAIL + 1)?;
        Ok(Self { bytes: Some(bytes), head, pieces, tail })
    }

    /// The beginning of something that can be read only once.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_stream(input: impl Read) -> io::Result<Self> {
        let most = HEAD + TAIL + PIECE * PIECES;
        let mut head = Vec::new();
        input.take(most + 1).read_to_end(&mut head)?;
        let whole = head.len() as u64 <= most;
        Ok(Self { bytes: whole.then_some(head.len() as u64), head, ..Self::default() })
    }

    /// Samples of something that lies in memory as a whole.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { bytes: Some(bytes.len() as u64), head: bytes.to_vec(), ..Self::default() }
    }

    /// Whether this is all of the file.
    pub fn is_complete(&self) -> bool {
        self.bytes == Some(self.head.len() as u64)
    }

    /// How many bytes were looked at.
    pub fn seen(&self) -> u64 {
        let pieces: usize = self.pieces.iter().map(Vec::len).sum();
        (self.head.len() + pieces + self.tail.len()) as u64
    }
}

fn read_at<F: Read + Seek>(file: &mut F, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut part = Vec::new();
    file.take(bytes).read_to_end(&mut part)?;
    Ok(part)
}
