//! How a value of a delivery may be shown: masked, escaped, and short.
//!
//! Everything that leaves this crate in a sentence goes through here. In datasets about persons the mask is wider than
//! [`model::redact`]: a number that slipped into the wrong column may have lost or gained digits on its way.

use model::{Encoding, redact};

/// The longest value quoted in a reason, in characters.
const QUOTED: usize = 60;
/// The longest raw line that is kept, in characters.
const RAW_LINE: usize = 500;
/// Only so many bytes are looked at: more than the longest text kept can come from.
const LOOKED_AT: usize = 4096;
const MASK: &str = "[redacted]";

/// A cell as it may be quoted.
pub(crate) fn quoted(cell: &[u8], encoding: Encoding, personal: bool) -> String {
    shown(&encoding.decode_lossy(head(cell)), personal)
}

/// A text as it may be quoted.
pub(crate) fn shown(text: &str, personal: bool) -> String {
    let masked = redact(text);
    let masked = if personal { mask_long_numbers(&masked) } else { masked.into_owned() };
    let mut out = String::new();
    for (at, c) in masked.chars().enumerate() {
        if at == QUOTED {
            out.push('…');
            break;
        }
        if is_invisible(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// A line as it is kept with a rejected row.
pub(crate) fn raw_line(line: &[u8], encoding: Encoding) -> String {
    // The mask comes before the cut: half a number would no longer be recognised.
    redact(&encoding.decode_lossy(head(line))).chars().take(RAW_LINE).collect()
}

fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(LOOKED_AT)]
}

/// Control characters, and those that take no room or turn the writing direction: a reader would not see them.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Masks every stretch of digits, hyphens and blanks that has nine digits or more.
fn mask_long_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let stretch = &rest[start..];
        let length = stretch.find(|c: char| !c.is_ascii_digit() && c != '-' && c != ' ').unwrap_or(stretch.len());
        let stretch = &stretch[..length];
        out.push_str(&rest[..start]);
        let digits = stretch.bytes().filter(u8::is_ascii_digit).count();
        out.push_str(if digits >= 9 { MASK } else { stretch });
        rest = &rest[start + length..];
    }
    out.push_str(rest);
    out
}

/// A column name as it may stand in a table.
pub(crate) fn column_name(name: &str) -> String {
    shown(name, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_visible_and_masked() {
        assert_eq!(shown("1.234,56-", false), "1.234,56-");
        assert_eq!(shown("a\u{1b}[31m\u{200b}b", false), "a\\u{1b}[31m\\u{200b}b");
        assert_eq!(shown(&"x".repeat(61), false), format!("{}…", "x".repeat(60)));
        assert_eq!(shown("til 710190-1234", false), "til [redacted]");
        assert_eq!(quoted(b"H\xF8je", Encoding::Iso8859_1, false), "Høje");
    }

    #[test]
    fn personal_datasets_show_no_long_number_at_all() {
        for cell in ["7101901234567", "710190-123 4", "x7101901234", "99710190-1234", "710190 - 1234"] {
            let text = shown(cell, true);
            assert!(text.contains(MASK) && !text.contains("1234"), "{text}");
        }
        assert_eq!(shown("05.2024", true), "05.2024");
        assert_eq!(shown("2024-05-17", true), "2024-05-17");
    }

    #[test]
    fn a_raw_line_is_masked_before_it_is_cut() {
        let line = format!("{}710190-1234;end", "a;".repeat(245));
        let kept = raw_line(line.as_bytes(), Encoding::Utf8);
        assert!(kept.ends_with("[redacted]") && kept.chars().count() == 500, "{kept}");
    }
}
