//! Writing a delivery as compressed frames, on as many threads as there are.
//!
//! A stored delivery is a sequence of Zstandard frames of [`FRAME`] bytes each, which any Zstandard program reads as
//! one file. Each frame is compressed by itself, so several can be worked on at once and the bytes do not depend on by
//! how many. A delivery of one frame, as most are, never sees a thread.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

/// How much of a delivery a frame holds.
const FRAME: usize = 2 << 20;
/// Finished frames that may wait for one before them.
const MOST_WAITING: usize = 8;

/// The level of compression. What is stored is read again at once and then hardly ever, so time counts more than space.
/// Of a ledger of 1.02 GB this level makes 189 MB in 3.6 CPU seconds, hash included; level 3 in a single frame made
/// 197 MB in 8.8. The levels below 1 save a seventh of the time and double the size.
const LEVEL: i32 = 1;

/// A file that is written as frames.
pub(super) struct Frames {
    file: File,
    /// The beginning of the next frame.
    block: Vec<u8>,
    compressor: Compressor<'static>,
    packed: Vec<u8>,
    threads: usize,
    crew: Option<Crew>,
}

fn compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    Ok(compressor)
}

/// Replaces the content of `packed` by the frame.
fn compress(compressor: &mut Compressor<'_>, block: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
    packed.clear();
    packed.reserve(zstd::zstd_safe::compress_bound(block.len()));
    compressor.compress_to_buffer(block, packed)?;
    Ok(())
}

impl Frames {
    pub(super) fn new(file: File, threads: usize) -> io::Result<Self> {
        Ok(Self { file, block: Vec::new(), compressor: compressor()?, packed: Vec::new(), threads, crew: None })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.block.len() == FRAME {
                self.put()?;
            }
            let length = bytes.len().min(FRAME - self.block.len());
            self.block.extend_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
        }
        Ok(())
    }

    /// Writes what is left. An empty delivery is one empty frame.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some(crew) = self.crew.take() {
            crew.finish(&mut self.file)?;
        }
        compress(&mut self.compressor, &self.block, &mut self.packed)?;
        self.file.write_all(&self.packed)
    }

    /// Sends a full block on its way; `block` is empty then.
    fn put(&mut self) -> io::Result<()> {
        if self.threads > 1 && self.crew.is_none() {
            self.crew = Some(Crew::hire(self.threads - 1)?);
        }
        if let Some(crew) = &mut self.crew {
            return crew.put(&mut self.block, &mut self.compressor, &mut self.file);
        }
        compress(&mut self.compressor, &self.block, &mut self.packed)?;
        self.block.clear();
        self.file.write_all(&self.packed)
    }
}

/// A block to be compressed, and the memory for its frame.
struct Task {
    number: u64,
    block: Vec<u8>,
    packed: Vec<u8>,
}

/// Threads that compress beside the one that writes.
struct Crew {
    tasks: SyncSender<Task>,
    done: Receiver<(Task, io::Result<()>)>,
    threads: Vec<JoinHandle<()>>,
    /// The number of the next block, and of the next frame to be written.
    next: u64,
    written: u64,
    waiting: BTreeMap<u64, Task>,
    /// Memory of blocks that were written.
    spare: Vec<Task>,
}

impl Crew {
    fn hire(threads: usize) -> io::Result<Self> {
        let (tasks, queue) = sync_channel::<Task>(1);
        let (sender, done) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let work = |_| {
            let (queue, sender, mut compressor) = (Arc::clone(&queue), sender.clone(), compressor()?);
            thread::Builder::new().name("compress".to_owned()).spawn(move || {
                loop {
                    let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(mut task) = task else { return };
                    let result = compress(&mut compressor, &task.block, &mut task.packed);
                    if sender.send((task, result)).is_err() {
                        return;
                    }
                }
            })
        };
        let threads = (0..threads).map(work).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { tasks, done, threads, next: 0, written: 0, waiting: BTreeMap::new(), spare: Vec::new() })
    }

    /// Gives the block to a thread that has nothing to do, or compresses it here: so the writing thread, which has
    /// less to do than the others, does its share and waits for nobody. Only when a frame is long overdue it waits,
    /// so that those behind it do not fill the memory.
    fn put(&mut self, block: &mut Vec<u8>, compressor: &mut Compressor<'_>, file: &mut File) -> io::Result<()> {
        let mut task = self.spare.pop().unwrap_or(Task { number: 0, block: Vec::new(), packed: Vec::new() });
        std::mem::swap(&mut task.block, block);
        block.clear();
        task.number = self.next;
        self.next += 1;
        match self.tasks.try_send(task) {
            Ok(()) => {}
            Err(TrySendError::Full(mut task)) => {
                compress(compressor, &task.block, &mut task.packed)?;
                self.waiting.insert(task.number, task);
            }
            Err(TrySendError::Disconnected(_)) => return Err(self.broken()),
        }
        while let Ok((task, result)) = self.done.try_recv() {
            result?;
            self.waiting.insert(task.number, task);
        }
        self.write_ready(file)?;
        while self.waiting.len() >= MOST_WAITING {
            self.receive()?;
            self.write_ready(file)?;
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<()> {
        let Ok((task, result)) = self.done.recv() else { return Err(self.broken()) };
        result?;
        self.waiting.insert(task.number, task);
        Ok(())
    }

    /// Writes the frames whose turn it is.
    fn write_ready(&mut self, file: &mut File) -> io::Result<()> {
        while let Some(task) = self.waiting.remove(&self.written) {
            file.write_all(&task.packed)?;
            self.written += 1;
            self.spare.push(task);
        }
        Ok(())
    }

    fn finish(mut self, file: &mut File) -> io::Result<()> {
        self.write_ready(file)?;
        while self.written < self.next {
            self.receive()?;
            self.write_ready(file)?;
        }
        Ok(())
    }

    /// No thread is left: one made a mistake, and that is ours to repeat.
    fn broken(&mut self) -> io::Error {
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
        io::Error::other("the compressing threads have ended")
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Without a sender the threads end when their block is done. What they would still say does not matter.
        let (closed, _) = sync_channel(1);
        drop(std::mem::replace(&mut self.tasks, closed));
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}
