//! The archive on a real disk: what is stored, what comes back, and what damage looks like.

use std::io::Cursor;

use tempfile::TempDir;

use super::*;

fn archive() -> (TempDir, Archive) {
    let root = TempDir::new().expect("a temporary folder");
    let archive = Archive::open(root.path()).expect("an archive");
    (root, archive)
}

fn store(archive: &Archive, bytes: &[u8]) -> Stored {
    archive.store(&mut Cursor::new(bytes), u64::MAX).expect("it can be stored")
}

fn read_back(archive: &Archive, content: &Fingerprint) -> Result<Vec<u8>, ExtractError> {
    let mut bytes = Vec::new();
    let mut input = archive.read(content)?;
    input.read_to_end(&mut bytes).map_err(ExtractError::input)?;
    Ok(bytes)
}

/// The files below the folder, and whether only the owner can use them.
fn files(folder: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
        found.push((entry.file_name().to_string_lossy().into_owned(), mode));
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn bytes_that_were_given_up_are_not_lost() {
    let root = tempfile::tempdir().expect("a folder");
    let archive = Archive::open(root.path()).expect("an archive");
    let stored = archive.store(&mut &b"a;b"[..], 10).expect("stored").content;
    let other = archive.store(&mut &b"c;d"[..], 10).expect("stored").content;
    assert_eq!(archive.files().expect("listed").len(), 2);
    archive.discard(&stored).expect("given up");
    assert!(archive.is_discarded(&stored) && !archive.is_discarded(&other) && !archive.contains(&stored));
    assert!(matches!(archive.read(&stored), Err(ExtractError::Discarded { .. })));
    assert_eq!(archive.files().expect("listed"), [(archive.place(&other), Some(other))]);
    // Delivered once more, it is there again.
    archive.store(&mut &b"a;b"[..], 10).expect("stored");
    assert!(!archive.is_discarded(&stored) && archive.read(&stored).is_ok());
}

#[test]
fn bytes_come_back_as_they_were() {
    let (_root, archive) = archive();
    let long: Vec<u8> = (0..1_000_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
    for bytes in [b"".as_slice(), b"\0\xFF\r\n", &long] {
        let stored = store(&archive, bytes);
        assert_eq!((stored.bytes, stored.new), (bytes.len() as u64, true));
        assert_eq!(stored.content, Fingerprint::of(bytes));
        assert!(archive.contains(&stored.content));
        assert_eq!(read_back(&archive, &stored.content).expect("it can be read"), bytes);
    }
}

#[test]
fn the_same_bytes_are_stored_once_and_for_the_owner_alone() {
    let (root, archive) = archive();
    let first = store(&archive, b"0101;1");
    let again = store(&archive, b"0101;1");
    assert_eq!((first.content, first.new, again.new), (again.content, true, false));
    let name = first.content.to_string();
    let expected = [(name[..2].to_owned(), 0o700), (format!("{name}.zst"), 0o600)];
    assert_eq!(files(&root.path().join("raw")), expected);
}

#[test]
fn an_open_folder_is_closed() {
    let root = TempDir::new().expect("a temporary folder");
    let raw = root.path().join("raw");
    fs::create_dir(&raw).expect("a folder");
    fs::set_permissions(&raw, Permissions::from_mode(0o755)).expect("permissions");
    Archive::open(root.path()).expect("an archive");
    assert_eq!(files(root.path()), [("raw".to_owned(), 0o700)]);
}

#[test]
fn what_is_too_big_leaves_nothing() {
    let (root, archive) = archive();
    let error = archive.store(&mut Cursor::new(b"12345"), 4).expect_err("five bytes");
    assert!(matches!(error, ExtractError::TooBig { max_bytes: 4 }), "{error}");
    assert_eq!(files(&root.path().join("raw")), []);
    assert_eq!(archive.store(&mut Cursor::new(b"1234"), 4).expect("four bytes").bytes, 4);
}

#[test]
fn damage_is_an_error_and_never_other_bytes() {
    let (_root, archive) = archive();
    let stored = store(&archive, &b"0101;1.234,56-\r\n".repeat(10_000));
    let other = store(&archive, b"another delivery");
    let path = archive.place(&stored.content);
    let whole = fs::read(&path).expect("the file");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let swapped = fs::read(archive.place(&other.content)).expect("the other file");
    for damaged in [&flipped, &whole[..whole.len() / 2].to_vec(), &Vec::new(), &swapped, &b"no frame".to_vec()] {
        fs::write(&path, damaged).expect("it can be written");
        let error = read_back(&archive, &stored.content).expect_err("damage");
        assert!(matches!(error, ExtractError::Damaged { content } if content == stored.content), "{error}");
    }
}

#[test]
fn what_was_never_stored_is_not_there() {
    let (_root, archive) = archive();
    let absent = Fingerprint::of(b"absent");
    assert!(!archive.contains(&absent));
    let error = read_back(&archive, &absent).expect_err("absent");
    assert!(matches!(error, ExtractError::NotArchived { .. }), "{error}");
}

#[test]
fn leftovers_of_a_killed_run_are_removed() {
    let (root, archive) = archive();
    let stored = store(&archive, b"kept");
    fs::write(root.path().join("raw/spool-1-1"), b"half").expect("a leftover");
    assert_eq!(archive.remove_leftovers().expect("removed"), 1);
    assert_eq!(archive.remove_leftovers().expect("removed"), 0);
    assert!(archive.contains(&stored.content));
}

#[test]
fn a_reader_says_which_delivery_is_damaged() {
    let (_root, archive) = archive();
    let stored = store(&archive, b"a;b\n1;2\n");
    fs::copy(archive.place(&store(&archive, b"a;b\n1;3\n").content), archive.place(&stored.content)).expect("a copy");
    let input = archive.read(&stored.content).expect("it opens");
    let source = crate::format::example_source();
    let opened = crate::Reader::open(&source, input, crate::Limits::default());
    assert!(matches!(opened.err(), Some(ExtractError::Damaged { .. })));
}

/// Bytes that compress, and of which no two stretches are the same.
fn ledger(bytes: usize) -> Vec<u8> {
    let mut text: Vec<u8> = Vec::with_capacity(bytes + 64);
    let mut number = 0u32;
    while text.len() < bytes {
        text.extend(format!("0101;{number:08};{}\r\n", number.wrapping_mul(2_654_435_761) % 1_000_000).bytes());
        number += 1;
    }
    text.truncate(bytes);
    text
}

#[test]
fn what_is_stored_does_not_depend_on_the_threads() {
    const FRAME: usize = 2 << 20;
    for bytes in [0, 1, FRAME - 1, FRAME, FRAME + 1, 7 * FRAME + 12_345] {
        let text = ledger(bytes);
        let mut files = Vec::new();
        for threads in [1, 2, 5] {
            let (_root, archive) = archive();
            let archive = archive.with_threads(threads);
            let stored = store(&archive, &text);
            assert_eq!((stored.content, stored.bytes), (Fingerprint::of(&text), bytes as u64));
            assert!(read_back(&archive, &stored.content).is_ok_and(|back| back == text), "{bytes} by {threads}");
            files.push(fs::read(archive.place(&stored.content)).expect("the file"));
        }
        assert!(files.windows(2).all(|pair| pair[0] == pair[1]), "{bytes}");
        let back = zstd::stream::decode_all(files[0].as_slice()).expect("it is plain Zstandard");
        assert!(back == text, "{bytes}");
    }
}

#[test]
fn deliveries_that_were_stored_as_one_frame_are_read() {
    let (_root, archive) = archive();
    let text = ledger(5 << 20);
    let stored = store(&archive, &text);
    let before = zstd::stream::encode_all(text.as_slice(), 3).expect("memory");
    fs::write(archive.place(&stored.content), before).expect("it can be written");
    for threads in [1, 2] {
        let archive = archive.clone().with_threads(threads);
        assert!(read_back(&archive, &stored.content).is_ok_and(|back| back == text));
    }
}

#[test]
fn damage_in_any_frame_is_found_with_threads_too() {
    let (_root, archive) = archive();
    let archive = archive.with_threads(2);
    let text = ledger(5 << 20);
    let stored = store(&archive, &text);
    let path = archive.place(&stored.content);
    let whole = fs::read(&path).expect("the file");
    for tenth in 0..10 {
        let mut damaged = whole.clone();
        damaged[whole.len() * tenth / 10 + 7] ^= 4;
        for damaged in [damaged.as_slice(), &whole[..whole.len() * tenth / 10]] {
            fs::write(&path, damaged).expect("it can be written");
            let error = read_back(&archive, &stored.content).expect_err("damage");
            assert!(matches!(error, ExtractError::Damaged { content } if content == stored.content), "{error}");
        }
    }
}

#[test]
fn an_input_that_fails_leaves_no_threads_and_no_files() {
    struct Failing(u64);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let left = usize::try_from(self.0).unwrap_or(usize::MAX).min(buffer.len());
            if left == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            buffer[..left].fill(b'x');
            self.0 -= left as u64;
            Ok(left)
        }
    }
    let (root, archive) = archive();
    let archive = archive.with_threads(3);
    let error = archive.store(&mut Failing(20 << 20), u64::MAX).expect_err("it fails");
    assert!(matches!(error, ExtractError::Input { .. }), "{error}");
    assert_eq!(files(&root.path().join("raw")), []);
}
