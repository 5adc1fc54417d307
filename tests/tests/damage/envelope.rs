//! What lies around the rows: UTF-16, EBCDIC and compression, and the table of damage to the bytes of such files.
//!
//! Damage to rows is done to the text before it is brought into these forms. A byte that is no text there becomes one
//! that is no text here: half a surrogate pair, or a control character of EBCDIC.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use model::{ByteOrder, Encoding, FileEncoding};

use super::Dice;
use super::dialect::{Dialect, Packing};
use super::harm::{Damaged, Demand, assemble};
use super::sound::{Sound, What};

/// A byte of EBCDIC that is no text.
const NO_EBCDIC: u8 = 0x04;

impl Dialect {
    /// The text as it stands in the file before that is compressed.
    pub(crate) fn written(&self, text: &[u8]) -> Vec<u8> {
        match self.file {
            FileEncoding::Ascii(_) => text.to_vec(),
            FileEncoding::Utf16(_) => {
                let mark: &[u8] = if self.byte_order_mark { b"\xEF\xBB\xBF" } else { b"" };
                [self.utf16(mark), self.utf16(text)].concat()
            }
            FileEncoding::Ebcdic(page) => {
                let known = page.to_windows_1252();
                let place = |byte: u8| known.iter().position(|known| *known == byte && byte != 0x81);
                let ebcdic = |byte: &u8| match byte {
                    b'\n' => self.new_line,
                    byte => place(*byte).map_or(NO_EBCDIC, |at| u8::try_from(at).expect("a byte")),
                };
                text.iter().map(ebcdic).collect()
            }
        }
    }

    fn utf16(&self, text: &[u8]) -> Vec<u8> {
        let mut units = Vec::new();
        for chunk in text.utf8_chunks() {
            units.extend(chunk.valid().encode_utf16());
            units.extend(chunk.invalid().iter().map(|byte| 0xDC00 | u16::from(*byte)));
        }
        units.into_iter().flat_map(|unit| self.in_order(unit)).collect()
    }

    fn in_order(&self, unit: u16) -> [u8; 2] {
        match self.byte_order {
            ByteOrder::Little => unit.to_le_bytes(),
            ByteOrder::Big => unit.to_be_bytes(),
        }
    }

    /// The file as it is delivered.
    pub(crate) fn packed(&self, written: &[u8]) -> Vec<u8> {
        match self.packing {
            Packing::None => written.to_vec(),
            Packing::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(written).expect("memory");
                encoder.finish().expect("memory")
            }
            Packing::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
                encoder.include_checksum(true).expect("a check sum");
                encoder.write_all(written).expect("memory");
                encoder.finish().expect("memory")
            }
            Packing::Zip => zip(written),
        }
    }
}

/// An archive of one member.
fn zip(text: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"damaged.csv";
    let mut crc = Crc::new();
    crc.update(text);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("memory");
    let data = encoder.finish().expect("memory");
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("small").to_le_bytes();
    // Version, flags, deflate, time and date, then what is said of the data, in both headers alike.
    let mut said = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x58];
    said.extend(crc.sum().to_le_bytes());
    said.extend(length(&data));
    said.extend(length(text));
    said.extend([u8::try_from(NAME.len()).expect("short"), 0, 0, 0]);
    let mut file = [b"PK\x03\x04".as_slice(), &said, NAME, &data].concat();
    let directory = [b"PK\x01\x02\x14\0".as_slice(), &said, &[0; 14], NAME].concat();
    let begins = length(&file);
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend(length(&directory));
    file.extend(begins);
    file.extend([0, 0]);
    file
}

type Harm = fn(&Sound, &mut Dice) -> Option<(Damaged, Vec<u8>)>;

/// Every kind of damage to the bytes of a file; one gives `None` where it cannot be done.
pub(crate) const KINDS: &[(&str, Harm)] = &[
    ("a byte of UTF-16 gone", |sound, dice| in_utf16(sound, dice, 1, true)),
    ("two bytes of UTF-16 gone in different rows", |sound, dice| in_utf16(sound, dice, 2, true)),
    ("a byte more in UTF-16", |sound, dice| in_utf16(sound, dice, 1, false)),
    ("two bytes more in UTF-16, in different rows", |sound, dice| in_utf16(sound, dice, 2, false)),
    ("a byte gone and one more in UTF-16, in different rows", utf16_moved),
    ("UTF-16 cut in a character", utf16_cut),
    ("UTF-16 without its mark", utf16_unmarked),
    ("UTF-16 of the other byte order", utf16_turned),
    ("rows of UTF-16 in the other byte order", utf16_turned_from_the_middle),
    ("UTF-8 in place of UTF-16 or EBCDIC", utf8_instead),
    ("EBCDIC with both of its line ends", ebcdic_line_ends),
    ("a compressed file cut", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            bytes.truncate(dice.below(bytes.len()));
        })
    }),
    ("a flipped bit of a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        })
    }),
    ("another byte in a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            let at = dice.below(bytes.len());
            bytes[at] ^= u8::try_from(1 + dice.below(255)).expect("a byte");
        })
    }),
    ("a byte of a compressed file gone", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            bytes.remove(dice.below(bytes.len()));
        })
    }),
    ("a byte more in a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            bytes.insert(dice.below(bytes.len()), u8::try_from(dice.below(256)).expect("a byte"));
        })
    }),
    ("NUL bytes in a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            let from = dice.below(bytes.len());
            let until = (from + 1 + dice.below(40)).min(bytes.len());
            bytes[from..until].fill(0);
        })
    }),
    ("something behind a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            let garbage = *dice.pick(&[b"\0".as_slice(), b"\n", b"x", b"\0\0\0\0\0\0\0\0", b"PK\x03\x04", b"\x1F\x8B"]);
            bytes.extend_from_slice(garbage);
        })
    }),
    ("something in front of a compressed file", |sound, dice| {
        in_archive(sound, dice, |bytes, dice| {
            let garbage = *dice.pick(&[b"\0".as_slice(), b"\n", b"\xEF\xBB\xBF"]);
            bytes.splice(0..0, garbage.iter().copied());
        })
    }),
    ("a compressed file twice", compressed_twice),
    ("a file that is not compressed as declared", |sound, _| {
        let packed = sound.dialect.packing != Packing::None;
        let (damaged, written) = whole(sound, Demand::Nothing)?;
        packed.then_some((damaged, written))
    }),
];

/// The sound file, and its bytes before they are compressed.
fn whole(sound: &Sound, demand: Demand) -> Option<(Damaged, Vec<u8>)> {
    let damaged = assemble(sound, &sound.pieces, demand)?;
    let written = sound.dialect.written(&damaged.bytes);
    Some((Damaged { blurred: true, ..damaged }, written))
}

/// The same, for UTF-16 alone.
fn whole_utf16(sound: &Sound) -> Option<(Damaged, Vec<u8>)> {
    matches!(sound.dialect.file, FileEncoding::Utf16(_)).then(|| whole(sound, Demand::Nothing))?
}

#[expect(clippy::unnecessary_wraps, reason = "the functions of the table give an option")]
fn packed(sound: &Sound, (damaged, written): (Damaged, Vec<u8>)) -> Option<(Damaged, Vec<u8>)> {
    let bytes = sound.dialect.packed(&written);
    Some((damaged, bytes))
}

/// Places in `count` different rows, the last one first.
fn places_in_rows(sound: &Sound, dice: &mut Dice, count: usize) -> Vec<usize> {
    let mut at = sound.dialect.written(b"").len();
    let mut rows = Vec::new();
    for piece in &sound.pieces {
        let length = sound.dialect.utf16(&piece.bytes).len();
        if let What::Row(_) = piece.what {
            rows.push(at..at + length);
        }
        at += length;
    }
    let mut places: Vec<usize> = Vec::new();
    for _ in 0..count {
        let row = rows.remove(dice.below(rows.len()));
        places.push(row.start + dice.below(row.len()));
    }
    places.sort_unstable_by(|one, other| other.cmp(one));
    places
}

fn in_utf16(sound: &Sound, dice: &mut Dice, count: usize, less: bool) -> Option<(Damaged, Vec<u8>)> {
    let (damaged, mut bytes) = whole_utf16(sound)?;
    for at in places_in_rows(sound, dice, count) {
        if less {
            bytes.remove(at);
        } else {
            bytes.insert(at, *dice.pick(b"\0\n x"));
        }
    }
    packed(sound, (damaged, bytes))
}

fn utf16_moved(sound: &Sound, dice: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (damaged, mut bytes) = whole_utf16(sound)?;
    let places = places_in_rows(sound, dice, 2);
    let gone = dice.below(2);
    for (number, at) in places.into_iter().enumerate() {
        if number == gone {
            bytes.remove(at);
        } else {
            bytes.insert(at, 0);
        }
    }
    packed(sound, (damaged, bytes))
}

fn utf16_cut(sound: &Sound, dice: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (damaged, mut bytes) = whole_utf16(sound)?;
    bytes.truncate(2 * dice.below(bytes.len() / 2) + 1);
    packed(sound, (damaged, bytes))
}

fn utf16_unmarked(sound: &Sound, _: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (mut damaged, mut bytes) = whole_utf16(sound)?;
    sound.dialect.byte_order_mark.then_some(())?;
    damaged.demand = Demand::ExactOrRefused;
    bytes.drain(..2);
    packed(sound, (damaged, bytes))
}

fn utf16_turned(sound: &Sound, _: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (mut damaged, mut bytes) = whole_utf16(sound)?;
    damaged.demand = Demand::ExactOrRefused;
    bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|unit| unit.reverse());
    packed(sound, (damaged, bytes))
}

fn utf16_turned_from_the_middle(sound: &Sound, dice: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (damaged, mut bytes) = whole_utf16(sound)?;
    let places = places_in_rows(sound, dice, 2);
    let (from, until) = (places[1] / 2 * 2, places[0] / 2 * 2);
    let until = if dice.chance(2) { until } else { bytes.len() };
    bytes[from..until].as_chunks_mut::<2>().0.iter_mut().for_each(|unit| unit.reverse());
    packed(sound, (damaged, bytes))
}

fn utf8_instead(sound: &Sound, _: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    let (damaged, _) = whole(sound, Demand::ExactOrRefused)?;
    if let FileEncoding::Ascii(_) = sound.dialect.file {
        return None;
    }
    let mut text = String::new();
    sound.dialect.encoding.decode_into(&damaged.bytes, &mut text).ok()?;
    let bytes = Encoding::Utf8.encode(&text)?;
    packed(sound, (damaged, bytes))
}

fn ebcdic_line_ends(sound: &Sound, dice: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    matches!(sound.dialect.file, FileEncoding::Ebcdic(_)).then_some(())?;
    let (damaged, mut bytes) = whole(sound, Demand::Exact)?;
    for byte in bytes.iter_mut().filter(|byte| matches!(**byte, 0x15 | 0x25)) {
        *byte = *dice.pick(&[0x15, 0x25]);
    }
    packed(sound, (damaged, bytes))
}

fn in_archive(
    sound: &Sound,
    dice: &mut Dice,
    change: impl FnOnce(&mut Vec<u8>, &mut Dice),
) -> Option<(Damaged, Vec<u8>)> {
    (sound.dialect.packing != Packing::None).then_some(())?;
    let (damaged, mut bytes) = packed(sound, whole(sound, Demand::ExactOrRefused)?)?;
    change(&mut bytes, dice);
    Some((damaged, bytes))
}

/// Two archives behind each other: of gzip and Zstandard that is one file with everything twice.
fn compressed_twice(sound: &Sound, _: &mut Dice) -> Option<(Damaged, Vec<u8>)> {
    (sound.dialect.packing != Packing::None).then_some(())?;
    let (damaged, bytes) = packed(sound, whole(sound, Demand::Nothing)?)?;
    Some((damaged, bytes.repeat(2)))
}
