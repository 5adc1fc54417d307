//! The findings of one file, gathered while it is read.
//!
//! Messages may quote what somebody pasted into a definition, so all of them are masked on the way in.

use model::{Code, Diagnostic, Place, redact};

use super::Span;

/// A broken file can have more mistakes than anybody reads; beyond this many they are counted out.
const MOST_FINDINGS: usize = 500;
/// How many words are tried for a suggestion.
const MOST_TRIED: usize = 20_000;
/// How many words a message lists.
const MOST_LISTED: usize = 12;
/// Looking for similar words costs the product of both lengths, so only reasonable words are compared.
const LONGEST_WORD: usize = 100;

/// The text of a file, without a byte order mark.
pub(crate) fn text_of<'f>(path: &str, bytes: &'f [u8]) -> Result<&'f str, Diagnostic> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let place = Place { file: path.to_owned(), line: u32::try_from(line).unwrap_or(0), column: 0, length: 0 };
        let message = format!("the byte 0x{:02X} is no UTF-8 text", bytes[error.valid_up_to()]);
        Diagnostic::error(Code::UNREADABLE, message).at(place).with_help("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// The findings of one file.
#[derive(Debug)]
pub(crate) struct Report<'f> {
    path: &'f str,
    text: &'f str,
    findings: Vec<Diagnostic>,
    broken: bool,
}

/// A finding that was just reported, to be given a way out.
#[derive(Debug)]
pub(crate) struct Finding<'r> {
    path: &'r str,
    diagnostic: Option<&'r mut Diagnostic>,
}

impl<'f> Report<'f> {
    /// An empty report about a file with this text.
    pub(crate) fn new(path: &'f str, text: &'f str) -> Self {
        Self { path, text, findings: Vec::new(), broken: false }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &'f str {
        self.path
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> &'f str {
        self.text
    }

    /// Whether an error was reported: then the definition must not be used.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether no further finding is kept.
    pub(crate) fn is_full(&self) -> bool {
        self.findings.len() >= MOST_FINDINGS
    }

    /// The findings.
    pub(crate) fn into_findings(self) -> Vec<Diagnostic> {
        self.findings
    }

    /// Adds a finding that was made elsewhere.
    pub(crate) fn add(&mut self, finding: Diagnostic) {
        self.broken |= finding.is_error();
        self.findings.push(finding);
    }

    /// Marks the definition as unusable because of something that is reported elsewhere.
    pub(crate) fn break_silently(&mut self) {
        self.broken = true;
    }

    /// A span as a place.
    pub(crate) fn place(&self, span: Span) -> Place {
        place(self.path, span)
    }

    /// Reports an error at a span of the file.
    pub(crate) fn error(&mut self, code: Code, span: Span, message: impl AsRef<str>) -> Finding<'_> {
        self.error_at(code, place(self.path, span), message)
    }

    /// Reports an error about the file as a whole.
    pub(crate) fn error_of_file(&mut self, code: Code, message: impl AsRef<str>) -> Finding<'_> {
        self.error_at(code, Place::file(self.path), message)
    }

    /// Reports an error in a file that belongs to this one, such as the table beside a code list.
    pub(crate) fn error_at(&mut self, code: Code, place: Place, message: impl AsRef<str>) -> Finding<'_> {
        self.broken = true;
        let diagnostic = (!self.is_full()).then(|| {
            self.findings.push(Diagnostic::error(code, redact(message.as_ref())).at(place));
            self.findings.last_mut()
        });
        Finding { path: self.path, diagnostic: diagnostic.flatten() }
    }
}

impl Finding<'_> {
    /// Says what to do.
    pub(crate) fn help(mut self, text: impl AsRef<str>) -> Self {
        if let Some(diagnostic) = &mut self.diagnostic {
            diagnostic.help = Some(redact(text.as_ref()).into_owned());
        }
        self
    }

    /// Names another place of the same file.
    pub(crate) fn related(self, span: Span, label: &str) -> Self {
        let place = place(self.path, span);
        self.related_place(place, label)
    }

    /// Names another place.
    pub(crate) fn related_place(mut self, place: Place, label: &str) -> Self {
        if let Some(diagnostic) = &mut self.diagnostic {
            diagnostic.related.push((place, label.to_owned()));
        }
        self
    }

    /// Suggests the most similar of the words that would have been right, if one is similar.
    pub(crate) fn did_you_mean<'w>(self, word: &str, known: impl IntoIterator<Item = &'w str>) -> Self {
        if self.diagnostic.is_none() {
            return self;
        }
        match nearest(word, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// As [`Finding::did_you_mean`]; without a similar word, lists all of them if they are few.
    pub(crate) fn did_you_mean_one_of<'w>(self, word: &str, known: impl IntoIterator<Item = &'w str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let few = (1..=MOST_LISTED).contains(&known.len());
        let listed = if few { self.help(format!("known here: {}", listed(&known))) } else { self };
        listed.did_you_mean(word, known)
    }
}

fn place(path: &str, span: Span) -> Place {
    Place { file: path.to_owned(), line: span.line, column: span.column, length: span.length.max(1) }
}

/// The words in backticks, with commas between them.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    // In a word of one or two characters, any other is "one mistake away".
    let allowed = (word.chars().count() / 3).min(4);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    known
        .into_iter()
        .take(MOST_TRIED)
        .filter(|candidate| candidate.len() <= LONGEST_WORD && candidate.len().abs_diff(word.len()) <= 2 * allowed)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_near_or_none() {
        let known = ["municipality", "period", "amount"];
        assert_eq!(nearest("munipicality", known), Some("municipality"));
        assert_eq!(nearest("Amount", known), Some("amount"));
        assert_eq!(nearest("kommune", known), None);
        assert_eq!(nearest(&"x".repeat(1000), known), None);
        assert_eq!(nearest("4", ["1", "2"]), None);
    }

    #[test]
    fn what_was_pasted_is_masked_and_the_flood_is_dammed() {
        let mut report = Report::new("a.yaml", "");
        let span = Span { line: 1, column: 1, length: 1, start: 0, end: 1 };
        for _ in 0..MOST_FINDINGS + 10 {
            report.error(Code::INVALID_VALUE, span, "`6101701234` is no code").help("not `610170-1234`");
        }
        assert!(report.is_broken());
        let findings = report.into_findings();
        assert_eq!(findings.len(), MOST_FINDINGS);
        assert_eq!(findings[0].message, "`[redacted]` is no code");
        assert_eq!(findings[0].help.as_deref(), Some("not `[redacted]`"));
    }
}
