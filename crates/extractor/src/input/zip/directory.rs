//! The directory at the end of an archive, compared with the members that came before it.

use std::io;

use super::super::bytes::Bytes;
use super::header::{Fields, Local, bad_path, take, widen};
use super::{Passed, damaged, shown, unsupported};

const ENTRY: [u8; 4] = *b"PK\x01\x02";
const WIDE_END: [u8; 4] = *b"PK\x06\x06";
const WIDE_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const END: [u8; 4] = *b"PK\x05\x06";

/// Unix systems make links; the upper half of the attributes is the mode.
const UNIX: u16 = 3;
const KIND_OF_FILE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;

/// Takes the directory and everything behind it, to the end of the file.
pub(super) fn check(input: &mut Bytes, members: &[Passed]) -> io::Result<()> {
    let begins = input.taken();
    let mut seen = vec![false; members.len()];
    while input.peek(ENTRY.len())?.starts_with(&ENTRY) {
        check_entry(input, members, &mut seen)?;
    }
    if seen.contains(&false) {
        return Err(damaged("the directory lacks a member", input.taken()));
    }
    let size = input.taken() - begins;
    let wide_at = input.taken();
    let wide = input.peek(WIDE_END.len())?.starts_with(&WIDE_END);
    if wide {
        check_wide_end(input, members.len(), size, begins)?;
        check_locator(input, wide_at)?;
    }
    check_end(input, members.len(), size, begins, wide)
}

fn check_entry(input: &mut Bytes, members: &[Passed], seen: &mut [bool]) -> io::Result<()> {
    let fixed = take(input, 46)?;
    let mut fields = Fields(&fixed[ENTRY.len()..]);
    let (made_by, _needed, flags, method) = (fields.u16(), fields.u16(), fields.u16(), fields.u16());
    let (_time, _date, crc) = (fields.u16(), fields.u16(), fields.u32());
    let (mut packed, mut unpacked) = (u64::from(fields.u32()), u64::from(fields.u32()));
    let [name, extra, comment] = [fields.u16(), fields.u16(), fields.u16()].map(usize::from);
    let (disk, _internal, attributes, mut offset) = (fields.u16(), fields.u16(), fields.u32(), u64::from(fields.u32()));
    let (name, extra) = (take(input, name)?, take(input, extra)?);
    take(input, comment)?;
    widen(&extra, &mut [&mut unpacked, &mut packed, &mut offset]);
    if disk != 0 && disk != u16::MAX {
        return Err(unsupported("it is split into volumes"));
    }
    if made_by >> 8 == UNIX && (attributes >> 16) & KIND_OF_FILE == LINK {
        return Err(bad_path(&format!("{} is a link", shown(&name))));
    }
    let entry = Local { name, flags, method, crc, packed, unpacked };
    // The members are in the order of their places.
    let at = members.binary_search_by_key(&offset, |member| member.offset);
    let Some(at) = at.ok().filter(|at| members[*at].local == entry && !seen[*at]) else {
        let what = format!("the directory contradicts the members about {}", shown(&entry.name));
        return Err(damaged(&what, input.taken()));
    };
    seen[at] = true;
    Ok(())
}

fn check_wide_end(input: &mut Bytes, members: usize, size: u64, begins: u64) -> io::Result<()> {
    let fixed = take(input, 56)?;
    let mut fields = Fields(&fixed[WIDE_END.len()..]);
    let (length, _made_by, _needed) = (fields.u64(), fields.u16(), fields.u16());
    let (_disk, _first, _here) = (fields.u32(), fields.u32(), fields.u64());
    let stated = (fields.u64(), fields.u64(), fields.u64());
    // 56 bytes less the signature and the length itself; the rest is for extensions that nobody has.
    if stated != (members as u64, size, begins) || length != 44 {
        return Err(wrong_end(input));
    }
    Ok(())
}

fn check_locator(input: &mut Bytes, wide_at: u64) -> io::Result<()> {
    let fixed = take(input, 20)?;
    let mut fields = Fields(&fixed);
    let (signature, _disk, at) = (fields.u32().to_le_bytes(), fields.u32(), fields.u64());
    if (signature, at) == (WIDE_LOCATOR, wide_at) { Ok(()) } else { Err(wrong_end(input)) }
}

fn check_end(input: &mut Bytes, members: usize, size: u64, begins: u64, wide: bool) -> io::Result<()> {
    let fixed = take(input, 22)?;
    let mut fields = Fields(&fixed);
    let (signature, disk) = (fields.u32().to_le_bytes(), fields.u16());
    let (_first, _here, stated_members) = (fields.u16(), fields.u16(), fields.u16());
    let (stated_size, stated_begin, comment) = (fields.u32(), fields.u32(), usize::from(fields.u16()));
    if signature != END {
        return Err(damaged("neither a member nor the directory follows", input.taken()));
    }
    if disk != 0 && disk != u16::MAX {
        return Err(unsupported("it is split into volumes"));
    }
    // Where a value does not fit, all bits are set and the wide end has it.
    let agrees = |stated: u64, found: u64, most: u64| stated == found || (wide && stated == most);
    let right = agrees(stated_members.into(), members as u64, u16::MAX.into())
        && agrees(stated_size.into(), size, u32::MAX.into())
        && agrees(stated_begin.into(), begins, u32::MAX.into());
    take(input, comment)?;
    if !right {
        return Err(wrong_end(input));
    }
    if !input.peek(1)?.is_empty() {
        return Err(damaged("other bytes follow it", input.taken()));
    }
    Ok(())
}

fn wrong_end(input: &Bytes) -> io::Error {
    damaged("its last record contradicts the directory", input.taken())
}
