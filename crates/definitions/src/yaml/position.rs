//! Where a character of a scalar's text stands in the file.
//!
//! Quotation, escapes and folding make the text of a scalar differ from what is written, so an error inside an
//! expression cannot simply be counted from the scalar's start. Folding only ever touches white space, so the other
//! characters are the same ones in the same order: both texts are walked side by side, and white space is passed
//! over on both sides.

use granit_parser::ScalarStyle;

use super::{Scalar, Span};

/// The place of every character of a scalar's text.
#[derive(Debug)]
pub(crate) struct Positions {
    whole: Span,
    /// For each character of the text: line, column and byte. Empty if the two texts could not be matched.
    places: Vec<(u32, u32, usize)>,
}

/// One character of the text as it is written: the character (`None` for folded or escaped line ends), and its bytes.
struct Written {
    decoded: Option<char>,
    bytes: usize,
}

impl Positions {
    /// Finds the places of the scalar's characters in the file's text.
    pub(crate) fn of(scalar: &Scalar, span: Span, file: &str) -> Self {
        let source = file.get(span.start..span.end).unwrap_or_default();
        Self { whole: span, places: walk(scalar, span, source).unwrap_or_default() }
    }

    /// The span of the characters from `start` to before `end`; the whole scalar if they cannot be found.
    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let Some(&(line, column, first)) = self.places.get(start) else { return self.after_the_last(start) };
        let last = end.checked_sub(1).and_then(|last| self.places.get(last)).filter(|last| last.0 == line);
        let (length, end) = last.map_or((1, first + 1), |last| (last.1.saturating_sub(column) + 1, last.2 + 1));
        Span { line, column, length, start: first, end }
    }

    /// What is missing at the end of a text is shown behind its last character.
    fn after_the_last(&self, start: usize) -> Span {
        match self.places.last() {
            Some(&(line, column, byte)) if start >= self.places.len() => {
                Span { line, column: column + 1, length: 1, start: byte + 1, end: byte + 1 }
            }
            _ => self.whole,
        }
    }
}

fn walk(scalar: &Scalar, span: Span, source: &str) -> Option<Vec<(u32, u32, usize)>> {
    let mut at = 0;
    let mut place = (span.line, span.column);
    if matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded) && source.starts_with(['|', '>']) {
        advance(&mut at, &mut place, source, source.find('\n')? + 1);
    } else if matches!(scalar.style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
        advance(&mut at, &mut place, source, 1);
    }
    let mut places = Vec::with_capacity(scalar.text.len());
    for wanted in scalar.text.chars() {
        if wanted.is_whitespace() {
            // White space is never where an error is; it takes the place behind the character before it.
            places.push((place.0, place.1, span.start + at));
            continue;
        }
        loop {
            let written = next(scalar.style, &source[at..])?;
            let found = (place.0, place.1, span.start + at);
            advance(&mut at, &mut place, source, written.bytes);
            match written.decoded {
                Some(decoded) if decoded.is_whitespace() => {}
                Some(decoded) if decoded == wanted => {
                    places.push(found);
                    break;
                }
                Some(_) => return None,
                None => {}
            }
        }
    }
    Some(places)
}

fn advance(at: &mut usize, place: &mut (u32, u32), source: &str, bytes: usize) {
    for c in source[*at..*at + bytes].chars() {
        *place = if c == '\n' { (place.0 + 1, 1) } else { (place.0, place.1 + 1) };
    }
    *at += bytes;
}

fn next(style: ScalarStyle, rest: &str) -> Option<Written> {
    let first = rest.chars().next()?;
    match (style, first) {
        (ScalarStyle::SingleQuoted, '\'') => {
            rest.starts_with("''").then_some(Written { decoded: Some('\''), bytes: 2 })
        }
        (ScalarStyle::DoubleQuoted, '\\') => escape(rest),
        _ => Some(Written { decoded: Some(first), bytes: first.len_utf8() }),
    }
}

fn escape(rest: &str) -> Option<Written> {
    let kind = rest[1..].chars().next()?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        // The other escapes stand for white space, control characters (which no expression has) or themselves.
        '\n' | '\r' | 'n' | 't' | 'r' | 'N' | '_' | 'L' | 'P' => return Some(Written { decoded: None, bytes: 2 }),
        _ => return Some(Written { decoded: Some(kind), bytes: 1 + kind.len_utf8() }),
    };
    let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
    Some(Written { decoded: Some(char::from_u32(code)?), bytes: 2 + digits })
}

#[cfg(test)]
mod tests {
    use super::super::{Report, Value, parse};
    use super::*;

    /// The place of the first `!` of the value of `a`.
    fn mark(yaml: &str) -> (u32, u32) {
        let mut report = Report::new("a.yaml", yaml);
        let tree = parse(&mut report).expect(yaml);
        let Value::Mapping(entries) = &tree.value else { panic!("{yaml}") };
        let Value::Scalar(scalar) = &entries[0].value.value else { panic!("{yaml}") };
        let at = scalar.text.chars().position(|c| c == '!').expect("a mark");
        let span = Positions::of(scalar, entries[0].value.span, yaml).span(at, at + 1);
        assert_eq!(&yaml[span.start..=span.start], "!", "{yaml}");
        (span.line, span.column)
    }

    #[test]
    fn marks_are_found_however_they_are_written() {
        for (yaml, expected) in [
            ("a: xy ! z\n", (1, 7)),
            ("a: 'x''y' \n", (0, 0)),
            ("a: 'it''s ! z'\n", (1, 11)),
            ("a: \"\\u00e6 \\\" \\\\ æ ! z\"\n", (1, 20)),
            ("a: \"one\\n  two \\\n   ! z\"\n", (2, 4)),
            ("a: one\n  two\n  ! z\n", (3, 3)),
            ("a: |\n  one\n  two ! z\n", (3, 7)),
            ("a: >-\n  one\n\n  two\n  ! z\n", (5, 3)),
            ("a: > # why\n   one\n   ! z\nb: 1\n", (3, 4)),
            ("æ: 'øl ! z'\n", (1, 8)),
        ] {
            if expected != (0, 0) {
                assert_eq!(mark(yaml), expected, "{yaml}");
            }
        }
    }

    #[test]
    fn the_end_is_behind_the_last_character() {
        let scalar = Scalar { text: "a +".to_owned(), style: ScalarStyle::Plain };
        let span = Span { line: 1, column: 4, length: 3, start: 3, end: 6 };
        let positions = Positions::of(&scalar, span, "x: a +");
        assert_eq!((positions.span(3, 3).line, positions.span(3, 3).column), (1, 7));
    }
}
