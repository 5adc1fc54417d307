//! Cells and values, read the slow way.

/// The lines of a file with their numbers; a character a byte, so that any single-byte encoding passes.
pub(crate) fn lines(bytes: &[u8]) -> Vec<(usize, String)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\x1A").unwrap_or(bytes);
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let text = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).iter().map(|byte| char::from(*byte)).collect();
    lines.into_iter().enumerate().map(|(at, line)| (at + 1, text(line))).collect()
}

/// The cells of a line; `None` if its quotation marks are not well placed. A cell that spans lines does not occur in
/// the example deliveries except as damage, and damage is rejected line by line.
pub(crate) fn cells(line: &str, separator: char, quoting: bool) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        if quoting && rest.starts_with('"') {
            let mut cell = String::new();
            let mut characters = rest[1..].char_indices().peekable();
            let end = loop {
                let (at, c) = characters.next()?;
                if c != '"' {
                    cell.push(c);
                } else if characters.peek().is_some_and(|(_, next)| *next == '"') {
                    cell.push('"');
                    characters.next();
                } else {
                    break at + 2;
                }
            };
            cells.push(cell);
            rest = &rest[end..];
            match rest.strip_prefix(separator) {
                Some(after) => rest = after,
                None if rest.is_empty() => return Some(cells),
                None => return None,
            }
        } else {
            let end = rest.find(separator).unwrap_or(rest.len());
            let cell = &rest[..end];
            if quoting && cell.contains('"') {
                return None;
            }
            cells.push(cell.to_owned());
            match rest[end..].strip_prefix(separator) {
                Some(after) => rest = after,
                None => return Some(cells),
            }
        }
    }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A decimal in units of `10^-scale`; grouping in threes, at most `scale` decimals.
pub(crate) fn decimal(text: &str, mark: char, group: Option<char>, scale: u32) -> Option<i64> {
    let text = text.trim();
    let (text, negative) = match (text.strip_suffix('-'), text.strip_prefix('-')) {
        (Some(text), None) => (text, true),
        (None, Some(text)) => (text, true),
        (None, None) => (text, false),
        (Some(_), Some(_)) => return None,
    };
    let (whole, fraction) = text.split_once(mark).unwrap_or((text, ""));
    if text.contains(mark) && fraction.is_empty() {
        return None;
    }
    let digits = match group.filter(|group| whole.contains(*group)) {
        None => whole.to_owned(),
        Some(group) => {
            let groups: Vec<&str> = whole.split(group).collect();
            let well = (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|part| part.len() == 3);
            if !well {
                return None;
            }
            groups.concat()
        }
    };
    if !all_digits(&digits) || !(fraction.is_empty() || all_digits(fraction)) || fraction.len() > scale as usize {
        return None;
    }
    let padded = format!("{digits}{fraction:0<width$}", width = scale as usize);
    let value: i64 = padded.parse().ok()?;
    Some(if negative { -value } else { value })
}

/// Whether the calendar has the day.
pub(crate) fn is_day(year: i32, month: i32, day: i32) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    (1800..=2200).contains(&year)
        && (1..=12).contains(&month)
        && day >= 1
        && day <= days[usize::try_from(month - 1).expect("a month")]
}

/// The digits of a text as a number.
pub(crate) fn number(text: &str) -> Option<i32> {
    all_digits(text).then(|| text.parse().ok()).flatten()
}

/// Whether a text is a personal identification number; its ten digits if so.
pub(crate) fn person(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: String = match text.split_once('-') {
        Some((date, serial)) if date.len() == 6 && serial.len() == 4 => format!("{date}{serial}"),
        Some((date, serial)) if date.len() == 5 && serial.len() == 4 => format!("0{date}{serial}"),
        Some(_) => return None,
        None if text.len() == 9 => format!("0{text}"),
        None => text.to_owned(),
    };
    if digits.len() != 10 || !all_digits(&digits) {
        return None;
    }
    let (day, month) = (number(&digits[..2])?, number(&digits[2..4])?);
    let day = if day > 60 { day - 60 } else { day };
    ((1..=31).contains(&day) && (1..=12).contains(&month)).then_some(digits)
}
