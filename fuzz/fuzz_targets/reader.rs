//! Any file in any dialect: nothing panics, the books balance, and it does not matter how the bytes come.
//!
//! The first two bytes choose the dialect, the third the limits, the rest is the file.

#![no_main]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use extractor::Limits;
use libfuzzer_sys::fuzz_target;
use model::Source;
use musketer_fuzz::{dialect, read};

thread_local! {
    static SOURCES: RefCell<BTreeMap<u16, Arc<Source>>> = const { RefCell::new(BTreeMap::new()) };
}

fuzz_target!(|input: &[u8]| {
    let [low, high, small, file @ ..] = input else { return };
    let choice = u16::from_le_bytes([*low, *high]);
    let source =
        SOURCES.with_borrow_mut(|sources| Arc::clone(sources.entry(choice).or_insert_with(|| dialect(choice))));
    let tight = Limits { cell_bytes: 24, record_bytes: 48, columns: 5, batch_bytes: 16 };
    let limits = if small % 4 == 0 { tight } else { Limits::default() };
    let whole = read(&source, file, limits, usize::MAX);
    let batches = Limits { batch_bytes: 1 + usize::from(*small), ..limits };
    let pieces = read(&source, file, batches, 1 + usize::from(*small) % 7);
    assert_eq!(whole, pieces, "it does not matter how the bytes come");
});
