//! Any bytes: guessing what they are neither panics nor depends on anything but the bytes.

#![no_main]

use extractor::{Samples, guess};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let samples = Samples::of_bytes(input);
    assert_eq!(guess(&samples), guess(&samples), "the same bytes, the same answer");
});
