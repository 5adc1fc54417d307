//! Files as they arrive, through the input and the reader: what is unpacked, what is refused, and where damage shows.

mod archives;
mod encodings;

use std::io::{Cursor, Read};

use model::{Compression, FileEncoding, InputForm, Refusal};

use super::*;

pub(super) fn form(compression: Compression) -> InputForm {
    InputForm { compression, encoding: FileEncoding::Ascii(model::Encoding::Utf8) }
}

pub(super) fn encoded(encoding: FileEncoding) -> InputForm {
    InputForm::plain(encoding)
}

/// All bytes of the text, or the refusal, wherever it came from.
pub(super) fn text_within(form: &InputForm, bytes: &[u8], limits: InputLimits) -> Result<Vec<u8>, Refusal> {
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let mut outcomes = [1, 2].map(|threads| {
        let mut input = open_input(form, input.clone(), limits, threads).expect("memory can be read")?;
        let mut text = Vec::new();
        match input.read_to_end(&mut text).map_err(ExtractError::input) {
            Ok(_) => Ok(text),
            Err(ExtractError::Refused { refusal }) => Err(*refusal),
            Err(error) => panic!("{error}"),
        }
    });
    assert_eq!(outcomes[0], outcomes[1], "threads change nothing");
    std::mem::replace(&mut outcomes[0], Ok(Vec::new()))
}

pub(super) fn text(form: &InputForm, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    text_within(form, bytes, InputLimits::default())
}

pub(super) fn code(form: &InputForm, bytes: &[u8]) -> Code {
    match text(form, bytes) {
        Ok(text) => panic!("it was read: {:?}", String::from_utf8_lossy(&text[..text.len().min(200)])),
        Err(refusal) => refusal.code,
    }
}
