//! Compressed files, whole and damaged.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression as Level, Crc};
use proptest::prelude::*;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.include_checksum(true).expect("a check sum");
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn picked(member: &str) -> InputForm {
    form(Compression::Zip { member: member.to_owned() })
}

/// A member of an archive in the making: everything that a header says can be made to lie.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    data: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    unpacked: u64,
    /// Which size fields of the directory are added to.
    lie: u32,
    attributes: u32,
    /// Whether sizes are written with 64 bits.
    wide: bool,
    /// How the sizes behind the data are written, where they stand there.
    signed: bool,
}

fn entry(name: &str, text: &[u8]) -> Entry {
    let mut crc = Crc::new();
    crc.update(text);
    Entry {
        name: name.as_bytes().to_vec(),
        data: deflated(text),
        method: 8,
        flags: 0,
        crc: crc.sum(),
        unpacked: text.len() as u64,
        lie: 0,
        attributes: 0,
        wide: false,
        signed: true,
    }
}

fn stored(name: &str, text: &[u8]) -> Entry {
    Entry { method: 0, data: text.to_vec(), ..entry(name, text) }
}

fn streamed(name: &str, text: &[u8], wide: bool, signed: bool) -> Entry {
    Entry { flags: 8, wide, signed, ..entry(name, text) }
}

fn extra(entry: &Entry, sizes: [u64; 2], offset: Option<u64>) -> Vec<u8> {
    let mut extra = Vec::new();
    if entry.wide {
        let values: Vec<u64> = sizes.into_iter().chain(offset).collect();
        extra.extend(1u16.to_le_bytes());
        extra.extend(u16::try_from(values.len() * 8).expect("short").to_le_bytes());
        extra.extend(values.into_iter().flat_map(u64::to_le_bytes));
    }
    extra
}

fn narrow(entry: &Entry, value: u64) -> [u8; 4] {
    if entry.wide { u32::MAX.to_le_bytes() } else { u32::try_from(value).expect("small").to_le_bytes() }
}

/// The archive, byte for byte as the format describes it, and where its directory begins.
fn zip(entries: &[Entry]) -> (Vec<u8>, usize) {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = file.len() as u64;
        let follows = entry.flags & 8 != 0;
        let packed = entry.data.len() as u64;
        let front = if follows { (0, [0, 0]) } else { (entry.crc, [entry.unpacked, packed]) };
        let front_extra = if follows { Vec::new() } else { extra(entry, front.1, None) };
        let plain = |value: u64| if follows { [0; 4] } else { narrow(entry, value) };
        file.extend(b"PK\x03\x04\x14\0");
        file.extend(entry.flags.to_le_bytes());
        file.extend(entry.method.to_le_bytes());
        file.extend([0; 4]);
        file.extend(front.0.to_le_bytes());
        file.extend(plain(packed));
        file.extend(plain(entry.unpacked));
        file.extend(u16::try_from(entry.name.len()).expect("short").to_le_bytes());
        file.extend(u16::try_from(front_extra.len()).expect("short").to_le_bytes());
        file.extend(&entry.name);
        file.extend(front_extra);
        file.extend(&entry.data);
        if follows {
            if entry.signed {
                file.extend(b"PK\x07\x08");
            }
            file.extend(entry.crc.to_le_bytes());
            for size in [packed, entry.unpacked] {
                if entry.wide {
                    file.extend(size.to_le_bytes());
                } else {
                    file.extend(u32::try_from(size).expect("small").to_le_bytes());
                }
            }
        }
        let behind = extra(entry, [entry.unpacked, packed], Some(offset));
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        directory.extend(entry.flags.to_le_bytes());
        directory.extend(entry.method.to_le_bytes());
        directory.extend([0; 4]);
        directory.extend(entry.crc.to_le_bytes());
        directory.extend(narrow(entry, packed));
        directory.extend(narrow(entry, entry.unpacked + u64::from(entry.lie)));
        directory.extend(u16::try_from(entry.name.len()).expect("short").to_le_bytes());
        directory.extend(u16::try_from(behind.len()).expect("short").to_le_bytes());
        directory.extend([0; 6]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(narrow(entry, offset));
        directory.extend(&entry.name);
        directory.extend(behind);
    }
    let begins = file.len();
    let count = u16::try_from(entries.len()).expect("few");
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend(u32::try_from(directory.len()).expect("small").to_le_bytes());
    file.extend(u32::try_from(begins).expect("small").to_le_bytes());
    file.extend([0; 2]);
    (file, begins)
}

const TEXT: &[u8] = b"a;b\n1;2\n";

fn long() -> Vec<u8> {
    (0..30_000u32).flat_map(|n| format!("{n};{}\n", n.wrapping_mul(2_654_435_761)).into_bytes()).collect()
}

#[test]
fn streams_are_unpacked() {
    for bytes in [TEXT.to_vec(), Vec::new(), long()] {
        assert_eq!(text(&form(Compression::Gzip), &gzip(&bytes)).as_ref(), Ok(&bytes));
        assert_eq!(text(&form(Compression::Zstd), &zstandard(&bytes)).as_ref(), Ok(&bytes));
    }
    let twice = [TEXT, TEXT].concat();
    assert_eq!(text(&form(Compression::Gzip), &[gzip(TEXT), gzip(TEXT)].concat()), Ok(twice.clone()));
    assert_eq!(text(&form(Compression::Zstd), &[zstandard(TEXT), zstandard(TEXT)].concat()), Ok(twice));
}

#[test]
fn an_empty_file_is_no_damage() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip { member: "*".to_owned() }] {
        assert_eq!(text(&form(compression), b""), Ok(Vec::new()));
    }
}

#[test]
fn another_kind_than_declared_is_refused() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip { member: "*".to_owned() }] {
        assert_eq!(code(&form(compression.clone()), TEXT), Code::FILE_KIND);
        assert_eq!(code(&form(compression), b"\x89PNG\r\n\x1a\n"), Code::FILE_KIND);
    }
    assert_eq!(code(&form(Compression::Gzip), &zstandard(TEXT)), Code::FILE_KIND);
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_stream_is_found() {
    for (compression, whole) in [(Compression::Gzip, gzip(TEXT)), (Compression::Zstd, zstandard(TEXT))] {
        let form = form(compression);
        for length in 4..whole.len() {
            assert_eq!(code(&form, &whole[..length]), Code::ARCHIVE_DAMAGED, "{length}");
        }
        assert_eq!(code(&form, &[whole.as_slice(), b"\0"].concat()), Code::ARCHIVE_DAMAGED, "trailing");
        for at in 4..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            // The time in a gzip header is nobody's business; everything else is covered by a check sum.
            assert!(
                text(&form, &damaged).is_ok_and(|text| text == TEXT) || code(&form, &damaged) == Code::ARCHIVE_DAMAGED
            );
        }
    }
}

#[test]
fn damage_behind_the_first_blocks_shows_when_it_is_reached() {
    let whole = gzip(&long());
    let form = form(Compression::Gzip);
    let input = Box::new(Cursor::new(whole[..whole.len() - 10].to_vec()));
    let mut input = open_input(&form, input, InputLimits::default(), 2).expect("memory").expect("a good beginning");
    let error = input.read_to_end(&mut Vec::new()).map_err(ExtractError::input).expect_err("it is cut");
    assert!(matches!(error, ExtractError::Refused { refusal } if refusal.code == Code::ARCHIVE_DAMAGED));
}

#[test]
fn bombs_are_refused_while_they_unpack() {
    let zeros = vec![b'0'; 4 << 20];
    let limits = InputLimits { inflated_bytes: 1 << 30, ratio: 100, free_bytes: 1 << 20, members: 3 };
    let (archive, _) = zip(&[entry("a.csv", &zeros)]);
    let files = [
        (form(Compression::Gzip), gzip(&zeros)),
        (form(Compression::Zstd), zstandard(&zeros)),
        (picked("*.csv"), archive.clone()),
        (picked("*.csv"), zip(&[streamed("x", &zeros, false, true), entry("a.csv", TEXT)]).0),
    ];
    for (form, bytes) in &files {
        let refusal = text_within(form, bytes, limits).expect_err("a bomb");
        assert_eq!(refusal.code, Code::ARCHIVE_LIMIT);
        let small = InputLimits { inflated_bytes: 1 << 20, ..InputLimits::default() };
        assert_eq!(text_within(form, bytes, small).map_err(|refusal| refusal.code), Err(Code::ARCHIVE_LIMIT));
        assert!(text(form, bytes).is_ok(), "4 MiB are no bomb");
    }
    let four: Vec<Entry> = ["a", "b", "c", "d.csv"].iter().map(|name| entry(name, TEXT)).collect();
    let refusal = text_within(&picked("*.csv"), &zip(&four).0, limits).expect_err("four members");
    assert_eq!(refusal.code, Code::ARCHIVE_LIMIT);
}

#[test]
fn the_one_member_that_fits_is_read() {
    let long = long();
    let others = [stored("readme.txt", b"Hej"), entry("folder/", b""), stored("folder/x.csv", b"y")];
    for wanted in [
        entry("data.csv", &long),
        stored("data.csv", &long),
        streamed("data.csv", &long, false, true),
        streamed("data.csv", &long, false, false),
        streamed("data.csv", &long, true, true),
        streamed("data.csv", &long, true, false),
        Entry { wide: true, ..entry("data.csv", &long) },
        Entry { wide: true, ..stored("data.csv", &long) },
    ] {
        let mut entries = others.to_vec();
        entries.insert(1, wanted.clone());
        entries.push(streamed("folder/last.bin", b"behind", false, false));
        entries.push(Entry { flags: 8, ..stored("last/", b"") });
        let (archive, _) = zip(&entries);
        assert!(text(&picked("*.csv"), &archive).is_ok_and(|text| text == long));
        assert!(text(&picked("data.csv"), &archive).is_ok_and(|text| text == long));
        assert_eq!(text(&picked("folder/*.csv"), &archive), Ok(b"y".to_vec()));
    }
}

#[test]
fn no_member_or_two_refuse_the_archive_and_name_what_is_there() {
    let (archive, _) = zip(&[entry("a.csv", TEXT), stored("b.csv", TEXT), entry("c.txt", TEXT)]);
    let refusal = text(&picked("*.csv"), &zip(&[entry("a.csv", TEXT), entry("b.csv", TEXT)]).0).expect_err("two");
    assert_eq!(refusal.code, Code::ARCHIVE_MEMBER);
    assert!(refusal.message.contains("`a.csv` and `b.csv`"), "{}", refusal.message);
    assert_eq!(code(&picked("*"), &archive), Code::ARCHIVE_MEMBER);
    let refusal =
        text(&picked("*.dat"), &zip(&[entry("a.csv", TEXT), entry("010203-1234.csv", TEXT)]).0).expect_err("none");
    assert_eq!(refusal.code, Code::ARCHIVE_MEMBER);
    assert!(refusal.message.contains("`a.csv`") && !refusal.message.contains("1234"), "{}", refusal.message);
    assert_eq!(code(&picked("*"), &zip(&[]).0), Code::ARCHIVE_MEMBER);
}

#[test]
fn names_that_lead_out_and_links_are_refused() {
    for name in ["../a.csv", "/a.csv", "x/../../a.csv", "x\\a.csv", "C:a.csv", "", "a\n.csv"] {
        let (archive, _) = zip(&[entry(name, b"evil"), entry("good.csv", TEXT)]);
        assert_eq!(code(&picked("good.csv"), &archive), Code::ARCHIVE_PATH, "{name:?}");
    }
    let link = Entry { attributes: 0o120_777 << 16, ..stored("a.csv", b"/etc/passwd") };
    assert_eq!(code(&picked("*.csv"), &zip(&[link]).0), Code::ARCHIVE_PATH);
}

#[test]
fn what_cannot_be_read_is_refused() {
    for flags in [1, 1 << 6, 1 << 13] {
        let secret = Entry { flags, ..entry("a.csv", TEXT) };
        assert_eq!(code(&picked("*.csv"), &zip(&[secret]).0), Code::ARCHIVE_UNSUPPORTED);
    }
    let other = Entry { method: 14, ..entry("a.csv", TEXT) };
    assert_eq!(code(&picked("*.csv"), &zip(&[other]).0), Code::ARCHIVE_UNSUPPORTED);
    let endless = Entry { flags: 8, ..stored("a.csv", TEXT) };
    assert_eq!(code(&picked("*.csv"), &zip(&[endless]).0), Code::ARCHIVE_UNSUPPORTED);
}

#[test]
fn sizes_and_check_sums_that_lie_are_found() {
    let good = entry("a.csv", TEXT);
    for lie in [
        Entry { unpacked: 7, ..good.clone() },
        Entry { unpacked: 9, ..good.clone() },
        Entry { crc: good.crc ^ 1, ..good.clone() },
        Entry { crc: 1, ..streamed("a.csv", TEXT, false, true) },
        Entry { crc: 1, ..stored("a.csv", TEXT) },
        Entry { lie: 1, ..good.clone() },
        Entry { data: [good.data.as_slice(), b"more"].concat(), ..good.clone() },
        Entry { data: good.data[..good.data.len() - 1].to_vec(), ..good.clone() },
    ] {
        assert_eq!(code(&picked("*.csv"), &zip(&[lie, stored("x", b"behind")]).0), Code::ARCHIVE_DAMAGED);
    }
}

#[test]
fn the_directory_and_the_members_must_agree() {
    let (archive, begins) = zip(&[entry("a.csv", TEXT), entry("b.txt", TEXT)]);
    let form = picked("*.csv");
    assert!(text(&form, &archive).is_ok());
    let hidden = [&zip(&[entry("a.csv", TEXT)]).0, archive.as_slice()].concat();
    assert_eq!(code(&form, &hidden), Code::ARCHIVE_DAMAGED, "an archive before the archive");
    assert_eq!(code(&form, &[archive.as_slice(), b"x"].concat()), Code::ARCHIVE_DAMAGED, "trailing");
    let gap = [&archive[..begins], b"gap", &archive[begins..]].concat();
    assert_eq!(code(&form, &gap), Code::ARCHIVE_DAMAGED, "a gap");
    let mut renamed = archive.clone();
    renamed[begins + 46] = b'z';
    assert_eq!(code(&form, &renamed), Code::ARCHIVE_DAMAGED, "another name");
}

#[test]
fn every_cut_of_an_archive_is_found() {
    let (archive, _) = zip(&[entry("a.csv", TEXT), streamed("b.txt", TEXT, false, true)]);
    for length in 4..archive.len() {
        assert_eq!(code(&picked("*.csv"), &archive[..length]), Code::ARCHIVE_DAMAGED, "{length}");
    }
}

#[test]
fn an_archive_within_an_archive_is_not_unpacked() {
    let inner = gzip(TEXT);
    assert_eq!(text(&form(Compression::Gzip), &gzip(&inner)), Ok(inner.clone()), "and the reader refuses its kind");
    let utf16 = InputForm { compression: Compression::Gzip, encoding: FileEncoding::Utf16(None) };
    assert_eq!(code(&utf16, &gzip(&inner)), Code::FILE_KIND);
}

proptest! {
    #[test]
    fn damaged_archives_are_exact_or_refused(at in 0usize..10_000, byte: u8) {
        let (mut archive, _) = zip(&[
            stored("x.txt", b"x"), entry("a.csv", TEXT), streamed("y.txt", TEXT, false, true), stored("z", TEXT),
        ]);
        let at = at % archive.len();
        archive[at] = byte;
        if let Ok(text) = text(&picked("a.csv"), &archive) {
            prop_assert_eq!(text, TEXT);
        }
    }

    #[test]
    fn any_bytes_are_exact_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0usize..3) {
        let magics: [&[u8]; 3] = [b"PK\x03\x04", b"\x1F\x8B\x08\0", b"\x28\xB5\x2F\xFD"];
        let forms = [picked("*"), form(Compression::Gzip), form(Compression::Zstd)];
        prop_assert!(text(&forms[kind], &[magics[kind], &bytes].concat()).is_err() || kind == 2);
    }
}
