//! zip: the one member that a pattern picks, read while the archive streams by.
//!
//! An archive says everything twice: in front of each member, and in the directory at its end. The usual readers seek
//! to the directory first; here the members come first, since a delivery streams out of the raw archive and is never
//! whole in memory or on disk. The directory is compared with them when it comes: what differs in names, sizes, check
//! sums, places or number refuses the delivery. So neither of the two accounts can hide what the other shows, and
//! members that overlap, a size that lies, or bytes between or behind the parts are found.

mod directory;
mod header;
mod pattern;

use std::io::{self, BufRead, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use model::{Code, Refusal, redact};

use self::header::{DEFLATED, LOCAL, Local, STORED};
use super::bytes::Bytes;
use super::meter::{Meter, damaged, limit};
use crate::error::refused;
use crate::transport::file::escaped;

/// What a member that is not wanted is unpacked into, where only that shows its end.
const SCRATCH: usize = 64 * 1024;

/// The bytes of the member that fits the pattern.
pub(super) struct Member {
    input: Bytes,
    meter: Meter,
    pattern: String,
    /// The members so far, as they stand in front of their data.
    passed: Vec<Passed>,
    /// Whether one of them was the one.
    found: bool,
    state: State,
}

/// A member that was read or passed over.
struct Passed {
    local: Local,
    offset: u64,
}

enum State {
    Between,
    Inside(Box<Data>),
    Ended,
}

/// The data of the wanted member while it is read.
struct Data {
    member: Passed,
    /// Where the data begins in the file.
    begins: u64,
    /// `None` if it is stored as it is.
    inflate: Option<Decompress>,
    crc: Crc,
    unpacked: u64,
    ended: bool,
}

impl Member {
    pub(super) fn new(input: Bytes, pattern: &str, meter: Meter) -> Self {
        let pattern = pattern.to_owned();
        Self { input, meter, pattern, passed: Vec::new(), found: false, state: State::Between }
    }

    /// Goes on to the wanted member's data, or to the end.
    fn advance(&mut self) -> io::Result<()> {
        if !self.input.peek(LOCAL.len())?.starts_with(&LOCAL) {
            directory::check(&mut self.input, &self.passed)?;
            self.state = State::Ended;
            return if self.found { Ok(()) } else { Err(self.absent()) };
        }
        if self.passed.len() >= self.meter.limits.members {
            return Err(limit(format!("the zip archive has more than {} members", self.meter.limits.members)));
        }
        let offset = self.input.taken();
        let member = Passed { local: header::read_local(&mut self.input)?, offset };
        let wanted = !member.local.is_folder() && pattern::fits(&self.pattern, &member.local.name);
        if wanted && self.found {
            return Err(self.several(&member.local));
        }
        if !wanted && !member.local.size_follows() {
            skip(&mut self.input, member.local.packed)?;
            self.passed.push(member);
            return Ok(());
        }
        let mut data = Data::new(member, self.input.taken())?;
        if wanted {
            self.found = true;
            self.state = State::Inside(Box::new(data));
            return Ok(());
        }
        let mut scratch = vec![0; SCRATCH];
        loop {
            let read = data.read(&mut self.input, &mut scratch)?;
            self.meter.count(read, self.input.taken())?;
            if read == 0 {
                self.passed.push(data.finish(&mut self.input)?);
                return Ok(());
            }
        }
    }

    fn absent(&self) -> io::Error {
        let message = format!("the zip archive has no member `{}`; found: {}", self.pattern, listed(&self.passed));
        refused(Refusal::new(Code::ARCHIVE_MEMBER, message).with_help("Correct `member` in the source's `delivery`"))
    }

    fn several(&self, second: &Local) -> io::Error {
        let first = self.passed.iter().map(|member| &member.local);
        let first = first.filter(|local| pattern::fits(&self.pattern, &local.name)).find(|local| !local.is_folder());
        let first = first.map(|local| shown(&local.name)).unwrap_or_default();
        let message = format!(
            "several members of the zip archive are called `{}`: {first} and {}",
            self.pattern,
            shown(&second.name)
        );
        refused(Refusal::new(Code::ARCHIVE_MEMBER, message).with_help("Let `member` pick exactly one"))
    }
}

impl Read for Member {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            match &mut self.state {
                State::Ended => break,
                State::Between => self.advance()?,
                State::Inside(data) => {
                    let read = data.read(&mut self.input, buffer)?;
                    self.meter.count(read, self.input.taken())?;
                    if read > 0 {
                        return Ok(read);
                    }
                    if let State::Inside(data) = std::mem::replace(&mut self.state, State::Between) {
                        self.passed.push(data.finish(&mut self.input)?);
                    }
                }
            }
        }
        Ok(0)
    }
}

impl Data {
    fn new(member: Passed, begins: u64) -> io::Result<Self> {
        let inflate = match member.local.method {
            // A folder has no bytes, wherever that is said.
            STORED if member.local.size_follows() && !member.local.is_folder() => {
                return Err(unsupported("a member is stored without its size"));
            }
            STORED => None,
            DEFLATED => Some(Decompress::new(false)),
            _ => return Err(unsupported("a member is compressed by another method than deflate")),
        };
        Ok(Self { member, begins, inflate, crc: Crc::new(), unpacked: 0, ended: false })
    }

    /// The next bytes of the data; none at its end.
    fn read(&mut self, input: &mut Bytes, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inflate {
            _ if self.ended => 0,
            None => read_stored(input, buffer, self.begins.saturating_add(self.member.local.packed))?,
            Some(inflate) => {
                let (read, ended) = read_deflated(input, buffer, inflate)?;
                self.ended = ended;
                read
            }
        };
        self.crc.update(&buffer[..read]);
        self.unpacked += read as u64;
        Ok(read)
    }

    /// Compares what was read with what the archive said of it, in front of the data or behind.
    fn finish(self, input: &mut Bytes) -> io::Result<Passed> {
        let (crc, packed, unpacked) = (self.crc.sum(), input.taken() - self.begins, self.unpacked);
        let mut member = self.member;
        if member.local.size_follows() {
            header::take_descriptor(input, crc, packed, unpacked)?;
            member.local = Local { crc, packed, unpacked, ..member.local };
        }
        let local = &member.local;
        if (local.crc, local.packed, local.unpacked) != (crc, packed, unpacked) {
            return Err(damaged("the size or check sum of a member is wrong", input.taken()));
        }
        Ok(member)
    }
}

fn read_stored(input: &mut Bytes, buffer: &mut [u8], end: u64) -> io::Result<usize> {
    let left = usize::try_from(end - input.taken()).unwrap_or(usize::MAX);
    let length = buffer.len().min(left);
    match input.read(&mut buffer[..length])? {
        0 if length > 0 => Err(cut(input)),
        read => Ok(read),
    }
}

/// Inflates into the buffer, and says whether the data has ended.
fn read_deflated(input: &mut Bytes, buffer: &mut [u8], inflate: &mut Decompress) -> io::Result<(usize, bool)> {
    loop {
        let packed = input.fill_buf()?;
        let at_end = packed.is_empty();
        let (before, written) = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(packed, buffer, FlushDecompress::None);
        let moved = |now: u64, then: u64| usize::try_from(now - then).unwrap_or(usize::MAX);
        let (used, read) = (moved(inflate.total_in(), before), moved(inflate.total_out(), written));
        input.consume(used);
        match status {
            Ok(Status::StreamEnd) => return Ok((read, true)),
            Ok(_) if read > 0 => return Ok((read, false)),
            Ok(_) if used > 0 => {}
            _ if at_end => return Err(cut(input)),
            _ => return Err(damaged("a member cannot be inflated", input.taken())),
        }
    }
}

fn skip(input: &mut Bytes, mut bytes: u64) -> io::Result<()> {
    while bytes > 0 {
        let held = input.fill_buf()?.len();
        if held == 0 {
            return Err(cut(input));
        }
        let step = usize::try_from(bytes).unwrap_or(usize::MAX).min(held);
        input.consume(step);
        bytes -= step as u64;
    }
    Ok(())
}

fn cut(input: &Bytes) -> io::Error {
    damaged("it is cut", input.taken())
}

fn unsupported(what: &str) -> io::Error {
    let refusal = Refusal::new(Code::ARCHIVE_UNSUPPORTED, format!("the zip archive cannot be read: {what}"));
    refused(refusal.with_help("Ask for an ordinary zip archive without a password"))
}

/// A name as it may be printed.
fn shown(name: &[u8]) -> String {
    const MOST: usize = 60;
    let name: String = escaped(name).chars().take(MOST).collect();
    format!("`{}`", redact(&name))
}

fn listed(members: &[Passed]) -> String {
    const MOST: usize = 12;
    let mut names: Vec<String> = members.iter().take(MOST).map(|member| shown(&member.local.name)).collect();
    if members.is_empty() {
        names.push("nothing".to_owned());
    }
    if members.len() > MOST {
        names.push(format!("and {} more", members.len() - MOST));
    }
    names.join(", ")
}
