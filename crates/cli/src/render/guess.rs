//! What a file seems to be, as a table: what, which, how sure, and why.

use pipeline::{ColumnProfile, Confidence, Finding, LayoutKind, NumberStyle, Profile, SignPlace};

use super::{grouped, table};

/// All findings.
pub(crate) fn text(profile: &Profile) -> String {
    let mut rows = Vec::new();
    row(&mut rows, "kind", &profile.kind, String::clone);
    if let Some(finding) = &profile.encoding {
        row(&mut rows, "encoding", finding, String::clone);
    }
    if let Some(finding) = &profile.line_end {
        row(&mut rows, "line end", finding, String::clone);
    }
    if let Some(finding) = &profile.layout {
        row(&mut rows, "layout", finding, |layout| layout_word(*layout).to_owned());
    }
    if let Some(dialect) = &profile.dialect {
        row(&mut rows, "delimiter", &dialect.delimiter, |mark| shown(*mark));
        row(&mut rows, "quote", &dialect.quote, |mark| mark.map_or("none".to_owned(), shown));
        row(&mut rows, "escape", &dialect.escape, |mark| mark.map_or("doubled".to_owned(), shown));
        row(&mut rows, "preamble lines", &dialect.preamble_lines, u32::to_string);
        row(&mut rows, "header rows", &dialect.header_rows, u32::to_string);
        row(&mut rows, "footer lines", &dialect.footer_lines, u32::to_string);
        row(&mut rows, "columns", &dialect.width, usize::to_string);
    }
    if let Some(finding) = &profile.record_length {
        row(&mut rows, "record length", finding, usize::to_string);
    }
    if let Some(finding) = &profile.numbers {
        row(&mut rows, "numbers", finding, style);
    }
    let mut text = table(&["what", "value", "confidence", "evidence"], rows, &[]);
    text.push('\n');
    if !profile.columns.is_empty() {
        text.push('\n');
        text += &columns(profile);
        text.push('\n');
    }
    let whole = profile.bytes.map_or("of a stream".to_owned(), |bytes| format!("of {}", grouped(bytes)));
    text += &format!("\nlooked at {} bytes {whole}\n", grouped(profile.bytes_seen));
    if let Some(command) = command(profile) {
        text += &format!("read it so: {command}\n");
    }
    text
}

fn row<T>(rows: &mut Vec<Vec<String>>, what: &str, finding: &Finding<T>, text: impl Fn(&T) -> String) {
    let mut evidence = finding.evidence.clone();
    if !finding.alternatives.is_empty() {
        let others: Vec<String> = finding.alternatives.iter().map(&text).collect();
        evidence += &format!("; or {}", others.join(", "));
    }
    rows.push(vec![what.to_owned(), text(&finding.value), word(finding.confidence).to_owned(), evidence]);
}

fn word(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Unsure => "unsure",
        Confidence::Likely => "likely",
        Confidence::Certain => "certain",
    }
}

fn layout_word(layout: LayoutKind) -> &'static str {
    match layout {
        LayoutKind::Delimited => "delimited",
        LayoutKind::Fixed => "fixed positions",
        LayoutKind::Lines => "lines",
    }
}

fn shown(mark: char) -> String {
    match mark {
        '\t' => "tab".to_owned(),
        mark if mark.is_control() => mark.escape_default().to_string(),
        mark => mark.to_string(),
    }
}

fn style(style: &NumberStyle) -> String {
    let decimal = style.decimal.map_or("no decimals".to_owned(), |mark| format!("decimal `{mark}`"));
    let group = style.group.map_or(String::new(), |mark| format!(", groups `{mark}`"));
    let sign = match style.negative {
        SignPlace::Unseen => String::new(),
        place => format!(", minus {}", place.word()),
    };
    decimal + &group + &sign
}

fn columns(profile: &Profile) -> String {
    let row = |column: &ColumnProfile| {
        let format = column.format.as_ref().map(|format| format.value.clone());
        let format = format.or_else(|| column.number.as_ref().map(|number| style(&number.value)));
        let mut sure = column.holds.confidence;
        if let Some(format) = &column.format {
            sure = sure.min(format.confidence);
        }
        if let Some(number) = &column.number {
            sure = sure.min(number.confidence);
        }
        let mut evidence = column.holds.evidence.clone();
        for alternative in &column.holds.alternatives {
            evidence += &format!("; or {}", alternative.word());
        }
        if let Some(format) = column.format.as_ref().filter(|format| !format.alternatives.is_empty()) {
            evidence += &format!("; or `{}`", format.alternatives.join("`, `"));
        }
        let place = column.place.map_or(String::new(), |(start, length)| format!(" [{start}, {length}]"));
        vec![
            format!("{}{place}", column.position),
            column.name.clone(),
            column.holds.value.word().to_owned(),
            format.unwrap_or_default(),
            word(sure).to_owned(),
            grouped(column.filled),
            grouped(column.empty),
            column.examples.join(" | "),
            evidence,
        ]
    };
    let header = ["", "column", "holds", "written", "confidence", "filled", "empty", "examples", "evidence"];
    table(&header, profile.columns.iter().map(row).collect(), &[0, 5, 6])
}

/// The command that reads the file by what was found.
fn command(profile: &Profile) -> Option<String> {
    let dialect = profile.dialect.as_ref()?;
    let quoted = |mark: char| match mark {
        '\t' => "tab".to_owned(),
        '\'' => "\"'\"".to_owned(),
        mark => format!("'{mark}'"),
    };
    let mut command = format!("musketer read FILE --delimiter {}", quoted(dialect.delimiter.value));
    match dialect.quote.value {
        None => command += " --quote none",
        Some('"') => {}
        Some(mark) => command += &format!(" --quote {}", quoted(mark)),
    }
    if let Some(escape) = dialect.escape.value {
        command += &format!(" --escape {}", quoted(escape));
    }
    if let Some(encoding) = profile.encoding.as_ref().filter(|encoding| encoding.value != "utf-8") {
        command += &format!(" --encoding {}", encoding.value);
    }
    if dialect.preamble_lines.value > 0 {
        command += &format!(" --skip-lines {}", dialect.preamble_lines.value);
    }
    if dialect.header_rows.value != 1 {
        command += &format!(" --header-rows {}", dialect.header_rows.value);
    }
    for footer in &dialect.footers {
        let plain = footer.chars().take_while(|c| c.is_alphanumeric() || *c == ' ').collect::<String>();
        command += &format!(" --footer '^\\W*{}'", plain.trim_end());
    }
    Some(command)
}
