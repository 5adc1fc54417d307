//! What stands in front of a member, and behind it where its sizes were not known in front.

use std::io::{self, BufRead, Read};

use model::{Code, Refusal};

use super::super::bytes::Bytes;
use super::{cut, damaged, shown, unsupported};
use crate::error::refused;

pub(super) const LOCAL: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// Encrypted, strongly encrypted, or with a masked header.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Sizes and check sum stand behind the data.
const SIZE_FOLLOWS: u16 = 1 << 3;
/// The extra field with the sizes that 32 bits do not hold.
const ZIP64: u16 = 1;

/// A member, by the header in front of its data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
}

impl Local {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with(b"/")
    }

    pub(super) fn size_follows(&self) -> bool {
        self.flags & SIZE_FOLLOWS != 0
    }
}

/// The fields of a record, one after the other. What is missing reads as 0: the records are taken whole.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk::<N>().map_or(([0; N], &[][..]), |(head, rest)| (*head, rest));
        self.0 = rest;
        head
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Takes so many bytes.
pub(super) fn take(input: &mut Bytes, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    input.by_ref().take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() < count { Err(cut(input)) } else { Ok(bytes) }
}

/// Puts in the 64-bit values of the extra fields for those that say they are too large for 32, in the order of both.
pub(super) fn widen(extra: &[u8], values: &mut [&mut u64]) {
    let mut fields = Fields(extra);
    while fields.0.len() >= 4 {
        let (id, length) = (fields.u16(), usize::from(fields.u16()));
        let body = &fields.0[..length.min(fields.0.len())];
        if id == ZIP64 {
            let mut wide = Fields(body);
            for value in values.iter_mut().filter(|value| ***value == u64::from(u32::MAX)) {
                if wide.0.len() >= 8 {
                    **value = wide.u64();
                }
            }
        }
        fields.0 = &fields.0[body.len()..];
    }
}

/// Takes the header in front of a member.
pub(super) fn read_local(input: &mut Bytes) -> io::Result<Local> {
    let fixed = take(input, 30)?;
    let mut fields = Fields(&fixed[LOCAL.len()..]);
    let (_version, flags, method, _time, _date) =
        (fields.u16(), fields.u16(), fields.u16(), fields.u16(), fields.u16());
    let (crc, mut packed, mut unpacked) = (fields.u32(), u64::from(fields.u32()), u64::from(fields.u32()));
    let (name, extra) = (usize::from(fields.u16()), usize::from(fields.u16()));
    let (name, extra) = (take(input, name)?, take(input, extra)?);
    widen(&extra, &mut [&mut unpacked, &mut packed]);
    check_name(&name)?;
    if flags & ENCRYPTED != 0 {
        return Err(unsupported(&format!("{} is encrypted", shown(&name))));
    }
    Ok(Local { name, flags, method, crc, packed, unpacked })
}

/// Nothing is ever extracted, but whoever makes an archive with such names means no good, or makes them by mistake.
fn check_name(name: &[u8]) -> io::Result<()> {
    let leads_out = name.is_empty()
        || name[0] == b'/'
        || name.iter().any(|byte| matches!(byte, b'\\' | 0..b' '))
        || name.get(1) == Some(&b':')
        || name.split(|byte| *byte == b'/').any(|part| part == b"..");
    if leads_out { Err(bad_path(&format!("the name {} leads out of it", shown(name)))) } else { Ok(()) }
}

pub(super) fn bad_path(what: &str) -> io::Error {
    let refusal = Refusal::new(Code::ARCHIVE_PATH, format!("the zip archive is not to be trusted: {what}"));
    refused(refusal.with_help("Ask for an archive with plain names"))
}

/// Takes what stands behind the data of a member. It has four forms (with a signature or not, 32 or 64 bits wide),
/// and nothing says which: it is the one that states what was found, before the next record.
pub(super) fn take_descriptor(input: &mut Bytes, crc: u32, packed: u64, unpacked: u64) -> io::Result<()> {
    let mut narrow = crc.to_le_bytes().to_vec();
    let mut wide = narrow.clone();
    for size in [packed, unpacked] {
        wide.extend(size.to_le_bytes());
        // A size beyond 32 bits is written wide; this form then fits nothing.
        narrow.extend(u32::try_from(size).unwrap_or(0).to_le_bytes());
    }
    let signed = |form: &[u8]| [DESCRIPTOR.as_slice(), form].concat();
    for form in [signed(&wide), signed(&narrow), wide, narrow] {
        let next = input.peek(form.len() + 2)?;
        if next.strip_prefix(form.as_slice()) == Some(b"PK") {
            input.consume(form.len());
            return Ok(());
        }
    }
    Err(damaged("the size or check sum of a member is wrong", input.taken()))
}
