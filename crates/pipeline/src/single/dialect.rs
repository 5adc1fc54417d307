//! A dialect that the caller states, in place of a source definition.

use model::{
    Code, Compression, DelimitedFormat, Encoding, Escape, FieldName, FileEncoding, Format, InputForm, Layout,
    SkipMatch, SkipRule,
};

use crate::RunError;

/// How a file is written. Every column of it is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// What has to be unpacked first.
    pub compression: Compression,
    /// The character encoding.
    pub encoding: FileEncoding,
    /// The separator, an ASCII character.
    pub delimiter: u8,
    /// The quotation mark; `None`: quotation marks are ordinary characters.
    pub quote: Option<u8>,
    /// How a quotation mark is written inside quotes.
    pub escape: Escape,
    /// Physical lines before the header, which are no records.
    pub skip_lines: u32,
    /// Rows of column names; without any, columns are called `column_1` and so on.
    pub header_rows: u32,
    /// Cells that stand for "no value".
    pub null: Vec<String>,
    /// Regular expressions; lines in which one is found are no rows.
    pub footer: Vec<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            encoding: Encoding::Utf8.into(),
            delimiter: b',',
            quote: Some(b'"'),
            escape: Escape::Doubled,
            skip_lines: 0,
            header_rows: 1,
            null: Vec::new(),
            footer: Vec::new(),
        }
    }
}

impl Dialect {
    /// The dialect that a guess found. What the guess is unsure of is as it found it all the same.
    pub fn guessed(profile: &extractor::Profile) -> Option<Self> {
        let found = profile.dialect.as_ref()?;
        let ascii = |character: char| u8::try_from(character).ok().filter(u8::is_ascii);
        let encoding = profile.encoding.as_ref().and_then(|encoding| FileEncoding::parse(&encoding.value))?;
        Some(Self {
            compression: Compression::None,
            encoding,
            delimiter: ascii(found.delimiter.value)?,
            quote: found.quote.value.and_then(ascii),
            escape: found.escape.value.and_then(ascii).map_or(Escape::Doubled, Escape::Mark),
            skip_lines: found.preamble_lines.value,
            header_rows: found.header_rows.value,
            null: Vec::new(),
            footer: found.footers.iter().map(|footer| format!("^\\W*{}", escaped(footer))).collect(),
        })
    }

    /// How the bytes become text.
    pub(super) fn form(&self) -> InputForm {
        InputForm { compression: self.compression.clone(), ..InputForm::plain(self.encoding) }
    }

    /// What the reader needs to know.
    pub(super) fn layout(&self) -> Result<Layout, RunError> {
        self.check()?;
        let format = DelimitedFormat {
            quote: self.quote,
            escape: self.escape,
            preamble_lines: self.skip_lines,
            header_rows: self.header_rows,
            ..DelimitedFormat::new(self.encoding.cells(), self.delimiter)
        };
        let rule = |pattern: &String| SkipRule { id: footer_name(), rule: SkipMatch::LineMatches(pattern.clone()) };
        Ok(Layout { skip: self.footer.iter().map(rule).collect(), ..Layout::plain(Format::Delimited(format)) })
    }

    fn check(&self) -> Result<(), RunError> {
        let marks = [Some(self.delimiter), self.quote];
        let nonsense =
            |byte: &u8| !byte.is_ascii() || byte.is_ascii_alphanumeric() || matches!(byte, b'\r' | b'\n' | 0);
        let message = if let Some(byte) = marks.into_iter().flatten().find(nonsense) {
            format!("`{}` can be neither separator nor quotation mark", byte.escape_ascii())
        } else if self.quote == Some(self.delimiter) {
            "the separator and the quotation mark are the same".to_owned()
        } else if matches!(self.escape, Escape::Mark(mark) if marks.contains(&Some(mark))) {
            "the escape is the separator or the quotation mark; a doubled mark needs no escape".to_owned()
        } else {
            return Ok(());
        };
        Err(RunError::usage(Code::INVALID_VALUE, message))
    }
}

/// The name of the rule that footers are skipped by.
fn footer_name() -> FieldName {
    FieldName::new("footer").unwrap_or_else(|_| unreachable!("the name is well-formed"))
}

/// The text as a regular expression for itself.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.trim_end_matches('…').chars() {
        if c.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
