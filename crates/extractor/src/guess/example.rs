//! Values that may be shown: masked, short, and without what a wrong reading of the file could bring together.

use model::redact;

/// The most characters of a value that are shown.
const LONGEST: usize = 32;
/// Digits in a row that are never shown: a personal number may stand in the middle of them where cells were not told
/// apart rightly.
const DIGITS: usize = 9;

/// A value as it may be shown.
pub(super) fn shown(text: &str) -> String {
    let masked = redact(text.trim());
    let mut out = String::new();
    let mut run = String::new();
    for c in masked.chars().take(LONGEST * 2) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        flush(&mut run, &mut out);
        out.push(if c.is_control() { ' ' } else { c });
    }
    flush(&mut run, &mut out);
    if out.chars().count() > LONGEST {
        out = out.chars().take(LONGEST).chain(['…']).collect();
    }
    out
}

fn flush(run: &mut String, out: &mut String) {
    if run.len() >= DIGITS {
        out.push_str("[digits]");
    } else {
        out.push_str(run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_persons_are_not_shown() {
        for text in ["6101011234", "00216101011234", "610101-1234", "CPR 610101 1234"] {
            let shown = shown(text);
            assert!(!shown.contains("1234"), "{text}: {shown}");
        }
        assert_eq!(shown("  Løn, maj 2024 "), "Løn, maj 2024");
    }
}
