//! Reading ahead: what has to be decompressed is decompressed on a thread of its own while the reader works.
//!
//! The blocks go round between the two threads, so that memory is bounded and allocated once. A short input is read
//! at once and without a thread: most deliveries are smaller than a block, and a thread would cost more than it saves.

use std::io::{self, Cursor, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Bytes that are handed over together.
const BLOCK: usize = 256 * 1024;
/// Blocks that go round.
const BLOCKS: usize = 4;

/// The same bytes, read ahead if there are threads for it and more than one block of bytes.
///
/// # Errors
/// The first block cannot be read.
pub(crate) fn read_ahead(mut input: Box<dyn Read + Send>, threads: usize) -> io::Result<Box<dyn Read + Send>> {
    let mut first = Vec::new();
    input.by_ref().take(BLOCK as u64).read_to_end(&mut first)?;
    if first.len() < BLOCK {
        return Ok(Box::new(Cursor::new(first)));
    }
    if threads < 2 {
        return Ok(Box::new(Cursor::new(first).chain(input)));
    }
    Ok(Box::new(Ahead::start(input, first)?))
}

struct Ahead {
    block: Vec<u8>,
    at: usize,
    /// `None` once the input has ended or failed.
    running: Option<Running>,
    failed: bool,
}

struct Running {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: SyncSender<Vec<u8>>,
    thread: JoinHandle<()>,
}

impl Ahead {
    fn start(input: Box<dyn Read + Send>, first: Vec<u8>) -> io::Result<Self> {
        let (to_reader, full) = sync_channel(BLOCKS);
        let (empty, to_thread) = sync_channel(BLOCKS);
        for _ in 1..BLOCKS {
            // There is room for all of them, and both ends are here.
            drop(empty.send(Vec::new()));
        }
        let work = move || fill_blocks(input, &to_thread, &to_reader);
        let thread = thread::Builder::new().name("read-ahead".to_owned()).spawn(work)?;
        Ok(Self { block: first, at: 0, running: Some(Running { full, empty, thread }), failed: false })
    }

    /// Gives the block back and takes the next one; `false` at the end.
    fn turn(&mut self) -> io::Result<bool> {
        let Some(running) = &self.running else { return Ok(false) };
        let used = std::mem::take(&mut self.block);
        self.at = 0;
        // At the end of the input nobody takes it any more.
        drop(running.empty.send(used));
        match running.full.recv() {
            Ok(Ok(block)) => self.block = block,
            Ok(Err(error)) => {
                self.failed = true;
                return Err(error);
            }
            Err(_) => return self.end(),
        }
        Ok(true)
    }

    /// The thread has ended: because the input has, or by a mistake of the program, which must not look like an end.
    fn end(&mut self) -> io::Result<bool> {
        match self.running.take().map(|running| running.thread.join()) {
            Some(Err(panic)) => resume_unwind(panic),
            _ => Ok(false),
        }
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("the input failed before"));
        }
        while self.at == self.block.len() {
            if buffer.is_empty() || !self.turn()? {
                return Ok(0);
            }
        }
        let length = buffer.len().min(self.block.len() - self.at);
        buffer[..length].copy_from_slice(&self.block[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let Some(Running { full, empty, thread }) = self.running.take() else { return };
        // Without its channels the thread ends with the block that it has in hand.
        drop((full, empty));
        drop(thread.join());
    }
}

/// Fills blocks until the input ends or fails, or the reader goes away.
fn fill_blocks(mut input: Box<dyn Read + Send>, empty: &Receiver<Vec<u8>>, full: &SyncSender<io::Result<Vec<u8>>>) {
    while let Ok(mut block) = empty.recv() {
        block.clear();
        let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
        let last = block.len() < BLOCK;
        let sent = match read {
            Ok(_) if block.is_empty() => return,
            Ok(_) => full.send(Ok(block)),
            // What came before the failure must not be lost: a reader without a thread would have had it.
            Err(error) if block.is_empty() => full.send(Err(error)),
            Err(error) => full.send(Ok(block)).and_then(|()| full.send(Err(error))),
        };
        if sent.is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes, and then an end, a failure or a mistake.
    struct Script {
        left: usize,
        then: fn() -> io::Result<usize>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.left).min(10_007);
            if length == 0 {
                return (self.then)();
            }
            for byte in &mut buffer[..length] {
                *byte = u8::try_from(self.left % 251).unwrap_or(0);
                self.left -= 1;
            }
            Ok(length)
        }
    }

    fn read(left: usize, threads: usize, then: fn() -> io::Result<usize>) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut bytes = Vec::new();
        let result =
            read_ahead(Box::new(Script { left, then }), threads).and_then(|mut input| input.read_to_end(&mut bytes));
        (bytes, result.err().map(|error| error.kind()))
    }

    #[test]
    fn the_bytes_are_the_same_with_and_without_a_thread() {
        for left in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 10 * BLOCK + 17] {
            let (plain, error) = read(left, 1, || Ok(0));
            assert_eq!((plain.len(), error), (left, None));
            assert_eq!(read(left, 2, || Ok(0)), (plain, None), "{left}");
        }
    }

    #[test]
    fn a_failure_comes_after_the_bytes_before_it() {
        for threads in [1, 2] {
            let failed = read(5 * BLOCK + 3, threads, || Err(io::ErrorKind::TimedOut.into()));
            assert_eq!((failed.0.len(), failed.1), (5 * BLOCK + 3, Some(io::ErrorKind::TimedOut)));
        }
    }

    #[test]
    fn a_failure_is_never_followed_by_an_end() {
        let script = Script { left: 2 * BLOCK, then: || Err(io::ErrorKind::TimedOut.into()) };
        let mut input = read_ahead(Box::new(script), 2).expect("the first block");
        let mut bytes = Vec::new();
        assert!(input.read_to_end(&mut bytes).is_err());
        assert!(input.read(&mut [0; 8]).is_err());
    }

    #[test]
    #[should_panic(expected = "a mistake")]
    fn a_mistake_on_the_thread_is_a_mistake_of_the_reader() {
        read(2 * BLOCK, 2, || panic!("a mistake"));
    }

    #[test]
    fn a_reader_may_go_away_early() {
        let mut input = read_ahead(Box::new(Script { left: 50 * BLOCK, then: || Ok(0) }), 2).expect("a block");
        assert_eq!(input.read(&mut [0; 100]).expect("bytes"), 100);
    }
}
