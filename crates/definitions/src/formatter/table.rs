//! The tables beside code lists: line ends and blanks at the end of lines, and nothing else.

/// Lays out a table. What stands in quotation marks is left alone.
pub(super) fn format(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = false;
    for line in text.split_inclusive('\n') {
        // Doubled quotation marks inside of quotes change nothing: they open and close.
        quoted ^= line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        if quoted {
            out.push_str(line);
        } else {
            out.push_str(line.trim_end_matches(['\n', '\r', ' ', '\t']));
            out.push('\n');
        }
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines_are_set_and_quoted_cells_kept() {
        for (before, after) in [
            ("a;b\r\n1;2 \t\r\n", "a;b\n1;2\n"),
            ("a;b\n1; 2", "a;b\n1; 2\n"),
            ("a\n\"x \r\ny\" \n\n\n", "a\n\"x \r\ny\"\n"),
            ("", ""),
        ] {
            assert_eq!(format(before), after);
            assert_eq!(format(after), after);
        }
    }
}
