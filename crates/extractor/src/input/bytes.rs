//! The bytes of a file before anything is done to them, with a look at what comes next and a count of what was taken.

use std::io::{self, BufRead, ErrorKind, Read};

const CAPACITY: usize = 128 * 1024;

/// A buffered input. It knows whether it failed itself, so that a failing disk can be told from a damaged file by
/// whoever unpacks it.
pub(super) struct Bytes {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    taken: u64,
    ended: bool,
    failed: bool,
}

impl Bytes {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: Vec::new(), at: 0, taken: 0, ended: false, failed: false }
    }

    /// The next bytes without taking them: so many, or fewer at the end of the file.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < count && !self.ended {
            self.buffer.drain(..self.at);
            self.at = 0;
            self.read_more(count)?;
        }
        let end = self.buffer.len().min(self.at + count);
        Ok(&self.buffer[self.at..end])
    }

    /// How many bytes were taken: the offset of the next one in the file.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether the last error was the input's own.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// Reads behind what the buffer holds.
    fn read_more(&mut self, at_least: usize) -> io::Result<()> {
        let held = self.buffer.len();
        self.buffer.resize(held + CAPACITY.max(at_least), 0);
        let read = read_some(&mut *self.input, &mut self.buffer[held..]);
        self.buffer.truncate(held + read.as_ref().unwrap_or(&0));
        self.failed = read.is_err();
        self.ended = read? == 0;
        Ok(())
    }
}

fn read_some(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl BufRead for Bytes {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() && !self.ended {
            self.buffer.clear();
            self.at = 0;
            self.read_more(CAPACITY)?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.taken += count as u64;
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Whoever has a large buffer gets his bytes without a copy in between.
        let read = if self.at == self.buffer.len() && buffer.len() >= CAPACITY && !self.ended {
            let read = read_some(&mut *self.input, buffer);
            self.failed = read.is_err();
            let read = read?;
            self.ended = read == 0;
            self.taken += read as u64;
            read
        } else {
            let held = self.fill_buf()?;
            let length = held.len().min(buffer.len());
            buffer[..length].copy_from_slice(&held[..length]);
            self.consume(length);
            length
        };
        Ok(read)
    }
}
